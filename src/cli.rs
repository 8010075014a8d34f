//! What can be typed: the commands, their flags and their help. Nothing is resolved here, and no
//! type of this file is known below `commands`: what was typed is handed on as plain values.

use crate::{
    help,
    place::Existing,
    plan::Asked,
    record::LoneSurrogates,
    resource::{self, ALL_LISTS, RESOURCES, every},
    sandbox, schema,
    settings::{duration, size},
};
use clap::{
    ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum, ValueHint,
    builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser},
};
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

/// Every changed record out of Zendesk, as NDJSON
///
/// At the full rate that the account allows, never losing its place.
#[derive(Debug, Parser)]
#[command(name = "zdx", version, disable_help_flag = true)]
#[command(after_help = help::SHORT, after_long_help = help::zdx())]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Take this profile of the config file
    ///
    /// A profile that is named here beats ZENDESK_* variables. Default: ZDX_PROFILE, else
    /// default_profile of the config file, if there is one.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Read this config file
    ///
    /// Default: ZDX_CONFIG, else what `zdx config path` prints.
    #[arg(long, global = true, value_name = "PATH", hide_short_help = true)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Keep positions in this file
    ///
    /// Default: ZDX_STATE, else state of the profile, else what `zdx state path` prints.
    #[arg(long, global = true, value_name = "PATH", hide_short_help = true)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) state: Option<PathBuf>,
    /// The account: acme, acme.zendesk.com or the URL
    ///
    /// Default: ZENDESK_SUBDOMAIN, else subdomain of the profile.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) subdomain: Option<String>,
    /// Send requests here instead of to https://SUBDOMAIN.zendesk.com
    ///
    /// https, or http to this machine, as `zdx sandbox` serves it. Default: ZDX_BASE_URL.
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub(crate) base_url: Option<String>,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell of each request and, off a terminal, of progress
    ///
    /// Where stderr is no terminal, each resource then says once a minute how far it has come.
    #[arg(short, long, global = true, overrides_with = "verbose")]
    pub(crate) verbose: bool,
    /// How stderr is written: as text, or one JSON object a line
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    #[arg(hide_short_help = true)]
    pub(crate) log_format: LogFormat,
    /// Whether to show progress
    ///
    /// auto shows it where stderr is a terminal that records are not written to.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_short_help = true)]
    pub(crate) progress: When,
    /// Whether to colour messages and help
    ///
    /// auto colours what goes to a terminal, and heeds NO_COLOR, CLICOLOR_FORCE and TERM=dumb.
    /// Records, JSON and the results of commands are never coloured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_short_help = true)]
    pub(crate) color: ColorChoice,
    /// Print help; --help shows all flags and examples
    #[arg(short, long, global = true, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write every record that changed, and remember the position
    ///
    /// Without --since, a run goes on from the saved position and moves it, page by page. With
    /// --since, it begins a series there; if a position is saved already, it is a one-off, which
    /// leaves the position as it is. A position belongs to its output.
    #[command(after_long_help = help::export())]
    Export(Box<ExportArgs>),
    /// Show the shape of a resource: one small page
    ///
    /// At most 50 records, from the sample endpoint. Goes to stdout, one record a line. Neither reads nor moves a saved position, and spends a
    /// small quota of its own.
    #[command(after_long_help = help::sample())]
    Sample(SampleArgs),
    /// List the resources, their paging and their sideloads
    ///
    /// And the quota they draw on, the key of their records in a page, and who may read them. Sends nothing and needs no account.
    #[command(after_long_help = help::resources())]
    Resources(ResourcesArgs),
    /// Prove the credentials, and say what they can read
    ///
    /// Asks for what is named, else for the resources of the profile, else for tickets,
    /// ticket_events, users, organizations, ticket_metric_events and articles. Sends one small
    /// request for each, side by side, and tells what quota came back and when the credentials
    /// expire. For those six that is four of the 10 requests a minute that the exports share, one of
    /// the 20 of users by cursor, and one of the Help Center's; lists spend the account's own. Ends
    /// at the first failure that is the whole host's. Exit code 4 if no resource can be read.
    #[command(after_long_help = help::check())]
    Check(CheckArgs),
    /// Tell DuckDB, BigQuery and others what the records hold
    ///
    /// The members that are known, with their types, as the engine takes them. Nested values, and those
    /// that are now a text and now a list, stay JSON. A member that is not known yet costs no row, and
    /// everywhere but in BigQuery the column record keeps the whole line. stderr says what else to
    /// type. Sends nothing, needs no account, and looks at no file.
    #[command(after_long_help = help::schema())]
    Schema(SchemaArgs),
    /// Look at the saved positions, or change them
    ///
    /// Needs no network and no credentials.
    #[command(subcommand, after_long_help = help::state())]
    State(StateCommand),
    /// Write, show or locate the config file
    #[command(subcommand, after_long_help = help::config())]
    Config(ConfigCommand),
    /// Serve a local stand-in for Zendesk on loopback
    ///
    /// Its world is made of the seed and the time, with real paging, quota and faults. It prints
    /// what to paste into a shell to point zdx or any other client at it, and serves until a signal.
    #[command(after_long_help = help::sandbox())]
    Sandbox(SandboxArgs),
    /// Print completions for a shell
    ///
    /// The script asks zdx itself what could come next, so that it stays right when zdx is updated
    /// and knows the profiles of the config file. Completing reads the config file, and sends
    /// nothing. The directory that the script goes to must exist: mkdir -p makes it.
    #[command(after_long_help = help::completions())]
    Completions(CompletionsArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// What to export, or `all`
    ///
    /// `zdx resources` lists them. `all` stands for resources of the profile or, if it has none,
    /// for all with an incremental form that the account can read. `lists` stands for all that have
    /// none, of which each run takes a whole snapshot: `all lists` is the whole desk.
    #[arg(required = true, value_name = "RESOURCE", value_parser = Name(all_resources))]
    #[arg(hide_possible_values = true)]
    pub(crate) resources: Vec<String>,

    /// Start here: 2h, 3d, yesterday, 2026-11-01, @epoch
    ///
    /// A duration back from now, `now`, `today`, `yesterday`, a date, RFC 3339, or epoch seconds as
    /// in @1763600000; all in UTC. Default: the saved position, else start of the profile.
    #[arg(short, long, value_name = "TIME", help_heading = "What to export")]
    #[arg(allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Leave out what changed at or after TIME
    ///
    /// Makes the run a one-off, which needs --since. Takes the same forms.
    #[arg(long, value_name = "TIME", help_heading = "What to export")]
    #[arg(allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// Add related records, separated by commas
    ///
    /// `zdx resources` lists them. What Zendesk embeds in the records stays there; what it sends
    /// beside them goes to a file of its own beside the output, as in tickets.users.ndjson. Of
    /// several resources, each gets those that it has. `none` leaves out what the config file names.
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "What to export")]
    #[arg(value_parser = trimmed)]
    pub(crate) include: Vec<String>,
    /// Leave out deleted records
    #[arg(long, help_heading = "What to export", hide_short_help = true)]
    pub(crate) exclude_deleted: bool,
    /// Whose tickets: those of agents, of AI agents, or all
    ///
    /// Default: those of agents.
    #[arg(long, value_name = "SCOPE", help_heading = "What to export", hide_short_help = true)]
    pub(crate) support_type_scope: Option<SupportTypeScope>,
    /// Leave out tickets that only the system changed in the window that is exported
    #[arg(long, help_heading = "What to export", hide_short_help = true)]
    pub(crate) exclude_system_updates: bool,
    /// Stop after N records of each resource
    ///
    /// A one-off stops at exactly N; a series at the edge of the page that reaches N. A list that
    /// goes to a file takes no limit.
    #[arg(long, value_name = "N", help_heading = "What to export")]
    #[arg(value_parser = count)]
    pub(crate) limit: Option<u64>,
    /// Stop after N pages of each resource
    #[arg(long, value_name = "N", help_heading = "What to export", hide_short_help = true)]
    #[arg(value_parser = count)]
    pub(crate) max_pages: Option<u64>,
    /// How late a record may become visible and still be written
    ///
    /// Zendesk shows some records seconds or minutes after their own time, behind others that were
    /// read before. A series, and a run that follows, read so much again and write what is new; 0
    /// switches that off. Default: 5m, of ticket_metric_events 30m.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    #[arg(help_heading = "What to export", hide_short_help = true)]
    pub(crate) overlap: Option<Duration>,

    /// Write here: -, a file, dir/, or a {resource} template
    ///
    /// Default: -, which is stdout. dir/ means dir/{resource}.ndjson. A template may hold
    /// {resource}, {account} and {date}; with {run}, each run writes a file of its own, which gets
    /// its name when it is complete. .gz and .zst compress.
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<String>,
    /// Go on behind what the output file already holds
    #[arg(long, conflicts_with = "overwrite", help_heading = "Output")]
    pub(crate) append: bool,
    /// Replace what the output file already holds
    #[arg(long, help_heading = "Output")]
    pub(crate) overwrite: bool,
    /// Write each line as {"resource":…,"record":…}
    ///
    /// Needed where several kinds of records share stdout.
    #[arg(long, help_heading = "Output")]
    pub(crate) envelope: bool,
    /// Leave lone surrogate escapes, which many readers refuse, as they are
    ///
    /// Without it, they become \ufffd, and a warning says so.
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) raw: bool,
    /// How to end on stderr: text, json or none
    ///
    /// text, the default, is a line for each resource, and nothing with -q; json one object for all
    /// of them, the last line.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) summary: SummaryFormat,

    /// After catching up, keep polling (each 60s)
    ///
    /// Streams changes until a signal. Of a list, a file is replaced when the list is another one;
    /// stdout gets the rows that are new or have changed. The interval is a duration, as in
    /// --follow=10s; 60s if none is given.
    #[arg(short, long, value_name = "INTERVAL", value_parser = duration, help_heading = "The run")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "60s")]
    pub(crate) follow: Option<Duration>,
    /// Neither read nor move a saved position
    #[arg(long, help_heading = "The run")]
    pub(crate) no_state: bool,
    /// Show the start and the first request; send nothing
    #[arg(long, help_heading = "The run")]
    pub(crate) dry_run: bool,
    /// Run against a sandbox; needs no account
    ///
    /// The sandbox is served inside this process and ends with it. No position is kept, unless
    /// --state says where.
    #[arg(long, help_heading = "The run")]
    pub(crate) sandbox: bool,
    /// How many resources run side by side
    ///
    /// Default: all of them.
    #[arg(long, value_name = "N", help_heading = "The run", hide_short_help = true)]
    #[arg(value_parser = jobs)]
    pub(crate) jobs: Option<u16>,

    /// How to page
    ///
    /// Default: by cursor where the resource has it, else by time. Of several resources, those that
    /// page like this do; so it is with --per-page, --include and the like.
    #[arg(long, value_name = "HOW", help_heading = "Requests", hide_short_help = true)]
    pub(crate) pagination: Option<Pagination>,
    /// Records per page, 1 to 1000
    ///
    /// After a time-out, zdx asks for less and grows back to this. Default: 1000. Lists have 100 at
    /// the most.
    #[arg(long, value_name = "N", help_heading = "Requests", hide_short_help = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) per_page: Option<u16>,
    /// The most requests a minute
    ///
    /// Default: what the quota headers allow; without them, 10 after the first 429.
    #[arg(long, value_name = "N", help_heading = "Requests", hide_short_help = true)]
    #[arg(value_parser = rate)]
    pub(crate) rate: Option<u32>,
    /// Leave this part of the quota to others
    ///
    /// Default: 0 percent.
    #[arg(long, value_name = "PERCENT", help_heading = "Requests", hide_short_help = true)]
    #[arg(value_parser = reserve)]
    pub(crate) reserve: Option<u8>,
    /// The longest single wait for quota or retry
    ///
    /// A duration, as in 90s or 5m; beyond it, exit code 5. Default: no limit.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Requests")]
    #[arg(hide_short_help = true)]
    pub(crate) max_wait: Option<Duration>,
    /// How long to retry a failing request
    ///
    /// A duration, as in 90s or 1h; beyond it, exit code 5. Default: 15m.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Requests")]
    #[arg(hide_short_help = true)]
    pub(crate) retry_for: Option<Duration>,
    /// The largest page accepted after decompression
    ///
    /// Bytes, or a number with k, M or G (powers of 1024). Default: 256MiB.
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Requests")]
    #[arg(hide_short_help = true)]
    pub(crate) max_page_bytes: Option<u64>,
    /// When one second holds more than a page and the server does not get past it
    #[arg(long, value_name = "WHAT", default_value = "stop", help_heading = "Requests")]
    #[arg(hide_short_help = true)]
    pub(crate) on_overflow: OnOverflow,
}

impl ExportArgs {
    /// What was typed of the jobs.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            resources: one_by_one(&self.resources),
            since: self.since.clone(),
            until: self.until.clone(),
            include: self.include.clone(),
            exclude_deleted: self.exclude_deleted,
            support_type_scope: self.support_type_scope.map(|scope| match scope {
                SupportTypeScope::Agent => "agent",
                SupportTypeScope::AiAgent => "ai_agent",
                SupportTypeScope::All => "all",
            }),
            exclude_system_updates: self.exclude_system_updates,
            limit: self.limit,
            max_pages: self.max_pages,
            overlap: self.overlap,
            output: self.output.clone(),
            existing: match (self.append, self.overwrite) {
                (true, _) => Existing::Append,
                (_, true) => Existing::Overwrite,
                (false, false) => Existing::Refuse,
            },
            envelope: self.envelope,
            surrogates: if self.raw { LoneSurrogates::Keep } else { LoneSurrogates::Replace },
            follow: self.follow,
            jobs: self.jobs,
            pagination: self.pagination.map(|how| match how {
                Pagination::Cursor => resource::Pagination::Cursor,
                Pagination::Time => resource::Pagination::Time,
            }),
            per_page: self.per_page,
            skip_second: self.on_overflow == OnOverflow::SkipSecond,
        }
    }
}

/// Names that people also write as a list with commas.
pub(crate) fn one_by_one(typed: &[String]) -> Vec<String> {
    let names = typed.iter().flat_map(|names| names.split(',')).map(str::trim);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // Commas alone are no list.
    if names.is_empty() { typed.to_vec() } else { names }
}

#[derive(Args, Debug)]
pub(crate) struct SampleArgs {
    /// What to show
    #[arg(value_name = "RESOURCE", value_parser = Name(sampled_resources))]
    pub(crate) resource: String,
    /// Start here: 2h, 3d, yesterday, 2026-11-01
    #[arg(short, long, value_name = "TIME", default_value = "30d", allow_hyphen_values = true)]
    pub(crate) since: String,
    /// Run against a sandbox inside this process; needs no account
    #[arg(long)]
    pub(crate) sandbox: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// What to ask for; `all` and `lists` as for export
    #[arg(value_name = "RESOURCE", value_parser = Name(all_resources), hide_possible_values = true)]
    pub(crate) resources: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Run against a sandbox inside this process; needs no account
    #[arg(long)]
    pub(crate) sandbox: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Print each position in words: change time, lag, output
    #[command(after_long_help = help::state_show())]
    Show {
        /// Whose positions; default: all
        #[arg(value_name = "RESOURCE", value_parser = Name(all_resources))]
        #[arg(hide_possible_values = true)]
        resources: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the state file is
    #[command(after_long_help = help::state_path())]
    Path {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Move positions to a time
    ///
    /// Says what is going to be written again, or never. All that are named are moved, or none. The
    /// old state is kept beside the new one.
    #[command(after_long_help = help::state_set())]
    Set {
        /// Whose positions, or `all` that are saved
        #[arg(required = true, value_name = "RESOURCE", value_parser = Name(all_resources))]
        #[arg(hide_possible_values = true)]
        resources: Vec<String>,
        /// Go on from here: 2h, 3d, yesterday, 2026-11-01, @epoch
        #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
        since: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Go on with outputs that were moved
    ///
    /// Move the files first, as they are, with those of their sideloads. Each must be, by length and
    /// tail, the one that was committed. The old state is kept beside the new one.
    #[command(after_long_help = help::state_move())]
    Move {
        /// Whose outputs; default: all that are files
        #[arg(value_name = "RESOURCE", value_parser = Name(resources))]
        #[arg(hide_possible_values = true)]
        resources: Vec<String>,
        /// Where they are now: a file, dir/, or a {resource} template
        #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        output: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget positions
    ///
    /// All that are named are forgotten, or none. The old state is kept beside the new one; outputs
    /// stay as they are.
    #[command(after_long_help = help::state_reset())]
    Reset {
        /// Whose positions, or `all` that are saved
        #[arg(required = true, value_name = "RESOURCE", value_parser = Name(all_resources))]
        #[arg(hide_possible_values = true)]
        resources: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a commented config file, for its owner alone
    ///
    /// It names every key. A file that is there already is left as it is.
    #[command(after_long_help = help::config_init())]
    Init {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the settings in effect and where each comes from
    ///
    /// Secrets are redacted.
    #[command(after_long_help = help::config_show())]
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the config file is
    #[command(after_long_help = help::config_path())]
    Path {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ResourcesArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct SchemaArgs {
    /// Of which records; tickets.users is what comes beside tickets
    #[arg(required = true, value_name = "RESOURCE", value_parser = Name(described))]
    #[arg(hide_possible_values = true)]
    pub(crate) resources: Vec<String>,
    /// For which engine
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(formats()))]
    pub(crate) format: String,
    /// Where the files are, as -o was given
    ///
    /// A file, dir/, or a template with {resource}, {account}, {date}, {run} or {part}. Default: ./,
    /// as in tickets.ndjson.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) from: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Listen on this port of 127.0.0.1
    ///
    /// 0 is a free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// The world's seed
    ///
    /// The same seed and records make the same world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Tickets in the world
    ///
    /// The rest is in proportion.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) records: u32,
    /// Tickets that one bulk job changed within the same second
    #[arg(long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    pub(crate) bulk: u32,
    /// Requests per window; 0 lifts the quota
    ///
    /// Default: as the real one, 10 for most resources and 20 for users.
    #[arg(long, value_name = "N")]
    pub(crate) quota: Option<u32>,
    /// The quota's window, a duration
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    pub(crate) window: Duration,
    /// Delay each answer by a duration
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    pub(crate) latency: Duration,
    /// Show some rows of a resource late; can be repeated
    ///
    /// SHARE% of the rows become visible DELAY (or a time of DELAY-DELAY) later than they could be,
    /// behind rows that were served before; their own time stays what it is. RESOURCE can be all;
    /// RESOURCE=off is no delay. Default: ticket_metric_events=100%:11m-13m, as seen live.
    #[arg(long, value_name = "RESOURCE=SHARE%:DELAY", value_parser = sandbox::late)]
    pub(crate) late: Vec<sandbox::Late>,
    /// Give the N-th request a fault; can be repeated
    #[arg(long, value_name = "KIND@N", value_parser = sandbox::Fault::at)]
    pub(crate) fault: Vec<(sandbox::Fault, u64)>,
    /// Be as Zendesk may be where that is uncertain; can be repeated
    #[arg(long, value_name = "KEY=VALUE", hide_short_help = true)]
    pub(crate) behaviour: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// The shells that completions are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SupportTypeScope {
    Agent,
    AiAgent,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pagination {
    Cursor,
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOverflow {
    /// Stop with exit code 6
    Stop,
    /// Write the page and go on behind the second, losing what does not fit
    SkipSecond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    Text,
    Json,
    None,
}

/// A resource's name: shells complete those that there are, but any text is taken, because a
/// misspelt one gets a better answer than clap's.
#[derive(Clone, Copy)]
struct Name(fn() -> Vec<&'static str>);

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter().map(PossibleValue::new)))
    }
}

fn jobs(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) => Err("at least one resource has to run".to_owned()),
        Ok(jobs) => Ok(jobs),
        Err(_) => Err(format!("a number from 1 to {} is needed", u16::MAX)),
    }
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| AT_LEAST_ONE.to_owned())
}

fn rate(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|rate| *rate > 0).ok_or_else(|| AT_LEAST_ONE.to_owned())
}

const AT_LEAST_ONE: &str = "a whole number is needed, at least 1";

/// One of a list, which people write with spaces behind the commas.
#[expect(clippy::unnecessary_wraps, reason = "what clap takes")]
fn trimmed(text: &str) -> Result<String, String> {
    Ok(text.trim().to_owned())
}

fn reserve(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(percent @ 0..=99) => Ok(percent),
        Ok(percent) => Err(format!("{percent} % for others would leave nothing to zdx")),
        Err(_) => Err("a percentage from 0 to 99 is needed".to_owned()),
    }
}

fn resources() -> Vec<&'static str> {
    every().map(|resource| resource.name).collect()
}

/// Those of which the members are known.
fn described() -> Vec<&'static str> {
    resources().into_iter().filter(|name| schema::of(name).is_some()).collect()
}

fn formats() -> Vec<&'static str> {
    schema::DIALECTS.iter().map(|dialect| dialect.name).collect()
}

fn all_resources() -> Vec<&'static str> {
    resources().into_iter().chain([ALL_LISTS, "all"]).collect()
}

fn sampled_resources() -> Vec<&'static str> {
    let sampled = RESOURCES.iter().filter(|resource| resource.sample.is_some());
    sampled.map(|resource| resource.name).collect()
}

/// `zdx help export` is `zdx export --help`.
pub(crate) fn with_help(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

/// An interval that was typed as part of a flag, as in `-f10s`.
pub(crate) fn interval(args: &[OsString]) -> Option<&str> {
    let typed = args.iter().filter_map(|arg| arg.to_str());
    typed.into_iter().find(|arg| {
        let rest = arg.strip_prefix("-f").filter(|rest| !rest.starts_with('='));
        rest.is_some_and(|rest| duration(rest).is_ok())
    })
}

/// In which form a command was to tell programs how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// `--json`: the one object on stdout.
    Result,
    /// `--summary json`: the last line on stderr.
    Summary,
}

/// What was typed of it, also where the rest cannot be parsed.
pub(crate) fn document(args: &[OsString]) -> Option<Document> {
    let mut typed = args.iter().take_while(|arg| *arg != "--");
    match ahead(args, "--summary") {
        Some("json") => Some(Document::Summary),
        _ => typed.any(|arg| arg == "--json").then_some(Document::Result),
    }
}

/// Whether to colour help and usage errors.
pub(crate) fn color(args: &[OsString]) -> ColorChoice {
    ahead(args, "--color")
        .and_then(|value| ColorChoice::from_str(value, false).ok())
        .unwrap_or_default()
}

/// How to tell of usage errors.
pub(crate) fn log_format(args: &[OsString]) -> LogFormat {
    ahead(args, "--log-format")
        .and_then(|value| LogFormat::from_str(value, false).ok())
        .unwrap_or(LogFormat::Text)
}

/// The value of a global flag, in the two forms that clap takes it in.
///
/// clap tells of help and usage errors while it parses, so that how it is to do that must be known
/// before. A wrong value is left to clap to refuse.
fn ahead<'a>(args: &'a [OsString], flag: &str) -> Option<&'a str> {
    let typed = args.iter().skip(1).take_while(|arg| *arg != "--");
    let values =
        typed.zip(args.iter().skip(2).map(Some).chain([None])).filter_map(|(arg, next)| match arg
            .to_str()?
            .strip_prefix(flag)?
        {
            "" => next?.to_str(),
            value => value.strip_prefix('='),
        });
    values.last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_color_is_known_before_the_rest_is_parsed() {
        for (typed, color) in [
            ("zdx export -h", ColorChoice::Auto),
            ("zdx --color never export -h", ColorChoice::Never),
            ("zdx export --color=always --bad", ColorChoice::Always),
            ("zdx --color never --color always", ColorChoice::Always),
            ("zdx --colors never", ColorChoice::Auto),
            ("zdx --color sometimes", ColorChoice::Auto),
            ("zdx export -- --color never", ColorChoice::Auto),
            ("zdx --color", ColorChoice::Auto),
        ] {
            let args: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(super::color(&args), color, "{typed}");
        }
    }
}

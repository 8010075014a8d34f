//! What can be typed: the commands, their flags and their help. Nothing is resolved here, and no
//! type of this file is known below `plan`.

use crate::{
    resource::{Pagination, RESOURCES},
    sandbox,
    settings::{duration, size},
    shown::ENDLESS,
};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, RangedU64ValueParser, StringValueParser, TypedValueParser},
};
use std::{ffi::OsStr, fmt::Write as _, path::PathBuf, time::Duration};

/// Every changed record out of Zendesk, as NDJSON, at the full rate the account allows
#[derive(Debug, Parser)]
#[command(name = "zdx", version, propagate_version = true, after_help = ENVIRONMENT)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const ENVIRONMENT: &str = "\
Environment:
  ZENDESK_SUBDOMAIN                                     acme, acme.zendesk.com or the URL
  ZENDESK_OAUTH_CLIENT_ID, ZENDESK_OAUTH_CLIENT_SECRET  OAuth client credentials
  ZENDESK_OAUTH_TOKEN                                   an OAuth access token
  ZENDESK_EMAIL, ZENDESK_API_TOKEN                      an API token (these end on 2027-04-30)
  ZDX_PROFILE, ZDX_CONFIG, ZDX_STATE, ZDX_BASE_URL      as the flags of these names
  ZDX_CONNECT_TIMEOUT, ZDX_HEADERS_TIMEOUT, ZDX_BODY_IDLE_TIMEOUT, ZDX_REQUEST_TIMEOUT
  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE                  as for other tools

Try it without an account:  zdx export tickets --since 30d --sandbox";

#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Take this profile of the config file; it beats ZENDESK_* variables
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Read this config file
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Keep positions in this file
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) state: Option<PathBuf>,
    /// The account: acme, acme.zendesk.com or the URL
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) subdomain: Option<String>,
    /// Send requests here instead of to https://SUBDOMAIN.zendesk.com
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Tell of each request; can be repeated
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How stderr is written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Whether to show progress; auto: on a terminal that records are not written to
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: When,
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
    /// Write every record that changed, and remember where the export stands
    Export(Box<ExportArgs>),
    /// Show the shape of a resource: at most 50 records, from the sample endpoint
    Sample(SampleArgs),
    /// List the resources: paging, record key, sideloads, who may read them
    Resources(ResourcesArgs),
    /// Prove the credentials, and say which resources the account can read
    Check(CheckArgs),
    /// Look at the saved positions, or change them
    #[command(subcommand)]
    State(StateCommand),
    /// Write, show or locate the config file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Serve a local stand-in for Zendesk on loopback
    Sandbox(SandboxArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

#[derive(Args, Debug)]
#[command(after_help = EXPORT_EXAMPLES)]
pub(crate) struct ExportArgs {
    /// What to export, as `zdx resources` lists it; `all` is the profile's list, or all there is
    #[arg(required = true, value_name = "RESOURCE", value_parser = Name(all_resources))]
    pub(crate) resources: Vec<String>,

    /// Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch
    #[arg(short, long, value_name = "TIME", help_heading = "What to export")]
    pub(crate) since: Option<String>,
    /// Leave out records that changed at or after TIME; makes the run a one-off
    #[arg(long, value_name = "TIME", help_heading = "What to export")]
    pub(crate) until: Option<String>,
    /// Add related records, separated by commas (see `zdx resources`)
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "What to export")]
    pub(crate) include: Vec<String>,
    /// Leave out deleted records
    #[arg(long, help_heading = "What to export")]
    pub(crate) exclude_deleted: bool,
    /// Whose tickets: those of agents, of AI agents, or all
    #[arg(long, value_name = "SCOPE", help_heading = "What to export")]
    pub(crate) support_type_scope: Option<SupportTypeScope>,
    /// Leave out tickets that only the system changed in the window that is exported
    #[arg(long, help_heading = "What to export")]
    pub(crate) exclude_system_updates: bool,
    /// Stop after N records of each resource; in a series, at the page's edge
    #[arg(long, value_name = "N", help_heading = "What to export")]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    pub(crate) limit: Option<u64>,
    /// Stop after N pages of each resource
    #[arg(long, value_name = "N", help_heading = "What to export")]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    pub(crate) max_pages: Option<u64>,

    /// Write here: - for stdout, a file, a directory (dir/), or a template with {resource},
    /// {account}, {date}; with {run}, one finished file per run; .gz and .zst compress
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// Go on behind what the output file already holds
    #[arg(long, conflicts_with = "overwrite", help_heading = "Output")]
    pub(crate) append: bool,
    /// Replace what the output file already holds
    #[arg(long, help_heading = "Output")]
    pub(crate) overwrite: bool,
    /// Write each line as {"resource":…,"record":…}
    #[arg(long, help_heading = "Output")]
    pub(crate) envelope: bool,
    /// Leave lone surrogate escapes, which many readers refuse, as they are
    #[arg(long, help_heading = "Output")]
    pub(crate) raw: bool,
    /// The last line on stderr
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) summary: SummaryFormat,

    /// After catching up, keep polling and stream changes until a signal [default interval: 60s]
    #[arg(short, long, value_name = "INTERVAL", value_parser = duration, help_heading = "Requests")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "60s")]
    pub(crate) follow: Option<Duration>,
    /// Neither read nor move a saved position
    #[arg(long, help_heading = "Requests")]
    pub(crate) no_state: bool,
    /// Show the resolved start, position, output and first request; send nothing
    #[arg(long, help_heading = "Requests")]
    pub(crate) dry_run: bool,
    /// How to page; cursor where the resource has it
    #[arg(long, value_name = "HOW", help_heading = "Requests")]
    pub(crate) pagination: Option<Pagination>,
    /// Records per page, 1 to 1000 [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Requests")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) per_page: Option<u16>,
    /// How many resources run side by side [default: all]
    #[arg(long, value_name = "N", help_heading = "Requests")]
    #[arg(value_parser = jobs)]
    pub(crate) jobs: Option<u16>,
    /// The most requests a minute
    #[arg(long, value_name = "N", help_heading = "Requests")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Leave this part of the quota to others
    #[arg(long, value_name = "PERCENT", help_heading = "Requests")]
    #[arg(value_parser = reserve)]
    pub(crate) reserve: Option<u8>,
    /// The longest single wait for quota or retry
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Requests")]
    pub(crate) max_wait: Option<Duration>,
    /// How long to retry a failing request [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Requests")]
    pub(crate) retry_for: Option<Duration>,
    /// The largest page accepted after decompression [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Requests")]
    pub(crate) max_page_bytes: Option<u64>,
    /// When one second holds more than a page and the server does not get past it
    #[arg(long, value_name = "WHAT", default_value = "stop", help_heading = "Requests")]
    pub(crate) on_overflow: OnOverflow,
    /// Run against a sandbox inside this process; needs no account
    #[arg(long, help_heading = "Requests")]
    pub(crate) sandbox: bool,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  zdx export tickets --since 2h | jq .subject
  zdx export tickets users organizations --since 30d -o /data/zendesk/
  zdx export tickets users organizations -o /data/zendesk/   # goes on where that one ended";

#[derive(Args, Debug)]
pub(crate) struct SampleArgs {
    /// What to show
    #[arg(value_name = "RESOURCE", value_parser = Name(sampled_resources))]
    pub(crate) resource: String,
    /// Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch
    #[arg(short, long, value_name = "TIME", default_value = "30d")]
    pub(crate) since: String,
    /// Run against a sandbox inside this process; needs no account
    #[arg(long)]
    pub(crate) sandbox: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Run against a sandbox inside this process; needs no account
    #[arg(long)]
    pub(crate) sandbox: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Print each position in words: change time, lag, output; needs no network
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the state file is
    Path,
    /// Move a series' position to a time; the old state is kept beside the new one
    Set {
        #[arg(value_name = "RESOURCE", value_parser = Name(all_resources))]
        resource: String,
        /// Go on from here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch
        #[arg(short, long, value_name = "TIME")]
        since: String,
    },
    /// Forget a series' position; the old state is kept beside the new one
    Reset {
        #[arg(value_name = "RESOURCE", value_parser = Name(all_resources))]
        resource: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write a commented config file, for its owner alone
    Init,
    /// Print the settings in effect and where each comes from, secrets redacted
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the config file is
    Path,
}

#[derive(Args, Debug)]
pub(crate) struct ResourcesArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = sandbox_help())]
pub(crate) struct SandboxArgs {
    /// Listen on this port of 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// The world's seed: the same seed and records make the same world
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Tickets in the world; the rest is in proportion
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) records: u32,
    /// Tickets that one bulk job changed within the same second
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) bulk: u32,
    /// Requests per window; 0 lifts the quota [default: as the real one]
    #[arg(long, value_name = "N")]
    pub(crate) quota: Option<u32>,
    /// The quota's window
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    pub(crate) window: Duration,
    /// Delay each answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    pub(crate) latency: Duration,
    /// Give the N-th request a fault; can be repeated
    #[arg(long, value_name = "KIND@N", value_parser = sandbox::Fault::at)]
    pub(crate) fault: Vec<(sandbox::Fault, u64)>,
    /// Set how the sandbox behaves where Zendesk's behaviour is uncertain; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) behaviour: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SupportTypeScope {
    Agent,
    AiAgent,
    All,
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

fn reserve(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(percent @ 0..=99) => Ok(percent),
        Ok(percent) => Err(format!("{percent} % for others would leave nothing to zdx")),
        Err(_) => Err("a percentage from 0 to 99 is needed".to_owned()),
    }
}

fn all_resources() -> Vec<&'static str> {
    RESOURCES.iter().map(|resource| resource.name).chain(["all"]).collect()
}

fn sampled_resources() -> Vec<&'static str> {
    let sampled = RESOURCES.iter().filter(|resource| resource.sample.is_some());
    sampled.map(|resource| resource.name).collect()
}

/// The kinds of faults and the switches, for `zdx sandbox --help`.
fn sandbox_help() -> String {
    let mut help = "Kinds of faults (--fault KIND@N):\n".to_owned();
    for (kind, what) in sandbox::Fault::KINDS {
        writeln!(help, "  {kind:<20} {what}").expect(ENDLESS);
    }
    help.push_str(
        "\nUncertain behaviour (--behaviour KEY=VALUE), the first value is the default:\n",
    );
    for (key, values, what) in sandbox::Behaviour::SWITCHES {
        writeln!(help, "  {key}={values}\n      {what}").expect(ENDLESS);
    }
    help
}

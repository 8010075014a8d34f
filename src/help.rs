//! What the long help says below the flags: examples, the environment, exit codes. Each line of an
//! example is one that parses; a test holds them to it.
//!
//! Must not know how anything is done.

use crate::{sandbox, shown::ENDLESS};
use clap::builder::{StyledStr, Styles};
use std::fmt::Write as _;

/// Below the short help.
pub(crate) const SHORT: &str = "\
Try it without an account:  zdx export tickets --since 30d --sandbox";

const ENVIRONMENT: &str = "
  ZENDESK_SUBDOMAIN            the account: acme, acme.zendesk.com or the URL
  ZENDESK_OAUTH_CLIENT_ID      with ZENDESK_OAUTH_CLIENT_SECRET: an OAuth client
  ZENDESK_OAUTH_SCOPE          what its tokens are minted for [read]
  ZENDESK_OAUTH_TOKEN          an OAuth access token
  ZENDESK_EMAIL                with ZENDESK_API_TOKEN: an API token
  ZDX_PROFILE, ZDX_CONFIG, ZDX_STATE, ZDX_BASE_URL
                               as the flags of these names
  ZDX_CONNECT_TIMEOUT          until a connection is made [10s]
  ZDX_HEADERS_TIMEOUT          until an answer begins [2m]
  ZDX_BODY_IDLE_TIMEOUT        the longest silence inside an answer [1m]
  ZDX_REQUEST_TIMEOUT          a whole request [5m]
  NO_COLOR, CLICOLOR_FORCE     no colours; colours off a terminal, too
  HTTPS_PROXY, ALL_PROXY       a proxy of http or https; one that cannot be used
                               is an error, and is never gone around
  NO_PROXY                     hosts that are reached without it
  SSL_CERT_FILE                authorities to trust instead of the system's";

const EXIT_CODES: &str = "
  0              done: caught up, nothing new, or a limit that was asked for
  1              a bug
  2              usage: flags, a missing start, contradicting settings
  3              config or state file unusable; nothing was touched
  4              credentials refused: 401, 403, missing scope
  5              temporary: network, 429, 5xx, time-outs outlasted the retries
  6              Zendesk's answer is final or breaks its own format
  7              local output failed: disk full, permission, sync
  8              several resources: some done, some failed
  11             another zdx holds this state
  129, 130, 143  HUP, INT, TERM: stopped on a page's edge, position saved
  141            the reader of stdout went away";

pub(crate) fn zdx() -> StyledStr {
    let examples = "
  zdx export tickets --since 30d --sandbox    # needs no account
  zdx export tickets --since 2h --no-state | jq .subject
  zdx export tickets users --since 30d -o /data/zendesk/
  zdx export tickets users -o /data/zendesk/  # goes on where it ended";
    sections(&[("Environment", ENVIRONMENT), ("Exit codes", EXIT_CODES), (EXAMPLES, examples)])
}

const EXAMPLES: &str = "Examples";

pub(crate) fn export() -> StyledStr {
    examples(
        "
  zdx export tickets --since 2h --no-state | jq .subject
  zdx export tickets users organizations --since 30d -o /data/zendesk/
  zdx export tickets users organizations -o /data/zendesk/  # goes on from there",
    )
}

pub(crate) fn sample() -> StyledStr {
    examples(
        "
  zdx sample tickets | jq .
  zdx sample users --since 2026-11-01
  zdx sample ticket_events --sandbox",
    )
}

pub(crate) fn resources() -> StyledStr {
    examples(
        "
  zdx resources
  zdx resources --json | jq -r '.resources[].resource'
  zdx resources --json | jq '.resources[] | {resource, sideloads}'",
    )
}

pub(crate) fn check() -> StyledStr {
    examples(
        "
  zdx check
  zdx check tickets users
  zdx check --profile acme --json | jq .credentials
  zdx check --sandbox",
    )
}

pub(crate) fn schema() -> StyledStr {
    examples(
        "
  zdx schema tickets users --format duckdb --from /data/zendesk/ | duckdb z.db
  zdx schema tickets --format bigquery --from out/ > tickets.schema.json
  zdx schema users --format clickhouse --from 'out/{resource}.{run}.ndjson.gz'
  zdx schema custom_objects:appliance --format json-schema",
    )
}

pub(crate) fn state() -> StyledStr {
    examples(
        "
  zdx state show
  zdx state set tickets --since 2026-11-01
  zdx state reset tickets",
    )
}

pub(crate) fn state_show() -> StyledStr {
    examples(
        "
  zdx state show
  zdx state show tickets --profile acme
  zdx state show --json | jq '.resources[] | {resource, lag_seconds}'",
    )
}

pub(crate) fn state_path() -> StyledStr {
    examples(
        "
  zdx state path
  zdx state path --subdomain acme
  jq . \"$(zdx state path)\"",
    )
}

pub(crate) fn state_set() -> StyledStr {
    examples(
        "
  zdx state set tickets --since 2026-11-01
  zdx state set tickets users --since 3d     # three days back
  zdx state set all --since @1763600000 --profile acme",
    )
}

pub(crate) fn state_move() -> StyledStr {
    examples(
        "
  zdx state move -o /archive/zendesk/        # after mv /data/zendesk /archive/
  zdx state move tickets -o /data/tickets-2026.ndjson
  zdx state move tickets users -o out/ --state /var/lib/zdx/acme.json",
    )
}

pub(crate) fn state_reset() -> StyledStr {
    examples(
        "
  zdx state reset tickets
  zdx state reset all --profile acme
  zdx state reset tickets users --state /var/lib/zdx/acme.json",
    )
}

pub(crate) fn config() -> StyledStr {
    examples(
        "
  zdx config init
  zdx config show --profile acme
  zdx config path",
    )
}

pub(crate) fn config_init() -> StyledStr {
    examples(
        "
  zdx config init
  zdx config init --config ./zdx.toml
  zdx config init && ${EDITOR:-vi} \"$(zdx config path)\"",
    )
}

pub(crate) fn config_show() -> StyledStr {
    examples(
        "
  zdx config show
  zdx config show --profile acme
  zdx config show --json | jq '.settings[] | select(.name == \"state\")'",
    )
}

pub(crate) fn config_path() -> StyledStr {
    examples(
        "
  zdx config path
  zdx config path --config ./zdx.toml
  chmod 600 \"$(zdx config path)\"",
    )
}

/// With the kinds of faults and the switches.
pub(crate) fn sandbox() -> StyledStr {
    let mut faults = String::new();
    for (kind, what) in sandbox::Fault::KINDS {
        write!(faults, "\n  {kind:<19} {what}").expect(ENDLESS);
    }
    let mut switches = String::new();
    for (key, values, what) in sandbox::Behaviour::SWITCHES {
        write!(switches, "\n  {key}={values}\n      {what}").expect(ENDLESS);
    }
    let mut paths = String::new();
    for (path, resource) in sandbox::paths() {
        write!(paths, "\n  {resource:<28}  {path}").expect(ENDLESS);
    }
    let examples = "
  zdx sandbox --port 8080
  zdx sandbox --quota 3 --window 10s
  zdx sandbox --fault 429@3 --fault cut@5 --behaviour quota_headers=none
  zdx sandbox --late users=5%:30s-90s --late ticket_metric_events=off";
    sections(&[
        ("Kinds of faults (--fault KIND@N)", &faults),
        ("Uncertain behaviour (--behaviour KEY=VALUE), the first value is the default", &switches),
        ("Resources, and where they are below /api/v2/ (* is any one part)", &paths),
        (EXAMPLES, examples),
    ])
}

pub(crate) fn completions() -> StyledStr {
    examples(
        "
  zdx completions bash > ~/.local/share/bash-completion/completions/zdx
  zdx completions zsh > ~/.zfunc/_zdx
  zdx completions fish > ~/.config/fish/completions/zdx.fish",
    )
}

fn examples(text: &str) -> StyledStr {
    sections(&[(EXAMPLES, text)])
}

/// Sections under headings like clap's own.
fn sections(sections: &[(&str, &str)]) -> StyledStr {
    let styles = Styles::default();
    let style = styles.get_header();
    let mut out = StyledStr::new();
    for (index, (heading, text)) in sections.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n\n" };
        write!(out, "{gap}{style}{heading}:{style:#}{text}").expect(ENDLESS);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::{cli::Cli, time::UnixTime};
    use clap::{Command, CommandFactory as _, Parser as _};

    /// Every command with its own examples.
    fn each(command: &Command, check: &mut dyn FnMut(&Command, Vec<String>)) {
        let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let examples = after.split("Examples:\n").nth(1).unwrap_or_default();
        check(command, examples.lines().map(str::to_owned).collect());
        for command in command.get_subcommands() {
            each(command, check);
        }
    }

    /// The command lines of zdx in a line of sh, as words.
    fn calls(line: &str) -> Vec<Vec<String>> {
        let line = line.split(" #").next().unwrap_or_default();
        let parts = line.split(['|', '&', '>', '(', ')', '"', ';']);
        let calls = parts.map(str::trim).filter(|part| part.starts_with("zdx "));
        calls.map(|call| call.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_example_is_a_line_that_parses() {
        let mut commands = Cli::command();
        commands.build();
        each(&commands, &mut |command, examples| {
            assert!(examples.len() >= 3, "{command}: {examples:?}");
            for example in examples {
                let mut own = false;
                for call in calls(&example) {
                    let cli =
                        Cli::try_parse_from(&call).unwrap_or_else(|e| panic!("{call:?}: {e}"));
                    if let crate::cli::Command::Export(args) = cli.command {
                        let now = UnixTime::clamped(1_795_000_000);
                        args.asked()
                            .check(now)
                            .map(drop)
                            .unwrap_or_else(|e| panic!("{call:?}: {e}"));
                    }
                    let name = command.get_bin_name().unwrap_or_default();
                    own |= call.join(" ").starts_with(name);
                }
                assert!(own, "{command}: {example}");
            }
        });
    }

    #[test]
    fn every_command_of_the_readme_is_a_line_that_parses() {
        let readme = include_str!("../README.md");
        let mut found = 0;
        for (index, part) in readme.split("```").enumerate() {
            // What stands between two fences.
            for call in part.lines().filter(|_| index % 2 == 1).flat_map(calls) {
                if let Err(error) = Cli::try_parse_from(&call) {
                    panic!("{call:?}: {error}");
                }
                found += 1;
            }
        }
        assert!(found >= 8, "{found}");
    }

    #[test]
    fn what_stands_below_the_flags_fits_eighty_columns() {
        each(&Cli::command(), &mut |command, _| {
            let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            for line in after.lines() {
                assert!(line.chars().count() <= 80, "{command}: {line}");
            }
        });
    }

    #[test]
    fn a_line_of_sh_is_taken_apart() {
        assert_eq!(calls("  jq . \"$(zdx state path)\""), [["zdx", "state", "path"]]);
        assert_eq!(calls("zdx check  # zdx or not").len(), 1);
    }
}

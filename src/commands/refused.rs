//! What cannot be parsed, in zdx's own words: what is wrong with the line that was typed, and what
//! was probably meant.
//!
//! Must not know what a command does. A value is shown only where its flag is one of ours: what
//! stands behind an unknown flag may be a secret.

use crate::{
    cli::{self, Cli},
    failure::{Failure, closest},
    plan::INTERVAL,
    resource::{ALL_LISTS, every},
    shown::shown,
};
use clap::{
    Arg, Command, CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{error::Error as _, ffi::OsString};

/// What people type, and what it is called here; the first that the command has is meant.
const MEANT: &[(&[&str], &[&str])] = &[
    (&["start", "from", "begin", "after", "start-time", "start-date", "since-time"], &["since"]),
    (&["end", "to", "before", "end-time", "end-date", "stop"], &["until"]),
    (&["out", "file", "dir", "output-file", "output-dir", "outfile", "dest", "to"], &["output"]),
    (&["domain", "account", "tenant"], &["subdomain"]),
    (&["url", "host", "endpoint"], &["base-url"]),
    (&["watch", "tail", "stream", "poll", "interval"], &["follow"]),
    (&["threads", "parallel", "concurrency", "workers"], &["jobs"]),
    (&["page-size", "batch-size", "size"], &["per-page"]),
    (&["side-load", "sideload", "sideloads", "with"], &["include"]),
    (&["max", "count", "max-records"], &["limit"]),
    (&["retries", "retry", "max-retries", "timeout"], &["retry-for"]),
    (&["debug", "trace", "log-level"], &["verbose"]),
    (&["silent"], &["quiet"]),
    (&["force", "replace"], &["overwrite"]),
    (&["dry", "simulate", "test"], &["dry-run", "sandbox"]),
    (&["state-file"], &["state"]),
    (&["config-file"], &["config"]),
];

/// Flags of which the value would be a secret, or what goes with one.
const SECRETS: [&str; 14] = [
    "token",
    "api-token",
    "api-key",
    "key",
    "password",
    "pass",
    "secret",
    "client-secret",
    "client-id",
    "oauth-token",
    "access-token",
    "email",
    "user",
    "username",
];

/// Flags that ask for another form of records.
const FORMATS: [&str; 8] =
    ["format", "output-format", "csv", "json", "ndjson", "jsonl", "parquet", "pretty"];

/// Why a line cannot be parsed. Of help and version that were asked for there is nothing to say.
pub(crate) fn refused(error: &clap::Error, args: &[OsString]) -> Failure {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(" and ")),
        _ => None,
    };
    let typed = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let (command, words) = command(args);
    let flag = typed.as_deref().map(bare).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&flag, &command, &words, args),
        ErrorKind::InvalidSubcommand => {
            let typed = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            no_command(&typed, &command, &words)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals => {
            let why = error.source().map(ToString::to_string);
            unusable(&flag, &value, why.as_deref(), &command, &words)
        }
        ErrorKind::MissingRequiredArgument => missing(&flag, &command, &words),
        ErrorKind::ArgumentConflict => {
            let prior = text(ContextKind::PriorArg).unwrap_or_default();
            let prior = bare(&prior);
            match prior == flag {
                true => Failure::usage(format!("{flag} is given twice")),
                false => Failure::usage(format!("{flag} and {prior} contradict each other"))
                    .hint("give one of them"),
            }
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            Failure::usage(format!("{}: a command is missing", own(&words)))
                .hint(format!("`{words} --help` lists them"))
        }
        _ => Failure::usage(plain(error)).hint(format!("`{words} --help` says more")),
    }
}

/// `--per-page` of `--per-page <N>`.
fn bare(argument: &str) -> String {
    let names = argument.split(" and ").map(|name| match name.split_once([' ', '[', '=']) {
        Some((flag, _)) if flag.starts_with('-') => flag.to_owned(),
        _ => name.trim_start_matches(['<', '[']).trim_end_matches(['.', '>', ']']).to_owned(),
    });
    shown(&names.collect::<Vec<_>>().join(" and "))
}

/// The command that was typed, as far as there is such a one, and how it is typed.
fn command(args: &[OsString]) -> (Command, String) {
    let mut root = Cli::command();
    root.build();
    let mut words = root.get_name().to_owned();
    let mut command = root;
    for word in args.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(found) = command.find_subcommand(word) {
            words = format!("{words} {word}");
            command = found.clone();
        }
    }
    (command, words)
}

fn longs(command: &Command) -> Vec<&str> {
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    arguments.filter_map(Arg::get_long).collect()
}

fn unknown(flag: &str, command: &Command, words: &str, args: &[OsString]) -> Failure {
    if let Some(interval) = cli::interval(args) {
        return Failure::usage(format!("unknown flag {interval}")).hint(INTERVAL);
    }
    if !flag.starts_with('-') {
        return Failure::usage(format!("{} takes no \"{flag}\"", own(words)))
            .hint(format!("`{words} --help` says what it takes"));
    }
    let name = flag.trim_start_matches('-');
    let known = longs(command);
    if SECRETS.contains(&name) {
        return Failure::usage(format!("unknown flag {flag}: no flag takes credentials")).hint(
            "set ZENDESK_OAUTH_TOKEN, or ZENDESK_EMAIL and ZENDESK_API_TOKEN, or see \
             `zdx config init`",
        );
    }
    let meant = MEANT.iter().filter(|(typed, _)| typed.contains(&name));
    let mut meant = meant.flat_map(|(_, meant)| *meant).filter(|meant| known.contains(meant));
    let meant = meant.next().copied();
    if meant.is_none() && FORMATS.contains(&name) {
        return Failure::usage(format!(
            "unknown flag {flag}: {} has one form of output",
            own(words)
        ))
        .hint("records are NDJSON, one a line: jq, duckdb and others make CSV or Parquet of it");
    }
    // So short a word is near to many others.
    let near = closest(name, known).filter(|near| near.chars().next() == name.chars().next());
    match meant.or(near) {
        Some(meant) => Failure::usage(format!("unknown flag {flag}: did you mean --{meant}?")),
        None => Failure::usage(format!("unknown flag {flag}"))
            .hint(format!("`{words} --help` lists the flags")),
    }
}

fn no_command(typed: &str, command: &Command, words: &str) -> Failure {
    let text = format!("unknown command \"{}\"", shown(typed));
    let name = typed.to_lowercase().replace('-', "_");
    let named = every().find(|resource| resource.name == name);
    if name == "all" || name == ALL_LISTS || named.is_some() {
        let since = match name == ALL_LISTS || named.is_some_and(|resource| resource.is_list()) {
            true => "",
            false => " --since 30d",
        };
        let start = format!("`zdx export {}{since}`", shown(typed));
        return Failure::usage(text).hint(format!("to export it: {start}"));
    }
    let known = command.get_subcommands().map(Command::get_name);
    match closest(typed, known) {
        Some(near) => Failure::usage(format!("{text}: did you mean {near}?")),
        None => Failure::usage(text).hint(format!("`{words} --help` lists the commands")),
    }
}

/// The argument that is typed like this.
fn argument<'c>(flag: &str, command: &'c Command) -> Option<&'c Arg> {
    let name = flag.trim_start_matches('-');
    command.get_arguments().find(|argument| match flag.starts_with('-') {
        true => {
            argument.get_long() == Some(name)
                || argument.get_short().is_some_and(|short| name.chars().eq([short]))
        }
        false => argument
            .get_value_names()
            .is_some_and(|names| names.iter().any(|known| known.as_str() == name)),
    })
}

fn takes(flag: &str, command: &Command) -> Vec<String> {
    let values = argument(flag, command).map(Arg::get_possible_values).unwrap_or_default();
    values.iter().map(|value| value.get_name().to_owned()).collect()
}

fn unusable(flag: &str, value: &str, why: Option<&str>, command: &Command, words: &str) -> Failure {
    let takes = takes(flag, command);
    if value.is_empty() {
        let failure = Failure::usage(format!("{flag} needs a value"));
        let names = argument(flag, command).and_then(Arg::get_value_names).unwrap_or_default();
        return match (takes.as_slice(), names) {
            ([], [name, ..]) => failure.hint(format!("as in {flag} {name}: `{words} --help`")),
            ([], []) => failure.hint(format!("`{words} --help` says more")),
            (takes, _) => failure.hint(format!("it takes {}", takes.join(", "))),
        };
    }
    let text = format!("{flag} \"{}\" cannot be used", shown(value));
    if let Some(why) = why {
        return Failure::usage(format!("{text}: {}", shown(why)));
    }
    match closest(value, takes.iter().map(String::as_str)) {
        Some(near) => Failure::usage(format!("{text}: did you mean {near}?"))
            .hint(format!("it takes {}", takes.join(", "))),
        None => Failure::usage(text).hint(format!("it takes {}", takes.join(", "))),
    }
}

fn missing(what: &str, command: &Command, words: &str) -> Failure {
    let verb = if what.contains(" and ") { "are" } else { "is" };
    let failure = Failure::usage(format!("{}: {what} {verb} missing", own(words)));
    let first = what.split(" and ").next().unwrap_or_default();
    match takes(first, command).as_slice() {
        [] => failure.hint(format!("`{words} --help` shows how it is used")),
        takes => failure.hint(format!("{first} is one of {}", takes.join(", "))).hint(
            "`zdx resources` says more of each, and `zdx sample tickets --sandbox` shows some",
        ),
    }
}

/// A command without the program's name, with which every line begins.
fn own(words: &str) -> &str {
    words.strip_prefix("zdx ").unwrap_or(words)
}

/// What the parser itself says, on one line and without the usage that follows it.
fn plain(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.split("\nUsage:").next().unwrap_or_default();
    let text = text.split("\nFor more information").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    /// What is said of a line, with its hints.
    fn said(line: &str) -> String {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let error = Cli::try_parse_from(&args).expect_err(line);
        let failure = refused(&error, &args);
        let hints = failure.hints.iter().map(|hint| format!(" | {hint}"));
        format!("{failure}{}", hints.collect::<String>())
    }

    #[test]
    fn u28_what_is_typed_wrongly_is_told_in_one_voice() {
        const NDJSON: &str = "unknown flag --format: export has one form of output | records are \
                              NDJSON, one a line: jq, duckdb and others make CSV or Parquet of it";
        for (line, expect) in [
            ("zdx export tickets --start 2h", "unknown flag --start: did you mean --since?"),
            ("zdx export tickets --from 2h", "unknown flag --from: did you mean --since?"),
            ("zdx export tickets --format csv", NDJSON),
            (
                "zdx export tickets -f10s",
                "unknown flag -f10s | an interval is given with =, as in --follow=10s",
            ),
            ("zdx export tickets --out x", "unknown flag --out: did you mean --output?"),
            ("zdx export tickets --sinse 2h", "unknown flag --sinse: did you mean --since?"),
            ("zdx check --start 2h", "unknown flag --start: did you mean --state?"),
            (
                "zdx export tickets --token secret",
                "unknown flag --token: no flag takes credentials | set ZENDESK_OAUTH_TOKEN, or \
                 ZENDESK_EMAIL and ZENDESK_API_TOKEN, or see `zdx config init`",
            ),
            (
                "zdx export tickets --bad",
                "unknown flag --bad | `zdx export --help` lists the flags",
            ),
            (
                "zdx export tickets --zzzzzzzz",
                "unknown flag --zzzzzzzz | `zdx export --help` lists the flags",
            ),
            ("zdx exprot tickets", "unknown command \"exprot\": did you mean export?"),
            (
                "zdx tickets",
                "unknown command \"tickets\" | to export it: `zdx export tickets --since 30d`",
            ),
            ("zdx frobnicate", "unknown command \"frobnicate\" | `zdx --help` lists the commands"),
            ("zdx state shwo", "unknown command \"shwo\": did you mean show?"),
            (
                "zdx resources tickets",
                "resources takes no \"tickets\" | `zdx resources --help` says what it takes",
            ),
            (
                "zdx export tickets --append --overwrite",
                "--append and --overwrite contradict each other | give one of them",
            ),
            (
                "zdx export tickets --since",
                "--since needs a value | as in --since TIME: `zdx export --help`",
            ),
            (
                "zdx export tickets --summary jsno",
                "--summary \"jsno\" cannot be used: did you mean json? | it takes text, json, none",
            ),
            (
                "zdx export tickets --per-page 0",
                "--per-page \"0\" cannot be used: 0 is not in 1..=1000",
            ),
            (
                "zdx export tickets --retry-for 5",
                "--retry-for \"5\" cannot be used: use a number with its unit, as in 45s, 15m or 2h",
            ),
            (
                "zdx state set tickets",
                "state set: --since is missing | `zdx state set --help` shows how it is used",
            ),
            (
                "zdx state set",
                "state set: --since and RESOURCE are missing | `zdx state set --help` shows how it is used",
            ),
            (
                "zdx completions fsh",
                "SHELL \"fsh\" cannot be used: did you mean fish? | it takes bash, zsh, fish, elvish, \
                 powershell",
            ),
        ] {
            assert_eq!(said(line), expect, "{line}");
        }
        let resources = said("zdx export");
        let start = "export: RESOURCE is missing | RESOURCE is one of tickets, ticket_events, ";
        assert!(resources.starts_with(start), "{resources}");
        assert!(resources.contains(", all | "), "{resources}");
    }
}

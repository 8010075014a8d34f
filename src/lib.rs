//! Every changed record out of Zendesk, as NDJSON, at the full rate the account allows, never
//! losing its place.
//!
//! This is the map of the crate; the modules stand in reading order. What was typed goes down one
//! stair, of which each step is a value that the next one takes; every refusal happens on it, before
//! the first request:
//!
//! ```text
//! argv ─cli─▶ Asked ─settings─▶ Settings ─state─▶ Saved ─plan, output, place─▶ [Job] ─export/opening─▶ opened
//! ```
//!
//! Then each job goes round, a page at a time, in one direction, on three threads (`export/run`):
//!
//! ```text
//! export/stream ─▶ Request ─export/asker, pacer─▶ api ─▶ body           one asks and inflates (export/ahead)
//!   where we are       │ retry: wait, ask for less, give up
//!      ▲               ▼
//!      │             body ─page, scan─▶ Page ─paging─▶ Verdict          one checks, and decides
//!      │               │ export/memory: what was delivered before
//!      │               ▼
//!      └── accepted ─ Batch ─export/commit─▶ sink, disk ─▶ state        one writes: output durable, then the position
//!                          │
//!                          └─▶ export/tally counts, export/teller talks
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `cli`, `help`, `complete`, `man` | what can be typed, and what is said of that; the only ones besides `commands` that know clap |
//! | `commands` | one file for each command: from what was typed to how it ended |
//! | `resource` | the table of resources: a new one is a row |
//! | `position`, `mark` | where a series stands, and how far its outputs count |
//! | `settings`, `time` | what is configured, with where each value came from; times and durations in words |
//! | `output`, `place`, `plan` | where lines go, whose that is, and one job for each resource |
//! | `export` | the jobs at work |
//! | `schema` | what is known of records, in the languages of the engines that read them |
//! | `request`, `page`, `scan`, `record`, `paging`, `garbled` | what is asked, what an answer is, what it means, and how it can be none |
//! | `retry`, `pacer` | when to ask again, and when at all |
//! | `api` | the only one that knows the HTTP library |
//! | `sink`, `state`, `disk` | outputs, positions, and the only syncs, renames and truncations |
//! | `report`, `progress`, `words`, `shown`, `failure` | everything that is said, and how things end |
//! | `clock`, `signals`, `secret`, `mutex` | the ground: time, stops, secrets, locks |
//! | `sandbox` | a Zendesk on loopback, which shares no code with the rest |
//!
//! `mark`, `place`, `paging`, `retry`, `pacer` (but for the gate through which threads share it),
//! `page`, `scan`, `record`, `time`, `request`, `api/headers` and, of the export, what decides
//! (`export/stream`, `export/memory`, `export/ending`, `export/reading`, `export/sideloaded`,
//! `export/lines`, `export/slices` but for its walkers) and `schema` are pure: time and chance are arguments. Nothing below `commands` sees a clap
//! type, nothing above `api` a type of the HTTP library, and no module leads back to itself. Tests
//! hold all of this.
//!
//! Public is what other programs' tests need, [`run`] and the [`sandbox`], and for the benches
//! `bench`.

mod cli;
mod commands;
mod complete;
mod help;

mod mark;
mod output;
mod place;
mod plan;
mod position;
mod resource;
mod schema;
mod settings;
mod time;

mod export;

mod garbled;
mod pacer;
mod page;
mod paging;
mod record;
mod request;
mod retry;
mod scan;

mod api;
mod disk;
mod sink;
mod state;

mod clock;
mod failure;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod man;
mod mutex;
mod progress;
mod report;
mod secret;
mod shown;
mod signals;
mod words;

#[doc(hidden)]
pub mod bench;
pub mod sandbox;

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind};
use std::{
    ffi::OsString,
    io::Write as _,
    panic::{self, AssertUnwindSafe, Location},
    process::ExitCode,
};

/// Runs one command, as typed, and returns the process's exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(answer) = complete::answer(&args, &settings::Environment::real()) {
        drop(std::io::stdout().write_all(&answer));
        return ExitCode::SUCCESS;
    }
    panic::set_hook(Box::new(|panic| tell_of_a_bug(panic.location())));
    let args = cli::with_help(args);
    let document = cli::document(&args);
    let exit = match parsed(&args) {
        Ok(cli) => panic::catch_unwind(AssertUnwindSafe(|| commands::run(cli, document)))
            .unwrap_or_else(|_panic| commands::tell_programs(document, &failure::bug())),
        Err(error) if is_for_people(&error, &args, document) => {
            drop(error.print());
            if error.use_stderr() { failure::Exit::Usage } else { failure::Exit::Done }
        }
        Err(error) => commands::refuse(&error, &args, document),
    };
    ExitCode::from(exit.code())
}

/// Help and version, which were asked for, or are shown where no command was typed.
fn is_for_people(error: &clap::Error, args: &[OsString], document: Option<cli::Document>) -> bool {
    let helps = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let text = cli::log_format(args) == cli::LogFormat::Text && document.is_none();
    !error.use_stderr() || helps && text
}

fn parsed(args: &[OsString]) -> Result<cli::Cli, clap::Error> {
    let mut command = cli::Cli::command().color(cli::color(args));
    let matches = command.try_get_matches_from_mut(args)?;
    cli::Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Where it happened and in which version, and nothing else: a panic's own message may hold what
/// must not be shown.
fn tell_of_a_bug(place: Option<&Location<'_>>) {
    let place = place.map(Location::to_string).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("zdx: a bug in zdx {version} at {place}; what is saved is whole\n");
    drop(std::io::stderr().write_all(text.as_bytes()));
}

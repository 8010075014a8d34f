//! The commands: each gets what was typed and the context, and says how it ended.

mod announce;
mod check;
mod completions;
mod config;
mod context;
mod export;
mod objects;
mod refused;
mod resources;
mod sample;
mod sandbox;
mod schema;
mod state;

use crate::{
    cli::{self, Cli, Command, Document, Global, LogFormat},
    clock::Clock,
    export::summary,
    failure::{Exit, Failure},
    report::{Colour, Report, Retyped, Voice},
    settings::{Environment, Flags},
    signals::Stop,
};
use clap::ColorChoice;
use context::{Context, document, print, print_json};
use serde_json::json;
use std::{ffi::OsString, io::Write as _};

/// Runs a command. One that fails says so to programs, too, where `programs` says how.
pub(crate) fn run(cli: Cli, programs: Option<Document>) -> Exit {
    let clock = Clock::real();
    let Global {
        profile,
        config,
        state,
        subdomain,
        base_url,
        quiet,
        verbose,
        log_format,
        progress,
        color,
        help: _,
    } = cli.global;
    let colour = colour(color);
    let env = Environment::real();
    let dumb = env.get("TERM").as_deref() == Some("dumb");
    let voice = Voice { quiet, verbose, json: log_format == LogFormat::Json, colour, dumb };
    let flags = Flags { profile, config, state, subdomain, base_url };
    let sandbox = matches!(&cli.command, Command::Export(args) if args.sandbox);
    let report = Report::new(voice, clock, Retyped { flags: flags.retyped(), sandbox });
    let stop = match Stop::install() {
        Ok(stop) => stop,
        Err(failure) => {
            report.failure(&failure);
            return tell_programs(programs, &failure);
        }
    };
    if let Err(failure) = env.check() {
        report.failure(&failure);
        return tell_programs(programs, &failure);
    }
    let context = Context { progress, flags, env, clock, stop, report };
    let result = match cli.command {
        Command::Export(args) => export::run(&args, &context),
        Command::Sample(args) => sample::run(&args, &context),
        Command::Resources(args) => resources::run(&args),
        Command::Check(args) => check::run(&args, &context),
        Command::Schema(args) => schema::run(&args, &context),
        Command::State(command) => state::run(&command, &context),
        Command::Config(command) => config::run(&command, &context),
        Command::Sandbox(args) => sandbox::run(args, &context),
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|failure| {
        context.failed(&failure);
        let failure = Failure {
            cause: anyhow::anyhow!(context.report.scrubbed(&failure.to_string())),
            ..failure
        };
        tell_programs(programs, &failure)
    })
}

/// Tells of what could not be parsed.
pub(crate) fn refuse(error: &clap::Error, args: &[OsString], programs: Option<Document>) -> Exit {
    let voice = Voice {
        quiet: false,
        verbose: false,
        json: cli::log_format(args) == LogFormat::Json,
        colour: colour(cli::color(args)),
        dumb: true,
    };
    let failure = refused::refused(error, args);
    Report::new(voice, Clock::real(), Retyped::default()).failure(&failure);
    tell_programs(programs, &failure)
}

/// The object of a command that failed before it had one of its own: the one rule for all of them.
pub(crate) fn tell_programs(programs: Option<Document>, failure: &Failure) -> Exit {
    let (error, exit) = (failure.to_string(), failure.exit);
    match programs {
        _ if exit == Exit::ReaderGone => {}
        None => {}
        Some(Document::Result) => {
            drop(print(&format!("{}\n", json!({"error": error, "exit": exit.code()}))));
        }
        Some(Document::Summary) => {
            let line = format!("{}\n", summary::json(&[], exit, Some(&error)));
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
    }
    exit
}

fn colour(choice: ColorChoice) -> Colour {
    match choice {
        ColorChoice::Auto => Colour::Auto,
        ColorChoice::Always => Colour::Always,
        ColorChoice::Never => Colour::Never,
    }
}

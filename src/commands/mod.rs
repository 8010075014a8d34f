//! The commands: each gets what was typed and the context, and says how it ended.

mod announce;
mod check;
mod completions;
mod config;
mod context;
mod export;
mod resources;
mod sample;
mod sandbox;
mod state;

use crate::{
    cli::{Cli, Command, Global, LogFormat},
    clock::Clock,
    failure::{Exit, Failure},
    report::{Colour, Report, Retyped, Voice},
    settings::{Environment, Flags},
    signals::Stop,
};
use clap::ColorChoice;
use context::{Context, print};

pub(crate) fn run(cli: Cli) -> Exit {
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
    let colour = match color {
        ColorChoice::Auto => Colour::Auto,
        ColorChoice::Always => Colour::Always,
        ColorChoice::Never => Colour::Never,
    };
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
            return failure.exit;
        }
    };
    if let Err(failure) = env.check() {
        report.failure(&failure);
        return failure.exit;
    }
    let context = Context { progress, flags, env, clock, stop, report };
    let result = match cli.command {
        Command::Export(args) => export::run(&args, &context),
        Command::Sample(args) => sample::run(&args, &context),
        Command::Resources(args) => resources::run(&args),
        Command::Check(args) => check::run(&args, &context),
        Command::State(command) => state::run(&command, &context),
        Command::Config(command) => config::run(&command, &context),
        Command::Sandbox(args) => sandbox::run(args, &context),
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|failure| context.failed(&failure))
}

/// Tells in a log for programs of what could not be parsed.
pub(crate) fn refuse(why: &str) -> Exit {
    let voice =
        Voice { quiet: false, verbose: false, json: true, colour: Colour::Never, dumb: true };
    let failure = Failure::usage(why);
    Report::new(voice, Clock::real(), Retyped::default()).failure(&failure);
    failure.exit
}

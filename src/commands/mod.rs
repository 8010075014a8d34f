//! The commands: each gets what was typed and the context, and says how it ended.

mod check;
mod completions;
mod config;
mod export;
mod resources;
mod sample;
mod sandbox;
mod state;

use crate::{
    api::auth::Credentials,
    cli::{Cli, Command, Global, LogFormat, When},
    clock::Clock,
    failure::{Exit, Failure, OrExit as _},
    report::{Report, Retyped, Voice},
    sandbox::{self as world, Sandbox},
    secret::Secret,
    settings::{self, Environment, Flags, Settings},
    signals::Stop,
};
use clap::ColorChoice;
use std::io::Write as _;

/// What every command may need.
pub(crate) struct Context {
    progress: When,
    flags: Flags,
    env: Environment,
    clock: Clock,
    stop: Stop,
    report: Report,
}

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
    let voice = Voice { quiet, verbose, json: log_format == LogFormat::Json, color };
    let flags = Flags { profile, config, state, subdomain, base_url };
    let sandbox = matches!(&cli.command, Command::Export(args) if args.sandbox);
    let report = Report::new(voice, clock, Retyped { flags: flags.retyped(), sandbox });
    let stop = match Stop::install() {
        Ok(stop) => stop,
        Err(failure) => {
            report.failure(None, &failure, None);
            return failure.exit;
        }
    };
    let context = Context { progress, flags, env: Environment::real(), clock, stop, report };
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
    let voice = Voice { quiet: false, verbose: false, json: true, color: ColorChoice::Never };
    let failure = Failure::usage(why);
    Report::new(voice, Clock::real(), Retyped::default()).failure(None, &failure, None);
    failure.exit
}

impl Context {
    /// Tells of a failure; of a reader that went away, there is nobody to tell.
    fn failed(&self, failure: &Failure) -> Exit {
        if failure.exit != Exit::ReaderGone {
            self.report.failure(None, failure, None);
        }
        failure.exit
    }

    /// The settings of the account, or of a sandbox that lives as long as what is returned.
    fn settings(&self, in_sandbox: bool) -> Result<(Settings, Option<Sandbox>), Failure> {
        let (settings, sandbox) = if in_sandbox {
            let sandbox = Sandbox::start(world::Options::default())
                .or_exit(Exit::Bug, || "cannot start the sandbox".to_owned())?;
            let credentials = Credentials::OauthClient {
                id: world::CLIENT_ID.to_owned(),
                secret: Secret::new(world::CLIENT_SECRET),
            };
            let settings = settings::sandbox(
                &self.flags,
                &self.env,
                world::SUBDOMAIN,
                &sandbox.base_url(),
                credentials,
            )?;
            (settings, Some(sandbox))
        } else {
            (settings::resolve(&self.flags, &self.env)?, None)
        };
        self.report.hide(&settings.credentials.secrets());
        if let Credentials::ApiToken { .. } = settings.credentials {
            self.report.warn(
                None,
                "Zendesk ends API tokens on 2027-04-30: move to an OAuth client before that",
            );
        }
        Ok((settings, sandbox))
    }
}

/// Writes a command's own result to stdout; a reader that went away ends it quietly.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::ReaderGone, "the reader of stdout went away"))
        }
        result => result.or_exit(Exit::Output, || "cannot write to stdout".to_owned()),
    }
}

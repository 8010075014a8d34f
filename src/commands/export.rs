//! `zdx export`: plan, then run.

use super::Context;
use crate::{
    api::{self, auth::Authorizer},
    cli::{ExportArgs, SummaryFormat},
    disk,
    export::{self, Shared, summary},
    failure::{Exit, Failure, OrExit as _},
    pacer::{self, Pacer},
    plan::{self, Job, Known, Mode},
    request::Request,
    settings::Settings,
    state::{self, StateFile},
    time::UnixTime,
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The whole budget of a failing request.
const RETRY_FOR: Duration = Duration::from_secs(900);

pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    plan::check(args, now)?;
    // `_sandbox` serves until the export is over.
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let state = open_state(args, &settings, context)?;
    let jobs = plan::plan(
        args,
        &Known {
            defaults: &settings.defaults,
            account: &settings.account,
            state: state.as_ref(),
            now,
        },
    )?;
    let state_path = state.as_ref().map(|state| state.path().to_owned());
    for job in &jobs {
        context.report.note(Some(job.resource.name), &announce(job, state_path.as_deref()));
    }
    if args.dry_run {
        for job in &jobs {
            let text = format!("would send GET {}{}", settings.base.origin, first(job).target());
            super::print(&format!("{}: {text}\n", job.resource.name))?;
        }
        return Ok(Exit::Done);
    }
    let shared = Shared {
        base: &settings.base,
        limits: api::Limits {
            page_bytes: args.max_page_bytes.unwrap_or(settings.limits.page_bytes),
            ..settings.limits
        },
        authorizer: Arc::new(Authorizer::new(settings.credentials.clone())),
        pacer: Mutex::new(Pacer::new(pacer::Limits {
            rate: args.rate.or(settings.defaults.rate),
            reserve: args.reserve.or(settings.defaults.reserve).unwrap_or(0),
        })),
        state: state.map(Mutex::new),
        retry_for: args.retry_for.or(settings.defaults.retry_for).unwrap_or(RETRY_FOR),
        max_wait: args.max_wait.or(settings.defaults.max_wait),
        clock: context.clock,
        stop: &context.stop,
        report: &context.report,
        last_line: args.summary == SummaryFormat::Text,
    };
    let outcomes = export::run(&jobs, &shared)?;
    let exits: Vec<Exit> = outcomes.iter().map(|outcome| outcome.exit).collect();
    let exit = Exit::merge(&exits);
    if outcomes.iter().all(|outcome| outcome.out_of_reach) {
        return Err(Failure::new(Exit::Credentials, "the account can read none of the resources")
            .hint("the incremental exports need an admin (with OAuth, the scope \"read\")"));
    }
    if args.summary == SummaryFormat::Json {
        context.report.raw(&summary::json(&outcomes, exit));
    }
    Ok(exit)
}

fn open_state(
    args: &ExportArgs,
    settings: &Settings,
    context: &Context,
) -> Result<Option<StateFile>, Failure> {
    if !plan::wants_state(args, settings.state_given) {
        return Ok(None);
    }
    if !settings.state_given {
        let dir = disk::parent(&settings.state);
        disk::create_dirs_private(dir).or_exit(Exit::Output, || {
            format!("cannot create the directory of the state, {}", dir.display())
        })?;
    }
    StateFile::open(&settings.state, &settings.account, context.clock).map(Some)
}

/// Where a job starts, why, and what that does to the saved position.
fn announce(job: &Job, state: Option<&Path>) -> String {
    let state = state.map(|path| path.display().to_string()).unwrap_or_default();
    let output = job.output.name();
    let to = if output == "-" { "stdout" } else { &output };
    match &job.mode {
        Mode::OneOff { start } if state.is_empty() => {
            format!("from {start} ({}) to {to}, a one-off", job.origin)
        }
        Mode::OneOff { start } => format!(
            "from {start} ({}) to {to}, a one-off: the saved position in {state} stays as it is",
            job.origin
        ),
        Mode::NewSeries { start } => {
            format!("from {start} ({}) to {to}, a new series saved in {state}", job.origin)
        }
        Mode::Series(series) => {
            let at = series.through.or_else(|| series.position.time());
            let at = at.map_or("the saved cursor".to_owned(), |time: UnixTime| time.to_string());
            format!("goes on from {at} to {to}, saved in {state}")
        }
    }
}

/// The request that a job begins with.
fn first(job: &Job) -> Request {
    let position = match &job.mode {
        Mode::OneOff { start } | Mode::NewSeries { start } => job.endpoint.pagination.start(*start),
        Mode::Series(series) => series.position.clone(),
    };
    debug_assert!(job.resource.endpoint(Some(state::pagination(&position))).is_some());
    export::request(job, &position, job.per_page)
}

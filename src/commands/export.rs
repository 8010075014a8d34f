//! `zdx export`: plan, then run.

use super::Context;
use crate::{
    api::auth::Authorizer,
    cli::{ExportArgs, SummaryFormat, When},
    disk,
    export::{self, Shared, summary},
    failure::{Exit, Failure, OrExit as _},
    mutex::lock,
    output::Output,
    pacer::{self, gate::Gate},
    plan::{self, Job, Known, Mode},
    position::Position,
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
    let result = export(args, context);
    match &result {
        // The last line for programs is that of a run, too, that ends before its first request.
        Err(failure) if args.summary == SummaryFormat::Json => {
            let exit = context.failed(failure);
            context.report.raw(&summary::json(&[], exit));
            Ok(exit)
        }
        _ => result,
    }
}

fn export(args: &ExportArgs, context: &Context) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    plan::check(args, now)?;
    if args.no_state && context.flags.state.is_some() {
        return Err(Failure::usage("--no-state keeps no positions: leave out --state"));
    }
    // `_sandbox` serves until the export is over.
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let mut state = open_state(args, &settings)?;
    let jobs = plan::plan(
        args,
        &Known {
            defaults: &settings.defaults,
            account: &settings.account,
            owned: match &state {
                Some(state) => state.owned_paths(),
                None => state::paths_owned_in(&settings.state, &settings.account),
            },
            state: state.as_ref(),
            now,
        },
    )?;
    let state_path = state.as_ref().map(|state| state.path().to_owned());
    for job in &jobs {
        context.report.note(Some(job.resource.name), &announce(job, state_path.as_deref()));
    }
    if args.dry_run {
        export::check(&jobs)?;
        for job in &jobs {
            let text = format!("would send GET {}{}", settings.base.origin, first(job).target());
            super::print(&format!("{}: {text}\n", job.resource.name))?;
        }
        return Ok(Exit::Done);
    }
    if context.progress != When::Never {
        let to_stdout = jobs.iter().any(|job| job.output == Output::Stdout);
        context.report.show_progress(context.progress == When::Always, to_stdout);
    }
    if let Some(state) = &mut state {
        state.begin_run(now);
    }
    let mut shared = shared(&settings, state, context);
    shared.limits.page_bytes = args.max_page_bytes.unwrap_or(shared.limits.page_bytes);
    shared.retry_for = args.retry_for.unwrap_or(shared.retry_for);
    shared.max_wait = args.max_wait.or(shared.max_wait);
    shared.jobs = args.jobs.map_or(usize::MAX, usize::from);
    shared.last_line = args.summary == SummaryFormat::Text;
    let limits = pacer::Limits {
        rate: args.rate.or(settings.defaults.rate),
        reserve: args.reserve.or(settings.defaults.reserve).unwrap_or(0),
    };
    shared.gate = Gate::new(limits, context.clock);
    let result = all(&jobs, &shared, args.summary);
    if let Some(state) = &shared.state {
        let exit = result.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
        lock(state).end_run(exit, context.clock.wall());
    }
    result
}

/// What jobs share when nothing was typed about it.
pub(super) fn shared<'a>(
    settings: &'a Settings,
    state: Option<StateFile>,
    context: &'a Context,
) -> Shared<'a> {
    Shared {
        base: &settings.base,
        limits: settings.limits,
        authorizer: Arc::new(Authorizer::new(settings.credentials.clone())),
        gate: Gate::new(pacer::Limits::default(), context.clock),
        state: state.map(Mutex::new),
        jobs: usize::MAX,
        retry_for: settings.defaults.retry_for.unwrap_or(RETRY_FOR),
        max_wait: settings.defaults.max_wait,
        clock: context.clock,
        stop: &context.stop,
        report: &context.report,
        last_line: true,
    }
}

/// Runs all jobs, and says how they ended together.
pub(super) fn all(
    jobs: &[Job],
    shared: &Shared<'_>,
    summary_format: SummaryFormat,
) -> Result<Exit, Failure> {
    let outcomes = export::run(jobs, shared)?;
    let exits: Vec<Exit> = outcomes.iter().map(|outcome| outcome.exit).collect();
    let exit = Exit::merge(&exits);
    if outcomes.iter().all(|outcome| outcome.out_of_reach) {
        return Err(Failure::new(Exit::Credentials, "the account can read none of the resources")
            .hint(
                "`zdx resources` says who can read what; with OAuth, the scope must be \"read\"",
            ));
    }
    if summary_format == SummaryFormat::Json {
        shared.report.raw(&summary::json(&outcomes, exit));
    }
    Ok(exit)
}

fn open_state(args: &ExportArgs, settings: &Settings) -> Result<Option<StateFile>, Failure> {
    if !plan::wants_state(args, settings.state_given) {
        return Ok(None);
    }
    if args.dry_run {
        return StateFile::look(&settings.state, &settings.account, !settings.state_given)
            .map(Some);
    }
    if !settings.state_given {
        let dir = disk::parent(&settings.state);
        disk::create_dirs_private(dir).or_exit(Exit::Output, || {
            format!("cannot create the directory of the state, {}", dir.display())
        })?;
    }
    let state = StateFile::open(&settings.state, &settings.account).map_err(|failure| {
        let failure = match args.since {
            Some(_) => failure.if_busy("add --no-state to look at records meanwhile"),
            None => failure,
        };
        failure.if_busy(
            "wait for it to end, or give this run a state and an output of its own, with --state \
             and -o",
        )
    })?;
    Ok(Some(state))
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
        Mode::OneOff { start } | Mode::NewSeries { start } => {
            Position::starting(job.endpoint.pagination, *start)
        }
        Mode::Series(series) => series.position.clone(),
    };
    debug_assert!(job.resource.endpoint(Some(position.pagination())).is_some());
    export::request(job, &position, job.per_page)
}

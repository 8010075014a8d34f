//! `zdx export`: plan, then run.

use super::{
    Context,
    announce::{self, Scene},
    objects::{self, Asks},
};
use crate::{
    api::{Limits, auth::Authorizer},
    cli::{ExportArgs, SummaryFormat, When},
    disk::{self, FileMode},
    export::{self, Ledger, Opened, Outputs, Over, Shared, summary},
    failure::{Exit, Failure, OrExit as _},
    mark::STDOUT,
    mutex::lock,
    output::{self, Names, Target},
    pacer::{self, gate::Gate},
    place::Place,
    plan::{self, Job, Known, Named, Saved},
    request::Request,
    retry::Budget,
    settings::Settings,
    shown::quoted,
    sink,
    state::{self, StateFile},
    time::UnixTime,
};
use std::{
    env, fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How a run asks, which is the same for all its jobs.
pub(super) struct Tuning {
    /// The largest page accepted.
    page_bytes: u64,
    retry_for: Duration,
    max_wait: Option<Duration>,
    /// How many resources run side by side.
    jobs: usize,
    /// Whether a job's last line is for people.
    last_line: bool,
    pace: pacer::Limits,
}

/// The whole budget of a failing request.
const RETRY_FOR: Duration = Duration::from_secs(900);

pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    let mut asked = args.asked();
    let window = asked.check(now)?;
    if args.no_state && context.flags.state.is_some() {
        return Err(Failure::usage("--no-state keeps no positions: leave out --state"));
    }
    // `_sandbox` serves until the export is over.
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let output = asked.output.take().or_else(|| settings.defaults.output.clone());
    let output = output.unwrap_or_else(|| STDOUT.to_owned());
    let target = output::target(&output);
    if target == Target::Device && wants_state(args, settings.state_given) {
        return Err(Failure::usage(format!("the output {output} is not a regular file"))
            .hint("a one-off may write to any device or FIFO: add --no-state"));
    }
    let to_files = target == Target::Files;
    asked.output = Some(if to_files { output.clone() } else { STDOUT.to_owned() });
    let passing = !to_files && is_passing(args, &settings, context);
    let mut state = match passing {
        true => None,
        false => open_state(args, &settings)?,
    };
    let tuning = tuning(args, &settings);
    let authorizer = Arc::new(Authorizer::new(settings.credentials.clone()));
    let objects = match plan::means_all(&asked, &settings.defaults) {
        true => {
            plan::check_all(&asked, &settings.defaults)?;
            let asks = if args.dry_run { Asks::No } else { Asks::Yes };
            let budget = Budget::new(tuning.retry_for, tuning.max_wait);
            objects::all(asks, budget, state.as_ref(), &settings, &authorizer, context)?
        }
        false => Vec::new(),
    };
    let named = plan::named(&asked, &settings.defaults, &objects)?;
    let saved = saved(state.as_ref(), &named, &settings, now)?;
    let names = Names { account: &settings.account, now };
    let known = Known { defaults: &settings.defaults, names, saved: &saved };
    let (named, startless) = plan::startless(window, named, &known);
    if !startless.is_empty() {
        let text = plan::how_to_begin(&startless, asked.output.as_deref());
        context
            .report
            .note_of(&startless, &format!("left out, nothing says where to start: {text}"));
    }
    let jobs = plan::jobs(&asked, window, &named, &known)?;
    let stdout = if target == Target::Device { &output } else { "stdout" };
    let scene = Scene { state: saved.state.as_deref(), passing, stdout };
    let announce = || {
        let announced = match context.report.is_for_programs() {
            true => announce::each(&jobs, &scene),
            false => announce::announcements(&jobs, &scene),
        };
        for (names, text) in plan::remarks(&asked, &jobs).into_iter().chain(announced) {
            context.report.note_of(&names, &text);
        }
    };
    if args.dry_run {
        export::check(&jobs)?;
        announce();
        for job in &jobs {
            let text = format!("would send GET {}{}", settings.base.origin, first(job).target());
            super::print(&format!("{}: {text}\n", job.resource.name))?;
        }
        return Ok(Exit::Done);
    }
    if target == Target::Device {
        // Its reader may be long in coming; and it begins no series.
        announce();
        sink::becomes(Path::new(&output), context.clock, &context.stop)?;
    }
    if context.progress != When::Never {
        let to_stdout = jobs.iter().any(|job| job.place == Place::Stdout);
        context.report.show_progress(context.progress == When::Always, to_stdout);
    }
    if let Some(state) = &mut state {
        state.begin_run(now);
    }
    let shared = Shared { authorizer, ..shared(&settings, state, context, &tuning) };
    let result = export::open(&jobs, &shared).and_then(|opened| {
        // Now it is so: a series that is told as begun is saved.
        if target != Target::Device {
            announce();
        }
        all(opened, &shared, args.summary)
    });
    if args.sandbox && args.summary == SummaryFormat::Text {
        jobs.iter().find_map(to_see).iter().for_each(|tip| context.report.tip(tip));
    }
    if let Some(state) = &shared.state {
        let exit = result.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
        lock(state).end_run(exit, context.clock.wall());
    }
    result
}

/// The line that shows a record of what was written, for whoever tries zdx out.
fn to_see(job: &Job) -> Option<String> {
    let Place::File(file) = &job.place else { return None };
    let written = fs::metadata(&file.path).ok().filter(|data| data.len() > 0);
    let here = env::current_dir().and_then(|dir| dir.canonicalize()).unwrap_or_default();
    let path = file.path.strip_prefix(here).unwrap_or(&file.path);
    let path = quoted(&path.to_string_lossy());
    let line = match file.path.extension().and_then(|end| end.to_str()) {
        Some("gz") => format!("gzip -dc {path} | head -n 1"),
        Some("zst") => format!("zstd -dc {path} | head -n 1"),
        _ => format!("head -n 1 {path}"),
    };
    written.map(|_| format!("to see a record: {line}"))
}

/// What is saved of what was asked for.
fn saved(
    state: Option<&StateFile>,
    named: &[Named],
    settings: &Settings,
    now: UnixTime,
) -> Result<Saved, Failure> {
    let Some(state) = state else {
        let owned = state::owned_in(&settings.state, &settings.account);
        let kept = disk::resolve_missing(&settings.state).ok();
        return Ok(Saved { owned, kept, ..Saved::default() });
    };
    let mut series = Vec::new();
    for Named { resource, .. } in named {
        let found =
            state.series(resource.name, now).map_err(|failure| failure.about(resource.name))?;
        series.extend(found.map(|series| (resource.name, series)));
    }
    let path = Some(state.path().to_owned());
    Ok(Saved { kept: path.clone(), state: path, series, owned: state.owned() })
}

/// How the run asks: what was typed, else what is configured.
fn tuning(args: &ExportArgs, settings: &Settings) -> Tuning {
    let usual = usual(settings);
    Tuning {
        page_bytes: args.max_page_bytes.unwrap_or(usual.page_bytes),
        retry_for: args.retry_for.unwrap_or(usual.retry_for),
        max_wait: args.max_wait.or(usual.max_wait),
        jobs: args.jobs.map_or(usual.jobs, usize::from),
        last_line: args.summary == SummaryFormat::Text,
        pace: pacer::Limits {
            rate: args.rate.or(settings.defaults.rate),
            reserve: args.reserve.or(settings.defaults.reserve).unwrap_or(0),
        },
    }
}

/// The same when nothing was typed about it.
pub(super) fn usual(settings: &Settings) -> Tuning {
    Tuning {
        page_bytes: settings.limits.page_bytes,
        retry_for: settings.defaults.retry_for.unwrap_or(RETRY_FOR),
        max_wait: settings.defaults.max_wait,
        jobs: usize::MAX,
        last_line: true,
        pace: pacer::Limits::default(),
    }
}

/// What jobs share.
pub(super) fn shared<'a>(
    settings: &'a Settings,
    state: Option<StateFile>,
    context: &'a Context,
    tuning: &Tuning,
) -> Shared<'a> {
    let remembered = state.as_ref().map(StateFile::remembered).unwrap_or_default();
    Shared {
        account: &settings.account,
        base: &settings.base,
        limits: Limits { page_bytes: tuning.page_bytes, ..settings.limits },
        authorizer: Arc::new(Authorizer::new(settings.credentials.clone())),
        gate: Gate::new(tuning.pace, context.clock),
        state: state.map(Mutex::new),
        jobs: tuning.jobs,
        retry_for: tuning.retry_for,
        max_wait: tuning.max_wait,
        clock: context.clock,
        stop: &context.stop,
        report: &context.report,
        last_line: tuning.last_line,
        over: Over::default(),
        outputs: Outputs::default(),
        memory: Ledger::new(remembered),
        file_mode: settings.defaults.file_mode.unwrap_or(FileMode::PRIVATE),
    }
}

/// Runs all jobs, and says how they ended together.
pub(super) fn all<'a>(
    opened: Opened<'a>,
    shared: &'a Shared<'a>,
    summary_format: SummaryFormat,
) -> Result<Exit, Failure> {
    let outcomes = export::run(opened, shared)?;
    let exits: Vec<Exit> = outcomes.iter().map(|outcome| outcome.exit).collect();
    let exit = Exit::merge(&exits);
    if outcomes.iter().all(|outcome| outcome.out_of_reach) {
        return Err(Failure::new(Exit::Credentials, "the account can read none of the resources")
            .hint(
                "`zdx resources` says who can read what; with OAuth, the scope must be \"read\"",
            ));
    }
    if summary_format == SummaryFormat::Json {
        shared.report.raw(&summary::json(&outcomes, exit, None));
    }
    Ok(exit)
}

/// Whether a state takes part at all.
fn wants_state(args: &ExportArgs, state_given: bool) -> bool {
    !args.no_state && args.until.is_none() && (!args.sandbox || state_given)
}

/// Rule 7: a `--since` to a terminal or a pipe, of which nothing is left, is a look and no series,
/// unless something says that a position is wanted.
fn is_passing(args: &ExportArgs, settings: &Settings, context: &Context) -> bool {
    let wanted = context.flags.state.is_some()
        || context.env.get("ZDX_STATE").is_some()
        || args.follow.is_some();
    args.since.is_some()
        && !wanted
        && wants_state(args, settings.state_given)
        && sink::is_passed_on()
}

fn open_state(args: &ExportArgs, settings: &Settings) -> Result<Option<StateFile>, Failure> {
    if !wants_state(args, settings.state_given) {
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

/// The request that a job begins with.
fn first(job: &Job) -> Request {
    let position = job.position();
    debug_assert!(job.resource.saving(position.pagination()).is_some());
    export::request(job, &position, job.per_page)
}

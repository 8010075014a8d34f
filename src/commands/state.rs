//! `zdx state`: the saved positions in words of a person, and the ways to change them. Needs no
//! network and no credentials.

use super::Context;
use crate::{
    cli::StateCommand,
    disk::ReplaceError,
    export,
    failure::{Exit, Failure, OrExit as _},
    mark::{Mark, Stage},
    output::{self, Names},
    place::{FilePlace, Owner, partial},
    plan,
    position::{Overlap, Position},
    resource::Resource,
    settings::{self, Place},
    shown::{ENDLESS, quoted},
    sink::{self, FileSink, Looked, Me, Ours, Purpose},
    state::{self, LastRun, Series, StateFile},
    time::{UnixTime, span},
    words::grouped,
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

pub(super) fn run(command: &StateCommand, context: &Context) -> Result<Exit, Failure> {
    let place = settings::place(&context.flags, &context.env)?;
    match command {
        StateCommand::Path { json } => {
            let path = place.absolute_state();
            match json {
                true => super::print_json(json!({"state": path})),
                false => super::print(&format!("{}\n", path.display())),
            }
            .map(|()| Exit::Done)
        }
        StateCommand::Show { json } => show(&place, *json, context.clock.wall()),
        StateCommand::Set { resource, since, json } => set(&place, resource, since, *json, context),
        StateCommand::Reset { resource, json } => reset(&place, resource, *json, context),
        StateCommand::Move { resources, output, json } => {
            relocate(&place, resources, output, *json, context)
        }
    }
}

fn show(place: &Place, as_json: bool, now: UnixTime) -> Result<Exit, Failure> {
    let all = state::saved(&place.state, &place.account, now)?;
    let last_run = state::last_run(&place.state);
    let path = place.state.display();
    if as_json {
        let rows: Vec<Value> =
            all.iter().map(|(name, series, at)| row(name, series, *at, now)).collect();
        let last_run = last_run.map(|run| {
            json!({
                "began": run.began.to_string(),
                "ended": run.end.map(|(at, _)| at.to_string()),
                "exit": run.end.map(|(_, exit)| exit),
                "running": run.is_running(),
            })
        });
        let document = json!({
            "state": place.absolute_state(),
            "account": place.account,
            "last_run": last_run,
            "resources": rows,
        });
        return super::print_json(document).map(|()| Exit::Done);
    }
    let mut out = match all.is_empty() {
        true => format!("no positions are saved in {path}\n"),
        false => format!("{path}\n"),
    };
    if let Some(run) = last_run {
        writeln!(out, "last run began {}", told(run, now)).expect(ENDLESS);
    }
    for (name, series, at) in &all {
        out.push_str(&words(name, series, *at, now));
    }
    super::print(&out).map(|()| Exit::Done)
}

fn row(name: &str, series: &Series, at: Option<UnixTime>, now: UnixTime) -> Value {
    let through = series.through.or_else(|| series.position.time());
    json!({
        "resource": name,
        "pagination": series.position.pagination().name(),
        "position_time": series.position.time().map(|time| time.to_string()),
        "through": through.map(|time| time.to_string()),
        "lag_seconds": through.map(|time| now.since(time).as_secs()),
        "output": series.output.path,
        "committed": series.output.file.map(|file| file.bytes),
        "saved_at": at.map(|time| time.to_string()),
    })
}

/// When a run began and what came of it.
fn told(run: LastRun, now: UnixTime) -> String {
    let LastRun { pid, began, end } = run;
    let ago = span(now.since(began));
    match end {
        Some((at, exit)) => {
            let took = span(at.since(began));
            format!("{began}, {ago} ago, took {took} and ended with exit {exit}")
        }
        None if run.is_running() => format!("{began}, {ago} ago, and goes on (pid {pid})"),
        None => format!("{began}, {ago} ago, and was killed"),
    }
}

fn words(name: &str, series: &Series, at: Option<UnixTime>, now: UnixTime) -> String {
    let mut out = format!("\n{name}\n");
    let time = |time: UnixTime| format!("{time}, {} ago", span(now.since(time)));
    if let Some(through) = series.through {
        writeln!(out, "  through   {}", time(through)).expect(ENDLESS);
    }
    let position = match (&series.position, series.position.time()) {
        (Position::Start(start), _) => format!("not yet begun, starts at {start}"),
        (Position::Cursor(_), Some(at)) => format!("a cursor at {at}"),
        (Position::Cursor(_), None) => "a cursor".to_owned(),
        (Position::Time(end_time), _) => format!("by time, at {end_time}"),
    };
    writeln!(out, "  position  {position}").expect(ENDLESS);
    let output = match (series.output.path.as_str(), series.output.file) {
        ("-", _) => "stdout".to_owned(),
        (path, Some(file)) => format!("{path}, {} bytes committed", grouped(file.bytes)),
        (path, None) => path.to_owned(),
    };
    writeln!(out, "  output    {output}").expect(ENDLESS);
    if let Some(at) = at {
        writeln!(out, "  saved     {}", time(at)).expect(ENDLESS);
    }
    out
}

/// Opens the state for a change, if it holds a series of this resource.
fn open(
    place: &Place,
    typed: &str,
    context: &Context,
) -> Result<(StateFile, &'static Resource, Series), Failure> {
    let resource = Resource::named(typed).map_err(Failure::usage)?;
    let missing = || {
        Failure::usage(format!(
            "no position of {} is saved in {}",
            resource.name,
            place.state.display()
        ))
        .hint("`zdx state show` lists what is saved; zdx export begins a series")
    };
    if !place.state.exists() {
        return Err(missing());
    }
    let state = StateFile::open(&place.state, &place.account)
        .map_err(|failure| failure.if_busy("wait for it to end, then change the position"))?;
    let series = state
        .series(resource.name, context.clock.wall())
        .map_err(|failure| failure.about(resource.name))?
        .ok_or_else(missing)?;
    Ok((state, resource, series))
}

fn set(
    place: &Place,
    typed: &str,
    since: &str,
    as_json: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    let start = plan::start(since, "--since", now)?;
    if let Ok(resource) = Resource::named(typed)
        && !resource.has_start()
    {
        let text = format!("{} has no start that could be set", resource.name);
        return Err(Failure::usage(text).hint(format!(
            "to take all of it once more: `zdx state reset {}`, then export it again",
            resource.name
        )));
    }
    let (mut state, resource, series) = open(place, typed, context)?;
    let backup = state.back_up(now)?;
    let position = Position::starting(series.position.pagination(), start);
    let moved = Series {
        overlap: Overlap::none(&position),
        position,
        through: Some(start),
        window: None,
        ..series
    };
    changed(state.save(resource.name, &moved, now), &state)?;
    let text = format!("goes on from {start}; the old state is kept in {}", backup.display());
    context.report.note(Some(resource.name), &text);
    if as_json {
        let from = start.to_string();
        let document = json!({"resource": resource.name, "from": from, "backup": backup});
        super::print_json(document)?;
    }
    Ok(Exit::Done)
}

fn reset(place: &Place, typed: &str, as_json: bool, context: &Context) -> Result<Exit, Failure> {
    let (mut state, resource, series) = open(place, typed, context)?;
    let backup = state.back_up(context.clock.wall())?;
    // The owner files first: an output that nobody's state knows, but that is owned, is in the way.
    for mark in series.marks() {
        if let Some(id) = series.id.filter(|_| mark.file.is_some() && mark.stage.is_none()) {
            sink::release(Path::new(&mark.path), id)?;
        }
        if mark.stage == Some(Stage::Partial) && !mark.is_untouched() {
            let left = partial(Path::new(&mark.path));
            let text = format!(
                "{} is not complete and stays as it is: rm {} when you do not want it",
                left.display(),
                quoted(&left.to_string_lossy())
            );
            context.report.warn(Some(resource.name), &text);
        }
    }
    changed(state.forget(resource.name).map(drop), &state)?;
    let text = format!("forgotten; the old state is kept in {}", backup.display());
    context.report.note(Some(resource.name), &text);
    if as_json {
        let document = json!({"resource": resource.name, "backup": backup});
        super::print_json(document)?;
    }
    Ok(Exit::Done)
}

/// Goes on with outputs that were moved by hand: all of those that are named, or none.
fn relocate(
    place: &Place,
    typed: &[String],
    output: &str,
    as_json: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    let names: Vec<String> = match typed {
        [] => with_files(&state::saved(&place.state, &place.account, now)?),
        typed => typed.to_vec(),
    };
    let Some(first) = names.first() else {
        return Err(Failure::usage(format!(
            "no output in a file is saved in {}",
            place.state.display()
        )));
    };
    if names.len() > 1 && !output::one_for_each(output) {
        return Err(Failure::usage("several resources cannot share one file")
            .hint("give a directory (-o out/) or a name with {resource}, or name one resource"));
    }
    let (mut state, ..) = open(place, first, context)?;
    let mut all = Vec::new();
    for typed in &names {
        let resource = Resource::named(typed).map_err(Failure::usage)?;
        let looked = look_moved(&state, resource, output, now);
        all.push(looked.map_err(|failure| failure.about(resource.name))?);
    }
    let backup = state.back_up(now)?;
    let mut rows = Vec::new();
    for Moved { resource, series, from, files, me } in all {
        for (file, looked) in files {
            FileSink::open(&file, looked, Some(&me))?;
        }
        changed(state.save(resource.name, &series, now), &state)?;
        from.iter().try_for_each(|old| sink::release(old, me.series))?;
        let to = &series.output.path;
        let text = format!("goes on in {to}; the old state is kept in {}", backup.display());
        context.report.note(Some(resource.name), &text);
        rows.push(json!({"resource": resource.name, "output": to}));
    }
    if as_json {
        let document = json!({"resources": rows, "backup": backup});
        super::print_json(document)?;
    }
    Ok(Exit::Done)
}

/// The resources whose outputs are files that grow.
fn with_files(all: &[(String, Series, Option<UnixTime>)]) -> Vec<String> {
    let grows = |mark: &Mark| mark.file.is_some() && mark.stage.is_none();
    all.iter()
        .filter(|(_, series, _)| grows(&series.output))
        .map(|(name, ..)| name.clone())
        .collect()
}

/// A series whose outputs were moved, each looked at where it is now.
struct Moved {
    resource: &'static Resource,
    series: Series,
    from: Vec<PathBuf>,
    files: Vec<(FilePlace, Looked)>,
    me: Me,
}

fn look_moved(
    state: &StateFile,
    resource: &'static Resource,
    output: &str,
    now: UnixTime,
) -> Result<Moved, Failure> {
    let saved = state.series(resource.name, now)?.ok_or_else(|| {
        Failure::usage(format!("no position is saved in {}", state.path().display()))
    })?;
    let names = Names { account: state.account(), now };
    let output = output::locate(output, resource.name, names)?;
    let (mut series, from) = plan::moved(resource.name, &saved, &output).map_err(|reason| {
        Failure::usage(format!("cannot go on in {}: {reason}", output.name()))
            .hint("move the file there first, as it is, with those of its sideloads")
    })?;
    let id = *series.id.get_or_insert_with(sink::drawn);
    let ours = Ours { series: id, open: series.open };
    let mut files = Vec::new();
    for mark in series.marks().filter(|mark| mark.file.is_some()) {
        let file = FilePlace::growing(PathBuf::from(&mark.path), Owner::Series(mark.clone()));
        let looked = sink::look(&file, Some(ours), Purpose::Write, &export::whereabouts)?;
        files.push((file, looked));
    }
    let me = Me {
        series: id,
        account: state.account().to_owned(),
        resource: resource.name.to_owned(),
        state: state.path().to_owned(),
    };
    Ok(Moved { resource, series, from, files, me })
}

fn changed(result: Result<(), ReplaceError>, state: &StateFile) -> Result<(), Failure> {
    result
        .map_err(ReplaceError::into_io)
        .or_exit(Exit::Output, || format!("cannot write {}", state.path().display()))
}

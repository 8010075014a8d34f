//! `zdx state`: the saved positions in words of a person, and the ways to change them. Needs no
//! network and no credentials.

use super::Context;
use crate::{
    cli::StateCommand,
    disk::ReplaceError,
    failure::{Exit, Failure, OrExit as _},
    plan,
    position::Position,
    resource::Resource,
    settings::{self, Place},
    shown::ENDLESS,
    state::{self, LastRun, Series, StateFile},
    time::{UnixTime, span},
    words::grouped,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn run(command: &StateCommand, context: &Context) -> Result<Exit, Failure> {
    let place = settings::place(&context.flags, &context.env)?;
    match command {
        StateCommand::Path { json } => {
            let path = place.absolute_state();
            let text = match json {
                true => json!({"state": path}).to_string(),
                false => path.display().to_string(),
            };
            super::print(&format!("{text}\n")).map(|()| Exit::Done)
        }
        StateCommand::Show { json } => show(&place, *json, context.clock.wall()),
        StateCommand::Set { resource, since, json } => set(&place, resource, since, *json, context),
        StateCommand::Reset { resource, json } => reset(&place, resource, *json, context),
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
        return super::print(&format!("{document}\n")).map(|()| Exit::Done);
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
        (Position::Time { end_time, .. }, _) => format!("by time, at {end_time}"),
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
    let (mut state, resource, series) = open(place, typed, context)?;
    let backup = state.back_up(now)?;
    let moved = Series {
        position: Position::starting(series.position.pagination(), start),
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
        super::print(&format!("{document}\n"))?;
    }
    Ok(Exit::Done)
}

fn reset(place: &Place, typed: &str, as_json: bool, context: &Context) -> Result<Exit, Failure> {
    let (mut state, resource, _) = open(place, typed, context)?;
    let backup = state.back_up(context.clock.wall())?;
    changed(state.forget(resource.name).map(drop), &state)?;
    let text = format!("forgotten; the old state is kept in {}", backup.display());
    context.report.note(Some(resource.name), &text);
    if as_json {
        let document = json!({"resource": resource.name, "backup": backup});
        super::print(&format!("{document}\n"))?;
    }
    Ok(Exit::Done)
}

fn changed(result: Result<(), ReplaceError>, state: &StateFile) -> Result<(), Failure> {
    result
        .map_err(ReplaceError::into_io)
        .or_exit(Exit::Output, || format!("cannot write {}", state.path().display()))
}

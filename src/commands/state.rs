//! `zdx state`: the saved positions in words of a person, and the ways to change them. Needs no
//! network and no credentials.

use super::Context;
use crate::{
    cli::{StateCommand, one_by_one},
    disk::{FileMode, ReplaceError},
    export,
    failure::{Exit, Failure, OrExit as _},
    mark::{Mark, Stage},
    output::{self, Names},
    place::{FilePlace, Owner, partial},
    plan::{self, NotMoved},
    position::{Overlap, Position},
    resource::{ALL_LISTS, LISTS, Resource},
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
        StateCommand::Show { resources, json } => {
            show(&place, resources, *json, context.clock.wall())
        }
        StateCommand::Set { resources, since, json } => {
            set(&place, resources, since, *json, context)
        }
        StateCommand::Reset { resources, json } => reset(&place, resources, *json, context),
        StateCommand::Move { resources, output, json } => {
            relocate(&place, resources, output, *json, context)
        }
    }
}

fn show(place: &Place, typed: &[String], as_json: bool, now: UnixTime) -> Result<Exit, Failure> {
    let mut all = state::saved(&place.state, &place.account, now)?;
    let typed = &with_lists(place, typed, now)?;
    if let Wanted::Named(names) = wanted(typed)? {
        if let Some(missing) = names.iter().find(|name| !all.iter().any(|(has, ..)| has == *name)) {
            return Err(nothing_saved(place, missing));
        }
        all.retain(|(name, ..)| names.contains(&name.as_str()));
    }
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
        (Position::Start(start), _) if series.through.is_some() => format!("set to {start}"),
        (Position::Start(start), _) => format!("not yet begun, starts at {start}"),
        (Position::Cursor(_), Some(at)) => format!("a cursor at {at}"),
        (Position::Cursor(_), None) => "a cursor".to_owned(),
        (Position::Time(end_time), _) => format!("by time, at {end_time}"),
        (Position::Snapshot(_), _) => "a list, taken whole at every run".to_owned(),
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

/// Whose positions are meant.
enum Wanted {
    /// All that are saved.
    All,
    Named(Vec<&'static str>),
}

/// Reads what was typed; nothing means all, too.
fn wanted(typed: &[String]) -> Result<Wanted, Failure> {
    let mut names: Vec<&'static str> = Vec::new();
    let mut all = typed.is_empty();
    for typed in one_by_one(typed) {
        if typed == "all" {
            all = true;
            continue;
        }
        let name = Resource::named(&typed).map_err(Failure::usage)?.name;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(if all { Wanted::All } else { Wanted::Named(names) })
}

/// `lists` spelled out: those that are saved.
fn with_lists(place: &Place, typed: &[String], now: UnixTime) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for typed in one_by_one(typed) {
        if typed != ALL_LISTS {
            names.push(typed);
            continue;
        }
        let saved = saved_names(place, now)?;
        let lists: Vec<String> =
            saved.into_iter().filter(|name| LISTS.iter().any(|list| list.name == name)).collect();
        if lists.is_empty() {
            return Err(nothing_saved(place, "any list"));
        }
        names.extend(lists);
    }
    Ok(names)
}

fn nothing_saved(place: &Place, name: &str) -> Failure {
    let path = place.state.display();
    Failure::usage(format!("no position of {name} is saved in {path}"))
        .hint("`zdx state show` lists what is saved; zdx export begins a series")
}

/// A resource and its series, as it is saved.
type Saved = (&'static Resource, Series);

/// Opens the state for a change of these series. One that is not there stops it for all.
fn open(
    place: &Place,
    wanted: Wanted,
    context: &Context,
) -> Result<(StateFile, Vec<Saved>), Failure> {
    let now = context.clock.wall();
    let none = || Failure::usage(format!("no positions are saved in {}", place.state.display()));
    if !place.state.exists() {
        return Err(match wanted {
            Wanted::Named(names) => {
                names.first().map_or_else(none, |name| nothing_saved(place, name))
            }
            Wanted::All => none(),
        });
    }
    let state = StateFile::open(&place.state, &place.account)
        .map_err(|failure| failure.if_busy("wait for it to end, then change the position"))?;
    let names = match wanted {
        Wanted::Named(names) => names.into_iter().map(str::to_owned).collect(),
        Wanted::All => saved_names(place, now)?,
    };
    let mut all = Vec::new();
    for name in names {
        let resource = Resource::named(&name).map_err(Failure::usage)?;
        let series = state.series(resource.name, now);
        let series = series.map_err(|failure| failure.about(resource.name))?;
        all.push((resource, series.ok_or_else(|| nothing_saved(place, resource.name))?));
    }
    if all.is_empty() { Err(none()) } else { Ok((state, all)) }
}

fn saved_names(place: &Place, now: UnixTime) -> Result<Vec<String>, Failure> {
    let all = state::saved(&place.state, &place.account, now)?;
    Ok(all.into_iter().map(|(name, ..)| name).collect())
}

fn set(
    place: &Place,
    typed: &[String],
    since: &str,
    as_json: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let now = context.clock.wall();
    let start = plan::start(since, "--since", now)?;
    let wanted = wanted(&with_lists(place, typed, now)?)?;
    if let Wanted::Named(names) = &wanted {
        names.iter().try_for_each(|name| check_movable(name))?;
    }
    let (mut state, mut all) = open(place, wanted, context)?;
    all.retain(|(resource, _)| !resource.is_list());
    if let Some((resource, _)) = all.iter().find(|(resource, _)| !resource.has_start()) {
        let text = format!("{} has no start that could be set", resource.name);
        return Err(Failure::usage(text).hint(format!(
            "to take all of it once more: `zdx state reset {}`, then export it again",
            resource.name
        )));
    }
    let moved: Vec<(&str, Series)> = all
        .iter()
        .map(|(resource, series)| {
            let position = Position::starting(series.position.pagination(), start);
            let overlap = Overlap::none(&position);
            let series = series.clone();
            let through = Some(start);
            (resource.name, Series { overlap, position, through, window: None, ..series })
        })
        .collect();
    let backup = state.back_up(now)?;
    let rows: Vec<(&str, &Series)> = moved.iter().map(|(name, series)| (*name, series)).collect();
    changed(state.save_all(&rows, now), &state)?;
    for (resource, series) in &all {
        let (text, loses) = from_here(start, stood(series));
        match loses {
            true => context.report.warn(Some(resource.name), &text),
            false => context.report.note(Some(resource.name), &text),
        }
    }
    kept(&backup, context);
    if as_json {
        let from = start.to_string();
        let rows = all.iter().map(|(resource, series)| {
            let was = stood(series).map(|time| time.to_string());
            json!({"resource": resource.name, "from": from, "was": was})
        });
        print_changes(rows.collect(), &backup)?;
    }
    Ok(Exit::Done)
}

/// A list has no position to move.
fn check_movable(name: &str) -> Result<(), Failure> {
    match Resource::named(name) {
        Ok(resource) if resource.is_list() => Err(Failure::usage(format!(
            "{name} is a list, which has no position: every run takes all of it"
        ))),
        _ => Ok(()),
    }
}

/// How far a series has come; `None` if it has not begun.
fn stood(series: &Series) -> Option<UnixTime> {
    match series.position {
        Position::Start(_) | Position::Snapshot(_) => series.through,
        Position::Cursor(_) | Position::Time(_) => series.position.time().or(series.through),
    }
}

/// What a series that stood there comes to when it goes on from `start`, and whether that leaves
/// something out.
fn from_here(start: UnixTime, stood: Option<UnixTime>) -> (String, bool) {
    match stood {
        None => (format!("starts at {start}"), false),
        Some(stood) if start < stood => {
            let back = span(stood.since(start));
            let twice = "what changed between is written a second time";
            (format!("goes on from {start}, {back} before {stood}, where it stood: {twice}"), false)
        }
        Some(stood) if start > stood => {
            let ahead = span(start.since(stood));
            let never = "what changed between and is not written yet never will be";
            (format!("goes on from {start}, {ahead} after {stood}, where it stood: {never}"), true)
        }
        Some(_) => (format!("goes on from {start}, where it stood"), false),
    }
}

fn kept(backup: &Path, context: &Context) {
    context.report.note(None, &format!("the old state is kept in {}", backup.display()));
}

/// Prints which series were changed. Of one alone, its members stand at the top, too.
fn print_changes(rows: Vec<Value>, backup: &Path) -> Result<(), Failure> {
    let mut document = match rows.as_slice() {
        [one] => one.clone(),
        _ => json!({}),
    };
    document["resources"] = Value::from(rows);
    document["backup"] = json!(backup);
    super::print_json(document)
}

fn reset(
    place: &Place,
    typed: &[String],
    as_json: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let typed = with_lists(place, typed, context.clock.wall())?;
    let (mut state, all) = open(place, wanted(&typed)?, context)?;
    let backup = state.back_up(context.clock.wall())?;
    // The owner files first: an output that nobody's state knows, but that is owned, is in the way.
    for (resource, series) in &all {
        release(resource, series, context)?;
    }
    let names: Vec<&str> = all.iter().map(|(resource, _)| resource.name).collect();
    changed(state.forget(&names).map(drop), &state)?;
    for name in &names {
        context.report.note(Some(name), "forgotten");
    }
    kept(&backup, context);
    if as_json {
        let rows = names.iter().map(|name| json!({"resource": name}));
        print_changes(rows.collect(), &backup)?;
    }
    Ok(Exit::Done)
}

/// Gives up the outputs of a series.
fn release(resource: &Resource, series: &Series, context: &Context) -> Result<(), Failure> {
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
    Ok(())
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
    let names: Vec<String> = match wanted(typed)? {
        Wanted::All => with_files(&state::saved(&place.state, &place.account, now)?),
        Wanted::Named(names) => names.into_iter().map(str::to_owned).collect(),
    };
    if names.is_empty() {
        return Err(Failure::usage(format!(
            "no output in a file is saved in {}",
            place.state.display()
        )));
    }
    if names.len() > 1 && !output::one_for_each(output) {
        return Err(Failure::usage("several resources cannot share one file")
            .hint("give a directory (-o out/) or a name with {resource}, or name one resource"));
    }
    let (mut state, saved) = open(place, wanted(&names)?, context)?;
    let mut all = Vec::new();
    for (resource, series) in saved {
        let looked = look_moved(&state, (resource, &series), output, now);
        all.push(looked.map_err(|failure| failure.about(resource.name))?);
    }
    let backup = state.back_up(now)?;
    let mut rows = Vec::new();
    for Moved { resource, series, from, files, me } in all {
        for (file, looked) in files {
            FileSink::open(&file, looked, Some(&me), FileMode::PRIVATE)?;
        }
        // Before the state forgets them: nothing else would remove their owner files.
        from.iter().try_for_each(|old| sink::release(old, me.series))?;
        changed(state.save(resource.name, &series, now), &state)?;
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
    (resource, saved): (&'static Resource, &Series),
    output: &str,
    now: UnixTime,
) -> Result<Moved, Failure> {
    let names = Names { account: state.account(), now };
    let output = output::locate(output, resource.name, names)?;
    let moved = plan::moved(resource.name, saved, &output);
    let (mut series, from) = moved.map_err(|NotMoved { reason, way_out }| {
        let first = "move the file there first, as it is, with those of its sideloads";
        Failure::usage(format!("cannot go on in {}: {reason}", output.name()))
            .hint(way_out.as_deref().unwrap_or(first))
    })?;
    let id = *series.id.get_or_insert_with(sink::drawn);
    let ours = Ours { series: id, open: series.open };
    let mut files = Vec::new();
    for mark in series.marks().filter(|mark| mark.file.is_some()) {
        plan::check_not_kept(Path::new(&mark.path), Some(state.path()))?;
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

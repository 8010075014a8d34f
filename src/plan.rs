//! The plan: what was typed, what is configured and what is saved, resolved to one job for each
//! resource. Every refusal happens here, before the first request.
//!
//! Decides where a run starts. Must not know requests. The last module that sees clap types.

use crate::{
    cli::{ExportArgs, INTERVAL, OnOverflow, SupportTypeScope},
    disk,
    failure::{Exit, Failure, closest},
    output::{self, Names, Output},
    record::LoneSurrogates,
    resource::{Endpoint, Pagination, Parameter, Place, RESOURCES, Resource, Sideload},
    retry,
    settings::{self, Configured, Defaults},
    shown::quoted,
    sink::{Existing, STDOUT},
    state::{Series, StateFile},
    time::{self, UnixTime},
};
use std::time::Duration;

/// The export of one resource.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) resource: &'static Resource,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) mode: Mode,
    /// Where the start came from, for the line on stderr.
    pub(crate) origin: String,
    pub(crate) output: Output,
    pub(crate) existing: Existing,
    pub(crate) include: Vec<&'static Sideload>,
    /// Records per page; the server's own default where the resource takes no page size.
    pub(crate) per_page: u16,
    pub(crate) exclude_deleted: bool,
    pub(crate) support_type_scope: Option<&'static str>,
    /// Leave out records that changed at or after this time, and stop behind it.
    pub(crate) until: Option<UnixTime>,
    /// Leave out tickets whose `updated_at` lies before this time.
    pub(crate) updated_since: Option<UnixTime>,
    pub(crate) limit: Option<u64>,
    pub(crate) max_pages: Option<u64>,
    pub(crate) envelope: bool,
    pub(crate) surrogates: LoneSurrogates,
    pub(crate) skip_second: bool,
    /// How long after catching up to ask again; `None` ends the run there.
    pub(crate) follow: Option<Duration>,
    /// Named by `all`: one that the account cannot reach is left out, not an error.
    pub(crate) optional: bool,
}

/// How a run relates to the saved position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Neither reads nor moves one.
    OneOff { start: UnixTime },
    /// Begins a series, whose start is saved before the first request.
    NewSeries { start: UnixTime },
    /// Goes on from the saved one, and moves it.
    Series(Box<Series>),
}

impl Mode {
    /// What is saved of the series that is gone on with.
    pub(crate) fn saved(&self) -> Option<&Series> {
        match self {
            Mode::Series(series) => Some(series),
            Mode::OneOff { .. } | Mode::NewSeries { .. } => None,
        }
    }

    /// Whether a position moves with what is written.
    pub(crate) fn in_series(&self) -> bool {
        match self {
            Mode::OneOff { .. } => false,
            Mode::NewSeries { .. } | Mode::Series(_) => true,
        }
    }
}

impl Job {
    /// The sideloads that come beside the records, each with its output.
    pub(crate) fn beside(&self) -> impl Iterator<Item = (&'static str, Output)> {
        let beside = self.include.iter().filter(|sideload| sideload.place == Place::Page);
        beside
            .map(|sideload| (sideload.name, self.output.beside(self.resource.name, sideload.name)))
    }
}

/// What a plan is made of, besides what was typed.
pub(crate) struct Known<'a> {
    pub(crate) defaults: &'a Defaults,
    pub(crate) account: &'a str,
    /// `None` when no state takes part.
    pub(crate) state: Option<&'a StateFile>,
    /// The outputs of the account's series, with their resources, whether a state takes part or
    /// not.
    pub(crate) owned: Vec<(String, String)>,
    pub(crate) now: UnixTime,
}

/// The server refuses a start_time of its last minute, and one that is exactly a minute old: API
/// notes §5.
pub(crate) const YOUNGEST: Duration = Duration::from_secs(61);

/// A script's `date` and ours may differ by so much where both mean now.
const SAME_MOMENT: Duration = Duration::from_secs(5);

/// Whether a state takes part at all.
pub(crate) fn wants_state(args: &ExportArgs, state_given: bool) -> bool {
    !args.no_state && args.until.is_none() && (!args.sandbox || state_given)
}

/// Refuses what can be refused by what was typed alone, before any setting is looked at.
pub(crate) fn check(args: &ExportArgs, now: UnixTime) -> Result<(), Failure> {
    window(args, now)?;
    for typed in args.resources.iter().filter(|typed| *typed != "all") {
        let resource = Resource::named(typed).map_err(|error| {
            let failure = Failure::usage(error);
            match args.follow.is_some() && settings::duration(typed).is_ok() {
                true => failure.hint(INTERVAL),
                false => failure,
            }
        })?;
        check_parameters(args, resource)
            .and_then(|()| include(args, resource))
            .map_err(|failure| failure.about(resource.name))?;
    }
    Ok(())
}

/// What the flags say of the window: its start and its end.
fn window(
    args: &ExportArgs,
    now: UnixTime,
) -> Result<(Option<UnixTime>, Option<UnixTime>), Failure> {
    let since = args.since.as_deref().map(|text| start(text, "--since", now)).transpose()?;
    let until = args.until.as_deref().map(|text| moment(text, "--until", now)).transpose()?;
    if let Some(until) = until.filter(|until| *until > now.plus(SAME_MOMENT)) {
        return Err(Failure::usage(format!("--until {until} is in the future"))
            .hint("leave it out to export all that there is"));
    }
    if until.is_some() && since.is_none() {
        return Err(Failure::usage("--until makes a run a one-off, which needs a --since")
            .hint("say where to start, as in --since 30d, or leave out --until"));
    }
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        return Err(Failure::usage(format!("--until {until} is not after --since {since}"))
            .hint("give the earlier time to --since; in durations back from now, the longer one"));
    }
    Ok((since, until))
}

pub(crate) fn plan(args: &ExportArgs, known: &Known<'_>) -> Result<Vec<Job>, Failure> {
    let asked = resources(args, known)?;
    let typed = args.output.clone().or_else(|| known.defaults.output.clone());
    let typed = typed.unwrap_or_else(|| STDOUT.to_owned());
    check_sharing(&asked, &typed, args)?;
    let (since, until) = window(args, known.now)?;
    if typed == STDOUT && (args.append || args.overwrite) {
        return Err(Failure::usage(
            "--append and --overwrite are for files: stdout has no content",
        )
        .hint("leave them out, or name a file with -o"));
    }
    if typed.contains("{run}") && (args.append || args.overwrite) {
        return Err(Failure::usage(
            "with {run} each run writes a new file: leave out --append and --overwrite",
        ));
    }
    if args.follow.is_some_and(|interval| interval.is_zero()) {
        return Err(Failure::usage("--follow without an interval would never rest"));
    }
    if args.follow.is_some() && (args.until.is_some() || typed.contains("{run}")) {
        return Err(Failure::usage(
            "--follow never ends by itself: leave out --until, and {run} in the output",
        ));
    }
    if args.follow.is_some() && args.jobs.is_some_and(|jobs| usize::from(jobs) < asked.len()) {
        return Err(Failure::usage(
            "--follow never ends by itself: with fewer --jobs than resources some would never begin",
        ));
    }
    let names = Names { account: known.account, now: known.now };
    let jobs: Vec<Job> = asked
        .iter()
        .map(|(resource, optional)| {
            let output = output::locate(&typed, resource.name, names)?;
            job(args, known, resource, *optional, since, until, output)
                .map_err(|failure| failure.about(resource.name))
        })
        .collect::<Result<_, _>>()?;
    let by_cursor = |job: &Job| job.endpoint.pagination == Pagination::Cursor;
    if args.on_overflow == OnOverflow::SkipSecond && jobs.iter().all(by_cursor) {
        return Err(Failure::usage(
            "--on-overflow is for paging by time: a cursor gets past any second",
        )
        .hint("leave it out, or page by time with --pagination time"));
    }
    Ok(jobs)
}

/// One page of a resource's sample endpoint, to stdout.
pub(crate) fn sample(typed: &str, since: &str, now: UnixTime) -> Result<Job, Failure> {
    let resource = Resource::named(typed).map_err(Failure::usage)?;
    let Some(endpoint) = &resource.sample else {
        let sampled: Vec<&str> = RESOURCES
            .iter()
            .filter(|resource| resource.sample.is_some())
            .map(|resource| resource.name)
            .collect();
        return Err(Failure::usage(format!("{} has no sample endpoint", resource.name))
            .hint(format!("there are samples of {}", sampled.join(", "))));
    };
    let start = start(since, "--since", now)?;
    Ok(Job {
        endpoint,
        origin: format!("--since {since}"),
        per_page: SAMPLE,
        max_pages: Some(1),
        ..bare(resource, start)
    })
}

/// The smallest export of a resource, to see whether it can be read.
pub(crate) fn probe(resource: &'static Resource, start: UnixTime) -> Job {
    Job { per_page: 1, max_pages: Some(1), ..bare(resource, start) }
}

/// A one-off to stdout that asks for nothing special.
fn bare(resource: &'static Resource, start: UnixTime) -> Job {
    Job {
        resource,
        endpoint: resource.endpoint(None).expect("every resource has an endpoint"),
        mode: Mode::OneOff { start },
        origin: String::new(),
        output: Output::Stdout,
        existing: Existing::Refuse,
        include: Vec::new(),
        per_page: retry::LARGEST,
        exclude_deleted: false,
        support_type_scope: None,
        until: None,
        updated_since: None,
        limit: None,
        max_pages: None,
        envelope: false,
        surrogates: LoneSurrogates::Replace,
        skip_second: false,
        follow: None,
        optional: false,
    }
}

/// The most records of a sample, whatever is asked for (API notes §4.3).
const SAMPLE: u16 = 50;

/// The resources that were named, each once; the flag says that `all` named it.
fn resources(
    args: &ExportArgs,
    known: &Known<'_>,
) -> Result<Vec<(&'static Resource, bool)>, Failure> {
    let mut asked: Vec<(&'static Resource, bool)> = Vec::new();
    let mut add = |resource: &'static Resource, optional: bool| {
        match asked.iter_mut().find(|(known, _)| known.name == resource.name) {
            // What is named besides `all` is not optional.
            Some((_, known)) => *known &= optional,
            None => asked.push((resource, optional)),
        }
    };
    for typed in &args.resources {
        match (typed.as_str(), &known.defaults.resources) {
            ("all", Some(names)) => {
                for name in names {
                    let resource = Resource::named(name).map_err(|error| {
                        Failure::new(Exit::Config, format!("resources: {error}"))
                    })?;
                    add(resource, false);
                }
            }
            ("all", None) => RESOURCES.iter().for_each(|resource| add(resource, true)),
            (name, _) => add(Resource::named(name).map_err(Failure::usage)?, false),
        }
    }
    if asked.is_empty() {
        return Err(Failure::new(Exit::Config, "resources in the config file is empty"));
    }
    Ok(asked)
}

/// Refuses several kinds of records in one stream that nothing tells apart.
fn check_sharing(
    asked: &[(&'static Resource, bool)],
    typed: &str,
    args: &ExportArgs,
) -> Result<(), Failure> {
    let several = asked.len() > 1;
    if typed == STDOUT {
        let sideloads = args.include.iter().any(|name| {
            asked.iter().any(|(resource, _)| {
                resource.sideload(name).is_some_and(|found| found.place == Place::Page)
            })
        });
        if (several || sideloads) && !args.envelope {
            return Err(Failure::usage("several kinds of records cannot share stdout")
                .hint("add --envelope, or give a directory: -o out/"));
        }
    } else if several && !output::one_for_each(typed) {
        return Err(Failure::usage("several resources cannot share one file")
            .hint("give a directory (-o out/) or a name with {resource}"));
    }
    Ok(())
}

fn moment(text: &str, flag: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    time::parse(text, now).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// A time to start from: not in the future, and clamped to what the server serves.
pub(crate) fn start(text: &str, origin: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    let time = moment(text, origin, now)?;
    if time > now {
        return Err(Failure::usage(format!("{origin} {time} is in the future")));
    }
    Ok(time.min(now.minus(YOUNGEST)))
}

fn job(
    args: &ExportArgs,
    known: &Known<'_>,
    resource: &'static Resource,
    optional: bool,
    since: Option<UnixTime>,
    until: Option<UnixTime>,
    output: Output,
) -> Result<Job, Failure> {
    check_parameters(args, resource)?;
    let include = include(args, resource)?;
    let endpoint = resource.endpoint(args.pagination).ok_or_else(|| {
        let only = resource.endpoints.first().map_or("", |endpoint| endpoint.pagination.name());
        Failure::usage(format!("pages by {only} only"))
    })?;
    let saved = match known.state {
        Some(state) => state.series(resource.name, known.now)?,
        None => None,
    };
    if let Some(series) = &saved {
        check_kind(known, resource, series)?;
    }
    let fallback = match (&known.defaults.start, since, &saved) {
        (Some(configured), None, None) => {
            let Configured { text, place } = configured;
            let start = start(text, place, known.now);
            Some(start.map_err(|failure| Failure { exit: Exit::Config, ..failure })?)
        }
        (_, _, _) => None,
    };
    let mode = mode(since, saved, fallback, known.state.is_some())?;
    if let Mode::Series(series) = &mode {
        check_same(args, resource, series, &output)?;
    }
    let endpoint = match &mode {
        Mode::Series(series) => {
            resource.endpoint(Some(series.position.pagination())).unwrap_or(endpoint)
        }
        Mode::OneOff { .. } | Mode::NewSeries { .. } => endpoint,
    };
    let window_start = match &mode {
        Mode::OneOff { start } | Mode::NewSeries { start } => Some(*start),
        Mode::Series(series) => series.window.or(series.through).or_else(|| series.position.time()),
    };
    let has_had_pages = mode.saved().is_some_and(Series::has_had_pages);
    let origin = match (&args.since, &known.defaults.start) {
        (Some(text), _) => format!("--since {text}"),
        (None, Some(Configured { text, .. })) => format!("start = \"{text}\""),
        (None, None) => String::new(),
    };
    let job = Job {
        resource,
        endpoint,
        mode,
        origin,
        output,
        existing: match (args.append, args.overwrite) {
            (true, _) => Existing::Append,
            (_, true) => Existing::Overwrite,
            (false, false) => Existing::Refuse,
        },
        include,
        per_page: match resource.takes(Parameter::PerPage) {
            true => args.per_page.or(known.defaults.per_page).unwrap_or(retry::LARGEST),
            false => retry::LARGEST,
        },
        exclude_deleted: args.exclude_deleted,
        support_type_scope: args.support_type_scope.map(|scope| match scope {
            SupportTypeScope::Agent => "agent",
            SupportTypeScope::AiAgent => "ai_agent",
            SupportTypeScope::All => "all",
        }),
        until,
        updated_since: window_start.filter(|_| args.exclude_system_updates),
        limit: args.limit,
        max_pages: args.max_pages,
        envelope: args.envelope,
        surrogates: if args.raw { LoneSurrogates::Keep } else { LoneSurrogates::Replace },
        skip_second: args.on_overflow == OnOverflow::SkipSecond,
        follow: args.follow,
        // That what has been exported before is out of reach now is news.
        optional: optional && !has_had_pages,
    };
    let own = job.mode.saved().map(|_| resource.name);
    check_not_owned(known, &job.output, own)?;
    job.beside().try_for_each(|(_, output)| check_not_owned(known, &output, own))?;
    Ok(job)
}

/// A parameter that a resource does not take is refused rather than ignored.
fn check_parameters(args: &ExportArgs, resource: &Resource) -> Result<(), Failure> {
    for (given, parameter, flag) in [
        (args.per_page.is_some(), Parameter::PerPage, "--per-page"),
        (args.exclude_deleted, Parameter::ExcludeDeleted, "--exclude-deleted"),
        (args.support_type_scope.is_some(), Parameter::SupportTypeScope, "--support-type-scope"),
    ] {
        if given && !resource.takes(parameter) {
            let takers: Vec<&str> = RESOURCES
                .iter()
                .filter(|resource| resource.takes(parameter))
                .map(|resource| resource.name)
                .collect();
            return Err(Failure::usage(format!("does not take {flag}"))
                .hint(format!("{flag} is for {}", takers.join(", "))));
        }
    }
    if args.exclude_system_updates && resource.change_time != "generated_timestamp" {
        return Err(Failure::usage(
            "does not take --exclude-system-updates: only tickets have such updates",
        ));
    }
    Ok(())
}

fn include(args: &ExportArgs, resource: &Resource) -> Result<Vec<&'static Sideload>, Failure> {
    let mut include: Vec<&'static Sideload> = Vec::new();
    for name in &args.include {
        let Some(sideload) = resource.sideload(name) else {
            let names = || resource.sideloads.iter().map(|sideload| sideload.name);
            let failure = Failure::usage(format!("no such sideload: \"{}\"", name.escape_debug()));
            let others: Vec<&str> = RESOURCES
                .iter()
                .filter(|other| other.sideload(name).is_some())
                .map(|other| other.name)
                .collect();
            let all = names().collect::<Vec<_>>().join(", ");
            return Err(match (closest(name, names()), all) {
                (_, all) if !others.is_empty() => {
                    let failure = failure.hint(format!("{name} belongs to {}", others.join(", ")));
                    if all.is_empty() { failure } else { failure.hint(format!("it has {all}")) }
                }
                (Some(near), _) => failure.hint(format!("did you mean \"{near}\"?")),
                (None, all) if all.is_empty() => failure,
                (None, all) => failure.hint(format!("it has {all}")),
            });
        };
        if !include.iter().any(|known| known.name == sideload.name) {
            include.push(sideload);
        }
    }
    Ok(include)
}

/// The README's "Where a run starts", rules 1 to 4.
fn mode(
    since: Option<UnixTime>,
    saved: Option<Series>,
    fallback: Option<UnixTime>,
    has_state: bool,
) -> Result<Mode, Failure> {
    match (since, saved, fallback) {
        (None, Some(series), _) => Ok(Mode::Series(Box::new(series))),
        (Some(start), Some(_), _) => Ok(Mode::OneOff { start }),
        (Some(start), None, _) | (None, None, Some(start)) if has_state => {
            Ok(Mode::NewSeries { start })
        }
        (Some(start), None, _) | (None, None, Some(start)) => Ok(Mode::OneOff { start }),
        (None, None, None) => Err(Failure::usage("nothing says where to start")
            .hint("pass --since, as in --since 30d, or set start in the profile")),
    }
}

/// A position must be of a kind that its resource pages by.
fn check_kind(known: &Known<'_>, resource: &Resource, series: &Series) -> Result<(), Failure> {
    let pagination = series.position.pagination();
    if resource.endpoint(Some(pagination)).is_some() {
        return Ok(());
    }
    let path = known.state.map(|state| state.path().display().to_string()).unwrap_or_default();
    Err(Failure::new(
        Exit::Config,
        format!(
            "the position saved in {path} is one of {} paging, which {} does not have",
            pagination.name(),
            resource.name
        ),
    ))
}

/// Rule 5: a position belongs to its output, and to its way of paging.
fn check_same(
    args: &ExportArgs,
    resource: &Resource,
    series: &Series,
    output: &Output,
) -> Result<(), Failure> {
    let saved = series.position.pagination();
    if let Some(asked) = args.pagination.filter(|asked| *asked != saved) {
        return Err(Failure::usage(format!(
            "--pagination {} contradicts the saved position, which is one of {} paging",
            asked.name(),
            saved.name()
        ))
        .hint(match series.through.or_else(|| series.position.time()) {
            Some(through) => format!(
                "leave out --pagination, or begin anew: {}",
                anew(resource, Some(asked), through, output)
            ),
            None => "leave out --pagination".to_owned(),
        }));
    }
    let same = match output {
        Output::File { template: Some(template), .. } => {
            series.output.template.as_ref() == Some(template)
        }
        Output::File { .. } | Output::Stdout => {
            series.output.template.is_none() && series.output.path == output.name()
        }
    };
    if !same {
        let was = series.output.template.as_ref().unwrap_or(&series.output.path);
        let here = output.name();
        let named = |output: &str| match output {
            STDOUT => "stdout".to_owned(),
            path => path.to_owned(),
        };
        let failure = Failure::usage(format!(
            "the saved position belongs to the output {}, not to {}: going on here would leave a \
             hole there",
            named(was),
            named(&here)
        ))
        .hint(format!("go on there with -o {}", quoted(was)));
        let failure = match series.through.or_else(|| series.position.time()) {
            Some(through) => failure
                .hint(format!("or let it go on here: {}", anew(resource, None, through, output))),
            None => failure,
        };
        return Err(failure
            .hint("or begin a second series with this output: pass --since, and another --state"));
    }
    if args.overwrite {
        return Err(Failure::usage(
            "--overwrite would destroy what this series has exported so far",
        )
        .hint("leave it out to go on, or pass --since and another output for a one-off"));
    }
    Ok(())
}

/// How a series is begun anew at a time, in commands that can be typed one after the other.
pub(crate) fn anew(
    resource: &Resource,
    pagination: Option<Pagination>,
    since: UnixTime,
    output: &Output,
) -> String {
    let name = resource.name;
    let pagination = pagination.map(|how| format!(" --pagination {}", how.name()));
    let to = match output {
        Output::Stdout => String::new(),
        Output::File { path, template, run } => {
            // A directory is made where a file's would have to be there.
            let own =
                path.file_name().is_some_and(|file| file == format!("{name}.ndjson").as_str());
            let path = match (template, own) {
                (Some(template), _) => template.clone(),
                (None, true) => format!("{}/", disk::parent(path).display()),
                (None, false) => path.to_string_lossy().into_owned(),
            };
            // A file for each run is new; another may well hold something.
            let append = if run.is_some() { "" } else { " --append" };
            format!(" -o {}{append}", quoted(&path))
        }
    };
    format!(
        "first `zdx state reset {name}`, then `zdx export {name}{} --since {since}{to}`",
        pagination.unwrap_or_default()
    )
}

/// Nobody but its series writes into a series' output. `own` is the series that asks, if one does.
fn check_not_owned(known: &Known<'_>, output: &Output, own: Option<&str>) -> Result<(), Failure> {
    let Output::File { .. } = output else {
        return Ok(());
    };
    let name = output.name();
    let names = Names { account: known.account, now: known.now };
    // A series also owns the file that it would begin today.
    let today = |path: &str, owner: &str| {
        output::locate(path, owner, names).is_ok_and(|today| today.name() == name)
    };
    let mut others = known.owned.iter().filter(|(_, owner)| Some(owner.as_str()) != own);
    let Some((_, owner)) = others.find(|(path, owner)| *path == name || today(path, owner)) else {
        return Ok(());
    };
    let (who, way_out) = match own {
        None => {
            ("a one-off", "write to another file, or leave out --since to go on with the series")
        }
        Some(_) => (
            "another series",
            "leave out the --include that goes there, or give one of them another output",
        ),
    };
    let text = format!("the output {name} belongs to the series of {owner}: {who} would break it");
    Err(Failure::usage(text).hint(way_out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        position::{Cursor, Position},
        state::Mark,
    };

    fn series(path: &str) -> Series {
        Series {
            position: Position::Cursor(Cursor::new("abc").unwrap()),
            through: None,
            window: None,
            output: Mark {
                path: path.to_owned(),
                template: None,
                stage: None,
                file: None,
                caught_up: None,
            },
            sideloads: Vec::new(),
        }
    }

    #[test]
    fn where_a_run_starts() {
        let (since, fallback) = (UnixTime::clamped(100), UnixTime::clamped(50));
        let saved = || Some(series("-"));
        let start = since;
        for (row, since, saved, fallback, has_state, expect) in [
            (1, None, saved(), None, true, Some(Mode::Series(Box::new(series("-"))))),
            (1, None, saved(), Some(fallback), true, Some(Mode::Series(Box::new(series("-"))))),
            (2, None, None, None, true, None),
            (2, None, None, None, false, None),
            (2, None, None, Some(fallback), true, Some(Mode::NewSeries { start: fallback })),
            (2, None, None, Some(fallback), false, Some(Mode::OneOff { start: fallback })),
            (3, Some(since), None, None, true, Some(Mode::NewSeries { start })),
            (3, Some(since), None, Some(fallback), true, Some(Mode::NewSeries { start })),
            (3, Some(since), None, None, false, Some(Mode::OneOff { start })),
            (4, Some(since), saved(), None, true, Some(Mode::OneOff { start })),
        ] {
            assert_eq!(mode(since, saved, fallback, has_state).ok(), expect, "rule {row}");
        }
    }

    #[test]
    fn a_start_is_clamped_to_what_the_server_serves() {
        let now = UnixTime::clamped(1_000_000);
        assert_eq!(start("now", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("60s", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("61s", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("62s", "--since", now).unwrap().seconds(), 999_938);
        assert_eq!(start("@1000001", "--since", now).unwrap_err().exit, Exit::Usage);
    }
}

//! The plan: what was typed, what is configured and what is saved, resolved to one job for each
//! resource. Every refusal happens here, before the first request.
//!
//! One descent, of which each step takes what the one before gave: what was typed ([`Asked`]) →
//! the resources that it names ([`named`]) → what is saved of them ([`Saved`]) → jobs ([`jobs`]),
//! each with its places. Must not know requests.

mod asked;
mod hints;
mod job;
mod kept;
mod list;
mod owned;
mod parameters;
mod start;

pub(crate) use asked::{Asked, Window};
pub(crate) use hints::{INTERVAL, anew, how_to_begin};
pub(crate) use job::{Job, probe, sample};
pub(crate) use kept::check_not_kept;
pub(crate) use owned::{NotMoved, moved};
pub(crate) use start::{Keeps, Mode, YOUNGEST, start};

use crate::{
    failure::{Exit, Failure},
    mark::STDOUT,
    output::{self, Names, Output},
    place::{self, Asker, Existing, Place},
    resource::{self, ALL_LISTS, LISTS, Pagination, RESOURCES, Resource},
    retry,
    settings::{Configured, Defaults},
    sink,
    state::{Owned, Series},
    time::UnixTime,
};
use std::path::PathBuf;

/// A resource that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) resource: &'static Resource,
    /// Named by `all` alone: one that the account cannot reach is left out, not an error.
    pub(crate) optional: bool,
    /// Whether nobody named it but `all`, also where the profile says what that means.
    by_all: bool,
}

/// What is saved, as far as this run has to do with it.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// `None` when no state takes part.
    pub(crate) state: Option<PathBuf>,
    /// The series of the resources that were asked for.
    pub(crate) series: Vec<(&'static str, Series)>,
    /// The outputs of the account's series, whether a state takes part or not.
    pub(crate) owned: Vec<Owned>,
    /// Where the account's state lies, whether it takes part or not.
    pub(crate) kept: Option<PathBuf>,
}

impl Saved {
    fn series(&self, resource: &Resource) -> Option<&Series> {
        self.series.iter().find(|(name, _)| *name == resource.name).map(|(_, series)| series)
    }
}

/// What a plan is made of, besides what was typed.
pub(crate) struct Known<'a> {
    pub(crate) defaults: &'a Defaults,
    pub(crate) names: Names<'a>,
    pub(crate) saved: &'a Saved,
}

/// The resources that were named, each once.
///
/// `objects` are the custom objects that `all` means.
pub(crate) fn named(
    asked: &Asked,
    defaults: &Defaults,
    objects: &[&'static Resource],
) -> Result<Vec<Named>, Failure> {
    let mut all: Vec<Named> = Vec::new();
    let mut add = |resource: &'static Resource, optional: bool, by_all: bool| {
        match all.iter_mut().find(|known| known.resource.name == resource.name) {
            // What is named besides `all` is not optional.
            Some(known) => {
                known.optional &= optional;
                known.by_all &= by_all;
            }
            None => all.push(Named { resource, optional, by_all }),
        }
    };
    for typed in &asked.resources {
        match (typed.as_str(), &defaults.resources) {
            ("all", Some(names)) => {
                for name in names {
                    if name == ALL_LISTS {
                        LISTS.iter().for_each(|resource| add(resource, true, false));
                        continue;
                    }
                    let resource = Resource::named(name).map_err(|error| {
                        Failure::new(Exit::Config, format!("resources: {error}"))
                    })?;
                    add(resource, false, true);
                }
            }
            ("all", None) => {
                let all = RESOURCES.iter().chain(objects.iter().copied());
                all.for_each(|resource| add(resource, true, true));
            }
            (ALL_LISTS, _) => LISTS.iter().for_each(|resource| add(resource, true, false)),
            (name, _) => add(Resource::named(name).map_err(Failure::usage)?, false, false),
        }
    }
    if all.is_empty() {
        return Err(Failure::new(Exit::Config, "resources in the config file is empty"));
    }
    Ok(all)
}

/// Whether `all` was typed, and nobody has said what it means.
pub(crate) fn means_all(asked: &Asked, defaults: &Defaults) -> bool {
    defaults.resources.is_none() && asked.resources.iter().any(|typed| typed == "all")
}

/// Those to go on with, and the names of those of `all` that have neither a position nor a start.
/// They are left out as long as another one has either.
pub(crate) fn startless(
    window: Window,
    named: Vec<Named>,
    known: &Known<'_>,
) -> (Vec<Named>, Vec<&'static str>) {
    let begins = |resource: &Resource| {
        let configured = known.defaults.of(resource).start.as_ref();
        let start = configured.or(known.defaults.start.as_ref());
        known.saved.series(resource).is_some()
            || resource.has_start() && (window.since.is_some() || start.is_some())
    };
    if !named.iter().any(|named| begins(named.resource)) {
        return (named, Vec::new());
    }
    let (stay, go): (Vec<Named>, Vec<Named>) = named
        .into_iter()
        .partition(|named| !named.by_all || !named.resource.has_start() || begins(named.resource));
    (stay, go.iter().map(|named| named.resource.name).collect())
}

/// A job for each resource.
pub(crate) fn jobs(
    asked: &Asked,
    window: Window,
    named: &[Named],
    known: &Known<'_>,
) -> Result<Vec<Job>, Failure> {
    let typed = asked.output.as_ref().or(known.defaults.output.as_ref());
    let typed = typed.map_or(STDOUT, String::as_str);
    asked.check_flags(&resources(named))?;
    check_sharing(named, typed, asked, known.defaults)?;
    check_output(named, typed, asked)?;
    asked.check_lists(&resources(named), typed != STDOUT)?;
    let jobs: Vec<Job> = named
        .iter()
        .map(|named| {
            check_mounted(typed, named.resource, known)
                .map_err(|failure| failure.about(named.resource.name))?;
            let output = output::locate(typed, named.resource.name, known.names)?;
            job(asked, window, *named, output, known)
                .map_err(|failure| failure.about(named.resource.name))
        })
        .collect::<Result<_, _>>()?;
    let by_time = |job: &Job| job.endpoint.pagination == Pagination::Time;
    if asked.skip_second && !jobs.iter().any(by_time) {
        return Err(Failure::usage(
            "--on-overflow is for paging by time: a cursor gets past any second",
        )
        .hint("leave it out, or page by time with --pagination time"));
    }
    Ok(jobs)
}

fn resources(named: &[Named]) -> Vec<&'static Resource> {
    named.iter().map(|named| named.resource).collect()
}

/// What is to be said of the flags that were typed, besides what the jobs say, and of whom.
pub(crate) fn remarks(asked: &Asked, jobs: &[Job]) -> Vec<(Vec<&'static str>, String)> {
    let resources: Vec<&'static Resource> = jobs.iter().map(|job| job.resource).collect();
    let mut remarks = asked.withheld(&resources);
    let list = |job: &&Job| job.resource.is_list();
    let passing = |job: &&Job| !list(job) && !job.mode.in_series() && job.follow.is_none();
    let once: Vec<&str> = jobs.iter().filter(passing).map(|job| job.resource.name).collect();
    if asked.overlap.is_some() && !once.is_empty() {
        let text = "--overlap has no effect: a one-off that does not follow reads nothing again";
        remarks.push((once, text.to_owned()));
    }
    let lists: Vec<&str> = jobs.iter().filter(list).map(|job| job.resource.name).collect();
    if asked.overlap.is_some() && !lists.is_empty() {
        let text = "--overlap has no effect: every run reads the whole list";
        remarks.push((lists, text.to_owned()));
    }
    remarks
}

/// Refuses what `all` can be refused for before anybody knows which custom objects there are.
pub(crate) fn check_all(asked: &Asked, defaults: &Defaults) -> Result<(), Failure> {
    let typed = asked.output.as_ref().or(defaults.output.as_ref());
    let typed = typed.map_or(STDOUT, String::as_str);
    check_sharing(&named(asked, defaults, &[])?, typed, asked, defaults)
}

/// Refuses several kinds of records in one stream that nothing tells apart.
fn check_sharing(
    named: &[Named],
    typed: &str,
    asked: &Asked,
    defaults: &Defaults,
) -> Result<(), Failure> {
    let several = named.len() > 1;
    if typed == STDOUT {
        let sideloads = named.iter().any(|Named { resource, .. }| {
            let own = asked.own(resource, defaults.of(resource));
            own.include.iter().any(|sideload| sideload.place == resource::Place::Page)
        });
        if (several || sideloads) && !asked.envelope {
            let failure = Failure::usage("several kinds of records cannot share stdout")
                .hint("add --envelope, or give a directory: -o out/");
            return Err(match sideloads && asked.include.is_empty() {
                true => failure.hint("or leave out what the config file includes: --include none"),
                false => failure,
            });
        }
    } else if several && !output::one_for_each(typed) {
        return Err(Failure::usage("several resources cannot share one file")
            .hint("give a directory (-o out/) or a name with {resource}"));
    }
    Ok(())
}

/// Refuses flags that contradict the output, or a run that never ends.
fn check_output(named: &[Named], typed: &str, asked: &Asked) -> Result<(), Failure> {
    let keeps = asked.existing != Existing::Refuse;
    if typed == STDOUT && keeps {
        return Err(Failure::usage(
            "--append and --overwrite are for files: stdout has no content",
        )
        .hint("leave them out, or name a file with -o"));
    }
    if typed.contains("{run}") && keeps {
        return Err(Failure::usage(
            "with {run} each run writes a new file: leave out --append and --overwrite",
        ));
    }
    if asked.follow.is_some_and(|interval| interval.is_zero()) {
        return Err(Failure::usage("--follow without an interval would never rest"));
    }
    if asked.follow.is_some() && (asked.until.is_some() || typed.contains("{run}")) {
        return Err(Failure::usage(
            "--follow never ends by itself: leave out --until, and {run} in the output",
        ));
    }
    if asked.follow.is_some() && asked.jobs.is_some_and(|jobs| usize::from(jobs) < named.len()) {
        return Err(Failure::usage(
            "--follow never ends by itself: with fewer --jobs than resources some would never begin",
        ));
    }
    Ok(())
}

/// A directory that a series has written to is not made, nor told to be made, because it is gone.
fn check_mounted(typed: &str, resource: &Resource, known: &Known<'_>) -> Result<(), Failure> {
    let Some(series) = known.saved.series(resource) else { return Ok(()) };
    let gone = !series.is_untouched()
        && output::has_vanished(typed, resource.name, known.names, &series.output);
    if gone { Err(sink::vanished(&series.output)) } else { Ok(()) }
}

fn job(
    asked: &Asked,
    window: Window,
    Named { resource, optional, by_all }: Named,
    output: Output,
    known: &Known<'_>,
) -> Result<Job, Failure> {
    if resource.is_list() {
        return known.list(asked, Named { resource, optional, by_all }, output);
    }
    let names = known.names;
    let configured = known.defaults.of(resource);
    let wanted = asked.own(resource, configured);
    let include = wanted.include;
    let endpoint = resource.endpoint(wanted.pagination.as_ref().map(|wanted| wanted.pagination));
    let endpoint = endpoint.ok_or_else(|| Failure::new(Exit::Bug, "pages in no such way"))?;
    let configured_start = configured.start.as_ref().or(known.defaults.start.as_ref());
    let state = known.saved.state.as_deref();
    let saved = known.saved.series(resource);
    if let Some(series) = saved {
        start::check_kind(state, resource, series)?;
    }
    let fallback = match (configured_start.filter(|_| resource.has_start()), window.since, saved) {
        (Some(configured), None, None) => {
            let Configured { text, place } = configured;
            let start = start(text, place, names.now);
            Some(start.map_err(|failure| Failure { exit: Exit::Config, ..failure })?)
        }
        (_, _, _) => None,
    };
    let youngest = |start: UnixTime| start.min(names.now.minus(resource.youngest()));
    let (since, fallback) = match resource.has_start() {
        // `all` begins those that have no series, and goes on with the others.
        true if by_all && saved.is_some_and(|series| !series.is_untouched()) => (None, None),
        true => (window.since.map(youngest), fallback.map(youngest)),
        false => (None, Some(UnixTime::clamped(0))),
    };
    let mut mode = start::mode(since, saved.cloned(), fallback, state.is_some())?;
    let mut moved_from = Vec::new();
    if let Mode::Series(series) | Mode::NewSeries { again: Some(series), .. } = &mut mode
        && let Some((moved, from)) =
            owned::check_same(asked, wanted.pagination.as_ref(), resource, series, &output)?
    {
        **series = moved;
        moved_from = from;
    }
    let endpoint = match &mode {
        Mode::Series(series) => {
            let saved = series.position.pagination();
            let other = resource.saving(saved).filter(|_| endpoint.form.saves() != saved);
            other.unwrap_or(endpoint)
        }
        Mode::OneOff { .. } | Mode::NewSeries { .. } | Mode::List(_) => endpoint,
    };
    let window_start = match &mode {
        Mode::OneOff { start } | Mode::NewSeries { start, .. } => Some(*start),
        Mode::Series(series) => series.window.or(series.through).or_else(|| series.position.time()),
        Mode::List(_) => None,
    };
    let has_had_pages = mode.saved().is_some_and(Series::has_had_pages);
    let origin = match (&asked.since, configured_start) {
        (_, _) if !resource.has_start() => "it has no other start".to_owned(),
        (Some(text), _) => format!("--since {text}"),
        (None, Some(Configured { text, .. })) => format!("start = \"{text}\""),
        (None, None) => String::new(),
    };
    let asker = match &mode {
        Mode::OneOff { .. } => Asker::OneOff(asked.existing),
        // What a series is begun again with is what was typed now, as nothing has come of it.
        // But behind what is appended to, a run that was killed may have left a tail of its own: that
        // is no old content, and is recovered first.
        Mode::NewSeries { again: Some(series), .. }
            if asked.existing == Existing::Overwrite
                || asked.existing == Existing::Append && series.open.is_none() =>
        {
            Asker::Again(asked.existing)
        }
        Mode::NewSeries { .. } | Mode::Series(_) | Mode::List(_) => Asker::Series(asked.existing),
    };
    let own = mode.saved().map(|_| resource.name);
    let located = |output: &Output, mark| {
        let place = place::place(asker, output, mark, &output::look(output, mark));
        if let Place::File(file) = &place {
            check_not_kept(&file.path, known.saved.kept.as_deref())?;
        }
        owned::check_not_owned(&known.saved.owned, names, &place, own).map(|()| place)
    };
    let place = located(&output, mode.saved().map(|series| &series.output))?;
    let beside = include.iter().filter(|sideload| sideload.place == resource::Place::Page);
    let beside = beside.map(|sideload| {
        let mark = mode.saved().and_then(|series| series.sideload(sideload.name));
        let place = located(&output.beside(resource.name, sideload.name), mark)?;
        Ok((sideload.name, place))
    });
    let beside = beside.collect::<Result<_, Failure>>()?;
    Ok(Job {
        resource,
        endpoint,
        mode,
        origin,
        output,
        place,
        beside,
        moved_from,
        include,
        per_page: match resource.size(endpoint) {
            Some(size) => {
                let wanted = wanted.per_page.or(known.defaults.per_page);
                wanted.unwrap_or(retry::LARGEST).min(size.most)
            }
            None => retry::LARGEST,
        },
        exclude_deleted: wanted.exclude_deleted,
        support_type_scope: wanted.support_type_scope,
        until: window.until,
        updated_since: window_start.filter(|_| wanted.exclude_system_updates),
        overlap: wanted.overlap.unwrap_or(resource.overlap),
        limit: asked.limit,
        max_pages: asked.max_pages,
        envelope: asked.envelope,
        surrogates: asked.surrogates,
        skip_second: asked.skip_second,
        follow: asked.follow,
        // That what has been exported before is out of reach now is news.
        optional: optional && !has_had_pages,
    })
}

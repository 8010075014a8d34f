//! The export of one resource, as planned.

use super::start::{Keeps, Mode, start};
use crate::{
    failure::Failure,
    output::{self, Names, Output},
    place::{self, Asker, Existing, Place},
    position::Position,
    record::LoneSurrogates,
    resource::{Endpoint, RESOURCES, Resource, Sideload},
    retry, sink,
    state::Series,
    time::UnixTime,
};
use std::{path::PathBuf, time::Duration};

/// The export of one resource.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) resource: &'static Resource,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) mode: Mode,
    /// Where the start came from, for the line on stderr.
    pub(crate) origin: String,
    /// As asked for; where the lines go is the place.
    pub(crate) output: Output,
    pub(crate) place: Place,
    /// The sideloads that come beside the records, each with its place.
    pub(crate) beside: Vec<(&'static str, Place)>,
    /// Where the outputs of the series lay before somebody moved them here.
    pub(crate) moved_from: Vec<PathBuf>,
    pub(crate) include: Vec<&'static Sideload>,
    /// Records per page; the server's own default where the resource takes no page size.
    pub(crate) per_page: u16,
    pub(crate) exclude_deleted: bool,
    pub(crate) support_type_scope: Option<&'static str>,
    /// Leave out records that changed at or after this time, and stop behind it.
    pub(crate) until: Option<UnixTime>,
    /// Leave out tickets whose `updated_at` lies before this time.
    pub(crate) updated_since: Option<UnixTime>,
    /// How late a record may become visible and still be written; zero where that is not looked
    /// after.
    pub(crate) overlap: Duration,
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

impl Job {
    /// Where the records go, and then each sideload's.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        [&self.place].into_iter().chain(self.beside.iter().map(|(_, place)| place))
    }

    /// The same export, for a run that goes on where its output now lies: a date in the name may be
    /// another one, a file may be gone. `series` is what is saved by now.
    pub(crate) fn anew(&self, series: Option<Series>, names: Names<'_>) -> Result<Job, Failure> {
        let resource = self.resource.name;
        let gone = |template: &str, series: &Series| {
            output::has_vanished(template, resource, names, &series.output)
        };
        let output = match (&self.output, &series) {
            (Output::File { template: Some(template), .. }, Some(series))
                if gone(template, series) =>
            {
                return Err(sink::vanished(&series.output));
            }
            (Output::File { template: Some(template), .. }, _) => {
                output::locate(template, resource, names)?
            }
            (output, _) => output.clone(),
        };
        let mode = match (series, &self.mode) {
            (Some(series), Mode::List(_)) => Mode::List(Keeps::GoesOn(Box::new(series))),
            (Some(series), _) => Mode::Series(Box::new(series)),
            (None, _) => self.mode.clone(),
        };
        let asker = match mode.in_series() {
            false => Asker::OneOff(Existing::Refuse),
            true => Asker::Series(Existing::Refuse),
        };
        let located =
            |output: &Output, mark| place::place(asker, output, mark, &output::look(output, mark));
        let place = located(&output, mode.saved().map(|series| &series.output));
        let beside = self.beside.iter().map(|(name, _)| {
            let mark = mode.saved().and_then(|series| series.sideload(name));
            (*name, located(&output.beside(self.resource.name, name), mark))
        });
        let beside = beside.collect();
        let moved_from = Vec::new();
        Ok(Job { mode, output, place, beside, moved_from, ..self.clone() })
    }

    /// Where the export stands before its first request.
    pub(crate) fn position(&self) -> Position {
        match &self.mode {
            Mode::OneOff { start } | Mode::NewSeries { start, .. } => {
                Position::starting(self.endpoint.form.saves(), *start)
            }
            Mode::Series(series) | Mode::List(Keeps::GoesOn(series)) => series.position.clone(),
            Mode::List(_) => Position::Snapshot(None),
        }
    }
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
pub(super) fn bare(resource: &'static Resource, start: UnixTime) -> Job {
    Job {
        resource,
        endpoint: resource.endpoint(None).expect("every resource has an endpoint"),
        mode: Mode::OneOff { start },
        origin: String::new(),
        output: Output::Stdout,
        place: Place::Stdout,
        beside: Vec::new(),
        moved_from: Vec::new(),
        include: Vec::new(),
        per_page: retry::LARGEST,
        exclude_deleted: false,
        support_type_scope: None,
        until: None,
        updated_since: None,
        overlap: Duration::ZERO,
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

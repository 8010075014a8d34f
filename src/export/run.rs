//! The export of one resource: ask, check, write, save, and again.
//!
//! The only place with a client, an output and a position at once; what to do is decided by
//! `paging`, `retry` and `pacer`.

use super::{
    Shared, ahead::Ahead, commit::open_sink, digest::SideloadSink, fetch::Fetched, lines,
    summary::Outcome,
};
use crate::{
    api::Client,
    failure::{Exit, Failure},
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    resource::Place,
    retry::{Budget, PageSize},
    sink::Sink,
    time::UnixTime,
};
use std::{collections::HashSet, mem, thread, time::Instant};

pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    pub(super) shared: &'a Shared<'a>,

    pub(super) position: Position,
    /// Whether the position is a start of the user's own, to which no page has answered yet.
    pub(super) untried: bool,
    /// Whether the state must be saved before the first request.
    pub(super) unsaved: bool,
    pub(super) size: PageSize,
    pub(super) budget: Budget,
    pub(super) sink: Sink,
    pub(super) sideloads: Vec<SideloadSink>,
    /// The cursors gone on from, to notice a cycle.
    pub(super) earlier: HashSet<Fingerprint>,
    /// The server's clock at its last answer.
    pub(super) date: Option<UnixTime>,
    /// Whether that clock and ours agree at least on the day.
    pub(super) clock_credible: bool,
    pub(super) outcome: Outcome,
    pub(super) began: Instant,

    /// Of the page that was fetched last, until it is committed.
    pub(super) lines: Vec<u8>,
    pub(super) counts: lines::Counts,
    pub(super) through: Option<UnixTime>,
    pub(super) warned: Warned,
}

/// What is told once in a run.
#[derive(Debug, Default)]
pub(super) struct Warned {
    pub(super) surrogates: bool,
    pub(super) clock: bool,
    pub(super) parameters: bool,
}

impl<'a> Run<'a> {
    /// Opens the outputs. Nothing is saved yet: another job may still be refused.
    pub(super) fn open(job: &'a Job, shared: &'a Shared<'a>) -> Result<Run<'a>, Failure> {
        let (position, untried) = match &job.mode {
            Mode::OneOff { start } | Mode::NewSeries { start } => {
                (Position::starting(job.endpoint.pagination, *start), true)
            }
            Mode::Series(series) => (series.position.clone(), false),
        };
        let saved = match &job.mode {
            Mode::Series(series) => Some(&**series),
            Mode::OneOff { .. } | Mode::NewSeries { .. } => None,
        };
        let (sink, mut changed) = open_sink(job, shared, &job.output, saved.map(|s| &s.output))?;
        let mut sideloads = Vec::new();
        for sideload in job.include.iter().filter(|sideload| sideload.place == Place::Page) {
            let output = job.output.beside(job.resource.name, sideload.name);
            let mark = saved
                .and_then(|series| series.sideloads.iter().find(|(name, _)| name == sideload.name))
                .map(|(_, mark)| mark);
            let (sink, new) = open_sink(job, shared, &output, mark)?;
            changed |= new;
            sideloads.push(SideloadSink {
                name: sideload.name,
                sink,
                seen: HashSet::new(),
                lines: Vec::new(),
                fresh: Vec::new(),
            });
        }
        Ok(Run {
            untried,
            size: PageSize::new(job.per_page),
            budget: Budget::new(shared.retry_for, shared.max_wait),
            sink,
            sideloads,
            earlier: HashSet::new(),
            date: None,
            clock_credible: false,
            outcome: Outcome {
                through: saved.and_then(|series| series.through),
                ..Outcome::of(job.resource.name)
            },
            began: shared.clock.instant(),

            lines: Vec::new(),
            counts: lines::Counts::default(),
            through: None,
            warned: Warned::default(),
            unsaved: changed || matches!(job.mode, Mode::NewSeries { .. }),
            position,
            job,
            shared,
        })
    }

    /// Saves the start of a series, or the beginning of a new file after a rotation, before the
    /// first request, so that a kill at any instant is recovered from.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        if mem::take(&mut self.unsaved) {
            let position = self.position.clone();
            self.save(&position, self.outcome.through)?;
        }
        Ok(())
    }

    pub(super) fn name(&self) -> &'static str {
        self.job.resource.name
    }

    /// Exports until caught up, stopped or failed, and says so.
    pub(super) fn finish(mut self) -> Outcome {
        let client = Client::new(
            self.shared.base.clone(),
            self.shared.limits,
            self.shared.authorizer.clone(),
            self.shared.clock,
            self.shared.stop.clone(),
        );
        let bucket = self.job.endpoint.bucket;
        let result = thread::scope(|scope| {
            self.pages(&mut Ahead::start(scope, client, bucket, self.shared))
        });
        let result = result.and_then(|()| self.end());
        self.outcome.took = self.shared.clock.instant().saturating_duration_since(self.began);
        self.outcome.bytes = self.sink.written()
            + self.sideloads.iter().map(|sideload| sideload.sink.written()).sum::<u64>();
        let report = self.shared.report;
        let name = Some(self.job.resource.name);
        if let Err(failure) = result {
            self.outcome.exit = failure.exit;
            if failure.exit != Exit::ReaderGone {
                report.failure(name, &failure, self.saved().as_deref());
            }
        }
        let tell = self.outcome.exit != Exit::ReaderGone && !self.outcome.out_of_reach;
        if self.shared.last_line && tell {
            report.note(name, &self.outcome.line());
        }
        self.outcome
    }

    /// What is safe whatever failed, in words.
    fn saved(&self) -> Option<String> {
        let state = self.series_state()?.path().display().to_string();
        Some(match (self.outcome.through, self.outcome.pages) {
            (Some(through), _) => format!("saved up to {through} in {state}"),
            (None, 0) => format!("the position in {state} is unchanged"),
            (None, _) => format!("saved in {state}"),
        })
    }

    fn pages(&mut self, ahead: &mut Ahead<'_>) -> Result<(), Failure> {
        loop {
            if let Some(signal) = self.shared.stop.signal() {
                return Err(Failure::stopped(signal));
            }
            let (next, more) = match self.fetch(ahead)? {
                Fetched::Page { next, more } => (next, more),
                Fetched::Nothing => {
                    self.outcome.complete = true;
                    return Ok(());
                }
                Fetched::OutOfReach(error) => {
                    self.outcome.out_of_reach = true;
                    let text = format!("left out, the account cannot read it: {error}");
                    self.shared.report.warn(Some(self.job.resource.name), &text);
                    return Ok(());
                }
            };
            self.commit(next)?;
            if self.counts.passed_until || !more {
                self.outcome.complete = true;
                return Ok(());
            }
            if self.limit_reached() {
                return Ok(());
            }
        }
    }

    /// A file that was to be overwritten is empty now, also when nothing came; a file that is this
    /// run's own gets its name.
    fn end(&mut self) -> Result<(), Failure> {
        let stop = self.shared.stop;
        self.sink.write(&[], stop)?;
        self.sideloads.iter_mut().try_for_each(|sideload| sideload.sink.write(&[], stop))?;
        if self.sink.stage().is_none() {
            return Ok(());
        }
        let position = self.position.clone();
        self.each_sink(Sink::complete);
        self.save(&position, self.outcome.through)?;
        self.sink.finalise()?;
        self.sideloads.iter_mut().try_for_each(|sideload| sideload.sink.finalise())?;
        self.save(&position, self.outcome.through)
    }

    fn limit_reached(&self) -> bool {
        self.job.limit.is_some_and(|limit| self.outcome.records >= limit)
            || self.job.max_pages.is_some_and(|limit| self.outcome.pages >= limit)
    }
}

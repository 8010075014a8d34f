//! The export of one resource: ask, check, hand over, and again.
//!
//! The only place with a client, a writer and a position at once; what to do is decided by
//! `paging`, `retry` and `pacer`. Three threads work on a resource: one asks and inflates
//! (`ahead`), this one checks and decides, one writes and syncs (`handover`).

use super::{
    Shared,
    ahead::Ahead,
    digest::Sideloaded,
    fetch::Fetched,
    handover::{Handover, Written},
    summary::Outcome,
    writer::Writer,
};
use crate::{
    api::Client,
    failure::{Exit, Failure},
    pacer::Source,
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    progress::{Beat, Line, Stand, pause, words},
    resource::{Bucket, Parameter},
    retry::{Budget, PageSize},
    time::{UnixTime, span},
};
use std::{
    collections::HashSet,
    mem, thread,
    time::{Duration, Instant},
};

pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    pub(super) shared: &'a Shared<'a>,
    /// Behind the last page that was handed over.
    pub(super) position: Position,
    pub(super) through: Option<UnixTime>,
    pub(super) handed_records: u64,
    pub(super) handed_pages: u64,
    /// Whether the position is a start of the user's own, to which no page has answered yet.
    pub(super) untried: bool,
    pub(super) size: PageSize,
    pub(super) budget: Budget,
    /// Whether the page was too much for the server, at this position.
    pub(super) halved: bool,
    pub(super) sideloads: Vec<Sideloaded>,
    /// The cursors gone on from, to notice a cycle.
    pub(super) earlier: HashSet<Fingerprint>,
    /// The server's clock at its last answer.
    pub(super) date: Option<UnixTime>,
    /// Whether that clock and ours agree at least on the day.
    pub(super) clock_credible: bool,
    /// What counts, which lags behind what was handed over.
    pub(super) outcome: Outcome,
    pub(super) warned: Warned,
    /// A run that follows has told that it cannot reach the server.
    pub(super) cut_off: bool,
    /// When a run that follows may ask again after it was told to keep away.
    pub(super) not_before: Option<Instant>,
    pub(super) line: Line,
    beat: Beat,
    began: Instant,
}

/// Why a run does not move that waits for its own output.
pub(super) const WRITING: &str = "waiting for the output to take the last page";

/// How hints say it.
pub(super) const AGAIN: &str = "run the same command again";

/// What is told once in a run.
#[derive(Debug, Default)]
pub(super) struct Warned {
    pub(super) surrogates: bool,
    pub(super) clock: bool,
    pub(super) no_date: bool,
    pub(super) parameters: bool,
}

impl<'a> Run<'a> {
    /// `sideloads` are those with outputs of their own, and what was written of each since the
    /// export last caught up.
    pub(super) fn new(
        job: &'a Job,
        shared: &'a Shared<'a>,
        sideloads: Vec<(&'static str, HashSet<Fingerprint>)>,
    ) -> Run<'a> {
        let sideloads = sideloads.into_iter().map(|(name, seen)| Sideloaded::new(name, seen));
        let (position, through, untried) = match &job.mode {
            Mode::OneOff { start } | Mode::NewSeries { start } => {
                (Position::starting(job.endpoint.pagination, *start), None, true)
            }
            Mode::Series(series) => (series.position.clone(), series.through, false),
        };
        let began = shared.clock.instant();
        Run {
            job,
            shared,
            through,
            handed_records: 0,
            handed_pages: 0,
            untried,
            size: PageSize::new(job.per_page),
            budget: Budget::new(shared.retry_for, shared.max_wait),
            halved: false,
            sideloads: sideloads.collect(),
            earlier: HashSet::new(),
            date: None,
            clock_credible: false,
            outcome: Outcome {
                through,
                position: Some(position.clone()),
                sample: job.endpoint.bucket == Bucket::Sample,
                ..Outcome::of(job.resource.name)
            },
            position,
            warned: Warned::default(),
            cut_off: false,
            not_before: None,
            line: Line::default(),
            beat: Beat::new(began),
            began,
        }
    }

    /// Exports until caught up, stopped or failed, and says so.
    pub(super) fn finish(mut self, writer: Writer<'a>) -> Outcome {
        let client = Client::new(
            self.shared.base.clone(),
            self.shared.limits,
            self.shared.authorizer.clone(),
            self.shared.clock,
            self.shared.stop.clone(),
        );
        self.line = self.shared.report.progress().line(self.job.resource.name);
        let source = Source::from(self.job.endpoint);
        let (result, mut writer) = thread::scope(|scope| {
            let mut ahead = Ahead::start(client, source, self.shared);
            let mut handover = Handover::start(scope, writer, ahead.bodies());
            let result = self.pages(&mut ahead, &mut handover);
            // The last page is waited for whatever happened; if it fails, that is the news.
            let last = handover.wait(|| {}).map(|written| self.count(written));
            (last.and(result), handover.into_writer())
        });
        let at = self.date.unwrap_or_else(|| self.shared.clock.wall());
        let result = result.and_then(|()| {
            writer.end(&self.position, self.outcome.through, at, self.outcome.complete)
        });
        self.outcome.took = self.shared.clock.instant().saturating_duration_since(self.began);
        self.outcome.bytes = writer.written();
        self.line = Line::default();
        let report = self.shared.report;
        let name = Some(self.job.resource.name);
        if let Err(failure) = result {
            let failure = self.with_next_step(failure, writer.state_path().is_some());
            self.outcome.exit = failure.exit;
            // One that follows and had caught up may be stopped at any time.
            let all_counts = self.outcome.pages == self.handed_pages;
            self.outcome.complete &= all_counts && matches!(failure.exit, Exit::Signal(_));
            if failure.exit != Exit::ReaderGone {
                report.failure(name, &failure, self.saved(&writer).as_deref());
            }
        }
        let tell = self.outcome.exit != Exit::ReaderGone && !self.outcome.out_of_reach;
        if self.shared.last_line && tell {
            report.note(name, &self.outcome.line());
        }
        self.outcome
    }

    /// With what to type next. A series that has begun goes on without the `--since` that began it:
    /// with it, the next run would be a one-off.
    fn with_next_step(&self, mut failure: Failure, saved: bool) -> Failure {
        let began = matches!(self.job.mode, Mode::NewSeries { .. });
        let again = match began && self.job.origin.starts_with("--since") {
            true => "run the same command again, without --since",
            false => AGAIN,
        };
        if !failure.hints.is_empty() {
            let says = failure.hints.iter().any(|hint| hint.contains(AGAIN));
            for hint in &mut failure.hints {
                *hint = hint.replace(AGAIN, again);
            }
            // That the same command comes next goes without saying; that it is another one, does not.
            return match says || again == AGAIN {
                true => failure,
                false => failure.hint(format!("then, {again}")),
            };
        }
        let step = match failure.exit {
            Exit::Signal(_) if saved => format!("to go on, {again}"),
            Exit::Temporary => format!("{again}, later"),
            Exit::Output => format!("make room or give access, then {again}"),
            Exit::Remote => {
                format!("{again}; if it ends like this once more, ask Zendesk's support")
            }
            _ => return failure,
        };
        failure.hint(step)
    }

    /// What is safe whatever failed, in words.
    fn saved(&self, writer: &Writer<'_>) -> Option<String> {
        let state = writer.state_path()?.display().to_string();
        Some(match (self.outcome.through, self.outcome.pages) {
            (Some(through), _) => format!("saved up to {through} in {state}"),
            (None, 0) => format!("the position in {state} is unchanged"),
            (None, _) => format!("saved in {state}"),
        })
    }

    fn pages<'scope>(
        &mut self,
        ahead: &mut Ahead,
        handover: &mut Handover<'scope, 'a>,
    ) -> Result<(), Failure>
    where
        'a: 'scope,
    {
        loop {
            if let Some(signal) = self.shared.stop.signal() {
                return Err(Failure::stopped(signal));
            }
            let fetched = match self.fetch(ahead, handover) {
                Err(failure) => {
                    self.outlive(failure)?;
                    continue;
                }
                Ok(fetched) => fetched,
            };
            self.back_again();
            let batch = match fetched {
                Fetched::Page(batch) => batch,
                Fetched::Nothing => {
                    self.outcome.complete = true;
                    if self.poll_later(handover)? {
                        continue;
                    }
                    return Ok(());
                }
                Fetched::OutOfReach(error) => {
                    self.outcome.out_of_reach = true;
                    let text = format!("left out, the account cannot read it: {error}");
                    self.shared.report.warn(Some(self.job.resource.name), &text);
                    return Ok(());
                }
            };
            let written = handover.wait(|| self.beat(|| WRITING.to_owned()))?;
            self.count(written);
            if let Position::Cursor(cursor) = &self.position {
                self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
            }
            self.position = batch.next.clone();
            self.through = batch.through;
            self.handed_pages += 1;
            self.handed_records += u64::try_from(batch.records.len()).unwrap_or(0);
            let (more, passed_until) = (!batch.last, batch.left_out.passed_until);
            let cut = batch.left_out.cut;
            handover.give(batch);
            if more {
                self.look_ahead(ahead, &self.position, self.size, self.handed_pages);
            }
            self.outcome.complete = (passed_until || !more) && !cut;
            if self.limit_reached() {
                return Ok(());
            }
            if (passed_until || !more) && !self.poll_later(handover)? {
                return Ok(());
            }
        }
    }

    /// Waits until it is time to ask again, if the run follows; `false` if it ends here. The last
    /// page counts before the wait.
    fn poll_later<'scope>(&mut self, handover: &mut Handover<'scope, 'a>) -> Result<bool, Failure>
    where
        'a: 'scope,
    {
        let Some(interval) = self.job.follow else { return Ok(false) };
        let written = handover.wait(|| self.beat(|| WRITING.to_owned()))?;
        self.count(written);
        self.wait("caught up", self.shared.clock.instant() + interval)?;
        Ok(true)
    }

    /// A run that follows goes on in spite of a passing failure, after its interval.
    fn outlive(&mut self, failure: Failure) -> Result<(), Failure> {
        let (Some(interval), Exit::Temporary) = (self.job.follow, failure.exit) else {
            return Err(failure);
        };
        self.tell_cut_off(&failure);
        let soonest = self.shared.clock.instant() + interval;
        let until = self.not_before.take().map_or(soonest, |until| until.max(soonest));
        self.wait("cut off", until)
    }

    /// That a run which follows is cut off is told once, not at every attempt.
    pub(super) fn tell_cut_off(&mut self, why: &dyn std::fmt::Display) {
        if !mem::replace(&mut self.cut_off, true) {
            let text = format!("cut off, and keeps trying: {why}");
            self.shared.report.warn(Some(self.job.resource.name), &text);
        }
    }

    fn back_again(&mut self) {
        if mem::take(&mut self.cut_off) {
            self.shared.report.note(Some(self.job.resource.name), "back again");
        }
    }

    fn limit_reached(&self) -> bool {
        self.job.limit.is_some_and(|limit| self.handed_records >= limit)
            || self.job.max_pages.is_some_and(|limit| self.handed_pages >= limit)
    }

    /// Takes a page into account that the writer has committed.
    pub(super) fn count(&mut self, written: Option<Written>) {
        let Some(Written { batch, noticed }) = written else { return };
        self.outcome.through = batch.through;
        self.outcome.pages += 1;
        self.outcome.records += u64::try_from(batch.records.len()).unwrap_or(0);
        self.outcome.duplicates += batch.left_out.duplicates;
        self.outcome.left_out += batch.left_out.outside;
        self.outcome.deleted += noticed.deleted;
        self.outcome.surrogates += noticed.surrogates;
        if self.job.resource.takes(Parameter::PerPage) {
            *self.outcome.page_sizes.entry(batch.per_page).or_default() += 1;
        }
        // Behind a page that was cut, what was left out would be skipped.
        self.outcome.position = (!batch.left_out.is_cut()).then_some(batch.next);
        if noticed.surrogates > 0 && !mem::replace(&mut self.warned.surrogates, true) {
            let text = "lone surrogate escapes, which many readers refuse, become \\ufffd \
                        (--raw keeps them)";
            self.shared.report.warn(Some(self.job.resource.name), text);
        }
        self.line.page(self.stand(), self.shared.clock.wall());
        self.beat(String::new);
    }

    pub(super) fn stand(&self) -> Stand {
        Stand {
            records: self.outcome.records,
            pages: self.outcome.pages,
            through: self.outcome.through,
            took: self.shared.clock.instant().saturating_duration_since(self.began),
        }
    }

    /// Says once a minute how far the export has come, where only a log can tell; and, if it does
    /// not move, why.
    pub(super) fn beat(&mut self, why: impl FnOnce() -> String) {
        let Shared { clock, report, .. } = self.shared;
        if !report.tells_progress() || !self.beat.is_due(clock.instant()) {
            return;
        }
        let mut text = words(self.stand(), clock.wall());
        let why = why();
        if !why.is_empty() {
            text = format!("{text}; {why}");
        }
        report.note(Some(self.job.resource.name), &text);
    }

    /// [`Run::beat`] while an answer is waited for.
    pub(super) fn beat_asking(&mut self, waited: Duration) {
        self.beat(|| format!("no answer yet for {}", span(waited)));
    }

    /// [`Run::beat`] while nothing may be asked.
    pub(super) fn beat_waiting(&mut self, why: &str, left: Duration) {
        self.beat(|| pause(why, left));
    }
}

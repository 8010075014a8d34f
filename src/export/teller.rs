//! The words of one resource's export: what is told once, the line of progress, the line a minute
//! in a log. Must not decide anything, nor know clients and outputs.

use super::{
    accepted::Remark,
    ahead::Answered,
    asker::{Event, Why},
    broken::Kind,
    clocks::Clocks,
    shared::Shared,
    summary::Outcome,
};
use crate::{
    api::error::ApiError,
    failure::Failure,
    plan::Job,
    progress::{Beat, Line, Stand, pause, words},
    report::Report,
    shown::shown,
    time::{UnixTime, span},
    words::bytes,
};
use std::{fmt::Display, mem, time::Duration};

/// A shorter wait is not shown.
pub(super) const SHOWN_WAIT: Duration = Duration::from_millis(500);

/// Clocks that differ by more are worth a word.
const SKEW_WARNED: Duration = Duration::from_secs(60);

/// Why a run does not move that waits for its own output.
const WRITING: &str = "waiting for the output to take the last page";

impl Why {
    fn text(self) -> &'static str {
        match self {
            Why::QuotaSpent => "quota spent",
            Why::RateLimit => "rate limit reached",
            Why::OthersAsk => "another request is under way",
            Why::TryingAgain => "trying again",
            Why::CaughtUp => "caught up",
            Why::CutOff => "cut off",
        }
    }
}

pub(super) struct Teller<'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    line: Line,
    beat: Beat,
    /// What time it was at the last answer.
    clocks: Option<Clocks>,
    told: Told,
    /// A run that follows has told that it cannot reach the server.
    cut_off: bool,
    /// It has told that it is refused for its quota's sake.
    refused: bool,
}

/// What is told once in a run.
#[derive(Debug, Default)]
struct Told {
    surrogates: bool,
    clock: bool,
    no_date: bool,
    parameters: bool,
}

impl<'a> Teller<'a> {
    pub(super) fn new(job: &'a Job, shared: &'a Shared<'a>) -> Teller<'a> {
        Teller {
            job,
            shared,
            line: shared.report.progress().line(job.resource.name),
            beat: Beat::new(shared.clock.instant()),
            clocks: None,
            told: Told::default(),
            cut_off: false,
            refused: false,
        }
    }

    fn report(&self) -> &'a Report {
        self.shared.report
    }

    fn name(&self) -> Option<&'static str> {
        Some(self.job.resource.name)
    }

    pub(super) fn note(&self, text: &str) {
        self.report().note(self.name(), text);
    }

    pub(super) fn warn(&self, text: &str) {
        self.report().warn(self.name(), text);
    }

    /// The server's time, which is what records are behind of; before it has told, ours.
    fn now(&self) -> UnixTime {
        let wall = self.shared.clock.wall();
        self.clocks.map_or(wall, |clocks| clocks.now().plus(wall.since(clocks.wall)))
    }

    /// Tells of what happens while a page is asked for, by one who stands at `stand`.
    pub(super) fn hear(&mut self, event: &Event<'_>, stand: Stand) {
        match event {
            Event::Answered(answered, clocks) => {
                self.clocks = Some(*clocks);
                self.answered(answered, *clocks);
            }
            Event::Silent(waited) => {
                self.beat(stand, || format!("no answer yet for {}", span(*waited)));
            }
            Event::Spent(wait) => {
                let text = format!("{}, next request in {}", Why::QuotaSpent.text(), span(*wait));
                self.report().watch(self.name(), &text);
            }
            Event::Waits(why, left) => {
                if *left > SHOWN_WAIT {
                    let now = self.now();
                    self.line.waiting(stand, now, why.text(), *left);
                }
                self.beat(stand, || pause(why.text(), *left));
            }
            Event::Refused { error, left } => self.refused(error, *left),
            Event::Fails { error, id, wait, left } => self.fails(error, *id, *wait, *left),
        }
    }

    /// What an answer tells besides its page.
    fn answered(&mut self, answered: &Answered, clocks: Clocks) {
        let report = self.report();
        report.hide(self.shared.authorizer.minted().as_slice());
        for asked in self.shared.authorizer.take_asked() {
            report.detail(None, &asked);
        }
        if let Some(warning) = answered.headers.get("x-zendesk-api-warn")
            && !mem::replace(&mut self.told.parameters, true)
        {
            self.warn(&format!("Zendesk says: {}", shown(warning)));
        }
        match clocks.skew() {
            Some(skew) if skew > SKEW_WARNED && !mem::replace(&mut self.told.clock, true) => {
                let skew = span(skew);
                self.warn(&format!(
                    "the clocks of this machine and of the server differ by {skew}"
                ));
            }
            None if answered.result.is_ok() && !mem::replace(&mut self.told.no_date, true) => {
                self.warn(
                    "the answers carry no Date: whether an end_time is in the future is not checked",
                );
            }
            Some(_) | None => {}
        }
        let result = match &answered.result {
            Ok(()) => {
                let size = u64::try_from(answered.body.len()).unwrap_or(u64::MAX);
                format!("200, {}", bytes(size))
            }
            Err(error) => error.to_string(),
        };
        // What the server worded brings it along.
        let id = answered.headers.request_id().map(|id| format!("; x-request-id {id}"));
        let id = id.filter(|id| !result.ends_with(id.as_str())).unwrap_or_default();
        let (target, took) = (answered.request.target(), answered.took.as_secs_f64());
        report.detail(self.name(), &format!("GET {target}: {result}, {took:.3} s{id}"));
    }

    fn fails(&mut self, error: &ApiError, id: Option<&str>, wait: Duration, left: Duration) {
        let (seconds, left) = (wait.as_secs_f64(), span(left));
        let id = id.map(|id| format!("; x-request-id {id}")).unwrap_or_default();
        let text = format!("{error}{id}; retry in {seconds:.1} s ({left} left of --retry-for)");
        if self.job.follow.is_none() || Kind::of(error) != Kind::Passes {
            return self.warn(&text);
        }
        // A kept connection that was closed meanwhile is no news.
        if !wait.is_zero() {
            self.cut_off(error);
        }
        self.report().detail(self.name(), &text);
    }

    /// The quota is spent, by whomever. A run that follows tells it once, until an answer is good.
    fn refused(&mut self, error: &ApiError, left: Duration) {
        let text = format!("{error} ({} left of --retry-for)", span(left));
        let follows = self.job.follow.is_some();
        if follows && (self.cut_off || mem::replace(&mut self.refused, true)) {
            return self.report().detail(self.name(), &text);
        }
        self.warn(&text);
    }

    /// That a run which follows is cut off is told once, not at every attempt.
    pub(super) fn cut_off(&mut self, why: &dyn Display) {
        if !mem::replace(&mut self.cut_off, true) {
            self.warn(&format!("cut off, and keeps trying: {why}"));
        }
    }

    pub(super) fn back_again(&mut self) {
        self.refused = false;
        if mem::take(&mut self.cut_off) {
            self.note("back again");
        }
    }

    /// A run that follows is told of the outage that this may be, not of what is tried in it.
    pub(super) fn page_size(&self, error: &ApiError, size: u16) {
        let text = format!("{error}: page size {size}");
        match self.job.follow {
            Some(_) => self.report().detail(self.name(), &text),
            None => self.warn(&text),
        }
    }

    pub(super) fn remark(&self, remark: Remark) {
        match remark {
            Remark::Miscounted => {
                let text = "the page's count is not the number of its records";
                self.report().detail(self.name(), text);
            }
            Remark::Forgotten(left) => {
                let left = left.map(|left| format!("more than {} ", span(left)));
                self.warn(&format!(
                    "too much changes to remember all of the overlap: what becomes visible {}late \
                     is missed",
                    left.unwrap_or_default()
                ));
            }
            Remark::Skipped(second) => self.warn(&format!(
                "skipping to the second after {second}: what did not fit on its page is lost"
            )),
        }
    }

    /// A sideload was asked for in vain.
    pub(super) fn never_came(&self, name: &str) {
        let text = format!(
            "{name} was asked for with --include and never came: the account's plan or role may \
             lack it"
        );
        self.warn(&text);
    }

    pub(super) fn surrogates(&mut self) {
        if !mem::replace(&mut self.told.surrogates, true) {
            self.warn(
                "lone surrogate escapes, which many readers refuse, become \\ufffd (--raw keeps \
                 them)",
            );
        }
    }

    /// A page counts.
    pub(super) fn page(&mut self, stand: Stand) {
        self.line.page(stand, self.now());
        self.beat(stand, String::new);
    }

    /// The output has not taken the last page yet.
    pub(super) fn writing(&mut self, stand: Stand) {
        self.beat(stand, || WRITING.to_owned());
    }

    /// Says once a minute how far the export has come, where only a log can tell; and, if it does
    /// not move, why.
    fn beat(&mut self, stand: Stand, why: impl FnOnce() -> String) {
        let Shared { clock, report, .. } = self.shared;
        if !report.tells_progress() || !self.beat.is_due(clock.instant()) {
            return;
        }
        let mut text = words(stand, self.now());
        let why = why();
        if !why.is_empty() {
            text = format!("{text}; {why}");
        }
        self.note(&text);
    }

    /// The line of progress is taken away: what follows is the end.
    pub(super) fn clear(&mut self) {
        self.line = Line::default();
    }

    /// The resource's last line.
    pub(super) fn end(&self, outcome: &Outcome) {
        let (name, nothing) = (self.job.resource.name, outcome.came_to_nothing());
        self.report().last_line(name, &outcome.line(), nothing);
    }

    pub(super) fn failure(&self, failure: &Failure, saved: Option<&str>) {
        self.report().failure_of(self.job.resource.name, failure, saved);
    }
}

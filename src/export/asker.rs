//! Asking for one page after the other: a place in the quota, sending, waiting, and trying again as
//! the trouble wants.
//!
//! What to do is decided by `retry` and `pacer`; this carries it out, and tells what it does as
//! [`Event`]s. Must not know what positions mean, nor outputs or words.

use super::{
    ahead::{Ahead, Answered, Awaited},
    clocks::Clocks,
    shared::Shared,
};
use crate::{
    api::{Client, error::ApiError},
    failure::{Exit, Failure},
    pacer::{Source, Turn, gate::Ticket},
    plan::Job,
    request::Request,
    retry::{Budget, Next, Reason, Treatment},
    time::span,
};
use std::{
    ops::ControlFlow,
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};

/// A run that follows waits no longer than this for a server that asks it to.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// How soon one asks again who waits for the answer to another's request.
const SOON: Duration = Duration::from_millis(20);

/// How often a wait is told of.
const SLICE: Duration = Duration::from_secs(1);

/// A shorter wait for quota is not worth a line of its own.
const TOLD: Duration = Duration::from_secs(2);

/// What happens while a page is asked for.
pub(super) enum Event<'e> {
    /// An answer came, wanted or not.
    Answered(&'e Answered, Clocks),
    /// An answer has been waited for so long.
    Silent(Duration),
    /// The quota is spent, and a wait of this length begins.
    Spent(Duration),
    /// Nothing is asked for so long. Comes again about once a second.
    Waits(Why, Duration),
    /// The server refused for its quota's sake. So much of the budget is left.
    Refused { error: &'e ApiError, left: Duration },
    /// A request failed, and is tried again after a wait. So much of the budget is left. `id` is
    /// that of the answer, where the error does not name it itself.
    Fails { error: &'e ApiError, id: Option<&'e str>, wait: Duration, left: Duration },
}

/// Why nothing is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    QuotaSpent,
    RateLimit,
    OthersAsk,
    TryingAgain,
    CaughtUp,
    CutOff,
}

/// Who is told of events, and may end the run.
pub(super) type Listener<'l> = &'l mut dyn FnMut(Event<'_>) -> Result<(), Failure>;

/// What asking has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    pub(super) requests: u64,
    pub(super) on_quota: Duration,
    pub(super) on_retries: Duration,
}

impl Spent {
    /// With so many requests of others for the same.
    pub(super) fn and(self, requests: u64) -> Spent {
        Spent { requests: self.requests + requests, ..self }
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Same,
    Smaller,
}

pub(super) struct Asker<'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    ahead: Ahead,
    budget: Budget,
    spent: Spent,
    clocks: Clocks,
    /// What Zendesk's support finds the last answer by.
    id: Option<String>,
    /// When a run that follows may ask again after it was told to keep away.
    not_before: Option<Instant>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(job: &'a Job, shared: &'a Shared<'a>) -> Asker<'a> {
        let client = Client::new(
            shared.base.clone(),
            shared.limits,
            shared.authorizer.clone(),
            shared.clock,
            shared.stop.clone(),
        );
        Asker {
            job,
            shared,
            ahead: Ahead::start(client, Source::from(job.endpoint), shared),
            budget: Budget::new(shared.retry_for, shared.max_wait),
            spent: Spent::default(),
            clocks: Clocks { date: None, wall: shared.clock.wall() },
            id: None,
            not_before: None,
        }
    }

    pub(super) fn spent(&self) -> Spent {
        self.spent
    }

    /// What Zendesk's support finds the last request by, if that was answered.
    pub(super) fn request_id(&self) -> Option<String> {
        self.id.clone()
    }

    /// What time it was at the last answer.
    pub(super) fn clocks(&self) -> Clocks {
        self.clocks
    }

    /// Where a thread that is done with a body puts it.
    pub(super) fn bodies(&self) -> SyncSender<Vec<u8>> {
        self.ahead.bodies()
    }

    /// Takes back a body that is not written.
    pub(super) fn give_back(&self, body: Vec<u8>) {
        self.ahead.give_back(body);
    }

    /// A good answer came, or the run goes on in spite of a failure: the next request may fail as
    /// long as any.
    pub(super) fn renew(&mut self) {
        self.budget = Budget::new(self.shared.retry_for, self.shared.max_wait);
    }

    /// Asks, and waits for the answer. What was asked for ahead and is something else is waited for
    /// first: it was sent, and counts.
    pub(super) fn ask(
        &mut self,
        wanted: &Request,
        listener: Listener<'_>,
    ) -> Result<Answered, Failure> {
        loop {
            let asked = self.ahead.under_way().map(|asked| asked == wanted);
            if asked.is_none() {
                let ticket = self.await_turn(listener)?;
                self.ahead.ask(wanted.clone(), ticket);
            }
            let answered = self.receive(listener)?;
            match answered {
                Some(answered) if answered.request == *wanted => return Ok(answered),
                Some(unwanted) => {
                    self.heed(&unwanted);
                    self.give_back(unwanted.body);
                }
                None => {}
            }
        }
    }

    /// Asks for what will probably be wanted next, if nothing is under way and the quota has a place
    /// free.
    pub(super) fn ask_ahead(&mut self, request: Option<Request>) {
        if let (Some(request), None) = (request, self.ahead.under_way()) {
            self.ahead.ask_ahead(request);
        }
    }

    /// Waits for the answer to what is under way, and takes note of it; `None` if the quota had no
    /// place for it when it could have been sent.
    fn receive(&mut self, listener: Listener<'_>) -> Result<Option<Answered>, Failure> {
        let stop = self.shared.stop;
        let mut told = Ok(());
        let awaited = self.ahead.answer(|waited| {
            told = listener(Event::Silent(waited));
            if told.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        told?;
        let answered = match awaited {
            Awaited::Answer(answered) => answered,
            Awaited::NoPlace => return Ok(None),
            Awaited::Never => {
                return Err(stop.signal().map_or_else(
                    || Failure::new(Exit::Bug, "the thread that asks is gone"),
                    Failure::stopped,
                ));
            }
        };
        self.spent.requests += 1;
        self.take_note(&answered, listener)?;
        Ok(Some(answered))
    }

    /// Takes note of an answer, whoever has asked.
    pub(super) fn take_note(
        &mut self,
        answered: &Answered,
        listener: Listener<'_>,
    ) -> Result<(), Failure> {
        self.clocks = Clocks { date: answered.headers.date(), wall: answered.wall };
        self.id = answered.headers.request_id();
        listener(Event::Answered(answered, self.clocks))
    }

    /// Whoever receives a refusal tells all who share the quota, also when the page is not wanted.
    fn heed(&self, unwanted: &Answered) {
        if let Err(error) = &unwanted.result
            && let Treatment::WaitForQuota(wait) = error.treatment()
            && let Some(until) = self.shared.clock.instant().checked_add(wait.min(LONGEST_WAIT))
        {
            self.close(until);
        }
    }

    /// Waits for a place in the quota. A wait is not the request's fault, so it uses no budget.
    fn await_turn(&mut self, listener: Listener<'_>) -> Result<Ticket, Failure> {
        let Shared { clock, stop, max_wait, .. } = *self.shared;
        let source = Source::from(self.job.endpoint);
        let mut told = false;
        loop {
            if let Some(signal) = stop.signal() {
                return Err(Failure::stopped(signal));
            }
            let now = clock.instant();
            let turn = self.shared.gate.take_in_turn(&source, self.job.resource.name);
            let until = match turn {
                Ok(ticket) => return Ok(ticket),
                Err(Turn::At(until)) => until,
                // The quota may be full: what is waited for is a word on it.
                Err(Turn::AfterAnswer) => {
                    self.wait(Why::OthersAsk, now + SOON, listener)?;
                    self.budget.pause(clock.instant().saturating_duration_since(now));
                    continue;
                }
            };
            let wait = until.saturating_duration_since(now);
            if max_wait.is_some_and(|longest| wait > longest) {
                return Err(too_long(wait));
            }
            if wait > TOLD && !std::mem::replace(&mut told, true) {
                listener(Event::Spent(wait))?;
            }
            self.wait(Why::QuotaSpent, until, listener)?;
            let waited = clock.instant().saturating_duration_since(now);
            self.spent.on_quota += waited;
            self.budget.pause(waited);
        }
    }

    /// Sleeps, and tells of it.
    fn wait(&self, why: Why, until: Instant, listener: Listener<'_>) -> Result<(), Failure> {
        let Shared { clock, stop, .. } = *self.shared;
        loop {
            let now = clock.instant();
            let left = until.saturating_duration_since(now);
            if left.is_zero() || stop.signal().is_some() {
                return Ok(());
            }
            listener(Event::Waits(why, left))?;
            clock.sleep_until(until.min(now + SLICE), stop);
        }
    }

    /// Waits until a run that follows asks again.
    pub(super) fn rest(
        &mut self,
        why: Why,
        interval: Duration,
        listener: Listener<'_>,
    ) -> Result<(), Failure> {
        let soonest = self.shared.clock.instant() + interval;
        let until = self.not_before.take().map_or(soonest, |until| until.max(soonest));
        self.wait(why, until, listener)
    }

    /// Waits as the trouble wants and says what to ask for then; a failure when there is no more to
    /// try.
    pub(super) fn again(
        &mut self,
        error: &ApiError,
        shrinkable: bool,
        listener: Listener<'_>,
    ) -> Result<Again, Failure> {
        let clock = self.shared.clock;
        let now = clock.instant();
        let treatment = error.treatment();
        let for_quota = matches!(treatment, Treatment::WaitForQuota(_));
        match self.budget.next(treatment, shrinkable, now, fastrand::f64()) {
            Next::Smaller(until) => {
                if until > now {
                    self.fail(error, until, now, listener)?;
                }
                Ok(Again::Smaller)
            }
            Next::Same(until) if !for_quota => {
                self.fail(error, until, now, listener)?;
                Ok(Again::Same)
            }
            Next::Same(until) => {
                self.close(until);
                listener(Event::Refused { error, left: self.budget.left(now) })?;
                self.wait(Why::RateLimit, until, listener)?;
                self.spent.on_quota += clock.instant().saturating_duration_since(now);
                Ok(Again::Same)
            }
            Next::GiveUp(reason) => {
                // A run that follows comes again, but not before it may.
                if let (Reason::WaitTooLong(wait), Some(_)) = (reason, self.job.follow) {
                    let until = now + wait.min(LONGEST_WAIT);
                    self.not_before = Some(until);
                    if for_quota {
                        self.close(until);
                    }
                }
                Err(gave_up(error, self.unnamed_id(error), reason))
            }
        }
    }

    /// Tells of a failure and waits for the next try.
    fn fail(
        &mut self,
        error: &ApiError,
        until: Instant,
        now: Instant,
        listener: Listener<'_>,
    ) -> Result<(), Failure> {
        let (wait, left) = (until.saturating_duration_since(now), self.budget.left(now));
        listener(Event::Fails { error, id: self.unnamed_id(error), wait, left })?;
        self.wait(Why::TryingAgain, until, listener)?;
        self.spent.on_retries += self.shared.clock.instant().saturating_duration_since(now);
        Ok(())
    }

    /// The id of the answer that came out wrong. What the server worded itself brings it along.
    fn unnamed_id(&self, error: &ApiError) -> Option<&str> {
        self.id.as_deref().filter(|_| matches!(error, ApiError::Garbled(_)))
    }

    /// Keeps all who share the quota from asking.
    fn close(&self, until: Instant) {
        self.shared.gate.close(&Source::from(self.job.endpoint), until);
    }
}

fn too_long(wait: Duration) -> Failure {
    let text = format!(
        "quota spent: the next request may go in {}, longer than --max-wait allows",
        span(wait)
    );
    Failure::new(Exit::Temporary, text).hint("run the same command again, later")
}

fn gave_up(error: &ApiError, id: Option<&str>, reason: Reason) -> Failure {
    let why = match reason {
        Reason::Final => String::new(),
        Reason::Garbled(times) => format!("; gave up after {times} such answers"),
        Reason::Spent(budget) => {
            format!("; gave up after {} of trying (--retry-for)", span(budget))
        }
        Reason::WaitTooLong(_) => {
            "; gave up: the wait would be longer than --retry-for or --max-wait allows".to_owned()
        }
    };
    let id = id.map(|id| format!("; x-request-id {id}")).unwrap_or_default();
    let mut failure = Failure::from(error.clone());
    failure.cause = anyhow::anyhow!("{error}{why}{id}");
    failure
}

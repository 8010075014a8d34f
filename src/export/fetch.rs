//! Asking for the next page: waiting for a place in the quota, sending, and trying again as the
//! trouble wants.
//!
//! What to do is decided by `retry` and `pacer`; this carries it out.

use super::{
    Shared,
    ahead::{Ahead, Answered, Awaited},
    handover::Handover,
    run::{AGAIN, Run, WRITING},
    writer::Batch,
};
use crate::{
    api::error::ApiError,
    failure::{Exit, Failure},
    garbled::Garbled,
    output::Output,
    pacer::{Source, Turn, gate::Ticket},
    page,
    plan::{Job, YOUNGEST, anew},
    position::Position,
    request::Request,
    resource::{Pagination, Parameter},
    retry::{Budget, Next, PageSize, Reason, Treatment},
    sink,
    time::{UnixTime, span},
};
use std::{
    mem,
    time::{Duration, Instant},
};

/// A run that follows waits no longer than this for a server that asks it to.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// A shorter wait is not shown.
const SHOWN_WAIT: Duration = Duration::from_millis(500);

/// Clocks that differ by more are worth a word.
const SKEW_WARNED: Duration = Duration::from_secs(60);

/// Clocks that differ by more cannot both be believed.
const SKEW_CREDIBLE: Duration = Duration::from_secs(86_400);

/// Why a request waits that the pacer has no place for.
const QUOTA_SPENT: &str = "quota spent";

/// Why a request waits that the server refused.
const RATE_LIMIT: &str = "rate limit reached";

/// What asking for the next page came to.
pub(super) enum Fetched {
    Page(Batch),
    /// Caught up: nothing came, or what would come is too young.
    Nothing,
    /// The account cannot read a resource that nobody named.
    OutOfReach(ApiError),
}

impl<'a> Run<'a> {
    /// Asks until there is a page to write or nothing more to come, or until the retries are used
    /// up.
    pub(super) fn fetch<'scope>(
        &mut self,
        ahead: &mut Ahead,
        handover: &mut Handover<'scope, 'a>,
    ) -> Result<Fetched, Failure>
    where
        'a: 'scope,
    {
        self.budget = Budget::new(self.shared.retry_for, self.shared.max_wait);
        self.halved = false;
        loop {
            let wanted = request(self.job, &self.position, self.size.get());
            if !ahead.is_under_way(&wanted) {
                let ticket = self.await_turn(handover)?;
                ahead.ask(wanted, ticket);
            }
            let answered = match ahead.answer(|waited| self.beat_asking(waited)) {
                Awaited::Answer(answered) => answered,
                Awaited::NoPlace => continue,
                Awaited::Never => {
                    return Err(self.shared.stop.signal().map_or_else(
                        || Failure::new(Exit::Bug, "the thread that asks is gone"),
                        Failure::stopped,
                    ));
                }
            };
            self.take_note(&answered);
            let written = handover.poll()?;
            self.count(written);
            let Answered { result, body, .. } = answered;
            let digested = match result {
                Ok(()) => {
                    let next = page::peek(&body).and_then(|next| next.after(&self.position));
                    if let Some(next) = next {
                        let size = self.size.after_a_good_page();
                        self.look_ahead(ahead, &next, size, self.handed_pages + 1);
                    }
                    self.digest(body, ahead)
                }
                Err(error) => Err((error, body)),
            };
            let error = match digested {
                Ok(fetched) => {
                    self.untried = false;
                    self.size.good_page();
                    return Ok(fetched);
                }
                Err((error, body)) => {
                    ahead.give_back(body);
                    error
                }
            };
            match error {
                ApiError::Stopped => {
                    let signal = self.shared.stop.signal();
                    return Err(signal.map_or_else(|| error.into(), Failure::stopped));
                }
                ApiError::TooRecent { date } => {
                    if self.too_recent(date)? {
                        return Ok(Fetched::Nothing);
                    }
                }
                error @ (ApiError::Forbidden { .. } | ApiError::Refused { status: 404, .. })
                    if self.job.optional && self.handed_pages == 0 =>
                {
                    return Ok(Fetched::OutOfReach(error));
                }
                error => self.recover(&error)?,
            }
        }
    }

    /// Sleeps, counting down where progress is shown. A reader of stdout that goes away ends it.
    pub(super) fn wait(&mut self, why: &str, until: Instant) -> Result<(), Failure> {
        let Shared { clock, stop, .. } = *self.shared;
        loop {
            let now = clock.instant();
            let left = until.saturating_duration_since(now);
            if left.is_zero() || stop.signal().is_some() {
                return Ok(());
            }
            if self.job.output == Output::Stdout {
                sink::check_reader()?;
            }
            if left > SHOWN_WAIT {
                self.line.waiting(self.stand(), clock.wall(), why, left);
            }
            self.beat_waiting(why, left);
            clock.sleep_until(until.min(now + Duration::from_secs(1)), stop);
        }
    }

    /// Waits for a place in the quota. A wait is not the request's fault, so it uses no budget.
    fn await_turn<'scope>(&mut self, handover: &mut Handover<'scope, 'a>) -> Result<Ticket, Failure>
    where
        'a: 'scope,
    {
        let Shared { clock, stop, report, .. } = self.shared;
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
                    self.wait("another request is under way", now + Duration::from_millis(20))?;
                    self.budget.pause(clock.instant().saturating_duration_since(now));
                    continue;
                }
            };
            let wait = until.saturating_duration_since(now);
            if self.shared.max_wait.is_some_and(|longest| wait > longest) {
                return Err(Failure::new(
                    Exit::Temporary,
                    format!(
                        "{QUOTA_SPENT}: the next request may go in {}, longer than --max-wait allows",
                        span(wait)
                    ),
                )
                .hint("run the same command again, later"));
            }
            if wait > Duration::from_secs(2) && !told {
                told = true;
                let name = Some(self.job.resource.name);
                report.watch(name, &format!("{QUOTA_SPENT}, next request in {}", span(wait)));
            }
            if wait > SHOWN_WAIT {
                // There is time for the last page to count, so that it is shown.
                let written = handover.wait(|| self.beat(|| WRITING.to_owned()))?;
                self.count(written);
            }
            self.wait(QUOTA_SPENT, until)?;
            let waited = clock.instant().saturating_duration_since(now);
            self.outcome.waited_for_quota += waited;
            self.budget.pause(waited);
        }
    }

    /// Asks for the page behind `next`, if the quota has a place free. A page that is not wanted
    /// after all costs a request, so none is asked for where the run may end with the page at
    /// hand, which is the `pages`-th.
    pub(super) fn look_ahead(
        &self,
        ahead: &mut Ahead,
        next: &Position,
        size: PageSize,
        pages: u64,
    ) {
        let job = self.job;
        let last = job.limit.is_some()
            || job.until.is_some()
            || job.max_pages.is_some_and(|limit| pages >= limit);
        if last || !ahead.is_free() {
            return;
        }
        ahead.ask_ahead(request(job, next, size.get()));
    }

    /// What an answer tells besides its page.
    fn take_note(&mut self, answered: &Answered) {
        let headers = &answered.headers;
        self.outcome.requests += 1;
        self.date = headers.date();
        let report = self.shared.report;
        let name = Some(self.job.resource.name);
        report.hide(self.shared.authorizer.minted().as_slice());
        for asked in self.shared.authorizer.take_asked() {
            report.detail(None, &asked);
        }
        if let Some(warning) = headers.get("x-zendesk-api-warn")
            && !mem::replace(&mut self.warned.parameters, true)
        {
            report.warn(name, &format!("Zendesk says: {}", crate::shown::shown(warning)));
        }
        if let Some(date) = headers.date() {
            let local = self.shared.clock.wall();
            let skew = date.since(local).max(local.since(date));
            if skew > SKEW_WARNED && !mem::replace(&mut self.warned.clock, true) {
                let skew = span(skew);
                let text = format!("the clocks of this machine and of the server differ by {skew}");
                report.warn(name, &text);
            }
            self.clock_credible = skew < SKEW_CREDIBLE;
        } else if answered.result.is_ok() && !mem::replace(&mut self.warned.no_date, true) {
            let text =
                "the answers carry no Date: whether an end_time is in the future is not checked";
            report.warn(name, text);
        }
        let result = match &answered.result {
            Ok(()) => {
                let size = u64::try_from(answered.body.len()).unwrap_or(u64::MAX);
                format!("200, {}", crate::report::bytes(size))
            }
            Err(error) => error.to_string(),
        };
        let (target, took) = (answered.request.target(), answered.took.as_secs_f64());
        report.detail(name, &format!("GET {target}: {result}, {took:.3} s"));
    }

    /// A start that is too young for the server: `true` when that means "nothing new yet", `false`
    /// when an older start is to be asked for.
    fn too_recent(&mut self, date: Option<UnixTime>) -> Result<bool, Failure> {
        let name = Some(self.job.resource.name);
        if let (true, Some(start), Some(date)) = (self.untried, self.position.time(), date) {
            if start > date {
                return Err(Failure::usage(format!(
                    "{} is in the future of the server's clock ({date})",
                    self.job.origin
                ))
                .hint("is the clock of this machine right?"));
            }
            let youngest_served = date.minus(YOUNGEST);
            // A start that the server's own clock does not call too recent stays where it is: a
            // later one would skip what lies between.
            if youngest_served < start {
                self.untried = false;
                self.position = Position::starting(self.job.endpoint.pagination, youngest_served);
                return Ok(false);
            }
        }
        // A run that follows has it at each poll.
        if self.job.follow.is_none() {
            self.shared.report.note(name, "nothing new yet");
        }
        Ok(true)
    }

    /// Waits, or asks for less, as the trouble wants; an error when there is no more to try.
    fn recover(&mut self, error: &ApiError) -> Result<(), Failure> {
        // A wider page is asked for at once, but one that was too much for the server only a few
        // times: else the two would take turns.
        if matches!(error, ApiError::Garbled(Garbled::Overflow { .. }))
            && self.size.widen()
            && !self.halved
        {
            return Ok(());
        }
        let Shared { clock, report, .. } = self.shared;
        let name = Some(self.job.resource.name);
        let now = clock.instant();
        let treatment = error.treatment();
        let shrinkable = self.job.resource.takes(Parameter::PerPage) && self.size.shrinkable();
        match self.budget.next(treatment, shrinkable, now, fastrand::f64()) {
            Next::Smaller => {
                self.size.halve();
                self.halved = true;
                report.warn(name, &format!("{error}: page size {}", self.size.get()));
                Ok(())
            }
            Next::At(until) => {
                let wait = until.saturating_duration_since(now);
                if let Treatment::WaitForQuota(_) = treatment {
                    self.shared.gate.close(&Source::from(self.job.endpoint), until);
                    report.warn(name, &error.to_string());
                } else {
                    let attempt = self.budget.failed();
                    let allowed = Budget::allowed(treatment);
                    let seconds = wait.as_secs_f64();
                    let text = format!(
                        "{error}; retry in {seconds:.1} s (attempt {attempt}/{allowed} failed)"
                    );
                    if !self.outlives(error) {
                        report.warn(name, &text);
                    } else {
                        // A kept connection that was closed meanwhile is no news.
                        if !wait.is_zero() {
                            self.tell_cut_off(error);
                        }
                        report.detail(name, &text);
                    }
                }
                let why = match treatment {
                    Treatment::WaitForQuota(_) => RATE_LIMIT,
                    _ => "trying again",
                };
                self.wait(why, until)?;
                let waited = clock.instant().saturating_duration_since(now);
                if let Treatment::WaitForQuota(_) = treatment {
                    self.outcome.waited_for_quota += waited;
                } else {
                    self.outcome.waited_for_retry += waited;
                }
                Ok(())
            }
            Next::GiveUp(reason) => {
                // A run that follows comes again, but not before it may.
                if let (Reason::WaitTooLong(wait), Some(_)) = (reason, self.job.follow) {
                    let until = now + wait.min(LONGEST_WAIT);
                    self.not_before = Some(until);
                    if let Treatment::WaitForQuota(_) = treatment {
                        self.shared.gate.close(&Source::from(self.job.endpoint), until);
                    }
                }
                if self.outlives(error) {
                    self.tell_cut_off(error);
                }
                Err(self.give_up(error, reason))
            }
        }
    }

    /// Whether the run follows, and goes on in spite of this.
    fn outlives(&self, error: &ApiError) -> bool {
        self.job.follow.is_some() && error.exit() == Exit::Temporary
    }

    fn give_up(&self, error: &ApiError, reason: Reason) -> Failure {
        let mut failure = Failure::from(error.clone());
        match reason {
            Reason::Final => {}
            Reason::Attempts(attempts) => {
                failure.cause = anyhow::anyhow!("{error}; gave up after {attempts} attempts");
            }
            Reason::WaitTooLong(_) => {
                failure.cause = anyhow::anyhow!(
                    "{error}; gave up: the wait would be longer than --retry-for or --max-wait allows"
                );
            }
        }
        let in_series = self.job.mode.in_series();
        match error {
            ApiError::CursorRefused { .. } if in_series => {
                let resource = self.job.resource.name;
                // The page before may still be under way to the output: if it fails, that is told.
                let since = self.through.or_else(|| self.position.time());
                let since = since.map_or("TIME".to_owned(), |time| time.to_string());
                failure = failure.hint(format!("`zdx state set {resource} --since {since}`"));
            }
            ApiError::Forbidden { .. } => failure = failure.hint(self.job.resource.needs()),
            ApiError::Garbled(Garbled::Overflow { second, .. }) => {
                for hint in self.past_overflow(*second, in_series) {
                    failure = failure.hint(hint);
                }
            }
            _ => {}
        }
        failure
    }

    /// The ways past a second of more than a page.
    fn past_overflow(&self, second: UnixTime, in_series: bool) -> Vec<String> {
        let resource = self.job.resource;
        let by_cursor = resource.endpoint(Some(Pagination::Cursor)).map(|_| match in_series {
            // A position by time cannot be gone on from by cursor.
            true => anew(resource, Some(Pagination::Cursor), second, &self.job.output),
            false => "use --pagination cursor".to_owned(),
        });
        let skip = format!(
            "{}{AGAIN}, with --on-overflow skip-second: it goes on behind this second and loses \
             what does not fit on the page",
            if by_cursor.is_some() { "or " } else { "" }
        );
        by_cursor.into_iter().chain([skip]).collect()
    }
}

/// What to ask for from a position. Every parameter is sent each time: servers do not keep them.
pub(crate) fn request(job: &Job, position: &Position, per_page: u16) -> Request {
    let request = Request::new(job.endpoint.path);
    let mut request = match position {
        Position::Start(start) => request.with("start_time", start.seconds().to_string()),
        Position::Cursor(cursor) => request.with("cursor", cursor.as_str()),
        Position::Time { end_time, .. } => {
            request.with("start_time", end_time.seconds().to_string())
        }
    };
    if job.resource.takes(Parameter::PerPage) {
        request = request.with("per_page", per_page.to_string());
    }
    if !job.include.is_empty() {
        let names: Vec<&str> = job.include.iter().map(|sideload| sideload.name).collect();
        request = request.with("include", names.join(","));
    }
    if job.exclude_deleted {
        request = request.with("exclude_deleted", "true");
    }
    match job.support_type_scope {
        Some(scope) => request.with("support_type_scope", scope),
        None => request,
    }
}

//! The export of one resource: ask, check, write, save, and again.
//!
//! The only place with a client, an output and a position at once; what to do is decided by
//! `paging`, `retry` and `pacer`.

use super::{Shared, lines, summary::Outcome};
use crate::{
    api::{Client, error::ApiError, headers::Headers},
    disk::ReplaceError,
    failure::{Exit, Failure},
    garbled::Garbled,
    output::Output,
    pacer::Turn,
    page,
    paging::{self, Tally, Verdict},
    plan::{Job, Mode, YOUNGEST},
    position::{Fingerprint, Position},
    request::Request,
    resource::{Parameter, Place},
    retry::{Budget, LARGEST, Next, PageSize, Reason, Treatment},
    sink::{FileSink, Owner, Sink, StdoutSink},
    state::{Mark, Series},
    time::{UnixTime, span},
};
use std::{
    collections::HashSet,
    mem,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Clocks that differ by more are worth a word.
const SKEW_WARNED: Duration = Duration::from_secs(60);

/// Clocks that differ by more cannot both be believed.
const SKEW_CREDIBLE: Duration = Duration::from_secs(86_400);

pub(super) struct Run<'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    client: Client,
    position: Position,
    /// Whether the position is a start of the user's own, to which no page has answered yet.
    untried: bool,
    /// Whether the state must be saved before the first request.
    unsaved: bool,
    size: PageSize,
    budget: Budget,
    sink: Sink,
    sideloads: Vec<SideloadSink>,
    /// The cursors gone on from, to notice a cycle.
    earlier: HashSet<Fingerprint>,
    /// The server's clock at its last answer.
    date: Option<UnixTime>,
    /// Whether that clock and ours agree at least on the day.
    clock_credible: bool,
    outcome: Outcome,
    began: Instant,
    body: Vec<u8>,
    /// Of the page that was fetched last, until it is committed.
    lines: Vec<u8>,
    counts: lines::Counts,
    through: Option<UnixTime>,
    warned: Warned,
}

/// What is told once in a run.
#[derive(Debug, Default)]
struct Warned {
    surrogates: bool,
    clock: bool,
    parameters: bool,
}

/// A sideload's own output, and what this run has already written there.
struct SideloadSink {
    name: &'static str,
    sink: Sink,
    seen: HashSet<Fingerprint>,
    /// The lines of the current page, and the records that they stand for.
    lines: Vec<u8>,
    fresh: Vec<Fingerprint>,
}

/// What asking for the next page came to.
enum Fetched {
    Page {
        next: Position,
        more: bool,
    },
    /// Caught up: nothing came, or what would come is too young.
    Nothing,
    /// The account cannot read a resource that nobody named.
    OutOfReach(ApiError),
}

impl<'a> Run<'a> {
    /// Opens the outputs. Nothing is saved yet: another job may still be refused.
    pub(super) fn open(job: &'a Job, shared: &'a Shared<'a>) -> Result<Run<'a>, Failure> {
        let (position, untried) = match &job.mode {
            Mode::OneOff { start } | Mode::NewSeries { start } => {
                (job.endpoint.pagination.start(*start), true)
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
            client: Client::new(
                shared.base.clone(),
                shared.limits,
                shared.authorizer.clone(),
                shared.clock,
                shared.stop.clone(),
            ),
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
            body: Vec::new(),
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

    /// Exports until caught up, stopped or failed, and says so.
    pub(super) fn finish(mut self) -> Outcome {
        let result = self.pages().and_then(|()| self.end());
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

    fn pages(&mut self) -> Result<(), Failure> {
        loop {
            if let Some(signal) = self.shared.stop.signal() {
                return Err(Failure::stopped(signal));
            }
            let (next, more) = match self.fetch()? {
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

    /// A file that was to be overwritten is empty now, also when nothing came.
    fn end(&mut self) -> Result<(), Failure> {
        let stop = self.shared.stop;
        self.sink.write(&[], stop)?;
        self.sideloads.iter_mut().try_for_each(|sideload| sideload.sink.write(&[], stop))
    }

    fn limit_reached(&self) -> bool {
        self.job.limit.is_some_and(|limit| self.outcome.records >= limit)
            || self.job.max_pages.is_some_and(|limit| self.outcome.pages >= limit)
    }

    /// Asks until there is a page to write or nothing more to come, or until the retries are used
    /// up.
    fn fetch(&mut self) -> Result<Fetched, Failure> {
        self.budget = Budget::new(self.shared.retry_for, self.shared.max_wait);
        loop {
            self.await_turn()?;
            let request = request(self.job, &self.position, self.size.get());
            let asked = self.shared.clock.instant();
            let (headers, answer) = self.client.get(&request, &mut self.body);
            self.settle(&headers);
            self.tell(&request, asked, &answer);
            let error = match answer.and_then(|()| self.digest()) {
                Ok(fetched) => {
                    self.untried = false;
                    self.size.good_page();
                    return Ok(fetched);
                }
                Err(error) => error,
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
                    if self.job.optional && self.outcome.pages == 0 =>
                {
                    return Ok(Fetched::OutOfReach(error));
                }
                error => self.recover(&error)?,
            }
        }
    }

    /// Waits for a place in the quota. A wait is not the request's fault, so it uses no budget.
    fn await_turn(&mut self) -> Result<(), Failure> {
        let Shared { clock, stop, report, .. } = self.shared;
        let bucket = self.job.endpoint.bucket;
        let mut told = false;
        loop {
            if let Some(signal) = stop.signal() {
                return Err(Failure::stopped(signal));
            }
            let now = clock.instant();
            let turn = lock(&self.shared.pacer).take(bucket, now);
            let until = match turn {
                Ok(()) => return Ok(()),
                Err(Turn::At(until)) => until,
                Err(Turn::AfterAnswer) => now + Duration::from_millis(20),
            };
            let wait = until.saturating_duration_since(now);
            if self.shared.max_wait.is_some_and(|longest| wait > longest) {
                return Err(Failure::new(
                    Exit::Temporary,
                    format!("the quota is spent for {}, longer than --max-wait", span(wait)),
                )
                .hint("run the same command again later"));
            }
            if wait > Duration::from_secs(2) && !told {
                told = true;
                let name = Some(self.job.resource.name);
                report.watch(name, &format!("quota spent, next request in {}", span(wait)));
            }
            clock.sleep_until(until, stop);
            self.outcome.waited_for_quota += clock.instant().saturating_duration_since(now);
        }
    }

    fn settle(&mut self, headers: &Headers) {
        self.outcome.requests += 1;
        self.date = headers.date().or(self.date);
        let bucket = self.job.endpoint.bucket;
        let now = self.shared.clock.instant();
        lock(&self.shared.pacer).settle(bucket, headers.pacing(bucket), now);
        let report = self.shared.report;
        let name = Some(self.job.resource.name);
        report.hide(self.shared.authorizer.minted().as_slice());
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
        }
    }

    fn tell(&self, request: &Request, asked: Instant, answer: &Result<(), ApiError>) {
        let took = self.shared.clock.instant().saturating_duration_since(asked);
        let result = match answer {
            Ok(()) => format!("200, {}", crate::report::bytes(self.body_length())),
            Err(error) => error.to_string(),
        };
        let text = format!("GET {}: {result}, {:.3} s", request.target(), took.as_secs_f64());
        self.shared.report.detail(Some(self.job.resource.name), &text);
    }

    fn body_length(&self) -> u64 {
        u64::try_from(self.body.len()).unwrap_or(u64::MAX)
    }

    /// From a body to a verdict, with the lines made. Nothing is written yet.
    fn digest(&mut self) -> Result<Fetched, ApiError> {
        let body = mem::take(&mut self.body);
        let result = self.digest_body(&body);
        self.body = body;
        result
    }

    fn digest_body(&mut self, body: &[u8]) -> Result<Fetched, ApiError> {
        let job = self.job;
        let names: Vec<&str> = self.sideloads.iter().map(|sideload| sideload.name).collect();
        let page = page::parse(body, job.resource.record_key, &names)?;
        let none = HashSet::new();
        let seen = match &self.position {
            Position::Time { seen, .. } => seen,
            Position::Start(_) | Position::Cursor(_) => &none,
        };
        let prints: Vec<Fingerprint> = match &self.position {
            Position::Time { .. } => {
                page.records.iter().map(|record| Fingerprint::of(record.get().as_bytes())).collect()
            }
            Position::Start(_) | Position::Cursor(_) => Vec::new(),
        };
        let records = page.records.len();
        let tally = Tally {
            records,
            unseen: match prints.is_empty() {
                true => records,
                false => prints.iter().filter(|print| !seen.contains(print)).count(),
            },
            capacity: usize::from(self.size.get()),
        };
        let verdict = match &self.position {
            Position::Time { end_time, seen } => {
                let all = prints.iter().copied().collect();
                // A server whose clock is a day off is no judge of what is in the future.
                let date = self.date.filter(|_| self.clock_credible);
                paging::by_time(*end_time, seen, &page.envelope, tally, all, date)
            }
            Position::Start(_) | Position::Cursor(_) => {
                paging::by_cursor(&self.position, &page.envelope, tally, &self.earlier)
            }
        };
        let verdict = match verdict {
            Err(Garbled::Overflow { second, .. })
                if job.skip_second && self.size.get() == LARGEST =>
            {
                let text = format!(
                    "skipping to the second after {second}: what did not fit on its page is lost"
                );
                self.shared.report.warn(Some(job.resource.name), &text);
                paging::skip_second(second)
            }
            verdict => verdict?,
        };
        let Verdict::Commit { next, more } = verdict else {
            self.outcome.duplicates += u64::try_from(records).unwrap_or(0);
            return Ok(Fetched::Nothing);
        };
        let left = match (&job.mode, job.limit) {
            (Mode::OneOff { .. }, Some(limit)) => limit.saturating_sub(self.outcome.records),
            (_, _) => u64::MAX,
        };
        let rules = lines::Rules {
            change_time: job.resource.change_time,
            until: job.until,
            updated_since: job.updated_since,
            surrogates: job.surrogates,
            envelope: job.envelope.then_some(job.resource.name),
            limit: left,
        };
        self.lines.clear();
        self.counts = lines::write(&page.records, &prints, seen, rules, &mut self.lines);
        for (name, records) in &page.sideloads {
            if let Some(sideload) = self.sideloads.iter_mut().find(|known| known.name == *name) {
                sideload.take(records, job);
            }
        }
        let last = page.records.last();
        let changed = last.and_then(|record| lines::change_time(record, job.resource.change_time));
        self.through = changed.or_else(|| next.time());
        if page.envelope.count.is_some_and(|count| usize::try_from(count) != Ok(records)) {
            let text = "the page's count is not the number of its records";
            self.shared.report.detail(Some(job.resource.name), text);
        }
        Ok(Fetched::Page { next, more })
    }

    /// A start that is too young for the server: `true` when that means "nothing new yet", `false`
    /// when an older start is to be asked for.
    fn too_recent(&mut self, date: Option<UnixTime>) -> Result<bool, Failure> {
        let name = Some(self.job.resource.name);
        let (true, Some(start), Some(date)) = (self.untried, self.position.time(), date) else {
            self.shared.report.note(name, "nothing new yet");
            return Ok(true);
        };
        if start > date {
            return Err(Failure::usage(format!(
                "{} is in the future of the server's clock ({date})",
                self.job.origin
            ))
            .hint("is the clock of this machine right?"));
        }
        self.untried = false;
        self.position = self.job.endpoint.pagination.start(date.minus(YOUNGEST));
        Ok(false)
    }

    /// Waits, or asks for less, as the trouble wants; an error when there is no more to try.
    fn recover(&mut self, error: &ApiError) -> Result<(), Failure> {
        if matches!(error, ApiError::Garbled(Garbled::Overflow { .. })) && self.size.widen() {
            return Ok(());
        }
        let Shared { clock, stop, report, .. } = self.shared;
        let name = Some(self.job.resource.name);
        let now = clock.instant();
        let treatment = error.treatment();
        let shrinkable = self.job.resource.takes(Parameter::PerPage) && self.size.shrinkable();
        match self.budget.next(treatment, shrinkable, now, fastrand::f64()) {
            Next::Smaller => {
                self.size.halve();
                report.warn(name, &format!("{error}: page size {}", self.size.get()));
                Ok(())
            }
            Next::At(until) => {
                let wait = until.saturating_duration_since(now);
                if let Treatment::WaitForQuota(_) = treatment {
                    lock(&self.shared.pacer).close(self.job.endpoint.bucket, until, now);
                    report.warn(name, &error.to_string());
                } else {
                    let attempt = self.budget.failed();
                    let allowed = Budget::allowed(treatment);
                    let seconds = wait.as_secs_f64();
                    let text = format!(
                        "{error}; retry in {seconds:.1} s (attempt {attempt}/{allowed} failed)"
                    );
                    report.warn(name, &text);
                }
                clock.sleep_until(until, stop);
                let waited = clock.instant().saturating_duration_since(now);
                if let Treatment::WaitForQuota(_) = treatment {
                    self.outcome.waited_for_quota += waited;
                } else {
                    self.outcome.waited_for_retry += waited;
                }
                Ok(())
            }
            Next::GiveUp(reason) => Err(self.give_up(error, reason)),
        }
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
        if let ApiError::CursorRefused { .. } = error {
            let resource = self.job.resource.name;
            let since = self.outcome.through.map_or("TIME".to_owned(), |time| time.to_string());
            failure = failure.hint(format!("zdx state set {resource} --since {since}"));
        }
        failure
    }

    /// The page's output first, durable; then the position; then the page counts.
    fn commit(&mut self, next: Position) -> Result<(), Failure> {
        let stop = self.shared.stop;
        let mut written = self.sink.write(&self.lines, stop);
        for sideload in &mut self.sideloads {
            written = written.and_then(|()| sideload.sink.write(&sideload.lines, stop));
        }
        if let Err(failure) = written {
            self.each_sink(Sink::rollback);
            return Err(failure);
        }
        let through = self.through.or(self.outcome.through);
        self.save(&next, through)?;
        self.outcome.through = through;
        self.each_sink(Sink::commit);
        for sideload in &mut self.sideloads {
            sideload.seen.extend(sideload.fresh.drain(..));
            sideload.lines.clear();
        }
        if let Position::Cursor(cursor) = &self.position {
            self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
        }
        self.position = next;
        self.outcome.pages += 1;
        self.outcome.records += self.counts.written;
        self.outcome.duplicates += self.counts.duplicates;
        self.outcome.left_out += self.counts.left_out;
        self.outcome.deleted += self.counts.deleted;
        self.outcome.surrogates += self.counts.surrogates;
        if self.outcome.surrogates > 0 && !mem::replace(&mut self.warned.surrogates, true) {
            let text = "lone surrogate escapes, which many readers refuse, become \\ufffd \
                        (--raw keeps them)";
            self.shared.report.warn(Some(self.job.resource.name), text);
        }
        Ok(())
    }

    fn each_sink(&mut self, act: fn(&mut Sink)) {
        act(&mut self.sink);
        self.sideloads.iter_mut().for_each(|sideload| act(&mut sideload.sink));
    }

    /// The state, if this run moves a position in it.
    fn series_state(&self) -> Option<MutexGuard<'a, crate::state::StateFile>> {
        match self.job.mode {
            Mode::OneOff { .. } => None,
            Mode::NewSeries { .. } | Mode::Series(_) => self.shared.state.as_ref().map(lock),
        }
    }

    /// Saves a position with what the outputs now hold.
    fn save(&mut self, position: &Position, through: Option<UnixTime>) -> Result<(), Failure> {
        let Some(mut state) = self.series_state() else {
            return Ok(());
        };
        let saved: Vec<(String, Mark)> = match &self.job.mode {
            Mode::Series(series) => series.sideloads.clone(),
            Mode::OneOff { .. } | Mode::NewSeries { .. } => Vec::new(),
        };
        let current = self
            .sideloads
            .iter()
            .map(|sideload| (sideload.name.to_owned(), sideload.sink.mark()))
            .collect::<Vec<_>>();
        let others = saved
            .into_iter()
            .filter(|(name, _)| !self.sideloads.iter().any(|known| known.name == name));
        let series = Series {
            position: position.clone(),
            through,
            output: self.sink.mark(),
            sideloads: others.chain(current).collect(),
        };
        let at = self.date.unwrap_or_else(|| self.shared.clock.wall());
        let path = state.path().display().to_string();
        let result = state.save(self.job.resource.name, &series, at);
        drop(state);
        let failed = |what: &str, error| Failure {
            exit: Exit::Output,
            cause: anyhow::Error::from(error).context(format!("cannot {what} {path}")),
            hints: Vec::new(),
        };
        match result {
            Ok(()) => Ok(()),
            Err(ReplaceError::Before(error)) => {
                self.each_sink(Sink::rollback);
                Err(failed("save the position in", error))
            }
            // The rename has happened: the page is committed, only its name may not be durable.
            Err(ReplaceError::After(error)) => {
                self.each_sink(Sink::commit);
                Err(failed("sync the directory of", error))
            }
        }
    }
}

impl SideloadSink {
    /// Makes the lines of those records that this run has not written yet.
    fn take(&mut self, records: &[&serde_json::value::RawValue], job: &Job) {
        self.lines.clear();
        self.fresh.clear();
        let name = format!("{}.{}", job.resource.name, self.name);
        let mut fresh = Vec::new();
        let mut on_page = HashSet::new();
        for record in records {
            let print = Fingerprint::of(record.get().as_bytes());
            if !self.seen.contains(&print) && on_page.insert(print) {
                fresh.push(*record);
                self.fresh.push(print);
            }
        }
        let rules = lines::Rules {
            change_time: "",
            until: None,
            updated_since: None,
            surrogates: job.surrogates,
            envelope: job.envelope.then_some(name.as_str()),
            limit: u64::MAX,
        };
        lines::write(&fresh, &[], &HashSet::new(), rules, &mut self.lines);
    }
}

/// Opens one output; the flag says that the state must be saved before the first byte.
fn open_sink(
    job: &Job,
    shared: &Shared<'_>,
    output: &Output,
    saved: Option<&Mark>,
) -> Result<(Sink, bool), Failure> {
    let Output::File { path, template } = output else {
        let series = !matches!(job.mode, Mode::OneOff { .. });
        return Ok((Sink::Stdout(StdoutSink::open(series)?), false));
    };
    let moved = saved.is_some_and(|mark| mark.path != path.to_string_lossy());
    let owner = match (&job.mode, saved) {
        (Mode::OneOff { .. }, _) => Owner::OneOff(job.existing),
        (_, Some(mark)) if !moved => Owner::Series(mark),
        (_, _) => Owner::NewSeries(job.existing),
    };
    let (sink, opened) = FileSink::open(path, template.clone(), &owner)?;
    let name = Some(job.resource.name);
    let shown = path.display();
    if opened.discarded > 0 {
        let text = format!(
            "discarded {} bytes of {shown} that were written but not committed",
            opened.discarded
        );
        shared.report.warn(name, &text);
    }
    if opened.rotated {
        shared.report.note(name, &format!("{shown} was moved away: starting a new file"));
    }
    Ok((Sink::File(sink), opened.rotated || moved || saved.is_none()))
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

fn lock<T>(mutex: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

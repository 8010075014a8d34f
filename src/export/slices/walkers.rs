//! The walkers: threads that ask for what the slices ahead want next, and keep the answers.
//!
//! Thin: what is asked next and what is kept is decided by `front`, what an answer means by
//! `judging`, when to ask again by `retry`, and when at all by the pacer, where the head and other
//! resources come first. Must not know outputs.

use super::{
    front::{Ask, Front, walkers},
    judging::{self, Judged},
    order::{Joint, Look},
};
use crate::{
    api::{Client, error::ApiError, headers::Headers},
    clock::Clock,
    export::{ahead, clocks::Clocks, query, shared::Shared},
    failure::{Exit, Failure},
    mutex::lock,
    pacer::{
        Said, Source, Turn,
        gate::{Gate, Ticket},
    },
    plan::{Job, Mode},
    position::Position,
    request::Request,
    resource::Parameter,
    retry::{Budget, Next, PageSize, Treatment},
    signals::Stop,
    time::UnixTime,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// What is kept of pages that were read ahead: compressed, in bytes.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// What walkers receive at the same time: pages as they come out of the server's compression, in
/// bytes.
const MOST_UNDER_WAY: usize = 128 * 1024 * 1024;

/// How much smaller a page is as it is kept, about; taken until one is.
const PACKED: usize = 8;

/// Nothing is read ahead that is younger, or within the overlap: there, rows come late.
const YOUNG: Duration = Duration::from_secs(3_600);

/// How soon one notices that it is to end, or that there is something to do.
const SLICE: Duration = Duration::from_millis(100);

/// A server may ask one to stay away for longer; the head decides what comes of that.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Of so many answers the mean says how long one takes.
const ANSWERS: usize = 16;

/// The fastest compression: a page is kept for minutes.
const LEVEL: i32 = 1;

/// What is read ahead of one resource's head.
pub(in crate::export) struct Walkers(Arc<Inner>);

struct Inner {
    /// What is asked for; where the export stands is not in it.
    job: Job,
    source: Source,
    gate: Gate,
    clock: Clock,
    stop: Stop,
    retry_for: Duration,
    max_wait: Option<Duration>,
    /// Another client like the head's, for each thread.
    client: Box<dyn Fn() -> Client + Send + Sync>,
    front: Mutex<Front<Kept>>,
    /// Somebody has changed the front.
    changed: Condvar,
    /// How long the last answers took.
    took: Mutex<VecDeque<Duration>>,
    size: Mutex<PageSize>,
    budgets: Mutex<BTreeMap<u64, Budget>>,
    /// Nothing is read ahead from here on, once that is known.
    limit: Mutex<Option<UnixTime>>,
    requests: AtomicU64,
    /// How many bytes the head's last page had.
    page: AtomicUsize,
    threads: Mutex<Vec<Box<dyn Fn() + Send>>>,
    closed: AtomicBool,
    /// A walker is gone because of a bug.
    broken: AtomicBool,
}

/// Notices that a thread has panicked: the head would wait for its answer for ever.
struct Watch(Arc<Inner>);

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.broken.store(true, Ordering::Relaxed);
            lock(&self.0.front).stop();
            self.0.changed.notify_all();
        }
    }
}

/// An answer, as it is kept.
struct Kept {
    request: Request,
    headers: Headers,
    packed: Vec<u8>,
    bytes: usize,
    took: Duration,
    wall: UnixTime,
}

impl Walkers {
    pub(in crate::export) fn new(job: &Job, shared: &Shared<'_>) -> Walkers {
        let Shared { base, limits, clock, .. } = *shared;
        let (base, authorizer, stop) =
            (base.clone(), Arc::clone(&shared.authorizer), shared.stop.clone());
        let client = {
            let stop = stop.clone();
            move || Client::new(base.clone(), limits, authorizer.clone(), clock, stop.clone())
        };
        // What is remembered of a series may be large, and is the head's.
        let mode = Mode::OneOff { start: UnixTime::clamped(0) };
        Walkers(Arc::new(Inner {
            job: Job { mode, ..job.clone() },
            source: Source::from(job.endpoint),
            gate: shared.gate.clone(),
            clock,
            stop,
            retry_for: shared.retry_for,
            max_wait: shared.max_wait,
            client: Box::new(client),
            front: Mutex::new(Front::new(job.endpoint.form.saves(), MOST_KEPT)),
            changed: Condvar::new(),
            took: Mutex::default(),
            size: Mutex::new(PageSize::new(job.per_page)),
            budgets: Mutex::default(),
            limit: Mutex::new(None),
            requests: AtomicU64::new(0),
            page: AtomicUsize::new(0),
            threads: Mutex::default(),
            closed: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }))
    }

    /// No more is asked for; requests that nobody waits for any more are broken off.
    pub(in crate::export) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        lock(&self.0.threads).iter().for_each(|cancel| cancel());
        self.0.changed.notify_all();
    }

    /// How many requests walkers have sent.
    pub(in crate::export) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// A page of this size was too much for the server, for whoever asked.
    pub(in crate::export) fn shrink(&self, failed: u16) {
        self.0.shrink(failed);
    }

    /// Where the head's next page may be cut; `None` where it need not be looked at, because the
    /// head alone spends what there is.
    pub(in crate::export) fn joints(&self) -> Option<Vec<Joint>> {
        let front = lock(&self.0.front);
        let wanted = front.walking() > 1 || self.0.wanted() > 1;
        wanted.then(|| front.joints())
    }

    /// Whether anything is read ahead, or the head is in what was.
    pub(in crate::export) fn are_at_work(&self) -> bool {
        lock(&self.0.front).is_at_work()
    }

    /// The head has accepted an answer of so many bytes, which came from the server in this time
    /// unless it was kept, and showed this.
    pub(in crate::export) fn pass(&self, look: Look, bytes: usize, clocks: Clocks) {
        let inner = &self.0;
        {
            let mut front = lock(&inner.front);
            match look {
                Look::Nothing => return,
                Look::Disordered => front.distrust(),
                Look::Passed { first, reached } => {
                    front.expect(bytes / PACKED);
                    front.pass(first, reached);
                }
            }
        }
        inner.page.store(bytes, Ordering::Relaxed);
        let late = inner.job.resource.fence + inner.job.overlap;
        // Of a server whose clock nobody can believe, nobody knows what is young.
        let Some(now) = clocks.judge() else { return };
        let limit = now.minus(YOUNG.max(late));
        let limit = inner.job.until.map_or(limit, |until| until.min(limit));
        *lock(&inner.limit) = Some(limit);
        inner.plan();
    }

    /// The head's own request took so long.
    pub(in crate::export) fn answered_in(&self, took: Duration) {
        self.0.answered_in(took);
    }

    /// Whether the head is to ask from here itself, which no walker does then: no answer is kept or
    /// on its way.
    pub(in crate::export) fn leave(&self, position: &Position) -> bool {
        let mut front = lock(&self.0.front);
        let leaves = !front.keeps(position) && !front.is_asking(position);
        if leaves {
            front.claim(position);
        }
        leaves
    }

    /// The answer to what is asked from here, if a walker has asked; it may still be on its way.
    /// Otherwise the head asks itself, and no walker does.
    pub(in crate::export) fn answer(
        &self,
        position: &Position,
        mut meanwhile: impl FnMut(Duration) -> Result<(), Failure>,
    ) -> Result<Option<ahead::Answered>, Failure> {
        let inner = &self.0;
        let began = inner.clock.instant();
        let mut front = lock(&inner.front);
        loop {
            if inner.broken.load(Ordering::Relaxed) {
                return Err(Failure::new(Exit::Bug, "a thread that reads ahead is gone"));
            }
            if let Some(kept) = front.take(position) {
                drop(front);
                inner.changed.notify_all();
                return Ok(kept.unpack());
            }
            if !front.is_asking(position) {
                front.claim(position);
                return Ok(None);
            }
            if let Some(signal) = inner.stop.signal() {
                return Err(Failure::stopped(signal));
            }
            drop(front);
            meanwhile(inner.clock.instant().saturating_duration_since(began))?;
            front = inner.wait(lock(&inner.front));
        }
    }
}

impl Drop for Walkers {
    fn drop(&mut self) {
        self.close();
    }
}

impl Kept {
    /// `None` if it cannot be had back, which costs a request.
    fn unpack(self) -> Option<ahead::Answered> {
        let body = zstd::bulk::decompress(&self.packed, self.bytes).ok()?;
        let Kept { request, headers, took, wall, .. } = self;
        Some(ahead::Answered { request, headers, result: Ok(()), body, took, wall })
    }
}

/// The front, locked.
type Locked<'f> = std::sync::MutexGuard<'f, Front<Kept>>;

impl Inner {
    fn is_over(&self) -> bool {
        self.closed.load(Ordering::Relaxed) || self.stop.signal().is_some()
    }

    fn wait<'f>(&self, front: Locked<'f>) -> Locked<'f> {
        let waited = self.changed.wait_timeout(front, SLICE);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn answered_in(&self, took: Duration) {
        let mut all = lock(&self.took);
        all.push_back(took);
        if all.len() > ANSWERS {
            all.pop_front();
        }
    }

    /// How many are to walk, the head among them.
    fn wanted(&self) -> usize {
        let all = lock(&self.took);
        let Ok(count @ 1..) = u32::try_from(all.len()) else { return 1 };
        let mean = all.iter().sum::<Duration>() / count;
        drop(all);
        let wanted = self.gate.allowance(&self.source).map_or(1, |places| walkers(places, mean));
        wanted.min(1 + MOST_UNDER_WAY / self.page.load(Ordering::Relaxed).max(1))
    }

    /// Begins slices, if the quota would be left over, with a thread for each that walks.
    fn plan(self: &Arc<Inner>) {
        let Some(limit) = *lock(&self.limit) else { return };
        let wanted = self.wanted();
        let walking = {
            let mut front = lock(&self.front);
            front.begin(wanted, limit);
            front.walking()
        };
        let mut threads = lock(&self.threads);
        while threads.len() + 1 < walking && !self.is_over() {
            let client = (self.client)();
            threads.push(Box::new(client.canceller()));
            let inner = Arc::clone(self);
            // A look-up or a connection that is being made cannot be broken off: the thread is left
            // to the process's end.
            thread::spawn(move || {
                let _watch = Watch(Arc::clone(&inner));
                inner.walk(&client);
            });
        }
        drop(threads);
        self.changed.notify_all();
    }

    fn walk(self: &Arc<Inner>, client: &Client) {
        while !self.is_over() {
            let ask = lock(&self.front).ask(self.clock.instant());
            let Some(ask) = ask else {
                drop(self.wait(lock(&self.front)));
                continue;
            };
            let Some(ticket) = self.await_place(ask.slice) else { continue };
            if !lock(&self.front).go(ask.slice) {
                ticket.settle(Said::Unsent);
                continue;
            }
            self.send(client, &ask, ticket);
            self.plan();
        }
    }

    /// Waits for a place in the quota, which whoever waits in line has first; `None` if the request
    /// is not wanted any more.
    fn await_place(&self, slice: u64) -> Option<Ticket> {
        loop {
            if self.is_over() || !lock(&self.front).is_queueing(slice) {
                return None;
            }
            let now = self.clock.instant();
            let until = match self.gate.take(&self.source) {
                Ok(ticket) => return Some(ticket),
                Err(Turn::At(until)) => until.min(now + SLICE),
                Err(Turn::AfterAnswer) => now + SLICE / 2,
            };
            self.clock.sleep_until(until, &self.stop);
        }
    }

    fn send(&self, client: &Client, ask: &Ask, ticket: Ticket) {
        let size = lock(&self.size).get();
        let request = query::request(&self.job, &ask.position, size);
        let began = self.clock.instant();
        let mut body = Vec::new();
        let (headers, result) = client.get(&request, &mut body);
        ticket.settle(ahead::said(&headers, &result));
        self.requests.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.instant();
        let took = now.saturating_duration_since(began);
        let wall = self.clock.wall();
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let clocks = Clocks { date: headers.date(), wall };
        let judged = result.and_then(|()| {
            let judged = judging::judge(&self.job, &ask.position, &body, size, clocks)?;
            let mut shared = lock(&self.size);
            if shared.get() == size {
                shared.good_page();
            }
            Ok(judged)
        });
        let mut front = lock(&self.front);
        match judged {
            Ok(judged) => {
                lock(&self.budgets).remove(&ask.slice);
                self.answered_in(took);
                match judged {
                    Judged::Page(seen) => match zstd::bulk::compress(&body, LEVEL) {
                        Ok(packed) => {
                            let (bytes, held) = (body.len(), packed.len());
                            let kept = Kept { request, headers, packed, bytes, took, wall };
                            front.answer(ask.slice, seen, kept, held);
                        }
                        Err(_) => front.end(ask.slice),
                    },
                    Judged::End => front.end(ask.slice),
                    Judged::Disordered => front.distrust(),
                }
            }
            Err(error) => match self.trouble(&error, ask.slice, size, now) {
                Some(until) => front.again(ask.slice, until),
                None => front.stop(),
            },
        }
        drop(front);
        self.changed.notify_all();
    }

    /// When to ask again, or not at all: what fails the run is the head's to say.
    fn trouble(&self, error: &ApiError, slice: u64, size: u16, now: Instant) -> Option<Instant> {
        if matches!(error, ApiError::Stopped) {
            return None;
        }
        let treatment = error.treatment();
        if let Treatment::WaitForQuota(wait) = treatment {
            let until = now + wait.min(LONGEST_WAIT);
            self.gate.close(&self.source, until);
        }
        let shrinkable = size > 1 && self.job.resource.takes(Parameter::PerPage);
        let mut budgets = lock(&self.budgets);
        let budget =
            budgets.entry(slice).or_insert_with(|| Budget::new(self.retry_for, self.max_wait));
        match budget.next(treatment, shrinkable, now, fastrand::f64()) {
            Next::Same(until) => Some(until),
            Next::Smaller(until) => {
                self.shrink(size);
                Some(until)
            }
            Next::GiveUp(_) => None,
        }
    }

    fn shrink(&self, failed: u16) {
        let mut size = lock(&self.size);
        if size.get() >= failed && size.shrinkable() {
            size.halve();
        }
    }
}

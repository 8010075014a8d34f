//! Where the export of one resource stands, and what an answer means for it.
//!
//! Pure: bodies, times and settings come in, requests and batches go out. What is accepted here is
//! handed over, not yet written. Must not know threads, clients, outputs or reports.

use super::{
    batch::{Batch, Place, places},
    lines,
};
use crate::{
    garbled::Garbled,
    page::{self, Page},
    paging::{self, Tally, Verdict},
    plan::{Job, Mode, YOUNGEST},
    position::{Fingerprint, Position},
    record::{self, LoneSurrogates},
    request::Request,
    resource::Parameter,
    retry::{LARGEST, PageSize},
    scan::Json,
    time::UnixTime,
};
use std::{collections::HashSet, time::Duration};

/// Clocks that differ by more cannot both be believed.
const SKEW_CREDIBLE: Duration = Duration::from_secs(86_400);

/// What time it was when an answer came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// The server's, if it told.
    pub(super) date: Option<UnixTime>,
    /// This machine's.
    pub(super) wall: UnixTime,
}

impl Clocks {
    /// How far the two lie apart.
    pub(super) fn skew(self) -> Option<Duration> {
        let date = self.date?;
        Some(date.since(self.wall).max(self.wall.since(date)))
    }

    /// The server's clock, if it is one to judge by: one that is a day off is not.
    fn judge(self) -> Option<UnixTime> {
        self.date.filter(|_| self.skew().is_some_and(|skew| skew < SKEW_CREDIBLE))
    }

    /// The time by which a position counts as saved. Of a server that does not tell its time, the
    /// position tells the least that it can be.
    fn at(self, next: &Position) -> UnixTime {
        self.date.unwrap_or_else(|| next.time().map_or(self.wall, |time| time.max(self.wall)))
    }
}

/// The export of one resource, as far as its pages were accepted.
pub(super) struct Stream<'a> {
    job: &'a Job,
    /// Behind the last page.
    position: Position,
    /// The change time up to which records were accepted.
    through: Option<UnixTime>,
    size: PageSize,
    /// Whether the page was too much for the server, at this position.
    halved: bool,
    /// Whether the position is a start of the user's own, to which no page has answered yet.
    untried: bool,
    /// The cursors gone on from, to notice a cycle.
    earlier: HashSet<Fingerprint>,
    sideloads: Vec<Sideloaded>,
    pages: u64,
    records: u64,
    remarks: Vec<Remark>,
}

/// What a good answer brought.
pub(super) enum Accepted {
    Page(Batch),
    /// Caught up: nothing to write. The body has served its turn.
    Nothing {
        body: Vec<u8>,
        duplicates: u64,
    },
}

/// Something about a page that is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// The page's `count` is not the number of its records.
    Miscounted,
    /// What did not fit on the page of this second was skipped, as asked.
    Skipped(UnixTime),
}

/// What a start that is too young for the server comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooRecent {
    /// Nothing is there yet.
    Nothing,
    /// An older start is to be asked for.
    Older,
    /// The start lies ahead of the server's clock.
    Future(UnixTime),
}

impl<'a> Stream<'a> {
    /// `sideloads` are those with outputs of their own, and what was written of each since the
    /// export last caught up.
    pub(super) fn new(
        job: &'a Job,
        sideloads: Vec<(&'static str, HashSet<Fingerprint>)>,
    ) -> Stream<'a> {
        let (position, through, untried) = match &job.mode {
            Mode::OneOff { start } | Mode::NewSeries { start, .. } => {
                (Position::starting(job.endpoint.pagination, *start), None, true)
            }
            Mode::Series(series) => (series.position.clone(), series.through, false),
        };
        let sideloads = sideloads.into_iter().map(|(name, seen)| Sideloaded { name, seen });
        Stream {
            job,
            position,
            through,
            size: PageSize::new(job.per_page),
            halved: false,
            untried,
            earlier: HashSet::new(),
            sideloads: sideloads.collect(),
            pages: 0,
            records: 0,
            remarks: Vec::new(),
        }
    }

    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    pub(super) fn through(&self) -> Option<UnixTime> {
        self.through
    }

    /// How many pages were accepted.
    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    pub(super) fn page_size(&self) -> u16 {
        self.size.get()
    }

    /// What is to be asked for.
    pub(super) fn request(&self) -> Request {
        request(self.job, &self.position, self.size.get())
    }

    /// What will probably be asked for behind a page, by the end of a body that is not yet checked;
    /// [`Stream::request`] is what counts. `None` where the run may end with that page: one that is
    /// not wanted after all costs a request.
    pub(super) fn guess(&self, body: &[u8]) -> Option<Request> {
        let next = page::peek(body)?.after(&self.position)?;
        let size = self.size.after_a_good_page();
        self.may_go_on(self.pages + 1).then(|| request(self.job, &next, size.get()))
    }

    /// What will be asked for behind the page that was accepted, unless the run may end with it.
    pub(super) fn next(&self) -> Option<Request> {
        self.may_go_on(self.pages).then(|| self.request())
    }

    fn may_go_on(&self, pages: u64) -> bool {
        let Job { limit, until, max_pages, .. } = *self.job;
        limit.is_none() && until.is_none() && max_pages.is_none_or(|most| pages < most)
    }

    /// Whether the run has what it was asked for.
    pub(super) fn limit_reached(&self) -> bool {
        self.job.limit.is_some_and(|limit| self.records >= limit)
            || self.job.max_pages.is_some_and(|limit| self.pages >= limit)
    }

    /// Checks a body to its end, decides, chooses what is written, and goes on behind it. A garbled
    /// body is returned, and moves nothing.
    pub(super) fn accept(
        &mut self,
        body: Vec<u8>,
        clocks: Clocks,
    ) -> Result<Accepted, (Garbled, Vec<u8>)> {
        let batch = match self.digest(&body, clocks) {
            Ok(Digested::Page(batch)) => Batch { body, ..batch },
            Ok(Digested::Nothing { duplicates }) => {
                self.good_answer();
                return Ok(Accepted::Nothing { body, duplicates });
            }
            Err(garbled) => return Err((garbled, body)),
        };
        self.good_answer();
        if let Position::Cursor(cursor) = &self.position {
            self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
        }
        self.position = batch.next.clone();
        self.through = batch.through;
        self.pages += 1;
        self.records += u64::try_from(batch.records.len()).unwrap_or(0);
        Ok(Accepted::Page(batch))
    }

    fn good_answer(&mut self) {
        self.untried = false;
        self.halved = false;
        self.size.good_page();
    }

    /// What was noticed since the last call.
    pub(super) fn remarks(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.remarks)
    }

    /// The batch lacks its body, which it would borrow.
    fn digest(&mut self, body: &[u8], clocks: Clocks) -> Result<Digested, Garbled> {
        let names: Vec<&str> = self.sideloads.iter().map(|sideload| sideload.name).collect();
        let page = page::parse(body, self.job.resource.record_key, &names)?;
        let prints: Vec<Fingerprint> = match &self.position {
            Position::Time { .. } => {
                page.records.iter().map(|record| record::fingerprint(*record)).collect()
            }
            Position::Start(_) | Position::Cursor(_) => Vec::new(),
        };
        let (next, more) = match self.decide(&page, &prints, clocks)? {
            Verdict::Commit { next, more } => (next, more),
            Verdict::Idle => {
                let duplicates = u64::try_from(page.records.len()).unwrap_or(0);
                return Ok(Digested::Nothing { duplicates });
            }
        };
        let (records, left_out) = self.select(&page, &prints);
        // Of a page that was cut, only what is written counts.
        let last = if left_out.is_cut() { records.last() } else { page.records.last() };
        let changed =
            last.and_then(|record| lines::change_time(*record, self.job.resource.change_time));
        let through = match left_out.is_cut() {
            true => changed.or(self.through),
            false => changed.or_else(|| next.time()).or(self.through),
        };
        Ok(Digested::Page(Batch {
            body: Vec::new(),
            records: places(body, &records),
            sideloads: self.unseen_sideloads(body, &page),
            left_out,
            at: clocks.at(&next),
            next,
            per_page: self.size.get(),
            through,
            last: !more,
        }))
    }

    /// Where the sideloads' records stand that were not taken yet.
    fn unseen_sideloads(&mut self, body: &[u8], page: &Page<'_>) -> Vec<Vec<Place>> {
        let surrogates = self.job.surrogates;
        let unseen = |sideload: &mut Sideloaded| {
            let served = page.sideloads.iter().find(|(name, _)| *name == sideload.name);
            served.map_or_else(Vec::new, |(_, served)| {
                places(body, &sideload.unseen(served, surrogates))
            })
        };
        self.sideloads.iter_mut().map(unseen).collect()
    }

    fn decide(
        &mut self,
        page: &Page<'_>,
        prints: &[Fingerprint],
        clocks: Clocks,
    ) -> Result<Verdict, Garbled> {
        let records = page.records.len();
        if page.envelope.count.is_some_and(|count| usize::try_from(count) != Ok(records)) {
            self.remarks.push(Remark::Miscounted);
        }
        let capacity = usize::from(self.size.get());
        let verdict = match &self.position {
            Position::Time { end_time, seen } => {
                let unseen = prints.iter().filter(|print| !seen.contains(print)).count();
                let tally = Tally { records, unseen, capacity };
                let all = self.worth_keeping(page, prints);
                paging::by_time(*end_time, seen, &page.envelope, tally, all, clocks.judge())
            }
            Position::Start(_) | Position::Cursor(_) => {
                let tally = Tally { records, unseen: records, capacity };
                paging::by_cursor(&self.position, &page.envelope, tally, &self.earlier)
            }
        };
        match verdict {
            Err(Garbled::Overflow { second, .. })
                if self.job.skip_second && self.size.get() == LARGEST =>
            {
                self.remarks.push(Remark::Skipped(second));
                Ok(paging::skip_second(second))
            }
            verdict => verdict,
        }
    }

    /// The fingerprints of the records that the next page may serve again. Normally all: that asks
    /// nothing of the server. Of a page that holds a second of tens of thousands of records, those
    /// that changed at or after its end_time: a state must stay one that can be read.
    fn worth_keeping(&self, page: &Page<'_>, prints: &[Fingerprint]) -> HashSet<Fingerprint> {
        const MOST: usize = 10_000;
        let Some(end_time) = page.envelope.end_time.filter(|_| prints.len() > MOST) else {
            return prints.iter().copied().collect();
        };
        let key = self.job.resource.change_time;
        let again = |record: &Json<'_>| {
            lines::change_time(*record, key).is_none_or(|changed| changed >= end_time)
        };
        let kept = page.records.iter().zip(prints).filter(|(record, _)| again(record));
        kept.map(|(_, print)| *print).collect()
    }

    fn select<'b>(
        &self,
        page: &Page<'b>,
        prints: &[Fingerprint],
    ) -> (Vec<Json<'b>>, lines::LeftOut) {
        let job = self.job;
        let none = HashSet::new();
        let seen = match &self.position {
            Position::Time { seen, .. } => seen,
            Position::Start(_) | Position::Cursor(_) => &none,
        };
        let limit = match (&job.mode, job.limit) {
            (Mode::OneOff { .. }, Some(limit)) => limit.saturating_sub(self.records),
            (_, _) => u64::MAX,
        };
        let window = lines::Window {
            change_time: job.resource.change_time,
            until: job.until,
            updated_since: job.updated_since,
            limit,
        };
        lines::select(&page.records, prints, seen, window)
    }

    /// The server calls the start too recent, by its own clock `date`.
    pub(super) fn too_recent(&mut self, date: Option<UnixTime>) -> TooRecent {
        let (true, Some(start), Some(date)) = (self.untried, self.position.time(), date) else {
            return TooRecent::Nothing;
        };
        if start > date {
            return TooRecent::Future(date);
        }
        let youngest_served = date.minus(YOUNGEST);
        // A start that the server's own clock does not call too recent stays where it is: a later
        // one would skip what lies between.
        if youngest_served >= start {
            return TooRecent::Nothing;
        }
        self.untried = false;
        self.position = Position::starting(self.job.endpoint.pagination, youngest_served);
        TooRecent::Older
    }

    /// Whether a smaller page can be asked for.
    pub(super) fn can_shrink(&self) -> bool {
        self.job.resource.takes(Parameter::PerPage) && self.size.shrinkable()
    }

    /// The page was too much for the server.
    pub(super) fn shrink(&mut self) {
        self.size.halve();
        self.halved = true;
    }

    /// Asks for the largest page, because a smaller one could not hold one second; `false` if that
    /// would not help. A page that was too much for the server is not asked for again: the two would
    /// take turns.
    pub(super) fn widen(&mut self) -> bool {
        self.size.widen() && !self.halved
    }
}

/// A page as [`Stream::digest`] leaves it.
enum Digested {
    Page(Batch),
    Nothing { duplicates: u64 },
}

/// What has been taken of a sideload since the export last caught up, so that each record is
/// written once however many runs it takes to catch up.
struct Sideloaded {
    name: &'static str,
    seen: HashSet<Fingerprint>,
}

impl Sideloaded {
    fn unseen<'b>(&mut self, served: &[Json<'b>], surrogates: LoneSurrogates) -> Vec<Json<'b>> {
        let new = |record: &&Json<'_>| {
            self.seen.insert(record::fingerprint_written(**record, surrogates))
        };
        served.iter().filter(new).copied().collect()
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

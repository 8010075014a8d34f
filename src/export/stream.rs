//! Where the export of one resource stands, and what an answer means for it.
//!
//! Pure: bodies, times and settings come in, requests and batches go out. What is accepted here is
//! handed over, not yet written. Must not know threads, clients, outputs or reports.
//!
//! A series has a *lead*, the end of what it has read, and an *anchor* at or before it, where its
//! walks begin (see `memory`). A walk goes from page to page until the stream has no more.

mod cutting;
mod deciding;

use super::{
    accepted::{Accepted, Remark},
    batch::{Batch, Place, Standing, places},
    clocks::Clocks,
    ending::Ending,
    lines,
    memory::{Age, Memory, Passed},
    query::{request, request_at},
    reading::Read,
    sideloaded::{Sideloaded, Turn},
    slices::{Joint, Look},
};
use crate::{
    garbled::Garbled,
    page,
    paging::{self, At, Verdict},
    plan::{Job, Mode},
    position::{Cursor, Fingerprint, Overlap, Position},
    request::Request,
    resource::{Form, Pagination, Sideload},
    retry::PageSize,
    scan::Json,
    time::UnixTime,
};
use std::{collections::HashSet, time::Duration};

/// The export of one resource, as far as its pages were accepted.
pub(super) struct Stream<'a> {
    job: &'a Job,
    /// Where the walk stands.
    at: Position,
    /// The end of what was read.
    lead: Position,
    memory: Memory,
    walk: Walk,
    /// The latest change time accepted.
    through: Option<UnixTime>,
    ending: Ending,
    size: PageSize,
    /// Whether the page was too much for the server, at this position.
    halved: bool,
    /// Whether the position is a start of the user's own, to which no page has answered yet.
    untried: bool,
    sideloads: Sideloaded,
    handed_over: u64,
    /// Pages and records behind the lead, for limits.
    pages: u64,
    records: u64,
    /// Whether the memory has changed since a page was handed over.
    unsaved: bool,
    missing: Vec<&'static Sideload>,
    /// How long the last answer took: it shows the world of when it was asked for.
    latency: Duration,
    remarks: Vec<Remark>,
    /// Where the next page may be cut, if it is to be looked at for that; and what was seen.
    joints: Option<Vec<Joint>>,
    look: Look,
    /// When the last record changed of the page that was looked at before.
    reached: Option<UnixTime>,
}

/// One way through the stream, from page to page.
#[derive(Default)]
struct Walk {
    /// Whether it began at the anchor.
    from_anchor: bool,
    /// Whether it has come past the lead.
    passed_lead: bool,
    /// The cursors gone on from, to notice a cycle.
    earlier: HashSet<Fingerprint>,
    /// What the next page may serve again, of a server that does not tell the end.
    served: HashSet<Fingerprint>,
    /// The cursor that leads on inside the run, of a walk by list.
    inside: Option<Cursor>,
}

/// A page as [`Stream::digest`] leaves it: without its body, which it would borrow.
enum Digested {
    Page(Box<Batch>),
    Known { duplicates: u64, last: bool },
}

impl<'a> Stream<'a> {
    /// `sideloads` are those with outputs of their own, and what is remembered of them.
    pub(super) fn new(job: &'a Job, sideloads: Sideloaded) -> Stream<'a> {
        let (lead, overlap, through, capacity) = match &job.mode {
            Mode::OneOff { .. } | Mode::NewSeries { .. } | Mode::List(_) => {
                let start = job.position();
                let overlap = Overlap::none(&start);
                (start, overlap, None, None)
            }
            Mode::Series(series) => {
                let overlap = series.overlap.clone();
                (series.position.clone(), overlap, series.through, series.capacity)
            }
        };
        let mut stream = Stream {
            job,
            at: overlap.anchor.clone(),
            lead,
            memory: Memory::new(overlap.anchor, overlap.seen),
            walk: Walk::default(),
            through,
            ending: Ending::new(capacity),
            size: PageSize::new(job.per_page),
            halved: false,
            untried: !matches!(job.mode, Mode::Series(_)),
            sideloads,
            handed_over: 0,
            pages: 0,
            records: 0,
            unsaved: false,
            missing: job.include.clone(),
            latency: Duration::ZERO,
            remarks: Vec::new(),
            joints: None,
            look: Look::Nothing,
            reached: None,
        };
        stream.walk_from_the_anchor();
        stream
    }

    /// How late a row may become visible, behind its own time; `None` where that is not looked
    /// after.
    fn delay(&self) -> Option<Duration> {
        let Job { overlap, ref mode, follow, .. } = *self.job;
        let remembers = mode.in_series() || follow.is_some();
        (remembers && !overlap.is_zero())
            .then_some(self.job.resource.fence + overlap + self.latency)
    }

    /// Where the series stands, as it is to be saved.
    pub(super) fn standing(&self) -> Standing {
        let mut seen: Vec<Fingerprint> = self.memory.prints().collect();
        seen.sort_unstable();
        Standing {
            position: self.lead.clone(),
            overlap: Overlap { anchor: self.memory.anchor().clone(), seen },
            through: self.through,
            capacity: self.ending.learnt(),
        }
    }

    pub(super) fn position(&self) -> &Position {
        &self.lead
    }

    pub(super) fn through(&self) -> Option<UnixTime> {
        self.through
    }

    /// How much is held of what grows: in the memory, of cursors, of what may be served again, and
    /// of sideloads.
    #[cfg(test)]
    pub(super) fn held(&self) -> [usize; 4] {
        let Walk { earlier, served, .. } = &self.walk;
        [self.memory.held(), earlier.len(), served.len(), self.sideloads.len()]
    }

    /// How many fingerprints are remembered.
    pub(super) fn remembered(&self) -> usize {
        self.memory.len()
    }

    pub(super) fn handed_over(&self) -> u64 {
        self.handed_over
    }

    pub(super) fn page_size(&self) -> u16 {
        self.size.get()
    }

    fn walk_from_the_anchor(&mut self) {
        self.memory.begin();
        self.at = self.memory.anchor().clone();
        let passed_lead = self.at == self.lead || self.through.is_none();
        let served = match self.at == self.lead {
            true => self.memory.prints().collect(),
            false => HashSet::new(),
        };
        self.walk = Walk { from_anchor: true, passed_lead, served, ..Walk::default() };
        self.begin_ending();
    }

    /// Where an end_time may overshoot, any second that fills a page looks like the end: one may on each
    /// walk.
    fn begin_ending(&mut self) {
        self.ending.begin();
        if self.job.endpoint.form == Form::Records {
            self.ending.ask_anew();
        }
    }

    /// A run that follows looks again: from the anchor or, if it was there not long ago, from the
    /// lead.
    pub(super) fn look_again(&mut self, from_anchor: bool) {
        if from_anchor {
            return self.walk_from_the_anchor();
        }
        self.at = self.lead.clone();
        let served = std::mem::take(&mut self.walk.served);
        self.walk = Walk { from_anchor: false, passed_lead: true, served, ..Walk::default() };
        self.begin_ending();
    }

    /// How often a run that follows is to begin at the anchor; `None` if that is where it stands.
    pub(super) fn rereads_every(&self) -> Option<Duration> {
        (self.delay().is_some() && *self.memory.anchor() != self.lead).then_some(self.job.overlap)
    }

    /// How long a request from the lead would still be refused, because it begins too close to the
    /// server's present.
    pub(super) fn too_young_for(&self, now: UnixTime) -> Duration {
        match self.lead {
            Position::Time(at) => at.plus(self.job.resource.youngest()).since(now),
            Position::Start(_) | Position::Cursor(_) | Position::Snapshot(_) => Duration::ZERO,
        }
    }

    /// What is to be asked for.
    pub(super) fn request(&self) -> Request {
        match self.ending.probe() {
            Some(behind) => request(self.job, &behind, self.size.get()),
            None => request_at(self.job, self.place(), self.size.get()),
        }
    }

    fn place(&self) -> At<'_> {
        At { position: &self.at, inside: self.walk.inside.as_ref() }
    }

    /// What will probably be asked for behind a page, by the end of a body that is not yet checked;
    /// [`Stream::request`] is what counts. `None` where the run may end with that page: one that is
    /// not wanted after all costs a request.
    pub(super) fn guess(&self, body: &[u8], clocks: Clocks) -> Option<Request> {
        let next = page::peek(body)?.after(&self.at)?;
        if matches!(next, Position::Time(at) if at > clocks.now()) {
            return None;
        }
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

    /// Checks a body to its end, decides, chooses what is written, and goes on behind it. At most
    /// `memory` fingerprints are kept. A garbled body is returned, and moves nothing.
    pub(super) fn accept(
        &mut self,
        body: Vec<u8>,
        clocks: Clocks,
        memory: usize,
    ) -> Result<Accepted, (Garbled, Vec<u8>)> {
        let digested = match self.digest(&body, clocks, memory) {
            Ok(digested) => digested,
            Err(garbled) => return Err((garbled, body)),
        };
        self.untried = false;
        self.halved = false;
        self.size.good_page();
        Ok(match digested {
            Digested::Page(mut batch) => {
                self.handed_over += 1;
                batch.body = body;
                Accepted::Page(batch)
            }
            Digested::Known { duplicates, last } => Accepted::Known { body, duplicates, last },
        })
    }

    /// The sideloads that were asked for and never came with the records that did.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let told = self.missing.iter().filter(|sideload| sideload.member.is_some());
        told.filter(|_| self.records > 0).map(|sideload| sideload.name)
    }

    /// The answer that is accepted next took so long.
    pub(super) fn answered_in(&mut self, took: Duration) {
        self.latency = Duration::from_secs(took.as_secs() + 1);
    }

    /// What was noticed since the last call.
    pub(super) fn remarks(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.remarks)
    }

    /// The batch lacks its body, which it would borrow.
    fn digest(&mut self, body: &[u8], clocks: Clocks, memory: usize) -> Result<Digested, Garbled> {
        let page = page::parse_of(
            self.job.endpoint.form,
            body,
            self.job.resource.record_key,
            self.sideloads.names(),
        )?;
        if page.envelope.count.is_some_and(|count| usize::try_from(count) != Ok(page.records.len()))
        {
            self.remarks.push(Remark::Miscounted);
        }
        if self.ending.probe().is_some() {
            return self.probed(&page);
        }
        self.missing.retain(|sideload| !page.brings(sideload));
        let mut read = Read::new(page, self.job, &self.at, &self.memory);
        let verdict = self.decide(&read, clocks)?;
        if verdict == Verdict::Idle && self.is_open(&read, clocks) {
            return Ok(Digested::Known { duplicates: read.duplicates(), last: false });
        }
        let verdict = self.cut(&mut read, verdict);
        Ok(self.take(body, read, verdict, clocks, memory))
    }

    /// Goes on behind a page, and chooses what is written of it.
    fn take(
        &mut self,
        body: &[u8],
        mut read: Read<'_>,
        verdict: Verdict,
        clocks: Clocks,
        most: usize,
    ) -> Digested {
        let (next, more) = match verdict {
            Verdict::Commit { next, more } => (next, more),
            Verdict::Idle => (self.at.clone(), false),
        };
        let horizon = self.delay().map(|delay| clocks.now().minus(delay));
        let (latest, age) = if self.job.endpoint.form.has_start() {
            let latest = lines::latest(&read.page.records, self.job.resource.change_time, None);
            (latest, read.age(&next, latest, more, horizon))
        } else {
            (None, read.age_since_reading(self.through, horizon))
        };
        if age == Age::Young || !self.memory.is_at_anchor() {
            read.print(self.job);
        }
        let (records, left_out) = self.select(&read);
        let sideloads = self.take_sideloads(body, &mut read, age);
        let moved = self.go_on(&read, &next, more, latest, clocks);
        self.reach(&read, &records, latest, &next, left_out, clocks);
        self.remember(&mut read, next, age, more, most, clocks);
        if self.walk.passed_lead {
            self.pages += 1;
            self.records += u64::try_from(records.len()).unwrap_or(0);
        }
        let writes = !records.is_empty() || sideloads.iter().any(|places| !places.is_empty());
        let known = !(writes || moved || left_out.is_cut() || !more && self.unsaved);
        let turn = if known { Turn::default() } else { self.sideloads.turn() };
        if !more {
            self.sideloads.caught_up();
        }
        if known {
            return Digested::Known { duplicates: left_out.duplicates, last: !more };
        }
        let batch = self.batch(places(body, &records), sideloads, left_out, clocks);
        Digested::Page(Box::new(Batch { turn, last: !more, ..batch }))
    }

    /// Moves the walk, and the lead with it once it has come past that; says whether the lead has
    /// moved.
    fn go_on(
        &mut self,
        read: &Read<'_>,
        next: &Position,
        more: bool,
        latest: Option<UnixTime>,
        clocks: Clocks,
    ) -> bool {
        self.learn_from(read);
        let form = self.job.endpoint.form;
        let inside = paging::inside(form, &read.page.envelope).filter(|_| more);
        let gone_on_from = std::mem::replace(&mut self.walk.inside, inside);
        let cursor = match &self.at {
            Position::Cursor(cursor) => Some(cursor),
            _ => gone_on_from.as_ref(),
        };
        let print = cursor.map(|cursor| Fingerprint::of(cursor.as_str().as_bytes()));
        self.walk.earlier.extend(print);
        let resource = self.job.resource;
        let settled = clocks.now().minus(resource.fence + resource.overlap + self.latency);
        let tells = more && !read.is_one_second(self.job, next, latest);
        // Where a whole second is got behind by its end_time, the next one may be such a second, too.
        if form == Form::Records {
            self.ending.take_doubt();
        }
        self.ending.pass(read.page.records.len(), tells, settled);
        let further = match (next, &self.lead) {
            (Position::Time(next), Position::Time(lead)) => next > lead,
            // Of two cursors nobody can tell which is further; of what they lead past, one can.
            (next, lead) => next == lead || latest > self.through,
        };
        self.walk.passed_lead |= further || !more;
        if read.page.envelope.end_of_stream.is_none() && next.pagination() == Pagination::Time {
            if self.at != *next {
                self.walk.served.clear();
            }
            self.walk.served.extend(&read.prints);
        }
        self.at = next.clone();
        let moved = self.walk.passed_lead && self.at != self.lead;
        if moved {
            self.lead = self.at.clone();
        }
        moved
    }

    /// Takes note of how far the records reach. That never goes back, and is never in the future.
    fn reach(
        &mut self,
        read: &Read<'_>,
        records: &[Json<'_>],
        latest: Option<UnixTime>,
        next: &Position,
        left_out: lines::LeftOut,
        clocks: Clocks,
    ) {
        let now = clocks.now();
        // What was found out for the whole page mostly holds.
        let same = records.len() == read.page.records.len() && latest <= Some(now);
        let changed = match same {
            // What has no times has come as far as it was read.
            _ if !self.job.endpoint.form.has_start() => (!records.is_empty()).then_some(now),
            true => latest,
            false => lines::latest(records, self.job.resource.change_time, Some(now)),
        };
        let edge = next.time().filter(|at| *at <= now && !left_out.is_cut());
        self.through = self.through.max(changed.or(edge));
    }

    /// Remembers what a page has brought.
    fn remember(
        &mut self,
        read: &mut Read<'_>,
        edge: Position,
        age: Age,
        more: bool,
        most: usize,
        clocks: Clocks,
    ) {
        // A page from the lead that repeats the last one brings nothing.
        if self.walk.from_anchor || read.unseen > 0 || *self.memory.anchor() == self.lead {
            let again = read.served_again(self.job, &edge);
            let prints = std::mem::take(&mut read.prints);
            self.memory.pass(Passed { edge, age, prints, again });
        }
        if !more && self.walk.from_anchor {
            self.memory.end();
        }
        self.memory.bound(most);
        if !more {
            self.tell_what_is_left(clocks);
        }
        self.unsaved |= self.memory.take_changed();
    }

    /// What overlap is left where there is too much to remember: at the end of a walk or of a run,
    /// when no more of it is let go.
    pub(super) fn tell_what_is_left(&mut self, clocks: Clocks) {
        if self.memory.take_shortened() {
            let anchor = self.memory.anchor().time();
            let left = anchor.map(|at| clocks.now().minus(self.job.resource.fence).since(at));
            self.remarks.push(Remark::Forgotten(left));
        }
    }

    /// Of a server that does not tell the end, the longest page behind which more followed is full.
    fn learn_from(&mut self, read: &Read<'_>) {
        let (Some(settled), None) = (self.ending.proof(), read.page.envelope.end_of_stream) else {
            return;
        };
        let key = self.job.resource.change_time;
        let all = read.page.records.iter().zip(&read.prints);
        let fresh = all.filter(|(_, print)| !self.walk.served.contains(print));
        let mut times = fresh.filter_map(|(record, _)| lines::change_time(*record, key));
        if times.any(|time| time < settled) {
            self.ending.learn();
        }
    }

    fn batch(
        &mut self,
        records: Vec<Place>,
        sideloads: Vec<Vec<Place>>,
        left_out: lines::LeftOut,
        clocks: Clocks,
    ) -> Batch {
        self.unsaved = false;
        Batch {
            body: Vec::new(),
            records,
            sideloads,
            turn: Turn::default(),
            left_out,
            standing: self.standing(),
            per_page: self.size.get(),
            at: clocks.saved_at(&self.lead),
            last: false,
        }
    }

    fn select<'b>(&self, read: &Read<'b>) -> (Vec<Json<'b>>, lines::LeftOut) {
        let job = self.job;
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
        lines::select(&read.page.records, |index| read.seen(index), window)
    }

    /// Where the sideloads' records stand that were not taken yet. Those of a page on which no
    /// record is new came before.
    fn take_sideloads(&mut self, body: &[u8], read: &mut Read<'_>, age: Age) -> Vec<Vec<Place>> {
        let remembers = age == Age::Young || !self.memory.is_at_anchor();
        let (memory, surrogates) = (&self.memory, self.job.surrogates);
        let mut prints = Vec::new();
        let new = read.unseen > 0;
        let taken = self.sideloads.take(&read.page, new, memory, surrogates, &mut prints);
        if remembers {
            read.prints.extend(prints);
        }
        taken.iter().map(|taken| places(body, taken)).collect()
    }
}

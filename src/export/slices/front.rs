//! The slices ahead of the head: where they begin, who asks for what next, and what is kept until
//! the head comes for it.
//!
//! Pure: what is kept is a `T`, and times come in. Must not know threads, requests or bodies.

use super::{
    density::Density,
    order::{Joint, Order},
};
use crate::{position::Position, resource::Pagination, time::UnixTime};
use std::time::{Duration, Instant};

/// A slice is to be so many pages long: half a page is read in vain where it ends.
const LONG: u64 = 16;

/// Where little is left, or little can be kept, it may be as short as this.
const SHORT: u64 = 4;

/// More than so many never walk, whatever the quota.
const MOST: usize = 64;

/// So soon, one alone can ask 240 times a minute: more than twice the largest quota.
const QUICK: Duration = Duration::from_millis(250);

const MINUTE: Duration = Duration::from_secs(60);

/// How many walkers, the head among them, spend so many places a minute, if each answer takes as
/// long.
///
/// Where a window's places are all taken, nobody knows when the next one begins but by the last
/// answers, which may be as old as they took: so much of it may go by unused. What is left of it has
/// room for so many requests of one walker, of which some take longer than others.
///
/// Answers that come at once leave nothing over of any quota that there is.
pub(crate) fn walkers(places: u64, latency: Duration) -> usize {
    if latency < QUICK {
        return usize::from(places > 0);
    }
    let left = MINUTE.saturating_sub(latency.mul_f64(0.9));
    let more = left.as_millis() / latency.mul_f64(1.2).as_millis().max(1);
    let walkers = u128::from(places).div_ceil(1 + more);
    usize::try_from(walkers).unwrap_or(MOST).min(MOST)
}

/// What an answer to a walker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// When its first record changed, and its last.
    pub(crate) first: UnixTime,
    pub(crate) last: UnixTime,
    /// Where the next request begins.
    pub(crate) next: Position,
}

/// A request that a walker is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) slice: u64,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) struct Front<T> {
    pagination: Pagination,
    /// How far the head has come, once it has.
    head: Option<UnixTime>,
    /// Nothing is read ahead from here on.
    limit: UnixTime,
    /// In the order of their starts. The head may be in the first one, which it then commits.
    slices: Vec<Slice<T>>,
    density: Density,
    /// Bytes kept, how many there may be, and how many the last page had.
    held: usize,
    most: usize,
    page: usize,
    /// The number of the next slice.
    next: u64,
    /// Nobody asks before then: somebody met trouble.
    rest: Option<Instant>,
    ended: bool,
    /// The head's last page was one that was kept.
    kept: bool,
}

#[derive(Debug)]
struct Slice<T> {
    number: u64,
    start: UnixTime,
    /// How far its walker has come.
    reach: UnixTime,
    pages: u32,
    /// When its first record changed, once that is known.
    first: Option<UnixTime>,
    phase: Phase,
    /// Where its walker goes on.
    next: Position,
    entered: bool,
    kept: Vec<Kept<T>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its next request may be sent.
    Waits,
    /// Somebody waits for a place for it.
    Queues,
    Asks,
    /// It has come to where the next one began, or does not get on.
    Ended,
}

#[derive(Debug)]
struct Kept<T> {
    from: Position,
    page: T,
    bytes: usize,
}

/// What lies between how far one has come and where the next one began.
struct Gap {
    from: UnixTime,
    to: UnixTime,
    /// How much time a page of it covers, about.
    span: Duration,
    /// How many pages its walker has behind it.
    behind: u64,
}

impl Gap {
    fn pages(&self) -> u64 {
        let pages = self.to.since(self.from).as_millis() / self.span.as_millis().max(1);
        u64::try_from(pages).unwrap_or(u64::MAX)
    }

    /// The time so many pages in, if it lies within.
    fn at(&self, pages: u64) -> Option<UnixTime> {
        let pages = u32::try_from(pages).ok()?;
        let at = self.from.plus(self.span.checked_mul(pages)?);
        (self.from < at && at < self.to).then_some(at)
    }
}

impl<T> Slice<T> {
    fn is_open(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Whether anything was asked for.
    fn has_begun(&self) -> bool {
        self.pages > 0 || self.phase != Phase::Waits
    }

    /// What it has still to walk on, to `end`, where a page is about so long, if its own pages do
    /// not tell.
    fn gap(&self, end: UnixTime, page: Duration) -> Gap {
        let own = self.reach.since(self.first.unwrap_or(self.start)).checked_div(self.pages);
        let own = own.filter(|own| self.pages > 1 && !own.is_zero());
        let (span, behind) = (own.unwrap_or(page), self.pages.into());
        Gap { from: self.reach, to: end, span, behind }
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(|kept| kept.bytes).sum()
    }
}

impl<T> Front<T> {
    /// At most so many bytes are kept, but for what is on its way.
    pub(crate) fn new(pagination: Pagination, most: usize) -> Front<T> {
        Front {
            pagination,
            head: None,
            limit: UnixTime::clamped(0),
            slices: Vec::new(),
            density: Density::default(),
            held: 0,
            most,
            page: 0,
            next: 0,
            rest: None,
            ended: false,
            kept: false,
        }
    }

    /// The head has committed a page whose first record changed at `first`, and has come to
    /// `reached`. What it has passed by is of no use any more.
    pub(crate) fn pass(&mut self, first: UnixTime, reached: UnixTime) {
        let from = self.head.unwrap_or(first);
        if !std::mem::take(&mut self.kept) {
            self.density.add(reached.since(from));
        }
        let head = from.max(reached);
        self.head = Some(head);
        self.retain(|slice| slice.entered || slice.start >= head);
    }

    /// How many bytes a page will have as it is kept, about, of which none is kept yet.
    pub(crate) fn expect(&mut self, bytes: usize) {
        if self.page == 0 {
            self.page = bytes;
        }
    }

    /// The page that was kept as the answer to a request from here. The head goes on with it.
    pub(crate) fn take(&mut self, from: &Position) -> Option<T> {
        let holds = |slice: &Slice<T>| slice.kept.iter().position(|kept| kept.from == *from);
        let (index, page) = self
            .slices
            .iter()
            .enumerate()
            .find_map(|(index, slice)| Some((index, holds(slice)?)))?;
        let number = self.slices.get(index)?.number;
        let mut before = true;
        self.retain(|slice| {
            before &= slice.number != number;
            !before
        });
        let slice = self.slices.first_mut()?;
        slice.entered = true;
        let kept = slice.kept.remove(page);
        let over = slice.kept.is_empty() && !slice.is_open();
        self.held = self.held.saturating_sub(kept.bytes);
        self.kept = true;
        if over {
            self.slices.remove(0);
        }
        Some(kept.page)
    }

    /// Whether the answer to a request from here is kept.
    pub(crate) fn keeps(&self, from: &Position) -> bool {
        self.slices.iter().any(|slice| slice.kept.iter().any(|kept| kept.from == *from))
    }

    /// Whether a walker has asked from here, and has no answer yet.
    pub(crate) fn is_asking(&self, from: &Position) -> bool {
        self.slices.iter().any(|slice| slice.phase == Phase::Asks && slice.next == *from)
    }

    /// The head asks from here itself: a walker that was about to need not, and what else is kept
    /// of a slice that it was in will not be wanted.
    pub(crate) fn claim(&mut self, from: &Position) {
        self.retain(|slice| !slice.entered && slice.next != *from);
    }

    /// How many bytes are kept.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// So many of a page's records, whose times are these, are in front of where it is cut, and that
    /// is where the head goes on.
    pub(crate) fn cut(&self, times: &[UnixTime]) -> Option<(usize, UnixTime)> {
        let cut = Order::new(times.to_vec())?.cut(&self.joints())?;
        Some((cut.kept, cut.start))
    }

    /// Where the head's pages can be cut.
    pub(in crate::export) fn joints(&self) -> Vec<Joint> {
        let ahead = self.slices.iter().filter(|slice| !slice.entered);
        let joint = |slice: &Slice<T>| Some(Joint { start: slice.start, first: slice.first? });
        ahead.filter_map(joint).collect()
    }

    /// Whether anything is read ahead, or the head is in what was.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.slices.is_empty()
    }

    /// Where the next slice ahead begins that the head is not in.
    #[cfg(test)]
    pub(super) fn next_start(&self) -> Option<UnixTime> {
        self.slices.iter().find(|slice| !slice.entered).map(|slice| slice.start)
    }

    /// What a walker is to ask for, of the slices that wait for it the first. It has to wait for its
    /// place in the quota, and then to ask [`Front::go`].
    pub(crate) fn ask(&mut self, now: Instant) -> Option<Ask> {
        let rests = self.rest.is_some_and(|until| until > now);
        if rests || self.ended {
            return None;
        }
        let index = self.may_ask()?;
        let slice = self.slices.get_mut(index)?;
        slice.phase = Phase::Queues;
        Some(Ask { slice: slice.number, position: slice.next.clone() })
    }

    /// The first slice that waits, if its page can be kept beside all that those in front of it
    /// still have to read: what the head needs first has room first.
    fn may_ask(&self) -> Option<usize> {
        let span = self.density.page().unwrap_or(MINUTE);
        let mut taken = self.held;
        let ends = self.slices.iter().skip(1).map(|slice| slice.start).chain([self.limit]);
        for (index, (slice, end)) in self.slices.iter().zip(ends).enumerate() {
            if slice.phase == Phase::Waits {
                return (index == 0 || taken.saturating_add(self.page) <= self.most)
                    .then_some(index);
            }
            if slice.is_open() {
                let left = slice.gap(end, span).pages().clamp(1, LONG);
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                taken = taken.saturating_add(self.page.saturating_mul(left));
            }
        }
        None
    }

    /// There is a place for the request; whether it is still wanted.
    pub(crate) fn go(&mut self, slice: u64) -> bool {
        self.is_queueing(slice) && self.change(slice, Phase::Asks)
    }

    /// Whether a request that waits for its place is still wanted.
    pub(crate) fn is_queueing(&self, slice: u64) -> bool {
        self.slices.iter().any(|one| one.number == slice && one.phase == Phase::Queues)
    }

    fn change(&mut self, slice: u64, phase: Phase) -> bool {
        let slice = self.slices.iter_mut().find(|one| one.number == slice);
        slice.map(|slice| slice.phase = phase).is_some()
    }

    /// A walker's request was answered with a page of so many bytes.
    pub(crate) fn answer(&mut self, slice: u64, answered: Answered, page: T, bytes: usize) {
        let Some(index) = self.slices.iter().position(|one| one.number == slice) else { return };
        let Answered { first, last, next } = answered;
        // What the page covers, and nobody has asked for, need not be.
        let mut passed = false;
        let number = slice;
        self.retain(|one| {
            let covered = passed && one.start <= last && !one.has_begun();
            passed |= one.number == number;
            !covered
        });
        let end = self.slices.get(index + 1).map(|slice| slice.start);
        let limit = self.limit;
        let Some(slice) = self.slices.get_mut(index) else { return };
        if first < slice.reach {
            return self.distrust();
        }
        // One that reaches into what may still change is left to the head.
        if last >= limit {
            slice.phase = Phase::Ended;
            return;
        }
        // What lies in front of its first record is no page's.
        self.density.add(last.since(if slice.pages == 0 { first } else { slice.reach }));
        slice.reach = slice.reach.max(last);
        slice.pages = slice.pages.saturating_add(1);
        slice.first = slice.first.or(Some(first));
        let from = std::mem::replace(&mut slice.next, next);
        slice.kept.push(Kept { from, page, bytes });
        slice.phase = match end.is_some_and(|end| last >= end) {
            true => Phase::Ended,
            false => Phase::Waits,
        };
        self.held += bytes;
        self.page = bytes;
    }

    /// A walker's answer does not get on: it was the last page, or it is the head's to judge.
    pub(crate) fn end(&mut self, slice: u64) {
        self.change(slice, Phase::Ended);
    }

    /// A walker is to ask again, and nobody before `until`.
    pub(crate) fn again(&mut self, slice: u64, until: Instant) {
        self.change(slice, Phase::Waits);
        self.rest = self.rest.max(Some(until));
    }

    /// No more is read ahead; what is kept stays.
    pub(crate) fn stop(&mut self) {
        self.ended = true;
        self.slices.iter_mut().for_each(|slice| slice.phase = Phase::Ended);
    }

    /// What was read ahead is not to be used, nor is more of it read: the server's order is another.
    pub(crate) fn distrust(&mut self) {
        self.stop();
        self.retain(|_| false);
    }

    /// Begins slices, so that as many walk as are wanted, if there is enough to walk on. Nothing is
    /// read ahead from `limit` on.
    pub(crate) fn begin(&mut self, walkers: usize, limit: UnixTime) {
        self.limit = limit;
        while !self.ended && self.held < self.most && self.walking() < walkers {
            let Some(start) = self.place(walkers) else { return };
            self.insert(start);
        }
    }

    fn insert(&mut self, start: UnixTime) {
        let next = Position::starting(self.pagination, start);
        let slice = Slice {
            number: self.next,
            start,
            reach: start,
            pages: 0,
            first: None,
            phase: Phase::Waits,
            next,
            entered: false,
            kept: Vec::new(),
        };
        self.next += 1;
        let index = self.slices.partition_point(|slice| slice.start < start);
        self.slices.insert(index, slice);
    }

    /// Begins a slice wherever it is wanted.
    #[cfg(test)]
    pub(super) fn begin_at(&mut self, start: UnixTime, limit: UnixTime) {
        self.limit = limit;
        let taken = self.slices.iter().any(|slice| slice.start == start);
        if !self.ended && !taken && self.head.is_some_and(|head| head < start) && start < limit {
            self.insert(start);
        }
    }

    /// How many walk, the head among them unless it is busy with what is kept.
    pub(crate) fn walking(&self) -> usize {
        let open = self.slices.iter().filter(|slice| slice.is_open()).count();
        open + usize::from(!self.is_head_inside())
    }

    fn is_head_inside(&self) -> bool {
        self.slices.first().is_some_and(|slice| slice.entered)
    }

    /// Where one more slice begins; `None` where there is too little left to walk on.
    fn place(&self, walkers: usize) -> Option<UnixTime> {
        let gaps = self.gaps()?;
        let walkers = u64::try_from(walkers.max(1)).unwrap_or(u64::MAX);
        let left: u64 = gaps.iter().map(Gap::pages).sum();
        let room = u64::try_from(self.most / self.page.max(1)).unwrap_or(u64::MAX);
        let long = (left / walkers).min(room / walkers).clamp(SHORT, LONG);
        let short = (left / (2 * walkers)).clamp(1, SHORT);
        if let Some(last) = gaps.last().filter(|last| last.to == self.limit)
            && last.pages() >= 2 * long
        {
            return last.at(long.saturating_sub(last.behind).max(long / 2));
        }
        let widest = gaps.iter().max_by_key(|gap| gap.pages())?;
        let pages = widest.pages();
        if pages < 2 * short { None } else { widest.at(pages / 2) }
    }

    /// What is still to be walked on, from the head on.
    fn gaps(&self) -> Option<Vec<Gap>> {
        let span = self.density.page()?;
        let head = self.head?;
        let ends = self.slices.iter().map(|slice| slice.start).chain([self.limit]);
        let mut ends = ends.skip(usize::from(self.is_head_inside()));
        let mut gaps = Vec::new();
        if !self.is_head_inside() {
            gaps.push(Gap { from: head, to: ends.next()?, span, behind: 0 });
        }
        for (slice, to) in self.slices.iter().zip(ends) {
            if slice.is_open() {
                gaps.push(slice.gap(to, span));
            }
        }
        gaps.retain(|gap| gap.from < gap.to);
        Some(gaps)
    }

    /// Keeps slices, and counts what is let go.
    fn retain(&mut self, keep: impl FnMut(&Slice<T>) -> bool) {
        self.slices.retain(keep);
        self.held = self.slices.iter().map(Slice::bytes).sum();
    }
}

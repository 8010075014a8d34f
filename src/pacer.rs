//! The pacer: spends the whole quota and not one request more.
//!
//! Pure: it is told the time and answers with one. All resources of a run share it, because they
//! share the account's quota; a request reserves its place before it is sent. Rules: API notes §6.
//! Must not know requests, threads or sleeping.

use crate::resource::Bucket;
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// What a server's quota header says: `total=10; remaining=9; resets=41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) total: u64,
    pub(crate) remaining: u64,
    /// Until the window ends, in the server's whole seconds.
    pub(crate) resets: Duration,
}

/// Limits of the user's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Requests in any 60 seconds.
    pub(crate) rate: Option<u32>,
    /// The share of a quota, in percent, that is left to others.
    pub(crate) reserve: u8,
}

/// Servers differ in whether `resets` is rounded up or down.
const ROUNDING: Duration = Duration::from_secs(1);

/// Without quota headers, a first 429 makes us keep to the documented 10 in any 60 seconds.
const DOCUMENTED_RATE: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// How long a place is kept for one whose turn it is.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Pacer {
    limits: Limits,
    buckets: BTreeMap<Bucket, State>,
    /// When the requests of the last minute were sent, over all buckets, for `--rate`.
    sent: VecDeque<Instant>,
}

/// A place in the quota, from when a request is sent until its answer is settled.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ticket {
    sent: Instant,
    /// The number of the window that was thought to be the present one.
    window: u64,
    /// What was known of it: how much was left, and the least that an answer had said.
    known: Option<(u64, u64)>,
}

/// A resource that waits for its turn.
#[derive(Debug)]
struct Waiter {
    who: &'static str,
    /// When it was told to ask again.
    until: Instant,
}

impl Waiter {
    /// Whether it is about to ask. One that does not come is gone, and holds nobody up.
    fn is_due(&self, now: Instant) -> bool {
        now.checked_duration_since(self.until).is_some_and(|late| late < PATIENCE)
    }
}

#[derive(Debug, Default)]
struct State {
    /// When the requests that have no answer yet were sent.
    in_flight: Vec<Instant>,
    /// Counts the windows that were told apart.
    number: u64,
    /// When the request was sent that will tell of a window of which nothing is known.
    probe: Option<Instant>,
    /// Whether this server announces its quota at all.
    announced: bool,
    window: Option<Window>,
    /// The present window had begun by then: what ends no later is an earlier one.
    begun: Option<Instant>,
    closed_until: Option<Instant>,
    /// Since the first 429 of a server that sends no quota: when requests were sent.
    unannounced: Option<VecDeque<Instant>>,
    /// Whether the last word on the quota was a good answer that had none.
    silent: bool,
    /// There was a 429, and no answer since has told of the quota.
    refused: bool,
    /// Who waits, the longest first.
    waiting: Vec<Waiter>,
}

/// The server's current window as far as its headers tell.
#[derive(Debug)]
struct Window {
    total: u64,
    /// How much is left; of the requests in flight, some may have been taken off already.
    left: u64,
    /// The least that an answer said remained, which is more where a server counts late.
    said: u64,
    /// When that answer came.
    told: Option<Instant>,
    /// Our own requests that were answered in this window.
    ours: u64,
    /// `None` until the first answer, in a window that is taken to be full.
    end: Option<End>,
}

/// A window's end lies between these.
#[derive(Clone, Copy, Debug)]
struct End {
    earliest: Instant,
    latest: Instant,
}

impl End {
    /// An answer's figure was made at some time between the request and the answer, and was then
    /// rounded. A slow answer so leaves much open; several together leave less.
    fn told(quota: Quota, sent: Instant, now: Instant) -> End {
        let earliest = sent + quota.resets;
        End {
            earliest: earliest.checked_sub(ROUNDING).unwrap_or(earliest),
            latest: now + quota.resets + ROUNDING,
        }
    }
}

impl Window {
    /// A window of which one answer of ours has told.
    fn of(quota: Quota, end: End, now: Instant) -> Window {
        let Quota { total, remaining: left, .. } = quota;
        Window { total, left, said: left, told: Some(now), ours: 1, end: Some(end) }
    }

    /// The window after this one, without asking: full, if in this one all was spent by us.
    /// Otherwise an answer has to tell what is left of it.
    fn next(&self, in_flight: usize) -> Option<Window> {
        let own = self.ours.saturating_add(u64::try_from(in_flight).unwrap_or(u64::MAX));
        let alone = self.total.saturating_sub(self.left) <= own;
        let total = self.total;
        alone.then_some(Window { total, left: total, said: total, told: None, ours: 0, end: None })
    }

    /// Another answer of this window, to a request that went out when `most` was left. One that was
    /// overtaken tells of more than is left by now, and within a window nothing is given back.
    fn learn(&mut self, quota: Quota, most: Option<u64>, end: End, now: Instant) {
        self.ours += 1;
        self.total = quota.total;
        self.said = self.said.min(quota.remaining);
        // The request took a place itself, whether the server says so yet or not.
        let most = most.map_or(u64::MAX, |left| left.saturating_sub(1));
        let left = quota.remaining.min(most);
        if left <= self.left {
            self.left = left;
            self.told = Some(now);
        }
        self.end = Some(match self.end {
            None => end,
            Some(known) => End {
                earliest: known.earliest.max(end.earliest),
                latest: known.latest.min(end.latest),
            },
        });
    }

    /// Whether one more request fits in, with `reserved` places left to others.
    fn room(&self, in_flight: &[Instant], reserved: u64) -> Result<(), Turn> {
        // Requests in flight may or may not be counted in `left`; take them as not.
        let waiting = u64::try_from(in_flight.len()).unwrap_or(u64::MAX);
        if self.left.saturating_sub(waiting) > reserved {
            return Ok(());
        }
        let counted = self.left > reserved
            && in_flight.iter().any(|sent| self.told.is_some_and(|told| *sent < told));
        match self.end {
            None if in_flight.is_empty() => Ok(()), // somebody has to ask
            None => Err(Turn::AfterAnswer),
            // One that is counted already gives its place back when it is answered.
            Some(_) if counted => Err(Turn::AfterAnswer),
            Some(end) => Err(Turn::At(end.latest)),
        }
    }
}

impl Pacer {
    pub(crate) fn new(limits: Limits) -> Pacer {
        Pacer { limits, buckets: BTreeMap::new(), sent: VecDeque::new() }
    }

    /// Reserves a place for one request, or says when to ask again. Every ticket must come back to
    /// [`Pacer::settle`]. For one that can do without: whoever waits comes first.
    pub(crate) fn take(&mut self, bucket: Bucket, now: Instant) -> Result<Ticket, Turn> {
        self.reserve(bucket, None, now)
    }

    /// As [`Pacer::take`], for one that waits: of several, the one that has waited longest is the
    /// next.
    pub(crate) fn take_in_turn(
        &mut self,
        bucket: Bucket,
        who: &'static str,
        now: Instant,
    ) -> Result<Ticket, Turn> {
        let turn = self.reserve(bucket, Some(who), now);
        let waiting = &mut self.buckets.entry(bucket).or_default().waiting;
        let until = match &turn {
            Ok(_) => {
                waiting.retain(|waiter| waiter.who != who);
                return turn;
            }
            Err(Turn::At(until)) => *until,
            Err(Turn::AfterAnswer) => now,
        };
        match waiting.iter_mut().find(|waiter| waiter.who == who) {
            Some(waiter) => waiter.until = until,
            None => waiting.push(Waiter { who, until }),
        }
        turn
    }

    fn reserve(
        &mut self,
        bucket: Bucket,
        who: Option<&'static str>,
        now: Instant,
    ) -> Result<Ticket, Turn> {
        let limits = self.limits;
        self.sent.retain(|sent| now.saturating_duration_since(*sent) < MINUTE);
        if let Some(rate) = limits.rate {
            room(&self.sent, rate)?;
        }
        let state = self.buckets.entry(bucket).or_default();
        if let Some(until) = state.closed_until.filter(|until| *until > now) {
            return Err(Turn::At(until));
        }
        if let Some(sent) = &mut state.unannounced {
            sent.retain(|sent| now.saturating_duration_since(*sent) < MINUTE);
            room(sent, DOCUMENTED_RATE)?;
        }
        let over = |window: &Window| window.end.is_some_and(|end| end.latest <= now);
        if let Some(ended) = state.window.take_if(|window| over(window)) {
            state.window = ended.next(state.in_flight.len());
            state.number += 1;
            state.begun = ended.end.map(|end| end.latest);
        }
        match &state.window {
            // Nothing is known of the window: one request at a time, until its answer tells.
            // One that was sent in an earlier window, and still has no answer, is no reason to wait.
            None if state.silent => {}
            None if state.probe.is_some() => return Err(Turn::AfterAnswer),
            None => {}
            Some(window) => {
                let reserved = window.total.saturating_mul(limits.reserve.into()).div_ceil(100);
                window.room(&state.in_flight, reserved)?;
            }
        }
        let mut before = state.waiting.iter().take_while(|waiter| Some(waiter.who) != who);
        if before.any(|waiter| waiter.is_due(now)) {
            return Err(Turn::AfterAnswer);
        }
        if state.window.is_none() {
            state.probe = Some(now);
        }
        state.in_flight.push(now);
        if let Some(sent) = &mut state.unannounced {
            sent.push_back(now);
        }
        self.sent.push_back(now);
        let known = state.window.as_ref().map(|window| (window.left, window.said));
        Ok(Ticket { sent: now, window: state.number, known })
    }

    /// Takes note of an answer, or of the failure to get one (`quota` is then `None`).
    pub(crate) fn settle(
        &mut self,
        bucket: Bucket,
        ticket: &Ticket,
        quota: Option<Quota>,
        now: Instant,
    ) {
        let state = self.buckets.entry(bucket).or_default();
        if let Some(index) = state.in_flight.iter().position(|sent| *sent == ticket.sent) {
            state.in_flight.swap_remove(index);
        }
        state.probe = state.probe.filter(|sent| *sent != ticket.sent);
        let Some(quota) = quota else {
            // It may have been counted all the same.
            if let Some(window) = &mut state.window {
                window.left = window.left.saturating_sub(1);
                window.ours += 1;
            }
            return;
        };
        state.unannounced = None;
        state.announced = true;
        state.silent = false;
        state.refused = false;
        let end = End::told(quota, ticket.sent, now);
        let late = ticket.window < state.number;
        if late && state.begun.is_some_and(|begun| end.earliest <= begun) {
            return; // of a window before
        }
        let known = ticket.known.filter(|_| !late);
        let newer = |window: &Window| {
            // More than was said before it was sent: only another window can have given that.
            let refilled = known.is_some_and(|(_, said)| quota.remaining > said);
            refilled || window.end.is_some_and(|known| end.earliest > known.latest)
        };
        match &mut state.window {
            Some(window) if window.end.is_some_and(|known| end.latest < known.earliest) => {}
            Some(window) if !newer(window) => {
                window.learn(quota, known.map(|(left, _)| left), end, now);
            }
            window @ (Some(_) | None) => {
                *window = Some(Window::of(quota, end, now));
                state.number += 1;
                state.begun = Some(end.earliest.min(now));
            }
        }
    }

    /// A good answer, settled without a quota, had none.
    pub(crate) fn told_nothing(&mut self, bucket: Bucket, now: Instant) {
        let state = self.buckets.entry(bucket).or_default();
        if state.window.is_some() {
            return;
        }
        state.silent = true;
        if std::mem::take(&mut state.refused) {
            state.count_alone(&self.sent, now);
        }
    }

    /// Nobody may send before `until`: the server said 429.
    pub(crate) fn close(&mut self, bucket: Bucket, until: Instant, now: Instant) {
        let state = self.buckets.entry(bucket).or_default();
        state.closed_until = state.closed_until.max(Some(until));
        // The server has said when to come again; its next answer tells of the window then.
        state.window = None;
        if state.announced && !state.silent {
            state.refused = true;
        } else {
            state.count_alone(&self.sent, now);
        }
    }
}

impl State {
    /// From now on we keep count ourselves: the server does not tell.
    fn count_alone(&mut self, sent: &VecDeque<Instant>, now: Instant) {
        let recent = || sent.iter().copied().filter(|sent| *sent <= now).collect();
        self.unannounced.get_or_insert_with(recent);
    }
}

/// When a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    At(Instant),
    /// As soon as a request in flight has been answered.
    AfterAnswer,
}

/// Whether one more fits into `rate` per minute.
fn room(sent: &VecDeque<Instant>, rate: u32) -> Result<(), Turn> {
    let rate = usize::try_from(rate.max(1)).unwrap_or(usize::MAX);
    match sent.len().checked_sub(rate).and_then(|excess| sent.get(excess)) {
        Some(oldest) => Err(Turn::At(*oldest + MINUTE)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const B: Bucket = Bucket::Exports;

    fn now() -> Instant {
        crate::clock::Clock::real().instant()
    }

    fn quota(remaining: u64, resets: u64) -> Option<Quota> {
        Some(Quota { total: 10, remaining, resets: Duration::from_secs(resets) })
    }

    fn later(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    /// What was reserved, or when to ask again.
    fn turn(pacer: &mut Pacer, now: Instant) -> Option<Turn> {
        pacer.take(B, now).err()
    }

    /// A request that is answered at once.
    fn asked(pacer: &mut Pacer, quota: Option<Quota>, now: Instant) {
        let ticket = pacer.take(B, now).unwrap();
        pacer.settle(B, &ticket, quota, now);
    }

    #[test]
    fn one_request_in_flight_until_the_first_quota_header() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        let ticket = pacer.take(B, now).unwrap();
        assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
        assert!(pacer.take(Bucket::UsersCursor, now).is_ok());
        pacer.settle(B, &ticket, quota(9, 30), now);
        assert_eq!(turn(&mut pacer, now), None);
        assert_eq!(turn(&mut pacer, now), None);
    }

    #[test]
    fn the_whole_quota_is_spent_and_nothing_more() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        for left in (0..10).rev() {
            asked(&mut pacer, quota(left, 30), now);
        }
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
        assert_eq!(turn(&mut pacer, later(now, 31)), None);
    }

    #[test]
    fn places_are_reserved_before_the_answers_come() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(2, 30), now);
        let first = pacer.take(B, now).unwrap();
        assert_eq!(turn(&mut pacer, now), None);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
        // The first answer does not yet count the second request.
        pacer.settle(B, &first, quota(1, 30), now);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(2, 30), now);
        let first = pacer.take(B, now).unwrap();
        let second = pacer.take(B, now).unwrap();
        pacer.settle(B, &second, quota(0, 30), now);
        pacer.settle(B, &first, quota(1, 30), now);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn an_overtaken_request_costs_no_place() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(3, 30), now);
        let first = pacer.take(B, now).unwrap();
        let second = pacer.take(B, later(now, 1)).unwrap();
        // This answer counts the first request, which has none yet.
        pacer.settle(B, &second, quota(1, 28), later(now, 2));
        assert_eq!(turn(&mut pacer, later(now, 2)), Some(Turn::AfterAnswer));
        pacer.settle(B, &first, quota(2, 29), later(now, 3));
        assert_eq!(turn(&mut pacer, later(now, 3)), None);
        assert!(matches!(turn(&mut pacer, later(now, 3)), Some(Turn::At(_))));
    }

    #[test]
    fn several_answers_tell_the_end_of_a_window_more_closely() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        // A slow answer, whose figure is of the time when the request came in.
        let slow = pacer.take(B, now).unwrap();
        pacer.settle(B, &slow, quota(1, 30), later(now, 15));
        asked(&mut pacer, quota(0, 14), later(now, 16));
        assert_eq!(turn(&mut pacer, later(now, 16)), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn after_a_window_of_ones_own_the_next_one_is_full() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(9, 30), now);
        let next = later(now, 31);
        let first = pacer.take(B, next).unwrap();
        let second = pacer.take(B, next).unwrap();
        pacer.settle(B, &first, quota(9, 60), next);
        pacer.settle(B, &second, quota(8, 60), next);
        for left in (0..8).rev() {
            asked(&mut pacer, quota(left, 60), next);
        }
        assert_eq!(turn(&mut pacer, next), Some(Turn::At(later(next, 61))));
    }

    #[test]
    fn after_a_window_with_others_in_it_an_answer_has_to_tell() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(5, 30), now);
        let next = later(now, 31);
        let probe = pacer.take(B, next).unwrap();
        assert_eq!(turn(&mut pacer, next), Some(Turn::AfterAnswer));
        pacer.settle(B, &probe, quota(1, 60), next);
        assert_eq!(turn(&mut pacer, next), None);
        assert_eq!(turn(&mut pacer, next), Some(Turn::At(later(next, 61))));
    }

    #[test]
    fn a_request_that_comes_in_after_the_windows_end_counts_in_the_next_one() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(9, 1), now);
        // The window ends before this one comes in.
        asked(&mut pacer, quota(9, 60), later(now, 1));
        for left in (0..9).rev() {
            asked(&mut pacer, quota(left, 59), later(now, 2));
        }
        assert!(matches!(turn(&mut pacer, later(now, 3)), Some(Turn::At(_))));
    }

    #[test]
    fn an_answer_of_the_window_before_does_not_close_this_one() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(9, 1), now);
        let late = pacer.take(B, now).unwrap(); // answered after the window's end
        asked(&mut pacer, quota(9, 60), later(now, 2));
        pacer.settle(B, &late, quota(0, 1), later(now, 2));
        assert_eq!(turn(&mut pacer, later(now, 2)), None);
    }

    #[test]
    fn a_slow_answer_of_an_earlier_window_holds_nobody_up() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(6, 3), now); // others are there
        let slow = pacer.take(B, now).unwrap(); // takes longer than the window
        let probe = pacer.take(B, later(now, 5)).unwrap();
        assert_eq!(turn(&mut pacer, later(now, 5)), Some(Turn::AfterAnswer));
        pacer.settle(B, &slow, quota(5, 3), later(now, 5));
        assert_eq!(turn(&mut pacer, later(now, 5)), Some(Turn::AfterAnswer));
        pacer.settle(B, &probe, quota(9, 3), later(now, 5));
        assert_eq!(turn(&mut pacer, later(now, 5)), None);
    }

    #[test]
    fn a_request_without_an_answer_counts() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(2, 30), now);
        asked(&mut pacer, None, now);
        assert_eq!(turn(&mut pacer, now), None);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_server_that_counts_late_is_not_believed_within_a_window() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        for _ in 0..4 {
            asked(&mut pacer, quota(3, 30), now);
        }
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn after_a_429_the_server_is_asked_when_it_said() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(0, 12), now);
        pacer.close(B, later(now, 2), now);
        assert_eq!(turn(&mut pacer, later(now, 1)), Some(Turn::At(later(now, 2))));
        assert_eq!(turn(&mut pacer, later(now, 2)), None);
        assert_eq!(turn(&mut pacer, later(now, 2)), Some(Turn::AfterAnswer));
    }

    #[test]
    fn another_client_eating_the_quota_is_noticed() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(9, 30), now);
        asked(&mut pacer, quota(0, 29), later(now, 1));
        assert_eq!(turn(&mut pacer, later(now, 1)), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_reserve_is_left_to_others() {
        let limits = Limits { reserve: 25, ..Limits::default() };
        let (mut pacer, now) = (Pacer::new(limits), now());
        asked(&mut pacer, quota(4, 30), now);
        assert_eq!(turn(&mut pacer, now), None);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_rate_of_ones_own_holds_over_any_minute() {
        let limits = Limits { rate: Some(2), ..Limits::default() };
        let (mut pacer, now) = (Pacer::new(limits), now());
        for at in [0, 20] {
            asked(&mut pacer, None, later(now, at));
        }
        assert_eq!(turn(&mut pacer, later(now, 30)), Some(Turn::At(later(now, 60))));
        assert_eq!(turn(&mut pacer, later(now, 60)), None);
    }

    #[test]
    fn without_headers_a_429_leads_to_ten_in_any_minute() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        for _ in 0..12 {
            asked(&mut pacer, None, now);
        }
        pacer.close(B, later(now, 5), now);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 5))));
        assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 60))));
        for _ in 0..10 {
            asked(&mut pacer, None, later(now, 60));
        }
        assert_eq!(turn(&mut pacer, later(now, 60)), Some(Turn::At(later(now, 120))));
    }

    /// A request that is answered well, without a quota.
    fn untold(pacer: &mut Pacer, now: Instant) {
        asked(pacer, None, now);
        pacer.told_nothing(B, now);
    }

    #[test]
    fn a_server_without_headers_is_asked_side_by_side_once_it_has_answered() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, None, now); // lost, which tells nothing
        let probe = pacer.take(B, now).unwrap();
        assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
        pacer.settle(B, &probe, None, now);
        pacer.told_nothing(B, now);
        assert_eq!([turn(&mut pacer, now), turn(&mut pacer, now)], [None, None]);
        // One that tells its quota after all is believed.
        let ticket = pacer.take(B, now).unwrap();
        pacer.settle(B, &ticket, quota(0, 30), now);
        assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_429_of_a_server_whose_headers_have_gone_leads_to_ten_in_any_minute() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        asked(&mut pacer, quota(99, 1), now);
        for _ in 0..12 {
            untold(&mut pacer, later(now, 3));
        }
        pacer.close(B, later(now, 4), later(now, 3));
        // This one would tell of the quota, if there were one.
        untold(&mut pacer, later(now, 5));
        assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 63))));
        // One that does tell is believed.
        let ticket = pacer.take(B, later(now, 63)).unwrap();
        pacer.settle(B, &ticket, quota(50, 60), later(now, 63));
        for _ in 0..20 {
            assert_eq!(turn(&mut pacer, later(now, 63)), None);
        }
    }

    #[test]
    fn who_has_waited_longest_is_the_next() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        let mut turns = Vec::new();
        let mut ticket = pacer.take_in_turn(B, "a", now).unwrap();
        for at in (1..7).map(|n| now + Duration::from_millis(20 * n)) {
            // All ask while the first is under way, and then again; who has had its turn, first.
            for who in ["c", "a", "b"] {
                assert_eq!(pacer.take_in_turn(B, who, at).err(), Some(Turn::AfterAnswer));
            }
            pacer.settle(B, &ticket, None, at);
            assert_eq!(turn(&mut pacer, at), Some(Turn::AfterAnswer), "nobody jumps the queue");
            let who = ["a", "b", "c"].into_iter().rev();
            let mut got = who.filter_map(|who| Some((who, pacer.take_in_turn(B, who, at).ok()?)));
            let (who, taken) = got.next().expect("one of them");
            turns.push(who);
            ticket = taken;
        }
        assert_eq!(turns, ["c", "a", "b", "c", "a", "b"]);
    }

    #[test]
    fn one_that_does_not_come_when_it_is_its_turn_holds_nobody_up() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        let ticket = pacer.take(B, now).unwrap();
        assert!(pacer.take_in_turn(B, "gone", now).is_err());
        pacer.settle(B, &ticket, None, now);
        assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
        assert_eq!(turn(&mut pacer, now + PATIENCE), None);
    }
}

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

/// Servers differ in whether `resets` is rounded up or down, so a window is taken to end one
/// second later than they say.
const ROUNDING: Duration = Duration::from_secs(1);

/// Without quota headers, a first 429 makes us keep to the documented 10 in any 60 seconds.
const DOCUMENTED_RATE: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Pacer {
    limits: Limits,
    buckets: BTreeMap<Bucket, State>,
    /// When the requests of the last minute were sent, over all buckets, for `--rate`.
    sent: VecDeque<Instant>,
}

#[derive(Debug, Default)]
struct State {
    in_flight: u32,
    /// A request is on its way that will tell of a window of which nothing is known.
    probing: bool,
    /// Whether this server announces its quota at all.
    announced: bool,
    window: Option<Window>,
    closed_until: Option<Instant>,
    /// Since the first 429 of a server that sends no quota: when requests were sent.
    unannounced: Option<VecDeque<Instant>>,
}

/// The server's current window as far as its headers tell.
#[derive(Debug)]
struct Window {
    total: u64,
    /// Places left, after those reserved by requests in flight.
    free: u64,
    ends: Instant,
}

impl Pacer {
    pub(crate) fn new(limits: Limits) -> Pacer {
        Pacer { limits, buckets: BTreeMap::new(), sent: VecDeque::new() }
    }

    /// Reserves a place for one request, or says when to ask again. Every `Ok` must be followed by
    /// one [`Pacer::settle`].
    pub(crate) fn take(&mut self, bucket: Bucket, now: Instant) -> Result<(), Turn> {
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
        if state.window.as_ref().is_some_and(|window| window.ends <= now) {
            state.window = None; // the next answer tells of the new one
        }
        match &mut state.window {
            // Nothing is known of the window: one request at a time, until its answer tells.
            // One that was sent in an earlier window, and still has no answer, is no reason to wait.
            None if state.probing => return Err(Turn::AfterAnswer),
            None => state.probing = true,
            Some(window) => {
                let reserved = window.total.saturating_mul(limits.reserve.into()).div_ceil(100);
                if window.free <= reserved {
                    return Err(Turn::At(window.ends));
                }
                window.free -= 1;
            }
        }
        state.in_flight += 1;
        if let Some(sent) = &mut state.unannounced {
            sent.push_back(now);
        }
        self.sent.push_back(now);
        Ok(())
    }

    /// Takes note of an answer, or of the failure to get one (`quota` is then `None`).
    pub(crate) fn settle(&mut self, bucket: Bucket, quota: Option<Quota>, now: Instant) {
        let state = self.buckets.entry(bucket).or_default();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.probing = false;
        let Some(quota) = quota else { return };
        state.unannounced = None;
        state.announced = true;
        // Requests still in flight may or may not be counted in `remaining`; take them as not.
        let free = quota.remaining.saturating_sub(state.in_flight.into());
        let ends = now + quota.resets + ROUNDING;
        let told = Window { total: quota.total, free, ends };
        state.window = Some(match state.window.take() {
            // An answer of the window before, overtaken by one of this window.
            Some(known) if ends + ROUNDING < known.ends => known,
            // Of this window. An overtaken answer tells of more than is left by now, and within a
            // window nothing is given back.
            Some(known) if ends <= known.ends + ROUNDING => {
                Window { free: free.min(known.free), ends: ends.max(known.ends), ..told }
            }
            Some(_) | None => told,
        });
    }

    /// Nobody may send before `until`: the server said 429 or 503.
    pub(crate) fn close(&mut self, bucket: Bucket, until: Instant, now: Instant) {
        let state = self.buckets.entry(bucket).or_default();
        state.closed_until = state.closed_until.max(Some(until));
        // The server has said when to come again; its next answer tells of the window then.
        state.window = None;
        if !state.announced && state.unannounced.is_none() {
            state.unannounced =
                Some(self.sent.iter().copied().filter(|sent| *sent <= now).collect());
        }
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

    #[test]
    fn one_request_in_flight_until_the_first_quota_header() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        assert_eq!(pacer.take(B, now), Ok(()));
        assert_eq!(pacer.take(B, now), Err(Turn::AfterAnswer));
        assert_eq!(pacer.take(Bucket::UsersCursor, now), Ok(()));
        pacer.settle(B, quota(9, 30), now);
        assert_eq!(pacer.take(B, now), Ok(()));
        assert_eq!(pacer.take(B, now), Ok(()));
    }

    #[test]
    fn the_whole_quota_is_spent_and_nothing_more() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        for left in (0..10).rev() {
            assert_eq!(pacer.take(B, now), Ok(()));
            pacer.settle(B, quota(left, 30), now);
        }
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 31))));
        assert_eq!(pacer.take(B, later(now, 31)), Ok(()));
    }

    #[test]
    fn places_are_reserved_before_the_answers_come() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(2, 30), now);
        assert_eq!(pacer.take(B, now), Ok(()));
        assert_eq!(pacer.take(B, now), Ok(()));
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 31))));
        // The first answer does not yet count the second request.
        pacer.settle(B, quota(1, 30), now);
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 31))));
    }

    #[test]
    fn an_answer_that_was_overtaken_gives_nothing_back() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(2, 30), now);
        pacer.take(B, now).unwrap();
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(0, 30), now); // the second request's answer
        pacer.settle(B, quota(1, 30), now); // the first one's, late
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 31))));
    }

    #[test]
    fn an_answer_of_the_window_before_does_not_close_this_one() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(9, 1), now);
        pacer.take(B, now).unwrap(); // answered after the window's end
        pacer.take(B, later(now, 2)).unwrap();
        pacer.settle(B, quota(9, 60), later(now, 2));
        pacer.settle(B, quota(0, 1), later(now, 2));
        assert_eq!(pacer.take(B, later(now, 2)), Ok(()));
    }

    #[test]
    fn a_slow_answer_of_an_earlier_window_holds_nobody_up() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(9, 3), now);
        pacer.take(B, now).unwrap(); // takes longer than the window
        assert_eq!(pacer.take(B, later(now, 5)), Ok(()));
        assert_eq!(pacer.take(B, later(now, 5)), Err(Turn::AfterAnswer));
        pacer.settle(B, quota(9, 3), later(now, 5));
        assert_eq!(pacer.take(B, later(now, 5)), Ok(()));
    }

    #[test]
    fn after_a_429_the_server_is_asked_when_it_said() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(0, 12), now);
        pacer.close(B, later(now, 2), now);
        assert_eq!(pacer.take(B, later(now, 1)), Err(Turn::At(later(now, 2))));
        assert_eq!(pacer.take(B, later(now, 2)), Ok(()));
    }

    #[test]
    fn another_client_eating_the_quota_is_noticed() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(9, 30), now);
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(0, 29), later(now, 1));
        assert_eq!(pacer.take(B, later(now, 1)), Err(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_reserve_is_left_to_others() {
        let limits = Limits { reserve: 25, ..Limits::default() };
        let (mut pacer, now) = (Pacer::new(limits), now());
        pacer.take(B, now).unwrap();
        pacer.settle(B, quota(4, 30), now);
        assert_eq!(pacer.take(B, now), Ok(()));
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 31))));
    }

    #[test]
    fn a_rate_of_ones_own_holds_over_any_minute() {
        let limits = Limits { rate: Some(2), ..Limits::default() };
        let (mut pacer, now) = (Pacer::new(limits), now());
        for at in [0, 20] {
            pacer.take(B, later(now, at)).unwrap();
            pacer.settle(B, None, later(now, at));
        }
        assert_eq!(pacer.take(B, later(now, 30)), Err(Turn::At(later(now, 60))));
        assert_eq!(pacer.take(B, later(now, 60)), Ok(()));
    }

    #[test]
    fn without_headers_a_429_leads_to_ten_in_any_minute() {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        for _ in 0..12 {
            pacer.take(B, now).unwrap();
            pacer.settle(B, None, now);
        }
        pacer.close(B, later(now, 5), now);
        assert_eq!(pacer.take(B, now), Err(Turn::At(later(now, 5))));
        assert_eq!(pacer.take(B, later(now, 6)), Err(Turn::At(later(now, 60))));
        for _ in 0..10 {
            assert_eq!(pacer.take(B, later(now, 60)), Ok(()));
            pacer.settle(B, None, later(now, 60));
        }
        assert_eq!(pacer.take(B, later(now, 60)), Err(Turn::At(later(now, 120))));
    }
}

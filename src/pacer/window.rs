//! A server's window of quota, as far as the answers' headers tell.
//!
//! Pure. Must not know which requests there are.

use super::{Quota, Turn};
use std::time::{Duration, Instant};

/// Servers differ in whether `resets` is rounded up or down.
const ROUNDING: Duration = Duration::from_secs(1);

/// The server's current window.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) total: u64,
    /// How much is left; of the requests in flight, some may have been taken off already.
    pub(super) left: u64,
    /// The least that an answer said remained, which is more where a server counts late.
    pub(super) said: u64,
    /// When that answer came.
    told: Option<Instant>,
    /// Our own requests that were answered in this window.
    ours: u64,
    /// `None` until the first answer, in a window that is taken to be full.
    pub(super) end: Option<End>,
}

/// A window's end lies between these.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) earliest: Instant,
    pub(super) latest: Instant,
}

impl End {
    /// An answer's figure was made at some time between the request and the answer, and was then
    /// rounded. A slow answer so leaves much open; several together leave less.
    pub(super) fn told(quota: Quota, sent: Instant, now: Instant) -> End {
        let earliest = sent + quota.resets;
        End {
            earliest: earliest.checked_sub(ROUNDING).unwrap_or(earliest),
            latest: now + quota.resets + ROUNDING,
        }
    }
}

impl Window {
    /// A window of which one answer of ours has told.
    pub(super) fn of(quota: Quota, end: End, now: Instant) -> Window {
        let Quota { total, remaining: left, .. } = quota;
        Window { total, left, said: left, told: Some(now), ours: 1, end: Some(end) }
    }

    /// When it is over for certain, if it is.
    pub(super) fn over(&self, now: Instant) -> Option<Instant> {
        self.end.map(|end| end.latest).filter(|latest| *latest <= now)
    }

    /// The window after this one, without asking: full, if in this one all was spent by us.
    /// Otherwise an answer has to tell what is left of it.
    pub(super) fn next(&self, in_flight: u64) -> Option<Window> {
        let alone = self.total.saturating_sub(self.left) <= self.ours.saturating_add(in_flight);
        let total = self.total;
        alone.then_some(Window { total, left: total, said: total, told: None, ours: 0, end: None })
    }

    /// Another answer of this window, to a request that went out when `most` was left. One that was
    /// overtaken tells of more than is left by now, and within a window nothing is given back.
    pub(super) fn learn(&mut self, quota: Quota, most: Option<u64>, end: End, now: Instant) {
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

    /// A request of ours of which no answer told: it may have been counted all the same.
    pub(super) fn lose_one(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.ours += 1;
    }

    /// Whether one more request fits in, with `reserve` percent left to others, beside so many in
    /// flight, of which the first was sent at `oldest`.
    pub(super) fn room(
        &self,
        in_flight: u64,
        oldest: Option<Instant>,
        reserve: u8,
    ) -> Result<(), Turn> {
        let reserved = self.total.saturating_mul(reserve.into()).div_ceil(100);
        // Requests in flight may or may not be counted in `left`; take them as not.
        if self.left.saturating_sub(in_flight) > reserved {
            return Ok(());
        }
        let counted = self.left > reserved
            && oldest.zip(self.told).is_some_and(|(oldest, told)| oldest < told);
        match self.end {
            None if in_flight == 0 => Ok(()), // somebody has to ask
            None => Err(Turn::AfterAnswer),
            // One that is counted already gives its place back when it is answered.
            Some(_) if counted => Err(Turn::AfterAnswer),
            Some(end) => Err(Turn::At(end.latest)),
        }
    }
}

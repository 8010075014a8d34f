//! A server's window of quota, as far as the answers' headers tell.
//!
//! Pure. Must not know which requests there are.

use super::quota::{Quota, ROUNDING, Turn};
use std::time::Instant;

/// The server's current window.
#[derive(Debug)]
pub(super) struct Window {
    total: u64,
    /// How much was left by the latest answer; of the requests in flight, some may have been taken
    /// off already.
    left: u64,
    /// When the requests were over that may be counted in the window but not yet in `left`: their
    /// answers told nothing.
    untold: Vec<Instant>,
    /// The least that an answer said remained, which is more where a server counts late.
    said: u64,
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

/// What was known of a window when a request was sent in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    left: u64,
    said: u64,
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
        let (told, end) = (Some(now), Some(end));
        Window { total, left, untold: Vec::new(), said: left, told, ours: 1, end }
    }

    /// When it is over for certain, if it is.
    pub(super) fn over(&self, now: Instant) -> Option<Instant> {
        self.end.map(|end| end.latest).filter(|latest| *latest <= now)
    }

    /// The window after this one, without asking: full, if in this one all was spent by us.
    /// Otherwise an answer has to tell what is left of it.
    pub(super) fn next(&self, in_flight: u64) -> Option<Window> {
        let alone = self.total.saturating_sub(self.left()) <= self.ours.saturating_add(in_flight);
        let total = self.total;
        let untold = Vec::new();
        let full =
            Window { total, left: total, untold, said: total, told: None, ours: 0, end: None };
        alone.then_some(full)
    }

    pub(super) fn before(&self) -> Before {
        Before { left: self.left, said: self.said }
    }

    /// Whether an answer to a request that was sent `before` is of another window: more is left
    /// than was said then.
    pub(super) fn refilled(quota: Quota, before: Option<Before>) -> bool {
        before.is_some_and(|before| quota.remaining > before.said)
    }

    /// Another answer of this window, to a request that was sent at `sent`. One that was overtaken
    /// tells of more than is left by now, and within a window nothing is given back.
    pub(super) fn learn(
        &mut self,
        quota: Quota,
        before: Option<Before>,
        end: End,
        sent: Instant,
        now: Instant,
    ) {
        self.ours += 1;
        self.total = quota.total;
        self.said = self.said.min(quota.remaining);
        // The request took a place itself, whether the server says so yet or not.
        let most = before.map_or(u64::MAX, |before| before.left.saturating_sub(1));
        let left = quota.remaining.min(most);
        if left <= self.left {
            self.left = left;
            self.told = Some(now);
            // What was over before this one was sent is in its figure, if it counts at all.
            self.untold.retain(|over| *over > sent);
        }
        self.end = Some(match self.end {
            None => end,
            Some(known) => End {
                earliest: known.earliest.max(end.earliest),
                latest: known.latest.min(end.latest),
            },
        });
    }

    /// A request of ours is over of which no answer told: it may have been counted all the same.
    pub(super) fn learn_nothing(&mut self, now: Instant) {
        self.untold.push(now);
        self.ours += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn left(&self) -> u64 {
        self.left.saturating_sub(u64::try_from(self.untold.len()).unwrap_or(u64::MAX))
    }

    /// Whether one more request fits in beside so many in flight, with `reserve` percent left to
    /// others. Requests in flight may or may not be counted in what is left; take them as not.
    pub(super) fn fits(&self, in_flight: u64, reserve: u8) -> bool {
        self.left().saturating_sub(in_flight) > reserved(self.total, reserve)
    }

    /// When one more may fit in, where none does now; `None` if only an answer can tell when the
    /// window ends. The first in flight was sent at `oldest`.
    pub(super) fn next_place(&self, oldest: Option<Instant>, reserve: u8) -> Option<Turn> {
        let end = self.end?;
        // One that is counted already gives its place back when it is answered.
        let counted = self.left() > reserved(self.total, reserve)
            && oldest.zip(self.told).is_some_and(|(oldest, told)| oldest < told);
        Some(if counted { Turn::AfterAnswer } else { Turn::At(end.latest) })
    }
}

/// How much of a quota is left to others.
pub(super) fn reserved(total: u64, reserve: u8) -> u64 {
    total.saturating_mul(reserve.into()).div_ceil(100)
}

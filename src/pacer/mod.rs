//! The pacer: spends the whole quota and not one request more.
//!
//! Pure: it is told the time and answers with one. All resources of a run share it, because they
//! share the account's quota; a request reserves its place before it is sent. Rules: API notes §6.
//! Must not know requests, threads or sleeping; how threads share it is the [`gate`]'s.

mod bucket;
pub(crate) mod gate;
#[cfg(test)]
mod tests;
mod window;

use crate::resource::Bucket;
use bucket::State;
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

/// What came back for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// No answer, or one of an error, without a quota.
    Nothing,
    /// A good answer, without a quota.
    NoQuota,
    Quota(Quota),
}

/// When a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    At(Instant),
    /// As soon as a request in flight has been answered.
    AfterAnswer,
}

/// A place in the quota, from when a request is sent until its answer is settled.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place {
    bucket: Bucket,
    /// No other place of the pacer has it; later ones have greater ones.
    number: u64,
}

#[derive(Debug)]
pub(crate) struct Pacer {
    limits: Limits,
    buckets: BTreeMap<Bucket, State>,
    /// The requests of the last minute, over all buckets, for `--rate`.
    sent: Sent,
    /// The number of the next place.
    next: u64,
}

impl Pacer {
    pub(crate) fn new(limits: Limits) -> Pacer {
        Pacer { limits, buckets: BTreeMap::new(), sent: Sent::default(), next: 0 }
    }

    /// Reserves a place for one request, or says when to ask again. Every place must come back to
    /// [`Pacer::settle`]. For one that can do without: whoever waits comes first.
    pub(crate) fn take(&mut self, bucket: Bucket, now: Instant) -> Result<Place, Turn> {
        self.reserve(bucket, None, now)
    }

    /// As [`Pacer::take`], for one that waits: of several, the one that has waited longest is the
    /// next.
    pub(crate) fn take_in_turn(
        &mut self,
        bucket: Bucket,
        who: &'static str,
        now: Instant,
    ) -> Result<Place, Turn> {
        let turn = self.reserve(bucket, Some(who), now);
        let queue = &mut self.buckets.entry(bucket).or_default().queue;
        match &turn {
            Ok(_) => queue.leave(who),
            Err(Turn::At(until)) => queue.wait(who, *until),
            Err(Turn::AfterAnswer) => queue.wait(who, now),
        }
        turn
    }

    fn reserve(
        &mut self,
        bucket: Bucket,
        who: Option<&'static str>,
        now: Instant,
    ) -> Result<Place, Turn> {
        if let Some(rate) = self.limits.rate {
            self.sent.room(rate, now)?;
        }
        let state = self.buckets.entry(bucket).or_default();
        state.turn(self.next, now);
        state.room(self.limits.reserve, now)?;
        if state.queue.anyone_before(who, now) {
            return Err(Turn::AfterAnswer);
        }
        let number = self.next;
        self.next += 1;
        state.take(number, now);
        self.sent.push(now);
        Ok(Place { bucket, number })
    }

    /// Takes note of what came of a request.
    #[expect(clippy::needless_pass_by_value, reason = "a place is settled once")]
    pub(crate) fn settle(&mut self, place: Place, said: Said, now: Instant) {
        let state = self.buckets.entry(place.bucket).or_default();
        let Some(held) = state.give_back(place.number) else { return };
        match said {
            Said::Quota(quota) => state.learn(quota, &held, self.next, now),
            Said::Nothing => state.lose(),
            Said::NoQuota => {
                state.lose();
                state.tell_silent();
            }
        }
    }

    /// Nobody may send before `until`: the server said 429.
    pub(crate) fn close(&mut self, bucket: Bucket, until: Instant) {
        self.buckets.entry(bucket).or_default().close(until);
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// When the requests of the last minute were sent.
#[derive(Debug, Default)]
struct Sent(VecDeque<Instant>);

impl Sent {
    fn push(&mut self, now: Instant) {
        self.0.push_back(now);
    }

    /// Whether one more fits into `rate` per minute.
    fn room(&mut self, rate: u32, now: Instant) -> Result<(), Turn> {
        self.0.retain(|sent| now.saturating_duration_since(*sent) < MINUTE);
        let rate = usize::try_from(rate.max(1)).unwrap_or(usize::MAX);
        match self.0.len().checked_sub(rate).and_then(|excess| self.0.get(excess)) {
            Some(oldest) => Err(Turn::At(*oldest + MINUTE)),
            None => Ok(()),
        }
    }
}

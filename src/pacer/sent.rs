//! When requests were sent, to keep count of them without the server's help.
//!
//! Pure.

use super::quota::Turn;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Nothing is kept for longer.
const KEPT: Duration = Duration::from_secs(120);

/// The requests of the last minutes, the first first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(VecDeque<Instant>);

impl Sent {
    pub(super) fn add(&mut self, at: Instant) {
        while self.0.front().is_some_and(|first| at.saturating_duration_since(*first) > KEPT) {
            self.0.pop_front();
        }
        let place = self.0.partition_point(|known| *known <= at);
        self.0.insert(place, at);
    }

    /// Takes one of that time out again.
    pub(super) fn remove(&mut self, at: Instant) {
        if let Ok(place) = self.0.binary_search(&at) {
            self.0.remove(place);
        }
    }

    /// How many there were within the last such time.
    pub(super) fn count(&self, within: Duration, now: Instant) -> u64 {
        let recent = |sent: &&Instant| now.saturating_duration_since(**sent) < within;
        u64::try_from(self.0.iter().rev().take_while(recent).count()).unwrap_or(u64::MAX)
    }

    /// Whether one more fits into `most` within any such time, of the requests since `since`.
    pub(super) fn room(
        &self,
        most: u64,
        within: Duration,
        since: Option<Instant>,
        now: Instant,
    ) -> Result<(), Turn> {
        let most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
        let counts = |sent: &Instant| {
            now.saturating_duration_since(*sent) < within
                && since.is_none_or(|since| since <= *sent)
        };
        let first = self.0.partition_point(|sent| !counts(sent));
        let excess = (self.0.len() - first).checked_sub(most);
        match excess.and_then(|excess| self.0.get(first + excess)) {
            Some(oldest) => Err(Turn::At(*oldest + within)),
            None => Ok(()),
        }
    }
}

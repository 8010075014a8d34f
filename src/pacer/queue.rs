//! Who waits for a place, the longest first.
//!
//! Pure. Must not know why.

use super::source::{Name, Source};
use std::time::{Duration, Instant};

/// How long a place is kept for one whose turn it is.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Queue(Vec<Waiter>);

/// A resource that waits for its turn.
#[derive(Debug)]
struct Waiter {
    who: String,
    source: Source,
    /// The quota that had no place for it: it holds up nobody in another.
    quota: Name,
    /// When it was told to ask again.
    until: Instant,
}

impl Waiter {
    /// Whether it is about to ask. One that does not come is gone, and holds nobody up.
    fn is_due(&self, now: Instant) -> bool {
        now.checked_duration_since(self.until).is_some_and(|late| late < PATIENCE)
    }
}

impl Queue {
    /// Keeps its place in the line, or gets the last.
    pub(super) fn wait(&mut self, who: &str, source: &Source, quota: Name, until: Instant) {
        match self.0.iter_mut().find(|waiter| waiter.who == who) {
            Some(waiter) => (waiter.quota, waiter.until) = (quota, until),
            None => {
                self.0.push(Waiter { who: who.to_owned(), source: source.clone(), quota, until });
            }
        }
    }

    /// What waits of this source waits for the wrong quota: it goes to the end of the right line
    /// when it asks again.
    pub(super) fn move_on(&mut self, source: &Source) {
        self.0.retain(|waiter| waiter.source != *source);
    }

    pub(super) fn leave(&mut self, who: &str) {
        self.0.retain(|waiter| waiter.who != who);
    }

    /// Whether somebody who waits for this quota comes before `who`; before one that is not in the
    /// line, everybody does.
    pub(super) fn anyone_before(&self, who: Option<&str>, quota: &Name, now: Instant) -> bool {
        let mut before = self.0.iter().take_while(|waiter| Some(waiter.who.as_str()) != who);
        before.any(|waiter| waiter.quota == *quota && waiter.is_due(now))
    }

    /// The sources of those who are about to ask for a place in this quota.
    pub(super) fn due(&self, quota: &Name, now: Instant) -> impl Iterator<Item = &Source> {
        let due = self.0.iter().filter(move |waiter| waiter.is_due(now));
        due.filter(move |waiter| waiter.quota == *quota).map(|waiter| &waiter.source)
    }
}

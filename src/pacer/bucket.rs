//! One quota: what is known of it, who is in it, and who waits for it.
//!
//! Pure. Must not know the other quotas of the account.

use super::{
    Quota, Sent, Turn,
    window::{End, Window},
};
use std::time::{Duration, Instant};

/// Without quota headers, a first 429 makes us keep to the documented 10 in any 60 seconds.
const DOCUMENTED_RATE: u32 = 10;

/// How long a place is kept for one whose turn it is.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct State {
    known: Known,
    /// What has no answer yet.
    in_flight: Vec<Held>,
    /// Where the present window began, once one has followed another.
    began: Option<Began>,
    /// The server has said to stay away until then, whatever else is known.
    closed_until: Option<Instant>,
    /// The requests of the last minute.
    sent: Sent,
    pub(super) queue: Queue,
}

/// What is known of the quota.
#[derive(Debug)]
enum Known {
    /// Nothing of the present window: one request at a time, until its answer tells.
    Nothing {
        /// The number of that request. One that was sent in an earlier window, and still has no
        /// answer, is no reason to wait.
        probe: Option<u64>,
        /// Whether an answer has told of the quota before.
        announced: bool,
        /// There was a 429 since.
        refused: bool,
    },
    /// What the headers tell.
    Window(Window),
    /// Good answers tell nothing: the server's own pace.
    Silent,
    /// Good answers tell nothing, and there was a 429: we keep count ourselves.
    Counting,
}

impl Default for Known {
    fn default() -> Known {
        Known::Nothing { probe: None, announced: false, refused: false }
    }
}

/// A place that is taken.
#[derive(Debug)]
pub(super) struct Held {
    number: u64,
    sent: Instant,
    /// What was known of the window then: how much was left, and the least that an answer had said.
    known: Option<(u64, u64)>,
}

/// The begin of a window.
#[derive(Debug)]
struct Began {
    /// By then it had: what ends no later is an earlier one.
    at: Instant,
    /// Places from this number on are of this window.
    first: u64,
}

impl State {
    /// Goes on to the next window where the present one is over. `next` is the number of the next
    /// place.
    pub(super) fn turn(&mut self, next: u64, now: Instant) {
        let Known::Window(window) = &self.known else { return };
        let Some(at) = window.over(now) else { return };
        self.known = match window.next(self.flying()) {
            Some(window) => Known::Window(window),
            None => Known::Nothing { probe: None, announced: true, refused: false },
        };
        self.began = Some(Began { at, first: next });
    }

    /// Whether one more request fits in, with `reserve` percent left to others.
    pub(super) fn room(&mut self, reserve: u8, now: Instant) -> Result<(), Turn> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(Turn::At(until));
        }
        match &self.known {
            Known::Silent => Ok(()),
            Known::Counting => self.sent.room(DOCUMENTED_RATE, now),
            Known::Nothing { probe, announced, refused } => {
                if *refused && !announced {
                    self.sent.room(DOCUMENTED_RATE, now)?;
                }
                if probe.is_some() { Err(Turn::AfterAnswer) } else { Ok(()) }
            }
            Known::Window(window) => {
                let oldest = self.in_flight.iter().map(|held| held.sent).min();
                window.room(self.flying(), oldest, reserve)
            }
        }
    }

    pub(super) fn take(&mut self, number: u64, now: Instant) {
        let known = match &mut self.known {
            Known::Window(window) => Some((window.left, window.said)),
            Known::Nothing { probe, .. } => {
                *probe = Some(number);
                None
            }
            Known::Silent | Known::Counting => None,
        };
        self.in_flight.push(Held { number, sent: now, known });
        self.sent.push(now);
    }

    /// The request of this number is over.
    pub(super) fn give_back(&mut self, number: u64) -> Option<Held> {
        if let Known::Nothing { probe, .. } = &mut self.known {
            *probe = probe.filter(|probe| *probe != number);
        }
        let index = self.in_flight.iter().position(|held| held.number == number)?;
        Some(self.in_flight.swap_remove(index))
    }

    /// A request came to no word on the quota. It may have been counted all the same.
    pub(super) fn lose(&mut self) {
        if let Known::Window(window) = &mut self.known {
            window.lose_one();
        }
    }

    /// A good answer told nothing. Of a window that has been told of before, that says nothing.
    pub(super) fn tell_silent(&mut self) {
        self.known = match self.known {
            Known::Window(_) | Known::Counting => return,
            Known::Nothing { refused: true, .. } => Known::Counting,
            Known::Nothing { refused: false, .. } | Known::Silent => Known::Silent,
        };
    }

    /// What an answer says of the quota. `next` is the number of the next place.
    pub(super) fn learn(&mut self, quota: Quota, held: &Held, next: u64, now: Instant) {
        let end = End::told(quota, held.sent, now);
        let earlier = self.began.as_ref().filter(|began| held.number < began.first);
        if earlier.is_some_and(|began| end.earliest <= began.at) {
            self.announce();
            return; // of a window before
        }
        let known = held.known.filter(|_| earlier.is_none());
        if let Known::Window(window) = &mut self.known {
            // More than was said before it was sent: only another window can have given that.
            let refilled = known.is_some_and(|(_, said)| quota.remaining > said);
            match window.end {
                Some(present) if end.latest < present.earliest => return,
                Some(present) if end.earliest > present.latest => {}
                _ if refilled => {}
                _ => return window.learn(quota, known.map(|(left, _)| left), end, now),
            }
        }
        self.known = Known::Window(Window::of(quota, end, now));
        self.began = Some(Began { at: end.earliest.min(now), first: next });
    }

    /// The server does tell of its quota, if not of the present window.
    fn announce(&mut self) {
        self.known = match self.known {
            Known::Window(_) => return,
            Known::Nothing { probe, .. } => {
                Known::Nothing { probe, announced: true, refused: false }
            }
            Known::Silent | Known::Counting => {
                Known::Nothing { probe: None, announced: true, refused: false }
            }
        };
    }

    /// Nobody may send before `until`.
    pub(super) fn close(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
        // The server has said when to come again; its next answer tells of the window then.
        self.known = match self.known {
            Known::Window(_) => Known::Nothing { probe: None, announced: true, refused: true },
            Known::Nothing { probe, announced, .. } => {
                Known::Nothing { probe, announced, refused: true }
            }
            Known::Silent | Known::Counting => Known::Counting,
        };
    }

    fn flying(&self) -> u64 {
        u64::try_from(self.in_flight.len()).unwrap_or(u64::MAX)
    }
}

/// Who waits, the longest first.
#[derive(Debug, Default)]
pub(super) struct Queue(Vec<Waiter>);

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

impl Queue {
    pub(super) fn wait(&mut self, who: &'static str, until: Instant) {
        match self.0.iter_mut().find(|waiter| waiter.who == who) {
            Some(waiter) => waiter.until = until,
            None => self.0.push(Waiter { who, until }),
        }
    }

    pub(super) fn leave(&mut self, who: &'static str) {
        self.0.retain(|waiter| waiter.who != who);
    }

    /// Whether somebody comes before `who`; before one that is not in the queue, everybody does.
    pub(super) fn anyone_before(&self, who: Option<&'static str>, now: Instant) -> bool {
        let mut before = self.0.iter().take_while(|waiter| Some(waiter.who) != who);
        before.any(|waiter| waiter.is_due(now))
    }
}

//! One quota: what is known of it, and who is in it.
//!
//! Pure. Must not know the other quotas of the account, nor who waits.

use super::{
    quota::{MINUTE, Quota, ROUNDING, Turn},
    sent::Sent,
    source::Role,
    window::{Before, End, Window, reserved},
};
use std::time::Instant;

#[derive(Debug)]
pub(super) struct State {
    /// Without quota headers, a first 429 makes us keep to so many in any 60 seconds, as documented.
    pace: u64,
    known: Known,
    /// What has no answer yet.
    in_flight: Vec<Held>,
    /// Where the present window began, once one has followed another.
    began: Option<Began>,
    /// The server has said to stay away until then, whatever else is known.
    closed_until: Option<Instant>,
    /// The requests of the last minute.
    sent: Sent,
    /// When the last request was sent whose answer was not going to tell.
    guest: Option<Instant>,
}

/// What is known of the quota.
#[derive(Debug)]
enum Known {
    /// Nothing of the present window: one request at a time, until its answer tells.
    Nothing {
        /// The number of that request. One that was sent in an earlier window, and still has no
        /// answer, is no reason to wait.
        probe: Option<u64>,
        /// How large the quota was when an answer last told of it.
        total: Option<u64>,
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
        Known::Nothing { probe: None, total: None, refused: false }
    }
}

/// A place that is taken.
#[derive(Debug)]
pub(super) struct Held {
    number: u64,
    role: Role,
    sent: Instant,
    /// What was known of the window then.
    before: Option<Before>,
}

/// The begin of a window.
#[derive(Debug)]
struct Began {
    /// By then it had: what ends no later is an earlier one.
    at: Instant,
    /// Places from this number on are of this window.
    first: u64,
}

impl Held {
    /// The place of a request that turns out to count in another quota than was thought.
    pub(super) fn moved(number: u64, sent: Instant) -> Held {
        Held { number, role: Role::Teller, sent, before: None }
    }
}

impl State {
    pub(super) fn new(pace: u64) -> State {
        State {
            pace,
            known: Known::default(),
            in_flight: Vec::new(),
            began: None,
            closed_until: None,
            sent: Sent::default(),
            guest: None,
        }
    }

    /// Goes on to the next window where the present one is over. `next` is the number of the next
    /// place.
    pub(super) fn turn(&mut self, next: u64, now: Instant) {
        let Known::Window(window) = &self.known else { return };
        let Some(at) = window.over(now) else { return };
        let total = Some(window.total());
        self.known = match window.next(self.flying()) {
            Some(window) => Known::Window(window),
            None => Known::Nothing { probe: None, total, refused: false },
        };
        self.began = Some(Began { at, first: next });
    }

    /// Whether one more request fits in, with `reserve` percent left to others. So many requests
    /// are in flight elsewhere that may turn out to count here.
    pub(super) fn room(
        &self,
        role: Role,
        reserve: u8,
        elsewhere: u64,
        now: Instant,
    ) -> Result<(), Turn> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(Turn::At(until));
        }
        match &self.known {
            Known::Silent => Ok(()),
            Known::Counting => self.sent.room(self.pace, MINUTE, None, now),
            // Its answer would tell nothing: what can be known is what was sent.
            Known::Nothing { total: Some(total), .. } if role == Role::Guest => {
                self.room_by_count(*total, reserve, now)
            }
            Known::Nothing { probe, total, refused } => {
                if *refused && total.is_none() {
                    self.sent.room(self.pace, MINUTE, None, now)?;
                }
                if probe.is_some() { Err(Turn::AfterAnswer) } else { Ok(()) }
            }
            Known::Window(window) if window.fits(self.flying() + elsewhere, reserve) => Ok(()),
            Known::Window(window) if window.fits(self.flying(), reserve) => Err(Turn::AfterAnswer),
            Known::Window(window) => {
                let oldest = self.in_flight.iter().map(|held| held.sent).min();
                let guests = self.guest.is_some_and(|at| is_recent(at, now));
                match window.next_place(oldest, reserve) {
                    Some(turn) => Err(turn),
                    None if self.in_flight.iter().any(|held| held.role != Role::Guest) => {
                        Err(Turn::AfterAnswer)
                    }
                    None if guests => self.room_by_count(window.total(), reserve, now),
                    None => Ok(()), // somebody has to ask
                }
            }
        }
    }

    /// As [`State::room`], where no answer tells: by what was sent since the window began, but not
    /// longer ago than a window is.
    fn room_by_count(&self, total: u64, reserve: u8, now: Instant) -> Result<(), Turn> {
        let most = total.saturating_sub(reserved(total, reserve));
        let began = self.began.as_ref().map(|began| began.at);
        self.sent.room(most, MINUTE + ROUNDING, began, now)
    }

    pub(super) fn take(&mut self, number: u64, role: Role, now: Instant) {
        let mut before = None;
        match &mut self.known {
            Known::Window(window) => before = Some(window.before()),
            Known::Nothing { total: Some(_), .. } if role == Role::Guest => {}
            Known::Nothing { probe, .. } => *probe = Some(number),
            // One that has not been asked before may tell: the others wait for its answer.
            Known::Silent if role == Role::Newcomer => {
                self.known = Known::Nothing { probe: Some(number), total: None, refused: false };
            }
            Known::Silent | Known::Counting => {}
        }
        if role == Role::Guest {
            self.guest = Some(now);
        }
        self.enter(Held { number, role, sent: now, before });
    }

    /// A request is in flight that counts here.
    pub(super) fn enter(&mut self, held: Held) {
        self.sent.add(held.sent);
        self.in_flight.push(held);
    }

    /// The request of this number is over, or counts elsewhere.
    pub(super) fn give_back(&mut self, number: u64) -> Option<Held> {
        if let Known::Nothing { probe, .. } = &mut self.known {
            *probe = probe.filter(|probe| *probe != number);
        }
        let index = self.in_flight.iter().position(|held| held.number == number)?;
        Some(self.in_flight.swap_remove(index))
    }

    /// A request that was given back never reached the server.
    pub(super) fn unsend(&mut self, held: &Held) {
        self.sent.remove(held.sent);
    }

    /// A request came to no word on the quota. It may have been counted all the same.
    pub(super) fn learn_nothing(&mut self, now: Instant) {
        if let Known::Window(window) = &mut self.known {
            window.learn_nothing(now);
        }
    }

    /// A good answer told nothing of this quota, of which answers to its like have told before. Of a
    /// window that is known, that says nothing.
    pub(super) fn fall_silent(&mut self) {
        self.known = match self.known {
            Known::Window(_) | Known::Counting => return,
            Known::Nothing { refused: true, .. } => Known::Counting,
            Known::Nothing { refused: false, .. } | Known::Silent => Known::Silent,
        };
    }

    /// Whether an answer has told of this quota.
    pub(super) fn is_announced(&self) -> bool {
        match self.known {
            Known::Window(_) => true,
            Known::Nothing { total, .. } => total.is_some(),
            Known::Silent | Known::Counting => false,
        }
    }

    /// Whether a request is in flight whose answer may tell for the first time.
    pub(super) fn has_newcomer(&self) -> bool {
        self.in_flight.iter().any(|held| held.role == Role::Newcomer)
    }

    /// Whether an answer has said that nothing is left.
    pub(super) fn is_spent(&self) -> bool {
        matches!(&self.known, Known::Window(window) if window.left() == 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// What an answer says of the quota. `next` is the number of the next place.
    pub(super) fn learn(&mut self, quota: Quota, held: &Held, next: u64, now: Instant) {
        let end = End::told(quota, held.sent, now);
        let earlier = self.began.as_ref().filter(|began| held.number < began.first);
        if earlier.is_some_and(|began| end.earliest <= began.at) {
            self.announce(quota.total);
            return; // of a window before
        }
        let before = held.before.filter(|_| earlier.is_none());
        if let Known::Window(window) = &mut self.known {
            match window.end {
                Some(present) if end.latest < present.earliest => return,
                Some(present) if end.earliest > present.latest => {}
                _ if Window::refilled(quota, before) => {}
                _ => return window.learn(quota, before, end, held.sent, now),
            }
        }
        self.known = Known::Window(Window::of(quota, end, now));
        self.began = Some(Began { at: end.earliest.min(now), first: next });
    }

    /// The server does tell of its quota, if not of the present window.
    fn announce(&mut self, total: u64) {
        let probe = match self.known {
            Known::Window(_) => return,
            Known::Nothing { probe, .. } => probe,
            Known::Silent | Known::Counting => None,
        };
        self.known = Known::Nothing { probe, total: Some(total), refused: false };
    }

    /// Nobody may send before `until`.
    pub(super) fn stay_away(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// As [`State::stay_away`], after a 429.
    pub(super) fn close(&mut self, until: Instant) {
        self.stay_away(until);
        // The server has said when to come again; its next answer tells of the window then.
        self.known = match &self.known {
            Known::Window(window) => {
                Known::Nothing { probe: None, total: Some(window.total()), refused: true }
            }
            Known::Nothing { probe, total, .. } => {
                Known::Nothing { probe: *probe, total: *total, refused: true }
            }
            Known::Silent | Known::Counting => Known::Counting,
        };
    }

    fn flying(&self) -> u64 {
        u64::try_from(self.in_flight.len()).unwrap_or(u64::MAX)
    }
}

/// Whether a request that was sent then may count in the present window.
fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < MINUTE + ROUNDING
}

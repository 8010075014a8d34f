//! The pacer as the threads of a run share it.
//!
//! A ticket gives its place back by itself, whatever becomes of the thread that holds it. Must not
//! decide anything: that is the [`Pacer`]'s.

use super::{Limits, Pacer, Place, Said, Source, Turn};
use crate::{clock::Clock, mutex::lock};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

/// Where all requests of a run pass.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pacer: Arc<Mutex<Pacer>>,
    clock: Clock,
}

/// A place in the quota, from before a request is sent until its answer is settled.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ticket {
    gate: Gate,
    /// `None` once it is settled.
    place: Option<Place>,
}

impl Gate {
    pub(crate) fn new(limits: Limits, clock: Clock) -> Gate {
        Gate { pacer: Arc::new(Mutex::new(Pacer::new(limits))), clock }
    }

    /// [`Pacer::take`], now.
    pub(crate) fn take(&self, source: &Source) -> Result<Ticket, Turn> {
        let place = lock(&self.pacer).take(source, self.clock.instant())?;
        Ok(self.ticket(place))
    }

    /// [`Pacer::take_in_turn`], now.
    pub(crate) fn take_in_turn(&self, source: &Source, who: &str) -> Result<Ticket, Turn> {
        let place = lock(&self.pacer).take_in_turn(source, who, self.clock.instant())?;
        Ok(self.ticket(place))
    }

    /// [`Pacer::allowance`], now.
    pub(crate) fn allowance(&self, source: &Source) -> Option<u64> {
        lock(&self.pacer).allowance(source, self.clock.instant())
    }

    /// [`Pacer::close`].
    pub(crate) fn close(&self, source: &Source, until: Instant) {
        lock(&self.pacer).close(source, until);
    }

    fn ticket(&self, place: Place) -> Ticket {
        Ticket { gate: self.clone(), place: Some(place) }
    }
}

impl Ticket {
    /// [`Pacer::settle`], now.
    pub(crate) fn settle(mut self, said: Said) {
        self.give_back(said);
    }

    fn give_back(&mut self, said: Said) {
        if let Some(place) = self.place.take() {
            lock(&self.gate.pacer).settle(place, said, self.gate.clock.instant());
        }
    }
}

impl Drop for Ticket {
    /// Nobody knows whether the request was sent: it counts as one without an answer.
    fn drop(&mut self) {
        self.give_back(Said::Nothing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Resource;
    use std::thread;

    fn tickets() -> Source {
        let tickets = Resource::named("tickets").unwrap();
        Source::from(tickets.endpoint(None).unwrap())
    }

    #[test]
    fn f17_a_panic_gives_its_place_back() {
        let gate = Gate::new(Limits::default(), Clock::real());
        let ticket = gate.take(&tickets()).unwrap();
        assert_eq!(gate.take(&tickets()).err(), Some(Turn::AfterAnswer));
        let asking = thread::spawn(move || {
            let _held = ticket;
            panic!("while it asks");
        });
        assert!(asking.join().is_err());
        assert!(gate.take(&tickets()).is_ok(), "the others go on");
    }

    #[test]
    fn f17_a_panic_within_the_lock_stops_nobody() {
        let gate = Gate::new(Limits::default(), Clock::real());
        let ticket = gate.take(&tickets()).unwrap();
        let asking = thread::spawn({
            let gate = gate.clone();
            move || {
                let _held = ticket;
                let _locked = lock(&gate.pacer);
                panic!("while it takes note");
            }
        });
        assert!(asking.join().is_err());
        assert!(gate.take(&tickets()).is_ok(), "the others go on");
    }
}

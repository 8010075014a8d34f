//! The pacer: spends the whole quota and not one request more.
//!
//! Pure: it is told the time and answers with one. All resources of a run share it, because they
//! share the account's quotas; a request reserves its place before it is sent. Which requests share
//! a quota is told by the name of the header that comes back; until then, by the table of
//! resources. Rules: API notes §6. Must not know requests, threads or sleeping; how threads share
//! it is the [`gate`]'s.

mod bucket;
pub(crate) mod gate;
mod queue;
mod quota;
mod sent;
mod source;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;
mod window;

use crate::resource::Bucket;
use bucket::{Held, State};
use queue::Queue;
use quota::{MINUTE, ROUNDING};
pub(crate) use quota::{Quota, Turn};
use sent::Sent;
use source::{Draws, Role};
pub(crate) use source::{Name, Source};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// Limits of the user's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Requests in any 60 seconds.
    pub(crate) rate: Option<u32>,
    /// The share of a quota, in percent, that is left to others.
    pub(crate) reserve: u8,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It never reached the server.
    Unsent,
    /// No answer, or one of an error, without a quota.
    Nothing,
    /// A good answer, without a quota.
    NoQuota,
    /// The quotas that it counts in, by their names; not empty.
    Quotas(Vec<(Name, Quota)>),
    /// No quota with a name, but that the account's own is spent.
    AccountSpent(Quota),
}

/// A place in the quotas that a request may count in, from when it is sent until its answer is
/// settled. No other place of the pacer has its number; later ones have greater ones.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place(u64);

#[derive(Debug)]
pub(crate) struct Pacer {
    limits: Limits,
    quotas: BTreeMap<Name, State>,
    sources: BTreeMap<Source, Draws>,
    in_flight: BTreeMap<u64, Flight>,
    queue: Queue,
    /// The requests of the last minute, of all quotas, for `--rate`.
    sent: Sent,
    /// The number of the next place.
    next: u64,
}

/// A request that has no answer yet.
#[derive(Debug)]
struct Flight {
    source: Source,
    sent: Instant,
    /// Where it holds a place.
    quotas: Vec<Name>,
}

/// A quota of this name, which may be a new one.
fn quota_of<'q>(quotas: &'q mut BTreeMap<Name, State>, name: &Name) -> &'q mut State {
    quotas.entry(name.clone()).or_insert_with(|| State::new(name.pace()))
}

/// Why there is no place now.
struct Full {
    quota: Name,
    turn: Turn,
}

impl Pacer {
    pub(crate) fn new(limits: Limits) -> Pacer {
        Pacer {
            limits,
            quotas: BTreeMap::new(),
            sources: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            queue: Queue::default(),
            sent: Sent::default(),
            next: 0,
        }
    }

    /// Reserves a place for one request, or says when to ask again. Every place must come back to
    /// [`Pacer::settle`]. For one that can do without: whoever waits comes first.
    pub(crate) fn take(&mut self, source: &Source, now: Instant) -> Result<Place, Turn> {
        self.reserve(source, None, now).map_err(|full| full.turn)
    }

    /// As [`Pacer::take`], for one that waits: of several, the one that has waited longest is the
    /// next.
    pub(crate) fn take_in_turn(
        &mut self,
        source: &Source,
        who: &str,
        now: Instant,
    ) -> Result<Place, Turn> {
        match self.reserve(source, Some(who), now) {
            Ok(place) => {
                self.queue.leave(who);
                Ok(place)
            }
            Err(Full { quota, turn }) => {
                let until = match turn {
                    Turn::At(until) => until,
                    Turn::AfterAnswer => now,
                };
                self.queue.wait(who, source, quota, until);
                Err(turn)
            }
        }
    }

    fn reserve(&mut self, source: &Source, who: Option<&str>, now: Instant) -> Result<Place, Full> {
        let claims = self.claims(source);
        for (name, role) in &claims {
            let full = |turn| Full { quota: name.clone(), turn };
            if let Some(rate) = self.limits.rate {
                self.sent.room(rate.into(), MINUTE, None, now).map_err(full)?;
            }
            let elsewhere = self.newcomers_elsewhere(name);
            let state = quota_of(&mut self.quotas, name);
            state.turn(self.next, now);
            state.room(*role, self.limits.reserve, elsewhere, now).map_err(full)?;
            if self.queue.anyone_before(who, name, now) {
                return Err(full(Turn::AfterAnswer));
            }
        }
        let number = self.next;
        self.next += 1;
        for (name, role) in &claims {
            quota_of(&mut self.quotas, name).take(number, *role, now);
        }
        self.sent.add(now);
        let quotas = claims.into_iter().map(|(name, _)| name).collect();
        self.in_flight.insert(number, Flight { source: source.clone(), sent: now, quotas });
        Ok(Place(number))
    }

    /// How many requests are under way of which no answer has told yet where they count, but for
    /// those that hold a place in this quota.
    fn newcomers_elsewhere(&self, quota: &Name) -> u64 {
        let new = |flight: &&Flight| {
            !flight.quotas.contains(quota)
                && self.sources.get(&flight.source).is_none_or(|draws| *draws == Draws::Untold)
        };
        u64::try_from(self.in_flight.values().filter(new).count()).unwrap_or(u64::MAX)
    }

    /// The quotas that a request may count in, and what it is to each. Until its source's answers
    /// name them, these are the table's, those that others in the table's were found to be in, and,
    /// for a path among the exports, theirs.
    fn claims(&self, source: &Source) -> Vec<(Name, Role)> {
        let role = match self.sources.get(source) {
            Some(Draws::Named(names)) => {
                return names.iter().map(|name| (name.clone(), Role::Teller)).collect();
            }
            Some(Draws::Nameless) => Role::Guest,
            Some(Draws::Untold) | None => Role::Newcomer,
        };
        let mut names = self.found_in(source.bucket);
        if source.is_under_exports() {
            names.extend(self.found_in(Bucket::Exports));
            names.insert(Name::from(Bucket::Exports));
        }
        let table = Name::from(source.bucket);
        names.remove(&table);
        // What no answer has told of yet, a newcomer need not wait for.
        names.retain(|name| {
            role == Role::Guest || self.quotas.get(name).is_some_and(State::is_announced)
        });
        let others = names.into_iter().map(|name| (name, Role::Guest));
        [(table, role)].into_iter().chain(others).collect()
    }

    /// What the answers to others, of which the table says the same, have called their quotas.
    fn found_in(&self, bucket: Bucket) -> BTreeSet<Name> {
        let alike = self.sources.iter().filter(|(source, _)| source.bucket == bucket);
        let named = alike.filter_map(|(_, draws)| match draws {
            Draws::Named(names) => Some(names),
            Draws::Untold | Draws::Nameless => None,
        });
        named.flatten().cloned().collect()
    }

    /// Takes note of what came of a request.
    #[expect(clippy::needless_pass_by_value, reason = "a place is settled once")]
    pub(crate) fn settle(&mut self, place: Place, said: Said, now: Instant) {
        let Some(flight) = self.in_flight.remove(&place.0) else { return };
        match said {
            Said::Unsent => {
                self.sent.remove(flight.sent);
                self.each(&flight, place.0, |state, held| state.unsend(held));
            }
            Said::Nothing => self.each(&flight, place.0, |state, _| state.learn_nothing(now)),
            Said::AccountSpent(quota) => {
                let until = now + quota.resets + ROUNDING;
                self.each(&flight, place.0, |state, _| {
                    state.learn_nothing(now);
                    state.stay_away(until);
                });
            }
            Said::NoQuota => {
                self.each(&flight, place.0, |state, _| state.learn_nothing(now));
                self.hear_nothing(&flight, now);
            }
            Said::Quotas(quotas) => self.learn(&flight, place.0, &quotas, now),
        }
    }

    /// Gives back the places that a request holds.
    fn each(&mut self, flight: &Flight, number: u64, mut then: impl FnMut(&mut State, &Held)) {
        for name in &flight.quotas {
            if let Some(state) = self.quotas.get_mut(name)
                && let Some(held) = state.give_back(number)
            {
                then(state, &held);
            }
        }
    }

    /// A good answer named no quota.
    fn hear_nothing(&mut self, flight: &Flight, now: Instant) {
        let draws = self.sources.entry(flight.source.clone()).or_insert(Draws::Untold);
        let named = match draws {
            Draws::Named(names) => names.clone(),
            Draws::Untold | Draws::Nameless => {
                *draws = Draws::Nameless;
                Vec::new()
            }
        };
        for name in &flight.quotas {
            // One that never told of a quota says nothing of one that others have told of, or may
            // yet.
            let to_come =
                |source| self.sources.get(source).is_none_or(|draws| *draws == Draws::Untold);
            let more = self.queue.due(name, now).any(to_come);
            let Some(state) = self.quotas.get_mut(name) else { continue };
            let others = state.is_announced() || state.has_newcomer() || more;
            if named.contains(name) || !others {
                state.fall_silent();
            }
        }
    }

    /// An answer tells which quotas it counts in, and what is left of them.
    fn learn(&mut self, flight: &Flight, number: u64, quotas: &[(Name, Quota)], now: Instant) {
        let names: Vec<Name> = quotas.iter().map(|(name, _)| name.clone()).collect();
        self.draw_on(&flight.source, &names);
        let mut held: BTreeMap<&Name, Held> = BTreeMap::new();
        for name in &flight.quotas {
            let place = self.quotas.get_mut(name).and_then(|state| state.give_back(number));
            held.extend(place.map(|place| (name, place)));
        }
        for (name, quota) in quotas {
            let state = quota_of(&mut self.quotas, name);
            let held = held.remove(name).unwrap_or_else(|| {
                // It took no place here before.
                state.enter(Held::moved(number, flight.sent));
                state.give_back(number);
                Held::moved(number, flight.sent)
            });
            state.learn(*quota, &held, self.next, now);
        }
        self.forget();
    }

    /// From now on the requests of a source count in these quotas, also those that are under way.
    fn draw_on(&mut self, source: &Source, names: &[Name]) {
        let draws = Draws::Named(names.to_vec());
        if self.sources.get(source) == Some(&draws) {
            return;
        }
        for (number, flight) in &mut self.in_flight {
            if flight.source != *source {
                continue;
            }
            for left in flight.quotas.iter().filter(|name| !names.contains(name)) {
                self.quotas.get_mut(left).map(|state| state.give_back(*number));
            }
            for entered in names.iter().filter(|name| !flight.quotas.contains(name)) {
                let state = quota_of(&mut self.quotas, entered);
                state.enter(Held::moved(*number, flight.sent));
            }
            flight.quotas = names.to_vec();
        }
        self.queue.move_on(source);
        self.sources.insert(source.clone(), draws);
    }

    /// A server that calls its quotas by ever other names does not fill the memory.
    fn forget(&mut self) {
        let sources = &self.sources;
        let drawn = |name: &Name| {
            sources.iter().any(|(source, draws)| match draws {
                Draws::Named(names) => names.contains(name),
                Draws::Untold | Draws::Nameless => Name::from(source.bucket) == *name,
            })
        };
        let exports = Name::from(Bucket::Exports);
        self.quotas.retain(|name, state| !state.is_empty() || *name == exports || drawn(name));
    }

    /// Nobody may send before `until` what counts where the source's requests do: the server said
    /// 429. Where an answer has told which quota is spent, it is that one.
    pub(crate) fn close(&mut self, source: &Source, until: Instant) {
        let names: Vec<Name> = self.claims(source).into_iter().map(|(name, _)| name).collect();
        let spent = |name: &Name| self.quotas.get(name).is_some_and(State::is_spent);
        let any = names.iter().any(spent);
        let closed: Vec<Name> = names.into_iter().filter(|name| !any || spent(name)).collect();
        for name in closed {
            quota_of(&mut self.quotas, &name).close(until);
        }
    }
}

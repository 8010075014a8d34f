//! The pacer in virtual time, against a server with fixed windows of a minute: how much of the
//! quota is spent in each full window, and how often the server refuses.
//!
//! The server counts a request when it comes in and says so in the headers that the sandbox sends.
//! A resource asks for its next page when the last one is there, so that with the latency `L` one
//! resource cannot send more than `60 / L` requests a minute.

use crate::{
    api::headers::Headers,
    clock::Clock,
    pacer::{Limits, Pacer, Place, Said, Turn},
    resource::Bucket,
};
use fastrand::Rng;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::{Duration, Instant},
};

/// Virtual milliseconds.
type Millis = u64;

const WINDOW: Millis = 60_000;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Requests in a window.
    pub quota: u64,
    /// From a request to its answer.
    pub latency: Millis,
    /// How much longer or shorter an answer may take, in percent.
    pub jitter: u64,
    /// How many resources run side by side.
    pub resources: u64,
    /// What is left to others, in percent.
    pub reserve: u8,
    pub other: Other,
    pub headers: Made,
    /// Whether `resets` is rounded up; down otherwise.
    pub rounded_up: bool,
    pub seed: u64,
}

/// Another client of the account. It is no gentleman: it never waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    None,
    /// One request in so many milliseconds.
    Steady(Millis),
    /// So many requests at once, ten seconds into each window.
    Burst(u64),
}

/// When a server makes the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// When the request comes in: a slow answer's headers are old.
    OnArrival,
    /// When the answer goes out.
    OnAnswer,
}

/// What happened in one window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    pub ours: u64,
    pub others: u64,
    /// Our requests that were refused with 429.
    pub refused: u64,
    pub others_refused: u64,
}

impl Scenario {
    /// The most that could be sent in a window: the quota without the reserve, or what the latency
    /// allows.
    pub fn possible(&self) -> u64 {
        let reserved = (self.quota * u64::from(self.reserve)).div_ceil(100);
        (self.quota - reserved).min(self.resources * (WINDOW / self.latency.max(1)))
    }

    /// Lets resources that never end run for so many full windows.
    pub fn run(&self, windows: u64) -> Vec<Window> {
        let mut world = World::new(*self);
        // In the middle of a window, as runs begin.
        let start = 1_000 * WINDOW + world.rng.u64(0..WINDOW);
        let end = start.next_multiple_of(WINDOW) + windows * WINDOW;
        for resource in 0..self.resources {
            world.at(start, Event::Turn(resource));
        }
        match self.other {
            Other::None => {}
            Other::Steady(_) => world.at(start, Event::Other),
            Other::Burst(_) => world.at(start.next_multiple_of(WINDOW) + 10_000, Event::Other),
        }
        while let Some(Reverse((now, _, event))) = world.events.pop() {
            if now >= end {
                break;
            }
            world.handle(now, event);
        }
        let full = end / WINDOW - windows..end / WINDOW;
        full.map(|window| world.server.get(&window).copied().unwrap_or_default()).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A resource wants to send.
    Turn(u64),
    /// Its request comes in.
    Arrival(u64),
    /// Its answer is there; `None` if its headers are made now.
    Answer(u64, bool, Option<Vec<(String, String)>>),
    Other,
}

struct World {
    scenario: Scenario,
    rng: Rng,
    /// The instant of the virtual time 0.
    zero: Instant,
    pacer: Pacer,
    places: BTreeMap<u64, Place>,
    server: BTreeMap<u64, Window>,
    events: BinaryHeap<Reverse<(Millis, u64, Event)>>,
    count: u64,
}

impl World {
    fn new(scenario: Scenario) -> World {
        World {
            scenario,
            rng: Rng::with_seed(scenario.seed),
            zero: Clock::real().instant(),
            pacer: Pacer::new(Limits { rate: None, reserve: scenario.reserve }),
            places: BTreeMap::new(),
            server: BTreeMap::new(),
            events: BinaryHeap::new(),
            count: 0,
        }
    }

    fn at(&mut self, time: Millis, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    /// A span of about so long.
    fn about(&mut self, span: Millis) -> Millis {
        let most = span * self.scenario.jitter / 100;
        (span + self.rng.u64(0..=2 * most)).saturating_sub(most)
    }

    fn handle(&mut self, now: Millis, event: Event) {
        let instant = self.zero + Duration::from_millis(now);
        match event {
            Event::Turn(resource) => match self.pacer.take(Bucket::Exports, instant) {
                Ok(place) => {
                    self.places.insert(resource, place);
                    let way = self.about(self.scenario.latency.min(100) / 2);
                    self.at(now + way, Event::Arrival(resource));
                }
                Err(Turn::AfterAnswer) => self.at(now + 20, Event::Turn(resource)),
                Err(Turn::At(until)) => {
                    let wait = until.saturating_duration_since(instant).as_millis();
                    let late = self.rng.u64(1..5); // as sleepers are
                    let wait = u64::try_from(wait).unwrap_or(WINDOW);
                    self.at(now + wait + late, Event::Turn(resource));
                }
            },
            Event::Arrival(resource) => {
                let window = self.server.entry(now / WINDOW).or_default();
                let refused = window.ours + window.others >= self.scenario.quota;
                if refused {
                    window.refused += 1;
                } else {
                    window.ours += 1;
                }
                let made = self.scenario.headers == Made::OnArrival;
                let headers = made.then(|| self.headers(now));
                let rest = self.scenario.latency - self.scenario.latency.min(100) / 2;
                let rest = self.about(rest);
                self.at(now + rest, Event::Answer(resource, refused, headers));
            }
            Event::Answer(resource, refused, headers) => {
                let headers = Headers(headers.unwrap_or_else(|| self.headers(now)));
                if let Some(place) = self.places.remove(&resource) {
                    let said = headers.pacing().map_or(Said::Nothing, Said::Quota);
                    self.pacer.settle(place, said, instant);
                }
                if refused {
                    self.pacer.close(Bucket::Exports, instant + headers.quota_wait());
                }
                self.at(now, Event::Turn(resource));
            }
            Event::Other => {
                let quota = self.scenario.quota;
                let (times, next) = match self.scenario.other {
                    Other::None => return,
                    Other::Steady(every) => (1, every),
                    Other::Burst(times) => (times, WINDOW),
                };
                let window = self.server.entry(now / WINDOW).or_default();
                for _ in 0..times {
                    if window.ours + window.others >= quota {
                        window.others_refused += 1;
                    } else {
                        window.others += 1;
                    }
                }
                self.at(now + next, Event::Other);
            }
        }
    }

    /// The quota as the sandbox writes it.
    fn headers(&self, now: Millis) -> Vec<(String, String)> {
        let total = self.scenario.quota;
        let used = self.server.get(&(now / WINDOW)).map_or(0, |window| window.ours + window.others);
        let left = WINDOW - now % WINDOW;
        let resets =
            if self.scenario.rounded_up { left.div_ceil(1000).max(1) } else { left / 1000 };
        let remaining = total.saturating_sub(used);
        let quota = format!("total={total}; remaining={remaining}; resets={resets}");
        vec![("zendesk-ratelimit-incremental-exports".to_owned(), quota)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Scenario = Scenario {
        quota: 10,
        latency: 500,
        jitter: 20,
        resources: 6,
        reserve: 0,
        other: Other::None,
        headers: Made::OnArrival,
        rounded_up: true,
        seed: 1,
    };

    /// The scenario with every latency, rounding and place where headers are made.
    fn variants(scenario: Scenario) -> impl Iterator<Item = Scenario> {
        let latencies = [50, 500, 2_000, 5_000, 15_000];
        latencies.into_iter().flat_map(move |latency| {
            (0..8).map(move |seed| Scenario {
                latency,
                headers: if seed % 2 == 0 { Made::OnArrival } else { Made::OnAnswer },
                rounded_up: seed % 4 < 2,
                seed: seed + latency,
                ..scenario
            })
        })
    }

    #[test]
    fn alone_the_whole_quota_is_spent_in_every_minute_and_none_refused() {
        let mut bound_by_quota = 0;
        for (quota, resources) in [(10, 1), (10, 2), (10, 6), (30, 1), (30, 6), (100, 1), (100, 6)]
        {
            for scenario in variants(Scenario { quota, resources, ..ALONE }) {
                let could = scenario.resources * (WINDOW / scenario.latency);
                for window in scenario.run(10) {
                    assert_eq!(window.refused, 0, "{scenario:?}");
                    // An answer that takes longer than usual leaves less; no pacer changes that.
                    if could >= quota + quota / 5 {
                        bound_by_quota += 1;
                        assert_eq!(window.ours, quota, "{scenario:?}");
                    } else {
                        let at_least = scenario.possible() * 9 / 10 - 1;
                        assert!(window.ours >= at_least, "{window:?} {scenario:?}");
                    }
                }
            }
        }
        assert!(bound_by_quota > 1500, "{bound_by_quota}");
    }

    #[test]
    fn a_reserve_is_left_to_others_in_every_minute() {
        for reserve in [10, 50] {
            for other in [Other::None, Other::Steady(12_000), Other::Burst(5)] {
                for scenario in variants(Scenario { reserve, other, ..ALONE }) {
                    let reserved = (10 * u64::from(reserve)).div_ceil(100);
                    let taken = scenario.run(10);
                    for window in &taken {
                        // One request may be needed to learn that others are there.
                        let most = 10 - reserved + u64::from(other != Other::None);
                        assert!(window.ours <= most, "{window:?} {scenario:?}");
                        if other == Other::None {
                            assert_eq!((window.ours, window.refused), (10 - reserved, 0));
                        }
                        if reserve == 50 {
                            assert_eq!(window.others_refused, 0, "{window:?} {scenario:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_another_client_eats_is_noticed_and_nothing_is_left_over() {
        let (mut refused, mut windows, mut shared, mut left) = (0, 0, 0, 0);
        for (quota, other) in [
            (10, Other::Steady(6_000)),
            (10, Other::Steady(20_000)),
            (10, Other::Burst(4)),
            (100, Other::Steady(1_000)), // in every window from its begin to its end
            (100, Other::Burst(50)),
        ] {
            let scenarios = variants(Scenario { quota, other, ..ALONE });
            for scenario in scenarios.filter(|one| one.latency < 5_000) {
                for window in scenario.run(20) {
                    windows += 1;
                    shared += u64::from(window.others > 10);
                    refused += window.refused;
                    left += (quota - window.ours - window.others) * 100 / quota;
                }
            }
        }
        assert!(shared > windows / 10, "others got into {shared} windows only");
        assert!(left <= windows, "{left} % left over in all of {windows} windows");
        assert!(refused * 4 <= windows, "{refused} refused in {windows} windows");
    }
}

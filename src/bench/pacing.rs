//! The pacer in virtual time, against a server with fixed windows of a minute: how much of the
//! quota is spent in each full window, and how often the server refuses.
//!
//! The server counts a request when it comes in and says so in the headers that the sandbox sends;
//! which of its paths share a quota, and what it calls it, is part of the scenario. A resource asks for its next page when the last one is there, so that with the latency `L` one
//! resource cannot send more than `60 / L` requests a minute.

use crate::{
    api::headers::Headers,
    clock::Clock,
    pacer::{Limits, Pacer, Place, Said, Source, Turn},
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
    pub shared: Shared,
    pub other: Other,
    pub headers: Made,
    /// Whether `resets` is rounded up; down otherwise.
    pub rounded_up: bool,
    pub seed: u64,
}

/// Which paths count together at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// All, as the table of resources has it.
    All,
    /// All, where the table has three quotas.
    AllUnlikeTheTable,
    /// None: each path has a quota of its own, with a name of its own, where the table has one.
    None,
    /// All, but the second path's answers say nothing of it.
    AllOneIsMute,
    /// All but the second, whose answers say nothing, and whose requests are free.
    AllButTheMute,
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
    /// Our requests that took nothing from the quota.
    pub free: u64,
    /// Our requests that were refused with 429.
    pub refused: u64,
    pub others_refused: u64,
}

impl Scenario {
    /// The most that could be sent in a window: the quota without the reserve, or what the latency
    /// allows.
    pub fn possible(&self) -> u64 {
        let reserved = (self.quota * u64::from(self.reserve)).div_ceil(100);
        let together = if self.shared == Shared::None { 1 } else { self.resources };
        (self.quota - reserved).min(together * (WINDOW / self.latency.max(1)))
    }

    /// How many quotas the server has.
    fn quotas(&self) -> u64 {
        if self.shared == Shared::None { self.resources } else { 1 }
    }

    /// The quota that a resource's requests count in.
    fn quota_of(&self, resource: u64) -> u64 {
        if self.shared == Shared::None { resource } else { 0 }
    }

    fn is_mute(&self, resource: u64) -> bool {
        resource == 1 && matches!(self.shared, Shared::AllOneIsMute | Shared::AllButTheMute)
    }

    fn is_free(&self, resource: u64) -> bool {
        resource == 1 && self.shared == Shared::AllButTheMute
    }

    /// Where a resource's requests go, and what the table says of it.
    fn source(&self, resource: u64) -> Source {
        let exports = format!("/api/v2/incremental/{resource}.json");
        match (self.shared, resource % 3) {
            (Shared::AllUnlikeTheTable, 1) => Source::new(exports, Bucket::UsersCursor),
            (Shared::AllUnlikeTheTable, 2) => {
                let articles = format!("/api/v2/help_center/incremental/{resource}.json");
                Source::new(articles, Bucket::HelpCenter)
            }
            _ => Source::new(exports, Bucket::Exports),
        }
    }

    /// Lets resources that never end run for so many full windows, of each quota.
    pub fn run(&self, windows: u64) -> Vec<Window> {
        self.run_from_the_start(windows)
            .into_iter()
            .flat_map(|quota| quota.into_iter().skip(1))
            .collect()
    }

    /// As [`Scenario::run`], each quota by itself, with the window that the run begins in.
    pub fn run_from_the_start(&self, windows: u64) -> Vec<Vec<Window>> {
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
        let of = |quota| {
            let all = start / WINDOW..end / WINDOW;
            all.map(|window| world.server.get(&(quota, window)).copied().unwrap_or_default())
                .collect()
        };
        (0..self.quotas()).map(of).collect()
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
    /// By the quota and the number of the window.
    server: BTreeMap<(u64, u64), Window>,
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

    fn take(&mut self, resource: u64, now: Instant) -> Result<Place, Turn> {
        let source = self.scenario.source(resource);
        self.pacer.take_in_turn(&source, &resource.to_string(), now)
    }

    /// A span of about so long.
    fn about(&mut self, span: Millis) -> Millis {
        let most = span * self.scenario.jitter / 100;
        (span + self.rng.u64(0..=2 * most)).saturating_sub(most)
    }

    fn handle(&mut self, now: Millis, event: Event) {
        let instant = self.zero + Duration::from_millis(now);
        match event {
            Event::Turn(resource) => match self.take(resource, instant) {
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
                let key = (self.scenario.quota_of(resource), now / WINDOW);
                let window = self.server.entry(key).or_default();
                let free = self.scenario.is_free(resource);
                let refused = !free && window.ours + window.others >= self.scenario.quota;
                if free {
                    window.free += 1;
                } else if refused {
                    window.refused += 1;
                } else {
                    window.ours += 1;
                }
                let made = self.scenario.headers == Made::OnArrival;
                let headers = made.then(|| self.headers(resource, now));
                let rest = self.scenario.latency - self.scenario.latency.min(100) / 2;
                let rest = self.about(rest);
                self.at(now + rest, Event::Answer(resource, refused, headers));
            }
            Event::Answer(resource, refused, headers) => {
                let headers = Headers(headers.unwrap_or_else(|| self.headers(resource, now)));
                if let Some(place) = self.places.remove(&resource) {
                    let silence = if refused { Said::Nothing } else { Said::NoQuota };
                    let said = headers.pacing().unwrap_or(silence);
                    self.pacer.settle(place, said, instant);
                }
                if refused {
                    self.pacer
                        .close(&self.scenario.source(resource), instant + headers.quota_wait());
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
                let window = self.server.entry((0, now / WINDOW)).or_default();
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
    fn headers(&self, resource: u64, now: Millis) -> Vec<(String, String)> {
        if self.scenario.is_mute(resource) {
            return vec![("x-rate-limit".to_owned(), "700".to_owned())];
        }
        let total = self.scenario.quota;
        let key = (self.scenario.quota_of(resource), now / WINDOW);
        let used = self.server.get(&key).map_or(0, |window| window.ours + window.others);
        let left = WINDOW - now % WINDOW;
        let resets =
            if self.scenario.rounded_up { left.div_ceil(1000).max(1) } else { left / 1000 };
        let remaining = total.saturating_sub(used);
        let quota = format!("total={total}; remaining={remaining}; resets={resets}");
        let name = match self.scenario.shared {
            Shared::None => format!("zendesk-ratelimit-quota-{resource}"),
            _ => "zendesk-ratelimit-incremental-exports".to_owned(),
        };
        vec![(name, quota)]
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
        shared: Shared::All,
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

    /// All windows, and that nothing was refused in any, nor in the first.
    #[track_caller]
    fn none_refused(scenario: Scenario) -> Vec<Window> {
        let mut full = Vec::new();
        for quota in scenario.run_from_the_start(10) {
            assert!(quota.iter().all(|window| window.refused == 0), "{quota:?} {scenario:?}");
            full.extend(quota.into_iter().skip(1));
        }
        full
    }

    /// Whether the quota and not the latency is the limit.
    fn is_bound_by_quota(scenario: Scenario) -> bool {
        let together = scenario.resources / scenario.quotas();
        together * (WINDOW / scenario.latency) * 2 >= scenario.quota * 3
    }

    #[test]
    fn f18_one_quota_that_the_table_takes_for_three_is_spent_and_never_overspent() {
        for (quota, resources) in [(10, 2), (10, 3), (10, 6), (10, 12), (30, 3), (30, 12)] {
            let shared = Shared::AllUnlikeTheTable;
            for scenario in variants(Scenario { quota, resources, shared, ..ALONE }) {
                for window in none_refused(scenario) {
                    // Answers of 15 s leave the window's end open for as long.
                    let least = if scenario.latency > 5_000 { quota * 4 / 5 } else { quota };
                    assert!(
                        window.ours >= least || !is_bound_by_quota(scenario),
                        "{window:?} {scenario:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn f18_quotas_of_their_own_are_all_spent_where_the_table_has_one() {
        for resources in [2, 6] {
            for scenario in variants(Scenario { shared: Shared::None, resources, ..ALONE }) {
                for window in none_refused(scenario) {
                    if is_bound_by_quota(scenario) {
                        assert_eq!(window.ours, scenario.quota, "{scenario:?}");
                    }
                }
            }
        }
    }

    /// Which requests of the mute path are in an answer's figure is known only of those that were
    /// over before it was asked for; the others may be counted twice.
    #[test]
    fn f18_a_path_that_names_no_quota_but_counts_overspends_nothing() {
        let (mut windows, mut left) = (0, 0);
        for (quota, resources) in [(10, 2), (10, 6), (30, 2), (30, 6)] {
            let shared = Shared::AllOneIsMute;
            for scenario in variants(Scenario { quota, resources, shared, ..ALONE }) {
                for window in none_refused(scenario) {
                    if is_bound_by_quota(scenario) {
                        assert!(window.ours + 3 >= quota, "{window:?} {scenario:?}");
                        windows += 1;
                        left += quota - window.ours;
                    }
                }
            }
        }
        assert!(windows > 1000 && left < windows * 5 / 4, "{left} in {windows} windows");
    }

    #[test]
    fn f18_a_path_that_does_not_count_costs_no_more_than_its_requests() {
        let (mut windows, mut left) = (0, 0);
        for (quota, resources) in [(10, 2), (10, 6), (30, 2), (30, 6)] {
            let shared = Shared::AllButTheMute;
            for scenario in variants(Scenario { quota, resources, shared, ..ALONE }) {
                for window in none_refused(scenario) {
                    if is_bound_by_quota(scenario) {
                        let least = quota.saturating_sub(window.free.min(3));
                        assert!(window.ours >= least, "{window:?} {scenario:?}");
                        windows += 1;
                        left += quota - window.ours;
                    }
                }
            }
        }
        assert!(windows > 1000 && left < windows * 3 / 4, "{left} in {windows} windows");
    }
}

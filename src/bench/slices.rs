//! Reading ahead in virtual time: how much of the quota one resource spends whose pages come slowly,
//! and how many requests are in vain.
//!
//! The server has a history of records, fixed windows of a minute, and answers that take their time.
//! The head and its walkers are those of real runs, without threads and bodies: a page is what it
//! says of itself.

use crate::{
    api::headers::Headers,
    clock::Clock,
    export::slices::{Answered, Ask, Front, walkers},
    pacer::{Limits, Pacer, Place, Said, Source, Turn},
    position::Position,
    resource::{Bucket, Pagination},
    time::UnixTime,
};
use fastrand::Rng;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    time::{Duration, Instant},
};

type Millis = u64;

const WINDOW: Millis = 60_000;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Requests in a window.
    pub quota: u64,
    /// From a request to its answer, give or take a fifth.
    pub latency: Millis,
    pub history: History,
    /// How many pages there are.
    pub pages: usize,
    /// Whether slices are read ahead.
    pub ahead: bool,
    /// Bytes of a page as it is kept, and of all that may be.
    pub page_bytes: usize,
    pub most_bytes: usize,
    pub reserve: u8,
    pub seed: u64,
}

/// How records lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// As evenly as chance has it.
    Even,
    /// Ten times as many by day as by night.
    Nights,
    /// Every tenth page or so, five pages' worth changes within a second.
    Bursts,
    /// Twice, nothing changes for as long as all the rest takes.
    Voids,
    /// Twice as many each time that a tenth has passed.
    Growth,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Result {
    /// Requests of each window, from the one that the run began in to the one it ended in.
    pub windows: Vec<u64>,
    pub requests: u64,
    pub refused: u64,
    /// The pages that were committed.
    pub committed: u64,
    /// The records, which are all, in order, and each once.
    pub whole: bool,
    /// The most bytes that were kept.
    pub held: usize,
    pub took: Duration,
}

/// Records a page.
const PER_PAGE: usize = 100;

/// What the latest record is older than.
const AGE: i64 = 7_200;

const NOW: i64 = 1_760_000_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The head, or the one with a slice, wants a place.
    Turn(Who),
    Arrival(Who),
    Answer(Who, bool, Vec<(String, String)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Head,
    Slice(u64),
}

struct World {
    scenario: Scenario,
    rng: Rng,
    zero: Instant,
    pacer: Pacer,
    source: Source,
    /// When each record changed, in order.
    records: Vec<i64>,
    front: Front<(Page, Position)>,
    /// Where the head stands, and what is committed.
    head: Position,
    lines: usize,
    whole: bool,
    asks: BTreeMap<u64, Ask>,
    places: BTreeMap<Who, (Place, Millis)>,
    latencies: VecDeque<Millis>,
    events: BinaryHeap<Reverse<(Millis, u64, Event)>>,
    count: u64,
    /// By windows.
    counted: BTreeMap<u64, u64>,
    result: Result,
    done: Option<Millis>,
}

/// The records `from..to`, of which it says that more follows.
#[derive(Clone, Copy, Debug)]
struct Page {
    from: usize,
    to: usize,
    more: bool,
}

impl Scenario {
    fn records(&self, rng: &mut Rng) -> Vec<i64> {
        let all = self.pages * PER_PAGE;
        let mut weights: Vec<f64> = Vec::with_capacity(all);
        let mut burst = 0;
        for index in 0..all {
            let gap = -rng.f64().max(1e-9).ln();
            let share = rate(index, all);
            weights.push(match self.history {
                History::Even => gap,
                History::Nights if (index / (PER_PAGE * 3)).is_multiple_of(2) => gap,
                History::Nights => gap * 10.0,
                History::Bursts => {
                    if burst == 0 && rng.usize(..PER_PAGE * 10) == 0 {
                        burst = PER_PAGE * 5;
                    }
                    burst = burst.saturating_sub(1);
                    if burst > 0 { 0.0 } else { gap }
                }
                History::Voids if index % (all / 2).max(1) == all / 4 => rate(all, 1),
                History::Voids => gap,
                History::Growth => gap * 2f64.powf(-10.0 * share),
            });
        }
        // Over three years.
        let sum: f64 = weights.iter().sum();
        let mut at = 0.0;
        let from = NOW - AGE - 3 * 365 * 86_400;
        let span = 3.0 * 365.0 * 86_400.0;
        let place = |weight: &f64| {
            at += weight;
            from + seconds(at / sum * span)
        };
        weights.iter().map(place).collect()
    }

    /// One resource with all of its history ahead.
    pub fn run(&self) -> Result {
        let mut world = World::new(*self);
        let start = 1_000 * WINDOW + world.rng.u64(0..WINDOW);
        world.at(start, Event::Turn(Who::Head));
        let mut now = start;
        while let Some(Reverse((at, _, event))) = world.events.pop() {
            now = at;
            world.handle(now, event);
            if world.done.is_some() {
                break;
            }
        }
        let windows = start / WINDOW..=now / WINDOW;
        let counted = |window| world.counted.get(&window).copied().unwrap_or(0);
        Result {
            windows: windows.map(counted).collect(),
            whole: world.whole && world.lines == world.records.len(),
            took: Duration::from_millis(now - start),
            ..world.result
        }
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a simulation's figures")]
fn rate(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "within three years")]
fn seconds(seconds: f64) -> i64 {
    seconds as i64
}

impl World {
    fn new(scenario: Scenario) -> World {
        let mut rng = Rng::with_seed(scenario.seed);
        let records = scenario.records(&mut rng);
        let start = records.first().copied().unwrap_or(0) - 86_400;
        World {
            scenario,
            rng,
            zero: Clock::real().instant(),
            pacer: Pacer::new(Limits { rate: None, reserve: scenario.reserve }),
            source: Source::new("/api/v2/incremental/tickets/cursor.json", Bucket::Exports),
            records,
            front: Front::new(Pagination::Time, scenario.most_bytes),
            head: Position::Time(UnixTime::clamped(start)),
            lines: 0,
            whole: true,
            asks: BTreeMap::new(),
            places: BTreeMap::new(),
            latencies: VecDeque::new(),
            events: BinaryHeap::new(),
            count: 0,
            counted: BTreeMap::new(),
            result: Result::default(),
            done: None,
        }
    }

    fn at(&mut self, time: Millis, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    /// A page from a position: a time, or, as a cursor's stand-in, the index of a record as a time
    /// before 1970 could never be.
    fn page(&self, position: &Position) -> Page {
        let from = match position {
            Position::Time(time) => self.records.partition_point(|record| *record < time.seconds()),
            Position::Start(index) => usize::try_from(index.seconds()).unwrap_or(0),
            Position::Cursor(_) | Position::Snapshot(_) => 0,
        };
        let to = (from + PER_PAGE).min(self.records.len());
        Page { from, to, more: to - from == PER_PAGE }
    }

    fn behind(page: Page) -> Position {
        Position::Start(UnixTime::clamped(i64::try_from(page.to).unwrap_or(0)))
    }

    fn time(&self, index: usize) -> UnixTime {
        UnixTime::clamped(self.records.get(index).copied().unwrap_or(0))
    }

    fn instant(&self, now: Millis) -> Instant {
        self.zero + Duration::from_millis(now)
    }

    fn handle(&mut self, now: Millis, event: Event) {
        let instant = self.instant(now);
        match event {
            Event::Turn(who) => self.turn(who, now),
            Event::Arrival(who) => {
                let window = now / WINDOW;
                let used = self.counted.entry(window).or_default();
                let refused = *used >= self.scenario.quota;
                if refused {
                    self.result.refused += 1;
                } else {
                    *used += 1;
                }
                let headers = self.headers(now);
                let half = self.scenario.latency / 5;
                let latency = self.scenario.latency - half + self.rng.u64(0..=2 * half);
                self.at(now + latency, Event::Answer(who, refused, headers));
            }
            Event::Answer(who, refused, headers) => {
                let headers = Headers(headers);
                let Some((place, sent)) = self.places.remove(&who) else { return };
                let silence = if refused { Said::Nothing } else { Said::NoQuota };
                self.pacer.settle(place, headers.pacing().unwrap_or(silence), instant);
                if refused {
                    self.pacer.close(&self.source, instant + headers.quota_wait());
                    return self.at(now, Event::Turn(who));
                }
                self.latencies.push_back(now - sent);
                if self.latencies.len() > 16 {
                    self.latencies.pop_front();
                }
                match who {
                    Who::Head => {
                        let page = self.page(&self.head.clone());
                        self.commit(page, Self::behind(page), now);
                        self.go_on(now);
                    }
                    Who::Slice(number) => self.walker_answered(number, now),
                }
                self.plan(now);
            }
        }
    }

    fn turn(&mut self, who: Who, now: Millis) {
        let instant = self.instant(now);
        let place = match who {
            Who::Head => self.pacer.take_in_turn(&self.source, "head", instant),
            Who::Slice(_) => self.pacer.take(&self.source, instant),
        };
        match place {
            Ok(place) => {
                if let Who::Slice(number) = who
                    && !self.front.go(number)
                {
                    self.pacer.settle(place, Said::Unsent, instant);
                    return;
                }
                self.result.requests += 1;
                self.places.insert(who, (place, now));
                self.at(now, Event::Arrival(who));
            }
            Err(Turn::AfterAnswer) => self.at(now + 50, Event::Turn(who)),
            Err(Turn::At(until)) => {
                let wait = until.saturating_duration_since(instant).as_millis();
                let late = self.rng.u64(1..5);
                self.at(now + u64::try_from(wait).unwrap_or(WINDOW) + late, Event::Turn(who));
            }
        }
    }

    fn walker_answered(&mut self, number: u64, now: Millis) {
        let Some(ask) = self.asks.remove(&number) else { return };
        let page = self.page(&ask.position);
        if page.more {
            let (first, last) = (self.time(page.from), self.time(page.to - 1));
            let next = Self::behind(page);
            let answered = Answered { first, last, next: next.clone() };
            self.front.answer(number, answered, (page, next), self.scenario.page_bytes);
        } else {
            self.front.end(number);
        }
        self.result.held = self.result.held.max(self.front.held());
        if !self.places.contains_key(&Who::Head) {
            self.go_on(now);
        }
    }

    /// The head commits a page, or what lies in front of where it is cut.
    fn commit(&mut self, page: Page, next: Position, now: Millis) {
        let mut page = page;
        let mut next = next;
        if page.more {
            let times: Vec<UnixTime> = (page.from..page.to).map(|at| self.time(at)).collect();
            if let Some((kept, start)) = self.front.cut(&times) {
                page.to = page.from + kept;
                next = Position::Time(start);
            }
        }
        let first = self.time(page.from);
        let reached = match next {
            Position::Time(start) => start,
            _ => self.time(page.to.saturating_sub(1)),
        };
        self.whole &= page.from == self.lines;
        self.lines = page.to;
        self.result.committed += 1;
        self.head = next;
        self.front.expect(self.scenario.page_bytes);
        self.front.pass(first, reached);
        if !page.more {
            self.done = Some(now);
        }
    }

    /// The head commits what is kept, and asks for what is not.
    fn go_on(&mut self, now: Millis) {
        while self.done.is_none() {
            if let Some((page, next)) = self.front.take(&self.head) {
                self.commit(page, next, now);
                continue;
            }
            if !self.front.is_asking(&self.head) {
                self.front.claim(&self.head);
                if !self.places.contains_key(&Who::Head) && !self.waits() {
                    self.at(now, Event::Turn(Who::Head));
                }
            }
            return;
        }
    }

    /// Whether the head waits for a place.
    fn waits(&self) -> bool {
        self.events.iter().any(|Reverse((_, _, event))| *event == Event::Turn(Who::Head))
    }

    fn plan(&mut self, now: Millis) {
        if !self.scenario.ahead {
            return;
        }
        let instant = self.instant(now);
        let taken: Millis = self.latencies.iter().sum();
        let latency = taken / u64::try_from(self.latencies.len()).unwrap_or(1).max(1);
        if let Some(places) = self.pacer.allowance(&self.source, instant) {
            let wanted = walkers(places, Duration::from_millis(latency));
            self.front.begin(wanted, UnixTime::clamped(NOW - 3_600));
        }
        while let Some(ask) = self.front.ask(instant) {
            let who = Who::Slice(ask.slice);
            self.asks.insert(ask.slice, ask);
            self.at(now, Event::Turn(who));
        }
    }

    /// As the sandbox writes them, when the request comes in.
    fn headers(&self, now: Millis) -> Vec<(String, String)> {
        let total = self.scenario.quota;
        let used = self.counted.get(&(now / WINDOW)).copied().unwrap_or(0);
        let resets = (WINDOW - now % WINDOW).div_ceil(1000).max(1);
        let remaining = total.saturating_sub(used);
        let name = "zendesk-ratelimit-incremental-exports".to_owned();
        vec![(name, format!("total={total}; remaining={remaining}; resets={resets}"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Scenario = Scenario {
        quota: 10,
        latency: 2_000,
        history: History::Even,
        pages: 500,
        ahead: true,
        page_bytes: 100_000,
        most_bytes: 64 * 1024 * 1024,
        reserve: 0,
        seed: 0,
    };

    const HISTORIES: [History; 5] =
        [History::Even, History::Nights, History::Bursts, History::Voids, History::Growth];

    /// The share of the quota, in percent, that was spent in each window from the second full one
    /// on, but for the one in which nothing was left to walk on and that of the last page.
    fn spent(result: &Result, quota: u64) -> Vec<u64> {
        let full = result.windows.len().saturating_sub(4);
        result.windows.iter().skip(2).take(full).map(|window| window * 100 / quota).collect()
    }

    fn in_vain(result: &Result, pages: usize) -> f64 {
        let alone = pages + 1;
        let requests = usize::try_from(result.requests).unwrap();
        rate(requests.saturating_sub(alone) * 100, requests)
    }

    #[test]
    fn the_quota_is_spent_however_long_a_page_takes() {
        for quota in [10, 30, 100] {
            for latency in [2_000, 5_000, 12_000, 30_000] {
                for seed in 0..2 {
                    let scenario = Scenario { quota, latency, seed, ..EVEN };
                    let result = scenario.run();
                    assert!(result.whole && result.refused == 0, "{result:?} {scenario:?}");
                    // As many as may walk cannot spend more.
                    let least = if (quota, latency) == (100, 30_000) { 75 } else { 90 };
                    let spent = spent(&result, quota);
                    assert!(spent.iter().all(|spent| *spent >= least), "{spent:?} {scenario:?}");
                    let most = if (quota, latency) == (100, 30_000) { 10.0 } else { 6.0 };
                    let in_vain = in_vain(&result, scenario.pages);
                    assert!(in_vain <= most, "{in_vain} {scenario:?}");
                }
            }
        }
    }

    #[test]
    fn one_by_one_it_is_not() {
        let scenario = Scenario { quota: 30, latency: 30_000, ahead: false, pages: 50, ..EVEN };
        let result = scenario.run();
        assert!(result.whole);
        assert_eq!(result.held, 0);
        assert!(spent(&result, 30).iter().all(|spent| *spent < 17), "{result:?}");
    }

    #[test]
    fn histories_are_read_whole_and_in_order_however_uneven_they_are() {
        for history in HISTORIES {
            for (quota, latency) in [(10, 30_000), (30, 12_000), (100, 12_000)] {
                for seed in 0..2 {
                    let scenario = Scenario { quota, latency, history, seed, ..EVEN };
                    let result = scenario.run();
                    assert!(result.whole && result.refused == 0, "{result:?} {scenario:?}");
                    let in_vain = in_vain(&result, scenario.pages);
                    assert!(in_vain <= 25.0, "{in_vain} {scenario:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_kept_stays_within_its_bound_but_for_what_is_on_its_way() {
        for history in HISTORIES {
            let scenario = Scenario {
                quota: 100,
                latency: 12_000,
                history,
                page_bytes: 400_000,
                most_bytes: 8_000_000,
                ..EVEN
            };
            let result = scenario.run();
            assert!(result.whole && result.refused == 0, "{result:?} {scenario:?}");
            let under_way = scenario.page_bytes * 64;
            assert!(result.held <= scenario.most_bytes + under_way, "{result:?} {scenario:?}");
        }
    }

    #[test]
    fn a_reserve_is_left_to_others() {
        let scenario = Scenario { quota: 30, latency: 12_000, reserve: 50, pages: 200, ..EVEN };
        let result = scenario.run();
        assert!(result.windows.iter().all(|window| *window <= 15), "{result:?}");
        assert!(spent(&result, 15).iter().all(|spent| *spent >= 90), "{result:?}");
    }
}

//! Random exports against a model of the server: a few lines that follow the algorithms of API
//! notes §4.1, §4.2 and §4.5, in a world that changes while it is read and shows some rows late.
//! Whatever the seed, nothing is lost, nothing comes twice, and every export ends.
//!
//! The model knows nothing of the sandbox or of `paging`; the client is the pure core that real
//! runs use, without threads, files and sockets.

use super::{
    accepted::Accepted, batch::Standing, clocks::Clocks, sideloaded::Sideloaded, stream::Stream,
};
use crate::{
    garbled::Garbled,
    mark::Mark,
    plan::{self, Job, Mode},
    position::{Overlap, Position},
    request::Request,
    resource::{Pagination, Resource},
    retry::LARGEST,
    state::Series,
    time::UnixTime,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use serde_json::json;
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

/// What is younger than this is not served yet.
const SETTLING: i64 = 60;

/// How late a row may become visible and still be written.
const OVERLAP: i64 = 300;

/// How a time export tells its end. Articles and Talk send no end_of_stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Told,
    NextPageNull,
    /// Not at all, and pages are shorter than was asked for.
    NeverTold,
}

/// How late rows become visible, behind the time at which the server may show them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Late {
    Never,
    /// Some, by up to so many seconds.
    By(i64),
}

struct Item {
    ts: i64,
    version: u32,
    visible_at: i64,
}

/// The account: what changed when. Every change moves a record to the end of the order.
struct World {
    now: i64,
    late: Late,
    items: BTreeMap<u64, Item>,
}

impl World {
    /// Many records, of which some share their second.
    fn random(late: Late, rng: &mut Rng) -> World {
        let mut world = World { now: 1_700_000_000, late, items: BTreeMap::new() };
        for id in 1..=rng.u64(1..60) {
            if rng.u8(..3) == 0 {
                world.now += rng.i64(1..100);
            }
            world.change(id, rng);
        }
        world.now += rng.i64(0..SETTLING * 2);
        world
    }

    fn change(&mut self, id: u64, rng: &mut Rng) {
        let delay = match self.late {
            Late::By(most) if rng.u8(..4) == 0 => rng.i64(0..=most),
            Late::By(_) | Late::Never => 0,
        };
        let visible_at = self.now + SETTLING + delay;
        let new = Item { ts: self.now, version: 0, visible_at };
        let item = self.items.entry(id).or_insert(new);
        *item = Item { ts: self.now, version: item.version + 1, visible_at };
    }

    /// What goes on in an account between two requests.
    fn live(&mut self, rng: &mut Rng) {
        self.now += rng.i64(0..30);
        for _ in 0..rng.usize(..3) {
            self.change(rng.u64(1..80), rng);
        }
    }

    fn visible(&self) -> Vec<(i64, u64, u32)> {
        let visible = self.items.iter().filter(|(_, item)| item.visible_at <= self.now);
        visible.map(|(id, item)| (item.ts, *id, item.version)).collect()
    }

    /// API notes §4.1.
    fn by_cursor(&self, query: &Query, per_page: usize, rng: &mut Rng) -> String {
        let mut all = self.visible();
        all.sort_unstable();
        if let Some(cursor) = &query.cursor {
            let text = String::from_utf8(STANDARD.decode(cursor).unwrap()).unwrap();
            let (ts, id) = text.split_once(".0||").unwrap();
            let after = (ts.parse().unwrap(), id.trim_end_matches('|').parse().unwrap());
            all.retain(|(ts, id, _)| (*ts, *id) > after);
        } else {
            all.retain(|(ts, _, _)| *ts >= query.start);
        }
        all.truncate(per_page);
        let last = all.len() < per_page;
        let cursor = all.last().map(|(ts, id, _)| STANDARD.encode(format!("{ts}.0||{id}|")));
        // Which of the two an empty page holds is not known.
        let echo = query.cursor.clone().filter(|_| rng.bool());
        let records = all.iter().map(|item| served(*item)).collect::<Vec<_>>();
        json!({"tickets": records, "after_cursor": cursor.or(echo), "end_of_stream": last})
            .to_string()
    }

    /// API notes §4.2. Within a second the order is the database's, and another each time.
    fn by_time(&self, start: i64, per_page: usize, ending: Ending, rng: &mut Rng) -> String {
        let mut all = self.visible();
        rng.shuffle(&mut all);
        all.sort_by_key(|(ts, _, _)| *ts);
        all.retain(|(ts, _, _)| *ts >= start);
        let rest = all.split_off(all.len().min(per_page));
        let full = all.len() == per_page;
        let second = all.last().map(|(ts, _, _)| *ts);
        let one_second = full && all.first().map(|(ts, _, _)| *ts) == second;
        if one_second {
            all.extend(rest.iter().filter(|(ts, _, _)| Some(*ts) == second));
        }
        let end_time = second.map(|second| if one_second { second + 1 } else { second });
        let next_page = (ending != Ending::NextPageNull || full).then_some("https://…");
        let records = all.iter().map(|item| served(*item)).collect::<Vec<_>>();
        let mut page = json!({
            "tickets": records,
            "count": records.len(),
            "next_page": if records.is_empty() { None } else { next_page },
            "end_time": end_time,
        });
        if ending == Ending::Told {
            page["end_of_stream"] = json!(!full);
        }
        page.to_string()
    }
}

fn served((ts, id, version): (i64, u64, u32)) -> serde_json::Value {
    json!({"id": id, "generated_timestamp": ts, "version": version})
}

/// What a request asks for.
struct Query {
    start: i64,
    cursor: Option<String>,
    per_page: usize,
}

impl Query {
    fn of(request: &Request) -> Query {
        let target = request.target();
        let value = |name: &str| {
            let (_, rest) = target.split_once(&format!("{name}="))?;
            let value = rest.split('&').next().unwrap_or_default();
            Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
        };
        Query {
            start: value("start_time").map_or(0, |start| start.parse().unwrap()),
            cursor: value("cursor"),
            per_page: value("per_page").unwrap().parse().unwrap(),
        }
    }
}

/// What has been written, and what is saved of the series.
struct Saved {
    standing: Standing,
    begun: bool,
    lines: Vec<String>,
    /// Garbled answers in a row.
    garbled: u32,
}

/// A scenario, the same for all of its runs.
#[derive(Debug)]
struct Scenario {
    pagination: Pagination,
    ending: Ending,
    follows: bool,
}

const START: UnixTime = match UnixTime::const_new(1_700_000_000) {
    Some(start) => start,
    None => panic!(),
};

impl Scenario {
    /// The job of the next run.
    fn job(&self, saved: &Saved, rng: &mut Rng) -> Job {
        let resource = Resource::named("tickets").unwrap();
        let standing = saved.standing.clone();
        let mode = match saved.begun {
            false => Mode::NewSeries { start: START, again: None },
            true => Mode::Series(Box::new(Series {
                id: None,
                open: None,
                position: standing.position,
                overlap: standing.overlap,
                capacity: standing.capacity,
                through: standing.through,
                window: None,
                output: Mark::of("x".to_owned()),
                sideloads: Vec::new(),
            })),
        };
        Job {
            endpoint: resource.endpoint(Some(self.pagination)).unwrap(),
            mode,
            // Small pages make many edges.
            per_page: match self.ending {
                Ending::NeverTold => LARGEST,
                Ending::Told | Ending::NextPageNull => rng.u16(1..8),
            },
            overlap: Duration::from_secs(OVERLAP.unsigned_abs()),
            follow: self.follows.then_some(Duration::from_secs(1)),
            max_pages: None,
            ..plan::probe(resource, START)
        }
    }

    fn answer(&self, world: &World, stream: &Stream<'_>, own_size: usize, rng: &mut Rng) -> String {
        let query = Query::of(&stream.request());
        match (self.pagination, self.ending) {
            (Pagination::Cursor, _) => world.by_cursor(&query, query.per_page, rng),
            // A server that has a size of its own.
            (Pagination::Time, Ending::NeverTold) => {
                world.by_time(query.start, own_size, self.ending, rng)
            }
            (Pagination::Time, _) => world.by_time(query.start, query.per_page, self.ending, rng),
            (Pagination::List, _) => panic!("the model has no lists"),
        }
    }
}

/// Takes one page as a run does; says whether another request follows now.
fn take(stream: &mut Stream<'_>, body: String, world: &World, saved: &mut Saved) -> bool {
    let clocks = Clocks { date: UnixTime::new(world.now), wall: UnixTime::clamped(0) };
    let clocks = Clocks { wall: UnixTime::clamped(clocks.date.unwrap().seconds()), ..clocks };
    let accepted = match stream.accept(body.into_bytes(), clocks, 100_000) {
        Ok(accepted) => accepted,
        // As garbled answers are, it is asked for again.
        Err((Garbled::Overflow { .. }, _)) if saved.garbled < 2 => {
            saved.garbled += 1;
            return true;
        }
        Err((garbled, _)) => panic!("the model breaks no rule: {garbled}"),
    };
    saved.garbled = 0;
    match accepted {
        Accepted::Known { last, .. } => !last,
        Accepted::Page(batch) => {
            let records = batch.records.iter().filter_map(|place| place.of(&batch.body));
            saved.lines.extend(records.map(|record| text(record.bytes)));
            saved.standing = batch.standing;
            saved.begun = true;
            !batch.last
        }
    }
}

fn text(record: &[u8]) -> String {
    String::from_utf8(record.to_vec()).expect("JSON")
}

/// What an export of a random world came to.
#[derive(Debug, Default)]
struct Found {
    /// Lines that are there more than once.
    twice: usize,
    /// Records of which the last version is not there.
    missing: usize,
    lines: usize,
    requests: usize,
}

/// Exports a random world in several runs while it changes, each of which may be killed behind any
/// page, then once more when all has settled.
fn export(seed: u64, scenario: &Scenario, late: Late) -> Found {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::random(late, &mut rng);
    let position = Position::starting(scenario.pagination, START);
    let standing =
        Standing { overlap: Overlap::none(&position), position, through: None, capacity: None };
    let mut saved = Saved { standing, begun: false, lines: Vec::new(), garbled: 0 };
    let own_size = rng.usize(1..8);
    let mut found = Found::default();
    // Of a version that was never the last at an answer, nothing is asked.
    let mut shown = HashSet::new();
    for _run in 0..rng.usize(1..6) {
        let job = scenario.job(&saved, &mut rng);
        let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
        let mut anchored = world.now;
        // A run that is killed behind a page, or ends by itself.
        for _page in 0..rng.usize(1..40) {
            let body = scenario.answer(&world, &stream, own_size, &mut rng);
            found.requests += 1;
            let more = take(&mut stream, body, &world, &mut saved);
            if !more && !scenario.follows {
                break;
            }
            if !more {
                world.live(&mut rng);
                let due = stream.rereads_every().is_some() && world.now - anchored >= OVERLAP;
                anchored = if due { world.now } else { anchored };
                stream.look_again(due);
            }
            if rng.bool() {
                world.live(&mut rng);
            }
        }
        world.now += [0, 30, 400, 5_000][rng.usize(..4)];
        world.live(&mut rng);
    }
    let longest = match late {
        Late::Never => 0,
        Late::By(most) => most,
    };
    world.now += SETTLING + longest;
    for again in [false, true] {
        let job = Job { follow: None, ..scenario.job(&saved, &mut rng) };
        let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
        let pages = 3 * world.items.len() + 5;
        let before = saved.lines.len();
        let ended = (0..pages).any(|_| {
            found.requests += 1;
            let body = scenario.answer(&world, &stream, own_size, &mut rng);
            !take(&mut stream, body, &world, &mut saved)
        });
        assert!(ended, "seed {seed}: no end after {pages} pages");
        // A run with nothing new writes nothing.
        assert!(!again || saved.lines.len() == before, "seed {seed} {scenario:?}: written again");
    }
    found.lines = saved.lines.len();
    for line in &saved.lines {
        found.twice += usize::from(!shown.insert(line.as_str()));
    }
    let last = |(id, item): (&u64, &Item)| served((item.ts, *id, item.version)).to_string();
    found.missing =
        world.items.iter().map(last).filter(|line| !shown.contains(line.as_str())).count();
    found
}

/// As many as the environment says, for a long night.
#[expect(clippy::disallowed_methods, reason = "the tests' own variable")]
fn worlds(otherwise: u64) -> u64 {
    let asked = std::env::var("ZDX_TEST_WORLDS").ok();
    asked.and_then(|worlds| worlds.parse().ok()).unwrap_or(otherwise)
}

fn nothing_lost_nothing_twice(scenario: &Scenario, late: Late, worlds: u64) {
    let mut all = Found::default();
    for seed in 0..worlds {
        let found = export(seed, scenario, late);
        let Found { twice, missing, lines, requests } = found;
        assert_eq!((missing, twice), (0, 0), "seed {seed}, {scenario:?}: missing, twice");
        (all.lines, all.requests) = (all.lines + lines, all.requests + requests);
    }
    println!("{worlds} worlds, {late:?}, {scenario:?}: {all:?}");
}

fn scenario(pagination: Pagination, ending: Ending) -> Scenario {
    Scenario { pagination, ending, follows: false }
}

#[test]
fn a_cursor_export_of_a_changing_world_loses_nothing_and_repeats_nothing() {
    nothing_lost_nothing_twice(
        &scenario(Pagination::Cursor, Ending::Told),
        Late::Never,
        worlds(1_000),
    );
}

#[test]
fn a_time_export_of_a_changing_world_loses_nothing_and_repeats_nothing() {
    nothing_lost_nothing_twice(
        &scenario(Pagination::Time, Ending::Told),
        Late::Never,
        worlds(1_000),
    );
}

#[test]
fn a_time_export_that_is_not_told_its_end_loses_nothing_and_repeats_nothing() {
    for ending in [Ending::NextPageNull, Ending::NeverTold] {
        nothing_lost_nothing_twice(&scenario(Pagination::Time, ending), Late::Never, worlds(1_000));
    }
}

#[test]
fn s31_rows_that_become_visible_late_are_written_once() {
    for follows in [false, true] {
        for (pagination, ending) in [
            (Pagination::Cursor, Ending::Told),
            (Pagination::Time, Ending::Told),
            (Pagination::Time, Ending::NextPageNull),
            (Pagination::Time, Ending::NeverTold),
        ] {
            let scenario = Scenario { pagination, ending, follows };
            nothing_lost_nothing_twice(&scenario, Late::By(OVERLAP), worlds(125));
        }
    }
}

/// The bound is one that is needed: rows that come later are lost, and are not written twice.
#[test]
fn rows_that_become_visible_later_than_the_overlap_are_lost() {
    let scenario = scenario(Pagination::Cursor, Ending::Told);
    let found: Vec<Found> =
        (0..500).map(|seed| export(seed, &scenario, Late::By(20 * OVERLAP))).collect();
    assert!(found.iter().any(|found| found.missing > 0));
    assert!(found.iter().all(|found| found.twice == 0));
}

/// A second of more records than a page has says nothing of how many a page has.
#[test]
fn f5_a_second_longer_than_a_page_is_no_full_page() {
    let scenario = scenario(Pagination::Time, Ending::NeverTold);
    let Found { missing, twice, .. } = export(3_769, &scenario, Late::By(OVERLAP));
    assert_eq!((missing, twice), (0, 0));
}

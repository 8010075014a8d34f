//! Random exports with walkers against a model of the server: what is read ahead, when it arrives
//! and what becomes of it is chance, and so are faults and kills.
//!
//! Where the world stands still, what is written is, byte for byte, what an export writes that goes
//! from page to page alone. Where it moves, nothing is lost and nothing comes twice. The server is a
//! few lines, as in `export/model`; the client is the pure core that real runs use.

use super::{
    front::{Ask, Front},
    judging::{Judged, judge},
    order::Look,
};
use crate::{
    clock::Clock,
    export::{
        accepted::Accepted, batch::Standing, clocks::Clocks, sideloaded::Sideloaded, stream::Stream,
    },
    mark::Mark,
    plan::{self, Job, Mode},
    position::{Overlap, Position},
    request::Request,
    resource::{Pagination, Resource},
    state::Series,
    time::UnixTime,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use serde_json::json;
use std::{collections::HashSet, time::Duration};

const START: i64 = 1_700_000_000;

/// Nothing is read ahead that is younger: as in real runs.
const YOUNG: i64 = 3_600;

const OVERLAP: u64 = 300;

/// What is younger is not served.
const FENCE: i64 = 60;

/// What a server sorts by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sorts {
    ByChange,
    ById,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    ts: i64,
    id: u64,
    version: u32,
    visible_at: i64,
}

struct World {
    now: i64,
    sorts: Sorts,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Scenario {
    pagination: Pagination,
    sorts: Sorts,
    /// Whether the world changes while it is read.
    moves: bool,
}

impl World {
    /// Evenly, in bursts, with nights or after a long silence.
    fn random(scenario: Scenario, rng: &mut Rng) -> World {
        let (mut now, mut rows) = (START + rng.i64(0..100), Vec::new());
        let (burst, gap) = (rng.u8(1..5), rng.i64(1..400));
        for id in 1..=rng.u64(1..400) {
            if rng.u8(..burst) == 0 {
                now += rng.i64(0..=gap);
            }
            if rng.u8(..100) == 0 {
                now += rng.i64(0..40_000);
            }
            rows.push(Row { ts: now, id, version: 1, visible_at: 0 });
        }
        if scenario.sorts == Sorts::ById {
            let mut ids: Vec<u64> = rows.iter().map(|row| row.id).collect();
            rng.shuffle(&mut ids);
            rows.iter_mut().zip(ids).for_each(|(row, id)| row.id = id);
        }
        World { now: now + rng.i64(FENCE + 1..3 * YOUNG), sorts: scenario.sorts, rows }
    }

    /// What goes on in an account: records move to the end, some are shown late.
    fn live(&mut self, rng: &mut Rng) {
        self.now += rng.i64(0..40);
        for _ in 0..rng.usize(..3) {
            let index = rng.usize(..self.rows.len());
            let late = if rng.u8(..4) == 0 { rng.i64(..200) } else { 0 };
            let visible_at = self.now + FENCE + late;
            let row = &mut self.rows[index];
            *row = Row { ts: self.now, id: row.id, version: row.version + 1, visible_at };
        }
    }

    /// The answer to a request, as API notes §4.1 and §4.2 have it.
    fn answer(&self, request: &Request) -> Vec<u8> {
        let target = request.target();
        let value = |name: &str| {
            let rest = target.split_once(&format!("{name}="))?.1;
            let value = rest.split('&').next().unwrap_or_default();
            Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
        };
        let per_page: usize = value("per_page").unwrap().parse().unwrap();
        let start: i64 = value("start_time").map_or(i64::MIN, |start| start.parse().unwrap());
        let key = |row: &Row| match self.sorts {
            Sorts::ByChange => (row.ts, row.id),
            Sorts::ById => (0, row.id),
        };
        let after = value("cursor").map(|cursor| {
            let text = String::from_utf8(STANDARD.decode(cursor).unwrap()).unwrap();
            let mut parts = text.trim_end_matches('|').split("||");
            let at: i64 = parts.next().unwrap().trim_end_matches(".0").parse().unwrap();
            (at, parts.next().unwrap().parse::<u64>().unwrap())
        });
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .filter(|row| row.visible_at <= self.now && row.ts + FENCE <= self.now)
            .filter(|row| row.ts >= start && after.is_none_or(|after| key(row) > after))
            .copied()
            .collect();
        rows.sort_by_key(key);
        let rest = rows.split_off(rows.len().min(per_page));
        let more = rows.len() == per_page;
        let last = rows.last().copied();
        if target.contains("cursor.json") {
            let cursor = last.map(|row| {
                let (at, id) = key(&row);
                STANDARD.encode(format!("{at}.0||{id}|"))
            });
            let cursor = cursor.or(value("cursor"));
            let rows: Vec<_> = rows.iter().map(served).collect();
            return json!({"tickets": rows, "after_cursor": cursor, "end_of_stream": !more})
                .to_string()
                .into_bytes();
        }
        let second = last.map(|row| row.ts);
        let one = more && rows.first().map(|row| row.ts) == second;
        if one {
            rows.extend(rest.iter().filter(|row| Some(row.ts) == second));
        }
        let end_time = second.map(|second| second + i64::from(one));
        let rows: Vec<_> = rows.iter().map(served).collect();
        json!({"tickets": rows, "end_of_stream": !more, "end_time": end_time})
            .to_string()
            .into_bytes()
    }
}

fn served(row: &Row) -> serde_json::Value {
    json!({"id": row.id, "generated_timestamp": row.ts, "version": row.version})
}

/// What is written, and what is saved.
struct Saved {
    standing: Standing,
    begun: bool,
    lines: Vec<String>,
    /// Pages that were cut, and pages that were read ahead.
    cut: usize,
    ahead: usize,
}

impl Saved {
    fn new(pagination: Pagination) -> Saved {
        let position = Position::starting(pagination, UnixTime::clamped(START));
        let overlap = Overlap::none(&position);
        let standing = Standing { position, overlap, through: None, capacity: None };
        Saved { standing, begun: false, lines: Vec::new(), cut: 0, ahead: 0 }
    }
}

fn job(scenario: Scenario, saved: &Saved, per_page: u16) -> Job {
    let resource = Resource::named("tickets").unwrap();
    let standing = saved.standing.clone();
    let mode = match saved.begun {
        false => Mode::NewSeries { start: UnixTime::clamped(START), again: None },
        true => Mode::Series(Box::new(Series {
            id: None,
            open: None,
            position: standing.position,
            overlap: standing.overlap,
            capacity: None,
            through: standing.through,
            window: None,
            output: Mark::of("x".to_owned()),
            sideloads: Vec::new(),
        })),
    };
    Job {
        endpoint: resource.endpoint(Some(scenario.pagination)).unwrap(),
        mode,
        per_page,
        overlap: Duration::from_secs(OVERLAP),
        max_pages: None,
        ..plan::probe(resource, UnixTime::clamped(START))
    }
}

fn clocks(world: &World) -> Clocks {
    let now = UnixTime::clamped(world.now);
    Clocks { date: Some(now), wall: now }
}

/// The head accepts a page; whether more follows.
fn take(
    stream: &mut Stream<'_>,
    front: Option<&mut Front<Kept>>,
    body: Vec<u8>,
    clocks: Clocks,
    saved: &mut Saved,
) -> bool {
    if let Some(front) = &front
        && stream.takes_slices()
    {
        stream.look_at(front.joints());
    }
    let accepted = stream.accept(body, clocks, 100_000).map_err(|(garbled, _)| garbled);
    if let Some(front) = front {
        match stream.looked() {
            Look::Nothing => {}
            Look::Disordered => front.distrust(),
            Look::Passed { first, reached } => front.pass(first, reached),
        }
        let starts = stream.stands_at().is_some_and(|at| front.keeps(at));
        saved.cut +=
            usize::from(starts && !matches!(stream.stands_at(), Some(Position::Cursor(_))));
    }
    match accepted.expect("the model breaks no rule") {
        Accepted::Known { last, .. } => !last,
        Accepted::Page(batch) => {
            let records = batch.records.iter().filter_map(|place| place.of(&batch.body));
            let lines = records.map(|record| String::from_utf8(record.bytes.to_vec()).unwrap());
            saved.lines.extend(lines);
            saved.standing = batch.standing;
            saved.begun = true;
            !batch.last
        }
    }
}

/// An answer that was read ahead, with what time it was.
type Kept = (Vec<u8>, Clocks);

/// One run, to its end or until it is killed.
fn run(scenario: Scenario, world: &mut World, saved: &mut Saved, per_page: u16, rng: &mut Rng) {
    let job = job(scenario, saved, per_page);
    let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
    let mut front: Front<Kept> =
        Front::new(scenario.pagination, [200, 5_000, usize::MAX][rng.usize(..3)]);
    let mut under_way: Vec<(Ask, Kept)> = Vec::new();
    let now = Clock::real().instant();
    for _ in 0..200_000 {
        if rng.u16(..600) == 0 {
            return; // killed
        }
        if scenario.moves && rng.u8(..8) == 0 {
            world.live(rng);
        }
        let limit = UnixTime::clamped(world.now - YOUNG);
        match rng.u8(..8) {
            0 if stream.takes_slices() => {
                front.begin(rng.usize(1..12), limit);
                let last = world.rows.iter().map(|row| row.ts).max().unwrap_or(START);
                front.begin_at(UnixTime::clamped(rng.i64(START..=last + 10)), limit);
            }
            1..4 => {
                if let Some(ask) = front.ask(now)
                    && front.go(ask.slice)
                {
                    let request = crate::export::query::request(&job, &ask.position, per_page);
                    let answer = world.answer(&request);
                    under_way.push((ask, (answer, clocks(world))));
                }
            }
            4..6 if !under_way.is_empty() => {
                let (ask, kept) = under_way.swap_remove(rng.usize(..under_way.len()));
                if rng.u8(..20) == 0 {
                    front.again(ask.slice, now); // it failed
                    continue;
                }
                if rng.u16(..400) == 0 {
                    front.stop(); // for good
                    continue;
                }
                let mut body = kept.0.clone();
                if rng.u8(..20) == 0 {
                    body.truncate(rng.usize(..body.len()));
                }
                match judge(&job, &ask.position, &body, per_page, kept.1) {
                    Ok(Judged::Page(seen)) => {
                        let bytes = body.len();
                        front.answer(ask.slice, seen, kept, bytes);
                        saved.ahead += 1;
                    }
                    Ok(Judged::End) => front.end(ask.slice),
                    Ok(Judged::Disordered) => front.distrust(),
                    Err(_) => front.again(ask.slice, now),
                }
            }
            _ => {
                let at = stream.stands_at().cloned().expect("the end is told");
                let (body, clocks) = match front.take(&at) {
                    Some(kept) => kept,
                    None if front.is_asking(&at) => continue,
                    None => {
                        front.claim(&at);
                        (world.answer(&stream.request()), clocks(world))
                    }
                };
                if !take(&mut stream, Some(&mut front), body, clocks, saved) {
                    return;
                }
            }
        }
    }
    panic!("no end");
}

/// All of a world's records by an export that goes from page to page alone.
fn alone(scenario: Scenario, world: &World, per_page: u16) -> Vec<String> {
    let mut saved = Saved::new(scenario.pagination);
    finish(scenario, world, &mut saved, per_page);
    saved.lines
}

fn finish(scenario: Scenario, world: &World, saved: &mut Saved, per_page: u16) {
    let job = job(scenario, saved, per_page);
    let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
    loop {
        let body = world.answer(&stream.request());
        if !take(&mut stream, None, body, clocks(world), saved) {
            return;
        }
    }
}

/// As many as the environment says, for a long night.
#[expect(clippy::disallowed_methods, reason = "the tests' own variable")]
fn worlds(otherwise: u64) -> u64 {
    let asked = std::env::var("ZDX_TEST_WORLDS").ok();
    asked.and_then(|worlds| worlds.parse().ok()).unwrap_or(otherwise)
}

#[track_caller]
fn holds(scenario: Scenario, worlds: u64, least_page: u16) -> (usize, usize) {
    let (mut cut, mut ahead) = (0, 0);
    for seed in 0..worlds {
        let mut rng = Rng::with_seed(seed);
        let mut world = World::random(scenario, &mut rng);
        let per_page = rng.u16(least_page..least_page + 12);
        let mut saved = Saved::new(scenario.pagination);
        for _ in 0..rng.usize(1..4) {
            run(scenario, &mut world, &mut saved, per_page, &mut rng);
        }
        world.now += 2 * YOUNG;
        finish(scenario, &world, &mut saved, per_page);
        (cut, ahead) = (cut + saved.cut, ahead + saved.ahead);
        if !scenario.moves {
            let expected = alone(scenario, &world, per_page);
            assert!(saved.lines == expected, "seed {seed}, {scenario:?}: not as alone");
        }
        let mut shown = HashSet::new();
        let twice = saved.lines.iter().filter(|line| !shown.insert(line.as_str())).count();
        let last = world.rows.iter().map(|row| served(row).to_string());
        let missing = last.filter(|line| !shown.contains(line.as_str())).count();
        assert_eq!((missing, twice), (0, 0), "seed {seed}, {scenario:?}: missing, twice");
    }
    println!("{worlds} worlds, {scenario:?}: {ahead} pages read ahead, {cut} cut");
    (cut, ahead)
}

#[test]
fn where_the_world_stands_still_it_is_read_as_by_one_alone() {
    for pagination in [Pagination::Cursor, Pagination::Time] {
        let scenario = Scenario { pagination, sorts: Sorts::ByChange, moves: false };
        let (cut, ahead) = holds(scenario, worlds(250), 1);
        assert!(cut > 400 && ahead > 4_000, "{cut} {ahead}");
    }
}

#[test]
fn where_it_moves_nothing_is_lost_and_nothing_comes_twice() {
    for pagination in [Pagination::Cursor, Pagination::Time] {
        let scenario = Scenario { pagination, sorts: Sorts::ByChange, moves: true };
        let (cut, ahead) = holds(scenario, worlds(250), 1);
        assert!(cut > 400 && ahead > 4_000, "{cut} {ahead}");
    }
}

/// No page of so many records is in order by chance.
#[test]
fn a_server_that_sorts_otherwise_is_read_page_by_page() {
    let scenario = Scenario { pagination: Pagination::Cursor, sorts: Sorts::ById, moves: false };
    let (cut, _) = holds(scenario, worlds(100), 12);
    assert_eq!(cut, 0);
}

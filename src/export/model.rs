//! Random exports against a model of the server: a few lines that follow the algorithms of API
//! notes §4.1 and §4.2, in a world that changes while it is read. Whatever the seed, nothing is
//! lost, nothing comes twice, and every export ends.
//!
//! The model knows nothing of the sandbox or of `paging`; the client is the pure core that real
//! runs use, without threads, files and sockets.

use super::lines::{self, Window};
use crate::{
    page,
    paging::{self, Tally, Verdict},
    position::{Fingerprint, Position},
    record,
    resource::Pagination,
    time::UnixTime,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

/// What is younger than this is not served yet.
const SETTLING: i64 = 60;

/// How a time export tells its end. Articles and Talk send no end_of_stream.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Told,
    NextPageNull,
    /// Not at all, and pages are shorter than was asked for.
    NeverTold,
}

struct Item {
    ts: i64,
    version: u32,
}

/// The account: what changed when. Every change moves a record to the end of the order.
struct World {
    now: i64,
    items: BTreeMap<u64, Item>,
}

impl World {
    /// Many records, of which some share their second.
    fn random(rng: &mut Rng) -> World {
        let mut ts = 1_700_000_000;
        let mut items = BTreeMap::new();
        for id in 1..=rng.u64(1..60) {
            if rng.u8(..3) == 0 {
                ts += rng.i64(1..100);
            }
            items.insert(id, Item { ts, version: 0 });
        }
        World { now: ts + rng.i64(0..SETTLING * 2), items }
    }

    /// What goes on in an account between two requests.
    fn live(&mut self, rng: &mut Rng) {
        self.now += rng.i64(0..30);
        for _ in 0..rng.usize(..3) {
            let id = rng.u64(1..80);
            let item = self.items.entry(id).or_insert(Item { ts: 0, version: 0 });
            item.ts = self.now;
            item.version += 1;
        }
    }

    fn visible(&self) -> Vec<(i64, u64, u32)> {
        let settled = self.items.iter().filter(|(_, item)| item.ts <= self.now - SETTLING);
        settled.map(|(id, item)| (item.ts, *id, item.version)).collect()
    }

    /// API notes §4.1.
    fn by_cursor(&self, position: &Position, per_page: usize, rng: &mut Rng) -> String {
        let mut all = self.visible();
        all.sort_unstable();
        match position {
            Position::Start(start) => all.retain(|(ts, _, _)| *ts >= start.seconds()),
            Position::Cursor(cursor) => {
                let text = String::from_utf8(STANDARD.decode(cursor.as_str()).unwrap()).unwrap();
                let (ts, id) = text.split_once(".0||").unwrap();
                let after = (ts.parse().unwrap(), id.trim_end_matches('|').parse().unwrap());
                all.retain(|(ts, id, _)| (*ts, *id) > after);
            }
            Position::Time { .. } => panic!("a cursor export"),
        }
        all.truncate(per_page);
        let last = all.len() < per_page;
        let cursor = all.last().map(|(ts, id, _)| STANDARD.encode(format!("{ts}.0||{id}|")));
        // Which of the two an empty page holds is not known.
        let echo = match position {
            Position::Cursor(cursor) if rng.bool() => Some(cursor.as_str().to_owned()),
            _ => None,
        };
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

fn text(record: &[u8]) -> String {
    String::from_utf8(record.to_vec()).expect("JSON")
}

/// What has been written, and where the series stands.
struct Client {
    position: Position,
    earlier: HashSet<Fingerprint>,
    lines: Vec<String>,
}

impl Client {
    /// Takes one page as a run does; says whether another request follows.
    fn take(&mut self, body: &str, capacity: usize) -> bool {
        let page = page::parse(body.as_bytes(), "tickets", &[]).expect("a page");
        let records = page.records.len();
        let none = HashSet::new();
        let (verdict, prints, seen) = match &self.position {
            Position::Time { end_time, seen } => {
                let prints: Vec<Fingerprint> =
                    page.records.iter().map(|record| record::fingerprint(*record)).collect();
                let unseen = prints.iter().filter(|print| !seen.contains(print)).count();
                let tally = Tally { records, unseen, capacity };
                let all = prints.iter().copied().collect();
                let verdict = paging::by_time(*end_time, seen, &page.envelope, tally, all, None);
                (verdict, prints, seen)
            }
            Position::Start(_) | Position::Cursor(_) => {
                let tally = Tally { records, unseen: records, capacity };
                let verdict =
                    paging::by_cursor(&self.position, &page.envelope, tally, &self.earlier);
                (verdict, Vec::new(), &none)
            }
        };
        let Verdict::Commit { next, more } = verdict.expect("the model breaks no rule") else {
            return false;
        };
        let window = Window {
            change_time: "generated_timestamp",
            until: None,
            updated_since: None,
            limit: u64::MAX,
        };
        let (kept, _) = lines::select(&page.records, &prints, seen, window);
        self.lines.extend(kept.iter().map(|record| text(record.bytes)));
        if let Position::Cursor(cursor) = &self.position {
            self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
        }
        self.position = next;
        more
    }
}

/// Exports a random world in several runs while it changes, then once more when all has settled.
/// Everything that changed before a page was asked for must be there, once.
fn export(seed: u64, pagination: Pagination, ending: Ending) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::random(&mut rng);
    let start = UnixTime::clamped(1_700_000_000);
    let mut client = Client {
        position: Position::starting(pagination, start),
        earlier: HashSet::new(),
        lines: Vec::new(),
    };
    // Small pages make many edges. The client may ask for another size each time, which some
    // servers do not heed.
    let own_size = rng.usize(1..8);
    let request = |client: &mut Client, world: &World, rng: &mut Rng| {
        let (per_page, capacity) = match ending {
            Ending::NeverTold => (own_size, 1000),
            Ending::Told | Ending::NextPageNull => {
                let asked = rng.usize(1..8);
                (asked, asked)
            }
        };
        let body = match &client.position {
            Position::Time { end_time, .. } => {
                world.by_time(end_time.seconds(), per_page, ending, rng)
            }
            position => world.by_cursor(position, per_page, rng),
        };
        client.take(&body, capacity)
    };
    for _run in 0..rng.usize(1..5) {
        // A run that is stopped at a page's edge, or ends by itself.
        for _page in 0..rng.usize(1..12) {
            if !request(&mut client, &world, &mut rng) {
                break;
            }
            if rng.bool() {
                world.live(&mut rng);
            }
        }
        world.live(&mut rng);
        client.earlier.clear();
    }
    world.now += SETTLING;
    let pages = 3 * world.items.len() + 3;
    let ended = (0..pages).any(|_| !request(&mut client, &world, &mut rng));
    assert!(ended, "seed {seed}: no end after {pages} pages");
    // A run with nothing new writes nothing.
    let before = client.lines.len();
    while request(&mut client, &world, &mut rng) {}
    assert_eq!(client.lines.len(), before, "seed {seed}: written again");

    let written: HashSet<&str> = client.lines.iter().map(String::as_str).collect();
    assert_eq!(written.len(), client.lines.len(), "seed {seed}: a line twice");
    for (id, item) in &world.items {
        let line = served((item.ts, *id, item.version)).to_string();
        assert!(written.contains(line.as_str()), "seed {seed}: {line} is missing");
    }
}

const SEEDS: u64 = 1_000;

#[test]
fn a_cursor_export_of_a_changing_world_loses_nothing_and_repeats_nothing() {
    (0..SEEDS).for_each(|seed| export(seed, Pagination::Cursor, Ending::Told));
}

#[test]
fn a_time_export_of_a_changing_world_loses_nothing_and_repeats_nothing() {
    (0..SEEDS).for_each(|seed| export(seed, Pagination::Time, Ending::Told));
}

#[test]
fn a_time_export_that_is_not_told_its_end_loses_nothing_and_repeats_nothing() {
    for ending in [Ending::NextPageNull, Ending::NeverTold] {
        (0..SEEDS).for_each(|seed| export(seed, Pagination::Time, ending));
    }
}

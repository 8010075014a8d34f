//! Runs that follow for weeks, in virtual time: whatever they remember is bounded by what changes
//! within the overlap, not by how long they have run.
//!
//! The server is a few lines, as in `model`; the client is the pure core that real runs use.

use super::{accepted::Accepted, clocks::Clocks, sideloaded::Sideloaded, stream::Stream};
use crate::{
    plan::{self, Job, Mode},
    request::Request,
    resource::{Pagination, Resource},
    time::UnixTime,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use std::{collections::VecDeque, time::Duration};

const POLLS: u32 = 100_000;

/// What is younger than this is not served yet.
const SETTLING: i64 = 60;

const INTERVAL: i64 = 60;

const PER_PAGE: usize = 20;

struct Row {
    at: i64,
    id: u64,
    visible_at: i64,
}

/// An account in which a row changes now and then, mostly in bursts, and some are shown late.
struct World {
    now: i64,
    next: u64,
    polls: u64,
    /// Of the last hours, by their times.
    rows: VecDeque<Row>,
}

impl World {
    fn pass(&mut self, seconds: i64, changes: usize, rng: &mut Rng) {
        let mut times: Vec<i64> = (0..changes).map(|_| self.now + rng.i64(0..seconds)).collect();
        times.sort_unstable();
        for at in times {
            let late = if rng.u8(..10) == 0 { rng.i64(..240) } else { 0 };
            self.rows.push_back(Row { at, id: self.next, visible_at: at + SETTLING + late });
            self.next += 1;
        }
        self.now += seconds;
        // Of what lies further back, nothing is asked.
        while self.rows.len() > 200 && self.rows[0].at < self.now - 7_200 {
            self.rows.pop_front();
        }
    }

    /// API notes §4.1 and §4.2; each page by cursor has a cursor of its own, also one without rows.
    fn answer(&mut self, request: &Request) -> String {
        let target = request.target();
        let value = |name: &str| {
            let rest = target.split_once(&format!("{name}="))?.1;
            let value = rest.split('&').next().unwrap_or_default();
            Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
        };
        self.polls += 1;
        let start = value("start_time").map_or(0, |start| start.parse().unwrap());
        let after = value("cursor").map(|cursor| {
            let text = String::from_utf8(STANDARD.decode(cursor).unwrap()).unwrap();
            let mut parts = text.split("||");
            let at: i64 = parts.next().unwrap().trim_end_matches(".0").parse().unwrap();
            (at, parts.next().unwrap().parse::<u64>().unwrap())
        });
        let behind = |row: &&Row| match after {
            Some(after) => (row.at, row.id) > after,
            None => row.at >= start,
        };
        let visible = self.rows.iter().filter(|row| row.visible_at <= self.now);
        let mut rows: Vec<&Row> = visible.filter(behind).take(PER_PAGE + 1).collect();
        let more = rows.len() > PER_PAGE;
        rows.truncate(PER_PAGE);
        let end = rows.last().map(|row| (row.at, row.id)).or(after).unwrap_or((start, 0));
        let cursor = STANDARD.encode(format!("{}.0||{}||{}", end.0, end.1, self.polls));
        let record =
            |row: &&Row| format!("{{\"id\":{},\"generated_timestamp\":{}}}", row.id, row.at);
        let records: Vec<String> = rows.iter().map(record).collect();
        let users: Vec<String> = rows
            .iter()
            .map(|row| format!("{{\"id\":{},\"seen\":{}}}", row.id % 50, row.at))
            .collect();
        format!(
            "{{\"tickets\":[{}],\"users\":[{}],\"after_cursor\":\"{cursor}\",\"end_time\":{},\
             \"end_of_stream\":{}}}",
            records.join(","),
            users.join(","),
            end.0,
            !more
        )
    }
}

/// The most that was held of each kind in a stretch of polls.
type Most = [usize; 4];

/// For how many polls rows change.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Changes {
    Always,
    /// Then the account falls silent: each poll is answered as the one before it.
    Until(u32),
}

/// Follows for [`POLLS`] polls. Every row is written once, and what is held is no more in the last
/// polls than it was in the first.
fn follow(pagination: Pagination, overlap: i64, changes: Changes) {
    let mut rng = Rng::with_seed(u64::from(POLLS) + overlap.unsigned_abs());
    let start = UnixTime::clamped(1_700_000_000);
    let mut world = World { now: start.seconds() + 600, next: 1, polls: 0, rows: VecDeque::new() };
    let resource = Resource::named("tickets").unwrap();
    let job = Job {
        endpoint: resource.endpoint(Some(pagination)).unwrap(),
        mode: Mode::OneOff { start },
        overlap: Duration::from_secs(overlap.unsigned_abs()),
        follow: Some(Duration::from_secs(INTERVAL.unsigned_abs())),
        max_pages: None,
        ..plan::probe(resource, start)
    };
    let mut stream = Stream::new(&job, Sideloaded::new(vec!["users"]));
    let mut anchored = world.now;
    let (mut written, mut first, mut last): (u64, Most, Most) = (0, [0; 4], [0; 4]);
    for poll in 0..POLLS {
        loop {
            let body = world.answer(&stream.request());
            let now = UnixTime::clamped(world.now);
            let clocks = Clocks { date: Some(now), wall: now };
            let Ok(accepted) = stream.accept(body.into_bytes(), clocks, 100_000) else {
                panic!("poll {poll}: the world breaks no rule");
            };
            let last = match accepted {
                Accepted::Known { last, .. } => last,
                Accepted::Page(batch) => {
                    written += u64::try_from(batch.records.len()).unwrap();
                    batch.last
                }
            };
            if last {
                break;
            }
        }
        let most = match poll {
            ..10_000 => &mut first,
            _ if poll >= POLLS - 10_000 => &mut last,
            _ => &mut [0; 4],
        };
        most.iter_mut().zip(stream.held()).for_each(|(most, held)| *most = held.max(*most));
        let silent = matches!(changes, Changes::Until(end) if poll >= end);
        let rows = if silent || rng.u8(..3) > 0 { 0 } else { rng.usize(..12) };
        world.pass(INTERVAL, rows, &mut rng);
        let due = stream.rereads_every().is_some() && world.now - anchored >= overlap;
        anchored = if due { world.now } else { anchored };
        stream.look_again(due);
    }
    println!("{pagination:?}, {overlap} s, {changes:?}: {written} rows, {first:?}, then {last:?}");
    // With the overlap nothing is lost but what the last minutes still hide.
    assert!(overlap == 0 || written + 300 > world.next, "{written} of {}", world.next);
    assert!(written < world.next, "{written} of {}: something came twice", world.next);
    for (first, last) in first.iter().zip(last) {
        assert!(last <= first * 2 + 100, "it grows: {first} in the first polls, then {last}");
        assert!(last < 5_000, "{last} are held");
    }
}

#[test]
fn following_for_weeks_by_cursor_takes_no_memory() {
    follow(Pagination::Cursor, 300, Changes::Always);
}

#[test]
fn following_for_weeks_by_time_takes_no_memory() {
    follow(Pagination::Time, 300, Changes::Always);
}

#[test]
fn following_for_weeks_without_an_overlap_takes_no_memory() {
    follow(Pagination::Time, 0, Changes::Always);
    follow(Pagination::Cursor, 0, Changes::Always);
}

/// By time each poll then serves the last second again.
#[test]
fn following_a_silent_account_takes_no_memory() {
    for overlap in [0, 300] {
        for pagination in [Pagination::Cursor, Pagination::Time] {
            follow(pagination, overlap, Changes::Until(1_000));
        }
    }
}

//! What late rows cost: the requests of an hour and the bytes of a state, with the overlap and
//! without, in virtual time. For the benches.
//!
//! Rows change at a steady rate, and a hundredth of them is shown late. The server is a few lines
//! that follow API notes §4.1 and §4.2; the client is the pure core that real runs use. Not
//! reachable from a command. Must not know clocks or files.

use super::{
    accepted::Accepted, batch::Standing, clocks::Clocks, sideloaded::Sideloaded, stream::Stream,
};
use crate::{
    mark::Mark,
    plan::{self, Job, Mode},
    position::{Overlap, Position},
    request::Request,
    resource::{Pagination, Resource},
    state::{self, Series},
    time::UnixTime,
};
use std::time::Duration;

/// What is younger than this is not served yet.
const SETTLING: i64 = 60;

const HOUR: i64 = 3_600;

const PER_PAGE: usize = 1_000;

/// The series begins here.
const START: i64 = 1_700_000_000;

/// How often is asked for what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polls {
    /// By a run of its own every so many seconds.
    Runs(u32),
    /// By one run that follows, every so many seconds.
    Follow(u32),
}

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub rows_a_minute: u32,
    pub polls: Polls,
    pub overlap: Duration,
    /// Whether by time; else by cursor.
    pub by_time: bool,
}

/// What the second hour came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub requests: u64,
    /// Rows that were received, and that were written.
    pub received: u64,
    pub written: u64,
    /// The state's, at the end of the hour.
    pub state_bytes: usize,
}

/// Rows one behind the other: each is told by its number.
#[derive(Clone, Copy)]
struct World {
    now: i64,
    rows_a_minute: i64,
}

impl World {
    fn time(self, row: i64) -> i64 {
        START + row * 60 / self.rows_a_minute
    }

    fn is_visible(self, row: i64) -> bool {
        let late = if row % 100 == 37 { 30 + row % 200 } else { 0 };
        self.time(row) + SETTLING + late <= self.now
    }

    /// The rows of a page from a number on, and whether more follow.
    fn page(self, from: i64) -> (Vec<i64>, bool) {
        let settled = (from..).take_while(|row| self.time(*row) + SETTLING <= self.now);
        let mut visible = settled.filter(|row| self.is_visible(*row));
        let rows: Vec<i64> = visible.by_ref().take(PER_PAGE).collect();
        (rows, visible.next().is_some())
    }

    fn answer(self, request: &Request) -> (String, u64) {
        let target = request.target();
        let value = |name: &str| -> Option<i64> {
            let rest = target.split_once(&format!("{name}="))?.1;
            rest.split('&').next()?.parse().ok()
        };
        let first = |start: i64| (start - START).max(0) * self.rows_a_minute / 60;
        let start = value("start_time").unwrap_or_default();
        let from = value("cursor").unwrap_or_else(|| {
            let near = first(start);
            (near..).find(|row| self.time(*row) >= start).unwrap_or(near)
        });
        let (rows, more) = self.page(from);
        let record =
            |row: &i64| format!("{{\"id\":{row},\"generated_timestamp\":{}}}", self.time(*row));
        let records: Vec<String> = rows.iter().map(record).collect();
        let behind = rows.last().map_or(from, |row| row + 1);
        let end = rows.last().map_or(start, |row| self.time(*row));
        let body = format!(
            "{{\"tickets\":[{}],\"after_cursor\":\"{behind}\",\"end_time\":{end},\
             \"end_of_stream\":{}}}",
            records.join(","),
            !more
        );
        (body, u64::try_from(rows.len()).unwrap_or(0))
    }
}

/// A series and what it has cost so far.
struct Books {
    standing: Standing,
    begun: bool,
    cost: Cost,
}

impl Books {
    fn series(&self) -> Series {
        let Standing { position, overlap, through, capacity } = self.standing.clone();
        Series {
            id: None,
            open: None,
            position,
            overlap,
            capacity,
            through,
            window: None,
            output: Mark::of("/data/tickets.ndjson".to_owned()),
            sideloads: Vec::new(),
        }
    }

    /// Asks until there is no more.
    fn walk(&mut self, stream: &mut Stream<'_>, world: World) {
        let now = UnixTime::clamped(world.now);
        let clocks = Clocks { date: Some(now), wall: now };
        loop {
            let (body, rows) = world.answer(&stream.request());
            self.cost.requests += 1;
            self.cost.received += rows;
            let last = match stream.accept(body.into_bytes(), clocks, 100_000) {
                Ok(Accepted::Known { last, .. }) => last,
                Ok(Accepted::Page(batch)) => {
                    self.cost.written += u64::try_from(batch.records.len()).unwrap_or(0);
                    self.standing = batch.standing;
                    self.begun = true;
                    batch.last
                }
                Err(_) => return, // such an answer this server does not give
            };
            if last {
                return;
            }
        }
    }
}

/// Two hours, of which the second counts.
pub fn cost(asked: Asked) -> Option<Cost> {
    let resource = Resource::named("tickets").ok()?;
    let pagination = if asked.by_time { Pagination::Time } else { Pagination::Cursor };
    let begin = UnixTime::clamped(START);
    let position = Position::starting(pagination, begin);
    let standing =
        Standing { overlap: Overlap::none(&position), position, through: None, capacity: None };
    let mut books = Books { standing, begun: false, cost: Cost::default() };
    let mut world = World { now: START + 600, rows_a_minute: asked.rows_a_minute.into() };
    let (interval, follow) = match asked.polls {
        Polls::Runs(seconds) => (i64::from(seconds), None),
        Polls::Follow(seconds) => (i64::from(seconds), Some(Duration::from_secs(seconds.into()))),
    };
    let job = |books: &Books| -> Option<Job> {
        Some(Job {
            endpoint: resource.endpoint(Some(pagination))?,
            mode: match books.begun {
                false => Mode::NewSeries { start: begin, again: None },
                true => Mode::Series(Box::new(books.series())),
            },
            per_page: crate::retry::LARGEST,
            overlap: asked.overlap,
            follow,
            max_pages: None,
            ..plan::probe(resource, begin)
        })
    };
    let following = job(&books)?;
    let mut stream = Stream::new(&following, Sideloaded::new(Vec::new()));
    let (mut anchored, end) = (world.now, world.now + 2 * HOUR);
    while world.now < end {
        if world.now >= end - HOUR && world.now - interval < end - HOUR {
            books.cost = Cost::default();
        }
        if follow.is_none() {
            let next = job(&books)?;
            books.walk(&mut Stream::new(&next, Sideloaded::new(Vec::new())), world);
            world.now += interval;
            continue;
        }
        books.walk(&mut stream, world);
        world.now += interval;
        let due = stream.rereads_every().is_some_and(|every| {
            u64::try_from(world.now - anchored).is_ok_and(|since| since >= every.as_secs())
        });
        anchored = if due { world.now } else { anchored };
        stream.look_again(due);
    }
    let state_bytes = state::size_of("tickets", &books.series(), UnixTime::clamped(world.now));
    Some(Cost { state_bytes, ..books.cost })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever it costs, all is written, each row once.
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice_where_costs_are_measured() {
        for polls in [Polls::Runs(60), Polls::Runs(900), Polls::Follow(60)] {
            for by_time in [false, true] {
                let asked =
                    Asked { rows_a_minute: 10, polls, overlap: Duration::from_secs(300), by_time };
                let cost = cost(asked).unwrap();
                assert!((590..=610).contains(&cost.written), "{asked:?}: {cost:?}");
                let none = super::cost(Asked { overlap: Duration::ZERO, ..asked }).unwrap();
                assert!(none.requests <= cost.requests, "{asked:?}: {none:?}, {cost:?}");
                assert!(none.written < cost.written, "{asked:?}: {none:?}, {cost:?}");
                assert!(cost.requests <= 2 * none.requests, "{asked:?}: {none:?}, {cost:?}");
            }
        }
    }
}

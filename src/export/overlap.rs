//! What a stream makes of the overlap, page by page: of answers that were long under way, and of a
//! memory that is full. Pure cores alone, without threads, files and sockets.

use super::{
    accepted::{Accepted, Remark},
    clocks::Clocks,
    sideloaded::Sideloaded,
    stream::Stream,
};
use crate::{
    plan::{self, Job, Mode},
    position::Position,
    resource::{Pagination, Resource},
    time::UnixTime,
};
use serde_json::json;
use std::time::Duration;

const START: UnixTime = match UnixTime::const_new(1_700_000_000) {
    Some(start) => start,
    None => panic!(),
};

const OVERLAP: Duration = Duration::from_secs(300);

/// No server shows a younger row.
const FENCE: Duration = Duration::from_secs(60);

fn job(pagination: Pagination) -> Job {
    let resource = Resource::named("tickets").unwrap();
    Job {
        endpoint: resource.endpoint(Some(pagination)).unwrap(),
        mode: Mode::NewSeries { start: START, again: None },
        overlap: OVERLAP,
        max_pages: None,
        ..plan::probe(resource, START)
    }
}

fn at(seconds: u64) -> UnixTime {
    START.plus(Duration::from_secs(seconds))
}

/// Rows that changed so many seconds after the start, and whether they are the last.
fn page(pagination: Pagination, rows: &[u64], end: bool) -> Vec<u8> {
    let records: Vec<_> = rows
        .iter()
        .map(|row| json!({"id": row, "generated_timestamp": at(*row).seconds()}))
        .collect();
    let last = rows.last().map(|row| at(*row).seconds());
    let page = match pagination {
        Pagination::Cursor => {
            let cursor = last.map(|last| format!("c{last}"));
            json!({"tickets": records, "after_cursor": cursor, "end_of_stream": end})
        }
        Pagination::Time => json!({"tickets": records, "end_time": last, "end_of_stream": end}),
        Pagination::List => panic!("a list remembers nothing"),
    };
    page.to_string().into_bytes()
}

/// Takes an answer at a time by the server's clock; its remarks.
fn take(stream: &mut Stream<'_>, body: Vec<u8>, now: UnixTime, most: usize) -> Vec<Remark> {
    let clocks = Clocks { date: Some(now), wall: now };
    match stream.accept(body, clocks, most) {
        Ok(Accepted::Page(_) | Accepted::Known { .. }) => stream.remarks(),
        Err((garbled, _)) => panic!("{garbled}"),
    }
}

/// A page shows the world of when it was asked for: what was old only when it arrived may still get
/// company behind it.
#[test]
fn s31_a_slow_answer_is_as_young_as_when_it_was_asked_for() {
    let old = FENCE + OVERLAP;
    for pagination in [Pagination::Cursor, Pagination::Time] {
        for (took, arrives_after, moves) in [
            // Rounded up: the clocks tell whole seconds.
            (0, 1, false),
            (0, 2, true),
            (100, 2, false),
            (100, 101, false),
            (100, 102, true),
            (280, 281, false),
            (280, 282, true),
        ] {
            let job = job(pagination);
            let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
            let begin = stream.standing().overlap.anchor;
            stream.answered_in(Duration::from_secs(took));
            let arrives = at(20).plus(old).plus(Duration::from_secs(arrives_after));
            take(&mut stream, page(pagination, &[10, 20], false), arrives, 100_000);
            let standing = stream.standing();
            let has_moved = standing.overlap.anchor != begin;
            let case = format!("{pagination:?}, took {took} s, {arrives_after} s old");
            assert_eq!(has_moved, moves, "{case}");
            assert_ne!(standing.position, begin, "the lead moves at any rate: {case}");
            let remembered = if moves { 0 } else { 2 };
            if pagination == Pagination::Cursor {
                assert_eq!(standing.overlap.seen.len(), remembered, "{case}");
            }
        }
    }
}

/// One slow answer says nothing of the next.
#[test]
fn s31_each_answer_is_judged_by_its_own_time_under_way() {
    let job = job(Pagination::Cursor);
    let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
    let old = |row: u64, took: u64| at(row + took + 2).plus(FENCE + OVERLAP);
    let cursor = |row: u64| format!("c{}", at(row).seconds());
    for (rows, took) in [([10, 20], 200), ([30, 40], 0), ([50, 60], 90)] {
        stream.answered_in(Duration::from_secs(took));
        let arrives = old(rows[1], took);
        take(&mut stream, page(Pagination::Cursor, &rows, false), arrives, 100_000);
        match stream.standing().overlap.anchor {
            Position::Cursor(anchor) => assert_eq!(anchor.as_str(), cursor(rows[1])),
            other => panic!("{other:?}"),
        }
    }
}

/// That too much is remembered is told at the end of a walk, once a run, however many pages and
/// walks let something go.
#[test]
fn f4_a_full_memory_is_told_once_a_run_and_not_once_a_page() {
    let job = Job { follow: Some(Duration::from_secs(1)), ..job(Pagination::Cursor) };
    let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
    let mut told = Vec::new();
    for walk in 0..4_u64 {
        for n in 0..10_u64 {
            let row = walk * 30 + n * 3;
            let body = page(Pagination::Cursor, &[row, row + 1, row + 2], n == 9);
            let remarks = take(&mut stream, body, at(200), 6);
            assert!(stream.remembered() <= 6);
            assert!(n == 9 || remarks.is_empty(), "in the middle of a walk: {remarks:?}");
            told.extend(remarks);
        }
        stream.look_again(false);
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(told[0], Remark::Forgotten(_)), "{told:?}");
    // Another resource, and another run, tells for itself.
    let mut other = Stream::new(&job, Sideloaded::new(Vec::new()));
    let body = page(Pagination::Cursor, &[1, 2, 3], true);
    assert_eq!(take(&mut other, body, at(200), 2).len(), 1);
}

/// Nothing is told where everything fits.
#[test]
fn f4_a_memory_that_is_just_full_is_not_told() {
    let job = job(Pagination::Cursor);
    let mut stream = Stream::new(&job, Sideloaded::new(Vec::new()));
    let body = page(Pagination::Cursor, &[1, 2, 3], true);
    assert_eq!(take(&mut stream, body, at(200), 3), []);
    assert_eq!(stream.remembered(), 3);
}

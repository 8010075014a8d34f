//! The edges of pages: seconds that hold more than one, and what is served twice.

use crate::harness::{Place, TICKETS, ndjson, walk};
use crate::server::{Reply, Server, T, now, record, time_page};
use serde_json::Value;
use std::collections::BTreeSet;
use zdx::sandbox::{Behaviour, Options, SameSecond, Sandbox};

const WEEK: i64 = 7 * 86_400;

/// A sandbox in which 1,200 tickets changed in one second, and that second. Nothing happens to
/// them until the week is over, so what is asked of that second does not change.
fn bulk(same_second: SameSecond) -> (Sandbox, i64) {
    let sandbox = Sandbox::start(Options {
        records: 1300,
        bulk: 1200,
        quota: Some(0),
        behaviour: Behaviour { same_second, ..Behaviour::default() },
        ..Options::default()
    })
    .unwrap();
    // 1970-01-01 was a Thursday; the jobs run as Sunday begins.
    let sunday = 3 * 86_400;
    let second = (sandbox.now() - 120 - sunday).div_euclid(WEEK) * WEEK + sunday;
    (sandbox, second)
}

fn of_second(sandbox: &Sandbox, second: i64) -> Vec<String> {
    let all = walk(sandbox, TICKETS, "");
    all.into_iter().filter(|record| changed(record) == second).collect()
}

fn changed(record: &str) -> i64 {
    serde_json::from_str::<Value>(record).unwrap()["generated_timestamp"].as_i64().unwrap()
}

/// An export of one second and a little before it, so that pages end within.
fn window(second: i64) -> String {
    format!("export tickets --since @{} --until @{}", second - 3 * 86_400, second + 1)
}

#[test]
fn a_second_of_more_than_a_page_comes_once_by_cursor() {
    let (sandbox, second) = bulk(SameSecond::Expand);
    let expected = of_second(&sandbox, second);
    assert!(expected.len() > 1001, "{}", expected.len());
    let place = Place::of(&sandbox);
    for per_page in [1000, 700] {
        let run = place.zdx(&format!("{} --per-page {per_page}", window(second))).run();
        let lines = run.exit(0).lines();
        let found: Vec<String> = lines.into_iter().filter(|line| changed(line) == second).collect();
        assert_eq!(ndjson(&found), ndjson(&expected));
    }
}

#[test]
fn a_second_of_more_than_a_page_comes_once_by_time() {
    let (sandbox, second) = bulk(SameSecond::Expand);
    let expected: BTreeSet<String> = of_second(&sandbox, second).into_iter().collect();
    let place = Place::of(&sandbox);
    for per_page in [1000, 700] {
        let words = format!("{} --pagination time --per-page {per_page}", window(second));
        let lines = place.zdx(&words).run().exit(0).lines();
        let found: Vec<&String> = lines.iter().filter(|line| changed(line) == second).collect();
        assert_eq!(found.len(), expected.len());
        assert!(found.into_iter().all(|line| expected.contains(line)));
        let each: BTreeSet<&String> = lines.iter().collect();
        assert_eq!(each.len(), lines.len(), "something came twice");
    }
}

#[test]
fn a_second_of_more_than_a_page_is_gone_on_from_without_repeats() {
    let (sandbox, second) = bulk(SameSecond::Expand);
    let place = Place::of(&sandbox);
    let words = "export tickets --pagination time -o t.ndjson --max-pages 1 --per-page 500";
    place.zdx(&format!("{words} --since @{}", second - 3 * 86_400)).run().exit(0);
    for _ in 0..8 {
        place.zdx(words).run().exit(0);
    }
    let file = place.file("t.ndjson");
    let lines: Vec<&str> = file.lines().filter(|line| changed(line) == second).collect();
    let each: BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(each.len(), lines.len(), "something came twice");
    assert_eq!(lines.len(), of_second(&sandbox, second).len());
}

#[test]
fn s6_a_stuck_second_stops_the_run_with_the_position_unchanged() {
    let (sandbox, second) = bulk(SameSecond::Stuck);
    let place = Place::of(&sandbox);
    let words = "export tickets --pagination time -o t.ndjson --retry-for 300ms";
    let run = place.zdx(&format!("{words} --since @{second}")).run();
    run.exit(6).stderr_has(&format!("@{second}")).stderr_has("--pagination cursor");
    assert_eq!(place.file("t.ndjson"), "");
    assert_eq!(place.saved("tickets")["end_time"], second);
    place.zdx(words).run().exit(6).stderr_has("--on-overflow");
    assert_eq!(place.saved("tickets")["end_time"], second);
}

#[test]
fn s6_a_small_page_is_widened_before_a_second_counts_as_stuck() {
    let (sandbox, second) = bulk(SameSecond::Stuck);
    let place = Place::of(&sandbox);
    let words = format!(
        "export tickets --pagination time --since @{second} --per-page 100 --retry-for 300ms --no-state"
    );
    place.zdx(&words).run().exit(6);
    let sizes: Vec<_> = sandbox.requests().iter().map(|seen| seen.per_page.unwrap()).collect();
    assert_eq!(sizes[..2], [100, 1000]);
}

#[test]
fn s6_skipping_a_stuck_second_writes_its_page_and_goes_on_behind_it() {
    let (sandbox, second) = bulk(SameSecond::Stuck);
    let place = Place::of(&sandbox);
    let words = format!(
        "export tickets --pagination time --since @{second} -o t.ndjson --on-overflow skip-second"
    );
    place.zdx(&words).run().exit(0).stderr_has("warning").stderr_has("lost");
    let file = place.file("t.ndjson");
    assert_eq!(file.lines().filter(|line| changed(line) == second).count(), 1000);
    assert!(file.lines().count() > 1000);
    place.zdx("export tickets -o t.ndjson").run().exit(0);
}

#[test]
fn s6_a_second_that_fits_on_no_page_that_the_server_can_serve_is_stuck() {
    let server = Server::answering(|_, request| {
        let asked: u64 = request.parameter("per_page")?.parse().ok()?;
        let records: Vec<_> = (0..asked).map(|id| record(id, T)).collect();
        Some(match asked {
            601.. => Reply::status("504 Gateway Timeout", &[("Date", &now())], "{}"),
            _ => Reply::ok(time_page(&records, Some(T), false)),
        })
    });
    for per_page in [1000, 100] {
        let before = server.requests().len();
        let place = Place::at(&server.url());
        let words = format!("export tickets --pagination time --since @{T} --per-page {per_page}");
        place.zdx(&words).run().exit(6).stdout("").stderr_has("--on-overflow");
        let requests = server.requests().len() - before;
        assert!(requests <= 10, "{requests}");
    }
}

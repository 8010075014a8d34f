//! Reading ahead in time slices: a long history that comes slowly is read side by side, and what is
//! written is what one walk from page to page would have written.

use crate::{
    harness::Place,
    machine::{committed, ended, eventually, next_run, sleep},
};
use fastrand::Rng;
use std::{
    collections::HashSet,
    os::unix::process::ExitStatusExt as _,
    time::{Duration, Instant, UNIX_EPOCH},
};
use zdx::sandbox::{Exchange, Fault, Options, Sandbox};

const LATENCY: Duration = Duration::from_millis(400);

/// In 120 pages.
const RECORDS: u32 = 1_200;

const PER_PAGE: &str = "--per-page 10";

/// A world that stands still, since a while ago: a server's clock that is a day off is not believed.
struct World {
    at: i64,
}

impl World {
    fn new() -> World {
        World { at: UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs().cast_signed()) - 600 }
    }

    fn options(&self) -> Options {
        Options { records: RECORDS, frozen_at: Some(self.at), ..Options::default() }
    }

    /// Each answer takes its time, and one walk alone would leave the most of the quota over.
    fn slow(&self) -> Sandbox {
        let options = Options { latency: LATENCY, quota: Some(1_000), ..self.options() };
        Sandbox::start(options).expect("a sandbox")
    }

    /// What is written of it where nobody reads ahead: of no quota is anything left over.
    #[track_caller]
    fn alone(&self, words: &str) -> String {
        let sandbox = Sandbox::start(Options { quota: Some(0), ..self.options() });
        let sandbox = sandbox.expect("a sandbox");
        let place = Place::of(&sandbox);
        place.zdx(&format!("export {words} --since @0 -o out.ndjson {PER_PAGE}")).run().exit(0);
        assert!(starts(&sandbox.requests(), words).len() <= 1, "nobody reads ahead");
        place.file("out.ndjson")
    }
}

/// The distinct starts that cursor exports began at: each slice has one.
fn starts(requests: &[Exchange], words: &str) -> HashSet<String> {
    let cursor = !words.contains("time");
    let starts = requests.iter().flat_map(|seen| seen.query.split('&').map(str::to_owned));
    starts.filter(|part| cursor && part.starts_with("start_time=")).collect()
}

/// How many requests the sandbox worked on at the same time, at the most.
fn side_by_side(requests: &[Exchange], took: Duration) -> f64 {
    let all: Duration = requests.iter().map(|_| LATENCY).sum();
    all.as_secs_f64() / took.as_secs_f64()
}

#[expect(clippy::disallowed_methods, reason = "how long a run takes is what is asked")]
fn now() -> Instant {
    Instant::now()
}

#[track_caller]
fn none_refused(sandbox: &Sandbox) -> Vec<Exchange> {
    let requests = sandbox.requests();
    let refused: Vec<_> = requests.iter().filter(|seen| seen.status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
    requests
}

const WALKS: [&str; 2] = ["tickets --pagination cursor", "tickets --pagination time"];

#[test]
fn a_file_is_that_of_one_walk_alone_and_comes_many_times_as_soon() {
    for words in WALKS {
        let world = World::new();
        let sandbox = world.slow();
        let place = Place::of(&sandbox);
        let began = now();
        let words_of_all = format!("export {words} --since @0 -o out.ndjson {PER_PAGE}");
        let run = place.zdx(&words_of_all).arg("--summary").arg("json").run();
        let summary = run.exit(0).summary();
        let took = began.elapsed();
        let requests = none_refused(&sandbox);
        let at_once = side_by_side(&requests, took);
        println!("{words}: {} requests, {at_once:.1} at once, in {took:?}", requests.len());
        assert!(place.file("out.ndjson") == world.alone(words), "{words}: not as alone");
        assert_eq!(summary["resources"][0]["requests"], requests.len());
        assert!(at_once > 2.0, "{words}: {at_once} at once");
    }
}

#[test]
fn stdout_gets_the_same_bytes() {
    for words in WALKS {
        let world = World::new();
        let sandbox = world.slow();
        let place = Place::of(&sandbox);
        let run = place.zdx(&format!("export {words} --since @0 {PER_PAGE}")).run();
        assert!(run.exit(0).text() == world.alone(words), "{words}: not as alone");
        none_refused(&sandbox);
    }
}

#[test]
fn whenever_it_is_killed_the_next_run_brings_the_file_to_the_same_bytes() {
    for words in WALKS {
        let world = World::new();
        let (expected, sandbox) = (world.alone(words), world.slow());
        let place = Place::of(&sandbox);
        let mut dice = Rng::new();
        let (mut kills, mut on_the_way) = (0, 0);
        while kills < 5 {
            let mut run = next_run(&place, &format!("{words} -o out.ndjson {PER_PAGE}")).start();
            sleep(Duration::from_millis(dice.u64(800..3_500)));
            run.child.kill().expect("a process of ours");
            let status = ended(&mut run.child);
            if status.signal() != Some(9) {
                break;
            }
            kills += 1;
            on_the_way += usize::from(committed(&place, "tickets").is_some_and(|bytes| bytes > 0));
        }
        assert!(on_the_way > 0, "{words}: none was killed on its way");
        next_run(&place, &format!("{words} -o out.ndjson {PER_PAGE}")).run().exit(0);
        assert!(place.file("out.ndjson") == expected, "{words}: not as alone after {kills} kills");
        let requests = none_refused(&sandbox);
        assert!(words.contains("time") || starts(&requests, words).len() > 2, "nobody read ahead");
    }
}

#[test]
fn a_signal_ends_it_on_a_page_s_edge_at_once() {
    let words = WALKS[0];
    let world = World::new();
    let (expected, sandbox) = (world.alone(words), world.slow());
    let place = Place::of(&sandbox);
    let run = next_run(&place, &format!("{words} -o out.ndjson {PER_PAGE}")).start();
    eventually("slices", || starts(&sandbox.requests(), words).len() > 2);
    run.signal(rustix::process::Signal::TERM);
    let began = now();
    run.end().exit(143);
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for what nobody wants");
    next_run(&place, &format!("{words} -o out.ndjson {PER_PAGE}")).run().exit(0);
    assert!(place.file("out.ndjson") == expected, "not as alone");
}

#[test]
fn faults_in_what_is_read_ahead_change_no_byte() {
    let words = WALKS[0];
    let world = World::new();
    let (expected, sandbox) = (world.alone(words), world.slow());
    let faults = [Fault::BadGateway, Fault::Garbage, Fault::Timeout, Fault::Cut];
    for (index, nth) in (7..100).step_by(23).enumerate() {
        sandbox.inject(faults[index % faults.len()], nth);
    }
    let place = Place::of(&sandbox);
    place.zdx(&format!("export {words} --since @0 -o out.ndjson {PER_PAGE}")).run().exit(0);
    assert!(place.file("out.ndjson") == expected, "not as alone");
    assert!(starts(&sandbox.requests(), words).len() > 2, "nobody read ahead");
}

#[test]
fn who_wants_so_much_and_no_more_is_read_page_by_page() {
    for words in ["--limit 60", "--max-pages 6"] {
        let world = World::new();
        let sandbox = world.slow();
        let place = Place::of(&sandbox);
        let run = format!("export tickets --since @0 -o out.ndjson {PER_PAGE} {words}");
        place.zdx(&run).run().exit(0);
        let requests = none_refused(&sandbox);
        assert_eq!(starts(&requests, words).len(), 1, "{words}");
        assert_eq!(requests.len(), 6, "{words}");
    }
}

#[test]
fn who_follows_is_read_page_by_page() {
    let sandbox = World::new().slow();
    let place = Place::of(&sandbox);
    let mut run =
        place.zdx(&format!("export tickets --since @0 -o out.ndjson {PER_PAGE} -f")).start();
    eventually("ten requests", || sandbox.requests().len() >= 10);
    run.child.kill().expect("a process of ours");
    assert_eq!(ended(&mut run.child).signal(), Some(9));
    assert_eq!(starts(&none_refused(&sandbox), "").len(), 1);
}

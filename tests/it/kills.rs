//! Kills at any instant: whatever was going on, the next run brings the output to the bytes that
//! an uninterrupted run would have given.
//!
//! `ZDX_TEST_KILLS=1000` kills so many times in all, instead of 320.

use crate::{
    harness::{Place, TICKETS, walk},
    machine::{
        committed, ended, eventually, kills_asked_for, next_run, sleep, standing, standing_with,
    },
};
use fastrand::Rng;
use std::{
    fs,
    io::Read as _,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    thread,
    time::{Duration, Instant},
};
use zdx::sandbox::{Options, Sandbox};

/// Kills for each of the four kinds of output.
fn kills_each() -> usize {
    kills_asked_for().map_or(80, |all| all.div_ceil(4))
}

/// Ninety tickets in thirty pages.
fn thirty_pages() -> Sandbox {
    standing_with(90)
}

/// An uninterrupted export, and how long it took.
fn reference(sandbox: &Sandbox, words: &str) -> (Place, Duration) {
    let place = Place::of(sandbox);
    let began = now();
    next_run(&place, words).run().exit(0);
    (place, began.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "how long a run takes sets when to kill it")]
fn now() -> Instant {
    Instant::now()
}

/// What was cut off is kept, hidden beside the output: the only thing that a kill leaves.
fn is_kept(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".discarded")
}

fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// Kills exports of `output` at random until there were enough, and lets each come to its end.
/// Gives each finished place to `check`.
fn kill_at_random(words: &str, output: &str, check: impl Fn(&Place, &Place)) {
    let sandbox = thirty_pages();
    let (whole, mut took) = reference(&sandbox, words);
    let wanted = kills_each();
    let mut dice = Rng::new();
    let (mut kills, mut runs) = (0, 0);
    while kills < wanted {
        let place = Place::of(&sandbox);
        loop {
            runs += 1;
            assert!(runs < wanted * 10, "{kills} kills in {runs} runs");
            let mut run = next_run(&place, words).start();
            sleep(took.mul_f64(dice.f64()));
            run.child.kill().expect("a process of ours");
            let status = ended(&mut run.child);
            if !was_killed(status) {
                run.end().exit(0);
                // The first run may have been a slow one: most runs are to be killed.
                took = took.mul_f64(0.9);
                break;
            }
            kills += 1;
            took = took.mul_f64(1.03);
            if let Some(committed) = committed(&place, "tickets") {
                let length = fs::metadata(place.path(output)).map_or(0, |found| found.len());
                assert!(length >= committed, "the state is ahead: {committed} of {length}");
            }
        }
        check(&whole, &place);
        let mut names = place.names();
        names.retain(|name| !is_kept(name));
        assert_eq!(names, whole.names(), "nothing else is left");
    }
    assert!(kills >= wanted, "{kills} kills");
    println!("{kills} kills, {runs} runs of {took:?}");
}

#[test]
fn p1_random_kills_plain() {
    kill_at_random("tickets -o x.ndjson --per-page 3", "x.ndjson", |whole, killed| {
        assert!(whole.file("x.ndjson") == killed.file("x.ndjson"));
    });
}

#[test]
fn p1_random_kills_gzip() {
    kill_at_random("tickets -o x.ndjson.gz --per-page 3", "x.ndjson.gz", |whole, killed| {
        assert!(whole.file("x.ndjson.gz") == killed.file("x.ndjson.gz"));
    });
}

#[test]
fn p1_random_kills_zstd() {
    kill_at_random("tickets -o x.ndjson.zst --per-page 3", "x.ndjson.zst", |whole, killed| {
        assert!(whole.file("x.ndjson.zst") == killed.file("x.ndjson.zst"));
    });
}

#[test]
fn p1_random_kills_sideloads() {
    let words = "tickets -o tickets.ndjson --per-page 3 --include users,groups";
    kill_at_random(words, "tickets.ndjson", |whole, killed| {
        assert!(whole.file("tickets.ndjson") == killed.file("tickets.ndjson"));
        for name in ["tickets.users.ndjson", "tickets.groups.ndjson"] {
            assert!(whole.file(name) == killed.file(name), "{name}");
        }
    });
}

/// A world that moves on by six hours at a time, in which every third ticket is shown late, by up to
/// eighteen hours.
fn moving() -> Sandbox {
    let late = "tickets=30%:1h-18h".parse().expect("rows that are late");
    standing(Options { records: 150, late: vec![late], ..Options::default() })
}

/// How often that world moves on.
const STEPS: usize = 8;

const STEP: Duration = Duration::from_secs(6 * 3600);

/// Keeps up with the moving world by runs that read two days again; `killed` says after how long the
/// next one is killed, if it is. How many were.
fn walk_late(
    words: &str,
    place: &Place,
    world: &Sandbox,
    mut killed: impl FnMut() -> Option<Duration>,
) -> usize {
    let mut kills = 0;
    for step in 0..STEPS {
        if step > 0 {
            world.advance(STEP);
        }
        loop {
            let mut run = next_run(place, words).start();
            let Some(after) = killed() else {
                run.end().exit(0);
                break;
            };
            sleep(after);
            run.child.kill().expect("a process of ours");
            if was_killed(ended(&mut run.child)) {
                kills += 1;
            } else {
                run.end().exit(0);
            }
        }
    }
    kills
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// Rows that stand behind rows that changed later.
fn late_rows(text: &str) -> usize {
    let changed = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        row["generated_timestamp"].as_i64().expect("a time")
    };
    let mut latest = 0;
    let late = text.lines().map(changed).filter(|at| {
        latest = latest.max(*at);
        *at < latest
    });
    late.count()
}

/// Kills runs that read their overlap again: each row is written once, the late ones, too, and the
/// files are those of runs that were not killed, byte for byte.
fn kill_late(words: &str, files: &[&str]) {
    let whole_world = moving();
    let whole = Place::of(&whole_world);
    let began = now();
    walk_late(words, &whole, &whole_world, || None);
    let took = began.elapsed().div_f64(8.0);
    let rows = whole.file(files[0]);
    assert!(late_rows(&rows) >= 10, "{} late rows", late_rows(&rows));
    let mut dice = Rng::new();
    let mut kills = 0;
    while kills < kills_each() / 4 {
        let world = moving();
        let place = Place::of(&world);
        kills += walk_late(words, &place, &world, || {
            (dice.u8(..5) > 0).then(|| took.mul_f64(dice.f64() * 1.2))
        });
        for file in files {
            let text = place.file(file);
            assert!(text == whole.file(file), "{file}: other lines");
        }
        let lines = sorted(&rows);
        assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "a row is there twice");
        // What is there at the end, by a walk that shares nothing with zdx.
        for row in walk(&world, TICKETS, "") {
            assert!(lines.binary_search(&row.as_str()).is_ok(), "lost: {}", &row[..90]);
        }
    }
    println!("{kills} kills, {} rows, {} of them late", rows.lines().count(), late_rows(&rows));
}

#[test]
fn s31_random_kills_with_late_rows() {
    for pagination in ["cursor", "time"] {
        let words =
            format!("tickets -o x.ndjson --per-page 5 --overlap 2d --pagination {pagination}");
        kill_late(&words, &["x.ndjson"]);
    }
}

#[test]
fn s31_random_kills_with_late_rows_and_sideloads() {
    let words = "tickets -o t.ndjson --per-page 5 --overlap 2d --include users,groups";
    kill_late(words, &["t.ndjson", "t.tickets.users.ndjson", "t.tickets.groups.ndjson"]);
}

/// One finished file for each run: complete when it has its name, and only one for all the runs
/// that it took.
#[test]
fn p1_random_kills_segments() {
    let sandbox = thirty_pages();
    let words = "tickets -o s-{run}.ndjson --per-page 3";
    let (whole, mut took) = reference(&sandbox, words);
    let reference = whole.file(&whole.names()[0]);
    let mut dice = Rng::new();
    let mut kills = 0;
    while kills < kills_each() {
        let place = Place::of(&sandbox);
        loop {
            let mut run = next_run(&place, words).start();
            sleep(took.mul_f64(dice.f64()));
            run.child.kill().expect("a process of ours");
            let status = ended(&mut run.child);
            let names = place.names();
            for name in names.iter().filter(|name| !name.starts_with('.')) {
                assert!(place.file(name) == reference, "{name} is not complete");
            }
            if !was_killed(status) {
                run.end().exit(0);
                took = took.mul_f64(0.9);
                break;
            }
            kills += 1;
            took = took.mul_f64(1.03);
        }
        let (hidden, names): (Vec<String>, Vec<String>) =
            place.names().into_iter().partition(|name| name.starts_with('.'));
        assert!(names.len() == 1 && place.file(&names[0]) == reference, "{names:?}");
        for name in hidden.iter().filter(|name| !is_kept(name)) {
            assert_eq!(place.file(name), "", "{name} holds something");
        }
    }
}

/// What a reader of stdout got, run for run, is the reference with at most one page again for
/// each kill, and nothing missing.
#[test]
fn p1b_random_kills_stdout() {
    const PER_PAGE: usize = 3;
    let sandbox = thirty_pages();
    let words = format!("tickets --per-page {PER_PAGE}");
    let began = now();
    let whole = next_run(&Place::of(&sandbox), &words).run().exit(0).text();
    let mut took = began.elapsed();
    let ends: Vec<usize> = whole.match_indices('\n').map(|(at, _)| at + 1).collect();
    let mut edges: Vec<usize> = vec![0];
    edges.extend(ends.chunks(PER_PAGE).filter_map(|page| page.last()));
    let mut dice = Rng::new();
    let mut kills = 0;
    while kills < 40 {
        let place = Place::of(&sandbox);
        let mut taken = 0;
        loop {
            let mut run = next_run(&place, &words).start();
            let mut stdout = run.child.stdout.take().expect("a pipe");
            let reader = thread::spawn(move || {
                let mut bytes = Vec::new();
                stdout.read_to_end(&mut bytes).map(|_| bytes)
            });
            sleep(took.mul_f64(dice.f64()));
            run.child.kill().expect("a process of ours");
            let status = ended(&mut run.child);
            let bytes = reader.join().expect("a reader").expect("a pipe to read");
            // A page may come again when the kill came before its position was saved.
            let at = edges.iter().enumerate().find(|(page, edge)| {
                let again = edges.get(page + 1).copied().unwrap_or(whole.len());
                **edge <= taken && taken <= again && whole.as_bytes()[**edge..].starts_with(&bytes)
            });
            let Some((_, at)) = at else {
                panic!("after {taken} bytes:\n{}", String::from_utf8_lossy(&bytes));
            };
            if !bytes.is_empty() {
                taken = at + bytes.len();
            }
            if !was_killed(status) {
                assert_eq!(status.code(), Some(0));
                took = took.mul_f64(0.9);
                break;
            }
            kills += 1;
            took = took.mul_f64(1.03);
        }
        assert_eq!(taken, whole.len(), "something is missing");
    }
}

/// The lock is gone with its holder, and the file that it is on stays.
#[test]
fn p7_a_killed_holder_holds_nothing() {
    let sandbox = standing(Options {
        records: 30,
        latency: Duration::from_millis(200),
        ..Options::default()
    });
    let place = Place::of(&sandbox);
    let mut run = next_run(&place, "tickets -o x.ndjson --per-page 10").start();
    eventually("the state is saved", || place.state().exists());
    run.child.kill().expect("a process of ours");
    ended(&mut run.child);
    next_run(&place, "tickets -o x.ndjson --per-page 10").run().exit(0);
    let whole = Place::of(&sandbox);
    next_run(&whole, "tickets -o x.ndjson").run().exit(0);
    assert!(place.file("x.ndjson") == whole.file("x.ndjson"));
}

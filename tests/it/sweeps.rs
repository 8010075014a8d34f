//! Every call that touches a file of ours: killed before it, and made to fail. Whatever was struck,
//! the next run brings the output to the reference.
//!
//! The calls are counted in a recorded run; each must then be struck, as strace's log says. Not
//! with `--seccomp-bpf`, which is faster: under strace 6.1 it lets signals fall under the table.

use crate::{
    harness::Place,
    machine::{
        Snapshot, committed, ended, killed_in_a_page, kills_asked_for, next_run, standing_with,
        temporaries,
    },
    straced::{self, CALLS, Call, Site, Tracer},
};
use std::{collections::BTreeSet, fs, os::unix::process::ExitStatusExt as _, sync::Mutex, thread};
use zdx::sandbox::Sandbox;

const WORDS: &str = "tickets -o tickets.ndjson --per-page 3";
const OUTPUT: &str = "tickets.ndjson";
const OWNER: &str = ".tickets.ndjson.owner";

/// How a run is prepared whose calls are struck.
#[derive(Clone, Copy, Debug)]
enum Begin {
    /// Nothing is there but the directories.
    Fresh,
    /// Two pages are committed, something lies behind them, and a kill left a temporary.
    Torn,
}

/// Twenty-four tickets: eight pages, so that the threads' counts part.
fn eight_pages() -> Sandbox {
    standing_with(24)
}

/// A place as it is before a run, and the calls that the run makes there.
struct Scene {
    place: Place,
    before: Snapshot,
    calls: Vec<Call>,
}

impl Scene {
    fn new(sandbox: &Sandbox, begin: Begin) -> Scene {
        let place = Place::of(sandbox);
        let output = place.path(OUTPUT);
        match begin {
            Begin::Fresh => {
                // Makes the state's directory.
                next_run(&place, &format!("{WORDS} --max-pages 2")).run().exit(0);
                fs::remove_file(place.state()).expect("the state");
                fs::remove_file(&output).expect("the output");
                fs::remove_file(place.path(OWNER)).expect("the owner file");
            }
            Begin::Torn => {
                let words = "tickets -o tickets.ndjson";
                killed_in_a_page(&place, sandbox, words, OUTPUT, 2, "{\"torn\":");
                let stale = place.state().with_file_name(".sandbox.json.AbCdEf.tmp");
                fs::File::create(stale).expect("a new file");
            }
        }
        let before = Snapshot::of(&place);
        let tracer = Tracer::new();
        let run = tracer.around(next_run(&place, WORDS), &format!("-e trace={CALLS}"));
        run.run().exit(0);
        let calls = straced::calls(&tracer.log(), &place, &output);
        Scene { place, before, calls }
    }

    /// Checks that a clean run completes the output, whatever happened before it.
    #[track_caller]
    fn completes(&self, reference: &str, what: &str) {
        let run = next_run(&self.place, WORDS).run();
        run.exit(0);
        assert!(self.place.file(OUTPUT) == reference, "{what}: not the reference");
    }
}

/// Shares the work of a sweep among as many scenes as there are processors to the tests.
fn sweep<T: Send>(
    begin: Begin,
    sandbox: &Sandbox,
    points: impl Fn(&[Call]) -> Vec<T> + Sync,
    strike: impl Fn(&Scene, T) + Sync,
) {
    let queue = Mutex::new(None::<Vec<T>>);
    // One after the other: a request that is to hang must be of the run that is to be killed.
    let scenes = [(); 2].map(|()| Scene::new(sandbox, begin));
    thread::scope(|scope| {
        for scene in scenes {
            let (queue, points, strike) = (&queue, &points, &strike);
            scope.spawn(move || {
                queue.lock().expect("no panic").get_or_insert_with(|| points(&scene.calls));
                loop {
                    let next = queue.lock().expect("no panic").as_mut().and_then(Vec::pop);
                    let Some(point) = next else { break };
                    scene.before.put_back(&scene.place);
                    strike(&scene, point);
                }
            });
        }
    });
}

fn reference(sandbox: &Sandbox) -> String {
    let place = Place::of(sandbox);
    next_run(&place, WORDS).run().exit(0);
    place.file(OUTPUT)
}

/// The calls that an injection can strike: the first of all threads with its name and number. As
/// pages are written alike, the first three and the last of a kind are taken, and all of them when
/// `ZDX_TEST_KILLS` asks for more.
fn struck(calls: &[Call]) -> Vec<Call> {
    let calls: Vec<&Call> = calls.iter().filter(|call| call.first).collect();
    let alike = |call: &Call, other: &&&Call| call.name == other.name && call.site == other.site;
    let kept = calls.iter().enumerate().filter(|(at, call)| {
        let before = calls[..*at].iter().filter(|other| alike(call, other)).count();
        let after = calls[at + 1..].iter().filter(|other| alike(call, other)).count();
        before < 3 || after == 0 || kills_asked_for().is_some()
    });
    kept.map(|(_, call)| (*call).clone()).collect()
}

/// What was struck, by kind of call and file.
fn kinds(calls: &[Call]) -> BTreeSet<(String, Site)> {
    calls.iter().map(|call| (call.name.clone(), call.site)).collect()
}

fn kill_before_every_call(begin: Begin) {
    let sandbox = eight_pages();
    let reference = reference(&sandbox);
    let (fired, made, hit) = (Mutex::new(0), Mutex::new(0), Mutex::new(BTreeSet::new()));
    let all = Mutex::new(BTreeSet::new());
    let points = |calls: &[Call]| {
        *all.lock().unwrap() = kinds(calls);
        let points = struck(calls);
        *made.lock().unwrap() = points.len();
        points
    };
    sweep(begin, &sandbox, points, |scene, call| {
        let (name, nth) = (&call.name, call.nth);
        let tracer = Tracer::new();
        let options = format!("-e trace={name} -e inject={name}:signal=KILL:when={nth}");
        let mut run = tracer.around(next_run(&scene.place, WORDS), &options).start();
        let status = ended(&mut run.child);
        assert_eq!(status.signal(), Some(9), "not killed at {}", call.line);
        let log = tracer.log();
        assert!(log.contains("+++ killed by SIGKILL +++"), "{log}");
        *fired.lock().unwrap() += 1;
        hit.lock().unwrap().insert((name.clone(), call.site));
        if let Some(committed) = committed(&scene.place, "tickets") {
            let length = fs::metadata(scene.place.path(OUTPUT)).map_or(0, |found| found.len());
            assert!(length >= committed, "{}: the state is ahead", call.line);
        }
        scene.completes(&reference, &call.line);
    });
    let (fired, made) = (fired.into_inner().unwrap(), made.into_inner().unwrap());
    println!("{begin:?}: {fired} kills of {made}");
    assert_eq!(fired, made);
    assert_eq!(hit.into_inner().unwrap(), all.into_inner().unwrap(), "each kind was struck");
}

#[test]
fn p2_killed_before_every_call_of_a_new_series() {
    if straced::available("p2, kills at every call of a new series") {
        kill_before_every_call(Begin::Fresh);
    }
}

#[test]
fn p2_killed_before_every_call_of_a_recovery() {
    if straced::available("p2, kills at every call of a recovery") {
        kill_before_every_call(Begin::Torn);
    }
}

/// What a call's failure comes to; no pair for those that never fail alone.
fn errors(call: &Call) -> &'static [&'static str] {
    match call.name.as_str() {
        "openat" => &["EACCES", "EMFILE"],
        "write" => &["ENOSPC", "EDQUOT"],
        "fdatasync" | "fsync" => &["EIO"],
        "rename" | "renameat" | "renameat2" => &["EACCES", "EROFS"],
        "flock" => &["ENOLCK"],
        _ => &["EIO"],
    }
}

/// The exit of a run in which this call fails.
fn exits(call: &Call) -> &'static [i32] {
    match (call.name.as_str(), call.site) {
        // Whom to blame for a lock is a courtesy.
        ("ftruncate" | "lseek" | "write", Site::Lock) => &[0],
        // A state that cannot be read is unusable.
        ("openat" | "read", Site::State) => &[3],
        // Rust finds out how long the state is, to read it at once; it is read all the same.
        ("lseek", Site::State) => &[0],
        // The directories are there.
        ("mkdir", _) => &[7],
        // Removing what is left over of the check that the state can be replaced.
        ("unlink" | "unlinkat", Site::Temporary) => &[0, 7],
        _ => &[7],
    }
}

fn fail_every_call(begin: Begin) {
    let sandbox = eight_pages();
    let reference = reference(&sandbox);
    let (fired, made) = (Mutex::new(0), Mutex::new(0));
    let hit = Mutex::new(BTreeSet::new());
    let points = |calls: &[Call]| {
        let points: Vec<(Call, &str)> = struck(calls)
            .into_iter()
            .flat_map(|call| errors(&call).iter().map(move |error| (call.clone(), *error)))
            .collect();
        *made.lock().unwrap() = points.len();
        points
    };
    sweep(begin, &sandbox, points, |scene, (call, error)| {
        let (name, nth) = (&call.name, call.nth);
        let tracer = Tracer::new();
        let options = format!("-e trace={name} -e inject={name}:error={error}:when={nth}");
        let run = tracer.around(next_run(&scene.place, WORDS), &options).start();
        let status = run.child.wait_with_output().expect("it ends");
        let log = tracer.log();
        let injected: Vec<&str> = log.lines().filter(|line| line.contains("INJECTED")).collect();
        assert!(!injected.is_empty(), "no {error} at {}", call.line);
        *fired.lock().unwrap() += 1;
        hit.lock().unwrap().insert((name.clone(), call.site));
        let what = format!(
            "{error} at {}\n{}\n{}",
            call.line,
            injected.join("\n"),
            String::from_utf8_lossy(&status.stderr)
        );
        let exit = status.status.code().unwrap_or(-1);
        // Harmless to one thread, the same injection may strike another.
        let also = injected.len() > 1 && exit == 7;
        assert!(exits(&call).contains(&exit) || also, "exit {exit}: {what}");
        let removal_failed = name.starts_with("unlink");
        if !removal_failed {
            let left = temporaries(&scene.place);
            // What was there before is only removed by a run that got so far.
            let own: Vec<_> =
                left.iter().filter(|path| !path.ends_with(".sandbox.json.AbCdEf.tmp")).collect();
            assert!(own.is_empty(), "{own:?} is left: {what}");
        }
        if let Some(committed) = committed(&scene.place, "tickets") {
            let length = fs::metadata(scene.place.path(OUTPUT)).map_or(0, |found| found.len());
            let untouched = matches!(begin, Begin::Torn) && length == committed + 8;
            assert!(length == committed || untouched, "{length} for {committed}: {what}");
        }
        if matches!(name.as_str(), "fdatasync" | "fsync") {
            let after = log.split("INJECTED").nth(1).expect("fired").lines().skip(1);
            let again = after.filter(|line| line.contains(OUTPUT)).count();
            assert_eq!(again, 0, "a failed sync was tried again: {what}");
        }
        scene.completes(&reference, &what);
    });
    let (fired, made) = (fired.into_inner().unwrap(), made.into_inner().unwrap());
    println!("{begin:?}: {fired} errors of {made}, {:?}", hit.into_inner().unwrap());
    assert_eq!(fired, made);
}

#[test]
fn p2_every_call_of_a_new_series_fails_once() {
    if straced::available("p2, errors at every call of a new series") {
        fail_every_call(Begin::Fresh);
    }
}

#[test]
fn p2_every_call_of_a_recovery_fails_once() {
    if straced::available("p2, errors at every call of a recovery") {
        fail_every_call(Begin::Torn);
    }
}

/// A file for each run: killed before every call that moves a name or makes something last, and
/// once more, until the injection strikes nothing.
#[test]
fn p2_killed_before_every_call_of_a_segment() {
    if !straced::available("p2, kills at every call of a file for each run") {
        return;
    }
    let sandbox = standing_with(9);
    let words = "tickets -o s-{run}.ndjson --per-page 3";
    let visible = |place: &Place| -> Vec<String> {
        place.names().into_iter().filter(|name| !name.starts_with('.')).collect()
    };
    let whole = Place::of(&sandbox);
    next_run(&whole, words).run().exit(0);
    let reference = whole.file(&visible(&whole)[0]);
    let names = ["?rename", "?renameat", "?renameat2", "fsync", "fdatasync", "flock", "?unlink"];
    let fired: usize = thread::scope(|scope| {
        let sweeps = names.map(|name| {
            let (sandbox, reference) = (&sandbox, &reference);
            scope.spawn(move || {
                for nth in 1.. {
                    let place = Place::of(sandbox);
                    let tracer = Tracer::new();
                    let options =
                        format!("-e trace={name} -e inject={name}:signal=KILL:when={nth}");
                    let mut run = tracer.around(next_run(&place, words), &options).start();
                    let killed = ended(&mut run.child).signal() == Some(9);
                    for name in visible(&place) {
                        assert!(place.file(&name) == *reference, "{name} is not complete");
                    }
                    next_run(&place, words).run().exit(0);
                    let left = visible(&place);
                    assert!(left.len() == 1, "{left:?} after a kill at {name} {nth}");
                    assert!(place.file(&left[0]) == *reference, "after a kill at {name} {nth}");
                    if !killed {
                        return nth - 1;
                    }
                }
                unreachable!("a run ends")
            })
        });
        sweeps.into_iter().map(|sweep| sweep.join().expect("no panic")).sum()
    });
    assert!(fired >= 12, "{fired} kills");
    println!("{fired} kills");
}

//! T: state files that are damaged, newer, another's, stale or out of reach. None is ever taken for
//! a fresh start, and none is touched.
//!
//! T13 has no test: there never was a version 0.

use crate::{
    disk::read_only,
    harness::{Outcome, Place},
    machine::{STANDING, mounts, next_run, standing_with, temporaries},
};
use fastrand::Rng;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command, thread};
use zdx::sandbox::Sandbox;

const WORDS: &str = "tickets -o x.ndjson --per-page 3";

/// A place whose series stands after one page.
fn one_page(sandbox: &Sandbox) -> Place {
    let place = Place::of(sandbox);
    next_run(&place, &format!("{WORDS} --max-pages 1")).run().exit(0);
    place
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("a file to write");
}

fn edit(place: &Place, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut state: Value = serde_json::from_str(&place.state_bytes()).expect("a state");
    change(&mut state);
    let bytes = serde_json::to_vec(&state).expect("JSON");
    write(&place.state(), &bytes);
    bytes
}

/// Refused with 3, naming the file, before any request, and with everything as it was.
#[track_caller]
fn is_refused(sandbox: &Sandbox, place: &Place, says: &str) {
    let before = (sandbox.requests().len(), place.file("x.ndjson"));
    let state = fs::read(place.state()).ok();
    let run = next_run(place, WORDS).run();
    run.refused(3, says).stderr_has("sandbox.json");
    assert_eq!((sandbox.requests().len(), place.file("x.ndjson")), before);
    assert_eq!(fs::read(place.state()).ok(), state, "the state was touched");
}

/// Looks at the state and shows what would be sent.
fn dry(place: &Place) -> Outcome {
    place.zdx(&format!("-q export {WORDS} --dry-run")).run()
}

/// Does the same for each number on two threads, each with a place of its own.
fn on_two_threads(sandbox: &Sandbox, numbers: usize, check: impl Fn(&Place, &[u8], usize) + Sync) {
    thread::scope(|scope| {
        for half in 0..2 {
            let check = &check;
            scope.spawn(move || {
                let place = one_page(sandbox);
                let whole = fs::read(place.state()).expect("a state");
                let numbers = numbers.min(whole.len());
                (half..numbers).step_by(2).for_each(|number| check(&place, &whole, number));
            });
        }
    });
}

#[test]
fn t1_truncated_at_each_length() {
    let sandbox = standing_with(9);
    on_two_threads(&sandbox, usize::MAX, |place, whole, length| {
        write(&place.state(), &whole[..length]);
        let run = dry(place);
        // Without the last line end it is as good as before.
        if length == whole.len() - 1 {
            run.exit(0);
        } else {
            run.refused(3, "is not a valid state file");
        }
        assert_eq!(fs::read(place.state()).unwrap(), &whole[..length]);
    });
}

/// What a flipped bit makes of a state is either refused, or means what it says.
#[test]
fn t2_each_byte_flipped() {
    let sandbox = standing_with(9);
    on_two_threads(&sandbox, usize::MAX, |place, whole, at| {
        let mut flipped = whole.to_vec();
        flipped[at] ^= 1 << Rng::with_seed(at.try_into().unwrap()).u8(0..8);
        write(&place.state(), &flipped);
        let run = dry(place);
        let text = run.text();
        assert!(text.is_empty() || serde_json::from_slice::<Value>(&flipped).is_ok());
        if let Ok(state) = serde_json::from_slice::<Value>(&flipped)
            && let Some(cursor) = state["resources"]["tickets"]["cursor"].as_str()
            && !text.is_empty()
        {
            // It would ask for just that cursor.
            let asked = text.split("cursor=").nth(1).and_then(|rest| rest.split('&').next());
            let asked = asked.map(|asked| percent_decode_str(asked).decode_utf8_lossy());
            assert_eq!(asked.as_deref(), Some(cursor), "{}", run.transcript());
        }
        // Another path is another output (2), another name another resource (2), another id another
        // series (2); all else is damage (3) or harmless.
        let renamed = serde_json::from_slice::<Value>(&flipped).is_ok_and(|state| {
            state["resources"].is_object() && state["resources"]["tickets"].is_null()
        });
        let said = |why: &str| run.stderr().contains(why);
        let right = !text.is_empty()
            || said("is not a valid")
            || said("a newer version of zdx wrote it")
            || said("it belongs to the account")
            || said("is not as the last run left it")
            || said("belongs to the output")
            || said("belongs to the series of tickets")
            || renamed && said("nothing says where to start");
        assert!(right, "{}", run.transcript());
        assert_eq!(fs::read(place.state()).unwrap(), flipped, "touched");
    });
}

/// The same with whole runs, which also look at what is committed.
#[test]
fn t2_some_bytes_flipped_and_run() {
    let sandbox = standing_with(9);
    let whole = one_page(&sandbox);
    next_run(&whole, WORDS).run().exit(0);
    let reference = whole.file("x.ndjson");
    on_two_threads(&sandbox, usize::MAX, |place, whole, at| {
        if !at.is_multiple_of(11) {
            return;
        }
        let output = fs::read(place.path("x.ndjson")).unwrap();
        let mut flipped = whole.to_vec();
        flipped[at] ^= 1;
        write(&place.state(), &flipped);
        let run = next_run(place, WORDS).start();
        let ended = run.child.wait_with_output().expect("it ends");
        let exit = ended.status.code();
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        // A flipped cursor may be one that the server refuses (6).
        assert!([0, 2, 3, 6].map(Some).contains(&exit), "byte {at}: {exit:?} {told}");
        let text = place.file("x.ndjson");
        assert!(text.as_bytes() == output || exit == Some(0), "byte {at}: written and {exit:?}");
        // A flipped cursor may also be an earlier one, from which all is served that it asks for.
        let cursor = |state: &[u8]| {
            let state: Value = serde_json::from_slice(state).unwrap_or_default();
            state["resources"]["tickets"]["cursor"].clone()
        };
        let served = text.len() <= reference.len() || cursor(&flipped) != cursor(whole);
        assert!(exit != Some(0) || served, "byte {at}: more than there is");
        write(&place.state(), whole);
        write(&place.path("x.ndjson"), output);
    });
}

#[test]
fn t3_something_else_than_a_state() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    let path = place.state();
    let whole = place.state_bytes();
    let mut dice = Rng::with_seed(3);
    let random: Vec<u8> = std::iter::repeat_with(|| dice.u8(..)).take(1000).collect();
    for bytes in [vec![0; 500], random, b"null\n".to_vec(), b"[]".to_vec(), b"{}".to_vec()] {
        write(&path, bytes);
        is_refused(&sandbox, &place, "is not a valid state file");
    }
    write(&path, whole.replace("\"resources\"", "\"resourceS\""));
    is_refused(&sandbox, &place, "resources");
    let huge = fs::File::create(&path).unwrap();
    huge.set_len(1 << 30).unwrap();
    let run = next_run(&place, WORDS).run();
    run.refused(3, "is not a valid state file").stderr_has("too large");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    is_refused(&sandbox, &place, "not a regular file");
    fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Looked at, and not waited for.
    next_run(&place, WORDS).run().refused(3, "not a regular file");
}

#[test]
fn t4_a_newer_version() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    edit(&place, |state| state["version"] = json!(3));
    is_refused(&sandbox, &place, "newer version");
}

#[test]
fn t5_unknown_members_survive() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    let more = json!({"deep": [1, {"er": null}]});
    edit(&place, |state| {
        state["more"] = more.clone();
        state["resources"]["tickets"]["more"] = more.clone();
        state["resources"]["tickets"]["output"]["more"] = more.clone();
        state["resources"]["nothing_known"] = more.clone();
    });
    next_run(&place, WORDS).run().exit(0);
    let state: Value = serde_json::from_str(&place.state_bytes()).unwrap();
    assert_eq!(state["more"], more);
    assert_eq!(state["resources"]["tickets"]["more"], more);
    assert_eq!(state["resources"]["tickets"]["output"]["more"], more);
    assert_eq!(state["resources"]["nothing_known"], more);
}

#[test]
fn t6_another_account() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    edit(&place, |state| state["account"] = json!("globex"));
    is_refused(&sandbox, &place, "globex");
    next_run(&place, WORDS).run().stderr_has("\"sandbox\"");
}

#[test]
fn t7_a_position_of_the_wrong_kind() {
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    let words = "organizations -o x.ndjson";
    next_run(&place, words).run().exit(0);
    let state = edit(&place, |state| {
        let saved = state["resources"]["organizations"].as_object_mut().unwrap();
        saved.insert("pagination".to_owned(), json!("cursor"));
        saved.insert("cursor".to_owned(), json!("MTU3NjYxMzUzOS4wfHw0Njd8"));
        saved.remove("end_time");
        saved.remove("seen");
    });
    next_run(&place, words).run().refused(3, "cursor");
    assert_eq!(fs::read(place.state()).unwrap(), state);
    // Asking for another paging than the good one that is saved is a matter of flags.
    let place = one_page(&sandbox);
    next_run(&place, &format!("{WORDS} --pagination time")).run().refused(2, "--pagination");
}

#[test]
fn t8_members_that_make_no_sense() {
    let sandbox = standing_with(9);
    let changes: [fn(&mut Value); 16] = [
        |saved| saved["cursor"] = json!(7),
        |saved| saved["cursor"] = json!(""),
        |saved| saved["cursor"] = json!("a b"),
        |saved| saved["cursor"] = json!("x".repeat(7000)),
        |saved| saved["cursor"] = Value::Null,
        |saved| saved["start_time"] = json!(5),
        |saved| saved["pagination"] = json!("page"),
        |saved| saved["pagination"] = json!("time"),
        |saved| saved["through"] = json!("yesterday"),
        |saved| saved["output"] = json!("x.ndjson"),
        |saved| saved["output"]["path"] = Value::Null,
        |saved| saved["output"]["committed"] = json!(-1),
        |saved| saved["output"]["committed"] = json!("10"),
        |saved| saved["output"]["tail"] = json!("zz"),
        |saved| saved["output"]["tail"] = Value::Null,
        |saved| *saved = json!([]),
    ];
    let place = one_page(&sandbox);
    let whole = place.state_bytes();
    for change in changes {
        write(&place.state(), &whole);
        edit(&place, |state| change(&mut state["resources"]["tickets"]));
        is_refused(&sandbox, &place, "is not a valid state file");
    }
    let place = Place::of(&sandbox);
    next_run(&place, "organizations -o x.ndjson").run().exit(0);
    let whole = place.state_bytes();
    let future = json!(STANDING + 400_000_000);
    let times = [json!(-1), json!("5"), json!(1.5), Value::Null, json!(u64::MAX), future];
    for time in times {
        write(&place.state(), &whole);
        edit(&place, |state| state["resources"]["organizations"]["end_time"] = time.clone());
        let run = next_run(&place, "organizations -o x.ndjson").run();
        run.refused(3, "is not a valid state file");
    }
}

#[test]
fn t9_stale_temporaries_are_removed() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    let beside = |name: &str| place.state().with_file_name(name);
    write(&beside(".sandbox.json.AbCdEf.tmp"), "{");
    write(&beside(".other.json.AbCdEf.dat"), "another's");
    next_run(&place, WORDS).run().exit(0);
    assert_eq!(temporaries(&place), [beside(".other.json.AbCdEf.dat")]);
}

#[test]
fn t10_a_state_that_may_not_be_written() {
    let Some(mount) = mounts("t10, a state's directory that is read-only") else { return };
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    fs::create_dir(place.path("ro")).unwrap();
    let words = format!("-q export {WORDS} --since @0 --state ro/state.json");
    place.zdx(&words).through(&read_only(mount, "ro")).run().refused(7, "ro/state.json");
    // The same when the lock is there already.
    write(&place.path("ro/state.json.lock"), "");
    place.zdx(&words).through(&read_only(mount, "ro")).run().refused(7, "ro/state.json");
    assert!(sandbox.requests().is_empty(), "before any request");
    assert_eq!(place.names(), ["ro"]);
}

#[test]
fn t11_nothing_says_where_to_start() {
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    let run = place.zdx(&format!("-q export {WORDS}")).run();
    run.refused(2, "--since").stderr_has("start in the profile");
    assert!(sandbox.requests().is_empty());
    assert!(place.names().is_empty());
}

#[test]
fn t12_since_beside_a_saved_position() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    let state = place.state_bytes();
    let run = place.zdx("export tickets --since @0 -o other.ndjson").run();
    run.exit(0).stderr_has("one-off").stderr_has("stays as it is");
    assert_eq!(place.state_bytes(), state);
    next_run(&place, WORDS).run().exit(0);
    assert!(place.file("x.ndjson") == place.file("other.ndjson"));
}

#[test]
fn t12b_a_position_of_another_output() {
    let sandbox = standing_with(9);
    let place = one_page(&sandbox);
    let state = place.state_bytes();
    for other in ["y.ndjson", "-"] {
        let run = next_run(&place, &format!("tickets -o {other}")).run();
        run.refused(2, "x.ndjson").stderr_has(other).stderr_has("hint: ");
    }
    assert_eq!((place.state_bytes(), place.names()), (state, vec!["x.ndjson".to_owned()]));
}

#[test]
fn damage_to_a_series_is_told_with_the_resource_once() {
    let sandbox = Sandbox::start(crate::harness::small()).unwrap();
    let place = one_page(&sandbox);
    edit(&place, |state| {
        state["resources"]["tickets"].as_object_mut().unwrap().remove("cursor");
    });
    for words in ["export tickets -o x.ndjson", "state set tickets --since 2h", "state show"] {
        let run = place.zdx(words).run();
        run.refused(3, "it has no \"cursor\"").stderr_counts("tickets:", 1);
    }
}

#[test]
fn a_directory_of_the_state_that_does_not_exist_is_told_with_what_to_type() {
    let sandbox = Sandbox::start(crate::harness::small()).unwrap();
    let place = Place::of(&sandbox);
    place.put("c.toml", "[defaults]\nstate = 'none/of/these.json'\n");
    let words = "export tickets --since 2h -o x.ndjson --config c.toml";
    place.zdx(words).run().refused(7, "hint: mkdir -p /").stderr_has("/none/of\n");
    let words = "export tickets --since 2h --state none/s.json";
    place.zdx(words).run().refused(7, "hint: mkdir -p none\n");
    assert!(sandbox.requests().is_empty());
}

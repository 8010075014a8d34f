//! The state file: never taken for a fresh start when it is damaged, never touched when refused.

use crate::harness::{Place, Still, TICKETS, eventually, small};
use serde_json::{Value, json};
use std::{os::unix::fs::PermissionsExt as _, time::Duration};
use zdx::sandbox::{Fault, Options};

fn caught_up() -> (Still, Place) {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --state s.json").run().exit(0);
    (still, place)
}

const GO_ON: &str = "export tickets -o t.ndjson --state s.json";

/// Puts another state in place and expects it to be refused, untouched.
#[track_caller]
fn refused(still: &Still, place: &Place, state: &str, text: &str) {
    place.put("s.json", state);
    let (file, requests) = (place.file("t.ndjson"), still.sandbox.requests().len());
    for words in [GO_ON, "export tickets --since @0 -o t.ndjson --state s.json --append"] {
        place.zdx(words).run().refused(3, text).stderr_has("s.json");
        assert_eq!(place.file("s.json"), state);
        assert_eq!(place.file("t.ndjson"), file);
        assert_eq!(still.sandbox.requests().len(), requests);
    }
}

#[test]
fn t1_a_truncated_state_is_never_a_fresh_start() {
    let (still, place) = caught_up();
    let whole = place.file("s.json");
    let lengths = [0, 1, 2, whole.len() / 4, whole.len() / 2, whole.len() - 3];
    for length in lengths {
        refused(&still, &place, &whole[..length], "not a valid");
    }
}

#[test]
fn t2_a_changed_byte_never_moves_the_position_silently() {
    let (_still, place) = caught_up();
    let whole = place.file("s.json");
    let file = place.file("t.ndjson");
    for at in (0..whole.len()).step_by(13) {
        let mut bytes = whole.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        place.put("s.json", &text);
        place.put("t.ndjson", &file);
        let run = place.zdx(GO_ON).run();
        // 6: a cursor that the server cannot read; 2: another output's name.
        assert!([0, 2, 3, 6].contains(&run.code()), "byte {at}\n{}", run.transcript());
        if run.code() == 3 {
            assert_eq!(place.file("s.json"), text, "byte {at}");
        }
    }
}

#[test]
fn t3_what_is_no_state_file_is_refused() {
    let (still, place) = caught_up();
    for text in ["\0".repeat(400).as_str(), "[]", "7", "null", "{}", "{\"format\":\"other\"}"] {
        refused(&still, &place, text, "not a valid");
    }
    std::fs::create_dir(place.path("dir.json")).unwrap();
    place
        .zdx("export tickets --since 2h -o x.ndjson --state dir.json")
        .run()
        .refused(3, "dir.json");
}

#[test]
fn t4_a_newer_version_is_refused() {
    let (still, place) = caught_up();
    let newer = place.file("s.json").replace("\"version\": 2", "\"version\": 3");
    refused(&still, &place, &newer, "newer version");
}

#[test]
fn t5_unknown_members_survive() {
    let (_still, place) = caught_up();
    let mut state: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    state["future"] = json!({"a": [1, 2]});
    state["resources"]["tickets"]["note"] = json!("kept");
    state["resources"]["tickets"]["output"]["owner"] = json!("kept");
    state["resources"]["chats"] = json!({"pagination": "cursor", "cursor": "x"});
    place.put("s.json", &state.to_string());
    place.zdx("export users --since @0 -o u.ndjson --state s.json").run().exit(0);
    place.zdx(GO_ON).run().exit(0);
    let after: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    assert_eq!(after["future"], state["future"]);
    assert_eq!(after["resources"]["chats"], state["resources"]["chats"]);
    assert_eq!(after["resources"]["tickets"]["note"], "kept");
    assert_eq!(after["resources"]["tickets"]["output"]["owner"], "kept");
}

#[test]
fn t6_another_accounts_state_is_refused_with_both_names() {
    let (still, place) = caught_up();
    let state = place.file("s.json");
    place.put("s.json", &state);
    let place = place.with("ZENDESK_SUBDOMAIN", "acme");
    place.zdx(GO_ON).run().refused(3, "sandbox").stderr_has("acme");
    assert_eq!(place.file("s.json"), state);
    assert_eq!(still.sandbox.requests().len(), 1);
}

#[test]
fn t7_t8_a_position_that_cannot_be_is_refused() {
    let (still, place) = caught_up();
    let whole: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    let time =
        |end_time: Value| json!({"pagination": "time", "cursor": null, "end_time": end_time});
    for change in [
        json!({"pagination": "offset"}),
        json!({"pagination": null}),
        json!({"cursor": 7}),
        json!({"cursor": ""}),
        json!({"cursor": null}),
        json!({"cursor": "a\nb"}),
        json!({"through": "yesterday"}),
        json!({"output": null}),
        json!({"output": {"path": 7}}),
        time(json!(-5)),
        time(json!("1795485480")),
        time(json!(1.5)),
        time(json!(9_999_999_999_u64)),
        time(json!(null)),
    ] {
        let mut state = whole.clone();
        for (member, value) in change.as_object().unwrap() {
            state["resources"]["tickets"][member] = value.clone();
        }
        refused(&still, &place, &state.to_string(), "tickets");
    }
    let organizations = json!({"organizations": whole["resources"]["tickets"].clone()});
    let mut state = whole;
    state["resources"] = organizations;
    place.put("s.json", &state.to_string());
    place.zdx("export organizations -o t.ndjson --state s.json").run().refused(3, "organizations");
}

#[test]
fn t9_temporaries_of_a_killed_run_are_removed() {
    let (_still, place) = caught_up();
    place.put(".s.json.AbCdEf.tmp", "{\"half\":");
    place.zdx(GO_ON).run().exit(0);
    assert_eq!(place.names(), ["s.json", "s.json.lock", "t.ndjson"]);
}

#[test]
fn t10_a_state_directory_that_cannot_be_written_is_found_before_any_request() {
    let (still, place) = caught_up();
    let words = "export tickets --since @0 -o x.ndjson --state /proc/zdx.json";
    place.zdx(words).run().refused(7, "/proc/zdx.json");
    assert_eq!(still.sandbox.requests().len(), 1);
    place
        .zdx("export tickets --since @0 -o x.ndjson --state no/dir/s.json")
        .run()
        .refused(7, "no/dir");
}

#[test]
fn d23_the_mode_of_a_state_is_kept() {
    let (_still, place) = caught_up();
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(place.path("s.json"), mode(0o640)).unwrap();
    place.zdx(GO_ON).run().exit(0);
    place.zdx("export users --since @0 -o u.ndjson --state s.json").run().exit(0);
    assert_eq!(place.path("s.json").metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn p6_a_state_that_another_run_holds_is_left_to_it() {
    let still = Still::with(Options { faults: vec![(Fault::Hang, 1)], ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let first = place.zdx("export tickets --since @0 -o t.ndjson").start();
    eventually(|| still.sandbox.requests().len() == 1);
    let state = place.state_bytes();
    for words in ["export tickets -o t.ndjson", "export users --since @0 -o u.ndjson"] {
        let run = place.zdx(words).run();
        run.refused(11, "another zdx").stderr_has(&format!("pid {}", first.child.id()));
    }
    assert_eq!(place.state_bytes(), state);
    assert_eq!(still.sandbox.requests().len(), 1);
    first.signal(rustix::process::Signal::KILL);
    drop(first.child.wait_with_output());
    // P7: the lock is gone with its holder.
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn p8_of_many_at_once_one_runs_and_the_rest_step_aside() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 7 --max-pages 1").run().exit(0);
    let runs: Vec<_> =
        (0..12).map(|_| place.zdx("export tickets -o t.ndjson --per-page 7").start()).collect();
    let ends = runs.into_iter().map(|run| run.child.wait_with_output().unwrap().status.code());
    let exits: Vec<Option<i32>> = ends.collect();
    assert!(exits.contains(&Some(0)), "{exits:?}");
    assert!(exits.iter().all(|exit| [Some(0), Some(11)].contains(exit)), "{exits:?}");
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn p4_a_signal_ends_the_run_on_a_pages_edge() {
    use rustix::process::Signal;
    for (signal, exit) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let still = Still::with(Options { faults: vec![(Fault::Hang, 3)], ..small() }, &[TICKETS]);
        let place = Place::of(&still.sandbox);
        let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 7").start();
        eventually(|| still.sandbox.requests().len() == 3);
        run.signal(signal);
        run.end().exit(exit).stderr_has("14 records");
        assert_eq!(place.file("t.ndjson").lines().count(), 14);
        place.zdx("export tickets -o t.ndjson").run().exit(0);
        assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    }
}

#[test]
fn p1_a_killed_run_is_continued_exactly() {
    let still = Still::with(Options { latency: Duration::from_millis(10), ..small() }, &[TICKETS]);
    for name in ["t.ndjson", "t.ndjson.gz"] {
        let place = Place::of(&still.sandbox);
        let step = format!("export tickets -o {name} --per-page 1");
        place.zdx(&format!("{step} --since @0 --max-pages 1")).run().exit(0);
        for kill in 0..10 {
            let before = still.sandbox.requests().len();
            let run = place.zdx(&step).start();
            eventually(|| still.sandbox.requests().len() > before + kill % 4);
            run.signal(rustix::process::Signal::KILL);
            drop(run.child.wait_with_output());
        }
        place.zdx(&step.replace("--per-page 1", "")).run().exit(0);
        assert_eq!(place.file(name), still.ndjson(TICKETS));
    }
}

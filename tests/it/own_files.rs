//! Files that are no outputs: zdx's own, and one file for two kinds of records. Refused before
//! anything is made or sent.

use crate::{
    harness::{Outcome, Place, Still, TICKETS, USERS},
    machine::{Snapshot, append, ended, killed_in_a_page, standing_with},
    straced::{self, Tracer},
};
use std::{fs, os::unix::fs::symlink, process::Command};

/// All that is in a place, but for locks, which say who was there last.
fn all_of(place: &Place) -> Snapshot {
    Snapshot::of(place).without(".lock")
}

/// A refusal that makes, changes and sends nothing.
#[track_caller]
fn refused(still: &Still, place: &Place, words: &str, text: &str) -> Outcome {
    let (before, requests) = (all_of(place), still.sandbox.requests().len());
    let run = place.zdx(words).run();
    run.refused(2, text);
    run.holds(all_of(place) == before, "something was made or changed");
    run.holds(still.sandbox.requests().len() == requests, "something was sent");
    run
}

#[test]
fn zdxs_own_files_are_no_outputs() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let sandbox_state = place.state();
    place.zdx("export tickets --since @0 -o t.ndjson --state s.json").run().exit(0);
    place.zdx("export tickets --since @0 -o d.ndjson").run().exit(0);
    place.zdx("state set tickets --since 2h --state s.json").run().exit(0);
    let backup = place.names().into_iter().find(|name| name.ends_with(".bak")).unwrap();
    fs::copy(place.path("s.json"), place.path("s.json.v1")).unwrap();
    append(&place.put(".t.ndjson.discarded", ""), "{\"cut\":1}\n");
    symlink("s.json", place.path("link.ndjson")).unwrap();
    fs::hard_link(place.path("s.json"), place.path("hard.txt")).unwrap();
    let own = [
        "s.json",
        "link.ndjson",
        "hard.txt",
        "s.json.lock",
        "s.json.v1",
        ".t.ndjson.owner",
        ".t.ndjson.discarded",
        backup.as_str(),
    ];
    for output in own {
        for rest in [
            "--append",
            "--overwrite",
            "--overwrite --state other.json",
            "--overwrite --no-state",
            "--overwrite --state s.json",
            "--dry-run --append",
        ] {
            let words = format!("export users --since @0 -o {output} {rest}");
            refused(&still, &place, &words, "zdx keeps for itself").stderr_has("hint: ");
        }
    }
    // Nor does a list take the place of one.
    for output in own {
        for rest in ["--overwrite", "--overwrite --no-state", "--overwrite --state s.json"] {
            let words = format!("export brands -o {output} {rest}");
            refused(&still, &place, &words, "zdx keeps for itself").stderr_has("hint: ");
        }
    }
    // Where there is none yet.
    for output in [
        "new.json",
        "new.json.lock",
        "new.json.v1",
        "new.json.20261124T015903Z.bak",
        ".x.ndjson.owner",
        ".x.ndjson.discarded",
        ".x-{run}.ndjson.partial",
    ] {
        let words = format!("export users --since @0 -o {output} --state new.json");
        refused(&still, &place, &words, "zdx keeps for itself");
    }
    // That of the account, whether a state takes part or not.
    for rest in ["--no-state", "--until 1h", ""] {
        let path = sandbox_state.display();
        let words = format!("export users --since 2h --overwrite -o {path} {rest}");
        refused(&still, &place, &words, "zdx keeps for itself");
    }
    // Nor does a series move there.
    let to = ".t.ndjson.discarded";
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fs::rename(place.path("t.ndjson"), place.path(to)).unwrap();
    let words = format!("state move tickets -o {to} --state s.json");
    refused(&still, &place, &words, "zdx keeps for itself");
    // What only looks like it is a user's own.
    for output in ["x.owner.ndjson", "s.json.ndjson", "owner.ndjson", ".hidden.ndjson"] {
        let words = format!("export users --since @0 -o {output} --no-state");
        place.zdx(&words).run().exit(0);
    }
}

#[test]
fn two_resources_of_one_run_never_end_in_one_file() {
    let still = Still::of(&[TICKETS, USERS]);
    for rest in ["", "--no-state", "--append", "--overwrite"] {
        type Lay = fn(&Place);
        let link: [(&str, Lay); 4] = [
            ("out/", |place| {
                symlink("users.ndjson", place.path("out/tickets.ndjson")).unwrap();
            }),
            ("out/", |place| {
                place.put("out/users.ndjson", "{\"old\":1}\n");
                symlink("users.ndjson", place.path("out/tickets.ndjson")).unwrap();
            }),
            ("out/{resource}.ndjson", |place| {
                let users = place.put("out/users.ndjson", "{\"old\":1}\n");
                fs::hard_link(users, place.path("out/tickets.ndjson")).unwrap();
            }),
            ("{resource}/x.ndjson", |place| {
                fs::create_dir(place.path("users")).unwrap();
                symlink("users", place.path("tickets")).unwrap();
            }),
        ];
        for (output, lay) in link {
            let place = Place::of(&still.sandbox);
            fs::create_dir(place.path("out")).unwrap();
            lay(&place);
            let words = format!("export tickets users --since @0 -o {output} {rest}");
            refused(&still, &place, &words, "are one file").stderr_has("tickets");
            let words = format!("{words} --dry-run");
            refused(&still, &place, &words, "are one file");
        }
    }
}

/// Nor do the records of one and those of its sideload, nor those of another series of the state.
#[test]
fn a_sideload_and_another_series_have_files_of_their_own() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    symlink("t.ndjson", place.path("t.tickets.users.ndjson")).unwrap();
    let words = "export tickets --include users --since @0 -o t.ndjson";
    refused(&still, &place, words, "are one file").stderr_has("tickets.users");
    place.zdx("export users --since @0 -o u.ndjson").run().exit(0);
    fs::hard_link(place.path("u.ndjson"), place.path("v.ndjson")).unwrap();
    let words = "export tickets --since @0 -o v.ndjson --append";
    refused(&still, &place, words, "belongs to the series of users");
}

/// What is said comes true: a run that is refused has begun no series.
#[test]
fn a_series_is_told_as_begun_only_when_it_is() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    let old = place.put("old.ndjson", "{\"old\":1}\n");
    let words = "export tickets --since @0 -o old.ndjson";
    let wants = "already holds 10 bytes";
    for rest in ["", "--dry-run", "--no-state", "--log-format json"] {
        let run = refused(&still, &place, &format!("{words} {rest}"), wants);
        run.stderr_lacks("series saved").stderr_lacks("from 1970").stderr_lacks("one-off");
    }
    // One of several is refused: nothing is begun for any.
    fs::create_dir(place.path("out")).unwrap();
    fs::copy(&old, place.path("out/users.ndjson")).unwrap();
    let words = "export tickets users --since @0 -o out/";
    refused(&still, &place, words, wants).stderr_lacks("series saved");
    // Nor where the output has a series, or is not as it was left.
    place.zdx("export tickets --since @0 -o t.ndjson --state a.json").run().exit(0);
    let words = "export tickets --since @0 -o t.ndjson --append --state b.json";
    refused(&still, &place, words, "belongs to the series").stderr_lacks("series saved");
    append(&place.path("t.ndjson"), "{}\n");
    let run = place.zdx("export tickets -o t.ndjson --state a.json").run();
    run.refused(3, "nothing proves that zdx wrote them").stderr_lacks("goes on from");
    // Where the state cannot be saved, no series is saved in it.
    if straced::available("a beginning that cannot be saved") {
        let tracer = Tracer::new();
        let fails = "-e trace=?rename,?renameat -e inject=?rename,?renameat:error=EROFS";
        let run = place.zdx("export tickets --since @0 -o new.ndjson --state c.json");
        let run = tracer.around(run, fails).run();
        run.refused(7, "cannot save the position").stderr_lacks("series saved");
    }
    // And where it is begun, that is said before anything is sent.
    let run = place.zdx("export tickets --since @0 -o ok.ndjson --retry-for 0s");
    let run = run.env("ZDX_BASE_URL", "http://127.0.0.1:9").run();
    let told = run.exit(5).stderr().lines().next().unwrap_or_default();
    run.holds(told.contains("a new series saved in "), "the first line says what is begun");
}

/// What was cut off is kept, and what is said of it is so: its size, and the `rm` to type.
#[test]
fn what_was_cut_off_is_told_with_its_size_and_how_to_be_rid_of_it() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let kept = place.path(".my x.ndjson.discarded");
    let run = |name: &str| place.zdx("export tickets --per-page 3 --max-pages 1 -o").arg(name);
    let tears = ["{\"torn\":", "{\"torn\":\"once more\""];
    let mut all = String::new();
    for torn in tears {
        // A name that a shell has to be told.
        if all.is_empty() {
            killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "");
            #[expect(clippy::disallowed_methods, reason = "a test's own files")]
            fs::rename(place.path("x.ndjson"), place.path("my x.ndjson")).unwrap();
            place.zdx("state move tickets -o").arg("my x.ndjson").run().exit(0);
        }
        let tracer = Tracer::new();
        if !straced::available("what is told of a tail that was cut off") {
            return;
        }
        let before = fs::read(place.path("my x.ndjson")).unwrap().len();
        let kill = "-e trace=fdatasync -e inject=fdatasync:signal=KILL:when=1";
        let mut first = tracer.around(run("my x.ndjson"), kill).start();
        ended(&mut first.child);
        append(&place.path("my x.ndjson"), torn);
        let text = fs::read_to_string(place.path("my x.ndjson")).unwrap();
        let tail = &text[before..];
        assert!(tail.ends_with(torn) && tail.len() > torn.len());
        all.push_str(tail);
        let next = run("my x.ndjson").run();
        next.exit(0);
        assert_eq!(fs::read_to_string(&kept).unwrap(), all, "{}", next.transcript());
        let line = next.stderr().lines().find(|line| line.contains("discarded")).unwrap();
        let cut = format!("discarded {} bytes of ", tail.len());
        assert!(line.contains("warning") && line.contains(&cut), "{line}");
        let whole = format!("what was cut off is kept, {} bytes by now: rm ", grouped(all.len()));
        let (_, rest) = line.split_once(&whole).unwrap_or_else(|| panic!("{line}"));
        let (path, _) = rest.split_once(" when you do not want it").unwrap();
        assert_eq!(path, format!("'{}'", kept.canonicalize().unwrap().display()));
    }
    // Typed as it is told, that is all that goes.
    let done =
        Command::new("sh").arg("-c").arg(format!("rm '{}'", kept.display())).status().unwrap();
    assert!(done.success());
    run("my x.ndjson").run().exit(0).stderr_lacks("discarded");
    assert!(!kept.exists());
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

//! An output that is not where its series left it: its directory is gone, or it was moved under a name
//! that says something else. What is hinted works as it is typed, and says what comes twice.

use crate::{
    harness::{Outcome, Place, Still, TICKETS},
    machine::append,
};
use std::{collections::BTreeSet, fs, os::unix::fs::symlink, process::Command};

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn rename(place: &Place, from: &str, to: &str) {
    fs::rename(place.path(from), place.path(to)).unwrap();
}

/// What stands behind these words in a hint of a run.
#[track_caller]
fn hinted<'a>(run: &'a Outcome, behind: &str) -> &'a str {
    let mut hints = run.stderr().lines().filter(|line| line.starts_with("zdx: hint: "));
    let found = hints.find_map(|line| line.split_once(behind)).map(|(_, command)| command);
    found.unwrap_or_else(|| panic!("no hint has {behind:?}\n{}", run.transcript()))
}

/// Types a line of shell.
#[track_caller]
fn shell(place: &Place, line: &str) {
    let done = Command::new("sh").arg("-c").arg(line).current_dir(place.path("")).status().unwrap();
    assert!(done.success(), "{line}");
}

/// The directory that an output is to lie in is the user's own, and may have been a disk.
#[test]
fn u18_a_directory_that_vanished_is_told_as_unmounted_and_not_to_be_made() {
    for output in [
        "out/t.ndjson",
        "out/t.ndjson.gz",
        "out/{resource}.ndjson",
        "deep/out/",
        "out/{resource}-{date}.ndjson",
        "out/{resource}-{run}.ndjson",
        "out/x/{run}/{resource}.ndjson",
    ] {
        let still = Still::of(&[TICKETS]);
        let place = Place::of(&still.sandbox);
        let top = output.split('/').next().unwrap();
        fs::create_dir_all(place.path(top).join("x")).unwrap();
        place.zdx(&format!("export tickets --since @0 -o {output}")).run().exit(0);
        rename(&place, top, "elsewhere");
        let (state, requests) = (place.state_bytes(), still.sandbox.requests().len());
        for rest in ["-q", "", "--dry-run"] {
            let run = place.zdx(&format!("export tickets -o {output} {rest}")).run();
            run.refused(7, "is its disk unmounted?").stderr_lacks("does not exist");
        }
        assert_eq!(place.all_names(), ["elsewhere"], "{output}");
        assert_eq!(place.state_bytes(), state);
        assert_eq!(still.sandbox.requests().len(), requests);
        // Mounted again, it goes on there.
        rename(&place, "elsewhere", top);
        place.zdx(&format!("export tickets -o {output}")).run().exit(0).stderr_has("nothing new");
        // Moved away for good: what is hinted lets a new file begin.
        rename(&place, top, "elsewhere");
        let run = place.zdx(&format!("export tickets -o {output}")).run();
        shell(&place, hinted(&run, "moved away for good: "));
        still.pass_time(TICKETS);
        place.zdx(&format!("export tickets -o {output}")).run().exit(0);
    }
}

#[test]
fn u18_a_link_to_a_disk_that_is_gone_is_told_as_unmounted() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    fs::create_dir(place.path("disk")).unwrap();
    symlink(place.path("disk"), place.path("data")).unwrap();
    place.zdx("export tickets --since @0 -o data/t.ndjson").run().exit(0);
    rename(&place, "disk", "gone");
    place.zdx("export tickets -o data/t.ndjson").run().refused(7, "is its disk unmounted?");
    assert_eq!(place.names(), ["data", "gone"]);
}

/// Of another output, or of a series with nothing committed, a directory that is not there is one that
/// was mistyped.
#[test]
fn u18_a_directory_that_never_was_is_a_mistake() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    fs::create_dir(place.path("out")).unwrap();
    place.zdx("export tickets --since @0 -o out/t.ndjson").run().exit(0);
    for output in ["typo/t.ndjson", "out/typo/t.ndjson"] {
        let run = place.zdx(&format!("export tickets -o {output}")).run();
        run.refused(2, "the directory of the output does not exist");
    }
    place.zdx("export users --since 61s -o out/u.ndjson").run().exit(0);
    rename(&place, "out", "elsewhere");
    place.zdx("export users -o typo/u.ndjson").run().refused(2, "does not exist");
}

/// The name says how a file is compressed: under another name it would be gone on with otherwise.
#[test]
fn rule_5_a_file_that_was_moved_under_a_name_of_another_compression_is_refused() {
    for (was, now) in [
        ("t.ndjson.gz", "moved.ndjson"),
        ("t.ndjson.zst", "moved.ndjson"),
        ("t.ndjson", "moved.ndjson.gz"),
        ("t.ndjson.gz", "moved.ndjson.zst"),
    ] {
        let still = Still::of(&[TICKETS]);
        let place = Place::of(&still.sandbox);
        place.zdx(&format!("export tickets --since @0 -o {was}")).run().exit(0);
        rename(&place, was, now);
        let (state, bytes) = (place.state_bytes(), fs::read(place.path(now)).unwrap());
        still.pass_time(TICKETS);
        for words in [
            format!("export tickets -o {now}"),
            format!("export tickets -o {now} --dry-run"),
            format!("state move -o {now}"),
        ] {
            let run = place.zdx(&words).start();
            let output = run.child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{was}, {words}: {said}");
            assert!(said.contains("compress"), "{said}");
            assert!(!said.contains("--append"), "{said}");
            assert_eq!(place.state_bytes(), state, "{words}");
            assert!(fs::read(place.path(now)).unwrap() == bytes, "{words}");
        }
        // The way out works as it is typed.
        let run = place.zdx(&format!("export tickets -o {now}")).start();
        let output = run.child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, line) = said.split_once("give it a name that says so: ").expect("a way out");
        let (command, output) =
            line.lines().next().unwrap().split_once(", then go on with ").unwrap();
        shell(&place, command);
        place.zdx(&format!("export tickets {output}")).run().exit(0);
        let lines: BTreeSet<String> =
            place.file(output.trim_start_matches("-o ")).lines().map(str::to_owned).collect();
        assert!(still.records(TICKETS).iter().all(|record| lines.contains(record)));
    }
}

/// Where moving the file is the way, that is what is hinted, and nothing comes twice.
#[test]
fn u5_the_output_changed_and_the_file_is_to_come_along() {
    for (old, new) in [("a.ndjson", "b.ndjson"), ("a/", "b/"), ("a.ndjson", "b/")] {
        let still = Still::of(&[TICKETS]);
        let place = Place::of(&still.sandbox);
        let words = "export tickets --include users";
        place.zdx(&format!("{words} --since @0 -o {old}")).run().exit(0);
        let run = place.zdx(&format!("{words} -o {new}")).run();
        run.refused(2, "the saved position belongs to the output");
        let line = hinted(&run, "take the output along: ");
        let (line, _) = line.split_once(", then run the same command again").unwrap();
        shell(&place, line);
        place.zdx(&format!("{words} -o {new}")).run().exit(0).stderr_has("was moved to");
        let file = if new == "b/" { "b/tickets.ndjson" } else { new };
        let text = place.file(file);
        assert_eq!(text, still.ndjson(TICKETS));
    }
}

/// Half of it was moved: the rest is what is left to be moved.
#[test]
fn u5_what_is_left_behind_of_a_move_is_told() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --include users";
    place.zdx(&format!("{words} --since @0 -o a/")).run().exit(0);
    fs::create_dir(place.path("b")).unwrap();
    rename(&place, "a/tickets.ndjson", "b/tickets.ndjson");
    let run = place.zdx(&format!("{words} -o b/")).run();
    let line = hinted(&run, "take the output along: ");
    let (line, _) = line.split_once(", then run").unwrap();
    assert_eq!(line.matches("mv ").count(), 1, "{line}");
    shell(&place, line);
    place.zdx(&format!("{words} -o b/")).run().exit(0).stderr_has("nothing new");
    // Copied, not moved: the old one is still in the way.
    shell(&place, "mkdir c && cp -p b/tickets.ndjson b/tickets.users.ndjson c/");
    let run = place.zdx(&format!("{words} -o c/")).run();
    let line = hinted(&run, "take the output along: ");
    shell(&place, line.split_once(", then run").unwrap().0);
    place.zdx(&format!("{words} -o c/")).run().exit(0).stderr_has("nothing new");
    assert!(place.path("b/tickets.ndjson.old").exists());
}

/// Where nothing else is left than to begin anew, it is said what comes twice; and that is all.
#[test]
fn u5_a_hint_that_repeats_records_says_so() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o a.ndjson").run().exit(0);
    let text = place.file("a.ndjson");
    // Edited where it went: it is not the committed file any more.
    rename(&place, "a.ndjson", "b.ndjson");
    append(&place.path("b.ndjson"), "{\"mine\":1}\n");
    let run = place.zdx("export tickets -o b.ndjson").run();
    run.refused(2, "belongs to the output").stderr_lacks("take the output along");
    let through = place.saved("tickets")["through"].as_str().unwrap().to_owned();
    run.stderr_has(&format!("what changed at {through} or later is written once more"));
    for command in run.stderr().split('`').filter(|part| part.starts_with("zdx ")) {
        place.zdx(&command["zdx ".len()..]).run().exit(0);
    }
    let after = place.file("b.ndjson");
    let again = after.strip_prefix(&format!("{text}{{\"mine\":1}}\n")).expect("kept").lines();
    let again: Vec<&str> = again.collect();
    assert!(!again.is_empty() && again.iter().all(|line| text.contains(line)));
}

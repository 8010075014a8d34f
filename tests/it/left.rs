//! What a kill leaves beside a state or an output is removed by the next run, and what is kept of a
//! state is never replaced.

use crate::{
    harness::{Place, Still, TICKETS},
    machine::{ended, standing_with},
    straced::{self, Tracer},
};
use serde_json::Value;
use std::{fs, os::unix::process::ExitStatusExt as _};

/// The names of what stands in the directory of the state, but for its lock.
fn beside_the_state(place: &Place) -> Vec<String> {
    let dir = place.state().parent().unwrap().to_owned();
    let names = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
    names.retain(|name| !name.ends_with(".lock"));
    names.sort();
    names
}

/// Makes the state one of zdx 0.1, and gives its text.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn age(place: &Place) -> String {
    let state = place.state();
    let mut old: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    old["version"] = 1.into();
    for member in ["series", "open", "overlap"] {
        old["resources"]["tickets"].as_object_mut().unwrap().remove(member);
    }
    old["resources"]["tickets"]["output"].as_object_mut().unwrap().remove("file");
    let old = old.to_string();
    fs::write(state, &old).unwrap();
    // zdx 0.1 knew of none.
    fs::remove_file(place.path(".t.ndjson.owner")).unwrap();
    old
}

/// Runs a command again and again, killed at each call of a name, and lets it come to its end in
/// between; how often it was killed.
fn kill_at_every(
    name: &str,
    words: &str,
    mut begin: impl FnMut() -> Place,
    mut check: impl FnMut(&Place, &str),
) -> usize {
    for nth in 1.. {
        let place = begin();
        let tracer = Tracer::new();
        let options = format!("-e trace={name} -e inject={name}:signal=KILL:when={nth}");
        let mut run = tracer.around(place.zdx(words), &options).start();
        if ended(&mut run.child).signal() != Some(9) {
            return nth - 1;
        }
        check(&place, &format!("{words}: killed at {name} {nth}"));
    }
    unreachable!("a run ends")
}

const CALLS: [&str; 7] =
    ["?rename", "?renameat", "?renameat2", "?link", "?linkat", "fsync", "?unlink"];

#[test]
fn t9_temporaries_of_backups_and_of_old_versions_are_removed() {
    if !straced::available("t9, temporaries of backups and old versions") {
        return;
    }
    let sandbox = standing_with(6);
    let begun = || {
        let place = Place::of(&sandbox);
        place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
        place
    };
    let old = || {
        let place = begun();
        age(&place);
        place
    };
    let mut kills = 0;
    for call in CALLS {
        let clean = |place: &Place, what: &str| {
            place.zdx("export tickets -o t.ndjson").run().exit(0);
            let left: Vec<String> =
                beside_the_state(place).into_iter().filter(|name| name.contains(".tmp")).collect();
            assert!(left.is_empty(), "{what}: {left:?}");
        };
        kills += kill_at_every(call, "export tickets -o t.ndjson", old, clean);
        kills += kill_at_every(call, "state set tickets --since 2h", begun, clean);
    }
    assert!(kills >= 10, "{kills} kills");
}

/// Each state of version 1 is kept, and none takes the place of another; but one that was kept before a
/// kill is not kept twice.
#[test]
fn t13_each_state_of_version_1_is_kept() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t.ndjson";
    place.zdx(&format!("{words} --since @0 --per-page 25 --max-pages 1")).run().exit(0);
    let kept = |n: &str| {
        let path = format!("{}.v1{n}", place.state().display());
        fs::read_to_string(path).unwrap_or_default()
    };
    let first = age(&place);
    place.zdx(&format!("{words} --per-page 25 --max-pages 1")).run().exit(0);
    assert_eq!(kept(""), first);
    let second = age(&place);
    assert_ne!(first, second);
    place.zdx(words).run().exit(0);
    assert_eq!((kept(""), kept("-2")), (first.clone(), second.clone()));
    // Killed behind the keeping, it is kept already.
    fs::copy(format!("{}.v1-2", place.state().display()), place.state()).unwrap();
    let run = place.zdx("state reset tickets").run();
    run.exit(0);
    assert_eq!((kept(""), kept("-2"), kept("-3")), (first, second, String::new()));
}

/// Nobody owns the place that an output was moved from, whenever a run that goes on elsewhere is killed.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn an_old_owner_file_does_not_outlive_a_move_that_was_killed() {
    if !straced::available("kills in the middle of a move") {
        return;
    }
    let sandbox = standing_with(6);
    let whole = Place::of(&sandbox);
    whole.zdx("export tickets --since @0 --include users -o t.ndjson").run().exit(0);
    let moved = || {
        let place = Place::of(&sandbox);
        let words = "export tickets --since @0 --per-page 3 --max-pages 1 --include users -o a/";
        place.zdx(words).run().exit(0);
        fs::create_dir(place.path("b")).unwrap();
        for name in ["tickets.ndjson", "tickets.users.ndjson"] {
            fs::rename(place.path(&format!("a/{name}")), place.path(&format!("b/{name}"))).unwrap();
        }
        place
    };
    let on = "export tickets --include users -o b/";
    let mut kills = 0;
    for call in CALLS {
        for words in [on, "state move -o b/"] {
            kills += kill_at_every(call, words, moved, |place, what| {
                place.zdx(on).run().exit(0);
                assert!(place.file("b/tickets.ndjson") == whole.file("t.ndjson"), "{what}");
                let left = fs::read_dir(place.path("a")).unwrap().flatten();
                let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
                assert!(left.is_empty(), "{what}: {left:?}");
                // Another series may begin there.
                place.zdx("export tickets --since @0 -o a/ --state other.json").run().exit(0);
            });
        }
    }
    assert!(kills >= 20, "{kills} kills");
}

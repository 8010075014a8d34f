//! `--dry-run` ends as the run would, and leaves everything as it is.

use crate::{
    harness::{Place, Still, TICKETS, eventually, small},
    machine::killed_in_a_page,
};
use std::fs;
use zdx::sandbox::{Fault, Options};

/// A dry run and then the run itself end alike; the first one changes nothing.
#[track_caller]
fn alike(place: &Place, words: &str, exit: i32, text: &str) {
    let before = (place.names(), place.state_bytes());
    let dry = place.zdx(&format!("{words} --dry-run")).run();
    dry.exit(exit).stderr_has(text);
    assert_eq!((place.names(), place.state_bytes()), before, "{words}");
    place.zdx(words).run().exit(exit).stderr_has(text);
}

#[test]
fn a_dry_run_refuses_what_the_run_refuses() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("old.ndjson", "{}\n");
    place.put("torn.ndjson", "{}");
    fs::create_dir(place.path("dir.ndjson")).unwrap();
    let one_off = "export tickets --since 2h --no-state";
    alike(&place, &format!("{one_off} -o old.ndjson"), 2, "already holds 3 bytes");
    alike(&place, &format!("{one_off} -o torn.ndjson --append"), 2, "newline");
    alike(&place, "export tickets --since 2h -o old.ndjson", 2, "already holds 3 bytes");
    place.put("s.ndjson", &"{}\n".repeat(1000));
    alike(&place, "export tickets --since 2h -o s.ndjson", 2, "already holds 3,000 bytes");
    let words = "export tickets --since 2h -o t.ndjson --include users";
    place.put("t.users.ndjson", "{}\n");
    place.put("t.tickets.users.ndjson", "{}\n");
    alike(&place, words, 2, "already holds 3 bytes");
    assert!(!place.path("t.ndjson").exists(), "nothing is half begun");
    let words = "export tickets --since 2h --state none/s.json -o t.ndjson";
    alike(&place, words, 7, "none/s.json");
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    alike(&place, &format!("{one_off} -o t.ndjson --append"), 2, "belongs to the series");
    place.put("t.ndjson", "{}\n");
    alike(&place, "export tickets -o t.ndjson", 3, "not as the last run left it");
}

#[test]
fn a_dry_run_refuses_a_series_on_the_null_device() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since 2h --dry-run";
    let run = place.zdx(words).through("\"$0\" \"$@\" >/dev/null").run();
    run.exit(2).stderr_has("null device");
    place.zdx(words).run().exit(0);
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets users --since 2h -o out/ --include groups --dry-run";
    place.zdx(words).run().exit(0).stdout_has("tickets: would send GET ");
    place.zdx(&format!("{words} --state s.json")).run().exit(0);
    assert_eq!(place.names(), Vec::<String>::new());
    assert!(!place.state().parent().unwrap().exists());
}

#[test]
fn a_dry_run_keeps_what_is_written_but_not_committed() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let more = "{\"more\":1}\n";
    killed_in_a_page(&place, &still.sandbox, "tickets -o t.ndjson", "t.ndjson", 1, more);
    let before = place.file("t.ndjson");
    assert!(before.ends_with(more));
    place.zdx("export tickets -o t.ndjson --dry-run").run().exit(0);
    assert_eq!(place.file("t.ndjson"), before);
}

#[test]
fn a_dry_run_is_not_in_the_way_of_a_run_nor_the_other_way_round() {
    let options = Options { faults: vec![(Fault::Hang, 1)], ..small() };
    let still = Still::with(options, &[]);
    let place = Place::of(&still.sandbox);
    let running = place.zdx("export tickets --since @0 -o t.ndjson").start();
    eventually(|| still.sandbox.requests().len() == 1);
    place.zdx("export tickets -o t.ndjson --dry-run").run().exit(0);
    running.signal(rustix::process::Signal::TERM);
    running.end().exit(143);
}

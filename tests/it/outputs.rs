//! Where records go: files, directories, templates, compression and stdout in all its forms.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, USERS},
    machine::killed_in_a_page,
};
use std::os::unix::fs::{PermissionsExt as _, symlink};

#[test]
fn a_directory_gets_a_file_for_each_resource() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets users --since @0 -o out/").run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    assert_eq!(place.file("out/users.ndjson"), still.ndjson(USERS));
}

#[test]
fn compressed_files_hold_the_same_lines() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for (name, state) in [("t.ndjson.gz", "gz.json"), ("t.ndjson.zst", "zst.json")] {
        let state = format!("export tickets --state {state} --per-page 25 --max-pages 1 -o {name}");
        place.zdx(&format!("{state} --since @0")).run().exit(0);
        place.zdx(&state).run().exit(0);
        place.zdx(&state).run().exit(0);
        assert_eq!(place.file(name), still.ndjson(TICKETS), "{name}");
        let packed = std::fs::read(place.path(name)).unwrap().len();
        assert!(packed < still.ndjson(TICKETS).len() / 2, "{name}: {packed} bytes");
    }
}

#[test]
fn a_one_off_appends_to_a_compressed_file() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 --no-state -o t.ndjson.gz";
    place.zdx(words).run().exit(0);
    place.zdx(words).run().exit(2);
    place.zdx(&format!("{words} --append")).run().exit(0);
    let once = still.ndjson(TICKETS);
    assert_eq!(place.file("t.ndjson.gz"), format!("{once}{once}"));
}

#[test]
fn a_one_off_refuses_appends_or_overwrites_as_told() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export organizations --since @0 --no-state -o o.ndjson";
    let once = still.ndjson(ORGANIZATIONS);
    place.zdx(words).run().exit(0);
    place.zdx(words).run().refused(2, "--append");
    assert_eq!(place.file("o.ndjson"), once);
    place.zdx(&format!("{words} --append")).run().exit(0);
    assert_eq!(place.file("o.ndjson"), format!("{once}{once}"));
    place.zdx(&format!("{words} --overwrite")).run().exit(0);
    assert_eq!(place.file("o.ndjson"), once);
    place.zdx(&format!("{words} --overwrite --append")).run().exit(2);
}

#[test]
fn a_template_is_filled_from_configuration_and_clock() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export organizations --since @0 -o {account}-{resource}-{date}.ndjson";
    place.zdx(words).run().exit(0);
    let names = place.names();
    let [name] = names.as_slice() else { panic!("{names:?}") };
    assert!(name.starts_with("sandbox-organizations-20"), "{name}");
    assert_eq!(name.len(), "sandbox-organizations-2026-11-24.ndjson".len());
    assert_eq!(place.file(name), still.ndjson(ORGANIZATIONS));
    place.zdx(words.replace("--since @0 ", "").as_str()).run().exit(0).stderr_has(" nothing new, ");
}

#[test]
fn unknown_placeholders_and_bad_paths_are_refused() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.put("file", "");
    for (output, text) in [
        ("{id}.ndjson", "{id}"),
        ("{resource.ndjson", "{"),
        ("no/such/dir/x.ndjson", "no/such/dir"),
        ("file/x.ndjson", "file"),
    ] {
        let run = place.zdx("export tickets --since 2h -o").arg(output).run();
        run.refused(2, text);
        assert_eq!(place.names(), ["file"], "{output}");
    }
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn new_files_are_for_their_owner_alone() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export organizations --since @0 -o out/");
    run.through("umask 000; exec \"$0\" \"$@\"").run().exit(0);
    for (path, mode) in [
        (place.path("out"), 0o700),
        (place.path("out/organizations.ndjson"), 0o600),
        (place.state(), 0o600),
        (place.state().with_extension("json.lock"), 0o600),
        (place.state().parent().unwrap().to_owned(), 0o700),
    ] {
        let found = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}: {found:o}", path.display());
    }
}

#[test]
fn stdout_to_a_file_is_the_same() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 --per-page 7");
    run.through("exec \"$0\" \"$@\" > all.ndjson").run().exit(0);
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn d15_a_full_device_is_an_output_error() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for words in ["export tickets --since @0", "export tickets --since @0 --no-state"] {
        let run = place.zdx(words).through("exec \"$0\" \"$@\" >/dev/full").run();
        run.exit(7).stderr_has("No space");
    }
    assert_eq!(place.saved("tickets")["cursor"], serde_json::Value::Null);
}

#[test]
fn d16_a_series_is_not_thrown_away() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for line in ["exec \"$0\" \"$@\" >/dev/null", "exec \"$0\" \"$@\" >&-"] {
        let run = place.zdx("export tickets --since @0").through(line).run();
        run.refused(2, "null device");
        assert_eq!(place.state_bytes(), "");
    }
    assert!(still.sandbox.requests().is_empty());
    let run = place.zdx("export tickets --since @0 --no-state");
    run.through("exec \"$0\" \"$@\" >/dev/null").run().exit(0);
}

#[test]
fn d17_a_reader_that_goes_away_ends_the_run_quietly() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).keeping();
    let line = "{ \"$0\" \"$@\"; echo $? >rc; } | head -1 >/dev/null; exit $(cat rc)";
    let state = format!("--state {}", place.state().display());
    for rest in [state.as_str(), "--no-state"] {
        let words = format!("export tickets --since @0 {rest}");
        let run = place.zdx(&words).through(line).run();
        run.exit(141).stderr_lacks("error").stderr_lacks("panic").stderr_lacks("went away");
    }
    // The page was not taken whole, so it comes again.
    place.zdx("export tickets").run().exit(0).stdout(&still.ndjson(TICKETS));
}

#[test]
fn d21_a_full_or_closed_stderr_changes_nothing() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for line in ["exec \"$0\" \"$@\" 2>/dev/full", "exec \"$0\" \"$@\" 2>&-"] {
        let run = place.zdx("export tickets --since @0 --no-state -v").through(line).run();
        run.exit(0).stdout(&still.ndjson(TICKETS));
    }
}

#[test]
fn d8_an_output_that_is_no_file_is_refused_before_any_request() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    std::fs::create_dir(place.path("t.ndjson")).unwrap();
    std::fs::create_dir(place.path("t.ndjson/tickets.ndjson")).unwrap();
    place.zdx("export tickets --since 2h -o t.ndjson").run().refused(2, "not a regular file");
    place.zdx("export tickets --since 2h -o /dev/full").run().refused(2, "not a regular file");
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn d22_a_linked_output_and_state_are_written_through() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    std::fs::create_dir(place.path("real")).unwrap();
    let words = "export organizations --state real/s.json -o real/o.ndjson --max-pages 1";
    place.zdx(&format!("{words} --since @0 --per-page 2")).run().exit(0);
    gone_on_through_links(&still, &place, "export organizations --state s.json -o o.ndjson");
}

#[test]
fn d22_a_link_may_lead_to_an_output_that_does_not_exist_yet() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    std::fs::create_dir(place.path("real")).unwrap();
    symlink("real/o.ndjson", place.path("o.ndjson")).unwrap();
    let words = "export organizations -o o.ndjson";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("real/o.ndjson"), still.ndjson(ORGANIZATIONS));
}

#[test]
fn d22_a_link_may_lead_to_a_state_that_does_not_exist_yet() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    std::fs::create_dir(place.path("real")).unwrap();
    symlink("real/s.json", place.path("s.json")).unwrap();
    let words = "export organizations -o o.ndjson --state s.json";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert!(place.path("s.json").is_symlink());
    assert!(place.path("real/s.json").is_file());
}

fn gone_on_through_links(still: &Still, place: &Place, words: &str) {
    symlink("real/o.ndjson", place.path("o.ndjson")).unwrap();
    symlink("real/s.json", place.path("s.json")).unwrap();
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("real/o.ndjson"), still.ndjson(ORGANIZATIONS));
    for link in ["o.ndjson", "s.json"] {
        assert!(place.path(link).is_symlink(), "{link}");
    }
}

#[test]
fn d10_what_was_written_but_not_committed_is_discarded() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let torn = "{\"torn\":";
    killed_in_a_page(&place, &still.sandbox, "tickets -o t.ndjson", "t.ndjson", 1, torn);
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("discarded 8 bytes");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn d11_d13_a_shortened_or_edited_output_is_left_alone() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets -o t.ndjson --since @0").run().exit(0);
    let (whole, state) = (place.file("t.ndjson"), place.state_bytes());
    let requests = still.sandbox.requests().len();
    let cut = whole[..whole.len() / 2].rfind('\n').unwrap() + 1;
    let edited = whole.replace("\"generated_timestamp\"", "\"generated_timestomp\"");
    for bad in [&whole[..cut], &edited] {
        place.put("t.ndjson", bad);
        place.zdx("export tickets -o t.ndjson").run().refused(3, "t.ndjson");
        assert_eq!(place.file("t.ndjson"), bad);
        assert_eq!(place.state_bytes(), state);
    }
    assert_eq!(still.sandbox.requests().len(), requests);
}

#[test]
fn d12_after_a_rotation_a_new_file_is_begun() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets -o t.ndjson --since @0").run().exit(0);
    std::fs::remove_file(place.path("t.ndjson")).unwrap();
    let new = still.pass_time(TICKETS);
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("starting a new file");
    assert_eq!(place.file("t.ndjson"), crate::harness::ndjson(&new));
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_lacks("new file");
    assert_eq!(place.file("t.ndjson"), crate::harness::ndjson(&new));
}

#[test]
fn d14_two_states_cannot_share_an_output() {
    let still = Still::with(
        zdx::sandbox::Options {
            faults: vec![(zdx::sandbox::Fault::Hang, 1)],
            ..crate::harness::small()
        },
        &[ORGANIZATIONS],
    );
    let place = Place::of(&still.sandbox);
    let first = place.zdx("export organizations --since @0 --state a.json -o o.ndjson").start();
    crate::harness::eventually(|| still.sandbox.requests().len() == 1);
    let second = "export organizations --since @0 --state b.json -o o.ndjson --append";
    place.zdx(second).run().refused(11, "o.ndjson");
    first.signal(rustix::process::Signal::TERM);
    first.end().exit(143);
}

//! Whose an output is: it belongs to one series whoever runs when, nothing is destroyed, and a
//! position follows its output. Each fault that was found has its row here.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, USERS, small},
    machine::{
        ended, eventually, identity, killed_in_a_page, kills_asked_for, sleep, standing_with,
    },
    straced::{self, Tracer},
};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    time::Duration,
};
use zdx::sandbox::{Fault, Options};

fn append(place: &Place, name: &str, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(place.path(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn rename(place: &Place, from: &str, to: &str) {
    fs::rename(place.path(from), place.path(to)).unwrap();
}

fn note(place: &Place, output: &str) -> Value {
    serde_json::from_str(&place.file(&format!(".{output}.owner"))).unwrap()
}

/// The quiet account has no tickets yet; the busy one would begin a series in the same file.
#[test]
fn f1_two_accounts_never_share_an_output() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let quiet = "--subdomain quiet --state quiet.json";
    // Nothing has changed in the last minute: the file stays empty.
    place.zdx(&format!("-q export tickets --since 61s -o out/ {quiet}")).run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), "");
    let busy = "--subdomain busy --state busy.json";
    let owner = place.file("out/.tickets.ndjson.owner");
    for rest in ["", "--append", "--overwrite"] {
        let words = format!("export tickets --since @0 -o out/ {busy} {rest}");
        let run = place.zdx(&words).run();
        run.refused(2, "belongs to the series of tickets of the account quiet")
            .stderr_has("quiet.json");
        // That series is alive: nobody is told to take its output.
        run.stderr_lacks(" rm ");
    }
    place.zdx(&format!("-q export tickets -o out/ {quiet}")).run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), "");
    let (now, before): (Value, Value) = (
        serde_json::from_str(&place.file("out/.tickets.ndjson.owner")).unwrap(),
        serde_json::from_str(&owner).unwrap(),
    );
    assert_eq!(now["series"], before["series"]);
    assert!(!place.path("busy.json").exists(), "nothing is saved of a series that is refused");
}

#[test]
fn f2_a_rotated_file_that_is_moved_back_is_not_wiped() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    rename(&place, "t.ndjson", "t.1");
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("starting a new file");
    fs::remove_file(place.path("t.ndjson")).unwrap();
    rename(&place, "t.1", "t.ndjson");
    let state = place.state_bytes();
    let run = place.zdx("export tickets -o t.ndjson").run();
    run.refused(3, "more than the 0 committed").stderr_has("nothing was touched");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    assert_eq!(place.state_bytes(), state);
}

#[test]
fn f3_foreign_lines_are_never_cut_off() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    let whole = place.file("t.ndjson");
    // By zdx itself, with another state or none.
    for rest in ["--state other.json", "--no-state"] {
        let words = format!("export tickets --since @0 -o t.ndjson --append {rest}");
        place.zdx(&words).run().refused(2, "belongs to the series of tickets");
    }
    assert_eq!(place.file("t.ndjson"), whole);
    // By something else.
    append(&place, "t.ndjson", "{\"mine\":1}\n");
    let (text, state) = (place.file("t.ndjson"), place.state_bytes());
    let run = place.zdx("export tickets -o t.ndjson").run();
    let lengths = [whole.len(), text.len()].map(|length| length.to_string());
    run.refused(3, &lengths[0]).stderr_has(&lengths[1]);
    run.stderr_has(&format!("truncate -s {}", whole.len()));
    assert_eq!((place.file("t.ndjson"), place.state_bytes()), (text, state));
    // What is shown works as it is typed.
    let line =
        run.stderr().lines().find_map(|line| line.split("go on without it: ").nth(1)).unwrap();
    let done = std::process::Command::new("sh").arg("-c").arg(line).status().unwrap();
    assert!(done.success(), "{line}");
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("nothing new");
    assert_eq!(place.file("t.ndjson"), whole);
}

#[test]
fn f24_a_state_leaves_another_ones_temporary_alone() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put(".acme.json.AbCdEf.part", "another's");
    let theirs = place.put(".acme.json.AbCdEf.tmp", "another's");
    let ours = place.put(".acme.AbCdEf.tmp", "left by a kill");
    let run = place.zdx("export tickets --since 2h -o t.ndjson --state acme").start();
    let output = run.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(theirs.exists() && !ours.exists());
}

/// `>> file`: what a killed run left of a line is not glued to the next record.
#[test]
fn f25_a_line_begins_on_its_own_line() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let line = "exec \"$0\" \"$@\" >> all.ndjson";
    place.zdx("export tickets --since @0 --per-page 25 --max-pages 1").through(line).run().exit(0);
    let page = place.file("all.ndjson");
    append(&place, "all.ndjson", "{\"torn\":");
    let run = place.zdx("export tickets").through(line).start();
    assert_eq!(run.child.wait_with_output().unwrap().status.code(), Some(0));
    let text = fs::read_to_string(place.path("all.ndjson")).unwrap();
    let rest = text.strip_prefix(&format!("{page}{{\"torn\":\n")).expect("a line of its own");
    assert_eq!(format!("{page}{rest}"), still.ndjson(TICKETS));
    // A file that ends as it should gets no empty line.
    fs::remove_file(place.path("all.ndjson")).unwrap();
    place.zdx("export tickets --since @0 --no-state").through(line).run().exit(0);
    place.zdx("export tickets --since @0 --no-state").through(line).run().exit(0);
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS).repeat(2));
}

/// A name for a new segment costs one look at its directory.
#[test]
fn f26_a_segment_is_named_with_few_calls() {
    if !straced::available("f26, how many calls name a segment") {
        return;
    }
    let sandbox = standing_with(6);
    let place = Place::of(&sandbox);
    let tracer = Tracer::new();
    let words = place.zdx("export tickets --since @0 --no-state -o t-{run}.ndjson");
    let calls = "-e trace=stat,lstat,newfstatat,statx,access,faccessat,faccessat2";
    tracer.around(words, calls).run().exit(0);
    let looked = tracer.log().lines().filter(|line| line.contains("t-20")).count();
    assert!(looked < 30, "{looked} looks at names of segments");
}

/// A resumed run goes on with the file that it began, and says so; what no state knows is told.
#[test]
fn f26_segments_are_announced_by_their_names_and_left_overs_are_told() {
    let options = Options { faults: vec![(Fault::Hang, 2)], ..small() };
    let still = Still::with(options, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let mut run = place.zdx("export tickets --since @0 --per-page 25 -o t-{run}.ndjson").start();
    eventually("a page is committed", || {
        still.sandbox.requests().len() == 2 && place.state_bytes().contains("\"cursor\": \"")
    });
    run.child.kill().unwrap();
    ended(&mut run.child);
    let hidden = place.names().into_iter().find(|name| name.ends_with(".partial")).unwrap();
    let own = hidden.trim_start_matches('.').trim_end_matches(".partial").to_owned();
    place.zdx("export tickets -o t-{run}.ndjson --dry-run").run().exit(0).stderr_has(&own);
    // Forgotten: the file stays, and is told, then and later.
    let run = place.zdx("state reset tickets").run();
    run.exit(0).stderr_has(&hidden).stderr_has("rm ");
    let text = fs::read_to_string(place.path(&hidden)).unwrap();
    let run = place.zdx("export tickets --since 2h -o t-{run}.ndjson").run();
    run.exit(0).stderr_has(&format!("{hidden} holds {} bytes", text.len()));
    assert_eq!(fs::read_to_string(place.path(&hidden)).unwrap(), text);
}

/// SMB, FUSE and exFAT: what a file system does not know is no failure, and is said once.
#[test]
fn f28_a_directory_that_takes_no_sync_and_a_file_that_takes_no_mode() {
    if !straced::available("f28, file systems that know less") {
        return;
    }
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    let words = "export tickets users --since @0 -o out/ --per-page 3";
    fs::create_dir_all(place.path("out")).unwrap();
    let dirs = [place.path("out"), place.state().parent().unwrap().to_owned()];
    fs::create_dir_all(&dirs[1]).unwrap();
    let options = format!(
        "-e trace=fsync,fchmod -P {} -P {} -e inject=fsync:error=EINVAL -e inject=fchmod:error=EPERM",
        dirs[0].display(),
        dirs[1].display(),
    );
    let tracer = Tracer::new();
    let run = tracer.around(place.zdx(words), &options).run();
    run.exit(0).stderr_counts("cannot make the names of files durable", 1);
    assert!(tracer.log().contains("INJECTED"));
    let run = tracer.around(place.zdx("export tickets users -o out/"), &options).run();
    run.exit(0);
    // EIO is a failure all the same.
    let options = options.replace("EINVAL", "EIO");
    fs::remove_file(place.path("out/tickets.ndjson")).unwrap();
    tracer.around(place.zdx("export tickets -o out/"), &options).run().exit(7);
}

#[test]
fn d14b_another_file_with_more_in_its_place_is_refused() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "{\"torn\":");
    // The same bytes, but copied: nobody can tell who wrote what stands behind.
    let was = identity(&place.path("x.ndjson"));
    rename(&place, "x.ndjson", "old");
    fs::copy(place.path("old"), place.path("x.ndjson")).unwrap();
    assert_ne!(identity(&place.path("x.ndjson")), was);
    let text = fs::read_to_string(place.path("x.ndjson")).unwrap();
    let run = place.zdx("export tickets -o x.ndjson").start();
    assert_eq!(run.child.wait_with_output().unwrap().status.code(), Some(3));
    assert_eq!(fs::read_to_string(place.path("x.ndjson")).unwrap(), text);
    // Put back as it was, it is the file that the run wrote to.
    rename(&place, "old", "x.ndjson");
    place.zdx("export tickets -o x.ndjson").run().exit(0).stderr_has("discarded 8 bytes");
}

/// A copy of a state knows of no later run: it never cuts what that run wrote.
#[test]
fn a_restored_state_cuts_nothing() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t.ndjson --state s.json --per-page 25";
    place.zdx(&format!("{words} --since @0 --max-pages 1")).run().exit(0);
    let old = place.file("s.json");
    place.zdx(words).run().exit(0);
    place.put("s.json", &old);
    place.zdx(words).run().refused(3, "nothing proves that zdx wrote them");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn u18_an_output_whose_directory_is_gone_is_not_begun_anew() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o out/").run().exit(0);
    rename(&place, "out", "elsewhere");
    let run = place.zdx("-q export tickets -o out/").run();
    run.refused(7, "is its disk unmounted?").stderr_has("touch ");
    assert!(!place.path("out").exists());
    // A mount point is an empty directory.
    fs::create_dir(place.path("out")).unwrap();
    place.zdx("-q export tickets -o out/").run().refused(7, "unmounted?");
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 0);
    // Said by hand that it was moved away for good.
    place.put("out/tickets.ndjson", "");
    let new = still.pass_time(TICKETS);
    place.zdx("export tickets -o out/").run().exit(0).stderr_has("starting a new file");
    assert_eq!(place.file("out/tickets.ndjson").lines().count(), new.len());
}

#[test]
fn what_an_owner_file_says() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 --include users -o t.ndjson").run().exit(0);
    let saved = place.saved("tickets");
    assert_eq!(saved["open"], Value::Null);
    let names = ["t.ndjson", "t.tickets.users.ndjson"];
    for name in names {
        let note = note(&place, name);
        assert_eq!(note["series"], saved["series"]);
        assert_eq!(note["account"], "sandbox");
        assert_eq!(note["resource"], "tickets");
        assert_eq!(note["state"], place.state().canonicalize().unwrap().display().to_string());
        assert_eq!(note["open"], Value::Null);
        let owner = place.path(&format!(".{name}.owner"));
        assert_eq!(fs::metadata(owner).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // It is made again where it is missing, and brought up to date where the state has moved.
    fs::remove_file(place.path(".t.ndjson.owner")).unwrap();
    let moved = place.put("s.json", &place.state_bytes()).canonicalize().unwrap();
    place.zdx("export tickets --include users -o t.ndjson --state s.json").run().exit(0);
    for name in names {
        assert_eq!(note(&place, name)["state"], moved.display().to_string());
        assert_eq!(note(&place, name)["series"], saved["series"]);
    }
    // One that is damaged says nothing, and is not touched.
    let owner = ".t.ndjson.owner";
    place.put(owner, "{\"format\":");
    let run = place.zdx("export tickets --include users -o t.ndjson --state s.json").run();
    run.refused(3, owner);
    assert_eq!(place.file(owner), "{\"format\":");
}

/// The `rm` of an owner file is shown only if its series is known to be gone.
#[test]
fn what_is_said_of_an_output_that_another_series_owns() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --state a.json").run().exit(0);
    let other = "export tickets --since @0 -o t.ndjson --append --state b.json";
    let saved = place.file("a.json");
    place.zdx(other).run().refused(2, "hint: give this run another output").stderr_lacks("rm ");
    place.put("a.json", "{");
    place.zdx(other).run().refused(2, "cannot tell whether that series still exists");
    fs::remove_file(place.path("a.json")).unwrap();
    place.zdx(other).run().refused(2, "cannot tell whether that series still exists");
    let gone = saved.replace("\"tickets\": {", "\"users\": {");
    place.put("a.json", &gone);
    let run = place.zdx(other).run();
    run.refused(2, "that series is gone from that state").stderr_has("rm /");
    // What is shown works as it is typed.
    let line =
        run.stderr().lines().find_map(|line| line.split("free the output, ").nth(1)).unwrap();
    let done = std::process::Command::new("sh").arg("-c").arg(line).status().unwrap();
    assert!(done.success(), "{line}");
    place.zdx(other).run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS).repeat(2));
}

#[test]
fn security_15_what_is_kept_is_its_owners_alone() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "{\"torn\":");
    let line = "umask 000; exec \"$0\" \"$@\"";
    place.zdx("export tickets -o x.ndjson").through(line).run().exit(0);
    for name in [".x.ndjson.discarded", ".x.ndjson.owner"] {
        let mode = fs::metadata(place.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// That the export has caught up is not forgotten when the run ends: what stands in a sideload's file
/// is not read again by the next one.
#[test]
fn the_end_of_a_run_leaves_what_its_last_answer_saved() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --include users -o t.ndjson";
    place.zdx(&format!("{words} --since @0 --per-page 25")).run().exit(0);
    let saved = place.saved("tickets");
    let users = &saved["sideloads"]["users"];
    assert_eq!(users["caught_up"], users["committed"]);
    assert_eq!(saved["open"], Value::Null);
    // A run without them leaves them as they are.
    still.pass_time(TICKETS);
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.saved("tickets")["sideloads"], saved["sideloads"]);
}

/// Nothing of zdx's own is written through a link that somebody else has laid.
#[test]
fn security_16_what_is_cut_off_is_not_kept_through_a_link() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "{\"torn\":");
    place.put("precious", "precious\n");
    symlink("precious", place.path(".x.ndjson.discarded")).unwrap();
    let run = place.zdx("export tickets -o x.ndjson").start();
    let output = run.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(place.file("precious"), "precious\n");
    let text = fs::read_to_string(place.path("x.ndjson")).unwrap();
    assert!(text.ends_with("{\"torn\":"), "what could not be kept was cut off");
}

#[test]
fn rule_5_an_output_that_was_moved_is_gone_on_with() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --include users -o out/";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    let before = place.file("out/tickets.ndjson");
    let users = fs::read(place.path("out/tickets.users.ndjson")).unwrap();
    fs::create_dir(place.path("new")).unwrap();
    // A part of it is not all of it.
    rename(&place, "out/tickets.ndjson", "new/tickets.ndjson");
    let new = words.replace("out/", "new/");
    place.zdx(&new).run().refused(2, "the saved position belongs to the output");
    rename(&place, "out/tickets.users.ndjson", "new/tickets.users.ndjson");
    // A file that is not the committed one is not it.
    append(&place, "new/tickets.ndjson", "{}\n");
    place.zdx(&new).run().refused(2, "the saved position belongs to the output");
    place.put("new/tickets.ndjson", &before);
    let changed = still.pass_time(TICKETS);
    place.zdx(&new).run().exit(0).stderr_has("where the output was moved to");
    let text = place.file("new/tickets.ndjson");
    assert_eq!(text.lines().count(), before.lines().count() + changed.len());
    assert!(text.starts_with(&before));
    assert!(fs::read(place.path("new/tickets.users.ndjson")).unwrap().starts_with(&users));
    // Nobody owns the old place any more.
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 0);
    assert!(place.path("new/.tickets.ndjson.owner").exists());
    assert!(place.path("new/.tickets.users.ndjson.owner").exists());
    place.zdx(&new).run().exit(0).stderr_has("nothing new");
}

#[test]
fn a_state_goes_on_with_outputs_that_were_moved() {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets organizations --since @0 -o out/").run().exit(0);
    let state = place.state_bytes();
    place.zdx("state move -o new/").run().refused(2, "there is still a file at");
    assert_eq!(place.state_bytes(), state);
    rename(&place, "out", "new");
    let run = place.zdx("state move -o new/ --json").run();
    run.exit(0).stderr_has(".bak");
    let told: Value = serde_json::from_str(&run.text()).unwrap();
    assert_eq!(told["resources"].as_array().unwrap().len(), 2);
    let backup = fs::read_to_string(told["backup"].as_str().unwrap()).unwrap();
    assert_eq!(backup, state);
    place.zdx("export tickets organizations -o new/").run().exit(0).stderr_counts("nothing new", 2);
    assert_eq!(place.file("new/tickets.ndjson"), still.ndjson(TICKETS));
    // One alone, to another name.
    rename(&place, "new/organizations.ndjson", "o.ndjson");
    place.zdx("state move organizations -o o.ndjson").run().exit(0);
    place.zdx("export organizations -o o.ndjson").run().exit(0).stderr_has("nothing new");
    assert!(!place.path("new/.organizations.ndjson.owner").exists());
    place.zdx("state move organizations -o o.ndjson").run().refused(2, "is where it was");
}

#[test]
fn rule_6_the_first_command_may_be_typed_again_while_nothing_has_come_of_it() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    still.sandbox.inject(Fault::Unauthorized, 1);
    place.zdx("export tickets --since 2026-10-01 -o t.ndjson").run().exit(4);
    // Of the two starts the earlier one, whichever was typed last.
    still.sandbox.inject(Fault::Unauthorized, 1);
    let run = place.zdx("export tickets --since 2026-11-01 -o t.ndjson").run();
    run.exit(4).stderr_has("from 2026-10-01T00:00:00Z").stderr_has("the series begun again");
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0).stderr_has("from 1970-01-01");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    // Something has come of it: from now on a start is a one-off.
    let run = place.zdx("export tickets --since 2h -o t.ndjson").run();
    run.refused(2, "belongs to the series of tickets: a one-off would break it");
    // Old content gives way when something comes, not before.
    place.put("u.ndjson", "old\n");
    still.sandbox.inject(Fault::Unauthorized, 1);
    let words = "export users --since @0 -o u.ndjson";
    place.zdx(&format!("{words} --overwrite")).run().exit(4);
    assert_eq!(place.file("u.ndjson"), "old\n");
    place.zdx("export users -o u.ndjson").run().exit(0);
    assert!(place.file("u.ndjson").starts_with("{\""));
}

#[test]
fn rule_7_a_look_through_a_pipe_remembers_nothing() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0").run();
    run.exit(0).stdout(&still.ndjson(TICKETS)).stderr_has("a one-off").stderr_has("-o");
    assert!(!place.state().exists());
    // The file that cron gets later is begun as if nothing had been.
    place.zdx("export tickets --since @0 -o out/").run().exit(0);
    // A file that stdout is, is kept; and so is what asks for it.
    let line = "exec \"$0\" \"$@\" > all.ndjson";
    place.zdx("export organizations --since @0").through(line).run().exit(0);
    assert_eq!(place.saved("organizations")["output"]["path"], "-");
    place.zdx("export users --since @0 --state s.json").run().exit(0);
    assert!(place.file("s.json").contains("users"));
    place.zdx("export users --since @0").env("ZDX_STATE", "e.json").run().exit(0);
    assert!(place.file("e.json").contains("users"));
}

#[test]
fn t13_a_state_of_version_1_is_upgraded() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t.ndjson --state s.json";
    place.zdx(&format!("{words} --since @0 --per-page 25 --max-pages 1")).run().exit(0);
    let mut old: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    old["version"] = 1.into();
    for member in ["series", "open", "overlap"] {
        old["resources"]["tickets"].as_object_mut().unwrap().remove(member);
    }
    old["resources"]["tickets"]["output"].as_object_mut().unwrap().remove("file");
    let old = old.to_string();
    place.put("s.json", &old);
    fs::remove_file(place.path(".t.ndjson.owner")).unwrap();
    // Longer than committed: zdx 0.1 would have cut it off.
    let page = place.file("t.ndjson");
    append(&place, "t.ndjson", "{\"torn\":1}\n");
    let run = place.zdx(words).run();
    run.refused(3, &page.len().to_string()).stderr_has(&(page.len() + 11).to_string());
    assert_eq!(place.file("s.json"), old);
    place.put("t.ndjson", &page);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    assert_eq!(place.file("s.json.v1"), old);
    let new: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    assert_eq!(new["version"], 2);
    assert_eq!(note(&place, "t.ndjson")["series"], new["resources"]["tickets"]["series"]);
}

/// Only what is left of a name counts: the file system's own number of a file, not its device's.
#[test]
fn a_files_identity_is_its_inode_and_when_it_was_made() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    let saved = place.saved("tickets")["output"]["file"].as_str().unwrap().to_owned();
    let path: &Path = &place.path("t.ndjson");
    assert_eq!(Some(&saved), identity(path).as_ref());
    assert!(saved.starts_with(&format!("{}-", fs::metadata(path).unwrap().ino())));
}

/// What a file holds; nothing if it is not there.
fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

/// The walk of `export/ownership_model` with whole runs, real kills among them: whatever is done, no
/// byte is lost, and what is cut off is kept.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn no_byte_is_lost_whatever_is_done_to_files_and_runs() {
    let sandbox = standing_with(30);
    let mut dice = fastrand::Rng::with_seed(1);
    let sequences = kills_asked_for().unwrap_or(20);
    let (mut acts, mut killed, mut cut, mut checked) = (0, 0, 0, 0);
    for _ in 0..sequences {
        let place = Place::of(&sandbox);
        let names = ["a.ndjson", "b.ndjson"];
        for _ in 0..12 {
            acts += 1;
            let name = names[dice.usize(..names.len())];
            let (path, away) = (place.path(name), place.path(&format!("{name}.1")));
            match dice.u8(..8) {
                0 => drop(fs::rename(&path, &away)),
                1 => drop(fs::rename(&away, &path)),
                2 if path.exists() => append(&place, name, "{\"foreign\":1}\n"),
                3 => drop(fs::copy(place.path("q.json"), place.path("copy.json"))),
                _ => {
                    let (account, states) = match dice.bool() {
                        true => ("quiet", &["q.json", "q.json", "copy.json"][..]),
                        false => ("busy", &["b.json"][..]),
                    };
                    let state = states[dice.usize(..states.len())];
                    let since = if place.path(state).exists() { "" } else { "--since @0" };
                    let words = format!(
                        "-q export tickets -o {name} --per-page 3 --max-pages 4 --subdomain {account} \
                         --state {state} {since}"
                    );
                    let kept = place.path(&format!(".{name}.discarded"));
                    let others: Vec<_> = names.iter().filter(|other| **other != name).collect();
                    let before = (bytes(&path), bytes(&kept), bytes(&place.path(others[0])));
                    let mut run = place.zdx(&words).start();
                    if dice.bool() {
                        sleep(Duration::from_millis(dice.u64(..60)));
                        run.child.kill().expect("a process of ours");
                        killed += 1;
                    }
                    let exit = ended(&mut run.child).code();
                    let known = [None, Some(0), Some(2), Some(3), Some(7)];
                    assert!(known.contains(&exit), "{exit:?}: {words}");
                    let after = (bytes(&path), bytes(&kept), bytes(&place.path(others[0])));
                    checked += before.0.len() + before.1.len() + before.2.len();
                    assert!(after.2 == before.2, "another file was touched: {words}");
                    assert!(after.1.starts_with(&before.1), "what is kept was changed: {words}");
                    let tail = &after.1[before.1.len()..];
                    cut += usize::from(!tail.is_empty());
                    // Killed between keeping and cutting, it is kept twice.
                    let stays = &before.0[..before.0.len() - tail.len()];
                    let right = after.0.starts_with(&before.0)
                        || before.0.ends_with(tail) && after.0.starts_with(stays);
                    assert!(right, "{exit:?}: {words}");
                    assert!(exit != Some(3) && exit != Some(2) || after.0 == before.0, "{words}");
                }
            }
        }
    }
    println!("{sequences} sequences, {acts} acts, {killed} kills, {cut} cuts, {checked} bytes");
}

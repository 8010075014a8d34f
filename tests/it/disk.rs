//! D: disks that are full, files that are moved, edited and of the wrong kind, and readers of
//! stdout that stop, go away or die.

use crate::{
    harness::{Outcome, Place, ndjson},
    machine::{
        committed, ended, eventually, killed_in_a_page, lasting, mounts, next_run, skipped, sleep,
        standing, standing_with, temporaries,
    },
    straced::{self, Tracer},
};
use rustix::process::Signal;
use serde_json::json;
use std::{
    fs,
    io::Read as _,
    os::{
        fd::OwnedFd,
        unix::{
            fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink},
            net::UnixStream,
        },
    },
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use zdx::sandbox::{Fault, Options, Sandbox};

#[expect(clippy::disallowed_methods, reason = "how soon a signal is heeded is the fact")]
fn now() -> Instant {
    Instant::now()
}

const WORDS: &str = "tickets -o x.ndjson --per-page 3";

/// The bytes that an undisturbed export gives.
fn reference(sandbox: &Sandbox) -> String {
    let place = Place::of(sandbox);
    next_run(&place, WORDS).run().exit(0);
    place.file("x.ndjson")
}

/// A place whose series stands after two pages.
fn two_pages(sandbox: &Sandbox) -> Place {
    let place = Place::of(sandbox);
    next_run(&place, &format!("{WORDS} --max-pages 2")).run().exit(0);
    place
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("a file to write");
}

/// Runs with a tiny file system at `small/`, and copies what is in it to `after/`.
fn in_small(place: &Place, mount: &str, line: &str) -> String {
    for dir in ["small", "after"] {
        fs::create_dir_all(place.path(dir)).expect("a new directory");
    }
    format!(
        "exec {mount} sh -c 'mount -t tmpfs -o size=64k none small && {{ {line}; }}; code=$?; \
         cp -a small/. after/; exit $code' \"$0\" \"$@\""
    )
}

#[test]
fn d1_disk_full_on_a_page() {
    let Some(mount) = mounts("d1, a disk that is full") else { return };
    let sandbox = standing_with(60);
    let place = Place::of(&sandbox);
    let line = in_small(&place, mount, "\"$0\" \"$@\"");
    let words = "tickets -o small/x.ndjson --per-page 10";
    let run = next_run(&place, words).through(&line).run();
    run.exit(7).stderr_has("No space").stderr_has("small/x.ndjson");
    let committed = committed(&place, "tickets").expect("a page is committed");
    let after = fs::read(place.path("after/x.ndjson")).expect("the output");
    assert!(committed > 0);
    assert_eq!(u64::try_from(after.len()).unwrap(), committed, "cut back to what counts");
    // A larger disk takes its place.
    write(&place.path("small/x.ndjson"), after);
    next_run(&place, words).run().exit(0);
    assert!(place.file("small/x.ndjson") == reference(&sandbox));
}

#[test]
fn d2_disk_full_on_the_state() {
    let Some(mount) = mounts("d2, a full disk under the state") else { return };
    let sandbox = standing_with(30);
    let place = Place::of(&sandbox);
    let line = in_small(
        &place,
        mount,
        "\"$0\" \"$@\" --since @0 --max-pages 1 && cp small/state.json before.json && \
         { head -c 200k /dev/zero > small/fill; \"$0\" \"$@\"; }",
    );
    let words = format!("-q export {WORDS} --state small/state.json");
    let run = place.zdx(&words).through(&line).run();
    run.exit(7).stderr_has("No space").stderr_has("small/state.json");
    let mut names: Vec<_> = fs::read_dir(place.path("after")).unwrap().flatten().collect();
    names.sort_by_key(fs::DirEntry::file_name);
    let names: Vec<_> = names.iter().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["fill", "state.json", "state.json.lock"], "no temporary is left");
    let state = place.file("after/state.json");
    assert_eq!(state, place.file("before.json"), "the old state is intact");
    let state: serde_json::Value = serde_json::from_str(&state).unwrap();
    let length = place.file("x.ndjson").len();
    assert_eq!(state["resources"]["tickets"]["output"]["committed"], json!(length));
}

/// Of the calls that strace makes fail one by one elsewhere, those whose message is promised.
#[test]
fn d3_a_failed_sync_is_told_and_not_tried_again() {
    if !straced::available("d3, a sync that fails") {
        return;
    }
    let sandbox = standing_with(12);
    let place = two_pages(&sandbox);
    let before = place.file("x.ndjson");
    let tracer = Tracer::new();
    let options = "-e trace=fdatasync -e inject=fdatasync:error=EIO:when=1";
    let run = tracer.around(next_run(&place, WORDS), options).run();
    run.exit(7).stderr_has("fsync").stderr_has("x.ndjson").stderr_has("Input/output error");
    assert_eq!(tracer.log().matches("fdatasync(").count(), 1, "{}", tracer.log());
    assert_eq!(place.file("x.ndjson"), before);
    next_run(&place, WORDS).run().exit(0);
    assert!(place.file("x.ndjson") == reference(&sandbox));
}

#[test]
fn d4_a_failed_rename() {
    if !straced::available("d4, a rename that fails") {
        return;
    }
    let sandbox = standing_with(12);
    for error in ["EIO", "EACCES", "EROFS"] {
        let place = two_pages(&sandbox);
        let (before, state) = (place.file("x.ndjson"), place.state_bytes());
        let tracer = Tracer::new();
        let calls = "?rename,?renameat,?renameat2";
        let options = format!("-e trace={calls} -e inject={calls}:error={error}:when=1");
        tracer.around(next_run(&place, WORDS), &options).run().exit(7).stderr_has("sandbox.json");
        assert!(tracer.log().contains("INJECTED"), "{}", tracer.log());
        assert_eq!((place.file("x.ndjson"), place.state_bytes()), (before, state));
        assert!(temporaries(&place).is_empty());
    }
}

/// Sizes in blocks of 512 bytes, so that pages of about 10,000 are cut at odd places.
#[test]
fn d5_file_size_limit_and_d6_short_writes() {
    let sandbox = standing_with(30);
    let reference = reference(&sandbox);
    for blocks in [2, 5, 21, 33, 47, 48, 49, 101] {
        let place = Place::of(&sandbox);
        let line = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let run = next_run(&place, WORDS).through(&line).run();
        run.exit(7).stderr_has("File too large").stderr_has("x.ndjson");
        let length = u64::try_from(place.file("x.ndjson").len()).unwrap();
        assert_eq!(Some(length), committed(&place, "tickets"), "{blocks} blocks");
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file("x.ndjson") == reference, "{blocks} blocks");
    }
}

#[test]
fn d7_too_few_descriptors() {
    let sandbox = standing_with(6);
    let reference = reference(&sandbox);
    for files in 4..10 {
        let place = Place::of(&sandbox);
        let line = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        let words = format!("{WORDS} --retry-for 0s");
        let run = next_run(&place, &words).through(&line).start();
        let output = run.child.wait_with_output().expect("it ends");
        // Without descriptors there is no connection either.
        let exit = output.status.code();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!([Some(0), Some(5), Some(7)].contains(&exit), "{files}: {exit:?} {told}");
        assert!(exit == Some(0) || told.contains("Too many open files"), "{files}: {told}");
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file("x.ndjson") == reference, "{files} descriptors");
    }
}

#[test]
fn d8_an_output_of_the_wrong_kind() {
    let sandbox = standing_with(3);
    let place = Place::of(&sandbox);
    fs::create_dir_all(place.path("dir/tickets.ndjson")).unwrap();
    let made = Command::new("mkfifo").arg(place.path("fifo")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
    for output in ["no/such/dir/x.ndjson", "dir/", "fifo", "socket"] {
        let run = next_run(&place, &format!("tickets -o {output}")).run();
        run.refused(2, output.trim_end_matches("/x.ndjson"));
    }
    assert!(fs::metadata(place.path("fifo")).unwrap().file_type().is_fifo());
    assert_eq!(place.state_bytes(), "");
    assert!(sandbox.requests().is_empty(), "before any request");
}

#[test]
fn d8_an_output_that_may_not_be_written() {
    let Some(mount) = mounts("d8, a directory that is read-only") else { return };
    let sandbox = standing_with(3);
    let place = Place::of(&sandbox);
    fs::create_dir(place.path("ro")).unwrap();
    let line = read_only(mount, "ro");
    next_run(&place, "tickets -o ro/x.ndjson").through(&line).run().refused(7, "ro/x.ndjson");
    assert_eq!(place.state_bytes(), "");
    assert!(sandbox.requests().is_empty(), "before any request");
}

/// Runs with a directory that cannot be written, not even by root.
pub(crate) fn read_only(mount: &str, dir: &str) -> String {
    format!(
        "exec {mount} sh -c 'mount --bind {dir} {dir} && mount -o remount,bind,ro {dir} && \
         exec \"$0\" \"$@\"' \"$0\" \"$@\""
    )
}

/// A run slow enough to do something to its files after its first page.
fn slow() -> Sandbox {
    standing(Options { records: 12, latency: Duration::from_millis(150), ..Options::default() })
}

#[test]
fn d9_an_output_replaced_while_running() {
    let sandbox = slow();
    for replaced in [true, false] {
        let place = Place::of(&sandbox);
        let run = next_run(&place, WORDS).start();
        eventually("a page is committed", || committed(&place, "tickets") > Some(0));
        fs::remove_file(place.path("x.ndjson")).unwrap();
        if replaced {
            write(&place.path("x.ndjson"), "{\"mine\":1}\n");
        }
        run.end().exit(3).stderr_has("x.ndjson was replaced");
        if replaced {
            assert_eq!(place.file("x.ndjson"), "{\"mine\":1}\n");
        }
    }
}

/// As logrotate's copytruncate does it. What was cut cannot be put back, but nothing is made up.
#[test]
fn d9_an_output_cut_while_running() {
    let sandbox = slow();
    for lines in [0, 1] {
        let place = Place::of(&sandbox);
        let run = next_run(&place, WORDS).start();
        eventually("a page is committed", || committed(&place, "tickets") > Some(0));
        let file = fs::OpenOptions::new().write(true).open(place.path("x.ndjson")).unwrap();
        let line = place.file("x.ndjson").find('\n').unwrap() + 1;
        let left = u64::try_from(lines * line).unwrap();
        file.set_len(left).unwrap();
        run.end().exit(3).stderr_has("x.ndjson was cut during the run");
        assert_eq!(fs::metadata(place.path("x.ndjson")).unwrap().len(), left);
        if lines == 0 {
            next_run(&place, WORDS).run().exit(0);
            assert!(!place.file("x.ndjson").contains('\0'));
        }
    }
}

#[test]
fn d10_bytes_behind_the_committed_part() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "{\"torn\":");
    let run = place.zdx(&format!("export {WORDS}")).run();
    run.exit(0).stderr_has("discarded 8 bytes").stderr_has(".x.ndjson.discarded");
    assert!(place.file("x.ndjson") == reference(&sandbox));
    assert_eq!(fs::read_to_string(place.path(".x.ndjson.discarded")).unwrap(), "{\"torn\":");
    // What is kept grows, and is never replaced.
    for text in ["{\"torn\":", "{\"torn\":{\"torn\":"] {
        let kept = fs::read_to_string(place.path(".x.ndjson.discarded")).unwrap();
        assert_eq!(kept, text);
        fs::remove_file(place.state()).unwrap();
        fs::remove_file(place.path("x.ndjson")).unwrap();
        fs::remove_file(place.path(".x.ndjson.owner")).unwrap();
        killed_in_a_page(&place, &sandbox, "tickets -o x.ndjson", "x.ndjson", 2, "{\"torn\":");
        next_run(&place, WORDS).run().exit(0);
    }
}

#[test]
fn d10b_bytes_behind_the_committed_part_of_a_run_that_ended() {
    let sandbox = standing_with(12);
    let place = two_pages(&sandbox);
    let (mut text, state) = (place.file("x.ndjson"), place.state_bytes());
    let committed = text.len();
    text.push_str("{\"foreign\":1}\n");
    write(&place.path("x.ndjson"), &text);
    let run = next_run(&place, WORDS).run();
    run.exit(3).stderr_has(&committed.to_string()).stderr_has(&text.len().to_string());
    assert_eq!((place.file("x.ndjson"), place.state_bytes()), (text, state));
}

#[test]
fn d11_an_output_that_is_too_short() {
    let sandbox = standing_with(12);
    let place = two_pages(&sandbox);
    let whole = place.file("x.ndjson");
    let state = place.state_bytes();
    let short = &whole[..=whole.find('\n').unwrap()];
    write(&place.path("x.ndjson"), short);
    let run = next_run(&place, WORDS).run();
    run.exit(3).stderr_has(&short.len().to_string()).stderr_has(&whole.len().to_string());
    assert_eq!((place.file("x.ndjson").as_str(), place.state_bytes()), (short, state));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn d12_an_output_that_was_rotated_away() {
    let sandbox = standing_with(12);
    let reference = reference(&sandbox);
    for empty in [true, false] {
        let place = two_pages(&sandbox);
        let first = place.file("x.ndjson");
        fs::rename(place.path("x.ndjson"), place.path("x.1.ndjson"))
            .expect("a file that can be moved");
        if empty {
            write(&place.path("x.ndjson"), "");
        }
        // Even a run that gets nowhere has noted it: what comes next is not behind a hole.
        sandbox.inject(Fault::Unauthorized, 1);
        let run = place.zdx(&format!("export {WORDS}")).run();
        run.exit(4).stderr_has("starting a new file");
        assert_eq!(committed(&place, "tickets"), Some(0));
        next_run(&place, WORDS).run().exit(0);
        assert!(first + &place.file("x.ndjson") == reference);
    }
}

#[test]
fn d13_an_output_that_was_edited() {
    let sandbox = standing_with(12);
    let place = two_pages(&sandbox);
    let state = place.state_bytes();
    let mut edited = place.file("x.ndjson");
    let last = edited.rfind("\"url\":").expect("a member");
    edited.replace_range(last + 1..last + 2, "U");
    write(&place.path("x.ndjson"), &edited);
    next_run(&place, WORDS).run().exit(3).stderr_has("changed");
    assert_eq!((place.file("x.ndjson"), place.state_bytes()), (edited, state));
}

#[test]
fn d14_two_states_name_one_output() {
    let sandbox = slow();
    let place = Place::of(&sandbox);
    let run = next_run(&place, WORDS).start();
    eventually("the first holds it", || !sandbox.requests().is_empty());
    let words = format!("-q export {WORDS} --since @0 --state other.json");
    let second = place.zdx(&words).start().child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(second.status.code() == Some(11) && told.contains("x.ndjson"), "{told}");
    run.end().exit(0);
    // One after the other, the first has it; whoever asks how.
    let (before, owner) = (place.file("x.ndjson"), place.file(".x.ndjson.owner"));
    for rest in ["", "--append", "--overwrite", "--append --no-state", "--no-state"] {
        let words = words.replace(" --state other.json", "");
        let words = match rest.contains("--no-state") {
            true => format!("{words} {rest}"),
            false => format!("{words} --state other.json {rest}"),
        };
        place.zdx(&words).run().refused(2, "belongs to the series of tickets");
        assert!(place.file("x.ndjson") == before && place.file(".x.ndjson.owner") == owner);
    }
}

/// A run to stdout that says its exit code at the end of stderr.
fn to_stdout(place: &Place, redirection: &str) -> Outcome {
    let line = format!("\"$0\" \"$@\" {redirection}; code=$?; echo code $code >&2; exit $code");
    next_run(place, "tickets --per-page 3").through(&line).run()
}

/// Whether the series stands where it began.
fn not_moved(place: &Place) -> bool {
    place.saved("tickets").get("cursor").is_none()
}

#[test]
fn d15_stdout_is_full() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    to_stdout(&place, ">/dev/full").exit(7).stderr_has("No space").stderr_has("stdout");
    assert!(not_moved(&place));
}

#[test]
fn d16_stdout_is_closed_or_the_null_device() {
    let sandbox = standing_with(12);
    for nowhere in [">&-", ">/dev/null"] {
        let place = Place::of(&sandbox);
        to_stdout(&place, nowhere).exit(2).stderr_has("stdout is the null device");
        assert_eq!(place.state_bytes(), "");
        let words = "-q export tickets --since @0 --no-state";
        place.zdx(words).through(&format!("exec \"$0\" \"$@\" {nowhere}")).run().exit(0);
    }
    assert!(sandbox.requests().len() == 2, "refused before any request");
}

#[test]
fn d17_the_reader_goes_away() {
    let sandbox = standing_with(60);
    let place = Place::of(&sandbox);
    let line = "{ \"$0\" \"$@\"; echo code $? >&2; } | head -1 >/dev/null";
    let run = next_run(&place, "tickets").through(line).run();
    assert_eq!(run.exit(0).stderr(), "code 141\n", "and nothing else is said");
    assert!(not_moved(&place));
}

/// The page fits into the pipe, so that it is written long before it is read.
#[test]
fn d18_the_reader_stops_for_a_while() {
    let sandbox = standing_with(12);
    let whole = next_run(&Place::of(&sandbox), "tickets --per-page 3").run().exit(0).text();
    let place = Place::of(&sandbox);
    let mut run = next_run(&place, "tickets --per-page 3").start();
    let mut stdout = run.child.stdout.take().expect("a pipe");
    let mut first = [0];
    stdout.read_exact(&mut first).expect("a byte");
    sleep(lasting(Duration::from_millis(700), Duration::from_secs(60)));
    assert!(not_moved(&place), "the position moved while bytes were unread");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("the rest");
    assert!(format!("{{{rest}") == whole);
    assert_eq!(ended(&mut run.child).code(), Some(0));
    assert!(!not_moved(&place));
}

#[test]
fn d19_the_reader_dies_with_bytes_unread() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let mut run = next_run(&place, "tickets --per-page 3").start();
    let mut stdout = run.child.stdout.take().expect("a pipe");
    let mut first = [0];
    stdout.read_exact(&mut first).expect("a byte");
    sleep(Duration::from_millis(100));
    drop(stdout);
    run.end().exit(141);
    assert!(not_moved(&place));
}

#[test]
fn d20_stdout_is_a_file_that_cannot_be_synced() {
    if !straced::available("d20, a sync of stdout that fails") {
        return;
    }
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let log = place.path("log");
    let options = "-e trace=fdatasync -e inject=fdatasync:error=ENOSPC:when=1";
    let line = format!("exec strace -f -o log {options} \"$0\" \"$@\" >out.ndjson");
    let run = next_run(&place, "tickets --per-page 3").through(&line).run();
    run.exit(7).stderr_has("No space");
    assert!(fs::read_to_string(log).unwrap().contains("INJECTED"));
    assert!(not_moved(&place));
}

#[test]
fn d20_stdout_is_a_file_on_a_full_disk() {
    let Some(mount) = mounts("d20, stdout on a full disk") else { return };
    let sandbox = standing_with(60);
    let place = Place::of(&sandbox);
    let line = in_small(&place, mount, "\"$0\" \"$@\" >small/x.txt");
    let run = next_run(&place, "tickets").through(&line).run();
    run.exit(7).stderr_has("No space");
    assert!(not_moved(&place));
}

#[test]
fn d21_stderr_is_closed_or_full() {
    let sandbox = standing_with(12);
    let reference = reference(&sandbox);
    for deaf in ["2>&-", "2>/dev/full"] {
        let place = Place::of(&sandbox);
        let line = format!("exec \"$0\" \"$@\" {deaf}");
        let words = format!("-v export {WORDS} --since @0");
        place.zdx(&words).through(&line).run().exit(0);
        assert!(place.file("x.ndjson") == reference);
    }
}

#[test]
fn d22_links_are_followed() {
    let sandbox = standing_with(12);
    let reference = reference(&sandbox);
    // A link to nothing is one to the file that is to be made.
    for dangling in [false, true] {
        let place = Place::of(&sandbox);
        for dir in ["data", "states"] {
            fs::create_dir(place.path(dir)).unwrap();
        }
        symlink("data/real.ndjson", place.path("x.ndjson")).unwrap();
        symlink("states/real.json", place.path("state.json")).unwrap();
        let words = format!("-q export {WORDS} --state state.json");
        if !dangling {
            let place = &place;
            let direct = words
                .replace("x.ndjson", "data/real.ndjson")
                .replace("state.json", "states/real.json");
            place.zdx(&format!("{direct} --since @0 --max-pages 1")).run().exit(0);
        } else {
            place.zdx(&format!("{words} --since @0 --max-pages 1")).run().exit(0);
        }
        place.zdx(&words).run().exit(0);
        for (link, target) in [("x.ndjson", "data"), ("state.json", "states")] {
            let kind = fs::symlink_metadata(place.path(link)).unwrap().file_type();
            assert!(kind.is_symlink(), "{link} was replaced (dangling: {dangling})");
            assert!(fs::read_dir(place.path(target)).unwrap().count() > 0, "{target} is empty");
        }
        assert!(place.file("data/real.ndjson") == reference);
    }
}

#[test]
fn d23_and_security_15_modes_and_owners_are_kept() {
    let sandbox = standing_with(12);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for umask in ["000", "077"] {
        let place = Place::of(&sandbox);
        let line = format!("umask {umask}; exec \"$0\" \"$@\"");
        let words = "tickets -o out/ --per-page 3 --max-pages 1";
        next_run(&place, words).through(&line).run().exit(0);
        let state = place.state();
        let dir = state.parent().unwrap();
        let lock = state.with_file_name("sandbox.json.lock");
        for file in [&state, &lock, &place.path("out/tickets.ndjson")] {
            assert_eq!(mode(file), 0o600, "{} under {umask}", file.display());
        }
        for made in [dir, dir.parent().unwrap(), &place.path("out")] {
            assert_eq!(mode(made), 0o700, "{} under {umask}", made.display());
        }
        fs::set_permissions(&state, fs::Permissions::from_mode(0o640)).unwrap();
        let output = place.path("out/tickets.ndjson");
        fs::set_permissions(&output, fs::Permissions::from_mode(0o644)).unwrap();
        let is_root = std::os::unix::fs::chown(&state, Some(1234), Some(1235)).is_ok();
        if !is_root {
            skipped("d23, the owner of the state is kept", "only root can give files away");
        }
        next_run(&place, "tickets -o out/ --per-page 3").through(&line).run().exit(0);
        assert_eq!((mode(&state), mode(&output)), (0o640, 0o644));
        if is_root {
            let found = fs::metadata(&state).unwrap();
            assert_eq!((found.uid(), found.gid()), (1234, 1235));
        }
    }
}

/// What is on disk after a run of a page is what a plain walk of the sandbox gives.
#[test]
fn the_reference_is_the_sandboxs_own() {
    let sandbox = standing_with(12);
    let records = crate::harness::walk(&sandbox, crate::harness::TICKETS, "");
    assert!(reference(&sandbox) == ndjson(&records));
}

#[test]
fn p4_a_signal_while_the_reader_has_stopped() {
    let sandbox = standing_with(60);
    let place = Place::of(&sandbox);
    let mut run = next_run(&place, "tickets").start();
    let mut stdout = run.child.stdout.take().expect("a pipe");
    let mut first = [0];
    stdout.read_exact(&mut first).expect("a byte");
    run.signal(Signal::TERM);
    assert_eq!(ended(&mut run.child).code(), Some(143));
    assert!(not_moved(&place));
}

/// What the reader of a socket has taken cannot be told. Node's pipes to its children are sockets.
#[test]
fn d16_stdout_is_a_socket() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let socket = |words: &str| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let run = place.zdx(words).start_with(OwnedFd::from(theirs));
        (ours, run)
    };
    let (_ours, run) = socket("export tickets --since @0");
    run.end().exit(2).stderr_has("stdout is a socket");
    assert_eq!(place.state_bytes(), "");
    assert!(sandbox.requests().is_empty());
    let (mut ours, run) = socket("export tickets --since @0 --no-state");
    let mut taken = String::new();
    ours.read_to_string(&mut taken).unwrap();
    run.end().exit(0);
    assert_eq!(taken.lines().count(), 12);
}

/// A reader that is there, but takes nothing, keeps no run from ending.
#[test]
fn p4_a_signal_while_a_socket_is_full() {
    let sandbox = standing_with(600);
    let place = Place::of(&sandbox);
    let (_ours, theirs) = UnixStream::pair().unwrap();
    let run = place.zdx("export tickets --since @0 --no-state").start_with(OwnedFd::from(theirs));
    eventually("a page", || !sandbox.requests().is_empty());
    sleep(Duration::from_millis(500));
    run.signal(Signal::TERM);
    let began = now();
    run.end().exit(143);
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
}

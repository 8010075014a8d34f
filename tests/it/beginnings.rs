//! A series' first run, killed before any call that moves a name or makes something last: whatever is
//! typed next, its output comes to the bytes that the run would have made.

use crate::{
    harness::Place,
    machine::{append, ended, killed_in_a_page, standing_with},
    straced::{self, Tracer},
};
use std::{os::unix::process::ExitStatusExt as _, thread};
use zdx::sandbox::Sandbox;

/// Calls that move a name, or that make something last or shorter.
const CALLS: [&str; 8] =
    ["?rename", "?renameat", "?renameat2", "?link", "?linkat", "fsync", "fdatasync", "ftruncate"];

const OLD: &str = "{\"old\":1,\"and\":\"of the user\"}\n";

/// How a series is begun, on a file that holds something unless it is a plain beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    Plain,
    Append,
    Overwrite,
}

impl Begin {
    fn flag(self) -> &'static str {
        match self {
            Begin::Plain => "",
            Begin::Append => "--append",
            Begin::Overwrite => "--overwrite",
        }
    }

    fn place(self, sandbox: &Sandbox) -> Place {
        let place = Place::of(sandbox);
        if self != Begin::Plain {
            place.put("t.ndjson", OLD);
        }
        place
    }

    fn expected(self, reference: &str) -> String {
        match self {
            Begin::Append => format!("{OLD}{reference}"),
            Begin::Plain | Begin::Overwrite => reference.to_owned(),
        }
    }
}

/// What is typed after the kill.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The same command again.
    Again,
    /// The series' next run.
    WithoutSince,
}

const WORDS: &str = "-q export tickets -o t.ndjson --per-page 3";

/// Of which files calls are counted. Each thread's calls are counted for themselves, and of all that
/// touch anything only the first with a number is struck: one file's own are counted by themselves.
#[derive(Clone, Copy, Debug)]
enum Of {
    All,
    Owner,
    Output,
}

/// Kills first runs at each call of this name, until there are none left; how many that was.
fn kill_at_every(
    name: &str,
    of: Of,
    begin: Begin,
    then: Then,
    sandbox: &Sandbox,
    whole: &str,
) -> usize {
    let first = format!("{WORDS} --since @0 {}", begin.flag());
    for nth in 1.. {
        let place = begin.place(sandbox);
        let tracer = Tracer::new();
        let paths = match of {
            Of::All => String::new(),
            Of::Owner => format!("-P {}", place.path(".t.ndjson.owner").display()),
            Of::Output => format!("-P {}", place.path("t.ndjson").display()),
        };
        let options = format!("{paths} -e trace={name} -e inject={name}:signal=KILL:when={nth}");
        let mut run = tracer.around(place.zdx(&first), &options).start();
        if ended(&mut run.child).signal() != Some(9) {
            return nth - 1;
        }
        let has_begun = place.state_bytes().contains("\"tickets\"");
        let run = match then {
            // What nothing is saved of was never begun.
            Then::WithoutSince if has_begun => place.zdx(WORDS).run(),
            Then::WithoutSince | Then::Again => place.zdx(&first).run(),
        };
        let what = format!("{begin:?}, {then:?}, killed at {name} {nth} of {of:?}");
        if run.code() == 2 {
            // Something had come of it already: what goes on is the series.
            run.stderr_has("a one-off would break it").holds(has_begun, &what);
            place.zdx(WORDS).run().exit(0);
        } else {
            run.holds(run.code() == 0, &what);
        }
        assert!(place.file("t.ndjson") == begin.expected(whole), "{what}: other bytes");
        assert_eq!(place.saved("tickets")["open"], serde_json::Value::Null, "{what}");
        let mut names = place.names();
        names.retain(|name| name != ".t.ndjson.discarded");
        assert_eq!(names, ["t.ndjson"], "{what}");
    }
    unreachable!("a run ends")
}

fn kill_beginnings(begin: Begin) {
    if !straced::available("kills at every call of a beginning") {
        return;
    }
    let sandbox = standing_with(6);
    let whole = Place::of(&sandbox);
    whole.zdx(&format!("{WORDS} --since @0")).run().exit(0);
    let reference = whole.file("t.ndjson");
    let fired: usize = thread::scope(|scope| {
        let sweeps = CALLS.map(|name| {
            let (sandbox, reference) = (&sandbox, &reference);
            scope.spawn(move || {
                let mut kills = 0;
                for of in [Of::All, Of::Owner, Of::Output] {
                    for then in [Then::Again, Then::WithoutSince] {
                        kills += kill_at_every(name, of, begin, then, sandbox, reference);
                    }
                }
                kills
            })
        });
        sweeps.into_iter().map(|sweep| sweep.join().expect("no panic")).sum()
    });
    println!("{begin:?}: {fired} kills");
    assert!(fired >= 30, "{fired} kills");
}

#[test]
fn a_plain_beginning_that_is_killed_at_any_call_is_gone_on_with() {
    kill_beginnings(Begin::Plain);
}

#[test]
fn a_beginning_behind_old_content_that_is_killed_at_any_call_is_gone_on_with() {
    kill_beginnings(Begin::Append);
}

#[test]
fn a_beginning_that_replaces_old_content_and_is_killed_at_any_call_is_gone_on_with() {
    kill_beginnings(Begin::Overwrite);
}

/// The first page was torn by a kill: that is no old content that `--append` is to keep.
#[test]
fn a_first_append_that_was_killed_in_its_page_and_is_typed_again_keeps_no_torn_line() {
    if !straced::available("a kill in the first page of an --append") {
        return;
    }
    let sandbox = standing_with(12);
    let whole = Place::of(&sandbox);
    whole.zdx(&format!("{WORDS} --since @0")).run().exit(0);
    for torn in ["{\"torn\":", "{\"a\":\"whole line\"}\n"] {
        let place = Begin::Append.place(&sandbox);
        let first = format!("{WORDS} --since @0 --append");
        let tracer = Tracer::new();
        let at = "-e trace=fdatasync -e inject=fdatasync:signal=KILL:when=1";
        let mut run = tracer.around(place.zdx(&first), at).start();
        assert_eq!(ended(&mut run.child).signal(), Some(9));
        // The page is there, but it is not committed.
        let text = place.file("t.ndjson");
        assert!(text.len() > OLD.len() && text.starts_with(OLD));
        append(&place.path("t.ndjson"), torn);
        let run = place.zdx(&first.replace("-q ", "")).run();
        run.exit(0).stderr_has(&format!("discarded {}", text.len() + torn.len() - OLD.len()));
        assert!(place.file("t.ndjson") == Begin::Append.expected(&whole.file("t.ndjson")));
    }
}

/// A run that was killed between its pages left nothing behind, and the next one has nothing to write:
/// from then on no run is open, so that nothing that comes to stand behind is ever cut off.
#[test]
fn a_run_that_writes_nothing_says_that_no_run_is_open_any_more() {
    let sandbox = standing_with(6);
    let place = Place::of(&sandbox);
    killed_in_a_page(&place, &sandbox, "tickets -o t.ndjson", "t.ndjson", 2, "");
    let text = place.file("t.ndjson");
    let note = || -> serde_json::Value {
        serde_json::from_str(&place.file(".t.ndjson.owner")).expect("a note in JSON")
    };
    assert!(place.saved("tickets")["open"].is_string() && note()["open"].is_string());
    place.zdx(WORDS).run().exit(0);
    assert_eq!(place.file("t.ndjson"), text);
    assert!(place.saved("tickets")["open"].is_null() && note()["open"].is_null());
    append(&place.path("t.ndjson"), "{\"mine\":1}\n");
    place.zdx(WORDS).run().refused(3, "nothing proves that zdx wrote them");
}

/// FUSE and exFAT may know neither a rename that replaces nothing nor a second name of a file.
#[test]
fn a_series_begins_on_a_file_system_that_knows_no_links() {
    if !straced::available("file systems without links") {
        return;
    }
    let sandbox = standing_with(6);
    let place = Place::of(&sandbox);
    let fails = "-e trace=renameat2,?link,linkat -e inject=renameat2:error=EINVAL \
                 -e inject=?link,linkat:error=EPERM";
    let tracer = Tracer::new();
    let run = place.zdx(&format!("{WORDS} --since @0"));
    tracer.around(run, fails).run().exit(0);
    assert!(tracer.log().contains("INJECTED"));
    let text = place.file("t.ndjson");
    assert_eq!(text.lines().count(), 6);
    // Nor is anything replaced there.
    let run = place.zdx("state set tickets --since 2h");
    tracer.around(run, fails).run().exit(0).stderr_has(".bak");
    let run = place.zdx(&format!("{WORDS} --since @0 --append --state other.json"));
    tracer.around(run, fails).run().refused(2, "belongs to the series of tickets");
    assert_eq!(place.file("t.ndjson"), text);
}

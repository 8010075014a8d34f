//! Progress and the log: what is drawn on a terminal, and that nothing of it is drawn elsewhere.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, small},
    machine::skipped,
    process::with_clock,
};
use serde_json::Value;
use std::{path::Path, time::Duration};
use zdx::sandbox::{Fault, Options};

/// Runs zdx on a terminal that `script` makes, and returns what was on its screen. `None` where
/// there is no `script`.
fn on_a_terminal(place: &Place, words: &str, redirect: &str) -> Option<String> {
    let line = format!("$0 $* {redirect}");
    on_a_terminal_of(place, words, "xterm", &line)
}

/// The same on one of this kind, and with a line of the shell.
pub(crate) fn on_a_terminal_of(
    place: &Place,
    words: &str,
    kind: &str,
    line: &str,
) -> Option<String> {
    if !Path::new("/usr/bin/script").exists() {
        skipped("progress on a terminal", "there is no `script` to make one");
        return None;
    }
    let line =
        format!("exec script -qec \"stty cols 100 rows 30; {line}\" /dev/null >screen </dev/null");
    place.zdx(words).env("TERM", kind).through(&line).run().exit(0);
    Some(place.file("screen"))
}

/// A world whose pages take long enough to be seen: the second request is asked for again.
fn slow() -> Still {
    Still::with(Options { faults: vec![(Fault::ServerError, 2)], ..small() }, &[TICKETS])
}

const WORDS: &str = "export tickets --since @0 --no-state --per-page 25 -o t.ndjson";

#[test]
fn a_terminal_shows_how_far_the_run_is() {
    let still = slow();
    let place = Place::of(&still.sandbox);
    let Some(screen) = on_a_terminal(&place, WORDS, "") else { return };
    assert!(screen.contains("tickets: asking"), "{screen:?}");
    assert!(screen.contains('\u{1b}'), "{screen:?}");
    assert!(screen.contains(" records, 3 pages"), "{screen:?}");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn u21_a_terminal_shows_how_much_is_done_and_how_long_the_rest_takes() {
    let latency = Duration::from_millis(300);
    let still = Still::with(Options { latency, ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let Some(screen) = on_a_terminal(&place, WORDS, "") else { return };
    let second = screen.split("50 records, ").nth(1).unwrap_or_default();
    let course = second.split(", ").nth(1).unwrap_or_default();
    assert!(course.ends_with(" %"), "{screen:?}");
    assert!(second.contains(" left, 2 pages"), "{screen:?}");
}

#[test]
fn u8_a_dumb_terminal_shows_no_progress() {
    let still = slow();
    let place = Place::of(&still.sandbox);
    let Some(screen) = on_a_terminal_of(&place, WORDS, "dumb", "$0 $*") else { return };
    assert!(!screen.contains('\u{1b}') && !screen.contains("asking"), "{screen:?}");
    assert!(screen.contains("records"), "{screen:?}");
}

#[test]
fn u29_a_window_that_gets_narrower_leaves_no_stale_rows() {
    let latency = Duration::from_millis(300);
    let still = Still::with(Options { latency, ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    // When the first page is written, the others are still to come. Whatever stood is wider.
    let line = "{ until test -s t.ndjson; do sleep 0.01; done; stty cols 14 </dev/tty; } & $0 $*";
    let Some(screen) = on_a_terminal_of(&place, WORDS, "xterm", line) else { return };
    let narrow = screen.split_once("\u{1b}[0J").map(|(_, narrow)| narrow);
    let narrow = narrow.unwrap_or_else(|| panic!("not cleared: {screen:?}"));
    assert!(narrow.contains("tickets:"), "{narrow:?}");
    assert!(!narrow.contains("behind"), "{narrow:?}");
}

#[test]
fn u7_a_job_in_the_background_draws_nothing_over_the_prompt() {
    let still = slow();
    let place = Place::of(&still.sandbox);
    let line = "exec bash -c 'set -m; \\\"\\$@\\\" & wait \\$!' bash $0 $*";
    let Some(screen) = on_a_terminal_of(&place, WORDS, "xterm", line) else { return };
    assert!(!screen.contains("asking"), "{screen:?}");
    assert!(screen.contains("records"), "{screen:?}");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn a_terminal_that_is_told_so_shows_no_progress() {
    for rest in ["--progress never", "-q", "--log-format json", "-q --log-format json"] {
        let still = Still::of(&[TICKETS]);
        let place = Place::of(&still.sandbox);
        let words = format!("{WORDS} {rest} --color never");
        let Some(screen) = on_a_terminal(&place, &words, "") else { return };
        assert!(!screen.contains('\u{1b}'), "{rest}: {screen:?}");
        assert!(!screen.contains("asking"), "{rest}: {screen:?}");
        assert_eq!(screen.is_empty(), rest.contains("-q"), "{rest}: {screen:?}");
        assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    }
}

#[test]
fn records_on_a_terminal_are_not_torn_by_progress() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export organizations --since @0 --no-state --color never";
    let Some(screen) = on_a_terminal(&place, words, "") else { return };
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    for record in still.records(ORGANIZATIONS) {
        assert!(screen.contains(record), "{record}");
    }
}

#[test]
fn a_pipe_beside_a_terminal_gets_nothing_but_records() {
    let still = slow();
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 --no-state --per-page 25";
    let Some(screen) = on_a_terminal(&place, words, "| cat > t.ndjson") else { return };
    assert!(screen.contains("tickets: asking"), "{screen:?}");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn no_terminal_shows_no_progress() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for rest in ["", "--progress auto", "--progress never"] {
        let words = format!("export tickets --since @0 --no-state --per-page 25 {rest}");
        let run = place.zdx(&words).run();
        run.exit(0).stdout(&still.ndjson(TICKETS));
        run.stderr_lacks("\u{1b}").stderr_lacks("asking").stderr_lacks("\r");
        run.stderr_counts("\n", 2);
    }
}

#[test]
fn progress_that_is_asked_for_off_a_terminal_does_no_harm() {
    let still = slow();
    let place = Place::of(&still.sandbox).keeping();
    let run = place.zdx("export tickets --since @0 --per-page 25 --progress always").run();
    run.exit(0).stdout(&still.ndjson(TICKETS)).stderr_has(" records, 3 pages");
    place.zdx("export tickets --progress always").run().exit(0).stdout("");
    place.zdx("export tickets --progress sometimes").run().refused(2, "sometimes");
}

#[test]
fn quiet_shows_no_progress_whatever_is_asked_for() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = format!("{WORDS} -q --progress always");
    assert_eq!(place.zdx(&words).run().exit(0).stderr(), "");
    let Some(screen) = on_a_terminal(&place, &format!("{words} --overwrite"), "") else { return };
    assert_eq!(screen, "");
}

#[test]
fn a_log_for_programs_stays_one_whatever_is_asked_for() {
    let still = slow();
    let place = Place::of(&still.sandbox).with_api_token();
    let words = format!("{WORDS} -vv --log-format json --progress always");
    let run = place.zdx(&words).run();
    json_lines(run.exit(0).stderr());
    let Some(screen) = on_a_terminal(&place, &format!("{words} --overwrite"), "") else { return };
    json_lines(&screen);
}

#[track_caller]
fn json_lines(text: &str) {
    assert!(text.lines().count() >= 3, "{text:?}");
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line:?}: {e}"));
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
    }
}

#[test]
fn every_failure_is_json_in_a_log_for_programs() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.when(|_| Some(Fault::Unavailable));
    let place = Place::of(&still.sandbox);
    for (words, code) in [
        ("export tickets --since @0 --no-state --retry-for 0s", 5),
        ("export tickets --no-state", 2),
        ("export tickest --since 2h", 2),
        ("check", 5),
        ("state set tickets --since 2h", 2),
        ("config show --config none.toml", 3),
    ] {
        let run = place.zdx(words).arg("--log-format").arg("json").run();
        run.exit(code);
        for line in run.stderr().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(event["time"].is_string(), "{line}");
        }
    }
}

#[test]
fn a_summary_for_programs_is_json_in_a_log_for_programs() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx(&format!("{WORDS} --log-format json --summary json")).run();
    assert_eq!(run.exit(0).summary()["resources"][0]["records"], still.records(TICKETS).len());
    for line in run.stderr().lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

/// A slow server, by a clock that runs 200 times as fast as it should.
#[test]
fn a_log_tells_once_a_minute_how_far_a_run_is() {
    let Some(line) = with_clock("a line of progress a minute", "-f '+0 x200'") else { return };
    let still = Still::with(Options { latency: Duration::from_millis(400), ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    for (flags, told) in [("-v", true), ("", false), ("-v --progress always", false)] {
        let words = format!("export tickets --since @0 --no-state --per-page 25 {flags}");
        let mut run = place.zdx(&words).through(&line);
        for limit in ["HEADERS", "BODY_IDLE", "REQUEST", "CONNECT"] {
            run = run.env(&format!("ZDX_{limit}_TIMEOUT"), "1d");
        }
        let run = run.run();
        run.exit(0).stdout(&still.ndjson(TICKETS));
        let lines =
            run.stderr().lines().filter(|line| line.starts_with("zdx: tickets: 25 records, "));
        let lines: Vec<&str> = lines.filter(|line| line.contains(" behind, 1 page, ")).collect();
        assert_eq!(lines.len(), usize::from(told), "{flags}: {}", run.transcript());
    }
}

/// The codes of colours in a text.
fn is_coloured(text: &str) -> bool {
    text.contains("\u{1b}[")
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let place = Place::new();
    let failing = "export tickets --no-state --progress never";
    for (words, rest, coloured) in [
        (failing, "", true),
        (failing, "--color never", false),
        (failing, "--log-format json", false),
        (failing, "--log-format json --color always", false),
        ("export tickest --bad", "", true),
        ("export tickest --bad", "--color=never", false),
        ("export tickest --color never --bad", "", false),
    ] {
        let line = format!("{words} {rest}");
        let Some(screen) = failing_on_a_terminal(&place, &line, &[]) else { return };
        assert_eq!(is_coloured(&screen), coloured, "{line}: {screen:?}");
    }
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let Some(screen) = failing_on_a_terminal(&place, failing, &[(name, value)]) else { return };
        assert!(!is_coloured(&screen), "{name}: {screen:?}");
    }
    let always = format!("{failing} --color always");
    let Some(screen) = failing_on_a_terminal(&place, &always, &[("NO_COLOR", "1")]) else { return };
    assert!(is_coloured(&screen), "{screen:?}");
}

/// What is on the screen of a run that ends with exit code 2.
fn failing_on_a_terminal(place: &Place, words: &str, env: &[(&str, &str)]) -> Option<String> {
    if !Path::new("/usr/bin/script").exists() {
        skipped("colours on a terminal", "there is no `script` to make one");
        return None;
    }
    let line = "exec script -qec \"$0 $*\" /dev/null >screen </dev/null";
    let mut zdx = place.zdx(words).env("TERM", "xterm");
    for (name, value) in env {
        zdx = zdx.env(name, value);
    }
    zdx.through(line).run().exit(2);
    Some(place.file("screen"))
}

#[test]
fn off_a_terminal_colours_come_only_when_asked_for() {
    let place = Place::new();
    let failing = "export tickets --no-state";
    place.zdx(failing).run().exit(2).stderr_lacks("\u{1b}");
    place.zdx(failing).env("CLICOLOR_FORCE", "1").run().exit(2).stderr_has("\u{1b}[");
    let run = place.zdx(&format!("{failing} --color always")).run();
    // Red, then plain, so that the words can be searched for.
    run.exit(2).stderr_has("\u{1b}[31mzdx:\u{1b}[0m ");
    place.zdx("export -h").run().exit(0).stdout_has("Usage: zdx export");
    let run = place.zdx("export -h --color always").run();
    assert!(is_coloured(&run.exit(0).text()));
    place.zdx("export --color sometimes").run().refused(2, "sometimes");
}

#[test]
fn records_and_results_are_never_coloured() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export organizations --since @0 --no-state --color always").run();
    run.exit(0).stdout(&still.ndjson(ORGANIZATIONS));
    assert!(is_coloured(run.stderr()), "{}", run.transcript());
    for words in ["check", "resources", "state show", "config show"] {
        let run = place.zdx(&format!("{words} --color always")).run();
        assert!(!is_coloured(&run.exit(0).text()), "{words}");
    }
    let words = "export organizations --since @0 --no-state --color always --summary json -q";
    place.zdx(words).run().exit(0).summary();
}

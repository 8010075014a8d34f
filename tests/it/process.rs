//! P, C, R and the security rows of processes: signals, neighbours, limits, clocks, quotas, and who
//! may see what.

use crate::{
    harness::{CANARY, Place},
    machine::{
        committed, ended, eventually, lasting, next_run, skipped, sleep, standing, standing_with,
        temporaries,
    },
    straced::{self, Tracer},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
    time::{Duration, Instant},
};
use zdx::sandbox::{Fault, Options, Sandbox};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const WORDS: &str = "tickets -o x.ndjson --per-page 3";

/// A second, and what a busy machine takes to get to it.
const AT_ONCE: Duration = Duration::from_millis(1500);

#[expect(clippy::disallowed_methods, reason = "how soon a signal is heeded is the fact")]
fn now() -> Instant {
    Instant::now()
}

fn reference(sandbox: &Sandbox) -> String {
    let place = Place::of(sandbox);
    next_run(&place, WORDS).run().exit(0);
    place.file("x.ndjson")
}

const SIGNALS: [(Signal, i32, &str); 3] =
    [(Signal::TERM, 143, "SIGTERM"), (Signal::INT, 130, "SIGINT"), (Signal::HUP, 129, "SIGHUP")];

/// A signal while the third request meets this: two pages are committed, and the run ends at once.
fn stopped_in(fault: Fault) {
    let sandbox = standing_with(12);
    let reference = reference(&sandbox);
    for (signal, exit, name) in SIGNALS {
        let place = Place::of(&sandbox);
        let before = sandbox.requests().len();
        sandbox.inject(fault, 3);
        let run = place.zdx(&format!("export {WORDS} --since @0")).start();
        eventually("two pages", || {
            committed(&place, "tickets").is_some_and(|bytes| bytes > 15_000)
        });
        eventually("a third request", || sandbox.requests().len() >= before + 2);
        sleep(Duration::from_millis(150));
        let began = now();
        run.signal(signal);
        let ended = run.end();
        let took = began.elapsed();
        ended.exit(exit).stderr_has(&format!("stopped by {name}")).stderr_has("6 records, 2 pages");
        assert!(took < AT_ONCE, "{name} took {took:?}");
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file("x.ndjson") == reference, "{name}");
    }
}

#[test]
fn p4_signals_while_waiting_for_headers() {
    stopped_in(Fault::Hang);
}

#[test]
fn p4_signals_inside_a_body() {
    stopped_in(Fault::Drip);
}

#[test]
fn p4_signals_while_waiting_for_quota() {
    stopped_in(Fault::TooManySilent);
}

#[test]
fn p4_signals_while_waiting_to_try_again() {
    stopped_in(Fault::Conflict);
}

/// An address that answers nothing: the run is connecting, or waiting to try again.
#[test]
fn p4_signals_while_connecting() {
    for (signal, exit, _) in SIGNALS {
        let place = Place::at("https://192.0.2.1");
        let run = next_run(&place, WORDS).start();
        eventually("it has begun", || place.state().exists());
        sleep(Duration::from_millis(150));
        let began = now();
        run.signal(signal);
        run.end().exit(exit);
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    }
}

/// The page that is being written is finished when a signal comes in the middle of its commit.
#[test]
fn p4_signals_inside_a_commit() {
    if !straced::available("p4, a signal inside a commit") {
        return;
    }
    let sandbox = standing_with(12);
    let reference = reference(&sandbox);
    for (signal, exit, _) in SIGNALS {
        let place = Place::of(&sandbox);
        let tracer = Tracer::new();
        let options = "-e trace=execve,fdatasync -e inject=fdatasync:delay_enter=500000:when=2";
        let run = tracer.around(next_run(&place, WORDS), options).start();
        eventually("a page", || committed(&place, "tickets") > Some(0));
        sleep(Duration::from_millis(150));
        let log = tracer.log();
        let traced = log.split(' ').next().and_then(|pid| pid.parse().ok());
        let traced = traced.and_then(Pid::from_raw).expect("a process");
        kill_process(traced, signal).expect("it runs");
        run.end().exit(exit);
        let length = place.file("x.ndjson").len();
        assert_eq!(committed(&place, "tickets"), Some(length.try_into().unwrap()));
        let lines = place.file("x.ndjson").lines().count();
        assert!(lines == 6 || lines == 9, "{lines} lines: that page, and one that waited for it");
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file("x.ndjson") == reference);
    }
}

/// The first waits for the reader to take the page; the second does not.
#[test]
fn p5_a_second_interrupt_leaves_at_once() {
    let sandbox = standing_with(60);
    let place = Place::of(&sandbox);
    let run = next_run(&place, "tickets").start();
    eventually("the state", || place.state().exists());
    // Nobody reads: the page stands in the pipe.
    sleep(Duration::from_millis(200));
    let began = now();
    run.signal(Signal::INT);
    sleep(Duration::from_millis(50));
    run.signal(Signal::INT);
    let mut run = run;
    let status = ended(&mut run.child);
    assert_eq!(status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

fn slow() -> Sandbox {
    standing(Options { records: 12, latency: Duration::from_millis(250), ..Options::default() })
}

#[test]
fn p6_a_second_zdx_on_the_same_state() {
    let sandbox = slow();
    let place = Place::of(&sandbox);
    let first = next_run(&place, WORDS).start();
    eventually("the first has begun", || place.state().exists());
    let state = format!("pid {}, since 20", first.child.id());
    // From another place: no request of the second's reaches this sandbox.
    let idle = standing_with(3);
    let second = Place::of(&idle);
    let words = format!("-q export users -o y.ndjson --state {}", place.state().display());
    second.zdx(&words).run().refused(11, &state);
    assert!(idle.requests().is_empty());
    assert!(second.names().is_empty());
    first.end().exit(0);
}

#[test]
fn p8_fifty_starts_at_once() {
    let sandbox = slow();
    let reference = reference(&sandbox);
    let place = Place::of(&sandbox);
    let words = format!("-q export {WORDS} --since @0");
    let runs: Vec<_> = (0..50).map(|_| place.zdx(&words).start()).collect();
    let ends: Vec<_> = runs
        .into_iter()
        .map(|run| run.child.wait_with_output().expect("it ends").status.code())
        .collect();
    let done = ends.iter().filter(|exit| **exit == Some(0)).count();
    let busy = ends.iter().filter(|exit| **exit == Some(11)).count();
    assert_eq!((done, busy), (1, 49), "{ends:?}");
    assert!(place.file("x.ndjson") == reference);
    assert!(temporaries(&place).is_empty());
}

/// A laptop that sleeps.
#[test]
fn p9_stopped_and_continued() {
    let sandbox = slow();
    let reference = reference(&sandbox);
    let place = Place::of(&sandbox);
    let run = next_run(&place, WORDS).start();
    eventually("a page", || committed(&place, "tickets") > Some(0));
    run.signal(Signal::STOP);
    sleep(lasting(Duration::from_secs(1), Duration::from_secs(600)));
    run.signal(Signal::CONT);
    run.end().exit(0);
    assert!(place.file("x.ndjson") == reference);
}

/// However it dies for want of memory, the next run does not notice.
#[test]
fn p11_too_little_memory() {
    let sandbox = standing_with(60);
    let words = "tickets -o x.ndjson --per-page 20";
    let whole = Place::of(&sandbox);
    next_run(&whole, words).run().exit(0);
    let mut died = 0;
    for megabytes in [5, 10, 15, 20, 25, 30, 40, 60] {
        let place = Place::of(&sandbox);
        let line = format!("ulimit -v {}; exec \"$0\" \"$@\" --retry-for 0s", megabytes * 1024);
        let mut run = next_run(&place, words).through(&line).start();
        died += usize::from(!ended(&mut run.child).success());
        next_run(&place, words).run().exit(0);
        assert!(place.file("x.ndjson") == whole.file("x.ndjson"), "{megabytes} MB");
    }
    assert!(died > 0, "no limit was too small");
}

/// A thread that the machine does not grant makes the standard library panic.
#[test]
fn p10_and_security_24_a_panic_says_where_and_nothing_else() {
    if !straced::available("p10, a panic") {
        return;
    }
    let sandbox = standing_with(24);
    let reference = reference(&sandbox);
    for nth in [1, 2] {
        let place = Place::of(&sandbox);
        next_run(&place, &format!("{WORDS} --max-pages 2")).run().exit(0);
        let before = place.state_bytes();
        let options = format!("-e trace=clone3 -e inject=clone3:error=EAGAIN:when={nth}");
        let line = format!(
            "strace -f -o strace.log {options} \"$0\" \"$@\"; \
             code=$?; grep -c INJECTED strace.log >&2; rm strace.log; echo code $code >&2"
        );
        let run = next_run(&place, WORDS).through(&line).run();
        run.exit(0).stderr_has("\ncode 1\n").stderr_has(&format!("zdx {VERSION} at "));
        run.stderr_lacks("EAGAIN").stderr_lacks("unavailable").stderr_counts("a bug in zdx", 1);
        run.stderr_lacks("\n0\ncode");
        assert_eq!(place.state_bytes(), before);
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file("x.ndjson") == reference);
    }
}

#[test]
fn p12_a_few_pages_at_a_time() {
    let sandbox = standing_with(24);
    let reference = reference(&sandbox);
    let place = Place::of(&sandbox);
    let mut runs = 0;
    while place.state().exists() == (runs > 0) && runs < 20 {
        next_run(&place, &format!("{WORDS} --max-pages 2")).run().exit(0);
        runs += 1;
        if place.file("x.ndjson").len() == reference.len() {
            break;
        }
    }
    assert!(runs > 1 && place.file("x.ndjson") == reference, "after {runs} runs");
    // To stdout, run by run.
    let place = Place::of(&sandbox);
    let mut text = String::new();
    for _ in 0..runs {
        let words = "tickets --per-page 3 --max-pages 2";
        text.push_str(&next_run(&place, words).run().exit(0).text());
    }
    assert!(text == reference);
}

/// The command that sets a run's wall clock.
pub(crate) fn with_clock(what: &str, clock: &str) -> Option<String> {
    let tried = Command::new("faketime").args(["-f", "+1d", "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skipped(what, "faketime is not installed");
        return None;
    }
    Some(format!("exec faketime -m {clock} \"$0\" \"$@\""))
}

#[test]
fn c1_a_clock_that_is_wrong() {
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    next_run(&place, &format!("{WORDS} --max-pages 1")).run().exit(0);
    let before = crate::machine::Snapshot::of(&place);
    let asked = |from: usize| -> Vec<(String, String)> {
        let requests = sandbox.requests();
        requests[from..].iter().map(|sent| (sent.path.clone(), sent.query.clone())).collect()
    };
    let from = sandbox.requests().len();
    next_run(&place, WORDS).run().exit(0);
    let (right, reference) = (asked(from), place.file("x.ndjson"));
    for clock in ["-f +1d", "-f -1d", "'1960-01-01 00:00:00'", "'2100-01-01 00:00:00'", "-f -80y"] {
        let Some(line) = with_clock("c1, wrong clocks", clock) else { return };
        before.put_back(&place);
        let from = sandbox.requests().len();
        next_run(&place, WORDS).through(&line).run().exit(0);
        assert_eq!(asked(from), right, "{clock}");
        assert!(place.file("x.ndjson") == reference, "{clock}");
    }
}

/// A wait is measured by the clock that nobody sets.
#[test]
fn c2_the_clock_jumps_while_a_run_waits() {
    let what = "c2, a clock that jumps";
    if with_clock(what, "-f +0").is_none() {
        return;
    }
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .map(|dir| format!("{dir}/faketime/libfaketimeMT.so.1"));
    let Some(library) = library.into_iter().find(|path| fs::exists(path).unwrap_or(false)) else {
        return skipped(what, "libfaketime is not where it is looked for");
    };
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let clock = place.put("clock", "+0");
    sandbox.inject(Fault::UnavailableRetry, 2);
    let run = next_run(&place, WORDS)
        .env("LD_PRELOAD", &library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string())
        .env("FAKETIME_NO_CACHE", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start();
    eventually("the refusal", || sandbox.requests().len() >= 2);
    let began = now();
    place.put("clock", "-1d");
    run.end().exit(0);
    let took = began.elapsed();
    assert!(took > Duration::from_millis(1800), "{took:?}");
    assert!(took < Duration::from_millis(5000), "{took:?}");
}

#[test]
fn c3_a_skewed_clock_is_told() {
    let sandbox = Sandbox::start(Options { records: 60, quota: Some(0), ..Options::default() });
    let sandbox = sandbox.expect("a sandbox");
    for (clock, told) in [("-f +10m", true), ("-f -1d", true), ("-f +20s", false)] {
        let Some(line) = with_clock("c3, skewed clocks", clock) else { return };
        let place = Place::of(&sandbox);
        let run = place.zdx("export tickets --since 2h --no-state").through(&line).run();
        let says = run.exit(0).stderr().contains("clocks of this machine and of the server");
        assert_eq!(says, told, "{clock}: {}", run.transcript());
    }
}

#[test]
fn c4_all_times_are_utc() {
    let sandbox = standing_with(12);
    let words = format!("export {WORDS} --since 2026-03-08T02:30:00Z");
    let mut told = Vec::new();
    for zone in ["UTC", "America/New_York", ":/garbage", "XYZ-99:99:99"] {
        let place = Place::of(&sandbox);
        let run = place.zdx(&words).env("TZ", zone).run();
        let text = run.exit(0).stderr().replace(&place.path("").display().to_string(), "");
        assert!(text.contains("from 2026-03-08T02:30:00Z"), "{zone}: {text}");
        assert!(place.saved("tickets")["through"].as_str().is_some_and(|time| time.ends_with('Z')));
        told.push(place.file("x.ndjson"));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn c5_nothing_younger_than_a_minute_is_asked_for() {
    let sandbox = Sandbox::start(Options { records: 60, quota: Some(0), ..Options::default() });
    let sandbox = sandbox.expect("a sandbox");
    for since in ["60s", "now", "1s", "61s", "59s"] {
        let place = Place::of(&sandbox);
        place.zdx(&format!("-q export tickets --since {since}")).run().exit(0);
    }
    let requests = sandbox.requests();
    assert!(requests.len() >= 5);
    for sent in requests {
        let start = sent.query.split('&').find_map(|pair| pair.strip_prefix("start_time="));
        if let Some(start) = start {
            let start: u64 = start.parse().expect("digits");
            assert!(start + 60 <= sent.at / 1000, "{start} at {}", sent.at);
        }
        assert_ne!(sent.status, 422);
    }
}

/// The quota's window, short enough for a test.
fn metered() -> Sandbox {
    let window = Duration::from_secs(1);
    Sandbox::start(Options { records: 330, quota: Some(10), window, ..Options::default() })
        .expect("a sandbox")
}

#[test]
fn r1_the_quota_is_never_overdrawn() {
    let sandbox = metered();
    let place = Place::of(&sandbox);
    place.zdx("-q export tickets --since @0 -o x.ndjson --per-page 10").run().exit(0);
    let requests = sandbox.requests();
    assert!(requests.len() >= 25, "{} requests", requests.len());
    assert!(requests.iter().all(|sent| sent.status == 200), "{requests:?}");
}

#[test]
fn r2_retries_count_against_the_quota() {
    let sandbox = metered();
    for nth in [3, 4, 9, 10, 14] {
        sandbox.inject(Fault::Close, nth);
    }
    let place = Place::of(&sandbox);
    place.zdx("-q export tickets --since @0 -o x.ndjson --per-page 10").run().exit(0);
    let requests = sandbox.requests();
    assert!(requests.len() >= 30, "{} requests", requests.len());
    assert!(requests.iter().all(|sent| sent.status != 429), "{requests:?}");
}

#[test]
fn security_1_no_flag_takes_a_secret() {
    let place = Place::new();
    for words in
        [format!("export tickets --token {CANARY}"), format!("export tickets --token={CANARY}")]
    {
        place.zdx(&words).run().exit(2).stderr_has("--token").stderr_lacks(CANARY);
    }
    let sandbox = slow();
    let place = Place::of(&sandbox);
    let run = next_run(&place, WORDS).start();
    eventually("it has begun", || place.state().exists());
    let typed = fs::read(format!("/proc/{}/cmdline", run.child.id())).expect("a process");
    let typed = String::from_utf8_lossy(&typed).into_owned();
    assert!(typed.contains("x.ndjson") && !typed.contains(zdx::sandbox::OAUTH_TOKEN));
    run.end().exit(0);
}

#[test]
fn security_2_a_secret_that_others_can_read() {
    let place = Place::new();
    let secret = place.put("secret", "token-c4n4ry-0123456789\n");
    let config = place.put(
        "config.toml",
        &format!(
            "[profiles.acme]\nsubdomain = \"acme\"\noauth_token_file = \"{}\"\n",
            secret.display()
        ),
    );
    let words = "export tickets --since 1d --profile acme --config config.toml --dry-run";
    place.zdx(words).run().exit(0);
    for path in [&secret, &config] {
        for mode in [0o604, 0o640] {
            if path == &config {
                place.put("config.toml", "[profiles.acme]\nsubdomain = \"acme\"\noauth_token = \"token-c4n4ry-0123456789\"\n");
            }
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            place.zdx(words).run().refused(3, "chmod 600");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    place.zdx(words).run().exit(0);
}

#[test]
fn security_16_a_lock_that_is_a_link() {
    let sandbox = standing_with(3);
    let place = Place::of(&sandbox);
    place.put("precious", "mine");
    symlink("precious", place.path("state.json.lock")).unwrap();
    let words = format!("-q export {WORDS} --since @0 --state state.json");
    place.zdx(&words).run().refused(7, "state.json.lock");
    assert_eq!(place.file("precious"), "mine");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn security_16_a_directory_that_anybody_may_write_to() {
    let sandbox = standing_with(3);
    for (mode, warnings) in [(0o777, 1), (0o1777, 0), (0o755, 0)] {
        let place = Place::of(&sandbox);
        fs::set_permissions(place.path(""), fs::Permissions::from_mode(mode)).unwrap();
        let words = format!("export {WORDS} --since @0 --state state.json");
        let run = place.zdx(&words).run();
        run.exit(0).stderr_counts("anybody can replace files in", warnings);
    }
}

/// Nothing is looked up and nobody is spoken to but the one host.
#[test]
fn security_22_only_the_configured_host_is_contacted() {
    if !straced::available("security 22, who is contacted") {
        return;
    }
    let sandbox = standing_with(12);
    let place = Place::of(&sandbox);
    let tracer = Tracer::new();
    let run = next_run(&place, WORDS);
    tracer.around(run, "-e trace=connect,sendto,sendmsg,sendmmsg").run().exit(0);
    let log = tracer.log();
    let port = sandbox.base_url().rsplit(':').next().unwrap().to_owned();
    let ours = format!("sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")");
    let (connects, others): (Vec<&str>, Vec<&str>) = log
        .lines()
        .filter(|line| line.contains("sa_family="))
        .partition(|line| line.contains(&ours));
    assert!(!connects.is_empty(), "{log}");
    assert!(others.is_empty(), "{others:#?}");
}

/// Temporaries have names that cannot be foreseen, are new, and no child inherits a descriptor.
#[test]
fn security_16_and_17_how_files_are_opened() {
    if !straced::available("security 16 and 17, how files are opened") {
        return;
    }
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    let tracer = Tracer::new();
    tracer.around(next_run(&place, WORDS), "-e trace=openat,socket").run().exit(0);
    let log = tracer.log();
    let opened: Vec<&str> = log.lines().filter(|line| line.contains("openat(")).collect();
    assert!(opened.len() > 10, "{log}");
    assert!(opened.iter().all(|line| line.contains("O_CLOEXEC")), "{log}");
    assert!(
        log.lines().filter(|line| line.contains("socket(")).all(|line| line.contains("CLOEXEC"))
    );
    let temporary: Vec<_> = opened.iter().filter(|line| line.contains(".tmp\"")).collect();
    assert!(temporary.len() > 3 && temporary.iter().all(|line| line.contains("O_EXCL")), "{log}");
    let mut names: Vec<_> = temporary.iter().filter_map(|line| line.split('"').nth(1)).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "names come again: {names:?}");
    let state: Value = serde_json::from_str(&place.state_bytes()).unwrap();
    assert_eq!(state["format"], "zdx-state");
}

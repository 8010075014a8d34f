//! What the tests of files, kills and signals share: a world that stands still, files put back as
//! they were, and saying aloud what a machine cannot test.

use crate::harness::{Place, Zdx};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::Duration,
};
use zdx::sandbox::{Options, Sandbox};

/// 2026-11-24T02:00:00Z, when time stands still.
pub(crate) const STANDING: i64 = 1_795_485_600;

/// A sandbox in which no time goes by, so that two exports of it are the same bytes.
pub(crate) fn standing(options: Options) -> Sandbox {
    let frozen_at = Some(STANDING);
    Sandbox::start(Options { quota: Some(0), frozen_at, ..options }).expect("a sandbox")
}

/// The same with so many tickets.
pub(crate) fn standing_with(records: u32) -> Sandbox {
    standing(Options { records, ..Options::default() })
}

/// Says that a fact was not tested: past the capture of the test runner, so that it is seen.
pub(crate) fn skipped(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}: {why}\n");
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// The command that makes a mount namespace of a run's own, as root or as whoever may be root in
/// one. Says so when there is none.
pub(crate) fn mounts(what: &str) -> Option<&'static str> {
    let works = |command: &str| {
        let line = format!("{command} sh -c 'mount -t tmpfs none /mnt'");
        let tried = Command::new("sh").arg("-c").arg(line).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let found = ["unshare -m", "unshare -Urm"].into_iter().find(|command| works(command));
    if found.is_none() {
        skipped(what, "no mount namespaces here");
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "a kill comes at an instant of its own")]
pub(crate) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

/// Waits for something that a running process does.
#[track_caller]
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..20_000 {
        if happened() {
            return;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("never happened: {what}");
}

/// How many kills are asked for, instead of what fits into an ordinary run of the tests.
pub(crate) fn kills_asked_for() -> Option<usize> {
    let all = std::env::var_os("ZDX_TEST_KILLS")?.into_string().expect("digits");
    Some(all.parse().expect("ZDX_TEST_KILLS is a number"))
}

/// How long something lasts that a row gives minutes: as long as that only where kills were asked
/// for, because that is a long run of the tests.
pub(crate) fn lasting(ordinarily: Duration, in_a_long_run: Duration) -> Duration {
    if kills_asked_for().is_some() { in_a_long_run } else { ordinarily }
}

/// Waits for a process that has to end by itself. One that does not is killed, and the test fails.
#[track_caller]
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    for _ in 0..60_000 {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        sleep(Duration::from_millis(1));
    }
    child.kill().expect("a process of ours");
    panic!("it does not end");
}

/// The command that begins a series, or goes on with it when it has begun.
pub(crate) fn next_run<'a>(place: &'a Place, words: &str) -> Zdx<'a> {
    let since = if place.state().exists() { "" } else { "--since @0" };
    place.zdx(&format!("-q export {words} {since}"))
}

/// The length that the state says of a resource's file.
pub(crate) fn committed(place: &Place, resource: &str) -> Option<u64> {
    let state: Value = serde_json::from_slice(&fs::read(place.state()).ok()?).ok()?;
    state["resources"][resource]["output"]["committed"].as_u64()
}

/// What a directory holds, to put it back.
pub(crate) struct Snapshot(BTreeMap<PathBuf, Vec<u8>>);

impl Snapshot {
    pub(crate) fn nothing() -> Snapshot {
        Snapshot(BTreeMap::new())
    }

    /// Of the state's directory and the work directory.
    pub(crate) fn of(place: &Place) -> Snapshot {
        let files = dirs(place).into_iter().flat_map(|dir| files(&dir));
        Snapshot(
            files
                .map(|path| {
                    let bytes = fs::read(&path).expect("a file to read");
                    (path, bytes)
                })
                .collect(),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    pub(crate) fn put_back(&self, place: &Place) {
        for path in dirs(place).into_iter().flat_map(|dir| files(&dir)) {
            fs::remove_file(path).expect("a file to remove");
        }
        for (path, bytes) in &self.0 {
            fs::write(path, bytes).expect("a file to write");
        }
    }
}

fn dirs(place: &Place) -> [PathBuf; 2] {
    let state = place.state().parent().expect("a directory").to_owned();
    [state, place.path("")]
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

/// Files of a place that should not be there: temporaries of any kind.
pub(crate) fn temporaries(place: &Place) -> Vec<PathBuf> {
    let all = dirs(place).into_iter().flat_map(|dir| files(&dir));
    all.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with('.')
    })
    .collect()
}

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
    time::{Duration, UNIX_EPOCH},
};
use zdx::sandbox::{Fault, Options, Sandbox};

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
    // What goes to a pipe moves a position where that is asked for.
    let state = if words.contains("-o ") || words.contains("--state") {
        String::new()
    } else {
        fs::create_dir_all(place.state().parent().expect("a directory")).expect("a new directory");
        format!("--state {}", place.state().display())
    };
    place.zdx(&format!("-q export {words} {since} {state}"))
}

/// The length that the state says of a resource's file.
pub(crate) fn committed(place: &Place, resource: &str) -> Option<u64> {
    let state: Value = serde_json::from_slice(&fs::read(place.state()).ok()?).ok()?;
    state["resources"][resource]["output"]["committed"].as_u64()
}

/// How the state names a file, whatever it is called and holds.
pub(crate) fn identity(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).ok()?;
    let birth = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", metadata.ino(), birth.as_nanos()))
}

/// Says in states that a file is another one: what was copied or put back would not be the same.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub(crate) fn is_now(place: &Place, was: &str, path: &Path) {
    let Some(now) = identity(path) else { return };
    for state in dirs(place).into_iter().flat_map(|dir| files(&dir)) {
        let text = fs::read_to_string(&state).unwrap_or_default();
        if text.contains("zdx-state") && text.contains(was) {
            fs::write(state, text.replace(was, &now)).expect("a file to write");
        }
    }
}

/// Says in a state that it is itself: what was built anew would be a copy.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub(crate) fn is_itself(state: &Path) {
    let text = fs::read_to_string(state).unwrap_or_default();
    let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
    if let (Some(was), Some(now)) = (parsed["file"].as_str(), identity(state)) {
        fs::write(state, text.replace(was, &now)).expect("a file to write");
    }
}

/// A series whose run was killed by a page: `pages` of three records are committed, and the next one
/// is not. What the kill left of it is `torn`.
pub(crate) fn killed_in_a_page(
    place: &Place,
    sandbox: &Sandbox,
    words: &str,
    output: &str,
    pages: u64,
    torn: &str,
) {
    let before = sandbox.requests().len();
    sandbox.inject(Fault::Hang, pages + 1);
    let mut run = next_run(place, &format!("{words} --per-page 3")).start();
    eventually("the pages are committed", || {
        let written = fs::read_to_string(place.path(output)).unwrap_or_default();
        let lines = u64::try_from(written.lines().count()).expect("a small number");
        let length = u64::try_from(written.len()).expect("a small file");
        sandbox.requests().len() > before + usize::try_from(pages).expect("a small number")
            && lines == pages * 3
            && committed(place, "tickets") == Some(length)
    });
    run.child.kill().expect("a process of ours");
    ended(&mut run.child);
    append(&place.path(output), torn);
}

/// Appends to a file, as something else than zdx does.
pub(crate) fn append(path: &Path, text: &str) {
    let file = fs::OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file to append to");
}

/// What a directory holds, to put it back, and which files they were.
#[derive(PartialEq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, (Vec<u8>, Option<String>)>);

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
                    let identity = identity(&path);
                    (path, (bytes, identity))
                })
                .collect(),
        )
    }

    /// Without the files whose names end so.
    pub(crate) fn without(mut self, end: &str) -> Snapshot {
        self.0.retain(|path, _| !path.to_string_lossy().ends_with(end));
        self
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    pub(crate) fn put_back(&self, place: &Place) {
        for path in dirs(place).into_iter().flat_map(|dir| files(&dir)) {
            fs::remove_file(path).expect("a file to remove");
        }
        for (path, (bytes, _)) in &self.0 {
            fs::write(path, bytes).expect("a file to write");
        }
        for (path, (_, was)) in &self.0 {
            was.iter().for_each(|was| is_now(place, was, path));
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

/// Files of a place that should not be there: temporaries of any kind. Owner files are to be there,
/// and what was cut off is kept.
pub(crate) fn temporaries(place: &Place) -> Vec<PathBuf> {
    let all = dirs(place).into_iter().flat_map(|dir| files(&dir));
    all.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with('.') && !name.ends_with(".owner") && !name.ends_with(".discarded")
    })
    .collect()
}

//! zdx under strace: which calls touched its files, and what happens when one of them fails or is
//! the last.
//!
//! strace counts each thread's calls for itself, and an injection strikes whichever thread makes
//! its Nth call first. The calls are therefore taken from a recorded run, and what an injection
//! struck is read from strace's log, not assumed.

use crate::{
    harness::{Place, Zdx},
    machine::skipped,
};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Site {
    Lock,
    State,
    /// A state that is not yet in place.
    Temporary,
    StateDir,
    Output,
    OutputDir,
}

/// One call that touched a file of ours.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Which of its thread's calls of this name it is, from 1.
    pub(crate) nth: usize,
    pub(crate) site: Site,
    /// Whether it is the first, of all threads, with this name and number: the one that an
    /// injection strikes.
    pub(crate) first: bool,
    pub(crate) line: String,
}

/// The calls by which zdx changes files, or finds out what is in them. Those that a machine does
/// not know are left out.
pub(crate) const CALLS: &str = "openat,write,lseek,read,flock,fdatasync,fsync,ftruncate,\
                                fchmod,?rename,?renameat,?renameat2,?unlink,unlinkat,?mkdir";

/// Whether strace can trace here. Says so when not: an injection that is not made proves nothing.
pub(crate) fn available(what: &str) -> bool {
    let options = ["-f", "-e", "trace=fsync", "-o", "/dev/null", "true"];
    match Command::new("strace").args(options).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            skipped(what, &String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            skipped(what, &format!("strace: {error}"));
            false
        }
    }
}

/// A directory for strace's logs, apart from what zdx sees.
pub(crate) struct Tracer {
    dir: tempfile::TempDir,
}

impl Tracer {
    pub(crate) fn new() -> Tracer {
        Tracer { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Lets a run be traced; `options` are strace's.
    pub(crate) fn around<'a>(&self, run: Zdx<'a>, options: &str) -> Zdx<'a> {
        let log = self.path();
        let log = log.display();
        run.through(&format!("exec strace -f -y -o {log} {options} \"$0\" \"$@\""))
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What strace wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path()).expect("a log of strace")
    }
}

/// The calls in a log that touched the state or the output, in their order.
pub(crate) fn calls(log: &str, place: &Place, output: &Path) -> Vec<Call> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    let mut struck: HashMap<(&str, usize), ()> = HashMap::new();
    let mut found = Vec::new();
    for line in log.lines() {
        let Some((thread, name, rest)) = started(line) else {
            continue;
        };
        let nth = counts.entry((thread, name)).or_default();
        *nth += 1;
        let first = struck.insert((name, *nth), ()).is_none();
        if let Some(site) = site(rest, place, output) {
            let (name, line) = (name.to_owned(), line.to_owned());
            found.push(Call { name, nth: *nth, site, first, line });
        }
    }
    found
}

/// The thread, the name and the rest of a line that begins a call.
fn started(line: &str) -> Option<(&str, &str, &str)> {
    let (thread, call) = line.split_once(' ')?;
    let (name, rest) = call.trim_start().split_once('(')?;
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        .then_some((thread, name, rest))
}

fn site(arguments: &str, place: &Place, output: &Path) -> Option<Site> {
    let state = place.state();
    let state_dir = state.parent().expect("a directory").display().to_string();
    let state = state.display().to_string();
    let output_dir = output.parent().expect("a directory").display().to_string();
    let output = output.display().to_string();
    // A path is in quotes, or behind its descriptor.
    let names = |path: &str| {
        arguments.contains(&format!("\"{path}\"")) || arguments.contains(&format!("<{path}>"))
    };
    let at =
        |fd: &str| arguments.starts_with("AT_FDCWD<") && !arguments.contains(&format!("\"{fd}\""));
    if names(&format!("{state}.lock")) {
        Some(Site::Lock)
    } else if arguments.contains(&format!("{state_dir}/.")) {
        Some(Site::Temporary)
    } else if names(&state) {
        Some(Site::State)
    } else if names(&state_dir) {
        Some(Site::StateDir)
    } else if names(&output) {
        Some(Site::Output)
    } else if names(&output_dir) && !at(&output_dir) {
        Some(Site::OutputDir)
    } else {
        None
    }
}

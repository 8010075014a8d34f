//! The lock beside the state: one run at a time, and a note of the last one.
//!
//! Must not know what the state holds.

use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _},
    time::UnixTime,
};
use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// Held until it is dropped, or the process is gone.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock beside the state. The lock file is never removed: whoever opened it before that
    /// would hold a lock that nobody else sees.
    pub(super) fn take(path: &Path) -> Result<Lock, Failure> {
        let lock_path = lock_path(path);
        let shown = lock_path.display();
        let failed = || format!("cannot lock the state with {shown}");
        let file = disk::open_own(&lock_path).or_exit(Exit::Output, failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(LONGEST_NOTE).read_to_string(&mut holder).unwrap_or_default();
                // What it says of an end is of a run before: whoever holds the lock has not ended.
                let holder = match crate::shown::shown(holder.trim_end()) {
                    unknown if unknown.is_empty() || holder.contains("ended") => String::new(),
                    holder => format!(" ({holder})"),
                };
                let path = path.display();
                Err(Failure::new(Exit::Busy, format!("another zdx{holder} holds the state {path}")))
            }
            Err(TryLockError::Error(error)) => Err(error).or_exit(Exit::Output, failed),
        }
    }

    /// Notes who holds the lock and since when. To know whom to blame is a courtesy: the lock holds
    /// without it.
    pub(super) fn begin_run(&mut self, now: UnixTime) {
        let Lock(file) = self;
        drop(disk::truncate(file, 0));
        drop(file.rewind());
        drop(file.write_all(format!("pid {}, since {now}\n", std::process::id()).as_bytes()));
    }

    /// Notes how the run ended.
    pub(super) fn end_run(&mut self, exit: Exit, now: UnixTime) {
        drop(self.0.write_all(format!("ended {now}, exit {}\n", exit.code()).as_bytes()));
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// What the lock file tells of the run that last held it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastRun {
    pub(crate) pid: i32,
    pub(crate) began: UnixTime,
    /// When and with which exit code it ended, if it lived to say so.
    pub(crate) end: Option<(UnixTime, u8)>,
}

/// What is known of the last run with this state.
pub(crate) fn last_run(path: &Path) -> Option<LastRun> {
    LastRun::parse(&String::from_utf8(disk::read_small(&lock_path(path), LONGEST_NOTE).ok()?).ok()?)
}

/// No note in a lock file is longer.
const LONGEST_NOTE: u64 = 200;

impl LastRun {
    fn parse(note: &str) -> Option<LastRun> {
        let mut lines = note.lines();
        let (pid, began) = lines.next()?.strip_prefix("pid ")?.split_once(", since ")?;
        let end = lines.next().and_then(|line| {
            let (at, exit) = line.strip_prefix("ended ")?.split_once(", exit ")?;
            Some((UnixTime::from_rfc3339(at)?, exit.parse().ok()?))
        });
        Some(LastRun { pid: pid.parse().ok()?, began: UnixTime::from_rfc3339(began)?, end })
    }

    /// Whether it still runs, as far as can be told.
    pub(crate) fn is_running(&self) -> bool {
        #[cfg(unix)]
        {
            use rustix::{io::Errno, process::Pid};
            let signalled = Pid::from_raw(self.pid).map(rustix::process::test_kill_process);
            self.end.is_none() && matches!(signalled, Some(Ok(()) | Err(Errno::PERM)))
        }
        #[cfg(not(unix))]
        self.end.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_lock_file_tells_of_the_last_run() {
        let at = |text: &str| UnixTime::from_rfc3339(text).unwrap();
        let began = at("2026-11-24T01:58:00Z");
        let line = "pid 7, since 2026-11-24T01:58:00Z\n";
        assert_eq!(LastRun::parse(line), Some(LastRun { pid: 7, began, end: None }));
        let end = Some((at("2026-11-24T01:59:00Z"), 5));
        let ended = format!("{line}ended 2026-11-24T01:59:00Z, exit 5\n");
        assert_eq!(LastRun::parse(&ended), Some(LastRun { pid: 7, began, end }));
        for unknown in ["", "pid 7", "pid x, since y", "\0"] {
            assert_eq!(LastRun::parse(unknown), None);
        }
    }
}

//! A secret that stands in a file of its own, or that a command prints.
//!
//! No message shows one.

use super::{access::refuse_readable, given::without_line_break};
use crate::{
    clock::Clock,
    disk,
    failure::{Exit, Failure, OrExit as _},
    secret::Secret,
    signals::Stop,
};
use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, TryRecvError},
    thread,
    time::Duration,
};

/// No credential is longer.
const LONGEST: u64 = 64 * 1024;

/// How soon the end of a command is noticed.
const SLICE: Duration = Duration::from_millis(10);

/// `place` is where the file is named, for messages.
pub(super) fn in_file(path: &Path, place: &str) -> Result<Secret, Failure> {
    let failed = || format!("{place}: cannot read the secret in {}", path.display());
    let bytes = disk::read_small(path, LONGEST).or_exit(Exit::Config, failed)?;
    refuse_readable(path)?;
    let text = String::from_utf8(bytes).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(without_line_break(&text)))
}

/// Runs the command, and ends it when a signal asks us to stop.
pub(super) fn by_command(
    line: &str,
    place: &str,
    clock: Clock,
    stop: &Stop,
) -> Result<Secret, Failure> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = || format!("{place}: cannot run the command");
    // It stays in our group, so that it can ask for a password on the terminal.
    let mut child = Command::new(shell)
        .args([flag, line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .or_exit(Exit::Config, failed)?;
    let (sender, printed) = mpsc::channel();
    let stdout = child.stdout.take();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.map(|stdout| stdout.take(LONGEST).read_to_end(&mut text)).transpose();
        drop(sender.send(read.map(|_| text)));
    });
    let mut status = None;
    let mut text = None;
    loop {
        status = status.or(child.try_wait().or_exit(Exit::Config, failed)?);
        text = match (text, printed.try_recv()) {
            (None, Ok(read)) => Some(read.or_exit(Exit::Config, failed)?),
            (None, Err(TryRecvError::Disconnected)) => Some(Vec::new()),
            (text, _) => text,
        };
        if let (Some(status), Some(text)) = (status, &mut text) {
            if !status.success() {
                let what = format!("{place}: the command failed: {status}");
                return Err(Failure::new(Exit::Config, what));
            }
            let text = String::from_utf8(std::mem::take(text)).or_exit(Exit::Config, failed)?;
            return Ok(Secret::new(text.trim_end_matches(['\r', '\n'])));
        }
        if let Some(signal) = stop.signal() {
            drop(child.kill());
            return Err(Failure::stopped(signal));
        }
        clock.sleep_until(clock.instant() + SLICE, stop);
    }
}

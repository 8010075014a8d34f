//! stdout: at least once, by at most one page. A page counts when the reader of a pipe has taken
//! every byte of it, or when a file has it on disk.

use super::compress::PageWriter;
use crate::{
    clock::Clock,
    failure::{Exit, Failure, OrExit as _},
    signals::Stop,
};
use std::{fmt::Write as _, fs::File, io, path::Path, time::Duration};

#[derive(Debug)]
pub(crate) struct StdoutSink {
    kind: os::Kind,
    /// Whether a position depends on what is written.
    series: bool,
    written: u64,
}

impl StdoutSink {
    /// Looks at stdout before the first request.
    pub(crate) fn open(series: bool) -> Result<StdoutSink, Failure> {
        let kind = os::kind();
        if series && kind == os::Kind::Null {
            return Err(Failure::usage(
                "stdout is the null device or closed: the records would be lost and the position \
                 moved all the same",
            )
            .hint("give an output with -o, or add --no-state"));
        }
        if series && kind == os::Kind::Socket {
            return Err(Failure::usage(
                "stdout is a socket, of which nobody can tell what its reader has taken: records \
                 could be lost and the position moved all the same",
            )
            .hint(
                "put a pipe in between (zdx … | cat), give an output with -o, or add --no-state",
            ));
        }
        Ok(StdoutSink { kind, series, written: 0 })
    }

    pub(super) fn write(&mut self, page: PageWriter<'_>, stop: &Stop) -> Result<(), Failure> {
        // One page at a time, also when several resources share stdout.
        let _page = io::stdout().lock();
        let mut out = Out { kind: self.kind, stop, written: 0 };
        // What a killed run left of a line would else be glued to the first one.
        let on_its_own = match self.written == 0 && os::stands_in_a_line(self.kind) {
            true => os::write(self.kind, b"\n", stop),
            false => Ok(()),
        };
        let result = on_its_own.and_then(|()| page(&mut out)).and_then(|()| match self.series {
            true => os::taken(self.kind, stop),
            false => Ok(()),
        });
        self.written += out.written;
        result.map_err(|error| failed(error, stop))
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }
}

/// Whether stdout is a terminal or a pipe, of which nothing is left when a run has ended.
pub(crate) fn is_passed_on() -> bool {
    matches!(os::kind(), os::Kind::Terminal | os::Kind::Pipe)
}

/// Makes stdout of a device or a FIFO, whose reader is waited for.
#[cfg(unix)]
pub(crate) fn becomes(path: &Path, clock: Clock, stop: &Stop) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    const SOON: Duration = Duration::from_millis(50);
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let failed = || format!("cannot open the output {}", path.display());
    let file = loop {
        match File::options().write(true).custom_flags(nonblock).open(path) {
            // Nobody reads the FIFO yet.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                if let Some(signal) = stop.signal() {
                    return Err(Failure::stopped(signal));
                }
                clock.sleep_until(clock.instant() + SOON, stop);
            }
            opened => break opened.or_exit(Exit::Output, failed)?,
        }
    };
    let flags = rustix::fs::fcntl_getfl(&file).or_exit(Exit::Output, failed)?;
    rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)
        .and_then(|()| rustix::stdio::dup2_stdout(&file))
        .or_exit(Exit::Output, failed)
}

#[cfg(not(unix))]
pub(crate) fn becomes(path: &Path, _: Clock, _: &Stop) -> Result<(), Failure> {
    Err(Failure::usage(format!("the output {} is not a regular file", path.display())))
}

/// Whether somebody still reads stdout, for when nothing is written to it.
pub(crate) fn check_reader() -> Result<(), Failure> {
    os::reader(os::kind()).map_err(|error| failed(error, &Stop::default()))
}

/// stdout while a page is written to it.
struct Out<'a> {
    kind: os::Kind,
    stop: &'a Stop,
    written: u64,
}

impl io::Write for Out<'_> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let escaped;
        let bytes = match self.kind {
            os::Kind::Terminal => {
                escaped = for_terminal(lines);
                escaped.as_slice()
            }
            os::Kind::Pipe
            | os::Kind::Regular
            | os::Kind::Socket
            | os::Kind::Null
            | os::Kind::Other => lines,
        };
        os::write(self.kind, bytes, self.stop)?;
        self.written += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A page that a signal came into, and that the reader did not take in time. Not `Interrupted`:
/// writers take that for an invitation to try again.
const GIVEN_UP: io::ErrorKind = io::ErrorKind::TimedOut;

fn failed(error: io::Error, stop: &Stop) -> Failure {
    match (error.kind(), stop.signal()) {
        (io::ErrorKind::BrokenPipe, _) => {
            Failure::new(Exit::ReaderGone, "the reader of stdout went away")
        }
        (GIVEN_UP, Some(signal)) => Failure::stopped(signal),
        (_, _) => Failure {
            exit: Exit::Output,
            cause: anyhow::Error::from(error).context("cannot write to stdout"),
            hints: Vec::new(),
        },
    }
}

/// Escapes what could drive a terminal. JSON cannot hold raw C0 characters; C1 and direction
/// characters it can, and `\u` escapes mean the same.
fn for_terminal(lines: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(lines);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            write!(out, "\\u{:04x}", u32::from(c)).expect(crate::shown::ENDLESS);
        } else {
            out.push(c);
        }
    }
    out.into_bytes()
}

#[cfg(unix)]
mod os {
    //! What Unix tells of a descriptor.

    use super::GIVEN_UP;
    use crate::{clock::Clock, signals::Stop};
    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        fs::{FileType, OFlags},
        io::Errno,
        stdio::stdout,
    };
    use std::{
        fs::File,
        io,
        sync::OnceLock,
        time::{Duration, Instant},
    };

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Kind {
        Pipe,
        Regular,
        Terminal,
        Socket,
        Null,
        Other,
    }

    /// A write of at most this many bytes does not block where poll says that there is room.
    const CHUNK: usize = 4096;

    /// Terminals have less room.
    const TERMINAL_CHUNK: usize = 256;

    /// How soon a wait for the reader notices a signal.
    const SLICE: Duration = Duration::from_millis(100);

    /// How long after a signal a page may still take to end on its edge.
    const GRACE: Duration = Duration::from_millis(400);

    /// How long after a signal a reader may take to let a line end that is begun.
    const TORN: Duration = Duration::from_millis(900);

    pub(super) fn kind() -> Kind {
        let Ok(stat) = rustix::fs::fstat(stdout()) else {
            return Kind::Null;
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Fifo => Kind::Pipe,
            FileType::RegularFile => Kind::Regular,
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice => {
                let null = rustix::fs::stat("/dev/null").map(|null| null.st_rdev);
                if null == Ok(stat.st_rdev) {
                    Kind::Null
                } else if rustix::termios::isatty(stdout()) {
                    Kind::Terminal
                } else {
                    Kind::Other
                }
            }
            _ => Kind::Other,
        }
    }

    /// Writes a page. After a signal it is finished as long as the reader keeps taking it.
    pub(super) fn write(kind: Kind, mut bytes: &[u8], stop: &Stop) -> io::Result<()> {
        let whole = bytes;
        while !bytes.is_empty() {
            let mut chunk = bytes;
            if let Kind::Pipe | Kind::Terminal | Kind::Socket = kind {
                let written = &whole[..whole.len() - bytes.len()];
                let torn = written.last().is_some_and(|byte| *byte != b'\n');
                if since_signal(stop).is_some_and(|since| since > if torn { TORN } else { GRACE }) {
                    return Err(GIVEN_UP.into());
                }
                if !ready(PollFlags::OUT, SLICE)? {
                    continue;
                }
                let most = if kind == Kind::Terminal { TERMINAL_CHUNK } else { CHUNK };
                chunk = &bytes[..bytes.len().min(most)];
                if stop.signal().is_some() {
                    // From here on a line at a time, so that giving up tears none.
                    let line = chunk.iter().position(|byte| *byte == b'\n');
                    chunk = &chunk[..line.map_or(chunk.len(), |end| end + 1)];
                }
            }
            match rustix::io::write(stdout(), chunk) {
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether the next byte would stand behind a line that does not end, in a regular file that can
    /// be read back.
    pub(super) fn stands_in_a_line(kind: Kind) -> bool {
        use std::os::unix::fs::FileExt as _;
        let last = || -> Option<u8> {
            let length = u64::try_from(rustix::fs::fstat(stdout()).ok()?.st_size).ok()?;
            let appends = rustix::fs::fcntl_getfl(stdout()).ok()?.contains(OFlags::APPEND);
            let at = match appends {
                true => length,
                false => rustix::fs::tell(stdout()).ok()?.min(length),
            };
            let mut last = [0];
            // `>>` cannot be read through its own descriptor.
            let file = File::open("/dev/fd/1").ok()?;
            file.read_exact_at(&mut last, at.checked_sub(1)?).ok()?;
            last.first().copied()
        };
        kind == Kind::Regular && last().is_some_and(|last| last != b'\n')
    }

    /// How long ago the signal came, by when it was first noticed here; the same for all resources.
    fn since_signal(stop: &Stop) -> Option<Duration> {
        static NOTICED: OnceLock<Instant> = OnceLock::new();
        stop.signal()?;
        let now = Clock::real().instant();
        Some(now.saturating_duration_since(*NOTICED.get_or_init(|| now)))
    }

    /// Whether the reader is still there; only a pipe's can be told to be gone.
    pub(super) fn reader(kind: Kind) -> io::Result<()> {
        match kind {
            Kind::Pipe => ready(PollFlags::empty(), Duration::ZERO).map(drop),
            Kind::Regular | Kind::Terminal | Kind::Socket | Kind::Null | Kind::Other => Ok(()),
        }
    }

    /// Waits for `flags`, at most this long. A reader that is gone is a broken pipe.
    fn ready(flags: PollFlags, longest: Duration) -> io::Result<bool> {
        let out = stdout();
        let mut fds = [PollFd::new(&out, flags)];
        let longest = Timespec::try_from(longest).ok();
        match poll(&mut fds, longest.as_ref()) {
            Ok(_) => told(fds[0].revents(), flags),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What poll's answer says: whether what was wanted is there, or that the reader is gone. Linux
    /// says of a pipe without a reader that it has an error, Apple's systems that it was hung up,
    /// and nothing else.
    pub(super) fn told(found: PollFlags, wanted: PollFlags) -> io::Result<bool> {
        match found.intersects(PollFlags::ERR | PollFlags::HUP) {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(found.contains(wanted)),
        }
    }

    /// How the write end of a pipe tells what the reader has not taken yet.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Pipes {
        /// FIONREAD counts it, on either end.
        Counted,
        /// FIONREAD counts what can be read from this end, which is never anything; the size that
        /// fstat tells is what waits at the other one. So on Apple's systems.
        Sized,
    }

    const PIPES: Pipes = if cfg!(target_vendor = "apple") { Pipes::Sized } else { Pipes::Counted };

    /// How many bytes the reader of a pipe has not taken, by FIONREAD's count and fstat's size.
    pub(super) fn unread(pipes: Pipes, counted: u64, size: i64) -> u64 {
        match pipes {
            Pipes::Counted => counted,
            Pipes::Sized => counted.max(u64::try_from(size).unwrap_or(0)),
        }
    }

    fn unread_now() -> io::Result<u64> {
        let counted = rustix::io::ioctl_fionread(stdout())?;
        Ok(unread(PIPES, counted, rustix::fs::fstat(stdout())?.st_size))
    }

    /// Waits until the reader has taken everything, or the disk has it.
    pub(super) fn taken(kind: Kind, stop: &Stop) -> io::Result<()> {
        match kind {
            Kind::Regular => {
                let owned = rustix::io::dup(stdout())?;
                crate::disk::sync(&File::from(owned))
            }
            Kind::Pipe => {
                let mut nap = Duration::from_micros(50);
                while unread_now()? > 0 {
                    if since_signal(stop).is_some_and(|since| since > GRACE) {
                        return Err(GIVEN_UP.into());
                    }
                    ready(PollFlags::empty(), nap)?;
                    nap = (nap * 2).min(SLICE);
                }
                // A reader that died with the last bytes in hand shows as gone, not as unread.
                ready(PollFlags::empty(), Duration::ZERO).map(drop)
            }
            Kind::Terminal | Kind::Socket | Kind::Null | Kind::Other => Ok(()),
        }
    }
}

#[cfg(not(unix))]
mod os {
    //! Where a descriptor cannot be asked what it is: a page counts when the system has taken it,
    //! read or not.

    use crate::signals::Stop;
    use std::io::{self, IsTerminal as _, Write as _};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(dead_code, reason = "the kinds that only Unix can tell apart")]
    pub(super) enum Kind {
        Pipe,
        Regular,
        Terminal,
        Socket,
        Null,
        Other,
    }

    pub(super) fn kind() -> Kind {
        if io::stdout().is_terminal() { Kind::Terminal } else { Kind::Other }
    }

    pub(super) fn write(_: Kind, bytes: &[u8], _: &Stop) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(bytes)?;
        out.flush()
    }

    pub(super) fn stands_in_a_line(_: Kind) -> bool {
        false
    }

    pub(super) fn reader(_: Kind) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn taken(_: Kind, _: &Stop) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_record_text() {
        let line = "{\"a\":\"x\u{9b}31m\u{202e}é😀\"}\n";
        let escaped = String::from_utf8(for_terminal(line.as_bytes())).unwrap();
        assert_eq!(escaped, "{\"a\":\"x\\u009b31m\\u202eé😀\"}\n");
    }

    /// A hang-up alone, as Apple's systems have it, counts: else the wait for room never ends.
    #[cfg(unix)]
    #[test]
    fn f31_a_reader_that_is_gone_shows_as_an_error_or_as_a_hang_up() {
        use rustix::event::PollFlags;
        let (none, out) = (PollFlags::empty(), PollFlags::OUT);
        for (found, wanted, expected) in [
            (none, none, Some(true)),
            (none, out, Some(false)),
            (out, out, Some(true)),
            (PollFlags::ERR, out, None),
            (PollFlags::ERR | out, out, None),
            (PollFlags::HUP, out, None),
            (PollFlags::HUP, none, None),
            (PollFlags::HUP | out, out, None),
            (PollFlags::HUP | PollFlags::ERR, none, None),
        ] {
            let told = os::told(found, wanted);
            let gone = |error: io::Error| error.kind() == io::ErrorKind::BrokenPipe;
            match expected {
                Some(expected) => assert_eq!(told.ok(), Some(expected), "{found:?} {wanted:?}"),
                None => assert!(told.is_err_and(gone), "{found:?} {wanted:?}"),
            }
        }
    }

    /// On Apple's systems the write end's own count is always 0: taken alone, a page would count
    /// that nobody has read.
    #[cfg(unix)]
    #[test]
    fn f31_what_is_unread_is_told_by_the_count_or_by_the_size() {
        use os::Pipes::{Counted, Sized};
        for (pipes, counted, size, expected) in [
            (Counted, 0, 0, 0),
            (Counted, 5, 0, 5),
            (Counted, 0, 4096, 0),
            (Sized, 0, 0, 0),
            (Sized, 0, 5, 5),
            (Sized, 7, 5, 7),
            (Sized, 0, -1, 0),
        ] {
            assert_eq!(os::unread(pipes, counted, size), expected, "{pipes:?} {counted} {size}");
        }
    }
}

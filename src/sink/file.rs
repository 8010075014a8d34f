//! A growing file, exactly once: opened at its committed length, written behind it, cut back to it
//! when something fails. The protocol is told in `disk`.

use super::{
    compress::{Compression, PageWriter},
    segment,
};
use crate::{
    disk::{self, Durability},
    failure::{Exit, Failure, OrExit as _},
    mark::{Committed, Mark, Stage},
    place::{Existing, Owner, partial},
    position::Fingerprint,
    words::grouped,
};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// How much of the committed part's end is fingerprinted.
const TAIL: u64 = 16 * 1024;

#[derive(Debug)]
pub(crate) struct FileSink {
    /// Where it grows; a segment has a name of its own besides.
    path: PathBuf,
    own: PathBuf,
    stage: Option<Stage>,
    template: Option<String>,
    file: File,
    compression: Compression,
    durability: Durability,
    /// The length that counts.
    committed: u64,
    /// Bytes behind it that were written but not yet committed.
    pending: u64,
    /// Old content is cut off with the first page, not before.
    stale: bool,
    written: u64,
}

/// What was found when a file was opened, to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Bytes behind the committed length that were cut off.
    pub(crate) discarded: u64,
    /// The file of a series was moved away, and a new one is begun.
    pub(crate) rotated: bool,
}

impl FileSink {
    /// Opens and locks an output before the first request; `own` is absolute.
    pub(crate) fn open(
        own: &Path,
        template: Option<String>,
        stage: Option<Stage>,
        owner: &Owner,
    ) -> Result<(FileSink, Opened), Failure> {
        let growing = stage.map(|_| partial(own));
        let path = growing.as_deref().unwrap_or(own);
        let shown = path.display();
        let failed = || format!("cannot open the output {shown}");
        check_place(path)?;
        let fresh = !path.exists();
        let file = disk::open_private(path).or_exit(Exit::Output, failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(
                    Exit::Busy,
                    format!("another zdx writes to the output {shown}"),
                )
                .hint("wait for it to end, or write to another file with -o"));
            }
            Err(TryLockError::Error(error)) => return Err(error).or_exit(Exit::Output, failed),
        }
        if fresh {
            disk::sync_dir(disk::parent(path)).or_exit(Exit::Output, failed)?;
        }
        let mut sink = FileSink::over(file, path, own, template, stage, owner);
        let opened = sink.take_over(owner)?;
        if opened.discarded > 0 {
            disk::truncate(&sink.file, sink.committed)
                .or_exit(Exit::Output, || format!("cannot truncate {shown}"))?;
        }
        Ok((sink, opened))
    }

    /// Whether [`FileSink::open`] would take the file, as far as can be told by looking. That
    /// another zdx writes to it now does not count.
    pub(crate) fn check(own: &Path, stage: Option<Stage>, owner: &Owner) -> Result<(), Failure> {
        let growing = stage.map(|_| partial(own));
        let path = growing.as_deref().unwrap_or(own);
        let failed = || format!("cannot open the output {}", path.display());
        let dir = disk::parent(path);
        if !dir.exists() {
            // It would be made.
            return Ok(());
        }
        check_place(path)?;
        if !path.exists() {
            return disk::check_may_write(dir).or_exit(Exit::Output, failed);
        }
        let file = disk::open_existing(path).or_exit(Exit::Output, failed)?;
        FileSink::over(file, path, own, None, stage, owner).take_over(owner).map(drop)
    }

    fn over(
        file: File,
        path: &Path,
        own: &Path,
        template: Option<String>,
        stage: Option<Stage>,
        owner: &Owner,
    ) -> FileSink {
        FileSink {
            path: path.to_owned(),
            own: own.to_owned(),
            stage,
            template,
            compression: Compression::of(own),
            durability: match owner {
                Owner::OneOff(_) => Durability::Cached,
                Owner::NewSeries(_) | Owner::Series(_) => Durability::Synced,
            },
            committed: 0,
            pending: 0,
            stale: false,
            written: 0,
            file,
        }
    }

    /// Finds out how far the file counts, and changes nothing.
    fn take_over(&mut self, owner: &Owner) -> Result<Opened, Failure> {
        match owner {
            Owner::OneOff(existing) | Owner::NewSeries(existing) => self.begin(*existing),
            Owner::Series(mark) => self.recover(mark),
        }
    }

    fn length(&self) -> Result<u64, Failure> {
        let failed = || format!("cannot read the output {}", self.path.display());
        Ok(self.file.metadata().or_exit(Exit::Output, failed)?.len())
    }

    fn begin(&mut self, existing: Existing) -> Result<Opened, Failure> {
        let length = self.length()?;
        match existing {
            _ if length == 0 => {}
            Existing::Refuse => {
                return Err(Failure::usage(format!(
                    "the output {} already holds {} bytes",
                    self.path.display(),
                    grouped(length)
                ))
                .hint("add --append to go on behind them, or --overwrite to replace them"));
            }
            Existing::Append => {
                let last = self.read(length - 1, length)?;
                if self.compression == Compression::None && last != b"\n" {
                    return Err(Failure::usage(format!(
                        "the output {} does not end with a newline: appending would join two lines",
                        self.path.display()
                    )));
                }
                self.committed = length;
            }
            Existing::Overwrite => self.stale = true,
        }
        Ok(Opened::default())
    }

    /// Finds the end that the state says the file has; what lies behind it is to be cut off.
    fn recover(&mut self, mark: &Mark) -> Result<Opened, Failure> {
        let length = self.length()?;
        let Some(saved) = mark.file else {
            return Err(Failure::new(
                Exit::Config,
                format!("the state does not say how far {} is committed", self.path.display()),
            )
            .hint(
                "restore the state from a backup, or begin anew with --since and another --state",
            ));
        };
        if length == 0 {
            return Ok(Opened { rotated: saved.bytes > 0, discarded: 0 });
        }
        let edited = |what: &str| {
            Failure::new(
                Exit::Config,
                format!(
                    "the output {} is not as the last run left it: {what}; nothing was touched",
                    self.path.display()
                ),
            )
            .hint("move the file away to begin a new one, or go on elsewhere with --since and another --state")
        };
        if length < saved.bytes {
            return Err(edited(&format!(
                "it holds {length} bytes, fewer than the {} committed",
                saved.bytes
            )));
        }
        if self.tail(saved.bytes)? != saved.tail {
            return Err(edited(&format!(
                "the end of its {} committed bytes was changed",
                saved.bytes
            )));
        }
        self.committed = saved.bytes;
        Ok(Opened { discarded: length - saved.bytes, rotated: false })
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, Failure> {
        disk::read_range(&self.file, start, end)
            .or_exit(Exit::Output, || format!("cannot read the output {}", self.path.display()))
    }

    fn tail(&self, end: u64) -> Result<Fingerprint, Failure> {
        Ok(Fingerprint::of(&self.read(end.saturating_sub(TAIL), end)?))
    }

    pub(super) fn write(&mut self, page: PageWriter<'_>) -> Result<(), Failure> {
        self.check_still_there()?;
        self.overwrite()?;
        let written = disk::WriterAt::new(&self.file, self.committed).and_then(|mut out| {
            self.compression.encode(page, &mut out)?;
            Ok(out.written())
        });
        let written = written.or_exit(Exit::Output, || self.cannot_write()).and_then(|length| {
            if self.durability == Durability::Synced {
                disk::sync(&self.file).or_exit(Exit::Output, || {
                    format!("cannot sync {} (fsync)", self.path.display())
                })?;
            }
            Ok(length)
        });
        if written.is_err() {
            self.rollback();
        }
        self.pending = written?;
        Ok(())
    }

    pub(super) fn overwrite(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.stale) {
            disk::truncate(&self.file, 0).or_exit(Exit::Output, || self.cannot_write())?;
        }
        Ok(())
    }

    fn cannot_write(&self) -> String {
        format!("cannot write {}", self.path.display())
    }

    /// Writing on into a file that was moved away would put lines where nobody looks for them.
    fn check_still_there(&self) -> Result<(), Failure> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let what = || format!("cannot read the output {}", self.path.display());
            let open = self.file.metadata().or_exit(Exit::Output, what)?;
            let named = fs::metadata(&self.path).ok();
            let same =
                named.is_some_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino()));
            if !same {
                return Err(Failure::new(
                    Exit::Config,
                    format!("the output {} was replaced during the run", self.path.display()),
                )
                .hint("run the same command again: it begins a new file"));
            }
        }
        let (length, committed) = (self.length()?, self.committed);
        if length < committed && !self.stale {
            // Writing on behind a gap would fill it with zeros.
            return Err(Failure::new(
                Exit::Config,
                format!(
                    "the output {} was cut during the run: it holds {length} bytes, fewer than the \
                     {committed} committed",
                    self.path.display()
                ),
            )
            .hint("rotate it by moving it away, not by copying and cutting it"));
        }
        Ok(())
    }

    pub(super) fn commit(&mut self) {
        self.committed += self.pending;
        self.written += self.pending;
        self.pending = 0;
    }

    pub(super) fn rollback(&mut self) {
        self.pending = 0;
        // Best effort: what stays behind the committed length is cut off by the next run.
        if self.length().is_ok_and(|length| length > self.committed) {
            drop(disk::truncate(&self.file, self.committed));
        }
    }

    /// An end that cannot be read back must not be saved: the next run would take the file for
    /// an edited one.
    pub(super) fn mark(&self) -> Result<Mark, Failure> {
        let bytes = self.committed + self.pending;
        let tail = self.tail(bytes)?;
        Ok(Mark {
            path: self.own.to_string_lossy().into_owned(),
            template: self.template.clone(),
            stage: self.stage,
            file: Some(Committed { bytes, tail }),
            caught_up: None,
        })
    }

    /// What is committed of the file.
    pub(super) fn committed(&self) -> u64 {
        self.committed
    }

    /// Reads the lines again that were committed behind `start`, where a commit must have ended.
    pub(super) fn lines_from(
        &self,
        start: u64,
        each: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Failure> {
        let lines = disk::part(&self.file, start, self.committed)
            .and_then(|part| self.compression.lines(part, each));
        lines.or_exit(Exit::Config, || format!("cannot read {} again", self.path.display()))
    }

    pub(super) fn stage(&self) -> Option<Stage> {
        self.stage
    }

    pub(super) fn complete(&mut self) {
        self.stage = self.stage.map(|_| Stage::Finalising);
    }

    pub(super) fn finalise(&mut self) -> Result<(), Failure> {
        if self.stage == Some(Stage::Finalising) {
            segment::finalise(&self.own, self.committed == 0)
                .or_exit(Exit::Output, || format!("cannot finish {}", self.own.display()))?;
            self.stage = Some(Stage::Finished);
        }
        Ok(())
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }
}

/// A growing file is a regular one, in a directory that is there.
fn check_place(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(Failure::usage(format!("the output {shown} is not a regular file")))
        }
        Ok(_) => Ok(()),
        Err(_) => {
            let dir = disk::parent(path);
            match dir.is_dir() {
                true => Ok(()),
                false => Err(Failure::usage(format!(
                    "the directory of the output {shown} does not exist"
                ))
                .hint(format!("mkdir -p {}", dir.display()))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path, owner: &Owner) -> Result<(FileSink, Opened), Failure> {
        FileSink::open(path, None, None, owner)
    }

    fn put(sink: &mut FileSink, lines: &[u8]) -> Result<(), Failure> {
        sink.write(&mut |out| out.write_all(lines))
    }

    /// A file of two pages, of which the first is committed.
    fn half_committed(path: &Path) -> Mark {
        let (mut sink, _) = open(path, &Owner::NewSeries(Existing::Refuse)).unwrap();
        put(&mut sink, b"{\"a\":1}\n").unwrap();
        let mark = sink.mark().unwrap();
        sink.commit();
        put(&mut sink, b"{\"b\":2}\n").unwrap();
        mark
    }

    #[test]
    fn what_was_not_committed_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        let (mut sink, opened) = open(&path, &Owner::Series(mark)).unwrap();
        assert_eq!(opened, Opened { discarded: 8, rotated: false });
        put(&mut sink, b"{\"c\":3}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"c\":3}\n");
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        fs::remove_file(&path).unwrap();
        let (sink, opened) = open(&path, &Owner::Series(mark)).unwrap();
        assert!(opened.rotated);
        assert_eq!(sink.mark().unwrap().file.unwrap().bytes, 0);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn a_file_that_was_edited_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        for edited in ["{\"a\"", "{\"X\":1}\n", "{\"X\":1}\n{\"b\":2}\n"] {
            fs::write(&path, edited).unwrap();
            let failure = open(&path, &Owner::Series(mark.clone())).unwrap_err();
            assert_eq!(failure.exit, Exit::Config);
            assert_eq!(fs::read_to_string(&path).unwrap(), edited);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn what_to_do_with_a_file_that_exists() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        for (existing, expect) in [(Existing::Append, "old\nnew\n"), (Existing::Overwrite, "new\n")]
        {
            fs::write(&path, "old\n").unwrap();
            let (mut sink, _) = open(&path, &Owner::OneOff(existing)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "old\n", "not before the first page");
            put(&mut sink, b"new\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), expect);
        }
        fs::write(&path, "old\n").unwrap();
        let failure = open(&path, &Owner::OneOff(Existing::Refuse)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        fs::write(&path, "torn").unwrap();
        let failure = open(&path, &Owner::OneOff(Existing::Append)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }

    #[test]
    fn one_output_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let (_sink, _) = open(&path, &Owner::OneOff(Existing::Refuse)).unwrap();
        let failure = open(&path, &Owner::OneOff(Existing::Refuse)).unwrap_err();
        assert_eq!(failure.exit, Exit::Busy);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_replaced_during_the_run_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let (mut sink, _) = open(&path, &Owner::NewSeries(Existing::Refuse)).unwrap();
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap();
        assert_eq!(put(&mut sink, b"{}\n").unwrap_err().exit, Exit::Config);
    }
}

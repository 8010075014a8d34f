//! A growing file, exactly once: opened at its committed length, written behind it, cut back to it
//! when something fails. The protocol is told in `disk`.

use super::{
    compress::{Compression, EachLine, PageWriter},
    look::{Looked, Me, cannot_read, is_anothers, lock, tail},
    ownership::{Claim, Verdict},
    segment,
};
use crate::{
    disk::{self, Durability, FileMode},
    failure::{Exit, Failure, OrExit as _},
    mark::{Before, Committed, Id, Identity, Mark, Stage},
    place::{FilePlace, discarded, owner_file},
};
use std::{
    fs::{self, File},
    io,
    ops::Range,
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub(crate) struct FileSink {
    /// Where it grows; a segment has a name of its own besides.
    path: PathBuf,
    own: PathBuf,
    stage: Option<Stage>,
    template: Option<String>,
    file: File,
    identity: Option<Identity>,
    compression: Compression,
    durability: Durability,
    /// Whose it is, where an owner file says so.
    me: Option<Me>,
    /// What this run has made of it, to be taken back if the series cannot begin.
    made: Made,
    /// The length that counts.
    committed: u64,
    /// Until something is committed: what the committed part is.
    before: Option<Before>,
    /// Bytes behind the committed part that were written but not yet committed.
    pending: u64,
    /// So many old bytes are to be cut off before the next byte is written.
    old: Option<u64>,
    written: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Made {
    owner: bool,
    file: bool,
}

/// What was done when a file was opened, to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Bytes behind the committed length that were cut off, and how long the file is that keeps
    /// what was cut off.
    pub(crate) discarded: Option<(u64, u64)>,
    /// The file of a series was moved away, and a new one is begun.
    pub(crate) rotated: bool,
}

impl FileSink {
    /// Opens and locks an output, as it was looked at. The owner file comes first: what it says
    /// must be durable before anything else of the output is. What is made has this mode.
    pub(crate) fn open(
        place: &FilePlace,
        looked: Looked,
        me: Option<&Me>,
        mode: FileMode,
    ) -> Result<(FileSink, Opened), Failure> {
        let Looked { path, file, claim, note, verdict, .. } = looked;
        let failed = || format!("cannot open the output {}", path.display());
        let dir = disk::parent(&path);
        if !dir.exists() {
            disk::create_dirs(dir, mode).or_exit(Exit::Output, || {
                format!("cannot create the directory {}", dir.display())
            })?;
        }
        let me = me.filter(|_| claim != Claim::NotKept);
        let mut made = Made::default();
        if let Some(me) = me {
            match (&claim, note) {
                (Claim::Ours { open }, Some(note)) if note != me.note(*open) => {
                    write_note(&path, me, *open)?;
                }
                (Claim::Nobody, _) => {
                    take(&path, me)?;
                    made.owner = true;
                }
                (_, _) => {}
            }
        }
        let opened = match file {
            Some(file) => Ok(file),
            None => create(&path, mode).inspect(|_| made.file = true),
        };
        let file = opened?;
        if me.is_some() && !place.new {
            // Of a run that was killed while it wrote whose the output is. Beside a new output they
            // may be those of another series, which takes it at this moment.
            disk::remove_temporaries(&owner_file(&path)).or_exit(Exit::Output, failed)?;
        }
        let identity = disk::identity(&file).or_exit(Exit::Output, failed)?;
        let (committed, before) = match verdict {
            Verdict::GoOn { committed, before } => (committed, before),
            Verdict::Cut { committed, .. } => (committed, None),
            Verdict::Rotated => (0, None),
        };
        let sink = FileSink {
            own: place.path.clone(),
            stage: place.stage,
            template: place.template.clone(),
            identity,
            compression: Compression::of(&place.path),
            durability: if place.is_series() { Durability::Synced } else { Durability::Cached },
            me: me.cloned(),
            made,
            committed,
            before,
            pending: 0,
            old: None,
            written: 0,
            path,
            file,
        };
        let mut opened = Opened { rotated: verdict == Verdict::Rotated, ..Opened::default() };
        if let Verdict::Cut { committed, length } = verdict {
            let kept = sink
                .cut(committed)
                .or_exit(Exit::Output, || format!("cannot truncate {}", sink.path.display()))?;
            opened.discarded = Some((length - committed, kept));
        }
        Ok((sink, opened))
    }

    /// Cuts off what stands behind `committed`, when it is kept elsewhere.
    fn cut(&self, committed: u64) -> io::Result<u64> {
        let kept = disk::keep_tail(&self.file, committed, &discarded(&self.own))?;
        disk::truncate(&self.file, committed)?;
        Ok(kept)
    }

    fn length(&self) -> Result<u64, Failure> {
        Ok(self.file.metadata().or_exit(Exit::Output, || cannot_read(&self.path))?.len())
    }

    /// Takes back what was made of a file that is not going to be written.
    pub(super) fn take_back(&self) {
        take_back(&self.path, self.made);
    }

    /// Says in the owner file which run has begun to write, or that it has ended.
    pub(super) fn claim(&self, run: Option<Id>) -> Result<(), Failure> {
        let Some(me) = &self.me else { return Ok(()) };
        // One that another series has made meanwhile is its own.
        match (is_anothers(&self.path, me.series)?, run) {
            (false, _) => write_note(&self.path, me, run),
            (true, None) => Ok(()),
            (true, Some(_)) => Err(Failure::usage(format!(
                "the output {} belongs to another series by now",
                self.path.display()
            ))),
        }
    }

    /// Whether the file is as long as it is committed.
    pub(super) fn is_whole(&self) -> bool {
        self.length().is_ok_and(|length| length == self.committed)
    }

    pub(super) fn is_to_be_replaced(&self) -> bool {
        self.before == Some(Before::Replaced) || self.old.is_some()
    }

    /// From here on old content that is to be replaced does not count.
    pub(super) fn prepare(&mut self) {
        if self.before == Some(Before::Replaced) {
            self.old = Some(std::mem::take(&mut self.committed));
            self.before = None;
        }
    }

    pub(super) fn write(&mut self, page: PageWriter<'_>) -> Result<(), Failure> {
        self.prepare();
        self.check_still_there()?;
        self.overwrite()?;
        let out = disk::WriterAt::new(&self.file, self.committed, self.durability);
        let result = out.and_then(|mut out| {
            let result = self.compression.encode(page, &mut out);
            self.pending = out.written();
            result
        });
        let written = result.or_exit(Exit::Output, || self.cannot_write()).and_then(|()| {
            if self.durability == Durability::Synced {
                disk::sync(&self.file).or_exit(Exit::Output, || {
                    format!("cannot sync {} (fsync)", self.path.display())
                })?;
            }
            Ok(())
        });
        written.inspect_err(|_| self.rollback())
    }

    /// Cuts off what is to be replaced, if that is still there.
    pub(super) fn overwrite(&mut self) -> Result<(), Failure> {
        self.prepare();
        if self.old.is_some() {
            disk::truncate(&self.file, 0).or_exit(Exit::Output, || self.cannot_write())?;
            self.old = None;
        }
        Ok(())
    }

    fn cannot_write(&self) -> String {
        format!("cannot write {}", self.path.display())
    }

    /// Whether it was neither moved away nor emptied.
    pub(super) fn is_in_place(&self) -> bool {
        let emptied = self.committed > 0 && self.length().is_ok_and(|length| length == 0);
        !emptied && self.is_named()
    }

    /// Whether its name still leads to it.
    fn is_named(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let same = |named: fs::Metadata, open: fs::Metadata| {
                (named.dev(), named.ino()) == (open.dev(), open.ino())
            };
            let named = fs::metadata(&self.path).ok();
            named.zip(self.file.metadata().ok()).is_some_and(|(named, open)| same(named, open))
        }
        #[cfg(not(unix))]
        true
    }

    pub(super) fn let_go(&mut self) {
        drop(self.file.unlock()); // else it is let go when it is dropped
    }

    /// Writing on into a file that was moved away would put lines where nobody looks for them.
    fn check_still_there(&self) -> Result<(), Failure> {
        if !self.is_named() {
            return Err(Failure::new(
                Exit::Config,
                format!("the output {} was replaced during the run", self.path.display()),
            )
            .hint("run the same command again: it begins a new file"));
        }
        let (length, expected) = (self.length()?, self.old.unwrap_or(self.committed));
        let shown = self.path.display();
        if length < expected {
            // Writing on behind a gap would fill it with zeros.
            return Err(Failure::new(
                Exit::Config,
                format!(
                    "the output {shown} was cut during the run: it holds {length} bytes, fewer than \
                     the {expected} committed"
                ),
            )
            .hint("rotate it by moving it away, not by copying and cutting it"));
        }
        if length > expected {
            return Err(Failure::new(
                Exit::Config,
                format!(
                    "something else wrote to the output {shown} during the run: it holds {length} \
                     bytes, more than the {expected} committed; they were not touched"
                ),
            )
            .hint("let nothing but zdx write to it: move the file away to begin a new one"));
        }
        Ok(())
    }

    pub(super) fn commit(&mut self) {
        if self.pending > 0 {
            self.before = None;
        }
        self.committed += self.pending;
        self.written += self.pending;
        self.pending = 0;
    }

    pub(super) fn rollback(&mut self) {
        let own = self.committed + std::mem::take(&mut self.pending);
        // Best effort: what stays behind the committed length is cut off by the next run. What is
        // longer than what was written just now is not this run's alone.
        if self.length().is_ok_and(|length| length > self.committed && length <= own) {
            drop(disk::truncate(&self.file, self.committed));
        }
    }

    /// An end that cannot be read back must not be saved: the next run would take the file for
    /// an edited one.
    pub(super) fn mark(&self) -> Result<Mark, Failure> {
        let bytes = self.committed + self.pending;
        let tail = tail(&self.file, bytes).or_exit(Exit::Output, || cannot_read(&self.path))?;
        Ok(Mark {
            identity: self.identity.clone(),
            before: self.before.filter(|_| self.pending == 0),
            template: self.template.clone(),
            stage: self.stage,
            file: Some(Committed { bytes, tail }),
            ..Mark::of(self.own.to_string_lossy().into_owned())
        })
    }

    /// What is committed of the file.
    pub(super) fn committed(&self) -> u64 {
        self.committed
    }

    /// Reads a part of the lines again that were committed; at both ends a commit must have ended.
    pub(super) fn lines(&self, part: Range<u64>, each: EachLine<'_>) -> Result<(), Failure> {
        let lines = disk::part(&self.file, part.start, part.end.min(self.committed))
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

/// Makes a file that nobody has made meanwhile.
fn create(path: &Path, mode: FileMode) -> Result<File, Failure> {
    let failed = || format!("cannot open the output {}", path.display());
    let file = match disk::create_new(path, mode) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = format!("something else has just made the output {}", path.display());
            return Err(Failure::new(Exit::Busy, text).hint("run the same command again"));
        }
        result => result.or_exit(Exit::Output, failed)?,
    };
    lock(&file, path)?;
    disk::sync_dir(disk::parent(path)).or_exit(Exit::Output, failed)?;
    Ok(file)
}

/// Makes the owner file of an output that nobody owns.
pub(super) fn take(path: &Path, me: &Me) -> Result<(), Failure> {
    let owner = owner_file(path);
    match disk::make_whole(&owner, &owner, &me.note(None).text()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let text = format!("another series has just taken the output {}", path.display());
            Err(Failure::usage(text).hint("give this run another output with -o"))
        }
        result => result.or_exit(Exit::Output, || cannot_claim(path)),
    }
}

pub(super) fn write_note(path: &Path, me: &Me, run: Option<Id>) -> Result<(), Failure> {
    disk::replace(&owner_file(path), &me.note(run).text())
        .map_err(disk::ReplaceError::into_io)
        .or_exit(Exit::Output, || cannot_claim(path))
}

fn cannot_claim(path: &Path) -> String {
    format!("cannot write whose the output {} is", path.display())
}

/// Best effort: what is left is a series' own, and empty.
fn take_back(path: &Path, made: Made) {
    if made.file {
        drop(disk::remove(path));
    }
    if made.owner {
        drop(disk::remove(&owner_file(path)));
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            look::{Ours, Purpose, look},
            ownership::Whereabouts,
        },
        *,
    };
    use crate::place::{Existing, Owner};

    fn me() -> Me {
        Me {
            series: Id(7),
            account: "acme".to_owned(),
            resource: "tickets".to_owned(),
            state: "/s/acme.json".into(),
        }
    }

    fn open_as(path: &Path, owner: Owner, open: Option<Id>) -> Result<(FileSink, Opened), Failure> {
        let place = FilePlace::growing(path.to_owned(), owner);
        let me = Some(me()).filter(|_| place.is_series());
        let ours = me.as_ref().map(|me| Ours { series: me.series, open });
        let looked = look(&place, ours, Purpose::Write, &|_| Whereabouts::Unknown)?;
        FileSink::open(&place, looked, me.as_ref(), FileMode::PRIVATE)
    }

    fn one_off(path: &Path, existing: Existing) -> Result<(FileSink, Opened), Failure> {
        open_as(path, Owner::OneOff(existing), None)
    }

    fn series(path: &Path, mark: &Mark, open: Option<Id>) -> Result<(FileSink, Opened), Failure> {
        open_as(path, Owner::Series(mark.clone()), open)
    }

    fn put(sink: &mut FileSink, lines: &[u8]) -> Result<(), Failure> {
        sink.write(&mut |out| out.write_all(lines))
    }

    const RUN: Option<Id> = Some(Id(9));

    /// A file of two pages, of which the first is committed, by a run that was killed.
    fn half_committed(path: &Path) -> Mark {
        let (mut sink, _) = open_as(path, Owner::NewSeries(Existing::Refuse), None).unwrap();
        sink.claim(RUN).unwrap();
        put(&mut sink, b"{\"a\":1}\n").unwrap();
        let mark = sink.mark().unwrap();
        sink.commit();
        put(&mut sink, b"{\"b\":2}\n").unwrap();
        mark
    }

    #[test]
    fn what_a_killed_run_left_is_kept_and_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        let (mut sink, opened) = series(&path, &mark, RUN).unwrap();
        assert_eq!(opened, Opened { discarded: Some((8, 8)), rotated: false });
        put(&mut sink, b"{\"c\":3}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"c\":3}\n");
        assert_eq!(fs::read_to_string(discarded(&path)).unwrap(), "{\"b\":2}\n");
    }

    #[test]
    fn what_a_run_that_ended_left_is_not_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        let failure = series(&path, &mark, None).unwrap_err();
        assert_eq!(failure.exit, Exit::Config);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"b\":2}\n");
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let mark = half_committed(&path);
        fs::remove_file(&path).unwrap();
        let (sink, opened) = series(&path, &mark, RUN).unwrap();
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
            let failure = series(&path, &mark, RUN).unwrap_err();
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
            let (mut sink, _) = one_off(&path, existing).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "old\n", "not before the first page");
            put(&mut sink, b"new\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), expect);
        }
        fs::write(&path, "old\n").unwrap();
        let failure = one_off(&path, Existing::Refuse).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        fs::write(&path, "torn").unwrap();
        let failure = one_off(&path, Existing::Append).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }

    /// Until something is committed, the state says what stood there before the series.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn what_stood_there_before_is_known_until_something_is_committed() {
        let dir = tempfile::tempdir().unwrap();
        for (existing, before, left) in [
            (Existing::Append, Before::Kept, "old\nnew\n"),
            (Existing::Overwrite, Before::Replaced, "new\n"),
        ] {
            let path = dir.path().join(before.name());
            fs::write(&path, "old\n").unwrap();
            let first = open_as(&path, Owner::NewSeries(existing), None).unwrap().0;
            let mark = first.mark().unwrap();
            assert_eq!((mark.before, mark.file.unwrap().bytes), (Some(before), 4));
            drop(first);
            let (mut next, _) = series(&path, &mark, None).unwrap();
            next.prepare();
            let expect = if existing == Existing::Append { 4 } else { 0 };
            assert_eq!(next.mark().unwrap().file.unwrap().bytes, expect);
            put(&mut next, b"new\n").unwrap();
            assert_eq!(next.mark().unwrap().before, None);
            assert_eq!(fs::read_to_string(&path).unwrap(), left);
        }
    }

    #[test]
    fn one_output_has_one_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let (_sink, _) = one_off(&path, Existing::Refuse).unwrap();
        let failure = one_off(&path, Existing::Refuse).unwrap_err();
        assert_eq!(failure.exit, Exit::Busy);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_replaced_during_the_run_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let (mut sink, _) = one_off(&path, Existing::Refuse).unwrap();
        fs::remove_file(&path).unwrap();
        File::create(&path).unwrap();
        assert_eq!(put(&mut sink, b"{}\n").unwrap_err().exit, Exit::Config);
    }

    /// Lines that something else appends while a run goes on are neither overwritten nor cut off.
    #[test]
    fn f3_foreign_lines_that_come_during_the_run_are_not_touched() {
        use std::io::Write as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ndjson");
        let (mut sink, _) = one_off(&path, Existing::Refuse).unwrap();
        let append = |text: &[u8]| {
            let mut other = fs::OpenOptions::new().append(true).open(&path).unwrap();
            other.write_all(text).unwrap();
        };
        put(&mut sink, b"{\"a\":1}\n").unwrap();
        append(b"mine\n");
        sink.rollback();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\nmine\n");
        assert_eq!(put(&mut sink, b"{}\n").unwrap_err().exit, Exit::Config);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\nmine\n");
    }
}

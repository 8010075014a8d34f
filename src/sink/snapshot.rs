//! A list's file: a snapshot is written whole beside it, and takes its place at once.
//!
//! The protocol of a series: the lines go to a file without a name while the list is walked → they
//! are written to a temporary beside the output, and synced → the state says which file is to take
//! the place (`next`) → it is renamed, and its directory synced → the state says that it is there.
//! Wherever a run is killed, the last snapshot stands there whole, or this one does, and the next
//! run knows either. What it finds of temporaries of runs that were killed it removes. When the
//! state is saved is decided above.

use super::{
    compress::Compression,
    file::{take, write_note},
    look::{Me, Ours, Purpose, check_kind, check_may_be_made, claim, open, see, tail},
    owner::Note,
    ownership::{Claim, Seen, Whereabouts},
    replacing::{There, is_unchanged, there},
};
use crate::{
    disk::{
        self, FileMode, ReplaceError,
        beside::{self, Beside, Replaces},
    },
    failure::{Exit, Failure, OrExit as _},
    mark::{Committed, Mark, Stage},
    place::{FilePlace, owner_file},
    position::{Fingerprint, Printing},
};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

/// What was found at the place of a list's file.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// What is there now, open and locked.
    file: Option<File>,
    claim: Claim,
    note: Option<Note>,
    seen: Option<Seen>,
    there: There,
}

impl Place {
    /// What the state is to say of a file that a series begins with.
    pub(crate) fn mark(&self, place: &FilePlace) -> Mark {
        marked(&self.path, place.template.clone(), finished(place), Committed::nothing())
    }
}

fn finished(place: &FilePlace) -> Option<Stage> {
    place.stage.map(|_| Stage::Finished)
}

fn marked(path: &Path, template: Option<String>, stage: Option<Stage>, file: Committed) -> Mark {
    Mark { template, stage, file: Some(file), ..Mark::of(path.to_string_lossy().into_owned()) }
}

/// Finds out what is there, and refuses what may not be replaced; `ours` is `None` for a one-off.
/// Changes nothing, but that a file that is to be replaced is locked.
pub(crate) fn look(
    place: &FilePlace,
    ours: Option<Ours>,
    purpose: Purpose,
    whereabouts: &dyn Fn(&Note) -> Whereabouts,
) -> Result<Place, Failure> {
    let path = place.path.clone();
    check_kind(&path)?;
    let file = open(&path, purpose)?;
    let (note, claim) = claim(place.stage, &path, ours, whereabouts)?;
    let seen = seen(file.as_ref(), &path)?;
    let there = there(&path, &place.owner, &claim, seen.as_ref())?;
    if file.is_none() {
        check_may_be_made(&path)?;
    }
    Ok(Place { path, file, claim, note, seen, there })
}

fn seen(file: Option<&File>, path: &Path) -> Result<Option<Seen>, Failure> {
    file.map(|file| see(file, None))
        .transpose()
        .or_exit(Exit::Output, || format!("cannot read the output {}", path.display()))
}

/// A list's file, open for its next snapshot.
#[derive(Debug)]
pub(crate) struct SnapshotSink {
    path: PathBuf,
    template: Option<String>,
    stage: Option<Stage>,
    /// What is there, locked.
    file: Option<File>,
    seen: Option<Seen>,
    /// The last snapshot, while it is there.
    last: Option<Committed>,
    /// Of a file that is made.
    mode: FileMode,
    written: u64,
}

/// A snapshot that is written and durable, and has not yet taken its place.
#[derive(Debug)]
pub(crate) struct Prepared {
    beside: Beside,
    committed: Committed,
    /// Of its lines.
    pub(crate) print: Fingerprint,
}

impl SnapshotSink {
    /// Opens a place as it was looked at: makes its directory and its owner file, and removes what
    /// killed runs left. The flag says that the last snapshot was moved away. What is
    /// made has this mode.
    pub(crate) fn open(
        place: &FilePlace,
        looked: Place,
        me: Option<&Me>,
        mode: FileMode,
    ) -> Result<(SnapshotSink, bool), Failure> {
        let Place { path, file, claim, note, seen, there } = looked;
        let failed = || format!("cannot open the output {}", path.display());
        let dir = disk::parent(&path);
        if !dir.exists() {
            disk::create_dirs(dir, mode).or_exit(Exit::Output, || {
                format!("cannot create the directory {}", dir.display())
            })?;
        }
        let me = me.filter(|_| claim != Claim::NotKept);
        if let Some(me) = me {
            match (&claim, note) {
                (Claim::Ours { .. }, Some(note)) if note != me.note(None) => {
                    write_note(&path, me, None)?;
                }
                (Claim::Nobody, _) => take(&path, me)?,
                (_, _) => {}
            }
            disk::remove_temporaries(&owner_file(&path)).or_exit(Exit::Output, failed)?;
        }
        let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let run = place.begins.as_deref();
        beside::remove_idle_temporaries(dir, |name| is_own(name, &own, run))
            .or_exit(Exit::Output, failed)?;
        let sink = SnapshotSink {
            template: place.template.clone(),
            stage: finished(place),
            file,
            seen,
            last: match there {
                There::Last(committed) => Some(committed),
                There::Nothing | There::MovedAway | There::Given => None,
            },
            mode,
            written: 0,
            path,
        };
        Ok((sink, there == There::MovedAway))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the lines of a snapshot go while the list is walked.
    pub(crate) fn scratch(&self) -> Result<Scratch, Failure> {
        let file = beside::nameless(disk::parent(&self.path));
        let file = file.or_exit(Exit::Output, || self.cannot_write())?;
        Ok(Scratch { file, length: 0, path: self.path.clone() })
    }

    fn cannot_write(&self) -> String {
        format!("cannot write {}", self.path.display())
    }

    /// Writes the snapshot whole and durable beside its place: the lines of `scratch`, but for those
    /// that begin where later ones of the same rows took their place.
    pub(crate) fn prepare(
        &self,
        scratch: &Scratch,
        superseded: &BTreeSet<u64>,
    ) -> Result<Prepared, Failure> {
        let mut print = Printing::default();
        let mut write = || -> io::Result<(Beside, Committed)> {
            let beside = Beside::new(&self.path, self.mode)?;
            let mut lines = |out: &mut dyn io::Write| {
                let mut lines = BufReader::new(disk::part(&scratch.file, 0, scratch.length)?);
                let (mut line, mut at) = (Vec::new(), 0);
                while lines.read_until(b'\n', &mut line)? > 0 {
                    if !superseded.contains(&at) {
                        print.add(&line);
                        out.write_all(&line)?;
                    }
                    at += u64::try_from(line.len()).unwrap_or(0);
                    line.clear();
                }
                Ok(())
            };
            let mut out = io::BufWriter::new(beside.file());
            Compression::of(&self.path).encode(&mut lines, &mut out)?;
            out.flush()?;
            drop(out);
            beside.sync()?;
            let bytes = beside.file().metadata()?.len();
            let tail = tail(beside.file(), bytes)?;
            Ok((beside, Committed { bytes, tail }))
        };
        let (beside, committed) = write().or_exit(Exit::Output, || self.cannot_write())?;
        Ok(Prepared { beside, committed, print: print.end() })
    }

    /// What the state is to say of the file, with the snapshot that is about to take its place.
    pub(crate) fn mark(&self, next: Option<&Prepared>) -> Mark {
        let last = self.last.unwrap_or_else(Committed::nothing);
        let mark = marked(&self.path, self.template.clone(), self.stage, last);
        Mark { next: next.map(|next| next.committed), ..mark }
    }

    /// Lets the snapshot take its place, if what is there is what was found there.
    pub(crate) fn replace(&mut self, next: Prepared) -> Result<(), Failure> {
        let Prepared { beside, committed, .. } = next;
        let (file, now) = self.now()?;
        if !is_unchanged(self.seen.as_ref(), now.as_ref()) {
            let shown = self.path.display();
            let text = format!(
                "something else wrote to the output {shown} during the run; it was not touched"
            );
            return Err(Failure::new(Exit::Config, text)
                .hint("let nothing but zdx write to it: move the file away to begin a new one"));
        }
        let replaces = if file.is_some() { Replaces::TheOld } else { Replaces::Nothing };
        drop(file);
        let failed = |what: &str, error| Failure {
            exit: Exit::Output,
            cause: anyhow::Error::from(error)
                .context(format!("cannot {what} {}", self.path.display())),
            hints: Vec::new(),
        };
        let result = beside.take_place(&self.path, replaces);
        let file = match result {
            Ok(file) => Ok(Some(file)),
            Err(ReplaceError::Before(error)) => return Err(failed("replace", error)),
            // The rename has happened: only its name may not be durable.
            Err(ReplaceError::After(error)) => Err(failed("sync the directory of", error)),
        };
        self.last = Some(committed);
        self.written += committed.bytes;
        self.file = file?;
        self.seen = seen(self.file.as_ref(), &self.path)?;
        Ok(())
    }

    /// What is at the place now.
    fn now(&self) -> Result<(Option<File>, Option<Seen>), Failure> {
        let file = open(&self.path, Purpose::Plan)?;
        let seen = seen(file.as_ref(), &self.path)?;
        Ok((file, seen))
    }

    /// Whether the last snapshot is still there.
    pub(crate) fn is_in_place(&self) -> bool {
        let is = |last: Committed, now: Seen| (last.bytes, last.tail) == (now.length, now.end);
        let now = self.now().ok().and_then(|(_, seen)| seen);
        self.last.zip(now).is_some_and(|(last, now)| is(last, now))
    }

    /// Bytes of snapshots that took their place.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }
}

/// The lines of a snapshot that is being taken.
#[derive(Debug)]
pub(crate) struct Scratch {
    file: File,
    length: u64,
    path: PathBuf,
}

impl Scratch {
    /// Where the next line begins.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds whole lines.
    pub(crate) fn add(&mut self, lines: &[u8]) -> Result<(), Failure> {
        self.file
            .write_all(lines)
            .or_exit(Exit::Output, || format!("cannot write {}", self.path.display()))?;
        self.length += u64::try_from(lines.len()).unwrap_or(0);
        Ok(())
    }
}

/// Whether a temporary is of the file of this name or, where each run has a name of its own, of one
/// that differs in that alone.
fn is_own(name: &str, own: &str, run: Option<&str>) -> bool {
    let Some((before, behind)) = run.and_then(|run| own.split_once(run)) else {
        return name == own;
    };
    let is_run =
        |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'T' | b'Z' | b'-'));
    let rest = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    name == own || rest.is_some_and(is_run)
}

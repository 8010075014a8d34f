//! Looks at what is there of an output and of its owner file, before anything is changed.
//!
//! Changes nothing, but that a file that is to be written is locked.

use super::{
    compress::Compression,
    owner::{LONGEST, Note},
    ownership::{self, Claim, Said, Seen, Taker, Verdict, Whereabouts},
};
use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _},
    mark::{Committed, Id, Mark, Stage},
    place::{FilePlace, Owner, owner_file, partial},
    position::Fingerprint,
};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// How much of the committed part's end is fingerprinted.
const TAIL: u64 = 16 * 1024;

/// Which series asks for an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) series: Id,
    /// The run that the state says has begun to write.
    pub(crate) open: Option<Id>,
}

/// What an owner file is to say.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) series: Id,
    pub(crate) account: String,
    pub(crate) resource: String,
    /// Where the series is saved.
    pub(crate) state: PathBuf,
}

impl Me {
    pub(crate) fn note(&self, open: Option<Id>) -> Note {
        Note {
            series: self.series,
            account: self.account.clone(),
            resource: self.resource.clone(),
            state: self.state.clone(),
            open,
        }
    }
}

/// Whether a run follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The file is locked; one that another run holds is refused.
    Write,
    /// That another run holds it now does not count.
    Plan,
}

/// What was found of an output, and what is to be done with it.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Where it grows: a segment has a name of its own besides.
    pub(super) path: PathBuf,
    /// Open and locked, if it is there.
    pub(super) file: Option<File>,
    pub(super) claim: Claim,
    /// What its owner file said.
    pub(super) note: Option<Note>,
    pub(super) verdict: Verdict,
    seen: Option<Seen>,
}

impl Looked {
    /// What the state is to say of a file that a series begins with, before its owner file is made.
    /// Of one that it has, that stays as it is.
    pub(crate) fn mark(&self, place: &FilePlace) -> Mark {
        if let Owner::Series(mark) = &place.owner {
            return mark.clone();
        }
        let mark = Mark {
            template: place.template.clone(),
            stage: place.stage,
            ..Mark::of(place.path.to_string_lossy().into_owned())
        };
        match (self.verdict, &self.seen) {
            (Verdict::GoOn { committed, before }, Some(seen)) if committed > 0 => Mark {
                file: Some(Committed { bytes: committed, tail: seen.end }),
                identity: seen.identity.clone(),
                before,
                ..mark
            },
            (_, _) => {
                Mark { file: Some(Committed { bytes: 0, tail: Fingerprint::of(b"") }), ..mark }
            }
        }
    }
}
/// Whose an output is, by its owner file, and what that says. A file of each run's own has none: its
/// name is new.
pub(super) fn claim(
    stage: Option<Stage>,
    path: &Path,
    ours: Option<Ours>,
    whereabouts: &dyn Fn(&Note) -> Whereabouts,
) -> Result<(Option<Note>, Claim), Failure> {
    if stage.is_some() {
        return Ok((None, Claim::NotKept));
    }
    Ok(match read_note(path)? {
        Err(reason) => (None, Claim::Unreadable(reason)),
        Ok(None) => (None, Claim::Nobody),
        Ok(Some(note)) if ours.is_some_and(|ours| ours.series == note.series) => {
            let open = note.open;
            (Some(note), Claim::Ours { open })
        }
        Ok(Some(note)) => {
            let claim = Claim::Others(note.clone(), whereabouts(&note));
            (Some(note), claim)
        }
    })
}

/// Finds out what is there and what may be done; `ours` is `None` for a one-off.
pub(crate) fn look(
    place: &FilePlace,
    ours: Option<Ours>,
    purpose: Purpose,
    whereabouts: &dyn Fn(&Note) -> Whereabouts,
) -> Result<Looked, Failure> {
    let path = match place.stage {
        Some(_) => partial(&place.path),
        None => place.path.clone(),
    };
    check_kind(&path)?;
    let file = open(&path, purpose)?;
    let (note, claim) = claim(place.stage, &path, ours, whereabouts)?;
    let committed = match &place.owner {
        Owner::Series(mark) => mark.file.map(|file| file.bytes),
        Owner::OneOff(_) | Owner::NewSeries(_) => None,
    };
    let seen = file.as_ref().map(|file| see(file, committed));
    let seen = seen.transpose().or_exit(Exit::Output, || cannot_read(&path))?;
    let plain = Compression::of(&place.path) == Compression::None;
    let verdict = match &place.owner {
        Owner::OneOff(existing) => {
            ownership::begin(&path, Taker::OneOff, *existing, &claim, seen.as_ref(), plain)?
        }
        Owner::NewSeries(existing) => {
            ownership::begin(&path, Taker::Series, *existing, &claim, seen.as_ref(), plain)?
        }
        Owner::Series(mark) => {
            let said = Said { open: ours.and_then(|ours| ours.open), mark };
            ownership::recover(&path, said, &claim, seen.as_ref())?
        }
    };
    if file.is_none() {
        check_may_be_made(&path)?;
    }
    Ok(Looked { path, file, claim, note, verdict, seen })
}

/// What a file is, as far as it can tell whether it is as it was committed.
pub(super) fn see(file: &File, committed: Option<u64>) -> io::Result<Seen> {
    let length = file.metadata()?.len();
    let last = disk::read_range(file, length.saturating_sub(1), length)?;
    Ok(Seen {
        length,
        tail: match committed.filter(|committed| *committed <= length) {
            Some(committed) => Some(tail(file, committed)?),
            None => None,
        },
        end: tail(file, length)?,
        ends_a_line: last == b"\n",
        identity: disk::identity(file)?,
    })
}

/// The fingerprint of what stands before `end`.
pub(super) fn tail(file: &File, end: u64) -> io::Result<Fingerprint> {
    Ok(Fingerprint::of(&disk::read_range(file, end.saturating_sub(TAIL), end)?))
}

/// Whether the file at `path` is, by length and tail, the committed one.
pub(crate) fn is_as_committed(path: &Path, committed: Committed) -> bool {
    let same = || -> io::Result<bool> {
        let file = File::open(path)?;
        let seen = see(&file, Some(committed.bytes))?;
        Ok(seen.length == committed.bytes && seen.tail == Some(committed.tail))
    };
    path.is_file() && same().unwrap_or(false)
}

/// The note beside an output; the inner error says why what is there is none.
fn read_note(path: &Path) -> Result<Result<Option<Note>, String>, Failure> {
    let owner = owner_file(path);
    match disk::read_small(&owner, LONGEST) {
        Ok(bytes) => Ok(Note::parse(&bytes).map(Some)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ok(None)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Err(error.to_string())),
        Err(error) => Err(error).or_exit(Exit::Output, || {
            format!("cannot read whose the output is, {}", owner.display())
        }),
    }
}

/// Whether the note beside an output is this series'.
pub(crate) fn belongs_to(path: &Path, series: Id) -> bool {
    matches!(read_note(path), Ok(Ok(Some(note))) if note.series == series)
}

/// Whether there is a note beside an output that is not this series'.
pub(super) fn is_anothers(path: &Path, series: Id) -> Result<bool, Failure> {
    Ok(match read_note(path)? {
        Ok(None) => false,
        Ok(Some(note)) => note.series != series,
        Err(_) => true,
    })
}

/// Removes the note beside an output, if it is this series'.
pub(crate) fn release(path: &Path, series: Id) -> Result<(), Failure> {
    match read_note(path)? {
        Ok(Some(note)) if note.series == series => {
            let owner = owner_file(path);
            disk::remove(&owner)
                .or_exit(Exit::Output, || format!("cannot remove {}", owner.display()))
        }
        _ => Ok(()),
    }
}

pub(super) fn open(path: &Path, purpose: Purpose) -> Result<Option<File>, Failure> {
    let failed = || format!("cannot open the output {}", path.display());
    let file = match disk::open_existing(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).or_exit(Exit::Output, failed),
    };
    if purpose == Purpose::Write {
        lock(&file, path)?;
    }
    Ok(Some(file))
}

/// One output has one writer.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(busy(path)),
        Err(TryLockError::Error(error)) => Err(error)
            .or_exit(Exit::Output, || format!("cannot open the output {}", path.display())),
    }
}

fn busy(path: &Path) -> Failure {
    let text = format!("another zdx writes to the output {}", path.display());
    Failure::new(Exit::Busy, text).hint("wait for it to end, or write to another file with -o")
}

pub(super) fn cannot_read(path: &Path) -> String {
    format!("cannot read the output {}", path.display())
}

/// A growing file is a regular one.
pub(super) fn check_kind(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(Failure::usage(format!("the output {} is not a regular file", path.display())))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A file that is to be made needs a directory, or one above in which that can be made.
pub(super) fn check_may_be_made(path: &Path) -> Result<(), Failure> {
    let mut there = disk::parent(path);
    while !there.exists() && disk::parent(there) != there {
        there = disk::parent(there);
    }
    if !there.is_dir() {
        return Err(Failure::usage(format!(
            "the output {} cannot be made: {} is no directory",
            path.display(),
            there.display()
        )));
    }
    disk::check_may_write(there)
        .or_exit(Exit::Output, || format!("cannot open the output {}", path.display()))
}

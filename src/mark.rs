//! What a state says of one output: how far it is committed, and which file it is.
//!
//! Pure values. Must not know how they are saved, nor how an output is written.

use crate::position::Fingerprint;
use std::fmt;

/// How stdout is named in flags and in the state.
pub(crate) const STDOUT: &str = "-";

/// How far an output is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// An absolute path, or `-` for stdout.
    pub(crate) path: String,
    /// The template that the path came from, when it changes with the date.
    pub(crate) template: Option<String>,
    /// How far a file for each run has come.
    pub(crate) stage: Option<Stage>,
    /// `None` for stdout.
    pub(crate) file: Option<Committed>,
    /// Which file it was that was written to last, where that is known.
    pub(crate) identity: Option<Identity>,
    /// Set until the series has committed something: what is committed stood there before it.
    pub(crate) before: Option<Before>,
    /// Of a list's file: the snapshot that is about to take its place, until it has.
    pub(crate) next: Option<Committed>,
    /// Of a sideload's file: what of it is not written again.
    pub(crate) remembered: Option<Remembered>,
}

impl Mark {
    /// Of an output of which nothing is known but its name.
    pub(crate) fn of(path: String) -> Mark {
        Mark {
            path,
            template: None,
            stage: None,
            file: None,
            identity: None,
            before: None,
            next: None,
            remembered: None,
        }
    }

    /// Whether the series has committed anything to it.
    pub(crate) fn is_untouched(&self) -> bool {
        self.before.is_some() || self.file.is_none_or(|file| file.bytes == 0)
    }
}

/// From where on what stands in a sideload's file is not written again, however many runs it takes
/// to catch up. Both are lengths that the file had at a page's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Its length when the export had last caught up, or when the older generation of records began.
    pub(crate) older: u64,
    /// Its length when the younger one began.
    pub(crate) younger: u64,
}

impl Remembered {
    /// Nothing of what a file of this length holds.
    pub(crate) fn nothing(length: u64) -> Remembered {
        Remembered { older: length, younger: length }
    }
}

/// The part of a file that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) bytes: u64,
    /// Of the last bytes before the end, so that an edited file is noticed.
    pub(crate) tail: Fingerprint,
}

impl Committed {
    /// Of a file that is empty, or not there yet.
    pub(crate) fn nothing() -> Committed {
        Committed { bytes: 0, tail: Fingerprint::of(b"") }
    }
}

/// How far a segment, the finished file of one run, has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Growing under its hidden name; the next run goes on with it.
    Partial,
    /// Complete, and about to get its name.
    Finalising,
    /// It has its name; the next run begins another.
    Finished,
}

impl Stage {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Partial => "partial",
            Stage::Finalising => "finalising",
            Stage::Finished => "finished",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Stage> {
        [Stage::Partial, Stage::Finalising, Stage::Finished]
            .into_iter()
            .find(|stage| stage.name() == name)
    }
}

/// What is done with the content that a file had before its series began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// The series goes on behind it.
    Kept,
    /// It gives way with the first page.
    Replaced,
}

impl Before {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Before::Kept => "kept",
            Before::Replaced => "replaced",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Before> {
        [Before::Kept, Before::Replaced].into_iter().find(|before| before.name() == name)
    }
}

/// Which file it is, whatever it is called and holds: its inode and, where the file system tells
/// it, when it was made. Never the device's number, which changes when a disk is mounted again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(String);

impl Identity {
    /// `birth` in nanoseconds since 1970.
    pub(crate) fn new(inode: u64, birth: Option<u128>) -> Identity {
        Identity(match birth {
            Some(birth) => format!("{inode}-{birth}"),
            None => inode.to_string(),
        })
    }

    /// `None` for what no file has.
    pub(crate) fn parse(text: &str) -> Option<Identity> {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (inode, birth) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
        (digits(inode) && birth.is_none_or(digits)).then(|| Identity(text.to_owned()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that was drawn by chance, and that nothing else has: of a series, or of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) u128);

impl Id {
    pub(crate) fn parse(hex: &str) -> Option<Id> {
        let fits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| u128::from_str_radix(hex, 16).ok().map(Id))?
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

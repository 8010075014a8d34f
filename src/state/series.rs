//! What is saved of a series.
//!
//! Pure values. Must not know how they are written.

use crate::{
    mark::{Id, Mark},
    position::{Overlap, Position},
    time::UnixTime,
};

/// What is saved of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// Drawn when it began; `None` if it was saved by a version that did not.
    pub(crate) id: Option<Id>,
    /// The run that has begun to write, and that is not known to have ended with every output as
    /// long as it is committed.
    pub(crate) open: Option<Id>,
    pub(crate) position: Position,
    pub(crate) overlap: Overlap,
    /// The longest page after which more followed, of a server that does not tell the end.
    pub(crate) capacity: Option<u64>,
    /// The change time up to which records were exported.
    pub(crate) through: Option<UnixTime>,
    /// Where the window of a run that leaves out system updates began; kept until the export has
    /// caught up, however many runs that takes.
    pub(crate) window: Option<UnixTime>,
    pub(crate) output: Mark,
    /// The files of sideloads, by name.
    pub(crate) sideloads: Vec<(String, Mark)>,
}

impl Series {
    /// Whether no answer has moved it yet, and nothing is committed.
    pub(crate) fn is_untouched(&self) -> bool {
        let at_start = match &self.position {
            Position::Start(_) | Position::Time(_) => self.overlap.seen.is_empty(),
            Position::Cursor(_) => false,
            Position::Snapshot(print) => print.is_none(),
        };
        at_start && self.through.is_none() && self.marks().all(Mark::is_untouched)
    }

    /// Whether an answer has ever moved it from where it began.
    pub(crate) fn has_had_pages(&self) -> bool {
        self.through.is_some()
            || matches!(self.position, Position::Cursor(_) | Position::Snapshot(Some(_)))
    }

    /// Its outputs, that of the records first.
    pub(crate) fn marks(&self) -> impl Iterator<Item = &Mark> {
        [&self.output].into_iter().chain(self.sideloads.iter().map(|(_, mark)| mark))
    }

    /// What is saved of a sideload's file.
    pub(crate) fn sideload(&self, name: &str) -> Option<&Mark> {
        self.sideloads.iter().find(|(known, _)| known == name).map(|(_, mark)| mark)
    }
}

/// An output path that a series owns, or the template of one that changes with the date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) path: String,
    pub(crate) resource: String,
}

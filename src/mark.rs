//! What a state says of one output: how far it is committed.
//!
//! Pure values. Must not know how they are saved, nor how an output is written.

use crate::position::Fingerprint;

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
    /// Of a sideload's file: its length when the export had last caught up. What stands behind it
    /// is not written again before the export has caught up anew, however many runs that takes.
    pub(crate) caught_up: Option<u64>,
}

/// The part of a file that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) bytes: u64,
    /// Of the last bytes before the end, so that an edited file is noticed.
    pub(crate) tail: Fingerprint,
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

//! Where the lines of a run go: a growing file or stdout.
//!
//! A sink writes a page whole or not at all, and knows how far it is committed. When a position
//! may be saved is decided above.

mod compress;
mod file;
mod look;
mod owner;
mod ownership;
mod replacing;
pub(crate) mod segment;
mod snapshot;
mod stdout;

pub(crate) use compress::named_as;
pub(crate) use file::{FileSink, Opened};
pub(crate) use look::{Looked, Me, Ours, Purpose, belongs_to, is_as_committed, look, release};
pub(crate) use owner::{FORMAT, Note, drawn};
pub(crate) use ownership::{Whereabouts, told, vanished};
pub(crate) use snapshot::{
    Place as SnapshotPlace, Scratch, SnapshotSink, look as look_at_snapshot,
};
pub(crate) use stdout::{StdoutSink, becomes, check_reader, is_passed_on};

use crate::{
    failure::Failure,
    mark::{Id, Mark, STDOUT, Stage},
    signals::Stop,
};
use compress::{EachLine, PageWriter};
use std::ops::Range;

#[derive(Debug)]
pub(crate) enum Sink {
    File(Box<FileSink>),
    Stdout(StdoutSink),
}

impl Sink {
    /// Writes a page's lines, of which there is at least one. When this returns `Ok` they are where
    /// they must be before the position is saved: durable in a file, taken by the reader of a
    /// pipe.
    pub(crate) fn write(&mut self, page: PageWriter<'_>, stop: &Stop) -> Result<(), Failure> {
        match self {
            Sink::File(file) => file.write(page),
            Sink::Stdout(stdout) => stdout.write(page, stop),
        }
    }

    /// Cuts off what is to be overwritten, if no page has done so yet.
    pub(crate) fn overwrite(&mut self) -> Result<(), Failure> {
        match self {
            Sink::File(file) => file.overwrite(),
            Sink::Stdout(_) => Ok(()),
        }
    }

    /// Of a file, from here on old content that is to be replaced does not count.
    pub(crate) fn prepare(&mut self) {
        if let Sink::File(file) = self {
            file.prepare();
        }
    }

    /// Says beside a file which run has begun to write, or that it has ended.
    pub(crate) fn claim(&self, run: Option<Id>) -> Result<(), Failure> {
        match self {
            Sink::File(file) => file.claim(run),
            Sink::Stdout(_) => Ok(()),
        }
    }

    /// Whether a file still holds what is to be replaced.
    pub(crate) fn is_to_be_replaced(&self) -> bool {
        match self {
            Sink::File(file) => file.is_to_be_replaced(),
            Sink::Stdout(_) => false,
        }
    }

    /// Whether a file is as long as it is committed.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Sink::File(file) => file.is_whole(),
            Sink::Stdout(_) => true,
        }
    }

    /// Whether a file still lies where it was opened, with what is committed of it.
    pub(crate) fn is_in_place(&self) -> bool {
        match self {
            Sink::File(file) => file.is_in_place(),
            Sink::Stdout(_) => true,
        }
    }

    /// Lets another open the file.
    pub(crate) fn let_go(&mut self) {
        if let Sink::File(file) = self {
            file.let_go();
        }
    }

    /// Takes back what was made of a file that is not going to be written.
    pub(crate) fn take_back(&self) {
        if let Sink::File(file) = self {
            file.take_back();
        }
    }

    /// The position that goes with the written page is saved: the page counts.
    pub(crate) fn commit(&mut self) {
        if let Sink::File(file) = self {
            file.commit();
        }
    }

    /// The position could not be saved: what was written since the last commit is taken back,
    /// where it can be.
    pub(crate) fn rollback(&mut self) {
        if let Sink::File(file) = self {
            file.rollback();
        }
    }

    /// What the state is to say of this output, with what was just written.
    pub(crate) fn mark(&self) -> Result<Mark, Failure> {
        match self {
            Sink::File(file) => file.mark(),
            Sink::Stdout(_) => Ok(Mark::of(STDOUT.to_owned())),
        }
    }

    /// What is committed of a file.
    pub(crate) fn committed(&self) -> Option<u64> {
        match self {
            Sink::File(file) => Some(file.committed()),
            Sink::Stdout(_) => None,
        }
    }

    /// Reads a part of the lines of a file again that were committed, as long as `each` wants more;
    /// at both ends a commit ended.
    pub(crate) fn lines(&self, part: Range<u64>, each: EachLine<'_>) -> Result<(), Failure> {
        match self {
            Sink::File(file) => file.lines(part, each),
            Sink::Stdout(_) => Ok(()),
        }
    }

    /// Of a segment, how far it has come.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self {
            Sink::File(file) => file.stage(),
            Sink::Stdout(_) => None,
        }
    }

    /// A segment is complete: the state may say so.
    pub(crate) fn complete(&mut self) {
        if let Sink::File(file) = self {
            file.complete();
        }
    }

    /// Gives a segment its name.
    pub(crate) fn finalise(&mut self) -> Result<(), Failure> {
        match self {
            Sink::File(file) => file.finalise(),
            Sink::Stdout(_) => Ok(()),
        }
    }

    /// Bytes written by this run.
    pub(crate) fn written(&self) -> u64 {
        match self {
            Sink::File(file) => file.written(),
            Sink::Stdout(stdout) => stdout.written(),
        }
    }
}

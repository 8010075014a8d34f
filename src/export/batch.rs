//! A page that is to be written: its body, which parts of it are written where, and the position
//! behind it. Pure values, handed from one thread to another. Must not know how they come about.

use super::{lines, sideloaded::Turn};
use crate::{
    position::{Overlap, Position},
    scan::Json,
    time::UnixTime,
};
use std::ops::Range;

pub(super) struct Batch {
    /// What everything below is a part of.
    pub(super) body: Vec<u8>,
    pub(super) records: Vec<Place>,
    /// The sideloads' records that were not written yet, in the job's order.
    pub(super) sideloads: Vec<Vec<Place>>,
    /// What is remembered of those that were.
    pub(super) turn: Turn,
    pub(super) left_out: lines::LeftOut,
    /// Where the series stands behind this page.
    pub(super) standing: Standing,
    /// The page size that was asked for.
    pub(super) per_page: u16,
    /// The server's clock, or else ours.
    pub(super) at: UnixTime,
    /// The export has caught up with this page.
    pub(super) last: bool,
}

/// Where a series stands, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The lead: behind the last page.
    pub(super) position: Position,
    pub(super) overlap: Overlap,
    /// The latest change time written.
    pub(super) through: Option<UnixTime>,
    /// The longest page after which more followed, of a server that does not tell the end.
    pub(super) capacity: Option<u64>,
}

impl Batch {
    /// Whether the stream has no more to write behind this page, and none of it was cut.
    pub(super) fn completes(&self) -> bool {
        self.ends() && !self.left_out.cut
    }

    /// Whether nothing that is wanted lies behind this page.
    pub(super) fn ends(&self) -> bool {
        self.last || self.left_out.passed_until
    }
}

/// Where in a body a record stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    range: Range<usize>,
    plain: bool,
}

impl Place {
    pub(super) fn of<'b>(&self, body: &'b [u8]) -> Option<Json<'b>> {
        Some(Json { bytes: body.get(self.range.clone())?, plain: self.plain })
    }
}

/// Where in the body that they borrow from the records stand.
pub(super) fn places(body: &[u8], records: &[Json<'_>]) -> Vec<Place> {
    let base = body.as_ptr().addr();
    let place = |record: &Json<'_>| {
        let start = record.bytes.as_ptr().addr() - base;
        Place { range: start..start + record.bytes.len(), plain: record.plain }
    };
    records.iter().map(place).collect()
}

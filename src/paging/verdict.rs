//! What a page is judged by, and what the judgement says. Pure values.

use crate::{position::Position, time::UnixTime};

/// What was counted on a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) records: usize,
    /// Records that were not delivered before.
    pub(crate) unseen: usize,
    /// Records that the pages before, of the same walk, did not hold at its end.
    pub(crate) fresh: usize,
    /// How many records the server would put on a page at most, as far as we know.
    pub(crate) capacity: usize,
}

impl Tally {
    pub(super) fn full(self) -> bool {
        self.records >= self.capacity
    }
}

/// How a page's records lie to the server's clock, for an export by time whose end_time is ahead of
/// it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present {
    /// The server's clock, or what stands in for it.
    pub(crate) now: UnixTime,
    /// The latest change on the page that is old enough to start from.
    pub(crate) settled: Option<UnixTime>,
    /// The latest change on the page that is not in the future.
    pub(crate) past: Option<UnixTime>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Write the page, and go on from `next`; `more` says whether another request follows now.
    Commit { next: Position, more: bool },
    /// Caught up, and nothing came: the position stays as it is.
    Idle,
}

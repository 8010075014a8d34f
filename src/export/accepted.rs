//! What answers come to, as a stream says it. Pure values.

use super::batch::Batch;
use crate::time::UnixTime;
use std::time::Duration;

/// What a good answer brought.
pub(super) enum Accepted {
    Page(Box<Batch>),
    /// Nothing to write or to save. The body has served its turn.
    Known {
        body: Vec<u8>,
        duplicates: u64,
        /// The stream has no more.
        last: bool,
    },
}

/// Something about a page that is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// The page's `count` is not the number of its records.
    Miscounted,
    /// What did not fit on the page of this second was skipped, as asked.
    Skipped(UnixTime),
    /// The memory is full: what becomes visible later than this is missed. A cursor may not tell.
    Forgotten(Option<Duration>),
}

/// What a start that is too young for the server comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooRecent {
    /// Nothing is there yet.
    Nothing,
    /// An older start is to be asked for: this one.
    Older(UnixTime),
    /// The start lies ahead of the server's clock.
    Future(UnixTime),
    /// It cannot be true: by the server's own clock the start lies so far back.
    Untrue(UnixTime, Duration),
}

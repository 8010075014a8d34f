//! What is said of a quota: by the server's header, and to one who asks for a place in it.
//!
//! Pure.

use std::time::{Duration, Instant};

/// What a server's quota header says: `total=10; remaining=9; resets=41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) total: u64,
    pub(crate) remaining: u64,
    /// Until the window ends, in the server's whole seconds.
    pub(crate) resets: Duration,
}

/// When a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    At(Instant),
    /// As soon as a request in flight has been answered.
    AfterAnswer,
}

/// How long a quota's window is.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Servers differ in whether `resets` is rounded up or down.
pub(super) const ROUNDING: Duration = Duration::from_secs(1);

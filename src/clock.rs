//! The one place that asks what time it is and that sleeps.
//!
//! Decisions never call this: they are given the time.

use crate::{signals::Stop, time::UnixTime};
use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

/// How soon a sleeper notices a signal.
const SLICE: Duration = Duration::from_millis(100);

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(());

impl Clock {
    pub(crate) fn real() -> Clock {
        Clock(())
    }

    /// The monotonic clock, for waits.
    #[expect(clippy::disallowed_methods, clippy::unused_self, reason = "this is the clock")]
    pub(crate) fn instant(self) -> Instant {
        Instant::now()
    }

    /// The wall clock. One that is set before 1970 reads as 1970.
    #[expect(clippy::disallowed_methods, clippy::unused_self, reason = "this is the clock")]
    pub(crate) fn wall(self) -> UnixTime {
        let since =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        UnixTime::clamped(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    /// Sleeps until `until`, or until `stop` is set.
    #[expect(clippy::disallowed_methods, reason = "this is the one sleep")]
    pub(crate) fn sleep_until(self, until: Instant, stop: &Stop) {
        loop {
            let left = until.saturating_duration_since(self.instant());
            if left.is_zero() || stop.signal().is_some() {
                return;
            }
            thread::sleep(left.min(SLICE));
        }
    }
}

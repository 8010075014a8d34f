//! The sandbox's clock: the machine's or one that stands still, moved on by what tests ask for.
//!
//! The only file of the sandbox that reads the machine's time or sleeps.

use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub(super) struct Clock {
    /// Where the clock stands, if it does not go.
    frozen_ms: Option<u64>,
    ahead_ms: AtomicU64,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Clock {
    pub(super) fn new(frozen_at: Option<i64>) -> Self {
        let frozen_ms = frozen_at.map(|at| at.max(0).unsigned_abs().saturating_mul(1000));
        Self {
            frozen_ms,
            ahead_ms: AtomicU64::new(0),
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        let now = self.frozen_ms.unwrap_or_else(machine_ms);
        now.saturating_add(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.now_ms() / 1000).unwrap_or(i64::MAX)
    }

    pub(super) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(millis(by), Ordering::SeqCst);
    }

    /// Ends all pauses, the present ones and those to come.
    pub(super) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in the machine's time; returns early when the sandbox stops.
    pub(super) fn pause(&self, length: Duration) {
        if length.is_zero() {
            return;
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.stop.wait_timeout_while(stopped, length, |stopped| !*stopped));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is a server: its time is real unless a test freezes it"
)]
fn machine_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

//! Locking, for all that threads share. Must not know what that is.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A thread that panicked leaves whole values behind: each change is one assignment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What a failure means for a run that follows: whether it passes, whom else it ends.
//!
//! Pure. Must not know what is done about it.

use crate::{
    api::error::ApiError,
    failure::{Exit, Failure},
};

/// A failure that ends the export of a resource, unless the run follows and it passes.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The network, the server, an answer that came out wrong.
    Passes,
    /// The stream does not get on: this resource alone is over.
    Stuck,
    /// The credentials are refused, whatever is asked for.
    Credentials,
    /// Nothing will change that by itself: refused for good, the disk, the state.
    Over,
    /// Asked to stop, by a signal or because another resource is over.
    Stopped,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        let kind = match failure.exit {
            Exit::Temporary => Kind::Passes,
            Exit::Signal(_) | Exit::ReaderGone | Exit::Done => Kind::Stopped,
            _ => Kind::Over,
        };
        Broken { failure, kind }
    }
}

impl Broken {
    /// What it means that asking ended in an error.
    pub(super) fn by(error: &ApiError, failure: Failure) -> Broken {
        Broken { failure, kind: Kind::of(error) }
    }
}

impl Kind {
    pub(super) fn of(error: &ApiError) -> Kind {
        match error {
            ApiError::Garbled(garbled) if garbled.is_stuck() => Kind::Stuck,
            ApiError::Garbled(_) => Kind::Passes,
            ApiError::Unauthorized { .. } | ApiError::TokenRefused { .. } => Kind::Credentials,
            _ if error.exit() == Exit::Temporary => Kind::Passes,
            _ => Kind::Over,
        }
    }
}

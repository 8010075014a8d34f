//! What all jobs of a run have in common. Must not know what any of them does.

use crate::{
    api::{BaseUrl, Limits, auth::Authorizer},
    clock::Clock,
    failure::{Exit, Failure},
    mutex::lock,
    pacer::gate::Gate,
    report::Report,
    signals::Stop,
    state::StateFile,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What all jobs of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) account: &'a str,
    pub(crate) base: &'a BaseUrl,
    pub(crate) limits: Limits,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) gate: Gate,
    /// `None` when every job is a one-off without a state.
    pub(crate) state: Option<Mutex<StateFile>>,
    /// How many resources run side by side.
    pub(crate) jobs: usize,
    pub(crate) retry_for: Duration,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) clock: Clock,
    pub(crate) stop: &'a Stop,
    pub(crate) report: &'a Report,
    /// Whether a job's last line is for people.
    pub(crate) last_line: bool,
    pub(crate) over: Over,
}

/// Whether a run that follows is over because one of its resources is.
#[derive(Debug, Default)]
pub(crate) struct Over(Mutex<Option<Exit>>);

impl Over {
    /// The others end, too: with this exit.
    pub(super) fn set(&self, exit: Exit) {
        lock(&self.0).get_or_insert(exit);
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        match *lock(&self.0) {
            Some(exit) => Err(Failure::new(exit, "ends, because the run is over for another")),
            None => Ok(()),
        }
    }
}

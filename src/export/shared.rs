//! What all jobs of a run have in common. Must not know what any of them does.

use crate::{
    api::{BaseUrl, Limits, auth::Authorizer},
    clock::Clock,
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
}

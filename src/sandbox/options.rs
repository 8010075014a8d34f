//! How a sandbox is to be: what `zdx sandbox` takes as flags, and a little more.

use std::time::Duration;

use super::{behaviour::Behaviour, fault::Fault, late::Late};

/// How a sandbox is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// What the world is drawn from.
    pub seed: u64,
    /// Tickets in the world, the rest in proportion.
    pub records: u32,
    /// Requests in a window: the real numbers, no limit (0), or this many for each bucket.
    pub quota: Option<u32>,
    /// The length of a quota window; the sample endpoints' is twenty times as long.
    pub window: Duration,
    /// How long each answer is held back.
    pub latency: Duration,
    /// Faults and the numbers of the API requests that they strike, from 1.
    pub faults: Vec<(Fault, u64)>,
    /// The switches of what is not known for certain.
    pub behaviour: Behaviour,
    /// Which resources' rows are late. Those that are not named are as they were seen:
    /// ticket_metric_events by 11 to 13 minutes, others not at all.
    pub late: Vec<Late>,
    /// So many tickets and users are changed in one second by a job at the start of each week.
    pub bulk: u32,
    /// The clock stands still at this time (seconds since 1970) and moves by
    /// [`super::Sandbox::advance`] only: two runs then see the same world. Quota windows and tokens
    /// do not end by themselves either.
    pub frozen_at: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            records: 2000,
            quota: None,
            window: Duration::from_secs(60),
            latency: Duration::ZERO,
            faults: Vec::new(),
            behaviour: Behaviour::default(),
            late: Vec::new(),
            bulk: 0,
            frozen_at: None,
        }
    }
}

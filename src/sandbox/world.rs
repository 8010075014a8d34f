//! The help desk's ground: how large it is, and when its tickets come and go.
//!
//! A function of the seed and the time: no state and no process start goes into it, so a position
//! saved by one process is good in the next. It must not know any kind of record.

use super::{
    calendar::{DAY, next_sunday},
    dice::{self, mix, span},
};

/// When ticket 1 came in: 2022-01-01.
const ORIGIN: i64 = 1_640_995_200;
/// A ticket's life until it is removed for good; at any time this much of the past is there.
const HORIZON: i64 = 90 * DAY;

pub(super) struct World {
    seed: u64,
    records: u64,
    bulk: u64,
}

impl World {
    pub(super) fn new(seed: u64, records: u32, bulk: u32) -> Self {
        let records = u64::from(records.max(1));
        Self { seed, records, bulk: u64::from(bulk).min(records) }
    }

    /// The key of everything drawn under one salt.
    pub(super) fn key(&self, salt: u64) -> u64 {
        mix(self.seed, salt)
    }

    /// How many tickets exist at any time.
    pub(super) fn tickets(&self) -> u64 {
        self.records
    }

    pub(super) fn people(&self) -> u64 {
        (self.records / 3).max(12)
    }

    /// The first of the people work here: one administrator, then agents.
    pub(super) fn staff(&self) -> u64 {
        (self.people() / 40).clamp(4, 60)
    }

    pub(super) fn organizations(&self) -> u64 {
        (self.records / 25).max(5)
    }

    pub(super) fn articles(&self) -> u64 {
        (self.records / 40).clamp(12, 400)
    }

    /// How many people and tickets each weekly bulk job touches.
    pub(super) fn bulk(&self) -> u64 {
        self.bulk
    }

    fn gap_ms(&self) -> u64 {
        (HORIZON.unsigned_abs() * 1000 / self.records).max(1)
    }

    /// When a ticket came in: one in each gap, at an irregular place in it.
    pub(super) fn created(&self, ticket: u64) -> i64 {
        let gap = self.gap_ms();
        let within = mix(self.key(dice::CREATED), ticket) % gap;
        ORIGIN + span((ticket * gap + within) / 1000)
    }

    /// When a ticket is gone for good: as many newer ones exist as the world holds.
    pub(super) fn removed(&self, ticket: u64) -> i64 {
        self.created(ticket + self.records)
    }

    /// The newest ticket at `t`, 0 before the first.
    pub(super) fn newest(&self, t: i64) -> u64 {
        let since = u64::try_from(t - ORIGIN + 1).unwrap_or(0);
        let mut ticket = since * 1000 / self.gap_ms();
        while ticket > 0 && self.created(ticket) > t {
            ticket -= 1;
        }
        ticket
    }

    /// The weeks' first seconds at which bulk jobs touched a ticket: all in `.0 <= t < .1`. Nothing
    /// else happens to the ticket in this time, so that a bulk job's second stays large.
    pub(super) fn bulk_weeks(&self, ticket: u64) -> Option<(i64, i64)> {
        // Creation may be seen two seconds late, and never behind the job.
        let first = next_sunday(self.created(ticket) + 3);
        let end = next_sunday(self.created(ticket + self.bulk) + 3);
        (self.bulk > 0 && first < end).then_some((first, end))
    }

    /// The tickets that exist at some time in `from..to`, oldest first.
    pub(super) fn each_ticket(&self, from: i64, to: i64) -> impl Iterator<Item = u64> {
        let oldest = (self.newest(from) + 1).saturating_sub(self.records).max(1);
        oldest..=self.newest(to)
    }
}

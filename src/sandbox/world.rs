//! The help desk as a function of its seed and the time: what exists, and when it last changed.
//!
//! No state and no process start goes into it, so a position saved by one process is good in the
//! next. It holds times and ids only; what a record says is written when a page is served
//! (`ticket.rs`, `person.rs`, …). It must not know HTTP or paging.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    article,
    dice::{self, mix, place, size, span},
    event, metric, organization, person,
    timeline::{self, Timeline},
};

/// When ticket 1 came in: 2022-01-01.
const ORIGIN: i64 = 1_640_995_200;
/// A ticket's life until it is removed for good; at any time this much of the past is there.
const HORIZON: i64 = 90 * DAY;
pub(super) const DAY: i64 = 86_400;
pub(super) const WEEK: i64 = 7 * DAY;

/// The resources that can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Tickets,
    TicketEvents,
    Users,
    Organizations,
    TicketMetricEvents,
    Articles,
}

/// One version of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What exports sort by: generated_timestamp, updated_at or the event's time.
    pub(super) ts: i64,
    pub(super) id: u64,
    /// When the next version, or the record's removal, takes its place.
    pub(super) until: i64,
    /// The ticket's number, or the place in its list of users, organizations, articles.
    pub(super) key: u64,
    pub(super) deleted: bool,
    /// Belongs to a ticket that an AI agent handles (§8).
    pub(super) ai: bool,
}

impl Entry {
    pub(super) const EMPTY: Self =
        Self { ts: 0, id: 0, until: i64::MAX, key: 0, deleted: false, ai: false };
}

/// All versions that live at some time in `from..to`, sorted by time and id.
pub(super) struct Index {
    from: i64,
    to: i64,
    pub(super) entries: Vec<Entry>,
}

pub(super) struct World {
    seed: u64,
    records: u64,
    bulk: u64,
    indexes: [Mutex<Option<Arc<Index>>>; 6],
}

impl World {
    pub(super) fn new(seed: u64, records: u32, bulk: u32) -> Self {
        let records = u64::from(records.max(1));
        Self { seed, records, bulk: u64::from(bulk).min(records), indexes: Default::default() }
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

    /// The index of a resource that is good at `now`; kept until it no longer is.
    pub(super) fn index(&self, resource: Resource, now: i64) -> Arc<Index> {
        let slot = match resource {
            Resource::Tickets => &self.indexes[0],
            Resource::TicketEvents => &self.indexes[1],
            Resource::Users => &self.indexes[2],
            Resource::Organizations => &self.indexes[3],
            Resource::TicketMetricEvents => &self.indexes[4],
            Resource::Articles => &self.indexes[5],
        };
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.as_ref().filter(|index| index.from <= now && now < index.to) {
            return Arc::clone(index);
        }
        let index = Arc::new(self.build(resource, now));
        *kept = Some(Arc::clone(&index));
        index
    }

    fn build(&self, resource: Resource, from: i64) -> Index {
        // Events never change, so their index can reach far ahead.
        let to = from
            + match resource {
                Resource::TicketEvents | Resource::TicketMetricEvents => DAY,
                _ => 600,
            };
        let mut entries = Vec::new();
        match resource {
            Resource::Tickets => {
                self.each_timeline(from, to, |line| {
                    timeline::entries(line, from, to, &mut entries);
                });
            }
            Resource::TicketEvents => {
                self.each_timeline(from, to, |line| event::entries(line, to, &mut entries));
            }
            Resource::TicketMetricEvents => {
                self.each_timeline(from, to, |line| metric::entries(line, to, &mut entries));
            }
            Resource::Users => person::entries(self, from, to, &mut entries),
            Resource::Organizations => organization::entries(self, from, to, &mut entries),
            Resource::Articles => article::entries(self, from, to, &mut entries),
        }
        entries.sort_unstable_by_key(|entry| (entry.ts, entry.id));
        Index { from, to, entries }
    }

    /// Every ticket that exists at some time in `from..to`.
    fn each_timeline(&self, from: i64, to: i64, mut visit: impl FnMut(&Timeline)) {
        let oldest = (self.newest(from) + 1).saturating_sub(self.records).max(1);
        for ticket in oldest..=self.newest(to) {
            visit(&Timeline::of(self, ticket));
        }
    }
}

/// The first second of the first week (from Sunday, UTC) at or after `t`.
fn next_sunday(t: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    let first_sunday = 3 * DAY;
    (t - first_sunday + WEEK - 1).div_euclid(WEEK) * WEEK + first_sunday
}

/// The first second of the week that `t` lies in.
pub(super) fn sunday(t: i64) -> i64 {
    next_sunday(t - WEEK + 1)
}

/// Turns a record's change times into the versions that live in `from..to`. `changes` are sorted;
/// those before the last one at or before `from` make no difference.
pub(super) fn versions(changes: &[i64], from: i64, to: i64, removed: i64) -> Vec<(i64, i64)> {
    let living = changes.partition_point(|change| *change <= from).saturating_sub(1);
    let changes = changes.get(living..).unwrap_or_default();
    let ends = changes.iter().skip(1).copied().chain([removed]);
    let pairs = changes.iter().copied().zip(ends);
    pairs
        .map(|(ts, until)| (ts, until.min(removed)))
        .filter(|(ts, until)| ts < until && *ts < to)
        .collect()
}

/// The entries in `from..to` of a record that is never removed. The first of its changes is its
/// creation; what would lie before that has not happened.
pub(super) fn lasting(id: u64, key: u64, mut changes: Vec<i64>, from: i64, to: i64) -> Vec<Entry> {
    let created = changes.first().copied();
    changes.retain(|change| created <= Some(*change));
    let entry = |(ts, until)| Entry { ts, id, until, key, ..Entry::EMPTY };
    versions(&changes, from, to, i64::MAX).into_iter().map(entry).collect()
}

/// The word at place `n` of a list that repeats itself for ever.
pub(super) fn word(list: &[&'static str], n: u64) -> &'static str {
    list[place(n % size(list.len()))]
}

/// The thing at place `n` of a list that repeats itself for ever.
pub(super) fn nth<T>(list: &[T], n: u64) -> &T {
    &list[place(n % size(list.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn alive(world: &World, resource: Resource, now: i64) -> Vec<Entry> {
        let index = world.index(resource, now);
        let lives = |entry: &&Entry| entry.ts <= now && now < entry.until;
        index.entries.iter().filter(lives).copied().collect()
    }

    #[test]
    fn the_world_holds_as_many_tickets_as_asked_for() {
        let world = World::new(1, 500, 0);
        for hours in 0..50 {
            let tickets = alive(&world, Resource::Tickets, NOW + hours * 3600);
            // A ticket shows up to two seconds after it came in.
            assert!((499..=500).contains(&tickets.len()));
        }
    }

    #[test]
    fn an_index_says_the_same_as_one_built_later() {
        let world = World::new(1, 300, 100);
        for resource in [Resource::Tickets, Resource::Users, Resource::TicketEvents] {
            alive(&world, resource, NOW);
            let ahead = alive(&world, resource, NOW + 599);
            let later = alive(&World::new(1, 300, 100), resource, NOW + 599);
            let positions = |entries: Vec<Entry>| -> Vec<(i64, u64)> {
                entries.iter().map(|entry| (entry.ts, entry.id)).collect()
            };
            assert!(positions(ahead) == positions(later), "{resource:?}");
        }
    }

    #[test]
    fn a_record_never_goes_back_in_time() {
        let world = World::new(5, 60, 20);
        let mut seen = std::collections::HashMap::new();
        for step in 0..400 {
            for entry in alive(&world, Resource::Tickets, NOW + step * 7 * 601) {
                let before = seen.insert(entry.id, entry.ts);
                assert!(before.is_none_or(|before| before <= entry.ts));
            }
        }
    }

    #[test]
    fn a_version_ends_when_the_next_begins() {
        let world = World::new(1, 200, 0);
        let index = world.index(Resource::Tickets, NOW);
        let mut ids: Vec<(u64, i64, i64)> =
            index.entries.iter().map(|entry| (entry.id, entry.ts, entry.until)).collect();
        ids.sort_unstable();
        for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            assert_eq!(pair[0].2, pair[1].1);
        }
    }

    #[test]
    fn some_records_change_each_minute() {
        let world = World::new(1, 2000, 0);
        let changed = |resource, from: i64| {
            let alive = alive(&world, resource, from + 120);
            alive.iter().filter(|entry| entry.ts > from).count()
        };
        let sum = |resource| (0..30).map(|n| changed(resource, NOW + n * 120)).sum::<usize>();
        assert!((60..1200).contains(&sum(Resource::Tickets)), "{}", sum(Resource::Tickets));
        assert!(sum(Resource::Users) > 20);
        assert!(sum(Resource::Organizations) > 5);
    }

    #[test]
    fn a_month_holds_several_hundred_tickets() {
        let tickets = alive(&World::new(1, 2000, 0), Resource::Tickets, NOW);
        let recent = tickets.iter().filter(|entry| entry.ts > NOW - 30 * DAY).count();
        assert!((500..1800).contains(&recent), "{recent}");
    }

    #[test]
    fn a_bulk_job_puts_its_tickets_into_one_second() {
        let world = World::new(1, 2000, 1500);
        for day in 0..9 {
            let now = NOW + day * DAY;
            for resource in [Resource::Tickets, Resource::TicketEvents] {
                let entries = alive(&world, resource, now);
                let there = entries.iter().filter(|entry| entry.ts == sunday(now)).count();
                assert!(there >= 1500, "{resource:?} {there}");
            }
        }
    }

    #[test]
    fn weeks_begin_on_sunday() {
        assert_eq!(sunday(1_795_305_600), 1_795_305_600);
        assert_eq!(
            jiff::Timestamp::from_second(sunday(NOW)).unwrap().strftime("%a %T").to_string(),
            "Sun 00:00:00"
        );
        assert!(sunday(NOW) <= NOW && NOW < sunday(NOW) + WEEK);
    }
}

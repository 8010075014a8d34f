//! What happens to a ticket, and when: from its creation to its removal.
//!
//! Each ticket has a plan of changes drawn from its number. Changes that an agent, a customer or a
//! rule makes are audits; the system's own pass without a trace but a new generated_timestamp (§8).

use super::super::{
    calendar::{DAY, WEEK},
    dice::{self, BEAT, Dice, LAG, Rhythm, mix, span},
    entry::{Entry, versions},
    world::World,
};

const HOUR: i64 = 3600;
/// How often the system recalculates an open ticket's targets.
const BEAT_PERIOD: i64 = 20 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Created,
    /// Group, assignee and priority are set.
    Triaged,
    /// An agent's internal note.
    Noted,
    /// An agent's public comment.
    Answered,
    /// The requester's comment.
    Replied,
    Solved,
    Rated,
    /// By the automation that closes what stays solved for four days.
    Closed,
    Deleted,
    /// A bulk job adds a tag.
    Bulk,
    /// Thirty days after deletion the content is wiped (§8). No audit.
    Scrubbed,
    /// The system touches the ticket. No audit.
    System,
}

impl ChangeKind {
    /// Whether it makes a ticket event and moves updated_at (§8).
    pub(super) fn is_audit(self) -> bool {
        !matches!(self, Self::Scrubbed | Self::System)
    }

    pub(super) fn has_comment(self) -> bool {
        matches!(self, Self::Created | Self::Noted | Self::Answered | Self::Replied | Self::Solved)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// When it happened: the audit's created_at.
    pub(super) at: i64,
    /// When exports see it: generated_timestamp, up to two seconds later, as recorded.
    pub(super) seen: i64,
    pub(super) kind: ChangeKind,
    /// The number of the change within the ticket.
    pub(super) n: u64,
}

pub(super) struct Timeline {
    pub(super) ticket: u64,
    pub(super) ai: bool,
    pub(super) created: i64,
    pub(super) removed: i64,
    /// Sorted by `at` and by `seen`.
    pub(super) changes: Vec<Change>,
    beats: Rhythm,
    /// The times between which the beats are felt.
    open: [(i64, i64); 2],
}

impl Timeline {
    pub(super) fn of(world: &World, ticket: u64) -> Self {
        let created = world.created(ticket);
        let mut plan = Plan { at: created, changes: Vec::new() };
        let mut dice = Dice::new(world.key(dice::TIMELINE), ticket);
        let settled = plan.draw(&mut dice);
        let weeks = world.bulk_weeks(ticket).unwrap_or((i64::MAX, i64::MAX));
        let key = mix(world.key(BEAT), ticket);
        let mut changes = plan.changes;
        // A margin, so that nothing is seen after the bulk job that happened before it.
        changes.retain(|change| change.0 < weeks.0.saturating_sub(3) || weeks.1 <= change.0);
        let mut changes = numbered(&changes, world.key(LAG) ^ ticket);
        if weeks.0 < i64::MAX {
            add_bulk_jobs(&mut changes, weeks);
        }
        Self {
            ticket,
            ai: mix(world.key(dice::FACTS), ticket) % 100 < 4,
            created,
            removed: world.removed(ticket),
            changes,
            beats: Rhythm { key, period: BEAT_PERIOD },
            open: [(created + 60, settled.min(weeks.0)), (weeks.1, settled)],
        }
    }

    /// The changes that an export at `ts` knows of.
    pub(super) fn until(&self, ts: i64) -> &[Change] {
        let known = self.changes.partition_point(|change| change.seen <= ts);
        &self.changes[..known]
    }

    /// When the content was deleted, if it was.
    pub(super) fn deleted(&self) -> Option<i64> {
        let deletion = self.changes.iter().find(|change| change.kind == ChangeKind::Deleted);
        deletion.map(|change| change.seen)
    }

    /// The times of all versions that matter in `from..to`, sorted.
    fn change_times(&self, from: i64, to: i64) -> Vec<i64> {
        let mut times: Vec<i64> = self.changes.iter().map(|change| change.seen).collect();
        for (start, end) in self.open {
            let before = self.beats.last(from.min(end.saturating_sub(1)));
            if start < before && before < end {
                times.push(before);
            }
            times.extend(self.beats.within(from.max(start), to.min(end)));
        }
        times.sort_unstable();
        times.dedup();
        times
    }
}

/// The ticket's versions that live in `from..to`.
pub(super) fn entries(line: &Timeline, from: i64, to: i64, entries: &mut Vec<Entry>) {
    let deleted = line.deleted();
    let times = line.change_times(from, to);
    entries.extend(versions(&times, from, to, line.removed).into_iter().map(|(ts, until)| Entry {
        ts,
        id: line.ticket,
        until,
        key: line.ticket,
        deleted: deleted.is_some_and(|deleted| deleted <= ts),
        ai: line.ai,
        ..Entry::EMPTY
    }));
}

/// Numbers the changes and says when exports see each.
fn numbered(changes: &[(i64, ChangeKind)], key: u64) -> Vec<Change> {
    let numbered = (0..).zip(changes);
    let change = |(n, (at, kind)): (u64, &(i64, ChangeKind))| {
        let lag = if kind.is_audit() { span(mix(key, n) % 3) } else { 0 };
        Change { at: *at, seen: *at + lag, kind: *kind, n }
    };
    numbered.map(change).collect()
}

fn add_bulk_jobs(changes: &mut Vec<Change>, weeks: (i64, i64)) {
    let mut at = weeks.0;
    let mut n = 128;
    while at < weeks.1 {
        changes.push(Change { at, seen: at, kind: ChangeKind::Bulk, n });
        at += WEEK;
        n += 1;
    }
    changes.sort_unstable_by_key(|change| (change.at, change.n));
}

/// Draws a ticket's life in the order in which it happens.
struct Plan {
    at: i64,
    changes: Vec<(i64, ChangeKind)>,
}

impl Plan {
    fn then(&mut self, after: i64, kind: ChangeKind) {
        self.at += after;
        self.changes.push((self.at, kind));
    }

    /// Returns when the ticket needs no more attention.
    fn draw(&mut self, dice: &mut Dice) -> i64 {
        let created = self.at;
        self.then(0, ChangeKind::Created);
        self.then(dice.seconds(40, 1500), ChangeKind::Triaged);
        let settled = if dice.percent(3) {
            self.then(dice.seconds(600, 172_800), ChangeKind::Deleted);
            let deleted = self.at;
            self.then(30 * DAY + dice.seconds(0, 86_400), ChangeKind::Scrubbed);
            return deleted;
        } else if dice.percent(6) {
            self.conversation(dice);
            created + 40 * DAY
        } else {
            self.conversation(dice);
            self.settlement(dice)
        };
        if dice.percent(15) {
            self.changes.push((created + dice.seconds(1_000_000, 6_000_000), ChangeKind::System));
            self.changes.sort_by_key(|change| change.0);
        }
        settled
    }

    fn conversation(&mut self, dice: &mut Dice) {
        for turn in 0..=dice.below(4) {
            if turn > 0 {
                self.then(dice.seconds(1200, 108_000), ChangeKind::Replied);
            }
            if dice.percent(20) {
                self.then(dice.seconds(300, 10_800), ChangeKind::Noted);
            }
            self.then(dice.seconds(600, 32_400), ChangeKind::Answered);
        }
    }

    fn settlement(&mut self, dice: &mut Dice) -> i64 {
        self.then(dice.seconds(60, 72_000), ChangeKind::Solved);
        if dice.percent(10) {
            self.then(dice.seconds(3600, 172_800), ChangeKind::Replied);
            self.then(dice.seconds(600, 32_400), ChangeKind::Answered);
            self.then(dice.seconds(60, 72_000), ChangeKind::Solved);
        }
        let settled = self.at;
        if dice.percent(35) {
            self.then(dice.seconds(3600, 259_200), ChangeKind::Rated);
        }
        self.at = settled;
        self.then(4 * DAY + dice.seconds(0, HOUR.unsigned_abs()), ChangeKind::Closed);
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_in_the_order_in_which_they_happen() {
        for bulk in [0, 150] {
            let world = World::new(3, 200, bulk);
            for ticket in 1..2000 {
                let changes = Timeline::of(&world, ticket).changes;
                assert!(changes.is_sorted_by(|a, b| a.at < b.at && a.seen < b.seen));
                assert_eq!(changes[0].kind, ChangeKind::Created);
            }
        }
    }

    #[test]
    fn deleted_tickets_are_scrubbed_a_month_later() {
        let world = World::new(3, 200, 0);
        let lines = (1..2000).map(|ticket| Timeline::of(&world, ticket));
        let deleted: Vec<Timeline> = lines.filter(|line| line.deleted().is_some()).collect();
        assert!((20..120).contains(&deleted.len()));
        for line in deleted {
            let [.., deletion, scrub] = line.changes.as_slice() else { panic!("too few changes") };
            assert_eq!((deletion.kind, scrub.kind), (ChangeKind::Deleted, ChangeKind::Scrubbed));
            assert!(scrub.at - deletion.at >= 30 * DAY);
        }
    }
}

//! Entries: which versions of a record there are, and when each of them lives.
//!
//! An entry holds times and ids only; what a record says is written when a page is served. It must
//! not know any kind of record.

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
    /// How many seconds before its own time it was written: SLA targets are known ahead (§4.5).
    pub(super) ahead: i64,
    /// Belongs to a ticket that an AI agent handles (§8).
    pub(super) ai: bool,
}

impl Entry {
    pub(super) const EMPTY: Self =
        Self { ts: 0, id: 0, until: i64::MAX, key: 0, deleted: false, ahead: 0, ai: false };
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

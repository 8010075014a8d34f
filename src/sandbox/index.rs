//! The entries of each kind in order, drawn up once and kept while they are good.

use std::sync::{Arc, Mutex, PoisonError};

use super::{entry::Entry, kind::Kind, world::World};

/// All versions that show at some time in `from..to`, sorted by time and id.
pub(super) struct Index {
    from: i64,
    to: i64,
    pub(super) entries: Vec<Entry>,
}

impl Index {
    /// What is replaced stays for up to `longest` seconds, where what replaces it is late.
    pub(super) fn new(kind: &Kind, world: &World, from: i64, longest: i64) -> Self {
        let to = from + kind.good_for;
        let mut entries = (kind.entries)(world, from - longest, to);
        entries.sort_unstable_by_key(|entry| (entry.ts, entry.id));
        Self { from, to, entries }
    }
}

/// The latest index of each kind.
pub(super) struct Indexes(Vec<(&'static str, Mutex<Option<Arc<Index>>>)>);

impl Indexes {
    pub(super) fn new(kinds: &[&'static Kind]) -> Self {
        Self(kinds.iter().map(|kind| (kind.name, Mutex::default())).collect())
    }

    /// The index of a kind that is good at `now`.
    pub(super) fn get(&self, kind: &Kind, world: &World, now: i64, longest: i64) -> Arc<Index> {
        let Some((_, slot)) = self.0.iter().find(|(name, _)| *name == kind.name) else {
            return Arc::new(Index::new(kind, world, now, longest));
        };
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.as_ref().filter(|index| index.from <= now && now < index.to) {
            return Arc::clone(index);
        }
        let index = Arc::new(Index::new(kind, world, now, longest));
        *kept = Some(Arc::clone(&index));
        index
    }
}

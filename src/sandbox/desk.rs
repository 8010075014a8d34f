//! What the connections share: the options, the clock, the world and what is counted.
//!
//! It must not know what a request asks for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    auth::Tokens,
    clock::Clock,
    index::{Index, Indexes},
    journal::Journal,
    kind::Kind,
    late::Lateness,
    options::Options,
    quota::Quota,
    script::Script,
    world::World,
};

pub(super) struct Desk {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) world: World,
    pub(super) quota: Quota,
    pub(super) script: Script,
    pub(super) tokens: Tokens,
    pub(super) journal: Journal,
    indexes: Indexes,
    /// The last page that each path served.
    served: Mutex<HashMap<String, Vec<u8>>>,
    /// The sandbox's own host and port.
    pub(super) authority: String,
}

impl Desk {
    pub(super) fn new(options: Options, kinds: &[&'static Kind], authority: String) -> Self {
        Self {
            clock: Clock::new(options.frozen_at),
            world: World::new(options.seed, options.records, options.bulk),
            quota: Quota::default(),
            script: Script::new(options.faults.clone()),
            tokens: Tokens::new(options.behaviour.expires_in),
            journal: Journal::default(),
            indexes: Indexes::new(kinds),
            served: Mutex::default(),
            authority,
            options,
        }
    }

    /// What there is of a kind at `now`.
    pub(super) fn index(&self, kind: &Kind, now: i64) -> Arc<Index> {
        self.indexes.get(kind, &self.world, now, self.lateness(kind).longest())
    }

    /// How late a kind's rows are.
    pub(super) fn lateness(&self, kind: &Kind) -> Lateness {
        Lateness::of(&self.options.late, kind.name, kind.late)
    }

    /// The last page that a path served.
    pub(super) fn last_served(&self, path: &str) -> Option<Vec<u8>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    pub(super) fn remember(&self, path: &str, body: Vec<u8>) {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), body);
    }
}

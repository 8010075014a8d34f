//! The tags of tickets with how often they are used, the most used ones first.

use std::collections::BTreeSet;

use super::super::{
    dice::place,
    entry::Entry,
    json::Object,
    kind::{Kind, LISTED, Listing, Order, Route},
    topics::TOPICS,
    world::World,
};

pub(super) static KIND: Kind = Kind {
    name: "tags",
    key: "tags",
    scope: "tickets",
    routes: &[Route::list("tags", Listing { order: Order::Key, ..LISTED })],
    entries: |_, _, _| {
        let entry = |(key, _): (u64, _)| Entry { id: key + 1, key, ..Entry::EMPTY };
        (0..).zip(all()).map(entry).collect()
    },
    record: |world, entry, _| record(world, entry),
    ..Kind::PLAIN
};

fn all() -> BTreeSet<&'static str> {
    let own = TOPICS.iter().flat_map(|topic| topic.tags.iter().copied().chain([topic.reason]));
    own.chain(["triaged", "reopened"]).collect()
}

fn record(world: &World, entry: &Entry) -> String {
    let name = all().into_iter().nth(place(entry.key)).unwrap_or_default();
    let count = world.tickets() / (entry.key + 1) + 1;
    Object::new().text("name", name).raw("count", count).end()
}

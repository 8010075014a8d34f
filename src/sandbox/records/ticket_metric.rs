//! Ticket metrics: the metric set of each ticket, as it is now (API notes §4.6).

use super::{
    super::{
        entry::Entry,
        kind::{Kind, LISTED, Listing, Order, Route},
        world::World,
    },
    ticket_sideloads::{metric_set, metric_set_id},
    timeline::Timeline,
};

pub(super) static KIND: Kind = Kind {
    name: "ticket_metrics",
    key: "ticket_metrics",
    scope: "tickets",
    routes: &[Route::list("ticket_metrics", Listing { order: Order::Newest, ..LISTED })],
    entries,
    record: |world, entry, extras| metric_set(world, entry.key, extras.now),
    ..Kind::PLAIN
};

/// By when tickets were created; deleted ones have none.
fn entries(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
    let entry = |line: Timeline| Entry {
        ts: line.created,
        id: metric_set_id(line.ticket),
        until: line.deleted().unwrap_or(i64::MAX).min(line.removed),
        key: line.ticket,
        ai: line.ai,
        ..Entry::EMPTY
    };
    lines.map(entry).collect()
}

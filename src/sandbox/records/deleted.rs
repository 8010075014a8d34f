//! The lists of what was deleted: tickets until they are scrubbed, and users.

use super::{
    super::{
        entry::Entry,
        json::Object,
        kind::{Allowance, Kind, LISTED, Paging, Route, SUPPORT, Shown},
        world::World,
    },
    facts::Facts,
    person::{self, Person},
    timeline::Timeline,
};

/// Tighter than for other lists (§4.6).
const DELETED_TICKETS: Allowance =
    Allowance { header: "deleted-tickets-index", total: 10, minutes: 1, shown: Shown::Yes };

pub(super) static TICKETS: Kind = Kind {
    name: "deleted_tickets",
    key: "deleted_tickets",
    scope: "tickets",
    routes: &[Route {
        path: "deleted_tickets",
        paging: Paging::List(LISTED),
        account: SUPPORT,
        allowance: Some(DELETED_TICKETS),
    }],
    entries: |world, from, to| {
        let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
        lines.filter_map(|line| deleted_ticket(&line)).filter(|entry| entry.ts < to).collect()
    },
    record: |world, entry, _| ticket(world, entry),
    ..Kind::PLAIN
};

pub(super) static USERS: Kind = Kind {
    name: "deleted_users",
    key: "deleted_users",
    scope: "users",
    routes: &[Route::list("deleted_users", LISTED)],
    entries: |world, _, to| {
        let people = (0..world.people()).map(|place| Person::at(world, place));
        let entry = |person: Person| {
            let ts = person.deleted.filter(|deleted| *deleted < to)?;
            Some(Entry { ts, id: person.id, key: person.place, ..Entry::EMPTY })
        };
        people.filter_map(entry).collect()
    },
    record: |world, entry, _| person::record(world, entry.key, entry.ts),
    ..Kind::PLAIN
};

/// From its deletion to its scrubbing.
fn deleted_ticket(line: &Timeline) -> Option<Entry> {
    let scrubbed = line.changes.last().map_or(line.removed, |change| change.seen);
    let ts = line.deleted()?;
    let until = scrubbed.min(line.removed);
    let (id, key, ai) = (line.ticket, line.ticket, line.ai);
    Some(Entry { ts, id, until, key, ai, ..Entry::EMPTY })
}

fn ticket(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let actor = Object::new().raw("id", facts.agent.id).text("name", &facts.agent.name);
    Object::new()
        .raw("id", entry.id)
        .text("subject", &facts.subject())
        .raw("actor", actor.end())
        .time("deleted_at", entry.ts)
        .text("previous_state", "open")
        .end()
}

//! What agents do beside their answers: tickets they skip, and side conversations (§1.2, §4.6).

use super::{
    super::{
        calendar::DAY,
        dice::{mix, word},
        entry::Entry,
        json::{Object, array, iso},
        kind::{
            Allowance, ByTime, Ending, Extras, Idle, Kind, LISTED, Listing, Order, Paging, RECORDS,
            Route, SUPPORT, Shown, Sizes, Window,
        },
        world::World,
    },
    facts::Facts,
    ticket,
    timeline::{ChangeKind, Timeline},
};

pub(super) static SKIP: Kind = Kind {
    name: "skips",
    key: "skips",
    scope: "tickets",
    routes: &[Route::list(
        "skips",
        Listing { order: Order::Time, window: Window::Chosen, ..LISTED },
    )],
    good_for: DAY,
    entries: |world, from, to| after_triage(world, from, to, 6_151_000_000_000, 11, 30),
    record: |world, entry, extras| skip(world, entry, extras),
    ..Kind::PLAIN
};

/// 600 in ten minutes (§1.2).
const EVENTS: Allowance =
    Allowance { header: "side-conversation-events", total: 600, minutes: 10, shown: Shown::No };

pub(super) static SIDE_CONVERSATION_EVENT: Kind = Kind {
    name: "side_conversation_events",
    key: "events",
    scope: "tickets",
    routes: &[Route {
        path: "tickets/side_conversations/events",
        paging: Paging::Time(ByTime {
            members: &["count", "end_time", RECORDS, "next_page"],
            end_of_stream: Ending::Never,
            sizes: Sizes::Fixed,
            idle: Idle::Null,
            lists: None,
        }),
        account: SUPPORT,
        allowance: Some(EVENTS),
    }],
    good_for: DAY,
    entries: |world, from, to| {
        let first = after_triage(world, from, to, 1, 7, 300);
        let answers = after_triage(world, from, to, 2, 7, 3900);
        first.into_iter().chain(answers).collect()
    },
    record: |world, entry, _| side_conversation_event(world, entry),
    ..Kind::PLAIN
};

/// Something that happened to one ticket in so many, this long after its triage. Ids lie sixteen
/// apart from `first_id` on.
fn after_triage(
    world: &World,
    from: i64,
    to: i64,
    first_id: u64,
    one_in: u64,
    later: i64,
) -> Vec<Entry> {
    let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
    let entry = |line: Timeline| {
        let triage = line.changes.iter().find(|change| change.kind == ChangeKind::Triaged)?;
        let ts = triage.at + later;
        let (id, key) = (first_id + line.ticket * 16, line.ticket);
        let hit = mix(line.ticket, one_in).is_multiple_of(one_in) && ts < to;
        let until = line.removed;
        hit.then_some(Entry { ts, id, until, key, ai: line.ai, ..Entry::EMPTY })
    };
    lines.filter_map(entry).collect()
}

fn skip(world: &World, entry: &Entry, extras: &Extras<'_>) -> String {
    let facts = Facts::of(world, entry.key);
    Object::new()
        .raw("id", entry.id)
        .raw("ticket_id", entry.key)
        .raw("user_id", facts.agent.id)
        .text("reason", word(&["", "Not my language.", "Waiting for the depot."], entry.key))
        .time("created_at", entry.ts)
        .time("updated_at", entry.ts)
        .raw("ticket", ticket::record(world, entry.key, entry.ts, extras))
        .end()
}

/// A number in the shape of a UUID.
fn uuid(draw: u64) -> String {
    let (a, b) = (format!("{:016x}", mix(draw, 1)), format!("{:016x}", mix(draw, 2)));
    format!("{}-{}-11f0-{}-{}", &a[..8], &a[8..12], &b[..4], &b[4..])
}

fn side_conversation_event(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let reply = entry.id % 16 == 2;
    let (from, to) = if reply { ("depot", "agent") } else { ("agent", "depot") };
    let party = |who: &str| {
        if who == "agent" {
            Object::new().raw("user_id", facts.agent.id).text("name", &facts.agent.name)
        } else {
            Object::new().null("user_id").text("name", facts.carrier)
        }
        .end()
    };
    let message = Object::new()
        .text("subject", &facts.order)
        .text("preview_text", word(&["Where is it?", "Please check."], entry.key))
        .raw("from", party(from))
        .raw("to", array([party(to)]))
        .end();
    // Milliseconds and an offset, as no other export has them.
    let second = iso(entry.ts);
    let time = format!("{}.{:03}+00:00", second.trim_end_matches('Z'), mix(entry.id, 4) % 1000);
    Object::new()
        .text("id", &uuid(entry.id))
        .text("side_conversation_id", &uuid(entry.key * 16 + 5))
        .raw("actor", party(from))
        .text("type", if reply { "reply" } else { "create" })
        .text("via", "support")
        .text("created_at", &time)
        .raw("message", message)
        .raw("updates", "{}")
        .raw("ticket_id", entry.key)
        .end()
}

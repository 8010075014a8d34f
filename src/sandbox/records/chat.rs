//! Chat: conversations, and what agents were at which time (API notes §1.2).

use super::{
    super::{
        calendar::DAY,
        dice::{self, Rhythm, mix, word},
        entry::Entry,
        json::{Object, array},
        kind::{Allowance, ByStartId, Fenced, Kind, Paging, Route, Shown},
        world::World,
    },
    facts::Facts,
    person,
    timeline::{ChangeKind, Timeline},
};

/// What is younger is neither served nor taken for a start_time.
const FIVE_MINUTES: i64 = 300;

const CHAT: Allowance =
    Allowance { header: "chat-exports", total: 200, minutes: 1, shown: Shown::No };

const fn export(path: &'static str, per_second: i64) -> Route {
    let paging = Paging::StartId(ByStartId { per_second });
    Route { path, paging, account: "chat", allowance: Some(CHAT) }
}

pub(super) static CHATS: Kind = Kind {
    name: "chats",
    key: "chats",
    routes: &[export("chat/incremental/chats", 1), export("incremental/chats", 1)],
    good_for: DAY,
    fence: Fenced::Yes(FIVE_MINUTES),
    too_recent: Some(FIVE_MINUTES),
    entries: |world, from, to| {
        let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
        lines.filter_map(|line| chatted(world, &line)).filter(|entry| entry.ts < to).collect()
    },
    record: |world, entry, _| chat(world, entry),
    ..Kind::PLAIN
};

pub(super) static AGENT_TIMELINE: Kind = Kind {
    name: "agent_timeline",
    key: "agent_timeline",
    // Its times are in microseconds.
    routes: &[
        export("chat/incremental/agent_timeline", 1_000_000),
        export("incremental/agent_timeline", 1_000_000),
    ],
    good_for: DAY,
    fence: Fenced::Yes(FIVE_MINUTES),
    too_recent: Some(FIVE_MINUTES),
    entries: shifts,
    record: |world, entry, _| shift(world, entry),
    ..Kind::PLAIN
};

/// The chat that a messaging ticket came out of.
fn chatted(world: &World, line: &Timeline) -> Option<Entry> {
    let triage = line.changes.iter().find(|change| change.kind == ChangeKind::Triaged)?;
    let messaging = Facts::of(world, line.ticket).channel == "native_messaging";
    let (ts, id, key) = (triage.at, 260_000_000 + line.ticket, line.ticket);
    messaging.then_some(Entry { ts, id, until: line.removed, key, ..Entry::EMPTY })
}

fn chat(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let line = Timeline::of(world, entry.key);
    let opening = line.changes.first().map(|change| facts.comment(change)).unwrap_or_default();
    let message = Object::new()
        .text("type", "chat.msg")
        .text("msg", &opening)
        .text("name", &facts.requester.name)
        .time("timestamp", line.created)
        .end();
    let visitor = Object::new()
        .text("id", &facts.requester.id.to_string())
        .text("name", &facts.requester.name)
        .text("email", &facts.requester.email)
        .end();
    Object::new()
        .text("id", &format!("2612.{}.{:06x}", entry.id, mix(entry.id, 1) % 0x00FF_FFFF))
        .text("type", "chat")
        .time("timestamp", line.created)
        .time("end_timestamp", entry.ts)
        .time("update_timestamp", entry.ts)
        .raw("duration", entry.ts - line.created)
        .raw("visitor", visitor)
        .raw("agent_ids", array([facts.agent.id]))
        .raw("department_id", facts.group)
        .raw("zendesk_ticket_id", entry.key)
        .raw("history", array([message]))
        .null("rating")
        .raw("unread", false)
        .raw("missed", false)
        .end()
}

/// Agents change what they are every few hours.
fn shifts(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let of = |place: u64| {
        let key = mix(world.key(dice::SETTING) ^ 11, place);
        let rhythm = Rhythm { key, period: 5 * 3600 };
        let times: Vec<i64> = rhythm.within(from - 30 * DAY, to).collect();
        times.into_iter().map(move |ts| {
            let id = ts.unsigned_abs() * 1000 + place;
            Entry { ts, id, until: ts + 31 * DAY, key: place, ..Entry::EMPTY }
        })
    };
    (0..world.staff()).flat_map(of).collect()
}

fn shift(world: &World, entry: &Entry) -> String {
    let draw = mix(entry.id, 1);
    Object::new()
        .raw("agent_id", person::id(world, entry.key))
        .time("start_time", entry.ts)
        .text("status", word(&["online", "away", "invisible"], draw))
        .raw("duration", format!("{}.{:06}", draw % 18_000, draw / 18_000 % 1_000_000))
        .raw("engagement_count", draw % 5)
        .end()
}

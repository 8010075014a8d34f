//! Talk: calls, and the legs of each (API notes §1.2).

use super::{
    super::{
        calendar::DAY,
        dice::{mix, word},
        entry::Entry,
        json::Object,
        kind::{Allowance, ByTime, Ending, Idle, Kind, Paging, RECORDS, Route, Shown, Sizes},
        world::World,
    },
    facts::Facts,
    timeline::{ChangeKind, Timeline},
};

const FIRST_CALL: u64 = 6_180_000_000_000;
const FIRST_LEG: u64 = 6_181_000_000_000;
const IDS_PER_TICKET: u64 = 8;

/// Counted for itself; the headers tell of the account's counter alone (§4.6).
const TALK: Allowance =
    Allowance { header: "talk-exports", total: 10, minutes: 1, shown: Shown::No };

const fn export(path: &'static str) -> Route {
    let paging = Paging::Time(ByTime {
        members: &[RECORDS, "next_page", "count", "end_time"],
        end_of_stream: Ending::Never,
        sizes: Sizes::Fixed,
        idle: Idle::Stay,
        lists: None,
    });
    Route { path, paging, account: "voice", allowance: Some(TALK) }
}

pub(super) static CALLS: Kind = Kind {
    name: "calls",
    key: "calls",
    routes: &[export("channels/voice/stats/incremental/calls")],
    good_for: DAY,
    entries: |world, from, to| entries(world, from, to, FIRST_CALL, 1),
    record: |world, entry, _| call(world, entry),
    ..Kind::PLAIN
};

pub(super) static LEGS: Kind = Kind {
    name: "legs",
    key: "legs",
    routes: &[export("channels/voice/stats/incremental/legs")],
    good_for: DAY,
    entries: |world, from, to| entries(world, from, to, FIRST_LEG, 2),
    record: |world, entry, _| leg(world, entry),
    ..Kind::PLAIN
};

/// When the requester of a ticket was called back: every fifth is.
fn called(line: &Timeline) -> Option<i64> {
    let answer = line.changes.iter().find(|change| change.kind == ChangeKind::Answered)?;
    mix(line.ticket, 501).is_multiple_of(5).then_some(answer.at - 90)
}

fn entries(world: &World, from: i64, to: i64, first_id: u64, each: u64) -> Vec<Entry> {
    let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
    let of = |line: Timeline| {
        let ts = called(&line).filter(|at| *at < to);
        let ids = (0..each).map(move |n| first_id + line.ticket * IDS_PER_TICKET + n);
        ts.into_iter().flat_map(move |ts| {
            ids.clone().map(move |id| Entry {
                ts,
                id,
                until: line.removed,
                key: line.ticket,
                ..Entry::EMPTY
            })
        })
    };
    lines.flat_map(of).collect()
}

fn call(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let duration = 20 + mix(entry.id, 1) % 600;
    Object::new()
        .raw("id", entry.id)
        .time("created_at", entry.ts - 80)
        .time("updated_at", entry.ts)
        .raw("agent_id", facts.agent.id)
        .raw("customer_id", facts.requester.id)
        .raw("ticket_id", entry.key)
        .text("direction", "outbound")
        .text("completion_status", word(&["completed", "completed", "not_answered"], entry.key))
        .raw("duration", duration)
        .raw("talk_time", duration - 10)
        .raw("wait_time", 10)
        .raw("call_charge", "\"0.012\"")
        .text("phone_number", "+493090182000")
        .raw("phone_number_id", 6_180_900_000_001_u64)
        .raw("call_group_id", facts.group)
        .raw("voicemail", false)
        .end()
}

fn leg(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let n = (entry.id - FIRST_LEG) % IDS_PER_TICKET;
    let agent = n == 0;
    Object::new()
        .raw("id", entry.id)
        .raw("call_id", FIRST_CALL + entry.key * IDS_PER_TICKET)
        .time("created_at", entry.ts - 80)
        .time("updated_at", entry.ts)
        .raw("user_id", if agent { facts.agent.id } else { facts.requester.id })
        .maybe("agent_id", agent.then_some(facts.agent.id))
        .text("type", if agent { "agent" } else { "customer" })
        .text("completion_status", "completed")
        .raw("duration", 20 + mix(entry.id, 1) % 600)
        .raw("talk_time", 10)
        .end()
}

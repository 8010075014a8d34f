//! Ticket metric events: clocks that start, stop and break on a ticket.

use super::{
    super::{
        calendar::DAY,
        dice::{mix, nth, place},
        entry::Entry,
        furniture::SLA_POLICIES,
        json::Object,
        kind::{
            ByTime, Ending, Fenced, Idle, Kind, METRIC_EXPORTS, MINUTE, Paging, RECORDS, Route,
            SUPPORT, Sizes,
        },
        late::Lateness,
        world::World,
    },
    timeline::{ChangeKind, Timeline},
};

pub(super) static KIND: Kind = Kind {
    name: "ticket_metric_events",
    key: "ticket_metric_events",
    scope: "tickets",
    routes: &[Route {
        path: "incremental/ticket_metric_events",
        paging: Paging::Time(ByTime {
            members: &[RECORDS, "count", "end_of_stream", "end_time", "next_page"],
            end_of_stream: Ending::Perhaps,
            sizes: Sizes::Fixed,
            idle: Idle::Null,
            lists: Some(100),
        }),
        account: SUPPORT,
        allowance: METRIC_EXPORTS,
    }],
    good_for: DAY,
    fence: Fenced::Perhaps,
    // Seen live: 11 to 13 minutes (§4.5).
    late: Lateness { share: 10_000, least: 11 * MINUTE, most: 13 * MINUTE },
    too_recent: Some(MINUTE),
    entries: |world, from, to| {
        let mut entries = Vec::new();
        for ticket in world.each_ticket(from, to) {
            of_ticket(&Timeline::of(world, ticket), to, &mut entries);
        }
        entries
    },
    record: |world, entry, _| record(world, entry.key, entry.id),
    ..Kind::PLAIN
};

const FIRST_ID: u64 = 926_000_000_000;
const IDS_PER_TICKET: u64 = 64;

struct MetricEvent {
    at: i64,
    /// How many seconds before that it is written.
    ahead: i64,
    metric: &'static str,
    instance: u64,
    kind: &'static str,
}

/// The minutes within which a ticket is to be answered.
fn target(ticket: u64) -> i64 {
    *nth(&[60, 120, 240, 480], mix(ticket, 77))
}

/// The ticket's metric events in the order of their ids.
fn of(line: &Timeline) -> Vec<MetricEvent> {
    let mut events = Vec::new();
    let mut add = |at, metric, instance, kind| {
        events.push(MetricEvent { at, ahead: 0, metric, instance, kind });
    };
    let mut waiting = 0;
    let mut resolution = 0;
    for change in &line.changes {
        let at = change.at;
        match change.kind {
            ChangeKind::Created => {
                for metric in ["agent_work_time", "pausable_update_time", "periodic_update_time"] {
                    add(at, metric, 0, "measure");
                }
                (waiting, resolution) = (1, 1);
                add(at, "reply_time", waiting, "activate");
                add(at, "requester_wait_time", waiting, "activate");
                add(at, "resolution_time", resolution, "activate");
            }
            ChangeKind::Triaged => {
                add(at, "group_ownership_time", 1, "activate");
                add(at, "reply_time", 1, "apply_sla");
            }
            ChangeKind::Answered => {
                add(at, "reply_time", waiting, "fulfill");
                add(at, "requester_wait_time", waiting, "pause");
                add(at, "reply_time", waiting, "update_status");
            }
            ChangeKind::Replied => {
                waiting += 1;
                add(at, "reply_time", waiting, "activate");
                add(at, "requester_wait_time", waiting, "activate");
            }
            ChangeKind::Solved => {
                add(at, "requester_wait_time", waiting, "fulfill");
                add(at, "resolution_time", resolution, "fulfill");
                resolution += 1;
            }
            _ => {}
        }
    }
    // The breach is written with the target, with the target's time (§4.5).
    if let Some(applied) = events.iter().position(|event| event.kind == "apply_sla") {
        let ahead = target(line.ticket) * 60;
        let at = events[applied].at + ahead;
        let breach = MetricEvent { at, ahead, metric: "reply_time", instance: 1, kind: "breach" };
        events.insert(applied + 1, breach);
    }
    events.truncate(place(IDS_PER_TICKET));
    events
}

fn of_ticket(line: &Timeline, to: i64, entries: &mut Vec<Entry>) {
    let numbered = (0..).zip(of(line)).filter(|(_, event)| event.at - event.ahead < to);
    entries.extend(numbered.map(|(n, event): (u64, MetricEvent)| Entry {
        ts: event.at,
        id: FIRST_ID + line.ticket * IDS_PER_TICKET + n,
        until: line.removed,
        key: line.ticket,
        ahead: event.ahead,
        ai: line.ai,
        ..Entry::EMPTY
    }));
}

fn record(world: &World, ticket: u64, id: u64) -> String {
    let line = Timeline::of(world, ticket);
    let n = place(id - FIRST_ID - ticket * IDS_PER_TICKET);
    let events = of(&line);
    let event = &events[n];
    let object = Object::new()
        .raw("id", id)
        .raw("ticket_id", ticket)
        .text("metric", event.metric)
        .raw("instance_id", event.instance)
        .text("type", event.kind)
        .time("time", event.at);
    match event.kind {
        "apply_sla" => {
            let policy = Object::new()
                .raw("id", SLA_POLICIES[0].id)
                .text("title", SLA_POLICIES[0].name)
                .null("description");
            let sla = Object::new()
                .raw("target", target(ticket))
                .raw("business_hours", false)
                .raw("policy", policy.end());
            object.raw("sla", sla.end()).end()
        }
        "update_status" => {
            let minutes = (event.at - line.created) / 60;
            let status = Object::new().raw("calendar", minutes).raw("business", minutes / 3);
            object.raw("status", status.end()).end()
        }
        "breach" => {
            // A target that is met in time, told from the first on: its bytes never change.
            let answered = line
                .changes
                .iter()
                .find(|change| matches!(change.kind, ChangeKind::Answered | ChangeKind::Solved));
            object.raw("deleted", answered.is_some_and(|change| change.at < event.at)).end()
        }
        _ => object.end(),
    }
}

//! Ticket metric events: clocks that start, stop and break on a ticket.

use super::{
    dice::{mix, place, span},
    json::Object,
    timeline::{Kind, Timeline},
    world::{Entry, World},
};

const FIRST_ID: u64 = 926_000_000_000;
const IDS_PER_TICKET: u64 = 64;

struct MetricEvent {
    at: i64,
    metric: &'static str,
    instance: u64,
    kind: &'static str,
}

/// The ticket's metric events in the order of their ids.
fn of(line: &Timeline) -> Vec<MetricEvent> {
    let mut events = Vec::new();
    let mut add = |at, metric, instance, kind| {
        events.push(MetricEvent { at, metric, instance, kind });
    };
    let mut waiting = 0;
    let mut resolution = 0;
    for change in &line.changes {
        let at = change.at;
        match change.kind {
            Kind::Created => {
                for metric in ["agent_work_time", "pausable_update_time", "periodic_update_time"] {
                    add(at, metric, 0, "measure");
                }
                (waiting, resolution) = (1, 1);
                add(at, "reply_time", waiting, "activate");
                add(at, "requester_wait_time", waiting, "activate");
                add(at, "resolution_time", resolution, "activate");
            }
            Kind::Triaged => {
                add(at, "group_ownership_time", 1, "activate");
                add(at, "reply_time", 1, "apply_sla");
                if mix(line.ticket, 77).is_multiple_of(9) {
                    let late = span(1800 + mix(line.ticket, 78) % 7200);
                    add(at + late, "reply_time", 1, "breach");
                }
            }
            Kind::Answered => {
                add(at, "reply_time", waiting, "fulfill");
                add(at, "requester_wait_time", waiting, "pause");
                add(at, "reply_time", waiting, "update_status");
            }
            Kind::Replied => {
                waiting += 1;
                add(at, "reply_time", waiting, "activate");
                add(at, "requester_wait_time", waiting, "activate");
            }
            Kind::Solved => {
                add(at, "requester_wait_time", waiting, "fulfill");
                add(at, "resolution_time", resolution, "fulfill");
                resolution += 1;
            }
            _ => {}
        }
    }
    events.truncate(place(IDS_PER_TICKET));
    events
}

pub(super) fn entries(line: &Timeline, to: i64, entries: &mut Vec<Entry>) {
    let numbered = (0..).zip(of(line)).filter(|(_, event)| event.at < to);
    entries.extend(numbered.map(|(n, event): (u64, MetricEvent)| Entry {
        ts: event.at,
        id: FIRST_ID + line.ticket * IDS_PER_TICKET + n,
        until: line.removed,
        key: line.ticket,
        deleted: false,
        ai: line.ai,
    }));
}

pub(super) fn record(world: &World, ticket: u64, id: u64) -> String {
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
            let policy =
                Object::new().raw("id", 25).text("title", "First reply").null("description");
            let sla = Object::new()
                .raw("target", 480)
                .raw("business_hours", false)
                .raw("policy", policy.end());
            object.raw("sla", sla.end()).end()
        }
        "update_status" => {
            let minutes = (event.at - line.created) / 60;
            let status = Object::new().raw("calendar", minutes).raw("business", minutes / 3);
            object.raw("status", status.end()).end()
        }
        "breach" => object.raw("deleted", mix(id, 5).is_multiple_of(8)).end(),
        _ => object.end(),
    }
}

//! The sideloads of tickets, beside the records or inside them (API notes §3).

use std::collections::BTreeSet;

use super::{
    super::{
        dice::size,
        entry::Entry,
        furniture,
        json::{Object, array},
        kind::Extras,
        world::World,
    },
    facts::{Facts, State},
    organization, person,
    sideload::named,
    timeline::{ChangeKind, Timeline},
};

pub(super) fn beside(world: &World, now: i64, name: &str, page: &[Entry]) -> Option<String> {
    let facts = || page.iter().map(|entry| Facts::of(world, entry.key));
    Some(match name {
        "users" => {
            let people = facts().flat_map(|facts| {
                [Some(facts.requester.place), Some(facts.agent.place), facts.follower]
            });
            let people: BTreeSet<u64> = people.flatten().collect();
            array(people.into_iter().map(|place| person::partial(world, place, now)))
        }
        "groups" => named(furniture::GROUPS, "groups"),
        "brands" => named(furniture::BRANDS, "brands"),
        "ticket_forms" => named(furniture::FORMS, "ticket_forms"),
        "custom_statuses" => custom_statuses(),
        "sharing_agreements" => "[]".to_owned(),
        "organizations" => {
            let places = facts().filter_map(|facts| facts.requester.organization);
            let places: BTreeSet<u64> = places.collect();
            array(places.into_iter().map(|place| organization::brief(world, place)))
        }
        "metric_sets" => array(page.iter().map(|entry| metric_set(world, entry.key, entry.ts))),
        _ => return None,
    })
}

fn custom_statuses() -> String {
    array(furniture::STATUSES.iter().map(|status| {
        Object::new()
            .raw("id", status.id)
            .text("status_category", status.name)
            .text("agent_label", status.name)
            .raw("default", true)
            .raw("active", true)
            .end()
    }))
}

fn minutes(name: &str, object: Object, spent: Option<i64>) -> Object {
    let value = Object::new()
        .maybe("calendar", spent)
        .maybe("business", spent.map(|minutes| minutes / 3))
        .end();
    object.raw(name, value)
}

/// The id of a ticket's metric set.
pub(super) fn metric_set_id(ticket: u64) -> u64 {
    6_170_000_000_000 + ticket * 128
}

/// What the changes until `ts` have made of a ticket's metrics.
pub(super) fn metric_set(world: &World, ticket: u64, ts: i64) -> String {
    let line = Timeline::of(world, ticket);
    let state = State::after(line.until(ts), line.created);
    let id = metric_set_id(ticket);
    let since = |at: i64| (at - line.created) / 60;
    let object = Object::new()
        .text("url", &format!("{}/api/v2/ticket_metrics/{id}.json", furniture::ORIGIN))
        .raw("id", id)
        .raw("ticket_id", ticket)
        .time("created_at", line.created)
        .time("updated_at", state.updated)
        .raw("group_stations", 1)
        .raw("assignee_stations", 1)
        .raw("reopens", state.reopens)
        .raw("replies", state.replies);
    let object = dates(object, &state, line.created);
    let object = minutes("reply_time_in_minutes", object, state.answered.map(since));
    let object = minutes("full_resolution_time_in_minutes", object, state.solved.map(since));
    minutes("requester_wait_time_in_minutes", object, Some(since(state.status_since))).end()
}

fn dates(object: Object, state: &State, created: i64) -> Object {
    object
        .maybe_time("assignee_updated_at", state.answered)
        .time("requester_updated_at", state.requester_since)
        .time("status_updated_at", state.status_since)
        .maybe_time("initially_assigned_at", state.triaged)
        .maybe_time("assigned_at", state.triaged)
        .maybe_time("solved_at", state.solved)
        .time("latest_comment_added_at", state.latest_comment.max(created))
}

/// Adds the sideloads that live inside a ticket.
pub(super) fn embed(
    object: Object,
    extras: &Extras<'_>,
    line: &Timeline,
    facts: &Facts,
    state: &State,
) -> Object {
    extras.include.iter().fold(object, |object, name| match *name {
        "dates" => object.raw("dates", dates(Object::new(), state, line.created).end()),
        "comment_count" => object.raw("comment_count", state.comments),
        "incident_counts" => object.raw("incident_count", 0),
        "slas" => object.raw("slas", slas(line, facts, state, extras)),
        "metric_events" => object.raw("metric_events", metric_events(line)),
        _ => object,
    })
}

fn slas(line: &Timeline, facts: &Facts, state: &State, extras: &Extras<'_>) -> String {
    let stage = if state.answered.is_some() { "achieved" } else { "active" };
    let hours = if facts.priority == "urgent" { 4 } else { 24 };
    let breach = line.created + hours * 3600;
    let target = Object::new()
        .time("breach_at", breach)
        .text("stage", stage)
        .text("metric", "first_reply_time");
    let target = if extras.counting && stage == "active" {
        target.raw("minutes", (breach - extras.now).div_euclid(60))
    } else {
        target.raw("hours", hours)
    };
    Object::new().raw("policy_metrics", array([target.end()])).end()
}

fn metric_events(line: &Timeline) -> String {
    let answers = line.changes.iter().filter(|change| change.kind == ChangeKind::Answered);
    let events: Vec<String> = answers
        .map(|change| {
            Object::new()
                .raw("id", 926_500_000_000 + line.ticket * 64 + change.n)
                .raw("ticket_id", line.ticket)
                .text("metric", "reply_time")
                .raw("instance_id", 1)
                .text("type", "fulfill")
                .time("time", change.at)
                .end()
        })
        .collect();
    debug_assert!(size(events.len()) <= 64, "a ticket has few answers");
    Object::new().raw("reply_time", array(events)).raw("agent_work_time", "[]").end()
}

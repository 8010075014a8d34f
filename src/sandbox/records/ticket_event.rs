//! Ticket events: one for each audit, with what changed as its child events (§8).

use super::{
    super::{
        calendar::DAY,
        dice::{mix, word},
        entry::Entry,
        furniture,
        json::{Object, array, quoted, texts},
        kind::{Fenced, Kind, LISTED, Listing, MINUTE, Order, RECORDS, Route},
        late::Lateness,
        names::CITIES,
        world::World,
    },
    facts::{Facts, State, bulk_tag},
    timeline::{Change, ChangeKind, Timeline},
};

const MEMBERS: &[&str] = &[RECORDS, "count", "end_of_stream", "next_page", "end_time"];

pub(super) static KIND: Kind = Kind {
    name: "ticket_events",
    key: "ticket_events",
    scope: "tickets",
    routes: &[
        Route::time("incremental/ticket_events", MEMBERS),
        Route::sample("incremental/ticket_events/sample", MEMBERS),
    ],
    good_for: DAY,
    fence: Fenced::Yes(MINUTE),
    late: Lateness::NONE,
    too_recent: Some(MINUTE),
    entries: |world, from, to| {
        let mut entries = Vec::new();
        for ticket in world.each_ticket(from, to) {
            audits(&Timeline::of(world, ticket), to, &mut entries);
        }
        entries
    },
    record: |world, entry, extras| {
        record(world, entry.key, entry.id, extras.include.contains(&"comment_events"))
    },
    ..Kind::PLAIN
};

/// The same audits as the lists of single tickets have them, with their parts as `events` (§4.6).
pub(super) static AUDIT: Kind = Kind {
    name: "ticket_audits",
    key: "audits",
    scope: "tickets",
    routes: &[Route::list("ticket_audits", Listing { order: Order::Time, ..LISTED })],
    good_for: DAY,
    entries: KIND.entries,
    record: |world, entry, _| audit(world, entry.key, entry.id),
    ..Kind::PLAIN
};

const FIRST_ID: u64 = 20_000_000_000_000;
/// Ids that belong to one ticket: 256 changes with room for 15 child events each.
const IDS_PER_TICKET: u64 = 4096;
const IDS_PER_CHANGE: u64 = 16;

fn id(ticket: u64, change: &Change) -> u64 {
    FIRST_ID + ticket * IDS_PER_TICKET + change.n * IDS_PER_CHANGE
}

/// The ticket's audits before `to`.
fn audits(line: &Timeline, to: i64, entries: &mut Vec<Entry>) {
    let audits = line.changes.iter().filter(|change| change.kind.is_audit() && change.at < to);
    entries.extend(audits.map(|change| Entry {
        ts: change.at,
        id: id(line.ticket, change),
        until: line.removed,
        key: line.ticket,
        ai: line.ai,
        ..Entry::EMPTY
    }));
}

/// What there is to say about one audit.
struct Audit {
    line: Timeline,
    facts: Facts,
    change: Change,
}

impl Audit {
    fn of(world: &World, ticket: u64, event: u64) -> Self {
        let line = Timeline::of(world, ticket);
        let change = line.changes.iter().find(|change| id(ticket, change) == event);
        let change = *change.expect("every entry was made from a change");
        Self { facts: Facts::of(world, ticket), change, line }
    }

    fn by_customer(&self) -> bool {
        use ChangeKind::{Created, Rated, Replied};
        matches!(self.change.kind, Created | Replied | Rated)
    }

    /// The id of whoever made it; -1 is the system.
    fn author(&self) -> String {
        let automatic = matches!(self.change.kind, ChangeKind::Closed | ChangeKind::Bulk);
        let author = if self.by_customer() { &self.facts.requester } else { &self.facts.agent };
        if automatic { "-1".to_owned() } else { author.id.to_string() }
    }

    fn children(&self, event: u64, comments: bool) -> String {
        children(&self.line, &self.facts, &self.change, event, comments)
    }
}

/// The record of an audit; `comments` puts whole comments into it.
fn record(world: &World, ticket: u64, event: u64, comments: bool) -> String {
    let audit = Audit::of(world, ticket, event);
    Object::new()
        .raw("id", event)
        .raw("ticket_id", ticket)
        .raw("timestamp", audit.change.at)
        .time("created_at", audit.change.at)
        .raw("updater_id", audit.author())
        .text("via", via_name(audit.change.kind, &audit.facts))
        .raw("system", system(audit.by_customer(), mix(event, 1)))
        .text("event_type", "Audit")
        .raw("child_events", audit.children(event, comments))
        .end()
}

fn audit(world: &World, ticket: u64, event: u64) -> String {
    let audit = Audit::of(world, ticket, event);
    Object::new()
        .raw("id", event)
        .raw("ticket_id", ticket)
        .time("created_at", audit.change.at)
        .raw("author_id", audit.author())
        .raw("metadata", metadata(event))
        .raw("events", audit.children(event, true))
        .raw("via", audit.facts.via())
        .end()
}

fn via_name(kind: ChangeKind, facts: &Facts) -> &'static str {
    match (kind, facts.channel) {
        (ChangeKind::Closed, _) => "Automation",
        (ChangeKind::Bulk, _) => "Batch",
        (ChangeKind::Created | ChangeKind::Replied, "email") => "Mail",
        (ChangeKind::Created | ChangeKind::Replied, "api") => "Web service",
        (ChangeKind::Created | ChangeKind::Replied, "native_messaging") => "Messaging",
        _ => "Web form",
    }
}

fn system(customer: bool, draw: u64) -> String {
    let client =
        if customer { "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" } else { "Zendesk Support" };
    Object::new()
        .text("client", client)
        .text("ip_address", &format!("203.0.113.{}", draw % 254 + 1))
        .text("location", word(CITIES, draw / 254))
        .raw("latitude", format!("{}.{:04}", draw % 60, draw / 60 % 10_000))
        .raw("longitude", format!("-{}.{:04}", draw / 7 % 90, draw / 630 % 10_000))
        .end()
}

/// A child event without its content.
struct Child {
    kind: &'static str,
    field: &'static str,
    value: String,
    previous: Option<String>,
}

fn children(line: &Timeline, facts: &Facts, change: &Change, event: u64, comments: bool) -> String {
    let before = line.changes.iter().take_while(|other| other.n != change.n).copied();
    let before: Vec<Change> = before.collect();
    let state = State::after(&before, line.created);
    let mut children = Vec::new();
    if change.kind.has_comment() {
        children.push(if comments {
            comment(facts, change, event)
        } else {
            comment_mark(change, event)
        });
    }
    let mut number = 1;
    for child in changes(facts, change, &state) {
        number += 1;
        let via = Object::new().text("channel", "web").raw("source", SOURCE).end();
        let object = Object::new()
            .raw("id", event + number)
            .raw("via", via)
            .null("via_reference_id")
            .text("event_type", child.kind)
            .raw(child.field, child.value);
        let object = match child.previous {
            Some(previous) => object.raw("previous_value", previous),
            None => object,
        };
        children.push(object.end());
    }
    array(children)
}

const SOURCE: &str = r#"{"from":{},"to":{},"rel":null}"#;

fn changes(facts: &Facts, change: &Change, before: &State) -> Vec<Child> {
    let new = |field, value| Child { kind: "Create", field, value, previous: None };
    let turn =
        |field, value, previous| Child { kind: "Change", field, value, previous: Some(previous) };
    let status = |status: &str| turn("status", quoted(status), quoted(before.status));
    match change.kind {
        ChangeKind::Created => vec![
            new("subject", quoted(&facts.subject())),
            new("requester_id", facts.requester.id.to_string()),
            new("status", quoted("new")),
            new("brand_id", facts.brand.to_string()),
            new("ticket_form_id", facts.form().to_string()),
            new("tags", texts(facts.topic.tags)),
        ],
        ChangeKind::Triaged => vec![
            turn("group_id", facts.group.to_string(), "null".to_owned()),
            turn("assignee_id", facts.agent.id.to_string(), "null".to_owned()),
            turn("priority", quoted(facts.priority), "null".to_owned()),
            turn("type", quoted(facts.topic.kind), "null".to_owned()),
            status("open"),
        ],
        ChangeKind::Answered => vec![status("pending"), notification(facts)],
        ChangeKind::Replied => vec![status("open")],
        ChangeKind::Solved => vec![status("solved"), notification(facts)],
        ChangeKind::Rated => {
            vec![turn("satisfaction_score", quoted(facts.rating().0), quoted("offered"))]
        }
        ChangeKind::Closed => vec![status("closed")],
        ChangeKind::Deleted => vec![status("deleted")],
        ChangeKind::Bulk => vec![turn("tags", texts([bulk_tag(change.at)]), "[]".to_owned())],
        ChangeKind::Noted | ChangeKind::Scrubbed | ChangeKind::System => Vec::new(),
    }
}

fn notification(facts: &Facts) -> Child {
    let recipients = array([facts.requester.id]);
    Child { kind: "Notification", field: "recipients", value: recipients, previous: None }
}

/// What stands for a comment without the sideload.
fn comment_mark(change: &Change, event: u64) -> String {
    let via = Object::new().text("channel", "web").raw("source", SOURCE).end();
    Object::new()
        .raw("id", event + 1)
        .raw("via", via)
        .null("via_reference_id")
        .raw("comment_present", true)
        .raw("comment_public", change.kind != ChangeKind::Noted)
        .text("event_type", "Comment")
        .end()
}

/// The whole comment, as `include=comment_events` gives it (§3).
fn comment(facts: &Facts, change: &Change, event: u64) -> String {
    let customer = matches!(change.kind, ChangeKind::Created | ChangeKind::Replied);
    let author = if customer { &facts.requester } else { &facts.agent };
    let body = facts.comment(change);
    let html = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = html.replace("\n\n", "</p><p dir=\"auto\">").replace('\n', "<br>");
    let via = if customer {
        facts.via()
    } else {
        Object::new().text("channel", "web").raw("source", SOURCE).end()
    };
    Object::new()
        .raw("id", event + 1)
        .raw("via", via)
        .null("via_reference_id")
        .text("type", "Comment")
        .raw("author_id", author.id)
        .text("body", &body)
        .text(
            "html_body",
            &format!("<div class=\"zd-comment\" dir=\"auto\"><p dir=\"auto\">{html}</p></div>"),
        )
        .text("plain_body", &body.replace('\n', " "))
        .raw("public", change.kind != ChangeKind::Noted)
        .raw("attachments", attachments(change, event))
        .raw("audit_id", event)
        .time("created_at", change.at)
        .text("event_type", "Comment")
        .raw("metadata", metadata(event))
        .end()
}

fn attachments(change: &Change, event: u64) -> String {
    if change.kind != ChangeKind::Created || !mix(event, 2).is_multiple_of(4) {
        return "[]".to_owned();
    }
    let id = event + 15;
    let file = Object::new()
        .text("url", &format!("{}/api/v2/attachments/{id}.json", furniture::ORIGIN))
        .raw("id", id)
        .text("file_name", "photo 1.jpg")
        .text(
            "content_url",
            &format!(
                "{}/attachments/token/{:x}/?name=photo+1.jpg",
                furniture::ORIGIN,
                mix(event, 3)
            ),
        )
        .text("content_type", "image/jpeg")
        .raw("size", 40_000 + mix(event, 4) % 900_000)
        .raw("inline", false)
        .raw("deleted", false)
        .raw("thumbnails", "[]");
    array([file.end()])
}

fn metadata(event: u64) -> String {
    let system = Object::new()
        .text("client", "Mozilla/5.0")
        .text("ip_address", &format!("203.0.113.{}", mix(event, 1) % 254 + 1));
    Object::new().raw("system", system.end()).raw("custom", "{}").end()
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{index::Index, json},
        *,
    };

    const NOW: i64 = 1_795_000_000;

    fn events(comments: bool) -> Vec<serde_json::Value> {
        let world = World::new(1, 50, 0);
        let index = Index::new(&KIND, &world, NOW, 0);
        let record = |entry: &Entry| record(&world, entry.key, entry.id, comments);
        index.entries.iter().map(|entry| serde_json::from_str(&record(entry)).unwrap()).collect()
    }

    #[test]
    fn ids_of_events_and_children_are_unique() {
        let mut ids = std::collections::HashSet::new();
        for event in events(false) {
            assert!(ids.insert(event["id"].as_u64().unwrap()));
            for child in event["child_events"].as_array().unwrap() {
                assert!(ids.insert(child["id"].as_u64().unwrap()));
            }
        }
    }

    #[test]
    fn comments_come_whole_only_with_the_sideload() {
        assert!(events(false).iter().all(|event| !event.to_string().contains("plain_body")));
        assert!(events(true).iter().any(|event| event.to_string().contains("plain_body")));
        assert!(events(true).iter().all(|event| !event.to_string().contains("comment_present")));
    }

    #[test]
    fn times_agree() {
        for event in events(false) {
            let created = json::iso(event["timestamp"].as_i64().unwrap());
            assert_eq!(event["created_at"], created);
        }
    }
}

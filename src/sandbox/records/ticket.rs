//! Tickets: what the record of one says at a given time, and its sideloads.

use super::{
    super::{
        calendar::DAY,
        dice::{self, mix, size, word},
        furniture::{self, FIELDS},
        json::{self, Object, array, quoted, texts},
        kind::{
            EXPORTS, Extras, Fenced, Kind, LISTED, MINUTE, RECORDS, Route, TEN_MINUTES,
            TICKETS_INDEX,
        },
        late::Lateness,
        topics::Topic,
        world::World,
    },
    facts::{self, Facts, State},
    organization, person, ticket_sideloads,
    timeline::{self, Timeline},
};

const MEMBERS: &[&str] = &[RECORDS, "count", "end_of_stream", "next_page", "end_time"];

pub(super) static KIND: Kind = Kind {
    name: "tickets",
    key: "tickets",
    scope: "tickets",
    routes: &[
        Route::cursor("incremental/tickets/cursor", EXPORTS),
        Route::time("incremental/tickets", MEMBERS),
        Route::sample("incremental/tickets/sample", MEMBERS),
        Route { allowance: TICKETS_INDEX, ..Route::list("tickets", LISTED) },
    ],
    good_for: TEN_MINUTES,
    fence: Fenced::Yes(MINUTE),
    late: Lateness::NONE,
    too_recent: Some(MINUTE),
    entries: |world, from, to| {
        let mut entries = Vec::new();
        for ticket in world.each_ticket(from, to) {
            timeline::entries(&Timeline::of(world, ticket), from, to, &mut entries);
        }
        entries
    },
    record: |world, entry, extras| record(world, entry.key, entry.ts, extras),
    beside: ticket_sideloads::beside,
};

/// The record as exports show it at `ts`, with the members in the recorded order (§8). Of the
/// sideloads that are asked for, those that live inside a ticket are added (§3).
pub(super) fn record(world: &World, ticket: u64, ts: i64, extras: &Extras<'_>) -> String {
    let line = Timeline::of(world, ticket);
    let facts = Facts::of(world, ticket);
    let state = State::after(line.until(ts), line.created);
    let subject = if state.scrubbed { "SCRUBBED".to_owned() } else { facts.subject() };
    let description = match line.changes.first() {
        Some(opening) if !state.scrubbed => facts.comment(opening),
        _ => "X".to_owned(),
    };
    let fields = if state.scrubbed { "[]".to_owned() } else { custom_fields(&facts, &state) };
    let follower = facts.follower.map(|place| person::id(world, place));
    let triaged = state.triaged.is_some();
    let recipient = (facts.channel == "email").then_some(furniture::SUPPORT_ADDRESS);
    let external = facts.draw.is_multiple_of(6).then(|| format!("shop-{}", facts.order));
    let due = (facts.topic.kind == "task").then_some(line.created + 7 * DAY);
    let object = Object::new()
        .text("url", &format!("{}/api/v2/tickets/{ticket}.json", furniture::ORIGIN))
        .raw("id", ticket)
        .maybe_text("external_id", external.as_deref())
        .raw("via", facts.via())
        .time("created_at", line.created)
        .time("updated_at", state.updated)
        .maybe_text("type", triaged.then_some(facts.topic.kind))
        .text("subject", &subject)
        .text("raw_subject", &subject)
        .text("description", &description)
        .maybe_text("priority", triaged.then_some(facts.priority))
        .text("status", state.status)
        .maybe_text("recipient", recipient)
        .raw("requester_id", facts.requester.id)
        .raw("submitter_id", facts.requester.id)
        .maybe("assignee_id", triaged.then_some(facts.agent.id))
        .maybe("organization_id", facts.requester.organization.map(|o| organization::id(world, o)))
        .maybe("group_id", triaged.then_some(facts.group))
        .raw("collaborator_ids", array(follower))
        .raw("follower_ids", array(follower))
        .raw("email_cc_ids", "[]")
        .null("forum_topic_id")
        .null("problem_id")
        .raw("has_incidents", false)
        .raw("is_public", true)
        .maybe_time("due_at", due)
        .raw("tags", texts(state.tags(&facts)))
        .raw("custom_fields", &fields)
        .raw("satisfaction_rating", satisfaction(ticket, &facts, &state))
        .raw("sharing_agreement_ids", "[]")
        .raw("custom_status_id", state.custom_status())
        .raw("fields", &fields)
        .raw("followup_ids", "[]")
        .raw("ticket_form_id", facts.form())
        .raw("brand_id", facts.brand)
        .raw("allow_channelback", false)
        .raw("allow_attachments", true)
        .raw("from_messaging_channel", facts.channel == "native_messaging")
        .raw("generated_timestamp", ts);
    ticket_sideloads::embed(object, extras, &line, &facts, &state).end()
}

fn satisfaction(ticket: u64, facts: &Facts, state: &State) -> String {
    if !state.rated {
        let score = if state.solved.is_some() { "offered" } else { "unoffered" };
        return Object::new().text("score", score).end();
    }
    let (score, comment) = facts.rating();
    Object::new()
        .text("score", score)
        .raw("id", facts::rating_id(ticket))
        .maybe_text("comment", comment)
        .end()
}

fn custom_fields(facts: &Facts, state: &State) -> String {
    let values = FIELDS.iter().map(|field| {
        Object::new().raw("id", field.id).raw("value", field_value(field.name, facts, state)).end()
    });
    array(values)
}

/// The field's value as JSON.
fn field_value(field: &str, facts: &Facts, state: &State) -> String {
    let draw = mix(facts.draw, size(field.len()) ^ dice::TALK << 32);
    let some = |text: String| quoted(&text);
    let null = || "null".to_owned();
    match field {
        "order_number" => quoted(&facts.order),
        "product" => quoted(&facts::tag_of(facts.product)),
        "serial_number" if draw.is_multiple_of(2) => {
            some(format!("BK-{}", 70_000_000 + draw % 9_999_999))
        }
        "purchase_date" => some(json::iso(facts.bought)[..10].to_owned()),
        "country" => quoted(facts.requester.culture.country),
        "contact_reason" => quoted(facts.topic.reason),
        "resolution" if state.solved.is_some() => quoted(resolution(facts.topic)),
        "refund_amount" if facts.topic.form == 2 => {
            format!("{}.{:02}", 10 + draw % 400, draw / 400 % 100)
        }
        "currency" => quoted(currency(facts.requester.culture.country)),
        "carrier" => quoted(facts.carrier),
        "tracking_number" => some(format!("{:014}", draw % 100_000_000_000_000)),
        "under_warranty" => (!draw.is_multiple_of(4)).to_string(),
        "firmware" if facts.topic.group == 2 => quoted(word(&["2.13.2", "2.14.0", "2.14.1"], draw)),
        "app_version" if facts.topic.group == 2 => quoted(word(&["5.1.8", "5.2.0"], draw)),
        "phone_system" if facts.topic.group == 2 => quoted(word(&["android_16", "ios_26"], draw)),
        "escalated" => (facts.priority == "urgent").to_string(),
        "first_contact_resolution" => (state.solved.is_some() && state.replies == 1).to_string(),
        "replacement_order" if facts.topic.reason == "damaged_on_arrival" => {
            some(format!("{}-R", facts.order))
        }
        "store" => quoted(word(&["online", "marketplace", "shop_berlin", "shop_london"], draw)),
        "customer_tier" => quoted(word(&["bronze", "silver", "gold"], facts.requester.id)),
        "sentiment" if state.triaged.is_some() => {
            quoted(word(&["positive", "neutral", "negative", "very_negative"], draw))
        }
        "language" => quoted(facts.topic.language),
        "affected_features" if facts.topic.group == 2 => {
            texts(["heating", "display"].iter().take(1))
        }
        "water_hardness" if facts.topic.reason == "descaling" => (7 + draw % 18).to_string(),
        "agent_touches" => state.comments.to_string(),
        "internal_reference" => some(format!("{draw:016x}")),
        _ => null(),
    }
}

fn resolution(topic: &Topic) -> &'static str {
    match topic.reason {
        "return" | "charged_twice" => "refunded",
        "damaged_on_arrival" => "replaced",
        "warranty" => "repaired",
        _ => "answered",
    }
}

fn currency(country: &str) -> &'static str {
    match country {
        "us" => "USD",
        "gb" => "GBP",
        "jp" => "JPY",
        "pl" => "PLN",
        "br" => "BRL",
        "in" => "INR",
        "eg" => "EGP",
        _ => "EUR",
    }
}

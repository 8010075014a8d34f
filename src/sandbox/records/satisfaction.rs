//! Satisfaction ratings of tickets, and the NPS surveys of customers (API notes §1.2, §4.6).

use super::{
    super::{
        calendar::DAY,
        dice::{self, Rhythm, mix, word},
        entry::Entry,
        json::Object,
        kind::{
            ByTime, EXPORTS, Ending, Kind, LISTED, Listing, Order, Paging, RECORDS, Route, SUPPORT,
            Window, by_time,
        },
        world::World,
    },
    facts::{self, Facts},
    person::{self, Person},
    setting,
    timeline::{ChangeKind, Timeline},
};

pub(super) static RATING: Kind = Kind {
    name: "satisfaction_ratings",
    key: "satisfaction_ratings",
    scope: "tickets",
    routes: &[Route::list(
        "satisfaction_ratings",
        Listing { order: Order::Time, window: Window::Chosen, ..LISTED },
    )],
    good_for: DAY,
    entries: |world, from, to| {
        let lines = world.each_ticket(from, to).map(|ticket| Timeline::of(world, ticket));
        lines.filter_map(|line| rated(&line)).filter(|entry| entry.ts < to).collect()
    },
    record: |world, entry, _| rating(world, entry),
    ..Kind::PLAIN
};

const fn survey(path: &'static str) -> Route {
    let paging = Paging::Time(ByTime {
        end_of_stream: Ending::Never,
        ..by_time(&[RECORDS, "count", "next_page", "end_time"])
    });
    Route { path, paging, account: SUPPORT, allowance: EXPORTS }
}

pub(super) static RECIPIENT: Kind = Kind {
    name: "recipients",
    key: "recipients",
    routes: &[survey("nps/incremental/recipients")],
    entries: |world, from, to| asked(world, from, to, 0),
    record: |world, entry, _| recipient(world, entry),
    ..Kind::PLAIN
};

pub(super) static RESPONSE: Kind = Kind {
    name: "responses",
    key: "responses",
    routes: &[survey("nps/incremental/responses")],
    entries: |world, from, to| asked(world, from, to, 7200),
    record: |world, entry, _| response(world, entry),
    ..Kind::PLAIN
};

fn rated(line: &Timeline) -> Option<Entry> {
    let change = line.changes.iter().find(|change| change.kind == ChangeKind::Rated)?;
    let (id, key) = (facts::rating_id(line.ticket), line.ticket);
    Some(Entry { ts: change.seen, id, until: line.removed, key, ai: line.ai, ..Entry::EMPTY })
}

fn rating(world: &World, entry: &Entry) -> String {
    let facts = Facts::of(world, entry.key);
    let (score, comment) = facts.rating();
    setting::head("satisfaction_ratings", entry.id)
        .raw("assignee_id", facts.agent.id)
        .raw("group_id", facts.group)
        .raw("requester_id", facts.requester.id)
        .raw("ticket_id", entry.key)
        .text("score", score)
        .time("created_at", entry.ts)
        .time("updated_at", entry.ts)
        .maybe_text("comment", comment)
        .text("reason", "No reason provided")
        .null("reason_id")
        .raw("reason_code", 0)
        .end()
}

/// Room for the surveys of a person.
const SURVEYS: u64 = 1 << 16;

/// Customers are asked twice a year, and answer within hours if at all.
fn asked(world: &World, from: i64, to: i64, later: i64) -> Vec<Entry> {
    let of = |place: u64| {
        let key = mix(world.key(dice::SETTING) ^ 9, place);
        let rhythm = Rhythm { key, period: 180 * DAY };
        let person = Person::at(world, place);
        let first = person.created.max(from - 400 * DAY);
        let end = person.deleted.unwrap_or(to).min(to);
        let times: Vec<i64> = rhythm.within(first, end - later).collect();
        times.into_iter().map(move |at| {
            let n = at.unsigned_abs() / rhythm.period.unsigned_abs();
            let id = 6_190_000_000_000 + place * SURVEYS + n;
            Entry { ts: at + later, id, key: place, ..Entry::EMPTY }
        })
    };
    let people = world.staff()..world.people();
    let everyone = people.flat_map(of);
    everyone.filter(|entry| later == 0 || mix(entry.id, 3).is_multiple_of(3)).collect()
}

fn recipient(world: &World, entry: &Entry) -> String {
    let person = Person::at(world, entry.key);
    Object::new()
        .raw("id", entry.id)
        .raw("survey_id", 6_190_900_000_000 + entry.id % SURVEYS)
        .raw("user_id", person.id)
        .text("user_name", &person.name)
        .time("delivered_at", entry.ts)
        .time("updated_at", entry.ts)
        .end()
}

fn response(world: &World, entry: &Entry) -> String {
    Object::new()
        .raw("id", entry.id + 1_000_000_000_000)
        .raw("survey_id", 6_190_900_000_000 + entry.id % SURVEYS)
        .raw("recipient_id", entry.id)
        .raw("user_id", person::id(world, entry.key))
        .raw("rating", mix(entry.id, 1) % 11)
        .text("comment", word(&["", "Good kettles.", "Delivery takes too long."], entry.id))
        .time("responded_at", entry.ts)
        .time("updated_at", entry.ts)
        .end()
}

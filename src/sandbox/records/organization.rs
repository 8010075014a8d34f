//! The customers' organizations.

use super::{
    super::{
        calendar::DAY,
        dice::{self, Rhythm, mix, nth, size, word},
        entry::{Entry, lasting},
        furniture,
        json::{Object, texts},
        kind::{Fenced, Kind, LISTED, MINUTE, RECORDS, Route, TEN_MINUTES},
        late::Lateness,
        names::{CITIES, COMPANIES, LEGAL_FORMS},
        world::World,
    },
    sideload::{abilities, ids},
};

const MEMBERS: &[&str] = &[RECORDS, "next_page", "count", "end_of_stream", "end_time"];

pub(super) static KIND: Kind = Kind {
    name: "organizations",
    key: "organizations",
    scope: "organizations",
    routes: &[
        Route::time("incremental/organizations", MEMBERS),
        Route::sample("incremental/organizations/sample", MEMBERS),
        Route::list("organizations", LISTED),
    ],
    good_for: TEN_MINUTES,
    fence: Fenced::Perhaps,
    late: Lateness::NONE,
    too_recent: Some(MINUTE),
    entries,
    record: |world, entry, _| record(world, entry.key, entry.ts),
    beside: |_, _, name, page| {
        (name == "abilities").then(|| abilities("organization_id", ids(page)))
    },
};

const FIRST_ID: u64 = 6_142_020_000_311;
const ID_STEP: u64 = 1_900_003;
/// All were created between 2022-01-01 and the middle of 2025.
const FIRST_DAY: i64 = 1_640_995_200;

pub(super) fn id(world: &World, place: u64) -> u64 {
    FIRST_ID + place * ID_STEP + mix(world.key(dice::ORGANIZATION), place) % (ID_STEP - 1)
}

pub(super) fn domain(world: &World, place: u64) -> String {
    let (_, word) = nth(COMPANIES, mix(world.key(dice::ORGANIZATION) ^ 1, place));
    format!("{word}{place}.example")
}

pub(super) fn name(world: &World, place: u64) -> String {
    let draw = mix(world.key(dice::ORGANIZATION) ^ 1, place);
    let (company, _) = nth(COMPANIES, draw);
    let city = nth(CITIES, draw / 100);
    let form = nth(LEGAL_FORMS, draw / 10_000);
    let round = place / size(COMPANIES.len() * CITIES.len());
    let number = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    format!("{company} {city}{number} {form}")
}

/// The name at a time: a deleted organization has another one (§8).
fn name_at(world: &World, place: u64, ts: i64) -> String {
    let name = name(world, place);
    match deleted(world, place).filter(|deleted| *deleted <= ts) {
        Some(_) => format!("{}_deleted_{name}", id(world, place)),
        None => name,
    }
}

fn created(world: &World, place: u64) -> i64 {
    FIRST_DAY + dice::span(mix(world.key(dice::ORGANIZATION) ^ 2, place) % 110_000_000)
}

/// Some are deleted one day: they stay, under another name (§8).
pub(super) fn deleted(world: &World, place: u64) -> Option<i64> {
    let draw = mix(world.key(dice::ORGANIZATION) ^ 5, place);
    let after = dice::span(draw / 16 % 120_000_000) + DAY;
    draw.is_multiple_of(16).then(|| created(world, place) + after)
}

fn rhythm(world: &World, place: u64) -> Rhythm {
    let draw = mix(world.key(dice::ORGANIZATION) ^ 3, place);
    let period = if draw.is_multiple_of(12) { 20 * 60 } else { DAY << (2 + draw / 12 % 6) };
    Rhythm { key: draw, period }
}

fn entries(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for place in 0..world.organizations() {
        let created = created(world, place);
        let rhythm = rhythm(world, place);
        let mut times = vec![created, rhythm.last(from)];
        times.extend(rhythm.within(from, to));
        let end = deleted(world, place);
        times.retain(|time| end.is_none_or(|end| *time < end));
        times.extend(end);
        let versions = lasting(id(world, place), place, times, from, to);
        let deleted = |ts| end.is_some_and(|end| end <= ts);
        entries.extend(
            versions.into_iter().map(|entry| Entry { deleted: deleted(entry.ts), ..entry }),
        );
    }
    entries
}

fn record(world: &World, place: u64, ts: i64) -> String {
    let draw = mix(world.key(dice::ORGANIZATION) ^ 4, place);
    let version = mix(draw, ts.unsigned_abs());
    let id = id(world, place);
    let gone = deleted(world, place).filter(|deleted| *deleted <= ts);
    let external_id = draw.is_multiple_of(2).then(|| format!("ORG-{:05}", place + 100));
    Object::new()
        .text("url", &format!("{}/api/v2/organizations/{id}.json", furniture::ORIGIN))
        .raw("id", id)
        .text("name", &name_at(world, place, ts))
        .raw("shared_tickets", draw.is_multiple_of(5))
        .raw("shared_comments", draw.is_multiple_of(5))
        .maybe_text("external_id", external_id.as_deref())
        .time("created_at", created(world, place))
        .time("updated_at", ts)
        .raw("domain_names", texts([domain(world, place)]))
        .text("details", word(&["", "Chain with several branches", "Pays by purchase order"], draw))
        .text("notes", word(&["", "", "Contact: facility management"], version))
        .maybe("group_id", draw.is_multiple_of(3).then(|| nth(furniture::GROUPS, 4).id))
        .raw("tags", texts(["business", word(&["silver", "gold", "key_account"], draw / 7)]))
        .raw("organization_fields", fields(version))
        .maybe_time("deleted_at", gone)
        .end()
}

fn fields(version: u64) -> String {
    Object::new()
        .text("plan", word(&["starter", "team", "office"], version))
        .raw("machines", version / 3 % 60)
        .raw("health_score", format!("{}.{}", version / 200 % 10, version / 2000 % 10))
        .maybe_text("account_manager", version.is_multiple_of(2).then_some("Niamh Ní Bhriain"))
        .raw("on_hold", version.is_multiple_of(17))
        .end()
}

/// The part of an organization that comes along as a sideload (§3).
pub(super) fn brief(world: &World, place: u64) -> String {
    let id = id(world, place);
    Object::new()
        .text("url", &format!("{}/api/v2/organizations/{id}.json", furniture::ORIGIN))
        .raw("id", id)
        .raw("domain_names", texts([domain(world, place)]))
        .end()
}

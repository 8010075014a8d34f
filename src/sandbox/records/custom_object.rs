//! Custom objects: their definitions, and the records of each (API notes §1.1, §2.3).

use super::{
    super::{
        calendar::DAY,
        dice::{self, Rhythm, mix, nth, place, span, word},
        entry::{self, Entry},
        furniture::{CUSTOM_OBJECTS, ORIGIN, PRODUCTS},
        json::Object,
        kind::{Allowance, CursorEnd, Kind, LISTED, Paging, Route, SUPPORT, Shown},
        world::World,
    },
    person::{self, Person},
    setting::{self, Setting},
};

pub(super) static DEFINITION: Kind = Kind {
    name: "custom_objects",
    key: "custom_objects",
    routes: &[Route::list("custom_objects", LISTED)],
    entries: |world, from, to| {
        let objects = (0..).zip(CUSTOM_OBJECTS).map(|(key, _)| Setting::lasting(key + 1, key));
        setting::entries(world, objects, from, to)
    },
    record: |world, entry, _| definition(world, entry),
    ..Kind::PLAIN
};

const RECORDS: Allowance = Allowance {
    header: "incremental-custom-object-records",
    total: 10,
    minutes: 1,
    shown: Shown::Yes,
};

const fn export(path: &'static str) -> Route {
    let paging = Paging::Cursor(CursorEnd::HasMore);
    Route { path, paging, account: SUPPORT, allowance: Some(RECORDS) }
}

const OF_AN_OBJECT: Kind =
    Kind { key: "custom_object_records", too_recent: Some(60), ..Kind::PLAIN };

pub(super) static APPLIANCES: Kind = Kind {
    name: "custom_objects/appliance",
    routes: &[export("incremental/custom_objects/appliance/cursor")],
    entries: |world, from, to| entries(world, 0, from, to),
    record: |world, entry, _| record(world, 0, entry),
    ..OF_AN_OBJECT
};

pub(super) static VISITS: Kind = Kind {
    name: "custom_objects/service_visit",
    routes: &[export("incremental/custom_objects/service_visit/cursor")],
    entries: |world, from, to| entries(world, 1, from, to),
    record: |world, entry, _| record(world, 1, entry),
    ..OF_AN_OBJECT
};

fn definition(world: &World, entry: &Entry) -> String {
    let (key, title, plural) = CUSTOM_OBJECTS[place(entry.key)];
    Object::new()
        .text("url", &format!("{ORIGIN}/api/v2/custom_objects/{key}.json"))
        .text("key", key)
        .text("created_by_user_id", &person::id(world, 0).to_string())
        .text("updated_by_user_id", &person::id(world, 0).to_string())
        .time("created_at", setting::created(entry.id))
        .time("updated_at", entry.ts)
        .text("title", title)
        .text("raw_title", title)
        .text("title_pluralized", plural)
        .text("raw_title_pluralized", plural)
        .text("description", "")
        .text("raw_description", "")
        .end()
}

/// How many records of an object there are.
fn count(world: &World) -> u64 {
    (world.tickets() / 5).max(6)
}

fn draw(world: &World, object: u64, number: u64) -> u64 {
    mix(world.key(dice::SETTING) ^ (object + 1), number)
}

fn created(world: &World, object: u64, number: u64) -> i64 {
    1_640_995_200 + span(draw(world, object, number) % 110_000_000)
}

/// Some are deleted one day; they show for 30 days more.
fn deleted(world: &World, object: u64, number: u64) -> Option<i64> {
    let draw = draw(world, object, number);
    let after = DAY + span(draw / 12 % 120_000_000);
    draw.is_multiple_of(12).then(|| created(world, object, number) + after)
}

fn entries(world: &World, object: u64, from: i64, to: i64) -> Vec<Entry> {
    let of = |number: u64| {
        let (created, deleted) = (created(world, object, number), deleted(world, object, number));
        let key = draw(world, object, number);
        let rhythm = Rhythm { key, period: DAY << (key % 6) };
        let mut times = vec![created];
        times.extend([rhythm.last(from)].into_iter().filter(|time| *time > created));
        times.extend(rhythm.within(from.max(created), to));
        times.retain(|time| deleted.is_none_or(|deleted| *time < deleted));
        times.extend(deleted);
        let removed = deleted.map_or(i64::MAX, |deleted| deleted + 30 * DAY);
        let lives = entry::versions(&times, from, to, removed);
        lives.into_iter().map(move |(ts, until)| {
            let gone = deleted.is_some_and(|deleted| deleted <= ts);
            Entry { ts, until, id: number + 1, key: number, deleted: gone, ..Entry::EMPTY }
        })
    };
    (0..count(world)).flat_map(of).collect()
}

/// Ids are texts, as ULIDs are.
fn id_text(object: u64, number: u64) -> String {
    let mut rest = mix(object + 77, number);
    let mut letters = [b'0'; 13];
    for letter in letters.iter_mut().rev() {
        *letter = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[place(rest % 32)];
        rest /= 32;
    }
    format!("01H8XKP4{:05}{}", number % 100_000, String::from_utf8_lossy(&letters))
}

fn record(world: &World, object: u64, entry: &Entry) -> String {
    let (key, title, _) = CUSTOM_OBJECTS[place(object)];
    let id = id_text(object, entry.key);
    let version = mix(draw(world, object, entry.key), entry.ts.unsigned_abs());
    let owner = Person::at(world, entry.key % world.people());
    let wiped = |text: String| if entry.deleted { "[DELETED]".to_owned() } else { text };
    let product = nth(PRODUCTS, entry.key).name.to_owned();
    let fields = Object::new()
        .text("product", &wiped(product))
        .text("owner", &wiped(owner.id.to_string()))
        .text("condition", &wiped(word(&["new", "used", "repaired"], version).to_owned()))
        .end();
    let user = person::id(world, 0).to_string();
    Object::new()
        .text("url", &format!("{ORIGIN}/api/v2/custom_objects/{key}/records/{id}.json"))
        .text("id", &id)
        .text("custom_object_key", key)
        .text("name", &wiped(format!("{title} {}", entry.key + 1)))
        .raw("custom_object_fields", fields)
        .text("created_by_user_id", &user)
        .text("updated_by_user_id", &user)
        .time("created_at", created(world, object, entry.key))
        .time("updated_at", entry.ts)
        .null("external_id")
        .end()
}

//! Skills-based routing: attributes, their values, and what agents and tickets have of them.

use super::{
    super::{
        calendar::DAY,
        dice::{mix, place, size, word},
        entry::Entry,
        json::Object,
        kind::{EXPORTS, Kind, Paging, Route, SUPPORT},
        world::World,
    },
    person::{self, Person},
    setting::{self, Setting},
};

const fn export(path: &'static str) -> Route {
    Route { path, paging: Paging::Token, account: SUPPORT, allowance: EXPORTS }
}

pub(super) static ATTRIBUTE: Kind = Kind {
    name: "attributes",
    key: "attributes",
    routes: &[export("incremental/routing/attributes")],
    entries: |_, _, to| created(ATTRIBUTES.len(), 6_193_000_000_000, to),
    record: |_, entry, _| event("create", entry).text("name", word(ATTRIBUTES, entry.key)).end(),
    ..Kind::PLAIN
};

pub(super) static VALUE: Kind = Kind {
    name: "attribute_values",
    key: "attribute_values",
    routes: &[export("incremental/routing/attribute_values")],
    entries: |_, _, to| created(VALUES.len(), 6_193_100_000_000, to),
    record: |_, entry, _| {
        let (attribute, name) = VALUES[place(entry.key)];
        let object = event("create", entry).text("name", name);
        object.text("attribute_id", &uuid(6_193_000_000_000 + attribute * 64)).end()
    },
    ..Kind::PLAIN
};

pub(super) static INSTANCE_VALUE: Kind = Kind {
    name: "instance_values",
    key: "instance_values",
    routes: &[export("incremental/routing/instance_values")],
    entries: given,
    record: |world, entry, _| {
        let value = entry.key % size(VALUES.len());
        let object = event("associate_agent", entry);
        let object = object.text("attribute_value_id", &uuid(6_193_100_000_000 + value * 64));
        object.raw("instance_id", person::id(world, entry.key / size(VALUES.len()))).end()
    },
    ..Kind::PLAIN
};

const ATTRIBUTES: &[&str] = &["Language", "Product line"];

/// Values, each with the place of its attribute.
const VALUES: &[(u64, &str)] =
    &[(0, "German"), (0, "French"), (0, "Japanese"), (1, "Kettles"), (1, "Espresso machines")];

fn created(count: usize, first_id: u64, to: i64) -> Vec<Entry> {
    let entry = |key: u64| {
        let Setting { id, created, .. } = Setting::lasting(first_id + key * 64, key);
        Entry { ts: created, id, key, ..Entry::EMPTY }
    };
    (0..size(count)).map(entry).filter(|entry| entry.ts < to).collect()
}

/// Each agent has one value of either attribute since shortly after joining.
fn given(world: &World, _: i64, to: i64) -> Vec<Entry> {
    let of = |place: u64| {
        let agent = Person::at(world, place);
        [mix(agent.id, 1) % 3, 3 + mix(agent.id, 2) % 2].map(|value| {
            let key = place * size(VALUES.len()) + value;
            let ts = agent.created.max(setting::created(6_193_100_000_000 + value * 64)) + DAY;
            Entry { ts, id: 6_193_200_000_000 + key, key, ..Entry::EMPTY }
        })
    };
    (0..world.staff()).flat_map(of).filter(|entry| entry.ts < to).collect()
}

/// Ids are UUIDs.
fn uuid(id: u64) -> String {
    let (a, b) = (format!("{:016x}", mix(id, 21)), format!("{:016x}", mix(id, 22)));
    format!("{}-{}-11e8-{}-{}", &a[..8], &a[8..12], &b[..4], &b[4..])
}

fn event(kind: &str, entry: &Entry) -> Object {
    Object::new().text("id", &uuid(entry.id)).text("type", kind).time("time", entry.ts)
}

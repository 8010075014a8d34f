//! The fields of tickets, users and organizations.

use super::{
    super::{
        dice::place,
        entry::Entry,
        furniture::{FIELDS, Named, ORGANIZATION_FIELDS, PRODUCTS, USER_FIELDS},
        json::{Object, array},
        kind::{Kind, LISTED, Listing, Order, Route},
    },
    facts,
    setting::{self, Setting},
};

pub(super) static TICKET_FIELDS: Kind = Kind {
    name: "ticket_fields",
    key: "ticket_fields",
    scope: "tickets",
    routes: &[Route::list("ticket_fields", LISTED)],
    entries: |world, from, to| {
        let fields = setting::in_place(SYSTEM).into_iter().chain(setting::in_place(FIELDS));
        setting::entries(world, fields, from, to)
    },
    record: |_, entry, _| ticket_field(entry),
    ..Kind::PLAIN
};

const BY_PLACE: Listing = Listing { order: Order::Key, ..LISTED };

pub(super) static OF_USERS: Kind = Kind {
    name: "user_fields",
    key: "user_fields",
    scope: "users",
    routes: &[Route::list("user_fields", BY_PLACE)],
    entries: |world, from, to| setting::entries(world, keyed(USER_FIELDS, 0), from, to),
    record: |_, entry, _| keyed_field("user_fields", USER_FIELDS, entry),
    ..Kind::PLAIN
};

pub(super) static OF_ORGANIZATIONS: Kind = Kind {
    name: "organization_fields",
    key: "organization_fields",
    scope: "organizations",
    routes: &[Route::list("organization_fields", BY_PLACE)],
    entries: |world, from, to| setting::entries(world, keyed(ORGANIZATION_FIELDS, 100), from, to),
    record: |_, entry, _| keyed_field("organization_fields", ORGANIZATION_FIELDS, entry),
    ..Kind::PLAIN
};

const fn system(id: u64, name: &'static str) -> Named {
    Named { id, name }
}

/// The fields that every account has, under the names of their types.
const SYSTEM: &[Named] = &[
    system(6_131_010_000_113, "subject"),
    system(6_131_010_000_241, "description"),
    system(6_131_010_000_369, "status"),
    system(6_131_010_000_497, "tickettype"),
    system(6_131_010_000_625, "priority"),
    system(6_131_010_000_753, "group"),
    system(6_131_010_000_881, "assignee"),
    system(6_131_010_001_009, "custom_status"),
];

fn ticket_field(entry: &Entry) -> String {
    let own = FIELDS.iter().find(|field| field.id == entry.id);
    let system = SYSTEM.iter().find(|field| field.id == entry.id);
    let name = own.or(system).map_or("", |field| field.name);
    let kind = if own.is_some() { kind_of(name) } else { name };
    let title = title(name);
    let object = setting::head("ticket_fields", entry.id)
        .text("type", kind)
        .text("title", &title)
        .text("raw_title", &title)
        .text("description", "")
        .text("raw_description", "")
        .raw("position", entry.key)
        .raw("active", true)
        .raw("required", false)
        .raw("collapsed_for_agents", false)
        .null("regexp_for_validation")
        .text("title_in_portal", &title)
        .text("raw_title_in_portal", &title)
        .raw("visible_in_portal", false)
        .raw("editable_in_portal", false)
        .raw("required_in_portal", false)
        .null("agent_can_edit")
        .null("tag")
        .time("created_at", setting::created(entry.id))
        .time("updated_at", entry.ts)
        .raw("removable", own.is_some())
        .maybe_text("key", own.map(|field| field.name));
    match kind {
        "tagger" => object.raw("custom_field_options", options(entry.id)).end(),
        _ => object.end(),
    }
}

/// The type of a ticket field of this account's own.
fn kind_of(name: &str) -> &'static str {
    match name {
        "product" | "country" | "contact_reason" | "resolution" | "carrier" | "store"
        | "customer_tier" | "sentiment" => "tagger",
        "purchase_date" | "follow_up_on" => "date",
        "refund_amount" => "decimal",
        "water_hardness" | "agent_touches" => "integer",
        "under_warranty" | "escalated" | "first_contact_resolution" => "checkbox",
        "affected_features" => "multiselect",
        _ => "text",
    }
}

fn options(field: u64) -> String {
    let option = |(n, product): (u64, &Named)| {
        Object::new()
            .raw("id", field + 1 + n)
            .text("name", product.name)
            .text("raw_name", product.name)
            .text("value", &facts::tag_of(product.name))
            .raw("default", false)
            .end()
    };
    array((0..).zip(PRODUCTS).map(option))
}

/// `serial_number` as `Serial number`.
fn title(name: &str) -> String {
    let words = name.replace('_', " ");
    let first = words.chars().next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(words.chars().skip(1)).collect()
}

fn keyed(list: &[(&str, &str)], after: u64) -> Vec<Setting> {
    let field = |(key, _): (u64, _)| Setting::lasting(6_131_030_000_113 + (after + key) * 128, key);
    (0..).zip(list).map(field).collect()
}

fn keyed_field(path: &str, list: &[(&str, &str)], entry: &Entry) -> String {
    let (key, kind) = list[place(entry.key)];
    let title = title(key);
    setting::head(path, entry.id)
        .text("key", key)
        .text("type", kind)
        .text("title", &title)
        .text("description", "")
        .text("raw_title", &title)
        .text("raw_description", "")
        .raw("position", entry.key)
        .raw("active", true)
        .raw("system", false)
        .null("regexp_for_validation")
        .time("created_at", setting::created(entry.id))
        .time("updated_at", entry.ts)
        .end()
}

//! Macros, triggers, automations and views.

use super::{
    super::{
        dice::{nth, word},
        entry::Entry,
        furniture::{FIELDS, GROUPS, STATUSES},
        json::{Object, array},
        kind::{Kind, LISTED, Listing, Order, Route},
        topics::TOPICS,
    },
    setting,
};

const BY_TITLE: Listing = Listing { order: Order::Key, ..LISTED };

pub(super) static MACRO: Kind = Kind {
    name: "macros",
    key: "macros",
    routes: &[Route::list("macros", BY_TITLE)],
    entries: |world, from, to| {
        setting::entries(world, setting::numbered(world, 6_132_000_000_101, 130), from, to)
    },
    record: |_, entry, _| {
        rule("macros", entry).raw("actions", actions(entry)).null("restriction").end()
    },
    ..Kind::PLAIN
};

pub(super) static TRIGGER: Kind = Kind {
    name: "triggers",
    key: "triggers",
    scope: "triggers",
    routes: &[Route::list("triggers", BY_TITLE)],
    entries: |world, from, to| {
        setting::entries(world, setting::numbered(world, 6_132_100_000_101, 60), from, to)
    },
    record: |_, entry, _| {
        let object = rule("triggers", entry).raw("actions", actions(entry));
        object.raw("conditions", conditions(entry)).text("category_id", "6132190000001").end()
    },
    ..Kind::PLAIN
};

pub(super) static AUTOMATION: Kind = Kind {
    name: "automations",
    key: "automations",
    scope: "automations",
    routes: &[Route::list("automations", BY_TITLE)],
    entries: |world, from, to| {
        setting::entries(world, setting::numbered(world, 6_132_200_000_101, 12), from, to)
    },
    record: |_, entry, _| {
        let object = rule("automations", entry).raw("actions", actions(entry));
        object.raw("conditions", conditions(entry)).end()
    },
    ..Kind::PLAIN
};

pub(super) static VIEW: Kind = Kind {
    name: "views",
    key: "views",
    routes: &[Route::list("views", BY_TITLE)],
    entries: |world, from, to| {
        setting::entries(world, setting::numbered(world, 6_132_300_000_101, 40), from, to)
    },
    record: |_, entry, _| {
        let object = rule("views", entry).raw("conditions", conditions(entry));
        let output = Object::new().text("group_by", "status").text("sort_by", "created_at");
        object.raw("execution", output.end()).null("restriction").end()
    },
    ..Kind::PLAIN
};

/// The members that all rules have. Titles sort as their places do.
fn rule(path: &str, entry: &Entry) -> Object {
    let reason = nth(TOPICS, entry.key).reason.replace('_', " ");
    let title = format!("{:03} {reason}", entry.key + 1);
    setting::head(path, entry.id)
        .text("title", &title)
        .text("raw_title", &title)
        .raw("active", !entry.key.is_multiple_of(9))
        .raw("default", false)
        .raw("position", entry.key)
        .null("description")
        .time("created_at", setting::created(entry.id))
        .time("updated_at", entry.ts)
}

fn actions(entry: &Entry) -> String {
    let action =
        |field: &str, value: &str| Object::new().text("field", field).text("value", value).end();
    let group = nth(GROUPS, entry.key).id.to_string();
    let custom = format!("custom_fields_{}", nth(FIELDS, entry.key).id);
    let status = nth(STATUSES, entry.key).id.to_string();
    array([
        action("group_id", &group),
        action("custom_status_id", &status),
        action(&custom, word(&["yes", "no"], entry.key)),
    ])
}

fn conditions(entry: &Entry) -> String {
    let condition = Object::new()
        .text("field", "group_id")
        .text("operator", "is")
        .text("value", &nth(GROUPS, entry.key / 3).id.to_string())
        .end();
    Object::new().raw("all", array([condition])).raw("any", "[]").end()
}

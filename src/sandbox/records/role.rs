//! The roles of agents.

use super::{
    super::{
        entry::Entry,
        furniture::ROLES,
        json::Object,
        kind::{Kind, LISTED, Route},
    },
    setting,
};

pub(super) static KIND: Kind = Kind {
    name: "custom_roles",
    key: "custom_roles",
    scope: "users",
    routes: &[Route::list("custom_roles", LISTED)],
    entries: |world, from, to| setting::entries(world, setting::in_place(ROLES), from, to),
    record: |_, entry, _| record(entry),
    ..Kind::PLAIN
};

fn record(entry: &Entry) -> String {
    let role = setting::named(ROLES, entry.id);
    let configuration = Object::new()
        .text("ticket_access", "all")
        .text("ticket_comment_access", if entry.key == 0 { "none" } else { "public" })
        .raw("ticket_editing", entry.key > 0)
        .raw("chat_access", true)
        .end();
    Object::new()
        .raw("id", role.id)
        .text("name", role.name)
        .text("description", "")
        .raw("role_type", 0)
        .raw("team_member_count", 4 + entry.key)
        .raw("configuration", configuration)
        .time("created_at", setting::created(role.id))
        .time("updated_at", entry.ts)
        .end()
}

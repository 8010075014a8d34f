//! Ticket forms and custom statuses: lists that come whole.

use super::{
    super::{
        entry::Entry,
        furniture::{BRANDS, FIELDS, FORMS, STATUSES},
        json::array,
        kind::{Kind, Route, WHOLE},
    },
    setting,
};

pub(super) static FORM: Kind = Kind {
    name: "ticket_forms",
    key: "ticket_forms",
    scope: "tickets",
    routes: &[Route::list("ticket_forms", WHOLE)],
    entries: |world, from, to| setting::entries(world, setting::in_place(FORMS), from, to),
    record: |_, entry, _| form(entry),
    ..Kind::PLAIN
};

pub(super) static STATUS: Kind = Kind {
    name: "custom_statuses",
    key: "custom_statuses",
    scope: "tickets",
    routes: &[Route::list("custom_statuses", WHOLE)],
    entries: |world, from, to| setting::entries(world, setting::in_place(STATUSES), from, to),
    record: |_, entry, _| status(entry),
    ..Kind::PLAIN
};

fn form(entry: &Entry) -> String {
    let form = setting::named(FORMS, entry.id);
    setting::head("ticket_forms", form.id)
        .text("raw_name", form.name)
        .text("raw_display_name", form.name)
        .text("name", form.name)
        .text("display_name", form.name)
        .raw("position", entry.key)
        .raw("end_user_visible", true)
        .raw("active", true)
        .raw("default", entry.key == 0)
        .raw("in_all_brands", true)
        .raw("restricted_brand_ids", array(BRANDS.iter().take(0).map(|brand| brand.id)))
        .raw("ticket_field_ids", array(FIELDS.iter().map(|field| field.id)))
        .raw("end_user_conditions", "[]")
        .raw("agent_conditions", "[]")
        .text("form_type", "ticket")
        .null("deleted_at")
        .time("created_at", setting::created(form.id))
        .time("updated_at", entry.ts)
        .end()
}

fn status(entry: &Entry) -> String {
    let status = setting::named(STATUSES, entry.id);
    setting::head("custom_statuses", status.id)
        .text("status_category", status.name)
        .text("agent_label", status.name)
        .text("raw_agent_label", status.name)
        .text("end_user_label", status.name)
        .text("raw_end_user_label", status.name)
        .text("description", "")
        .text("raw_description", "")
        .text("end_user_description", "")
        .text("raw_end_user_description", "")
        .raw("active", true)
        .raw("default", true)
        .time("created_at", setting::created(status.id))
        .time("updated_at", entry.ts)
        .end()
}

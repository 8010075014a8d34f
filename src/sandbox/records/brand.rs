//! Brands.

use super::{
    super::{
        entry::Entry,
        furniture::{self, BRANDS, FORMS},
        json::array,
        kind::{Kind, LISTED, Route},
    },
    setting,
};

pub(super) static KIND: Kind = Kind {
    name: "brands",
    key: "brands",
    scope: "brands",
    routes: &[Route::list("brands", LISTED)],
    entries: |world, from, to| setting::entries(world, setting::in_place(BRANDS), from, to),
    record: |_, entry, _| record(entry),
    ..Kind::PLAIN
};

fn record(entry: &Entry) -> String {
    let brand = setting::named(BRANDS, entry.id);
    let default = brand.id == BRANDS[0].id;
    setting::head("brands", brand.id)
        .text("name", brand.name)
        .text("brand_url", furniture::ORIGIN)
        .text("subdomain", if default { "sandbox" } else { "sandbox-pro" })
        .null("host_mapping")
        .raw("has_help_center", default)
        .text("help_center_state", if default { "enabled" } else { "disabled" })
        .raw("active", true)
        .raw("default", default)
        .raw("is_deleted", false)
        .null("logo")
        .raw("ticket_form_ids", array(FORMS.iter().map(|form| form.id)))
        .text("signature_template", "{{agent.signature}}")
        .time("created_at", setting::created(brand.id))
        .time("updated_at", entry.ts)
        .end()
}

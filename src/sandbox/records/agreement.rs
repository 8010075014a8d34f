//! What customers are promised: SLA policies, and the schedules that count its hours.

use super::{
    super::{
        entry::Entry,
        furniture::{SCHEDULES, SLA_POLICIES},
        json::{Object, array},
        kind::{Kind, Route, WHOLE},
    },
    setting,
};

pub(super) static POLICY: Kind = Kind {
    name: "sla_policies",
    key: "sla_policies",
    routes: &[Route::list("slas/policies", WHOLE)],
    entries: |world, from, to| setting::entries(world, setting::in_place(SLA_POLICIES), from, to),
    record: |_, entry, _| policy(entry),
    ..Kind::PLAIN
};

pub(super) static SCHEDULE: Kind = Kind {
    name: "schedules",
    key: "schedules",
    routes: &[Route::list("business_hours/schedules", WHOLE)],
    entries: |world, from, to| setting::entries(world, setting::in_place(SCHEDULES), from, to),
    record: |_, entry, _| schedule(entry),
    ..Kind::PLAIN
};

fn policy(entry: &Entry) -> String {
    let policy = setting::named(SLA_POLICIES, entry.id);
    let metric = |priority: &str, target: u64| {
        Object::new()
            .text("priority", priority)
            .text("metric", "first_reply_time")
            .raw("target", target)
            .raw("business_hours", false)
            .end()
    };
    setting::head("slas/policies", policy.id)
        .text("title", policy.name)
        .null("description")
        .raw("position", entry.key + 1)
        .raw("filter", Object::new().raw("all", "[]").raw("any", "[]").end())
        .raw("policy_metrics", array([metric("urgent", 60), metric("normal", 480)]))
        .time("created_at", setting::created(policy.id))
        .time("updated_at", entry.ts)
        .end()
}

fn schedule(entry: &Entry) -> String {
    let schedule = setting::named(SCHEDULES, entry.id);
    let interval = |day: u64| {
        let start = day * 1440 + 480;
        Object::new().raw("start_time", start).raw("end_time", start + 600).end()
    };
    Object::new()
        .raw("id", schedule.id)
        .text("name", schedule.name)
        .text("time_zone", "Berlin")
        .raw("intervals", array((1..=5).map(interval)))
        .time("created_at", setting::created(schedule.id))
        .time("updated_at", entry.ts)
        .end()
}

//! The incremental exports: a row for each.
//!
//! Paths, record keys and parameters are those of the vendor's reference; the `.json` suffix is the
//! recorded form, and Help Center paths are refused without it by some servers. Must not know what
//! is done with a row.

use super::{Bucket, Endpoint, Pagination, Parameter, Place, Resource, Sideload};
use std::time::Duration;

const fn page(name: &'static str) -> Sideload {
    Sideload { name, place: Place::Page, member: Some(name) }
}

const fn record(name: &'static str) -> Sideload {
    Sideload { name, place: Place::Record, member: Some(name) }
}

const fn cursor(path: &'static str, bucket: Bucket) -> Endpoint {
    Endpoint { pagination: Pagination::Cursor, path, bucket }
}

const fn time(path: &'static str, bucket: Bucket) -> Endpoint {
    Endpoint { pagination: Pagination::Time, path, bucket }
}

const NONE: &[&str] = &[];

/// "Seconds or minutes" were seen: API notes §0.7.
const MINUTES_5: Duration = Duration::from_secs(5 * 60);

/// 11 to 13 minutes were seen: API notes §4.5.
const MINUTES_30: Duration = Duration::from_secs(30 * 60);

pub(crate) static RESOURCES: &[Resource] = &[
    Resource {
        name: "tickets",
        record_key: "tickets",
        change_time: "generated_timestamp",
        endpoints: &[
            cursor("/api/v2/incremental/tickets/cursor.json", Bucket::Exports),
            time("/api/v2/incremental/tickets.json", Bucket::Exports),
        ],
        sample: Some(time("/api/v2/incremental/tickets/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage, Parameter::ExcludeDeleted, Parameter::SupportTypeScope],
        sideloads: &[
            page("users"),
            page("groups"),
            page("organizations"),
            page("brands"),
            page("ticket_forms"),
            page("custom_statuses"),
            page("sharing_agreements"),
            page("metric_sets"),
            record("dates"),
            record("slas"),
            record("metric_events"),
            record("comment_count"),
            Sideload { member: Some("incident_count"), ..record("incident_counts") },
            record("tde_workspace"),
        ],
        volatile: &[
            "dates",
            "slas",
            "metric_events",
            "comment_count",
            "incident_count",
            "tde_workspace",
        ],
        overlap: MINUTES_5,
        readable_by: "admins",
    },
    Resource {
        name: "ticket_events",
        record_key: "ticket_events",
        change_time: "timestamp",
        endpoints: &[time("/api/v2/incremental/ticket_events.json", Bucket::Exports)],
        sample: Some(time("/api/v2/incremental/ticket_events/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage, Parameter::SupportTypeScope],
        sideloads: &[Sideload { member: None, ..record("comment_events") }],
        volatile: NONE,
        overlap: MINUTES_5,
        readable_by: "admins",
    },
    Resource {
        name: "users",
        record_key: "users",
        change_time: "updated_at",
        endpoints: &[
            cursor("/api/v2/incremental/users/cursor.json", Bucket::UsersCursor),
            time("/api/v2/incremental/users.json", Bucket::Exports),
        ],
        sample: Some(time("/api/v2/incremental/users/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage],
        sideloads: &[
            page("organizations"),
            page("abilities"),
            page("roles"),
            page("identities"),
            page("groups"),
            page("open_ticket_count"),
        ],
        volatile: NONE,
        overlap: MINUTES_5,
        readable_by: "admins",
    },
    Resource {
        name: "organizations",
        record_key: "organizations",
        change_time: "updated_at",
        endpoints: &[time("/api/v2/incremental/organizations.json", Bucket::Exports)],
        sample: Some(time("/api/v2/incremental/organizations/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage],
        sideloads: &[page("abilities")],
        volatile: NONE,
        overlap: MINUTES_5,
        readable_by: "admins",
    },
    Resource {
        name: "ticket_metric_events",
        record_key: "ticket_metric_events",
        change_time: "time",
        endpoints: &[time("/api/v2/incremental/ticket_metric_events.json", Bucket::Exports)],
        sample: None,
        takes: &[],
        sideloads: &[],
        volatile: NONE,
        overlap: MINUTES_30,
        readable_by: "admins",
    },
    Resource {
        name: "articles",
        record_key: "articles",
        change_time: "updated_at",
        endpoints: &[time("/api/v2/help_center/incremental/articles.json", Bucket::HelpCenter)],
        sample: None,
        takes: &[],
        sideloads: &[page("users"), page("sections"), page("categories"), record("translations")],
        volatile: NONE,
        overlap: MINUTES_5,
        readable_by: "Help Center agents",
    },
];

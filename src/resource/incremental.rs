//! The incremental exports: a row for each.
//!
//! Paths, record keys and parameters are those of the vendor's reference; the `.json` suffix is the
//! recorded form, and Help Center paths are refused without it by some servers. Must not know what
//! is done with a row.

use super::row::{
    Bucket, Endpoint, Form, Pagination, Parameter, Place, Resource, Sideload, StartId,
};
use std::time::Duration;

const fn page(name: &'static str) -> Sideload {
    Sideload { name, place: Place::Page, member: Some(name), parameter: None }
}

const fn record(name: &'static str) -> Sideload {
    Sideload { name, place: Place::Record, member: Some(name), parameter: None }
}

const fn cursor(path: &'static str, bucket: Bucket) -> Endpoint {
    Endpoint { pagination: Pagination::Cursor, form: Form::Cursor, path, bucket }
}

const fn time(path: &'static str, bucket: Bucket) -> Endpoint {
    Endpoint { pagination: Pagination::Time, form: Form::Time, path, bucket }
}

const fn token(path: &'static str) -> Endpoint {
    Endpoint { pagination: Pagination::Cursor, form: Form::Token, path, bucket: Bucket::Exports }
}

const fn start_id(path: &'static str, per_second: i64, fields: &'static str) -> Endpoint {
    let form = Form::StartId(StartId { per_second, fields });
    Endpoint { pagination: Pagination::Cursor, form, path, bucket: Bucket::Chat }
}

/// "Seconds or minutes" were seen: API notes §0.7.
const MINUTES_5: Duration = Duration::from_secs(5 * 60);

/// 11 to 13 minutes were seen: API notes §4.5.
const MINUTES_30: Duration = Duration::from_secs(30 * 60);

/// What the server holds back by rule: API notes §4.1. Where it does not, no harm is done.
const MINUTE: Duration = Duration::from_secs(60);

/// What most rows are.
pub(super) const PLAIN: Resource = Resource {
    name: "",
    record_key: "",
    change_time: "updated_at",
    endpoints: &[],
    sample: None,
    takes: &[],
    spellings: &[],
    sideloads: &[],
    volatile: &[],
    overlap: MINUTES_5,
    fence: MINUTE,
    readable_by: "admins",
};

/// Skills-based routing.
const ROUTING: Resource = Resource { change_time: "time", ..PLAIN };

/// Chat serves nothing younger than five minutes, and takes no younger start: API notes §1.2.
const CHAT: Resource = Resource {
    takes: &[Parameter::PerPage],
    fence: MINUTES_5,
    readable_by: "Chat admins",
    ..PLAIN
};

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
        ..PLAIN
    },
    Resource {
        name: "ticket_events",
        record_key: "ticket_events",
        change_time: "timestamp",
        endpoints: &[time("/api/v2/incremental/ticket_events.json", Bucket::Exports)],
        sample: Some(time("/api/v2/incremental/ticket_events/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage, Parameter::SupportTypeScope],
        sideloads: &[Sideload { member: None, ..record("comment_events") }],
        ..PLAIN
    },
    Resource {
        name: "users",
        record_key: "users",
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
        ..PLAIN
    },
    Resource {
        name: "organizations",
        record_key: "organizations",
        endpoints: &[time("/api/v2/incremental/organizations.json", Bucket::Exports)],
        sample: Some(time("/api/v2/incremental/organizations/sample.json", Bucket::Sample)),
        takes: &[Parameter::PerPage],
        sideloads: &[page("abilities")],
        ..PLAIN
    },
    Resource {
        name: "ticket_metric_events",
        record_key: "ticket_metric_events",
        change_time: "time",
        endpoints: &[
            time("/api/v2/incremental/ticket_metric_events.json", Bucket::Exports),
            Endpoint {
                pagination: Pagination::Cursor,
                form: Form::Listed,
                ..time("/api/v2/incremental/ticket_metric_events.json", Bucket::Exports)
            },
        ],
        sideloads: &[Sideload {
            member: None,
            parameter: Some("include_changes"),
            ..record("changes")
        }],
        overlap: MINUTES_30,
        ..PLAIN
    },
    Resource {
        name: "articles",
        record_key: "articles",
        endpoints: &[time("/api/v2/help_center/incremental/articles.json", Bucket::HelpCenter)],
        sideloads: &[page("users"), page("sections"), page("categories"), record("translations")],
        readable_by: "Help Center agents",
        ..PLAIN
    },
    Resource {
        name: "calls",
        record_key: "calls",
        endpoints: &[time("/api/v2/channels/voice/stats/incremental/calls.json", Bucket::Talk)],
        readable_by: "Talk admins",
        ..PLAIN
    },
    Resource {
        name: "legs",
        record_key: "legs",
        endpoints: &[time("/api/v2/channels/voice/stats/incremental/legs.json", Bucket::Talk)],
        readable_by: "Talk admins",
        ..PLAIN
    },
    Resource {
        name: "nps_responses",
        record_key: "responses",
        endpoints: &[time("/api/v2/nps/incremental/responses.json", Bucket::Nps)],
        ..PLAIN
    },
    Resource {
        name: "nps_recipients",
        record_key: "recipients",
        endpoints: &[time("/api/v2/nps/incremental/recipients.json", Bucket::Nps)],
        ..PLAIN
    },
    Resource {
        name: "side_conversation_events",
        record_key: "events",
        change_time: "created_at",
        endpoints: &[Endpoint {
            form: Form::Records,
            ..time("/api/v2/tickets/side_conversations/events", Bucket::SideConversations)
        }],
        readable_by: "agents",
        ..PLAIN
    },
    Resource {
        name: "routing_attributes",
        record_key: "attributes",
        endpoints: &[token("/api/v2/incremental/routing/attributes")],
        ..ROUTING
    },
    Resource {
        name: "routing_attribute_values",
        record_key: "attribute_values",
        endpoints: &[token("/api/v2/incremental/routing/attribute_values")],
        ..ROUTING
    },
    Resource {
        name: "routing_instance_values",
        record_key: "instance_values",
        endpoints: &[token("/api/v2/incremental/routing/instance_values")],
        ..ROUTING
    },
    Resource {
        name: "chats",
        record_key: "chats",
        change_time: "update_timestamp",
        endpoints: &[start_id("/api/v2/chat/incremental/chats", 1, "chats(*)")],
        ..CHAT
    },
    Resource {
        name: "agent_timeline",
        record_key: "agent_timeline",
        change_time: "start_time",
        endpoints: &[start_id(
            "/api/v2/chat/incremental/agent_timeline",
            1_000_000,
            "agent_timeline(*)",
        )],
        ..CHAT
    },
];

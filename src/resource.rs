//! The table of resources: what each is called, where it is served, and what it takes.
//!
//! A new endpoint is a new row here, never a branch elsewhere. Paths, record keys and parameters
//! are those of the vendor's reference; the `.json` suffix is the recorded form, and Help Center
//! paths are refused without it by some servers.

use crate::failure::closest;
use std::time::Duration;

/// What an export is of, under Zendesk's own name.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    /// The member of a page that holds the records.
    pub(crate) record_key: &'static str,
    /// The member of a record that says when it changed: epoch seconds or RFC 3339.
    pub(crate) change_time: &'static str,
    /// In order of preference.
    pub(crate) endpoints: &'static [Endpoint],
    /// The sample endpoint: at most 50 records, and a small quota of its own.
    pub(crate) sample: Option<Endpoint>,
    pub(crate) takes: &'static [Parameter],
    pub(crate) sideloads: &'static [Sideload],
    /// Members that change by themselves, and make no record another one.
    pub(crate) volatile: &'static [&'static str],
    /// How late a record is expected to become visible, at most, behind what the server holds back
    /// by rule.
    pub(crate) overlap: Duration,
    /// The role that the server asks for.
    pub(crate) readable_by: &'static str,
}

/// One way to page through a resource.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) pagination: Pagination,
    pub(crate) path: &'static str,
    pub(crate) bucket: Bucket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pagination {
    Cursor,
    Time,
}

impl Pagination {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Pagination::Cursor => "cursor",
            Pagination::Time => "time",
        }
    }
}

/// Requests of one bucket share one quota at the server, as far as is documented. What a server
/// says of it by its headers' names goes before (`pacer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bucket {
    Exports,
    UsersCursor,
    HelpCenter,
    Sample,
}

impl Bucket {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Bucket::Exports => "exports",
            Bucket::UsersCursor => "users_cursor",
            Bucket::HelpCenter => "help_center",
            Bucket::Sample => "sample",
        }
    }

    /// What its header is called, behind the prefix. Of two none is known: these are our own.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Bucket::Exports => "incremental-exports",
            Bucket::UsersCursor => "incremental-exports-cursor",
            Bucket::HelpCenter | Bucket::Sample => self.name(),
        }
    }

    /// What is documented of it, for people.
    pub(crate) fn quota(self) -> &'static str {
        match self {
            Bucket::Exports => "10 requests a minute (30 with High Volume)",
            Bucket::UsersCursor => "20 requests a minute (60 with High Volume)",
            Bucket::HelpCenter => "the Help Center's",
            Bucket::Sample => "a small one",
        }
    }
}

/// Query parameters that only some resources take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    PerPage,
    ExcludeDeleted,
    SupportTypeScope,
}

/// Related records that the server adds to a page on request.
#[derive(Debug)]
pub(crate) struct Sideload {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// The member by which it can be told that it came; `None` where that cannot be told.
    pub(crate) member: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A member of the page, beside the records.
    Page,
    /// Inside each record, so that it travels with it.
    Record,
}

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

/// What people ask for by name that is no resource of its own, and where it is.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["comments", "ticket_comments", "conversations"],
        "comments are in ticket_events: zdx export ticket_events --include comment_events",
    ),
    (&["audits", "ticket_audits", "events"], "what happens to tickets is in ticket_events"),
    (
        &["calls", "legs", "call_legs", "voice"],
        "calls are of Zendesk Talk, whose exports are not among those that zdx reads; what a call \
         did to its ticket is in ticket_events",
    ),
    (
        &["satisfaction_ratings", "ratings", "csat"],
        "a ticket's rating is its member satisfaction_rating, in tickets; how it came is in \
         ticket_events",
    ),
    (
        &["metrics", "ticket_metrics", "metric_sets"],
        "metrics are in tickets: --include metric_sets",
    ),
    (
        &["slas", "sla_policies"],
        "what was promised is in ticket_metric_events, and in tickets with --include slas",
    ),
    (&["agents", "end_users", "requesters", "identities"], "people of all kinds are in users"),
    (
        &["help_center", "guide", "translations", "sections"],
        "the Help Center's texts are in articles",
    ),
];

impl Resource {
    /// Finds a resource by the name that was typed; `ticket-events` is `ticket_events`. The error
    /// is a message with the nearest name, or all of them.
    pub(crate) fn named(typed: &str) -> Result<&'static Resource, String> {
        let name = typed.to_lowercase().replace('-', "_");
        let names = || RESOURCES.iter().map(|resource| resource.name);
        RESOURCES.iter().find(|resource| resource.name == name).ok_or_else(|| {
            let typed = typed.escape_debug();
            let place = ELSEWHERE.iter().find(|(known, _)| known.contains(&name.as_str()));
            if let Some((_, place)) = place {
                return format!("unknown resource \"{typed}\": {place}");
            }
            match closest(&name, names()) {
                Some(near) => format!("unknown resource \"{typed}\": did you mean \"{near}\"?"),
                None => {
                    let known = names().collect::<Vec<_>>().join(", ");
                    format!("unknown resource \"{typed}\": known are {known}")
                }
            }
        })
    }

    /// The endpoint for a pagination, or the preferred one.
    pub(crate) fn endpoint(&self, pagination: Option<Pagination>) -> Option<&'static Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| pagination.is_none_or(|asked| asked == endpoint.pagination))
    }

    /// What the server asks of those who read it, for people whom it refuses.
    pub(crate) fn needs(&self) -> String {
        format!(
            "{} can be read by {} (with OAuth, the scope \"read\")",
            self.name, self.readable_by
        )
    }

    pub(crate) fn takes(&self, parameter: Parameter) -> bool {
        self.takes.contains(&parameter)
    }

    pub(crate) fn sideload(&self, name: &str) -> Option<&'static Sideload> {
        self.sideloads.iter().find(|sideload| sideload.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_people_type_them() {
        for typed in ["ticket_events", "ticket-events", "Ticket-Events"] {
            assert_eq!(Resource::named(typed).unwrap().name, "ticket_events");
        }
        let error = Resource::named("tikets").unwrap_err();
        assert!(error.contains("did you mean \"tickets\"?"), "{error}");
        let error = Resource::named("zzzzzzzzz").unwrap_err();
        assert!(error.contains("organizations"), "{error}");
    }

    #[test]
    fn cursor_comes_first_where_there_is_one() {
        for resource in RESOURCES {
            let preferred = resource.endpoint(None).unwrap();
            let cursor = resource.endpoint(Some(Pagination::Cursor));
            assert!(cursor.is_none_or(|cursor| cursor.path == preferred.path));
        }
    }
}

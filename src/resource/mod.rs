//! The table of resources: what each is called, where it is served, and what it takes.
//!
//! A new resource is a new row (`incremental`), never a branch elsewhere. This file says what a row
//! is made of, and finds one by the name that was typed.

mod elsewhere;
mod incremental;

pub(crate) use incremental::RESOURCES;

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

impl Resource {
    /// Finds a resource by the name that was typed; `ticket-events` is `ticket_events`. The error
    /// is a message with the nearest name, or all of them.
    pub(crate) fn named(typed: &str) -> Result<&'static Resource, String> {
        let name = typed.to_lowercase().replace('-', "_");
        let names = || RESOURCES.iter().map(|resource| resource.name);
        RESOURCES.iter().find(|resource| resource.name == name).ok_or_else(|| {
            let typed = typed.escape_debug();
            if let Some(place) = elsewhere::place(&name) {
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

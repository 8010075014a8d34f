//! What a row of the table of resources is made of.
//!
//! Must not know which rows there are.

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
    Talk,
    Nps,
    Sample,
}

impl Bucket {
    /// Those that exports draw on.
    pub(crate) const ALL: [Bucket; 5] =
        [Bucket::Exports, Bucket::UsersCursor, Bucket::HelpCenter, Bucket::Talk, Bucket::Nps];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Bucket::Exports => "exports",
            Bucket::UsersCursor => "users_cursor",
            Bucket::HelpCenter => "help_center",
            Bucket::Talk => "talk",
            Bucket::Nps => "nps",
            Bucket::Sample => "sample",
        }
    }

    /// What its header is called, behind the prefix. Of most none is known: these are our own.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Bucket::Exports => "incremental-exports",
            Bucket::UsersCursor => "incremental-exports-cursor",
            Bucket::HelpCenter | Bucket::Talk | Bucket::Nps | Bucket::Sample => self.name(),
        }
    }

    /// What is documented of it, for people.
    pub(crate) fn quota(self) -> &'static str {
        match self {
            Bucket::Exports => "10 requests a minute (30 with High Volume)",
            Bucket::UsersCursor => "20 requests a minute (60 with High Volume)",
            Bucket::HelpCenter => "the Help Center's",
            Bucket::Talk => "10 requests a minute",
            Bucket::Nps => "the surveys' own",
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

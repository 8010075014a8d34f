//! Which requests share which quotas.
//!
//! Pure. Must not know how a quota is spent.

use crate::resource::{Bucket, Endpoint};
use std::borrow::Cow;

/// What the server calls a quota: the end of its header's name, `incremental-exports`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(Cow<'static, str>);

/// In the spelling of 2024 and in that of 2023.
const PREFIXES: [&str; 2] = ["zendesk-ratelimit-", "zendesk-rate-limit-"];

impl Name {
    /// The quota that a header in lower case tells of, if it is such a header.
    pub(crate) fn of_header(header: &str) -> Option<Name> {
        let name = PREFIXES.iter().find_map(|prefix| header.strip_prefix(prefix))?;
        Some(Name(Cow::Owned(name.to_owned())))
    }

    /// How many requests in any minute are within what is documented; of one that is not known,
    /// what is documented of the exports.
    pub(super) fn pace(&self) -> u64 {
        let known = Bucket::ALL.into_iter().find(|bucket| bucket.header() == self.0);
        known.unwrap_or(Bucket::Exports).pace()
    }
}

impl From<Bucket> for Name {
    fn from(bucket: Bucket) -> Name {
        Name(Cow::Borrowed(bucket.header()))
    }
}

/// Where requests go that count in the same quotas: an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    path: Cow<'static, str>,
    /// What the table of resources says of it.
    pub(super) bucket: Bucket,
}

/// What is documented to share the exports' quota: API notes §6.
const EXPORTS: &str = "/api/v2/incremental/";

impl Source {
    pub(crate) const fn of_path(path: &'static str, bucket: Bucket) -> Source {
        Source { path: Cow::Borrowed(path), bucket }
    }

    pub(crate) fn new(path: impl Into<Cow<'static, str>>, bucket: Bucket) -> Source {
        Source { path: path.into(), bucket }
    }

    pub(super) fn is_under_exports(&self) -> bool {
        self.path.starts_with(EXPORTS)
    }
}

impl From<&Endpoint> for Source {
    fn from(endpoint: &Endpoint) -> Source {
        Source::of_path(endpoint.path, endpoint.bucket)
    }
}

/// What a source's answers have told of where its requests count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Draws {
    /// No good answer yet.
    Untold,
    /// There were good answers, and none named a quota.
    Nameless,
    /// The quotas that the last answer with any has named.
    Named(Vec<Name>),
}

/// What a request is to a quota that it reserves a place in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Its answer will be the first of its source.
    Newcomer,
    /// The answers of its source name this quota.
    Teller,
    /// The answers of its source do not name it, but it may count all the same.
    Guest,
}

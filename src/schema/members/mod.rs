//! The tables of members, and which of them a stream's records have.
//!
//! A new stream is a row in one of the files here.

mod beside;
mod desk;
mod products;
mod setup;
mod support;

use super::shape::Shape;

/// All tables.
pub(super) fn all() -> impl Iterator<Item = &'static Shape> {
    [support::SHAPES, desk::SHAPES, setup::SHAPES, products::SHAPES, beside::SHAPES]
        .into_iter()
        .flatten()
}

/// Streams of which the records are those of another one, whole or, as sideloads are, in part (API
/// notes §3). A sideload that is not here and has no table of its own is no stream of records:
/// `users.open_ticket_count` is one object a page, with ids for names.
pub(super) const SAME: &[(&str, &str)] = &[
    ("deleted_users", "users"),
    ("tickets.users", "users"),
    ("tickets.groups", "groups"),
    ("tickets.organizations", "organizations"),
    ("tickets.brands", "brands"),
    ("tickets.ticket_forms", "ticket_forms"),
    ("tickets.custom_statuses", "custom_statuses"),
    ("tickets.metric_sets", "ticket_metrics"),
    ("users.organizations", "organizations"),
    ("users.roles", "custom_roles"),
    ("users.groups", "groups"),
    ("articles.users", "users"),
    ("articles.sections", "sections"),
    ("articles.categories", "categories"),
];

//! The members of what comes beside the records of another stream and has no stream of its own.
//!
//! Pure data: one row a member, in the order in which they come.

use super::super::shape::{Kind::*, Shape, Source::*, member};

pub(super) static SHAPES: &[Shape] = &[
    Shape {
        name: "users.identities",
        key: &["id"],
        change: Some("updated_at"),
        members: &[
            member("id", Int, Reference),
            member("user_id", Int, Reference),
            member("type", Text, Reference),
            member("value", Text, Reference),
            member("verified", Bool, Reference),
            member("primary", Bool, Reference),
            member("created_at", Time, Reference),
            member("updated_at", Time, Reference),
            member("deliverable_state", Text, Reference),
        ],
    },
    Shape {
        name: "users.abilities",
        key: &["user_id"],
        change: None,
        members: &[
            member("user_id", Int, Reference),
            member("can_edit", Bool, Reference),
            member("can_delete", Bool, Reference),
        ],
    },
    Shape {
        name: "organizations.abilities",
        key: &["organization_id"],
        change: None,
        members: &[
            member("organization_id", Int, Reference),
            member("can_edit", Bool, Reference),
            member("can_delete", Bool, Reference),
        ],
    },
    Shape {
        name: "tickets.sharing_agreements",
        key: &["id"],
        change: Some("updated_at"),
        members: &[
            member("url", Text, Reference),
            member("id", Int, Reference),
            member("name", Text, Reference),
            member("type", Text, Reference),
            member("partner_name", Text, Reference),
            member("remote_subdomain", Text, Reference),
            member("status", Text, Reference),
            member("created_at", Time, Reference),
            member("updated_at", Time, Reference),
        ],
    },
];

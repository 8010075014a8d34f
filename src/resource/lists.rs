//! The lists: resources without an incremental form, of which every run takes all that there is. A
//! row for each.
//!
//! Paths and record keys are those of API notes §4.6; Help Center paths are refused without `.json`
//! by some servers. Must not know what is done with a row.

use super::incremental::PLAIN;
use super::row::{Bucket, Endpoint, Form, Pagination, Parameter, Resource};
use std::time::Duration;

/// The name of all of them together.
pub(crate) const ALL_LISTS: &str = "lists";

/// A list of Support's, of which the records stand under its name.
const fn list(name: &'static str, endpoints: &'static [Endpoint]) -> Resource {
    Resource {
        name,
        record_key: name,
        change_time: "",
        endpoints,
        takes: &[Parameter::PerPage],
        overlap: Duration::ZERO,
        fence: Duration::ZERO,
        readable_by: "agents",
        ..PLAIN
    }
}

/// One that agents cannot read whose role is no admin's.
const fn of_admins(name: &'static str, endpoints: &'static [Endpoint]) -> Resource {
    Resource { readable_by: "admins", ..list(name, endpoints) }
}

const fn at(path: &'static str) -> Endpoint {
    Endpoint { pagination: Pagination::List, form: Form::List, path, bucket: Bucket::Account }
}

const fn of_help_center(path: &'static str) -> Endpoint {
    Endpoint { bucket: Bucket::HelpCenter, ..at(path) }
}

/// Who reads a list that only some plans have.
const ENTERPRISE: &str = "agents (Enterprise plans)";

pub(crate) static LISTS: &[Resource] = &[
    Resource {
        takes: &[Parameter::PerPage, Parameter::ExcludeDeleted],
        ..list("groups", &[at("/api/v2/groups.json")])
    },
    list("group_memberships", &[at("/api/v2/group_memberships.json")]),
    list("organization_memberships", &[at("/api/v2/organization_memberships.json")]),
    list("brands", &[at("/api/v2/brands.json")]),
    list("ticket_fields", &[at("/api/v2/ticket_fields.json")]),
    list("ticket_forms", &[at("/api/v2/ticket_forms.json")]),
    list("user_fields", &[at("/api/v2/user_fields.json")]),
    list("organization_fields", &[at("/api/v2/organization_fields.json")]),
    list("custom_statuses", &[at("/api/v2/custom_statuses.json")]),
    Resource {
        readable_by: ENTERPRISE,
        ..list("custom_roles", &[at("/api/v2/custom_roles.json")])
    },
    list("custom_objects", &[at("/api/v2/custom_objects.json")]),
    list("macros", &[at("/api/v2/macros.json")]),
    of_admins("triggers", &[at("/api/v2/triggers.json")]),
    of_admins("automations", &[at("/api/v2/automations.json")]),
    list("views", &[at("/api/v2/views.json")]),
    list("tags", &[at("/api/v2/tags.json")]),
    Resource {
        readable_by: "admins (Professional plans and above)",
        ..list("sla_policies", &[at("/api/v2/slas/policies.json")])
    },
    Resource {
        readable_by: "agents (Professional plans and above)",
        ..list("schedules", &[at("/api/v2/business_hours/schedules.json")])
    },
    Resource {
        readable_by: "Help Center agents",
        ..list("categories", &[of_help_center("/api/v2/help_center/categories.json")])
    },
    Resource {
        readable_by: "Help Center agents",
        ..list("sections", &[of_help_center("/api/v2/help_center/sections.json")])
    },
    of_admins(
        "deleted_tickets",
        &[Endpoint { bucket: Bucket::DeletedTickets, ..at("/api/v2/deleted_tickets.json") }],
    ),
    of_admins("deleted_users", &[at("/api/v2/deleted_users.json")]),
];

/// The member by which a row of a list is told from the others.
pub(crate) fn key_of(list: &Resource) -> &'static str {
    match list.name {
        "tags" => "name",
        "custom_objects" => "key",
        _ => "id",
    }
}

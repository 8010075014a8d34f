//! The table of resources: what each is called, where it is served, and what it takes.
//!
//! A new resource is a new row (`incremental`, `objects`, `lists`), never a branch elsewhere. What a
//! row is made of is said by `row`; this file finds one by the name that was typed.

mod elsewhere;
mod incremental;
mod lists;
mod objects;
mod row;

pub(crate) use incremental::RESOURCES;
pub(crate) use lists::{ALL_LISTS, LISTS, key_of};
pub(crate) use objects::{CUSTOM_OBJECT, key_in};
pub(crate) use row::{
    Bucket, Endpoint, Form, Pagination, Parameter, Place, Resource, Sideload, Size, StartId,
};

use crate::failure::closest;

/// The rows with an incremental form, those of custom objects as one.
pub(crate) fn streams() -> impl Iterator<Item = &'static Resource> + Clone {
    RESOURCES.iter().chain([&CUSTOM_OBJECT])
}

/// All rows, those of custom objects as one.
pub(crate) fn rows() -> impl Iterator<Item = &'static Resource> + Clone {
    streams().chain(LISTS)
}

/// Those that are typed as they are called.
pub(crate) fn every() -> impl Iterator<Item = &'static Resource> + Clone {
    RESOURCES.iter().chain(LISTS)
}

impl Resource {
    /// Finds a resource by the name that was typed; `ticket-events` is `ticket_events`. The error
    /// is a message with the nearest name, or all of them.
    pub(crate) fn named(typed: &str) -> Result<&'static Resource, String> {
        if let Some(row) = objects::named(typed) {
            return row;
        }
        let name = typed.to_lowercase().replace('-', "_");
        let names = || every().map(|resource| resource.name);
        every().find(|resource| resource.name == name).ok_or_else(|| {
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
        for resource in every() {
            let preferred = resource.endpoint(None).unwrap();
            let cursor = resource.saving(Pagination::Cursor);
            assert!(cursor.is_none_or(|cursor| cursor.path == preferred.path));
        }
    }
}

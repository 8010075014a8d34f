//! Custom objects: a row for each key, made when the key is first named.
//!
//! Must not know which keys an account has.

use super::incremental::PLAIN;
use super::row::{Bucket, Endpoint, Form, Pagination, Parameter, Resource};
use crate::mutex::lock;
use std::{collections::BTreeMap, sync::Mutex};

/// What stands before the key, where one types, in the state and in messages.
const BEFORE: &str = "custom_objects";

/// What the rows of all keys have in common; its own names the key as `KEY`.
pub(crate) static CUSTOM_OBJECT: Resource = Resource {
    name: "custom_objects:KEY",
    record_key: "custom_object_records",
    endpoints: &[Endpoint {
        pagination: Pagination::Cursor,
        form: Form::Cursor,
        path: "/api/v2/incremental/custom_objects/KEY/cursor",
        bucket: Bucket::CustomObjects,
    }],
    takes: &[Parameter::PerPage, Parameter::ExcludeDeleted],
    spellings: &[(Parameter::ExcludeDeleted, "filter[exclude_deleted]")],
    readable_by: "its readers",
    ..PLAIN
};

/// A key stands in paths and in names of files.
const LONGEST: usize = 100;

static ROWS: Mutex<BTreeMap<String, &'static Resource>> = Mutex::new(BTreeMap::new());

/// The row of an object, if a name of this kind was typed; `custom-objects:KEY` is it, too. The error
/// is a message.
pub(super) fn named(typed: &str) -> Option<Result<&'static Resource, String>> {
    let (before, key) = typed.split_once(':')?;
    (before.to_lowercase().replace('-', "_") == BEFORE).then(|| of_key(key))
}

/// The row of the object with this key.
fn of_key(key: &str) -> Result<&'static Resource, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !(1..=LONGEST).contains(&key.len()) || !key.bytes().all(plain) {
        let shown: String = key.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        return Err(format!(
            "\"{shown}\" is no key of a custom object: letters, digits, _ and - make one"
        ));
    }
    Ok(lock(&ROWS).entry(key.to_owned()).or_insert_with(|| row(key)))
}

/// A row that lasts as long as the process: there are as many as keys were named.
fn row(key: &str) -> &'static Resource {
    let of_all = |endpoint: &Endpoint| Endpoint {
        path: endpoint.path.replace("KEY", key).leak(),
        ..endpoint.clone()
    };
    let endpoints: Vec<Endpoint> = CUSTOM_OBJECT.endpoints.iter().map(of_all).collect();
    Box::leak(Box::new(Resource {
        name: format!("{BEFORE}:{key}").leak(),
        endpoints: endpoints.leak(),
        ..CUSTOM_OBJECT.clone()
    }))
}

/// The key that a name in a state is of, if it is one of these.
pub(crate) fn key_in(name: &str) -> Option<&str> {
    name.strip_prefix(BEFORE)?.strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_row() {
        let row = named("custom_objects:appliance").unwrap().unwrap();
        assert!(std::ptr::eq(row, named("Custom-Objects:appliance").unwrap().unwrap()));
        assert_eq!(row.name, "custom_objects:appliance");
        assert_eq!(row.endpoints[0].path, "/api/v2/incremental/custom_objects/appliance/cursor");
        assert_eq!(key_in(row.name), Some("appliance"));
        assert!(named("tickets:x").is_none() && key_in("tickets").is_none());
    }

    #[test]
    fn a_key_that_no_path_could_carry_is_none() {
        let long = "x".repeat(101);
        for key in ["", "a/b", "..", "a b", "a?b", "a%2f", "\u{e9}", "a\n", &long] {
            let error = named(&format!("custom_objects:{key}")).unwrap().unwrap_err();
            assert!(error.contains("is no key of a custom object"), "{error}");
            assert!(error.len() < 250 && !error.contains('\n'), "{error}");
        }
    }
}

//! A stream of records by the name that was typed.

use super::{members, shape::Shape};
use crate::{failure::closest, output, resource::Resource, shown::shown};

/// Streams of which one name stands for many: `custom_objects:appliance`.
const CUSTOM_OBJECTS: &str = "custom_objects:";

/// What is known of the records of a stream: a resource, `custom_objects:KEY`, or what comes beside
/// a resource, as in `tickets.users`.
pub(crate) fn of(name: &str) -> Option<&'static Shape> {
    let name = match name.strip_prefix(CUSTOM_OBJECTS) {
        Some(key) if is_key(key) => CUSTOM_OBJECTS,
        Some(_) => return None,
        None => members::SAME.iter().find(|(own, _)| *own == name).map_or(name, |(_, of)| of),
    };
    members::all().find(|shape| shape.name == name)
}

/// The key of a custom object, as the table of resources takes it.
fn is_key(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=100).contains(&text.len()) && text.bytes().all(plain)
}

/// Records that have files and a table of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    name: String,
}

impl Stream {
    /// The stream of this name, in one of the forms that people type; else what is wrong with it.
    pub(crate) fn named(typed: &str) -> Result<Stream, String> {
        let name = typed.to_lowercase().replace('-', "_");
        // `custom_objects-KEY` is how it stands in the names of files. Keys are not ours to change.
        let name =
            match name.strip_prefix("custom_objects").and(typed.get("custom_objects".len()..)) {
                Some(key) if key.starts_with([':', '-', '_']) => {
                    format!("{CUSTOM_OBJECTS}{}", key.get(1..).unwrap_or_default())
                }
                Some(_) | None => name,
            };
        if of(&name).is_some() && name != CUSTOM_OBJECTS {
            return Ok(Stream { name });
        }
        let typed = shown(typed);
        if name == "all" {
            return Err("name the resources: \"all\" says nothing of what is there".to_owned());
        }
        if let Some((resource, sideload)) = name.split_once('.') {
            let beside = Resource::named(resource)?.sideload(sideload).is_some();
            return Err(match beside {
                true => {
                    format!("\"{typed}\" has no schema: {sideload} are no records of their own")
                }
                false => format!("{resource} has no sideload \"{}\"", shown(sideload)),
            });
        }
        let known =
            members::all().map(|shape| shape.name).filter(|name| !name.contains(['.', ':']));
        match closest(&name, known) {
            Some(near) => Err(format!("unknown resource \"{typed}\": did you mean \"{near}\"?")),
            None => {
                Resource::named(&name).map(|resource| Stream { name: resource.name.to_owned() })
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What is known of its records.
    pub(crate) fn shape(&self) -> &'static Shape {
        of(&self.name).expect("a stream is made of a name that has a shape")
    }

    /// The resource, as it stands in the names of files; and what comes beside it, if that is meant.
    pub(super) fn file_name(&self) -> (String, Option<&str>) {
        let (resource, sideload) = match self.name.split_once('.') {
            Some((resource, sideload)) => (resource, Some(sideload)),
            None => (self.name.as_str(), None),
        };
        (output::file_name(resource), sideload)
    }

    /// As a name that every engine takes.
    pub(crate) fn identifier(&self) -> String {
        self.name.replace([':', '.', '-'], "_")
    }
}

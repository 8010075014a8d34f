//! The settings that are numbers, durations and sizes: time-outs, and what stands in for flags that
//! were not given.

use super::{
    config::{Profile, at_home},
    given::Environment,
};
use crate::{
    api::Limits,
    disk::FileMode,
    failure::{Exit, Failure},
    resource::{ALL_LISTS, Pagination, Parameter, Resource, Sideload, every},
    time::{self, NoDuration},
};
use std::{collections::BTreeMap, time::Duration};

/// What stands in for flags that were not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) start: Option<Configured>,
    pub(crate) output: Option<String>,
    /// What `export all` means.
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) per_page: Option<u16>,
    pub(crate) retry_for: Option<Duration>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) rate: Option<u32>,
    pub(crate) reserve: Option<u8>,
    /// Of outputs that are made.
    pub(crate) file_mode: Option<FileMode>,
    /// Of those that have settings of their own.
    pub(crate) of_resources: BTreeMap<&'static str, OfResource>,
}

/// What is configured for one resource.
#[derive(Clone, Debug)]
pub(crate) struct OfResource {
    pub(crate) include: Vec<&'static Sideload>,
    pub(crate) exclude_deleted: bool,
    /// As the server calls it.
    pub(crate) support_type_scope: Option<&'static str>,
    pub(crate) per_page: Option<u16>,
    /// With where it stands.
    pub(crate) pagination: Option<(Pagination, String)>,
    pub(crate) start: Option<Configured>,
    pub(crate) overlap: Option<Duration>,
}

impl OfResource {
    const NONE: &OfResource = &OfResource {
        include: Vec::new(),
        exclude_deleted: false,
        support_type_scope: None,
        per_page: None,
        pagination: None,
        start: None,
        overlap: None,
    };
}

impl Defaults {
    pub(crate) fn of(&self, resource: &Resource) -> &OfResource {
        self.of_resources.get(resource.name).unwrap_or(OfResource::NONE)
    }
}

/// A value of the config file that others read, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    pub(crate) text: String,
    /// As in `config.toml, line 3: start`.
    pub(crate) place: String,
}

const CONNECT: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(120);
const BODY_IDLE: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(300);
const PAGE_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn limits(env: &Environment, profile: &Profile) -> Result<Limits, Failure> {
    let timeout = |key: &str, default| {
        let variable = format!("ZDX_{}", key.to_uppercase());
        let (text, origin, exit) = match (env.get(&variable), profile.text(key)) {
            (Some(text), _) => (text, variable, Exit::Usage),
            (None, Some(text)) => (text.to_owned(), profile.place(key), Exit::Config),
            (None, None) => return Ok(default),
        };
        match duration(&text) {
            Ok(duration) if !duration.is_zero() => Ok(duration),
            Ok(_) => Err(Failure::new(exit, format!("{origin} is zero"))),
            Err(error) => Err(Failure::new(exit, format!("{origin} is not a duration: {error}"))),
        }
    };
    Ok(Limits {
        connect: timeout("connect_timeout", CONNECT)?,
        headers: timeout("headers_timeout", HEADERS)?,
        body_idle: timeout("body_idle_timeout", BODY_IDLE)?,
        request: timeout("request_timeout", REQUEST)?,
        page_bytes: profile.parsed("max_page_bytes", size)?.unwrap_or(PAGE_BYTES),
    })
}

fn within(profile: &Profile, key: &str, low: u32, high: u32) -> Result<Option<u32>, Failure> {
    let number = |text: &str| text.parse::<u32>().map_err(|_not_one| "use a number".to_owned());
    match profile.parsed(key, number)? {
        Some(value) if !(low..=high).contains(&value) => {
            Err(profile.unusable(key, format!("is not within {low} to {high}")))
        }
        value => Ok(value),
    }
}

fn page_size(profile: &Profile, key: &str) -> Result<Option<u16>, Failure> {
    Ok(within(profile, key, 1, 1000)?.and_then(|size| u16::try_from(size).ok()))
}

fn start(profile: &Profile, key: &str) -> Option<Configured> {
    let text = profile.text(key)?.to_owned();
    Some(Configured { text, place: profile.place(key) })
}

/// The whole name of a setting of one resource.
pub(super) fn key_of(resource: &Resource, key: &str) -> String {
    format!("{}.{key}", resource.name)
}

/// What a resource does not take cannot be configured for it.
fn of_resource(profile: &Profile, resource: &Resource) -> Result<OfResource, Failure> {
    let key = |key: &str| key_of(resource, key);
    for (name, parameter) in [
        ("per_page", Parameter::PerPage),
        ("exclude_deleted", Parameter::ExcludeDeleted),
        ("support_type_scope", Parameter::SupportTypeScope),
    ] {
        if profile.text(&key(name)).is_some() && !resource.takes(parameter) {
            return Err(profile.unusable(&key(name), "is nothing that it takes"));
        }
    }
    let list = key("include");
    let include = profile.list(&list).unwrap_or_default().iter().map(|name| {
        resource.sideload(name).ok_or_else(|| {
            let all: Vec<&str> = resource.sideloads.iter().map(|known| known.name).collect();
            let shown = name.escape_debug();
            profile.unusable(&list, format!("has no \"{shown}\": there are {}", all.join(", ")))
        })
    });
    let scope = |text: &str| {
        let known = SCOPES.into_iter().find(|known| *known == text);
        known.ok_or_else(|| format!("it is one of {}", SCOPES.join(", ")))
    };
    let pagination = |text: &str| {
        let all = resource.endpoints.iter().map(|endpoint| endpoint.pagination);
        let names: Vec<&str> = all.clone().map(Pagination::name).collect();
        let known = all.clone().find(|how| how.name() == text);
        known.ok_or_else(|| format!("it pages by {}", names.join(" or ")))
    };
    let how = key("pagination");
    Ok(OfResource {
        include: include.collect::<Result<_, _>>()?,
        exclude_deleted: profile.text(&key("exclude_deleted")) == Some("true"),
        support_type_scope: profile.parsed(&key("support_type_scope"), scope)?,
        per_page: page_size(profile, &key("per_page"))?,
        pagination: profile.parsed(&how, pagination)?.map(|found| (found, profile.place(&how))),
        start: start(profile, &key("start")),
        overlap: profile.parsed(&key("overlap"), duration)?,
    })
}

/// Whose tickets there are, as the server calls them: API notes §4.1.
const SCOPES: [&str; 3] = ["agent", "ai_agent", "all"];

pub(super) fn defaults(profile: &Profile) -> Result<Defaults, Failure> {
    for name in profile.list("resources").unwrap_or_default() {
        if name == ALL_LISTS {
            continue;
        }
        Resource::named(name)
            .map_err(|error| profile.unusable("resources", format!("is not valid: {error}")))?;
    }
    Ok(Defaults {
        start: start(profile, "start"),
        // What a shell would do for `-o` has nobody done here.
        output: profile.text("output").map(|text| at_home(text).to_string_lossy().into_owned()),
        resources: profile.list("resources").map(<[String]>::to_vec),
        per_page: page_size(profile, "per_page")?,
        retry_for: profile.parsed("retry_for", duration)?,
        max_wait: profile.parsed("max_wait", duration)?,
        rate: within(profile, "rate", 1, u32::MAX)?,
        reserve: within(profile, "reserve", 0, 99)?.and_then(|percent| u8::try_from(percent).ok()),
        file_mode: profile.parsed("file_mode", FileMode::parse)?,
        of_resources: every()
            .chain(profile.objects())
            .map(|resource| Ok((resource.name, of_resource(profile, resource)?)))
            .collect::<Result<_, Failure>>()?,
    })
}

/// Reads `45s`, `15m`, `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    time::duration(text).map_err(|unusable| match unusable {
        NoDuration::Unreadable => "use a number with its unit, as in 45s, 15m or 2h".to_owned(),
        NoDuration::TooLong => "it is longer than a century".to_owned(),
    })
}

/// Reads `256MiB`, `10M`, `500k` or plain bytes; units are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("use bytes or a unit, as in 500k, 256MiB or 1G".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_unreadable| "not a size".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("1", 1), ("500k", 512_000), ("256MiB", 268_435_456), ("1G", 1 << 30)]
        {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "0", "x", "1T", "-1", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}

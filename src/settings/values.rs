//! The settings that are numbers, durations and sizes: time-outs, and what stands in for flags that
//! were not given.

use super::{
    config::{Profile, at_home},
    given::Environment,
};
use crate::{
    api::Limits,
    failure::{Exit, Failure},
    resource::Resource,
    time::{self, NoDuration},
};
use std::time::Duration;

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

pub(super) fn defaults(profile: &Profile) -> Result<Defaults, Failure> {
    let number = |text: &str| text.parse::<u32>().map_err(|_not_one| "use a number".to_owned());
    let within = |key, low: u32, high: u32| match profile.parsed(key, number)? {
        Some(value) if !(low..=high).contains(&value) => {
            Err(profile.unusable(key, format!("is not within {low} to {high}")))
        }
        value => Ok(value),
    };
    for name in profile.list("resources").unwrap_or_default() {
        Resource::named(name)
            .map_err(|error| profile.unusable("resources", format!("is not valid: {error}")))?;
    }
    Ok(Defaults {
        start: profile
            .text("start")
            .map(|text| Configured { text: text.to_owned(), place: profile.place("start") }),
        // What a shell would do for `-o` has nobody done here.
        output: profile.text("output").map(|text| at_home(text).to_string_lossy().into_owned()),
        resources: profile.list("resources").map(<[String]>::to_vec),
        per_page: within("per_page", 1, 1000)?.and_then(|size| u16::try_from(size).ok()),
        retry_for: profile.parsed("retry_for", duration)?,
        max_wait: profile.parsed("max_wait", duration)?,
        rate: within("rate", 1, u32::MAX)?,
        reserve: within("reserve", 0, 99)?.and_then(|percent| u8::try_from(percent).ok()),
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

//! Settings: flags over environment over profile over defaults, resolved once.
//!
//! The one reader of the environment. Must not know commands or what settings are for.

mod address;
mod config;
mod credentials;

use crate::{
    api::{BaseUrl, Limits, auth::Credentials},
    failure::{Exit, Failure},
    shown::quoted,
};
use config::{Config, Profile};
use std::{path::PathBuf, time::Duration};

/// What was typed, of the flags that name an account and its files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) profile: Option<String>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) subdomain: Option<String>,
    pub(crate) base_url: Option<String>,
}

impl Flags {
    /// The flags as they were typed, each behind a space, to stand at the end of another command
    /// for the same account and files.
    pub(crate) fn retyped(&self) -> String {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        [
            ("--profile", self.profile.clone()),
            ("--config", path(&self.config)),
            ("--state", path(&self.state)),
            ("--subdomain", self.subdomain.clone()),
            ("--base-url", self.base_url.clone()),
        ]
        .into_iter()
        .filter_map(|(flag, value)| Some(format!(" {flag} {}", quoted(&value?))))
        .collect()
    }
}

/// Everything that a command may need of the outside, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The subdomain, or the host of a base URL.
    pub(crate) account: String,
    pub(crate) base: BaseUrl,
    pub(crate) credentials: Credentials,
    pub(crate) state: PathBuf,
    /// Whether the state file was named, by flag, environment or profile.
    pub(crate) state_given: bool,
    pub(crate) limits: Limits,
    pub(crate) defaults: Defaults,
}

/// What stands in for flags that were not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) start: Option<String>,
    pub(crate) output: Option<String>,
    /// What `export all` means.
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) per_page: Option<u16>,
    pub(crate) retry_for: Option<Duration>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) rate: Option<u32>,
    pub(crate) reserve: Option<u8>,
}

/// The environment, as a value, so that tests can hand in one of their own.
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

impl Environment {
    pub(crate) fn real() -> Environment {
        Environment(Box::new(|name| std::env::var_os(name)?.into_string().ok()))
    }

    /// An empty variable counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

const CONNECT: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(120);
const BODY_IDLE: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(300);
const PAGE_BYTES: u64 = 256 * 1024 * 1024;

/// Which account is meant and where its files are, before any credential is looked at.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) base: BaseUrl,
    pub(crate) state: PathBuf,
    pub(crate) state_given: bool,
    profile: Profile,
    /// Whether the profile was named, so that it beats the environment.
    explicit: bool,
    /// For `config show`: what decided, in words.
    pub(crate) origins: Vec<Effective>,
}

/// A setting as it is in effect, and where it comes from.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) origin: String,
}

/// Resolves the settings of a real account.
pub(crate) fn resolve(flags: &Flags, env: &Environment) -> Result<Settings, Failure> {
    let place = place(flags, env)?;
    let (credentials, _) = credentials::find(env, &place.profile, place.explicit)?;
    Ok(Settings {
        limits: limits(env, &place.profile)?,
        defaults: defaults(&place.profile)?,
        account: place.account,
        base: place.base,
        credentials,
        state: place.state,
        state_given: place.state_given,
    })
}

/// Resolves which account is meant and where its files are.
pub(crate) fn place(flags: &Flags, env: &Environment) -> Result<Place, Failure> {
    let config = read_config(flags, env)?;
    let named = flags.profile.clone().or_else(|| env.get("ZDX_PROFILE"));
    let explicit = named.is_some();
    let profile = config.profile(named.as_deref())?;
    let subdomain = address::subdomain(flags, env, &profile, explicit)?;
    let profile = address::of_account(profile, subdomain.as_deref(), explicit, &config)?;
    let base_url = flags.base_url.clone().or_else(|| env.get("ZDX_BASE_URL"));
    let (account, base) = match (&base_url, &subdomain) {
        (Some(url), _) => {
            let base = address::base(url)?;
            (subdomain.clone().unwrap_or_else(|| base.host.clone()), base)
        }
        (None, Some(subdomain)) => {
            let host = format!("{subdomain}.zendesk.com");
            let origin = format!("https://{host}");
            (subdomain.clone(), BaseUrl { origin, host, loopback: false })
        }
        (None, None) => {
            return Err(Failure::usage("no account: which subdomain of zendesk.com?")
                .hint("set ZENDESK_SUBDOMAIN, or pass --subdomain or --profile")
                .hint("or without an account: zdx export tickets --since 30d --sandbox"));
        }
    };
    let given = first([
        (flags.state.clone(), "--state"),
        (env.get("ZDX_STATE").map(PathBuf::from), "ZDX_STATE"),
        (profile.text("state").map(PathBuf::from), "the config file"),
    ]);
    let state_given = given.is_some();
    let (state, state_origin) = match given {
        Some(given) => given,
        None => (default_state(&account)?, "the default"),
    };
    let (_, account_origin) = first([
        (flags.subdomain.clone(), "--subdomain"),
        (profile.text("subdomain").filter(|_| explicit).map(str::to_owned), "the config file"),
        (env.get("ZENDESK_SUBDOMAIN"), "ZENDESK_SUBDOMAIN"),
        (profile.text("subdomain").map(str::to_owned), "the config file"),
        (Some(String::new()), "the base URL"),
    ])
    .unwrap_or_default();
    let (_, base_origin) = first([
        (flags.base_url.clone(), "--base-url"),
        (env.get("ZDX_BASE_URL"), "ZDX_BASE_URL"),
        (Some(String::new()), "the subdomain"),
    ])
    .unwrap_or_default();
    let effective =
        |name, value: String, origin: &str| Effective { name, value, origin: origin.to_owned() };
    let origins = vec![
        effective("account", account.clone(), account_origin),
        effective("base_url", base.origin.clone(), base_origin),
        effective("state", state.display().to_string(), state_origin),
    ];
    Ok(Place { account, base, state, state_given, profile, explicit, origins })
}

fn first<T, const N: usize>(
    candidates: [(Option<T>, &'static str); N],
) -> Option<(T, &'static str)> {
    candidates.into_iter().find_map(|(value, origin)| Some((value?, origin)))
}

/// Every setting that is in effect, secrets redacted.
pub(crate) fn effective(flags: &Flags, env: &Environment) -> Result<Vec<Effective>, Failure> {
    let place = place(flags, env)?;
    let (kind, kept_in) = match credentials::find(env, &place.profile, place.explicit) {
        Ok((credentials, origin)) => (format!("{} (redacted)", credentials.kind()), origin),
        Err(failure) => (failure.to_string(), "the environment and the config file"),
    };
    let limits = limits(env, &place.profile)?;
    let words = |duration| humantime::format_duration(duration).to_string();
    let timeouts = [
        ("connect_timeout", words(limits.connect)),
        ("headers_timeout", words(limits.headers)),
        ("body_idle_timeout", words(limits.body_idle)),
        ("request_timeout", words(limits.request)),
    ];
    let profile = &place.profile;
    let of_timeout = |name: &str| {
        let variable = format!("ZDX_{}", name.to_uppercase());
        match (env.get(&variable), profile.has(name)) {
            (Some(_), _) => variable,
            (None, true) => "the config file".to_owned(),
            (None, false) => "the default".to_owned(),
        }
    };
    let of_profile = || "the config file".to_owned();
    let mut all = place.origins;
    all.push(Effective { name: "credentials", value: kind, origin: kept_in.to_owned() });
    for (name, value) in timeouts {
        all.push(Effective { name, value, origin: of_timeout(name) });
    }
    for name in [
        "start",
        "output",
        "per_page",
        "rate",
        "reserve",
        "retry_for",
        "max_wait",
        "max_page_bytes",
    ] {
        if let Some(value) = profile.text(name) {
            all.push(Effective { name, value: value.to_owned(), origin: of_profile() });
        }
    }
    if let Some(resources) = profile.list("resources") {
        all.push(Effective {
            name: "resources",
            value: resources.join(", "),
            origin: of_profile(),
        });
    }
    Ok(all)
}

/// The config file that is read: the one that was named, or the default one, which need not exist.
pub(crate) fn config_path(flags: &Flags, env: &Environment) -> Result<PathBuf, Failure> {
    let named = flags.config.clone().or_else(|| env.get("ZDX_CONFIG").map(PathBuf::from));
    named.or_else(default_config).ok_or_else(|| {
        Failure::new(Exit::Config, "no home directory to keep the config file in")
            .hint("name a file with --config")
    })
}

/// The names of the config file's profiles, for completing: none if the file cannot be read.
pub(crate) fn profiles(flags: &Flags, env: &Environment) -> Vec<String> {
    read_config(flags, env).map(|config| config.profile_names()).unwrap_or_default()
}

/// The settings of a run against the sandbox: no account and no config file take part.
pub(crate) fn sandbox(
    flags: &Flags,
    env: &Environment,
    account: &str,
    base_url: &str,
    credentials: Credentials,
) -> Result<Settings, Failure> {
    for (given, name) in [
        (flags.profile.is_some(), "--profile"),
        (flags.subdomain.is_some(), "--subdomain"),
        (flags.base_url.is_some(), "--base-url"),
        (flags.config.is_some(), "--config"),
    ] {
        if given {
            return Err(Failure::usage(format!(
                "--sandbox is an account of its own: leave out {name}"
            )));
        }
    }
    let profile = Profile::default();
    Ok(Settings {
        account: account.to_owned(),
        base: address::base(base_url)?,
        credentials,
        state: flags.state.clone().unwrap_or_default(),
        state_given: flags.state.is_some(),
        limits: limits(env, &profile)?,
        defaults: Defaults::default(),
    })
}

fn read_config(flags: &Flags, env: &Environment) -> Result<Config, Failure> {
    let given = flags.config.clone().or_else(|| env.get("ZDX_CONFIG").map(PathBuf::from));
    match (given, default_config()) {
        (Some(path), _) => Config::read(&path),
        (None, Some(path)) if path.exists() => Config::read(&path),
        (None, _) => Ok(Config::default()),
    }
}

fn default_config() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "zdx")?;
    Some(dirs.config_dir().join("config.toml"))
}

/// `$XDG_STATE_HOME/zdx/<account>.json`; its directory is created, for its owner alone.
fn default_state(account: &str) -> Result<PathBuf, Failure> {
    let Some(dirs) = directories::ProjectDirs::from("", "", "zdx") else {
        return Err(Failure::new(Exit::Config, "no home directory to keep the state in")
            .hint("name a file with --state"));
    };
    let dir = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
    Ok(dir.join(format!("{account}.json")))
}

fn limits(env: &Environment, profile: &Profile) -> Result<Limits, Failure> {
    let timeout = |key: &str, default| {
        let variable = format!("ZDX_{}", key.to_uppercase());
        let (text, origin, exit) = match (env.get(&variable), profile.text(key)) {
            (Some(text), _) => (text, variable, Exit::Usage),
            (None, Some(text)) => {
                (text.to_owned(), format!("{key} in the config file"), Exit::Config)
            }
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

fn defaults(profile: &Profile) -> Result<Defaults, Failure> {
    let number = |text: &str| text.parse::<u32>().map_err(|_not_one| "use a number".to_owned());
    let within = |key, low: u32, high: u32| match profile.parsed(key, number)? {
        Some(value) if !(low..=high).contains(&value) => Err(Failure::new(
            Exit::Config,
            format!("{key} in the config file is not within {low} to {high}"),
        )),
        value => Ok(value),
    };
    Ok(Defaults {
        start: profile.text("start").map(str::to_owned),
        output: profile.text("output").map(str::to_owned),
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
    humantime::parse_duration(text)
        .map_err(|_unreadable| "use a number with its unit, as in 45s, 15m or 2h".to_owned())
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
mod testing {
    //! What the tests of the settings hand in.

    use super::{
        Environment,
        config::{Config, Profile},
    };

    pub(super) fn env(pairs: &'static [(&'static str, &'static str)]) -> Environment {
        Environment(Box::new(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        }))
    }

    pub(super) fn profile(text: &str) -> Profile {
        Config::parse(text).unwrap().profile(Some("p")).unwrap()
    }
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

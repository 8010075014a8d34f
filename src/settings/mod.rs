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
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

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
}

/// A setting as it is in effect, and where it comes from.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) name: &'static str,
    /// `None` where it is not set; the origin may then say why.
    pub(crate) value: Option<String>,
    pub(crate) origin: Option<String>,
}

/// Resolves the settings of a real account.
pub(crate) fn resolve(flags: &Flags, env: &Environment) -> Result<Settings, Failure> {
    let place = place(flags, env)?;
    let credentials = credentials::find(env, &place.profile, place.explicit)?;
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

/// The profile that is taken, and the account that it or something stronger names.
struct Chosen {
    profile: Profile,
    /// What chose the profile, if one is taken.
    by: Option<String>,
    /// Whether the profile was named, so that it beats the environment.
    explicit: bool,
    subdomain: Option<String>,
}

fn chosen(flags: &Flags, env: &Environment) -> Result<Chosen, Failure> {
    let named =
        first([(flags.profile.clone(), "--profile"), (env.get("ZDX_PROFILE"), "ZDX_PROFILE")]);
    let Some(config) = read_config(flags, env)? else {
        if let Some((name, by)) = named {
            let shown = name.escape_debug();
            let looked = config_path(flags, env)?;
            let looked = looked.display();
            return Err(Failure::usage(format!(
                "{by} is \"{shown}\", but there is no config file with profiles: {looked} does not exist"
            ))
            .hint("zdx config init writes one; --config names another"));
        }
        let subdomain = address::subdomain(flags, env, &Profile::default(), false)?;
        return Ok(Chosen { profile: Profile::default(), by: None, explicit: false, subdomain });
    };
    let explicit = named.is_some();
    let profile = config.profile(named.as_ref().map(|(name, _)| name.as_str()))?;
    let subdomain = address::subdomain(flags, env, &profile, explicit)?;
    let says = if flags.subdomain.is_some() { "--subdomain" } else { "ZENDESK_SUBDOMAIN" };
    let profile = address::of_account(profile, subdomain.as_deref(), explicit, says, &config)?;
    let by = profile.name().map(|_| match &named {
        Some((_, by)) => (*by).to_owned(),
        None => format!("default_profile of {}", profile.file().display()),
    });
    Ok(Chosen { profile, by, explicit, subdomain })
}

/// Where requests go, and under which account, if anything says so.
fn server(
    flags: &Flags,
    env: &Environment,
    subdomain: Option<&str>,
) -> Result<Option<(String, BaseUrl)>, Failure> {
    if let Some(url) = flags.base_url.clone().or_else(|| env.get("ZDX_BASE_URL")) {
        let base = address::base(&url)?;
        let account = subdomain.map_or_else(|| base.host.clone(), str::to_owned);
        return Ok(Some((account, base)));
    }
    Ok(subdomain.map(|subdomain| {
        let host = format!("{subdomain}.zendesk.com");
        let origin = format!("https://{host}");
        (subdomain.to_owned(), BaseUrl { origin, host, loopback: false })
    }))
}

/// The state file that is named, and by what.
fn named_state(flags: &Flags, env: &Environment, profile: &Profile) -> Option<(PathBuf, String)> {
    let configured = || Some((profile.path("state")?, profile.origin("state")?));
    let typed = first([
        (flags.state.clone(), "--state"),
        (env.get("ZDX_STATE").map(PathBuf::from), "ZDX_STATE"),
    ]);
    typed.map(|(path, by)| (path, by.to_owned())).or_else(configured)
}

/// Resolves which account is meant and where its files are.
pub(crate) fn place(flags: &Flags, env: &Environment) -> Result<Place, Failure> {
    let Chosen { profile, explicit, subdomain, by: _ } = chosen(flags, env)?;
    let (account, base) = server(flags, env, subdomain.as_deref())?.ok_or_else(|| {
        Failure::usage("no account: which subdomain of zendesk.com?")
            .hint("set ZENDESK_SUBDOMAIN, or pass --subdomain or --profile")
            .hint("or without an account: zdx export tickets --since 30d --sandbox")
    })?;
    let named = named_state(flags, env, &profile);
    let state_given = named.is_some();
    let state = match named {
        Some((path, _)) => path,
        None => default_state(&account)?,
    };
    Ok(Place { account, base, state, state_given, profile, explicit })
}

fn first<T, const N: usize>(
    candidates: [(Option<T>, &'static str); N],
) -> Option<(T, &'static str)> {
    candidates.into_iter().find_map(|(value, origin)| Some((value?, origin)))
}

/// For whoever looks from elsewhere.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_unknown| path.to_owned())
}

impl Place {
    pub(crate) fn absolute_state(&self) -> PathBuf {
        absolute(&self.state)
    }
}

/// Every setting that is in effect. Reads no secret and runs no command.
pub(crate) fn effective(flags: &Flags, env: &Environment) -> Result<Vec<Effective>, Failure> {
    let chosen = chosen(flags, env)?;
    let Chosen { profile, explicit, .. } = &chosen;
    let mut all = vec![Effective {
        name: "profile",
        value: profile.name().map(str::to_owned),
        origin: chosen.by.clone().or_else(|| profile.aside().map(str::to_owned)),
    }];
    all.extend(of_account(flags, env, &chosen)?);
    all.push(match credentials::choose(env, profile, *explicit) {
        Some(choice) => Effective {
            name: "credentials",
            value: Some(format!("{} (redacted)", choice.kind())),
            origin: Some(choice.origin(profile)),
        },
        None => Effective { name: "credentials", value: None, origin: credentials::half(env) },
    });
    let limits = limits(env, profile)?;
    for (name, value) in [
        ("connect_timeout", limits.connect),
        ("headers_timeout", limits.headers),
        ("body_idle_timeout", limits.body_idle),
        ("request_timeout", limits.request),
    ] {
        let variable = format!("ZDX_{}", name.to_uppercase());
        let ambient = env.get(&variable).map(|_| variable);
        let origin = ambient.or_else(|| profile.origin(name));
        all.push(Effective {
            name,
            value: Some(humantime::format_duration(value).to_string()),
            origin: origin.or_else(|| Some(DEFAULT.to_owned())),
        });
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
        "resources",
    ] {
        let listed = || profile.list(name).map(|list| list.join(", "));
        if let Some(value) = profile.text(name).map(str::to_owned).or_else(listed) {
            all.push(Effective { name, value: Some(value), origin: profile.origin(name) });
        }
    }
    Ok(all)
}

const DEFAULT: &str = "the default";

/// Which account is meant, where it is served, and where its state is.
fn of_account(
    flags: &Flags,
    env: &Environment,
    chosen: &Chosen,
) -> Result<[Effective; 3], Failure> {
    let Chosen { profile, explicit, subdomain, .. } = chosen;
    let server = server(flags, env, subdomain.as_deref())?;
    let ambient = env.get("ZENDESK_SUBDOMAIN").map(|_| "ZENDESK_SUBDOMAIN".to_owned());
    let configured = profile.origin("subdomain");
    let account_by = match (flags.subdomain.is_some(), explicit) {
        (true, _) => Some("--subdomain".to_owned()),
        (false, true) => configured.or(ambient),
        (false, false) => ambient.or(configured),
    };
    let base_by = first([
        (flags.base_url.clone(), "--base-url"),
        (env.get("ZDX_BASE_URL"), "ZDX_BASE_URL"),
        (Some(String::new()), "the subdomain"),
    ]);
    let state = match (named_state(flags, env, profile), &server) {
        (Some(named), _) => Some(named),
        (None, Some((account, _))) => Some((default_state(account)?, DEFAULT.to_owned())),
        (None, None) => None,
    };
    let (state, state_by) = state.unzip();
    let (account, base) = server.map(|(account, base)| (account, base.origin)).unzip();
    Ok([
        Effective {
            name: "account",
            origin: account_by.or_else(|| account.as_ref().map(|_| "the base URL".to_owned())),
            value: account,
        },
        Effective {
            name: "base_url",
            origin: base.as_ref().and(base_by).map(|(_, by)| by.to_owned()),
            value: base,
        },
        Effective {
            name: "state",
            value: state.map(|path| absolute(&path).display().to_string()),
            origin: state_by,
        },
    ])
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
    let config = read_config(flags, env).ok().flatten();
    config.map(|config| config.profile_names()).unwrap_or_default()
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

/// The config file, if one is named or stands where it is looked for.
fn read_config(flags: &Flags, env: &Environment) -> Result<Option<Config>, Failure> {
    let given = flags.config.clone().or_else(|| env.get("ZDX_CONFIG").map(PathBuf::from));
    match (given, default_config()) {
        (Some(path), _) => Config::read(&path).map(Some),
        (None, Some(path)) if path.exists() => Config::read(&path).map(Some),
        (None, _) => Ok(None),
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

fn defaults(profile: &Profile) -> Result<Defaults, Failure> {
    let number = |text: &str| text.parse::<u32>().map_err(|_not_one| "use a number".to_owned());
    let within = |key, low: u32, high: u32| match profile.parsed(key, number)? {
        Some(value) if !(low..=high).contains(&value) => {
            Err(profile.unusable(key, format!("is not within {low} to {high}")))
        }
        value => Ok(value),
    };
    Ok(Defaults {
        start: profile
            .text("start")
            .map(|text| Configured { text: text.to_owned(), place: profile.place("start") }),
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

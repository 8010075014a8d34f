//! Settings: flags over environment over profile over defaults, resolved once.
//!
//! The one reader of the environment. Must not know commands or what settings are for.

mod config;

use crate::{
    api::{BaseUrl, Limits, auth::Credentials},
    disk,
    failure::{Exit, Failure, OrExit as _},
    secret::Secret,
};
use config::{Config, Profile};
use std::{
    path::{Path, PathBuf},
    process::Command,
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
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

const CONNECT: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(120);
const BODY_IDLE: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(300);
const PAGE_BYTES: u64 = 256 * 1024 * 1024;

/// Resolves the settings of a real account.
pub(crate) fn resolve(flags: &Flags, env: &Environment) -> Result<Settings, Failure> {
    let config = read_config(flags, env)?;
    let named = flags.profile.clone().or_else(|| env.get("ZDX_PROFILE"));
    let explicit = named.is_some();
    let profile = config.profile(named.as_deref())?;
    let subdomain = subdomain(flags, env, &profile, explicit)?;
    let base_url = flags.base_url.clone().or_else(|| env.get("ZDX_BASE_URL"));
    let (account, base) = match (&base_url, &subdomain) {
        (Some(url), _) => {
            let base = base(url)?;
            (subdomain.clone().unwrap_or_else(|| base.host.clone()), base)
        }
        (None, Some(subdomain)) => {
            let host = format!("{subdomain}.zendesk.com");
            let origin = format!("https://{host}");
            (subdomain.clone(), BaseUrl { origin, host, loopback: false })
        }
        (None, None) => {
            return Err(Failure::usage("no account: which subdomain of zendesk.com?")
                .hint("set ZENDESK_SUBDOMAIN, pass --subdomain, or --profile with a config file")
                .hint("or try it without an account: zdx export tickets --since 30d --sandbox"));
        }
    };
    let credentials = credentials(env, &profile, explicit)?;
    let state = flags
        .state
        .clone()
        .or_else(|| env.get("ZDX_STATE").map(PathBuf::from))
        .or_else(|| profile.text("state").map(PathBuf::from));
    let state_given = state.is_some();
    Ok(Settings {
        state: match state {
            Some(state) => state,
            None => default_state(&account)?,
        },
        state_given,
        limits: limits(env, &profile)?,
        defaults: defaults(&profile)?,
        account,
        base,
        credentials,
    })
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
        base: base(base_url)?,
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

fn subdomain(
    flags: &Flags,
    env: &Environment,
    profile: &Profile,
    explicit: bool,
) -> Result<Option<String>, Failure> {
    let typed = flags.subdomain.as_deref().map(parse_subdomain).transpose()?;
    let ambient = env.get("ZENDESK_SUBDOMAIN").as_deref().map(parse_subdomain).transpose()?;
    let configured = profile.text("subdomain").map(parse_subdomain).transpose()?;
    if explicit
        && let (None, Some(ambient), Some(configured)) = (&typed, &ambient, &configured)
        && ambient != configured
    {
        return Err(Failure::usage(format!(
            "ZENDESK_SUBDOMAIN is {ambient}, but the profile is of {configured}"
        ))
        .hint("unset ZENDESK_SUBDOMAIN, or choose the other profile"));
    }
    Ok(match (explicit, typed) {
        (_, Some(typed)) => Some(typed),
        (true, None) => configured.or(ambient),
        (false, None) => ambient.or(configured),
    })
}

/// Takes `acme`, `acme.zendesk.com` or a URL of it.
fn parse_subdomain(text: &str) -> Result<String, Failure> {
    let lower = text.trim().to_ascii_lowercase();
    let host = lower.strip_prefix("https://").unwrap_or(&lower);
    let host = host.strip_suffix('/').unwrap_or(host);
    let name = host.strip_suffix(".zendesk.com").unwrap_or(host);
    let valid = (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if valid {
        return Ok(name.to_owned());
    }
    Err(Failure::usage(format!(
        "\"{}\" is not a subdomain of zendesk.com",
        crate::shown::shown(text)
    ))
    .hint("use the first part of the address, as acme in https://acme.zendesk.com"))
}

/// Reads a base URL: https, or http to this machine.
fn base(text: &str) -> Result<BaseUrl, Failure> {
    let refused =
        |why: &str| Failure::usage(format!("the base URL \"{}\" {why}", crate::shown::shown(text)));
    let uri: http::Uri = text.trim().parse().map_err(|_malformed| refused("is not a URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused("is not a URL: it begins with https://"));
    };
    if authority.as_str().contains('@') {
        return Err(Failure::usage("a base URL holds no user name and no password"));
    }
    if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
        return Err(refused("has a path: give scheme and host only"));
    }
    let host = authority.host().to_ascii_lowercase();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match scheme {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(refused("must be https, or http to a loopback address")),
    }
    Ok(BaseUrl {
        origin: format!("{scheme}://{}", authority.as_str()),
        host,
        loopback: loopback && scheme == "http",
    })
}

/// Finds the strongest complete credentials; those of a profile that was named come first.
fn credentials(
    env: &Environment,
    profile: &Profile,
    explicit: bool,
) -> Result<Credentials, Failure> {
    let ambient = || from_environment(env);
    let configured = || from_profile(profile);
    let found = match explicit {
        true => configured()?.map_or_else(ambient, |found| Ok(Some(found)))?,
        false => ambient()?.map_or_else(configured, |found| Ok(Some(found)))?,
    };
    let credentials = found.ok_or_else(|| no_credentials(env, profile))?;
    let (Credentials::OauthClient { id: name, secret }
    | Credentials::ApiToken { email: name, token: secret }) = &credentials
    else {
        return check_header_text("", &credentials).map(|()| credentials);
    };
    let _ = secret;
    check_header_text(&name.clone(), &credentials).map(|()| credentials)
}

/// Line ends in a credential would end the header that it is sent in.
fn check_header_text(name: &str, credentials: &Credentials) -> Result<(), Failure> {
    let bad = |text: &str| text.is_empty() || text.chars().any(char::is_control);
    let secrets = credentials.secrets();
    if (!name.is_empty() && bad(name)) || secrets.iter().any(|secret| bad(secret.expose())) {
        return Err(Failure::usage(format!(
            "the {} is empty or holds control characters",
            credentials.kind()
        )));
    }
    Ok(())
}

fn from_environment(env: &Environment) -> Result<Option<Credentials>, Failure> {
    let get = |name| env.get(name);
    if let (Some(id), Some(secret)) =
        (get("ZENDESK_OAUTH_CLIENT_ID"), get("ZENDESK_OAUTH_CLIENT_SECRET"))
    {
        return Ok(Some(Credentials::OauthClient { id, secret: Secret::new(secret) }));
    }
    if let Some(token) = get("ZENDESK_OAUTH_TOKEN") {
        return Ok(Some(Credentials::OauthToken(Secret::new(token))));
    }
    if let (Some(email), Some(token)) = (get("ZENDESK_EMAIL"), get("ZENDESK_API_TOKEN")) {
        return Ok(Some(Credentials::ApiToken { email, token: Secret::new(token) }));
    }
    Ok(None)
}

fn from_profile(profile: &Profile) -> Result<Option<Credentials>, Failure> {
    if let Some(id) = profile.text("client_id")
        && let Some(secret) = profile_secret(profile, "client_secret")?
    {
        return Ok(Some(Credentials::OauthClient { id: id.to_owned(), secret }));
    }
    if let Some(token) = profile_secret(profile, "oauth_token")? {
        return Ok(Some(Credentials::OauthToken(token)));
    }
    if let Some(email) = profile.text("email")
        && let Some(token) = profile_secret(profile, "api_token")?
    {
        return Ok(Some(Credentials::ApiToken { email: email.to_owned(), token }));
    }
    Ok(None)
}

/// A secret that stands in place, in a file, or is printed by a command.
fn profile_secret(profile: &Profile, key: &str) -> Result<Option<Secret>, Failure> {
    if let Some(secret) = profile.text(key) {
        return Ok(Some(Secret::new(secret)));
    }
    if let Some(path) = profile.text(&format!("{key}_file")) {
        return secret_file(Path::new(path)).map(Some);
    }
    if let Some(line) = profile.text(&format!("{key}_command")) {
        return secret_command(key, line).map(Some);
    }
    Ok(None)
}

/// No credential is longer.
const LONGEST_SECRET: u64 = 64 * 1024;

fn secret_file(path: &Path) -> Result<Secret, Failure> {
    let shown = path.display();
    let failed = || format!("cannot read the secret in {shown}");
    let bytes = disk::read_small(path, LONGEST_SECRET).or_exit(Exit::Config, failed)?;
    refuse_readable(path)?;
    let text = String::from_utf8(bytes).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Others must not read a file that holds a secret.
fn refuse_readable(path: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let shown = path.display();
        let failed = || format!("cannot read {shown}");
        let mode = path.metadata().or_exit(Exit::Config, failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::new(
                Exit::Config,
                format!("{shown} holds a secret and is readable by others"),
            )
            .hint(format!("chmod 600 {shown}")));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn secret_command(key: &str, line: &str) -> Result<Secret, Failure> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = || format!("cannot run {key}_command");
    let output = Command::new(shell)
        .args([flag, line])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()
        .or_exit(Exit::Config, failed)?;
    if !output.status.success() {
        return Err(Failure::new(Exit::Config, format!("{key}_command failed: {}", output.status)));
    }
    let text = String::from_utf8(output.stdout).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Says which half of a pair is missing, and points out names near ours.
fn no_credentials(env: &Environment, profile: &Profile) -> Failure {
    let pairs = [
        ("ZENDESK_OAUTH_CLIENT_ID", "ZENDESK_OAUTH_CLIENT_SECRET"),
        ("ZENDESK_OAUTH_CLIENT_SECRET", "ZENDESK_OAUTH_CLIENT_ID"),
        ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
        ("ZENDESK_API_TOKEN", "ZENDESK_EMAIL"),
    ];
    let mut failure = Failure::new(Exit::Credentials, "no credentials");
    for (set, missing) in pairs {
        if env.get(set).is_some() && env.get(missing).is_none() {
            failure = Failure::new(
                Exit::Credentials,
                format!("no credentials: {set} is set, but {missing} is not"),
            );
        }
    }
    for (has, missing) in [("client_id", "client_secret"), ("email", "api_token")] {
        if profile.text(has).is_some() {
            failure = failure.hint(format!("the profile has {has}, but no {missing}"));
        }
    }
    for near in ["ZENDESK_TOKEN", "ZENDESK_ACCESS_TOKEN"] {
        if env.get(near).is_some() {
            failure = failure.hint(format!(
                "{near} is not read: an OAuth access token goes into ZENDESK_OAUTH_TOKEN, an API \
                 token into ZENDESK_API_TOKEN"
            ));
        }
    }
    failure.hint(
        "set ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET, or ZENDESK_OAUTH_TOKEN, or \
         ZENDESK_EMAIL and ZENDESK_API_TOKEN",
    )
}

fn limits(env: &Environment, profile: &Profile) -> Result<Limits, Failure> {
    let timeout = |key: &str, default| {
        let variable = format!("ZDX_{}", key.to_uppercase());
        let (text, origin) = match (env.get(&variable), profile.text(key)) {
            (Some(text), _) => (text, variable),
            (None, Some(text)) => (text.to_owned(), key.to_owned()),
            (None, None) => return Ok(default),
        };
        match duration(&text) {
            Ok(duration) if !duration.is_zero() => Ok(duration),
            Ok(_) => Err(Failure::usage(format!("{origin} is zero"))),
            Err(error) => Err(Failure::usage(format!("{origin} is not a duration: {error}"))),
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
mod tests {
    use super::*;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> Environment {
        Environment(Box::new(|name| {
            let pair = pairs.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        }))
    }

    fn profile(text: &str) -> Profile {
        Config::parse(text).unwrap().profile(Some("p")).unwrap()
    }

    #[test]
    fn subdomains() {
        for (text, expect) in [
            ("acme", "acme"),
            ("ACME", "acme"),
            ("acme.zendesk.com", "acme"),
            ("https://acme.zendesk.com/", "acme"),
            ("a-1", "a-1"),
        ] {
            assert_eq!(parse_subdomain(text).unwrap(), expect);
        }
        for text in [
            "",
            "evil.com/#",
            "a.b",
            "x@y",
            "bücher",
            "a%2Fb",
            "-a",
            "a b",
            "http://acme.zendesk.com",
        ] {
            assert_eq!(parse_subdomain(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
    }

    #[test]
    fn base_urls() {
        for (text, origin, host) in [
            ("https://zen.example", "https://zen.example", "zen.example"),
            ("https://zen.example:8443/", "https://zen.example:8443", "zen.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080", "[::1]"),
            ("http://localhost:1", "http://localhost:1", "localhost"),
        ] {
            let base = base(text).unwrap();
            assert_eq!((base.origin.as_str(), base.host.as_str()), (origin, host));
        }
        for text in [
            "http://zen.example",
            "http://127.0.0.1.evil.com",
            "ftp://127.0.0.1",
            "127.0.0.1:80",
            "https://a:b@zen.example",
            "https://zen.example/api",
            "https://zen.example/?x",
            "",
        ] {
            assert_eq!(base(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
    }

    #[test]
    fn the_strongest_complete_credentials_are_taken() {
        let kind = |env: &Environment, profile: &Profile, explicit| {
            credentials(env, profile, explicit).map(|found| found.kind())
        };
        let none = Profile::default();
        let all = env(&[
            ("ZENDESK_OAUTH_CLIENT_ID", "id"),
            ("ZENDESK_OAUTH_CLIENT_SECRET", "secret"),
            ("ZENDESK_OAUTH_TOKEN", "token"),
            ("ZENDESK_EMAIL", "a@b.c"),
            ("ZENDESK_API_TOKEN", "token"),
        ]);
        assert_eq!(kind(&all, &none, false).unwrap(), "OAuth client");
        let half = env(&[("ZENDESK_OAUTH_CLIENT_ID", "id"), ("ZENDESK_OAUTH_TOKEN", "token")]);
        assert_eq!(kind(&half, &none, false).unwrap(), "OAuth access token");
        let configured = profile("[profiles.p]\nemail = 'a@b.c'\napi_token = 't0ken'\n");
        assert_eq!(kind(&all, &configured, false).unwrap(), "OAuth client");
        assert_eq!(kind(&all, &configured, true).unwrap(), "API token");
        assert_eq!(kind(&env(&[]), &configured, false).unwrap(), "API token");
    }

    #[test]
    fn missing_credentials_name_the_variables() {
        let failure = credentials(&env(&[]), &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Credentials);
        assert!(failure.hints[0].contains("ZENDESK_OAUTH_CLIENT_ID"));
        let failure = credentials(&env(&[("ZENDESK_EMAIL", "a@b.c")]), &Profile::default(), false)
            .unwrap_err();
        assert!(failure.to_string().contains("ZENDESK_API_TOKEN"), "{failure}");
        let failure =
            credentials(&env(&[("ZENDESK_TOKEN", "x")]), &Profile::default(), false).unwrap_err();
        assert!(failure.hints[0].contains("ZENDESK_TOKEN is not read"));
    }

    #[test]
    fn line_ends_in_credentials_are_refused() {
        let bad = env(&[("ZENDESK_OAUTH_TOKEN", "a\r\nX-Evil: 1")]);
        let failure = credentials(&bad, &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(!failure.to_string().contains("Evil"));
        let bad = env(&[("ZENDESK_EMAIL", "a\n@b.c"), ("ZENDESK_API_TOKEN", "token")]);
        assert_eq!(credentials(&bad, &Profile::default(), false).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_named_profile_beats_the_environment() {
        let profile = profile("[profiles.p]\nsubdomain = 'acme'\n");
        let flags = Flags::default();
        let other = env(&[("ZENDESK_SUBDOMAIN", "other")]);
        assert_eq!(subdomain(&flags, &other, &profile, true).unwrap_err().exit, Exit::Usage);
        let found = subdomain(&flags, &other, &profile, false).unwrap();
        assert_eq!(found.as_deref(), Some("other"));
        let found = subdomain(&flags, &env(&[]), &profile, true).unwrap();
        assert_eq!(found.as_deref(), Some("acme"));
    }

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

//! Which account is meant and where its files are, before any credential is looked at.

use super::{
    address,
    config::{Config, Profile, absolute},
    given::{Environment, Flags},
};
use crate::{
    api::{BaseUrl, Way},
    failure::{Exit, Failure},
};
use std::path::PathBuf;

/// Which account is meant and where its files are, before any credential is looked at.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) base: BaseUrl,
    pub(crate) state: PathBuf,
    pub(crate) state_given: bool,
    pub(super) profile: Profile,
    /// Whether the profile was named, so that it beats the environment.
    pub(super) explicit: bool,
}

impl Place {
    pub(crate) fn absolute_state(&self) -> PathBuf {
        absolute(&self.state)
    }
}

/// The profile that is taken, and the account that it or something stronger names.
pub(super) struct Chosen {
    pub(super) profile: Profile,
    /// What chose the profile, if one is taken.
    pub(super) by: Option<String>,
    /// Whether the profile was named, so that it beats the environment.
    pub(super) explicit: bool,
    pub(super) subdomain: Option<String>,
}

pub(super) fn chosen(flags: &Flags, env: &Environment) -> Result<Chosen, Failure> {
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
pub(super) fn server(
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
        (subdomain.to_owned(), BaseUrl { origin, host, loopback: false, way: Way::default() })
    }))
}

/// The state file that is named, and by what.
pub(super) fn named_state(
    flags: &Flags,
    env: &Environment,
    profile: &Profile,
) -> Option<(PathBuf, String)> {
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

pub(super) fn first<T, const N: usize>(
    candidates: [(Option<T>, &'static str); N],
) -> Option<(T, &'static str)> {
    candidates.into_iter().find_map(|(value, origin)| Some((value?, origin)))
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
pub(super) fn default_state(account: &str) -> Result<PathBuf, Failure> {
    let Some(dirs) = directories::ProjectDirs::from("", "", "zdx") else {
        return Err(Failure::new(Exit::Config, "no home directory to keep the state in")
            .hint("name a file with --state"));
    };
    let dir = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
    Ok(dir.join(format!("{account}.json")))
}

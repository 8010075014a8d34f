//! Settings: flags over environment over profile over defaults, resolved once.
//!
//! Must not know commands or what settings are for.

mod access;
mod address;
mod config;
mod credentials;
mod effective;
mod given;
mod place;
mod proxy;
mod stored;
#[cfg(test)]
mod testing;
mod values;

use crate::{
    api::{Authorities, BaseUrl, Limits, Way, auth::Credentials},
    clock::Clock,
    disk,
    failure::{Exit, Failure, OrExit as _},
    shown::quoted,
    signals::Stop,
};
use config::Profile;
#[cfg(test)]
pub(crate) use config::keys;
pub(crate) use effective::{Effective, Shown, effective};
pub(crate) use given::{Environment, Flags};
pub(crate) use place::{Place, config_path, place, profiles};
use std::path::{Path, PathBuf};
pub(crate) use values::{Configured, Defaults, OfResource, duration, size};
use values::{defaults, limits};

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

/// Resolves the settings of a real account.
pub(crate) fn resolve(
    flags: &Flags,
    env: &Environment,
    clock: Clock,
    stop: &Stop,
) -> Result<Settings, Failure> {
    let place = place(flags, env)?;
    let credentials = credentials::find(env, &place.profile, place.explicit, clock, stop)?;
    Ok(Settings {
        limits: limits(env, &place.profile)?,
        defaults: defaults(&place.profile)?,
        account: place.account,
        base: BaseUrl { way: way(env, &place.base)?, ..place.base },
        credentials,
        state: place.state,
        state_given: place.state_given,
    })
}

/// No file of authorities is larger.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What lies between here and the account. Within this machine that is nothing.
fn way(env: &Environment, base: &BaseUrl) -> Result<Way, Failure> {
    if base.loopback {
        return Ok(Way::default());
    }
    let authority = base.origin.strip_prefix("https://").unwrap_or(&base.host);
    Ok(Way { proxy: proxy::proxy(env, authority)?, authorities: authorities(env)? })
}

/// The authorities that SSL_CERT_FILE names instead of those of the system. Beside a SSL_CERT_DIR
/// it is one of two places, which the system's own reader looks into.
fn authorities(env: &Environment) -> Result<Option<Authorities>, Failure> {
    let Some(path) = env.get("SSL_CERT_FILE") else { return Ok(None) };
    let shown = quoted(&path);
    let read = disk::read_small(Path::new(&path), LARGEST);
    let pem = read.or_exit(Exit::Config, || format!("SSL_CERT_FILE={shown}: cannot read it"))?;
    match Authorities::parse(&pem) {
        None => Err(Failure::new(
            Exit::Config,
            format!("SSL_CERT_FILE={shown}: there is no certificate in it"),
        )
        .hint("it takes certificates as PEM, which begin with -----BEGIN CERTIFICATE-----")),
        Some(_) if env.get("SSL_CERT_DIR").is_some() => Ok(None),
        some => Ok(some),
    }
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

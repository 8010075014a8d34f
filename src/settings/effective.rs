//! The settings that are in effect, and where each comes from. Reads no secret and runs no command.

use super::{
    config::{OF_RESOURCE, Profile, absolute},
    credentials,
    given::{Environment, Flags},
    place::{Chosen, chosen, default_state, first, named_state, server},
    values::{defaults, key_of, limits},
};
use crate::{failure::Failure, resource::every};

/// A setting as it is in effect, and where it comes from.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) name: String,
    /// `None` where it is not set; the origin may then say why.
    pub(crate) value: Option<Shown>,
    pub(crate) origin: Option<String>,
}

/// A value as it is configured.
#[derive(Debug)]
pub(crate) enum Shown {
    Text(String),
    List(Vec<String>),
}

impl Effective {
    fn text(name: &str, value: Option<String>, origin: Option<String>) -> Effective {
        Effective { name: name.to_owned(), value: value.map(Shown::Text), origin }
    }
}

/// What a key is set to.
fn configured(profile: &Profile, key: &str) -> Option<Effective> {
    let listed = || profile.list(key).map(|list| Shown::List(list.to_vec()));
    let value = profile.text(key).map(|text| Shown::Text(text.to_owned())).or_else(listed)?;
    Some(Effective { name: key.to_owned(), value: Some(value), origin: profile.origin(key) })
}

/// Every setting that is in effect. Reads no secret and runs no command.
pub(crate) fn effective(flags: &Flags, env: &Environment) -> Result<Vec<Effective>, Failure> {
    let chosen = chosen(flags, env)?;
    let Chosen { profile, explicit, .. } = &chosen;
    let origin = chosen.by.clone().or_else(|| profile.aside().map(str::to_owned));
    let mut all = vec![Effective::text("profile", profile.name().map(str::to_owned), origin)];
    all.extend(of_account(flags, env, &chosen)?);
    let choice = credentials::choose(env, profile, *explicit);
    if let Some((name, value, origin)) = choice.as_ref().and_then(|choice| choice.name(profile)) {
        all.push(Effective::text(name, Some(value.to_owned()), Some(origin)));
    }
    all.push(match choice {
        Some(choice) => {
            let value = format!("{} (redacted)", choice.kind());
            Effective::text("credentials", Some(value), Some(choice.origin(profile)))
        }
        None => Effective::text("credentials", None, credentials::half(env)),
    });
    let limits = limits(env, profile)?;
    defaults(profile)?;
    for (name, value) in [
        ("connect_timeout", limits.connect),
        ("headers_timeout", limits.headers),
        ("body_idle_timeout", limits.body_idle),
        ("request_timeout", limits.request),
    ] {
        let variable = format!("ZDX_{}", name.to_uppercase());
        let ambient = env.get(&variable).map(|_| variable);
        let origin = ambient.or_else(|| profile.origin(name));
        let origin = origin.or_else(|| Some(DEFAULT.to_owned()));
        all.push(Effective::text(
            name,
            Some(humantime::format_duration(value).to_string()),
            origin,
        ));
    }
    for name in [
        "start",
        "output",
        "file_mode",
        "per_page",
        "rate",
        "reserve",
        "retry_for",
        "max_wait",
        "max_page_bytes",
        "resources",
        "scope",
    ] {
        all.extend(configured(profile, name));
    }
    for resource in every().chain(profile.objects()) {
        let keys = OF_RESOURCE.iter().map(|(key, _)| key_of(resource, key));
        all.extend(keys.filter_map(|key| configured(profile, &key)));
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
        Effective::text(
            "account",
            account.clone(),
            account_by.or_else(|| account.map(|_| "the base URL".to_owned())),
        ),
        Effective::text("base_url", base.clone(), base.and(base_by).map(|(_, by)| by.to_owned())),
        Effective::text("state", state.map(|path| absolute(&path).display().to_string()), state_by),
    ])
}

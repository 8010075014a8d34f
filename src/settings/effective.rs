//! The settings that are in effect, and where each comes from. Reads no secret and runs no command.

use super::{
    config::absolute,
    credentials,
    given::{Environment, Flags},
    place::{Chosen, chosen, default_state, first, named_state, server},
    values::{defaults, limits},
};
use crate::failure::Failure;

/// A setting as it is in effect, and where it comes from.
#[derive(Debug)]
pub(crate) struct Effective {
    pub(crate) name: &'static str,
    /// `None` where it is not set; the origin may then say why.
    pub(crate) value: Option<String>,
    pub(crate) origin: Option<String>,
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
    let choice = credentials::choose(env, profile, *explicit);
    if let Some((name, value, origin)) = choice.as_ref().and_then(|choice| choice.name(profile)) {
        all.push(Effective { name, value: Some(value.to_owned()), origin: Some(origin) });
    }
    all.push(match choice {
        Some(choice) => Effective {
            name: "credentials",
            value: Some(format!("{} (redacted)", choice.kind())),
            origin: Some(choice.origin(profile)),
        },
        None => Effective { name: "credentials", value: None, origin: credentials::half(env) },
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
        "scope",
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

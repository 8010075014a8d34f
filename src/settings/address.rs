//! Which account is meant, and where it is served.

use super::{
    config::{Config, Profile},
    given::{Environment, Flags},
};
use crate::{
    api::{BaseUrl, Way},
    failure::Failure,
    shown::shown,
};

pub(super) fn subdomain(
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

/// A profile's credentials and state belong to its own account: where another one is meant, only the
/// defaults are left of it. `by` is what names the account.
pub(super) fn of_account(
    profile: Profile,
    subdomain: Option<&str>,
    explicit: bool,
    by: &str,
    config: &Config,
) -> Result<Profile, Failure> {
    let own = profile.text("subdomain").map(parse_subdomain).transpose()?;
    match (own, subdomain) {
        (Some(own), Some(meant)) if own != meant && explicit => {
            Err(Failure::usage(format!("the profile is of {own}, not of {meant}"))
                .hint("leave out --subdomain, or choose the other profile"))
        }
        (Some(own), Some(meant)) if own != meant => {
            let name = profile.name().unwrap_or_default();
            Ok(config.aside(format!(
                "the profile {name} is left aside: it is of {own}, and {by} says {meant}"
            )))
        }
        (_, _) => Ok(profile),
    }
}

/// Takes `acme`, `acme.zendesk.com` or a URL of it, with any path.
fn parse_subdomain(text: &str) -> Result<String, Failure> {
    let lower = text.trim().to_ascii_lowercase();
    let host = lower.strip_prefix("https://").unwrap_or(&lower);
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    let own = host[..end].strip_suffix(".zendesk.com");
    let name = own.unwrap_or_else(|| host.strip_suffix('/').unwrap_or(host));
    let valid = (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if valid {
        return Ok(name.to_owned());
    }
    Err(Failure::usage(format!("\"{}\" is not a subdomain of zendesk.com", shown(text)))
        .hint("use the first part of the address, as acme in https://acme.zendesk.com"))
}

/// Reads a base URL: https, or http to this machine.
pub(super) fn base(text: &str) -> Result<BaseUrl, Failure> {
    let refused = |why: &str| Failure::usage(format!("the base URL \"{}\" {why}", shown(text)));
    let uri: http::Uri = text.trim().parse().map_err(|_malformed| refused("is not a URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused("is not a URL: it begins with https://"));
    };
    if authority.as_str().contains('@') {
        return Err(Failure::usage("a base URL holds no user name and no password"));
    }
    if text.contains('#') || (authority.port().is_none() && port_typed(authority.as_str())) {
        return Err(refused("is not a URL of a server alone"));
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
        way: Way::default(),
    })
}

/// Whether something stands where a port does.
fn port_typed(authority: &str) -> bool {
    let after_host = authority.rsplit(']').next().unwrap_or(authority);
    after_host.contains(':')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{env, profile};
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn subdomains() {
        for (text, expect) in [
            ("acme", "acme"),
            ("ACME", "acme"),
            ("acme.zendesk.com", "acme"),
            ("https://acme.zendesk.com/", "acme"),
            ("a-1", "a-1"),
            ("https://acme.zendesk.com/agent/tickets/1", "acme"),
            ("acme.zendesk.com/hc/en-us?x=1#y", "acme"),
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
            "evil/#.zendesk.com",
            "acme.zendesk.com.evil.com/x",
            "evil.com/acme.zendesk.com",
            "x@acme.zendesk.com/",
            "acme.zendesk.com:8443/",
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
            "https://zen.example#x",
            "http://127.0.0.1:99999",
            "",
        ] {
            assert_eq!(base(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
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
}

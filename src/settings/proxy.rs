//! Which proxy stands between here and the account, from the variables that other tools heed too.
//!
//! For https, `HTTPS_PROXY` and then `ALL_PROXY`, in capitals or not; `NO_PROXY` names the hosts that
//! are reached without it. One that cannot be used is an error, never a direct connection.

use super::given::Environment;
use crate::{api::Proxy, failure::Failure};

const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

const EXEMPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy to a host of https.
pub(super) fn proxy(env: &Environment, authority: &str) -> Result<Option<Proxy>, Failure> {
    let exempt = EXEMPT.into_iter().find_map(|name| env.get(name)).unwrap_or_default();
    if is_exempt(&exempt, authority) {
        return Ok(None);
    }
    let mut named = PROXIES.into_iter().filter_map(|name| Some((name, env.get(name)?)));
    let Some((variable, url)) = named.next() else { return Ok(None) };
    let proxy = Proxy::parse(&url, variable);
    proxy.map(Some).map_err(|why| {
        Failure::usage(format!("{variable} {why}")).hint(format!(
            "unset {variable} to connect without a proxy, or name the host in NO_PROXY"
        ))
    })
}

/// Whether a list names a host, itself or a domain above it, as other tools read it: entries between
/// commas or spaces, `*` for all, with or without a dot before and a port behind.
fn is_exempt(list: &str, authority: &str) -> bool {
    let lower = authority.to_ascii_lowercase();
    let (host, port) = parted(&lower);
    list.to_ascii_lowercase().split([',', ' ']).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, of_port) = parted(entry);
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.strip_prefix('.').unwrap_or(name);
        let below = || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        let is_named = entry == "*" || (!name.is_empty() && (host == name || below()));
        is_named && of_port.is_none_or(|of| of == port.unwrap_or("443"))
    })
}

/// Host and port; an address between brackets is one.
fn parted(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && !host.is_empty() => {
            (host.trim_matches(['[', ']']), Some(port))
        }
        _ => (authority.trim_matches(['[', ']']), None),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::env, *};
    use crate::failure::Exit;

    #[test]
    fn hosts_without_a_proxy() {
        for (list, host, exempt) in [
            ("acme.zendesk.com", "acme.zendesk.com", true),
            ("zendesk.com", "acme.zendesk.com", true),
            (".zendesk.com", "acme.zendesk.com", true),
            ("*.zendesk.com", "acme.zendesk.com", true),
            ("x, y ,ZENDESK.com", "Acme.zendesk.com", true),
            ("x y", "y", true),
            ("*", "anything", true),
            ("zendesk.com:443", "acme.zendesk.com", true),
            ("zendesk.com:8443", "acme.zendesk.com", false),
            ("zen.example:8443", "zen.example:8443", true),
            ("[::1]", "[::1]:8443", true),
            ("endesk.com", "acme.zendesk.com", false),
            ("acme.zendesk.com.evil", "acme.zendesk.com", false),
            ("", "acme.zendesk.com", false),
            (".", "acme.zendesk.com", false),
            (",,", "acme.zendesk.com", false),
        ] {
            assert_eq!(is_exempt(list, host), exempt, "{list} {host}");
        }
    }

    #[test]
    fn the_proxy_of_https_comes_first() {
        let found = |pairs| proxy(&env(pairs), "acme.zendesk.com");
        let both = &[("ALL_PROXY", "http://all:1"), ("https_proxy", "http://own:2")];
        let taken = found(both).unwrap().unwrap();
        assert_eq!((taken.address().as_str(), taken.variable), ("own:2", "https_proxy"));
        assert!(found(&[("HTTP_PROXY", "http://other:1")]).unwrap().is_none());
        assert!(found(&[("ALL_PROXY", "http://all:1"), ("no_proxy", "*")]).unwrap().is_none());
        let refused = found(&[("HTTPS_PROXY", "foo://p4ss@bar")]).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(!refused.to_string().contains("p4ss"));
    }
}

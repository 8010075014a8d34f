//! What is given from outside: the flags that were typed, and the environment.
//!
//! The one reader of the environment. Must not know what a setting is.

use crate::{
    failure::{Failure, closest},
    shown::{quoted, shown},
};
use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

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

/// The environment, as a value, so that tests can hand in one of their own.
pub(crate) struct Environment(BTreeMap<String, OsString>);

/// Every variable of ours, and those of others that are heeded.
const READ: [&str; 25] = [
    "ZDX_PROFILE",
    "ZDX_CONFIG",
    "ZDX_STATE",
    "ZDX_BASE_URL",
    "ZDX_CONNECT_TIMEOUT",
    "ZDX_HEADERS_TIMEOUT",
    "ZDX_BODY_IDLE_TIMEOUT",
    "ZDX_REQUEST_TIMEOUT",
    "ZENDESK_SUBDOMAIN",
    "ZENDESK_OAUTH_CLIENT_ID",
    "ZENDESK_OAUTH_CLIENT_SECRET",
    "ZENDESK_OAUTH_SCOPE",
    "ZENDESK_OAUTH_TOKEN",
    "ZENDESK_EMAIL",
    "ZENDESK_API_TOKEN",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "TERM",
    "COMPLETE",
];

/// Names that people and other tools give to what is read under another one.
const NEAR: [(&str, &str); 6] = [
    ("ZENDESK_DOMAIN", "ZENDESK_SUBDOMAIN"),
    ("ZENDESK_HOST", "ZENDESK_SUBDOMAIN"),
    ("ZENDESK_URL", "ZENDESK_SUBDOMAIN"),
    ("ZENDESK_USER", "ZENDESK_EMAIL"),
    ("ZENDESK_CLIENT_ID", "ZENDESK_OAUTH_CLIENT_ID"),
    ("ZENDESK_CLIENT_SECRET", "ZENDESK_OAUTH_CLIENT_SECRET"),
];

impl Environment {
    pub(crate) fn real() -> Environment {
        // A name that is no text is none of ours.
        let all = std::env::vars_os();
        Environment(
            all.filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect(),
        )
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(value));
        Environment(pairs.iter().map(owned).collect())
    }

    /// An empty variable counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        debug_assert!(READ.contains(&name) || !name.starts_with("ZDX_"), "{name} is not listed");
        let value = self.0.get(name)?.to_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A credential: containers hand them over with a line break at the end.
    pub(super) fn credential(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let value = without_line_break(&value);
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Refuses a variable that would otherwise be taken for none.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let mut read = READ.iter().filter_map(|name| Some((name, self.0.get(*name)?)));
        match read.find(|(_, value)| value.to_str().is_none()) {
            Some((name, _)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
            None => Ok(()),
        }
    }

    /// What is set, and looks as if it were to be read.
    pub(crate) fn strange(&self) -> Vec<String> {
        let set = self.0.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
        let strange = set.filter_map(|name| {
            let near = NEAR.iter().find(|(near, _)| near == name).map(|(_, read)| *read);
            if let Some(read) = near.filter(|read| self.get(read).is_none()) {
                return Some(format!("{name} is not read: set {read}"));
            }
            let unknown = name.starts_with("ZDX_") && !READ.contains(&name.as_str());
            let ours = || READ.into_iter().filter(|name| name.starts_with("ZDX_"));
            let shown = shown(name);
            let end = name.strip_prefix("ZDX").unwrap_or(name);
            let alike: Vec<&str> = ours().filter(|known| known.ends_with(end)).collect();
            let lower: Vec<String> = ours().map(str::to_lowercase).collect();
            let near = closest(name, lower.iter().map(String::as_str)).map(str::to_uppercase);
            unknown.then(|| match (near, alike.as_slice()) {
                (Some(near), _) => format!("{shown} is not read: did you mean {near}?"),
                (None, []) => format!("{shown} is not read: there is no such setting"),
                (None, alike) => format!("{shown} is not read: there are {}", alike.join(", ")),
            })
        });
        strange.collect()
    }
}

/// Without one line break at its end.
pub(super) fn without_line_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u27_what_looks_as_if_it_were_read_is_told() {
        let strange = |pairs: &[(&str, &str)]| Environment::of(pairs).strange();
        assert_eq!(
            strange(&[("ZDX_TIMEOUT", "1"), ("ZDX_STATES", "x"), ("ZDX_STATE", "y")]),
            [
                "ZDX_STATES is not read: did you mean ZDX_STATE?",
                "ZDX_TIMEOUT is not read: there are ZDX_CONNECT_TIMEOUT, ZDX_HEADERS_TIMEOUT, \
                 ZDX_BODY_IDLE_TIMEOUT, ZDX_REQUEST_TIMEOUT",
            ]
        );
        let domain = [("ZENDESK_DOMAIN", "acme")];
        assert_eq!(strange(&domain), ["ZENDESK_DOMAIN is not read: set ZENDESK_SUBDOMAIN"]);
        assert!(strange(&[("ZENDESK_DOMAIN", "a"), ("ZENDESK_SUBDOMAIN", "a")]).is_empty());
        assert!(strange(&[("ZDX_EMPTY", ""), ("ZENDESK_OTHER", "x")]).is_empty());
    }
}

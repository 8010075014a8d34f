//! What is given from outside: the flags that were typed, and the environment.
//!
//! The one reader of the environment. Must not know what a setting is.

use crate::shown::quoted;
use std::path::PathBuf;

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
pub(crate) struct Environment(Lookup);

type Lookup = Box<dyn Fn(&str) -> Option<String>>;

impl Environment {
    pub(crate) fn real() -> Environment {
        Environment(Box::new(|name| std::env::var_os(name)?.into_string().ok()))
    }

    #[cfg(test)]
    pub(super) fn of(lookup: impl Fn(&str) -> Option<String> + 'static) -> Environment {
        Environment(Box::new(lookup))
    }

    /// An empty variable counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }
}

//! What the tests of the settings hand in.

use super::{
    config::{Config, Profile},
    given::Environment,
};

pub(super) fn env(pairs: &'static [(&'static str, &'static str)]) -> Environment {
    Environment::of(|name| {
        let pair = pairs.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| (*value).to_owned())
    })
}

pub(super) fn profile(text: &str) -> Profile {
    Config::parse(text).unwrap().profile(Some("p")).unwrap()
}

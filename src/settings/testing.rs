//! What the tests of the settings hand in.

use super::{
    config::{Config, Profile},
    given::Environment,
};

pub(super) fn env(pairs: &[(&str, &str)]) -> Environment {
    Environment::of(pairs)
}

pub(super) fn profile(text: &str) -> Profile {
    Config::parse(text).unwrap().profile(Some("p")).unwrap()
}

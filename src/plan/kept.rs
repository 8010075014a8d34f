//! Files that zdx keeps for itself: no output is one of them.
//!
//! Looks at names, at how files begin and at which they are; touches nothing.

use crate::{disk, failure::Failure, place::is_hidden_own, sink, state};
use std::path::{Path, PathBuf};

/// Refuses a file of zdx's own as an output. `state` is where the account's positions are kept,
/// whether the state takes part or not.
pub(crate) fn check_not_kept(path: &Path, state: Option<&Path>) -> Result<(), Failure> {
    let Some(what) = what(path, state) else { return Ok(()) };
    let text = format!("the output {} is {what}, which zdx keeps for itself", path.display());
    Err(Failure::usage(text).hint("give the records a file of their own with -o"))
}

/// What a file is to zdx.
fn what(path: &Path, state: Option<&Path>) -> Option<&'static str> {
    if is_hidden_own(path) {
        return Some("what stands hidden beside an output");
    }
    if let Some(state) = state
        && let Some(behind) = path.to_string_lossy().strip_prefix(&*state.to_string_lossy())
    {
        match behind {
            "" => return Some("the state"),
            ".lock" => return Some("the lock of the state"),
            _ if state::is_kept_as(behind) => return Some("a copy of the state"),
            _ => {}
        }
    }
    let locked = path.to_string_lossy().strip_suffix(".lock").map(PathBuf::from);
    if locked.is_some_and(|locked| format(&locked).is_some_and(|format| format == state::FORMAT)) {
        return Some("the lock of a state");
    }
    match format(path)? {
        format if format == state::FORMAT => Some("a state"),
        format if format == sink::FORMAT => Some("what says whose an output is"),
        _ => None,
    }
}

/// The format that a file of zdx's names, as each of them does first of all.
fn format(path: &Path) -> Option<String> {
    const LONGEST: u64 = 80;
    let bytes = disk::read_beginning(path, LONGEST).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let behind = text.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"format\"")?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(format, _)| format.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn what_zdx_keeps_is_known_by_name_or_by_how_it_begins() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let state = at("s.json");
        for (name, expect) in [
            ("s.json", true),
            ("s.json.lock", true),
            ("s.json.v1", true),
            ("s.json.v1-2", true),
            ("s.json.20261124T015903Z.bak", true),
            ("s.json.20261124T015903Z-2.bak", true),
            ("s.json.gz", false),
            ("s.json.v10", false),
            ("s.json.bak", false),
            ("s.jsonl", false),
            (".x.ndjson.owner", true),
            (".x.ndjson.discarded", true),
            (".x.ndjson.partial", true),
            ("x.owner", false),
            (".owner", false),
        ] {
            assert_eq!(what(&at(name), Some(&state)).is_some(), expect, "{name}");
        }
        for (text, expect) in [
            ("{\n  \"format\": \"zdx-state\",\n", true),
            ("{\"format\":\"zdx-owner\"}", true),
            ("{\"format\":\"x\"}", false),
            ("{\"id\":1,\"format\":\"zdx-state\"}\n", false),
            ("\"format\":\"zdx-state\"", false),
            ("", false),
        ] {
            fs::write(at("f"), text).unwrap();
            assert_eq!(what(&at("f"), Some(&state)).is_some(), expect, "{text}");
            let of_states = expect && text.contains("state");
            assert_eq!(what(&at("f.lock"), None).is_some(), of_states, "{text}");
        }
        assert_eq!(what(dir.path(), Some(&state)), None);
    }
}

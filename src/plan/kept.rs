//! Files that zdx keeps for itself: no output is one of them.
//!
//! Looks at names, at how files begin and at which they are; touches nothing.

use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _},
    place::is_hidden_own,
    sink, state,
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Refuses a file of zdx's own as an output. `state` is where the account's positions are kept,
/// whether the state takes part or not.
pub(crate) fn check_not_kept(path: &Path, state: Option<&Path>) -> Result<(), Failure> {
    let what = what(path, state);
    let what =
        what.or_exit(Exit::Output, || format!("cannot open the output {}", path.display()))?;
    let Some(what) = what else { return Ok(()) };
    let text = format!("the output {} is {what}, which zdx keeps for itself", path.display());
    Err(Failure::usage(text).hint("give the records a file of their own with -o"))
}

/// What a file is to zdx.
fn what(path: &Path, state: Option<&Path>) -> io::Result<Option<&'static str>> {
    if is_hidden_own(path) {
        return Ok(Some("what stands hidden beside an output"));
    }
    if let Some(state) = state
        && let Some(behind) = path.to_string_lossy().strip_prefix(&*state.to_string_lossy())
    {
        match behind {
            "" => return Ok(Some("the state")),
            ".lock" => return Ok(Some("the lock of the state")),
            _ if state::is_kept_as(behind) => return Ok(Some("a copy of the state")),
            _ => {}
        }
    }
    let locked = path.to_string_lossy().strip_suffix(".lock").map(PathBuf::from);
    if locked.is_some_and(|locked| format(&locked).ok().flatten().as_deref() == Some(state::FORMAT))
    {
        return Ok(Some("the lock of a state"));
    }
    Ok(match format(path)?.as_deref() {
        Some(state::FORMAT) => Some("a state"),
        Some(sink::FORMAT) => Some("what says whose an output is"),
        Some(_) | None => None,
    })
}

/// The format that a file of zdx's names, as each of them does first of all.
fn format(path: &Path) -> io::Result<Option<String>> {
    const LONGEST: u64 = 80;
    match disk::read_beginning(path, LONGEST) {
        Ok(bytes) => Ok(named(&String::from_utf8_lossy(&bytes))),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn named(text: &str) -> Option<String> {
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
            assert_eq!(what(&at(name), Some(&state)).unwrap().is_some(), expect, "{name}");
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
            assert_eq!(what(&at("f"), Some(&state)).unwrap().is_some(), expect, "{text}");
            let of_states = expect && text.contains("state");
            assert_eq!(what(&at("f.lock"), None).unwrap().is_some(), of_states, "{text}");
        }
        assert_eq!(what(dir.path(), Some(&state)).unwrap(), None);
    }
}

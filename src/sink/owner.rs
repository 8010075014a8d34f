//! The file beside an output that says whose it is: `.NAME.owner`. It outlives the process, so that
//! an output belongs to one series whoever runs when.
//!
//! Pure: text and values. Must not know how it is written.

use crate::mark::Id;
use serde_json::{Value, json};
use std::{
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
};

/// What an owner file names as its format, first of all.
pub(crate) const FORMAT: &str = "zdx-owner";
const VERSION: u64 = 1;

/// No such file is longer.
pub(super) const LONGEST: u64 = 64 * 1024;

/// What an owner file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) series: Id,
    pub(crate) account: String,
    pub(crate) resource: String,
    /// Where the series is saved.
    pub(crate) state: PathBuf,
    /// The run that has begun to write, and is not known to have ended well.
    pub(crate) open: Option<Id>,
}

impl Note {
    pub(super) fn text(&self) -> Vec<u8> {
        let Note { series, account, resource, state, open } = self;
        let note = json!({
            "format": FORMAT,
            "version": VERSION,
            "series": series.to_string(),
            "account": account,
            "resource": resource,
            "state": state.to_string_lossy(),
            "open": open.map(|run| run.to_string()),
        });
        format!("{note}\n").into_bytes()
    }

    /// The note in an owner file's bytes, or why it is none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Note, String> {
        let note: Value = serde_json::from_slice(bytes).map_err(|_error| "it is not JSON")?;
        let text = |key: &str| note.get(key).and_then(Value::as_str);
        if text("format") != Some(FORMAT) {
            return Err(format!("its format is not \"{FORMAT}\""));
        }
        match note.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => {
                return Err(format!("a newer version of zdx wrote it (version {newer})"));
            }
            Some(_) | None => return Err("its version is unknown".to_owned()),
        }
        let wrong = |key: &str| format!("its \"{key}\" is not valid");
        let owned = |key: &str| text(key).map(str::to_owned).ok_or_else(|| wrong(key));
        Ok(Note {
            series: text("series").and_then(Id::parse).ok_or_else(|| wrong("series"))?,
            account: owned("account")?,
            resource: owned("resource")?,
            state: PathBuf::from(owned("state")?),
            open: match note.get("open") {
                None | Some(Value::Null) => None,
                Some(run) => Some(run.as_str().and_then(Id::parse).ok_or_else(|| wrong("open"))?),
            },
        })
    }
}

/// A name that nothing else has. The keys of a `RandomState` are the system's random bytes.
pub(crate) fn drawn() -> Id {
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    Id(half() << 64 | half())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_goes_through_text_and_back() {
        for open in [None, Some(Id(9))] {
            let note = Note {
                series: Id(7),
                account: "acme".to_owned(),
                resource: "tickets".to_owned(),
                state: "/s/acme \"1\".json".into(),
                open,
            };
            let text = note.text();
            assert_eq!(Note::parse(&text), Ok(note));
            for length in 0..text.len() - 2 {
                assert!(Note::parse(&text[..length]).is_err());
            }
        }
        let newer = br#"{"format":"zdx-owner","version":2}"#;
        assert!(Note::parse(newer).unwrap_err().contains("newer"));
        for wrong in ["[]", r#"{"format":"zdx-state"}"#, r#"{"format":"zdx-owner","version":1}"#] {
            assert!(Note::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_two_names_are_the_same() {
        let drawn: std::collections::HashSet<Id> = (0..1000).map(|_| drawn()).collect();
        assert_eq!(drawn.len(), 1000);
    }
}

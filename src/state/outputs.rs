//! What a state says of an output: read from a document, and put into one.
//!
//! Pure: values. Must not know what else is saved of a series.

use crate::{
    mark::{Before, Committed, Identity, Mark, Remembered, Stage},
    position::Fingerprint,
};
use serde_json::{Map, Value, json};

/// A member that may be missing or null, but not of another type.
pub(super) fn optional<T>(
    saved: &Value,
    key: &str,
    typed: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match saved.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => typed(value).map(Some).ok_or_else(|| format!("\"{key}\" is not valid")),
    }
}

pub(super) fn mark(saved: &Value) -> Result<Mark, String> {
    let text = |value: &Value| Some(value.as_str()?.to_owned());
    let older = optional(saved, "caught_up", Value::as_u64)?;
    let younger = optional(saved, "turned", Value::as_u64)?;
    let remembered =
        older.map(|older| Remembered { older, younger: younger.unwrap_or(older).max(older) });
    Ok(Mark {
        remembered,
        next: match saved.get("next") {
            None | Some(Value::Null) => None,
            Some(next) => Some(committed(next)?.ok_or("its \"next\" is not valid")?),
        },
        identity: optional(saved, "file", |value| Identity::parse(value.as_str()?))?,
        before: optional(saved, "before", |value| Before::named(value.as_str()?))?,
        path: optional(saved, "path", text)?.ok_or("its output has no \"path\"")?,
        template: optional(saved, "template", text)?,
        stage: optional(saved, "stage", |value| Stage::named(value.as_str()?))?,
        file: committed(saved)?,
    })
}

/// What counts of a file.
fn committed(saved: &Value) -> Result<Option<Committed>, String> {
    let bytes = optional(saved, "committed", Value::as_u64)?;
    let tail = optional(saved, "tail", |value| Fingerprint::parse(value.as_str()?))?;
    match (bytes, tail) {
        (Some(bytes), Some(tail)) => Ok(Some(Committed { bytes, tail })),
        (None, None) => Ok(None),
        (_, _) => Err("its output has \"committed\" or \"tail\" alone".to_owned()),
    }
}

/// What an output is saved with where there is something to say.
const KNOWN: [&str; 9] =
    ["template", "stage", "committed", "tail", "file", "next", "before", "caught_up", "turned"];

/// An output as it is saved, with the members of `old` that this version does not know.
pub(super) fn marked(old: Option<Value>, mark: &Mark) -> Value {
    let mut saved = Map::new();
    saved.insert("path".to_owned(), json!(mark.path));
    if let Some(template) = &mark.template {
        saved.insert("template".to_owned(), json!(template));
    }
    if let Some(stage) = mark.stage {
        saved.insert("stage".to_owned(), json!(stage.name()));
    }
    if let Some(file) = &mark.file {
        saved.insert("committed".to_owned(), json!(file.bytes));
        saved.insert("tail".to_owned(), json!(file.tail.to_string()));
    }
    if let Some(identity) = &mark.identity {
        saved.insert("file".to_owned(), json!(identity.to_string()));
    }
    if let Some(Committed { bytes, tail }) = &mark.next {
        saved.insert("next".to_owned(), json!({"committed": bytes, "tail": tail.to_string()}));
    }
    if let Some(before) = mark.before {
        saved.insert("before".to_owned(), json!(before.name()));
    }
    if let Some(Remembered { older, younger }) = mark.remembered {
        saved.insert("caught_up".to_owned(), json!(older));
        if younger != older {
            saved.insert("turned".to_owned(), json!(younger));
        }
    }
    if let Some(Value::Object(old)) = old {
        for (key, value) in old {
            if !KNOWN.contains(&key.as_str()) {
                saved.entry(key).or_insert(value);
            }
        }
    }
    Value::Object(saved)
}

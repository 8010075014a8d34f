//! What stands in a state file: the document, and a series read from it and written into it.
//!
//! Pure: bytes and values. Must not know where the file lies.

use crate::{
    failure::{Exit, Failure},
    mark::{Committed, Mark, Stage},
    position::{Cursor, Fingerprint, Position},
    shown::shown,
    time::UnixTime,
};
use serde_json::{Map, Value, json};
use std::{path::Path, time::Duration};

const FORMAT: &str = "zdx-state";
const VERSION: u64 = 1;

/// How far ahead of the clock a saved position may lie before it is taken for damage.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(300);

/// What is saved of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) position: Position,
    /// The change time up to which records were exported.
    pub(crate) through: Option<UnixTime>,
    /// Where the window of a run that leaves out system updates began; kept until the export has
    /// caught up, however many runs that takes.
    pub(crate) window: Option<UnixTime>,
    pub(crate) output: Mark,
    /// The files of sideloads, by name.
    pub(crate) sideloads: Vec<(String, Mark)>,
}

impl Series {
    /// Whether an answer has ever moved it from where it began.
    pub(crate) fn has_had_pages(&self) -> bool {
        self.through.is_some() || matches!(self.position, Position::Cursor(_))
    }

    /// What is saved of a sideload's file.
    pub(crate) fn sideload(&self, name: &str) -> Option<&Mark> {
        self.sideloads.iter().find(|(known, _)| known == name).map(|(_, mark)| mark)
    }
}

/// An output path that a series owns, or the template of one that changes with the date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) path: String,
    pub(crate) resource: String,
}

/// Why a file is no state to go on from.
#[derive(Debug)]
pub(super) enum Unusable {
    Damaged(String),
    /// Whole, but of this version, which is still to come.
    Newer(u64),
    /// Whole, but of this account.
    Foreign(String),
}

impl From<String> for Unusable {
    fn from(reason: String) -> Unusable {
        Unusable::Damaged(reason)
    }
}

impl From<&str> for Unusable {
    fn from(reason: &str) -> Unusable {
        Unusable::Damaged(reason.to_owned())
    }
}

impl Unusable {
    pub(super) fn failure(self, path: &Path, account: &str) -> Failure {
        let whole = |reason: String| {
            let path = path.display();
            Failure::new(
                Exit::Config,
                format!("cannot use the state file {path}: {reason}; nothing was touched"),
            )
        };
        match self {
            Unusable::Damaged(reason) => damaged(path, &reason),
            Unusable::Newer(version) => {
                whole(format!("a newer version of zdx wrote it (version {version})"))
                    .hint("update zdx")
            }
            Unusable::Foreign(saved) => {
                whole(format!("it belongs to the account \"{saved}\", not \"{account}\"")).hint(
                    "pass another --state, or choose its account with ZENDESK_SUBDOMAIN or \
                     --profile",
                )
            }
        }
    }
}

pub(super) fn damaged(path: &Path, reason: &str) -> Failure {
    Failure::new(
        Exit::Config,
        format!("{} is not a valid state file: {reason}; nothing was touched", path.display()),
    )
    .hint("restore it from a backup, or move it away and start again with --since")
}

/// The document in a state file's bytes, or what is wrong with it.
pub(super) fn parse(bytes: &[u8], account: &str) -> Result<Map<String, Value>, Unusable> {
    let document = match serde_json::from_slice(bytes) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err("not a JSON object".into()),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            return Err(format!("not valid JSON at {place}").into());
        }
    };
    check_head(&document, account)?;
    Ok(document)
}

fn check_head(document: &Map<String, Value>, account: &str) -> Result<(), Unusable> {
    if document.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!("its format is not \"{FORMAT}\"").into());
    }
    match document.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(Unusable::Newer(newer)),
        Some(_) | None => return Err("its version is unknown".into()),
    }
    match document.get("account").and_then(Value::as_str) {
        Some(saved) if saved == account => {}
        Some(saved) => return Err(Unusable::Foreign(shown(saved))),
        None => return Err("it names no account".into()),
    }
    match document.get("resources") {
        // Nobody writes such a file: without its positions it would be a fresh start.
        None => Err("it has no \"resources\"".into()),
        Some(Value::Object(resources)) if resources.values().all(Value::is_object) => Ok(()),
        Some(_) => Err("its \"resources\" are not objects".into()),
    }
}

pub(super) fn series(
    document: &Map<String, Value>,
    resource: &str,
    now: UnixTime,
) -> Result<Option<Series>, String> {
    let Some(saved) = document.get("resources").and_then(|all| all.get(resource)) else {
        return Ok(None);
    };
    let saved_at = optional(saved, "saved_at", time)?.unwrap_or(now);
    let horizon = now.max(saved_at).plus(FUTURE_TOLERANCE);
    let seconds = |key| {
        let time = optional(saved, key, |value| UnixTime::new(value.as_i64()?))?;
        match time {
            Some(time) if time > horizon => Err(format!("\"{key}\" is in the future ({time})")),
            time => Ok(time),
        }
    };
    let position = match saved.get("pagination").and_then(Value::as_str) {
        Some("cursor") => match (optional(saved, "cursor", cursor)?, seconds("start_time")?) {
            (Some(cursor), None) => Position::Cursor(cursor),
            (None, Some(start)) => Position::Start(start),
            (None, None) => return Err("it has no \"cursor\"".to_owned()),
            (Some(_), Some(_)) => return Err("\"cursor\" and \"start_time\" at once".to_owned()),
        },
        Some("time") => Position::Time {
            end_time: seconds("end_time")?.ok_or("it has no \"end_time\"")?,
            seen: optional(saved, "seen", |value| {
                value.as_array()?.iter().map(|print| Fingerprint::parse(print.as_str()?)).collect()
            })?
            .unwrap_or_default(),
        },
        Some(_) | None => return Err("\"pagination\" is neither cursor nor time".to_owned()),
    };
    let output = saved.get("output").ok_or("it has no \"output\"")?;
    let sideloads = match saved.get("sideloads") {
        None => Vec::new(),
        Some(Value::Object(sideloads)) => sideloads
            .iter()
            .map(|(name, saved)| Ok((name.clone(), mark(saved)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("\"sideloads\" is not an object".to_owned()),
    };
    Ok(Some(Series {
        position,
        through: optional(saved, "through", time)?,
        window: optional(saved, "window", time)?,
        output: mark(output)?,
        sideloads,
    }))
}

/// A member that may be missing or null, but not of another type.
fn optional<T>(
    saved: &Value,
    key: &str,
    typed: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match saved.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => typed(value).map(Some).ok_or_else(|| format!("\"{key}\" is not valid")),
    }
}

pub(super) fn time(value: &Value) -> Option<UnixTime> {
    UnixTime::from_rfc3339(value.as_str()?)
}

fn cursor(value: &Value) -> Option<Cursor> {
    Cursor::new(value.as_str()?)
}

fn mark(saved: &Value) -> Result<Mark, String> {
    let text = |value: &Value| Some(value.as_str()?.to_owned());
    let bytes = optional(saved, "committed", Value::as_u64)?;
    let tail = optional(saved, "tail", |value| Fingerprint::parse(value.as_str()?))?;
    let caught_up = optional(saved, "caught_up", Value::as_u64)?;
    Ok(Mark {
        caught_up,
        path: optional(saved, "path", text)?.ok_or("its output has no \"path\"")?,
        template: optional(saved, "template", text)?,
        stage: optional(saved, "stage", |value| Stage::named(value.as_str()?))?,
        file: match (bytes, tail) {
            (Some(bytes), Some(tail)) => Some(Committed { bytes, tail }),
            (None, None) => None,
            (_, _) => return Err("its output has \"committed\" or \"tail\" alone".to_owned()),
        },
    })
}

/// Puts a series into a document, which may be a new one.
pub(super) fn put(
    document: &mut Map<String, Value>,
    account: &str,
    resource: &str,
    series: &Series,
    saved_at: UnixTime,
) {
    document.insert("format".to_owned(), json!(FORMAT));
    document.insert("version".to_owned(), json!(VERSION));
    document.insert("account".to_owned(), json!(account));
    let resources = document.entry("resources").or_insert_with(|| json!({}));
    let resources = resources.as_object_mut().expect("checked when it was read");
    let saved = resources.entry(resource).or_insert_with(|| json!({}));
    write_series(saved.as_object_mut().expect("checked when it was read"), series, saved_at);
}

/// The known members first, in the documented order, then those that this version does not know.
fn write_series(saved: &mut Map<String, Value>, series: &Series, saved_at: UnixTime) {
    let mut old = std::mem::take(saved);
    let mut set = |key: &str, value: Value| {
        saved.insert(key.to_owned(), value);
    };
    set("pagination", json!(series.position.pagination().name()));
    match &series.position {
        Position::Start(start) => set("start_time", json!(start.seconds())),
        Position::Cursor(cursor) => set("cursor", json!(cursor.as_str())),
        Position::Time { end_time, seen } => {
            set("end_time", json!(end_time.seconds()));
            let mut seen: Vec<String> = seen.iter().map(Fingerprint::to_string).collect();
            seen.sort_unstable();
            set("seen", json!(seen));
        }
    }
    set("through", json!(series.through.map(|time| time.to_string())));
    if let Some(window) = series.window {
        set("window", json!(window.to_string()));
    }
    set("saved_at", json!(saved_at.to_string()));
    set("output", marked(old.remove("output"), &series.output));
    if !series.sideloads.is_empty() {
        let mut sideloads = match old.remove("sideloads") {
            Some(Value::Object(sideloads)) => sideloads,
            Some(_) | None => Map::new(),
        };
        for (name, mark) in &series.sideloads {
            let known = sideloads.remove(name);
            sideloads.insert(name.clone(), marked(known, mark));
        }
        set("sideloads", Value::Object(sideloads));
    }
    for (key, value) in old {
        if !["cursor", "start_time", "end_time", "seen", "window"].contains(&key.as_str()) {
            saved.entry(key).or_insert(value);
        }
    }
}

/// An output as it is saved, with the members of `old` that this version does not know.
fn marked(old: Option<Value>, mark: &Mark) -> Value {
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
    if let Some(length) = mark.caught_up {
        saved.insert("caught_up".to_owned(), json!(length));
    }
    if let Some(Value::Object(old)) = old {
        for (key, value) in old {
            if !["template", "stage", "committed", "tail", "caught_up"].contains(&key.as_str()) {
                saved.entry(key).or_insert(value);
            }
        }
    }
    Value::Object(saved)
}

pub(super) fn owned(document: &Map<String, Value>) -> Vec<Owned> {
    let resources = document.get("resources").and_then(Value::as_object);
    let mut owned = Vec::new();
    for (name, saved) in resources.into_iter().flatten() {
        let sideloads = saved.get("sideloads").and_then(Value::as_object);
        let marks = sideloads.into_iter().flat_map(Map::values).chain(saved.get("output"));
        for path in marks.filter_map(|mark| mark.get("path")?.as_str()) {
            owned.push(Owned { path: path.to_owned(), resource: name.clone() });
        }
        if let Some(template) = saved.get("output").and_then(|mark| mark.get("template")?.as_str())
        {
            owned.push(Owned { path: template.to_owned(), resource: name.clone() });
        }
    }
    owned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;
    use std::collections::HashSet;

    const NOW: UnixTime = match UnixTime::const_new(1_795_485_543) {
        Some(now) => now,
        None => panic!(),
    };

    fn sample(position: Position) -> Series {
        Series {
            position,
            through: UnixTime::new(1_795_485_480),
            window: None,
            output: Mark {
                path: "/data/tickets.ndjson".to_owned(),
                template: None,
                stage: None,
                file: Some(Committed { bytes: 913_333, tail: Fingerprint::of(b"tail") }),
                caught_up: None,
            },
            sideloads: Vec::new(),
        }
    }

    fn document(series: &Series) -> Map<String, Value> {
        let mut document = Map::new();
        put(&mut document, "acme", "tickets", series, NOW);
        document
    }

    #[test]
    fn every_position_survives_a_round_trip() {
        for position in [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time {
                end_time: UnixTime::clamped(1_795_485_480),
                seen: HashSet::from([Fingerprint::of(b"a"), Fingerprint::of(b"b")]),
            },
        ] {
            for window in [None, UnixTime::new(1_700_000_000)] {
                let saved = Series { window, ..sample(position.clone()) };
                assert_eq!(series(&document(&saved), "tickets", NOW), Ok(Some(saved)));
            }
        }
    }

    #[test]
    fn the_written_form_is_the_documented_one() {
        let saved = sample(Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()));
        let tail = Fingerprint::of(b"tail");
        assert_eq!(
            serde_json::to_string(&document(&saved)["resources"]["tickets"]).unwrap(),
            format!(
                "{{\"pagination\":\"cursor\",\"cursor\":\"MTU3NjYxMzUzOS4wfHw0Njd8\",\
                 \"through\":\"2026-11-24T01:58:00Z\",\"saved_at\":\"2026-11-24T01:59:03Z\",\
                 \"output\":{{\"path\":\"/data/tickets.ndjson\",\"committed\":913333,\
                 \"tail\":\"{tail}\"}}}}"
            )
        );
    }

    /// Whatever a disk makes of a state: it is refused, or it is one that goes through a rewrite
    /// unchanged and is not ahead of the clock.
    #[test]
    fn a_mutated_state_is_refused_or_read_but_never_panics() {
        let mut rng = fastrand::Rng::with_seed(5);
        let seen = HashSet::from([Fingerprint::of(b"a"), Fingerprint::of(b"b")]);
        let positions = [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time { end_time: UnixTime::clamped(1_795_485_480), seen },
        ];
        let mut read = 0;
        for position in positions {
            let good = serde_json::to_vec_pretty(&document(&sample(position))).unwrap();
            for _ in 0..fuzz::ROUNDS / 4 {
                let bytes = fuzz::mutated(&good, &mut rng);
                let Ok(parsed) = parse(&bytes, "acme") else { continue };
                let Ok(Some(found)) = series(&parsed, "tickets", NOW) else { continue };
                read += 1;
                let saved_at = parsed["resources"]["tickets"].get("saved_at").and_then(time);
                let horizon = saved_at.unwrap_or(NOW).max(NOW).plus(FUTURE_TOLERANCE);
                if let Position::Start(time) | Position::Time { end_time: time, .. } =
                    &found.position
                {
                    assert!(*time <= horizon);
                }
                assert_eq!(series(&document(&found), "tickets", NOW), Ok(Some(found)));
            }
        }
        assert!(read > fuzz::ROUNDS / 40, "too few mutations left a state: {read}");
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Value), expect: &str) {
        let mut json = Value::Object(document(&sample(Position::Time {
            end_time: UnixTime::clamped(1_795_485_480),
            seen: HashSet::new(),
        })));
        change(&mut json);
        let Value::Object(document) = json else { panic!() };
        let error = check_head(&document, "acme")
            .and_then(|()| Ok(series(&document, "tickets", NOW)?))
            .unwrap_err()
            .failure(Path::new("acme.json"), "acme");
        assert!(error.to_string().contains(expect), "{error}");
    }

    #[test]
    fn what_a_state_must_not_hold() {
        refused(|json| json["version"] = json!(2), "newer version");
        refused(|json| json["version"] = json!("1"), "version is unknown");
        refused(|json| json["format"] = json!("x"), "format");
        refused(|json| json["account"] = json!("other"), "\"other\", not \"acme\"");
        refused(|json| json["resources"] = json!([]), "resources");
        let tickets = |json: &mut Value, key: &str, value: Value| {
            json["resources"]["tickets"][key] = value;
        };
        for end_time in [json!("x"), json!(-1), json!(1.5), json!(u64::MAX)] {
            refused(|json| tickets(json, "end_time", end_time), "end_time");
        }
        refused(|json| tickets(json, "end_time", json!(1_995_485_480)), "in the future");
        refused(|json| tickets(json, "end_time", Value::Null), "no \"end_time\"");
        refused(|json| tickets(json, "seen", json!(["xyz"])), "seen");
        refused(|json| tickets(json, "pagination", json!("page")), "pagination");
        refused(|json| tickets(json, "output", Value::Null), "path");
        refused(
            |json| {
                tickets(json, "output", json!({"path": "-", "tail": null, "committed": 1}));
            },
            "alone",
        );
    }
}

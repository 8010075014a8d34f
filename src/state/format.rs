//! What stands in a state file: the document, and a series read from it and written into it.
//!
//! Pure: bytes and values. Must not know where the file lies.

use super::outputs::{mark, marked, optional};
use super::packed::{pack, packed};
use super::series::{Owned, Series};
use crate::{
    failure::{Exit, Failure},
    mark::{Id, Identity, Mark},
    position::{Cursor, Fingerprint, Overlap, Position},
    resource::Pagination,
    shown::shown,
    time::UnixTime,
};
use serde_json::{Map, Value, json};
use std::{path::Path, time::Duration};

/// What a state names as its format, first of all.
pub(crate) const FORMAT: &str = "zdx-state";

/// Version 1, of zdx 0.1, knows no series, no open run and no file's identity; it is read, and
/// written as this one.
const VERSION: u64 = 2;

/// How far ahead of the clock a saved position may lie before it is taken for damage.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(300);

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
        Some(1..=VERSION) => {}
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
        Some("time") => Position::Time(seconds("end_time")?.ok_or("it has no \"end_time\"")?),
        Some("list") => {
            let print = |value: &Value| Fingerprint::parse(value.as_str()?);
            Position::Snapshot(optional(saved, "snapshot", print)?)
        }
        Some(_) | None => return Err("\"pagination\" is not cursor, time or list".to_owned()),
    };
    let overlap = overlap(saved, &position, horizon)?;
    let output = saved.get("output").ok_or("it has no \"output\"")?;
    let sideloads = match saved.get("sideloads") {
        None => Vec::new(),
        Some(Value::Object(sideloads)) => sideloads
            .iter()
            .map(|(name, saved)| Ok((name.clone(), mark(saved)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("\"sideloads\" is not an object".to_owned()),
    };
    let id = |key| optional(saved, key, |value| Id::parse(value.as_str()?));
    Ok(Some(Series {
        id: id("series")?,
        open: id("open")?,
        position,
        overlap,
        capacity: optional(saved, "capacity", Value::as_u64)?,
        through: optional(saved, "through", time)?,
        window: optional(saved, "window", time)?,
        output: mark(output)?,
        sideloads,
    }))
}

/// What is remembered beside a position. A state of version 1 has the fingerprints of the last page,
/// by time.
fn overlap(saved: &Value, position: &Position, horizon: UnixTime) -> Result<Overlap, String> {
    let mut overlap = Overlap::none(position);
    match saved.get("overlap") {
        None | Some(Value::Null) => {
            let hex = |value: &Value| {
                value.as_array()?.iter().map(|print| Fingerprint::parse(print.as_str()?)).collect()
            };
            overlap.seen = optional(saved, "seen", hex)?.unwrap_or_default();
        }
        Some(saved @ Value::Object(_)) => {
            let anchor = |value: &Value| anchor_at(value, position.pagination(), horizon);
            if let Some(anchor) = optional(saved, "anchor", anchor)? {
                overlap.anchor = anchor;
            }
            overlap.seen = optional(saved, "seen", packed)?.unwrap_or_default();
        }
        Some(_) => return Err("\"overlap\" is not an object".to_owned()),
    }
    overlap.seen.sort_unstable();
    overlap.seen.dedup();
    Ok(overlap)
}

/// A cursor, or seconds since 1970: the start of a cursor export, or a position by time.
fn anchor_at(value: &Value, pagination: Pagination, horizon: UnixTime) -> Option<Position> {
    if pagination == Pagination::Cursor && value.is_string() {
        return cursor(value).map(Position::Cursor);
    }
    let time = UnixTime::new(value.as_i64()?).filter(|time| *time <= horizon)?;
    Some(Position::starting(pagination, time))
}

pub(super) fn time(value: &Value) -> Option<UnixTime> {
    UnixTime::from_rfc3339(value.as_str()?)
}

fn cursor(value: &Value) -> Option<Cursor> {
    Cursor::new(value.as_str()?)
}

/// Says of a document that it is one of this version.
pub(super) fn put_head(document: &mut Map<String, Value>, account: &str) {
    document.insert("format".to_owned(), json!(FORMAT));
    document.insert("version".to_owned(), json!(VERSION));
    document.insert("account".to_owned(), json!(account));
    document.entry("file").or_insert(Value::Null);
}

/// Puts into a saved series which run has begun to write, and how its outputs stand.
pub(super) fn put_run(
    document: &mut Map<String, Value>,
    resource: &str,
    run: Option<Id>,
    output: &Mark,
    sideloads: &[(String, Mark)],
) {
    let saved = document.get_mut("resources").and_then(|all| all.get_mut(resource));
    let Some(saved) = saved.and_then(Value::as_object_mut) else { return };
    saved.insert("open".to_owned(), json!(run.map(|run| run.to_string())));
    let old = saved.get("output").cloned();
    saved.insert("output".to_owned(), marked(old, output));
    put_sideloads(saved, sideloads);
}

/// The series' id, if it has one.
pub(super) fn id(document: &Map<String, Value>, resource: &str) -> Result<Option<Id>, String> {
    let saved = document.get("resources").and_then(|all| all.get(resource));
    saved.map_or(Ok(None), |saved| optional(saved, "series", |value| Id::parse(value.as_str()?)))
}

/// Says in a document which file it stands in.
pub(super) fn put_identity(document: &mut Map<String, Value>, identity: Option<&Identity>) {
    document.insert("file".to_owned(), json!(identity.map(Identity::to_string)));
}

/// Which file a document says that it stands in.
pub(super) fn identity(document: &Map<String, Value>) -> Option<Identity> {
    Identity::parse(document.get("file")?.as_str()?)
}

/// Whether zdx 0.1 wrote it.
pub(super) fn is_first_version(document: &Map<String, Value>) -> bool {
    document.get("version").and_then(Value::as_u64) == Some(1)
}

/// Puts a series into a document, which may be a new one.
pub(super) fn put(
    document: &mut Map<String, Value>,
    account: &str,
    resource: &str,
    series: &Series,
    saved_at: UnixTime,
) {
    put_head(document, account);
    let resources = document.entry("resources").or_insert_with(|| json!({}));
    let resources = resources.as_object_mut().expect("checked when it was read");
    let saved = resources.entry(resource).or_insert_with(|| json!({}));
    write_series(saved.as_object_mut().expect("checked when it was read"), series, saved_at);
}

/// Members that are known, and missing where they say nothing.
const NO_MORE: [&str; 8] =
    ["cursor", "start_time", "end_time", "snapshot", "seen", "overlap", "capacity", "window"];

/// The known members first, in the documented order, then those that this version does not know.
fn write_series(saved: &mut Map<String, Value>, series: &Series, saved_at: UnixTime) {
    let mut old = std::mem::take(saved);
    let mut set = |key: &str, value: Value| {
        saved.insert(key.to_owned(), value);
    };
    if let Some(id) = series.id {
        set("series", json!(id.to_string()));
    }
    set("open", json!(series.open.map(|run| run.to_string())));
    set("pagination", json!(series.position.pagination().name()));
    match &series.position {
        Position::Start(start) => set("start_time", json!(start.seconds())),
        Position::Cursor(cursor) => set("cursor", json!(cursor.as_str())),
        Position::Time(end_time) => set("end_time", json!(end_time.seconds())),
        Position::Snapshot(print) => {
            set("snapshot", json!(print.map(|print| print.to_string())));
        }
    }
    if series.overlap != Overlap::none(&series.position) {
        let anchor = match &series.overlap.anchor {
            Position::Start(time) | Position::Time(time) => json!(time.seconds()),
            Position::Cursor(cursor) => json!(cursor.as_str()),
            Position::Snapshot(_) => Value::Null,
        };
        set("overlap", json!({"anchor": anchor, "seen": pack(&series.overlap.seen)}));
    }
    if let Some(capacity) = series.capacity {
        set("capacity", json!(capacity));
    }
    set("through", json!(series.through.map(|time| time.to_string())));
    if let Some(window) = series.window {
        set("window", json!(window.to_string()));
    }
    set("saved_at", json!(saved_at.to_string()));
    set("output", marked(old.remove("output"), &series.output));
    if let Some(sideloads) = old.remove("sideloads") {
        set("sideloads", sideloads);
    }
    put_sideloads(saved, &series.sideloads);
    for (key, value) in old {
        if !NO_MORE.contains(&key.as_str()) {
            saved.entry(key).or_insert(value);
        }
    }
}

fn put_sideloads(saved: &mut Map<String, Value>, sideloads: &[(String, Mark)]) {
    if sideloads.is_empty() {
        return;
    }
    let all = saved.entry("sideloads").or_insert_with(|| json!({}));
    let all = all.as_object_mut().expect("checked when it was read");
    for (name, mark) in sideloads {
        let known = all.shift_remove(name);
        all.insert(name.clone(), marked(known, mark));
    }
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
    use crate::mark::{Before, Committed, Remembered};

    const NOW: UnixTime = match UnixTime::const_new(1_795_485_543) {
        Some(now) => now,
        None => panic!(),
    };

    fn sample(position: Position) -> Series {
        Series {
            id: Some(Id(7)),
            open: None,
            overlap: Overlap::none(&position),
            position,
            capacity: None,
            through: UnixTime::new(1_795_485_480),
            window: None,
            output: Mark {
                file: Some(Committed { bytes: 913_333, tail: Fingerprint::of(b"tail") }),
                identity: Some(Identity::new(12, Some(1_795_485_480_000_000_001))),
                ..Mark::of("/data/tickets.ndjson".to_owned())
            },
            sideloads: Vec::new(),
        }
    }

    fn document(series: &Series) -> Map<String, Value> {
        let mut document = Map::new();
        put(&mut document, "acme", "tickets", series, NOW);
        document
    }

    fn prints() -> Vec<Fingerprint> {
        let mut prints = vec![Fingerprint::of(b"a"), Fingerprint::of(b"b")];
        prints.sort_unstable();
        prints
    }

    #[test]
    fn every_position_survives_a_round_trip() {
        for position in [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time(UnixTime::clamped(1_795_485_480)),
        ] {
            let sample = sample(position);
            let anchor = |anchor| Overlap { anchor, seen: prints() };
            let start =
                Position::starting(sample.position.pagination(), UnixTime::clamped(1_600_000_000));
            for overlap in [sample.overlap.clone(), anchor(sample.position.clone()), anchor(start)]
            {
                for window in [None, UnixTime::new(1_700_000_000)] {
                    let capacity = window.map(|_| 100);
                    let overlap = overlap.clone();
                    let saved = Series { window, overlap, capacity, ..sample.clone() };
                    assert_eq!(series(&document(&saved), "tickets", NOW), Ok(Some(saved)));
                }
            }
            let mut saved = Series { open: Some(Id(3)), ..sample };
            saved.output.before = Some(Before::Replaced);
            saved.sideloads = vec![("users".to_owned(), Mark::of("-".to_owned()))];
            assert_eq!(series(&document(&saved), "tickets", NOW), Ok(Some(saved.clone())));
            for younger in [5, 9] {
                let remembered = Some(Remembered { older: 5, younger });
                let mark = Mark { remembered, ..saved.output.clone() };
                saved.sideloads = vec![("users".to_owned(), mark)];
                assert_eq!(series(&document(&saved), "tickets", NOW), Ok(Some(saved.clone())));
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
                "{{\"series\":\"00000000000000000000000000000007\",\"open\":null,\
                 \"pagination\":\"cursor\",\"cursor\":\"MTU3NjYxMzUzOS4wfHw0Njd8\",\
                 \"through\":\"2026-11-24T01:58:00Z\",\"saved_at\":\"2026-11-24T01:59:03Z\",\
                 \"output\":{{\"path\":\"/data/tickets.ndjson\",\"committed\":913333,\
                 \"tail\":\"{tail}\",\"file\":\"12-1795485480000000001\"}}}}"
            )
        );
    }

    /// Whatever a disk makes of a state: it is refused, or it is one that goes through a rewrite
    /// unchanged and is not ahead of the clock.
    #[test]
    fn a_mutated_state_is_refused_or_read_but_never_panics() {
        let mut rng = fastrand::Rng::with_seed(5);
        let positions = [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time(UnixTime::clamped(1_795_485_480)),
        ];
        let mut read = 0;
        for position in positions {
            let overlap = Overlap { anchor: position.clone(), seen: prints() };
            let saved = Series { overlap, ..sample(position) };
            let good = serde_json::to_vec_pretty(&document(&saved)).unwrap();
            for _ in 0..fuzz::ROUNDS / 4 {
                let bytes = fuzz::mutated(&good, &mut rng);
                let Ok(parsed) = parse(&bytes, "acme") else { continue };
                let Ok(Some(found)) = series(&parsed, "tickets", NOW) else { continue };
                read += 1;
                let saved_at = parsed["resources"]["tickets"].get("saved_at").and_then(time);
                let horizon = saved_at.unwrap_or(NOW).max(NOW).plus(FUTURE_TOLERANCE);
                for position in [&found.position, &found.overlap.anchor] {
                    if let Position::Start(time) | Position::Time(time) = position {
                        assert!(*time <= horizon);
                    }
                }
                assert_eq!(series(&document(&found), "tickets", NOW), Ok(Some(found)));
            }
        }
        assert!(read > fuzz::ROUNDS / 40, "too few mutations left a state: {read}");
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Value), expect: &str) {
        let position = Position::Time(UnixTime::clamped(1_795_485_480));
        let mut json = Value::Object(document(&sample(position)));
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
        refused(|json| json["version"] = json!(3), "newer version");
        for unknown in [json!("1"), json!(0), json!(1.5)] {
            refused(|json| json["version"] = unknown, "version is unknown");
        }
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
        refused(|json| tickets(json, "series", json!("x")), "series");
        refused(|json| tickets(json, "open", json!(7)), "open");
        for seen in [json!(7), json!("?"), json!("AAAA")] {
            refused(|json| tickets(json, "overlap", json!({"seen": seen})), "seen");
        }
        for anchor in [json!("x"), json!(-1), json!(1_995_485_480)] {
            refused(|json| tickets(json, "overlap", json!({"anchor": anchor})), "anchor");
        }
        refused(|json| tickets(json, "overlap", json!("x")), "overlap");
        refused(|json| tickets(json, "capacity", json!("x")), "capacity");
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

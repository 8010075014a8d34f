//! From a page's records to the lines that are written for them: what was seen before is left out,
//! what lies outside of the window is left out, the rest is one line each.
//!
//! Pure. Must not know requests, positions or files.

use crate::{
    position::Fingerprint,
    record::{LoneSurrogates, push_record},
    scan::Json,
    time::UnixTime,
};
use memchr::memmem;
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, HashSet},
    io::{self, Write},
};

/// What is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    /// The member that says when a record changed.
    pub(super) change_time: &'a str,
    pub(super) until: Option<UnixTime>,
    pub(super) updated_since: Option<UnixTime>,
    /// At most so many records are kept.
    pub(super) limit: u64,
}

/// How what is kept is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) surrogates: LoneSurrogates,
    /// Whether each line says what it is.
    pub(super) envelope: bool,
}

/// What was left out of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) duplicates: u64,
    pub(super) outside: u64,
    /// A record at or behind `until` was met.
    pub(super) passed_until: bool,
    /// The limit left something out.
    pub(super) cut: bool,
}

impl LeftOut {
    /// Whether what was left out lies behind what is written: the page's position is not theirs.
    pub(super) fn is_cut(self) -> bool {
        self.cut || self.passed_until
    }
}

/// Chooses the records of a page that are written. `prints` are the records' fingerprints, or empty
/// where nothing can be served twice.
pub(super) fn select<'a>(
    records: &[Json<'a>],
    prints: &[Fingerprint],
    seen: &HashSet<Fingerprint>,
    window: Window<'_>,
) -> (Vec<Json<'a>>, LeftOut) {
    let mut kept = Vec::with_capacity(records.len());
    let mut left_out = LeftOut::default();
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    for (index, record) in records.iter().enumerate() {
        if prints.get(index).is_some_and(|print| seen.contains(print)) {
            left_out.duplicates += 1;
            continue;
        }
        if window.until.is_some() || window.updated_since.is_some() {
            let members = members(*record);
            if at_or_after(&members, window.change_time, window.until) {
                left_out.passed_until = true;
                left_out.outside += 1;
                continue;
            }
            if before(&members, "updated_at", window.updated_since) {
                left_out.outside += 1;
                continue;
            }
        }
        if kept.len() == limit {
            left_out.cut = true;
            break;
        }
        kept.push(*record);
    }
    (kept, left_out)
}

/// What was noticed while lines were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    pub(super) deleted: u64,
    /// Lone surrogate escapes that were replaced.
    pub(super) surrogates: u64,
}

/// Lines are handed on in pieces of about this many bytes.
const PIECE: usize = 256 * 1024;

/// The record in a line of [`write`], whether or not it stands in an envelope.
pub(super) fn record_in<'l>(line: &'l [u8], name: &str) -> &'l [u8] {
    let before = format!("{{\"resource\":\"{name}\",\"record\":");
    let inside = line.strip_prefix(before.as_bytes()).and_then(|rest| rest.strip_suffix(b"}"));
    inside.unwrap_or(line)
}

/// Writes one line for each record; `name` is what an envelope says that they are.
pub(super) fn write<'a>(
    records: impl Iterator<Item = Json<'a>>,
    form: Form,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<Noticed> {
    let mut noticed = Noticed::default();
    let (before, after) = match form.envelope {
        true => (format!("{{\"resource\":\"{name}\",\"record\":"), "}\n"),
        false => (String::new(), "\n"),
    };
    let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
    for record in records {
        piece.extend_from_slice(before.as_bytes());
        let start = piece.len();
        noticed.surrogates += push_record(record, form.surrogates, &mut piece);
        noticed.deleted += u64::from(is_deleted(piece.get(start..).unwrap_or_default()));
        piece.extend_from_slice(after.as_bytes());
        if piece.len() >= PIECE {
            out.write_all(&piece)?;
            piece.clear();
        }
    }
    out.write_all(&piece)?;
    Ok(noticed)
}

/// The members of a record, values raw. A record with a name that is no Unicode has none.
fn members(record: Json<'_>) -> HashMap<String, &RawValue> {
    serde_json::from_slice(record.bytes).unwrap_or_default()
}

/// Whether a member is a time at or after `limit`.
fn at_or_after(members: &HashMap<String, &RawValue>, key: &str, limit: Option<UnixTime>) -> bool {
    let time = members.get(key).and_then(|raw| moment(raw));
    matches!((time, limit), (Some(time), Some(limit)) if time >= limit)
}

/// Whether a member is a time before `limit`; one that cannot be read is not.
fn before(members: &HashMap<String, &RawValue>, key: &str, limit: Option<UnixTime>) -> bool {
    let time = members.get(key).and_then(|raw| moment(raw));
    matches!((time, limit), (Some(time), Some(limit)) if time < limit)
}

/// A member that is epoch seconds or RFC 3339.
fn moment(raw: &RawValue) -> Option<UnixTime> {
    if let Ok(seconds) = raw.get().parse() {
        return UnixTime::new(seconds);
    }
    UnixTime::from_rfc3339(&serde_json::from_str::<String>(raw.get()).ok()?)
}

/// When a record changed.
pub(super) fn change_time(record: Json<'_>, key: &str) -> Option<UnixTime> {
    moment(members(record).get(key)?)
}

/// Whether this is a deleted ticket. The search finds candidates fast; only the record's own
/// member counts.
fn is_deleted(record: &[u8]) -> bool {
    const DELETED: &[u8] = br#""status":"deleted""#;
    memmem::find(record, DELETED).is_some()
        && serde_json::from_slice(record).is_ok_and(|members: HashMap<String, &RawValue>| {
            members.get("status").is_some_and(|status| status.get() == "\"deleted\"")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Scanner;

    const WINDOW: Window<'_> = Window {
        change_time: "generated_timestamp",
        until: None,
        updated_since: None,
        limit: u64::MAX,
    };

    fn json(text: &str) -> Json<'_> {
        Scanner::new(text).value().unwrap()
    }

    fn kept(records: &[&str], seen: &[&str], window: Window<'_>) -> (Vec<String>, LeftOut) {
        let raw: Vec<Json<'_>> = records.iter().map(|record| json(record)).collect();
        let prints: Vec<Fingerprint> =
            records.iter().map(|record| Fingerprint::of(record.as_bytes())).collect();
        let seen = seen.iter().map(|record| Fingerprint::of(record.as_bytes())).collect();
        let (kept, left_out) = select(&raw, &prints, &seen, window);
        (
            kept.iter().map(|record| String::from_utf8_lossy(record.bytes).into_owned()).collect(),
            left_out,
        )
    }

    fn lines(records: &[&str], envelope: bool) -> (String, Noticed) {
        let form = Form { surrogates: LoneSurrogates::Replace, envelope };
        let mut out = Vec::new();
        let records = records.iter().map(|record| json(record));
        let noticed = write(records, form, "tickets", &mut out).unwrap();
        (String::from_utf8(out).unwrap(), noticed)
    }

    #[test]
    fn what_was_seen_is_dropped_and_what_differs_in_a_byte_is_not() {
        let (one, two, three) = (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#);
        let (kept, left_out) = kept(&[one, two], &[one, three], WINDOW);
        assert_eq!(kept, [two]);
        assert_eq!(left_out.duplicates, 1);
    }

    #[test]
    fn a_record_twice_on_one_page_is_kept_as_served() {
        let (kept, left_out) = kept(&[r#"{"a":1}"#, r#"{"a":1}"#], &[], WINDOW);
        assert_eq!(kept.len(), 2);
        assert_eq!(left_out, LeftOut::default());
    }

    #[test]
    fn the_window_is_half_open() {
        let window = Window { until: UnixTime::new(20), ..WINDOW };
        let at = |n: u32| format!("{{\"generated_timestamp\":{n}}}");
        let (early, late) = (at(19), at(20));
        let (kept, left_out) = kept(&[&early, &late, "{}"], &[], window);
        assert_eq!(kept, [&early, "{}"]);
        assert!(left_out.passed_until);
    }

    #[test]
    fn system_updates_are_told_by_updated_at() {
        let window = Window { updated_since: UnixTime::new(86_400), ..WINDOW };
        let old = r#"{"updated_at":"1970-01-01T23:59:59Z","generated_timestamp":90000}"#;
        let new = r#"{"updated_at":"1970-01-02T00:00:00Z","generated_timestamp":90000}"#;
        let (kept, left_out) = kept(&[old, new, "{}"], &[], window);
        assert_eq!(kept, [new, "{}"]);
        assert_eq!(left_out.outside, 1);
    }

    #[test]
    fn a_limit_cuts_at_exactly_so_many() {
        let window = Window { limit: 1, ..WINDOW };
        assert_eq!(kept(&[r#"{"a":1}"#, r#"{"a":2}"#], &[], window).0, [r#"{"a":1}"#]);
    }

    #[test]
    fn one_line_each_and_the_envelope_names_the_resource() {
        let records = [r#"{"a":1}"#, "{\"a\" :\n2}"];
        assert_eq!(lines(&records, false).0, "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(
            lines(&records, true).0,
            "{\"resource\":\"tickets\",\"record\":{\"a\":1}}\n\
             {\"resource\":\"tickets\",\"record\":{\"a\":2}}\n"
        );
    }

    #[test]
    fn deleted_tickets_are_counted_by_their_own_status() {
        let nested = r#"{"x":{"status":"deleted"},"status":"open"}"#;
        let text = r#"{"x":"\"status\":\"deleted\"","status":"open"}"#;
        let deleted = r#"{"status" : "deleted"}"#;
        assert_eq!(lines(&[nested, text, deleted], true).1.deleted, 1);
    }
}

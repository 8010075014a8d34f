//! From a page's records to the lines that are written for them: what was seen before is left out,
//! what lies outside of the window is left out, the rest is one line each.
//!
//! Pure. Must not know requests, positions or files.

use crate::{
    page::{LoneSurrogates, push_record},
    position::Fingerprint,
    time::UnixTime,
};
use memchr::memmem;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// What is left out, and how the rest is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    /// The member that says when a record changed.
    pub(super) change_time: &'a str,
    pub(super) until: Option<UnixTime>,
    pub(super) updated_since: Option<UnixTime>,
    pub(super) surrogates: LoneSurrogates,
    /// The name that each line is to carry.
    pub(super) envelope: Option<&'a str>,
    /// At most so many lines.
    pub(super) limit: u64,
}

/// What was counted while the lines were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) written: u64,
    pub(super) duplicates: u64,
    pub(super) left_out: u64,
    pub(super) deleted: u64,
    pub(super) surrogates: u64,
    /// A record at or behind `until` was met.
    pub(super) passed_until: bool,
}

/// Appends the lines of a page to `out`. `prints` are the records' fingerprints, or empty where
/// nothing can be served twice.
pub(super) fn write(
    records: &[&RawValue],
    prints: &[Fingerprint],
    seen: &HashSet<Fingerprint>,
    rules: Rules<'_>,
    out: &mut Vec<u8>,
) -> Counts {
    let mut counts = Counts::default();
    let prefix = rules.envelope.map(prefix);
    for (index, record) in records.iter().enumerate() {
        if prints.get(index).is_some_and(|print| seen.contains(print)) {
            counts.duplicates += 1;
            continue;
        }
        if rules.until.is_some() || rules.updated_since.is_some() {
            let members = members(record);
            if at_or_after(&members, rules.change_time, rules.until) {
                counts.passed_until = true;
                counts.left_out += 1;
                continue;
            }
            if rules.updated_since.is_some()
                && !at_or_after(&members, "updated_at", rules.updated_since)
            {
                counts.left_out += 1;
                continue;
            }
        }
        if counts.written == rules.limit {
            break;
        }
        let start = out.len();
        out.extend_from_slice(prefix.as_deref().unwrap_or_default());
        counts.surrogates += push_record(record.get(), rules.surrogates, out);
        counts.deleted += u64::from(is_deleted(out.get(start..).unwrap_or_default(), record));
        if prefix.is_some() {
            out.push(b'}');
        }
        out.push(b'\n');
        counts.written += 1;
    }
    counts
}

fn prefix(name: &str) -> Vec<u8> {
    format!("{{\"resource\":\"{name}\",\"record\":").into_bytes()
}

/// The members of a record, values raw. A record with a name that is no Unicode has none.
fn members(record: &RawValue) -> HashMap<String, &RawValue> {
    serde_json::from_str(record.get()).unwrap_or_default()
}

/// Whether a member is a time at or after `limit`.
fn at_or_after(members: &HashMap<String, &RawValue>, key: &str, limit: Option<UnixTime>) -> bool {
    let time = members.get(key).and_then(|raw| moment(raw));
    matches!((time, limit), (Some(time), Some(limit)) if time >= limit)
}

/// A member that is epoch seconds or RFC 3339.
fn moment(raw: &RawValue) -> Option<UnixTime> {
    if let Ok(seconds) = raw.get().parse() {
        return UnixTime::new(seconds);
    }
    UnixTime::from_rfc3339(&serde_json::from_str::<String>(raw.get()).ok()?)
}

/// When a record changed.
pub(super) fn change_time(record: &RawValue, key: &str) -> Option<UnixTime> {
    moment(members(record).get(key)?)
}

/// Whether this is a deleted ticket. The search finds candidates fast; only the record's own
/// member counts.
fn is_deleted(line: &[u8], record: &RawValue) -> bool {
    const DELETED: &[u8] = br#""status":"deleted""#;
    memmem::find(line, DELETED).is_some()
        && members(record).get("status").is_some_and(|status| status.get() == "\"deleted\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules<'_> = Rules {
        change_time: "generated_timestamp",
        until: None,
        updated_since: None,
        surrogates: LoneSurrogates::Replace,
        envelope: None,
        limit: u64::MAX,
    };

    fn run(records: &[&str], seen: &[&str], rules: Rules<'_>) -> (String, Counts) {
        let raw: Vec<&RawValue> =
            records.iter().map(|record| serde_json::from_str(record).unwrap()).collect();
        let prints: Vec<Fingerprint> =
            records.iter().map(|record| Fingerprint::of(record.as_bytes())).collect();
        let seen = seen.iter().map(|record| Fingerprint::of(record.as_bytes())).collect();
        let mut out = Vec::new();
        let counts = write(&raw, &prints, &seen, rules, &mut out);
        (String::from_utf8(out).unwrap(), counts)
    }

    #[test]
    fn what_was_seen_is_dropped_and_what_differs_in_a_byte_is_not() {
        let (lines, counts) =
            run(&[r#"{"a":1}"#, r#"{"a":2}"#], &[r#"{"a":1}"#, r#"{"a":3}"#], RULES);
        assert_eq!(lines, "{\"a\":2}\n");
        assert_eq!(counts, Counts { written: 1, duplicates: 1, ..Counts::default() });
    }

    #[test]
    fn a_record_twice_on_one_page_is_written_as_served() {
        let (lines, _) = run(&[r#"{"a":1}"#, r#"{"a":1}"#], &[], RULES);
        assert_eq!(lines, "{\"a\":1}\n{\"a\":1}\n");
    }

    #[test]
    fn the_envelope_names_the_resource() {
        let rules = Rules { envelope: Some("tickets"), ..RULES };
        let (lines, _) = run(&[r#"{"a":1}"#], &[], rules);
        assert_eq!(lines, "{\"resource\":\"tickets\",\"record\":{\"a\":1}}\n");
    }

    #[test]
    fn the_window_is_half_open() {
        let rules = Rules { until: UnixTime::new(20), ..RULES };
        let at = |n: u32| format!("{{\"generated_timestamp\":{n}}}");
        let (early, late) = (at(19), at(20));
        let (lines, counts) = run(&[&early, &late, "{}"], &[], rules);
        assert_eq!(lines, format!("{early}\n{{}}\n"));
        assert!(counts.passed_until);
    }

    #[test]
    fn system_updates_are_told_by_updated_at() {
        let rules = Rules { updated_since: UnixTime::new(86_400), ..RULES };
        let old = r#"{"updated_at":"1970-01-01T23:59:59Z","generated_timestamp":90000}"#;
        let new = r#"{"updated_at":"1970-01-02T00:00:00Z","generated_timestamp":90000}"#;
        let (lines, counts) = run(&[old, new], &[], rules);
        assert_eq!(lines, format!("{new}\n"));
        assert_eq!(counts.left_out, 1);
    }

    #[test]
    fn a_limit_cuts_at_exactly_so_many() {
        let rules = Rules { limit: 1, ..RULES };
        let (lines, counts) = run(&[r#"{"a":1}"#, r#"{"a":2}"#], &[], rules);
        assert_eq!((lines.as_str(), counts.written), ("{\"a\":1}\n", 1));
    }

    #[test]
    fn deleted_tickets_are_counted_by_their_own_status() {
        let nested = r#"{"x":{"status":"deleted"},"status":"open"}"#;
        let text = r#"{"x":"\"status\":\"deleted\"","status":"open"}"#;
        let deleted = r#"{"status" : "deleted"}"#;
        let (_, counts) = run(&[nested, text, deleted], &[], RULES);
        assert_eq!(counts.deleted, 1);
    }
}

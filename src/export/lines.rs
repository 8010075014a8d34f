//! From a page's records to the lines that are written for them: what was seen before is left out,
//! what lies outside of the window is left out, the rest is one line each.
//!
//! Pure. Must not know requests, positions or files.

use crate::{
    record::{LoneSurrogates, push_record},
    scan::Json,
    time::UnixTime,
};
use memchr::memmem;
use serde_json::value::RawValue;
use std::{
    collections::HashMap,
    io::{self, Write},
    time::Duration,
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
    /// Something at or behind `until` was left out.
    pub(super) beyond: bool,
    /// No record of the page lies before `until`.
    pub(super) passed_until: bool,
    /// The limit left something out.
    pub(super) cut: bool,
}

impl LeftOut {
    /// Whether what was left out lies behind what is written: the page's position is not theirs.
    pub(super) fn is_cut(self) -> bool {
        self.cut || self.beyond
    }
}

/// Chooses the records of a page that are written; `seen` says of an index whether the record was
/// delivered before.
pub(super) fn select<'a>(
    records: &[Json<'a>],
    seen: impl Fn(usize) -> bool,
    window: Window<'_>,
) -> (Vec<Json<'a>>, LeftOut) {
    let mut kept = Vec::with_capacity(records.len());
    let mut left_out = LeftOut::default();
    let mut before_until = window.until.is_none() || records.is_empty();
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    for (index, record) in records.iter().enumerate() {
        let looked_at = window.until.is_some() || window.updated_since.is_some();
        let members = if looked_at { members(*record) } else { HashMap::new() };
        let outside = at_or_after(&members, window.change_time, window.until);
        before_until |= !outside;
        if seen(index) {
            left_out.duplicates += 1;
            continue;
        }
        let by_system = window.updated_since.is_some_and(|since| is_system_only(&members, since));
        if outside || by_system {
            left_out.outside += 1;
            left_out.beyond |= outside;
            continue;
        }
        if kept.len() == limit {
            left_out.cut = true;
            break;
        }
        kept.push(*record);
    }
    left_out.passed_until = !before_until;
    (kept, left_out)
}

/// How far a ticket's `updated_at` must lie behind, for it to be the system's update alone.
const SYSTEM_ONLY: Duration = Duration::from_secs(300);

/// Whether only the system has changed a ticket, in a window that begins at `since`. A ticket that
/// cannot be read is kept: over-delivery is harmless.
fn is_system_only(members: &HashMap<String, &RawValue>, since: UnixTime) -> bool {
    let time = |key: &str| moment(members.get(key)?);
    let (Some(updated), Some(generated)) = (time("updated_at"), time("generated_timestamp")) else {
        return false;
    };
    updated < generated.minus(SYSTEM_ONLY) && updated < since.minus(SYSTEM_ONLY)
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

/// What stands around each record.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    before: String,
    after: &'static str,
    surrogates: LoneSurrogates,
    deleted: memmem::Finder<'static>,
}

impl Frame {
    /// `name` is what an envelope says that the records are.
    pub(super) fn new(form: Form, name: &str) -> Frame {
        let (before, after) = match form.envelope {
            true => (format!("{{\"resource\":\"{name}\",\"record\":"), "}\n"),
            false => (String::new(), "\n"),
        };
        let deleted = memmem::Finder::new(DELETED);
        Frame { before, after, surrogates: form.surrogates, deleted }
    }

    /// Adds the line of a record.
    pub(super) fn push(&self, record: Json<'_>, out: &mut Vec<u8>, noticed: &mut Noticed) {
        out.extend_from_slice(self.before.as_bytes());
        let start = out.len();
        noticed.surrogates += push_record(record, self.surrogates, out);
        noticed.deleted +=
            u64::from(is_deleted(out.get(start..).unwrap_or_default(), &self.deleted));
        out.extend_from_slice(self.after.as_bytes());
    }
}

/// Writes one line for each record; `name` is what an envelope says that they are.
pub(super) fn write<'a>(
    records: impl Iterator<Item = Json<'a>>,
    form: Form,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<Noticed> {
    let mut noticed = Noticed::default();
    let frame = Frame::new(form, name);
    let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
    for record in records {
        frame.push(record, &mut piece, &mut noticed);
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

/// The latest change among records, of those that lie at or before `limit`.
pub(super) fn latest(records: &[Json<'_>], key: &str, limit: Option<UnixTime>) -> Option<UnixTime> {
    let name = format!("\"{key}\":");
    let name = memmem::Finder::new(&name);
    let mut best = None;
    // The last one is mostly the latest: of the others a glance then says that they are not.
    for record in records.iter().rev() {
        if glance(record.bytes, &name).is_some_and(|most| Some(most) <= best) {
            continue;
        }
        let found = change_time(*record, key);
        if found > best && limit.is_none_or(|limit| found <= Some(limit)) {
            best = found;
        }
    }
    best
}

/// A time that a record's member of a name does not lie behind: the latest of all members so named,
/// also of what the record holds. `None` if one cannot be told by this.
fn glance(record: &[u8], name: &memmem::Finder<'_>) -> Option<UnixTime> {
    let time = |at: usize| {
        let value = record.get(at + name.needle().len()..)?;
        let text = match value.split_first()? {
            (b'"', rest) => rest.get(..memchr::memchr(b'"', rest)?)?,
            _ => value.get(..value.iter().position(|byte| !byte.is_ascii_digit())?)?,
        };
        let text = std::str::from_utf8(text).ok()?;
        match text.parse() {
            Ok(seconds) => UnixTime::new(seconds),
            Err(_) => UnixTime::from_rfc3339(text),
        }
    };
    let mut most = None;
    for at in name.find_iter(record) {
        most = most.max(Some(time(at)?));
    }
    most
}

const DELETED: &[u8] = br#""status":"deleted""#;

/// Whether this is a deleted ticket. The search for [`DELETED`] finds candidates fast; only the
/// record's own member counts.
fn is_deleted(record: &[u8], deleted: &memmem::Finder<'_>) -> bool {
    deleted.find(record).is_some()
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
        let (kept, left_out) = select(&raw, |index| seen.contains(&records[index]), window);
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
        assert!(left_out.beyond && left_out.is_cut() && !left_out.passed_until);
    }

    /// One record out of order is no end.
    #[test]
    fn f10_the_window_has_ended_when_no_record_of_a_page_lies_in_it() {
        let window = Window { until: UnixTime::new(20), ..WINDOW };
        let at = |n: u32| format!("{{\"generated_timestamp\":{n}}}");
        let passed = |times: &[u32]| {
            let records: Vec<String> = times.iter().map(|time| at(*time)).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            kept(&records, &[], window).1.passed_until
        };
        assert!(!passed(&[10, 25, 11]));
        assert!(!passed(&[25, 11]));
        assert!(!passed(&[]));
        assert!(passed(&[20, 25]));
        let seen = at(11);
        assert!(!kept(&[&seen, &at(25)], &[&seen], window).1.passed_until);
    }

    #[test]
    fn f11_what_only_the_system_changed_is_older_than_its_own_change_and_than_the_window() {
        let window = Window { updated_since: UnixTime::new(86_400), ..WINDOW };
        let ticket = |updated: i64, generated: i64| {
            let updated = UnixTime::clamped(updated);
            format!("{{\"updated_at\":\"{updated}\",\"generated_timestamp\":{generated}}}")
        };
        for (updated, generated, is_kept) in [
            (86_400 - 301, 90_000, false),
            (86_400 - 300, 90_000, true),
            (86_400 - 301, 86_400, false),
            (86_000, 86_300, true),
            (86_000, 86_301, false),
            (80_000, 80_300, true),
        ] {
            let ticket = ticket(updated, generated);
            let (kept, left_out) = kept(&[&ticket], &[], window);
            assert_eq!(!kept.is_empty(), is_kept, "{ticket}");
            assert_eq!(left_out.outside, u64::from(!is_kept));
            assert!(!left_out.is_cut());
        }
        assert_eq!(kept(&["{}"], &[], window).0.len(), 1);
    }

    #[test]
    fn the_latest_change_is_found_wherever_it_stands() {
        let found = |records: &[&str], limit| {
            let records: Vec<Json<'_>> = records.iter().map(|record| json(record)).collect();
            latest(&records, "t", UnixTime::new(limit)).map(UnixTime::seconds)
        };
        assert_eq!(found(&[], 100), None);
        assert_eq!(found(&["{}"], 100), None);
        assert_eq!(found(&[r#"{"t":7}"#, r#"{"t":9}"#, r#"{"t":3}"#], 100), Some(9));
        assert_eq!(found(&[r#"{"t":7}"#, r#"{"t":99}"#, r#"{"t":3}"#], 10), Some(7));
        assert_eq!(found(&[r#"{"in":{"t":50},"t":7}"#, r#"{"t":8}"#], 100), Some(8));
        assert_eq!(found(&[r#"{"t" : 7}"#, r#"{"t":5}"#], 100), Some(7));
        assert_eq!(found(&[r#"{"\u0074":7}"#, r#"{"t":5}"#], 100), Some(7));
        assert_eq!(found(&[r#"{"t":"1970-01-01T00:01:00Z"}"#, r#"{"t":5}"#], 100), Some(60));
        assert_eq!(found(&[r#"{"t":null}"#, r#"{"t":"x"}"#, r#"{"t":5}"#], 100), Some(5));
        assert_eq!(found(&[r#"{"t":253402300799}"#, r#"{"t":-5}"#], 100), None);
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

//! A page of records: from the bytes of an answer to borrowed records.
//!
//! Pure. A body is parsed once, to its end, before anything of it is used. Records are never
//! turned into values: they stay the server's bytes. Must not know requests, files or positions.

mod leads;

use crate::{
    garbled::Garbled,
    position::{Cursor, Position},
    resource::{Form, Pagination, Place, Sideload},
    scan::{Json, Scanner},
    shown::shown,
    time::UnixTime,
};
use leads::{start_id, token, typed};
use memchr::memmem;
use serde::{Deserialize as _, de::IgnoredAny};
use std::borrow::Cow;

/// An answer's body, parsed. Everything borrows from the body.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) records: Vec<Json<'a>>,
    /// The sideloads that were asked for and came, in the order asked.
    pub(crate) sideloads: Vec<(&'a str, Vec<Json<'a>>)>,
    pub(crate) envelope: Envelope,
}

impl Page<'_> {
    /// Whether a sideload came with this page, as far as can be told by a glance.
    pub(crate) fn brings(&self, sideload: &Sideload) -> bool {
        match (sideload.place, sideload.member) {
            (Place::Page, _) => self.sideloads.iter().any(|(name, _)| *name == sideload.name),
            (Place::Record, Some(member)) => {
                let member = format!("\"{member}\"");
                let has = |record: &Json<'_>| memmem::find(record.bytes, member.as_bytes());
                self.records.iter().any(|record| has(record).is_some())
            }
            (Place::Record, None) => true,
        }
    }
}

/// What a page says of itself: API notes §2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Whether it has a `meta`, as lists by cursor do.
    pub(crate) has_meta: bool,
    /// `end_of_stream`, or the opposite of `meta.has_more`.
    pub(crate) end_of_stream: Option<bool>,
    pub(crate) after_cursor: Option<Cursor>,
    pub(crate) end_time: Option<UnixTime>,
    pub(crate) next_page: NextPage,
    /// The server's own count, which is compared and never used.
    pub(crate) count: Option<u64>,
}

/// `next_page` is never fetched; only its being null means something (API notes §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NextPage {
    #[default]
    Missing,
    Null,
    Present,
}

/// Parses a body whose records stand under `record_key`.
pub(crate) fn parse<'a>(
    body: &'a [u8],
    record_key: &str,
    sideloads: &[&'a str],
) -> Result<Page<'a>, Garbled> {
    parse_of(Form::Cursor, body, record_key, sideloads)
}

/// The same of an endpoint of this form, which says where what leads on stands.
pub(crate) fn parse_of<'a>(
    form: Form,
    body: &'a [u8],
    record_key: &str,
    sideloads: &[&'a str],
) -> Result<Page<'a>, Garbled> {
    let text = text(body)?;
    let members = members(text, record_key, sideloads).ok_or_else(|| garbled(text))?;
    typed_page(form, members, record_key)
}

/// What the end of a body says of the page after it, before the body is checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Peek {
    after_cursor: Option<Cursor>,
    end_time: Option<UnixTime>,
}

/// Looks for the position behind a page at the end of its body, where servers put it (API notes
/// §2). This is a guess to be early with; it decides nothing, and finds nothing where the page is
/// the last.
pub(crate) fn peek(body: &[u8]) -> Option<Peek> {
    const TAIL: usize = 8 * 1024;
    let tail = body.get(body.len().saturating_sub(TAIL)..)?;
    // An unescaped quote in front of and behind the name: this is no text inside a string.
    let value = |name: &str| {
        let at = memmem::rfind(tail, format!("\"{name}\":").as_bytes())? + name.len() + 3;
        let rest = std::str::from_utf8(tail.get(at..)?).ok()?;
        rest.split([',', '}']).next()
    };
    let more = match value("end_of_stream") {
        Some(last) => last == "false",
        None => value("has_more")? == "true",
    };
    if !more {
        return None;
    }
    let cursor = || Cursor::new(value("after_cursor")?.strip_prefix('"')?.strip_suffix('"')?);
    Some(Peek {
        after_cursor: cursor(),
        end_time: value("end_time").and_then(|time| UnixTime::new(time.parse().ok()?)),
    })
}

impl Peek {
    /// Where the next request begins if this page is as it seems; `None` if it would not get on.
    pub(crate) fn after(self, position: &Position) -> Option<Position> {
        let next = match position.pagination() {
            Pagination::Cursor => Position::Cursor(self.after_cursor?),
            Pagination::Time => Position::starting(Pagination::Time, self.end_time?),
            Pagination::List => return None,
        };
        let same = match (&next, position) {
            (Position::Time(end_time), Position::Time(start)) => end_time <= start,
            (next, position) => next == position,
        };
        (!same).then_some(next)
    }
}

/// Rules out what is no JSON object at first sight, with a better word than "syntax".
fn text(body: &[u8]) -> Result<&str, Garbled> {
    let text = simdutf8::compat::from_utf8(body).map_err(|error| match error.error_len() {
        Some(_) => Garbled::Syntax { offset: error.valid_up_to() },
        None => Garbled::Incomplete { bytes: body.len() },
    })?;
    match text.trim_ascii_start().as_bytes().first() {
        None => Err(Garbled::Empty),
        Some(b'{') => Ok(text),
        Some(b'<') => Err(Garbled::Html),
        Some(_) => Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(IgnoredAny) => Garbled::NotAPage { found: kind(text.trim_ascii_start().as_bytes()) },
            Err(error) => syntax(&error, text),
        }),
    }
}

/// What is wrong with a text that is no JSON, in the words of the parser that is not in a hurry.
fn garbled(text: &str) -> Garbled {
    let mut json = serde_json::Deserializer::from_str(text);
    match IgnoredAny::deserialize(&mut json) {
        Err(error) => syntax(&error, text),
        Ok(IgnoredAny) => {
            let offset = json.end().map_or_else(|error| offset(&error, text), |()| 0);
            Garbled::Trailing { offset }
        }
    }
}

fn syntax(error: &serde_json::Error, text: &str) -> Garbled {
    if error.is_eof() {
        Garbled::Incomplete { bytes: text.len() }
    } else {
        Garbled::Syntax { offset: offset(error, text) }
    }
}

/// The byte at which serde_json stopped, give or take one: it tells line and column.
fn offset(error: &serde_json::Error, text: &str) -> usize {
    let lines = error.line().saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    before + error.column().saturating_sub(1)
}

/// What a JSON text is, with its article, by its first byte.
fn kind(json: &[u8]) -> &'static str {
    match json.first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(_) | None => "a number",
    }
}

/// The members of the top level that mean something, as they came.
#[derive(Default)]
struct Members<'a> {
    records: Option<Records<'a>>,
    sideloads: Vec<(&'a str, Records<'a>)>,
    end_of_stream: Option<Json<'a>>,
    after_cursor: Option<Json<'a>>,
    end_time: Option<Json<'a>>,
    end_id: Option<Json<'a>>,
    next_page: Option<Json<'a>>,
    count: Option<Json<'a>>,
    meta: Option<Json<'a>>,
    error: Option<Json<'a>>,
    repeated: Option<String>,
}

enum Records<'a> {
    Array(Vec<Json<'a>>),
    /// Something else, of this kind.
    Other(&'static str),
}

/// Takes a page apart in one pass to the end of its text. `None` if it is no JSON object.
fn members<'a>(text: &'a str, record_key: &str, sideloads: &[&'a str]) -> Option<Members<'a>> {
    let mut members = Members::default();
    let mut json = Scanner::new(text);
    if !json.eat(b'{') {
        return None;
    }
    let mut more = !json.eat(b'}');
    while more {
        let key = unquoted(json.name()?);
        if *key == *record_key {
            let records = match json.peek()? {
                b'[' => Records::Array(elements(&mut json, FULL)?),
                _ => Records::Other(kind(json.value()?.bytes)),
            };
            if members.records.replace(records).is_some() {
                members.repeated = Some(key.into_owned());
            }
        } else if let Some(name) = sideloads.iter().find(|name| ***name == *key) {
            // Most sideloads are arrays; one that is an object counts as a single record.
            let records = match json.peek()? {
                b'[' => Records::Array(elements(&mut json, 0)?),
                b'{' => Records::Array(vec![json.value()?]),
                _ => match json.value()?.bytes {
                    b"null" => Records::Array(Vec::new()),
                    other => Records::Other(kind(other)),
                },
            };
            if members.sideloads.iter().any(|(known, _)| known == name) {
                members.repeated = Some(key.into_owned());
            }
            members.sideloads.push((name, records));
        } else {
            let value = json.value()?;
            let known = match &*key {
                "end_of_stream" => Some(&mut members.end_of_stream),
                "after_cursor" => Some(&mut members.after_cursor),
                "end_time" => Some(&mut members.end_time),
                "end_id" => Some(&mut members.end_id),
                "next_page" => Some(&mut members.next_page),
                "count" => Some(&mut members.count),
                "meta" => Some(&mut members.meta),
                "error" | "errors" => Some(&mut members.error),
                _ => None,
            };
            if known.is_some_and(|member| member.replace(value).is_some()) {
                members.repeated = Some(key.into_owned());
            }
        }
        more = json.eat(b',');
        if !more && !json.eat(b'}') {
            return None;
        }
    }
    json.peek().is_none().then_some(members)
}

/// Room for the records of a full page.
const FULL: usize = 1024;

/// Takes an array apart.
fn elements<'a>(json: &mut Scanner<'a>, room: usize) -> Option<Vec<Json<'a>>> {
    let mut elements = Vec::with_capacity(room);
    if !json.eat(b'[') {
        return None;
    }
    let mut more = !json.eat(b']');
    while more {
        elements.push(json.value()?);
        more = json.eat(b',');
        if !more && !json.eat(b']') {
            return None;
        }
    }
    Some(elements)
}

/// A member's name without quotes and escapes; empty for one that is no Unicode.
fn unquoted(raw: &[u8]) -> Cow<'_, str> {
    let name = raw.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\""));
    match name.map(std::str::from_utf8) {
        Some(Ok(name)) if !name.contains('\\') => Cow::Borrowed(name),
        _ => Cow::Owned(serde_json::from_slice(raw).unwrap_or_default()),
    }
}

/// Gives the members their types, or says which one is not as documented.
fn typed_page<'a>(
    form: Form,
    mut members: Members<'a>,
    record_key: &str,
) -> Result<Page<'a>, Garbled> {
    if let Some(key) = members.repeated {
        return Err(Garbled::Repeated { key });
    }
    let records = match members.records {
        Some(Records::Array(records)) => records,
        Some(Records::Other(found)) => {
            return Err(Garbled::RecordsType { key: record_key.to_owned(), found });
        }
        None => {
            let error = members.error.map(|error| shown(&String::from_utf8_lossy(error.bytes)));
            return Err(Garbled::NoRecords { key: record_key.to_owned(), error });
        }
    };
    if let Some((index, found)) = no_object(&records) {
        return Err(Garbled::RecordType { index, found });
    }
    let sideloads = members.sideloads.into_iter().map(|(name, records)| sideload(name, records));
    let sideloads = sideloads.collect::<Result<_, _>>()?;
    let has_meta = members.meta.is_some();
    let meta: Meta =
        members.meta.and_then(|meta| serde_json::from_slice(meta.bytes).ok()).unwrap_or_default();
    let end_of_stream = match members.end_of_stream {
        Some(flag) => typed(flag, "end_of_stream", "true or false")?,
        None => meta.has_more.map(|more| !more),
    };
    let after_cursor: Option<String> = match (form, members.after_cursor) {
        (Form::StartId(_), _) => start_id(members.end_time.take(), members.end_id)?,
        (Form::Token, _) => token(members.next_page)?,
        (_, Some(cursor)) => typed(cursor, "after_cursor", "a string")?,
        (_, None) => meta.after_cursor,
    };
    let end_time: Option<i64> = match members.end_time {
        Some(time) => typed(time, "end_time", SECONDS)?,
        None => None,
    };
    let no_time = Garbled::MemberType { key: "end_time", expected: SECONDS };
    Ok(Page {
        records,
        sideloads,
        envelope: Envelope {
            has_meta,
            end_of_stream,
            after_cursor: after_cursor
                .map(|text| Cursor::new(text).ok_or(Garbled::CursorUnusable))
                .transpose()?,
            end_time: end_time.map(|seconds| UnixTime::new(seconds).ok_or(no_time)).transpose()?,
            next_page: match members.next_page.map(|next| next.bytes) {
                None => NextPage::Missing,
                Some(b"null") => NextPage::Null,
                Some(_) => NextPage::Present,
            },
            count: members.count.and_then(|count| serde_json::from_slice(count.bytes).ok()),
        },
    })
}

/// The first that is no object, with what it is.
fn no_object(records: &[Json<'_>]) -> Option<(usize, &'static str)> {
    let found = records.iter().enumerate().find(|(_, record)| !record.bytes.starts_with(b"{"));
    found.map(|(index, record)| (index, kind(record.bytes)))
}

fn sideload<'a>(name: &'a str, records: Records<'a>) -> Result<(&'a str, Vec<Json<'a>>), Garbled> {
    let key = || name.to_owned();
    match records {
        Records::Other(found) => Err(Garbled::RecordsType { key: key(), found }),
        Records::Array(records) => match no_object(&records) {
            Some((index, found)) => Err(Garbled::SideloadType { key: key(), index, found }),
            None => Ok((name, records)),
        },
    }
}

const SECONDS: &str = "whole seconds since 1970";

/// Custom objects and cursor-paged metric events say it here: API notes §2.3.
#[derive(Default, serde::Deserialize)]
struct Meta {
    has_more: Option<bool>,
    after_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Page<'_>, Garbled> {
        parse(body.as_bytes(), "tickets", &["users", "open_ticket_count"])
    }

    #[track_caller]
    fn refused(body: &str, expect: &str) {
        let error = read(body).expect_err(body).to_string();
        assert!(error.contains(expect), "{body}: {error}");
    }

    #[test]
    fn a_recorded_cursor_page() {
        let page = read(
            r#"{"tickets":[{"id":28}],"after_url":"https://a.example/x","before_url":null,
               "after_cursor":"MTY5NTA1MjY2My4wfHwyOHw=","before_cursor":null,"end_of_stream":false}"#,
        )
        .unwrap();
        assert_eq!(page.records.len(), 1);
        assert_eq!(page.envelope.end_of_stream, Some(false));
        assert_eq!(page.envelope.after_cursor, Cursor::new("MTY5NTA1MjY2My4wfHwyOHw="));
        assert_eq!(page.envelope.next_page, NextPage::Missing);
    }

    #[test]
    fn a_recorded_time_page_with_its_keys_in_any_order() {
        let page = read(
            r#"{"end_time":1694303527,"count":1,"next_page":null,"users":[{"id":1},{"id":2}],
               "end_of_stream":true,"tickets":[],"open_ticket_count":{"1":2},"extra":[[{}]]}"#,
        )
        .unwrap();
        assert_eq!(page.envelope.end_time, UnixTime::new(1_694_303_527));
        assert_eq!(page.envelope.next_page, NextPage::Null);
        assert_eq!(page.envelope.count, Some(1));
        let counts: Vec<_> = page.sideloads.iter().map(|(name, all)| (*name, all.len())).collect();
        assert_eq!(counts, [("users", 2), ("open_ticket_count", 1)]);
    }

    #[test]
    fn the_next_position_is_seen_at_the_end_of_a_body() {
        let cursor = |text: &str| Position::Cursor(Cursor::new(text).unwrap());
        let after = |body: &str, position: &Position| peek(body.as_bytes())?.after(position);
        let page = r#"{"tickets":[{"a":"\"end_of_stream\":true"}],"after_url":null,"after_cursor":"bc","end_of_stream":false}"#;
        assert_eq!(after(page, &cursor("ab")), Some(cursor("bc")));
        assert_eq!(after(page, &cursor("bc")), None);
        assert_eq!(after(&page.replace(":false}", ":true}"), &cursor("ab")), None);
        let page = r#"{"users":[],"next_page":"x","count":1,"end_of_stream":false,"end_time":200}"#;
        let at = |n| Position::starting(Pagination::Time, UnixTime::clamped(n));
        assert_eq!(after(page, &at(100)), Some(at(200)));
        assert_eq!(after(page, &at(200)), None);
        assert_eq!(after("", &at(100)), None);
        assert_eq!(after(r#"{"end_of_stream":false"#, &at(100)), None);
    }

    #[test]
    fn has_more_stands_for_end_of_stream() {
        let page = read(r#"{"tickets":[],"meta":{"has_more":true,"after_cursor":"abc"}}"#).unwrap();
        assert_eq!(page.envelope.end_of_stream, Some(false));
        assert_eq!(page.envelope.after_cursor, Cursor::new("abc"));
    }

    #[test]
    fn what_leads_on_stands_where_the_form_says() {
        let page = |form, members: &str| {
            let body = format!("{{\"tickets\":[],{members}}}");
            let page = parse_of(form, body.as_bytes(), "tickets", &[]);
            page.map(|page| page.envelope.after_cursor)
        };
        let other = r#""after_cursor":"x","next_page":"https://a.example/x?cursor=y""#;
        assert_eq!(page(Form::Cursor, other), Ok(Cursor::new("x")));
        assert_eq!(page(Form::Token, other), Ok(Cursor::new("y")));
        for unusable in [r#""next_page":"x?cursor=""#, r#""next_page":"x?cursor=a%0d%0ab""#] {
            assert_eq!(page(Form::Token, unusable), Err(Garbled::CursorUnusable), "{unusable}");
        }
    }

    #[test]
    fn escaped_and_unpaired_names_of_members() {
        let page = read(r#"{"\ud800":1,"tick\u0065ts":[{}],"end_of_stream":true}"#).unwrap();
        assert_eq!(page.records.len(), 1);
    }

    #[test]
    fn what_is_not_a_page() {
        refused("", "empty");
        refused("  \r\n", "empty");
        refused("<!DOCTYPE html>", "HTML");
        refused("\u{feff}{}", "byte 0");
        refused("[]", "an array");
        refused("\"x\"", "a string");
        refused("17", "a number");
        refused("hello", "byte 0");
        refused("{}", "no member \"tickets\"");
        refused(r#"{"error":"Oops"}"#, "Oops");
        refused(r#"{"tickets":null}"#, "is null");
        refused(r#"{"tickets":{"id":1}}"#, "is an object");
        refused(r#"{"tickets":"x"}"#, "is a string");
        refused(r#"{"tickets":7}"#, "is a number");
        refused(r#"{"tickets":[],"tickets":[]}"#, "\"tickets\" twice");
        refused(r#"{"tickets":[],"end_time":1,"end_time":2}"#, "\"end_time\" twice");
        refused(r#"{"tickets":[{},null]}"#, "null, at index 1");
        refused(r#"{"tickets":[[]]}"#, "an array, at index 0");
        refused(r#"{"tickets":[{}]"#, "incomplete");
        refused(r#"{"tickets":[{"a":"b"#, "incomplete");
        refused(r#"{"tickets":[{}]}}"#, "trailing");
        refused(r#"{"tickets":[]}{"tickets":[]}"#, "from byte 14");
        refused("{\"tickets\":[{\"a\":\"b\nc\"}]}", "near byte 18");
        refused(r#"{"tickets":[],"end_of_stream":"false"}"#, "end_of_stream");
        refused(r#"{"tickets":[],"end_of_stream":0}"#, "end_of_stream");
        refused(r#"{"tickets":[],"after_cursor":7}"#, "after_cursor");
        refused(r#"{"tickets":[],"after_cursor":"a b"}"#, "after_cursor");
        for end_time in ["\"1694303527\"", "1694303527.5", "-1", "9223372036854775808", "true"] {
            refused(&format!("{{\"tickets\":[],\"end_time\":{end_time}}}"), "end_time");
        }
    }

    #[test]
    fn a_sideload_is_checked_like_the_records() {
        let page = |sideloads: &str| format!("{{\"tickets\":[],{sideloads}}}");
        refused(&page(r#""users":[{"id":1}],"users":[{"id":2}]"#), "\"users\" twice");
        refused(&page(r#""users":[],"users":null"#), "\"users\" twice");
        refused(&page(r#""users":"oops""#), "\"users\" of the answer is a string");
        refused(&page(r#""users":7"#), "is a number");
        refused(
            &page(r#""users":[{},null,3]"#),
            "in \"users\" is not an object but null, at index 1",
        );
        refused(&page(r#""users":[[]]"#), "an array, at index 0");
        let body = page(r#""users":null,"open_ticket_count":{"1":2}"#);
        let read = read(&body).unwrap();
        let counts: Vec<_> = read.sideloads.iter().map(|(name, all)| (*name, all.len())).collect();
        assert_eq!(counts, [("users", 0), ("open_ticket_count", 1)]);
    }

    #[test]
    fn invalid_utf8_is_told_by_its_byte() {
        let error = parse(b"{\"tickets\":[{\"a\":\"\xff\"}]}", "tickets", &[]).unwrap_err();
        assert_eq!(error, Garbled::Syntax { offset: 18 });
        let error = parse(b"{\"tickets\":[{\"a\":\"\xe2\x82", "tickets", &[]).unwrap_err();
        assert_eq!(error, Garbled::Incomplete { bytes: 20 });
    }

    #[test]
    fn two_million_brackets_do_not_overflow_the_stack() {
        let deep = "[".repeat(2_000_000) + &"]".repeat(2_000_000);
        let body = format!("{{\"x\":{deep},\"tickets\":[{{\"a\":{deep}}}]}}");
        assert_eq!(read(&body).unwrap().records.len(), 1);
    }
}

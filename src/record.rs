//! A record's bytes: the one line that is written for it, and its fingerprint.
//!
//! Pure. Records are JSON that `scan` has checked; they are never turned into values.
//! Must not know pages.

use crate::{
    position::Fingerprint,
    scan::{Json, Scanner},
};
use memchr::memmem;
use std::ops::Range;

/// What happens to a `\ud800` that no other half stands beside: DuckDB, ClickHouse and jq refuse
/// a line that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoneSurrogates {
    Replace,
    Keep,
}

/// Appends a record to `out` without the white space between its tokens, and returns how many lone
/// surrogate escapes were replaced. Almost all records are plain, and cost a copy.
pub(crate) fn push_record(record: Json<'_>, surrogates: LoneSurrogates, out: &mut Vec<u8>) -> u64 {
    let Json { bytes, plain } = record;
    if plain {
        out.extend_from_slice(bytes);
        return 0;
    }
    let mut replaced = 0;
    let mut at = 0;
    while let Some(string) = next_string(bytes, at) {
        push_tokens(&bytes[at..string.start], out);
        let text = &bytes[string.clone()];
        match surrogates {
            LoneSurrogates::Replace => replaced += push_string(text, out),
            LoneSurrogates::Keep => out.extend_from_slice(text),
        }
        at = string.end;
    }
    push_tokens(&bytes[at..], out);
    replaced
}

/// The fingerprint of a record, in which white space between tokens makes no difference.
pub(crate) fn fingerprint(record: Json<'_>) -> Fingerprint {
    fingerprint_written(record, LoneSurrogates::Keep)
}

/// The fingerprint of a record without some members of its own, and without the commas behind them.
pub(crate) fn fingerprint_without(record: Json<'_>, members: &[&str]) -> Fingerprint {
    let quoted =
        |name: &&str| memmem::find(record.bytes, format!("\"{name}\"").as_bytes()).is_some();
    if !members.iter().any(quoted) {
        return fingerprint(record);
    }
    let mut line = Vec::with_capacity(record.bytes.len());
    push_record(record, LoneSurrogates::Keep, &mut line);
    let kept = std::str::from_utf8(&line).ok().and_then(|line| kept(line, members));
    kept.map_or_else(|| Fingerprint::of(&line), |kept| Fingerprint::of(&kept))
}

/// The value of an object's own member, as it stands there.
pub(crate) fn member<'a>(record: Json<'a>, name: &str) -> Option<&'a [u8]> {
    let mut json = Scanner::new(std::str::from_utf8(record.bytes).ok()?);
    let mut more = json.eat(b'{') && json.peek()? != b'}';
    while more {
        let found = json.name()?;
        let value = json.value()?;
        if found.get(1..found.len() - 1)? == name.as_bytes() {
            return Some(value.bytes);
        }
        more = json.eat(b',');
    }
    None
}

/// An object's text without some of its members.
fn kept(object: &str, members: &[&str]) -> Option<Vec<u8>> {
    let mut kept = b"{".to_vec();
    let mut json = Scanner::new(object);
    let mut more = json.eat(b'{') && json.peek()? != b'}';
    while more {
        let name = json.name()?;
        let value = json.value()?;
        let bare = name.get(1..name.len() - 1)?;
        if !members.iter().any(|member| member.as_bytes() == bare) {
            if kept.len() > 1 {
                kept.push(b',');
            }
            kept.extend_from_slice(name);
            kept.push(b':');
            kept.extend_from_slice(value.bytes);
        }
        more = json.eat(b',');
    }
    kept.push(b'}');
    Some(kept)
}

/// The fingerprint of the very bytes that are written for a record.
pub(crate) fn fingerprint_written(record: Json<'_>, surrogates: LoneSurrogates) -> Fingerprint {
    if record.plain {
        return Fingerprint::of(record.bytes);
    }
    let mut line = Vec::with_capacity(record.bytes.len());
    push_record(record, surrogates, &mut line);
    Fingerprint::of(&line)
}

/// The next string literal at or after `from`, with its quotes.
fn next_string(json: &[u8], from: usize) -> Option<Range<usize>> {
    let start = from + json[from..].iter().position(|byte| *byte == b'"')?;
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', &json[at..])?;
        if json[at] == b'"' {
            return Some(start..at + 1);
        }
        at += 2; // an escape is at least two bytes, and its second never closes the string
    }
}

fn push_tokens(between_strings: &[u8], out: &mut Vec<u8>) {
    if between_strings.iter().any(u8::is_ascii_whitespace) {
        out.extend(between_strings.iter().filter(|byte| !byte.is_ascii_whitespace()));
    } else {
        out.extend_from_slice(between_strings);
    }
}

/// Copies a string literal; each half of a surrogate pair that stands alone becomes `\ufffd`.
fn push_string(string: &[u8], out: &mut Vec<u8>) -> u64 {
    let mut replaced = 0;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &string[at..]) {
        at += found;
        let next = string.get(at + 6..).and_then(surrogate);
        at += match (surrogate(&string[at..]), next) {
            (None, _) => 2,
            (Some(Half::High), Some(Half::Low)) => 12,
            (Some(_), _) => {
                out.extend_from_slice(&string[copied..at]);
                out.extend_from_slice(br"\ufffd");
                copied = at + 6;
                replaced += 1;
                6
            }
        };
    }
    out.extend_from_slice(&string[copied..]);
    replaced
}

enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair the escape at the start of `text` is, if it is one.
fn surrogate(text: &[u8]) -> Option<Half> {
    match text {
        [b'\\', b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B', ..] => Some(Half::High),
        [b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..] => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(a: &str, b: &str, expect: bool) {
        let print = |text: &str| {
            let json = Scanner::new(text).value().unwrap();
            // The scanner borrows from the text, which lives as long.
            fingerprint_without(json, &["slas", "dates"])
        };
        assert_eq!(print(a) == print(b), expect, "{a} {b}");
    }

    #[test]
    fn members_that_change_by_themselves_make_no_record_another_one() {
        same(r#"{"id":1,"slas":{"left":3}}"#, r#"{"id":1,"slas":{"left":2}}"#, true);
        same(r#"{"slas":[],"id":1}"#, r#"{"id":1}"#, true);
        same(r#"{"id":1,"slas":1,"dates":{},"b":2}"#, r#"{"id":1,"b":2}"#, true);
        same(r#"{ "id" : 1 , "slas" : 1 }"#, r#"{"id":1}"#, true);
        same(r#"{"slas":1}"#, "{}", true);
        same(r#"{"id":1,"slas":1}"#, r#"{"id":2,"slas":1}"#, false);
        same(r#"{"id":1,"in":{"slas":1}}"#, r#"{"id":1,"in":{"slas":2}}"#, false);
        same(r#"{"id":"slas"}"#, r#"{"id":"dates"}"#, false);
    }
    use crate::scan::Scanner;

    fn line(raw: &str) -> (String, u64) {
        let mut out = Vec::new();
        let record = Scanner::new(raw).value().unwrap();
        let replaced = push_record(record, LoneSurrogates::Replace, &mut out);
        (String::from_utf8(out).unwrap(), replaced)
    }

    #[test]
    fn a_record_keeps_its_bytes_on_one_line() {
        for same in [
            r#"{"id":9007199254740993,"x":1E400,"y":1.10,"z":-0}"#,
            r#"{"a":"\u0000\/\"\\","b":"😀"}"#,
            "{\"a\":\"\u{2028}\u{85}\"}",
            r#"{"a":1,"a":2}"#,
            r#"{"a":"two  spaces \\","b":"\\\" x"}"#,
            r#"{"pair":"\ud83d\ude00"}"#,
        ] {
            assert_eq!(line(same), (same.to_owned(), 0));
        }
        let pretty = "{\r\n\t\"a\" : [ 1 , \" x \" ] ,\n \"b\": { } }";
        assert_eq!(line(pretty).0, "{\"a\":[1,\" x \"],\"b\":{}}");
    }

    #[test]
    fn lone_surrogates_are_replaced_and_counted() {
        for (raw, expect, count) in [
            (r#"{"a":"\ud800"}"#, r#"{"a":"\ufffd"}"#, 1),
            (r#"{"\uDC00":1}"#, r#"{"\ufffd":1}"#, 1),
            (r#"{"a":"\ud800\ud83d\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00"}"#, 1),
            (r#"{"a":"\ude00\ud83dx"}"#, r#"{"a":"\ufffd\ufffdx"}"#, 2),
            (r#"{"a":"\ud800\n"}"#, r#"{"a":"\ufffd\n"}"#, 1),
            (r#"{"a":"\\ud800"}"#, r#"{"a":"\\ud800"}"#, 0),
        ] {
            assert_eq!(line(raw), (expect.to_owned(), count), "{raw}");
        }
        let mut out = Vec::new();
        let record = Scanner::new(r#"{"a":"\ud800"}"#).value().unwrap();
        assert_eq!(push_record(record, LoneSurrogates::Keep, &mut out), 0);
        assert_eq!(out, br#"{"a":"\ud800"}"#);
    }
}

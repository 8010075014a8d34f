//! A record's bytes: the one line that is written for it, and its fingerprint.
//!
//! Pure. Records are valid JSON that somebody else has checked; they are never turned into values.
//! Must not know pages.

use crate::position::Fingerprint;
use serde_json::value::RawValue;
use std::ops::Range;

/// What happens to a `\ud800` that no other half stands beside: DuckDB, ClickHouse and jq refuse
/// a line that has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoneSurrogates {
    Replace,
    Keep,
}

/// Appends a record to `out` without the white space between its tokens, and returns how many lone
/// surrogate escapes were replaced. The bytes must be valid JSON, as those of a [`RawValue`] are.
pub(crate) fn push_record(bytes: &[u8], surrogates: LoneSurrogates, out: &mut Vec<u8>) -> u64 {
    if is_plain(bytes) {
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

/// The fingerprint of a record as it is written, so that white space between tokens makes no
/// other record of it.
pub(crate) fn fingerprint(record: &RawValue) -> Fingerprint {
    let bytes = record.get().as_bytes();
    if !bytes.iter().any(u8::is_ascii_whitespace) || is_plain(bytes) {
        return Fingerprint::of(bytes);
    }
    let mut line = Vec::with_capacity(bytes.len());
    push_record(bytes, LoneSurrogates::Keep, &mut line);
    Fingerprint::of(&line)
}

/// The fingerprint of the very bytes that are written for a record.
pub(crate) fn fingerprint_written(record: &RawValue, surrogates: LoneSurrogates) -> Fingerprint {
    let mut line = Vec::new();
    push_record(record.get().as_bytes(), surrogates, &mut line);
    Fingerprint::of(&line)
}

/// Whether a record is written as it is: no white space between its tokens, and no escape that
/// could be half of a surrogate pair. Almost all are, so this one pass is what a record costs.
fn is_plain(json: &[u8]) -> bool {
    /// Most strings are names and short values, which end before a vector search has begun.
    const SHORT: usize = 16;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => {}
            b' ' | b'\n' | b'\r' | b'\t' => return false,
            _ => continue,
        }
        loop {
            let short = &json[at..(at + SHORT).min(json.len())];
            let found = short.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            let rest = at + short.len();
            at = match found {
                Some(found) => at + found,
                None => match memchr::memchr2(b'"', b'\\', &json[rest..]) {
                    Some(found) => rest + found,
                    None => return false,
                },
            };
            if json[at] == b'"' {
                at += 1;
                break;
            }
            if surrogate(&json[at..]).is_some() {
                return false;
            }
            at += 2;
        }
    }
    true
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

    fn line(raw: &str) -> (String, u64) {
        let mut out = Vec::new();
        let replaced = push_record(raw.as_bytes(), LoneSurrogates::Replace, &mut out);
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
        assert_eq!(push_record(br#"{"a":"\ud800"}"#, LoneSurrogates::Keep, &mut out), 0);
        assert_eq!(out, br#"{"a":"\ud800"}"#);
    }
}

//! Random input for whatever reads text that strangers wrote: nothing may panic, and what is
//! accepted must hold its promise. The seeds are fixed, so that a failure comes again.

use crate::{
    api::headers::Headers,
    pacer::Said,
    page,
    record::{LoneSurrogates, push_record},
    scan::{Json, Scanner},
    shown::shown,
    time::UnixTime,
};
use fastrand::Rng;

pub(crate) const ROUNDS: usize = 20_000;

/// A page with everything in it that is easily got wrong.
const PAGE: &str = r#"{"tickets":[{"id":1,"a":"x\"\\ \ud83d\ude00","b":[1.10,-0,1E400]},{"c":"\ud800"}],
  "users":[{"id":2}],"count":2,"after_cursor":"MTU3NjYxMzUzOS4wfHw0Njd8","end_of_stream":false,
  "end_time":1694303527,"next_page":null,"meta":{"has_more":true},"x":{"y":[[]]}}"#;

/// Changes, removes, repeats or inserts a few bytes.
pub(crate) fn mutated(text: &[u8], rng: &mut Rng) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"\"", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud8", b"\xff", b"\n",
        b"null", b"1e9",
    ];
    let mut bytes = text.to_vec();
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(..bytes.len());
        match rng.u8(..4) {
            0 => bytes[at] = rng.u8(..),
            1 => {
                bytes.remove(at);
            }
            2 => bytes.truncate(at.max(1)),
            _ => {
                let piece = PIECES[rng.usize(..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
        if bytes.is_empty() {
            return vec![b'{'];
        }
    }
    bytes
}

#[test]
fn a_mutated_page_is_refused_or_read_but_never_panics() {
    let mut rng = Rng::with_seed(1);
    let mut read = 0;
    for _ in 0..ROUNDS {
        let body = mutated(PAGE.as_bytes(), &mut rng);
        drop(page::peek(&body));
        let Ok(page) = page::parse(&body, "tickets", &["users"]) else { continue };
        read += 1;
        for record in &page.records {
            let mut line = Vec::new();
            push_record(*record, LoneSurrogates::Replace, &mut line);
            assert!(!line.contains(&b'\n') && line.starts_with(b"{"));
            assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_ok());
            // A line is its own line: nothing is left to remove or to replace.
            let mut again = Vec::new();
            let text = std::str::from_utf8(&line).unwrap();
            let read = Scanner::new(text).value().unwrap();
            assert!(read.plain || text.contains("\\ud") && read.bytes == line);
            assert_eq!(push_record(read, LoneSurrogates::Replace, &mut again), 0);
            assert_eq!(again, line);
        }
    }
    assert!(read > ROUNDS / 20, "too few mutations left a page: {read}");
}

/// White space here and there.
const SPACED: &[&str] = &[" ", "\n", "\t\r", "", "", "", "", ""];

/// As servers write JSON.
const COMPACT: &[&str] = &[""];

/// JSON of all kinds, drawn at random, with one of some `gaps` between any two tokens.
fn json(rng: &mut Rng, depth: u8, gaps: &[&str]) -> String {
    let strings = [
        r#""""#,
        r#""a""#,
        r#""\ud83d\ude00\n""#,
        r#""ü日本 a longer one, of many words""#,
        r#""\\""#,
        r#""\"{[,:]}\u00e9\/""#,
    ];
    let numbers = ["0", "-0", "12", "-3.50", "1e9", "2.5E-10", "0.0e+1", "9007199254740993"];
    let mut text = String::new();
    let gap = |text: &mut String, rng: &mut Rng| text.push_str(gaps[rng.usize(..gaps.len())]);
    gap(&mut text, rng);
    match rng.u8(..if depth == 0 { 6 } else { 10 }) {
        0 => text.push_str("null"),
        1 => text.push_str("true"),
        2 => text.push_str("false"),
        3 => text.push_str(numbers[rng.usize(..numbers.len())]),
        4 | 5 => text.push_str(strings[rng.usize(..strings.len())]),
        kind => {
            let object = kind < 8;
            text.push(if object { '{' } else { '[' });
            for index in 0..rng.usize(..4) {
                if index > 0 {
                    text.push(',');
                }
                gap(&mut text, rng);
                if object {
                    text.push_str(strings[rng.usize(..strings.len())]);
                    gap(&mut text, rng);
                    text.push(':');
                }
                text.push_str(&json(rng, depth - 1, gaps));
            }
            gap(&mut text, rng);
            text.push(if object { '}' } else { ']' });
        }
    }
    gap(&mut text, rng);
    text
}

/// Holds the scanner against `serde_json`, and says whether both take a text for JSON.
#[track_caller]
fn is_taken_by_both(text: &str) -> bool {
    let expected = serde_json::from_str::<&serde_json::value::RawValue>(text).ok();
    let mut scanner = Scanner::new(text);
    let found = scanner.value().filter(|_| scanner.peek().is_none());
    let expected = expected.map(|raw| raw.get().as_bytes());
    assert_eq!(found.map(|json| json.bytes), expected, "{text:?}");
    let Some(found) = found else { return false };
    // What is called plain is what is left when all that is not has gone.
    let mut line = Vec::new();
    push_record(Json { plain: false, ..found }, LoneSurrogates::Replace, &mut line);
    assert!(!found.plain || line == found.bytes, "{text:?}");
    let spaced = !text.contains("\\ud") && line != found.bytes;
    assert!(!(spaced && found.plain), "{text:?}");
    true
}

#[test]
fn the_scanner_takes_what_serde_json_takes_and_nothing_else() {
    let mut rng = Rng::with_seed(5);
    for gaps in [SPACED, COMPACT] {
        let mut accepted = 0;
        for round in 0..3 * ROUNDS {
            let mut bytes = json(&mut rng, 4, gaps).into_bytes();
            if round % 3 > 0 {
                bytes = mutated(&bytes, &mut rng);
            }
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            accepted += usize::from(is_taken_by_both(text));
        }
        assert!(accepted > ROUNDS, "{accepted}");
    }
}

/// What looks at many bytes at once must not see a difference in where among them something stands.
#[test]
fn nor_does_it_matter_where_in_a_text_something_stands() {
    let mut rng = Rng::with_seed(6);
    let mut accepted = 0;
    for round in 0..ROUNDS / 10 {
        let mut bytes = json(&mut rng, 3, COMPACT).into_bytes();
        if round % 2 > 0 {
            bytes = mutated(&bytes, &mut rng);
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let taken = is_taken_by_both(text);
        accepted += usize::from(taken);
        // Before it a string of each length around those of vectors and blocks, behind it another.
        for length in (0..=4).chain(12..=20).chain(28..=36).chain(60..=68).chain(124..=132) {
            let pad = "x".repeat(length);
            let array = format!("[\"{pad}\",{text},\"{pad}\"]");
            let object = format!("{{\"{pad}\":{text},\"\":\"{pad}\"}}");
            assert!(is_taken_by_both(&object) || !taken, "{object}");
            assert!(is_taken_by_both(&array) || !taken, "{array}");
        }
    }
    assert!(accepted > ROUNDS / 30, "{accepted}");
}

#[test]
fn any_headers_give_a_wait_that_a_clock_can_count() {
    let mut rng = Rng::with_seed(2);
    let date = "Thu, 08 Feb 2024 17:26:48 GMT";
    let now = crate::clock::Clock::real().instant();
    for _ in 0..ROUNDS {
        let value = |rng: &mut Rng, text: &str| {
            String::from_utf8_lossy(&mutated(text.as_bytes(), rng)).into_owned()
        };
        let headers = Headers(vec![
            ("date".to_owned(), value(&mut rng, date)),
            ("retry-after".to_owned(), value(&mut rng, "120")),
            ("retry-after".to_owned(), value(&mut rng, date)),
            (
                "zendesk-ratelimit-incremental-exports".to_owned(),
                value(&mut rng, "total=10; remaining=9; resets=41"),
            ),
            ("ratelimit-reset".to_owned(), value(&mut rng, "18446744073709551615")),
        ]);
        assert!(headers.quota_wait().as_secs() >= 1);
        let told = match headers.pacing() {
            Some(Said::Quotas(quotas)) => quotas.into_iter().map(|(_, quota)| quota).collect(),
            Some(Said::AccountSpent(quota)) => vec![quota],
            _ => Vec::new(),
        };
        for quota in told {
            assert!(now.checked_add(quota.resets).is_some());
        }
    }
}

#[test]
fn shown_text_drives_no_terminal() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..ROUNDS {
        let text: String = (0..rng.usize(..300)).map(|_| rng.char(..)).collect();
        let safe = shown(&text);
        assert!(!safe.chars().any(char::is_control));
        assert!(safe.chars().filter(|c| *c == '…').count() <= 1 + text.matches('…').count());
    }
}

#[test]
fn any_text_for_a_time_is_a_time_or_an_error() {
    let mut rng = Rng::with_seed(4);
    let now = UnixTime::clamped(1_795_485_543);
    for text in ["2h30m", "2026-11-01T12:00:00+05:30", "@1763600000", "yesterday", "3d ago"] {
        for _ in 0..ROUNDS / 10 {
            let typed = mutated(text.as_bytes(), &mut rng);
            if let Ok(time) = crate::time::parse(&String::from_utf8_lossy(&typed), now) {
                assert!(time.seconds() >= 0);
                assert_eq!(UnixTime::from_rfc3339(&time.to_string()), Some(time));
            }
        }
    }
}

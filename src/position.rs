//! Where an export stands, a cursor or an end_time, and what it remembers beside that.
//!
//! Pure values. Must not know how they are saved or where they came from.

use crate::{resource::Pagination, time::UnixTime};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The longest cursor that is sent back: a request line must stay within what servers accept.
const LONGEST_CURSOR: usize = 6 * 1024;

/// An opaque position of the server: visible ASCII, at most 6 KiB.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cursor(String);

impl Cursor {
    /// `None` for text that no request line could carry safely.
    pub(crate) fn new(text: impl Into<String>) -> Option<Cursor> {
        let text = text.into();
        let fits = (1..=LONGEST_CURSOR).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Cursor(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The change time inside a cursor of the recorded form, base64 of `{epoch}.0||{id}|`, or of our
    /// own, `{time}:{id}`. A cursor is opaque by contract, so this is for people to read and decides nothing.
    pub(crate) fn time(&self) -> Option<UnixTime> {
        if let Some((time, _)) = self.0.split_once(':') {
            return of_any_unit(time.parse().ok()?);
        }
        let decoded = String::from_utf8(STANDARD.decode(&self.0).ok()?).ok()?;
        let (time, _) = decoded.split_once("||")?;
        UnixTime::new(time.split('.').next()?.parse().ok()?)
    }
}

/// A time in seconds or microseconds: seconds will not be so many for three million years.
fn of_any_unit(time: i64) -> Option<UnixTime> {
    UnixTime::new(if time < 100_000_000_000_000 { time } else { time / 1_000_000 })
}

/// 128 bits of SHA-256 of a record's bytes. Record text is written by strangers, so the hash is
/// one for which nobody can make two records collide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Fingerprint([u8; Fingerprint::BYTES]);

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Fingerprint {
        Fingerprint::half(&Sha256::digest(bytes))
    }

    fn half(digest: &[u8]) -> Fingerprint {
        let mut half = [0; Fingerprint::BYTES];
        half.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
        Fingerprint(half)
    }

    pub(crate) const BYTES: usize = 16;

    pub(crate) fn from_bytes(bytes: [u8; Fingerprint::BYTES]) -> Fingerprint {
        Fingerprint(bytes)
    }

    pub(crate) fn bytes(self) -> [u8; Fingerprint::BYTES] {
        self.0
    }

    pub(crate) fn parse(hex: &str) -> Option<Fingerprint> {
        let number = (hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u128::from_str_radix(hex, 16).ok())??;
        Some(Fingerprint(number.to_be_bytes()))
    }
}

/// A fingerprint of what comes piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printing(Sha256);

impl Printing {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn end(self) -> Fingerprint {
        Fingerprint::half(&self.0.finalize())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where the next request begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// A cursor export that has not yet been given a cursor.
    Start(UnixTime),
    Cursor(Cursor),
    /// The next request's start_time, which is inclusive.
    Time(UnixTime),
    /// Of a list, which is taken whole at every run: the fingerprint of the last snapshot.
    Snapshot(Option<Fingerprint>),
}

/// What a series remembers beside its position, the lead: rows may become visible late, and a page
/// by time serves records of the page before again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// Where its runs begin: an edge of a page, at the position or before it.
    pub(crate) anchor: Position,
    /// What was delivered behind the anchor, in ascending order.
    pub(crate) seen: Vec<Fingerprint>,
}

impl Overlap {
    /// Of a series that has delivered nothing behind its position.
    pub(crate) fn none(position: &Position) -> Overlap {
        Overlap { anchor: position.clone(), seen: Vec::new() }
    }
}

impl Position {
    /// The position of an export that begins at `start`.
    pub(crate) fn starting(pagination: Pagination, start: UnixTime) -> Position {
        match pagination {
            Pagination::Cursor => Position::Start(start),
            Pagination::Time => Position::Time(start),
            Pagination::List => Position::Snapshot(None),
        }
    }

    pub(crate) fn pagination(&self) -> Pagination {
        match self {
            Position::Start(_) | Position::Cursor(_) => Pagination::Cursor,
            Position::Time(_) => Pagination::Time,
            Position::Snapshot(_) => Pagination::List,
        }
    }

    /// The change time that this position stands for, where that can be told.
    pub(crate) fn time(&self) -> Option<UnixTime> {
        match self {
            Position::Start(time) | Position::Time(time) => Some(*time),
            Position::Cursor(cursor) => cursor.time(),
            Position::Snapshot(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_that_a_request_line_can_carry() {
        assert!(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").is_some());
        assert!(Cursor::new("a&start_time=0").is_some());
        assert!(Cursor::new("x".repeat(6144)).is_some());
        for refused in ["", "a b", "a\r\nb", "a\0", "é", &"x".repeat(6145)] {
            assert!(Cursor::new(refused).is_none(), "{refused:?}");
        }
    }

    #[test]
    fn the_time_inside_a_recorded_cursor() {
        let time = |text: &str| Cursor::new(text).unwrap().time().map(UnixTime::seconds);
        assert_eq!(time("MTU3NjYxMzUzOS4wfHw0Njd8"), Some(1_576_613_539));
        assert_eq!(time("MTY5NTA1MzAwNy4wfHw2MTYyODk0MzM1NjQyfA=="), Some(1_695_053_007));
        assert_eq!(time("opaque"), None);
    }

    /// Whoever writes a ticket must not be able to make two records look alike.
    #[test]
    fn security_19_fingerprints_are_half_a_sha_256() {
        let abc = "ba7816bf8f01cfea414140de5dae2223"; // FIPS 180-4, half of SHA-256("abc")
        assert_eq!(Fingerprint::of(b"abc").to_string(), abc);
    }

    #[test]
    fn fingerprints_go_through_text_and_back() {
        let print = Fingerprint::of(b"{\"id\":1}");
        assert_eq!(Fingerprint::parse(&print.to_string()), Some(print));
        assert_eq!(Fingerprint::of(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb924");
        for refused in ["", "e3b0", "+3b0c44298fc1c149afbf4c8996fb924", &"g".repeat(32)] {
            assert_eq!(Fingerprint::parse(refused), None);
        }
    }
}

//! The ways in which a 200 is not the documented page. Such an answer is never data: it is asked
//! for again a few times, then the run stops with the position unchanged.
//!
//! The texts carry numbers, member names and byte offsets, never the content of a record.

use crate::time::UnixTime;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Garbled {
    /// The body has no bytes, or only white space.
    Empty,
    Html,
    /// Not JSON from this byte on.
    Syntax {
        offset: usize,
    },
    /// The JSON ends before it is closed.
    Incomplete {
        bytes: usize,
    },
    /// There is more after the end of the JSON.
    Trailing {
        offset: usize,
    },
    /// The page itself is not a JSON object.
    NotAPage {
        found: &'static str,
    },
    /// The member with the records is missing; `error` is what stands there instead.
    NoRecords {
        key: String,
        error: Option<String>,
    },
    /// The member with the records is not an array.
    RecordsType {
        key: String,
        found: &'static str,
    },
    RecordType {
        index: usize,
        found: &'static str,
    },
    /// A sideload's record is not an object.
    SideloadType {
        key: String,
        index: usize,
        found: &'static str,
    },
    /// A member that decides something occurs twice.
    Repeated {
        key: String,
    },
    /// A member that decides something has a value of the wrong type.
    MemberType {
        key: &'static str,
        expected: &'static str,
    },
    EndOfStreamMissing,
    CursorMissing,
    /// A cursor that no request could carry back.
    CursorUnusable,
    /// The same cursor again, with records.
    CursorStuck,
    /// The same cursor again, without records, and not the end.
    CursorStuckEmpty,
    CursorCycle,
    /// A page of a list without rows, behind which another one is said to follow.
    PageEmpty,
    EndTimeMissing,
    EndTimeBackwards {
        from: UnixTime,
        to: UnixTime,
    },
    /// A page that is neither full nor the last, and does not get on.
    Stuck {
        at: UnixTime,
    },
    /// A full page whose second does not end on it.
    Overflow {
        second: UnixTime,
        records: usize,
    },
    /// A content coding that was not offered.
    Encoding {
        name: String,
    },
    /// The compressed body is damaged.
    Compression {
        reason: String,
    },
    /// A success that is not 200.
    Status {
        status: u16,
    },
}

impl Garbled {
    /// Whether it is the stream that does not get on, rather than an answer that came out wrong.
    pub(crate) fn is_stuck(&self) -> bool {
        match self {
            Garbled::CursorStuck
            | Garbled::CursorStuckEmpty
            | Garbled::CursorCycle
            | Garbled::PageEmpty
            | Garbled::EndTimeBackwards { .. }
            | Garbled::Stuck { .. }
            | Garbled::Overflow { .. } => true,
            Garbled::Empty
            | Garbled::Html
            | Garbled::Syntax { .. }
            | Garbled::Incomplete { .. }
            | Garbled::Trailing { .. }
            | Garbled::NotAPage { .. }
            | Garbled::NoRecords { .. }
            | Garbled::RecordsType { .. }
            | Garbled::RecordType { .. }
            | Garbled::SideloadType { .. }
            | Garbled::Repeated { .. }
            | Garbled::MemberType { .. }
            | Garbled::EndOfStreamMissing
            | Garbled::CursorMissing
            | Garbled::CursorUnusable
            | Garbled::EndTimeMissing
            | Garbled::Encoding { .. }
            | Garbled::Compression { .. }
            | Garbled::Status { .. } => false,
        }
    }
}

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Garbled::Empty => f.write_str("the answer is empty, not a page"),
            Garbled::Html => f.write_str("the answer is HTML, not JSON"),
            Garbled::Syntax { offset } => write!(f, "the answer is not JSON near byte {offset}"),
            Garbled::Incomplete { bytes } => {
                write!(f, "the answer is incomplete: its JSON is not closed after {bytes} bytes")
            }
            Garbled::Trailing { offset } => {
                write!(f, "trailing bytes after the JSON of the answer, from byte {offset}")
            }
            Garbled::NotAPage { found } => write!(f, "the answer is a JSON {found}, not a page"),
            Garbled::NoRecords { key, error: None } => {
                write!(f, "the answer has no member \"{key}\"")
            }
            Garbled::NoRecords { key, error: Some(error) } => {
                write!(f, "the answer has no member \"{key}\" but an error: {error}")
            }
            Garbled::RecordsType { key, found } => {
                write!(f, "the member \"{key}\" of the answer is {found}, not an array")
            }
            Garbled::RecordType { index, found } => {
                write!(f, "record is not an object but {found}, at index {index}")
            }
            Garbled::SideloadType { key, index, found } => {
                write!(f, "a record in \"{key}\" is not an object but {found}, at index {index}")
            }
            Garbled::Repeated { key } => write!(f, "the answer has the member \"{key}\" twice"),
            Garbled::MemberType { key, expected } => {
                write!(f, "the answer's {key} is not {expected}")
            }
            Garbled::EndOfStreamMissing => {
                f.write_str("the answer does not say whether it is the last page (end_of_stream)")
            }
            Garbled::CursorMissing => f.write_str("the answer has no after_cursor to go on from"),
            Garbled::CursorUnusable => {
                f.write_str("the answer's after_cursor is longer than 6 KiB or not visible ASCII")
            }
            Garbled::CursorStuck | Garbled::CursorStuckEmpty => {
                f.write_str("the cursor did not advance: the answer's after_cursor is the one sent")
            }
            Garbled::CursorCycle => {
                f.write_str("a cycle: the answer's after_cursor was served earlier in this run")
            }
            Garbled::PageEmpty => {
                f.write_str("the answer has no records, but says that a page follows")
            }
            Garbled::EndTimeMissing => f.write_str("the answer has no end_time to go on from"),
            Garbled::EndTimeBackwards { from, to } => {
                write!(f, "the answer's end_time goes backwards, from {from} to {to}")
            }
            Garbled::Stuck { at } => write!(
                f,
                "stuck at {at}: the page is not the last, but its end_time is where it started"
            ),
            Garbled::Overflow { second, records } => write!(
                f,
                "more than a page of records changed in the second {second} (@{}): the page of \
                 {records} ends where it started",
                second.seconds()
            ),
            Garbled::Encoding { name } => {
                write!(f, "the answer has a content encoding that was not offered: {name}")
            }
            Garbled::Compression { reason } => {
                write!(f, "the compressed answer is damaged: {reason}")
            }
            Garbled::Status { status } => write!(f, "unexpected status {status} instead of 200"),
        }
    }
}

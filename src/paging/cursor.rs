//! From cursor to cursor: API notes §4.1.
//!
//! Pure. What is asked for from a cursor or a first start_time, and where a page leads.

use super::verdict::{Tally, Verdict};
use crate::{
    garbled::Garbled,
    page::Envelope,
    position::{Fingerprint, Position},
    request::Request,
};
use std::collections::HashSet;

/// The first request has a start_time, each later one the cursor that the last page ended with.
pub(super) fn ask(request: Request, at: &Position) -> Request {
    match at {
        Position::Start(time) | Position::Time(time) => {
            request.with("start_time", time.seconds().to_string())
        }
        Position::Cursor(cursor) => request.with("cursor", cursor.as_str()),
        Position::Snapshot(_) => request,
    }
}

/// Decides on a page of a cursor export (API notes §4.1). `earlier` are the fingerprints of
/// the cursors that this walk has already gone on from.
pub(super) fn decide(
    at: &Position,
    page: &Envelope,
    tally: Tally,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    let last = page.end_of_stream.ok_or(Garbled::EndOfStreamMissing)?;
    let caught_up = last && tally.records == 0;
    let Some(cursor) = &page.after_cursor else {
        return if caught_up { Ok(Verdict::Idle) } else { Err(Garbled::CursorMissing) };
    };
    if matches!(at, Position::Cursor(current) if current == cursor) {
        return match (last, tally.records) {
            (true, 0) => Ok(Verdict::Idle),
            (false, 0) => Err(Garbled::CursorStuckEmpty),
            (_, _) => Err(Garbled::CursorStuck),
        };
    }
    // An empty last page goes on to nowhere, whatever its cursor is.
    if !caught_up && earlier.contains(&Fingerprint::of(cursor.as_str().as_bytes())) {
        return Err(Garbled::CursorCycle);
    }
    Ok(Verdict::Commit { next: Position::Cursor(cursor.clone()), more: !last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{position::Cursor, time::UnixTime};

    fn at(text: &str) -> Cursor {
        Cursor::new(text).unwrap()
    }

    fn tally(records: usize, unseen: usize) -> Tally {
        Tally { records, unseen, fresh: unseen, capacity: 10 }
    }

    /// Every combination of cursor, end_of_stream and emptiness has one stated outcome.
    #[test]
    fn cursor_decisions() {
        let go_on = |more| Ok(Verdict::Commit { next: Position::Cursor(at("new")), more });
        let idle = || Ok(Verdict::Idle);
        let rows = [
            (Some("new"), Some(false), 3, go_on(true)),
            (Some("new"), Some(true), 3, go_on(false)),
            (Some("new"), None, 3, Err(Garbled::EndOfStreamMissing)),
            (Some("new"), Some(false), 0, go_on(true)), // S17
            (Some("new"), Some(true), 0, go_on(false)), // S28
            (Some("new"), None, 0, Err(Garbled::EndOfStreamMissing)), // S14
            (Some("old"), Some(false), 3, Err(Garbled::CursorStuck)), // S1
            (Some("old"), Some(true), 3, Err(Garbled::CursorStuck)), // S27
            (Some("old"), None, 3, Err(Garbled::EndOfStreamMissing)),
            (Some("old"), Some(false), 0, Err(Garbled::CursorStuckEmpty)), // S2
            (Some("old"), Some(true), 0, idle()),                          // S3
            (Some("old"), None, 0, Err(Garbled::EndOfStreamMissing)),
            (None, Some(false), 3, Err(Garbled::CursorMissing)), // S11
            (None, Some(true), 3, Err(Garbled::CursorMissing)),  // S13
            (None, None, 3, Err(Garbled::EndOfStreamMissing)),
            (None, Some(false), 0, Err(Garbled::CursorMissing)), // S11
            (None, Some(true), 0, idle()),                       // S12
            (None, None, 0, Err(Garbled::EndOfStreamMissing)),
            (Some("past"), Some(false), 3, Err(Garbled::CursorCycle)), // S4
            (Some("past"), Some(true), 3, Err(Garbled::CursorCycle)),
            (Some("past"), Some(false), 0, Err(Garbled::CursorCycle)),
            (
                Some("past"),
                Some(true),
                0,
                Ok(Verdict::Commit { next: Position::Cursor(at("past")), more: false }),
            ),
        ];
        for (after, end_of_stream, records, expect) in rows {
            let page =
                Envelope { end_of_stream, after_cursor: after.map(at), ..Envelope::default() };
            let earlier = HashSet::from([Fingerprint::of(b"past")]);
            let here = Position::Cursor(at("old"));
            let verdict = decide(&here, &page, tally(records, records), &earlier);
            assert_eq!(verdict, expect, "{after:?} {end_of_stream:?} {records}");
        }
    }

    #[test]
    fn the_first_page_of_a_cursor_export() {
        let here = Position::Start(UnixTime::clamped(100));
        let page = Envelope {
            end_of_stream: Some(true),
            after_cursor: Some(at("a")),
            ..Envelope::default()
        };
        let verdict = decide(&here, &page, tally(1, 1), &HashSet::new()).unwrap();
        let next = Position::Cursor(at("a"));
        assert_eq!(verdict, Verdict::Commit { next, more: false });
    }
}

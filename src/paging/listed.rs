//! From a start_time on, and inside a run from page to page of a list, by `page[after]`: API notes
//! §2.3, §4.6.
//!
//! Pure. The list's cursor lives as long as the run; the position that is saved is the latest time
//! of the records, which come in its order.

use super::{
    time,
    verdict::{Present, Tally, Verdict},
};
use crate::{
    garbled::Garbled,
    page::Envelope,
    position::{Cursor, Fingerprint, Position},
    request::Request,
    time::UnixTime,
};
use std::collections::HashSet;

pub(super) fn ask(request: Request, start: UnixTime, inside: Option<&Cursor>) -> Request {
    let request = time::ask(request, start);
    match inside {
        Some(cursor) => request.with("page[after]", cursor.as_str()),
        None => request,
    }
}

/// Decides on a page; `inside` is the list's cursor that was asked with.
pub(super) fn decide(
    start: UnixTime,
    inside: Option<&Cursor>,
    page: &Envelope,
    tally: Tally,
    present: Present,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    // A server that knows no lists here answers as one by time.
    if page.end_of_stream.is_none() && page.after_cursor.is_none() && page.end_time.is_some() {
        return time::decide(start, page, tally, present);
    }
    let last = page.end_of_stream.ok_or(Garbled::EndOfStreamMissing)?;
    let reached = present.past.map_or(start, |past| past.max(start));
    let next = Position::Time(reached);
    if last {
        return Ok(match (tally.unseen, reached > start) {
            (0, false) => Verdict::Idle,
            (_, _) => Verdict::Commit { next, more: false },
        });
    }
    let Some(cursor) = &page.after_cursor else { return Err(Garbled::CursorMissing) };
    if inside == Some(cursor) {
        return Err(match tally.records {
            0 => Garbled::CursorStuckEmpty,
            _ => Garbled::CursorStuck,
        });
    }
    match earlier.contains(&Fingerprint::of(cursor.as_str().as_bytes())) {
        true => Err(Garbled::CursorCycle),
        false => Ok(Verdict::Commit { next, more: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::NextPage;

    fn at(text: &str) -> Cursor {
        Cursor::new(text).unwrap()
    }

    fn seconds(seconds: i64) -> UnixTime {
        UnixTime::clamped(seconds)
    }

    fn decided(
        page: &Envelope,
        (records, unseen): (usize, usize),
        past: Option<i64>,
    ) -> Result<Verdict, Garbled> {
        let tally = Tally { records, unseen, fresh: unseen, capacity: 10 };
        let present = Present { now: seconds(1_000), settled: None, past: past.map(seconds) };
        let earlier = HashSet::from([Fingerprint::of(b"past")]);
        decide(seconds(100), Some(&at("old")), page, tally, present, &earlier)
    }

    /// Every combination of cursor, has_more and where the records end has one stated outcome.
    #[test]
    fn listed_decisions() {
        let commit = |at, more| Ok(Verdict::Commit { next: Position::Time(seconds(at)), more });
        for (after, last, records, unseen, past, expect) in [
            (Some("new"), Some(false), 10, 10, Some(200), commit(200, true)),
            (Some("new"), Some(false), 10, 0, Some(200), commit(200, true)),
            (Some("new"), Some(false), 10, 10, Some(100), commit(100, true)),
            (Some("new"), Some(false), 10, 10, Some(90), commit(100, true)),
            (Some("new"), Some(false), 10, 10, None, commit(100, true)),
            (Some("new"), Some(false), 0, 0, None, commit(100, true)),
            (Some("new"), Some(true), 3, 3, Some(200), commit(200, false)),
            (Some("new"), Some(true), 3, 0, Some(200), commit(200, false)),
            (None, Some(true), 3, 3, Some(100), commit(100, false)),
            (None, Some(true), 3, 0, Some(100), Ok(Verdict::Idle)),
            (None, Some(true), 0, 0, None, Ok(Verdict::Idle)),
            (None, Some(false), 3, 3, Some(200), Err(Garbled::CursorMissing)),
            (Some("new"), None, 3, 3, Some(200), Err(Garbled::EndOfStreamMissing)),
            (None, None, 0, 0, None, Err(Garbled::EndOfStreamMissing)),
            (Some("old"), Some(false), 3, 3, Some(200), Err(Garbled::CursorStuck)),
            (Some("old"), Some(false), 0, 0, None, Err(Garbled::CursorStuckEmpty)),
            (Some("past"), Some(false), 3, 3, Some(200), Err(Garbled::CursorCycle)),
        ] {
            let page = Envelope {
                end_of_stream: last,
                after_cursor: after.map(at),
                ..Envelope::default()
            };
            let verdict = decided(&page, (records, unseen), past);
            assert_eq!(verdict, expect, "{after:?} {last:?} {records} {unseen} {past:?}");
        }
    }

    #[test]
    fn a_server_that_knows_no_list_is_walked_by_time() {
        let page = Envelope {
            end_time: Some(seconds(300)),
            next_page: NextPage::Present,
            ..Envelope::default()
        };
        let next = Position::Time(seconds(300));
        assert_eq!(decided(&page, (10, 10), None), Ok(Verdict::Commit { next, more: true }));
    }

    #[test]
    fn the_start_is_sent_with_every_page() {
        let start = seconds(100);
        assert_eq!(ask(Request::new("/x"), start, None).target(), "/x?start_time=100");
        let inside = at("c=");
        let target = ask(Request::new("/x"), start, Some(&inside)).target();
        assert_eq!(target, "/x?start_time=100&page[after]=c%3D");
    }
}

//! From cursor to cursor, which stand in `next_page` alone, as routing's exports go: API notes §2.3.
//!
//! Pure. There is no start: the first request asks for all. A page without records is the last.

use super::{
    cursor,
    verdict::{Tally, Verdict},
};
use crate::{
    garbled::Garbled,
    page::{Envelope, NextPage},
    position::{Fingerprint, Position},
    request::Request,
};
use std::collections::HashSet;

pub(super) fn ask(request: Request, at: &Position) -> Request {
    match at {
        Position::Cursor(cursor) => request.with("cursor", cursor.as_str()),
        Position::Start(_) | Position::Time(_) | Position::Snapshot(_) => request,
    }
}

pub(super) fn decide(
    at: &Position,
    page: &Envelope,
    tally: Tally,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    // Records, and no cursor behind them: they are remembered, and the next run asks again from here.
    if tally.records > 0 && page.next_page == NextPage::Null {
        return Ok(match tally.unseen {
            0 => Verdict::Idle,
            _ => Verdict::Commit { next: at.clone(), more: false },
        });
    }
    let end_of_stream = Some(tally.records == 0);
    cursor::decide(at, &Envelope { end_of_stream, ..page.clone() }, tally, earlier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{position::Cursor, time::UnixTime};

    fn at(text: &str) -> Cursor {
        Cursor::new(text).unwrap()
    }

    #[test]
    fn the_first_request_asks_for_all() {
        let start = Position::Start(UnixTime::clamped(0));
        assert_eq!(ask(Request::new("/x"), &start).target(), "/x");
        assert_eq!(ask(Request::new("/x"), &Position::Cursor(at("a-b"))).target(), "/x?cursor=a-b");
    }

    /// Every combination of cursor, emptiness and what is new on the page has one stated outcome.
    #[test]
    fn token_decisions() {
        use NextPage::{Missing, Null, Present};
        let commit =
            |text: &str, more| Ok(Verdict::Commit { next: Position::Cursor(at(text)), more });
        for (after, next_page, records, unseen, expect) in [
            (Some("new"), Present, 3, 3, commit("new", true)),
            (Some("new"), Present, 3, 0, commit("new", true)),
            (Some("new"), Present, 0, 0, commit("new", false)),
            (Some("old"), Present, 3, 3, Err(Garbled::CursorStuck)),
            (Some("old"), Present, 3, 0, Err(Garbled::CursorStuck)),
            (Some("old"), Present, 0, 0, Ok(Verdict::Idle)),
            (Some("past"), Present, 3, 3, Err(Garbled::CursorCycle)),
            (Some("past"), Present, 0, 0, commit("past", false)),
            (None, Null, 3, 3, commit("old", false)),
            (None, Null, 3, 0, Ok(Verdict::Idle)),
            (None, Null, 0, 0, Ok(Verdict::Idle)),
            (None, Missing, 3, 3, Err(Garbled::CursorMissing)),
            (None, Missing, 3, 0, Err(Garbled::CursorMissing)),
            (None, Missing, 0, 0, Ok(Verdict::Idle)),
        ] {
            let page = Envelope { after_cursor: after.map(at), next_page, ..Envelope::default() };
            let earlier = HashSet::from([Fingerprint::of(b"past")]);
            let tally = Tally { records, unseen, fresh: unseen, capacity: 10 };
            let verdict = decide(&Position::Cursor(at("old")), &page, tally, &earlier);
            assert_eq!(verdict, expect, "{after:?} {next_page:?} {records} {unseen}");
        }
    }
}

//! From a start_time and an id to the next, as Chat's exports go: API notes §1.2. The two make one
//! cursor, `{time}:{id}`.
//!
//! Pure. A page with fewer records than were asked for is the last. Whether the record that a page
//! ended with is served again is not known: what was delivered is remembered, either way.

use super::verdict::{Tally, Verdict};
use crate::{
    garbled::Garbled,
    page::Envelope,
    position::{Fingerprint, Position},
    request::Request,
    resource::StartId,
};
use std::collections::HashSet;

pub(super) fn ask(form: StartId, request: Request, at: &Position) -> Request {
    let request = match at {
        Position::Start(time) | Position::Time(time) => {
            let start = i128::from(time.seconds()) * i128::from(form.per_second);
            request.with("start_time", start.to_string())
        }
        Position::Cursor(cursor) => match cursor.as_str().split_once(':') {
            Some((time, id)) => request.with("start_time", time).with("start_id", id),
            None => request.with("start_time", cursor.as_str()),
        },
        // Of a list.
        Position::Snapshot(_) => request,
    };
    request.with("fields", form.fields)
}

pub(super) fn decide(
    at: &Position,
    page: &Envelope,
    tally: Tally,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    let more = tally.full();
    if tally.records == 0 {
        return Ok(Verdict::Idle);
    }
    let Some(cursor) = &page.after_cursor else { return Err(Garbled::CursorMissing) };
    let next = Position::Cursor(cursor.clone());
    if *at == next {
        return match (more, tally.unseen) {
            (true, _) => Err(Garbled::CursorStuck),
            (false, 0) => Ok(Verdict::Idle),
            (false, _) => Ok(Verdict::Commit { next, more: false }),
        };
    }
    if earlier.contains(&Fingerprint::of(cursor.as_str().as_bytes())) {
        return Err(Garbled::CursorCycle);
    }
    Ok(Verdict::Commit { next, more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{position::Cursor, time::UnixTime};

    const CHATS: StartId = StartId { per_second: 1, fields: "chats(*)" };
    const TIMELINE: StartId = StartId { per_second: 1_000_000, fields: "agent_timeline(*)" };

    fn cursor(text: &str) -> Cursor {
        Cursor::new(text).unwrap()
    }

    fn asked(form: StartId, at: &Position) -> String {
        ask(form, Request::new("/x"), at).target()
    }

    #[test]
    fn a_start_is_in_the_units_of_the_endpoint_and_an_id_is_sent_back_as_it_came() {
        let start = Position::Start(UnixTime::clamped(1_795_000_000));
        assert_eq!(asked(CHATS, &start), "/x?start_time=1795000000&fields=chats%28%2A%29");
        let timeline = asked(TIMELINE, &start);
        assert!(timeline.starts_with("/x?start_time=1795000000000000&fields="), "{timeline}");
        let next = Position::Cursor(cursor("1795000060:2612.7:x"));
        let asked = asked(CHATS, &next);
        assert!(asked.starts_with("/x?start_time=1795000060&start_id=2612.7%3Ax&f"), "{asked}");
    }

    /// Every combination of cursor, fullness and what is new on the page has one stated outcome.
    #[test]
    fn start_id_decisions() {
        let commit =
            |text: &str, more| Ok(Verdict::Commit { next: Position::Cursor(cursor(text)), more });
        for (after, records, unseen, expect) in [
            (Some("9:1"), 10, 10, commit("9:1", true)),
            (Some("9:1"), 10, 0, commit("9:1", true)),
            (Some("9:1"), 3, 3, commit("9:1", false)),
            (Some("9:1"), 3, 0, commit("9:1", false)),
            (Some("9:1"), 0, 0, Ok(Verdict::Idle)),
            (Some("5:1"), 10, 10, Err(Garbled::CursorStuck)),
            (Some("5:1"), 10, 0, Err(Garbled::CursorStuck)),
            (Some("5:1"), 1, 0, Ok(Verdict::Idle)),
            (Some("5:1"), 2, 1, commit("5:1", false)),
            (Some("5:1"), 0, 0, Ok(Verdict::Idle)),
            (Some("1:1"), 10, 10, Err(Garbled::CursorCycle)),
            (Some("1:1"), 3, 3, Err(Garbled::CursorCycle)),
            (Some("1:1"), 0, 0, Ok(Verdict::Idle)),
            (None, 10, 10, Err(Garbled::CursorMissing)),
            (None, 3, 3, Err(Garbled::CursorMissing)),
            (None, 0, 0, Ok(Verdict::Idle)),
        ] {
            let page = Envelope { after_cursor: after.map(cursor), ..Envelope::default() };
            let earlier = HashSet::from([Fingerprint::of(b"1:1")]);
            let tally = Tally { records, unseen, fresh: unseen, capacity: 10 };
            let verdict = decide(&Position::Cursor(cursor("5:1")), &page, tally, &earlier);
            assert_eq!(verdict, expect, "{after:?} {records} {unseen}");
        }
    }
}

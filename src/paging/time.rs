//! From an end_time to the next start_time: API notes §4.2, §4.4.
//!
//! Pure. What is asked for from a start, and where a page leads.

use super::verdict::{Present, Tally, Verdict};
use crate::{
    garbled::Garbled,
    page::{Envelope, NextPage},
    position::Position,
    request::Request,
    time::UnixTime,
};
use std::time::Duration;

/// A start_time is inclusive: a page repeats the last second of the one before.
pub(super) fn ask(request: Request, start: UnixTime) -> Request {
    request.with("start_time", start.seconds().to_string())
}

/// How far a server's end_time may lie ahead of its own `Date`.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(5);

/// Decides on a page of a time export (API notes §4.2, §4.4). `start` is the start_time that was
/// sent.
pub(super) fn decide(
    start: UnixTime,
    page: &Envelope,
    tally: Tally,
    present: Present,
) -> Result<Verdict, Garbled> {
    let Some(end_time) = page.end_time else {
        let last = page.end_of_stream == Some(true)
            || (page.end_of_stream.is_none() && page.next_page == NextPage::Null);
        return match last && tally.records == 0 {
            true => Ok(Verdict::Idle),
            false => Err(Garbled::EndTimeMissing),
        };
    };
    if end_time < start {
        return Err(Garbled::EndTimeBackwards { from: start, to: end_time });
    }
    if end_time > present.now.plus(FUTURE_TOLERANCE) {
        return Ok(from_records(start, tally, present));
    }
    let more = match page.end_of_stream {
        Some(last) => !last,
        None if page.next_page == NextPage::Null => false,
        // Without end_of_stream, a page that is not full may still not be the last. One that
        // brings nothing that the page before did not is.
        None => tally.full() || tally.fresh > 0,
    };
    if end_time > start {
        return Ok(Verdict::Commit { next: Position::Time(end_time), more });
    }
    // The page ends in the very second in which it started.
    if more && tally.full() {
        return Err(Garbled::Overflow { second: start, records: tally.records });
    }
    if more && page.end_of_stream.is_some() {
        return Err(Garbled::Stuck { at: start });
    }
    if tally.unseen == 0 && !more {
        return Ok(Verdict::Idle);
    }
    Ok(Verdict::Commit { next: Position::Time(end_time), more })
}

/// A page whose end_time is in the future, because that is a lie or because records are stamped
/// ahead (API notes §4.5). The position is then taken from the records: the walk goes on by what is
/// old enough to start from, and has caught up where that does not get on.
fn from_records(start: UnixTime, tally: Tally, present: Present) -> Verdict {
    if let Some(settled) = present.settled.filter(|settled| *settled > start) {
        return Verdict::Commit { next: Position::Time(settled), more: true };
    }
    match present.past.filter(|past| *past > start) {
        Some(past) => Verdict::Commit { next: Position::Time(past), more: false },
        None if tally.unseen > 0 => Verdict::Commit { next: Position::Time(start), more: false },
        None => Verdict::Idle,
    }
}

/// What to do, when it was asked for explicitly, with a second that does not fit on a page: take
/// the page and go on behind that second.
pub(crate) fn skip_second(second: UnixTime) -> Verdict {
    let next = Position::Time(second.plus(Duration::from_secs(1)));
    Verdict::Commit { next, more: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(records: usize, unseen: usize) -> Tally {
        Tally { records, unseen, fresh: unseen, capacity: 10 }
    }

    /// What the table of time decisions expects.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Expect {
        GoOn,
        Last,
        Idle,
        Missing,
        Backwards,
        Overflow,
        Stuck,
    }

    #[track_caller]
    fn time(
        end_time: Option<i64>,
        end_of_stream: Option<bool>,
        next_page: NextPage,
        (records, unseen): (usize, usize),
        expect: Expect,
    ) {
        let page = Envelope {
            end_of_stream,
            end_time: end_time.map(UnixTime::clamped),
            next_page,
            ..Envelope::default()
        };
        let start = UnixTime::clamped(100);
        let present = Present { now: UnixTime::clamped(1_000), settled: None, past: None };
        let verdict = decide(start, &page, tally(records, unseen), present);
        let found = match verdict {
            Ok(Verdict::Commit { more: true, .. }) => Expect::GoOn,
            Ok(Verdict::Commit { more: false, .. }) => Expect::Last,
            Ok(Verdict::Idle) => Expect::Idle,
            Err(Garbled::EndTimeMissing) => Expect::Missing,
            Err(Garbled::EndTimeBackwards { .. }) => Expect::Backwards,
            Err(Garbled::Overflow { .. }) => Expect::Overflow,
            Err(Garbled::Stuck { .. }) => Expect::Stuck,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn time_decisions_with_end_of_stream() {
        use NextPage::Present;
        let (yes, no) = (Some(true), Some(false));
        time(Some(200), no, Present, (10, 10), Expect::GoOn);
        time(Some(200), no, Present, (3, 3), Expect::GoOn);
        time(Some(200), no, Present, (0, 0), Expect::GoOn); // S17
        time(Some(200), yes, Present, (3, 3), Expect::Last);
        time(Some(200), yes, Present, (3, 0), Expect::Last);
        time(Some(200), yes, Present, (0, 0), Expect::Last);
        time(Some(100), yes, Present, (3, 0), Expect::Idle); // S5
        time(Some(100), yes, Present, (0, 0), Expect::Idle);
        time(Some(100), yes, Present, (3, 1), Expect::Last); // S22
        time(Some(100), yes, Present, (10, 10), Expect::Last);
        time(Some(100), no, Present, (10, 10), Expect::Overflow); // S6
        time(Some(100), no, Present, (10, 0), Expect::Overflow);
        time(Some(100), no, Present, (3, 3), Expect::Stuck); // S29
        time(Some(100), no, Present, (0, 0), Expect::Stuck);
        time(Some(99), no, Present, (3, 3), Expect::Backwards); // S7
        time(Some(99), yes, Present, (3, 3), Expect::Backwards);
        time(Some(1_005), no, Present, (3, 3), Expect::GoOn);
        time(None, no, Present, (3, 3), Expect::Missing); // S8
        time(None, no, Present, (0, 0), Expect::Missing);
        time(None, yes, Present, (3, 3), Expect::Missing); // S30
        time(None, yes, NextPage::Null, (0, 0), Expect::Idle); // S9
    }

    /// S15: articles and Talk have no end_of_stream.
    #[test]
    fn time_decisions_without_end_of_stream() {
        use NextPage::{Missing, Null, Present};
        time(Some(200), None, Present, (10, 10), Expect::GoOn);
        time(Some(200), None, Present, (3, 3), Expect::GoOn);
        time(Some(200), None, Present, (3, 0), Expect::Last);
        time(Some(200), None, Present, (0, 0), Expect::Last);
        time(Some(200), None, Null, (10, 10), Expect::Last);
        time(Some(200), None, Missing, (3, 3), Expect::GoOn);
        time(Some(100), None, Present, (10, 10), Expect::Overflow);
        time(Some(100), None, Present, (10, 0), Expect::Overflow);
        time(Some(100), None, Present, (3, 1), Expect::GoOn);
        time(Some(100), None, Present, (3, 0), Expect::Idle);
        time(Some(100), None, Null, (3, 1), Expect::Last);
        time(Some(100), None, Null, (3, 0), Expect::Idle);
        time(None, None, Null, (0, 0), Expect::Idle);
        time(None, None, Null, (3, 3), Expect::Missing);
        time(None, None, Present, (0, 0), Expect::Missing);
    }

    /// A page of the overlap holds what was delivered before, but what lies behind it may not be.
    #[test]
    fn a_page_that_is_read_again_is_no_end() {
        let page = |end_time| Envelope {
            end_time: Some(UnixTime::clamped(end_time)),
            next_page: NextPage::Present,
            ..Envelope::default()
        };
        let start = UnixTime::clamped(100);
        let present = Present { now: UnixTime::clamped(1_000), settled: None, past: None };
        let verdict = |end_time, fresh| {
            let tally = Tally { records: 3, unseen: 0, fresh, capacity: 10 };
            decide(start, &page(end_time), tally, present).unwrap()
        };
        let commit =
            |at, more| Verdict::Commit { next: Position::Time(UnixTime::clamped(at)), more };
        assert_eq!(verdict(200, 2), commit(200, true));
        assert_eq!(verdict(200, 0), commit(200, false));
        assert_eq!(verdict(100, 2), commit(100, true));
        assert_eq!(verdict(100, 0), Verdict::Idle);
    }

    /// S10: the position is then one of the records', and the last page is where they end.
    #[test]
    fn s10_an_end_time_in_the_future_is_not_gone_on_from() {
        let page = |end_of_stream| Envelope {
            end_of_stream,
            end_time: Some(UnixTime::clamped(1_006)),
            next_page: NextPage::Present,
            ..Envelope::default()
        };
        let go_on =
            |at, more| Verdict::Commit { next: Position::Time(UnixTime::clamped(at)), more };
        for (settled, past, unseen, expect) in [
            (Some(900), Some(990), 3, go_on(900, true)),
            (Some(900), Some(990), 0, go_on(900, true)),
            (Some(100), Some(990), 3, go_on(990, false)),
            (Some(100), Some(990), 0, go_on(990, false)),
            (None, Some(100), 2, go_on(100, false)),
            (None, Some(100), 0, Verdict::Idle),
            (None, None, 1, go_on(100, false)),
            (None, None, 0, Verdict::Idle),
        ] {
            let [settled, past] = [settled, past].map(|time| time.map(UnixTime::clamped));
            let present = Present { now: UnixTime::clamped(1_000), settled, past };
            let start = UnixTime::clamped(100);
            for end_of_stream in [None, Some(false), Some(true)] {
                let verdict = decide(start, &page(end_of_stream), tally(3, unseen), present);
                assert_eq!(verdict, Ok(expect.clone()), "{settled:?} {past:?} {unseen}");
            }
        }
    }
}

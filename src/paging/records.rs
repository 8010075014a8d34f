//! By time, where an end_time may lie ahead of the records, as that of side conversations does:
//! where the walk stands is told by the records. API notes §4.6.
//!
//! Pure.

use super::{
    time,
    verdict::{Present, Tally, Verdict},
};
use crate::{
    garbled::Garbled,
    page::{Envelope, NextPage},
    time::UnixTime,
};
use std::time::Duration;

/// As an export by time whose end_time is that of the latest record. The walk goes on by what is old
/// enough to start from; where that does not get on it has caught up, whatever the page says of its
/// end, and stands at the latest record that is not in the future.
pub(super) fn decide(
    start: UnixTime,
    page: &Envelope,
    tally: Tally,
    present: Present,
) -> Result<Verdict, Garbled> {
    let settled = present.settled.filter(|settled| *settled > start);
    let past = present.past.filter(|past| *past > start);
    let behind = start.plus(Duration::from_secs(1));
    // A full page of one second may hold all of it: then its end_time lies behind it (§4.2).
    let whole = tally.full() && page.end_time.is_some_and(|end_time| end_time >= behind);
    let (end_time, caught_up) = match (settled, past) {
        (Some(_), Some(past)) if page.next_page == NextPage::Null => (past, Some(true)),
        (Some(settled), _) => (settled, None),
        (None, Some(past)) => (past, Some(true)),
        (None, None) if whole => (behind, None),
        (None, None) => (start, None),
    };
    let page = Envelope { end_time: Some(end_time), end_of_stream: caught_up, ..page.clone() };
    time::decide(start, &page, tally, present)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Position;

    const START: i64 = 100;
    const NOW: i64 = 1_000;

    fn page(end_time: Option<i64>, next_page: NextPage) -> Envelope {
        let end_time = end_time.map(UnixTime::clamped);
        Envelope { end_time, next_page, ..Envelope::default() }
    }

    #[track_caller]
    fn expect(
        page: &Envelope,
        latest: Option<i64>,
        (records, unseen): (usize, usize),
        expect: &Result<Verdict, Garbled>,
    ) {
        let latest = latest.map(UnixTime::clamped);
        let now = UnixTime::clamped(NOW);
        let settled = latest.filter(|at| *at <= now.minus(Duration::from_secs(61)));
        let past = latest.filter(|at| *at <= now);
        let tally = Tally { records, unseen, fresh: unseen, capacity: 10 };
        let verdict = decide(UnixTime::clamped(START), page, tally, Present { now, settled, past });
        assert_eq!(verdict, *expect);
    }

    #[test]
    fn an_end_time_that_overshoots_is_not_gone_on_from() {
        use NextPage::{Null, Present};
        let go_on =
            |at, more| Ok(Verdict::Commit { next: Position::Time(UnixTime::clamped(at)), more });
        for end_time in [None, Some(50), Some(200), Some(900), Some(2_000)] {
            let (page, last) = (page(end_time, Present), page(end_time, Null));
            expect(&page, Some(200), (3, 3), &go_on(200, true));
            expect(&page, Some(200), (3, 0), &go_on(200, false));
            expect(&page, Some(200), (10, 0), &go_on(200, true));
            expect(&last, Some(200), (3, 3), &go_on(200, false));
            // What is too young to start from is caught up with.
            expect(&page, Some(970), (3, 3), &go_on(970, false));
            expect(&page, Some(970), (10, 10), &go_on(970, false));
            expect(&last, Some(970), (3, 3), &go_on(970, false));
            expect(&page, Some(100), (3, 1), &go_on(100, true));
            expect(&page, Some(100), (3, 0), &Ok(Verdict::Idle));
            expect(&last, Some(100), (3, 1), &go_on(100, false));
            expect(&last, Some(100), (3, 0), &Ok(Verdict::Idle));
            expect(&page, None, (0, 0), &Ok(Verdict::Idle));
            expect(&last, None, (0, 0), &Ok(Verdict::Idle));
            // Stamped ahead of the clock, every one.
            expect(&page, None, (3, 3), &go_on(100, true));
            expect(&last, None, (3, 3), &go_on(100, false));
        }
    }

    #[test]
    fn a_second_of_more_than_a_page_is_behind_us_only_if_the_page_says_so() {
        let stuck = Garbled::Overflow { second: UnixTime::clamped(START), records: 10 };
        let present = |end_time| page(end_time, NextPage::Present);
        expect(&present(Some(100)), Some(100), (10, 10), &Err(stuck.clone()));
        expect(&present(None), Some(100), (10, 0), &Err(stuck));
        let next = Position::Time(UnixTime::clamped(101));
        let go_on = Ok(Verdict::Commit { next, more: true });
        expect(&present(Some(101)), Some(100), (10, 10), &go_on);
        expect(&present(Some(700)), Some(100), (10, 10), &go_on);
    }
}

//! How the end of a stream is found where the server does not tell it: articles, Talk and, by the
//! vendor's example, metric events send no `end_of_stream` (API notes §1.2, §2.3, §4.4).
//!
//! A page that is full has more behind it, but how many records a full page has must be learnt. And
//! a second that holds more than a page looks like the end of the stream: it ends where it began.
//! Whether more lies behind it is asked once in a run.
//!
//! Pure. Must not know bodies, nor how a walk goes on.

use crate::{position::Position, time::UnixTime};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Ending {
    /// The longest page after which more followed.
    capacity: Option<u64>,
    /// How many records the page before had, if more was to come behind it; and by when, then, all
    /// that had changed was visible.
    before: Option<(u64, UnixTime)>,
    probe: Probe,
}

/// Whether more lies behind a second in which a page ended as it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    Unasked,
    /// Asks behind this second, of which so many records were served.
    Asks(UnixTime, u64),
    /// There are records behind this second, which may have come meanwhile: it is asked for again.
    Doubts(UnixTime, u64),
    /// They are not served with it. Asks behind it once more: if they are still there, the second
    /// keeps them from being served.
    Confirms(UnixTime, u64),
    Answered,
}

/// What the answer to a probe says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// There is nothing more.
    End,
    /// The second is to be asked for again.
    Again,
    /// The second holds more than a page, of so many records.
    Overflow(UnixTime, u64),
}

impl Ending {
    pub(super) fn new(capacity: Option<u64>) -> Ending {
        Ending { capacity, before: None, probe: Probe::Unasked }
    }

    /// The longest page after which more followed, to be saved.
    pub(super) fn learnt(&self) -> Option<u64> {
        self.capacity
    }

    /// How many records a full page has, of one that was asked for with a size.
    pub(super) fn capacity(&self, asked: u16) -> usize {
        let learnt = self.capacity.and_then(|most| usize::try_from(most).ok());
        learnt.map_or(asked.into(), |learnt| learnt.min(asked.into()))
    }

    /// A walk begins.
    pub(super) fn begin(&mut self) {
        self.before = None;
    }

    /// What lies behind a second may be asked once more.
    pub(super) fn ask_anew(&mut self) {
        self.probe = Probe::Unasked;
    }

    /// The walk has passed a page.
    pub(super) fn pass(&mut self, records: usize, more: bool, settled: UnixTime) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.before = more.then_some((records, settled));
        if let Probe::Doubts(..) = self.probe {
            self.probe = Probe::Answered; // they had come meanwhile
        }
    }

    /// How old a record must be to prove that the page before it was full: it was there when that
    /// page was served. `None` where there is nothing to learn.
    pub(super) fn proof(&self) -> Option<UnixTime> {
        let (records, settled) = self.before?;
        (self.capacity < Some(records)).then_some(settled)
    }

    /// The page before was full.
    pub(super) fn learn(&mut self) {
        self.capacity = self.capacity.max(self.before.map(|(records, _)| records));
    }

    /// What is to be asked for instead of `at`, if a probe is under way.
    pub(super) fn probe(&self) -> Option<Position> {
        match self.probe {
            Probe::Asks(second, _) | Probe::Confirms(second, _) => {
                Some(Position::Time(second.plus(SECOND)))
            }
            Probe::Unasked | Probe::Doubts(..) | Probe::Answered => None,
        }
    }

    /// A page brought nothing, and ended in the second in which it began. Whether what lies behind
    /// it is to be asked for, which can be done up to `youngest`.
    pub(super) fn is_open(&mut self, second: UnixTime, records: usize, youngest: UnixTime) -> bool {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.probe = match self.probe {
            Probe::Doubts(..) => Probe::Confirms(second, records),
            Probe::Unasked if second.plus(SECOND) <= youngest => Probe::Asks(second, records),
            _ => return false,
        };
        true
    }

    /// Whether something was seen behind the second in which a page ended that brought nothing; once.
    pub(super) fn take_doubt(&mut self) -> bool {
        let doubts = matches!(self.probe, Probe::Doubts(..));
        if doubts {
            self.probe = Probe::Unasked;
        }
        doubts
    }

    /// The answer to a probe has come, with or without records.
    pub(super) fn answer(&mut self, empty: bool) -> Probed {
        let (next, probed) = match self.probe {
            _ if empty => (Probe::Answered, Probed::End),
            Probe::Asks(second, records) => (Probe::Doubts(second, records), Probed::Again),
            Probe::Confirms(second, records) => {
                self.capacity = self.capacity.max(Some(records));
                (Probe::Doubts(second, records), Probed::Overflow(second, records))
            }
            other => (other, Probed::Again),
        };
        self.probe = next;
        probed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::clamped(seconds)
    }

    #[test]
    fn a_full_page_is_learnt_from_what_was_there_behind_it() {
        let mut ending = Ending::new(None);
        assert_eq!(ending.capacity(1000), 1000);
        assert_eq!(ending.proof(), None);
        ending.pass(100, true, at(50));
        assert_eq!(ending.proof(), Some(at(50)));
        ending.learn();
        assert_eq!((ending.capacity(1000), ending.capacity(30)), (100, 30));
        ending.pass(70, true, at(60));
        assert_eq!(ending.proof(), None);
        ending.pass(170, false, at(60));
        assert_eq!(ending.proof(), None);
    }

    #[test]
    fn a_second_that_hides_what_lies_behind_it_is_found_out() {
        let mut ending = Ending::new(None);
        assert!(!ending.is_open(at(100), 30, at(100)));
        assert!(ending.is_open(at(100), 30, at(101)));
        assert_eq!(ending.probe(), Some(Position::Time(at(101))));
        assert_eq!(ending.answer(false), Probed::Again);
        assert_eq!(ending.probe(), None);
        assert!(ending.is_open(at(100), 30, at(101)));
        assert_eq!(ending.answer(false), Probed::Overflow(at(100), 30));
        assert_eq!(ending.learnt(), Some(30));
    }

    #[test]
    fn what_comes_meanwhile_hides_nothing() {
        let mut ending = Ending::new(None);
        assert!(ending.is_open(at(100), 30, at(200)));
        assert_eq!(ending.answer(false), Probed::Again);
        ending.pass(31, true, at(200));
        assert!(!ending.is_open(at(110), 1, at(200)), "once in a run");
        assert_eq!(ending.learnt(), None);
    }

    #[test]
    fn nothing_behind_the_second_is_the_end() {
        let mut ending = Ending::new(None);
        assert!(ending.is_open(at(100), 30, at(200)));
        assert_eq!(ending.answer(true), Probed::End);
        assert_eq!(ending.probe(), None);
    }
}

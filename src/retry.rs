//! What to do after a request that went wrong: wait, ask for less, or give up.
//!
//! Pure: time and chance are arguments. Must not know sockets, clocks or messages.

use crate::garbled::Garbled;
use std::{
    mem::{Discriminant, discriminant},
    time::{Duration, Instant},
};

/// How a trouble asks to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// The network or the server hiccuped: again after a while, until the budget ends.
    Retry,
    /// A pooled connection was closed before any answer: as `Retry`, but at once the first time.
    RetryAtOnce,
    /// As `Retry`, but not before this long, where the budget allows it.
    RetryNotBefore(Duration),
    /// The server asks to wait this long: again then, or not at all.
    RetryAfter(Duration),
    /// The page was too much for the server: halve it; at one record, as `Retry`.
    Shrink,
    /// The answer came whole but garbled: as `Retry`, but the third of a kind is final.
    Repeat(Kind),
    /// As `Repeat`, but this long apart, where the budget allows it.
    RepeatNotBefore(Kind, Duration),
    /// The quota is spent: as `RetryAfter`, but it is no failure of the request.
    WaitForQuota(Duration),
    /// Asking again would change nothing.
    GiveUp,
}

/// In which way an answer is garbled, whatever it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(Discriminant<Garbled>);

impl From<&Garbled> for Kind {
    fn from(garbled: &Garbled) -> Kind {
        Kind(discriminant(garbled))
    }
}

/// At a time that is now or to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask for the same again.
    Same(Instant),
    /// Ask for a smaller page.
    Smaller(Instant),
    GiveUp(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Asking again would change nothing.
    Final,
    /// So many answers were garbled in the same way.
    Garbled(u32),
    /// The retry budget is used up.
    Spent(Duration),
    /// What is left of the retry budget, or `--max-wait`, is shorter than what the server asks for.
    WaitTooLong(Duration),
}

/// So many answers that are garbled in the same way are final.
const REPEATS: u32 = 3;
/// So many halvings for one page are immediate: heavy pages are common, and the server well.
const AT_ONCE: u32 = 2;
const LONGEST_DELAY: Duration = Duration::from_secs(60);
const SHORTEST_DELAY: Duration = Duration::from_millis(200);
/// Spreads out clients that were all told the same.
const SPREAD: Duration = Duration::from_secs(1);
/// What a budget that no clock can count to comes to.
const LONGEST_BUDGET: Duration = Duration::from_secs(365 * 86_400);

/// What one request may spend on failures; it begins with the first of them and ends with a good
/// answer.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    retry_for: Duration,
    max_wait: Option<Duration>,
    began: Option<Instant>,
    /// Spent since then on waiting for quota, which does not count.
    paused: Duration,
    failed: u32,
    halved: u32,
    /// How often each kind of garbled answer came.
    garbled: Vec<(Kind, u32)>,
    at_once_used: bool,
}

impl Budget {
    pub(crate) fn new(retry_for: Duration, max_wait: Option<Duration>) -> Budget {
        Budget {
            retry_for,
            max_wait,
            began: None,
            paused: Duration::ZERO,
            failed: 0,
            halved: 0,
            garbled: Vec::new(),
            at_once_used: false,
        }
    }

    /// Waiting for a place in the quota is no fault of the request.
    pub(crate) fn pause(&mut self, waited: Duration) {
        if self.began.is_some() {
            self.paused = self.paused.saturating_add(waited);
        }
    }

    /// What is left of it.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        let Some(began) = self.began else { return self.retry_for };
        let allowed = self.retry_for.saturating_add(self.paused).min(LONGEST_BUDGET);
        allowed.saturating_sub(now.saturating_duration_since(began))
    }

    /// `chance` is uniform in 0..1; `shrinkable` says whether the page can still be halved.
    pub(crate) fn next(
        &mut self,
        treatment: Treatment,
        shrinkable: bool,
        now: Instant,
        chance: f64,
    ) -> Next {
        self.began.get_or_insert(now);
        let delay = self.delay(chance);
        match treatment {
            Treatment::GiveUp => return Next::GiveUp(Reason::Final),
            Treatment::WaitForQuota(asked) => return self.wait(asked, now, chance),
            _ => self.failed = self.failed.saturating_add(1),
        }
        match treatment {
            Treatment::RetryAfter(asked) => return self.wait(asked, now, chance),
            Treatment::RetryAtOnce if !std::mem::replace(&mut self.at_once_used, true) => {
                return Next::Same(now);
            }
            Treatment::Repeat(kind) | Treatment::RepeatNotBefore(kind, _) => {
                let times = self.count(kind);
                if times >= REPEATS {
                    return Next::GiveUp(Reason::Garbled(times));
                }
            }
            _ => {}
        }
        let left = self.left(now);
        if left.is_zero() {
            return Next::GiveUp(Reason::Spent(self.retry_for));
        }
        // No `--max-wait` is so short that a server that is down is asked without a pause.
        let allowed = self.max_wait.unwrap_or(Duration::MAX).max(SHORTEST_DELAY);
        let longest = left.min(allowed);
        match treatment {
            Treatment::Shrink if shrinkable => {
                self.halved = self.halved.saturating_add(1);
                let at_once = self.halved <= AT_ONCE;
                Next::Smaller(if at_once { now } else { now + delay.min(longest) })
            }
            Treatment::RetryNotBefore(least) | Treatment::RepeatNotBefore(_, least) => {
                Next::Same(now + delay.max(least).min(longest))
            }
            _ => Next::Same(now + delay.min(longest)),
        }
    }

    /// How long to wait after the failures so far.
    fn delay(&self, chance: f64) -> Duration {
        let ceiling = Duration::from_secs(1 << self.failed.min(6)).min(LONGEST_DELAY);
        ceiling.mul_f64(chance).max(SHORTEST_DELAY)
    }

    /// The server asks to wait: less would be in vain.
    fn wait(&self, asked: Duration, now: Instant, chance: f64) -> Next {
        let longest = self.left(now).min(self.max_wait.unwrap_or(Duration::MAX));
        if asked > longest {
            return Next::GiveUp(Reason::WaitTooLong(asked));
        }
        let spread = asked.saturating_add(SPREAD.mul_f64(chance)).min(longest);
        Next::Same(now + spread)
    }

    /// Another answer of this kind; how many there were.
    fn count(&mut self, kind: Kind) -> u32 {
        if let Some((_, times)) = self.garbled.iter_mut().find(|(known, _)| *known == kind) {
            *times = times.saturating_add(1);
            return *times;
        }
        self.garbled.push((kind, 1));
        1
    }
}

/// The page size: halved when the server cannot keep up, grown back when it can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize {
    asked: u16,
    now: u16,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many pages in a row were good.
    Steady { good: u32 },
    /// Halved from this size, and nothing has been good since.
    Halved { from: u16 },
    /// A larger size is tried once; this one has worked.
    Trying { worked: u16 },
}

/// The most records that the server puts on a page (API notes §4.3).
pub(crate) const LARGEST: u16 = 1000;

/// So many good pages in a row earn a page of twice the size.
const GROWS_AFTER: u32 = 20;

impl PageSize {
    pub(crate) fn new(asked: u16) -> PageSize {
        PageSize { asked, now: asked, phase: Phase::Steady { good: 0 } }
    }

    pub(crate) fn get(self) -> u16 {
        self.now
    }

    pub(crate) fn shrinkable(self) -> bool {
        self.now > 1
    }

    /// This size was too much: half of it, or what has worked if this one was only tried.
    pub(crate) fn halve(&mut self) {
        let half = (self.now / 2).max(1);
        (self.now, self.phase) = match self.phase {
            Phase::Steady { .. } => (half, Phase::Halved { from: self.now }),
            Phase::Halved { from } => (half, Phase::Halved { from }),
            Phase::Trying { worked } => (worked, Phase::Steady { good: 0 }),
        };
    }

    /// The largest page, because a smaller one could not hold one second; `false` if it is that
    /// large already.
    pub(crate) fn widen(&mut self) -> bool {
        self.phase = Phase::Steady { good: 0 };
        std::mem::replace(&mut self.now, LARGEST) < LARGEST
    }

    /// What a good page will make of it.
    pub(crate) fn after_a_good_page(mut self) -> PageSize {
        self.good_page();
        self
    }

    pub(crate) fn good_page(&mut self) {
        self.now = self.now.min(self.asked);
        let worked = self.now;
        match self.phase {
            // The trouble may have been an outage and no matter of the page.
            Phase::Halved { from } => {
                self.now = from.min(self.asked);
                self.phase = Phase::Trying { worked };
            }
            Phase::Steady { good } if good + 1 >= GROWS_AFTER && worked < self.asked => {
                self.now = worked.saturating_mul(2).min(self.asked);
                self.phase = Phase::Trying { worked };
            }
            Phase::Steady { good } => {
                self.phase = Phase::Steady { good: good.saturating_add(1) };
            }
            Phase::Trying { .. } => self.phase = Phase::Steady { good: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_secs(900);
    const EMPTY: Garbled = Garbled::Empty;
    const HTML: Garbled = Garbled::Html;

    fn now() -> Instant {
        crate::clock::Clock::real().instant()
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn garbled(garbled: &Garbled) -> Treatment {
        Treatment::Repeat(Kind::from(garbled))
    }

    /// A request that fails always in this way and at once: the waits until it is given up.
    fn waits(
        treatment: Treatment,
        retry_for: Duration,
        max_wait: Option<Duration>,
        chance: f64,
    ) -> (Vec<Duration>, Reason) {
        let mut budget = Budget::new(retry_for, max_wait);
        let (mut now, mut waits) = (now(), Vec::new());
        loop {
            match budget.next(treatment, true, now, chance) {
                Next::Same(at) | Next::Smaller(at) => {
                    waits.push(at - now);
                    now = at;
                    assert!(waits.len() < 20_000, "no end");
                }
                Next::GiveUp(reason) => return (waits, reason),
            }
        }
    }

    #[test]
    fn f14_a_failing_request_is_tried_by_time_alone() {
        for (retry_for, chance, tries) in [
            // 1 + 2 + 4 + 8 + 16 + 32 s and then a minute each.
            (900, 1.0, 6 + 14),
            (3_600, 1.0, 6 + 59),
            (900, 0.5, 6 + 29),
            (3, 1.0, 2),
            (1, 1.0, 1),
            // The shortest delay is a fifth of a second.
            (3, 0.0, 15),
            (900, 0.0, 4_500),
        ] {
            let (waits, reason) = waits(Treatment::Retry, seconds(retry_for), None, chance);
            assert_eq!(waits.len(), tries, "{retry_for} s, {chance}");
            let total: Duration = waits.iter().sum();
            assert_eq!(total, seconds(retry_for), "the last wait is cut to what is left");
            assert_eq!(reason, Reason::Spent(seconds(retry_for)));
        }
    }

    #[test]
    fn f14_delays_double_to_a_minute() {
        let (waits, _) = waits(Treatment::Retry, seconds(300), None, 1.0);
        let waits: Vec<u64> = waits.iter().map(Duration::as_secs).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 57]);
    }

    #[test]
    fn without_a_budget_the_first_failure_is_the_last() {
        for treatment in [Treatment::Retry, Treatment::Shrink, garbled(&EMPTY)] {
            let ended = waits(treatment, Duration::ZERO, None, 0.5);
            assert_eq!(ended, (Vec::new(), Reason::Spent(Duration::ZERO)), "{treatment:?}");
        }
    }

    #[test]
    fn a_budget_that_no_clock_counts_to_is_one() {
        let mut budget = Budget::new(Duration::MAX, None);
        assert!(matches!(budget.next(Treatment::Retry, false, now(), 0.5), Next::Same(_)));
        budget.pause(Duration::MAX);
        assert!(matches!(budget.next(Treatment::Retry, false, now(), 0.5), Next::Same(_)));
    }

    #[test]
    fn a_wait_of_our_own_is_no_longer_than_max_wait() {
        let (waits, _) = waits(Treatment::Retry, seconds(30), Some(seconds(10)), 1.0);
        let waits: Vec<u64> = waits.iter().map(Duration::as_secs).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 5]);
    }

    /// Where hardly any wait is allowed, a server that is down is not asked in a tight loop.
    #[test]
    fn h5_no_max_wait_makes_a_busy_loop() {
        for max_wait in [0, 1, 199, 200] {
            for treatment in [Treatment::Retry, Treatment::RetryNotBefore(seconds(10))] {
                let (waits, reason) = waits(treatment, seconds(3), Some(millis(max_wait)), 1.0);
                assert_eq!((waits.len(), waits[0]), (15, millis(200)), "{max_wait} ms");
                assert_eq!(reason, Reason::Spent(seconds(3)));
            }
            let (waits, _) = waits(Treatment::Shrink, seconds(3), Some(millis(max_wait)), 1.0);
            assert_eq!(waits.len(), 2 + 15, "two halvings are immediate");
        }
    }

    #[test]
    fn f13_three_garbled_answers_of_one_kind_are_final() {
        let (waits, reason) = waits(garbled(&EMPTY), BUDGET, None, 1.0);
        assert_eq!((waits.len(), reason), (2, Reason::Garbled(3)));
        // What it says of the answer makes no other kind of it.
        let mut budget = Budget::new(BUDGET, None);
        let status = |status| garbled(&Garbled::Status { status });
        for code in [202, 204] {
            assert!(matches!(budget.next(status(code), false, now(), 0.5), Next::Same(_)));
        }
        let next = budget.next(status(206), false, now(), 0.5);
        assert_eq!(next, Next::GiveUp(Reason::Garbled(3)));
    }

    #[test]
    fn f13_other_failures_between_garbled_ones_neither_count_nor_make_them_final() {
        let others = [
            Treatment::Retry,
            Treatment::RetryAtOnce,
            Treatment::Shrink,
            Treatment::RetryNotBefore(seconds(10)),
            Treatment::RetryAfter(seconds(1)),
            Treatment::WaitForQuota(seconds(1)),
            garbled(&HTML),
        ];
        for other in others {
            for order in [[other, other, garbled(&EMPTY)], [garbled(&EMPTY), other, other]] {
                let mut budget = Budget::new(BUDGET, None);
                for treatment in order {
                    let next = budget.next(treatment, true, now(), 0.0);
                    assert!(!matches!(next, Next::GiveUp(_)), "{order:?}: {next:?}");
                }
                let next = budget.next(garbled(&EMPTY), true, now(), 0.0);
                assert!(matches!(next, Next::Same(_)), "{order:?}: the second of its kind");
                let next = budget.next(garbled(&EMPTY), true, now(), 0.0);
                assert_eq!(next, Next::GiveUp(Reason::Garbled(3)), "{order:?}");
            }
        }
    }

    #[test]
    fn f13_a_budget_that_ends_first_ends_garbled_answers_too() {
        let (waits, reason) = waits(garbled(&EMPTY), millis(500), None, 1.0);
        assert_eq!((waits, reason), (vec![millis(500)], Reason::Spent(millis(500))));
    }

    #[test]
    fn f14_what_must_not_be_asked_too_soon_waits_where_the_budget_allows_it() {
        let kind = Kind::from(&Garbled::CursorStuckEmpty);
        for (treatment, retry_for, expected) in [
            (Treatment::RetryNotBefore(seconds(10)), 25, vec![10, 10, 5]),
            (Treatment::RetryNotBefore(seconds(10)), 4, vec![4]),
            (Treatment::RepeatNotBefore(kind, seconds(60)), 900, vec![60, 60]),
            (Treatment::RepeatNotBefore(kind, seconds(60)), 90, vec![60, 30]),
            (Treatment::RepeatNotBefore(kind, seconds(60)), 5, vec![5]),
        ] {
            let (waits, _) = waits(treatment, seconds(retry_for), None, 0.0);
            let waits: Vec<u64> = waits.iter().map(Duration::as_secs).collect();
            assert_eq!(waits, expected, "{treatment:?} in {retry_for} s");
        }
    }

    #[test]
    fn quota_waits_use_the_budget_and_lengthen_no_delay() {
        let (now, mut budget) = (now(), Budget::new(BUDGET, None));
        for minute in 0..14 {
            let at = now + seconds(60 * minute);
            let next = budget.next(Treatment::WaitForQuota(seconds(60)), true, at, 0.5);
            assert_eq!(next, Next::Same(at + millis(60_500)));
        }
        let at = now + seconds(839);
        assert_eq!(budget.next(Treatment::Retry, true, at, 1.0), Next::Same(at + seconds(1)));
        let next = budget.next(Treatment::WaitForQuota(seconds(60)), true, now + seconds(860), 0.0);
        assert_eq!(next, Next::GiveUp(Reason::WaitTooLong(seconds(60))));
    }

    #[test]
    fn h7_refusals_for_ever_end_with_the_budget() {
        for treatment in [Treatment::WaitForQuota(seconds(1)), Treatment::RetryAfter(seconds(1))] {
            let (waits, reason) = waits(treatment, seconds(10), None, 0.5);
            let total: Duration = waits.iter().sum();
            assert!(total <= seconds(10) && waits.len() <= 10, "{waits:?}");
            assert!(matches!(reason, Reason::WaitTooLong(_)), "{reason:?}");
        }
    }

    #[test]
    fn h6_a_wait_that_is_asked_for_and_too_long_is_not_begun() {
        let minute = seconds(60);
        for (asked, retry_for, max_wait, begun) in [
            (seconds(86_400), BUDGET, None, false),
            (Duration::MAX, BUDGET, None, false),
            (Duration::MAX, Duration::MAX, None, false),
            (minute, BUDGET, Some(seconds(30)), false),
            (minute, seconds(59), None, false),
            (minute, minute, None, true),
            (minute, BUDGET, Some(minute), true),
        ] {
            for treatment in [Treatment::WaitForQuota(asked), Treatment::RetryAfter(asked)] {
                let next = Budget::new(retry_for, max_wait).next(treatment, true, now(), 1.0);
                let expected = Next::GiveUp(Reason::WaitTooLong(asked));
                assert_eq!(next != expected, begun, "{treatment:?} {retry_for:?} {max_wait:?}");
            }
        }
    }

    #[test]
    fn waiting_for_a_place_in_the_quota_does_not_count() {
        let (now, mut budget) = (now(), Budget::new(seconds(5), None));
        assert!(matches!(budget.next(Treatment::Retry, false, now, 0.0), Next::Same(_)));
        budget.pause(seconds(30));
        assert_eq!(budget.left(now + seconds(31)), seconds(4));
        let next = budget.next(Treatment::Retry, false, now + seconds(31), 0.0);
        assert!(matches!(next, Next::Same(_)), "{next:?}");
    }

    #[test]
    fn a_closed_pooled_connection_is_tried_again_at_once_but_only_once() {
        let (now, mut budget) = (now(), Budget::new(BUDGET, None));
        assert_eq!(budget.next(Treatment::RetryAtOnce, false, now, 1.0), Next::Same(now));
        let again = budget.next(Treatment::RetryAtOnce, false, now, 1.0);
        assert_eq!(again, Next::Same(now + seconds(2)));
    }

    #[test]
    fn h10_the_page_is_halved_down_to_one_and_the_third_halving_waits() {
        let (now, mut budget, mut size) = (now(), Budget::new(BUDGET, None), PageSize::new(1000));
        let (mut sizes, mut waits) = (vec![size.get()], Vec::new());
        let last = loop {
            match budget.next(Treatment::Shrink, size.shrinkable(), now, 1.0) {
                Next::Smaller(at) => waits.push((at - now).as_secs()),
                next => break next,
            }
            size.halve();
            sizes.push(size.get());
        };
        assert_eq!(sizes, [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]);
        assert_eq!(waits, [0, 0, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(last, Next::Same(now + seconds(60)), "as any other failure then");
    }

    #[test]
    fn f15_halvings_end_with_the_budget() {
        let (waits, reason) = waits(Treatment::Shrink, seconds(20), None, 1.0);
        assert_eq!(waits.iter().sum::<Duration>(), seconds(20));
        assert_eq!((waits.len(), reason), (5, Reason::Spent(seconds(20))));
    }

    /// Ten time-outs, then all is well.
    #[test]
    fn f15_after_an_outage_the_size_from_before_is_back() {
        let mut size = PageSize::new(1000);
        for _ in 0..10 {
            size.halve();
        }
        let mut sizes = Vec::new();
        for _ in 0..14 {
            sizes.push(size.get());
            size.good_page();
        }
        assert_eq!(sizes, [[1].as_slice(), &[1000; 13]].concat());
    }

    #[test]
    fn f15_a_size_that_fails_again_is_left_alone_for_twenty_pages() {
        // Pages of more than 300 are too much for this server.
        let mut size = PageSize::new(1000);
        let mut asked = Vec::new();
        while asked.len() < 100 {
            asked.push(size.get());
            if size.get() > 300 {
                size.halve();
            } else {
                size.good_page();
            }
        }
        let small = [250; 20];
        let expected = [&[1000, 500, 250, 1000][..], &small, &[500], &small, &[500], &small];
        assert_eq!(asked[..66], expected.concat());
    }

    #[test]
    fn the_page_grows_back_after_twenty_good_ones() {
        let mut size = PageSize::new(1000);
        size.halve();
        size.halve();
        size.good_page();
        size.halve(); // the size from before fails again
        for _ in 0..19 {
            size.good_page();
        }
        assert_eq!(size.get(), 250);
        size.good_page();
        assert_eq!(size.get(), 500);
        for _ in 0..40 {
            size.good_page();
        }
        assert_eq!(size.get(), 1000);
    }

    #[test]
    fn a_page_that_was_widened_is_what_was_asked_for_when_it_is_good() {
        let mut size = PageSize::new(100);
        assert!(size.widen());
        assert_eq!(size.get(), LARGEST);
        assert!(!size.widen());
        size.good_page();
        assert_eq!(size.get(), 100);
    }
}

//! What to do after a request that went wrong: wait, ask for less, or give up.
//!
//! Pure: time and chance are arguments. Must not know sockets, clocks or messages.

use std::time::{Duration, Instant};

/// How a trouble asks to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// The network or the server hiccuped: up to 8 attempts.
    Retry,
    /// A pooled connection was closed before any answer: as `Retry`, but at once the first time.
    RetryAtOnce,
    /// As `Retry`, but not before this long.
    RetryAfter(Duration),
    /// The page was too much for the server: halve it at once; at one record, as `Retry`.
    Shrink,
    /// The answer came whole but garbled: up to 3 attempts.
    Repeat,
    /// As `Repeat`, but this long apart.
    RepeatAfter(Duration),
    /// The quota is spent: wait exactly this long. Uses no attempt.
    WaitForQuota(Duration),
    /// Asking again would change nothing.
    GiveUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask again at this time.
    At(Instant),
    /// Ask again at once for a smaller page.
    Smaller,
    GiveUp(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Asking again would change nothing.
    Final,
    /// All attempts failed.
    Attempts(u32),
    /// What is left of the retry budget, or `--max-wait`, is shorter than the wait.
    WaitTooLong(Duration),
}

const RETRIES: u32 = 8;
const REPEATS: u32 = 3;
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// What a budget that no clock can count to comes to.
const LONGEST_BUDGET: Duration = Duration::from_secs(365 * 86_400);
const SHORTEST_DELAY: Duration = Duration::from_millis(200);

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
            at_once_used: false,
        }
    }

    /// Waiting for a place in the quota is no fault of the request.
    pub(crate) fn pause(&mut self, waited: Duration) {
        if self.began.is_some() {
            self.paused = self.paused.saturating_add(waited);
        }
    }

    /// How many attempts have failed since the last good answer.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// How many attempts a treatment allows, for "attempt 2/8".
    pub(crate) fn allowed(treatment: Treatment) -> u32 {
        match treatment {
            Treatment::Repeat | Treatment::RepeatAfter(_) => REPEATS,
            Treatment::Retry
            | Treatment::RetryAtOnce
            | Treatment::RetryAfter(_)
            | Treatment::Shrink
            | Treatment::WaitForQuota(_)
            | Treatment::GiveUp => RETRIES,
        }
    }

    /// `chance` is uniform in 0..1; `shrinkable` says whether the page can still be halved.
    pub(crate) fn next(
        &mut self,
        treatment: Treatment,
        shrinkable: bool,
        now: Instant,
        chance: f64,
    ) -> Next {
        let began = *self.began.get_or_insert(now);
        let allowed = self.retry_for.saturating_add(self.paused);
        let deadline = began.checked_add(allowed).unwrap_or(now + LONGEST_BUDGET);
        let delay = match treatment {
            Treatment::GiveUp => return Next::GiveUp(Reason::Final),
            Treatment::Shrink if shrinkable && now < deadline => return Next::Smaller,
            Treatment::WaitForQuota(wait) => {
                // The second on top spreads out clients that were all told the same.
                return self.wait(
                    wait,
                    wait + Duration::from_secs(1).mul_f64(chance),
                    now,
                    deadline,
                );
            }
            Treatment::RetryAtOnce if !self.at_once_used => {
                self.at_once_used = true;
                self.failed += 1;
                return Next::At(now);
            }
            Treatment::Retry | Treatment::RetryAtOnce | Treatment::Shrink | Treatment::Repeat => {
                let ceiling = Duration::from_secs(1 << self.failed.min(6)).min(LONGEST_DELAY);
                ceiling.mul_f64(chance).max(SHORTEST_DELAY)
            }
            Treatment::RetryAfter(wait) => wait + Duration::from_secs(1).mul_f64(chance),
            Treatment::RepeatAfter(wait) => wait,
        };
        self.failed += 1;
        if self.failed >= Budget::allowed(treatment) {
            return Next::GiveUp(Reason::Attempts(self.failed));
        }
        self.wait(delay, delay, now, deadline)
    }

    fn wait(&self, least: Duration, wait: Duration, now: Instant, deadline: Instant) -> Next {
        let left = deadline.saturating_duration_since(now);
        if least > left || self.max_wait.is_some_and(|longest| least > longest) {
            return Next::GiveUp(Reason::WaitTooLong(least));
        }
        match now.checked_add(wait) {
            Some(until) => Next::At(until),
            None => Next::GiveUp(Reason::WaitTooLong(least)),
        }
    }
}

/// The page size: halved when the server cannot keep up, grown back when it can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize {
    asked: u16,
    now: u16,
    good: u32,
}

/// The most records that the server puts on a page (API notes §4.3).
pub(crate) const LARGEST: u16 = 1000;

/// So many good pages in a row earn a page of twice the size.
const GROWS_AFTER: u32 = 20;

impl PageSize {
    pub(crate) fn new(asked: u16) -> PageSize {
        PageSize { asked, now: asked, good: 0 }
    }

    pub(crate) fn get(self) -> u16 {
        self.now
    }

    pub(crate) fn shrinkable(self) -> bool {
        self.now > 1
    }

    pub(crate) fn halve(&mut self) {
        self.now = (self.now / 2).max(1);
        self.good = 0;
    }

    /// The largest page, because a smaller one could not hold one second; `false` if it is that
    /// large already.
    pub(crate) fn widen(&mut self) -> bool {
        self.good = 0;
        std::mem::replace(&mut self.now, LARGEST) < LARGEST
    }

    /// What a good page will make of it.
    pub(crate) fn after_a_good_page(mut self) -> PageSize {
        self.good_page();
        self
    }

    pub(crate) fn good_page(&mut self) {
        self.now = self.now.min(self.asked);
        self.good += 1;
        if self.good >= GROWS_AFTER {
            self.now = self.now.saturating_mul(2).min(self.asked);
            self.good = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_secs(900);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn eight_attempts_with_delays_that_double() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        let mut delays = Vec::new();
        let reason = loop {
            match budget.next(Treatment::Retry, false, now, 1.0) {
                Next::At(until) => delays.push((until - now).as_secs()),
                Next::Smaller => panic!("not shrinkable"),
                Next::GiveUp(reason) => break reason,
            }
        };
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60]);
        assert_eq!(reason, Reason::Attempts(8));
    }

    #[test]
    fn a_delay_is_never_shorter_than_the_floor() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        let next = budget.next(Treatment::Retry, false, now, 0.0);
        assert_eq!(next, Next::At(now + SHORTEST_DELAY));
    }

    #[test]
    fn three_attempts_at_a_garbled_answer() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        for _ in 0..2 {
            assert!(matches!(budget.next(Treatment::Repeat, true, now, 0.5), Next::At(_)));
        }
        let next = budget.next(Treatment::Repeat, true, now, 0.5);
        assert_eq!(next, Next::GiveUp(Reason::Attempts(3)));
    }

    #[test]
    fn quota_waits_use_the_budget_but_no_attempt() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        for minute in 0..15 {
            let at = now + seconds(60 * minute);
            let next = budget.next(Treatment::WaitForQuota(seconds(60)), true, at, 0.5);
            assert_eq!(next, Next::At(at + Duration::from_millis(60_500)));
        }
        assert_eq!(budget.failed(), 0);
        let next = budget.next(Treatment::WaitForQuota(seconds(60)), true, now + seconds(860), 0.0);
        assert_eq!(next, Next::GiveUp(Reason::WaitTooLong(seconds(60))));
    }

    #[test]
    fn waiting_for_a_place_in_the_quota_does_not_count() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(seconds(5), None);
        assert!(matches!(budget.next(Treatment::Retry, false, now, 0.0), Next::At(_)));
        budget.pause(seconds(30));
        let next = budget.next(Treatment::Retry, false, now + seconds(31), 0.0);
        assert!(matches!(next, Next::At(_)), "{next:?}");
    }

    #[test]
    fn a_wait_longer_than_allowed_is_not_begun() {
        let now = crate::clock::Clock::real().instant();
        let day = Treatment::WaitForQuota(seconds(86_400));
        let next = Budget::new(BUDGET, None).next(day, true, now, 0.0);
        assert_eq!(next, Next::GiveUp(Reason::WaitTooLong(seconds(86_400))));
        let minute = Treatment::WaitForQuota(seconds(60));
        let next = Budget::new(BUDGET, Some(seconds(30))).next(minute, true, now, 0.0);
        assert_eq!(next, Next::GiveUp(Reason::WaitTooLong(seconds(60))));
        let for_ever = Treatment::WaitForQuota(Duration::MAX / 2);
        let next = Budget::new(Duration::from_secs(900), None).next(for_ever, true, now, 0.0);
        assert!(matches!(next, Next::GiveUp(Reason::WaitTooLong(_))));
    }

    #[test]
    fn a_closed_pooled_connection_is_tried_again_at_once_but_only_once() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        assert_eq!(budget.next(Treatment::RetryAtOnce, false, now, 1.0), Next::At(now));
        let again = budget.next(Treatment::RetryAtOnce, false, now, 1.0);
        assert_eq!(again, Next::At(now + seconds(2)));
    }

    #[test]
    fn the_page_is_halved_down_to_one_then_retried() {
        let now = crate::clock::Clock::real().instant();
        let mut budget = Budget::new(BUDGET, None);
        let mut size = PageSize::new(1000);
        let mut sizes = vec![size.get()];
        while budget.next(Treatment::Shrink, size.shrinkable(), now, 1.0) == Next::Smaller {
            size.halve();
            sizes.push(size.get());
        }
        assert_eq!(sizes, [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]);
        assert_eq!(budget.failed(), 1);
    }

    #[test]
    fn the_page_grows_back_after_twenty_good_ones() {
        let mut size = PageSize::new(1000);
        size.halve();
        size.halve();
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
}

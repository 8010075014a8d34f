//! When faults strike: by the number of the request, or by a rule that a test gives.

use std::sync::{Mutex, PoisonError};

use super::fault::Fault;

/// What a rule may look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The request's number, from 1.
    pub number: u64,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The size of page that was asked for, or the endpoint's default.
    pub per_page: u32,
}

type Rule = Box<dyn Fn(&Seen) -> Option<Fault> + Send>;

#[derive(Default)]
struct Plan {
    last: u64,
    numbered: Vec<(Fault, u64)>,
    rules: Vec<Rule>,
}

pub(super) struct Script(Mutex<Plan>);

impl Script {
    pub(super) fn new(numbered: Vec<(Fault, u64)>) -> Self {
        Self(Mutex::new(Plan { numbered, ..Plan::default() }))
    }

    pub(super) fn inject(&self, fault: Fault, nth: u64) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = plan.last + nth.max(1);
        plan.numbered.push((fault, number));
    }

    pub(super) fn add_rule(&self, rule: Rule) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.push(rule);
    }

    /// Numbers the next API request and says what strikes it.
    pub(super) fn next(&self, path: &str, query: &str, per_page: u32) -> (u64, Option<Fault>) {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plan.last += 1;
        let number = plan.last;
        let seen = Seen { number, path: path.to_owned(), query: query.to_owned(), per_page };
        let by_number = plan.numbered.iter().find_map(|(fault, at)| strikes(*fault, *at, &seen));
        let fault = by_number.or_else(|| plan.rules.iter().find_map(|rule| rule(&seen)));
        (number, fault)
    }
}

fn strikes(fault: Fault, at: u64, seen: &Seen) -> Option<Fault> {
    match fault {
        Fault::TimeoutOver(limit) if seen.number >= at && seen.per_page > limit => {
            Some(Fault::Timeout)
        }
        Fault::TimeoutOver(_) => None,
        fault => (seen.number == at).then_some(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(script: &Script, pages: &[u32]) -> Vec<Option<Fault>> {
        pages.iter().map(|per_page| script.next("/api/v2/x", "", *per_page).1).collect()
    }

    #[test]
    fn a_numbered_fault_strikes_once() {
        let script = Script::new(vec![(Fault::Cut, 2)]);
        assert_eq!(faults(&script, &[1, 1, 1]), [None, Some(Fault::Cut), None]);
    }

    #[test]
    fn an_injected_fault_is_counted_from_now() {
        let script = Script::new(vec![]);
        faults(&script, &[1, 1]);
        script.inject(Fault::Empty, 2);
        assert_eq!(faults(&script, &[1, 1, 1]), [None, Some(Fault::Empty), None]);
    }

    #[test]
    fn large_pages_stay_too_large() {
        let script = Script::new(vec![(Fault::TimeoutOver(100), 1)]);
        let timeout = Some(Fault::Timeout);
        assert_eq!(faults(&script, &[1000, 500, 100, 101]), [timeout, timeout, None, timeout]);
    }
}

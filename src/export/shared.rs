//! What all jobs of a run have in common. Must not know what any of them does.

use super::apart::Outputs;
use crate::{
    api::{BaseUrl, Limits, auth::Authorizer},
    clock::Clock,
    disk::FileMode,
    failure::{Exit, Failure},
    mutex::lock,
    pacer::gate::Gate,
    report::Report,
    signals::Stop,
    state::StateFile,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What all jobs of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) account: &'a str,
    pub(crate) base: &'a BaseUrl,
    pub(crate) limits: Limits,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) gate: Gate,
    /// `None` when every job is a one-off without a state.
    pub(crate) state: Option<Mutex<StateFile>>,
    /// How many resources run side by side.
    pub(crate) jobs: usize,
    pub(crate) retry_for: Duration,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) clock: Clock,
    pub(crate) stop: &'a Stop,
    pub(crate) report: &'a Report,
    /// Whether a job's last line is for people.
    pub(crate) last_line: bool,
    pub(crate) over: Over,
    pub(crate) outputs: Outputs,
    pub(crate) memory: Ledger,
    /// Of outputs that are made.
    pub(crate) file_mode: FileMode,
}

/// Whether a run that follows is over because one of its resources is.
#[derive(Debug, Default)]
pub(crate) struct Over(Mutex<Option<Exit>>);

impl Over {
    /// The others end, too: with this exit.
    pub(super) fn set(&self, exit: Exit) {
        lock(&self.0).get_or_insert(exit);
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        match *lock(&self.0) {
            Some(exit) => Err(Failure::new(exit, "ends, because the run is over for another")),
            None => Ok(()),
        }
    }
}

/// How many fingerprints are remembered of a resource at the most: 16 bytes each in the state.
const MOST_OF_ONE: usize = 100_000;

/// The same of all resources of a state together. Beyond it the largest gives way, when it is read
/// the next time: until then it keeps what it has.
const MOST_OF_ALL: usize = 400_000;

/// No state holds more, whoever has still to give way: it must stay one that can be read.
const MOST_IN_A_STATE: usize = 600_000;

/// How many fingerprints each resource of a state holds: those of this run, as far as they have come,
/// and those of others, as they were saved.
#[derive(Debug)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, usize>>);

impl Ledger {
    pub(crate) fn new(saved: BTreeMap<String, usize>) -> Ledger {
        Ledger(Mutex::new(saved))
    }

    /// How many a resource may hold that holds so many now.
    pub(super) fn most(&self, resource: &str, holds: usize) -> usize {
        let mut all = lock(&self.0);
        all.insert(resource.to_owned(), holds);
        most(all.iter().filter(|(name, _)| *name != resource).map(|(_, held)| *held).collect())
    }
}

/// How many one may hold beside others that hold so many: all that the others leave of what all may
/// hold together, of whom the largest are counted as if they held no more than it.
fn most(mut others: Vec<usize>) -> usize {
    others.sort_unstable();
    let all: usize = others.iter().sum();
    let (mut left, mut sharing) = (MOST_OF_ALL, others.len() + 1);
    for held in others {
        if held > left / sharing {
            break;
        }
        (left, sharing) = (left - held, sharing - 1);
    }
    (left / sharing).min(MOST_OF_ONE).min(MOST_IN_A_STATE.saturating_sub(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_gives_way() {
        for (others, expected) in [
            (vec![], 100_000),
            (vec![100_000], 100_000),
            (vec![100_000; 3], 100_000),
            (vec![100_000; 4], 80_000),
            (vec![5, 100_000, 100_000, 100_000, 100_000], 79_999),
            (vec![80_000; 4], 80_000),
            (vec![10_000; 6], 100_000),
            (vec![70_000; 5], 66_666),
            (vec![60_000; 5], 100_000),
            (vec![60_000, 60_000, 60_000, 60_000, 100_000], 80_000),
            (vec![0; 50], 100_000),
            (vec![10_000; 39], 10_000),
            // Who holds too much and is not read keeps it until it is.
            (vec![100_000; 5], 66_666),
            (vec![100_000, 100_000, 100_000, 100_000, 100_000, 66_666], 33_334),
            (vec![100_000; 6], 0),
        ] {
            assert_eq!(most(others.clone()), expected, "{others:?}");
        }
    }

    /// However they grow, what is in a state stays within its bound, and nobody is left with less
    /// than an equal part while others have more.
    #[test]
    fn all_together_stay_within_the_bound() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let mut held = vec![0; rng.usize(1..30)];
            for _ in 0..400 {
                let one = rng.usize(..held.len());
                let mut others = held.clone();
                others.swap_remove(one);
                held[one] = (held[one] + rng.usize(..30_000)).min(most(others));
            }
            // Each is read once more, and no more comes.
            for one in 0..held.len() {
                let mut others = held.clone();
                others.swap_remove(one);
                held[one] = held[one].min(most(others));
            }
            assert!(held.iter().sum::<usize>() <= MOST_OF_ALL, "{held:?}");
            assert!(held.iter().all(|held| *held <= MOST_OF_ONE));
        }
    }

    #[test]
    fn what_others_hold_is_that_of_the_state_until_they_are_read() {
        let name = |n: usize| format!("custom_objects:{n}");
        let ledger = Ledger::new((0..4).map(|n| (name(n), 100_000)).collect());
        assert_eq!(ledger.most("tickets", 0), 80_000);
        for n in 0..4 {
            assert_eq!(ledger.most(&name(n), 100_000), 100_000, "the others hold but 300,000");
        }
        assert_eq!(ledger.most("tickets", 50_000), 80_000);
        assert_eq!(ledger.most(&name(0), 100_000), 87_500);
        assert_eq!(ledger.most(&name(0), 87_500), 87_500);
    }
}

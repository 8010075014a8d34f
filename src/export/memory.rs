//! What a series remembers of what it has delivered: an anchor, and the fingerprints of what was
//! delivered behind it.
//!
//! A row may become visible behind rows that were served before it (API notes §4.5). Every run
//! therefore begins at the anchor, an edge of a page, and leaves out what is remembered. The anchor
//! moves only along a walk that began at it, over pages that were old when they were read: what
//! lies in front of it can bring nothing new any more.
//!
//! Pure. Must not know pages, clocks or files.

use crate::position::{Fingerprint, Position};
use std::collections::{HashMap, HashSet, VecDeque};

#[derive(Debug)]
pub(super) struct Memory {
    anchor: Position,
    /// How often each fingerprint stands in what follows.
    seen: HashMap<Fingerprint, u32>,
    /// What the page behind the anchor serves again, because it begins in the second in which the
    /// page before it ended.
    edge: HashSet<Fingerprint>,
    /// What earlier walks delivered behind the anchor, and this one has not met again.
    earlier: HashSet<Fingerprint>,
    /// The pages that were read behind the anchor, from edge to edge.
    leaves: VecDeque<Leaf>,
    /// Whether the walk stands at the anchor.
    at_anchor: bool,
    /// Whether the anchor has moved on this walk.
    moved: bool,
    changed: bool,
    shortened: Shortened,
}

/// Whether pages were let go because there was too much to remember, which is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shortened {
    Not,
    Untold,
    Told,
}

#[derive(Debug)]
struct Leaf {
    /// Behind the page.
    edge: Position,
    prints: Vec<Fingerprint>,
    again: HashSet<Fingerprint>,
}

/// Whether something on a page may still have company that has not become visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Old,
    Young,
}

/// A page that a walk has passed.
#[derive(Debug)]
pub(super) struct Passed {
    /// Behind the page.
    pub(super) edge: Position,
    pub(super) age: Age,
    /// Everything on it that is not to be written again.
    pub(super) prints: Vec<Fingerprint>,
    /// Of them, those that the page behind it may serve again.
    pub(super) again: Vec<Fingerprint>,
}

impl Memory {
    pub(super) fn new(anchor: Position, seen: impl IntoIterator<Item = Fingerprint>) -> Memory {
        let earlier: HashSet<Fingerprint> = seen.into_iter().collect();
        Memory {
            anchor,
            seen: earlier.iter().map(|print| (*print, 1)).collect(),
            edge: HashSet::new(),
            earlier,
            leaves: VecDeque::new(),
            at_anchor: true,
            moved: false,
            changed: false,
            shortened: Shortened::Not,
        }
    }

    pub(super) fn anchor(&self) -> &Position {
        &self.anchor
    }

    pub(super) fn contains(&self, print: &Fingerprint) -> bool {
        self.seen.contains_key(print)
    }

    /// Whether the walk stands at the anchor, so that an old page leaves nothing to remember.
    pub(super) fn is_at_anchor(&self) -> bool {
        self.at_anchor
    }

    /// How many fingerprints are remembered.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// How many fingerprints are held, in whatever list.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let leaves = self.leaves.iter().map(|leaf| 1 + leaf.prints.len() + leaf.again.len());
        self.seen.len() + self.edge.len() + self.earlier.len() + leaves.sum::<usize>()
    }

    pub(super) fn prints(&self) -> impl Iterator<Item = Fingerprint> {
        self.seen.keys().copied()
    }

    /// Whether there is anything to save since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// A walk begins at the anchor.
    pub(super) fn begin(&mut self) {
        let leaves = std::mem::take(&mut self.leaves);
        for print in leaves.into_iter().flat_map(|leaf| leaf.prints) {
            // It stays remembered, once.
            if self.earlier.contains(&print) {
                self.forget(print);
            } else {
                self.earlier.insert(print);
            }
        }
        self.at_anchor = true;
        self.moved = false;
    }

    /// The walk has passed a page, behind the last one that it passed.
    pub(super) fn pass(&mut self, page: Passed) {
        let Passed { edge, age, mut prints, again } = page;
        let again: HashSet<Fingerprint> = again.into_iter().collect();
        prints.sort_unstable();
        prints.dedup();
        self.changed |= prints.iter().any(|print| !self.seen.contains_key(print));
        let stays = edge == self.anchor;
        if self.at_anchor && (age == Age::Old || stays) {
            // First in, then out: what is in both is not forgotten in between.
            for print in &again {
                // What was seen of a second stays seen while the anchor is in it, however often it
                // is served.
                if !stays || self.edge.insert(*print) {
                    self.remember(*print);
                }
            }
            for print in &prints {
                if self.earlier.remove(print) {
                    self.forget(*print);
                }
            }
            if !stays {
                let old = std::mem::replace(&mut self.edge, again);
                old.into_iter().for_each(|print| self.forget(print));
                self.anchor = edge;
                self.moved = true;
                self.changed = true;
            }
            return;
        }
        self.at_anchor = false;
        for print in &prints {
            self.remember(*print);
            if self.earlier.remove(print) {
                self.forget(*print);
            }
        }
        if !prints.is_empty() {
            self.leaves.push_back(Leaf { edge, prints, again });
        }
    }

    /// The walk that began at the anchor has come to the end: what it has not met is not served any
    /// more. But a server may serve the records of one second in any number: what was seen of it
    /// stays seen while the anchor is in it.
    pub(super) fn end(&mut self) {
        if !self.moved {
            return;
        }
        for print in std::mem::take(&mut self.earlier) {
            self.forget(print);
        }
    }

    /// Whether the anchor lies nearer than it should, because pages were let go; once.
    pub(super) fn take_shortened(&mut self) -> bool {
        let untold = self.shortened == Shortened::Untold;
        if untold {
            self.shortened = Shortened::Told;
        }
        untold
    }

    /// Keeps to at most so many fingerprints, as far as pages can be let go.
    pub(super) fn bound(&mut self, most: usize) {
        while self.seen.len() > most
            && let Some(leaf) = self.leaves.pop_front()
        {
            leaf.again.iter().for_each(|print| self.remember(*print));
            let old = std::mem::replace(&mut self.edge, leaf.again);
            old.into_iter().chain(leaf.prints).for_each(|print| self.forget(print));
            self.anchor = leaf.edge;
            self.changed = true;
            if self.shortened == Shortened::Not {
                self.shortened = Shortened::Untold;
            }
        }
    }

    fn remember(&mut self, print: Fingerprint) {
        *self.seen.entry(print).or_default() += 1;
    }

    fn forget(&mut self, print: Fingerprint) {
        if let Some(count) = self.seen.get_mut(&print) {
            *count -= 1;
            if *count == 0 {
                self.seen.remove(&print);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Cursor;

    fn at(name: &str) -> Position {
        Position::Cursor(Cursor::new(name).unwrap())
    }

    fn print(name: &str) -> Fingerprint {
        Fingerprint::of(name.as_bytes())
    }

    fn page(edge: &str, age: Age, records: &str) -> Passed {
        let prints = records.split_whitespace().map(print).collect();
        Passed { edge: at(edge), age, prints, again: Vec::new() }
    }

    #[track_caller]
    fn holds(memory: &Memory, anchor: &str, records: &str) {
        assert_eq!(*memory.anchor(), at(anchor));
        let expected: HashSet<Fingerprint> = records.split_whitespace().map(print).collect();
        assert_eq!(memory.prints().collect::<HashSet<_>>(), expected);
    }

    #[test]
    fn the_anchor_moves_over_old_pages_and_stops_at_the_first_young_one() {
        let mut memory = Memory::new(at("0"), []);
        memory.pass(page("1", Age::Old, "a b"));
        holds(&memory, "1", "");
        memory.pass(page("2", Age::Young, "c d"));
        memory.pass(page("3", Age::Old, "e"));
        holds(&memory, "1", "c d e");
    }

    #[test]
    fn a_walk_from_the_anchor_moves_it_over_what_has_grown_old() {
        let mut memory = Memory::new(at("0"), []);
        memory.pass(page("1", Age::Young, "a b"));
        memory.pass(page("2", Age::Young, "c"));
        memory.begin();
        memory.pass(page("1", Age::Old, "a b late"));
        holds(&memory, "1", "c");
        memory.pass(page("2", Age::Young, "c d"));
        memory.end();
        holds(&memory, "1", "c d");
    }

    #[test]
    fn what_is_not_served_any_more_is_forgotten_at_the_end_of_a_walk_not_before() {
        let mut memory = Memory::new(at("0"), [print("a"), print("b"), print("x")]);
        memory.pass(page("1", Age::Old, "x"));
        memory.pass(page("2", Age::Young, "b c"));
        holds(&memory, "1", "a b c");
        memory.end();
        holds(&memory, "1", "b c");
        memory.begin();
        memory.pass(page("2", Age::Young, "c"));
        memory.end();
        holds(&memory, "1", "b c");
    }

    #[test]
    fn the_last_second_of_a_page_is_remembered_at_the_anchor() {
        let mut memory = Memory::new(at("0"), []);
        memory.pass(Passed { again: vec![print("b")], ..page("1", Age::Old, "a b") });
        holds(&memory, "1", "b");
        memory.pass(Passed { again: vec![print("c")], ..page("1", Age::Young, "b c") });
        holds(&memory, "1", "b c");
        memory.pass(Passed { again: vec![print("e")], ..page("2", Age::Old, "b c e") });
        holds(&memory, "2", "e");
    }

    #[test]
    fn a_second_that_is_served_again_and_again_is_remembered_once() {
        let mut memory = Memory::new(at("0"), []);
        let again = || Passed { again: vec![print("b"), print("b")], ..page("1", Age::Old, "b") };
        for _ in 0..3 {
            memory.pass(again());
            holds(&memory, "1", "b");
            assert_eq!(memory.held(), 2);
        }
        memory.pass(page("2", Age::Old, "c"));
        holds(&memory, "2", "");
    }

    #[test]
    fn too_many_are_let_go_page_by_page() {
        let mut memory = Memory::new(at("0"), []);
        memory.pass(page("1", Age::Young, "a b"));
        memory.pass(page("2", Age::Young, "c d"));
        memory.pass(page("3", Age::Young, "e"));
        memory.bound(5);
        assert!(!memory.take_shortened());
        memory.bound(4);
        holds(&memory, "1", "c d e");
        assert!(memory.take_shortened());
        memory.bound(0);
        holds(&memory, "3", "");
        assert!(!memory.take_shortened(), "it is told once");
    }
}

//! What is remembered of the sideloads' records that were written to outputs of their own, so that
//! each is written once, however many runs it takes to catch up.
//!
//! A record is remembered until the export has caught up, or until at least [`MOST`] others were
//! written behind it, of all sideloads of the resource together: there are two generations, and a
//! full younger one takes the place of the older one, on a page's edge. Where in its file each
//! begins stands in the state, so that a run which goes on remembers what the one before it did.
//!
//! Pure. Must not know where a walk stands, nor files.

use super::memory::Memory;
use crate::{
    page::Page,
    position::Fingerprint,
    record::{self, LoneSurrogates},
    scan::Json,
};
use std::collections::HashSet;

/// So many records make a generation full: 16 bytes each, and as much again for the table.
const MOST: usize = 100_000;

/// What of a page's sideloads is written, and what is remembered behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// The export had caught up before this page: what was written until then is forgotten.
    pub(super) afresh: bool,
    /// Behind this page the younger generation is the older one, and a new one begins.
    pub(super) full: bool,
}

/// Which part of what stands in a file a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    Older,
    Younger,
}

#[derive(Debug)]
pub(super) struct Sideloaded {
    /// Those that have outputs of their own, in the job's order.
    names: Vec<&'static str>,
    older: HashSet<Fingerprint>,
    younger: HashSet<Fingerprint>,
    most: usize,
    afresh: bool,
}

/// A record of another kind is another one, whatever it says.
fn print(name: &str, written: Fingerprint) -> Fingerprint {
    Fingerprint::of(format!("{name} {written}").as_bytes())
}

impl Sideloaded {
    pub(super) fn new(names: Vec<&'static str>) -> Sideloaded {
        let (older, younger) = (HashSet::new(), HashSet::new());
        Sideloaded { names, older, younger, most: MOST, afresh: false }
    }

    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// An earlier run has written this record. Of one that has kept no generations apart there may
    /// be more than are remembered.
    pub(super) fn recall(&mut self, generation: Generation, name: &str, written: Fingerprint) {
        let print = print(name, written);
        match generation {
            Generation::Older => drop(self.older.insert(print)),
            Generation::Younger => {
                if self.younger.len() >= self.most {
                    self.older = std::mem::take(&mut self.younger);
                }
                self.younger.insert(print);
            }
        }
    }

    /// Chooses what is written of the sideloads of a page, of whose records some are `new`; `prints`
    /// gets what is delivered with it, this time or before.
    pub(super) fn take<'b>(
        &mut self,
        page: &Page<'b>,
        new: bool,
        memory: &Memory,
        surrogates: LoneSurrogates,
        prints: &mut Vec<Fingerprint>,
    ) -> Vec<Vec<Json<'b>>> {
        let mut all = Vec::new();
        for name in &self.names {
            let served = page.sideloads.iter().find(|(served, _)| served == name);
            let mut taken = Vec::new();
            for record in served.map_or(&[][..], |(_, served)| served) {
                let print = print(name, record::fingerprint_written(*record, surrogates));
                let known = memory.contains(&print);
                if new || known {
                    prints.push(print);
                }
                if new && !known && !self.older.contains(&print) && self.younger.insert(print) {
                    taken.push(*record);
                }
            }
            all.push(taken);
        }
        all
    }

    /// A page is handed over, with what was taken of it.
    pub(super) fn turn(&mut self) -> Turn {
        let full = self.younger.len() >= self.most;
        if full {
            self.older = std::mem::take(&mut self.younger);
        }
        Turn { afresh: std::mem::take(&mut self.afresh), full }
    }

    /// The export has caught up: the next page tells of everything that its records belong to.
    pub(super) fn caught_up(&mut self) {
        self.older = HashSet::new();
        self.younger = HashSet::new();
        self.afresh = true;
    }

    /// How many records are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.older.len() + self.younger.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        page,
        position::{Cursor, Position},
    };
    use fastrand::Rng;

    const NAMES: [&str; 2] = ["users", "groups"];

    fn small(most: usize) -> Sideloaded {
        Sideloaded { most, ..Sideloaded::new(NAMES.to_vec()) }
    }

    /// A page's sideloads, by number.
    type Served = [Vec<u32>; 2];

    fn body(served: &Served) -> String {
        let list = |ids: &Vec<u32>| {
            ids.iter().map(|id| format!("{{\"id\":{id}}}")).collect::<Vec<_>>().join(",")
        };
        let [users, groups] = served.each_ref().map(list);
        format!("{{\"tickets\":[],\"users\":[{users}],\"groups\":[{groups}]}}")
    }

    /// Files as a writer keeps them: what stands in each, and from where on it is remembered.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Files {
        lines: [Vec<String>; 2],
        older: [usize; 2],
        younger: [usize; 2],
    }

    impl Files {
        fn ends(&self) -> [usize; 2] {
            self.lines.each_ref().map(Vec::len)
        }

        /// Commits a page; says how many records are remembered.
        fn commit(&mut self, sideloaded: &mut Sideloaded, served: &Served, last: bool) -> usize {
            let body = body(served);
            let page = page::parse(body.as_bytes(), "tickets", &NAMES).unwrap();
            let memory = Memory::new(Position::Cursor(Cursor::new("a").unwrap()), []);
            let keep = LoneSurrogates::Keep;
            let taken = sideloaded.take(&page, true, &memory, keep, &mut Vec::new());
            let turn = sideloaded.turn();
            if turn.afresh {
                (self.older, self.younger) = (self.ends(), self.ends());
            }
            for (lines, taken) in self.lines.iter_mut().zip(taken) {
                let text = |record: &Json<'_>| String::from_utf8(record.bytes.to_vec()).unwrap();
                lines.extend(taken.iter().map(text));
            }
            if turn.full {
                (self.older, self.younger) = (self.younger, self.ends());
            }
            if last {
                (self.older, self.younger) = (self.ends(), self.ends());
                sideloaded.caught_up();
            }
            sideloaded.len()
        }

        /// What the next run remembers.
        fn recalled(&self, most: usize) -> Sideloaded {
            let mut sideloaded = small(most);
            for (kind, name) in NAMES.iter().enumerate() {
                for (at, line) in self.lines[kind].iter().enumerate().skip(self.older[kind]) {
                    let younger = at >= self.younger[kind];
                    let generation = if younger { Generation::Younger } else { Generation::Older };
                    sideloaded.recall(generation, name, Fingerprint::of(line.as_bytes()));
                }
            }
            sideloaded
        }
    }

    #[test]
    fn f22_a_run_that_goes_on_remembers_what_the_one_before_did() {
        for seed in 0..300 {
            let mut rng = Rng::with_seed(seed);
            let most = rng.usize(1..30);
            let (mut whole, mut pieces) = (Files::default(), Files::default());
            let (mut one, mut next) = (small(most), small(most));
            let mut remembered = 0;
            for _ in 0..60 {
                let mut kind = || (0..rng.usize(..8)).map(|_| rng.u32(..60)).collect();
                let served: Served = [kind(), kind()];
                let last = rng.u8(..10) == 0;
                let held = whole.commit(&mut one, &served, last);
                remembered = remembered.max(held);
                if rng.bool() {
                    next = pieces.recalled(most);
                }
                pieces.commit(&mut next, &served, last);
                assert_eq!(whole, pieces, "seed {seed}");
            }
            assert!(remembered < 2 * (most + 16), "seed {seed}: {remembered} for {most}");
        }
    }

    #[test]
    fn f22_what_was_written_long_ago_may_be_written_again() {
        let mut files = Files::default();
        let mut sideloaded = small(4);
        let mut write = |ids: [u32; 2]| {
            files.commit(&mut sideloaded, &[ids.to_vec(), Vec::new()], false);
            files.lines[0].len()
        };
        assert_eq!(write([1, 2]), 2);
        assert_eq!(write([3, 4]), 4);
        assert_eq!(write([1, 5]), 5, "the older generation counts");
        assert_eq!(write([6, 7]), 7);
        assert_eq!(write([8, 1]), 8, "still");
        assert_eq!(write([8, 1]), 9, "but not for ever");
    }

    #[test]
    fn f22_what_kept_no_generations_apart_is_bounded_too() {
        let mut sideloaded = small(10);
        for id in 0..1_000_u32 {
            let print = Fingerprint::of(&id.to_be_bytes());
            sideloaded.recall(Generation::Younger, "users", print);
            assert!(sideloaded.len() <= 20);
        }
    }

    #[test]
    fn a_record_of_another_kind_is_another_one() {
        let mut files = Files::default();
        files.commit(&mut small(9), &[vec![1, 1], vec![1]], false);
        assert_eq!(files.ends(), [1, 1]);
    }
}

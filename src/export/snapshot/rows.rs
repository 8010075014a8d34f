//! The rows of a list that were met, so that one that comes twice while the list changes under the
//! walk is written once: the later one counts.
//!
//! Pure. Holds keys, fingerprints and offsets, never rows: a list may be larger than memory. Must
//! not know where lines go.

use crate::{
    position::Fingerprint,
    record::{fingerprint, member},
    scan::Json,
};
use std::collections::{BTreeSet, HashMap};

/// What is known of a row.
#[derive(Clone, Copy, Debug)]
struct Known {
    print: Fingerprint,
    /// Where its line begins.
    line: u64,
    /// The walk that met it last.
    walk: u64,
}

#[derive(Debug)]
pub(super) struct Rows {
    /// The member by which rows are told apart.
    key: &'static str,
    known: HashMap<Fingerprint, Known>,
    /// Lines whose rows came again, and differ.
    superseded: BTreeSet<u64>,
    walk: u64,
}

/// What a row is to those that were met before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    New,
    /// As in the walk before, and first in this one.
    AsBefore,
    /// Otherwise than in the walk before, and first in this one.
    Changed,
    /// Twice in this walk, and the same.
    Twice,
    /// Twice in this walk, and other than before.
    TwiceOther,
}

impl Met {
    pub(super) fn is_written(self) -> bool {
        matches!(self, Met::New | Met::Changed | Met::TwiceOther)
    }

    pub(super) fn is_first_of_walk(self) -> bool {
        matches!(self, Met::New | Met::AsBefore | Met::Changed)
    }
}

/// By what a row is known, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// `None` for one that does not say who it is: it is like no other.
    key: Option<Fingerprint>,
    print: Fingerprint,
}

impl Rows {
    pub(super) fn new(key: &'static str) -> Rows {
        Rows { key, known: HashMap::new(), superseded: BTreeSet::new(), walk: 0 }
    }

    /// Forgets all: what was taken so far gives way to a new walk.
    pub(super) fn begin_anew(&mut self) {
        *self = Rows::new(self.key);
    }

    /// A walk begins that goes on with what was written before.
    pub(super) fn begin(&mut self) {
        self.walk += 1;
    }

    pub(super) fn row(&self, record: Json<'_>) -> Row {
        let key = member(record, self.key).filter(|value| *value != b"null");
        Row { key: key.map(Fingerprint::of), print: fingerprint(record) }
    }

    /// How many rows of a page are the first of their key in this walk.
    pub(super) fn new_among(&self, page: &[Row]) -> usize {
        let mut here = std::collections::HashSet::new();
        let met =
            |key: &Fingerprint| self.known.get(key).is_some_and(|known| known.walk == self.walk);
        page.iter().filter(|row| row.key.is_none_or(|key| !met(&key) && here.insert(key))).count()
    }

    /// Meets a row whose line, if it is written, begins at `line`.
    pub(super) fn meet(&mut self, row: Row, line: u64) -> Met {
        let Row { key: Some(key), print } = row else { return Met::New };
        let walk = self.walk;
        let Some(known) = self.known.get_mut(&key) else {
            self.known.insert(key, Known { print, line, walk });
            return Met::New;
        };
        let first = std::mem::replace(&mut known.walk, walk) != walk;
        match (first, known.print == print) {
            (true, true) => Met::AsBefore,
            (false, true) => Met::Twice,
            (first, false) => {
                self.superseded.insert(known.line);
                *known = Known { print, line, walk };
                if first { Met::Changed } else { Met::TwiceOther }
            }
        }
    }

    pub(super) fn superseded(&self) -> &BTreeSet<u64> {
        &self.superseded
    }

    /// How many are known.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Scanner;

    fn row(rows: &Rows, text: &str) -> Row {
        rows.row(Scanner::new(text).value().unwrap())
    }

    #[test]
    fn of_a_row_that_comes_twice_the_later_one_counts() {
        let mut rows = Rows::new("id");
        let meet = |rows: &mut Rows, text: &str, line| {
            let row = row(rows, text);
            rows.meet(row, line)
        };
        assert_eq!(meet(&mut rows, r#"{"id":1,"a":1}"#, 0), Met::New);
        assert_eq!(meet(&mut rows, r#"{"a":1, "id": 2}"#, 20), Met::New);
        assert_eq!(meet(&mut rows, r#"{"id":1,"a":1}"#, 40), Met::Twice);
        assert_eq!(meet(&mut rows, r#"{"id":1,"a":2}"#, 40), Met::TwiceOther);
        assert_eq!(rows.superseded, BTreeSet::from([0]));
        assert_eq!(meet(&mut rows, r#"{"id":1,"a":3}"#, 60), Met::TwiceOther);
        assert_eq!(rows.superseded, BTreeSet::from([0, 40]));
        rows.begin();
        assert_eq!(meet(&mut rows, r#"{"id":1,"a":3}"#, 80), Met::AsBefore);
        assert_eq!(meet(&mut rows, r#"{"a":9,"id":2}"#, 80), Met::Changed);
        assert_eq!(rows.len(), 2);
        rows.begin_anew();
        assert_eq!((rows.len(), rows.superseded.len()), (0, 0));
    }

    #[test]
    fn one_that_does_not_say_who_it_is_is_like_no_other() {
        let mut rows = Rows::new("name");
        for text in [r#"{"id":1}"#, r#"{"id":1}"#, r#"{"name":null}"#, r#"{"in":{"name":"x"}}"#] {
            let row = row(&rows, text);
            assert_eq!((rows.new_among(&[row, row]), rows.meet(row, 0)), (2, Met::New), "{text}");
        }
    }

    #[test]
    fn rows_are_new_once_in_a_walk() {
        let mut rows = Rows::new("id");
        let page: Vec<Row> = ["{\"id\":1}", "{\"id\":2}", "{\"id\":1,\"a\":0}"]
            .iter()
            .map(|text| row(&rows, text))
            .collect();
        assert_eq!(rows.new_among(&page), 2);
        for row in &page {
            rows.meet(*row, 0);
        }
        assert_eq!(rows.new_among(&page), 0);
        rows.begin();
        assert_eq!(rows.new_among(&page), 2);
    }
}

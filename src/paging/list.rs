//! Through a list: which request is next, when it has come to the end, and whether what
//! was walked is the whole list.
//!
//! Pure. Which of three ways a list pages, its first answer tells (API notes §4.6): `meta`, by
//! cursor; `next_page`, by the numbers of pages; neither, all of it at once. Must not know rows,
//! outputs or bodies.

use crate::{
    garbled::Garbled,
    page::{Envelope, NextPage},
    position::{Cursor, Fingerprint},
    request::Request,
};
use std::collections::HashSet;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The first page, with the largest size of pages by cursor.
    First,
    /// The page behind a cursor.
    After(Cursor),
    /// A page by its number, of so many rows: as many as the first one brought.
    Page { number: u64, rows: u64 },
}

/// What a page means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It is good, and more follow.
    GoOn,
    /// It is good, and the last: the walk has passed the whole list.
    Whole,
    /// The list changed under the walk: what it says that it holds is not what was walked.
    Changed { count: u64, rows: u64 },
}

#[derive(Debug)]
pub(crate) struct Walk {
    at: At,
    /// The cursors gone on from, to notice a cycle.
    earlier: HashSet<Fingerprint>,
    /// What the pages so far have said that the list holds.
    count: Option<u64>,
    /// That was not the same on every page.
    recounted: bool,
    /// Rows met so far, each once.
    rows: u64,
}

impl Walk {
    pub(crate) fn new() -> Walk {
        Walk { at: At::First, earlier: HashSet::new(), count: None, recounted: false, rows: 0 }
    }

    pub(crate) fn at(&self) -> &At {
        &self.at
    }

    /// Whether another size of pages changes nothing about where the walk stands: not where it goes
    /// by their numbers.
    pub(crate) fn may_resize(&self) -> bool {
        !matches!(self.at, At::Page { .. })
    }

    /// Goes on behind a page to `next`, or ends without it; `new` of its rows were not met before in
    /// this walk.
    pub(crate) fn pass(&mut self, next: Option<At>, count: Option<u64>, new: usize) -> Passed {
        self.rows += number(new);
        self.recounted |= self.count.zip(count).is_some_and(|(before, now)| before != now);
        self.count = count.or(self.count);
        if let Some(next) = next {
            if let At::After(cursor) = &next {
                self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
            }
            self.at = next;
            return Passed::GoOn;
        }
        match self.count {
            Some(count) if count != self.rows || self.recounted => {
                Passed::Changed { count, rows: self.rows }
            }
            Some(_) | None => Passed::Whole,
        }
    }

    /// What is to be asked for behind a page; `None` behind the last.
    pub(crate) fn next(&self, page: &Envelope, rows: usize) -> Result<Option<At>, Garbled> {
        match (&self.at, page.has_meta, page.next_page) {
            (At::First | At::After(_), true, _) => self.by_cursor(page),
            // A list that has come to its end says so.
            (At::After(_), false, _) => Err(Garbled::EndOfStreamMissing),
            (At::First | At::Page { .. }, _, NextPage::Null | NextPage::Missing) => Ok(None),
            // So it would go on for ever.
            (_, _, NextPage::Present) if rows == 0 => Err(Garbled::PageEmpty),
            (At::First, false, NextPage::Present) => {
                Ok(Some(At::Page { number: 2, rows: number(rows) }))
            }
            (At::Page { number, rows }, _, NextPage::Present) => {
                Ok(Some(At::Page { number: number + 1, rows: *rows }))
            }
        }
    }

    fn by_cursor(&self, page: &Envelope) -> Result<Option<At>, Garbled> {
        let last = page.end_of_stream.ok_or(Garbled::EndOfStreamMissing)?;
        if last {
            return Ok(None);
        }
        let cursor = page.after_cursor.clone().ok_or(Garbled::CursorMissing)?;
        if matches!(&self.at, At::After(current) if *current == cursor) {
            return Err(Garbled::CursorStuck);
        }
        if self.earlier.contains(&Fingerprint::of(cursor.as_str().as_bytes())) {
            return Err(Garbled::CursorCycle);
        }
        Ok(Some(At::After(cursor)))
    }
}

fn number(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// What is asked for behind the first page. Always of our own making: what a list says of its next
/// page is never fetched.
pub(crate) fn ask(request: Request, at: &At) -> Request {
    match at {
        At::First => request,
        At::After(cursor) => request.with("page[after]", cursor.as_str()),
        At::Page { number, rows } => {
            request.with("page", number.to_string()).with("per_page", rows.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Walk {
        fn take(&mut self, page: &Envelope, rows: usize, new: usize) -> Result<Passed, Garbled> {
            let next = self.next(page, rows)?;
            Ok(self.pass(next, page.count, new))
        }
    }

    fn cursor(text: &str) -> Cursor {
        Cursor::new(text).unwrap()
    }

    fn meta(more: Option<bool>, after: Option<&str>) -> Envelope {
        Envelope {
            has_meta: true,
            end_of_stream: more.map(|more| !more),
            after_cursor: after.map(cursor),
            ..Envelope::default()
        }
    }

    fn numbered(next_page: NextPage, count: Option<u64>) -> Envelope {
        Envelope { next_page, count, ..Envelope::default() }
    }

    /// What stands behind the first page, and what the walk then asks for.
    #[test]
    fn the_first_page_tells_how_the_list_pages() {
        use NextPage::{Missing, Null, Present};
        let after = |text: &str| At::After(cursor(text));
        let go_on = Ok(Passed::GoOn);
        for (page, rows, expect, at) in [
            (meta(Some(true), Some("a")), 3, go_on.clone(), after("a")),
            (meta(Some(true), Some("a")), 0, go_on.clone(), after("a")),
            // Support's last page still has a link, which is no sign of more.
            (meta(Some(false), Some("a")), 3, Ok(Passed::Whole), At::First),
            (meta(Some(false), None), 0, Ok(Passed::Whole), At::First),
            (meta(Some(true), None), 3, Err(Garbled::CursorMissing), At::First),
            (meta(None, Some("a")), 3, Err(Garbled::EndOfStreamMissing), At::First),
            (meta(None, None), 0, Err(Garbled::EndOfStreamMissing), At::First),
            (
                Envelope { next_page: Present, ..meta(Some(true), Some("a")) },
                3,
                go_on.clone(),
                after("a"),
            ),
            (
                Envelope { next_page: Present, ..meta(Some(false), None) },
                3,
                Ok(Passed::Whole),
                At::First,
            ),
            (numbered(Present, Some(5)), 3, go_on, At::Page { number: 2, rows: 3 }),
            (numbered(Present, None), 0, Err(Garbled::PageEmpty), At::First),
            (numbered(Null, Some(3)), 3, Ok(Passed::Whole), At::First),
            (numbered(Null, None), 3, Ok(Passed::Whole), At::First),
            (numbered(Missing, None), 0, Ok(Passed::Whole), At::First),
            (numbered(Missing, Some(3)), 3, Ok(Passed::Whole), At::First),
            (numbered(Null, Some(4)), 3, Ok(Passed::Changed { count: 4, rows: 3 }), At::First),
        ] {
            let mut walk = Walk::new();
            assert_eq!(walk.take(&page, rows, rows), expect, "{page:?}");
            assert_eq!(walk.at, at, "{page:?}");
        }
    }

    #[test]
    fn a_walk_by_cursor_ends_where_no_more_is_said_to_follow() {
        let mut walk = Walk::new();
        walk.take(&meta(Some(true), Some("a")), 2, 2).unwrap();
        assert_eq!(walk.take(&meta(Some(true), Some("a")), 2, 2), Err(Garbled::CursorStuck));
        assert_eq!(
            walk.take(&numbered(NextPage::Null, None), 2, 2),
            Err(Garbled::EndOfStreamMissing)
        );
        walk.take(&meta(Some(true), Some("b")), 2, 2).unwrap();
        assert_eq!(walk.take(&meta(Some(true), Some("a")), 2, 2), Err(Garbled::CursorCycle));
        assert_eq!(walk.take(&meta(Some(false), Some("c")), 1, 1), Ok(Passed::Whole));
    }

    #[test]
    fn a_walk_by_numbers_keeps_the_length_of_its_first_page() {
        use NextPage::{Null, Present};
        let mut walk = Walk::new();
        assert!(walk.may_resize());
        walk.take(&numbered(Present, Some(7)), 3, 3).unwrap();
        assert!(!walk.may_resize());
        walk.take(&numbered(Present, Some(7)), 3, 3).unwrap();
        assert_eq!(*walk.at(), At::Page { number: 3, rows: 3 });
        assert_eq!(walk.take(&numbered(Null, Some(7)), 1, 1), Ok(Passed::Whole));
    }

    /// What comes in or goes moves the rows behind it by one: one comes twice, or not at all.
    #[test]
    fn a_list_that_changed_under_the_walk_is_not_whole() {
        use NextPage::{Null, Present};
        for (pages, expect) in [
            // One came in at the front: the last row of the first page again.
            ([(5, 3, 3), (6, 3, 2)], Passed::Changed { count: 6, rows: 5 }),
            // One of the first page went: the first row of the second is missed.
            ([(5, 3, 3), (4, 1, 1)], Passed::Changed { count: 4, rows: 4 }),
            ([(5, 3, 3), (5, 2, 2)], Passed::Whole),
            ([(5, 3, 3), (5, 1, 1)], Passed::Changed { count: 5, rows: 4 }),
        ] {
            let mut walk = Walk::new();
            let [(count, rows, new), last] = pages;
            walk.take(&numbered(Present, Some(count)), rows, new).unwrap();
            let (count, rows, new) = last;
            assert_eq!(walk.take(&numbered(Null, Some(count)), rows, new), Ok(expect), "{pages:?}");
        }
    }
}

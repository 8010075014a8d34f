//! The heart: from where we stand and what a page says of itself to what happens next.
//!
//! Pure. Each way of paging has a file, with what is asked for and what an answer means: whether the
//! page is written and where the next request begins, or in which way it is garbled. This file
//! leads to them. Rules: API notes §4. Must not know bodies, retries or files.

mod cursor;
pub(crate) mod list;
mod listed;
mod records;
mod start_id;
mod time;
mod token;
mod verdict;

pub(crate) use self::{
    time::skip_second,
    verdict::{Present, Tally, Verdict},
};

use crate::{
    garbled::Garbled,
    page::Envelope,
    position::{Cursor, Fingerprint, Position},
    request::Request,
    resource::Form,
};
use std::collections::HashSet;

/// Where a walk stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) position: &'a Position,
    /// A cursor that is good inside the run alone, of a walk by list.
    pub(crate) inside: Option<&'a Cursor>,
}

/// Asks for what lies behind a place.
pub(crate) fn ask(form: Form, request: Request, at: At<'_>) -> Request {
    match (form, at.position) {
        (Form::StartId(form), position) => start_id::ask(form, request, position),
        (Form::Token, position) => token::ask(request, position),
        (Form::Listed, Position::Time(start)) => listed::ask(request, *start, at.inside),
        (_, Position::Time(start)) => time::ask(request, *start),
        (_, position) => cursor::ask(request, position),
    }
}

/// Decides on the page that was asked for from a place. `earlier` are the fingerprints of the cursors
/// that this walk has already gone on from.
pub(crate) fn decide(
    form: Form,
    at: At<'_>,
    page: &Envelope,
    tally: Tally,
    present: Present,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    match (form, at.position) {
        (Form::StartId(_), position) => start_id::decide(position, page, tally, earlier),
        (Form::Token, position) => token::decide(position, page, tally, earlier),
        (Form::Listed, Position::Time(start)) => {
            listed::decide(*start, at.inside, page, tally, present, earlier)
        }
        (Form::Records, Position::Time(start)) => records::decide(*start, page, tally, present),
        (_, Position::Time(start)) => time::decide(*start, page, tally, present),
        (_, position) => cursor::decide(position, page, tally, earlier),
    }
}

/// The cursor that leads on inside the run, behind a page that has more behind it.
pub(crate) fn inside(form: Form, page: &Envelope) -> Option<Cursor> {
    page.after_cursor.clone().filter(|_| form == Form::Listed)
}

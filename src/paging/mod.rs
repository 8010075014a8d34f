//! The heart: from where we stand and what a page says of itself to what happens next.
//!
//! Pure. Each way of paging has a file, with what is asked for and what an answer means: whether the
//! page is written and where the next request begins, or in which way it is garbled. This file
//! leads to them. Rules: API notes §4. Must not know bodies, retries or files.

mod cursor;
pub(crate) mod list;
mod time;
mod verdict;

pub(crate) use self::time::skip_second;
pub(crate) use self::verdict::{Present, Tally, Verdict};

use crate::{
    garbled::Garbled,
    page::Envelope,
    position::{Fingerprint, Position},
    request::Request,
    resource::Form,
};
use std::collections::HashSet;

/// Asks for what lies behind a position.
pub(crate) fn ask(form: Form, request: Request, at: &Position) -> Request {
    match (form, at) {
        (_, Position::Time(start)) => time::ask(request, *start),
        (_, at) => cursor::ask(request, at),
    }
}

/// Decides on the page that was asked for from a position. `earlier` are the fingerprints of the
/// cursors that this walk has already gone on from.
pub(crate) fn decide(
    form: Form,
    at: &Position,
    page: &Envelope,
    tally: Tally,
    present: Present,
    earlier: &HashSet<Fingerprint>,
) -> Result<Verdict, Garbled> {
    match (form, at) {
        (_, Position::Time(start)) => time::decide(*start, page, tally, present),
        (_, at) => cursor::decide(at, page, tally, earlier),
    }
}

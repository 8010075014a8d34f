//! What the benches measure that is not public otherwise: the parser, the writer of lines, and the
//! pacer and the overlap in virtual time.
//!
//! No part of the program: nothing here is reachable from a command. It must not measure, either;
//! that is what `benches/` does.

pub mod late;
pub mod pacing;
pub mod slices;

use crate::{
    page,
    record::{LoneSurrogates, push_record},
};

/// Checks a body to its end and takes its `tickets` apart; how many there are. `None` if it is no
/// page.
pub fn parse(body: &[u8]) -> Option<usize> {
    page::parse(body, "tickets", &[]).ok().map(|page| page.records.len())
}

/// As [`parse`], and appends one line for each record to `out`.
pub fn split(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let page = page::parse(body, "tickets", &[]).ok()?;
    for record in &page.records {
        push_record(*record, LoneSurrogates::Replace, out);
        out.push(b'\n');
    }
    Some(page.records.len())
}

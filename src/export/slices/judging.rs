//! What an answer to a walker means for its slice.
//!
//! Pure. The head judges each page again, when it comes there: a page that is kept in vain costs a
//! request, and nothing else. Must not know what is kept.

use super::{front::Answered, order::Order};
use crate::{
    export::clocks::Clocks,
    garbled::Garbled,
    page,
    paging::{self, At, Present, Tally, Verdict},
    plan::Job,
    position::Position,
};
use std::collections::HashSet;

#[derive(Debug, PartialEq, Eq)]
pub(in crate::export) enum Judged {
    /// To be kept.
    Page(Answered),
    /// It does not get on, or is the last page: the head asks for it when it comes there.
    End,
    /// The server does not serve records as they changed, or not from where it was asked.
    Disordered,
}

/// Judges the answer to a job's request for so many records from a position.
pub(in crate::export) fn judge(
    job: &Job,
    from: &Position,
    body: &[u8],
    per_page: u16,
    clocks: Clocks,
) -> Result<Judged, Garbled> {
    let page = page::parse(body, job.resource.record_key, &[])?;
    let records = page.records.len();
    let tally = Tally { records, unseen: records, fresh: records, capacity: per_page.into() };
    let present = Present { now: clocks.latest(), settled: None, past: None };
    let at = At { position: from, inside: None };
    let earlier = HashSet::new();
    let form = job.endpoint.form;
    let verdict = match paging::decide(form, at, &page.envelope, tally, present, &earlier) {
        // Asked again it would be the same; the head knows what to do about it.
        Err(Garbled::Overflow { .. }) => return Ok(Judged::End),
        verdict => verdict?,
    };
    let Some(order) = Order::of(&page.records, job.resource.change_time) else {
        return Ok(Judged::Disordered);
    };
    let begins = match from {
        Position::Start(start) | Position::Time(start) => Some(*start),
        Position::Cursor(_) | Position::Snapshot(_) => None,
    };
    let end_is_told = page.envelope.end_of_stream.is_some();
    Ok(match (order.first(), order.last(), verdict) {
        (Some(first), _, _) if begins.is_some_and(|start| first < start) => Judged::Disordered,
        (Some(first), Some(last), Verdict::Commit { next, more: true }) if end_is_told => {
            Judged::Page(Answered { first, last, next })
        }
        (_, _, _) => Judged::End,
    })
}

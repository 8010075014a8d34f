//! A page as one reads it who remembers: which of its records were delivered before.
//!
//! Pure. Must not know where a walk stands, nor what is done with a page.

use super::{
    clocks::Clocks,
    lines,
    memory::{Age, Memory},
};
use crate::{
    page::Page,
    paging::Present,
    plan::Job,
    position::{Fingerprint, Position},
    record,
    resource::{Form, Pagination},
    scan::Json,
    time::UnixTime,
};

/// A page, and what of it was delivered before.
pub(super) struct Read<'b> {
    pub(super) page: Page<'b>,
    /// Of the records; empty where nothing can have been delivered before.
    pub(super) prints: Vec<Fingerprint>,
    seen: Vec<bool>,
    pub(super) unseen: usize,
}

impl<'b> Read<'b> {
    pub(super) fn new(page: Page<'b>, job: &Job, at: &Position, memory: &Memory) -> Read<'b> {
        let unseen = page.records.len();
        let mut read = Read { page, prints: Vec::new(), seen: Vec::new(), unseen };
        if job.endpoint.form.repeats() || at.pagination() == Pagination::Time || memory.len() > 0 {
            read.print(job);
            read.seen = read.prints.iter().map(|print| memory.contains(print)).collect();
            read.unseen = read.seen.iter().filter(|seen| !**seen).count();
        }
        read
    }

    /// Takes the records' fingerprints, if that is not done yet.
    pub(super) fn print(&mut self, job: &Job) {
        if self.prints.is_empty() {
            let volatile = job.resource.volatile;
            let print = |record: &Json<'_>| record::fingerprint_without(*record, volatile);
            self.prints = self.page.records.iter().map(print).collect();
        }
    }

    /// Leaves off all records but the first so many: they come with another page.
    pub(super) fn leave_off(&mut self, kept: usize) {
        self.page.records.truncate(kept);
        self.prints.truncate(kept);
        self.seen.truncate(kept);
        let seen = self.seen.iter().filter(|seen| **seen).count();
        self.unseen = self.page.records.len() - seen;
    }

    pub(super) fn seen(&self, index: usize) -> bool {
        self.seen.get(index).copied().unwrap_or(false)
    }

    pub(super) fn duplicates(&self) -> u64 {
        u64::try_from(self.page.records.len() - self.unseen).unwrap_or(0)
    }

    /// How the records lie to the server's clock; only looked at where the position is
    /// theirs.
    pub(super) fn present(&self, job: &Job, clocks: Clocks) -> Present {
        let now = clocks.latest();
        let by_records = matches!(job.endpoint.form, Form::Records | Form::Listed);
        if !by_records && self.page.envelope.end_time.is_none_or(|end_time| end_time <= now) {
            return Present { now, settled: None, past: None };
        }
        let latest =
            |limit| lines::latest(&self.page.records, job.resource.change_time, Some(limit));
        Present {
            now,
            settled: latest(clocks.now().minus(job.resource.youngest())),
            past: latest(clocks.now()),
        }
    }

    /// Whether something on the page, which ends at `next` and whose latest change is `latest`, may
    /// still have company that has not become visible: what changed before `horizon` has not.
    pub(super) fn age(
        &self,
        next: &Position,
        latest: Option<UnixTime>,
        more: bool,
        horizon: Option<UnixTime>,
    ) -> Age {
        let Some(horizon) = horizon else { return Age::Old };
        let empty = self.page.records.is_empty();
        // A cursor is opaque; where there is nothing else to tell by, what it seems to say is used.
        let edge = match next {
            Position::Time(at) => Some(*at),
            Position::Cursor(cursor) if empty => cursor.time(),
            Position::Cursor(_) | Position::Start(_) | Position::Snapshot(_) => None,
        };
        match latest.max(edge) {
            Some(latest) if latest < horizon => Age::Old,
            Some(_) => Age::Young,
            None if empty && !more => Age::Young,
            None => Age::Old,
        }
    }

    /// The same of what has no times, by when something new was last read.
    pub(super) fn age_since_reading(
        &self,
        last: Option<UnixTime>,
        horizon: Option<UnixTime>,
    ) -> Age {
        let Some(horizon) = horizon else { return Age::Old };
        match last {
            Some(last) if self.unseen == 0 && last < horizon => Age::Old,
            None if self.unseen == 0 => Age::Old,
            _ => Age::Young,
        }
    }

    /// Whether the page is one whole second, behind which it ends: so many that they did not fit on a
    /// page (API notes §4.2), and of which nothing can be told about pages.
    pub(super) fn is_one_second(
        &self,
        job: &Job,
        next: &Position,
        latest: Option<UnixTime>,
    ) -> bool {
        let (Position::Time(next), Some(latest)) = (next, latest) else { return false };
        let key = job.resource.change_time;
        let first = self.page.records.first().and_then(|first| lines::change_time(*first, key));
        // Where an end_time may overshoot, it does not tell.
        let behind = *next > latest || job.endpoint.form == Form::Records;
        behind && first == Some(latest)
    }

    /// The fingerprints of the records that the next page may serve again. Normally all: that asks
    /// nothing of the server. Of a page that holds a second of tens of thousands of records, those
    /// that changed at or after its end: a state must stay one that can be read.
    pub(super) fn served_again(&self, job: &Job, edge: &Position) -> Vec<Fingerprint> {
        const MOST: usize = 10_000;
        if !job.endpoint.form.repeats() {
            return Vec::new();
        }
        let Position::Time(end) = edge else { return self.prints.clone() };
        if self.page.records.len() <= MOST {
            return self.prints.clone();
        }
        let key = job.resource.change_time;
        let again = |record: &Json<'_>| {
            lines::change_time(*record, key).is_none_or(|changed| changed >= *end)
        };
        let kept = self.page.records.iter().zip(&self.prints).filter(|(record, _)| again(record));
        kept.map(|(_, print)| *print).collect()
    }
}

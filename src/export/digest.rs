//! From a body to a verdict, and to what of the page is written.

use super::{
    ahead::Ahead,
    fetch::Fetched,
    lines,
    run::Run,
    writer::{Batch, Place},
};
use crate::{
    api::error::ApiError,
    garbled::Garbled,
    page::{self, Page},
    paging::{self, Tally, Verdict},
    plan::Mode,
    position::{Fingerprint, Position},
    record::{self, LoneSurrogates},
    retry::LARGEST,
    scan::Json,
};
use std::collections::HashSet;

impl Run<'_> {
    /// Checks a body to its end, decides, and chooses what is written. The body is returned when it
    /// is garbled, and given back when it holds nothing to write.
    pub(super) fn digest(
        &mut self,
        body: Vec<u8>,
        ahead: &Ahead,
    ) -> Result<Fetched, (ApiError, Vec<u8>)> {
        let names: Vec<&str> = self.sideloads.iter().map(|sideload| sideload.name).collect();
        let page = match page::parse(&body, self.job.resource.record_key, &names) {
            Ok(page) => page,
            Err(garbled) => return Err((garbled.into(), body)),
        };
        let prints: Vec<Fingerprint> = match &self.position {
            Position::Time { .. } => {
                page.records.iter().map(|record| record::fingerprint(*record)).collect()
            }
            Position::Start(_) | Position::Cursor(_) => Vec::new(),
        };
        let (next, more) = match self.decide(&page, &prints) {
            Ok(Verdict::Commit { next, more }) => (next, more),
            Ok(Verdict::Idle) => {
                let duplicates = u64::try_from(page.records.len()).unwrap_or(0);
                self.outcome.duplicates += duplicates;
                ahead.give_back(body);
                return Ok(Fetched::Nothing);
            }
            Err(garbled) => return Err((garbled.into(), body)),
        };
        let (records, left_out) = self.select(&page, &prints);
        // Of a page that was cut, only what is written counts.
        let last = if left_out.is_cut() { records.last() } else { page.records.last() };
        let changed =
            last.and_then(|record| lines::change_time(*record, self.job.resource.change_time));
        let through = match left_out.is_cut() {
            true => changed.or(self.through),
            false => changed.or_else(|| next.time()).or(self.through),
        };
        let records = places(&body, &records);
        let mut sideloads = vec![Vec::new(); self.sideloads.len()];
        for (name, served) in &page.sideloads {
            let known = self.sideloads.iter_mut().zip(&mut sideloads);
            if let Some((sideload, place)) =
                known.into_iter().find(|(known, _)| known.name == *name)
            {
                *place = places(&body, &sideload.unseen(served, self.job.surrogates));
            }
        }
        // Of a server that does not tell its time, the position tells the least that it can be.
        let wall = || self.shared.clock.wall();
        let at = self.date.unwrap_or_else(|| next.time().map_or(wall(), |time| time.max(wall())));
        Ok(Fetched::Page(Batch {
            body,
            records,
            sideloads,
            left_out,
            next,
            per_page: self.size.get(),
            through,
            at,
            last: !more,
        }))
    }

    fn decide(&self, page: &Page<'_>, prints: &[Fingerprint]) -> Result<Verdict, Garbled> {
        let records = page.records.len();
        let counted = page.envelope.count.is_none_or(|count| usize::try_from(count) == Ok(records));
        if !counted {
            let text = "the page's count is not the number of its records";
            self.shared.report.detail(Some(self.job.resource.name), text);
        }
        let capacity = usize::from(self.size.get());
        let verdict = match &self.position {
            Position::Time { end_time, seen } => {
                let unseen = prints.iter().filter(|print| !seen.contains(print)).count();
                let tally = Tally { records, unseen, capacity };
                let all = self.worth_keeping(page, prints);
                // A server whose clock is a day off is no judge of what is in the future.
                let date = self.date.filter(|_| self.clock_credible);
                paging::by_time(*end_time, seen, &page.envelope, tally, all, date)
            }
            Position::Start(_) | Position::Cursor(_) => {
                let tally = Tally { records, unseen: records, capacity };
                paging::by_cursor(&self.position, &page.envelope, tally, &self.earlier)
            }
        };
        match verdict {
            Err(Garbled::Overflow { second, .. })
                if self.job.skip_second && self.size.get() == LARGEST =>
            {
                let text = format!(
                    "skipping to the second after {second}: what did not fit on its page is lost"
                );
                self.shared.report.warn(Some(self.job.resource.name), &text);
                Ok(paging::skip_second(second))
            }
            verdict => verdict,
        }
    }

    /// The fingerprints of the records that the next page may serve again. Normally all: that asks
    /// nothing of the server. Of a page that holds a second of tens of thousands of records, those
    /// that changed at or after its end_time: a state must stay one that can be read.
    fn worth_keeping(&self, page: &Page<'_>, prints: &[Fingerprint]) -> HashSet<Fingerprint> {
        const MOST: usize = 10_000;
        let Some(end_time) = page.envelope.end_time.filter(|_| prints.len() > MOST) else {
            return prints.iter().copied().collect();
        };
        let key = self.job.resource.change_time;
        let again = |record: &Json<'_>| {
            lines::change_time(*record, key).is_none_or(|changed| changed >= end_time)
        };
        let kept = page.records.iter().zip(prints).filter(|(record, _)| again(record));
        kept.map(|(_, print)| *print).collect()
    }

    fn select<'b>(
        &self,
        page: &Page<'b>,
        prints: &[Fingerprint],
    ) -> (Vec<Json<'b>>, lines::LeftOut) {
        let job = self.job;
        let none = HashSet::new();
        let seen = match &self.position {
            Position::Time { seen, .. } => seen,
            Position::Start(_) | Position::Cursor(_) => &none,
        };
        let limit = match (&job.mode, job.limit) {
            (Mode::OneOff { .. }, Some(limit)) => limit.saturating_sub(self.handed_records),
            (_, _) => u64::MAX,
        };
        let window = lines::Window {
            change_time: job.resource.change_time,
            until: job.until,
            updated_since: job.updated_since,
            limit,
        };
        lines::select(&page.records, prints, seen, window)
    }
}

/// What has been taken of a sideload since the export last caught up, so that each record is
/// written once however many runs it takes to catch up.
pub(super) struct Sideloaded {
    pub(super) name: &'static str,
    seen: HashSet<Fingerprint>,
}

impl Sideloaded {
    pub(super) fn new(name: &'static str, seen: HashSet<Fingerprint>) -> Sideloaded {
        Sideloaded { name, seen }
    }

    fn unseen<'b>(&mut self, served: &[Json<'b>], surrogates: LoneSurrogates) -> Vec<Json<'b>> {
        let new = |record: &&Json<'_>| {
            self.seen.insert(record::fingerprint_written(**record, surrogates))
        };
        served.iter().filter(new).copied().collect()
    }
}

/// Where in the body that they borrow from the records stand.
fn places(body: &[u8], records: &[Json<'_>]) -> Vec<Place> {
    let base = body.as_ptr().addr();
    let place = |record: &Json<'_>| {
        let start = record.bytes.as_ptr().addr() - base;
        Place { range: start..start + record.bytes.len(), plain: record.plain }
    };
    records.iter().map(place).collect()
}

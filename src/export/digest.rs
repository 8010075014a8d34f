//! From a body to a verdict, with the page's lines made. Nothing is written yet.

use super::{fetch::Fetched, lines, run::Run};
use crate::{
    api::error::ApiError,
    garbled::Garbled,
    page,
    paging::{self, Tally, Verdict},
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    retry::LARGEST,
    sink::Sink,
};
use serde_json::value::RawValue;
use std::collections::HashSet;

/// A sideload's own output, and what this run has already written there.
pub(super) struct SideloadSink {
    pub(super) name: &'static str,
    pub(super) sink: Sink,
    pub(super) seen: HashSet<Fingerprint>,
    /// The lines of the current page, and the records that they stand for.
    pub(super) lines: Vec<u8>,
    pub(super) fresh: Vec<Fingerprint>,
}

impl Run<'_> {
    /// From a body to a verdict, with the lines made. Nothing is written yet.
    pub(super) fn digest(&mut self, body: &[u8]) -> Result<Fetched, ApiError> {
        let job = self.job;
        let names: Vec<&str> = self.sideloads.iter().map(|sideload| sideload.name).collect();
        let page = page::parse(body, job.resource.record_key, &names)?;
        let none = HashSet::new();
        let seen = match &self.position {
            Position::Time { seen, .. } => seen,
            Position::Start(_) | Position::Cursor(_) => &none,
        };
        let prints: Vec<Fingerprint> = match &self.position {
            Position::Time { .. } => {
                page.records.iter().map(|record| Fingerprint::of(record.get().as_bytes())).collect()
            }
            Position::Start(_) | Position::Cursor(_) => Vec::new(),
        };
        let records = page.records.len();
        let tally = Tally {
            records,
            unseen: match prints.is_empty() {
                true => records,
                false => prints.iter().filter(|print| !seen.contains(print)).count(),
            },
            capacity: usize::from(self.size.get()),
        };
        let verdict = match &self.position {
            Position::Time { end_time, seen } => {
                let all = prints.iter().copied().collect();
                // A server whose clock is a day off is no judge of what is in the future.
                let date = self.date.filter(|_| self.clock_credible);
                paging::by_time(*end_time, seen, &page.envelope, tally, all, date)
            }
            Position::Start(_) | Position::Cursor(_) => {
                paging::by_cursor(&self.position, &page.envelope, tally, &self.earlier)
            }
        };
        let verdict = match verdict {
            Err(Garbled::Overflow { second, .. })
                if job.skip_second && self.size.get() == LARGEST =>
            {
                let text = format!(
                    "skipping to the second after {second}: what did not fit on its page is lost"
                );
                self.shared.report.warn(Some(job.resource.name), &text);
                paging::skip_second(second)
            }
            verdict => verdict?,
        };
        let Verdict::Commit { next, more } = verdict else {
            self.outcome.duplicates += u64::try_from(records).unwrap_or(0);
            return Ok(Fetched::Nothing);
        };
        let left = match (&job.mode, job.limit) {
            (Mode::OneOff { .. }, Some(limit)) => limit.saturating_sub(self.outcome.records),
            (_, _) => u64::MAX,
        };
        let rules = lines::Rules {
            change_time: job.resource.change_time,
            until: job.until,
            updated_since: job.updated_since,
            surrogates: job.surrogates,
            envelope: job.envelope.then_some(job.resource.name),
            limit: left,
        };
        self.lines.clear();
        self.counts = lines::write(&page.records, &prints, seen, rules, &mut self.lines);
        for (name, records) in &page.sideloads {
            if let Some(sideload) = self.sideloads.iter_mut().find(|known| known.name == *name) {
                sideload.take(records, job);
            }
        }
        let last = page.records.last();
        let changed = last.and_then(|record| lines::change_time(record, job.resource.change_time));
        self.through = changed.or_else(|| next.time());
        if page.envelope.count.is_some_and(|count| usize::try_from(count) != Ok(records)) {
            let text = "the page's count is not the number of its records";
            self.shared.report.detail(Some(job.resource.name), text);
        }
        Ok(Fetched::Page { next, more })
    }
}

impl SideloadSink {
    /// Makes the lines of those records that this run has not written yet.
    fn take(&mut self, records: &[&RawValue], job: &Job) {
        self.lines.clear();
        self.fresh.clear();
        let name = format!("{}.{}", job.resource.name, self.name);
        let mut fresh = Vec::new();
        let mut on_page = HashSet::new();
        for record in records {
            let print = Fingerprint::of(record.get().as_bytes());
            if !self.seen.contains(&print) && on_page.insert(print) {
                fresh.push(*record);
                self.fresh.push(print);
            }
        }
        let rules = lines::Rules {
            change_time: "",
            until: None,
            updated_since: None,
            surrogates: job.surrogates,
            envelope: job.envelope.then_some(name.as_str()),
            limit: u64::MAX,
        };
        lines::write(&fresh, &[], &HashSet::new(), rules, &mut self.lines);
    }
}

//! The numbers of one resource's export: what counts, which lags behind what was handed over.
//! Must not know how anything is done or told.

use super::{asker::Spent, batch::Standing, commit::Written, summary::Outcome};
use crate::{
    failure::{Exit, Failure},
    plan::{Job, Mode},
    progress::{Stand, Way},
    resource::{Bucket, Parameter},
    time::UnixTime,
};
use std::time::Instant;

pub(super) struct Tally {
    began: Instant,
    /// Where what is told of the rest of the way counts from, and since when: where the series
    /// stood, or the end of the first page, for a start that was typed says nothing of what there
    /// is behind it.
    way: Option<(UnixTime, Instant)>,
    outcome: Outcome,
    takes_page_size: bool,
}

impl Tally {
    /// Of a run that begins where the series stands.
    pub(super) fn new(job: &Job, standing: Standing, began: Instant) -> Tally {
        let Standing { position, through, .. } = standing;
        let stood = match &job.mode {
            Mode::Series(_) => through.or_else(|| position.time()),
            Mode::OneOff { .. } | Mode::NewSeries { .. } | Mode::List(_) => None,
        };
        Tally {
            began,
            way: stood.map(|from| (from, began)),
            takes_page_size: job.resource.takes(Parameter::PerPage),
            outcome: Outcome {
                through,
                position: Some(position),
                sample: job.endpoint.bucket == Bucket::Sample,
                ..Outcome::of(job.resource.name)
            },
        }
    }

    /// Takes a page into account that the writer has committed.
    pub(super) fn count(&mut self, written: Written, now: Instant) {
        let Written { batch, noticed } = written;
        let outcome = &mut self.outcome;
        outcome.through = batch.standing.through;
        self.way = self.way.or(outcome.through.map(|through| (through, now)));
        outcome.pages += 1;
        outcome.records += u64::try_from(batch.records.len()).unwrap_or(0);
        outcome.duplicates += batch.left_out.duplicates;
        outcome.left_out += batch.left_out.outside;
        outcome.deleted += noticed.deleted;
        outcome.surrogates += noticed.surrogates;
        if self.takes_page_size {
            *outcome.page_sizes.entry(batch.per_page).or_default() += 1;
        }
        // Behind a page that was cut, what was left out would be skipped.
        outcome.position = (!batch.left_out.is_cut()).then_some(batch.standing.position);
    }

    /// An answer brought only what was there before.
    pub(super) fn repeated(&mut self, duplicates: u64) {
        self.outcome.duplicates += duplicates;
    }

    pub(super) fn pages(&self) -> u64 {
        self.outcome.pages
    }

    pub(super) fn through(&self) -> Option<UnixTime> {
        self.outcome.through
    }

    pub(super) fn stand(&self, now: Instant) -> Stand {
        Stand {
            records: self.outcome.records,
            pages: self.outcome.pages,
            through: self.outcome.through,
            took: now.saturating_duration_since(self.began),
            way: self
                .way
                .filter(|_| !self.outcome.complete)
                .map(|(from, since)| Way { from, took: now.saturating_duration_since(since) }),
        }
    }

    /// Whether the stream's end was reached, with what was handed over.
    pub(super) fn complete(&mut self, complete: bool) {
        self.outcome.complete = complete;
        if complete {
            // A run that follows has another way to go when it falls behind again.
            self.way = None;
        }
    }

    /// What would come is younger than the server serves.
    pub(super) fn too_recent(&mut self) {
        self.outcome.too_recent = true;
    }

    pub(super) fn is_complete(&self) -> bool {
        self.outcome.complete
    }

    /// The account cannot read it, and nobody named it.
    pub(super) fn out_of_reach(&mut self) {
        self.outcome.out_of_reach = true;
    }

    /// A run failed that had handed over so many pages.
    pub(super) fn failed(&mut self, failure: &Failure, handed_over: u64) {
        let exit = failure.exit;
        self.outcome.exit = exit;
        self.outcome.error = Some(failure.to_string());
        // One that follows and had caught up may be stopped at any time.
        let all_counts = self.outcome.pages == handed_over;
        self.outcome.complete &= all_counts && matches!(exit, Exit::Signal(_));
    }

    pub(super) fn outcome(mut self, spent: Spent, bytes: u64, ended: Instant) -> Outcome {
        self.outcome.requests = spent.requests;
        self.outcome.waited_for_quota = spent.on_quota;
        self.outcome.waited_for_retry = spent.on_retries;
        self.outcome.bytes = bytes;
        self.outcome.took = ended.saturating_duration_since(self.began);
        self.outcome
    }
}

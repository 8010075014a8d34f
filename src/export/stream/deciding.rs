//! What an answer means for a stream: where its page leads, and what to ask for instead where it
//! leads nowhere.
//!
//! Pure. Must not know what is written of a page.

use super::{Digested, Stream};
use crate::{
    export::{
        accepted::{Remark, TooRecent},
        clocks::Clocks,
        ending::Probed,
        memory::Memory,
        reading::Read,
    },
    garbled::Garbled,
    page::{Envelope, NextPage, Page},
    paging::{self, Tally, Verdict},
    position::Position,
    resource::Form,
    retry::LARGEST,
};

impl Stream<'_> {
    pub(super) fn decide(&mut self, read: &Read<'_>, clocks: Clocks) -> Result<Verdict, Garbled> {
        let Read { page, prints, unseen, .. } = read;
        let records = page.records.len();
        let form = self.job.endpoint.form;
        let capacity = match page.envelope.end_of_stream {
            None if form.has_own_sizes() => self.ending.capacity(self.size.get()),
            _ => self.asked_size().into(),
        };
        let fresh = prints.iter().filter(|print| !self.walk.served.contains(print)).count();
        let tally = Tally { records, unseen: *unseen, fresh, capacity };
        let present = read.present(self.job, clocks);
        let earlier = &self.walk.earlier;
        let verdict = paging::decide(form, self.place(), &page.envelope, tally, present, earlier);
        self.skipping(verdict)
    }

    /// Goes on behind a second that does not fit on a page, if that was asked for.
    fn skipping(&mut self, verdict: Result<Verdict, Garbled>) -> Result<Verdict, Garbled> {
        match verdict {
            Err(Garbled::Overflow { second, .. })
                if self.job.skip_second && self.size.get() == LARGEST =>
            {
                self.remarks.push(Remark::Skipped(second));
                Ok(paging::skip_second(second))
            }
            verdict => verdict,
        }
    }

    /// Whether what lies behind the second of an idle page has to be asked for, because the server
    /// does not tell whether it is the end.
    pub(super) fn is_open(&mut self, read: &Read<'_>, clocks: Clocks) -> bool {
        let Envelope { end_of_stream, next_page, end_time, .. } = read.page.envelope;
        let Position::Time(second) = self.at else { return false };
        let records = read.page.records.len();
        let told = end_of_stream.is_some() || next_page == NextPage::Null;
        let by_records = self.job.endpoint.form == Form::Records;
        let idle = records > 0 && (by_records || end_time == Some(second));
        !told
            && idle
            && self.ending.is_open(
                second,
                records,
                clocks.now().minus(self.job.resource.youngest()),
            )
    }

    /// The answer to a request behind a second.
    pub(super) fn probed(&mut self, page: &Page<'_>) -> Result<Digested, Garbled> {
        let last = match self.ending.answer(page.records.is_empty()) {
            Probed::End => true,
            Probed::Again => false,
            Probed::Overflow(second, records) => {
                let records = usize::try_from(records).unwrap_or(usize::MAX);
                let overflow = Err(Garbled::Overflow { second, records });
                if let Verdict::Commit { next, .. } = self.skipping(overflow)? {
                    self.at = next;
                }
                false
            }
        };
        Ok(Digested::Known { duplicates: 0, last })
    }

    /// The server calls the start too recent.
    pub(in crate::export) fn too_recent(&mut self, clocks: Clocks) -> TooRecent {
        let (Position::Start(start) | Position::Time(start)) = self.at else {
            return TooRecent::Nothing;
        };
        let reached = self.through.map_or(start, |through| through.max(start));
        let verdict = clocks.too_recent(start, reached, self.untried, self.job.resource.youngest());
        if let TooRecent::Older(youngest) = verdict {
            self.untried = false;
            self.at = Position::starting(self.job.endpoint.form.saves(), youngest);
            self.lead = self.at.clone();
            self.memory = Memory::new(self.at.clone(), []);
        }
        verdict
    }

    /// How many records were asked for.
    fn asked_size(&self) -> u16 {
        let size = self.job.resource.size(self.job.endpoint);
        size.map_or(self.size.get(), |size| self.size.get().min(size.most))
    }

    /// The server refuses a cursor that is good inside the run alone: the walk goes on from its
    /// position. `false` if there was none.
    pub(in crate::export) fn forget_inside(&mut self) -> bool {
        self.walk.inside.take().is_some()
    }

    /// Whether a smaller page can be asked for.
    pub(in crate::export) fn can_shrink(&self) -> bool {
        self.job.resource.size(self.job.endpoint).is_some() && self.size.shrinkable()
    }

    /// The page was too much for the server.
    pub(in crate::export) fn shrink(&mut self) {
        self.size.halve();
        self.halved = true;
    }

    /// Asks for the largest page, because a smaller one could not hold one second; `false` if that
    /// would not help. A page that was too much for the server is not asked for again: the two would
    /// take turns.
    pub(in crate::export) fn widen(&mut self) -> bool {
        self.size.widen() && !self.halved
    }
}

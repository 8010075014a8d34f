//! Where a page is cut because a slice ahead begins there (see `slices`).
//!
//! Pure. Must not know what is kept of slices.

use super::Stream;
use crate::{
    export::{
        reading::Read,
        slices::{Joint, Look, Order},
    },
    paging::Verdict,
    position::Position,
    resource::Form,
};

impl Stream<'_> {
    /// Whether a walk may begin at any time, ahead of where this one stands: all that is known must
    /// be behind it, and what it writes must be of the records alone.
    pub(in crate::export) fn takes_slices(&self) -> bool {
        let job = self.job;
        job.resource.sorted_by_change
            && matches!(job.endpoint.form, Form::Cursor | Form::Time)
            && job.limit.is_none()
            && job.max_pages.is_none()
            && job.follow.is_none()
            && self.sideloads.names().is_empty()
            && self.walk.passed_lead
            && self.memory.is_at_anchor()
    }

    /// Where the next request begins; `None` while something else is asked.
    pub(in crate::export) fn stands_at(&self) -> Option<&Position> {
        let itself = self.ending.probe().is_none() && self.walk.inside.is_none();
        itself.then_some(&self.at)
    }

    /// The next page is to be looked at, and may be cut at one of these.
    pub(in crate::export) fn look_at(&mut self, joints: Vec<Joint>) {
        self.joints = Some(joints);
    }

    /// What was seen of the page that was accepted.
    pub(in crate::export) fn looked(&mut self) -> Look {
        std::mem::take(&mut self.look)
    }

    /// Cuts a page where one of the slices ahead begins, and goes on there. Nothing lies behind the
    /// cut that belongs in front of it: the server says that more follows behind this page, which is
    /// in order and reaches beyond it, and by time that it has served all up to there.
    pub(super) fn cut(&mut self, read: &mut Read<'_>, verdict: Verdict) -> Verdict {
        let before = self.reached.take();
        let Some(joints) = self.joints.take() else { return verdict };
        let Verdict::Commit { next, more: true } = &verdict else { return verdict };
        let order = Order::of(&read.page.records, self.job.resource.change_time);
        let Some(order) = order.filter(|_| read.page.envelope.end_of_stream.is_some()) else {
            self.look = Look::Disordered;
            return verdict;
        };
        let (Some(first), Some(last)) = (order.first(), order.last()) else { return verdict };
        if before.is_some_and(|before| first < before) {
            self.look = Look::Disordered;
            return verdict;
        }
        self.reached = Some(last);
        let served = |joint: &Joint| match next {
            Position::Time(end) => *end >= joint.start,
            Position::Start(_) | Position::Cursor(_) => true,
            Position::Snapshot(_) => false,
        };
        // Nothing that a slice holds may have been written before: a page may end within a second.
        let ahead = |joint: &Joint| self.through.is_none_or(|through| joint.start > through);
        let joints: Vec<Joint> = match self.takes_slices() {
            true => joints.into_iter().filter(|joint| served(joint) && ahead(joint)).collect(),
            false => Vec::new(),
        };
        let Some(cut) = order.cut(&joints) else {
            self.look = Look::Passed { first, reached: last };
            return verdict;
        };
        read.leave_off(cut.kept);
        self.reached = Some(cut.start);
        self.look = Look::Passed { first, reached: cut.start };
        let next = Position::starting(self.job.endpoint.form.saves(), cut.start);
        Verdict::Commit { next, more: true }
    }
}

//! The order of a page's records in time, and where a page of the head is cut.
//!
//! Pure. A page is cut only where nothing can lie behind the cut that belongs in front of it: its
//! records, and those that are known of the slice behind, are in the order of their change. Must
//! not know positions, nor how a page was asked for.

use crate::{export::lines, scan::Json, time::UnixTime};

/// When the records of a page changed, which is the order that they are served in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) struct Order(Vec<UnixTime>);

/// The begin of a slice ahead, of which the first page is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) struct Joint {
    /// What its first request began at.
    pub(in crate::export) start: UnixTime,
    /// When the first record that it was answered changed.
    pub(in crate::export) first: UnixTime,
}

/// What a page of the head says of the way ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::export) enum Look {
    /// Nothing: it was not looked at, or is empty or the last one.
    #[default]
    Nothing,
    /// Its records are in order. The first one changed at this time, and the head has come so far.
    Passed { first: UnixTime, reached: UnixTime },
    /// They are not, or nobody can tell whether more follows.
    Disordered,
}

/// Where a page ends instead of at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::export) struct Cut {
    /// So many records are in front of it.
    pub(in crate::export) kept: usize,
    /// All others changed at this time or later.
    pub(in crate::export) start: UnixTime,
}

impl Order {
    /// `None` where records are not in order, or one does not tell when it changed.
    pub(in crate::export) fn of(records: &[Json<'_>], change_time: &str) -> Option<Order> {
        let times = records.iter().map(|record| lines::change_time(*record, change_time));
        Order::new(times.collect::<Option<_>>()?)
    }

    /// `None` where the times are not in order.
    pub(in crate::export) fn new(times: Vec<UnixTime>) -> Option<Order> {
        times.is_sorted().then_some(Order(times))
    }

    pub(in crate::export) fn first(&self) -> Option<UnixTime> {
        self.0.first().copied()
    }

    pub(in crate::export) fn last(&self) -> Option<UnixTime> {
        self.0.last().copied()
    }

    /// Where the page is to be cut: at the furthest slice that begins on it. A slice whose first
    /// record lies behind the first that would be cut off does not hold all that this page does,
    /// whatever the reason: nothing is cut for it.
    pub(in crate::export) fn cut(&self, joints: &[Joint]) -> Option<Cut> {
        let cut = |joint: &Joint| {
            let kept = self.0.partition_point(|time| *time < joint.start);
            let off = self.0.get(kept)?;
            (joint.first <= *off).then_some(Cut { kept, start: joint.start })
        };
        joints.iter().filter_map(cut).max_by_key(|cut| cut.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Scanner;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::clamped(seconds)
    }

    fn order(times: &[i64]) -> Option<Order> {
        let records: Vec<String> = times.iter().map(|time| format!("{{\"t\":{time}}}")).collect();
        let records: Vec<Json<'_>> =
            records.iter().map(|record| Scanner::new(record).value().unwrap()).collect();
        Order::of(&records, "t")
    }

    #[test]
    fn an_order_is_told_by_every_record_or_not_at_all() {
        let known = order(&[5, 5, 7]).unwrap();
        assert_eq!((known.first(), known.last()), (Some(at(5)), Some(at(7))));
        assert_eq!(order(&[5, 4]), None);
        let empty = order(&[]).unwrap();
        assert_eq!((empty.first(), empty.last()), (None, None));
        let untold = Scanner::new(r#"{"u":1}"#).value().unwrap();
        assert_eq!(Order::of(&[untold], "t"), None);
    }

    #[test]
    fn a_page_is_cut_where_a_slice_begins() {
        for (page, joints, expect) in [
            (&[1, 2, 5, 5, 9][..], &[(5, 5)][..], Some((2, 5))),
            // The first record of the slice may lie behind its start.
            (&[1, 2, 6, 9], &[(5, 6)], Some((2, 5))),
            // What lies at the start belongs to the slice.
            (&[5, 5], &[(5, 5)], Some((0, 5))),
            (&[6, 7], &[(5, 6)], Some((0, 5))),
            // Nothing of the page lies there.
            (&[1, 2, 4], &[(5, 5)], None),
            (&[], &[(5, 5)], None),
            // A slice that lacks what this page holds.
            (&[1, 2, 5, 9], &[(5, 6)], None),
            // It may hold more: something has gone from there since.
            (&[1, 2, 6, 9], &[(5, 5)], Some((2, 5))),
            // Of several the furthest that can be.
            (&[1, 2, 5, 9, 12], &[(5, 5), (9, 9), (20, 20)], Some((3, 9))),
            (&[1, 2, 5, 9, 12], &[(5, 5), (9, 10)], Some((2, 5))),
        ] {
            let joints: Vec<Joint> = joints
                .iter()
                .map(|(start, first)| Joint { start: at(*start), first: at(*first) })
                .collect();
            let cut = order(page).unwrap().cut(&joints);
            let expect = expect.map(|(kept, start)| Cut { kept, start: at(start) });
            assert_eq!(cut, expect, "{page:?} {joints:?}");
        }
    }
}

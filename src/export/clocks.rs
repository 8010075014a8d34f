//! What time it was when an answer came, by the server's clock and by ours.
//!
//! Pure. Must not know where the times come from.

use super::accepted::TooRecent;
use crate::{position::Position, time::UnixTime};
use std::time::Duration;

/// Clocks that differ by more cannot both be believed.
const SKEW_CREDIBLE: Duration = Duration::from_secs(86_400);

/// No server calls a start that is so old too recent: API notes §5.
const NEVER_TOO_RECENT: Duration = Duration::from_secs(900);

#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// The server's, if it told.
    pub(super) date: Option<UnixTime>,
    /// This machine's.
    pub(super) wall: UnixTime,
}

impl Clocks {
    /// How far the two lie apart.
    pub(super) fn skew(self) -> Option<Duration> {
        let date = self.date?;
        Some(date.since(self.wall).max(self.wall.since(date)))
    }

    /// The server's clock, if it is one to judge by: one that is a day off is not.
    pub(super) fn judge(self) -> Option<UnixTime> {
        self.date.filter(|_| self.skew().is_some_and(|skew| skew < SKEW_CREDIBLE))
    }

    /// The server's time, or else ours.
    pub(super) fn now(self) -> UnixTime {
        self.judge().unwrap_or(self.wall)
    }

    /// The latest that it can be: ours has a day's grace.
    pub(super) fn latest(self) -> UnixTime {
        self.judge().unwrap_or_else(|| self.wall.plus(SKEW_CREDIBLE))
    }

    /// The time by which a position counts as saved. Of a server that does not tell its time, the
    /// position tells the least that it can be: one ahead of it would be taken for damage.
    pub(super) fn saved_at(self, position: &Position) -> UnixTime {
        self.judge().unwrap_or_else(|| position.time().map_or(self.wall, |at| at.max(self.wall)))
    }

    /// What it means that the server calls a start too recent, of an export that has `reached` a
    /// time; `untried` says that nothing was served from the start yet, and no start
    /// is taken that is younger than `youngest`.
    pub(super) fn too_recent(
        self,
        start: UnixTime,
        reached: UnixTime,
        untried: bool,
        youngest: Duration,
    ) -> TooRecent {
        let Some(date) = self.date else { return TooRecent::Nothing };
        if untried && start > date {
            return TooRecent::Future(date);
        }
        if date.since(reached) > NEVER_TOO_RECENT && self.judge().is_some() {
            return TooRecent::Untrue(start, date.since(start));
        }
        // A start that the server's own clock does not call too recent stays where it is: a later
        // one would skip what lies between.
        let least = date.minus(youngest);
        match untried && least < start {
            true => TooRecent::Older(least),
            false => TooRecent::Nothing,
        }
    }
}

//! Where a run starts: rules 1 to 4 of the README's "Where a run starts", and the kind of position
//! that a resource takes.
//!
//! Pure. Must not know outputs.

use crate::{
    failure::{Exit, Failure},
    resource::Resource,
    state::Series,
    time::{self, UnixTime},
};
use std::{path::Path, time::Duration};

/// How a run relates to the saved position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Neither reads nor moves one.
    OneOff { start: UnixTime },
    /// Begins a series, whose start is saved before the first request.
    NewSeries {
        start: UnixTime,
        /// It was begun before, and nothing has come of it yet.
        again: Option<Box<Series>>,
    },
    /// Goes on from the saved one, and moves it.
    Series(Box<Series>),
    /// Takes a whole list, which has no start.
    List(Keeps),
}

/// What a run that takes a list has to do with the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Nothing: a one-off.
    Nothing,
    /// It begins a series: whose the output is.
    Begins,
    /// It takes the next snapshot of a series.
    GoesOn(Box<Series>),
}

impl Mode {
    /// What is saved of the series that is gone on with, or begun again.
    pub(crate) fn saved(&self) -> Option<&Series> {
        match self {
            Mode::Series(series) | Mode::List(Keeps::GoesOn(series)) => Some(series),
            Mode::NewSeries { again, .. } => again.as_deref(),
            Mode::OneOff { .. } | Mode::List(_) => None,
        }
    }

    /// Whether a position moves with what is written.
    pub(crate) fn in_series(&self) -> bool {
        match self {
            Mode::OneOff { .. } | Mode::List(Keeps::Nothing) => false,
            Mode::NewSeries { .. }
            | Mode::Series(_)
            | Mode::List(Keeps::Begins | Keeps::GoesOn(_)) => true,
        }
    }
}

/// The server refuses a start_time of its last minute, and one that is exactly a minute old: API
/// notes §5.
pub(crate) const YOUNGEST: Duration = Duration::from_secs(61);

pub(super) fn moment(text: &str, flag: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    time::parse(text, now).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// A time to start from: not in the future, and clamped to what the server serves.
pub(crate) fn start(text: &str, origin: &str, now: UnixTime) -> Result<UnixTime, Failure> {
    let time = moment(text, origin, now)?;
    if time > now {
        return Err(Failure::usage(format!("{origin} {time} is in the future")));
    }
    Ok(time.min(now.minus(YOUNGEST)))
}

/// The README's "Where a run starts", rules 1 to 4, of one resource.
pub(super) fn mode(
    since: Option<UnixTime>,
    saved: Option<Series>,
    fallback: Option<UnixTime>,
    has_state: bool,
) -> Result<Mode, Failure> {
    match (since, saved, fallback) {
        (None, Some(series), _) => Ok(Mode::Series(Box::new(series))),
        // Rule 6: the command that began a series may be typed again while nothing has come of it.
        (Some(start), Some(series), _) if series.is_untouched() && has_state => {
            let saved = series.position.time();
            let start = saved.map_or(start, |saved| saved.min(start));
            Ok(Mode::NewSeries { start, again: Some(Box::new(series)) })
        }
        (Some(start), Some(_), _) => Ok(Mode::OneOff { start }),
        (Some(start), None, _) | (None, None, Some(start)) if has_state => {
            Ok(Mode::NewSeries { start, again: None })
        }
        (Some(start), None, _) | (None, None, Some(start)) => Ok(Mode::OneOff { start }),
        (None, None, None) => Err(Failure::usage("nothing says where to start")
            .hint("pass --since, as in --since 30d, or set start in the profile")),
    }
}

/// A position must be of a kind that its resource pages by.
pub(super) fn check_kind(
    state: Option<&Path>,
    resource: &Resource,
    series: &Series,
) -> Result<(), Failure> {
    let pagination = series.position.pagination();
    if resource.saving(pagination).is_some() {
        return Ok(());
    }
    let path = state.map(|path| path.display().to_string()).unwrap_or_default();
    Err(Failure::new(
        Exit::Config,
        format!(
            "the position saved in {path} is one of {} paging, which {} does not have",
            pagination.name(),
            resource.name
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mark::Mark,
        position::{Cursor, Overlap, Position},
    };

    fn series(path: &str) -> Series {
        let position = Position::Cursor(Cursor::new("abc").unwrap());
        Series {
            id: None,
            open: None,
            overlap: Overlap::none(&position),
            position,
            capacity: None,
            through: None,
            window: None,
            output: Mark::of(path.to_owned()),
            sideloads: Vec::new(),
        }
    }

    #[test]
    fn where_a_run_starts() {
        let (since, fallback) = (UnixTime::clamped(100), UnixTime::clamped(50));
        let saved = || Some(series("-"));
        let start = since;
        for (row, since, saved, fallback, has_state, expect) in [
            (1, None, saved(), None, true, Some(Mode::Series(Box::new(series("-"))))),
            (1, None, saved(), Some(fallback), true, Some(Mode::Series(Box::new(series("-"))))),
            (2, None, None, None, true, None),
            (2, None, None, None, false, None),
            (
                2,
                None,
                None,
                Some(fallback),
                true,
                Some(Mode::NewSeries { start: fallback, again: None }),
            ),
            (2, None, None, Some(fallback), false, Some(Mode::OneOff { start: fallback })),
            (3, Some(since), None, None, true, Some(Mode::NewSeries { start, again: None })),
            (
                3,
                Some(since),
                None,
                Some(fallback),
                true,
                Some(Mode::NewSeries { start, again: None }),
            ),
            (3, Some(since), None, None, false, Some(Mode::OneOff { start })),
            (4, Some(since), saved(), None, true, Some(Mode::OneOff { start })),
        ] {
            assert_eq!(mode(since, saved, fallback, has_state).ok(), expect, "rule {row}");
        }
        // Rule 6: of the two starts the earlier one.
        for (saved_at, expect) in [(70, 70), (130, 100)] {
            let position = Position::Start(UnixTime::clamped(saved_at));
            let untouched = Series { position, ..series("/d/x") };
            let again = Some(Box::new(untouched.clone()));
            let expect = Mode::NewSeries { start: UnixTime::clamped(expect), again };
            assert_eq!(mode(Some(since), Some(untouched), None, true).ok(), Some(expect));
        }
    }

    #[test]
    fn a_start_is_clamped_to_what_the_server_serves() {
        let now = UnixTime::clamped(1_000_000);
        assert_eq!(start("now", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("60s", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("61s", "--since", now).unwrap().seconds(), 999_939);
        assert_eq!(start("62s", "--since", now).unwrap().seconds(), 999_938);
        assert_eq!(start("@1000001", "--since", now).unwrap_err().exit, Exit::Usage);
    }
}

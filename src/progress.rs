//! Progress: one line for each resource at the foot of a terminal; elsewhere, where a person asked
//! for it, a line a minute in the log.
//!
//! Must not know what a run is: it is told what to show.

use crate::{
    report::{counted, grouped},
    time::{UnixTime, span},
};
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// All lines; `None` where none are shown.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    lines: Option<MultiProgress>,
    coloured: bool,
}

/// The line of one resource.
#[derive(Debug, Default)]
pub(crate) struct Line {
    bar: Option<ProgressBar>,
    name: &'static str,
}

/// How far a resource has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    pub(crate) records: u64,
    pub(crate) pages: u64,
    pub(crate) through: Option<UnixTime>,
    pub(crate) took: Duration,
}

impl Progress {
    pub(crate) fn new(shown: bool, coloured: bool) -> Progress {
        Progress { lines: shown.then(MultiProgress::new), coloured }
    }

    pub(crate) const fn none() -> Progress {
        Progress { lines: None, coloured: false }
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.lines.is_some()
    }

    pub(crate) fn line(&self, name: &'static str) -> Line {
        let bar = self.lines.as_ref().map(|lines| {
            let colour = match self.coloured {
                true => AnsiColor::Cyan.on_default(),
                false => Style::new(),
            };
            let template = format!("{colour}{{spinner}}{colour:#} {{wide_msg}}");
            let style = ProgressStyle::with_template(&template)
                .unwrap_or_else(|_malformed| ProgressStyle::default_spinner());
            let bar = lines.add(ProgressBar::new_spinner().with_style(style));
            bar.set_message(format!("{name}: asking"));
            bar.enable_steady_tick(Duration::from_millis(150));
            bar
        });
        Line { bar, name }
    }

    /// Writes something else to the terminal without tearing a line.
    pub(crate) fn beside(&self, write: impl FnOnce()) {
        match &self.lines {
            Some(lines) => lines.suspend(write),
            None => write(),
        }
    }
}

impl Line {
    pub(crate) fn page(&self, stand: Stand, now: UnixTime) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {}", self.name, words(stand, now)));
        }
    }

    /// Why nothing happens just now, and for how long.
    pub(crate) fn waiting(&self, why: &str, wait: Duration) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {}", self.name, pause(why, wait)));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How long nothing happens, and why; in whole seconds, of which the last one counts. The figure
/// comes first: a narrow terminal cuts the end off.
pub(crate) fn pause(why: &str, wait: Duration) -> String {
    let whole = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    format!("waits {}, {why}", span(whole))
}

/// How often a resource says in a log how far it has come.
const BEAT: Duration = Duration::from_secs(60);

/// When a resource last said in a log how far it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat(Instant);

impl Beat {
    pub(crate) fn new(now: Instant) -> Beat {
        Beat(now)
    }

    /// Whether it is time for the next line, which is then taken as said.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let due = now.saturating_duration_since(self.0) >= BEAT;
        if due {
            self.0 = now;
        }
        due
    }
}

/// What matters most comes first: a narrow terminal cuts the end off.
pub(crate) fn words(stand: Stand, now: UnixTime) -> String {
    let mut parts = vec![counted(stand.records, "record")];
    if let Some(through) = stand.through {
        parts.push(format!("{} behind", span(now.since(through))));
    }
    parts.push(counted(stand.pages, "page"));
    let millis = u64::try_from(stand.took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = stand.records.saturating_mul(1_000) / millis;
    parts.push(format!("{} a second", grouped(rate)));
    if let Some(through) = stand.through {
        parts.push(format!("through {through}"));
    }
    parts.join(", ")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant does to count from")]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_a_line_a_minute() {
        let start = Instant::now();
        let mut beat = Beat::new(start);
        let due: Vec<u64> =
            (0..400).filter(|second| beat.is_due(start + Duration::from_secs(*second))).collect();
        assert_eq!(due, [60, 120, 180, 240, 300, 360]);
        // After a long silence there is one line, not several.
        assert!(beat.is_due(start + Duration::from_secs(1000)));
        assert!(!beat.is_due(start + Duration::from_secs(1001)));
    }

    #[test]
    fn a_pause_is_told_in_whole_seconds() {
        let text = pause("rate limit reached", Duration::from_millis(41_200));
        assert_eq!(text, "waits 42 s, rate limit reached");
    }

    #[test]
    fn a_line_says_how_far_and_how_far_behind() {
        let stand = Stand {
            records: 12_345,
            pages: 13,
            through: UnixTime::new(1_795_485_480),
            took: Duration::from_secs(10),
        };
        assert_eq!(
            words(stand, UnixTime::clamped(1_795_492_980)),
            "12,345 records, 2 h 5 min behind, 13 pages, 1,234 a second, \
             through 2026-11-24T01:58:00Z"
        );
    }
}

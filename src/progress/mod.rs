//! Progress: one line for each resource at the foot of a terminal; elsewhere, where a person asked
//! for it, a line a minute in the log.
//!
//! Must not know what a run is: it is told what to show.

mod terminal;

use crate::{
    mutex::lock,
    time::{UnixTime, span},
    words::{counted, grouped},
};
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use terminal::Narrowed;
pub(crate) use terminal::is_in_foreground;

/// All lines; `None` where none are shown.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    lines: Option<MultiProgress>,
    /// Those that are drawn, from the top.
    drawn: Mutex<Vec<(&'static str, ProgressBar)>>,
    coloured: bool,
}

/// How often a second a line is drawn at most.
const REDRAWS: u8 = 20;

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
    /// The way that is left to go is told by; `None` where nothing is left, or nothing known.
    pub(crate) way: Option<Way>,
}

/// The way of a resource that has not caught up: where it began, and how long ago.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) from: UnixTime,
    pub(crate) took: Duration,
}

impl Progress {
    pub(crate) fn new(shown: bool, coloured: bool) -> Progress {
        let lines = shown.then(|| {
            let terminal = Narrowed::stderr();
            match terminal.is_terminal() {
                true => MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(
                    Box::new(terminal),
                    REDRAWS,
                )),
                false => MultiProgress::new(), // which is hidden
            }
        });
        Progress { lines, drawn: Mutex::default(), coloured }
    }

    pub(crate) const fn none() -> Progress {
        Progress { lines: None, drawn: Mutex::new(Vec::new()), coloured: false }
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
            let bar = self.placed(lines, name, ProgressBar::new_spinner().with_style(style));
            bar.set_message(format!("{name}: asking"));
            bar.enable_steady_tick(Duration::from_millis(150));
            bar
        });
        Line { bar, name }
    }

    /// Gives a line its place, by the name: whoever begins first, a resource's line is where it was
    /// in the run before.
    fn placed(&self, lines: &MultiProgress, name: &'static str, bar: ProgressBar) -> ProgressBar {
        let mut drawn = lock(&self.drawn);
        drawn.retain(|(_, bar)| !bar.is_finished());
        let at = drawn.iter().position(|(below, _)| name < *below).unwrap_or(drawn.len());
        let bar = match drawn.get(at) {
            Some((_, below)) => lines.insert_before(below, bar),
            None => lines.add(bar),
        };
        drawn.insert(at, (name, bar.clone()));
        bar
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
    /// How many columns there are behind the resource's name.
    fn room(&self) -> usize {
        let columns = usize::from(Narrowed::stderr().columns());
        columns.saturating_sub(self.name.len() + "* : ".len())
    }

    pub(crate) fn page(&self, stand: Stand, now: UnixTime) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {}", self.name, fitting(stand, now, self.room())));
        }
    }

    /// Why nothing happens just now, and for how long, behind how far the resource has come.
    pub(crate) fn waiting(&self, stand: Stand, now: UnixTime, why: &str, wait: Duration) {
        if let Some(bar) = &self.bar {
            let text = standstill(stand, now, why, wait, self.room());
            bar.set_message(format!("{}: {text}", self.name));
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

/// A pause of a resource that has come so far. Whole fields go where there is no room, and what is
/// left stays where it stands on the line of [`words`].
fn standstill(stand: Stand, now: UnixTime, why: &str, wait: Duration, room: usize) -> String {
    let long = pause(why, wait);
    let short = long.split(',').next().unwrap_or_default().to_owned();
    if stand.pages == 0 {
        return if long.chars().count() <= room { long } else { short };
    }
    let fields = fields(stand, now);
    let with = |count: usize, pause: &str| {
        let kept: Vec<&str> = fields.iter().take(count).map(String::as_str).collect();
        format!("{} · {pause}", kept.join(", "))
    };
    // Why nothing happens matters more than how many pages there were, less than how far it is.
    let whole = (2..=fields.len()).rev().map(|count| with(count, &long));
    let mut forms = whole.chain([with(2, &short), with(1, &short)]);
    let bare = [long.clone(), short];
    let bare = bare.into_iter().find(|form| form.chars().count() <= room);
    forms.find(|form| form.chars().count() <= room).or(bare).unwrap_or_default()
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

/// How far a resource is, in a log.
pub(crate) fn words(stand: Stand, now: UnixTime) -> String {
    fields(stand, now).join(", ")
}

/// The same with as many fields as there is room for.
fn fitting(stand: Stand, now: UnixTime, room: usize) -> String {
    let fields = fields(stand, now);
    let mut forms = (1..=fields.len()).rev().map(|count| fields[..count].join(", "));
    forms.find(|form| form.chars().count() <= room).unwrap_or_default()
}

/// What there is to say, in an order that never changes. What matters most comes first.
fn fields(stand: Stand, now: UnixTime) -> Vec<String> {
    let mut fields = vec![counted(stand.records, "record")];
    if let Some(through) = stand.through {
        fields.push(format!("{} behind", span(now.since(through))));
    }
    fields
        .extend(stand.way.zip(stand.through).and_then(|(way, at)| course(way, at, now)).map(told));
    fields.push(counted(stand.pages, "page"));
    let millis = u64::try_from(stand.took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = stand.records.saturating_mul(1_000) / millis;
    fields.push(format!("{} a second", grouped(rate)));
    if let Some(through) = stand.through {
        fields.push(format!("through {through}"));
    }
    fields
}

/// How much of its way a resource has gone that stands at `at`, in whole percent, and how long the
/// rest takes if it goes on like that; `None` where that would be a guess. What is behind grows while
/// it is caught up with.
fn course(way: Way, at: UnixTime, now: UnixTime) -> Option<(u64, Duration)> {
    let whole = now.minus(way.took).since(way.from).as_secs();
    let left = now.since(at).as_secs();
    let gained = whole.checked_sub(left)?;
    let share = gained.saturating_mul(100).checked_div(whole)?;
    let rest = u128::from(left).saturating_mul(way.took.as_millis()).checked_div(gained.into())?;
    let rest = Duration::from_millis(u64::try_from(rest).unwrap_or(u64::MAX));
    (share > 0).then(|| (share.min(99), rest))
}

/// `38 %, about 12 min left`
fn told((share, rest): (u64, Duration)) -> String {
    let seconds = rest.as_secs();
    let about = |unit: u64, name| format!("about {} {name} left", seconds.div_ceil(unit));
    let rest = match seconds {
        0..60 => "under a minute left".to_owned(),
        60..5_400 => about(60, "min"),
        5_400..172_800 => about(3_600, "h"),
        _ => about(86_400, "d"),
    };
    format!("{share} %, {rest}")
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
    fn a_pause_keeps_how_far_a_resource_is_as_far_as_there_is_room() {
        let through = UnixTime::new(1_795_485_480);
        let stand =
            Stand { records: 800, pages: 4, through, took: Duration::from_secs(10), way: None };
        let now = UnixTime::clamped(1_795_485_480 + 40 * 86_400);
        let text =
            |stand, room| standstill(stand, now, "quota spent", Duration::from_secs(11), room);
        let whole = "800 records, 40 d behind, 4 pages · waits 11 s, quota spent";
        assert_eq!(text(stand, 80 - 4 - "* tickets: ".len()), whole);
        let wide = "800 records, 40 d behind, 4 pages, 80 a second, through 2026-11-24T01:58:00Z \
                    · waits 11 s, quota spent";
        assert_eq!(text(stand, 200), wide);
        assert_eq!(text(stand, 58), "800 records, 40 d behind · waits 11 s, quota spent");
        assert_eq!(text(stand, 40), "800 records, 40 d behind · waits 11 s");
        assert_eq!(text(stand, 40 - 4 - "* tickets: ".len()), "800 records · waits 11 s");
        assert_eq!(text(stand, 23), "waits 11 s, quota spent");
        assert_eq!(text(stand, 20), "waits 11 s");
        assert_eq!(text(Stand { pages: 0, records: 0, ..stand }, 20), "waits 11 s");
        assert_eq!(text(Stand { pages: 0, records: 0, ..stand }, 80), "waits 11 s, quota spent");
    }

    #[test]
    fn u29_whole_fields_go_where_there_is_no_room_and_the_others_stay_in_place() {
        let through = UnixTime::new(1_795_485_480);
        let stand = Stand {
            records: 1_234_567,
            pages: 1_235,
            through,
            took: Duration::from_secs(100),
            way: None,
        };
        let now = UnixTime::clamped(1_795_485_480 + 7_500);
        let whole = words(stand, now);
        for room in 20..=whole.len() + 1 {
            let line = fitting(stand, now, room);
            assert!(line.chars().count() <= room, "{room}: {line}");
            let rest = whole.strip_prefix(&line).unwrap();
            assert!(rest.is_empty() || rest.starts_with(", "), "{room}: {line}");
            let waiting = standstill(stand, now, "quota spent", Duration::from_secs(11), room);
            assert!(waiting.chars().count() <= room, "{room}: {waiting}");
            let fields = waiting.split(" · ").next().unwrap();
            assert!(
                whole.starts_with(fields)
                    || pause("quota spent", Duration::from_secs(11)).starts_with(fields)
            );
        }
        let name = "* ticket_metric_events: ".len();
        let line = fitting(stand, now, 80 - 4 - name);
        assert_eq!(line, "1,234,567 records, 2 h 5 min behind, 1,235 pages");
    }

    #[test]
    fn u21_the_share_and_the_time_to_go() {
        const HOUR: u64 = 3_600;
        const NOW: i64 = 1_795_492_980;
        let ago = |seconds: u64| UnixTime::clamped(NOW).minus(Duration::from_secs(seconds));
        for (from, took, at, expect) in [
            // Behind at the start, how long ago that was, behind now: all in seconds.
            (10 * HOUR, 600, 5 * HOUR, "50 %, about 10 min left"),
            (100 * HOUR, 300, 62 * HOUR, "38 %, about 9 min left"),
            (30 * 24 * HOUR, 60, 29 * 24 * HOUR, "3 %, about 29 min left"),
            (365 * 24 * HOUR, 600, 361 * 24 * HOUR, "1 %, about 16 h left"),
            (3_650 * 24 * HOUR, 4 * HOUR, 3_600 * 24 * HOUR, "1 %, about 12 d left"),
            (10 * HOUR, 60, 60, "99 %, under a minute left"),
            (10 * HOUR, 60, 0, "99 %, under a minute left"),
            // Nothing is known yet, or nothing is gained.
            (1_000 * HOUR, 1, 999 * HOUR, ""),
            (HOUR, 600, HOUR, ""),
            (HOUR, 600, 2 * HOUR, ""),
            (0, 0, 0, ""),
        ] {
            let took = Duration::from_secs(took);
            // What lay behind when the way began.
            let way = Way { from: ago(from).minus(took), took };
            let found = course(way, ago(at), UnixTime::clamped(NOW)).map(told);
            assert_eq!(found.unwrap_or_default(), expect, "{from} {took:?} {at}");
        }
        let stand = Stand {
            records: 12_345,
            pages: 13,
            through: Some(ago(5 * HOUR)),
            took: Duration::from_secs(600),
            way: Some(Way { from: ago(10 * HOUR + 600), took: Duration::from_secs(600) }),
        };
        let line = |room| fitting(stand, UnixTime::clamped(NOW), room);
        assert_eq!(line(65), "12,345 records, 5 h behind, 50 %, about 10 min left, 13 pages");
        assert_eq!(line(55), "12,345 records, 5 h behind, 50 %, about 10 min left");
        assert_eq!(line(40), "12,345 records, 5 h behind");
    }

    #[test]
    fn a_line_says_how_far_and_how_far_behind() {
        let stand = Stand {
            records: 12_345,
            pages: 13,
            through: UnixTime::new(1_795_485_480),
            took: Duration::from_secs(10),
            way: None,
        };
        assert_eq!(
            words(stand, UnixTime::clamped(1_795_492_980)),
            "12,345 records, 2 h 5 min behind, 13 pages, 1,234 a second, \
             through 2026-11-24T01:58:00Z"
        );
    }
}

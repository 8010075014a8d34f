//! Both pagings, to the letter of the recordings (API notes §4.1 and §4.2).
//!
//! Pure: entries, a position and the time in, a page out. It must not know records or HTTP.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    behaviour::SameSecond,
    dice::{ROW, mix},
    entry::Entry,
    late::Lateness,
};

/// Which entries a request may see.
pub(super) struct View<'a> {
    /// Sorted by time, then id.
    pub(super) entries: &'a [Entry],
    pub(super) now: i64,
    /// Seconds that a change stays hidden.
    pub(super) fence: i64,
    /// How much later than that some entries become visible (§0.7), drawn from the key.
    pub(super) late: Lateness,
    pub(super) late_key: u64,
    /// Entries that were written ahead of their time show before it.
    pub(super) early: bool,
    /// Which entries the request's own parameters ask for.
    pub(super) wanted: Wanted,
}

/// The parameters that leave records out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) deleted: bool,
    pub(super) agent: bool,
    pub(super) ai_agent: bool,
}

/// Where a cursor export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// The first request: `start_time`.
    Start(i64),
    /// A later one: behind this record.
    After(i64, u64),
}

impl Wanted {
    pub(super) fn takes(self, entry: &Entry) -> bool {
        let scope = if entry.ai { self.ai_agent } else { self.agent };
        scope && (self.deleted || !entry.deleted)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// As many as were asked for: there may be more (§4.1: also when nothing follows).
    pub(super) full: bool,
    /// Time-based only: where the next page starts.
    pub(super) end_time: Option<i64>,
}

impl View<'_> {
    fn shows(&self, entry: &Entry) -> bool {
        let delay = |ts| self.late.delay(self.late_key, entry.id, ts);
        let written = if self.early { entry.ts - entry.ahead } else { entry.ts };
        let shown = written + self.fence + delay(entry.ts);
        // A version stays in sight until the one that replaces it is seen, if that is late.
        let gone = match delay(entry.until) {
            0 => entry.until,
            late => entry.until.saturating_add(self.fence + late),
        };
        shown <= self.now && self.now < gone && self.wanted.takes(entry)
    }

    /// All that is visible, in cursor order.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Entry> {
        self.from(|_| false)
    }

    /// The visible entries from the first that is not `before`, in cursor order.
    fn from(&self, before: impl Fn(&Entry) -> bool) -> impl Iterator<Item = &Entry> {
        let first = self.entries.partition_point(before);
        let rest = self.entries.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(|entry| self.early || entry.ts <= self.now)
            .filter(|entry| self.shows(entry))
    }
}

/// §4.1: ordered by (time, id); a page is the first `per_page` of them.
pub(super) fn by_cursor(view: &View<'_>, from: From, per_page: usize) -> Page {
    let before = |entry: &Entry| match from {
        From::Start(start) => entry.ts < start,
        From::After(ts, id) => (entry.ts, entry.id) <= (ts, id),
    };
    let entries: Vec<Entry> = view.from(before).take(per_page).copied().collect();
    Page { full: entries.len() == per_page, entries, end_time: None }
}

/// §4.2: ordered by time, within a second not by id; a full page of one single second grows to all
/// of that second and ends one second later.
pub(super) fn by_time(view: &View<'_>, start: i64, per_page: usize, rule: SameSecond) -> Page {
    let mut entries: Vec<Entry> = Vec::new();
    let mut second: Vec<Entry> = Vec::new();
    for entry in view.from(|entry| entry.ts < start) {
        if second.first().is_some_and(|first| first.ts != entry.ts) {
            append_second(&mut entries, &mut second);
            if entries.len() >= per_page {
                break;
            }
        }
        second.push(*entry);
    }
    if entries.len() < per_page {
        append_second(&mut entries, &mut second);
    }
    let full = entries.len() >= per_page;
    let one_second = entries.first().map(|entry| entry.ts) == entries.last().map(|entry| entry.ts);
    if full && one_second && rule == SameSecond::Expand {
        let end_time = entries.last().map(|entry| entry.ts + 1);
        return Page { entries, full, end_time };
    }
    entries.truncate(per_page);
    Page { end_time: entries.last().map(|entry| entry.ts), entries, full }
}

/// Puts a second's entries behind a page in the order of the database's rows: stable, and not that
/// of the ids.
fn append_second(entries: &mut Vec<Entry>, second: &mut Vec<Entry>) {
    second.sort_unstable_by_key(|entry| (mix(ROW, entry.id), entry.id));
    entries.append(second);
}

/// `{ts}.0||{id}|` in base64 with padding (§4.1).
pub(super) fn encode(ts: i64, id: u64) -> String {
    STANDARD.encode(format!("{ts}.0||{id}|"))
}

/// The time and id of a cursor.
pub(super) fn decode(cursor: &str) -> Option<(i64, u64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (ts, id) = text.strip_suffix('|')?.split_once("||")?;
    let (seconds, _fraction) = ts.split_once('.').unwrap_or((ts, ""));
    Some((seconds.parse().ok()?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted { deleted: true, agent: true, ai_agent: true };

    fn entries(times: &[i64]) -> Vec<Entry> {
        let ids = 1..;
        let entry = |(ts, id): (&i64, u64)| Entry { ts: *ts, id, until: i64::MAX, ..Entry::EMPTY };
        times.iter().zip(ids).map(entry).collect()
    }

    fn view(entries: &[Entry], now: i64) -> View<'_> {
        View {
            entries,
            now,
            fence: 60,
            late: Lateness::NONE,
            late_key: 0,
            early: false,
            wanted: ALL,
        }
    }

    /// Page sizes and end_times of a walk by time.
    fn walk(times: &[i64], per_page: usize, rule: SameSecond) -> Vec<(usize, Option<i64>, bool)> {
        let entries = entries(times);
        let view = view(&entries, 1000);
        let (mut start, mut pages) = (0, Vec::new());
        for _ in 0..100 {
            let page = by_time(&view, start, per_page, rule);
            pages.push((page.entries.len(), page.end_time, page.full));
            let stuck = page.end_time == Some(start);
            start = page.end_time.unwrap_or(start);
            if !page.full || stuck {
                return pages;
            }
        }
        panic!("no end: {pages:?}");
    }

    #[test]
    fn a_page_of_several_seconds_ends_at_its_last_second() {
        let pages = walk(&[1, 2, 3, 3, 4], 3, SameSecond::Expand);
        assert_eq!(pages, [(3, Some(3), true), (3, Some(4), true), (1, Some(4), false)]);
    }

    #[test]
    fn a_page_of_one_second_holds_all_of_it() {
        let pages = walk(&[5, 5, 5, 5, 6], 2, SameSecond::Expand);
        assert_eq!(pages, [(4, Some(6), true), (1, Some(6), false)]);
    }

    #[test]
    fn a_stuck_second_repeats_itself() {
        let pages = walk(&[5, 5, 5, 6], 2, SameSecond::Stuck);
        assert_eq!(pages, [(2, Some(5), true), (2, Some(5), true)]);
    }

    #[test]
    fn an_empty_page_has_no_end_time() {
        assert_eq!(walk(&[], 2, SameSecond::Expand), [(0, None, false)]);
    }

    #[test]
    fn within_a_second_rows_are_not_in_the_order_of_ids() {
        let entries = entries(&[5; 12]);
        let page = by_time(&view(&entries, 1000), 0, 100, SameSecond::Expand);
        assert_ne!(page.entries, entries);
        assert_eq!(by_cursor(&view(&entries, 1000), From::Start(0), 100).entries, entries);
    }

    #[test]
    fn the_last_minute_is_not_served() {
        let entries = entries(&[939, 940, 941]);
        let page = by_cursor(&view(&entries, 1000), From::Start(0), 10);
        assert_eq!(page.entries.len(), 2);
    }

    #[test]
    fn a_late_row_shows_behind_rows_that_were_served_before() {
        let entries = entries(&[100; 40]);
        let late = Lateness { share: 5000, least: 30, most: 30 };
        let at =
            |now| by_cursor(&View { late, ..view(&entries, now) }, From::Start(0), 100).entries;
        let (on_time, all) = (at(160), at(190));
        assert!((10..30).contains(&on_time.len()), "{}", on_time.len());
        assert_eq!(all, entries);
        assert_eq!(at(189), on_time);
    }

    #[test]
    fn a_version_is_seen_until_a_late_one_takes_its_place() {
        let late = Lateness { share: 10_000, least: 30, most: 30 };
        let one = Entry { ts: 100, id: 1, until: 500, ..Entry::EMPTY };
        let entries = [one, Entry { ts: 500, until: i64::MAX, ..one }];
        for now in 190..700 {
            let view = View { late, ..view(&entries, now) };
            assert_eq!(by_cursor(&view, From::Start(0), 9).entries.len(), 1, "{now}");
        }
    }

    #[test]
    fn what_is_written_ahead_shows_early_if_told_so() {
        let entries = [Entry { ts: 5000, id: 1, ahead: 4500, ..Entry::EMPTY }];
        let seen = |early, now| {
            by_time(&View { early, ..view(&entries, now) }, 0, 9, SameSecond::Expand).end_time
        };
        assert_eq!((seen(true, 559), seen(true, 560)), (None, Some(5000)));
        assert_eq!((seen(false, 5059), seen(false, 5060)), (None, Some(5000)));
    }

    #[test]
    fn a_cursor_goes_on_behind_its_record() {
        let entries = entries(&[7, 7, 7, 8]);
        let page = by_cursor(&view(&entries, 1000), From::After(7, 2), 10);
        let ids: Vec<u64> = page.entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [3, 4]);
    }

    #[test]
    fn a_full_page_is_not_the_end_even_if_nothing_follows() {
        let entries = entries(&[1, 2]);
        assert!(by_cursor(&view(&entries, 1000), From::Start(0), 2).full);
    }

    #[test]
    fn the_documented_cursors_are_read_and_written() {
        assert_eq!(decode("MTU3NjYxMzUzOS4wfHw0Njd8"), Some((1_576_613_539, 467)));
        assert_eq!(encode(1_695_052_663, 28), "MTY5NTA1MjY2My4wfHwyOHw=");
        assert_eq!(decode("bm90IGEgY3Vyc29y"), None);
    }
}

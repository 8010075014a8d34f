//! The end of a run: what each resource came to, as a line for people or an object for programs.

use crate::{
    failure::Exit,
    position::Position,
    time::{UnixTime, span},
    words::{bytes, counted},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// What the export of one resource came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) resource: &'static str,
    pub(crate) records: u64,
    pub(crate) pages: u64,
    pub(crate) duplicates: u64,
    pub(crate) left_out: u64,
    pub(crate) deleted: u64,
    pub(crate) surrogates: u64,
    pub(crate) bytes: u64,
    pub(crate) requests: u64,
    pub(crate) waited_for_quota: Duration,
    pub(crate) waited_for_retry: Duration,
    pub(crate) took: Duration,
    /// How many pages came at which page size that was asked for.
    pub(crate) page_sizes: BTreeMap<u16, u64>,
    pub(crate) through: Option<UnixTime>,
    /// Behind the last page that counts.
    pub(crate) position: Option<Position>,
    /// Whether the stream's end was reached.
    pub(crate) complete: bool,
    /// The server calls what would come too recent.
    pub(crate) too_recent: bool,
    /// Of a sample endpoint, which serves one page and has no end to reach.
    pub(crate) sample: bool,
    /// Of a list, which is whole or not, and has no time that it is through.
    pub(crate) list: bool,
    /// Left out, because nobody named it and the account cannot read it.
    pub(crate) out_of_reach: bool,
    /// What failed.
    pub(crate) error: Option<String>,
    pub(crate) exit: Exit,
}

impl Outcome {
    pub(crate) fn of(resource: &'static str) -> Outcome {
        Outcome {
            resource,
            records: 0,
            pages: 0,
            duplicates: 0,
            left_out: 0,
            deleted: 0,
            surrogates: 0,
            bytes: 0,
            requests: 0,
            waited_for_quota: Duration::ZERO,
            waited_for_retry: Duration::ZERO,
            took: Duration::ZERO,
            page_sizes: BTreeMap::new(),
            through: None,
            position: None,
            complete: false,
            too_recent: false,
            sample: false,
            list: false,
            out_of_reach: false,
            error: None,
            exit: Exit::Done,
        }
    }

    /// `1,234 records, 2 pages, 9.8 MB, 12.3 s, through 2026-11-24T01:58:00Z, caught up`
    pub(crate) fn line(&self) -> String {
        if self.came_to_nothing() {
            let mut parts = self.amounts();
            parts.push(format!("failed (exit {})", self.exit.code()));
            return parts.join(", ");
        }
        let mut parts =
            match (self.exit, self.is_idle() && self.complete && !self.sample && !self.list) {
                // What was dropped on the way is no news either.
                (Exit::Done, true) if self.too_recent => vec!["nothing new yet".to_owned()],
                (Exit::Done, true) => vec!["nothing new".to_owned()],
                _ => self.amounts(),
            };
        parts.push(format!("{:.1} s", self.took.as_secs_f64()));
        for (waited, what) in [(self.waited_for_quota, "quota"), (self.waited_for_retry, "retries")]
        {
            if waited >= Duration::from_secs(1) {
                parts.push(format!("{} of it waiting for {what}", span(waited)));
            }
        }
        if let Some(through) = self.through {
            parts.push(format!("through {through}"));
        }
        parts.push(match (self.exit, self.complete) {
            (Exit::Done, _) if self.sample => "a sample only".to_owned(),
            (Exit::Done, true) if self.list => "complete".to_owned(),
            (Exit::Done, true) => "caught up".to_owned(),
            (Exit::Done, false) => "stopped as asked".to_owned(),
            (Exit::Signal(_), _) => "stopped by a signal".to_owned(),
            (exit, _) => format!("failed (exit {})", exit.code()),
        });
        parts.join(", ")
    }

    fn is_idle(&self) -> bool {
        self.records == 0 && self.left_out == 0 && self.bytes == 0
    }

    /// Whether it failed before there was anything to write.
    pub(crate) fn came_to_nothing(&self) -> bool {
        let failed = !matches!(self.exit, Exit::Done | Exit::Signal(_));
        failed && self.is_idle() && self.pages == 0
    }

    fn amounts(&self) -> Vec<String> {
        let mut parts = vec![counted(self.records, "record"), counted(self.pages, "page")];
        if self.duplicates > 0 {
            parts.push(format!("{} dropped", counted(self.duplicates, "duplicate")));
        }
        if self.left_out > 0 {
            parts.push(format!("{} left out", self.left_out));
        }
        parts.push(bytes(self.bytes));
        parts
    }

    fn json(&self) -> Value {
        json!({
            "resource": self.resource,
            "records": self.records,
            "pages": self.pages,
            "duplicates": self.duplicates,
            "left_out": self.left_out,
            "deleted": self.deleted,
            "bytes": self.bytes,
            "requests": self.requests,
            "waited": {
                "quota": seconds(self.waited_for_quota),
                "retry": seconds(self.waited_for_retry),
            },
            "seconds": seconds(self.took),
            "page_sizes": self.page_sizes.iter().map(|(size, pages)| {
                (size.to_string(), json!(pages))
            }).collect::<Map<String, Value>>(),
            "through": self.through.map(|time| time.to_string()),
            "position": self.position.as_ref().map(position),
            "complete": self.complete,
            "error": self.error,
            "exit": self.exit.code(),
        })
    }
}

/// As in the state file, without what only zdx reads.
fn position(position: &Position) -> Value {
    let pagination = position.pagination().name();
    match position {
        Position::Start(start) => {
            json!({"pagination": pagination, "start_time": start.seconds()})
        }
        Position::Cursor(cursor) => {
            json!({"pagination": pagination, "cursor": cursor.as_str()})
        }
        Position::Time(end_time) => {
            json!({"pagination": pagination, "end_time": end_time.seconds()})
        }
        Position::Snapshot(print) => {
            json!({"pagination": pagination, "snapshot": print.map(|print| print.to_string())})
        }
    }
}

/// To the millisecond: more digits would only be noise.
fn seconds(duration: Duration) -> Value {
    json!((duration.as_secs_f64() * 1_000.0).round() / 1_000.0)
}

/// The one object of `--summary json`. `error` is why there was no run.
pub(crate) fn json(outcomes: &[Outcome], exit: Exit, error: Option<&str>) -> String {
    let resources: Vec<Value> = outcomes.iter().map(Outcome::json).collect();
    let mut failed =
        outcomes.iter().filter_map(|outcome| Some((outcome.resource, outcome.error.as_ref()?)));
    let first = failed.next().map(|(resource, error)| format!("{resource}: {error}"));
    let error = error.map(str::to_owned).or(first);
    json!({"resources": resources, "error": error, "exit": exit.code()}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line() {
        let mut outcome = Outcome {
            records: 1_234,
            pages: 2,
            bytes: 9_812_345,
            took: Duration::from_millis(12_345),
            through: UnixTime::new(1_795_485_480),
            complete: true,
            ..Outcome::of("tickets")
        };
        assert_eq!(
            outcome.line(),
            "1,234 records, 2 pages, 9.8 MB, 12.3 s, through 2026-11-24T01:58:00Z, caught up"
        );
        outcome.duplicates = 1;
        outcome.waited_for_quota = Duration::from_millis(7_900);
        outcome.exit = Exit::Temporary;
        let line = outcome.line();
        assert!(line.contains("1 duplicate dropped"), "{line}");
        assert!(line.contains(", 12.3 s, 7 s of it waiting for quota, "), "{line}");
        assert!(!line.contains("retries"), "{line}");
        assert!(line.ends_with("failed (exit 5)"), "{line}");
    }

    #[test]
    fn u31_a_run_with_nothing_new_says_so() {
        let nothing = Outcome {
            duplicates: 1,
            took: Duration::from_millis(345),
            through: UnixTime::new(1_795_485_480),
            complete: true,
            ..Outcome::of("tickets")
        };
        let line = "nothing new, 0.3 s, through 2026-11-24T01:58:00Z, caught up";
        assert_eq!(nothing.line(), line);
        let text = |outcome: Outcome| outcome.line().split(", ").next().unwrap().to_owned();
        assert_eq!(text(Outcome { too_recent: true, ..nothing.clone() }), "nothing new yet");
        for other in [
            Outcome { complete: false, ..nothing.clone() },
            Outcome { left_out: 3, ..nothing.clone() },
            Outcome { exit: Exit::Remote, ..nothing.clone() },
            Outcome { sample: true, ..nothing },
        ] {
            assert_eq!(text(other), "0 records");
        }
    }
}

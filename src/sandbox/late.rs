//! Rows that become visible later than their own time says (API notes §0.7, §4.5).
//!
//! Pure: which rows are late, and by how much, depends on the seed and the row alone. It must not
//! know which resources there are.

use std::{fmt, str::FromStr, time::Duration};

use super::dice::{mix, span};

/// How many of a resource's rows are late, and by how much: `users=1%:30s-90s`.
///
/// The delay counts from when the row could have been shown, which for tickets and ticket_events is
/// a minute after its own time. A row's time stays what it is: it shows behind rows that were
/// served before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Zendesk's name of the resource, or `all`.
    pub resource: String,
    /// Rows that are late, of ten thousand.
    pub share: u32,
    /// A late row is late by at least this, in whole seconds.
    pub least: Duration,
    /// And by this at most.
    pub most: Duration,
}

/// A share of one.
const WHOLE: u32 = 10_000;

/// Delays are no longer than a day.
const LONGEST: Duration = Duration::from_secs(86_400);

const FORM: &str = "expected RESOURCE=SHARE%:DELAY, RESOURCE=SHARE%:DELAY-DELAY or RESOURCE=off, \
                    e.g. users=1%:30s-90s";

impl FromStr for Late {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (resource, rest) = text.split_once('=').ok_or(FORM)?;
        if rest == "off" {
            let (least, most) = (Duration::ZERO, Duration::ZERO);
            return Ok(Self { resource: resource.to_owned(), share: 0, least, most });
        }
        let (share_text, delay) = rest.split_once("%:").ok_or(FORM)?;
        let share = share(share_text).ok_or_else(|| {
            format!("{share_text}% is no share: 0% to 100%, two decimals at most")
        })?;
        let (least, most) = delay.split_once('-').unwrap_or((delay, delay));
        let (least, most) = (seconds(least)?, seconds(most)?);
        if most < least {
            return Err(format!("{delay}: the longer delay stands behind the shorter one"));
        }
        Ok(Self { resource: resource.to_owned(), share, least, most })
    }
}

/// `0.5` of a hundred as 50 of ten thousand.
fn share(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let whole = whole.parse::<u32>().ok()?.checked_mul(100)?;
    let share = whole.checked_add(format!("{decimals:0<2}").parse().ok()?)?;
    (share <= WHOLE).then_some(share)
}

/// `90s`, `11m` or `1h`.
fn seconds(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3600),
        _ => None,
    });
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let number = number.parse::<u64>().ok().filter(|_| !number.starts_with('+'));
    let delay = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    let delay = delay.ok_or_else(|| format!("{text:?} is no delay: 90s, 11m or 1h"))?;
    let delay = Duration::from_secs(delay);
    if delay > LONGEST {
        return Err(format!("{text} is longer than a day"));
    }
    Ok(delay)
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, share, least, most } = self;
        if *share == 0 {
            return write!(f, "{resource}=off");
        }
        let (least, most) = (least.as_secs(), most.as_secs());
        write!(f, "{resource}={}", share / 100)?;
        if share % 100 > 0 {
            write!(f, ".{:02}", share % 100)?;
        }
        if least == most { write!(f, "%:{least}s") } else { write!(f, "%:{least}s-{most}s") }
    }
}

/// The lateness of one resource's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lateness {
    /// Of ten thousand.
    pub(super) share: u32,
    /// Seconds.
    pub(super) least: i64,
    pub(super) most: i64,
}

impl Lateness {
    pub(super) const NONE: Self = Self { share: 0, least: 0, most: 0 };

    /// What was asked for, the last word first; else what the kind of record is known for.
    pub(super) fn of(asked: &[Late], resource: &str, known: Self) -> Self {
        let named = asked.iter().rfind(|late| late.resource == resource);
        let late = named.or_else(|| asked.iter().rfind(|late| late.resource == "all"));
        late.map_or(known, |late| Self {
            share: late.share,
            least: span(late.least.as_secs()),
            most: span(late.most.as_secs()),
        })
    }

    /// The longest that any row is late.
    pub(super) fn longest(self) -> i64 {
        if self.share == 0 { 0 } else { self.most }
    }

    /// By how many seconds the row of a record is late that has this time; `key` is the seed's.
    pub(super) fn delay(self, key: u64, id: u64, ts: i64) -> i64 {
        let draw = mix(mix(key, id), ts.unsigned_abs());
        if draw % u64::from(WHOLE) >= u64::from(self.share) {
            return 0;
        }
        let spread = (self.most - self.least).unsigned_abs() + 1;
        self.least + span(draw / u64::from(WHOLE) % spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_alike() {
        for (text, written) in [
            ("users=1%:60s", "users=1%:60s"),
            ("ticket_metric_events=100%:11m-13m", "ticket_metric_events=100%:660s-780s"),
            ("all=0.5%:0s-1h", "all=0.50%:0s-3600s"),
            ("users=12.34%:1s", "users=12.34%:1s"),
            ("tickets=off", "tickets=off"),
            ("tickets=0%:5s", "tickets=off"),
        ] {
            assert_eq!(text.parse::<Late>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn bad_values_are_refused_with_a_reason() {
        for (text, reason) in [
            ("users", "expected RESOURCE="),
            ("users=1:60s", "expected RESOURCE="),
            ("users=101%:60s", "no share"),
            ("users=-1%:60s", "no share"),
            ("users=1.234%:60s", "no share"),
            ("users=%:60s", "no share"),
            ("users=1%:60", "no delay"),
            ("users=1%:", "no delay"),
            ("users=1%:ü", "no delay"),
            ("users=1%:9999999999999999999h", "no delay"),
            ("users=1%:2m-1m", "stands behind"),
            ("users=1%:25h", "longer than a day"),
        ] {
            let refused = text.parse::<Late>().unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    #[test]
    fn the_share_and_the_delays_are_those_asked_for() {
        let late = Lateness { share: 500, least: 10, most: 19 };
        let delays: Vec<i64> = (0..20_000).map(|id| late.delay(7, id, 1000)).collect();
        let delayed: Vec<i64> = delays.into_iter().filter(|delay| *delay > 0).collect();
        assert!((800..1200).contains(&delayed.len()), "{}", delayed.len());
        assert_eq!((delayed.iter().min(), delayed.iter().max()), (Some(&10), Some(&19)));
    }

    #[test]
    fn the_last_word_on_a_resource_counts_and_its_name_beats_all() {
        let asked: Vec<Late> =
            ["users=1%:1s", "users=2%:2s", "all=3%:3s"].map(|text| text.parse().unwrap()).into();
        let share = |resource| Lateness::of(&asked, resource, Lateness::NONE).share;
        assert_eq!((share("users"), share("tickets")), (200, 300));
        let known = Lateness { share: 1, least: 1, most: 1 };
        assert_eq!(Lateness::of(&[], "users", known), known);
    }
}

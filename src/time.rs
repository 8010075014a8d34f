//! Points in time as the API speaks of them: whole seconds since 1970, UTC.
//!
//! Pure: "now" is always an argument. Must not know clocks, flags or files.

use std::{fmt, time::Duration};

/// Whole seconds since 1970-01-01T00:00:00Z; shown as RFC 3339 with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnixTime(i64);

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can name.
const LATEST: i64 = 253_402_300_799;

const DAY: Duration = Duration::from_secs(86_400);

/// The forms of TIME, for every message that refuses one.
pub(crate) const FORMS: &str = "a duration back from now (2h, 3d, 2h30m), now, today, yesterday, \
     a date (2026-11-01), RFC 3339 (2026-11-01T12:00:00Z) or epoch seconds (@1763600000)";

impl UnixTime {
    /// `None` outside of the years 1970 to 9999.
    pub(crate) fn new(seconds: i64) -> Option<UnixTime> {
        (0..=LATEST).contains(&seconds).then_some(UnixTime(seconds))
    }

    /// The nearest representable time.
    pub(crate) fn clamped(seconds: i64) -> UnixTime {
        UnixTime(seconds.clamp(0, LATEST))
    }

    #[cfg(test)]
    pub(crate) const fn const_new(seconds: i64) -> Option<UnixTime> {
        Some(UnixTime(seconds))
    }

    pub(crate) fn seconds(self) -> i64 {
        self.0
    }

    pub(crate) fn minus(self, by: Duration) -> UnixTime {
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        UnixTime::clamped(self.0.saturating_sub(by))
    }

    pub(crate) fn plus(self, by: Duration) -> UnixTime {
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        UnixTime::clamped(self.0.saturating_add(by))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub(crate) fn since(self, earlier: UnixTime) -> Duration {
        Duration::from_secs(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// Reads RFC 3339 with any offset; a fraction is dropped.
    pub(crate) fn from_rfc3339(text: &str) -> Option<UnixTime> {
        let time: jiff::Timestamp = text.parse().ok()?;
        UnixTime::new(time.as_second())
    }

    /// Reads an HTTP date such as `Thu, 08 Feb 2024 17:26:48 GMT`.
    pub(crate) fn from_http_date(text: &str) -> Option<UnixTime> {
        let zoned = jiff::fmt::rfc2822::DateTimeParser::new()
            .relaxed_weekday(true)
            .parse_timestamp(text)
            .ok()?;
        UnixTime::new(zoned.as_second())
    }

    /// The day in UTC, `2026-11-24`.
    pub(crate) fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_second(self.0).expect("the years 1970 to 9999");
        write!(f, "{time}")
    }
}

/// Reads what a person types for a point in time. A future time is returned as it is: whether
/// that is wrong depends on the flag.
pub(crate) fn parse(text: &str, now: UnixTime) -> Result<UnixTime, String> {
    let text = text.trim();
    match text {
        "now" => return Ok(now),
        "today" => return Ok(midnight(now)),
        "yesterday" => return Ok(midnight(now.minus(DAY))),
        _ => {}
    }
    let refused = || format!("\"{}\" is not a time: use {FORMS}", text.escape_debug());
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(epoch) = text.strip_prefix('@') {
        let seconds = digits(epoch).then(|| epoch.parse().ok()).flatten();
        return seconds.and_then(UnixTime::new).ok_or_else(refused);
    }
    if digits(text) {
        return match text.parse() {
            Ok(seconds) if text.len() == 10 => Ok(UnixTime::clamped(seconds)),
            Ok(_) | Err(_) => Err(format!(
                "\"{text}\" is not a time: write epoch seconds as @{text}, a duration with its \
                 unit, as {text}d"
            )),
        };
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let start =
            date.to_zoned_datetime(jiff::tz::TimeZone::UTC).map_err(|_out_of_range| refused())?;
        return UnixTime::new(start.timestamp().as_second()).ok_or_else(refused);
    }
    if let Some(time) = UnixTime::from_rfc3339(text) {
        return Ok(time);
    }
    if let Some(later) = text.strip_prefix('-')
        && humantime::parse_duration(later).is_ok()
    {
        return Err(format!(
            "\"{text}\" is not a time: a duration counts back from now as it is, so write {later}"
        ));
    }
    let span = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let back = humantime::parse_duration(span).map_err(|_unreadable| refused())?;
    let back = i64::try_from(back.as_secs()).map_err(|_too_long| refused())?;
    UnixTime::new(now.seconds().saturating_sub(back))
        .ok_or_else(|| format!("\"{text}\" is a time before 1970"))
}

fn midnight(time: UnixTime) -> UnixTime {
    UnixTime(time.0 - time.0.rem_euclid(86_400))
}

/// A duration in words of a person: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = |big: u64, big_unit, small: u64, small_unit| match small {
        0 => format!("{big} {big_unit}"),
        _ => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds {
        0 if !duration.is_zero() => format!("{} ms", duration.as_millis()),
        0..60 => format!("{seconds} s"),
        60..3_600 => parts(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => parts(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => parts(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_795_485_543); // 2026-11-24T01:59:03Z

    #[track_caller]
    fn check(text: &str, expect: &str) {
        match parse(text, NOW) {
            Ok(time) => assert_eq!(time.to_string(), expect, "{text}"),
            Err(error) => {
                assert!(expect.starts_with('!') && error.contains(&expect[1..]), "{text}: {error}");
            }
        }
    }

    #[test]
    fn every_form_of_time() {
        check("2h", "2026-11-23T23:59:03Z");
        check("2h ago", "2026-11-23T23:59:03Z");
        check("2h30m", "2026-11-23T23:29:03Z");
        check("2h 30m", "2026-11-23T23:29:03Z");
        check("3d", "2026-11-21T01:59:03Z");
        check("30d", "2026-10-25T01:59:03Z");
        check("now", "2026-11-24T01:59:03Z");
        check("today", "2026-11-24T00:00:00Z");
        check("yesterday", "2026-11-23T00:00:00Z");
        check("2026-11-01", "2026-11-01T00:00:00Z");
        check("2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z");
        check("2026-11-01T12:00:00+05:30", "2026-11-01T06:30:00Z");
        check("2026-11-01T12:00:00.999-01:00", "2026-11-01T13:00:00Z");
        check("@1763600000", "2025-11-20T00:53:20Z");
        check("1763600000", "2025-11-20T00:53:20Z");
        check("@0", "1970-01-01T00:00:00Z");
        check("2027-01-01", "2027-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_time() {
        check("", "!is not a time");
        check("soon", "!is not a time");
        check("2", "!@2");
        check("0", "!@0");
        check("17636000000", "!@17636000000");
        check("@", "!is not a time");
        check("@-5", "!is not a time");
        check("@99999999999999999999", "!is not a time");
        check("-2h", "!so write 2h");
        check("--until", "!is not a time");
        check("2026-13-01", "!is not a time");
        check("2026-11-01T12:00:00", "!is not a time");
        check("1969-12-31", "!is not a time");
        check("100y", "!before 1970");
        check("2h\u{1b}[0m", "!\\u{1b}");
    }

    #[test]
    fn http_dates() {
        let read = |text| UnixTime::from_http_date(text).map(UnixTime::seconds);
        assert_eq!(read("Thu, 08 Feb 2024 17:26:48 GMT"), Some(1_707_413_208));
        assert_eq!(read("Mon, 08 Feb 2024 17:26:48 GMT"), Some(1_707_413_208));
        assert_eq!(read("banana"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn spans_in_words() {
        let words = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(words(0), "0 s");
        assert_eq!(span(Duration::from_millis(250)), "250 ms");
        assert_eq!(words(59), "59 s");
        assert_eq!(words(60), "1 min");
        assert_eq!(words(200), "3 min 20 s");
        assert_eq!(words(7_500), "2 h 5 min");
        assert_eq!(words(86_400 * 3 + 14_400), "3 d 4 h");
    }
}

//! Points in time as the API speaks of them: whole seconds since 1970, UTC.
//!
//! Pure: "now" is always an argument. Must not know clocks, flags or files.

use std::{fmt, time::Duration};

/// Whole seconds since 1970-01-01T00:00:00Z; shown as RFC 3339 with `Z`, or as the number itself,
/// `@253402300799`, where no calendar shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnixTime(i64);

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can name. The library's calendar ends a day
/// before it, so that each offset has a date there.
const LATEST: i64 = 253_402_300_799;

/// No duration that means something is longer.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

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
        self.shown().unwrap_or(jiff::Timestamp::MAX).to_string().chars().take(10).collect()
    }

    /// As the calendar has it, where it does.
    fn shown(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(self.0).ok()
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shown() {
            Some(time) => write!(f, "{time}"),
            None => write!(f, "@{}", self.0),
        }
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
    let epoch = text.strip_prefix('@').unwrap_or(text);
    let smaller = [(13, "milliseconds"), (16, "microseconds"), (19, "nanoseconds")];
    if let Some((digits, unit)) = smaller.into_iter().find(|(digits, _)| *digits == epoch.len())
        && is_digits(epoch)
        && epoch.starts_with('1')
    {
        let seconds = &epoch[..10];
        return Err(format!("\"{text}\" has {digits} digits, as {unit}: write @{seconds}"));
    }
    if let Some(epoch) = text.strip_prefix('@') {
        let seconds = is_digits(epoch).then(|| epoch.parse().unwrap_or(i64::MAX));
        let seconds = seconds.ok_or_else(refused)?;
        let shown = UnixTime::new(seconds).filter(|time| time.shown().is_some());
        return shown.ok_or_else(|| format!("\"{text}\" is not a time: no calendar shows it"));
    }
    if is_digits(text) {
        return match text.parse() {
            Ok(seconds) if text.len() == 10 => Ok(UnixTime::clamped(seconds)),
            Ok(_) | Err(_) => Err(format!(
                "\"{text}\" is not a time: write epoch seconds as @{text}, a duration with its \
                 unit, as {text}d"
            )),
        };
    }
    if is_day(text) {
        return on_a_day(text).ok_or_else(|| match day(text) {
            Some(_) => refused(),
            None => format!("\"{}\" is not a time: there is no such day", text.escape_debug()),
        });
    }
    if let Some(later) = text.strip_prefix('-')
        && duration(later).is_ok()
    {
        return Err(format!(
            "\"{text}\" is not a time: a duration counts back from now as it is, so write {later}"
        ));
    }
    let span = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let before_1970 = || format!("\"{text}\" is a time before 1970");
    let back = duration(span).map_err(|unusable| match unusable {
        NoDuration::Unreadable => refused(),
        NoDuration::TooLong => before_1970(),
    })?;
    let back = i64::try_from(back.as_secs()).unwrap_or(i64::MAX);
    UnixTime::new(now.seconds().saturating_sub(back)).ok_or_else(before_1970)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text begins as `2026-11-01` does, be there such a day or not.
fn is_day(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(form)
}

fn day(text: &str) -> Option<jiff::civil::Date> {
    text.get(..10)?.parse().ok()
}

/// Reads a day, a day with a time, of UTC, or RFC 3339.
fn on_a_day(text: &str) -> Option<UnixTime> {
    let clock = text.get(10..)?;
    let plain = clock.bytes().all(|byte| byte.is_ascii_digit() || b"Tt :.".contains(&byte));
    if !plain {
        // An offset, which alone says what is meant.
        return UnixTime::from_rfc3339(text);
    }
    let time: jiff::civil::DateTime = match clock {
        "" => day(text)?.into(),
        _ => text.parse().ok()?,
    };
    let start = time.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?;
    UnixTime::new(start.timestamp().as_second())
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDuration {
    Unreadable,
    /// Longer than a century.
    TooLong,
}

/// Reads `45s`, `15m`, `2h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, NoDuration> {
    // What is longer than anybody means could overflow where the library adds up unchecked.
    let digits = text.split(|c: char| !c.is_ascii_digit());
    let longest = digits.map(|run| run.trim_start_matches('0').len()).max().unwrap_or(0);
    if text.len() > 100 {
        return Err(NoDuration::Unreadable);
    }
    if longest > 10 {
        return Err(NoDuration::TooLong);
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= CENTURY => Ok(duration),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err(NoDuration::TooLong),
        Err(_) => Err(NoDuration::Unreadable),
    }
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
        check("2026-11-01T12:00", "2026-11-01T12:00:00Z");
        check("2026-11-01T12:00:00", "2026-11-01T12:00:00Z");
        check("2026-11-01 12:00:00.5", "2026-11-01T12:00:00Z");
        check("2028-02-29", "2028-02-29T00:00:00Z");
        check("@253402207200", "9999-12-30T22:00:00Z");
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
        check("@99999999999999999999", "!no calendar shows");
        check("@253402207201", "!no calendar shows");
        check("1763600000000", "!milliseconds: write @1763600000");
        check("@1763600000000000", "!microseconds: write @1763600000");
        check("2026-11-31", "!there is no such day");
        check("2026-02-29T12:00:00Z", "!there is no such day");
        check("2026-11-01T25:00", "!is not a time");
        check("2026-11-01T12:00[Europe/Paris]", "!is not a time");
        check("2026-11-01x", "!is not a time");
        check("9999-12-31", "!is not a time");
        check("18446744073709551615s", "!before 1970");
        check("-2h", "!so write 2h");
        check("--until", "!is not a time");
        check("2026-13-01", "!is not a time");
        check("1969-12-31", "!is not a time");
        check("100y", "!before 1970");
        check("2h\u{1b}[0m", "!\\u{1b}");
    }

    #[test]
    fn no_number_is_a_panic() {
        let numbers = [i64::MIN, -1, 0, 1, 253_402_207_200, 253_402_207_201, LATEST, LATEST + 1];
        for number in numbers.into_iter().chain([i64::MAX - 1, i64::MAX]) {
            let far = Duration::from_secs(number.unsigned_abs());
            for time in UnixTime::new(number).into_iter().chain([UnixTime::clamped(number)]) {
                for time in [time, time.minus(far), time.plus(far), midnight(time)] {
                    let shown = time.to_string();
                    let again = match shown.strip_prefix('@') {
                        Some(number) => number.parse().ok().and_then(UnixTime::new),
                        None => UnixTime::from_rfc3339(&shown),
                    };
                    assert_eq!(again, Some(time));
                    assert_eq!(time.date().len(), 10);
                    let between = span(time.since(NOW)) + &span(NOW.since(time));
                    assert!(!between.is_empty());
                }
            }
        }
        assert_eq!(UnixTime::clamped(LATEST).to_string(), "@253402300799");
    }

    #[test]
    fn durations() {
        assert_eq!(duration("2h30m"), Ok(Duration::from_secs(9_000)));
        for text in ["18446744073709551615s", "101y", "99999999999999999999s"] {
            assert_eq!(duration(text), Err(NoDuration::TooLong), "{text}");
        }
        assert_eq!(duration("2"), Err(NoDuration::Unreadable));
        assert_eq!(duration("18446744073709551615s 1000000000ns"), Err(NoDuration::TooLong));
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

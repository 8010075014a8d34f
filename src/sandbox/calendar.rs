//! Days, weeks and dates, of seconds since 1970.

pub(super) const DAY: i64 = 86_400;
pub(super) const WEEK: i64 = 7 * DAY;

/// The first second of the first week (from Sunday, UTC) at or after `t`.
pub(super) fn next_sunday(t: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    let first_sunday = 3 * DAY;
    (t - first_sunday + WEEK - 1).div_euclid(WEEK) * WEEK + first_sunday
}

/// The first second of the week that `t` lies in.
pub(super) fn sunday(t: i64) -> i64 {
    next_sunday(t - WEEK + 1)
}

/// `Thu, 08 Feb 2024 17:26:48 GMT`.
pub(super) fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(1_707_413_208), "Thu, 08 Feb 2024 17:26:48 GMT");
    }

    #[test]
    fn weeks_begin_on_sunday() {
        assert_eq!(sunday(1_795_305_600), 1_795_305_600);
        assert_eq!(
            jiff::Timestamp::from_second(sunday(NOW)).unwrap().strftime("%a %T").to_string(),
            "Sun 00:00:00"
        );
        assert!(sunday(NOW) <= NOW && NOW < sunday(NOW) + WEEK);
    }
}

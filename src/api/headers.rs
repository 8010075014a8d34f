//! What the headers of an answer mean: quota, how long to wait, the server's clock.
//!
//! Pure. Spellings and fallbacks are those of API notes §6. Must not know the HTTP library.

use crate::{
    pacer::{Name, Quota, Said},
    time::UnixTime,
};
use std::time::Duration;

/// An answer's headers, names in lower case, in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

/// What a `Retry-After` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Missing,
    /// Neither seconds nor a date.
    Unreadable,
    Wait(Duration),
}

/// What zero, a negative number and a date in the past come to.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// When nothing tells how long to wait: the quota's window is a minute.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);

/// No quota's window is longer; a header that says so is not believed.
const LONGEST_WINDOW: Duration = Duration::from_secs(86_400);

/// The account's quota, as it was spelt in 2024, in 2023, and before.
const LIMIT: [&str; 3] = ["ratelimit-limit", "rate-limit", "x-rate-limit"];
const REMAINING: [&str; 3] =
    ["ratelimit-remaining", "rate-limit-remaining", "x-rate-limit-remaining"];
const RESET: [&str; 3] = ["ratelimit-reset", "rate-limit-reset", "x-rate-limit-reset"];

/// A reset from here on is a time since 1970: as a wait it would be one of thirty years.
const EPOCH_SECONDS: u64 = 1_000_000_000;

impl Headers {
    /// What Zendesk's support finds a request by. It may come twice; the first is the edge's.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.get("x-request-id").map(crate::shown::shown).filter(|id| !id.is_empty())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The server's clock.
    pub(crate) fn date(&self) -> Option<UnixTime> {
        UnixTime::from_http_date(self.get("date")?)
    }

    /// Of several headers the longest valid wait counts.
    pub(crate) fn retry_after(&self) -> RetryAfter {
        self.0
            .iter()
            .filter(|(name, _)| name == "retry-after")
            .map(|(_, value)| match wait(value.trim(), self.date()) {
                Some(wait) => RetryAfter::Wait(wait.max(SHORTEST_WAIT)),
                None => RetryAfter::Unreadable,
            })
            .max_by_key(|asked| match asked {
                RetryAfter::Wait(wait) => Some(*wait),
                RetryAfter::Missing | RetryAfter::Unreadable => None,
            })
            .unwrap_or(RetryAfter::Missing)
    }

    /// How long to wait after a 429: `Retry-After`, else the quota's reset, else a minute.
    pub(crate) fn quota_wait(&self) -> Duration {
        if let RetryAfter::Wait(wait) = self.retry_after() {
            return wait;
        }
        let told = self.resets();
        let spent = told.iter().filter(|(left, _)| *left == Some(0)).map(|(_, resets)| *resets);
        let resets = spent.max().or_else(|| told.first().map(|(_, resets)| *resets));
        resets.map_or(DEFAULT_WAIT, |resets| resets.max(SHORTEST_WAIT))
    }

    /// When each quota that is told of is whole again, with what is left of it where that is told:
    /// those of the endpoint, then the account's. An answer need not tell more than the reset.
    fn resets(&self) -> Vec<(Option<u64>, Duration)> {
        let named = self.0.iter().filter(|(name, _)| Name::of_header(name).is_some());
        let named = named.filter_map(|(_, value)| {
            Some((part(value, "remaining"), self.until(part(value, "resets")?)?))
        });
        let account = self.until_account_resets();
        named.chain(account.map(|resets| (self.account_number(REMAINING), resets))).collect()
    }

    /// How long it is to a reset: told in seconds from now, or as seconds since 1970, which are
    /// measured against the answer's own clock.
    fn until(&self, reset: u64) -> Option<Duration> {
        if reset < EPOCH_SECONDS {
            return Some(Duration::from_secs(reset).min(LONGEST_WINDOW));
        }
        let at = UnixTime::clamped(i64::try_from(reset).ok()?);
        Some(at.since(self.date()?).min(LONGEST_WINDOW))
    }

    fn until_account_resets(&self) -> Option<Duration> {
        self.until(self.account_number(RESET)?)
    }

    /// What is told of the account's quota, in the first of these spellings that is a number.
    fn account_number(&self, names: [&str; 3]) -> Option<u64> {
        names.iter().find_map(|name| self.get(name)?.parse().ok())
    }

    /// What a header says of a quota of the endpoint, if it says all of it.
    fn quota(&self, value: &str) -> Option<Quota> {
        Some(Quota {
            total: part(value, "total")?,
            remaining: part(value, "remaining")?,
            resets: self.until(part(value, "resets")?)?,
        })
    }

    /// The quotas of the endpoint, by name. What several headers say of one, the least holds.
    pub(crate) fn quotas(&self) -> Vec<(Name, Quota)> {
        let mut quotas: Vec<(Name, Quota)> = Vec::new();
        for (name, value) in &self.0 {
            let Some((name, quota)) = Name::of_header(name).zip(self.quota(value)) else {
                continue;
            };
            match quotas.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) if known.remaining <= quota.remaining => {}
                Some((_, known)) => *known = quota,
                None => quotas.push((name, quota)),
            }
        }
        quotas
    }

    /// The tightest quota of the endpoint.
    pub(crate) fn export_quota(&self) -> Option<Quota> {
        self.quotas().into_iter().map(|(_, quota)| quota).min_by_key(|quota| quota.remaining)
    }

    /// The account's quota for all API requests, which an export request also counts against.
    pub(crate) fn account_quota(&self) -> Option<Quota> {
        Some(Quota {
            total: self.account_number(LIMIT)?,
            remaining: self.account_number(REMAINING)?,
            resets: self.until_account_resets().unwrap_or(DEFAULT_WAIT),
        })
    }

    /// What the pacer is to know after an answer, if that tells of a quota. The account's only
    /// matters once it is the tighter one.
    pub(crate) fn pacing(&self) -> Option<Said> {
        let (mut quotas, account) = (self.quotas(), self.account_quota());
        if quotas.is_empty() {
            return account.filter(|account| account.remaining == 0).map(Said::AccountSpent);
        }
        for (_, quota) in &mut quotas {
            *quota =
                account.filter(|account| account.remaining < quota.remaining).unwrap_or(*quota);
        }
        Some(Said::Quotas(quotas))
    }
}

/// Seconds or an HTTP date, which is measured against the answer's own clock.
fn wait(value: &str, date: Option<UnixTime>) -> Option<Duration> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if digits.len() < value.len() {
            return Some(Duration::ZERO);
        }
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    Some(UnixTime::from_http_date(value)?.since(date?))
}

/// One number of `total=10; remaining=9; resets=41`, which come in any order.
fn part(value: &str, name: &str) -> Option<u64> {
    value.split(';').find_map(|part| {
        let (key, number) = part.split_once('=')?;
        (key.trim().eq_ignore_ascii_case(name)).then(|| number.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Bucket;

    const DATE: (&str, &str) = ("date", "Thu, 08 Feb 2024 17:26:48 GMT");

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Headers(pairs.iter().map(own).collect())
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[track_caller]
    fn waits(values: &[&str], expect: u64) {
        let mut pairs: Vec<_> = values.iter().map(|value| ("retry-after", *value)).collect();
        pairs.push(DATE);
        assert_eq!(headers(&pairs).quota_wait(), seconds(expect), "{values:?}");
    }

    #[test]
    fn retry_after_in_every_form() {
        waits(&["23"], 23);
        waits(&[" 93 "], 93);
        waits(&["0"], 1); // H5
        waits(&["-5"], 1);
        waits(&["Thu, 08 Feb 2024 17:26:51 GMT"], 3); // H2
        waits(&["Thu, 08 Feb 2024 17:26:40 GMT"], 1);
        waits(&["86400"], 86_400); // H6
        waits(&["99999999999999999999"], u64::MAX);
        waits(&[], 60); // H3
        waits(&["banana"], 60); // H4
        waits(&["1e3"], 60);
        waits(&[""], 60);
        waits(&["2", "7", "x"], 7);
    }

    #[test]
    fn a_wait_falls_back_to_the_quota_and_then_to_the_account() {
        let export = ("zendesk-ratelimit-incremental-exports", "total=10; remaining=0; resets=23");
        let account =
            [("ratelimit-limit", "700"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "9")];
        assert_eq!(headers(&[export]).quota_wait(), seconds(23));
        assert_eq!(headers(&[("retry-after", "banana"), export]).quota_wait(), seconds(23));
        assert_eq!(headers(&account).quota_wait(), seconds(9));
        assert_eq!(
            headers(&[export, account[0], account[1], account[2]]).quota_wait(),
            seconds(23)
        );
    }

    #[test]
    fn h3_the_reset_alone_says_how_long_to_wait_in_every_spelling() {
        let exports = "zendesk-ratelimit-incremental-exports";
        // 17:26:48 is the answer's own clock.
        let (at, past) = ("1707413229", "1707413200");
        let then = format!("total=10; remaining=0; resets={at}");
        for (told, expect) in [
            (&[("ratelimit-reset", "7")][..], 7),
            (&[("rate-limit-reset", "7")], 7),
            (&[("x-rate-limit-reset", "7")], 7),
            (&[(exports, "resets=7")], 7),
            (&[("zendesk-rate-limit-incremental-exports", "resets=7; total=10")], 7),
            (&[("zendesk-ratelimit-tickets-index", "remaining=0; resets=7")], 7),
            // Seconds since 1970 are what they are.
            (&[("ratelimit-reset", at)], 21),
            (&[("x-rate-limit-reset", at)], 21),
            (&[(exports, &then)], 21),
            (&[("ratelimit-reset", past)], 1),
            (&[("ratelimit-reset", "0")], 1),
            (&[("ratelimit-reset", "99999999999999999999")], 60),
            (&[("ratelimit-reset", "soon")], 60),
            (&[("ratelimit-reset", "soon"), ("rate-limit-reset", "7")], 7),
            (&[("ratelimit-remaining", "0")], 60),
            // What is spent is waited for, and nothing else.
            (&[(exports, "total=10; remaining=4; resets=50"), ("ratelimit-reset", "7")], 50),
            (
                &[
                    (exports, "total=10; remaining=4; resets=50"),
                    ("ratelimit-remaining", "0"),
                    ("ratelimit-reset", "7"),
                ],
                7,
            ),
            (
                &[
                    (exports, "total=10; remaining=0; resets=50"),
                    ("ratelimit-remaining", "0"),
                    ("ratelimit-reset", "7"),
                ],
                50,
            ),
        ] {
            for retry_after in [None, Some(("retry-after", "banana"))] {
                let all: Vec<_> = told.iter().copied().chain(retry_after).chain([DATE]).collect();
                assert_eq!(headers(&all).quota_wait(), seconds(expect), "{all:?}");
            }
            let all: Vec<_> = told.iter().copied().chain([("retry-after", "3"), DATE]).collect();
            assert_eq!(headers(&all).quota_wait(), seconds(3), "{all:?}");
        }
        // Without a clock of the answer's own, a time since 1970 tells nothing.
        assert_eq!(headers(&[("ratelimit-reset", at)]).quota_wait(), seconds(60));
    }

    #[test]
    fn every_spelling_of_a_quota() {
        let expect = Some(Quota { total: 20, remaining: 19, resets: seconds(41) });
        for (name, value) in [
            ("zendesk-ratelimit-incremental-exports", "total=20; remaining=19; resets=41"),
            ("zendesk-ratelimit-incremental-exports-cursor", "total=20;remaining=19;resets=41"),
            ("zendesk-rate-limit-incremental-exports", "resets=41; Remaining=19; total=20; x=1"),
        ] {
            assert_eq!(headers(&[(name, value)]).export_quota(), expect, "{name}: {value}");
        }
        for value in ["", "total=20", "total=20; remaining=x; resets=41", "banana"] {
            let name = "zendesk-ratelimit-incremental-exports";
            assert_eq!(headers(&[(name, value)]).export_quota(), None, "{value}");
        }
        let expect = Some(Quota { total: 700, remaining: 698, resets: seconds(6) });
        for [limit, remaining, reset] in [
            ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
            ["rate-limit", "rate-limit-remaining", "rate-limit-reset"],
        ] {
            let all = headers(&[(limit, "700"), (remaining, "698"), (reset, "6")]);
            assert_eq!(all.account_quota(), expect);
        }
    }

    #[test]
    fn f18_a_quota_is_called_the_same_in_both_spellings() {
        let value = "total=10; remaining=9; resets=41";
        let names = |names: &[&str]| {
            let pairs: Vec<_> = names.iter().map(|name| (*name, value)).collect();
            headers(&pairs).quotas().into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let (exports, cursor) = (Name::from(Bucket::Exports), Name::from(Bucket::UsersCursor));
        for (header, name) in [
            ("zendesk-ratelimit-incremental-exports", &exports),
            ("zendesk-rate-limit-incremental-exports", &exports),
            ("zendesk-ratelimit-incremental-exports-cursor", &cursor),
        ] {
            assert_eq!(names(&[header]), std::slice::from_ref(name), "{header}");
        }
        let both = [
            "zendesk-ratelimit-incremental-exports",
            "zendesk-ratelimit-incremental-exports-cursor",
            "zendesk-rate-limit-incremental-exports",
            "x-rate-limit",
        ];
        assert_eq!(names(&both), [exports, cursor]);
    }

    #[test]
    fn the_tighter_quota_paces() {
        let export = ("zendesk-ratelimit-incremental-exports", "total=10; remaining=3; resets=20");
        let account = |left| [("x-rate-limit", "700"), ("x-rate-limit-remaining", left)];
        let remaining = |pairs: &[(&str, &str)]| match headers(pairs).pacing()? {
            Said::AccountSpent(quota) => Some(quota.remaining),
            Said::Quotas(quotas) => quotas.iter().map(|(_, quota)| quota.remaining).min(),
            said => panic!("{said:?}"),
        };
        let [limit, left] = account("600");
        assert_eq!(remaining(&[export, limit, left]), Some(3));
        let [limit, left] = account("2");
        assert_eq!(remaining(&[export, limit, left]), Some(2));
        // Without an export quota, plenty left in the account says nothing of the exports.
        let [limit, left] = account("600");
        assert_eq!(remaining(&[limit, left]), None);
        let [limit, left] = account("0");
        assert_eq!(remaining(&[limit, left]), Some(0));
    }
}

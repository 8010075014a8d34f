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
        let resets = self.export_quota().map(|quota| quota.resets);
        resets
            .or_else(|| self.account_quota().map(|quota| quota.resets))
            .map_or(DEFAULT_WAIT, |resets| resets.max(SHORTEST_WAIT))
    }

    /// The quotas of the endpoint, by name. What several headers say of one, the least holds.
    pub(crate) fn quotas(&self) -> Vec<(Name, Quota)> {
        let mut quotas: Vec<(Name, Quota)> = Vec::new();
        for (name, value) in &self.0 {
            let Some((name, quota)) = Name::of_header(name).zip(quota(value)) else { continue };
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
        let number = |names: [&str; 3]| {
            names.iter().find_map(|name| self.get(name)).and_then(|value| value.parse().ok())
        };
        let remaining =
            number(["ratelimit-remaining", "rate-limit-remaining", "x-rate-limit-remaining"])?;
        let total = number(["ratelimit-limit", "rate-limit", "x-rate-limit"])?;
        let resets = number(["ratelimit-reset", "rate-limit-reset", "x-rate-limit-reset"]);
        let resets = resets.map_or(DEFAULT_WAIT, Duration::from_secs).min(LONGEST_WINDOW);
        Some(Quota { total, remaining, resets })
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

/// Reads `total=10; remaining=9; resets=41`, in any order.
fn quota(value: &str) -> Option<Quota> {
    let part = |name: &str| {
        value.split(';').find_map(|part| {
            let (key, number) = part.split_once('=')?;
            (key.trim().eq_ignore_ascii_case(name)).then(|| number.trim().parse().ok())?
        })
    };
    Some(Quota {
        total: part("total")?,
        remaining: part("remaining")?,
        resets: Duration::from_secs(part("resets")?).min(LONGEST_WINDOW),
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

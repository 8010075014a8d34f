//! Which quotas a request takes from, and what the answer says of them (API notes §6).

use super::{
    answer::Answer,
    behaviour::{CursorLimit, LimitScope, MetricQuota, QuotaHeaders, RetryAfter, TooManyBody},
    calendar::http_date,
    errors,
    kind::{EXPORTS, Endpoint, SUPPORT, Shown},
    options::Options,
    quota::{Bucket, Level},
};

/// Requests a window that an account may make (Enterprise, §6).
const ACCOUNT: u32 = 700;

/// The buckets that a request takes from, the narrowest last.
pub(super) fn buckets(options: &Options, endpoint: Option<&Endpoint>) -> Vec<Bucket> {
    let account = endpoint.map_or(SUPPORT, |endpoint| endpoint.route.account);
    let mut buckets = vec![bucket(options, "", account.to_owned(), ACCOUNT, 1)];
    buckets.extend(endpoint.and_then(|endpoint| of_export(options, endpoint)));
    buckets
}

fn of_export(options: &Options, endpoint: &Endpoint) -> Option<Bucket> {
    let mut allowance = endpoint.route.allowance?;
    let told = match (allowance.shown, options.behaviour.metric_quota) {
        (Shown::Yes, _) | (Shown::Perhaps, MetricQuota::Exports) => true,
        (Shown::No, _) | (Shown::Perhaps, MetricQuota::Silent) => false,
        (Shown::Perhaps, MetricQuota::Account) => return None,
    };
    let cursor = endpoint.route.paging.is_cursor();
    if cursor && options.behaviour.cursor_limit == CursorLimit::Unlimited {
        return None;
    }
    if options.behaviour.limit_scope == LimitScope::All
        && endpoint.is_export()
        && allowance.minutes == 1
    {
        allowance = EXPORTS?;
    }
    let header = allowance.header;
    let key = match options.behaviour.limit_scope {
        LimitScope::Shared | LimitScope::All => header.to_owned(),
        LimitScope::Endpoint => format!("{header} {}", endpoint.route.path),
    };
    let bucket = bucket(options, header, key, allowance.total, allowance.minutes);
    Some(Bucket { told, ..bucket })
}

fn bucket(
    options: &Options,
    header: &'static str,
    key: String,
    total: u32,
    windows: u64,
) -> Bucket {
    let total = match options.quota {
        None => Some(total),
        Some(0) => None,
        // The account's counter never is the tighter one.
        Some(asked) if header.is_empty() => Some(asked.max(total)),
        Some(asked) => Some(asked),
    };
    let window_ms = u64::try_from(options.window.as_millis()).unwrap_or(u64::MAX).max(1);
    Bucket { header, key, total, window_ms: window_ms.saturating_mul(windows), told: true }
}

/// The refusal of a request that a spent bucket stands against.
pub(super) fn too_many(options: &Options, levels: &[Level], now: i64) -> Answer {
    let empty = levels.iter().rfind(|level| level.remaining == 0);
    let account = empty.is_none_or(|level| level.header.is_empty());
    let answer = match options.behaviour.too_many_body {
        TooManyBody::Edge => errors::too_many_at_the_edge(),
        TooManyBody::Json if !account => errors::too_many_exports(),
        TooManyBody::Json | TooManyBody::Text => errors::too_many_requests(),
    };
    let seconds = empty.map_or(60, |level| level.resets);
    match options.behaviour.retry_after {
        RetryAfter::Present => answer.with("retry-after", seconds),
        RetryAfter::Date => {
            let at = now + i64::try_from(seconds).unwrap_or(60);
            answer.with("retry-after", http_date(at))
        }
        RetryAfter::Missing => answer,
    }
}

/// The answer with the headers that tell of its buckets.
pub(super) fn told(spelling: QuotaHeaders, answer: Answer, levels: &[Level]) -> Answer {
    if spelling == QuotaHeaders::None {
        return answer;
    }
    levels.iter().filter(|level| level.told).fold(answer, |answer, level| {
        let Level { header, total, remaining, resets, told: _ } = level;
        if header.is_empty() {
            let (limit, left, reset) = match spelling {
                QuotaHeaders::Old => ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
                _ => ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
            };
            return answer
                .with("x-rate-limit", total)
                .with("x-rate-limit-remaining", remaining)
                .with(limit, total)
                .with(left, remaining)
                .with(reset, resets);
        }
        let prefix = match spelling {
            QuotaHeaders::Old => "zendesk-rate-limit",
            _ => "zendesk-ratelimit",
        };
        let value = format!("total={total}; remaining={remaining}; resets={resets}");
        answer.with(&format!("{prefix}-{header}"), value)
    })
}

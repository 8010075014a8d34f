//! Request quotas on fixed windows (API notes §6).
//!
//! Windows are aligned to the epoch, as recorded: what counts is `now / window`. A request that is
//! refused takes nothing from any bucket. It must not know HTTP.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// A named allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    /// What the header is called after, e.g. `incremental-exports`.
    pub(super) header: &'static str,
    /// What is counted together; more than the header when each endpoint has its own.
    pub(super) key: String,
    /// Requests in a window; `None` is no limit.
    pub(super) total: Option<u32>,
    pub(super) window_ms: u64,
    /// Whether answers have a header for it.
    pub(super) told: bool,
}

/// A bucket as the headers of an answer show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) header: &'static str,
    pub(super) total: u32,
    pub(super) remaining: u32,
    /// Whole seconds to the end of the window, rounded up, at least 1.
    pub(super) resets: u64,
    pub(super) told: bool,
}

#[derive(Default)]
pub(super) struct Quota {
    spent: Mutex<HashMap<String, (u64, u32)>>,
}

impl Quota {
    /// Takes one request out of all buckets, or, when one is empty, out of none: then `Err` holds
    /// the levels too, the exhausted bucket with `remaining` 0.
    pub(super) fn take(&self, buckets: &[&Bucket], now_ms: u64) -> Result<Vec<Level>, Vec<Level>> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = buckets.iter().any(|bucket| {
            bucket.total.is_some_and(|total| spent_in(&spent, bucket, now_ms) >= total)
        });
        if !refused {
            for bucket in buckets {
                let used = spent_in(&spent, bucket, now_ms) + 1;
                spent.insert(bucket.key.clone(), (now_ms / bucket.window_ms, used));
            }
        }
        let levels = buckets.iter().filter_map(|bucket| level(&spent, bucket, now_ms)).collect();
        if refused { Err(levels) } else { Ok(levels) }
    }
}

fn spent_in(spent: &HashMap<String, (u64, u32)>, bucket: &Bucket, now_ms: u64) -> u32 {
    match spent.get(&bucket.key) {
        Some((window, used)) if *window == now_ms / bucket.window_ms => *used,
        _ => 0,
    }
}

fn level(spent: &HashMap<String, (u64, u32)>, bucket: &Bucket, now_ms: u64) -> Option<Level> {
    let total = bucket.total?;
    let left_ms = bucket.window_ms - now_ms % bucket.window_ms;
    Some(Level {
        header: bucket.header,
        total,
        remaining: total.saturating_sub(spent_in(spent, bucket, now_ms)),
        resets: left_ms.div_ceil(1000).max(1),
        told: bucket.told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(total: u32) -> Bucket {
        Bucket {
            header: "x",
            key: "x".to_owned(),
            total: Some(total),
            window_ms: 60_000,
            told: true,
        }
    }

    #[test]
    fn the_window_is_the_clocks_minute() {
        let (quota, bucket) = (Quota::default(), bucket(2));
        assert!(quota.take(&[&bucket], 58_000).is_ok());
        assert!(quota.take(&[&bucket], 59_000).is_ok());
        assert!(quota.take(&[&bucket], 59_999).is_err());
        assert!(quota.take(&[&bucket], 60_000).is_ok());
    }

    #[test]
    fn resets_is_rounded_up_and_at_least_one() {
        let (quota, bucket) = (Quota::default(), bucket(9));
        let resets = |now_ms| quota.take(&[&bucket], now_ms).unwrap()[0].resets;
        assert_eq!([resets(0), resets(500), resets(59_001), resets(59_999)], [60, 60, 1, 1]);
    }

    #[test]
    fn a_refusal_takes_nothing_from_the_other_buckets() {
        let (quota, small, large) = (Quota::default(), bucket(1), bucket(5));
        let large = Bucket { key: "account".to_owned(), ..large };
        assert!(quota.take(&[&small, &large], 0).is_ok());
        assert!(quota.take(&[&small, &large], 1).is_err());
        assert_eq!(quota.take(&[&large], 2).unwrap()[0].remaining, 3);
    }
}

//! How densely records lie: how much time one page covers.
//!
//! Pure. Must not know slices.

use std::{collections::VecDeque, time::Duration};

/// So many pages say how long the next ones are.
const REMEMBERED: usize = 64;

/// Of as many pages one is left out, the longest: a year in which nothing changed says nothing of
/// those before and after it.
const OUTLIERS: usize = 24;

/// The spans of the last pages, of which each reaches from where the one before ended.
#[derive(Debug, Default)]
pub(super) struct Density(VecDeque<Duration>);

impl Density {
    pub(super) fn add(&mut self, span: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(span);
    }

    /// How much time a page covers, about; `None` while that cannot be told.
    pub(super) fn page(&self) -> Option<Duration> {
        let mut spans: Vec<Duration> = self.0.iter().copied().collect();
        spans.sort_unstable();
        let kept = spans.len() - spans.len().div_ceil(OUTLIERS).min(spans.len() / 4);
        let all: Duration = spans.iter().take(kept).sum();
        let mean = all.checked_div(u32::try_from(kept).ok()?)?;
        (!mean.is_zero()).then_some(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(spans: &[u64]) -> Option<u64> {
        let mut density = Density::default();
        spans.iter().for_each(|span| density.add(Duration::from_secs(*span)));
        density.page().map(|page| page.as_secs())
    }

    #[test]
    fn a_page_is_as_long_as_the_last_ones_were() {
        assert_eq!(page(&[]), None);
        assert_eq!(page(&[0]), None);
        assert_eq!(page(&[100]), Some(100));
        assert_eq!(page(&[100, 200]), Some(150));
        // Nights count.
        assert_eq!(page(&[100, 100, 1000, 1000, 100, 100, 1000, 1000]), Some(485));
        // Years of nothing do not, nor do bursts alone.
        assert_eq!(page(&[10, 10, 100_000_000, 10]), Some(10));
        assert_eq!(page(&[0, 0, 0, 400]), None);
        assert_eq!(page(&[0, 0, 400, 400]), Some(133));
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let mut spans = vec![7; 64];
        spans.extend([1_000; 64]);
        assert_eq!(page(&spans), Some(1_000));
    }
}

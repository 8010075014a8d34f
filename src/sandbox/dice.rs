//! Deterministic chance: numbers that depend on a key and nothing else.
//!
//! Everything that looks random in the world is drawn here. It must not know the time of day, the
//! process or any state, so that two processes with one seed draw the same world.

/// Salts keep independent questions about one thing apart.
pub(super) const CREATED: u64 = 1;
pub(super) const TIMELINE: u64 = 2;
pub(super) const FACTS: u64 = 3;
pub(super) const USER: u64 = 4;
pub(super) const ORGANIZATION: u64 = 5;
pub(super) const ARTICLE: u64 = 6;
pub(super) const BEAT: u64 = 7;
pub(super) const LAG: u64 = 8;
pub(super) const ROW: u64 = 9;
pub(super) const TALK: u64 = 10;
pub(super) const LATE: u64 = 11;
pub(super) const SETTING: u64 = 12;

/// Two numbers into one that tells nothing about either (the finaliser of splitmix64).
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a
        .rotate_left(25)
        .wrapping_add(b.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A list position out of a drawn number.
pub(super) fn place(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The length of a list as a number to count with.
pub(super) fn size(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A span of time out of a drawn number.
pub(super) fn span(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The word at place `n` of a list that repeats itself for ever.
pub(super) fn word(list: &[&'static str], n: u64) -> &'static str {
    list[place(n % size(list.len()))]
}

/// The thing at place `n` of a list that repeats itself for ever.
pub(super) fn nth<T>(list: &[T], n: u64) -> &T {
    &list[place(n % size(list.len()))]
}

/// A stream of draws for one thing.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(key: u64, thing: u64) -> Self {
        Self(mix(key, thing))
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0, 0)
    }

    /// A number in `0..n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A span of seconds in `low..=high`.
    pub(super) fn seconds(&mut self, low: u64, high: u64) -> i64 {
        span(self.between(low, high))
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of a list that is never empty.
    pub(super) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[place(self.below(size(list.len())))]
    }
}

/// Moments that recur for ever: one in each period, at an irregular place in it.
pub(super) struct Rhythm {
    pub(super) key: u64,
    pub(super) period: i64,
}

impl Rhythm {
    fn moment(&self, slot: i64) -> i64 {
        let draw = mix(self.key, slot.unsigned_abs());
        slot * self.period + span(draw % self.period.unsigned_abs())
    }

    /// The last moment at or before `t`.
    pub(super) fn last(&self, t: i64) -> i64 {
        let slot = t.div_euclid(self.period);
        let here = self.moment(slot);
        if here <= t { here } else { self.moment(slot - 1) }
    }

    /// The moments in `from < moment < to`, in order.
    pub(super) fn within(&self, from: i64, to: i64) -> impl Iterator<Item = i64> + '_ {
        (from.div_euclid(self.period)..=to.div_euclid(self.period))
            .map(|slot| self.moment(slot))
            .filter(move |moment| from < *moment && *moment < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rhythm_gives_one_moment_in_each_period() {
        let rhythm = Rhythm { key: 7, period: 600 };
        assert_eq!(rhythm.within(-1, 6000).count(), 10);
    }

    #[test]
    fn the_last_moment_is_the_last_of_those_within() {
        let rhythm = Rhythm { key: 3, period: 50 };
        for t in 1000..1400 {
            assert_eq!(rhythm.last(t), rhythm.within(500, t + 1).last().unwrap());
        }
    }

    #[test]
    fn draws_depend_on_the_key_alone() {
        assert_eq!(Dice::new(1, 2).roll(), Dice::new(1, 2).roll());
        assert_ne!(Dice::new(1, 2).roll(), Dice::new(2, 2).roll());
    }
}

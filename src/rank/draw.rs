//! Numbers drawn from a seed and a purpose.
//!
//! Invariant: the same seed and purpose give the same numbers on every machine; different purposes do not correlate.

/// A stream of numbers: the extended output of BLAKE3 over the seed and what it is for.
pub(super) struct Draw(blake3::OutputReader);

impl Draw {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// A whole number below `bound`, by the high half of a 128-bit product (Lemire 2019; its bias is below 2^-32 for
    /// any list that fits in memory).
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        ((u128::from(u64::from_le_bytes(bytes)) * bound as u128) >> 64) as usize
    }

    /// Puts `items` in random order (Fisher and Yates 1938, in Durstenfeld's form).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_three_comes_up_about_as_often() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6_000 {
            let mut items = [0, 1, 2];
            Draw::new(seed, "test").shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 expected of each, standard deviation 29.
        assert!(counts.values().all(|count| (870..1130).contains(count)), "{counts:?}");
    }

    #[test]
    fn purposes_differ() {
        let draw =
            |purpose| (0..8).map(|_| 0).scan(Draw::new(7, purpose), |d, _| Some(d.below(1000))).collect::<Vec<_>>();
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }
}

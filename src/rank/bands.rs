//! How a probability is shown before there are enough audited labels to calibrate it: as low, medium or high.
//!
//! Invariant: a band is a place within its pool and claims nothing about rates.

use crate::model::queue::Band;

/// Where the thirds of a pool end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Terciles {
    low: f64,
    high: f64,
}

impl Terciles {
    /// Of the probabilities of a pool.
    pub fn of(probabilities: &[f64]) -> Self {
        let mut sorted = probabilities.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: usize| sorted.get(sorted.len() * share / 3).copied().unwrap_or(0.5);
        Self { low: at(1), high: at(2) }
    }

    /// The band of a probability.
    pub fn band(self, p: f64) -> Band {
        if p >= self.high && self.high > self.low {
            Band::High
        } else if p >= self.low && self.high > self.low {
            Band::Medium
        } else if self.high > self.low {
            Band::Low
        } else {
            // All alike: nothing stands out.
            Band::Medium
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_falls_into_thirds() {
        let pool: Vec<f64> = (0..9).map(|at| f64::from(at) / 10.0).collect();
        let terciles = Terciles::of(&pool);
        let bands: Vec<Band> = pool.iter().map(|p| terciles.band(*p)).collect();
        for (at, band) in [Band::Low, Band::Medium, Band::High].into_iter().enumerate() {
            assert_eq!(bands[at * 3..at * 3 + 3], [band; 3]);
        }
        assert_eq!(Terciles::of(&[0.4; 5]).band(0.4), Band::Medium);
    }
}

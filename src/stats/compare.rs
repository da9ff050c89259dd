//! Two runs over the same cases: is the second worse?
//!
//! Invariant: only what differs between the two counts as evidence; random draws come from a seed.

use super::special::fair_cdf;

/// The two-sided exact test of `McNemar`: `b` and `c` are the cases that changed, one way and the other.
/// p = min(1, 2 P(X <= min(b, c))) with X of b + c fair throws (`McNemar` 1947, exact form).
pub fn mcnemar_exact(b: u64, c: u64) -> f64 {
    if b == c { 1.0 } else { (2.0 * fair_cdf(b.min(c), b + c)).min(1.0) }
}

/// The one-sided exact test: how likely at least `worse` of the cases that changed would have become worse if both runs
/// were equally good.
pub fn worse_exact(worse: u64, better: u64) -> f64 {
    // At least `worse` heads is at most `better` tails.
    fair_cdf(better, worse + better)
}

/// A difference of means with its percentile interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The mean of the second minus the mean of the first.
    pub mean: f64,
    /// The interval's ends.
    pub interval: (f64, f64),
}

/// The paired percentile bootstrap (Efron 1979) over given resamples of indices; quantiles by linear interpolation.
pub fn paired_bootstrap<I: AsRef<[usize]>>(
    (first, second): (&[f64], &[f64]),
    resamples: impl Iterator<Item = I>,
    alpha: f64,
) -> Option<Difference> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
    if differences.is_empty() || first.len() != second.len() {
        return None;
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| -> f64 {
        let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        sum / f64::from(count.max(1))
    };
    let mut means: Vec<f64> = resamples
        .map(|indices| mean(&mut indices.as_ref().iter().filter_map(|at| differences.get(*at).copied())))
        .collect();
    means.sort_by(f64::total_cmp);
    let interval = (quantile(&means, alpha / 2.0)?, quantile(&means, 1.0 - alpha / 2.0)?);
    Some(Difference { mean: mean(&mut differences.iter().copied()), interval })
}

/// A quantile of sorted values (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let at = p * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (sorted.get(at.floor() as usize)?, sorted.get(at.ceil() as usize)?);
    Some(low + (high - low) * (at - at.floor()))
}

/// A generator of numbers (`SplitMix64`; Steele, Lea, Flood 2014), the same for the same seed on every machine.
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// The next number from 0 up to, but not with, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A resample of `n` indices.
    pub fn resample(&mut self, n: usize) -> Vec<usize> {
        (0..n).map(|_| (self.unit() * n as f64) as usize).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of simulated gates that call a regression, where each of `changed` cases became worse with `chance`.
    fn called(changed: u64, chance: f64, seed: u64) -> f64 {
        const GATES: u32 = 20_000;
        let mut draws = Draws::new(seed);
        let calls = (0..GATES).filter(|_| {
            let worse = (0..changed).filter(|_| draws.unit() < chance).count() as u64;
            worse_exact(worse, changed - worse) < 0.05
        });
        calls.count() as f64 / f64::from(GATES)
    }

    #[test]
    fn a_regression_is_caught_and_noise_is_let_through() {
        // A regression that takes 15 cases, one of which in 20 gets better by chance.
        let power = called(15, 0.95, 1);
        assert!(power >= 0.95, "power {power}");
        for changed in [1, 5, 15, 40, 200] {
            let noise = called(changed, 0.5, changed);
            assert!(noise <= 0.05, "noise {noise} at {changed} changed cases");
        }
    }

    #[test]
    fn one_side_is_half_of_two() {
        assert!((2.0 * worse_exact(15, 5) - mcnemar_exact(5, 15)).abs() < 1e-12);
        assert!((worse_exact(0, 0) - 1.0).abs() < 1e-15);
    }
}

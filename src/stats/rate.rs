//! Rates and how sure they are.
//!
//! Invariant: an interval holds its rate and lies between 0 and 1.

use serde::Serialize;

use super::guard::{Guarded, at_least};
use super::special::{ln_factorial, normal_quantile};

/// Audit labels below which a segment has no rate of its own.
pub const LEAST_IN_SEGMENT: u64 = 8;

/// A rate with its 95 % interval. All are shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many of `n`.
    pub k: u64,
    /// Of how many.
    pub n: u64,
    /// `k / n`; where imports were weighed by their sizes, what that comes to.
    pub rate: f64,
    /// [`wilson_finite`] where the pool is known, else [`wilson`]; that of the weighed rate where it was weighed.
    pub interval: (f64, f64),
}

impl Rate {
    /// The rate of `k` of `n` drawn at random, from `pool` where that is known.
    ///
    /// # Errors
    /// Guard: at least one label.
    pub fn of(k: u64, n: u64, pool: Option<u64>) -> Guarded<Self> {
        at_least(n, 1, "audit labels")?;
        let interval = pool.map_or_else(|| wilson(k, n, 0.05), |pool| wilson_finite((k, n), pool, 0.05));
        Ok(Self { k, n, rate: k as f64 / n as f64, interval: interval.unwrap_or((0.0, 1.0)) })
    }

    /// The same for one segment of many.
    ///
    /// # Errors
    /// Guard: at least [`LEAST_IN_SEGMENT`] labels.
    pub fn of_segment(k: u64, n: u64, pool: Option<u64>) -> Guarded<Self> {
        at_least(n, LEAST_IN_SEGMENT, "audit labels")?;
        Self::of(k, n, pool)
    }

    /// As people read it: `2/13 = 15 % [4-42]`.
    pub fn words(&self) -> String {
        let (low, high) = self.interval;
        format!("{}/{} = {:.0} % [{:.0}-{:.0}]", self.k, self.n, self.rate * 100.0, low * 100.0, high * 100.0)
    }

    /// Half of the interval's width.
    pub fn half_width(&self) -> f64 {
        (self.interval.1 - self.interval.0) / 2.0
    }
}

/// Wilson's interval for `k` of `n` at level 1 - `alpha` (Wilson 1927); `None` for no trials.
///
/// (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n).
pub fn wilson(k: u64, n: u64, alpha: f64) -> Option<(f64, f64)> {
    (n > 0).then(|| score_interval(k as f64 / n as f64, n as f64, alpha))
}

/// Wilson's interval about the mean of `n` values that lie between 0 and 1; `None` for no values.
///
/// It is wide enough: with the same mean, nothing varies more than values that are all 0 or 1.
pub fn wilson_of_mean(mean: f64, n: u64, alpha: f64) -> Option<(f64, f64)> {
    (n > 0).then(|| score_interval(mean.clamp(0.0, 1.0), n as f64, alpha))
}

/// Wilson's interval for `k` of `n` drawn without replacement from a pool of `pool`: the same with the effective size
/// n / ((N - n) / (N - 1)) (finite population correction, Cochran 1977, 2.6). `None` for no trials.
///
/// Where all of the pool is known, the rate is, and the interval has no width. A pool said to be smaller than what was
/// drawn from it counts as drawn whole.
pub fn wilson_finite((k, n): (u64, u64), pool: u64, alpha: f64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let p = k as f64 / n as f64;
    if n >= pool {
        return Some((p, p));
    }
    let left = (pool - n) as f64 / (pool as f64 - 1.0);
    Some(score_interval(p, n as f64 / left, alpha))
}

/// Wilson's formula for a share `p` of a size that need not be whole.
pub(super) fn score_interval(p: f64, n: f64, alpha: f64) -> (f64, f64) {
    let z = normal_quantile(1.0 - alpha / 2.0);
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // Rounding must not push a bound past the rate itself.
    (((centre - half) / scale).clamp(0.0, p), ((centre + half) / scale).clamp(p, 1.0))
}

/// Below which rate one can be sure to be, at level 1 - `alpha`, one-sided, where none of `n` failed: 1 - alpha^(1/n)
/// (Clopper and Pearson 1934). 1 for no trials.
pub fn most_when_none(n: u64, alpha: f64) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - alpha.powf(1.0 / n as f64) }
}

/// How likely `k` trials of a case all pass, estimated from `passed` of `trials`: C(passed, k) / C(trials, k) (pass^k;
/// Yao et al.: tau-bench, 2024). `None` for fewer than `k` trials.
pub fn pass_all(passed: u64, trials: u64, k: u64) -> Option<f64> {
    if k == 0 || trials < k || passed > trials {
        return None;
    }
    if passed < k {
        return Some(0.0);
    }
    let ln_choose = |n: u64| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    Some((ln_choose(passed) - ln_choose(trials)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_that_all_pass() {
        assert_eq!(pass_all(2, 4, 3), Some(0.0));
        assert!((pass_all(3, 4, 2).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(pass_all(1, 1, 2), None);
        assert!((pass_all(4, 4, 4).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_pool_narrows_the_interval_and_a_whole_one_closes_it() {
        let (low, high) = wilson(3, 20, 0.05).unwrap();
        let (finite_low, finite_high) = wilson_finite((3, 20), 40, 0.05).unwrap();
        assert!(low < finite_low && finite_high < high);
        assert_eq!(wilson_finite((3, 20), 20, 0.05), Some((0.15, 0.15)));
        // A pool without end changes nothing.
        let endless = wilson_finite((3, 20), u64::MAX, 0.05).unwrap();
        assert!((endless.0 - low).abs() < 1e-12 && (endless.1 - high).abs() < 1e-12);
        assert_eq!(wilson_finite((0, 0), 20, 0.05), None);
        // Hand-worked: n_eff = 20 / (20 / 39) = 39 at p = .15.
        let by_hand = score_interval(0.15, 39.0, 0.05);
        assert!((by_hand.0 - finite_low).abs() < 1e-12);
    }

    #[test]
    fn no_failures_seen_is_a_bound() {
        for (n, bound) in [(30, 0.095), (59, 0.05), (100, 0.03), (299, 0.01)] {
            assert!((most_when_none(n, 0.05) - bound).abs() < 5e-4, "{n}");
        }
    }

    #[test]
    fn a_segment_of_seven_has_no_rate() {
        assert!(Rate::of_segment(2, 7, None).is_err());
        assert_eq!(Rate::of_segment(2, 8, None).unwrap().n, 8);
        assert!(Rate::of(0, 0, None).is_err());
        assert_eq!(Rate::of(2, 13, None).unwrap().words(), "2/13 = 15 % [4-42]");
    }
}

//! Rates and how sure they are.
//!
//! Invariant: an interval holds its rate and lies between 0 and 1.

use super::special::{ln_factorial, normal_quantile};

/// Wilson's interval for `k` of `n` at level 1 - `alpha` (Wilson 1927); `None` for no trials.
pub fn wilson(k: u64, n: u64, alpha: f64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let (p, n, z) = (k as f64 / n as f64, n as f64, normal_quantile(1.0 - alpha / 2.0));
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Some((((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)))
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
}

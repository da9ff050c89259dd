//! How many labels a number takes.
//!
//! Invariant: every answer is rounded up, and at least 1.

use super::rate::score_interval;
use super::special::normal_quantile;

/// Labels for an interval of half width `half` around a share `p`, by the normal law: z² p(1 - p) / h² (Cochran 1977, 4.4).
pub fn normal(p: f64, half: f64, alpha: f64) -> f64 {
    let z = normal_quantile(1.0 - alpha / 2.0);
    z * z * p * (1.0 - p) / (half * half)
}

/// The least n, at least 2, at which Wilson's interval around p is at most `half` on each side; by bisection, since the
/// width falls with n.
pub fn wilson(p: f64, half: f64, alpha: f64) -> u64 {
    let wide = |n: u64| {
        let (low, high) = score_interval(p, n as f64, alpha);
        (high - low) / 2.0 > half
    };
    let mut high = 2;
    while wide(high) && high < 1 << 40 {
        high *= 2;
    }
    let mut low = 1;
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if wide(middle) { low = middle } else { high = middle }
    }
    high
}

/// Labels for ± `half` around `p` out of a pool: ceil(n0 / (1 + (n0 - 1) / N)) (Cochran 1977, 4.5).
pub fn finite(p: f64, half: f64, pool: u64, alpha: f64) -> u64 {
    let n = normal(p, half, alpha);
    (n / (1.0 + (n - 1.0) / pool.max(1) as f64) - 1e-9).ceil().max(1.0) as u64
}

/// How many more labels for ± `half` at 95 %, given `labels` of which `failed` so far. Few labels say little of p, so that it
/// is taken no smaller than one failure and one pass would make it.
pub fn more_for(half: f64, (failed, labels): (u64, u64), pool: u64) -> u64 {
    let p = (failed as f64 + 1.0) / (labels as f64 + 2.0);
    finite(p, half, pool, 0.05).saturating_sub(labels)
}

/// Labels per group to find a difference of two shares with chance `power`: 2 ((z_(1-a/2) + `z_power`) / h)², with
/// h = 2 asin √p1 - 2 asin √p2 (Cohen 1988, 6.4). `None` where they are equal.
pub fn two_groups((p1, p2): (f64, f64), alpha: f64, power: f64) -> Option<f64> {
    let h = effect(p1, p2);
    let z = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power);
    (h.abs() > 1e-12).then(|| 2.0 * (z / h).powi(2))
}

/// Cohen's h, the difference of two shares on the arcsine scale.
pub fn effect(p1: f64, p2: f64) -> f64 {
    2.0 * p1.sqrt().asin() - 2.0 * p2.sqrt().asin()
}

/// Pairs to find that `b` and `c` of all pairs change one way and the other (shares), by `McNemar`'s test with chance `power`:
/// (z_(1-a/2) √(b + c) + `z_power` √(b + c - (b - c)²))² / (b - c)² (Connor 1987). `None` where they are equal.
pub fn pairs((b, c): (f64, f64), alpha: f64, power: f64) -> Option<f64> {
    let (changed, apart) = (b + c, b - c);
    let z = normal_quantile(1.0 - alpha / 2.0) * changed.sqrt()
        + normal_quantile(power) * (changed - apart * apart).max(0.0).sqrt();
    (apart.abs() > 1e-12).then(|| (z / apart).powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_numbers() {
        for (p, n, of_2000) in [(0.05, 73, 71), (0.1, 139, 130), (0.2, 246, 220), (0.3, 323, 278), (0.5, 385, 323)] {
            assert_eq!(normal(p, 0.05, 0.05).ceil() as u64, n);
            assert_eq!(finite(p, 0.05, 2_000, 0.05), of_2000);
        }
    }

    #[test]
    fn more_labels_are_counted_from_those_there() {
        let more = more_for(0.05, (2, 13), 2_000);
        // (2 + 1) / (13 + 2) = .2: 220 of 2,000.
        assert_eq!(more, 220 - 13);
        assert_eq!(more_for(0.05, (2, 13), 13), 0);
    }

    #[test]
    fn the_smaller_the_difference_the_more_pairs() {
        assert_eq!(pairs((0.1, 0.1), 0.05, 0.8), None);
        assert!(pairs((0.2, 0.1), 0.05, 0.8).unwrap() < pairs((0.2, 0.15), 0.05, 0.8).unwrap());
        // Connor's formula by hand: b + c = .3, b - c = .1.
        let by_hand = (1.959_964 * 0.3_f64.sqrt() + 0.841_621 * 0.29_f64.sqrt()).powi(2) / 0.01;
        assert!((pairs((0.2, 0.1), 0.05, 0.8).unwrap() - by_hand).abs() < 1e-2);
    }
}

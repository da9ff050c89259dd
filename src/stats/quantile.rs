//! Middles and tails of measured times and grades, and how sure they are.
//!
//! Invariant: nothing is assumed of how the values are spread; an interval's ends are values that were measured, or it
//! says that there are too few.

use serde::Serialize;

use super::guard::{Guarded, at_least};
use super::special::normal_quantile;

/// A quantile with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// The value.
    pub value: f64,
    /// Of how many.
    pub n: u64,
    /// Order statistics between which it lies; `None` where no two are far enough apart (a p99 of 50 values).
    pub interval: Option<(f64, f64)>,
}

/// The `p` quantile of sorted values: the smallest value that at least that share does not exceed.
///
/// Its interval are the order statistics at ranks n p -+ z √(n p (1 - p)) (Conover 1999, 3.2); where a rank lies outside
/// of the sample there is none.
///
/// # Errors
/// Guard: one value.
pub fn quantile(sorted: &[f64], p: f64) -> Guarded<Quantile> {
    let n = sorted.len() as u64;
    at_least(n, 1, "values")?;
    let at = |rank: f64| sorted.get((rank.max(1.0) as usize - 1).min(sorted.len() - 1)).copied().unwrap_or_default();
    let centre = n as f64 * p;
    let half = normal_quantile(0.975) * (centre * (1.0 - p)).sqrt();
    let (low, high) = ((centre - half).floor(), (centre + half).ceil() + 1.0);
    let interval = (low >= 1.0 && high <= n as f64).then(|| (at(low), at(high)));
    Ok(Quantile { value: at(centre.ceil()), n, interval })
}

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Of how many.
    pub n: u64,
    /// Mean -+ z s / √n; `None` below [`LEAST_FOR_MEAN`] values.
    pub interval: Option<(f64, f64)>,
}

/// Values below which a mean has no interval: the normal one would be too narrow.
pub const LEAST_FOR_MEAN: usize = 10;

/// The mean of values.
///
/// # Errors
/// Guard: one value.
pub fn mean(values: &[f64]) -> Guarded<Mean> {
    let n = values.len();
    at_least(n as u64, 1, "values")?;
    let value = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|one| (one - value).powi(2)).sum::<f64>() / (n.max(2) - 1) as f64;
    let half = normal_quantile(0.975) * (variance / n as f64).sqrt();
    let interval = (n >= LEAST_FOR_MEAN).then_some((value - half, value + half));
    Ok(Mean { value, n: n as u64, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let median = quantile(&values, 0.5).unwrap();
        // Ranks 50 -+ 1.96 * 5 = 40.2 and 59.8: the 40th, and the one after the 60th.
        assert_eq!((median.value, median.n, median.interval), (50.0, 100, Some((40.0, 61.0))));
        let tail = quantile(&values, 0.99).unwrap();
        assert_eq!((tail.value, tail.interval), (99.0, None));
        assert!((quantile(&[7.0], 0.5).unwrap().value - 7.0).abs() < 1e-12);
        assert!(quantile(&[], 0.5).is_err());
    }

    #[test]
    fn the_interval_of_a_median_holds_the_true_one_as_often_as_it_says() {
        // Samples of a skewed distribution by a fixed recurrence; its median is ln 2.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            -((state >> 11) as f64 / (1_u64 << 53) as f64).max(1e-12).ln()
        };
        let held = (0..2_000)
            .filter(|_| {
                let mut values: Vec<f64> = (0..40).map(|_| draw()).collect();
                values.sort_by(f64::total_cmp);
                let (low, high) = quantile(&values, 0.5).unwrap().interval.unwrap();
                (low..=high).contains(&std::f64::consts::LN_2)
            })
            .count();
        assert!((1_890..=1_990).contains(&held), "{held}");
    }

    #[test]
    fn a_mean_of_few_has_no_interval() {
        assert_eq!(mean(&[1.0, 2.0]).unwrap().interval, None);
        let of = mean(&[1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 4.0, 3.0, 2.0, 1.0]).unwrap();
        let (low, high) = of.interval.unwrap();
        assert!(
            (of.value - 3.0).abs() < 1e-12 && (high - low - 2.0 * 1.959_964 * 1.490_712 / 10_f64.sqrt()).abs() < 1e-4
        );
    }
}

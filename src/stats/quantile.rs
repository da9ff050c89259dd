//! Middles and tails of measured times and grades, and how sure they are.
//!
//! Invariant: nothing is assumed of how the values are spread; an interval's ends are values that were measured, or it
//! says that there are too few.

use serde::Serialize;

use super::guard::{Guarded, at_least};
use super::special::{normal_quantile, t_quantile};

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
    /// Mean -+ t s / √n; `None` below [`LEAST_FOR_MEAN`] values, and where all are the same: that says that the scale is
    /// coarse, not that the mean is sure.
    pub interval: Option<(f64, f64)>,
}

/// Values (or clusters) below which a mean has no interval: so few say too little of how they are spread.
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
    let told = n >= LEAST_FOR_MEAN && variance > 0.0;
    let interval = told.then(|| {
        let half = t_quantile(0.975, n as f64 - 1.0) * (variance / n as f64).sqrt();
        (value - half, value + half)
    });
    Ok(Mean { value, n: n as u64, interval })
}

/// The share of what counts among clusters of it, each with how many count and of how many; with its 95 % interval.
///
/// What lies within one cluster is alike, so that clusters are what is spread: k / n of sums, with the standard error of a
/// ratio, √(m / (m - 1) sum (`k_i` - r `n_i`)²) / n (Cochran 1977, 2.11), and t of m - 1. No interval below
/// [`LEAST_FOR_MEAN`] clusters, nor where they do not differ.
///
/// # Errors
/// Guard: anything to count.
pub fn share_of_clusters(clusters: &[(u64, u64)]) -> Guarded<Mean> {
    let (k, n) = clusters.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    at_least(n, 1, "values")?;
    let (ratio, m) = (k as f64 / n as f64, clusters.len() as f64);
    let spread: f64 = clusters.iter().map(|one| (one.0 as f64 - ratio * one.1 as f64).powi(2)).sum();
    let told = clusters.len() >= LEAST_FOR_MEAN && spread > 0.0;
    let interval = told.then(|| {
        let half = t_quantile(0.975, m - 1.0) * (spread * m / (m - 1.0)).sqrt() / n as f64;
        ((ratio - half).max(0.0), (ratio + half).min(1.0))
    });
    Ok(Mean { value: ratio, n, interval })
}

/// The `p` quantile of values that come in clusters: the interval's ends are the values at the ends of the interval of the
/// share that does not exceed it (Woodruff 1952); `None` where that reaches beyond the sample.
///
/// # Errors
/// Guard: one value.
pub fn quantile_of_clusters(clusters: &[&[f64]], p: f64) -> Guarded<Quantile> {
    let mut sorted: Vec<f64> = clusters.iter().flat_map(|one| one.iter().copied()).collect();
    sorted.sort_by(f64::total_cmp);
    let found = quantile(&sorted, p)?;
    let below = |one: &&[f64]| (one.iter().filter(|value| **value <= found.value).count() as u64, one.len() as u64);
    let counts: Vec<(u64, u64)> = clusters.iter().filter(|one| !one.is_empty()).map(below).collect();
    let share = share_of_clusters(&counts)?;
    let at = |share: f64| sorted.get(((share * sorted.len() as f64).ceil().max(1.0) as usize) - 1).copied();
    let interval = share.interval.and_then(|(low, high)| {
        let (low, high) = (low + p - share.value, high + p - share.value);
        (low > 0.0 && high < 1.0).then(|| Some((at(low)?, at(high)?))).flatten()
    });
    Ok(Quantile { interval, ..found })
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
        // t with nine degrees of freedom is 2.262157.
        assert!(
            (of.value - 3.0).abs() < 1e-12 && (high - low - 2.0 * 2.262_157 * 1.490_712 / 10_f64.sqrt()).abs() < 1e-4
        );
        assert_eq!(mean(&[5.0; 12]).unwrap().interval, None, "nothing but fives is not a mean that is sure");
    }
    #[test]
    fn what_lies_in_one_cluster_counts_as_little_more_than_one() {
        // Twelve conversations of twenty calls, all of which fail in every second one.
        let alike: Vec<(u64, u64)> = (0..12).map(|at| (if at % 2 == 0 { 20 } else { 0 }, 20)).collect();
        let (low, high) = share_of_clusters(&alike).unwrap().interval.unwrap();
        // By hand: s of twelve shares of 0 or 1 is .522, over √12, times t of 11 (2.200985).
        assert!((high - low - 2.0 * 2.200_985 * 0.522_233 / 12_f64.sqrt()).abs() < 1e-4);
        assert_eq!(share_of_clusters(&[(0, 9); 30]).unwrap().interval, None);
        assert_eq!(share_of_clusters(&alike[..9]).unwrap().interval, None);
        assert!(share_of_clusters(&[]).is_err());
        // As many values, once spread alike in all clusters and once the same within each: the second says less.
        let (own, same): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (
            (0..12).map(|at| (0..20).map(|n| f64::from(at * 4 + n * 12)).collect()).collect(),
            (0..12).map(|at| vec![f64::from(at); 20]).collect(),
        );
        let of = |clusters: &[Vec<f64>]| {
            quantile_of_clusters(&clusters.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0.5).unwrap()
        };
        let (first, second) = (of(&own), of(&same));
        assert_eq!((first.n, second.n, second.value), (240, 240, 5.0));
        let wide = |found: Quantile, range: f64| found.interval.map(|(low, high)| (high - low) / range).unwrap();
        assert!(wide(first, 272.0) < wide(second, 12.0) / 2.0, "{first:?} {second:?}");
    }
}

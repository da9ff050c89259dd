//! Two runs over the same cases: is the second worse?
//!
//! Invariant: only what differs between the two counts as evidence; random draws come from a seed.

use serde::Serialize;

use super::guard::{Guarded, Withheld, at_least};
use super::rate::wilson;
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

/// The mid-p form of the same: 2 P(X <= min(b, c)) - P(X = min(b, c)), and 1 - P(X = b) where both are equal (Fagerland,
/// Lydersen and Laake 2013). Less cautious than the exact test, which is meant for fewer than 25 pairs that changed.
pub fn mcnemar_mid(b: u64, c: u64) -> f64 {
    let (least, n) = (b.min(c), b + c);
    if n == 0 {
        return 1.0;
    }
    let below = least.checked_sub(1).map_or(0.0, |below| fair_cdf(below, n));
    let there = fair_cdf(least, n) - below;
    if b == c { 1.0 - there } else { 2.0 * fair_cdf(least, n) - there }
}

/// Pairs that changed below which no two-sided exact test can reach p < .05.
pub const LEAST_CHANGED: u64 = 6;

/// The same cases judged twice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Changed {
    /// Cases that passed before and fail now.
    pub worse: u64,
    /// Cases that failed before and pass now.
    pub better: u64,
    /// Two-sided: exact below 25 cases that changed, mid-p from there on.
    pub p: f64,
}

/// `McNemar`'s test of cases that changed.
///
/// # Errors
/// Guard: at least [`LEAST_CHANGED`] changed; five all the same way have p = .0625.
pub fn changed(worse: u64, better: u64) -> Guarded<Changed> {
    at_least(worse + better, LEAST_CHANGED, "cases that changed")?;
    let p = if worse + better < 25 { mcnemar_exact(worse, better) } else { mcnemar_mid(worse, better) };
    Ok(Changed { worse, better, p })
}

/// Two shares of different conversations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TwoRates {
    /// The second share minus the first.
    pub difference: f64,
    /// Its interval (Newcombe 1998, method 10).
    pub interval: (f64, f64),
    /// Fisher's exact test, two-sided: the sum of all tables not likelier than the one seen.
    pub p: f64,
}

/// Compares `k` of `n` with another, by Wilson's bounds: d ± √((p1 - l1)² + (u2 - p2)²).
///
/// # Errors
/// Guard: conversations on both sides, and no more failures than conversations.
pub fn two_rates((k1, n1): (u64, u64), (k2, n2): (u64, u64), alpha: f64) -> Guarded<TwoRates> {
    at_least(n1.min(n2), 1, "audit labels on each side")?;
    let (Some(first), Some(second)) = (wilson(k1, n1, alpha), wilson(k2, n2, alpha)) else {
        return Err(Withheld::Unfit("there are no labels"));
    };
    if k1 > n1 || k2 > n2 {
        return Err(Withheld::Unfit("there are more failures than labels"));
    }
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let (difference, interval) = apart((p1, first), (p2, second));
    Ok(TwoRates { difference, interval, p: fisher((k1, n1), (k2, n2)) })
}

/// The second share minus the first, each with its interval, and the interval of that: d ± √((p1 - l1)² + (u2 - p2)²).
pub fn apart((p1, first): (f64, (f64, f64)), (p2, second): (f64, (f64, f64))) -> (f64, (f64, f64)) {
    let (down, up) = ((p2 - second.0).hypot(first.1 - p1), (second.1 - p2).hypot(p1 - first.0));
    let difference = p2 - p1;
    (difference, (difference - down, difference + up))
}

/// Fisher's exact test, two-sided (Fisher 1935; sum of all tables with the same margins that are not likelier).
fn fisher((k1, n1): (u64, u64), (k2, n2): (u64, u64)) -> f64 {
    let (failed, all) = (k1 + k2, n1 + n2);
    // Logarithms of factorials once: the loop below would sum them again for every table.
    let mut sums = Vec::with_capacity(all as usize + 1);
    sums.push(0.0);
    for k in 1..=all {
        sums.push(sums[k as usize - 1] + (k as f64).ln());
    }
    let choose = |n: u64, k: u64| sums[n as usize] - sums[k as usize] - sums[(n - k) as usize];
    let ln = |x: u64| choose(n1, x) + choose(n2, failed - x) - choose(all, failed);
    let seen = ln(k1) + 1e-7;
    let tables = failed.saturating_sub(n2)..=failed.min(n1);
    tables.map(ln).filter(|one| *one <= seen).map(f64::exp).sum::<f64>().min(1.0)
}

/// A difference of means with its percentile interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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

/// The trials of one task on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Failed trials and all trials of the first side.
    pub first: (u64, u64),
    /// Of the second.
    pub second: (u64, u64),
}

/// Tasks below which a bootstrap over tasks says nothing: too few to resample.
pub const LEAST_CLUSTERS: u64 = 8;

/// The difference of failure shares, second minus first, where a task has several trials: whole tasks are resampled, since
/// trials of one task are alike (cluster bootstrap, Davison and Hinkley 1997, 3.8).
///
/// # Errors
/// Guard: at least [`LEAST_CLUSTERS`] tasks that have trials on either side.
pub fn cluster_bootstrap(clusters: &[Cluster], resamples: usize, seed: u64) -> Guarded<Difference> {
    at_least(clusters.len() as u64, LEAST_CLUSTERS, "tasks")?;
    let mut draws = Draws::new(seed);
    let drawn = (0..resamples).map(|_| draws.resample(clusters.len()));
    clustered(clusters, drawn, 0.05).ok_or(Withheld::Unfit("one side has no trials"))
}

/// The p of the same: twice the share of resamples that lie on the other side of 0, one half counted for those on it; at
/// least 1 over their number (Davison and Hinkley 1997, 4.4).
///
/// # Errors
/// As [`cluster_bootstrap`].
pub fn cluster_p(clusters: &[Cluster], resamples: usize, seed: u64) -> Guarded<f64> {
    at_least(clusters.len() as u64, LEAST_CLUSTERS, "tasks")?;
    let mut draws = Draws::new(seed);
    let drawn: Vec<f64> = (0..resamples)
        .filter_map(|_| difference(&mut draws.resample(clusters.len()).iter().filter_map(|at| clusters.get(*at))))
        .collect();
    let below =
        drawn.iter().map(|one| if *one < 0.0 { 1.0 } else { f64::from(u8::from(*one <= 0.0)) / 2.0 }).sum::<f64>();
    let share = below / drawn.len() as f64;
    let p = (2.0 * share.min(1.0 - share)).max(1.0 / drawn.len() as f64);
    if p.is_finite() { Ok(p.min(1.0)) } else { Err(Withheld::Unfit("one side has no trials")) }
}

/// The second failure share minus the first.
fn difference(chosen: &mut dyn Iterator<Item = &Cluster>) -> Option<f64> {
    let sum = chosen.fold(Cluster::default(), |sum, one| Cluster {
        first: (sum.first.0 + one.first.0, sum.first.1 + one.first.1),
        second: (sum.second.0 + one.second.0, sum.second.1 + one.second.1),
    });
    let share = |(k, n): (u64, u64)| (n > 0).then(|| k as f64 / n as f64);
    Some(share(sum.second)? - share(sum.first)?)
}

/// The same over given resamples of tasks; those without trials on a side are left out.
pub(super) fn clustered<I: AsRef<[usize]>>(
    clusters: &[Cluster],
    resamples: impl Iterator<Item = I>,
    alpha: f64,
) -> Option<Difference> {
    let mean = difference(&mut clusters.iter())?;
    let mut drawn: Vec<f64> = resamples
        .filter_map(|indices| difference(&mut indices.as_ref().iter().filter_map(|at| clusters.get(*at))))
        .collect();
    drawn.sort_by(f64::total_cmp);
    Some(Difference { mean, interval: (quantile(&drawn, alpha / 2.0)?, quantile(&drawn, 1.0 - alpha / 2.0)?) })
}

/// A quantile of sorted values (type 7 of Hyndman and Fan 1996); `None` of none.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
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
    fn five_changes_prove_nothing_and_six_can() {
        assert_eq!(changed(5, 0).unwrap_err().more(), Some(1));
        assert!((changed(6, 0).unwrap().p - 0.03125).abs() < 1e-12);
        assert!((changed(12, 13).unwrap().p - mcnemar_mid(12, 13)).abs() < 1e-15);
    }

    #[test]
    fn tasks_count_and_not_trials() {
        // Four trials each say the same: as sure as one trial would be, not four times as sure.
        let tasks = |trials: u64| -> Vec<Cluster> {
            (0..24)
                .map(|at| Cluster { first: (0, trials), second: (if at % 3 == 0 { trials } else { 0 }, trials) })
                .collect()
        };
        let (one, four) = (cluster_bootstrap(&tasks(1), 500, 9), cluster_bootstrap(&tasks(4), 500, 9));
        assert_eq!(one, four);
        assert!((one.unwrap().mean - 1.0 / 3.0).abs() < 1e-12);
        assert!(cluster_bootstrap(&tasks(4)[..7], 500, 9).is_err());
        assert!(two_rates((0, 0), (1, 2), 0.05).is_err());
    }

    #[test]
    fn one_side_is_half_of_two() {
        assert!((2.0 * worse_exact(15, 5) - mcnemar_exact(5, 15)).abs() < 1e-12);
        assert!((worse_exact(0, 0) - 1.0).abs() < 1e-15);
    }
}

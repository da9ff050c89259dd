//! Failure rates from few labels and many scores.
//!
//! Invariant: an estimate lies between 0 and 1 as its interval does, and none is given where its guard says that the
//! interval would not hold what it promises.

use std::collections::BTreeMap;

use serde::Serialize;

use super::guard::{Guarded, Withheld, at_least};
use super::rate::{Rate, score_interval};
use super::special::normal_quantile;

/// An estimated share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// From 0 to 1.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// At 95 %, cut to 0 to 1.
    pub interval: (f64, f64),
}

impl Estimate {
    fn new(estimate: f64, se: f64) -> Self {
        let half = normal_quantile(0.975) * se;
        Self { estimate, se, interval: ((estimate - half).max(0.0), (estimate + half).min(1.0)) }
    }
}

/// What an evaluator said of everything, and how right it was where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flagged {
    /// Conversations that the evaluator calls failed.
    pub flagged: u64,
    /// Of so many.
    pub total: u64,
    /// Of these known failures …
    pub failed: u64,
    /// … so many are called failed.
    pub caught: u64,
    /// Of these known passes …
    pub passed: u64,
    /// … so many are called passed.
    pub let_through: u64,
}

/// The evaluator's own rate corrected by how right it is: (a + TNR - 1) / (TPR + TNR - 1), cut to 0 to 1 (Rogan and Gladen
/// 1978), with a standard error that accounts for the labels behind TPR and TNR.
///
/// # Errors
/// Guard: both classes are known, and TPR + TNR is at least 1.2.
pub fn rogan_gladen(flagged: &Flagged) -> Guarded<Estimate> {
    at_least(flagged.failed, 1, "audit labels that say fail")?;
    at_least(flagged.passed, 1, "audit labels that say pass")?;
    at_least(flagged.total, 1, "conversations with a score")?;
    let sum = flagged.caught as f64 / flagged.failed as f64 + flagged.let_through as f64 / flagged.passed as f64;
    if sum < 1.2 {
        return Err(Withheld::NearACoin(sum));
    }
    Ok(rogan_gladen_unguarded(flagged).1)
}

/// The raw value, and the estimate.
pub(super) fn rogan_gladen_unguarded(flagged: &Flagged) -> (f64, Estimate) {
    let share = |k: u64, n: u64| k as f64 / n as f64;
    let a = share(flagged.flagged, flagged.total);
    let (se, sp) = (share(flagged.caught, flagged.failed), share(flagged.let_through, flagged.passed));
    let youden = se + sp - 1.0;
    let raw = (a + sp - 1.0) / youden;
    let p = raw.clamp(0.0, 1.0);
    let variance = (a * (1.0 - a) / flagged.total as f64
        + p * p * se * (1.0 - se) / flagged.failed as f64
        + (1.0 - p).powi(2) * sp * (1.0 - sp) / flagged.passed as f64)
        / (youden * youden);
    (raw, Estimate::new(p, variance.sqrt()))
}

/// Scores of conversations, from something that never saw a label of these: an evaluator, or a model fitted elsewhere.
///
/// A model fitted on the very labels would look better than it is, and the interval would be too narrow.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// Those with an audit label, in the order of the labels; from 0 to 1, larger for failures.
    pub labelled: &'a [f64],
    /// All others.
    pub unlabelled: &'a [f64],
}

/// A prediction-powered estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Powered {
    /// The estimate.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// How much the scores count, from 0 (not at all: the labels alone) to 1.
    pub lambda: f64,
}

/// Audit labels that a prediction-powered estimate takes; below that its interval covers as little as half.
pub const LEAST_POWERED: u64 = 30;

/// Labels of each class that it takes.
pub const LEAST_OF_CLASS: u64 = 5;

/// The failure rate by PPI++ (Angelopoulos, Duchi and Zrnic 2023): lambda mean f over the unlabelled + mean (y - lambda f)
/// over the labelled, with the lambda that makes it sharpest.
///
/// # Errors
/// Guard: at least [`LEAST_POWERED`] audit labels, [`LEAST_OF_CLASS`] of each class, scores beyond the labelled ones.
pub fn ppi(failed: &[bool], scores: HeldOut<'_>) -> Guarded<Powered> {
    let fails = failed.iter().filter(|failed| **failed).count() as u64;
    at_least(failed.len() as u64, LEAST_POWERED, "audit labels")?;
    at_least(fails, LEAST_OF_CLASS, "audit labels that say fail")?;
    at_least(failed.len() as u64 - fails, LEAST_OF_CLASS, "audit labels that say pass")?;
    at_least(scores.unlabelled.len() as u64, 1, "unlabelled conversations with a score")?;
    if scores.labelled.len() != failed.len() {
        return Err(Withheld::Unfit("there is not one score per label"));
    }
    let y: Vec<f64> = failed.iter().map(|failed| f64::from(u8::from(*failed))).collect();
    let lambda = ppi_lambda(&y, scores);
    Ok(Powered { estimate: ppi_at(&y, scores, lambda), lambda })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance with divisor n.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

pub(super) fn ppi_lambda(y: &[f64], scores: HeldOut<'_>) -> f64 {
    let (n, rest) = (y.len() as f64, scores.unlabelled.len() as f64);
    let (mean_y, mean_f) = (mean(y), mean(scores.labelled));
    let covariance = y.iter().zip(scores.labelled).map(|(y, f)| (y - mean_y) * (f - mean_f)).sum::<f64>() / n;
    let all: Vec<f64> = scores.labelled.iter().chain(scores.unlabelled).copied().collect();
    let pooled = variance(&all) * (n + rest) / (n + rest - 1.0);
    if pooled <= 0.0 { 0.0 } else { (covariance / ((1.0 + n / rest) * pooled)).clamp(0.0, 1.0) }
}

pub(super) fn ppi_at(y: &[f64], scores: HeldOut<'_>, lambda: f64) -> Estimate {
    let rectified: Vec<f64> = y.iter().zip(scores.labelled).map(|(y, f)| y - lambda * f).collect();
    let estimate = lambda * mean(scores.unlabelled) + mean(&rectified);
    let squared = lambda * lambda * variance(scores.unlabelled) / scores.unlabelled.len() as f64
        + variance(&rectified) / y.len() as f64;
    Estimate::new(estimate, squared.sqrt())
}

/// One import, or another part of the pool that was drawn from on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stratum {
    /// Conversations in it.
    pub size: u64,
    /// Those with an audit label.
    pub labelled: u64,
    /// Of these, the failures.
    pub failed: u64,
}

/// Strata of conversations that could be drawn, each with its stratum and, where it was drawn and judged, whether it counts.
pub fn strata_of<K: Ord>(drawn: impl Iterator<Item = (K, Option<bool>)>) -> Vec<Stratum> {
    let mut strata: BTreeMap<K, Stratum> = BTreeMap::new();
    for (stratum, counts) in drawn {
        let one = strata.entry(stratum).or_insert(Stratum { size: 0, labelled: 0, failed: 0 });
        one.size += 1;
        one.labelled += u64::from(counts.is_some());
        one.failed += u64::from(counts == Some(true));
    }
    strata.into_values().collect()
}

/// Audit labels below which a stratum is not weighed by itself, unless it was judged whole.
pub const LEAST_IN_STRATUM: u64 = 8;

/// Labels that a stratum may be away from its share of all before it may not be joined with another.
const OUT_OF_STEP: f64 = 2.0;

impl Stratum {
    fn endless(self) -> Self {
        Self { size: self.size.saturating_mul(1 << 20), ..self }
    }

    fn is_short(&self) -> bool {
        self.labelled < LEAST_IN_STRATUM.min(self.size)
    }

    /// Both as one, where each has about its share of their labels, as an audit that serves both alike gives it.
    fn with(&self, other: &Self) -> Guarded<Self> {
        let both = Self {
            size: self.size + other.size,
            labelled: self.labelled + other.labelled,
            failed: self.failed + other.failed,
        };
        let due = both.labelled as f64 * self.size as f64 / both.size as f64;
        if (self.labelled as f64 - due).abs() > OUT_OF_STEP {
            let short = if self.is_short() { self } else { other };
            at_least(short.labelled, LEAST_IN_STRATUM.min(short.size), "audit labels in every import")?;
        }
        Ok(both)
    }
}

/// Strata of which each has enough labels: those that have not are joined with the next, the last with the one before.
fn joined(strata: &[Stratum]) -> Guarded<Vec<Stratum>> {
    let mut joined: Vec<Stratum> = Vec::new();
    for stratum in strata.iter().filter(|stratum| stratum.size > 0) {
        match joined.last_mut() {
            Some(last) if last.is_short() => *last = last.with(stratum)?,
            _ => joined.push(*stratum),
        }
    }
    if joined.len() > 1
        && let Some(short) = joined.pop_if(|last| last.is_short())
        && let Some(last) = joined.last_mut()
    {
        *last = last.with(&short)?;
    }
    Ok(joined)
}

/// The rate over all strata, sum `W_h` `p_h`, with variance sum `W_h`² (1 - `n_h` / `N_h`) `s_h`² / `n_h` and
/// `s_h`² = `p_h` (1 - `p_h`) `n_h` / (`n_h` - 1) (Cochran 1977, 5A.9). Strata with fewer than [`LEAST_IN_STRATUM`] labels
/// are joined with their neighbours.
///
/// The interval is Wilson's for as many labels as would say as much of one stratum: 1 / sum `W_h`² (`N_h` - `n_h`) /
/// (`N_h` - 1) / `n_h`, and where strata differ no more than p (1 - p) over the variance, both of `p_h` towards a half by
/// one label each way, so that a stratum without a failure so far is not taken for one that cannot fail. For one stratum it
/// is that of [`super::rate::wilson_finite`], and never without width while anything is not judged.
///
/// # Errors
/// Guard: a label, and enough of them in every stratum, or about as many as are due to it.
pub fn post_stratified(strata: &[Stratum]) -> Guarded<Estimate> {
    weighed(&joined(strata)?)
}

fn weighed(strata: &[Stratum]) -> Guarded<Estimate> {
    let pool: u64 = strata.iter().map(|stratum| stratum.size).sum();
    at_least(pool, 1, "conversations")?;
    let (mut estimate, mut squared, mut one_over_n) = (0.0, 0.0, 0.0);
    let (mut drawn_in, mut careful) = (0.0, 0.0);
    for stratum in strata {
        at_least(stratum.labelled, 1, "audit labels")?;
        let (size, n) = (stratum.size as f64, stratum.labelled as f64);
        let (weight, p) = (size / pool as f64, stratum.failed as f64 / n);
        let towards = (stratum.failed as f64 + 1.0) / (n + 2.0);
        let spread = |p: f64| if n > 1.0 { p * (1.0 - p) * n / (n - 1.0) } else { 0.0 };
        let factor = weight * weight * (1.0 - n / size).max(0.0) / n;
        estimate += weight * p;
        squared += factor * spread(p);
        drawn_in += weight * towards;
        careful += factor * spread(towards);
        one_over_n += weight * weight * (size - n).max(0.0) / (size - 1.0).max(1.0) / n;
    }
    let closed = (estimate, estimate);
    let worth = match (1.0 / one_over_n, drawn_in * (1.0 - drawn_in) / careful) {
        (plain, apart) if strata.len() > 1 => plain.min(apart),
        (plain, _) => plain,
    };
    let interval = if one_over_n > 0.0 { score_interval(estimate, worth, 0.05) } else { closed };
    Ok(Estimate { estimate, se: squared.sqrt(), interval })
}

/// Of what a rate tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Of the conversations that there are.
    Pool,
    /// Of those to come, of which these are a sample: what was judged says nothing for sure of them.
    ToCome,
}

/// The same as a rate: that of one stratum where there is one, else weighed by their sizes.
///
/// # Errors
/// As [`post_stratified`].
pub fn rate_of_strata(strata: &[Stratum], reach: Reach) -> Guarded<Rate> {
    let (n, k) = strata.iter().fold((0, 0), |sum, one| (sum.0 + one.labelled, sum.1 + one.failed));
    at_least(n, 1, "audit labels")?;
    let mut joined = joined(strata)?;
    if reach == Reach::ToCome {
        for stratum in &mut joined {
            *stratum = stratum.endless();
        }
    }
    let weighed = weighed(&joined)?;
    Ok(Rate { k, n, rate: weighed.estimate, interval: weighed.interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluator_near_a_coin_corrects_nothing() {
        let flagged = Flagged { flagged: 40, total: 100, failed: 10, caught: 6, passed: 10, let_through: 5 };
        assert_eq!(rogan_gladen(&flagged), Err(Withheld::NearACoin(1.1)));
        // TPR .8, TNR .9, 31 % flagged: (.31 - .1) / .7.
        let good = Flagged { flagged: 31, total: 100, failed: 10, caught: 8, passed: 10, let_through: 9 };
        assert!((rogan_gladen(&good).unwrap().estimate - 0.3).abs() < 1e-12);
    }

    #[test]
    fn few_labels_power_nothing() {
        let labels = |fails: usize, n: usize| -> Vec<bool> { (0..n).map(|at| at < fails).collect() };
        let tried = |labels: &[bool]| {
            let scores = vec![0.5; labels.len()];
            ppi(labels, HeldOut { labelled: &scores, unlabelled: &[0.4; 9] }).map(|powered| powered.estimate.estimate)
        };
        assert!(tried(&labels(10, 29)).is_err());
        assert!(tried(&labels(4, 40)).unwrap_err().to_string().contains("1 more audit labels that say fail"));
        // A constant score counts for nothing.
        assert!((tried(&labels(10, 40)).unwrap() - 0.25).abs() < 1e-12);
    }

    #[test]
    fn weighed_intervals_are_those_of_one_import_where_there_is_one_and_never_closed_by_luck() {
        let one = Stratum { size: 90, labelled: 20, failed: 3 };
        let (low, high) = post_stratified(&[one]).unwrap().interval;
        let (plain_low, plain_high) = crate::stats::rate::wilson_finite((3, 20), 90, 0.05).unwrap();
        assert!((low - plain_low).abs() < 1e-12 && (high - plain_high).abs() < 1e-12);
        // Nothing failed so far: the rate is not known to be nothing.
        let lucky = [Stratum { size: 500, labelled: 9, failed: 0 }, Stratum { size: 50, labelled: 8, failed: 0 }];
        let (low, high) = post_stratified(&lucky).unwrap().interval;
        assert!(low.abs() < 1e-12 && high > 0.25, "{high}");
    }

    #[test]
    fn a_whole_stratum_adds_no_doubt() {
        let whole = Stratum { size: 10, labelled: 10, failed: 3 };
        let part = Stratum { size: 10, labelled: 1, failed: 0 };
        assert!(post_stratified(&[whole]).unwrap().se.abs() < 1e-15);
        assert!(post_stratified(&[whole, part]).is_err());
    }

    #[test]
    fn few_labels_join_their_neighbours_where_each_has_its_share_and_are_nothing_where_not() {
        let of = |size, labelled, failed| Stratum { size, labelled, failed };
        // Four imports of fifty, each with four or five labels: two by two.
        let daily = [of(50, 4, 1), of(50, 5, 0), of(50, 4, 2), of(50, 4, 1)];
        let rate = rate_of_strata(&daily, Reach::Pool).unwrap();
        assert!((rate.rate - f64::midpoint(1.0 / 9.0, 3.0 / 8.0)).abs() < 1e-12);
        assert_eq!((rate.k, rate.n), (4, 17));
        // One of fifty more that the audit has not come to: its failures are not known at all.
        let late = [of(500, 100, 10), of(500, 0, 0)];
        assert_eq!(rate_of_strata(&late, Reach::Pool).unwrap_err().more(), Some(8));
        // Few labels of one import say what they say.
        assert_eq!(rate_of_strata(&[of(40, 3, 1)], Reach::Pool).unwrap(), Rate::of(1, 3, Some(40)).unwrap());
        assert!(rate_of_strata(&[of(40, 0, 0)], Reach::Pool).is_err());
        // Of what is to come nothing was judged yet.
        let (whole, endless) =
            (rate_of_strata(&[of(9, 9, 3)], Reach::Pool), rate_of_strata(&[of(9, 9, 3)], Reach::ToCome));
        let wilson = crate::stats::rate::wilson(3, 9, 0.05).unwrap();
        assert_eq!(whole.unwrap().interval, (1.0 / 3.0, 1.0 / 3.0));
        assert!((endless.unwrap().interval.1 - wilson.1).abs() < 1e-4);
    }

    /// Failures among `n` drawn without replacement from `size`, of which `failing` fail.
    fn drawn(state: &mut u64, (size, failing, n): (u64, u64, u64)) -> u64 {
        let (mut left, mut bad, mut found) = (size, failing, 0);
        for _ in 0..n {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            let hit = (*state >> 11) % left < bad;
            (left, bad, found) = (left - 1, bad - u64::from(hit), found + u64::from(hit));
        }
        found
    }

    #[test]
    fn weighed_intervals_hold_the_true_rate_where_imports_differ() {
        // Size, failures, labels of each import.
        let pools: [&[(u64, u64, u64)]; 5] = [
            &[(9_000, 0, 400), (1_000, 500, 8)],
            &[(9_000, 180, 400), (1_000, 300, 8)],
            &[(500, 50, 8), (500, 50, 400)],
            &[(300, 30, 8), (300, 30, 8), (300, 120, 8)],
            &[(5_000, 100, 50), (5_000, 100, 9)],
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for pool in pools {
            let sum = |of: &dyn Fn(&(u64, u64, u64)) -> u64| pool.iter().map(of).sum::<u64>() as f64;
            let truth = sum(&|one| one.1) / sum(&|one| one.0);
            let held = (0..2_000)
                .filter(|_| {
                    let of = |one: &(u64, u64, u64)| Stratum {
                        size: one.0,
                        labelled: one.2,
                        failed: drawn(&mut state, *one),
                    };
                    let (low, high) = post_stratified(&pool.iter().map(of).collect::<Vec<_>>()).unwrap().interval;
                    low <= truth && truth <= high
                })
                .count();
            assert!(held >= 1_860, "{pool:?}: {held} of 2000");
        }
    }
}

//! From which score on a conversation is to be escalated, with a promise about the failures that are not.
//!
//! Invariant: no threshold without enough labels for its promise; the reason says how many more it takes. Every promise
//! holds for conversations like the labelled ones only.

use serde::Serialize;

use super::guard::{Guarded, Withheld, at_least};
use super::special::binomial_cdf;

/// How often a promise of learn-then-test may be broken.
pub const DELTA: f64 = 0.1;

/// A threshold: escalate from this score on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The score.
    pub at: f64,
    /// The share of the labelled conversations that it escalates.
    pub escalated: f64,
    /// Labelled conversations behind it.
    pub n: u64,
}

/// How many labels it takes before any threshold can be promised: the least n with (1 - alpha)^n <= delta.
pub fn least_labels(alpha: f64, delta: f64) -> u64 {
    // A hair is taken off so that an exact power is not rounded up.
    ((delta.ln() / (1.0 - alpha).ln()) - 1e-9).ceil().max(1.0) as u64
}

fn slipped(judged: &[(f64, bool)], at: f64) -> u64 {
    judged.iter().filter(|(score, failed)| *failed && *score < at).count() as u64
}

fn threshold(judged: &[(f64, bool)], at: f64) -> Threshold {
    let escalated = judged.iter().filter(|(score, _)| *score >= at).count();
    Threshold { at, escalated: escalated as f64 / judged.len() as f64, n: judged.len() as u64 }
}

/// The p values of "more than alpha of all conversations fail below this score", one per place of the rising grid.
pub(super) fn ltt_p_values(judged: &[(f64, bool)], grid: &[f64], alpha: f64) -> Vec<f64> {
    grid.iter().map(|at| binomial_cdf(slipped(judged, *at), judged.len() as u64, alpha)).collect()
}

/// The highest threshold of a rising `grid` at which, with confidence 1 - `delta`, at most `alpha` of **all** conversations
/// are failures that are not escalated: learn-then-test in fixed sequence from the safest on (Angelopoulos, Bates et al.
/// 2021), p = P(Bin(n, alpha) <= failures seen below the threshold).
///
/// # Errors
/// Guard: at least [`least_labels`] labels, and a grid whose safest place holds.
pub fn learn_then_test(judged: &[(f64, bool)], grid: &[f64], alpha: f64, delta: f64) -> Guarded<Threshold> {
    at_least(judged.len() as u64, least_labels(alpha, delta), "audit labels")?;
    let kept = ltt_p_values(judged, grid, alpha).iter().take_while(|p| **p <= delta).count();
    kept.checked_sub(1)
        .and_then(|last| grid.get(last))
        .map(|at| threshold(judged, *at))
        .ok_or(Withheld::Unfit("no threshold of the grid keeps the promise"))
}

/// The highest threshold of a rising `grid` at which, in expectation, at most `alpha` of **all** conversations are failures
/// that are not escalated: the last with (k + 1) / (n + 1) <= alpha (conformal risk control, Angelopoulos et al. 2022).
///
/// # Errors
/// Guard: enough labels that (0 + 1) / (n + 1) <= alpha.
pub fn risk_control(judged: &[(f64, bool)], grid: &[f64], alpha: f64) -> Guarded<Threshold> {
    let n = judged.len() as u64;
    at_least(n, ((1.0 / alpha - 1.0) - 1e-9).ceil().max(1.0) as u64, "audit labels")?;
    let holds = |at: &&f64| (slipped(judged, **at) + 1) as f64 / (n + 1) as f64 <= alpha;
    let last = grid.iter().rev().find(holds).ok_or(Withheld::Unfit("no threshold of the grid keeps the promise"))?;
    Ok(threshold(judged, *last))
}

/// A quantile of split conformal prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Conformal {
    /// Its place among the sorted scores, from 1.
    pub rank: u64,
    /// The score there: a new one is at most as large with chance at least 1 - alpha.
    pub quantile: f64,
}

/// The quantile at rank ceil((n + 1)(1 - alpha)) of the calibration scores (Vovk et al. 2005; Lei et al. 2018).
///
/// # Errors
/// Guard: enough scores that the rank is among them.
pub fn split_conformal(scores: &[f64], alpha: f64) -> Guarded<Conformal> {
    let n = scores.len() as u64;
    let rank = conformal_rank(n, alpha);
    if rank > n {
        return Err(Withheld::TooFew {
            what: "scores",
            have: n,
            need: ((1.0 - alpha) / alpha - 1e-9).ceil().max(1.0) as u64,
        });
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = sorted.get(rank.saturating_sub(1) as usize).copied();
    quantile.map(|quantile| Conformal { rank, quantile }).ok_or(Withheld::Unfit("there are no scores"))
}

pub(super) fn conformal_rank(n: u64, alpha: f64) -> u64 {
    (((n + 1) as f64 * (1.0 - alpha)) - 1e-9).ceil() as u64
}

/// The threshold below which, in expectation, at most `alpha` of the **failures** fall: the failed scores sorted upward, the
/// value at rank floor(alpha (m + 1)), which is [`split_conformal`] of the failures with the scale turned round.
///
/// # Errors
/// Guard: enough failures that there is such a rank: m >= 9 at alpha .1, 4 at .2.
pub fn missed_at_most(judged: &[(f64, bool)], alpha: f64) -> Guarded<Threshold> {
    let failed: Vec<f64> = judged.iter().filter(|(_, failed)| *failed).map(|(score, _)| -score).collect();
    let found = split_conformal(&failed, alpha).map_err(|why| match why {
        Withheld::TooFew { have, need, .. } => Withheld::TooFew { what: "audit labels that say fail", have, need },
        other => other,
    })?;
    Ok(threshold(judged, -found.quantile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_labels_a_promise_takes() {
        assert_eq!((least_labels(0.1, 0.1), least_labels(0.05, 0.1)), (22, 45));
        let few = vec![(0.5, false); 21];
        assert_eq!(learn_then_test(&few, &[0.0], 0.1, 0.1).unwrap_err().more(), Some(1));
        let failures = |m: usize| -> Vec<(f64, bool)> { (0..m).map(|at| (at as f64, true)).collect() };
        assert_eq!(missed_at_most(&failures(8), 0.1).unwrap_err().more(), Some(1));
        assert!((missed_at_most(&failures(9), 0.1).unwrap().at - 0.0).abs() < 1e-12);
        assert!(missed_at_most(&failures(3), 0.2).is_err());
        assert!((missed_at_most(&failures(9), 0.2).unwrap().at - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_promise_about_failures_holds() {
        // Scores of failures are even: missing at most 20 % of them on average.
        let mut draws = super::super::compare::Draws::new(5);
        let mut missed = 0.0;
        for _ in 0..4_000 {
            let judged: Vec<(f64, bool)> = (0..14).map(|_| (draws.unit(), true)).collect();
            // The chance that a new failure lies below the threshold is the threshold itself.
            missed += missed_at_most(&judged, 0.2).unwrap().at / 4_000.0;
        }
        assert!((missed - 0.2).abs() < 0.01, "{missed}");
    }

    #[test]
    fn a_threshold_counts_what_it_escalates() {
        let judged: Vec<(f64, bool)> = (0..40).map(|at| (f64::from(at) / 40.0, at >= 30)).collect();
        let grid: Vec<f64> = (0..=20).map(|at| f64::from(at) / 20.0).collect();
        let found = learn_then_test(&judged, &grid, 0.1, 0.1).unwrap();
        assert!((found.at - 0.75).abs() < 1e-12 && (found.escalated - 0.25).abs() < 1e-12);
        assert!(risk_control(&judged, &grid, 0.1).unwrap().at >= found.at);
    }
}

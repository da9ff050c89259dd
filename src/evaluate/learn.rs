//! A probability of failure learnt from outcomes, on top of the fixed one.
//!
//! Invariant: without labels it is the fixed prior; how far it may leave it is decided within the labels it is given, by
//! folds that keep a group (the trials of one task) together, so that no figure it is measured on has tuned it.
//!
//! The model is a logistic regression at its posterior mode: a Gaussian prior of precision `OFFSET` around weight 1 for
//! the fixed prior's logit, and of each precision in `PRECISIONS` around 0 for each standardised feature.

use serde::{Deserialize, Serialize};

use super::VERSION;
use super::features::{FEATURES, Feature, Features};
use super::suspicion::{self, Suspicion};
use crate::model::score::Reason;

/// Labels it takes before what was learnt goes before the fixed weights.
pub const ENOUGH: usize = 50;

/// Labels of either outcome that takes.
pub const OF_EACH: usize = 10;

/// Labels that need no trial of what they teach.
const PLENTY: usize = 1_000;

/// One run with a known outcome.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// Its numbers.
    pub features: &'a Features,
    /// True where it failed.
    pub failed: bool,
    /// Runs of one group are not independent and never stand on both sides of a fold.
    pub group: &'a str,
}

/// Columns: the constant, the prior's logit, the features.
const WIDTH: usize = FEATURES + 2;

/// Precision of the constant: hardly any.
const CONSTANT: f64 = 0.5;

/// Precision of the fixed prior's weight.
const OFFSET: f64 = 10.0;

/// Precisions of the features' weights, mixed by how well each predicts.
const PRECISIONS: [f64; 6] = [10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0];

/// Folds within and without.
const FOLDS: usize = 5;

/// A learnt model as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// How many labels it was learnt from.
    pub labels: usize,
    /// The version of the evaluators whose numbers it weighs.
    #[serde(default)]
    version: String,
    mean: Vec<f64>,
    spread: Vec<f64>,
    weights: Vec<f64>,
}

/// A learnt model.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    scale: Scale,
    weights: [f64; WIDTH],
}

/// Means and spreads of the features over a pool; outcomes are not looked at.
#[derive(Debug, Clone, PartialEq)]
struct Scale {
    mean: [f64; FEATURES],
    spread: [f64; FEATURES],
}

type Row = [f64; WIDTH];

impl Learnt {
    /// Learns from examples. Fewer than a handful of either outcome leave the fixed prior as it is.
    pub fn of(examples: &[Example<'_>]) -> Self {
        let scale = Scale::of(examples);
        let rows: Vec<Row> = examples.iter().map(|one| scale.row(one.features)).collect();
        let truth: Vec<f64> = examples.iter().map(|one| f64::from(u8::from(one.failed))).collect();
        let bad = examples.iter().filter(|one| one.failed).count();
        if bad < FOLDS || examples.len() - bad < FOLDS {
            let mut weights = [0.0; WIDTH];
            weights[1] = 1.0;
            return Self { scale, weights };
        }
        let folds = folds(examples, 0);
        let all: Vec<usize> = (0..rows.len()).collect();
        let mut weights = [0.0; WIDTH];
        for (one, share) in fits(&rows, &truth, &all).into_iter().zip(credence(&rows, &truth, &folds)) {
            // The logit is linear in the weights, so that mixing weights is mixing what the models say.
            weights.iter_mut().zip(one).for_each(|(sum, weight)| *sum += share * weight);
        }
        Self { scale, weights }
    }

    /// The same from labels that may go before the fixed weights: enough of them, and, as long as they are few, only where
    /// what some taught foretells the others no worse than the fixed weights do. `None` otherwise.
    pub fn of_enough(examples: &[Example<'_>]) -> Option<Self> {
        let failed = examples.iter().filter(|one| one.failed).count();
        let least = failed.min(examples.len() - failed);
        if examples.len() < ENOUGH || least < OF_EACH {
            return None;
        }
        let loss = |logits: &mut dyn Iterator<Item = f64>| -> f64 {
            examples.iter().zip(logits).map(|(one, logit)| surprise(logit, one.failed)).sum()
        };
        let fixed = || loss(&mut examples.iter().map(|one| suspicion::logit(one.features)));
        (examples.len() >= PLENTY || loss(&mut held_out(examples, 0).into_iter()) <= fixed())
            .then(|| Self::of(examples))
    }

    /// What is kept of it.
    pub fn keep(&self, labels: usize) -> Kept {
        let (mean, spread) = (self.scale.mean.to_vec(), self.scale.spread.to_vec());
        Kept { labels, version: VERSION.to_owned(), mean, spread, weights: self.weights.to_vec() }
    }

    /// The model that was kept; `None` where it rests on other features than there are now, or on what another version of the
    /// evaluators made of them.
    pub fn from_kept(kept: &Kept) -> Option<Self> {
        if kept.version != VERSION {
            return None;
        }
        let scale =
            Scale { mean: kept.mean.as_slice().try_into().ok()?, spread: kept.spread.as_slice().try_into().ok()? };
        Some(Self { scale, weights: kept.weights.as_slice().try_into().ok()? })
    }

    /// How likely a conversation failed, and what moved that most: by each feature, what the fixed weights and what was
    /// learnt make of it together.
    pub fn suspicion(&self, features: &Features) -> Suspicion {
        if suspicion::prior(features).p_fail.is_none() {
            return Suspicion { p_fail: None, reasons: Vec::new() };
        }
        let row = self.scale.row(features);
        let mut moved = [0.0; FEATURES];
        for (feature, weight) in suspicion::moves(features) {
            moved[feature as usize] += weight * self.weights[1];
        }
        for (j, sum) in moved.iter_mut().enumerate() {
            *sum += self.weights[j + 2] * row[j + 2];
        }
        let mut order: Vec<Feature> = Feature::all().filter(|feature| moved[*feature as usize].abs() >= 0.05).collect();
        order.sort_by(|a, b| moved[*b as usize].abs().total_cmp(&moved[*a as usize].abs()));
        let reason = |feature: Feature| {
            let words = suspicion::measured(feature, features.get(feature), row[feature as usize + 2]);
            Reason { words, weight: moved[feature as usize] }
        };
        let reasons = order.into_iter().take(2).map(reason).collect();
        Suspicion { p_fail: Some(chance(dot(&self.weights, &row))), reasons }
    }

    /// The logit of failure.
    pub fn logit(&self, features: &Features) -> f64 {
        dot(&self.weights, &self.scale.row(features))
    }

    /// The probability of failure.
    pub fn p_fail(&self, features: &Features) -> f64 {
        chance(self.logit(features))
    }
}

/// What a learnt model says of each example when it learnt from the other folds only: logits, by `seed`'s folds.
pub fn held_out(examples: &[Example<'_>], seed: u64) -> Vec<f64> {
    let folds = folds(examples, seed + 1);
    let mut found = vec![0.0; examples.len()];
    for fold in 0..FOLDS {
        let known: Vec<Example<'_>> =
            examples.iter().zip(&folds).filter(|(_, at)| **at != fold).map(|(one, _)| *one).collect();
        let learnt = Learnt::of(&known);
        for (at, one) in examples.iter().enumerate().filter(|(at, _)| folds[*at] == fold) {
            found[at] = learnt.logit(one.features);
        }
    }
    found
}

/// The fold of each example: groups in an order drawn by `seed`, dealt out in turn.
fn folds(examples: &[Example<'_>], seed: u64) -> Vec<usize> {
    let draw = |group: &str| *blake3::hash(format!("{seed} {group}").as_bytes()).as_bytes();
    let mut groups: Vec<([u8; 32], &str)> = examples.iter().map(|one| (draw(one.group), one.group)).collect();
    groups.sort_unstable();
    groups.dedup();
    let places: std::collections::HashMap<&str, usize> =
        groups.iter().enumerate().map(|(at, (_, group))| (*group, at % FOLDS)).collect();
    examples.iter().map(|one| places.get(one.group).copied().unwrap_or(0)).collect()
}

/// How much each precision counts: by how likely it makes held-out outcomes (pseudo model averaging).
fn credence(rows: &[Row], truth: &[f64], folds: &[usize]) -> [f64; PRECISIONS.len()] {
    let mut losses = [0.0; PRECISIONS.len()];
    for fold in 0..FOLDS {
        let (out, known): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|at| folds[*at] == fold);
        for (loss, weights) in losses.iter_mut().zip(fits(rows, truth, &known)) {
            *loss += out.iter().map(|at| surprise(dot(&weights, &rows[*at]), truth[*at] > 0.5)).sum::<f64>();
        }
    }
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let likely = losses.map(|loss| (least - loss).exp());
    let sum: f64 = likely.iter().sum();
    likely.map(|likely| likely / sum)
}

/// The posterior mode for each precision. Each begins where the one before ended, which is near: that decides how soon it
/// is found, and not what is found.
fn fits(rows: &[Row], truth: &[f64], known: &[usize]) -> [[f64; WIDTH]; PRECISIONS.len()] {
    let mut start = [0.0; WIDTH];
    start[1] = 1.0;
    PRECISIONS.map(|precision| {
        start = fit((rows, truth), known, precision, &start);
        start
    })
}

/// The posterior mode, by Newton steps.
fn fit((rows, truth): (&[Row], &[f64]), known: &[usize], precision: f64, start: &[f64; WIDTH]) -> [f64; WIDTH] {
    let mut middle = [0.0; WIDTH];
    middle[1] = 1.0;
    let mut precisions = [precision; WIDTH];
    (precisions[0], precisions[1]) = (CONSTANT, OFFSET);
    let mut weights = *start;
    for _ in 0..25 {
        let mut gradient = [0.0; WIDTH];
        let mut curve = [[0.0; WIDTH]; WIDTH];
        for j in 0..WIDTH {
            gradient[j] = precisions[j] * (weights[j] - middle[j]);
            curve[j][j] = precisions[j];
        }
        for at in known {
            let row = &rows[*at];
            let p = chance(dot(&weights, row));
            let weight = (p * (1.0 - p)).max(1e-3);
            for j in 0..WIDTH {
                gradient[j] += (p - truth[*at]) * row[j];
                let part = weight * row[j];
                for (k, cell) in curve[j].iter_mut().enumerate().take(j + 1) {
                    *cell += part * row[k];
                }
            }
        }
        let step = solve(&curve, &gradient);
        let mut largest: f64 = 0.0;
        for j in 0..WIDTH {
            weights[j] -= step[j];
            largest = largest.max(step[j].abs());
        }
        if largest < 1e-8 {
            break;
        }
    }
    weights
}

/// Solves a symmetric positive definite system of which the lower half is given, by Cholesky's decomposition.
fn solve(lower: &[[f64; WIDTH]; WIDTH], right: &[f64; WIDTH]) -> [f64; WIDTH] {
    let mut root = [[0.0; WIDTH]; WIDTH];
    for j in 0..WIDTH {
        for k in 0..=j {
            let rest = lower[j][k] - (0..k).map(|i| root[j][i] * root[k][i]).sum::<f64>();
            root[j][k] = if j == k { rest.max(1e-12).sqrt() } else { rest / root[k][k] };
        }
    }
    let mut found = *right;
    for j in 0..WIDTH {
        found[j] = (found[j] - (0..j).map(|i| root[j][i] * found[i]).sum::<f64>()) / root[j][j];
    }
    for j in (0..WIDTH).rev() {
        found[j] = (found[j] - (j + 1..WIDTH).map(|i| root[i][j] * found[i]).sum::<f64>()) / root[j][j];
    }
    found
}

impl Scale {
    fn of(examples: &[Example<'_>]) -> Self {
        let count = examples.len().max(1) as f64;
        let (mut mean, mut spread) = ([0.0; FEATURES], [0.0; FEATURES]);
        for one in examples {
            for (j, value) in curved(one.features).into_iter().enumerate() {
                mean[j] += value / count;
            }
        }
        for one in examples {
            for (j, value) in curved(one.features).into_iter().enumerate() {
                spread[j] += (value - mean[j]).powi(2) / count;
            }
        }
        Self { mean, spread: spread.map(f64::sqrt) }
    }

    fn row(&self, features: &Features) -> Row {
        let mut row = [0.0; WIDTH];
        row[0] = 1.0;
        row[1] = suspicion::logit(features);
        for (j, value) in curved(features).into_iter().enumerate() {
            // What is the same everywhere tells nothing.
            let away = if self.spread[j] > 1e-9 { (value - self.mean[j]) / self.spread[j] } else { 0.0 };
            row[j + 2] = away.clamp(-3.0, 3.0);
        }
        row
    }
}

/// The numbers on a scale of their own: counts by their logarithm.
fn curved(features: &Features) -> [f64; FEATURES] {
    const SHARES: [Feature; 9] = [
        Feature::NoWrite,
        Feature::HandedOver,
        Feature::RefusalShare,
        Feature::UnconfirmedShare,
        Feature::AnnoyedShare,
        Feature::CleanEnd,
        Feature::Abandoned,
        Feature::HasReference,
        Feature::Mismatch,
    ];
    let mut values = features.values().map(|value| value.signum() * value.abs().ln_1p());
    for share in SHARES {
        values[share as usize] = features.get(share);
    }
    values
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The probability of a logit.
pub fn chance(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// How unlikely a logit made what came: minus the logarithm of its probability.
fn surprise(logit: f64, failed: bool) -> f64 {
    let softplus = logit.max(0.0) + (-logit.abs()).exp().ln_1p();
    softplus - if failed { logit } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::{Judge, policy::example};
    use super::*;

    /// Long ones fail where `long_fail`, short ones otherwise; each twice, as two trials of one task.
    fn runs(long_fail: bool) -> Vec<(Features, bool, String)> {
        (0..60_usize)
            .map(|at| {
                let long = at % 4 < 2;
                let lines = "customer: and what about A-77120?\nagent: It is fine.\n".repeat(if long { 9 } else { 2 });
                let features = Judge::default().evaluate(&example(&lines).unwrap()).features;
                // Every tenth is against the rule.
                (features, (long == long_fail) != (at % 10 == 0), (at / 2).to_string())
            })
            .collect()
    }

    fn examples(runs: &[(Features, bool, String)]) -> Vec<Example<'_>> {
        runs.iter().map(|(features, failed, group)| Example { features, failed: *failed, group }).collect()
    }

    #[test]
    fn without_labels_it_is_the_fixed_prior() {
        let runs = runs(true);
        let learnt = Learnt::of(&examples(&runs)[..6]);
        for (features, ..) in &runs {
            assert!((learnt.p_fail(features) - suspicion::prior(features).p_fail.unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn it_learns_what_the_labels_say_even_against_the_prior() {
        for long_fail in [true, false] {
            let runs = runs(long_fail);
            let examples = examples(&runs);
            let held = held_out(&examples, 1);
            let mean = |failed: bool| {
                let of: Vec<f64> = examples
                    .iter()
                    .zip(&held)
                    .filter(|(one, _)| one.failed == failed)
                    .map(|(_, logit)| *logit)
                    .collect();
                of.iter().sum::<f64>() / of.len() as f64
            };
            assert!(mean(true) > mean(false) + 0.5, "{long_fail}: {} {}", mean(true), mean(false));
        }
    }

    #[test]
    fn few_labels_or_one_outcome_are_not_enough_and_what_is_kept_says_the_same() {
        let runs = runs(true);
        let examples = examples(&runs);
        assert_eq!(Learnt::of_enough(&examples[..ENOUGH - 1]), None);
        let one_sided: Vec<Example<'_>> = examples.iter().map(|one| Example { failed: false, ..*one }).collect();
        assert_eq!(Learnt::of_enough(&one_sided), None);
        let learnt = Learnt::of_enough(&examples).unwrap();
        let text = serde_json::to_string(&learnt.keep(examples.len())).unwrap();
        let kept: Kept = serde_json::from_str(&text).unwrap();
        assert_eq!((kept.labels, Learnt::from_kept(&kept)), (60, Some(learnt.clone())));
        let older = text.replace(&format!("\"version\":\"{VERSION}\""), "\"version\":\"0\"");
        assert_ne!(older, text);
        assert_eq!(Learnt::from_kept(&serde_json::from_str(&older).unwrap()), None);
        let said = learnt.suspicion(&runs[0].0);
        assert!((said.p_fail.unwrap() - learnt.p_fail(&runs[0].0)).abs() < 1e-12);
        assert!(said.reasons[0].weight > 0.0 && said.reasons[0].words.starts_with("many "), "{said:?}");
    }

    #[test]
    fn groups_stay_together_and_folds_are_reproducible() {
        let runs = runs(true);
        let examples = examples(&runs);
        let folds = folds(&examples, 3);
        assert!(folds.chunks(2).all(|pair| pair[0] == pair[1]));
        assert_eq!((0..FOLDS).map(|fold| folds.iter().filter(|at| **at == fold).count()).max(), Some(12));
        assert_eq!(held_out(&examples, 2), held_out(&examples, 2));
    }
}

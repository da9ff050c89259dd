//! P(fail) learnt from labels, one label at a time.
//!
//! Invariant: after a full fit the weights are a function of the prior and the set of labels alone, neither of the order
//! they came in nor of what was undone in between; between fits, of the labels in the order they came.
//!
//! P(fail) = sigma(w·x). The weights are the posterior mode of
//! `sum_i s_i [ln(1 + e^(w·x_i)) - y_i w·x_i] + 1/2 sum_j L_j (w_j - w0_j)^2`, with `L_0 = 0.5` and `L_j = 10`; `s_i` is 1
//! over the number of labels of the same conversation. A label moves them by one step of the recursion of Sherman and Morrison;
//! every 25 labels, after anything undone, and where a conversation gets a second label, they are fitted anew (Newton).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::algebra::{dot_wide, sigma};
use super::fit::{Example, Fit, LEAST_CURVE, variance};
use super::matrix::Matrix;
use crate::model::score::Reason;

/// Precision of the constant: penalised too, or the first labels throw it about.
pub const CONSTANT: f64 = 0.5;

/// Precision of all other weights.
pub const PRECISION: f64 = 10.0;

/// The weight a declared polarity starts with.
pub const DECLARED: f64 = 0.03;

/// Labels between two full fits.
pub const REFIT: usize = 25;

/// Reasons at most.
const REASONS: usize = 2;

/// Weights as they are stored, by the keys of their columns; the constant comes first, under the empty key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// A hash of the rest.
    pub version: String,
    /// Keys of columns.
    pub keys: Vec<String>,
    /// Weights, in the order of the keys.
    pub values: Vec<f64>,
}

/// What is believed before the first label.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Prior {
    /// What evaluators are declared to mean, weakly.
    #[default]
    Declared,
    /// What the batch before taught.
    Carried(Weights),
}

/// What somebody said of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The conversation's row.
    pub row: usize,
    /// Who said it: any number that is the same for the same reviewer.
    pub by: u32,
    /// `None` where it cannot be told, which teaches nothing.
    pub failed: Option<bool>,
}

/// A label in the fit.
#[derive(Debug, Clone, PartialEq)]
struct Taught {
    failed: bool,
    x: Vec<f64>,
}

/// What a lesson asks of the weights.
enum Due {
    Nothing,
    Step((usize, u32)),
    Fit,
}

/// The model and what it was taught.
#[derive(Debug, Clone)]
pub struct Ranker {
    keys: Vec<String>,
    prior: Vec<f64>,
    precision: Vec<f64>,
    weights: Vec<f64>,
    /// The inverse of the curvature at the weights, row by row.
    covariance: Vec<f64>,
    /// By row and reviewer, so that the order of labels does not matter to a fit.
    taught: BTreeMap<(usize, u32), Taught>,
    since_fit: usize,
}

impl Ranker {
    /// Before the first label.
    pub fn new(matrix: &Matrix, prior: &Prior) -> Self {
        let keys: Vec<String> = std::iter::once(String::new()).chain(matrix.keys()).collect();
        let mut precision = vec![PRECISION; keys.len()];
        precision[0] = CONSTANT;
        let declared = || {
            let signs = matrix.used().iter().map(|one| if one.absence { 0.0 } else { one.column.polarity.sign() });
            std::iter::once(0.0).chain(signs.map(|sign| sign * DECLARED)).collect::<Vec<f64>>()
        };
        let prior = match prior {
            Prior::Declared => declared(),
            Prior::Carried(weights) => {
                let known: BTreeMap<&str, f64> =
                    weights.keys.iter().map(String::as_str).zip(weights.values.iter().copied()).collect();
                let fresh = declared();
                keys.iter().zip(fresh).map(|(key, fresh)| known.get(key.as_str()).copied().unwrap_or(fresh)).collect()
            }
        };
        let mut ranker = Self {
            keys,
            weights: prior.clone(),
            prior,
            precision,
            covariance: Vec::new(),
            taught: BTreeMap::new(),
            since_fit: 0,
        };
        ranker.covariance = ranker.start();
        ranker
    }

    /// Learns what somebody said; whoever says something else of the same conversation takes back what they said.
    pub fn learn(&mut self, matrix: &Matrix, lesson: Lesson) {
        match self.note(matrix, lesson) {
            Due::Nothing => {}
            Due::Step(key) => self.step(key),
            Due::Fit => self.fit(),
        }
    }

    /// Learns many lessons, to the same weights as one by one; fits that a later one makes void are left out.
    pub fn learn_all(&mut self, matrix: &Matrix, lessons: &[Lesson]) {
        let (mut fits, mut steps) = (false, Vec::new());
        for lesson in lessons {
            match self.note(matrix, *lesson) {
                Due::Nothing => {}
                Due::Step(key) => steps.push(key),
                Due::Fit => {
                    fits = true;
                    steps.clear();
                }
            }
        }
        if fits {
            // What came after the last fit was not part of it.
            let later: Vec<_> = steps.iter().filter_map(|key| self.taught.remove_entry(key)).collect();
            let since = self.since_fit;
            self.fit();
            self.since_fit = since;
            self.taught.extend(later);
        }
        for key in steps {
            self.step(key);
        }
    }

    /// Takes down what was said, and tells what the weights need for it.
    fn note(&mut self, matrix: &Matrix, lesson: Lesson) -> Due {
        let Lesson { row, by, failed } = lesson;
        let key = (row, by);
        let Some(failed) = failed.filter(|_| row < matrix.rows()) else {
            return if self.taught.remove(&key).is_some() { self.due_fit() } else { Due::Nothing };
        };
        if self.taught.get(&key).is_some_and(|known| known.failed == failed) {
            return Due::Nothing;
        }
        let said_before = self.taught.range((row, 0)..=(row, u32::MAX)).next().is_some();
        self.taught.insert(key, Taught { failed, x: matrix.wide(row) });
        if said_before || self.since_fit + 1 >= REFIT {
            return self.due_fit();
        }
        self.since_fit += 1;
        Due::Step(key)
    }

    fn due_fit(&mut self) -> Due {
        self.since_fit = 0;
        Due::Fit
    }

    /// One step of the recursion: S <- S - (Sx)(Sx)' W / (1 + W x'Sx), then w <- w + Sx (y - p).
    fn step(&mut self, key: (usize, u32)) {
        let Some(Taught { failed, x }) = self.taught.get(&key) else { return };
        let n = x.len();
        let p = sigma(dot_wide(&self.weights, x));
        let curve = (p * (1.0 - p)).max(LEAST_CURVE);
        let sx: Vec<f64> = self.covariance.chunks_exact(n).map(|row| dot_wide(row, x)).collect();
        let shrink = 1.0 / (1.0 + curve * dot_wide(&sx, x));
        for (row, left) in self.covariance.chunks_exact_mut(n).zip(&sx) {
            let factor = left * curve * shrink;
            row.iter_mut().zip(&sx).for_each(|(cell, right)| *cell -= factor * right);
        }
        // After the update S x is what it was before, times `shrink`.
        let miss = f64::from(u8::from(*failed)) - p;
        self.weights.iter_mut().zip(&sx).for_each(|(weight, value)| *weight += value * shrink * miss);
    }

    /// Fits the weights anew, from the prior until they no longer move.
    pub fn fit(&mut self) {
        (self.weights, self.covariance) = self.fitting(&self.examples()).mode();
        self.since_fit = 0;
    }

    fn fitting<'a>(&'a self, examples: &'a [Example<'a>]) -> Fit<'a> {
        Fit { examples, prior: &self.prior, precision: &self.precision }
    }

    /// Labels with what each counts: 1 over how many there are of its conversation.
    fn examples(&self) -> Vec<Example<'_>> {
        let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
        for (row, _) in self.taught.keys() {
            *counts.entry(*row).or_insert(0.0) += 1.0;
        }
        let share = |row: &usize| 1.0 / counts.get(row).copied().unwrap_or(1.0);
        self.taught.iter().map(|((row, _), one)| Example { x: &one.x, failed: one.failed, share: share(row) }).collect()
    }

    fn start(&self) -> Vec<f64> {
        let n = self.precision.len();
        let mut covariance = vec![0.0; n * n];
        for (at, precision) in self.precision.iter().enumerate() {
            covariance[at * n + at] = 1.0 / precision;
        }
        covariance
    }

    /// The probability that a conversation failed.
    pub fn p(&self, matrix: &Matrix, row: usize) -> f64 {
        sigma(dot_wide(&self.weights, &matrix.wide(row)))
    }

    /// The variance of a conversation's logit: x' S x.
    pub fn variance(&self, matrix: &Matrix, row: usize) -> f64 {
        variance(&self.covariance, &matrix.wide(row))
    }

    /// The probability that a labelled conversation failed, had one reviewer not labelled it: the logit moved back by
    /// h s (y - p) / (1 - h s p (1 - p)) with h its variance (one Newton step; Pregibon 1981).
    pub fn p_without(&self, matrix: &Matrix, row: usize, by: u32) -> f64 {
        let p = self.p(matrix, row);
        let Some(one) = self.taught.get(&(row, by)) else { return p };
        let share = 1.0 / self.taught.range((row, 0)..=(row, u32::MAX)).count().max(1) as f64;
        let h = self.variance(matrix, row) * share;
        let curve = (p * (1.0 - p)).max(LEAST_CURVE);
        let back = h * (f64::from(u8::from(one.failed)) - p) / (1.0 - h * curve).max(0.05);
        sigma(dot_wide(&self.weights, &one.x) - back)
    }

    /// What moved the probability most, largest first, and nothing twice.
    pub fn reasons(&self, matrix: &Matrix, row: usize) -> Vec<Reason> {
        let x = matrix.wide(row);
        let mut parts: Vec<(usize, f64)> = (1..x.len()).map(|at| (at, self.weights[at] * x[at])).collect();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        let mut named = BTreeSet::new();
        let telling = parts.into_iter().filter(|(at, _)| matrix.used()[at - 1].tells(x[*at]));
        let once = telling.filter(|(at, _)| named.insert(matrix.used()[at - 1].measure()));
        // Below this nothing would be left of it after rounding.
        let told = once.take(REASONS).filter(|(_, weight)| weight.abs() >= 0.05);
        told.map(|(at, weight)| Reason { words: matrix.used()[at - 1].words(x[at]), weight }).collect()
    }

    /// The weights, to be stored or carried over.
    pub fn weights(&self) -> Weights {
        Weights { version: self.version(), keys: self.keys.clone(), values: self.weights.clone() }
    }

    /// What the weights are known by: a hash of columns and weights.
    pub fn version(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (key, weight) in self.keys.iter().zip(&self.weights) {
            hasher.update(key.as_bytes()).update(&[0]).update(&weight.to_bits().to_le_bytes());
        }
        hasher.finalize().to_hex()[..12].to_owned()
    }

    /// The bare weights, in the order of the matrix' columns.
    pub fn values(&self) -> &[f64] {
        &self.weights
    }

    /// How long the slope of what the weights minimise is; 0 after a fit.
    pub fn slope_length(&self) -> f64 {
        self.fitting(&self.examples()).slope_length(&self.weights)
    }

    /// How many labels there are of passes and of failures.
    pub fn classes(&self) -> (usize, usize) {
        let failed = self.taught.values().filter(|one| one.failed).count();
        (self.taught.len() - failed, failed)
    }
}

//! The posterior mode of a logistic regression, by Newton's method.
//!
//! Invariant: the outcome is a function of prior and examples alone: steps start from the prior and go on until the slope
//! is gone.
//!
//! The mode minimises `sum_i s_i [ln(1 + e^(w·x_i)) - y_i w·x_i] + 1/2 sum_j L_j (w_j - w0_j)^2` (natural logarithms, no
//! units). No guard is needed for classes that fall apart, or for none: the prior keeps weights finite.

use super::algebra::{dot_wide, factor, inverse, sigma, solve};

/// No step moves the logit of an example by more than this.
const LONGEST_STEP: f64 = 3.0;

/// The least an example counts in the curvature.
pub(super) const LEAST_CURVE: f64 = 1e-3;

/// It is done where the slope is shorter than this.
const CONVERGED: f64 = 1e-9;

/// Steps at most.
const MOST_STEPS: usize = 100;

/// A labelled row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example<'a> {
    /// Its numbers, the constant 1 first.
    pub x: &'a [f64],
    /// What was said.
    pub failed: bool,
    /// How much it counts.
    pub share: f64,
}

/// What to fit.
#[derive(Debug, Clone, Copy)]
pub struct Fit<'a> {
    /// What was said.
    pub examples: &'a [Example<'a>],
    /// Means of the weights beforehand.
    pub prior: &'a [f64],
    /// How sure these are: 1 over the variance.
    pub precision: &'a [f64],
}

impl Fit<'_> {
    /// The weights at the mode, and the inverse of the curvature there, row by row.
    pub fn mode(&self) -> (Vec<f64>, Vec<f64>) {
        let mut weights = self.prior.to_vec();
        let mut root = Vec::new();
        for _ in 0..MOST_STEPS {
            let (slope, curve) = self.slope(&weights);
            root = factor(&curve, weights.len());
            if dot_wide(&slope, &slope).sqrt() < CONVERGED {
                break;
            }
            let step = solve(&root, &slope);
            let farthest = self.examples.iter().map(|one| dot_wide(&step, one.x).abs()).fold(0.0, f64::max);
            let scale = if farthest > LONGEST_STEP { LONGEST_STEP / farthest } else { 1.0 };
            weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight -= scale * step);
        }
        let covariance = inverse(&root, weights.len());
        (weights, covariance)
    }

    /// The slope of the loss, and the lower half of its curvature.
    fn slope(&self, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let n = weights.len();
        let mut curve = vec![0.0; n * n];
        let mut slope: Vec<f64> = (0..n).map(|at| self.precision[at] * (weights[at] - self.prior[at])).collect();
        for (at, precision) in self.precision.iter().enumerate() {
            curve[at * n + at] = *precision;
        }
        for one in self.examples {
            let p = sigma(dot_wide(weights, one.x));
            let miss = one.share * (p - f64::from(u8::from(one.failed)));
            let weight = one.share * (p * (1.0 - p)).max(LEAST_CURVE);
            for (j, value) in one.x.iter().enumerate() {
                slope[j] += miss * value;
                let part = weight * value;
                let lower = curve[j * n..=j * n + j].iter_mut();
                lower.zip(one.x).for_each(|(cell, other)| *cell += part * other);
            }
        }
        (slope, curve)
    }

    /// How long the slope is at some weights; 0 at the mode.
    pub fn slope_length(&self, weights: &[f64]) -> f64 {
        let (slope, _) = self.slope(weights);
        dot_wide(&slope, &slope).sqrt()
    }

    /// What the mode minimises.
    pub fn loss(&self, weights: &[f64]) -> f64 {
        let softplus = |logit: f64| logit.max(0.0) + (-logit.abs()).exp().ln_1p();
        let said = self.examples.iter().map(|one| {
            let logit = dot_wide(weights, one.x);
            one.share * (softplus(logit) - f64::from(u8::from(one.failed)) * logit)
        });
        let away = (0..weights.len()).map(|at| self.precision[at] * (weights[at] - self.prior[at]).powi(2));
        said.sum::<f64>() + away.sum::<f64>() / 2.0
    }
}

/// The probability of failure of a row.
pub fn p(weights: &[f64], x: &[f64]) -> f64 {
    sigma(dot_wide(weights, x))
}

/// The variance of the logit of a row: x' S x, with the inverse of the curvature.
pub fn variance(covariance: &[f64], x: &[f64]) -> f64 {
    covariance.chunks_exact(x.len().max(1)).zip(x).map(|(row, value)| dot_wide(row, x) * value).sum()
}

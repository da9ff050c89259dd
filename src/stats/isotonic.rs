//! Scores turned into probabilities by nothing but their order.
//!
//! Invariant: a larger score never gets a smaller probability.

use super::guard::{Guarded, at_least};

/// Audit labels below which no calibrated probability is shown.
pub const LEAST_LABELS: u64 = 50;

/// A rising step function between its knots linear, fitted by pooling adjacent violators.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic(Vec<(f64, f64)>);

impl Isotonic {
    /// A calibration of scores by audit labels.
    ///
    /// # Errors
    /// Guard: at least [`LEAST_LABELS`] labels; before that only low, medium and high may be told.
    pub fn calibrate(judged: &[(f64, bool)]) -> Guarded<Self> {
        at_least(judged.len() as u64, LEAST_LABELS, "audit labels")?;
        let points: Vec<_> = judged.iter().map(|(score, failed)| (*score, f64::from(u8::from(*failed)), 1.0)).collect();
        Ok(Self::fit(&points))
    }

    /// The weighted least squares fit of rising values to points (x, y, weight): equal x are averaged first, adjacent
    /// violators pooled (Ayer et al. 1955; Barlow et al. 1972).
    pub(super) fn fit(points: &[(f64, f64, f64)]) -> Self {
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Each block: its first and last x, the sum of weighted y, and the weight.
        let mut blocks: Vec<(f64, f64, f64, f64)> = Vec::new();
        for equal in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let weight: f64 = equal.iter().map(|point| point.2).sum();
            let sum: f64 = equal.iter().map(|point| point.1 * point.2).sum();
            let mut block = (equal[0].0, equal[0].0, sum, weight);
            while let Some(last) = blocks.last()
                && last.2 * block.3 >= block.2 * last.3
            {
                block = (last.0, block.1, last.2 + block.2, last.3 + block.3);
                blocks.pop();
            }
            blocks.push(block);
        }
        let mut knots = Vec::with_capacity(2 * blocks.len());
        for (first, last, sum, weight) in blocks {
            let value = sum / weight;
            knots.push((first, value));
            if last > first {
                knots.push((last, value));
            }
        }
        Self(knots)
    }

    /// The fitted value: linear between blocks, that of the nearest end outside. `None` for a fit of nothing.
    pub fn at(&self, x: f64) -> Option<f64> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let after = self.0.partition_point(|(knot, _)| *knot < x);
        match (after.checked_sub(1).map(|before| self.0[before]), self.0.get(after)) {
            (None, _) => Some(first.1),
            (_, None) => Some(last.1),
            (Some((low, low_value)), Some((high, high_value))) => {
                Some(low_value + (high_value - low_value) * (x - low) / (high - low))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled() {
        let fitted = Isotonic::fit(&[(1.0, 0.0, 1.0), (2.0, 1.0, 1.0), (3.0, 0.0, 1.0), (4.0, 1.0, 1.0)]);
        let at = |x| fitted.at(x).unwrap();
        assert!((at(2.0) - 0.5).abs() < 1e-12 && (at(3.0) - 0.5).abs() < 1e-12);
        assert!((at(0.0) - 0.0).abs() < 1e-12 && (at(9.0) - 1.0).abs() < 1e-12 && (at(1.5) - 0.25).abs() < 1e-12);
        assert_eq!(Isotonic::fit(&[]).at(1.0), None);
    }

    #[test]
    fn no_probability_below_fifty_labels() {
        assert!(Isotonic::calibrate(&[(0.1, true); 49]).is_err());
        assert!(Isotonic::calibrate(&[(0.1, true); 50]).is_ok());
    }
}

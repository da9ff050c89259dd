//! Many tests at once.
//!
//! Invariant: only an [`AdjustedP`] can say that it is significant, so that no table stars a raw p.

use serde::Serialize;

/// How many tests at once are accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// At most alpha of the findings are false, on average: for tables of segments (Benjamini and Hochberg 1995, step-up).
    BenjaminiHochberg,
    /// Any false finding has at most chance alpha: for gates (Holm 1979, step-down).
    Holm,
    /// The same, simpler and weaker (Dunn 1961).
    Bonferroni,
}

/// A p value that accounts for all tests of its table; at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct AdjustedP(f64);

impl AdjustedP {
    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }

    /// True where the finding stands at level `alpha`.
    pub fn rejects(self, alpha: f64) -> bool {
        self.0 <= alpha
    }

    /// The usual stars: 3 at .001, 2 at .01, 1 at .05.
    pub fn stars(self) -> &'static str {
        match self.0 {
            p if p <= 0.001 => "***",
            p if p <= 0.01 => "**",
            p if p <= 0.05 => "*",
            _ => "",
        }
    }
}

/// The adjusted p values, in the order of `raw`.
pub fn adjust(raw: &[f64], method: Method) -> Vec<AdjustedP> {
    let count = raw.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| raw[*a].total_cmp(&raw[*b]));
    let mut adjusted = vec![1.0_f64; count];
    match method {
        Method::Bonferroni => {
            for (p, raw) in adjusted.iter_mut().zip(raw) {
                *p = (raw * count as f64).min(1.0);
            }
        }
        Method::Holm => {
            let mut largest = 0.0_f64;
            for (rank, at) in order.iter().enumerate() {
                largest = largest.max(raw[*at] * (count - rank) as f64);
                adjusted[*at] = largest.min(1.0);
            }
        }
        Method::BenjaminiHochberg => {
            let mut smallest = 1.0_f64;
            for (rank, at) in order.iter().enumerate().rev() {
                smallest = smallest.min(raw[*at] * count as f64 / (rank + 1) as f64);
                adjusted[*at] = smallest;
            }
        }
    }
    adjusted.into_iter().map(AdjustedP).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let values = |method| -> Vec<f64> { adjust(&[0.04, 0.01, 0.03], method).iter().map(|p| p.0).collect() };
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        near(values(Method::Bonferroni), [0.12, 0.03, 0.09]);
        near(values(Method::Holm), [0.06, 0.03, 0.06]);
        near(values(Method::BenjaminiHochberg), [0.04, 0.03, 0.04]);
        assert!(adjust(&[], Method::Holm).is_empty());
        assert_eq!(AdjustedP(0.0004).stars(), "***");
        assert_eq!(AdjustedP(0.051).stars(), "");
    }
}

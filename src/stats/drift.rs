//! Whether two batches differ: in scores, or in what they are made of.
//!
//! Invariant: an alarm takes both a large difference and a small p that accounts for all tests made.

use serde::Serialize;

use super::compare::quantile;
use super::guard::{Guarded, Withheld, at_least};
use super::multiple::AdjustedP;
use super::special::chi_square_tail;

/// Conversations on each side below which nothing is said of drift.
pub const LEAST: u64 = 20;

/// The stability index above which a difference is large.
pub const LARGE: f64 = 0.2;

/// A numeric drift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Numeric {
    /// The population stability index, sum (c - r) ln(c / r) over the reference's deciles, counts smoothed by half.
    pub psi: f64,
    /// Kolmogorov and Smirnov's D, the largest distance of the two distribution functions.
    pub ks: f64,
    /// Its p by the limiting series.
    pub p: f64,
    /// The distance of Jensen and Shannon, base 2, of the same smoothed shares.
    pub js: f64,
}

/// Drift of numbers from `reference` to `current` (PSI as in credit scoring, Siddiqi 2006; Smirnov 1948; Lin 1991).
///
/// # Errors
/// Guard: at least [`LEAST`] finite values on each side, not all the same.
pub fn numeric(reference: &[f64], current: &[f64]) -> Guarded<Numeric> {
    at_least(reference.len().min(current.len()) as u64, LEAST, "conversations on each side")?;
    if reference.iter().chain(current).any(|value| !value.is_finite()) {
        return Err(Withheld::Unfit("a value is no number"));
    }
    let (mut reference, mut current) = (reference.to_vec(), current.to_vec());
    reference.sort_by(f64::total_cmp);
    current.sort_by(f64::total_cmp);
    if reference.first() == current.last() && reference.last() == current.first() {
        return Err(Withheld::Constant("value"));
    }
    let ks = largest_distance(&reference, &current);
    let edges = deciles(&reference);
    let (before, after) = (shares(&counts(&reference, &edges)), shares(&counts(&current, &edges)));
    let (n, m) = (reference.len() as f64, current.len() as f64);
    Ok(Numeric {
        psi: before.iter().zip(&after).map(|(r, c)| (c - r) * (c / r).ln()).sum(),
        ks,
        p: ks_tail(ks * (n * m / (n + m)).sqrt()),
        js: jensen_shannon(&before, &after),
    })
}

/// D of two sorted samples.
fn largest_distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

/// 2 sum (-1)^(k-1) exp(-2 k² x²).
fn ks_tail(x: f64) -> f64 {
    // The series is useless where the p is 1 to many places.
    if x < 0.15 {
        return 1.0;
    }
    let mut sum = 0.0;
    for k in 1..=200_u32 {
        let term = (-2.0 * f64::from(k * k) * x * x).exp();
        sum += if k % 2 == 1 { term } else { -term };
        if term < 1e-18 {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The inner edges of ten bins, from the sorted reference; repeated ones once.
fn deciles(sorted: &[f64]) -> Vec<f64> {
    let mut edges: Vec<f64> = (1..10).filter_map(|at| quantile(sorted, f64::from(at) / 10.0)).collect();
    edges.dedup_by(|a, b| a.total_cmp(b).is_eq());
    edges
}

/// How many values lie in each bin [e, next e), those outside in the first and last.
fn counts(values: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        counts[edges.partition_point(|edge| edge <= value)] += 1;
    }
    counts
}

#[cfg(test)]
pub(super) fn numeric_counts(reference: &[f64], current: &[f64]) -> (Vec<u64>, Vec<u64>) {
    let mut sorted = reference.to_vec();
    sorted.sort_by(f64::total_cmp);
    let edges = deciles(&sorted);
    (counts(reference, &edges), counts(current, &edges))
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let all = counts.iter().sum::<u64>() as f64 + 0.5 * counts.len() as f64;
    counts.iter().map(|count| (*count as f64 + 0.5) / all).collect()
}

fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let from = |a: f64, b: f64| a * (a / f64::midpoint(a, b)).log2();
    let sum: f64 = p.iter().zip(q).map(|(p, q)| from(*p, *q) + from(*q, *p)).sum();
    (sum / 2.0).max(0.0).sqrt()
}

/// A drift of categories.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Categorical {
    /// The population stability index over the categories, counts smoothed by half.
    pub psi: f64,
    /// Pearson's chi-square, without correction for continuity.
    pub chi_square: f64,
    /// Its degrees of freedom.
    pub dof: u64,
    /// Its p.
    pub p: f64,
    /// Cramér's V, √(chi-square / (n min(r - 1, c - 1))): from 0 to 1, how strong.
    pub v: f64,
}

/// Drift of a table with one row per batch and one column per category (Pearson 1900; Cramér 1946).
///
/// # Errors
/// Guard: at least [`LEAST`] conversations on each side, and two categories.
pub fn categorical(table: [&[u64]; 2]) -> Guarded<Categorical> {
    let sums = table.map(|row| row.iter().sum::<u64>());
    at_least(sums[0].min(sums[1]), LEAST, "conversations on each side")?;
    categorical_unguarded(table)
}

pub(super) fn categorical_unguarded(table: [&[u64]; 2]) -> Guarded<Categorical> {
    if table[0].len() != table[1].len() {
        return Err(Withheld::Unfit("the two sides have different categories"));
    }
    let columns: Vec<[f64; 2]> =
        table[0].iter().zip(table[1]).filter(|(a, b)| **a + **b > 0).map(|(a, b)| [*a as f64, *b as f64]).collect();
    if columns.len() < 2 {
        return Err(Withheld::Constant("category"));
    }
    let rows = [0, 1].map(|row: usize| columns.iter().map(|column| column[row]).sum::<f64>());
    let n = rows[0] + rows[1];
    let mut chi_square = 0.0;
    for column in &columns {
        for (seen, row) in column.iter().zip(rows) {
            let expected = (column[0] + column[1]) * row / n;
            chi_square += (seen - expected).powi(2) / expected;
        }
    }
    let dof = columns.len() as u64 - 1;
    let (before, after) = (shares(table[0]), shares(table[1]));
    Ok(Categorical {
        psi: before.iter().zip(&after).map(|(r, c)| (c - r) * (c / r).ln()).sum(),
        chi_square,
        dof,
        p: chi_square_tail(chi_square, dof),
        v: (chi_square / n).sqrt(),
    })
}

/// True where a drift is both large and sure.
pub fn alarms(psi: f64, p: AdjustedP) -> bool {
    psi > LARGE && p.value() < 0.05
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::compare::Draws;
    use crate::stats::multiple::{Method, adjust};

    fn drawn(n: usize, seed: u64, shift: f64) -> Vec<f64> {
        let mut draws = Draws::new(seed);
        (0..n).map(|_| draws.unit() + draws.unit() + shift).collect()
    }

    #[test]
    fn the_same_law_raises_no_alarm_and_another_does() {
        let alarm = |shift: f64, seed: u64| {
            let found = numeric(&drawn(300, seed, 0.0), &drawn(300, seed + 500, shift)).unwrap();
            alarms(found.psi, adjust(&[found.p], Method::BenjaminiHochberg)[0])
        };
        let false_alarms = (0..100).filter(|seed| alarm(0.0, *seed)).count();
        assert!(false_alarms <= 2, "{false_alarms}");
        assert!((0..20).all(|seed| alarm(0.6, seed)));
    }

    #[test]
    fn few_or_constant_values_say_nothing() {
        assert_eq!(numeric(&drawn(19, 1, 0.0), &drawn(300, 2, 0.0)).unwrap_err().more(), Some(1));
        assert_eq!(numeric(&[1.0; 30], &[1.0; 30]), Err(Withheld::Constant("value")));
        assert!(categorical([&[30, 0], &[40, 0]]).is_err());
        // Constant, but not the same constant: as far apart as can be.
        assert!((numeric(&[0.0; 30], &[1.0; 30]).unwrap().ks - 1.0).abs() < 1e-12);
    }

    #[test]
    fn two_by_two_by_hand() {
        let found = categorical([&[30, 10], &[20, 20]]).unwrap();
        // Expected 25 and 15: 2 · (25/25 + 25/15).
        assert!((found.chi_square - 2.0 * (1.0 + 25.0 / 15.0)).abs() < 1e-12);
        assert_eq!(found.dof, 1);
    }
}

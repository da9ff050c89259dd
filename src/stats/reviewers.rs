//! How several people agree, with labels missing.
//!
//! Invariant: no verdict on agreement below [`LEAST_UNITS`] units that two people labelled.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::{Draws, quantile};
use super::guard::{Guarded, Withheld, at_least};

/// Units labelled by two or more below which nothing is said of agreement.
pub const LEAST_UNITS: u64 = 30;

/// Resamples behind an interval.
const RESAMPLES: usize = 1_000;

/// What distances between labels mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Same or different.
    Nominal,
    /// Ranks.
    Ordinal,
    /// Numbers.
    Interval,
}

/// A coefficient with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alpha {
    /// 1 is perfect, 0 is chance.
    pub value: f64,
    /// At 95 %, by resampling units.
    pub interval: (f64, f64),
    /// Units with two or more labels.
    pub units: u64,
}

/// The labels of each unit, in any order; missing ones left out.
pub type Units<'a> = &'a [Vec<f64>];

fn doubled(units: Units<'_>) -> u64 {
    units.iter().filter(|unit| unit.len() > 1).count() as u64
}

/// Krippendorff's alpha, 1 - `D_o` / `D_e` on the matrix of coincidences (Krippendorff 2011), with a percentile bootstrap
/// over units.
///
/// # Errors
/// Guard: at least [`LEAST_UNITS`] units with two or more labels, and more than one value among them.
pub fn krippendorff(units: Units<'_>, level: Level, seed: u64) -> Guarded<Alpha> {
    at_least(doubled(units), LEAST_UNITS, "conversations labelled by two")?;
    let value = alpha_of(units, level).ok_or(Withheld::Constant("label"))?;
    let mut draws = Draws::new(seed);
    let resamples = (0..RESAMPLES).map(|_| draws.resample(units.len()));
    let interval = alpha_interval(units, level, resamples).ok_or(Withheld::Constant("label"))?;
    Ok(Alpha { value, interval, units: doubled(units) })
}

/// Quantiles (type 7) of alpha over these resamples of units; those in which it is undefined are left out.
pub(super) fn alpha_interval<I: AsRef<[usize]>>(
    units: Units<'_>,
    level: Level,
    resamples: impl Iterator<Item = I>,
) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = resamples
        .filter_map(|indices| {
            let chosen: Vec<&Vec<f64>> = indices.as_ref().iter().filter_map(|at| units.get(*at)).collect();
            alpha_of(&chosen, level)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    Some((quantile(&values, 0.025)?, quantile(&values, 0.975)?))
}

/// Alpha; `None` where one value stands alone.
pub(super) fn alpha_of<U: AsRef<[f64]>>(units: &[U], level: Level) -> Option<f64> {
    let mut values: Vec<f64> = units.iter().flat_map(AsRef::as_ref).copied().collect();
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let place: BTreeMap<u64, usize> = values.iter().enumerate().map(|(at, value)| (value.to_bits(), at)).collect();
    let size = values.len();
    let mut coincidences = vec![vec![0.0; size]; size];
    for unit in units.iter().map(AsRef::as_ref).filter(|unit| unit.len() > 1) {
        let weight = 1.0 / (unit.len() - 1) as f64;
        for (i, a) in unit.iter().enumerate() {
            for (j, b) in unit.iter().enumerate() {
                if i != j {
                    coincidences[*place.get(&a.to_bits())?][*place.get(&b.to_bits())?] += weight;
                }
            }
        }
    }
    let totals: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let n: f64 = totals.iter().sum();
    let (mut seen, mut expected) = (0.0, 0.0);
    for c in 0..size {
        for k in 0..size {
            let apart = distance(level, &values, &totals, (c, k));
            seen += coincidences[c][k] * apart;
            expected += totals[c] * totals[k] * apart;
        }
    }
    (expected > 0.0).then(|| 1.0 - (n - 1.0) * seen / expected)
}

fn distance(level: Level, values: &[f64], totals: &[f64], (c, k): (usize, usize)) -> f64 {
    match level {
        Level::Nominal => f64::from(u8::from(c != k)),
        Level::Interval => (values[c] - values[k]).powi(2),
        Level::Ordinal => {
            let (low, high) = (c.min(k), c.max(k));
            let between: f64 = totals[low..=high].iter().sum();
            (between - f64::midpoint(totals[low], totals[high])).powi(2)
        }
    }
}

/// Fleiss' kappa and Randolph's of units that equally many people labelled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fleiss {
    /// Chance as these labels are spread (Fleiss 1971).
    pub fleiss: f64,
    /// Chance even over all categories (Randolph 2005).
    pub randolph: f64,
    /// Units.
    pub units: u64,
}

/// Fleiss' kappa, (mean `P_i` - `P_e`) / (1 - `P_e`), of units with `r` labels each, each a category below `categories`.
///
/// # Errors
/// Guard: at least [`LEAST_UNITS`] units, all with the same number of labels, and more than one category among them.
pub fn fleiss(units: &[Vec<usize>], categories: usize) -> Guarded<Fleiss> {
    at_least(units.len() as u64, LEAST_UNITS, "conversations labelled by the same number of people")?;
    fleiss_unguarded(units, categories)
}

pub(super) fn fleiss_unguarded(units: &[Vec<usize>], categories: usize) -> Guarded<Fleiss> {
    let raters = units.first().map_or(0, Vec::len);
    if raters < 2 || units.iter().any(|unit| unit.len() != raters || unit.iter().any(|one| *one >= categories)) {
        return Err(Withheld::Unfit("not every conversation has the same number of labels, two or more"));
    }
    let r = raters as f64;
    let mut shares = vec![0.0; categories];
    let mut agreed = 0.0;
    for unit in units {
        let mut counts = vec![0.0; categories];
        for one in unit {
            counts[*one] += 1.0;
        }
        agreed += (counts.iter().map(|count| count * count).sum::<f64>() - r) / (r * (r - 1.0));
        for (share, count) in shares.iter_mut().zip(&counts) {
            *share += count / (r * units.len() as f64);
        }
    }
    let observed = agreed / units.len() as f64;
    let expected: f64 = shares.iter().map(|share| share * share).sum();
    if expected >= 1.0 {
        return Err(Withheld::Constant("label"));
    }
    let even = 1.0 / categories as f64;
    Ok(Fleiss {
        fleiss: (observed - expected) / (1.0 - expected),
        randolph: (observed - even) / (1.0 - even),
        units: units.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example() {
        // Krippendorff 2011, example B: two observers, ten units of 0 and 1.
        let a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
        let b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
        let units: Vec<Vec<f64>> = a.iter().zip(b).map(|(a, b)| vec![f64::from(*a), f64::from(b)]).collect();
        assert!((alpha_of(&units, Level::Nominal).unwrap() - 0.095_238).abs() < 1e-5);
        assert_eq!(krippendorff(&units, Level::Nominal, 1).unwrap_err().more(), Some(20));
    }

    #[test]
    fn one_value_alone_is_no_agreement() {
        assert!(krippendorff(&vec![vec![1.0, 1.0]; 40], Level::Nominal, 1).is_err());
        assert!(fleiss(&vec![vec![1, 1]; 40], 2).is_err());
        assert!(fleiss(&vec![vec![1, 0]; 29], 2).is_err());
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let units: Vec<Vec<f64>> =
            (0..40).map(|at| vec![f64::from(at % 2), f64::from(u8::from(at % 5 == 0))]).collect();
        let one = krippendorff(&units, Level::Nominal, 3).unwrap();
        assert_eq!(krippendorff(&units, Level::Nominal, 3), Ok(one));
        assert!(one.interval.0 <= one.value && one.value <= one.interval.1);
    }
}

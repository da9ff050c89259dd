//! How well scores rank failures first, and how far probabilities can be taken by their word.
//!
//! Invariant: an expected calibration error never stands without the value that a perfect predictor would get.

use serde::Serialize;

use super::compare::{Draws, quantile};
use super::guard::{Guarded, Withheld, at_least};
use super::rate::{most_when_none, wilson};
use super::special::normal_quantile;

/// A score per conversation and whether it failed; larger means more likely to fail.
pub type Judged<'a> = &'a [(f64, bool)];

/// The area under the ROC curve, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Auroc {
    /// The chance that a failure scores above a pass, half of ties counted: 0.5 is useless, below is upside down.
    pub value: f64,
    /// Its ends.
    pub interval: (f64, f64),
    /// Failures.
    pub failed: u64,
    /// Passes.
    pub passed: u64,
}

impl Auroc {
    /// True where the evaluator is sure to rank passes above failures.
    pub fn upside_down(&self) -> bool {
        self.interval.1 < 0.5
    }

    /// True where the interval holds 0.5: nothing shows that it ranks better than a coin.
    pub fn maybe_useless(&self) -> bool {
        self.interval.0 <= 0.5 && 0.5 <= self.interval.1
    }
}

fn both_classes(judged: Judged<'_>) -> Guarded<(u64, u64)> {
    let failed = judged.iter().filter(|(_, failed)| *failed).count() as u64;
    let passed = judged.len() as u64 - failed;
    at_least(failed, 1, "audit labels that say fail")?;
    at_least(passed, 1, "audit labels that say pass")?;
    if judged.iter().any(|(score, _)| !score.is_finite()) {
        return Err(Withheld::Unfit("a score is no number"));
    }
    Ok((failed, passed))
}

/// The area under the ROC curve, the Mann-Whitney statistic with ties counted half; interval by placement values (`DeLong`,
/// `DeLong` and Clarke-Pearson 1988), on the logit where it is inside 0 to 1.
///
/// # Errors
/// Guard: a failure and a pass are known, and not all scores are the same.
pub fn auroc(judged: Judged<'_>) -> Guarded<Auroc> {
    let (failed, passed) = both_classes(judged)?;
    if judged.windows(2).all(|pair| pair[0].0.total_cmp(&pair[1].0).is_eq()) {
        return Err(Withheld::Constant("score"));
    }
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The share of the other class that each one beats.
    let (mut of_failed, mut of_passed) = (Vec::new(), Vec::new());
    let (mut failed_below, mut passed_below) = (0_u64, 0_u64);
    for ties in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let fails = ties.iter().filter(|(_, failed)| *failed).count() as u64;
        let passes = ties.len() as u64 - fails;
        let beaten_passes = (passed_below as f64 + passes as f64 / 2.0) / passed as f64;
        let beating_fails = 1.0 - (failed_below as f64 + fails as f64 / 2.0) / failed as f64;
        of_failed.extend(std::iter::repeat_n(beaten_passes, fails as usize));
        of_passed.extend(std::iter::repeat_n(beating_fails, passes as usize));
        failed_below += fails;
        passed_below += passes;
    }
    let value = of_failed.iter().sum::<f64>() / failed as f64;
    let variance = spread(&of_failed, value) / failed as f64 + spread(&of_passed, value) / passed as f64;
    Ok(Auroc { value, interval: logit_interval(value, variance.sqrt(), failed.min(passed)), failed, passed })
}

/// The sample variance around a known mean; 0 for a single value.
fn spread(values: &[f64], mean: f64) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// A 95 % interval that stays between 0 and 1, of an area seen among `least` or more of either class.
///
/// Where the classes are apart, what is seen says nothing of how sure that is; then the bound is that of a share of which
/// all (or none) of `least` were seen, at one side.
fn logit_interval(value: f64, se: f64, least: u64) -> (f64, f64) {
    let room = most_when_none(least, 0.05);
    if value <= 0.0 || value >= 1.0 {
        return if value >= 1.0 { (1.0 - room, 1.0) } else { (0.0, room) };
    }
    let slope = value * (1.0 - value);
    if se <= 0.0 {
        return (0.0, 1.0);
    }
    let (logit, z) = ((value / (1.0 - value)).ln(), normal_quantile(0.975));
    let bound = |at: f64| 1.0 / (1.0 + (-at).exp());
    (bound(logit - z * se / slope), bound(logit + z * se / slope))
}

/// The same where several conversations are trials of one task, each with the number of its task: whole tasks are resampled
/// (cluster bootstrap, percentiles type 7).
///
/// # Errors
/// As [`auroc`].
pub fn auroc_of_tasks(judged: Judged<'_>, tasks: &[usize], seed: u64) -> Guarded<Auroc> {
    const RESAMPLES: usize = 500;
    let area = auroc(judged)?;
    if tasks.len() != judged.len() {
        return Err(Withheld::Unfit("there is not one task per score"));
    }
    let mut members: Vec<Vec<(f64, bool)>> = vec![Vec::new(); tasks.iter().max().map_or(0, |most| most + 1)];
    for (one, task) in judged.iter().zip(tasks) {
        members[*task].push(*one);
    }
    members.retain(|task| !task.is_empty());
    if members.len() == judged.len() {
        return Ok(area);
    }
    let mut draws = Draws::new(seed);
    let mut found: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let drawn: Vec<(f64, bool)> =
                draws.resample(members.len()).iter().flat_map(|at| members[*at].iter().copied()).collect();
            match auroc(&drawn) {
                Ok(area) => Some(area.value),
                // The few that differ were not drawn: nothing ranks. Leaving these out would shift the interval.
                Err(Withheld::Constant(_)) => Some(0.5),
                Err(_) => None,
            }
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let interval = quantile(&found, 0.025).zip(quantile(&found, 0.975));
    // What is apart in every resample is bounded by how many there are, as above.
    let interval = interval.filter(|(low, high)| low < high).unwrap_or(area.interval);
    Ok(Auroc { interval, ..area })
}

fn probabilities(judged: Judged<'_>) -> Guarded<()> {
    at_least(judged.len() as u64, 1, "audit labels")?;
    if judged.iter().all(|(p, _)| (0.0..=1.0).contains(p)) {
        Ok(())
    } else {
        Err(Withheld::Unfit("the scores are no probabilities"))
    }
}

/// Brier's score, mean (p - y)²: 0 is perfect, p(1 - p) of the base rate is what a constant gets (Brier 1950).
///
/// # Errors
/// Guard: probabilities from 0 to 1, at least one.
pub fn brier(judged: Judged<'_>) -> Guarded<f64> {
    probabilities(judged)?;
    let sum: f64 = judged.iter().map(|(p, failed)| (p - f64::from(u8::from(*failed))).powi(2)).sum();
    Ok(sum / judged.len() as f64)
}

/// One bin of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Conversations in it.
    pub n: u64,
    /// The mean of what was predicted.
    pub predicted: f64,
    /// The share that failed.
    pub observed: f64,
    /// Wilson's 95 % interval of `observed`.
    pub interval: (f64, f64),
}

fn bin(members: &[(f64, bool)]) -> Bin {
    let n = members.len() as u64;
    let k = members.iter().filter(|(_, failed)| *failed).count() as u64;
    Bin {
        n,
        predicted: members.iter().map(|(p, _)| p).sum::<f64>() / n.max(1) as f64,
        observed: k as f64 / n.max(1) as f64,
        interval: wilson(k, n, 0.05).unwrap_or((0.0, 1.0)),
    }
}

/// The calibration curve over bins of equal width, k = min(floor(p B), B - 1); empty bins are left out.
///
/// # Errors
/// Guard: probabilities from 0 to 1, at least one.
pub fn curve(judged: Judged<'_>, bins: usize) -> Guarded<Vec<Bin>> {
    probabilities(judged)?;
    let mut members = vec![Vec::new(); bins.max(1)];
    for (p, failed) in judged {
        members[((p * bins as f64) as usize).min(bins.max(1) - 1)].push((*p, *failed));
    }
    Ok(members.iter().filter(|members| !members.is_empty()).map(|members| bin(members)).collect())
}

/// The calibration curve over bins of equal size: sorted by p, ties as they came, the first n mod B one larger.
///
/// # Errors
/// Guard: probabilities from 0 to 1, at least one.
pub fn curve_by_mass(judged: Judged<'_>, bins: usize) -> Guarded<Vec<Bin>> {
    probabilities(judged)?;
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (size, larger) = (sorted.len() / bins.max(1), sorted.len() % bins.max(1));
    let mut rest = sorted.as_slice();
    let mut found = Vec::new();
    for at in 0..bins {
        let (members, after) = rest.split_at(size + usize::from(at < larger));
        rest = after;
        if !members.is_empty() {
            found.push(bin(members));
        }
    }
    Ok(found)
}

/// The error of a curve, sum `n_k` / n |observed - predicted|.
pub(super) fn error(curve: &[Bin]) -> f64 {
    let n: u64 = curve.iter().map(|bin| bin.n).sum();
    curve.iter().map(|bin| bin.n as f64 / n.max(1) as f64 * (bin.observed - bin.predicted).abs()).sum()
}

/// The expected calibration error beside what a perfectly calibrated predictor of the same probabilities would get.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationError {
    /// Over bins of equal width.
    pub ece: f64,
    /// Over bins of equal size.
    pub ece_by_mass: f64,
    /// The largest |observed - predicted| of a bin of equal width.
    pub largest: f64,
    /// The mean of `ece` under perfect calibration.
    pub null_mean: f64,
    /// Its 95th percentile: below this, nothing shows miscalibration.
    pub null_p95: f64,
}

impl CalibrationError {
    /// True where the error is larger than chance makes it.
    pub fn shows_miscalibration(&self) -> bool {
        self.ece > self.null_p95
    }
}

/// Draws of outcomes behind a null value.
const NULL_DRAWS: usize = 400;

/// The expected calibration error over `bins` bins (Naeini, Cooper and Hauskrecht 2015) with its null: outcomes drawn
/// `NULL_DRAWS` times from the probabilities themselves (consistency resampling, Bröcker and Smith 2007).
///
/// # Errors
/// Guard: probabilities from 0 to 1, at least one. Below about 200 labels the error is mostly noise, which is why the null
/// is always there.
pub fn calibration_error(judged: Judged<'_>, bins: usize, seed: u64) -> Guarded<CalibrationError> {
    let widths = curve(judged, bins)?;
    let mut draws = Draws::new(seed);
    let mut null: Vec<f64> = Vec::with_capacity(NULL_DRAWS);
    for _ in 0..NULL_DRAWS {
        let drawn: Vec<(f64, bool)> = judged.iter().map(|(p, _)| (*p, draws.unit() < *p)).collect();
        null.push(error(&curve(&drawn, bins)?));
    }
    null.sort_by(f64::total_cmp);
    Ok(CalibrationError {
        ece: error(&widths),
        ece_by_mass: error(&curve_by_mass(judged, bins)?),
        largest: widths.iter().map(|bin| (bin.observed - bin.predicted).abs()).fold(0.0, f64::max),
        null_mean: null.iter().sum::<f64>() / NULL_DRAWS as f64,
        null_p95: null[NULL_DRAWS * 95 / 100],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A predictor whose probabilities are true.
    fn perfect(n: usize, seed: u64) -> Vec<(f64, bool)> {
        let mut draws = Draws::new(seed);
        (0..n)
            .map(|_| {
                let p = draws.unit();
                (p, draws.unit() < p)
            })
            .collect()
    }

    #[test]
    fn ranking_by_hand() {
        // Of 2 x 2 pairs, three are right and one is tied.
        let judged = [(0.9, true), (0.5, true), (0.5, false), (0.1, false)];
        assert!((auroc(&judged).unwrap().value - 0.875).abs() < 1e-12);
        assert!(auroc(&[(0.5, true)]).unwrap_err().to_string().contains("say pass"));
    }

    #[test]
    fn the_interval_of_the_area_covers_and_finds_what_is_upside_down() {
        // Two triangular laws, failures shifted by half; what is true is estimated once from many.
        let draw = |n: usize, seed: u64| -> Vec<(f64, bool)> {
            let mut draws = Draws::new(seed);
            (0..n)
                .map(|at| {
                    let failed = at % 3 == 0;
                    (draws.unit() + draws.unit() + if failed { 0.5 } else { 0.0 }, failed)
                })
                .collect()
        };
        let truth = auroc(&draw(60_000, 1)).unwrap().value;
        let held = (0..400)
            .filter(|seed| {
                let (low, high) = auroc(&draw(60, 100 + seed)).unwrap().interval;
                low <= truth && truth <= high
            })
            .count();
        assert!((370..=395).contains(&held), "{held} of 400");
        let turned: Vec<(f64, bool)> = draw(120, 7).into_iter().map(|(score, failed)| (-score, failed)).collect();
        assert!(auroc(&turned).unwrap().upside_down());
        assert!(!auroc(&draw(120, 7)).unwrap().upside_down());
    }

    #[test]
    fn a_perfect_predictor_has_the_error_of_its_null() {
        // The null of n = 100 over ten bins is .100 in the mean.
        let errors: Vec<CalibrationError> =
            (1_000..1_100).map(|seed| calibration_error(&perfect(100, seed), 10, 7_000 + seed).unwrap()).collect();
        let mean = |of: fn(&CalibrationError) -> f64| errors.iter().map(of).sum::<f64>() / 100.0;
        assert!((mean(|error| error.ece) - mean(|error| error.null_mean)).abs() < 0.015);
        assert!((mean(|error| error.null_mean) - 0.1).abs() < 0.02);
        let alarms = errors.iter().filter(|error| error.shows_miscalibration()).count();
        assert!(alarms <= 11, "{alarms} of 100");
        let overconfident: Vec<(f64, bool)> =
            perfect(300, 1).into_iter().map(|(p, failed)| (if p > 0.5 { 0.99 } else { 0.01 }, failed)).collect();
        assert!(calibration_error(&overconfident, 10, 1).unwrap().shows_miscalibration());
    }

    #[test]
    fn what_is_apart_is_as_sure_as_there_are_labels() {
        let apart = |n: u32| -> Vec<(f64, bool)> { (0..2 * n).map(|at| (f64::from(at), at >= n)).collect() };
        let (few, many) = (auroc(&apart(2)).unwrap(), auroc(&apart(40)).unwrap());
        assert!(few.interval.0 < 0.5 && few.maybe_useless() && many.interval.0 > 0.9);
        assert_eq!(auroc(&[(0.5, true), (0.5, false)]), Err(Withheld::Constant("score")));
    }

    #[test]
    fn trials_of_a_task_make_no_interval_narrower() {
        let mut draws = Draws::new(11);
        let once: Vec<(f64, bool)> = (0..40).map(|at| (draws.unit() + f64::from(at % 2) / 2.0, at % 2 == 1)).collect();
        let four: Vec<(f64, bool)> = once.iter().flat_map(|one| [*one; 4]).collect();
        let tasks: Vec<usize> = (0..160).map(|at| at / 4).collect();
        let wide = |area: Auroc| area.interval.1 - area.interval.0;
        let (naive, honest) = (auroc(&four).unwrap(), auroc_of_tasks(&four, &tasks, 1).unwrap());
        assert!(wide(honest) > 1.6 * wide(naive), "{honest:?} {naive:?}");
        // One score that differs is no proof, however often it is drawn.
        let rare: Vec<(f64, bool)> = (0..40).map(|at| (f64::from(u8::from(at == 0)), at % 2 == 1)).collect();
        let pairs: Vec<usize> = (0..40).map(|at| at / 2).collect();
        assert!(!auroc_of_tasks(&rare, &pairs, 1).unwrap().upside_down());
        let alone: Vec<usize> = (0..40).collect();
        assert_eq!(auroc_of_tasks(&once, &alone, 1), auroc(&once));
    }

    #[test]
    fn scores_that_are_no_probabilities_have_no_brier() {
        assert!(brier(&[(1.5, true)]).is_err());
        assert!((brier(&[(0.5, true), (0.5, false)]).unwrap() - 0.25).abs() < 1e-15);
    }
}

//! How well scores tell failures apart, measured against known outcomes.
//!
//! Invariant: a score is measured only where it was given; failing is the positive class, and equal scores count half.

use serde::Serialize;

/// Draws of the bootstrap.
const DRAWS: usize = 500;

/// Above so many runs the interval is computed, not drawn.
const MOST_DRAWN: usize = 5_000;

/// Runs of each outcome it takes to say anything of an evaluator.
const ENOUGH: usize = 10;

/// What an evaluator is suspected of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It says the same of everything.
    Constant,
    /// It is better the worse things go: its interval lies below one half.
    UpsideDown,
    /// Its interval holds one half: on these runs it tells nothing for sure.
    Unsure,
    /// Too few runs of either outcome.
    TooFew,
}

impl Mark {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::UpsideDown => "upside down",
            Self::Unsure => "not told from chance",
            Self::TooFew => "too few",
        }
    }
}

/// How one evaluator stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Runs it gave a score.
    pub n: usize,
    /// Of them, those that failed.
    pub failed: usize,
    /// The probability that it rates a failed run worse than one that went well; `None` without both.
    pub auroc: Option<f64>,
    /// The 95 % interval of that.
    pub interval: Option<(f64, f64)>,
    /// `higher` or `lower` is better, as it was read.
    pub better: &'static str,
    /// How often it objected, and how often rightly; only where it says pass or fail.
    pub objections: Option<(usize, usize)>,
    /// What it is suspected of.
    pub mark: Option<Mark>,
}

/// What an evaluator said of each run: how bad (large is bad), and whether it passed.
pub type Said = (Option<f64>, Option<bool>);

/// Known outcomes, with groups of runs that are not independent.
#[derive(Debug)]
pub struct Truth {
    /// True where a run failed.
    pub failed: Vec<bool>,
    /// The group of each run.
    pub group: Vec<usize>,
}

impl Truth {
    /// Numbers the groups.
    pub fn new(runs: impl Iterator<Item = (bool, String)>) -> Self {
        let mut known = std::collections::HashMap::new();
        let (mut failed, mut group) = (Vec::new(), Vec::new());
        for (bad, name) in runs {
            let next = known.len();
            group.push(*known.entry(name).or_insert(next));
            failed.push(bad);
        }
        Self { failed, group }
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.group.iter().max().map_or(0, |largest| largest + 1)
    }

    /// How an evaluator stands that said this.
    pub fn standing(&self, name: &str, better: &'static str, said: &[Said]) -> Standing {
        let known: Vec<usize> = (0..said.len()).filter(|at| said[*at].0.is_some()).collect();
        let pairs: Vec<(bool, f64)> = known.iter().map(|at| (self.failed[*at], said[*at].0.unwrap_or(0.0))).collect();
        let failed = pairs.iter().filter(|pair| pair.0).count();
        let objected: Vec<bool> = said
            .iter()
            .zip(&self.failed)
            .filter(|((_, passed), _)| *passed == Some(false))
            .map(|(_, bad)| *bad)
            .collect();
        let says = said.iter().any(|(_, passed)| passed.is_some());
        let both = failed > 0 && failed < pairs.len();
        let auroc = both.then(|| area(pairs.clone()));
        let interval = auroc.map(|auroc| self.interval(&known, said, (auroc, failed)));
        let constant = pairs.windows(2).all(|pair| pair[0].1.total_cmp(&pair[1].1).is_eq());
        let mark = match interval {
            _ if failed < ENOUGH || pairs.len() - failed < ENOUGH => Some(Mark::TooFew),
            _ if constant => Some(Mark::Constant),
            Some((_, high)) if high < 0.5 => Some(Mark::UpsideDown),
            Some((low, _)) if low <= 0.5 => Some(Mark::Unsure),
            _ => None,
        };
        Standing {
            name: name.to_owned(),
            n: pairs.len(),
            failed,
            auroc,
            interval,
            better,
            objections: says.then(|| (objected.len(), objected.iter().filter(|bad| **bad).count())),
            mark,
        }
    }

    fn interval(&self, known: &[usize], said: &[Said], (auroc, failed): (f64, usize)) -> (f64, f64) {
        if known.len() > MOST_DRAWN {
            return spread(auroc, failed as f64, (known.len() - failed) as f64);
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.groups()];
        for at in known {
            members[self.group[*at]].push(*at);
        }
        members.retain(|group| !group.is_empty());
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below.max(1) as u64) as usize
        };
        let mut found: Vec<f64> = (0..DRAWS)
            .filter_map(|_| {
                let mut pairs = Vec::with_capacity(known.len());
                for _ in 0..members.len() {
                    let group = &members[draw(members.len())];
                    pairs.extend(group.iter().map(|at| (self.failed[*at], said[*at].0.unwrap_or(0.0))));
                }
                let bad = pairs.iter().filter(|pair| pair.0).count();
                (bad > 0 && bad < pairs.len()).then(|| area(pairs))
            })
            .collect();
        found.sort_by(f64::total_cmp);
        let at = |share: f64| found.get(((found.len() as f64) * share) as usize).copied().unwrap_or(auroc);
        (at(0.025), at(0.975))
    }
}

/// The probability that a failed run has the larger value, ties counted half.
pub fn area(mut pairs: Vec<(bool, f64)>) -> f64 {
    pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut below, mut won) = (0.0, 0.0);
    for equal in pairs.chunk_by(|a, b| a.1.total_cmp(&b.1).is_eq()) {
        let good = equal.iter().filter(|pair| !pair.0).count() as f64;
        let bad = equal.len() as f64 - good;
        won += bad * (below + good / 2.0);
        below += good;
    }
    won / (below * (pairs.len() as f64 - below)).max(1.0)
}

/// The interval of an area by the standard error of Hanley and `McNeil`, for many runs.
fn spread(auroc: f64, bad: f64, good: f64) -> (f64, f64) {
    let (q1, q2) = (auroc / (2.0 - auroc), 2.0 * auroc * auroc / (1.0 + auroc));
    let square = auroc * auroc;
    let variance = (auroc * (1.0 - auroc) + (bad - 1.0) * (q1 - square) + (good - 1.0) * (q2 - square)) / (bad * good);
    let half = 1.96 * variance.max(0.0).sqrt();
    ((auroc - half).max(0.0), (auroc + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(count: usize) -> Truth {
        Truth::new((0..count).map(|at| (at % 2 == 0, (at / 4).to_string())))
    }

    fn standing(say: impl Fn(usize) -> Option<f64>) -> Standing {
        let said: Vec<Said> = (0..200).map(|at| (say(at), None)).collect();
        truth(200).standing("x", "higher", &said)
    }

    #[test]
    fn areas_count_ties_half() {
        let area = |values: &[(u8, f64)]| area(values.iter().map(|(bad, value)| (*bad == 1, *value)).collect());
        let is = |values: &[(u8, f64)], wanted: f64| assert!((area(values) - wanted).abs() < 1e-12, "{values:?}");
        is(&[(1, 2.0), (0, 1.0)], 1.0);
        is(&[(1, 1.0), (0, 1.0)], 0.5);
        is(&[(1, 1.0), (1, 3.0), (0, 2.0), (0, 1.0)], 0.625);
    }

    #[test]
    fn marks_tell_constant_upside_down_and_chance_apart() {
        assert_eq!(standing(|_| Some(0.3)).mark, Some(Mark::Constant));
        let noisy =
            |at: usize, sign: f64| Some(sign * f64::from(u8::from(at.is_multiple_of(2))) + (at * 7 % 13) as f64 / 6.0);
        assert_eq!(standing(|at| noisy(at, 1.0)).mark, None);
        assert_eq!(standing(|at| noisy(at, -1.0)).mark, Some(Mark::UpsideDown));
        assert_eq!(standing(|at| Some((at * 7 % 13) as f64)).mark, Some(Mark::Unsure));
        assert_eq!(standing(|at| (at < 12).then_some(at as f64)).mark, Some(Mark::TooFew));
        assert_eq!(standing(|_| None).auroc, None);
    }

    #[test]
    fn the_computed_interval_is_close_to_the_drawn_one() {
        let value = |at: u32| f64::from(u8::from(at.is_multiple_of(2))) + f64::from(at * 7 % 13) / 6.0;
        let said: Vec<Said> = (0..400).map(|at| (Some(value(at)), None)).collect();
        let truth = Truth::new((0..400).map(|at| (at % 2 == 0, at.to_string())));
        let one = truth.standing("x", "higher", &said);
        let (low, high) = spread(one.auroc.unwrap(), 200.0, 200.0);
        let (drawn_low, drawn_high) = one.interval.unwrap();
        assert!(
            (low - drawn_low).abs() < 0.02 && (high - drawn_high).abs() < 0.02,
            "{low} {drawn_low} {high} {drawn_high}"
        );
    }
}

//! How likely a conversation failed, before anybody has labelled one, and why in words.
//!
//! Invariant: the weights are fixed and were set without the data they are reported on; a conversation in which nothing
//! happened has no probability at all, rather than a low one.

use serde::{Deserialize, Serialize};

use super::features::{Feature, Features};
use crate::model::score::Reason;

/// A probability with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspicion {
    /// From 0 to 1; `None` where there is nothing to judge.
    pub p_fail: Option<f64>,
    /// What moved it most, largest first: at most two.
    pub reasons: Vec<Reason>,
}

/// A graded number with its usual value and spread, of `ln(1 + v)` for counts. All of them say "more was done, said or
/// asked than usual": doing too much, not too little, is how tool-calling agents fail.
struct Graded {
    feature: Feature,
    count: bool,
    mean: f64,
    spread: f64,
}

/// The graded numbers. Their usual values and spreads are those of two sets of service runs, outcomes not looked at.
static GRADED: [Graded; 10] = [
    Graded { feature: Feature::Steps, count: true, mean: 3.0, spread: 0.4 },
    Graded { feature: Feature::Words, count: true, mean: 6.1, spread: 0.5 },
    Graded { feature: Feature::DoneWrites, count: true, mean: 0.6, spread: 0.5 },
    Graded { feature: Feature::WritesOnOne, count: true, mean: 0.5, spread: 0.4 },
    Graded { feature: Feature::RepeatedCalls, count: true, mean: 0.06, spread: 0.25 },
    Graded { feature: Feature::ToolErrors, count: true, mean: 0.12, spread: 0.36 },
    Graded { feature: Feature::Ungrounded, count: true, mean: 0.04, spread: 0.17 },
    Graded { feature: Feature::Invented, count: true, mean: 0.02, spread: 0.12 },
    Graded { feature: Feature::UnconfirmedShare, count: false, mean: 0.12, spread: 0.31 },
    Graded { feature: Feature::Conditions, count: true, mean: 0.5, spread: 0.56 },
];

/// What one spread more of any graded number is worth: the same for all, so that no set of outcomes was fitted.
const STEP: f64 = 0.25;

/// A fault that stands for itself: what one of them is worth.
const FAULTS: [(Feature, f64); 11] = [
    (Feature::FalseClaims, 2.4),
    (Feature::Unconfirmed, 1.4),
    (Feature::Malformed, 0.8),
    (Feature::WrongTool, 1.6),
    (Feature::Ignored, 1.2),
    (Feature::Loops, 0.3),
    (Feature::BrokenRules, 1.2),
    (Feature::CrewFaults, 1.2),
    (Feature::OtherFaults, 0.7),
    (Feature::AnnoyedShare, 1.0),
    (Feature::Abandoned, 0.3),
];

/// The logit before anything is known: failures are the rarer case.
const BASE: f64 = -0.4;

/// A short conversation is no sign of success: below the usual, a graded number counts for no more than this.
const LEAST: f64 = -1.0;

/// What a mismatch with expected calls is worth, and what a match is.
const MISMATCH: (f64, f64) = (4.0, -4.0);

/// The fixed prior.
pub fn prior(features: &Features) -> Suspicion {
    let p_fail = p_fail(features);
    if p_fail.is_none() {
        return Suspicion { p_fail, reasons: Vec::new() };
    }
    let mut moves = moved_by(features);
    moves.retain(|moved| moved.weight.abs() >= 0.05);
    moves.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.called().cmp(b.called())));
    moves.truncate(2);
    let reasons = moves.iter().map(|moved| Reason { words: moved.words(features), weight: moved.weight }).collect();
    Suspicion { p_fail, reasons }
}

/// How likely a failure is by the fixed prior, without a reason in words; `None` where nothing happened.
pub fn p_fail(features: &Features) -> Option<f64> {
    let is_empty = features.get(Feature::Steps) < 1.0 && features.get(Feature::HasReference) < 1.0;
    (!is_empty).then(|| 1.0 / (1.0 + (-logit(features)).exp()))
}

/// What moves the prior's logit, by the feature that does it.
pub(super) fn moves(features: &Features) -> impl Iterator<Item = (Feature, f64)> {
    moved_by(features).into_iter().map(|moved| {
        let feature = match moved.by {
            By::Graded(graded) => graded.feature,
            By::Fault(feature) => feature,
            By::Reference(_) => Feature::Mismatch,
        };
        (feature, moved.weight)
    })
}

/// The prior's logit, for a model that learns on top of it.
pub(super) fn logit(features: &Features) -> f64 {
    BASE + moved_by(features).iter().map(|moved| moved.weight).sum::<f64>()
}

/// Something that moves the logit; its words are made only when they are shown.
struct Moved {
    by: By,
    weight: f64,
}

enum By {
    Graded(&'static Graded),
    Fault(Feature),
    Reference(&'static str),
}

/// Everything that moves the logit, largest or not.
fn moved_by(features: &Features) -> Vec<Moved> {
    let mut moves = Vec::with_capacity(GRADED.len() + FAULTS.len());
    moves.extend(GRADED.iter().map(|graded| Moved { by: By::Graded(graded), weight: graded.weight(features) }));
    for (feature, weight) in FAULTS {
        let count = features.get(feature);
        if count > 0.0 {
            moves.push(Moved { by: By::Fault(feature), weight: weight * count.min(3.0).sqrt() });
        }
    }
    if features.get(Feature::HasReference) > 0.0 {
        let mismatch = features.get(Feature::Mismatch);
        moves.push(if mismatch > 0.0 {
            Moved { by: By::Reference("changes differ from the expected ones"), weight: MISMATCH.0 + mismatch }
        } else {
            Moved { by: By::Reference("changes are the expected ones"), weight: MISMATCH.1 }
        });
    }
    moves
}

impl Moved {
    /// What its words begin with: none of them begins another.
    fn called(&self) -> &'static str {
        match self.by {
            By::Graded(graded) => graded.feature.words(),
            By::Fault(feature) => feature.words(),
            By::Reference(words) => words,
        }
    }

    fn words(&self, features: &Features) -> String {
        match self.by {
            By::Graded(graded) => graded.words(features),
            By::Fault(feature) => {
                let (count, words) = (features.get(feature), feature.words());
                if count > 1.0 { format!("{words} ({count})") } else { words.to_owned() }
            }
            By::Reference(words) => words.to_owned(),
        }
    }
}

/// A number in words, with which side of the usual it is on.
pub(super) fn measured(feature: Feature, value: f64, deviation: f64) -> String {
    let words = feature.words();
    match (words.strip_prefix("share of "), deviation > 0.0, deviation < 0.0) {
        (Some(words), ..) => format!("{words} ({:.0} %)", value * 100.0),
        (None, true, _) if value.fract() == 0.0 && value > 1.0 => format!("many {words} ({value})"),
        (None, _, true) if value.fract() == 0.0 && value > 1.0 => format!("few {words} ({value})"),
        _ if value == 0.0 => format!("no {words}"),
        _ if value.fract() == 0.0 => format!("{words} ({value})"),
        _ => format!("{words} {value:.2}"),
    }
}

impl Graded {
    fn deviation(&self, features: &Features) -> f64 {
        let value = features.get(self.feature);
        let scaled = if self.count { value.max(0.0).ln_1p() } else { value };
        ((scaled - self.mean) / self.spread).clamp(LEAST, 3.0)
    }

    fn weight(&self, features: &Features) -> f64 {
        STEP * self.deviation(features)
    }

    fn words(&self, features: &Features) -> String {
        measured(self.feature, features.get(self.feature), self.deviation(features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_words_for_people() {
        for (feature, value, deviation, words) in [
            (Feature::Steps, 31.0, 1.2, "many messages and calls (31)"),
            (Feature::Steps, 3.0, -0.8, "few messages and calls (3)"),
            (Feature::ToolErrors, 1.0, 1.5, "failed calls (1)"),
            (Feature::ToolErrors, 0.0, -0.3, "no failed calls"),
            (Feature::UnconfirmedShare, 0.5, 1.2, "changes without a yes (50 %)"),
            (Feature::AgentWords, 12.5, 1.0, "words per answer 12.50"),
        ] {
            assert_eq!(measured(feature, value, deviation), words);
        }
    }
}

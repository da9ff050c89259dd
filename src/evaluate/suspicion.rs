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
    words: &'static str,
}

/// The graded numbers. Their usual values and spreads are those of two sets of service runs, outcomes not looked at.
static GRADED: [Graded; 10] = [
    Graded { feature: Feature::Steps, count: true, mean: 3.0, spread: 0.4, words: "messages and calls" },
    Graded { feature: Feature::Words, count: true, mean: 6.1, spread: 0.5, words: "words said" },
    Graded { feature: Feature::DoneWrites, count: true, mean: 0.6, spread: 0.5, words: "changes made" },
    Graded { feature: Feature::WritesOnOne, count: true, mean: 0.5, spread: 0.4, words: "changes to one record" },
    Graded {
        feature: Feature::RepeatedCalls,
        count: true,
        mean: 0.06,
        spread: 0.25,
        words: "calls repeated unchanged",
    },
    Graded { feature: Feature::ToolErrors, count: true, mean: 0.12, spread: 0.36, words: "failed calls" },
    Graded { feature: Feature::Ungrounded, count: true, mean: 0.04, spread: 0.17, words: "values nobody had named" },
    Graded {
        feature: Feature::Invented,
        count: true,
        mean: 0.02,
        spread: 0.12,
        words: "references that occur nowhere",
    },
    Graded {
        feature: Feature::UnconfirmedShare,
        count: false,
        mean: 0.12,
        spread: 0.31,
        words: "share of changes without a yes",
    },
    Graded { feature: Feature::Conditions, count: true, mean: 0.5, spread: 0.56, words: "conditions in the request" },
];

/// What one spread more of any graded number is worth: the same for all, so that no set of outcomes was fitted.
const STEP: f64 = 0.25;

/// A fault that stands for itself: what one of them is worth, and its words.
const FAULTS: [(Feature, f64, &str); 11] = [
    (Feature::FalseClaims, 2.4, "success claimed without a call behind it"),
    (Feature::Unconfirmed, 1.4, "irreversible step nobody asked for"),
    (Feature::Malformed, 0.8, "malformed or unknown call"),
    (Feature::WrongTool, 1.6, "another tool fits the customer's words better"),
    (Feature::Ignored, 1.2, "request for a person not met"),
    (Feature::Loops, 0.3, "going round in circles"),
    (Feature::BrokenRules, 1.2, "policy rule broken"),
    (Feature::CrewFaults, 1.2, "fault within the crew"),
    (Feature::OtherFaults, 0.7, "contradiction, cut-off reply or fallback"),
    (Feature::AnnoyedShare, 1.0, "the customer sounds annoyed"),
    (Feature::Abandoned, 0.3, "ends on an open question"),
];

/// The logit before anything is known: failures are the rarer case.
const BASE: f64 = -0.4;

/// A short conversation is no sign of success: below the usual, a graded number counts for no more than this.
const LEAST: f64 = -1.0;

/// What a mismatch with expected calls is worth, and what a match is.
const MISMATCH: (f64, f64) = (4.0, -4.0);

/// The fixed prior.
pub fn prior(features: &Features) -> Suspicion {
    if features.get(Feature::Steps) < 1.0 && features.get(Feature::HasReference) < 1.0 {
        return Suspicion { p_fail: None, reasons: Vec::new() };
    }
    let mut moves = moved_by(features);
    let logit = BASE + moves.iter().map(|moved| moved.weight).sum::<f64>();
    moves.retain(|moved| moved.weight.abs() >= 0.05);
    moves.sort_by(|a, b| {
        b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.words(features).cmp(&b.words(features)))
    });
    moves.truncate(2);
    let reasons = moves.iter().map(|moved| Reason { words: moved.words(features), weight: moved.weight }).collect();
    Suspicion { p_fail: Some(1.0 / (1.0 + (-logit).exp())), reasons }
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
    Fault(Feature, &'static str),
    Reference(&'static str),
}

/// Everything that moves the logit, largest or not.
fn moved_by(features: &Features) -> Vec<Moved> {
    let mut moves = Vec::with_capacity(GRADED.len() + FAULTS.len());
    moves.extend(GRADED.iter().map(|graded| Moved { by: By::Graded(graded), weight: graded.weight(features) }));
    for (feature, weight, words) in FAULTS {
        let count = features.get(feature);
        if count > 0.0 {
            moves.push(Moved { by: By::Fault(feature, words), weight: weight * count.min(3.0).sqrt() });
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
    fn words(&self, features: &Features) -> String {
        match self.by {
            By::Graded(graded) => graded.words(features),
            By::Fault(feature, words) => {
                let count = features.get(feature);
                if count > 1.0 { format!("{words} ({count})") } else { words.to_owned() }
            }
            By::Reference(words) => words.to_owned(),
        }
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
        let value = features.get(self.feature);
        let shown = if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.2}") };
        let height = if self.deviation(features) >= 0.0 { "high" } else { "low" };
        format!("{} {shown} ({height})", self.words)
    }
}

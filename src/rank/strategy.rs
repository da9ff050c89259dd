//! The strategies by which a queue may be ordered: one table, from which names, help and documentation come.
//!
//! Invariant: each strategy has one formula, and the order it gives is total, since ties are broken by a hash of the id.

use std::fmt;
use std::str::FromStr;

/// How a queue is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// By what labels taught.
    #[default]
    Learnt,
    /// By how unsure agent, evaluators and ranker are.
    LowConfidence,
    /// Only where evaluators disagree.
    Contradictory,
    /// By how far changes are from the expected ones.
    Mismatch,
    /// At random.
    Random,
    /// By what a failure costs.
    Impact,
    /// All intents in turn.
    Stratified,
    /// What is least like anything seen.
    Diverse,
    /// Labels that surprise, for a second pair of eyes.
    SecondReview,
    /// Labels to be given again.
    Relabel,
    /// What somebody flagged.
    Flagged,
    /// As it was given.
    Manual,
    /// A mix for a session of a group.
    Weekly,
}

/// What is known of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrategyInfo {
    /// The strategy.
    pub strategy: Strategy,
    /// What it is called.
    pub name: &'static str,
    /// What it is for, in a line.
    pub line: &'static str,
    /// The order, exactly.
    pub formula: &'static str,
}

const fn info(strategy: Strategy, name: &'static str, line: &'static str, formula: &'static str) -> StrategyInfo {
    StrategyInfo { strategy, name, line, formula }
}

/// All of them, the default first.
pub const STRATEGIES: [StrategyInfo; 13] = [
    info(
        Strategy::Learnt,
        "learnt",
        "most likely failures first, learnt from every label; finds most failures per label",
        "P(fail) = sigma(w.x), largest first; where more than 40 % of at least 10 audited failed, every second one by smallest |P - 0.5|; at most 3 near-duplicates in 20",
    ),
    info(
        Strategy::LowConfidence,
        "low-confidence",
        "where agent, evaluators or ranker are least sure",
        "(1 - c) + (1 - |2P - 1|), largest first; c is the lowest recorded confidence, or the mean of the pool where none is; P counts from the first pass and fail on",
    ),
    info(
        Strategy::Contradictory,
        "contradictory",
        "only conversations that some evaluators pass and others fail; a filter, since disagreement as an order is worse than random",
        "passes >= 1 and fails >= 1, else left out; then as learnt",
    ),
    info(
        Strategy::Mismatch,
        "mismatch",
        "where expected calls are known, the farthest from them first",
        "1 - match with the expected changes, largest first, then P(fail); without expected calls last",
    ),
    info(
        Strategy::Random,
        "random",
        "at random; every label tells about the whole pool",
        "the audit list: a permutation drawn from the seed (Fisher-Yates)",
    ),
    info(
        Strategy::Impact,
        "impact",
        "where a failure costs most",
        "P (1 + s/4) (1 + d) (1 + ln(1 + r)) (1 + v), largest first; s mean severity of failures of its intent so far (else 2.5), d dissatisfaction 0 to 1, r repeat contacts, v share of its intent in the pool",
    ),
    info(
        Strategy::Stratified,
        "stratified",
        "all intents in turn, at random within each",
        "the k-th conversations of all intents, large intents first, before the k+1-th; within an intent by the audit list",
    ),
    info(
        Strategy::Diverse,
        "diverse",
        "least like what was labelled or stands before it (k-center)",
        "largest distance |x - x'| to the nearest labelled or earlier one, first; the first is the farthest from the mean",
    ),
    info(
        Strategy::SecondReview,
        "second-review",
        "labels that surprise the ranker, audited ones first: likely slips",
        "labelled by one reviewer; audited before others, then |y - P without this label|, largest first",
    ),
    info(
        Strategy::Relabel,
        "relabel",
        "labels to be given again: those of conversations that changed, then the oldest",
        "labelled; changed since before others, then by when they were labelled, earliest first",
    ),
    info(
        Strategy::Flagged,
        "flagged",
        "only conversations that a person or a rule flagged",
        "flags >= 1, else left out; number of flags, largest first, then P(fail)",
    ),
    info(Strategy::Manual, "manual", "in the order in which they were given", "place in the list, else left out"),
    info(
        Strategy::Weekly,
        "weekly",
        "for a session of a group: what was left unresolved, learnt failures, unsure ones, and the audit share",
        "unresolved first; then of four ranked slots three as learnt and one as low-confidence",
    ),
];

impl Strategy {
    /// What is known of it.
    pub fn info(self) -> &'static StrategyInfo {
        STRATEGIES.iter().find(|info| info.strategy == self).unwrap_or(&STRATEGIES[0])
    }

    /// Whether it orders what was labelled already.
    pub fn is_again(self) -> bool {
        matches!(self, Self::SecondReview | Self::Relabel)
    }

    /// Whether one slot in five goes to the audit list unless asked otherwise: where the order depends on what is
    /// likely to have failed, and unlabelled conversations are served.
    pub fn has_audit(self) -> bool {
        !self.is_again() && !matches!(self, Self::Random | Self::Manual | Self::Flagged)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// There is no strategy of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no strategy \"{0}\"; `aftercall strategies` lists them")]
pub struct UnknownStrategy(pub String);

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = STRATEGIES.iter().find(|info| info.name.eq_ignore_ascii_case(name));
        found.map(|info| info.strategy).ok_or_else(|| UnknownStrategy(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_row_and_is_found_by_its_name() {
        let names: std::collections::BTreeSet<&str> = STRATEGIES.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), STRATEGIES.len());
        for info in STRATEGIES {
            assert_eq!(info.name.parse(), Ok(info.strategy));
            assert_eq!(info.strategy.to_string(), info.name);
        }
        assert!("nonsense".parse::<Strategy>().is_err());
    }
}

//! What became of a decision: did the failure mode that it answers get rarer?
//!
//! Invariant: both rates come from audit labels only, and a difference is told only with its interval; where it may be
//! chance, that is said, and how many labels are missing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::compare::needs_apart;
use super::queue;
use super::session::SessionError;
use super::workspace::Workspace;
use crate::model::codebook::Codebook;
use crate::model::decision::Decision;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::stats::compare::{TwoRates, two_rates};
use crate::stats::guard::{self, Guarded};
use crate::stats::rate::Rate;

/// How long before and after a decision was closed conversations are looked at.
const WEEKS: i64 = 4;

const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;

/// What became of a mode. The fields and their names are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// The failure mode, by key.
    pub mode: String,
    /// How many weeks on each side count, by when conversations began.
    pub weeks: i64,
    /// Of the audited conversations before the decision was closed, the share with the mode.
    #[serde(serialize_with = "guard::serialize")]
    pub before: Guarded<Rate>,
    /// Of those after.
    #[serde(serialize_with = "guard::serialize")]
    pub after: Guarded<Rate>,
    /// The share after minus the share before, with Newcombe's interval.
    #[serde(serialize_with = "guard::serialize")]
    pub difference: Guarded<TwoRates>,
    /// `fell`, `rose`, or `too few labels to tell`.
    pub verdict: &'static str,
    /// How many more audit labels it takes on each side, where it cannot be told.
    pub needs: Option<u64>,
}

/// What became of the mode that a closed decision answers; `None` while it is open, or where it names no mode.
///
/// # Errors
/// The database cannot be read.
pub fn effect(workspace: &Workspace, decision: &Decision, now: Timestamp) -> Result<Option<Effect>, SessionError> {
    Ok(ByLot::of(workspace, std::slice::from_ref(decision))?.effect(decision, now))
}

/// What audits found, read once for several decisions.
///
/// Audit labels of all queues count whose filter chooses nothing but times and labels: what a queue of one intent drew says
/// nothing of all conversations.
#[derive(Debug, Default)]
pub struct ByLot {
    codebook: Codebook,
    /// When each conversation began, and the modes of those that failed.
    found: Vec<(Timestamp, Vec<String>)>,
}

impl ByLot {
    /// What these decisions are measured by; nothing is read where none of them can be.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(workspace: &Workspace, decisions: &[Decision]) -> Result<Self, SessionError> {
        if !decisions.iter().any(|decision| decision.closed.is_some() && decision.spec.mode.is_some()) {
            return Ok(Self::default());
        }
        let (store, audited) = (workspace.store(), audited(workspace)?);
        let ids: Vec<ConversationId> = audited.keys().cloned().collect();
        let mut found = Vec::new();
        for summary in store.summaries(&ids, workspace.reviewer())? {
            let Some(began) = summary.started_at else { continue };
            let failed = audited.get(&summary.id).copied().unwrap_or(false);
            found.push((began, if failed { summary.modes } else { Vec::new() }));
        }
        Ok(Self { codebook: store.codebook()?, found })
    }

    /// What became of the mode that a closed decision answers; `None` while it is open, or where it names no mode.
    pub fn effect(&self, decision: &Decision, now: Timestamp) -> Option<Effect> {
        let (closed, mode) = (decision.closed.as_ref()?, decision.spec.mode.as_ref()?);
        let mode = self.codebook.resolve(mode);
        let (mut before, mut after) = ((0, 0), (0, 0));
        for (began, modes) in &self.found {
            let since = began.0 - closed.at.0;
            let side = match since {
                since if (-WEEKS * WEEK..0).contains(&since) => &mut before,
                since if (0..WEEKS * WEEK).contains(&since) && *began <= now => &mut after,
                _ => continue,
            };
            *side = (side.0 + u64::from(modes.contains(&mode)), side.1 + 1);
        }
        Some(compared(mode, before, after))
    }
}

fn compared(mode: String, before: (u64, u64), after: (u64, u64)) -> Effect {
    let difference = two_rates(before, after, 0.05);
    let verdict = match &difference {
        Ok(found) if found.interval.1 < 0.0 => "fell",
        Ok(found) if found.interval.0 > 0.0 => "rose",
        _ => "too few labels to tell",
    };
    let open = verdict == "too few labels to tell";
    let needs = needs_apart(before, after).map(|needs| needs.labels).filter(|labels| open && *labels > 0);
    Effect {
        mode,
        weeks: WEEKS,
        before: Rate::of(before.0, before.1, None),
        after: Rate::of(after.0, after.1, None),
        difference,
        verdict,
        needs,
    }
}

/// The conversations that audit slots have come to and that were judged pass or fail, each with whether it failed; of
/// several queues any fail counts, since an audit is there to find them. What was judged before its turn came, in the order
/// of the ranker or elsewhere, counts as well: left out, the most suspicious ones would be missing.
fn audited(workspace: &Workspace) -> Result<BTreeMap<ConversationId, bool>, SessionError> {
    let store = workspace.store();
    let (mut found, covered) = (BTreeMap::new(), store.covered(workspace.reviewer())?);
    for stored in store.queues()? {
        if Filter::parse(&stored.spec.filter).map_or(true, |filter| filter.chooses_content()) {
            continue;
        }
        for (id, failed) in queue::reached_by_lot(workspace, &stored)? {
            if let Some(failed) = failed.filter(|_| !covered.hides(&id)) {
                *found.entry(id).or_insert(false) |= failed;
            }
        }
    }
    Ok(found)
}

impl Effect {
    /// In a line.
    pub fn words(&self) -> String {
        let (before, after) = match (&self.before, &self.after) {
            (Ok(before), Ok(after)) => (before.words(), after.words()),
            (Ok(before), Err(_)) => (before.words(), "no audit labels yet".to_owned()),
            (Err(_), Ok(after)) => ("no audit labels".to_owned(), after.words()),
            (Err(_), Err(_)) => return "too few labels to tell: no audit labels around its closing".to_owned(),
        };
        let mut line = format!("before {before}, after {after}");
        if let Ok(found) = &self.difference {
            let points = |share: f64| share * 100.0;
            let (low, high) = (points(found.interval.0), points(found.interval.1));
            let _ = write!(line, ", {:+.0} points [{low:+.0} to {high:+.0}]", points(found.difference));
        }
        line.push_str(": ");
        line.push_str(self.verdict);
        if let Some(needs) = self.needs {
            let _ = write!(line, ", {needs} more audit labels needed on each side");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_fall_is_told_and_an_unclear_one_is_not() {
        let clear = compared("loop".into(), (30, 100), (8, 100));
        assert_eq!((clear.verdict, clear.needs), ("fell", None));
        assert!(clear.words().starts_with("before 30/100 = 30 % ["), "{}", clear.words());
        let unclear = compared("loop".into(), (3, 20), (1, 15));
        assert_eq!(unclear.verdict, "too few labels to tell");
        assert!(unclear.needs.is_some_and(|needs| needs > 20), "{unclear:?}");
        let none = compared("loop".into(), (3, 20), (0, 0));
        assert_eq!((none.verdict, none.needs), ("too few labels to tell", None));
        assert_eq!(compared("loop".into(), (8, 100), (30, 100)).verdict, "rose");
    }
}

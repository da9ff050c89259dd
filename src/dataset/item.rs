//! A conversation with labels that are settled, and what its reviewers say together.
//!
//! Invariant: only what every verdict agrees on becomes data; what is left out is left out for a named reason.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::id::TranscriptHash;
use crate::model::label::{Label, LabelState, StepPointer, Verdict};
use crate::model::tool::canonical_json;

/// What every exporter is given: one conversation that has a settled verdict.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The conversation, masked where masking is on.
    pub conversation: &'a Conversation,
    /// The hash of its exact text; a masked conversation has another.
    pub transcript_hash: &'a TranscriptHash,
    /// The labels with a verdict on this text, in reviewer order; never empty.
    pub labels: &'a [Label],
    /// The verdict they agree on.
    pub verdict: Verdict,
    /// Names and version of the failure modes.
    pub codebook: &'a Codebook,
    /// What all conversations of one customer, or of one family, share.
    pub group_key: &'a str,
    /// How it was masked.
    pub masking: &'a Masking,
    /// How it came into the dataset.
    pub provenance: Provenance<'a>,
}

/// How a conversation came into a dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Provenance<'a> {
    /// The dataset, where the rows are of one.
    pub dataset: Option<&'a str>,
    /// Its split.
    pub split: Option<&'static str>,
    /// How its reviewers came to agree: `single`, `unanimous` or `adjudicated`.
    pub agreement: &'a str,
    /// How likely it was to be chosen for review, where that was recorded.
    pub inclusion_probability: Option<f64>,
}

/// How personal data was treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Masking {
    /// `pseudonyms`, or `none` where a reason was given for keeping it.
    pub policy: String,
    /// The version of the rules.
    pub version: u32,
}

/// Why a conversation's labels are not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettled {
    /// Nobody said anything.
    NotLabelled,
    /// Put off by everyone who opened it.
    Skipped,
    /// Notes or corrections, but no verdict.
    Draft,
    /// Verdicts that differ.
    Disputed,
    /// The verdict judged an earlier text.
    Stale,
    /// Its queue asks for more reviews than it has.
    Waiting,
}

impl Unsettled {
    /// In words, for manifests and people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotLabelled => "not labelled",
            Self::Skipped => "skipped",
            Self::Draft => "a draft without a verdict",
            Self::Disputed => "disputed: the verdicts differ",
            Self::Stale => "stale: the verdict judged an earlier text",
            Self::Waiting => "waits for another reviewer of its queue",
        }
    }

    /// Why a conversation with these labels is not settled, where its queue asks for more reviews than it has.
    pub fn waiting(labels: &[Label]) -> Self {
        match (labels.iter().any(|label| label.verdict.is_some()), labels.iter().all(|label| label.skipped)) {
            (true, _) => Self::Waiting,
            (false, _) if labels.is_empty() => Self::NotLabelled,
            (false, true) => Self::Skipped,
            (false, false) => Self::Draft,
        }
    }
}

/// The verdict and the labels behind it, if all reviewers who judged this text agree, or one label was taken for all.
///
/// # Errors
/// Why there is no such verdict.
pub fn settle(labels: &[Label], current: &TranscriptHash) -> Result<(Verdict, Vec<Label>), Unsettled> {
    match LabelState::of(labels, current) {
        LabelState::None => return Err(Unsettled::NotLabelled),
        LabelState::Draft if labels.iter().all(|label| label.skipped) => return Err(Unsettled::Skipped),
        LabelState::Draft => return Err(Unsettled::Draft),
        LabelState::Disputed => return Err(Unsettled::Disputed),
        LabelState::Stale => return Err(Unsettled::Stale),
        LabelState::Labelled | LabelState::Adjudicated => {}
    }
    if let Some(taken) = labels.iter().find(|label| label.settled.is_some())
        && let Some(verdict) = taken.verdict
    {
        return Ok((verdict, vec![taken.clone()]));
    }
    let judged: Vec<Label> =
        labels.iter().filter(|label| label.verdict.is_some() && label.transcript_hash == *current).cloned().collect();
    match judged.first().and_then(|label| label.verdict) {
        Some(verdict) => Ok((verdict, judged)),
        None => Err(Unsettled::Stale),
    }
}

/// How the reviewers behind settled labels came to agree.
pub fn agreement(labels: &[Label]) -> &'static str {
    match labels {
        [one] if one.settled.is_some() => "adjudicated",
        [_] => "single",
        _ => "unanimous",
    }
}

/// The failure modes of all labels, each once, in the order of reviewers.
pub fn modes(labels: &[Label]) -> Vec<&str> {
    let mut modes: Vec<&str> = Vec::new();
    for mode in labels.iter().flat_map(|label| &label.modes) {
        if !modes.contains(&mode.as_str()) {
            modes.push(mode);
        }
    }
    modes
}

/// The gravest severity anyone gave.
pub fn severity(labels: &[Label]) -> Option<u8> {
    labels.iter().filter_map(|label| label.severity).max()
}

/// What should have happened at one step, as all reviewers who corrected it say.
#[derive(Debug, Clone, PartialEq)]
pub struct AgreedCorrection<'a> {
    /// Where.
    pub at: &'a StepPointer,
    /// What; `None` where reviewers said different things.
    pub correction: Option<&'a Correction>,
    /// The events that say so, in reviewer order.
    pub events: Vec<&'a str>,
}

impl Item<'_> {
    /// The earliest step at which any reviewer saw it fail; `None` for a pass, and for a fail at no single step.
    pub fn first_failure(&self) -> Option<&StepPointer> {
        self.labels.iter().filter_map(|label| label.first_failure.as_ref()).min_by_key(|at| at.step)
    }

    /// The corrections by step; reviewers who say the same in other spelling agree.
    pub fn corrections(&self) -> Vec<AgreedCorrection<'_>> {
        let mut by_step: BTreeMap<u32, AgreedCorrection<'_>> = BTreeMap::new();
        for placed in self.labels.iter().flat_map(|label| &label.corrections) {
            by_step
                .entry(placed.at.step)
                .and_modify(|agreed| {
                    agreed.events.push(&placed.event);
                    agreed.correction =
                        agreed.correction.filter(|correction| meaning(correction) == meaning(&placed.correction));
                })
                .or_insert_with(|| AgreedCorrection {
                    at: &placed.at,
                    correction: Some(&placed.correction),
                    events: vec![&placed.event],
                });
        }
        by_step.into_values().collect()
    }

    /// The failure modes of all labels, each once, in the order of reviewers.
    pub fn modes(&self) -> Vec<&str> {
        modes(self.labels)
    }

    /// The gravest severity anyone gave.
    pub fn severity(&self) -> Option<u8> {
        severity(self.labels)
    }
}

/// What a correction means, apart from how its arguments are spelled.
fn meaning(correction: &Correction) -> (CorrectionKind, Option<&str>, Option<String>, Option<&str>, bool) {
    (
        correction.kind,
        correction.tool.as_deref(),
        correction.arguments.as_ref().map(|arguments| canonical_json(arguments.0.exact())),
        correction.text.as_deref().map(str::trim),
        correction.remainder_valid,
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Story, fail, label, pass};
    use super::*;

    #[test]
    fn only_agreeing_verdicts_on_the_current_text_are_settled() {
        let story = Story::refund();
        let now = story.conversation.transcript_hash();
        let (ana, ben) = (pass(&story, "ana"), pass(&story, "ben"));
        assert_eq!(settle(&[], &now).unwrap_err(), Unsettled::NotLabelled);
        assert_eq!(settle(&[ana.clone(), ben.clone()], &now).unwrap().1.len(), 2);
        let other = fail(&story, "ben", Some(4));
        assert_eq!(settle(&[ana.clone(), other], &now).unwrap_err(), Unsettled::Disputed);
        let draft = label(&story, "ben", None);
        assert_eq!(settle(std::slice::from_ref(&draft), &now).unwrap_err(), Unsettled::Draft);
        assert_eq!(settle(&[ana.clone(), draft.clone()], &now).unwrap().1, std::slice::from_ref(&ana));
        let skipped = Label { skipped: true, ..draft };
        assert_eq!(settle(std::slice::from_ref(&skipped), &now).unwrap_err(), Unsettled::Skipped);
        let old = Label { transcript_hash: TranscriptHash::from_stored("t1:00"), ..ana.clone() };
        assert_eq!(settle(std::slice::from_ref(&old), &now).unwrap_err(), Unsettled::Stale);
        assert_eq!(settle(&[old, ben.clone()], &now).unwrap().1, [ben]);
    }
}

//! Labels: what the events of a conversation add up to, per reviewer and together.
//!
//! Invariant: a projection is a pure function of a set of events; their order of arrival and repetition do not matter.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::codebook::{Codebook, CodebookChange};
use super::correction::Correction;
use super::event::{Event, EventBody};
use super::id::{ConversationId, TranscriptHash};
use super::queue::Slot;
use super::time::Timestamp;

/// What a reviewer says of a conversation. The positive class is fail, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The agent did what it should.
    Pass,
    /// It did not.
    Fail,
    /// Cannot be told from what is there.
    Unsure,
}

impl Verdict {
    /// The lower-case word used in JSON and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unsure => "unsure",
        }
    }
}

/// Who can put a failure right: a root cause needs an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// What the agent is told.
    Prompt,
    /// A tool, its description or what is behind it.
    Tool,
    /// What was looked up, or not found.
    Retrieval,
    /// The rules the agent follows.
    Policy,
    /// Who got it: the hand-over, the route, the queue.
    Routing,
    /// The agent was right; what judged it was not.
    Evaluator,
}

impl Owner {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 6] =
        [Self::Prompt, Self::Tool, Self::Retrieval, Self::Policy, Self::Routing, Self::Evaluator];

    /// The lower-case word used in JSON and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Tool => "tool",
            Self::Retrieval => "retrieval",
            Self::Policy => "policy",
            Self::Routing => "routing",
            Self::Evaluator => "evaluator",
        }
    }

    /// The one of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.word().eq_ignore_ascii_case(word.trim()))
    }
}

/// Where it first went wrong; a fail says one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstFailure {
    /// At the step of the event's target.
    Step,
    /// Explicitly at no single step.
    NoSingleStep,
}

/// Where a step is, as a label keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPointer {
    /// The step's number in the judged transcript.
    pub step: u32,
    /// Its execution span, else its decision span.
    pub span_id: Option<String>,
    /// The LLM span that decided it.
    pub decision_span_id: Option<String>,
}

/// A correction and the step it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedCorrection {
    /// Where.
    #[serde(flatten)]
    pub at: StepPointer,
    /// What should have happened there.
    #[serde(flatten)]
    pub correction: Correction,
    /// The event that says so.
    pub event: String,
}

/// A note and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedNote {
    /// `None` for a note on the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<StepPointer>,
    /// What was written.
    pub text: String,
    /// The event that says so.
    pub event: String,
}

/// One acceptance criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// True for "must", false for "must not".
    pub must: bool,
    /// In words.
    pub text: String,
    /// The event that says so.
    pub event: String,
}

/// That a label was taken where labels differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Who took it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The event that says so.
    pub event: String,
}

/// What one reviewer says of one conversation now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who.
    pub reviewer: String,
    /// `None` where there are notes, corrections or a skip only: a draft.
    pub verdict: Option<Verdict>,
    /// The text that was judged.
    pub transcript_hash: TranscriptHash,
    /// Where it first went wrong; `None` with [`Verdict::Fail`] means explicitly no single step.
    pub first_failure: Option<StepPointer>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// Who can put it right, where the reviewer said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Keys of failure modes, as the codebook resolves them, in the order given.
    pub modes: Vec<String>,
    /// By step.
    pub corrections: Vec<PlacedCorrection>,
    /// On the conversation first, then by step.
    pub notes: Vec<PlacedNote>,
    /// In the order given.
    pub criteria: Vec<Criterion>,
    /// True where the reviewer put it off and has not judged it since.
    pub skipped: bool,
    /// Set where this label was taken in an adjudication that still stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// When the verdict was given, else when the last act was.
    pub at: Timestamp,
    /// From where in which queue the verdict was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// Who took part, where the verdict is that of a room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub room: Vec<String>,
    /// Ids of the events behind this label, in log order.
    pub events: Vec<String>,
}

/// The groups that are undone, given any set of events.
///
/// An undo of an undo's group brings back what that undo took away, so the chain is resolved from its newest end. Nobody
/// undoes what another reviewer did.
pub fn undone_groups(events: &[&Event]) -> HashSet<String> {
    let mut owners: HashMap<&str, HashSet<&str>> = HashMap::new();
    for event in events {
        owners.entry(&event.group).or_default().insert(&event.reviewer);
    }
    let owns = |event: &Event, group: &str| {
        owners.get(group).is_none_or(|reviewers| reviewers.contains(event.reviewer.as_str()))
    };
    let mut undos: Vec<(&Event, &str)> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Undo { undoes } if owns(event, undoes) => Some((*event, undoes.as_str())),
            _ => None,
        })
        .collect();
    undos.sort_by(|a, b| b.0.order().cmp(&a.0.order()));
    let mut undone = HashSet::new();
    for (event, group) in undos {
        if !undone.contains(&event.group) {
            undone.insert(group.to_owned());
        }
    }
    undone
}

/// Folds the events of one conversation into labels, one per reviewer, in reviewer order.
///
/// `events` may hold events of other conversations, in any order and repeated; `undone` comes from [`undone_groups`].
/// `resolve` maps a mode's key to the key it was merged into.
pub fn project<S: std::hash::BuildHasher>(
    conversation: &ConversationId,
    events: &[&Event],
    undone: &HashSet<String, S>,
    resolve: &dyn Fn(&str) -> String,
) -> Vec<Label> {
    let mut seen = HashSet::new();
    let mut acts: Vec<&Event> = events
        .iter()
        .copied()
        .filter(|event| event.target.as_ref().is_some_and(|target| target.conversation == *conversation))
        .filter(|event| !undone.contains(&event.group) && seen.insert(event.id.as_str()))
        .collect();
    acts.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut labels: BTreeMap<&str, Label> = BTreeMap::new();
    for event in acts {
        let Some(target) = &event.target else { continue };
        match &event.body {
            EventBody::Adjudicate { took, reason } => {
                take(&mut labels, event, took, reason);
                continue;
            }
            // What was settled is open again once somebody says something else.
            EventBody::Verdict { .. } => labels.values_mut().for_each(|label| label.settled = None),
            _ => {}
        }
        let label = labels.entry(&event.reviewer).or_insert_with(|| Label::empty(event, target));
        label.apply(event, target, resolve);
    }
    labels.into_values().filter(|label| !label.events.is_empty()).collect()
}

/// Settles labels by the one of `took`; without a verdict of theirs nothing is settled.
fn take(labels: &mut BTreeMap<&str, Label>, event: &Event, took: &str, reason: &str) {
    for label in labels.values_mut() {
        label.settled = None;
    }
    if let Some(label) = labels.get_mut(took).filter(|label| label.verdict.is_some()) {
        let (by, reason, event) = (event.reviewer.clone(), reason.to_owned(), event.id.clone());
        label.settled = Some(Settled { by, reason, event });
    }
}

/// Folds the events of the codebook, and of all labels, into the codebook.
///
/// A mode that an undone act had added stays in use as long as a label that stands names it, unless it was added again:
/// a name that was taken back does not come back.
pub fn project_codebook<S: std::hash::BuildHasher>(events: &[&Event], undone: &HashSet<String, S>) -> Codebook {
    let stands = |event: &Event| !undone.contains(&event.group);
    let named: HashSet<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Mode { mode } if stands(event) => Some(mode.as_str()),
            _ => None,
        })
        .collect();
    let added: HashSet<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Codebook(CodebookChange::Add { key, .. }) if stands(event) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    let mut seen = HashSet::new();
    let mut changes: Vec<(&Event, &CodebookChange)> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Codebook(change @ CodebookChange::Add { key, .. })
                if stands(event) || (named.contains(key.as_str()) && !added.contains(key.as_str())) =>
            {
                Some((*event, change))
            }
            EventBody::Codebook(change) if stands(event) => Some((*event, change)),
            _ => None,
        })
        .filter(|(event, _)| seen.insert(event.id.as_str()))
        .collect();
    changes.sort_by(|a, b| a.0.order().cmp(&b.0.order()));
    let mut codebook = Codebook::default();
    for (_, change) in changes {
        codebook.apply(change);
    }
    codebook
}

impl Label {
    fn empty(event: &Event, target: &super::event::EventTarget) -> Self {
        Self {
            conversation: target.conversation.clone(),
            reviewer: event.reviewer.clone(),
            verdict: None,
            transcript_hash: target.transcript_hash.clone(),
            first_failure: None,
            severity: None,
            owner: None,
            modes: Vec::new(),
            corrections: Vec::new(),
            notes: Vec::new(),
            criteria: Vec::new(),
            skipped: false,
            settled: None,
            at: event.at,
            slot: None,
            room: Vec::new(),
            events: Vec::new(),
        }
    }

    fn apply(&mut self, event: &Event, target: &super::event::EventTarget, resolve: &dyn Fn(&str) -> String) {
        let pointer = target.step.map(|step| StepPointer {
            step,
            span_id: target.span_id.clone(),
            decision_span_id: target.decision_span_id.clone(),
        });
        match &event.body {
            EventBody::Verdict { verdict, severity, owner, first_failure, slot, room } => {
                self.verdict = Some(*verdict);
                // Judged again outside of any queue, it stays where it was drawn.
                if slot.is_some() {
                    self.slot.clone_from(slot);
                }
                self.room.clone_from(room);
                self.severity = *severity;
                self.owner = *owner;
                self.first_failure = match first_failure {
                    Some(FirstFailure::Step) => pointer,
                    Some(FirstFailure::NoSingleStep) | None => None,
                };
                self.modes.clear();
                self.corrections.clear();
                self.skipped = false;
                self.transcript_hash = target.transcript_hash.clone();
                self.at = event.at;
            }
            EventBody::Mode { mode } => {
                let mode = resolve(mode);
                if !self.modes.contains(&mode) {
                    self.modes.push(mode);
                }
            }
            EventBody::Correction(correction) => {
                let Some(at) = pointer else { return };
                self.corrections.retain(|placed| placed.at.step != at.step);
                self.corrections.push(PlacedCorrection { at, correction: correction.clone(), event: event.id.clone() });
                self.corrections.sort_by_key(|placed| placed.at.step);
            }
            EventBody::Note { text } => {
                self.notes.retain(|note| note.at.as_ref().map(|at| at.step) != target.step);
                if !text.is_empty() {
                    self.notes.push(PlacedNote { at: pointer, text: text.clone(), event: event.id.clone() });
                }
                self.notes.sort_by_key(|note| note.at.as_ref().map(|at| at.step));
            }
            EventBody::Criterion { must, text } => {
                self.criteria.push(Criterion { must: *must, text: text.clone(), event: event.id.clone() });
            }
            EventBody::Skip {} => self.skipped = true,
            _ => return,
        }
        if self.verdict.is_none() {
            self.at = event.at;
        }
        self.events.push(event.id.clone());
    }
}

/// How likely a conversation was to be chosen for review, where one of its labels knows; of several the smallest, since
/// what was drawn by lot was chosen by lot, whoever judged it again.
pub fn inclusion_probability(labels: &[Label]) -> Option<f64> {
    labels.iter().filter_map(|label| label.slot.as_ref()?.q).reduce(f64::min)
}

/// The state of a conversation's labels taken together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelState {
    /// Nobody said anything.
    #[default]
    None,
    /// Notes, corrections or a skip, but no verdict.
    Draft,
    /// One verdict, or several that agree.
    Labelled,
    /// Verdicts that differ.
    Disputed,
    /// Settled by an adjudication.
    Adjudicated,
    /// The verdict judged an earlier text.
    Stale,
}

impl LabelState {
    /// The lower-case word used in JSON and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Draft => "draft",
            Self::Labelled => "labelled",
            Self::Disputed => "disputed",
            Self::Adjudicated => "adjudicated",
            Self::Stale => "stale",
        }
    }

    /// What `labels` of one conversation with the text `current` add up to.
    pub fn of(labels: &[Label], current: &TranscriptHash) -> Self {
        let verdicts: Vec<(Verdict, &TranscriptHash)> =
            labels.iter().filter_map(|label| Some((label.verdict?, &label.transcript_hash))).collect();
        let Some((first, _)) = verdicts.first() else {
            return if labels.is_empty() { Self::None } else { Self::Draft };
        };
        if let Some(label) = labels.iter().find(|label| label.settled.is_some()) {
            return if label.transcript_hash == *current { Self::Adjudicated } else { Self::Stale };
        }
        if verdicts.iter().any(|(verdict, _)| verdict != first) {
            Self::Disputed
        } else if verdicts.iter().all(|(_, hash)| *hash != current) {
            Self::Stale
        } else {
            Self::Labelled
        }
    }
}

#[cfg(test)]
mod tests;

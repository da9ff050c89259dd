//! Labels that differ: which conversations have them, what each side says, and the one that is taken.
//!
//! Invariant: names stay hidden until a label is taken; both originals stay, and a later verdict opens it again.

use serde::Serialize;

use super::door::Door;
use super::queue::{self, QueueError};
use super::review::{self, ReviewError};
use super::workspace::Workspace;
use crate::model::act::{Act, ActError, Saved, Subject};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::{Label, LabelState, StepPointer, Verdict};
use crate::model::queue::QueueOrder;
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::store::{Asker, StoreError};

/// A conversation whose labels differ, or were settled, as its reviewers see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dispute {
    /// 1.
    pub schema_version: u32,
    /// The conversation.
    pub id: ConversationId,
    /// `disputed`, `adjudicated` or `stale`.
    pub state: &'static str,
    /// By letter.
    pub sides: Vec<Side>,
    /// Who took a label, where one was taken.
    pub by: Option<String>,
    /// Why it was taken.
    pub reason: Option<String>,
}

/// What one reviewer says, without the name until a label is taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// `A`, `B`, …: by a hash, so that nobody is always first.
    pub letter: char,
    /// Who; told once a label is taken.
    pub reviewer: Option<String>,
    /// True where this one is taken.
    pub taken: bool,
    /// The newest event of the label, by which it is known whatever others say meanwhile.
    #[serde(skip)]
    pub event: String,
    /// What.
    #[serde(flatten)]
    pub said: Said,
}

/// A label without its author.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The verdict.
    pub verdict: Verdict,
    /// Where it first went wrong.
    pub first_failure: Option<StepPointer>,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// Keys of failure modes.
    pub modes: Vec<String>,
    /// Corrections in short, by step.
    pub corrections: Vec<String>,
    /// Notes, on the conversation first.
    pub notes: Vec<String>,
}

/// A dispute as the screen shows it, with the conversation's row; what was typed is exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its row.
    pub summary: Summary,
    /// What the sides say.
    pub dispute: Dispute,
}

/// The conversations whose verdicts differ and are not settled, most suspicious first.
///
/// # Errors
/// The database cannot be read.
pub fn open(workspace: &Workspace, now: Timestamp) -> Result<Vec<Summary>, QueueError> {
    let filter = Filter::parse("label:disputed")?;
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let ids = workspace.store().index(&filter, "", QueueOrder::Suspicion, asker)?.ids;
    Ok(queue::rows(workspace.store(), &ids, workspace.reviewer())?)
}

/// What the reviewers of a conversation say, by letter.
///
/// # Errors
/// The conversation is not stored, its labels are hidden still, or the database cannot be read.
pub fn sides(workspace: &Workspace, door: &Door, id: &ConversationId) -> Result<Dispute, ReviewError> {
    let unknown = || StoreError::Unknown(id.to_string());
    let door = door.knowing(&workspace.store().conversation(id)?.ok_or_else(unknown)?);
    as_seen(workspace, id, &|label| door.label(label))
}

/// What the reviewers of a conversation say, as it was typed, with the conversation's row.
///
/// # Errors
/// The conversation is not stored, its labels are hidden still, or the database cannot be read.
pub fn case(workspace: &Workspace, id: &ConversationId) -> Result<Case, ReviewError> {
    let row = queue::rows(workspace.store(), std::slice::from_ref(id), workspace.reviewer())?.pop();
    let summary = row.ok_or_else(|| StoreError::Unknown(id.to_string()))?;
    Ok(Case { summary, dispute: as_seen(workspace, id, &Label::clone)? })
}

/// The same as a room may see it: masked as at a door out, with the people that its own records name.
///
/// # Errors
/// As [`case`].
pub fn case_for_room(workspace: &Workspace, id: &ConversationId) -> Result<Case, ReviewError> {
    let unknown = || StoreError::Unknown(id.to_string());
    let conversation = workspace.store().conversation(id)?.ok_or_else(unknown)?;
    let row = queue::rows(workspace.store(), std::slice::from_ref(id), workspace.reviewer())?.pop();
    let door = Door::masked(workspace).knowing(&conversation);
    let dispute = as_seen(workspace, id, &|label| door.label(label))?;
    Ok(Case { summary: door.summary(&row.ok_or_else(unknown)?), dispute })
}

fn as_seen(workspace: &Workspace, id: &ConversationId, see: &dyn Fn(&Label) -> Label) -> Result<Dispute, ReviewError> {
    let unknown = || StoreError::Unknown(id.to_string());
    let current = workspace.store().conversation(id)?.ok_or_else(unknown)?.transcript_hash();
    let labels = uncovered(workspace, id)?;
    let settled = labels.iter().find_map(|label| label.settled.as_ref());
    let state = LabelState::of(&labels, &current);
    let own = labels.iter().any(|label| label.reviewer == workspace.reviewer() && label.verdict.is_some());
    if !own && settled.is_none() && !matches!(state, LabelState::Disputed | LabelState::Adjudicated) {
        // What somebody else says is not told before one's own verdict where there is nothing to settle.
        return Err(ActError::NothingToSettle.into());
    }
    let sides = lettered(id, &labels).into_iter().filter_map(|(letter, label)| {
        Some(Side {
            letter,
            reviewer: settled.map(|_| label.reviewer.clone()),
            taken: label.settled.is_some(),
            event: label.events.last().cloned().unwrap_or_default(),
            said: said(&see(label))?,
        })
    });
    Ok(Dispute {
        schema_version: 1,
        id: id.clone(),
        state: state.word(),
        sides: sides.collect(),
        by: settled.map(|settled| settled.by.clone()),
        reason: labels.iter().find_map(|label| see(label).settled).map(|settled| settled.reason),
    })
}

/// The labels of a conversation, where they may be seen.
fn uncovered(workspace: &Workspace, id: &ConversationId) -> Result<Vec<Label>, ReviewError> {
    if workspace.store().covered(workspace.reviewer())?.hides(id) {
        return Err(ActError::Covered(id.clone()).into());
    }
    Ok(workspace.store().labels(id)?)
}

/// Takes the label that `side` names, by letter or reviewer, and records why.
///
/// # Errors
/// There is no such label, nothing to settle, no reason, or it cannot be saved.
pub fn take(
    workspace: &mut Workspace,
    id: &ConversationId,
    choice: (&str, &str),
    now: Timestamp,
) -> Result<Saved, ReviewError> {
    let (side, reason) = (choice.0.trim(), choice.1);
    let labels = uncovered(workspace, id)?;
    let lettered = lettered(id, &labels);
    // The letter is what is shown; a name is known once a label was taken.
    let took = lettered
        .iter()
        .find(|(letter, _)| side.eq_ignore_ascii_case(&letter.to_string()))
        .or_else(|| lettered.iter().find(|(_, label)| label.reviewer == side))
        .map(|(_, label)| label.reviewer.clone())
        .ok_or_else(|| ActError::NoSuchLabel(side.to_owned()))?;
    settle(workspace, id, (took, reason), now)
}

/// Takes the label whose newest event this is, and records why.
///
/// # Errors
/// It was changed meanwhile, there is nothing to settle, no reason, or it cannot be saved.
pub fn take_label(
    workspace: &mut Workspace,
    id: &ConversationId,
    (event, reason): (&str, &str),
    now: Timestamp,
) -> Result<Saved, ReviewError> {
    let labels = uncovered(workspace, id)?;
    let took = labels.iter().find(|label| label.events.last().is_some_and(|last| last == event));
    let took = took.map(|label| label.reviewer.clone()).ok_or(ActError::LabelChanged)?;
    settle(workspace, id, (took, reason), now)
}

fn settle(
    workspace: &mut Workspace,
    id: &ConversationId,
    (took, reason): (String, &str),
    now: Timestamp,
) -> Result<Saved, ReviewError> {
    let unknown = || StoreError::Unknown(id.to_string());
    let transcript_hash = workspace.store().conversation(id)?.ok_or_else(unknown)?.transcript_hash();
    let subject = Subject { conversation: id.clone(), transcript_hash };
    review::record(workspace, &Act::Adjudicate { subject, took, reason: reason.to_owned() }, now)
}

/// Labels with a verdict, by letter.
fn lettered<'a>(id: &ConversationId, labels: &'a [Label]) -> Vec<(char, &'a Label)> {
    let mut judged: Vec<(blake3::Hash, &Label)> = labels
        .iter()
        .filter(|label| label.verdict.is_some())
        .map(|label| (blake3::hash(format!("{id} {}", label.reviewer).as_bytes()), label))
        .collect();
    judged.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    ('A'..='Z').zip(judged.into_iter().map(|(_, label)| label)).collect()
}

fn said(label: &Label) -> Option<Said> {
    let corrections = label.corrections.iter().map(|placed| {
        let correction = &placed.correction;
        let what = match (&correction.tool, &correction.text, &correction.reason) {
            (Some(tool), ..) => {
                let arguments = correction.arguments.as_ref().map_or("{}", |arguments| arguments.0.exact());
                format!("call {tool} {arguments}")
            }
            (None, Some(text), _) => format!("say: {text}"),
            (None, None, Some(reason)) => format!("hand over: {reason}"),
            (None, None, None) => "call no tool".to_owned(),
        };
        format!("step {}: {what}", placed.at.step)
    });
    Some(Said {
        verdict: label.verdict?,
        first_failure: label.first_failure.clone(),
        severity: label.severity,
        modes: label.modes.clone(),
        corrections: corrections.collect(),
        notes: label.notes.iter().map(|note| note.text.clone()).collect(),
    })
}

#[cfg(test)]
mod tests;

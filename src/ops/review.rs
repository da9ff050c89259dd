//! Judging: acts become events, undo and redo, labels, the codebook.
//!
//! Invariant: one act is one group of events, decided while nobody else can write, so that one undo takes it back whole.

use crate::config::packs;
use crate::model::act::{Act, ActError, FailedAt, Judgement, Saved, Subject};
use crate::model::codebook::{Codebook, CodebookChange, slug};
use crate::model::conversation::Conversation;
use crate::model::correction::Correction;
use crate::model::event::{Event, EventBody, EventTarget};
use crate::model::id::ConversationId;
use crate::model::label::{FirstFailure, Label, LabelState, StepPointer};
use crate::model::queue::QueueChange;
use crate::model::time::Timestamp;
use crate::model::undo::{redo_target, undo_target};
use crate::store::events::{Draft, Log, Written};
use crate::store::{ErrorClass, StoreError};

use super::workspace::Workspace;

mod correct;
mod describe;
mod last;
mod open;
mod unmask;

pub use correct::CorrectionError;
pub use last::last_fail;
pub use open::{open, open_for_room};

/// Why an act was not recorded; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The database or the journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The act breaks a rule.
    #[error(transparent)]
    Act(#[from] ActError),
    /// A correction is not complete.
    #[error("the correction of step {step}: {error}")]
    Correction {
        /// The step.
        step: u32,
        /// What is wrong with it.
        error: CorrectionError,
    },
    /// A pseudonym stands in for a value that is not known.
    #[error(
        "{0} stands in for a value that was masked, and nothing in this conversation has it: write the value itself (`aftercall show CONVERSATION --json --unmasked` shows what is masked)"
    )]
    Masked(String),
    /// A codebook change names a mode that is not in use.
    #[error("the codebook has no failure mode {0:?}; `aftercall codebook` lists them")]
    Mode(String),
    /// A mode cannot be merged into itself.
    #[error("{0:?} cannot be merged into itself; name two different failure modes")]
    MergeIntoSelf(String),
    /// A queue that cannot be defined or removed.
    #[error(transparent)]
    Queue(Box<super::queue::QueueError>),
    /// A session or a decision.
    #[error(transparent)]
    Session(Box<super::session::SessionError>),
    /// No pack of that name ships with the program.
    #[error("there is no codebook pack {name:?}; there are: {known}")]
    Pack {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}

impl From<super::queue::QueueError> for ReviewError {
    fn from(error: super::queue::QueueError) -> Self {
        match error {
            super::queue::QueueError::Store(error) => Self::Store(error),
            other => Self::Queue(Box::new(other)),
        }
    }
}

impl From<super::session::SessionError> for ReviewError {
    fn from(error: super::session::SessionError) -> Self {
        match error {
            super::session::SessionError::Store(error) => Self::Store(error),
            other => Self::Session(Box::new(other)),
        }
    }
}

impl ReviewError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            _ => ErrorClass::General,
        }
    }

    /// True where the same act may succeed later as it is.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

/// Records an act. When this answers, both copies have it and it is synced (or the answer tells why the journal lacks it).
///
/// # Errors
/// Nothing was saved; the act is still the caller's.
pub fn record(workspace: &mut Workspace, act: &Act, now: Timestamp) -> Result<Saved, ReviewError> {
    let conversation = subject_of(act).map(|subject| subject.conversation.clone());
    let mut checked = act.clone();
    if let Some(id) = &conversation {
        unmask::put_back(workspace, id, &mut checked)?;
    }
    if let (Some(id), Some(corrections)) = (&conversation, corrections_of(&mut checked))
        && !corrections.is_empty()
    {
        let content = load(workspace, id)?;
        for (at, correction) in corrections {
            correct::check(content.as_ref(), at, correction)
                .map_err(|error| ReviewError::Correction { step: at.step, error })?;
        }
    }
    let reviewer = workspace.reviewer().to_owned();
    // A mode that is merged away has its name before only.
    let named = match act {
        Act::Codebook(_) => Some(workspace.store().codebook()?),
        _ => None,
    };
    let written = workspace.append(now, |log| drafts(log, &reviewer, &checked))?;
    if matches!(act, Act::Queue(QueueChange::Add(_)) | Act::StartSession { queue: Some(_), .. }) {
        // What was received so far is a batch of its own, so that the new queue can draw from it by lot.
        workspace.store_mut().close_batch(now, 1)?;
    }
    let codebook = workspace.store().codebook()?;
    let what = if written.events.is_empty() {
        "nothing to change".to_owned()
    } else {
        describe::group(&written.events, named.as_ref().unwrap_or(&codebook))
    };
    saved(workspace, written, what, conversation, now)
}

/// Takes back the asking reviewer's last act that can be taken back, of any session.
///
/// # Errors
/// Nothing was saved.
pub fn undo(workspace: &mut Workspace, now: Timestamp) -> Result<Saved, ReviewError> {
    let reviewer = workspace.reviewer().to_owned();
    let mut taken = Vec::new();
    let written = workspace.append(now, |log| -> Result<Vec<Draft>, ReviewError> {
        let Some(group) = log.newest_first(&reviewer, |events| undo_target(events))? else { return Ok(Vec::new()) };
        taken = log.group(&group)?;
        Ok(vec![undo_of(group, &taken)])
    })?;
    let what = if taken.is_empty() {
        "nothing to undo".to_owned()
    } else {
        format!("undone: {}", describe::group(&taken, &workspace.store().codebook()?))
    };
    saved(workspace, written, what, conversation_of(&taken), now)
}

/// Brings back what the asking reviewer last undid, unless they acted since.
///
/// # Errors
/// Nothing was saved.
pub fn redo(workspace: &mut Workspace, now: Timestamp) -> Result<Saved, ReviewError> {
    let reviewer = workspace.reviewer().to_owned();
    let mut back = Vec::new();
    let written = workspace.append(now, |log| -> Result<Vec<Draft>, ReviewError> {
        let Some(undo) = log.newest_first(&reviewer, |events| redo_target(events))? else { return Ok(Vec::new()) };
        let events = log.group(&undo)?;
        for event in &events {
            if let EventBody::Undo { undoes } = &event.body {
                back.extend(log.group(undoes)?);
            }
        }
        Ok(vec![undo_of(undo, &events)])
    })?;
    let what = if written.events.is_empty() {
        "nothing to redo".to_owned()
    } else {
        format!("redone: {}", describe::group(&back, &workspace.store().codebook()?))
    };
    saved(workspace, written, what, conversation_of(&back), now)
}

/// The labels of a conversation that the asking reviewer may see, by reviewer.
///
/// # Errors
/// The database cannot be read.
pub fn labels(workspace: &Workspace, conversation: &ConversationId) -> Result<Vec<Label>, ReviewError> {
    let (store, reviewer) = (workspace.store(), workspace.reviewer());
    Ok(store.covered(reviewer)?.seen(conversation, reviewer, store.labels(conversation)?))
}

/// The codebook.
///
/// # Errors
/// The database cannot be read.
pub fn codebook(workspace: &Workspace) -> Result<Codebook, ReviewError> {
    Ok(workspace.store().codebook()?)
}

/// Adds the modes of a ready-made codebook that the codebook lacks, as one act.
///
/// # Errors
/// There is no such pack, or nothing could be saved.
pub fn load_pack(workspace: &mut Workspace, name: &str, now: Timestamp) -> Result<Saved, ReviewError> {
    let pack = packs::pack(name).ok_or_else(|| ReviewError::Pack {
        name: name.to_owned(),
        known: packs::packs().iter().map(|pack| pack.name.as_str()).collect::<Vec<_>>().join(", "),
    })?;
    let written = workspace.append(now, |log| -> Result<Vec<Draft>, ReviewError> {
        Ok(pack.changes(&log.codebook()?).into_iter().map(about_nothing).collect())
    })?;
    let what = match written.events.len() {
        0 => format!("{}: all its modes are in use already", pack.title),
        1 => format!("{}: 1 mode added", pack.title),
        count => format!("{}: {count} modes added", pack.title),
    };
    saved(workspace, written, what, None, now)
}

/// Records that conversations have other ids now, since their session became known; their labels follow.
///
/// # Errors
/// Nothing was saved.
pub fn follow(
    workspace: &mut Workspace,
    moved: &[(ConversationId, ConversationId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    workspace.append::<StoreError>(now, |_| {
        let alias = |(from, to): &(ConversationId, ConversationId)| Draft {
            body: EventBody::Alias { from: from.clone(), to: to.clone() },
            target: None,
        };
        Ok(moved.iter().map(alias).collect())
    })?;
    Ok(())
}

fn load(workspace: &Workspace, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
    workspace.store().conversation(&workspace.store().log().resolve(id)?)
}

/// What the caller is told, with row and label as they are now.
fn saved(
    workspace: &Workspace,
    written: Written,
    what: String,
    conversation: Option<ConversationId>,
    now: Timestamp,
) -> Result<Saved, ReviewError> {
    let store = workspace.store();
    let conversation = conversation.map(|id| store.log().resolve(&id)).transpose()?;
    let own = match &conversation {
        Some(id) => store.log().label(id, workspace.reviewer())?,
        None => None,
    };
    let others = match (&conversation, own.as_ref().and_then(|label| label.verdict)) {
        (Some(id), Some(_)) if !store.covered(workspace.reviewer())?.hides(id) => {
            store.labels(id)?.into_iter().filter(|label| label.reviewer != workspace.reviewer()).collect()
        }
        _ => Vec::new(),
    };
    let summary = match &conversation {
        Some(id) => super::queue::rows(store, std::slice::from_ref(id), workspace.reviewer())?.pop(),
        None => None,
    };
    let touches_codebook = |event: &Event| matches!(event.body, EventBody::Codebook(_) | EventBody::Undo { .. });
    let codebook = if written.events.iter().any(touches_codebook) { Some(store.codebook()?) } else { None };
    Ok(Saved {
        what,
        group: written.group,
        conversation,
        summary: summary.map(Box::new),
        own: own.map(Box::new),
        others,
        codebook,
        at: now,
        journal_problem: written.journal_problem,
    })
}

fn undo_of(group: String, events: &[Event]) -> Draft {
    let target = events.iter().find_map(|event| event.target.clone());
    // An undo is about a conversation, not about one step of it.
    let target = target.map(|target| EventTarget { step: None, span_id: None, decision_span_id: None, ..target });
    Draft { body: EventBody::Undo { undoes: group }, target }
}

fn conversation_of(events: &[Event]) -> Option<ConversationId> {
    events.iter().find_map(|event| event.target.as_ref()).map(|target| target.conversation.clone())
}

fn subject_of(act: &Act) -> Option<&Subject> {
    match act {
        Act::Judge(judgement) => Some(&judgement.subject),
        Act::Skip(subject)
        | Act::Note { subject, .. }
        | Act::Correct { subject, .. }
        | Act::Criterion { subject, .. }
        | Act::Adjudicate { subject, .. } => Some(subject),
        Act::Codebook(_)
        | Act::Queue(_)
        | Act::StartSession { .. }
        | Act::Session(_)
        | Act::Decision(_)
        | Act::Unmask { .. } => None,
    }
}

fn corrections_of(act: &mut Act) -> Option<&mut Vec<(StepPointer, Correction)>> {
    match act {
        Act::Judge(judgement) => Some(&mut judgement.corrections),
        Act::Correct { corrections, .. } => Some(corrections),
        _ => None,
    }
}

fn about(subject: &Subject, at: Option<&StepPointer>, body: EventBody) -> Draft {
    let target = EventTarget {
        conversation: subject.conversation.clone(),
        transcript_hash: subject.transcript_hash.clone(),
        step: at.map(|at| at.step),
        span_id: at.and_then(|at| at.span_id.clone()),
        decision_span_id: at.and_then(|at| at.decision_span_id.clone()),
    };
    Draft { body, target: Some(target) }
}

/// Taking one of several labels: there have to be several that differ, the one taken among them.
fn adjudication(log: &Log<'_>, subject: &Subject, took: &str, reason: &str) -> Result<Draft, ReviewError> {
    let (labels, reason) = (log.labels(&subject.conversation)?, reason.trim());
    if reason.is_empty() {
        return Err(ActError::WithoutReason.into());
    }
    if !labels.iter().any(|label| label.reviewer == took && label.verdict.is_some()) {
        return Err(ActError::NoSuchLabel(took.to_owned()).into());
    }
    let state = LabelState::of(&labels, &subject.transcript_hash);
    if !matches!(state, LabelState::Disputed | LabelState::Adjudicated) {
        return Err(ActError::NothingToSettle.into());
    }
    Ok(about(subject, None, EventBody::Adjudicate { took: took.to_owned(), reason: reason.to_owned() }))
}

fn about_nothing(change: CodebookChange) -> Draft {
    Draft { body: EventBody::Codebook(change), target: None }
}

/// The events of an act, given the log as it is.
fn drafts(log: &Log<'_>, reviewer: &str, act: &Act) -> Result<Vec<Draft>, ReviewError> {
    Ok(match act {
        Act::Judge(judgement) => {
            let before = log.label(&judgement.subject.conversation, reviewer)?;
            judge(&log.codebook()?, (before.as_ref(), reviewer), judgement)?
        }
        Act::Skip(subject) => vec![about(subject, None, EventBody::Skip {})],
        Act::Note { subject, at, text } => {
            vec![about(subject, at.as_ref(), EventBody::Note { text: text.clone() })]
        }
        Act::Correct { subject, corrections } => {
            let draft = |(at, correction): &(StepPointer, Correction)| {
                about(subject, Some(at), EventBody::Correction(correction.clone()))
            };
            corrections.iter().map(draft).collect()
        }
        Act::Criterion { subject, must, text } => {
            vec![about(subject, None, EventBody::Criterion { must: *must, text: text.clone() })]
        }
        Act::Adjudicate { subject, took, reason } => vec![adjudication(log, subject, took, reason)?],
        Act::Codebook(changes) => change_codebook(log.codebook()?, changes)?,
        Act::Queue(change) => super::queue::changes(log, change)?,
        Act::StartSession { start, queue } => super::session::begin(log, start, queue.as_deref())?,
        Act::Session(change) => super::session::change(log, reviewer, change)?,
        Act::Decision(change) => super::session::decide(log, change)?,
        Act::Unmask { place } => vec![Draft { body: EventBody::Unmask { place: place.clone() }, target: None }],
    })
}

/// The events of a verdict. A draft's corrections go with it; an earlier verdict's are replaced.
fn judge(
    codebook: &Codebook,
    (before, reviewer): (Option<&Label>, &str),
    judgement: &Judgement,
) -> Result<Vec<Draft>, ReviewError> {
    judgement.check()?;
    let subject = &judgement.subject;
    let (mut drafts, keys) = new_modes(codebook, &judgement.modes);
    let (at, first_failure) = match &judgement.failed_at {
        Some(FailedAt::Step(at)) => (Some(at), Some(FirstFailure::Step)),
        Some(FailedAt::NoSingleStep) => (None, Some(FirstFailure::NoSingleStep)),
        None => (None, None),
    };
    let (verdict, severity, owner) = (judgement.verdict, judgement.severity, judgement.owner);
    let (slot, room) = (judgement.slot.clone(), judgement.room.clone());
    drafts.push(about(subject, at, EventBody::Verdict { verdict, first_failure, severity, owner, slot, room }));
    drafts.extend(keys.into_iter().map(|mode| about(subject, at, EventBody::Mode { mode })));
    let drafted = before.filter(|label| label.verdict.is_none()).map_or(&[][..], |label| &label.corrections);
    for placed in drafted {
        if judgement.corrections.iter().all(|(at, _)| at.step != placed.at.step) {
            drafts.push(about(subject, Some(&placed.at), EventBody::Correction(placed.correction.clone())));
        }
    }
    for (at, correction) in &judgement.corrections {
        drafts.push(about(subject, Some(at), EventBody::Correction(correction.clone())));
    }
    if let Some(text) = &judgement.note {
        drafts.push(about(subject, None, EventBody::Note { text: text.clone() }));
    }
    if let Some(reason) = &judgement.settles {
        let (took, reason) = (reviewer.to_owned(), reason.trim().to_owned());
        drafts.push(about(subject, None, EventBody::Adjudicate { took, reason }));
    }
    Ok(drafts)
}

/// The keys of modes given by key or name, and the codebook events for those that are new.
fn new_modes(codebook: &Codebook, modes: &[String]) -> (Vec<Draft>, Vec<String>) {
    let mut codebook = codebook.clone();
    let (mut drafts, mut keys) = (Vec::new(), Vec::new());
    for given in modes {
        let key = slug(given);
        let known = codebook.find(given).or_else(|| codebook.mode(&codebook.resolve(&key)));
        let key = if let Some(mode) = known {
            mode.key.clone()
        } else {
            let (name, description) = (given.trim().to_owned(), String::new());
            let change = CodebookChange::Add { key: key.clone(), name, description, pack: None };
            codebook.apply(&change);
            drafts.push(about_nothing(change));
            key
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    (drafts, keys)
}

/// The events of codebook changes, each checked against the codebook as the ones before leave it.
fn change_codebook(mut codebook: Codebook, changes: &[CodebookChange]) -> Result<Vec<Draft>, ReviewError> {
    let mut drafts = Vec::new();
    for change in changes {
        let find = |key: &String| {
            codebook.find(key).map(|mode| mode.key.clone()).ok_or_else(|| ReviewError::Mode(key.clone()))
        };
        let change = match change {
            CodebookChange::Add { key, name, .. } => {
                if slug(key) != *key || key.is_empty() || name.trim().is_empty() {
                    return Err(ActError::EmptyMode.into());
                }
                if codebook.mode(key).is_some() {
                    continue;
                }
                change.clone()
            }
            CodebookChange::Rename { key, name } => {
                if slug(name).is_empty() {
                    return Err(ActError::EmptyMode.into());
                }
                CodebookChange::Rename { key: find(key)?, name: name.trim().to_owned() }
            }
            CodebookChange::Merge { from, into } => {
                let (from, into) = (find(from)?, find(into)?);
                if from == into {
                    return Err(ReviewError::MergeIntoSelf(from));
                }
                CodebookChange::Merge { from, into }
            }
        };
        codebook.apply(&change);
        drafts.push(about_nothing(change));
    }
    Ok(drafts)
}

#[cfg(test)]
mod tests;

//! Judgements that came with conversations: events of a reviewer who is not here.
//!
//! Invariant: a judgement that stands already is not recorded again, so a second import adds no event.

use crate::ingest::ImportedLabel;
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::label::{Label, Verdict};
use crate::model::time::Timestamp;
use crate::ops::review::{self, ReviewError};
use crate::ops::workspace::{Identity, Workspace, WorkspaceError};
use crate::store::{Access, StoreError};

/// Records the judgements that do not stand yet, each in the name of its reviewer. Answers how many those were.
pub fn record(workspace: &Workspace, labels: &[ImportedLabel], now: Timestamp) -> Result<u64, StoreError> {
    let mut recorded = 0;
    let mut open: Option<Workspace> = None;
    for label in labels {
        let known = workspace.store().labels(&label.conversation)?;
        let stands = known.iter().any(|known| known.reviewer == label.reviewer && says_the_same(known, label));
        if stands || workspace.store().stored(&label.conversation)?.is_none() {
            continue;
        }
        let mut theirs = if let Some(theirs) = open.take().filter(|open| open.reviewer() == label.reviewer) {
            theirs
        } else {
            let identity = Identity { reviewer: label.reviewer.clone(), ..workspace.identity().clone() };
            Workspace::open(workspace.root(), identity, Access::Write).map_err(opening)?
        };
        match review::record(&mut theirs, &act(label), now) {
            Ok(_) => recorded += 1,
            Err(ReviewError::Store(error)) => return Err(error),
            // A judgement that breaks a rule of judging is none; the readers make no such.
            Err(_) => {}
        }
        open = Some(theirs);
    }
    Ok(recorded)
}

fn opening(error: WorkspaceError) -> StoreError {
    match error {
        WorkspaceError::Store(error) => error,
        // The names are ours, and the device's file has been read by now.
        WorkspaceError::Reviewer(text) => StoreError::Unknown(text),
        WorkspaceError::Content { path, .. } => StoreError::ReadOnly { path },
    }
}

fn says_the_same(known: &Label, label: &ImportedLabel) -> bool {
    let step = |pointer: Option<&crate::model::label::StepPointer>| pointer.map(|pointer| pointer.step);
    known.verdict == Some(label.verdict)
        && known.transcript_hash == label.transcript_hash
        && step(known.first_failure.as_ref()) == step(label.step.as_ref())
        && known.notes.iter().find(|note| note.at.is_none()).map(|note| &note.text) == note(label).as_ref()
}

fn act(label: &ImportedLabel) -> Act {
    let subject = Subject { conversation: label.conversation.clone(), transcript_hash: label.transcript_hash.clone() };
    let failed_at = match &label.step {
        _ if label.verdict != Verdict::Fail => None,
        Some(step) => Some(FailedAt::Step(step.clone())),
        None => Some(FailedAt::NoSingleStep),
    };
    Act::Judge(Judgement { failed_at, note: note(label), ..Judgement::new(subject, label.verdict) })
}

/// Who and why, in one note.
fn note(label: &ImportedLabel) -> Option<String> {
    let agent = label.agent.as_ref().map(|agent| format!("{}:", agent.exact().trim()));
    let reason = label.reason.as_ref().map(|reason| reason.exact().trim().to_owned());
    let words: Vec<String> = agent.into_iter().chain(reason).filter(|text| !text.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

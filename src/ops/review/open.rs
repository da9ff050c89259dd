//! Opening a conversation for review.
//!
//! Invariant: a reviewer who has not judged sees neither what others said nor what came of it.

use std::collections::HashSet;

use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::label::StepPointer;
use crate::model::queue::Opened;
use crate::model::score::ScoreTarget;
use crate::store::StoreError;

use super::super::workspace::Workspace;
use super::ReviewError;

/// Scores that rank at or below this share make their steps suspects.
const LOW: f64 = 0.25;

/// How many suspects are named.
const MOST: usize = 20;

/// All that the Review screen shows of a conversation.
///
/// # Errors
/// There is no such conversation, or the database cannot be read.
pub fn open(workspace: &Workspace, id: &ConversationId) -> Result<Opened, ReviewError> {
    let store = workspace.store();
    let id = store.log().resolve(id)?;
    let unknown = || StoreError::Unknown(id.as_str().to_owned());
    let mut conversation = store.conversation(&id)?.ok_or_else(unknown)?;
    let mut summary = super::super::queue::rows(workspace, std::slice::from_ref(&id))?.pop().ok_or_else(unknown)?;
    let (mut own, mut others) = (None, Vec::new());
    for label in store.labels(&id)? {
        if label.reviewer == workspace.reviewer() {
            own = Some(label);
        } else {
            others.push(label);
        }
    }
    if own.as_ref().is_none_or(|label| label.verdict.is_none()) {
        others.clear();
        summary.outcomes.clear();
        conversation.outcomes.clear();
    }
    let ranks = store.ranks(&conversation.scores)?;
    let suspects = suspects(&conversation, &ranks);
    Ok(Opened { summary, conversation, own, others, ranks, suspects })
}

/// The steps worth a look: failed ones first, then those of the scores that rank worst.
fn suspects(conversation: &Conversation, ranks: &[Option<f64>]) -> Vec<StepPointer> {
    let mut low: Vec<(f64, &ScoreTarget)> = conversation
        .scores
        .iter()
        .zip(ranks)
        .filter_map(|(score, rank)| Some((rank.filter(|rank| *rank <= LOW)?, &score.target)))
        .collect();
    low.sort_by(|a, b| a.0.total_cmp(&b.0));
    let failed = conversation.steps.iter().filter(|step| {
        let of_failed_span = || {
            let span = step.span.as_ref().and_then(|id| conversation.span(id));
            step.tool().is_some() && span.is_some_and(|span| span.failed())
        };
        step.failed() || of_failed_span()
    });
    let scored = low.into_iter().filter_map(|(_, target)| {
        let ScoreTarget::Span(id) = target else { return None };
        let executes = conversation.steps.iter().find(|step| step.span.as_ref() == Some(id));
        executes.or_else(|| conversation.steps.iter().find(|step| step.decision.as_ref() == Some(id)))
    });
    let mut seen = HashSet::new();
    failed.chain(scored).filter(|step| seen.insert(step.number)).take(MOST).map(|step| step.pointer()).collect()
}

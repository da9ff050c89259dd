//! Queues: which conversations, their rows, and one of them opened; queues with a name are defined and ordered here.
//!
//! Invariant: everything here reads only; a change of queues is handed out as events for the log.

use std::collections::BTreeMap;

use crate::model::conversation::Conversation;
use crate::model::filter::{Filter, FilterError};
use crate::model::gate::Broken;
use crate::model::id::ConversationId;
use crate::model::label::StepPointer;
use crate::model::queue::{QueueIndex, QueueQuery, SpecError};
use crate::model::score::ScoreTarget;
use crate::model::summary::Summary;
use crate::store::{Asker, Store, StoreError};

use super::evaluate::EvaluateError;

mod claims;
mod define;
mod drawn;
mod kept;
mod listing;
mod order;
mod pool;
mod state;

pub use crate::rank::strategy::StrategyInfo as OrderInfo;
pub use claims::{Next, claim, next, release};
pub use define::{Preview, changes, check, orders, preview, unevaluated_of};
pub use kept::Kept;
pub use listing::{
    Audited, ShownRow, asked, audited, heads, named, named_rows, order_of, reached_by_lot, shown, states,
};

/// Scores that rank at or below this share make their step a suspect.
const LOW: f64 = 0.1;

/// How many steps are named as suspects.
const MOST_SUSPECTS: usize = 8;

/// Why a queue could not be read.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A definition breaks a rule.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Another queue has the name.
    #[error("there is a queue {0} already, defined otherwise; choose another name, or remove it first")]
    Taken(String),
    /// There is no queue of the name.
    #[error("there is no queue {name:?}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// There is no strategy of the name.
    #[error("there is no strategy {name:?}; there are: {known}")]
    Strategy {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// It is a queue like any other.
    #[error("{0} is no calibration; `aftercall calibration` lists those there are")]
    NoCalibration(String),
    /// What a queue is ordered by cannot be read.
    #[error(transparent)]
    Signals(#[from] EvaluateError),
}

/// A conversation with what the store knows around it; labels come from the workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Its row.
    pub summary: Summary,
    /// Its content.
    pub conversation: Conversation,
    /// Per score, its rank within its evaluator: 0 worst, 1 best; `None` without one.
    pub ranks: Vec<Option<f64>>,
    /// Steps worth a look, most suspicious first.
    pub suspects: Vec<StepPointer>,
    /// What is to be said against evaluators that scored it, by their names.
    pub remarks: BTreeMap<String, String>,
}

/// The ids of a queue in order.
pub fn index(store: &Store, query: &QueueQuery, asker: Asker<'_>) -> Result<QueueIndex, QueueError> {
    let filter = Filter::parse(&query.filter)?;
    Ok(store.index(&filter, &query.find, query.order, asker)?)
}

/// The rows of these conversations, in this order; ids that are not stored are left out.
pub fn rows(store: &Store, ids: &[ConversationId], reviewer: &str) -> Result<Vec<Summary>, StoreError> {
    store.summaries(ids, reviewer)
}

/// One conversation, opened for a reviewer.
///
/// # Errors
/// [`StoreError::Unknown`] where it is not stored.
pub fn read(store: &Store, id: &ConversationId, reviewer: &str) -> Result<Read, StoreError> {
    let unknown = || StoreError::Unknown(id.as_str().to_owned());
    let mut conversation = store.conversation(id)?.ok_or_else(unknown)?;
    let summary = store.summaries(std::slice::from_ref(id), reviewer)?.pop().ok_or_else(unknown)?;
    let evaluated = store.evaluation(id)?;
    conversation.scores.extend(evaluated.iter().flat_map(|evaluated| evaluated.scores.iter().cloned()));
    conversation.scores.extend(super::evaluate::judged(store, id)?);
    let ranks = store.ranks(&conversation.scores)?;
    let mut suspects = suspects(&conversation, &ranks);
    if let Some(evaluated) = evaluated {
        let step = |span: &String| conversation.steps.iter().find(|step| step.pointer().span_id.as_ref() == Some(span));
        let named: Vec<StepPointer> =
            evaluated.suspects.iter().filter_map(|span| Some(step(span)?.pointer())).collect();
        suspects.retain(|suspect| !named.contains(suspect));
        suspects.splice(0..0, named);
        suspects.truncate(MOST_SUSPECTS);
    }
    if let Some(broken) = Broken::of(&conversation.attributes) {
        let step = |number: &u32| conversation.steps.iter().find(|step| step.number == *number);
        let named: Vec<StepPointer> = broken.steps().iter().filter_map(|at| Some(step(at)?.pointer())).collect();
        suspects.retain(|suspect| !named.contains(suspect));
        suspects.splice(0..0, named);
        suspects.truncate(MOST_SUSPECTS);
    }
    let mut remarks = store.remarks()?;
    remarks.retain(|name, _| conversation.scores.iter().any(|score| score.evaluator.exact() == name));
    Ok(Read { summary, conversation, ranks, suspects, remarks })
}

/// The steps that failed, then those that scored low, then the rest of what scored low by its span.
fn suspects(conversation: &Conversation, ranks: &[Option<f64>]) -> Vec<StepPointer> {
    let mut found: Vec<u32> = conversation.steps.iter().filter(|step| step.failed()).map(|step| step.number).collect();
    let mut low: Vec<(f64, &str)> = conversation
        .scores
        .iter()
        .zip(ranks)
        .filter_map(|(score, rank)| match &score.target {
            ScoreTarget::Span(span) => Some((rank.filter(|rank| *rank <= LOW)?, span.span_id.as_str())),
            ScoreTarget::Trace { .. } | ScoreTarget::Conversation => None,
        })
        .collect();
    low.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, span) in low {
        found.extend(
            conversation
                .steps
                .iter()
                .filter(|step| !step.is_customers() && step.has_span(span))
                .map(|step| step.number),
        );
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|number| seen.insert(*number));
    let step = |number: &u32| conversation.steps.iter().find(|step| step.number == *number);
    found.iter().take(MOST_SUSPECTS).filter_map(|number| Some(step(number)?.pointer())).collect()
}

#[cfg(test)]
mod tests;

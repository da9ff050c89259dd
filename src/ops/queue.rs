//! Queues: which conversations, their rows, and one of them opened; queues with a name are defined and ordered here.
//!
//! Invariant: everything here reads only; a change of queues is handed out as events for the log.

use std::collections::{BTreeMap, HashSet};

use crate::model::conversation::Conversation;
use crate::model::filter::{Filter, FilterError};
use crate::model::gate::Broken;
use crate::model::id::ConversationId;
use crate::model::queue::{QueueIndex, QueueQuery, SpecError, Suspect};
use crate::model::score::ScoreTarget;
use crate::model::step::Step;
use crate::model::summary::Summary;
use crate::store::{Asker, Store, StoreError};
use crate::text::Untrusted;

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
    pub suspects: Vec<Suspect>,
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
        // A span that holds an exchange is that of the customer's words in it, too; they are not what is suspicious.
        let own = |step: &&Step| !step.is_customers();
        let step = |span: &String| {
            conversation.steps.iter().filter(own).find(|step| step.pointer().span_id.as_ref() == Some(span))
        };
        let whys = evaluated.whys.iter().map(|why| Some(why.as_str().into())).chain(std::iter::repeat(None));
        let named = evaluated.suspects.iter().zip(whys);
        put_first(&mut suspects, named.filter_map(|(span, why)| Some(Suspect { at: step(span)?.pointer(), why })));
    }
    if let Some(broken) = Broken::of(&conversation.attributes) {
        let step = |number: &u32| conversation.steps.iter().find(|step| step.number == *number);
        let why = || Some("comes after a step that was corrected".into());
        let named = |at: &u32| Some(Suspect { at: step(at)?.pointer(), why: why() });
        put_first(&mut suspects, broken.steps().iter().filter_map(named));
    }
    let mut remarks = store.remarks()?;
    remarks.retain(|name, _| conversation.scores.iter().any(|score| score.evaluator.exact() == name));
    Ok(Read { summary, conversation, ranks, suspects, remarks })
}

/// The steps that failed, then those that scored low, then the rest of what scored low by its span.
fn suspects(conversation: &Conversation, ranks: &[Option<f64>]) -> Vec<Suspect> {
    let failed = conversation.steps.iter().filter(|step| step.failed());
    let mut found: Vec<Suspect> =
        failed.map(|step| Suspect { at: step.pointer(), why: Some("failed".into()) }).collect();
    let mut low: Vec<(f64, &str, &Untrusted)> = conversation
        .scores
        .iter()
        .zip(ranks)
        .filter_map(|(score, rank)| match &score.target {
            ScoreTarget::Span(span) => {
                Some((rank.filter(|rank| *rank <= LOW)?, span.span_id.as_str(), &score.evaluator))
            }
            ScoreTarget::Trace { .. } | ScoreTarget::Conversation => None,
        })
        .collect();
    low.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, span, evaluator) in low {
        let scored = conversation.steps.iter().filter(|step| !step.is_customers() && step.has_span(span));
        let why = || Some(format!("low {}", evaluator.exact()).into());
        found.extend(scored.map(|step| Suspect { at: step.pointer(), why: why() }));
    }
    let mut seen = HashSet::new();
    found.retain(|suspect| seen.insert(suspect.at.step));
    found.truncate(MOST_SUSPECTS);
    found
}

/// Puts these before all others, each step named once.
fn put_first(suspects: &mut Vec<Suspect>, first: impl Iterator<Item = Suspect>) {
    let first: Vec<Suspect> = first.collect();
    suspects.retain(|suspect| !first.iter().any(|other| other.at == suspect.at));
    suspects.splice(0..0, first);
    suspects.truncate(MOST_SUSPECTS);
}

#[cfg(test)]
mod tests;

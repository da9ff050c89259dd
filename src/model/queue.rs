//! Queues: which conversations, in which order, and what was found.
//!
//! Invariant: plain values; an order is total, since ties are broken by id.

use std::collections::BTreeMap;

use super::conversation::Conversation;
use super::id::ConversationId;
use super::label::{Label, StepPointer};
use super::summary::Summary;
use crate::text::Untrusted;

mod plan;

pub use plan::{
    Band, Calibration, Interval, MustReview, Place, QueueChange, QueueHead, QueueSpec, QueueState, Slot, SlotKind,
    SpecError,
};

/// How a queue is ordered; ties are broken by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum QueueOrder {
    /// Failed or low-rank scores first (by worst percentile within its evaluator), errors next.
    #[default]
    Suspicion,
    /// Latest start first.
    Newest,
    /// Earliest start first.
    Oldest,
    /// Most steps first.
    Longest,
    /// Not yet judged by the asking reviewer first, then by suspicion.
    Unjudged,
    /// As the report of a gate has them; what no gate brought comes last.
    Reported,
}

/// Which conversations, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueQuery {
    /// The name of a queue; its own order and filter hold, and `filter` narrows it further. `None` for all conversations.
    pub queue: Option<String>,
    /// In a queue of a name: the conversation that is being read, which takes the next slot whatever the order says now.
    pub reading: Option<ConversationId>,
    /// In the filter language; empty for all.
    pub filter: String,
    /// Plain words to find in any text of the conversation; empty for none.
    pub find: String,
    /// The order.
    pub order: QueueOrder,
}

/// What a queue holds, without its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueIndex {
    /// In queue order.
    pub ids: Vec<ConversationId>,
    /// Conversations in the workspace.
    pub total: u64,
    /// How many of `ids`, from the first on, were judged in the named queue and need nobody any more; 0 without a queue.
    pub begins: usize,
    /// Of `ids`, those with a verdict of the asking reviewer.
    pub judged: u64,
    /// Of `ids`, those the asking reviewer put off.
    pub skipped: u64,
    /// Of `ids`, those whose labels differ.
    pub disputed: u64,
    /// Median microseconds between this reviewer's consecutive verdicts (pauses above ten minutes left out).
    pub pace_micros: Option<i64>,
    /// How far the named queue is; `None` where no queue was asked for.
    pub state: Option<Box<QueueState>>,
}

/// A step worth a look.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The step.
    pub at: StepPointer,
    /// Why, in words that may quote the transcript; `None` where nobody noted it.
    pub why: Option<Untrusted>,
}

/// All that the Review screen shows of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Its row.
    pub summary: Summary,
    /// Its content.
    pub conversation: Conversation,
    /// The asking reviewer's own label or draft.
    pub own: Option<Label>,
    /// Labels of others; empty until the asking reviewer's own verdict is saved.
    pub others: Vec<Label>,
    /// Per score of `conversation.scores`, its rank within its evaluator: 0 worst, 1 best; `None` without a value.
    pub ranks: Vec<Option<f64>>,
    /// Steps worth a look, most suspicious first.
    pub suspects: Vec<Suspect>,
    /// What is to be said against evaluators that scored it, by their names: constant, or upside down.
    pub remarks: BTreeMap<String, String>,
}

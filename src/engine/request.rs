//! What the screen asks of the workers, and what it gets back.
//!
//! Invariant: plain values only; nothing here names a thread, a connection or a terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::act::Act;
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::label::{Label, StepPointer};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::text::Untrusted;
pub use crate::text::highlight::{HighlightClass, HighlightRun};

/// Rises by one with every request; a reply with an older ticket than the newest of its slot is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

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
}

/// Which conversations, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueQuery {
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
    /// Of `ids`, those with a verdict of the asking reviewer.
    pub judged: u64,
    /// Of `ids`, those the asking reviewer put off.
    pub skipped: u64,
    /// Of `ids`, those whose labels differ.
    pub disputed: u64,
    /// Median microseconds between this reviewer's consecutive verdicts (pauses above ten minutes left out).
    pub pace_micros: Option<i64>,
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
    pub suspects: Vec<StepPointer>,
}

/// What the screen asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Read: the ids of a queue.
    Queue(QueueQuery),
    /// Read: the rows of these conversations, in this order; unknown ids are left out.
    Rows(Vec<ConversationId>),
    /// Read: one conversation.
    Open(ConversationId),
    /// Read: the codebook.
    Codebook,
    /// Read: JSON text pretty-printed and highlighted, bounded in size.
    Highlight(Untrusted),
    /// Write: record an act.
    Record(Box<Act>),
    /// Write: undo the last act of this reviewer, of any session.
    Undo,
    /// Write: redo what this reviewer last undid.
    Redo,
    /// Job: import files.
    Import(Vec<PathBuf>),
    /// Job: export the labelled conversations that match a filter.
    Export(ExportOrder),
    /// Job: load a ready-made codebook pack by name.
    LoadPack(String),
}

/// What to export, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrder {
    /// A folder; it must not hold any of the files to be written.
    pub directory: PathBuf,
    /// Format names, as `aftercall export --format` takes them.
    pub formats: Vec<String>,
    /// In the filter language; empty for all labelled conversations.
    pub filter: String,
    /// The reason for writing personal data as it is; `None` masks it.
    pub keep_personal_data: Option<String>,
}

/// What came of a write, once it is safe.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// What was done, in a few words, for the status line: `PASS`, `FAIL · wrong tool · step 6`, `undone: PASS`.
    pub what: String,
    /// The operation's group; empty where there was nothing to undo or redo.
    pub group: String,
    /// The conversation concerned, where there is one.
    pub conversation: Option<ConversationId>,
    /// Its row as it is now.
    pub summary: Option<Box<Summary>>,
    /// The reviewer's label as it is now.
    pub own: Option<Box<Label>>,
    /// The codebook, where the act changed it.
    pub codebook: Option<Codebook>,
    /// When it was saved.
    pub at: Timestamp,
    /// Set where the database has it but the journal could not be written: the reason.
    pub journal_problem: Option<String>,
}

/// What the workers answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To [`Request::Queue`].
    Queue(QueueIndex),
    /// To [`Request::Rows`].
    Rows(Vec<Summary>),
    /// To [`Request::Open`].
    Opened(Box<Opened>),
    /// To [`Request::Codebook`].
    Codebook(Codebook),
    /// To [`Request::Highlight`]: one vector of runs per line.
    Highlighted(Vec<Vec<HighlightRun>>),
    /// To [`Request::Record`], [`Request::Undo`], [`Request::Redo`], [`Request::LoadPack`].
    Saved(Box<Saved>),
    /// To a job: a summary line for people, and figures by name.
    Done {
        /// One line.
        message: String,
        /// Counts by name.
        figures: BTreeMap<String, u64>,
    },
    /// The request could not be carried out: what, where, and what to do. Nothing was changed, unless it says so.
    Failed {
        /// One line.
        message: String,
        /// True where trying the same again may work (the database was busy, the disk full).
        retry: bool,
    },
    /// The request was cancelled, or a newer one of its slot took its place.
    Cancelled,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is being done, for people.
    pub what: String,
}

//! What the screen asks of the workers, and what it gets back.
//!
//! Invariant: plain values only; nothing here names a thread, a connection or a terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use crate::model::act::Saved;
use crate::model::act::{Act, Judgement};
pub use crate::model::begun::{Begun, BegunCorrection, BegunFail, Changes, Drawer};
pub use crate::model::claim::{ClaimOrder, Claimed};
use crate::model::codebook::Codebook;
pub use crate::model::export::ExportOrder;
use crate::model::id::ConversationId;
pub use crate::model::queue::{Opened, QueueHead, QueueIndex, QueueOrder, QueueQuery, QueueSpec, QueueState};
pub use crate::model::search::Hit;
use crate::model::summary::Summary;
pub use crate::model::tool::KnownTool;
pub use crate::ops::Progress;
pub use crate::ops::adjudicate::{Case, Side as DisputeSide};
pub use crate::ops::alignment::{Aligned, AlignmentReport, Cell, Cut, Cutoff, Part};
pub use crate::ops::calibration::{Answer, CalibrationOrder, CalibrationReport, CaseSaid, Question, Sheet};
pub use crate::ops::compare::{CompareReport, Compared, Test, why_not};
pub use crate::ops::drift::{DriftReport, DriftRow, Measured};
pub use crate::ops::figures::{ComparePage, Offer, RatesPage};
pub use crate::ops::queue::{OrderInfo, Preview, orders, unevaluated_of};
pub use crate::ops::rates::{RatesReport, Segment};
pub use crate::ops::report::{
    Asking, EvaluatorRow, Figure, METRICS, ModeRow, Part as InsightsPart, Report, SMALL, SegmentRow, WeekRow, Window,
};
pub use crate::ops::sample::{AdjustedP, Guarded, Rate};
pub use crate::ops::session::{
    AgendaKind, AgendaLine, SessionProgress, SessionSheet, SessionSummary, StartOrder, Waiting, Why, own_queue,
};
pub use crate::ops::thresholds::Threshold;
use crate::text::Untrusted;
pub use crate::text::highlight::{HighlightClass, HighlightRun};

/// Rises by one with every request; a reply with an older ticket than the newest of its slot is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

/// A page of figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figures {
    /// How often the agent fails, by the first segment after this one that conversations have.
    Rates(Option<String>),
    /// How evaluators agree with people, and from which score on to escalate.
    Alignment,
    /// Two of what can be compared, by their places among what is offered.
    Compare(Option<(usize, usize)>),
    /// What the last import differs in.
    Drift,
}

/// What stands on a page of figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Figured {
    /// To [`Figures::Rates`].
    Rates(RatesPage),
    /// To [`Figures::Alignment`].
    Alignment(AlignmentReport),
    /// To [`Figures::Compare`].
    Compare(ComparePage),
    /// To [`Figures::Drift`].
    Drift(DriftReport),
}

/// What the screen asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Read: the ids of a queue.
    Queue(QueueQuery),
    /// Read: the rows of these conversations, in this order; unknown ids are left out.
    Rows(Vec<ConversationId>),
    /// Read: the same, each with its place in the queue of this name, in which somebody is reading this conversation.
    QueueRows(String, Option<ConversationId>, Vec<ConversationId>),
    /// Read: the queues there are.
    Queues,
    /// Read: what a queue would take if it were defined so.
    Preview(Box<QueueSpec>),
    /// Read: what failed on some days, and how service went.
    Insights(Asking),
    /// Read: a page of figures, on the audit labels of this queue, or of the one with most of them.
    Figures(Figures, Option<String>),
    /// Read: the best place in each of these conversations where words stand, taken as typed.
    Snippets(String, Vec<ConversationId>),
    /// Read: one conversation.
    Open(ConversationId),
    /// Read: one conversation as a room may see it: people that its records name are masked as well.
    OpenForRoom(ConversationId),
    /// Read: the session that the reviewer is in, or left last.
    Session,
    /// Read: the agenda of that session, or of the one of this event, its decisions, and what it came to.
    SessionSheet(Option<String>),
    /// Read: the codebook.
    Codebook,
    /// Read: the tools that the workspace knows.
    Tools,
    /// Read: the fail that the reviewer gave last, of any session.
    LastFail,
    /// Read: what this reviewer began on this device and did not save.
    Begun,
    /// Read: JSON text pretty-printed and highlighted, bounded in size.
    Highlight(Untrusted),
    /// Read: the conversations whose labels differ.
    Disputes,
    /// Read: what the sides of one say.
    Dispute(ConversationId),
    /// Read: the same as a room may see it.
    DisputeForRoom(ConversationId),
    /// Read: the calibrations, with how far each is.
    Calibrations,
    /// Read: one of them, with what was said where that may be told.
    Calibration(String),
    /// Write: record an act.
    Record(Box<Act>),
    /// Write: begin a calibration.
    StartCalibration(Box<CalibrationOrder>),
    /// Write: begin a session.
    StartSession(Box<StartOrder>),
    /// Write: take one of several labels that differ, known by its newest event.
    Settle {
        /// The conversation.
        conversation: ConversationId,
        /// The newest event of the label.
        label: String,
        /// Why.
        reason: String,
    },
    /// Write: hold a conversation of a shared queue for a while.
    Claim(ClaimOrder),
    /// Write: give it back.
    Release(ConversationId),
    /// Write: what was begun or dropped since; no act.
    KeepBegun(Changes),
    /// Write: undo the last act of this reviewer, of any session.
    Undo,
    /// Write: redo what this reviewer last undid.
    Redo,
    /// Job: import files.
    Import(Vec<PathBuf>),
    /// Job: export the labelled conversations that match a filter.
    Export(ExportOrder),
    /// Job: write a part of that as CSV, and all of it as JSON, masked, as new files into a folder.
    WriteInsights(Asking, InsightsPart, PathBuf),
    /// Job: write the report on the session of this event as a new page into a folder, masked.
    WriteReport(String, PathBuf),
    /// Job: have the built-in evaluators and the workspace's policies judge the conversations that match a filter; empty
    /// for all.
    Evaluate(String),
    /// Job: load a ready-made codebook pack by name.
    LoadPack(String),
}

/// What the workers answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To [`Request::Queue`].
    Queue(QueueIndex),
    /// To [`Request::Rows`] and [`Request::QueueRows`].
    Rows(Vec<Summary>),
    /// To [`Request::Queues`].
    Queues(Vec<QueueHead>),
    /// To [`Request::Preview`].
    Preview(Preview),
    /// To [`Request::Insights`].
    Insights(Box<Report>),
    /// To [`Request::Figures`].
    Figures(Box<Figured>),
    /// To [`Request::Snippets`].
    Snippets(Vec<Hit>),
    /// To [`Request::Session`].
    Session(Option<Box<SessionProgress>>),
    /// To [`Request::SessionSheet`].
    SessionSheet(Box<SessionSheet>),
    /// To [`Request::Open`] and [`Request::OpenForRoom`].
    Opened(Box<Opened>),
    /// To [`Request::Disputes`].
    Disputes(Vec<ConversationId>),
    /// To [`Request::Dispute`] and [`Request::DisputeForRoom`].
    Dispute(Box<Case>),
    /// To [`Request::Calibrations`].
    Calibrations(Vec<Sheet>),
    /// To [`Request::Calibration`].
    Calibration(Box<Sheet>),
    /// To [`Request::Claim`] and [`Request::Release`].
    Claimed(Claimed),
    /// To [`Request::Codebook`].
    Codebook(Codebook),
    /// To [`Request::Tools`].
    Tools(Vec<KnownTool>),
    /// To [`Request::LastFail`].
    LastFail(Option<Box<Judgement>>),
    /// To [`Request::Begun`].
    Begun(Drawer),
    /// To [`Request::KeepBegun`]: it is on the disk.
    Kept,
    /// To [`Request::Highlight`]: one vector of runs per line.
    Highlighted(Vec<Vec<HighlightRun>>),
    /// To [`Request::Record`], [`Request::StartSession`], [`Request::StartCalibration`], [`Request::Settle`],
    /// [`Request::Undo`], [`Request::Redo`], [`Request::LoadPack`].
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

/// What comes from the workers.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineMessage {
    /// The one answer to a request.
    Reply(Ticket, Reply),
    /// How far a job is.
    Progress(Ticket, Progress),
    /// Something came into the workspace from elsewhere: conversations of a receiver or an import, labels of another
    /// window or person.
    Arrived,
    /// Something the reviewer should know about the place the labels are kept in, in one sentence.
    Notice(String),
}

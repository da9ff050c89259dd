//! The screen on which labels that differ are settled, and what a reviewer holds in a shared queue.
//!
//! Invariant: a side has no name here; a choice without a reason waits for it and is not lost meanwhile.

use crate::engine::request::{Case, DisputeSide, Ticket};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

/// What is to be done once there is a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Take the side whose newest event this is, wherever it stands by then.
    Take(String),
    /// Give a verdict of one's own.
    Own,
}

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct DisputesView {
    /// The question for the list under way.
    pub awaiting: Option<Ticket>,
    /// The question for the open case under way.
    pub awaiting_case: Option<Ticket>,
    /// Conversations in dispute.
    pub ids: Vec<ConversationId>,
    /// Those put off in this sitting; they come last.
    pub put_off: Vec<ConversationId>,
    /// Which is open.
    pub at: usize,
    /// The open one.
    pub case: Option<Box<Case>>,
    /// By side, its corrections and notes as they may be shown, in pieces: a note of any length is drawn at once.
    pub texts: Vec<Vec<String>>,
    /// What went wrong.
    pub error: Option<String>,
    /// Why the choice is made; required.
    pub reason: String,
    /// What waits for its reason.
    pub waiting: Option<Choice>,
    /// Lines scrolled down.
    pub top: usize,
    /// How many were settled in this sitting.
    pub settled: usize,
}

impl DisputesView {
    /// The conversation that is open, or being opened.
    pub fn current(&self) -> Option<&ConversationId> {
        self.ids.get(self.at)
    }

    /// What is said of the open one, without names.
    pub fn sides(&self) -> &[DisputeSide] {
        self.case.as_ref().map_or(&[], |case| &case.dispute.sides)
    }

    /// The list without one that was settled; the next one moves into its place.
    pub fn drop_current(&mut self) {
        if self.at < self.ids.len() {
            self.ids.remove(self.at);
        }
        if self.at >= self.ids.len() {
            self.at = 0;
        }
        self.clear();
    }

    /// Forgets what belongs to the open one.
    pub fn clear(&mut self) {
        self.case = None;
        self.texts.clear();
        self.error = None;
        self.reason.clear();
        self.waiting = None;
        self.top = 0;
    }
}

/// A dispute whose transcript is open.
#[derive(Debug)]
pub struct Visit {
    /// The screen to come back to.
    pub view: Box<DisputesView>,
    /// The conversation.
    pub conversation: ConversationId,
    /// Why a verdict settles it; `None` where it is only being read.
    pub settles: Option<String>,
    /// True once that verdict was given.
    pub given: bool,
}

/// A conversation that this reviewer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which.
    pub conversation: ConversationId,
    /// In which queue.
    pub queue: String,
    /// Until when.
    pub until: Timestamp,
}

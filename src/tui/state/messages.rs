//! What was said to the reviewer, and what became of every write.
//!
//! Invariant: a write leaves this list only when it was answered with "saved"; one that failed stays until it is saved.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::request::{Request, Ticket};
use crate::model::act::Judgement;
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::time::Timestamp;

/// Messages kept.
const KEPT: usize = 500;

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// For information.
    Info,
    /// Something was saved.
    Saved,
    /// Something went wrong.
    Problem,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// How serious.
    pub weight: Weight,
    /// In words.
    pub text: String,
}

/// What was said since the program was opened.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Oldest first.
    pub entries: VecDeque<Entry>,
    /// Shown in the status line until the next key.
    pub toast: Option<Entry>,
}

impl Log {
    /// Writes something down without saying it.
    pub fn note(&mut self, at: Timestamp, weight: Weight, text: impl Into<String>) {
        self.entries.push_back(Entry { at, weight, text: text.into() });
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// Says something.
    pub fn say(&mut self, at: Timestamp, weight: Weight, text: impl Into<String>) {
        self.note(at, weight, text);
        self.toast = self.entries.back().cloned();
    }
}

/// A write and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// As asked.
    pub request: Request,
    /// On what, where it is about one conversation.
    pub conversation: Option<ConversationId>,
    /// In a few words.
    pub what: String,
    /// The reviewer's own verdict that this one takes the place of.
    pub replaces: Option<Verdict>,
}

/// A write that came to nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsaved {
    /// It.
    pub write: Write,
    /// Why.
    pub reason: String,
}

/// What became of every write.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// Asked and not answered.
    pub pending: BTreeMap<Ticket, Write>,
    /// Answered with a failure, oldest first.
    pub unsaved: Vec<Unsaved>,
    /// The last one saved: in words, and when.
    pub last: Option<(String, Timestamp)>,
    /// The conversation that one was about.
    pub last_on: Option<ConversationId>,
    /// The reviewer's last fail, of this start of the program or an earlier one, to be repeated.
    pub last_fail: Option<Judgement>,
    /// The request for it, while nothing newer is known.
    pub awaiting_fail: Option<Ticket>,
}

impl Writes {
    /// True where a write on this conversation is under way.
    pub fn is_pending(&self, id: &ConversationId) -> bool {
        self.pending.values().any(|write| write.conversation.as_ref() == Some(id))
    }
}

/// The list of messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessagesView {
    /// Lines scrolled up from the newest.
    pub up: usize,
}

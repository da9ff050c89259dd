//! The terminal UI: a pure core of messages, state and view, and a thin loop around it.
//!
//! Invariant: `update` never blocks and never touches terminal, disk or clock; the view borrows the state; nothing here
//! returns an error while it runs: a failure becomes a message on the screen.

use std::path::PathBuf;
use std::sync::Arc;

pub mod action;
mod command;
mod detail;
mod evidence;
mod input;
pub mod keymap;
mod layout;
mod message;
pub mod offscreen;
mod pager;
mod paint;
mod row;
mod run;
mod schema;
mod scoring;
mod state;
mod terminal;
pub mod theme;
mod transcript;
mod tree;
mod update;
mod view;

#[cfg(test)]
mod tests;

pub use run::{Outcome, TuiError, run};
pub use terminal::{columns, give_back_on_panic};

use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::model::time::Timestamp;

/// Replaces personal data in text by pseudonyms.
#[derive(Clone)]
pub struct Mask(pub Arc<dyn Fn(&str) -> String + Send + Sync>);

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// What the screen needs to know before it starts.
#[derive(Debug, Clone)]
pub struct UiConfig {
    /// Who judges.
    pub reviewer: String,
    /// The workspace's name or folder, for the title.
    pub workspace: String,
    /// Colours and signs.
    pub theme: theme::Theme,
    /// Keys in force.
    pub keymap: keymap::Keymap,
    /// Masks text for the screen and the clipboard.
    pub mask: Mask,
    /// Masks text for a room: names and numbers of customers, orders and the like as well.
    pub room_mask: Mask,
    /// Who else is there from the start, where it is shown to a room.
    pub room: Vec<String>,
    /// True to show to a room from the start.
    pub presenting: bool,
    /// True to mask from the start.
    pub masked: bool,
    /// Tells the time.
    pub clock: Clock,
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
    /// What `~` means in a path.
    pub home: Option<PathBuf>,
    /// Codebook packs that can be loaded, by name.
    pub packs: Vec<String>,
    /// The command of `$VISUAL` or `$EDITOR`, where there is one.
    pub editor: Option<String>,
    /// The folder an export is written to unless another is typed.
    pub export_directory: String,
    /// What queues that are defined here put ahead of any order.
    pub must_review: crate::model::queue::MustReview,
    /// For how many minutes who opens a conversation of a shared queue holds it.
    pub claim_minutes: u32,
    /// True to ask after a correction whether the rest of the conversation still stands.
    pub ask_remainder: bool,
    /// Why nothing can be saved in this workspace, where that is so.
    pub read_only: Option<String>,
    /// Where the reviewer was when they left the last time; used where the screen starts at the whole queue.
    pub place: Option<Place>,
}

/// Where a reviewer is: what is listed, in which order, and the conversation under the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The queue's name; `None` for the list of all conversations.
    pub queue: Option<String>,
    /// The queue's filter; empty for all.
    pub filter: String,
    /// The queue's order.
    pub order: QueueOrder,
    /// The conversation that is open or under the cursor.
    pub conversation: Option<ConversationId>,
    /// The step of it that was read last.
    pub step: Option<u32>,
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the queue, with a filter (empty for all).
    Queue(String),
    /// At the runs a gate objected to, which this filter finds, in the order of its report.
    Gate(String),
    /// At the queue of this name.
    Named(String),
    /// At one conversation.
    Conversation(ConversationId),
}

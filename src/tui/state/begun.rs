//! What is known of the file that keeps what was begun and not saved.
//!
//! Invariant: nothing is put into the file before it was read, so that a start never empties it.

use std::collections::BTreeMap;

use crate::engine::request::{BegunCorrection, Drawer, Ticket};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::tui::state::State;

/// What is known of it.
#[derive(Debug, Default)]
pub struct Kept {
    /// True once it was read.
    pub read: bool,
    /// What it holds once the change under way is done.
    pub drawer: Drawer,
    /// The change under way, and what the file holds if that comes to nothing.
    pub awaiting: Option<(Ticket, Drawer)>,
    /// True where something may have been begun or dropped since.
    pub touched: bool,
    /// When it was last looked at.
    pub at: Option<Timestamp>,
    /// Why it could not be written the last time.
    pub problem: Option<String>,
    /// Corrections of an earlier start, until their step is corrected.
    pub corrections: BTreeMap<(ConversationId, u32), BegunCorrection>,
}

impl State {
    /// True where something was begun on a conversation and not saved; before a room nobody is told.
    pub fn has_begun(&self, id: &ConversationId) -> bool {
        let of_key = |key: &String| key.split(' ').any(|word| word == id.as_str());
        !self.presenting
            && (self.drafts.keys().any(of_key)
                || self.fails_begun.contains_key(&(id.clone(), false))
                || self.corrections_begun.keys().any(|(other, _)| other == id)
                || self.kept.corrections.keys().any(|(other, _)| other == id))
    }
}

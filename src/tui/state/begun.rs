//! What is known of the file that keeps what was begun and not saved.
//!
//! Invariant: nothing is put into the file before it was read, so that a start never empties it.

use std::collections::BTreeMap;

use crate::engine::request::{BegunCorrection, Drawer, Ticket};
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;

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

//! What the screen wants done.
//!
//! Invariant: plain values; only the run loop carries them out.

use crate::engine::request::{Request, Ticket};

/// One thing to be done outside of the pure core.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Ask the workers; the answer carries the ticket.
    Ask(Ticket, Request),
    /// Stop a job.
    Cancel(Ticket),
    /// Put text on the clipboard; it is masked, harmless and short enough already.
    Copy(String),
    /// Let an outside editor change a text.
    Edit(EditorJob),
    /// Draw everything again.
    Redraw,
    /// Stop for now, as ctrl-z does in a shell.
    Suspend,
    /// Leave, once every write is answered.
    Quit,
}

/// A text for an outside editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorJob {
    /// The text to begin with.
    pub text: String,
    /// The ending of the file's name, for the editor's sake: `md`, `json`.
    pub ending: &'static str,
}

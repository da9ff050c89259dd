//! The help screen: which screen it explains, and how far it is scrolled.
//!
//! Invariant: it holds no text of its own; the table of bindings has it.

use crate::tui::action::Context;

/// The help screen.
#[derive(Debug, Clone, Copy)]
pub struct Help {
    /// The screen it explains.
    pub context: Context,
    /// Lines scrolled down.
    pub top: usize,
}

//! Keys of the help screen.
//!
//! Invariant: nothing but scrolling and leaving happens here.

use super::Pressed;
use crate::tui::action::Action;
use crate::tui::state::help::Help;
use crate::tui::state::{Overlay, State};

/// Opens the help of what lies on top.
pub fn open(state: &mut State) {
    state.overlays.push(Overlay::Help(Help { context: state.context(), top: 0 }));
}

/// Takes a key.
pub fn handle(mut help: Help, pressed: Pressed) -> Option<Help> {
    match pressed.action {
        Some(Action::Back | Action::Leave | Action::Help) => return None,
        Some(Action::LineDown) => help.top += 1,
        Some(Action::LineUp) => help.top = help.top.saturating_sub(1),
        Some(Action::PageDown | Action::HalfDown) => help.top += 10,
        Some(Action::PageUp | Action::HalfUp) => help.top = help.top.saturating_sub(10),
        Some(Action::First) => help.top = 0,
        Some(Action::Last) => help.top = crate::tui::action::BINDINGS.len(),
        _ => {}
    }
    // The view stops at the last line; this keeps the way back short.
    help.top = help.top.min(crate::tui::action::BINDINGS.len());
    Some(help)
}

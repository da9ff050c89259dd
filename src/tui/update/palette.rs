//! Keys of the command palette.
//!
//! Invariant: a command chosen here does what its key would do on the screen beneath.

use super::Pressed;
use crate::tui::action::Action;
use crate::tui::input::LineInput;
use crate::tui::state::messages::Weight;
use crate::tui::state::palette::Palette;
use crate::tui::state::{Overlay, State};

/// Opens the palette over what lies on top.
pub fn open(state: &mut State) {
    let context = state.context();
    state.overlays.push(Overlay::Palette(Palette { input: LineInput::default(), choice: 0, context }));
}

/// Takes a key.
pub fn handle(state: &mut State, mut palette: Palette, pressed: Pressed) -> Option<Palette> {
    match pressed.action {
        Some(Action::Back) => return None,
        Some(Action::Accept) => {
            if let Some(number) = palette.step() {
                go_to_step(state, number);
            } else if let Some(binding) = palette.offers().get(palette.choice) {
                match binding.action {
                    Action::Quit => super::leave(state),
                    Action::Suspend => state.want(crate::tui::command::Command::Suspend),
                    Action::Redraw => state.want(crate::tui::command::Command::Redraw),
                    Action::Help => super::help::open(state),
                    // No command that is offered asks which of its keys was pressed.
                    action => super::press(state, Pressed { action: Some(action), ..pressed }),
                }
            }
            return None;
        }
        Some(Action::NextChoice) => palette.choice += 1,
        Some(Action::PreviousChoice) => palette.choice = palette.choice.saturating_sub(1),
        _ => {
            if palette.input.handle(pressed.chord) {
                palette.choice = 0;
            }
        }
    }
    palette.choice = palette.choice.min(palette.offers().len().saturating_sub(1));
    Some(palette)
}

/// To the step of this number; the last-place key comes back.
fn go_to_step(state: &mut State, number: u32) {
    let Some(opened) = state.review.as_ref().and_then(|review| review.opened.as_ref()) else { return };
    let last = opened.conversation.steps.iter().map(|step| step.number).max().unwrap_or(0);
    if !super::review::go_to_number(state, number) {
        let said = format!("There is no step {number}: they go from 1 to {last}.");
        state.log.say(state.now, Weight::Info, said);
    }
}

//! The command palette.
//!
//! Invariant: each line names a command, its key and what it does, from the table of bindings.

use super::dialog;
use crate::tui::action::Context;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::palette::Palette;
use crate::tui::theme::Tone;

/// Draws the palette.
pub fn draw(state: &State, palette: &Palette, canvas: &mut Canvas) {
    let mut title = Row::of("Commands", Tone::Title);
    if palette.context == Context::Review {
        let dot = state.config.theme.signs().dot;
        title.push(&format!(" {dot} a number goes to that step"), Tone::Dim);
    }
    let enter = state.config.theme.signs().enter;
    let keys = Row::of(enter, Tone::Key).with(" run  ", Tone::Text).with("esc", Tone::Key).with(" back", Tone::Text);
    let inside = dialog(state, canvas, (96, state.size.rows.saturating_sub(4).min(22)), (&title, &keys));
    let columns = usize::from(inside.width);
    let mut line = Row::of(":", Tone::Key);
    line.extend(palette.input.row(columns.saturating_sub(2), Focus::Yes));
    canvas.line(inside, 0, &line);
    if let Some(number) = palette.step() {
        let row = Row::of(state.config.theme.signs().cursor, Tone::Strong);
        return canvas.line(inside, 1, &row.with(&format!(" go to step {number}"), Tone::Chosen));
    }
    let offers = palette.offers();
    if offers.is_empty() {
        canvas.line(inside, 1, &Row::of("  no command like that", Tone::Dim));
    }
    let height = usize::from(inside.height).saturating_sub(1).max(1);
    let top = (palette.choice + 1).saturating_sub(height);
    for (at, binding) in offers.iter().enumerate().skip(top).take(height) {
        let chosen = at == palette.choice;
        let mut row = Row::of(if chosen { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        row.push(&format!(" {:<15}", binding.caption), if chosen { Tone::Chosen } else { Tone::Strong });
        row.push(&format!("{:>8}  ", state.key(binding.action)), Tone::Key);
        row.push(binding.help, if chosen { Tone::Text } else { Tone::Dim });
        canvas.line(inside, at - top + 1, &row.cut(columns, "…"));
    }
}

//! The list of messages.
//!
//! Invariant: newest last, as they were said.

use super::boxed;
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::messages::{MessagesView, Weight};
use crate::tui::theme::Tone;

/// Draws the messages.
pub fn draw(state: &State, view: MessagesView, canvas: &mut Canvas) {
    let title = Row::of("Messages since you opened the program", Tone::Title);
    let keys = Row::of("esc", Tone::Key).with(" back", Tone::Text);
    let inside = boxed(canvas, state.size.area(), &title, &keys);
    let height = usize::from(inside.height);
    let entries = &state.log.entries;
    if entries.is_empty() {
        return canvas.line(inside, 0, &Row::of("None yet.", Tone::Dim));
    }
    let end = entries.len() - view.up.min(entries.len() - 1);
    let lens = state.lens();
    for (line, entry) in entries.iter().take(end).skip(end.saturating_sub(height)).enumerate() {
        let (word, tone) = match entry.weight {
            Weight::Info => ("        ", Tone::Text),
            Weight::Saved => ("saved   ", Tone::Good),
            Weight::Problem => ("trouble ", Tone::Bad),
        };
        let row = Row::of(&format!("{} ", state.clock(entry.at)), Tone::Dim).with(word, tone);
        let mut row = row;
        row.extend(lens.row(&entry.text, Tone::Text));
        canvas.line(inside, line, &row.cut(usize::from(inside.width), "…"));
    }
}

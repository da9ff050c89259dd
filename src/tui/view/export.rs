//! The export form.
//!
//! Invariant: whether personal data is masked is always in sight.

use ratatui::layout::Rect;

use super::{dialog, worded};
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::export::{ExportForm, FORMATS, Line, Personal, REASON_WORDS};
use crate::tui::theme::Tone;

/// Draws the form.
pub fn draw(state: &State, form: &ExportForm, canvas: &mut Canvas) {
    let title = Row::of("Export a dataset", Tone::Title);
    let keys = [
        (Action::Accept, "write"),
        (Action::Toggle, "choose format"),
        (Action::NextField, "next line"),
        (Action::Back, "back"),
    ];
    let hints = worded(state, &keys, 70);
    let inside = dialog(state, canvas, (92, 16), (&title, &hints));
    let columns = usize::from(inside.width);
    let mut line = 1;
    for (at, kind) in Line::ALL.into_iter().enumerate() {
        let here = at == form.head.line;
        let focus = if here { Focus::Yes } else { Focus::No };
        let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        let tone = if here { Tone::Strong } else { Tone::Text };
        let room = columns.saturating_sub(18);
        match kind {
            Line::Directory => {
                row.push(" To folder     ", tone);
                row.extend(form.directory.row(room, focus));
            }
            Line::Format(place) => {
                let (name, what) = FORMATS[place];
                let heading = if place == 0 { " Formats       " } else { "               " };
                row.push(heading, tone);
                row.push(if form.formats[place] { "[x] " } else { "[ ] " }, Tone::Key);
                row.push(&format!("{name:<15} "), tone);
                row.push(what, Tone::Dim);
            }
            Line::Filter => {
                row.push(" Only those    ", tone);
                row.extend(form.filter.row(room, focus));
            }
            Line::Reason => {
                row.push(" Keep personal ", tone);
                row.extend(form.reason.row(room, focus));
            }
        }
        canvas.line(inside, line, &row.cut(columns, "…"));
        line += 1;
        if matches!(kind, Line::Directory | Line::Format(3) | Line::Filter) {
            line += 1;
        }
    }
    let warn = state.config.theme.signs().warn;
    let note = match form.personal() {
        Personal::Masked => {
            Row::of("  Personal data is masked. A reason typed above keeps it, and is recorded.", Tone::Dim)
        }
        Personal::Unexplained => {
            let text = format!("  Not a reason yet: with {REASON_WORDS} words personal data is kept; empty masks it.");
            Row::of(&text, Tone::Warn)
        }
        Personal::Kept => {
            Row::of(&format!("  {warn} Personal data will NOT be masked; the reason is recorded."), Tone::Warn)
        }
    };
    canvas.line(inside, line, &note);
    if let Some(error) = &form.head.error {
        let area = Rect { x: inside.x + 2, width: inside.width.saturating_sub(2), ..inside };
        let rows = wrap(error, Tone::Bad, usize::from(area.width), state.lens().look);
        for (at, row) in rows.iter().take(2).enumerate() {
            canvas.line(area, line + 1 + at, row);
        }
    }
}

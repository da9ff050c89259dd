//! A job under way, or its end.
//!
//! Invariant: a bar only where the whole is known; otherwise a count.

use super::dialog;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::import::{End, Job};
use crate::tui::theme::Tone;

/// Draws a job.
pub fn draw(state: &State, job: &Job, canvas: &mut Canvas) {
    let title = Row::of(&job.title.chars().take(60).collect::<String>(), Tone::Title);
    let keys = match (&job.end, job.stopping) {
        (Some(_), _) => {
            let enter = state.config.theme.signs().enter;
            Row::of(&format!("{enter} q esc"), Tone::Key).with(" close it", Tone::Text)
        }
        (None, false) => Row::of("esc", Tone::Key).with(" stops it; what is finished stays", Tone::Text),
        (None, true) => Row::of("stopping", Tone::Warn),
    };
    let inside = dialog(state, canvas, (76, 14), (&title, &keys));
    let columns = usize::from(inside.width);
    let look = state.lens().look;
    match &job.end {
        None => progress(state, job, canvas, inside),
        Some(End::Done(message, figures)) => {
            let text = format!("{} {message}", state.config.theme.fine());
            let mut line = 1;
            for row in wrap(&text, Tone::Good, columns, look).into_iter().take(4) {
                canvas.line(inside, line, &row);
                line += 1;
            }
            line += 1;
            let cells: Vec<String> = figures.iter().map(|(name, count)| format!("{} {count}", caption(name))).collect();
            for pair in cells.chunks(2) {
                let mut row = Row::new();
                for cell in pair {
                    row.extend(Row::of(cell, Tone::Text).padded(columns / 2));
                }
                canvas.line(inside, line, &row);
                line += 1;
            }
        }
        Some(End::Failed(message)) => {
            let text = format!("{} {message}", state.config.theme.wrong());
            for (at, row) in wrap(&text, Tone::Bad, columns, look).iter().take(10).enumerate() {
                canvas.line(inside, 1 + at, row);
            }
        }
        Some(End::Cancelled) => {
            canvas.line(inside, 1, &Row::of("Stopped. What was finished before stays.", Tone::Text));
        }
    }
}

/// A figure's name in plain words.
fn caption(name: &str) -> &str {
    match name {
        "matched" => "conversations in the filter",
        "settled" => "of them settled",
        "rows" => "rows in all",
        "failed_steps" => "failed steps",
        "conflicts" => "in conflict",
        "pending" => "waiting for their spans",
        other => other,
    }
}

fn progress(state: &State, job: &Job, canvas: &mut Canvas, inside: ratatui::layout::Rect) {
    let columns = usize::from(inside.width);
    let Some(progress) = &job.progress else {
        return canvas.line(inside, 1, &Row::of("starting", Tone::Dim));
    };
    canvas.line(inside, 1, &state.lens().row(&progress.what, Tone::Text).cut(columns, "…"));
    match progress.total.filter(|total| *total > 0) {
        Some(total) => {
            let done = progress.done.min(total);
            let wide = columns.saturating_sub(8);
            let cells = (done as f64 / total as f64 * wide as f64).round() as usize;
            let signs = state.config.theme.signs();
            let bar = Row::of(&signs.bar.repeat(cells), Tone::Agent)
                .with(&signs.nothing.repeat(wide - cells.min(wide)), Tone::Dim)
                .with(&format!(" {:>4.0} %", done as f64 / total as f64 * 100.0), Tone::Strong);
            canvas.line(inside, 3, &bar);
            canvas.line(inside, 4, &Row::of(&format!("{done} of {total}"), Tone::Dim));
        }
        None => canvas.line(inside, 3, &Row::of(&format!("{} so far", progress.done), Tone::Strong)),
    }
}

//! Questions: one line, several lines, yes or no.
//!
//! Invariant: what is wrong with an answer stands under the place where it is wrong.

use ratatui::layout::Rect;

use super::{boxed, dialog, worded};
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::prompt::{Confirm, Editor, Prompt, Question};
use crate::tui::theme::Tone;

/// Draws a one-line question at the bottom of the screen.
pub fn draw(state: &State, prompt: &Prompt, canvas: &mut Canvas) {
    let queue = state.queue.query.queue.as_deref().filter(|_| prompt.question == Question::FindInQueue);
    let hint = match prompt.question {
        Question::FindInQueue if queue.is_some() => "words; only this queue is searched",
        Question::FindInQueue if !state.queue.query.filter.is_empty() => {
            "words; only what the filter lists is searched"
        }
        Question::Filter if state.covers_filter() => {
            "another one; the one in force is not shown to a room, and stays if this is empty"
        }
        Question::Filter => "for instance  score.helpfulness<0.5 -intent:billing verdict:none tool:process_refund",
        Question::Import => "a file or folder; OTLP/JSON lines, OpenAI chat JSONL, tau-bench; plain, .gz or .zst",
        Question::Criterion => "up and down choose between must and must not; regression cases carry it",
        Question::Park(..) => "to be talked about later; may be left empty",
        Question::CloseDecision(_) => "what was shipped, or why it is no longer wanted; may be left empty",
        Question::SettleReason(_) => "stays with the dispute; what it rests on, in a sentence",
        Question::Queue => "a queue has an order of its own, and knows how far it is",
        Question::FindInQueue => "words; all conversations are searched",
        Question::FindInTranscript => "words",
        Question::RenameTo(_) => "labels keep their mode under the new name",
        Question::MergeWhich | Question::MergeInto(_) => "labels stay as they are and count as the other mode",
        Question::StartCalibration => "the most ambiguous of what is listed, judged by so many people alone",
        Question::LoadPack | Question::RenameWhich | Question::EditModes => "",
    };
    let list = prompt.fitting();
    let shown = list.len().min(8);
    let rows = if prompt.error.is_some() { 7 } else { 5 } + shown as u16;
    let size = state.size;
    let area = Rect::new(0, size.rows.saturating_sub(rows + 1), size.columns, rows);
    let title = match queue {
        Some(name) => Row::of(&format!("Find in the queue {name}"), Tone::Title),
        None => Row::of(prompt.title(), Tone::Title),
    };
    let keys = worded(state, &[(Action::Accept, "go"), (Action::Back, "back")], 60);
    let inside = boxed(canvas, area, &title, &keys);
    let columns = usize::from(inside.width);
    let mut line = Row::of("> ", Tone::Key);
    line.extend(prompt.input.row(columns.saturating_sub(2), Focus::Yes));
    canvas.line(inside, 0, &line);
    match (&prompt.error, prompt.error_at) {
        (Some(error), at) => {
            let pointer = match at {
                Some(at) if at + 3 < columns => format!("{}^", " ".repeat(at + 2)),
                _ => String::new(),
            };
            canvas.line(inside, 1, &Row::of(&pointer, Tone::Bad));
            for (at, row) in wrap(error, Tone::Bad, columns, state.lens().look).iter().take(3).enumerate() {
                canvas.line(inside, 2 + at, row);
            }
        }
        (None, _) if state.queue.awaiting.is_some() && prompt.question == Question::Filter => {
            canvas.line(inside, 1, &Row::of("looking", Tone::Warn));
        }
        (None, _) => canvas.line(inside, 1, &Row::of(hint, Tone::Dim).cut(columns, "…")),
    }
    let top = (prompt.choice + 1).saturating_sub(shown.max(1));
    for (at, (_, name)) in list.iter().enumerate().skip(top).take(shown) {
        let chosen = at == prompt.choice;
        let mark = if chosen { state.config.theme.signs().cursor } else { " " };
        let row = Row::of(mark, Tone::Strong).with(" ", Tone::Text);
        canvas.line(inside, 2 + at - top, &row.with(name, if chosen { Tone::Chosen } else { Tone::Text }));
    }
}

/// Draws an editor.
pub fn draw_editor(state: &State, editor: &Editor, canvas: &mut Canvas) {
    let (save, breaks) = if editor.is_short() {
        ((Action::Accept, "save"), (Action::NewLine, "new line"))
    } else {
        ((Action::Save, "save"), (Action::Accept, "new line"))
    };
    let key = Row::of(&state.key(save.0), Tone::Key).with(" saves", Tone::Strong);
    let dot = state.config.theme.signs().dot;
    let mut title = Row::of(&editor.title(), Tone::Title).with(&format!(" {dot} "), Tone::Frame);
    title.extend(key);
    let keys = worded(state, &[save, breaks, (Action::ExternalEditor, "$EDITOR"), (Action::Back, "keep as draft")], 74);
    let inside = dialog(state, canvas, (90, 14), (&title, &keys));
    let text = Rect { height: inside.height.saturating_sub(1), ..inside };
    canvas.text_area(text, &editor.area);
    if let Some(error) = &editor.error {
        let row = Row::of(error, Tone::Bad).cut(usize::from(inside.width), "…");
        canvas.line(inside, usize::from(inside.height) - 1, &row);
    }
}

/// Draws a yes-or-no question.
pub fn draw_confirm(state: &State, confirm: &Confirm, canvas: &mut Canvas) {
    let title = Row::of("One moment", Tone::Warn);
    let keys = worded(state, &[(Action::Yes, "yes"), (Action::No, "no"), (Action::Back, "back")], 60);
    let inside = dialog(state, canvas, (70, 6), (&title, &keys));
    let columns = usize::from(inside.width);
    for (at, row) in wrap(&confirm.text, Tone::Text, columns, state.lens().look).iter().take(3).enumerate() {
        canvas.line(inside, 1 + at, row);
    }
}

//! The state as a frame.
//!
//! Invariant: borrows the state; text reaches a cell only as a row, by way of the canvas, and every frame is swept.

use ratatui::Frame;
use ratatui::layout::Rect;

mod calibration;
pub mod correct;
pub mod define;
pub mod disputes;
pub mod export;
pub mod help;
pub mod import;
mod insights;
pub mod judge;
pub mod messages;
pub mod numbers;
pub mod palette;
pub mod prompt;
pub mod queue;
pub mod review;
pub mod session;

use super::action::{Action, binding};
use super::layout::{self, SMALLEST};
use super::paint::{Canvas, sweep};
use super::row::Row;
use super::state::messages::{Entry, Weight};
use super::state::{Overlay, Screen, State};
use super::theme::Tone;

/// Columns of the frame and the blanks around the status line.
const STATUS_FRAME: usize = 4;

/// Draws the state.
pub fn view(state: &State, frame: &mut Frame) {
    draw(state, frame.buffer_mut());
}

/// Draws the state on a buffer.
pub fn draw(state: &State, buffer: &mut ratatui::buffer::Buffer) {
    let area = buffer.area;
    let mut canvas = Canvas { buffer, theme: state.config.theme };
    if state.size.too_small() {
        let text = format!("aftercall needs {}x{} characters here", SMALLEST.columns, SMALLEST.rows);
        canvas.row(area, &Row::of(&text, Tone::Text));
        return sweep(canvas.buffer);
    }
    match state.screen {
        Screen::Queue => queue::draw(state, &mut canvas),
        Screen::Review => review::draw(state, &mut canvas),
    }
    for overlay in &state.overlays {
        match overlay {
            Overlay::Judge(_) => {}
            Overlay::Correct(form) => correct::draw(state, form, &mut canvas),
            Overlay::Editor(editor) => prompt::draw_editor(state, editor, &mut canvas),
            Overlay::Prompt(prompt) => prompt::draw(state, prompt, &mut canvas),
            Overlay::Confirm(confirm) => prompt::draw_confirm(state, confirm, &mut canvas),
            Overlay::Palette(palette) => palette::draw(state, palette, &mut canvas),
            Overlay::Help(help) => help::draw(state, *help, &mut canvas),
            Overlay::Messages(view) => messages::draw(state, *view, &mut canvas),
            Overlay::Export(form) => export::draw(state, form, &mut canvas),
            Overlay::Define(form) => define::draw(state, form, &mut canvas),
            Overlay::Progress => define::draw_progress(state, &mut canvas),
            Overlay::Insights(view) => insights::draw(state, view, &mut canvas),
            Overlay::Session(view) => session::draw(state, view, &mut canvas),
            Overlay::StartSession(form) => session::draw_start(state, form, &mut canvas),
            Overlay::Decision(form) => session::draw_decision(state, form, &mut canvas),
            Overlay::Numbers(view) => numbers::draw(state, view, &mut canvas),
            Overlay::Disputes(view) => disputes::draw(state, view, &mut canvas),
            Overlay::Calibration(view) => calibration::draw(state, view, &mut canvas),
            Overlay::Job(job) => import::draw(state, job, &mut canvas),
        }
    }
    told(state, &mut canvas);
    sweep(canvas.buffer);
}

/// What was said last, on screens that cover the status line.
fn told(state: &State, canvas: &mut Canvas) {
    let covered =
        matches!(state.overlays.last(), Some(Overlay::Insights(_) | Overlay::Session(_) | Overlay::Numbers(_)));
    let Some(toast) = state.log.toast.as_ref().filter(|_| covered) else { return };
    let area = state.size.area();
    let width = area.width.saturating_sub(4);
    let line = Rect::new(area.x + 2, area.bottom().saturating_sub(2), width, 1);
    let row = said(state, toast).cut(usize::from(width), state.config.theme.signs().more);
    canvas.line(line, 0, &row.padded(usize::from(width)));
}

/// Hints: key and caption of actions, as many as fit.
pub fn hints(state: &State, actions: &[Action], columns: usize) -> Row {
    let mut row = Row::new();
    for action in actions {
        let (Some(binding), key) = (binding(*action), state.key(*action)) else { continue };
        if key.is_empty() {
            continue;
        }
        let key = if key == "enter" { state.config.theme.signs().enter.to_owned() } else { key };
        let hint = Row::of(&key, Tone::Key).with(" ", Tone::Dim).with(binding.caption, Tone::Text);
        let gap = if row.width() == 0 { 0 } else { 2 };
        if row.width() + gap + hint.width() > columns {
            break;
        }
        row.push(&" ".repeat(gap), Tone::Dim);
        row.extend(hint);
    }
    row
}

/// Hints with captions of their own, as many as fit.
pub fn worded(state: &State, hints: &[(Action, &str)], columns: usize) -> Row {
    let mut row = Row::new();
    for (action, caption) in hints {
        let key = state.key(*action);
        let key = if key == "enter" { state.config.theme.signs().enter.to_owned() } else { key };
        let hint = Row::of(&key, Tone::Key).with(" ", Tone::Dim).with(caption, Tone::Text);
        let gap = if row.width() == 0 { 0 } else { 2 };
        if key.is_empty() || row.width() + gap + hint.width() > columns {
            continue;
        }
        row.push(&" ".repeat(gap), Tone::Dim);
        row.extend(hint);
    }
    row
}

/// The status line: who, what became of the last act, what is not saved, whether masking is on. Where not all of it has
/// room, who and what became of the last act give way to what was said last.
pub fn status(state: &State) -> Row {
    let columns = usize::from(state.size.columns).saturating_sub(STATUS_FRAME);
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let who = Row::of(&state.config.reviewer, Tone::Strong).with(&dot, Tone::Frame);
    let mut rest = news(state);
    if let Some(toast) = state.log.toast.as_ref().filter(|_| rest.width() > columns && state.writes.unsaved.is_empty())
    {
        rest = said(state, toast);
    }
    if who.width() + rest.width() > columns {
        return rest;
    }
    let mut row = who;
    row.extend(rest);
    row
}

/// What was said last.
fn said(state: &State, toast: &Entry) -> Row {
    let tone = match toast.weight {
        Weight::Info => Tone::Text,
        Weight::Saved => Tone::Good,
        Weight::Problem => Tone::Bad,
    };
    Row::of(&state.lens().see(&toast.text), tone)
}

fn news(state: &State) -> Row {
    let theme = &state.config.theme;
    let dot = format!(" {} ", theme.signs().dot);
    let mut row = Row::new();
    if let Some(reason) = &state.config.read_only {
        row.push("READ-ONLY", Tone::Warn);
        row.push(&dot, Tone::Frame);
        if state.log.toast.is_none() {
            return row.with(reason, Tone::Text);
        }
    }
    if let Some(first) = state.writes.unsaved.first() {
        let key = state.key(Action::SaveAgain);
        let more = match state.writes.unsaved.len() {
            1 => String::new(),
            n => format!(" (+{} more)", n - 1),
        };
        let text = format!("{} not saved, still here{more}: {}", theme.wrong(), first.reason);
        row.push(&text, Tone::Bad);
        return row.with(&dot, Tone::Frame).with(&key, Tone::Key).with(" tries again", Tone::Text);
    }
    match (&state.writes.last, state.writes.pending.len()) {
        (_, n) if n > 0 => row.push("saving", Tone::Warn),
        (Some((what, at)), _) => {
            let open = state.review.as_ref().filter(|_| state.screen == Screen::Review).map(|review| &review.id);
            if open.is_some() && state.writes.last_on.is_some() && open != state.writes.last_on.as_ref() {
                row.push("before: ", Tone::Dim);
            }
            row.push(what, Tone::Text);
            row.push(&format!(" saved {} {}", theme.fine(), state.clock(*at)), Tone::Good);
        }
        (None, _) if state.log.toast.is_none() => row.push("nothing judged yet since you opened it", Tone::Dim),
        (None, _) => {}
    }
    if let Some(toast) = &state.log.toast {
        if state.writes.last.is_some() || !state.writes.pending.is_empty() {
            row.push(&dot, Tone::Frame);
        }
        row.extend(said(state, toast));
        return row;
    }
    if state.writes.last.is_some() {
        row.push(&dot, Tone::Frame);
        row.push(&state.key(Action::Undo), Tone::Key);
        row.push(" undo", Tone::Text);
    }
    row.push(&dot, Tone::Frame);
    if state.presenting {
        let key = state.key(Action::Present);
        row.push("for the room, masked", Tone::Dim);
        return row.with(&dot, Tone::Frame).with(&key, Tone::Key).with(" ends it", Tone::Text);
    }
    if state.masked {
        row.push("mask on", Tone::Dim);
    } else {
        row.push(&format!("{} mask OFF", theme.signs().warn), Tone::Warn);
    }
    let open = state.review.as_ref().filter(|_| state.screen == Screen::Review).map(|review| &review.id);
    if state.visit.as_ref().is_some_and(|visit| visit.settles.is_some() && open == Some(&visit.conversation)) {
        row.push(&format!("{dot}your verdict settles the dispute"), Tone::Warn);
    }
    if state.screen == Screen::Review && state.is_blind() {
        // Half a sentence says less than two words.
        let until = if state.size.columns < 100 { "" } else { " until the verdict" };
        let hidden = format!("{dot}scores hidden{until}");
        if row.width() + hidden.chars().count() + STATUS_FRAME <= usize::from(state.size.columns) {
            row.push(&hidden, Tone::Dim);
        }
    } else if state.scores_hidden {
        row.push(&format!("{dot}scores hidden"), Tone::Dim);
    }
    row
}

/// A choice of a form; where it takes the keys, with its place among so many between the signs of where to go.
pub fn choice(value: Row, at: Option<(usize, usize)>) -> Row {
    let Some((at, count)) = at else { return value };
    let mut row = Row::of("< ", Tone::Dim);
    row.extend(value);
    row.with(" >", Tone::Dim).with(&format!("  {} of {count}", at + 1), Tone::Dim)
}

/// All that can be chosen on a line, for the line below it.
pub fn all_of(state: &State, options: &[String], columns: usize) -> Row {
    let mut row = Row::new();
    for option in options {
        row.push(if row.width() == 0 { "  one of: " } else { ", " }, Tone::Dim);
        row.extend(state.lens().row(option, Tone::Dim));
    }
    row.cut(columns, state.config.theme.signs().more)
}

/// A box with a title and hints, emptied; gives what is inside.
pub fn boxed(canvas: &mut Canvas, area: Rect, title: &Row, hints: &Row) -> Rect {
    canvas.clear(area);
    canvas.frame(area, title, hints);
    Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2))
}

/// A box in the middle of the screen.
pub fn dialog(state: &State, canvas: &mut Canvas, shape: (u16, u16), texts: (&Row, &Row)) -> Rect {
    let area = layout::dialog(state.size, shape.0, shape.1);
    boxed(canvas, area, texts.0, texts.1)
}

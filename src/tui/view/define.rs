//! The form that defines a queue, and how far one is.
//!
//! Invariant: a failure rate is drawn with its interval, from audit labels, or not at all.

use std::fmt::Write as _;

use ratatui::layout::Rect;

use super::{all_of, boxed, choice, dialog, worded};
use crate::engine::request::QueueState;
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::define::{DefineForm, Line, SEGMENTS};
use crate::tui::state::form::Form as _;
use crate::tui::theme::Tone;

/// Draws the form.
pub fn draw(state: &State, form: &DefineForm, canvas: &mut Canvas) {
    let title = Row::of("New queue", Tone::Title);
    let keys = [
        (Action::Accept, "define"),
        (Action::Toggle, "choose"),
        (Action::NextField, "next line"),
        (Action::Back, "back"),
    ];
    let hints = worded(state, &keys, 70);
    let inside = dialog(state, canvas, (84, 16), (&title, &hints));
    let columns = usize::from(inside.width);
    for (at, line) in Line::ALL.into_iter().enumerate() {
        let here = at == form.head.line;
        let mut row = Row::of(if here { state.config.theme.signs().cursor } else { " " }, Tone::Strong);
        let tone = if here { Tone::Strong } else { Tone::Text };
        row.push(&format!(" {:<14}", line.title()), tone);
        let focus = if here { Focus::Yes } else { Focus::No };
        let room = columns.saturating_sub(17);
        match line {
            Line::Order => {
                let name = form.order.map_or("", |order| order.name);
                let at = form.place().filter(|_| here).map(|at| (at, form.orders().len()));
                row.extend(choice(Row::of(name, Tone::Key), at));
            }
            Line::Segment => {
                let at = here.then_some((form.segment, SEGMENTS.len()));
                row.extend(choice(Row::of(SEGMENTS[form.segment], Tone::Key), at));
            }
            Line::Blind => {
                row.push(if form.blind { "[x] " } else { "[ ] " }, Tone::Key);
                row.push("hidden until the verdict on every row, not on those by lot only", Tone::Dim);
            }
            Line::Size if form.texts[at].is_empty() && !here => row.push("all", Tone::Dim),
            Line::Filter if form.texts[at].is_empty() && !here => row.push("all conversations", Tone::Dim),
            _ => row.extend(form.texts[at].row(room, focus)),
        }
        canvas.line(inside, at, &row.cut(columns, "…"));
    }
    canvas.line(inside, Line::ALL.len(), &all_of(state, &form.options(), columns));
    let look = state.lens().look;
    let about = form.order.filter(|_| form.current() == Line::Order).map_or("", |order| order.line);
    let mut below = if about.is_empty() { Vec::new() } else { wrap(about, Tone::Dim, columns, look) };
    let (text, tone) = preview(form);
    below.extend(wrap(&text, tone, columns, look));
    for (at, row) in below.iter().take(4).enumerate() {
        canvas.line(inside, Line::ALL.len() + 1 + at, row);
    }
}

fn preview(form: &DefineForm) -> (String, Tone) {
    let (preview, error) = match (&form.head.error, &form.preview) {
        (Some(error), _) => return (error.clone(), Tone::Bad),
        (None, None) => return ("counting".to_owned(), Tone::Dim),
        (None, Some(preview)) => (preview, form.awaiting.is_some()),
    };
    let mut text =
        format!("{} to judge: {} match, {} of them not judged yet.", preview.asked, preview.matching, preview.unjudged);
    if preview.pinned > 0 {
        let _ = write!(text, " Rules put {} first.", preview.pinned);
    }
    if preview.unevaluated > 0 {
        let _ = write!(text, " {} are evaluated first, so that there is an order.", preview.unevaluated);
    }
    (text, if error { Tone::Dim } else { Tone::Good })
}

/// Draws how far the queue is: what was found label by label against what chance would have found, and the figures.
pub fn draw_progress(state: &State, canvas: &mut Canvas) {
    let Some(queue) = state.queue.progress() else { return };
    let title = Row::of("Progress", Tone::Title).with(&format!(" of {}", queue.spec.name), Tone::Text);
    let keys = worded(state, &[(Action::Back, "back"), (Action::Help, "help")], 40);
    let inside = boxed(canvas, state.size.area(), &title, &keys);
    let (columns, look) = (usize::from(inside.width), state.lens().look);
    let mut line = 0;
    let mut say = |canvas: &mut Canvas, text: &str, tone: Tone| {
        for row in wrap(text, tone, columns, look) {
            canvas.line(inside, line, &row);
            line += 1;
        }
    };
    say(canvas, &queue.words().join(" - "), Tone::Text);
    if let Some(left) = queue.failures_left.filter(|_| queue.labels > 0) {
        let text = format!(
            "Failures left, by the model: about {left:.0} among {} not judged.",
            queue.pool.saturating_sub(queue.done)
        );
        say(canvas, &text, Tone::Text);
    }
    match (queue.hint(), queue.next_share) {
        (Some(hint), _) => say(canvas, &hint, Tone::Warn),
        (None, Some(share)) if queue.labels > 0 => {
            say(canvas, &format!("Of the next 20, about {:.0} % are expected to fail.", share * 100.0), Tone::Text);
        }
        _ => {}
    }
    line += 1;
    if queue.curve.is_empty() {
        canvas.line(inside, line, &Row::of("The curve begins with the first verdict.", Tone::Dim));
        return;
    }
    discovery((state, canvas), (inside, line), queue);
}

/// What was found label by label against what an order by lot would have found, in what is left of an area.
pub fn discovery((state, canvas): (&State, &mut Canvas), (inside, line): (Rect, usize), queue: &QueueState) {
    let heading = Row::of("Failures found, label by label", Tone::Strong);
    let rate = queue.rate.map(|rate| rate.share);
    let chance = if rate.is_some() { "   . what an order by lot would have found" } else { "" };
    canvas.line(inside, line, &heading.with(chance, Tone::Dim));
    let height = usize::from(inside.height).saturating_sub(line + 3).max(3);
    curve((state, canvas), (inside, line + 1), (&queue.curve, rate, height));
}

/// The curve in characters: a column holds the labels up to it, a row as many failures as its label says.
fn curve(
    (state, canvas): (&State, &mut Canvas),
    (area, top): (Rect, usize),
    (found, rate, height): (&[u32], Option<f64>, usize),
) {
    let margin = 6;
    let width = usize::from(area.width).saturating_sub(margin + 1).clamp(1, found.len().max(20));
    let last = found.last().copied().unwrap_or(0);
    let by_lot = rate.map_or(0.0, |rate| rate * found.len() as f64);
    let most = f64::from(last).max(by_lot).max(1.0);
    let row_of = |value: f64| height - 1 - ((value / most) * (height - 1) as f64).round() as usize;
    let mark = if state.config.theme.signs().dot.is_ascii() { "*" } else { "●" };
    let label_of = |column: usize| ((column + 1) * found.len()).div_ceil(width).clamp(1, found.len());
    let symbol = |line: usize, label: usize| {
        if row_of(f64::from(found[label - 1])) == line {
            (mark, Tone::Strong)
        } else if rate.is_some_and(|rate| row_of(rate * label as f64) == line) {
            (".", Tone::Dim)
        } else {
            (" ", Tone::Text)
        }
    };
    for at in 0..height {
        let scale = match at {
            0 => format!("{most:>4.0} "),
            _ if at == height - 1 => format!("{:>4} ", 0),
            _ => " ".repeat(5),
        };
        let mut row = Row::of(&scale, Tone::Dim).with("|", Tone::Frame);
        for column in 0..width {
            let (sign, tone) = symbol(at, label_of(column));
            row.push(sign, tone);
        }
        canvas.line(area, top + at, &row);
    }
    let labels = format!("{}{} labels", " ".repeat(margin), found.len());
    canvas.line(area, top + height, &Row::of(&labels, Tone::Dim));
}

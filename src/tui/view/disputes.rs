//! The screen on which labels that differ are settled.
//!
//! Invariant: no name of a reviewer is drawn here.

use super::{boxed, status, worded};
use crate::engine::request::DisputeSide;
use crate::tui::action::Action;
use crate::tui::layout::Size;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::disputes::DisputesView;
use crate::tui::state::judge::SEVERITIES;
use crate::tui::state::{Lens, State};
use crate::tui::theme::{Theme, Tone};
use ratatui::layout::Rect;

/// Lines of the foot: the rule, the reason, the keys.
const FOOT: u16 = 3;

/// Draws the screen.
pub fn draw(state: &State, view: &DisputesView, canvas: &mut Canvas) {
    let lens = state.lens();
    let dot = format!(" {} ", state.config.theme.signs().dot);
    let mut title = Row::of("Disputes", Tone::Title);
    if !view.ids.is_empty() {
        title.push(&format!("{dot}{} of {}", view.at + 1, view.ids.len()), Tone::Text);
    }
    if let Some(case) = &view.case {
        title.push(&format!("{dot}{}", case.summary.id), Tone::Text);
        if let Some(intent) = &case.summary.segments.intent {
            title.push(&dot, Tone::Frame);
            title.extend(lens.row(intent.exact(), Tone::Text));
        }
    }
    if view.case.is_some() {
        title.push(&format!("{dot}no names until you choose"), Tone::Dim);
    }
    let area = state.size.area();
    let inside = boxed(canvas, area, &title, &status(state));
    let columns = usize::from(inside.width);
    let body = Rect { height: inside.height.saturating_sub(FOOT), ..inside };
    let below = Rect { y: body.bottom(), height: FOOT.min(inside.height), ..inside };
    canvas.rule(area, below.y);
    let Some(case) = &view.case else {
        let (text, tone) = match (&view.error, view.ids.is_empty(), view.awaiting.is_some()) {
            (Some(error), ..) => (lens.see(error).into_owned(), Tone::Warn),
            (None, true, false) => (nothing(view), Tone::Text),
            _ => ("looking".to_owned(), Tone::Dim),
        };
        for (at, row) in wrap(&text, tone, columns, lens.look).iter().enumerate() {
            canvas.line(body, at, row);
        }
        let keys = worded(state, &[(Action::Undo, "undo"), (Action::Back, "back")], columns);
        return canvas.line(below, 2, &keys);
    };
    let first = case.summary.first_message.exact().split_whitespace().collect::<Vec<_>>().join(" ");
    let first = lens.row(&first, Tone::Dim).cut(columns.saturating_sub(12), "…");
    canvas.line(body, 0, &joined(Row::of("It began: ", Tone::Dim), first));
    draw_sides(state, (view, &lens), canvas);
    let reason = if view.reason.is_empty() {
        Row::of("No reason yet; it is asked for before anything is settled.", Tone::Dim)
    } else {
        joined(Row::of("Because ", Tone::Strong), lens.row(&view.reason, Tone::Text))
    };
    canvas.line(below, 1, &reason.cut(columns, "…"));
    canvas.line(below, 2, &keys(state, view.sides().len(), columns));
}

fn joined(mut row: Row, rest: Row) -> Row {
    row.extend(rest);
    row
}

fn nothing(view: &DisputesView) -> String {
    match view.settled {
        0 => "No labels differ, as far as you may see them.".to_owned(),
        1 => "That was the last one: 1 dispute settled. A later verdict opens it again.".to_owned(),
        n => format!("That was the last one: {n} disputes settled. A later verdict opens them again."),
    }
}

/// The numbers of the sides, and of a verdict of one's own.
fn keys(state: &State, sides: usize, columns: usize) -> Row {
    let mut row = match sides {
        2 => Row::of("1", Tone::Key)
            .with(" take left  ", Tone::Text)
            .with("2", Tone::Key)
            .with(" take right  ", Tone::Text),
        _ => Row::of(&format!("1-{sides}"), Tone::Key).with(" take  ", Tone::Text),
    };
    row.push(&(sides + 1).to_string(), Tone::Key);
    row.push(" own verdict  ", Tone::Text);
    let rest = [
        (Action::SettleReason, "reason"),
        (Action::Skip, "skip"),
        (Action::Open, "transcript"),
        (Action::Undo, "undo"),
        (Action::Back, "back"),
    ];
    let room = columns.saturating_sub(row.width());
    joined(row, worded(state, &rest, room))
}

/// Where the sides stand: within the frame, under the first line and over the foot.
fn place(state: &State) -> Rect {
    let area = state.size.area();
    let height = area.height.saturating_sub(FOOT + 4);
    Rect::new(area.x + 2, area.y + 3, area.width.saturating_sub(4), height)
}

/// How far down the sides can be scrolled, as far as so many lines of them tell.
pub fn end(state: &State, view: &DisputesView, lines: usize) -> usize {
    let height = usize::from(place(state).height);
    let columns = columns(state, (view, &state.lens()), lines.saturating_add(height));
    columns.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0).saturating_sub(height)
}

fn draw_sides(state: &State, (view, lens): (&DisputesView, &Lens), canvas: &mut Canvas) {
    let area = place(state);
    let height = usize::from(area.height);
    // What lies below the screen is not wrapped, but for a line that tells that there is more.
    let columns = columns(state, (view, lens), view.top.saturating_add(height) + 1);
    let longest = columns.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
    let top = view.top.min(longest.saturating_sub(height));
    if let [_, (right, _)] = columns.as_slice() {
        canvas.upright(area, right.x - 2);
    }
    for (place, rows) in &columns {
        put(canvas, *place, rows, top);
    }
}

/// What the sides say, beside each other where there is room, in not many more than `most` lines.
fn columns(state: &State, (view, lens): (&DisputesView, &Lens), most: usize) -> Vec<(Rect, Vec<Row>)> {
    let (area, sides) = (place(state), view.sides().len());
    if sides == 2 && state.size.columns >= Size::default().columns {
        let half = (area.width - 3) / 2;
        let places = [Rect { width: half, ..area }, Rect { x: area.x + half + 3, width: half, ..area }];
        let rows = |at| lines(state, (view, at), (usize::from(half), most), lens);
        return places.into_iter().enumerate().map(|(at, place)| (place, rows(at))).collect();
    }
    let mut all: Vec<Row> = Vec::new();
    for at in 0..sides {
        if all.len() >= most {
            break;
        }
        all.extend(lines(state, (view, at), (usize::from(area.width), most - all.len()), lens));
        all.push(Row::new());
    }
    vec![(area, all)]
}

fn put(canvas: &mut Canvas, place: Rect, lines: &[Row], top: usize) {
    let height = usize::from(place.height);
    for (at, row) in lines.iter().skip(top).take(height).enumerate() {
        canvas.line(place, at, row);
    }
    if lines.len() > top + height && height > 0 {
        canvas.line(place, height - 1, &Row::of("more lines, j goes down", Tone::Dim));
    }
}

/// What one side says, in at least `most` lines where it says so much, and not many more.
fn lines(state: &State, (view, at): (&DisputesView, usize), (columns, most): (usize, usize), lens: &Lens) -> Vec<Row> {
    let Some(DisputeSide { said, .. }) = view.sides().get(at) else { return Vec::new() };
    let theme = &state.config.theme;
    let verdict = format!("{} {}", theme.verdict(said.verdict), said.verdict.word().to_uppercase());
    let mut head = Row::of(&format!("{} ", at + 1), Tone::Key).with(&verdict, Theme::verdict_tone(said.verdict));
    match &said.first_failure {
        Some(step) => head.push(&format!("  step {}", step.step), Tone::Text),
        None if said.verdict == crate::model::label::Verdict::Fail => head.push("  no single step", Tone::Text),
        None => {}
    }
    if let Some(word) = said.severity.and_then(|one| SEVERITIES.get(usize::from(one).checked_sub(1)?)) {
        head.push(&format!("  {word}"), Tone::Text);
    }
    let mut lines = vec![head];
    let modes = said.modes.iter().map(|mode| (lens.see(state.codebook.name_of(mode)), Tone::Strong));
    let texts = view.texts.get(at).into_iter().flatten().map(|text| (text.as_str().into(), Tone::Text));
    for (text, tone) in modes.chain(texts) {
        if lines.len() >= most {
            break;
        }
        let wrapped = wrap(&text, tone, columns.saturating_sub(2), lens.look);
        lines.extend(wrapped.into_iter().map(|row| joined(Row::of("  ", Tone::Text), row)));
    }
    if lines.len() == 1 {
        lines.push(Row::of("  nothing else said", Tone::Dim));
    }
    lines
}

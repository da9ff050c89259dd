//! The strip that takes a fail.
//!
//! Invariant: what will be saved is on it: modes, severity, step, note, correction.

use ratatui::layout::Rect;

use super::worded;
use crate::tui::action::Action;
use crate::tui::input::Focus;
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::judge::{Judge, Offer, SEVERITIES};
use crate::tui::theme::Tone;

/// Draws the strip on the lines under the rule.
pub fn draw(state: &State, judge: &Judge, canvas: &mut Canvas, area: Rect) {
    let columns = usize::from(area.width);
    let hints = if area.height > 5 { 2 } else { 1 };
    let summary = summary(state, judge, (columns, hints));
    for (at, row) in summary.iter().enumerate() {
        canvas.line(area, at, row);
    }
    let top = summary.len();
    canvas.line(area, top, &typed(state, judge, columns));
    let lines = usize::from(area.height).saturating_sub(top + 1 + hints).max(1);
    for (at, row) in offers(state, judge, columns, lines).iter().enumerate() {
        canvas.line(area, top + 1 + at, row);
    }
    let below = top + 1 + lines;
    // The severity stands beside what is typed, since its keys act meanwhile; what has no room on a low screen comes last.
    let first = [
        (Action::Accept, "save & next"),
        (Action::MoreSevere, "severity"),
        (Action::LessSevere, "less"),
        (Action::NextField, "next mode"),
        (Action::CorrectNow, "fix tool"),
        (Action::AddNote, "note"),
    ];
    let second = [
        (Action::NoStep, "no single step"),
        (Action::BlameLater, "step"),
        (Action::BlameEarlier, "up"),
        (Action::NextOwner, "owner"),
        (Action::Back, "back"),
    ];
    if hints == 2 {
        canvas.line(area, below, &worded(state, &first, columns));
        canvas.line(area, below + 1, &worded(state, &second, columns));
    } else {
        canvas.line(area, below, &worded(state, &[&first[..], &second].concat(), columns));
    }
}

/// What will be saved, on as many lines of these as it takes; where that is too much the modes are counted.
fn summary(state: &State, judge: &Judge, (columns, lines): (usize, usize)) -> Vec<Row> {
    let more = state.config.theme.signs().more;
    let names = modes(state, judge);
    let mut rows = flow(state, parts(state, judge, &names), (columns, lines));
    if rows.last().is_some_and(|row| row.width() > columns) && names.len() > COUNTED {
        let count = judge.chosen.len() + usize::from(under_way(state, judge).is_some());
        let counted = if count == 1 { "1 mode".to_owned() } else { format!("{count} modes") };
        rows = flow(state, parts(state, judge, &counted), (columns, lines));
    }
    rows.into_iter().map(|row| row.cut(columns, more)).collect()
}

/// Names of modes shorter than this in all take no more room than their count.
const COUNTED: usize = 7;

/// Parts one after the other, on another line where there is no room; the last line takes what is left.
fn flow(state: &State, parts: Vec<Row>, (columns, lines): (usize, usize)) -> Vec<Row> {
    let dot = format!("  {}  ", state.config.theme.signs().dot);
    let mut rows: Vec<Row> = Vec::new();
    for part in parts {
        let last = rows.len() == lines;
        match rows.last_mut() {
            Some(row) if last || row.width() + dot.chars().count() + part.width() <= columns => {
                row.push(&dot, Tone::Frame);
                row.extend(part);
            }
            _ => rows.push(part),
        }
    }
    rows
}

fn modes(state: &State, judge: &Judge) -> String {
    let mut names: Vec<String> =
        judge.chosen.iter().map(|key| state.codebook.name_of(key).to_owned()).chain(under_way(state, judge)).collect();
    names.dedup();
    names.join(", ")
}

fn parts(state: &State, judge: &Judge, modes: &str) -> Vec<Row> {
    let theme = &state.config.theme;
    let review = state.review.as_ref();
    let mut parts = vec![Row::of(&format!("{} FAIL", theme.verdict(crate::model::label::Verdict::Fail)), Tone::Bad)];
    parts.push(match review.and_then(|review| review.step()) {
        Some(step) if !judge.no_step => {
            let mut row = Row::of(&format!("step {}", step.number), Tone::Strong);
            if let Some(tool) = step.tool() {
                row.push(" ", Tone::Text);
                row.push(&tool.exact().chars().take(30).collect::<String>(), Tone::Tool);
            }
            if let Some(read) = judge.read {
                let key = state.key(Action::NoStep);
                row.push(&format!(" ({key} {key}: step {read})"), Tone::Dim);
            }
            if step.is_customers() {
                row.push(&format!(" {} what the customer said", theme.signs().warn), Tone::Warn);
            }
            row
        }
        _ => Row::of("no single step", Tone::Strong),
    });
    parts.push(if modes.is_empty() { Row::of("no mode", Tone::Dim) } else { Row::of(modes, Tone::Strong) });
    parts.push(match judge.severity {
        Some(severity) => {
            let name = SEVERITIES.get(usize::from(severity) - 1).copied().unwrap_or("?");
            Row::of(&format!("{severity} {name}"), Tone::Text)
        }
        None => Row::of("no severity", Tone::Dim),
    });
    parts.extend(judge.owner.map(|owner| Row::of(&format!("owner {}", owner.word()), Tone::Text)));
    parts.extend(judge.note.as_ref().map(|_| Row::of("with a note", Tone::Text)));
    // One that was given before, alone, is no business of a room.
    let hidden = review.is_some_and(|review| state.waits_for_room(&review.id));
    if !judge.corrections.is_empty() && !hidden {
        parts.push(Row::of("with a correction", Tone::Text));
    }
    parts
}

/// The mode that is being typed, which is saved together with the others.
fn under_way(state: &State, judge: &Judge) -> Option<String> {
    let offer = judge.offers(&state.codebook).into_iter().nth(judge.choice).filter(|_| !judge.typed().is_empty())?;
    match offer {
        Offer::Known(key, name) => (!judge.chosen.contains(&key)).then_some(name),
        Offer::New(name) => Some(name),
    }
}

fn typed(state: &State, judge: &Judge, columns: usize) -> Row {
    let mut row = Row::of("What went wrong? ", Tone::Text);
    // While nothing is typed its room goes to what can be.
    let room = columns.saturating_sub(row.width()).min(if judge.input.is_empty() { 12 } else { 40 });
    row.extend(judge.input.row(room, Focus::Yes));
    let scale =
        SEVERITIES.iter().enumerate().fold(String::new(), |text, (at, word)| format!("{text}  {} {word}", at + 1));
    let hint = match (judge.input.is_empty(), judge.severity) {
        (false, _) => "",
        (true, _) if !judge.picked.is_empty() => "  a blank first begins a name like 24h late",
        (true, Some(_)) => scale.as_str(),
        (true, None) if state.codebook.modes.is_empty() => "  name it in your own words",
        (true, None) => "  digit picks, letters search or name a new one",
    };
    if row.width() + hint.len() <= columns {
        row.push(hint, Tone::Dim);
    }
    row
}

/// The modes on offer, on at most so many lines.
fn offers(state: &State, judge: &Judge, columns: usize, lines: usize) -> Vec<Row> {
    let mut rows = vec![];
    let mut row = Row::new();
    let offers = judge.offers(&state.codebook);
    let typing = !judge.typed().is_empty();
    // While typing, the chosen offer is kept in view by starting with it.
    let from = if typing { judge.choice.min(offers.len().saturating_sub(1)) } else { 0 };
    for (at, offer) in offers.iter().enumerate().skip(from) {
        let mut item = Row::new();
        match offer {
            Offer::Known(key, name) => {
                let taken = judge.chosen.contains(key);
                if !typing && at < 9 {
                    item.push(&format!("{} ", at + 1), Tone::Key);
                }
                let name = if taken { format!("[{name}]") } else { name.clone() };
                item.push(&name, if taken { Tone::Strong } else { Tone::Text });
            }
            Offer::New(name) => item.push(&format!("new: {name}"), Tone::Good),
        }
        if typing && at == judge.choice {
            item = Row::of(state.config.theme.signs().cursor, Tone::Key)
                .with(" ", Tone::Text)
                .with(&item.text(), Tone::Chosen);
        }
        let gap = if row.width() == 0 { 0 } else { 2 };
        if row.width() + gap + item.width() > columns.saturating_sub(2) {
            if rows.len() + 1 == lines {
                row.push(&format!(" {}", state.config.theme.signs().more), Tone::Dim);
                break;
            }
            rows.push(std::mem::take(&mut row));
        }
        let gap = if row.width() == 0 { 0 } else { 2 };
        row.push(&" ".repeat(gap), Tone::Text);
        row.extend(item);
    }
    rows.push(row);
    rows
}

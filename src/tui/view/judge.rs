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
    canvas.line(area, 0, &summary(state, judge).cut(columns, "…"));
    canvas.line(area, 1, &typed(state, judge, columns));
    let hints = if area.height > 5 { 2 } else { 1 };
    let lines = usize::from(area.height).saturating_sub(2 + hints).max(1);
    for (at, row) in offers(state, judge, columns, lines).iter().enumerate() {
        canvas.line(area, 2 + at, row);
    }
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
        canvas.line(area, 2 + lines, &worded(state, &first, columns));
        canvas.line(area, 3 + lines, &worded(state, &second, columns));
    } else {
        canvas.line(area, 2 + lines, &worded(state, &[&first[..], &second].concat(), columns));
    }
}

fn summary(state: &State, judge: &Judge) -> Row {
    let theme = &state.config.theme;
    let dot = format!("  {}  ", theme.signs().dot);
    let sign = theme.verdict(crate::model::label::Verdict::Fail);
    let mut row = Row::of(&format!("{sign} FAIL"), Tone::Bad);
    row.push(&dot, Tone::Frame);
    let review = state.review.as_ref();
    match review.and_then(|review| review.step()) {
        Some(step) if !judge.no_step => {
            row.push(&format!("step {}", step.number), Tone::Strong);
            if let Some(tool) = step.tool() {
                row.push(" ", Tone::Text);
                row.push(&tool.exact().chars().take(30).collect::<String>(), Tone::Tool);
            }
            if step.is_customers() {
                row.push(&format!(" {} what the customer said", theme.signs().warn), Tone::Warn);
            }
        }
        _ => row.push("no single step", Tone::Strong),
    }
    row.push(&dot, Tone::Frame);
    let mut names: Vec<String> =
        judge.chosen.iter().map(|key| state.codebook.name_of(key).to_owned()).chain(under_way(state, judge)).collect();
    names.dedup();
    if names.is_empty() {
        row.push("no mode", Tone::Dim);
    } else {
        row.push(&names.join(", "), Tone::Strong);
    }
    row.push(&dot, Tone::Frame);
    match judge.severity {
        Some(severity) => {
            let name = SEVERITIES.get(usize::from(severity) - 1).copied().unwrap_or("?");
            row.push(&format!("{severity} {name}"), Tone::Text);
        }
        None => row.push("no severity", Tone::Dim),
    }
    if let Some(owner) = judge.owner {
        row.push(&format!("{dot}owner {}", owner.word()), Tone::Text);
    }
    if judge.note.is_some() {
        row.push(&format!("{dot}with a note"), Tone::Text);
    }
    // One that was given before, alone, is no business of a room.
    let hidden = review.is_some_and(|review| state.waits_for_room(&review.id));
    if !judge.corrections.is_empty() && !hidden {
        row.push(&format!("{dot}with a correction"), Tone::Text);
    }
    row
}

/// The mode that is being typed, which is saved together with the others.
fn under_way(state: &State, judge: &Judge) -> Option<String> {
    let offer = judge.offers(&state.codebook).into_iter().nth(judge.choice).filter(|_| !judge.input.is_empty())?;
    match offer {
        Offer::Known(key, name) => (!judge.chosen.contains(&key)).then_some(name),
        Offer::New(name) => Some(name),
    }
}

fn typed(state: &State, judge: &Judge, columns: usize) -> Row {
    let mut row = Row::of("What went wrong? ", Tone::Text);
    let room = columns.saturating_sub(row.width()).min(40);
    row.extend(judge.input.row(room, Focus::Yes));
    let hint = match (state.codebook.modes.is_empty(), judge.input.is_empty()) {
        (true, true) => "  name it in your own words",
        (false, true) => "  digit picks, letters search or name a new one",
        _ => "",
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
    let typing = !judge.input.is_empty();
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

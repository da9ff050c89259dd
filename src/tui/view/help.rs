//! The help screen, made from the keys in force.
//!
//! Invariant: it holds no list of keys of its own; signs come from where they are drawn from.

use super::boxed;
use crate::model::label::Verdict;
use crate::model::queue::SlotKind;
use crate::tui::action::{BINDINGS, Context, Group};
use crate::tui::paint::Canvas;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::help::Help;
use crate::tui::theme::Tone;

/// Draws the help of a screen.
pub fn draw(state: &State, help: Help, canvas: &mut Canvas) {
    let dot = state.config.theme.signs().dot;
    let title =
        Row::of(&format!("Help {dot} {}", help.context.title()), Tone::Title).with("  (* your own keys)", Tone::Dim);
    let keys = Row::of("esc", Tone::Key).with(" back  ", Tone::Text).with("j/k", Tone::Key).with(" scroll", Tone::Text);
    let area = state.size.area();
    let inside = boxed(canvas, area, &title, &keys);
    let lines = lines(state, help.context, usize::from(inside.width));
    let top = help.top.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (at, row) in lines.iter().skip(top).enumerate() {
        canvas.line(inside, at, row);
    }
}

/// The help as rows: per group, the actions of the screen in columns.
fn lines(state: &State, context: Context, columns: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let from_here = matches!(context, Context::Queue | Context::Review);
    for group in Group::ALL {
        // Forms and strips open from these, where their keys are looked up beforehand.
        let forms = group == Group::Form && from_here;
        let entries: Vec<Row> = BINDINGS
            .iter()
            .filter(|binding| binding.group == group && (forms || binding.contexts.contains(&context)))
            .filter_map(|binding| {
                let chords = state.config.keymap.chords(binding.action);
                let keys: Vec<String> = match chords {
                    [] => return None,
                    [first, .., last] if chords.len() > 3 => vec![format!("{first}-{last}")],
                    chords => chords.iter().take(2).map(ToString::to_string).collect(),
                };
                let changed = if state.config.keymap.is_changed(binding.action) { "*" } else { "" };
                let keys = format!("{}{changed}", keys.join("/"));
                Some(Row::of(&format!("{keys:>11} "), Tone::Key).with(binding.caption, Tone::Text))
            })
            .collect();
        if entries.is_empty() {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::new());
        }
        let heading = match group {
            Group::Form if from_here => "In forms and strips",
            Group::Form => "Here",
            group => group.heading(),
        };
        rows.push(Row::of(heading, Tone::Title));
        let across = (columns / 27).clamp(1, entries.len());
        let wide = columns / across;
        let down = entries.len().div_ceil(across);
        for line in 0..down {
            let mut row = Row::new();
            for column in 0..across {
                if let Some(entry) = entries.get(column * down + line) {
                    row.extend(entry.clone().cut(wide - 1, "…").padded(wide));
                }
            }
            rows.push(row);
        }
    }
    if context == Context::Queue {
        rows.push(Row::new());
        rows.extend(signs(state));
    }
    rows
}

/// What the State column says, sign by sign.
fn signs(state: &State) -> Vec<Row> {
    let theme = &state.config.theme;
    let verdicts = [
        (Verdict::Pass, "your verdict: it did what it should"),
        (Verdict::Fail, "your verdict: it did not"),
        (Verdict::Unsure, "your verdict: it cannot be told"),
    ]
    .map(|(verdict, words)| {
        (format!("{} {}", theme.verdict(verdict), verdict.word().to_uppercase()), words.to_owned())
    });
    let others = [
        (theme.signs().nothing, "not judged by you yet"),
        ("skipped", "put off; it comes again at the end"),
        ("disputed", "you and another reviewer differ"),
        ("went on", "it has grown since your verdict"),
    ]
    .map(|(sign, words)| (sign.to_owned(), words.to_owned()));
    let slots = SlotKind::ALL.map(|kind| (format!("{} behind it", kind.mark()), kind.told().to_owned()));
    let told = verdicts.into_iter().chain(slots).chain(others);
    let rows = told.map(|(sign, words)| Row::of(&format!("{sign:>11} "), Tone::Key).with(&words, Tone::Text));
    std::iter::once(Row::of("The State column", Tone::Title)).chain(rows).collect()
}

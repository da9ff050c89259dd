//! Why a conversation stands where it stands, in a column or two.
//!
//! Invariant: words that do not fit whole are left out; what is hidden until the verdict is not told here either.

use crate::model::queue::Place;
use crate::model::summary::Summary;
use crate::model::title;
use crate::tui::row::Row;
use crate::tui::scoring;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// Why a conversation is where it is in a queue.
pub fn reasons(state: &State, place: &Place, (hidden, columns): (bool, usize)) -> String {
    let pinned = place.pinned.iter().cloned();
    let learnt = place.told().filter(|_| !hidden).map(ToOwned::to_owned);
    let mut said = String::new();
    for part in pinned.chain(learnt) {
        // Half a reason says less than one.
        if said.is_empty() {
            said = part;
        } else if said.chars().count() + part.chars().count() + 2 < columns {
            said = format!("{said}; {part}");
        }
    }
    if said.is_empty() { state.config.theme.signs().nothing.to_owned() } else { said }
}

/// Why a conversation is where it is, in as many whole words as fit: what failed first, since the scores have a column of
/// their own.
pub fn why(state: &State, summary: &Summary, columns: usize) -> String {
    let counted = |count: u32, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let mut parts: Vec<String> =
        counted(summary.counts.failed_steps, "failed step", "failed steps").into_iter().collect();
    if !state.scores_hidden && !state.presenting {
        let is_reason = |name: &str| summary.reasons.iter().any(|reason| reason.starts_with(name));
        let low = summary.worst.iter().map(|(name, _)| name.exact()).filter(|name| is_reason(name));
        let low: Vec<String> = low.map(|name| format!("low {}", name.chars().take(40).collect::<String>())).collect();
        let fits = |name: &&String| name.len() < columns;
        match (low.iter().find(fits), low.is_empty(), parts.is_empty()) {
            (Some(named), ..) => parts.push(named.clone()),
            (None, false, true) => parts.push("low score".to_owned()),
            _ => {}
        }
    }
    if summary.counts.failed_steps == 0 {
        parts.extend(counted(summary.counts.error_spans, "error", "errors"));
    }
    let mut said = String::new();
    for part in parts {
        let gap = if said.is_empty() { "" } else { ", " };
        if said.is_empty() || said.len() + gap.len() + part.len() < columns {
            said = said + gap + &part;
        }
    }
    said
}

/// What evaluators object to most, worst first: the built-in ones by their objection, others by name and value.
pub fn worst(state: &State, summary: &Summary, columns: usize) -> Row {
    let mut whole = Row::new();
    // A built-in evaluator is called by what it objects to, so it is named only where it does.
    let known = summary.worst.iter().map(|(evaluator, rank)| (evaluator, rank, title::fault(evaluator.exact())));
    let told = known.filter(|(evaluator, rank, fault)| {
        let best = summary.scores.get(evaluator.exact()).copied().flatten().is_some_and(|value| value >= 1.0);
        fault.is_none() || (**rank <= 0.2 && !best)
    });
    for (at, (evaluator, rank, fault)) in told.take(2).enumerate() {
        let value = summary.scores.get(evaluator.exact()).copied().flatten();
        let tone = if *rank <= 0.2 { Tone::Warn } else { Tone::Dim };
        let mut row = Row::new();
        if at > 0 {
            row.push("  ", Tone::Text);
        } else if *rank <= 0.2 {
            row.push(state.config.theme.signs().warn, tone);
            row.push(" ", tone);
        }
        let value = match &fault {
            Some(_) => String::new(),
            None => format!(" {}", value.map_or_else(|| "?".to_owned(), scoring::value)),
        };
        // The name gives way, so that the value is always there.
        let room = if at == 0 { columns.saturating_sub(row.width() + value.len() + 1) } else { columns };
        let name = fault.unwrap_or_else(|| evaluator.exact().chars().take(60).collect());
        row.extend(Row::of(&name, tone).cut_middle(room, "…"));
        row.push(&value, tone);
        if at > 0 && whole.width() + row.width() + 1 > columns {
            break;
        }
        whole.extend(row);
    }
    whole
}

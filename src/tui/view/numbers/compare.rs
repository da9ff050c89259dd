//! The page that compares two versions, prompts or weeks.
//!
//! Invariant: a p of one segment among many is adjusted; what is too soft shows what it would take.

use super::{FEW, Sheet, WIDE, begun, cell, named, points};
use crate::engine::request::{ComparePage, Compared, Test, why_not};
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::numbers::NumbersView;
use crate::tui::theme::Tone;

pub fn sheet(state: &State, view: &NumbersView, columns: usize) -> Sheet {
    let Some(page) = &view.compare else { return Sheet { head: Vec::new(), rows: Vec::new(), said: Vec::new() } };
    let Some(report) = &page.report else {
        let text = "There is nothing to compare: the audited conversations are of one version, one prompt and one week. \
                    `aftercall compare A B` takes any two filters.";
        return Sheet { head: Vec::new(), rows: Vec::new(), said: vec![(text.to_owned(), Tone::Dim)] };
    };
    let (name, rate, wide) = widths(columns);
    let by = report.by.as_deref().unwrap_or("");
    let mut head = vec![side(state, ("A", page.sides.0), page), side(state, ("B", page.sides.1), page)];
    head.push(Row::of(
        &format!("  {by:name$}{:rate$}{:rate$}{:22}{}", "A fails", "B fails", "B minus A, points", "p"),
        Tone::Dim,
    ));
    let rows = view.compared();
    let row = |(at, one): (usize, &&Compared)| line(state, one, (at == view.cursor(), (name, rate, wide)));
    let mut said = Vec::new();
    if let Some(one) = rows.get(view.cursor()) {
        said.push((sentence(one), Tone::Text));
        said.push((how(&one.test), Tone::Dim));
    }
    Sheet { head, rows: rows.iter().enumerate().map(row).collect(), said }
}

fn widths(columns: usize) -> (usize, usize, bool) {
    let wide = columns >= WIDE;
    let rate = if wide { 24 } else { 14 };
    (columns.saturating_sub(2 * rate + 22 + 12).clamp(8, 30), rate, wide)
}

fn side(state: &State, (letter, at): (&str, usize), page: &ComparePage) -> Row {
    let mut row = Row::of(&format!("{letter} "), Tone::Key);
    let Some(offer) = page.offers.get(at) else { return row };
    row.extend(state.lens().row(&offer.filter, Tone::Strong));
    let labels = if offer.labels == 1 { "1 label".to_owned() } else { format!("{} labels", offer.labels) };
    row.with(&format!("   {labels}   {} of {}", at + 1, page.offers.len()), Tone::Dim)
}

fn line(state: &State, one: &Compared, (here, (name, rate, wide)): (bool, (usize, usize, bool))) -> Row {
    let (mut row, tone) = begun(state, here);
    row.extend(named(state, one.segment.as_deref().unwrap_or("all"), (tone, name)));
    for side in [&one.first, &one.second] {
        let (words, tone) = cell(side, (tone, wide));
        row.push(&format!("{words:rate$}"), tone);
    }
    let told = one.test.difference().filter(|_| one.p.is_ok());
    let tone = if is_soft(one) { Tone::Dim } else { tone };
    let words = told.map_or_else(|| "-".to_owned(), |(mean, ends)| points(mean, ends));
    row.push(&format!("{words:22}"), if told.is_some() { tone } else { Tone::Dim });
    match &one.p {
        Ok(p) => row.push(&format!("{:.3}{}", p.value(), p.stars()), if p.rejects(0.05) { Tone::Warn } else { tone }),
        Err(_) => row.push("-", Tone::Dim),
    }
    row
}

/// True where too few labels stand behind a side.
fn is_soft(one: &Compared) -> bool {
    [&one.first, &one.second].into_iter().flatten().any(|rate| rate.n < FEW)
}

/// What a comparison says, for people who know no statistics.
fn sentence(one: &Compared) -> String {
    let name = one.segment.as_deref().unwrap_or("all");
    let mut text = match (&one.p, one.test.difference()) {
        (Ok(p), Some((mean, _))) if p.rejects(0.05) => {
            let word = if mean > 0.0 { "more" } else { "less" };
            format!("{name}: B fails {word} often than A; chance alone would hardly make such a difference.")
        }
        (Ok(_), _) if is_soft(one) => format!("{name}: too few labels on one side to tell anything."),
        (Ok(_), _) => format!("{name}: nothing shows that A and B differ; chance alone makes such differences."),
        (Err(_), _) => format!("{name}: {}.", why_not(&one.p).unwrap_or_default()),
    };
    if let Some(needs) = one.needs {
        let size = needs.difference.abs() * 100.0;
        text = format!(
            "{text} It takes {} more labels ({}) to settle a difference of {size:.0} points.",
            needs.labels, needs.of
        );
    }
    text
}

fn how(test: &Test) -> String {
    match test {
        Test::Paired { tasks, .. } => format!("{tasks} tasks are on both sides; those that changed count (McNemar)."),
        Test::Clustered { tasks, .. } => format!("{tasks} tasks with several trials; whole tasks are resampled."),
        Test::Apart { .. } => "Different conversations: Newcombe's interval, Fisher's exact test.".to_owned(),
    }
}

//! The page of what the last import differs in.
//!
//! Invariant: an alarm is marked with a word, not by colour alone; no label is behind anything here.

use super::{Sheet, begun, named};
use crate::engine::request::{DriftRow, Measured};
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::numbers::NumbersView;
use crate::tui::theme::Tone;

/// Columns of what stands beside a name.
const FIGURES: usize = 33;

pub fn sheet(state: &State, view: &NumbersView, columns: usize) -> Sheet {
    let Some(report) = &view.drift else { return Sheet { head: Vec::new(), rows: Vec::new(), said: Vec::new() } };
    let name = columns.saturating_sub(FIGURES + 24).clamp(10, 40);
    let (before, after) = report.conversations;
    let head = vec![
        Row::of(&format!("{}: {before} conversations; {}: {after}", report.reference, report.current), Tone::Strong),
        Row::of(&format!("  {:name$}{:>6}  {:8} {:>7}  {:6} before -> after", "what", "PSI", "", "p", ""), Tone::Dim),
    ];
    let row = |(at, one): (usize, &DriftRow)| line(state, one, (at == view.cursor(), name));
    let mut said = Vec::new();
    if before == 0 || after == 0 {
        said.push(("One side is empty: a second import makes the other.".to_owned(), Tone::Warn));
    } else if let Some(one) = view.drifted().get(view.cursor()) {
        said.push((sentence(one), Tone::Text));
    }
    said.push((
        "PSI says how far apart they are: below .1 alike, from .2 on an alarm where p is below .05.".to_owned(),
        Tone::Dim,
    ));
    Sheet { head, rows: view.drifted().iter().enumerate().map(row).collect(), said }
}

/// The stability index, and the second statistic with its name.
fn figures(row: &DriftRow) -> Result<(f64, String), String> {
    match &row.measured {
        Measured::Score { drift, .. } => {
            drift.as_ref().map(|one| (one.psi, format!("KS {:.2}", one.ks))).map_err(ToString::to_string)
        }
        Measured::Category { drift, .. } => {
            drift.as_ref().map(|one| (one.psi, format!("V {:.2}", one.v))).map_err(ToString::to_string)
        }
    }
}

fn line(state: &State, one: &DriftRow, (here, name): (bool, usize)) -> Row {
    let (mut row, tone) = begun(state, here);
    row.extend(named(state, &one.name, (tone, name)));
    let (psi, second) = match figures(one) {
        Ok(found) => found,
        Err(why) => return row.with(&why, Tone::Dim),
    };
    let p = one.p_adjusted.map(|p| format!("{:.3}", p.value())).unwrap_or_default();
    row.push(&format!("{psi:>6.2}  {second:8} {p:>7}  "), tone);
    row.push(if one.alarm { "ALARM  " } else { "       " }, Tone::Warn);
    match &one.measured {
        Measured::Score { means: (Some(before), Some(after)), .. } => {
            row.push(&format!("{before:.2} -> {after:.2}"), Tone::Text);
        }
        Measured::Score { .. } => {}
        Measured::Category { .. } => {
            if let Some((value, before, after)) = one.measured.moved_most() {
                row.extend(state.lens().row(value, Tone::Text));
                row.push(&format!(" {:.0} % -> {:.0} %", before * 100.0, after * 100.0), Tone::Text);
            }
        }
    }
    row
}

/// What a row says, for people who know no statistics.
fn sentence(one: &DriftRow) -> String {
    match (figures(one), one.alarm) {
        (Err(why), _) => format!("{}: {why}.", one.name),
        (Ok(_), true) => format!(
            "{}: what came in last is so different that rates and thresholds from before may not hold for it. Judge some of it by lot.",
            one.name
        ),
        (Ok(_), false) => format!("{}: what came in last is much like what was there before.", one.name),
    }
}

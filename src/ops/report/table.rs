//! Parts of a report as comma-separated values.
//!
//! Invariant: CSV is a view and JSON the record; numbers stand with all their digits, texts go through the door for cells.

use std::fmt::Write as _;

use super::{Figure, Guarded, METRICS, Rate, Report};
use crate::text::door::csv_cell;

/// A part of a report that stands on its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// Failure modes.
    #[default]
    Modes,
    /// By segment.
    Segments,
    /// Evaluators against people.
    Evaluators,
    /// Who judged, and how they agree.
    People,
}

impl Part {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Modes, Self::Segments, Self::Evaluators, Self::People];

    /// The word in file names and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Modes => "modes",
            Self::Segments => "segments",
            Self::Evaluators => "evaluators",
            Self::People => "people",
        }
    }
}

/// A part with a header.
pub fn csv(report: &Report, part: Part) -> String {
    let mut out = String::new();
    match part {
        Part::Modes => {
            header(
                &mut out,
                &["mode", "name", "found", "found_before", "new", "k", "n", "share", "low", "high", "severity"],
            );
            for row in &report.modes {
                let mut cells = vec![csv_cell(&row.mode), csv_cell(&row.name), row.found.to_string()];
                cells.extend([row.found_before.to_string(), row.is_new.to_string()]);
                cells.extend(rate(&row.share));
                cells.push(number(row.severity));
                line(&mut out, &cells);
            }
        }
        Part::Segments => {
            let names = METRICS.iter().map(|metric| metric.id);
            let head: Vec<&str> = ["segment", "value", "conversations", "failures"].into_iter().chain(names).collect();
            header(&mut out, &head);
            for row in &report.segments {
                let mut cells = vec![row.segment.word().to_owned(), csv_cell(&row.value)];
                cells.extend([row.conversations.to_string(), row.failures.to_string()]);
                cells.extend(row.figures.0.iter().map(|figure: &Figure| number(figure.value)));
                line(&mut out, &cells);
            }
        }
        Part::Evaluators => {
            header(
                &mut out,
                &[
                    "evaluator",
                    "caught_k",
                    "caught_n",
                    "caught",
                    "caught_low",
                    "caught_high",
                    "let_through_k",
                    "let_through_n",
                    "let_through",
                    "let_through_low",
                    "let_through_high",
                    "misses",
                    "false_alarms",
                ],
            );
            for row in &report.evaluators.rows {
                let mut cells = vec![csv_cell(&row.name)];
                cells.extend(rate(&row.caught).into_iter().chain(rate(&row.let_through)));
                cells.extend([row.misses.conversations.to_string(), row.false_alarms.conversations.to_string()]);
                line(&mut out, &cells);
            }
        }
        Part::People => people(report, &mut out),
    }
    out
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// How many, of how many, their share, its interval.
fn rate(rate: &Guarded<Rate>) -> [String; 5] {
    match rate {
        Ok(rate) => [
            rate.k.to_string(),
            rate.n.to_string(),
            rate.rate.to_string(),
            rate.interval.0.to_string(),
            rate.interval.1.to_string(),
        ],
        Err(_) => std::array::from_fn(|_| String::new()),
    }
}

fn line(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "{}", cells.join(","));
}

fn header(out: &mut String, names: &[&str]) {
    let _ = writeln!(out, "{}", names.join(","));
}

fn people(report: &Report, out: &mut String) {
    header(out, &["reviewer", "with", "judged", "k", "n", "same", "low", "high", "kappa"]);
    for row in &report.people.reviewers {
        let mut cells = vec![csv_cell(&row.reviewer), String::new(), row.judged.to_string()];
        cells.extend(vec![String::new(); 6]);
        line(out, &cells);
    }
    for row in &report.people.pairs {
        let mut cells = vec![csv_cell(&row.reviewers.0), csv_cell(&row.reviewers.1), row.units.to_string()];
        cells.extend(rate(&row.same));
        cells.push(number(row.kappa.as_ref().ok().map(|kappa| kappa.value)));
        line(out, &cells);
    }
}

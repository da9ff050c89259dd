//! The page of thresholds: from which score on to escalate, per segment.
//!
//! Invariant: a promise that is not made shows how many labels it still takes.

use super::{Sheet, WIDE, begun, named};
use crate::engine::request::{Aligned, AlignmentReport, Guarded, Part, Threshold};
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::numbers::NumbersView;
use crate::tui::theme::Tone;

/// Columns of a promise.
const PROMISE: usize = 17;

pub fn sheet(state: &State, view: &NumbersView, columns: usize) -> Sheet {
    let (Some(report), Some(one)) = (&view.alignment, view.escalating()) else {
        let text = "Nothing has a score yet: `aftercall evaluate` makes some.".to_owned();
        return Sheet { head: Vec::new(), rows: Vec::new(), said: vec![(text, Tone::Dim)] };
    };
    let name = columns.saturating_sub(3 * PROMISE + if columns >= WIDE { 36 } else { 12 }).clamp(8, 40);
    let mut title = state.lens().row(&one.name, Tone::Title);
    title.push(&format!("   {} of {} evaluators", view.evaluator + 1, view.evaluators().len()), Tone::Dim);
    title.push(&format!("   {} is better", one.better), Tone::Dim);
    let (risk, miss) = (report.risk * 100.0, report.miss * 100.0);
    let by = report.by.as_deref().unwrap_or("");
    let over = |a: &str, b: &str, c: &str, d: (&str, &str)| {
        Row::of(&format!("  {:name$}{:>6}  {a:PROMISE$}{b:PROMISE$}{c:PROMISE$}", d.0, d.1), Tone::Dim)
    };
    let head = vec![
        title,
        over(
            &format!("{risk:.0} % of all may"),
            &format!("{risk:.0} % of all may"),
            &format!("{miss:.0} % of failures"),
            ("", ""),
        ),
        over("slip, 90 % sure", "slip, on average", "slip, on average", (by, "labels")),
    ];
    let parts = view.thresholds();
    let row = |(at, part): (usize, &&Part)| line(state, (one, part), (at == view.cursor(), name, columns >= WIDE));
    let mut said = Vec::new();
    if let Some(part) = parts.get(view.cursor()) {
        said.push((sentence(one, part, report), Tone::Text));
    }
    if parts.iter().any(|part| part.threshold.as_ref().is_ok_and(|found| found.pooled)) {
        let text = "\"all\" is the threshold of all labels, where a segment has too few failures of its own.";
        said.push((text.to_owned(), Tone::Dim));
    }
    said.push((
        "Each promise holds for conversations like the labelled ones: look at Drift before relying on it.".to_owned(),
        Tone::Dim,
    ));
    Sheet { head, rows: parts.iter().enumerate().map(row).collect(), said }
}

fn sign(one: &Aligned) -> &'static str {
    if one.better == "lower" { ">=" } else { "<=" }
}

fn line(state: &State, (one, part): (&Aligned, &Part), (here, name, wide): (bool, usize, bool)) -> Row {
    let (mut row, tone) = begun(state, here);
    row.extend(named(state, part.segment.as_deref().unwrap_or("all"), (tone, name)));
    row.push(&format!("{:>6}  ", part.labels), tone);
    let told = |at: f64, escalated: f64| format!("{} {at:.2}, {:.0} %", sign(one), escalated * 100.0);
    let promise = |found: &Guarded<Threshold>| match found {
        Ok(found) => (told(found.at, found.escalated), tone),
        Err(why) => (why.more().map_or("not possible".to_owned(), |more| format!("{more} more labels")), Tone::Dim),
    };
    for (words, tone) in [promise(&part.sure), promise(&part.average)] {
        row.push(&format!("{words:PROMISE$}"), tone);
    }
    match &part.threshold {
        Ok(found) => {
            let (all, tone) = if found.pooled { (" all", Tone::Dim) } else { ("", tone) };
            row.push(&format!("{:PROMISE$}", format!("{}{all}", told(found.at, found.escalated))), tone);
            if wide {
                row.push(&format!(" missed {}", found.missed.words()), Tone::Dim);
            }
        }
        Err(why) => {
            let words = why.more().map_or("not possible".to_owned(), |more| format!("{more} more fails"));
            row.push(&words, Tone::Dim);
        }
    }
    row
}

/// What the surest promise says, for people who know no statistics.
fn sentence(one: &Aligned, part: &Part, report: &AlignmentReport) -> String {
    let name = part.segment.as_deref().unwrap_or("all");
    let risk = report.risk * 100.0;
    let made = |found: &Threshold, how: &str| {
        format!(
            "{name}: have a person look where it is {:.2} or {}, {:.0} of 100 conversations; {how} at most {risk:.0} of 100 then are failures that nobody saw.",
            found.at,
            if one.better == "lower" { "more" } else { "less" },
            found.escalated * 100.0
        )
    };
    match (&part.sure, &part.average) {
        (Ok(found), _) => made(found, "with 90 % confidence"),
        (Err(_), Ok(found)) => made(found, "on average"),
        (Err(why), Err(_)) => format!("{name}: no threshold can be promised yet: {why}."),
    }
}

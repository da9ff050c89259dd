//! The screen of how evaluators agree with people.
//!
//! Invariant: TPR and TNR stand first; what is withheld shows its reason, never a number.

use std::fmt::Write as _;

use super::{boxed, worded};
use crate::engine::request::{Aligned, AlignmentReport, Cut, Part};
use crate::tui::action::Action;
use crate::tui::paint::Canvas;
use crate::tui::row::{Row, wrap};
use crate::tui::state::State;
use crate::tui::state::alignment::{AlignmentView, Chosen};
use crate::tui::theme::Tone;

/// Lines that the chosen evaluator's detail takes at least.
const DETAIL: usize = 11;

/// Columns below which rates are told without their counts.
const NARROW: usize = 70;

/// Draws the screen.
pub fn draw(state: &State, view: &AlignmentView, canvas: &mut Canvas) {
    let title = Row::of("Alignment", Tone::Title).with("  positive is fail", Tone::Dim);
    let keys = [
        (Action::Accept, "as a queue"),
        (Action::NextField, "other cell"),
        (Action::LineDown, "down"),
        (Action::Back, "back"),
    ];
    let area = state.size.area();
    let hints = worded(state, &keys, usize::from(area.width.saturating_sub(4)));
    let inside = boxed(canvas, area, &title, &hints);
    let columns = usize::from(inside.width);
    let look = state.lens().look;
    let said = |canvas: &mut Canvas, text: &str, tone: Tone| {
        for (at, row) in wrap(text, tone, columns, look).iter().enumerate() {
            canvas.line(inside, at, row);
        }
    };
    let Some(report) = &view.report else {
        return match &view.error {
            Some(error) => said(canvas, error, Tone::Warn),
            None => said(canvas, "counting", Tone::Dim),
        };
    };
    let mut lines = heading(state, report, columns);
    let height = usize::from(inside.height);
    let room = height.saturating_sub(lines.len() + DETAIL + 1).max(3);
    // The cursor stays in sight, in the middle of what does not fit.
    let top = view.cursor.saturating_sub(room / 2).min(report.evaluators.len().saturating_sub(room));
    for (at, one) in report.evaluators.iter().enumerate().skip(top).take(room) {
        lines.push(line(state, one, columns, at == view.cursor));
    }
    lines.push(Row::new());
    if let Some(one) = view.current() {
        // What does not fit of the segments is left out; `aftercall alignment` has them all.
        let segments = height.saturating_sub(lines.len() + DETAIL - 3);
        lines.extend(detail(state, (one, report), (view.chosen, segments)));
    }
    for (at, row) in lines.into_iter().take(height).enumerate() {
        canvas.line(inside, at, &row.cut(columns, "…"));
    }
}

fn heading(state: &State, report: &AlignmentReport, columns: usize) -> Vec<Row> {
    let lens = state.lens();
    let mut words = format!("{} labels, {} fail", report.labels, report.failed);
    for (count, what) in [(report.seen, "left out, scores were seen"), (report.open, "not settled")] {
        if count > 0 {
            let _ = write!(words, "; {count} {what}");
        }
    }
    let mut lines = vec![Row::of(&words, Tone::Strong), lens.row(&report.basis.words(), Tone::Dim)];
    if report.trials {
        lines.push(Row::of("trials of one task are alike: TPR and TNR are less sure than shown", Tone::Warn));
    }
    let wide = columns >= 110;
    let name = name_width(columns);
    let rate = rate_width(columns);
    let mut head = Row::of(
        &format!("  {:name$} {:rate$} {:rate$} {:14}", "evaluator", "TPR caught", "TNR let through", "AUROC"),
        Tone::Dim,
    );
    if wide {
        head.push(" remark", Tone::Dim);
    }
    lines.push(head);
    lines
}

fn name_width(columns: usize) -> usize {
    let others = match columns {
        110.. => 88,
        NARROW.. => 66,
        _ => 46,
    };
    columns.saturating_sub(others).clamp(8, 34)
}

fn rate_width(columns: usize) -> usize {
    if columns < NARROW { 14 } else { 22 }
}

/// Two digits of a share, and its interval.
fn area(part: &Part) -> String {
    part.auroc.as_ref().map_or_else(
        |_| "-".to_owned(),
        |area| format!("{:.2} [{:.0}-{:.0}]", area.value, area.interval.0 * 100.0, area.interval.1 * 100.0),
    )
}

fn line(state: &State, one: &Aligned, columns: usize, here: bool) -> Row {
    let cursor = if here { state.config.theme.signs().cursor } else { " " };
    let tone = if here { Tone::Strong } else { Tone::Text };
    let mut row = Row::of(&format!("{cursor} "), Tone::Strong);
    let (name, wide) = (name_width(columns), rate_width(columns));
    row.extend(state.lens().row(&one.name, tone).cut(name, "…").padded(name));
    for rate in [&one.overall.agreement.tpr, &one.overall.agreement.tnr] {
        let words = match rate {
            Ok(rate) if columns < NARROW => share(rate.rate, rate.interval),
            Ok(rate) => rate.words(),
            Err(_) => "-".to_owned(),
        };
        row.push(&format!(" {words:wide$}"), if rate.is_ok() { tone } else { Tone::Dim });
    }
    row.push(&format!(" {:14}", area(&one.overall)), tone);
    if let Some(remark) = one.remark {
        let words = if columns >= 110 { remark.words() } else { state.config.theme.signs().warn };
        row.push(&format!(" {words}"), Tone::Warn);
    }
    row
}

fn detail(state: &State, (one, report): (&Aligned, &AlignmentReport), (chosen, most): (Chosen, usize)) -> Vec<Row> {
    let lens = state.lens();
    let mut title = lens.row(&one.name, Tone::Title);
    let assumed = if one.assumed { ", assumed" } else { "" };
    let objects = match one.objects {
        Cut::ItsOwn => "objects where it says so",
        Cut::At(_) => "objects from 0.5 on",
        Cut::Unknown => "says neither pass nor fail",
    };
    title.push(&format!("  {} is better{assumed}; {objects}", one.better), Tone::Dim);
    if let Some(remark) = one.remark {
        title.push(&format!("  {}", remark.words()), Tone::Warn);
    }
    let mut lines = vec![title, cells(&one.overall, chosen)];
    lines.push(Row::of(&agreement(&one.overall), Tone::Text));
    let miss = format!("Escalate from here on, to miss at most {:.0} % of failures:", report.miss * 100.0);
    lines.push(Row::of(&miss, Tone::Strong));
    for part in std::iter::once(&one.overall).chain(&one.segments).take(most.max(1)) {
        let mut row = Row::of("  ", Tone::Text);
        let name = lens.row(part.segment.as_deref().unwrap_or("all"), Tone::Text);
        row.extend(name.cut(14, "…").padded(15));
        let (words, tone) = threshold(part, one.better);
        row.push(&words, tone);
        lines.push(row);
    }
    for (name, words) in [
        ("own rate, corrected", corrected(one)),
        ("labels and scores", powered(one)),
        ("calibration", calibration(one)),
    ] {
        let (text, tone) = words.map_or_else(|why| (why, Tone::Dim), |text| (text, Tone::Text));
        lines.push(Row::of(&format!("{name:20} "), Tone::Strong).with(&text, tone));
    }
    lines
}

/// The two cells that can become queues, the chosen one marked.
fn cells(part: &Part, chosen: Chosen) -> Row {
    let mut row = Row::new();
    let both = [
        (Chosen::FalsePasses, "failures it lets pass", part.false_passes.conversations),
        (Chosen::FalseFails, "passes it objects to", part.false_fails.conversations),
    ];
    for (cell, name, count) in both {
        let here = cell == chosen;
        let marked = if here { format!("[{name} {count}]") } else { format!(" {name} {count} ") };
        row.push(&marked, if here { Tone::Key } else { Tone::Text });
        row.push("  ", Tone::Text);
    }
    row
}

fn agreement(part: &Part) -> String {
    match (&part.agreement.kappa, &part.agreement.mcc) {
        (Ok(kappa), Ok(mcc)) => {
            let (low, high) = kappa.interval;
            let pabak = part.agreement.pabak.as_ref().map_or(0.0, |value| *value);
            format!("kappa {:.2} [{low:.2}..{high:.2}]   MCC {mcc:.2}   PABAK {pabak:.2}", kappa.value)
        }
        (Err(why), _) | (_, Err(why)) => format!("kappa: {why}"),
    }
}

fn threshold(part: &Part, better: &str) -> (String, Tone) {
    match &part.threshold {
        Ok(cutoff) => {
            let sign = if better == "lower" { ">=" } else { "<=" };
            let pooled = if cutoff.pooled { " (pooled)" } else { "" };
            let text = format!(
                "{sign} {:.2}{pooled}  escalates {:.0} %, missed {}",
                cutoff.at,
                cutoff.escalated * 100.0,
                cutoff.missed.words()
            );
            (text, if cutoff.pooled { Tone::Dim } else { Tone::Text })
        }
        Err(why) => (why.to_string(), Tone::Dim),
    }
}

fn share(estimate: f64, (low, high): (f64, f64)) -> String {
    format!("{:.0} % [{:.0}-{:.0}]", estimate * 100.0, low * 100.0, high * 100.0)
}

fn corrected(one: &Aligned) -> Result<String, String> {
    let found = one.corrected.as_ref().map_err(ToString::to_string)?;
    Ok(format!("{} fail, by Rogan and Gladen", share(found.estimate, found.interval)))
}

fn powered(one: &Aligned) -> Result<String, String> {
    let found = one.powered.as_ref().map_err(ToString::to_string)?;
    Ok(format!("{} fail, by PPI++", share(found.estimate.estimate, found.estimate.interval)))
}

fn calibration(one: &Aligned) -> Result<String, String> {
    let error = one.calibration.as_ref().map_err(ToString::to_string)?;
    let verdict = if error.shows_miscalibration() { "off" } else { "no more than chance makes" };
    Ok(format!(
        "error {:.2}; a perfect one gets {:.2}, up to {:.2}: {verdict}",
        error.ece, error.null_mean, error.null_p95
    ))
}

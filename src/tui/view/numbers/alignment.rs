//! The page of how evaluators agree with people.
//!
//! Invariant: TPR and TNR stand first; a rate on few labels is greyed.

use std::fmt::Write as _;

use super::{FEW, Sheet, WIDE, begun, cell, named, share};
use crate::engine::request::{Aligned, AlignmentReport, Cut, Part};
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::state::numbers::{Chosen, NumbersView};
use crate::tui::theme::Tone;

/// Columns of a rate, without and with its counts.
const RATE: [usize; 2] = [15, 24];

pub fn sheet(state: &State, view: &NumbersView, columns: usize) -> Sheet {
    let Some(report) = &view.alignment else {
        return Sheet { head: Vec::new(), rows: Vec::new(), said: Vec::new() };
    };
    let row = |(at, one)| line(state, one, (at == view.cursor(), columns));
    let rows = view.evaluators().iter().enumerate().map(row).collect();
    let mut said = Vec::new();
    if let Some(one) = view.current() {
        said.extend(detail(one, (view.chosen, report.trials)));
    }
    Sheet { head: heading(state, report, columns), rows, said }
}

fn heading(state: &State, report: &AlignmentReport, columns: usize) -> Vec<Row> {
    let mut words = format!("{} labels, {} fail", report.labels, report.failed);
    for (count, what) in [(report.seen, "left out, scores were seen"), (report.open, "not settled")] {
        if count > 0 {
            let _ = write!(words, "; {count} {what}");
        }
    }
    let mut about = Row::of(&words, Tone::Strong).with("   ", Tone::Dim);
    about.extend(state.lens().row(&report.basis.words(), Tone::Dim));
    let (name, rate) = (name_width(columns), RATE[usize::from(columns >= WIDE)]);
    let mut head = Row::of(
        &format!("  {:name$}{:rate$}{:rate$}{:14}", "evaluator", "TPR caught", "TNR let by", "AUROC"),
        Tone::Dim,
    );
    if columns >= WIDE {
        head.push(" remark", Tone::Dim);
    }
    vec![about, head]
}

fn name_width(columns: usize) -> usize {
    let others = if columns >= WIDE { 88 } else { 2 * RATE[0] + 14 + 6 };
    columns.saturating_sub(others).clamp(8, 34)
}

/// Two digits of a share, and its interval.
fn area(part: &Part) -> (String, Tone) {
    match &part.auroc {
        Ok(area) if area.failed.min(area.passed) < FEW => (format!("n<{FEW}"), Tone::Dim),
        Ok(area) => {
            let (low, high) = area.interval;
            (format!("{:.2} [{:.0}-{:.0}]", area.value, low * 100.0, high * 100.0), Tone::Text)
        }
        Err(_) => ("-".to_owned(), Tone::Dim),
    }
}

fn line(state: &State, one: &Aligned, (here, columns): (bool, usize)) -> Row {
    let (mut row, tone) = begun(state, here);
    row.extend(named(state, &one.name, (tone, name_width(columns))));
    let wide = columns >= WIDE;
    for rate in [&one.overall.agreement.tpr, &one.overall.agreement.tnr] {
        let (words, tone) = cell(rate, (tone, wide));
        row.push(&format!("{words:wide$}", wide = RATE[usize::from(wide)]), tone);
    }
    let (words, tone) = area(&one.overall);
    row.push(&format!("{words:14}"), tone);
    if let Some(remark) = one.remark {
        let words = if wide { remark.words() } else { state.config.theme.signs().warn };
        row.push(&format!(" {words}"), Tone::Warn);
    }
    row
}

fn detail(one: &Aligned, (chosen, trials): (Chosen, bool)) -> Vec<(String, Tone)> {
    let part = &one.overall;
    let remark = one.remark.map_or_else(String::new, |remark| format!(" It is {}.", remark.words()));
    let assumed = if one.assumed { ", assumed" } else { "" };
    let objects = match one.objects {
        Cut::ItsOwn => "it objects where it says so",
        Cut::At(_) => "it objects from 0.5 on",
        Cut::Unknown => "it says neither pass nor fail",
    };
    let mut said = vec![
        (cells(part, chosen), Tone::Key),
        (
            format!(
                "{}: {}{remark} On its scale {} is better{assumed}; {objects}.",
                one.name,
                sentence(part),
                one.better
            ),
            Tone::Text,
        ),
    ];
    if trials {
        said.push((
            "Some labels are trials of one task: intervals are by resampling whole tasks.".to_owned(),
            Tone::Dim,
        ));
    }
    if part.labels < FEW {
        said.push((format!("With fewer than {FEW} labels nothing more can be said."), Tone::Dim));
        return said;
    }
    said.push((agreement(part), Tone::Dim));
    for (name, words) in [
        ("Its own failure rate, corrected", corrected(one)),
        ("Failure rate by labels and its scores", powered(one)),
        ("Calibration", calibration(one)),
    ] {
        said.push((format!("{name}: {}", words.unwrap_or_else(|why| why)), Tone::Dim));
    }
    said
}

/// What TPR and TNR say, for people who know no statistics.
fn sentence(part: &Part) -> String {
    match (&part.agreement.tpr, &part.agreement.tnr) {
        (Ok(tpr), Ok(tnr)) => {
            format!("of {} failures it catches {}, of {} good ones it lets {} by.", tpr.n, tpr.k, tnr.n, tnr.k)
        }
        (Ok(tpr), Err(_)) => format!("of {} failures it catches {}.", tpr.n, tpr.k),
        (Err(_), Ok(tnr)) => format!("of {} good ones it lets {} by; no failure is labelled.", tnr.n, tnr.k),
        (Err(why), Err(_)) => format!("{why}."),
    }
}

/// The two cells that can become queues, the chosen one marked.
fn cells(part: &Part, chosen: Chosen) -> String {
    let (passes, fails) = (part.false_passes.conversations, part.false_fails.conversations);
    let mark = |text: String, here: bool| if here { format!("[{text}]") } else { format!(" {text} ") };
    let missed = mark(format!("failures it lets pass {passes}"), chosen == Chosen::FalsePasses);
    let alarms = mark(format!("passes it objects to {fails}"), chosen == Chosen::FalseFails);
    format!("{missed}  {alarms}")
}

fn agreement(part: &Part) -> String {
    match (&part.agreement.kappa, &part.agreement.mcc) {
        (Ok(kappa), Ok(mcc)) => {
            let (low, high) = kappa.interval;
            format!(
                "Beyond chance: kappa {:.2} [{low:.2}..{high:.2}], MCC {mcc:.2} (0 chance, 1 always right)",
                kappa.value
            )
        }
        (Err(why), _) | (_, Err(why)) => format!("Beyond chance: {why}"),
    }
}

fn corrected(one: &Aligned) -> Result<String, String> {
    let found = one.corrected.as_ref().map_err(ToString::to_string)?;
    Ok(format!("{} (Rogan and Gladen)", share(found.estimate, found.interval)))
}

fn powered(one: &Aligned) -> Result<String, String> {
    let found = one.powered.as_ref().map_err(ToString::to_string)?;
    Ok(format!("{} (PPI++)", share(found.estimate.estimate, found.estimate.interval)))
}

fn calibration(one: &Aligned) -> Result<String, String> {
    let error = one.calibration.as_ref().map_err(ToString::to_string)?;
    let verdict = if error.shows_miscalibration() { "off" } else { "no more than chance makes" };
    Ok(format!(
        "off by {:.2}; a perfect one by {:.2}, up to {:.2}: {verdict}",
        error.ece, error.null_mean, error.null_p95
    ))
}

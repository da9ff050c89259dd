//! `aftercall alignment`: how evaluators agree with people.
//!
//! Invariant: TPR and TNR stand before any other number.

use super::super::args::numbers::AlignmentArguments;
use super::super::context::{Context, now};
use super::super::failure::{Code, Failure};
use super::super::output::{Cell, Data};
use super::{filled, from, header, number, percent, range, rate_cells, told, unmasked, whole};
use crate::ops::alignment::{self, Aligned, AlignmentOrder, AlignmentReport, Cut, Part};
use crate::ops::sample::{Guarded, Rate};
use crate::text::width;

/// Columns of an evaluator's name, at most.
const NAME: usize = 34;

/// What P(fail) is measured by once it is learnt.
pub(super) const HELD_OUT: &str =
    "P(fail) is learnt from labels: each label is held against what those of other tasks teach";

/// Carries the command out.
pub fn alignment(context: &Context, arguments: &AlignmentArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(unmasked(&arguments.tell, "alignment"))?;
    let order = AlignmentOrder {
        sample: from(&arguments.from),
        by: arguments.by.as_deref(),
        evaluator: arguments.evaluator.as_deref(),
        miss: arguments.miss,
        risk: alignment::RISK,
    };
    let report = alignment::alignment(&mut workspace, &order, now())?.masked(&|text| door.text(text));
    if let (Some(name), true) = (&arguments.evaluator, report.evaluators.is_empty()) {
        return Err(unknown(name));
    }
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        csv(&mut data, &report)?;
    } else {
        text(&mut data, &report, arguments.evaluator.is_some())?;
    }
    data.finish()?;
    context.talk.say(&format!("positive is fail; {}", report.basis.words()));
    let words = format!("{} labels, {} fail", report.labels, report.failed);
    let seen = if report.seen > 0 { format!("; {} left out, scores were seen", report.seen) } else { String::new() };
    let open = if report.open > 0 { format!("; {} not settled", report.open) } else { String::new() };
    context.talk.say(&format!("{words}{seen}{open}"));
    if report.held_out {
        context.talk.say(HELD_OUT);
    }
    if report.trials {
        context
            .talk
            .say("some are trials of one task: intervals of TPR, TNR, kappa and AUROC are by resampling whole tasks");
    }
    Ok(Code::Done)
}

/// The failure about an evaluator that scored nothing.
pub(super) fn unknown(name: &str) -> Failure {
    let message = format!("no conversation here has a score of {name:?}; `aftercall alignment` lists evaluators");
    Failure::new(Code::Error, message)
}

fn csv(data: &mut Data, report: &AlignmentReport) -> Result<(), Failure> {
    let names = [
        "evaluator",
        "segment",
        "labels",
        "tpr_k",
        "tpr_n",
        "tpr",
        "tpr_low",
        "tpr_high",
        "tnr_k",
        "tnr_n",
        "tnr",
        "tnr_low",
        "tnr_high",
        "kappa",
        "mcc",
        "auroc",
        "auroc_low",
        "auroc_high",
        "threshold",
        "pooled",
        "remark",
    ];
    header(data, &names)?;
    for evaluator in &report.evaluators {
        for part in std::iter::once(&evaluator.overall).chain(&evaluator.segments) {
            let mut cells = vec![
                Cell::Text(evaluator.name.clone()),
                Cell::Text(part.segment.clone().unwrap_or_default()),
                whole(part.labels),
            ];
            cells.extend(rate_cells(&part.agreement.tpr));
            cells.extend(rate_cells(&part.agreement.tnr));
            let area = part.auroc.as_ref().ok();
            let cutoff = part.threshold.as_ref().ok();
            cells.push(number(part.agreement.kappa.as_ref().ok().map(|kappa| kappa.value)));
            cells.push(number(part.agreement.mcc.as_ref().ok().copied()));
            cells.push(number(area.map(|area| area.value)));
            cells.push(number(area.map(|area| area.interval.0)));
            cells.push(number(area.map(|area| area.interval.1)));
            cells.push(number(cutoff.map(|cutoff| cutoff.at)));
            cells.push(Cell::Plain(cutoff.map(|cutoff| cutoff.pooled.to_string()).unwrap_or_default()));
            cells.push(Cell::Plain(evaluator.remark.map(|one| one.words().to_owned()).unwrap_or_default()));
            data.csv(&cells)?;
        }
    }
    Ok(())
}

fn text(data: &mut Data, report: &AlignmentReport, detailed: bool) -> Result<(), Failure> {
    let names = report.evaluators.iter().flat_map(|one| {
        let segments = one.segments.iter().filter_map(|part| part.segment.as_deref());
        std::iter::once(width::of(&one.name)).chain(segments.map(|name| width::of(name) + 2))
    });
    let wide = names.max().unwrap_or(0).clamp(9, NAME);
    data.line(&format!(
        "{}  {:24}  {:24}  {:>19}  {:>5}  {:>18}",
        filled("evaluator", wide),
        "TPR (failures caught)",
        "TNR (passes let through)",
        "kappa",
        "MCC",
        "AUROC"
    ))?;
    for evaluator in &report.evaluators {
        let remark = evaluator.remark.map_or("", |remark| remark.words());
        data.line(format!("{}  {remark}", line(&evaluator.name, &evaluator.overall, wide)).trim_end())?;
        for part in &evaluator.segments {
            let name = format!("  {}", part.segment.as_deref().unwrap_or_default());
            data.line(line(&name, part, wide).trim_end())?;
        }
    }
    let shown = if detailed { report.evaluators.first() } else { best(report) };
    match shown {
        Some(evaluator) => detail(data, evaluator, report),
        None => Ok(()),
    }
}

/// The first that is not spoken against.
fn best(report: &AlignmentReport) -> Option<&Aligned> {
    report.evaluators.iter().find(|one| one.remark.is_none() && one.overall.auroc.is_ok())
}

fn line(name: &str, part: &Part, wide: usize) -> String {
    let short = |rate: &Guarded<Rate>| rate.as_ref().map_or_else(|_| "-".to_owned(), Rate::words);
    let kappa = part.agreement.kappa.as_ref().map_or_else(
        |_| "-".to_owned(),
        |kappa| format!("{} [{}..{}]", two(kappa.value), two(kappa.interval.0), two(kappa.interval.1)),
    );
    let mcc = part.agreement.mcc.as_ref().map_or_else(|_| "-".to_owned(), |mcc| two(*mcc));
    let area = part.auroc.as_ref().map_or_else(
        |_| "-".to_owned(),
        |area| format!("{:.3} [{}..{}]", area.value, two(area.interval.0), two(area.interval.1)),
    );
    let (tpr, tnr) = (short(&part.agreement.tpr), short(&part.agreement.tnr));
    format!("{}  {tpr:24}  {tnr:24}  {kappa:>19}  {mcc:>5}  {area:>18}", filled(name, wide))
}

/// Two digits; nothing is a negative nothing.
fn two(value: f64) -> String {
    format!("{:.2}", (value * 100.0).round() / 100.0 + 0.0)
}

fn detail(data: &mut Data, one: &Aligned, report: &AlignmentReport) -> Result<(), Failure> {
    data.line("")?;
    let assumed = if one.assumed { ", assumed" } else { "" };
    let objects = match one.objects {
        Cut::ItsOwn => "objects where it says so itself".to_owned(),
        Cut::At(at) => format!("objects from P(fail) {at} on"),
        Cut::Unknown => "says neither pass nor fail, so it has no TPR or TNR".to_owned(),
    };
    data.line(&format!("{} ({} is better{assumed}; {objects})", one.name, one.better))?;
    data.line(&format!("  threshold that misses at most {} of failures:", percent(report.miss)))?;
    for part in std::iter::once(&one.overall).chain(&one.segments) {
        threshold(data, part, one)?;
    }
    for (name, cell) in [("false passes", &one.overall.false_passes), ("false fails", &one.overall.false_fails)] {
        let how = match cell.conversations {
            0 => "none".to_owned(),
            1..=8 => format!("{}: aftercall review '{}'", cell.conversations, cell.filter),
            many => format!("{many}: --json has the filter"),
        };
        data.line(&format!("  {name:12}  {how}"))?;
    }
    let corrected = told(&one.corrected, |one| format!("{} {}", percent(one.estimate), range(one.interval)));
    let powered =
        told(&one.powered, |one| format!("{} {}", percent(one.estimate.estimate), range(one.estimate.interval)));
    data.line(&format!("  failure rate by its own word, corrected:    {corrected}"))?;
    data.line(&format!("  failure rate by labels and its scores:      {powered}"))?;
    calibration(data, one)
}

fn threshold(data: &mut Data, part: &Part, one: &Aligned) -> Result<(), Failure> {
    let sign = if one.better == "lower" { ">=" } else { "<=" };
    let name = part.segment.as_deref().unwrap_or("all");
    let words = told(&part.threshold, |cutoff| {
        let pooled = if cutoff.pooled { ", pooled: too few failures here" } else { "" };
        format!(
            "{sign} {:.2} escalates {}, missed {}{pooled}",
            cutoff.at,
            percent(cutoff.escalated),
            cutoff.missed.words()
        )
    });
    data.line(&format!("    {}  {words}", filled(name, 16)))
}

fn calibration(data: &mut Data, one: &Aligned) -> Result<(), Failure> {
    let words = told(&one.calibration, |error| {
        let verdict = if error.shows_miscalibration() { "more than chance makes" } else { "no more than chance makes" };
        format!(
            "{:.3}, where a perfect predictor gets {:.3} (95 %: below {:.3}): {verdict}",
            error.ece, error.null_mean, error.null_p95
        )
    });
    data.line(&format!("  calibration error  {words}"))?;
    if let Ok(brier) = one.brier {
        data.line(&format!("  Brier's score      {brier:.3}"))?;
    }
    for bin in one.curve.iter().flatten() {
        data.line(&format!(
            "    predicted {:>4}  failed {:>4} {:9} n {}",
            percent(bin.predicted),
            percent(bin.observed),
            range(bin.interval),
            bin.n
        ))?;
    }
    Ok(())
}

//! `aftercall thresholds`: from which score on to escalate.
//!
//! Invariant: a promise that is not made is told with what it still takes.

use super::super::args::numbers::ThresholdsArguments;
use super::super::context::{Context, now};
use super::super::failure::{Code, Failure};
use super::super::import::count;
use super::super::output::{Cell, Data};
use super::alignment::{HELD_OUT, unknown};
use super::{filled, from, header, number, percent, told, unmasked, whole};
use crate::ops::alignment::{AlignmentOrder, Cutoff};
use crate::ops::sample::{Guarded, P_FAIL};
use crate::ops::thresholds::{self, Threshold, ThresholdReport};
use crate::text::width;

/// Carries the command out.
pub fn thresholds(context: &Context, arguments: &ThresholdsArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(unmasked(&arguments.tell, "thresholds"))?;
    let order = AlignmentOrder {
        sample: from(&arguments.from),
        by: arguments.by.as_deref(),
        evaluator: arguments.evaluator.as_deref(),
        miss: arguments.miss,
        risk: arguments.risk,
    };
    let found = thresholds::thresholds(&mut workspace, &order, now())?;
    let report = found.ok_or_else(|| unknown(arguments.evaluator.as_deref().unwrap_or(P_FAIL)))?;
    let report = report.masked(&|text| door.text(text));
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        csv(&mut data, &report)?;
    } else {
        text(&mut data, &report)?;
    }
    data.finish()?;
    context.talk.say(&report.basis.words());
    if report.held_out {
        context.talk.say(HELD_OUT);
    }
    Ok(Code::Done)
}

fn csv(data: &mut Data, report: &ThresholdReport) -> Result<(), Failure> {
    header(
        data,
        &[
            "segment",
            "labels",
            "sure_at",
            "sure_escalates",
            "average_at",
            "average_escalates",
            "of_failures_at",
            "of_failures_escalates",
            "missed",
            "missed_of",
            "missed_high",
            "pooled",
        ],
    )?;
    for row in &report.rows {
        let mut cells = vec![Cell::Text(row.segment.clone().unwrap_or_default()), whole(row.labels)];
        for promise in [&row.sure, &row.average] {
            cells.push(number(promise.as_ref().ok().map(|found| found.at)));
            cells.push(number(promise.as_ref().ok().map(|found| found.escalated)));
        }
        let cutoff = row.of_failures.as_ref().ok();
        let plain = |text: Option<String>| Cell::Plain(text.unwrap_or_default());
        cells.push(number(cutoff.map(|found| found.at)));
        cells.push(number(cutoff.map(|found| found.escalated)));
        cells.push(plain(cutoff.map(|found| found.missed.k.to_string())));
        cells.push(plain(cutoff.map(|found| found.missed.n.to_string())));
        cells.push(number(cutoff.map(|found| found.missed.interval.1)));
        cells.push(plain(cutoff.map(|found| found.pooled.to_string())));
        data.csv(&cells)?;
    }
    Ok(())
}

fn text(data: &mut Data, report: &ThresholdReport) -> Result<(), Failure> {
    let sign = if report.better == "lower" { ">=" } else { "<=" };
    let (risk, miss) = (percent(report.risk), percent(report.miss));
    data.line(&format!("{}: {} is better", report.evaluator, report.better))?;
    for row in &report.rows {
        let name = row.segment.as_deref().unwrap_or("all");
        data.line("")?;
        data.line(&format!("{}  {}", filled(name, width::of(name).max(16)), count(row.labels, "label")))?;
        let lines = [
            (format!("{risk} of all missed at most, 90 % sure"), promised(&row.sure, sign)),
            (format!("{risk} of all missed at most, on average"), promised(&row.average, sign)),
            (format!("{miss} of failures missed, on average"), told(&row.of_failures, |found| cutoff(found, sign))),
        ];
        for (what, words) in lines {
            data.line(&format!("  {what:40}  {words}"))?;
        }
    }
    Ok(())
}

fn promised(promise: &Guarded<Threshold>, sign: &str) -> String {
    told(promise, |found| format!("{sign} {:.2}  escalates {}", found.at, percent(found.escalated)))
}

fn cutoff(found: &Cutoff, sign: &str) -> String {
    let pooled = if found.pooled { ", pooled: too few failures here" } else { "" };
    let (at, escalated) = (found.at, percent(found.escalated));
    format!("{sign} {at:.2}  escalates {escalated}, missed {}{pooled}", found.missed.words())
}

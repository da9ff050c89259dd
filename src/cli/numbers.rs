//! `aftercall rates`, `alignment`, `thresholds`, `compare`, `drift` and `agreement`: numbers with what they rest on.
//!
//! Invariant: a number that its guard withholds is never printed; the reason stands in its place.

mod alignment;
mod comparison;
mod people;
mod thresholds;

pub use alignment::alignment;
pub use comparison::{compare, drift};
pub use people::agreement;
pub use thresholds::thresholds;

use super::args::numbers::{FromArguments, RatesArguments, TellArguments};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::output::{Cell, Data, Talk};
use crate::ops::rates::{self, RatesOrder, RatesReport, Segment};
use crate::ops::sample::{Guarded, Rate, SampleOrder};
use crate::text::width;

/// The command that unmasking is recorded under, where it was asked for.
fn unmasked<'a>(tell: &TellArguments, command: &'a str) -> Option<&'a str> {
    tell.unmasked.then_some(command)
}

/// Where labels come from.
fn from(arguments: &FromArguments) -> SampleOrder<'_> {
    SampleOrder { filter: &arguments.pool.filter, truth: arguments.truth.as_deref(), queue: arguments.queue.as_deref() }
}

/// Text filled to so many columns.
fn filled(text: &str, columns: usize) -> String {
    let shown = crate::text::door::terminal_line(text);
    format!("{shown}{}", " ".repeat(columns.saturating_sub(width::of(&shown))))
}

/// A guarded number in words, or why there is none.
fn told<T>(guarded: &Guarded<T>, words: impl FnOnce(&T) -> String) -> String {
    match guarded {
        Ok(value) => words(value),
        Err(why) => why.to_string(),
    }
}

/// A share as whole percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// An interval of shares as whole percent.
fn range((low, high): (f64, f64)) -> String {
    format!("[{:.0}-{:.0}]", low * 100.0, high * 100.0)
}

/// A difference of shares in points.
fn points(difference: f64, (low, high): (f64, f64)) -> String {
    format!("{:+.0} points [{:+.0} to {:+.0}]", difference * 100.0, low * 100.0, high * 100.0)
}

/// A number as a cell, with all its digits; empty where there is none.
fn number(value: Option<f64>) -> Cell {
    Cell::Plain(value.map(|value| value.to_string()).unwrap_or_default())
}

fn whole(value: u64) -> Cell {
    Cell::Plain(value.to_string())
}

fn header(data: &mut Data, names: &[&str]) -> Result<(), Failure> {
    data.csv(&names.iter().map(|name| Cell::Plain((*name).to_owned())).collect::<Vec<_>>())
}

/// The cells of a rate: how many, of how many, their share, its interval.
fn rate_cells(rate: &Guarded<Rate>) -> [Cell; 5] {
    let known = rate.as_ref().ok();
    [
        Cell::Plain(known.map(|rate| rate.k.to_string()).unwrap_or_default()),
        Cell::Plain(known.map(|rate| rate.n.to_string()).unwrap_or_default()),
        number(known.map(|rate| rate.rate)),
        number(known.map(|rate| rate.interval.0)),
        number(known.map(|rate| rate.interval.1)),
    ]
}

/// Carries `rates` out.
pub fn rates(context: &Context, arguments: &RatesArguments) -> Result<Code, Failure> {
    let (mut workspace, door) = context.open_door(unmasked(&arguments.tell, "rates"))?;
    let order = RatesOrder {
        sample: from(&arguments.from),
        by: arguments.by.as_deref(),
        outcome: arguments.outcome.as_deref(),
    };
    let report = rates::rates(&mut workspace, &order, now())?.masked(&|text| door.text(text));
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        rates_csv(&mut data, &report)?;
    } else {
        rates_text(&mut data, &report)?;
    }
    data.finish()?;
    rates_talk(context.talk, &report);
    Ok(Code::Done)
}

fn rates_csv(data: &mut Data, report: &RatesReport) -> Result<(), Failure> {
    header(
        data,
        &[
            "segment",
            "pool",
            "failed",
            "labels",
            "rate",
            "low",
            "high",
            "model_estimate",
            "difference",
            "p_adjusted",
            "outcome",
            "needs",
        ],
    )?;
    for segment in std::iter::once(&report.overall).chain(&report.segments) {
        let mut cells = vec![Cell::Text(segment.value.clone().unwrap_or_default()), whole(segment.pool)];
        cells.extend(rate_cells(&segment.rate));
        cells.push(number(segment.model_estimate));
        cells.push(number(segment.difference.as_ref().ok().map(|found| found.difference)));
        cells.push(number(segment.difference.as_ref().ok().map(|found| found.p_adjusted.value())));
        cells.push(number(segment.outcome.map(|share| share.share)));
        cells.push(whole(segment.needs));
        data.csv(&cells)?;
    }
    Ok(())
}

fn rates_text(data: &mut Data, report: &RatesReport) -> Result<(), Failure> {
    let all = &report.overall;
    let rate = told(&all.rate, Rate::words);
    data.line(&format!("failure rate     {rate}   of {} conversations", report.pool))?;
    if let Some(below) = all.below {
        data.line(&format!("                 none failed: below {:.1} %, one-sided", below * 100.0))?;
    }
    if report.imports > 1 {
        let weighed = told(&report.post_stratified, |one| format!("{} {}", percent(one.estimate), range(one.interval)));
        data.line(&format!("by import        {weighed}   {} imports, each by its size", report.imports))?;
    }
    if let Some(estimate) = all.model_estimate {
        data.line(&format!(
            "model estimate   {}   judged as judged, the rest by P(fail); not a measurement",
            percent(estimate)
        ))?;
    }
    outcome_line(data, report.outcome.as_deref(), all)?;
    if all.needs > 0 {
        data.line(&format!("for +-5 points   {} more audit labels", all.needs))?;
    }
    let Some(by) = &report.by else { return Ok(()) };
    let wide = report.segments.iter().map(|one| width::of(one.value.as_deref().unwrap_or(""))).max().unwrap_or(0);
    let wide = wide.clamp(by.len(), 30);
    data.line("")?;
    data.line(&format!(
        "{}  {:>7}  {:24}  {:>5}  difference from the rest",
        filled(by, wide),
        "pool",
        "failure rate",
        "model"
    ))?;
    for one in &report.segments {
        data.line(segment_line(one, wide).trim_end())?;
    }
    Ok(())
}

fn segment_line(one: &Segment, wide: usize) -> String {
    let rate = match &one.rate {
        Ok(rate) => rate.words(),
        Err(_) => "too few".to_owned(),
    };
    let difference = match &one.difference {
        Ok(found) => {
            let stars = found.p_adjusted.stars();
            format!("{} p {:.3} {stars}", points(found.difference, found.interval), found.p_adjusted.value())
        }
        Err(why) => why.to_string(),
    };
    let model = one.model_estimate.map(percent).unwrap_or_default();
    let outcome = one.outcome.map(|share| format!("  {}/{} = {}", share.k, share.n, percent(share.share)));
    format!(
        "{}  {:>7}  {:24}  {model:>5}  {difference}{}",
        filled(one.value.as_deref().unwrap_or(""), wide),
        one.pool,
        rate,
        outcome.unwrap_or_default()
    )
}

fn outcome_line(data: &mut Data, outcome: Option<&str>, all: &Segment) -> Result<(), Failure> {
    let Some(name) = outcome else { return Ok(()) };
    let words = all.outcome.map_or_else(
        || "no conversation says true or false".to_owned(),
        |share| format!("{}/{} = {}", share.k, share.n, percent(share.share)),
    );
    data.line(&format!("{}  {words}   of all, not of a sample", filled(name, 15)))
}

fn rates_talk(talk: Talk, report: &RatesReport) {
    talk.say(&report.basis.words());
    if report.open > 0 && report.basis.is_audit() {
        talk.say(&format!("{} more were drawn, and are not settled yet", report.open));
    }
    if report.not_in_audit > 0 {
        talk.say(&format!("{} conversations came since, and are in no audit yet", report.not_in_audit));
    }
}

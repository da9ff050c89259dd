//! `aftercall agreement`: several reviewers.
//!
//! Invariant: percent, Cohen and Krippendorff with their intervals come before the rest.

use super::super::args::numbers::AgreementArguments;
use super::super::context::{Context, now};
use super::super::failure::{Code, Failure};
use super::super::output::{Cell, Data};
use super::{filled, header, number, told, unmasked, whole};
use crate::ops::agreement::{self, AgreementOrder, AgreementReport, Together};
use crate::ops::sample::Rate;

/// Carries the command out.
pub fn agreement(context: &Context, arguments: &AgreementArguments) -> Result<Code, Failure> {
    let (workspace, _door) = context.open_door(unmasked(&arguments.tell, "agreement"))?;
    let report = agreement::agreement(&workspace, &AgreementOrder { filter: &arguments.pool.filter }, now())?;
    let mut data = Data::open();
    if arguments.tell.json {
        data.json(&report)?;
    } else if arguments.tell.csv {
        csv(&mut data, &report)?;
    } else {
        text(&mut data, &report)?;
    }
    data.finish()?;
    let units = super::super::import::count(report.units, "conversation");
    context.talk.say(&format!("{units} judged by two or more, {} of them drawn by lot for an audit", report.audited));
    if report.units < report.least {
        let more = report.least - report.units;
        context.talk.say(&format!(
            "no verdict on agreement below {}: {more} more; `aftercall queue new NAME --reviewers-per-item 2` asks two of each",
            report.least
        ));
    }
    Ok(Code::Done)
}

fn csv(data: &mut Data, report: &AgreementReport) -> Result<(), Failure> {
    header(
        data,
        &["of", "a", "b", "units", "percent", "low", "high", "coefficient", "value", "value_low", "value_high"],
    )?;
    let mut row = |of: &str, together: &Together, units: u64| {
        let (percent, alpha) = (together.percent.as_ref().ok(), together.alpha.as_ref().ok());
        data.csv(&[
            Cell::Text(of.to_owned()),
            Cell::Plain(String::new()),
            Cell::Plain(String::new()),
            whole(units),
            number(percent.map(|rate| rate.rate)),
            number(percent.map(|rate| rate.interval.0)),
            number(percent.map(|rate| rate.interval.1)),
            Cell::Plain("krippendorff_alpha".to_owned()),
            number(alpha.map(|alpha| alpha.value)),
            number(alpha.map(|alpha| alpha.interval.0)),
            number(alpha.map(|alpha| alpha.interval.1)),
        ])
    };
    row("verdict", &report.verdict, report.units)?;
    for mode in &report.modes {
        row(&format!("mode {}", mode.mode), &mode.agreement, report.units)?;
    }
    for pair in &report.pairs {
        let (percent, kappa) = (pair.percent.as_ref().ok(), pair.kappa.as_ref().ok());
        data.csv(&[
            Cell::Plain("verdict".to_owned()),
            Cell::Text(pair.reviewers.0.clone()),
            Cell::Text(pair.reviewers.1.clone()),
            whole(pair.units),
            number(percent.map(|rate| rate.rate)),
            number(percent.map(|rate| rate.interval.0)),
            number(percent.map(|rate| rate.interval.1)),
            Cell::Plain("cohen_kappa".to_owned()),
            number(kappa.map(|kappa| kappa.value)),
            number(kappa.map(|kappa| kappa.interval.0)),
            number(kappa.map(|kappa| kappa.interval.1)),
        ])?;
    }
    Ok(())
}

fn coefficient(value: f64, (low, high): (f64, f64)) -> String {
    format!("{value:.2} [{low:.2}..{high:.2}]")
}

fn together(data: &mut Data, name: &str, one: &Together) -> Result<(), Failure> {
    let percent = told(&one.percent, Rate::words);
    let alpha = told(&one.alpha, |alpha| coefficient(alpha.value, alpha.interval));
    if one.percent.is_err() {
        return data.line(&format!("{}  {percent}", filled(name, 24)));
    }
    data.line(&format!("{}  same {percent}   Krippendorff's alpha {alpha}", filled(name, 24)))?;
    let fleiss = told(&one.fleiss, |one| {
        format!("{:.2}, over {} conversations (Randolph {:.2})", one.fleiss, one.units, one.randolph)
    });
    data.line(&format!("{}  Fleiss' kappa {fleiss}", filled("", 24)))
}

fn text(data: &mut Data, report: &AgreementReport) -> Result<(), Failure> {
    together(data, "verdict", &report.verdict)?;
    if report.units >= report.least {
        let severity = told(&report.severity, |alpha| coefficient(alpha.value, alpha.interval));
        data.line(&format!("{}  alpha {severity}", filled("severity, by its ranks", 24)))?;
    }
    for mode in &report.modes {
        let name = format!("mode {}", mode.mode);
        together(data, &name, &mode.agreement)?;
        data.line(&format!("{}  given in {}, by all in {}", filled("", 24), mode.conversations, mode.by_all))?;
    }
    for pair in &report.pairs {
        let name = format!("{} and {}", pair.reviewers.0, pair.reviewers.1);
        let words = match &pair.percent {
            Err(why) => why.to_string(),
            Ok(rate) => {
                let kappa = told(&pair.kappa, |kappa| coefficient(kappa.value, kappa.interval));
                let ac1 = told(&pair.ac1, |ac1| format!("{ac1:.2}"));
                format!("same {}   Cohen's kappa {kappa}   AC1 {ac1}", rate.words())
            }
        };
        data.line(&format!("{}  {words}", filled(&name, 24)))?;
    }
    for one in &report.repeats {
        let same = told(&one.same, Rate::words);
        data.line(&format!(
            "{}  judged {} again; same {same}",
            filled(&format!("{} twice", one.reviewer), 24),
            one.repeats
        ))?;
    }
    Ok(())
}

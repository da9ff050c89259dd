//! `aftercall calibration` and `aftercall team`: how several people judge the same, and who did what.
//!
//! Invariant: one's own figures come first, and everybody's only where that is recorded.

use super::args::team::{CalibrationArguments, CalibrationCommand, StartArguments, TeamArguments};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::model::act::Act;
use crate::ops::calibration::{self, Answer, CalibrationError, CalibrationOrder, CalibrationReport, Question};
use crate::ops::review;
use crate::ops::sample::Rate;
use crate::ops::team::{self, TeamReport, Whose, Work};
use crate::store::Access;
use crate::text::door;

/// Cases below which a figure is told as too little to rest on.
const LITTLE: u64 = 10;

impl From<CalibrationError> for Failure {
    fn from(error: CalibrationError) -> Self {
        match error {
            CalibrationError::Queue(error) => error.into(),
            CalibrationError::Review(error) => error.into(),
            CalibrationError::Store(error) => error.into(),
            other => Self::usage(other.to_string()),
        }
    }
}

/// Carries `calibration` out.
pub fn calibration(context: &Context, arguments: &CalibrationArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, false),
        Some(CalibrationCommand::List { json }) => list(context, *json),
        Some(CalibrationCommand::Start(start)) => begin(context, start),
        Some(CalibrationCommand::Show { name, json, unmasked }) => show(context, name, (*json, *unmasked)),
        Some(CalibrationCommand::Reveal { name }) => {
            let mut workspace = context.open_to_write(Access::Write)?;
            let saved = calibration::reveal(&mut workspace, name, now())?;
            context.talk.say(&saved.what);
            Ok(Code::Done)
        }
    }
}

fn begin(context: &Context, arguments: &StartArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let order = CalibrationOrder {
        name: arguments.name.clone(),
        size: arguments.size,
        reviewers: arguments.reviewers,
        filter: arguments.pool.filter.trim().to_owned(),
    };
    let saved = calibration::start(&mut workspace, &order, now())?;
    context.talk.say(&format!("{}; `aftercall review {}` opens it, for everybody", saved.what, order.name));
    Ok(Code::Done)
}

fn list(context: &Context, as_json: bool) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(None)?;
    let reports = calibration::list(&workspace, &door)?;
    let mut data = Data::open();
    for report in &reports {
        if as_json {
            data.json(report)?;
        } else {
            data.line(&progress(report))?;
        }
    }
    data.finish()?;
    if reports.is_empty() && !as_json {
        context.talk.say("no calibrations yet; `aftercall calibration start NAME` begins one");
    }
    Ok(Code::Done)
}

fn show(context: &Context, name: &str, (as_json, unmasked): (bool, bool)) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(unmasked.then_some("calibration show"))?;
    let report = calibration::show(&workspace, &door, name)?;
    let mut data = Data::open();
    if as_json {
        data.json(&report)?;
    } else {
        text(&mut data, &report)?;
    }
    data.finish()?;
    if report.revealed.is_none() {
        context.talk.say("what was said is hidden until all are done; `aftercall calibration reveal` shows it before");
    }
    Ok(Code::Done)
}

fn progress(report: &CalibrationReport) -> String {
    let done: Vec<String> =
        report.done.iter().map(|one| format!("{} {}/{}", one.reviewer, one.judged, report.cases)).collect();
    let done = if done.is_empty() { "nobody has begun".to_owned() } else { done.join(", ") };
    let state = match report.revealed {
        Some("all_done") => "revealed: all are done",
        Some(_) => "revealed by a person",
        None => "open",
    };
    door::terminal_line(&format!(
        "{}  {}, {} people each; {state}; {done}",
        report.name,
        count(report.cases, "conversation"),
        report.reviewers_needed
    ))
}

fn text(data: &mut Data, report: &CalibrationReport) -> Result<(), Failure> {
    data.line(&progress(report))?;
    for question in report.questions.iter().flatten() {
        data.line(&asked(question))?;
    }
    for case in report.said.iter().flatten() {
        let mark =
            if case.differs.is_empty() { "all the same".to_owned() } else { case.differs.join(", ") + " differ" };
        data.line("")?;
        data.line(&door::terminal_line(&format!("{}  {}  {mark}", case.id, case.external_id)))?;
        for answer in &case.answers {
            data.line(&door::terminal_line(&format!("  {}", said(answer))))?;
        }
    }
    Ok(())
}

fn asked(question: &Question) -> String {
    let little = if question.cases < LITTLE { "  (few: to be talked about, not to be counted on)" } else { "" };
    match (&question.same, question.variance) {
        (Some(same), Some(variance)) => {
            format!("{:20} same {}  spread {variance:.2}{little}", question.question, same.words())
        }
        _ => format!("{:20} nobody else answered it", question.question),
    }
}

fn said(answer: &Answer) -> String {
    let mut parts = vec![format!("{}: {}", answer.reviewer, answer.verdict.word().to_uppercase())];
    parts.extend(answer.step.map(|step| format!("step {step}")));
    parts.extend(answer.modes.iter().cloned());
    parts.extend(answer.severity.map(|severity| format!("severity {severity}")));
    parts.extend(answer.note.iter().map(|note| format!("\"{note}\"")));
    parts.join(" - ")
}

/// Carries `team` out.
pub fn team(context: &Context, arguments: &TeamArguments) -> Result<Code, Failure> {
    let whose = if arguments.everyone { Whose::Everyones } else { Whose::Own };
    let workspace = if arguments.everyone {
        let mut workspace = context.open_to_write(Access::Write)?;
        let act = Act::Unmask { place: "team --everyone".to_owned() };
        review::record(&mut workspace, &act, now())?;
        workspace
    } else {
        context.open_to_read()?
    };
    let report = team::team(&workspace, whose)?;
    let mut data = Data::open();
    if arguments.json {
        data.json(&report)?;
    } else {
        tell(&mut data, &report)?;
    }
    data.finish()?;
    context.talk.say(&format!(
        "{} judged by {}, {} of them by two or more{}",
        count(report.judged, "conversation"),
        if report.people == 1 { "1 person".to_owned() } else { format!("{} people", report.people) },
        report.shared,
        if arguments.everyone { "" } else { "; `--everyone` shows everybody's figures, and is recorded" }
    ));
    Ok(Code::Done)
}

fn tell(data: &mut Data, report: &TeamReport) -> Result<(), Failure> {
    for work in &report.reviewers {
        for line in of(work) {
            data.line(&door::terminal_line(&line))?;
        }
    }
    if !report.next.is_empty() {
        data.line("")?;
        data.line("next, for fresh eyes on each part")?;
    }
    for turn in &report.next {
        data.line(&door::terminal_line(&format!("  {}  takes {}: {}", turn.reviewer, turn.part, turn.why)))?;
    }
    Ok(())
}

fn of(work: &Work) -> Vec<String> {
    // Less than three seconds is no pace: verdicts that came from elsewhere.
    let pace = work
        .pace_minutes
        .filter(|pace| *pace >= 0.05)
        .map_or_else(String::new, |pace| format!(", {pace:.1} minutes each (median)"));
    let mut lines = vec![format!(
        "{}  {} judged, {} failed, {} judged by others too{pace}",
        work.reviewer, work.judged, work.failed, work.shared
    )];
    for (name, counts) in [("intents", &work.intents), ("modes", &work.modes)] {
        let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
        counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let words: Vec<String> = counts.iter().take(6).map(|(name, count)| format!("{name} {count}")).collect();
        if !words.is_empty() {
            lines.push(format!("  {name:12} {}", words.join(", ")));
        }
    }
    let drift = match &work.drift {
        Ok(drift) => {
            let change = drift.change.as_ref().map_or_else(ToString::to_string, |change| {
                let (low, high) = change.interval;
                format!("{:+.0} points [{:+.0} to {:+.0}]", change.difference * 100.0, low * 100.0, high * 100.0)
            });
            format!("fails {} then {}: {change}", drift.earlier.words(), drift.later.words())
        }
        Err(why) => why.to_string(),
    };
    lines.push(format!("  {:12} {drift}", "over time"));
    let same = work.same.as_ref().map_or_else(|| "nothing came up again yet".to_owned(), Rate::words);
    let kappa = work.kappa.as_ref().map_or_else(ToString::to_string, |kappa| {
        format!("kappa {:.2} [{:.2}..{:.2}]", kappa.value, kappa.interval.0, kappa.interval.1)
    });
    lines.push(format!("  {:12} {same}; {kappa}", "judged twice"));
    lines
}

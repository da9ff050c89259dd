//! `aftercall show`: one conversation, for people or as JSON.
//!
//! Invariant: step numbers are those of the screen and of `--step`.

use std::fmt::Write as _;

use super::args::ShowArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::{Setup, resolve};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Label;
use crate::ops::show::{Shown, ShownScore, ShownStep, show};

/// Runs the command.
pub fn run(setup: &Setup, args: &ShowArgs, output: &mut Output) -> Result<Exit, CliError> {
    let (workspace, door) = setup.open_to_tell(args.unmasked, "show", output)?;
    let id = resolve(&workspace, &args.conversation)?;
    let shown = show(&workspace, &id, &door)?;
    if args.json {
        output.json(&shown)?;
    } else {
        write(&shown, output)?;
    }
    Ok(Exit::Ok)
}

fn write(shown: &Shown, output: &mut Output) -> Result<(), CliError> {
    let row = &shown.row;
    output.line(&format!("{} · {} · {}", row.id, row.source, row.external_id))?;
    let facts = [&row.intent, &row.channel, &row.language, &row.tier, &row.agent_version];
    let facts: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
    if !facts.is_empty() {
        output.line(&facts.join(" · "))?;
    }
    for text in &shown.system {
        block(output, "      system  ", text)?;
    }
    for step in &shown.transcript {
        write_step(step, output)?;
        for score in row.scores.iter().filter(|score| is_of(score, step)) {
            write_score(score, output)?;
        }
    }
    let at_steps = |score: &&ShownScore| shown.transcript.iter().any(|step| is_of(score, step));
    for score in row.scores.iter().filter(|score| !at_steps(score)) {
        write_score(score, output)?;
    }
    for label in &shown.labels {
        write_label(label, output)?;
    }
    Ok(())
}

fn is_of(score: &ShownScore, step: &ShownStep) -> bool {
    // A span that holds a whole exchange is no news about what the customer said in it.
    step.role == "assistant"
        && score.span_id.is_some()
        && (score.span_id == step.span_id || score.span_id == step.decision_span_id)
}

/// Text with a mark before each of its lines, so that no text can pose as one of ours.
fn block(output: &mut Output, first: &str, text: &str) -> Result<(), CliError> {
    let mut lead = first.to_owned();
    for line in text.lines() {
        output.line(&format!("{lead}│ {line}"))?;
        lead = " ".repeat(first.chars().count());
    }
    Ok(())
}

fn write_step(step: &ShownStep, output: &mut Output) -> Result<(), CliError> {
    let who = step.agent.as_deref().filter(|_| step.role == "assistant").unwrap_or(step.role);
    let lead = format!("{:>4}  {:<8}", step.step, super::table::clipped(who, 8));
    if let Some(text) = &step.text {
        return block(output, &lead, text);
    }
    let arguments = step.arguments.as_ref().map_or("", |arguments| arguments.get());
    block(output, &lead, &format!("→ {} {arguments}", step.tool.as_deref().unwrap_or_default()))?;
    match &step.result {
        Some(result) => block(output, "      result  ", result),
        None => block(output, "      result  ", "(none recorded)"),
    }
}

fn write_score(score: &ShownScore, output: &mut Output) -> Result<(), CliError> {
    let value = score.value.map(|value| value.to_string()).unwrap_or_default();
    let label = score.label.as_deref().unwrap_or_default();
    let why = score.explanation.as_deref().unwrap_or_default();
    block(output, "       score  ", &format!("{} {value} {label} {why}", score.evaluator).replace("  ", " "))
}

fn write_label(label: &Label, output: &mut Output) -> Result<(), CliError> {
    let mut said = match label.verdict {
        Some(verdict) => verdict.word().to_uppercase(),
        None if label.skipped => "skipped".to_owned(),
        None => "draft".to_owned(),
    };
    if let Some(at) = &label.first_failure {
        let _ = write!(said, " · step {}", at.step);
    }
    if !label.modes.is_empty() {
        let _ = write!(said, " · {}", label.modes.join(", "));
    }
    if let Some(severity) = label.severity {
        let _ = write!(said, " · severity {severity}");
    }
    output.line(&format!("{}: {said}", label.reviewer))?;
    for placed in &label.corrections {
        block(output, "       right  ", &format!("step {}: {}", placed.at.step, describe(&placed.correction)))?;
    }
    for note in &label.notes {
        block(output, "        note  ", &note.text)?;
    }
    Ok(())
}

fn describe(correction: &Correction) -> String {
    let text = correction.text.as_deref().unwrap_or_default();
    match correction.kind {
        CorrectionKind::Tool => {
            let arguments = correction.arguments.as_ref().map_or("", |arguments| arguments.0.exact());
            format!("{} {arguments}", correction.tool.as_deref().unwrap_or_default())
        }
        CorrectionKind::NoCall => format!("no call. {text}"),
        CorrectionKind::AskCustomer => format!("ask: {text}"),
        CorrectionKind::HandOff => {
            format!("hand over: {} {text}", correction.reason.as_deref().unwrap_or_default())
        }
        CorrectionKind::Reply => format!("say: {text}"),
    }
}

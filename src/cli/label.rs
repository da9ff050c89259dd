//! `aftercall label`, `undo` and `redo`: what the keys of the screen do, by flags.
//!
//! Invariant: the same act as on the screen, with the same refusals.

use super::args::LabelArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::{Setup, resolve, tell};
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::conversation::Conversation;
use crate::model::correction::{AcceptableCall, Correction, CorrectionKind};
use crate::model::label::{StepPointer, Verdict};
use crate::model::tool::{Arguments, members};
use crate::ops::review;
use crate::store::{Access, StoreError};

/// Runs `label`.
pub fn run(setup: &Setup, args: &LabelArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut workspace = setup.open(Access::Write, output)?;
    let id = resolve(&workspace, &args.conversation)?;
    let unknown = || StoreError::Unknown(args.conversation.clone());
    let conversation = workspace.store().conversation(&id)?.ok_or_else(unknown)?;
    let act = act(args, &conversation)?;
    let saved = review::record(&mut workspace, &act, setup.now())?;
    Ok(if tell(&saved, output) { Exit::Ok } else { Exit::Partly })
}

/// Runs `undo`.
pub fn undo(setup: &Setup, output: &mut Output) -> Result<Exit, CliError> {
    let mut workspace = setup.open(Access::Write, output)?;
    let saved = review::undo(&mut workspace, setup.now())?;
    Ok(if tell(&saved, output) { Exit::Ok } else { Exit::Partly })
}

/// Runs `redo`.
pub fn redo(setup: &Setup, output: &mut Output) -> Result<Exit, CliError> {
    let mut workspace = setup.open(Access::Write, output)?;
    let saved = review::redo(&mut workspace, setup.now())?;
    Ok(if tell(&saved, output) { Exit::Ok } else { Exit::Partly })
}

fn act(args: &LabelArgs, conversation: &Conversation) -> Result<Act, CliError> {
    let subject = Subject { conversation: conversation.id.clone(), transcript_hash: conversation.transcript_hash() };
    let step = args.step.as_deref().map(|text| pointer(conversation, text)).transpose()?;
    let correction = correction(args)?;
    // The parser lets `requires = "step"` pass where --no-step stands, which conflicts with it.
    if correction.is_some() && step.is_none() {
        return Err(CliError::Usage("a correction is of a step: name it with --step".to_owned()));
    }
    if args.remainder_valid && correction.is_none() {
        return Err(CliError::Usage(
            "--remainder-valid belongs to a correction (--tool, --no-call, --ask, --hand-off or --reply)".to_owned(),
        ));
    }
    let verdict = match (args.pass, args.fail, args.unsure) {
        (true, ..) => Verdict::Pass,
        (_, true, _) => Verdict::Fail,
        (.., true) => Verdict::Unsure,
        _ => return Ok(Act::Skip(subject)),
    };
    // Of a conversation that did not fail, --step says only what is corrected.
    let names_failure = verdict == Verdict::Fail || correction.is_none();
    let failed_at = match &step {
        Some(at) if names_failure => Some(FailedAt::Step(at.clone())),
        _ if args.no_step => Some(FailedAt::NoSingleStep),
        _ => None,
    };
    Ok(Act::Judge(Judgement {
        failed_at,
        severity: args.severity,
        modes: args.mode.clone(),
        corrections: step.zip(correction).into_iter().collect(),
        note: args.note.clone(),
        ..Judgement::new(subject, verdict)
    }))
}

fn pointer(conversation: &Conversation, text: &str) -> Result<StepPointer, CliError> {
    conversation.find_step(text).map(crate::model::step::Step::pointer).ok_or_else(|| {
        CliError::Usage(format!(
            "{} has no step {text:?}: it has {} steps, which `aftercall show {}` numbers",
            conversation.id,
            conversation.steps.len(),
            conversation.id
        ))
    })
}

/// The correction that the flags describe; clap has ruled out those that contradict each other.
fn correction(args: &LabelArgs) -> Result<Option<Correction>, CliError> {
    let kind = match args {
        LabelArgs { tool: Some(_), .. } => CorrectionKind::Tool,
        LabelArgs { no_call: true, .. } => CorrectionKind::NoCall,
        LabelArgs { ask: Some(_), .. } => CorrectionKind::AskCustomer,
        LabelArgs { hand_off: Some(_), .. } => CorrectionKind::HandOff,
        LabelArgs { reply: Some(_), .. } => CorrectionKind::Reply,
        _ => return Ok(None),
    };
    let arguments = args.args.as_deref().map(|text| arguments("--args", text)).transpose()?;
    let tool = args.tool.clone().unwrap_or_default();
    let alternatives = args.also.iter().map(|text| alternative(&tool, text)).collect::<Result<_, _>>()?;
    Ok(Some(Correction {
        kind,
        arguments: arguments.or_else(|| args.tool.as_ref().map(|_| Arguments("{}".into()))),
        tool: args.tool.clone(),
        alternatives,
        text: args.ask.clone().or_else(|| args.reply.clone()),
        reason: args.hand_off.clone(),
        schema_ok: None,
        remainder_valid: args.remainder_valid,
    }))
}

/// Arguments as typed: an object, its text kept.
fn arguments(flag: &str, text: &str) -> Result<Arguments, CliError> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) if value.is_object() => Ok(Arguments(text.trim().into())),
        Ok(_) => Err(CliError::Usage(format!("{flag}: a JSON object is needed, as in {{\"order_id\": \"A-1\"}}"))),
        Err(error) => Err(CliError::Usage(format!("{flag}: not JSON: {error}"))),
    }
}

/// Another acceptable call: an object of arguments, or one that names tool and arguments.
fn alternative(tool: &str, text: &str) -> Result<AcceptableCall, CliError> {
    let whole = arguments("--also", text)?;
    let parts = members(text.trim()).unwrap_or_default();
    let part = |name: &str| parts.iter().find(|(key, _)| key == name).map(|(_, value)| value.get());
    if let (2, Some(named), Some(given)) = (parts.len(), part("tool"), part("arguments"))
        && let Ok(named) = serde_json::from_str::<String>(named)
    {
        return Ok(AcceptableCall { tool: named, arguments: arguments("--also", given)? });
    }
    Ok(AcceptableCall { tool: tool.to_owned(), arguments: whole })
}

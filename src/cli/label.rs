//! `aftercall label`, `undo`, `redo`: the same acts as in the UI, without a screen.
//!
//! Invariant: an act is checked whole before anything is saved, and nothing is called saved before it is.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::args::{AnswerArguments, LabelArguments};
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::output::{Data, warn};
use crate::model::act::{Act, ActError, FailedAt, Judgement, Saved, Subject};
use crate::model::conversation::Conversation;
use crate::model::correction::{AcceptableCall, Correction, CorrectionKind};
use crate::model::id::ConversationId;
use crate::model::label::{Label, StepPointer, Verdict};
use crate::model::queue::Slot;
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, members};
use crate::ops::door::Door;
use crate::ops::workspace::Workspace;
use crate::ops::{queue, review};
use crate::store::{Access, StoreError};

/// `--json` of an act.
#[derive(Serialize)]
struct Answer<'a> {
    schema_version: u32,
    what: &'a str,
    group: &'a str,
    conversation: Option<&'a ConversationId>,
    at: Timestamp,
    journal_problem: Option<&'a str>,
    label: Option<Label>,
}

/// Carries `label` out.
pub fn label(context: &Context, arguments: &LabelArguments) -> Result<Code, Failure> {
    if arguments.fail && arguments.step.is_none() && !arguments.no_step {
        return Err(Failure::usage(ActError::FailWithoutStep.to_string()));
    }
    let mut workspace = context.open_to_write(Access::Write)?;
    let id = resolve(&workspace, &arguments.conversation)?;
    let unknown = || StoreError::Unknown(arguments.conversation.clone());
    let conversation = workspace.store().conversation(&id)?.ok_or_else(unknown)?;
    let subject = Subject { conversation: id, transcript_hash: conversation.transcript_hash() };
    let act = if arguments.skip {
        Act::Skip(subject.clone())
    } else {
        let judgement = judgement(arguments, &conversation, subject.clone())?;
        Act::Judge(Judgement { slot: slot(&mut workspace, arguments, &subject.conversation)?, ..judgement })
    };
    let mut saved = review::record(&mut workspace, &act, now())?;
    let all = arguments.must.iter().map(|text| (true, text)).chain(arguments.must_not.iter().map(|text| (false, text)));
    for (must, text) in all.filter(|(_, text)| !text.trim().is_empty()) {
        let text = text.trim().to_owned();
        let known = saved.own.iter().flat_map(|label| &label.criteria);
        if !known.clone().any(|criterion| criterion.must == must && criterion.text == text) {
            let act = Act::Criterion { subject: subject.clone(), must, text };
            saved = Saved { what: saved.what.clone(), ..review::record(&mut workspace, &act, now())? };
        }
    }
    for placed in saved.own.iter().flat_map(|label| &label.corrections) {
        if placed.correction.schema_ok == Some(false) {
            warn(&format!(
                "step {}: the correction is saved, but not as a valid call: its arguments do not fit the tool's schema, or \
                 the tool was not offered (`aftercall show {} --json` lists the tools)",
                placed.at.step, arguments.conversation
            ));
        }
    }
    answer(context, &workspace, &saved, arguments.json)
}

/// Carries `undo` out.
pub fn undo(context: &Context, arguments: &AnswerArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let saved = review::undo(&mut workspace, now())?;
    answer(context, &workspace, &saved, arguments.json)
}

/// Carries `redo` out.
pub fn redo(context: &Context, arguments: &AnswerArguments) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Write)?;
    let saved = review::redo(&mut workspace, now())?;
    answer(context, &workspace, &saved, arguments.json)
}

/// Tells what was saved. Where only the journal could not be written it is done in part.
pub fn answer(context: &Context, workspace: &Workspace, saved: &Saved, json: bool) -> Result<Code, Failure> {
    let about = saved.conversation.as_ref().map_or_else(String::new, |id| format!("{id}: "));
    let nothing = saved.group.is_empty();
    context.talk.say(&format!("{about}{}{}", saved.what, if nothing { "" } else { " (saved)" }));
    if let Some(problem) = &saved.journal_problem {
        warn(&format!("the database has it, but the journal could not be written: {problem}"));
    }
    if json {
        let door = Door::masked(workspace);
        let mut data = Data::open();
        data.json(&Answer {
            schema_version: 1,
            what: &saved.what,
            group: &saved.group,
            conversation: saved.conversation.as_ref(),
            at: saved.at,
            journal_problem: saved.journal_problem.as_deref(),
            label: saved.own.as_deref().map(|label| door.label(label)),
        })?;
        data.finish()?;
    }
    Ok(if saved.journal_problem.is_some() { Code::Partly } else { Code::Done })
}

fn judgement(arguments: &LabelArguments, content: &Conversation, subject: Subject) -> Result<Judgement, Failure> {
    let verdict = match (arguments.pass, arguments.fail) {
        (true, _) => Verdict::Pass,
        (_, true) => Verdict::Fail,
        _ => Verdict::Unsure,
    };
    let at = arguments.step.as_deref().map(|text| step(content, text)).transpose()?;
    let mut judgement = Judgement::new(subject, verdict);
    if let Some(correction) = correction(arguments)? {
        let Some(at) = at.clone() else {
            return Err(Failure::usage("a correction needs the step it corrects: --step N"));
        };
        judgement.corrections.push((at, correction));
    }
    // What was right as a whole may still have a better way at one step; the step is then no failure.
    judgement.failed_at = match at {
        Some(_) if verdict == Verdict::Pass && !judgement.corrections.is_empty() => None,
        Some(at) => Some(FailedAt::Step(at)),
        None => arguments.no_step.then_some(FailedAt::NoSingleStep),
    };
    judgement.severity = arguments.severity;
    judgement.owner = arguments.owner;
    judgement.modes.clone_from(&arguments.modes);
    judgement.note.clone_from(&arguments.note);
    judgement.check().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(judgement)
}

/// From where in which queue it is judged, where one is named.
fn slot(workspace: &mut Workspace, arguments: &LabelArguments, id: &ConversationId) -> Result<Option<Slot>, Failure> {
    let Some(queue) = &arguments.queue else { return Ok(None) };
    let Some(place) = queue::asked(workspace, queue, id, now())? else {
        return Err(Failure::usage(format!(
            "queue {queue} does not ask you for {id} now: it is judged, or not in it; `aftercall queue show {queue}` \
             lists what comes next, and without --queue the label counts all the same, but for no audit"
        )));
    };
    Ok(Some(Slot { scores_seen: arguments.scores_seen || !place.blind, ..place.slot }))
}

fn step(content: &Conversation, text: &str) -> Result<StepPointer, Failure> {
    content.find_step(text.trim()).map(crate::model::step::Step::pointer).ok_or_else(|| {
        let (id, count) = (&content.id, content.steps.len());
        Failure::usage(format!(
            "{id} has no step {text:?}: give 1 to {count}, or the id of one of its spans; `aftercall show {id}` numbers them"
        ))
    })
}

fn correction(arguments: &LabelArguments) -> Result<Option<Correction>, Failure> {
    let kind = match arguments {
        LabelArguments { tool: Some(_), .. } => CorrectionKind::Tool,
        LabelArguments { no_call: true, .. } => CorrectionKind::NoCall,
        LabelArguments { ask: Some(_), .. } => CorrectionKind::AskCustomer,
        LabelArguments { hand_off: Some(_), .. } => CorrectionKind::HandOff,
        LabelArguments { reply: Some(_), .. } => CorrectionKind::Reply,
        _ => return Ok(None),
    };
    let tool = arguments.tool.as_deref().unwrap_or_default();
    let alternatives = arguments.also.iter().map(|text| alternative(tool, text)).collect::<Result<_, _>>()?;
    Ok(Some(Correction {
        kind,
        tool: arguments.tool.clone(),
        arguments: arguments.args.as_deref().map(json_object).transpose()?,
        alternatives,
        text: arguments.ask.clone().or_else(|| arguments.reply.clone()),
        reason: arguments.hand_off.clone(),
        schema_ok: None,
        remainder_valid: arguments.remainder_valid,
    }))
}

/// Arguments as typed, once it is known that they are a JSON object.
fn json_object(text: &str) -> Result<Arguments, Failure> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Ok(Arguments(text.trim().into())),
        Ok(_) => Err(Failure::usage(format!("{text:?} is JSON, but arguments are an object: {{\"name\": value}}"))),
        Err(error) => Err(Failure::usage(format!("{text:?} is not JSON ({error}); arguments are an object"))),
    }
}

/// Another acceptable call: of the same tool, or of the one that it names.
fn alternative(tool: &str, text: &str) -> Result<AcceptableCall, Failure> {
    let arguments = json_object(text)?;
    if let Some([(first, a), (second, b)]) = members(text.trim()).as_deref() {
        let call = match (first.as_str(), second.as_str()) {
            ("tool", "arguments") => Some((*a, *b)),
            ("arguments", "tool") => Some((*b, *a)),
            _ => None,
        };
        let named = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
        if let Some((Some(tool), inner)) = call.map(|(tool, inner)| (named(tool), inner)) {
            return Ok(AcceptableCall { tool, arguments: json_object(inner.get())? });
        }
    }
    Ok(AcceptableCall { tool: tool.to_owned(), arguments })
}

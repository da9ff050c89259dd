//! Results of tau-bench: a task, a trial, a trajectory, the calls a correct run would have made, and the reward.
//!
//! Invariant: the reference calls and the reward are kept apart from the transcript, as what they are.

use serde_json::Value;
use serde_json::value::RawValue;

use super::chat::{Told, conversation};
use super::decode::Decoder;
use super::message::{Object, raw_arguments};
use super::problem::ProblemKind;
use super::{Record, openai, python};
use crate::model::conversation::Conversation;
use crate::model::step::StepContent;
use crate::model::tool::{Arguments, ExpectedCall};

/// Where a call's arguments stay as recorded when they had to be read from Python text.
const RAW_ARGUMENTS: &str = "aftercall.arguments.raw";

/// Reads one result and hands out its conversation, or the reason why not.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, members: &[(String, Box<RawValue>)]) {
    let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.as_ref());
    let value = |name: &str| get(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let info = get("info").and_then(|raw| Object::parse(raw.get()));
    let task = info.as_ref().and_then(|info| info.object("task"));
    let word = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let Some(task_id) = value("task_id").filter(|id| !id.is_null()).map(word) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "a result without a task id");
    };
    let trial = value("trial").filter(|trial| !trial.is_null()).map_or_else(|| "0".to_owned(), word);
    // A run that broke off has no trajectory; it is kept, because its reward counts.
    let broken = info.as_ref().is_some_and(|info| info.get("error").is_some());
    let empty = get("traj").is_none_or(|raw| raw.get().split_whitespace().collect::<String>() == "[]");
    let messages = match openai::strict(get("traj")) {
        Ok(messages) => messages,
        Err(_) if broken && empty => Vec::new(),
        Err((kind, why)) => return decoder.problem(kind, 1, why),
    };
    let mut told = Told {
        source: decoder.options.source.clone().unwrap_or_else(|| decoder.stem.clone()),
        external_id: Some(format!("{task_id}/{trial}")),
        messages,
        ..Told::default()
    };
    told.gathered.member("task_id", &task_id.into());
    told.gathered.member("trial", &trial.into());
    if let Some(reward) = value("reward") {
        told.gathered.outcome("reward", &reward);
    }
    if let Some(user) = task.as_ref().and_then(|task| task.text("user_id")) {
        told.gathered.member("user_id", &user.into());
    }
    // What the agent should have said; an empty list says nothing.
    let outputs = task.as_ref().and_then(|task| task.list("outputs")).unwrap_or_default();
    let outputs: Vec<Value> = outputs.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
    if !outputs.is_empty() {
        told.gathered.member("expected_outputs", &Value::Array(outputs));
    }
    if broken {
        told.gathered.member("run_error", &Value::Bool(true));
    }
    told.tools.clone_from(&decoder.options.tools.tools);
    let source = told.source.clone();
    told.tools.iter_mut().for_each(|spec| decoder.options.tools.complete(&source, spec));
    let mut conversation = conversation(told);
    conversation.expected = task.as_ref().and_then(expected);
    literal_arguments(&mut conversation);
    decoder.record(Record::Conversation(Box::new(conversation)));
}

/// The calls of the reference solution.
fn expected(task: &Object<'_>) -> Option<Vec<ExpectedCall>> {
    let actions = task.list("actions")?;
    let calls = actions.into_iter().filter_map(|raw| {
        let action = Object::parse(raw.get())?;
        let arguments = raw_arguments(action.get("kwargs").or_else(|| action.get("arguments")));
        Some(ExpectedCall { tool: action.text("name")?.into(), arguments: Arguments(arguments.into()) })
    });
    Some(calls.collect())
}

/// Arguments written as Python text become JSON; the text as recorded stays with the tool's span.
fn literal_arguments(conversation: &mut Conversation) {
    for step in &mut conversation.steps {
        let StepContent::ToolCall { arguments, .. } = &mut step.content else { continue };
        let text = arguments.0.exact();
        if serde_json::from_str::<&RawValue>(text).is_ok() {
            continue;
        }
        let Some(json) = python::to_json(text) else { continue };
        let raw = std::mem::replace(&mut arguments.0, json.into());
        let span = step.span.as_ref().and_then(|id| conversation.spans.iter_mut().find(|span| span.id == *id));
        if let Some(span) = span {
            span.attributes.insert(RAW_ARGUMENTS.to_owned(), raw.exact().into());
        }
    }
}

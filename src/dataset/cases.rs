//! Regression cases: a prefix, the tools, and what a run of the agent from there is held against.
//!
//! Invariant: a case holds something to check; a judgement without a correction, a criterion or an expected write gives
//! none.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::item::Item;
use super::openai_sft::{Tool, openai, tools};
use super::prefix::{Chat, Decision, Flaw, decisions};
use super::{Exporter, Rows, SCHEMA_VERSION, compact_object, validate};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::tool::{Arguments, Effect, canonical_json};

/// The format `cases`.
pub struct Cases;

#[derive(Serialize)]
struct Row<'a> {
    schema_version: u32,
    case_id: String,
    conversation_id: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    task_id: Option<Value>,
    group_key: &'a str,
    intent: Option<&'a str>,
    prefix: Vec<Value>,
    tools: Vec<Tool>,
    step: Option<u32>,
    acceptable: Acceptable,
    /// What the agent did there and should not have done: its calls, or its words where it called nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Recorded>,
    must: Vec<&'a str>,
    must_not: Vec<&'a str>,
    reply: Option<String>,
    mode: Option<&'a str>,
    severity: Option<u8>,
    expected_writes: Vec<Write<'a>>,
    split: Option<&'a str>,
    label_events: Vec<&'a str>,
    transcript_hash: &'a str,
}

/// What a run may do at the step of the case.
#[derive(Serialize)]
#[serde(untagged)]
enum Acceptable {
    Calls(Vec<AcceptableCall>),
    NoCall { no_call: bool },
    AskCustomer { ask_customer: bool },
    HandOff { hand_off: String },
}

#[derive(Serialize)]
struct AcceptableCall {
    tool: String,
    arguments: Box<RawValue>,
    optional: Vec<String>,
}

/// What the agent did at the step of a case.
#[derive(Serialize)]
struct Recorded {
    text: Option<String>,
    calls: Vec<RecordedCall>,
}

#[derive(Serialize)]
struct RecordedCall {
    tool: String,
    arguments: Box<RawValue>,
}

#[derive(Serialize)]
struct Write<'a> {
    tool: &'a str,
    arguments: Box<RawValue>,
}

impl Exporter for Cases {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn file_name(&self) -> &'static str {
        "cases.jsonl"
    }

    fn help(&self) -> &'static str {
        "regression cases: the prefix before a corrected step, and what is acceptable there"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        let (decisions, left_out) = decisions(item);
        for (step, flaw) in left_out {
            rows.leave_out(item, Some(step), flaw);
        }
        for decision in &decisions {
            match case(item, decision) {
                Ok((row, complete)) => {
                    if !complete {
                        rows.warn(item, "a call names a tool that was not offered");
                    }
                    rows.push(item, &row);
                }
                Err(flaw) => rows.leave_out(item, Some(decision.step.number), flaw),
            }
        }
        if rows.lines.is_empty() && rows.left_out.is_empty() {
            match opening(item) {
                Some(row) => rows.push(item, &row),
                None => rows.leave_out(item, None, "there is nothing to hold a run against"),
            }
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["case_id", "conversation_id", "source", "group_key", "transcript_hash"] {
            validate::text(row, field)?;
        }
        validate::chat(validate::list(row, "prefix")?, validate::Shape::OpenAi)?;
        validate::tools(row)?;
        let acceptable = &row["acceptable"];
        if let Some(calls) = acceptable.as_array() {
            if calls.iter().any(|call| !call["tool"].is_string() || !call["arguments"].is_object()) {
                return Err("an acceptable call needs a tool and an object of arguments".to_owned());
            }
        } else if !["no_call", "ask_customer", "hand_off"].iter().any(|kind| acceptable.get(kind).is_some()) {
            return Err("acceptable is neither calls nor no_call, ask_customer or hand_off".to_owned());
        }
        Ok(())
    }
}

fn case<'a>(item: &Item<'a>, decision: &Decision<'_>) -> Result<(Row<'a>, bool), Flaw> {
    let correction = decision.agreed.correction.ok_or("reviewers corrected the step differently")?;
    let (tools, complete) = tools(item, Some(decision.step), &decision.prefix);
    let events: Vec<&str> = item.labels.iter().flat_map(|label| &label.events).map(String::as_str).collect();
    let row = Row {
        case_id: format!("{}-s{}", item.conversation.id, decision.step.number),
        prefix: decision.prefix.iter().map(|message| openai(message, None)).collect(),
        tools,
        step: Some(decision.step.number),
        acceptable: acceptable(item, decision, correction)?,
        recorded: Some(recorded(decision)),
        reply: correction.text.clone().filter(|text| !text.trim().is_empty()),
        label_events: events,
        ..whole(item)
    };
    Ok((row, complete))
}

/// A case from the customer's first words, for what holds for the conversation as a whole.
fn opening<'a>(item: &Item<'a>) -> Option<Row<'a>> {
    let row = whole(item);
    (!row.must.is_empty() || !row.must_not.is_empty() || !row.expected_writes.is_empty()).then_some(row)
}

fn whole<'a>(item: &Item<'a>) -> Row<'a> {
    let conversation = item.conversation;
    let criteria = |must: bool| {
        let all = item.labels.iter().flat_map(|label| &label.criteria);
        all.filter(|criterion| criterion.must == must).map(|criterion| criterion.text.as_str()).collect()
    };
    let mut prefix: Vec<Chat> = conversation.system.iter().map(|text| Chat::System(text.exact().to_owned())).collect();
    prefix.extend(
        conversation.steps.iter().take_while(|step| step.role() == crate::model::step::Role::User).filter_map(|step| {
            match &step.content {
                crate::model::step::StepContent::Message { text, .. } => Some(Chat::User(text.exact().to_owned())),
                crate::model::step::StepContent::ToolCall { .. } => None,
            }
        }),
    );
    Row {
        schema_version: SCHEMA_VERSION,
        case_id: conversation.id.to_string(),
        conversation_id: conversation.id.as_str(),
        source: conversation.source.exact(),
        domain: conversation.attributes.get("domain").and_then(Value::as_str),
        task_id: conversation.attributes.get("task_id").filter(|id| id.is_string() || id.is_number()).cloned(),
        group_key: item.group_key,
        intent: conversation.segments.intent.as_ref().map(crate::text::Untrusted::exact),
        prefix: prefix.iter().map(|message| openai(message, None)).collect(),
        tools: tools(item, None, &[]).0,
        step: None,
        acceptable: Acceptable::Calls(Vec::new()),
        recorded: None,
        must: criteria(true),
        must_not: criteria(false),
        reply: None,
        mode: item.labels.iter().flat_map(|label| &label.modes).map(String::as_str).next(),
        severity: item.severity(),
        expected_writes: expected_writes(item),
        split: item.provenance.split,
        label_events: item.labels.iter().flat_map(|label| &label.events).map(String::as_str).collect(),
        transcript_hash: item.transcript_hash.as_str(),
    }
}

/// What the agent did; a call whose arguments are no object is left away, since no run could be held against it.
fn recorded(decision: &Decision<'_>) -> Recorded {
    let wrong = decision.recorded.calls.iter().filter(|call| call.step == decision.step.number);
    let calls = wrong.filter_map(|call| {
        let arguments = compact_object(&canonical_json(&call.arguments))?;
        Some(RecordedCall { tool: call.tool.clone(), arguments })
    });
    Recorded { text: decision.recorded.text.clone(), calls: calls.collect() }
}

fn acceptable(item: &Item<'_>, decision: &Decision<'_>, correction: &Correction) -> Result<Acceptable, Flaw> {
    Ok(match correction.kind {
        // A better reply where nothing was called: no particular call is asked for.
        CorrectionKind::Reply if decision.step.tool().is_none() => Acceptable::Calls(Vec::new()),
        CorrectionKind::NoCall | CorrectionKind::Reply => Acceptable::NoCall { no_call: true },
        CorrectionKind::AskCustomer => Acceptable::AskCustomer { ask_customer: true },
        CorrectionKind::HandOff => Acceptable::HandOff { hand_off: correction.reason.clone().unwrap_or_default() },
        CorrectionKind::Tool => {
            const NO_OBJECT: Flaw = "the corrected arguments are no JSON object";
            let first = correction.tool.as_ref().ok_or("the correction names no tool")?;
            let no_arguments = Arguments("{}".into());
            let calls = std::iter::once((first, correction.arguments.as_ref().unwrap_or(&no_arguments)))
                .chain(correction.alternatives.iter().map(|call| (&call.tool, &call.arguments)));
            let calls = calls.map(|(tool, arguments)| {
                let arguments = compact_object(arguments.0.exact()).ok_or(NO_OBJECT)?;
                let optional = optional(item, tool, arguments.get());
                Ok(AcceptableCall { tool: tool.clone(), arguments, optional })
            });
            Acceptable::Calls(calls.collect::<Result<_, Flaw>>()?)
        }
    })
}

/// The arguments given that a call may also leave out: those whose value is the default the tool's schema states.
pub(super) fn optional(item: &Item<'_>, tool: &str, arguments: &str) -> Vec<String> {
    let schema = item.conversation.tools.iter().find(|spec| spec.name.exact() == tool);
    let schema: Option<Value> = schema
        .and_then(|spec| spec.parameters.as_ref())
        .and_then(|parameters| serde_json::from_str(parameters.exact()).ok());
    let Some(schema) = schema else { return Vec::new() };
    let required = |name: &str| schema["required"].as_array().is_some_and(|list| list.contains(&json!(name)));
    let given: serde_json::Map<String, Value> = serde_json::from_str(arguments).unwrap_or_default();
    given
        .iter()
        .filter(|(name, value)| {
            let default = &schema["properties"][name.as_str()]["default"];
            !required(name) && !default.is_null() && default == *value
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// The writing calls of the reference solution.
fn expected_writes<'a>(item: &Item<'a>) -> Vec<Write<'a>> {
    let conversation = item.conversation;
    let writes = |tool: &str| {
        let known = conversation.tools.iter().find(|spec| spec.name.exact() == tool).map(|spec| spec.effect);
        known.unwrap_or_else(|| Effect::guess(tool)) != Effect::Read
    };
    conversation
        .expected
        .iter()
        .flatten()
        .filter(|call| writes(call.tool.exact()))
        .filter_map(|call| {
            let arguments = compact_object(&canonical_json(call.arguments.0.exact()))?;
            Some(Write { tool: call.tool.exact(), arguments })
        })
        .collect()
}

#[cfg(test)]
mod tests;

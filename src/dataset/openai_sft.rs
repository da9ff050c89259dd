//! Supervised fine-tuning rows in OpenAI's chat form: good conversations, and corrected prefixes cut at the correction.
//!
//! Invariant: every row ends with an assistant message, every tool answer resolves to a call of the message before it,
//! and only messages somebody found right are trained on.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::item::Item;
use super::prefix::{Chat, Said, Story, decisions, name_calls, story};
use super::{Exporter, Rows, compact_object, validate};
use crate::model::label::Verdict;
use crate::model::step::Step;
use crate::model::tool::ToolSpec;

/// The format `openai-sft`.
pub struct OpenAiSft;

#[derive(Serialize)]
struct Row {
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
}

/// A tool as OpenAI's and TRL's rows list it.
#[derive(Serialize)]
pub struct Tool {
    r#type: &'static str,
    function: Function,
}

#[derive(Serialize)]
struct Function {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Box<RawValue>>,
}

impl Exporter for OpenAiSft {
    fn name(&self) -> &'static str {
        "openai-sft"
    }

    fn file_name(&self) -> &'static str {
        "openai-sft.jsonl"
    }

    fn help(&self) -> &'static str {
        "fine-tuning rows in OpenAI's chat form: good conversations, and prefixes up to a corrected call or reply"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        let nested = nested_rows(item, &mut rows);
        match story(item) {
            Ok(story) => push_story(item, &mut rows, &story),
            Err(_) if nested => {}
            Err(flaw) => rows.leave_out(item, None, flaw),
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        let messages = validate::list(row, "messages")?;
        validate::chat(messages, validate::Shape::OpenAi)?;
        let assistants = messages.iter().filter(|message| message["role"] == "assistant");
        let trained = assistants.clone().filter(|message| message["weight"] == 1).count();
        if trained == 0 || assistants.clone().any(|message| !matches!(message["weight"].as_u64(), Some(0 | 1))) {
            return Err("every assistant message needs a weight of 0 or 1, and one of them 1".to_owned());
        }
        if messages.last().is_none_or(|message| message["role"] != "assistant" || message["weight"] != 1) {
            return Err("the last message is not one of the assistant's to train on".to_owned());
        }
        validate::tools(row)
    }
}

/// Rows for corrected decisions of nested agents; true where there were any such corrections.
fn nested_rows(item: &Item<'_>, rows: &mut Rows) -> bool {
    let mut any = false;
    for decision in decisions(item).0.into_iter().filter(|decision| decision.step.depth > 0) {
        any = true;
        match decision.corrected {
            Ok(said) => {
                let mut messages = decision.prefix;
                messages.push(Chat::Assistant(said));
                name_calls(&mut messages);
                write(item, rows, &messages, Some(decision.step));
            }
            Err(flaw) => rows.leave_out(item, Some(decision.step.number), flaw),
        }
    }
    any
}

/// Writes the row of a story, without what follows the last message to train on.
fn push_story(item: &Item<'_>, rows: &mut Rows, story: &Story) {
    let trained = |message: &Chat| matches!(message, Chat::Assistant(said) if weight(item, &story.messages, said) == 1);
    let Some(last) = story.messages.iter().rposition(trained) else {
        rows.leave_out(item, None, "nothing in it was found right");
        return;
    };
    let cut = story.cut_at.and_then(|number| item.conversation.steps.iter().find(|step| step.number == number));
    write(item, rows, &story.messages[..=last], cut);
}

fn write(item: &Item<'_>, rows: &mut Rows, messages: &[Chat], decided: Option<&Step>) {
    let (tools, complete) = tools(item, decided, messages);
    if !complete {
        rows.warn(item, "a call names a tool that was not offered");
    }
    let parallel = messages.iter().any(|message| matches!(message, Chat::Assistant(said) if said.calls.len() > 1));
    let row = Row {
        parallel_tool_calls: (!tools.is_empty()).then_some(parallel),
        tools,
        messages: messages
            .iter()
            .map(|message| match message {
                Chat::Assistant(said) => openai(message, Some(weight(item, messages, said))),
                _ => openai(message, None),
            })
            .collect(),
    };
    rows.push(item, &row);
}

/// 1 for a message to train on: a corrected one, all of a good conversation, what came before the first failure, and
/// what follows that failure's correction where a person said that it still holds.
pub(super) fn weight(item: &Item<'_>, messages: &[Chat], said: &Said) -> u8 {
    let failed = item.first_failure().map(|at| at.step);
    let repaired = || {
        let of_failure = |message: &&Chat| match message {
            Chat::Assistant(other) => {
                other.corrected && failed.is_some_and(|failed| other.step <= failed) && other.step < said.step
            }
            _ => false,
        };
        failed.is_some_and(|failed| item.corrections().iter().any(|agreed| agreed.at.step == failed))
            && messages.iter().any(|message| of_failure(&message))
    };
    let right = said.corrected
        || item.verdict == Verdict::Pass
        || failed.is_some_and(|failed| said.calls.iter().all(|call| call.step < failed) && said.step < failed)
        || repaired();
    u8::from(right)
}

/// A message in OpenAI's form.
pub fn openai(message: &Chat, weight: Option<u8>) -> Value {
    match message {
        Chat::System(text) => json!({"role": "system", "content": text}),
        Chat::User(text) => json!({"role": "user", "content": text}),
        Chat::Tool { call_id, text, .. } => json!({"role": "tool", "tool_call_id": call_id, "content": text}),
        Chat::Assistant(said) => {
            let mut object = Map::new();
            object.insert("role".into(), "assistant".into());
            if let Some(text) = &said.text {
                object.insert("content".into(), text.as_str().into());
            }
            if !said.calls.is_empty() {
                let calls = said.calls.iter().map(|call| {
                    json!({"id": call.id, "type": "function",
                           "function": {"name": call.tool, "arguments": call.arguments}})
                });
                object.insert("tool_calls".into(), calls.collect());
            }
            if let Some(weight) = weight {
                object.insert("weight".into(), weight.into());
            }
            object.into()
        }
    }
}

/// The tools offered at a decision (or anywhere) and every known one that `messages` call; false where a call names a
/// tool the conversation does not list, where it lists any.
pub(super) fn tools(item: &Item<'_>, decided: Option<&Step>, messages: &[Chat]) -> (Vec<Tool>, bool) {
    let all = &item.conversation.tools;
    let mut chosen: Vec<&ToolSpec> = match decided {
        Some(step) => item.conversation.offered_at(step),
        None => all.iter().collect(),
    };
    let mut complete = true;
    for call in messages.iter().filter_map(|message| match message {
        Chat::Assistant(said) => Some(&said.calls),
        _ => None,
    }) {
        for call in call {
            if chosen.iter().all(|tool| tool.name.exact() != call.tool) {
                match all.iter().find(|tool| tool.name.exact() == call.tool) {
                    Some(tool) => chosen.push(tool),
                    // What was on offer is not known where nothing was recorded.
                    None => complete = all.is_empty() && complete,
                }
            }
        }
    }
    let mut names: Vec<&str> = Vec::new();
    chosen.retain(|tool| {
        let new = !names.contains(&tool.name.exact());
        names.push(tool.name.exact());
        new
    });
    (chosen.into_iter().map(tool_json).collect(), complete)
}

/// False where JSON holds a number that is too large to be read.
fn has_plain_numbers(json: &str) -> bool {
    let exponent = json.as_bytes().windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'e' | b'E'));
    let long =
        json.len() > 300 && json.as_bytes().split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 300);
    !(exponent || long) || serde_json::from_str::<Value>(json).is_ok()
}

/// A tool in OpenAI's form.
pub fn tool_json(tool: &ToolSpec) -> Tool {
    Tool {
        r#type: "function",
        function: Function {
            name: tool.name.exact().to_owned(),
            description: tool.description.exact().to_owned(),
            // A schema with numbers that no reader takes is none.
            parameters: tool
                .parameters
                .as_ref()
                .and_then(|schema| compact_object(schema.exact()))
                .filter(|schema| has_plain_numbers(schema.get())),
        },
    }
}

#[cfg(test)]
mod tests;

//! Preference pairs as TRL's trainers read them: the same prompt, the corrected call or reply chosen, the actual one
//! rejected.
//!
//! Invariant: both sides are one assistant message on one prompt, arguments are objects, and they differ.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::item::Item;
use super::openai_sft::{Tool, tools};
use super::prefix::{Chat, Decision, Flaw, Said, decisions};
use super::{Exporter, Rows, compact_object, validate};
use crate::model::tool::canonical_json;

/// The format `trl-preference`.
pub struct TrlPreference;

#[derive(Serialize)]
struct Row {
    prompt: Vec<Message>,
    chosen: [Message; 1],
    rejected: [Message; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool>,
}

#[derive(Serialize)]
pub(super) struct Message {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call>,
}

#[derive(Serialize)]
struct Call {
    r#type: &'static str,
    function: Function,
}

#[derive(Serialize)]
struct Function {
    name: String,
    arguments: Box<RawValue>,
}

impl Exporter for TrlPreference {
    fn name(&self) -> &'static str {
        "trl-preference"
    }

    fn file_name(&self) -> &'static str {
        "trl-preference.jsonl"
    }

    fn help(&self) -> &'static str {
        "preference pairs for TRL: the corrected call or reply chosen, the actual one rejected, after the same prompt"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        let (decisions, left_out) = decisions(item);
        if decisions.is_empty() && left_out.is_empty() {
            rows.leave_out(item, None, "nothing was corrected");
        }
        for (step, flaw) in left_out {
            rows.leave_out(item, Some(step), flaw);
        }
        for decision in decisions {
            match pair(item, &decision) {
                Ok((row, complete)) => {
                    if !complete {
                        rows.warn(item, "a call names a tool that was not offered");
                    }
                    rows.push(item, &row);
                }
                Err(flaw) => rows.leave_out(item, Some(decision.step.number), flaw),
            }
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        let prompt = validate::list(row, "prompt")?;
        for side in ["chosen", "rejected"] {
            let [message] = validate::list(row, side)?.as_slice() else {
                return Err(format!("{side} is not one message"));
            };
            if message["role"] != "assistant" {
                return Err(format!("{side} is not the assistant's"));
            }
            let whole: Vec<Value> = prompt.iter().chain([message]).cloned().collect();
            validate::chat(&whole, validate::Shape::Trl)?;
        }
        if row["chosen"] == row["rejected"] {
            return Err("chosen and rejected are the same".to_owned());
        }
        validate::tools(row)
    }
}

fn pair(item: &Item<'_>, decision: &Decision<'_>) -> Result<(Row, bool), Flaw> {
    let chosen = decision.corrected.as_ref().map_err(|flaw| *flaw)?;
    if same(chosen, &decision.recorded) {
        return Err("the correction is what the agent did");
    }
    let calls: Vec<Chat> = decision.prefix.iter().cloned().chain([Chat::Assistant(chosen.clone())]).collect();
    let (tools, complete) = tools(item, Some(decision.step), &calls);
    let prompt = decision.prefix.iter().map(message).collect::<Result<_, _>>()?;
    Ok((Row { prompt, chosen: [said(chosen)?], rejected: [said(&decision.recorded)?], tools }, complete))
}

/// Whether two messages say and call the same, however their arguments are spelled.
pub(super) fn same(a: &Said, b: &Said) -> bool {
    let calls = |said: &Said| -> Vec<(String, String)> {
        said.calls.iter().map(|call| (call.tool.clone(), canonical_json(&call.arguments))).collect()
    };
    a.text == b.text && calls(a) == calls(b)
}

pub(super) fn message(chat: &Chat) -> Result<Message, Flaw> {
    let plain = |role, text: &String| Message { role, name: None, content: text.clone(), tool_calls: Vec::new() };
    Ok(match chat {
        Chat::System(text) => plain("system", text),
        Chat::User(text) => plain("user", text),
        Chat::Tool { name, text, .. } => Message { name: Some(name.clone()), ..plain("tool", text) },
        Chat::Assistant(words) => said(words)?,
    })
}

pub(super) fn said(said: &Said) -> Result<Message, Flaw> {
    let tool_calls = said
        .calls
        .iter()
        .map(|call| {
            // The canonical form unwraps what instrumentation puts around arguments; numbers stay as written.
            let arguments =
                compact_object(&canonical_json(&call.arguments)).ok_or("the arguments of a call are no JSON object")?;
            Ok(Call { r#type: "function", function: Function { name: call.tool.clone(), arguments } })
        })
        .collect::<Result<_, Flaw>>()?;
    Ok(Message { role: "assistant", name: None, content: said.text.clone().unwrap_or_default(), tool_calls })
}

#[cfg(test)]
mod tests;

//! Preference pairs in OpenAI's form.
//!
//! Invariant: one assistant message on each side, both after the same input, and they differ.

use serde_json::{Value, json};

use super::example::each;
use super::item::Item;
use super::trl_preference::same;
use super::{Exporter, Rows, validate};

/// The format `openai-preference`.
pub struct OpenAiPreference;

impl Exporter for OpenAiPreference {
    fn name(&self) -> &'static str {
        "openai-preference"
    }

    fn file_name(&self) -> &'static str {
        "openai-preference.jsonl"
    }

    fn help(&self) -> &'static str {
        "preference pairs in OpenAI's form: the corrected call or reply preferred, the actual one not"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        each(item, |example| {
            let recorded = example.recorded.as_ref().ok_or("nothing was corrected")?;
            if same(&example.expected, recorded) {
                return Err("the correction is what the agent did");
            }
            let mut input = json!({"messages": example.messages()});
            if !example.tools.is_empty() {
                let parallel = example.expected.calls.len().max(recorded.calls.len()) > 1;
                input["tools"] = json!(example.tools);
                input["parallel_tool_calls"] = parallel.into();
            }
            Ok(
                json!({"input": input, "preferred_output": [example.answer()], "non_preferred_output": [example.wrong()]}),
            )
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        let prompt = validate::list(&row["input"], "messages")?;
        for side in ["preferred_output", "non_preferred_output"] {
            let [message] = validate::list(row, side)?.as_slice() else {
                return Err(format!("{side} is not one message"));
            };
            if message["role"] != "assistant" {
                return Err(format!("{side} is not the assistant's"));
            }
            let whole: Vec<Value> = prompt.iter().chain([message]).cloned().collect();
            validate::chat(&whole, validate::Shape::OpenAi)?;
        }
        if row["preferred_output"] == row["non_preferred_output"] {
            return Err("both sides are the same".to_owned());
        }
        validate::tools(&row["input"])
    }
}

//! A conversation as the shape of its steps, to compare what different programs recorded of one story.
//!
//! Invariant: it holds names and outcomes only, no text that differs from run to run.

use std::collections::BTreeSet;

use aftercall::model::conversation::Conversation;
use aftercall::model::step::{Step, StepContent};
use serde_json::Value;

/// One line a step: role, tool, argument names, outcome.
pub fn shape(conversation: &Conversation) -> Vec<String> {
    let step = |step: &Step| match &step.content {
        StepContent::Message { role, .. } => format!("{}{}", ">".repeat(step.depth.into()), role.word()),
        StepContent::ToolCall { tool, arguments, result, .. } => {
            let names = match arguments.parsed() {
                Some(Value::Object(map)) => map.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
                Some(_) => vec!["?".to_owned()],
                None => vec!["not json".to_owned()],
            };
            let outcome = match result {
                None => "open",
                Some(result) if result.failed => "failed",
                Some(_) => "ok",
            };
            format!("{}{}({}) {outcome}", ">".repeat(step.depth.into()), tool.exact(), names.join(","))
        }
    };
    conversation.steps.iter().map(step).collect()
}

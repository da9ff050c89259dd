//! The exact chat request that led to a step, to be sent again.
//!
//! Invariant: it holds what the agent had before it at that step, and nothing that came after.

use serde_json::{Map, Value, json};

use crate::dataset::openai_sft::{openai, tool_json};
use crate::dataset::prefix::before;
use crate::model::conversation::Conversation;
use crate::model::step::{Role, Step};

/// Why there is no request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The step is not one of the agent's.
    #[error("step {0} is not the agent's: only what the agent said or called was asked of a model")]
    NotTheAgents(u32),
    /// What was before it cannot be written as messages.
    #[error("step {step}: {why}")]
    Flaw {
        /// The step.
        step: u32,
        /// Why.
        why: &'static str,
    },
}

/// Parameters of requests by the names instrumentation gives them.
const PARAMETERS: [(&str, &str); 9] = [
    ("gen_ai.request.temperature", "temperature"),
    ("gen_ai.request.top_p", "top_p"),
    ("gen_ai.request.max_tokens", "max_tokens"),
    ("gen_ai.request.frequency_penalty", "frequency_penalty"),
    ("gen_ai.request.presence_penalty", "presence_penalty"),
    ("gen_ai.request.seed", "seed"),
    ("gen_ai.request.stop_sequences", "stop"),
    ("gen_ai.request.choice.count", "n"),
    ("gen_ai.request.model", "model"),
];

/// The model, where no request names it but something else does.
const MODELS: [&str; 3] = ["llm.model_name", "gen_ai.response.model", "model"];

/// The body of a chat request, for any endpoint that speaks OpenAI's form.
///
/// # Errors
/// There is no such request.
pub fn request(conversation: &Conversation, step: &Step) -> Result<Value, RequestError> {
    if step.role() != Role::Assistant {
        return Err(RequestError::NotTheAgents(step.number));
    }
    let messages = before(conversation, step).map_err(|why| RequestError::Flaw { step: step.number, why })?;
    let decision = step.decision.as_ref().or(step.span.as_ref()).and_then(|id| conversation.span(id));
    let mut body = Map::new();
    let attributes = decision.map(|span| &span.attributes);
    let found = |name: &str| attributes.and_then(|attributes| attributes.get(name)).cloned();
    let named = MODELS.iter().find_map(|name| found(name).or_else(|| conversation.attributes.get(*name).cloned()));
    if let Some(model) = found("gen_ai.request.model").or(named) {
        body.insert("model".to_owned(), model);
    }
    body.insert("messages".to_owned(), messages.iter().map(|message| openai(message, None)).collect());
    let tools: Vec<_> = conversation.offered_at(step).into_iter().map(tool_json).collect();
    if !tools.is_empty() {
        body.insert("tools".to_owned(), json!(tools));
    }
    for (name, parameter) in PARAMETERS.iter().filter(|(_, parameter)| *parameter != "model") {
        if let Some(value) = found(name) {
            body.insert((*parameter).to_owned(), value);
        }
    }
    if let Some(Value::String(text)) = found("llm.invocation_parameters")
        && let Ok(Value::Object(parameters)) = serde_json::from_str(&text)
    {
        for (name, value) in parameters {
            body.entry(name).or_insert(value);
        }
    }
    Ok(body.into())
}

//! Corrections: complete or refused, and checked against the schema of the tool they name.
//!
//! Invariant: a correction that does not fit the schema is saved and says so; only one that means nothing is refused.

use serde_json::Value;

use crate::model::conversation::Conversation;
use crate::model::correction::{AcceptableCall, Correction, CorrectionKind};
use crate::model::label::StepPointer;
use crate::model::tool::{Arguments, ToolSpec};

/// Why a correction means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionError {
    /// There is no such step.
    #[error("the conversation has no such step; `aftercall show` numbers them")]
    NoStep,
    /// A tool correction names the tool.
    #[error("name the right tool (--tool NAME)")]
    NoTool,
    /// Arguments are JSON.
    #[error("the arguments of {0:?} are not JSON: {1}")]
    Arguments(String, String),
    /// Words are missing.
    #[error("write {0}")]
    NoText(&'static str),
}

/// Checks a correction, and sets whether its calls fit their tools' schemas.
///
/// # Errors
/// The correction means nothing.
pub fn check(
    conversation: Option<&Conversation>,
    at: &StepPointer,
    correction: &mut Correction,
) -> Result<(), CorrectionError> {
    let written = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    match correction.kind {
        CorrectionKind::Tool if !written(&correction.tool) => return Err(CorrectionError::NoTool),
        CorrectionKind::AskCustomer if !written(&correction.text) => {
            return Err(CorrectionError::NoText("the question that should have been asked (--ask TEXT)"));
        }
        CorrectionKind::Reply if !written(&correction.text) => {
            return Err(CorrectionError::NoText("the answer that should have been given (--reply TEXT)"));
        }
        CorrectionKind::HandOff if !written(&correction.reason) && !written(&correction.text) => {
            return Err(CorrectionError::NoText("why it should have been handed over (--hand-off REASON)"));
        }
        _ => {}
    }
    let step = conversation.map(|conversation| conversation.steps.iter().find(|step| step.number == at.step));
    if step.is_some_and(|step| step.is_none()) {
        return Err(CorrectionError::NoStep);
    }
    correction.schema_ok = None;
    let mut calls: Vec<(&str, &Arguments)> = Vec::new();
    let none = Arguments("{}".into());
    if let (CorrectionKind::Tool, Some(tool)) = (correction.kind, &correction.tool) {
        calls.push((tool, correction.arguments.as_ref().unwrap_or(&none)));
    }
    calls.extend(correction.alternatives.iter().map(|AcceptableCall { tool, arguments }| (tool.as_str(), arguments)));
    for (tool, arguments) in calls {
        let value: Value = serde_json::from_str(arguments.0.exact())
            .map_err(|error| CorrectionError::Arguments(tool.to_owned(), error.to_string()))?;
        let (Some(conversation), Some(Some(step))) = (conversation, step) else { continue };
        let offered = conversation.offered_at(step);
        let named = |spec: &&ToolSpec| spec.name.exact() == tool;
        let spec = offered.into_iter().find(named).or_else(|| conversation.tools.iter().find(named));
        // A tool the agent never had cannot be called rightly; without any tool list nothing can be said.
        let fits = match spec {
            Some(spec) => fits(spec, &value),
            None => (!conversation.tools.is_empty()).then_some(false),
        };
        if let Some(fits) = fits {
            correction.schema_ok = Some(fits && correction.schema_ok.unwrap_or(true));
        }
    }
    Ok(())
}

/// Whether arguments fit a tool's schema; `None` without a schema that can be used.
fn fits(spec: &ToolSpec, arguments: &Value) -> Option<bool> {
    let schema: Value = serde_json::from_str(spec.parameters.as_ref()?.exact()).ok()?;
    if !schema.is_object() {
        return None;
    }
    Some(jsonschema::validator_for(&schema).ok()?.is_valid(arguments))
}

//! What should have happened instead of a wrong step.
//!
//! Invariant: a correction carries arguments as raw JSON text, so that what was typed is what is exported.

use serde::{Deserialize, Serialize};

use super::tool::Arguments;

/// The kind of a correction, as written in events and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// Another tool, or other arguments.
    Tool,
    /// No tool call at all; `text` is what should have been said, where given.
    NoCall,
    /// A question to the customer first; `text` is the question.
    AskCustomer,
    /// A handover to a person or another agent; `reason` says why, `text` what should have been said.
    HandOff,
    /// The right answer in words; `text` holds it.
    Reply,
}

/// One acceptable call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptableCall {
    /// The tool's exact name.
    pub tool: String,
    /// Raw JSON text of the arguments.
    pub arguments: Arguments,
}

/// The body of a correction event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// What kind it is.
    pub kind: CorrectionKind,
    /// The right tool; only for [`CorrectionKind::Tool`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Raw JSON text of the right arguments; only for [`CorrectionKind::Tool`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Arguments>,
    /// Further calls that would have been right as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<AcceptableCall>,
    /// What should have been said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why, for a handover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the arguments fit the tool's JSON Schema; `None` where there is no schema or no call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_ok: Option<bool>,
    /// Whether the recorded conversation after the corrected step would still stand. Asked, and "no" by default.
    #[serde(default)]
    pub remainder_valid: bool,
}

//! The transcript: numbered steps, each tied to the spans it came from.
//!
//! Invariant: the transcript holds what took place once, in order, whatever the instrumentation repeated; its hash
//! depends on what was said and done only, never on times, span ids, attributes or scores.

use serde::{Deserialize, Serialize};

use super::id::{SpanRef, TranscriptHash};
use super::time::Timestamp;
use super::tool::Arguments;
use crate::text::Untrusted;

/// Who a message is from. System messages are kept apart from the transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The customer.
    User,
    /// The agent, or one agent of several.
    Assistant,
    /// A tool result that belongs to no recorded call.
    Tool,
}

impl Role {
    /// The lower-case word used in JSON and in chat formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One row of the transcript: a message or a tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// From 1, without gaps.
    pub number: u32,
    /// Steps of one assistant message (its text and its parallel calls) share this ordinal, which only rises.
    pub message: u32,
    /// What it is.
    pub content: StepContent,
    /// The agent that spoke or called, where the source names one.
    pub agent: Option<Untrusted>,
    /// 0 in the customer-facing thread; 1 for the work of other agents, nested under the turn in which it ran.
    pub depth: u8,
    /// When it was said or called.
    pub at: Option<Timestamp>,
    /// The execution (the tool span), else the span that holds the message.
    pub span: Option<SpanRef>,
    /// The LLM span that chose this call or wrote this message.
    pub decision: Option<SpanRef>,
    /// Speech facts of a voice turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech: Option<Speech>,
}

/// The two things a step can be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepContent {
    /// Something said.
    Message {
        /// By whom.
        role: Role,
        /// The text parts, joined by line breaks; placeholders in square brackets stand for media parts.
        text: Untrusted,
        /// Recorded reasoning, where there is any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<Untrusted>,
    },
    /// A tool the agent called.
    ToolCall {
        /// The tool as named in the call; it need not exist.
        tool: Untrusted,
        /// Raw.
        arguments: Arguments,
        /// The id that joins call and result, where the source has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<Untrusted>,
        /// `None` where no result was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<ToolResult>,
    },
}

/// What came back from a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Exact.
    pub text: Untrusted,
    /// True where the execution failed in any of the five disguises.
    pub failed: bool,
}

/// Speech facts of one turn of a voice conversation; all optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Speech {
    /// Confidence of the speech recogniser, 0 to 1.
    pub asr_confidence: Option<f64>,
    /// True where the other side was interrupted by this turn.
    pub interrupted: Option<bool>,
    /// Milliseconds until the first audio of an agent turn.
    pub first_audio_ms: Option<f64>,
}

impl Step {
    /// The role shown for the step: that of its message, `Assistant` for a call.
    pub fn role(&self) -> Role {
        match &self.content {
            StepContent::Message { role, .. } => *role,
            StepContent::ToolCall { .. } => Role::Assistant,
        }
    }

    /// The name of the tool, for a call.
    pub fn tool(&self) -> Option<&Untrusted> {
        match &self.content {
            StepContent::ToolCall { tool, .. } => Some(tool),
            StepContent::Message { .. } => None,
        }
    }

    /// True for a call whose execution failed.
    pub fn failed(&self) -> bool {
        matches!(&self.content, StepContent::ToolCall { result: Some(result), .. } if result.failed)
    }

    /// True for a message of the customer.
    pub fn is_customers(&self) -> bool {
        matches!(&self.content, StepContent::Message { role: Role::User, .. })
    }

    /// True when `span_id` is one of the step's spans.
    pub fn has_span(&self, span_id: &str) -> bool {
        [&self.span, &self.decision].into_iter().flatten().any(|span| span.span_id == span_id)
    }

    /// Feeds the step's canonical form: role and text, or tool, canonical arguments and result, length-prefixed.
    fn hash_into(&self, hasher: &mut blake3::Hasher) {
        let mut field = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        match &self.content {
            StepContent::Message { role, text, .. } => {
                field("message");
                field(role.word());
                field(text.exact());
            }
            StepContent::ToolCall { tool, arguments, result, .. } => {
                field("call");
                field(tool.exact());
                field(&arguments.canonical());
                field(if result.is_some() { "result" } else { "open" });
                field(result.as_ref().map_or("", |result| result.text.exact()));
            }
        }
    }

    /// True when `later` is this step, or this step with the result that was still missing.
    fn grows_into(&self, later: &Self) -> bool {
        match (&self.content, &later.content) {
            (StepContent::Message { role, text, .. }, StepContent::Message { role: r, text: t, .. }) => {
                role == r && text == t
            }
            (
                StepContent::ToolCall { tool, arguments, result, .. },
                StepContent::ToolCall { tool: later_tool, arguments: later_arguments, result: later_result, .. },
            ) => {
                tool == later_tool
                    && arguments.canonical() == later_arguments.canonical()
                    && match (result, later_result) {
                        (None, _) => true,
                        (Some(a), Some(b)) => a.text == b.text,
                        (Some(_), None) => false,
                    }
            }
            _ => false,
        }
    }
}

/// The hash of the canonical transcript (rule `t1`): BLAKE3 over the steps in order, system messages not included.
pub fn transcript_hash(steps: &[Step]) -> TranscriptHash {
    let mut hasher = blake3::Hasher::new();
    for step in steps {
        step.hash_into(&mut hasher);
    }
    TranscriptHash::from_digest(&hasher.finalize())
}

/// How a transcript that came in relates to the stored one of the same conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// The same words and acts.
    Same,
    /// The stored one is a prefix: the conversation went on.
    Extension,
    /// The incoming one is a prefix of the stored: nothing new.
    Shorter,
    /// Neither: two different texts under one identity.
    Conflict,
}

/// Compares a stored transcript with an incoming one.
pub fn growth(stored: &[Step], incoming: &[Step]) -> Growth {
    let prefix = |short: &[Step], long: &[Step]| {
        short.len() <= long.len() && short.iter().zip(long).all(|(a, b)| a.grows_into(b))
    };
    match (prefix(stored, incoming), prefix(incoming, stored)) {
        (true, true) => Growth::Same,
        (true, false) => Growth::Extension,
        (false, true) => Growth::Shorter,
        (false, false) => Growth::Conflict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(number: u32, role: Role, text: &str) -> Step {
        Step {
            number,
            message: number,
            content: StepContent::Message { role, text: text.into(), reasoning: None },
            agent: None,
            depth: 0,
            at: None,
            span: None,
            decision: None,
            speech: None,
        }
    }

    fn call(number: u32, arguments: &str, result: Option<&str>) -> Step {
        let result = result.map(|text| ToolResult { text: text.into(), failed: false });
        let content = StepContent::ToolCall {
            tool: "get_order".into(),
            arguments: Arguments(arguments.into()),
            call_id: None,
            result,
        };
        Step { content, ..say(number, Role::Assistant, "") }
    }

    #[test]
    fn the_hash_ignores_times_and_spans_and_the_spelling_of_arguments() {
        let a = vec![say(1, Role::User, "hi"), call(2, r#"{"id": 7, "x": 1}"#, Some("ok"))];
        let mut b = vec![say(1, Role::User, "hi"), call(2, r#"{"x":1,"id":7}"#, Some("ok"))];
        b[0].at = Some(Timestamp(5));
        assert_eq!(transcript_hash(&a), transcript_hash(&b));
        assert_ne!(transcript_hash(&a), transcript_hash(&[say(1, Role::User, "hi")]));
        assert_ne!(transcript_hash(&[say(1, Role::User, "hi")]), transcript_hash(&[say(1, Role::Assistant, "hi")]));
    }

    #[test]
    fn growth_tells_extension_from_conflict() {
        let first = vec![say(1, Role::User, "hi"), call(2, "{}", None)];
        let later = vec![say(1, Role::User, "hi"), call(2, "{}", Some("ok")), say(3, Role::Assistant, "done")];
        let other = vec![say(1, Role::User, "hello")];
        assert_eq!(growth(&first, &first), Growth::Same);
        assert_eq!(growth(&first, &later), Growth::Extension);
        assert_eq!(growth(&later, &first), Growth::Shorter);
        assert_eq!(growth(&later, &later[..2]), Growth::Shorter);
        assert_eq!(growth(&later, &other), Growth::Conflict);
    }
}

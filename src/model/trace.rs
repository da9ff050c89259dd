//! Spans as OpenTelemetry defines them, normalised over the dialects that carry them.
//!
//! Invariant: a span is what the source recorded; nothing is dropped, unknown attributes stay.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::SpanRef;
use super::time::Timestamp;
use crate::text::Untrusted;

/// An attribute of spans that an import made where its source had none.
pub const SYNTHESISED: &str = "aftercall.synthesised";

/// What a span did. Planner, executor and verifier spans are [`SpanKind::Agent`] with that role as their agent name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// One agent (or one role of a crew) at work; holds the spans of its turn.
    Agent,
    /// A call of a language model.
    Llm,
    /// The execution of a tool.
    Tool,
    /// A search in a knowledge base.
    Retrieval,
    /// Control moved to another agent or to a person.
    Handoff,
    /// A check on input or output.
    Guardrail,
    /// An evaluator that ran inside the trace.
    Evaluator,
    /// Glue of a framework: workflow, graph node, task. Kept in the tree, hidden in the transcript.
    Chain,
    /// Anything else.
    Other,
}

impl SpanKind {
    /// The kinds in the order of their stored numbers, which are append-only.
    pub const ALL: [Self; 9] = [
        Self::Agent,
        Self::Llm,
        Self::Tool,
        Self::Retrieval,
        Self::Handoff,
        Self::Guardrail,
        Self::Evaluator,
        Self::Chain,
        Self::Other,
    ];

    /// The lower-case word used in JSON, filters and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Llm => "llm",
            Self::Tool => "tool",
            Self::Retrieval => "retrieval",
            Self::Handoff => "handoff",
            Self::Guardrail => "guardrail",
            Self::Evaluator => "evaluator",
            Self::Chain => "chain",
            Self::Other => "other",
        }
    }
}

/// The status the source set: OTLP codes 0, 1 and 2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanStatus {
    /// Nothing was said.
    #[default]
    Unset,
    /// Explicitly fine.
    Ok,
    /// Explicitly failed; the only status that counts in `error_spans`.
    Error,
}

/// One OpenTelemetry span. Never import ratatui's `Span` beside it by bare name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its identity.
    #[serde(flatten)]
    pub id: SpanRef,
    /// 16 hex digits in the same trace, `None` on roots. May name a span that never arrived.
    pub parent_span_id: Option<String>,
    /// As recorded.
    pub name: Untrusted,
    /// As told by the dialect's kind attribute, else by operation name.
    pub kind: SpanKind,
    /// The agent at work in this span, its own or the nearest ancestor's.
    pub agent: Option<Untrusted>,
    /// `None` where the source had none.
    pub start: Option<Timestamp>,
    /// `None` while the span is open.
    pub end: Option<Timestamp>,
    /// As recorded.
    pub status: SpanStatus,
    /// The failure in words: status message, `error.type`, exception, or the error a tool result holds.
    pub error: Option<Untrusted>,
    /// Which of the disguises of a failure were seen; empty for a span that went well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failure_signs: Vec<FailureSign>,
    /// Indexes into the conversation's tool list: the tools this LLM span was offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered_tools: Vec<u32>,
    /// All attributes in source order, the resource's and scope's not included.
    pub attributes: Map<String, Value>,
    /// Span events in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<SpanEvent>,
    /// Links to other spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<SpanLink>,
    /// Anything odd about its place or times: shown as a mark, never repaired silently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<SpanOddity>,
}

/// The five ways in which traces show that a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureSign {
    /// `status.code = 2`.
    Status,
    /// An `error.type` attribute.
    ErrorType,
    /// An `exception` span event.
    Exception,
    /// `level = ERROR` (Langfuse).
    Level,
    /// Nothing of the kind, but the tool's result says that it failed.
    Result,
}

/// What is odd about a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanOddity {
    /// It names itself as its parent.
    SelfParent,
    /// It was part of a cycle of parents, which was cut here.
    CycleCut,
    /// Its parent never arrived.
    Orphan,
    /// Another span with the same id and other content arrived first; this one has a derived id.
    DuplicateId,
    /// It ends before it starts, or its duration is beyond belief: durations show as `?`.
    ImpossibleTime,
}

/// A timed event within a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanEvent {
    /// `None` where the source had none.
    pub at: Option<Timestamp>,
    /// As recorded.
    pub name: Untrusted,
    /// All attributes.
    pub attributes: Map<String, Value>,
}

/// A link from one span to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanLink {
    /// The span linked to.
    #[serde(flatten)]
    pub target: SpanRef,
    /// All attributes.
    pub attributes: Map<String, Value>,
}

impl Span {
    /// Microseconds from start to end; `None` where a side is missing or the span's times are impossible.
    pub fn duration_micros(&self) -> Option<i64> {
        if self.oddities.contains(&SpanOddity::ImpossibleTime) {
            return None;
        }
        let duration = self.end?.0.checked_sub(self.start?.0)?;
        (duration >= 0).then_some(duration)
    }

    /// True where any of the disguises of a failure was seen.
    pub fn failed(&self) -> bool {
        !self.failure_signs.is_empty()
    }
}

//! Evaluator scores, kept as they came.
//!
//! Invariant: a score is never rescaled; its direction is known apart from it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::id::SpanRef;
use crate::text::Untrusted;

/// What a score speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "target")]
pub enum ScoreTarget {
    /// One span.
    Span(SpanRef),
    /// One trace, usually one customer turn.
    Trace {
        /// 32 hex digits.
        trace_id: String,
    },
    /// The conversation as a whole.
    Conversation,
}

/// One judgement of one evaluator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What it speaks about.
    #[serde(flatten)]
    pub target: ScoreTarget,
    /// The evaluator's name.
    pub evaluator: Untrusted,
    /// Its version, where known.
    pub version: Option<Untrusted>,
    /// How it arrived, for instance `otel-genai`, `openinference`, `fi.evals`, `chat-jsonl`.
    pub source: Cow<'static, str>,
    /// The number, on the evaluator's own scale. `None` for an abstention or a label alone.
    pub value: Option<f64>,
    /// The label in words.
    pub label: Option<Untrusted>,
    /// The evaluator's own pass or fail, where it said so.
    pub passed: Option<bool>,
    /// How sure it was, 0 to 1, where it said so.
    pub confidence: Option<f64>,
    /// Its reason.
    pub explanation: Option<Untrusted>,
    /// Spans it points at as evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<SpanRef>,
}

/// Which way an evaluator's scale runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Large values are good.
    Higher,
    /// Large values are bad.
    Lower,
}

/// What is known of an evaluator's scale, from `assets/evaluators.toml` or the workspace's `evaluators.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Which way it runs.
    pub direction: Direction,
    /// Lowest and highest value, where bounded.
    pub range: Option<(f64, f64)>,
    /// True where no table entry matched and "higher is better" was assumed.
    pub assumed: bool,
}

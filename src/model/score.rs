//! Evaluator scores, kept as they came.
//!
//! Invariant: a score is never rescaled; its direction is known apart from it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::SpanRef;
use super::trace::{Span, SpanKind};
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

/// Something that moved a probability of failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// In words, with the figure.
    pub words: String,
    /// By how much, on the logit scale; positive towards failure.
    pub weight: f64,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {:+.1}", self.words, self.weight)
    }
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
/// Words in names of attributes that tell what somebody or something judged.
const JUDGING: [&str; 9] =
    ["eval", "score", "scoring", "annotation", "feedback", "reward", "judge", "verdict", "grade"];

/// True for the name of an attribute or of an event that tells what an evaluator or a person judged.
fn is_judging(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    JUDGING.iter().any(|word| name.contains(word))
}

/// Takes out of attributes what was judged, also from within objects, lists and JSON text; a reviewer who has to judge
/// blind must not read it there. Rather too much is taken than too little.
pub fn hide_judgements(attributes: &mut Map<String, Value>) {
    attributes.retain(|name, _| !is_judging(name));
    attributes.values_mut().for_each(hide_within);
}

fn hide_within(value: &mut Value) {
    match value {
        Value::Object(members) => hide_judgements(members),
        Value::Array(items) => items.iter_mut().for_each(hide_within),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) && is_judging(text) => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                hide_within(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// Takes out of a span what was judged: of its attributes, its events and its links.
pub fn hide_judgements_of(span: &mut Span) {
    if span.kind == SpanKind::Evaluator {
        span.attributes.clear();
        span.events.clear();
        span.error = None;
    }
    hide_judgements(&mut span.attributes);
    span.events.retain(|event| !is_judging(event.name.exact()));
    span.events.iter_mut().for_each(|event| hide_judgements(&mut event.attributes));
    span.links.iter_mut().for_each(|link| hide_judgements(&mut link.attributes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgements_are_found_wherever_they_lie() {
        let text = r#"{"gen_ai.evaluation.score.value": 0.2, "eval.tone.passed": false, "tool.name": "refund",
            "metadata": "{\"Reward\": 0, \"shop\": \"north\"}", "session": {"Feedback": "bad", "turn": 2},
            "list": [{"llm_judge": 1}, "score"], "input.value": "what is my score?"}"#;
        let mut attributes: Map<String, Value> = serde_json::from_str(text).unwrap();
        hide_judgements(&mut attributes);
        let left = serde_json::json!({"tool.name": "refund", "metadata": "{\"shop\":\"north\"}", "session": {"turn": 2},
            "list": [{}, "score"], "input.value": "what is my score?"});
        assert_eq!(Value::Object(attributes), left);
    }
}

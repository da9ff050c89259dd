//! Evaluator scores, wherever they travelled.
//!
//! Invariant: stored as they came; what is not there never becomes a number.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::export::SCORE_SOURCE;
use super::message::list;
use super::tree::Tree;
use super::{TARGET_KEY, semconv};
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};
use crate::model::tool::members;
use crate::model::trace::{Span, SpanKind};

/// Lists of scores flattened into `PREFIX.N.ITEM.field` keys, and what they speak about.
const FLAT: &[(&str, &str, Scope)] = &[
    ("annotations", "annotation", Scope::Span),
    ("evaluations", "evaluation", Scope::Span),
    ("trace.annotations", "annotation", Scope::Trace),
    ("trace.evaluations", "evaluation", Scope::Trace),
    ("session.annotations", "annotation", Scope::Session),
    ("session.evaluations", "evaluation", Scope::Session),
];

#[derive(Clone, Copy)]
enum Scope {
    Span,
    Trace,
    Session,
}

/// All scores that the spans of a conversation carry, each once.
pub(super) fn collect(spans: &[Span], tree: &Tree) -> Vec<Score> {
    let mut scores = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        let target = target(at, spans, tree);
        if let Some(score) = named(&span.attributes, &target) {
            scores.push(score);
        }
        flattened(span, &target, &mut scores);
        if span.kind != SpanKind::Evaluator {
            framework(&span.attributes, &target, &mut scores);
        }
        for event in &span.events {
            let about = match event.attributes.get(TARGET_KEY).and_then(Value::as_str) {
                Some("trace") => ScoreTarget::Trace { trace_id: span.id.trace_id.clone() },
                Some(_) => ScoreTarget::Conversation,
                None => target.clone(),
            };
            scores.extend(named(&event.attributes, &about));
        }
    }
    let mut once: Vec<Score> = Vec::with_capacity(scores.len());
    for score in scores {
        if !once.contains(&score) {
            once.push(score);
        }
    }
    once
}

/// What a span's scores are about: an evaluator judges what it links to, else its parent; any other span itself.
fn target(at: usize, spans: &[Span], tree: &Tree) -> ScoreTarget {
    let span = &spans[at];
    if span.kind != SpanKind::Evaluator {
        return ScoreTarget::Span(span.id.clone());
    }
    if let [link] = span.links.as_slice() {
        return ScoreTarget::Span(link.target.clone());
    }
    let told = semconv::text(&span.attributes, &["target_span_id", "gen_ai.evaluation.target_span_id"]);
    if let Some(span_id) = told.filter(|id| id.len() == 16) {
        return ScoreTarget::Span(SpanRef { trace_id: span.id.trace_id.clone(), span_id });
    }
    // Evaluators may call evaluators: the first other span above is what is judged.
    match tree.ancestors(at).find(|up| spans[*up].kind != SpanKind::Evaluator) {
        Some(up) => ScoreTarget::Span(spans[up].id.clone()),
        None => match &span.parent_span_id {
            Some(parent) => ScoreTarget::Span(SpanRef { trace_id: span.id.trace_id.clone(), span_id: parent.clone() }),
            None => ScoreTarget::Trace { trace_id: span.id.trace_id.clone() },
        },
    }
}

/// The `gen_ai.evaluation.*` keys.
pub(super) fn named(attributes: &Map<String, Value>, target: &ScoreTarget) -> Option<Score> {
    let evaluator = semconv::text(attributes, &["gen_ai.evaluation.name"])?;
    let told = attributes.get(SCORE_SOURCE).and_then(Value::as_str);
    let source = told.unwrap_or(if attributes.contains_key("eval.evaluated_at") { "fi.evals" } else { "otel-genai" });
    let fields = Fields {
        value: attributes.get("gen_ai.evaluation.score.value"),
        label: semconv::text(attributes, &["gen_ai.evaluation.score.label", "gen_ai.evaluation.label"]),
        passed: attributes.get("gen_ai.evaluation.passed").and_then(Value::as_bool),
        confidence: attributes.get("gen_ai.evaluation.score.confidence").and_then(Value::as_f64),
        explanation: semconv::text(attributes, &["gen_ai.evaluation.explanation"]),
        version: semconv::text(attributes, &["gen_ai.evaluation.version", "gen_ai.evaluation.evaluator.version"]),
        evidence: evidence(attributes.get("gen_ai.evaluation.evidence.span_ids"), target),
    };
    fields.score(evaluator, source, target)
}

/// Span ids as a list, or as JSON text of one.
fn evidence(value: Option<&Value>, target: &ScoreTarget) -> Vec<SpanRef> {
    let trace = match target {
        ScoreTarget::Span(span) => span.trace_id.clone(),
        ScoreTarget::Trace { trace_id } => trace_id.clone(),
        ScoreTarget::Conversation => return Vec::new(),
    };
    let parsed = value.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let list = parsed.as_ref().or(value).and_then(Value::as_array);
    let ids = list.into_iter().flatten().filter_map(Value::as_str).filter(|id| id.len() == 16);
    ids.map(|id| SpanRef { trace_id: trace.clone(), span_id: id.to_ascii_lowercase() }).collect()
}

fn flattened(span: &Span, target: &ScoreTarget, scores: &mut Vec<Score>) {
    let mut found: BTreeMap<(usize, u32), BTreeMap<&str, &Value>> = BTreeMap::new();
    for (key, value) in &span.attributes {
        for (list, (prefix, item, _)) in FLAT.iter().enumerate() {
            let rest = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
            let Some((index, field)) = rest.and_then(|rest| rest.split_once('.')) else { continue };
            let field = field.strip_prefix(item).and_then(|field| field.strip_prefix('.'));
            if let (Ok(index), Some(field)) = (index.parse(), field) {
                found.entry((list, index)).or_default().insert(field, value);
            }
        }
    }
    for ((list, _), fields) in found {
        let about = match FLAT[list].2 {
            Scope::Span => target.clone(),
            Scope::Trace => match target {
                ScoreTarget::Span(span) => ScoreTarget::Trace { trace_id: span.trace_id.clone() },
                other => other.clone(),
            },
            Scope::Session => ScoreTarget::Conversation,
        };
        let text = |name: &str| fields.get(name).and_then(|value| semconv::as_text(value));
        let Some(evaluator) = text("name") else { continue };
        let fields = Fields {
            value: fields.get("score").copied(),
            label: text("label"),
            explanation: text("explanation"),
            version: text("identifier"),
            ..Fields::default()
        };
        scores.extend(fields.score(evaluator, "openinference", &about));
    }
}

/// `eval.NAME.score` and its companions, and the older `eval.NAME` with `eval.NAME.reason`.
fn framework(attributes: &Map<String, Value>, target: &ScoreTarget, scores: &mut Vec<Score>) {
    let mut found: BTreeMap<&str, BTreeMap<&str, &Value>> = BTreeMap::new();
    for (key, value) in attributes {
        let Some(rest) = key.strip_prefix("eval.") else { continue };
        let (name, field) = rest.rsplit_once('.').unwrap_or((rest, "score"));
        if matches!(field, "score" | "passed" | "label" | "reason" | "explanation" | "eval_version" | "confidence") {
            found.entry(name).or_default().insert(field, value);
        }
    }
    for (name, fields) in found {
        if !fields.contains_key("score") && !fields.contains_key("passed") {
            continue;
        }
        let text = |name: &str| fields.get(name).and_then(|value| semconv::as_text(value));
        let known = Fields {
            value: fields.get("score").copied(),
            label: text("label"),
            passed: fields.get("passed").and_then(|value| value.as_bool()),
            confidence: fields.get("confidence").and_then(|value| value.as_f64()),
            explanation: text("explanation").or_else(|| text("reason")),
            version: text("eval_version"),
            evidence: Vec::new(),
        };
        scores.extend(known.score(name.to_owned(), "fi.evals", target));
    }
}

/// The parts of a score as a source has them.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) value: Option<&'a Value>,
    pub(super) label: Option<String>,
    pub(super) passed: Option<bool>,
    pub(super) confidence: Option<f64>,
    pub(super) explanation: Option<String>,
    pub(super) version: Option<String>,
    pub(super) evidence: Vec<SpanRef>,
}

impl Fields<'_> {
    /// The score; `None` where it says nothing at all.
    pub(super) fn score(self, evaluator: String, source: &str, target: &ScoreTarget) -> Option<Score> {
        let (mut value, mut label, mut passed) = (None, self.label, self.passed);
        match self.value {
            Some(Value::Number(number)) => value = number.as_f64().filter(|number| number.is_finite()),
            Some(Value::Bool(verdict)) => passed = passed.or(Some(*verdict)),
            Some(Value::String(text)) if !text.trim().is_empty() => match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => value = Some(number),
                Ok(_) => {}
                Err(_) => label = label.or_else(|| Some(text.clone())),
            },
            _ => {}
        }
        passed = passed.or_else(|| verdict(label.as_deref()?));
        if value.is_none() && label.is_none() && passed.is_none() {
            return None;
        }
        Some(Score {
            target: target.clone(),
            evaluator: evaluator.into(),
            version: self.version.map(Into::into),
            source: source.to_owned().into(),
            value,
            label: label.map(Into::into),
            passed,
            confidence: self.confidence.filter(|sure| (0.0..=1.0).contains(sure)),
            explanation: self.explanation.map(Into::into),
            evidence: self.evidence,
        })
    }
}

/// Labels that are a verdict in themselves.
fn verdict(label: &str) -> Option<bool> {
    match label.trim().to_ascii_lowercase().as_str() {
        "pass" | "passed" => Some(true),
        "fail" | "failed" => Some(false),
        _ => None,
    }
}

/// Scores given beside a transcript: a list of objects, or an object of name and value. The second part counts those
/// that say nothing usable.
pub(super) fn beside(raw: &RawValue, source: &str) -> (Vec<Score>, u64) {
    let named = members(raw.get()).map(|all| all.into_iter().map(|(name, raw)| (Some(name), raw)).collect());
    let listed = || list(raw.get()).map(|all| all.into_iter().map(|raw| (None, raw)).collect());
    let items: Vec<(Option<String>, &RawValue)> = match named.or_else(listed) {
        Some(items) => items,
        None => return (Vec::new(), u64::from(raw.get() != "null")),
    };
    let mut scores = Vec::new();
    let mut unusable = 0;
    for (name, raw) in items {
        // Read one by one: a number that no float can hold costs its own score only.
        let item = serde_json::from_str::<Value>(raw.get());
        match item.ok().and_then(|item| one_beside(name, &item, source)) {
            Some(score) => scores.push(score),
            None => unusable += 1,
        }
    }
    (scores, unusable)
}

fn one_beside(name: Option<String>, item: &Value, source: &str) -> Option<Score> {
    let Value::Object(map) = item else {
        let fields = Fields { value: Some(item), ..Fields::default() };
        return fields.score(name?, source, &ScoreTarget::Conversation);
    };
    let text = |keys: &[&str]| semconv::text(map, keys);
    let fields = Fields {
        value: semconv::first(map, &["value", "score"]),
        label: text(&["label", "category"]),
        passed: map.get("passed").and_then(Value::as_bool),
        confidence: map.get("confidence").and_then(Value::as_f64),
        explanation: text(&["explanation", "reason", "rationale", "comment"]),
        version: text(&["version"]),
        evidence: Vec::new(),
    };
    let evaluator = name.or_else(|| text(&["name", "evaluator", "key", "metric"]))?;
    fields.score(evaluator, source, &ScoreTarget::Conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_values_are_typed_or_refused_and_never_zero() {
        let text = r#"[{"name": "a", "value": null}, {"name": "a", "value": true}, {"name": "a", "value": "high"},
            {"name": "a", "value": ""}, {"name": "a", "value": -1}, {"name": "a", "value": []},
            {"name": "a", "value": {}}, {"value": 1}, {"name": "a", "value": null, "label": "unsure"},
            {"name": "a", "value": 1e999}]"#;
        let (scores, unusable) = beside(serde_json::from_str(text).unwrap(), "chat-jsonl");
        assert_eq!(unusable, 6);
        let told: Vec<_> = scores.iter().map(|score| (score.value, score.passed, score.label.is_some())).collect();
        assert_eq!(
            told,
            [(None, Some(true), false), (None, None, true), (Some(-1.0), None, false), (None, None, true)]
        );
    }
}

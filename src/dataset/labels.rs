//! The canonical record of a judgement: what was said, by whom, about which text, and what should have happened.
//!
//! Invariant: it holds everything the other formats are made from but the conversation itself, which `show --json` gives.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::item::{Item, Masking};
use super::{Exporter, Rows, SCHEMA_VERSION, compact, validate};
use crate::model::correction::CorrectionKind;
use crate::model::label::{Label, Owner, PlacedCorrection};
use crate::model::score::{Score, ScoreTarget};
use crate::model::time::Timestamp;

/// The format `labels`.
pub struct Labels;

#[derive(Serialize)]
struct Row<'a> {
    schema_version: u32,
    item_id: String,
    conversation_id: &'a str,
    transcript_hash: &'a str,
    source: Source<'a>,
    span_id: Option<&'a str>,
    verdict: &'static str,
    first_failure_step: Option<u32>,
    first_failure_span_id: Option<&'a str>,
    first_failure_decision_span_id: Option<&'a str>,
    no_single_step: bool,
    labels: Vec<Code<'a>>,
    corrections: Vec<Correction<'a>>,
    notes: Vec<Note<'a>>,
    must: Vec<&'a str>,
    must_not: Vec<&'a str>,
    scores: Vec<ScoreRow<'a>>,
    outcomes: &'a BTreeMap<String, Value>,
    split: Option<&'a str>,
    group_key: &'a str,
    agreement: &'a str,
    inclusion_probability: Option<f64>,
    masking: &'a Masking,
    label_events: Vec<&'a str>,
}

#[derive(Serialize)]
struct Source<'a> {
    system: &'a str,
    external_id: &'a str,
    trace_ids: Vec<&'a str>,
}

/// One failure mode of one reviewer; a reviewer without modes has one with `code` null.
#[derive(Serialize)]
struct Code<'a> {
    #[serde(rename = "code")]
    key: Option<&'a str>,
    name: Option<&'a str>,
    severity: Option<u8>,
    owner: Option<Owner>,
    reviewer: &'a str,
    at: Timestamp,
    codebook_version: u32,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Correction<'a> {
    reviewer: &'a str,
    step: u32,
    span_id: Option<&'a str>,
    decision_span_id: Option<&'a str>,
    kind: CorrectionKind,
    tool: Option<&'a str>,
    arguments: Option<Box<RawValue>>,
    alternatives: Vec<Alternative<'a>>,
    output: Option<&'a str>,
    reason: Option<&'a str>,
    schema_ok: Option<bool>,
    valid_after: bool,
}

#[derive(Serialize)]
struct Alternative<'a> {
    tool: &'a str,
    arguments: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Note<'a> {
    reviewer: &'a str,
    step: Option<u32>,
    span_id: Option<&'a str>,
    text: &'a str,
}

#[derive(Serialize)]
struct ScoreRow<'a> {
    evaluator: &'a str,
    version: Option<&'a str>,
    target: &'static str,
    span_id: Option<&'a str>,
    value: Option<f64>,
    label: Option<&'a str>,
    passed: Option<bool>,
    confidence: Option<f64>,
}

impl Exporter for Labels {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn file_name(&self) -> &'static str {
        "labels.jsonl"
    }

    fn help(&self) -> &'static str {
        "the canonical record of each settled judgement: verdict, first failing step, modes, corrections, notes, scores"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = Rows::default();
        rows.push(item, &record(item));
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["item_id", "conversation_id", "transcript_hash", "group_key"] {
            validate::text(row, field)?;
        }
        let verdict = validate::text(row, "verdict")?;
        if !["pass", "fail", "unsure"].contains(&verdict) {
            return Err(format!("{verdict} is no verdict"));
        }
        let located = !row["first_failure_step"].is_null() || row["no_single_step"] == true;
        if (verdict == "fail") != located {
            return Err(
                "a fail, and only a fail, says where it first went wrong or that it was at no single step".into()
            );
        }
        if validate::list(row, "labels")?.is_empty() {
            return Err("no reviewer is named".to_owned());
        }
        validate::list(row, "corrections").map(|_| ())
    }
}

fn record<'a>(item: &Item<'a>) -> Row<'a> {
    let first = item.labels.iter().filter_map(|label| label.first_failure.as_ref()).min_by_key(|at| at.step);
    let failed = item.verdict == crate::model::label::Verdict::Fail;
    let conversation = item.conversation;
    let mut trace_ids: Vec<&str> = Vec::new();
    for span in &conversation.spans {
        if !trace_ids.contains(&span.id.trace_id.as_str()) {
            trace_ids.push(&span.id.trace_id);
        }
    }
    let criteria = |must: bool| {
        let all = item.labels.iter().flat_map(|label| &label.criteria);
        all.filter(|criterion| criterion.must == must).map(|criterion| criterion.text.as_str()).collect()
    };
    Row {
        schema_version: SCHEMA_VERSION,
        item_id: item_id(item),
        conversation_id: conversation.id.as_str(),
        transcript_hash: item.transcript_hash.as_str(),
        source: Source {
            system: conversation.source.exact(),
            external_id: conversation.external_id.exact(),
            trace_ids,
        },
        span_id: first.and_then(|at| at.span_id.as_deref()),
        verdict: item.verdict.word(),
        first_failure_step: first.filter(|_| failed).map(|at| at.step),
        first_failure_span_id: first.filter(|_| failed).and_then(|at| at.span_id.as_deref()),
        first_failure_decision_span_id: first.filter(|_| failed).and_then(|at| at.decision_span_id.as_deref()),
        no_single_step: failed && first.is_none(),
        labels: item.labels.iter().flat_map(|label| codes(item, label)).collect(),
        corrections: item
            .labels
            .iter()
            .flat_map(|label| label.corrections.iter().map(|placed| correction(label, placed)))
            .collect(),
        notes: item.labels.iter().flat_map(notes).collect(),
        must: criteria(true),
        must_not: criteria(false),
        scores: conversation.scores.iter().map(score).collect(),
        outcomes: &conversation.outcomes,
        split: item.provenance.split,
        group_key: item.group_key,
        agreement: item.provenance.agreement,
        inclusion_probability: item.provenance.inclusion_probability,
        masking: item.masking,
        label_events: item.labels.iter().flat_map(|label| &label.events).map(String::as_str).collect(),
    }
}

/// The same judged text has the same item id, whoever exports it.
fn item_id(item: &Item<'_>) -> String {
    let digest = item.transcript_hash.as_str().rsplit(':').next().unwrap_or_default();
    format!("{}-{}", item.conversation.id, digest.get(..12).unwrap_or(digest))
}

fn codes<'a>(item: &Item<'a>, label: &'a Label) -> Vec<Code<'a>> {
    let note = label.notes.iter().find(|note| note.at.is_none()).map(|note| note.text.as_str());
    let code = |key: Option<&'a str>| Code {
        key,
        name: key.map(|key| item.codebook.name_of(key)),
        severity: label.severity,
        owner: label.owner,
        reviewer: &label.reviewer,
        at: label.at,
        codebook_version: item.codebook.version,
        note,
    };
    if label.modes.is_empty() { vec![code(None)] } else { label.modes.iter().map(|mode| code(Some(mode))).collect() }
}

fn correction<'a>(label: &'a Label, placed: &'a PlacedCorrection) -> Correction<'a> {
    let correction = &placed.correction;
    Correction {
        reviewer: &label.reviewer,
        step: placed.at.step,
        span_id: placed.at.span_id.as_deref(),
        decision_span_id: placed.at.decision_span_id.as_deref(),
        kind: correction.kind,
        tool: correction.tool.as_deref(),
        arguments: correction.arguments.as_ref().and_then(|arguments| compact(arguments.0.exact())),
        alternatives: correction
            .alternatives
            .iter()
            .map(|call| Alternative { tool: &call.tool, arguments: compact(call.arguments.0.exact()) })
            .collect(),
        output: correction.text.as_deref(),
        reason: correction.reason.as_deref(),
        schema_ok: correction.schema_ok,
        valid_after: correction.remainder_valid,
    }
}

fn notes(label: &Label) -> Vec<Note<'_>> {
    label
        .notes
        .iter()
        .map(|note| Note {
            reviewer: &label.reviewer,
            step: note.at.as_ref().map(|at| at.step),
            span_id: note.at.as_ref().and_then(|at| at.span_id.as_deref()),
            text: &note.text,
        })
        .collect()
}

fn score(score: &Score) -> ScoreRow<'_> {
    let (target, span_id) = match &score.target {
        ScoreTarget::Span(span) => ("span", Some(span.span_id.as_str())),
        ScoreTarget::Trace { .. } => ("trace", None),
        ScoreTarget::Conversation => ("conversation", None),
    };
    ScoreRow {
        evaluator: score.evaluator.exact(),
        version: score.version.as_ref().map(crate::text::Untrusted::exact),
        target,
        span_id,
        value: score.value,
        label: score.label.as_ref().map(crate::text::Untrusted::exact),
        passed: score.passed,
        confidence: score.confidence,
    }
}

#[cfg(test)]
mod tests;

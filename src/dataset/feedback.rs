//! Labels on their way back to where the traces live: scores, annotations, assessments, feedback.
//!
//! Invariant: every row names the trace or span it is about, as its source named it.

use serde_json::{Value, json};

use super::example::text_of;
use super::item::Item;
use super::prefix::decisions;
use super::{Exporter, Rows, validate};
use crate::model::label::{Label, Verdict};
use crate::model::trace::SYNTHESISED;

/// The format `langfuse-scores`.
pub struct LangfuseScores;

/// The format `phoenix-annotations`.
pub struct PhoenixAnnotations;

/// The format `mlflow-assessments`.
pub struct MlflowAssessments;

/// The format `langsmith-feedback`.
pub struct LangSmithFeedback;

const NO_TRACE: &str = "its source gave it no trace";

/// One statement of one reviewer about a trace or a span in it.
struct Statement {
    trace: String,
    span: Option<String>,
    reviewer: String,
    name: &'static str,
    label: String,
    comment: Option<String>,
    /// A verdict's value: 1 for a pass, 0 for a fail.
    value: Option<f64>,
    at: crate::model::time::Timestamp,
}

/// The trace a span belongs to; `None` where spans were only made for it here, and its source knows of none.
fn trace_of<'a>(item: &Item<'a>, span: Option<&str>) -> Option<&'a str> {
    let spans = &item.conversation.spans;
    if spans.first()?.attributes.contains_key(SYNTHESISED) {
        return None;
    }
    let own = span.and_then(|id| spans.iter().find(|span| span.id.span_id == id));
    own.or(spans.first()).map(|span| span.id.trace_id.as_str())
}

fn statements(item: &Item<'_>) -> Option<Vec<Statement>> {
    let mut found = Vec::new();
    for label in item.labels {
        let Some(verdict) = label.verdict else { continue };
        let span = label.first_failure.as_ref().and_then(|at| at.span_id.clone());
        let statement = |name: &'static str, text: String| -> Option<Statement> {
            Some(Statement {
                trace: trace_of(item, span.as_deref())?.to_owned(),
                span: span.clone(),
                reviewer: label.reviewer.clone(),
                name,
                label: text,
                comment: comment(label),
                value: match verdict {
                    Verdict::Pass => Some(1.0),
                    Verdict::Fail => Some(0.0),
                    Verdict::Unsure => None,
                },
                at: label.at,
            })
        };
        found.push(statement("verdict", verdict.word().to_owned())?);
        for mode in &label.modes {
            found.push(Statement { value: None, ..statement("failure_mode", mode.clone())? });
        }
    }
    Some(found)
}

fn comment(label: &Label) -> Option<String> {
    label.notes.iter().find(|note| note.at.is_none()).map(|note| note.text.clone())
}

/// The corrections that can be written: trace, span, what should have come, where.
fn corrections(item: &Item<'_>) -> Vec<(String, Option<String>, String, u32)> {
    let decided = decisions(item).0.into_iter().filter_map(|decision| {
        let span = decision.agreed.at.span_id.clone();
        let trace = trace_of(item, span.as_deref())?.to_owned();
        Some((trace, span, text_of(&decision.corrected.ok()?), decision.step.number))
    });
    decided.collect()
}

/// Rows of statements, or the reason why there are none.
fn told(item: &Item<'_>, row: impl Fn(&Statement, usize) -> Value) -> Rows {
    let mut rows = Rows::default();
    match statements(item).filter(|statements| !statements.is_empty()) {
        Some(statements) => {
            for (at, statement) in statements.iter().enumerate() {
                rows.push(item, &row(statement, at));
            }
        }
        None => rows.leave_out(item, None, NO_TRACE),
    }
    rows
}

/// A name for a statement that stays the same, so that a second upload changes nothing.
fn stable(item: &Item<'_>, statement: &Statement) -> String {
    format!("{}-{}-{}-{}", item.conversation.id, statement.reviewer, statement.name, statement.label)
}

/// Where an import keeps ids of `Langfuse` that are not hex digits as OpenTelemetry has them.
pub(super) const LANGFUSE_TRACE: &str = "langfuse.trace.id";
/// The same for observations.
pub(super) const LANGFUSE_OBSERVATION: &str = "langfuse.observation.id";

/// The name of a trace in `Langfuse`.
fn langfuse_trace<'a>(item: &Item<'a>, trace: &'a str) -> &'a str {
    let own = item.conversation.spans.iter().find(|span| span.id.trace_id == trace);
    own.and_then(|span| span.attributes.get(LANGFUSE_TRACE)?.as_str()).unwrap_or(trace)
}

/// The name of an observation in `Langfuse`.
fn langfuse_observation<'a>(item: &Item<'a>, span: &'a str) -> &'a str {
    let own = item.conversation.spans.iter().find(|one| one.id.span_id == span);
    own.and_then(|own| own.attributes.get(LANGFUSE_OBSERVATION)?.as_str()).unwrap_or(span)
}

impl Exporter for LangfuseScores {
    fn name(&self) -> &'static str {
        "langfuse-scores"
    }

    fn file_name(&self) -> &'static str {
        "langfuse-scores.jsonl"
    }

    fn help(&self) -> &'static str {
        "back to Langfuse: verdicts and modes as scores, corrections as corrections"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = told(item, |statement, _| {
            json!({
                "id": stable(item, statement),
                "traceId": langfuse_trace(item, &statement.trace),
                "observationId": statement.span.as_deref().map(|span| langfuse_observation(item, span)),
                "name": statement.name,
                "value": statement.label,
                "dataType": "CATEGORICAL",
                "comment": statement.comment,
            })
        });
        for (trace, span, text, step) in corrections(item) {
            let id = format!("{}-s{step}-correction", item.conversation.id);
            rows.push(
                item,
                &json!({"id": id, "traceId": langfuse_trace(item, &trace),
                        "observationId": span.as_deref().map(|span| langfuse_observation(item, span)),
                        "name": "output", "value": text, "dataType": "CORRECTION", "comment": null}),
            );
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["id", "traceId", "name", "value"] {
            validate::text(row, field)?;
        }
        match validate::text(row, "dataType")? {
            "CATEGORICAL" | "CORRECTION" => Ok(()),
            other => Err(format!("{other} is no data type")),
        }
    }
}

impl Exporter for PhoenixAnnotations {
    fn name(&self) -> &'static str {
        "phoenix-annotations"
    }

    fn file_name(&self) -> &'static str {
        "phoenix-annotations.jsonl"
    }

    fn help(&self) -> &'static str {
        "back to Phoenix: verdicts, modes and corrections as annotations of spans"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        // An annotation is of a span; a verdict without a failing step is of the first one.
        let first = item.conversation.spans.first().map(|span| span.id.span_id.clone());
        let mut rows = told(item, |statement, _| {
            json!({
                "span_id": statement.span.as_ref().or(first.as_ref()),
                "annotation_name": statement.name,
                "annotator_kind": "HUMAN",
                "label": statement.label,
                "score": statement.value,
                "explanation": statement.comment,
                "identifier": stable(item, statement),
                "metadata": {"reviewer": statement.reviewer},
            })
        });
        for (_, span, text, step) in corrections(item) {
            let Some(span) = span else { continue };
            rows.push(
                item,
                &json!({"span_id": span, "annotation_name": "correction", "annotator_kind": "HUMAN",
                        "label": "corrected", "score": null, "explanation": text,
                        "identifier": format!("{}-s{step}-correction", item.conversation.id), "metadata": {}}),
            );
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["span_id", "annotation_name", "label"] {
            validate::text(row, field)?;
        }
        if row["annotator_kind"] == "HUMAN" { Ok(()) } else { Err("the annotator is a person".to_owned()) }
    }
}

impl Exporter for MlflowAssessments {
    fn name(&self) -> &'static str {
        "mlflow-assessments"
    }

    fn file_name(&self) -> &'static str {
        "mlflow-assessments.jsonl"
    }

    fn help(&self) -> &'static str {
        "back to MLflow: verdicts and modes as feedback, corrections as expectations"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let mut rows = told(item, |statement, _| {
            json!({
                "trace_id": format!("tr-{}", statement.trace),
                "span_id": statement.span,
                "name": statement.name,
                "kind": "feedback",
                "value": statement.label,
                "rationale": statement.comment,
                "source": {"source_type": "HUMAN", "source_id": statement.reviewer},
                "metadata": {"conversation_id": item.conversation.id.as_str(), "at": statement.at},
            })
        });
        let reviewer = item.labels.first().map(|label| label.reviewer.as_str());
        for (trace, span, text, step) in corrections(item) {
            rows.push(
                item,
                &json!({"trace_id": format!("tr-{trace}"), "span_id": span, "name": "expected_response", "kind": "expectation",
                        "value": text, "rationale": null,
                        "source": {"source_type": "HUMAN", "source_id": reviewer},
                        "metadata": {"conversation_id": item.conversation.id.as_str(), "step": step}}),
            );
        }
        rows
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["trace_id", "name", "value"] {
            validate::text(row, field)?;
        }
        validate::text(&row["source"], "source_id")?;
        match validate::text(row, "kind")? {
            "feedback" | "expectation" => Ok(()),
            other => Err(format!("{other} is no kind of assessment")),
        }
    }
}

/// Where an import keeps the id that a span's run had in `LangSmith`.
pub(super) const LANGSMITH_RUN: &str = "langsmith.run.id";

/// The id of the run that a span was in `LangSmith`, as its export told it.
fn run_of(item: &Item<'_>, span: &str) -> Option<String> {
    let span = item.conversation.spans.iter().find(|one| one.id.span_id == span)?;
    let id = span.attributes.get(LANGSMITH_RUN)?.as_str()?;
    let bare = id.replace('-', "");
    (bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| uuid(&bare))
}

/// 32 hex digits in the form of a UUID.
fn uuid(hex: &str) -> String {
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

impl Exporter for LangSmithFeedback {
    fn name(&self) -> &'static str {
        "langsmith-feedback"
    }

    fn file_name(&self) -> &'static str {
        "langsmith-feedback.jsonl"
    }

    fn help(&self) -> &'static str {
        "back to LangSmith: verdicts and modes as feedback on runs, with corrections"
    }

    fn rows(&self, item: &Item<'_>) -> Rows {
        let corrections = corrections(item);
        told(item, |statement, _| {
            let run = statement.span.as_ref().and_then(|span| run_of(item, span));
            let own = corrections.iter().find(|(_, span, ..)| span.is_some() && *span == statement.span);
            let own = own.filter(|_| statement.name == "verdict");
            json!({
                // A span that was no run there is spoken of by its trace, whose root is a run of the same id.
                "run_id": run.unwrap_or_else(|| uuid(&statement.trace)),
                "trace_id": uuid(&statement.trace),
                "key": statement.name,
                "score": statement.value,
                "value": statement.label,
                "comment": statement.comment,
                "correction": own.map(|(.., text, _)| json!({"output": text})),
                "feedback_source": {"type": "app", "metadata": {"tool": "aftercall", "span_id": statement.span}, "user_id": statement.reviewer},
            })
        })
    }

    fn check(&self, row: &Value) -> Result<(), String> {
        for field in ["key", "value"] {
            validate::text(row, field)?;
        }
        for field in ["run_id", "trace_id"] {
            let id = validate::text(row, field)?;
            if id.len() != 36 || id.bytes().filter(|byte| *byte == b'-').count() != 4 {
                return Err(format!("{field} {id:?} is no UUID"));
            }
        }
        validate::text(&row["feedback_source"], "user_id").map(|_| ())
    }
}

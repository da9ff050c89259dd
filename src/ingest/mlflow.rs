//! Traces of `MLflow` as its API and its files hold them, assessments included.
//!
//! Invariant: one trace is one record of the input, but its spans are what is counted; feedback becomes scores, an
//! expectation becomes the reference solution.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode::Decoder;
use super::export::{Fields, Judged, emit, failed, note, recorded, source, span_id, time, trace_id};
use super::otlp::wire_id;
use super::problem::ProblemKind;
use super::{TARGET_KEY, expected};
use crate::model::id::SpanRef;
use crate::model::trace::{Span, SpanEvent, SpanStatus};

/// True for a trace with its data.
pub(super) fn is(row: &Fields<'_>) -> bool {
    row.has("info") && row.object("data").is_some_and(|data| data.has("spans"))
}

/// Reads one trace.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let (Some(info), Some(data)) = (row.object("info"), row.object("data")) else { return };
    let Some(name) = info.first(&["traceid", "requestid"]) else {
        return decoder.problem(ProblemKind::BadSpan, 1, "a trace without an id");
    };
    let mut spans = Vec::new();
    for raw in data.list("spans").unwrap_or_default() {
        match span(raw, &name) {
            Some(span) => spans.push(span),
            None => decoder.problem(ProblemKind::BadSpan, 1, "a span without an id"),
        }
    }
    if spans.is_empty() {
        return decoder.problem(ProblemKind::NotARecord, 1, "a trace without spans");
    }
    let context = context(&info);
    for span in &mut spans {
        for (key, value) in &context.every {
            note(&mut span.attributes, key, Some(value.clone()));
        }
    }
    let root = spans.iter().position(|span| span.parent_span_id.is_none()).unwrap_or(0);
    for (key, value) in context.root {
        note(&mut spans[root].attributes, &key, Some(value));
    }
    for raw in info.list("assessments").unwrap_or_default() {
        let Some((event, about)) = Fields::parse(raw.get()).and_then(|row| assessment(&row)) else {
            decoder.problem(ProblemKind::BadScore, 0, "an assessment that says nothing; imported without it");
            continue;
        };
        let at = about.and_then(|id| spans.iter().position(|span| span.id.span_id == id));
        spans[at.unwrap_or(root)].events.push(event);
    }
    let source = source(decoder, project(&info).as_deref());
    for span in spans {
        emit(decoder, &source, span);
    }
}

/// The experiment the trace belongs to.
fn project(info: &Fields<'_>) -> Option<String> {
    let place = info.object("tracelocation")?;
    let name = place.object("mlflowexperiment")?.first(&["experimentname", "experimentid"])?;
    Some(if name.bytes().all(|byte| byte.is_ascii_digit()) { format!("mlflow-{name}") } else { name })
}

/// What the trace says of its spans: attributes for all of them, and for its root alone.
struct Context {
    every: Map<String, Value>,
    root: Map<String, Value>,
}

fn context(info: &Fields<'_>) -> Context {
    let (mut every, mut root) = (Map::new(), Map::new());
    for list in ["tracemetadata", "requestmetadata", "tags"] {
        let Some(Value::Object(members)) = info.value(list) else { continue };
        for (key, value) in members {
            match key.as_str() {
                "mlflow.trace.session" => note(&mut every, "mlflow.trace.session", Some(value)),
                "mlflow.trace.user" => note(&mut root, "user.id", Some(value)),
                key if key.starts_with("mlflow.") => note(&mut root, key, Some(value)),
                key => note(&mut root, &format!("metadata.{key}"), Some(value)),
            }
        }
    }
    note(&mut root, "mlflow.state", info.first(&["state", "status"]));
    Context { every, root }
}

fn span(raw: &RawValue, trace: &str) -> Option<Span> {
    let row = Fields::parse(raw.get())?;
    let context = row.object("context");
    let own = |name: &str| row.text(name).or_else(|| context.as_ref()?.text(name));
    let id = own("spanid")?;
    let id = wire_id(&id, 8).unwrap_or_else(|| span_id(&id));
    let trace = own("traceid").and_then(|id| wire_id(&id, 16)).unwrap_or_else(|| trace_id(trace));
    let parent = row.first(&["parentspanid", "parentid"]).map(|id| wire_id(&id, 8).unwrap_or_else(|| span_id(&id)));
    let name = row.text("name").unwrap_or_default();
    let mut span = recorded(SpanRef { trace_id: trace, span_id: id }, parent, &name);
    span.start = row.time("starttimeunixnano").or_else(|| row.time("starttime"));
    span.end = row.time("endtimeunixnano").or_else(|| row.time("endtime"));
    if let Some(Value::Object(attributes)) = row.value("attributes") {
        span.attributes = attributes;
    }
    let status = row.object("status");
    let code = status.as_ref().and_then(|status| status.text("code")).or_else(|| row.text("statuscode"));
    match code.as_deref().map(|code| code.trim_start_matches("STATUS_CODE_")) {
        Some("ERROR" | "2") => {
            let reason = status.and_then(|status| status.text("message")).or_else(|| row.text("statusmessage"));
            failed(&mut span, reason);
        }
        Some("OK" | "1") => span.status = SpanStatus::Ok,
        _ => {}
    }
    span.events = row.list("events").unwrap_or_default().into_iter().filter_map(event).collect();
    Some(span)
}

/// A span event, as `MLflow` and Phoenix write it.
pub(super) fn event(raw: &RawValue) -> Option<SpanEvent> {
    let row = Fields::parse(raw.get())?;
    let attributes = match row.value("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => Map::new(),
    };
    let at = ["timeunixnano", "timestamp", "time"].iter().find_map(|name| time(&row.value(name)?));
    Some(SpanEvent { at, name: row.text("name").unwrap_or_default().into(), attributes })
}

/// An assessment as an event, and the span it is about if it names one.
fn assessment(row: &Fields<'_>) -> Option<(SpanEvent, Option<String>)> {
    let name = row.first(&["assessmentname", "name"])?;
    let about = row.text("spanid").map(|id| wire_id(&id, 8).unwrap_or_else(|| span_id(&id)));
    let whole = if row.object("metadata").is_some_and(|metadata| metadata.has("mlflow.trace.session")) {
        Some("conversation")
    } else {
        about.is_none().then_some("trace")
    };
    let at = row.time("createtime");
    if let Some(expectation) = row.object("expectation") {
        let value = expectation.json("value").or_else(|| expectation.object("serializedvalue")?.json("value"))?;
        let mut event = expected::event(&name, &value);
        event.at = at;
        note(&mut event.attributes, TARGET_KEY, whole);
        return Some((event, about));
    }
    let feedback = row.object("feedback")?;
    let by = row.object("source").and_then(|source| source.text("sourcetype")).unwrap_or_default();
    let judged = Judged {
        name,
        value: feedback.value("value"),
        explanation: row.text("rationale"),
        source: if by.is_empty() { "mlflow".to_owned() } else { format!("mlflow:{}", by.to_ascii_lowercase()) },
        at,
        ..Judged::default()
    };
    let replaced = row.flag("valid") == Some(false);
    (judged.says() && !replaced).then(|| (judged.event(whole), about))
}

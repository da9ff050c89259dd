//! Phoenix exports: spans as its API and its data frames write them, and annotations.
//!
//! Invariant: attributes come out as OpenInference's flat keys, however deep the export nests them.

use serde_json::{Map, Value};

use super::decode::Decoder;
use super::export::{
    About, Fields, Judged, any_source, emit, failed, flatten, note, recorded, source, span_id, trace_id,
};
use super::mlflow::event;
use super::problem::ProblemKind;
use crate::model::id::SpanRef;
use crate::model::trace::{Span, SpanStatus};

/// True for a span, nested or flattened.
pub(super) fn is_span(row: &Fields<'_>) -> bool {
    let context = row.object("context").is_some_and(|context| context.has("spanid"));
    (context || row.has("context.spanid")) && (row.has("spankind") || row.has("name"))
}

/// True for an annotation.
pub(super) fn is_annotation(row: &Fields<'_>) -> bool {
    let named = row.has("annotationname") || (row.has("name") && (row.has("annotatorkind") || row.has("result")));
    let targets = ["spanid", "traceid", "sessionid", "context.spanid"].iter().any(|name| row.has(name));
    let says = ["result", "score", "label", "result.score", "result.label"].iter().any(|name| row.has(name));
    named && targets && says && !row.has("spankind")
}

/// Reads a span.
pub(super) fn span(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    match of_row(row) {
        Some(span) => {
            let source = source(decoder, row.first(&["projectname", "project"]).as_deref());
            emit(decoder, &source, span);
        }
        None => decoder.problem(ProblemKind::BadSpan, 1, "a span without an id or a trace"),
    }
}

fn of_row(row: &Fields<'_>) -> Option<Span> {
    let context = row.object("context");
    let own = |name: &str| {
        context.as_ref().and_then(|context| context.text(name)).or_else(|| row.text(&format!("context.{name}")))
    };
    let reference = SpanRef { trace_id: trace_id(&own("traceid")?), span_id: span_id(&own("spanid")?) };
    let parent = row.first(&["parentid", "parentspanid"]).map(|id| span_id(&id));
    let mut span = recorded(reference, parent, &row.text("name").unwrap_or_default());
    span.start = row.time("starttime");
    span.end = row.time("endtime");
    if let Some(attributes) = row.json("attributes").and_then(|text| serde_json::from_str::<Value>(&text).ok()) {
        flatten("", &attributes, &mut span.attributes, 0);
    }
    let flat: Map<String, Value> = row
        .all()
        .filter_map(|(key, raw)| {
            Some((key.strip_prefix("attributes.")?.to_owned(), serde_json::from_str(raw.get()).ok()?))
        })
        .collect();
    flatten("", &Value::Object(flat), &mut span.attributes, 0);
    let kind = row.text("spankind").filter(|kind| kind != "UNKNOWN");
    note(&mut span.attributes, "openinference.span.kind", kind);
    match row.text("statuscode").as_deref() {
        Some("ERROR") => failed(&mut span, row.text("statusmessage")),
        Some("OK") => span.status = SpanStatus::Ok,
        _ => {}
    }
    span.events = row.list("events").unwrap_or_default().into_iter().filter_map(event).collect();
    Some(span)
}

/// Reads an annotation.
pub(super) fn annotation(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let span = row.first(&["spanid", "context.spanid"]);
    let trace = row.first(&["traceid", "context.traceid"]);
    let about = match (span, trace, row.text("sessionid")) {
        // Phoenix's span ids are unique in a project, so its rows may name no trace.
        (Some(span), trace, _) => About::Span(SpanRef {
            trace_id: trace.map(|trace| trace_id(&trace)).unwrap_or_default(),
            span_id: span_id(&span),
        }),
        (None, Some(trace), _) => About::Trace(trace_id(&trace)),
        (None, None, Some(session)) => About::Session(session),
        (None, None, None) => return decoder.problem(ProblemKind::BadScore, 1, "an annotation of nothing"),
    };
    let result = row.object("result");
    let text = |name: &str| {
        let inner = result.as_ref().and_then(|result| result.text(name));
        inner.or_else(|| row.first(&[&format!("result.{name}"), name]))
    };
    let value = result.as_ref().and_then(|result| result.value("score"));
    let value = value.or_else(|| row.value("result.score")).or_else(|| row.value("score"));
    let by = row.text("annotatorkind");
    let judged = Judged {
        name: row.first(&["annotationname", "name"]).unwrap_or_default(),
        value,
        label: text("label"),
        explanation: text("explanation"),
        version: row.text("identifier"),
        source: by.map_or_else(|| "phoenix".to_owned(), |by| format!("phoenix:{}", by.to_lowercase())),
        at: row.time("createdat"),
        ..Judged::default()
    };
    // A note holds words alone.
    let wordy = Judged { label: judged.label.clone().or_else(|| judged.explanation.clone()), ..Judged::default() };
    let judged = Judged { label: if judged.value.is_none() { wordy.label } else { judged.label }, ..judged };
    if !judged.says() {
        return decoder.problem(ProblemKind::BadScore, 1, "an annotation without a name or a result");
    }
    let source = any_source(decoder);
    decoder.record(judged.record(about, source));
}

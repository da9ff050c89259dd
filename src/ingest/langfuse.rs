//! Langfuse exports: score rows, observations, traces, sessions, under the API's names and the blob export's.
//!
//! Invariant: an observation becomes the span its OpenTelemetry export would have been; a score waits for its target.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::decode::Decoder;
use super::export::{About, Fields, Judged, any_source, emit, failed, note, recorded, source, span_id, trace_id};
use super::problem::ProblemKind;
use crate::model::id::SpanRef;
use crate::model::trace::Span;

/// True for a row of scores.
pub(super) fn is_score(row: &Fields<'_>) -> bool {
    let targets = ["traceid", "observationid", "sessionid"].iter().any(|name| row.has(name));
    let value = row.has("value") || row.has("stringvalue");
    row.has("name") && targets && value && !row.has("starttime") && !row.has("input")
}

/// True for an observation.
pub(super) fn is_observation(row: &Fields<'_>) -> bool {
    row.has("traceid") && row.has("type") && row.has("starttime") && row.has("id")
}

/// True for a trace, with its observations or as a row of the traces table.
pub(super) fn is_trace(row: &Fields<'_>) -> bool {
    let listed = row.get("observations").is_some_and(|raw| raw.get().starts_with('['));
    let known = ["sessionid", "htmlpath", "userid", "release", "totalcost", "latency", "environment"];
    let named = known.iter().filter(|name| row.has(name)).count() >= 2;
    row.has("id") && row.has("timestamp") && !row.has("messages") && (listed || named) && !row.has("traceid")
}

/// True for a session with its traces.
pub(super) fn is_session(row: &Fields<'_>) -> bool {
    row.has("id") && row.get("traces").is_some_and(|raw| raw.get().starts_with('['))
}

/// Reads a row of scores.
pub(super) fn score(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let trace = row.text("traceid");
    let about = match (trace, row.text("observationid"), row.text("sessionid")) {
        (Some(trace), Some(span), _) => About::Span(SpanRef { trace_id: trace_id(&trace), span_id: span_id(&span) }),
        (Some(trace), None, _) => About::Trace(trace_id(&trace)),
        (None, _, Some(session)) => About::Session(session),
        (None, _, None) => {
            return decoder.problem(ProblemKind::BadScore, 1, "a score of neither a trace nor a session");
        }
    };
    let judged = judged(row);
    if !judged.says() {
        return decoder.problem(ProblemKind::BadScore, 1, "a score without a name or a value");
    }
    let source = any_source(decoder);
    decoder.record(judged.record(about, source));
}

fn judged(row: &Fields<'_>) -> Judged {
    let by = row.text("source").map_or_else(|| "langfuse".to_owned(), |by| format!("langfuse:{}", by.to_lowercase()));
    Judged {
        name: row.text("name").unwrap_or_default(),
        value: row.value("value"),
        label: row.text("stringvalue"),
        explanation: row.text("comment"),
        source: by,
        at: row.time("timestamp").or_else(|| row.time("createdat")),
        ..Judged::default()
    }
}

/// Reads an observation that comes alone.
pub(super) fn observation(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    match span(row, None) {
        Some(mut span) => {
            // The enriched export says on every row what the trace knows.
            note(&mut span.attributes, "langfuse.session.id", row.text("sessionid"));
            note(&mut span.attributes, "user.id", row.text("userid"));
            note(&mut span.attributes, "langfuse.trace.name", row.text("tracename"));
            let source = source(decoder, row.text("projectid").as_deref());
            emit(decoder, &source, span);
        }
        None => decoder.problem(ProblemKind::BadSpan, 1, "an observation without an id or a trace"),
    }
}

/// Reads a session: its traces in turn.
pub(super) fn session(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let id = row.text("id");
    for raw in row.list("traces").unwrap_or_default() {
        match Fields::parse(raw.get()) {
            Some(inner) => traces(decoder, &inner, id.as_deref()),
            None => decoder.problem(ProblemKind::BadSpan, 1, "a trace that is no object"),
        }
    }
}

/// Reads a trace.
pub(super) fn trace(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    traces(decoder, row, None);
}

fn traces(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>, session: Option<&str>) {
    let Some(id) = row.text("id") else {
        return decoder.problem(ProblemKind::BadSpan, 1, "a trace without an id");
    };
    let source = source(decoder, row.text("projectid").as_deref());
    let every = shared(row, session);
    let mut spans = Vec::new();
    for raw in row.list("observations").unwrap_or_default() {
        // A trace of the list API names its observations only.
        let Some(observation) = Fields::parse(raw.get()) else { continue };
        match span(&observation, Some(&id)) {
            Some(span) => spans.push(span),
            None => decoder.problem(ProblemKind::BadSpan, 1, "an observation without an id"),
        }
    }
    let says = |span: &Span| {
        ["input", "output"].iter().any(|side| span.attributes.contains_key(&format!("langfuse.observation.{side}")))
    };
    if !spans.iter().any(|span| span.parent_span_id.is_none() && says(span)) {
        let root = root(row, &id);
        for span in spans.iter_mut().filter(|span| span.parent_span_id.is_none()) {
            span.parent_span_id = Some(root.id.span_id.clone());
        }
        spans.insert(0, root);
    }
    for mut span in spans {
        every.iter().for_each(|(key, value)| note(&mut span.attributes, key, Some(value.clone())));
        emit(decoder, &source, span);
    }
    scores(decoder, row, (&id, &source));
}

/// The scores a trace carries; as records of their own, they may be about any of its observations.
fn scores(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>, of: (&str, &Arc<str>)) {
    let (trace, source) = of;
    for raw in row.list("scores").unwrap_or_default() {
        let Some(score) = Fields::parse(raw.get()) else { continue };
        let judged = judged(&score);
        if !judged.says() {
            decoder.problem(ProblemKind::BadScore, 1, "a score without a name or a value");
            continue;
        }
        let trace = trace_id(&score.text("traceid").unwrap_or_else(|| trace.to_owned()));
        let about = match score.text("observationid") {
            Some(span) => About::Span(SpanRef { trace_id: trace, span_id: span_id(&span) }),
            None => About::Trace(trace),
        };
        decoder.record(judged.record(about, Arc::clone(source)));
    }
}

/// What a trace says of all its observations.
fn shared(row: &Fields<'_>, session: Option<&str>) -> Map<String, Value> {
    let mut every = Map::new();
    note(&mut every, "langfuse.session.id", row.text("sessionid").or_else(|| session.map(str::to_owned)));
    note(&mut every, "user.id", row.text("userid"));
    for (name, key) in [
        ("name", "langfuse.trace.name"),
        ("version", "langfuse.version"),
        ("release", "langfuse.release"),
        ("environment", "langfuse.environment"),
        ("tags", "langfuse.trace.tags"),
    ] {
        note(&mut every, key, row.value(name).filter(|value| *value != Value::Array(Vec::new())));
    }
    let metadata = row.json("metadata").and_then(|text| serde_json::from_str(&text).ok());
    if let Some(Value::Object(metadata)) = metadata {
        for (key, value) in metadata {
            note(&mut every, &format!("langfuse.trace.metadata.{key}"), Some(value));
        }
    }
    every
}

/// Keeps ids that are not those of the span, such as the UUIDs of older versions, so that scores find their way back.
fn own_ids(span: &mut Span, (trace, observation): (&str, Option<&str>)) {
    let SpanRef { trace_id, span_id } = span.id.clone();
    note(&mut span.attributes, "langfuse.trace.id", Some(trace).filter(|id| *id != trace_id));
    note(&mut span.attributes, "langfuse.observation.id", observation.filter(|id| *id != span_id));
}

/// The span that stands for a trace none of whose observations tells what it was asked and what it answered.
fn root(row: &Fields<'_>, id: &str) -> Span {
    let reference = SpanRef { trace_id: trace_id(id), span_id: span_id(&format!("langfuse trace {id}")) };
    let mut span = recorded(reference, None, &row.text("name").unwrap_or_else(|| "trace".to_owned()));
    span.start = row.time("timestamp");
    own_ids(&mut span, (id, None));
    let seconds = row.value("latency").and_then(|value| value.as_f64()).filter(|seconds| *seconds >= 0.0);
    if let (Some(start), Some(seconds)) = (span.start, seconds) {
        span.end = Some(crate::model::time::Timestamp(start.0.saturating_add((seconds * 1e6) as i64)));
    }
    note(&mut span.attributes, "langfuse.observation.type", Some("chain"));
    note(&mut span.attributes, "langfuse.observation.input", row.json("input"));
    note(&mut span.attributes, "langfuse.observation.output", row.json("output"));
    span
}

fn span(row: &Fields<'_>, trace: Option<&str>) -> Option<Span> {
    let id = row.text("id")?;
    let trace = row.text("traceid").or_else(|| trace.map(str::to_owned))?;
    let parent = row.text("parentobservationid").map(|id| span_id(&id));
    let reference = SpanRef { trace_id: trace_id(&trace), span_id: span_id(&id) };
    let mut span = recorded(reference, parent, &row.text("name").unwrap_or_default());
    span.start = row.time("starttime");
    span.end = row.time("endtime");
    own_ids(&mut span, (&trace, Some(&id)));
    let attributes = &mut span.attributes;
    note(attributes, "langfuse.observation.type", row.text("type").map(|kind| kind.to_lowercase()));
    for (names, key) in [
        (["input", ""], "langfuse.observation.input"),
        (["output", ""], "langfuse.observation.output"),
        (["modelparameters", ""], "langfuse.observation.model.parameters"),
        (["usagedetails", "usage"], "langfuse.observation.usage_details"),
        (["costdetails", ""], "langfuse.observation.cost_details"),
        (["metadata", ""], "metadata"),
    ] {
        note(attributes, key, names.iter().find_map(|name| row.json(name)));
    }
    for (names, key) in [
        (["model", "providedmodelname"], "langfuse.observation.model.name"),
        (["level", ""], "langfuse.observation.level"),
        (["statusmessage", ""], "langfuse.observation.status_message"),
        (["promptname", ""], "langfuse.observation.prompt.name"),
        (["promptversion", ""], "langfuse.observation.prompt.version"),
        (["version", ""], "langfuse.version"),
        (["environment", ""], "langfuse.environment"),
    ] {
        note(attributes, key, row.first(&names));
    }
    if row.text("level").as_deref() == Some("ERROR") {
        // Its OpenTelemetry export sets the status too.
        failed(&mut span, row.text("statusmessage"));
    }
    Some(span)
}

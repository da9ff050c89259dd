//! `LangSmith` exports: runs and feedback.
//!
//! Invariant: `session_id` of a run is its project, never a conversation; that is in the run's metadata.

use serde_json::Value;

use super::decode::Decoder;
use super::export::{About, Fields, Judged, KIND, any_source, emit, failed, note, recorded, source, span_id, trace_id};
use super::problem::ProblemKind;
use crate::model::id::SpanRef;
use crate::model::trace::Span;

/// True for a run.
pub(super) fn is_run(row: &Fields<'_>) -> bool {
    row.has("runtype") && row.has("id") && (row.has("traceid") || row.has("starttime") || row.has("dottedorder"))
}

/// True for a row of feedback.
pub(super) fn is_feedback(row: &Fields<'_>) -> bool {
    row.has("key") && (row.has("runid") || row.has("traceid")) && (row.has("score") || row.has("value"))
}

/// Reads a run, and the runs within it.
pub(super) fn run(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    runs(decoder, row, (None, None), 0);
}

fn runs(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>, above: (Option<&str>, Option<&str>), depth: u8) {
    let (trace, parent) = above;
    let Some(id) = row.text("id") else {
        return decoder.problem(ProblemKind::BadSpan, 1, "a run without an id");
    };
    // The first id of the dotted order is the root's, which is the trace's.
    let dotted = row.text("dottedorder");
    let first = dotted.as_deref().and_then(|order| order.split('.').next()?.split_once('Z').map(|(_, id)| id));
    let trace = row.text("traceid").or_else(|| first.map(str::to_owned)).or_else(|| trace.map(str::to_owned));
    let trace = trace.unwrap_or_else(|| id.clone());
    let parent = row.text("parentrunid").or_else(|| parent.map(str::to_owned));
    let span = span(row, (&id, &trace, parent.as_deref()));
    let source = source(decoder, row.first(&["sessionname", "projectname"]).as_deref());
    emit(decoder, &source, span);
    let children = row.list("childruns").unwrap_or_default();
    if depth == 100 && !children.is_empty() {
        return decoder.problem(ProblemKind::TooDeep, children.len() as u64, "runs nested deeper than 100 levels");
    }
    for raw in children {
        if let Some(child) = Fields::parse(raw.get()) {
            runs(decoder, &child, (Some(&trace), Some(&id)), depth + 1);
        }
    }
}

fn span(row: &Fields<'_>, ids: (&str, &str, Option<&str>)) -> Span {
    let (id, trace, parent) = ids;
    let reference = SpanRef { trace_id: trace_id(trace), span_id: span_id(id) };
    let mut span = recorded(reference, parent.map(span_id), &row.text("name").unwrap_or_default());
    span.start = row.time("starttime");
    span.end = row.time("endtime");
    let kind = row.text("runtype").unwrap_or_default();
    let extra = row.json("extra");
    let extra = extra.as_deref().and_then(Fields::parse);
    let attributes = &mut span.attributes;
    note(attributes, KIND, Some(kind.to_uppercase()));
    note(attributes, "langsmith.run.id", Some(id));
    let (inputs, outputs) = (row.json("inputs"), row.json("outputs").filter(|outputs| outputs != "{}"));
    match kind.as_str() {
        "tool" => {
            note(attributes, "gen_ai.tool.name", row.text("name"));
            note(attributes, "gen_ai.tool.call.arguments", inputs.as_deref().map(arguments));
            note(attributes, "gen_ai.tool.call.result", outputs.as_deref().map(result));
            note(attributes, "gen_ai.tool.call.id", extra.as_ref().and_then(|extra| extra.text("toolcallid")));
        }
        "llm" => {
            note(attributes, "gen_ai.input.messages", inputs);
            note(attributes, "gen_ai.output.messages", outputs);
        }
        _ => {
            note(attributes, "input.value", inputs);
            note(attributes, "output.value", outputs);
        }
    }
    if let Some(extra) = &extra {
        note(attributes, "metadata", extra.value("metadata").filter(Value::is_object));
        let invocation = extra.object("invocationparams");
        let model = invocation.as_ref().and_then(|params| params.first(&["model", "modelname"]));
        note(attributes, "gen_ai.request.model", model);
        note(attributes, "gen_ai.tool.definitions", invocation.and_then(|params| params.json("tools")));
    }
    note(attributes, "tag.tags", row.value("tags").filter(|tags| tags.as_array().is_some_and(|tags| !tags.is_empty())));
    note(attributes, "gen_ai.usage.input_tokens", row.value("prompttokens"));
    note(attributes, "gen_ai.usage.output_tokens", row.value("completiontokens"));
    if let Some(error) = row.text("error") {
        // The SDK writes the exception and, right behind it, where it came from.
        let reason = error.split("Traceback (most recent call last)").next().unwrap_or_default().trim();
        failed(&mut span, Some(if reason.is_empty() { error.clone() } else { reason.to_owned() }));
        note(&mut span.attributes, "exception.stacktrace", Some(error));
    } else if row.text("status").as_deref() == Some("error") {
        failed(&mut span, None);
    }
    span
}

/// The arguments of a tool's run: what is under `input` where that is all there is (text of a Python or JSON object).
fn arguments(inputs: &str) -> String {
    let lone = Fields::parse(inputs).filter(|fields| fields.all().count() == 1).and_then(|fields| fields.json("input"));
    let Some(lone) = lone else { return inputs.to_owned() };
    if lone.starts_with('{') && serde_json::from_str::<Value>(&lone).is_err() {
        return super::python::to_json(&lone).unwrap_or(lone);
    }
    if lone.starts_with('{') { lone } else { inputs.to_owned() }
}

/// The result of a tool's run: what is under `output`, out of the message that may hold it.
fn result(outputs: &str) -> String {
    let lone =
        Fields::parse(outputs).filter(|fields| fields.all().count() == 1).and_then(|fields| fields.json("output"));
    let Some(lone) = lone else { return outputs.to_owned() };
    let content = Fields::parse(&lone).filter(|message| message.has("toolcallid") || message.has("kwargs"));
    let content = content.and_then(|message| match message.object("kwargs") {
        Some(inner) => inner.json("content"),
        None => message.json("content"),
    });
    content.unwrap_or(lone)
}

/// Reads a row of feedback.
pub(super) fn feedback(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let about = match (row.text("traceid"), row.text("runid")) {
        (Some(trace), Some(run)) if trace != run => {
            About::Span(SpanRef { trace_id: trace_id(&trace), span_id: span_id(&run) })
        }
        // A root run is its trace.
        (Some(trace), _) | (None, Some(trace)) => About::Trace(trace_id(&trace)),
        (None, None) => return decoder.problem(ProblemKind::BadScore, 1, "feedback of no run"),
    };
    let by = row.json("feedbacksource").and_then(|text| Fields::parse(&text)?.text("type"));
    let label = row.text("value").or_else(|| row.json("value")).filter(|label| label != "null");
    let judged = Judged {
        name: row.text("key").unwrap_or_default(),
        value: row.value("score").filter(|score| !score.is_null()),
        label: label.or_else(|| row.json("correction")),
        explanation: row.text("comment"),
        source: by.map_or_else(|| "langsmith".to_owned(), |by| format!("langsmith:{by}")),
        at: row.time("createdat"),
        ..Judged::default()
    };
    if !judged.says() {
        return decoder.problem(ProblemKind::BadScore, 1, "feedback without a key or a score");
    }
    let source = any_source(decoder);
    decoder.record(judged.record(about, source));
}

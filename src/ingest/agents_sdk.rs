//! Rows of the `OpenAI` Agents SDK's `trace.export()` and `span.export()`.
//!
//! Invariant: one row is one span; a trace's row becomes its root, whatever order the rows come in.

use serde_json::{Map, Value};

use super::decode::Decoder;
use super::export::{Fields, KIND, emit, failed, note, recorded, source, span_id, trace_id};
use super::problem::ProblemKind;
use crate::model::id::SpanRef;
use crate::model::trace::Span;

/// True for a row of either kind.
pub(super) fn is(row: &Fields<'_>) -> bool {
    row.has("object") && matches!(row.text("object").as_deref(), Some("trace" | "trace.span"))
}

/// Reads one row.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let span = if row.has("spandata") { of_span(row) } else { of_trace(row) };
    match span {
        Some(span) => {
            let source = source(decoder, None);
            emit(decoder, &source, span);
        }
        None => decoder.problem(ProblemKind::BadSpan, 1, "a row without an id or a trace id"),
    }
}

/// The span that stands for a trace: its id follows from the trace's alone.
fn root(trace: &str) -> SpanRef {
    SpanRef { trace_id: trace_id(trace), span_id: span_id(trace) }
}

fn of_trace(row: &Fields<'_>) -> Option<Span> {
    let id = row.text("id")?;
    let name = row.text("workflowname");
    let mut span = recorded(root(&id), None, name.as_deref().unwrap_or("workflow"));
    let attributes = &mut span.attributes;
    note(attributes, KIND, Some("CHAIN"));
    note(attributes, "gen_ai.workflow.name", name);
    note(attributes, "group_id", row.text("groupid"));
    note(attributes, "metadata", row.value("metadata").filter(Value::is_object));
    note(attributes, "openai_agents.id", Some(id));
    Some(span)
}

fn of_span(row: &Fields<'_>) -> Option<Span> {
    let (id, trace) = (row.text("id")?, row.text("traceid")?);
    let parent = row.text("parentid").map_or_else(|| root(&trace).span_id, |parent| span_id(&parent));
    let data = row.object("spandata")?;
    let reference = SpanRef { trace_id: trace_id(&trace), span_id: span_id(&id) };
    let kind = data.text("type").unwrap_or_default();
    let mut span = recorded(reference, Some(parent), &name_of(&kind, &data));
    span.start = row.time("startedat");
    span.end = row.time("endedat");
    note(&mut span.attributes, "openai_agents.id", Some(id));
    note(&mut span.attributes, "openai_agents.type", Some(kind.as_str()));
    fill(&mut span.attributes, &kind, &data);
    if let Some(error) = row.object("error") {
        failed(&mut span, error.text("message"));
        note(&mut span.attributes, "error.data", error.value("data"));
    }
    Some(span)
}

fn name_of(kind: &str, data: &Fields<'_>) -> String {
    match kind {
        "handoff" => format!("handoff to {}", data.text("toagent").unwrap_or_else(|| "?".to_owned())),
        _ => data.text("name").unwrap_or_else(|| if kind.is_empty() { "span".to_owned() } else { kind.to_owned() }),
    }
}

/// The attributes that mean something to the transcript under their known names, all others under their own.
fn fill(attributes: &mut Map<String, Value>, kind: &str, data: &Fields<'_>) {
    let inner = data.object("data");
    let wrapper = inner.as_ref().and_then(|inner| inner.text("sdkspantype"));
    let word = match kind {
        "agent" => Some("AGENT"),
        "generation" | "response" => Some("LLM"),
        "function" => Some("TOOL"),
        "handoff" => Some("HANDOFF"),
        "guardrail" => Some("GUARDRAIL"),
        "custom" if wrapper.is_some() => Some("CHAIN"),
        _ => None,
    };
    note(attributes, KIND, word);
    match kind {
        "agent" => note(attributes, "gen_ai.agent.name", data.text("name")),
        "generation" => {
            note(attributes, "gen_ai.input.messages", data.json("input"));
            note(attributes, "gen_ai.output.messages", data.json("output"));
            note(attributes, "gen_ai.request.model", data.text("model"));
        }
        "response" => {
            note(attributes, "gen_ai.response.id", data.text("responseid"));
            note(attributes, "gen_ai.input.messages", data.json("input"));
            note(attributes, "gen_ai.output.messages", data.json("response").or_else(|| data.json("output")));
        }
        "function" => {
            note(attributes, "gen_ai.tool.name", data.text("name"));
            note(attributes, "gen_ai.tool.call.arguments", data.json("input"));
            note(attributes, "gen_ai.tool.call.result", data.json("output"));
        }
        "custom" => {
            if let Some(inner) = &inner {
                note(attributes, "gen_ai.agent.name", inner.text("agentname"));
            }
        }
        _ => {}
    }
    if let Some(usage) = data.object("usage") {
        note(attributes, "gen_ai.usage.input_tokens", usage.value("inputtokens"));
        note(attributes, "gen_ai.usage.output_tokens", usage.value("outputtokens"));
    }
    let taken = ["type", "input", "output", "response", "model", "response_id"];
    let named = matches!(kind, "agent" | "function" | "custom");
    for (key, raw) in data.all() {
        if taken.contains(&key) || (named && key == "name") {
            continue;
        }
        note(attributes, &format!("openai_agents.{key}"), serde_json::from_str::<Value>(raw.get()).ok());
    }
}

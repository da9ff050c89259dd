//! The dialects of span attributes, as tables of key aliases.
//!
//! Invariant: dialects are detected per attribute, never per file; a further dialect is a few rows here.

use serde_json::{Map, Value};

use crate::model::trace::{Span, SpanKind};

/// Where the message of an error status is kept.
pub(super) const STATUS_MESSAGE: &str = "otel.status_description";

/// The namespace of spans whose resource names no service or project.
pub(super) const DEFAULT_SOURCE: &str = "default";

/// Resource attributes that name the source, best first.
const SOURCE_KEYS: &[&str] = &["service.name", "openinference.project.name", "project_name", "mlflow.experimentId"];

/// Attributes that hold a conversation's key, best first.
const SESSION_KEYS: &[&str] = &[
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
    "mlflow.trace.session",
    "thread_id",
    "metadata.thread_id",
    "traceloop.association.properties.thread_id",
    "group_id",
    "langsmith.trace.session_id",
    "ai.telemetry.metadata.sessionId",
];

/// Members of JSON `metadata` that hold a conversation's key.
const SESSION_METADATA: &[&str] = &["conversation_id", "session_id", "thread_id", "group_id"];

/// Attributes that tell the kind of a span, best first.
const KIND_KEYS: &[&str] = &[
    "gen_ai.span.kind",
    "openinference.span.kind",
    "fi.span.kind",
    "langfuse.observation.type",
    "mlflow.spanType",
    "traceloop.span.kind",
    "gen_ai.operation.name",
    "langsmith.span.kind",
];

/// What the values of those attributes mean, in lower case.
const KINDS: &[(&str, SpanKind)] = &[
    ("agent", SpanKind::Agent),
    ("invoke_agent", SpanKind::Agent),
    ("create_agent", SpanKind::Agent),
    ("conversation", SpanKind::Agent),
    ("llm", SpanKind::Llm),
    ("chat", SpanKind::Llm),
    ("chat_model", SpanKind::Llm),
    ("generation", SpanKind::Llm),
    ("generate_content", SpanKind::Llm),
    ("text_completion", SpanKind::Llm),
    ("responses", SpanKind::Llm),
    ("tool", SpanKind::Tool),
    ("execute_tool", SpanKind::Tool),
    ("function", SpanKind::Tool),
    ("retriever", SpanKind::Retrieval),
    ("retrieval", SpanKind::Retrieval),
    ("reranker", SpanKind::Retrieval),
    ("vector_db", SpanKind::Retrieval),
    ("handoff", SpanKind::Handoff),
    ("guardrail", SpanKind::Guardrail),
    ("evaluator", SpanKind::Evaluator),
    ("chain", SpanKind::Chain),
    ("workflow", SpanKind::Chain),
    ("invoke_workflow", SpanKind::Chain),
    ("task", SpanKind::Chain),
    ("plan", SpanKind::Chain),
    ("prompt", SpanKind::Chain),
    ("parser", SpanKind::Chain),
];

/// Attributes that name the agent at work in a span.
const AGENT_KEYS: &[&str] = &[
    "gen_ai.agent.name",
    "agent.name",
    "agent_name",
    "pydantic_ai.agent.name",
    "autogen.agent.name",
    "claude_agent.name",
    "lk.agent_name",
    "crewai.agent.role",
];

/// What frameworks put after an agent's name in the name of its span.
const AGENT_ENDINGS: &[&str] = &[".run", ".agent", "._execute_core"];

/// Attributes that name a graph's node, which stands for the agent.
const NODE_KEYS: &[&str] =
    &["langgraph_node", "metadata.langgraph_node", "gen_ai.agent.graph.node_name", "graph.node.id"];

/// Name, arguments, result and call id of a tool's execution.
pub(super) const TOOL_NAME: &[&str] = &["gen_ai.tool.name", "tool.name", "mcp.tool.name", "traceloop.entity.name"];
pub(super) const TOOL_ARGUMENTS: &[&str] = &[
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "input.value",
    "langfuse.observation.input",
    "mlflow.spanInputs",
    "traceloop.entity.input",
];
pub(super) const TOOL_RESULT: &[&str] = &[
    "gen_ai.tool.call.result",
    "tool_response",
    "output.value",
    "langfuse.observation.output",
    "mlflow.spanOutputs",
    "traceloop.entity.output",
];
pub(super) const CALL_ID: &[&str] = &["gen_ai.tool.call.id", "tool.id", "tool_call.id", "tool_call_id"];

/// How the names of spans begin that run a tool, best first; what follows is the tool's name.
const TOOL_BEGINNINGS: &[&str] = &["execute_tool ", "tool ", "tools/call ", "MCP send tools/call "];

/// An attribute that tells a tool's execution by one value, where nothing else does.
const RUNS_A_TOOL: (&str, &str) = ("mcp.method.name", "tools/call");

/// Attributes that mark the run of a whole crew, which answers for all its agents.
const IN_A_ROW: &[&str] = &["crewai.crew.result", "crew_inputs"];

/// How the names of spans end that record a protocol's messages.
const PROTOCOL_ENDING: &str = ".mcp";

/// What frameworks put around the words of a customer, before and after; from the latter on it is theirs.
const QUESTION_FRAMES: &[(&str, &str)] =
    &[("New task:\n", ""), ("\nCurrent Task: ", "\n\nThis is the expected criteria for your final answer:")];

/// What they put before a tool's result.
const RESULT_FRAMES: &[&str] = &["Observation:\n"];

/// Members of an object that hold all it says in words: a task given to an agent, an answer with its circumstances.
pub(super) const WORDS_WITHIN: &[&str] = &["task", "raw"];

/// Members that hold the arguments of a call, in objects that begin with the other member: Python's call by name, a
/// Model Context Protocol request.
pub(super) const ARGUMENTS_WITHIN: &[(&str, &str)] = &[("args", "kwargs"), ("kw", "kw"), ("tool_name", "arguments")];

/// An attribute under which a result of a Model Context Protocol server stands in an object of its own.
pub(super) const WRAPPED_RESULT: &str = "traceloop.entity.output";

/// Message lists flattened into keys `PREFIX.N.…`, with the infix between index and field.
pub(super) const FLAT_INPUT: &[&str] = &["gen_ai.input.messages", "llm.input_messages", "gen_ai.prompt"];
pub(super) const FLAT_OUTPUT: &[&str] = &["gen_ai.output.messages", "llm.output_messages", "gen_ai.completion"];

/// Message lists as JSON, in text or structured.
pub(super) const JSON_INPUT: &[&str] = &[
    "gen_ai.input.messages",
    "llm.input_messages",
    "gen_ai.prompt",
    "langfuse.observation.input",
    "mlflow.spanInputs",
];
pub(super) const JSON_OUTPUT: &[&str] = &[
    "gen_ai.output.messages",
    "llm.output_messages",
    "gen_ai.completion",
    "langfuse.observation.output",
    "mlflow.spanOutputs",
];

/// Input and output that may be messages or plain text: used where nothing better is there.
pub(super) const LOOSE_INPUT: &[&str] =
    &["input.value", "langfuse.observation.input", "mlflow.spanInputs", "traceloop.entity.input", "raw.input"];
pub(super) const LOOSE_OUTPUT: &[&str] = &[
    "output.value",
    "langfuse.observation.output",
    "mlflow.spanOutputs",
    "traceloop.entity.output",
    "raw.output",
    "crewai.crew.result",
];

/// System instructions apart from the messages.
pub(super) const SYSTEM: &[&str] = &["gen_ai.system_instructions", "gen_ai.system.instructions"];

/// Tool definitions: one JSON list, flattened under an index, or inside the request's parameters.
pub(super) const TOOLS_JSON: &[&str] =
    &["gen_ai.tool.definitions", "llm.tools", "mlflow.chat.tools", "gen_ai.request.tools"];
pub(super) const TOOLS_FLAT: &[&str] = &["gen_ai.tool.definitions", "llm.tools", "llm.request.functions"];
pub(super) const TOOLS_WITHIN: &[&str] = &[
    "gen_ai.request.parameters",
    "llm.invocation_parameters",
    "langfuse.observation.input",
    "input.value",
    "model_request_parameters",
];

/// Speech facts, in our own keys and those seen elsewhere.
pub(super) const SPEECH_CONFIDENCE: &[&str] =
    &["gen_ai.voice.asr.confidence", "gen_ai.voice.stt.confidence", "stt.confidence", "lk.transcript_confidence"];
pub(super) const SPEECH_INTERRUPTED: &[&str] =
    &["gen_ai.voice.interrupted", "gen_ai.voice.interruption", "lk.interrupted"];
pub(super) const SPEECH_FIRST_AUDIO: &[&str] =
    &["gen_ai.voice.latency.ttfb_ms", "gen_ai.voice.tts.ttfb_ms", "lk.response.ttfb_ms"];

/// All of those.
pub(super) const SPEECH: &[&str] = &[
    "gen_ai.voice.asr.confidence",
    "gen_ai.voice.stt.confidence",
    "stt.confidence",
    "lk.transcript_confidence",
    "gen_ai.voice.interrupted",
    "gen_ai.voice.interruption",
    "lk.interrupted",
    "gen_ai.voice.latency.ttfb_ms",
    "gen_ai.voice.tts.ttfb_ms",
    "lk.response.ttfb_ms",
];

/// The attribute of that name. Looking through a handful of names is quicker than hashing one.
pub(super) fn get<'a>(attributes: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    const FEW: usize = 24;
    if attributes.len() > FEW {
        return attributes.get(key);
    }
    attributes.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// The first of `keys` that is there and not null.
pub(super) fn first<'a>(attributes: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| get(attributes, key)).filter(|value| !value.is_null())
}

/// The first of `keys` that holds text, or something that reads as text.
pub(super) fn text(attributes: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().filter_map(|key| get(attributes, key)).find_map(as_text)
}

/// A value as text: strings as they are, numbers and booleans as they print, lists and objects as JSON.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The namespace that resource attributes give.
pub(super) fn source_of(resource: &Map<String, Value>) -> String {
    SOURCE_KEYS
        .iter()
        .filter_map(|key| resource.get(*key).and_then(Value::as_str))
        .find(|name| !name.is_empty() && !name.starts_with("unknown_service"))
        .unwrap_or(DEFAULT_SOURCE)
        .to_owned()
}

/// The best session key among attributes, with the rank of the attribute (0 is best).
pub(super) fn session_key(attributes: &Map<String, Value>) -> Option<(usize, String)> {
    for (rank, key) in SESSION_KEYS.iter().enumerate() {
        if let Some(value) = get(attributes, key).and_then(plain) {
            return Some((rank, value));
        }
    }
    let metadata = metadata(attributes)?;
    let found = SESSION_METADATA.iter().enumerate().find_map(|(i, key)| Some((i, metadata.get(*key).and_then(plain)?)));
    found.map(|(rank, value)| (SESSION_KEYS.len() + rank, value))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The `metadata` attribute, where it is an object or the JSON text of one.
pub(super) fn metadata(attributes: &Map<String, Value>) -> Option<Map<String, Value>> {
    match get(attributes, "metadata")? {
        Value::Object(map) => Some(map.clone()),
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// What a span did: by its kind attribute, else by what it holds, else by its name.
pub(super) fn kind(span: &Span) -> SpanKind {
    let attributes = &span.attributes;
    let name = span.name.exact();
    let told = KIND_KEYS.iter().filter_map(|key| get(attributes, key).and_then(Value::as_str)).find_map(|word| {
        let word = word.trim_matches('"').to_ascii_lowercase();
        KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    });
    let lower = name.to_ascii_lowercase();
    match told {
        Some(SpanKind::Tool) if lower.starts_with("handoff") => SpanKind::Handoff,
        Some(kind) => kind,
        None if first(attributes, &["gen_ai.evaluation.name"]).is_some() => SpanKind::Evaluator,
        None if first(attributes, &["gen_ai.tool.name", "tool.name", "mcp.tool.name"]).is_some() => SpanKind::Tool,
        None if attributes.get(RUNS_A_TOOL.0).and_then(Value::as_str) == Some(RUNS_A_TOOL.1) => SpanKind::Tool,
        None if lower.starts_with("execute_tool ") || lower.starts_with("tool ") => SpanKind::Tool,
        None if first(attributes, &["gen_ai.request.model", "llm.model_name", "gen_ai.response.model"]).is_some() => {
            SpanKind::Llm
        }
        None if lower.starts_with("invoke_agent") => SpanKind::Agent,
        None => SpanKind::Other,
    }
}

/// The agent a span names itself.
pub(super) fn own_agent(span: &Span) -> Option<String> {
    let attributes = &span.attributes;
    if let Some(name) = text(attributes, AGENT_KEYS) {
        return Some(name);
    }
    if span.kind == SpanKind::Tool || span.kind == SpanKind::Handoff {
        return None;
    }
    if let Some(node) = text(attributes, NODE_KEYS) {
        return Some(node);
    }
    let metadata_names_node = match get(attributes, "metadata") {
        Some(Value::String(text)) => text.contains("langgraph_node"),
        Some(Value::Object(map)) => map.contains_key("langgraph_node"),
        _ => false,
    };
    if metadata_names_node
        && let Some(node) = metadata(attributes).and_then(|map| map.get("langgraph_node").and_then(plain))
    {
        return Some(node);
    }
    let name = span.name.exact();
    let named = name.strip_prefix("invoke_agent ").unwrap_or(name);
    let named = AGENT_ENDINGS.iter().find_map(|ending| named.strip_suffix(ending)).unwrap_or(named);
    (span.kind == SpanKind::Agent && !named.is_empty()).then(|| named.to_owned())
}

/// The tool a TOOL span ran.
pub(super) fn tool_name(span: &Span) -> String {
    text(&span.attributes, TOOL_NAME).unwrap_or_else(|| {
        let name = span.name.exact();
        TOOL_BEGINNINGS.iter().find_map(|beginning| name.strip_prefix(beginning)).unwrap_or(name).to_owned()
    })
}

/// Whether a span records a message of a protocol (a session that opens, a list of tools) and nothing anybody said.
pub(super) fn is_protocol(span: &Span) -> bool {
    span.attributes.contains_key(RUNS_A_TOOL.0) || span.name.exact().ends_with(PROTOCOL_ENDING)
}

/// Whether a span is the whole of several agents that work one after the other.
pub(super) fn in_a_row(span: &Span) -> bool {
    IN_A_ROW.iter().any(|key| span.attributes.contains_key(*key))
}

/// A customer's words without what a framework put around them.
pub(super) fn unframed_question(text: &str) -> &str {
    let within = |(before, after): &(&str, &str)| {
        let rest = text.strip_prefix(before)?;
        if after.is_empty() { Some(rest) } else { rest.find(after).map(|end| &rest[..end]) }
    };
    QUESTION_FRAMES.iter().find_map(within).unwrap_or(text)
}

/// A tool's result without what a framework put before it.
pub(super) fn unframed_result(text: &str) -> &str {
    RESULT_FRAMES.iter().find_map(|frame| text.strip_prefix(frame)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    #[test]
    fn session_keys_are_tried_in_order() {
        let both = map(json!({"session.id": "s", "gen_ai.conversation.id": "c"}));
        assert_eq!(session_key(&both), Some((0, "c".into())));
        let nested = map(json!({"metadata": "{\"thread_id\": \"t\"}"}));
        assert_eq!(session_key(&nested).map(|(_, key)| key), Some("t".into()));
        assert_eq!(session_key(&map(json!({"session.id": ""}))), None);
    }

    #[test]
    fn frames_come_off_only_where_they_are_whole() {
        assert_eq!(unframed_question("New task:\nWhere is it?"), "Where is it?");
        let crew = "\nCurrent Task: Where is it?\n\nThis is the expected criteria for your final answer: words.\nMore";
        assert_eq!(unframed_question(crew), "Where is it?");
        for text in ["\nCurrent Task: Where is it?", "A New task:\nx", ""] {
            assert_eq!(unframed_question(text), text);
        }
        assert_eq!(unframed_result("Observation:\n{}"), "{}");
    }

    #[test]
    fn the_list_of_speech_keys_is_whole() {
        let parts = [SPEECH_CONFIDENCE, SPEECH_INTERRUPTED, SPEECH_FIRST_AUDIO].concat();
        assert_eq!(parts, SPEECH);
    }

    #[test]
    fn the_source_is_the_service_or_project() {
        assert_eq!(source_of(&map(json!({"project_name": "p"}))), "p");
        assert_eq!(source_of(&map(json!({"service.name": "s", "project_name": "p"}))), "s");
        assert_eq!(source_of(&map(json!({"service.name": "unknown_service:python"}))), "default");
    }
}

//! Reads recorded spans into conversations, as small as an importer can be.
//!
//! Invariant: the scenario a conversation plays is told beside it, never in it.

#![allow(dead_code, reason = "each user of the file needs a part of it")]

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

use aftercall::ingest::{
    Input, Item, LogRecord, LogTarget, Pieces, ReadOptions, Record, SpanRecord, ToolList, assemble, read, session,
};
use aftercall::model::conversation::Conversation;

/// The files with their log records, and whether message contents are in them.
pub const FILES: [&[&str]; 11] = [
    &["traceai-openai.jsonl"],
    &["traceai-openai-fi-evals.jsonl"],
    &["traceai-openai-agents.jsonl"],
    &["traceai-langchain.jsonl"],
    &["openinference-openai.jsonl"],
    &["openinference-openai-agents.jsonl.zst"],
    &["openinference-langchain.jsonl.gz"],
    &["otel-genai-openai.jsonl", "otel-genai-openai.logs.jsonl"],
    &["otel-genai-openai-agents.jsonl"],
    &["otel-openai-v2-legacy.jsonl", "otel-openai-v2-legacy.logs.jsonl"],
    &["langfuse-sdk.jsonl"],
];

/// The conversations of one file and its log records.
pub fn conversations(folder: &Path, names: &[&str]) -> Vec<Conversation> {
    let (mut spans, mut logs): (Vec<SpanRecord>, Vec<LogRecord>) = (Vec::new(), Vec::new());
    for name in names {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        let input = Input { name: (*name).to_owned(), stem: (*name).to_owned(), reader: Box::new(file) };
        read(input, &ReadOptions::default(), &mut |item| {
            match item {
                Item::Record(Record::Span(span)) => spans.push(*span),
                Item::Record(Record::Log(log)) => logs.push(*log),
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }
    let mut by_span: HashMap<(String, String), Vec<LogRecord>> = HashMap::new();
    for log in logs {
        if let LogTarget::Span(id) = &log.target {
            by_span.entry((id.trace_id.clone(), id.span_id.clone())).or_default().push(log);
        }
    }
    let mut traces: BTreeMap<String, Vec<SpanRecord>> = BTreeMap::new();
    for record in spans {
        traces.entry(record.span.id.trace_id.clone()).or_default().push(record);
    }
    let mut pieces: BTreeMap<(String, String), Pieces> = BTreeMap::new();
    for records in traces.into_values() {
        let keys = session::assign(&records.iter().map(|record| &record.span).collect::<Vec<_>>());
        for (mut record, key) in records.into_iter().zip(keys) {
            let id = (record.span.id.trace_id.clone(), record.span.id.span_id.clone());
            record.span.events.extend(by_span.remove(&id).unwrap_or_default().into_iter().map(|log| log.event));
            let entry = pieces.entry((record.source.to_string(), key)).or_default();
            entry.spans.push(record.span);
            entry.resource.extend(record.resource.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    pieces
        .into_iter()
        .map(|((source, external_id), pieces)| assemble(Pieces { source, external_id, ..pieces }, &ToolList::default()))
        .collect()
}

/// Story and words by session id.
pub fn scenarios(folder: &Path) -> HashMap<String, (String, String)> {
    std::fs::read_to_string(folder.join("scenarios.jsonl"))
        .unwrap()
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let word = |key: &str| row[key].as_str().unwrap().to_owned();
            (word("session_id"), (word("story"), word("what_happens")))
        })
        .collect()
}

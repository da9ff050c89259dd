//! Spans of agent frameworks: what each of them records of a conversation, as the transcript a reviewer reads.
//!
//! Invariant: the transcripts were held against the stories told in `tests/fixtures/dialects/make` by eye; a change here
//! is a change in what reviewers read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/shape.rs"]
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use aftercall::ingest::{Input, Item, Pieces, ReadOptions, Record, SpanRecord, ToolList, assemble, read, session};
use aftercall::model::conversation::Conversation;
use aftercall::model::score::ScoreTarget;
use aftercall::model::step::{Growth, Step, StepContent, growth};
use aftercall::model::trace::{SpanKind, SpanStatus};
use shape::shape;

/// The conversations of a file, in the order of their names.
fn conversations(file: &str) -> Vec<Conversation> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/dialects")).join(file);
    let input = Input { name: file.into(), stem: file.into(), reader: Box::new(std::fs::File::open(path).unwrap()) };
    let mut traces: BTreeMap<String, Vec<SpanRecord>> = BTreeMap::new();
    read(input, &ReadOptions::default(), &mut |item| {
        match item {
            Item::Record(Record::Span(record)) => {
                traces.entry(record.span.id.trace_id.clone()).or_default().push(*record);
            }
            other => panic!("{file}: not a span: {other:?}"),
        }
        ControlFlow::Continue(())
    });
    let mut pieces: BTreeMap<(String, String), Pieces> = BTreeMap::new();
    for records in traces.into_values() {
        let keys = session::assign(&records.iter().map(|record| &record.span).collect::<Vec<_>>());
        for (record, key) in records.into_iter().zip(keys) {
            pieces.entry((record.source.to_string(), key)).or_default().spans.push(record.span);
        }
    }
    let all = pieces.into_iter().map(|((source, external_id), pieces)| {
        assemble(Pieces { source, external_id, ..pieces }, &ToolList::default())
    });
    all.collect()
}

/// A file's conversations as text: system messages, steps with their agents and spans, tools, scores, and how many
/// spans of each kind stand in the tree.
fn told(file: &str) -> String {
    let mut text = String::new();
    for conversation in conversations(file) {
        writeln!(text, "# {} in {}", conversation.external_id.exact(), conversation.source.exact()).unwrap();
        for system in &conversation.system {
            writeln!(text, "system: {}", system.exact()).unwrap();
        }
        for step in &conversation.steps {
            tell(&mut text, step, &conversation);
        }
        let tools: BTreeSet<&str> = conversation.tools.iter().map(|tool| tool.name.exact()).collect();
        writeln!(text, "tools: {}", tools.into_iter().collect::<Vec<_>>().join(", ")).unwrap();
        for score in &conversation.scores {
            let target = match &score.target {
                ScoreTarget::Span(id) => conversation.span(id).unwrap().name.exact(),
                ScoreTarget::Trace { .. } => "trace",
                ScoreTarget::Conversation => "conversation",
            };
            writeln!(text, "score: {} {:?} of {target}", score.evaluator.exact(), score.value).unwrap();
        }
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for span in &conversation.spans {
            *kinds.entry(format!("{:?}", span.kind)).or_default() += 1;
        }
        writeln!(text, "spans: {kinds:?}\n").unwrap();
    }
    text
}

fn tell(text: &mut String, step: &Step, conversation: &Conversation) {
    let agent = step.agent.as_ref().map_or(String::new(), |agent| format!(" [{}]", agent.exact()));
    write!(text, "{} {}", step.number, "  ".repeat(step.depth.into())).unwrap();
    match &step.content {
        StepContent::Message { role, text: words, reasoning } => {
            writeln!(text, "{}{agent}: {}", role.word(), words.exact()).unwrap();
            if let Some(reasoning) = reasoning {
                writeln!(text, "    thought: {}", reasoning.exact()).unwrap();
            }
        }
        StepContent::ToolCall { tool, arguments, result, .. } => {
            let ran = step.span.as_ref().and_then(|id| conversation.span(id));
            let ran = ran.filter(|span| matches!(span.kind, SpanKind::Tool | SpanKind::Handoff));
            let ran = ran.map_or("no execution", |span| span.name.exact());
            writeln!(text, "call{agent} {}({}) by {ran}", tool.exact(), arguments.0.exact()).unwrap();
            match result {
                Some(result) if result.failed => writeln!(text, "    FAILED: {}", result.text.exact()).unwrap(),
                Some(result) => writeln!(text, "    result: {}", result.text.exact()).unwrap(),
                None => writeln!(text, "    open").unwrap(),
            }
        }
    }
}

/// The files with their conversations, traces, spans and error spans, counted apart from this code.
const FILES: &[(&str, [usize; 4])] = &[
    ("autogen-openinference.jsonl", [5, 6, 27, 1]),
    ("autogen-own.jsonl", [2, 2, 64, 1]),
    ("crewai-openinference.jsonl", [2, 2, 14, 1]),
    ("crewai-openllmetry.jsonl", [2, 2, 16, 0]),
    ("mcp-openllmetry.jsonl", [1, 1, 8, 1]),
    ("mcp-own.jsonl", [1, 1, 13, 1]),
    ("mcp-semconv.jsonl", [1, 1, 8, 1]),
    ("openllmetry-flat.jsonl", [1, 2, 15, 1]),
    ("openllmetry.jsonl", [1, 2, 15, 1]),
    ("pydantic-ai.jsonl", [3, 4, 25, 1]),
    ("smolagents.jsonl", [3, 4, 34, 2]),
];

#[test]
fn every_span_is_in_the_tree() {
    for (file, expected) in FILES {
        let all = conversations(file);
        let spans: Vec<_> = all.iter().flat_map(|conversation| &conversation.spans).collect();
        let traces: BTreeSet<&str> = spans.iter().map(|span| span.id.trace_id.as_str()).collect();
        let errors = spans.iter().filter(|span| span.status == SpanStatus::Error).count();
        assert_eq!([all.len(), traces.len(), spans.len(), errors], *expected, "{file}");
    }
}

#[test]
fn every_framework_tells_its_story() {
    for (file, _) in FILES {
        insta::assert_snapshot!(file.trim_end_matches(".jsonl"), told(file));
    }
}

#[test]
fn every_execution_is_one_step() {
    for (file, _) in FILES {
        for conversation in conversations(file) {
            let mut seen = BTreeSet::new();
            for step in conversation.steps.iter().filter(|step| step.tool().is_some()) {
                let span = step.span.as_ref().unwrap();
                let ran = conversation.span(span).unwrap().kind == SpanKind::Tool;
                let new = seen.insert((&span.trace_id, &span.span_id));
                assert!(new || !ran, "{file}: two calls by one execution");
                let decision = conversation.span(step.decision.as_ref().unwrap()).unwrap();
                assert_eq!(decision.kind, SpanKind::Llm, "{file}");
            }
        }
    }
}

/// A store may meet a conversation while it goes on: whatever has ended so far must be how the whole begins.
#[test]
fn a_conversation_only_grows_while_its_spans_arrive() {
    let mut conflicts = Vec::new();
    for (file, _) in FILES {
        for conversation in conversations(file) {
            let mut spans = conversation.spans.clone();
            spans.sort_by_key(|span| span.end);
            for count in 1..spans.len() {
                let part = Pieces { spans: spans[..count].to_vec(), ..Pieces::default() };
                let part = assemble(part, &ToolList::default());
                if !matches!(growth(&part.steps, &conversation.steps), Growth::Same | Growth::Extension) {
                    let (part, whole) = (shape(&part), shape(&conversation));
                    let name = conversation.external_id.exact();
                    conflicts.push(format!("{file} {name} after {count} spans\n{part:#?}\n{whole:#?}"));
                }
            }
        }
    }
    assert!(conflicts.is_empty(), "{} conflicts\n{}", conflicts.len(), conflicts.join("\n"));
}

#[test]
fn tools_are_known_with_their_schemas_however_they_were_offered() {
    for file in ["openllmetry.jsonl", "openllmetry-flat.jsonl"] {
        let all = conversations(file);
        let tool = all[0].tools.iter().find(|tool| tool.name.exact() == "process_refund").unwrap();
        assert_eq!(tool.description.exact(), "Pays an amount back.", "{file}");
        let schema: serde_json::Value = serde_json::from_str(tool.parameters.as_ref().unwrap().exact()).unwrap();
        assert_eq!(schema["properties"]["amount"]["type"], "number", "{file}");
    }
}

/// No machine, user or folder of whoever recorded them is in the files.
#[test]
fn fixtures_name_no_machine() {
    for (file, _) in FILES {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/dialects")).join(file);
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["/tmp", "/home", "/root", "/usr", "site-packages", "process.command", "host.name", "process.pid"] {
            assert!(!text.contains(word), "{file}: {word}");
        }
    }
}

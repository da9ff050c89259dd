//! The forms beside OTLP and chat lists: their counts, their transcripts, and that nothing breaks them.
//!
//! Invariant: every form is found by its content; counts are those of the fixtures' documentation, or derived by
//! counting their rows apart from this code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/shape.rs"]
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aftercall::ingest::{
    Encoding, Fact, Format, ImportedLabel, Input, Item, LogRecord, LogTarget, Pieces, Problem, ReadOptions,
    ReadSummary, Record, Row, Signal, SpanRecord, ToolList, assemble, read, read_request, session,
};
use aftercall::model::conversation::Conversation;
use aftercall::model::score::ScoreTarget;
use aftercall::model::trace::{SpanKind, SpanStatus};
use aftercall::text::Untrusted;
use proptest::prelude::*;
use serde_json::Value;
use shape::shape;

fn shared(path: &str) -> Option<PathBuf> {
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if shared.is_dir() {
        return Some(shared.join(path));
    }
    println!("skipped: ../shared is absent");
    None
}

#[derive(Default)]
struct Read {
    spans: Vec<SpanRecord>,
    logs: Vec<LogRecord>,
    conversations: Vec<Conversation>,
    labels: Vec<ImportedLabel>,
    rows: Vec<Row>,
    format: Format,
    problems: Vec<Problem>,
    summary: ReadSummary,
}

impl Read {
    fn bytes(&mut self, stem: &str, content: &[u8]) {
        let input = Input { name: stem.into(), stem: stem.into(), reader: Box::new(content) };
        let options = ReadOptions { format: self.format, ..ReadOptions::default() };
        let summary = read(input, &options, &mut |item| {
            match item {
                Item::Record(Record::Span(span)) => self.spans.push(*span),
                Item::Record(Record::Log(log)) => self.logs.push(*log),
                Item::Record(Record::Conversation(conversation)) => self.conversations.push(*conversation),
                Item::Row(row) => self.rows.push(*row),
                Item::Label(label) => self.labels.push(*label),
                Item::Problem(problem) => self.problems.push(problem),
            }
            ControlFlow::Continue(())
        });
        self.summary.read += summary.read;
        self.summary.skipped += summary.skipped;
    }

    fn file(path: &Path) -> Self {
        let mut read = Self::default();
        read.add(path);
        read
    }

    fn add(&mut self, path: &Path) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        self.bytes(&stem, &std::fs::read(path).unwrap());
    }

    /// Conversations in order of their names; log records go to their spans by trace and span id.
    fn assemble(self) -> Vec<Conversation> {
        let mut traces: BTreeMap<String, Vec<SpanRecord>> = BTreeMap::new();
        for record in self.spans {
            traces.entry(record.span.id.trace_id.clone()).or_default().push(record);
        }
        for log in self.logs {
            let (trace, span) = match &log.target {
                LogTarget::Span(id) => (Some(&id.trace_id), Some(&id.span_id)),
                LogTarget::Trace(trace) => (Some(trace), None),
                LogTarget::Session(_) | LogTarget::Response { .. } => (None, None),
            };
            let records = traces.values_mut().flatten().filter(|record| {
                let id = &record.span.id;
                trace.is_none_or(|trace| trace.is_empty() || *trace == id.trace_id)
                    && span.is_none_or(|span| *span == id.span_id)
            });
            if let Some(record) = records.into_iter().next() {
                record.span.events.push(log.event);
            }
        }
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
        all.chain(self.conversations).collect()
    }
}

fn counts(all: &[Conversation]) -> [usize; 4] {
    let spans: Vec<_> = all.iter().flat_map(|conversation| &conversation.spans).collect();
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.id.trace_id).collect();
    let errors = spans.iter().filter(|span| span.status == SpanStatus::Error).count();
    [all.len(), traces.len(), spans.len(), errors]
}

fn stories() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(shared("fixtures/otlp/scenarios.jsonl").unwrap()).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["session_id"].as_str().unwrap().to_owned(), row["story"].as_str().unwrap().to_owned()))
        .collect()
}

/// The shapes of the stories as the chat completions of a plain client tell them.
fn told_by(file: &str) -> BTreeMap<String, BTreeSet<Vec<String>>> {
    let stories = stories();
    let mut shapes: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for conversation in Read::file(&shared("fixtures/otlp").unwrap().join(file)).assemble() {
        let story = stories[conversation.external_id.exact()].clone();
        shapes.entry(story).or_default().insert(shape(&conversation));
    }
    shapes
}

#[test]
fn agents_sdk_rows_are_spans_and_tell_the_stories() {
    let Some(path) = shared("fixtures/other/openai-agents-sdk-export.jsonl") else { return };
    let read = Read::file(&path);
    assert_eq!((read.summary.read, read.problems.len()), (472, 0));
    let all = read.assemble();
    // The same run as the OTLP fixtures of that package: 27 conversations, 49 traces, 472 spans, 9 errors.
    assert_eq!(counts(&all), [27, 49, 472, 9]);
    let (stories, told) = (stories(), told_by("openinference-openai-agents.jsonl.zst"));
    let mut compared = 0;
    for conversation in &all {
        let silent = conversation
            .spans
            .iter()
            .any(|span| span.kind == SpanKind::Llm && !span.attributes.contains_key("gen_ai.input.messages"));
        if silent {
            // Response spans carry no content: the tools that ran are all there is.
            assert!(conversation.steps.iter().all(|step| step.tool().is_some()));
            continue;
        }
        let story = &stories[conversation.external_id.exact()];
        compared += 1;
        assert!(told[story].contains(&shape(conversation)), "{story}\n{:#?}\n{:#?}", shape(conversation), told[story]);
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn langchain_dumps_tell_the_stories() {
    let Some(path) = shared("fixtures/other/langchain-messages_to_dict.jsonl") else { return };
    let read = Read::file(&path);
    assert_eq!((read.summary.read, read.problems.len(), read.conversations.len()), (15, 0, 15));
    let (stories, told) = (stories(), told_by("openinference-langchain.jsonl.gz"));
    for conversation in &read.conversations {
        let story = &stories[conversation.external_id.exact()];
        assert!(told[story].contains(&shape(conversation)), "{story}\n{:#?}\n{:#?}", shape(conversation), told[story]);
    }
}

#[test]
fn mlflow_traces_bring_their_assessments() {
    let Some(path) = shared("fixtures/other/mlflow-trace-v3.json") else { return };
    let read = Read::file(&path);
    assert_eq!((read.summary.read, read.problems.len()), (3, 0));
    let all = read.assemble();
    assert_eq!(counts(&all), [1, 1, 3, 1]);
    let conversation = &all[0];
    assert_eq!(conversation.external_id.exact(), "conv-1");
    assert_eq!(shape(conversation), ["user", "process_refund() failed", "assistant"]);
    let score = &conversation.scores[0];
    assert_eq!((conversation.scores.len(), score.evaluator.exact(), score.passed), (1, "correct_tool", Some(false)));
    assert_eq!(score.source, "mlflow:code");
    assert!(matches!(&score.target, ScoreTarget::Trace { trace_id } if trace_id == "9cc582a2ecac37cfd36adfdea1716ef0"));
    assert_eq!(conversation.attributes["team"], "care");
}

#[test]
fn langfuse_scores_find_the_spans_of_the_run() {
    let Some(path) = shared("fixtures/other/langfuse-scores.jsonl") else { return };
    let mut read = Read::file(&shared("fixtures/otlp/langfuse-sdk.jsonl").unwrap());
    read.add(&path);
    assert_eq!((read.logs.len(), read.problems.len()), (31, 0));
    let all = read.assemble();
    assert_eq!(counts(&all), [15, 31, 149, 5]);
    let scores: Vec<_> = all.iter().flat_map(|one| one.scores.iter().map(move |score| (one, score))).collect();
    assert_eq!(scores.len(), 31);
    for (conversation, score) in scores {
        let ScoreTarget::Span(id) = &score.target else { panic!("not a span's") };
        assert!(conversation.span(id).is_some());
        assert!(score.value.is_some() && score.source == "langfuse");
    }
}

#[test]
fn inspect_logs_are_the_same_from_json_and_archive() {
    let Some(folder) = shared("fixtures/other") else { return };
    let json = Read::file(&folder.join("inspect-ai-log.json"));
    let archive = Read::file(&folder.join("inspect-ai-log.eval"));
    for read in [&json, &archive] {
        assert_eq!((read.summary.read, read.problems.len(), read.conversations.len()), (2, 0, 2));
    }
    let mut archive = archive.conversations;
    archive.sort_by(|a, b| a.external_id.exact().cmp(b.external_id.exact()));
    // Two runs of the same samples: ids and times differ, what was said does not.
    for (json, archive) in json.conversations.iter().zip(&archive) {
        assert_eq!((&json.id, json.transcript_hash()), (&archive.id, archive.transcript_hash()));
        assert_eq!((&json.scores, &json.attributes), (&archive.scores, &archive.attributes));
    }
    let [cancel, refund] = json.conversations.as_slice() else { panic!("two samples") };
    assert_eq!(cancel.external_id.exact(), "cancel-1/1");
    assert_eq!(shape(cancel), ["user", "assistant", "get_order(order_id) ok", "assistant"]);
    assert_eq!(
        shape(refund),
        [
            "user",
            "assistant",
            "get_order(order_id) ok",
            "assistant",
            "process_refund(amount,order_id) failed",
            "assistant"
        ]
    );
    assert!(refund.system[0].exact().starts_with("You are Wren"), "an attachment");
    let scores: Vec<_> =
        refund.scores.iter().map(|score| (score.evaluator.exact(), score.value, score.passed)).collect();
    assert_eq!(scores, [("tool_choice", Some(1.0), None), ("includes", None, Some(false))]);
    assert_eq!(refund.segments.intent.as_ref().map(Untrusted::exact), Some("refund"));
}

#[test]
fn who_and_when_annotations_are_labels() {
    let Some(folder) = shared("data/who-and-when") else { return };
    let mut read = Read::default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for path in &files {
        read.add(path);
    }
    assert_eq!((read.conversations.len(), read.labels.len(), read.problems.len()), (126, 126, 0));
    let steps: usize = read.conversations.iter().map(|conversation| conversation.steps.len()).sum();
    let mut agree = 0;
    for (conversation, label) in read.conversations.iter().zip(&read.labels) {
        assert_eq!(conversation.id, label.conversation);
        assert_eq!(conversation.transcript_hash(), label.transcript_hash);
        let step = &conversation.steps[label.step.as_ref().unwrap().step as usize - 1];
        agree += usize::from(step.agent == label.agent);
        assert!(label.reason.is_some());
    }
    // In three logs the annotator's step is another agent's than the one named.
    assert_eq!(agree, 123);
    assert!(steps <= 1099 && steps > 1000, "{steps}");
}

#[test]
fn protobuf_bodies_hold_what_their_bytes_say() {
    let Some(folder) = shared("fixtures/otlp") else { return };
    // Counted with a reader of the wire form alone: spans, traces, error spans.
    for (file, expected) in [
        ("variant-request-body.pb", [64, 14, 3]),
        ("variant-collector-proto.bin", [93, 11, 2]),
        ("variant-collector-json.zst", [93, 11, 2]),
    ] {
        let read = Read::file(&folder.join(file));
        assert_eq!((read.problems.len(), read.summary.read as usize), (0, expected[0]), "{file}");
        let traces: BTreeSet<_> = read.spans.iter().map(|record| &record.span.id.trace_id).collect();
        let errors = read.spans.iter().filter(|record| record.span.status == SpanStatus::Error).count();
        assert_eq!([read.spans.len(), traces.len(), errors], expected, "{file}");
    }
    // Both were written from the same two requests: the encodings end in the same spans.
    let proto = Read::file(&folder.join("variant-collector-proto.bin"));
    let json = Read::file(&folder.join("variant-collector-json.zst"));
    for (a, b) in proto.spans.iter().zip(&json.spans) {
        assert_eq!((&a.span, &a.source, &a.resource), (&b.span, &b.source, &b.resource));
    }
}

#[test]
fn a_request_posted_with_its_signal_known_is_read_at_once() {
    let Some(folder) = shared("fixtures/otlp") else { return };
    let body = std::fs::read(folder.join("variant-request-body.pb")).unwrap();
    let mut spans = 0;
    let mut sink = |item: Item| {
        spans += usize::from(matches!(item, Item::Record(Record::Span(_))));
        ControlFlow::Continue(())
    };
    let options = ReadOptions::default();
    let summary = read_request(body.clone(), Encoding::Protobuf(Signal::Spans), &options, &mut sink);
    assert_eq!((spans, summary.read, summary.skipped), (64, 64, 0));
    // Cut off anywhere, it is refused or read in part, and never more than that.
    for end in (0..body.len()).step_by(997) {
        let mut count = 0;
        let mut sink = |item: Item| {
            count += usize::from(matches!(item, Item::Record(_)));
            ControlFlow::Continue(())
        };
        read_request(body[..end].to_vec(), Encoding::Protobuf(Signal::Spans), &options, &mut sink);
        assert!(count <= 64);
    }
}

fn own(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats")).join(name)
}

const STORY: [&str; 4] = ["user", "get_order(order_id) ok", "process_refund(amount,order_id) failed", "assistant"];

#[test]
fn one_story_from_every_span_export() {
    for files in [
        ["langsmith-runs.jsonl", "langsmith-feedback.jsonl"],
        ["langfuse-trace.json", ""],
        ["langfuse-session-bw-77.json", ""],
        ["langfuse-observations.jsonl", ""],
        ["langfuse-observations.csv", ""],
        ["phoenix-spans.jsonl", "phoenix-annotations.jsonl"],
        ["phoenix-dataframe.jsonl", "phoenix-annotations.jsonl"],
    ] {
        let mut read = Read::default();
        files.iter().filter(|name| !name.is_empty()).for_each(|name| read.add(&own(name)));
        assert_eq!(read.problems, [], "{files:?}");
        let scores = read.logs.len();
        let all = read.assemble();
        assert_eq!(counts(&all), [1, 1, 6, 1], "{files:?}");
        let conversation = &all[0];
        assert_eq!(conversation.external_id.exact(), "bw-77", "{files:?}");
        assert_eq!(shape(conversation), STORY, "{files:?}");
        assert_eq!(conversation.scores.len(), scores, "{files:?} {:?}", conversation.scores);
        assert_eq!(conversation.tools.len(), 2, "{files:?}");
        assert!(conversation.steps.iter().all(|step| step.at.is_some()), "{files:?}");
        let expected = match files[0] {
            name if name.starts_with("langfuse-observ") => 0,
            name if name.starts_with("langfuse") => 2,
            _ => 3,
        };
        assert_eq!(scores, expected, "{files:?}");
    }
}

#[test]
fn scores_of_exports_keep_value_label_and_judge() {
    let told = |files: [&str; 2]| {
        let mut read = Read::default();
        for name in files {
            read.add(&own(name));
        }
        let mut scores = read.assemble().remove(0).scores;
        scores.sort_by(|a, b| a.evaluator.exact().cmp(b.evaluator.exact()));
        scores
            .into_iter()
            .map(|score| {
                let label = score.label.map(|label| label.exact().to_owned());
                let target = match score.target {
                    ScoreTarget::Span(_) => "span",
                    ScoreTarget::Trace { .. } => "trace",
                    ScoreTarget::Conversation => "conversation",
                };
                (
                    score.evaluator.exact().to_owned(),
                    score.value,
                    label,
                    score.passed,
                    score.source.into_owned(),
                    target,
                )
            })
            .collect::<Vec<_>>()
    };
    let row = |name: &str, value, label: Option<&str>, passed, source: &str, target| {
        (name.to_owned(), value, label.map(str::to_owned), passed, source.to_owned(), target)
    };
    assert_eq!(
        told(["langsmith-runs.jsonl", "langsmith-feedback.jsonl"]),
        [
            row("resolved", Some(0.0), None, None, "langsmith:app", "trace"),
            row("right_tool", None, None, Some(true), "langsmith:model", "span"),
            row("tone", None, Some("warm"), None, "langsmith:api", "span"),
        ]
    );
    assert_eq!(
        told(["phoenix-spans.jsonl", "phoenix-annotations.jsonl"]),
        [
            row("note", None, Some("The ledger was down all morning."), None, "phoenix:human", "span"),
            row("resolved", Some(0.0), Some("no"), None, "phoenix:human", "trace"),
            row("tone", Some(0.9), Some("warm"), None, "phoenix:llm", "span"),
        ]
    );
}

#[test]
fn one_story_from_every_list_of_messages() {
    for (file, name) in [
        ("openai-responses.jsonl", Some("bw-77")),
        ("openai-responses-items.json", None),
        ("openai-batch.jsonl", Some("bw-77")),
        ("openai-stored-completions.json", Some("chatcmpl-9")),
        ("langgraph-thread-state.json", Some("bw-77")),
        ("langchain-dumpd.json", None),
    ] {
        let read = Read::file(&own(file));
        let lost = u64::from(file == "openai-batch.jsonl");
        assert_eq!((read.conversations.len(), read.summary.skipped), (1, lost), "{file} {:?}", read.problems);
        let conversation = &read.conversations[0];
        assert_eq!(shape(conversation), STORY, "{file}");
        let external = conversation.external_id.exact();
        assert!(name.map_or(external.starts_with("t1:"), |name| name == external), "{file} {external}");
    }
}

#[test]
fn tau2_users_call_tools_beside_the_thread() {
    let file = Read::file(&own("tau2-results.json"));
    let mut folder = Read::default();
    folder.add(&own("tau2-folder/results.json"));
    folder.add(&own("tau2-folder/simulations/sim-c.json"));
    assert_eq!((file.conversations.len(), file.problems.len()), (2, 0));
    assert_eq!((folder.conversations.len(), folder.problems.len(), folder.summary.skipped), (1, 1, 0));
    for conversation in file.conversations.iter().chain(&folder.conversations) {
        assert_eq!(
            shape(conversation),
            [
                "user",
                "get_order(order_id) ok",
                "assistant",
                ">restart_app() ok",
                "user",
                "process_refund(amount,order_id) failed",
                "assistant"
            ]
        );
        assert_eq!(conversation.steps[3].agent.as_ref().map(Untrusted::exact), Some("user"));
        assert!(conversation.steps.iter().all(|step| step.at.is_some()));
        let expected = conversation.expected.as_ref().unwrap();
        assert_eq!((expected.len(), expected[0].tool.exact()), (1, "process_refund"));
        assert_eq!((conversation.scores.len(), conversation.outcomes["reward"].as_f64()), (6, Some(0.0)));
    }
    assert_eq!(file.conversations[0].external_id.exact(), "sim-a");
    assert_eq!((file.conversations[0].system.len(), file.conversations[0].tools.len()), (1, 2));
    assert_eq!(folder.conversations[0].source.exact(), "tau2");
}

fn rows(file: &str, format: Format) -> Read {
    let path = own(file);
    let mut read = Read { format, ..Read::default() };
    read.add(&path);
    read
}

#[test]
fn score_files_of_every_shape() {
    let told = |read: &Read| {
        let score = |row: &Row| {
            let Fact::Score(score) = &row.fact else { panic!("not a score") };
            let label = score.label.as_ref().map(|label| label.exact().to_owned());
            (score.evaluator.exact().to_owned(), score.value, label, score.passed)
        };
        read.rows.iter().map(score).collect::<Vec<_>>()
    };
    let read = rows("scores.csv", Format::Scores);
    assert_eq!((read.summary.read, read.summary.skipped), (4, 2));
    assert_eq!(read.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(5), Some(6)]);
    assert_eq!(
        told(&read),
        [
            ("faithfulness".to_owned(), Some(0.25), None, Some(false)),
            ("tone".to_owned(), None, Some("warm".to_owned()), None)
        ]
    );
    let Fact::Score(first) = &read.rows[0].fact else { panic!("not a score") };
    assert_eq!(first.explanation.as_ref().map(Untrusted::exact), Some("It says \"called\", twice.\nSecond line."));
    assert_eq!((read.rows[0].key.conversation.as_deref(), first.confidence), (Some("bw-77"), Some(0.8)));

    let read = rows("scores-wide.csv", Format::Scores);
    assert_eq!((read.rows.len(), read.problems.len()), (3, 0));
    assert!(matches!(&read.rows[0].log().unwrap().target, LogTarget::Span(id) if id.span_id == "00000000000000b6"));
    assert!(matches!(read.rows[2].log().unwrap().target, LogTarget::Trace(_)));

    let read = rows("scores.jsonl", Format::Scores);
    // The local metrics' own "passed" means at least a half, whatever they measure.
    assert_eq!(told(&read)[1], ("task_completion".to_owned(), Some(0.7), None, None));

    let read = rows("futureagi-result.json", Format::Scores);
    assert_eq!(read.rows.iter().map(|row| row.key.position).collect::<Vec<_>>(), [Some(1), Some(1), Some(2)]);
    assert_eq!(told(&read)[0], ("task_completion".to_owned(), None, Some("Failed".to_owned()), Some(false)));
    assert_eq!(told(&read)[1], ("tone".to_owned(), None, Some("warm, polite".to_owned()), None));
    assert_eq!(told(&read)[2], ("task_completion".to_owned(), Some(0.4), None, None));
}

#[test]
fn outcomes_references_and_flags() {
    let read = rows("outcomes.csv", Format::Outcomes);
    let Fact::Outcomes(first) = &read.rows[0].fact else { panic!("not outcomes") };
    assert_eq!((first["csat"].as_i64(), first["reopened"].as_bool()), (Some(2), Some(true)));
    assert_eq!((first["refunds paid"].as_f64(), first["order"].as_str()), (Some(0.5), Some("00123")));
    let Fact::Outcomes(second) = &read.rows[1].fact else { panic!("not outcomes") };
    assert_eq!((read.rows.len(), second.len()), (2, 2));

    let calls = |row: &Row| match &row.fact {
        Fact::Expected { calls, reply } => (calls.as_ref().map(Vec::len), reply.is_some()),
        _ => panic!("not a reference"),
    };
    let read = rows("expected.jsonl", Format::Expected);
    assert_eq!(read.rows.iter().map(calls).collect::<Vec<_>>(), [(Some(1), false), (Some(0), false), (None, true)]);
    assert_eq!(read.rows[1].key.task.as_deref(), Some("refund_1"));
    assert!(read.rows[2].key.input.is_some());
    let read = rows("deepeval-goldens.json", Format::Expected);
    assert_eq!((calls(&read.rows[0]), read.rows[0].key.conversation.as_deref()), ((Some(1), true), Some("bw-77")));

    let read = rows("flags.csv", Format::Flags);
    let Fact::Flag { reason, by, at } = &read.rows[0].fact else { panic!("not a flag") };
    assert!(reason.as_ref().unwrap().exact().contains("called"));
    assert_eq!((by.as_ref().unwrap().exact(), at.is_some()), ("customer", true));
}

#[test]
fn mlflow_expectations_are_references() {
    let trace = serde_json::json!({
        "info": {"trace_id": "tr-1", "trace_metadata": {"mlflow.trace.session": "bw-77"}, "assessments": [
            {"assessment_name": "expected_tool_calls", "expectation": {"value": [{"name": "t", "arguments": {"a": 1}}]}},
            {"assessment_name": "expected_response", "expectation": {"value": "Done."}, "span_id": "00000000000000d1"},
            {"assessment_name": "right", "source": {"source_type": "HUMAN"}, "feedback": {"value": "yes"}, "valid": true},
            {"assessment_name": "old", "feedback": {"value": 1}, "valid": false},
            {"assessment_name": "broken", "feedback": {"error": {"error_code": "X"}}},
        ]},
        "data": {"spans": [{"trace_id": "x", "span_id": "00000000000000d1", "name": "root", "attributes": {}}]},
    });
    let mut read = Read::default();
    read.bytes("t", trace.to_string().as_bytes());
    assert_eq!((read.summary.read, read.summary.skipped, read.problems.len()), (1, 0, 2));
    let conversation = &read.assemble()[0];
    assert_eq!(conversation.external_id.exact(), "bw-77");
    let expected = conversation.expected.as_ref().unwrap();
    assert_eq!((expected.len(), expected[0].tool.exact()), (1, "t"));
    assert_eq!(conversation.attributes["expected.expected_response"], "Done.");
    assert_eq!((conversation.scores.len(), conversation.scores[0].source.as_ref()), (1, "mlflow:human"));
}

#[test]
fn forms_mix_in_one_file_and_one_folder() {
    let mut text = String::new();
    for name in ["langsmith-runs.jsonl", "phoenix-spans.jsonl", "langfuse-observations.jsonl", "openai-batch.jsonl"] {
        text.push_str(&std::fs::read_to_string(own(name)).unwrap());
    }
    let mut read = Read::default();
    read.bytes("mixed", text.as_bytes());
    assert_eq!((read.spans.len(), read.conversations.len(), read.summary.skipped), (18, 1, 1));
    let lost = read.problems[0].line;
    assert_eq!(lost, Some(20), "the batch line that failed");
}

#[test]
fn a_told_format_reads_nothing_else() {
    let mut read = Read { format: Format::LangSmith, ..Read::default() };
    read.add(&own("phoenix-spans.jsonl"));
    read.add(&own("langsmith-runs.jsonl"));
    assert_eq!((read.spans.len(), read.summary.skipped), (6, 6));
}

#[test]
fn archives_that_are_no_logs_are_refused() {
    let Some(path) = shared("hostile/import/J21-zip-traversal.zip") else { return };
    let read = Read::file(&path);
    assert_eq!((read.problems.len(), read.summary.read), (1, 0));
    assert!(read.problems[0].message.contains("zip archive"));
    let Some(path) = shared("fixtures/other/inspect-ai-log.eval") else { return };
    let content = std::fs::read(path).unwrap();
    for end in (1..content.len()).step_by(61) {
        let mut read = Read::default();
        read.bytes("cut", &content[..end]);
        assert!(read.conversations.is_empty() && !read.problems.is_empty(), "{end}");
    }
}

/// Every file of the repository, and those beside it that are small enough to be damaged many times over.
fn seeds() -> Vec<(Format, Vec<u8>)> {
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(own("")).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let format = match name {
            name if name.starts_with("scores") || name.starts_with("futureagi") => Format::Scores,
            "outcomes.csv" => Format::Outcomes,
            "expected.jsonl" | "deepeval-goldens.json" => Format::Expected,
            "flags.csv" => Format::Flags,
            "README.md" | "tau2-folder" => continue,
            _ => Format::Auto,
        };
        seeds.push((format, std::fs::read(path).unwrap()));
    }
    for name in ["other/mlflow-trace-v3.json", "other/inspect-ai-log.eval", "otlp/variant-request-body.pb"] {
        if let Some(path) = shared("fixtures").map(|folder| folder.join(name)) {
            seeds.push((Format::Auto, std::fs::read(path).unwrap()));
        }
    }
    seeds.sort_by(|a, b| a.1.cmp(&b.1));
    seeds
}

const FORMS: [Format; 17] = [
    Format::Auto,
    Format::OpenAi,
    Format::Tau,
    Format::Tau2,
    Format::AgentsSdk,
    Format::LangChain,
    Format::Responses,
    Format::Langfuse,
    Format::LangSmith,
    Format::Phoenix,
    Format::MlFlow,
    Format::Inspect,
    Format::WhoAndWhen,
    Format::Scores,
    Format::Outcomes,
    Format::Expected,
    Format::Flags,
];

/// Reads and assembles; what is counted as lost is what the problems say.
fn survives(format: Format, content: &[u8]) {
    let mut read = Read { format, ..Read::default() };
    read.bytes("arbitrary", content);
    let lost: u64 = read.problems.iter().map(|problem| problem.lost).sum();
    let whole = read.spans.len() + read.logs.len() + read.conversations.len() + read.rows.len();
    assert_eq!((read.summary.skipped, read.summary.read), (lost, lost + whole as u64));
    for conversation in read.assemble() {
        conversation.transcript_hash();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn damaged_exports_never_panic(
        seed in 0..1000_usize,
        cuts in prop::collection::vec((0.0..1.0_f64, any::<u8>(), 0..4_u8), 1..8),
    ) {
        let seeds = seeds();
        let (format, mut content) = seeds[seed % seeds.len()].clone();
        for (place, byte, what) in cuts {
            if content.is_empty() {
                break;
            }
            let at = (place * content.len() as f64) as usize;
            match what {
                0 => content[at] = byte,
                1 => content.truncate(at),
                2 => content.insert(at, byte),
                _ => { content.remove(at); }
            }
        }
        survives(format, &content);
    }

    #[test]
    fn arbitrary_bytes_never_panic_in_any_form(form in 0..FORMS.len(), content in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(FORMS[form], &content);
        for magic in [&b"PK\x03\x04"[..], b"\x0a\x80\x01\x0a", b"\0\0\0\x10\x0a\x80\x01\x0a", b"id,trace_id\n"] {
            survives(FORMS[form], &[magic, &content].concat());
        }
    }

    #[test]
    fn records_with_members_of_any_kind_never_panic(form in 0..FORMS.len(), members in prop::collection::vec((any::<prop::sample::Index>(), value()), 0..9)) {
        let object: serde_json::Map<String, Value> =
            members.into_iter().map(|(name, value)| (NAMES[name.index(NAMES.len())].to_owned(), value)).collect();
        survives(FORMS[form], Value::Object(object.clone()).to_string().as_bytes());
        survives(FORMS[form], serde_json::json!([object.clone(), {"data": [object]}]).to_string().as_bytes());
    }
}

/// Names that mean something to some form.
const NAMES: &[&str] = &[
    "object",
    "id",
    "trace_id",
    "traceId",
    "span_id",
    "span_data",
    "parent_id",
    "started_at",
    "error",
    "messages",
    "type",
    "role",
    "content",
    "values",
    "info",
    "data",
    "spans",
    "assessments",
    "observations",
    "traces",
    "scores",
    "value",
    "name",
    "timestamp",
    "startTime",
    "start_time",
    "sessionId",
    "input",
    "output",
    "metadata",
    "run_type",
    "key",
    "run_id",
    "score",
    "dotted_order",
    "child_runs",
    "inputs",
    "outputs",
    "extra",
    "context",
    "span_kind",
    "attributes",
    "events",
    "annotator_kind",
    "result",
    "history",
    "mistake_agent",
    "mistake_step",
    "task_id",
    "reward_info",
    "simulations",
    "tasks",
    "samples",
    "eval",
    "epoch",
    "target",
    "attachments",
    "request",
    "response",
    "body",
    "custom_id",
    "choices",
    "evaluations",
    "evaluator",
    "expected_tools",
    "tool_calls",
    "traj",
    "environment",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~é\u{0}\u{202e}]{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "trace",
            "trace.span",
            "human",
            "ai",
            "user",
            "tool",
            "llm",
            "list",
            "response",
            "2026-01-01 00:00:00",
            "{\"a\":1}",
            "[]"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let name = any::<prop::sample::Index>();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(name, value)| (NAMES[name.index(NAMES.len())].to_owned(), value)).collect()
            }),
        ]
    })
}

#[test]
fn depth_in_any_member_ends_somewhere() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(60_000), close.repeat(60_000));
    let list = deep("[", "]");
    let mut texts = vec![
        deep(r#"{"data":["#, "]}"),
        deep(r#"{"trace":"#, "}"),
        deep(r#"{"child_runs":[{"id":1,"run_type":"#, "}]}"),
    ];
    for (form, member) in [
        (r#""object":"trace.span","id":"a","trace_id":"b""#, "span_data"),
        (r#""info":{"trace_id":"t"}"#, "data"),
        (r#""run_type":"llm","id":"a","trace_id":"b""#, "inputs"),
        (r#""run_type":"tool","id":"a","trace_id":"b""#, "child_runs"),
        (r#""context":{"trace_id":"a","span_id":"b"},"span_kind":"LLM""#, "attributes"),
        (r#""id":"a","timestamp":"2026-01-01","observations":[]"#, "metadata"),
        (r#""traceId":"a","id":"b","type":"SPAN","startTime":1"#, "input"),
        (r#""traceId":"a","name":"n""#, "value"),
        (r#""mistake_agent":"a","mistake_step":"0""#, "history"),
        (r#""task_id":"a","id":"b","reward_info":{}"#, "messages"),
        (r#""eval":{"task":"t"}"#, "samples"),
        (r#""tasks":[]"#, "simulations"),
        (r#""custom_id":"a""#, "response"),
        (r#""custom_id":"a","body":{}"#, "request"),
    ] {
        texts.push(format!(r#"{{{form},"{member}":{list}}}"#));
        texts.push(format!(r#"{{{form},"{member}":[{list}]}}"#));
        texts.push(format!(r#"{{{form},"{member}":{{"x":{list},"messages":{list},"spans":[{list}]}}}}"#));
    }
    for text in &texts {
        for format in FORMS {
            survives(format, text.as_bytes());
        }
    }
}

#[test]
fn pages_of_records_are_opened() {
    let spans = std::fs::read_to_string(own("phoenix-spans.jsonl")).unwrap();
    let list = format!("[{}]", spans.trim().replace('\n', ","));
    for page in [
        format!(r#"{{"data":{list},"next_cursor":null}}"#),
        format!(r#"{{"spans":{list}}}"#),
        list.clone(),
        format!(r#"{{"data":[{{"items":{list}}}]}}"#),
    ] {
        let mut read = Read::default();
        read.bytes("page", page.as_bytes());
        assert_eq!((read.spans.len(), read.problems.len()), (6, 0));
    }
}

#[test]
fn annotated_logs_count_entries_and_not_steps() {
    let log = serde_json::json!({
        "is_corrected": false, "question": "Which tyre fits?", "level": 1, "mistake_agent": "WebSurfer",
        "mistake_step": "3", "mistake_reason": "It opened another shop.", "mistake_type": "x",
        "history": [
            {"role": "human", "content": "Which tyre fits?"},
            {"role": "Orchestrator (thought)", "content": ""},
            {"role": "Orchestrator (-> WebSurfer)", "content": "Look it up."},
            {"role": "WebSurfer", "content": "I looked elsewhere."},
        ],
    });
    let mut read = Read::default();
    read.bytes("7", log.to_string().as_bytes());
    assert_eq!(read.problems, []);
    let (conversation, label) = (&read.conversations[0], &read.labels[0]);
    assert_eq!(shape(conversation), ["user", "assistant", "assistant"]);
    // The blank entry is no step: the fourth entry is the third step.
    assert_eq!((label.step.as_ref().unwrap().step, conversation.external_id.exact()), (3, "7"));
    assert_eq!((label.reviewer.as_str(), label.agent.as_ref().unwrap().exact()), ("who-and-when", "WebSurfer"));
    assert_eq!(conversation.outcomes["mistake_step"], "3");
    assert!(!conversation.attributes.contains_key("mistake_reason"));

    let beyond = log.to_string().replace(r#""mistake_step":"3""#, r#""mistake_step":"9""#);
    let mut read = Read::default();
    read.bytes("7", beyond.as_bytes());
    assert_eq!((read.labels.len(), read.labels[0].step.is_none(), read.problems.len()), (1, true, 1));
}

#[test]
fn score_rows_of_other_programs_are_rows_too() {
    let evaluators = |name: &str, content: &str| {
        let mut read = Read { format: Format::Scores, ..Read::default() };
        read.bytes(name, content.as_bytes());
        assert_eq!(read.problems, [], "{name}");
        let score = |row: &Row| match &row.fact {
            Fact::Score(score) => (score.evaluator.exact().to_owned(), matches!(score.target, ScoreTarget::Span(_))),
            _ => panic!("not a score"),
        };
        read.rows.iter().map(score).collect::<Vec<_>>()
    };
    let named = |name: &str, span| (name.to_owned(), span);
    let feedback = std::fs::read_to_string(own("langsmith-feedback.jsonl")).unwrap();
    let expected = [named("resolved", false), named("right_tool", true), named("tone", true)];
    assert_eq!(evaluators("feedback", &feedback), expected);
    let annotations = std::fs::read_to_string(own("phoenix-annotations.jsonl")).unwrap();
    let scored: String = annotations.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(evaluators("annotations", &scored), [named("tone", true), named("resolved", false)]);
    let frame = "context.span_id,label,score,explanation\n00000000000000c6,warm,0.9,kind\n";
    assert_eq!(evaluators("tone", frame), [named("tone", true)]);
}

#[test]
fn items_that_are_not_understood_cost_themselves_only() {
    let list = serde_json::json!([
        {"role": "user", "content": "Any news on my helmet?"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "helmet"}},
        {"type": "item_reference", "id": "x"},
        {"type": "mcp_call", "id": "m_1", "name": "track", "arguments": "{\"id\":1}", "output": null, "error": "down"},
        {"type": "custom_tool_call", "call_id": "c", "name": "note", "input": "free text"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "noted"},
        {"role": "assistant", "tool_calls": [{"id": "d", "function": {"name": "t", "arguments": "{}"}}]},
        {"role": "assistant", "content": "It is on its way."},
    ]);
    let shape_of = |text: &str, format: Format, lost: u64| {
        let mut read = Read { format, ..Read::default() };
        read.bytes("items", text.as_bytes());
        assert_eq!((read.conversations.len(), read.summary.skipped), (1, lost), "{:?}", read.problems);
        shape(&read.conversations[0])
    };
    let expected = ["user", "web_search(query) open", "track(id) failed", "note(not json) ok", "t() open", "assistant"];
    // In an array of its own a reference is no message: it is told as lost.
    assert_eq!(shape_of(&list.to_string(), Format::Auto, 1), expected);
    assert_eq!(shape_of(&list.to_string(), Format::OpenAi, 1), expected);
    let pair = serde_json::json!({"custom_id": "a", "body": {"input": list}, "response": {"body": {"output": []}}});
    assert_eq!(shape_of(&pair.to_string(), Format::Auto, 0), expected);
}

#[test]
fn runs_that_the_sdk_posted_tell_the_story() {
    let read = Read::file(&own("langsmith-sdk-runs.jsonl"));
    assert_eq!((read.summary.read, read.problems.len()), (6, 0));
    let all = read.assemble();
    assert_eq!(counts(&all), [1, 1, 6, 1]);
    let conversation = &all[0];
    assert_eq!((conversation.external_id.exact(), conversation.source.exact()), ("bw-78", "bikes-care"));
    assert_eq!(shape(conversation), STORY);
    let failed = conversation.spans.iter().find(|span| span.status == SpanStatus::Error).unwrap();
    assert_eq!(failed.error.as_ref().map(Untrusted::exact), Some("RuntimeError('503 ledger unavailable')"));
    assert_eq!(conversation.segments.channel.as_ref().map(Untrusted::exact), Some("chat"));
}

//! Hostile and odd inputs: what is lost is told, and nothing takes its neighbours along.
//!
//! Invariant: no problem's message holds text of the input.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::ops::ControlFlow;
use std::path::PathBuf;

use aftercall::ingest::{
    Format, Input, Item, Limits, Pieces, Problem, ProblemKind, ReadOptions, ReadSummary, Record, ToolList, assemble,
    read, session,
};
use aftercall::model::conversation::Conversation;
use aftercall::model::step::{Role, StepContent};
use aftercall::model::trace::{Span, SpanOddity};
use proptest::prelude::*;

fn shared() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared is absent");
    None
}

#[derive(Default)]
struct Outcome {
    conversations: Vec<Conversation>,
    spans: Vec<Span>,
    problems: Vec<Problem>,
    summary: ReadSummary,
}

impl Outcome {
    fn kinds(&self) -> Vec<(ProblemKind, u64)> {
        self.problems.iter().map(|problem| (problem.kind, problem.lost)).collect()
    }
}

fn bytes(input: &[u8], options: &ReadOptions) -> Outcome {
    let mut outcome = Outcome::default();
    let input = Input { name: "input".into(), stem: "input".into(), reader: Box::new(input) };
    outcome.summary = read(input, options, &mut |item| {
        match item {
            Item::Record(Record::Span(record)) => outcome.spans.push(record.span),
            Item::Record(Record::Conversation(conversation)) => outcome.conversations.push(*conversation),
            Item::Record(Record::Log(_)) | Item::Label(_) | Item::Row(_) => {}
            Item::Problem(problem) => outcome.problems.push(problem),
        }
        ControlFlow::Continue(())
    });
    outcome
}

fn file(name: &str) -> Option<Outcome> {
    let content = std::fs::read(shared()?.join("hostile").join(name)).unwrap();
    Some(bytes(&content, &ReadOptions::default()))
}

fn whole(spans: Vec<Span>) -> Conversation {
    let keys = session::assign(&spans.iter().collect::<Vec<_>>());
    let external_id = keys.first().cloned().unwrap_or_default();
    assemble(Pieces { source: "s".into(), external_id, spans, ..Pieces::default() }, &ToolList::default())
}

/// Conversations imported, and the kinds of problems with what each cost.
#[test]
fn import_cases_lose_what_they_must_and_no_more() {
    use ProblemKind as K;
    type Lost = &'static [(K, u64)];
    let cases: &[(&str, usize, Lost)] = &[
        ("J01-raw-escape-byte.jsonl", 2, &[(K::InvalidJson, 1)]),
        ("J02-depth-127.json", 0, &[(K::NotARecord, 1), (K::Refused, 0)]),
        ("J03-depth-100000.jsonl", 2, &[(K::BadMessage, 1)]),
        ("J04-truncated-last-line.jsonl", 1, &[(K::Truncated, 1)]),
        ("J05-bom.jsonl", 1, &[]),
        ("J06-utf16le.jsonl", 0, &[(K::Refused, 0)]),
        ("J07-invalid-utf8.jsonl", 2, &[(K::InvalidUtf8, 1)]),
        ("J08-lone-surrogate.jsonl", 2, &[(K::InvalidJson, 1)]),
        ("J09-duplicate-keys.jsonl", 0, &[(K::DuplicateKey, 1)]),
        ("J10-big-numbers.jsonl", 1, &[]),
        ("J11-empty.jsonl", 0, &[]),
        ("J12-blank-lines.jsonl", 1, &[]),
        ("J13-not-objects.jsonl", 1, &[(K::NotARecord, 1); 6]),
        ("J14-crlf-no-final-newline.jsonl", 2, &[]),
        ("J16-same-id-same-content.jsonl", 2, &[]),
        ("J17-same-id-other-content.jsonl", 2, &[]),
        ("J21-zip-traversal.zip", 0, &[(K::Refused, 0)]),
        ("J22-gz-name-plain-content.jsonl.gz", 1, &[]),
        ("J23-pretty-printed.jsonl", 1, &[]),
    ];
    for (name, imported, problems) in cases {
        let Some(outcome) = file(&format!("import/{name}")) else { return };
        assert_eq!(outcome.kinds(), *problems, "{name} {:?}", outcome.problems);
        assert_eq!(outcome.conversations.len(), *imported, "{name}");
        let told = (*imported as u64) + problems.iter().map(|(_, lost)| lost).sum::<u64>();
        assert_eq!(outcome.summary.read, told, "{name}");
    }
}

#[test]
fn problems_say_where_and_never_what() {
    let Some(outcome) = file("import/J07-invalid-utf8.jsonl") else { return };
    let problem = &outcome.problems[0];
    assert_eq!(problem.line, Some(2));
    let content = std::fs::read(shared().unwrap().join("hostile/import/J07-invalid-utf8.jsonl")).unwrap();
    assert!(std::str::from_utf8(&content[..problem.byte.unwrap() as usize]).is_ok(), "points at the first bad byte");
    assert!(std::str::from_utf8(&content[..=problem.byte.unwrap() as usize]).is_err());
    let truncated = file("import/J04-truncated-last-line.jsonl").unwrap();
    assert!(truncated.problems[0].message.contains("truncated?"));
    let encoded = file("import/J06-utf16le.jsonl").unwrap();
    assert!(encoded.problems[0].message.contains("UTF-16"));
    let secret = r#"{"messages": "SECRET", "conversation_id": {"SECRET": 1}}
        {"messages": [{"role": "SECRET", "content": "x"}]}
        {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "SECRET", "spanId": {"SECRET": 2}}, "SECRET"]}]}]}
        {"resourceSpans": "SECRET"}
        {"messages": [{"role": "user", "SECRET": SECRET}]}"#;
    let outcome = bytes(secret.as_bytes(), &ReadOptions::default());
    assert_eq!(outcome.problems.len(), 6, "{:?}", outcome.problems);
    assert!(outcome.problems.iter().all(|problem| !problem.message.contains("SECRET")), "{:?}", outcome.problems);
}

#[test]
fn odd_roles_and_contents_are_refused_with_a_reason() {
    let Some(outcome) = file("import/J15-role-and-content-oddities.jsonl") else { return };
    assert_eq!(outcome.conversations.len(), 1, "the one made of parts");
    let StepContent::Message { text, .. } = &outcome.conversations[0].steps[0].content else { panic!("no message") };
    assert_eq!(text.exact(), "part\n[image]");
    assert_eq!((outcome.summary.read, outcome.summary.skipped), (10, 9));
}

#[test]
fn arguments_survive_digit_for_digit() {
    let Some(outcome) = file("import/J10-big-numbers.jsonl") else { return };
    let exact = r#"{"order_id":12345678901234567890123,"amount":0.1000000000000000055,"neg":-0,"exp":1e400}"#;
    let StepContent::ToolCall { arguments, .. } = &outcome.conversations[0].steps[1].content else { panic!("no call") };
    assert_eq!(arguments.0.exact(), exact);
    let Some(outcome) = file("import/J18-tool-arguments-oddities.jsonl") else { return };
    assert_eq!((outcome.conversations.len(), outcome.problems.len()), (10, 0));
    let raw: Vec<&str> = outcome
        .conversations
        .iter()
        .flat_map(|conversation| &conversation.steps)
        .filter_map(|step| match &step.content {
            StepContent::ToolCall { arguments, .. } => Some(arguments.0.exact()),
            StepContent::Message { .. } => None,
        })
        .collect();
    assert_eq!(raw[..5], ["", "null", "{", r#"{"a":1}{"b":2}"#, r#"{"a":1} trailing"#]);
    let text = r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"function":{"name":"t","arguments":ARGS}}]}]}"#;
    let hash = |arguments: &str| {
        let outcome = bytes(text.replace("ARGS", arguments).as_bytes(), &ReadOptions::default());
        outcome.conversations[0].transcript_hash()
    };
    assert_eq!(
        hash(r#"{"b": 1, "a": 123456789012345678901234}"#),
        hash(r#""{\"a\":123456789012345678901234,\"b\":1}""#)
    );
}

#[test]
fn odd_scores_never_become_zero() {
    let Some(outcome) = file("import/J19-score-oddities.jsonl") else { return };
    let invalid = outcome.problems.iter().filter(|problem| problem.kind == ProblemKind::InvalidJson).count();
    let unusable = outcome.problems.iter().filter(|problem| problem.kind == ProblemKind::BadScore).count();
    assert_eq!((outcome.conversations.len(), invalid, unusable), (11, 1, 5), "{:?}", outcome.problems);
    let scores = || outcome.conversations.iter().flat_map(|conversation| &conversation.scores);
    assert!(scores().all(|score| score.value != Some(0.0)));
    let values: Vec<Option<f64>> = scores().map(|score| score.value).collect();
    assert_eq!(values, [None, None, Some(-1.0), Some(2.0), Some(1e308), Some(0.4)]);
}

#[test]
fn a_stream_that_expands_beyond_belief_is_stopped() {
    let Some(outcome) = file("import/J20-gzip-1000x.jsonl.gz") else { return };
    assert!(
        outcome.conversations.len() == 1 || outcome.problems[0].message.contains("times"),
        "{:?}",
        outcome.problems
    );
    let mut bomb = Vec::new();
    let mut encoder = flate2::write::GzEncoder::new(&mut bomb, flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b' '; 4 << 20]).unwrap();
    encoder.finish().unwrap();
    let limits = Limits { expansion_free: 1 << 20, ..Limits::default() };
    let outcome = bytes(&bomb, &ReadOptions { limits, ..ReadOptions::default() });
    assert_eq!(outcome.kinds(), [(ProblemKind::TooLarge, 1)]);
    assert!(outcome.problems[0].message.contains("400 times"), "{:?}", outcome.problems);
}

#[test]
fn a_line_above_the_limit_is_skipped_alone() {
    let good = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    let text = format!("{good}\n{}\n{good}\n", good.replace('x', &"x".repeat(300)));
    let limits = Limits { record: 200, ..Limits::default() };
    let outcome = bytes(text.as_bytes(), &ReadOptions { limits, ..ReadOptions::default() });
    assert_eq!((outcome.conversations.len(), outcome.kinds()), (2, vec![(ProblemKind::TooLarge, 1)]));
    assert_eq!(outcome.problems[0].line, Some(2));
}

#[test]
fn a_record_above_the_limit_ends_a_document_and_a_long_document_of_short_ones_does_not() {
    let good = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    let limits = Limits { record: 200, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let short = format!("[\n{}\n]", vec![good; 50].join(",\n"));
    let outcome = bytes(short.as_bytes(), &options);
    assert_eq!((outcome.conversations.len(), outcome.kinds()), (50, vec![]));
    let long = format!("[\n{good},\n{}\n]", good.replace('x', &"x".repeat(300)));
    let outcome = bytes(long.as_bytes(), &options);
    assert_eq!((outcome.conversations.len(), outcome.kinds()), (1, vec![(ProblemKind::TooLarge, 1)]));
}

#[test]
fn span_cases_keep_every_span_once() {
    let cases: &[(&str, usize, SpanOddity, usize)] = &[
        ("S01-self-parent.json", 1, SpanOddity::SelfParent, 1),
        ("S02-two-cycle.json", 3, SpanOddity::CycleCut, 1),
        ("S03-orphans.json", 21, SpanOddity::Orphan, 20),
        ("S04-duplicate-span-ids.json", 2, SpanOddity::DuplicateId, 1),
        ("S05-chain-3000-deep.json", 3000, SpanOddity::Orphan, 0),
        ("S06-fanout-5000.json", 5001, SpanOddity::Orphan, 0),
        ("S07-time-oddities.json", 5, SpanOddity::ImpossibleTime, 4),
        ("S08-two-roots-and-bad-ids.json", 2, SpanOddity::Orphan, 0),
    ];
    for (name, count, oddity, odd) in cases {
        let Some(outcome) = file(&format!("spans/{name}")) else { return };
        let lost: u64 = outcome.problems.iter().map(|problem| problem.lost).sum();
        assert_eq!(lost, if name.starts_with("S08") { 3 } else { 0 }, "{name}");
        let conversation = whole(outcome.spans);
        assert_eq!(conversation.spans.len(), *count, "{name}");
        let found = conversation.spans.iter().filter(|span| span.oddities.contains(oddity)).count();
        assert_eq!(found, *odd, "{name}");
        assert!(
            conversation.spans.iter().all(|span| span.duration_micros().is_none_or(|length| length >= 0)),
            "{name}"
        );
    }
}

#[test]
fn text_cases_are_exact() {
    let Some(shared) = shared() else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(shared.join("hostile/text")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(payload) = std::fs::read(path.with_extension("payload")) else { continue };
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let payload = String::from_utf8(payload).unwrap();
        let outcome = bytes(&std::fs::read(&path).unwrap(), &ReadOptions::default());
        assert_eq!(outcome.problems, [], "{path:?}");
        let texts = outcome.conversations.iter().flat_map(|conversation| &conversation.steps).map(|step| &step.content);
        let said: Vec<&str> = texts
            .filter_map(|content| match content {
                StepContent::Message { role: Role::User, text, .. } => Some(text.exact()),
                _ => None,
            })
            .collect();
        assert!(said.iter().any(|text| text.contains(payload.as_str())) || said.len() > 1, "{path:?}");
        checked += 1;
    }
    assert!(checked > 15);
}

/// Spans in the fixture of the collector's `format: proto`: field 2 of field 2 of field 1, counted without this decoder.
const PROTO_SPANS: usize = 93;

/// Spans in the fixture of one request body, counted the same way.
const BODY_SPANS: usize = 64;

#[test]
fn damaged_and_framed_variants() {
    let Some(shared) = shared() else { return };
    let variant =
        |name: &str| bytes(&std::fs::read(shared.join("fixtures/otlp").join(name)).unwrap(), &ReadOptions::default());
    let damaged = variant("variant-damaged.jsonl");
    assert_eq!(damaged.kinds(), [(ProblemKind::Truncated, 1)]);
    assert_eq!(damaged.problems[0].line, Some(4));
    let conversation = whole(damaged.spans.clone());
    assert!(conversation.spans.len() < damaged.spans.len(), "the repeated request adds nothing");
    let framed = variant("variant-collector-json.zst");
    assert_eq!((framed.problems.len(), framed.spans.is_empty()), (0, false));
}

/// The forms of one run that its collector wrote hold the same spans, whatever they are wrapped in.
#[test]
fn protobuf_variants_hold_the_spans_of_their_twins() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("fixtures/otlp");
    let mut twins = std::collections::HashMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") && !path.to_string_lossy().contains("variant")
        {
            let read = bytes(&std::fs::read(path).unwrap(), &ReadOptions::default());
            twins.extend(read.spans.into_iter().map(|span| (span.id.clone(), span)));
        }
    }
    for (name, expected) in [("variant-collector-proto.bin", PROTO_SPANS), ("variant-request-body.pb", BODY_SPANS)] {
        let found = bytes(&std::fs::read(folder.join(name)).unwrap(), &ReadOptions::default());
        assert_eq!((found.problems.len(), found.spans.len()), (0, expected), "{name}");
        for span in found.spans {
            assert_eq!(Some(&span), twins.get(&span.id), "{name}");
        }
    }
}

#[test]
fn tau_bench_results() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/tau-bench");
    let mut tools = ToolList::parse("t", &std::fs::read_to_string(folder.join("airline-tools.json")).unwrap()).unwrap();
    tools.merge(ToolList::parse("e", &std::fs::read_to_string(shared.join("data/effects.toml")).unwrap()).unwrap());
    let options = ReadOptions { tools, ..ReadOptions::default() };
    let airline = bytes(&std::fs::read(folder.join("gpt-4o-airline.json")).unwrap(), &options);
    assert_eq!(airline.problems, []);
    assert_eq!(airline.conversations.len(), 200);
    let failed = |outcome: &Outcome| {
        outcome
            .conversations
            .iter()
            .filter(|conversation| conversation.outcomes["reward"].as_f64() != Some(1.0))
            .count()
    };
    assert_eq!(failed(&airline), 116);
    assert!(airline.conversations.iter().all(|conversation| conversation.expected.is_some()));
    assert!(
        airline.conversations.iter().all(|conversation| conversation.tools.iter().all(|tool| !tool.effect_guessed))
    );
    let calls: u32 = airline.conversations.iter().map(|conversation| conversation.counts().tool_calls).sum();
    assert_eq!(calls, 1164);
    let ids: std::collections::BTreeSet<_> =
        airline.conversations.iter().map(|conversation| &conversation.id).collect();
    assert_eq!(ids.len(), 200);
    let retail = bytes(&std::fs::read(folder.join("retail-assertions-agent.json")).unwrap(), &ReadOptions::default());
    assert_eq!(retail.problems, []);
    assert_eq!((retail.conversations.len(), failed(&retail)), (100, 51));
    let calls = retail.conversations.iter().flat_map(|conversation| &conversation.steps).filter_map(|step| match &step
        .content
    {
        StepContent::ToolCall { arguments, result, .. } => Some((arguments, result)),
        StepContent::Message { .. } => None,
    });
    let calls: Vec<_> = calls.collect();
    assert_eq!(calls.len(), 632);
    assert!(calls.iter().all(|(arguments, _)| arguments.parsed().is_some_and(|value| value.is_object())));
    let loose = retail
        .conversations
        .iter()
        .flat_map(|conversation| &conversation.steps)
        .filter(|step| matches!(&step.content, StepContent::Message { role: Role::Tool, .. }));
    assert_eq!(loose.count(), 0);
    assert!(calls.iter().all(|(_, result)| result.is_some()));
}

#[test]
fn depth_anywhere_ends_somewhere() {
    let deep = |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let arguments = deep("[", "]", 100_000);
    let parts = deep(r#"[{"type":"tool_result","content":"#, "}]", 20_000);
    let texts = [
        format!(
            r#"{{"messages":[{{"role":"user","content":"x"}},{{"role":"assistant","tool_calls":[{{"function":{{"name":"t","arguments":{arguments}}}}}]}}]}}"#
        ),
        format!(
            r#"{{"messages":[{{"role":"user","content":"x"}},{{"role":"assistant","tool_calls":[{{"function":{{"name":"t","arguments":"{arguments}"}}}}]}}]}}"#
        ),
        format!(r#"{{"messages":[{{"role":"user","content":"x"}},{{"role":"user","content":{parts}}}]}}"#),
        format!(
            r#"{{"messages":[{{"role":"user","content":"x"}}],"metadata":{arguments},"scores":{arguments},"tools":{arguments}}}"#
        ),
        format!(r#"{{"task_id":1,"traj":{arguments},"info":{arguments}}}"#),
        format!(r#"{{"resourceSpans":[{{"resource":{arguments},"scopeSpans":[{{"spans":[{arguments}]}}]}}]}}"#),
    ];
    for text in texts {
        for conversation in bytes(text.as_bytes(), &ReadOptions::default()).conversations {
            conversation.transcript_hash();
        }
    }
    let attribute =
        |key: &str, text: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":{}}}}}"#, serde_json::json!(text));
    let keys = [
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "input.value",
        "output.value",
        "metadata",
        "gen_ai.tool.definitions",
    ];
    for content in [&arguments, &parts] {
        let attributes = keys.map(|key| attribute(key, content)).join(",");
        let span = format!(
            r#"{{"traceId":"{}","spanId":"{}","name":"chat","attributes":[{},{attributes}]}}"#,
            "a".repeat(32),
            "b".repeat(16),
            attribute("gen_ai.operation.name", "chat")
        );
        let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
        let outcome = bytes(text.as_bytes(), &ReadOptions::default());
        assert_eq!(outcome.spans.len(), 1);
        whole(outcome.spans);
    }
}

#[test]
fn a_stopped_reader_stops() {
    let good = "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n".repeat(10);
    let mut count = 0;
    let input = Input { name: "i".into(), stem: "i".into(), reader: Box::new(good.as_bytes()) };
    let summary = read(input, &ReadOptions::default(), &mut |_| {
        count += 1;
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((count, summary.stopped, summary.read), (3, true, 3));
}

fn sample_spans() -> Vec<Span> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/fixtures/otlp/openinference-openai-agents.jsonl.zst");
    let Ok(content) = std::fs::read(path) else { return Vec::new() };
    let spans = bytes(&content, &ReadOptions::default()).spans;
    let key = |span: &Span| span.attributes.get("session.id").cloned();
    let first = spans.iter().rev().find_map(key);
    spans.into_iter().filter(|span| key(span) == first).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(content in proptest::collection::vec(any::<u8>(), 0..400)) {
        bytes(&content, &ReadOptions::default());
    }

    #[test]
    fn arbitrary_json_like_text_never_panics(content in r#"(\{"(messages|resourceSpans|traj|task_id|role|a)":|\[|\]|\}|,|"[a-z]{0,3}"|[0-9]|null|\n| ){0,60}"#) {
        for format in [Format::Auto, Format::Otlp, Format::OpenAi, Format::Tau] {
            bytes(content.as_bytes(), &ReadOptions { format, ..ReadOptions::default() });
        }
    }

    #[test]
    fn damaged_requests_never_panic(at in 0_usize..60_000, byte in any::<u8>()) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/fixtures/otlp/variant-base64-ids-enum-names.jsonl");
        if let Ok(mut content) = std::fs::read(path) {
            let at = at % content.len();
            content[at] = byte;
            let spans = bytes(&content, &ReadOptions::default()).spans;
            whole(spans);
        }
    }

    #[test]
    fn the_order_of_spans_does_not_matter(seed in any::<u64>()) {
        let spans = sample_spans();
        let mut shuffled = spans.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(whole(spans), whole(shuffled));
    }
}

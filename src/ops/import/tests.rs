//! Imports of made and of shared files: counts, growth, order, repetition.
//!
//! Invariant: whatever is imported is imported again, and the second time changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::ingest::ToolList;
use crate::store::{Access, Depth, FILE_NAME};

fn open(folder: &Path) -> Store {
    Store::open(&folder.join(FILE_NAME), Access::Create).unwrap()
}

fn import_into(store: &mut Store, paths: &[PathBuf]) -> ImportReport {
    let report = import(store, paths, &ImportOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        report.read,
        report.imported + report.unchanged + report.skipped + report.conflicts,
        "{paths:?}: {report:?}"
    );
    report
}

fn import_in_batches(store: &mut Store, paths: &[PathBuf], records: usize) -> ImportReport {
    let options = ImportOptions { batch: BatchLimits { records, bytes: 1 << 30 }, ..ImportOptions::default() };
    import(store, paths, &options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Everything that is stored, but for keys and compression, which may differ.
fn content(store: &Store) -> BTreeMap<String, String> {
    let all = store.index(
        &crate::model::filter::Filter::default(),
        "",
        crate::model::queue::QueueOrder::Suspicion,
        crate::store::Asker { reviewer: "", now: crate::model::time::Timestamp(0) },
    );
    let ids = all.unwrap().ids;
    let rows = store.summaries(&ids, "").unwrap();
    ids.iter()
        .zip(rows)
        .map(|(id, row)| {
            let conversation = store.conversation(id).unwrap().unwrap();
            let mut text = serde_json::to_string(&conversation).unwrap();
            let _ = write!(text, "{}", serde_json::to_string(&row).unwrap());
            (id.to_string(), text)
        })
        .collect()
}

fn fixtures() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/fixtures/otlp"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared is absent");
    None
}

/// One line of OTLP with these spans: trace, span, parent, session, name, seconds from start.
fn otlp(spans: &[(&str, &str, &str, &str, &str, u64)]) -> String {
    let spans: Vec<serde_json::Value> = spans
        .iter()
        .map(|(trace, span, parent, session, name, at)| {
            let mut attributes = vec![
                serde_json::json!({"key": "gen_ai.span.kind", "value": {"stringValue": "LLM"}}),
                serde_json::json!({"key": "llm.input_messages.0.message.role", "value": {"stringValue": "user"}}),
                serde_json::json!({"key": "llm.input_messages.0.message.content", "value": {"stringValue": name}}),
            ];
            if !session.is_empty() {
                attributes.push(serde_json::json!({"key": "session.id", "value": {"stringValue": session}}));
            }
            serde_json::json!({
                "traceId": trace.repeat(16), "spanId": span.repeat(8), "parentSpanId": parent.repeat(8), "name": name,
                "startTimeUnixNano": format!("{}000000000", 1_700_000_000 + at),
                "endTimeUnixNano": format!("{}500000000", 1_700_000_000 + at), "attributes": attributes,
            })
        })
        .collect();
    serde_json::json!({"resourceSpans": [{"resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeSpans": [{"spans": spans}]}]})
    .to_string()
}

fn write(folder: &Path, name: &str, lines: &[String]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

#[test]
fn fixtures_hold_what_their_readme_says_and_a_second_import_changes_nothing() {
    let Some(folder) = fixtures() else { return };
    let expected = [
        ("traceai-openai.jsonl", 26, 58, 222, 8),
        ("traceai-openai-fi-evals.jsonl", 15, 31, 235, 4),
        ("traceai-openai-agents.jsonl", 27, 49, 472, 9),
        ("traceai-langchain.jsonl", 18, 34, 316, 4),
        ("openinference-openai.jsonl", 26, 58, 223, 9),
        ("openinference-openai-agents.jsonl.zst", 27, 49, 472, 9),
        ("openinference-langchain.jsonl.gz", 18, 34, 316, 4),
        ("otel-genai-openai.jsonl", 26, 58, 223, 9),
        ("otel-genai-openai-agents.jsonl", 27, 49, 285, 8),
        ("otel-openai-v2-legacy.jsonl", 26, 58, 223, 0),
        ("langfuse-sdk.jsonl", 15, 31, 149, 5),
        ("variant-base64-ids-enum-names.jsonl", 3, 3, 29, 1),
        ("variant-single-document-pretty.json", 3, 3, 29, 1),
        ("variant-traces-and-logs-one-file.jsonl", 14, 32, 128, 7),
        ("variant-request-body.pb", 5, 14, 64, 3),
        ("variant-collector-proto.bin", 8, 11, 93, 2),
    ];
    for (file, conversations, traces, spans, error_spans) in expected {
        let workspace = tempfile::tempdir().unwrap();
        let mut store = open(workspace.path());
        let paths = [folder.join(file)];
        let first = import_into(&mut store, &paths);
        assert_eq!(
            (first.conversations, first.traces, first.spans, first.error_spans),
            (conversations, traces, spans, error_spans),
            "{file}"
        );
        let (before, rows) = (content(&store), store.dump());
        assert_eq!(before.len() as u64, conversations);
        let second = import_into(&mut store, &paths);
        assert_eq!((second.imported, second.unchanged), (0, first.imported + first.unchanged), "{file}");
        assert_eq!(content(&store), before, "{file}");
        assert!(store.dump() == rows, "{file}");
        store.check(Depth::Full).unwrap();
    }
}

#[test]
fn logs_may_come_before_their_spans() {
    let Some(folder) = fixtures() else { return };
    for (spans, logs, count) in [
        ("otel-genai-openai.jsonl", "otel-genai-openai.logs.jsonl", 52),
        ("otel-openai-v2-legacy.jsonl", "otel-openai-v2-legacy.logs.jsonl", 737),
    ] {
        let (spans, logs) = (folder.join(spans), folder.join(logs));
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut first, mut second) = (open(one.path()), open(two.path()));
        import_into(&mut first, std::slice::from_ref(&spans));
        let late = import_into(&mut first, std::slice::from_ref(&logs));
        assert_eq!((late.read, late.imported, late.pending), (count, count, 0));
        let early = import_into(&mut second, std::slice::from_ref(&logs));
        assert_eq!((early.imported, early.pending), (count, count));
        assert_eq!(import_into(&mut second, std::slice::from_ref(&logs)).unchanged, count);
        assert_eq!(import_into(&mut second, std::slice::from_ref(&spans)).pending, 0);
        assert_eq!(content(&first), content(&second));
        let again = import_into(&mut second, &[spans, logs]);
        assert_eq!(again.imported, 0);
        assert_eq!(content(&first), content(&second));
    }
}

#[test]
fn batches_of_any_size_store_the_same() {
    let Some(folder) = fixtures() else { return };
    for file in
        ["traceai-openai-fi-evals.jsonl", "openinference-langchain.jsonl.gz", "variant-traces-and-logs-one-file.jsonl"]
    {
        let contents: Vec<_> = [1, 7, 100_000]
            .into_iter()
            .map(|records| {
                let workspace = tempfile::tempdir().unwrap();
                let mut store = open(workspace.path());
                let report = import_in_batches(&mut store, &[folder.join(file)], records);
                assert_eq!(report.pending, 0);
                store.check(Depth::Full).unwrap();
                let counts = (report.imported, report.conversations, report.spans, report.scores, report.failed_steps);
                (counts, content(&store))
            })
            .collect();
        assert_eq!(contents[0].0, contents[2].0, "{file}");
        assert!(contents[0].1 == contents[2].1 && contents[1].1 == contents[2].1, "{file}");
    }
}

#[test]
fn a_late_session_key_leaves_an_alias() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let early = write(folder.path(), "early.jsonl", &[otlp(&[("aa", "02", "01", "", "hello", 1)])]);
    let late = write(folder.path(), "late.jsonl", &[otlp(&[("aa", "01", "", "S-1", "root", 0)])]);
    import_into(&mut store, std::slice::from_ref(&early));
    let old = store.resolve(&"aa".repeat(16)).unwrap();
    let report = import_into(&mut store, std::slice::from_ref(&late));
    let new = ConversationId::derive("shop", "S-1");
    assert_eq!(report.aliases, [(old.clone(), new.clone())]);
    assert_eq!((report.conversations, content(&store).len()), (1, 1));
    assert_eq!(store.resolve(old.as_str()).unwrap(), new);
    assert_eq!(store.resolve(&"aa".repeat(16)).unwrap(), new);
    let before = content(&store);
    let again = import_into(&mut store, &[early, late]);
    assert_eq!((again.imported, again.unchanged, again.aliases.len()), (0, 2, 0));
    assert_eq!(content(&store), before);
    store.check(Depth::Full).unwrap();
}

#[test]
fn an_open_span_is_completed_and_other_content_is_kept_beside() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let closed = otlp(&[("aa", "01", "", "S-1", "hello", 0)]);
    let open_span = closed.replace(r#""endTimeUnixNano":"1700000000500000000","#, "");
    assert_ne!(closed, open_span);
    let other = closed.replace("1700000000500000000", "1700000000700000000");
    let paths = [
        write(folder.path(), "1-open.jsonl", &[open_span]),
        write(folder.path(), "2-closed.jsonl", &[closed]),
        write(folder.path(), "3-other.jsonl", &[other]),
    ];
    let id = ConversationId::derive("shop", "S-1");
    import_into(&mut store, &paths[..1]);
    assert_eq!(store.conversation(&id).unwrap().unwrap().spans[0].end, None);
    assert_eq!(import_into(&mut store, &paths[1..2]).imported, 1);
    assert!(store.conversation(&id).unwrap().unwrap().spans[0].end.is_some());
    assert_eq!(import_into(&mut store, &paths[2..]).imported, 1);
    let spans = store.conversation(&id).unwrap().unwrap().spans;
    assert_eq!(spans.len(), 2);
    assert_eq!(spans.iter().filter(|span| !span.oddities.is_empty()).count(), 1);
    let before = content(&store);
    assert_eq!(import_into(&mut store, &paths).unchanged, 3);
    assert_eq!(content(&store), before);
}

#[test]
fn transcripts_grow_and_differing_ones_are_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let line = |texts: &[&str]| {
        let messages: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| serde_json::json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text}))
            .collect();
        serde_json::json!({"conversation_id": "A-1", "messages": messages}).to_string()
    };
    let (short, long, other) = (line(&["hi", "hello"]), line(&["hi", "hello", "bye", "see you"]), line(&["no", "yes"]));
    let file = |name: &str, lines: &[&String]| {
        write(folder.path(), name, &lines.iter().map(|line| (*line).clone()).collect::<Vec<_>>())
    };
    let report = import_into(&mut store, &[file("chat.jsonl", &[&short, &short])]);
    assert_eq!((report.imported, report.unchanged, report.conversations), (1, 1, 1));
    let id = store.resolve("A-1").unwrap();
    let steps = |store: &Store| store.conversation(&id).unwrap().unwrap().steps.len();
    let report = import_into(&mut store, &[file("chat.jsonl", &[&short, &long, &other, &short])]);
    assert_eq!((report.imported, report.unchanged, report.conflicts), (1, 2, 1));
    assert_eq!((steps(&store), store.conflicts().unwrap().len()), (4, 1));
    let before = content(&store);
    let report = import_into(&mut store, &[folder.path().join("chat.jsonl")]);
    assert_eq!((report.imported, report.unchanged, report.conflicts), (0, 3, 1));
    assert_eq!(store.conflicts().unwrap().len(), 1);
    assert_eq!(content(&store), before);
    store.check(Depth::Full).unwrap();
}

#[test]
fn folders_are_read_in_order_and_missing_paths_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("b")).unwrap();
    write(&data, "z.jsonl", &[otlp(&[("cc", "01", "", "S-3", "three", 0)])]);
    write(&data.join("b"), "a.jsonl", &[otlp(&[("aa", "01", "", "S-1", "one", 0)])]);
    write(&data, ".hidden", &["{".to_owned()]);
    std::os::unix::fs::symlink(&data, data.join("loop")).unwrap();
    let mut store = open(folder.path());
    let mut seen = Vec::new();
    let report = import(&mut store, &[data], &ImportOptions::default(), &mut |progress| {
        seen.push(progress.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((report.files, report.conversations, report.problems.len()), (2, 2, 1));
    let missing = folder.path().join("missing");
    let error = import(&mut store, &[missing], &ImportOptions::default(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(ImportError::Path { .. })));
}

#[test]
fn a_cancelled_import_keeps_what_was_stored_and_can_be_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let lines: Vec<String> = (1..=200)
        .map(|n| {
            let trace = format!("{n:02x}");
            otlp(&[(&trace, "01", "", &format!("S-{n}"), "hello", n)])
        })
        .collect();
    let path = write(folder.path(), "many.jsonl", &lines);
    let options = ImportOptions { batch: BatchLimits { records: 10, bytes: 1 << 30 }, ..ImportOptions::default() };
    let report = import(&mut store, std::slice::from_ref(&path), &options, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(report.cancelled);
    assert_eq!((report.read, report.imported, content(&store).len()), (64, 64, 64));
    let report = import_into(&mut store, &[path]);
    assert_eq!((report.imported, report.unchanged, report.conversations), (136, 64, 200));
}

#[test]
fn tools_that_are_told_later_reach_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let messages = r#"[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]"#;
    let path = write(folder.path(), "chats.jsonl", &[format!(r#"{{"id": "a", "messages": {messages}}}"#)]);
    assert_eq!(import_into(&mut store, std::slice::from_ref(&path)).imported, 1);
    let text = r#"[{"type": "function", "function": {"name": "get_order", "parameters": {"type": "object"}}}]"#;
    let read = ReadOptions { tools: ToolList::parse("tools.json", text).unwrap(), ..ReadOptions::default() };
    let options = ImportOptions { read, ..ImportOptions::default() };
    let mut again =
        || import(&mut store, std::slice::from_ref(&path), &options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((again().imported, again().unchanged), (1, 1));
    let id = store.resolve("a").unwrap();
    let tools = store.conversation(&id).unwrap().unwrap().tools;
    assert_eq!(tools.iter().map(|tool| tool.name.exact()).collect::<Vec<_>>(), ["get_order"]);
    assert_eq!(import_into(&mut store, &[path]).unchanged, 1, "a file that tells none takes none away");
}

#[test]
fn tau_bench_results_keep_reward_and_reference() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/tau-bench/gpt-4o-airline.json"));
    if !path.is_file() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let first = import_into(&mut store, std::slice::from_ref(&path));
    assert_eq!((first.read, first.imported, first.conversations), (200, 200, 200));
    let before = content(&store);
    let second = import_into(&mut store, &[path]);
    assert_eq!((second.imported, second.unchanged), (0, 200));
    assert_eq!(content(&store), before);
    let id = store.resolve("0/0").unwrap();
    let conversation = store.conversation(&id).unwrap().unwrap();
    assert!(conversation.expected.is_some() && conversation.outcomes.contains_key("reward"));
    let told = content(&store).values().filter(|text| text.contains("expected_outputs")).count();
    assert!(told > 0 && told < 200, "{told}");
}

#[test]
fn an_evaluator_that_ran_later_is_kept_with_what_it_judges() {
    let judged = otlp(&[("aa", "01", "", "S-1", "hello", 0)]);
    let mut judge: serde_json::Value = serde_json::from_str(&otlp(&[("bb", "02", "", "", "judge", 9)])).unwrap();
    let span = &mut judge["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    span["links"] = serde_json::json!([{"traceId": "aa".repeat(16), "spanId": "01".repeat(8)}]);
    span["attributes"] = serde_json::json!([{"key": "gen_ai.span.kind", "value": {"stringValue": "EVALUATOR"}}]);
    let judge = judge.to_string();
    let mut contents = Vec::new();
    for (lines, records) in
        [([&judged, &judge], 9), ([&judge, &judged], 9), ([&judge, &judged], 1), ([&judged, &judge], 1)]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        let path = write(folder.path(), "all.jsonl", &lines.map(Clone::clone));
        let report = import_in_batches(&mut store, std::slice::from_ref(&path), records);
        assert_eq!((report.imported, report.conversations, report.pending), (2, 1, 0));
        contents.push(content(&store));
        let rows = store.dump();
        assert_eq!(import_in_batches(&mut store, &[path], records).unchanged, 2);
        assert_eq!(store.dump(), rows);
    }
    assert_eq!(contents[0].len(), 1);
    assert!(contents.iter().all(|content| *content == contents[0]));
}

#[test]
fn hostile_files_are_counted_stored_whole_and_stored_once() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile"));
    if !root.is_dir() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    for folder in ["import", "spans", "text", "pii"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.into_iter().filter(|file| file.is_file()) {
            let workspace = tempfile::tempdir().unwrap();
            let mut store = open(workspace.path());
            let first = import_into(&mut store, std::slice::from_ref(&file));
            let (before, rows) = (content(&store), store.dump());
            assert!(first.imported == 0 || !before.is_empty(), "{}", file.display());
            let second = import_into(&mut store, std::slice::from_ref(&file));
            assert_eq!(second.imported, 0, "{}", file.display());
            assert!(content(&store) == before && store.dump() == rows, "{}", file.display());
            store.check(Depth::Full).unwrap();
        }
    }
}

#[test]
fn an_import_that_is_overtaken_by_another_loses_nothing_of_either() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (open(folder.path()), open(folder.path()));
    let options = ImportOptions::default();
    let records = |line: String| {
        let mut records = Vec::new();
        let input = Input { name: "x".into(), stem: "x".into(), reader: Box::new(std::io::Cursor::new(line)) };
        let _ = ingest::read(input, &ReadOptions::default(), &mut |item| {
            if let Item::Record(ingest::Record::Span(span)) = item {
                records.push(*span);
            }
            ControlFlow::Continue(())
        });
        records
    };
    import_into(&mut one, &[write(folder.path(), "0.jsonl", &[otlp(&[("aa", "01", "", "S-1", "hello", 0)])])]);
    let changes = {
        let mut work = spans::Workset::new(&one, 0).unwrap();
        work.add_spans(records(otlp(&[("bb", "01", "", "S-1", "again", 5)]))).unwrap();
        work.settle().unwrap();
        work.finish(&options.read.tools, None).unwrap().2
    };
    import_into(&mut two, &[write(folder.path(), "1.jsonl", &[otlp(&[("cc", "01", "", "S-1", "bye", 9)])])]);
    assert_eq!(one.apply(&changes).unwrap(), crate::store::Applied::Overtaken);
    let changes = Intake::new(&mut one, &options).unwrap().anew(changes).unwrap();
    assert_eq!(one.apply(&changes).unwrap(), crate::store::Applied::Done);
    let conversation = two.conversation(&ConversationId::derive("shop", "S-1")).unwrap().unwrap();
    assert_eq!(conversation.spans.len(), 3);
}

#[test]
fn a_sample_is_the_same_whatever_the_batch_and_a_filter_keeps_what_matches() {
    let folder = tempfile::tempdir().unwrap();
    // Two traces for each session, the second without its key in the first span; and traces of no session.
    let lines: Vec<String> = (1..=120_u64)
        .flat_map(|n| {
            let (a, b, c) = (format!("{:02x}", 2 * n), format!("{:02x}", 2 * n + 1), format!("S-{n}"));
            let session = if n % 4 == 0 { "" } else { c.as_str() };
            [
                otlp(&[(&a, "01", "", session, "hello", 10 * n)]),
                otlp(&[(&b, "02", "01", "", "again", 10 * n + 5)]),
                otlp(&[(&b, "01", "", session, "again", 10 * n + 4)]),
            ]
        })
        .collect();
    let path = write(folder.path(), "many.jsonl", &lines);
    let sample = Sample::parse("1/4").unwrap();
    let run = |store: &mut Store, records: usize, choice: Choice<'_>| {
        let batch = BatchLimits { records, bytes: 1 << 30 };
        let options = ImportOptions { batch, choice, ..ImportOptions::default() };
        let report = import(store, std::slice::from_ref(&path), &options, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report.read, report.imported + report.unchanged + report.skipped + report.conflicts, "{report:?}");
        report
    };
    let whole = tempfile::tempdir().unwrap();
    let mut store = open(whole.path());
    run(&mut store, 1000, Choice::default());
    let wanted: BTreeMap<String, String> =
        content(&store).into_iter().filter(|(id, _)| sample.holds(&ConversationId::from_stored(id.clone()))).collect();
    assert!((10..60).contains(&wanted.len()), "{}", wanted.len());
    let strip = |all: BTreeMap<String, String>| all.into_keys().collect::<Vec<_>>();
    let wanted = strip(wanted);
    for records in [1, 7, 50, 100_000] {
        let place = tempfile::tempdir().unwrap();
        let mut store = open(place.path());
        let choice = Choice { sample: Some(sample), filter: None };
        let first = run(&mut store, records, choice);
        assert_eq!((first.read + first.left_out, strip(content(&store))), (360, wanted.clone()), "{records}");
        assert_eq!(first.conversations, wanted.len() as u64);
        let before = store.dump();
        assert_eq!(run(&mut store, records, choice).imported, 0, "{records}");
        assert_eq!(store.dump(), before);
        // The rest may follow; what is there is kept.
        let rest = run(&mut store, records, Choice::default());
        assert_eq!((rest.imported, rest.unchanged), (360 - first.imported, first.imported));
    }
    let filter = crate::model::filter::Filter::parse("external_id:S-1*").unwrap();
    let asker = crate::store::Asker { reviewer: "", now: crate::model::time::Timestamp(0) };
    let place = tempfile::tempdir().unwrap();
    let mut store = open(place.path());
    let report = run(&mut store, 7, Choice { sample: None, filter: Some((&filter, asker)) });
    assert!(report.conversations > 0 && content(&store).values().all(|text| text.contains("\"external_id\":\"S-1")));
    assert_eq!(report.read + report.left_out, 360);
    store.check(Depth::Full).unwrap();
}

#[test]
fn the_same_under_another_file_name_is_told_and_not_stored_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let chat = |id: &str, text: &str| {
        serde_json::json!({"conversation_id": id, "messages": [{"role": "user", "content": text},
            {"role": "assistant", "content": "Sure."}, {"role": "user", "content": "Thanks."},
            {"role": "assistant", "content": "You are welcome."}]})
        .to_string()
    };
    let (a, b, other) = (chat("A-1", "hi"), chat("A-2", "hello"), chat("A-2", "something else"));
    let first = write(folder.path(), "runs.jsonl", &[a.clone(), b.clone()]);
    let renamed = write(folder.path(), "copy.jsonl", &[a.clone(), b.clone()]);
    let differs = write(folder.path(), "later.jsonl", &[a, other]);
    let import_as = |store: &mut Store, paths: &[PathBuf], source: Option<&str>| {
        let read = ReadOptions { source: source.map(ToOwned::to_owned), ..ReadOptions::default() };
        let twins = if source.is_none() { Twins::Leave } else { Twins::Keep };
        let options = ImportOptions { read, twins, ..ImportOptions::default() };
        let report = import(store, paths, &options, &mut |_| ControlFlow::Continue(())).unwrap();
        (report.imported, report.unchanged, report.conversations, report.elsewhere)
    };
    let told = |source: &str, number: u64| BTreeMap::from([(source.to_owned(), number)]);
    // In one batch, and against what is stored.
    let both = [first, renamed.clone()];
    assert_eq!(import_as(&mut store, &both, None), (2, 2, 2, told("runs", 2)));
    let before = content(&store);
    assert_eq!(import_as(&mut store, &both, None), (0, 4, 2, told("runs", 2)));
    assert_eq!(content(&store), before);
    assert_eq!(import_as(&mut store, &[differs], None), (1, 1, 2, told("runs", 1)), "another transcript is another");
    assert_eq!(
        import_as(&mut store, &[renamed], Some("b")),
        (2, 0, 2, BTreeMap::new()),
        "a source that was typed counts"
    );
    store.check(Depth::Full).unwrap();
}

#[test]
fn files_that_hold_nothing_or_settings_are_told_in_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let effects = write(folder.path(), "effects.toml", &["[shop]".to_owned(), "get_order = \"read\"".to_owned()]);
    let none = write(folder.path(), "none.jsonl", &[]);
    let brackets = write(folder.path(), "log", &["{12:01} started".to_owned(), "{12:02} stopped".to_owned()]);
    let report = import_into(&mut store, &[effects, none, brackets]);
    let told: Vec<&str> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("--tools FILE"), "{told:?}");
    assert_eq!(told[1], "there is nothing in it");
    assert!(told[2].contains("the same of 2 records"), "{told:?}");
    let report = import_into(&mut store, &[folder.path().to_owned()]);
    assert_eq!(report.passed_over.len(), 1, "{report:?}");
}

//! Rows of every kind, in every order.
//!
//! Invariant: what is stored is compared whole, so an order that leaves a trace is found.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::super::{ImportOptions, ImportReport, import};
use crate::ingest::{Format, ReadOptions};
use crate::model::conversation::Conversation;
use crate::model::score::ScoreTarget;
use crate::store::{Access, Depth, FILE_NAME, Store};
use serde_json::json;

fn open(folder: &Path) -> Store {
    Store::open(&folder.join(FILE_NAME), Access::Create).unwrap()
}

fn run(store: &mut Store, path: &Path, format: Format) -> ImportReport {
    let read = ReadOptions { format, ..ReadOptions::default() };
    let options = ImportOptions { read, ..ImportOptions::default() };
    let report = import(store, &[path.to_owned()], &options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.read, report.imported + report.unchanged + report.skipped + report.conflicts, "{report:?}");
    report
}

fn all(store: &Store) -> BTreeMap<String, Conversation> {
    let mut all = BTreeMap::new();
    store
        .openings(&mut |opening| {
            let conversation = store.conversation(&opening.id).unwrap().unwrap();
            all.insert(opening.id.to_string(), conversation);
        })
        .unwrap();
    all
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

const TRACE: &str = "5b1d00000000000000000000000000aa";

/// A chat, a trace with two spans, and every kind of row about both.
fn files(folder: &Path) -> Vec<(PathBuf, Format)> {
    let chat = json!({"conversation_id": "A-1", "messages": [
        {"role": "user", "content": "My  kettle leaks."}, {"role": "assistant", "content": "Sorry!"}],
        "metadata": {"task_id": "t-9"}});
    let span = |id: &str, parent: &str, name: &str| {
        json!({"traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": name,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000", "attributes": [
            {"key": "gen_ai.span.kind", "value": {"stringValue": "LLM"}},
            {"key": "llm.input_messages.0.message.role", "value": {"stringValue": "user"}},
            {"key": "llm.input_messages.0.message.content", "value": {"stringValue": name}}]})
    };
    let spans = [span("00000000000000b1", "", "one"), span("00000000000000b2", "00000000000000b1", "two")];
    let otlp = json!({"resourceSpans": [{"resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeSpans": [{"spans": spans}]}]});
    let scores = format!(
        "conversation_id,trace_id,span_id,evaluator,value\nA-1,,,tone,0.5\n,{TRACE},,tone,0.25\n,{TRACE},00000000000000b2,tone,1\nZ-9,,,tone,0\n"
    );
    let annotations = json!({"id": "QW5uOjE=", "span_id": "00000000000000b1", "name": "kind", "annotator_kind": "HUMAN",
        "result": {"label": "yes", "score": 1.0}, "metadata": {}});
    let expected = concat!(
        r#"{"task_id": "t-9", "expected_tools": [{"name": "swap", "arguments": {"a": 1}}]}"#,
        "\n",
        r#"{"input": "My kettle\nleaks.", "expected_output": "A new one is on its way."}"#
    );
    let outcomes = format!("conversation_id,csat,reopened\nA-1,2,true\n{TRACE},5,false\n");
    let file = |name: &str, text: &str| (write(folder, name, text), Format::Auto);
    vec![
        file("chat.jsonl", &chat.to_string()),
        file("spans.jsonl", &otlp.to_string()),
        file("scores.csv", &scores),
        file("annotations.jsonl", &annotations.to_string()),
        file("expected.jsonl", expected),
        file("outcomes.csv", &outcomes),
        (write(folder, "flags.csv", "conversation_id,reason,by\nA-1,Nobody called back.,customer\n"), Format::Flags),
    ]
}

#[test]
fn rows_reach_their_conversations_in_any_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let orders: [Vec<usize>; 4] =
        [(0..7).collect(), (0..7).rev().collect(), vec![3, 0, 5, 2, 1, 6, 4], vec![6, 5, 4, 3, 2, 0, 1]];
    let mut contents = Vec::new();
    for order in orders {
        let place = tempfile::tempdir().unwrap();
        let mut store = open(place.path());
        for at in &order {
            let report = run(&mut store, &files[*at].0, files[*at].1);
            assert_eq!((report.skipped, report.problems.len()), (0, 0), "{at}: {:?}", report.problems);
        }
        contents.push(all(&store));
        let dump = store.dump();
        for at in order {
            let report = run(&mut store, &files[at].0, files[at].1);
            assert_eq!((report.imported, report.pending), (0, 1), "{at}");
        }
        assert_eq!(store.dump(), dump);
        store.check(Depth::Full).unwrap();
    }
    for other in &contents[1..] {
        assert_eq!(&contents[0], other);
    }
    let chat = contents[0].values().find(|one| one.external_id.exact() == "A-1").unwrap();
    assert_eq!((chat.scores.len(), chat.scores[0].value), (1, Some(0.5)));
    assert_eq!((&chat.outcomes["csat"], &chat.outcomes["reopened"]), (&json!(2), &json!(true)));
    assert_eq!(chat.expected.as_ref().unwrap()[0].tool.exact(), "swap");
    assert_eq!(chat.attributes["expected.reply"], "A new one is on its way.");
    assert_eq!((&chat.attributes["flagged"], &chat.attributes["flags"][0]["by"]), (&json!(true), &json!("customer")));
    let outcomes = {
        let place = tempfile::tempdir().unwrap();
        let mut store = open(place.path());
        for (path, format) in &files {
            run(&mut store, path, *format);
        }
        store.outcomes().unwrap()
    };
    assert_eq!((outcomes.len(), &outcomes[&chat.id]["csat"]), (2, &json!(2)));
    let trace = contents[0].values().find(|one| one.external_id.exact() == TRACE).unwrap();
    assert_eq!(trace.outcomes["csat"], 5);
    let targets: Vec<&ScoreTarget> = trace.scores.iter().map(|score| &score.target).collect();
    assert_eq!(targets.len(), 3);
    assert!(targets.iter().all(|target| match target {
        ScoreTarget::Span(span) => span.trace_id == TRACE,
        ScoreTarget::Trace { trace_id } => trace_id == TRACE,
        ScoreTarget::Conversation => false,
    }));
}

#[test]
fn what_matches_nothing_is_told_and_a_folder_is_as_good_as_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    files(&data);
    std::fs::remove_file(data.join("flags.csv")).unwrap();
    let mut store = open(folder.path());
    let report = run(&mut store, &data, Format::Auto);
    assert_eq!((report.files, report.conversations, report.scores, report.pending), (6, 2, 5, 1));
    assert_eq!(report.unmatched, ["Z-9"]);
    let late = json!({"conversation_id": "Z-9", "messages": [{"role": "user", "content": "Hello?"}]});
    let report = run(&mut store, &write(folder.path(), "late.jsonl", &late.to_string()), Format::Auto);
    assert_eq!((report.pending, report.scores, report.unmatched.len()), (0, 1, 0));
    let id = store.resolve("Z-9").unwrap();
    assert_eq!(store.conversation(&id).unwrap().unwrap().scores[0].value, Some(0.0));
}

#[test]
fn a_later_outcome_replaces_an_earlier_one_and_a_namespace_restricts() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    run(&mut store, &files(folder.path())[0].0, Format::Auto);
    let csat = |store: &Store| {
        let id = store.resolve("A-1").unwrap();
        store.conversation(&id).unwrap().unwrap().outcomes.get("csat").cloned()
    };
    let first = write(folder.path(), "1.csv", "conversation_id,csat\nA-1,1\n");
    let second = write(folder.path(), "2.csv", "conversation_id,csat\nA-1,4\n");
    assert_eq!(run(&mut store, &first, Format::Auto).imported, 1);
    assert_eq!(csat(&store), Some(json!(1)));
    assert_eq!(run(&mut store, &second, Format::Auto).imported, 1);
    assert_eq!(csat(&store), Some(json!(4)));
    assert_eq!(run(&mut store, &first, Format::Auto).imported, 1);
    assert_eq!(csat(&store), Some(json!(1)));
    let read = ReadOptions { source: Some("elsewhere".into()), ..ReadOptions::default() };
    let options = ImportOptions { read, ..ImportOptions::default() };
    let report = import(&mut store, &[second], &options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((csat(&store), report.pending, report.unmatched.len()), (Some(json!(1)), 1, 1));
}

#[test]
fn judgements_that_came_along_are_events_of_their_reviewer() {
    use crate::model::label::Verdict;
    use crate::model::time::Timestamp;
    use crate::ops::workspace::{Identity, ImportOrder, Workspace};

    let folder = tempfile::tempdir().unwrap();
    let identity = Identity { reviewer: "mira".into(), device: "device0001".into() };
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let log = json!({"history": [
        {"role": "human", "name": "human", "content": "Who sang it?"},
        {"role": "assistant", "name": "Planner", "content": "Let us look."},
        {"role": "assistant", "name": "Searcher", "content": "It was nobody."}],
        "question": "Who sang it?", "ground_truth": "Ada", "is_correct": false, "mistake_agent": "Searcher",
        "mistake_step": "2", "mistake_reason": "It did not look."});
    let order = ImportOrder { paths: vec![write(folder.path(), "log-1.json", &log.to_string())], ..Default::default() };
    let events = |workspace: &Workspace| workspace.store().log().all().unwrap().len();
    let mut tell = |_: &crate::ops::Progress| ControlFlow::Continue(());
    let report = workspace.import(&order, Timestamp(1_000_000), &mut tell).unwrap();
    assert_eq!((report.read, report.imported, report.labels.len()), (1, 1, 1));
    let id = workspace.store().resolve("log-1").unwrap();
    let labels = workspace.store().labels(&id).unwrap();
    assert_eq!(
        (labels.len(), labels[0].reviewer.as_str(), labels[0].verdict),
        (1, "who-and-when", Some(Verdict::Fail))
    );
    assert_eq!(labels[0].first_failure.as_ref().map(|at| at.step), Some(3));
    assert_eq!(labels[0].notes[0].text, "Searcher: It did not look.");
    let before = events(&workspace);
    assert!(before > 0);
    let report = workspace.import(&order, Timestamp(2_000_000), &mut tell).unwrap();
    assert_eq!((report.imported, events(&workspace)), (0, before));
}

#[test]
fn masked_values_of_expected_calls_are_put_back_or_not_taken() {
    use crate::ops::door::Door;
    use crate::ops::workspace::{Identity, ImportOrder, Workspace};
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("mara", &folder.path().join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let import = |workspace: &mut Workspace, name: &str, text: &str| {
        let order = ImportOrder { paths: vec![write(folder.path(), name, text)], ..ImportOrder::default() };
        let now = crate::model::time::Timestamp(1);
        workspace.import(&order, now, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let chat = json!({"conversation_id": "A-1", "metadata": {"task_id": "t-9"}, "messages": [
        {"role": "user", "content": "Mail ana@example.org"}, {"role": "assistant", "content": "Sorry!"}]});
    import(&mut workspace, "chat.jsonl", &chat.to_string());
    let exact = r#"{"to":"ana@example.org"}"#;
    let masked = Door::masked(&workspace).json_text(exact);
    assert!(masked.contains("<EMAIL-"), "{masked}");
    let row = |arguments: &str| {
        format!(r#"{{"task_id": "t-9", "expected_tools": [{{"name": "send", "arguments": {arguments}}}]}}"#)
    };
    let expected = |workspace: &Workspace| {
        let id = workspace.store().resolve("A-1").unwrap();
        let expected = workspace.store().conversation(&id).unwrap().unwrap().expected.unwrap();
        expected[0].arguments.0.exact().replace(' ', "")
    };
    assert_eq!(import(&mut workspace, "one.jsonl", &row(&masked)).masked, 0);
    assert_eq!(expected(&workspace), exact);
    assert_eq!(import(&mut workspace, "two.jsonl", &row(r#"{"to":"<EMAIL-0123abcd>"}"#)).masked, 1);
    assert_eq!(expected(&workspace), exact, "what was there stays");
}

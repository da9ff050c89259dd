//! What a killed import leaves: whole batches, and a database that the next import completes.
//!
//! The importer is this very test program, started again with variables that name a workspace and a file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aftercall::model::filter::Filter;
use aftercall::model::queue::QueueOrder;
use aftercall::model::time::Timestamp;
use aftercall::ops::import::{BatchLimits, ImportOptions, ImportReport, import};
use aftercall::store::{Access, Asker, Depth, FILE_NAME, Store};
use serde_json::json;

const FOLDER: &str = "AFTERCALL_TEST_IMPORTER";
const FILE: &str = "AFTERCALL_TEST_FILE";

fn open(folder: &Path) -> Store {
    Store::open(&folder.join(FILE_NAME), Access::Create).unwrap()
}

fn import_all(store: &mut Store, file: &Path) -> ImportReport {
    let batch = BatchLimits { records: 20, ..BatchLimits::default() };
    let options = ImportOptions { batch, ..ImportOptions::default() };
    import(store, &[file.to_owned()], &options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// All conversations as JSON, in queue order.
fn content(store: &Store) -> Vec<String> {
    let asker = Asker { reviewer: "", now: Timestamp(0) };
    let index = store.index(&Filter::default(), "", QueueOrder::Suspicion, asker).unwrap();
    let read = |id| serde_json::to_string(&store.conversation(id).unwrap()).unwrap();
    index.ids.iter().map(read).collect()
}

/// Two spans of a trace; the one without the session's name comes first.
fn line(number: u64) -> String {
    let span = |span: &str, parent: &str, attributes: serde_json::Value| {
        json!({
            "traceId": format!("{number:032x}"), "spanId": span.repeat(8), "parentSpanId": parent, "name": "chat",
            "startTimeUnixNano": (1_700_000_000_000_000_000 + number).to_string(),
            "endTimeUnixNano": (1_700_000_000_500_000_000 + number).to_string(), "attributes": attributes,
        })
    };
    let said = json!([
        {"key": "gen_ai.span.kind", "value": {"stringValue": "LLM"}},
        {"key": "llm.input_messages.0.message.role", "value": {"stringValue": "user"}},
        {"key": "llm.input_messages.0.message.content", "value": {"stringValue": format!("question {number}")}},
    ]);
    let session = json!([{"key": "session.id", "value": {"stringValue": format!("S-{}", number % 50)}}]);
    let spans = [span("02", &"01".repeat(8), said), span("01", "", session)];
    json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}).to_string()
}

/// Imports until it is done or killed; does nothing unless this program was started as the importer.
#[test]
fn importer() {
    let (Some(folder), Some(file)) = (std::env::var_os(FOLDER), std::env::var_os(FILE)) else { return };
    import_all(&mut open(&PathBuf::from(folder)), &PathBuf::from(file));
}

#[test]
fn a_killed_import_leaves_whole_batches_and_the_next_one_completes_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.jsonl");
    std::fs::write(&file, (1..=400).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let clean = tempfile::tempdir().unwrap();
    let mut expected = open(clean.path());
    import_all(&mut expected, &file);
    let mut cut_short = 0;
    for milliseconds in [10, 30, 60, 100, 150, 210, 280] {
        let workspace = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "importer"])
            .env(FOLDER, workspace.path())
            .env(FILE, &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut store = open(workspace.path());
        store.check(Depth::Full).unwrap();
        let report = import_all(&mut store, &file);
        cut_short += u32::from(report.imported > 0 && report.unchanged > 0);
        assert_eq!(report.imported + report.unchanged, 800);
        assert!(content(&store) == content(&expected), "killed after {milliseconds} ms");
    }
    eprintln!("{cut_short} imports were killed half way");
}

//! Every fixture through auto-detection, file by file and as one folder, with counts.
//!
//! Invariant: the counts are those of the fixtures' own README where it gives any; the others are what an import that was
//! checked against the files gave, kept so that a change is noticed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test: a panic is its way to fail")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aftercall::ops::import::{ImportOptions, ImportReport, import};
use aftercall::store::{Access, FILE_NAME, Store};

fn fixtures() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/fixtures"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: ../shared is absent");
    None
}

fn run(store: &mut Store, paths: &[PathBuf]) -> ImportReport {
    let report = import(store, paths, &ImportOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.read, report.imported + report.unchanged + report.skipped + report.conflicts, "{report:?}");
    report
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join(FILE_NAME), Access::Create).unwrap()
}

/// Conversations, traces, spans, error spans, scores, waiting records, problems (what is no record says so once for its
/// records and once for the file).
type Counts = [u64; 7];

fn counts(report: &ImportReport) -> Counts {
    let problems = report.problems.len() as u64;
    let ImportReport { conversations, traces, spans, error_spans, scores, pending, .. } = report;
    [*conversations, *traces, *spans, *error_spans, *scores, *pending, problems]
}

const FILES: &[(&str, Counts)] = &[
    ("README.md", [0, 0, 0, 0, 0, 0, 1]),
    ("langfuse-sdk.jsonl", [15, 31, 149, 5, 0, 0, 0]),
    ("openinference-langchain.jsonl.gz", [18, 34, 316, 4, 0, 0, 0]),
    ("openinference-openai-agents.jsonl.zst", [27, 49, 472, 9, 0, 0, 0]),
    ("openinference-openai.jsonl", [26, 58, 223, 9, 0, 0, 0]),
    ("otel-genai-openai-agents.jsonl", [27, 49, 285, 8, 0, 0, 0]),
    ("otel-genai-openai.jsonl", [26, 58, 223, 9, 0, 0, 0]),
    ("otel-genai-openai.logs.jsonl", [0, 0, 0, 0, 0, 52, 0]),
    ("otel-openai-v2-legacy.jsonl", [26, 58, 223, 0, 0, 0, 0]),
    ("otel-openai-v2-legacy.logs.jsonl", [0, 0, 0, 0, 0, 737, 0]),
    // What the conversations are about, for people; and the tools, which `--tools` takes.
    ("scenarios.jsonl", [0, 0, 0, 0, 0, 0, 2]),
    ("tools.larkfield.json", [0, 0, 0, 0, 0, 0, 2]),
    ("traceai-langchain.jsonl", [18, 34, 316, 4, 0, 0, 0]),
    ("traceai-openai-agents.jsonl", [27, 49, 472, 9, 0, 0, 0]),
    ("traceai-openai-fi-evals.jsonl", [15, 31, 235, 4, 87, 0, 0]),
    ("traceai-openai.jsonl", [26, 58, 222, 8, 0, 0, 0]),
    ("variant-base64-ids-enum-names.jsonl", [3, 3, 29, 1, 0, 0, 0]),
    ("variant-collector-json.zst", [8, 11, 93, 2, 0, 0, 0]),
    ("variant-collector-proto.bin", [8, 11, 93, 2, 0, 0, 0]),
    ("variant-damaged.jsonl", [6, 9, 42, 1, 0, 0, 1]),
    ("variant-request-body.pb", [5, 14, 64, 3, 0, 0, 0]),
    ("variant-single-document-pretty.json", [3, 3, 29, 1, 0, 0, 0]),
    ("variant-traces-and-logs-one-file.jsonl", [14, 32, 128, 7, 6, 0, 0]),
    ("inspect-ai-log.eval", [2, 2, 10, 0, 4, 0, 0]),
    ("inspect-ai-log.json", [2, 2, 10, 0, 4, 0, 0]),
    ("langchain-messages_to_dict.jsonl", [15, 15, 102, 0, 0, 0, 0]),
    ("langfuse-scores.jsonl", [0, 0, 0, 0, 31, 31, 0]),
    ("mlflow-trace-v3.json", [1, 1, 3, 1, 1, 0, 0]),
    ("openai-agents-sdk-export.jsonl", [27, 49, 472, 9, 0, 0, 0]),
];

#[test]
fn every_file_has_its_counts() {
    let Some(folder) = fixtures() else { return };
    let mut seen = 0;
    for kind in ["otlp", "other"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let place = tempfile::tempdir().unwrap();
            let mut store = open(place.path());
            let report = run(&mut store, std::slice::from_ref(&path));
            let expected = FILES.iter().find(|(known, _)| *known == name).map(|(_, counts)| *counts);
            assert_eq!(Some(counts(&report)), expected, "{name}: {:?}", report.problems);
            let again = run(&mut store, std::slice::from_ref(&path));
            assert_eq!((again.imported, again.conflicts), (0, report.conflicts), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, FILES.len());
}

#[test]
fn the_whole_folder_has_the_counts_of_its_files_together() {
    let Some(folder) = fixtures() else { return };
    let place = tempfile::tempdir().unwrap();
    let mut store = open(place.path());
    let report = run(&mut store, std::slice::from_ref(&folder));
    // Variants hold spans of other files again, and the two logs of Inspect hold the same samples.
    let apart = FILES.iter().filter(|(name, _)| !name.starts_with("variant-") && !name.contains(".eval"));
    let mut expected = apart.fold([0; 7], |sum: Counts, (_, counts)| std::array::from_fn(|i| sum[i] + counts[i]));
    // What waits alone finds its conversations here: 52 of the log records are scores.
    expected[4] += 52;
    expected[5] = 0;
    // The damaged variant has one more, and a README in a folder is passed over.
    assert_eq!(report.passed_over.len(), 1, "{:?}", report.passed_over);
    assert_eq!(counts(&report), expected, "{:?}", report.problems);
    assert_eq!((report.files, report.conflicts, report.unmatched.len()), (FILES.len() as u64 - 1, 0, 0));
    let again = run(&mut store, std::slice::from_ref(&folder));
    assert_eq!((again.imported, again.pending), (0, report.pending));
}

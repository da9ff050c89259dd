//! What a reviewer waits for: an import, a conversation opening, a frame, a label on disk.
//!
//! Invariant: every figure is of the product's own path, on a real workspace on disk. Traces come from the file that
//! `AFTERCALL_BENCH_TRACES` names, else from the generator in `../shared/perf` where that is there, else from `sample-data`.
//!
//! `cargo bench` prints the figures; nothing here is a test.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark that cannot run should stop")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aftercall::model::act::{Act, Judgement, Subject};
use aftercall::model::label::Verdict;
use aftercall::model::queue::QueueQuery;
use aftercall::ops::import::{ImportOptions, import};
use aftercall::ops::{queue, review};
use aftercall::store::{Access, Asker, Store};
use aftercall::tui::Start;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

#[path = "../tests/support/stage.rs"]
mod stage;

const ASKER: Asker<'_> = Asker { reviewer: "lee", now: stage::NOW };

/// A file of traces, and what it is.
fn traces() -> (PathBuf, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Some(path) = std::env::var_os("AFTERCALL_BENCH_TRACES") {
        return (path.into(), "given".to_owned());
    }
    let generator = root.join("../shared/perf/gen_traces.py");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-1000.jsonl");
    if generator.exists() && !made.exists() {
        let file = std::fs::File::create(&made).unwrap();
        let run = Command::new("python3").arg(&generator).arg("1000").stdout(Stdio::from(file)).status();
        if !run.is_ok_and(|status| status.success()) {
            let _ = std::fs::remove_file(&made);
        }
    }
    if made.exists() {
        (made, "generated-1000".to_owned())
    } else {
        (root.join("sample-data/conversations.jsonl"), "sample".to_owned())
    }
}

fn fill(store: &mut Store, traces: &Path) {
    let paths = [traces.to_owned()];
    let report = import(store, &paths, &ImportOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.imported > 0 && report.skipped == 0, "{report:?}");
}

fn importing(criterion: &mut Criterion) {
    let (traces, name) = traces();
    let mut group = criterion.benchmark_group("import");
    group.sample_size(10).throughput(Throughput::Bytes(std::fs::metadata(&traces).unwrap().len()));
    group.bench_function(&name, |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().unwrap(),
            |folder| {
                let mut store = Store::open(&folder.path().join("aftercall.db"), Access::Create).unwrap();
                fill(&mut store, &traces);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn reviewing(criterion: &mut Criterion) {
    let (traces, name) = traces();
    let folder = tempfile::tempdir().unwrap();
    let mut workspace = stage::workspace(folder.path());
    fill(workspace.store_mut(), &traces);
    let ids = queue::index(workspace.store(), &QueueQuery::default(), ASKER).unwrap().ids;

    let mut next = ids.iter().cycle();
    criterion.bench_function(&format!("open a conversation, {name}"), |bencher| {
        bencher.iter(|| black_box(review::open(&workspace, next.next().unwrap()).unwrap()));
    });
    let first: Vec<_> = ids.iter().take(50).cloned().collect();
    criterion.bench_function(&format!("queue and its first 50 rows, {name}"), |bencher| {
        bencher.iter(|| {
            black_box(queue::index(workspace.store(), &QueueQuery::default(), ASKER).unwrap());
            black_box(queue::rows(workspace.store(), &first, ASKER.reviewer).unwrap())
        });
    });
    let mut next = ids.iter().cycle();
    criterion.bench_function(&format!("label to durable, {name}"), |bencher| {
        bencher.iter(|| {
            let conversation = next.next().unwrap().clone();
            let transcript_hash = aftercall::model::step::transcript_hash(&[]);
            let act = Act::Judge(Judgement::new(Subject { conversation, transcript_hash }, Verdict::Pass));
            black_box(review::record(&mut workspace, &act, stage::NOW).unwrap())
        });
    });
}

/// One conversation of about 10 MB: 2,000 turns of 5 KB.
fn large_chat() -> String {
    let filler = "The parcel was last seen in the depot at Porto, and nobody has picked up the phone there since. ";
    let message = |role: &str, at: usize| {
        format!(r#"{{"role":"{role}","content":"{at} {}"}}"#, filler.repeat(5_000 / filler.len()))
    };
    let messages: Vec<String> =
        (0..2_000).map(|at| message(if at % 2 == 0 { "user" } else { "assistant" }, at)).collect();
    format!("{{\"conversation_id\":\"large\",\"messages\":[{}]}}\n", messages.join(","))
}

fn drawing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("large.jsonl");
    std::fs::write(&chat, large_chat()).unwrap();
    let root = folder.path().join("workspace");
    fill(stage::workspace(&root).store_mut(), &chat);
    let mut screen = stage::screen(&root, (200, 50), Start::Queue(String::new()));
    screen.press("enter");
    assert!(screen.text().contains("USER"), "{}", screen.text());
    criterion.bench_function("frame 200x50, 10 MB transcript", |bencher| {
        bencher.iter(|| black_box(screen.frame()));
    });
    criterion.bench_function("page down and frame 200x50, 10 MB transcript", |bencher| {
        bencher.iter(|| {
            screen.press("space");
            black_box(screen.frame())
        });
    });
}

criterion_group!(benches, importing, reviewing, drawing);
criterion_main!(benches);

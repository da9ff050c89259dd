//! What masking finds, what the gate notices, and how fast cases and exports are made, in figures.
//!
//! `cargo run --release --example curated_numbers -- [CONVERSATIONS]` (2,000 exported where none are given). The hostile
//! lines, the generator of traces and the bare pipeline are optional test data beside the repository, and so is a Python
//! environment with Phoenix (`AFTERCALL_PHOENIX=FOLDER`); what is not there is said to be skipped.
//!
//! Invariant: figures with a goal are printed beside it, those that miss it too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on should stop"
)]

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use aftercall::engine::{beside, system_clock};
use aftercall::model::act::{Act, FailedAt, Judgement, Subject};
use aftercall::model::correction::{Correction, CorrectionKind};
use aftercall::model::dataset::Kind;
use aftercall::model::export::ExportOrder;
use aftercall::model::label::Verdict;
use aftercall::model::queue::QueueQuery;
use aftercall::model::tool::Arguments;
use aftercall::ops::dataset::{self, Choice};
use aftercall::ops::gate::{self, GateOrder};
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::ops::{Progress, export, queue, review};
use aftercall::store::{Access, Asker};

#[path = "../tests/support/personal.rs"]
mod personal;
#[path = "support/rawbound.rs"]
mod rawbound;
#[path = "../tests/support/simulation.rs"]
mod simulation;

/// Cases and runs the gate is timed on.
const CASES: usize = 200;
const RUNS: usize = 400;

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(2_000);
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    masking("seeded corpus, 20,000 values", &personal::look(20_261_121, 20_000));
    match fs::read_to_string(shared.join("hostile/pii/P01-mixed.jsonl")) {
        Ok(lines) => masking("hostile lines", &personal::look_at_lines(&lines)),
        Err(_) => println!("skipped: the hostile lines are absent"),
    }
    power();
    let folder = tempfile::tempdir().expect("a folder");
    for (name, tasks) in [("by task", true), ("by family", false)] {
        let seconds = gate(&folder.path().join(name), tasks);
        goal(&format!("gate, {RUNS} runs of {CASES} cases {name}"), seconds, (2.0, false), "s");
    }
    exports(folder.path(), &shared.join("perf"), count);
}

fn line(name: &str, value: &str) {
    println!("{name:<46} {value}");
}

/// A figure beside what it should be at most, or at least.
fn goal(name: &str, value: f64, (wanted, at_least): (f64, bool), unit: &str) {
    let met = if at_least { value >= wanted } else { value <= wanted };
    let word = if at_least { "at least" } else { "at most" };
    line(name, &format!("{value:.3} {unit} ({word} {wanted}{})", if met { "" } else { "; MISSED" }));
}

fn masking(corpus: &str, found: &personal::Found) {
    println!("masking, {corpus}:");
    for (class, recall) in &found.recall {
        let firm = personal::FIRM.iter().any(|one| one.word() == *class);
        let name = format!("  {class}: {} of {}", recall.found, recall.planted);
        if firm {
            goal(&name, recall.share(), (0.99, true), "recall");
        } else {
            line(&name, &format!("{:.3} recall", recall.share()));
        }
    }
    goal(
        &format!("  false masks in {} words: {}", found.words, found.false_masks),
        found.false_per_thousand(),
        (1.0, false),
        "in 1,000",
    );
    for example in found.examples.iter().take(5) {
        println!("    {example}");
    }
}

fn power() {
    let caught = simulation::called(15, 0.95, 1_000);
    goal("gate, regressions of 15 cases caught", caught, (0.95, true), "");
    for discordant in [2, 5, 15, 40, 80] {
        let through = simulation::called(discordant, 0.5, 1_000);
        goal(&format!("gate, noise in {discordant} cases called a regression"), through, (0.05, false), "");
    }
}

fn place(root: &Path) -> Workspace {
    let identity = Identity::load("figures", &root.with_extension("state")).expect("an identity");
    Workspace::open(root, identity, Access::Create).expect("a workspace")
}

fn import(workspace: &mut Workspace, file: &Path) {
    let order = ImportOrder { paths: vec![file.to_path_buf()], ..ImportOrder::default() };
    workspace.import(&order, system_clock(), &mut |_| ControlFlow::Continue(())).expect("an import");
}

/// Conversations of a shop: the customer tells a different story in each, the agent looks the order up and cancels.
fn conversations(folder: &Path, (name, count, tool): (&str, usize, &str), tasks: bool) -> PathBuf {
    const WORDS: [&str; 12] =
        ["tent", "lamp", "stove", "rope", "boots", "yesterday", "again", "please", "broken", "wrong", "green", "twice"];
    let mut text = String::new();
    for at in 0..count {
        let case = at % CASES;
        let mut seeded = personal::Seeded(case as u64 * 104_729 + 1);
        let story: Vec<&str> = (0..60).map(|_| seeded.pick(&WORDS)).collect();
        let call = |id: &str, tool: &str| {
            serde_json::json!({"id": id, "type": "function", "function":
                {"name": tool, "arguments": format!("{{\"order_id\": \"A-{case}\"}}")}})
        };
        let mut row = serde_json::json!({
            "conversation_id": format!("{name}-{at}"),
            "messages": [
                {"role": "user", "content": format!("Order A-{case}: {}", story.join(" "))},
                {"role": "assistant", "content": "Let me look.", "tool_calls": [call("c1", "get_order")]},
                {"role": "tool", "tool_call_id": "c1", "content": "{\"status\":\"paid\"}"},
                {"role": "assistant", "content": null, "tool_calls": [call("c2", tool)]},
                {"role": "tool", "tool_call_id": "c2", "content": "{\"ok\":true}"},
                {"role": "assistant", "content": "It is done."},
            ],
        });
        if tasks {
            row["metadata"] = serde_json::json!({"task_id": case});
        }
        let _ = writeln!(text, "{row}");
    }
    fs::create_dir_all(folder).expect("a folder");
    let file = folder.join(format!("{name}.jsonl"));
    fs::write(&file, text).expect("a file");
    file
}

/// Seconds that the gate takes, the reading of the runs among them.
fn gate(folder: &Path, tasks: bool) -> f64 {
    let judged = conversations(folder, ("old", CASES, "cancel_membership"), tasks);
    let runs = conversations(folder, ("new", RUNS, "cancel_order"), tasks);
    let mut workspace = place(&folder.join("workspace"));
    import(&mut workspace, &judged);
    let asker = Asker { reviewer: "figures", now: system_clock() };
    let ids = queue::index(workspace.store(), &QueueQuery::default(), asker).expect("a queue").ids;
    for id in ids {
        let opened = review::open(&workspace, &id).expect("a conversation");
        let step = opened.conversation.steps.iter().find(|step| step.number == 4).expect("a step");
        let arguments = arguments_of(step);
        let correction = Correction {
            kind: CorrectionKind::Tool,
            tool: Some("cancel_order".to_owned()),
            arguments: Some(arguments),
            alternatives: Vec::new(),
            text: None,
            reason: None,
            schema_ok: None,
            remainder_valid: false,
        };
        let subject = Subject { conversation: id, transcript_hash: opened.summary.transcript_hash.clone() };
        let judgement = Judgement {
            failed_at: Some(FailedAt::Step(step.pointer())),
            corrections: vec![(step.pointer(), correction)],
            ..Judgement::new(subject, Verdict::Fail)
        };
        review::record(&mut workspace, &Act::Judge(judgement), system_clock()).expect("a label");
    }
    let everything = Choice::Filter(String::new());
    dataset::create(&mut workspace, ("cases", Kind::Both), &everything, system_clock()).expect("a dataset");
    let order = GateOrder {
        cases: "cases".to_owned(),
        runs: vec![runs],
        open_test: Some("figures".to_owned()),
        ..GateOrder::default()
    };
    let start = Instant::now();
    let report = gate::gate(&mut workspace, &order, None, system_clock()).expect("a report");
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!((report.counts.cases, report.counts.passed, report.counts.trials), (CASES, CASES, RUNS as u64));
    seconds
}

fn arguments_of(step: &aftercall::model::step::Step) -> Arguments {
    match &step.content {
        aftercall::model::step::StepContent::ToolCall { arguments, .. } => arguments.clone(),
        aftercall::model::step::StepContent::Message { .. } => panic!("step 4 is a call"),
    }
}

/// A labelled set written as JSON lines, beside the bare pipeline's spans.
fn exports(folder: &Path, perf: &Path, count: usize) {
    let generator = perf.join("gen_traces.py");
    if !generator.is_file() {
        println!("skipped: {} is absent, so there is nothing to export", generator.display());
        return;
    }
    let file = folder.join("traces.jsonl");
    let traces = fs::File::create(&file).expect("a file");
    let made = Command::new("python3").arg(&generator).arg(count.to_string()).stdout(traces).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: python3 could not run {}", generator.display());
        return;
    }
    let bare = bare(&perf.join("rawbound"), folder, &file);
    let phoenix = phoenix(folder, &file);
    let mut workspace = place(&folder.join("exported"));
    import(&mut workspace, &file);
    let asker = Asker { reviewer: "figures", now: system_clock() };
    let ids = queue::index(workspace.store(), &QueueQuery::default(), asker).expect("a queue").ids;
    for row in ids
        .chunks(500)
        .flat_map(|ids| queue::rows(workspace.store(), ids, "figures").expect("rows"))
        .collect::<Vec<_>>()
    {
        let subject = Subject { conversation: row.id.clone(), transcript_hash: row.transcript_hash.clone() };
        let act = Act::Judge(Judgement::new(subject, Verdict::Pass));
        review::record(&mut workspace, &act, system_clock()).expect("a label");
    }
    let traces = fs::read_to_string(&file).expect("the traces");
    let spans = traces.matches("\"parentSpanId\"").count() as f64;
    for (format, keep) in [("labels", false), ("openai-sft", false), ("openai-sft", true)] {
        let mut best: Option<(f64, f64)> = None;
        for round in 0..3 {
            let directory = folder.join(format!("out-{format}-{keep}-{round}"));
            let order = ExportOrder {
                directory: directory.clone(),
                formats: vec![format.to_owned()],
                keep_personal_data: keep.then(|| "figures".to_owned()),
                ..ExportOrder::default()
            };
            let start = Instant::now();
            let mut go_on = |_: &Progress| ControlFlow::Continue(());
            export::export_beside(&mut workspace, (&order, Some(beside)), system_clock(), &mut go_on)
                .expect("an export");
            let seconds = start.elapsed().as_secs_f64();
            let bytes = fs::metadata(directory.join(format!("{format}.jsonl"))).expect("a file").len() as f64 / 1e6;
            if best.is_none_or(|(other, _)| seconds < other) {
                best = Some((seconds, bytes));
            }
        }
        let (seconds, bytes) = best.expect("three rounds");
        let name = format!("export, {format}{}", if keep { ", not masked" } else { "" });
        let (rows, speed, read) = (count as f64 / seconds, bytes / seconds, spans / seconds);
        line(&name, &format!("{seconds:.2} s, {bytes:.1} MB, {speed:.1} MB/s, {rows:.0} rows/s, {read:.0} spans/s"));
        // A row holds each text once, however often spans repeat it: of the same spans it is fewer bytes.
        if let Some((bare_bytes, bare_spans)) = bare {
            goal(&format!("{name}: spans / bare pipeline's"), read / bare_spans, (0.5, true), "x");
            line(&format!("{name}: bytes / bare pipeline's"), &format!("{:.3} x", speed / bare_bytes));
        }
        if let Some((phoenix_bytes, phoenix_spans)) = phoenix {
            goal(&format!("{name}: spans / Phoenix's"), read / phoenix_spans, (50.0, true), "x");
            line(&format!("{name}: bytes / Phoenix's"), &format!("{:.1} x", speed / phoenix_bytes));
        }
    }
}

/// Megabytes and spans that Phoenix gives back in a second as JSON lines, where `AFTERCALL_PHOENIX` names the folder of a
/// Python environment that has it. It is sent a hundred conversations, since it takes in a few hundred spans a second.
fn phoenix(folder: &Path, traces: &Path) -> Option<(f64, f64)> {
    let Some(environment) = std::env::var_os("AFTERCALL_PHOENIX") else {
        println!("skipped: AFTERCALL_PHOENIX names no environment with Phoenix");
        return None;
    };
    let some: String = fs::read_to_string(traces).ok()?.lines().take(100).flat_map(|line| [line, "\n"]).collect();
    let (sent, out) = (folder.join("phoenix.jsonl"), folder.join("phoenix-out.jsonl"));
    fs::write(&sent, some).expect("a file");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/phoenix_export.py");
    let python = Path::new(&environment).join("bin/python");
    let ran = Command::new(python).arg(script).args([&sent, &out]).output().expect("Python");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    let figures: Vec<f64> = told.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [spans, seconds, bytes] = figures[..] else {
        println!("skipped: Phoenix did not answer: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    };
    let figures = (bytes / 1e6 / seconds, spans / seconds);
    line("Phoenix, spans as JSON lines", &format!("{:.2} MB/s, {:.0} spans/s ({spans} spans)", figures.0, figures.1));
    Some(figures)
}

/// Megabytes of spans that the bare pipeline writes in a second, and how many spans.
fn bare(source: &Path, folder: &Path, file: &Path) -> Option<(f64, f64)> {
    let program = rawbound::built(source, folder)?;
    let database = folder.join("raw.db");
    let imported = Command::new(&program).arg("import").args([file, &database]).output().expect("the bare pipeline");
    assert!(imported.status.success(), "the bare pipeline failed");
    let figure = |told: &str, name: &str| -> f64 {
        let line = told.lines().find(|line| line.starts_with(name)).expect("a figure");
        line.split_whitespace().nth(1).and_then(|figure| figure.parse().ok()).expect("a number")
    };
    let mut best = (0.0_f64, 0.0_f64);
    for _ in 0..3 {
        let exported = Command::new(&program).arg("export").args([&database, &folder.join("raw.jsonl")]).output();
        let told = String::from_utf8(exported.expect("the bare pipeline").stdout).expect("figures");
        best.0 = best.0.max(figure(&told, "export_MB_per_s"));
        best.1 = best.1.max(figure(&told, "export_spans_per_s"));
    }
    line("bare pipeline, spans as JSON lines", &format!("{:.1} MB/s, {:.0} spans/s", best.0, best.1));
    Some(best)
}

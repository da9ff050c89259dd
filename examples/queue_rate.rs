//! Measures a large workspace as one who works in it meets it: a queue of everything opened, a label heard, and with the
//! truth of a test set at hand how long it takes to hold evaluators against many audit labels.
//!
//! `cargo run --release --example queue_rate -- WORKSPACE [TRUTH LABELS]`: a folder into which conversations were imported,
//! best a copy, since labels are written to it; and JSON lines with `conversation` and `failed`. On Linux it tells the time
//! of the processor beside the time that passed, since the latter says little on a busy machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on should stop"
)]

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use aftercall::engine::system_clock;
use aftercall::model::act::{Act, FailedAt, Judgement, Subject};
use aftercall::model::id::ConversationId;
use aftercall::model::label::Verdict;
use aftercall::model::queue::{QueueChange, QueueQuery, QueueSpec};
use aftercall::model::summary::Summary;
use aftercall::ops::alignment::overview;
use aftercall::ops::evaluate::{held_out, rescore};
use aftercall::ops::queue::{named, named_rows};
use aftercall::ops::review::record;
use aftercall::ops::workspace::{Identity, Workspace};
use aftercall::store::Access;

/// The allocator of the program that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of a screen and what lies around it.
const SCREEN: usize = 40;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let Some(source) = given.first() else { panic!("which workspace?") };
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("bench", &folder.path().join("state")).unwrap();
    let mut workspace = Workspace::open(Path::new(source), identity, Access::Write).unwrap();
    for (name, strategy, audit) in [("week", "learnt", 0.2), ("lot", "random", 1.0)] {
        let spec = QueueSpec { audit, ..QueueSpec::new(name, strategy) };
        record(&mut workspace, &Act::Queue(QueueChange::Add(spec)), system_clock()).unwrap();
    }
    let ids = timed("the queue opened, its list read", || list(&mut workspace, "week"));
    let first = timed("its first screen of rows, with reasons", || rows(&mut workspace, "week", &ids[..SCREEN]));
    judge(&mut workspace, &first[0], true);
    timed("the list after a label", || list(&mut workspace, "week"));
    if let [_, truth, labels] = given.as_slice() {
        aligned(&mut workspace, Path::new(truth), labels.parse().unwrap());
    }
}

/// Says how long something took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let made = work();
    println!("{what}: {:.3} s, {:.2} s of the processor", start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    made
}

/// User and system time of this process, in hundredths of a second as Linux counts it.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn list(workspace: &mut Workspace, queue: &str) -> Vec<ConversationId> {
    let query = QueueQuery { queue: Some(queue.to_owned()), ..QueueQuery::default() };
    let index = named(workspace, &query, system_clock()).unwrap();
    index.ids[index.begins..].to_vec()
}

fn rows(workspace: &mut Workspace, queue: &str, ids: &[ConversationId]) -> Vec<Summary> {
    named_rows(workspace, (queue, None), ids, system_clock()).unwrap()
}

fn judge(workspace: &mut Workspace, row: &Summary, failed: bool) {
    let subject = Subject { conversation: row.id.clone(), transcript_hash: row.transcript_hash.clone() };
    let verdict = if failed { Verdict::Fail } else { Verdict::Pass };
    let judgement = Judgement {
        failed_at: failed.then_some(FailedAt::NoSingleStep),
        slot: row.place.as_ref().map(|place| place.slot.clone()),
        ..Judgement::new(subject, verdict)
    };
    record(workspace, &Act::Judge(judgement), system_clock()).unwrap();
}

/// Labels so many conversations as they come by lot, and measures evaluators on them.
fn aligned(workspace: &mut Workspace, truth: &Path, labels: usize) {
    let text = std::fs::read_to_string(truth).unwrap();
    let truth: HashMap<String, bool> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|row| (row["conversation"].as_str().unwrap().to_owned(), row["failed"] == true))
        .collect();
    let start = Instant::now();
    let mut given = 0;
    while given < labels {
        let ids = list(workspace, "lot");
        for row in rows(workspace, "lot", &ids).iter().take(labels - given) {
            judge(workspace, row, truth[row.external_id.exact()]);
            given += 1;
        }
    }
    println!("{given} labels by lot given in {:.1} s", start.elapsed().as_secs_f64());
    timed("P(fail) learnt from them, everything weighed anew", || rescore(workspace).unwrap());
    timed("of it: what others' labels teach of each", || held_out(workspace).unwrap());
    let report = timed("alignment", || overview(workspace, Some("lot"), system_clock()).unwrap());
    println!("{} labels, {} failed, {} evaluators", report.labels, report.failed, report.evaluators.len());
}

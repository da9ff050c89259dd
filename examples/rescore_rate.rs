//! Measures how fast stored conversations are weighed again from their stored numbers, without reading a transcript.
//!
//! `cargo run --release --example rescore_rate -- 100000` generates that many conversations with evaluations and prints
//! the times. Each is a short chat; the numbers are those of a few real evaluations in turn.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop")]

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::time::Instant;

use aftercall::model::time::Timestamp;
use aftercall::ops::evaluate::{EvaluateOrder, evaluate, rescore};
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::store::Access;

fn main() {
    let count: usize = std::env::args().nth(1).map_or(100_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load("bench", &folder.path().join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.path().join("w"), identity, Access::Create).unwrap();
    let mut text = String::new();
    for at in 0..count {
        let more = "{\"role\": \"user\", \"content\": \"And if that is not possible?\"}, {\"role\": \"assistant\", \"content\": \"Then it stays.\"}, ".repeat(at % 7);
        let _ = writeln!(
            text,
            "{{\"id\": \"n{at}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Where is order A-{at:05}?\"}}, {more}{{\"role\": \"assistant\", \"content\": \"On its way.\"}}]}}"
        );
    }
    let file = folder.path().join("chats.jsonl");
    std::fs::write(&file, text).unwrap();
    let clock = Instant::now();
    let told = |what: &str, start: Instant| println!("{what}: {:.2} s", start.elapsed().as_secs_f64());
    let order = ImportOrder { paths: vec![file], ..ImportOrder::default() };
    workspace.import(&order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    told(&format!("{count} conversations imported"), clock);
    let start = Instant::now();
    evaluate(&mut workspace, &EvaluateOrder::default(), Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    told("all evaluators on all of them", start);
    let start = Instant::now();
    let report = rescore(&mut workspace).unwrap();
    told(&format!("{} weighed again, {} changed", report.conversations, report.changed), start);
    // As after other weights: every one of them is written, and all ranks are made anew.
    let mut after = i64::MIN;
    loop {
        let mut stored = workspace.store().weighed(after, 5_000).unwrap();
        let Some(last) = stored.last() else { break };
        after = last.key;
        for one in &mut stored {
            one.p_fail = Some(0.5);
        }
        workspace.store_mut().weigh_again(&stored).unwrap();
    }
    let start = Instant::now();
    let report = rescore(&mut workspace).unwrap();
    told(&format!("{} weighed again, {} changed, ranks made anew", report.conversations, report.changed), start);
}

//! Measures all built-in evaluators against fi.evals' local metrics, on the same trajectories in one run.
//!
//! `cargo run --release --example against_fi_evals -- ../shared` (`AFTERCALL_PYTHON` names a Python that has
//! `ai-evaluation`). Both get parsed conversations: fi.evals' metrics of agents and calls that need neither reference nor
//! thoughts, on one thread, with and without the slowest of them, against everything `aftercall evaluate` computes (all
//! evaluators, features, suspicion and suspects) on one and on two, with the program's allocator.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot read its data should stop")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use aftercall::evaluate::{Judge, Limits};
use aftercall::model::conversation::Conversation;
use aftercall::model::step::StepContent;
use serde_json::{Value, json};

#[path = "../tests/labelled/runs.rs"]
mod runs;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each side runs over all of them.
const REPEATS: usize = 5;

fn main() {
    let shared = std::env::args().nth(1).unwrap_or_else(|| "../shared".to_owned());
    let python = std::env::var("AFTERCALL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import fi.evals.metrics.agents"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!(
            "skipped: {python} has no fi.evals (pip install ai-evaluation; AFTERCALL_PYTHON names another python)"
        );
        return;
    }
    let mut conversations: Vec<Conversation> = Vec::new();
    for (file, domain) in [("gpt-4o-airline.json", "airline"), ("retail-assertions-agent.json", "retail")] {
        let runs = runs::tau(Path::new(&shared), file, domain);
        conversations.extend(runs.into_iter().map(|run| run.conversation).filter(|one| !one.steps.is_empty()));
    }
    // Neither side is given the reference.
    for one in &mut conversations {
        one.expected = None;
    }
    let lines: Vec<String> = conversations.iter().map(|one| question(one).to_string()).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let judge = Judge::new(Limits::default(), Vec::new());
    let judged = |part: &[Conversation]| part.iter().for_each(|one| drop(std::hint::black_box(judge.evaluate(one))));
    // What is made once per process is made: fi.evals is imported before its clock starts, too.
    judged(&conversations);
    let ours = |threads: usize| {
        let start = Instant::now();
        for _ in 0..REPEATS {
            std::thread::scope(|scope| {
                for part in conversations.chunks(conversations.len().div_ceil(threads)) {
                    scope.spawn(|| judged(part));
                }
            });
        }
        let rate = (conversations.len() * REPEATS) as f64 / start.elapsed().as_secs_f64();
        println!("aftercall, everything, threads: {threads}: {rate:.0} conversations/s");
        rate
    };
    let before = [ours(1), ours(2)];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/against_fi_evals.py");
    let output = Command::new(&python).arg(script).arg(file.path()).arg(REPEATS.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let after = [ours(1), ours(2)];
    let slower = [before[0].min(after[0]), before[1].min(after[1])];
    for line in told.lines() {
        let mut told = line.split('\t');
        let what = told.next().unwrap();
        for (how, seconds) in ["alone, inputs built before", "with building the inputs"].iter().zip(told) {
            let rate = (conversations.len() * REPEATS) as f64 / seconds.parse::<f64>().unwrap();
            println!(
                "fi.evals, {what}, {how}: {rate:.0} conversations/s; ratio {:.1} on one thread, {:.1} on two",
                slower[0] / rate,
                slower[1] / rate
            );
        }
    }
}

/// A conversation in the form the adapter takes.
fn question(conversation: &Conversation) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let rows: Vec<Value> = conversation
        .steps
        .iter()
        .map(|step| match &step.content {
            StepContent::Message { role, text, .. } => json!({"role": role.word(), "text": text.exact()}),
            StepContent::ToolCall { tool, arguments, result, .. } => json!({
                "role": "assistant", "tool": tool.exact(), "arguments": parsed(arguments.0.exact()),
                "result": result.as_ref().map(|result| result.text.exact()),
            }),
        })
        .collect();
    let tools: Vec<Value> = conversation
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name.exact(), "parameters": tool.parameters.as_ref().map(|text| parsed(text.exact()))}))
        .collect();
    json!({"conversation": conversation.id.as_str(), "transcript": rows, "tools": tools, "expected": null})
}

//! Measures the built-in evaluators on runs with known outcomes: how well they tell failures, and where they look.
//!
//! `cargo run --release --example bench_evaluators -- ../shared` prints the tables; `--features FILE` also writes the
//! numbers of each run as TSV. AUROC: 0.5 is useless; it is measured on the runs that got a score, whose number stands
//! beside it. Intervals: 95 %, bootstrap over tasks, fixed seed; Wilson's for shares.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot read its data should stop")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use aftercall::evaluate::bench::{Said, Standing, Truth};
use aftercall::evaluate::facts::Facts;
use aftercall::evaluate::{Evaluation, Judge, Limits, reference};
use aftercall::model::score::ScoreTarget;
use aftercall::stats::rate;
use sha2::{Digest as _, Sha256};

#[path = "../tests/labelled/runs.rs"]
mod runs;

use runs::Run;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let shared = arguments.next().unwrap_or_else(|| "../shared".to_owned());
    let features = arguments.next().filter(|flag| flag == "--features").and_then(|_| arguments.next());
    let shared = Path::new(&shared);
    let mut dump = String::new();
    for (file, domain) in [("gpt-4o-airline.json", "airline"), ("retail-assertions-agent.json", "retail")] {
        let runs: Vec<Run> =
            runs::tau(shared, file, domain).into_iter().filter(|run| !run.conversation.steps.is_empty()).collect();
        outcomes(domain, runs, &mut dump);
    }
    crews(&runs::crews(shared));
    if let Some(path) = features {
        std::fs::write(path, dump).unwrap();
    }
}

fn without_reference(runs: &mut [Run]) -> Vec<Evaluation> {
    let judge = Judge::new(Limits::default(), Vec::new());
    runs.iter_mut()
        .map(|run| {
            let expected = run.conversation.expected.take();
            let evaluation = judge.evaluate(&run.conversation);
            run.conversation.expected = expected;
            evaluation
        })
        .collect()
}

fn outcomes(domain: &str, mut runs: Vec<Run>, dump: &mut String) {
    let judge = Judge::new(Limits::default(), Vec::new());
    let failed = runs.iter().filter(|run| run.failed).count();
    println!("\n## {domain}: {} runs, {failed} failed", runs.len());
    let blind = without_reference(&mut runs);
    let started = Instant::now();
    for run in &runs {
        std::hint::black_box(judge.evaluate(&run.conversation));
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "all evaluators, features, suspicion, suspects: {:.0} conversations/s (one thread)",
        runs.len() as f64 / seconds
    );
    let informed: Vec<Evaluation> = runs.iter().map(|run| judge.evaluate(&run.conversation)).collect();
    println!("| score | AUROC (95 %), runs scored | flags or fails | of them failed |\n| --- | --- | --- | --- |");
    let truth = Truth::new(runs.iter().map(|run| (run.failed, run.group.clone())));
    let row = |name: &str, value: &dyn Fn(usize) -> f64| {
        let said: Vec<Said> = (0..runs.len()).map(|at| (Some(value(at)), None)).collect();
        print_standing(&truth.standing(name, "lower", &said));
    };
    row("trivial: messages", &|at| runs[at].messages as f64);
    row("trivial: changes", &|at| blind[at].features.get(aftercall::evaluate::features::Feature::DoneWrites));
    row("fixed prior", &|at| blind[at].suspicion.p_fail.unwrap_or(0.5));
    row("fixed prior, with expected calls", &|at| informed[at].suspicion.p_fail.unwrap_or(0.5));
    per_evaluator(&truth, &blind);
    located(&runs, &blind);
    for (run, one) in runs.iter().zip(&blind) {
        let numbers: Vec<String> = one.features.values().iter().map(f64::to_string).collect();
        let _ = writeln!(
            dump,
            "{domain}\t{}\t{}\t{}\t{}",
            run.group,
            u8::from(run.failed),
            run.messages,
            numbers.join("\t")
        );
    }
}

fn print_standing(one: &Standing) {
    let area = one
        .auroc
        .zip(one.interval)
        .map_or_else(String::new, |(auroc, (low, high))| format!("{auroc:.3} ({low:.2}-{high:.2}), {}", one.n));
    let (flags, right) =
        one.objections.map_or_else(Default::default, |(all, right)| (all.to_string(), right.to_string()));
    println!("| {} | {area} | {flags} | {right} |", one.name);
}

fn per_evaluator(truth: &Truth, evaluations: &[Evaluation]) {
    for evaluator in aftercall::evaluate::registry::EVALUATORS {
        let name = evaluator.about().name;
        let of = |one: &Evaluation| {
            let mut scores = one.scores.iter().filter(|score| score.target == ScoreTarget::Conversation);
            let score = scores.find(|score| score.evaluator.exact() == name);
            score.map_or((None, None), |score| (score.value.map(|value| -value), score.passed))
        };
        let said: Vec<Said> = evaluations.iter().map(of).collect();
        if said.iter().any(|(value, _)| value.is_some()) {
            print_standing(&truth.standing(name, "higher", &said));
        }
    }
}

/// Suspects against the first departure from the expected calls, the suspects being found without those.
fn located(runs: &[Run], blind: &[Evaluation]) {
    let (mut all, mut first, mut third) = (0_usize, 0, 0);
    let (mut named, mut missing, mut failed) = (0, 0, 0);
    for (run, one) in runs.iter().zip(blind).filter(|(run, _)| run.failed) {
        let facts = Facts::of(&run.conversation);
        let Some(diff) = reference::diff(&facts) else { continue };
        failed += 1;
        named += usize::from(!diff.extra.is_empty() || (diff.transfer.is_some() && !diff.is_clean()));
        missing += usize::from(diff.extra.is_empty() && !diff.missing.is_empty());
        if diff.extra.is_empty() && diff.missing.is_empty() && diff.transfer.is_none() {
            continue;
        }
        let Some(truth) = diff.first_deviation(&facts).map(|row| facts.rows[row].step.number) else { continue };
        all += 1;
        let place = one.suspects.iter().position(|suspect| suspect.step == truth);
        first += usize::from(place == Some(0));
        third += usize::from(place.is_some_and(|place| place < 3));
    }
    let share = |part: usize| part as f64 / all.max(1) as f64;
    println!("first departure among suspects, {all} located: top-1 {:.2}, top-3 {:.2}", share(first), share(third));
    println!(
        "with expected calls: the difference names a call in {named} of {failed}, says what is missing in {missing}"
    );
}

/// All logs, and the halves of the split by which the rules were found (A) and tried (B).
fn crews(runs: &[Run]) {
    let judge = Judge::new(Limits::default(), Vec::new());
    println!("\n## crews: decisive step among suspects");
    let is_b = |run: &&Run| Sha256::digest(run.group.as_bytes())[0] % 2 == 1;
    let (b, a): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(is_b);
    for (name, half) in [("all", runs.iter().collect()), ("half A", a), ("half B", b)] {
        let place = |run: &&Run| {
            judge.evaluate(&run.conversation).suspects.iter().position(|suspect| Some(suspect.step) == run.decisive)
        };
        let places: Vec<Option<usize>> = half.iter().map(place).collect();
        let share = |most: usize| {
            let found = places.iter().filter(|place| place.is_some_and(|place| place < most)).count();
            let (low, high) = rate::wilson(found as u64, places.len() as u64, 0.05).unwrap_or((0.0, 1.0));
            format!("{:.2} ({low:.2}-{high:.2})", found as f64 / places.len().max(1) as f64)
        };
        println!("{name}, {} logs: top-1 {}, top-3 {}", half.len(), share(1), share(3));
    }
}

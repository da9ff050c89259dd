//! Measures the built-in evaluators on runs with known outcomes: how well they tell failures, and where they look.
//!
//! `cargo run --release --example bench_evaluators -- ../shared` prints the tables; `--features FILE` also writes the
//! numbers of each run as TSV. AUROC: 0.5 is useless. Intervals: 95 %, bootstrap over tasks (2,000 draws, fixed seed).

#![allow(clippy::unwrap_used, reason = "a measurement that cannot read its data should stop")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use aftercall::evaluate::facts::Facts;
use aftercall::evaluate::{Evaluation, Judge, Limits, reference};
use aftercall::model::score::ScoreTarget;

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
    println!("| score | AUROC (95 %) | flags or fails | of them failed |\n| --- | --- | --- | --- |");
    let row = |name: &str, values: &[f64]| {
        let (low, high) = interval(&runs, values);
        println!("| {name} | {:.3} ({low:.2}-{high:.2}) | | |", auroc(&runs, values));
    };
    row("trivial: messages", &runs.iter().map(|run| run.messages as f64).collect::<Vec<_>>());
    row(
        "trivial: changes",
        &blind
            .iter()
            .map(|one| one.features.get(aftercall::evaluate::features::Feature::DoneWrites))
            .collect::<Vec<_>>(),
    );
    row("fixed prior", &blind.iter().map(|one| one.suspicion.p_fail.unwrap_or(0.5)).collect::<Vec<_>>());
    row(
        "fixed prior, with expected calls",
        &informed.iter().map(|one| one.suspicion.p_fail.unwrap_or(0.5)).collect::<Vec<_>>(),
    );
    per_evaluator(&runs, &blind);
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

fn per_evaluator(runs: &[Run], evaluations: &[Evaluation]) {
    for evaluator in aftercall::evaluate::registry::EVALUATORS {
        let name = evaluator.about().name;
        let values: Vec<(Option<f64>, Option<bool>)> = evaluations
            .iter()
            .map(|one| {
                let score = one
                    .scores
                    .iter()
                    .find(|score| score.target == ScoreTarget::Conversation && score.evaluator.exact() == name);
                score.map_or((None, None), |score| (score.value, score.passed))
            })
            .collect();
        let known: Vec<f64> = values.iter().filter_map(|(value, _)| *value).collect();
        if known.is_empty() {
            continue;
        }
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let badness: Vec<f64> = values.iter().map(|(value, _)| -value.unwrap_or(mean)).collect();
        let fails: Vec<bool> = values
            .iter()
            .zip(runs)
            .filter(|((_, passed), _)| *passed == Some(false))
            .map(|(_, run)| run.failed)
            .collect();
        let right = fails.iter().filter(|failed| **failed).count();
        println!("| {name} | {:.3} | {} of {} | {right} |", auroc(runs, &badness), fails.len(), known.len());
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

fn crews(runs: &[Run]) {
    let judge = Judge::new(Limits::default(), Vec::new());
    let (mut first, mut third) = (0, 0);
    for run in runs {
        let suspects = judge.evaluate(&run.conversation).suspects;
        let place = suspects.iter().position(|suspect| Some(suspect.step) == run.decisive);
        first += usize::from(place == Some(0));
        third += usize::from(place.is_some_and(|place| place < 3));
    }
    let share = |part: usize| part as f64 / runs.len().max(1) as f64;
    println!(
        "\n## crews: {} annotated logs\ndecisive step: top-1 {:.2}, top-3 {:.2}",
        runs.len(),
        share(first),
        share(third)
    );
}

fn auroc(runs: &[Run], values: &[f64]) -> f64 {
    area(runs.iter().zip(values).map(|(run, value)| (run.failed, *value)).collect())
}

/// The probability that a failed run has the larger value, ties counted half.
fn area(mut pairs: Vec<(bool, f64)>) -> f64 {
    pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut below, mut won, mut at) = (0.0, 0.0, 0);
    while at < pairs.len() {
        let end = pairs[at..].iter().position(|pair| pair.1 > pairs[at].1).map_or(pairs.len(), |next| at + next);
        let good = pairs[at..end].iter().filter(|pair| !pair.0).count() as f64;
        let bad = (end - at) as f64 - good;
        won += bad * (below + good / 2.0);
        below += good;
        at = end;
    }
    won / (below * (pairs.len() as f64 - below)).max(1.0)
}

fn interval(runs: &[Run], values: &[f64]) -> (f64, f64) {
    let mut groups: Vec<&str> = runs.iter().map(|run| run.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let members: Vec<Vec<usize>> =
        groups.iter().map(|group| (0..runs.len()).filter(|at| runs[*at].group == **group).collect()).collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let mut found: Vec<f64> = (0..2_000)
        .map(|_| {
            let chosen = (0..members.len()).flat_map(|_| members[draw(members.len())].clone());
            area(chosen.map(|at| (runs[at].failed, values[at])).collect())
        })
        .collect();
    found.sort_by(f64::total_cmp);
    (found[50], found[1_949])
}

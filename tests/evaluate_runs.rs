//! The suspicion and the suspects on runs with known outcomes: floors under the measured numbers.
//!
//! Invariant: nothing here is fitted; the weights are constants of the program, and the trivial baseline is measured in
//! the same run.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data should stop")]

use aftercall::evaluate::facts::Facts;
use aftercall::evaluate::learn::{self, Example};
use aftercall::evaluate::{Judge, Limits, bench, reference};

#[path = "labelled/runs.rs"]
mod runs;

use runs::Run;

/// The probability that a failed run has the larger value, ties counted half.
fn area(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    let (bad, good): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.failed);
    let mut won = 0.0;
    for bad in &bad {
        for good in &good {
            let (a, b) = (value(bad), value(good));
            won += if a > b {
                1.0
            } else if (a - b).abs() < f64::EPSILON {
                0.5
            } else {
                0.0
            };
        }
    }
    won / (bad.len() * good.len()) as f64
}

/// (prior without reference, message count, prior with reference)
fn areas(file: &str, domain: &str) -> Option<[f64; 3]> {
    let mut runs: Vec<Run> = runs::tau(&runs::shared()?, file, domain);
    runs.retain(|run| !run.conversation.steps.is_empty());
    let judge = Judge::new(Limits::default(), Vec::new());
    let p = |run: &Run| judge.evaluate(&run.conversation).suspicion.p_fail.unwrap();
    let informed: Vec<f64> = runs.iter().map(p).collect();
    for run in &mut runs {
        run.conversation.expected = None;
    }
    let blind: Vec<f64> = runs.iter().map(p).collect();
    let of = |values: &[f64]| {
        let indexed: Vec<Run> = runs
            .iter()
            .zip(values)
            .map(|(run, value)| Run {
                messages: value.to_bits() as usize,
                group: String::new(),
                conversation: run.conversation.clone(),
                ..*run
            })
            .collect();
        area(&indexed, |run| f64::from_bits(run.messages as u64))
    };
    Some([of(&blind), area(&runs, |run| run.messages as f64), of(&informed)])
}

#[test]
fn the_fixed_prior_beats_counting_messages_on_airline() {
    let Some([blind, messages, informed]) = areas("gpt-4o-airline.json", "airline") else { return };
    println!("airline: prior {blind:.3}, messages {messages:.3}, with expected calls {informed:.3}");
    assert!(blind > 0.72 && blind > messages, "{blind} {messages}");
    assert!(informed > 0.97, "{informed}");
}

#[test]
fn the_fixed_prior_beats_counting_messages_on_retail() {
    let Some([blind, messages, informed]) = areas("retail-assertions-agent.json", "retail") else { return };
    println!("retail: prior {blind:.3}, messages {messages:.3}, with expected calls {informed:.3}");
    assert!(blind > 0.61 && blind > messages, "{blind} {messages}");
    assert!(informed > 0.97, "{informed}");
}

/// The mean area of what is learnt on other tasks, over five shuffles of the folds.
fn learnt(file: &str, domain: &str) -> Option<f64> {
    let mut runs: Vec<Run> = runs::tau(&runs::shared()?, file, domain);
    runs.retain(|run| !run.conversation.steps.is_empty());
    let judge = Judge::new(Limits::default(), Vec::new());
    let features: Vec<_> = runs
        .iter_mut()
        .map(|run| {
            run.conversation.expected = None;
            judge.evaluate(&run.conversation).features
        })
        .collect();
    let examples: Vec<Example<'_>> = runs
        .iter()
        .zip(&features)
        .map(|(run, features)| Example { features, failed: run.failed, group: &run.group })
        .collect();
    let areas = (0..5).map(|seed| {
        let logits = learn::held_out(&examples, seed);
        bench::area(examples.iter().zip(&logits).map(|(one, logit)| (one.failed, *logit)).collect())
    });
    Some(areas.sum::<f64>() / 5.0)
}

#[test]
fn what_is_learnt_on_other_tasks_tells_failures_of_airline_runs() {
    let Some(area) = learnt("gpt-4o-airline.json", "airline") else { return };
    println!("airline: learnt, folds grouped by task {area:.3}");
    assert!(area >= 0.74, "{area}");
}

#[test]
fn few_and_noisy_labels_leave_what_is_learnt_near_the_prior() {
    let Some(area) = learnt("retail-assertions-agent.json", "retail") else { return };
    println!("retail: learnt, folds grouped by task {area:.3}");
    assert!(area > 0.58, "{area}");
}

#[test]
fn the_first_departure_is_among_the_first_suspects() {
    let Some(shared) = runs::shared() else { return };
    let judge = Judge::new(Limits::default(), Vec::new());
    let (mut all, mut first, mut third, mut named, mut failed) = (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
    for mut run in runs::tau(&shared, "gpt-4o-airline.json", "airline").into_iter().filter(|run| run.failed) {
        failed += 1;
        let truth = {
            let facts = Facts::of(&run.conversation);
            let diff = reference::diff(&facts).unwrap();
            named += u32::from(!diff.is_clean() && (!diff.extra.is_empty() || diff.transfer.is_some()));
            if diff.extra.is_empty() && diff.missing.is_empty() && diff.transfer.is_none() {
                continue;
            }
            diff.first_deviation(&facts).map(|row| facts.rows[row].step.number)
        };
        run.conversation.expected = None;
        let suspects = judge.evaluate(&run.conversation).suspects;
        let place = suspects.iter().position(|suspect| Some(suspect.step) == truth);
        all += u32::from(truth.is_some());
        first += u32::from(place == Some(0));
        third += u32::from(place.is_some_and(|place| place < 3));
    }
    let share = |part: u32, of: u32| f64::from(part) / f64::from(of);
    println!(
        "{all} located: top-1 {:.2}, top-3 {:.2}; named by the difference {:.2}",
        share(first, all),
        share(third, all),
        share(named, failed)
    );
    assert!(share(first, all) >= 0.75 && share(third, all) >= 0.93);
    assert!(share(named, failed) >= 0.68);
}

#[test]
fn the_decisive_step_of_a_crew_is_often_among_the_suspects() {
    let Some(shared) = runs::shared() else { return };
    let judge = Judge::new(Limits::default(), Vec::new());
    let runs = runs::crews(&shared);
    let places: Vec<Option<usize>> = runs
        .iter()
        .map(|run| {
            judge.evaluate(&run.conversation).suspects.iter().position(|suspect| Some(suspect.step) == run.decisive)
        })
        .collect();
    let share = |most: usize| {
        places.iter().filter(|place| place.is_some_and(|place| place < most)).count() as f64 / runs.len() as f64
    };
    println!("{} logs: top-1 {:.2}, top-3 {:.2}", runs.len(), share(1), share(3));
    assert!(share(1) >= 0.45 && share(3) >= 0.79);
}

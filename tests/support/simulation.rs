//! The gate on made-up trials: how often it notices a regression of a known size, and how often it calls noise one.
//!
//! Invariant: only the seed and the numbers given decide; what is asked is the decision of the gate itself.

#![allow(clippy::unwrap_used, dead_code, reason = "shared by a test and a measurement")]

use aftercall::dataset::regression::{Case, Outcome};
use aftercall::ops::gate::{By, Held, Rules, Trial, decide};

use super::personal::Seeded;

/// Cases in each made-up run of the gate.
pub const CASES: usize = 100;

fn held(passed: &[bool]) -> Held {
    let trial = |passed: &bool| Trial {
        run: "r".to_owned(),
        outcome: if *passed { Outcome::Pass } else { Outcome::Fail { why: "never calls x".to_owned(), step: None } },
        by: By::Case,
        counterpart: None,
        said: None,
    };
    let trials: Vec<Vec<Trial>> = passed.iter().map(|passed| vec![trial(passed)]).collect();
    Held { runs: trials.len(), matched: vec![None; trials.len()], trials, ..Held::default() }
}

/// The share of made-up gates that say regression, where `discordant` cases changed and each changed for the worse with
/// this chance.
pub fn called(discordant: usize, worse: f64, gates: u64) -> f64 {
    let line = |at: usize| format!(r#"{{"case_id":"k{at}","conversation_id":"c","prefix":[],"acceptable":[]}}"#);
    let cases: Vec<Case> = (0..CASES).map(|at| Case::parse(&line(at)).unwrap()).collect();
    let mut regressions = 0;
    for seed in 0..gates {
        let mut seeded = Seeded(seed * 7_919 + discordant as u64);
        let mut order: Vec<usize> = (0..CASES).collect();
        for at in (1..CASES).rev() {
            order.swap(at, seeded.below(at as u64 + 1) as usize);
        }
        let mut before: Vec<bool> = (0..CASES).map(|_| seeded.chance(0.8)).collect();
        let mut after = before.clone();
        for at in order.into_iter().take(discordant) {
            before[at] = seeded.chance(worse);
            after[at] = !before[at];
        }
        let report = decide::report(&cases, &held(&after), Some(&held(&before)), &Rules::default());
        regressions += u64::from(report.failed());
    }
    regressions as f64 / gates as f64
}

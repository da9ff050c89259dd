//! The figures that masking and the gate promise, computed: recall by class, false masks, power, and noise let through.
//!
//! Invariant: every figure comes from seeds, so that a test that holds today holds tomorrow.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/personal.rs"]
mod personal;
#[path = "support/simulation.rs"]
mod simulation;

use personal::{FIRM, Found};

fn promised(found: &Found) {
    for class in FIRM {
        let recall = found.recall.get(class.word()).copied().unwrap_or_default();
        assert!(
            recall.planted == 0 || recall.share() >= 0.99,
            "{}: {} of {}: {:#?}",
            class.word(),
            recall.found,
            recall.planted,
            found.examples
        );
    }
    assert!(found.false_per_thousand() <= 1.0, "{} false: {:#?}", found.false_masks, found.examples);
}

#[test]
fn personal_data_is_found_in_a_seeded_corpus() {
    let found = personal::look(20_261_121, 3_000);
    assert!(found.words > 20_000 && found.recall.len() == 9, "{found:?}");
    promised(&found);
    for class in ["NAME", "ADDRESS"] {
        assert!(found.recall[class].share() >= 0.95, "{class}: {:#?}", found.examples);
    }
}

#[test]
fn personal_data_is_found_in_the_hostile_lines() {
    let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/hostile/pii/P01-mixed.jsonl"));
    let Ok(lines) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return;
    };
    let found = personal::look_at_lines(&lines);
    assert!(found.recall.values().map(|recall| recall.planted).sum::<usize>() >= 10, "{found:?}");
    promised(&found);
}

#[test]
fn the_gate_catches_known_regressions_and_lets_noise_through() {
    let power = simulation::called(15, 0.95, 100);
    assert!(power >= 0.95, "power {power}");
    for discordant in [2, 15, 60] {
        let noise = simulation::called(discordant, 0.5, 100);
        assert!(noise <= 0.05, "noise {noise} at {discordant}");
    }
}

//! Statistics against reference values of other implementations, where those are at hand.

#![allow(clippy::unwrap_used, reason = "tests")]

use aftercall::stats::compare::{mcnemar_exact, paired_bootstrap};
use aftercall::stats::rate::wilson;
use serde_json::Value;

fn vectors(name: &str) -> Option<(Vec<Value>, f64)> {
    let path = format!("{}/../shared/stats-vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    Some((file["cases"].as_array().unwrap().clone(), file["tolerance_abs"].as_f64().unwrap()))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn mcnemar() {
    let Some((cases, tolerance)) = vectors("mcnemar") else { return };
    assert!(!cases.is_empty());
    for case in cases {
        let (b, c) = (case["inputs"]["b"].as_u64().unwrap(), case["inputs"]["c"].as_u64().unwrap());
        let expected = case["expected"]["p_exact"].as_f64().unwrap();
        assert!((mcnemar_exact(b, c) - expected).abs() < tolerance, "{case}");
    }
}

#[test]
fn wilson_intervals() {
    let Some((cases, tolerance)) = vectors("proportion_ci") else { return };
    for case in cases {
        let inputs = &case["inputs"];
        let (k, n) = (inputs["k"].as_u64().unwrap(), inputs["n"].as_u64().unwrap());
        let (low, high) = wilson(k, n, inputs["alpha"].as_f64().unwrap()).unwrap();
        let expected = numbers(&case["expected"]["wilson"]);
        assert!((low - expected[0]).abs() < tolerance && (high - expected[1]).abs() < tolerance, "{case}");
    }
}

#[test]
fn paired_bootstraps() {
    let Some((cases, tolerance)) = vectors("paired_bootstrap") else { return };
    let own = cases.iter().filter(|case| case["inputs"]["resample_indices"].is_array());
    for case in own {
        let inputs = &case["inputs"];
        let (a, b) = (numbers(&inputs["a"]), numbers(&inputs["b"]));
        let resamples: Vec<Vec<usize>> = serde_json::from_value(inputs["resample_indices"].clone()).unwrap();
        let found = paired_bootstrap((&a, &b), resamples.iter(), inputs["alpha"].as_f64().unwrap()).unwrap();
        let expected = &case["expected"];
        for (found, name) in [(found.mean, "diff"), (found.interval.0, "low"), (found.interval.1, "high")] {
            assert!((found - expected[name].as_f64().unwrap()).abs() < tolerance, "{name} {found} {expected}");
        }
    }
}

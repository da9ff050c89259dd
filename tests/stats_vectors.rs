//! Statistics against reference values of other implementations, where those are at hand.

#![allow(clippy::unwrap_used, reason = "tests")]

use aftercall::rank::fit::{self, Example, Fit};
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

#[test]
fn posterior_modes() {
    let Some((cases, tolerance)) = vectors("map_logistic") else { return };
    assert!(!cases.is_empty());
    for case in cases {
        let inputs = &case["inputs"];
        let rows: Vec<Vec<f64>> = inputs["X"].as_array().unwrap().iter().map(numbers).collect();
        let (failed, shares) = (numbers(&inputs["y"]), numbers(&inputs["sample_weight"]));
        let examples: Vec<Example<'_>> = rows
            .iter()
            .zip(failed.iter().zip(&shares))
            .map(|(x, (failed, share))| Example { x, failed: *failed > 0.5, share: *share })
            .collect();
        let (prior, precision) = (numbers(&inputs["prior_mean"]), numbers(&inputs["precision"]));
        let posterior = Fit { examples: &examples, prior: &prior, precision: &precision };
        let (weights, covariance) = posterior.mode();
        let expected = &case["expected"];
        let is = |found: f64, wanted: f64, what: &str| {
            assert!((found - wanted).abs() < tolerance, "{what} {found} {wanted}");
        };
        for (found, wanted) in weights.iter().zip(numbers(&expected["w"])) {
            is(*found, wanted, "weight");
        }
        for (row, (p, variance)) in
            rows.iter().zip(numbers(&expected["p"]).into_iter().zip(numbers(&expected["logit_variance"])))
        {
            is(fit::p(&weights, row), p, "p");
            is(fit::variance(&covariance, row), variance, "variance");
        }
        is(posterior.loss(&weights), expected["neg_log_posterior"].as_f64().unwrap(), "loss");
    }
}

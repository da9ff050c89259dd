//! Every formula against reference values of other implementations, where those are at hand.

use serde_json::Value;

use super::agreement::{Agreement, Table, cohen};
use super::calibration::{auroc, brier, calibration_error, curve};
use super::compare::{Cluster, clustered, mcnemar_exact, mcnemar_mid, paired_bootstrap, two_rates};
use super::corrected::{Flagged, HeldOut, Stratum, post_stratified, ppi_at, ppi_lambda, rogan_gladen_unguarded};
use super::drift::{categorical_unguarded, numeric, numeric_counts};
use super::isotonic::Isotonic;
use super::multiple::{Method, adjust};
use super::rate::wilson;
use super::reviewers::{Level, alpha_interval, alpha_of, fleiss_unguarded};
use super::sample_size;
use super::threshold::{conformal_rank, learn_then_test, ltt_p_values, risk_control, split_conformal};

/// The cases of a file, and how near an answer must be.
struct Vectors {
    cases: Value,
    tolerance: f64,
}

fn vectors(name: &str) -> Option<Vectors> {
    let path = format!("{}/../shared/stats-vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["stat"], name);
    Some(Vectors { cases: file["cases"].clone(), tolerance: file["tolerance_abs"].as_f64().unwrap() })
}

impl Vectors {
    /// Each case's inputs and expected values; there is at least one.
    fn each(&self, check: impl Fn(&Value, &Value)) {
        let cases = self.cases.as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            check(&case["inputs"], &case["expected"]);
        }
    }

    fn near(&self, found: f64, expected: &Value) {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() <= self.tolerance, "{found} for {expected}");
    }

    fn all_near(&self, found: &[f64], expected: &Value) {
        let expected = expected.as_array().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            self.near(*found, expected);
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn whole(value: &Value) -> Vec<u64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn flags(value: &Value) -> Vec<bool> {
    whole(value).into_iter().map(|one| one == 1).collect()
}

fn judged(scores: &Value, failed: &Value) -> Vec<(f64, bool)> {
    numbers(scores).into_iter().zip(flags(failed)).collect()
}

#[test]
fn agreement_binary() {
    let Some(vectors) = vectors("agreement_binary") else { return };
    vectors.each(|inputs, expected| {
        let table = Table::of(flags(&inputs["human"]).into_iter().zip(flags(&inputs["judge"])));
        let counts = [("tp", table.tp), ("fp", table.fp), ("fn", table.missed), ("tn", table.tn)];
        assert!(counts.iter().all(|(name, count)| expected[*name].as_u64() == Some(*count)));
        let found = Agreement::of(table);
        let kappa = found.kappa.unwrap();
        let told = [
            ("tpr", found.tpr.unwrap().rate),
            ("tnr", found.tnr.unwrap().rate),
            ("ppv", found.precision.unwrap().rate),
            ("accuracy", found.accuracy.unwrap().rate),
            ("mcc", found.mcc.unwrap()),
            ("pabak", found.pabak.unwrap()),
            ("ac1", found.ac1.unwrap()),
            ("kappa", kappa.value),
            ("kappa_se", kappa.se),
            ("kappa_low", kappa.interval.0),
            ("kappa_upp", kappa.interval.1),
        ];
        for (name, value) in told {
            vectors.near(value, &expected[name]);
        }
    });
}

#[test]
fn cohen_kappa_multiclass() {
    let Some(vectors) = vectors("cohen_kappa_multiclass") else { return };
    vectors.each(|inputs, expected| {
        let one = |side: &str| whole(&inputs[side]).into_iter().map(|one| one as usize);
        let pairs: Vec<(usize, usize)> = one("a").zip(one("b")).collect();
        let categories = inputs["categories"].as_u64().unwrap() as usize;
        let kappa = cohen(&pairs, categories).unwrap();
        vectors.near(kappa.value, &expected["kappa"]);
        vectors.near(kappa.se, &expected["se"]);
        vectors.near(kappa.interval.0, &expected["low"]);
        vectors.near(kappa.interval.1, &expected["high"]);
    });
}

#[test]
fn calibration() {
    let Some(vectors) = vectors("calibration") else { return };
    vectors.each(|inputs, expected| {
        let judged = judged(&inputs["p"], &inputs["y"]);
        let bins = inputs["bins"].as_u64().unwrap() as usize;
        vectors.near(auroc(&judged).unwrap().value, &expected["auroc"]);
        vectors.near(brier(&judged).unwrap(), &expected["brier"]);
        let error = calibration_error(&judged, bins, 1).unwrap();
        vectors.near(error.ece, &expected["ece"]);
        vectors.near(error.largest, &expected["mce"]);
        vectors.near(error.ece_by_mass, &expected["ece_equal_mass"]);
        let curve = curve(&judged, bins).unwrap();
        let of = |value: fn(&super::calibration::Bin) -> f64| curve.iter().map(value).collect::<Vec<f64>>();
        vectors.all_near(&of(|bin| bin.observed), &expected["curve_frac_pos"]);
        vectors.all_near(&of(|bin| bin.predicted), &expected["curve_mean_pred"]);
        vectors.all_near(&of(|bin| bin.n as f64), &expected["bin_count"]);
    });
}

#[test]
fn isotonic() {
    let Some(vectors) = vectors("isotonic") else { return };
    vectors.each(|inputs, expected| {
        let (x, y, w) = (numbers(&inputs["x"]), numbers(&inputs["y"]), numbers(&inputs["w"]));
        let points: Vec<_> = x.iter().zip(y).zip(w).map(|((x, y), w)| (*x, y, w)).collect();
        let fitted = Isotonic::fit(&points);
        let at = |places: &[f64]| places.iter().map(|x| fitted.at(*x).unwrap()).collect::<Vec<f64>>();
        vectors.all_near(&at(&x), &expected["fitted"]);
        vectors.all_near(&at(&numbers(&inputs["query"])), &expected["query"]);
    });
}

#[test]
fn proportion_ci() {
    let Some(vectors) = vectors("proportion_ci") else { return };
    vectors.each(|inputs, expected| {
        let (k, n) = (inputs["k"].as_u64().unwrap(), inputs["n"].as_u64().unwrap());
        let alpha = inputs["alpha"].as_f64().unwrap();
        let (low, high) = wilson(k, n, alpha).unwrap();
        vectors.all_near(&[low, high], &expected["wilson"]);
    });
}

#[test]
fn two_proportions() {
    let Some(vectors) = vectors("two_proportions") else { return };
    vectors.each(|inputs, expected| {
        let number = |name: &str| inputs[name].as_u64().unwrap();
        let (first, second) = ((number("k1"), number("n1")), (number("k2"), number("n2")));
        // The reference takes the first minus the second.
        let found = two_rates(second, first, inputs["alpha"].as_f64().unwrap()).unwrap();
        vectors.near(found.difference, &expected["diff"]);
        vectors.all_near(&[found.interval.0, found.interval.1], &expected["newcombe"]);
        vectors.near(found.p, &expected["fisher_p"]);
    });
}

#[test]
fn mcnemar() {
    let Some(vectors) = vectors("mcnemar") else { return };
    vectors.each(|inputs, expected| {
        let (b, c) = (inputs["b"].as_u64().unwrap(), inputs["c"].as_u64().unwrap());
        vectors.near(mcnemar_exact(b, c), &expected["p_exact"]);
        vectors.near(mcnemar_mid(b, c), &expected["p_mid"]);
    });
}

#[test]
fn bootstraps() {
    let Some(vectors) = vectors("paired_bootstrap") else { return };
    vectors.each(|inputs, expected| {
        let (a, b) = (numbers(&inputs["a"]), numbers(&inputs["b"]));
        let alpha = inputs["alpha"].as_f64().unwrap();
        let drawn = |name: &str| -> Vec<Vec<usize>> { serde_json::from_value(inputs[name].clone()).unwrap() };
        let found = if inputs["cluster"].is_array() {
            let of = whole(&inputs["cluster"]);
            let mut clusters = vec![Cluster::default(); *of.iter().max().unwrap() as usize + 1];
            for ((a, b), at) in a.iter().zip(&b).zip(of) {
                let cluster = &mut clusters[at as usize];
                cluster.first = (cluster.first.0 + *a as u64, cluster.first.1 + 1);
                cluster.second = (cluster.second.0 + *b as u64, cluster.second.1 + 1);
            }
            clustered(&clusters, drawn("resample_clusters").iter(), alpha)
        } else {
            paired_bootstrap((&a, &b), drawn("resample_indices").iter(), alpha)
        };
        let found = found.unwrap();
        vectors.near(found.mean, &expected["diff"]);
        vectors.near(found.interval.0, &expected["low"]);
        vectors.near(found.interval.1, &expected["high"]);
    });
}

#[test]
fn multiple_testing() {
    let Some(vectors) = vectors("multiple_testing") else { return };
    vectors.each(|inputs, expected| {
        let (raw, alpha) = (numbers(&inputs["p"]), inputs["alpha"].as_f64().unwrap());
        let methods =
            [("fdr_bh", Method::BenjaminiHochberg), ("holm", Method::Holm), ("bonferroni", Method::Bonferroni)];
        for (name, method) in methods {
            let adjusted = adjust(&raw, method);
            let values: Vec<f64> = adjusted.iter().map(|p| p.value()).collect();
            vectors.all_near(&values, &expected[name]["adjusted"]);
            let rejected: Vec<bool> = adjusted.iter().map(|p| p.rejects(alpha)).collect();
            assert_eq!(serde_json::json!(rejected), expected[name]["reject"]);
        }
    });
}

#[test]
fn rogan_gladen() {
    let Some(vectors) = vectors("rogan_gladen") else { return };
    vectors.each(|inputs, expected| {
        let number = |name: &str| inputs[name].as_u64().unwrap();
        let (raw, found) = rogan_gladen_unguarded(&Flagged {
            flagged: number("flagged"),
            total: number("total"),
            failed: number("positives_labelled"),
            caught: number("true_positives"),
            passed: number("negatives_labelled"),
            let_through: number("true_negatives"),
        });
        vectors.near(raw, &expected["raw"]);
        vectors.near(found.estimate, &expected["estimate"]);
        vectors.near(found.se, &expected["se"]);
        vectors.near(found.interval.0, &expected["low"]);
        vectors.near(found.interval.1, &expected["high"]);
    });
}

#[test]
fn ppi_mean() {
    let Some(vectors) = vectors("ppi_mean") else { return };
    vectors.each(|inputs, expected| {
        let y = numbers(&inputs["y"]);
        let (labelled, unlabelled) = (numbers(&inputs["f_labelled"]), numbers(&inputs["f_unlabelled"]));
        let scores = HeldOut { labelled: &labelled, unlabelled: &unlabelled };
        let tuned = ppi_lambda(&y, scores);
        for (name, lambda) in [("ppi", 1.0), ("ppi_plus_plus", tuned), ("classical", 0.0)] {
            let found = ppi_at(&y, scores, lambda);
            let expected = &expected[name];
            vectors.near(lambda, &expected["lam"]);
            vectors.near(found.estimate, &expected["est"]);
            vectors.near(found.se, &expected["se"]);
            vectors.all_near(&[found.interval.0, found.interval.1], &expected["ci"]);
        }
    });
}

#[test]
fn post_stratified_rate() {
    let Some(vectors) = vectors("post_stratified_rate") else { return };
    vectors.each(|inputs, expected| {
        let of = |name: &str| whole(&inputs[name]);
        let strata: Vec<Stratum> = of("stratum_size")
            .into_iter()
            .zip(of("labelled"))
            .zip(of("failures"))
            .map(|((size, labelled), failed)| Stratum { size, labelled, failed })
            .collect();
        let found = post_stratified(&strata).unwrap();
        vectors.near(found.estimate, &expected["estimate"]);
        vectors.near(found.se, &expected["se"]);
    });
}

#[test]
fn risk_threshold() {
    let Some(vectors) = vectors("risk_threshold") else { return };
    vectors.each(|inputs, expected| {
        let judged = judged(&inputs["score"], &inputs["failed"]);
        let grid = numbers(&inputs["grid"]);
        let (alpha, delta) = (inputs["alpha"].as_f64().unwrap(), inputs["delta"].as_f64().unwrap());
        vectors.all_near(&ltt_p_values(&judged, &grid, alpha), &expected["p_values"]);
        let found = learn_then_test(&judged, &grid, alpha, delta).unwrap();
        vectors.near(found.at, &expected["ltt_threshold"]);
        vectors.near(found.escalated, &expected["escalated_share"]);
        vectors.near(risk_control(&judged, &grid, alpha).unwrap().at, &expected["crc_threshold"]);
    });
}

#[test]
fn split_conformal_quantiles() {
    let Some(vectors) = vectors("split_conformal") else { return };
    vectors.each(|inputs, expected| {
        let (scores, alpha) = (numbers(&inputs["scores"]), inputs["alpha"].as_f64().unwrap());
        assert_eq!(expected["rank"].as_u64(), Some(conformal_rank(scores.len() as u64, alpha)));
        match split_conformal(&scores, alpha) {
            Ok(found) => vectors.near(found.quantile, &expected["qhat"]),
            Err(withheld) => assert!(expected["qhat"].is_null(), "{withheld}"),
        }
    });
}

#[test]
fn krippendorff_alpha() {
    let Some(vectors) = vectors("krippendorff_alpha") else { return };
    vectors.each(|inputs, expected| {
        let raters: Vec<Vec<Option<f64>>> = serde_json::from_value(inputs["ratings_rater_by_unit"].clone()).unwrap();
        let units: Vec<Vec<f64>> =
            (0..raters[0].len()).map(|at| raters.iter().filter_map(|rater| rater[at]).collect()).collect();
        for (name, level) in [("nominal", Level::Nominal), ("ordinal", Level::Ordinal), ("interval", Level::Interval)] {
            vectors.near(alpha_of(&units, level).unwrap(), &expected[name]);
        }
        let drawn: Vec<Vec<usize>> = serde_json::from_value(inputs["resample_units"].clone()).unwrap();
        let (low, high) = alpha_interval(&units, Level::Nominal, drawn.iter()).unwrap();
        vectors.near(low, &expected["nominal_boot_low"]);
        vectors.near(high, &expected["nominal_boot_high"]);
    });
}

#[test]
fn fleiss_kappa() {
    let Some(vectors) = vectors("fleiss_kappa") else { return };
    vectors.each(|inputs, expected| {
        let units: Vec<Vec<usize>> = serde_json::from_value(inputs["ratings_unit_by_rater"].clone()).unwrap();
        let found = fleiss_unguarded(&units, inputs["categories"].as_u64().unwrap() as usize).unwrap();
        vectors.near(found.fleiss, &expected["fleiss"]);
        vectors.near(found.randolph, &expected["randolph"]);
    });
}

#[test]
fn sample_sizes() {
    let Some(vectors) = vectors("sample_size") else { return };
    let each = |name: &str| vectors.cases[name].as_array().unwrap().clone();
    for case in each("precision") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let number = |name: &str| inputs[name].as_f64().unwrap();
        let (p, half, alpha) = (number("p"), number("half_width"), number("alpha"));
        vectors.near(sample_size::normal(p, half, alpha), &expected["n_normal"]);
        assert_eq!(Some(sample_size::wilson(p, half, alpha)), expected["n_wilson"].as_u64(), "{inputs}");
        let pool = inputs["population"].as_u64().unwrap();
        assert_eq!(Some(sample_size::finite(p, half, pool, alpha)), expected["n_finite"].as_u64(), "{inputs}");
    }
    for case in each("power") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let number = |name: &str| inputs[name].as_f64().unwrap();
        let (p1, p2) = (number("p1"), number("p2"));
        vectors.near(sample_size::effect(p1, p2), &expected["cohen_h"]);
        let found = sample_size::two_groups((p1, p2), number("alpha"), number("power")).unwrap();
        let closed = expected["n_per_group_closed"].as_f64().unwrap();
        assert!((found / closed - 1.0).abs() < vectors.tolerance, "{found} for {closed}");
    }
}

#[test]
fn drift_numeric() {
    let Some(vectors) = vectors("drift_numeric") else { return };
    vectors.each(|inputs, expected| {
        let (reference, current) = (numbers(&inputs["reference"]), numbers(&inputs["current"]));
        let found = numeric(&reference, &current).unwrap();
        vectors.near(found.ks, &expected["ks"]);
        vectors.near(found.p, &expected["ks_p_series"]);
        vectors.near(found.psi, &expected["psi"]);
        vectors.near(found.js, &expected["js_distance_base2"]);
        let (before, after) = numeric_counts(&reference, &current);
        assert_eq!((before, after), (whole(&expected["ref_counts"]), whole(&expected["cur_counts"])));
    });
}

#[test]
fn drift_categorical() {
    let Some(vectors) = vectors("drift_categorical") else { return };
    vectors.each(|inputs, expected| {
        let table: Vec<Vec<u64>> = serde_json::from_value(inputs["table"].clone()).unwrap();
        let found = categorical_unguarded([&table[0], &table[1]]).unwrap();
        vectors.near(found.chi_square, &expected["chi2"]);
        vectors.near(found.p, &expected["p"]);
        vectors.near(found.v, &expected["cramers_v"]);
        assert_eq!(Some(found.dof), expected["dof"].as_u64());
    });
}

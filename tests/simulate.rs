//! Replays of known outcomes: the ranker of the product on real runs where those are at hand, and the command on invented
//! ones.
//!
//! Invariant: floors stand below what was measured over 300 seeds by no more than chance allows at the seeds used here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

#[path = "support/home.rs"]
mod home;

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use aftercall::model::time::Timestamp;
use aftercall::ops::bench::BenchOrder;
use aftercall::ops::evaluate::{EvaluateOrder, evaluate};
use aftercall::ops::signals::{Expected, signals};
use aftercall::ops::simulate::{PoolRule, SimulateOrder, SimulateReport, StrategyRow, simulate};
use aftercall::ops::workspace::{Identity, ImportOrder, Workspace};
use aftercall::rank::audit::AuditShare;
use aftercall::rank::strategy::Strategy;
use aftercall::store::Access;
use home::Home;

const SEEDS: u32 = 40;

/// A workspace with the recorded runs, evaluated; `None` where they are not at hand.
fn airline(folder: &std::path::Path) -> Option<Workspace> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/tau-bench/gpt-4o-airline.json"));
    if !path.exists() {
        println!("skipped: ../shared is absent");
        return None;
    }
    let identity = Identity::load("simulate", &folder.join("state")).unwrap();
    let mut workspace = Workspace::open(&folder.join("w"), identity, Access::Create).unwrap();
    let order = ImportOrder { paths: vec![path], ..ImportOrder::default() };
    workspace.import(&order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    evaluate(&mut workspace, &EvaluateOrder::default(), Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap();
    Some(workspace)
}

fn replay(workspace: &Workspace, audit: AuditShare, expected: Expected) -> SimulateReport {
    let order = SimulateOrder {
        truth: BenchOrder { truth: "reward", ..BenchOrder::default() },
        seeds: SEEDS,
        audit,
        strategies: vec![Strategy::Learnt],
        pool: PoolRule::FailureShare(0.15),
        labels: 50,
        redraw: Vec::new(),
        expected,
    };
    simulate(workspace, &order, Timestamp(0), &mut |_| ControlFlow::Continue(())).unwrap()
}

fn row<'a>(report: &'a SimulateReport, name: &str) -> &'a StrategyRow {
    report.rows.iter().find(|row| row.strategy == name).unwrap()
}

#[test]
fn the_ranker_finds_failures_as_early_as_the_experiments_did() {
    let folder = tempfile::tempdir().unwrap();
    let Some(workspace) = airline(folder.path()) else { return };
    let alone = replay(&workspace, AuditShare::NONE, Expected::Ignored);
    assert_eq!((alone.conversations, alone.failed, alone.groups, alone.seeds), (200, 116, 50, 40));
    assert!((alone.pool - 99.0).abs() < 1e-9);
    // Expected of a random order by arithmetic alone: the 12th of 15 failures comes at 76 % of 99, on average.
    let (random, oracle) = (row(&alone, "random"), row(&alone, "oracle"));
    assert!(random.gain.mean.abs() < 2.0 * random.gain.half_width && (random.labels_for_80.mean - 0.76).abs() < 0.05);
    assert!((oracle.gain.mean - 1.0).abs() < 1e-9 && (oracle.labels_for_80.mean - 12.0 / 99.0).abs() < 1e-9);
    let learnt = row(&alone, "learnt");
    assert!(learnt.gain.mean > 0.38, "{learnt:?}");
    assert!(learnt.recall_at_20.mean > 0.34, "{learnt:?}");
    assert!(learnt.relative_to_random < 0.69, "{learnt:?}");
    assert_eq!(learnt.audit, None);
    // What labels alone are worth, so that the claim does not rest on the weights that came with the program.
    let bare = row(&alone, "learnt without prior");
    assert!(bare.gain.mean > 0.3 && bare.curve != learnt.curve, "{bare:?}");

    let audited = replay(&workspace, AuditShare::default(), Expected::Ignored);
    let learnt_too = row(&audited, "learnt");
    assert!(learnt_too.gain.mean > 0.34, "{learnt_too:?}");
    assert!(learnt.found.mean - learnt_too.found.mean < 0.06, "{learnt:?} {learnt_too:?}");
    let audit = learnt_too.audit.unwrap();
    // A fifth of fifty, all of them judged; half of the first ten are among them.
    assert!((audit.labels - 10.0).abs() < 1e-9, "{audit:?}");
    assert!(audit.bias.abs() < 0.05 && audit.coverage > 0.87, "{audit:?}");
    assert!(learnt_too.naive_bias.unwrap() > 0.05, "the share among labels is no rate: {learnt_too:?}");

    let informed = replay(&workspace, AuditShare::NONE, Expected::Used);
    assert!(row(&informed, "learnt").relative_to_random < 0.2, "{informed:?}");
}

#[test]
fn the_signals_of_a_pool_hold_no_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let Some(workspace) = airline(folder.path()) else { return };
    let blind = signals(&workspace, "", Timestamp(0), Expected::Ignored).unwrap();
    let informed = signals(&workspace, "", Timestamp(0), Expected::Used).unwrap();
    assert_eq!((blind.rows.len(), blind.facts.len()), (200, 200));
    let keys = |of: &aftercall::ops::signals::Signals| of.columns.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
    for key in keys(&informed) {
        assert!(!key.to_lowercase().contains("reward"), "{key}");
    }
    assert!(keys(&informed).contains(&"score/ExpectedCalls".to_owned()));
    assert!(!keys(&blind).contains(&"score/ExpectedCalls".to_owned()));
    assert!(blind.facts.iter().all(|facts| facts.mismatch.is_none()));
    assert!(informed.facts.iter().any(|facts| facts.mismatch.is_some()));
    let groups: std::collections::BTreeSet<&str> = blind.rows.iter().map(|row| row.group.as_str()).collect();
    assert!(groups.len() > 50 && groups.len() < 200, "{}", groups.len());
}

/// Forty invented conversations, two of each customer; those in which the agent asks again and again were reopened.
fn shop() -> String {
    let mut text = String::new();
    for at in 0..40 {
        let bad = at % 5 < 2;
        let again = "{\"role\": \"user\", \"content\": \"As I said, lamp A-77120\"}, {\"role\": \"assistant\", \"content\": \"Which lamp do you mean?\"}, ";
        let _ = writeln!(
            text,
            "{{\"id\": \"n{at}\", \"metadata\": {{\"customer\": \"k{}\"}}, \"outcomes\": {{\"reopened\": {bad}}}, \"messages\": [{{\"role\": \"user\", \"content\": \"Where is lamp A-77120?\"}}, {}{{\"role\": \"assistant\", \"content\": \"It is on its way.\"}}]}}",
            at / 2,
            again.repeat(if bad { 4 } else { at % 3 })
        );
    }
    text
}

#[test]
fn the_command_prints_table_and_curve_and_the_same_again() {
    let home = Home::new();
    let file = home.file("shop.jsonl", &shop());
    home.ok(&["import", &file]);
    let typed = ["simulate", "--truth", "reopened", "--seeds", "6", "--labels", "12", "--strategies", "learnt,diverse"];
    let ran = home.run(&typed);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let table = &ran.out;
    for line in ["order ", "random ", "learnt ", "diverse ", "oracle ", "failures found, by share of labels"] {
        assert!(table.lines().any(|row| row.starts_with(line)), "{line}: {table}");
    }
    assert!(ran.err.contains("16 of 40 conversations failed by \"reopened\""), "{}", ran.err);
    assert_eq!(home.ok(&typed), ran.out, "nothing is drawn but from the seed");
    let report = home.json(&[&typed[..], &["--json", "--failure-share", "0.2"]].concat());
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter().map(|row| row["strategy"].as_str().unwrap()).collect::<Vec<_>>(),
        ["random", "learnt", "diverse", "learnt without prior", "oracle"]
    );
    assert_eq!((&report["pool"], &report["seeds"]), (&30.0.into(), &6.into()));
    let gain = |at: usize| rows[at]["gain"]["mean"].as_f64().unwrap();
    assert!(gain(1) > 0.5 && gain(1) > gain(0) + 0.3, "{report}");
    assert!(rows.iter().all(|row| row["curve"].as_array().unwrap().len() == 21));
}

#[test]
fn an_order_that_is_drawn_now_and_then_stands_beside_the_one_that_learns_from_every_label() {
    let home = Home::new();
    // Where what looks bad went well, only labels teach it.
    let turned = shop().replace("\"reopened\": true", "\"reopened\": no");
    let turned =
        turned.replace("\"reopened\": false", "\"reopened\": true").replace("\"reopened\": no", "\"reopened\": false");
    let file = home.file("shop.jsonl", &turned);
    home.ok(&["import", &file]);
    let typed =
        ["simulate", "--truth", "reopened", "--seeds", "8", "--labels", "12", "--redraw", "1,10,40", "--audit", "0"];
    let report = home.json(&[&typed[..], &["--json"]].concat());
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["strategy"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["random", "learnt", "learnt by 1", "learnt by 10", "learnt by 40", "learnt without prior", "oracle"]
    );
    // One at a time is every label; all at once is what is believed before the first one.
    assert_eq!((&rows[1]["curve"], &rows[2]["lost"]["mean"]), (&rows[2]["curve"], &0.0.into()));
    assert_ne!(rows[1]["curve"], rows[4]["curve"]);
    assert!(rows[1]["lost"].is_null() && rows[5]["lost"].is_null(), "{report}");
    let lost = rows[4]["lost"]["mean"].as_f64().unwrap();
    let found = |at: usize| rows[at]["found"]["mean"].as_f64().unwrap();
    assert!((lost - (1.0 - found(4) / found(1))).abs() < 0.02, "{report}");
    let table = home.ok(&typed);
    assert!(table.contains("learnt by 10: ") && table.contains("fewer failures found in 12 labels"), "{table}");
    assert_eq!(home.run(&["simulate", "--truth", "reopened", "--redraw", "0"]).code, 2);
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let home = Home::new();
    let file = home.file("shop.jsonl", &shop());
    home.ok(&["import", &file]);
    let ran = home.run(&["simulate", "--truth", "nothing"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("0 conversations with an outcome or attribute \"nothing\""), "{}", ran.err);
    assert_eq!(home.run(&["simulate", "--truth", "reopened", "--strategies", "relabel"]).code, 2);
    assert_eq!(home.run(&["simulate", "--truth", "reopened", "--audit", "2"]).code, 2);
    let names = home.lines(&["strategies", "--json"]);
    assert_eq!(names.len(), 13);
    assert!(names.iter().all(|row| !row["order"].as_str().unwrap().is_empty()));
    assert!(home.ok(&["strategies"]).starts_with("learnt "));
}

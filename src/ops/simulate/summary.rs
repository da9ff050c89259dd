//! What came of a replay, in figures with their intervals.
//!
//! Invariant: every mean comes with its 95 % interval over the seeds, and with a random and the best possible order to
//! hold it against.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Arm, PoolRule, Run, SimulateOrder};
use crate::ops::signals::Expected;
use crate::rank::discovery::Curve;
use crate::stats::rate::wilson_finite;
use crate::stats::special::normal_quantile;

/// Points of a discovery curve.
const POINTS: usize = 20;

/// What came of a replay.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SimulateReport {
    /// 1.
    pub schema_version: u32,
    /// What it was measured against.
    pub truth: String,
    /// Conversations with a known outcome.
    pub conversations: usize,
    /// Of those, how many failed.
    pub failed: usize,
    /// Groups of conversations that are not independent.
    pub groups: usize,
    /// How a pool was drawn, in words.
    pub pool_rule: String,
    /// Conversations of a pool, on average.
    pub pool: f64,
    /// The share of a pool that failed, on average.
    pub base_rate: f64,
    /// Pools drawn.
    pub seeds: usize,
    /// The share of slots that went to the audit list.
    pub audit_share: f64,
    /// Whether expected calls were used.
    pub expected_calls: bool,
    /// Labels after which the state of things was looked at.
    pub labels: usize,
    /// A random order, the strategies, the best possible order.
    pub rows: Vec<StrategyRow>,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
}

/// A mean over seeds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measured {
    /// The mean.
    pub mean: f64,
    /// Half of the width of its 95 % interval.
    pub half_width: f64,
}

/// What a strategy did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StrategyRow {
    /// The strategy, `learnt without prior`, or `oracle`.
    pub strategy: String,
    /// How much of what could be gained over a random order was gained.
    pub gain: Measured,
    /// The share of failures found with 10 % of labels.
    pub recall_at_10: Measured,
    /// The share of failures found with 20 % of labels.
    pub recall_at_20: Measured,
    /// The share of labels it took to find 80 % of failures.
    pub labels_for_80: Measured,
    /// The same relative to the random order.
    pub relative_to_random: f64,
    /// The share of failures found when looked at.
    pub found: Measured,
    /// Of an order that learns only now and then: the share of those failures that the same order finds when it learns from
    /// every label, and this one does not; pool by pool, so that its interval is narrower than those of both.
    pub lost: Option<Measured>,
    /// The share of failures among labels less the true rate: what would be wrong with calling it a rate.
    pub naive_bias: Option<f64>,
    /// What the model believes of the rate less the true rate.
    pub model_bias: Option<f64>,
    /// What the audit says.
    pub audit: Option<AuditFigures>,
    /// How well what was learnt tells failures among held-out groups.
    pub held_out_auroc: Option<Measured>,
    /// The share of failures found after each twentieth of the labels, none and all included.
    pub curve: Vec<f64>,
}

/// How the rate from the audit compares with the true one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AuditFigures {
    /// Audited labels, on average.
    pub labels: f64,
    /// The mean of the rate less the true rate.
    pub bias: f64,
    /// The root of the mean square of it.
    pub rmse: f64,
    /// How often the shown 95 % interval holds the true rate.
    pub coverage: f64,
    /// Half of its width, on average.
    pub half_width: f64,
}

/// Puts runs together.
pub(super) fn report(
    order: &SimulateOrder<'_>,
    (failed, group): (&[bool], &[String]),
    arms: &[Arm],
    runs: &BTreeMap<usize, Vec<Run>>,
) -> SimulateReport {
    let none = Vec::new();
    let of = |at: usize| runs.get(&at).unwrap_or(&none);
    let random = of(0);
    let pools = || random.iter().map(|run| run.looked);
    let mut rows: Vec<StrategyRow> = arms.iter().enumerate().map(|(at, arm)| row(&arm.name(), of(at))).collect();
    for (at, arm) in arms.iter().enumerate() {
        let Arm::Drawn(strategy, _) = arm else { continue };
        let whole = arms.iter().position(|other| *other == Arm::Whole(*strategy));
        rows[at].lost = whole.and_then(|whole| lost(of(whole), of(at)));
    }
    let usual = rows.first().map_or(1.0, |row| row.labels_for_80.mean);
    let oracle: Vec<Run> = random.iter().map(|run| best(run, order.labels)).collect();
    rows.push(StrategyRow { audit: None, ..row("oracle", &oracle) });
    for row in &mut rows {
        row.relative_to_random = row.labels_for_80.mean / usual.max(1e-9);
    }
    SimulateReport {
        schema_version: 1,
        truth: order.truth.truth.to_owned(),
        conversations: failed.len(),
        failed: failed.iter().filter(|failed| **failed).count(),
        groups: group.iter().collect::<BTreeSet<_>>().len(),
        pool_rule: words(order.pool),
        pool: mean(pools().map(|pool| pool.pool as f64)),
        base_rate: mean(pools().map(|pool| pool.failures as f64 / pool.pool as f64)),
        seeds: random.len(),
        audit_share: f64::from(order.audit.thousandths()) / 1000.0,
        expected_calls: order.expected == Expected::Used,
        labels: order.labels,
        rows,
        seconds: 0.0,
    }
}

fn words(pool: PoolRule) -> String {
    match pool {
        PoolRule::Groups => "three quarters of the groups; the others are held out".to_owned(),
        PoolRule::FailureShare(share) => {
            format!("all that went well, and failures at random up to {:.0} %", share * 100.0)
        }
        PoolRule::OnePerGroup => "one conversation of each group".to_owned(),
    }
}

/// The best possible order of a pool.
fn best(run: &Run, look_at: usize) -> Run {
    let (pool, failures) = (run.looked.pool, run.looked.failures);
    let mut looked = run.looked;
    looked.found = failures.min(look_at);
    looked.audited = (0, 0);
    Run { curve: Curve::of((0..pool).map(|at| at < failures), pool), looked, auroc: None }
}

/// What is lost by learning now and then: failures found with every label less those found here, over the former.
fn lost(every: &[Run], drawn: &[Run]) -> Option<Measured> {
    let found = |runs: &[Run]| runs.iter().map(|run| run.looked.found as f64).collect::<Vec<f64>>();
    let (every, drawn) = (found(every), found(drawn));
    let usual = mean(every.iter().copied());
    let less = measured(every.iter().zip(&drawn).map(|(every, drawn)| every - drawn));
    (usual > 0.0).then(|| Measured { mean: less.mean / usual, half_width: less.half_width / usual })
}

fn row(name: &str, runs: &[Run]) -> StrategyRow {
    let curve = |read: &dyn Fn(&Curve) -> Option<f64>| measured(runs.iter().filter_map(|run| read(&run.curve)));
    let looked: Vec<_> = runs.iter().map(|run| run.looked).filter(|looked| looked.labels > 0).collect();
    let truth = |looked: &super::Looked| looked.failures as f64 / looked.pool as f64;
    let some = |values: Vec<f64>| (!values.is_empty()).then(|| mean(values.into_iter()));
    let auroc: Vec<f64> = runs.iter().filter_map(|run| run.auroc).collect();
    let point = |at: usize| {
        let share = at as f64 / POINTS as f64;
        mean(runs.iter().filter_map(|run| run.curve.recall_at(share)))
    };
    StrategyRow {
        strategy: name.to_owned(),
        gain: curve(&Curve::gain),
        recall_at_10: curve(&|curve| curve.recall_at(0.1)),
        recall_at_20: curve(&|curve| curve.recall_at(0.2)),
        labels_for_80: curve(&|curve| curve.labels_for(0.8)),
        relative_to_random: 1.0,
        found: measured(looked.iter().map(|looked| looked.found as f64 / looked.failures as f64)),
        lost: None,
        naive_bias: some(
            looked.iter().map(|looked| looked.found as f64 / looked.labels as f64 - truth(looked)).collect(),
        ),
        model_bias: some(looked.iter().map(|looked| looked.believed - truth(looked)).collect()),
        audit: audit(&looked),
        held_out_auroc: (!auroc.is_empty()).then(|| measured(auroc.into_iter())),
        curve: (0..=POINTS).map(point).collect(),
    }
}

fn audit(looked: &[super::Looked]) -> Option<AuditFigures> {
    let seen: Vec<_> = looked.iter().filter(|looked| looked.audited.0 > 0).collect();
    if seen.is_empty() {
        return None;
    }
    let (mut errors, mut covered, mut widths) = (Vec::new(), 0_usize, Vec::new());
    for looked in &seen {
        let (judged, failed) = looked.audited;
        let truth = looked.failures as f64 / looked.pool as f64;
        errors.push(failed as f64 / judged as f64 - truth);
        // As it is shown; without labels there is none, but those were left out above.
        let (low, high) = wilson_finite((failed, judged), looked.pool as u64, 0.05).unwrap_or((0.0, 1.0));
        // A rate is a whole number of conversations; an interval that ends on it holds it.
        covered += usize::from(low - 1e-12 <= truth && truth <= high + 1e-12);
        widths.push((high - low) / 2.0);
    }
    Some(AuditFigures {
        labels: mean(seen.iter().map(|looked| looked.audited.0 as f64)),
        bias: mean(errors.iter().copied()),
        rmse: mean(errors.iter().map(|error| error * error)).sqrt(),
        coverage: covered as f64 / seen.len() as f64,
        half_width: mean(widths.into_iter()),
    })
}

fn measured(values: impl Iterator<Item = f64>) -> Measured {
    let values: Vec<f64> = values.collect();
    let middle = mean(values.iter().copied());
    let spread = values.iter().map(|value| (value - middle).powi(2)).sum::<f64>();
    let n = values.len() as f64;
    let half_width = if n > 1.0 { normal_quantile(0.975) * (spread / (n - 1.0) / n).sqrt() } else { 0.0 };
    Measured { mean: middle, half_width }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

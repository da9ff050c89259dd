//! How evaluators agree with people: per evaluator and segment, on audit labels that were given blind.
//!
//! Invariant: the positive class is fail; a label given after scores were seen counts nowhere here; a number that its guard
//! withholds is not in the report, the reason is.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::evaluate;
use super::list::SCHEMA_VERSION;
pub use super::sample::Cell;
use super::sample::{Basis, Column, Member, P_FAIL, Sample, SampleError, SampleOrder, audited, sample};
use super::workspace::Workspace;
use crate::model::time::Timestamp;
use crate::stats::agreement::{Agreement, Table};
use crate::stats::calibration::{Auroc, Bin, CalibrationError, auroc_of_tasks, brier, calibration_error, curve};
use crate::stats::corrected::{Estimate, Flagged, HeldOut, Powered, ppi, rogan_gladen};
use crate::stats::guard::{self, Guarded, Withheld, at_least};
use crate::stats::rate::Rate;
use crate::stats::threshold::{DELTA, Threshold, learn_then_test, missed_at_most, risk_control};

/// The share of failures that a threshold may miss, unless another is asked for.
pub const MISS: f64 = 0.2;

/// The share of all conversations that may be missed failures, unless another is asked for.
pub const RISK: f64 = 0.05;

/// Labels of each class that it takes to call an evaluator upside down.
const ENOUGH: u64 = 10;

/// Values it takes to call an evaluator constant.
const VALUES: usize = 10;

/// Bins of a calibration curve.
const BINS: usize = 10;

/// The seed of the null of a calibration error: the same labels give the same report.
const SEED: u64 = 0xa11_6e4;

/// From where on an evaluator whose values lie between 0 and 1 objects.
const HALF: f64 = 0.5;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct AlignmentOrder<'a> {
    /// On what.
    pub sample: SampleOrder<'a>,
    /// Also apart by the values of this segment or attribute.
    pub by: Option<&'a str>,
    /// Only this evaluator.
    pub evaluator: Option<&'a str>,
    /// The share of failures that a threshold may miss.
    pub miss: f64,
    /// The share of all conversations that may be missed failures.
    pub risk: f64,
}

/// How evaluators stand. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlignmentReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the labels come from.
    pub basis: Basis,
    /// `fail`: what TPR is the rate of.
    pub positive: &'static str,
    /// Labels that count.
    pub labels: u64,
    /// Fails among them.
    pub failed: u64,
    /// Labels left out because scores were seen before.
    pub seen: u64,
    /// Drawn, but not settled yet.
    pub open: u64,
    /// True where some labels are of trials of one task: intervals of TPR, TNR, kappa and AUROC are by whole tasks then.
    pub trials: bool,
    /// True where P(fail) is learnt from labels: of each labelled conversation it is what the labels of others teach then.
    pub held_out: bool,
    /// By what it is apart.
    pub by: Option<String>,
    /// The share of failures that a threshold may miss.
    pub miss: f64,
    /// The share of all conversations that may be missed failures.
    pub risk: f64,
    /// Best AUROC first, those without last.
    pub evaluators: Vec<Aligned>,
}

/// How one evaluator stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aligned {
    /// Its name.
    pub name: String,
    /// `higher` or `lower` is better, as it was read.
    pub better: &'static str,
    /// True where that was assumed.
    pub assumed: bool,
    /// When it counts as objecting.
    pub objects: Cut,
    /// What is to be said against it.
    pub remark: Option<Remark>,
    /// On all labels.
    pub overall: Part,
    /// By the values asked for.
    pub segments: Vec<Part>,
    /// Of its values as probabilities of failure.
    #[serde(serialize_with = "guard::serialize")]
    pub brier: Guarded<f64>,
    /// The same, with what a perfect predictor would get.
    #[serde(serialize_with = "guard::serialize")]
    pub calibration: Guarded<CalibrationError>,
    /// Predicted and observed, by predicted.
    #[serde(serialize_with = "guard::serialize")]
    pub curve: Guarded<Vec<Bin>>,
    /// Its own failure rate corrected by its TPR and TNR (Rogan and Gladen).
    #[serde(serialize_with = "guard::serialize")]
    pub corrected: Guarded<Estimate>,
    /// The failure rate by labels and its scores together (PPI++).
    #[serde(serialize_with = "guard::serialize")]
    pub powered: Guarded<Powered>,
}

impl Aligned {
    /// True for the probability that the built-in evaluators add up to.
    pub fn is_p_fail(&self) -> bool {
        self.name == P_FAIL
    }
}

/// When an evaluator counts as objecting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// Where it says so itself.
    ItsOwn,
    /// From this value on, on its own scale.
    At(f64),
    /// Never: its values have no known middle, and it says neither pass nor fail.
    Unknown,
}

/// What is to be said against an evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// It says the same of everything.
    Constant,
    /// It rates failures better than passes, for sure.
    UpsideDown,
    /// Nothing shows that it ranks better than a coin.
    NotToldFromChance,
}

impl Remark {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::UpsideDown => "upside down here",
            Self::NotToldFromChance => "not told from chance",
        }
    }
}

/// How an evaluator stands on some of the labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Of which segment; null for all.
    pub segment: Option<String>,
    /// Labels with a score of it.
    pub labels: u64,
    /// TPR, TNR and the rest.
    pub agreement: Agreement,
    /// How well it ranks.
    #[serde(serialize_with = "guard::serialize")]
    pub auroc: Guarded<Auroc>,
    /// From which value on to escalate.
    #[serde(serialize_with = "guard::serialize")]
    pub threshold: Guarded<Cutoff>,
    /// From which value on to escalate so that, with 90 % confidence, at most the risk of all conversations are missed.
    #[serde(serialize_with = "guard::serialize")]
    pub sure: Guarded<Threshold>,
    /// The same on average, which takes fewer labels.
    #[serde(serialize_with = "guard::serialize")]
    pub average: Guarded<Threshold>,
    /// Failures that it lets pass.
    pub false_passes: Cell,
    /// Passes to which it objects.
    pub false_fails: Cell,
}

/// A threshold on an evaluator's own scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cutoff {
    /// Escalate from here on, towards worse.
    pub at: f64,
    /// True where the segment has too few failures and the one of all labels stands in.
    pub pooled: bool,
    /// The share of labelled conversations that it escalates.
    pub escalated: f64,
    /// Failures below it, among the labels.
    pub missed: Rate,
}

/// One label with what the evaluator said.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    at: usize,
    member: &'a Member,
    failed: bool,
    /// The number of its task; one of its own where nothing names a task.
    task: usize,
}

/// Measures evaluators on what people say.
///
/// # Errors
/// There is no audit label, no such attribute or evaluator, or the database cannot be read.
pub fn alignment(
    workspace: &mut Workspace,
    order: &AlignmentOrder<'_>,
    now: Timestamp,
) -> Result<AlignmentReport, SampleError> {
    let sample = sample(workspace, &order.sample, now)?;
    let mut columns = sample.columns(workspace)?;
    let asked = order.evaluator.is_none_or(|name| name == P_FAIL);
    let held_out = asked && hold_out(workspace, &sample, &mut columns)?;
    Ok(AlignmentReport { held_out, ..report(&sample, &columns, order)? })
}

/// Puts in place of a learnt P(fail) of labelled conversations what the labels of others teach of them; tells whether it is
/// learnt. What was taught by the very labels it is measured on keeps no promise.
fn hold_out(workspace: &Workspace, sample: &Sample, columns: &mut [Column]) -> Result<bool, SampleError> {
    let Some(known) = evaluate::held_out(workspace)? else { return Ok(false) };
    for column in columns.iter_mut().filter(|column| column.name == P_FAIL) {
        for (value, member) in column.values.iter_mut().zip(&sample.members) {
            *value = value.and_then(|value| known.get(&member.of.key).copied().or(Some(value)));
        }
    }
    Ok(true)
}

/// The same for a screen: by intent where intents are known. The queue counts where it was audited at all.
///
/// # Errors
/// As [`alignment`].
pub fn overview(
    workspace: &mut Workspace,
    queue: Option<&str>,
    now: Timestamp,
) -> Result<AlignmentReport, SampleError> {
    audited(queue, |sample| {
        let order = AlignmentOrder { sample, by: Some("intent"), evaluator: None, miss: MISS, risk: RISK };
        match alignment(workspace, &order, now) {
            Err(SampleError::NoAttribute(_)) => alignment(workspace, &AlignmentOrder { by: None, ..order }, now),
            other => other,
        }
    })
}

fn report(sample: &Sample, columns: &[Column], order: &AlignmentOrder<'_>) -> Result<AlignmentReport, SampleError> {
    let counts = |member: &&Member| member.failed.is_some();
    let seen = sample.members.iter().filter(counts).filter(|member| !member.blind).count() as u64;
    let mut tasks: HashMap<String, usize> = HashMap::new();
    let pairs: Vec<Pair<'_>> = sample
        .members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.blind)
        .filter_map(|(at, member)| {
            let failed = member.failed?;
            let task = member.task(None).unwrap_or_else(|| member.of.id.to_string());
            let next = tasks.len();
            let task = *tasks.entry(task).or_insert(next);
            Some(Pair { at, member, failed, task })
        })
        .collect();
    let trials = tasks.len() < pairs.len();
    let segments = order.by.map(|by| sample.segments(by)).transpose()?.unwrap_or_default();
    let apart: Vec<(String, Vec<Pair<'_>>)> = segments
        .into_iter()
        .map(|(name, places)| {
            let inside: HashSet<usize> = places.into_iter().collect();
            (name, pairs.iter().filter(|pair| inside.contains(&pair.at)).copied().collect::<Vec<_>>())
        })
        .filter(|(_, pairs)| !pairs.is_empty())
        .collect();
    let mut evaluators: Vec<Aligned> = columns
        .iter()
        .filter(|column| order.evaluator.is_none_or(|name| column.name == name))
        .map(|column| aligned(sample, column, (&pairs, &apart), order))
        .collect();
    let area = |one: &Aligned| one.overall.auroc.as_ref().map_or(-1.0, |area| area.value);
    evaluators.sort_by(|a, b| area(b).total_cmp(&area(a)).then_with(|| a.name.cmp(&b.name)));
    Ok(AlignmentReport {
        schema_version: SCHEMA_VERSION,
        basis: sample.basis.clone(),
        positive: "fail",
        labels: pairs.len() as u64,
        failed: pairs.iter().filter(|pair| pair.failed).count() as u64,
        seen,
        open: sample.open,
        trials,
        held_out: false,
        by: order.by.map(str::to_owned),
        miss: order.miss,
        risk: order.risk,
        evaluators,
    })
}

/// An evaluator's values read as probabilities of failure; `None` where they lie outside of 0 to 1.
fn chances(column: &Column) -> Option<Vec<Option<f64>>> {
    let known = column.values.iter().flatten();
    let inside = known.clone().all(|value| (0.0..=1.0).contains(value)) && known.count() > 0;
    inside.then(|| {
        let chance = |value: f64| if column.lower_is_better { value } else { 1.0 - value };
        column.values.iter().map(|value| value.map(chance)).collect()
    })
}

/// When it objects, and for each conversation whether it does.
fn objections(column: &Column, chances: Option<&Vec<Option<f64>>>) -> (Cut, Vec<Option<bool>>) {
    if column.objects.iter().any(Option::is_some) {
        return (Cut::ItsOwn, column.objects.clone());
    }
    match chances {
        Some(chances) => (Cut::At(HALF), chances.iter().map(|chance| chance.map(|chance| chance >= HALF)).collect()),
        None => (Cut::Unknown, vec![None; column.values.len()]),
    }
}

fn aligned(
    sample: &Sample,
    column: &Column,
    (pairs, apart): (&[Pair<'_>], &[(String, Vec<Pair<'_>>)]),
    order: &AlignmentOrder<'_>,
) -> Aligned {
    let chances = chances(column);
    let (cut, objects) = objections(column, chances.as_ref());
    let overall = part(column, (None, pairs), &objects, (order, None));
    let pooled = overall.threshold.as_ref().ok().map(|cutoff| cutoff.at);
    let segments =
        apart.iter().map(|(name, pairs)| part(column, (Some(name), pairs), &objects, (order, pooled))).collect();
    let judged: Guarded<Vec<(f64, bool)>> = chances
        .as_ref()
        .ok_or(Withheld::Unfit("its values are no probabilities"))
        .map(|chances| pairs.iter().filter_map(|pair| Some((chances[pair.at]?, pair.failed))).collect());
    Aligned {
        name: column.name.clone(),
        better: if column.lower_is_better { "lower" } else { "higher" },
        assumed: column.assumed,
        objects: cut,
        remark: remark(column, &overall),
        brier: judged.clone().and_then(|judged| brier(&judged)),
        calibration: judged.clone().and_then(|judged| calibration_error(&judged, BINS, SEED)),
        curve: judged.and_then(|judged| curve(&judged, BINS)),
        corrected: corrected(sample, &objects, &overall.agreement.table),
        powered: powered(sample, &objects, chances.as_ref()),
        overall,
        segments,
    }
}

fn remark(column: &Column, overall: &Part) -> Option<Remark> {
    let known: Vec<f64> = column.values.iter().flatten().copied().collect();
    let words: Vec<bool> = column.objects.iter().flatten().copied().collect();
    let constant = known.windows(2).all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    if constant && known.len().max(words.len()) >= VALUES && words.windows(2).all(|pair| pair[0] == pair[1]) {
        return Some(Remark::Constant);
    }
    let area = overall.auroc.as_ref().ok().filter(|area| area.failed >= ENOUGH && area.passed >= ENOUGH)?;
    if area.upside_down() {
        Some(Remark::UpsideDown)
    } else {
        area.maybe_useless().then_some(Remark::NotToldFromChance)
    }
}

fn part(
    column: &Column,
    (segment, pairs): (Option<&String>, &[Pair<'_>]),
    objects: &[Option<bool>],
    (order, pooled): (&AlignmentOrder<'_>, Option<f64>),
) -> Part {
    let scored = |pair: &&Pair<'_>| column.values[pair.at].is_some() || objects[pair.at].is_some();
    let mut tables: BTreeMap<usize, Vec<(bool, bool)>> = BTreeMap::new();
    for pair in pairs {
        if let Some(says) = objects[pair.at] {
            tables.entry(pair.task).or_default().push((pair.failed, says));
        }
    }
    let tables: Vec<Table> = tables.into_values().map(Table::of).collect();
    // An evaluator that says no number ranks by its word.
    let bad = |at: usize| {
        column.values[at].map(|value| column.badness(value)).or(objects[at].map(|one| f64::from(u8::from(one))))
    };
    let judged: Vec<(f64, bool)> = pairs.iter().filter_map(|pair| Some((bad(pair.at)?, pair.failed))).collect();
    let tasks: Vec<usize> = pairs.iter().filter(|pair| bad(pair.at).is_some()).map(|pair| pair.task).collect();
    let mut grid: Vec<f64> = judged.iter().map(|(bad, _)| *bad).collect();
    grid.sort_by(f64::total_cmp);
    grid.dedup_by(|a, b| a.total_cmp(b).is_eq());
    let own = |bad: f64| if column.lower_is_better { bad } else { -bad };
    let on_its_scale = |found: Threshold| Threshold { at: own(found.at), ..found };
    let slipped = |failed: bool, says: bool| {
        let inside = pairs.iter().filter(move |pair| pair.failed == failed && objects[pair.at] == Some(says));
        Cell::of(inside.map(|pair| pair.member))
    };
    Part {
        segment: segment.cloned(),
        labels: pairs.iter().filter(scored).count() as u64,
        agreement: Agreement::of_tasks(&tables, SEED),
        auroc: auroc_of_tasks(&judged, &tasks, SEED),
        threshold: cutoff(&judged, order.miss, pooled.map(|at| column.badness(at)))
            .map(|cutoff| Cutoff { at: own(cutoff.at), ..cutoff }),
        sure: learn_then_test(&judged, &grid, order.risk, DELTA).map(on_its_scale),
        average: risk_control(&judged, &grid, order.risk).map(on_its_scale),
        false_passes: slipped(true, false),
        false_fails: slipped(false, true),
    }
}

/// The threshold of these labels, else that of all of them.
fn cutoff(judged: &[(f64, bool)], miss: f64, pooled: Option<f64>) -> Guarded<Cutoff> {
    if judged.len() > 1 && judged.windows(2).all(|pair| pair[0].0.total_cmp(&pair[1].0).is_eq()) {
        return Err(Withheld::Constant("score"));
    }
    let (at, is_pooled) = match (missed_at_most(judged, miss), pooled) {
        (Ok(own), _) => (own.at, false),
        (Err(Withheld::TooFew { .. }), Some(pooled)) => (pooled, true),
        (Err(why), _) => return Err(why),
    };
    at_least(judged.len() as u64, 1, "audit labels")?;
    let failed = judged.iter().filter(|(_, failed)| *failed).count() as u64;
    let missed = judged.iter().filter(|(bad, failed)| *failed && *bad < at).count() as u64;
    let escalated = judged.iter().filter(|(bad, _)| *bad >= at).count() as f64 / judged.len() as f64;
    Ok(Cutoff { at, pooled: is_pooled, escalated, missed: Rate::of(missed, failed, None)? })
}

fn corrected(sample: &Sample, objects: &[Option<bool>], table: &Table) -> Guarded<Estimate> {
    if !sample.basis.is_audit() {
        return Err(Withheld::Unfit("the truth of all conversations is known"));
    }
    rogan_gladen(&Flagged {
        flagged: objects.iter().filter(|one| **one == Some(true)).count() as u64,
        total: objects.iter().flatten().count() as u64,
        failed: table.tp + table.missed,
        caught: table.tp,
        passed: table.fp + table.tn,
        let_through: table.tn,
    })
}

fn powered(sample: &Sample, objects: &[Option<bool>], chances: Option<&Vec<Option<f64>>>) -> Guarded<Powered> {
    let said = |at: usize| chances.and_then(|chances| chances[at]).or(objects[at].map(|one| f64::from(u8::from(one))));
    let (mut failed, mut labelled, mut unlabelled) = (Vec::new(), Vec::new(), Vec::new());
    for (at, member) in sample.members.iter().enumerate() {
        let Some(score) = said(at) else { continue };
        match member.failed {
            Some(known) if member.blind => {
                failed.push(known);
                labelled.push(score);
            }
            _ => unlabelled.push(score),
        }
    }
    ppi(&failed, HeldOut { labelled: &labelled, unlabelled: &unlabelled })
}

impl AlignmentReport {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        for evaluator in &mut self.evaluators {
            if evaluator.name != P_FAIL {
                evaluator.name = text(&evaluator.name);
            }
            for part in &mut evaluator.segments {
                part.segment = part.segment.as_deref().map(text);
            }
        }
        self
    }
}

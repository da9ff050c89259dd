//! Two sets of conversations, such as two versions of an agent: does one fail less?
//!
//! Invariant: trials of one task are never counted as independent; a p of one segment among many is never told unadjusted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::list::SCHEMA_VERSION;
use super::sample::{Basis, Cell, Member, Sample, SampleError, SampleOrder, sample};
use super::workspace::Workspace;
use crate::model::time::Timestamp;
use crate::stats::compare::{
    Changed, Cluster, Difference, LEAST_CHANGED, TwoRates, changed, cluster_bootstrap, cluster_p, two_rates,
};
use crate::stats::guard::{self, Guarded, Withheld};
use crate::stats::multiple::{AdjustedP, Method, adjust};
use crate::stats::rate::{LEAST_IN_SEGMENT, Rate};
use crate::stats::sample_size;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2_000;

/// Its seed: the same labels give the same report.
const SEED: u64 = 0xc0_3a12;

/// The chance with which a difference of this size is to be found.
const POWER: f64 = 0.8;

/// The difference that is asked after where none is seen.
const NOTICEABLE: f64 = 0.1;

/// How several segments are accounted for.
pub use crate::stats::multiple::Method as Adjustment;

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct CompareOrder<'a> {
    /// The first side.
    pub first: &'a str,
    /// The second side.
    pub second: &'a str,
    /// Where labels come from; its filter holds for both sides.
    pub sample: SampleOrder<'a>,
    /// Also apart by the values of this segment or attribute.
    pub by: Option<&'a str>,
    /// The attribute that names the task of which conversations are trials.
    pub task: Option<&'a str>,
    /// How several segments are accounted for.
    pub adjustment: Adjustment,
}

/// What came of it. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the labels come from.
    pub basis: Basis,
    /// The first side's filter.
    pub first: String,
    /// The second side's filter.
    pub second: String,
    /// All of both.
    pub overall: Compared,
    /// By what it is apart.
    pub by: Option<String>,
    /// Segments, largest first.
    pub segments: Vec<Compared>,
}

/// How two sides compare.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Of which segment; null for all.
    pub segment: Option<String>,
    /// The first side's failure rate.
    #[serde(serialize_with = "guard::serialize")]
    pub first: Guarded<Rate>,
    /// The second side's.
    #[serde(serialize_with = "guard::serialize")]
    pub second: Guarded<Rate>,
    /// The test that fits.
    #[serde(flatten)]
    pub test: Test,
    /// Its p, adjusted where there are several segments.
    #[serde(serialize_with = "guard::serialize")]
    pub p: Guarded<AdjustedP>,
    /// More labels, or pairs, that it takes to settle this.
    pub needs: Option<Needs>,
    /// The labelled conversations of both sides, for a screen to list.
    #[serde(skip)]
    pub behind: Cell,
}

/// How it was tested.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "test", rename_all = "snake_case")]
pub enum Test {
    /// The same tasks, one labelled conversation on each side: `McNemar`'s test on those that changed.
    Paired {
        /// Tasks on both sides.
        tasks: u64,
        /// Those that changed.
        #[serde(serialize_with = "guard::serialize")]
        changed: Guarded<Changed>,
        /// The second rate minus the first over these tasks, by resampling tasks.
        #[serde(serialize_with = "guard::serialize")]
        difference: Guarded<Difference>,
    },
    /// Tasks with several trials: whole tasks are resampled.
    Clustered {
        /// Tasks on either side.
        tasks: u64,
        /// The second rate minus the first.
        #[serde(serialize_with = "guard::serialize")]
        difference: Guarded<Difference>,
    },
    /// Different conversations: Newcombe's interval and Fisher's exact test.
    Apart {
        /// The second rate minus the first.
        #[serde(serialize_with = "guard::serialize")]
        difference: Guarded<TwoRates>,
    },
}

impl Test {
    /// The second rate minus the first with its interval, where it can be told.
    pub fn difference(&self) -> Option<(f64, (f64, f64))> {
        match self {
            Self::Paired { difference, .. } | Self::Clustered { difference, .. } => {
                difference.as_ref().ok().map(|found| (found.mean, found.interval))
            }
            Self::Apart { difference } => difference.as_ref().ok().map(|found| (found.difference, found.interval)),
        }
    }
}

/// How many more labels it takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Needs {
    /// On each side, or pairs of them.
    pub labels: u64,
    /// `per side` or `pairs`.
    pub of: &'static str,
    /// For a difference of this size.
    pub difference: f64,
}

/// Compares two sides.
///
/// # Errors
/// A filter, no audit label on either side, or the database.
pub fn compare(
    workspace: &mut Workspace,
    order: &CompareOrder<'_>,
    now: Timestamp,
) -> Result<CompareReport, SampleError> {
    let side = |filter: &str| match (order.sample.filter.trim(), filter.trim()) {
        ("", filter) => filter.to_owned(),
        (common, "") => common.to_owned(),
        (common, filter) => format!("({common}) ({filter})"),
    };
    let (first, second) = (side(order.first), side(order.second));
    let mut drawn = |filter: &str| sample(workspace, &SampleOrder { filter, ..order.sample }, now);
    let sides = (drawn(&first)?, drawn(&second)?);
    report(&sides, order, (first, second))
}

/// One conversation of a side: its task, whether it failed.
type Trial = (Option<String>, bool);

fn report(
    (first, second): &(Sample, Sample),
    order: &CompareOrder<'_>,
    filters: (String, String),
) -> Result<CompareReport, SampleError> {
    let all = |sample: &Sample| trials(sample.members.iter(), order.task);
    let pools = (first.members.len() as u64, second.members.len() as u64);
    let finite = first.basis.is_audit();
    let pool = |pools: (u64, u64)| finite.then_some(pools);
    let labelled = |members: &[&Member]| Cell::of(members.iter().copied().filter(|member| member.failed.is_some()));
    let mut overall = compared(None, (&all(first), &all(second)), (pool(pools), 1));
    overall.behind = labelled(&first.members.iter().chain(&second.members).collect::<Vec<_>>());
    settle(std::slice::from_mut(&mut overall), order.adjustment);
    let mut segments = Vec::new();
    if let Some(by) = order.by {
        let mut values: BTreeMap<String, [Vec<&Member>; 2]> = BTreeMap::new();
        for (side, sample) in [first, second].into_iter().enumerate() {
            for member in &sample.members {
                if let Some(value) = member.value(by) {
                    values.entry(value).or_default()[side].push(member);
                }
            }
        }
        if values.is_empty() {
            return Err(SampleError::NoAttribute(by.to_owned()));
        }
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by_key(|(_, sides)| std::cmp::Reverse(sides[0].len() + sides[1].len()));
        for (value, [a, b]) in values {
            let pools = pool((a.len() as u64, b.len() as u64));
            let behind = labelled(&[a.as_slice(), &b].concat());
            let sides = (trials(a.into_iter(), order.task), trials(b.into_iter(), order.task));
            let found = compared(Some(value), (&sides.0, &sides.1), (pools, LEAST_IN_SEGMENT));
            segments.push(Compared { behind, ..found });
        }
        settle(&mut segments, order.adjustment);
    }
    Ok(CompareReport {
        schema_version: SCHEMA_VERSION,
        basis: first.basis.clone(),
        first: filters.0,
        second: filters.1,
        overall,
        by: order.by.map(str::to_owned),
        segments,
    })
}

fn trials<'a>(members: impl Iterator<Item = &'a Member>, task: Option<&str>) -> Vec<Trial> {
    members.filter_map(|member| Some((member.task(task), member.failed?))).collect()
}

/// The trials of each task; a conversation of which no task is known is one of its own.
fn clusters(first: &[Trial], second: &[Trial]) -> BTreeMap<String, Cluster> {
    let mut clusters: BTreeMap<String, Cluster> = BTreeMap::new();
    for (at, side) in [first, second].into_iter().enumerate() {
        for (number, (task, failed)) in side.iter().enumerate() {
            let task = task.clone().unwrap_or_else(|| format!("\0{at} {number}"));
            let cluster = clusters.entry(task).or_default();
            let counts = if at == 0 { &mut cluster.first } else { &mut cluster.second };
            *counts = (counts.0 + u64::from(*failed), counts.1 + 1);
        }
    }
    clusters
}

/// The test, before p values are adjusted: `p` holds a raw one until then.
fn compared(
    segment: Option<String>,
    (first, second): (&[Trial], &[Trial]),
    (pools, least): (Option<(u64, u64)>, u64),
) -> Compared {
    let count = |side: &[Trial]| (side.iter().filter(|trial| trial.1).count() as u64, side.len() as u64);
    let (a, b) = (count(first), count(second));
    let rate = |(k, n): (u64, u64), pool: Option<u64>| {
        guard::at_least(n, least, "audit labels").and_then(|()| Rate::of(k, n, pool))
    };
    let (test, raw, needs) = tested(first, second);
    let enough = guard::at_least(a.1.min(b.1), least, "audit labels on each side");
    Compared {
        segment,
        first: rate(a, pools.map(|pools| pools.0)),
        second: rate(b, pools.map(|pools| pools.1)),
        test,
        p: enough.and(raw).map(|raw| adjust(&[raw], Method::Bonferroni)[0]),
        needs: needs.or_else(|| needs_apart(a, b)),
        behind: Cell::default(),
    }
}

fn tested(first: &[Trial], second: &[Trial]) -> (Test, Guarded<f64>, Option<Needs>) {
    let clusters = clusters(first, second);
    let both: Vec<&Cluster> = clusters.values().filter(|one| one.first.1 > 0 && one.second.1 > 0).collect();
    let single = clusters.values().all(|one| one.first.1 <= 1 && one.second.1 <= 1);
    // Where most of them are on both sides, what they have in common is taken out of the comparison.
    if single && !both.is_empty() && 2 * both.len() >= first.len().min(second.len()) {
        return paired(&both);
    }
    if !single || !both.is_empty() {
        let all: Vec<Cluster> = clusters.into_values().collect();
        let difference = cluster_bootstrap(&all, RESAMPLES, SEED);
        let p = cluster_p(&all, RESAMPLES, SEED);
        return (Test::Clustered { tasks: all.len() as u64, difference }, p, None);
    }
    let count = |side: &[Trial]| (side.iter().filter(|trial| trial.1).count() as u64, side.len() as u64);
    let difference = two_rates(count(first), count(second), 0.05);
    let p = difference.clone().map(|found| found.p);
    (Test::Apart { difference }, p, None)
}

fn paired(both: &[&Cluster]) -> (Test, Guarded<f64>, Option<Needs>) {
    let worse = both.iter().filter(|one| one.first.0 == 0 && one.second.0 == 1).count() as u64;
    let better = both.iter().filter(|one| one.first.0 == 1 && one.second.0 == 0).count() as u64;
    let tasks = both.len() as u64;
    let owned: Vec<Cluster> = both.iter().copied().copied().collect();
    let found = changed(worse, better);
    let p = found.clone().map(|found| found.p);
    let n = tasks as f64;
    // However clear a difference is, fewer than so many changed tasks cannot show it.
    let least = LEAST_CHANGED as f64 * n / (worse + better).max(1) as f64;
    let needs = sample_size::pairs((worse as f64 / n, better as f64 / n), 0.05, POWER).map(|pairs| Needs {
        labels: (pairs.max(least).ceil() as u64).saturating_sub(tasks),
        of: "pairs",
        difference: (worse as f64 - better as f64) / n,
    });
    let difference = cluster_bootstrap(&owned, RESAMPLES, SEED);
    (Test::Paired { tasks, changed: found, difference }, p, needs)
}

/// How many more labels it takes to tell two rates of different conversations apart; `None` where one has no label.
pub(super) fn needs_apart((k1, n1): (u64, u64), (k2, n2): (u64, u64)) -> Option<Needs> {
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let (p1, p2, difference) = match sample_size::two_groups((p1, p2), 0.05, POWER) {
        Some(_) if (p2 - p1).abs() >= 0.01 => (p1, p2, p2 - p1),
        // Nothing is seen: what it would take to see a noticeable difference.
        _ if p1 + NOTICEABLE <= 1.0 => (p1, p1 + NOTICEABLE, NOTICEABLE),
        _ => (p1, p1 - NOTICEABLE, -NOTICEABLE),
    };
    let labels = sample_size::two_groups((p1, p2), 0.05, POWER)?.ceil() as u64;
    Some(Needs { labels: labels.saturating_sub(n1.min(n2)), of: "per side", difference })
}

/// Adjusts the p values of a table, and drops what is no longer needed.
fn settle(table: &mut [Compared], adjustment: Adjustment) {
    let raw: Vec<(usize, f64)> =
        table.iter().enumerate().filter_map(|(at, one)| Some((at, one.p.as_ref().ok()?.value()))).collect();
    let adjusted = adjust(&raw.iter().map(|one| one.1).collect::<Vec<_>>(), adjustment);
    for ((at, _), p) in raw.into_iter().zip(adjusted) {
        table[at].p = Ok(p);
        if p.rejects(0.05) {
            table[at].needs = None;
        }
    }
    for one in table {
        one.needs = one.needs.filter(|needs| needs.labels > 0);
    }
}

impl CompareReport {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        (self.first, self.second) = (text(&self.first), text(&self.second));
        for segment in &mut self.segments {
            segment.segment = segment.segment.as_deref().map(text);
        }
        self
    }
}

/// Why there is no p, for people.
pub fn why_not(p: &Guarded<AdjustedP>) -> Option<String> {
    match p {
        Err(Withheld::TooFew { what: "cases that changed", have, need }) => {
            Some(format!("{have} cases changed; fewer than {need} cannot reach p < .05"))
        }
        Err(why) => Some(why.to_string()),
        Ok(_) => None,
    }
}

//! How often the agent fails: overall and by segment, from audit labels only.
//!
//! Invariant: the share of failures among labels that an order picked is nowhere in the report; the model's estimate stands
//! beside the rate, marked as such, and never with an interval.

use serde::Serialize;

use super::list::SCHEMA_VERSION;
use super::sample::{Basis, Cell, Member, Sample, SampleError, SampleOrder, count, sample};
use super::workspace::Workspace;
use crate::model::time::Timestamp;
use crate::stats::compare::{TwoRates, two_rates};
use crate::stats::corrected::{Estimate, post_stratified, strata_of};
use crate::stats::guard::{self, Guarded, Withheld};
use crate::stats::multiple::{AdjustedP, Method, adjust};
use crate::stats::rate::{LEAST_IN_SEGMENT, Rate, most_when_none};
use crate::stats::sample_size;

/// How exactly a rate is to be known, in either direction.
pub const HALF_WIDTH: f64 = 0.05;

/// What to count.
#[derive(Debug, Clone, Copy, Default)]
pub struct RatesOrder<'a> {
    /// On what.
    pub sample: SampleOrder<'a>,
    /// Also apart by the values of this segment or attribute.
    pub by: Option<&'a str>,
    /// What to count beside failures: an outcome or attribute that is known of everything, such as `escalated`.
    pub outcome: Option<&'a str>,
}

/// Failure rates. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RatesReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the labels come from.
    pub basis: Basis,
    /// Conversations that the labels stand for.
    pub pool: u64,
    /// Drawn, but not settled yet.
    pub open: u64,
    /// Conversations that came too late to be drawn.
    pub not_in_audit: u64,
    /// All of them.
    pub overall: Segment,
    /// Over imports, each weighed by its size, neighbours with few labels as one; the same as the rate where there was one.
    #[serde(serialize_with = "guard::serialize")]
    pub post_stratified: Guarded<Estimate>,
    /// How many imports the pool came in.
    pub imports: usize,
    /// By what it is apart.
    pub by: Option<String>,
    /// What was counted beside failures.
    pub outcome: Option<String>,
    /// Largest first.
    pub segments: Vec<Segment>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The value; null for all.
    pub value: Option<String>,
    /// Conversations in it.
    pub pool: u64,
    /// The failure rate, Wilson's interval with finite-population correction.
    #[serde(serialize_with = "guard::serialize")]
    pub rate: Guarded<Rate>,
    /// Where none failed: the rate is below this, with 95 % confidence, one-sided.
    pub below: Option<f64>,
    /// Audit labels still needed to know the rate to five points.
    pub needs: u64,
    /// Judged ones as judged, the others by the model's P(fail). It has no interval.
    pub model_estimate: Option<f64>,
    /// Against all other conversations: the difference of failure rates.
    #[serde(serialize_with = "guard::serialize")]
    pub difference: Guarded<Difference>,
    /// The share of the outcome asked for, of those of which it is known; of all of them, not of a sample.
    pub outcome: Option<Share>,
    /// The labelled conversations, for a screen to list.
    #[serde(skip)]
    pub behind: Cell,
}

/// A difference of a segment from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// This segment's rate minus that of the rest.
    pub difference: f64,
    /// Its interval (Newcombe).
    pub interval: (f64, f64),
    /// Fisher's exact test, adjusted over all segments (Benjamini and Hochberg).
    pub p_adjusted: AdjustedP,
}

/// A share of what is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub k: u64,
    /// Of how many.
    pub n: u64,
    /// Their share.
    pub share: f64,
}

/// Counts failures.
///
/// # Errors
/// There is no audit label, no such attribute, or the database cannot be read.
pub fn rates(workspace: &mut Workspace, order: &RatesOrder<'_>, now: Timestamp) -> Result<RatesReport, SampleError> {
    let sample = sample(workspace, &order.sample, now)?;
    report(&sample, order)
}

/// The same on a sample that is drawn up already.
///
/// # Errors
/// There is no such attribute.
pub(super) fn report(sample: &Sample, order: &RatesOrder<'_>) -> Result<RatesReport, SampleError> {
    let all: Vec<&Member> = sample.members.iter().collect();
    let finite = sample.basis.is_audit();
    let overall = segment(None, &all, (finite, order.outcome));
    let strata = strata_of(sample.members.iter().map(|member| (member.stratum, member.failed)));
    let apart = order.by.map(|by| sample.segments(by)).transpose()?.unwrap_or_default();
    let mut segments: Vec<Segment> = Vec::with_capacity(apart.len());
    let mut tested: Vec<(usize, TwoRates)> = Vec::new();
    let (labels, fails) = sample.labels();
    for (value, places) in apart {
        let members: Vec<&Member> = places.iter().map(|at| &sample.members[*at]).collect();
        let mut one = segment(Some(value), &members, (finite, order.outcome));
        let (k, n) = one.rate.as_ref().map_or((0, 0), |rate| (rate.k, rate.n));
        one.rate = Rate::of_segment(k, n, finite.then_some(one.pool));
        match &one.rate {
            // Against few others nothing is told either.
            Ok(rate) => match Rate::of_segment(fails - rate.k, labels - rate.n, None)
                .and_then(|rest| two_rates((rest.k, rest.n), (rate.k, rate.n), 0.05))
            {
                Ok(found) => tested.push((segments.len(), found)),
                Err(why) => one.difference = Err(why),
            },
            Err(why) => one.difference = Err(why.clone()),
        }
        segments.push(one);
    }
    let raw: Vec<f64> = tested.iter().map(|(_, found)| found.p).collect();
    for ((at, found), p_adjusted) in tested.into_iter().zip(adjust(&raw, Method::BenjaminiHochberg)) {
        let (difference, interval) = (found.difference, found.interval);
        segments[at].difference = Ok(Difference { difference, interval, p_adjusted });
    }
    Ok(RatesReport {
        schema_version: SCHEMA_VERSION,
        basis: sample.basis.clone(),
        pool: sample.members.len() as u64,
        open: sample.open,
        not_in_audit: sample.not_in_audit,
        overall,
        post_stratified: if finite {
            post_stratified(&strata)
        } else {
            Err(Withheld::Unfit("the truth of all conversations is known"))
        },
        imports: strata.len(),
        by: order.by.map(str::to_owned),
        outcome: order.outcome.map(str::to_owned),
        segments,
    })
}

fn segment(value: Option<String>, members: &[&Member], (finite, outcome): (bool, Option<&str>)) -> Segment {
    let (labels, fails) = count(members.iter().copied());
    let pool = members.len() as u64;
    Segment {
        value,
        pool,
        rate: Rate::of(fails, labels, finite.then_some(pool)),
        below: (labels >= LEAST_IN_SEGMENT && fails == 0 && labels < pool).then(|| most_when_none(labels, 0.05)),
        needs: if finite { sample_size::more_for(HALF_WIDTH, (fails, labels), pool) } else { 0 },
        model_estimate: finite.then(|| model_estimate(members)).flatten(),
        difference: Err(Withheld::Unfit("there is nothing beside it")),
        outcome: outcome.and_then(|name| share(members, name)),
        behind: Cell::of(members.iter().copied().filter(|member| member.failed.is_some())),
    }
}

fn model_estimate(members: &[&Member]) -> Option<f64> {
    let known = |member: &&Member| member.failed.map(|failed| f64::from(u8::from(failed))).or(member.p);
    let sum: Option<f64> = members.iter().map(known).sum();
    sum.filter(|_| !members.is_empty()).map(|sum| sum / members.len() as f64)
}

fn share(members: &[&Member], name: &str) -> Option<Share> {
    let said = |value: String| match value.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    };
    let known: Vec<bool> = members.iter().filter_map(|member| said(member.value(name)?)).collect();
    let (k, n) = (known.iter().filter(|one| **one).count() as u64, known.len() as u64);
    (n > 0).then(|| Share { k, n, share: k as f64 / n as f64 })
}

impl RatesReport {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        for segment in &mut self.segments {
            segment.value = segment.value.as_deref().map(text);
        }
        self
    }
}

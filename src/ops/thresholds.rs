//! From which score on to escalate, per segment, with a promise about the failures that are not.
//!
//! Invariant: a promise that too few labels stand behind is not made; what it still takes stands in its place. Labels are
//! those of an audit, given blind, as everywhere an evaluator is measured.

use serde::Serialize;

use super::alignment::{AlignmentOrder, Cutoff, Part, alignment};
use super::list::SCHEMA_VERSION;
use super::sample::{Basis, P_FAIL, SampleError};
use super::workspace::Workspace;
use crate::model::time::Timestamp;
use crate::stats::guard::{self, Guarded};
pub use crate::stats::threshold::Threshold;

/// Thresholds of one evaluator. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the labels come from.
    pub basis: Basis,
    /// Whose scores.
    pub evaluator: String,
    /// `higher` or `lower` is better; escalate from a threshold on in the other direction.
    pub better: &'static str,
    /// The share of all conversations that may be missed failures, for `sure` and `average`.
    pub risk: f64,
    /// The share of failures that may be missed, for `of_failures`.
    pub miss: f64,
    /// True where P(fail) is learnt from labels, and each label was held against what the others teach.
    pub held_out: bool,
    /// By what it is apart.
    pub by: Option<String>,
    /// All, then the segments.
    pub rows: Vec<ThresholdRow>,
}

/// The thresholds of one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdRow {
    /// Which; null for all.
    pub segment: Option<String>,
    /// Labels with a score.
    pub labels: u64,
    /// With 90 % confidence at most the risk is missed (learn-then-test).
    #[serde(serialize_with = "guard::serialize")]
    pub sure: Guarded<Threshold>,
    /// On average at most the risk is missed (conformal risk control).
    #[serde(serialize_with = "guard::serialize")]
    pub average: Guarded<Threshold>,
    /// On average at most the share `miss` of failures is missed (split conformal).
    #[serde(serialize_with = "guard::serialize")]
    pub of_failures: Guarded<Cutoff>,
}

impl From<&Part> for ThresholdRow {
    fn from(part: &Part) -> Self {
        Self {
            segment: part.segment.clone(),
            labels: part.labels,
            sure: part.sure.clone(),
            average: part.average.clone(),
            of_failures: part.threshold.clone(),
        }
    }
}

/// The thresholds of the evaluator of an order, else those of P(fail); `None` where nothing has a score of it.
///
/// # Errors
/// As [`alignment`].
pub fn thresholds(
    workspace: &mut Workspace,
    order: &AlignmentOrder<'_>,
    now: Timestamp,
) -> Result<Option<ThresholdReport>, SampleError> {
    let order = AlignmentOrder { evaluator: order.evaluator.or(Some(P_FAIL)), ..*order };
    let found = alignment(workspace, &order, now)?;
    let Some(one) = found.evaluators.into_iter().next() else { return Ok(None) };
    Ok(Some(ThresholdReport {
        schema_version: SCHEMA_VERSION,
        basis: found.basis,
        evaluator: one.name,
        better: one.better,
        risk: found.risk,
        miss: found.miss,
        held_out: found.held_out,
        by: found.by,
        rows: std::iter::once(&one.overall).chain(&one.segments).map(ThresholdRow::from).collect(),
    }))
}

impl ThresholdReport {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        if self.evaluator != P_FAIL {
            self.evaluator = text(&self.evaluator);
        }
        for row in &mut self.rows {
            row.segment = row.segment.as_deref().map(text);
        }
        self
    }
}

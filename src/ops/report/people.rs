//! Evaluators against people, and people among themselves.
//!
//! Invariant: nothing is counted here; both come from the reports that are made for them, and so agree with them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::agreement::{AgreementOrder, agreement};
use super::super::alignment::{AlignmentOrder, Cell, MISS, RISK, Remark, alignment};
use super::super::sample::{SampleError, SampleOrder};
use super::super::workspace::Workspace;
use super::pool::Pool;
use super::{Listing, ReportError, ReportOrder, Window};
use crate::model::filter::{Field, Filter};
use crate::model::time::Timestamp;
use crate::stats::agreement::Kappa;
use crate::stats::guard::{self, Guarded};
use crate::stats::rate::Rate;
use crate::store::Contact;

/// Evaluators against people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evaluators {
    /// Labels that count: drawn by lot, given blind.
    pub labels: u64,
    /// Why there are none.
    pub withheld: Option<String>,
    /// Best ranking first.
    pub rows: Vec<EvaluatorRow>,
}

/// One evaluator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatorRow {
    /// Its name.
    pub name: String,
    /// Failures that it catches.
    #[serde(serialize_with = "guard::serialize")]
    pub caught: Guarded<Rate>,
    /// Passes that it lets through.
    #[serde(serialize_with = "guard::serialize")]
    pub let_through: Guarded<Rate>,
    /// Cohen's kappa with people.
    #[serde(serialize_with = "guard::serialize")]
    pub kappa: Guarded<Kappa>,
    /// Failures that it lets pass.
    pub misses: Cell,
    /// Passes to which it objects.
    pub false_alarms: Cell,
    /// What is to be said against it.
    pub remark: Option<Remark>,
}

/// Who judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct People {
    /// Most verdicts first.
    pub reviewers: Vec<ReviewerRow>,
    /// Two by two, on what both judged of the period.
    pub pairs: Vec<PairRow>,
}

/// One reviewer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewerRow {
    /// Who.
    pub reviewer: String,
    /// Settled conversations of the period that they judged.
    pub judged: u64,
    /// A filter that lists them.
    pub filter: String,
}

/// Two reviewers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairRow {
    /// They.
    pub reviewers: (String, String),
    /// Conversations both judged.
    pub units: u64,
    /// How many verdicts are the same.
    #[serde(serialize_with = "guard::serialize")]
    pub same: Guarded<Rate>,
    /// Cohen's kappa.
    #[serde(serialize_with = "guard::serialize")]
    pub kappa: Guarded<Kappa>,
}

/// Evaluators on all labels of an audit; without one, the reason, by how many labels there are.
pub(super) fn evaluators(
    workspace: &mut Workspace,
    (order, queue, labels): (&ReportOrder<'_>, Option<&str>, u64),
    now: Timestamp,
) -> Result<Evaluators, ReportError> {
    let withheld = |why: &SampleError| Ok(Evaluators { withheld: Some(why.to_string()), ..Evaluators::default() });
    if queue.is_none() {
        return withheld(&SampleError::NoAudit { labels });
    }
    let sample = SampleOrder { filter: order.filter, truth: None, queue };
    let asked = AlignmentOrder { sample, by: None, evaluator: None, miss: MISS, risk: RISK };
    let found = match alignment(workspace, &asked, now) {
        Ok(found) => found,
        Err(error @ (SampleError::NoAudit { .. } | SampleError::NoneMatches(..))) => {
            return withheld(&error);
        }
        Err(error) => return Err(error.into()),
    };
    let rows = found
        .evaluators
        .into_iter()
        .map(|one| EvaluatorRow {
            name: one.name,
            caught: one.overall.agreement.tpr,
            let_through: one.overall.agreement.tnr,
            kappa: one.overall.agreement.kappa,
            misses: one.overall.false_passes,
            false_alarms: one.overall.false_fails,
            remark: one.remark,
        })
        .collect();
    Ok(Evaluators { labels: found.labels, withheld: None, rows })
}

/// Who judged what of the period, and how they agree on it.
pub(super) fn people(
    workspace: &Workspace,
    (pool, contacts): (&Pool, &[&Contact]),
    (order, window): (&ReportOrder<'_>, &Window),
    now: Timestamp,
) -> Result<People, ReportError> {
    let listing = Listing::of(order, window);
    let mut judged: BTreeMap<&str, u64> = BTreeMap::new();
    for label in contacts.iter().filter_map(|contact| pool.settled.get(&contact.id)).flat_map(|one| &one.labels) {
        *judged.entry(&label.reviewer).or_default() += 1;
    }
    let mut reviewers: Vec<ReviewerRow> = judged
        .into_iter()
        .map(|(reviewer, judged)| {
            let filter = listing.with(&Filter::is(Field::Reviewer, "", reviewer).to_string());
            ReviewerRow { reviewer: reviewer.to_owned(), judged, filter }
        })
        .collect();
    reviewers.sort_by_key(|row| std::cmp::Reverse(row.judged));
    let found = agreement(workspace, &AgreementOrder { filter: &listing.with("") }, now)?;
    let pairs = found.pairs.into_iter().map(|pair| PairRow {
        reviewers: pair.reviewers,
        units: pair.units,
        same: pair.percent,
        kappa: pair.kappa,
    });
    Ok(People { reviewers, pairs: pairs.collect() })
}

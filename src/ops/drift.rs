//! Whether what came in lately differs from what came before: in scores, and in what conversations are made of.
//!
//! Invariant: an alarm takes a large difference and a p that accounts for every test of the report; no label is looked at.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::list::SCHEMA_VERSION;
use super::sample::{Basis, Cell, Member, Sample, SampleError};
use super::workspace::Workspace;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::QueueOrder;
use crate::model::time::Timestamp;
use crate::stats::drift::{Categorical, Numeric, alarms, categorical, numeric};
use crate::stats::guard::{self, Guarded};
use crate::stats::multiple::{AdjustedP, Method, adjust};
use crate::store::{Asker, SEGMENTS};

/// Categories told apart; the rest are counted together.
const MOST_CATEGORIES: usize = 12;

/// What the rest is called.
const OTHERS: &str = "(others)";

/// Conversations behind a row that are listed, at most.
const MOST_BEHIND: usize = 50;

/// What conversations without a value are called.
const UNKNOWN: &str = "(unknown)";

/// What to compare.
#[derive(Debug, Clone, Copy, Default)]
pub struct DriftOrder<'a> {
    /// The reference; without it all imports before the last.
    pub reference: Option<&'a str>,
    /// What is held against it; without it the last import.
    pub current: Option<&'a str>,
}

/// What differs. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What the reference is, in words or as a filter.
    pub reference: String,
    /// What is held against it.
    pub current: String,
    /// Conversations of each.
    pub conversations: (u64, u64),
    /// Rows with an alarm.
    pub alarms: usize,
    /// Alarms first, then by how much they differ.
    pub rows: Vec<DriftRow>,
}

/// One number or category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftRow {
    /// The evaluator, or the segment.
    pub name: String,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// Adjusted over all rows (Benjamini and Hochberg); null where nothing can be said.
    pub p_adjusted: Option<AdjustedP>,
    /// True where PSI > .2 and the adjusted p < .05.
    pub alarm: bool,
    /// Conversations held against the reference that moved it most, for a screen to list.
    #[serde(skip)]
    pub behind: Cell,
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measured {
    /// Values of an evaluator: PSI, and the test of Kolmogorov and Smirnov.
    Score {
        /// The numbers.
        #[serde(serialize_with = "guard::serialize")]
        drift: Guarded<Numeric>,
        /// Conversations with a value, on each side.
        n: (u64, u64),
        /// The means.
        means: (Option<f64>, Option<f64>),
    },
    /// Values of a segment: PSI, chi-square and Cramér's V.
    Category {
        /// The numbers.
        #[serde(serialize_with = "guard::serialize")]
        drift: Guarded<Categorical>,
        /// By value, its share on each side, the most frequent first.
        shares: Vec<(String, f64, f64)>,
    },
}

impl Measured {
    /// The value of a segment whose share moved most, with its shares on both sides.
    pub fn moved_most(&self) -> Option<&(String, f64, f64)> {
        let Self::Category { shares, .. } = self else { return None };
        let apart = |one: &&(String, f64, f64)| (one.2 - one.1).abs();
        shares.iter().max_by(|a, b| apart(a).total_cmp(&apart(b)))
    }

    /// What the row of a value is called, its own or that of the rest.
    fn name_of(&self, value: Option<String>) -> Option<String> {
        let Self::Category { shares, .. } = self else { return None };
        let value = value.unwrap_or_else(|| UNKNOWN.to_owned());
        Some(if shares.iter().any(|(name, ..)| *name == value) { value } else { OTHERS.to_owned() })
    }

    fn psi_and_p(&self) -> Option<(f64, f64)> {
        match self {
            Self::Score { drift, .. } => drift.as_ref().ok().map(|drift| (drift.psi, drift.p)),
            Self::Category { drift, .. } => drift.as_ref().ok().map(|drift| (drift.psi, drift.p)),
        }
    }
}

/// Compares two sides of the workspace.
///
/// # Errors
/// A filter, or the database.
pub fn drift(workspace: &Workspace, order: &DriftOrder<'_>, now: Timestamp) -> Result<DriftReport, SampleError> {
    let members: Vec<Member> = workspace
        .store()
        .measured()?
        .into_iter()
        .map(|of| Member { p: of.p_fail, of, stratum: None, drawn: false, failed: None, blind: false })
        .collect();
    let basis = Basis::Truth { attribute: String::new() };
    let sample = Sample { basis, members, open: 0, not_in_audit: 0 };
    let ids = |filter: &str| -> Result<HashSet<ConversationId>, SampleError> {
        let asker = Asker { reviewer: workspace.reviewer(), now };
        Ok(workspace.store().index(&Filter::parse(filter)?, "", QueueOrder::Oldest, asker)?.ids.into_iter().collect())
    };
    let places = |filter: &str| -> Result<Vec<usize>, SampleError> {
        let ids = ids(filter)?;
        Ok((0..sample.members.len()).filter(|at| ids.contains(&sample.members[*at].of.id)).collect())
    };
    // Runs of the gate are no import; only a filter may ask for them.
    let runs = workspace.store().gate_run_ids()?;
    let imported: Vec<usize> =
        (0..sample.members.len()).filter(|at| !runs.contains(&sample.members[*at].of.id)).collect();
    let last = imported.last().map_or(0, |at| sample.members[*at].of.key);
    let border = border(workspace, last)?;
    let came = |late: bool| -> Vec<usize> {
        imported.iter().copied().filter(|at| (sample.members[*at].of.key > border) == late).collect()
    };
    let (reference, before) = match order.reference {
        Some(filter) => (filter.to_owned(), places(filter)?),
        None => ("imports before the last".to_owned(), came(false)),
    };
    let (current, after) = match order.current {
        Some(filter) => (filter.to_owned(), places(filter)?),
        // One filter alone is held against everything else.
        None if order.reference.is_some() => {
            let taken: HashSet<usize> = before.iter().copied().collect();
            ("all others".to_owned(), imported.iter().copied().filter(|at| !taken.contains(at)).collect())
        }
        None => ("the last import".to_owned(), came(true)),
    };
    let rows = rows(workspace, &sample, (&before, &after))?;
    Ok(DriftReport {
        schema_version: SCHEMA_VERSION,
        reference,
        current,
        conversations: (before.len() as u64, after.len() as u64),
        alarms: rows.iter().filter(|row| row.alarm).count(),
        rows,
    })
}

/// The last key before the import that brought this one.
fn border(workspace: &Workspace, last: i64) -> Result<i64, SampleError> {
    let ends: Vec<i64> = workspace.store().arrivals()?.into_iter().map(|arrival| arrival.last_key).collect();
    Ok(ends.into_iter().rev().find(|end| *end < last).unwrap_or(0))
}

fn rows(
    workspace: &Workspace,
    sample: &Sample,
    (before, after): (&[usize], &[usize]),
) -> Result<Vec<DriftRow>, SampleError> {
    let mut rows = Vec::new();
    let mut add = |name: &str, measured: Measured, behind: Cell| {
        rows.push(DriftRow { name: name.to_owned(), measured, p_adjusted: None, alarm: false, behind });
    };
    for column in sample.columns(workspace)? {
        // Who gives no numbers is compared by how often it objects; the two scales are never put together.
        let counts = column.values.iter().all(Option::is_none);
        let objects = |at: usize| column.objects[at].map(|one| f64::from(u8::from(one)));
        let value = |at: &usize| if counts { objects(*at) } else { column.values[*at] };
        let of = |side: &[usize]| side.iter().filter_map(value).collect::<Vec<f64>>();
        let (a, b) = (of(before), of(after));
        let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        let (n, means) = ((a.len() as u64, b.len() as u64), (mean(&a), mean(&b)));
        let rose = means.1 > means.0;
        let mut far: Vec<(f64, usize)> = after.iter().filter_map(|at| Some((value(at)?, *at))).collect();
        far.sort_by(|a, b| if rose { b.0.total_cmp(&a.0) } else { a.0.total_cmp(&b.0) });
        let behind = Cell::of(far.iter().take(MOST_BEHIND).map(|(_, at)| &sample.members[*at]));
        add(&column.name, Measured::Score { drift: numeric(&a, &b), n, means }, behind);
    }
    for segment in SEGMENTS {
        if let Some(measured) = category(sample, segment, (before, after)) {
            let moved = measured.moved_most().map(|(name, ..)| name.clone());
            let is_it = |at: &&usize| measured.name_of(sample.members[**at].value(segment)) == moved;
            let behind = Cell::of(after.iter().filter(is_it).take(MOST_BEHIND).map(|at| &sample.members[*at]));
            add(segment, measured, behind);
        }
    }
    let told: Vec<(usize, (f64, f64))> =
        rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.measured.psi_and_p()?))).collect();
    let adjusted = adjust(&told.iter().map(|one| one.1.1).collect::<Vec<_>>(), Method::BenjaminiHochberg);
    for ((at, (psi, _)), p) in told.into_iter().zip(adjusted) {
        rows[at].alarm = alarms(psi, p);
        rows[at].p_adjusted = Some(p);
    }
    let weight = |row: &DriftRow| (row.alarm, row.measured.psi_and_p().map_or(-1.0, |one| one.0));
    rows.sort_by(|a, b| {
        let (a, b) = (weight(a), weight(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    Ok(rows)
}

/// A segment's values on both sides; `None` where nothing has one.
fn category(sample: &Sample, segment: &str, (before, after): (&[usize], &[usize])) -> Option<Measured> {
    let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (side, places) in [before, after].into_iter().enumerate() {
        for at in places {
            let value = sample.members[*at].value(segment).unwrap_or_else(|| UNKNOWN.to_owned());
            counts.entry(value).or_default()[side] += 1;
        }
    }
    if counts.keys().all(|value| value == UNKNOWN) {
        return None;
    }
    let mut table: Vec<(String, [u64; 2])> = counts.into_iter().collect();
    table.sort_by(|a, b| (b.1[0] + b.1[1]).cmp(&(a.1[0] + a.1[1])).then_with(|| a.0.cmp(&b.0)));
    if table.len() > MOST_CATEGORIES {
        let rest = table.split_off(MOST_CATEGORIES - 1);
        let sum = rest.iter().fold([0, 0], |sum, one| [sum[0] + one.1[0], sum[1] + one.1[1]]);
        table.push((OTHERS.to_owned(), sum));
    }
    let row = |side: usize| table.iter().map(|one| one.1[side]).collect::<Vec<u64>>();
    let (a, b) = (row(0), row(1));
    let share = |count: u64, side: &[u64]| count as f64 / side.iter().sum::<u64>().max(1) as f64;
    let shares = table.iter().map(|(value, [x, y])| (value.clone(), share(*x, &a), share(*y, &b))).collect();
    Some(Measured::Category { drift: categorical([&a, &b]), shares })
}

impl DriftReport {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        (self.reference, self.current) = (text(&self.reference), text(&self.current));
        for row in &mut self.rows {
            match &mut row.measured {
                Measured::Score { .. } if row.name != super::sample::P_FAIL => row.name = text(&row.name),
                Measured::Score { .. } => {}
                Measured::Category { shares, .. } => shares.iter_mut().for_each(|one| one.0 = text(&one.0)),
            }
        }
        self
    }
}

//! What a ranker learns from, of stored conversations.
//!
//! Invariant: no transcript is read.

use crate::evaluate::features::Features;
use crate::model::filter::{Filter, FilterError};
use crate::model::queue::QueueOrder;
use crate::model::time::Timestamp;
use crate::rank::matrix::{Column, Kind, Polarity, RawRow};
use crate::rank::queue::Facts;
use crate::store::{Asker, StoreError};

use super::workspace::Workspace;

/// Whether expected calls may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// They may.
    Used,
    /// They may not.
    Ignored,
}

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<RawRow>,
    /// By row.
    pub facts: Vec<Facts>,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum SignalsError {
    /// The filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signals of conversations.
pub fn signals(
    workspace: &Workspace,
    filter: &str,
    now: Timestamp,
    _expected: Expected,
) -> Result<Signals, SignalsError> {
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let ids = workspace.store().index(&Filter::parse(filter)?, "", QueueOrder::Oldest, asker)?.ids;
    let mut signals = Signals::default();
    for (at, words) in ["steps", "turns", "changes"].into_iter().enumerate() {
        signals.columns.push(Column {
            key: format!("feature/{at}"),
            words: words.to_owned(),
            kind: Kind::Count,
            polarity: Polarity::HighIsBad,
        });
    }
    for id in ids {
        let features = workspace.store().evaluation(&id)?.and_then(|one| Features::from_stored(&one.features));
        let values = (0..3).map(|at| features.as_ref().map(|features| features.values()[at])).collect();
        signals.rows.push(RawRow { group: id.to_string(), id, intent: String::new(), values });
        signals.facts.push(Facts::default());
    }
    Ok(signals)
}

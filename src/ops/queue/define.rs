//! Defining and removing queues.
//!
//! Invariant: a definition that is recorded can be carried out: its filters and its strategy are known.

use crate::model::event::EventBody;
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::queue::{Calibration, QueueChange, QueueOrder, QueueSpec};
use crate::model::time::Timestamp;
use crate::rank::strategy::{STRATEGIES, Strategy, StrategyInfo};
use crate::store::events::{Draft, Log};
use crate::store::{Asker, StoredQueue};

use super::super::workspace::Workspace;
use super::{QueueError, pool};

/// The orders that a queue of a filter can have, the default first: one takes a list of ids instead.
pub fn orders() -> impl Iterator<Item = &'static StrategyInfo> {
    STRATEGIES.iter().filter(|info| info.strategy != Strategy::Manual)
}

/// What a definition would take, before it is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Conversations the filter takes.
    pub matching: u64,
    /// Of these, those nobody has judged.
    pub unjudged: u64,
    /// How many the queue asks to be judged.
    pub asked: u64,
    /// Conversations no evaluator has looked at; they would come up by lot.
    pub unevaluated: u64,
    /// Conversations that rules put ahead.
    pub pinned: u64,
}

/// The events of a change; none where nothing would change.
///
/// # Errors
/// The definition cannot be carried out, its name is taken by another one, or there is no such queue.
pub fn changes(log: &Log<'_>, change: &QueueChange) -> Result<Vec<Draft>, QueueError> {
    let known = log.queues()?;
    let same_name = |name: &str| known.iter().find(|queue| queue.spec.name == name);
    match change {
        QueueChange::Add(spec) => {
            check(spec)?;
            match same_name(&spec.name) {
                Some(StoredQueue { spec: other, .. }) if other == spec => return Ok(Vec::new()),
                Some(_) => return Err(QueueError::Taken(spec.name.clone())),
                None => {}
            }
        }
        QueueChange::Reveal { name } => {
            let found = same_name(name).ok_or_else(|| unknown(name, &known))?;
            match found.spec.calibration {
                None => return Err(QueueError::NoCalibration(name.clone())),
                Some(Calibration::Revealed) => return Ok(Vec::new()),
                Some(Calibration::Open) => {}
            }
        }
        QueueChange::Remove { name } => {
            same_name(name).ok_or_else(|| unknown(name, &known))?;
        }
    }
    Ok(vec![Draft { body: EventBody::Queue(change.clone()), target: None }])
}

/// The error about a queue that is not there, with those that are.
pub(super) fn unknown(name: &str, known: &[StoredQueue]) -> QueueError {
    let names: Vec<&str> = known.iter().map(|queue| queue.spec.name.as_str()).collect();
    let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    QueueError::Unknown { name: name.to_owned(), known }
}

/// Checks that a definition can be carried out.
///
/// # Errors
/// What cannot.
pub fn check(spec: &QueueSpec) -> Result<(), QueueError> {
    spec.check()?;
    strategy(&spec.strategy)?;
    for filter in std::iter::once(&spec.filter).chain(&spec.must_review.filters) {
        Filter::parse(filter)?;
    }
    Ok(())
}

/// The strategy of a name.
pub(super) fn strategy(name: &str) -> Result<Strategy, QueueError> {
    name.parse().map_err(|_| {
        let known: Vec<&str> = STRATEGIES.iter().map(|info| info.name).collect();
        QueueError::Strategy { name: name.to_owned(), known: known.join(", ") }
    })
}

/// What a definition would take.
///
/// # Errors
/// It cannot be carried out, or the database cannot be read.
pub fn preview(workspace: &Workspace, spec: &QueueSpec, now: Timestamp) -> Result<Preview, QueueError> {
    check(spec)?;
    let again = strategy(&spec.strategy)?.is_again();
    let store = workspace.store();
    if store.queue(&spec.name)?.is_some_and(|queue| queue.spec != *spec) {
        return Err(QueueError::Taken(spec.name.clone()));
    }
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let ids = |filter: &str| -> Result<Vec<ConversationId>, QueueError> {
        Ok(store.index(&Filter::parse(filter)?, "", QueueOrder::Oldest, asker)?.ids)
    };
    let matching = ids(&spec.filter)?;
    let unjudged = Filter::parse(&spec.filter)?.and(Filter::parse("label:none,draft")?);
    let unjudged = store.index(&unjudged, "", QueueOrder::Oldest, asker)?.ids.len() as u64;
    let judged = (matching.len() as u64).saturating_sub(unjudged);
    let open = if again { judged } else { unjudged };
    let unevaluated = store.unevaluated()?;
    let pinned = pool::pinned(store, &spec.must_review, asker)?;
    Ok(Preview {
        matching: matching.len() as u64,
        unjudged,
        asked: spec.size.map_or(open, |size| open.min(size.into())),
        unevaluated: matching.iter().filter(|id| unevaluated.contains(*id)).count() as u64,
        pinned: matching.iter().filter(|id| pinned.contains_key(*id)).count() as u64,
    })
}

/// The filter of the conversations of a definition that no evaluator has looked at.
pub fn unevaluated_of(spec: &QueueSpec) -> String {
    if spec.filter.is_empty() { "p_fail:none".to_owned() } else { format!("({}) p_fail:none", spec.filter) }
}

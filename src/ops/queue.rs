//! Queues: the ids of one, and the rows of a window of it.
//!
//! Invariant: what a filter means is decided in one place, for the list command and the screen alike.

use crate::model::filter::{Filter, FilterError};
use crate::model::id::ConversationId;
use crate::model::queue::{QueueIndex, QueueQuery};
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::store::{Asker, StoreError};

use super::workspace::Workspace;

/// Why a queue cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The filter is none.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The ids of a queue, with counts for the asking reviewer.
///
/// # Errors
/// The filter cannot be parsed, or the database cannot be read.
pub fn index(workspace: &Workspace, query: &QueueQuery, now: Timestamp) -> Result<QueueIndex, QueueError> {
    let filter = Filter::parse(&query.filter)?;
    let asker = Asker { reviewer: workspace.reviewer(), now };
    Ok(workspace.store().index(&filter, &query.find, query.order, asker)?)
}

/// The rows of these conversations, in this order; unknown ids are left out.
///
/// # Errors
/// The database cannot be read.
pub fn rows(workspace: &Workspace, ids: &[ConversationId]) -> Result<Vec<Summary>, StoreError> {
    workspace.store().summaries(ids, workspace.reviewer())
}

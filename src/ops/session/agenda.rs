//! The agenda: what a session has to look at.
//!
//! Invariant: nobody learns from it which conversations are drawn by lot, nor what others said of one they have not judged.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::{Activity, SessionError};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::Verdict;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::session::Session;
use crate::model::time::Timestamp;
use crate::ops::queue::{self, QueueError};
use crate::ops::workspace::Workspace;
use crate::store::{Asker, StoreError};

/// From this P(fail) on a conversation that nobody judged counts as a failure to look at.
const LIKELY: &str = "p_fail>=0.5 label:none,draft";

/// Between these the evaluators do not know.
const UNSURE: &str = "p_fail:0.35..0.65 label:none,draft";

/// What a line of the agenda holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgendaKind {
    /// What failed, or most likely did, and is new since the last session.
    NewFailures,
    /// What the evaluators are not sure of.
    LowConfidence,
    /// What is drawn by lot.
    Audit,
    /// Decisions of earlier sessions that are open.
    Decisions,
    /// Labels that differ.
    Disputes,
    /// What was put off in an earlier session.
    Parked,
}

impl AgendaKind {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NewFailures => "new_failures",
            Self::LowConfidence => "low_confidence",
            Self::Audit => "audit",
            Self::Decisions => "decisions",
            Self::Disputes => "disputes",
            Self::Parked => "parked",
        }
    }

    /// What it is called on a screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::NewFailures => "New since the last session, flagged by outcome or evaluators",
            Self::LowConfidence => "Where the evaluators are not sure",
            Self::Audit => "Drawn by lot",
            Self::Decisions => "Earlier decisions that are still open",
            Self::Disputes => "Labels that differ",
            Self::Parked => "Left on the parking lot",
        }
    }
}

/// One line of the agenda. The fields and their names are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgendaLine {
    /// What it holds.
    pub kind: AgendaKind,
    /// How many.
    pub count: u64,
    /// Its conversations, most suspicious first. Empty for what is drawn by lot, since a row must not tell.
    pub conversations: Vec<ConversationId>,
    /// Ids of decisions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
    /// Of what is new: how many were flagged as well, are older, and wait for a verdict still.
    #[serde(skip_serializing_if = "is_zero")]
    pub older: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser hands a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AgendaLine {
    /// The filter that takes its conversations; `None` where there are none.
    pub fn filter(&self) -> Option<String> {
        let ids: Vec<&str> = self.conversations.iter().map(ConversationId::as_str).collect();
        (!ids.is_empty()).then(|| format!("id:{}", ids.join(",")))
    }
}

/// The agenda of a session, or of one of this queue that is about to begin.
///
/// # Errors
/// The queue is not there, or the database cannot be read.
pub fn agenda(
    workspace: &mut Workspace,
    (session, queue): (Option<&Session>, Option<&str>),
    now: Timestamp,
) -> Result<Vec<AgendaLine>, SessionError> {
    let book = workspace.store().book()?;
    let earlier: Vec<&Session> = match session {
        Some(session) => book.sessions.iter().take_while(|one| one.event != session.event).collect(),
        None => book.sessions.iter().collect(),
    };
    let queue = session.and_then(|session| session.queue.as_deref()).or(queue);
    let (mut failures, older) = new_failures(workspace, earlier.last().copied(), now)?;
    if let Some(session) = session {
        // What the session has judged is looked at: a fail it gave is no more to do.
        let reviewed = Activity::of(workspace.store(), session)?.reviewed();
        failures.retain(|id| !reviewed.contains(id));
    }
    let unsure = ids(workspace, UNSURE, now)?;
    let disputed = ids(workspace, "label:disputed", now)?;
    let audit = match queue {
        Some(name) => by_lot(workspace, name, now)?,
        None => 0,
    };
    let open: Vec<_> = book
        .decisions
        .iter()
        .filter(|decision| decision.is_open())
        .filter(|decision| session.is_none_or(|session| decision.spec.session.as_ref() != Some(&session.event)))
        .collect();
    let answered: BTreeSet<ConversationId> =
        open.iter().flat_map(|decision| decision.spec.conversations.iter().cloned()).collect();
    let parked = earlier.iter().flat_map(|one| &one.parked).map(|parked| parked.conversation.clone()).collect();
    let line = |kind, conversations: Vec<ConversationId>| AgendaLine {
        kind,
        count: conversations.len() as u64,
        conversations,
        decisions: Vec::new(),
        older: 0,
    };
    Ok(vec![
        AgendaLine { older, ..line(AgendaKind::NewFailures, failures) },
        line(AgendaKind::LowConfidence, unsure),
        AgendaLine { count: audit, ..line(AgendaKind::Audit, Vec::new()) },
        AgendaLine {
            count: open.len() as u64,
            decisions: open.iter().map(|decision| decision.id.clone()).collect(),
            ..line(AgendaKind::Decisions, answered.into_iter().collect())
        },
        line(AgendaKind::Disputes, disputed),
        line(AgendaKind::Parked, parked),
    ])
}

fn ids(workspace: &Workspace, filter: &str, now: Timestamp) -> Result<Vec<ConversationId>, SessionError> {
    let asker = Asker { reviewer: workspace.reviewer(), now };
    let filter = Filter::parse(filter).map_err(QueueError::from)?;
    Ok(workspace.store().index(&filter, "", QueueOrder::Suspicion, asker)?.ids)
}

/// What is new since the session before began, and failed by the reviewer's own verdict or by P(fail); and how many of
/// those that nobody judged are older.
fn new_failures(
    workspace: &Workspace,
    before: Option<&Session>,
    now: Timestamp,
) -> Result<(Vec<ConversationId>, u64), SessionError> {
    let store = workspace.store();
    let mut failed = ids(workspace, LIKELY, now)?;
    let likely = failed.len();
    let mut older = 0;
    let judged = ids(workspace, "verdict:fail", now)?;
    let own: HashSet<ConversationId> = store
        .summaries(&judged, workspace.reviewer())?
        .into_iter()
        .filter(|summary| summary.own_verdict == Some(Verdict::Fail))
        .map(|summary| summary.id)
        .collect();
    failed.extend(judged.into_iter().filter(|id| own.contains(id)));
    if let Some(before) = before {
        let new = store.new_since(&before.started)?;
        older = failed[..likely].iter().filter(|id| !new.contains(id)).count() as u64;
        failed.retain(|id| new.contains(id));
    }
    Ok((failed, older))
}

/// How many of a queue are still to be drawn by lot.
fn by_lot(workspace: &mut Workspace, name: &str, now: Timestamp) -> Result<u64, SessionError> {
    let query = QueueQuery { queue: Some(name.to_owned()), ..QueueQuery::default() };
    let index = queue::named(workspace, &query, now)?;
    let state = index.state.ok_or_else(|| StoreError::Unknown(name.to_owned()))?;
    let asked = state.spec.size.map_or(state.pool, |size| state.pool.min(size.into()));
    let drawn = (asked as f64 * state.spec.audit).round() as u64;
    Ok(drawn.saturating_sub(state.audit_labels))
}

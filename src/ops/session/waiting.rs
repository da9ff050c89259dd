//! What waits for a session: parked with a reason, or put off in one of the last sessions.
//!
//! Invariant: a conversation stands here once; what the asking reviewer may know to be judged since was not put off.

use std::collections::{BTreeMap, HashSet};

use super::{Activity, SessionError};
use crate::model::id::ConversationId;
use crate::model::label::LabelState;
use crate::model::session::{Book, Session};
use crate::ops::workspace::Workspace;
use crate::text::Untrusted;

/// Earlier sessions whose acts are read for what was put off: a month of weekly ones and one more.
const RECENT: usize = 5;

/// Why a conversation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It is to be talked about; the reason may be empty.
    Parked(String),
    /// It was left without a verdict.
    PutOff,
}

/// A conversation that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub conversation: ConversationId,
    /// The name of the earlier session that left it; `None` for what the session itself parked.
    pub left_by: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub why: Why,
    /// What the customer wrote first.
    pub first: Untrusted,
}

/// What waits: the session's own parking lot, then what earlier sessions left, the newest of them first. A session that is
/// over has only its own.
///
/// # Errors
/// The database cannot be read.
pub fn waiting(workspace: &Workspace, book: &Book, session: &Session) -> Result<Vec<Waiting>, SessionError> {
    let store = workspace.store();
    let before = book.sessions.iter().take_while(|one| one.event != session.event && session.is_running());
    let earlier: Vec<&Session> = before.collect();
    let mut found: Vec<(ConversationId, Option<String>, String, Why)> = Vec::new();
    for one in std::iter::once(&session).chain(earlier.iter().rev()) {
        let left_by = (one.event != session.event).then(|| one.name.clone());
        let parked = one.parked.iter();
        found.extend(parked.map(|parked| {
            let why = Why::Parked(parked.reason.trim().to_owned());
            (parked.conversation.clone(), left_by.clone(), parked.by.clone(), why)
        }));
    }
    for one in earlier.iter().rev().take(RECENT) {
        let put_off = Activity::of(store, one)?.put_off().into_iter();
        found.extend(put_off.map(|(id, by)| (id, Some(one.name.clone()), by.join(", "), Why::PutOff)));
    }
    let mut seen = HashSet::new();
    found.retain(|(id, ..)| seen.insert(id.clone()));
    let ids: Vec<ConversationId> = found.iter().map(|(id, ..)| id.clone()).collect();
    let mut rows: BTreeMap<ConversationId, _> = BTreeMap::new();
    for row in store.summaries(&ids, workspace.reviewer())? {
        rows.insert(row.id.clone(), (row.first_message, row.label_state));
    }
    let judged = |state: LabelState| !matches!(state, LabelState::None | LabelState::Draft);
    let told = found.into_iter().filter_map(|(conversation, left_by, by, why)| {
        let (first, state) = rows.remove(&conversation)?;
        let waits = why != Why::PutOff || !judged(state);
        waits.then_some(Waiting { conversation, left_by, by, why, first })
    });
    Ok(told.collect())
}

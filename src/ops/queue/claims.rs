//! Claims in a shared queue: taken, given back, and what others hold meanwhile.
//!
//! Invariant: whether there is room for one more review is decided in one immediate transaction, so that reviews and claims
//! of a conversation never come to more than its queue asks for.

use std::collections::HashMap;

use crate::model::claim::{Claim, ClaimOrder, Claimed, end_of, free_at, half_of};
use crate::model::event::{EventBody, EventTarget};
use crate::model::id::ConversationId;
use crate::model::queue::QueueSpec;
use crate::model::time::Timestamp;
use crate::rank::queue::Slot;
use crate::store::events::{Draft, Log};
use crate::store::{Store, StoreError};

use super::super::workspace::Workspace;
use super::kept::Working;
use super::listing::ready;
use super::{QueueError, define};

/// What comes next for a reviewer in a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// The conversation; `None` where there is none now.
    pub conversation: Option<ConversationId>,
    /// Until when it is the reviewer's; `None` in a queue nobody shares.
    pub until: Option<Timestamp>,
    /// Conversations that others hold.
    pub held: u64,
    /// When the first of them is free.
    pub free_at: Option<Timestamp>,
}

/// Claims a conversation for the asking reviewer, or renews the claim once half of its time is over.
///
/// # Errors
/// There is no such queue, or nothing could be saved.
pub fn claim(workspace: &mut Workspace, order: &ClaimOrder, now: Timestamp) -> Result<Claimed, QueueError> {
    let known = workspace.store().queues()?;
    let found = known.iter().find(|queue| queue.spec.name == order.queue);
    let spec = found.map(|queue| queue.spec.clone()).ok_or_else(|| define::unknown(&order.queue, &known))?;
    if !spec.takes_claims() {
        return Ok(Claimed::NotAsked);
    }
    let unknown = || StoreError::Unknown(order.conversation.to_string());
    let row = workspace.store().summaries(std::slice::from_ref(&order.conversation), workspace.reviewer())?.pop();
    let transcript_hash = row.ok_or_else(unknown)?.transcript_hash;
    let reviewer = workspace.reviewer().to_owned();
    let mut outcome = Claimed::NotAsked;
    workspace.append::<StoreError>(now, |log| {
        let (came, write) = decide(log, &spec, (&order.conversation, &reviewer), now)?;
        outcome = came;
        let Some(until) = write else { return Ok(Vec::new()) };
        let body = EventBody::Claim { queue: spec.name.clone(), until };
        Ok(vec![Draft { body, target: Some(target(&order.conversation, transcript_hash.clone())) }])
    })?;
    Ok(outcome)
}

/// What comes of asking, and until when a claim is to be written, where it is.
fn decide(
    log: &Log<'_>,
    spec: &QueueSpec,
    (id, reviewer): (&ConversationId, &str),
    now: Timestamp,
) -> Result<(Claimed, Option<Timestamp>), StoreError> {
    let judged: Vec<String> =
        log.labels(id)?.into_iter().filter(|label| label.verdict.is_some()).map(|label| label.reviewer).collect();
    if judged.iter().any(|by| by == reviewer) {
        return Ok((Claimed::NotAsked, None));
    }
    let needed = spec.reviewers_per_item.max(1) as usize;
    if judged.len() >= needed {
        return Ok((Claimed::Full, None));
    }
    let (own, others): (Vec<Claim>, Vec<Claim>) =
        log.claims_on(id, now)?.into_iter().partition(|claim| claim.reviewer == reviewer);
    let others: Vec<Timestamp> =
        others.into_iter().filter(|claim| !judged.contains(&claim.reviewer)).map(|claim| claim.until).collect();
    if let Some(own) =
        own.iter().map(|claim| claim.until).max().filter(|own| own.0 - now.0 > half_of(spec.claim_minutes))
    {
        return Ok((Claimed::Yours { until: own }, None));
    }
    if let (true, Some(until)) = (own.is_empty(), free_at(needed, judged.len(), &others)) {
        return Ok((Claimed::Held { until }, None));
    }
    let until = end_of(spec.claim_minutes, now);
    Ok((Claimed::Yours { until }, Some(until)))
}

/// Gives a claim back that ended without a verdict. Where there is none nothing is written.
///
/// # Errors
/// Nothing could be saved.
pub fn release(workspace: &mut Workspace, id: &ConversationId, now: Timestamp) -> Result<Claimed, StoreError> {
    let reviewer = workspace.reviewer().to_owned();
    let holds = |claims: Vec<Claim>| claims.iter().any(|claim| claim.reviewer == reviewer);
    if !holds(workspace.store().log().claims_on(id, now)?) {
        return Ok(Claimed::NotAsked);
    }
    let Some(row) = workspace.store().summaries(std::slice::from_ref(id), &reviewer)?.pop() else {
        return Ok(Claimed::NotAsked);
    };
    workspace.append::<StoreError>(now, |log| {
        if !holds(log.claims_on(id, now)?) {
            return Ok(Vec::new());
        }
        let target = Some(target(id, row.transcript_hash.clone()));
        Ok(vec![Draft { body: EventBody::Release {}, target }])
    })?;
    Ok(Claimed::Released)
}

/// Claims what comes next for the asking reviewer.
///
/// # Errors
/// There is no such queue, or nothing could be saved.
pub fn next(workspace: &mut Workspace, queue: &str, now: Timestamp) -> Result<Next, QueueError> {
    let reviewer = workspace.reviewer().to_owned();
    let held = held(workspace.store(), &reviewer, now)?;
    let working = ready(workspace, queue)?;
    let by = working.number(&reviewer);
    let taken = working.taken(&held);
    let ids: Vec<ConversationId> = working
        .upcoming(by, super::listing::LISTED.max(taken.len() + 1))
        .into_iter()
        .filter(|slot| !taken.contains_key(&slot.row))
        .map(|slot| working.ids[slot.row].clone())
        .collect();
    let (shared, free_at) = (working.stored.spec.takes_claims(), taken.values().min().copied());
    let mut next = Next { held: taken.len() as u64, free_at, ..Next::default() };
    for conversation in ids {
        let claimed = if shared {
            claim(workspace, &ClaimOrder { queue: queue.to_owned(), conversation: conversation.clone() }, now)?
        } else {
            Claimed::NotAsked
        };
        match claimed {
            Claimed::Yours { until } => {
                return Ok(Next { conversation: Some(conversation), until: Some(until), ..next });
            }
            Claimed::Held { until } => {
                next.held += 1;
                next.free_at = Some(next.free_at.map_or(until, |first| first.min(until)));
            }
            Claimed::NotAsked if !shared => return Ok(Next { conversation: Some(conversation), ..next }),
            Claimed::Full | Claimed::NotAsked | Claimed::Released => {}
        }
    }
    Ok(next)
}

/// Claims of others that hold now, by conversation.
pub(super) fn held(
    store: &Store,
    reviewer: &str,
    now: Timestamp,
) -> Result<HashMap<ConversationId, Vec<Timestamp>>, StoreError> {
    let mut held: HashMap<ConversationId, Vec<Timestamp>> = HashMap::new();
    for claim in store.claims(now)?.into_iter().filter(|claim| claim.reviewer != reviewer) {
        held.entry(claim.conversation).or_default().push(claim.until);
    }
    Ok(held)
}

fn target(id: &ConversationId, transcript_hash: crate::model::id::TranscriptHash) -> EventTarget {
    EventTarget { conversation: id.clone(), transcript_hash, step: None, span_id: None, decision_span_id: None }
}

impl Working {
    /// Rows that others hold so that no review is left to give, each with the time from which there is one.
    pub(super) fn taken(&self, held: &HashMap<ConversationId, Vec<Timestamp>>) -> HashMap<usize, Timestamp> {
        if !self.stored.spec.takes_claims() {
            return HashMap::new();
        }
        let needed = self.stored.spec.reviewers_per_item.max(1) as usize;
        held.iter()
            .filter_map(|(id, others)| {
                let row = *self.rows.get(id)?;
                let given = self.said.iter().filter(|(said, _)| *said == row).count();
                Some((row, free_at(needed, given, others)?))
            })
            .collect()
    }

    /// Places in the order in which they may be judged: what others hold comes last.
    pub(super) fn free_first(mut slots: Vec<Slot>, taken: &HashMap<usize, Timestamp>) -> Vec<Slot> {
        slots.sort_by_key(|slot| taken.contains_key(&slot.row));
        slots
    }
}

//! Asking a judge about stored conversations, and keeping what it says.
//!
//! Invariant: an answer is kept only where the conversation is still the one that was asked about.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::super::super::Progress;
use super::super::super::door::Door;
use super::super::super::show;
use super::super::super::workspace::Workspace;
use super::super::{EvaluateError, matching, rank};
use super::{CommandOrder, CommandReport, Docket, Question, Settled, hear};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::time::Timestamp;
use crate::store::{ContentHash, Judgement, StoreError};
use crate::text::door;

/// Asks a command about conversations and stores what it says. `tell` is told conversations and breaks to stop.
///
/// # Errors
/// A filter that is none, the database, or a command that cannot be started or never answers anything.
pub fn ask(
    workspace: &mut Workspace,
    (order, door): (&CommandOrder<'_>, &Door),
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<CommandReport, EvaluateError> {
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    let mut queue = matching(workspace, order.filter, now)?;
    if order.missing {
        let done: HashSet<ConversationId> = workspace.store().judged_by(order.name)?.into_iter().collect();
        queue.retain(|id| !done.contains(id));
    }
    let queue = queue.iter().map(|id| id.as_str().to_owned()).collect();
    let mut stored = Stored { workspace: &mut *workspace, door, judge: order.name, hashes: HashMap::new() };
    let (report, outcome) = hear(&mut stored, order, queue, tell);
    rank(workspace)?;
    outcome.map(|()| report)
}

/// The conversations of a workspace.
struct Stored<'a> {
    workspace: &'a mut Workspace,
    door: &'a Door,
    judge: &'a str,
    /// Of each that is being asked about, what it was.
    hashes: HashMap<String, ContentHash>,
}

impl Docket for Stored<'_> {
    fn question(&mut self, id: &str) -> Result<Option<(String, Conversation)>, EvaluateError> {
        let key = ConversationId::from_stored(id.to_owned());
        let Some(stored) = self.workspace.store().stored(&key)? else { return Ok(None) };
        let question = Question::of(id, show::show(self.workspace, &key, self.door)?);
        self.hashes.insert(id.to_owned(), stored.content_hash);
        let line = door::json(&question).map_err(StoreError::from)?;
        Ok(Some((line, stored.conversation)))
    }

    fn settle(&mut self, settled: Vec<Settled>) -> Result<u64, EvaluateError> {
        let judgements: Vec<Judgement> = settled
            .into_iter()
            .filter_map(|one| {
                let content_hash = self.hashes.remove(&one.id)?;
                Some(Judgement {
                    id: ConversationId::from_stored(one.id),
                    judge: self.judge.to_owned(),
                    content_hash,
                    failure: one.failure,
                    scores: one.scores,
                })
            })
            .collect();
        Ok(self.workspace.store_mut().put_judgements(&judgements)?)
    }
}

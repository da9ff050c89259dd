//! Reconciling stored conversations with the system of record.
//!
//! Invariant: it reads only, unless told to keep what it found; then that stands beside what other judges said.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;

use serde_json::Value;

use super::evaluate::{self, EvaluateError};
use super::workspace::Workspace;
use crate::evaluate::reconcile::{self, Names, Reconciled};
use crate::model::conversation::Conversation;
use crate::model::time::Timestamp;
use crate::store::{Judgement, StoreError};

pub use crate::evaluate::reconcile::{Mismatch, word};

/// Where a workspace says which of its facts speak of what.
pub const NAMES: &str = "reconcile.toml";

/// The judge under whose name findings are kept.
pub const JUDGE: &str = "reconcile";

/// Judgements kept at once.
const BATCH: usize = 200;

/// How many conversations were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Conversations that match.
    pub conversations: u64,
    /// Of them, those with facts that speak of an act.
    pub with_facts: u64,
    /// Facts that speak of something the agent confirmed or refused.
    pub compared: u64,
    /// Facts that do not fit.
    pub mismatches: u64,
}

/// What is recorded of a conversation in the system of record.
fn recorded(conversation: &Conversation) -> &BTreeMap<String, Value> {
    &conversation.outcomes
}

/// Compares conversations that match with what is recorded of them; each with facts is told.
///
/// # Errors
/// The filter, the file of names, or the database.
pub fn reconcile(
    workspace: &Workspace,
    (filter, now): (&str, Timestamp),
    each: &mut dyn FnMut(&Conversation, &Reconciled) -> ControlFlow<()>,
) -> Result<Looked, EvaluateError> {
    let names = names(workspace)?;
    let mut looked = Looked::default();
    for id in evaluate::matching(workspace, filter, now)? {
        let Some(conversation) = workspace.store().conversation(&id)? else { continue };
        looked.conversations += 1;
        let Some(found) = reconcile::reconcile(&conversation, recorded(&conversation), &names) else { continue };
        looked.with_facts += 1;
        looked.compared += u64::from(found.compared);
        looked.mismatches += found.mismatches.len() as u64;
        if each(&conversation, &found).is_break() {
            break;
        }
    }
    Ok(looked)
}

/// Keeps what is found as scores of an evaluator, for lists, filters and the screen.
///
/// # Errors
/// As [`reconcile()`], and a workspace that can only be read.
pub fn keep(workspace: &mut Workspace, (filter, now): (&str, Timestamp)) -> Result<(), EvaluateError> {
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    let names = names(workspace)?;
    let mut found = Vec::new();
    for id in evaluate::matching(workspace, filter, now)? {
        let Some(stored) = workspace.store().stored(&id)? else { continue };
        if let Some(result) = reconcile::reconcile(&stored.conversation, recorded(&stored.conversation), &names) {
            found.push(Judgement {
                id,
                judge: JUDGE.to_owned(),
                content_hash: stored.content_hash,
                failure: None,
                scores: reconcile::scores(&result),
            });
        }
        if found.len() >= BATCH {
            workspace.store_mut().put_judgements(&found)?;
            found.clear();
        }
    }
    workspace.store_mut().put_judgements(&found)?;
    evaluate::rank(workspace)
}

fn names(workspace: &Workspace) -> Result<Names, EvaluateError> {
    let path = workspace.root().join(NAMES);
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map_err(|error| EvaluateError::File { path, why: error.to_string() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Names::default()),
        Err(error) => Err(EvaluateError::File { path, why: error.to_string() }),
    }
}

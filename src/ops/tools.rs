//! The tools of a workspace's agents: what they are called, what calling them does, and how often it was done.
//!
//! Invariant: an effect that was only guessed from a name says so.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::door::Door;
use super::queue;
use super::workspace::Workspace;
use crate::model::conversation::Conversation;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::step::StepContent;
use crate::model::time::Timestamp;
use crate::model::tool::{Effect, KnownTool};
use crate::store::{Asker, StoreError};

/// One tool, as it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedTool {
    /// The version of this form.
    pub schema_version: u32,
    /// As offered or called.
    pub name: String,
    /// What calling it does; null for a tool that was called and never offered.
    pub effect: Option<Effect>,
    /// True where the effect was guessed from the name.
    pub guessed: bool,
    /// True where no conversation with it recorded which tools were offered.
    #[serde(skip)]
    pub unlisted: bool,
    /// Conversations in which it was offered or called.
    pub conversations: u64,
    /// Conversations in which it was called.
    pub calling: u64,
    /// Calls of it.
    pub calls: u64,
    /// Calls of it that failed.
    pub failed: u64,
    /// As first offered; empty where there was none.
    pub description: String,
}

/// Every tool that was offered or called, by name.
///
/// # Errors
/// The workspace cannot be read.
pub fn tools(workspace: &Workspace, door: &Door, now: Timestamp) -> Result<Vec<ListedTool>, queue::QueueError> {
    let query = QueueQuery { order: QueueOrder::Oldest, ..QueueQuery::default() };
    let index = queue::index(workspace.store(), &query, Asker { reviewer: workspace.reviewer(), now })?;
    let mut found: BTreeMap<String, ListedTool> = BTreeMap::new();
    for id in &index.ids {
        let conversation =
            workspace.store().conversation(id)?.ok_or_else(|| StoreError::Unknown(id.as_str().to_owned()))?;
        let conversation = door.knowing(&conversation).conversation(&conversation);
        let mut here: BTreeMap<&str, (u64, u64)> =
            conversation.tools.iter().map(|spec| (spec.name.exact(), (0, 0))).collect();
        for step in &conversation.steps {
            if let Some(tool) = step.tool() {
                let counts = here.entry(tool.exact()).or_default();
                counts.0 += 1;
                counts.1 += u64::from(step.failed());
            }
        }
        for (name, (calls, failed)) in here {
            let tool = found.entry(name.to_owned()).or_insert_with(|| unknown(name));
            tool.conversations += 1;
            tool.unlisted &= conversation.tools.is_empty();
            tool.calling += u64::from(calls > 0);
            tool.calls += calls;
            tool.failed += failed;
        }
        for spec in &conversation.tools {
            let Some(tool) = found.get_mut(spec.name.exact()) else { continue };
            // What somebody said goes before what was guessed elsewhere.
            if tool.effect.is_none() || (tool.guessed && !spec.effect_guessed) {
                tool.effect = Some(spec.effect);
                tool.guessed = spec.effect_guessed;
            }
            if tool.description.is_empty() {
                spec.description.exact().clone_into(&mut tool.description);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn unknown(name: &str) -> ListedTool {
    ListedTool {
        schema_version: super::list::SCHEMA_VERSION,
        name: name.to_owned(),
        effect: None,
        guessed: false,
        unlisted: true,
        conversations: 0,
        calling: 0,
        calls: 0,
        failed: 0,
        description: String::new(),
    }
}

/// Tools named at most.
const NAMED: usize = 500;

/// Conversations read at most, to learn what tools take.
const READ: usize = 40;

/// The tools that the workspace knows, by name, with what they take: of those offered as it was said there, else as they
/// were called. Enough is read to know them, and never the whole workspace.
///
/// # Errors
/// The workspace cannot be read.
pub fn known(workspace: &Workspace) -> Result<Vec<KnownTool>, StoreError> {
    let mut found: BTreeMap<String, KnownTool> = BTreeMap::new();
    let mut read = HashSet::new();
    for (name, id) in workspace.store().tools_called(NAMED)? {
        found.entry(name.clone()).or_insert_with(|| KnownTool::named(&name));
        if read.len() < READ
            && read.insert(id.clone())
            && let Some(conversation) = workspace.store().conversation(&id)?
        {
            learn(&mut found, &conversation);
        }
    }
    Ok(found.into_values().collect())
}

fn learn(found: &mut BTreeMap<String, KnownTool>, conversation: &Conversation) {
    for spec in &conversation.tools {
        let tool = found.entry(spec.name.exact().to_owned()).or_insert_with(|| KnownTool::named(spec.name.exact()));
        if tool.spec.parameters.is_none() {
            tool.spec = spec.clone();
        }
    }
    for step in &conversation.steps {
        if let StepContent::ToolCall { tool, arguments, .. } = &step.content {
            let name = tool.exact();
            let tool = found.entry(name.to_owned()).or_insert_with(|| KnownTool::named(name));
            tool.called_with(arguments.0.exact());
        }
    }
}

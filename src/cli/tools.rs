//! `aftercall tools`: what agents were offered, and what a call of each does.
//!
//! Invariant: an effect that was guessed from a name is marked as a guess.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::Setup;
use super::table::{Table, clipped};
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::tool::{Effect, ToolSpec};
use crate::ops::door::Door;
use crate::ops::list::SCHEMA_VERSION;
use crate::ops::queue;
use crate::store::{Access, Asker};

/// Columns for a description.
const DESCRIPTION: usize = 60;

#[derive(Serialize)]
struct Row {
    schema_version: u32,
    name: String,
    effect: Effect,
    effect_guessed: bool,
    description: String,
    conversations: u64,
}

/// Runs the command.
pub fn run(setup: &Setup, json: bool, output: &mut Output) -> Result<Exit, CliError> {
    let workspace = setup.open(Access::Read, output)?;
    let door = Door::masked(&workspace);
    let asker = Asker { reviewer: workspace.reviewer(), now: setup.now() };
    let query = QueueQuery { order: QueueOrder::Oldest, ..QueueQuery::default() };
    let mut tools: BTreeMap<String, (ToolSpec, u64)> = BTreeMap::new();
    for id in queue::index(workspace.store(), &query, asker)?.ids {
        let Some(conversation) = workspace.store().conversation(&id)? else { continue };
        for tool in conversation.tools {
            // What was told counts before what was guessed, and the latest before the earlier.
            let entry = tools.entry(tool.name.exact().to_owned()).or_insert_with(|| (tool.clone(), 0));
            entry.1 += 1;
            if entry.0.effect_guessed || !tool.effect_guessed {
                entry.0 = tool;
            }
        }
    }
    let mut table = Table::new(&["tool", "effect", "conversations", "description"]);
    for (name, (tool, conversations)) in tools {
        let row = Row {
            schema_version: SCHEMA_VERSION,
            name: door.text(&name),
            effect: tool.effect,
            effect_guessed: tool.effect_guessed,
            description: door.text(tool.description.exact()),
            conversations,
        };
        if json {
            output.json(&row)?;
            continue;
        }
        let effect = match row.effect {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Irreversible => "irreversible",
        };
        let guessed = if row.effect_guessed { " (guessed)" } else { "" };
        table.row(&[
            row.name,
            format!("{effect}{guessed}"),
            row.conversations.to_string(),
            clipped(&row.description, DESCRIPTION),
        ]);
    }
    if !json {
        table.write(output)?;
    }
    Ok(Exit::Ok)
}

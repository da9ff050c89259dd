//! `aftercall codebook`: the failure modes in use.
//!
//! Invariant: every change is an act like any other and can be undone.

use serde::Serialize;

use super::args::CodebookCommand;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::{Setup, tell};
use super::table::Table;
use crate::config::packs::packs;
use crate::model::act::{Act, Saved};
use crate::model::codebook::{CodebookChange, FailureMode, slug};
use crate::ops::list::SCHEMA_VERSION;
use crate::ops::review;
use crate::store::Access;

#[derive(Serialize)]
struct Row<'a> {
    schema_version: u32,
    #[serde(flatten)]
    mode: &'a FailureMode,
    codebook_version: u32,
}

/// Runs the command.
pub fn run(setup: &Setup, command: Option<CodebookCommand>, output: &mut Output) -> Result<Exit, CliError> {
    let change = match command.unwrap_or(CodebookCommand::List { json: false }) {
        CodebookCommand::List { json } => return list(setup, json, output),
        CodebookCommand::Packs => {
            let mut table = Table::new(&["pack", "modes", "what it is"]);
            for pack in packs() {
                table.row(&[pack.name.clone(), pack.modes.len().to_string(), pack.title.clone()]);
            }
            table.write(output)?;
            return Ok(Exit::Ok);
        }
        CodebookCommand::Load { pack } => {
            let mut workspace = setup.open(Access::Create, output)?;
            let saved = review::load_pack(&mut workspace, &pack, setup.now())?;
            return Ok(exit(&saved, output));
        }
        CodebookCommand::Add { name, description } => {
            CodebookChange::Add { key: slug(&name), name: name.trim().to_owned(), description, pack: None }
        }
        CodebookCommand::Rename { mode, name } => CodebookChange::Rename { key: mode, name },
        CodebookCommand::Merge { from, into } => CodebookChange::Merge { from, into },
    };
    let mut workspace = setup.open(Access::Create, output)?;
    let saved = review::record(&mut workspace, &Act::Codebook(vec![change]), setup.now())?;
    Ok(exit(&saved, output))
}

fn exit(saved: &Saved, output: &mut Output) -> Exit {
    if tell(saved, output) { Exit::Ok } else { Exit::Partly }
}

fn list(setup: &Setup, json: bool, output: &mut Output) -> Result<Exit, CliError> {
    let workspace = setup.open(Access::Read, output)?;
    let codebook = review::codebook(&workspace)?;
    let mut table = Table::new(&["key", "name", "what counts as one"]);
    for mode in &codebook.modes {
        if json {
            output.json(&Row { schema_version: SCHEMA_VERSION, mode, codebook_version: codebook.version })?;
        } else {
            table.row(&[mode.key.clone(), mode.name.clone(), mode.description.clone()]);
        }
    }
    if codebook.modes.is_empty() {
        output.say("no failure modes yet: name them as you judge, or load a pack with `aftercall codebook load`");
    } else if !json {
        table.write(output)?;
    }
    Ok(Exit::Ok)
}

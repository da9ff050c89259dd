//! `aftercall codebook`: the failure modes in use, and the ready-made lists of them.
//!
//! Invariant: every change is an act like any other, so that undo takes it back.

use serde::Serialize;

use super::args::upkeep::{CodebookArguments, CodebookCommand};
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::label::answer;
use super::output::Data;
use crate::config::packs;
use crate::model::act::Act;
use crate::model::codebook::{Codebook, CodebookChange, slug};
use crate::ops::review;
use crate::store::Access;

#[derive(Serialize)]
struct Answer {
    schema_version: u32,
    #[serde(flatten)]
    codebook: Codebook,
}

/// Carries the command out.
pub fn codebook(context: &Context, arguments: &CodebookArguments) -> Result<Code, Failure> {
    match &arguments.command {
        None => list(context, false),
        Some(CodebookCommand::List { json }) => list(context, *json),
        Some(CodebookCommand::Packs) => list_packs(),
        Some(CodebookCommand::Load { pack }) => {
            let mut workspace = context.open_to_write(Access::Create)?;
            let saved = review::load_pack(&mut workspace, pack, now())?;
            answer(context, &workspace, &saved, false)
        }
        Some(CodebookCommand::Add { name, description }) => {
            let (name, description) = (name.trim().to_owned(), description.trim().to_owned());
            change(context, CodebookChange::Add { key: slug(&name), name, description, pack: None })
        }
        Some(CodebookCommand::Rename { mode, name }) => {
            change(context, CodebookChange::Rename { key: mode.clone(), name: name.clone() })
        }
        Some(CodebookCommand::Merge { from, into }) => {
            change(context, CodebookChange::Merge { from: from.clone(), into: into.clone() })
        }
    }
}

fn list(context: &Context, json: bool) -> Result<Code, Failure> {
    let codebook = review::codebook(&context.open_to_read()?)?;
    let mut data = Data::open();
    if json {
        data.json(&Answer { schema_version: 1, codebook })?;
    } else {
        let width = codebook.modes.iter().map(|mode| mode.key.chars().count()).max().unwrap_or(0);
        for mode in &codebook.modes {
            let description =
                if mode.description.is_empty() { String::new() } else { format!(": {}", mode.description) };
            data.line(&format!("{:width$}  {}{description}", mode.key, mode.name))?;
        }
        if codebook.modes.is_empty() {
            context.talk.say("no failure modes yet: type a new name when judging, or load a list; `aftercall codebook packs` names them");
        }
    }
    data.finish()?;
    Ok(Code::Done)
}

fn list_packs() -> Result<Code, Failure> {
    let mut data = Data::open();
    for pack in packs::packs() {
        data.line(&format!("{}  {} ({} modes)", pack.name, pack.title, pack.modes.len()))?;
        for mode in &pack.modes {
            data.line(&format!("  {}: {}", mode.name, mode.description))?;
        }
    }
    data.finish()?;
    Ok(Code::Done)
}

fn change(context: &Context, change: CodebookChange) -> Result<Code, Failure> {
    let mut workspace = context.open_to_write(Access::Create)?;
    let saved = review::record(&mut workspace, &Act::Codebook(vec![change]), now())?;
    answer(context, &workspace, &saved, false)
}

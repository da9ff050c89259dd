//! `aftercall tools`: the agents' tools and what calling them does.
//!
//! Invariant: a guess is marked as one.

use super::args::upkeep::ToolsArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::output::Data;
use crate::model::tool::Effect;
use crate::ops::tools::{ListedTool, tools as listed};

/// Carries the command out.
pub fn tools(context: &Context, arguments: &ToolsArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(None)?;
    let found = listed(&workspace, &door, now())?;
    let mut data = Data::open();
    let width = found.iter().map(|tool| tool.name.chars().count()).max().unwrap_or(0).min(40);
    for tool in &found {
        if arguments.json {
            data.json(tool)?;
        } else {
            data.line(&format!("{:width$}  {:22}  {}", tool.name, effect(tool), calls(tool)))?;
        }
    }
    data.finish()?;
    if found.iter().any(|tool| tool.guessed) {
        context.talk.say(&format!(
            "effects marked as guessed come from the name alone; say them in {} (get_order = \"read\") and import again",
            context.root().join("tools.toml").display()
        ));
    }
    Ok(Code::Done)
}

fn effect(tool: &ListedTool) -> String {
    let word = match tool.effect {
        Some(Effect::Read) => "read",
        Some(Effect::Write) => "write",
        Some(Effect::Irreversible) => "irreversible",
        None if tool.unlisted => return "list not recorded".to_owned(),
        None => return "never offered".to_owned(),
    };
    if tool.guessed { format!("{word} (guessed)") } else { word.to_owned() }
}

fn calls(tool: &ListedTool) -> String {
    let failed = if tool.failed > 0 { format!(", {} failed", tool.failed) } else { String::new() };
    let calls = super::import::count(tool.calls, "call");
    let offered = super::import::count(tool.conversations, "conversation");
    match tool.calling {
        0 => format!("never called, offered in {offered}"),
        calling if calling == tool.conversations => format!("{calls}{failed}, in {offered}"),
        calling => format!(
            "{calls}{failed}, in {}; offered or called in {}",
            super::import::count(calling, "conversation"),
            tool.conversations
        ),
    }
}

//! `aftercall events`: what people did, in the order of the log.
//!
//! Invariant: an event is shown as it was written, but for personal data in what reviewers typed.

use serde_json::Value;

use super::args::EventsArgs;
use super::error::{CliError, Exit};
use super::output::Output;
use super::setup::{Setup, resolve};
use super::table::{Table, clipped};
use crate::model::event::Event;
use crate::ops::door::Door;

/// Columns for the body of an event in a table.
const BODY: usize = 60;

/// Runs the command.
pub fn run(setup: &Setup, args: &EventsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let (workspace, door) = setup.open_to_tell(args.unmasked, "events", output)?;
    let wanted = args.conversation.as_deref().map(|text| resolve(&workspace, text)).transpose()?;
    let log = workspace.store().log();
    let mut table = Table::new(&["when", "reviewer", "conversation", "kind", "what"]);
    for event in log.all()? {
        let about = match &event.target {
            Some(target) => Some(log.resolve(&target.conversation)?),
            None => None,
        };
        if wanted.is_some() && about != wanted {
            continue;
        }
        let value = masked(&event, &door);
        if args.json {
            output.json(&value)?;
        } else {
            let body = value.get("body").map(Value::to_string).unwrap_or_default();
            table.row(&[
                event.at.to_string(),
                event.reviewer.clone(),
                about.map(|id| id.to_string()).unwrap_or_default(),
                value["kind"].as_str().unwrap_or_default().to_owned(),
                clipped(&body, BODY),
            ]);
        }
    }
    if !args.json {
        table.write(output)?;
    }
    Ok(Exit::Ok)
}

/// The event as JSON, what reviewers typed masked.
fn masked(event: &Event, door: &Door) -> Value {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    if let Some(body) = value.get_mut("body") {
        *body = door.value(body);
    }
    value
}

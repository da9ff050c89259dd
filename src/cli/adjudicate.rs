//! `aftercall adjudicate`: labels that differ, side by side, and the one that is taken.
//!
//! Invariant: who said what is not told before a label is taken.

use std::fmt::Write as _;

use super::args::find::AdjudicateArguments;
use super::context::{Context, now, resolve};
use super::failure::{Code, Failure};
use super::import::count;
use super::label::answer;
use super::output::Data;
use crate::ops::adjudicate::{self, Dispute, Side};
use crate::ops::queue::QueueError;
use crate::store::Access;
use crate::text::door;

/// Carries the command out.
pub fn adjudicate(context: &Context, arguments: &AdjudicateArguments) -> Result<Code, Failure> {
    let Some(conversation) = &arguments.conversation else { return list(context, arguments) };
    if let Some(side) = &arguments.take {
        let mut workspace = context.open_to_write(Access::Write)?;
        let id = resolve(&workspace, conversation)?;
        let reason = arguments.reason.as_deref().unwrap_or_default();
        let saved = adjudicate::take(&mut workspace, &id, (side, reason), now())?;
        return answer(context, &workspace, &saved, arguments.json);
    }
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("adjudicate"))?;
    let id = resolve(&workspace, conversation)?;
    let dispute = adjudicate::sides(&workspace, &door, &id)?;
    let mut data = Data::open();
    if arguments.json {
        data.json(&dispute)?;
        data.finish()?;
        return Ok(Code::Done);
    }
    data.line(&format!("{}  {}", dispute.id, dispute.state))?;
    for side in &dispute.sides {
        for line in told(side) {
            data.line(&line)?;
        }
    }
    if let (Some(by), Some(reason)) = (&dispute.by, &dispute.reason) {
        data.line(&format!("taken by {}: {}", door::terminal_line(by), door::terminal_line(reason)))?;
    }
    data.finish()?;
    hint(context, &dispute);
    Ok(Code::Done)
}

fn list(context: &Context, arguments: &AdjudicateArguments) -> Result<Code, Failure> {
    if arguments.take.is_some() {
        return Err(Failure::usage("--take needs the conversation whose labels differ"));
    }
    let (workspace, door) = context.open_door(arguments.unmasked.then_some("adjudicate"))?;
    let open = adjudicate::open(&workspace, now()).map_err(|error| match error {
        QueueError::Store(error) => Failure::from(error),
        error => Failure::usage(error.to_string()),
    })?;
    let mut data = Data::open();
    for summary in &open {
        if arguments.json {
            data.json(&adjudicate::sides(&workspace, &door, &summary.id)?)?;
        } else {
            let name = door.summary(summary).external_id;
            data.line(&format!("{}  {}", summary.id, door::terminal_line(name.exact())))?;
        }
    }
    data.finish()?;
    let open = count(open.len() as u64, "conversation");
    context.talk.say(&format!("{open} in dispute; `aftercall adjudicate CONVERSATION` shows what each side says"));
    Ok(Code::Done)
}

fn told(side: &Side) -> Vec<String> {
    let said = &side.said;
    let mut head = format!("{}  {}", side.letter, said.verdict.word().to_uppercase());
    if let Some(at) = &said.first_failure {
        let _ = write!(head, " at step {}", at.step);
    }
    if let Some(severity) = said.severity {
        let _ = write!(head, ", severity {severity}");
    }
    if !said.modes.is_empty() {
        let _ = write!(head, ", {}", said.modes.join(", "));
    }
    if let Some(reviewer) = &side.reviewer {
        let _ = write!(head, "  ({reviewer})");
    }
    if side.taken {
        head.push_str("  taken");
    }
    let rest = said.corrections.iter().chain(&said.notes).map(|text| format!("   {}", door::terminal_line(text)));
    std::iter::once(door::terminal_line(&head)).chain(rest).collect()
}

fn hint(context: &Context, dispute: &Dispute) {
    if dispute.state == "disputed" {
        context.talk.say(
            "`--take LETTER --reason TEXT` takes one; for a verdict of your own, `aftercall label` and take yours",
        );
    }
}

//! `aftercall reconcile`: what agents confirmed against what the system of record says.
//!
//! Invariant: both sides leave by the masking door; a mismatch decides the exit code.

use std::ops::ControlFlow;

use serde::Serialize;

use super::args::judge::ReconcileArguments;
use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::count;
use super::output::Data;
use crate::ops::reconcile::{self, word};
use crate::store::Access;

#[derive(Serialize)]
struct Told {
    schema_version: u32,
    conversation: String,
    source: String,
    external_id: String,
    about: &'static str,
    confirmed: String,
    recorded: String,
    step: u32,
    span_id: Option<String>,
    trace_id: Option<String>,
    why: String,
}

/// Carries the command out.
pub fn reconcile(context: &Context, arguments: &ReconcileArguments) -> Result<Code, Failure> {
    let (workspace, door) = context.open_door(None)?;
    let mut data = Data::open();
    let mut failure = None;
    let asked = (arguments.pool.filter.as_str(), now());
    let looked = reconcile::reconcile(&workspace, asked, &mut |conversation, found| {
        if found.mismatches.is_empty() {
            return ControlFlow::Continue(());
        }
        let door = door.knowing(conversation);
        for one in &found.mismatches {
            let told = Told {
                schema_version: 1,
                conversation: conversation.id.as_str().to_owned(),
                source: door.text(conversation.source.exact()),
                external_id: door.text(conversation.external_id.exact()),
                about: word(one.act),
                confirmed: door.text(&one.confirmed),
                recorded: door.text(&one.recorded),
                step: one.step,
                span_id: one.span.as_ref().map(|span| span.span_id.clone()),
                trace_id: one.span.as_ref().map(|span| span.trace_id.clone()),
                why: door.text(&one.why),
            };
            let outcome = if arguments.json {
                data.json(&told)
            } else {
                data.line(&format!("{}  step {:>3}  {}", told.conversation, told.step, told.why))
            };
            failure = outcome.err();
            if failure.is_some() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    data.finish()?;
    if arguments.keep {
        let mut workspace = context.open_to_write(Access::Write)?;
        reconcile::keep(&mut workspace, asked)?;
    }
    context.talk.say(&format!(
        "{} of {} with facts from the system of record; {} compared, {}",
        looked.with_facts,
        count(looked.conversations, "conversation"),
        looked.compared,
        count(looked.mismatches, "mismatch").replace("mismatchs", "mismatches"),
    ));
    Ok(if looked.mismatches == 0 { Code::Done } else { Code::Found })
}

//! Failures in words: what the customer wrote, what the agent did, and what it should have done.
//!
//! Invariant: every text left through the door that knows the people of its conversation, before it was cut.

use std::collections::HashMap;

use serde::Serialize;

use super::super::door::Door;
use super::super::workspace::Workspace;
use super::modes::ModeRow;
use super::pool::Pool;
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::id::ConversationId;
use crate::model::label::Label;
use crate::model::step::{Role, Step, StepContent};
use crate::model::tool::Arguments;
use crate::store::StoreError;

/// Characters of a text that a report shows.
const LONGEST: usize = 200;

/// A failure in words, personal data masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What the customer wrote first.
    pub first_words: Option<String>,
    /// What the agent did where it first went wrong.
    pub done: Option<String>,
    /// What it should have done, as reviewers corrected it.
    pub should: Option<String>,
    /// What a reviewer wrote on it.
    pub note: Option<String>,
}

impl Told {
    fn of(conversation: &Conversation, (labels, step): (&[Label], Option<u32>), door: &Door) -> Self {
        let door = door.knowing(conversation);
        let blamed = step.and_then(|step| conversation.steps.get((step as usize).checked_sub(1)?));
        let corrections = || labels.iter().flat_map(|label| &label.corrections);
        let there = corrections().find(|placed| Some(placed.at.step) == step).or_else(|| corrections().next());
        let notes = || labels.iter().flat_map(|label| &label.notes).filter(|note| !note.text.trim().is_empty());
        let note = notes().find(|note| note.at.is_none()).or_else(|| notes().next());
        Self {
            first_words: first_words(conversation, &door),
            done: blamed.map(|step| done(step, &door)),
            should: there.map(|placed| should(&placed.correction, &door)),
            note: note.map(|note| brief(&door.text(&note.text))),
        }
    }
}

/// Puts the examples of all modes into words.
pub(super) fn tell(
    workspace: &Workspace,
    (pool, door): (&Pool, &Door),
    rows: &mut [ModeRow],
) -> Result<(), StoreError> {
    let mut known: HashMap<ConversationId, Told> = HashMap::new();
    for example in rows.iter_mut().flat_map(|row| &mut row.examples) {
        if !known.contains_key(&example.conversation) {
            let Some(conversation) = workspace.store().conversation(&example.conversation)? else { continue };
            let labels = pool.settled.get(&example.conversation).map_or(&[][..], |settled| &settled.labels);
            known.insert(conversation.id.clone(), Told::of(&conversation, (labels, example.step), door));
        }
        example.told = known.get(&example.conversation).cloned().unwrap_or_default();
    }
    Ok(())
}

/// What the customer wrote first, through a door that knows the conversation.
pub(super) fn first_words(conversation: &Conversation, door: &Door) -> Option<String> {
    let first = conversation.steps.iter().find(|step| step.is_customers())?;
    let StepContent::Message { text, .. } = &first.content else { return None };
    Some(brief(&door.text(text.exact()))).filter(|text| !text.is_empty())
}

fn done(step: &Step, door: &Door) -> String {
    match &step.content {
        StepContent::ToolCall { tool, arguments, result, .. } => {
            let call = call(tool.exact(), Some(arguments), door);
            let failed = result.as_ref().is_some_and(|result| result.failed);
            format!("called {call}{}", if failed { ", which failed" } else { "" })
        }
        StepContent::Message { role, text, .. } => {
            let who = if *role == Role::User { "customer: " } else { "" };
            format!("{who}“{}”", brief(&door.text(text.exact())))
        }
    }
}

fn call(tool: &str, arguments: Option<&Arguments>, door: &Door) -> String {
    let arguments = arguments.map(|arguments| brief(&door.json_text(arguments.0.exact())));
    format!("{} {}", door.text(tool), arguments.as_deref().unwrap_or("{}"))
}

fn should(correction: &Correction, door: &Door) -> String {
    let words = |text: &Option<String>| text.as_deref().map(|text| brief(&door.text(text)));
    let said = |what: &str, text: &Option<String>| match words(text) {
        Some(text) => format!("{what}: “{text}”"),
        None => what.to_owned(),
    };
    match correction.kind {
        CorrectionKind::Tool => {
            let first = call(correction.tool.as_deref().unwrap_or("?"), correction.arguments.as_ref(), door);
            let others = correction.alternatives.iter().map(|other| call(&other.tool, Some(&other.arguments), door));
            format!("call {}", std::iter::once(first).chain(others).collect::<Vec<_>>().join(" or "))
        }
        CorrectionKind::NoCall => said("call nothing", &correction.text),
        CorrectionKind::AskCustomer => said("ask the customer first", &correction.text),
        CorrectionKind::HandOff => {
            let why = words(&correction.reason).map_or_else(String::new, |reason| format!(" ({reason})"));
            said(&format!("hand over to a person{why}"), &correction.text)
        }
        CorrectionKind::Reply => said("answer", &correction.text),
    }
}

/// In one line, and not too long.
fn brief(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
        None => line,
    }
}

//! Chat messages from a transcript, cut where a correction says that the recorded remainder no longer holds.
//!
//! Invariant: nothing at or after a cut reaches a row, not even the result of a call that was chosen before it and came
//! back after it.

use std::collections::BTreeMap;

use super::item::{AgreedCorrection, Item};
use crate::model::conversation::Conversation;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Verdict;
use crate::model::step::{Role, Step, StepContent};

/// Why something gives no row.
pub type Flaw = &'static str;

/// One message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chat {
    /// Instructions.
    System(String),
    /// The customer.
    User(String),
    /// The agent.
    Assistant(Said),
    /// What a tool answered.
    Tool {
        /// The call it answers.
        call_id: String,
        /// The tool's name.
        name: String,
        /// Its answer.
        text: String,
    },
}

/// What the agent said and called in one message: one decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its text; `None` for calls alone.
    pub text: Option<String>,
    /// Its calls, in order; several are parallel ones.
    pub calls: Vec<Call>,
    /// The step number of its first part.
    pub step: u32,
    /// True where it is what should have been said, not what was.
    pub corrected: bool,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Joins call and answer; unique in a row.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// Raw JSON text, exactly as recorded or corrected.
    pub arguments: String,
    /// What came back, where it did.
    pub result: Option<String>,
    /// Its step number.
    pub step: u32,
}

/// A corrected decision and what led up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'a> {
    /// The corrected step.
    pub step: &'a Step,
    /// The correction, with its events.
    pub agreed: AgreedCorrection<'a>,
    /// What went before: system messages, then the thread in which the decision was made.
    pub prefix: Vec<Chat>,
    /// What the agent did.
    pub recorded: Said,
    /// What it should have done, or why that cannot be written as a message.
    pub corrected: Result<Said, Flaw>,
}

/// The corrected decisions of an item up to the first whose remainder no longer holds, and the steps that were left out.
pub fn decisions<'a>(item: &'a Item<'_>) -> (Vec<Decision<'a>>, Vec<(u32, Flaw)>) {
    let (mut decisions, mut left_out) = (Vec::new(), Vec::new());
    let mut applied: BTreeMap<u32, &Correction> = BTreeMap::new();
    let mut cut = false;
    for agreed in item.corrections() {
        let number = agreed.at.step;
        if cut {
            left_out.push((number, "it comes after a correction that ends the recorded conversation"));
            continue;
        }
        let Some(step) = item.conversation.steps.iter().find(|step| step.number == number) else {
            left_out.push((number, "the transcript has no such step"));
            continue;
        };
        let Some(correction) = agreed.correction else {
            left_out.push((number, "reviewers corrected the step differently"));
            cut = true;
            continue;
        };
        cut = !correction.remainder_valid;
        match decide(item.conversation, step, agreed, &applied) {
            Ok(decision) => decisions.push(decision),
            Err(flaw) => left_out.push((number, flaw)),
        }
        applied.insert(number, correction);
    }
    (decisions, left_out)
}

fn decide<'a>(
    conversation: &Conversation,
    step: &'a Step,
    agreed: AgreedCorrection<'a>,
    applied: &BTreeMap<u32, &Correction>,
) -> Result<Decision<'a>, Flaw> {
    if step.role() != Role::Assistant {
        return Err("the corrected step is not the agent's");
    }
    let correction = agreed.correction.ok_or("reviewers corrected the step differently")?;
    let (before, own) = around(conversation, step);
    let recorded = said(&own);
    let corrected = correct_last(&own, step, correction, applied);
    Ok(Decision { step, agreed, prefix: chat(conversation, &before, applied)?, recorded, corrected })
}

/// What went before the message that holds `step`, as the agent had it.
///
/// # Errors
/// Why it cannot be written as messages.
pub fn before(conversation: &Conversation, step: &Step) -> Result<Vec<Chat>, Flaw> {
    chat(conversation, &around(conversation, step).0, &BTreeMap::new())
}

/// The steps before a decision, in its thread, and the steps of the decision's own message.
fn around<'a>(conversation: &'a Conversation, target: &'a Step) -> (Vec<&'a Step>, Vec<&'a Step>) {
    let all = &conversation.steps;
    let own =
        |step: &&Step| step.message == target.message && step.depth == target.depth && step.role() == Role::Assistant;
    let own: Vec<&Step> = all.iter().filter(own).collect();
    let first = own.first().map_or(target.number, |step| step.number);
    let mut before: Vec<&Step> = Vec::new();
    if target.depth == 0 {
        before.extend(all.iter().filter(|step| step.depth == 0 && step.number < first));
    } else {
        // Nested work runs inside calls of the customer-facing agent whose results came later, so that thread is used
        // up to the customer's last words only; then follows what this agent did since.
        let heard = all
            .iter()
            .filter(|step| step.depth == 0 && step.number < first && step.tool().is_none() && step.role() == Role::User)
            .map(|step| step.number)
            .next_back()
            .unwrap_or(0);
        before.extend(all.iter().filter(|step| step.depth == 0 && step.number <= heard));
        before.extend(all.iter().filter(|step| {
            step.depth == target.depth && step.agent == target.agent && step.number > heard && step.number < first
        }));
    }
    (before, own)
}

/// The system messages, then `steps` as messages, with the corrections of `applied` in place of what was recorded.
fn chat(conversation: &Conversation, steps: &[&Step], applied: &BTreeMap<u32, &Correction>) -> Result<Vec<Chat>, Flaw> {
    let mut messages: Vec<Chat> =
        conversation.system.iter().map(|text| Chat::System(text.exact().to_owned())).collect();
    for group in steps.chunk_by(|a, b| same_message(a, b)) {
        let Some(first) = group.first() else { continue };
        match (&first.content, first.role()) {
            (StepContent::Message { text, .. }, Role::User) => messages.push(Chat::User(text.exact().to_owned())),
            (StepContent::Message { .. }, Role::Tool) => return Err("a tool's answer belongs to no recorded call"),
            _ => push_said(&mut messages, corrected_group(group, applied)?)?,
        }
    }
    name_calls(&mut messages);
    Ok(messages)
}

/// The customer-facing thread as it was recorded, up to and with the message that holds step `last`; the whole of it
/// where that is `None`. Calls without a result stay without one.
pub fn so_far(conversation: &Conversation, last: Option<u32>) -> Vec<Chat> {
    let mut messages: Vec<Chat> =
        conversation.system.iter().map(|text| Chat::System(text.exact().to_owned())).collect();
    let facing: Vec<&Step> = conversation.steps.iter().filter(|step| step.depth == 0).collect();
    for group in facing.chunk_by(|a, b| same_message(a, b)) {
        let Some(first) = group.first() else { continue };
        if last.is_some_and(|last| first.number > last) {
            break;
        }
        let is_last = last.is_some_and(|last| group.iter().any(|step| step.number == last));
        match (&first.content, first.role()) {
            (StepContent::Message { text, .. }, Role::User) => messages.push(Chat::User(text.exact().to_owned())),
            (StepContent::Message { .. }, Role::Tool) => {}
            _ => {
                let message = said(group);
                let answers: Vec<Chat> = message
                    .calls
                    .iter()
                    .filter(|_| !is_last)
                    .filter_map(|call| {
                        let text = call.result.clone()?;
                        Some(Chat::Tool { call_id: call.id.clone(), name: call.tool.clone(), text })
                    })
                    .collect();
                messages.push(Chat::Assistant(message));
                messages.extend(answers);
            }
        }
    }
    messages
}

fn same_message(a: &Step, b: &Step) -> bool {
    a.role() == Role::Assistant && b.role() == Role::Assistant && a.message == b.message && a.depth == b.depth
}

/// A message with its corrections; `None` where nothing is left of it.
fn corrected_group(group: &[&Step], applied: &BTreeMap<u32, &Correction>) -> Result<Option<Said>, Flaw> {
    let mut message = said(group);
    for step in group {
        if let Some(correction) = applied.get(&step.number) {
            message = match correct(&message, step, correction) {
                Ok(corrected) => corrected,
                // A call that should not have been made, with nothing to say in its place: the message goes.
                Err(_) if correction.kind == CorrectionKind::NoCall => return Ok(None),
                Err(flaw) => return Err(flaw),
            };
        }
    }
    Ok((message.text.is_some() || !message.calls.is_empty()).then_some(message))
}

/// Adds a message and the answers to its calls.
fn push_said(messages: &mut Vec<Chat>, message: Option<Said>) -> Result<(), Flaw> {
    let Some(message) = message else { return Ok(()) };
    let answers: Option<Vec<Chat>> = message
        .calls
        .iter()
        .map(|call| {
            call.result.clone().map(|text| Chat::Tool { call_id: call.id.clone(), name: call.tool.clone(), text })
        })
        .collect();
    messages.push(Chat::Assistant(message));
    messages.extend(answers.ok_or("a call before it has no recorded result")?);
    Ok(())
}

/// The steps of one message of the agent as one decision.
fn said(group: &[&Step]) -> Said {
    let mut message = Said { step: group.first().map_or(0, |step| step.number), ..Said::default() };
    for step in group {
        match &step.content {
            StepContent::Message { text, .. } => {
                let text = text.exact();
                message.text = match message.text.take() {
                    Some(before) => Some(format!("{before}\n{text}")),
                    None => (!text.is_empty()).then(|| text.to_owned()),
                };
            }
            StepContent::ToolCall { tool, arguments, call_id, result } => message.calls.push(Call {
                id: call_id.as_ref().map(|id| id.exact().to_owned()).unwrap_or_default(),
                tool: tool.exact().to_owned(),
                arguments: arguments.0.exact().to_owned(),
                result: result.as_ref().map(|result| result.text.exact().to_owned()),
                step: step.number,
            }),
        }
    }
    message
}

/// What should have been said instead of `recorded`, given a correction at one of its steps.
///
/// Parallel calls are one decision: correcting one keeps its siblings, but not the words beside them, which announce what
/// the agent was about to do: those a reviewer wrote for the step or for its message stand in their place, or none. Words in place of a call replace the whole
/// message, since nobody asks a question and acts on the answer at once; words in place of words keep the calls.
fn correct(recorded: &Said, at: &Step, correction: &Correction) -> Result<Said, Flaw> {
    const NO_WORDS: Flaw = "the correction does not say what should have been said";
    let words = correction.text.as_ref().filter(|text| !text.trim().is_empty());
    let mut message = Said { corrected: true, ..recorded.clone() };
    match correction.kind {
        CorrectionKind::Tool => {
            let tool = correction.tool.clone().ok_or("the correction names no tool")?;
            let arguments = correction.arguments.as_ref().map_or("{}", |arguments| arguments.0.exact()).to_owned();
            // What was said before a wrong call announces that one; an answer in place of a call came too early.
            let own = recorded.text.clone().filter(|_| recorded.corrected);
            message.text = words.cloned().or(own);
            if let Some(call) = message.calls.iter_mut().find(|call| call.step == at.number) {
                (call.tool, call.arguments) = (tool, arguments);
            } else {
                message.calls.push(Call { id: String::new(), tool, arguments, result: None, step: at.number });
            }
        }
        CorrectionKind::NoCall => {
            message.calls.retain(|call| call.step != at.number);
            message.text = words.cloned().or(message.text);
            if message.text.is_none() && message.calls.is_empty() {
                return Err(NO_WORDS);
            }
        }
        CorrectionKind::Reply if at.tool().is_none() => message.text = Some(words.ok_or(NO_WORDS)?.clone()),
        CorrectionKind::Reply | CorrectionKind::AskCustomer | CorrectionKind::HandOff => {
            message.text = Some(words.ok_or(NO_WORDS)?.clone());
            message.calls.clear();
        }
    }
    Ok(message)
}

/// The corrected message of `target`, earlier corrections of its siblings included.
fn correct_last(
    own: &[&Step],
    target: &Step,
    correction: &Correction,
    applied: &BTreeMap<u32, &Correction>,
) -> Result<Said, Flaw> {
    let mut message = said(own);
    for step in own.iter().filter(|step| step.number < target.number) {
        if let Some(earlier) = applied.get(&step.number) {
            message = correct(&message, step, earlier)?;
        }
    }
    correct(&message, target, correction)
}

/// Gives calls without an id, or with one that was used before in the row, an id of their own.
pub fn name_calls(messages: &mut [Chat]) {
    let mut used: Vec<String> = Vec::new();
    let mut renamed: Vec<(String, String)> = Vec::new();
    for message in messages {
        match message {
            Chat::Assistant(said) => {
                renamed.clear();
                for call in &mut said.calls {
                    let recorded = call.id.clone();
                    let mut attempt = 0;
                    while call.id.is_empty() || used.contains(&call.id) {
                        attempt += 1;
                        call.id = match attempt {
                            1 => format!("call_{}", call.step),
                            more => format!("call_{}_{more}", call.step),
                        };
                    }
                    used.push(call.id.clone());
                    renamed.push((recorded, call.id.clone()));
                }
            }
            // Answers follow their message in the order of its calls.
            Chat::Tool { call_id, .. } => {
                if let Some(at) = renamed.iter().position(|(recorded, _)| recorded == call_id) {
                    *call_id = renamed.remove(at).1;
                }
            }
            Chat::System(_) | Chat::User(_) => {}
        }
    }
}

/// The customer-facing thread as one training row: whole, or cut after the correction that ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// Its messages; the last one is the agent's.
    pub messages: Vec<Chat>,
    /// The step of the correction it ends with; `None` where it runs to its end.
    pub cut_at: Option<u32>,
}

/// The customer-facing thread with its corrections, if anything in it is worth training on.
///
/// # Errors
/// Why it is not.
pub fn story(item: &Item<'_>) -> Result<Story, Flaw> {
    let corrections = item.corrections();
    let end = corrections.iter().find(|agreed| agreed.correction.is_none_or(|correction| !correction.remainder_valid));
    let applied: BTreeMap<u32, &Correction> =
        corrections.iter().filter_map(|agreed| Some((agreed.at.step, agreed.correction?))).collect();
    if item.verdict != Verdict::Pass && applied.is_empty() {
        return Err(match item.verdict {
            Verdict::Fail => "it failed and nothing was corrected",
            _ => "nobody could tell whether it is right",
        });
    }
    let conversation = item.conversation;
    let Some(end) = end else {
        let facing: Vec<&Step> = conversation.steps.iter().filter(|step| step.depth == 0).collect();
        return ended_by_agent(&facing, conversation, &applied);
    };
    let target = conversation.steps.iter().find(|step| step.number == end.at.step);
    let target = target.ok_or("the transcript has no such step")?;
    let correction = end.correction.ok_or("reviewers corrected the step differently")?;
    if target.depth > 0 {
        return Err("the correction is in another agent's work");
    }
    if target.role() != Role::Assistant {
        return Err("the corrected step is not the agent's");
    }
    let (before, own) = around(conversation, target);
    let mut messages = chat(conversation, &before, &applied)?;
    messages.push(Chat::Assistant(correct_last(&own, target, correction, &applied)?));
    name_calls(&mut messages);
    Ok(Story { messages, cut_at: Some(target.number) })
}

/// A thread up to and with the agent's last message; calls of that message go without their results, since a row ends
/// with the agent.
fn ended_by_agent(
    steps: &[&Step],
    conversation: &Conversation,
    applied: &BTreeMap<u32, &Correction>,
) -> Result<Story, Flaw> {
    const SILENT: Flaw = "the agent never says anything in it";
    let last = steps.iter().rposition(|step| step.role() == Role::Assistant).ok_or(SILENT)?;
    let first = steps[..last].iter().rposition(|step| !same_message(step, steps[last])).map_or(0, |before| before + 1);
    let mut messages = chat(conversation, &steps[..first], applied)?;
    if let Some(message) = corrected_group(&steps[first..=last], applied)? {
        messages.push(Chat::Assistant(message));
    }
    while !matches!(messages.last(), Some(Chat::Assistant(_)) | None) {
        messages.pop();
    }
    if messages.is_empty() {
        return Err(SILENT);
    }
    if !messages.iter().any(|message| matches!(message, Chat::User(_))) {
        return Err("the customer never says anything in it");
    }
    name_calls(&mut messages);
    Ok(Story { messages, cut_at: None })
}

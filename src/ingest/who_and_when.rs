//! Who&When: failed multi-agent logs with the agent, the step and the reason that a person found.
//!
//! Invariant: the annotation is a label of an imported reviewer, handed out beside the conversation, never part of it.

use serde_json::Value;

use super::chat::{Told, conversation};
use super::decode::Decoder;
use super::export::Fields;
use super::message::{Message, Sender};
use super::problem::ProblemKind;
use super::{ImportedLabel, Record};
use crate::model::label::{StepPointer, Verdict};
use crate::model::step::Step;

/// The name the annotations go under.
pub(super) const REVIEWER: &str = "who-and-when";

/// Members that are the annotation, or read otherwise.
const KNOWN: &[&str] =
    &["history", "system_prompt", "mistake_agent", "mistake_step", "mistake_reason", "is_correct", "is_corrected"];

/// True for an annotated log.
pub(super) fn is(row: &Fields<'_>) -> bool {
    row.get("history").is_some_and(|raw| raw.get().starts_with('['))
        && row.has("mistakestep")
        && row.has("mistakeagent")
}

/// Reads one log and its annotation.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let history = row.list("history").unwrap_or_default();
    let mut told = Told {
        source: decoder.options.source.clone().unwrap_or_else(|| REVIEWER.to_owned()),
        external_id: Some(decoder.stem.clone()),
        ..Told::default()
    };
    if let Some(prompts) = row.object("systemprompt") {
        for (agent, raw) in prompts.all() {
            let text = super::message::string(raw).unwrap_or_else(|| raw.get().to_owned());
            told.messages.push(Message::new(Sender::System, format!("{agent}: {text}")));
        }
    }
    // An entry may be blank and so no step; the annotation counts entries, from 0.
    let mut steps_before = Vec::with_capacity(history.len());
    let mut steps = 0_u32;
    for raw in &history {
        let Some(entry) = Fields::parse(raw.get()) else {
            return decoder.problem(ProblemKind::BadMessage, 1, "an entry of the history that is no object");
        };
        let message = message(&entry);
        steps_before.push(steps);
        steps += u32::from(message.sender == Sender::User || !message.text.trim().is_empty());
        told.messages.push(message);
    }
    if steps == 0 {
        return decoder.problem(ProblemKind::BadMessage, 1, "no messages with content");
    }
    for (key, raw) in row.all().filter(|(key, _)| !KNOWN.contains(key)) {
        if let Ok(value) = serde_json::from_str::<Value>(raw.get()) {
            told.gathered.member(key, &value);
        }
    }
    for key in ["mistake_agent", "mistake_step", "mistake_reason", "is_correct", "is_corrected"] {
        row.value(&key.replace('_', "")).iter().for_each(|value| told.gathered.outcome(key, value));
    }
    let conversation = conversation(told);
    let place = row.text("mistakestep").and_then(|text| text.trim().parse::<usize>().ok());
    let number = place.and_then(|place| steps_before.get(place)).map(|before| before + 1);
    let step = number.and_then(|number| conversation.steps.iter().find(|step| step.number == number));
    if step.is_none() {
        decoder.problem(ProblemKind::BadMessage, 0, "the annotation's step is not in the history; kept without a step");
    }
    let label = ImportedLabel {
        conversation: conversation.id.clone(),
        transcript_hash: conversation.transcript_hash(),
        reviewer: REVIEWER.to_owned(),
        verdict: Verdict::Fail,
        step: step.map(pointer),
        agent: row.text("mistakeagent").map(Into::into),
        reason: row.text("mistakereason").map(Into::into),
    };
    decoder.record(Record::Conversation(Box::new(conversation)));
    decoder.label(label);
}

fn pointer(step: &Step) -> StepPointer {
    let id = |span: &Option<crate::model::id::SpanRef>| span.as_ref().map(|span| span.span_id.clone());
    StepPointer { step: step.number, span_id: id(&step.span), decision_span_id: id(&step.decision) }
}

/// An entry: everyone but the person is an agent, whatever role the framework gave it.
fn message(entry: &Fields<'_>) -> Message {
    let role = entry.text("role").unwrap_or_default();
    let agent = entry.text("name").unwrap_or_else(|| role.clone());
    let sender = if agent.eq_ignore_ascii_case("human") { Sender::User } else { Sender::Assistant };
    let mut message = Message::new(sender, entry.text("content").unwrap_or_default());
    message.name = Some(agent).filter(|agent| sender == Sender::Assistant && !agent.is_empty());
    message
}

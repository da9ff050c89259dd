//! `LangChain` and `LangGraph` message dumps: `messages_to_dict` rows, `dumpd` lists, thread states.
//!
//! Invariant: a dump is one conversation; arguments that were malformed stay as the text they were.

use serde_json::Value;

use super::Record;
use super::chat::{Told, conversation};
use super::decode::Decoder;
use super::export::Fields;
use super::message::{Message, Sender};
use super::problem::ProblemKind;
use super::responses::items;
use crate::model::tool::ToolSpec;

/// Members of a dump that are no attributes of the conversation.
const KNOWN: &[&str] = &[
    "messages",
    "values",
    "threadid",
    "metadata",
    "createdat",
    "next",
    "tasks",
    "checkpoint",
    "parentcheckpoint",
    "config",
    "parentconfig",
    "interrupts",
    "checkpointid",
    "parentcheckpointid",
];

/// True for an object whose messages are `LangChain`'s, and for a thread state.
pub(super) fn is(row: &Fields<'_>) -> bool {
    let told = row.get("messages").or_else(|| row.object("values")?.get("messages"));
    told.is_some_and(|raw| first_is_langchain(raw.get()))
}

/// Looks at the first message only: lists are long.
fn first_is_langchain(list: &str) -> bool {
    let Some(rest) = list.trim_start().strip_prefix('[') else { return false };
    let mut items = serde_json::Deserializer::from_str(rest).into_iter::<&serde_json::value::RawValue>();
    let Some(Ok(first)) = items.next() else { return false };
    Fields::parse(first.get()).is_some_and(|message| is_message(&message))
}

/// True for a message as `messages_to_dict`, `dumpd` or a thread state write it.
pub(super) fn is_message(message: &Fields<'_>) -> bool {
    if message.has("role") {
        return false;
    }
    let kind = message.text("type").unwrap_or_default();
    let known = matches!(kind.as_str(), "human" | "ai" | "AIMessageChunk" | "system" | "tool" | "function");
    let dumped = message.has("lc") && message.has("kwargs");
    dumped || (known && (message.has("data") || message.has("content")))
}

/// Reads a row or a state.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, row: &Fields<'_>) {
    let values = row.object("values");
    let list = row.get("messages").or_else(|| values.as_ref()?.get("messages"));
    let Some(list) = list.filter(|raw| raw.get().starts_with('[')) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "`messages` is not a list");
    };
    let thread = |fields: Option<Fields<'_>>| fields?.text("threadid");
    let config = row.object("config");
    let name = row
        .text("threadid")
        .or_else(|| thread(row.object("checkpoint")))
        .or_else(|| thread(config.and_then(|config| config.object("configurable"))))
        .or_else(|| thread(row.object("metadata")))
        .or_else(|| row.first(&["conversationid", "sessionid", "id"]));
    let mut told = Told { external_id: name, started_at: None, ..Told::default() };
    if let Some(Value::Object(metadata)) = row.value("metadata") {
        metadata.iter().for_each(|(key, value)| told.gathered.member(key, value));
    }
    for (key, raw) in row.all() {
        let known = KNOWN.contains(&key.replace('_', "").to_ascii_lowercase().as_str());
        if let (false, Ok(value)) = (known, serde_json::from_str::<Value>(raw.get())) {
            told.gathered.member(key, &value);
        }
    }
    finish(decoder, told, (items(list.get()), Vec::new()));
}

/// Hands out the conversation that a list of messages is, with the tools it was offered.
pub(super) fn finish(decoder: &mut Decoder<'_, '_>, mut told: Told, said: (Vec<Message>, Vec<ToolSpec>)) {
    told.source = decoder.options.source.clone().unwrap_or_else(|| decoder.stem.clone());
    (told.messages, told.tools) = said;
    if told.messages.iter().all(|message| message.sender == Sender::System || message.is_blank()) {
        return decoder.problem(ProblemKind::BadMessage, 1, "no messages with content");
    }
    if told.tools.is_empty() {
        told.tools.clone_from(&decoder.options.tools.tools);
    }
    let source = told.source.clone();
    told.tools.iter_mut().for_each(|spec| decoder.options.tools.complete(&source, spec));
    decoder.record(Record::Conversation(Box::new(conversation(told))));
}

/// A list of messages that stands alone: a conversation without a name.
pub(super) fn bare(decoder: &mut Decoder<'_, '_>, list: &str) {
    finish(decoder, Told::default(), (items(list), Vec::new()));
}

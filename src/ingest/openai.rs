//! Chat transcripts: one object with `messages` a record, with what its carrier adds.
//!
//! Invariant: a record is imported whole or refused with a reason; nothing of a message is guessed.

use serde_json::Value;
use serde_json::value::RawValue;

use super::chat::{Told, conversation};
use super::decode::Decoder;
use super::message::{Message, Object, Sender, list, messages, string};
use super::problem::ProblemKind;
use super::{Record, export, scores, tools};
use crate::model::time::Timestamp;

/// Members that mean something here; any other is kept as an attribute.
const KNOWN: &[&str] = &[
    "conversation_id",
    "id",
    "custom_id",
    "messages",
    "tools",
    "functions",
    "started_at",
    "created_at",
    "timestamp",
    "metadata",
    "scores",
    "outcomes",
    "tags",
    "parallel_tool_calls",
];

/// Reads one record and hands out its conversation, or the reason why not.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, members: &[(String, Box<RawValue>)]) {
    if let Some(name) = KNOWN.iter().find(|name| members.iter().filter(|(key, _)| key == *name).count() > 1) {
        let message = format!("the member `{name}` occurs twice; keep one");
        return decoder.problem(ProblemKind::DuplicateKey, 1, message);
    }
    if members.iter().any(|(_, raw)| lone_surrogate(raw.get())) {
        return decoder.problem(ProblemKind::InvalidJson, 1, "invalid JSON: half of a surrogate pair in an escape");
    }
    match read(decoder, members) {
        Ok((told, unusable)) => {
            if unusable > 0 {
                let message =
                    format!("{unusable} of its scores hold no number, word or verdict; imported without them");
                decoder.problem(ProblemKind::BadScore, 0, message);
            }
            let conversation = conversation(told);
            decoder.record(Record::Conversation(Box::new(conversation)));
        }
        Err((kind, why)) => decoder.problem(kind, 1, why),
    }
}

/// True where an escape names half of a surrogate pair: text that no UTF-8 can hold.
fn lone_surrogate(json: &str) -> bool {
    let lower = |at: usize| json.as_bytes().get(at).map(u8::to_ascii_lowercase);
    let suspicious =
        json.match_indices("\\u").any(|(at, _)| lower(at + 2) == Some(b'd') && lower(at + 3) >= Some(b'8'));
    suspicious
        && serde_json::from_str::<Value>(json).is_err_and(|error| {
            let words = error.to_string();
            words.contains("surrogate") || words.contains("hex escape")
        })
}

type Refusal = (ProblemKind, String);

fn read(decoder: &Decoder<'_, '_>, members: &[(String, Box<RawValue>)]) -> Result<(Told, u64), Refusal> {
    let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.as_ref());
    let value = |name: &str| get(name).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
    let mut told = Told {
        source: decoder.options.source.clone().unwrap_or_else(|| decoder.stem.clone()),
        external_id: ["conversation_id", "id", "custom_id"].iter().find_map(|name| name_of(get(name)?)),
        messages: strict(get("messages"))?,
        started_at: ["started_at", "created_at", "timestamp"].iter().find_map(|name| time(&value(name)?)),
        ..Told::default()
    };
    let definitions = get("tools").or_else(|| get("functions"));
    told.tools = definitions.map(|raw| tools::tools(raw.get())).unwrap_or_default();
    if told.tools.is_empty() {
        told.tools.clone_from(&decoder.options.tools.tools);
    }
    let source = told.source.clone();
    told.tools.iter_mut().for_each(|spec| decoder.options.tools.complete(&source, spec));
    let (scores, unusable) = get("scores").map(|raw| scores::beside(raw, "chat-jsonl")).unwrap_or_default();
    told.scores = scores;
    if let Some(Value::Object(metadata)) = value("metadata") {
        metadata.iter().for_each(|(key, value)| told.gathered.member(key, value));
    }
    if let Some(Value::Object(outcomes)) = value("outcomes") {
        outcomes.iter().for_each(|(key, value)| told.gathered.outcome(key, value));
    }
    if let Some(tags) = value("tags") {
        told.gathered.member("tags", &tags);
    }
    for (key, raw) in members.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
        if let Ok(value) = serde_json::from_str::<Value>(raw.get()) {
            told.gathered.member(key, &value);
        }
    }
    Ok((told, unusable))
}

/// An id as text: strings as they are, numbers as written.
fn name_of(raw: &RawValue) -> Option<String> {
    let text = match raw.get().as_bytes().first()? {
        b'"' => string(raw)?,
        b'0'..=b'9' | b'-' => raw.get().to_owned(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A time as RFC 3339 text, or in seconds or milliseconds since 1970.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text),
        Value::Number(number) => {
            let seconds = number.as_f64().filter(|seconds| *seconds > 0.0)?;
            let seconds = if seconds > 1e11 { seconds / 1e3 } else { seconds };
            Some(Timestamp((seconds * 1e6) as i64))
        }
        _ => None,
    }
}

/// The messages of a record, each checked.
pub(super) fn strict(raw: Option<&RawValue>) -> Result<Vec<Message>, Refusal> {
    let bad = |number: usize, why: &str| (ProblemKind::BadMessage, format!("message {number}: {why}"));
    let items = raw.and_then(|raw| list(raw.get()));
    let items = items.ok_or_else(|| (ProblemKind::NotARecord, "`messages` is not a list".to_owned()))?;
    let mut all = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let number = i + 1;
        let object = Object::parse(item.get()).ok_or_else(|| bad(number, "not an object"))?;
        if let Some(name) = object.duplicate(&["role", "content", "tool_calls", "tool_call_id", "name"]) {
            let why = format!("message {number}: the member `{name}` occurs twice; keep one");
            return Err((ProblemKind::DuplicateKey, why));
        }
        let role = object.text("role").ok_or_else(|| bad(number, "without a role"))?;
        let sender = Sender::parse(&role).ok_or_else(|| bad(number, "of an unknown role"))?;
        let content = object.get("content").map(|raw| raw.get().as_bytes().first().copied());
        match content {
            None if sender != Sender::Assistant => return Err(bad(number, "without content")),
            None | Some(Some(b'"' | b'[' | b'{')) => {}
            Some(_) => return Err(bad(number, "whose content is neither text nor parts")),
        }
        let at = ["timestamp", "created_at", "at"].iter().find_map(|name| {
            object.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).and_then(|value| export::time(&value))
        });
        all.extend(messages(item.get()).unwrap_or_default().into_iter().map(|message| Message { at, ..message }));
    }
    if all.iter().all(|message| message.sender == Sender::System || message.is_blank()) {
        return Err((ProblemKind::BadMessage, "no messages with content".to_owned()));
    }
    Ok(all)
}

//! Objects of a stranger's own form, read by a mapping.
//!
//! Invariant: an object becomes what the mapping says, or a problem that names the section to look at; messages that come
//! one by one are put together before their conversation is handed out.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::decode::Decoder;
use super::export::Fields;
use super::mapping::{Mapping, Row, text, value};
use super::problem::ProblemKind;
use super::{Format, openai, phoenix, rows};

/// How much text of conversations may wait for its end.
const MOST_WAITING: usize = 1 << 29;

/// Messages that came one by one, by conversation, in the order in which those began.
#[derive(Default)]
pub(super) struct Waiting {
    places: HashMap<String, usize>,
    all: Vec<(String, Option<u64>, Vec<Row>)>,
    size: usize,
}

/// Reads one object.
pub(super) fn record(decoder: &mut Decoder<'_, '_>, mapping: &Mapping, members: &[(String, Box<RawValue>)]) {
    let row: Row = members
        .iter()
        .filter_map(|(key, raw)| Some((key.clone(), serde_json::from_str::<Value>(raw.get()).ok()?)))
        .collect();
    if let Some(messages) = &mapping.messages {
        match &messages.list {
            Some(list) => conversation(decoder, mapping, &row, list),
            None => message(decoder, mapping, row.clone()),
        }
    }
    if let Some(spans) = &mapping.spans {
        match spans.record(&row) {
            Some(span) => phoenix::span(decoder, &Fields::of(&raw(span))),
            None => decoder.problem(ProblemKind::BadSpan, 1, "no span id or trace where [spans] says"),
        }
    }
    if let Some(scores) = &mapping.scores {
        rows::record(decoder, &Fields::of(&raw(scores.record(&row))), Format::Scores);
    }
    if let Some(outcomes) = &mapping.outcomes {
        rows::record(decoder, &Fields::of(&raw(outcomes.record(&row))), Format::Outcomes);
    }
}

/// An object's members as the readers take them.
fn raw(object: Value) -> Vec<(String, Box<RawValue>)> {
    let Value::Object(members) = object else { return Vec::new() };
    members.into_iter().filter_map(|(key, value)| Some((key, to_raw_value(&value).ok()?))).collect()
}

/// An object that holds a whole conversation.
fn conversation(decoder: &mut Decoder<'_, '_>, mapping: &Mapping, row: &Row, list: &str) {
    let named = mapping.conversations.as_ref().map(|section| &section.id);
    let named = named.or_else(|| mapping.messages.as_ref()?.conversation.as_ref());
    let Some(id) = named.and_then(|field| value(row, field)) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "no id where [conversations] says");
    };
    let Some(Value::Array(items)) = value(row, list) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "no list of messages where [messages] says");
    };
    let rows: Option<Vec<Row>> = items
        .into_iter()
        .map(|item| match item {
            Value::Object(row) => Some(row),
            _ => None,
        })
        .collect();
    match rows {
        Some(rows) => hand_out(decoder, mapping, (&text(&id), Some(row)), &rows),
        None => decoder.problem(ProblemKind::BadMessage, 1, "a message that is no object"),
    }
}

/// An object that is one message.
fn message(decoder: &mut Decoder<'_, '_>, mapping: &Mapping, row: Row) {
    let field = mapping.messages.as_ref().and_then(|messages| messages.conversation.as_ref());
    let Some(id) = field.and_then(|field| value(&row, field)).map(|id| text(&id)) else {
        return decoder.problem(ProblemKind::NotARecord, 1, "no id of a conversation where [messages] says");
    };
    let line = decoder.at();
    let waiting = decoder.waiting();
    waiting.size += row.iter().map(|(key, value)| key.len() + 64 + value.as_str().map_or(16, str::len)).sum::<usize>();
    if waiting.size > MOST_WAITING {
        let message = "too many messages wait for the rest of their conversations; split the file by conversation";
        return decoder.problem(ProblemKind::TooLarge, 1, message);
    }
    let next = waiting.all.len();
    let place = *waiting.places.entry(id.clone()).or_insert(next);
    if place == next {
        waiting.all.push((id, line, Vec::new()));
    }
    waiting.all[place].2.push(row);
}

/// Hands out the conversations whose messages came one by one.
pub(super) fn finish(decoder: &mut Decoder<'_, '_>) {
    let Some(mapping) = decoder.options.mapping.clone() else { return };
    let order = mapping.messages.as_ref().map(|messages| {
        let at = messages.at.iter().filter(|_| messages.order.is_empty());
        messages.order.iter().chain(at).cloned().collect::<Vec<String>>()
    });
    for (id, line, mut rows) in std::mem::take(&mut decoder.waiting().all) {
        rows.sort_by_cached_key(|row| {
            let key = |field: &String| value(row, field).map(|value| sortable(&value));
            order.iter().flatten().map(key).collect::<Vec<_>>()
        });
        decoder.at_line(line.unwrap_or_default(), 0);
        let head = rows.first().cloned();
        hand_out(decoder, &mapping, (&id, head.as_ref()), &rows);
        if decoder.stopped() {
            return;
        }
    }
}

/// A value whose order as text is its order: numbers by size, times by moment.
fn sortable(value: &Value) -> String {
    let number = super::export::time(value).map(|at| at.0 as f64).or_else(|| value.as_f64());
    match number {
        // The bits of a float, turned so that they rise with it.
        Some(number) => {
            let bits = number.to_bits();
            format!("0{:016x}", if number.is_sign_negative() { !bits } else { bits | 1 << 63 })
        }
        None => format!("1{}", text(value)),
    }
}

fn hand_out(decoder: &mut Decoder<'_, '_>, mapping: &Mapping, whose: (&str, Option<&Row>), rows: &[Row]) {
    match mapping.chat(whose.0, whose.1, rows) {
        Ok(chat) => openai::record(decoder, &raw(chat)),
        // The word itself is text of the input, so it is not repeated.
        Err(_) => decoder.problem(
            ProblemKind::BadMessage,
            1,
            "a message whose role is a word that means nothing yet; say what it means in [messages] roles",
        ),
    }
}

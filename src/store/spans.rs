//! Spans, tools, traces and answers of a conversation as narrow rows, for lookups and for other tools.
//!
//! Invariant: derived from the conversation alone and written anew whenever it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::payload::{kind_number, status_number};
use super::{StoreError, raw, run};
use crate::model::conversation::Conversation;

/// Numbers of names, as far as they are known.
#[derive(Debug, Default)]
pub struct Names {
    /// Of spans, agents and tools.
    things: HashMap<String, i64>,
    /// Of evaluators.
    pub evaluators: HashMap<String, i64>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.things.len() + self.evaluators.len()
    }
}

/// The attribute that names a model's answer.
const RESPONSE_KEY: &str = "gen_ai.response.id";

/// The distinct traces of a conversation, as stored.
pub fn traces(conversation: &Conversation) -> BTreeSet<Vec<u8>> {
    let ids: BTreeSet<&str> = conversation.spans.iter().map(|span| span.id.trace_id.as_str()).collect();
    ids.into_iter().map(id_bytes).collect()
}

/// Hex digits as the bytes they stand for; anything else as its own bytes.
pub fn id_bytes(id: &str) -> Vec<u8> {
    let digits = id.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    if digits.is_empty() || digits.len() % 2 == 1 || !digits.iter().all(|byte| digit(*byte).is_some()) {
        return digits.to_vec();
    }
    digits.chunks_exact(2).map(|pair| (digit(pair[0]).unwrap_or(0) << 4 | digit(pair[1]).unwrap_or(0)) as u8).collect()
}

/// The number under which an answer is looked up.
pub fn response_number(response_id: &str) -> i64 {
    let hash = blake3::hash(response_id.as_bytes());
    hash.as_bytes().iter().take(8).fold(0_i64, |number, byte| number << 8 | i64::from(*byte))
}

/// The number of a name; a new one is stored.
fn name(transaction: &Connection, names: &mut Names, text: &str) -> Result<i64, StoreError> {
    if let Some(known) = names.things.get(text) {
        return Ok(*known);
    }
    let found = transaction
        .prepare_cached("SELECT key FROM names WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([text], |row| row.get(0)).optional())
        .map_err(raw)?;
    let key = match found {
        Some(key) => key,
        None => transaction
            .prepare_cached("INSERT INTO names (name) VALUES (?1)")
            .and_then(|mut statement| statement.insert([text]))
            .map_err(raw)?,
    };
    names.things.insert(text.to_owned(), key);
    Ok(key)
}

/// Stores the rows of a conversation that has none yet.
pub fn put(
    transaction: &Connection,
    key: i64,
    conversation: &Conversation,
    names: &mut Names,
) -> Result<(), StoreError> {
    let mut statement = transaction
        .prepare_cached(
            "INSERT INTO spans (conversation, ordinal, trace_id, span_id, parent_span_id, kind, status, failed, name,
                 agent, started_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .map_err(raw)?;
    let (mut trace, mut trace_id) = ("", Vec::new());
    for (ordinal, span) in conversation.spans.iter().enumerate() {
        let label = name(transaction, names, span.name.exact())?;
        let agent = span.agent.as_ref().map(|agent| name(transaction, names, agent.exact())).transpose()?;
        if ordinal == 0 || span.id.trace_id != trace {
            (trace, trace_id) = (&span.id.trace_id, id_bytes(&span.id.trace_id));
        }
        statement
            .execute(params![
                key,
                ordinal as i64,
                trace_id,
                id_bytes(&span.id.span_id),
                span.parent_span_id.as_deref().map(id_bytes),
                kind_number(span.kind),
                status_number(span.status),
                span.failed(),
                label,
                agent,
                span.start.map(|at| at.0),
                span.end.map(|at| at.0),
            ])
            .map_err(raw)?;
    }
    drop(statement);
    for trace in traces(conversation) {
        run(transaction, "INSERT INTO traces (trace_id, conversation) VALUES (?1, ?2)", &[&trace, &key])?;
    }
    let answers: BTreeSet<i64> = conversation
        .spans
        .iter()
        .filter_map(|span| span.attributes.get(RESPONSE_KEY).and_then(Value::as_str))
        .map(response_number)
        .collect();
    for answer in answers {
        run(transaction, "INSERT INTO responses (response, conversation) VALUES (?1, ?2)", &[&answer, &key])?;
    }
    put_tools(transaction, key, conversation, names)
}

/// How often each tool was called, and how often that failed.
fn put_tools(
    transaction: &Connection,
    key: i64,
    conversation: &Conversation,
    names: &mut Names,
) -> Result<(), StoreError> {
    let mut tools: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for step in &conversation.steps {
        if let Some(tool) = step.tool() {
            let (calls, failed) = tools.entry(tool.exact()).or_default();
            *calls += 1;
            *failed += i64::from(step.failed());
        }
    }
    for (tool, (calls, failed)) in tools {
        let tool = name(transaction, names, tool)?;
        run(
            transaction,
            "INSERT INTO conversation_tools (conversation, tool, calls, failed) VALUES (?1, ?2, ?3, ?4)",
            &[&key, &tool, &calls, &failed],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_ids_are_stored_as_bytes_and_others_as_they_are() {
        assert_eq!(id_bytes("00ff"), [0, 255]);
        assert_eq!(id_bytes("00FF"), b"00FF");
        assert_eq!(id_bytes("abc"), b"abc");
        assert_eq!(id_bytes(""), b"");
    }
}

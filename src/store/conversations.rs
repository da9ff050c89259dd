//! Conversations as rows: one write that keeps payload, rows and full text in step, and the reading of single ones.
//!
//! Invariant: everything but the payload is derived from it in the same transaction, so the two never differ.

use std::path::PathBuf;

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::dictionary::Packed;
use super::facts::{KeptFact, Slot};
use super::pending::Pending;
use super::spans::{Names, id_bytes, response_number};
use super::{Store, StoreError, conflicts, json, payload, raw, run, scores, search, spans};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;

/// The hash of everything that is stored of a conversation.
pub type ContentHash = [u8; 32];

/// How many failed steps a row names.
const MOST_FAILED: usize = 16;

/// A stored conversation with what is needed to change it safely.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The conversation.
    pub conversation: Conversation,
    /// True where it came as a whole (a transcript), false where it was put together from spans.
    pub whole: bool,
    /// Of its content; a change names it, so that no change that came between is lost.
    pub content_hash: ContentHash,
    /// Rises with every conversation stored for the first time.
    pub key: i64,
}

/// A stored conversation, unpacked and not read yet. It can be read on any thread.
#[derive(Debug)]
pub struct Unread {
    /// Of its transcript.
    pub transcript_hash: TranscriptHash,
    payload: Vec<u8>,
    segments: Segments,
    path: PathBuf,
}

impl Unread {
    /// Bytes of the unpacked payload.
    pub fn size(&self) -> usize {
        self.payload.len()
    }

    /// The conversation as [`Store::conversation`] has it, but of its spans' attributes only these, and of their events and
    /// links none: reading those costs more than everything else.
    ///
    /// # Errors
    /// The payload is damaged.
    pub fn read(self, attributes: &[&str]) -> Result<Conversation, StoreError> {
        let conversation = payload::decode_with(&self.payload, attributes)
            .map_err(|error| StoreError::Damaged { path: self.path, detail: error.to_string() })?;
        Ok(Conversation { segments: self.segments, ..conversation })
    }
}

/// A conversation to be stored.
#[derive(Debug)]
pub struct Put {
    /// As it is to be.
    pub conversation: Conversation,
    /// See [`Stored::whole`].
    pub whole: bool,
    /// The content this replaces; `None` where there was none.
    pub base: Option<ContentHash>,
}

/// The form in which a conversation is stored, before compression. It can be made on any thread.
#[derive(Debug)]
pub struct Encoded {
    hash: ContentHash,
    payload: Vec<u8>,
}

impl Encoded {
    /// The form of a conversation.
    pub fn of(conversation: &Conversation) -> Self {
        let payload = payload::encode(conversation);
        Self { hash: *blake3::hash(&payload).as_bytes(), payload }
    }
}

/// Changes that belong together.
#[derive(Debug, Default)]
pub struct Changes {
    /// Conversations to be stored.
    pub puts: Vec<Put>,
    /// Those conversations as they are stored, in their order; empty where nobody made them yet.
    pub encoded: Vec<Encoded>,
    /// Conversations whose spans moved elsewhere, and their content.
    pub removals: Vec<(ConversationId, ContentHash)>,
    /// Former ids, and the ids they now stand for.
    pub aliases: Vec<(ConversationId, ConversationId)>,
    /// Texts that differ from the stored ones of the same identity.
    pub conflicts: Vec<Conversation>,
    /// Records to be kept until what they are about arrives.
    pub pending: Vec<Pending>,
    /// Keys of records that are pending no more.
    pub settled: Vec<i64>,
    /// Facts to be kept.
    pub facts: Vec<KeptFact>,
    /// Places of facts that the conversations to be stored have, and which of them.
    pub matched: Vec<(Slot, ConversationId)>,
}

/// What became of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// All of them are stored and synced.
    Done,
    /// None are: another writer changed one of the conversations meanwhile. Read again and decide anew.
    Overtaken,
}

/// A conversation made ready outside the transaction.
pub(super) struct Ready<'a> {
    pub(super) put: &'a Put,
    pub(super) hash: ContentHash,
    pub(super) packed: Packed,
    pub(super) segments: Segments,
    pub(super) document: String,
}

impl<'a> Ready<'a> {
    /// Derives from a conversation what is stored beside its payload.
    pub(super) fn new(put: &'a Put, (hash, packed): (ContentHash, Packed), segments: Segments) -> Self {
        let document = search::document(&put.conversation, &segments);
        Self { put, hash, packed, segments, document }
    }
}

impl Store {
    /// Stores changes in one transaction: all, or none.
    pub fn apply(&mut self, changes: &Changes) -> Result<Applied, StoreError> {
        let Changes { puts, encoded, removals, aliases, conflicts, pending, settled, facts, matched } = changes;
        let made: Vec<Encoded>;
        let encoded = if encoded.len() == puts.len() {
            encoded
        } else {
            made = puts.iter().map(|put| Encoded::of(&put.conversation)).collect();
            &made
        };
        let payloads: Vec<&[u8]> = encoded.iter().map(|one| one.payload.as_slice()).collect();
        let packed = self.pack(&payloads)?;
        let ready: Vec<Ready<'_>> = puts
            .iter()
            .zip(encoded)
            .zip(packed)
            .map(|((put, one), packed)| Ready::new(put, (one.hash, packed), self.segments_of(&put.conversation)))
            .collect();
        let set_aside = self.ready_conflicts(conflicts)?;
        let mut names = std::mem::take(&mut self.names);
        let result = self.write(|transaction| {
            for (id, hash) in removals {
                if !remove(transaction, id, hash)? {
                    return Err(StoreError::Overtaken);
                }
            }
            for one in &ready {
                if !put(transaction, one, &mut names)? {
                    return Err(StoreError::Overtaken);
                }
            }
            // Behind all rows: whatever opens a savepoint between two texts has the index written out in small pieces.
            for one in &ready {
                put_text(transaction, one)?;
            }
            for (from, to) in aliases {
                alias(transaction, from, to)?;
            }
            for (conversation, hash, packed) in &set_aside {
                conflicts::set_aside(transaction, conversation, hash, packed)?;
            }
            super::pending::store(transaction, pending)?;
            super::pending::forget(transaction, settled)?;
            super::facts::keep(transaction, facts)?;
            super::facts::mark(transaction, matched)
        });
        match result {
            Ok(()) => {
                self.names = if names.len() > 20_000 { Names::default() } else { names };
                Ok(Applied::Done)
            }
            Err(StoreError::Overtaken) => Ok(Applied::Overtaken),
            Err(error) => Err(error),
        }
    }

    fn ready_conflicts<'a>(
        &mut self,
        conflicts: &'a [Conversation],
    ) -> Result<Vec<(&'a Conversation, ContentHash, Packed)>, StoreError> {
        let encoded: Vec<Encoded> = conflicts.iter().map(Encoded::of).collect();
        let payloads: Vec<&[u8]> = encoded.iter().map(|one| one.payload.as_slice()).collect();
        let packed = self.pack(&payloads)?;
        let hashes = encoded.iter().map(|one| one.hash);
        Ok(conflicts.iter().zip(hashes).zip(packed).map(|((one, hash), packed)| (one, hash, packed)).collect())
    }

    /// The conversation of this id as its import left it, if it is stored.
    pub fn stored(&self, id: &ConversationId) -> Result<Option<Stored>, StoreError> {
        Ok(self.load(id)?.map(|(stored, _)| stored))
    }

    fn load(&self, id: &ConversationId) -> Result<Option<(Stored, Segments)>, StoreError> {
        let row = self.sql(
            self.connection
                .prepare_cached(
                    "SELECT c.key, c.whole, c.content_hash, p.dictionary, p.length, p.data, c.intent, c.channel, c.tier,
                            c.language, c.agent_version, c.handled_by
                       FROM conversations c JOIN payloads p ON p.conversation = c.key WHERE c.id = ?1",
                )
                .and_then(|mut statement| {
                    statement
                        .query_row([id.as_str()], |row| {
                            let packed = Packed {
                                dictionary: row.get(3)?,
                                length: row.get::<_, i64>(4)? as usize,
                                data: row.get(5)?,
                            };
                            let row_of = (row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, ContentHash>(2)?);
                            Ok((row_of, packed, super::segments::read(row, 6)?))
                        })
                        .optional()
                }),
        )?;
        let Some(((key, whole, content_hash), packed, segments)) = row else { return Ok(None) };
        let conversation = payload::decode(&self.unpack(&packed)?).map_err(|error| self.damaged(error.to_string()))?;
        Ok(Some((Stored { conversation, whole, content_hash, key }, segments)))
    }

    /// The conversation of this id, to be read elsewhere, if it is stored.
    pub fn unread(&self, id: &ConversationId) -> Result<Option<Unread>, StoreError> {
        let sql = "SELECT c.transcript_hash, p.dictionary, p.length, p.data, c.intent, c.channel, c.tier, c.language,
                          c.agent_version, c.handled_by
                     FROM conversations c JOIN payloads p ON p.conversation = c.key WHERE c.id = ?1";
        let mut found = self.rows(sql, &[&id.as_str()], |row| {
            let packed = Packed { dictionary: row.get(1)?, length: row.get::<_, i64>(2)? as usize, data: row.get(3)? };
            Ok((TranscriptHash::from_stored(row.get::<_, String>(0)?), packed, super::segments::read(row, 4)?))
        })?;
        let Some((transcript_hash, packed, segments)) = found.pop() else { return Ok(None) };
        Ok(Some(Unread { transcript_hash, payload: self.unpack(&packed)?, segments, path: self.path.clone() }))
    }

    /// The conversation of this id with its segments as the workspace's rules have them, if it is stored.
    pub fn conversation(&self, id: &ConversationId) -> Result<Option<Conversation>, StoreError> {
        let found = self.load(id)?;
        Ok(found.map(|(stored, segments)| Conversation { segments, ..stored.conversation }))
    }

    /// The conversations that hold spans of a trace.
    pub fn conversations_of_trace(&self, trace_id: &str) -> Result<Vec<(ConversationId, String)>, StoreError> {
        self.rows(
            "SELECT c.id, c.source FROM traces t JOIN conversations c ON c.key = t.conversation
              WHERE t.trace_id = ?1 ORDER BY c.id",
            &[&id_bytes(trace_id)],
            |row| Ok((ConversationId::from_stored(row.get::<_, String>(0)?), row.get(1)?)),
        )
    }

    /// The conversations in which a model's answer carries this response id.
    pub fn conversations_of_response(&self, response_id: &str) -> Result<Vec<ConversationId>, StoreError> {
        self.rows(
            "SELECT c.id FROM responses r JOIN conversations c ON c.key = r.conversation WHERE r.response = ?1 ORDER BY c.id",
            &[&response_number(response_id)],
            |row| Ok(ConversationId::from_stored(row.get::<_, String>(0)?)),
        )
    }

    /// A number that changes whenever somebody else has written to the database.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        self.sql(self.connection.query_row("PRAGMA data_version", [], |row| row.get(0)))
    }

    /// The conversations stored after the one with this key: which, of which content, and how many records each was.
    pub fn stored_after(&self, key: i64) -> Result<Vec<(ConversationId, ContentHash, u64)>, StoreError> {
        self.rows(
            "SELECT id, content_hash, CASE whole WHEN 1 THEN 1 ELSE spans END FROM conversations WHERE key > ?1 ORDER BY key",
            &[&key],
            |row| Ok((ConversationId::from_stored(row.get::<_, String>(0)?), row.get(1)?, row.get::<_, u32>(2)?.into())),
        )
    }

    /// The largest key given to a conversation so far; see [`Stored::key`].
    pub fn last_key(&self) -> Result<i64, StoreError> {
        self.sql(self.connection.query_row("SELECT coalesce(max(key), 0) FROM conversations", [], |row| row.get(0)))
    }

    /// The largest key given to an event so far, which says that events came, not how many.
    pub fn last_event_key(&self) -> Result<i64, StoreError> {
        self.sql(self.connection.query_row("SELECT coalesce(max(key), 0) FROM events", [], |row| row.get(0)))
    }

    /// When the event that was stored last was saved, by the clock of its device.
    pub fn last_event_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM events ORDER BY key DESC LIMIT 1";
        Ok(self.sql(self.connection.query_row(sql, [], |row| row.get(0)).optional())?.map(Timestamp))
    }

    /// Bytes of the write-ahead log, which grows for as long as somebody reads an old state of the database.
    pub fn log_bytes(&self) -> u64 {
        super::open::log_bytes(&self.path)
    }

    /// How many events this connection appended.
    pub fn appended(&self) -> i64 {
        self.appended
    }

    /// True where somebody said something of this conversation.
    pub fn is_judged(&self, id: &ConversationId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM events WHERE conversation = ?1)";
        self.sql(self.connection.query_row(sql, [id.as_str()], |row| row.get(0)))
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.sql(
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_map(parameters, read)?.collect::<rusqlite::Result<_>>()),
        )
    }
}

/// Removes a conversation; false where its content is not what it was.
fn remove(transaction: &Connection, id: &ConversationId, hash: &ContentHash) -> Result<bool, StoreError> {
    let found: Option<(i64, ContentHash)> = transaction
        .prepare_cached("SELECT key, content_hash FROM conversations WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(raw)?;
    let Some((key, found)) = found else { return Ok(false) };
    if found != *hash {
        return Ok(false);
    }
    run(transaction, "DELETE FROM conversation_text WHERE rowid = ?1", &[&key])?;
    run(transaction, "DELETE FROM conversations WHERE key = ?1", &[&key])?;
    Ok(true)
}

/// Stores one conversation; false where the stored content is not the one it is meant to replace.
pub(super) fn put(transaction: &Connection, ready: &Ready<'_>, names: &mut Names) -> Result<bool, StoreError> {
    let conversation = &ready.put.conversation;
    let found: Option<(i64, ContentHash)> = transaction
        .prepare_cached("SELECT key, content_hash FROM conversations WHERE id = ?1")
        .and_then(|mut statement| {
            statement.query_row([conversation.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(raw)?;
    if found.map(|(_, hash)| hash) != ready.put.base {
        return Ok(false);
    }
    if ready.put.base == Some(ready.hash) {
        return Ok(true);
    }
    if let Some((key, _)) = found {
        for sql in [
            "DELETE FROM conversation_text WHERE rowid = ?1",
            "DELETE FROM spans WHERE conversation = ?1",
            "DELETE FROM scores WHERE conversation = ?1",
            "DELETE FROM conversation_tools WHERE conversation = ?1",
            "DELETE FROM traces WHERE conversation = ?1",
            "DELETE FROM responses WHERE conversation = ?1",
        ] {
            run(transaction, sql, &[&key])?;
        }
    }
    let key = put_row(transaction, ready, found.map(|(key, _)| key))?;
    let Packed { dictionary, length, data } = &ready.packed;
    run(
        transaction,
        "INSERT OR REPLACE INTO payloads (conversation, dictionary, length, data) VALUES (?1, ?2, ?3, ?4)",
        &[&key, dictionary, &(*length as i64), data],
    )?;
    spans::put(transaction, key, conversation, names)?;
    scores::put(transaction, key, conversation, names)?;
    Ok(true)
}

/// Stores the full text of a conversation whose row was stored before.
pub(super) fn put_text(transaction: &Connection, ready: &Ready<'_>) -> Result<(), StoreError> {
    if ready.put.base != Some(ready.hash) {
        let sql =
            "INSERT INTO conversation_text (rowid, body) VALUES ((SELECT key FROM conversations WHERE id = ?1), ?2)";
        run(transaction, sql, &[&ready.put.conversation.id.as_str(), &ready.document])?;
    }
    Ok(())
}

/// Stores the row of list metadata and returns its key.
fn put_row(transaction: &Connection, ready: &Ready<'_>, key: Option<i64>) -> Result<i64, StoreError> {
    let conversation = &ready.put.conversation;
    let counts = conversation.counts();
    let (started, ended) = conversation.period();
    let segments = &ready.segments;
    let text = |text: &Option<crate::text::Untrusted>| text.as_ref().map(|text| text.exact().to_owned());
    let open = conversation.spans.iter().filter(|span| span.end.is_none()).count() as i64;
    let traces = spans::traces(conversation).len() as i64;
    let failed = conversation.steps.iter().filter(|step| step.failed());
    let failed: Vec<String> = failed.filter_map(|step| step.pointer().span_id).take(MOST_FAILED).collect();
    let (failed, outcomes, attributes) =
        (json(&failed)?, json(&conversation.outcomes)?, json(&conversation.attributes)?);
    transaction
        .prepare_cached(
            "INSERT INTO conversations (key, id, source, external_id, transcript_hash, content_hash, whole, started_at,
                 ended_at, intent, channel, tier, language, agent_version, handled_by, turns, steps, spans, traces,
                 open_spans, tool_calls, error_spans, failed_steps, failed_spans, first_message, outcomes, attributes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27)
             ON CONFLICT (key) DO UPDATE SET transcript_hash = ?5, content_hash = ?6, whole = ?7, started_at = ?8,
                 ended_at = ?9, intent = ?10, channel = ?11, tier = ?12, language = ?13, agent_version = ?14,
                 handled_by = ?15, turns = ?16, steps = ?17, spans = ?18, traces = ?19, open_spans = ?20,
                 tool_calls = ?21, error_spans = ?22, failed_steps = ?23, failed_spans = ?24, first_message = ?25,
                 outcomes = ?26, attributes = ?27
             RETURNING key",
        )
        .and_then(|mut statement| {
            statement.query_row(
                params![
                    key,
                    conversation.id.as_str(),
                    conversation.source.exact(),
                    conversation.external_id.exact(),
                    conversation.transcript_hash().as_str(),
                    ready.hash,
                    ready.put.whole,
                    started.map(|at| at.0),
                    ended.map(|at| at.0),
                    text(&segments.intent),
                    text(&segments.channel),
                    text(&segments.tier),
                    text(&segments.language),
                    text(&segments.agent_version),
                    text(&segments.handled_by),
                    counts.turns,
                    counts.steps,
                    counts.spans,
                    traces,
                    open,
                    counts.tool_calls,
                    counts.error_spans,
                    counts.failed_steps,
                    failed,
                    conversation.first_message().exact(),
                    outcomes,
                    attributes,
                ],
                |row| row.get(0),
            )
        })
        .map_err(raw)
}

/// Records that `from` now stands for `to`, and so does everything that stood for `from`.
pub(super) fn alias(transaction: &Connection, from: &ConversationId, to: &ConversationId) -> Result<(), StoreError> {
    let (from, to) = (from.as_str(), to.as_str());
    run(transaction, "UPDATE aliases SET conversation = ?2 WHERE conversation = ?1", &[&from, &to])?;
    run(transaction, "INSERT OR REPLACE INTO aliases (id, conversation) VALUES (?1, ?2)", &[&from, &to])?;
    run(transaction, "DELETE FROM aliases WHERE id = conversation", &[])?;
    Ok(())
}

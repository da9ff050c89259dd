//! Texts that came in under the identity of a conversation whose stored text differs, and the exchange of the two.
//!
//! Invariant: neither text is ever lost; exchanging swaps which one is stored and which one is set aside.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::conversations::{ContentHash, Put, Ready, put, put_text};
use super::dictionary::Packed;
use super::events::Log;
use super::{Store, StoreError, payload, raw, run, spans};
use crate::model::conversation::Conversation;
use crate::model::event::Kept;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::summary::Segments;
use crate::model::trace::SYNTHESISED;

/// A text that was set aside, without the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Of its content; with the conversation it names this text.
    pub content_hash: ContentHash,
    /// Of its steps.
    pub transcript_hash: TranscriptHash,
    /// True once a person kept the stored text.
    pub settled: bool,
    whole: bool,
}

/// A text that was set aside, ready to be stored.
#[derive(Debug)]
pub struct Exchange {
    aside: SetAside,
    put: Put,
    packed: Packed,
    segments: Segments,
}

impl SetAside {
    /// What tells it from other texts of the same conversation: the beginning of its content's hash.
    pub fn name(&self) -> String {
        crate::model::id::hex(&self.content_hash[..4])
    }
}

impl Store {
    /// All texts that were set aside, those that are settled among them, by conversation.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn conflicts(&self) -> Result<Vec<SetAside>, StoreError> {
        let sql = "SELECT conversation, content_hash, transcript_hash, settled, whole FROM conflicts
                    ORDER BY conversation, content_hash";
        self.rows(sql, &[], |row| {
            Ok(SetAside {
                conversation: ConversationId::from_stored(row.get::<_, String>(0)?),
                content_hash: row.get(1)?,
                transcript_hash: TranscriptHash::from_stored(row.get::<_, String>(2)?),
                settled: row.get(3)?,
                whole: row.get(4)?,
            })
        })
    }

    /// A text that was set aside.
    ///
    /// # Errors
    /// It is not there any more, or the database cannot be read.
    pub fn set_aside(&self, aside: &SetAside) -> Result<Conversation, StoreError> {
        let packed = self.packed_aside(aside)?;
        payload::decode(&self.unpack(&packed)?).map_err(|error| self.damaged(error.to_string()))
    }

    fn packed_aside(&self, aside: &SetAside) -> Result<Packed, StoreError> {
        let found = self.sql(
            self.connection
                .query_row(
                    "SELECT dictionary, length, data FROM conflicts WHERE conversation = ?1 AND content_hash = ?2",
                    params![aside.conversation.as_str(), aside.content_hash],
                    |row| {
                        Ok(Packed {
                            dictionary: row.get(0)?,
                            length: row.get::<_, i64>(1)? as usize,
                            data: row.get(2)?,
                        })
                    },
                )
                .optional(),
        )?;
        found.ok_or(StoreError::Overtaken)
    }

    /// True where a person kept another text instead of this one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_settled(&self, conversation: &Conversation) -> Result<bool, StoreError> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM conflicts WHERE conversation = ?1 AND transcript_hash = ?2 AND settled)";
        let hash = conversation.transcript_hash();
        let found = self.connection.query_row(sql, [conversation.id.as_str(), hash.as_str()], |row| row.get(0));
        self.sql(found)
    }

    /// Makes ready what [`Log::settle`] needs to store a text that was set aside.
    ///
    /// # Errors
    /// The conversation or the text is not there any more, or the database cannot be read.
    pub fn exchange(&self, aside: &SetAside) -> Result<Exchange, StoreError> {
        let stored = self.stored(&aside.conversation)?.ok_or(StoreError::Overtaken)?;
        let packed = self.packed_aside(aside)?;
        let conversation = self.set_aside(aside)?;
        let segments = self.segments_of(&conversation);
        let put = Put { conversation, whole: aside.whole, base: Some(stored.content_hash) };
        Ok(Exchange { aside: aside.clone(), put, packed, segments })
    }
}

impl Log<'_> {
    /// Settles a conflict within the transaction that appends its event.
    ///
    /// # Errors
    /// [`StoreError::Overtaken`] where one of the texts is not what it was; the transaction is then undone.
    pub fn settle(&self, exchange: &Exchange, kept: Kept) -> Result<(), StoreError> {
        let connection = self.connection();
        let id = exchange.aside.conversation.as_str();
        if kept == Kept::Theirs {
            let swapped = run(
                connection,
                "INSERT OR REPLACE INTO conflicts
                     (conversation, content_hash, transcript_hash, dictionary, length, data, whole, settled)
                 SELECT c.id, c.content_hash, c.transcript_hash, p.dictionary, p.length, p.data, c.whole, 1
                   FROM conversations c JOIN payloads p ON p.conversation = c.key WHERE c.id = ?1 AND c.content_hash = ?2",
                &[&id, &exchange.put.base],
            )?;
            let Exchange { aside, put: to_be, packed: Packed { dictionary, length, data }, segments } = exchange;
            let packed = Packed { dictionary: *dictionary, length: *length, data: data.clone() };
            let ready = Ready::new(to_be, (aside.content_hash, packed), segments.clone());
            if swapped == 0 || !put(connection, &ready, &mut spans::Names::default())? {
                return Err(StoreError::Overtaken);
            }
            put_text(connection, &ready)?;
            run(
                connection,
                "DELETE FROM conflicts WHERE conversation = ?1 AND content_hash = ?2",
                &[&id, &exchange.aside.content_hash],
            )?;
        }
        // The same steps with other scores are the same question.
        let hash = exchange.aside.transcript_hash.as_str();
        run(
            connection,
            "UPDATE conflicts SET settled = 1 WHERE conversation = ?1 AND transcript_hash = ?2",
            &[&id, &hash],
        )?;
        Ok(())
    }
}

/// Keeps a text that differs from the stored one of the same identity; once, however often it comes, and not again where
/// a person has kept another one instead.
pub(super) fn set_aside(
    connection: &Connection,
    conversation: &Conversation,
    hash: &ContentHash,
    packed: &Packed,
) -> Result<(), StoreError> {
    let whole = conversation.spans.iter().all(|span| span.attributes.contains_key(SYNTHESISED));
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO conflicts (conversation, content_hash, transcript_hash, dictionary, length, data, whole)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS
                 (SELECT 1 FROM conflicts WHERE conversation = ?1 AND transcript_hash = ?3 AND settled)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                conversation.id.as_str(),
                hash,
                conversation.transcript_hash().as_str(),
                packed.dictionary,
                packed.length as i64,
                packed.data,
                whole,
            ])
        })
        .map_err(raw)?;
    Ok(())
}

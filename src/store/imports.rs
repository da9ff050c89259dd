//! Which imports there were, and what part of their input they took.
//!
//! Invariant: one row per import that stored something, and per batch of what was received; none is ever changed.

use super::{Store, StoreError, json, run};
use crate::model::conversation::Conversation;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::time::Timestamp;

/// An import that stored something.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRecord {
    /// When it began.
    pub at: Timestamp,
    /// The paths as they were given.
    pub paths: Vec<String>,
    /// The share of conversations that was asked for; `None` for all.
    pub fraction: Option<f64>,
    /// The filter that conversations had to pass; `None` for none.
    pub condition: Option<String>,
    /// Records that were stored.
    pub imported: u64,
}

/// A stored conversation that is the same as one that came, but for its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its id.
    pub id: ConversationId,
    /// The source it is stored under.
    pub source: String,
}

/// When a conversation `c` came, which is the time of the first import that was over once it was there.
pub(super) const CAME: &str = "(SELECT i.at FROM imports i WHERE i.last_key >= c.key ORDER BY i.key LIMIT 1)";

impl Store {
    /// How many conversations with larger keys have no date of their own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn undated_after(&self, key: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM conversations WHERE key > ?1 AND started_at IS NULL";
        let found: Vec<i64> = self.rows(sql, &[&key], |row| row.get(0))?;
        Ok(found.first().copied().unwrap_or_default().unsigned_abs())
    }

    /// The conversation that has this one's external id and transcript under another source: the oldest.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn twin(&self, conversation: &Conversation, hash: &TranscriptHash) -> Result<Option<Twin>, StoreError> {
        let sql = "SELECT id, source FROM conversations
                    WHERE external_id = ?1 AND transcript_hash = ?2 AND source <> ?3 ORDER BY key LIMIT 1";
        let wanted: [&dyn rusqlite::ToSql; 3] =
            [&conversation.external_id.exact(), &hash.as_str(), &conversation.source.exact()];
        let found = self.rows(sql, &wanted, |row| {
            Ok(Twin { id: ConversationId::from_stored(row.get::<_, String>(0)?), source: row.get(1)? })
        })?;
        Ok(found.into_iter().next())
    }

    /// Remembers an import.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn record_import(&mut self, import: &ImportRecord) -> Result<(), StoreError> {
        let paths = json(&import.paths)?;
        let imported = i64::try_from(import.imported).unwrap_or(i64::MAX);
        self.write(|transaction| {
            let sql = "INSERT INTO imports (at, paths, fraction, condition, imported, last_key, lamport)
                       VALUES (?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(key), 0) FROM conversations),
                               (SELECT coalesce(max(lamport), 0) FROM events))";
            run(transaction, sql, &[&import.at.0, &paths, &import.fraction, &import.condition, &imported])?;
            Ok(())
        })
    }

    /// Makes a batch of what was received, once at least that many conversations came since the last import or batch.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn close_batch(&mut self, at: Timestamp, least: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO imports (at, paths, imported, last_key, lamport)
                   SELECT ?1, '[]', came, last, (SELECT coalesce(max(lamport), 0) FROM events)
                     FROM (SELECT count(*) AS came, coalesce(max(key), 0) AS last FROM conversations
                            WHERE key > (SELECT coalesce(max(last_key), 0) FROM imports))
                    WHERE came >= ?2";
        let least = i64::try_from(least.max(1)).unwrap_or(i64::MAX);
        self.write(|transaction| run(transaction, sql, &[&at.0, &least]).map(|_| ()))
    }
}

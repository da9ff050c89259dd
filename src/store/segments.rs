//! Segments as rows: what the workspace's rules say of a conversation, and how often each value occurs.
//!
//! Invariant: the payload keeps what the import found; only rows and full text follow the rules, so that they can be
//! applied again at any time and nothing is lost by a rule that was wrong.

use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, raw, run, search};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::segments::{Segment, SegmentRules};
use crate::model::summary::Segments;

/// Where the database remembers which rules its rows follow.
const APPLIED: &str = "segments";

/// Conversations changed in one transaction: a label waits for no more than one of them.
const BATCH: usize = 100;

/// How often a value of a segment occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentCount {
    /// The value; `None` for conversations of which it is not known.
    pub value: Option<String>,
    /// Conversations.
    pub conversations: u64,
}

/// A row that is to follow the rules.
struct Change {
    key: i64,
    segments: Segments,
    document: String,
}

impl Store {
    /// Lets everything that is stored from now on follow these rules.
    pub fn follow_segments(&mut self, rules: Arc<SegmentRules>) {
        self.segment_rules = rules;
    }

    /// What the rules say of a conversation as its import left it.
    pub(super) fn segments_of(&self, conversation: &Conversation) -> Segments {
        if self.segment_rules.is_empty() { conversation.segments.clone() } else { self.segment_rules.of(conversation) }
    }

    /// What identifies the rules that were last applied to all rows; `None` where none were.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn segments_applied(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        self.sql(self.connection.query_row(sql, [APPLIED], |row| row.get(0)).optional())
    }

    /// Remembers that all rows follow the rules that `mark` identifies.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_segments_applied(&mut self, mark: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
        self.write(|transaction| run(transaction, sql, &[&APPLIED, &mark]).map(|_| ()))
    }

    /// Makes the rows of the next conversations after `after` follow the rules, and answers the last one's key, how many
    /// were looked at and how many changed; `None` behind the last one.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub fn apply_segments(&mut self, after: i64) -> Result<Option<(i64, u64, u64)>, StoreError> {
        let sql = "SELECT key, id, intent, channel, tier, language, agent_version, handled_by FROM conversations
                    WHERE key > ?1 ORDER BY key LIMIT ?2";
        let rows: Vec<(i64, ConversationId, Segments)> = self.rows(sql, &[&after, &(BATCH as i64)], |row| {
            Ok((row.get(0)?, ConversationId::from_stored(row.get::<_, String>(1)?), read(row, 2)?))
        })?;
        let Some((last, _, _)) = rows.last() else { return Ok(None) };
        let (last, looked) = (*last, rows.len() as u64);
        let mut changes = Vec::new();
        for (key, id, known) in rows {
            let Some(stored) = self.stored(&id)? else { continue };
            let segments = self.segments_of(&stored.conversation);
            if segments != known {
                let document = search::document(&stored.conversation, &segments);
                changes.push(Change { key, segments, document });
            }
        }
        let changed = changes.len() as u64;
        if changed > 0 {
            self.write(|transaction| {
                for change in &changes {
                    change.store(transaction)?;
                }
                Ok(())
            })?;
        }
        Ok(Some((last, looked, changed)))
    }

    /// How often each value of a segment occurs, the most frequent first, those that are not known last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn segment_counts(&self, segment: Segment) -> Result<Vec<SegmentCount>, StoreError> {
        let column = segment.word();
        // The name of a column of ours.
        let sql = format!(
            "SELECT {column}, count(*) FROM conversations GROUP BY 1 ORDER BY {column} IS NULL, count(*) DESC, {column}"
        );
        self.rows(&sql, &[], |row| {
            Ok(SegmentCount { value: row.get(0)?, conversations: row.get::<_, i64>(1)?.unsigned_abs() })
        })
    }
}

impl Change {
    fn store(&self, connection: &rusqlite::Connection) -> Result<(), StoreError> {
        let text = |segment| self.segments.of(segment).map(crate::text::Untrusted::exact);
        connection
            .prepare_cached(
                "UPDATE conversations SET intent = ?2, channel = ?3, tier = ?4, language = ?5, agent_version = ?6,
                     handled_by = ?7 WHERE key = ?1",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    self.key,
                    text(Segment::Intent),
                    text(Segment::Channel),
                    text(Segment::Tier),
                    text(Segment::Language),
                    text(Segment::AgentVersion),
                    text(Segment::HandledBy),
                ])
            })
            .map_err(raw)?;
        run(connection, "DELETE FROM conversation_text WHERE rowid = ?1", &[&self.key])?;
        let sql = "INSERT INTO conversation_text (rowid, body) VALUES (?1, ?2)";
        run(connection, sql, &[&self.key, &self.document])?;
        Ok(())
    }
}

/// The six columns from `first` on.
pub(super) fn read(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Segments> {
    let text = |at: usize| row.get::<_, Option<String>>(first + at).map(|text| text.map(Into::into));
    Ok(Segments {
        intent: text(0)?,
        channel: text(1)?,
        tier: text(2)?,
        language: text(3)?,
        agent_version: text(4)?,
        handled_by: text(5)?,
    })
}

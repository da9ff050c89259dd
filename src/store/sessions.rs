//! Sessions and decisions, read from the log.
//!
//! Invariant: there is no table of them; whatever the log says is folded anew when somebody asks.

use std::collections::HashSet;

use rusqlite::params;

use super::events::Log;
use super::{Store, StoreError};
use crate::model::event::Event;
use crate::model::id::ConversationId;
use crate::model::label::undone_groups;
use crate::model::session::{Book, Mark};

impl Log<'_> {
    /// All sessions and decisions.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn book(&self) -> Result<Book, StoreError> {
        let changes = self.query("SELECT line FROM events WHERE kind IN ('session', 'decision')", [])?;
        if changes.is_empty() {
            return Ok(Book::default());
        }
        let undos = self.query("SELECT line FROM events WHERE kind = 'undo'", [])?;
        let events: Vec<&Event> = changes.iter().chain(&undos).collect();
        Ok(Book::replay(&events, &undone_groups(&events)))
    }

    /// All events that may lie between two places, in order, and whatever was undone at any time: within one journal its
    /// order counts, between journals the time. What of them does is for the asker to tell.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn between(&self, from: &Mark, until: Option<&Mark>) -> Result<Vec<Event>, StoreError> {
        self.query(
            "SELECT line FROM events
              WHERE ((reviewer = ?1 AND device = ?2 AND seq > ?3) OR at >= ?4)
                AND (?5 IS NULL OR (reviewer = ?5 AND device = ?6 AND seq <= ?7) OR at <= ?8)
                 OR kind = 'undo'
              ORDER BY lamport, reviewer, device, seq",
            params![
                from.by,
                from.device,
                i64::try_from(from.seq).unwrap_or(i64::MAX),
                from.at.0,
                until.map(|until| &until.by),
                until.map(|until| &until.device),
                until.map(|until| i64::try_from(until.seq).unwrap_or(i64::MAX)),
                until.map(|until| until.at.0),
            ],
        )
    }
}

impl Store {
    /// All sessions and decisions.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn book(&self) -> Result<Book, StoreError> {
        self.log().book()
    }

    /// The conversations that began after this, or that were imported after it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn new_since(&self, mark: &Mark) -> Result<HashSet<ConversationId>, StoreError> {
        let lamport = i64::try_from(mark.lamport).unwrap_or(i64::MAX);
        // An import remembers the clock of the log as it was then; the last one before decides what was there already.
        let sql = "SELECT id FROM conversations
                    WHERE started_at >= ?1
                       OR (EXISTS (SELECT 1 FROM imports WHERE lamport >= ?2)
                           AND key > (SELECT coalesce(max(last_key), 0) FROM imports WHERE lamport < ?2))";
        let ids = self.rows(sql, &[&mark.at.0, &lamport], |row| row.get::<_, String>(0))?;
        Ok(ids.into_iter().map(ConversationId::from_stored).collect())
    }
}

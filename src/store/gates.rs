//! Runs that a gate brought into the workspace: copies to look at, which no pool holds unless somebody asks for them.
//!
//! Invariant: this is the one place that says which conversations they are; a source that only begins like theirs is none.

use std::collections::HashSet;

use super::conversations::ContentHash;
use super::{Store, StoreError};
use crate::model::id::ConversationId;

/// Their keys. Few rows, found by the index of the source.
pub(super) const KEYS: &str = "SELECT key FROM conversations WHERE source >= 'gate-' AND source < 'gate.' \
                               AND attributes ->> '$.gate_report' IS NOT NULL";

/// A run that a gate brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRun {
    /// Its id.
    pub id: ConversationId,
    /// Of what is stored of it.
    pub content_hash: ContentHash,
    /// The cases it broke: a dataset's version, or a file.
    pub cases: String,
    /// Which report says so.
    pub report: String,
    /// True where somebody said something of it.
    pub judged: bool,
}

impl Store {
    /// Every run that a gate brought, by id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn gate_runs(&self) -> Result<Vec<GateRun>, StoreError> {
        let sql = format!(
            "SELECT id, content_hash, coalesce(attributes ->> '$.gate', ''), attributes ->> '$.gate_report',
                    EXISTS (SELECT 1 FROM events e WHERE e.conversation = conversations.id)
               FROM conversations WHERE key IN ({KEYS}) ORDER BY id"
        );
        self.rows(&sql, &[], |row| {
            Ok(GateRun {
                id: ConversationId::from_stored(row.get::<_, String>(0)?),
                content_hash: row.get(1)?,
                cases: row.get(2)?,
                report: row.get(3)?,
                judged: row.get(4)?,
            })
        })
    }

    /// Their ids alone.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn gate_run_ids(&self) -> Result<HashSet<ConversationId>, StoreError> {
        Ok(self.gate_runs()?.into_iter().map(|run| run.id).collect())
    }
}

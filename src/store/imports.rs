//! Which imports there were, and what part of their input they took.
//!
//! Invariant: one row per import that stored something, and per batch of what was received; none is ever changed.

use super::{Store, StoreError, json, run};
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

/// When a conversation `c` came, which is the time of the first import that was over once it was there.
pub(super) const CAME: &str = "(SELECT i.at FROM imports i WHERE i.last_key >= c.key ORDER BY i.key LIMIT 1)";

impl Store {
    /// How many conversations there are, and how many of them have no date of their own.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn undated(&self) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT count(*), count(*) - count(started_at) FROM conversations";
        let found: Vec<(i64, i64)> = self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (all, undated) = found.first().copied().unwrap_or_default();
        Ok((all.unsigned_abs(), undated.unsigned_abs()))
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

//! Which imports there were, and what part of their input they took.
//!
//! Invariant: one row per import that stored something.

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

/// When, where from, which part by share and by filter, how many.
type Row = (i64, String, Option<f64>, Option<String>, i64);

impl Store {
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

    /// All imports that stored something, in order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn imports(&self) -> Result<Vec<ImportRecord>, StoreError> {
        let sql = "SELECT at, paths, fraction, condition, imported FROM imports ORDER BY key";
        let rows: Vec<Row> =
            self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        rows.into_iter()
            .map(|(at, paths, fraction, condition, imported)| {
                let paths = serde_json::from_str(&paths)?;
                Ok(ImportRecord { at: Timestamp(at), paths, fraction, condition, imported: imported.unsigned_abs() })
            })
            .collect()
    }
}

//! Records whose subject has not arrived yet: kept until it does, so that the order of files does not matter.
//!
//! Invariant: a record is kept once, however often it comes.

use rusqlite::Connection;

use super::{Store, StoreError, run};

/// A record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What it waits for; whoever stores that asks for this name.
    pub target: String,
    /// The record, in the form its owner reads back.
    pub record: String,
}

impl Store {
    /// The records that wait for `target`, with their keys, in order of arrival.
    pub fn pending(&self, target: &str) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT key, record FROM pending WHERE target = ?1 ORDER BY key";
        self.rows(sql, &[&target], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// True where this very record waits already.
    pub fn is_pending(&self, pending: &Pending) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM pending WHERE hash = ?1";
        Ok(!self.rows(sql, &[&hash(pending)], |_| Ok(()))?.is_empty())
    }

    /// How many records wait.
    pub fn pending_count(&self) -> Result<u64, StoreError> {
        let count: i64 = self.sql(self.connection.query_row("SELECT count(*) FROM pending", [], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }
}

fn hash(pending: &Pending) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(pending.target.len() as u64).to_le_bytes());
    hasher.update(pending.target.as_bytes());
    hasher.update(pending.record.as_bytes());
    *hasher.finalize().as_bytes()
}

/// Keeps records.
pub fn store(transaction: &Connection, records: &[Pending]) -> Result<(), StoreError> {
    for pending in records {
        run(
            transaction,
            "INSERT OR IGNORE INTO pending (hash, target, record) VALUES (?1, ?2, ?3)",
            &[&hash(pending), &pending.target, &pending.record],
        )?;
    }
    Ok(())
}

/// Forgets records that have found their subject.
pub fn forget(transaction: &Connection, keys: &[i64]) -> Result<(), StoreError> {
    for key in keys {
        run(transaction, "DELETE FROM pending WHERE key = ?1", &[key])?;
    }
    Ok(())
}

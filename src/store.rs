//! What must last: the SQLite database of a workspace.
//!
//! Invariant: nothing outside this module names the SQLite library, and no file that is not ours, or newer than this
//! program, or damaged, is ever written to.

mod conversations;
mod dictionary;
mod error;
pub mod events;
pub mod journal;
mod migrate;
mod open;
mod payload;
mod pending;
mod projection;
mod query;
mod scores;
mod search;
mod spans;
mod summaries;

use std::path::{Path, PathBuf};

use rusqlite::types::ToSql;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;

pub use conversations::{Applied, Changes, ContentHash, Put, Stored};
pub use error::{ErrorClass, StoreError};
pub use migrate::Depth;
pub use open::{Access, FILE_NAME};
pub use pending::Pending;
pub use query::Asker;
pub use scores::Evaluator;
pub use summaries::Totals;

/// An open database: one connection, for one thread at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    access: Access,
    connection: Connection,
    dictionaries: dictionary::Dictionaries,
    names: spans::Names,
}

/// Stops a running query of the store it came from, from another thread.
pub struct Interrupter(rusqlite::InterruptHandle);

impl Interrupter {
    /// Makes the running query, if there is one, end with [`StoreError::Interrupted`].
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl Store {
    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it was opened.
    pub fn access(&self) -> Access {
        self.access
    }

    /// A handle that stops this store's running query from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.connection.get_interrupt_handle())
    }

    /// Runs `work` in one write transaction: all of it is committed and synced when this returns `Ok`, or none of it.
    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let path = &self.path;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::from_sqlite(path, error))?;
        let value = work(&transaction).map_err(|error| error.at(path))?;
        transaction.commit().map_err(|error| StoreError::from_sqlite(path, error))?;
        Ok(value)
    }

    fn damaged(&self, detail: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), detail }
    }

    fn io(&self, error: std::io::Error) -> StoreError {
        StoreError::from_io(&self.path, error)
    }

    /// Names this database in an answer of SQLite.
    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::from_sqlite(&self.path, error))
    }
}

/// Takes an answer of SQLite as it is, until [`Store::write`] names the file.
fn raw(source: rusqlite::Error) -> StoreError {
    StoreError::Sqlite { path: PathBuf::new(), source }
}

/// Runs one statement.
fn run(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<usize, StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(parameters)).map_err(raw)
}

/// A plain value as JSON text.
fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

#[cfg(test)]
impl Store {
    /// Every row of every table as text, but for compressed bytes; for tests that compare databases.
    pub fn sizes(&self) -> String {
        let sql = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC";
        self.rows(sql, &[], |row| Ok(format!("{:>12} {}", row.get::<_, i64>(1)?, row.get::<_, String>(0)?)))
            .unwrap()
            .join("\n")
    }
    pub fn dump(&self) -> Vec<String> {
        let tables: Vec<String> = self
            .rows(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'conversation_text%' ORDER BY name",
                &[],
                |row| row.get(0),
            )
            .unwrap();
        let mut dump = Vec::new();
        for table in tables {
            let columns = if table == "payloads" { "conversation, length" } else { "*" };
            let rows = self.rows(&format!("SELECT {columns} FROM {table}"), &[], |row| {
                let columns = 0..row.as_ref().column_count();
                columns
                    .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
                    .collect::<rusqlite::Result<Vec<_>>>()
            });
            dump.extend(rows.unwrap().into_iter().map(|row| format!("{table} {row:?}")));
        }
        dump
    }
}

#[cfg(test)]
mod tests;

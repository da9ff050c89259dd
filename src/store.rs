//! What must last: the SQLite database of a workspace.
//!
//! Invariant: nothing outside this module names the SQLite library, and no file that is not ours, or newer than this
//! program, or damaged, is ever written to.

mod calibrations;
mod claims;
mod conflicts;
mod contacts;
mod conversations;
mod covers;
mod datasets;
mod dictionary;
mod error;
mod evaluations;
pub mod events;
mod facts;
mod foreign;
mod gates;
mod imports;
pub mod journal;
mod judgements;
mod measure;
mod migrate;
mod open;
mod payload;
mod pending;
mod projection;
mod query;
mod queues;
mod scores;
mod search;
mod segments;
mod sessions;
mod signals;
mod spans;
mod summaries;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::ToSql;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde::Serialize;

use crate::model::segments::SegmentRules;

pub use calibrations::{Calibrated, Revealed};
pub use conflicts::{Exchange, SetAside};
pub use contacts::Contact;
pub use conversations::{Applied, Changes, ContentHash, Encoded, Put, Stored, Unread};
pub use covers::Covered;
pub use error::{ErrorClass, StoreError};
pub use evaluations::{Evaluated, Lesson, Weighed};
pub use facts::{KeptFact, Opening, Slot};
pub use foreign::{ForeignColumn, ForeignDatabase, ForeignError, ForeignTable, Selection, is_sqlite};
pub use gates::GateRun;
pub use imports::{ImportRecord, Twin};
pub use judgements::{Judgement, SaidOf};
pub use measure::{Measured, Opinions, SEGMENTS};
pub use migrate::Depth;
pub use open::{Access, FILE_NAME};
pub use pending::Pending;
pub use query::Asker;
pub use queues::{Arrival, Judged, News, ReadTo, StoredQueue};
pub use scores::Evaluator;
pub use search::{FoundOrder, Search};
pub use segments::SegmentCount;
pub use signals::{ALL_KEYS, BriefScore, Signal, ToolUse};
pub use summaries::Totals;

/// An open database: one connection, for one thread at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    access: Access,
    connection: Connection,
    dictionaries: dictionary::Dictionaries,
    names: spans::Names,
    segment_rules: Arc<SegmentRules>,
    covers: RefCell<Option<covers::Kept>>,
    /// Events appended through this connection.
    appended: i64,
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
mod tests;

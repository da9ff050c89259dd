//! What must last: the SQLite database of a workspace.
//!
//! Invariant: nothing outside this module names the SQLite library, and no file that is not ours, or newer than this
//! program, or damaged, is ever written to.

mod error;
pub mod events;
pub mod journal;
mod migrate;
mod open;
mod payload;
mod projection;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use error::{ErrorClass, StoreError};
pub use open::{Access, FILE_NAME};

/// An open database: one connection, for one thread at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    access: Access,
    connection: Connection,
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
        let value = work(&transaction)?;
        transaction.commit().map_err(|error| StoreError::from_sqlite(path, error))?;
        Ok(value)
    }

    /// Names this database in an answer of SQLite.
    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::from_sqlite(&self.path, error))
    }
}

#[cfg(test)]
mod tests;

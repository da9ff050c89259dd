//! The compression dictionaries of a database: trained once, kept for ever, loaded when first needed.
//!
//! Invariant: a payload can be read as long as the row of its dictionary is there, and no such row is ever changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::OptionalExtension as _;

use super::payload::{self, Compressor, Decompressor};
use super::{Store, StoreError};

/// So many payloads are worth a dictionary.
const ENOUGH: usize = 64;

/// What has been loaded so far.
#[derive(Default)]
pub struct Dictionaries {
    /// The dictionary for new payloads and the compressor made of it.
    writing: Option<(Option<i64>, Compressor)>,
    reading: RefCell<HashMap<Option<i64>, Decompressor>>,
}

impl std::fmt::Debug for Dictionaries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dictionaries").field("loaded", &self.reading.borrow().len()).finish_non_exhaustive()
    }
}

/// A payload as it is stored.
#[derive(Debug)]
pub struct Packed {
    /// The dictionary it needs.
    pub dictionary: Option<i64>,
    /// Its length before compression.
    pub length: usize,
    /// Compressed.
    pub data: Vec<u8>,
}

impl Store {
    /// Compresses payloads; the first large batch of a database trains the dictionary.
    pub(super) fn pack(&mut self, payloads: &[&[u8]]) -> Result<Vec<Packed>, StoreError> {
        let missing = matches!(self.dictionaries.writing, None | Some((None, _)));
        if missing && !payloads.is_empty() {
            let mut key: Option<i64> = self.sql(
                self.connection
                    .query_row("SELECT key FROM dictionaries ORDER BY key DESC LIMIT 1", [], |row| row.get(0))
                    .optional(),
            )?;
            if key.is_none()
                && payloads.len() >= ENOUGH
                && let Some(data) = payload::train(payloads)
            {
                key = self.write(|transaction| {
                    super::run(transaction, "INSERT INTO dictionaries (data) VALUES (?1)", &[&data])?;
                    Ok(Some(transaction.last_insert_rowid()))
                })?;
            }
            if key.is_some() || self.dictionaries.writing.is_none() {
                let data = key.map(|key| self.dictionary(key)).transpose()?;
                let compressor = Compressor::new(data.as_deref()).map_err(|error| self.io(error))?;
                self.dictionaries.writing = Some((key, compressor));
            }
        }
        let Some((dictionary, compressor)) = &mut self.dictionaries.writing else { return Ok(Vec::new()) };
        let packed = payloads
            .iter()
            .map(|payload| {
                let data = compressor.compress(payload)?;
                Ok(Packed { dictionary: *dictionary, length: payload.len(), data })
            })
            .collect::<std::io::Result<_>>();
        packed.map_err(|error| self.io(error))
    }

    /// The payload within `packed`.
    pub(super) fn unpack(&self, packed: &Packed) -> Result<Vec<u8>, StoreError> {
        let damaged = |error: payload::Unreadable| self.damaged(error.to_string());
        let mut reading = self.dictionaries.reading.borrow_mut();
        let decompressor = match reading.entry(packed.dictionary) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let data = packed.dictionary.map(|key| self.dictionary(key)).transpose()?;
                vacant.insert(Decompressor::new(data.as_deref()).map_err(damaged)?)
            }
        };
        decompressor.decompress(&packed.data, packed.length).map_err(damaged)
    }

    fn dictionary(&self, key: i64) -> Result<Vec<u8>, StoreError> {
        self.sql(self.connection.query_row("SELECT data FROM dictionaries WHERE key = ?1", [key], |row| row.get(0)))
    }
}

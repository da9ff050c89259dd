//! Facts told apart from conversations: kept by what they are about, and found again when that arrives.
//!
//! Invariant: one place holds one fact; storing the same fact again changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::spans::id_bytes;
use super::{Store, StoreError, run};
use crate::model::id::{ConversationId, hex};

/// Where a fact is kept; a later one in the same place replaces it.
pub type Slot = [u8; 32];

/// A fact as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFact {
    /// Its place.
    pub slot: Slot,
    /// What it is about; whoever stores that asks for this name.
    pub target: String,
    /// The fact, in the form its owner reads back.
    pub record: String,
}

/// How a conversation begins, for facts that know no id of it.
pub struct Opening {
    /// Which one.
    pub id: ConversationId,
    /// Its attribute `task_id`, as text.
    pub task: Option<String>,
    /// The beginning of the first customer message.
    pub first_message: String,
}

impl Store {
    /// True where there is any fact whose target begins like this.
    pub fn has_facts(&self, beginning: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM facts WHERE target >= ?1 AND target < ?1 || char(0x10FFFF))";
        self.sql(
            self.connection.prepare_cached(sql).and_then(|mut asked| asked.query_row([beginning], |row| row.get(0))),
        )
    }

    /// The record in a place, and the conversation that has it.
    pub fn fact(&self, slot: &Slot) -> Result<Option<(String, Option<ConversationId>)>, StoreError> {
        let sql = "SELECT record, conversation FROM facts WHERE slot = ?1";
        let asked = self.connection.prepare_cached(sql).and_then(|mut asked| {
            asked
                .query_row([slot], |row| {
                    let id: Option<String> = row.get(1)?;
                    Ok((row.get(0)?, id.map(ConversationId::from_stored)))
                })
                .optional()
        });
        self.sql(asked)
    }

    /// The facts about any of these names, by place.
    pub fn facts_of(&self, targets: &BTreeSet<String>) -> Result<Vec<KeptFact>, StoreError> {
        let sql = "SELECT slot, record FROM facts WHERE target = ?1";
        let mut facts = Vec::new();
        for target in targets {
            facts.extend(self.rows(sql, &[target], |row| {
                Ok(KeptFact { slot: row.get(0)?, target: target.clone(), record: row.get(1)? })
            })?);
        }
        facts.sort_by_key(|fact| fact.slot);
        Ok(facts)
    }

    /// How many facts no conversation has.
    pub fn unmatched_facts(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM facts WHERE conversation IS NULL";
        let count: i64 = self.sql(self.connection.query_row(sql, [], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// The conversations that go by this name: their id, the name in their source, or an id they had before.
    pub fn conversations_named(&self, name: &str) -> Result<Vec<ConversationId>, StoreError> {
        self.rows(
            "SELECT id FROM conversations WHERE id = ?1 OR external_id = ?1
              UNION SELECT conversation FROM aliases WHERE id = ?1 ORDER BY 1",
            &[&name],
            |row| Ok(ConversationId::from_stored(row.get::<_, String>(0)?)),
        )
    }

    /// The ids a conversation had before.
    pub fn former_ids(&self, id: &ConversationId) -> Result<Vec<String>, StoreError> {
        self.rows("SELECT id FROM aliases WHERE conversation = ?1 ORDER BY id", &[&id.as_str()], |row| row.get(0))
    }

    /// The conversations that hold spans of these ids, whatever their trace. It looks at all spans once.
    pub fn conversations_of_spans(
        &self,
        wanted: &HashSet<String>,
    ) -> Result<HashMap<String, Vec<ConversationId>>, StoreError> {
        let wanted: HashSet<Vec<u8>> = wanted.iter().map(|id| id_bytes(id)).collect();
        let mut found: HashMap<String, Vec<ConversationId>> = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let sql = "SELECT s.span_id, s.conversation FROM spans s";
        let mut keys: Vec<(String, i64)> = Vec::new();
        {
            let mut statement = self.sql(self.connection.prepare_cached(sql))?;
            let mut rows = self.sql(statement.query([]))?;
            while let Some(row) = self.sql(rows.next())? {
                let span = self.sql(row.get_ref(0))?.as_blob().unwrap_or_default();
                if wanted.contains(span) {
                    keys.push((hex(span), self.sql(row.get(1))?));
                }
            }
        }
        for (span, key) in keys {
            let sql = "SELECT id FROM conversations WHERE key = ?1";
            let ids = self.rows(sql, &[&key], |row| Ok(ConversationId::from_stored(row.get::<_, String>(0)?)))?;
            found.entry(span).or_default().extend(ids);
        }
        Ok(found)
    }

    /// What the systems of record say came of each conversation, by name; those without outcomes are left out.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn outcomes(&self) -> Result<BTreeMap<ConversationId, BTreeMap<String, Value>>, StoreError> {
        let sql = "SELECT id, outcomes FROM conversations WHERE outcomes <> '{}'";
        let rows: Vec<(String, String)> = self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let read =
            |(id, outcomes): (String, String)| Ok((ConversationId::from_stored(id), serde_json::from_str(&outcomes)?));
        rows.into_iter().map(read).collect()
    }

    /// Tells how every conversation begins.
    pub fn openings(&self, each: &mut dyn FnMut(Opening)) -> Result<(), StoreError> {
        let sql = "SELECT id, CAST(json_extract(attributes, '$.task_id') AS TEXT), first_message FROM conversations";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([]))?;
        while let Some(row) = self.sql(rows.next())? {
            each(Opening {
                id: ConversationId::from_stored(self.sql(row.get::<_, String>(0))?),
                task: self.sql(row.get(1))?,
                first_message: self.sql(row.get(2))?,
            });
        }
        Ok(())
    }
}

/// Keeps facts; those that are new or changed belong to no conversation yet.
pub(super) fn keep(transaction: &Connection, facts: &[KeptFact]) -> Result<(), StoreError> {
    for fact in facts {
        run(
            transaction,
            "INSERT INTO facts (slot, target, record) VALUES (?1, ?2, ?3)
             ON CONFLICT (slot) DO UPDATE SET target = ?2, record = ?3, conversation = NULL WHERE record <> ?3",
            &[&fact.slot, &fact.target, &fact.record],
        )?;
    }
    Ok(())
}

/// Marks facts that conversations have.
pub(super) fn mark(transaction: &Connection, matched: &[(Slot, ConversationId)]) -> Result<(), StoreError> {
    for (slot, id) in matched {
        let sql = "UPDATE facts SET conversation = ?2 WHERE slot = ?1 AND conversation IS NULL";
        run(transaction, sql, &[slot, &id.as_str()])?;
    }
    Ok(())
}

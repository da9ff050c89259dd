//! What statistics are computed from: every conversation with its segments, and every value of every evaluator.
//!
//! Invariant: two passes over the tables, whatever is asked; no transcript is read.

use std::collections::HashMap;

use super::scores::Evaluator;
use super::{Store, StoreError};
use crate::model::id::ConversationId;

/// One conversation, as far as statistics go.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its key; keys rise with the order of arrival.
    pub key: i64,
    /// Its id.
    pub id: ConversationId,
    /// Its name in its source.
    pub external_id: String,
    /// Intent, channel, tier, language, agent version, handler.
    pub segments: [Option<String>; 6],
    /// What came of it, as a JSON object.
    pub outcomes: String,
    /// Other attributes, as a JSON object.
    pub attributes: String,
    /// P(fail) of the built-in evaluators, where it is of the content as it is now.
    pub p_fail: Option<f64>,
}

/// The names of [`Measured::segments`].
pub const SEGMENTS: [&str; 6] = ["intent", "channel", "tier", "language", "agent_version", "handled_by"];

/// What one evaluator said.
#[derive(Debug, Clone)]
pub struct Opinions {
    /// What is known of it.
    pub evaluator: Evaluator,
    /// Conversation, value, its own pass or fail.
    pub said: Vec<(i64, Option<f64>, Option<bool>)>,
}

impl Store {
    /// Every conversation, by key.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn measured(&self) -> Result<Vec<Measured>, StoreError> {
        let sql = "SELECT c.key, c.id, c.external_id, c.intent, c.channel, c.tier, c.language, c.agent_version,
                          c.handled_by, c.outcomes, c.attributes, e.p_fail
                     FROM conversations c
                     LEFT JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
                    ORDER BY c.key";
        self.rows(sql, &[], |row| {
            let segment = |at: usize| row.get::<_, Option<String>>(at);
            Ok(Measured {
                key: row.get(0)?,
                id: ConversationId::from_stored(row.get::<_, String>(1)?),
                external_id: row.get(2)?,
                segments: [segment(3)?, segment(4)?, segment(5)?, segment(6)?, segment(7)?, segment(8)?],
                outcomes: row.get(9)?,
                attributes: row.get(10)?,
                p_fail: row.get(11)?,
            })
        })
    }

    /// What each evaluator said, by its name; abstentions left out. A conversation may come up more than once.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn opinions(&self) -> Result<Vec<Opinions>, StoreError> {
        let mut by_key: HashMap<i64, Opinions> = self
            .evaluators()?
            .into_iter()
            .map(|(key, evaluator)| (key, Opinions { evaluator, said: Vec::new() }))
            .collect();
        let sql =
            "SELECT evaluator, conversation, value, passed FROM scores WHERE value IS NOT NULL OR passed IS NOT NULL";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([]))?;
        while let Some(row) = self.sql(rows.next())? {
            if let Some(opinions) = by_key.get_mut(&self.sql(row.get::<_, i64>(0))?) {
                let said = (self.sql(row.get(1))?, self.sql(row.get(2))?, self.sql(row.get(3))?);
                opinions.said.push(said);
            }
        }
        let mut all: Vec<Opinions> = by_key.into_values().filter(|one| !one.said.is_empty()).collect();
        all.sort_by(|a, b| a.evaluator.name.cmp(&b.evaluator.name));
        Ok(all)
    }
}

//! Reading what an order is made of, for many conversations at once: numbers, scores, calls; no transcript is opened.
//!
//! Invariant: rows come by the key of their conversation, so that what is read apart can be put together in one pass.

use std::ops::RangeInclusive;

use super::scores::Evaluator;
use super::{Store, StoreError};
use crate::model::id::ConversationId;

/// What is known of a conversation without its transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its key.
    pub key: i64,
    /// Its id.
    pub id: ConversationId,
    /// What the customer wanted.
    pub intent: Option<String>,
    /// The task it was a trial of.
    pub task: Option<String>,
    /// How often it was flagged.
    pub flags: u32,
    /// What the system of record says came of it, as a JSON object.
    pub outcomes: String,
    /// The numbers of the built-in evaluators, as JSON; `None` where they did not look at it as it is now.
    pub features: Option<String>,
}

/// How a conversation used a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolUse<'a> {
    /// The key of the conversation.
    pub conversation: i64,
    /// The tool.
    pub tool: &'a str,
    /// Calls.
    pub calls: u32,
    /// Calls that failed.
    pub failed: u32,
}

/// A score in brief.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BriefScore {
    /// The key of its conversation.
    pub conversation: i64,
    /// The key of its evaluator.
    pub evaluator: i64,
    /// The value.
    pub value: Option<f64>,
    /// The evaluator's own pass or fail.
    pub passed: Option<bool>,
    /// How sure it was.
    pub confidence: Option<f64>,
}

/// The keys of all conversations.
pub const ALL_KEYS: RangeInclusive<i64> = i64::MIN..=i64::MAX;

impl Store {
    /// The conversations whose keys lie in a range, by key. What came last has the largest keys, so that reading a week of
    /// a large workspace costs a week.
    pub fn signals(&self, keys: &RangeInclusive<i64>) -> Result<Vec<Signal>, StoreError> {
        let sql = "SELECT c.key, c.id, c.intent,
                          coalesce(c.attributes ->> '$.task_id', c.attributes ->> '$.\"task.id\"',
                                   c.attributes ->> '$.taskId', c.attributes ->> '$.scenario_id'),
                          CASE json_type(c.attributes, '$.flags') WHEN 'array'
                               THEN json_array_length(c.attributes, '$.flags')
                               ELSE coalesce(c.attributes ->> '$.flagged' = 1, 0) END,
                          c.outcomes, e.features
                     FROM conversations c
                     LEFT JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
                    WHERE c.key BETWEEN ?1 AND ?2 ORDER BY c.key";
        self.rows(sql, &[keys.start(), keys.end()], |row| {
            let task: Option<rusqlite::types::Value> = row.get(3)?;
            let task = task.and_then(|value| match value {
                rusqlite::types::Value::Text(text) => Some(text),
                rusqlite::types::Value::Integer(number) => Some(number.to_string()),
                _ => None,
            });
            Ok(Signal {
                key: row.get(0)?,
                id: ConversationId::from_stored(row.get::<_, String>(1)?),
                intent: row.get(2)?,
                task: task.filter(|task| !task.is_empty()),
                flags: row.get(4)?,
                outcomes: row.get(5)?,
                features: row.get(6)?,
            })
        })
    }

    /// All scores of these conversations that say anything, with the evaluators that gave them, by conversation.
    pub fn each_score(
        &self,
        keys: &RangeInclusive<i64>,
        each: &mut dyn FnMut(&Evaluator, BriefScore),
    ) -> Result<(), StoreError> {
        let evaluators = self.evaluators()?;
        let sql = "SELECT evaluator, conversation, value, passed, confidence FROM scores
                    WHERE conversation BETWEEN ?1 AND ?2 AND (value IS NOT NULL OR passed IS NOT NULL)
                    ORDER BY conversation, ordinal";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([keys.start(), keys.end()]))?;
        while let Some(row) = self.sql(rows.next())? {
            let key = self.sql(row.get(0))?;
            let Some(evaluator) = evaluators.get(&key) else { continue };
            let brief = BriefScore {
                conversation: self.sql(row.get(1))?,
                evaluator: key,
                value: self.sql(row.get(2))?,
                passed: self.sql(row.get(3))?,
                confidence: self.sql(row.get(4))?,
            };
            each(evaluator, brief);
        }
        Ok(())
    }

    /// Each tool that was called, by name, with the newest conversation in which it was; at most so many.
    pub fn tools_called(&self, most: usize) -> Result<Vec<(String, ConversationId)>, StoreError> {
        let sql = "SELECT n.name, c.id
                     FROM (SELECT tool, max(conversation) AS newest FROM conversation_tools GROUP BY tool) t
                     JOIN names n ON n.key = t.tool JOIN conversations c ON c.key = t.newest ORDER BY n.name LIMIT ?1";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, ConversationId::from_stored(row.get::<_, String>(1)?)));
        let rows = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], row);
        self.sql(self.sql(rows)?.collect())
    }

    /// Which tools each of these conversations called, how often, and how many of these calls failed: by conversation, then
    /// tool.
    pub fn each_tool(&self, keys: &RangeInclusive<i64>, each: &mut dyn FnMut(ToolUse<'_>)) -> Result<(), StoreError> {
        let sql = "SELECT t.conversation, n.name, t.calls, t.failed
                     FROM conversation_tools t JOIN names n ON n.key = t.tool
                    WHERE t.conversation BETWEEN ?1 AND ?2 ORDER BY t.conversation, n.name";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([keys.start(), keys.end()]))?;
        while let Some(row) = self.sql(rows.next())? {
            let name = self.sql(row.get_ref(1).and_then(|name| Ok(name.as_str()?)))?;
            let (conversation, calls, failed) = (self.sql(row.get(0))?, self.sql(row.get(2))?, self.sql(row.get(3))?);
            each(ToolUse { conversation, tool: name, calls, failed });
        }
        Ok(())
    }
}

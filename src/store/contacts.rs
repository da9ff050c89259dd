//! What a service report is computed from: every conversation with its times, counts and outcomes, all labels, and how
//! long steps took.
//!
//! Invariant: a few passes over narrow tables, whatever is asked; no transcript is read.

use std::collections::HashMap;

use super::imports::CAME;
use super::{Store, StoreError};
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::Label;
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::trace::SpanKind;

/// One conversation, as far as a service report goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Its key; keys rise with the order of arrival.
    pub key: i64,
    /// Its id.
    pub id: ConversationId,
    /// Of the stored text.
    pub transcript_hash: TranscriptHash,
    /// Start of its first span or message.
    pub started_at: Option<Timestamp>,
    /// When it came, where nothing says when it began; `None` while its import goes on.
    pub came_at: Option<Timestamp>,
    /// End of its last.
    pub ended_at: Option<Timestamp>,
    /// Who it is about and how it came.
    pub segments: Segments,
    /// Rows of its transcript.
    pub steps: u32,
    /// Calls in it.
    pub tool_calls: u32,
    /// What came of it, as a JSON object.
    pub outcomes: String,
    /// Other attributes, as a JSON object.
    pub attributes: String,
    /// The numbers of the built-in evaluators, as JSON; `None` where they did not look at it as it is now.
    pub features: Option<String>,
    /// The probability of failure by the built-in evaluators.
    pub p_fail: Option<f64>,
}

impl Contact {
    /// The time at which it stands: that of its beginning, else that of its import.
    pub fn stands_at(&self) -> Option<Timestamp> {
        self.started_at.or(self.came_at)
    }
}

impl Store {
    /// Every conversation, by key.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        let sql = format!(
            "SELECT c.key, c.id, c.transcript_hash, c.started_at, c.ended_at, c.intent, c.channel, c.tier,
                    c.language, c.agent_version, c.handled_by, c.steps, c.tool_calls, c.outcomes, c.attributes,
                    e.features, e.p_fail, CASE WHEN c.started_at IS NULL THEN {CAME} END
               FROM conversations c
               LEFT JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
              ORDER BY c.key"
        );
        self.rows(&sql, &[], contact)
    }

    /// All labels by conversation, each in reviewer order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn all_labels(&self) -> Result<HashMap<ConversationId, Vec<Label>>, StoreError> {
        let texts: Vec<String> =
            self.rows("SELECT label FROM labels ORDER BY conversation, reviewer", &[], |row| row.get(0))?;
        let mut labels: HashMap<ConversationId, Vec<Label>> = HashMap::new();
        for text in texts {
            let label: Label = serde_json::from_str(&text)?;
            labels.entry(label.conversation.clone()).or_default().push(label);
        }
        Ok(labels)
    }

    /// How long each finished model step and tool call took, in microseconds, by the key of its conversation. What took no
    /// time at all was not measured.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_latency(&self, each: &mut dyn FnMut(i64, SpanKind, i64)) -> Result<(), StoreError> {
        let number = |kind: SpanKind| SpanKind::ALL.iter().position(|one| *one == kind).unwrap_or_default() as i64;
        let (llm, tool) = (number(SpanKind::Llm), number(SpanKind::Tool));
        let sql = "SELECT conversation, kind, ended_at - started_at FROM spans
                    WHERE kind IN (?1, ?2) AND ended_at > started_at";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([llm, tool]))?;
        while let Some(row) = self.sql(rows.next())? {
            let kind = if self.sql(row.get::<_, i64>(1))? == llm { SpanKind::Llm } else { SpanKind::Tool };
            each(self.sql(row.get(0))?, kind, self.sql(row.get(2))?);
        }
        Ok(())
    }

    /// The value that a built-in evaluator gave each conversation as a whole; others may have one of the same name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn values_of(&self, evaluator: &str) -> Result<HashMap<i64, f64>, StoreError> {
        let sql = "SELECT s.conversation, s.value FROM scores s JOIN evaluators e ON e.key = s.evaluator
                    WHERE e.name = ?1 AND s.source = 'aftercall' AND s.span_id IS NULL AND s.value IS NOT NULL";
        let rows = self.rows(sql, &[&evaluator], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }
}

fn contact(row: &rusqlite::Row<'_>) -> rusqlite::Result<Contact> {
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|time| time.map(Timestamp));
    Ok(Contact {
        key: row.get(0)?,
        id: ConversationId::from_stored(row.get::<_, String>(1)?),
        transcript_hash: TranscriptHash::from_stored(row.get::<_, String>(2)?),
        started_at: time(3)?,
        came_at: time(17)?,
        ended_at: time(4)?,
        segments: super::segments::read(row, 5)?,
        steps: row.get(11)?,
        tool_calls: row.get(12)?,
        outcomes: row.get(13)?,
        attributes: row.get(14)?,
        features: row.get(15)?,
        p_fail: row.get(16)?,
    })
}

//! What the built-in evaluators said, beside the imported scores.
//!
//! Invariant: an evaluation belongs to one content of its conversation; when that grows or changes, the evaluation is
//! silent until it was made again. Running again replaces, so that no score is there twice.

use rusqlite::{OptionalExtension as _, params};

use super::conversations::ContentHash;
use super::{Store, StoreError, json, payload, raw, run, scores};
use crate::model::id::ConversationId;
use crate::model::score::{Score, ScoreTarget};

/// Rows of built-in scores have ordinals from here on, so that imported ones keep theirs.
pub(super) const FIRST_ORDINAL: i64 = 1 << 20;

/// Explanations repeat themselves; more effort than this gains little.
const COMPRESSION: i32 = 3;

/// What the built-in evaluators said of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The conversation.
    pub id: ConversationId,
    /// Its content when it was judged.
    pub content_hash: ContentHash,
    /// Of evaluators, limits and policies together.
    pub version: String,
    /// How likely it failed; `None` where that cannot be told.
    pub p_fail: Option<f64>,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Spans of suspicious steps, most suspicious first.
    pub suspects: Vec<String>,
    /// Why each of them is suspicious, in words; none where an earlier program evaluated.
    pub whys: Vec<String>,
    /// The numbers the suspicion rests on, as JSON.
    pub features: String,
    /// A tool that was called and cannot be taken back.
    pub irreversible: Option<String>,
    /// The largest amount in a change that was made.
    pub amount: Option<f64>,
    /// All scores, abstentions among them.
    pub scores: Vec<Score>,
}

/// A suspicion with the numbers it rests on, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// The key of its conversation.
    pub key: i64,
    /// The numbers, as JSON.
    pub features: String,
    /// How likely it failed.
    pub p_fail: Option<f64>,
    /// Why, as a JSON list of words.
    pub reasons: String,
}

/// What people agree on of a conversation, with the numbers the suspicion of it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// The key of its conversation.
    pub key: i64,
    /// The conversation.
    pub id: ConversationId,
    /// The numbers, as JSON.
    pub features: String,
    /// Whether it failed.
    pub failed: bool,
    /// The task it was a trial of, else the conversation: those of one are not independent.
    pub group: String,
}

/// What the learnt weights are kept under.
const LEARNT: &str = "learnt";

impl Store {
    /// Conversations on whose verdict people agree, with their numbers as they are now, by key: at most so many.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn lessons(&self, most: u32) -> Result<Vec<Lesson>, StoreError> {
        let sql = "SELECT e.features, max(l.verdict) = 'fail',
                          CAST(coalesce(c.attributes ->> '$.task_id', c.attributes ->> '$.\"task.id\"',
                                        c.attributes ->> '$.taskId', c.attributes ->> '$.scenario_id', c.id) AS TEXT),
                          c.key, c.id
                     FROM labels l
                     JOIN conversations c ON c.id = l.conversation AND c.transcript_hash = l.transcript_hash
                     JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
                    WHERE l.verdict IN ('pass', 'fail')
                    GROUP BY c.key HAVING count(DISTINCT l.verdict) = 1 ORDER BY c.key LIMIT ?1";
        self.rows(sql, &[&most], |row| {
            let id = ConversationId::from_stored(row.get::<_, String>(4)?);
            Ok(Lesson { features: row.get(0)?, failed: row.get(1)?, group: row.get(2)?, key: row.get(3)?, id })
        })
    }

    /// The learnt weights in force, as they were kept; `None` where the fixed ones are.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn learnt(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        self.sql(self.connection.query_row(sql, [LEARNT], |row| row.get(0)).optional())
    }

    /// Keeps the learnt weights in force; `None` for the fixed ones.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn set_learnt(&mut self, kept: Option<&str>) -> Result<(), StoreError> {
        self.write(|transaction| {
            run(transaction, "DELETE FROM meta WHERE name = ?1", &[&LEARNT])?;
            if let Some(kept) = kept {
                run(transaction, "INSERT INTO meta (name, value) VALUES (?1, ?2)", &[&LEARNT, &kept])?;
            }
            Ok(())
        })
    }

    /// Stores evaluations in one transaction, each in place of the one before. One of a conversation that is not there or
    /// has another content by now is left out. Returns how many were stored.
    pub fn put_evaluations(&mut self, evaluations: &[Evaluated]) -> Result<u64, StoreError> {
        let packed: Vec<Vec<u8>> = evaluations.iter().map(pack).collect::<Result<_, _>>()?;
        self.write(|transaction| {
            let mut stored = 0;
            for (one, packed) in evaluations.iter().zip(&packed) {
                let key: Option<i64> = transaction
                    .prepare_cached("SELECT key FROM conversations WHERE id = ?1 AND content_hash = ?2")
                    .and_then(|mut statement| {
                        statement.query_row(params![one.id.as_str(), one.content_hash], |row| row.get(0)).optional()
                    })
                    .map_err(raw)?;
                let Some(key) = key else { continue };
                let (reasons, suspects, whys) = (json(&one.reasons)?, json(&one.suspects)?, json(&one.whys)?);
                run(
                    transaction,
                    "INSERT OR REPLACE INTO evaluations
                         (conversation, content_hash, version, p_fail, reasons, suspects, whys, features, scores,
                          irreversible, amount)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    &[
                        &key,
                        &one.content_hash,
                        &one.version,
                        &one.p_fail,
                        &reasons,
                        &suspects,
                        &whys,
                        &one.features,
                        packed,
                        &one.irreversible,
                        &one.amount,
                    ],
                )?;
                run(
                    transaction,
                    "DELETE FROM scores WHERE conversation = ?1 AND ordinal >= ?2 AND ordinal < ?3",
                    &[&key, &FIRST_ORDINAL, &super::judgements::FIRST_ORDINAL],
                )?;
                let told = |score: &&Score| score.target == ScoreTarget::Conversation && score.value.is_some();
                for (at, score) in one.scores.iter().filter(told).enumerate() {
                    scores::put_one(transaction, (key, FIRST_ORDINAL + at as i64), score)?;
                }
                stored += 1;
            }
            super::queues::scored(transaction)?;
            Ok(stored)
        })
    }

    /// Conversations that the built-in evaluators have not looked at as they are now, first stored first.
    pub fn not_evaluated(&self) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT c.id FROM conversations c LEFT JOIN evaluations e ON e.conversation = c.key
                    WHERE e.content_hash IS NOT c.content_hash ORDER BY c.key";
        self.rows(sql, &[], |row| Ok(ConversationId::from_stored(row.get::<_, String>(0)?)))
    }

    /// The numbers that suspicions rest on, with the suspicions, of up to `most` conversations after a key, by key.
    pub fn weighed(&self, after: i64, most: u32) -> Result<Vec<Weighed>, StoreError> {
        let sql = "SELECT conversation, features, p_fail, reasons FROM evaluations WHERE conversation > ?1
                    ORDER BY conversation LIMIT ?2";
        self.rows(sql, &[&after, &most], |row| {
            Ok(Weighed { key: row.get(0)?, features: row.get(1)?, p_fail: row.get(2)?, reasons: row.get(3)? })
        })
    }

    /// Stores other suspicions for the same numbers, in one transaction.
    pub fn weigh_again(&mut self, weighed: &[Weighed]) -> Result<(), StoreError> {
        self.write(|transaction| {
            for one in weighed {
                run(
                    transaction,
                    "UPDATE evaluations SET p_fail = ?2, reasons = ?3 WHERE conversation = ?1",
                    &[&one.key, &one.p_fail, &one.reasons],
                )?;
            }
            super::queues::scored(transaction)
        })
    }

    /// What the built-in evaluators said of a conversation as it is now; `None` where they have not looked at it.
    pub fn evaluation(&self, id: &ConversationId) -> Result<Option<Evaluated>, StoreError> {
        type Row =
            (ContentHash, String, Option<f64>, String, [String; 2], String, Vec<u8>, (Option<String>, Option<f64>));
        let sql = "SELECT e.content_hash, e.version, e.p_fail, e.reasons, e.suspects, e.features, e.scores,
                          e.irreversible, e.amount, e.whys
                     FROM evaluations e JOIN conversations c ON c.key = e.conversation AND c.content_hash = e.content_hash
                    WHERE c.id = ?1";
        let row: Option<Row> = self.sql(self.connection.prepare_cached(sql).and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    [row.get(4)?, row.get(9)?],
                    row.get(5)?,
                    row.get(6)?,
                    (row.get(7)?, row.get(8)?),
                ))
            };
            statement.query_row([id.as_str()], read).optional()
        }))?;
        let Some((content_hash, version, p_fail, reasons, [suspects, whys], features, packed, stakes)) = row else {
            return Ok(None);
        };
        let text = payload::unpacked(&packed).map_err(|error| self.damaged(error.to_string()))?;
        Ok(Some(Evaluated {
            id: id.clone(),
            content_hash,
            version,
            p_fail,
            reasons: serde_json::from_str(&reasons)?,
            suspects: serde_json::from_str(&suspects)?,
            whys: serde_json::from_str(&whys)?,
            features,
            irreversible: stakes.0,
            amount: stakes.1,
            scores: serde_json::from_slice(&text)?,
        }))
    }
}

fn pack(one: &Evaluated) -> Result<Vec<u8>, StoreError> {
    pack_scores(&one.scores)
}

/// Scores as they are kept where they are no rows.
pub(super) fn pack_scores(scores: &[Score]) -> Result<Vec<u8>, StoreError> {
    let text = json(&scores)?;
    zstd::bulk::compress(text.as_bytes(), COMPRESSION)
        .map_err(|error| StoreError::from_io(std::path::Path::new(""), error))
}

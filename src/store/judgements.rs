//! What judges outside the program said, beside the imported and the built-in scores.
//!
//! Invariant: a judgement belongs to one content of its conversation; asking again replaces what that judge said, and a
//! judge that fails never takes away what it said of the same content before.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::conversations::ContentHash;
use super::evaluations::pack_scores;
use super::{Store, StoreError, payload, raw, run, scores};
use crate::model::id::ConversationId;
use crate::model::score::{Score, ScoreTarget};

/// Rows of judges' scores have ordinals from here on, above those of the built-in evaluators.
pub(super) const FIRST_ORDINAL: i64 = 1 << 24;

/// What one judge said of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The conversation.
    pub id: ConversationId,
    /// The name the judge goes by in this workspace.
    pub judge: String,
    /// The conversation's content when it was judged.
    pub content_hash: ContentHash,
    /// Why the judge did not come to an end; `None` where it did.
    pub failure: Option<String>,
    /// What it said.
    pub scores: Vec<Score>,
}

/// What an evaluator said of a conversation, with what people say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SaidOf {
    /// The conversation's key.
    pub conversation: i64,
    /// The value, as it came.
    pub value: Option<f64>,
    /// The evaluator's own pass or fail.
    pub passed: Option<bool>,
    /// Whether it failed, as people say.
    pub failed: Option<bool>,
}

impl Store {
    /// Stores judgements in one transaction. One of a conversation that is not there or has another content by now is
    /// left out. Returns how many were stored.
    pub fn put_judgements(&mut self, judgements: &[Judgement]) -> Result<u64, StoreError> {
        let packed: Vec<Vec<u8>> = judgements.iter().map(|one| pack_scores(&one.scores)).collect::<Result<_, _>>()?;
        self.write(|transaction| {
            let mut stored = 0;
            for (one, packed) in judgements.iter().zip(&packed) {
                let key: Option<i64> = transaction
                    .prepare_cached("SELECT key FROM conversations WHERE id = ?1 AND content_hash = ?2")
                    .and_then(|mut statement| {
                        statement.query_row(params![one.id.as_str(), one.content_hash], |row| row.get(0)).optional()
                    })
                    .map_err(raw)?;
                let Some(key) = key else { continue };
                run(
                    transaction,
                    "INSERT INTO judgements (conversation, judge, content_hash, failure, scores)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (conversation, judge) DO UPDATE
                        SET content_hash = excluded.content_hash, failure = excluded.failure, scores = excluded.scores
                      WHERE excluded.failure IS NULL OR judgements.failure IS NOT NULL
                         OR judgements.content_hash <> excluded.content_hash",
                    &[&key, &one.judge, &one.content_hash, &one.failure, packed],
                )?;
                rows_of(transaction, key)?;
                stored += 1;
            }
            if stored > 0 {
                super::queues::scored(transaction)?;
            }
            Ok(stored)
        })
    }

    /// What judges said of a conversation as it is now, by the judge's name.
    pub fn judgements(&self, id: &ConversationId) -> Result<Vec<Judgement>, StoreError> {
        let sql = "SELECT j.judge, j.content_hash, j.failure, j.scores
                     FROM judgements j
                     JOIN conversations c ON c.key = j.conversation AND c.content_hash = j.content_hash
                    WHERE c.id = ?1 ORDER BY j.judge";
        let rows: Vec<(String, ContentHash, Option<String>, Vec<u8>)> =
            self.rows(sql, &[&id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        rows.into_iter()
            .map(|(judge, content_hash, failure, packed)| {
                let scores = unpack(&packed).map_err(|detail| self.damaged(detail))?;
                Ok(Judgement { id: id.clone(), judge, content_hash, failure, scores })
            })
            .collect()
    }

    /// What is to be said against evaluators, by their names.
    pub fn remarks(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT name, remark FROM evaluators WHERE remark IS NOT NULL";
        Ok(self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    /// Stores what is to be said against evaluators, in place of all that was said before.
    pub fn put_remarks(&mut self, remarks: &BTreeMap<String, String>) -> Result<(), StoreError> {
        if self.remarks()? == *remarks {
            return Ok(());
        }
        self.write(|transaction| {
            run(transaction, "UPDATE evaluators SET remark = NULL WHERE remark IS NOT NULL", &[])?;
            for (name, remark) in remarks {
                run(transaction, "UPDATE evaluators SET remark = ?2 WHERE name = ?1", &[name, remark])?;
            }
            Ok(())
        })
    }

    /// What evaluators said of whole conversations: the evaluator, the conversation, the value, pass or fail, and whether
    /// all its verdicts say fail (`None` without a verdict, or where they differ); by evaluator.
    pub fn said(&self, each: &mut dyn FnMut(&str, SaidOf)) -> Result<(), StoreError> {
        let sql = "SELECT e.name, s.conversation, s.value, s.passed,
                          (SELECT CASE WHEN count(DISTINCT l.verdict) = 1 THEN max(l.verdict) = 'fail' END
                             FROM labels l WHERE l.conversation = c.id AND l.verdict IN ('pass', 'fail'))
                     FROM scores s JOIN evaluators e ON e.key = s.evaluator JOIN conversations c ON c.key = s.conversation
                    WHERE s.value IS NOT NULL OR s.passed IS NOT NULL
                    ORDER BY e.name";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut rows = self.sql(statement.query([]))?;
        while let Some(row) = self.sql(rows.next())? {
            let name: String = self.sql(row.get(0))?;
            let said = SaidOf {
                conversation: self.sql(row.get(1))?,
                value: self.sql(row.get(2))?,
                passed: self.sql(row.get(3))?,
                failed: self.sql(row.get(4))?,
            };
            each(&name, said);
        }
        Ok(())
    }

    /// The conversations a judge came to an end with, as they are now.
    pub fn judged_by(&self, judge: &str) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT c.id FROM judgements j
                     JOIN conversations c ON c.key = j.conversation AND c.content_hash = j.content_hash
                    WHERE j.judge = ?1 AND j.failure IS NULL";
        self.rows(sql, &[&judge], |row| Ok(ConversationId::from_stored(row.get::<_, String>(0)?)))
    }
}

/// Writes the score rows of all judges of a conversation anew.
fn rows_of(transaction: &Connection, key: i64) -> Result<(), StoreError> {
    run(transaction, "DELETE FROM scores WHERE conversation = ?1 AND ordinal >= ?2", &[&key, &FIRST_ORDINAL])?;
    let sql = "SELECT j.scores FROM judgements j
                 JOIN conversations c ON c.key = j.conversation AND c.content_hash = j.content_hash
                WHERE j.conversation = ?1 ORDER BY j.judge";
    let packed: Vec<Vec<u8>> = transaction
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map([key], |row| row.get(0))?.collect())
        .map_err(raw)?;
    let mut ordinal = FIRST_ORDINAL;
    for packed in packed {
        // What cannot be unpacked is told of where it is read; its rows are no reason to stop a judge.
        let all = unpack(&packed).unwrap_or_default();
        let whole = |name: &Score| all.iter().any(|one| is_whole(one) && one.evaluator == name.evaluator);
        // What was said of the conversation as a whole counts; of one that was judged by its steps only, all of them do, as
        // of imported scores, and lists take the worst.
        let counts = |score: &&Score| is_told(score) && (is_whole(score) || !whole(score));
        for score in all.iter().filter(counts) {
            scores::put_one(transaction, (key, ordinal), score)?;
            ordinal += 1;
        }
    }
    Ok(())
}

/// True for what says something.
fn is_told(score: &Score) -> bool {
    score.value.is_some() || score.passed.is_some()
}

/// True for what is said of the conversation as a whole.
fn is_whole(score: &Score) -> bool {
    score.target == ScoreTarget::Conversation && is_told(score)
}

fn unpack(packed: &[u8]) -> Result<Vec<Score>, String> {
    let text = payload::unpacked(packed).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

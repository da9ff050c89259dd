//! Reading lists: the ids of a queue, the rows of a window, and what a text names.
//!
//! Invariant: no query here counts, skips or sorts more than it has to; a window of rows costs the same in a large
//! database as in a small one.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::OptionalExtension as _;
use rusqlite::types::{FromSql, Value as Sql};

use super::covers::Covered;
use super::query::{self, Asker, RESOLVE};
use super::scores::Evaluator;
use super::{Store, StoreError};
use crate::model::filter::Filter;
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::{Label, LabelState, Verdict};
use crate::model::queue::{QueueIndex, QueueOrder};
use crate::model::summary::{Counts, Segments, Summary};
use crate::model::time::Timestamp;

/// Pauses between verdicts above this do not count as work.
const LONGEST_PAUSE: i64 = 10 * 60 * 1_000_000;

/// Evaluators a row names as its worst.
const MOST_WORST: usize = 3;

impl Store {
    /// The ids of all conversations that match, in order, with counts for the asking reviewer.
    pub fn index(
        &self,
        filter: &Filter,
        find: &str,
        order: QueueOrder,
        asker: Asker<'_>,
    ) -> Result<QueueIndex, StoreError> {
        let query = query::ids(filter, find, order, asker);
        let ids = self.matching(&query.behind(&*self.covered(asker.reviewer)?, filter, asker))?;
        self.index_of(ids, asker.reviewer)
    }

    /// The ids of all conversations that match, whatever is hidden from the asker: for what must be the same for everybody.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn all_matching(&self, filter: &Filter, asker: Asker<'_>) -> Result<Vec<ConversationId>, StoreError> {
        self.matching(&query::ids(filter, "", QueueOrder::Oldest, asker))
    }

    /// The keys of the same, rising: of many conversations, without reading an id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn all_matching_keys(&self, filter: &Filter, asker: Asker<'_>) -> Result<Vec<i64>, StoreError> {
        self.listed(&query::keys(filter, asker), |row| row.get(0))
    }

    /// The keys of the conversations that match as far as the asker may know, rising.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn matching_keys(&self, filter: &Filter, asker: Asker<'_>) -> Result<Vec<i64>, StoreError> {
        let query = query::keys(filter, asker).behind(&*self.covered(asker.reviewer)?, filter, asker);
        self.listed(&query, |row| row.get(0))
    }

    fn matching(&self, query: &query::Query) -> Result<Vec<ConversationId>, StoreError> {
        self.listed(query, |row| row.get::<_, String>(0).map(ConversationId::from_stored))
    }

    fn listed<T>(
        &self,
        query: &query::Query,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.sql(
            self.connection
                .prepare_cached(&query.sql)
                .and_then(|mut statement| statement.query_map(&*query.parameters(), read)?.collect()),
        )
    }

    /// These ids, with counts for a reviewer.
    pub fn index_of(&self, ids: Vec<ConversationId>, reviewer: &str) -> Result<QueueIndex, StoreError> {
        let sql =
            format!("SELECT (SELECT count(*) FROM conversations) - (SELECT count(*) FROM ({}))", super::gates::KEYS);
        let total: i64 = self.sql(self.connection.query_row(&sql, [], |row| row.get(0)))?;
        let mut index = QueueIndex { total: total.unsigned_abs(), ids, ..QueueIndex::default() };
        self.count_labels(&mut index, reviewer)?;
        index.pace_micros = self.pace(reviewer)?;
        Ok(index)
    }

    /// Counts what the labels say of the ids; labels are few, so they are read whole.
    fn count_labels(&self, index: &mut QueueIndex, reviewer: &str) -> Result<(), StoreError> {
        let sql =
            "SELECT conversation, reviewer, verdict, skipped, label ->> '$.settled.event' IS NOT NULL FROM labels";
        let labels: Vec<(String, String, Option<String>, bool, bool)> =
            self.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        if labels.is_empty() {
            return Ok(());
        }
        let covered = self.covered(reviewer)?;
        let mut verdicts: HashMap<&str, HashSet<&str>> = HashMap::new();
        let (mut judged, mut skipped, mut settled) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (conversation, by, verdict, put_off, taken) in &labels {
            if *taken {
                settled.insert(conversation.as_str());
            }
            let hidden = by != reviewer && covered.hides(&ConversationId::from_stored(conversation.clone()));
            if let Some(verdict) = verdict.as_ref().filter(|_| !hidden) {
                verdicts.entry(conversation).or_default().insert(verdict);
            }
            if by == reviewer {
                if verdict.is_some() {
                    judged.insert(conversation.as_str());
                }
                if *put_off {
                    skipped.insert(conversation.as_str());
                }
            }
        }
        for id in index.ids.iter().map(ConversationId::as_str) {
            index.judged += u64::from(judged.contains(id));
            index.skipped += u64::from(skipped.contains(id));
            let differ = verdicts.get(id).is_some_and(|verdicts| verdicts.len() > 1);
            index.disputed += u64::from(differ && !settled.contains(id));
        }
        Ok(())
    }

    /// Median microseconds between a reviewer's last verdicts, long pauses left out; `None` below three verdicts.
    pub fn pace(&self, reviewer: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT at FROM labels WHERE reviewer = ?1 AND verdict IS NOT NULL ORDER BY at DESC LIMIT 200";
        let times: Vec<i64> = self.rows(sql, &[&reviewer], |row| row.get(0))?;
        let mut gaps: Vec<i64> =
            times.windows(2).map(|pair| pair[0] - pair[1]).filter(|gap| (1..=LONGEST_PAUSE).contains(gap)).collect();
        gaps.sort_unstable();
        Ok(gaps.get(gaps.len() / 2).copied().filter(|_| gaps.len() >= 2))
    }

    /// The rows of these conversations, in this order; ids that are not stored are left out.
    pub fn summaries(&self, ids: &[ConversationId], reviewer: &str) -> Result<Vec<Summary>, StoreError> {
        let (evaluators, covered) = (self.evaluators()?, self.covered(reviewer)?);
        let mut summaries = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some((key, mut summary)) = self.row(id)? {
                self.add_scores(key, &mut summary, &evaluators)?;
                self.add_labels(&mut summary, reviewer, &covered)?;
                summaries.push(summary);
            }
        }
        Ok(summaries)
    }

    fn row(&self, id: &ConversationId) -> Result<Option<(i64, Summary)>, StoreError> {
        let sql =
            "SELECT key, source, external_id, transcript_hash, started_at, ended_at, intent, channel, tier, language,
                agent_version, handled_by, turns, steps, spans, tool_calls, error_spans, failed_steps,
                c.reasons, c.suspects, outcomes, attributes, first_message, e.p_fail, coalesce(e.reasons, '[]'),
                coalesce(e.suspects, '[]')
           FROM conversations c
           LEFT JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
          WHERE id = ?1";
        let found = self.sql(self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement
                .query_row([id.as_str()], |row| {
                    let text = |at: usize| row.get::<_, Option<String>>(at).map(|text| text.map(Into::into));
                    let plain = |at: usize| row.get::<_, String>(at);
                    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|time| time.map(Timestamp));
                    let json = [plain(18)?, plain(19)?, plain(20)?, plain(21)?, plain(24)?, plain(25)?];
                    let summary = Summary {
                        id: id.clone(),
                        source: plain(1)?.into(),
                        external_id: plain(2)?.into(),
                        transcript_hash: TranscriptHash::from_stored(plain(3)?),
                        started_at: time(4)?,
                        ended_at: time(5)?,
                        segments: Segments {
                            intent: text(6)?,
                            channel: text(7)?,
                            tier: text(8)?,
                            language: text(9)?,
                            agent_version: text(10)?,
                            handled_by: text(11)?,
                        },
                        counts: Counts {
                            turns: row.get(12)?,
                            steps: row.get(13)?,
                            spans: row.get(14)?,
                            tool_calls: row.get(15)?,
                            error_spans: row.get(16)?,
                            failed_steps: row.get(17)?,
                        },
                        scores: BTreeMap::new(),
                        worst: Vec::new(),
                        p_fail: row.get(23)?,
                        reasons: Vec::new(),
                        suspects: Vec::new(),
                        verdict: None,
                        modes: Vec::new(),
                        owners: Vec::new(),
                        label_state: LabelState::None,
                        reviewers: Vec::new(),
                        skipped: false,
                        own_verdict: None,
                        place: None,
                        outcomes: BTreeMap::new(),
                        attributes: serde_json::Map::new(),
                        first_message: plain(22)?.into(),
                    };
                    Ok((row.get(0)?, json, summary))
                })
                .optional()
        }))?;
        let Some((key, [reasons, suspects, outcomes, attributes, own_reasons, own_suspects], mut summary)) = found
        else {
            return Ok(None);
        };
        summary.reasons = joined(&own_reasons, &reasons)?;
        summary.suspects = joined(&own_suspects, &suspects)?;
        summary.outcomes = serde_json::from_str(&outcomes)?;
        summary.attributes = serde_json::from_str(&attributes)?;
        Ok(Some((key, summary)))
    }

    /// The worst value per evaluator, and the evaluators that rank it lowest.
    fn add_scores(
        &self,
        key: i64,
        summary: &mut Summary,
        evaluators: &BTreeMap<i64, Evaluator>,
    ) -> Result<(), StoreError> {
        type Row = (i64, Option<f64>, Option<bool>);
        let rows: Vec<Row> = self.rows(
            "SELECT evaluator, value, passed FROM scores WHERE conversation = ?1 ORDER BY ordinal",
            &[&key],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let mut lowest: BTreeMap<&str, f64> = BTreeMap::new();
        for (evaluator, value, passed) in rows {
            let Some(evaluator) = evaluators.get(&evaluator) else { continue };
            let worst = summary.scores.entry(evaluator.name.clone()).or_insert(None);
            *worst = match (*worst, value) {
                (Some(a), Some(b)) if evaluator.lower_is_better => Some(a.max(b)),
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if let Some(rank) = evaluator.rank(value, passed) {
                let lowest = lowest.entry(&evaluator.name).or_insert(rank);
                *lowest = lowest.min(rank);
            }
        }
        let mut worst: Vec<(&str, f64)> = lowest.into_iter().collect();
        worst.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(b.0)));
        summary.worst = worst.into_iter().take(MOST_WORST).map(|(name, rank)| (name.into(), rank)).collect();
        Ok(())
    }

    /// What people said of it.
    fn add_labels(&self, summary: &mut Summary, reviewer: &str, covered: &Covered) -> Result<(), StoreError> {
        let labels = covered.seen(&summary.id, reviewer, self.labels_of(&summary.id)?);
        summary.label_state = LabelState::of(&labels, &summary.transcript_hash);
        let verdicts: HashSet<Verdict> = labels.iter().filter_map(|label| label.verdict).collect();
        let settled = labels.iter().find(|label| label.settled.is_some()).and_then(|label| label.verdict);
        summary.verdict = settled.or_else(|| verdicts.iter().next().copied().filter(|_| verdicts.len() == 1));
        for label in &labels {
            summary.reviewers.push(label.reviewer.clone());
            for mode in &label.modes {
                if !summary.modes.contains(mode) {
                    summary.modes.push(mode.clone());
                }
            }
            if let Some(owner) = label.owner.filter(|owner| !summary.owners.contains(owner)) {
                summary.owners.push(owner);
            }
            if label.reviewer == reviewer {
                summary.skipped = label.skipped;
                summary.own_verdict = label.verdict;
            }
        }
        Ok(())
    }

    /// The labels of a conversation as they are projected, in reviewer order.
    fn labels_of(&self, id: &ConversationId) -> Result<Vec<Label>, StoreError> {
        let sql = "SELECT label FROM labels WHERE conversation = ?1 ORDER BY reviewer";
        let rows: Vec<String> = self.rows(sql, &[&id.as_str()], |row| row.get(0))?;
        rows.iter().map(|row| Ok(serde_json::from_str(row)?)).collect()
    }

    /// The one conversation that `text` names: its id, a unique beginning of it, an id it had before, its name in its
    /// source, or one of its trace ids.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] or [`StoreError::Ambiguous`], besides those of reading.
    pub fn resolve(&self, text: &str) -> Result<ConversationId, StoreError> {
        let mut attempts: Vec<(&str, Sql)> = Vec::new();
        if !text.is_empty() {
            attempts.extend(RESOLVE.map(|sql| (sql, Sql::from(text.to_owned()))));
        }
        if let Some(trace) = query::trace_bytes(text) {
            let sql = "SELECT c.id FROM traces t JOIN conversations c ON c.key = t.conversation WHERE t.trace_id = ?1";
            attempts.push((sql, trace.into()));
        }
        for (sql, value) in attempts {
            let ids: Vec<String> =
                self.rows(sql, &[&value], |row| String::column_result(row.get_ref(0)?).map_err(Into::into))?;
            match ids.as_slice() {
                [] => {}
                [one] => return Ok(ConversationId::from_stored(one.clone())),
                many => {
                    return Err(StoreError::Ambiguous {
                        text: text.to_owned(),
                        count: many.len(),
                        examples: many[..2].join(", "),
                    });
                }
            }
        }
        Err(StoreError::Unknown(text.to_owned()))
    }

    /// Sums over these conversations, as far as they are stored.
    pub fn totals<'a>(&self, ids: impl Iterator<Item = &'a ConversationId>) -> Result<Totals, StoreError> {
        let sql =
            "SELECT failed_steps, (SELECT count(*) FROM scores s WHERE s.conversation = c.key AND s.ordinal < 1048576)
                     FROM conversations c WHERE id = ?1";
        let mut totals = Totals::default();
        for id in ids {
            let rows: Vec<(u32, u32)> = self.rows(sql, &[&id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for (failed_steps, scores) in rows {
                totals.conversations += 1;
                totals.failed_steps += u64::from(failed_steps);
                totals.scores += u64::from(scores);
            }
        }
        Ok(totals)
    }
}

/// What the built-in evaluators name, then what else is known, each once.
fn joined(own: &str, other: &str) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = serde_json::from_str(own)?;
    for one in serde_json::from_str::<Vec<String>>(other)? {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

/// Sums over conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many of them are stored.
    pub conversations: u64,
    /// Steps that failed in any of the five disguises.
    pub failed_steps: u64,
    /// Scores of all evaluators.
    pub scores: u64,
}

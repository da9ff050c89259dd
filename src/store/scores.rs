//! Scores as rows, how the values of each evaluator are spread, and what that says of a conversation.
//!
//! Invariant: values are stored as they came; ranks are a pure function of all stored scores and the scales handed in.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::spans::{Names, id_bytes};
use super::{Store, StoreError, json, raw, run};
use crate::model::conversation::Conversation;
use crate::model::id::hex;
use crate::model::score::{Direction, Scale, Score, ScoreTarget};
use crate::text::{Untrusted, door};

/// A spread with more distinct values than this is thinned to evenly spaced ones.
const POINTS: usize = 4096;

/// Scores that rank at or below this share are a reason to look.
const LOW: f64 = 0.1;

/// How many suspicious steps, and how many reasons, a row names.
const MOST: usize = 8;

/// Rows changed per transaction when ranks are made anew, so that a label never waits long.
const BATCH: usize = 2_000;

/// The rank of a conversation without scores: after all that have one.
const UNSCORED: f64 = 2.0;

/// Stores the score rows of a conversation that has none yet.
pub fn put(
    transaction: &Connection,
    key: i64,
    conversation: &Conversation,
    names: &mut Names,
) -> Result<(), StoreError> {
    for (ordinal, score) in conversation.scores.iter().enumerate() {
        let name = score.evaluator.exact();
        let evaluator = if let Some(known) = names.evaluators.get(name) {
            *known
        } else {
            let key = evaluator(transaction, name)?;
            names.evaluators.insert(name.to_owned(), key);
            key
        };
        put_row(transaction, (key, ordinal as i64, evaluator), score)?;
    }
    Ok(())
}

/// Stores one score row of a conversation under an ordinal.
pub(super) fn put_one(transaction: &Connection, (key, ordinal): (i64, i64), score: &Score) -> Result<(), StoreError> {
    let evaluator = evaluator(transaction, score.evaluator.exact())?;
    put_row(transaction, (key, ordinal, evaluator), score)
}

fn put_row(
    transaction: &Connection,
    (key, ordinal, evaluator): (i64, i64, i64),
    score: &Score,
) -> Result<(), StoreError> {
    let (trace, span) = match &score.target {
        ScoreTarget::Span(id) => (Some(id_bytes(&id.trace_id)), Some(id_bytes(&id.span_id))),
        ScoreTarget::Trace { trace_id } => (Some(id_bytes(trace_id)), None),
        ScoreTarget::Conversation => (None, None),
    };
    transaction
        .prepare_cached(
            "INSERT INTO scores (conversation, ordinal, evaluator, trace_id, span_id, version, source, value,
                 label, passed, confidence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                key,
                ordinal,
                evaluator,
                trace,
                span,
                score.version.as_ref().map(Untrusted::exact),
                score.source,
                score.value,
                score.label.as_ref().map(Untrusted::exact),
                score.passed,
                score.confidence,
            ])
        })
        .map_err(raw)?;
    Ok(())
}

fn evaluator(transaction: &Connection, name: &str) -> Result<i64, StoreError> {
    let found = transaction
        .prepare_cached("SELECT key FROM evaluators WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(raw)?;
    match found {
        Some(key) => Ok(key),
        None => transaction
            .prepare_cached("INSERT INTO evaluators (name) VALUES (?1)")
            .and_then(|mut statement| statement.insert([name]))
            .map_err(raw),
    }
}

/// How good a score is on its evaluator's scale: larger is better. `None` for an abstention.
pub fn goodness(value: Option<f64>, passed: Option<bool>, lower_is_better: bool) -> Option<f64> {
    match value {
        Some(value) if lower_is_better => Some(-value),
        Some(value) => Some(value),
        None => passed.map(|passed| f64::from(u8::from(passed))),
    }
}

/// How the scores of one evaluator are spread: distinct goodness values, rising, each with its rank.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread(Vec<(f64, f64)>);

impl Spread {
    /// The spread of these values. A value's rank is the share of the others it beats, half of its equals counted.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let others = (values.len() as f64 - 1.0).max(1.0);
        let mut points = Vec::new();
        let mut beaten = 0;
        for equal in values.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            let rank =
                if values.len() == 1 { 0.5 } else { (beaten as f64 + (equal.len() as f64 - 1.0) / 2.0) / others };
            points.push((equal[0], rank));
            beaten += equal.len();
        }
        if points.len() > POINTS {
            let last = points.len() - 1;
            points = (0..POINTS).map(|place| points[place * last / (POINTS - 1)]).collect();
        }
        Self(points)
    }

    /// The rank of a value: 0 worst, 1 best.
    pub fn rank(&self, goodness: f64) -> Option<f64> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        match self.0.binary_search_by(|(value, _)| value.total_cmp(&goodness)) {
            Ok(place) => Some(self.0[place].1),
            Err(0) => Some(first.1),
            Err(place) if place == self.0.len() => Some(last.1),
            // Between two points of a thinned spread.
            Err(place) => {
                let ((low, low_rank), (high, high_rank)) = (self.0[place - 1], self.0[place]);
                let share = (goodness - low) / (high - low);
                Some(if share.is_finite() { low_rank + (high_rank - low_rank) * share } else { low_rank })
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(value, rank)| [value.to_le_bytes(), rank.to_le_bytes()]).flatten().collect()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let float = |bytes: &[u8]| bytes.try_into().map_or(0.0, f64::from_le_bytes);
        Self(bytes.chunks_exact(16).map(|pair| (float(&pair[..8]), float(&pair[8..]))).collect())
    }
}

/// What is known of an evaluator.
#[derive(Debug, Clone)]
pub struct Evaluator {
    /// Its name.
    pub name: String,
    /// Which way its scale runs.
    pub lower_is_better: bool,
    /// True where that was assumed.
    pub assumed: bool,
    /// How its scores are spread.
    pub spread: Spread,
}

impl Evaluator {
    /// The rank of a score: 0 worst, 1 best.
    pub fn rank(&self, value: Option<f64>, passed: Option<bool>) -> Option<f64> {
        self.spread.rank(goodness(value, passed, self.lower_is_better)?)
    }
}

/// What the scores of one conversation say of it.
struct Standing {
    worst_rank: f64,
    reasons: String,
    suspects: String,
}

/// One conversation's scores: evaluator, rank and span.
type Ranked = (i64, f64, Option<Vec<u8>>);

impl Store {
    /// What is known of each evaluator, by key.
    pub fn evaluators(&self) -> Result<BTreeMap<i64, Evaluator>, StoreError> {
        let sql = "SELECT key, name, lower_is_better, assumed, coalesce(spread, x'') FROM evaluators";
        let rows = self.rows(sql, &[], |row| {
            let spread = Spread::from_bytes(row.get_ref(4)?.as_blob()?);
            let (name, lower_is_better, assumed) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, Evaluator { name, lower_is_better, assumed, spread }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The rank of each score within its evaluator; `None` for abstentions and evaluators never ranked.
    pub fn ranks(&self, scores: &[Score]) -> Result<Vec<Option<f64>>, StoreError> {
        let evaluators = self.evaluators()?;
        let by_name: HashMap<&str, &Evaluator> = evaluators.values().map(|one| (one.name.as_str(), one)).collect();
        Ok(scores.iter().map(|score| by_name.get(score.evaluator.exact())?.rank(score.value, score.passed)).collect())
    }

    /// Makes ranks, reasons and suspects of all conversations anew from all stored scores; rows that stay as they are
    /// are not written. `scale` tells which way an evaluator's values run.
    pub fn refresh_ranks(&mut self, scale: &dyn Fn(&str) -> Scale) -> Result<(), StoreError> {
        let evaluators = self.refresh_evaluators(scale)?;
        let mut changes = Vec::new();
        let mut after = i64::MIN;
        loop {
            let rows = self.standing_rows(after)?;
            let Some(last) = rows.last() else { break };
            let (from, to) = (after, last.0);
            let mut scores = self.ranked_scores(&evaluators, from, to)?;
            for (key, worst_rank, reasons, suspects, failed_spans, failed_steps, errors, p_fail) in rows {
                let ranked = scores.remove(&key).unwrap_or_default();
                let mut standing = standing(&evaluators, ranked, &failed_spans, (failed_steps, errors))?;
                // One number of the built-in evaluators stands for all of them, beside the imported ones.
                standing.worst_rank =
                    p_fail.map_or(standing.worst_rank, |p_fail| standing.worst_rank.min(1.0 - p_fail));
                #[expect(clippy::float_cmp, reason = "the same computation gives the same bits")]
                let same = standing.worst_rank == worst_rank;
                if !same || standing.reasons != reasons || standing.suspects != suspects {
                    changes.push((key, standing));
                }
            }
            self.write_standings(&mut changes, BATCH)?;
            after = to;
        }
        self.write_standings(&mut changes, 1)
    }

    /// Brings direction and spread of each evaluator up to date.
    fn refresh_evaluators(&mut self, scale: &dyn Fn(&str) -> Scale) -> Result<BTreeMap<i64, Evaluator>, StoreError> {
        let mut evaluators = self.evaluators()?;
        let before = evaluators.clone();
        for evaluator in evaluators.values_mut() {
            let scale = scale(&evaluator.name);
            evaluator.lower_is_better = scale.direction == Direction::Lower;
            evaluator.assumed = scale.assumed;
        }
        let mut values: HashMap<i64, Vec<f64>> = HashMap::new();
        {
            let sql = format!(
                "SELECT evaluator, value, passed FROM scores
                  WHERE (value IS NOT NULL OR passed IS NOT NULL) AND conversation NOT IN ({})",
                super::gates::KEYS
            );
            let mut statement = self.sql(self.connection.prepare_cached(&sql))?;
            let mut rows = self.sql(statement.query([]))?;
            while let Some(row) = self.sql(rows.next())? {
                let key: i64 = self.sql(row.get(0))?;
                let (value, passed) = (self.sql(row.get(1))?, self.sql(row.get(2))?);
                let lower = evaluators.get(&key).is_some_and(|evaluator| evaluator.lower_is_better);
                if let Some(goodness) = goodness(value, passed, lower) {
                    values.entry(key).or_default().push(goodness);
                }
            }
        }
        for (key, evaluator) in &mut evaluators {
            evaluator.spread = Spread::of(values.remove(key).unwrap_or_default());
        }
        self.write(|transaction| {
            for (key, new) in &evaluators {
                let old = before.get(key);
                let same = |old: &Evaluator| {
                    old.spread == new.spread && (old.lower_is_better, old.assumed) == (new.lower_is_better, new.assumed)
                };
                if !old.is_some_and(same) {
                    run(
                        transaction,
                        "UPDATE evaluators SET lower_is_better = ?2, assumed = ?3, spread = ?4 WHERE key = ?1",
                        &[key, &new.lower_is_better, &new.assumed, &new.spread.bytes()],
                    )?;
                }
            }
            Ok(())
        })?;
        Ok(evaluators)
    }

    /// The next rows to look at, by key.
    #[expect(clippy::type_complexity, reason = "one row of one query")]
    fn standing_rows(
        &self,
        after: i64,
    ) -> Result<Vec<(i64, f64, String, String, String, u32, u32, Option<f64>)>, StoreError> {
        self.rows(
            "SELECT key, worst_rank, c.reasons, c.suspects, failed_spans, failed_steps, error_spans, e.p_fail
               FROM conversations c
               LEFT JOIN evaluations e ON e.conversation = c.key AND e.content_hash = c.content_hash
              WHERE key > ?1 ORDER BY key LIMIT 5000",
            &[&after],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                ))
            },
        )
    }

    /// The ranked scores of the conversations after `from` up to `to`.
    fn ranked_scores(
        &self,
        evaluators: &BTreeMap<i64, Evaluator>,
        from: i64,
        to: i64,
    ) -> Result<HashMap<i64, Vec<Ranked>>, StoreError> {
        let sql = "SELECT conversation, evaluator, value, passed, span_id FROM scores
                    WHERE conversation > ?1 AND conversation <= ?2 AND (ordinal < 1048576 OR ordinal >= 16777216)
                    ORDER BY conversation, ordinal";
        let mut ranked: HashMap<i64, Vec<Ranked>> = HashMap::new();
        let rows = self.rows(sql, &[&from, &to], |row| {
            let evaluator: i64 = row.get(1)?;
            let rank = match evaluators.get(&evaluator) {
                Some(known) => known.rank(row.get(2)?, row.get(3)?),
                None => None,
            };
            Ok((row.get::<_, i64>(0)?, evaluator, rank, row.get(4)?))
        })?;
        for (conversation, evaluator, rank, span) in rows {
            if let Some(rank) = rank {
                ranked.entry(conversation).or_default().push((evaluator, rank, span));
            }
        }
        Ok(ranked)
    }

    /// Writes out full batches of changes.
    fn write_standings(&mut self, changes: &mut Vec<(i64, Standing)>, least: usize) -> Result<(), StoreError> {
        while changes.len() >= least.max(1) {
            let batch: Vec<(i64, Standing)> = changes.drain(..changes.len().min(BATCH)).collect();
            self.write(|transaction| {
                for (key, standing) in &batch {
                    run(
                        transaction,
                        "UPDATE conversations SET worst_rank = ?2, reasons = ?3, suspects = ?4 WHERE key = ?1",
                        &[key, &standing.worst_rank, &standing.reasons, &standing.suspects],
                    )?;
                }
                super::queues::scored(transaction)
            })?;
        }
        Ok(())
    }
}

/// What the scores and failures of one conversation say of it.
fn standing(
    evaluators: &BTreeMap<i64, Evaluator>,
    mut ranked: Vec<Ranked>,
    failed_spans: &str,
    (failed_steps, error_spans): (u32, u32),
) -> Result<Standing, StoreError> {
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut reasons = Vec::new();
    let mut told = Vec::new();
    for (evaluator, rank, _) in ranked.iter().take_while(|(_, rank, _)| *rank <= LOW) {
        if let Some(known) = evaluators.get(evaluator).filter(|_| !told.contains(evaluator) && told.len() < MOST) {
            told.push(*evaluator);
            // Reasons are words of ours, shown as they are; the name in them is a stranger's.
            let name = door::terminal_line(&known.name);
            reasons.push(format!("{name} among the lowest {:.0} %", (rank * 100.0).ceil().max(1.0)));
        }
    }
    let plural = |count: u32, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    if failed_steps > 0 {
        reasons.push(plural(failed_steps, "failed step", "failed steps"));
    }
    if error_spans > 0 {
        reasons.push(plural(error_spans, "span with an error", "spans with errors"));
    }
    let mut suspects: Vec<String> = serde_json::from_str(failed_spans)?;
    let low = ranked.iter().take_while(|(_, rank, _)| *rank <= LOW).filter_map(|(_, _, span)| span.as_deref());
    for span in low.map(hex) {
        if !suspects.contains(&span) {
            suspects.push(span);
        }
    }
    suspects.truncate(MOST);
    Ok(Standing {
        worst_rank: ranked.first().map_or(UNSCORED, |(_, rank, _)| *rank),
        reasons: json(&reasons)?,
        suspects: json(&suspects)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_run_from_worst_to_best_and_equals_share_theirs() {
        let spread = Spread::of(vec![0.2, 0.9, 0.9, 0.5, 0.1]);
        let rank = |value| spread.rank(value).unwrap();
        assert_eq!([0.1, 0.2, 0.5, 0.9].map(rank).as_slice(), [0.0, 0.25, 0.5, 0.875].as_slice());
        assert_eq!(Spread::of(vec![7.0]).rank(7.0), Some(0.5));
        assert_eq!(Spread::default().rank(7.0), None);
        assert_eq!(Spread::from_bytes(&spread.bytes()), spread);
        assert_eq!((rank(-5.0), rank(5.0)), (0.0, 0.875));
    }

    #[test]
    fn a_thinned_spread_stays_close() {
        let spread = Spread::of((0..100_000).map(f64::from).collect());
        assert_eq!(spread.0.len(), POINTS);
        for value in [0.0, 1.0, 777.0, 50_000.0, 99_999.0] {
            let exact = value / 99_999.0;
            assert!((spread.rank(value).unwrap() - exact).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn goodness_follows_the_direction() {
        assert_eq!(goodness(Some(3.0), Some(true), true), Some(-3.0));
        assert_eq!(goodness(None, Some(false), true), Some(0.0));
        assert_eq!(goodness(None, None, false), None);
    }
}

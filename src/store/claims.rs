//! Claims that hold now, read from the log; and what is covered from a reviewer while several judge the same.
//!
//! Invariant: there is no table of either: claims follow from the events, covers from the labels and the queues.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::params;

use super::events::Log;
use super::{Store, StoreError};
use crate::model::claim::{Claim, LONGEST};
use crate::model::event::{Event, EventBody};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::Label;
use crate::model::queue::{Calibration, QueueSpec};
use crate::model::time::Timestamp;

/// What ends a claim, besides its time: the reviewer's next claim, release, verdict or skip there.
const ENDED: &str = "SELECT 1 FROM events l WHERE l.conversation = c.conversation AND l.reviewer = c.reviewer
        AND l.kind IN ('claim', 'release', 'verdict', 'skip') AND (l.lamport, l.device, l.seq) > (c.lamport, c.device, c.seq)";

impl Store {
    /// The claims that hold now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn claims(&self, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let sql = format!("SELECT c.line FROM events c WHERE c.kind = 'claim' AND c.at >= ?1 AND NOT EXISTS ({ENDED})");
        self.log().standing(&sql, params![now.0.saturating_sub(LONGEST)], now)
    }

    /// What is covered from a reviewer now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn covered(&self, reviewer: &str) -> Result<Covered, StoreError> {
        let hiding: Vec<QueueSpec> =
            self.queues()?.into_iter().map(|queue| queue.spec).filter(QueueSpec::hides_others).collect();
        let mut covered = Covered::default();
        if hiding.is_empty() {
            return Ok(covered);
        }
        let by_name: HashMap<&str, &QueueSpec> = hiding.iter().map(|spec| (spec.name.as_str(), spec)).collect();
        for (id, said) in self.said_of_all()? {
            let verdicts = said.iter().filter(|one| one.judged).count();
            let own = said.iter().any(|one| one.judged && one.by == reviewer);
            let specs = said.iter().flat_map(|one| &one.queues).filter_map(|queue| by_name.get(queue.as_str()));
            let asked = specs.map(|spec| spec.reviewers_per_item as usize).max().unwrap_or(1);
            // A draft has no queue yet; it is nobody else's business before the first verdict.
            let waits = verdicts < asked || verdicts == 0;
            if waits {
                covered.waiting.insert(id.clone());
            }
            let others = said.iter().any(|one| one.by != reviewer);
            if others && waits && !own {
                covered.ids.insert(id);
            }
        }
        for spec in hiding.iter().filter(|spec| spec.calibration == Some(Calibration::Open)) {
            let members = self.members(spec)?;
            if !self.all_judged(spec, &members)? {
                covered.waiting.extend(members.iter().cloned());
                covered.ids.extend(members);
            }
        }
        Ok(covered)
    }

    /// The conversations of a calibration.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn members(&self, spec: &QueueSpec) -> Result<Vec<ConversationId>, StoreError> {
        let words = spec.filter.trim_start_matches("id:").split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| self.log().resolve(&ConversationId::from_stored(word.to_owned()))).collect()
    }

    /// True where each of these conversations has as many verdicts as the calibration asks for.
    fn all_judged(&self, spec: &QueueSpec, members: &[ConversationId]) -> Result<bool, StoreError> {
        for id in members {
            let judged = self.labels(id)?.iter().filter(|label| label.verdict.is_some()).count();
            if judged < spec.reviewers_per_item as usize {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// By conversation, who said something there.
    fn said_of_all(&self) -> Result<BTreeMap<ConversationId, Vec<Said>>, StoreError> {
        let sql = "SELECT conversation, reviewer, verdict IS NOT NULL, queue FROM labels";
        let rows: Vec<(String, Said)> = self.rows(sql, &[], |row| {
            let queues = row.get::<_, Option<String>>(3)?.into_iter().collect();
            Ok((row.get(0)?, Said { by: row.get(1)?, judged: row.get(2)?, queues }))
        })?;
        let mut said: BTreeMap<ConversationId, Vec<Said>> = BTreeMap::new();
        for (id, one) in rows {
            said.entry(ConversationId::from_stored(id)).or_default().push(one);
        }
        // Judged again in another queue, it is still a review of the first.
        let again = "SELECT e.line FROM events e JOIN (SELECT conversation, reviewer FROM events
                        WHERE kind = 'verdict' AND conversation IS NOT NULL
                        GROUP BY conversation, reviewer HAVING count(*) > 1) a
                     ON e.conversation = a.conversation AND e.reviewer = a.reviewer WHERE e.kind = 'verdict'";
        for event in self.log().query(again, [])? {
            let (EventBody::Verdict { slot: Some(slot), .. }, Some(target)) = (event.body, event.target) else {
                continue;
            };
            let of = said.get_mut(&self.log().resolve(&target.conversation)?);
            if let Some(one) = of.into_iter().flatten().find(|one| one.by == event.reviewer) {
                one.queues.push(slot.queue);
            }
        }
        Ok(said)
    }
}

/// That somebody said something of a conversation.
struct Said {
    by: String,
    judged: bool,
    queues: Vec<String>,
}

/// What a reviewer may not see yet of what others said.
///
/// In a queue that asks for several reviews, until they judged it too or it has all its reviews; in a calibration, until
/// all are done or a person reveals it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    ids: HashSet<ConversationId>,
    waiting: HashSet<ConversationId>,
}

impl Covered {
    /// True where what others said of this conversation is hidden.
    pub fn hides(&self, id: &ConversationId) -> bool {
        self.ids.contains(id)
    }

    /// True where it has not all its reviews yet, whoever asks: nothing is settled before.
    pub fn waits(&self, id: &ConversationId) -> bool {
        self.waiting.contains(id)
    }

    /// True where nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Of the labels of a conversation, those that may be seen.
    pub fn seen(&self, id: &ConversationId, reviewer: &str, mut labels: Vec<Label>) -> Vec<Label> {
        if self.hides(id) {
            labels.retain(|label| label.reviewer == reviewer);
        }
        labels
    }

    /// True where an event may be seen.
    pub fn shows(&self, event: &Event, reviewer: &str, target: Option<&ConversationId>) -> bool {
        event.reviewer == reviewer || target.is_none_or(|id| !self.hides(id))
    }

    /// The names of the table expressions under which a filter that speaks of labels sees nothing that is hidden, and what
    /// they bind first: the asking reviewer, and the hidden conversations as JSON.
    pub(super) fn tables(&self, filter: &Filter) -> Option<(&'static str, String)> {
        if self.is_empty() || !filter.is_of_labels() {
            return None;
        }
        let mut ids: Vec<&str> = self.ids.iter().map(ConversationId::as_str).collect();
        ids.sort_unstable();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        Some((
            "WITH asker (name, hidden) AS (SELECT ?, ?),
                  hidden (id) AS (SELECT value FROM json_each((SELECT hidden FROM asker))),
                  labels AS (SELECT * FROM main.labels
                              WHERE reviewer = (SELECT name FROM asker) OR conversation NOT IN (SELECT id FROM hidden)),
                  label_modes AS (SELECT * FROM main.label_modes
                              WHERE reviewer = (SELECT name FROM asker) OR conversation NOT IN (SELECT id FROM hidden)),
                  corrections AS (SELECT * FROM main.corrections
                              WHERE reviewer = (SELECT name FROM asker) OR conversation NOT IN (SELECT id FROM hidden)) ",
            ids,
        ))
    }
}

impl Log<'_> {
    /// The claims on one conversation that hold now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn claims_on(&self, conversation: &ConversationId, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let sql = format!(
            "SELECT c.line FROM events c WHERE c.conversation = ?1 AND c.kind = 'claim' AND NOT EXISTS ({ENDED})"
        );
        self.standing(&sql, params![conversation.as_str()], now)
    }

    fn standing(&self, sql: &str, values: impl rusqlite::Params, now: Timestamp) -> Result<Vec<Claim>, StoreError> {
        let mut claims = Vec::new();
        for event in self.query(sql, values)? {
            let (EventBody::Claim { until, .. }, Some(target)) = (event.body, event.target) else { continue };
            if until.0 > now.0 && until.0 <= now.0.saturating_add(LONGEST) {
                claims.push(Claim {
                    conversation: self.resolve(&target.conversation)?,
                    reviewer: event.reviewer,
                    until,
                });
            }
        }
        Ok(claims)
    }
}

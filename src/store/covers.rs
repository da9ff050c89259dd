//! What is covered from a reviewer while several judge the same.
//!
//! Invariant: there is no table of covers; they follow from the labels and the queues, and are found once for each state of
//! the log, however many rows ask.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::queues::StoredQueue;
use super::{Asker, Store, StoreError};
use crate::model::event::{Event, EventBody};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::Label;
use crate::model::queue::Calibration;

/// What covers follow from, events as well as conversations that a queue chooses: what others wrote to the database, and
/// what this connection did.
type Stamp = (i64, u64);

/// The covers that were found last.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    stamp: Stamp,
    reviewer: String,
    covered: Arc<Covered>,
}

impl Store {
    /// What is covered from a reviewer now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn covered(&self, reviewer: &str) -> Result<Arc<Covered>, StoreError> {
        let stamp = (self.data_version()?, self.connection.total_changes());
        if let Some(kept) =
            self.covers.borrow().as_ref().filter(|kept| kept.stamp == stamp && kept.reviewer == reviewer)
        {
            return Ok(Arc::clone(&kept.covered));
        }
        let covered = Arc::new(self.find_covered(reviewer)?);
        let kept = Kept { stamp, reviewer: reviewer.to_owned(), covered: Arc::clone(&covered) };
        self.covers.replace(Some(kept));
        Ok(covered)
    }

    fn find_covered(&self, reviewer: &str) -> Result<Covered, StoreError> {
        let hiding = self.queues()?.into_iter().filter(|queue| queue.spec.hides_others());
        let (calibrations, shared): (Vec<StoredQueue>, Vec<StoredQueue>) =
            hiding.partition(|queue| queue.spec.calibration.is_some());
        let mut covered = Covered::default();
        if !shared.is_empty() {
            self.cover_shared(&shared, reviewer, &mut covered)?;
        }
        for queue in calibrations.iter().filter(|queue| queue.spec.calibration == Some(Calibration::Open)) {
            let members = self.members(&queue.spec)?;
            if self.calibrated(queue, &members)?.revealed.is_none() {
                covered.waiting.extend(members.iter().cloned());
                covered.ids.extend(members);
            }
        }
        Ok(covered)
    }

    /// Covers what has not all its reviews yet.
    fn cover_shared(&self, shared: &[StoredQueue], reviewer: &str, covered: &mut Covered) -> Result<(), StoreError> {
        let all = self.said_of_all()?;
        let beside = self.asked_beside(shared, &all)?;
        let by_name: HashMap<&str, u32> =
            shared.iter().map(|queue| (queue.spec.name.as_str(), queue.spec.reviewers_per_item)).collect();
        for (id, said) in all {
            let verdicts = said.iter().filter(|one| one.judged).count();
            let own = said.iter().any(|one| one.judged && one.by == reviewer);
            let asked = said.iter().flat_map(|one| &one.queues).filter_map(|queue| by_name.get(queue.as_str()));
            let asked = asked.chain(beside.get(&id)).max().map_or(1, |most| *most as usize);
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
        Ok(())
    }

    /// By conversation, how many reviews the shared queues ask for of what was judged outside of any queue: it counts as one
    /// of those reviews, and so must sway nobody either. What was judged before a queue was made is none of its reviews, and
    /// a queue that has as many conversations as it wants asks for no more of them.
    fn asked_beside(
        &self,
        shared: &[StoredQueue],
        said: &BTreeMap<ConversationId, Vec<Said>>,
    ) -> Result<HashMap<ConversationId, u32>, StoreError> {
        let sql = "SELECT l.conversation, min(e.lamport) FROM labels l
                     JOIN events e ON e.conversation = l.conversation AND e.reviewer = l.reviewer AND e.kind = 'verdict'
                    WHERE l.queue IS NULL AND l.verdict IS NOT NULL GROUP BY l.conversation, l.reviewer";
        let lone: Vec<(ConversationId, u64)> = self.rows(sql, &[], |row| {
            Ok((ConversationId::from_stored(row.get::<_, String>(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        let mut asked: HashMap<ConversationId, u32> = HashMap::new();
        for StoredQueue { spec, reviewer, at, lamport, .. } in shared {
            let given = || said.values().filter(|said| said.iter().any(|one| one.queues.contains(&spec.name))).count();
            let since: Vec<&ConversationId> = lone.iter().filter(|one| one.1 > *lamport).map(|one| &one.0).collect();
            if since.is_empty() || spec.size.is_some_and(|size| given() >= size as usize) {
                continue;
            }
            // A definition that is not understood any more asks for nothing.
            let Ok(filter) = Filter::parse(&spec.filter).map(|filter| filter.without_labels()) else { continue };
            let taken: Option<HashSet<ConversationId>> = if filter.is_empty() {
                None
            } else {
                let asker = Asker { reviewer, now: *at };
                Some(self.all_matching(&filter, asker)?.into_iter().collect())
            };
            for id in since.into_iter().filter(|id| taken.as_ref().is_none_or(|taken| taken.contains(*id))) {
                let most = asked.entry(id.clone()).or_default();
                *most = (*most).max(spec.reviewers_per_item);
            }
        }
        Ok(asked)
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

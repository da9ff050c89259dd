//! Queues with a name, and the judgements they are ordered by.
//!
//! Invariant: the table of queues holds what the log says and nothing else; acts are told in the order of the log, and
//! judgements as well, each standing verdict of a reviewer on a conversation once.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{OptionalExtension as _, params};

use super::events::Log;
use super::{Store, StoreError};
use crate::model::event::{Event, EventBody};
use crate::model::id::ConversationId;
use crate::model::label::{Verdict, undone_groups};
use crate::model::queue::{Calibration, QueueChange, QueueSpec, Slot};
use crate::model::time::Timestamp;

/// A queue as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredQueue {
    /// Its definition.
    pub spec: QueueSpec,
    /// Who defined it.
    pub reviewer: String,
    /// When.
    pub at: Timestamp,
    /// The event that did.
    pub event: String,
    /// Its clock.
    pub lamport: u64,
}

/// One verdict, or that somebody put a conversation off.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Of which conversation, by its id of now.
    pub conversation: ConversationId,
    /// Whose.
    pub reviewer: String,
    /// What was said; `None` where it was put off.
    pub verdict: Option<Verdict>,
    /// How bad it was.
    pub severity: Option<u8>,
    /// From where it was given, by queue: who judges again in another queue has judged in both. The first comes first.
    pub slots: Vec<Slot>,
    /// True where each time no score had been seen: what is judged outside of any queue has its scores in sight.
    pub blind: bool,
    /// The clock of the first event.
    pub lamport: u64,
    /// When, for people only.
    pub at: Timestamp,
}

/// What came into the log, as far as an order may follow it without starting over.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Nothing that concerns an order.
    Nothing,
    /// Verdicts, and what was put off, later in the log than all before.
    Acts(Vec<Judged>),
    /// Something else: the log has to be read anew.
    Other,
}

/// How far the log was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadTo {
    /// The largest key of an event.
    pub key: i64,
    /// The largest clock of a verdict, or of putting off.
    pub lamport: u64,
}

impl Judged {
    /// From where in that queue it was given.
    pub fn slot_in(&self, queue: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.queue == queue)
    }

    /// What stands of acts in the order of the log: of those before a clock one judgement for each reviewer and
    /// conversation, at its first place; those from it on as they are.
    pub fn standing(acts: Vec<Self>, before: u64) -> Vec<Self> {
        let mut standing: Vec<Self> = Vec::with_capacity(acts.len());
        let mut places: HashMap<(ConversationId, String), usize> = HashMap::new();
        for act in acts {
            if act.lamport >= before {
                standing.push(act);
                continue;
            }
            let who = (act.conversation.clone(), act.reviewer.clone());
            let known = places.get(&who).and_then(|place| standing.get_mut(*place));
            match (known, act.verdict) {
                (Some(known), Some(_)) if known.verdict.is_some() => known.again(act),
                // Who judged and puts off afterwards has judged all the same.
                (Some(known), None) if known.verdict.is_some() => {}
                _ => {
                    places.insert(who, standing.len());
                    standing.push(act);
                }
            }
        }
        standing
    }

    /// The same person judges the same conversation again: what counts is the later verdict, at its first place.
    fn again(&mut self, later: Self) {
        let (lamport, blind) = (self.lamport, self.blind && later.blind);
        let new = later.slots.iter().filter(|slot| self.slot_in(&slot.queue).is_none());
        let slots: Vec<Slot> = self.slots.iter().chain(new).cloned().collect();
        *self = Self { slots, blind, lamport, ..later };
    }
}

/// Conversations that came together, by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The largest key among them.
    pub last_key: i64,
    /// The clock of the log when they were there.
    pub lamport: u64,
}

impl Store {
    /// All queues, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn queues(&self) -> Result<Vec<StoredQueue>, StoreError> {
        self.log().queues()
    }

    /// One queue.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn queue(&self, name: &str) -> Result<Option<StoredQueue>, StoreError> {
        Ok(self.queues()?.into_iter().find(|queue| queue.spec.name == name))
    }

    /// Every standing verdict in the order of the log, and how far the log was read.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn judgements_in_order(&self) -> Result<(Vec<Judged>, ReadTo), StoreError> {
        let (acts, to) = self.acts_in_order()?;
        Ok((Judged::standing(acts, u64::MAX), to))
    }

    /// Everything that was said and not undone, act by act in the order of the log, and how far the log was read. Where
    /// differing labels are settled, all who judged say what was taken; where that is opened again, what they had said.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn acts_in_order(&self) -> Result<(Vec<Judged>, ReadTo), StoreError> {
        let log = self.log();
        let key = self.last_event_key()?;
        let mut events =
            log.query("SELECT line FROM events WHERE kind IN ('verdict', 'skip', 'adjudicate', 'queue', 'undo')", [])?;
        events.sort_by(|a, b| a.order().cmp(&b.order()));
        let undone = undone_groups(&events.iter().collect::<Vec<_>>());
        let mut said = Acts::default();
        let mut lamport = 0;
        for event in events.into_iter().filter(|event| !undone.contains(&event.group)) {
            match (&event.body, &event.target) {
                (EventBody::Adjudicate { took, .. }, Some(target)) => {
                    said.settle(&log.resolve(&target.conversation)?, took, event.lamport);
                }
                // A later queue of that name is another one, which begins with nothing judged.
                (EventBody::Queue(QueueChange::Remove { name }), _) => said.forget(name),
                _ => {
                    let Some(act) = judged(&log, event)? else { continue };
                    lamport = lamport.max(act.lamport);
                    said.hear(act);
                }
            }
        }
        Ok((said.told, ReadTo { key, lamport }))
    }

    /// What came into the log since it was read.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn news(&self, since: ReadTo) -> Result<(News, ReadTo), StoreError> {
        let log = self.log();
        let key = self.last_event_key()?;
        if key == since.key {
            return Ok((News::Nothing, since));
        }
        let events = log.query(
            "SELECT line FROM events WHERE key > ?1 AND key <= ?2 ORDER BY lamport, reviewer, device, seq",
            params![since.key, key],
        )?;
        let mut acts = Vec::new();
        let mut to = ReadTo { key, ..since };
        for event in events {
            match event.body {
                EventBody::Undo { .. } | EventBody::Alias { .. } | EventBody::Adjudicate { .. } => {
                    return Ok((News::Other, since));
                }
                EventBody::Verdict { .. } | EventBody::Skip {} if event.lamport <= to.lamport => {
                    return Ok((News::Other, since));
                }
                EventBody::Verdict { .. } | EventBody::Skip {} => {
                    to.lamport = event.lamport;
                    let Some(one) = judged(&log, event)? else { continue };
                    // A verdict opens again what was settled, and with it what others had said.
                    if one.verdict.is_some() && self.was_settled(&one.conversation)? {
                        return Ok((News::Other, since));
                    }
                    acts.push(one);
                }
                _ => {}
            }
        }
        Ok((if acts.is_empty() { News::Nothing } else { News::Acts(acts) }, to))
    }

    /// True where somebody once took one of its labels, whatever came after.
    fn was_settled(&self, conversation: &ConversationId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM events WHERE conversation = ?1 AND kind = 'adjudicate' LIMIT 1";
        Ok(!self.rows(sql, &[&conversation.as_str()], |_| Ok(()))?.is_empty())
    }

    /// Where the conversations of one import, or of a stretch of receiving, end. Only borders that were written down, so
    /// that a draw by lot stays the draw it was; what came after the last of them joins the next.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn arrivals(&self) -> Result<Vec<Arrival>, StoreError> {
        let sql = "SELECT last_key, lamport FROM imports WHERE last_key IS NOT NULL ORDER BY key";
        let mut known: Vec<Arrival> = self.rows(sql, &[], |row| {
            Ok(Arrival { last_key: row.get(0)?, lamport: row.get::<_, i64>(1)?.unsigned_abs() })
        })?;
        known.dedup_by_key(|arrival| arrival.last_key);
        Ok(known)
    }

    /// The keys of conversations, in their order; 0 for one that is not stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn keys_of(&self, ids: &[ConversationId]) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.sql(self.connection.prepare_cached("SELECT key FROM conversations WHERE id = ?1"))?;
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            let key = self.sql(statement.query_row([id.as_str()], |row| row.get(0)).optional())?;
            keys.push(key.unwrap_or(0));
        }
        Ok(keys)
    }

    /// Conversations that the built-in evaluators have not looked at as they are now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn unevaluated(&self) -> Result<HashSet<ConversationId>, StoreError> {
        let sql = "SELECT c.id FROM conversations c
                    WHERE NOT EXISTS (SELECT 1 FROM evaluations e
                                       WHERE e.conversation = c.key AND e.content_hash = c.content_hash)";
        let ids = self.rows(sql, &[], |row| row.get::<_, String>(0).map(ConversationId::from_stored))?;
        Ok(ids.into_iter().collect())
    }

    /// Conversations that somebody judged, whose first verdict came after this clock.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn judged_first_after(&self, lamport: u64) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT conversation FROM events WHERE kind = 'verdict' AND conversation IS NOT NULL
                    GROUP BY conversation HAVING min(lamport) > ?1 ORDER BY conversation";
        let lamport = i64::try_from(lamport).unwrap_or(i64::MAX);
        let ids: Vec<String> = self.rows(sql, &[&lamport], |row| row.get(0))?;
        ids.into_iter().map(|id| self.log().resolve(&ConversationId::from_stored(id))).collect()
    }

    /// Conversations in which what cannot be taken back was done, with the tool.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn irreversible(&self) -> Result<Vec<(ConversationId, String)>, StoreError> {
        self.stakes(
            "SELECT c.id, e.irreversible FROM evaluations e JOIN conversations c ON c.key = e.conversation
                      WHERE e.irreversible IS NOT NULL AND ?1 IS NULL ORDER BY c.id",
            None,
        )
    }

    /// Conversations in which an amount of at least this was changed, with the amount.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn amounts(&self, least: f64) -> Result<Vec<(ConversationId, f64)>, StoreError> {
        self.stakes(
            "SELECT c.id, e.amount FROM evaluations e JOIN conversations c ON c.key = e.conversation
                      WHERE e.amount >= ?1 ORDER BY c.id",
            Some(least),
        )
    }

    /// Conversations that broke a rule of at least this severity, with the rule.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn broken_rules(&self, severity: u8) -> Result<Vec<(ConversationId, String)>, StoreError> {
        self.stakes(
            "SELECT c.id, v.name FROM scores s JOIN evaluators v ON v.key = s.evaluator
                       JOIN conversations c ON c.key = s.conversation
                      WHERE v.name LIKE 'policy/%' AND s.passed = 0 AND s.label LIKE 'severity %'
                        AND CAST(substr(s.label, 10) AS INTEGER) >= ?1 ORDER BY c.id, s.ordinal",
            Some(f64::from(severity)),
        )
    }

    fn stakes<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        bound: Option<f64>,
    ) -> Result<Vec<(ConversationId, T)>, StoreError> {
        self.rows(sql, &[&bound], |row| Ok((ConversationId::from_stored(row.get::<_, String>(0)?), row.get(1)?)))
    }

    /// Conversations that changed since they were judged.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn judged_earlier(&self) -> Result<HashSet<ConversationId>, StoreError> {
        let sql = "SELECT l.conversation FROM labels l JOIN conversations c ON c.id = l.conversation
                    WHERE l.verdict IS NOT NULL AND l.transcript_hash <> c.transcript_hash";
        let ids = self.rows(sql, &[], |row| row.get::<_, String>(0).map(ConversationId::from_stored))?;
        Ok(ids.into_iter().collect())
    }

    /// The value of a segment (`intent`, `channel`, `tier`, `language`, `agent_version`) of these conversations, empty
    /// where there is none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn segment_values(&self, segment: &str, ids: &[ConversationId]) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT coalesce(CASE ?2 WHEN 'intent' THEN intent WHEN 'channel' THEN channel WHEN 'tier' THEN tier
                                   WHEN 'language' THEN language WHEN 'agent_version' THEN agent_version END, '')
                     FROM conversations WHERE id = ?1";
        let mut statement = self.sql(self.connection.prepare_cached(sql))?;
        let mut values = Vec::with_capacity(ids.len());
        for id in ids {
            let value = self.sql(statement.query_row([id.as_str(), segment], |row| row.get(0)).optional())?;
            values.push(value.unwrap_or_default());
        }
        Ok(values)
    }

    /// Rises whenever evaluations or scores were stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn scoring_stamp(&self) -> Result<i64, StoreError> {
        let rows = self.rows("SELECT value FROM meta WHERE name = 'scoring'", &[], |row| row.get(0))?;
        Ok(rows.first().copied().unwrap_or(0))
    }
}

/// What was said until now, act by act.
#[derive(Debug, Default)]
struct Acts {
    told: Vec<Judged>,
    /// By conversation and reviewer, which act is their own last verdict.
    own: HashMap<ConversationId, BTreeMap<String, usize>>,
    settled: HashSet<ConversationId>,
}

impl Acts {
    fn hear(&mut self, act: Judged) {
        if act.verdict.is_some() {
            if self.settled.remove(&act.conversation) {
                self.say_again(&act.conversation, act.lamport, None);
            }
            let own = self.own.entry(act.conversation.clone()).or_default();
            own.insert(act.reviewer.clone(), self.told.len());
        }
        self.told.push(act);
    }

    /// All who judged say what was taken.
    fn settle(&mut self, conversation: &ConversationId, took: &str, lamport: u64) {
        let taken = self.own.get(conversation).and_then(|own| self.told.get(*own.get(took)?));
        let taken = taken.map(|act| (act.verdict, act.severity));
        self.settled.insert(conversation.clone());
        self.say_again(conversation, lamport, taken);
    }

    fn say_again(&mut self, conversation: &ConversationId, lamport: u64, taken: Option<(Option<Verdict>, Option<u8>)>) {
        for at in self.own.get(conversation).into_iter().flat_map(BTreeMap::values) {
            let Some(own) = self.told.get(*at) else { continue };
            let (verdict, severity) = taken.unwrap_or((own.verdict, own.severity));
            let again = Judged { verdict, severity, lamport, ..own.clone() };
            self.told.push(again);
        }
    }

    fn forget(&mut self, queue: &str) {
        self.told.iter_mut().for_each(|act| act.slots.retain(|slot| slot.queue != queue));
    }
}

/// Says that evaluations or scores were stored.
pub(super) fn scored(transaction: &rusqlite::Connection) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (name, value) VALUES ('scoring', 1)
               ON CONFLICT (name) DO UPDATE SET value = value + 1";
    super::run(transaction, sql, &[]).map(|_| ())
}

/// An event as a judgement of the conversation as it is called now.
fn judged(log: &Log<'_>, event: Event) -> Result<Option<Judged>, StoreError> {
    let Some(target) = event.target else { return Ok(None) };
    let (verdict, severity, slot) = match event.body {
        EventBody::Verdict { verdict, severity, slot, .. } => (Some(verdict), severity, slot),
        EventBody::Skip {} => (None, None, None),
        _ => return Ok(None),
    };
    Ok(Some(Judged {
        conversation: log.resolve(&target.conversation)?,
        reviewer: event.reviewer,
        verdict,
        severity,
        blind: slot.as_ref().is_some_and(|slot| !slot.scores_seen),
        slots: slot.into_iter().collect(),
        lamport: event.lamport,
        at: event.at,
    }))
}

impl Log<'_> {
    /// All queues, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn queues(&self) -> Result<Vec<StoredQueue>, StoreError> {
        let sql = "SELECT spec, reviewer, at, event, lamport FROM queues ORDER BY name";
        let mut statement = self.sql(self.connection().prepare_cached(sql))?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?, row.get::<_, i64>(4)?))
        });
        let mut queues = Vec::new();
        for row in self.sql(rows)? {
            let (spec, reviewer, at, event, lamport) = self.sql(row)?;
            let spec = serde_json::from_str(&spec)
                .map_err(|error| self.damage(format!("the definition of a queue cannot be read: {error}")))?;
            queues.push(StoredQueue { spec, reviewer, at: Timestamp(at), event, lamport: lamport.unsigned_abs() });
        }
        Ok(queues)
    }

    /// The queues that the log says there are, by name.
    pub(super) fn fold_queues(&self) -> Result<Vec<StoredQueue>, StoreError> {
        let mut events = self.query("SELECT line FROM events WHERE kind IN ('queue', 'undo')", [])?;
        events.sort_by(|a, b| a.order().cmp(&b.order()));
        let undone = undone_groups(&events.iter().collect::<Vec<_>>());
        let mut queues: BTreeMap<String, StoredQueue> = BTreeMap::new();
        for event in events.into_iter().filter(|event| !undone.contains(&event.group)) {
            match event.body {
                EventBody::Queue(QueueChange::Add(spec)) => {
                    let (at, lamport) = (event.at, event.lamport);
                    let queue = StoredQueue { spec, reviewer: event.reviewer, at, event: event.id, lamport };
                    queues.insert(queue.spec.name.clone(), queue);
                }
                EventBody::Queue(QueueChange::Remove { name }) => drop(queues.remove(&name)),
                EventBody::Queue(QueueChange::Reveal { name }) => {
                    if let Some(queue) = queues.get_mut(&name).filter(|queue| queue.spec.calibration.is_some()) {
                        queue.spec.calibration = Some(Calibration::Revealed);
                    }
                }
                _ => {}
            }
        }
        Ok(queues.into_values().collect())
    }

    /// Writes the table of queues anew.
    pub(super) fn write_queues(&self) -> Result<(), StoreError> {
        let queues = self.fold_queues()?;
        self.sql(self.connection().execute_batch("DELETE FROM queues"))?;
        for queue in &queues {
            let spec = super::json(&queue.spec)?;
            let sql = "INSERT INTO queues (name, spec, reviewer, at, event, lamport) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let lamport = i64::try_from(queue.lamport).unwrap_or(i64::MAX);
            let values = params![queue.spec.name, spec, queue.reviewer, queue.at.0, queue.event, lamport];
            self.sql(self.connection().execute(sql, values))?;
        }
        Ok(())
    }
}

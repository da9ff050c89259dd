//! Calibrations as the log has them: what was said, and whether it may be told.
//!
//! Invariant: the log is walked in its order and left where all were done first, or where a person revealed it and did not
//! take that back; a verdict that is taken back afterwards changes nothing of what was told.

use std::collections::{HashMap, HashSet};

use super::queues::StoredQueue;
use super::{Store, StoreError};
use crate::model::event::{Event, EventBody};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::undone_groups;
use crate::model::queue::{QueueChange, QueueSpec};

/// How a calibration came to be revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revealed {
    /// All had judged all of it.
    AllDone,
    /// A person said so before.
    ByAPerson,
}

/// A calibration as it was when it was revealed, or as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The verdicts that stood then, with their modes and notes, in the order of the log; they name conversations by their
    /// ids of now.
    pub events: Vec<Event>,
    /// How it was revealed; `None` while it is not.
    pub revealed: Option<Revealed>,
}

impl Store {
    /// The conversations of a calibration.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn members(&self, spec: &QueueSpec) -> Result<Vec<ConversationId>, StoreError> {
        let filter = Filter::parse(&spec.filter).unwrap_or_default();
        let named = filter.named_ids().into_iter().map(|id| ConversationId::from_stored(id.to_owned()));
        named.map(|id| self.log().resolve(&id)).collect()
    }

    /// What was said in a calibration of these conversations since it was begun.
    ///
    /// # Errors
    /// The database cannot be read, or a row is damaged.
    pub fn calibrated(&self, stored: &StoredQueue, members: &[ConversationId]) -> Result<Calibrated, StoreError> {
        let mut events = self.said_since(stored, members)?;
        let groups = groups_of(&events, &stored.spec.name);
        events.retain(|event| groups.contains(&event.group));
        let acts: Vec<&Event> = events.iter().filter(|event| is_act(event)).collect();
        let taken_back = undone_groups(&acts);
        let size = (members.iter().collect::<HashSet<_>>().len(), stored.spec.reviewers_per_item as usize);
        let revealing = |(at, act): (usize, &&Event)| match &act.body {
            EventBody::Queue(_) if !taken_back.contains(&act.group) => Some((at + 1, Revealed::ByAPerson)),
            EventBody::Verdict { .. } | EventBody::Undo { .. } if is_done(&acts[..=at], size) => {
                Some((at + 1, Revealed::AllDone))
            }
            _ => None,
        };
        let moment = acts.iter().enumerate().find_map(revealing);
        let heard = &acts[..moment.map_or(acts.len(), |(end, _)| end)];
        let undone = undone_groups(heard);
        let verdicts = heard.iter().filter(|act| matches!(act.body, EventBody::Verdict { .. }));
        let standing: HashSet<String> =
            verdicts.map(|act| &act.group).filter(|group| !undone.contains(*group)).cloned().collect();
        events.retain(|event| standing.contains(&event.group));
        Ok(Calibrated { events, revealed: moment.map(|(_, revealed)| revealed) })
    }

    /// The verdicts, modes and notes on these conversations since the queue was defined, and all that may take them back or
    /// reveal them; in the order of the log.
    fn said_since(&self, stored: &StoredQueue, members: &[ConversationId]) -> Result<Vec<Event>, StoreError> {
        let (log, lamport) = (self.log(), i64::try_from(stored.lamport).unwrap_or(i64::MAX));
        let said = "WITH RECURSIVE ids (id) AS (
                        SELECT value FROM json_each(?1)
                         UNION SELECT a.id FROM aliases a JOIN ids ON a.conversation = ids.id)
                    SELECT line FROM events
                     WHERE conversation IN (SELECT id FROM ids) AND kind IN ('verdict', 'mode', 'note') AND lamport > ?2";
        let mut events = log.query(said, rusqlite::params![super::json(&members)?, lamport])?;
        for target in events.iter_mut().filter_map(|event| event.target.as_mut()) {
            target.conversation = log.resolve(&target.conversation)?;
        }
        let other = "SELECT line FROM events WHERE kind IN ('queue', 'undo') AND lamport > ?1";
        events.extend(log.query(other, [lamport])?);
        events.sort_by(|a, b| a.order().cmp(&b.order()));
        Ok(events)
    }
}

fn is_act(event: &Event) -> bool {
    matches!(event.body, EventBody::Verdict { .. } | EventBody::Undo { .. } | EventBody::Queue(_))
}

/// The groups of verdicts and of revealing it, and of all undos that lead to one of them.
fn groups_of(events: &[Event], name: &str) -> HashSet<String> {
    let mut groups = HashSet::new();
    for event in events {
        let is_about = match &event.body {
            EventBody::Verdict { .. } => true,
            EventBody::Queue(QueueChange::Reveal { name: revealed }) => revealed == name,
            EventBody::Undo { undoes } => groups.contains(undoes),
            _ => false,
        };
        if is_about {
            groups.insert(event.group.clone());
        }
    }
    groups
}

/// True where so many conversations have as many standing verdicts as are needed.
fn is_done(acts: &[&Event], (members, needed): (usize, usize)) -> bool {
    let undone = undone_groups(acts);
    let mut said: HashMap<&ConversationId, HashSet<&str>> = HashMap::new();
    for act in acts.iter().filter(|act| !undone.contains(&act.group)) {
        if let (EventBody::Verdict { .. }, Some(target)) = (&act.body, &act.target) {
            said.entry(&target.conversation).or_default().insert(&act.reviewer);
        }
    }
    members > 0 && said.values().filter(|people| people.len() >= needed).count() == members
}

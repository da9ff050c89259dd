//! What was done in a session, and how long it took.
//!
//! Invariant: time is what lies between two acts of one person; a gap of more than five minutes is a pause and counts
//! nowhere, so that lunch makes no conversation long.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::event::{Event, EventBody};
use crate::model::id::ConversationId;
use crate::model::label::{Verdict, undone_groups};
use crate::model::session::Session;
use crate::store::{Store, StoreError};

/// A longer gap between two acts is a pause.
const LONGEST_GAP: i64 = 5 * 60 * 1_000_000;

/// What was done in one session.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// The acts of its participants, in the order of the log; those that were undone as well.
    pub events: Vec<Event>,
    /// The groups that are undone.
    pub undone: HashSet<String>,
    /// Microseconds by conversation, pauses left out.
    pub times: BTreeMap<ConversationId, i64>,
}

/// What one participant said of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The verdict; `None` where there was none.
    pub verdict: Option<Verdict>,
    /// True where it is that of a room together.
    pub room: bool,
    /// Keys of failure modes, as they were given.
    pub modes: BTreeSet<String>,
    /// Steps that were corrected.
    pub corrected: BTreeSet<Option<u32>>,
    /// True where it was put off.
    pub put_off: bool,
}

impl Activity {
    /// Reads what was done in a session.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(store: &Store, session: &Session) -> Result<Self, StoreError> {
        let mut events = store.log().between(&session.started, session.ended.as_ref())?;
        let undone = undone_groups(&events.iter().collect::<Vec<_>>());
        events.retain(|event| session.covers(event));
        let log = store.log();
        for target in events.iter_mut().filter_map(|event| event.target.as_mut()) {
            target.conversation = log.resolve(&target.conversation)?;
        }
        let times = times(session, &events);
        Ok(Self { events, undone, times })
    }

    /// The events that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| !self.undone.contains(&event.group))
    }

    /// What each participant said of each conversation, as far as it stands: a later verdict replaces the earlier one with
    /// its modes and corrections.
    pub fn said(&self) -> BTreeMap<(ConversationId, String), Said> {
        let mut said: BTreeMap<(ConversationId, String), Said> = BTreeMap::new();
        for event in self.standing() {
            let Some(target) = &event.target else { continue };
            let of = || (target.conversation.clone(), event.reviewer.clone());
            match &event.body {
                EventBody::Verdict { verdict, room, .. } => {
                    let room = room.len() > 1;
                    said.insert(of(), Said { verdict: Some(*verdict), room, ..Said::default() });
                }
                EventBody::Mode { mode } => drop(said.entry(of()).or_default().modes.insert(mode.clone())),
                EventBody::Correction(_) => drop(said.entry(of()).or_default().corrected.insert(target.step)),
                EventBody::Skip {} => said.entry(of()).or_default().put_off = true,
                _ => {}
            }
        }
        said
    }

    /// Conversations that somebody put off and nobody judged, each with who did.
    pub fn put_off(&self) -> BTreeMap<ConversationId, Vec<String>> {
        let (said, judged) = (self.said(), self.reviewed());
        let mut put_off: BTreeMap<ConversationId, Vec<String>> = BTreeMap::new();
        for ((id, by), _) in said.into_iter().filter(|((id, _), said)| said.put_off && !judged.contains(id)) {
            put_off.entry(id).or_default().push(by);
        }
        put_off
    }

    /// The conversations that were judged.
    pub fn reviewed(&self) -> BTreeSet<ConversationId> {
        let judged = self.said().into_iter().filter(|(_, said)| said.verdict.is_some());
        judged.map(|((conversation, _), _)| conversation).collect()
    }

    /// The median of the times of the judged conversations, and of how many it is.
    pub fn median(&self) -> (Option<i64>, u64) {
        let reviewed = self.reviewed();
        let mut times: Vec<i64> =
            self.times.iter().filter(|(id, time)| **time > 0 && reviewed.contains(id)).map(|(_, time)| *time).collect();
        times.sort_unstable();
        let middle = match times.len() {
            0 => None,
            n if n % 2 == 1 => Some(times[n / 2]),
            n => Some(i64::midpoint(times[n / 2 - 1], times[n / 2])),
        };
        (middle, times.len() as u64)
    }
}

/// One act of a person: the conversation it is about, where it is about one.
fn subject(events: &[&Event]) -> Option<ConversationId> {
    events.iter().find_map(|event| event.target.as_ref()).map(|target| target.conversation.clone())
}

fn times(session: &Session, events: &[Event]) -> BTreeMap<ConversationId, i64> {
    let mut groups: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        groups.entry(&event.group).or_default().push(event);
    }
    let mut acts: Vec<Vec<&Event>> = groups.into_values().collect();
    acts.sort_by(|a, b| a[0].order().cmp(&b[0].order()));
    let mut last: HashMap<(&str, &str), i64> = HashMap::new();
    let mut times = BTreeMap::new();
    for act in acts {
        let first = act[0];
        let came = session.stays.iter().filter(|stay| stay.reviewer == first.reviewer && stay.from.is_before(first));
        let came = came.map(|stay| stay.from.at.0).max();
        let before = last.insert((&first.reviewer, &first.device), first.at.0);
        let Some(before) = before.max(came) else { continue };
        let gap = first.at.0.saturating_sub(before);
        if let Some(conversation) = subject(&act).filter(|_| (1..=LONGEST_GAP).contains(&gap)) {
            *times.entry(conversation).or_insert(0) += gap;
        }
    }
    times
}

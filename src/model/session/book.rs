//! All sessions and decisions, folded from the log.
//!
//! Invariant: the fold is a function of the set of events; a change of something that is not there (its beginning has not
//! been merged yet, or was undone) waits without effect.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::decision::{Closed, Decision, DecisionChange};
use super::super::event::{Event, EventBody};
use super::super::id::ConversationId;
use super::{Mark, Parked, Session, SessionChange, SessionStart, Stay, short};

/// All sessions and decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// In the order in which they began.
    pub sessions: Vec<Session>,
    /// In the order in which they were made.
    pub decisions: Vec<Decision>,
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// There is none.
    Nothing,
    /// There are several; their ids.
    Several(Vec<String>),
}

impl Book {
    /// Folds events, of any kind and in any order, repeated or not; `undone` comes from `undone_groups`.
    pub fn replay<S: std::hash::BuildHasher>(events: &[&Event], undone: &HashSet<String, S>) -> Self {
        let mut events = events.to_vec();
        events.sort_by(|a, b| a.order().cmp(&b.order()));
        events.dedup_by(|a, b| a.id == b.id);
        let stands = |event: &&&Event| !undone.contains(&event.group);
        // A decision that somebody else works with is not theirs to lose when its maker undoes it.
        let named: BTreeSet<&str> = events
            .iter()
            .filter(stands)
            .filter_map(|event| match &event.body {
                EventBody::Decision(change) => change.decision(),
                _ => None,
            })
            .collect();
        let mut book = Self::default();
        // A change may stand before its beginning in the order of the log, where clocks of two journals had not met.
        for event in &events {
            match &event.body {
                EventBody::Session(SessionChange::Start(start)) if stands(&event) => book.start(event, start),
                EventBody::Decision(DecisionChange::Add(spec))
                    if stands(&event) || named.contains(event.id.as_str()) =>
                {
                    book.decisions.push(Decision {
                        id: short('d', &event.id),
                        event: event.id.clone(),
                        spec: spec.clone(),
                        by: event.reviewer.clone(),
                        at: event.at,
                        closed: None,
                    });
                }
                _ => {}
            }
        }
        for event in events.iter().filter(stands) {
            match &event.body {
                EventBody::Session(change) => book.change(event, change),
                EventBody::Decision(change) => book.decide(event, change),
                _ => {}
            }
        }
        book
    }

    fn start(&mut self, event: &Event, start: &SessionStart) {
        let mut participants = Vec::new();
        for name in std::iter::once(&event.reviewer).chain(&start.participants) {
            if !participants.contains(name) {
                participants.push(name.clone());
            }
        }
        let started = Mark::of(event);
        let stay = Stay { reviewer: event.reviewer.clone(), from: started.clone(), to: None, cut_off: false };
        self.sessions.push(Session {
            id: short('s', &event.id),
            event: event.id.clone(),
            name: start.name.clone(),
            queue: start.queue.clone(),
            minutes: start.minutes,
            agenda: start.agenda.clone(),
            participants,
            started,
            ended: None,
            stays: vec![stay],
            places: BTreeMap::new(),
            parked: Vec::new(),
        });
    }

    fn change(&mut self, event: &Event, change: &SessionChange) {
        if let SessionChange::Unpark { conversation } = change {
            return self.unpark(conversation);
        }
        let (SessionChange::Join { session, .. }
        | SessionChange::Leave { session, .. }
        | SessionChange::Resume { session }
        | SessionChange::Park { session, .. }
        | SessionChange::End { session }) = change
        else {
            return;
        };
        let Some(session) = self.sessions.iter_mut().find(|known| known.event == *session) else { return };
        match change {
            SessionChange::Join { with, .. } => {
                session.come(event);
                for name in with.iter().filter(|name| !name.is_empty()) {
                    session.take_in(name);
                }
            }
            SessionChange::Resume { .. } => session.come(event),
            SessionChange::Leave { place, .. } => {
                if let Some(place) = place {
                    session.places.insert(event.reviewer.clone(), place.clone());
                }
                session.close_stay(event, false);
            }
            SessionChange::Park { conversation, reason, .. } => {
                session.parked.retain(|parked| parked.conversation != *conversation);
                let (conversation, reason, by) = (conversation.clone(), reason.clone(), event.reviewer.clone());
                session.parked.push(Parked { conversation, reason, by, at: event.at });
            }
            SessionChange::End { .. } => {
                session.ended = Some(Mark::of(event));
            }
            SessionChange::Start(_) | SessionChange::Unpark { .. } => {}
        }
    }

    fn unpark(&mut self, conversation: &ConversationId) {
        for session in &mut self.sessions {
            session.parked.retain(|parked| parked.conversation != *conversation);
        }
    }

    fn decide(&mut self, event: &Event, change: &DecisionChange) {
        let Some(id) = change.decision() else { return };
        let Some(decision) = self.decisions.iter_mut().find(|known| known.event == id) else { return };
        match change {
            DecisionChange::Add(_) => {}
            DecisionChange::Edit { edit, .. } => decision.edit(edit),
            DecisionChange::Close { reason, .. } => {
                let (by, at, reason) = (event.reviewer.clone(), event.at, reason.clone());
                decision.closed = Some(Closed { by, at, reason });
            }
            DecisionChange::Reopen { .. } => decision.closed = None,
        }
    }

    /// The session of a name or an id (or a beginning of it): of several with one name the one that goes on.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn session(&self, name: &str) -> Result<&Session, NotFound> {
        let name = name.trim();
        let named: Vec<&Session> = self.sessions.iter().filter(|one| one.name.eq_ignore_ascii_case(name)).collect();
        let found: Vec<&Session> = if named.is_empty() {
            self.sessions.iter().filter(|one| begins(&one.id, name) || one.event == name).collect()
        } else {
            let running: Vec<&Session> = named.iter().copied().filter(|one| one.is_running()).collect();
            if running.len() == 1 { running } else { named }
        };
        one_of(&found, |session| session.id.clone())
    }

    /// The decision of an id, or of a beginning of it.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn decision(&self, id: &str) -> Result<&Decision, NotFound> {
        let id = id.trim();
        let found: Vec<&Decision> =
            self.decisions.iter().filter(|one| begins(&one.id, id) || one.event == id).collect();
        one_of(&found, |decision| decision.id.clone())
    }

    /// The session that goes on with this reviewer there: the one that began last.
    pub fn current(&self, reviewer: &str) -> Option<&Session> {
        self.sessions.iter().rev().find(|session| session.is_attended_by(reviewer))
    }

    /// The session that this reviewer may go on with: the one they are in, else the last one that they left.
    pub fn resumable(&self, reviewer: &str) -> Option<&Session> {
        let takes_part = |session: &&Session| {
            session.is_running() && session.participants.iter().any(|participant| participant == reviewer)
        };
        self.current(reviewer).or_else(|| self.sessions.iter().rev().find(takes_part))
    }
}

fn begins(id: &str, typed: &str) -> bool {
    typed.len() >= 3 && id.starts_with(&typed.to_lowercase())
}

fn one_of<'a, T>(found: &[&'a T], id: impl Fn(&T) -> String) -> Result<&'a T, NotFound> {
    match found {
        [one] => Ok(one),
        [] => Err(NotFound::Nothing),
        several => Err(NotFound::Several(several.iter().map(|one| id(one)).collect())),
    }
}

impl Session {
    fn take_in(&mut self, name: &str) {
        if !self.participants.iter().any(|known| known == name) {
            self.participants.push(name.to_owned());
        }
    }

    fn come(&mut self, event: &Event) {
        self.close_stay(event, true);
        self.take_in(&event.reviewer);
        let (reviewer, from) = (event.reviewer.clone(), Mark::of(event));
        self.stays.push(Stay { reviewer, from, to: None, cut_off: false });
    }

    fn close_stay(&mut self, event: &Event, cut_off: bool) {
        let open = self.stays.iter_mut().find(|stay| stay.reviewer == event.reviewer && stay.to.is_none());
        if let Some(stay) = open {
            stay.to = Some(Mark::of(event));
            stay.cut_off = cut_off;
        }
    }
}

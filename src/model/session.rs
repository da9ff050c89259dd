//! The review session: the hour in which a team goes through what failed; who is there, where they are, what waits.
//!
//! Invariant: a session and a decision are what their events say, folded in the order of the log; whoever merges whose
//! journal when, everybody gets the same, and no decision is lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::id::ConversationId;
use super::time::Timestamp;

mod book;

pub use book::{Book, NotFound};

/// How a session is planned: the body of the event that starts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStart {
    /// What people call it, such as `W47`.
    pub name: String,
    /// The queue it works through; `None` where it takes what comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// How long it is meant to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// How many conversations each line of the agenda had when it started.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agenda: BTreeMap<String, u64>,
    /// Who is there, the one who starts it first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
}

/// Where somebody was when they left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPlace {
    /// The queue that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The conversation that was open, or under the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The step under the cursor, where it was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
}

/// What happens to a session: the body of a `session` event. `session` is the id of the event that started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum SessionChange {
    /// It begins.
    Start(SessionStart),
    /// Somebody takes part from now on; those named beside them sit at the same screen.
    Join {
        /// Which.
        session: String,
        /// Who sits there as well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<String>,
    },
    /// Somebody leaves, for now.
    Leave {
        /// Which.
        session: String,
        /// Where they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<SessionPlace>,
    },
    /// Somebody is back.
    Resume {
        /// Which.
        session: String,
    },
    /// A conversation is put on the parking lot, to be talked about later.
    Park {
        /// In which session.
        session: String,
        /// Which conversation.
        conversation: ConversationId,
        /// Why; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A conversation leaves the parking lot, whichever session put it there.
    Unpark {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// It is over.
    End {
        /// Which.
        session: String,
    },
}

impl SessionChange {
    /// True for what a person decided; coming and going is a fact that undo leaves alone, so that `u` after a pause takes
    /// back a verdict and not the pause.
    pub fn undoable(&self) -> bool {
        !matches!(self, Self::Join { .. } | Self::Leave { .. } | Self::Resume { .. })
    }
}

/// A point in the log: the journal it is in, its number there, its clock time.
///
/// Within one journal its order counts, between journals the time, since the clocks of two journals that have not met
/// say nothing of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Whose journal.
    pub by: String,
    /// On which device.
    #[serde(skip)]
    pub device: String,
    /// Its number there.
    #[serde(skip)]
    pub seq: u64,
    /// The clock of the log.
    #[serde(skip)]
    pub lamport: u64,
}

impl Mark {
    /// The place of an event.
    pub fn of(event: &Event) -> Self {
        let (by, device) = (event.reviewer.clone(), event.device.clone());
        Self { at: event.at, by, device, seq: event.seq, lamport: event.lamport }
    }

    /// True where the event came later than this.
    pub fn is_before(&self, event: &Event) -> bool {
        if self.by == event.reviewer && self.device == event.device { self.seq < event.seq } else { self.at < event.at }
    }
}

/// From when to when somebody was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Who.
    pub reviewer: String,
    /// Since when.
    pub from: Mark,
    /// Until when; `None` while they are there.
    pub to: Option<Mark>,
    /// True where they came back without having left: the screen was cut off, at a time nobody wrote down.
    pub cut_off: bool,
}

/// A conversation on the parking lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Which.
    pub conversation: ConversationId,
    /// Why; may be empty.
    pub reason: String,
    /// Who put it there.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A session as its events make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// `s` and the last six characters of the event that started it; what people type beside its name.
    pub id: String,
    /// The event that started it.
    pub event: String,
    /// What people call it.
    pub name: String,
    /// The queue it works through.
    pub queue: Option<String>,
    /// How long it is meant to take.
    pub minutes: Option<u32>,
    /// What the agenda held when it started.
    pub agenda: BTreeMap<String, u64>,
    /// Everybody who takes part, in the order in which they came.
    pub participants: Vec<String>,
    /// When it began.
    pub started: Mark,
    /// When it ended; `None` while it goes on.
    pub ended: Option<Mark>,
    /// Who was there when, as far as their own journals say.
    pub stays: Vec<Stay>,
    /// Where each one was when they last left.
    pub places: BTreeMap<String, SessionPlace>,
    /// The parking lot, in the order in which it filled.
    pub parked: Vec<Parked>,
}

impl Session {
    /// True while nobody ended it.
    pub fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// True while it goes on and this reviewer is there.
    pub fn is_attended_by(&self, reviewer: &str) -> bool {
        self.is_running() && self.stays.iter().any(|stay| stay.reviewer == reviewer && stay.to.is_none())
    }

    /// True where the event is a part of the session: one of its participants acted after it began and before it ended,
    /// and had not left. Who was only named as being there counts as there all the time. In a session of a queue, a
    /// verdict that was given from another queue does not count.
    pub fn covers(&self, event: &Event) -> bool {
        use super::event::EventBody;
        let within = self.started.is_before(event) && self.ended.as_ref().is_none_or(|end| !end.is_before(event));
        if !within || !self.participants.contains(&event.reviewer) {
            return false;
        }
        let mut stays = self.stays.iter().filter(|stay| stay.reviewer == event.reviewer).peekable();
        let there = stays.peek().is_none()
            || stays.any(|stay| stay.from.is_before(event) && stay.to.as_ref().is_none_or(|to| !to.is_before(event)));
        let of_queue = match (&event.body, &self.queue) {
            (EventBody::Verdict { slot, .. }, Some(queue)) => slot.as_ref().is_none_or(|slot| slot.queue == *queue),
            _ => true,
        };
        there && of_queue
    }
}

/// The short name of what an event began: a letter and the last six characters of its id.
pub(super) fn short(letter: char, event: &str) -> String {
    let count = event.chars().count();
    std::iter::once(letter).chain(event.chars().skip(count.saturating_sub(6)).flat_map(char::to_lowercase)).collect()
}

#[cfg(test)]
mod tests;

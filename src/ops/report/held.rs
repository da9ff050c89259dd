//! A session that is reported on: when it was held and by whom, what it put aside, and which sessions came before.
//!
//! Invariant: no clock is in it; a session that goes on is told up to its last act.

use jiff::civil::Date;
use serde::Serialize;

use super::super::door::Door;
use super::super::session::{self, Activity, SessionError};
use super::super::workspace::Workspace;
use super::period::Sitting;
use super::told::first_words;
use super::{ReportError, WEEKS, Window};
use crate::model::id::ConversationId;
use crate::model::session::Session;
use crate::model::time::Timestamp;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The queue it worked through.
    pub queue: Option<String>,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; null while it goes on.
    pub to: Option<Timestamp>,
    /// Everybody who took part.
    pub participants: Vec<String>,
    /// Conversations that were judged in it.
    pub judged: u64,
    /// What stands on the parking lot, masked.
    pub parked: Vec<Aside>,
    /// What earlier sessions left on the parking lot, masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parked_before: Vec<Aside>,
    /// What was put off and nobody judged, masked.
    pub put_off: Vec<Aside>,
}

/// A conversation that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// Which.
    pub conversation: ConversationId,
    /// What the customer wrote first.
    pub first_words: Option<String>,
    /// Why, where that was said.
    pub reason: Option<String>,
    /// Who put it there.
    pub by: String,
}

/// A session, what was done in it, and the windows of it and of those before it, the newest first.
pub(super) fn windows(workspace: &Workspace, name: &str) -> Result<(Session, Activity, Vec<Window>), ReportError> {
    let book = session::book(workspace.store())?;
    let found = session::find(&book, Some(name), workspace.reviewer())?;
    let until = book.sessions.iter().position(|one| one.event == found.event).map_or(0, |at| at + 1);
    let (mut windows, mut newest) = (Vec::new(), None);
    for one in book.sessions.get(..until).unwrap_or_default().iter().rev().take(WEEKS) {
        let activity = Activity::of(workspace.store(), one)?;
        windows.push(window(one, &activity));
        newest.get_or_insert(activity);
    }
    let (Some(first), Some(newest)) = (windows.last().cloned(), newest) else { return Err(SessionError::None.into()) };
    if windows.len() == 1 {
        // There is always something before, if only nothing.
        windows.push(Window {
            name: "no earlier session".to_owned(),
            only: Some(Sitting { ids: Vec::new(), log: 0..0 }),
            ..first
        });
    }
    Ok((found, newest, windows))
}

fn window(session: &Session, activity: &Activity) -> Window {
    let last = activity.events.iter().map(|event| event.at).max();
    let day = |at: Timestamp| at.civil().map_or(Date::ZERO, jiff::civil::DateTime::date);
    let to = session.ended.as_ref().map(|end| end.at).or(last).unwrap_or(session.started.at);
    let (from, to) = (day(session.started.at), day(to.max(session.started.at)));
    let ids = activity.reviewed().into_iter().collect();
    let said = activity.events.iter().map(|event| event.lamport).max();
    let until = session.ended.as_ref().map(|end| end.lamport).or(said).unwrap_or(session.started.lamport);
    let log = session.started.lamport..until.saturating_add(1);
    Window { name: session.name.clone(), from, to, only: Some(Sitting { ids, log }) }
}

/// What a report tells of a session.
pub(super) fn held(
    workspace: &Workspace,
    (session, activity): (&Session, &Activity),
    door: &Door,
) -> Result<Held, ReportError> {
    let aside = |conversation: &ConversationId, reason: &str, by: &str| -> Result<Aside, ReportError> {
        let stored = workspace.store().conversation(conversation)?;
        let door = stored.as_ref().map_or_else(|| door.clone(), |stored| door.knowing(stored));
        Ok(Aside {
            conversation: conversation.clone(),
            first_words: stored.and_then(|stored| first_words(&stored, &door)),
            reason: Some(door.text(reason.trim())).filter(|reason| !reason.is_empty()),
            by: by.to_owned(),
        })
    };
    Ok(Held {
        id: session.id.clone(),
        name: door.text(&session.name),
        queue: session.queue.clone(),
        from: session.started.at,
        to: session.ended.as_ref().map(|end| end.at),
        participants: session.participants.clone(),
        judged: activity.reviewed().len() as u64,
        parked: session
            .parked
            .iter()
            .map(|parked| aside(&parked.conversation, &parked.reason, &parked.by))
            .collect::<Result<_, _>>()?,
        parked_before: session::book(workspace.store())?
            .sessions
            .iter()
            .take_while(|one| one.event != session.event)
            .flat_map(|one| &one.parked)
            .map(|parked| aside(&parked.conversation, &parked.reason, &parked.by))
            .collect::<Result<_, _>>()?,
        put_off: activity.put_off().iter().map(|(id, by)| aside(id, "", &by.join(", "))).collect::<Result<_, _>>()?,
    })
}

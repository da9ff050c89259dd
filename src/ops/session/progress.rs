//! How far a session is: judged, pace, time left.
//!
//! Invariant: the clock of a session runs while at least one of its people is there.

use serde::Serialize;

use super::{Activity, SessionError};
use crate::model::queue::QueueQuery;
use crate::model::session::Session;
use crate::model::time::Timestamp;
use crate::ops::queue;
use crate::ops::workspace::Workspace;
use crate::store::{Store, StoreError};

/// How far a session is. The fields and their names are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionProgress {
    /// 1.
    pub schema_version: u32,
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// `running`, `paused` (all have left) or `ended`.
    pub state: &'static str,
    /// Conversations judged in it.
    pub reviewed: u64,
    /// The median time of a conversation in seconds, pauses of more than five minutes left out.
    pub median_seconds: Option<f64>,
    /// Seconds in which somebody was there.
    pub used_seconds: f64,
    /// Seconds left of what was planned; negative where it took longer.
    pub left_seconds: Option<f64>,
}

/// How far a session is now.
///
/// # Errors
/// The database cannot be read.
pub fn progress(store: &Store, session: &Session, now: Timestamp) -> Result<SessionProgress, StoreError> {
    let activity = Activity::of(store, session)?;
    let used = used(session, &activity, now);
    Ok(SessionProgress {
        schema_version: 1,
        state: state(session),
        reviewed: activity.reviewed().len() as u64,
        median_seconds: activity.median().0.map(seconds),
        used_seconds: seconds(used),
        left_seconds: session.minutes.map(|minutes| f64::from(minutes) * 60.0 - seconds(used)),
        session: session.clone(),
    })
}

/// What is left of the queue of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Conversations that it still asks the reviewer for.
    pub left: u64,
    /// Of these, those that somebody else has judged in the session.
    pub again: u64,
}

/// What is left of the queue of a session for the asking reviewer; `None` where it has none, or is over.
///
/// # Errors
/// The database cannot be read.
pub fn left(workspace: &mut Workspace, session: &Session, now: Timestamp) -> Result<Option<Left>, SessionError> {
    let Some(name) = session.queue.clone().filter(|_| session.is_running()) else { return Ok(None) };
    if workspace.store().queue(&name)?.is_none() {
        return Ok(None);
    }
    let query = QueueQuery { queue: Some(name), ..QueueQuery::default() };
    let index = queue::named(workspace, &query, now)?;
    let reviewed = Activity::of(workspace.store(), session)?.reviewed();
    let again = index.ids.iter().skip(index.begins).filter(|id| reviewed.contains(*id)).count() as u64;
    Ok(index.state.map(|state| Left { left: state.left, again: again.min(state.left) }))
}

/// What a session is at, in a word.
pub(super) fn state(session: &Session) -> &'static str {
    match (session.is_running(), session.stays.iter().any(|stay| stay.to.is_none())) {
        (false, _) => "ended",
        (true, true) => "running",
        (true, false) => "paused",
    }
}

/// Microseconds as seconds, to the tenth.
pub(super) fn seconds(micros: i64) -> f64 {
    (micros as f64 / 100_000.0).round() / 10.0
}

/// Microseconds in which somebody was there: the union of all stays. Of a stay that was cut off, what lies before its last
/// act counts.
pub(super) fn used(session: &Session, activity: &Activity, now: Timestamp) -> i64 {
    let end = session.ended.as_ref().map_or(now, |end| end.at).0;
    let mut stays: Vec<(i64, i64)> = session
        .stays
        .iter()
        .map(|stay| {
            let from = stay.from.at.0;
            let until = match &stay.to {
                Some(to) if stay.cut_off => {
                    let there = |at: &i64| *at >= from && *at <= to.at.0;
                    let own = activity.events.iter().filter(|event| event.reviewer == stay.reviewer);
                    own.map(|event| event.at.0).filter(there).max().unwrap_or(from)
                }
                Some(to) => to.at.0,
                None => end,
            };
            (from, until.min(end).max(from))
        })
        .collect();
    stays.sort_unstable();
    let (mut used, mut covered) = (0, i64::MIN);
    for (from, until) in stays {
        used += (until - from.max(covered)).max(0);
        covered = covered.max(until);
    }
    used
}

//! What a session came to.
//!
//! Invariant: where labels are said to be safe, both copies were read for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::progress::{seconds, state, used};
use super::{Activity, SessionError};
use crate::model::codebook::{Codebook, CodebookChange};
use crate::model::decision::Decision;
use crate::model::event::EventBody;
use crate::model::id::ConversationId;
use crate::model::label::{LabelState, Verdict};
use crate::model::session::Session;
use crate::model::time::Timestamp;
use crate::ops::door::Door;
use crate::ops::verify::{self, Copies};
use crate::ops::workspace::Workspace;

/// What a session came to. The fields and their names are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionSummary {
    /// 1.
    pub schema_version: u32,
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// `running`, `paused` or `ended`.
    pub state: &'static str,
    /// Conversations that were judged in it.
    pub reviewed: Vec<ConversationId>,
    /// Verdicts that stand, by what they say; several people may have judged one conversation.
    pub verdicts: Tally,
    /// Verdicts that were given by a room together.
    pub room_verdicts: u64,
    /// Conversations put off.
    pub skipped: u64,
    /// Steps whose tool or answer was corrected.
    pub corrections: u64,
    /// Acts that were taken back.
    pub undone: u64,
    /// The median time of a conversation in seconds, pauses of more than five minutes left out.
    pub median_seconds: Option<f64>,
    /// Of how many conversations that is the median.
    pub timed: u64,
    /// Seconds in which somebody was there.
    pub used_seconds: f64,
    /// Of the reviewed, those whose labels differ now.
    pub disputed: Vec<ConversationId>,
    /// Failure modes of the session's verdicts by key, and how often.
    pub modes: BTreeMap<String, u64>,
    /// Keys of failure modes that were added in it.
    pub new_modes: Vec<String>,
    /// Names of the modes above.
    pub mode_names: BTreeMap<String, String>,
    /// Decisions that were made in it.
    pub decisions: Vec<Decision>,
    /// Decisions of earlier sessions that are open.
    pub carried_over: Vec<Decision>,
    /// Where its labels are, as was read just now.
    pub safe: Copies,
}

/// Verdicts counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The agent did what it should.
    pub pass: u64,
    /// It did not.
    pub fail: u64,
    /// Cannot be told.
    pub unsure: u64,
}

/// Sums a session up.
///
/// # Errors
/// The database or a journal cannot be read.
pub fn summary(workspace: &Workspace, session: &Session, now: Timestamp) -> Result<SessionSummary, SessionError> {
    let store = workspace.store();
    let activity = Activity::of(store, session)?;
    let (book, codebook) = (store.book()?, store.codebook()?);
    let reviewed: Vec<ConversationId> = activity.reviewed().into_iter().collect();
    let rows = store.summaries(&reviewed, workspace.reviewer())?;
    let disputed = rows.into_iter().filter(|row| row.label_state == LabelState::Disputed).map(|row| row.id).collect();
    let mut verdicts = Tally::default();
    for verdict in activity.verdicts().values() {
        match verdict {
            Verdict::Pass => verdicts.pass += 1,
            Verdict::Fail => verdicts.fail += 1,
            Verdict::Unsure => verdicts.unsure += 1,
        }
    }
    let (modes, new_modes) = modes(&activity, &codebook);
    let keys = modes.keys().chain(&new_modes);
    let mode_names = keys.map(|key| (key.clone(), codebook.name_of(key).to_owned())).collect();
    let labels: BTreeSet<String> =
        activity.events.iter().filter(|event| is_label(&event.body)).map(|event| event.id.clone()).collect();
    let (median, timed) = activity.median();
    let (made, rest): (Vec<Decision>, Vec<Decision>) =
        book.decisions.iter().cloned().partition(|decision| decision.spec.session.as_ref() == Some(&session.event));
    let carried_over = rest.into_iter().filter(|decision| decision.is_open() && decision.at < session.started.at);
    Ok(SessionSummary {
        schema_version: 1,
        state: state(session),
        verdicts,
        room_verdicts: room_verdicts(&activity),
        skipped: count(&activity, &|body| matches!(body, EventBody::Skip {})),
        corrections: count(&activity, &|body| matches!(body, EventBody::Correction(_))),
        undone: undone(&activity),
        median_seconds: median.map(seconds),
        timed,
        used_seconds: seconds(used(session, &activity, now)),
        disputed,
        modes,
        new_modes,
        mode_names,
        decisions: made,
        carried_over: carried_over.collect(),
        safe: verify::copies(workspace, &labels)?,
        reviewed,
        session: session.clone(),
    })
}

fn is_label(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Verdict { .. }
            | EventBody::Mode { .. }
            | EventBody::Correction(_)
            | EventBody::Note { .. }
            | EventBody::Criterion { .. }
            | EventBody::Skip {}
            | EventBody::Adjudicate { .. }
    )
}

fn count(activity: &Activity, counts: &dyn Fn(&EventBody) -> bool) -> u64 {
    activity.standing().filter(|event| counts(&event.body)).count() as u64
}

fn room_verdicts(activity: &Activity) -> u64 {
    let of_room = |body: &EventBody| matches!(body, EventBody::Verdict { room, .. } if room.len() > 1);
    count(activity, &of_room)
}

/// Acts of the session that are undone; an undo is none.
fn undone(activity: &Activity) -> u64 {
    let taken_back = activity.events.iter().filter(|event| activity.undone.contains(&event.group));
    let acts = taken_back.filter(|event| !matches!(event.body, EventBody::Undo { .. }));
    acts.map(|event| &event.group).collect::<BTreeSet<_>>().len() as u64
}

/// How often each mode was given with the verdicts that stand, and the modes that were added.
fn modes(activity: &Activity, codebook: &Codebook) -> (BTreeMap<String, u64>, Vec<String>) {
    let mut last: BTreeMap<(&ConversationId, &str), &str> = BTreeMap::new();
    for event in activity.standing() {
        if let (EventBody::Verdict { .. }, Some(target)) = (&event.body, &event.target) {
            last.insert((&target.conversation, &event.reviewer), &event.group);
        }
    }
    let groups: BTreeSet<&str> = last.into_values().collect();
    let (mut modes, mut added) = (BTreeMap::new(), Vec::new());
    for event in activity.standing() {
        match &event.body {
            EventBody::Mode { mode } if groups.contains(event.group.as_str()) => {
                *modes.entry(codebook.resolve(mode)).or_insert(0) += 1;
            }
            EventBody::Codebook(CodebookChange::Add { key, pack: None, .. }) if codebook.mode(key).is_some() => {
                added.push(key.clone());
            }
            _ => {}
        }
    }
    (modes, added)
}

impl SessionSummary {
    /// The summary as it leaves the workspace: what people wrote is masked.
    #[must_use]
    pub fn masked(mut self, door: &Door) -> Self {
        for decision in self.decisions.iter_mut().chain(&mut self.carried_over) {
            *decision = super::masked_decision(decision, door);
        }
        self.session = super::masked_session(&self.session, door);
        for name in self.mode_names.values_mut() {
            *name = door.text(name);
        }
        self
    }
}

//! What a session came to.
//!
//! Invariant: where labels are said to be safe, both copies were read for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::progress::{seconds, state, used};
use super::{Activity, SessionError};
use crate::model::codebook::{Codebook, CodebookChange};
use crate::model::decision::Decision;
use crate::model::event::{Event, EventBody};
use crate::model::id::ConversationId;
use crate::model::label::{LabelState, Verdict};
use crate::model::session::Session;
use crate::model::time::Timestamp;
use crate::ops::door::Door;
use crate::ops::verify::{self, Copies};
use crate::ops::workspace::Workspace;
use crate::store::{Covered, Store, StoreError};

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
    /// Of these, those of which the asking reviewer may not see yet what others said: nothing below counts it.
    pub hidden: u64,
    /// Verdicts that stand, by what they say; several people may have judged one conversation.
    pub verdicts: Tally,
    /// Verdicts that were given by a room together.
    pub room_verdicts: u64,
    /// Conversations that were put off and that nobody judged.
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
    /// Of the reviewed, those whose labels differed until somebody settled it.
    pub settled: Vec<ConversationId>,
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
    let (store, reviewer) = (workspace.store(), workspace.reviewer());
    let activity = Activity::of(store, session)?;
    let (book, codebook) = (store.book()?, store.codebook()?);
    let reviewed: Vec<ConversationId> = activity.reviewed().into_iter().collect();
    let covered = store.covered(reviewer)?;
    let hidden = reviewed.iter().filter(|id| covered.hides(id)).count() as u64;
    let rows = store.summaries(&reviewed, reviewer)?;
    let of = |state: LabelState| rows.iter().filter(|row| row.label_state == state).map(|row| row.id.clone()).collect();
    let (disputed, settled) = (of(LabelState::Disputed), of(LabelState::Adjudicated));
    let labels = labels_of(&activity, &|event| shows(&covered, reviewer, event));
    let (median, timed) = activity.median();
    let times = (median.map(seconds), timed, seconds(used(session, &activity, now)));
    let put_off = activity.put_off().len() as u64;
    let activity = seen(activity, &|event| shows(&covered, reviewer, event));
    let told = Told::of(&activity, &codebook);
    let (made, rest): (Vec<Decision>, Vec<Decision>) =
        book.decisions.iter().cloned().partition(|decision| decision.spec.session.as_ref() == Some(&session.event));
    let carried = rest.into_iter().filter(|decision| decision.is_open() && decision.at < session.started.at);
    let carried_over: Vec<Decision> = carried.collect();
    let answered = made.iter().chain(&carried_over).filter_map(|decision| decision.spec.mode.as_ref());
    let keys = told.modes.keys().chain(&told.new_modes).chain(answered);
    let mode_names = keys.map(|key| (key.clone(), codebook.name_of(&codebook.resolve(key)).to_owned())).collect();
    Ok(SessionSummary {
        schema_version: 1,
        state: state(session),
        hidden,
        verdicts: told.verdicts,
        room_verdicts: told.room,
        skipped: put_off,
        corrections: told.corrections,
        undone: undone(&activity),
        median_seconds: times.0,
        timed: times.1,
        used_seconds: times.2,
        disputed,
        settled,
        modes: told.modes,
        new_modes: told.new_modes,
        mode_names,
        decisions: made,
        carried_over,
        safe: verify::copies(workspace, &labels)?,
        reviewed,
        session: session.clone(),
    })
}

fn shows(covered: &Covered, reviewer: &str, event: &Event) -> bool {
    covered.shows(event, reviewer, event.target.as_ref().map(|target| &target.conversation))
}

/// The activity without what may not be seen, nor what came with it: a failure mode is added along with a verdict.
fn seen(mut activity: Activity, shows: &dyn Fn(&Event) -> bool) -> Activity {
    let hidden: BTreeSet<String> =
        activity.events.iter().filter(|event| !shows(event)).map(|event| event.group.clone()).collect();
    activity.events.retain(|event| !hidden.contains(&event.group));
    activity
}

/// The events whose copies are looked for. Of what may not be seen only the verdict: a fail takes more events than a pass.
fn labels_of(activity: &Activity, shows: &dyn Fn(&Event) -> bool) -> BTreeSet<String> {
    let counts =
        |event: &&Event| is_label(&event.body) && (shows(event) || matches!(event.body, EventBody::Verdict { .. }));
    activity.events.iter().filter(counts).map(|event| event.id.clone()).collect()
}

/// What verdicts that stand come to.
#[derive(Default)]
struct Told {
    verdicts: Tally,
    room: u64,
    corrections: u64,
    modes: BTreeMap<String, u64>,
    new_modes: Vec<String>,
}

impl Told {
    fn of(activity: &Activity, codebook: &Codebook) -> Self {
        let mut told = Self::default();
        for said in activity.said().values() {
            match said.verdict {
                Some(Verdict::Pass) => told.verdicts.pass += 1,
                Some(Verdict::Fail) => told.verdicts.fail += 1,
                Some(Verdict::Unsure) => told.verdicts.unsure += 1,
                None => {}
            }
            told.room += u64::from(said.room);
            told.corrections += said.corrected.len() as u64;
            let modes: BTreeSet<String> = said.modes.iter().map(|mode| codebook.resolve(mode)).collect();
            for mode in modes {
                *told.modes.entry(mode).or_insert(0) += 1;
            }
        }
        for event in activity.standing() {
            if let EventBody::Codebook(CodebookChange::Add { key, pack: None, .. }) = &event.body
                && codebook.mode(key).is_some()
            {
                told.new_modes.push(key.clone());
            }
        }
        told
    }
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

/// Acts of the session that are undone; an undo is none.
fn undone(activity: &Activity) -> u64 {
    let taken_back = activity.events.iter().filter(|event| activity.undone.contains(&event.group));
    let acts = taken_back.filter(|event| !matches!(event.body, EventBody::Undo { .. }));
    acts.map(|event| &event.group).collect::<BTreeSet<_>>().len() as u64
}

impl SessionSummary {
    /// The summary as it leaves the workspace: what people wrote is masked.
    ///
    /// # Errors
    /// A conversation cannot be read.
    pub fn masked(mut self, store: &Store, door: &Door) -> Result<Self, StoreError> {
        for decision in self.decisions.iter_mut().chain(&mut self.carried_over) {
            *decision = super::masked_decision(store, decision, door)?;
        }
        self.session = super::masked_session(store, &self.session, door)?;
        for name in self.mode_names.values_mut() {
            *name = door.text(name);
        }
        Ok(self)
    }
}

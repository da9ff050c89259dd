//! What was decided, and what became of it.
//!
//! Invariant: an effect is the one that `decision show` tells, as things stood when the period was over.

use serde::Serialize;

use super::super::decision::{ByLot, Effect};
use super::super::door::Door;
use super::super::session::{book, masked_decision};
use super::super::workspace::Workspace;
use super::{ReportError, Window};
use crate::model::decision::{Day, Decision, DecisionKind};
use crate::model::session::{Book, Session};

/// One decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRow {
    /// What people type.
    pub id: String,
    /// What is to be changed.
    pub kind: DecisionKind,
    /// In words, masked with what the conversations know that it answers.
    pub text: String,
    /// The day on which it was made, in UTC.
    pub made: Option<String>,
    /// The session in which it was made.
    pub session: Option<String>,
    /// Who sees to it.
    pub owner: Option<String>,
    /// Until when, as a day.
    pub due: Option<String>,
    /// The failure mode it answers, by name.
    pub mode: Option<String>,
    /// How many conversations it answers.
    pub conversations: u64,
    /// True while nobody closed it.
    pub open: bool,
    /// True where it is open after its day.
    pub overdue: bool,
    /// The day on which it was closed, in UTC.
    pub closed: Option<String>,
    /// What became of the mode, once it is closed.
    pub effect: Option<Effect>,
}

/// Decisions made before the period was over: open ones by the day they are due, then closed ones in the order in which
/// they were made. Those of the session that is reported on come before all others.
pub(super) fn rows(
    workspace: &Workspace,
    (window, session): (&Window, Option<&Session>),
    door: &Door,
) -> Result<Vec<DecisionRow>, ReportError> {
    let (codebook, until) = (workspace.store().codebook()?, window.range().1);
    let mut rows = Vec::new();
    let Book { mut decisions, sessions } = book(workspace.store())?;
    let here = |decision: &Decision| session.is_some_and(|one| decision.spec.session.as_ref() == Some(&one.event));
    decisions.retain(|decision| decision.at < until);
    let by_lot = ByLot::of(workspace, &decisions)?;
    for decision in decisions {
        // What was closed later was open then.
        let closed = decision.closed.as_ref().is_some_and(|closed| closed.at < until);
        let effect = if closed { by_lot.effect(&decision, until) } else { None };
        let due = decision.spec.due.map(|due| due.to_string());
        let own = here(&decision);
        let decision = masked_decision(workspace.store(), &decision, door)?;
        let made_in = sessions.iter().find(|one| decision.spec.session.as_ref() == Some(&one.event));
        let row = DecisionRow {
            made: Day::of(decision.at).map(|day| day.to_string()),
            session: made_in.map(|session| session.name.clone()),
            open: !closed,
            overdue: !closed && due.as_ref().is_some_and(|due| *due < window.to.to_string()),
            mode: decision.spec.mode.as_ref().map(|mode| codebook.name_of(&codebook.resolve(mode)).to_owned()),
            conversations: decision.spec.conversations.len() as u64,
            closed: decision
                .closed
                .as_ref()
                .filter(|_| closed)
                .and_then(|closed| Some(Day::of(closed.at)?.to_string())),
            id: decision.id,
            kind: decision.spec.kind,
            text: decision.spec.text,
            owner: decision.spec.owner,
            due,
            effect,
        };
        rows.push((own, row));
    }
    rows.sort_by_key(|(own, row)| (!own, !row.open, row.open.then(|| (row.due.is_none(), row.due.clone()))));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

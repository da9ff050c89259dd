//! The fail that a reviewer gave last, to be given again.
//!
//! Invariant: one that was taken back is none.

use std::collections::HashSet;

use crate::model::act::{FailedAt, Judgement, Subject};
use crate::model::event::{Event, EventBody};
use crate::model::label::{FirstFailure, StepPointer, Verdict};

use super::super::workspace::Workspace;
use super::ReviewError;

/// Events of the reviewer looked at, at most: further back lies no habit of today.
const REACH: usize = 20_000;

/// The asking reviewer's last fail that stands, of any session: its modes, severity and owner, and whether it was at a
/// step. One put into words goes before one that came with a correction.
///
/// # Errors
/// The database cannot be read.
pub fn last_fail(workspace: &Workspace) -> Result<Option<Judgement>, ReviewError> {
    let log = workspace.store().log();
    let group = log.newest_first(workspace.reviewer(), |events| newest_fail(&mut events.take(REACH)))?;
    let Some(group) = group else { return Ok(None) };
    Ok(judgement(&log.group(&group)?))
}

/// The group of the newest fail without a correction, else of the newest with one.
fn newest_fail(newest_first: &mut dyn Iterator<Item = Event>) -> Option<String> {
    let mut undone: HashSet<String> = HashSet::new();
    let (mut corrected, mut second) = (String::new(), None);
    for event in newest_first {
        if undone.contains(&event.group) {
            continue;
        }
        match event.body {
            EventBody::Undo { undoes } => drop(undone.insert(undoes)),
            // The corrections of an act come after its verdict, and so before it here.
            EventBody::Correction(_) => corrected = event.group,
            EventBody::Verdict { verdict: Verdict::Fail, .. } if event.group == corrected => {
                second = second.or(Some(event.group));
            }
            EventBody::Verdict { verdict: Verdict::Fail, .. } => return Some(event.group),
            _ => {}
        }
    }
    second
}

/// The fail that the events of a group add up to, without what belongs to its conversation alone.
fn judgement(events: &[Event]) -> Option<Judgement> {
    let fail = events.iter().find_map(|event| match &event.body {
        EventBody::Verdict { verdict: Verdict::Fail, first_failure, severity, owner, .. } => {
            Some((event.target.as_ref()?, first_failure, *severity, *owner))
        }
        _ => None,
    });
    let (target, first_failure, severity, owner) = fail?;
    let pointer = target.step.map(|step| StepPointer {
        step,
        span_id: target.span_id.clone(),
        decision_span_id: target.decision_span_id.clone(),
    });
    let failed_at = match (first_failure, pointer) {
        (Some(FirstFailure::Step), Some(pointer)) => FailedAt::Step(pointer),
        _ => FailedAt::NoSingleStep,
    };
    let modes = events.iter().filter_map(|event| match &event.body {
        EventBody::Mode { mode } => Some(mode.clone()),
        _ => None,
    });
    let subject =
        Subject { conversation: target.conversation.clone(), transcript_hash: target.transcript_hash.clone() };
    Some(Judgement {
        failed_at: Some(failed_at),
        severity,
        owner,
        modes: modes.collect(),
        ..Judgement::new(subject, Verdict::Fail)
    })
}

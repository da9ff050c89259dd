//! Journal lines that were set aside: another copy of an event, with other bytes under the same id or in the same place.
//!
//! Invariant: a stored event is never replaced. A person looks at both and says that the stored one stands, which is
//! recorded; what the other one says can be given again by whoever said it.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use super::super::door::Door;
use super::super::list::SCHEMA_VERSION;
use super::super::workspace::Workspace;
use super::{ConflictError, Kept, Which};
use crate::model::event::{Event, EventBody};
use crate::model::id::TranscriptHash;
use crate::model::time::Timestamp;
use crate::store::events::Draft;
use crate::store::{Covered, StoreError};

/// What the name of a line is led by in the event that settles it.
const LINE: &str = "line:";

/// Digits of a line's hash that are shown.
const SHOWN: usize = 12;

/// A line that was set aside. The fields, their names and their order are public surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineRow {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What it is called: the beginning of its hash.
    pub name: String,
    /// Where it was read.
    pub journal: String,
    /// Why it was set aside.
    pub reason: String,
    /// What is stored under its id; null where nothing is.
    pub stored: Option<Value>,
    /// What it says; null where it is no event, or about what the asking reviewer may not see yet.
    pub set_aside: Option<Value>,
    /// True once a person said that the stored one stands.
    pub settled: bool,
}

/// The lines that were set aside, in the order in which they came, as they leave by `door`.
///
/// # Errors
/// The database cannot be read.
pub fn lines(workspace: &Workspace, door: &Door, which: Which) -> Result<Vec<LineRow>, ConflictError> {
    let (store, covered) = (workspace.store(), workspace.store().covered(workspace.reviewer())?);
    let settled = settled(workspace)?;
    let told = |line: &str| seen(workspace, door, (line, &covered));
    let mut rows = Vec::new();
    for aside in store.lines_aside()? {
        let is_settled = settled.contains(&aside.hash);
        if which == Which::Open && is_settled {
            continue;
        }
        rows.push(LineRow {
            schema_version: SCHEMA_VERSION,
            name: aside.hash.chars().take(SHOWN).collect(),
            journal: door.text(&aside.journal),
            reason: aside.reason,
            stored: aside.stored.as_deref().and_then(told),
            set_aside: told(&aside.line),
            settled: is_settled,
        });
    }
    Ok(rows)
}

/// Says that the stored event stands; recorded.
///
/// # Errors
/// There is no such line, or nothing was saved.
pub fn keep_stored(workspace: &mut Workspace, name: &str, now: Timestamp) -> Result<(), ConflictError> {
    let name = name.trim();
    let mut found = workspace.store().lines_aside()?;
    found.retain(|aside| !name.is_empty() && aside.hash.starts_with(name));
    let [aside] = found.as_slice() else { return Err(ConflictError::UnknownLine(name.to_owned())) };
    let other = TranscriptHash::from_stored(format!("{LINE}{}", aside.hash));
    workspace.append::<StoreError>(now, |_| {
        Ok(vec![Draft { body: EventBody::Conflict { kept: Kept::Ours, other }, target: None }])
    })?;
    Ok(())
}

/// Hashes of lines of which a person said that the stored one stands.
fn settled(workspace: &Workspace) -> Result<HashSet<String>, StoreError> {
    let named = |event: Event| match (event.body, event.target) {
        (EventBody::Conflict { other, .. }, None) => other.as_str().strip_prefix(LINE).map(str::to_owned),
        _ => None,
    };
    Ok(workspace.store().log().settlements()?.into_iter().filter_map(named).collect())
}

/// An event as it may be seen: what was typed is masked, what is hidden is left out.
fn seen(workspace: &Workspace, door: &Door, (line, covered): (&str, &Covered)) -> Option<Value> {
    let event = Event::parse(line).ok()?;
    let target = event.target.as_ref().map(|target| &target.conversation);
    if !covered.shows(&event, workspace.reviewer(), target) {
        return None;
    }
    let mut value = serde_json::to_value(&event).ok()?;
    if let Some(body) = value.get_mut("body") {
        *body = door.value(body);
    }
    Some(value)
}

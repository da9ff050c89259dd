//! Opening a conversation for review.
//!
//! Invariant: a reviewer who has not judged sees neither what others said nor what came of it.

use crate::model::id::ConversationId;
use crate::model::queue::Opened;

use super::super::door::Door;
use super::super::queue;
use super::super::workspace::Workspace;
use super::ReviewError;

/// All that the Review screen shows of a conversation.
///
/// # Errors
/// There is no such conversation, or the database cannot be read.
pub fn open(workspace: &Workspace, id: &ConversationId) -> Result<Opened, ReviewError> {
    let store = workspace.store();
    let id = store.log().resolve(id)?;
    let queue::Read { mut summary, mut conversation, ranks, suspects, remarks } =
        queue::read(store, &id, workspace.reviewer())?;
    let (own, mut others): (Vec<_>, Vec<_>) =
        store.labels(&id)?.into_iter().partition(|label| label.reviewer == workspace.reviewer());
    let own = own.into_iter().next();
    if store.covered(workspace.reviewer())?.hides(&id) {
        others.clear();
    }
    if own.as_ref().is_none_or(|label| label.verdict.is_none()) {
        others.clear();
        summary.outcomes.clear();
        conversation.outcomes.clear();
    }
    Ok(Opened { summary, conversation, own, others, ranks, suspects, remarks })
}

/// The same as a room may see it: masked as at a door out, with the people that its own records name.
///
/// Labels stay exact, since the next verdict takes their corrections and notes along; a room is shown none of their texts.
///
/// # Errors
/// As [`open`].
pub fn open_for_room(workspace: &Workspace, id: &ConversationId) -> Result<Opened, ReviewError> {
    let mut opened = open(workspace, id)?;
    let door = Door::masked(workspace).knowing(&opened.conversation);
    opened.conversation = door.conversation(&opened.conversation);
    // The hash stays that of the stored text: it is what the room judges.
    opened.summary = door.summary(&opened.summary);
    for why in opened.suspects.iter_mut().filter_map(|suspect| suspect.why.as_mut()) {
        *why = door.text(why.exact()).into();
    }
    Ok(opened)
}

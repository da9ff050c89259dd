//! Pseudonyms in what a reviewer writes, as copied from masked output: put back before anything is kept.
//!
//! Invariant: no act keeps a pseudonym that the conversation does not hold itself.

use super::super::door::Door;
use super::super::workspace::Workspace;
use super::{ReviewError, corrections_of, load};
use crate::mask::{Originals, Unknown, first_pseudonym};
use crate::model::act::Act;
use crate::model::correction::Correction;
use crate::model::id::ConversationId;
use crate::model::tool::Arguments;

/// Puts what pseudonyms of an act stand for in their places, as far as the conversation holds it.
///
/// # Errors
/// One stands for nothing in the conversation, or the database cannot be read.
pub(super) fn put_back(workspace: &Workspace, id: &ConversationId, act: &mut Act) -> Result<(), ReviewError> {
    let mut written = false;
    each_text(act, &mut |text, _| {
        written |= first_pseudonym(text).is_some();
        Ok(())
    })?;
    if !written {
        return Ok(());
    }
    let Some(conversation) = load(workspace, id)? else { return Ok(()) };
    let originals = Door::masked(workspace).knowing(&conversation).originals(&conversation);
    each_text(act, &mut |text, json| replace(&originals, text, json))
}

fn replace(originals: &Originals, text: &mut String, json: bool) -> Result<(), ReviewError> {
    if first_pseudonym(text).is_some() {
        let back = if json { originals.put_back_json(text) } else { originals.put_back(text) };
        *text = back.map_err(|Unknown(token)| ReviewError::Masked(token))?;
    }
    Ok(())
}

type Each<'a> = dyn FnMut(&mut String, bool) -> Result<(), ReviewError> + 'a;

/// Every text of an act that a person wrote, and whether it is JSON.
fn each_text(act: &mut Act, each: &mut Each<'_>) -> Result<(), ReviewError> {
    for (_, correction) in corrections_of(act).into_iter().flatten() {
        in_correction(correction, each)?;
    }
    match act {
        Act::Judge(judgement) => judgement.note.iter_mut().try_for_each(|text| each(text, false)),
        Act::Note { text, .. } | Act::Criterion { text, .. } => each(text, false),
        _ => Ok(()),
    }
}

fn in_correction(correction: &mut Correction, each: &mut Each<'_>) -> Result<(), ReviewError> {
    let Correction { arguments, alternatives, text, reason, .. } = correction;
    let calls = arguments.iter_mut().chain(alternatives.iter_mut().map(|call| &mut call.arguments));
    for arguments in calls.filter(|arguments| first_pseudonym(arguments.0.exact()).is_some()) {
        let mut text = arguments.0.exact().to_owned();
        each(&mut text, true)?;
        *arguments = Arguments(text.into());
    }
    text.iter_mut().chain(reason).try_for_each(|text| each(text, false))
}

//! What a reviewer holds in a shared queue: claimed when it is opened, renewed by keys, given back when it is left.
//!
//! Invariant: nothing here keeps a verdict from being saved; an answer that fails changes nothing.

use crate::engine::request::{ClaimOrder, Claimed, Reply, Request};
use crate::model::claim;
use crate::model::id::ConversationId;
use crate::tui::state::disputes::Holding;
use crate::tui::state::messages::Weight;
use crate::tui::state::queue::Said;
use crate::tui::state::review::Reason;
use crate::tui::state::{Expected, Screen, State};

/// The open conversation, while a verdict of this reviewer is asked for.
fn open(state: &State) -> Option<&ConversationId> {
    let review = state.review.as_ref().filter(|review| state.screen == Screen::Review && review.position.is_some())?;
    let judged = review.own_verdict().is_some() || matches!(state.queue.said.get(&review.id), Some(Said::Judged(_)));
    (!judged && !state.leaving).then_some(&review.id)
}

/// Claims what was just opened.
pub fn opened(state: &mut State) {
    let shared = state.queue.progress().filter(|queue| queue.spec.takes_claims()).map(|queue| queue.spec.name.clone());
    let (Some(queue), Some(id), None) = (shared, open(state).cloned(), &state.config.read_only) else { return };
    ask(state, queue, id);
}

fn ask(state: &mut State, queue: String, conversation: ConversationId) {
    let order = ClaimOrder { queue, conversation: conversation.clone() };
    state.ask(Request::Claim(order), Expected::Claim(conversation));
}

/// Renews the claim once half of its time is over.
pub fn active(state: &mut State) {
    let Some(queue) = state.queue.progress() else { return };
    let minutes = queue.spec.claim_minutes;
    let now = state.now;
    let Some(holding) = &mut state.holding else { return };
    if holding.until.0 - now.0 > claim::half_of(minutes) {
        return;
    }
    // Asked once; the answer tells the time that counts.
    holding.until = claim::end_of(minutes, now);
    let (queue, id) = (holding.queue.clone(), holding.conversation.clone());
    ask(state, queue, id);
}

/// Takes in what came of asking.
pub fn answered(state: &mut State, id: &ConversationId, reply: &Reply) {
    let Reply::Claimed(claimed) = reply else { return };
    let here = open(state) == Some(id);
    let said = match claimed {
        Claimed::Yours { until } => {
            let queue = state.queue.query.queue.clone().unwrap_or_default();
            state.holding = Some(Holding { conversation: id.clone(), queue, until: *until });
            return settle(state);
        }
        Claimed::Held { until } => {
            state.queue.held.insert(id.clone(), Some(*until));
            format!(
                "Held by another reviewer until {}; a verdict would be saved all the same.",
                state.local(*until, "%H:%M")
            )
        }
        Claimed::Full => {
            state.queue.held.insert(id.clone(), None);
            "It has all its reviews by now; a verdict would be saved all the same.".to_owned()
        }
        Claimed::NotAsked | Claimed::Released => return,
    };
    if !here {
        return;
    }
    let next = state.review.as_ref().is_some_and(|review| review.reason == Reason::Next) && state.overlays.is_empty();
    if next {
        return super::judge::advance(state);
    }
    state.log.say(state.now, Weight::Info, said);
}

/// Gives back what was left without a verdict.
pub fn settle(state: &mut State) {
    let Some(holding) = &state.holding else { return };
    if open(state) == Some(&holding.conversation) {
        return;
    }
    let id = holding.conversation.clone();
    state.holding = None;
    let ended = state.queue.said.get(&id).is_some_and(|said| *said != Said::Nothing) || state.writes.is_pending(&id);
    if !ended {
        state.ask(Request::Release(id.clone()), Expected::Claim(id));
    }
}

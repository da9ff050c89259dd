//! Keys of the screen of how evaluators agree with people.
//!
//! Invariant: nothing is computed here; a chosen cell becomes a queue by its filter.

use super::Pressed;
use crate::engine::request::{Reply, Request, Ticket};
use crate::tui::action::Action;
use crate::tui::state::alignment::{AlignmentView, Chosen};
use crate::tui::state::messages::Weight;
use crate::tui::state::{Expected, Overlay, State};

/// Opens the screen, and asks for what it shows.
pub fn open(state: &mut State) {
    let queue = state.queue.query.queue.clone();
    let awaiting = Some(state.ask(Request::Alignment(queue), Expected::Alignment));
    state.overlays.push(Overlay::Alignment(Box::new(AlignmentView { awaiting, ..AlignmentView::default() })));
}

/// Takes in the answer.
pub fn arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let view = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Alignment(view) if view.awaiting == Some(ticket) => Some(view),
        _ => None,
    });
    let Some(view) = view else { return };
    view.awaiting = None;
    match reply {
        Reply::Alignment(report) => view.report = Some(report),
        Reply::Failed { message, .. } => view.error = Some(message),
        _ => view.error = Some("The question was cancelled; leave and come back to ask it again.".to_owned()),
    }
}

/// Takes a key.
pub fn handle(state: &mut State, mut view: Box<AlignmentView>, pressed: Pressed) -> Option<Box<AlignmentView>> {
    let last = view.count().saturating_sub(1);
    let page = usize::from(state.size.rows / 3).max(1);
    match pressed.action {
        Some(Action::Back | Action::Leave) => return None,
        Some(Action::LineDown) => view.cursor += 1,
        Some(Action::LineUp) => view.cursor = view.cursor.saturating_sub(1),
        Some(Action::PageDown | Action::HalfDown) => view.cursor += page,
        Some(Action::PageUp | Action::HalfUp) => view.cursor = view.cursor.saturating_sub(page),
        Some(Action::First) => view.cursor = 0,
        Some(Action::Last) => view.cursor = last,
        Some(Action::NextField) => {
            view.chosen = match view.chosen {
                Chosen::FalsePasses => Chosen::FalseFails,
                Chosen::FalseFails => Chosen::FalsePasses,
            };
        }
        Some(Action::Accept) => return become_queue(state, view),
        _ => {}
    }
    view.cursor = view.cursor.min(last);
    Some(view)
}

/// Lists the conversations of the chosen cell.
fn become_queue(state: &mut State, view: Box<AlignmentView>) -> Option<Box<AlignmentView>> {
    let Some(filter) = view.cell().map(|cell| cell.filter.clone()).filter(|filter| !filter.is_empty()) else {
        state.log.say(state.now, Weight::Info, "This cell is empty: there is nothing to list.");
        return Some(view);
    };
    state.overlays.clear();
    super::queue::show(state);
    state.queue.asked.queue = None;
    state.queue.asked.find.clear();
    state.queue.asked.filter = filter;
    super::queue::ask(state);
    None
}

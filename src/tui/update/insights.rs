//! Keys of the screen of what failed in a week.
//!
//! Invariant: nothing is computed here; a line becomes a queue by its filter.

use std::path::PathBuf;

use super::Pressed;
use crate::engine::request::{Asking, InsightsPart as Part, Progress, Reply, Request, Ticket};
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::state::insights::InsightsView;
use crate::tui::state::messages::Weight;
use crate::tui::state::{Expected, Overlay, State};

/// Opens the screen on the newest week of what the queue shows.
pub fn open(state: &mut State) {
    let mut view = InsightsView { asking: Asking::default(), ..InsightsView::default() };
    ask(state, &mut view);
    state.overlays.push(Overlay::Insights(Box::new(view)));
}

fn ask(state: &mut State, view: &mut InsightsView) {
    view.awaiting = Some(state.ask(Request::Insights(view.asking.clone()), Expected::Insights));
    (view.progress, view.error) = (None, None);
}

/// Takes in the answer.
pub fn arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let view = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Insights(view) if view.awaiting == Some(ticket) => Some(view),
        _ => None,
    });
    let Some(view) = view else { return };
    view.awaiting = None;
    match reply {
        Reply::Insights(report) => {
            view.asking.days = report.period.asked();
            view.report = Some(report);
            view.cursor = view.cursor.min(view.filters().len().saturating_sub(1));
        }
        Reply::Failed { message, .. } => view.error = Some(message),
        _ => view.error = Some("The question was cancelled; leave and come back to ask it again.".to_owned()),
    }
}

/// Takes in how far it is.
pub fn progress(state: &mut State, ticket: Ticket, progress: &Progress) {
    for overlay in &mut state.overlays {
        if let Overlay::Insights(view) = overlay
            && view.awaiting == Some(ticket)
        {
            view.progress = Some(progress.clone());
        }
    }
}

/// Takes a key.
pub fn handle(state: &mut State, mut view: Box<InsightsView>, pressed: Pressed) -> Option<Box<InsightsView>> {
    if let Some(lines) = super::lines(state, pressed.action) {
        view.cursor = view.cursor.saturating_add_signed(lines);
    }
    match pressed.action {
        Some(Action::Back | Action::Leave) => {
            if let Some(ticket) = view.awaiting {
                state.want(Command::Cancel(ticket));
            }
            return None;
        }
        Some(action @ (Action::NextField | Action::PreviousField)) => turn(&mut view, action),
        Some(action @ (Action::PreviousWeek | Action::NextWeek)) => {
            // From what was asked for last, which need not be there yet, nor ever come.
            if let Some(window) = view.days() {
                let other = if action == Action::NextWeek { window.after() } else { window.before() };
                view.asking.days = other.asked();
                ask(state, &mut view);
            }
        }
        Some(Action::WriteShown) if view.shown().is_some() => {
            let request = Request::WriteInsights(view.asking.clone(), view.part, PathBuf::from("."));
            let title = format!("Write {} as CSV and JSON", view.part.word());
            // The job's box lies over the screen, which is put back beneath it.
            super::import::start(state, request, title);
        }
        Some(Action::Accept) if view.awaiting.is_none() => return become_queue(state, view),
        _ => {}
    }
    view.cursor = view.cursor.min(view.filters().len().saturating_sub(1));
    Some(view)
}

fn turn(view: &mut InsightsView, action: Action) {
    let here = Part::ALL.iter().position(|part| *part == view.part).unwrap_or_default();
    let step = if action == Action::NextField { 1 } else { Part::ALL.len() - 1 };
    view.part = Part::ALL[(here + step) % Part::ALL.len()];
    view.cursor = 0;
}

/// Lists the conversations behind a line.
fn become_queue(state: &mut State, view: Box<InsightsView>) -> Option<Box<InsightsView>> {
    let filter = view.filters().get(view.cursor).copied().unwrap_or_default().to_owned();
    if filter.is_empty() {
        state.log.say(state.now, Weight::Info, "There is nothing to list behind this line.");
        return Some(view);
    }
    super::queue::list(state, None, filter);
    None
}

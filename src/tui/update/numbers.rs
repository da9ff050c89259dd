//! Keys of the pages of figures.
//!
//! Invariant: nothing is computed here; a page is asked for when it is first shown, and a row becomes a queue by a filter.

use super::Pressed;
use crate::engine::request::{Aligned, Figured, Figures, Reply, Request, Ticket};
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::state::messages::Weight;
use crate::tui::state::numbers::{Chosen, NumbersView, Page};
use crate::tui::state::{Expected, Overlay, State};

/// Opens the screen, and asks for what it shows first.
pub fn open(state: &mut State) {
    let mut view = Box::new(NumbersView { queue: state.queue.query.queue.clone(), ..NumbersView::default() });
    ask(state, &mut view, Figures::Rates(None));
    state.overlays.push(Overlay::Numbers(view));
}

fn ask(state: &mut State, view: &mut NumbersView, what: Figures) {
    let request = Request::Figures(what, view.queue.clone());
    view.errors[view.page.at()] = None;
    view.awaiting = Some((state.ask(request, Expected::Figures), view.page));
}

/// Takes in the answer.
pub fn arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let view = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Numbers(view) if view.awaiting.is_some_and(|(asked, _)| asked == ticket) => Some(view),
        _ => None,
    });
    let Some(view) = view else { return };
    let Some((_, page)) = view.awaiting.take() else { return };
    match reply {
        Reply::Figures(figured) => match *figured {
            Figured::Rates(found) => view.rates = Some(found),
            Figured::Alignment(found) => {
                // The best of many on these labels would look better than it is; the one that is always there does not.
                view.evaluator = found.evaluators.iter().position(Aligned::is_p_fail).unwrap_or(0);
                view.alignment = Some(found);
            }
            Figured::Compare(found) => view.compare = Some(found),
            Figured::Drift(found) => view.drift = Some(found),
        },
        Reply::Failed { message, .. } => view.errors[page.at()] = Some(message),
        _ => view.errors[page.at()] = Some("The question was cancelled; come back to the page to ask it again.".into()),
    }
    // Two pages may rest on one answer, and neither need be the one that is shown by now.
    for page in Page::ALL {
        view.cursors[page.at()] = view.cursors[page.at()].min(view.count_of(page).saturating_sub(1));
    }
}

/// Takes a key.
pub fn handle(state: &mut State, mut view: Box<NumbersView>, pressed: Pressed) -> Option<Box<NumbersView>> {
    if let Some(lines) = super::lines(state, pressed.action) {
        let to = view.cursor().saturating_add_signed(lines).min(view.count().saturating_sub(1));
        view.cursors[view.page.at()] = to;
    }
    match pressed.action {
        Some(Action::Back | Action::Leave) => {
            if let Some((ticket, _)) = view.awaiting {
                state.want(Command::Cancel(ticket));
            }
            return None;
        }
        Some(Action::PickPage) => turn(state, &mut view, pressed),
        Some(action @ (Action::NextField | Action::PreviousField)) => choose(state, &mut view, action),
        Some(Action::Accept) => return become_queue(state, view),
        _ => {}
    }
    Some(view)
}

/// Goes to the page of a digit; a key that is none goes to the next one.
fn turn(state: &mut State, view: &mut NumbersView, pressed: Pressed) {
    let digit = pressed.chord.typed().and_then(|typed| typed.to_digit(10)).map(|digit| digit as usize);
    let to = digit.filter(|digit| *digit > 0).map_or(view.page.at() + 1, |digit| digit - 1);
    view.page = Page::ALL[to % Page::ALL.len()];
    if view.is_there() || view.is_counting() {
        return;
    }
    let what = match view.page {
        Page::Rates => Figures::Rates(None),
        Page::Alignment | Page::Thresholds => Figures::Alignment,
        Page::Compare => Figures::Compare(None),
        Page::Drift => Figures::Drift,
    };
    ask(state, view, what);
}

/// What else the page can show. What comes after it is known only once it is there.
fn choose(state: &mut State, view: &mut NumbersView, action: Action) {
    if view.is_counting() {
        return;
    }
    let step = |at: usize, count: usize| match action {
        Action::NextField => (at + 1) % count.max(1),
        _ => (at + count.max(1) - 1) % count.max(1),
    };
    match view.page {
        Page::Rates => {
            let by = view.rates.as_ref().and_then(|page| page.report.by.clone());
            ask(state, view, Figures::Rates(by));
        }
        Page::Alignment => {
            view.chosen = match view.chosen {
                Chosen::FalsePasses => Chosen::FalseFails,
                Chosen::FalseFails => Chosen::FalsePasses,
            };
        }
        Page::Thresholds => view.evaluator = step(view.evaluator, view.evaluators().len()),
        Page::Compare => {
            let Some(page) = view.compare.as_ref().filter(|page| page.offers.len() > 1) else { return };
            let (mut a, mut b) = page.sides;
            let count = page.offers.len();
            let next =
                |at: usize, other: usize| if (at + 1) % count == other { (at + 2) % count } else { (at + 1) % count };
            match action {
                Action::NextField => b = next(b, a),
                _ => a = next(a, b),
            }
            if a != b {
                ask(state, view, Figures::Compare(Some((a, b))));
            }
        }
        Page::Drift => {}
    }
}

/// Lists the conversations behind the row under the cursor.
fn become_queue(state: &mut State, view: Box<NumbersView>) -> Option<Box<NumbersView>> {
    let Some(filter) = view.behind() else {
        state.log.say(state.now, Weight::Info, "Nothing stands behind this row yet: there is nothing to list.");
        return Some(view);
    };
    super::queue::list(state, None, filter);
    None
}

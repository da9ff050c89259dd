//! Keys of queues with a name: choosing one, defining one, looking how far it is.
//!
//! Invariant: nothing is defined before its count was shown; what is shown belongs to what the form says.

use super::Pressed;
use crate::engine::request::{QueueHead, QueueSpec, Reply, Request, Ticket, unevaluated_of};
use crate::model::act::Act;
use crate::model::queue::QueueChange;
use crate::tui::action::Action;
use crate::tui::state::define::{DefineForm, Line, SEGMENTS, STRATEGIES};
use crate::tui::state::messages::Weight;
use crate::tui::state::prompt::{Prompt, Question};
use crate::tui::state::{Expected, Overlay, State};

/// Asks which queues there are, to offer them.
pub fn ask_queues(state: &mut State) {
    state.queue.awaiting_queues = Some(state.ask(Request::Queues, Expected::Queues));
}

/// Takes in which queues there are.
pub fn queues_answered(state: &mut State, reply: Reply) {
    state.queue.awaiting_queues = None;
    match reply {
        Reply::Queues(queues) => queues_arrived(state, &queues),
        other => super::messages::problem(state, other),
    }
}

/// Offers the queues there are.
fn queues_arrived(state: &mut State, queues: &[QueueHead]) {
    if let Some(Overlay::StartSession(form)) = state.overlays.last_mut() {
        let chosen = form.queue.checked_sub(2).and_then(|at| form.queues.get(at)).cloned();
        form.queues = queues.iter().map(|queue| queue.spec.name.clone()).collect();
        let at = chosen.and_then(|name| form.queues.iter().position(|other| *other == name));
        form.queue = at.map_or(form.queue.min(1), |at| at + 2);
        return;
    }
    let mut prompt = Prompt::new(Question::Queue, "");
    let all = (String::new(), "all conversations".to_owned());
    let named = queues.iter().map(|queue| {
        let name = &queue.spec.name;
        let of = queue.spec.size.map_or_else(String::new, |size| format!(" of {size}"));
        (name.clone(), format!("{name}  {}  {} done{of}", queue.spec.strategy, queue.done))
    });
    prompt.choices = std::iter::once(all).chain(named).collect();
    let here = state.queue.query.queue.clone().unwrap_or_default();
    prompt.choice = prompt.choices.iter().position(|(name, _)| *name == here).unwrap_or(0);
    state.overlays.push(Overlay::Prompt(Box::new(prompt)));
}

/// Goes to the queue of a name; an empty name is the list of all conversations.
pub fn go_to(state: &mut State, name: &str) {
    super::queue::show(state);
    state.queue.asked.queue = (!name.is_empty()).then(|| name.to_owned());
    state.queue.asked.filter.clear();
    state.queue.asked.find.clear();
    super::queue::ask(state);
}

/// Opens the form, on what is listed.
pub fn open(state: &mut State) {
    let filter = if state.queue.query.queue.is_none() { state.queue.query.filter.clone() } else { String::new() };
    let name = format!("week-{}", state.local(state.now, "%V"));
    let mut form = Box::new(DefineForm::new(&name, &filter, state.config.must_review.clone()));
    form.claim_minutes = state.config.claim_minutes;
    ask_preview(state, &mut form);
    state.overlays.push(Overlay::Define(form));
}

/// Shows how far the queue is.
pub fn progress(state: &mut State) {
    if state.queue.progress().is_some() {
        state.overlays.push(Overlay::Progress);
    } else {
        let key = state.key(Action::Queues);
        state.log.say(state.now, Weight::Info, format!("Only a queue has progress: {key} goes to one."));
    }
}

fn ask_preview(state: &mut State, form: &mut DefineForm) {
    match form.spec() {
        Ok(spec) => {
            form.awaiting = Some(state.ask(Request::Preview(Box::new(spec)), Expected::Preview));
            form.error = None;
        }
        Err(error) => (form.awaiting, form.preview, form.error) = (None, None, Some(error)),
    }
}

/// Takes in what a definition would take.
pub fn preview_arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let form = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Define(form) if form.awaiting == Some(ticket) => Some(form),
        _ => None,
    });
    let Some(form) = form else { return };
    form.awaiting = None;
    match reply {
        Reply::Preview(preview) => (form.preview, form.error) = (Some(preview), None),
        Reply::Failed { message, .. } => (form.preview, form.error) = (None, Some(message)),
        _ => {}
    }
}

/// Takes a key in the form.
pub fn handle(state: &mut State, mut form: Box<DefineForm>, pressed: Pressed) -> Option<Box<DefineForm>> {
    let last = Line::ALL.len() - 1;
    match pressed.action {
        Some(Action::Back) => return None,
        Some(Action::NextField | Action::NextChoice) => form.line = if form.line == last { 0 } else { form.line + 1 },
        Some(Action::PreviousField | Action::PreviousChoice) => {
            form.line = if form.line == 0 { last } else { form.line - 1 };
        }
        Some(Action::Toggle) => {
            match form.current() {
                Line::Strategy => form.strategy = (form.strategy + 1) % STRATEGIES.len(),
                Line::Segment => form.segment = (form.segment + 1) % SEGMENTS.len(),
                Line::Blind => form.blind = !form.blind,
                _ => {}
            }
            ask_preview(state, &mut form);
        }
        Some(Action::Save | Action::Accept) => return define(state, form),
        _ => {
            if form.input().is_some_and(|input| input.handle(pressed.chord)) {
                ask_preview(state, &mut form);
            }
        }
    }
    Some(form)
}

/// Defines the queue, once its count is there. Where conversations were not evaluated yet, that is done first.
fn define(state: &mut State, mut form: Box<DefineForm>) -> Option<Box<DefineForm>> {
    let spec = match form.spec() {
        Ok(spec) => spec,
        Err(error) => {
            form.error = Some(error);
            return Some(form);
        }
    };
    // What is wrong, or not counted yet, stands in the form.
    let Some(preview) = form.preview.as_ref().filter(|_| form.awaiting.is_none() && form.error.is_none()) else {
        return Some(form);
    };
    if preview.matching == 0 {
        form.error = Some("No conversation matches; there is nothing to judge.".to_owned());
        return Some(form);
    }
    if preview.unevaluated == 0 {
        record(state, spec);
        return None;
    }
    let filter = unevaluated_of(&spec);
    let title = format!("Evaluate {} conversations for queue {}", preview.unevaluated, spec.name);
    super::import::start_for(state, Request::Evaluate(filter), (title, Expected::Evaluated));
    state.queue.defining = Some(Box::new(spec));
    None
}

/// Goes on once what a queue waits for has ended.
pub fn evaluated(state: &mut State, ticket: Ticket, reply: Reply) {
    let well = matches!(reply, Reply::Done { .. });
    super::import::ended(state, ticket, reply);
    if let Some(spec) = state.queue.defining.take().filter(|_| well) {
        record(state, *spec);
    }
}

fn record(state: &mut State, spec: QueueSpec) {
    let name = spec.name.clone();
    let what = format!("queue {name}");
    super::judge::record(state, Act::Queue(QueueChange::Add(spec)), None, &what);
}

//! Queues with a name: choosing one, defining one, looking how far it is.
//!
//! Invariant: nothing is defined before its count was shown; what is shown belongs to what the form says.

use crate::engine::request::{QueueHead, QueueSpec, Reply, Request, Ticket, unevaluated_of};
use crate::model::act::Act;
use crate::model::queue::QueueChange;
use crate::tui::action::Action;
use crate::tui::state::define::{DefineForm, Waiting};
use crate::tui::state::messages::{Weight, Write};
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
    if !state.overlays.is_empty() {
        // Something else was opened meanwhile, and takes the keys that would choose a queue here.
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
    super::queue::turn_to(state, (!name.is_empty()).then(|| name.to_owned()), String::new());
}

/// Opens the form, on what is listed.
pub fn open(state: &mut State) {
    if super::covered(state) {
        return;
    }
    let filter = if state.queue.query.queue.is_none() { state.queue.query.filter.clone() } else { String::new() };
    let name = format!("week-{}", state.local(state.now, "%V"));
    let mut form = Box::new(DefineForm::new(&name, &filter, state.config.must_review.clone()));
    form.claim_minutes = state.config.claim_minutes;
    super::form::open(state, Overlay::Define(form));
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

/// Asks what the definition in the form would take.
pub fn ask_preview(state: &mut State, form: &mut DefineForm) {
    match form.spec() {
        Ok(spec) => {
            form.awaiting = Some(state.ask(Request::Preview(Box::new(spec)), Expected::Preview));
        }
        Err(error) => (form.awaiting, form.preview, form.head.error) = (None, None, Some(error)),
    }
}

/// Takes in what a definition would take.
pub fn preview_arrived(state: &mut State, ticket: Ticket, reply: &Reply) {
    for overlay in &mut state.overlays {
        match overlay {
            Overlay::Define(form) if form.awaiting == Some(ticket) => {
                form.awaiting = None;
                match reply {
                    Reply::Preview(preview) => form.preview = Some(preview.clone()),
                    Reply::Failed { message, .. } => {
                        (form.preview, form.head.error) = (None, Some(message.clone()));
                    }
                    _ => {}
                }
            }
            // What is wrong with a session is said when it is to start; a queue that cannot be counted has no order anyway.
            Overlay::StartSession(form) if form.awaiting == Some(ticket) => {
                form.awaiting = None;
                form.unevaluated = if let Reply::Preview(preview) = reply { preview.unevaluated } else { 0 };
            }
            _ => {}
        }
    }
}

/// Has the queue defined, once its count is there: the ticket of what does it. Where conversations were not evaluated yet,
/// that is done first.
///
/// # Errors
/// What is missing, in words.
pub fn define(state: &mut State, form: &DefineForm) -> Result<Option<Ticket>, String> {
    let spec = form.spec()?;
    // What is wrong, or not counted yet, stands in the form.
    let Some(preview) = form.preview.as_ref().filter(|_| form.awaiting.is_none()) else { return Ok(None) };
    if preview.matching == 0 {
        return Err("No conversation matches; there is nothing to judge.".to_owned());
    }
    if preview.unevaluated == 0 {
        return Ok(Some(record(state, spec)));
    }
    let filter = unevaluated_of(&spec);
    let title = format!("Evaluate {} conversations for queue {}", preview.unevaluated, spec.name);
    state.queue.waiting = Some(Waiting::Queue(Box::new(spec)));
    Ok(Some(super::import::start_for(state, Request::Evaluate(filter), (title, Expected::Evaluated))))
}

/// Goes on once what a queue or a session waits for has ended.
pub fn evaluated(state: &mut State, ticket: Ticket, reply: Reply) {
    let well = matches!(reply, Reply::Done { .. });
    super::import::ended(state, ticket, reply);
    let goes_on = match state.queue.waiting.take().filter(|_| well) {
        Some(Waiting::Queue(spec)) => record(state, *spec),
        Some(Waiting::Session(order)) => super::session::begin(state, *order),
        None => return,
    };
    super::form::waits_on(state, ticket, goes_on);
}

fn record(state: &mut State, spec: QueueSpec) -> Ticket {
    let what = format!("queue {}", spec.name);
    let request = Request::Record(Box::new(Act::Queue(QueueChange::Add(spec))));
    super::judge::send(state, Write { request, conversation: None, what, replaces: None })
}

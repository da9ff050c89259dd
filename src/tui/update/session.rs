//! Keys of the review session: starting one, its screen, the parking lot, decisions, and showing to a room.
//!
//! Invariant: nothing is counted here; whatever is saved comes back counted.

use super::Pressed;
use crate::engine::request::{AgendaKind, Reply, Request, SessionProgress, Ticket};
use crate::model::act::Act;
use crate::model::decision::DecisionChange;
use crate::model::session::{SessionChange, SessionPlace};
use crate::tui::action::Action;
use crate::tui::layout::Pane;
use crate::tui::state::messages::{Weight, Write};
use crate::tui::state::prompt::{Confirm, Doubt, Prompt, Question};
use crate::tui::state::review::Reason;
use crate::tui::state::session::{DecisionForm, SessionView, StartForm, Tab};
use crate::tui::state::{Expected, Overlay, Screen, State};

/// Asks how far the session is.
pub fn ask(state: &mut State) {
    state.session.awaiting = Some(state.ask(Request::Session, Expected::Session));
}

/// Asks anew after something was saved that may belong to the session.
pub fn refresh(state: &mut State, about_nothing: bool) {
    if state.session.progress.is_some() || about_nothing {
        ask(state);
    }
    let showing = state.overlays.iter().any(|overlay| matches!(overlay, Overlay::Session(_)));
    if showing {
        ask_sheet(state);
    }
}

/// Takes in how far it is. A session that this reviewer left is gone on with where the screen starts from the beginning.
pub fn arrived(state: &mut State, reply: Reply) {
    state.session.awaiting = None;
    let resuming = std::mem::take(&mut state.session.resuming);
    let Reply::Session(progress) = reply else { return };
    state.session.counted = Some(state.now);
    let attended = progress.as_ref().is_some_and(|one| one.session.is_attended_by(&state.config.reviewer));
    if let Some(progress) = progress.as_ref().filter(|_| resuming && state.config.read_only.is_none()) {
        go_on(state, progress);
    }
    let queue = progress.as_ref().and_then(|one| one.session.queue.clone());
    state.session.progress = progress.filter(|_| attended || resuming);
    if std::mem::take(&mut state.session.wanted_queue)
        && let Some(queue) = queue
        && state.queue.query.queue.as_ref() != Some(&queue)
    {
        super::define::go_to(state, &queue);
    }
}

fn go_on(state: &mut State, progress: &SessionProgress) {
    let session = progress.session.event.clone();
    let change = SessionChange::Resume { session };
    super::judge::record(state, Act::Session(change), None, "back in the session");
    let key = state.key(Action::Session);
    let place = progress.session.places.get(&state.config.reviewer).cloned().unwrap_or_default();
    let queue = place.queue.or_else(|| progress.session.queue.clone());
    if queue.is_some() {
        state.queue.asked.queue = queue;
        state.queue.asked.filter.clear();
        state.queue.wanted_place.clone_from(&place.conversation);
        super::queue::ask(state);
    }
    if let (Some(conversation), Some(step)) = (place.conversation, place.step) {
        state.session.wanted_step = Some((conversation, step));
    }
    let said = format!("Session {} goes on where you left it; {key} shows it.", progress.session.name);
    state.log.say(state.now, Weight::Info, said);
}

/// Once the list is there: opens the conversation in which the reviewer was, at its step.
pub fn listed(state: &mut State) {
    let Some((id, step)) = state.session.wanted_step.take() else { return };
    let position = state.queue.index.ids.iter().position(|other| *other == id);
    super::review::open(state, id, position, Reason::Asked);
    if let Some(review) = &mut state.review {
        review.wanted_step = Some(step);
    }
}

/// Writes down where the reviewer is, before the program ends.
pub fn depart(state: &mut State) {
    let attended = state.session.progress.as_ref().filter(|one| one.session.is_attended_by(&state.config.reviewer));
    let Some(session) = attended.map(|progress| progress.session.event.clone()) else { return };
    let place = state.place();
    let open = state.review.as_ref().filter(|_| state.screen == Screen::Review);
    let step = open.and_then(|review| review.step()).map(|step| step.number);
    let place = SessionPlace { queue: place.queue, conversation: place.conversation, step };
    let change = SessionChange::Leave { session, place: Some(place) };
    super::judge::record(state, Act::Session(change), None, "session left");
    state.session.progress = None;
}

/// Opens the screen of the session, or the form that starts one.
pub fn open(state: &mut State) {
    if state.session.progress.is_none() {
        return open_start(state);
    }
    state.overlays.push(Overlay::Session(Box::default()));
    ask_sheet(state);
}

fn ask_sheet(state: &mut State) {
    let ticket = state.ask(Request::SessionSheet, Expected::SessionSheet);
    if let Some(Overlay::Session(view)) = state.overlays.iter_mut().find(|one| matches!(one, Overlay::Session(_))) {
        view.awaiting = Some(ticket);
    }
}

/// Opens the form that starts a session.
pub fn open_start(state: &mut State) {
    if let Some(reason) = state.config.read_only.clone() {
        return state.log.say(state.now, Weight::Problem, super::read_only(&reason));
    }
    if let Some(progress) = &state.session.progress {
        let said = format!("Session {} goes on; end it before another one begins.", progress.session.name);
        return state.log.say(state.now, Weight::Info, said);
    }
    let name = format!("W{}", state.local(state.now, "%V"));
    let form = StartForm::new(&name, state.queue.query.queue.as_deref());
    state.overlays.push(Overlay::StartSession(Box::new(form)));
    state.queue.awaiting_queues = Some(state.ask(Request::Queues, Expected::Queues));
}

/// Takes in what the screen shows.
pub fn sheet_arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let view = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Session(view) if view.awaiting == Some(ticket) => Some(view),
        _ => None,
    });
    let Some(view) = view else { return };
    view.awaiting = None;
    match reply {
        Reply::SessionSheet(sheet) => {
            view.sheet = Some(sheet);
            view.cursor = view.cursor.min(view.count().saturating_sub(1));
        }
        Reply::Failed { message, .. } => view.error = Some(message),
        _ => {}
    }
}

/// Takes a key in the screen of a session.
pub fn handle(state: &mut State, mut view: Box<SessionView>, pressed: Pressed) -> Option<Box<SessionView>> {
    let last = view.count().saturating_sub(1);
    match pressed.action {
        Some(Action::Leave) if view.tab == Tab::Summary => return finish(state, view),
        Some(Action::Back | Action::Leave) => return None,
        Some(Action::LineDown | Action::PageDown | Action::HalfDown) => view.cursor += 1,
        Some(Action::LineUp | Action::PageUp | Action::HalfUp) => view.cursor = view.cursor.saturating_sub(1),
        Some(Action::First) => view.cursor = 0,
        Some(Action::Last) => view.cursor = last,
        Some(Action::NextField) => (view.tab, view.cursor) = (view.tab.next(), 0),
        Some(Action::Accept) => return open_line(state, view),
        Some(Action::Decision) => open_decision(state),
        Some(Action::EditDecision) => {
            if let Some(decision) = view.decision().cloned() {
                let form = DecisionForm::edit(modes(state), &decision);
                state.overlays.push(Overlay::Decision(Box::new(form)));
            }
        }
        Some(Action::CloseDecision) => close(state, &view),
        Some(Action::Undo) => super::judge::undo(state),
        Some(Action::Export) => super::export::open(state),
        _ => {}
    }
    view.cursor = view.cursor.min(view.count().saturating_sub(1));
    Some(view)
}

/// Asks whether the session is over; one that is over already is just left.
fn finish(state: &mut State, view: Box<SessionView>) -> Option<Box<SessionView>> {
    let progress = state.session.progress.as_ref()?;
    let (name, session) = (progress.session.name.clone(), progress.session.event.clone());
    let text = format!("End session {name}? It can be taken back with {}.", state.key(Action::Undo));
    state.overlays.push(Overlay::Confirm(Confirm { doubt: Doubt::EndSession(session), text }));
    Some(view)
}

/// Ends the session.
pub fn end(state: &mut State, session: String) {
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Session(_)));
    super::judge::record(state, Act::Session(SessionChange::End { session }), None, "session ended");
}

/// Lists the conversations of the line under the cursor.
fn open_line(state: &mut State, view: Box<SessionView>) -> Option<Box<SessionView>> {
    let queue = state.session.progress.as_ref().and_then(|progress| progress.session.queue.clone());
    let (queue, filter) = match (view.agenda_line(), view.decision()) {
        (Some(line), _) if line.kind == AgendaKind::Audit => (queue, Some(String::new())),
        // What nobody has judged keeps its place in the queue, and hides its scores where the queue does.
        (Some(line), _) if matches!(line.kind, AgendaKind::NewFailures | AgendaKind::LowConfidence) => {
            (queue, line.filter())
        }
        (Some(line), _) => (None, line.filter()),
        (None, Some(decision)) => (None, conversations_filter(&decision.spec.conversations)),
        (None, None) => return Some(view),
    };
    let Some(filter) = filter else {
        state.log.say(state.now, Weight::Info, "There is no conversation here.");
        return Some(view);
    };
    state.overlays.clear();
    super::queue::show(state);
    (state.queue.asked.queue, state.queue.asked.filter) = (queue, filter);
    state.queue.asked.find.clear();
    super::queue::ask(state);
    None
}

fn conversations_filter(ids: &[crate::model::id::ConversationId]) -> Option<String> {
    let ids: Vec<&str> = ids.iter().map(crate::model::id::ConversationId::as_str).collect();
    (!ids.is_empty()).then(|| format!("id:{}", ids.join(",")))
}

fn close(state: &mut State, view: &SessionView) {
    let Some(decision) = view.decision() else { return };
    if decision.is_open() {
        let question = Question::CloseDecision(decision.event.clone());
        state.overlays.push(Overlay::Prompt(Box::new(Prompt::new(question, ""))));
    } else {
        let change = DecisionChange::Reopen { decision: decision.event.clone() };
        super::judge::record(state, Act::Decision(change), None, "decision reopened");
    }
}

/// Keys and names of the failure modes in use.
fn modes(state: &State) -> Vec<(String, String)> {
    state.codebook.modes.iter().map(|mode| (mode.key.clone(), mode.name.clone())).collect()
}

/// Opens the form for a decision; from an open conversation it answers that one.
pub fn open_decision(state: &mut State) {
    let open = state.review.as_ref().filter(|_| state.screen == Screen::Review && state.overlays.is_empty());
    let conversations = open.map(|review| review.id.clone()).into_iter().collect();
    let own = open.and_then(|review| review.opened.as_ref()?.own.as_ref());
    let mode = own.and_then(|label| label.modes.first()).cloned();
    let session = state.session.progress.as_ref().map(|progress| progress.session.event.clone());
    let mut form = DecisionForm::new(modes(state), conversations, session);
    form.mode = form.modes.iter().position(|(key, _)| Some(key) == mode.as_ref()).map_or(0, |at| at + 1);
    state.overlays.push(Overlay::Decision(Box::new(form)));
}

/// Takes a key in the form for a decision.
pub fn handle_decision(state: &mut State, mut form: Box<DecisionForm>, pressed: Pressed) -> Option<Box<DecisionForm>> {
    let lines = DecisionForm::TITLES.len();
    match pressed.action {
        Some(Action::Back) => return None,
        Some(Action::NextField | Action::NextChoice) => form.line = (form.line + 1) % lines,
        Some(Action::PreviousField | Action::PreviousChoice) => form.line = (form.line + lines - 1) % lines,
        Some(Action::Toggle) if form.line == 1 => {
            form.kind = (form.kind + 1) % crate::model::decision::DecisionKind::ALL.len();
        }
        Some(Action::Toggle) if form.line == 4 => form.mode = (form.mode + 1) % (form.modes.len() + 1),
        Some(Action::Save | Action::Accept) => match form.change() {
            Ok(change) => {
                super::judge::record(state, Act::Decision(change), None, "decision");
                return None;
            }
            Err(error) => form.error = Some(error),
        },
        _ => {
            form.error = None;
            if let Some(input) = form.input() {
                input.handle(pressed.chord);
            }
        }
    }
    Some(form)
}

/// Takes a key in the form that starts a session.
pub fn handle_start(state: &mut State, mut form: Box<StartForm>, pressed: Pressed) -> Option<Box<StartForm>> {
    let lines = StartForm::TITLES.len();
    match pressed.action {
        Some(Action::Back) => return None,
        Some(Action::NextField | Action::NextChoice) => form.line = (form.line + 1) % lines,
        Some(Action::PreviousField | Action::PreviousChoice) => form.line = (form.line + lines - 1) % lines,
        Some(Action::Toggle) if form.line == 1 => form.queue = (form.queue + 1) % form.choices(),
        Some(Action::Save | Action::Accept) => match form.order() {
            Ok(order) => {
                let what = format!("session {}", order.name);
                state.session.resuming = false;
                state.session.wanted_queue = true;
                let request = Request::StartSession(Box::new(order));
                super::judge::write(state, Write { request, conversation: None, what, replaces: None });
                return None;
            }
            Err(error) => form.error = Some(error),
        },
        _ => {
            form.error = None;
            if let Some(input) = form.input() {
                input.handle(pressed.chord);
            }
        }
    }
    Some(form)
}

/// Puts the open conversation on the parking lot, or takes it off.
pub fn park(state: &mut State) {
    let Some(id) = state.review.as_ref().map(|review| review.id.clone()) else { return };
    let Some(progress) = &state.session.progress else {
        let key = state.key(Action::Session);
        return state.log.say(state.now, Weight::Info, format!("No session goes on: {key} begins one."));
    };
    if progress.session.parked.iter().any(|parked| parked.conversation == id) {
        let change = SessionChange::Unpark { conversation: id };
        return super::judge::record(state, Act::Session(change), None, "off the parking lot");
    }
    let question = Question::Park(progress.session.event.clone(), id);
    state.overlays.push(Overlay::Prompt(Box::new(Prompt::new(question, ""))));
}

/// Saves what was asked for a reason, with the reason.
pub fn reasoned(state: &mut State, question: Question, reason: String) {
    match question {
        Question::Park(session, conversation) => {
            let change = SessionChange::Park { session, conversation, reason };
            super::judge::record(state, Act::Session(change), None, "parked");
        }
        Question::CloseDecision(decision) => {
            let change = DecisionChange::Close { decision, reason };
            super::judge::record(state, Act::Decision(change), None, "decision closed");
        }
        _ => {}
    }
}

/// Shows one conversation at a time to a room, or goes back to the screen of one person.
pub fn present(state: &mut State) {
    state.presenting = !state.presenting;
    state.revealed.clear();
    if let Some(review) = &mut state.review {
        review.focus = Pane::Transcript;
    }
    match (&state.review, state.screen) {
        (Some(review), Screen::Review) => {
            let (id, position) = (review.id.clone(), review.position);
            let step = review.step().map(|step| step.number);
            super::review::open(state, id, position, Reason::Asked);
            if let Some(review) = &mut state.review {
                review.wanted_step = step;
            }
        }
        _ => state.review = None,
    }
    let (key, scores) = (state.key(Action::Present), state.key(Action::Scores));
    let said = if state.presenting {
        format!("For the room: {scores} reveals scores, {key} ends it.")
    } else {
        "Back on the screen of one.".to_owned()
    };
    state.log.say(state.now, Weight::Info, said);
}

/// Who gives a verdict together: those of the session, where it is shown to a room.
pub fn room(state: &State) -> Vec<String> {
    if !state.presenting {
        return Vec::new();
    }
    let mut room = vec![state.config.reviewer.clone()];
    let session = state.session.progress.iter().flat_map(|progress| &progress.session.participants);
    for name in session.chain(&state.config.room) {
        if !room.contains(name) {
            room.push(name.clone());
        }
    }
    room
}

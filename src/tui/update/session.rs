//! Keys of the review session: starting one, its screen, the parking lot, decisions, and showing to a room.
//!
//! Invariant: nothing is counted here; whatever is saved comes back counted.

use std::path::PathBuf;

use super::Pressed;
use crate::engine::request::{AgendaKind, Reply, Request, SessionProgress, StartOrder, Ticket, Why, unevaluated_of};
use crate::model::act::Act;
use crate::model::decision::DecisionChange;
use crate::model::id::ConversationId;
use crate::model::session::{SessionChange, SessionPlace};
use crate::text::count;
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::layout::Pane;
use crate::tui::state::define::Waiting;
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
    if !about_nothing {
        tell_left(state);
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
    let (here, left) = if attended || resuming { (progress, None) } else { (None, progress) };
    let was_there = state.session.progress.is_some();
    (state.session.progress, state.session.left) = (here, left);
    if was_there {
        // It was left from elsewhere, and the act that made the screen ask may have been a verdict.
        tell_left(state);
    }
    if std::mem::take(&mut state.session.wanted_queue)
        && let Some(queue) = queue
        && state.queue.query.queue.as_ref() != Some(&queue)
    {
        super::define::go_to(state, &queue);
    }
}

/// Says once that what is judged now does not count for a session that was left and still goes on.
fn tell_left(state: &mut State) {
    let Some(left) = &state.session.left else { return };
    if state.session.told_left.as_ref() == Some(&left.session.event) {
        return;
    }
    let key = state.key(Action::Session);
    let said = format!("Not counted for {}, which you left; {key} goes back to it.", left.session.name);
    state.session.told_left = Some(left.session.event.clone());
    state.log.say(state.now, Weight::Info, said);
}

fn go_on(state: &mut State, progress: &SessionProgress) {
    let session = progress.session.event.clone();
    let change = SessionChange::Resume { session };
    super::judge::record(state, Act::Session(change), None, "back in the session");
    state.session.told_left = None;
    let key = state.key(Action::Session);
    let place = progress.session.places.get(&state.config.reviewer).cloned().unwrap_or_default();
    let queue = place.queue.or_else(|| progress.session.queue.clone());
    if queue.is_some() {
        state.queue.asked.queue = queue;
        state.queue.asked.filter.clear();
    }
    state.queue.wanted_place.clone_from(&place.conversation);
    super::queue::ask(state);
    if let (Some(conversation), Some(step)) = (place.conversation, place.step) {
        state.session.wanted = Some((conversation, Some(step)));
    }
    let said = format!("Session {} goes on where you left it; {key} shows it.", progress.session.name);
    state.log.say(state.now, Weight::Info, said);
}

/// Once the list is there: opens the conversation in which the reviewer was, at its step.
pub fn listed(state: &mut State) {
    let Some((id, step)) = state.session.wanted.take() else { return };
    let position = state.queue.index.ids.iter().position(|other| *other == id);
    super::review::open(state, id, position, Reason::Asked);
    if let Some(review) = &mut state.review {
        review.wanted_step = step;
    }
}

/// Writes down where the reviewer is, before the program ends.
pub fn depart(state: &mut State) {
    if state.config.read_only.is_some() {
        return;
    }
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

/// Opens the screen of the session, goes back to one that was left, or opens the form that starts one.
pub fn open(state: &mut State) {
    let left = state.session.left.take();
    match (left, &state.session.progress) {
        (_, Some(_)) => show(state, Tab::Agenda),
        (None, None) if state.config.read_only.is_none() => open_start(state),
        (Some(left), None) if state.config.read_only.is_none() => go_on(state, &left),
        (_, None) => open_all(state),
    }
}

/// Opens the list of all sessions there were.
pub fn open_all(state: &mut State) {
    show(state, Tab::Sessions);
}

fn show(state: &mut State, tab: Tab) {
    state.overlays.push(Overlay::Session(Box::new(SessionView { tab, ..SessionView::default() })));
    ask_sheet(state);
}

fn ask_sheet(state: &mut State) {
    let shown = state.overlays.iter().find_map(|overlay| match overlay {
        Overlay::Session(view) => Some(view.session.clone()),
        _ => None,
    });
    let Some(session) = shown else { return };
    let ticket = state.ask(Request::SessionSheet(session), Expected::SessionSheet);
    if let Some(Overlay::Session(view)) = state.overlays.iter_mut().find(|one| matches!(one, Overlay::Session(_))) {
        view.awaiting = Some(ticket);
    }
}

/// Opens the form that starts a session.
pub fn open_start(state: &mut State) {
    if super::refused(state, Action::StartSession) {
        return;
    }
    if let Some(progress) = &state.session.progress {
        let said = format!("Session {} goes on; end it before another one begins.", progress.session.name);
        return state.log.say(state.now, Weight::Info, said);
    }
    let name = format!("W{}", state.local(state.now, "%V"));
    let form = StartForm::new(&name, state.queue.progress().map(|queue| queue.spec.clone()));
    super::form::open(state, Overlay::StartSession(Box::new(form)));
    let ticket = state.ask(Request::Queues, Expected::StartQueues);
    if let Some(Overlay::StartSession(form)) = state.overlays.last_mut() {
        form.awaiting_queues = Some(ticket);
    }
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
            let parked = sheet.waiting.iter().filter(|one| one.left_by.is_some() && one.why != Why::PutOff);
            state.session.left_parked = parked.map(|one| one.conversation.clone()).collect();
            view.sheet = Some(sheet);
            view.cursor = view.cursor.min(view.count().saturating_sub(1));
        }
        Reply::Failed { message, .. } => view.error = Some(message),
        _ => {}
    }
}

/// Takes a key in the screen of a session.
pub fn handle(state: &mut State, mut view: Box<SessionView>, pressed: Pressed) -> Option<Box<SessionView>> {
    if pressed.action.is_some_and(|action| super::refused(state, action)) {
        return Some(view);
    }
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
        Some(Action::NextField) => (view.tab, view.cursor) = (view.tab.next(), 0),
        Some(Action::Accept) if view.tab == Tab::Sessions => turn_to(state, &mut view),
        Some(Action::Accept) => return open_line(state, view),
        Some(Action::Decision) => open_decision(state, None),
        Some(Action::EditDecision) => {
            if let Some(decision) = view.decision() {
                let form = DecisionForm::edit(&state.codebook, decision);
                super::form::open(state, Overlay::Decision(Box::new(form)));
            }
        }
        Some(Action::CloseDecision) => close(state, &view),
        Some(Action::EndSession) => ask_end(state),
        Some(Action::WriteReport) => write_report(state, &view),
        Some(Action::Undo) => super::judge::undo(state),
        Some(Action::Export) => super::export::open(state),
        _ => {}
    }
    view.cursor = view.cursor.min(view.count().saturating_sub(1));
    Some(view)
}

/// True where the session that is shown is the one that this reviewer is in, and may end here.
pub(in crate::tui) fn is_live(state: &State, view: &SessionView) -> bool {
    let live = state.session.progress.as_ref().filter(|_| state.config.read_only.is_none());
    let shown = view.sheet.as_ref().map(|sheet| &sheet.summary.session.event);
    live.is_some_and(|live| Some(&live.session.event) == shown)
}

/// Shows the summary of the session under the cursor of the list.
fn turn_to(state: &mut State, view: &mut SessionView) {
    let Some(session) = view.listed().map(|session| session.event.clone()) else { return };
    view.awaiting = Some(state.ask(Request::SessionSheet(Some(session.clone())), Expected::SessionSheet));
    *view =
        SessionView { session: Some(session), awaiting: view.awaiting, tab: Tab::Summary, ..SessionView::default() };
}

/// Writes the report on the session, as a file to be handed on.
fn write_report(state: &mut State, view: &SessionView) {
    let Some(session) = view.sheet.as_ref().map(|sheet| &sheet.summary.session) else { return };
    let request = Request::WriteReport(session.event.clone(), PathBuf::from("."));
    // The job's box lies over the screen, which is put back beneath it.
    let title = format!("Write the report for session {}", state.lens().see(&session.name));
    super::import::start(state, request, title);
}

/// Asks whether the session is over.
pub fn ask_end(state: &mut State) {
    let Some(progress) = &state.session.progress else {
        let key = state.key(Action::Session);
        let said = match &state.session.left {
            Some(left) => format!("You left session {}: {key} goes back to it, to end it there.", left.session.name),
            None => format!("No session goes on: {key} begins one."),
        };
        return state.log.say(state.now, Weight::Info, said);
    };
    let (name, session) = (&progress.session.name, progress.session.event.clone());
    let (judged, key) = (count(progress.reviewed, "conversation"), state.key(Action::Undo));
    let text = format!("End session {name}? {judged} judged; {key} takes it back.");
    state.overlays.push(Overlay::Confirm(Confirm { doubt: Doubt::EndSession(session), text }));
}

/// Ends the session.
pub fn end(state: &mut State, session: String) {
    state.overlays.retain(|overlay| !matches!(overlay, Overlay::Session(_)));
    super::judge::record(state, Act::Session(SessionChange::End { session }), None, "session ended");
}

/// Says what the session came to that was ended just now.
pub fn ended(state: &mut State, request: &Request) {
    let Request::Record(act) = request else { return };
    let Act::Session(SessionChange::End { session }) = &**act else { return };
    let Some(progress) = state.session.progress.as_ref().filter(|one| one.session.event == *session) else { return };
    let parked = match progress.session.parked.len() {
        0 => String::new(),
        n => format!(", {n} parked"),
    };
    let (name, key) = (&progress.session.name, state.key(Action::Sessions));
    let said = format!("{name} is over, {} judged{parked}: {key} shows its summary again.", progress.reviewed);
    state.log.say(state.now, Weight::Info, said);
}

/// Lists the conversations of the line under the cursor.
fn open_line(state: &mut State, view: Box<SessionView>) -> Option<Box<SessionView>> {
    let queue = view.sheet.as_ref().and_then(|sheet| sheet.summary.session.queue.clone());
    if let Some(id) = view.waiting().map(|waiting| waiting.conversation.clone()) {
        take_up(state, queue, id);
        return None;
    }
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
    super::queue::list(state, queue, filter);
    None
}

/// Opens a conversation that waits, in the session's queue, so that after it the session goes on.
fn take_up(state: &mut State, queue: Option<String>, id: ConversationId) {
    let listed = &state.queue.query;
    if queue.is_some() && (listed.queue != queue || !listed.filter.is_empty()) {
        state.session.wanted = Some((id, None));
        return super::queue::list(state, queue, String::new());
    }
    let position = state.queue.index.ids.iter().position(|other| *other == id);
    super::review::open(state, id, position, Reason::Asked);
}

fn conversations_filter(ids: &[ConversationId]) -> Option<String> {
    let ids: Vec<&str> = ids.iter().map(ConversationId::as_str).collect();
    (!ids.is_empty()).then(|| format!("id:{}", ids.join(",")))
}

fn close(state: &mut State, view: &SessionView) {
    let Some(decision) = view.decision() else { return };
    if decision.is_open() {
        let question = Question::CloseDecision(decision.event.clone());
        super::prompt::open(state, Prompt::new(question, ""));
    } else {
        let change = DecisionChange::Reopen { decision: decision.event.clone() };
        super::judge::record(state, Act::Decision(change), None, "decision reopened");
    }
}

/// Opens the form for a decision, which answers this conversation.
pub fn open_decision(state: &mut State, about: Option<ConversationId>) {
    // Before a room, what one said alone is not shown: not in a form either.
    let shown = |id: &ConversationId| Some(id) == about.as_ref() && !state.waits_for_room(id);
    let review = state.review.as_ref().filter(|review| shown(&review.id));
    let own = review.and_then(|review| review.opened.as_ref()?.own.as_ref());
    let mode = own.and_then(|label| label.modes.first()).map(|mode| state.codebook.resolve(mode));
    let session = state.session.progress.as_ref().map(|progress| progress.session.event.clone());
    let mut form = DecisionForm::new(&state.codebook, about, session);
    form.choose_mode(mode.as_deref());
    super::form::open(state, Overlay::Decision(Box::new(form)));
}

/// Has the decision of the form written down.
///
/// # Errors
/// What is missing, in words.
pub fn decide(state: &mut State, form: &DecisionForm) -> Result<Ticket, String> {
    let request = Request::Record(Box::new(Act::Decision(form.change()?)));
    let what = "decision".to_owned();
    Ok(super::judge::send(state, Write { request, conversation: None, what, replaces: None }))
}

/// Asks how many conversations of the queue in the form were not evaluated.
pub fn ask_preview(state: &mut State, form: &mut StartForm) {
    form.awaiting = form.spec().map(|spec| state.ask(Request::Preview(Box::new(spec)), Expected::Preview));
    form.unevaluated = 0;
}

/// Has the session of the form begun: the ticket of what does it. Where conversations were not evaluated yet, that is done
/// first, so that its queue has an order.
///
/// # Errors
/// What is missing, in words.
pub fn start(state: &mut State, form: &StartForm) -> Result<Option<Ticket>, String> {
    let order = form.order()?;
    if form.awaiting.is_some() {
        // It says that it is still counting.
        return Ok(None);
    }
    let Some(spec) = form.spec().filter(|_| form.unevaluated > 0) else { return Ok(Some(begin(state, order))) };
    let title = format!("Evaluate {} conversations for session {}", form.unevaluated, order.name);
    let request = Request::Evaluate(unevaluated_of(&spec));
    state.queue.waiting = Some(Waiting::Session(Box::new(order)));
    Ok(Some(super::import::start_for(state, request, (title, Expected::Evaluated))))
}

/// Has the session begun, and its queue shown.
pub fn begin(state: &mut State, order: StartOrder) -> Ticket {
    let what = format!("session {}", order.name);
    state.session.resuming = false;
    state.session.wanted_queue = true;
    let request = Request::StartSession(Box::new(order));
    super::judge::send(state, Write { request, conversation: None, what, replaces: None })
}

/// Takes in which queues there are, where the form still stands that asked.
pub fn queues_arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let asked =
        |overlay: &Overlay| matches!(overlay, Overlay::StartSession(form) if form.awaiting_queues == Some(ticket));
    let (Some(at), Reply::Queues(queues)) = (state.overlays.iter().position(asked), reply) else { return };
    let Overlay::StartSession(mut form) = state.overlays.remove(at) else { return };
    let chosen = form.queue.checked_sub(2).and_then(|at| form.queues.get(at)).map(|queue| queue.name.clone());
    form.awaiting_queues = None;
    form.queues = queues.into_iter().map(|queue| queue.spec).collect();
    let place = chosen.and_then(|name| form.queues.iter().position(|other| other.name == name));
    form.queue = place.map_or(form.queue.min(1), |place| place + 2);
    ask_preview(state, &mut form);
    state.overlays.insert(at, Overlay::StartSession(form));
}

/// Puts the open conversation on the parking lot, or takes it off.
pub fn park(state: &mut State) {
    let Some(id) = state.review.as_ref().map(|review| review.id.clone()) else { return };
    let Some(progress) = &state.session.progress else {
        let key = state.key(Action::Session);
        return state.log.say(state.now, Weight::Info, format!("No session goes on: {key} begins one."));
    };
    // A conversation leaves the lot of whichever session put it there.
    let here = progress.session.parked.iter().any(|parked| parked.conversation == id);
    if state.session.left_parked.remove(&id) || here {
        let change = SessionChange::Unpark { conversation: id };
        return super::judge::record(state, Act::Session(change), None, "off the parking lot");
    }
    let question = Question::Park(progress.session.event.clone(), id);
    super::prompt::open(state, Prompt::new(question, ""));
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

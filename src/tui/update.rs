//! What every message does to the state.
//!
//! Invariant: pure; whatever is to be done outside comes back as commands.

use ratatui::layout::Rect;

pub mod begun;
pub mod calibration;
mod claims;
pub mod correct;
pub mod define;
pub mod disputes;
pub mod export;
mod find;
pub mod form;
pub mod help;
pub mod import;
pub mod insights;
pub mod judge;
pub mod messages;
pub mod numbers;
pub mod palette;
pub mod prompt;
pub mod queue;
pub mod review;
pub mod session;

use super::Start;
use super::action::{Action, Context};
use super::command::Command;
use super::keymap::{Chord, Key};
use super::layout::{self, Pane};
use super::message::Message;
use super::state::correct::Stage;
use super::state::messages::Weight;
use super::state::prompt::{Confirm, Doubt};
use super::state::{Expected, Overlay, Screen, State};
use crate::engine::request::{QueueOrder, Request};

/// A key and what it means where it was pressed.
#[derive(Debug, Clone, Copy)]
pub struct Pressed {
    /// The key.
    pub chord: Chord,
    /// What it means; `None` for a key without a binding here, which may be text.
    pub action: Option<Action>,
}

/// What to do first.
pub fn begin(state: &mut State, start: Start) -> Vec<Command> {
    state.ask(Request::Codebook, Expected::Codebook);
    state.session.resuming = start == Start::Queue(String::new());
    session::ask(state);
    match start {
        Start::Named(name) => {
            state.queue.asked.queue = Some(name);
            queue::ask(state);
        }
        Start::Queue(filter) => {
            state.queue.asked.filter = filter;
            if let Some(place) = state.config.place.take().filter(|_| state.queue.asked.filter.is_empty()) {
                state.queue.asked.queue = place.queue;
                state.queue.asked.filter = place.filter;
                state.queue.asked.order = place.order;
                state.returning = place.conversation.clone().zip(place.step);
                state.queue.wanted_place = place.conversation;
            }
            queue::ask(state);
        }
        Start::Gate(filter) => {
            state.queue.asked.filter = filter;
            state.queue.asked.order = QueueOrder::Reported;
            queue::ask(state);
        }
        Start::Conversation(id) => {
            queue::ask(state);
            review::open(state, id, None, super::state::review::Reason::Asked);
        }
    }
    judge::ask_last_fail(state);
    begun::ask(state);
    settle(state);
    std::mem::take(&mut state.outbox)
}

/// Carries out one message.
pub fn update(state: &mut State, message: Message) -> Vec<Command> {
    // Whoever tells the time takes no commands.
    let happened = !matches!(message, Message::Clock(_) | Message::Idle);
    state.kept.touched |= happened;
    match message {
        Message::Key(chord) => key(state, chord),
        Message::Paste(text) => paste(state, &text),
        Message::Click { column, row } => click(state, column, row),
        Message::Wheel { column, row, lines } => wheel(state, column, row, lines),
        Message::Resize(size) => {
            state.size = size;
            if let Some(review) = &mut state.review {
                review.pager.forget();
                review.detail.pager.forget();
            }
        }
        Message::Clock(now) => state.now = now,
        Message::Idle => begun::keep(state),
        Message::Reply(ticket, reply) => messages::reply(state, ticket, reply),
        Message::Arrived => {
            queue::freshen(state);
            calibration::refresh(state);
        }
        Message::Notice(text) => state.log.say(state.now, Weight::Problem, text),
        Message::Progress(ticket, progress) => {
            insights::progress(state, ticket, &progress);
            import::progress(state, ticket, progress);
        }
        Message::Edited(result) => prompt::edited(state, result),
        Message::Copied(Ok(count)) => {
            state.log.say(state.now, Weight::Info, format!("Copied {count} characters, masked."));
        }
        Message::Copied(Err(reason)) => {
            state.log.say(state.now, Weight::Problem, format!("Nothing was copied: {reason}"));
        }
        Message::Terminate => {
            session::depart(state);
            state.leaving = true;
            state.want(Command::Quit);
        }
        Message::Suspend => state.want(Command::Suspend),
    }
    if happened {
        begun::settle(state);
    }
    settle(state);
    std::mem::take(&mut state.outbox)
}

fn key(state: &mut State, chord: Chord) {
    if queue::is_typed_ahead(state, chord) {
        return;
    }
    state.log.toast = None;
    claims::active(state);
    let typing = chord.typed().is_some_and(|letter| takes_text(state, letter));
    let action = if typing { None } else { state.config.keymap.resolve(state.context(), chord) };
    match action {
        Some(Action::Quit) => return leave(state),
        Some(Action::Suspend) => return state.want(Command::Suspend),
        Some(Action::Redraw) => return state.want(Command::Redraw),
        Some(Action::Help) if state.context() != Context::Help => return help::open(state),
        Some(Action::Commands) => return palette::open(state),
        _ => {}
    }
    press(state, Pressed { chord, action });
}

/// Gives a key to what lies on top.
fn press(state: &mut State, pressed: Pressed) {
    if let Some(top) = state.overlays.pop() {
        let depth = state.overlays.len();
        if let Some(kept) = overlay(state, top, pressed) {
            let depth = depth.min(state.overlays.len());
            state.overlays.insert(depth, kept);
        }
    } else if let Some(action) = pressed.action {
        perform(state, action);
    }
}

/// True where a printable key is text, whatever it is bound to.
fn takes_text(state: &mut State, letter: char) -> bool {
    let in_strip = state.config.keymap.resolve(Context::Judge, Chord::plain(Key::Char(letter)));
    // Among choices a question mark is no text.
    let helps = in_strip == Some(Action::Help);
    let Some(top) = state.overlays.last_mut() else { return false };
    if let Some(form) = top.form() {
        return form.input().is_some();
    }
    match top {
        Overlay::Judge(judge) => judge.takes(letter, in_strip),
        Overlay::Correct(form) => form.takes_text() || (form.stage != Stage::Remainder && !helps),
        Overlay::Prompt(prompt) => prompt.is_text() || !helps,
        Overlay::Editor(_) | Overlay::Palette(_) => true,
        _ => false,
    }
}

/// Carries out an action of the screen beneath the overlays.
pub fn perform(state: &mut State, action: Action) {
    let context = match state.screen {
        Screen::Queue => Context::Queue,
        Screen::Review => Context::Review,
    };
    if refused(state, action) {
        return;
    }
    match action {
        Action::Commands => palette::open(state),
        Action::Help => help::open(state),
        Action::Messages => state.overlays.push(Overlay::Messages(super::state::messages::MessagesView::default())),
        Action::Masking => mask(state),
        Action::Scores => scores(state),
        Action::Queues => define::ask_queues(state),
        Action::NewQueue => define::open(state),
        Action::Progress => define::progress(state),
        Action::Insights => insights::open(state),
        Action::Session => session::open(state),
        Action::StartSession => session::open_start(state),
        Action::Sessions => session::open_all(state),
        Action::EndSession => session::ask_end(state),
        Action::Decision => {
            let open = state.review.as_ref().filter(|_| state.screen == Screen::Review);
            let about = open.map(|review| review.id.clone());
            session::open_decision(state, about);
        }
        Action::Present => session::present(state),
        Action::Numbers => numbers::open(state),
        Action::Disputes => disputes::open(state),
        Action::Calibration => calibration::open(state),
        Action::Import => prompt::open_import(state),
        Action::Export => export::open(state),
        Action::Evaluate => {
            import::start(state, Request::Evaluate(String::new()), "Evaluate all conversations".to_owned());
        }
        Action::LoadPack => prompt::open_packs(state),
        Action::RenameMode => prompt::open_modes(state, super::state::prompt::Question::RenameWhich),
        Action::MergeMode => prompt::open_modes(state, super::state::prompt::Question::MergeWhich),
        Action::Undo => judge::undo(state),
        Action::Redo => judge::redo(state),
        Action::SaveAgain => judge::save_again(state),
        _ if context == Context::Queue => queue::act(state, action),
        _ => review::act(state, action),
    }
}

/// By how many lines a key moves the cursor of a list that fills the screen; `None` for a key that does not.
pub fn lines(state: &State, action: Option<Action>) -> Option<isize> {
    let page = isize::try_from(state.size.rows / 2).unwrap_or(1).max(1);
    Some(match action? {
        Action::LineDown => 1,
        Action::LineUp => -1,
        Action::PageDown | Action::HalfDown => page,
        Action::PageUp | Action::HalfUp => -page,
        Action::First => isize::MIN,
        Action::Last => isize::MAX,
        _ => return None,
    })
}

/// True where a form on what is listed would show a room the filter in force, which is said.
fn covered(state: &mut State) -> bool {
    let covered = state.covers_filter();
    if covered {
        let key = state.key(Action::Present);
        let said = format!("The filter holds what a room must not see: {key} goes back to the screen of one first.");
        state.log.say(state.now, Weight::Info, said);
    }
    covered
}

/// True for what would write where nothing can be written, which is said.
pub fn refused(state: &mut State, action: Action) -> bool {
    let Some(reason) = state.config.read_only.as_ref().filter(|_| action.writes()) else { return false };
    let said = read_only(reason);
    state.log.say(state.now, Weight::Problem, said);
    true
}

/// What is said instead of beginning something that could not be saved.
pub fn read_only(reason: &str) -> String {
    format!("Nothing can be saved here: {reason}")
}

fn overlay(state: &mut State, top: Overlay, pressed: Pressed) -> Option<Overlay> {
    match top {
        Overlay::Judge(form) => judge::handle(state, form, pressed).map(Overlay::Judge),
        Overlay::Correct(form) => correct::handle(state, form, pressed).map(Overlay::Correct),
        Overlay::Editor(form) => prompt::handle_editor(state, form, pressed).map(Overlay::Editor),
        Overlay::Prompt(form) => prompt::handle(state, form, pressed).map(Overlay::Prompt),
        Overlay::Confirm(form) => confirm(state, form, pressed).map(Overlay::Confirm),
        Overlay::Palette(form) => palette::handle(state, form, pressed).map(Overlay::Palette),
        Overlay::Help(form) => help::handle(form, pressed).map(Overlay::Help),
        Overlay::Messages(view) => messages::handle(state, view, pressed).map(Overlay::Messages),
        form @ (Overlay::Export(_) | Overlay::Define(_) | Overlay::StartSession(_) | Overlay::Decision(_)) => {
            form::handle(state, form, pressed)
        }
        Overlay::Progress => {
            (!matches!(pressed.action, Some(Action::Back | Action::Leave))).then_some(Overlay::Progress)
        }
        Overlay::Insights(view) => insights::handle(state, view, pressed).map(Overlay::Insights),
        Overlay::Session(view) => session::handle(state, view, pressed).map(Overlay::Session),
        Overlay::Numbers(view) => numbers::handle(state, view, pressed).map(Overlay::Numbers),
        Overlay::Disputes(view) => disputes::handle(state, view, pressed).map(Overlay::Disputes),
        Overlay::Calibration(view) => calibration::handle(state, view, pressed).map(Overlay::Calibration),
        Overlay::Job(job) => import::handle(state, job, pressed).map(Overlay::Job),
    }
}

fn confirm(state: &mut State, form: Confirm, pressed: Pressed) -> Option<Confirm> {
    match (pressed.action, &form.doubt) {
        (Some(Action::Yes), Doubt::EndSession(session)) => {
            session::end(state, session.clone());
            None
        }
        (Some(Action::Yes), Doubt::Reveal(name)) => {
            calibration::reveal(state, name.clone());
            None
        }
        (Some(Action::Yes), Doubt::LeaveUnsaved) => {
            session::depart(state);
            state.leaving = true;
            state.want(Command::Quit);
            None
        }
        (Some(Action::No | Action::Back), _) => None,
        _ => Some(form),
    }
}

/// Leaves the program, unless something is not saved.
pub fn leave(state: &mut State) {
    let unsaved = state.writes.unsaved.len();
    if unsaved == 0 {
        session::depart(state);
        state.leaving = true;
        return state.want(Command::Quit);
    }
    let asked = state.overlays.iter().any(|overlay| matches!(overlay, Overlay::Confirm(_)));
    if !asked {
        let acts = if unsaved == 1 { "1 act is".to_owned() } else { format!("{unsaved} acts are") };
        let text = format!("{acts} not saved and would be lost. Leave all the same?");
        state.overlays.push(Overlay::Confirm(Confirm { doubt: Doubt::LeaveUnsaved, text }));
    }
}

fn mask(state: &mut State) {
    if state.presenting {
        let key = state.key(Action::Present);
        let said = format!("For the room personal data stays masked; {key} goes back to the screen of one.");
        return state.log.say(state.now, Weight::Info, said);
    }
    state.masked = !state.masked;
    if !state.masked {
        let act = crate::model::act::Act::Unmask { place: "screen".to_owned() };
        judge::record(state, act, None, "personal data shown");
    }
    refresh(state);
}

/// Hides scores or shows them. Where they are hidden for the sake of the verdict, showing them is for this conversation
/// only, and goes with its verdict.
fn scores(state: &mut State) {
    let for_room = state.presenting && state.hides_scores();
    if state.screen == Screen::Review && (state.is_blind() || for_room) {
        if let Some(id) = state.review.as_ref().map(|review| review.id.clone()) {
            state.uncovered.insert(id.clone());
            state.revealed.insert(id);
        }
        state.scores_hidden = false;
        state.log.say(state.now, Weight::Info, "Scores are shown; the verdict will say that you saw them.");
    } else {
        state.scores_hidden = !state.scores_hidden;
    }
    refresh(state);
}

/// Makes the open conversation's rows again, after masking, hidden characters or scores were toggled.
pub fn refresh(state: &mut State) {
    if let Some(review) = &mut state.review {
        review.pager.forget();
        review.detail.pager.forget();
        review.detail.subject = None;
    }
}

/// The longest text pasted into an editor at once, in bytes: a hundred pages.
const LONGEST_PASTE: usize = 200_000;
/// The longest text pasted into a line at once, in bytes; whatever is longer was pasted by mistake.
const LONGEST_LINE: usize = 10_000;

fn paste(state: &mut State, text: &str) {
    let Some(top) = state.overlays.last_mut() else {
        let said = "Pasted text was ignored: nothing here takes text.";
        return state.log.say(state.now, Weight::Info, said);
    };
    let most = if matches!(top, Overlay::Editor(_)) { LONGEST_PASTE } else { LONGEST_LINE };
    let (text, whole) = (&text[..text.floor_char_boundary(most)], text.len());
    if text.len() < whole {
        let said = format!("Too long: {} of {whole} bytes pasted.", text.len());
        state.log.say(state.now, Weight::Problem, said);
    }
    match top {
        Overlay::Judge(form) => form.input.insert(text),
        Overlay::Prompt(form) => {
            form.input.insert(text);
            prompt::changed(form);
        }
        Overlay::Palette(form) => form.input.insert(text),
        Overlay::Export(_) | Overlay::Define(_) | Overlay::StartSession(_) | Overlay::Decision(_) => {
            form::paste(state, text);
        }
        Overlay::Editor(form) => drop(form.area.insert_str(super::state::prompt::clean(text))),
        Overlay::Correct(form) => correct::paste(form, text),
        _ => {}
    }
}

fn click(state: &mut State, column: u16, row: u16) {
    if !state.overlays.is_empty() {
        return;
    }
    match state.screen {
        Screen::Queue => {
            let list = queue_layout(state).list;
            if list.contains((column, row).into()) {
                let position = state.queue.top + usize::from(row - list.y);
                if position < state.queue.index.ids.len() {
                    state.queue.cursor = position;
                }
            }
        }
        Screen::Review => review::click(state, column, row),
    }
}

fn wheel(state: &mut State, column: u16, row: u16, lines: isize) {
    match (state.overlays.last_mut(), state.screen) {
        (Some(Overlay::Help(help)), _) => help.top = help.top.saturating_add_signed(lines),
        (Some(Overlay::Messages(view)), _) => view.up = view.up.saturating_add_signed(-lines),
        (Some(_), _) => {}
        (None, Screen::Queue) => queue::scroll(state, lines),
        (None, Screen::Review) => {
            let layout = review_layout(state);
            let pane = layout.pane_at(column, row).unwrap_or(Pane::Transcript);
            review::scroll(state, pane, lines);
        }
    }
}

/// The layout of the Review screen as it is now.
pub fn review_layout(state: &State) -> layout::ReviewLayout {
    let focus = state.review.as_ref().map_or(Pane::Transcript, |review| review.focus);
    let head = state.review.as_ref().map_or(0, |review| review.broken_lines(state.size)) + session_lines(state);
    if state.presenting {
        return layout::room(state.size, review_foot(state)).below(head);
    }
    layout::review(state.size, focus, review_foot(state)).below(head)
}

/// The layout of the Queue screen as it is now.
pub fn queue_layout(state: &State) -> layout::QueueLayout {
    layout::queue(state.size, session_lines(state))
}

/// Lines for the session that goes on.
pub fn session_lines(state: &State) -> u16 {
    u16::from(state.session.progress.is_some())
}

/// Lines under the rule of the Review screen.
pub fn review_foot(state: &State) -> u16 {
    let judging = state.overlays.iter().any(|overlay| matches!(overlay, Overlay::Judge(_)));
    match (judging, state.size.rows) {
        (true, ..20) => 4,
        (true, _) => 6,
        (false, _) => 2,
    }
}

/// Brings cursors into view, wraps what is visible, and asks for what is missing.
fn settle(state: &mut State) {
    claims::settle(state);
    if state.size.too_small() {
        return;
    }
    let list = queue_layout(state).list;
    queue::settle(state, usize::from(list.height));
    review::settle(state);
}

/// The height of an area in rows.
pub fn height(area: Rect) -> usize {
    usize::from(area.height)
}

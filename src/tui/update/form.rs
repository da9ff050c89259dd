//! Keys of forms: the one place in which a form is moved about in, changed, pasted into, left and taken.
//!
//! Invariant: whatever changes a form goes the same way, so that what is counted of it belongs to what it says.

use super::{Pressed, define, export, session};
use crate::engine::request::Ticket;
use crate::tui::action::Action;
use crate::tui::schema::Turn;
use crate::tui::state::form::Form;
use crate::tui::state::messages::Weight;
use crate::tui::state::{Overlay, State};

/// What a key did to a form.
enum Taken {
    Moved,
    Changed,
    Left,
    Done,
}

/// Puts a form on the screen; one of the same subject that was left half filled comes back as it was.
pub fn open(state: &mut State, mut overlay: Overlay) {
    let subject = overlay.form().map(|form| form.head().subject.clone()).unwrap_or_default();
    if let Some(mut begun) = state.forms_begun.remove(&(subject, state.presenting)) {
        if let (Overlay::Decision(begun), Overlay::Decision(fresh)) = (&mut begun, &overlay) {
            begun.renew(fresh);
        }
        begun.form().into_iter().for_each(|form| form.head().error = None);
        overlay = begun;
    }
    count(state, &mut overlay);
    state.overlays.push(overlay);
}

/// Takes a key.
pub fn handle(state: &mut State, mut overlay: Overlay, pressed: Pressed) -> Option<Overlay> {
    match overlay.form().map_or(Taken::Moved, |form| press(form, pressed)) {
        Taken::Moved => Some(overlay),
        Taken::Changed => {
            changed(state, &mut overlay);
            Some(overlay)
        }
        Taken::Left => {
            keep(state, overlay);
            None
        }
        Taken::Done => take(state, overlay),
    }
}

/// Has done what the form asks for; it stays where something is missing, and is kept until it is done.
fn take(state: &mut State, mut overlay: Overlay) -> Option<Overlay> {
    let taken = match &overlay {
        Overlay::Export(form) => export::write(state, form).map(Some),
        Overlay::Define(form) => define::define(state, form),
        Overlay::StartSession(form) => session::start(state, form),
        Overlay::Decision(form) => session::decide(state, form).map(Some),
        _ => Ok(None),
    };
    match taken {
        Ok(Some(ticket)) => {
            state.forms_taken.insert(ticket, overlay);
            return None;
        }
        Ok(None) => {}
        Err(error) => fails(&mut overlay, error),
    }
    Some(overlay)
}

/// What a form waited for goes on under another ticket.
pub fn waits_on(state: &mut State, before: Ticket, now: Ticket) {
    if let Some(overlay) = state.forms_taken.remove(&before) {
        state.forms_taken.insert(now, overlay);
    }
}

/// What a form asked for is done, or kept elsewhere until it is.
pub fn done(state: &mut State, ticket: Ticket) {
    if let Some(Overlay::Export(form)) = state.forms_taken.remove(&ticket) {
        state.exported.insert(form.directory.text().trim().to_owned());
    }
}

/// What a form asked for came to nothing: it is offered again, with why at its head, beneath the box of a job that tells
/// the same. False where no form waited for it.
pub fn refused(state: &mut State, ticket: Ticket, reason: &str) -> bool {
    let Some(mut overlay) = state.forms_taken.remove(&ticket) else { return false };
    if matches!(overlay, Overlay::StartSession(_)) {
        state.session.wanted_queue = false;
    }
    // Part of what was counted may be done.
    count(state, &mut overlay);
    fails(&mut overlay, reason.to_owned());
    match state.overlays.last() {
        Some(Overlay::Job(_)) => state.overlays.insert(state.overlays.len() - 1, overlay),
        None | Some(Overlay::Session(_)) => state.overlays.push(overlay),
        // Something else was opened meanwhile, and takes the keys.
        Some(_) => keep(state, overlay),
    }
    true
}

fn fails(overlay: &mut Overlay, reason: String) {
    if let Some(form) = overlay.form() {
        (form.head().touched, form.head().error) = (true, Some(reason));
    }
}

fn press(form: &mut dyn Form, pressed: Pressed) -> Taken {
    // A line of text has its own use for the keys that walk choices.
    if let Some(input) = form.input()
        && matches!(pressed.action, None | Some(Action::Toggle | Action::ToggleBack))
    {
        return if input.handle(pressed.chord) { Taken::Changed } else { Taken::Moved };
    }
    if let Some(letter) = pressed.chord.typed()
        && form.input().is_none()
    {
        // A key that turns the choice does so, unless it goes on with a word.
        let turns = matches!(pressed.action, Some(Action::Toggle | Action::ToggleBack));
        if !turns || !form.head().typed.is_empty() {
            return jump(form, letter);
        }
    }
    let head = form.head();
    head.typed.clear();
    match pressed.action {
        Some(Action::Back) => return Taken::Left,
        Some(Action::Save | Action::Accept) => return Taken::Done,
        Some(Action::NextField | Action::NextChoice) => head.line = (head.line + 1) % head.lines,
        Some(Action::PreviousField | Action::PreviousChoice) => head.line = (head.line + head.lines - 1) % head.lines,
        Some(Action::Toggle) => form.turn(Turn::Next),
        Some(Action::ToggleBack) => form.turn(Turn::Previous),
        _ => {}
    }
    if matches!(pressed.action, Some(Action::Toggle | Action::ToggleBack)) { Taken::Changed } else { Taken::Moved }
}

/// Goes to the choice that begins with what was typed on its line; a blank within a word turns nothing.
fn jump(form: &mut dyn Form, letter: char) -> Taken {
    let typed: String = format!("{}{letter}", form.head().typed).to_lowercase();
    form.head().typed.clone_from(&typed);
    match form.options().iter().position(|option| option.to_lowercase().starts_with(&typed)) {
        Some(at) => {
            form.choose(at);
            Taken::Changed
        }
        None => Taken::Moved,
    }
}

/// Puts pasted text into the form on top.
pub fn paste(state: &mut State, text: &str) {
    let Some(mut overlay) = state.overlays.pop() else { return };
    if let Some(input) = overlay.form().and_then(Form::input) {
        input.insert(text);
        changed(state, &mut overlay);
    }
    state.overlays.push(overlay);
}

fn changed(state: &mut State, overlay: &mut Overlay) {
    if let Some(form) = overlay.form() {
        (form.head().touched, form.head().error) = (true, None);
    }
    count(state, overlay);
}

/// Asks what becomes of what the form says.
fn count(state: &mut State, overlay: &mut Overlay) {
    match overlay {
        Overlay::Define(form) => define::ask_preview(state, form),
        Overlay::StartSession(form) => session::ask_preview(state, form),
        _ => {}
    }
}

/// Keeps what was begun for the next time.
fn keep(state: &mut State, mut overlay: Overlay) {
    let Some(head) = overlay.form().map(|form| form.head().clone()).filter(|head| head.touched) else { return };
    let again = match &overlay {
        Overlay::Export(_) => Action::Export,
        Overlay::Define(_) => Action::NewQueue,
        Overlay::StartSession(_) => Action::Session,
        Overlay::Decision(form) if form.edited.is_some() => Action::EditDecision,
        _ => Action::Decision,
    };
    let key = state.key(again);
    state.log.say(state.now, Weight::Info, format!("Not saved; {key} goes on where you left."));
    state.forms_begun.insert((head.subject, state.presenting), overlay);
}

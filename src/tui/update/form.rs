//! Keys of forms: the one place in which a form is moved about in, changed, pasted into, left and taken.
//!
//! Invariant: whatever changes a form goes the same way, so that what is counted of it belongs to what it says.

use super::{Pressed, define, export, session};
use crate::tui::action::Action;
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
        overlay = begun;
    }
    count(state, &mut overlay);
    state.overlays.push(overlay);
}

/// Takes a key.
pub fn handle(state: &mut State, mut overlay: Overlay, pressed: Pressed) -> Option<Overlay> {
    let taken = overlay.form().map_or(Taken::Moved, |form| press(form, pressed));
    match (taken, overlay) {
        (Taken::Done, Overlay::Export(form)) => export::write(state, form).map(Overlay::Export),
        (Taken::Done, Overlay::Define(form)) => define::define(state, form).map(Overlay::Define),
        (Taken::Done, Overlay::StartSession(form)) => session::start(state, form).map(Overlay::StartSession),
        (Taken::Done, Overlay::Decision(form)) => session::decide(state, form).map(Overlay::Decision),
        (Taken::Left, overlay) => {
            keep(state, overlay);
            None
        }
        (Taken::Changed, mut overlay) => {
            changed(state, &mut overlay);
            Some(overlay)
        }
        (_, overlay) => Some(overlay),
    }
}

fn press(form: &mut dyn Form, pressed: Pressed) -> Taken {
    let head = form.head();
    match pressed.action {
        Some(Action::Back) => return Taken::Left,
        Some(Action::Save | Action::Accept) => return Taken::Done,
        Some(Action::NextField | Action::NextChoice) => head.line = (head.line + 1) % head.lines,
        Some(Action::PreviousField | Action::PreviousChoice) => head.line = (head.line + head.lines - 1) % head.lines,
        Some(Action::Toggle) => {
            form.toggle();
            return Taken::Changed;
        }
        _ if form.input().is_some_and(|input| input.handle(pressed.chord)) => return Taken::Changed,
        _ => {}
    }
    Taken::Moved
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

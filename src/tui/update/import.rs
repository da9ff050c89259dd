//! Jobs: imports and exports under way.
//!
//! Invariant: a job is stopped only by the reviewer's wish, and its end is always shown.

use std::path::PathBuf;

use super::Pressed;
use crate::engine::request::{Progress, Reply, Request, Ticket};
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::keymap::Chord;
use crate::tui::state::import::{End, Job};
use crate::tui::state::messages::Weight;
use crate::tui::state::{Expected, Overlay, State};

/// Under which name the path typed last is kept until an import of it worked.
pub const TYPED: &str = "import";

/// Starts a job.
pub fn start(state: &mut State, request: Request, title: String) {
    let _ = start_for(state, request, (title, Expected::Job));
}

/// Starts a job whose end somebody waits for.
pub fn start_for(state: &mut State, request: Request, (title, expected): (String, Expected)) -> Ticket {
    let ticket = state.ask(request, expected);
    state.overlays.push(Overlay::Job(Job { ticket, title, progress: None, stopping: false, end: None }));
    ticket
}

/// Starts the import of a path as typed.
pub fn import(state: &mut State, typed: &str) {
    let typed = typed.trim().trim_matches(['\'', '"']);
    state.drafts.insert(TYPED.to_owned(), typed.to_owned());
    let path = match (typed.strip_prefix("~/"), &state.config.home) {
        (Some(rest), Some(home)) => home.join(rest),
        // What stands for standard input on a command line is a file's name here: standard input are the keys.
        _ if typed == "-" => PathBuf::from("./-"),
        _ => PathBuf::from(typed),
    };
    start(state, Request::Import(vec![path]), format!("Import {typed}"));
}

fn job(state: &mut State, ticket: Ticket) -> Option<&mut Job> {
    state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Job(job) if job.ticket == ticket => Some(job),
        _ => None,
    })
}

/// Takes in how far a job is.
pub fn progress(state: &mut State, ticket: Ticket, progress: Progress) {
    if let Some(job) = job(state, ticket) {
        job.progress = Some(progress);
    }
}

/// Takes in the end of a job.
pub fn ended(state: &mut State, ticket: Ticket, reply: Reply) {
    if matches!(reply, Reply::Done { .. }) {
        state.drafts.remove(TYPED);
    }
    let (end, weight, text) = match reply {
        Reply::Done { message, figures } => (End::Done(message.clone(), figures), Weight::Info, message),
        Reply::Failed { message, .. } => (End::Failed(message.clone()), Weight::Problem, message),
        _ => (End::Cancelled, Weight::Info, "Stopped. What was finished before stays.".to_owned()),
    };
    match &end {
        // What was only evaluated first goes on with what waits for it.
        End::Done(..) if state.queue.waiting.is_some() => {}
        End::Done(..) => super::form::done(state, ticket),
        End::Failed(reason) => drop(super::form::refused(state, ticket, reason)),
        End::Cancelled => drop(super::form::refused(state, ticket, "It was stopped before it was done.")),
    }
    if let Some(job) = job(state, ticket) {
        job.end = Some(end);
    }
    state.log.note(state.now, weight, text);
    super::queue::ask(state);
}

fn closes(pressed: Pressed) -> bool {
    ["enter", "q"].iter().any(|key| Chord::parse(key) == Some(pressed.chord))
}

/// Takes a key while a job is shown.
pub fn handle(state: &mut State, mut job: Job, pressed: Pressed) -> Option<Job> {
    match (&job.end, pressed.action) {
        // Other keys are most likely meant for the screen beneath, which is not in sight.
        (Some(_), action) if action == Some(Action::Back) || closes(pressed) => return None,
        (None, Some(Action::Back)) if !job.stopping => {
            job.stopping = true;
            state.want(Command::Cancel(job.ticket));
        }
        _ => {}
    }
    Some(job)
}

//! Keys of the screen of calibrations.
//!
//! Invariant: nothing is revealed without a question, and no verdict is given here: cases are judged where all are.

use super::Pressed;
use crate::engine::request::{CalibrationOrder, Reply, Request, Ticket};
use crate::model::act::Act;
use crate::model::queue::QueueChange;
use crate::tui::action::Action;
use crate::tui::state::calibration::CalibrationView;
use crate::tui::state::messages::{Weight, Write};
use crate::tui::state::prompt::{Confirm, Doubt, Prompt, Question};
use crate::tui::state::review::Reason;
use crate::tui::state::{Expected, Overlay, State};

/// What a new calibration asks for.
pub const WANTED: &str = "It takes a name, how many cases, and how many people, such as: round-1 10 2";

/// Opens the screen, and asks which there are.
pub fn open(state: &mut State) {
    let mut view = Box::new(CalibrationView::default());
    ask(state, &mut view);
    // One that is being judged is most likely the one that is meant.
    view.wanted.clone_from(&state.queue.query.queue);
    state.overlays.push(Overlay::Calibration(view));
}

fn ask(state: &mut State, view: &mut CalibrationView) {
    view.awaiting = Some(state.ask(Request::Calibrations, Expected::Calibration));
    // Others name failure modes as well.
    state.ask(Request::Codebook, Expected::Codebook);
    if let Some(sheet) = &view.open {
        let request = Request::Calibration(sheet.report.name.clone());
        view.awaiting_sheet = Some(state.ask(request, Expected::Calibration));
    }
}

fn shown(state: &mut State) -> Option<&mut Box<CalibrationView>> {
    state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Calibration(view) => Some(view),
        _ => None,
    })
}

/// Asks anew after something was saved or came from elsewhere: a label, a revealing, a change of the codebook.
pub fn refresh(state: &mut State) {
    let Some(mut view) = shown(state).map(std::mem::take) else { return };
    ask(state, &mut view);
    if let Some(place) = shown(state) {
        *place = view;
    }
}

/// Takes in which there are, or what was said in one of them.
pub fn arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let Some(view) = shown(state) else { return };
    let (list, sheet) = (view.awaiting == Some(ticket), view.awaiting_sheet == Some(ticket));
    match reply {
        Reply::Calibrations(sheets) if list => {
            let before = view.current().map(|sheet| sheet.report.name.clone()).filter(|_| view.sheets.is_some());
            let wanted = view.wanted.take().or(before);
            let at = wanted.and_then(|name| sheets.iter().position(|sheet| sheet.report.name == name));
            view.cursor = at.unwrap_or(view.cursor).min(sheets.len().saturating_sub(1));
            (view.awaiting, view.error, view.sheets) = (None, None, Some(sheets));
        }
        Reply::Calibration(found) if sheet => {
            (view.awaiting_sheet, view.error) = (None, None);
            // An undo covers again what was shown.
            let revealed = found.report.revealed.is_some();
            let case = view.cases().get(view.case).map(|case| case.id.clone());
            view.open = revealed.then_some(found);
            let at = view.cases().iter().position(|other| Some(&other.id) == case.as_ref());
            view.case = at.unwrap_or(0);
        }
        Reply::Failed { message, .. } if list || sheet => {
            (view.error, view.open) = (Some(message), None);
        }
        _ => {}
    }
}

/// Takes a key.
pub fn handle(state: &mut State, mut view: Box<CalibrationView>, pressed: Pressed) -> Option<Box<CalibrationView>> {
    if pressed.action.is_some_and(|action| super::refused(state, action)) {
        return Some(view);
    }
    if let Some(lines) = super::lines(state, pressed.action) {
        view.go(lines);
    }
    match pressed.action {
        Some(Action::Back | Action::Leave) if view.open.is_some() => (view.open, view.case) = (None, 0),
        Some(Action::Back | Action::Leave) => return None,
        Some(Action::Open) if view.open.is_some() => return visit(state, view),
        Some(Action::Open) => return enter(state, view),
        Some(Action::Reveal) => ask_reveal(state, &view),
        Some(Action::StartCalibration) => {
            let text = format!("round-{} 10 2", state.local(state.now, "%V"));
            let mut prompt = Prompt::new(Question::StartCalibration, &text);
            prompt.input.suggest();
            super::prompt::open(state, prompt);
        }
        Some(Action::EditModes) => super::prompt::open_codebook(state),
        Some(Action::Undo) => super::judge::undo(state),
        _ => {}
    }
    Some(view)
}

/// Shows who said what where that may be told, else goes to the cases that are still to be judged.
fn enter(state: &mut State, mut view: Box<CalibrationView>) -> Option<Box<CalibrationView>> {
    let Some(sheet) = view.current() else { return Some(view) };
    let name = sheet.report.name.clone();
    if sheet.report.revealed.is_none() {
        super::define::go_to(state, &name);
        return None;
    }
    view.awaiting_sheet = Some(state.ask(Request::Calibration(name), Expected::Calibration));
    Some(view)
}

/// Opens the conversation of a case; the screen comes back when it is left.
fn visit(state: &mut State, view: Box<CalibrationView>) -> Option<Box<CalibrationView>> {
    let Some(id) = view.cases().get(view.case).map(|case| case.id.clone()) else { return Some(view) };
    super::queue::show(state);
    state.calibration = Some(view);
    super::review::open(state, id, None, Reason::Asked);
    None
}

/// Comes back from the conversation of a case.
pub fn resume(state: &mut State) {
    if let Some(mut view) = state.calibration.take() {
        ask(state, &mut view);
        state.overlays.push(Overlay::Calibration(view));
    }
}

fn ask_reveal(state: &mut State, view: &CalibrationView) {
    let Some(report) = view.current().map(|sheet| &sheet.report) else { return };
    if report.revealed.is_some() {
        return state.log.say(state.now, Weight::Info, format!("{} is revealed already.", report.name));
    }
    let done = report.done.iter().filter(|one| one.judged == report.cases).count();
    let text = format!(
        "Reveal {} now? {done} of {} people are done; what is said afterwards is not compared. {} takes it back.",
        report.name,
        report.reviewers_needed,
        state.key(Action::Undo)
    );
    state.overlays.push(Overlay::Confirm(Confirm { doubt: Doubt::Reveal(report.name.clone()), text }));
}

/// Shows everybody what was said.
pub fn reveal(state: &mut State, name: String) {
    let what = format!("{name} revealed");
    super::judge::record(state, Act::Queue(QueueChange::Reveal { name }), None, &what);
}

/// Begins a calibration of what is listed, as typed.
///
/// # Errors
/// What was typed does not say what it takes.
pub fn start(state: &mut State, typed: &str) -> Result<(), String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let [name, size, reviewers] = words[..] else { return Err(WANTED.to_owned()) };
    let (Ok(size), Ok(reviewers)) = (size.parse::<u32>(), reviewers.parse::<u32>()) else {
        return Err(WANTED.to_owned());
    };
    if state.writes.pending.values().any(|write| matches!(write.request, Request::StartCalibration(_))) {
        return Ok(());
    }
    let order = CalibrationOrder { name: name.to_owned(), size, reviewers, filter: listed(state) };
    let what = format!("calibration {name}");
    let request = Request::StartCalibration(Box::new(order));
    super::judge::write(state, Write { request, conversation: None, what, replaces: None });
    Ok(())
}

/// One was begun, or waits to be saved: its question is answered, and it is what the list shows.
pub fn begun(state: &mut State, request: &Request) {
    let Request::StartCalibration(order) = request else { return };
    let asks =
        |overlay: &Overlay| matches!(overlay, Overlay::Prompt(prompt) if prompt.question == Question::StartCalibration);
    state.overlays.retain(|overlay| !asks(overlay));
    if let Some(view) = shown(state) {
        view.wanted = Some(order.name.clone());
        view.open = None;
    }
}

/// One could not be begun: its question says why, over what it stood over.
pub fn refused(state: &mut State, reason: &str) {
    let asked = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Prompt(prompt) if prompt.question == Question::StartCalibration => Some(prompt),
        _ => None,
    });
    match asked {
        Some(prompt) => prompt.error = Some(reason.to_owned()),
        None => state.log.say(state.now, Weight::Problem, reason),
    }
}

/// The filter of what is listed: that of the queue, narrowed as it is on the screen.
fn listed(state: &State) -> String {
    let narrowed = state.queue.query.filter.trim();
    let whole = state.queue.progress().map_or("", |queue| queue.spec.filter.trim());
    match (whole.is_empty(), narrowed.is_empty()) {
        (true, _) => narrowed.to_owned(),
        (false, true) => whole.to_owned(),
        (false, false) => format!("({whole}) ({narrowed})"),
    }
}

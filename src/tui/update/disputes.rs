//! Keys of the screen on which labels that differ are settled.
//!
//! Invariant: nothing is settled without a reason; what is settled is a write like any other, kept until it is saved.

use super::Pressed;
use crate::engine::request::{DisputeSide, Reply, Request, Ticket};
use crate::model::act::Act;
use crate::model::id::ConversationId;
use crate::tui::action::Action;
use crate::tui::command::Command;
use crate::tui::keymap::Key;
use crate::tui::pager::{piece, pieces};
use crate::tui::state::disputes::{Choice, DisputesView, Visit};
use crate::tui::state::messages::{Weight, Write};
use crate::tui::state::review::Reason;
use crate::tui::state::{Expected, Overlay, State};

/// Opens the screen, and asks what is in dispute.
pub fn open(state: &mut State) {
    let mut view = Box::new(DisputesView::default());
    ask_list(state, &mut view);
    state.overlays.push(Overlay::Disputes(view));
}

fn ask_list(state: &mut State, view: &mut DisputesView) {
    view.awaiting = Some(state.ask(Request::Disputes, Expected::Disputes));
}

fn ask_case(state: &mut State, view: &mut DisputesView) {
    if let Some(id) = view.current().cloned() {
        let request = if state.presenting { Request::DisputeForRoom(id) } else { Request::Dispute(id) };
        view.awaiting_case = Some(state.ask(request, Expected::Dispute));
    }
}

fn shown(state: &mut State) -> Option<Box<DisputesView>> {
    state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Disputes(view) => Some(std::mem::take(view)),
        _ => None,
    })
}

fn put_back(state: &mut State, changed: Box<DisputesView>) {
    for overlay in &mut state.overlays {
        if let Overlay::Disputes(view) = overlay {
            *view = changed;
            return;
        }
    }
}

/// Takes in what is in dispute, or what the sides of one say.
pub fn arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    let Some(mut view) = shown(state) else { return };
    let (list, case) = (view.awaiting == Some(ticket), view.awaiting_case == Some(ticket));
    match reply {
        Reply::Disputes(ids) if list => {
            let open = view.current().cloned();
            view.awaiting = None;
            view.ids = ids;
            // What was put off comes last, in the order in which it was.
            let put_off = view.put_off.clone();
            view.ids.sort_by_key(|id| put_off.iter().position(|other| other == id).map_or(0, |at| at + 1));
            let at = open.and_then(|open| view.ids.iter().position(|id| *id == open));
            view.at = at.unwrap_or(0);
            if at.is_none() {
                view.clear();
            }
            ask_case(state, &mut view);
        }
        Reply::Dispute(found) if case => {
            view.awaiting_case = None;
            view.texts = found.dispute.sides.iter().map(|side| texts(state, side)).collect();
            view.case = Some(found);
        }
        Reply::Failed { message, .. } if list || case => view.error = Some(message),
        _ => {}
    }
    put_back(state, view);
}

/// Corrections and notes of a side, masked once and not with every frame.
fn texts(state: &State, side: &DisputeSide) -> Vec<String> {
    let fixes = side.said.corrections.iter().map(|correction| format!("fix: {correction}"));
    let notes = side.said.notes.iter().map(|note| format!("note: {note}"));
    let mut all = Vec::new();
    for text in fixes.chain(notes) {
        let text = state.lens().see(&text).into_owned();
        all.extend(pieces(&text).iter().map(|range| piece(&text, range).to_owned()));
    }
    all
}

/// Asks anew after something was saved: an undo brings a dispute back, a label of somebody else makes one.
pub fn refresh(state: &mut State) {
    if let Some(mut view) = shown(state) {
        ask_list(state, &mut view);
        put_back(state, view);
    }
}

/// Takes a key.
pub fn handle(state: &mut State, mut view: Box<DisputesView>, pressed: Pressed) -> Option<Box<DisputesView>> {
    // Keys arrive here once the question for a reason is gone: what waited for it was given up.
    view.waiting = None;
    // Putting off changes the order on this screen only.
    let to_write = pressed.action.filter(|action| *action != Action::Skip);
    if to_write.is_some_and(|action| super::refused(state, action)) {
        return Some(view);
    }
    if let Some(lines) = super::lines(state, pressed.action) {
        let wanted = view.top.saturating_add_signed(lines);
        view.top = wanted.min(crate::tui::view::disputes::end(state, &view, wanted));
    }
    match pressed.action {
        Some(Action::Back | Action::Leave) => {
            for ticket in [view.awaiting, view.awaiting_case].into_iter().flatten() {
                state.want(Command::Cancel(ticket));
            }
            return None;
        }
        Some(Action::Undo) => super::judge::undo(state),
        Some(Action::Skip) => put_off(state, &mut view),
        Some(Action::SettleReason) if view.case.is_some() => ask_reason(state, &view),
        Some(Action::TakeSide) => return number(state, view, pressed),
        Some(Action::OwnVerdict) => return choose(state, view, Choice::Own),
        Some(Action::Open) => return visit(state, view, None),
        _ => {}
    }
    Some(view)
}

fn put_off(state: &mut State, view: &mut DisputesView) {
    if view.ids.len() < 2 {
        return state.log.say(state.now, Weight::Info, "It is the only one left.");
    }
    if let Some(id) = view.current().cloned() {
        view.ids.remove(view.at);
        view.ids.push(id.clone());
        view.put_off.retain(|other| *other != id);
        view.put_off.push(id);
    }
    view.clear();
    ask_case(state, view);
}

fn number(state: &mut State, view: Box<DisputesView>, pressed: Pressed) -> Option<Box<DisputesView>> {
    let Key::Char(digit) = pressed.chord.key else { return Some(view) };
    let Some(at) = digit.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1)) else { return Some(view) };
    match view.sides().len() {
        0 => Some(view),
        sides if at < sides => {
            let side = view.sides()[at].event.clone();
            choose(state, view, Choice::Take(side))
        }
        sides if at == sides => choose(state, view, Choice::Own),
        sides => {
            state.log.say(state.now, Weight::Info, format!("There are {sides} sides; {} is your own.", sides + 1));
            Some(view)
        }
    }
}

/// Does what was chosen, or asks why first.
fn choose(state: &mut State, mut view: Box<DisputesView>, choice: Choice) -> Option<Box<DisputesView>> {
    if view.case.is_none() {
        return Some(view);
    }
    if view.reason.trim().is_empty() {
        view.waiting = Some(choice);
        ask_reason(state, &view);
        return Some(view);
    }
    match choice {
        Choice::Own => {
            let reason = view.reason.clone();
            visit(state, view, Some(reason))
        }
        Choice::Take(side) => {
            take(state, &mut view, &side);
            Some(view)
        }
    }
}

fn ask_reason(state: &mut State, view: &DisputesView) {
    if let Some(id) = view.current().cloned() {
        super::prompt::open_reason(state, id, &view.reason);
    }
}

fn take(state: &mut State, view: &mut DisputesView, event: &str) {
    let side = view.sides().iter().find(|side| side.event == event);
    let (Some(id), Some(side)) = (view.current().cloned(), side) else {
        return state.log.say(state.now, Weight::Problem, "That label was changed meanwhile: choose again.");
    };
    let what = format!("{} taken", side.letter);
    let request = Request::Settle { conversation: id.clone(), label: side.event.clone(), reason: view.reason.clone() };
    super::judge::write(state, Write { request, conversation: Some(id), what, replaces: None });
    view.drop_current();
    ask_case(state, view);
}

/// True for a write that settles a dispute.
pub fn settles(request: &Request) -> bool {
    match request {
        Request::Settle { .. } => true,
        Request::Record(act) => matches!(&**act, Act::Judge(judgement) if judgement.settles.is_some()),
        _ => false,
    }
}

/// Counts a dispute that is settled on disk.
pub fn counted(state: &mut State) {
    let visited = state.visit.as_mut().map(|visit| &mut visit.view);
    let shown = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Disputes(view) => Some(view),
        _ => None,
    });
    if let Some(view) = shown.or(visited) {
        view.settled += 1;
    }
}

/// Goes on with what waited for its reason.
pub fn reasoned(state: &mut State, conversation: &ConversationId, reason: &str) {
    let Some(mut view) = shown(state) else { return };
    if view.current() != Some(conversation) {
        put_back(state, view);
        let said = "That dispute was settled meanwhile; its reason was not needed.";
        return state.log.say(state.now, Weight::Info, said);
    }
    reason.clone_into(&mut view.reason);
    match view.waiting.take() {
        None => put_back(state, view),
        Some(Choice::Take(side)) => {
            take(state, &mut view, &side);
            put_back(state, view);
        }
        Some(Choice::Own) => {
            state.overlays.retain(|overlay| !matches!(overlay, Overlay::Disputes(_)));
            let settles = Some(reason.to_owned());
            drop(visit(state, view, settles));
        }
    }
}

/// Opens the transcript; the screen comes back when it is left or judged.
fn visit(state: &mut State, view: Box<DisputesView>, settles: Option<String>) -> Option<Box<DisputesView>> {
    let Some(conversation) = view.current().cloned() else { return Some(view) };
    if settles.is_some() {
        state.log.say(state.now, Weight::Info, "Your verdict here settles the dispute.");
    }
    state.visit = Some(Visit { view, conversation: conversation.clone(), settles, given: false });
    super::review::open(state, conversation, None, Reason::Asked);
    None
}

/// Makes a verdict on the visited conversation one that settles it.
pub fn settling(state: &mut State, act: &mut Act) {
    let Some(visit) = &mut state.visit else { return };
    if let Act::Judge(judgement) = act
        && judgement.subject.conversation == visit.conversation
        && visit.settles.is_some()
    {
        judgement.settles.clone_from(&visit.settles);
        visit.given = true;
    }
}

/// Comes back from a transcript; false where none was visited.
pub fn resume(state: &mut State) -> bool {
    let Some(visit) = state.visit.take() else { return false };
    let mut view = visit.view;
    if visit.given {
        view.drop_current();
    }
    // Masking may be another by now.
    (view.waiting, view.case) = (None, None);
    view.texts.clear();
    ask_list(state, &mut view);
    state.overlays.push(Overlay::Disputes(view));
    true
}

//! Verdicts: keys, the strip that takes a fail, saving, undo, and going on to the next conversation.
//!
//! Invariant: nothing is called saved before the workers said so; an act that could not be saved is kept and can be
//! saved again.

use super::Pressed;
use crate::engine::request::{Reply, Request, Ticket};
use crate::model::act::{Act, FailedAt, Judgement};
use crate::model::id::ConversationId;
use crate::model::label::{Label, StepPointer, Verdict};
use crate::model::queue::Slot;
use crate::tui::action::Action;
use crate::tui::keymap::Key;
use crate::tui::state::judge::{Judge, SEVERITIES};
use crate::tui::state::messages::{Weight, Write};
use crate::tui::state::prompt::TextFor;
use crate::tui::state::queue::Said;
use crate::tui::state::review::{Reason, Review};
use crate::tui::state::{Expected, Overlay, State};

/// Carries out a verdict key.
pub fn act(state: &mut State, action: Action) {
    let Some(subject) = state.review.as_ref().and_then(|review| review.act_subject()) else { return };
    let id = subject.conversation.clone();
    match action {
        Action::Pass | Action::Unsure => {
            let verdict = if action == Action::Pass { Verdict::Pass } else { Verdict::Unsure };
            let mut judgement = Judgement { slot: slot(state), ..Judgement::new(subject, verdict) };
            if verdict == Verdict::Unsure {
                judgement.corrections = kept_corrections(state.review.as_deref());
            }
            record(state, Act::Judge(judgement), Some(id), &verdict.word().to_uppercase());
            advance(state);
        }
        Action::Skip => {
            record(state, Act::Skip(subject), Some(id), "skip");
            advance(state);
        }
        Action::Fail => open_strip(state),
        Action::RepeatFail => repeat(state),
        _ => {}
    }
}

/// Corrections of the reviewer's own label or draft; a new verdict would otherwise drop them.
pub fn kept_corrections(review: Option<&Review>) -> Vec<(StepPointer, crate::model::correction::Correction)> {
    let own = review.and_then(|review| review.opened.as_ref()).and_then(|opened| opened.own.as_ref());
    own.map(|label| label.corrections.iter().map(|placed| (placed.at.clone(), placed.correction.clone())).collect())
        .unwrap_or_default()
}

fn open_strip(state: &mut State) {
    // What one said before would sway the room.
    let hidden = state.review.as_ref().is_some_and(|review| state.waits_for_room(&review.id));
    let note = super::prompt::own_note(state);
    let Some(review) = &state.review else { return };
    let own = review.opened.as_ref().and_then(|opened| opened.own.as_ref()).filter(|_| !hidden);
    let note = Some(note).filter(|note| !hidden && !note.is_empty());
    let mut judge = Judge { corrections: kept_corrections(Some(review)), note, ..Judge::default() };
    if let Some(Label { verdict: Some(Verdict::Fail), modes, severity, owner, first_failure, .. }) = own.cloned() {
        judge.chosen = modes;
        judge.severity = severity;
        judge.owner = owner;
        judge.no_step = first_failure.is_none();
        judge.step = first_failure.map(|at| at.step);
    }
    let id = review.id.clone();
    if let Some(begun) = state.fails_begun.remove(&(id.clone(), state.presenting)) {
        judge = begun;
    }
    if let Some(note) = super::begun::note_for(state, &id) {
        (judge.note, judge.touched) = (Some(note), true);
    }
    match judge.step {
        Some(step) if !judge.no_step => blame_again(state, &mut judge, step),
        _ => super::review::aim(state),
    }
    state.overlays.push(Overlay::Judge(Box::new(judge)));
}

/// Puts the cursor on the step that was blamed before: where one happens to read is no reason to blame another.
fn blame_again(state: &mut State, judge: &mut Judge, step: u32) {
    let Some(read) = state.review.as_ref().and_then(|review| review.step()).map(|step| step.number) else { return };
    if read == step || !super::review::go_to_number(state, step) {
        return;
    }
    judge.read = Some(read);
    let key = state.key(Action::NoStep);
    let said = format!("Step {step} is blamed, as before; {key} {key} blames step {read}, which you were reading.");
    state.log.say(state.now, Weight::Info, said);
}

fn repeat(state: &mut State) {
    super::review::aim(state);
    let key = state.key(Action::Fail);
    let Some(last) = state.writes.last_fail.clone() else {
        let said = format!("You have given no fail here yet: {key} takes the first.");
        return state.log.say(state.now, Weight::Info, said);
    };
    let Some(review) = &state.review else { return };
    let (Some(subject), Some(pointer)) = (review.act_subject(), review.pointer()) else { return };
    let failed_at = match last.failed_at {
        Some(FailedAt::NoSingleStep) => FailedAt::NoSingleStep,
        _ => FailedAt::Step(pointer),
    };
    let judgement = Judgement {
        failed_at: Some(failed_at),
        corrections: kept_corrections(Some(review)),
        note: None,
        slot: slot(state),
        subject,
        ..last
    };
    save_fail(state, judgement);
}

/// Asks which fail was the last: at the start, and when one may have been taken back.
pub fn ask_last_fail(state: &mut State) {
    state.writes.awaiting_fail = Some(state.ask(Request::LastFail, Expected::LastFail));
}

/// Takes in which it was, unless another was given meanwhile.
pub fn last_fail_arrived(state: &mut State, ticket: Ticket, reply: Reply) {
    if state.writes.awaiting_fail != Some(ticket) {
        return;
    }
    state.writes.awaiting_fail = None;
    if let Reply::LastFail(fail) = reply {
        state.writes.last_fail = fail.map(|fail| *fail);
    }
}

/// Takes a key in the strip.
pub fn handle(state: &mut State, mut judge: Box<Judge>, pressed: Pressed) -> Option<Box<Judge>> {
    judge.touched |= !matches!(pressed.action, Some(Action::Back | Action::NextChoice | Action::PreviousChoice));
    if pressed.action != Some(Action::PickMode) {
        judge.picked.clear();
    }
    match pressed.action {
        Some(Action::Back) => return back(state, judge),
        Some(Action::Accept) => {
            take_typed(state, &mut judge);
            return save(state, judge);
        }
        Some(Action::NextField) => take_typed(state, &mut judge),
        Some(Action::PickMode) => {
            if let Key::Char(digit) = pressed.chord.key {
                judge.pick(digit, &state.codebook);
            }
        }
        Some(Action::NoStep) => {
            judge.no_step = !judge.no_step;
            if let Some(read) = judge.read.filter(|_| !judge.no_step) {
                super::review::go_to_number(state, read);
                judge.read = None;
            }
        }
        Some(Action::MoreSevere) => judge.severity = Some(judge.severity.map_or(2, |s| (s + 1).min(4))),
        Some(Action::LessSevere) => {
            judge.severity = match judge.severity {
                None => Some(1),
                Some(1) => None,
                Some(severity) => Some(severity - 1),
            }
        }
        Some(Action::NextOwner) => judge.next_owner(),
        Some(action @ (Action::BlameLater | Action::BlameEarlier)) => {
            judge.no_step = false;
            if let Some(review) = &mut state.review {
                let way = if action == Action::BlameLater { Action::StepDown } else { Action::StepUp };
                super::review::step(review, way);
            }
        }
        Some(Action::NextChoice) => judge.choice += 1,
        Some(Action::PreviousChoice) => judge.choice = judge.choice.saturating_sub(1),
        Some(Action::AddNote) => {
            let text = judge.note.clone().filter(|_| !state.presenting).unwrap_or_default();
            let purpose = if state.presenting { TextFor::RoomJudgeNote } else { TextFor::JudgeNote };
            super::prompt::open_editor(state, purpose, &text);
            // The editor lies over the strip, which is put back beneath it.
            return Some(judge);
        }
        Some(Action::CorrectNow) if state.presenting => super::review::one_pane(state),
        Some(Action::CorrectNow) => super::correct::open_for_judge(state),
        Some(_) => {}
        // A bracket that moves from one conversation to the next elsewhere is not the beginning of a name.
        None if judge.input.is_empty() && pressed.chord.typed().is_some_and(|sign| !judge.takes(sign, None)) => {}
        None => {
            if judge.input.handle(pressed.chord) {
                judge.choice = 0;
            }
        }
    }
    let count = judge.offers(&state.codebook).len();
    judge.choice = judge.choice.min(count.saturating_sub(1));
    Some(judge)
}

/// One step back: what is being typed goes first, then the strip, of which what was begun is kept.
fn back(state: &mut State, mut judge: Box<Judge>) -> Option<Box<Judge>> {
    if !judge.input.is_empty() {
        judge.input.set("");
        let key = state.key(Action::Back);
        state.log.say(state.now, Weight::Info, format!("What was typed is dropped; {key} again leaves the fail."));
        return Some(judge);
    }
    let review = state.review.as_ref().filter(|_| judge.touched)?;
    judge.step = review.step().map(|step| step.number);
    let place = (review.id.clone(), state.presenting);
    let key = state.key(Action::Fail);
    state.log.say(state.now, Weight::Info, format!("Not saved; {key} goes on where you left."));
    state.fails_begun.insert(place, *judge);
    None
}

/// Takes the mode that is chosen while typing.
fn take_typed(state: &State, judge: &mut Judge) {
    if judge.typed().is_empty() {
        return judge.input.set("");
    }
    let offers = judge.offers(&state.codebook);
    if let Some(offer) = offers.get(judge.choice.min(offers.len().saturating_sub(1))) {
        let value = offer.value().to_owned();
        if !judge.chosen.contains(&value) {
            judge.chosen.push(value);
        }
    }
    judge.input.set("");
    judge.choice = 0;
}

fn save(state: &mut State, judge: Box<Judge>) -> Option<Box<Judge>> {
    let review = state.review.as_ref()?;
    let (subject, pointer) = (review.act_subject()?, review.pointer());
    let failed_at = match (judge.no_step, pointer) {
        (false, Some(pointer)) => FailedAt::Step(pointer),
        _ => FailedAt::NoSingleStep,
    };
    let judgement = Judgement {
        subject,
        verdict: Verdict::Fail,
        failed_at: Some(failed_at),
        severity: judge.severity,
        owner: judge.owner,
        modes: judge.chosen.clone(),
        corrections: judge.corrections.clone(),
        note: note_of(state, &judge),
        slot: slot(state),
        room: Vec::new(),
        settles: None,
    };
    if let Err(error) = judgement.check() {
        state.log.say(state.now, Weight::Problem, error.to_string());
        return Some(judge);
    }
    save_fail(state, judgement);
    None
}

/// The note to save: nothing where it is the one that is saved already, an empty one where that was taken away. What a
/// room notes is added to what it was not shown.
fn note_of(state: &State, judge: &Judge) -> Option<String> {
    let saved = super::prompt::own_note(state);
    let hidden = state.review.as_ref().is_some_and(|review| state.waits_for_room(&review.id));
    match &judge.note {
        Some(note) if hidden => Some(super::prompt::added(&saved, note.clone())),
        None if hidden => None,
        note => Some(note.clone().unwrap_or_default()).filter(|note| *note != saved),
    }
}

/// Saves a fail, remembers it for the repeat key, and goes on.
pub fn save_fail(state: &mut State, judgement: Judgement) {
    let what = fail_words(&judgement, &state.codebook);
    let id = judgement.subject.conversation.clone();
    state.writes.awaiting_fail = None;
    state.writes.last_fail = Some(Judgement { corrections: Vec::new(), note: None, slot: None, ..judgement.clone() });
    record(state, Act::Judge(judgement), Some(id), &what);
    advance(state);
}

fn fail_words(judgement: &Judgement, codebook: &crate::model::codebook::Codebook) -> String {
    let mut words = vec!["FAIL".to_owned()];
    words.extend(judgement.modes.iter().map(|mode| codebook.name_of(mode).to_owned()));
    match &judgement.failed_at {
        Some(FailedAt::Step(at)) => words.push(format!("step {}", at.step)),
        _ => words.push("no single step".to_owned()),
    }
    words.extend(judgement.severity.and_then(|s| SEVERITIES.get(usize::from(s) - 1)).map(|s| (*s).to_owned()));
    words.extend(judgement.owner.map(|owner| format!("owner {}", owner.word())));
    words.join(" · ")
}

/// From where in which queue the open conversation is judged, and whether scores could be seen.
pub fn slot(state: &State) -> Option<Slot> {
    let review = state.review.as_ref()?;
    let place = review.place.as_ref()?;
    let scores_seen = state.scores_seen.contains(&review.id) || state.uncovered.contains(&review.id);
    Some(Slot { scores_seen, ..place.slot.clone() })
}

/// Has an act saved.
pub fn record(state: &mut State, mut act: Act, conversation: Option<ConversationId>, what: &str) {
    if let Act::Judge(judgement) = &mut act {
        judgement.room = super::session::room(state);
        if state.presenting {
            // A room that has judged may see what it could not see before.
            state.revealed.insert(judgement.subject.conversation.clone());
        }
    }
    super::disputes::settling(state, &mut act);
    let replaces = match &act {
        Act::Judge(judgement) => {
            let review = state.review.as_ref().filter(|review| Some(&review.id) == conversation.as_ref());
            review.and_then(|review| review.own_verdict()).filter(|before| *before != judgement.verdict)
        }
        _ => None,
    };
    let request = Request::Record(Box::new(act));
    write(state, Write { request, conversation, what: what.to_owned(), replaces });
}

/// Has something written.
pub fn write(state: &mut State, write: Write) {
    let _ = send(state, write);
}

/// Has something written of which somebody wants to know what became.
pub fn send(state: &mut State, write: Write) -> Ticket {
    let ticket = state.ask(write.request.clone(), Expected::Write);
    state.writes.pending.insert(ticket, write);
    ticket
}

/// Takes back the last act.
pub fn undo(state: &mut State) {
    write(state, Write { request: Request::Undo, conversation: None, what: "undo".to_owned(), replaces: None });
}

/// Does again what was taken back.
pub fn redo(state: &mut State) {
    write(state, Write { request: Request::Redo, conversation: None, what: "redo".to_owned(), replaces: None });
}

/// Tries to save again what could not be saved, in the order in which it was done.
pub fn save_again(state: &mut State) {
    let unsaved = std::mem::take(&mut state.writes.unsaved);
    if unsaved.is_empty() {
        return state.log.say(state.now, Weight::Info, "Everything is saved.");
    }
    for entry in unsaved {
        write(state, entry.write);
    }
}

/// Opens the next conversation that is still to be judged: forward from here, then from the start.
pub fn advance(state: &mut State) {
    let from = state.review.as_ref().and_then(|review| review.position);
    let count = state.queue.index.ids.len();
    // A queue of a name is in order: what comes next is always the first that is not done.
    let named = state.queue.query.queue.is_some();
    let start = if named { state.queue.index.begins } else { from.map_or(0, |at| at + 1) };
    let again = if named { 0 } else { start.min(count) };
    if state.visit.is_some() || state.calibration.is_some() {
        return super::queue::leave(state);
    }
    let reviewer = state.config.reviewer.clone();
    let current = state.review.as_ref().map(|review| review.id.clone());
    let open = |at: &usize| {
        let id = state.queue.index.ids.get(*at);
        state.queue.is_open(*at, (&reviewer, state.now))
            && id.is_some_and(|id| Some(id) != current.as_ref() && !state.writes.is_pending(id))
    };
    let next = super::queue::next_unread(state).or_else(|| (start..count).chain(0..again).find(open));
    if let Some((at, id)) = next.and_then(|at| Some((at, state.queue.index.ids.get(at)?.clone()))) {
        return super::review::open(state, id, Some(at), Reason::Next);
    }
    super::queue::show(state);
    state.queue.ended = Some(state.now);
    let case = state.queue.progress().is_some_and(|queue| queue.spec.calibration.is_some());
    let key = state.key(Action::Calibration);
    let skipped = state.queue.said.values().filter(|said| **said == Said::Skipped).count();
    let held = state.queue.held.values().filter_map(|until| *until).filter(|until| *until > state.now).min();
    let said = match skipped {
        _ if held.is_some() && state.queue.left() > 0 => format!(
            "What is left here is held by other reviewers, the first until {}.",
            state.local(held.unwrap_or(state.now), "%H:%M")
        ),
        0 if case => format!("That was the last case: {key} shows how far the others are."),
        0 => "That was the last one: everything in this queue is judged.".to_owned(),
        n => format!("Everything in this queue is judged but {n} you skipped."),
    };
    state.log.say(state.now, Weight::Info, said);
}

//! Keeps what was begun and not saved: texts, fails, corrections.
//!
//! Invariant: it is written by the workers, a moment after it was typed, and once more when the program is left.

use crate::engine::request::{Begun, BegunCorrection, BegunFail, Changes, Drawer, Reply, Request, Ticket};
use crate::model::id::ConversationId;
use crate::tui::state::correct::{Choice, Correct};
use crate::tui::state::judge::Judge;
use crate::tui::state::messages::Weight;
use crate::tui::state::prompt::{TextFor, draft_key};
use crate::tui::state::{Expected, Overlay, State};

/// For how long somebody types on before it is written, in microseconds.
const PACE: i64 = 2_000_000;

/// Asks for what was begun the last time.
pub fn ask(state: &mut State) {
    if state.config.read_only.is_none() {
        state.ask(Request::Begun, Expected::Begun);
    }
}

/// Takes in what was begun the last time.
pub fn arrived(state: &mut State, reply: Reply) {
    (state.kept.read, state.kept.at) = (true, Some(state.now));
    let drawer = match reply {
        Reply::Begun(drawer) => drawer,
        other => return super::messages::problem(state, other),
    };
    for (key, begun) in &drawer {
        match begun {
            Begun::Text(text) => drop(state.drafts.entry(key.clone()).or_insert_with(|| text.clone())),
            Begun::Fail(fail) => {
                let place = (fail.conversation.clone(), fail.room);
                state.fails_begun.entry(place).or_insert_with(|| judge(fail));
            }
            Begun::Correction(one) => {
                state.kept.corrections.insert((one.conversation.clone(), one.step), (**one).clone());
            }
        }
    }
    let count = drawer.len();
    state.kept.drawer = drawer;
    if count > 0 {
        let said = match count {
            1 => "What you began and did not save is still there, under the same key.".to_owned(),
            n => format!("{n} things you began and did not save are still there, under the same keys."),
        };
        state.log.say(state.now, Weight::Info, said);
    }
}

/// Has it written where somebody typed on for a while, or leaves.
pub fn settle(state: &mut State) {
    let due = state.kept.at.is_none_or(|at| state.now.0 - at.0 >= PACE);
    if state.leaving || due {
        keep(state);
    }
}

/// Has what changed since the last time written.
pub fn keep(state: &mut State) {
    let due = state.kept.touched && state.kept.read && (state.kept.awaiting.is_none() || state.leaving);
    if !due {
        return;
    }
    (state.kept.touched, state.kept.at) = (false, Some(state.now));
    let now = drawer(state);
    let before = &state.kept.drawer;
    let mut changes: Changes = now.iter().filter(|(key, begun)| before.get(*key) != Some(*begun)).map(put).collect();
    changes.extend(before.keys().filter(|key| !now.contains_key(*key)).map(|key| (key.clone(), None)));
    if changes.is_empty() {
        return;
    }
    let ticket = state.ask(Request::KeepBegun(changes), Expected::Kept);
    let before = std::mem::replace(&mut state.kept.drawer, now);
    state.kept.awaiting = Some((ticket, before));
}

fn put((key, begun): (&String, &Begun)) -> (String, Option<Begun>) {
    (key.clone(), Some(begun.clone()))
}

/// Takes in what became of it.
pub fn kept(state: &mut State, ticket: Ticket, reply: Reply) {
    let Some((_, before)) = state.kept.awaiting.take_if(|(awaited, _)| *awaited == ticket) else { return };
    let Reply::Failed { message, .. } = reply else {
        state.kept.problem = None;
        return;
    };
    state.kept.drawer = before;
    state.kept.touched = true;
    if state.kept.problem.as_ref() != Some(&message) {
        state.log.say(state.now, Weight::Problem, message.clone());
    }
    state.kept.problem = Some(message);
}

/// All that is begun now.
fn drawer(state: &State) -> Drawer {
    let mut all = Drawer::new();
    for (key, text) in state.drafts.iter().filter(|(key, _)| !super::prompt::is_lookup(key)) {
        all.insert(key.clone(), Begun::Text(text.clone()));
    }
    for ((id, room), judge) in &state.fails_begun {
        add_fail(&mut all, fail(judge, (id, *room), judge.step));
    }
    for ((id, step), form) in &state.corrections_begun {
        add_correction(&mut all, correction(form, id, *step));
    }
    for one in state.kept.corrections.values() {
        add_correction(&mut all, one.clone());
    }
    for overlay in &state.overlays {
        add_open(state, overlay, &mut all);
    }
    all
}

/// What is being typed in one that is open.
fn add_open(state: &State, overlay: &Overlay, all: &mut Drawer) {
    let review = state.review.as_ref();
    match overlay {
        Overlay::Editor(editor) if editor.text() != editor.original => {
            all.insert(editor.draft_key(), Begun::Text(editor.text()));
        }
        Overlay::Prompt(prompt) => {
            if let Some((key, text)) = super::prompt::begun(state, prompt) {
                all.insert(key, Begun::Text(text));
            }
        }
        Overlay::Judge(judge) if judge.touched => {
            if let Some(review) = review {
                let step = review.step().map(|step| step.number);
                add_fail(all, fail(judge, (&review.id, state.presenting), step));
            }
        }
        Overlay::Correct(form) if form.is_begun() => {
            if let Some(review) = review {
                add_correction(all, correction(form, &review.id, form.at.step));
            }
        }
        _ => {}
    }
}

fn add_fail(all: &mut Drawer, fail: BegunFail) {
    let key = format!("Fail {} {}", fail.conversation, if fail.room { "before a room" } else { "alone" });
    all.insert(key, Begun::Fail(Box::new(fail)));
}

fn add_correction(all: &mut Drawer, one: BegunCorrection) {
    let key = format!("Correction {} {}", one.conversation, one.step);
    all.insert(key, Begun::Correction(Box::new(one)));
}

fn fail(judge: &Judge, (id, room): (&ConversationId, bool), step: Option<u32>) -> BegunFail {
    BegunFail {
        conversation: id.clone(),
        room,
        step,
        no_step: judge.no_step,
        typed: judge.input.text().to_owned(),
        modes: judge.chosen.clone(),
        severity: judge.severity,
        owner: judge.owner,
        note: judge.note.clone(),
        corrections: judge.corrections.clone(),
    }
}

fn judge(fail: &BegunFail) -> Judge {
    let mut judge = Judge {
        chosen: fail.modes.clone(),
        severity: fail.severity,
        owner: fail.owner,
        no_step: fail.no_step,
        step: fail.step,
        touched: true,
        note: fail.note.clone(),
        corrections: fail.corrections.clone(),
        ..Judge::default()
    };
    judge.input.set(&fail.typed);
    judge
}

fn correction(form: &Correct, id: &ConversationId, step: u32) -> BegunCorrection {
    BegunCorrection {
        conversation: id.clone(),
        step,
        typed: form.input.text().to_owned(),
        chosen: form.chosen.as_ref().map(Choice::name),
        fields: form.fields.iter().map(|field| (field.name.clone(), field.input.text().to_owned())).collect(),
        field: form.field,
        kept: form.kept.iter().map(|call| (call.tool.clone(), call.arguments.clone(), call.fits)).collect(),
        whole_text: form.whole_text.clone(),
    }
}

/// The note that was being written for the fail of this conversation when the program ended.
pub fn note_for(state: &mut State, conversation: &ConversationId) -> Option<String> {
    let purpose = if state.presenting { TextFor::RoomJudgeNote } else { TextFor::JudgeNote };
    state.drafts.remove(&draft_key(&purpose, Some(conversation)))
}

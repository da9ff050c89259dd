//! Keys of the correction form.
//!
//! Invariant: arguments that do not fit the schema are saved only after the reviewer was told, and are marked.

use super::Pressed;
use super::prompt::bare;
use crate::engine::request::{Reply, Request};
use crate::model::act::{Act, FailedAt, Judgement};
use crate::model::correction::{AcceptableCall, Correction, CorrectionKind};
use crate::model::id::ConversationId;
use crate::model::label::{StepPointer, Verdict};
use crate::model::tool::{Arguments, KnownTool, members};
use crate::tui::action::Action;
use crate::tui::keymap::Key;
use crate::tui::schema::{Field, Kind, Schema, Turn, fill, strict};
use crate::tui::state::correct::{Choice, Correct, KeptCall, Stage};
use crate::tui::state::messages::Weight;
use crate::tui::state::prompt::TextFor;
use crate::tui::state::{Expected, Overlay, State};

mod fields;

pub use fields::arguments;
use fields::{put_seen, raw_field, text_field, tool_fields};

/// An empty form on the current step, with the tools that are known so far; what is known by now is asked for.
fn form(state: &mut State) -> Option<Correct> {
    let review = state.review.as_ref()?;
    let opened = review.opened.as_ref()?;
    let mut form = Correct::new(&opened.conversation, review.step()?, &state.config.mask);
    form.know(&state.tools);
    state.ask(Request::Tools, Expected::Tools);
    Some(form)
}

/// Takes in the tools of the workspace; an open form offers them.
pub fn tools_arrived(state: &mut State, reply: Reply) {
    let Reply::Tools(tools) = reply else { return };
    state.tools = tools;
    for overlay in &mut state.overlays {
        if let Overlay::Correct(form) = overlay {
            form.know(&state.tools);
        }
    }
}

/// Opens the form on the current step; with the no-call key straight at its question.
pub fn open(state: &mut State, action: Action) {
    if action == Action::Correct
        && let Some(begun) = begun(state)
    {
        return state.overlays.push(Overlay::Correct(begun));
    }
    let Some(mut form) = form(state) else { return };
    if action == Action::NoCall {
        if form.was.is_none() {
            return state.log.say(state.now, Weight::Info, "No tool was called at this step.");
        }
        choose(&mut form, &Choice::Other(CorrectionKind::NoCall));
        form.stage = Stage::Remainder;
    }
    show(state, form);
}

/// Puts the form on the screen, unless all that is left of it is a question that is not to be asked.
fn show(state: &mut State, form: Correct) {
    if form.stage == Stage::Remainder && !state.asks_remainder {
        return save(state, &form, correction(&form, false));
    }
    state.overlays.push(Overlay::Correct(Box::new(form)));
}

/// Opens the form for the fail being put into words.
pub fn open_for_judge(state: &mut State) {
    if let Some(mut form) = begun(state).or_else(|| form(state).map(Box::new)) {
        form.for_judge = true;
        state.overlays.push(Overlay::Correct(form));
    }
}

/// The form that was left half filled at this step, as it was.
fn begun(state: &mut State) -> Option<Box<Correct>> {
    let review = state.review.as_ref()?;
    let place = (review.id.clone(), review.step()?.number);
    let Some(mut form) = state.corrections_begun.remove(&place) else { return begun_before(state, &place) };
    form.for_judge = false;
    form.message = None;
    if form.chosen.is_some() {
        form.stage = Stage::Fill;
    }
    Some(form)
}

/// The same, where the program was left since: the form is made anew, and filled with what it held.
fn begun_before(state: &mut State, place: &(ConversationId, u32)) -> Option<Box<Correct>> {
    let before = state.kept.corrections.remove(place)?;
    let mut form = form(state)?;
    form.input.set(&before.typed);
    let kept = before.kept.into_iter();
    form.kept = kept.map(|(tool, arguments, fits)| KeptCall { tool, arguments, fits }).collect();
    let Some(name) = before.chosen else { return Some(Box::new(form)) };
    let known = form.choices.iter().find(|choice| choice.name() == name).cloned();
    let choice = known.unwrap_or_else(|| Choice::Tool(KnownTool::named(&name).spec));
    choose(&mut form, &choice);
    if let [(only, text)] = before.fields.as_slice()
        && fields::is_raw(only)
    {
        form.fields = vec![raw_field(text)];
    } else {
        for (name, text) in &before.fields {
            let at = form.fields.iter().position(|field| field.name == *name).unwrap_or_else(|| {
                form.fields.push(Field::unknown(name));
                form.fields.len() - 1
            });
            if form.fields[at].input.text() != text {
                form.fields[at].input.set(text);
                form.fields[at].origin = None;
            }
        }
    }
    form.field = before.field.min(form.fields.len().saturating_sub(1));
    form.whole_text = before.whole_text;
    check(&mut form);
    Some(Box::new(form))
}

/// Closes the form; what was begun is kept for the next time.
fn leave(state: &mut State, form: Box<Correct>) {
    let Some(review) = &state.review else { return };
    if form.is_begun() {
        state.corrections_begun.insert((review.id.clone(), form.at.step), form);
        let key = state.key(Action::Correct);
        state.log.say(state.now, Weight::Info, format!("Not saved; {key} at this step goes on where you left."));
    }
}

/// Asks whether the rest still stands after a correction that needs no form.
pub fn ask_remainder(state: &mut State, at: StepPointer, correction: Correction) {
    let Some(mut form) = form(state) else { return };
    form.at = at;
    form.for_judge = state.overlays.iter().any(|overlay| matches!(overlay, Overlay::Judge(_)));
    form.chosen = Some(Choice::Other(correction.kind));
    form.fields = vec![text_field("text", true)];
    form.fields[0].input.set(correction.text.as_deref().unwrap_or_default());
    form.whole_text = correction.text;
    form.stage = Stage::Remainder;
    show(state, form);
}

/// Takes a key.
pub fn handle(state: &mut State, mut form: Box<Correct>, pressed: Pressed) -> Option<Box<Correct>> {
    form.message = None;
    match form.stage {
        Stage::Choose => match choosing(&mut form, pressed) {
            Next::Stay => Some(form),
            Next::Leave => {
                leave(state, form);
                None
            }
            Next::InWords => {
                super::prompt::open_editor(state, TextFor::Reply(form.at.step), "");
                None
            }
        },
        Stage::Fill => {
            filling(state, &mut form, pressed);
            if form.stage == Stage::Remainder && !state.asks_remainder {
                save(state, &form, correction(&form, false));
                return None;
            }
            Some(form)
        }
        Stage::Remainder => remainder(state, form, pressed),
    }
}

/// What comes of a key while choosing.
enum Next {
    Stay,
    Leave,
    /// The right answer is written in the editor.
    InWords,
}

fn choosing(form: &mut Correct, pressed: Pressed) -> Next {
    match pressed.action {
        Some(Action::Back) => return Next::Leave,
        Some(Action::Accept | Action::NextField) => {
            let chosen = form.fitting().get(form.choice).cloned();
            match chosen {
                Some(Choice::Other(CorrectionKind::Reply)) => return Next::InWords,
                // The same again: its fields are still there.
                Some(choice) if form.chosen.as_ref() == Some(&choice) => form.stage = Stage::Fill,
                Some(choice) => choose(form, &choice),
                None => form.message = Some("No tool has that name, and it cannot be one.".to_owned()),
            }
        }
        Some(Action::NextChoice) => form.choice += 1,
        Some(Action::PreviousChoice) => form.choice = form.choice.saturating_sub(1),
        _ => {
            if form.input.handle(pressed.chord) {
                form.choice = 0;
            }
        }
    }
    form.choice = form.choice.min(form.fitting().len().saturating_sub(1));
    Next::Stay
}

/// Makes the form for what was chosen.
fn choose(form: &mut Correct, choice: &Choice) {
    form.stage = Stage::Fill;
    form.field = 0;
    form.warned = false;
    form.schema = Schema::new(None);
    form.fields = match choice {
        Choice::Tool(spec) => {
            form.schema = Schema::new(spec.parameters.as_ref().map(crate::text::Untrusted::exact));
            tool_fields(form, spec.name.exact())
        }
        Choice::Other(CorrectionKind::AskCustomer) => vec![text_field("question", true)],
        Choice::Other(CorrectionKind::HandOff) => vec![text_field("reason", true), text_field("text", false)],
        Choice::Other(_) => vec![text_field("text", false)],
    };
    form.chosen = Some(choice.clone());
    check(form);
}

fn check(form: &mut Correct) {
    form.problems = match form.chosen {
        Some(Choice::Tool(_)) => form.schema.problems(&arguments(form)),
        _ => Vec::new(),
    };
}

fn filling(state: &mut State, form: &mut Correct, pressed: Pressed) {
    let last = form.fields.len().saturating_sub(1);
    match pressed.action {
        Some(Action::Back) => {
            form.stage = Stage::Choose;
            form.input.set("");
            let chosen = form.chosen.clone();
            form.choice = form.fitting().iter().position(|choice| Some(choice) == chosen.as_ref()).unwrap_or(0);
        }
        Some(Action::NextField | Action::NextChoice) => {
            form.field = if form.field >= last { 0 } else { form.field + 1 };
        }
        Some(Action::PreviousField | Action::PreviousChoice) => {
            form.field = if form.field == 0 { last } else { form.field - 1 };
        }
        Some(Action::Accept) if form.field < last => form.field += 1,
        Some(action @ (Action::Accept | Action::Save)) => done(state, form, action),
        Some(Action::SeenValue) => put_seen(form),
        Some(Action::Alternative) => keep(state, form),
        Some(Action::RawJson) => {
            if matches!(form.chosen, Some(Choice::Tool(_))) {
                let text = arguments(form);
                let text = crate::text::highlight::pretty_json(&text).unwrap_or(text);
                super::prompt::open_editor(state, TextFor::RawJson, &text);
                state.want(crate::tui::command::Command::Edit(crate::tui::command::EditorJob { text, ending: "json" }));
            }
        }
        _ => typed(form, pressed),
    }
}

fn typed(form: &mut Correct, pressed: Pressed) {
    let at = form.field;
    let Some(field) = form.fields.get_mut(at) else { return };
    match (pressed.chord.key, &field.kind) {
        (Key::Right | Key::Char(' '), Kind::Choice(_) | Kind::Boolean) => field.turn(Turn::Next),
        (Key::Left, Kind::Choice(_) | Kind::Boolean) => field.turn(Turn::Previous),
        (Key::Char(letter), Kind::Choice(choices)) if !pressed.chord.ctrl => {
            // A letter picks the next choice that begins with it: a choice is never half a word.
            let begins = |text: &&String| text.to_lowercase().starts_with(letter.to_ascii_lowercase());
            let current = choices.iter().position(|choice| choice == field.input.text());
            let after = current.map_or(0, |at| at + 1);
            let found = choices.iter().skip(after).find(begins).or_else(|| choices.iter().find(begins)).cloned();
            if let Some(found) = found {
                field.input.set(&found);
            }
        }
        _ => {
            if !field.input.handle(pressed.chord) {
                return;
            }
        }
    }
    field.origin = None;
    form.warned = false;
    check(form);
}

/// Takes pasted text into the field or line that has the keys.
pub fn paste(form: &mut Correct, text: &str) {
    match form.stage {
        Stage::Choose => form.input.insert(text),
        Stage::Fill => {
            let at = form.field;
            if let Some(field) = form.fields.get_mut(at) {
                field.input.insert(text);
                field.origin = None;
            }
            form.warned = false;
            check(form);
        }
        Stage::Remainder => {}
    }
}

/// The call as filled in; `None` and a message where it cannot be saved. Enter, which also goes from field to field, never
/// takes one that does not fit.
fn call(state: &State, form: &mut Correct, action: Action) -> Option<KeptCall> {
    let Some(Choice::Tool(spec)) = &form.chosen else { return None };
    let tool = spec.name.exact().to_owned();
    let arguments = arguments(form);
    if let Err(error) = strict::check(&arguments) {
        form.message = Some(format!("Not saved: {error}."));
        return None;
    }
    if !form.problems.is_empty() && (!form.warned || action == Action::Accept) {
        form.warned = true;
        let key = state.key(if action == Action::Accept { Action::Save } else { action });
        form.message = Some(format!("It does not fit the schema. Only {key} saves it all the same, marked so."));
        return None;
    }
    let empty = members(&arguments).is_some_and(|members| members.is_empty());
    if empty && !form.fields.is_empty() && !form.warned {
        form.warned = true;
        let (key, once) = (state.key(action), "It has no arguments.");
        form.message = Some(format!("{once} {key} again saves the call without any."));
        return None;
    }
    let fits = form.schema.checks().then_some(form.problems.is_empty());
    Some(KeptCall { tool, arguments, fits })
}

fn keep(state: &State, form: &mut Correct) {
    if let Some(call) = call(state, form, Action::Alternative) {
        form.kept.push(call);
        form.chosen = None;
        form.input.set("");
        form.choice = 0;
        form.stage = Stage::Choose;
    }
}

fn done(state: &State, form: &mut Correct, action: Action) {
    if let Some(Choice::Tool(_)) = form.chosen {
        if let Some(call) = call(state, form, action) {
            form.kept.push(call);
            form.stage = Stage::Remainder;
        }
        return;
    }
    let missing = form.fields.iter().position(|field| field.required && field.input.text().trim().is_empty());
    match missing {
        Some(at) => {
            form.field = at;
            form.message = Some(format!("It needs the {}.", form.fields[at].name));
        }
        None => form.stage = Stage::Remainder,
    }
}

fn remainder(state: &mut State, mut form: Box<Correct>, pressed: Pressed) -> Option<Box<Correct>> {
    match pressed.action {
        Some(Action::Back) => {
            if matches!(form.chosen, Some(Choice::Tool(_))) {
                form.kept.pop();
            }
            form.stage = Stage::Fill;
            return Some(form);
        }
        // The key that saves takes the answer that is there unless another is given.
        Some(Action::Yes | Action::No | Action::Save | Action::NeverAsk) => {
            state.asks_remainder &= pressed.action != Some(Action::NeverAsk);
            let correction = correction(&form, pressed.action == Some(Action::Yes));
            save(state, &form, correction);
            return None;
        }
        _ => {}
    }
    Some(form)
}

fn correction(form: &Correct, remainder_valid: bool) -> Correction {
    let text = |name: &str| {
        let field = form.fields.iter().find(|field| field.name == name)?;
        Some(field.input.text().trim().to_owned()).filter(|text| !text.is_empty())
    };
    let kind = form.kind();
    let mut correction = Correction { remainder_valid, ..bare(kind) };
    match kind {
        CorrectionKind::Tool => {
            let mut calls = form.kept.iter();
            if let Some(main) = calls.next() {
                correction.tool = Some(main.tool.clone());
                correction.arguments = Some(Arguments(main.arguments.clone().into()));
                correction.schema_ok = main.fits;
            }
            correction.alternatives = calls
                .map(|call| AcceptableCall {
                    tool: call.tool.clone(),
                    arguments: Arguments(call.arguments.clone().into()),
                })
                .collect();
        }
        CorrectionKind::AskCustomer => correction.text = text("question"),
        CorrectionKind::HandOff => {
            correction.reason = text("reason");
            correction.text = text("text");
        }
        CorrectionKind::NoCall => correction.text = text("text"),
        CorrectionKind::Reply => correction.text.clone_from(&form.whole_text),
    }
    correction
}

/// The mode a correction stands for, where no verdict was given yet.
fn mode(form: &Correct, correction: &Correction) -> Option<&'static str> {
    let same = form.was.as_ref().is_some_and(|(tool, _)| Some(tool) == correction.tool.as_ref());
    match correction.kind {
        CorrectionKind::Tool if same => Some("wrong arguments"),
        CorrectionKind::Reply => None,
        _ => Some("wrong tool"),
    }
}

fn save(state: &mut State, form: &Correct, correction: Correction) {
    if form.for_judge {
        for overlay in &mut state.overlays {
            if let Overlay::Judge(judge) = overlay {
                judge.corrections.retain(|(at, _)| at.step != form.at.step);
                judge.corrections.push((form.at.clone(), correction.clone()));
            }
        }
        return;
    }
    let Some(review) = &state.review else { return };
    let Some(subject) = review.act_subject() else { return };
    let id = subject.conversation.clone();
    if review.own_verdict() == Some(Verdict::Fail) {
        let what = format!("correction of step {}", form.at.step);
        let act = Act::Correct { subject, corrections: vec![(form.at.clone(), correction)] };
        return super::judge::record(state, act, Some(id), &what);
    }
    let mut corrections = super::judge::kept_corrections(Some(review));
    corrections.retain(|(at, _)| at.step != form.at.step);
    let modes = mode(form, &correction).map(str::to_owned).into_iter().collect();
    corrections.push((form.at.clone(), correction));
    let judgement = Judgement {
        failed_at: Some(FailedAt::Step(form.at.clone())),
        modes,
        corrections,
        slot: super::judge::slot(state),
        ..Judgement::new(subject, Verdict::Fail)
    };
    let again = state.writes.last_fail.clone();
    super::judge::save_fail(state, judgement);
    // The repeat key repeats what was put into words, not what a correction implied.
    state.writes.last_fail = again.or(state.writes.last_fail.take());
}

/// Takes in a text from the editor: the whole of the arguments.
///
/// # Errors
/// It is not JSON, or a name stands in it twice; the form stays as it was.
pub fn edited(state: &mut State, text: &str) -> Result<(), String> {
    strict::check(text)?;
    for overlay in &mut state.overlays {
        let Overlay::Correct(form) = overlay else { continue };
        for field in &mut form.fields {
            field.input.set("");
            field.origin = None;
        }
        let raw_only = form.schema.value.is_none();
        if raw_only || !fill(&mut form.fields, text.trim(), None) {
            form.fields = vec![raw_field(text.trim())];
        }
        form.field = form.field.min(form.fields.len().saturating_sub(1));
        form.warned = false;
        check(form);
    }
    Ok(())
}

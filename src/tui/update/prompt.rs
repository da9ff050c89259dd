//! Keys of questions and editors.
//!
//! Invariant: leaving an editor keeps its text as a draft; an outside editor that fails leaves the text as it was.

use super::Pressed;
use crate::engine::request::{Reply, Request};
use crate::model::act::Act;
use crate::model::codebook::CodebookChange;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::filter::Filter;
use crate::model::id::ConversationId;
use crate::model::label::StepPointer;
use crate::tui::action::Action;
use crate::tui::command::{Command, EditorJob};
use crate::tui::state::messages::{Weight, Write};
use crate::tui::state::prompt::{Editor, Prompt, Question, TextFor, draft_key};
use crate::tui::state::{Overlay, State};

const MUST: &str = "must";
const MUST_NOT: &str = "must not";
const MERGE: &str = "merge";

/// Asks a question; the text that was left of the same one is there again.
pub fn open(state: &mut State, mut prompt: Prompt) {
    if let Some(draft) = state.drafts.get(&left_of(state, &prompt)).filter(|_| prompt.is_text()) {
        prompt.input.set(draft);
        if prompt.is_lookup() {
            prompt.input.suggest();
        }
        check_filter(&mut prompt);
    }
    state.overlays.push(Overlay::Prompt(Box::new(prompt)));
}

/// Under which name the text of a question is kept that was left without an answer.
fn left_of(state: &State, prompt: &Prompt) -> String {
    let about = state.review.as_ref().map(|review| &review.id).filter(|_| prompt.question == Question::Criterion);
    // What was begun alone is not shown to a room.
    let room = if state.presenting { " before a room" } else { "" };
    format!("{:?} {}{room}", prompt.question, about.map_or("", crate::model::id::ConversationId::as_str))
}

/// True for the text of a question that only looks something up.
pub fn is_lookup(key: &str) -> bool {
    let lookups = [Question::Filter, Question::FindInQueue, Question::FindInTranscript];
    lookups.iter().any(|question| key.split(' ').next() == Some(format!("{question:?}").as_str()))
}

/// What is typed into a question that is open, and under which name it is kept; `None` where nothing would be missed.
pub fn begun(state: &State, prompt: &Prompt) -> Option<(String, String)> {
    let text = prompt.input.text();
    let missed = prompt.is_text() && !prompt.is_lookup() && text != prompt.original && !text.is_empty();
    missed.then(|| (left_of(state, prompt), text.to_owned()))
}

/// Leaves a question without an answer; what was typed is kept for the next time.
fn leave(state: &mut State, prompt: &Prompt) {
    if !prompt.is_text() {
        return;
    }
    let (text, key) = (prompt.input.text(), left_of(state, prompt));
    if text == prompt.original || text.trim().is_empty() {
        state.drafts.remove(&key);
        return;
    }
    state.drafts.insert(key, text.to_owned());
    if !prompt.is_lookup() {
        state.log.say(state.now, Weight::Info, "Kept as a draft, not saved.");
    }
}

/// Asks for the filter.
pub fn open_filter(state: &mut State) {
    let text = if state.covers_filter() { String::new() } else { state.queue.query.filter.clone() };
    open(state, Prompt::new(Question::Filter, &text));
}

/// Asks for words to find.
pub fn open_find(state: &mut State, question: Question) {
    open(state, Prompt::new(question, ""));
}

/// Asks why a dispute is settled so.
pub fn open_reason(state: &mut State, conversation: ConversationId, text: &str) {
    open(state, Prompt::new(Question::SettleReason(conversation), text));
}

/// Asks for an acceptance criterion.
pub fn open_criterion(state: &mut State) {
    if !is_opened(state) {
        return;
    }
    let mut prompt = Prompt::new(Question::Criterion, "");
    let choice = |text: &str| (text.to_owned(), text.to_owned());
    prompt.choices = vec![choice(MUST), choice(MUST_NOT)];
    open(state, prompt);
}

/// Records a criterion; the words it begins with may say which kind it is.
fn save_criterion(state: &mut State, typed: &str, chosen: Option<&str>) {
    let begins = |words: &str| typed.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words));
    let (must, text) = if begins("must not ") {
        (false, &typed["must not ".len()..])
    } else if begins("must ") {
        (chosen != Some(MUST_NOT), &typed["must ".len()..])
    } else {
        (chosen != Some(MUST_NOT), typed)
    };
    let Some(subject) = state.review.as_ref().and_then(|review| review.act_subject()) else { return };
    let id = subject.conversation.clone();
    let what = format!("criterion: {} …", if must { MUST } else { MUST_NOT });
    let act = Act::Criterion { subject, must, text: text.trim().to_owned() };
    super::judge::record(state, act, Some(id), &what);
}

/// Asks for a file to import.
pub fn open_import(state: &mut State) {
    let before = state.drafts.get(super::import::TYPED).cloned().unwrap_or_default();
    open(state, Prompt::new(Question::Import, &before));
}

/// Offers the codebook packs.
pub fn open_packs(state: &mut State) {
    let mut prompt = Prompt::new(Question::LoadPack, "");
    prompt.choices = state.config.packs.iter().map(|pack| (pack.clone(), pack.clone())).collect();
    open(state, prompt);
}

/// Offers the failure modes in use.
pub fn open_modes(state: &mut State, question: Question) {
    if state.codebook.modes.is_empty() {
        return state.log.say(state.now, Weight::Info, "No failure modes yet: the first fail names one.");
    }
    let mut prompt = Prompt::new(question, "");
    let question = &prompt.question;
    let choices = state
        .codebook
        .modes
        .iter()
        .filter(|mode| *question != Question::MergeInto(mode.key.clone()))
        .map(|mode| (mode.key.clone(), mode.name.clone()))
        .collect();
    prompt.choices = choices;
    open(state, prompt);
}

/// Offers what can be done to the codebook.
pub fn open_codebook(state: &mut State) {
    let mut prompt = Prompt::new(Question::EditModes, "");
    let choice = |value: &str, name: &str| (value.to_owned(), name.to_owned());
    prompt.choices = vec![choice(MERGE, "merge one failure mode into another"), choice("", "rename a failure mode")];
    open(state, prompt);
}

/// Takes a key in a one-line question.
pub fn handle(state: &mut State, mut prompt: Box<Prompt>, pressed: Pressed) -> Option<Box<Prompt>> {
    match pressed.action {
        Some(Action::Back) => {
            leave(state, &prompt);
            return None;
        }
        Some(Action::NextChoice) => prompt.choice += 1,
        Some(Action::PreviousChoice) => prompt.choice = prompt.choice.saturating_sub(1),
        Some(Action::Accept) => {
            let key = left_of(state, &prompt);
            let kept = accept(state, prompt);
            if kept.as_ref().is_none_or(|prompt| prompt.error.is_none()) {
                state.drafts.remove(&key);
            }
            return kept;
        }
        _ => {
            if prompt.input.handle(pressed.chord) {
                changed(&mut prompt);
            }
        }
    }
    prompt.choice = prompt.choice.min(prompt.fitting().len().saturating_sub(1));
    Some(prompt)
}

/// Takes in that the text is another one.
pub fn changed(prompt: &mut Prompt) {
    prompt.choice = 0;
    check_filter(prompt);
}

/// Says while typing what is wrong with a filter.
fn check_filter(prompt: &mut Prompt) {
    (prompt.error, prompt.error_at) = (None, None);
    if prompt.question != Question::Filter {
        return;
    }
    if let Err(error) = Filter::parse(prompt.input.text()) {
        prompt.error = Some(error.to_string());
        prompt.error_at = Some(error.column);
    }
}

/// What is said where nothing was typed and something has to be.
fn missing(question: &Question) -> Option<&'static str> {
    match question {
        Question::SettleReason(_) => Some("A dispute is settled with a reason."),
        Question::Criterion => Some("It needs what a good answer must, or must not, do."),
        Question::StartCalibration => Some(super::calibration::WANTED),
        Question::Import => Some("It needs the path of a file or folder."),
        Question::RenameTo(_) => Some("A mode needs a name."),
        _ => None,
    }
}

fn accept(state: &mut State, mut prompt: Box<Prompt>) -> Option<Box<Prompt>> {
    let typed = prompt.input.text().trim().to_owned();
    let chosen = prompt.fitting().get(prompt.choice).map(|(value, _)| value.clone());
    if let Some(error) = missing(&prompt.question).filter(|_| typed.is_empty()) {
        prompt.error = Some(error.to_owned());
        return Some(prompt);
    }
    match prompt.question.clone() {
        Question::Filter if prompt.error.is_some() => return Some(prompt),
        // What is not shown is not replaced by nothing.
        Question::Filter if typed.is_empty() && state.covers_filter() => {}
        Question::Filter => {
            state.queue.asked.filter = typed;
            super::queue::ask(state);
            // It closes once the answer is there, so that a refused filter can be mended where it stands.
            return Some(prompt);
        }
        Question::Queue => {
            let Some(name) = chosen else { return Some(prompt) };
            super::define::go_to(state, &name);
        }
        Question::FindInQueue if !typed.is_empty() => super::queue::ask_hits(state, &typed),
        Question::FindInTranscript if !typed.is_empty() => {
            if let Some(review) = &mut state.review {
                (review.words, review.each_word) = (typed, false);
            }
            super::find::walk(state, Action::NextHit);
        }
        Question::FindInQueue => state.queue.hits = None,
        Question::FindInTranscript => {
            if let Some(review) = &mut state.review {
                review.words.clear();
            }
        }
        question @ (Question::Park(..) | Question::CloseDecision(_)) => {
            super::session::reasoned(state, question, typed);
        }
        Question::SettleReason(conversation) => super::disputes::reasoned(state, &conversation, &typed),
        Question::Criterion => save_criterion(state, &typed, chosen.as_deref()),
        Question::StartCalibration => {
            // It closes once the answer is there, so that what was refused can be mended where it stands.
            prompt.error = super::calibration::start(state, &typed).err();
            return Some(prompt);
        }
        Question::Import => super::import::import(state, &typed),
        question => return accept_mode(state, prompt, (question, typed, chosen)),
    }
    None
}

/// Goes on with a question about failure modes.
fn accept_mode(
    state: &mut State,
    prompt: Box<Prompt>,
    (question, typed, chosen): (Question, String, Option<String>),
) -> Option<Box<Prompt>> {
    match question {
        Question::EditModes => {
            let Some(chosen) = chosen else { return Some(prompt) };
            open_modes(state, if chosen == MERGE { Question::MergeWhich } else { Question::RenameWhich });
        }
        Question::LoadPack => {
            let Some(pack) = chosen else { return Some(prompt) };
            let what = format!("codebook {pack}");
            super::judge::write(
                state,
                Write { request: Request::LoadPack(pack), conversation: None, what, replaces: None },
            );
        }
        Question::RenameWhich => {
            let Some(key) = chosen else { return Some(prompt) };
            let name = state.codebook.name_of(&key).to_owned();
            open(state, Prompt::new(Question::RenameTo(key), &name));
        }
        Question::RenameTo(key) => {
            let what = format!("mode renamed: {typed}");
            let change = CodebookChange::Rename { key, name: typed };
            super::judge::record(state, Act::Codebook(vec![change]), None, &what);
        }
        Question::MergeWhich => {
            let Some(key) = chosen else { return Some(prompt) };
            open_modes(state, Question::MergeInto(key));
        }
        Question::MergeInto(from) => {
            let Some(into) = chosen else { return Some(prompt) };
            let change = CodebookChange::Merge { from, into };
            super::judge::record(state, Act::Codebook(vec![change]), None, "modes merged");
        }
        _ => {}
    }
    None
}

/// Takes in that a queue could not be made: most often the filter is at fault, and says where.
pub fn filter_refused(state: &mut State, reply: Reply) {
    let Reply::Failed { message, .. } = reply else { return };
    let never_listed = !state.queue.ready && state.queue.asked.queue.is_some();
    state.queue.asked = state.queue.query.clone();
    if never_listed {
        // The queue it began with is gone: all conversations are better than none.
        state.log.say(state.now, Weight::Problem, message);
        return super::queue::ask(state);
    }
    state.queue.ready = true;
    for overlay in &mut state.overlays {
        if let Overlay::Prompt(prompt) = overlay
            && prompt.question == Question::Filter
        {
            prompt.error = Some(message);
            return;
        }
    }
    state.log.say(state.now, Weight::Problem, message);
}

/// Opens an editor on a text, or on the draft that was left.
pub fn open_editor(state: &mut State, purpose: TextFor, text: &str) {
    let conversation = state.review.as_ref().map(|review| review.id.clone());
    let key = draft_key(&purpose, conversation.as_ref());
    let draft = state.drafts.get(&key).cloned();
    let mut editor = Editor::new(purpose, conversation, draft.as_deref().unwrap_or(text));
    text.clone_into(&mut editor.original);
    state.overlays.push(Overlay::Editor(Box::new(editor)));
}

/// Opens the editor on the reviewer's own note; a room adds to it without seeing it.
pub fn open_note(state: &mut State) {
    if !is_opened(state) {
        return;
    }
    if state.presenting {
        return open_editor(state, TextFor::RoomNote, "");
    }
    let text = own_note(state);
    open_editor(state, TextFor::Note, &text);
}

/// True once the open conversation is there: what was said of it before is not known earlier, and would be lost.
fn is_opened(state: &mut State) -> bool {
    let opened = state.review.as_ref().is_some_and(|review| review.opened.is_some());
    if !opened {
        state.log.say(state.now, Weight::Info, "The conversation is still being opened.");
    }
    opened
}

/// The reviewer's own note on the open conversation, as it was saved.
pub fn own_note(state: &State) -> String {
    let own = state.review.as_ref().and_then(|review| review.opened.as_ref()).and_then(|opened| opened.own.as_ref());
    let note = own.and_then(|label| label.notes.iter().find(|note| note.at.is_none()));
    note.map(|note| note.text.clone()).unwrap_or_default()
}

/// A note with what was added to it.
pub fn added(note: &str, text: String) -> String {
    if note.trim().is_empty() { text } else { format!("{note}\n\n{text}") }
}

/// Takes a key in an editor.
pub fn handle_editor(state: &mut State, mut editor: Box<Editor>, pressed: Pressed) -> Option<Box<Editor>> {
    match pressed.action {
        Some(Action::Back) => {
            let text = editor.text();
            let for_verdict = matches!(editor.purpose, TextFor::JudgeNote | TextFor::RoomJudgeNote);
            if text == editor.original {
                return None;
            }
            if for_verdict {
                // It was written for this fail: leaving the box is no reason to leave it out.
                finish(state, &editor, text.trim_end().to_owned());
                state.drafts.remove(&editor.draft_key());
                let key = state.key(Action::AddNote);
                let said = format!("The note goes with the fail once that is saved; {key} changes it.");
                state.log.say(state.now, Weight::Info, said);
                return None;
            }
            state.drafts.insert(editor.draft_key(), text);
            state.log.say(state.now, Weight::Info, "Kept as a draft, not saved.");
            None
        }
        // A line break in JSON or in an answer is a matter of course; a note is a line, and enter saves it as elsewhere.
        Some(Action::Accept) if !editor.is_short() => {
            editor.area.insert_newline();
            Some(editor)
        }
        Some(Action::NewLine) => {
            editor.area.insert_newline();
            Some(editor)
        }
        Some(Action::Save | Action::Accept) => {
            let text = editor.text().trim_end().to_owned();
            if editor.conversation != state.review.as_ref().map(|review| review.id.clone()) {
                state.drafts.insert(editor.draft_key(), text);
                let said = "Another conversation is open by now: kept as a draft of the one it is about, not saved.";
                state.log.say(state.now, Weight::Problem, said);
                return None;
            }
            if editor.purpose == TextFor::RawJson
                && let Err(error) = super::correct::edited(state, &text)
            {
                editor.error = Some(format!("Not taken: {error}."));
                return Some(editor);
            }
            state.drafts.remove(&editor.draft_key());
            finish(state, &editor, text);
            None
        }
        Some(Action::ExternalEditor) => {
            let ending = if editor.purpose == TextFor::RawJson { "json" } else { "md" };
            state.want(Command::Edit(EditorJob { text: editor.text(), ending }));
            Some(editor)
        }
        _ => {
            editor.error = None;
            editor.press(pressed.chord);
            Some(editor)
        }
    }
}

fn finish(state: &mut State, editor: &Editor, text: String) {
    match &editor.purpose {
        TextFor::RoomNote | TextFor::RoomJudgeNote if text.is_empty() => {
            state.log.say(state.now, Weight::Info, "Nothing was written, nothing is saved.");
        }
        TextFor::Note | TextFor::RoomNote => {
            let text = if editor.purpose == TextFor::RoomNote { added(&own_note(state), text) } else { text };
            let Some(subject) = state.review.as_ref().and_then(|review| review.act_subject()) else { return };
            let id = subject.conversation.clone();
            super::judge::record(state, Act::Note { subject, at: None, text }, Some(id), "note");
        }
        TextFor::JudgeNote => {
            for overlay in &mut state.overlays {
                if let Overlay::Judge(judge) = overlay {
                    judge.note = (!text.is_empty()).then(|| text.clone());
                }
            }
        }
        TextFor::RoomJudgeNote => {
            for overlay in &mut state.overlays {
                if let Overlay::Judge(judge) = overlay {
                    judge.note = Some(added(judge.note.as_deref().unwrap_or_default(), text.clone()));
                }
            }
        }
        TextFor::Reply(step) => {
            if text.is_empty() {
                return state.log.say(state.now, Weight::Info, "Nothing was written, nothing is saved.");
            }
            let Some(at) = pointer_of(state, *step) else { return };
            let correction = Correction { text: Some(text), ..bare(CorrectionKind::Reply) };
            super::correct::ask_remainder(state, at, correction);
        }
        TextFor::RawJson => {}
    }
}

fn pointer_of(state: &State, number: u32) -> Option<StepPointer> {
    let opened = state.review.as_ref()?.opened.as_ref()?;
    opened.conversation.steps.iter().find(|step| step.number == number).map(crate::model::step::Step::pointer)
}

/// A correction of a kind, empty otherwise.
pub fn bare(kind: CorrectionKind) -> Correction {
    Correction {
        kind,
        tool: None,
        arguments: None,
        alternatives: Vec::new(),
        text: None,
        reason: None,
        schema_ok: None,
        remainder_valid: false,
    }
}

/// Takes in what came of an outside editor: its text, or the inline editor goes on with the text as it was.
pub fn edited(state: &mut State, result: Result<String, String>) {
    let Some(Overlay::Editor(editor)) = state.overlays.last_mut() else {
        if let Err(reason) = result {
            state.log.say(state.now, Weight::Problem, reason);
        }
        return;
    };
    match result {
        Ok(text) => editor.set(text.strip_suffix('\n').unwrap_or(&text)),
        Err(reason) => editor.error = Some(reason),
    }
}

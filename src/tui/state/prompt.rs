//! Questions: one line, several lines, yes or no.
//!
//! Invariant: a text that was begun is never lost by leaving the question.

use crate::model::id::ConversationId;
use crate::tui::input::LineInput;
use crate::tui::keymap::{Chord, Key};
use ratatui_textarea::{Input, Key as AreaKey, TextArea};

/// What a one-line question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The filter of the queue.
    Filter,
    /// Which queue to go to.
    Queue,
    /// Words to find in the whole queue.
    FindInQueue,
    /// Words to find in the transcript.
    FindInTranscript,
    /// Why the conversation is put on the parking lot of this session.
    Park(String, ConversationId),
    /// Why, or how, this decision is closed.
    CloseDecision(String),
    /// What a good answer must or must not do.
    Criterion,
    /// Why the dispute about this conversation is settled so.
    SettleReason(ConversationId),
    /// Name, cases and people of a new calibration.
    StartCalibration,
    /// What to do to the codebook.
    EditModes,
    /// A file to import.
    Import,
    /// A codebook pack.
    LoadPack,
    /// The mode to rename.
    RenameWhich,
    /// Its new name.
    RenameTo(String),
    /// The mode that goes.
    MergeWhich,
    /// The mode that stays.
    MergeInto(String),
}

/// A one-line question.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// What it is about.
    pub question: Question,
    /// What was typed.
    pub input: LineInput,
    /// The text to begin with, to tell whether anything was changed.
    pub original: String,
    /// What may be chosen: value and name; empty for free text.
    pub choices: Vec<(String, String)>,
    /// Which of the fitting choices is chosen.
    pub choice: usize,
    /// What is wrong with what was typed.
    pub error: Option<String>,
    /// Where in what was typed it is wrong, in characters.
    pub error_at: Option<usize>,
}

impl Prompt {
    /// A question with a text to begin with.
    pub fn new(question: Question, text: &str) -> Self {
        Self {
            question,
            input: LineInput::new(text),
            original: text.to_owned(),
            choices: Vec::new(),
            choice: 0,
            error: None,
            error_at: None,
        }
    }

    /// True where a text is asked for, and not only a choice.
    pub fn is_text(&self) -> bool {
        self.choices.is_empty() || self.question == Question::Criterion
    }

    /// True where a text only looks something up: one that was left is offered, and gives way to what is typed.
    pub fn is_lookup(&self) -> bool {
        matches!(self.question, Question::Filter | Question::FindInQueue | Question::FindInTranscript)
    }

    /// Choices that fit what was typed.
    pub fn fitting(&self) -> Vec<&(String, String)> {
        if self.question == Question::Criterion {
            return self.choices.iter().collect();
        }
        let wanted = self.input.text().trim().to_lowercase();
        self.choices.iter().filter(|(_, name)| name.to_lowercase().contains(&wanted)).collect()
    }

    /// The question in words.
    pub fn title(&self) -> &'static str {
        match self.question {
            Question::Filter => "Filter the queue",
            Question::Queue => "Go to which queue?",
            Question::FindInQueue => "Find in the list",
            Question::FindInTranscript => "Find in this conversation",
            Question::Park(..) => "Park this conversation: why?",
            Question::CloseDecision(_) => "Close the decision: why, or how?",
            Question::Criterion => "A good answer in this conversation",
            Question::SettleReason(_) => "Why is it settled so?",
            Question::StartCalibration => "New calibration: its name, how many cases, how many people",
            Question::EditModes => "Change the codebook",
            Question::Import => "Import a file of conversations",
            Question::LoadPack => "Load a codebook of failure modes",
            Question::RenameWhich => "Rename which failure mode?",
            Question::RenameTo(_) => "Its new name",
            Question::MergeWhich => "Merge which failure mode into another?",
            Question::MergeInto(_) => "Into which one?",
        }
    }
}

/// What a text of several lines is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextFor {
    /// A note on the conversation.
    Note,
    /// What a room adds to that note, which it is not shown.
    RoomNote,
    /// A note that is saved with the fail being put into words.
    JudgeNote,
    /// What a room adds to that note, which it is not shown.
    RoomJudgeNote,
    /// The answer that should have been given at this step.
    Reply(u32),
    /// Arguments as raw JSON.
    RawJson,
}

/// An editor for a text of several lines.
#[derive(Debug)]
pub struct Editor {
    /// What the text is for.
    pub purpose: TextFor,
    /// The conversation it is about.
    pub conversation: Option<ConversationId>,
    /// The text.
    pub area: TextArea<'static>,
    /// The text to begin with, to tell whether anything was changed.
    pub original: String,
    /// Why the outside editor did not work.
    pub error: Option<String>,
}

impl Editor {
    /// An editor on `text`, the caret at its end.
    pub fn new(purpose: TextFor, conversation: Option<ConversationId>, text: &str) -> Self {
        let mut editor =
            Self { purpose, conversation, area: TextArea::default(), original: text.to_owned(), error: None };
        editor.set(text);
        editor
    }

    /// Puts another text in.
    pub fn set(&mut self, text: &str) {
        self.area = TextArea::new(clean(text).split('\n').map(str::to_owned).collect());
        self.area.set_wrap_mode(ratatui_textarea::WrapMode::Word);
        self.area.move_cursor(ratatui_textarea::CursorMove::Bottom);
        self.area.move_cursor(ratatui_textarea::CursorMove::End);
    }

    /// Takes a key.
    pub fn press(&mut self, chord: Chord) {
        let key = match chord.key {
            // As in every line of the program; the widget's own meaning of it is undo.
            Key::Char('u') if chord.ctrl => {
                self.area.delete_line_by_head();
                return;
            }
            Key::Char(c) => AreaKey::Char(c),
            Key::Enter => AreaKey::Enter,
            Key::Esc => AreaKey::Esc,
            Key::Tab => AreaKey::Tab,
            Key::Backspace => AreaKey::Backspace,
            Key::Delete => AreaKey::Delete,
            Key::Up => AreaKey::Up,
            Key::Down => AreaKey::Down,
            Key::Left => AreaKey::Left,
            Key::Right => AreaKey::Right,
            Key::Home => AreaKey::Home,
            Key::End => AreaKey::End,
            Key::PageUp => AreaKey::PageUp,
            Key::PageDown => AreaKey::PageDown,
            Key::Function(number) => AreaKey::F(number),
        };
        self.area.input(Input { key, ctrl: chord.ctrl, alt: chord.alt, shift: chord.shift });
    }

    /// The text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// True for a text that is a line or two, which enter saves; within others it makes a new line.
    pub fn is_short(&self) -> bool {
        !matches!(self.purpose, TextFor::Reply(_) | TextFor::RawJson)
    }

    /// Its title.
    pub fn title(&self) -> String {
        match &self.purpose {
            TextFor::Note => "Note on this conversation".to_owned(),
            TextFor::JudgeNote => "Note, saved with the verdict".to_owned(),
            TextFor::RoomNote | TextFor::RoomJudgeNote => "A note of the room, added to what was noted".to_owned(),
            TextFor::Reply(step) => format!("The answer that should have been given at step {step}"),
            TextFor::RawJson => "Arguments as raw JSON".to_owned(),
        }
    }

    /// Under which name an unfinished text is kept.
    pub fn draft_key(&self) -> String {
        draft_key(&self.purpose, self.conversation.as_ref())
    }
}

/// Under which name an unfinished text is kept.
pub fn draft_key(purpose: &TextFor, conversation: Option<&ConversationId>) -> String {
    format!("{purpose:?} {}", conversation.map_or("", ConversationId::as_str))
}

/// Text without control characters but line breaks; tabs become blanks.
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\t', "    ")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| *c == '\n' || !c.is_control())
        .collect()
}

/// What a yes-or-no question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Leaving although something is not saved.
    LeaveUnsaved,
    /// Showing what was said in the calibration of this name.
    Reveal(String),
    /// Ending this session.
    EndSession(String),
}

/// A yes-or-no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// What it is about.
    pub doubt: Doubt,
    /// In words.
    pub text: String,
}

//! The export form.
//!
//! Invariant: personal data is masked unless a reason was typed.

use super::form::{Form, Head};
use crate::tui::input::LineInput;
use crate::tui::schema::Turn;

/// The formats, as the command line takes them, and what they are.
pub const FORMATS: [(&str, &str); 4] = [
    ("labels", "every label with its steps, modes and corrections"),
    ("openai-sft", "good conversations and corrected beginnings, as chat rows"),
    ("trl-preference", "right against wrong, after the same beginning"),
    ("cases", "regression cases to be run against the next version"),
];

/// The lines of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The folder.
    Directory,
    /// One of [`FORMATS`].
    Format(usize),
    /// Which conversations.
    Filter,
    /// Why personal data is kept.
    Reason,
}

impl Line {
    /// The lines, top to bottom.
    pub const ALL: [Self; 7] = [
        Self::Directory,
        Self::Format(0),
        Self::Format(1),
        Self::Format(2),
        Self::Format(3),
        Self::Filter,
        Self::Reason,
    ];
}

/// Words that a reason for keeping personal data takes at least: a slip of the finger is none.
pub const REASON_WORDS: usize = 3;
/// Letters that it takes at least.
const REASON_LETTERS: usize = 8;

/// What becomes of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// It is masked.
    Masked,
    /// Something was typed that is no reason yet, so nothing is written.
    Unexplained,
    /// It is kept.
    Kept,
}

/// The export form.
#[derive(Debug, Clone)]
pub struct ExportForm {
    /// Where it stands.
    pub head: Head,
    /// Where to.
    pub directory: LineInput,
    /// Which of [`FORMATS`].
    pub formats: [bool; 4],
    /// In the filter language.
    pub filter: LineInput,
    /// Why personal data is kept; empty masks it.
    pub reason: LineInput,
}

impl ExportForm {
    /// The form with labels chosen.
    pub fn new(directory: &str, filter: &str) -> Self {
        Self {
            head: Head::of(format!("export of {filter}"), Line::ALL.len()),
            directory: LineInput::suggested(directory),
            formats: [true, false, false, false],
            filter: LineInput::suggested(filter),
            reason: LineInput::default(),
        }
    }

    /// The line that takes the keys.
    pub fn current(&self) -> Line {
        Line::ALL[self.head.line.min(Line::ALL.len() - 1)]
    }

    /// What becomes of personal data with the reason as it stands.
    pub fn personal(&self) -> Personal {
        let reason = self.reason.text().trim();
        let explained = reason.split_whitespace().count() >= REASON_WORDS && reason.chars().count() >= REASON_LETTERS;
        match (reason.is_empty(), explained) {
            (true, _) => Personal::Masked,
            (false, false) => Personal::Unexplained,
            (false, true) => Personal::Kept,
        }
    }
}

impl Form for ExportForm {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn input(&mut self) -> Option<&mut LineInput> {
        match self.current() {
            Line::Directory => Some(&mut self.directory),
            Line::Format(_) => None,
            Line::Filter => Some(&mut self.filter),
            Line::Reason => Some(&mut self.reason),
        }
    }

    fn options(&self) -> Vec<String> {
        Vec::new()
    }

    fn choose(&mut self, _: usize) {}

    fn turn(&mut self, _: Turn) {
        if let Line::Format(at) = self.current() {
            self.formats[at] = !self.formats[at];
        }
    }
}

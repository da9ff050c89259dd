//! What forms have in common: lines, one of which takes the keys, and what is wrong with them.
//!
//! Invariant: a form in which something was changed is never lost by leaving it; it is kept under what it is for.

use crate::tui::input::LineInput;
use crate::tui::schema::Turn;

/// Where a form stands, whatever it asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// What it is for; a form that is left is kept under this.
    pub subject: String,
    /// How many lines it has.
    pub lines: usize,
    /// Which of them takes the keys.
    pub line: usize,
    /// True once something was changed in it.
    pub touched: bool,
    /// Letters typed on a line of choices, to jump to the one that begins so.
    pub typed: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Head {
    /// The beginning of a form of so many lines for this.
    pub fn of(subject: impl Into<String>, lines: usize) -> Self {
        Self { subject: subject.into(), lines, ..Self::default() }
    }
}

/// A form: lines of text and choices.
pub trait Form {
    /// Where it stands.
    fn head(&mut self) -> &mut Head;

    /// The text of the line that takes the keys, where it is a text.
    fn input(&mut self) -> Option<&mut LineInput>;

    /// The names of what can be chosen on the line that takes the keys; none where it is a text or a box to tick.
    fn options(&self) -> Vec<String>;

    /// Takes one of them by its place.
    fn choose(&mut self, at: usize);

    /// Goes to another choice of the line that takes the keys, where it is a choice.
    fn turn(&mut self, turn: Turn);
}

//! A line of text being typed.
//!
//! Invariant: the caret is always between two clusters, and the text holds no line break or control character, however
//! it got there.

use unicode_segmentation::UnicodeSegmentation;

use super::keymap::{Chord, Key};
use super::row::Row;
use super::theme::Tone;

/// A line of text with a caret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineInput {
    text: String,
    caret: usize,
    /// True while the text is a suggestion that nobody touched.
    suggested: bool,
}

impl LineInput {
    /// A line that holds `text`, the caret at its end.
    pub fn new(text: &str) -> Self {
        let mut input = Self::default();
        input.insert(text);
        input
    }

    /// A line that holds a suggestion: what is typed first takes its place, and moving the caret keeps it.
    pub fn suggested(text: &str) -> Self {
        let mut input = Self::new(text);
        input.suggest();
        input
    }

    /// Makes the text a suggestion.
    pub fn suggest(&mut self) {
        self.suggested = !self.text.is_empty();
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when there is nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts another text in place of what was typed.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Inserts at the caret; line breaks become blanks, other control characters are left out.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text
            .chars()
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        if std::mem::take(&mut self.suggested) {
            (self.text, self.caret) = (String::new(), 0);
        }
        self.text.insert_str(self.caret, &clean);
        self.caret += clean.len();
    }

    fn left(&self) -> usize {
        self.text[..self.caret].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.text[self.caret..].graphemes(true).next().map_or(self.caret, |cluster| self.caret + cluster.len())
    }

    fn word_left(&self) -> usize {
        let head = self.text[..self.caret].trim_end();
        head.char_indices().rev().find(|(_, c)| c.is_whitespace()).map_or(0, |(at, c)| at + c.len_utf8())
    }

    /// Takes a key; false where it means nothing to a line of text.
    pub fn handle(&mut self, chord: Chord) -> bool {
        if let Some(c) = chord.typed() {
            self.insert(c.encode_utf8(&mut [0; 4]));
            return true;
        }
        let suggested = std::mem::take(&mut self.suggested);
        match (chord.key, chord.ctrl) {
            (Key::Backspace | Key::Delete, false) if suggested => (self.text, self.caret) = (String::new(), 0),
            (Key::Backspace, false) | (Key::Char('h'), true) => {
                let left = self.left();
                self.text.replace_range(left..self.caret, "");
                self.caret = left;
            }
            (Key::Delete, false) => {
                let right = self.right();
                self.text.replace_range(self.caret..right, "");
            }
            (Key::Backspace | Key::Char('w'), true) => {
                let left = self.word_left();
                self.text.replace_range(left..self.caret, "");
                self.caret = left;
            }
            (Key::Char('u'), true) => {
                self.text.replace_range(..self.caret, "");
                self.caret = 0;
            }
            (Key::Char('k'), true) => self.text.truncate(self.caret),
            (Key::Left, false) => self.caret = self.left(),
            (Key::Right, false) => self.caret = self.right(),
            (Key::Left, true) => self.caret = self.word_left(),
            (Key::Home, _) => self.caret = 0,
            (Key::End, _) | (Key::Char('e'), true) => self.caret = self.text.len(),
            _ => {
                self.suggested = suggested;
                return false;
            }
        }
        true
    }

    /// The line as drawn in `columns`: the part around the caret, the caret shown where `focused`.
    pub fn row(&self, columns: usize, focused: Focus) -> Row {
        let mut row = Row::new();
        if focused == Focus::No {
            row.push(&self.text, Tone::Input);
            return row.cut(columns, "…").padded(columns);
        }
        // Measured from the last few clusters only: measuring a long line once for each of its clusters takes minutes.
        let most = self.text[..self.caret].grapheme_indices(true).rev().take(columns.max(1)).last();
        let mut head = &self.text[most.map_or(self.caret, |(at, _)| at)..self.caret];
        while Row::of(head, Tone::Input).width() + 1 > columns && !head.is_empty() {
            let first = head.graphemes(true).next().map_or(head.len(), str::len);
            head = &head[first..];
        }
        if self.suggested {
            // As if marked: what is typed takes its place.
            row.push(head, Tone::Caret);
            return row.with(" ", Tone::Input).cut(columns, "").padded(columns);
        }
        let right = self.right();
        let under = if self.caret == right { " " } else { &self.text[self.caret..right] };
        row.push(head, Tone::Input);
        row.push(under, Tone::Caret);
        row.push(&self.text[right..], Tone::Input);
        row.cut(columns, "").padded(columns)
    }
}

/// Whether a line takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// It does.
    Yes,
    /// It does not.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_moves_by_cluster_and_by_word() {
        let mut input = LineInput::new("ab e\u{301}");
        let key = |text| Chord::parse(text).unwrap();
        input.handle(key("backspace"));
        assert_eq!(input.text(), "ab ");
        input.handle(key("ctrl-w"));
        assert_eq!(input.text(), "");
        input.insert("a\nb\u{1b}[31m");
        assert_eq!(input.text(), "a b[31m");
        input.handle(key("home"));
        input.handle(key("delete"));
        input.handle(key("x"));
        assert_eq!(input.text(), "x b[31m");
        assert_eq!(input.row(4, Focus::Yes).width(), 4);
        let mut name = LineInput::suggested("week-47");
        name.handle(key("a"));
        assert_eq!(name.text(), "a");
        let mut kept = LineInput::suggested("week-47");
        kept.handle(key("end"));
        kept.handle(key("b"));
        assert_eq!(kept.text(), "week-47b");
        let mut gone = LineInput::suggested("week-47");
        gone.handle(key("backspace"));
        assert_eq!((gone.text(), gone.row(8, Focus::Yes).width()), ("", 8));
        input.insert(&"é".repeat(1_000_000));
        assert_eq!(input.row(40, Focus::Yes).width(), 40);
    }
}

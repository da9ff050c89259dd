//! Lines of a text, and rows of a line: found lazily, so that a message of any length opens at once.
//!
//! Invariant: the lines of a text join to the text, the rows of a line join to the line, and no row is wider than asked
//! for ([`MAX_GLYPH_WIDTH`] at least, since a grapheme may take as much).

use std::ops::Range;

use super::safe::{Charset, MAX_GLYPH_WIDTH, SafeText};

/// Lines are indexed by every so many.
const STRIDE: usize = 64;
/// Longest line in bytes; a longer one is cut, and its rest counts as a line of its own.
const MAX_LINE: usize = 64 * 1024;
/// How far before its longest length a line may be cut, to find a place between two ASCII characters.
const CUT_WINDOW: usize = 1024;

/// Where the lines of one text begin. Line breaks are LF and CRLF.
///
/// Holds a few bytes per 64 lines, and reads the text once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    marks: Vec<usize>,
    count: usize,
}

/// One line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its bytes in the text, without the line break.
    pub range: Range<usize>,
    /// Where the next line begins; the same as the end of `range` where an overlong line was cut.
    pub next: usize,
}

impl Lines {
    /// Finds the lines of `text`; an empty text has one.
    pub fn new(text: &str) -> Self {
        let (mut marks, mut count, mut at) = (Vec::new(), 0, 0);
        loop {
            if count % STRIDE == 0 {
                marks.push(at);
            }
            count += 1;
            let line = line_at(text, at);
            // A break at the very end opens a last, empty line; a cut never does.
            if line.next >= text.len() && line.next == line.range.end {
                return Self { marks, count };
            }
            at = line.next;
        }
    }

    /// How many lines there are; at least one.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The line with this number, from 0; `text` is the one the index was made of.
    pub fn get(&self, text: &str, number: usize) -> Option<Line> {
        self.from(text, number).next()
    }

    /// The lines from this number on.
    pub fn from<'a>(&self, text: &'a str, number: usize) -> impl Iterator<Item = Line> + use<'a> {
        let number = number.min(self.count);
        let mut at = self.marks.get(number / STRIDE).copied().unwrap_or(text.len());
        let skipped = if number / STRIDE < self.marks.len() { number % STRIDE } else { 0 };
        for _ in 0..skipped {
            at = line_at(text, at).next;
        }
        let mut left = self.count - number;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let line = line_at(text, at);
            at = line.next;
            Some(line)
        })
    }

    /// The number of the line that holds a byte of the text.
    pub fn number_of(&self, text: &str, byte: usize) -> usize {
        let mark = self.marks.partition_point(|mark| *mark <= byte).saturating_sub(1);
        let first = mark * STRIDE;
        let within = self.from(text, first).take(STRIDE).take_while(|line| line.range.start <= byte).count();
        (first + within).saturating_sub(1)
    }
}

/// The line that begins at byte `start`.
fn line_at(text: &str, start: usize) -> Line {
    let rest = text.get(start..).unwrap_or("");
    let mut window = rest.len().min(MAX_LINE + 2);
    while !rest.is_char_boundary(window) {
        window += 1;
    }
    match rest.get(..window).unwrap_or(rest).find('\n') {
        Some(at) => {
            let end = if at > 0 && rest.as_bytes().get(at - 1) == Some(&b'\r') { at - 1 } else { at };
            Line { range: start..start + end, next: start + at + 1 }
        }
        None if rest.len() > MAX_LINE => {
            let end = start + cut(rest);
            Line { range: start..end, next: end }
        }
        None => Line { range: start..text.len(), next: text.len() },
    }
}

/// Where to cut a line that is too long: between two ASCII characters (never within CRLF), else between any two.
fn cut(line: &str) -> usize {
    let bytes = line.as_bytes();
    let apart = |at: &usize| bytes[at - 1].is_ascii() && bytes[*at].is_ascii() && bytes[at - 1] != b'\r';
    let found = (MAX_LINE - CUT_WINDOW..=MAX_LINE).rev().find(apart);
    found.unwrap_or_else(|| (0..=MAX_LINE).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(MAX_LINE))
}

/// One row of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The graphemes it holds. The rows of a line join to the line.
    pub glyphs: Range<usize>,
    /// The graphemes to draw: a space at the end that would not fit is left out.
    pub drawn: Range<usize>,
    /// The cells of `drawn`.
    pub width: usize,
}

/// A line made safe and cut into rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The whole line.
    pub text: SafeText,
    /// At least one.
    pub rows: Vec<Row>,
}

/// Wraps a line (without its line break) to rows of at most `width` cells, between words where that is possible.
pub fn wrap(line: &str, width: usize, charset: Charset) -> Wrapped {
    let text = SafeText::of(line, charset);
    let rows = rows(&text, width);
    Wrapped { text, rows }
}

/// Cuts a safe line into rows of at most `width` cells ([`MAX_GLYPH_WIDTH`] at least).
pub fn rows(text: &SafeText, width: usize) -> Vec<Row> {
    let width = width.max(MAX_GLYPH_WIDTH);
    let mut rows = Vec::with_capacity(text.width() / width + 1);
    let (mut start, mut used) = (0, 0);
    // Where the row could end between words, and the cells up to there.
    let mut chance: Option<(usize, usize)> = None;
    let mut wide_before = false;
    let mut at = 0;
    while let Some((cells, shown)) = text.cell(at) {
        if cells > 1 || wide_before {
            chance = (at > start).then_some((at, used)).or(chance);
        }
        wide_before = cells > 1;
        if used + cells <= width {
            used += cells;
            at += 1;
            if is_gap(shown) {
                chance = Some((at, used));
            }
            continue;
        }
        if shown == " " {
            rows.push(Row { glyphs: start..at + 1, drawn: start..at, width: used });
            at += 1;
        } else {
            let (end, cells) = chance.unwrap_or((at, used));
            rows.push(Row { glyphs: start..end, drawn: start..end, width: cells });
            at = end;
        }
        (start, used, chance, wide_before) = (at, 0, None, false);
    }
    if start < at || rows.is_empty() {
        rows.push(Row { glyphs: start..at, drawn: start..at, width: used });
    }
    rows
}

/// True for what a row may end with.
fn is_gap(shown: &str) -> bool {
    matches!(shown, " " | "," | ";" | "/" | "\u{3000}" | "。" | "、")
}

#[cfg(test)]
mod tests;

//! Text that came from a transcript, kept exact, and the door through which it reaches a screen.
//!
//! Invariant: [`Untrusted`] has neither `Display` nor `Deref`, so that text of strangers reaches a sink only by a call
//! that names the sink; [`SafeText`] holds no scalar that a terminal obeys, reorders by or hides, and drops none silently.

mod build;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::scalar::{self, Judgement, Sieve, Unsafe};

/// Exact text of unknown origin: message text, tool names, arguments, attribute keys, evaluator names, ids.
///
/// `Debug` prints the length only, so that logs and panics carry no transcript text.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(Cow<'static, str>);

impl Untrusted {
    /// Wraps text as it came, unchanged.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// Wraps words of the program itself, where such stand beside those of strangers; nothing is copied.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The exact text: for storage, hashing, comparison and the doors, never for a screen or a file directly.
    pub fn exact(&self) -> &str {
        &self.0
    }

    /// The exact text, by value.
    pub fn into_exact(self) -> String {
        self.0.into_owned()
    }

    /// True when there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Untrusted({} bytes)", self.0.len())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl From<Cow<'static, str>> for Untrusted {
    fn from(text: Cow<'static, str>) -> Self {
        Self(text)
    }
}

/// What the screen can draw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Charset {
    /// Any Unicode text.
    #[default]
    Unicode,
    /// ASCII only; everything else shows as its code point.
    Ascii,
}

/// What a drawn grapheme stands for; the theme tells the three apart, so that a typed `␛` is no control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GlyphClass {
    /// The text itself.
    #[default]
    Plain,
    /// A stand-in for a control character.
    Control,
    /// A stand-in for something hidden or reordering, or a count of such.
    Warning,
}

/// One grapheme as drawn: up to so far in the shown text and in the source, from where the one before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Glyph {
    shown_end: u32,
    source_end: u32,
    width: u8,
    class: GlyphClass,
}

/// How many unsafe scalars a text holds, for its warning mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Warnings {
    /// Controls, line breaks and tabs aside.
    pub control: usize,
    /// Scalars that reorder what is drawn.
    pub bidi: usize,
    /// Zero-width scalars, fillers, tags, and combining marks beyond eight on a base.
    pub hidden: usize,
}

impl Warnings {
    /// True where a mark is due.
    pub fn any(self) -> bool {
        self.control + self.bidi + self.hidden > 0
    }

    /// The word of the mark: the gravest kind found; `None` where there is none.
    pub fn word(self) -> Option<&'static str> {
        if self.bidi > 0 {
            Some("bidi")
        } else if self.control > 0 {
            Some("control")
        } else {
            (self.hidden > 0).then_some("hidden")
        }
    }

    fn count(&mut self, c: char, next: Option<char>, judgement: Judgement) {
        match judgement {
            Judgement::Keep => {}
            Judgement::Replace(Unsafe::Control) => {
                let usual = matches!(c, '\n' | '\t') || (c == '\r' && next == Some('\n'));
                self.control += usize::from(!usual);
            }
            Judgement::Replace(Unsafe::Bidi) => self.bidi += 1,
            Judgement::Excess | Judgement::Replace(Unsafe::Hidden) => self.hidden += 1,
        }
    }
}

/// Counts what is unsafe in a text, without laying it out; fast on plain text of any length.
pub fn warnings(text: &str) -> Warnings {
    let mut found = Warnings::default();
    let mut sieve = Sieve::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        found.count(c, next, sieve.judge(c, next));
    }
    found
}

/// True where a name (of a tool, an argument, an evaluator) can be taken for another one: it hides something, or mixes
/// look-alike letters of other scripts into Latin words.
pub fn is_deceptive_name(name: &str) -> bool {
    let latin = |c: char| matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}');
    let look_alike = |c: char| {
        matches!(c, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1d400}'..='\u{1d7ff}' | '\u{ff10}'..='\u{ff5a}'
            | '\u{2c80}'..='\u{2cff}' | '\u{a4d0}'..='\u{a4ff}')
    };
    let mixed = name.unicode_words().any(|word| word.chars().any(latin) && word.chars().any(look_alike));
    mixed || warnings(name).any() || name.contains(['\n', '\t'])
}

/// True for text that may be put into a screen cell; the last sweep over a finished frame asks it of every symbol.
pub fn is_drawable(symbol: &str) -> bool {
    let mut marks = 0;
    symbol.chars().all(|c| {
        let mark = c >= '\u{300}' && unicode_normalization::char::is_combining_mark(c);
        marks = if mark { marks + 1 } else { 0 };
        scalar::never_drawn(c).is_none() && marks <= scalar::MAX_MARKS
    })
}

/// The widest that one grapheme may be laid out; a wider one is taken apart or shown as its code points.
pub const MAX_GLYPH_WIDTH: usize = 12;

/// A stretch of text made safe to draw, with the way back to the bytes it came from.
///
/// Every grapheme is drawn, or has a visible stand-in; tabs became spaces. It is one line: a line break in it shows as
/// a picture. Texts of several lines are cut by [`super::wrap::Lines`] first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeText {
    shown: String,
    glyphs: Vec<Glyph>,
    width: usize,
    warnings: Warnings,
}

/// A run of graphemes that are drawn alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    /// Safe to draw.
    pub text: &'a str,
    /// In cells.
    pub width: usize,
    /// What it stands for.
    pub class: GlyphClass,
    /// True within one of the ranges that were to be marked.
    pub hit: bool,
}

impl SafeText {
    /// Makes a text safe, as one line.
    pub fn line(text: &Untrusted, charset: Charset) -> Self {
        Self::of(text.exact(), charset)
    }

    /// Makes a piece of a text safe, as one line. Source offsets count from the start of the piece.
    pub fn of(piece: &str, charset: Charset) -> Self {
        build::build(piece, charset, usize::MAX)
    }

    /// Makes the beginning of a text safe, as one line of at most `width` cells; an ellipsis says that it was cut.
    pub fn brief(text: &Untrusted, width: usize, charset: Charset) -> Self {
        build::brief(text.exact(), width, charset)
    }

    /// What is drawn.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// In cells.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What was unsafe in it.
    pub fn warnings(&self) -> Warnings {
        self.warnings
    }

    /// The number of graphemes drawn; ranges of graphemes index them.
    pub fn len(&self) -> usize {
        self.glyphs.len()
    }

    /// True where nothing is drawn.
    pub fn is_empty(&self) -> bool {
        self.glyphs.is_empty()
    }

    /// The bytes of the source that a range of graphemes stands for. Ranges that join have sources that join.
    pub fn source(&self, glyphs: Range<usize>) -> Range<usize> {
        self.source_at(glyphs.start)..self.source_at(glyphs.end)
    }

    /// The text drawn for a range of graphemes.
    pub fn text(&self, glyphs: Range<usize>) -> &str {
        self.shown.get(self.shown_at(glyphs.start)..self.shown_at(glyphs.end)).unwrap_or("")
    }

    /// The cells of a range of graphemes.
    pub fn width_of(&self, glyphs: Range<usize>) -> usize {
        self.glyphs.get(glyphs).map_or(0, |glyphs| glyphs.iter().map(|glyph| usize::from(glyph.width)).sum())
    }

    /// The cells of one grapheme, and what is drawn; `None` beyond the last.
    pub(super) fn cell(&self, glyph: usize) -> Option<(usize, &str)> {
        let width = usize::from(self.glyphs.get(glyph)?.width);
        Some((width, self.text(glyph..glyph + 1)))
    }

    /// Cuts a range of graphemes into runs to draw. `hits` are byte ranges of the source, sorted and apart.
    pub fn runs(&self, glyphs: Range<usize>, hits: &[Range<usize>]) -> Vec<Run<'_>> {
        let glyphs = glyphs.start.min(self.len())..glyphs.end.min(self.len());
        let mut hit_at = hits.partition_point(|hit| hit.end <= self.source_at(glyphs.start));
        let mut runs: Vec<Run<'_>> = Vec::new();
        let (mut run_start, mut hit) = (glyphs.start, false);
        for i in glyphs {
            let Some(glyph) = self.glyphs.get(i) else { break };
            let source = self.source_at(i)..glyph.source_end as usize;
            while hits.get(hit_at).is_some_and(|hit| hit.end <= source.start && !source.is_empty()) {
                hit_at += 1;
            }
            // A stand-in of several cells has its source in the first; the others follow it.
            if !source.is_empty() || i == run_start {
                hit = hits.get(hit_at).is_some_and(|hit| hit.start < source.end && source.start < hit.end);
            }
            let width = usize::from(glyph.width);
            match runs.last_mut() {
                Some(run) if run.class == glyph.class && run.hit == hit => {
                    run.width += width;
                    run.text = self.text(run_start..i + 1);
                }
                _ => {
                    run_start = i;
                    runs.push(Run { text: self.text(i..i + 1), width, class: glyph.class, hit });
                }
            }
        }
        runs
    }

    fn shown_at(&self, glyph: usize) -> usize {
        let before = glyph.min(self.len()).checked_sub(1).and_then(|before| self.glyphs.get(before));
        before.map_or(0, |before| before.shown_end as usize)
    }

    fn source_at(&self, glyph: usize) -> usize {
        let before = glyph.min(self.len()).checked_sub(1).and_then(|before| self.glyphs.get(before));
        before.map_or(0, |before| before.source_end as usize)
    }
}

#[cfg(test)]
mod tests;

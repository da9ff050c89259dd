//! What each Unicode scalar may do to a reader or a terminal.
//!
//! Invariant: a scalar judged [`Judgement::Keep`] is visible, or belongs to the visible one before it; a terminal
//! neither obeys it nor reorders text for it.

use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthChar;

/// Combining marks kept on one base; more are counted instead.
pub(super) const MAX_MARKS: usize = 8;

/// What kind of scalar must not be drawn as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unsafe {
    /// C0, C1, DEL, and the line and paragraph separators.
    Control,
    /// Changes the order in which text is drawn.
    Bidi,
    /// Takes no space, or blank space, and says nothing.
    Hidden,
}

/// What becomes of one scalar of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is drawn as it is.
    Keep,
    /// A combining mark beyond the bound.
    Excess,
    /// A stand-in is drawn.
    Replace(Unsafe),
}

/// The kind of a scalar that is never drawn, whatever stands around it; `None` where it may be.
pub(super) fn never_drawn(c: char) -> Option<Unsafe> {
    match c {
        // The common case first; joiners and emoji selectors depend on their neighbours.
        ' '..='~' | '\u{a0}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => {
            None
        }
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Some(Unsafe::Control),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Unsafe::Bidi),
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Some(Unsafe::Hidden),
        // Whatever else takes no space, is no mark and no part of a Hangul syllable.
        _ if c.width() == Some(0) && !is_combining_mark(c) && !is_jamo(c) => Some(Unsafe::Hidden),
        _ => None,
    }
}

/// Vowels and final consonants that are drawn inside the block of the syllable before them.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1161}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7fb}')
}

/// True for what emoji are made of, selectors, keycaps and skin tones included.
fn is_pictographic(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{20e3}'
        | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{fe0f}'
        | '\u{1f000}'..='\u{1faff}')
}

/// True for the scripts in which joiners change the shape of letters.
fn is_joining(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17d3}'
        | '\u{1820}'..='\u{18aa}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Judges the scalars of a text one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    previous: Option<char>,
    marks: usize,
}

impl Sieve {
    /// Judges `c`, which is followed by `next`.
    pub(super) fn judge(&mut self, c: char, next: Option<char>) -> Judgement {
        let judgement = self.look(c, next);
        match judgement {
            Judgement::Keep => self.previous = Some(c),
            Judgement::Replace(Unsafe::Control) => (self.previous, self.marks) = (None, 0),
            Judgement::Replace(_) => self.previous = None,
            Judgement::Excess => {}
        }
        judgement
    }

    fn look(&mut self, c: char, next: Option<char>) -> Judgement {
        if c.is_ascii_graphic() || c == ' ' {
            self.marks = 0;
            return Judgement::Keep;
        }
        if let Some(kind) = never_drawn(c) {
            return Judgement::Replace(kind);
        }
        match c {
            '\u{200c}' | '\u{200d}' => {
                let between = |kind: fn(char) -> bool| self.previous.is_some_and(kind) && next.is_some_and(kind);
                let fits = between(is_joining) || (c == '\u{200d}' && between(is_pictographic));
                if fits { Judgement::Keep } else { Judgement::Replace(Unsafe::Hidden) }
            }
            '\u{fe0e}' | '\u{fe0f}' => {
                let fits = self.previous.is_some_and(|before| {
                    is_pictographic(before) && before != '\u{fe0f}' || matches!(before, '0'..='9' | '#' | '*')
                });
                if fits { self.mark() } else { Judgement::Replace(Unsafe::Hidden) }
            }
            _ if c >= '\u{300}' && is_combining_mark(c) => self.mark(),
            _ => {
                self.marks = 0;
                Judgement::Keep
            }
        }
    }

    fn mark(&mut self) -> Judgement {
        self.marks += 1;
        if self.marks > MAX_MARKS { Judgement::Excess } else { Judgement::Keep }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Vec<Judgement> {
        let mut sieve = Sieve::default();
        let chars: Vec<char> = text.chars().collect();
        chars.iter().enumerate().map(|(i, c)| sieve.judge(*c, chars.get(i + 1).copied())).collect()
    }

    #[test]
    fn joiners_stay_where_they_mean_something() {
        let kept = |text: &str| judged(text).iter().all(|judgement| *judgement == Judgement::Keep);
        for text in ["👨‍👩‍👧", "❤️‍🔥", "1️⃣", "🏳️‍🌈", "می\u{200c}خواهم", "क्\u{200d}ष", "🥲🏻", "♻️♻️"]
        {
            assert!(kept(text), "{}", text.escape_unicode());
        }
        for text in ["re\u{200d}fund", "a\u{fe0f}", "👨\u{200d}a", "👨\u{fe0f}\u{fe0f}", "fund\u{200c}_", "a\u{e0100}"]
        {
            assert!(!kept(text), "{}", text.escape_unicode());
        }
    }

    #[test]
    fn every_default_ignorable_and_control_is_caught() {
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{9b}', '\u{85}', '\u{2028}', '\u{2029}'] {
            assert_eq!(never_drawn(c), Some(Unsafe::Control));
        }
        for c in
            ['\u{ad}', '\u{34f}', '\u{200b}', '\u{2060}', '\u{2064}', '\u{feff}', '\u{3164}', '\u{e0041}', '\u{e01ef}']
        {
            assert_eq!(never_drawn(c), Some(Unsafe::Hidden), "{}", c.escape_unicode());
        }
        for c in ['\u{61c}', '\u{200e}', '\u{202e}', '\u{2066}', '\u{2069}'] {
            assert_eq!(never_drawn(c), Some(Unsafe::Bidi));
        }
    }
}

//! The shadow of a text: what a reader takes it for, with the way back to its bytes.
//!
//! Invariant: every byte of the shadow maps to a range of source bytes that lies on character boundaries; ranges rise.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::text::is_invisible;

/// Stands for a stretch that must not be looked into; no pattern matches it.
pub(super) const OPAQUE: char = '\u{fffc}';

/// A text in compatibility form: full-width digits narrow, percent escapes decoded, dashes alike, invisible scalars gone.
pub(super) struct Shadow<'a> {
    text: Cow<'a, str>,
    /// Bytes of context before the shadow proper.
    context: usize,
    /// Source range per byte of the shadow proper; `None` where the two are the same.
    map: Option<Vec<(u32, u32)>>,
}

impl<'a> Shadow<'a> {
    /// Builds the shadow of `text`, with `name` (of the field it stands in) as context before it. `opaque` ranges are
    /// sorted and apart.
    pub(super) fn new(name: &str, text: &'a str, opaque: &[Range<usize>]) -> Self {
        let same = opaque.is_empty() && is_plain(text);
        if name.is_empty() && same {
            return Self { text: Cow::Borrowed(text), context: 0, map: None };
        }
        let mut shadow = String::with_capacity(name.len() + text.len() + 2);
        if !name.is_empty() {
            shadow.extend(name.chars().map(|c| if matches!(c, '_' | '-' | '.' | OPAQUE) { ' ' } else { c }));
            shadow.push_str(": ");
        }
        if same {
            let context = shadow.len();
            shadow.push_str(text);
            return Self { text: Cow::Owned(shadow), context, map: None };
        }
        let mut builder = Builder { context: shadow.len(), text: shadow, map: Vec::with_capacity(text.len()) };
        let mut at = 0;
        for range in opaque {
            builder.piece(text, at..range.start);
            builder.push(OPAQUE, range.clone());
            at = range.end;
        }
        builder.piece(text, at..text.len());
        Self { text: Cow::Owned(builder.text), context: builder.context, map: Some(builder.map) }
    }

    /// The shadow, context first.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The source bytes behind a range of the shadow; `None` where it reaches into the context.
    pub(super) fn source(&self, range: Range<usize>) -> Option<Range<usize>> {
        let start = range.start.checked_sub(self.context)?;
        let end = range.end.checked_sub(self.context)?;
        let Some(map) = &self.map else { return Some(start..end) };
        let (first, _) = map.get(start)?;
        let (_, last) = map.get(end.checked_sub(1)?)?;
        Some(*first as usize..*last as usize)
    }
}

/// True where a text is its own shadow.
fn is_plain(text: &str) -> bool {
    !text.contains('%') && (text.is_ascii() || text.chars().all(is_plain_char))
}

fn is_plain_char(c: char) -> bool {
    match c {
        // Letters of the languages that are met most often.
        '\0'..='\x7f' | 'À'..='ı' | '一'..='\u{9fff}' => true,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => false,
        _ => !is_invisible(c) && std::iter::once(c).nfkc().eq([c]),
    }
}

struct Builder {
    text: String,
    context: usize,
    map: Vec<(u32, u32)>,
}

impl Builder {
    fn push(&mut self, c: char, source: Range<usize>) {
        self.text.push(c);
        let source = (u32::try_from(source.start).unwrap_or(u32::MAX), u32::try_from(source.end).unwrap_or(u32::MAX));
        self.map.extend(std::iter::repeat_n(source, c.len_utf8()));
    }

    fn piece(&mut self, text: &str, range: Range<usize>) {
        let Some(piece) = text.get(range.clone()) else { return };
        let mut at = 0;
        while let Some(c) = piece.get(at..).and_then(|rest| rest.chars().next()) {
            let start = range.start + at;
            if let Some((decoded, length)) = percent(piece.get(at..).unwrap_or("")) {
                self.push(decoded, start..start + length);
                at += length;
                continue;
            }
            at += c.len_utf8();
            let source = start..range.start + at;
            match c {
                _ if c.is_ascii() => self.push(c, source),
                _ if is_invisible(c) => {}
                '\u{2010}'..='\u{2015}' | '\u{2212}' => self.push('-', source),
                _ => std::iter::once(c).nfkc().for_each(|part| self.push(part, source.clone())),
            }
        }
    }
}

/// The printable ASCII character that a percent escape (once or twice escaped) at the start of `text` stands for.
fn percent(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('%')?;
    let (rest, escaped) = match rest.strip_prefix("25") {
        Some(inner) if hex_pair(inner).is_some() => (inner, 5),
        _ => (rest, 3),
    };
    hex_pair(rest).filter(|byte| (0x20..0x7f).contains(byte)).map(|byte| (char::from(byte), escaped))
}

fn hex_pair(text: &str) -> Option<u8> {
    let digits = text.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// A value as its shadow shows it, for comparing.
pub(super) fn plain(text: &str) -> String {
    Shadow::new("", text, &[]).text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_characters_are_their_own_shadow() {
        for c in '\u{80}'..='\u{ffff}' {
            let mut builder = Builder { context: 0, text: String::new(), map: Vec::new() };
            let text = c.to_string();
            builder.piece(&text, 0..text.len());
            assert_eq!(is_plain_char(c), builder.text == text, "{c:?} {:?}", builder.text);
        }
    }

    #[test]
    fn looks_are_the_same_and_offsets_lead_back() {
        let text = "a\u{200b}\u{ff14}１%40b%2540c–ﬁ";
        let shadow = Shadow::new("", text, &[]);
        assert_eq!(shadow.text(), "a41@b@c-fi");
        assert_eq!(&text[shadow.source(1..3).unwrap()], "\u{ff14}１");
        assert_eq!(&text[shadow.source(3..4).unwrap()], "%40");
        assert_eq!(&text[shadow.source(5..6).unwrap()], "%2540");
        assert_eq!(&text[shadow.source(9..10).unwrap()], "ﬁ");
        let named = Shadow::new("user_phone", "x1y", std::slice::from_ref(&(1..2)));
        assert_eq!(named.text(), "user phone: x\u{fffc}y");
        assert_eq!(named.source(12..13), Some(0..1));
        assert_eq!(named.source(0..13), None);
    }
}

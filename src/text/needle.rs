//! What is looked for in full text: words, phrases and beginnings of words, and where they stand in a text.
//!
//! Invariant: the rules are those of the full-text index, so that whatever it finds can be shown: a word is a run of
//! letters and digits, and neither letter case nor accents count.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Terms beyond this many are not looked for: nobody means them, and the index would take long.
const MOST_TERMS: usize = 32;

/// Characters of a term beyond this many are not looked at.
const LONGEST: usize = 1_000;

/// Places named in one text at most.
const MOST_PLACES: usize = 64;

/// All of its terms have to stand in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    terms: Vec<Term>,
}

/// Words that have to stand next to each other, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// As typed, without quotes and asterisk.
    pub text: String,
    /// True where the last word may go on.
    pub prefix: bool,
    words: Vec<String>,
}

/// A part of a text in which something was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// On one line, with an ellipsis where something was left out.
    pub text: String,
    /// The bytes of `text` that were looked for: sorted and apart.
    pub marks: Vec<Range<usize>>,
}

impl Needle {
    /// Reads words, `"phrases"` and beginnings of words (`refu*`, `"late refu"*`); nothing else is syntax.
    ///
    /// `None` where there is nothing to look for: no letter and no digit.
    pub fn parse(text: &str) -> Option<Self> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() && terms.len() < MOST_TERMS {
            let (term, tail) = if let Some(quoted) = rest.strip_prefix('"') {
                let (inside, tail) = quoted.split_once('"').unwrap_or((quoted, ""));
                match tail.strip_prefix('*') {
                    Some(tail) => (Term::new(inside, true), tail),
                    None => (Term::new(inside, false), tail),
                }
            } else {
                let (word, tail) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                let bare = word.trim_end_matches('*');
                (Term::new(bare, bare.len() < word.len()), tail)
            };
            terms.extend(term);
            rest = tail.trim_start();
        }
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// The same, for words that are still being typed: the last one may be the beginning of a word.
    pub fn typed(text: &str) -> Option<Self> {
        let mut needle = Self::parse(text)?;
        let last = text.split_whitespace().next_back().unwrap_or_default();
        let goes_on = last.chars().count() > 1 && !last.ends_with('"') && !text.ends_with(char::is_whitespace);
        if let Some(term) = needle.terms.last_mut().filter(|term| goes_on && last.contains(&term.text)) {
            term.prefix = true;
        }
        Some(needle)
    }

    /// The terms, in order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Which terms stand in `text`, a bit each, and where the first of them does.
    pub fn stands_in(&self, text: &str) -> (u32, Option<Range<usize>>) {
        let all = u32::MAX >> (32 - self.terms.len().clamp(1, 32));
        let (mut found, mut first) = (0, None);
        for (at, range) in self.walk(text) {
            first.get_or_insert(range);
            found |= 1 << at;
            if found == all {
                break;
            }
        }
        (found, first)
    }

    /// The places where a term stands: sorted, apart, the longest where several begin together.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        for (_, range) in self.walk(text).take(MOST_PLACES) {
            match places.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => places.push(range),
            }
        }
        places
    }

    fn walk<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        words(text).flat_map(move |word| {
            self.terms.iter().enumerate().filter_map(move |(at, term)| {
                let end = term.ends(text, &word)?;
                Some((at, word.start..end))
            })
        })
    }

    /// About `columns` characters of `text` on one line, around the first place where a term stands, else its beginning.
    pub fn excerpt(&self, text: &str, columns: usize) -> Excerpt {
        let (_, first) = self.stands_in(text);
        let at = first.unwrap_or(0..0);
        let before = (columns / 3).min(columns.saturating_sub(text[at.clone()].chars().count()));
        let start = back(text, at.start, before);
        let end = forward(text, at.start, columns.saturating_sub(before));
        let shown = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        let left = if start > 0 { "…" } else { "" };
        let right = if end < text.len() { "…" } else { "" };
        let text = format!("{left}{shown}{right}");
        Excerpt { marks: self.places(&text), text }
    }
}

impl Term {
    fn new(text: &str, prefix: bool) -> Option<Self> {
        let text: String = text.chars().take(LONGEST).collect();
        let words: Vec<String> = words(&text).map(|word| fold(&text[word])).take(MOST_TERMS).collect();
        (!words.is_empty()).then_some(Self { text, prefix, words })
    }

    /// True for several words that have to stand together.
    pub fn is_phrase(&self) -> bool {
        self.words.len() > 1
    }

    /// Where the term ends if it begins with this word of `text`.
    fn ends(&self, text: &str, word: &Range<usize>) -> Option<usize> {
        let mut here = word.clone();
        for (at, wanted) in self.words.iter().enumerate() {
            if at > 0 {
                here = next_word(text, here.end)?;
            }
            let goes_on = self.prefix && at + 1 == self.words.len();
            if !is_word(&text[here.clone()], wanted, goes_on) {
                return None;
            }
        }
        Some(here.end)
    }
}

/// True where `found` is the folded word `wanted`, or begins with it.
fn is_word(found: &str, wanted: &str, goes_on: bool) -> bool {
    if found.is_ascii() {
        let (found, wanted) = (found.as_bytes(), wanted.as_bytes());
        let length = wanted.len();
        return found.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
            && (goes_on || found.len() == length);
    }
    let folded = fold(found);
    if goes_on { folded.starts_with(wanted) } else { folded == wanted }
}

/// A word without regard to letter case and accents.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a text, as ranges of bytes.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let word = next_word(text, at)?;
        at = word.end;
        Some(word)
    })
}

/// The first word that begins at byte `from` or later.
fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (from, None);
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii() {
            match (byte.is_ascii_alphanumeric(), start) {
                (true, None) => start = Some(at),
                (false, Some(start)) => return Some(start..at),
                _ => {}
            }
            at += 1;
            continue;
        }
        let c = text[at..].chars().next()?;
        let end = at + c.len_utf8();
        if is_unseparated(c) {
            return Some(start.map_or(at..end, |start| start..at));
        }
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(start)) if !is_combining_mark(c) => return Some(start..at),
            _ => {}
        }
        at = end;
    }
    start.map(|start| start..at)
}

/// True for kana, CJK ideographs, Thai, Lao, Khmer and Burmese letters: scripts that do not separate words, in which each
/// character is looked for as a word.
pub fn is_unseparated(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3041..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
}

/// JSON text with its escapes resolved, so that `late\nrefund` holds the word "refund"; any other text as it is.
pub fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') || !text.trim_start().starts_with(['{', '[', '"']) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let Some(kind) = escape.chars().next() else {
            rest = "";
            break;
        };
        let mut taken = kind.len_utf8();
        match kind {
            'n' | 'r' | 't' | 'b' | 'f' => out.push(' '),
            'u' => {
                let (c, length) = code_point(escape);
                out.push(c);
                taken = length;
            }
            other => out.push(other),
        }
        rest = &escape[taken..];
    }
    out.push_str(rest);
    out.into()
}

/// The character of `uXXXX`, a pair of surrogates taken together, and the length of what was read.
fn code_point(escape: &str) -> (char, usize) {
    let unit = |text: &str| text.get(1..5).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let Some(first) = unit(escape) else { return (' ', 1) };
    let second = escape.get(5..).and_then(|rest| rest.strip_prefix('\\')).and_then(unit);
    let mut decoded = char::decode_utf16([Some(first), second].into_iter().flatten());
    match decoded.next() {
        Some(Ok(c)) => (c, if c.len_utf16() == 2 { 11 } else { 5 }),
        _ => ('\u{fffd}', 5),
    }
}

/// A place about `count` characters before byte `at`, at the start of a word.
fn back(text: &str, at: usize, count: usize) -> usize {
    let Some((start, _)) = text[..at].char_indices().rev().take(count).last() else { return at };
    if start == 0 {
        return 0;
    }
    text[start..at].find(char::is_whitespace).map_or(start, |gap| start + gap + 1).min(at)
}

/// A place about `count` characters after byte `at`, at the end of a word.
fn forward(text: &str, at: usize, count: usize) -> usize {
    let Some((end, _)) = text[at..].char_indices().nth(count) else { return text.len() };
    text[at..at + end].rfind(char::is_whitespace).map_or(at + end, |gap| at + gap)
}

/// Bytes of one word that [`around`] takes in beyond its reach.
const LONGEST_WORD: usize = 4_096;

/// At least `reach` characters of `text` on either side of `place`, to the ends of the words there.
pub fn around(text: &str, place: &Range<usize>, reach: usize) -> Range<usize> {
    let start = text[..place.start].char_indices().rev().take(reach).last().map_or(place.start, |(at, _)| at);
    let end = text[place.end..].char_indices().nth(reach).map_or(text.len(), |(at, _)| place.end + at);
    let gap = text[..start].rfind(char::is_whitespace).map_or(0, |gap| text.ceil_char_boundary(gap + 1));
    let start = if start - gap <= LONGEST_WORD { gap } else { start };
    let gap = text[end..].find(char::is_whitespace).map_or(text.len(), |gap| end + gap);
    start..if gap - end <= LONGEST_WORD { gap } else { end }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(needle: &str, text: &str) -> Vec<String> {
        let needle = Needle::parse(needle).unwrap();
        needle.places(text).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn words_phrases_and_beginnings() {
        assert_eq!(marked("refund late", "Late refund, REFUNDS"), ["Late", "refund"]);
        assert_eq!(marked("refund*", "Refunds, prerefund"), ["Refunds"]);
        assert_eq!(marked("\"late refund\"", "refund late: a late, refund"), ["late, refund"]);
        assert_eq!(marked("\"late refu\"*", "too late\nrefunded"), ["late\nrefunded"]);
        assert_eq!(marked("ruckgabe", "Rückgabe und RU\u{308}CKGABE"), ["Rückgabe", "RU\u{308}CKGABE"]);
        assert_eq!(marked("退款", "我要退款。退 款"), ["退款", "退 款"]);
        assert_eq!(marked("LF-2041", "order lf 2041; LF-20411"), ["lf 2041"]);
        assert_eq!(marked("\"never closed", "never closed"), ["never closed"]);
        assert!(Needle::parse(" \" ' * ").is_none() && Needle::parse("").is_none());
    }

    #[test]
    fn the_word_being_typed_may_go_on() {
        let goes_on = |text: &str| Needle::typed(text).unwrap().terms().last().unwrap().prefix;
        assert!(goes_on("late refu") && goes_on("refu*") && goes_on("-refu"));
        assert!(!goes_on("refund ") && !goes_on("\"late refund\"") && !goes_on("a"));
    }

    #[test]
    fn excerpts_are_one_marked_line() {
        let needle = Needle::parse("refund").unwrap();
        let long = format!("{} a late\n refund was {}", "word ".repeat(50), "more ".repeat(50));
        let excerpt = needle.excerpt(&long, 40);
        assert!(excerpt.text.starts_with('…') && excerpt.text.ends_with('…'), "{}", excerpt.text);
        assert!(excerpt.text.contains("a late refund was"), "{}", excerpt.text);
        assert_eq!(excerpt.marks.iter().map(|mark| &excerpt.text[mark.clone()]).collect::<Vec<_>>(), ["refund"]);
        assert_eq!(needle.excerpt("nothing here", 40), Excerpt { text: "nothing here".into(), marks: vec![] });
    }

    #[test]
    fn what_is_kept_around_a_place_ends_with_whole_words() {
        let text = format!("{} {}refund{} {}", "a".repeat(50), "b".repeat(30), "ü".repeat(30), "c\u{3000}d".repeat(9));
        let place = text.find("refund").map(|at| at..at + 6).unwrap();
        let kept = &text[around(&text, &place, 10)];
        assert_eq!(kept, format!("{}refund{}", "b".repeat(30), "ü".repeat(30)));
        assert_eq!(around("refund", &(0..6), 10), 0..6);
        assert_eq!(&"x\u{3000}refund y"[around("x\u{3000}refund y", &(4..10), 0)], "refund");
    }

    #[test]
    fn escapes_of_json_are_resolved() {
        assert_eq!(
            unescaped(r#"{"a":"x\nrefund \u00fc\ud83d\ude00 \"y\" \u12"}"#),
            "{\"a\":\"x refund ü😀 \"y\"  12\"}"
        );
        assert_eq!(unescaped(r"C:\new"), r"C:\new");
        assert_eq!(unescaped("[\"\\"), "[\"");
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_cut(typed in "\\PC{0,20}", text in "[\\PC\\n]{0,80}", columns in 0..60_usize) {
            let _ = unescaped(&text);
            if let Some(needle) = Needle::typed(&typed) {
                let excerpt = needle.excerpt(&text, columns);
                prop_assert!(excerpt.marks.iter().all(|mark| excerpt.text.get(mark.clone()).is_some()));
                prop_assert!(excerpt.marks.windows(2).all(|pair| pair[0].end <= pair[1].start));
                prop_assert!(excerpt.text.chars().count() <= columns.max(1) + typed.chars().count() + 2);
            }
        }

        #[test]
        fn a_word_of_a_text_is_found_in_it(text in "[a-zA-ZäöüéÅß0-9 ,.]{1,60}", pick in 0..8_usize) {
            let all: Vec<_> = words(&text).collect();
            if let Some(word) = all.get(pick) {
                let needle = Needle::parse(&text[word.clone()]).unwrap();
                prop_assert!(needle.places(&text).contains(word));
            }
        }
    }
}

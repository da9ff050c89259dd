//! One pass over a message for all that evaluators ask of its words.
//!
//! Invariant: what the pass finds in ASCII text (signs such as dashes and typographic quotes aside) is what the plain
//! functions of the parent find in it; all other text is given to those functions themselves.

use std::sync::LazyLock;

use super::phrases::{ACTS, PHRASES};
use super::{
    Claim, Cues, Meaning, Words, content_words, happened, identifiers, is_border, is_filler, listen_for, mixed,
    mixed_short,
};

/// What one message holds.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct Heard {
    /// The text in lower case.
    pub lower: String,
    /// Cues in it.
    pub cues: Cues,
    /// Acts it says were carried out.
    pub claims: Vec<Claim>,
    /// Words, parted by white space.
    pub words: u32,
    /// Content words.
    pub content: Words,
    /// Where its identifiers are.
    pub identifiers: Vec<(u32, u32)>,
    /// Letters, and capitals among them.
    pub letters: (u32, u32),
}

const SPACE: u8 = 1;
const LETTER: u8 = 2;
const UPPER: u8 = 4;
const DIGIT: u8 = 8;
/// `-`, `#` and `@`: within a token, but between two words of a phrase.
const PART: u8 = 16;
const LOW: u8 = 32;
const TOKEN: u8 = LETTER | DIGIT | PART | LOW;

/// What each byte is.
static CLASS: [u8; 256] = {
    let mut class = [0_u8; 256];
    let mut at = 0_usize;
    while at < 128 {
        let byte = at as u8;
        class[at] = if byte.is_ascii_uppercase() {
            LETTER | UPPER
        } else if byte.is_ascii_lowercase() {
            LETTER
        } else if byte.is_ascii_digit() {
            DIGIT
        } else if byte.is_ascii_whitespace() {
            SPACE
        } else if byte == b'_' {
            LOW
        } else if matches!(byte, b'-' | b'#' | b'@') {
            PART
        } else {
            0
        };
        at += 1;
    }
    class
};

/// The phrases that ASCII text can hold, found by their first word.
struct Beginnings {
    /// Half of the hash of a first word, never 0 where there is one; in the place of the hash, else the next free one.
    marks: Vec<u32>,
    /// The range of its phrases, in the same place.
    ranges: Vec<(u16, u16)>,
    phrases: Vec<Phrase>,
}

struct Phrase {
    text: &'static str,
    /// Bytes before its first word.
    lead: usize,
    /// The two bytes that follow the first word, where there are two.
    next: Option<[u8; 2]>,
    meaning: Meaning,
}

const SLOTS: usize = 4_096;

/// Where a hash is kept first.
fn place_of(hash: u64) -> usize {
    (hash >> 20) as usize % SLOTS
}

/// What tells it from others of the same place; phrases are compared in full afterwards.
fn mark_of(hash: u64) -> u32 {
    (hash >> 32) as u32 | 1
}

static BEGINNINGS: LazyLock<Beginnings> = LazyLock::new(|| {
    let mut found: Vec<(u64, Phrase)> = Vec::new();
    let mut add = |text: &'static str, meaning: Meaning| {
        if !text.is_ascii() {
            return;
        }
        let in_word = |byte: &u8| CLASS[usize::from(*byte)] & (LETTER | DIGIT | LOW) != 0;
        let lead = text.bytes().take_while(|byte| !in_word(byte)).count();
        let first = lead + text.bytes().skip(lead).take_while(in_word).count();
        let next = text.as_bytes()[first..].first_chunk::<2>().copied();
        found.push((mixed(&text.as_bytes()[lead..first]), Phrase { text, lead, next, meaning }));
    };
    for (cue, list) in PHRASES {
        list.iter().flat_map(|line| line.split('|')).for_each(|phrase| add(phrase, Meaning::Cue(cue)));
    }
    for (act, list) in ACTS {
        list.iter().flat_map(|line| line.split('|')).for_each(|phrase| add(phrase, Meaning::Act(act)));
    }
    found.sort_by_key(|(hash, _)| *hash);
    let (mut marks, mut ranges) = (vec![0; SLOTS], vec![(0, 0); SLOTS]);
    let mut from = 0;
    for same in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((hash, _)) = same.first() else { continue };
        let mut place = place_of(*hash);
        while marks[place] != 0 {
            place = (place + 1) % SLOTS;
        }
        (marks[place], ranges[place]) = (mark_of(*hash), (from as u16, (from + same.len()) as u16));
        from += same.len();
    }
    Beginnings { marks, ranges, phrases: found.into_iter().map(|(_, phrase)| phrase).collect() }
});

impl Beginnings {
    fn of(&self, hash: u64) -> &[Phrase] {
        let (mut place, mark) = (place_of(hash), mark_of(hash));
        loop {
            match self.marks[place] {
                0 => return &[],
                other if other == mark => {
                    let (from, to) = self.ranges[place];
                    return self.phrases.get(usize::from(from)..usize::from(to)).unwrap_or_default();
                }
                _ => place = (place + 1) % SLOTS,
            }
        }
    }
}

impl Heard {
    /// Listens to a message.
    pub fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let lower = super::plain_lower(text);
        let ascii = text.is_ascii();
        if !ascii && !text.chars().all(|c| c.is_ascii() || is_sign(c)) {
            return Self::of_any(text, lower);
        }
        let mut heard = Self::default();
        let mut content: Vec<u64> = Vec::with_capacity(text.len() / 10 + 2);
        if ascii || text.len() == lower.len() {
            heard.pass(text.as_bytes(), &lower, &mut content);
        } else {
            // With the quotes made plain, so that it is as long as the lower-case text.
            let even: String = text.chars().map(super::plain_quote).collect();
            heard.pass(even.as_bytes(), &lower, &mut content);
            heard.identifiers.iter_mut().for_each(|at| *at = moved(text, *at));
        }
        // In the order in which one walk over all phrases at once would meet them.
        heard.claims.sort_by_key(|claim| (claim.at.1, claim.at.0));
        heard.content = Words::from_hashes(content);
        super::settle_person(&lower, heard.words as usize, &mut heard.cues);
        Self { lower, ..heard }
    }

    fn of_any(text: &str, lower: String) -> Self {
        let (cues, claims) = listen_for(&lower);
        let start = text.as_ptr() as usize;
        let place = |found: &str| {
            let at = found.as_ptr() as usize - start;
            (at as u32, (at + found.len()) as u32)
        };
        let letters = text.chars().filter(|c| c.is_alphabetic()).count() as u32;
        let capitals = text.chars().filter(|c| c.is_uppercase()).count() as u32;
        Self {
            cues,
            claims,
            words: text.split_ascii_whitespace().count() as u32,
            content: Words::from_hashes(content_words(&lower).map(super::hash).collect()),
            identifiers: identifiers(text).into_iter().map(place).collect(),
            letters: (letters, capitals),
            lower,
        }
    }

    /// The pass itself.
    fn pass(&mut self, text: &[u8], lower: &str, content: &mut Vec<u64>) {
        let (mut words, mut before, mut start, mut all) = (0_u32, SPACE, 0, 0_u8);
        for (at, byte) in text.iter().enumerate() {
            let class = CLASS[usize::from(*byte)];
            if class & TOKEN != 0 {
                all |= class;
                continue;
            }
            if all != 0 {
                words += u32::from(before & SPACE != 0);
                self.token((text, lower), (start, at), all, content);
                (all, before) = (0, TOKEN);
            }
            words += u32::from(before & SPACE != 0 && class & SPACE == 0);
            before = class;
            start = at + 1;
        }
        if all != 0 {
            words += u32::from(before & SPACE != 0);
            self.token((text, lower), (start, text.len()), all, content);
        }
        self.words = words;
        let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        let capitals = text.iter().filter(|byte| byte.is_ascii_uppercase()).count();
        self.letters = (letters as u32, capitals as u32);
    }

    /// A run of letters, digits and what stands between them; `all` is what there is among them.
    fn token(&mut self, (text, lower): (&[u8], &str), (start, end): (usize, usize), all: u8, content: &mut Vec<u64>) {
        if all & (PART | LOW) != 0 {
            return self.parted(text, lower, (start, end), content);
        }
        let low = lower.as_bytes();
        let hash = hash_at(low, start, end);
        let digits = if all & DIGIT == 0 { 0 } else { low[start..end].iter().filter(|b| b.is_ascii_digit()).count() };
        word(low, (start, end), hash, digits > 0, content);
        if digits >= 2 && end - start >= 4 && (digits >= 5 || all & UPPER != 0) {
            self.identifiers.push((start as u32, end as u32));
        }
        let phrases = BEGINNINGS.of(hash);
        if !phrases.is_empty() {
            self.phrases(phrases, lower, (start, end));
        }
    }

    /// A token with `-`, `_`, `#` or `@` in it: what is one word for one purpose is several for another.
    fn parted(&mut self, text: &[u8], lower: &str, at: (usize, usize), content: &mut Vec<u64>) {
        let low = lower.as_bytes();
        let hang = |byte: &u8| matches!(byte, b'-' | b'_');
        let token = &low[at.0..at.1];
        let head = token.iter().take_while(|byte| hang(byte)).count();
        let tail = token[head..].iter().rev().take_while(|byte| hang(byte)).count();
        let (from, to) = (at.0 + head, at.1 - tail);
        if from < to {
            let digit = low[from..to].iter().any(u8::is_ascii_digit);
            word(low, (from, to), mixed(&low[from..to]), digit, content);
        }
        if token.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
            && let Ok(token) = std::str::from_utf8(&text[at.0..at.1])
        {
            let start = token.as_ptr() as usize;
            self.identifiers.extend(identifiers(token).into_iter().map(|found| {
                let from = at.0 + (found.as_ptr() as usize - start);
                (from as u32, (from + found.len()) as u32)
            }));
        }
        let mut from = at.0;
        while from < at.1 {
            let length = low[from..at.1]
                .iter()
                .take_while(|byte| CLASS[usize::from(**byte)] & (LETTER | DIGIT | LOW) != 0)
                .count();
            if length > 0 {
                self.phrases(BEGINNINGS.of(mixed(&low[from..from + length])), lower, (from, from + length));
            }
            from += length + 1;
        }
    }

    /// Notes those of some phrases that are there, `word` being their first word.
    fn phrases(&mut self, phrases: &[Phrase], lower: &str, (word, after): (usize, usize)) {
        let low = lower.as_bytes();
        let following = low[after..].first_chunk::<2>().copied();
        for phrase in phrases {
            if phrase.next.is_some() && phrase.next != following {
                continue;
            }
            let Some(start) = word.checked_sub(phrase.lead) else { continue };
            let end = start + phrase.text.len();
            if low.get(start..end) != Some(phrase.text.as_bytes()) || !is_border(lower, start, end) {
                continue;
            }
            match phrase.meaning {
                Meaning::Cue(cue) => self.cues.hear(cue),
                Meaning::Act(act) if happened(lower, start) => self.claims.push(Claim { act, at: (start, end) }),
                Meaning::Act(_) => {}
            }
        }
    }
}

/// The hash of a part of a text: quicker than [`mixed`] where it is short and more text follows.
fn hash_at(low: &[u8], start: usize, end: usize) -> u64 {
    match (end - start, low[start..].first_chunk::<8>()) {
        (length @ 1..8, Some(next)) => mixed_short(u64::from_le_bytes(*next) & !(u64::MAX << (8 * length)), length),
        _ => mixed(&low[start..end]),
    }
}

/// True for signs that are neither letters nor digits nor part of a phrase.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{fe0f}' | '\u{1f300}'..='\u{1faff}')
        && !matches!(c, '👍' | '😡' | '🤬' | '😠')
}

/// Where a range of the text with plain quotes is in the text itself.
fn moved(text: &str, at: (u32, u32)) -> (u32, u32) {
    let mut plain = 0;
    for (place, c) in text.char_indices() {
        if plain >= at.0 {
            return (place as u32, place as u32 + (at.1 - at.0));
        }
        plain += super::plain_quote(c).len_utf8() as u32;
    }
    (text.len() as u32, text.len() as u32)
}

/// Keeps a word's hash where it carries content.
fn word(low: &[u8], at: (usize, usize), hash: u64, digit: bool, content: &mut Vec<u64>) {
    let length = at.1 - at.0;
    if (length >= 4 || digit) && !(matches!(length, 4..=6) && is_filler(&low[at.0..at.1])) {
        content.push((hash & !1) | u64::from(digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that meet every branch: phrases, identifiers, dates, signs within words.
    const PIECES: [&str; 30] = [
        "—",
        "“",
        "👍",
        "…",
        "yes",
        "(yes/no)",
        "I've",
        "refunded",
        "done",
        "all done",
        "has been",
        "LF-48110",
        "#W6247578",
        "2024-05-20",
        "a_b12",
        "a@b.co",
        "-",
        "_",
        "human",
        "if needed",
        "Proceed?",
        ". ",
        "!",
        " ",
        "\n",
        "WHAT",
        "éa",
        "’",
        "1234",
        "not",
    ];

    #[test]
    fn signs_in_phrases_are_left_to_the_plain_functions() {
        for phrase in PHRASES.iter().flat_map(|(_, list)| list.iter()).flat_map(|line| line.split('|')) {
            assert_eq!(Heard::of(phrase).cues, listen_for(phrase).0, "{phrase}");
        }
    }

    proptest! {
        #[test]
        fn the_pass_finds_what_the_plain_functions_find(
            picks in proptest::collection::vec((0..PIECES.len(), any::<bool>()), 0..24)
        ) {
            let text: String =
                picks.iter().flat_map(|(pick, space)| [PIECES[*pick], if *space { " " } else { "" }]).collect();
            let (fast, plain) = (Heard::of(&text), Heard::of_any(&text, super::super::plain_lower(&text)));
            prop_assert_eq!(&fast.lower, &plain.lower);
            prop_assert_eq!(fast.cues, plain.cues);
            prop_assert_eq!(&fast.claims, &plain.claims);
            prop_assert_eq!(fast.words, plain.words);
            prop_assert_eq!(&fast.content, &plain.content);
            prop_assert_eq!(&fast.identifiers, &plain.identifiers);
            prop_assert_eq!(fast.letters, plain.letters);
        }
    }
}

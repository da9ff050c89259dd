//! One pass over a message for all that evaluators ask of its words.
//!
//! Invariant: what the pass finds in ASCII text (signs such as dashes and typographic quotes aside) is what the plain
//! functions of the parent find in it; all other text is given to those functions themselves.

use std::sync::LazyLock;

use super::phrases::{ACTS, PHRASES};
use super::{
    Claim, Cues, FILLERS_OF_FIVE, FILLERS_OF_FOUR, Meaning, Words, content_words, happened, identifiers, is_border,
    is_filler, listen_for, mixed, mixed_short,
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

const LETTER: u8 = 2;
const UPPER: u8 = 4;
const DIGIT: u8 = 8;
/// `-`, `#` and `@`: within a token, but between two words of a phrase.
const PART: u8 = 16;
const LOW: u8 = 32;

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

/// What the bytes of a block of lower-case text are: a bit for each of them, the first one lowest.
struct Block {
    /// Letters, digits and what stands between them.
    token: u64,
    /// Those of them that are no letters.
    odd: u64,
    space: u64,
}

/// As many bytes as a number has bits.
const BLOCK: usize = 64;

impl Block {
    /// Branches on nothing, so that many bytes are told apart at once.
    fn of(bytes: &[u8; BLOCK]) -> Self {
        let mut kinds = [0_u8; BLOCK];
        for (kind, byte) in kinds.iter_mut().zip(bytes) {
            let is = |other: u8| u8::from(*byte == other);
            let among = |first: u8, count: u8| u8::from(byte.wrapping_sub(first) < count);
            let odd = among(b'0', 10) | is(b'-') | is(b'#') | is(b'@') | is(b'_');
            // Of the five signs from the tab on, the vertical one is no white space.
            let space = is(b' ') | (among(b'\t', 5) & (1 - is(11)));
            *kind = among(b'a', 26) | odd | odd << 1 | space << 2;
        }
        Self { token: gathered(&kinds, 0), odd: gathered(&kinds, 1), space: gathered(&kinds, 2) }
    }
}

/// One bit of each byte, side by side.
fn gathered(kinds: &[u8; BLOCK], bit: u32) -> u64 {
    kinds.as_chunks::<8>().0.iter().rev().fold(0, |bits, eight| {
        let each = (u64::from_le_bytes(*eight) >> bit) & 0x0101_0101_0101_0101;
        // Moves the bit of the nth byte to the nth bit of the highest byte.
        bits << 8 | each.wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// The phrases that ASCII text can hold, found by their first word; and the words that carry no content.
struct Beginnings {
    /// Half of the hash of a word, never 0 where there is one; in the place of the hash, else the next free one.
    marks: [u32; SLOTS],
    /// What is known of it, in the same place.
    known: [Known; SLOTS],
    phrases: Vec<Phrase>,
}

/// What is known of a word.
#[derive(Clone, Copy, Default)]
struct Known {
    /// The range of its phrases.
    from: u16,
    to: u16,
    /// A bit for the second byte after it in any of its phrases; all bits where one of them is shorter.
    nexts: u32,
    /// The word itself, where it carries no content.
    filler: Option<&'static [u8]>,
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

/// The bit of a following byte.
fn bit_of(next: [u8; 2]) -> u32 {
    1 << (next[1] % 32)
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
    let mut all =
        Beginnings { marks: [0; SLOTS], known: [Known::default(); SLOTS], phrases: Vec::with_capacity(found.len()) };
    let mut from = 0;
    for same in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((hash, _)) = same.first() else { continue };
        let to = from + same.len() as u16;
        let nexts = same.iter().fold(0, |bits, (_, phrase)| bits | phrase.next.map_or(u32::MAX, bit_of));
        *all.place(*hash) = Known { from, to, nexts, filler: None };
        from = to;
    }
    let fillers =
        FILLERS_OF_FOUR.iter().map(|word| word.as_slice()).chain(FILLERS_OF_FIVE.iter().map(|word| &word[..]));
    for word in fillers.chain([b"please".as_slice()]) {
        all.place(mixed(word)).filler = Some(word);
    }
    all.phrases.extend(found.into_iter().map(|(_, phrase)| phrase));
    all
});

impl Beginnings {
    /// The place of a hash, taken now where there is none yet.
    fn place(&mut self, hash: u64) -> &mut Known {
        let (mut place, mark) = (place_of(hash), mark_of(hash));
        while self.marks[place] != 0 && self.marks[place] != mark {
            place = (place + 1) % SLOTS;
        }
        self.marks[place] = mark;
        &mut self.known[place]
    }

    /// What is known of the word of a hash: nothing, for nearly all of them.
    fn of(&self, hash: u64) -> Option<Known> {
        let (mut place, mark) = (place_of(hash), mark_of(hash));
        loop {
            match self.marks[place] {
                0 => return None,
                other if other == mark => return Some(self.known[place]),
                _ => place = (place + 1) % SLOTS,
            }
        }
    }
}

/// The pass over one text, as far as it has come.
struct Pass<'a> {
    /// As it was written; as long as in lower case.
    text: &'a [u8],
    lower: &'a str,
    beginnings: &'a Beginnings,
    /// Hashes of content words.
    content: Vec<u64>,
    heard: Heard,
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
        let (mut heard, content) = if ascii || text.len() == lower.len() {
            Pass::over(text.as_bytes(), &lower)
        } else {
            // With the quotes made plain, so that it is as long as the lower-case text.
            let even = super::with_plain_quotes(text);
            let (mut heard, content) = Pass::over(even.as_bytes(), &lower);
            heard.identifiers.iter_mut().for_each(|at| *at = moved(text, *at));
            (heard, content)
        };
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
}

impl<'a> Pass<'a> {
    /// The pass itself: what was heard, and the hashes of content words.
    fn over(text: &'a [u8], lower: &'a str) -> (Heard, Vec<u64>) {
        let content = Vec::with_capacity(text.len() / 10 + 2);
        let mut pass = Self { text, lower, beginnings: &BEGINNINGS, content, heard: Heard::default() };
        let (whole, rest) = lower.as_bytes().as_chunks::<BLOCK>();
        // The space after the text ends its last word.
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let (mut start, mut inside, mut odd, mut spaced) = (0, false, false, 1);
        let (mut words, mut letters) = (0, 0);
        for (nth, bytes) in whole.iter().chain([&last]).enumerate() {
            let (block, base) = (Block::of(bytes), nth * BLOCK);
            words += (!block.space & (block.space << 1 | spaced)).count_ones();
            spaced = block.space >> (BLOCK - 1);
            letters += (block.token & !block.odd).count_ones();
            let mut edges = block.token ^ (block.token << 1 | u64::from(inside));
            // What of the block was not looked at yet.
            let mut left = block.odd;
            while edges != 0 {
                let bit = edges.trailing_zeros();
                edges &= edges - 1;
                let end = base + bit as usize;
                if inside {
                    odd |= left & !(u64::MAX << bit) != 0;
                    if odd { pass.odd((start, end)) } else { pass.word((start, end)) }
                }
                left &= u64::MAX << bit;
                (start, inside, odd) = (end, !inside, false);
            }
            odd |= inside && left != 0;
        }
        // Few enough at a time that a byte counts them: many bytes are counted at once then.
        let among = |few: &[u8]| few.iter().fold(0_u8, |sum, byte| sum + u8::from(byte.is_ascii_uppercase()));
        let capitals = text.chunks(128).map(|few| u32::from(among(few))).sum();
        (pass.heard.words, pass.heard.letters) = (words, (letters, capitals));
        (pass.heard, pass.content)
    }

    /// A run of letters.
    fn word(&mut self, (start, end): (usize, usize)) {
        let low = self.lower.as_bytes();
        let hash = hash_at(low, start, end);
        let known = self.beginnings.of(hash);
        let filler = known.and_then(|known| known.filler).is_some_and(|word| *word == low[start..end]);
        if end - start >= 4 && !filler {
            self.content.push(hash & !1);
        }
        if let Some(known) = known
            && known.from < known.to
        {
            self.phrases(known, (start, end));
        }
    }

    /// A run of letters, digits and what stands between them, not of letters alone. Apart from the loop, which is quicker
    /// without it.
    #[inline(never)]
    fn odd(&mut self, (start, end): (usize, usize)) {
        let all = self.text[start..end].iter().fold(0, |all, byte| all | CLASS[usize::from(*byte)]);
        if all & (PART | LOW) != 0 {
            return self.parted((start, end));
        }
        let low = self.lower.as_bytes();
        let hash = hash_at(low, start, end);
        let digits = low[start..end].iter().filter(|byte| byte.is_ascii_digit()).count();
        // No filler holds a digit.
        self.content.push(hash | 1);
        if digits >= 2 && end - start >= 4 && (digits >= 5 || all & UPPER != 0) {
            self.heard.identifiers.push((start as u32, end as u32));
        }
        if let Some(known) = self.beginnings.of(hash) {
            self.phrases(known, (start, end));
        }
    }

    /// A token with `-`, `_`, `#` or `@` in it: what is one word for one purpose is several for another.
    fn parted(&mut self, at: (usize, usize)) {
        let low = self.lower.as_bytes();
        let hang = |byte: &u8| matches!(byte, b'-' | b'_');
        let token = &low[at.0..at.1];
        let head = token.iter().take_while(|byte| hang(byte)).count();
        let tail = token[head..].iter().rev().take_while(|byte| hang(byte)).count();
        let word = &low[at.0 + head..at.1 - tail];
        let digit = word.iter().any(u8::is_ascii_digit);
        if (word.len() >= 4 || digit) && !is_filler(word) {
            self.content.push((mixed(word) & !1) | u64::from(digit));
        }
        if token.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
            && let Ok(token) = std::str::from_utf8(&self.text[at.0..at.1])
        {
            let start = token.as_ptr() as usize;
            self.heard.identifiers.extend(identifiers(token).into_iter().map(|found| {
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
            if length > 0
                && let Some(known) = self.beginnings.of(mixed(&low[from..from + length]))
            {
                self.phrases(known, (from, from + length));
            }
            from += length + 1;
        }
    }

    /// Notes those phrases of a word that are there, `word` being their first.
    fn phrases(&mut self, known: Known, (word, after): (usize, usize)) {
        let low = self.lower.as_bytes();
        let following = low[after..].first_chunk::<2>().copied();
        if following.is_some_and(|next| known.nexts & bit_of(next) == 0) {
            return;
        }
        for phrase in &self.beginnings.phrases[usize::from(known.from)..usize::from(known.to)] {
            if phrase.next.is_some() && phrase.next != following {
                continue;
            }
            let Some(start) = word.checked_sub(phrase.lead) else { continue };
            let end = start + phrase.text.len();
            if low.get(start..end) != Some(phrase.text.as_bytes()) || !is_border(self.lower, start, end) {
                continue;
            }
            match phrase.meaning {
                Meaning::Cue(cue) => self.heard.cues.hear(cue),
                Meaning::Act(act) if happened(self.lower, start) => {
                    self.heard.claims.push(Claim { act, at: (start, end) });
                }
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

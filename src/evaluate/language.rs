//! Cues in what people and agents write, in English, German, French and Spanish.
//!
//! Invariant: a cue is a fixed phrase between word borders; what is not in the lists is not heard, and every evaluator
//! that leans on cues says so in its "looks at" line. Text in other languages yields no cue, never a wrong one.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};

mod answers;
mod heard;
mod phrases;

pub use answers::says_failure;
pub(super) use answers::top_members;
pub(super) use heard::Heard;
use phrases::{ACTS, PHRASES};

/// What a phrase signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cue {
    /// "Yes, go ahead".
    Consent,
    /// "No", "not that", "wait": takes consent back.
    Denial,
    /// The agent says that something cannot be done.
    Refusal,
    /// The customer wants a person.
    AsksPerson,
    /// The agent offers or announces a person.
    OffersPerson,
    /// Thanks, and words of a content customer.
    Thanks,
    /// Words of an annoyed customer.
    Negative,
    /// The agent apologises.
    Apology,
    /// Guessing: "probably", "let's assume".
    Hedge,
    /// "I made a mistake", "correction".
    Correction,
    /// "I did not understand", "something went wrong".
    Fallback,
    /// The agent asks to confirm.
    AsksConfirmation,
    /// "I am a virtual assistant".
    Automated,
    /// Harm, law, health, discrimination: topics that need a person.
    Sensitive,
    /// The agent asks for an order or reference number.
    AsksNumber,
    /// The agent asks for an e-mail address.
    AsksEmail,
    /// "because", "so that", "therefore": reasons given.
    Reason,
    /// A verifier says that all is well.
    Approves,
    /// A verifier says that it is not.
    Rejects,
    /// The agent is about to close: "anything else?", "have a nice day".
    Closing,
    /// Requests with conditions: "if", "otherwise", "the cheapest".
    Condition,
}

/// How many kinds of cue there are.
const CUES: usize = Cue::Condition as usize + 1;

/// Words that, shortly before a participle, make it something that happened.
const AUXILIARIES: [&str; 30] = [
    "has",
    "have",
    "been",
    "is",
    "are",
    "i've",
    "we've",
    "was",
    "were",
    "successfully",
    "now",
    "that's",
    "it's",
    "i",
    "wurde",
    "wurden",
    "ist",
    "sind",
    "habe",
    "haben",
    "été",
    "est",
    "ai",
    "j'ai",
    "avons",
    "ha",
    "he",
    "hemos",
    "sido",
    "está",
];

/// Words that, shortly before a participle, say that it did not happen, or not yet.
const NEGATIONS: [&str; 48] = [
    "not", "nothing", "no", "never", "cannot", "can't", "can", "could", "will", "would", "won't", "if", "once", "when",
    "until", "hasn't", "haven't", "isn't", "wasn't", "aren't", "unable", "to", "should", "may", "might", "must",
    "shall", "after", "before", "nicht", "kein", "keine", "wird", "werden", "kann", "wenn", "pas", "sera", "peut",
    "si", "aucun", "será", "puede", "ser", "nunca", "nada", "hasn’t", "i'll",
];

/// Which cues a text holds, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cues([u8; CUES]);

impl Cues {
    /// How often the cue was found.
    pub fn count(&self, cue: Cue) -> u32 {
        u32::from(self.0[cue as usize])
    }

    /// Counts it once more.
    fn hear(&mut self, cue: Cue) {
        let count = &mut self.0[cue as usize];
        *count = count.saturating_add(1);
    }

    /// True where it was found at all.
    pub fn has(&self, cue: Cue) -> bool {
        self.0[cue as usize] > 0
    }
}

/// A sentence part that says an act was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The stem a tool that carries it out has in its name; empty where the words name no act ("all done").
    pub act: &'static str,
    /// Byte range in the lower-case text.
    pub at: (usize, usize),
}

#[derive(Clone, Copy)]
enum Meaning {
    Cue(Cue),
    Act(&'static str),
}

struct Listener {
    automaton: AhoCorasick,
    meanings: Vec<Meaning>,
}

static LISTENER: LazyLock<Option<Listener>> = LazyLock::new(|| {
    let mut phrases = Vec::new();
    let mut meanings = Vec::new();
    for (cue, list) in PHRASES {
        for phrase in list.iter().flat_map(|line| line.split('|')) {
            phrases.push(phrase);
            meanings.push(Meaning::Cue(cue));
        }
    }
    for (act, list) in ACTS {
        for phrase in list.iter().flat_map(|line| line.split('|')) {
            phrases.push(phrase);
            meanings.push(Meaning::Act(act));
        }
    }
    let automaton = AhoCorasick::builder().kind(Some(aho_corasick::AhoCorasickKind::DFA)).build(phrases).ok()?;
    Some(Listener { automaton, meanings })
});

/// A few texts looked for at once, wherever they stand.
pub(super) struct Needles(fn() -> &'static [&'static str], OnceLock<Option<AhoCorasick>>);

impl Needles {
    /// These texts.
    pub const fn new(texts: fn() -> &'static [&'static str]) -> Self {
        Self(texts, OnceLock::new())
    }

    /// True where one of them is in a text.
    pub fn within(&self, text: &str) -> bool {
        // Leftmost, since only such a search skips ahead many bytes at a time.
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(self.0()).ok();
        match self.1.get_or_init(build) {
            Some(automaton) => automaton.is_match(text),
            None => self.0().iter().any(|needle| text.contains(needle)),
        }
    }
}

/// Lower case with typographic apostrophes made plain, so that "I’ve" and "i've" are one.
pub fn plain_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut lower = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let from = lower.len();
        lower.push_str(&rest[..plain]);
        lower[from..].make_ascii_lowercase();
        let Some(c) = rest[plain..].chars().next() else { break };
        lower.extend(c.to_lowercase().map(plain_quote));
        rest = &rest[plain + c.len_utf8()..];
    }
    lower
}

/// The text with typographic apostrophes made plain.
fn with_plain_quotes(text: &str) -> String {
    let (mut plain, mut from) = (String::with_capacity(text.len()), 0);
    for (at, quote) in text.match_indices(|c| plain_quote(c) != c) {
        plain.push_str(&text[from..at]);
        plain.push('\'');
        from = at + quote.len();
    }
    plain.push_str(&text[from..]);
    plain
}

/// Letters and digits alone.
pub(super) fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    bare.extend(text.chars().filter(|c| c.is_alphanumeric()));
    bare
}

/// A typographic apostrophe as a plain one; anything else as it is.
fn plain_quote(c: char) -> char {
    if matches!(c, '’' | '‘' | 'ʼ') { '\'' } else { c }
}

/// Listens to text: its cues, and the acts it claims were carried out.
pub fn listen(lower: &str) -> (Cues, Vec<Claim>) {
    let heard = Heard::of(lower);
    (heard.cues, heard.claims)
}

/// Listens to lower-case text in any script.
fn listen_for(lower: &str) -> (Cues, Vec<Claim>) {
    let (mut cues, mut claims) = (Cues::default(), Vec::new());
    let Some(listener) = LISTENER.as_ref() else { return (cues, claims) };
    for found in listener.automaton.find_overlapping_iter(lower) {
        let (start, end) = (found.start(), found.end());
        if !is_border(lower, start, end) {
            continue;
        }
        match listener.meanings.get(found.pattern().as_usize()) {
            Some(Meaning::Cue(cue)) => cues.hear(*cue),
            Some(Meaning::Act(act)) if happened(lower, start) => claims.push(Claim { act, at: (start, end) }),
            _ => {}
        }
    }
    settle_person(lower, 0, &mut cues);
    (cues, claims)
}

/// "Human!" alone is a request for a person; "I will contact a human agent if needed" is none.
/// There are at least `least` words.
fn settle_person(lower: &str, least: usize, cues: &mut Cues) {
    let asks = &mut cues.0[Cue::AsksPerson as usize];
    let few = || lower.contains("human") && lower.split_whitespace().count() <= 6;
    let (heard, only) = (*asks > 0, least <= 6 && few());
    if !heard && !only {
        return;
    }
    if lower.contains("if needed") || lower.contains("if necessary") {
        *asks = 0;
    } else if !heard {
        *asks = u8::from(lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == "human"));
    }
}

fn is_border(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !letter(before) && !letter(after)
}

/// True where the participle at `start` stands at the head of a sentence or after an auxiliary, and nothing within the
/// six words before it denies it, puts it into the future, or makes it an attribute ("the updated details").
fn happened(text: &str, start: usize) -> bool {
    const ATTRIBUTIVE: [&str; 12] =
        ["the", "a", "an", "your", "these", "this", "any", "die", "der", "les", "los", "newly"];
    let before = &text[..start];
    let ends = if before.is_ascii() {
        before.bytes().rposition(|byte| matches!(byte, b'.' | b'!' | b'?' | b';' | b'\n'))
    } else {
        before.rfind(['.', '!', '?', ';', '\n', '¡', '¿'])
    };
    let clause = ends.map_or(0, |at| at + 1);
    let head = text.get(clause..start).unwrap_or("");
    let parts = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '*' | '"' | '(');
    let mut last = [""; 6];
    let mut count = 0;
    for (place, word) in last.iter_mut().zip(head.rsplit(parts).filter(|word| !word.is_empty())) {
        *place = word;
        count += 1;
    }
    let last = &last[..count];
    let Some(previous) = last.first() else { return true };
    if ATTRIBUTIVE.contains(previous) || last.iter().any(|word| NEGATIONS.contains(word)) {
        return false;
    }
    (*previous == "and" && last.len() <= 2) || last.iter().take(3).any(|word| AUXILIARIES.contains(word))
}

/// The words of lower-case text that carry content: at least four letters or any digit.
pub fn content_words(lower: &str) -> impl Iterator<Item = &str> {
    lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '@')))
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| word.len() >= 4 || word.bytes().any(|b| b.is_ascii_digit()))
        .filter(|word| !is_filler(word.as_bytes()))
}

/// Words that say little, though they are long enough. Kept by length: whole words are compared as numbers then.
const FILLERS_OF_FOUR: [&[u8; 4]; 26] = [
    b"that", b"this", b"with", b"have", b"your", b"from", b"like", b"what", b"need", b"help", b"want", b"just",
    b"they", b"will", b"been", b"then", b"also", b"when", b"were", b"them", b"into", b"some", b"eine", b"pour",
    b"avec", b"para",
];
const FILLERS_OF_FIVE: [&[u8; 5]; 7] = [b"would", b"could", b"there", b"about", b"which", b"einen", b"nicht"];

/// True for words that say little.
fn is_filler(word: &[u8]) -> bool {
    match word {
        four if four.len() == 4 => FILLERS_OF_FOUR.iter().any(|other| four == *other),
        five if five.len() == 5 => FILLERS_OF_FIVE.iter().any(|other| five == *other),
        other => other == b"please",
    }
}

/// A set of content words, kept as hashes for comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<u64>);

impl Words {
    /// The content words of lower-case text.
    pub fn of(lower: &str) -> Self {
        Self::from_hashes(content_words(lower).map(hash).collect())
    }

    fn from_hashes(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// How many different words there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// True where all words are numbers or identifiers, and all are in `other` too.
    pub fn only_repeat(&self, other: &Self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|hash| hash & 1 == 1 && other.0.binary_search(hash).is_ok())
    }

    /// True where the Jaccard overlap is at least `share`.
    pub fn alike(&self, other: &Self, share: f64) -> bool {
        let (less, more) = (self.0.len().min(other.0.len()), self.0.len().max(other.0.len()));
        // No more than all words of the shorter one can be shared.
        more > 0 && less as f64 / more as f64 >= share && self.overlap(other) >= share
    }

    /// Jaccard overlap; 0 where both are empty.
    pub fn overlap(&self, other: &Self) -> f64 {
        let (mut shared, mut at, mut to) = (0_usize, 0, 0);
        while let (Some(left), Some(right)) = (self.0.get(at), other.0.get(to)) {
            shared += usize::from(left == right);
            at += usize::from(left <= right);
            to += usize::from(right <= left);
        }
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

/// A word as a number, the lowest bit telling whether it holds a digit.
fn hash(word: &str) -> u64 {
    let digit = u64::from(word.bytes().any(|b| b.is_ascii_digit()));
    (mixed(word.as_bytes()) & !1) | digit
}

/// A hash of bytes that takes eight at a time.
pub(super) fn mixed(word: &[u8]) -> u64 {
    let (Some(mut head), Some(tail)) = (word.first_chunk::<8>(), word.last_chunk::<8>()) else {
        let bytes = word.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte));
        return mixed_short(bytes, word.len());
    };
    let start = word.len() as u64;
    let (mut hash, mut rest) = (start, word);
    while rest.len() > 8 {
        hash = turned(hash, u64::from_le_bytes(*head));
        rest = &rest[8..];
        let Some(next) = rest.first_chunk::<8>() else { break };
        head = next;
    }
    turned(turned(hash, u64::from_le_bytes(*tail)), start)
}

/// The same of fewer than eight bytes, as a number the first of them lowest.
fn mixed_short(bytes: u64, length: usize) -> u64 {
    let start = length as u64;
    turned(turned(start, bytes), start)
}

fn turned(hash: u64, part: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = (hash ^ part).wrapping_mul(ODD);
    product ^ (product >> 29)
}

/// Tokens that look like an identifier: a digit, at least four characters, and letters or five digits with it.
pub fn identifiers(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#')))
        .map(|token| token.trim_matches(['-', '_', '#']))
        .filter(|token| token.len() >= 4 && token.bytes().any(|b| b.is_ascii_digit()))
        .filter(|token| {
            let digits = token.bytes().filter(u8::is_ascii_digit).count();
            let letters = token.bytes().filter(u8::is_ascii_uppercase).count();
            (letters >= 1 && digits >= 2) || digits >= 5 || (token.contains('_') && digits >= 2)
        })
        .filter(|token| !is_date(token))
        .collect()
}

/// True for a piece of a phone number, IBAN or e-mail address: quoted on its own it would pass every mask.
pub(super) fn is_part(text: &str, token: &str) -> bool {
    let start = token.as_ptr() as usize - text.as_ptr() as usize;
    let (before, after) = (&text[..start], &text[start + token.len()..]);
    if before.ends_with(['+', '@']) || after.starts_with('@') {
        return true;
    }
    let gap = |c: char| matches!(c, ' ' | '.' | '/' | '(' | ')' | '-');
    let digits = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let joined = digits(before.trim_end_matches(gap).bytes().next_back())
        && before.len() > before.trim_end_matches(gap).len()
        || digits(after.trim_start_matches(gap).bytes().next()) && after.starts_with(gap);
    match token.as_bytes() {
        [a, b, c, d]
            if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit() =>
        {
            joined
        }
        bytes => joined && bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-'),
    }
}

fn is_date(token: &str) -> bool {
    let parts: Vec<&str> = token.split('-').collect();
    parts.len() >= 2
        && parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(text: &str) -> Vec<&'static str> {
        listen(&plain_lower(text)).1.iter().map(|claim| claim.act).collect()
    }

    #[test]
    fn the_phrase_lists_build_and_sit_at_their_cue() {
        assert!(LISTENER.is_some());
        assert!(PHRASES.iter().enumerate().all(|(at, (cue, _))| *cue as usize == at));
    }

    #[test]
    fn claims_are_told_from_offers_and_denials() {
        assert_eq!(acts("All done! Your refund of $231.00 has been processed."), ["", ""]);
        assert_eq!(acts("I’ve refunded the jacket in full."), ["refund"]);
        assert_eq!(acts("Cancelled and refunded."), ["cancel", "refund"]);
        assert_eq!(acts("Nothing has been refunded yet."), [""; 0]);
        assert_eq!(acts("It has already shipped, so it cannot be cancelled; it can be returned."), [""; 0]);
        assert_eq!(acts("Your reservation will be cancelled once you confirm."), [""; 0]);
        assert_eq!(acts("Here are the updated details. Once an order has been cancelled, it is gone."), [""; 0]);
        assert_eq!(acts("Die Bestellung wurde storniert."), ["cancel"]);
        assert_eq!(acts("C'est fait. 🎒"), [""]);
        assert_eq!(acts("El pedido ha sido cancelado."), ["cancel"]);
    }

    #[test]
    fn cues_need_word_borders() {
        let (cues, _) = listen(&plain_lower("Yesterday I confirmed nothing; Oui !"));
        assert_eq!(cues.count(Cue::Consent), 2);
        assert!(listen("human please").0.has(Cue::AsksPerson));
        assert!(listen("human. third time asking.").0.has(Cue::AsksPerson));
        assert!(!listen("i'll contact a human agent if needed").0.has(Cue::AsksPerson));
        assert!(!listen("humanity").0.has(Cue::AsksPerson));
    }

    #[test]
    fn identifiers_are_seen_and_dates_are_not() {
        assert_eq!(
            identifiers("order LF-48110, #W6247578, on 2024-05-20 at 5-7 days: R-8110"),
            ["LF-48110", "W6247578", "R-8110"]
        );
        assert!(identifiers("the 100% is $231.00").is_empty());
        let quotable_identifiers = |text: &'static str| {
            let found = identifiers(text);
            found.into_iter().filter(|token| !is_part(text, token)).collect::<Vec<_>>()
        };
        assert!(
            quotable_identifiers("call +49 30 901820 or (030) 901821, DE89 3704 0044 0532, ANA1984@x.example")
                .is_empty()
        );
        assert_eq!(quotable_identifiers("order 901820, 2 items, LF-48110 2x"), ["901820", "LF-48110"]);
    }

    #[test]
    fn results_that_say_failure() {
        for text in [
            "Error: no such order",
            r#"{"error": "x"}"#,
            r#"{"ok": false}"#,
            r#"{"status": 500}"#,
            "# var_4 = \"Error: no card\"",
            r#"{"note": "ok", "error" : "no"}"#,
            r#"{"status": "ok", "status_code": 404}"#,
            r#"{"err\u006fr": "no"}"#,
        ] {
            assert!(says_failure(text), "{text}");
        }
        for text in [
            r#"{"ok": true}"#,
            r#"{"error": null}"#,
            r#"{"status": "submitted"}"#,
            "",
            "no errors",
            "total = 5",
            "a == \"Error\"",
            r#"{"order": {"error": "no"}, "code": 7}"#,
            r#"{"note": "\"error\": 1", "status_codes": 404, "error": ""}"#,
            r#"{"error": "cut o"#,
        ] {
            assert!(!says_failure(text), "{text}");
        }
    }
}

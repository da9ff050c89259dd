//! Cues in what people and agents write, in English, German, French and Spanish.
//!
//! Invariant: a cue is a fixed phrase between word borders; what is not in the lists is not heard, and every evaluator
//! that leans on cues says so in its "looks at" line. Text in other languages yields no cue, never a wrong one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

mod phrases;

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

/// Lower case with typographic apostrophes made plain, so that "I’ve" and "i've" are one.
pub fn plain_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).map(|c| if matches!(c, '’' | '‘' | 'ʼ') { '\'' } else { c }).collect()
}

/// Listens to lower-case text: its cues, and the acts it claims were carried out.
pub fn listen(lower: &str) -> (Cues, Vec<Claim>) {
    let (mut cues, mut claims) = (Cues::default(), Vec::new());
    let Some(listener) = LISTENER.as_ref() else { return (cues, claims) };
    for found in listener.automaton.find_overlapping_iter(lower) {
        let (start, end) = (found.start(), found.end());
        if !is_border(lower, start, end) {
            continue;
        }
        match listener.meanings.get(found.pattern().as_usize()) {
            Some(Meaning::Cue(cue)) => cues.0[*cue as usize] = cues.0[*cue as usize].saturating_add(1),
            Some(Meaning::Act(act)) if happened(lower, start) => claims.push(Claim { act, at: (start, end) }),
            _ => {}
        }
    }
    settle_person(lower, &mut cues);
    (cues, claims)
}

/// "Human!" alone is a request for a person; "I will contact a human agent if needed" is none.
fn settle_person(lower: &str, cues: &mut Cues) {
    let asks = &mut cues.0[Cue::AsksPerson as usize];
    if lower.contains("if needed") || lower.contains("if necessary") {
        *asks = 0;
    } else if *asks == 0 && lower.contains("human") && lower.split_whitespace().count() <= 6 {
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
    let clause = text[..start].rfind(['.', '!', '?', ';', '\n', '¡', '¿']).map_or(0, |at| at + 1);
    let head = text.get(clause..start).unwrap_or("");
    let words =
        head.split(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '*' | '"' | '(')).filter(|w| !w.is_empty());
    let last: Vec<&str> = words.rev().take(6).collect();
    let Some(previous) = last.first() else { return true };
    if ATTRIBUTIVE.contains(previous) || last.iter().any(|word| NEGATIONS.contains(word)) {
        return false;
    }
    (*previous == "and" && last.len() <= 2) || last.iter().take(3).any(|word| AUXILIARIES.contains(word))
}

/// The words of lower-case text that carry content: at least four letters or any digit.
pub fn content_words(lower: &str) -> impl Iterator<Item = &str> {
    // Kept by length: whole words are compared as numbers then.
    const FOUR: [&[u8; 4]; 26] = [
        b"that", b"this", b"with", b"have", b"your", b"from", b"like", b"what", b"need", b"help", b"want", b"just",
        b"they", b"will", b"been", b"then", b"also", b"when", b"were", b"them", b"into", b"some", b"eine", b"pour",
        b"avec", b"para",
    ];
    const FIVE: [&[u8; 5]; 7] = [b"would", b"could", b"there", b"about", b"which", b"einen", b"nicht"];
    let empty = |word: &str| match word.as_bytes() {
        four if four.len() == 4 => FOUR.iter().any(|other| four == *other),
        five if five.len() == 5 => FIVE.iter().any(|other| five == *other),
        other => other == b"please",
    };
    lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '@')))
        .map(|word| word.trim_matches(['-', '_']))
        .filter(|word| word.len() >= 4 || word.bytes().any(|b| b.is_ascii_digit()))
        .filter(move |word| !empty(word))
}

/// A set of content words, kept as hashes for comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<u64>);

impl Words {
    /// The content words of lower-case text.
    pub fn of(lower: &str) -> Self {
        let mut hashes: Vec<u64> = content_words(lower).map(hash).collect();
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

    /// Jaccard overlap; 0 where both are empty.
    pub fn overlap(&self, other: &Self) -> f64 {
        let (mut shared, mut a, mut b) = (0_usize, self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
            match left.cmp(right) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    a.next();
                    b.next();
                }
            }
        }
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

/// FNV-1a, with the lowest bit telling whether the word holds a digit.
fn hash(word: &str) -> u64 {
    let digit = u64::from(word.bytes().any(|b| b.is_ascii_digit()));
    let hash = word
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash & !1) | digit
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

/// Those of [`identifiers`] that may stand in an explanation: none is a piece of something that masks look for.
pub fn quotable_identifiers(text: &str) -> Vec<&str> {
    let mut found = identifiers(text);
    found.retain(|token| !is_part(text, token));
    found
}

/// True for a piece of a phone number, IBAN or e-mail address: quoted on its own it would pass every mask.
fn is_part(text: &str, token: &str) -> bool {
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

/// An answer without what a notebook puts around it: `# result = "Error: …"` is `Error: …`.
fn bare(result: &str) -> &str {
    let text = result.trim_start();
    let line = text.trim_start_matches('#').trim_start();
    let Some((name, value)) = line.split_once('=') else { return text };
    let name = name.trim();
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = value.trim_start();
    if named && value.starts_with(['"', '\'']) { value.trim_start_matches(['"', '\'']) } else { text }
}

/// True where a tool's answer says by itself that the call failed.
pub fn says_failure(result: &str) -> bool {
    let text = bare(result);
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if ["error", "exception", "traceback", "failed", "failure"].iter().any(|word| begins(word)) {
        return true;
    }
    if !text.starts_with('{') || text.len() > 4_096 {
        return false;
    }
    // Most answers are records without a failure: their members are skipped over, not built, before a closer look.
    let Some(members) = crate::model::tool::members(text) else { return false };
    let object: serde_json::Map<String, serde_json::Value> = members
        .into_iter()
        .filter(|(key, _)| FAILURE_KEYS.contains(&key.as_str()))
        .filter_map(|(key, raw)| Some((key, serde_json::from_str(raw.get()).ok()?)))
        .collect();
    tells_failure(&object) && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Members of an answer that may tell of a failure.
const FAILURE_KEYS: [&str; 7] = ["error", "status", "status_code", "code", "ok", "success", "isError"];

fn tells_failure(object: &serde_json::Map<String, serde_json::Value>) -> bool {
    let is = |key: &str, value: bool| object.get(key).and_then(serde_json::Value::as_bool) == Some(value);
    let named = object.get("error").is_some_and(|error| match error {
        serde_json::Value::Null | serde_json::Value::Bool(false) => false,
        serde_json::Value::String(text) => !text.is_empty(),
        _ => true,
    });
    let status = ["status", "status_code", "code"].iter().filter_map(|key| object.get(*key)).any(|status| {
        status.as_u64().is_some_and(|code| (400..600).contains(&code))
            || status
                .as_str()
                .is_some_and(|word| ["error", "failed", "failure", "rejected"].contains(&word.to_lowercase().as_str()))
    });
    named || status || is("ok", false) || is("success", false) || is("isError", true)
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
        ] {
            assert!(!says_failure(text), "{text}");
        }
    }
}

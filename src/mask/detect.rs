//! Detectors of personal data, on the shadow of a text.
//!
//! Invariant: a detector of numbers takes whole numbers only, never a part of a longer id.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::signs::Signs;
use super::{Class, Known};

mod numbers;

/// A place in the shadow.
pub(super) type Place = (Class, Range<usize>);

/// Finds everything, the surest kinds first; places are sorted and apart.
pub(super) fn find(shadow: &str, known: &Known) -> Vec<Place> {
    find_all(shadow, known, Signs::of(shadow))
}

/// The same, looking only for what there are signs of.
pub(super) fn find_all(shadow: &str, known: &Known, signs: Signs) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut taken = Taken::default();
    let digits = signs.digits;
    let detectors: [(bool, &dyn Fn() -> Vec<Place>); 16] = [
        (true, &|| known.find(shadow)),
        (signs.secret, &|| secrets(shadow)),
        (signs.assigned, &|| assigned(shadow)),
        (signs.email, &|| emails(shadow)),
        (signs.spoken, &|| spoken_emails(shadow)),
        // Before the detectors of numbers, which might take its digits for something else.
        (signs.birth, &|| births(shadow)),
        (signs.iban, &|| numbers::ibans(shadow)),
        (digits >= numbers::SHORTEST_CARD, &|| numbers::cards(shadow)),
        (signs.ssn && digits >= 9, &|| numbers::named_ssns(shadow)),
        (digits >= 9, &|| numbers::ssns(shadow)),
        (signs.ipv4 || signs.ipv6, &|| numbers::ips(shadow)),
        (signs.phone && digits >= Signs::FEWEST, &|| numbers::named_phones(shadow)),
        (digits >= 8, &|| numbers::phones(shadow)),
        (signs.address, &|| addresses(shadow)),
        (signs.name, &|| names(shadow)),
        (signs.spoken_of, &|| spoken_of(shadow)),
    ];
    for (_, detector) in detectors.into_iter().filter(|(possible, _)| *possible) {
        for (class, range) in detector() {
            if taken.take(&range) {
                places.push((class, range));
            }
        }
    }
    places.sort_by_key(|(_, range)| range.start);
    places
}

/// True where the range is not glued to letters or digits.
pub(super) fn is_whole_word(text: &str, range: &Range<usize>) -> bool {
    !before(text, range.start).is_some_and(is_word) && !after(text, range.end).is_some_and(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

fn after(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// The text on the same line just before a place, in lower case: some words at most.
fn context(text: &str, at: usize) -> String {
    let mut start = at.saturating_sub(128);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let before = text.get(start..at).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    let start = line.char_indices().rev().take(32).last().map_or(0, |(at, _)| at);
    line.get(start..).unwrap_or("").to_lowercase()
}

/// Ranges that are apart, for asking whether another one touches any of them.
#[derive(Default)]
pub(super) struct Taken(BTreeMap<usize, usize>);

impl Taken {
    /// Takes a range, unless it is empty or a part of it was taken before.
    pub(super) fn take(&mut self, range: &Range<usize>) -> bool {
        let free = self.0.range(..range.end).next_back().is_none_or(|(_, end)| *end <= range.start);
        if free && !range.is_empty() {
            self.0.insert(range.start, range.end);
        }
        free && !range.is_empty()
    }

    /// What was taken, in order.
    pub(super) fn ranges(&self) -> Vec<Range<usize>> {
        self.0.iter().map(|(start, end)| *start..*end).collect()
    }
}

/// Patterns, each compiled when something first shows a sign of it.
struct Patterns {
    secret: LazyLock<Regex>,
    assigned: LazyLock<Regex>,
    email: LazyLock<Regex>,
    spoken_email: LazyLock<Regex>,
    address: LazyLock<Regex>,
    name: LazyLock<Regex>,
    spoken_of: LazyLock<Regex>,
    birth: LazyLock<Regex>,
}

/// Compiles a pattern of this module.
fn compile(pattern: &str) -> Regex {
    // Better no output at all than output that was not searched.
    Regex::new(pattern).unwrap_or_else(|_| unreachable!("a constant pattern, which a test compiles"))
}

static PATTERNS: Patterns = Patterns {
    secret: LazyLock::new(|| compile(SECRET)),
    assigned: LazyLock::new(|| compile(ASSIGNED)),
    email: LazyLock::new(|| compile(EMAIL)),
    spoken_email: LazyLock::new(|| compile(SPOKEN_EMAIL)),
    address: LazyLock::new(|| compile(ADDRESS)),
    name: LazyLock::new(|| compile(NAME)),
    spoken_of: LazyLock::new(|| compile(SPOKEN_OF)),
    birth: LazyLock::new(|| compile(BIRTH)),
};

/// Tokens that say what they are by how they begin.
const SECRET: &str = r"(?x)
    -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----[^\u{fffc}]*?-----END\ [A-Z\ ]*PRIVATE\ KEY-----
    | \b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b
    | \bgh[pousr]_[A-Za-z0-9]{20,}
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bglpat-[A-Za-z0-9_-]{16,}
    | \bnpm_[A-Za-z0-9]{30,}
    | \bhf_[A-Za-z0-9]{24,}
    | \b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}
    | \bwhsec_[A-Za-z0-9+/=]{16,}
    | \bsk-(?:[A-Za-z0-9]+-)*[A-Za-z0-9_]{16,}
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}
    | \bAIza[0-9A-Za-z_-]{30,}
    | \bya29\.[0-9A-Za-z_-]{20,}
    | \bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}
";

/// Values that are secret by the name before them.
const ASSIGNED: &str = r#"(?xi)
    \bbearer\s+([A-Za-z0-9._~+/-]{16,}=*)
    | ://[^\s/:@\u{fffc}]+:([^\s/@\u{fffc}]+)@
    | \b(?:api[\ _-]?key|access[\ _-]?key|client[\ _-]?secret|secret(?:[\ _-]?key)?|auth[\ _-]?token|access[\ _-]?token
        |refresh[\ _-]?token|token|password|passwd|passcode|passwort|kennwort|pwd)
      (?:["']?\s*[:=]+\s*|\s+(?:is|was|ist|lautet)(?:\s*:)?\s+)["']?([^\s"'<>,;\u{fffc}]{6,})
"#;

const EMAIL: &str = r"[\p{L}\p{N}._%+'-]*[\p{L}\p{N}_+-]@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,24}";

const SPOKEN_EMAIL: &str = r"(?xi)
    \b[\p{L}\p{N}_-]+(?:\s+(?:dot|punkt|underscore)\s+[\p{L}\p{N}_-]+){0,3}\s+at\s+
    [\p{L}\p{N}-]+(?:\s+(?:dot|punkt)\s+[\p{L}\p{N}-]+){0,2}\s+(?:dot|punkt)\s+
    (?:com|org|net|edu|gov|info|io|co|me|app|dev|shop|example|test|eu|de|at|ch|fr|es|it|nl|be|uk|us|ca|au|se|no|dk|fi|pl)\b
";

const ADDRESS: &str = r"(?x)
    \b\d{1,5}[A-Za-z]?,?\ (?:\p{Lu}[\p{L}'.-]*\ ){1,3}
      (?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Terrace|Parkway|Pkwy|Highway|Hwy|Way)\b\.?
      (?:,?\ (?:Apt|Apartment|Suite|Unit|Flat|\#)\.?\ ?[A-Za-z0-9]+\b)?
    | \b\p{Lu}[\p{L}-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer)\ \d{1,4}\ ?[a-z]?\b(?:,\ \d{5}\ \p{Lu}[\p{L}-]+)?
";

const NAME: &str = r"(?x)
    \b(?i:my\ name\ is|my\ name's|my\ full\ name\ is|mein\ name\ ist|ich\ heiße|je\ m'appelle|me\ llamo|mi\ nombre\ es)\ +
    (\p{Lu}[\p{L}'’-]+(?:\ \p{Lu}[\p{L}'’-]+){0,2})
";

/// Names by the words before them, as agents and tools write of customers. Two words with capitals, since one may begin
/// anything; after a title one is enough.
const SPOKEN_OF: &str = r"(?x)
    \b(?i:user|customer|passenger|client|guest|caller|cardholder|travell?er|kunde|kundin|(?:his|her|their|full|['’]s)\ name\ is)(?i:,|,?\ named)?\ 
      (\p{Lu}\p{Ll}[\p{L}'’-]*(?:\ \p{Lu}\.)?\ \p{Lu}\p{Ll}[\p{L}'’-]*)
    | \b(?:Mrs?|Ms|Herr|Frau)\.?\ (\p{Lu}\p{Ll}[\p{L}'’-]*(?:\ \p{Lu}\p{Ll}[\p{L}'’-]*)?)
";

/// Words with a capital after "customer" and the like that are no names.
const NO_NAMES: [&str; 64] = [
    "account",
    "address",
    "advocate",
    "agent",
    "agreement",
    "app",
    "authentication",
    "card",
    "care",
    "center",
    "centre",
    "class",
    "complaint",
    "data",
    "department",
    "desk",
    "details",
    "email",
    "experience",
    "feedback",
    "group",
    "guide",
    "history",
    "house",
    "id",
    "identity",
    "info",
    "information",
    "interface",
    "journey",
    "library",
    "line",
    "loyalty",
    "management",
    "manager",
    "manual",
    "message",
    "name",
    "note",
    "number",
    "order",
    "orders",
    "please",
    "policy",
    "portal",
    "profile",
    "protection",
    "question",
    "record",
    "records",
    "relations",
    "request",
    "reservation",
    "satisfaction",
    "secret",
    "security",
    "service",
    "services",
    "status",
    "story",
    "success",
    "support",
    "survey",
    "team",
];

const BIRTH: &str = r"(?xi)
    \b(?:dob|d\.o\.b\.|date\ of\ birth|birth\ ?date|birthday|born|geburtsdatum|geboren)
    (?:\ (?:is|was|on|am|ist|of)|\ ?[:=]){0,2}\ ?[\x22']?
    (\d{4}-\d{1,2}-\d{1,2} | \d{1,2}[./-]\d{1,2}[./-]\d{2,4}
      | (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\ \d{1,2}(?:st|nd|rd|th)?,?\ \d{4}
      | \d{1,2}\.?\ (?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]*\.?\ \d{4})
    \b
";

fn secrets(shadow: &str) -> Vec<Place> {
    PATTERNS.secret.find_iter(shadow).map(|found| (Class::Secret, found.range())).collect()
}

fn assigned(shadow: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for found in PATTERNS.assigned.captures_iter(shadow) {
        let Some(value) = found.iter().skip(1).flatten().next() else { continue };
        let text = value.as_str().trim_end_matches(['.', '!', '?', ')', ']', '}']);
        // Schemas and prose put plain words there ("token: string"); secrets mix kinds of characters.
        if text.chars().any(|c| c.is_ascii_digit()) && text.chars().any(char::is_alphabetic) || entropy(text) >= 3.5 {
            places.push((Class::Secret, value.start()..value.start() + text.len()));
        }
    }
    places
}

/// Bits per character, by the frequencies of the characters in the text itself.
fn entropy(text: &str) -> f64 {
    let mut counts = BTreeMap::<char, f64>::new();
    text.chars().for_each(|c| *counts.entry(c).or_default() += 1.0);
    let all: f64 = counts.values().sum();
    counts.values().map(|count| -(count / all) * (count / all).log2()).sum()
}

fn emails(shadow: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for found in PATTERNS.email.find_iter(shadow) {
        let mut start = found.start();
        let text = found.as_str();
        // In half-escaped text an escape may stand right before the address.
        if before(shadow, start) == Some('\\') && text.starts_with(['n', 't', 'r']) {
            start += 1;
        }
        start += shadow
            .get(start..found.end())
            .map_or(0, |text| text.len() - text.trim_start_matches(['\'', '.', '-']).len());
        if shadow.get(start..found.end()).is_some_and(|text| !text.starts_with('@')) {
            places.push((Class::Email, start..found.end()));
        }
    }
    places
}

fn spoken_emails(shadow: &str) -> Vec<Place> {
    PATTERNS.spoken_email.find_iter(shadow).map(|found| (Class::Email, found.range())).collect()
}

fn addresses(shadow: &str) -> Vec<Place> {
    PATTERNS.address.find_iter(shadow).map(|found| (Class::Address, found.range())).collect()
}

fn names(shadow: &str) -> Vec<Place> {
    PATTERNS.name.captures_iter(shadow).filter_map(|found| Some((Class::Name, found.get(1)?.range()))).collect()
}

/// Names of which the words before them speak.
fn spoken_of(shadow: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for found in PATTERNS.spoken_of.captures_iter(shadow) {
        let Some(name) = found.iter().skip(1).flatten().next() else { continue };
        let text = name.as_str().trim_end_matches("'s").trim_end_matches("’s").trim_end_matches(['\'', '’', '-']);
        if !text.split(' ').any(|word| NO_NAMES.contains(&&*word.to_lowercase())) {
            places.push((Class::Name, name.start()..name.start() + text.len()));
        }
    }
    places
}

fn births(shadow: &str) -> Vec<Place> {
    PATTERNS.birth.captures_iter(shadow).filter_map(|found| Some((Class::Date, found.get(1)?.range()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for pattern in [SECRET, ASSIGNED, EMAIL, SPOKEN_EMAIL, ADDRESS, NAME, SPOKEN_OF, BIRTH] {
            Regex::new(pattern).unwrap();
        }
        numbers::check_patterns();
    }
}

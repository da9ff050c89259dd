//! Personal data and secrets: found, and replaced by pseudonyms at every door out.
//!
//! Invariant: masking masked text changes nothing; the same value under the same key has the same pseudonym in every
//! document; order numbers and ids are left alone. It does not find everything, and nothing here promises so.

mod detect;
mod json;
mod known;
mod pseudonym;
mod reverse;
mod shadow;
mod signs;

use std::ops::Range;

use self::shadow::Shadow;
use self::signs::Signs;

pub use self::known::Known;
pub use self::pseudonym::first as first_pseudonym;
pub use self::reverse::{Originals, Unknown};

/// What kind of personal data a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// An e-mail address, spelled out ones ("anna at example dot com") too.
    Email,
    /// A telephone number.
    Phone,
    /// A payment card number that passes the Luhn check.
    Card,
    /// An IBAN that passes its checksum.
    Iban,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A key, token, password or private key.
    Secret,
    /// A US social security number.
    Ssn,
    /// A street address: known, or in a usual form.
    Address,
    /// A person's name: known, or given with "my name is", "the customer, …" or a title.
    Name,
    /// A date of birth, by the name or the words before it.
    Date,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::Phone,
        Self::Card,
        Self::Iban,
        Self::Ip,
        Self::Secret,
        Self::Ssn,
        Self::Address,
        Self::Name,
        Self::Date,
    ];

    /// The word in pseudonyms and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::Ip => "IP",
            Self::Secret => "SECRET",
            Self::Ssn => "SSN",
            Self::Address => "ADDRESS",
            Self::Name => "NAME",
            Self::Date => "DATE",
        }
    }
}

/// Which classes are masked; all by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    masked: [bool; Class::ALL.len()],
}

impl Default for Policy {
    fn default() -> Self {
        Self { masked: [true; Class::ALL.len()] }
    }
}

impl Policy {
    /// This policy, with one class left as it is.
    #[must_use]
    pub fn without(mut self, class: Class) -> Self {
        self.masked[class as usize] = false;
        self
    }

    /// True where a class is masked.
    pub fn masks(&self, class: Class) -> bool {
        self.masked[class as usize]
    }
}

/// A place in a text that holds personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub class: Class,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its value in the form that pseudonyms are made of.
    value: String,
}

/// A masked text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked {
    /// The text, each finding replaced by its pseudonym.
    pub text: String,
    /// What was replaced: ranges of the original text, sorted and apart.
    pub found: Vec<(Class, Range<usize>)>,
}

/// Replaces personal data by pseudonyms such as `<EMAIL-1a2b3c4d>`.
#[derive(Debug, Clone)]
pub struct Masker {
    key: [u8; 32],
    known: Known,
    policy: Policy,
}

impl Masker {
    /// Sets up masking. The key makes pseudonyms stable within a workspace and meaningless outside of it.
    pub fn new(key: [u8; 32], known: Known, policy: Policy) -> Self {
        Self { key, known, policy }
    }

    /// The same key and policy, with what is known of another conversation's customer.
    #[must_use]
    pub fn knowing(&self, known: Known) -> Self {
        Self { key: self.key, known, policy: self.policy }
    }

    /// True where it knows of anybody.
    pub fn knows_anybody(&self) -> bool {
        !self.known.is_empty()
    }

    /// Masks plain text.
    pub fn mask(&self, text: &str) -> Masked {
        self.mask_in("", text)
    }

    /// Masks JSON text: the strings in it, keys too, and JSON within them; white space and the order and spelling of
    /// everything else stay. A whole number that is somebody's, by its digits and the key it stands under, becomes a
    /// pseudonym in a string. Text that is not JSON is masked as plain text.
    pub fn mask_json_text(&self, text: &str) -> String {
        self.masked_json_text(text).unwrap_or_else(|| text.to_owned())
    }

    /// The same; `None` where nothing is masked in it.
    pub fn masked_json_text(&self, text: &str) -> Option<String> {
        json::mask_text(self, text)
    }

    /// Masks the strings and numbers of a JSON value in the same way.
    pub fn mask_json(&self, value: &serde_json::Value) -> serde_json::Value {
        json::mask_value(self, "", value)
    }

    /// Finds personal data, in the strings and numbers of JSON text as in plain text; for the last check of a finished
    /// file.
    ///
    /// In JSON text the range of a finding is that of its whole string or number. Lines that are JSON (JSONL) are read as such.
    pub fn scan(&self, text: &str) -> Vec<Finding> {
        json::scan(self, text)
    }

    /// The class of something personal in a string that stands under a name (a JSON key), or in JSON within it.
    pub fn first_in(&self, name: &str, text: &str) -> Option<Class> {
        json::first_in(self, name, text)
    }

    /// The same of a number.
    pub fn first_in_number(&self, name: &str, number: &serde_json::Number) -> Option<Class> {
        json::first_in(self, name, json::digits(&number.to_string())?)
    }

    /// True where nothing is to be found in a text, nor in the strings of it if it is JSON. Where it is false, there may be
    /// nothing all the same.
    fn is_quiet(&self, name: &str, text: &str) -> bool {
        // Escapes hide what a string says. Without them the text of every string stands in the text as it is.
        if json::looks_like(text) && text.contains('\\') {
            return false;
        }
        let shadow = Shadow::new(name, text, &[]);
        Signs::of(shadow.text()).none() && !self.known.touches(shadow.text())
    }

    /// Masks text that stands under a name (a JSON key), which tells what it may be.
    fn mask_in(&self, name: &str, text: &str) -> Masked {
        let findings = self.find(name, text);
        if findings.is_empty() {
            return Masked { text: text.to_owned(), found: Vec::new() };
        }
        let mut masked = Masked { text: String::with_capacity(text.len()), found: Vec::with_capacity(findings.len()) };
        let mut at = 0;
        for finding in findings {
            masked.text.push_str(text.get(at..finding.range.start).unwrap_or(""));
            masked.text.push_str(&self.pseudonym(&finding));
            at = finding.range.end;
            masked.found.push((finding.class, finding.range));
        }
        masked.text.push_str(text.get(at..).unwrap_or(""));
        masked
    }

    /// What stands in a finding's place.
    fn pseudonym(&self, finding: &Finding) -> String {
        pseudonym::of(&self.key, finding.class, &finding.value)
    }

    /// Finds until nothing more is found beside what was found: so masked text has nothing left to find.
    fn find(&self, name: &str, text: &str) -> Vec<Finding> {
        const ROUNDS: usize = 16;
        let mut taken = detect::Taken::default();
        for place in pseudonym::places(text) {
            taken.take(&place);
        }
        let mut found: Vec<Finding> = Vec::new();
        for _ in 0..ROUNDS {
            let shadow = Shadow::new(name, text, &taken.ranges());
            let before = found.len();
            for (class, range) in detect::find(shadow.text(), &self.known) {
                let Some(source) = shadow.source(range.clone()).filter(|_| self.policy.masks(class)) else { continue };
                if taken.take(&source) {
                    let value = shadow.text().get(range).unwrap_or("").to_owned();
                    found.push(Finding { class, range: source, value });
                }
            }
            if found.len() == before {
                break;
            }
        }
        found.sort_by_key(|finding| finding.range.start);
        found
    }
}

/// Finds personal data by form alone, without knowledge of anybody.
pub fn scan(text: &str) -> Vec<Finding> {
    Masker::new([0; 32], Known::default(), Policy::default()).scan(text)
}

#[cfg(test)]
mod tests;

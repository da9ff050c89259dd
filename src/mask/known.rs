//! Personal data known beforehand, from the metadata of a conversation: the best detector of names there is.
//!
//! Invariant: a known value is matched as whole words only.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::Value;

use super::{Class, shadow};

/// Values known to be somebody's name, address, e-mail address or telephone number.
#[derive(Debug, Clone, Default)]
pub struct Known {
    values: Vec<(Class, String)>,
    matcher: Option<Arc<AhoCorasick>>,
}

/// Shortest name or value looked for; shorter ones are found in too many words.
const MIN_LENGTH: usize = 3;
/// Most values looked for.
const MAX_VALUES: usize = 10_000;

impl Known {
    /// Takes values with their classes. Full names count by their parts as well, where written with a capital.
    pub fn new(values: impl IntoIterator<Item = (Class, String)>) -> Self {
        let mut all: Vec<(Class, String)> = Vec::new();
        for (class, value) in values {
            let value = shadow::plain(value.trim());
            if class == Class::Name {
                all.extend(value.split_whitespace().filter(|part| is_part(part)).map(|part| (class, part.to_owned())));
            }
            all.push((class, value));
        }
        let long = |value: &str| value.chars().count() >= MIN_LENGTH && value.chars().any(char::is_alphanumeric);
        all.retain(|(class, value)| long(value) || (*class == Class::Name && is_part(value)));
        all.sort();
        all.dedup();
        all.truncate(MAX_VALUES);
        // Letter case beyond ASCII: both forms are looked for.
        let mut variants: Vec<(Class, String)> = Vec::with_capacity(all.len());
        for (class, value) in all {
            let others = (!value.is_ascii()).then(|| [value.to_lowercase(), value.to_uppercase()]);
            variants.push((class, value));
            variants.extend(others.into_iter().flatten().map(|value| (class, value)));
        }
        if variants.is_empty() {
            return Self::default();
        }
        // Made for one conversation, so that making it must not cost more than the looking.
        let matcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(variants.iter().map(|(_, value)| value));
        Self { matcher: matcher.ok().map(Arc::new), values: variants }
    }

    /// Reads values from metadata: from members at any depth whose names say what they hold (`customer_name`,
    /// `first_name`, `email`, `phone`, `street`, …). Beside them it takes whole values, such as a tool's result or a list
    /// of them, and names known otherwise.
    pub fn from_metadata_and<'a>(
        members: impl IntoIterator<Item = (&'a String, &'a Value)>,
        (whole, names): (&[Value], Vec<String>),
    ) -> Self {
        let mut values: Vec<(Class, String)> = names.into_iter().map(|name| (Class::Name, name)).collect();
        for (name, value) in members {
            learn(name, value, &mut values, 0);
        }
        for value in whole {
            learn("", value, &mut values, 0);
        }
        Self::new(values)
    }

    /// True where any known value stands in a shadow, as a word or not.
    pub(super) fn touches(&self, shadow: &str) -> bool {
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(shadow))
    }

    /// True where nothing is known.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The places of known values in a shadow.
    pub(super) fn find(&self, shadow: &str) -> Vec<(Class, Range<usize>)> {
        let Some(matcher) = &self.matcher else { return Vec::new() };
        matcher
            .find_iter(shadow)
            .filter(|found| super::detect::is_whole_word(shadow, &found.range()))
            .filter_map(|found| {
                let (class, value) = self.values.get(found.pattern().as_usize())?;
                // A lone part of a name is a name only with its capital: `Rose`, not `rose`.
                let written = shadow.get(found.range())?;
                // An id that is made of a name is one however it is written.
                let lone = *class == Class::Name && value.chars().all(|c| c.is_alphabetic() || "-'’.".contains(c));
                (!lone || written.starts_with(char::is_uppercase)).then(|| (*class, found.range()))
            })
            .collect()
    }
}

/// Words of two or three letters that are parts of names and of any sentence: `Li` is somebody, `An` most often is not.
const USUAL: [&str; 57] = [
    "al", "all", "am", "an", "and", "any", "are", "as", "at", "bin", "but", "by", "can", "da", "das", "de", "del",
    "den", "der", "di", "did", "do", "dos", "du", "el", "en", "for", "go", "had", "has", "he", "her", "his", "if",
    "in", "is", "it", "la", "le", "los", "may", "me", "my", "no", "not", "of", "on", "or", "our", "so", "the", "to",
    "up", "van", "von", "we", "you",
];

/// True for a part of a full name that is taken for a name where it stands alone with a capital.
fn is_part(part: &str) -> bool {
    let letters = part.chars().count();
    part.starts_with(char::is_uppercase)
        && (letters > MIN_LENGTH
            || (letters > 1 && part.chars().all(char::is_alphabetic) && !USUAL.contains(&&*part.to_lowercase())))
}

/// True for an id that is made of a name, such as `mia_li_3668`: two words of letters, then digits.
fn is_name_id(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['_', '.', '-']).collect();
    let [first, middle @ .., digits] = parts.as_slice() else { return false };
    let word = |part: &&str| part.len() > 1 && part.chars().all(char::is_alphabetic);
    !middle.is_empty()
        && word(first)
        && middle.iter().all(word)
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn learn(name: &str, value: &Value, values: &mut Vec<(Class, String)>, depth: usize) {
    if depth > 16 || values.len() >= MAX_VALUES {
        return;
    }
    match value {
        Value::String(text) => {
            let named = || (is_of_person(name) && is_name_id(text)).then_some(Class::Name);
            values.extend(class_of(name).or_else(named).map(|class| (class, text.clone())));
        }
        Value::Number(number) => {
            let written = number.to_string();
            let known = super::json::digits(&written).zip(class_of(name));
            values.extend(known.map(|(digits, class)| (class, digits.to_owned())));
        }
        Value::Array(items) => items.iter().for_each(|item| learn(name, item, values, depth + 1)),
        Value::Object(members) => {
            let told = |names: [&str; 4]| names.iter().find_map(|name| members.get(*name)?.as_str());
            let first = told(["first_name", "firstname", "given_name", "firstName"]);
            let last = told(["last_name", "lastname", "family_name", "lastName"]);
            values.extend(first.zip(last).map(|(first, last)| (Class::Name, format!("{first} {last}"))));
            for (member, value) in members {
                // On top, members are named as those of metadata are: `user_email`, not `.user_email`.
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                learn(&name, value, values, depth + 1);
            }
        }
        _ => {}
    }
}

/// True where a member holds the id of a customer.
fn is_of_person(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = name.rsplit('.').next().unwrap_or(&name).replace('_', "");
    ["userid", "customerid", "clientid", "username", "accountid"].contains(&last.as_str())
}

/// What the name of a member says that it holds.
fn class_of(name: &str) -> Option<Class> {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    let last = name.rsplit('.').next().unwrap_or(&name);
    let person = ["customer", "client", "caller", "contact", "passenger", "recipient", "billing", "shipping", "holder"];
    let of_person = person.iter().any(|word| name.contains(word)) || name.starts_with("user");
    match last {
        "first_name" | "last_name" | "full_name" | "firstname" | "lastname" | "fullname" | "given_name" | "surname"
        | "family_name" | "cardholder" => Some(Class::Name),
        _ if last.ends_with("name") && of_person && !last.ends_with("username") => Some(Class::Name),
        _ if last.ends_with("email") || last.ends_with("e_mail") || last == "mail" => Some(Class::Email),
        _ if ["phone", "phone_number", "mobile", "telephone"].iter().any(|end| last.ends_with(end)) => {
            Some(Class::Phone)
        }
        _ if ["address", "address1", "address_line1", "street", "street_address"].contains(&last) => {
            Some(Class::Address)
        }
        _ if of_person && last.ends_with("address") => Some(Class::Address),
        "dob" | "date_of_birth" | "dateofbirth" | "birth_date" | "birthdate" | "birthday" => Some(Class::Date),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_people_and_not_tools() {
        let json = serde_json::json!({
            "customer": {"name": "Ana Lindqvist", "address": {"street": "Am Hafen 3"}},
            "tool_name": "refund", "service.name": "shop", "user.name": "mira", "email": "ana@example.org",
            "contacts": [{"first_name": "Bo"}]
        });
        let Value::Object(members) = json else { return };
        let known = Known::from_metadata_and(&members, (&[], Vec::new()));
        let text = "ANA LINDQVIST of am hafen 3, Lindqvists, lindqvist; Lindqvist. shop refund";
        let found: Vec<(Class, &str)> =
            known.find(text).into_iter().map(|(class, range)| (class, &text[range])).collect();
        assert_eq!(
            found,
            vec![(Class::Name, "ANA LINDQVIST"), (Class::Address, "am hafen 3"), (Class::Name, "Lindqvist")]
        );
        assert!(Known::default().is_empty());
        let json = serde_json::json!({
            "user_id": "mia_li_3668", "order_id": "mia_li_3668x", "profile": {"first_name": "Mia", "last_name": "Li"},
        });
        let Value::Object(members) = json else { return };
        let known = Known::from_metadata_and(&members, (&[], Vec::new()));
        let text = "Refund Mia Li, Ms Li; li, Lime, mia; mia_li_3668";
        let found: Vec<&str> = known.find(text).into_iter().map(|(_, range)| &text[range]).collect();
        assert_eq!(found, ["Mia Li", "Li", "mia_li_3668"]);
        // Whole values, as tools return them: a list of people, and a person without anything around.
        let whole = [
            serde_json::json!([{"first_name": "Mia", "last_name": "Li"}, {"first_name": "Rosa", "last_name": "Quint"}]),
            serde_json::json!({"first_name": "Bo", "last_name": "Ek", "user_email": "bo@example.org"}),
        ];
        let known = Known::from_metadata_and([], (&whole, Vec::new()));
        let text = "for Mia Li, rosa QUINT, bo ek; BO@example.org";
        let found: Vec<(Class, &str)> =
            known.find(text).into_iter().map(|(class, range)| (class, &text[range])).collect();
        let names = ["Mia Li", "rosa QUINT", "bo ek"].map(|name| (Class::Name, name));
        assert_eq!(found, [&names[..], &[(Class::Email, "BO@example.org")]].concat());
        let usual = Known::new([(Class::Name, "An So".to_owned())]);
        assert!(usual.find("An answer. So what?").is_empty() && usual.find("An So wrote").len() == 1);
    }
}

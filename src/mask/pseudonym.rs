//! Pseudonyms: what stands in place of personal data.
//!
//! Invariant: a pseudonym is a function of key, class and value, and is recognised as one wherever it stands.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::Class;

/// Hex digits of a pseudonym: enough that two values of a workspace hardly ever share one.
const DIGITS: usize = 8;

/// The pseudonym of a value, `<CLASS-hex>`: the beginning of keyed BLAKE3 over class and canonical value.
pub(super) fn of(key: &[u8; 32], class: Class, value: &str) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(class.word().as_bytes());
    hasher.update(&[0]);
    hasher.update(canonical(class, value).as_bytes());
    let hash = hasher.finalize().to_hex();
    format!("<{}-{}>", class.word(), hash.get(..DIGITS).unwrap_or(&hash))
}

/// The places of pseudonyms that stand in a text already, sorted.
pub(super) fn places(text: &str) -> Vec<Range<usize>> {
    static PSEUDONYM: OnceLock<Option<Regex>> = OnceLock::new();
    if !text.contains('<') {
        return Vec::new();
    }
    let pattern = PSEUDONYM.get_or_init(|| {
        let words = Class::ALL.map(Class::word).join("|");
        Regex::new(&format!("<(?:{words})-[0-9a-f]{{{DIGITS}}}>")).ok()
    });
    pattern.iter().flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect()
}

/// The first pseudonym that stands in a text.
pub fn first(text: &str) -> Option<&str> {
    places(text).into_iter().next().and_then(|place| text.get(place))
}

/// A value in the one spelling that its other spellings share.
fn canonical(class: Class, value: &str) -> String {
    match class {
        Class::Card | Class::Iban | Class::Ssn => {
            value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
        }
        Class::Phone => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let digits = digits.strip_prefix("00").unwrap_or(&digits);
            // North American numbers are written with and without their country code.
            digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(digits).to_owned()
        }
        Class::Email => {
            let mail = value.to_lowercase();
            if mail.contains('@') { mail } else { mail.replace(" dot ", ".").replace(" at ", "@").replace(' ', "") }
        }
        Class::Name | Class::Address => value.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "),
        Class::Ip | Class::Secret | Class::Date => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_share_a_pseudonym_and_keys_and_classes_do_not() {
        let key = [7; 32];
        let same = |class, a: &str, b: &str| assert_eq!(of(&key, class, a), of(&key, class, b), "{a} {b}");
        same(Class::Card, "4111 1111 1111 1111", "4111111111111111");
        same(Class::Phone, "+1 202-555-0143", "(202) 555-0143");
        same(Class::Phone, "0049 30 901820", "+49 30 901820");
        same(Class::Email, "Anna@Example.com", "anna@example.com");
        same(Class::Email, "anna dot schmidt at example dot com", "anna.schmidt@example.com");
        same(Class::Name, "Anna  Schmidt", "anna schmidt");
        assert_ne!(of(&key, Class::Name, "x"), of(&[8; 32], Class::Name, "x"));
        assert_ne!(of(&key, Class::Name, "x"), of(&key, Class::Address, "x"));
        let text = format!("a {} b", of(&key, Class::Iban, "x"));
        assert_eq!(places(&text), vec![2..text.len() - 2]);
    }
}

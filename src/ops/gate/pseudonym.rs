//! Whether a masked text may have been made of an exact one, where the two were masked with different knowledge.
//!
//! Invariant: a pseudonym stands for a value only where masking that value as of its class gives the very pseudonym.

use std::ops::Range;

use crate::mask::{Class, Known, Masker};

/// Hex digits behind the class of a pseudonym.
const DIGITS: usize = 8;

/// Longer texts are compared as they are only: what is a name in them is no argument's value.
const LONGEST: usize = 4_096;

/// Places at which the text behind a pseudonym is tried to go on.
const MOST_TRIED: usize = 64;

/// True where JSON text is another JSON text with values replaced by their pseudonyms.
pub(super) fn gives(masker: &Masker, masked: &str, exact: &str) -> bool {
    let Some((class, place)) = first(masked) else { return masked == exact };
    let (before, pseudonym, rest) = (&masked[..place.start], &masked[place.clone()], &masked[place.end..]);
    // A number was not in quotes before.
    if let Some((digits, behind)) = before.strip_suffix('"').and_then(|before| number(exact.strip_prefix(before)?)) {
        let stands = masker.knowing(Known::new([(class, digits.to_owned())])).mask(digits).text == pseudonym;
        return stands && rest.strip_prefix('"').is_some_and(|rest| gives(masker, rest, behind));
    }
    let Some(exact) = exact.strip_prefix(before).filter(|exact| exact.len() <= LONGEST) else {
        return false;
    };
    let next = &rest[..first(rest).map_or(rest.len(), |(_, place)| place.start)];
    let stands_for = |value: &str| {
        let value = serde_json::from_str(&format!("\"{value}\"")).unwrap_or_else(|_| value.to_owned());
        masker.knowing(Known::new([(class, value.clone())])).mask(&value).text == pseudonym
    };
    let mut ends = exact.match_indices(next).map(|(end, _)| end).filter(|end| *end > 0).take(MOST_TRIED);
    ends.any(|end| stands_for(&exact[..end]) && gives(masker, rest, &exact[end..]))
}

/// The whole number that a text begins with, and what follows it.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (end > 0).then(|| (digits, rest.strip_prefix(".0").unwrap_or(rest)))
}

/// The first pseudonym of a text.
fn first(text: &str) -> Option<(Class, Range<usize>)> {
    text.match_indices('<').find_map(|(start, _)| {
        let (word, rest) = text[start + 1..].split_once('-')?;
        let class = Class::ALL.into_iter().find(|class| class.word() == word)?;
        let hex = rest.get(..DIGITS).filter(|hex| hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')))?;
        let end = start + word.len() + hex.len() + 3;
        (text.as_bytes().get(end - 1) == Some(&b'>')).then_some((class, start..end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Policy;

    #[test]
    fn a_pseudonym_stands_for_its_value_under_its_key_only() {
        let masker = |key: u8| Masker::new([key; 32], Known::default(), Policy::default());
        let knows = Known::new([(Class::Name, "Ana Lindqvist".to_owned()), (Class::Address, "Am Hafen 3".to_owned())]);
        let masked = |text: &str| masker(1).knowing(knows.clone()).mask_json_text(text);
        let exact = r#"{"note":"for Ana Lindqvist, Am Hafen 3, by Friday","mail":"ana@example.org"}"#;
        let told = masked(exact);
        assert!(told.contains("<NAME-") && told.contains("<ADDRESS-") && told.contains("<EMAIL-"), "{told}");
        assert!(gives(&masker(1), &told, exact));
        assert!(!gives(&masker(2), &told, exact));
        for other in ["Bo Lindqvist", "ana lindqvists", ""] {
            assert!(!gives(&masker(1), &told, &exact.replace("Ana Lindqvist", other)), "{other}");
        }
        assert!(!gives(&masker(1), &told, &exact.replace("Friday", "Monday")));
        assert!(gives(&masker(1), "\"plain\"", "\"plain\"") && !gives(&masker(1), "1", "2"));
        let phone = Known::new([(Class::Phone, "4915112345671".to_owned())]);
        let numbers = r#"{"to":4915112345671,"n":[4915112345671.0,12]}"#;
        let told = masker(1).knowing(phone).mask_json_text(numbers);
        assert_eq!(told.matches("\"<PHONE-").count(), 2, "{told}");
        assert!(gives(&masker(1), &told, numbers) && !gives(&masker(2), &told, numbers));
        assert!(!gives(&masker(1), &told, &numbers.replace("671,", "672,")));
        assert!(!gives(&masker(1), &told, &numbers.replace("12]", "13]")));
        let quoted = r#""Ana \"Lin\" Lindqvist""#;
        let name = Known::new([(Class::Name, "Ana \"Lin\" Lindqvist".to_owned())]);
        assert!(gives(&masker(1), &masker(1).knowing(name).mask_json_text(quoted), quoted));
    }

    #[test]
    fn what_looks_like_a_pseudonym_is_none() {
        for text in ["<NAME>", "<NAME-1234567>", "<NAME-1234567x>", "<NAME-123456789>", "<-", "a < b - c", "<É-"] {
            assert_eq!(first(text), None, "{text}");
        }
        assert_eq!(first("é <IP-0123abcd>"), Some((Class::Ip, 3..16)));
    }
}

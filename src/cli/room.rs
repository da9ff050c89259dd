//! Text as a room may see it: personal data masked, names included, and whatever numbers a customer or an order.
//!
//! Invariant: the same number has the same stand-in everywhere, so that a room can still follow it; masking twice changes
//! nothing.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::mask::{Known, Masker, Policy};
use crate::ops::workspace::Workspace;
use crate::tui::Mask;

/// So many digits in one word make it the number of something.
const DIGITS: usize = 4;

/// Masks for a room.
pub fn mask(workspace: &Workspace) -> Mask {
    let key = workspace.mask_key();
    let masker = Masker::new(key, Known::default(), Policy::default());
    Mask(Arc::new(move |text| without_numbers(&masker.mask(text).text, &key)))
}

/// The text with stand-ins for ids: words of letters, digits, `-`, `_` and `#` with at least four digits. Days, times and
/// amounts stay, since what happened cannot be followed without them.
fn without_numbers(text: &str, key: &[u8; 32]) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '#');
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut last) = (text, "");
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let stands_in = before.ends_with('<') && after.starts_with('>');
        let is_fraction = before == "." && is_number(last) && last.len() < DIGITS;
        // The last of a list of orders is none of its decimals.
        let is_listed = matches!(before, "," | ".") && is_number(last) && last.len() >= DIGITS;
        if stands_in
            || !is_id(word)
            || (is_amount(word, after) && !is_listed)
            || (is_fraction && is_number(word.trim_end_matches('Z')))
        {
            out.push_str(word);
        } else {
            let hash = blake3::keyed_hash(key, word.as_bytes()).to_hex();
            let _ = write!(out, "<ID-{}>", &hash[..4]);
        }
        (rest, last) = (after, word);
    }
    out.push_str(rest);
    out
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for what stands before one or two decimals, as in `1299.90`: `51102,51103` are two orders.
fn is_amount(word: &str, after: &str) -> bool {
    let Some(decimals) = after.strip_prefix(['.', ',']) else { return false };
    let end = decimals.find(|c: char| !c.is_ascii_digit()).unwrap_or(decimals.len());
    let goes_on = |rest: &str| {
        rest.strip_prefix(['.', ',', ':']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    is_number(word) && (1..=2).contains(&end) && !goes_on(&decimals[end..])
}

fn is_id(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    (digits >= DIGITS && !is_day(word)) || is_code(word)
}

/// True for a booking code such as `H8Q05L`: capitals and digits by turns. `HAT136` and `100EUR` are no such codes.
fn is_code(word: &str) -> bool {
    let kinds: Vec<bool> = word.bytes().map(|byte| byte.is_ascii_digit()).collect();
    let turns = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (5..=8).contains(&word.len()) && turns > 1 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// A year, a day, or a day with the beginning of a time.
fn is_day(word: &str) -> bool {
    let year = |text: &str| text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
    let mut parts = word.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(one), None, ..) => year(one) && one.bytes().all(|byte| byte.is_ascii_digit()),
        (Some(first), Some(month), Some(day), None) => {
            let day = day.split_once('T').map_or(day, |(day, _)| day);
            year(first) && [month, day].iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_things_go_and_amounts_and_days_stay() {
        let mask = |text: &str| without_numbers(text, &[7; 32]);
        for kept in [
            "129.90 EUR at 12:30:05 on 2026-11-08",
            "2026-11-08T09:00:00Z",
            "since 2019",
            "call 112, twice",
            "<EMAIL-eab2a8b9>",
            "1.299,00",
            "1299.90 and 1299,90, that is 51102.50.",
            "at 12:30:05.123456, 2026-11-08T09:00:00.123456Z, a share of 0.12345",
            r#"{"amount":1299.90,"year":2026}"#,
            "HAT136 for USD100 or 100EUR, B2B",
        ] {
            assert_eq!(mask(kept), kept);
        }
        let masked = mask("order LF-51102 of customer 88412, LF-51102 again, #A1B2C3D4");
        assert!(!masked.contains("51102") && !masked.contains("88412") && !masked.contains("A1B2"), "{masked}");
        let stand_in = masked.split_whitespace().nth(1).unwrap();
        assert_eq!(masked.matches(stand_in).count(), 2, "{masked}");
        assert_eq!(mask(&masked), masked);
        assert!(!mask("booking H8Q05L, NO6JO3").contains(['Q', 'J']), "codes of capitals and digits go");
        for told in
            ["order:51102", r#"{"order_id":51102}"#, "51102,51103", "51102.51103", "[51102,51103,7]", "12:51102"]
        {
            assert!(!mask(told).contains("5110"), "{told}: {}", mask(told));
        }
    }
}

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
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let stands_in = before.ends_with('<') && after.starts_with('>');
        // `129.90`, `12:30:05` and `2026-11-08T09:00` are no ids.
        let goes_on =
            |text: &str| text.starts_with(['.', ',', ':']) && text[1..].starts_with(|c: char| c.is_ascii_digit());
        let went_on = before.ends_with(['.', ',', ':']);
        if stands_in || !is_id(word) || ((goes_on(after) || went_on) && word.chars().all(|c| c.is_ascii_digit())) {
            out.push_str(word);
        } else {
            let hash = blake3::keyed_hash(key, word.as_bytes()).to_hex();
            let _ = write!(out, "<ID-{}>", &hash[..4]);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_id(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits >= DIGITS && !is_day(word)
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
        ] {
            assert_eq!(mask(kept), kept);
        }
        let masked = mask("order LF-51102 of customer 88412, LF-51102 again, #A1B2C3D4");
        assert!(!masked.contains("51102") && !masked.contains("88412") && !masked.contains("A1B2"), "{masked}");
        let stand_in = masked.split_whitespace().nth(1).unwrap();
        assert_eq!(masked.matches(stand_in).count(), 2, "{masked}");
        assert_eq!(mask(&masked), masked);
    }
}

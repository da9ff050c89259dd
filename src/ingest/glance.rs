//! A look at JSON text that tells whether it can say a word at all, before anybody parses it.
//!
//! Invariant: "no" is certain. "Yes" may be wrong.

/// Whether a text can hold one of these beginnings of words, in upper or lower case, once its escapes are read. The
/// beginnings are in lower case; quotation marks are beginnings too.
pub(super) fn may_say(json: &str, beginnings: &[&[u8; 4]]) -> bool {
    const CASE: u32 = 0x2020_2020;
    const ESCAPE: u32 = u16::from_le_bytes(*b"\\u") as u32;
    json.as_bytes().windows(4).any(|bytes| {
        let four = bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
        four & 0xffff == ESCAPE || beginnings.iter().any(|word| four | CASE == u32::from_le_bytes(**word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_seen_in_any_case_and_behind_escapes() {
        let words: &[&[u8; 4]] = &[b"erro", b"\"ok\""];
        for text in ["an ERRor", "error", r#"{"ok":1}"#, r#"{"\u006fk":1}"#, r#"{"Ok":1}"#] {
            assert!(may_say(text, words), "{text}");
        }
        for text in ["", "err", "{\"a\":[1,2]}", "a terror-free erosion", r#"{"okay":1}"#] {
            assert_eq!(may_say(text, words), text.contains("erro"), "{text}");
        }
    }
}

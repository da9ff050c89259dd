//! Literal search without regard to letter case, for finding and for marking hits.
//!
//! Invariant: ranges are sorted, apart, and lie on character boundaries of the searched text.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

/// Longest text to look for, in characters; the rest of a longer one is not looked at.
const MAX_NEEDLE: usize = 1_000;

/// A text to look for.
#[derive(Debug, Clone)]
pub struct Finder {
    pattern: Regex,
}

impl Finder {
    /// Prepares a search; `None` where there is nothing to look for (empty or blank text).
    pub fn new(needle: &str) -> Option<Self> {
        if needle.trim().is_empty() {
            return None;
        }
        let needle: String = needle.chars().take(MAX_NEEDLE).collect();
        let pattern = RegexBuilder::new(&regex::escape(&needle)).case_insensitive(true).build().ok()?;
        Some(Self { pattern })
    }

    /// Prepares a search for any of several texts, the longest first; `None` where there is nothing to look for.
    pub fn any(needles: &[&str]) -> Option<Self> {
        let mut needles: Vec<String> = needles
            .iter()
            .filter(|needle| !needle.trim().is_empty())
            .take(64)
            .map(|needle| needle.chars().take(MAX_NEEDLE).collect())
            .collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        let pattern = needles.iter().map(|needle| regex::escape(needle)).collect::<Vec<_>>().join("|");
        if pattern.is_empty() {
            return None;
        }
        let pattern = RegexBuilder::new(&pattern).case_insensitive(true).build().ok()?;
        Some(Self { pattern })
    }

    /// The places where it stands, lazily.
    pub fn ranges<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.pattern.find_iter(text).map(|found| found.range())
    }

    /// True where it stands anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        self.pattern.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_is_folded_and_signs_are_literal() {
        let ranges = |needle: &str, text: &str| Finder::new(needle).unwrap().ranges(text).collect::<Vec<_>>();
        assert_eq!(ranges("RÜCK", "rück Rück"), vec![0..5, 6..11]);
        assert_eq!(ranges("a.b", "axb A.B"), vec![4..7]);
        assert_eq!(ranges("aa", "aaaa"), vec![0..2, 2..4]);
        assert_eq!(ranges("σ", "ΣΑΣ ς").len(), 3);
        assert!(Finder::new(" \n").is_none());
        let any = Finder::any(&["refund", "", "re"]).unwrap();
        assert_eq!(any.ranges("Re-Refund").collect::<Vec<_>>(), vec![0..2, 3..9]);
        assert!(Finder::any(&[" "]).is_none());
        assert!(Finder::new(&"(".repeat(10_000)).unwrap().is_in(&"(".repeat(1_000)));
    }

    proptest! {
        #[test]
        fn what_was_cut_out_is_found(text in "\\PC{1,30}", start in 0..30_usize, length in 1..10_usize) {
            let needle: String = text.chars().skip(start).take(length).collect();
            if let Some(finder) = Finder::new(&needle) {
                let ranges: Vec<_> = finder.ranges(&text).collect();
                prop_assert!(!ranges.is_empty());
                prop_assert!(ranges.iter().all(|range| text.get(range.clone()).is_some()));
                prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }
}

//! How many terminal cells a grapheme takes.
//!
//! Invariant: never fewer than any of the two habits of terminals takes: a cell count per cluster (as the drawing
//! library has it), or the sum over its scalars. Where they differ, the rest is filled with spaces, so that what follows
//! on the line stays where it was laid out.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The cells that the drawing library gives a cluster.
pub fn drawn(cluster: &str) -> usize {
    // Half-width sound marks extend the letter before them, yet terminals give each a cell of its own.
    cluster.width() + cluster.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count()
}

/// The cells to set aside for a cluster, whatever the terminal makes of it.
pub fn reserved(cluster: &str) -> usize {
    let apart: usize = cluster.chars().filter_map(UnicodeWidthChar::width).sum();
    apart.max(drawn(cluster))
}

/// The cells to set aside for text that is safe already (our own words, or what a door returned).
pub fn of(safe: &str) -> usize {
    if safe.is_ascii() { safe.len() } else { safe.graphemes(true).map(reserved).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_habits_fit() {
        for (cluster, width) in
            [("a", 1), ("é", 1), ("请", 2), ("👨‍👩‍👧", 6), ("❤️", 2), ("1️⃣", 2), ("🇩🇪", 2), ("🥲🏻", 4), ("␛", 1)]
        {
            assert_eq!(reserved(cluster), width, "{cluster}");
            assert!(drawn(cluster) <= width);
        }
        assert_eq!(of("a请é"), 4);
    }
}

//! A view onto a long text of which only the visible part is ever wrapped.
//!
//! Invariant: the work of one movement or frame is bounded by the height of the view, whatever the length of the text:
//! a text is cut into short blocks beforehand, and a block is wrapped only when it comes near the view.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::row::Row;

/// A place in a text that survives folding and another width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Anchor {
    /// The block.
    pub block: usize,
    /// The wrapped line within it.
    pub line: usize,
}

/// Where the blocks come from.
pub struct Source<'a> {
    /// How many there are.
    pub count: usize,
    /// Wraps one; at least one row.
    pub wrap: &'a dyn Fn(usize) -> Vec<Row>,
}

/// The wrapped blocks near the view, the cursor and the top line.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// The line under the cursor.
    pub cursor: Anchor,
    /// The first line in view.
    pub top: Anchor,
    cache: HashMap<usize, Arc<[Row]>>,
    cached_rows: usize,
    #[cfg_attr(not(test), allow(dead_code, reason = "the measure of work that the tests bound"))]
    wrapped: u64,
}

/// Blocks of text hold at most about this many bytes.
pub const PIECE: usize = 2048;

/// Wrapped rows kept before those out of view are dropped.
const CACHED_ROWS: usize = 6_000;

/// Lines kept between the cursor and the edge of the view.
const MARGIN: usize = 2;

impl Pager {
    /// How many rows were wrapped so far: the measure of work the tests bound.
    #[cfg(test)]
    pub fn wrapped_rows(&self) -> u64 {
        self.wrapped
    }

    /// Forgets what was wrapped, for another width, masking or folding.
    pub fn forget(&mut self) {
        self.cache.clear();
        self.cached_rows = 0;
    }

    fn rows(&mut self, block: usize, source: &Source) -> Arc<[Row]> {
        if let Some(rows) = self.cache.get(&block) {
            return Arc::clone(rows);
        }
        let mut rows = (source.wrap)(block);
        if rows.is_empty() {
            rows.push(Row::new());
        }
        self.wrapped += rows.len() as u64;
        self.cached_rows += rows.len();
        let rows: Arc<[Row]> = rows.into();
        self.cache.insert(block, Arc::clone(&rows));
        rows
    }

    fn clamp(&mut self, at: Anchor, source: &Source) -> Anchor {
        if source.count == 0 {
            return Anchor::default();
        }
        let block = at.block.min(source.count - 1);
        let last = self.rows(block, source).len() - 1;
        Anchor { block, line: if at.block > block { last } else { at.line.min(last) } }
    }

    /// The place `lines` further down, or the last line.
    pub fn below(&mut self, from: Anchor, lines: usize, source: &Source) -> Anchor {
        let mut at = self.clamp(from, source);
        let mut left = lines;
        while left > 0 && source.count > 0 {
            let rest = self.rows(at.block, source).len() - 1 - at.line;
            if left <= rest {
                at.line += left;
                break;
            }
            if at.block + 1 >= source.count {
                at.line += rest;
                break;
            }
            left -= rest + 1;
            at = Anchor { block: at.block + 1, line: 0 };
        }
        at
    }

    /// The place `lines` further up, or the first line.
    pub fn above(&mut self, from: Anchor, lines: usize, source: &Source) -> Anchor {
        let mut at = self.clamp(from, source);
        let mut left = lines;
        while left > 0 && source.count > 0 {
            if left <= at.line {
                at.line -= left;
                break;
            }
            if at.block == 0 {
                at.line = 0;
                break;
            }
            left -= at.line + 1;
            let block = at.block - 1;
            at = Anchor { block, line: self.rows(block, source).len() - 1 };
        }
        at
    }

    /// Moves cursor and view by the same number of lines; negative is up.
    pub fn page(&mut self, lines: isize, source: &Source) {
        let count = lines.unsigned_abs();
        if lines >= 0 {
            self.cursor = self.below(self.cursor, count, source);
            self.top = self.below(self.top, count, source);
        } else {
            self.cursor = self.above(self.cursor, count, source);
            self.top = self.above(self.top, count, source);
        }
    }

    /// Brings the cursor into a view of `height` lines and wraps what is visible.
    pub fn settle(&mut self, height: usize, source: &Source) {
        if source.count == 0 || height == 0 {
            return;
        }
        self.cursor = self.clamp(self.cursor, source);
        self.top = self.clamp(self.top, source);
        let margin = MARGIN.min(height.saturating_sub(1) / 2);
        let highest = self.above(self.cursor, height - 1 - margin, source);
        let lowest = self.above(self.cursor, margin, source);
        self.top = self.top.clamp(highest.min(lowest), lowest);
        let end = self.below(self.top, height - 1, source);
        // At the end of the text the view is filled from below, so that no screen is left half empty.
        let filled = self.above(end, height - 1, source);
        self.top = self.top.min(filled);
        let end = self.below(self.top, height - 1, source);
        for block in self.top.block..=end.block {
            self.rows(block, source);
        }
        if self.cached_rows > CACHED_ROWS {
            let near = self.top.block..=end.block;
            self.cache.retain(|block, _| near.contains(block));
            self.cached_rows = self.cache.values().map(|rows| rows.len()).sum();
        }
    }

    /// The lines in view, as [`Pager::settle`] left them.
    pub fn visible(&self, height: usize) -> Vec<(Anchor, &Row)> {
        let mut lines = Vec::with_capacity(height);
        let mut block = self.top.block;
        let mut skip = self.top.line;
        while lines.len() < height {
            let Some(rows) = self.cache.get(&block) else { break };
            for (line, row) in rows.iter().enumerate().skip(skip).take(height - lines.len()) {
                lines.push((Anchor { block, line }, row));
            }
            skip = 0;
            block += 1;
        }
        lines
    }
}

/// Cuts a text into blocks of about [`PIECE`] bytes: at line breaks where possible, else between two plain words, so
/// that nothing a masker would recognise (a number, an address) is cut in two.
pub fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::with_capacity(text.len() / PIECE + 1);
    let mut start = 0;
    while text.len() - start > PIECE {
        let end = floor(text, start + PIECE);
        let window = &text[start..end];
        let cut = window
            .rfind('\n')
            .map(|at| at + 1)
            .or_else(|| between_words(window))
            .or_else(|| window.rfind(' ').map(|at| at + 1))
            .unwrap_or(window.len());
        pieces.push(start..start + cut);
        start += cut;
    }
    pieces.push(start..text.len());
    pieces
}

/// The text of a piece without the line break that ends it.
pub fn piece<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    let piece = text.get(range.clone()).unwrap_or_default();
    if range.end == text.len() { piece } else { piece.strip_suffix('\n').unwrap_or(piece) }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The last place in the second half of `window` between two words of letters only.
fn between_words(window: &str) -> Option<usize> {
    let letters = |word: &str| word.chars().count() > 1 && word.chars().all(char::is_alphabetic);
    let mut before = window;
    while let Some((head, last)) = before.rsplit_once(' ') {
        if head.len() < window.len() / 2 {
            return None;
        }
        let previous = head.rsplit(' ').next().unwrap_or_default();
        if letters(last) && letters(previous) {
            return Some(head.len() + 1);
        }
        before = head;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::row::{Look, wrap};
    use crate::tui::theme::Tone;

    #[test]
    fn pieces_cover_the_text_and_stay_short() {
        for text in ["", "short", &"word ".repeat(3000), &"x".repeat(9000), &"é\n".repeat(4000), &"日".repeat(3000)] {
            let cut = pieces(text);
            let joined: String = cut.iter().map(|range| &text[range.clone()]).collect();
            assert_eq!(joined, *text);
            assert!(cut.iter().all(|range| range.len() <= PIECE));
        }
    }

    #[test]
    fn a_number_is_not_cut_in_two() {
        let text = format!("{} call +49 170 1234567 now {}", "word ".repeat(403), "tail ".repeat(400));
        let cut = pieces(&text);
        assert!(cut.iter().any(|range| text[range.clone()].contains("+49 170 1234567")));
    }

    #[test]
    fn moving_through_a_huge_text_wraps_only_what_is_near() {
        let text = "lorem ipsum dolor sit amet ".repeat(400_000);
        let blocks = pieces(&text);
        let wrap = |block: usize| wrap(piece(&text, &blocks[block]), Tone::Text, 80, Look::default());
        let source = Source { count: blocks.len(), wrap: &wrap };
        let mut pager = Pager::default();
        pager.settle(50, &source);
        let first = pager.wrapped_rows();
        assert!(first < 400, "{first}");
        for _ in 0..100 {
            pager.cursor = pager.below(pager.cursor, 1, &source);
            pager.settle(50, &source);
        }
        assert!(pager.wrapped_rows() < first + 200);
        pager.cursor = Anchor { block: blocks.len() - 1, line: usize::MAX };
        let before = pager.wrapped_rows();
        pager.settle(50, &source);
        assert!(pager.wrapped_rows() - before < 400);
        assert_eq!(pager.visible(50).len(), 50);
        for _ in 0..2000 {
            pager.page(-48, &source);
            pager.settle(50, &source);
        }
        assert!(pager.cached_rows <= CACHED_ROWS + 400);
    }

    #[test]
    fn the_cursor_stays_in_view_with_a_margin() {
        let wrap = |block: usize| vec![Row::of(&block.to_string(), Tone::Text)];
        let source = Source { count: 100, wrap: &wrap };
        let mut pager = Pager::default();
        for _ in 0..20 {
            pager.cursor = pager.below(pager.cursor, 1, &source);
            pager.settle(10, &source);
        }
        assert_eq!((pager.cursor.block, pager.top.block), (20, 13));
        for _ in 0..200 {
            pager.cursor = pager.below(pager.cursor, 1, &source);
            pager.settle(10, &source);
        }
        assert_eq!((pager.cursor.block, pager.top.block), (99, 90));
    }
}

//! Lays out a text as safe graphemes.
//!
//! Invariant: the sources of the graphemes, in order, join to the whole text.

use unicode_segmentation::UnicodeSegmentation;

use super::{Charset, Glyph, GlyphClass, MAX_GLYPH_WIDTH, SafeText};
use crate::text::scalar::{Judgement, Sieve, Unsafe};
use crate::text::width;

/// Tabs reach to the next multiple of this.
const TAB: usize = 4;
/// Longest source in bytes; the rest is counted. Lines of messages come in far smaller pieces.
const MAX_SOURCE: usize = 16 * 1024 * 1024;
/// Widest cluster, as the drawing library counts, that is drawn as one; wider ones are taken apart.
const MAX_WIDTH: usize = 2;
/// From so many hidden scalars in a row on, they are counted instead of shown one by one.
const COUNTED: usize = 4;

/// Builds until `max_width` cells are passed; the source may then end early.
pub(super) fn build(text: &str, charset: Charset, max_width: usize) -> SafeText {
    let mut cut = text.len().min(MAX_SOURCE);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let (text, rest) = text.split_at(cut);
    let mut builder = Builder { text, charset, out: SafeText::default(), sieve: Sieve::default(), pending: None };
    let mut at = 0;
    while at < text.len() && builder.out.width <= max_width {
        at = builder.ascii(at, max_width);
        let Some(cluster) = text.get(at..).and_then(|rest| rest.graphemes(true).next()) else { break };
        builder.cluster(at, cluster);
        at += cluster.len();
    }
    builder.flush();
    if !rest.is_empty() && builder.out.width <= max_width {
        builder.chip(&format!("<+{} bytes>", rest.len()), GlyphClass::Warning, at.saturating_add(rest.len()));
    }
    builder.out
}

/// Builds a line of at most `width` cells, with an ellipsis where something was left out.
pub(super) fn brief(text: &str, width: usize, charset: Charset) -> SafeText {
    let mut line = build(text, charset, width);
    if line.width <= width {
        return line;
    }
    let ellipsis = if charset == Charset::Unicode { "…" } else { "~" };
    while line.width + 1 > width {
        let Some(glyph) = line.glyphs.pop() else { break };
        line.width -= usize::from(glyph.width);
    }
    let kept = line.shown_at(line.len());
    line.shown.truncate(kept);
    if width > 0 {
        line.shown.push_str(ellipsis);
        line.push(1, GlyphClass::Plain, line.source_at(line.len()));
    }
    line
}

/// Hidden scalars in a row, of one kind, that wait for the end of their row.
struct Pending {
    kind: Unsafe,
    /// The first of them, each with the end of its source.
    first: Vec<(char, usize)>,
    count: usize,
    source_end: usize,
}

struct Builder<'a> {
    text: &'a str,
    charset: Charset,
    out: SafeText,
    sieve: Sieve,
    pending: Option<Pending>,
}

impl SafeText {
    /// Ends a grapheme at the end of what is shown.
    fn push(&mut self, width: usize, class: GlyphClass, source_end: usize) {
        self.width += width;
        self.glyphs.push(Glyph {
            shown_end: u32::try_from(self.shown.len()).unwrap_or(u32::MAX),
            source_end: u32::try_from(source_end).unwrap_or(u32::MAX),
            width: u8::try_from(width).unwrap_or(u8::MAX),
            class,
        });
    }
}

impl Builder<'_> {
    /// Takes printable ASCII from `at` on, as far as it surely stands alone; returns where it ended.
    fn ascii(&mut self, at: usize, max_width: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = at;
        while let Some(byte @ b' '..=b'~') = bytes.get(end) {
            if bytes.get(end + 1).is_some_and(|next| !next.is_ascii()) || self.out.width > max_width {
                break;
            }
            if end == at {
                self.flush();
            }
            self.out.shown.push(char::from(*byte));
            end += 1;
            self.out.push(1, GlyphClass::Plain, end);
        }
        if end > at {
            self.sieve.judge(char::from(bytes[end - 1]), None);
        }
        end
    }

    fn cluster(&mut self, start: usize, cluster: &str) {
        let after = self.text.get(start + cluster.len()..).and_then(|rest| rest.chars().next());
        let mut kept = String::new();
        let (mut kept_end, mut excess) = (start, 0);
        // What stands before the first scalar that is drawn comes first, lest that one joins whatever was drawn before.
        let mut head: Vec<(char, Unsafe, usize)> = Vec::new();
        let mut tail: Vec<(char, Unsafe, usize)> = Vec::new();
        let mut chars = cluster.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c).or(after);
            let judgement = self.sieve.judge(c, next);
            self.out.warnings.count(c, next, judgement);
            let end = start + at + c.len_utf8();
            match judgement {
                Judgement::Keep => {
                    kept.push(c);
                    kept_end = end;
                }
                Judgement::Excess => (kept_end, excess) = (end, excess + 1),
                Judgement::Replace(kind) if kept_end == start => head.push((c, kind, end)),
                Judgement::Replace(kind) => tail.push((c, kind, end)),
            }
        }
        if cluster == "\r\n" {
            head.remove(0);
        }
        for (c, kind, end) in head {
            self.replaced(c, kind, end);
        }
        if !kept.is_empty() || excess > 0 {
            self.flush();
            self.kept(&kept, kept_end);
            if excess > 0 {
                self.chip(&format!("+{excess}"), GlyphClass::Warning, kept_end);
            }
        }
        for (c, kind, end) in tail {
            self.replaced(c, kind, end.max(kept_end));
        }
    }

    /// Draws a cluster of scalars that may be drawn.
    ///
    /// Emoji and text selectors are left out: they say nothing, and change the width in some terminals only, which
    /// shifts the rest of the line there.
    fn kept(&mut self, cluster: &str, source_end: usize) {
        let cluster = &*cluster.replace(['\u{fe0e}', '\u{fe0f}'], "");
        if self.charset == Charset::Ascii && !cluster.is_ascii() {
            for c in cluster.chars() {
                if c.is_ascii() {
                    self.chip(c.encode_utf8(&mut [0; 4]), GlyphClass::Plain, source_end);
                } else {
                    self.chip(&code_point(c), GlyphClass::Plain, source_end);
                }
            }
            return;
        }
        let (drawn, reserved) = (width::drawn(cluster), width::reserved(cluster));
        let wide = |c: char| width::reserved(c.encode_utf8(&mut [0; 4])) > 0;
        let base = cluster.find(wide).unwrap_or(cluster.len());
        if drawn == 0 || base > 0 {
            let (marks, rest) = cluster.split_at(base);
            self.baseless(marks, source_end);
            if !rest.is_empty() {
                self.kept(rest, source_end);
            }
        } else if reserved == drawn && drawn <= MAX_WIDTH || drawn == MAX_WIDTH && reserved <= MAX_GLYPH_WIDTH {
            self.out.shown.push_str(cluster);
            // After two cells the drawing library moves the cursor to where it belongs, however far the terminal went.
            // One unit with its fill, so that no line is broken between the two.
            self.out.shown.extend(std::iter::repeat_n(' ', reserved - drawn));
            self.out.push(reserved, GlyphClass::Plain, source_end);
        } else {
            self.apart(cluster, source_end);
        }
    }

    /// Draws marks that have no base on a dotted circle, lest they land on whatever is drawn before them.
    fn baseless(&mut self, cluster: &str, source_end: usize) {
        let circled = format!("\u{25cc}{cluster}");
        if circled.graphemes(true).count() == 1 && width::reserved(&circled) == 1 {
            self.out.shown.push_str(&circled);
            self.out.push(1, GlyphClass::Plain, source_end);
        } else {
            for c in cluster.chars() {
                self.chip(&code_point(c), GlyphClass::Warning, source_end);
            }
        }
    }

    /// Draws a cluster wider than two cells as its parts: each base with the marks after it.
    fn apart(&mut self, cluster: &str, source_end: usize) {
        let mut parts: Vec<String> = Vec::new();
        for c in cluster.chars() {
            match parts.last_mut() {
                Some(part) if width::reserved(c.encode_utf8(&mut [0; 4])) == 0 => part.push(c),
                _ => parts.push(c.to_string()),
            }
        }
        let fits = |part: &String| (1..=MAX_WIDTH).contains(&width::drawn(part)) && width::reserved(part) <= MAX_WIDTH;
        let whole: usize = parts.iter().map(|part| width::drawn(part)).sum();
        if parts.iter().all(fits) && whole == width::drawn(cluster) {
            for part in parts {
                self.out.shown.push_str(&part);
                self.out.push(width::drawn(&part), GlyphClass::Plain, source_end);
            }
        } else {
            for c in cluster.chars() {
                self.chip(&code_point(c), GlyphClass::Warning, source_end);
            }
        }
    }

    fn replaced(&mut self, c: char, kind: Unsafe, end: usize) {
        if kind == Unsafe::Control {
            self.flush();
            self.control(c, end);
            return;
        }
        match &mut self.pending {
            Some(pending) if pending.kind == kind => {
                pending.count += 1;
                pending.source_end = end;
                if pending.first.len() < COUNTED {
                    pending.first.push((c, end));
                }
            }
            _ => {
                self.flush();
                self.pending = Some(Pending { kind, first: vec![(c, end)], count: 1, source_end: end });
            }
        }
    }

    fn control(&mut self, c: char, end: usize) {
        let code = u32::from(c);
        match (c, self.charset) {
            ('\t', _) => self.fill(TAB - self.out.width % TAB, end),
            ('\0'..='\u{1f}', Charset::Unicode) => self.picture(0x2400 + code, end),
            ('\u{7f}', Charset::Unicode) => self.picture(0x2421, end),
            ('\0'..='\u{1f}' | '\u{7f}', Charset::Ascii) => {
                let caret = char::from_u32(code ^ 0x40).unwrap_or('?');
                self.chip(&format!("^{caret}"), GlyphClass::Control, end);
            }
            _ => self.chip(&code_point(c), GlyphClass::Control, end),
        }
    }

    fn picture(&mut self, code: u32, end: usize) {
        self.out.shown.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        self.out.push(1, GlyphClass::Control, end);
    }

    /// Draws `cells` spaces, the first of which stands for the source up to `end`.
    fn fill(&mut self, cells: usize, end: usize) {
        for _ in 0..cells {
            self.out.shown.push(' ');
            self.out.push(1, GlyphClass::Plain, end);
        }
    }

    /// Draws ASCII text of our own, a cell each; the first stands for the source up to `end`.
    fn chip(&mut self, text: &str, class: GlyphClass, end: usize) {
        for c in text.chars() {
            self.out.shown.push(c);
            self.out.push(1, class, end);
        }
    }

    /// Draws the hidden scalars that were waiting: each as its code point, or many as their count.
    fn flush(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        if pending.count >= COUNTED {
            let kind = if pending.kind == Unsafe::Bidi { "bidi" } else { "hidden" };
            self.chip(&format!("<{} {kind}>", pending.count), GlyphClass::Warning, pending.source_end);
        } else {
            for (c, end) in pending.first {
                self.chip(&code_point(c), GlyphClass::Warning, end);
            }
        }
    }
}

fn code_point(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

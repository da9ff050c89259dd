//! Rows of styled text, and the door through which every text becomes one.
//!
//! Invariant: a run holds no scalar that could move the cursor, reorder or hide text: control characters are drawn as
//! pictures, invisible ones as chips, so what a reviewer sees is what is there.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::{Signs, Tone};

/// Text of one tone, safe to draw. Made by the door functions of this module only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    text: String,
    tone: Tone,
}

impl Run {
    /// The safe text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn tone(&self) -> Tone {
        self.tone
    }
}

/// How hidden characters are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Which signs to use.
    pub signs: Signs,
    /// Also show tabs, line ends and trailing blanks.
    pub reveal: bool,
}

/// One line of styled text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    runs: Vec<Run>,
}

impl Row {
    /// An empty row.
    pub fn new() -> Self {
        Self::default()
    }

    /// A row of one text; line breaks in it are drawn, not followed.
    pub fn of(text: &str, tone: Tone) -> Self {
        Self::new().with(text, tone)
    }

    /// The row with more text at its end.
    #[must_use]
    pub fn with(mut self, text: &str, tone: Tone) -> Self {
        self.push(text, tone);
        self
    }

    /// Adds text at the end.
    pub fn push(&mut self, text: &str, tone: Tone) {
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            self.append(text, tone);
            return;
        }
        let look = Look::default();
        for glyph in glyphs(text, look) {
            match glyph {
                Glyph::Plain(cluster) => self.append(cluster, tone),
                Glyph::Mark(mark) => self.append(&mark, Tone::Control),
                Glyph::Tab => self.append(" ", tone),
                Glyph::Break => self.append(if look.signs == Signs::Ascii { "/" } else { "⏎" }, Tone::Control),
            }
        }
    }

    /// Adds the runs of another row.
    pub fn extend(&mut self, other: Self) {
        for run in other.runs {
            self.append(&run.text, run.tone);
        }
    }

    fn append(&mut self, text: &str, tone: Tone) {
        match self.runs.last_mut() {
            Some(last) if last.tone == tone => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.runs.push(Run { text: text.to_owned(), tone }),
        }
    }

    /// Its runs.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.runs.iter().map(|run| width(&run.text)).sum()
    }

    /// Its text without styles.
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// The row cut to `columns`, with `more` as its end where something was cut.
    #[must_use]
    pub fn cut(self, columns: usize, more: &str) -> Self {
        if self.width() <= columns {
            return self;
        }
        let room = columns.saturating_sub(width(more));
        let (mut used, mut row) = (0, Self::new());
        'runs: for run in &self.runs {
            for cluster in run.text.graphemes(true) {
                let next = used + width(cluster);
                if next > room {
                    break 'runs;
                }
                row.append(cluster, run.tone);
                used = next;
            }
        }
        if width(more) <= columns {
            row.append(more, Tone::Dim);
        }
        row
    }

    /// The row broken into rows of at most `columns`, at most `rows` of them.
    pub fn folded(self, columns: usize, rows: usize) -> Vec<Self> {
        if self.width() <= columns {
            return vec![self];
        }
        let (mut list, mut row, mut used) = (Vec::new(), Self::new(), 0);
        for run in &self.runs {
            for cluster in run.text.graphemes(true) {
                let next = width(cluster);
                if used + next > columns {
                    list.push(std::mem::take(&mut row));
                    used = 0;
                    if list.len() == rows {
                        return list;
                    }
                }
                row.append(cluster, run.tone);
                used += next;
            }
        }
        list.push(row);
        list
    }

    /// The row filled with blanks up to `columns`.
    #[must_use]
    pub fn padded(mut self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        self.append(&" ".repeat(missing), Tone::Text);
        self
    }

    /// The row with `right` at the right edge of `columns`; the left part gives way.
    #[must_use]
    pub fn with_right(self, right: Self, columns: usize, more: &str) -> Self {
        if right.runs.is_empty() {
            return self.cut(columns, more);
        }
        let right = right.cut(columns * 2 / 3, more);
        let room = columns.saturating_sub(right.width() + 1);
        let mut row = self.cut(room, more).padded(room + 1);
        row.extend(right);
        row
    }

    /// The row with every occurrence of `needle` (compared without ASCII case) in the tone of a hit.
    #[must_use]
    pub fn with_hits(self, needle: &str) -> Self {
        let needle = needle.to_ascii_lowercase();
        if needle.is_empty() {
            return self;
        }
        let mut row = Self::new();
        for run in &self.runs {
            let folded = run.text.to_ascii_lowercase();
            let mut at = 0;
            for (start, hit) in folded.match_indices(&needle) {
                row.append(&run.text[at..start], run.tone);
                row.append(&run.text[start..start + hit.len()], Tone::Match);
                at = start + hit.len();
            }
            row.append(&run.text[at..], run.tone);
        }
        row
    }
}

/// Columns a safe text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// How many control, invisible or direction-changing characters `text` holds, counting up to `limit`.
pub fn hidden_count(text: &str, limit: usize) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|b| (*b < 0x20 && !matches!(b, b'\n' | b'\t')) || *b == 0x7f).take(limit).count();
    }
    glyphs(text, Look::default()).filter(|glyph| matches!(glyph, Glyph::Mark(_))).take(limit).count()
}

/// Wraps text into rows of at most `columns`, losing nothing: breaks come after blanks where there are any.
pub fn wrap(text: &str, tone: Tone, columns: usize, look: Look) -> Vec<Row> {
    let columns = columns.max(2);
    let mut wrapper = Wrapper { columns, tone, rows: Vec::new(), line: Vec::new(), used: 0, last_blank: None };
    for glyph in glyphs(text, look) {
        match glyph {
            Glyph::Break => {
                if look.reveal {
                    wrapper.put(if look.signs == Signs::Ascii { "$" } else { "¶" }, Tone::Control);
                }
                wrapper.flush();
            }
            Glyph::Tab if look.reveal => wrapper.put(if look.signs == Signs::Ascii { ">" } else { "⇥" }, Tone::Control),
            Glyph::Tab => (0..4 - wrapper.used % 4).for_each(|_| wrapper.put(" ", tone)),
            Glyph::Mark(mark) => mark.graphemes(true).for_each(|part| wrapper.put(part, Tone::Control)),
            Glyph::Plain(" ") if look.reveal => {
                wrapper.put(if look.signs == Signs::Ascii { "." } else { "·" }, Tone::Dim);
                wrapper.last_blank = Some(wrapper.line.len());
            }
            Glyph::Plain(cluster) => wrapper.put(cluster, tone),
        }
    }
    wrapper.flush();
    wrapper.rows
}

struct Wrapper {
    columns: usize,
    tone: Tone,
    rows: Vec<Row>,
    line: Vec<(String, Tone)>,
    used: usize,
    last_blank: Option<usize>,
}

impl Wrapper {
    fn put(&mut self, cluster: &str, tone: Tone) {
        let columns = width(cluster);
        if self.used + columns > self.columns && !self.line.is_empty() {
            let rest = match self.last_blank.take() {
                Some(at) if at < self.line.len() => self.line.split_off(at),
                _ => Vec::new(),
            };
            self.flush();
            self.used = rest.iter().map(|(text, _)| width(text)).sum();
            self.line = rest;
        }
        self.line.push((cluster.to_owned(), tone));
        self.used += columns;
        if cluster == " " {
            self.last_blank = Some(self.line.len());
        }
    }

    fn flush(&mut self) {
        let mut row = Row::new();
        for (text, tone) in self.line.drain(..) {
            row.append(&text, tone);
        }
        if row.runs.is_empty() {
            row.append("", self.tone);
        }
        self.rows.push(row);
        self.used = 0;
        self.last_blank = None;
    }
}

/// One thing to draw.
enum Glyph<'a> {
    /// A cluster that may be drawn as it is.
    Plain(&'a str),
    /// What stands for characters that may not.
    Mark(String),
    /// A tab.
    Tab,
    /// A line break.
    Break,
}

/// Marks a cluster may carry before the rest is only counted.
const MARKS: usize = 8;

fn glyphs(text: &str, look: Look) -> impl Iterator<Item = Glyph<'_>> {
    text.graphemes(true).flat_map(move |cluster| glyph(cluster, look))
}

fn glyph(cluster: &str, look: Look) -> Vec<Glyph<'_>> {
    match cluster {
        "\n" | "\r\n" => return vec![Glyph::Break],
        "\t" => return vec![Glyph::Tab],
        _ => {}
    }
    let emoji = cluster.chars().next().is_some_and(is_pictograph);
    let harmless = |c: char| !forbidden(c) || (emoji && matches!(c, '\u{200d}' | '\u{fe0f}'));
    if cluster.chars().all(harmless) {
        let marks = cluster.chars().skip(1).filter(|c| unicode_width::UnicodeWidthChar::width(*c) == Some(0)).count();
        let bare = width(cluster) == 0;
        if marks <= MARKS && !bare {
            return vec![Glyph::Plain(cluster)];
        }
        let keep = cluster.char_indices().nth(if bare { 0 } else { MARKS + 1 }).map_or(cluster.len(), |(at, _)| at);
        let rest = cluster[keep..].chars().count();
        return vec![Glyph::Plain(&cluster[..keep]), Glyph::Mark(format!("<+{rest} marks>"))];
    }
    let mut glyphs = Vec::new();
    for (at, c) in cluster.char_indices() {
        if forbidden(c) {
            glyphs.push(Glyph::Mark(mark(c, look)));
        } else if width(&cluster[at..at + c.len_utf8()]) > 0 {
            glyphs.push(Glyph::Plain(&cluster[at..at + c.len_utf8()]));
        } else {
            glyphs.push(Glyph::Mark(format!("<U+{:04X}>", u32::from(c))));
        }
    }
    glyphs
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x203C | 0x2049 | 0x2100..=0x2BFF | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FAFF)
        || matches!(c, '#' | '*' | '0'..='9' | '©' | '®')
}

/// True for scalars that must not reach a terminal as they are.
pub fn forbidden(c: char) -> bool {
    matches!(
        u32::from(c),
        0x00..=0x1F
            | 0x7F..=0x9F
            | 0xAD
            | 0x034F
            | 0x061C
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0xE0000..=0xE0FFF
    )
}

fn mark(c: char, look: Look) -> String {
    let code = u32::from(c);
    match (code, look.signs) {
        (0..=0x1f, Signs::Unicode) => char::from_u32(0x2400 + code).map_or_else(String::new, String::from),
        (0x7f, Signs::Unicode) => "␡".to_owned(),
        (0..=0x1f, Signs::Ascii) => format!("^{}", char::from(b'@' + code as u8)),
        (0x7f, Signs::Ascii) => "^?".to_owned(),
        _ => format!("<U+{code:04X}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_hidden_characters_become_visible() {
        let row = Row::of("a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}", Tone::Text);
        assert_eq!(row.text(), "a␛[2J<U+202E>b<U+200B><U+E0041>");
        assert!(row.text().chars().all(|c| !forbidden(c)));
        assert_eq!(hidden_count("a\u{1b}[2J\u{202e}", 10), 2);
    }

    #[test]
    fn emoji_sequences_and_accents_stay_whole() {
        for text in ["👩‍👩‍👧", "é", "e\u{301}", "שלום", "日本", "❤\u{fe0f}"] {
            assert_eq!(Row::of(text, Tone::Text).text(), text);
        }
        let many = format!("a{}", "\u{301}".repeat(2000));
        let text = Row::of(&many, Tone::Text).text();
        assert!(text.chars().count() < 40, "{}", text.len());
        assert!(text.contains("marks>"));
    }

    #[test]
    fn wrapping_loses_nothing_and_is_never_wider() {
        let text = "one two  three fourfivesixseven 日本語日本語 e\u{301}nd";
        for columns in 2..30 {
            let rows = wrap(text, Tone::Text, columns, Look::default());
            let joined: String = rows.iter().map(Row::text).collect();
            assert_eq!(joined, text, "{columns}");
            assert!(rows.iter().all(|row| row.width() <= columns.max(2)), "{columns}");
        }
    }

    #[test]
    fn cutting_keeps_within_the_columns() {
        let row = Row::of("日本語 text", Tone::Text);
        for columns in 0..14 {
            assert!(row.clone().cut(columns, "…").width() <= columns);
        }
        let both = Row::of("left side that is long", Tone::Text).with_right(Row::of("right", Tone::Dim), 16, "…");
        assert_eq!(both.text(), "left side… right");
        assert_eq!(both.width(), 16);
    }
}

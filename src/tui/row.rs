//! Rows of styled text, and the door through which every text becomes one.
//!
//! Invariant: a run holds no scalar that could move the cursor, reorder or hide text: control characters are drawn as
//! pictures, invisible ones as chips, so what a reviewer sees is what is there.

use unicode_segmentation::UnicodeSegmentation;

use super::theme::{Signs, Tone};
use crate::text::find::Finder;
use crate::text::safe::{Charset, GlyphClass, SafeText, is_drawable};
use crate::text::wrap;

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
        self.push_as(text, tone, Charset::Unicode);
    }

    /// Adds text at the end, drawn with the characters of `charset`.
    pub fn push_as(&mut self, text: &str, tone: Tone, charset: Charset) {
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            self.append(text, tone);
            return;
        }
        let safe = SafeText::of(text, charset);
        self.push_safe(&safe, 0..safe.len(), tone);
    }

    /// Adds graphemes of a safe text; stand-ins get a tone of their own.
    fn push_safe(&mut self, safe: &SafeText, glyphs: std::ops::Range<usize>, tone: Tone) {
        for run in safe.runs(glyphs, &[]) {
            let tone = if run.class == GlyphClass::Plain { tone } else { Tone::Control };
            self.append(run.text, tone);
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

    /// The row cut to `columns` in its middle, in one tone: names of a kind often begin alike, and their ends tell them
    /// apart.
    #[must_use]
    pub fn cut_middle(self, columns: usize, more: &str) -> Self {
        if self.width() <= columns {
            return self;
        }
        let tone = self.runs.first().map_or(Tone::Text, Run::tone);
        let text = self.text();
        let room = columns.saturating_sub(width(more));
        let mut tail = text.len();
        for (at, _) in text.grapheme_indices(true).rev() {
            if width(&text[at..]) > room / 2 {
                break;
            }
            tail = at;
        }
        let mut row = self.cut(columns - width(&text[tail..]).min(columns), more);
        row.append(&text[tail..], tone);
        row
    }

    /// The row broken into rows of at most `columns`, at most `rows` of them; between words where that is possible.
    pub fn folded(self, columns: usize, rows: usize) -> Vec<Self> {
        if self.width() <= columns {
            return vec![self];
        }
        let runs = self.runs.iter().flat_map(|run| run.text.graphemes(true).map(|cluster| (cluster, run.tone)));
        let clusters: Vec<(&str, Tone)> = runs.collect();
        let (mut list, mut start) = (Vec::new(), 0);
        while start < clusters.len() && list.len() < rows {
            let (mut end, mut used, mut blank) = (start, 0, None);
            while let Some((cluster, _)) = clusters.get(end) {
                used += width(cluster);
                if used > columns && end > start {
                    break;
                }
                end += 1;
                blank = if *cluster == " " { Some(end) } else { blank };
            }
            if end < clusters.len() && clusters[end].0 != " " {
                // A word longer than half a line is broken rather than leave the line empty.
                end = blank.filter(|blank| (blank - start) * 2 > columns).unwrap_or(end);
            }
            let mut row = Self::new();
            clusters[start..end].iter().for_each(|(cluster, tone)| row.append(cluster, *tone));
            list.push(row);
            start = end;
        }
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

    /// The row with every occurrence of what is looked for in the tone of a hit.
    #[must_use]
    pub fn with_hits(self, finder: Option<&Finder>) -> Self {
        let Some(finder) = finder else { return self };
        let mut row = Self::new();
        for run in &self.runs {
            let mut at = 0;
            for hit in finder.ranges(&run.text) {
                row.append(&run.text[at..hit.start], run.tone);
                row.append(&run.text[hit.clone()], Tone::Match);
                at = hit.end;
            }
            row.append(&run.text[at..], run.tone);
        }
        row
    }
}

/// Columns a safe text takes.
pub fn width(text: &str) -> usize {
    crate::text::width::of(text)
}

/// True for text that may be put into a cell.
pub fn is_safe(symbol: &str) -> bool {
    is_drawable(symbol)
}

impl Look {
    /// The characters of these signs.
    pub fn charset(self) -> Charset {
        match self.signs {
            Signs::Unicode => Charset::Unicode,
            Signs::Ascii => Charset::Ascii,
        }
    }
}

/// Wraps text into rows of at most `columns`, losing nothing; breaks come between words where that is possible.
pub fn wrap(text: &str, tone: Tone, columns: usize, look: Look) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let shown = if look.reveal { revealed(line, look.signs, lines.peek().is_some()) } else { line.into() };
        let wrapped = wrap::wrap(&shown, columns, look.charset());
        for row in wrapped.rows {
            let mut drawn = Row::new();
            drawn.push_safe(&wrapped.text, row.drawn, tone);
            rows.push(drawn);
        }
    }
    rows
}

/// A line with signs for tabs, blanks at its end, and the line break.
fn revealed(line: &str, signs: Signs, broken: bool) -> std::borrow::Cow<'_, str> {
    let (tab, blank, end) = match signs {
        Signs::Unicode => ("⇥", "·", "¶"),
        Signs::Ascii => ("\\t", "_", "$"),
    };
    let kept = line.trim_end_matches(' ');
    let blanks = blank.repeat(line.len() - kept.len());
    format!("{}{blanks}{}", kept.replace('\t', tab), if broken { end } else { "" }).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_hidden_characters_become_visible() {
        let row = Row::of("a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}", Tone::Text);
        assert!(row.text().starts_with("a␛[2J"), "{}", row.text());
        assert!(row.runs().iter().any(|run| run.tone() == Tone::Control));
        assert!(is_safe(&row.text()));
    }

    #[test]
    fn rows_join_to_the_text_and_are_never_wider() {
        let text = "one two  three fourfivesixseven 日本語日本語 e\u{301}nd";
        for columns in 12..40 {
            let rows = wrap(text, Tone::Text, columns, Look::default());
            let joined: String = rows.iter().map(Row::text).collect();
            assert_eq!(joined.replace(' ', ""), text.replace(' ', ""), "{columns}");
            assert!(rows.iter().all(|row| row.width() <= columns), "{columns}");
        }
    }

    #[test]
    fn blanks_and_line_ends_can_be_revealed() {
        let look = Look { signs: Signs::Ascii, reveal: true };
        let rows = wrap("a\tb  \nc", Tone::Text, 40, look);
        assert_eq!(rows.iter().map(Row::text).collect::<Vec<_>>(), ["a\\tb__$", "c"]);
    }

    #[test]
    fn folding_breaks_between_words_and_loses_nothing() {
        let row = Row::of("above 6 % of its ", Tone::Dim).with("kind  sure .90", Tone::Text);
        let rows = row.clone().folded(22, 9);
        assert_eq!(rows.iter().map(Row::text).collect::<Vec<_>>(), ["above 6 % of its kind ", " sure .90"]);
        for columns in 1..40 {
            let rows = row.clone().folded(columns, 99);
            assert_eq!(rows.iter().map(Row::text).collect::<String>(), row.text());
            assert!(rows.iter().all(|row| row.width() <= columns), "{columns}");
        }
        assert_eq!(row.folded(4, 2).len(), 2);
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

//! The one place that puts text on the screen's cells.
//!
//! Invariant: after [`sweep`] no cell holds a scalar that could move the cursor, reorder or hide text, or anything wider
//! than its place, whatever was drawn before.
#![allow(clippy::disallowed_methods, reason = "the module that the ban makes way for")]

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use super::row::{self, Row};
use super::theme::{Signs, Theme, Tone};
use crate::text::width::{drawn, reserved};

/// A screen being drawn.
pub struct Canvas<'a> {
    /// Its cells.
    pub buffer: &'a mut Buffer,
    /// Colours and signs.
    pub theme: Theme,
}

impl Canvas<'_> {
    /// Draws a row at the beginning of `area`'s first line, cut to its width.
    pub fn row(&mut self, area: Rect, row: &Row) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        let (mut x, end) = (area.x, area.right());
        for run in row.runs() {
            let style = self.theme.style(run.tone());
            for cluster in run.text().graphemes(true) {
                let width = reserved(cluster) as u16;
                if x + width > end {
                    return;
                }
                let symbol = match (self.theme.signs, cluster) {
                    (Signs::Ascii, "…") => ".",
                    (Signs::Ascii, other) if !other.is_ascii() => "?",
                    _ => cluster,
                };
                if width > 0 {
                    self.buffer[(x, area.y)].set_symbol(symbol).set_style(style);
                }
                // A terminal that draws the parts of an emoji apart fills these with them. They must not be equal to the
                // blanks of another frame, or what was drawn there would stay.
                for covered in x + 1..x + width {
                    self.buffer[(covered, area.y)].set_symbol(" ").set_style(style.add_modifier(Modifier::HIDDEN));
                }
                x += width;
            }
        }
    }

    /// Draws a row in line `line` of an area, if it has that line.
    pub fn line(&mut self, area: Rect, line: usize, row: &Row) {
        if line < usize::from(area.height) {
            self.row(Rect { y: area.y + line as u16, height: 1, ..area }, row);
        }
    }

    /// Lays a tone over an area.
    pub fn tint(&mut self, area: Rect, tone: Tone) {
        let style = self.theme.style(tone);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Draws a frame with a title in its upper and a text in its lower line.
    pub fn frame(&mut self, area: Rect, title: &Row, below: &Row) {
        if area.width < 4 || area.height < 2 {
            return;
        }
        let [tl, tr, bl, br, across, down, ..] = self.theme.signs().frame;
        let inner = usize::from(area.width) - 2;
        let style = self.theme.style(Tone::Frame);
        for y in area.top() + 1..area.bottom() - 1 {
            for x in [area.left(), area.right() - 1] {
                self.buffer[(x, y)].set_symbol(down).set_style(style);
            }
        }
        let more = self.theme.signs().more;
        for (y, left, right, text) in [(area.top(), tl, tr, title), (area.bottom() - 1, bl, br, below)] {
            let mut line = Row::of(left, Tone::Frame);
            let mut used = 0;
            if text.width() > 0 {
                let text = text.clone().cut(inner.saturating_sub(2), more);
                used = text.width() + 2;
                line.push(" ", Tone::Frame);
                line.extend(text);
                line.push(" ", Tone::Frame);
            }
            line.push(&across.repeat(inner.saturating_sub(used)), Tone::Frame);
            line.push(right, Tone::Frame);
            self.row(Rect { y, height: 1, ..area }, &line);
        }
    }

    /// Draws a level rule through a frame, joined to its sides.
    pub fn rule(&mut self, area: Rect, y: u16) {
        let [.., across, _, left, right] = self.theme.signs().frame;
        let line = format!("{left}{}{right}", across.repeat(usize::from(area.width).saturating_sub(2)));
        self.row(Rect { y, height: 1, ..area }, &Row::of(&line, Tone::Frame));
    }

    /// Draws a text being edited; the sweep takes out of it what must not be drawn.
    pub fn text_area(&mut self, area: Rect, text: &ratatui_textarea::TextArea<'_>) {
        use ratatui::widgets::Widget as _;
        text.render(area.intersection(self.buffer.area), self.buffer);
    }

    /// Draws an upright rule.
    pub fn upright(&mut self, area: Rect, x: u16) {
        let row = Row::of(self.theme.signs().frame[5], Tone::Frame);
        for y in area.top()..area.bottom() {
            self.row(Rect::new(x, y, 1, 1), &row);
        }
    }
}

/// Replaces whatever must not reach a terminal, as the last thing before a frame is sent.
pub fn sweep(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buffer[(x, y)];
            let symbol = cell.symbol();
            if symbol.len() == 1 && symbol.as_bytes()[0] >= 0x20 && symbol.as_bytes()[0] != 0x7f {
                continue;
            }
            if !row::is_safe(symbol) || drawn(symbol) > usize::from(area.right() - x) {
                cell.set_symbol("?");
                cell.set_style(Style::new());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweep_leaves_nothing_that_could_act_on_the_terminal() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        let hostile = ["\u{1b}", "\u{9b}31m", "\u{202e}", "a\u{200b}", "\u{e0041}", "\n", "日", "e\u{301}", "👩‍👩‍👧"];
        for (x, symbol) in hostile.iter().enumerate() {
            buffer[(x as u16, 0)].set_symbol(symbol);
        }
        buffer[(11, 0)].set_symbol("日");
        sweep(&mut buffer);
        let symbols: Vec<&str> = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(symbols, ["?", "?", "?", "?", "?", "?", "日", "e\u{301}", "👩‍👩‍👧", " ", " ", "?"]);
    }
}

//! A terminal frame as an SVG picture, so that the README's screenshots are made from real frames.
//!
//! Invariant: the same frame gives the same bytes.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 18.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d5d8de";

fn colour(color: Color, default: &str) -> String {
    let name = match color {
        Color::Reset => default,
        Color::Black => "#16181d",
        Color::Red => "#e06c60",
        Color::Green => "#7fc17a",
        Color::Yellow => "#d9b25f",
        Color::Blue => "#6fa8dc",
        Color::Magenta => "#c58ac9",
        Color::Cyan => "#63b8bd",
        Color::Gray => "#aeb4be",
        Color::DarkGray => "#737a86",
        Color::LightRed => "#f08b7f",
        Color::LightGreen => "#9ddb97",
        Color::LightYellow => "#ecd08a",
        Color::LightBlue => "#93c1ec",
        Color::LightMagenta => "#dcaade",
        Color::LightCyan => "#8fd4d8",
        Color::White => "#f2f4f7",
        Color::Rgb(r, g, b) => return format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(i) => return format!("#{0:02x}{0:02x}{0:02x}", 8 + (u32::from(i.max(232)) - 232) * 10),
    };
    name.to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The frame in `buffer` as an SVG document; `title` is what a screen reader says.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let (width, height) = (f32::from(area.width) * CELL_WIDTH + 16.0, f32::from(area.height) * CELL_HEIGHT + 16.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
         aria-label=\"{title}\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" \
         xml:space=\"preserve\">\n",
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let start = x;
            let style = buffer[(x, y)].style();
            let mut text = String::new();
            while x < area.width && buffer[(x, y)].style() == style {
                text.push_str(buffer[(x, y)].symbol());
                x += 1;
            }
            run(&mut out, (start, y, x - start), style, &text);
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn run(out: &mut String, (x, y, cells): (u16, u16, u16), style: ratatui::style::Style, text: &str) {
    let modifier = style.add_modifier;
    let (mut fg, mut bg) = (
        colour(style.fg.unwrap_or(Color::Reset), FOREGROUND),
        colour(style.bg.unwrap_or(Color::Reset), BACKGROUND),
    );
    if modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let left = f32::from(x) * CELL_WIDTH + 8.0;
    let top = f32::from(y) * CELL_HEIGHT + 8.0;
    let wide = f32::from(cells) * CELL_WIDTH;
    if bg != BACKGROUND {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{CELL_HEIGHT:.0}\" fill=\"{bg}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let weight = if modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let dim = if modifier.contains(Modifier::DIM) { " opacity=\"0.65\"" } else { "" };
    let line = if modifier.contains(Modifier::UNDERLINED) { " text-decoration=\"underline\"" } else { "" };
    let text = text.trim_end();
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" fill=\"{fg}\"{weight}{dim}{line}>{}</text>",
        top + 13.5,
        unicode_width::UnicodeWidthStr::width(text) as f32 * CELL_WIDTH,
        escape(text)
    );
}

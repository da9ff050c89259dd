//! A report as one HTML file, for readers who never open a terminal.
//!
//! Invariant: no script and nothing from outside, which the page's own policy forbids as well; every text goes through the
//! door for HTML, so that what a transcript holds is shown and never obeyed.

use std::fmt::Write as _;

use super::document::{Block, Table};
use super::{Report, chart, document};
use crate::text::door::html as safe;

/// How the page looks, in light, in dark, and on paper.
const STYLE: &str = include_str!("../../../assets/report.css");

/// What the page may load: its own style, and nothing else.
pub const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The whole page.
pub fn page(report: &Report) -> String {
    let title = safe(&document::title(report));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class=\"sub\">{}</p>\n",
        safe(&document::subtitle(report))
    );
    for block in document::blocks(report) {
        put(&mut out, &block);
    }
    out.push_str("<footer>Made by Aftercall. Personal data are masked as far as they are found by form and by names known from records; not everything is found. Ids name conversations in the workspace.</footer>\n</main>\n</body>\n</html>\n");
    out
}

/// A sentence, with what stands between backticks as code; one backtick alone is a backtick.
fn said(text: &str) -> String {
    let whole = safe(text);
    let parts: Vec<&str> = whole.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return whole;
    }
    let code =
        |(at, part): (usize, &&str)| if at % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() };
    parts.iter().enumerate().map(code).collect()
}

fn put(out: &mut String, block: &Block) {
    match block {
        Block::Heading(name, about) => {
            let _ = writeln!(out, "<h2>{}</h2>", safe(name));
            if !about.is_empty() {
                let _ = writeln!(out, "<p class=\"about\">{}</p>", said(about));
            }
        }
        Block::Tiles(tiles) => {
            out.push_str("<div class=\"tiles\">\n");
            for tile in tiles {
                let class = if tile.small { "tile small" } else { "tile" };
                let (name, value, note) = (safe(&tile.name), safe(&tile.value), safe(&tile.note));
                let _ =
                    writeln!(out, "<div class=\"{class}\"><span>{name}</span><b>{value}</b><span>{note}</span></div>");
            }
            out.push_str("</div>\n");
        }
        Block::Points(points) => {
            out.push_str("<ul>\n");
            for point in points {
                let _ = writeln!(out, "<li>{}</li>", said(point));
            }
            out.push_str("</ul>\n");
        }
        Block::Note(text) => {
            let _ = writeln!(out, "<p class=\"note\">{}</p>", said(text));
        }
        Block::Bars(bars) => out.push_str(&chart::bars(bars)),
        Block::Line(points) => out.push_str(&chart::line(points)),
        Block::Scatter(dots) => out.push_str(&chart::scatter(dots)),
        Block::Matrix(_, _, matrix) => out.push_str(&chart::matrix(matrix)),
        Block::Table(table) => of_table(out, table),
        Block::Cases(name, about, cases) => {
            let _ = writeln!(out, "<h3>{}</h3>", safe(name));
            if !about.is_empty() {
                let _ = writeln!(out, "<p class=\"about\">{}</p>", safe(about));
            }
            for case in cases {
                let _ = writeln!(out, "<div class=\"case\"><b>{}</b>", safe(&case.name));
                for (what, text) in &case.lines {
                    let _ = writeln!(out, "<p><span>{}</span> {}</p>", safe(what), safe(text));
                }
                out.push_str("</div>\n");
            }
        }
    }
}

fn of_table(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let class = |at: usize| if at >= table.numbers { " class=\"num\"" } else { "" };
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for (at, name) in table.head.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", class(at), safe(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str(if row.small { "<tr class=\"small\">" } else { "<tr>" });
        for (at, cell) in row.cells.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(at), safe(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

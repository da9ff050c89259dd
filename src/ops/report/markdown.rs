//! A report as Markdown, for a pull request or a wiki.
//!
//! Invariant: every text goes through the door for Markdown; no raw HTML is in it, and no table is broken by a cell.

use std::fmt::Write as _;

use super::document::{Bar, Block, Point, Table, percent};
use super::{Matrix, Report, SMALL, document};
use crate::text::door::markdown as safe;

/// Characters of the longest bar.
const LONGEST: u64 = 24;

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n\n{}\n", safe(&document::title(report)), safe(&document::subtitle(report)));
    for block in document::blocks(report) {
        match &block {
            Block::Heading(name, about) => {
                let _ = writeln!(out, "## {}\n", safe(name));
                if !about.is_empty() {
                    let _ = writeln!(out, "{}\n", safe(about));
                }
            }
            Block::Tiles(tiles) => {
                for tile in tiles {
                    let _ = writeln!(out, "- **{}** {} ({})", safe(&tile.value), safe(&tile.name), safe(&tile.note));
                }
                out.push('\n');
            }
            Block::Points(points) => {
                for point in points {
                    let _ = writeln!(out, "- {}", safe(point));
                }
                out.push('\n');
            }
            Block::Note(text) => {
                let _ = writeln!(out, "*{}*\n", safe(text));
            }
            Block::Bars(bars) => put(&mut out, &of_bars(bars)),
            Block::Line(points) => put(&mut out, &of_points(points)),
            Block::Table(table) => put(&mut out, table),
            Block::Matrix(rows, columns, matrix) => put(&mut out, &of_matrix((rows, columns), matrix)),
            Block::Cases(name, about, cases) => {
                let _ = writeln!(out, "### {}\n", safe(name));
                if !about.is_empty() {
                    let _ = writeln!(out, "{}\n", safe(about));
                }
                for case in cases {
                    let _ = writeln!(out, "- **{}**", safe(&case.name));
                    for (what, text) in &case.lines {
                        let _ = writeln!(out, "  - {}: {}", safe(what), safe(text));
                    }
                }
                out.push('\n');
            }
            // Its table says the same.
            Block::Scatter(_) => {}
        }
    }
    out
}

fn put(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(&table.head.iter().map(|name| safe(name)).collect::<Vec<_>>()));
    let rule = |at: usize| if at >= table.numbers { "---:" } else { "---" }.to_owned();
    out.push_str(&line(&(0..table.head.len()).map(rule).collect::<Vec<_>>()));
    for row in &table.rows {
        out.push_str(&line(&row.cells.iter().map(|cell| safe(cell)).collect::<Vec<_>>()));
    }
    out.push('\n');
}

fn of_bars(bars: &[Bar]) -> Table {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    let row = |bar: &Bar| super::document::Row {
        small: bar.count < SMALL,
        cells: vec![
            bar.name.clone(),
            "█".repeat((bar.count * LONGEST).div_ceil(most) as usize),
            bar.count.to_string(),
            bar.note.clone(),
        ],
    };
    let head = ["", "", "n", ""].map(str::to_owned).to_vec();
    Table { head, numbers: usize::MAX, rows: bars.iter().map(row).collect() }
}

fn of_points(points: &[Point]) -> Table {
    let row = |point: &Point| {
        let bar = point.rate.map_or_else(String::new, |(rate, _)| "█".repeat((rate * LONGEST as f64).round() as usize));
        let cells = vec![point.name.clone(), bar, point.rate.map_or_else(|| "–".to_owned(), |(rate, _)| percent(rate))];
        super::document::Row { cells, small: point.n < SMALL }
    };
    let head = ["", "", "pass rate"].map(str::to_owned).to_vec();
    Table { head, numbers: usize::MAX, rows: points.iter().map(row).collect() }
}

fn of_matrix((rows, columns): (&str, &str), matrix: &Matrix) -> Table {
    let head = std::iter::once(format!("{rows} → {columns}")).chain(matrix.columns.iter().cloned()).collect();
    let row = |(name, counts): (&String, &Vec<u64>)| {
        let counts = counts.iter().map(|count| if *count == 0 { String::new() } else { count.to_string() });
        super::document::Row { cells: std::iter::once(name.clone()).chain(counts).collect(), small: false }
    };
    Table { head, numbers: 1, rows: matrix.rows.iter().zip(&matrix.counts).map(row).collect() }
}

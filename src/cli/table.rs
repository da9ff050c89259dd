//! Plain tables for terminals: columns as wide as their widest cell.
//!
//! Invariant: cells are made safe before they are measured, so that what is aligned is what is drawn.

use std::io;

use super::output::Output;
use crate::text::door;
use crate::text::width;

/// A table that is written when it is complete.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading.
    pub fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.iter().map(|cell| door::terminal_line(cell)).collect());
    }

    /// Writes it.
    pub fn write(&self, output: &mut Output) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|at| wide(at).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - width_of(cell) + 2));
            }
            output.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// The beginning of a text, at most `columns` wide, with a sign where something was cut.
pub fn clipped(text: &str, columns: usize) -> String {
    let text = door::terminal_line(text);
    if width_of(&text) <= columns {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        let mut next = out.clone();
        next.push(c);
        if width_of(&next) >= columns {
            break;
        }
        out = next;
    }
    out + "…"
}

fn width_of(text: &str) -> usize {
    width::of(text)
}

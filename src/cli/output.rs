//! The two ways out: data to standard output, talk to standard error.
//!
//! Invariant: a closed pipe ends the program quietly, every other failed write is an error; talk is made safe for the
//! terminal here, data by the door its form asks for.

use std::io::{BufWriter, StdoutLock, Write as _};

use serde::Serialize;

use super::failure::Failure;
use crate::text::door;

/// Standard output, for data.
pub struct Data(BufWriter<StdoutLock<'static>>);

impl Data {
    /// Takes standard output for as long as it lives.
    pub fn open() -> Self {
        Self(BufWriter::with_capacity(64 * 1024, std::io::stdout().lock()))
    }

    /// One line of text of any origin, made safe to stand on a terminal.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.put(&door::terminal_line(text))
    }

    /// Text of any origin, line by line, each after `lead`.
    pub fn block(&mut self, lead: &str, text: &str) -> Result<(), Failure> {
        for line in door::terminal_text(text).split('\n') {
            self.put(&format!("{lead}{line}"))?;
        }
        Ok(())
    }

    /// A value as one line of JSON.
    pub fn json<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let line = door::json(value)?;
        self.put(&line)
    }

    /// One row of comma-separated values.
    pub fn csv(&mut self, cells: &[Cell]) -> Result<(), Failure> {
        let cells: Vec<String> = cells.iter().map(Cell::shown).collect();
        self.put(&cells.join(","))
    }

    /// Text of our own making, as it is.
    pub fn put(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.0, "{text}").map_err(|error| Failure::output(&error))
    }

    /// Writes out what is still held back; a command is not done before.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.0.flush().map_err(|error| Failure::output(&error))
    }
}

/// One cell of comma-separated values.
pub enum Cell {
    /// Text, which must not become a formula.
    Text(String),
    /// A number or a word of ours, as it is.
    Plain(String),
}

impl Cell {
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => door::csv_cell(text),
            Self::Plain(text) => text.clone(),
        }
    }
}

/// Standard error, for talk. That it cannot be written is no reason to fail.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// Say nothing but errors.
    pub quiet: bool,
}

impl Talk {
    /// One line, unless quiet.
    pub fn say(self, text: &str) {
        if !self.quiet {
            warn(text);
        }
    }
}

/// One line to standard error, even when quiet.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", door::terminal_line(text));
}

//! The two ways out: data to standard output, talk to standard error.
//!
//! Invariant: every byte of either went through the door of its sink; only this file prints.

use std::io::{self, BufWriter, IsTerminal as _, Stderr, Stdout, Write as _};

use serde::Serialize;

use crate::text::door;

/// Standard output and standard error.
#[derive(Debug)]
pub struct Output {
    data: BufWriter<Stdout>,
    talk: Stderr,
    quiet: bool,
}

impl Output {
    /// Those of the process.
    pub fn of_process(quiet: bool) -> Self {
        Self { data: BufWriter::new(io::stdout()), talk: io::stderr(), quiet }
    }

    /// One JSON value on one line.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let line = door::json(value)?;
        writeln!(self.data, "{line}")
    }

    /// One line for people.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.data, "{}", door::terminal_line(text))
    }

    /// Text of several lines, for people or for another program, made safe line by line.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(door::terminal_text(text).as_bytes())
    }

    /// Text that the program itself made and that is data: CSV whose cells went through their door, scripts.
    pub fn made(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())
    }

    /// Writes out what is gathered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// Talk: what was done.
    pub fn say(&mut self, text: &str) {
        if !self.quiet {
            // Nobody reads it: that is no reason to fail.
            let _ = writeln!(self.talk, "{}", door::terminal_text(text));
        }
    }

    /// What went wrong, quiet or not.
    pub fn complain(&mut self, text: &str) {
        let _ = self.data.flush();
        let _ = writeln!(self.talk, "aftercall: {}", door::terminal_text(text));
    }

    /// What went wrong, in the words of the argument parser.
    pub fn complain_as_is(&mut self, text: &str) {
        let _ = write!(self.talk, "{}", door::terminal_text(text));
    }

    /// True where progress may be drawn.
    pub fn draws_progress(&self) -> bool {
        !self.quiet && self.talk.is_terminal()
    }
}

//! The bar that long work shows on a terminal.
//!
//! Invariant: nobody watching, no bar; what it says passed the terminal's door.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Talk;
use crate::ops::Progress;
use crate::text::door;

/// Of which unit a bar's figures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read.
    Bytes,
    /// Conversations, seeds, events: things counted one by one.
    Things,
}

impl Unit {
    fn style(self) -> ProgressStyle {
        let style = ProgressStyle::with_template(match self {
            Self::Bytes => "{bar:30} {bytes}/{total_bytes} {wide_msg}",
            Self::Things => "{bar:30} {pos}/{len} {wide_msg}",
        });
        style.unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

/// How far a job is, on standard error; gone from the terminal when it goes out of scope.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar on a terminal, and nothing where nobody watches.
    pub fn open(talk: Talk, unit: Unit) -> Self {
        let watched = !talk.quiet && std::io::stderr().is_terminal();
        let bar = if watched {
            ProgressBar::no_length().with_style(unit.style())
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        };
        Self { bar }
    }

    /// From here on figures are of `unit`.
    pub fn measure(&self, unit: Unit) {
        self.bar.set_style(unit.style());
    }

    /// Shows how far it is. The job goes on: a person stops it with ctrl-c.
    pub fn show(&self, progress: &Progress) -> ControlFlow<()> {
        self.bar.set_length(progress.total.unwrap_or(progress.done));
        self.bar.set_position(progress.done);
        self.bar.set_message(door::terminal_line(&progress.what));
        ControlFlow::Continue(())
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

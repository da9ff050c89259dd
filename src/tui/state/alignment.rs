//! The screen of how evaluators agree with people.
//!
//! Invariant: plain data; what it shows was computed elsewhere.

use crate::engine::request::{Aligned, AlignmentReport, Cell, Ticket};

/// Which cell of an evaluator's table is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chosen {
    /// Failures that it lets pass.
    #[default]
    FalsePasses,
    /// Passes to which it objects.
    FalseFails,
}

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct AlignmentView {
    /// The question under way.
    pub awaiting: Option<Ticket>,
    /// The answer.
    pub report: Option<Box<AlignmentReport>>,
    /// Why there is none.
    pub error: Option<String>,
    /// The evaluator under the cursor.
    pub cursor: usize,
    /// The cell that becomes a queue.
    pub chosen: Chosen,
}

impl AlignmentView {
    /// The evaluator under the cursor.
    pub fn current(&self) -> Option<&Aligned> {
        self.report.as_ref()?.evaluators.get(self.cursor)
    }

    /// The cell that becomes a queue.
    pub fn cell(&self) -> Option<&Cell> {
        let part = &self.current()?.overall;
        Some(match self.chosen {
            Chosen::FalsePasses => &part.false_passes,
            Chosen::FalseFails => &part.false_fails,
        })
    }

    /// How many evaluators there are.
    pub fn count(&self) -> usize {
        self.report.as_ref().map_or(0, |report| report.evaluators.len())
    }
}

//! The screen of what failed in a week, and how service went.
//!
//! Invariant: plain data; what it shows was computed elsewhere, and every line knows the filter that lists what is behind
//! it.

use crate::engine::request::{Asking, InsightsPart as Part, Progress, Report, Ticket, Window};

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct InsightsView {
    /// What was asked for.
    pub asking: Asking,
    /// The question under way.
    pub awaiting: Option<Ticket>,
    /// How far the answer to it is.
    pub progress: Option<Progress>,
    /// The answer.
    pub report: Option<Box<Report>>,
    /// Why there is none.
    pub error: Option<String>,
    /// The part that is shown.
    pub part: Part,
    /// The line under the cursor.
    pub cursor: usize,
}

impl InsightsView {
    /// What is on the screen; nothing while other days are counted.
    pub fn shown(&self) -> Option<&Report> {
        self.report.as_deref().filter(|_| self.awaiting.is_none() && self.error.is_none())
    }

    /// The days that were asked for; `None` for the newest, before it is known which those are.
    pub fn days(&self) -> Option<Window> {
        Window::of(self.asking.days, &mut std::iter::empty())
    }

    /// The filters of the lines of the part, in the order in which they are drawn; empty for a line with nothing behind
    /// it.
    pub fn filters(&self) -> Vec<&str> {
        let Some(report) = self.shown() else { return Vec::new() };
        match self.part {
            Part::Modes => {
                let modes = report.modes.iter().map(|row| row.filter.as_str());
                modes.chain(report.owners.iter().map(|row| row.filter.as_str())).collect()
            }
            Part::Segments => report.segments.iter().map(|row| row.filter.as_str()).collect(),
            Part::Evaluators => report.evaluators.rows.iter().map(|row| row.misses.filter.as_str()).collect(),
            Part::People => {
                let reviewers = report.people.reviewers.iter().map(|row| row.filter.as_str());
                reviewers.chain(report.people.pairs.iter().map(|_| "")).collect()
            }
        }
    }
}

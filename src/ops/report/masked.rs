//! A report as it leaves the workspace.
//!
//! Invariant: every text of others passes the door; those of examples, of decisions and of what was put aside passed one
//! that knows the people of their conversations when the report was drawn up.

use super::Report;

impl Report {
    /// The report with every text of others passed through this.
    #[must_use]
    pub fn masked(mut self, text: &dyn Fn(&str) -> String) -> Self {
        let mask = |place: &mut String| *place = text(place);
        if self.session.is_some() {
            self.weeks.iter_mut().map(|row| &mut row.window.name).for_each(mask);
            [&mut self.period.name, &mut self.before.name].into_iter().for_each(mask);
        }
        std::iter::once(&mut self.filter).chain(&mut self.audit_filter).for_each(mask);
        self.people.reviewers.iter_mut().for_each(|row| mask(&mut row.filter));
        self.weeks.iter_mut().for_each(|row| mask(&mut row.filter));
        for row in &mut self.modes {
            [&mut row.name, &mut row.description, &mut row.filter].into_iter().for_each(mask);
            row.examples.iter_mut().filter_map(|example| example.at.as_mut()).for_each(mask);
            // Texts of an example are masked already, with what its conversation knows.
        }
        self.owners.iter_mut().for_each(|row| mask(&mut row.filter));
        for matrix in [&mut self.corrections, &mut self.transitions] {
            matrix.rows.iter_mut().chain(&mut matrix.columns).for_each(mask);
        }
        self.evaluators.rows.iter_mut().for_each(|row| mask(&mut row.name));
        for row in &mut self.segments {
            [&mut row.value, &mut row.filter].into_iter().chain(&mut row.worst_mode).for_each(mask);
        }
        self.tools.iter_mut().flat_map(|row| [&mut row.tool, &mut row.filter]).for_each(mask);
        self.escalations.iter_mut().filter_map(|row| row.reason.as_mut()).for_each(mask);
        self.satisfaction.iter_mut().for_each(|row| mask(&mut row.name));
        self.impact.iter_mut().flat_map(|row| [&mut row.intent, &mut row.filter]).for_each(mask);
        self.targets.iter_mut().for_each(|row| mask(&mut row.filter));
        for row in &mut self.decisions {
            row.owner.iter_mut().chain(&mut row.mode).chain(&mut row.session).for_each(mask);
        }
        self
    }
}

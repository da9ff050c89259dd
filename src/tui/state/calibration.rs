//! The screen of calibrations: how far each is, and once it is revealed, its cases beside who said what.
//!
//! Invariant: it holds no more than what may be told, since nothing else ever reaches it.

use crate::engine::request::{CaseSaid, Sheet, Ticket};

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct CalibrationView {
    /// The question for the list under way.
    pub awaiting: Option<Ticket>,
    /// The question for the open one under way.
    pub awaiting_sheet: Option<Ticket>,
    /// Those there are; `None` until that is known.
    pub sheets: Option<Vec<Sheet>>,
    /// Which is under the cursor.
    pub cursor: usize,
    /// The name of the one to put the cursor on once it is listed.
    pub wanted: Option<String>,
    /// The open one.
    pub open: Option<Box<Sheet>>,
    /// Which of its cases is under the cursor.
    pub case: usize,
    /// What went wrong.
    pub error: Option<String>,
}

impl CalibrationView {
    /// The calibration under the cursor, or the open one.
    pub fn current(&self) -> Option<&Sheet> {
        match &self.open {
            Some(sheet) => Some(sheet),
            None => self.sheets.as_ref()?.get(self.cursor),
        }
    }

    /// The cases of the open one, those first on which people agree least.
    pub fn cases(&self) -> &[CaseSaid] {
        self.open.as_ref().and_then(|sheet| sheet.report.said.as_deref()).unwrap_or_default()
    }

    /// Moves the cursor of what is shown by so many lines.
    pub fn go(&mut self, lines: isize) {
        let cases = self.cases().len();
        let (cursor, count) = match &self.open {
            Some(_) => (&mut self.case, cases),
            None => (&mut self.cursor, self.sheets.as_ref().map_or(0, Vec::len)),
        };
        *cursor = cursor.saturating_add_signed(lines).min(count.saturating_sub(1));
    }
}

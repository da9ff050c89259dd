//! The pages of figures: how often the agent fails, how evaluators agree, thresholds, comparison, drift.
//!
//! Invariant: plain data; what it shows was computed elsewhere.

use crate::engine::request::{
    Aligned, AlignmentReport, Cell, ComparePage, Compared, DriftReport, DriftRow, Part, RatesPage, Segment, Ticket,
};
use crate::model::filter::{Comparison, Condition, Expr, FIELDS, Field, Filter, NumberMatch, Test, TextMatch};

/// A page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// How often the agent fails.
    #[default]
    Rates,
    /// How evaluators agree with people.
    Alignment,
    /// From which score on to escalate.
    Thresholds,
    /// Two versions, prompts or weeks.
    Compare,
    /// What the last import differs in.
    Drift,
}

impl Page {
    /// The pages, in the order of their digits.
    pub const ALL: [Self; 5] = [Self::Rates, Self::Alignment, Self::Thresholds, Self::Compare, Self::Drift];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rates => "Rates",
            Self::Alignment => "Alignment",
            Self::Thresholds => "Thresholds",
            Self::Compare => "Compare",
            Self::Drift => "Drift",
        }
    }

    /// Its place.
    pub fn at(self) -> usize {
        Self::ALL.iter().position(|page| *page == self).unwrap_or(0)
    }
}

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
pub struct NumbersView {
    /// The page that is shown.
    pub page: Page,
    /// The queue it was opened from.
    pub queue: Option<String>,
    /// The question under way, and the page it is for.
    pub awaiting: Option<(Ticket, Page)>,
    /// Rates, once they are there.
    pub rates: Option<RatesPage>,
    /// Evaluators, for two pages.
    pub alignment: Option<AlignmentReport>,
    /// The comparison.
    pub compare: Option<ComparePage>,
    /// What differs.
    pub drift: Option<DriftReport>,
    /// By page, why there is nothing.
    pub errors: [Option<String>; 5],
    /// By page, the row under the cursor.
    pub cursors: [usize; 5],
    /// The cell of the alignment that becomes a queue.
    pub chosen: Chosen,
    /// Whose thresholds are shown.
    pub evaluator: usize,
}

impl NumbersView {
    /// The row under the cursor.
    pub fn cursor(&self) -> usize {
        self.cursors[self.page.at()]
    }

    /// Why the page has nothing to show.
    pub fn error(&self) -> Option<&str> {
        self.errors[self.page.at()].as_deref()
    }

    /// The segments of the rates, all of them first.
    pub fn segments(&self) -> Vec<&Segment> {
        self.rates.iter().flat_map(|page| std::iter::once(&page.report.overall).chain(&page.report.segments)).collect()
    }

    /// The evaluators.
    pub fn evaluators(&self) -> &[Aligned] {
        self.alignment.as_ref().map_or(&[], |report| &report.evaluators)
    }

    /// The evaluator under the cursor of the alignment.
    pub fn current(&self) -> Option<&Aligned> {
        self.evaluators().get(self.cursors[Page::Alignment.at()])
    }

    /// The evaluator whose thresholds are shown.
    pub fn escalating(&self) -> Option<&Aligned> {
        self.evaluators().get(self.evaluator)
    }

    /// Its thresholds, those of all labels first.
    pub fn thresholds(&self) -> Vec<&Part> {
        self.escalating().map_or_else(Vec::new, |one| std::iter::once(&one.overall).chain(&one.segments).collect())
    }

    /// The comparisons, that of all first.
    pub fn compared(&self) -> Vec<&Compared> {
        let report = self.compare.as_ref().and_then(|page| page.report.as_ref());
        report.map_or_else(Vec::new, |report| std::iter::once(&report.overall).chain(&report.segments).collect())
    }

    /// What differs.
    pub fn drifted(&self) -> &[DriftRow] {
        self.drift.as_ref().map_or(&[], |report| &report.rows)
    }

    /// True where the page has what it shows.
    pub fn is_there(&self) -> bool {
        match self.page {
            Page::Rates => self.rates.is_some(),
            Page::Alignment | Page::Thresholds => self.alignment.is_some(),
            Page::Compare => self.compare.is_some(),
            Page::Drift => self.drift.is_some(),
        }
    }

    /// True while what the page shows is counted anew.
    pub fn is_counting(&self) -> bool {
        self.awaiting.is_some_and(|(_, page)| page == self.page)
    }

    /// How many rows the page has.
    pub fn count(&self) -> usize {
        self.count_of(self.page)
    }

    /// How many rows a page has.
    pub fn count_of(&self, page: Page) -> usize {
        match page {
            Page::Rates => self.segments().len(),
            Page::Alignment => self.evaluators().len(),
            Page::Thresholds => self.thresholds().len(),
            Page::Compare => self.compared().len(),
            Page::Drift => self.drifted().len(),
        }
    }

    /// The chosen cell of the alignment.
    pub fn cell(&self) -> Option<&Cell> {
        let part = &self.current()?.overall;
        Some(match self.chosen {
            Chosen::FalsePasses => &part.false_passes,
            Chosen::FalseFails => &part.false_fails,
        })
    }

    /// A filter for the conversations behind the row under the cursor; `None` where there are none.
    pub fn behind(&self) -> Option<String> {
        let at = self.cursor();
        let cell = match self.page {
            Page::Rates => self.segments().get(at).map(|one| &one.behind),
            Page::Alignment => self.cell(),
            Page::Thresholds => return self.escalated(),
            Page::Compare => self.compared().get(at).map(|one| &one.behind),
            Page::Drift => self.drifted().get(at).map(|one| &one.behind),
        };
        cell.map(|cell| cell.filter.clone()).filter(|filter| !filter.is_empty())
    }

    /// What the threshold under the cursor escalates.
    fn escalated(&self) -> Option<String> {
        let (one, part) = (self.escalating()?, self.thresholds().get(self.cursor()).copied()?);
        let promise = part.sure.as_ref().or(part.average.as_ref()).map(|found| found.at);
        let at = promise.or(part.threshold.as_ref().map(|found| found.at)).ok()?;
        let worse = if one.better == "lower" { Comparison::GreaterOrEqual } else { Comparison::LessOrEqual };
        let condition = Condition::Number(vec![NumberMatch::Compare(worse, at)]);
        let (field, key) =
            if one.is_p_fail() { (Field::PFail, String::new()) } else { (Field::Score, one.name.clone()) };
        let score = Test { field, key, condition };
        let by = self.alignment.as_ref()?.by.as_deref();
        let segment = part.segment.as_ref().zip(by).and_then(|(value, by)| {
            let field = FIELDS.iter().find(|info| info.name == by)?.field;
            let condition = Condition::Text(vec![TextMatch::Is(value.clone())]);
            Some(Test { field, key: String::new(), condition })
        });
        let expr = Expr::all_of(segment.into_iter().chain([score]).map(Expr::Test).collect());
        Some(Filter { expr }.to_string())
    }
}

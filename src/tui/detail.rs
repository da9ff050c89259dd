//! The detail pane: all about one step or one span, as sections.
//!
//! Invariant: what it copies out of a conversation is bounded, whatever the size of a result or an attribute.

use std::ops::Range;

use super::pager::{Pager, piece};
use super::row::{Row, wrap};
use super::state::Lens;
use super::theme::{Theme, Tone};
use crate::engine::request::HighlightRun;
use crate::model::codebook::Codebook;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Label;

mod build;
mod facts;

pub use build::Builder;

/// What the detail pane shows of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The step as a whole.
    #[default]
    Step,
    /// What the tool answered.
    Result,
    /// The spans' attributes.
    Raw,
    /// What the evaluators say.
    Scores,
    /// The tools offered.
    Tools,
    /// Recorded reasoning.
    Reasoning,
    /// The system prompt.
    System,
}

impl Tab {
    /// Every tab, in the order of the digit keys.
    pub const ALL: [Self; 7] =
        [Self::Step, Self::Result, Self::Raw, Self::Scores, Self::Tools, Self::Reasoning, Self::System];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Result => "result",
            Self::Raw => "raw",
            Self::Scores => "scores",
            Self::Tools => "tools",
            Self::Reasoning => "why",
            Self::System => "system",
        }
    }
}

/// What the detail pane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Subject {
    /// Index of the step.
    pub step: Option<usize>,
    /// Index of the span.
    pub span: Option<usize>,
    /// What of it.
    pub tab: Tab,
}

/// A part of the detail.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// One line.
    Line(Row),
    /// A piece of a text.
    Text {
        /// Index into the texts.
        text: usize,
        /// Which piece.
        range: Range<usize>,
        /// Its tone.
        tone: Tone,
        /// Blanks before it.
        indent: usize,
    },
}

/// The detail pane.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// What it is about; `None` before it was built.
    pub subject: Option<Subject>,
    /// Which tab was chosen.
    pub tab: Tab,
    /// Its parts.
    pub sections: Vec<Section>,
    /// Texts the parts are pieces of, as they may be shown.
    pub texts: Vec<String>,
    /// Where each score lies: the sections it fills, and its place among the conversation's scores.
    pub scores: Vec<(Range<usize>, usize)>,
    /// Where the JSON lies that is being highlighted: the sections it fills.
    pub json: Option<Range<usize>>,
    /// The key of the highlighting asked for.
    pub highlight: u64,
    /// View and cursor.
    pub pager: Pager,
}

/// A label in a line: verdict, modes, step, severity, owner.
pub fn label_row(label: &Label, codebook: &Codebook, theme: Theme) -> Row {
    let Some(verdict) = label.verdict else {
        return Row::of(if label.skipped { "skipped" } else { "draft" }, Tone::Dim);
    };
    let tone = Theme::verdict_tone(verdict);
    let mut row = Row::of(theme.verdict(verdict), tone).with(" ", tone).with(&verdict.word().to_uppercase(), tone);
    for mode in &label.modes {
        row.push(&format!(" {} {}", theme.signs().dot, codebook.name_of(mode)), Tone::Text);
    }
    match (&label.first_failure, verdict) {
        (Some(at), _) => row.push(&format!(" {} step {}", theme.signs().dot, at.step), Tone::Text),
        (None, crate::model::label::Verdict::Fail) => {
            row.push(&format!(" {} no single step", theme.signs().dot), Tone::Text);
        }
        (None, _) => {}
    }
    if let Some(severity) = label.severity.and_then(|s| super::state::judge::SEVERITIES.get(usize::from(s) - 1)) {
        row.push(&format!(" {} {severity}", theme.signs().dot), Tone::Text);
    }
    if let Some(owner) = label.owner {
        row.push(&format!(" {} owner {}", theme.signs().dot, owner.word()), Tone::Text);
    }
    // What a label holds besides is told by number; the detail pane has it in full.
    let more =
        [(label.corrections.len(), "correction", "corrections"), (label.criteria.len(), "criterion", "criteria")];
    for (count, one, many) in more.into_iter().filter(|(count, ..)| *count > 0) {
        row.push(&format!(" {} {count} {}", theme.signs().dot, if count == 1 { one } else { many }), Tone::Dim);
    }
    row
}

/// A correction in a line.
pub fn correction_words(correction: &Correction) -> String {
    let text = correction.text.as_deref().unwrap_or_default();
    match correction.kind {
        CorrectionKind::Tool => {
            let arguments = correction.arguments.as_ref().map_or("", |arguments| arguments.0.exact());
            let tool = correction.tool.as_deref().unwrap_or_default();
            let also = match correction.alternatives.len() {
                0 => String::new(),
                n => format!(" (+{n} also right)"),
            };
            format!("should be {tool} {arguments}{also}")
        }
        CorrectionKind::NoCall => format!("no call {text}"),
        CorrectionKind::AskCustomer => format!("ask the customer: {text}"),
        CorrectionKind::HandOff => format!("hand off: {}", correction.reason.as_deref().unwrap_or_default()),
        CorrectionKind::Reply => format!("should say: {text}"),
    }
}

/// A duration for people.
pub fn duration(micros: i64) -> String {
    match micros {
        ..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{} ms", micros / 1_000),
        100_000..60_000_000 => format!("{:.1} s", micros as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
        _ => format!("{} h {} min", micros / 3_600_000_000, micros / 60_000_000 % 60),
    }
}

impl Detail {
    /// Puts highlighted lines in place of the plain JSON.
    pub fn highlight(&mut self, lines: Vec<Vec<HighlightRun>>) {
        let Some(range) = self.json.take() else { return };
        let rows = lines.into_iter().map(|runs| {
            let mut row = Row::new();
            for run in runs {
                row.push(run.text.exact(), Theme::json_tone(run.class));
            }
            Section::Line(row)
        });
        self.sections.splice(range, rows);
        self.pager.forget();
    }

    /// The rows of a section.
    pub fn rows(&self, section: usize, columns: usize, lens: &Lens) -> Vec<Row> {
        match &self.sections[section] {
            Section::Line(row) => folded(row, columns),
            Section::Text { text, range, tone, indent } => {
                let shown = piece(&self.texts[*text], range);
                let blank = Row::of(&" ".repeat(*indent), Tone::Text);
                let rows = wrap(shown, *tone, columns.saturating_sub(*indent), lens.look);
                rows.into_iter()
                    .map(|row| {
                        let mut whole = blank.clone();
                        whole.extend(row);
                        whole
                    })
                    .collect()
            }
        }
    }
}

/// A styled line broken at the width, at most so often that one line never fills the pane for long.
fn folded(row: &Row, columns: usize) -> Vec<Row> {
    row.clone().folded(columns.max(2), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(420), "420 µs");
        assert_eq!(duration(12_300), "12 ms");
        assert_eq!(duration(12_340_000), "12.3 s");
        assert_eq!(duration(3_723_000_000), "1 h 2 min");
    }
}

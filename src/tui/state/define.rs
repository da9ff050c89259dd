//! The form that defines a queue.
//!
//! Invariant: what the form says is what is counted: a preview belongs to the definition it was asked for.

pub use crate::engine::request::STRATEGY_NAMES as STRATEGIES;
use crate::engine::request::{Preview, QueueSpec, Ticket};
use crate::model::queue::MustReview;
use crate::tui::input::LineInput;

/// The lines of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The name.
    Name,
    /// Which conversations.
    Filter,
    /// One of [`STRATEGIES`].
    Strategy,
    /// How many; empty for all.
    Size,
    /// The share by lot, in percent.
    Audit,
    /// The seed.
    Seed,
    /// How many people judge each.
    Reviewers,
    /// One of [`SEGMENTS`].
    Segment,
    /// Whether scores are hidden throughout.
    Blind,
}

/// Segments whose values may take turns.
pub const SEGMENTS: [&str; 6] = ["none", "intent", "channel", "tier", "language", "agent_version"];

impl Line {
    /// The lines, top to bottom.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Filter,
        Self::Strategy,
        Self::Size,
        Self::Audit,
        Self::Seed,
        Self::Reviewers,
        Self::Segment,
        Self::Blind,
    ];

    /// What it asks for.
    pub fn title(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Filter => "Only those",
            Self::Strategy => "Order",
            Self::Size => "How many",
            Self::Audit => "By lot, in %",
            Self::Seed => "Seed",
            Self::Reviewers => "People each",
            Self::Segment => "Taking turns",
            Self::Blind => "Scores",
        }
    }
}

/// The form.
#[derive(Debug, Clone)]
pub struct DefineForm {
    /// Which line takes the keys.
    pub line: usize,
    /// Texts by line; those of choices are not used.
    pub texts: [LineInput; 9],
    /// Which of [`STRATEGIES`].
    pub strategy: usize,
    /// Which of [`SEGMENTS`].
    pub segment: usize,
    /// Whether scores are hidden throughout.
    pub blind: bool,
    /// What the configuration puts ahead.
    pub must_review: MustReview,
    /// For how many minutes a conversation is held where several people judge it.
    pub claim_minutes: u32,
    /// The newest request for a preview.
    pub awaiting: Option<Ticket>,
    /// What the definition would take.
    pub preview: Option<Preview>,
    /// What is wrong with the form.
    pub error: Option<String>,
}

impl DefineForm {
    /// The form with the defaults.
    pub fn new(name: &str, filter: &str, must_review: MustReview) -> Self {
        let texts = [name, filter, "", "", "20", "1", "1", "", ""].map(LineInput::suggested);
        Self {
            line: 0,
            texts,
            strategy: 0,
            segment: 0,
            blind: false,
            must_review,
            claim_minutes: crate::model::claim::MINUTES,
            awaiting: None,
            preview: None,
            error: None,
        }
    }

    /// The line that takes the keys.
    pub fn current(&self) -> Line {
        Line::ALL[self.line.min(Line::ALL.len() - 1)]
    }

    /// True where the line that takes the keys is a text.
    pub fn takes_text(&self) -> bool {
        !matches!(self.current(), Line::Strategy | Line::Segment | Line::Blind)
    }

    /// The text of the line that takes the keys.
    pub fn input(&mut self) -> Option<&mut LineInput> {
        if self.takes_text() { self.texts.get_mut(self.line) } else { None }
    }

    /// The definition.
    ///
    /// # Errors
    /// What is not a number, in words.
    pub fn spec(&self) -> Result<QueueSpec, String> {
        let text = |line: Line| {
            let at = Line::ALL.iter().position(|other| *other == line).unwrap_or(0);
            self.texts[at].text().trim()
        };
        let whole = |line: Line| -> Result<u32, String> {
            text(line).parse().map_err(|_| format!("{}: a whole number is needed.", line.title()))
        };
        let size = if text(Line::Size).is_empty() { None } else { Some(whole(Line::Size)?) };
        let audit: f64 =
            text(Line::Audit).trim_end_matches('%').trim().parse().map_err(|_| "By lot: a number is needed.")?;
        let reviewers_per_item = whole(Line::Reviewers)?;
        Ok(QueueSpec {
            name: text(Line::Name).to_owned(),
            filter: text(Line::Filter).to_owned(),
            strategy: STRATEGIES[self.strategy].to_owned(),
            seed: text(Line::Seed).parse().map_err(|_| "Seed: a whole number is needed.")?,
            size,
            audit: audit / 100.0,
            per_segment: (self.segment > 0).then(|| SEGMENTS[self.segment].to_owned()),
            reviewers_per_item,
            blind: self.blind,
            claim_minutes: if reviewers_per_item > 1 { self.claim_minutes } else { 0 },
            calibration: None,
            must_review: self.must_review.clone(),
        })
    }
}

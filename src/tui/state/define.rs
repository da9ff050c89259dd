//! The form that defines a queue.
//!
//! Invariant: what the form says is what is counted: a preview belongs to the definition it was asked for.

use super::form::{Form, Head};
use crate::engine::request::{OrderInfo, Preview, QueueSpec, StartOrder, Ticket, orders};
use crate::model::queue::MustReview;
use crate::tui::input::LineInput;
use crate::tui::schema::Turn;

/// The lines of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The name.
    Name,
    /// Which conversations.
    Filter,
    /// One of the orders there are.
    Order,
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
        Self::Order,
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
            Self::Order => "Order",
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
    /// Where it stands.
    pub head: Head,
    /// Texts by line; those of choices are not used.
    pub texts: [LineInput; 9],
    /// Which order; `None` for the default.
    pub order: Option<&'static OrderInfo>,
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
}

/// What begins once the conversations it needs were evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Waiting {
    /// This queue is defined.
    Queue(Box<QueueSpec>),
    /// This session starts.
    Session(Box<StartOrder>),
}

impl DefineForm {
    /// The form with the defaults.
    pub fn new(name: &str, filter: &str, must_review: MustReview) -> Self {
        let texts = [name, filter, "", "", "20", "1", "1", "", ""].map(LineInput::suggested);
        Self {
            head: Head::of(format!("queue of {filter}"), Line::ALL.len()),
            texts,
            order: orders().next(),
            segment: 0,
            blind: false,
            must_review,
            claim_minutes: crate::model::claim::MINUTES,
            awaiting: None,
            preview: None,
        }
    }

    /// The line that takes the keys.
    pub fn current(&self) -> Line {
        Line::ALL[self.head.line.min(Line::ALL.len() - 1)]
    }

    /// The orders on offer: those that look at labels again only where there are some.
    pub fn orders(&self) -> Vec<&'static OrderInfo> {
        let labelled = self.preview.as_ref().is_some_and(|preview| preview.unjudged < preview.matching);
        orders().filter(|order| labelled || !order.strategy.is_again()).collect()
    }

    /// The place of the chosen order among those on offer.
    pub fn place(&self) -> Option<usize> {
        self.orders().iter().position(|order| Some(order.name) == self.order.map(|order| order.name))
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
            strategy: self.order.map_or_else(String::new, |order| order.name.to_owned()),
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

impl Form for DefineForm {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }

    fn input(&mut self) -> Option<&mut LineInput> {
        match self.current() {
            Line::Order | Line::Segment | Line::Blind => None,
            _ => self.texts.get_mut(self.head.line),
        }
    }

    fn options(&self) -> Vec<String> {
        match self.current() {
            Line::Order => self.orders().iter().map(|order| order.name.to_owned()).collect(),
            Line::Segment => SEGMENTS.iter().map(|segment| (*segment).to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    fn choose(&mut self, at: usize) {
        match self.current() {
            Line::Order => self.order = self.orders().get(at).copied(),
            Line::Segment => self.segment = at,
            _ => {}
        }
    }

    fn turn(&mut self, turn: Turn) {
        match self.current() {
            Line::Order => {
                let offered = self.orders();
                let next = self.place().map_or(0, |at| turn.from(at, offered.len()));
                self.order = offered.get(next).copied();
            }
            Line::Segment => self.segment = turn.from(self.segment, SEGMENTS.len()),
            Line::Blind => self.blind = !self.blind,
            _ => {}
        }
    }
}

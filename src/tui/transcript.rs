//! The transcript as blocks, and a block as rows.
//!
//! Invariant: cutting into blocks looks at lengths only; masking, escaping and wrapping happen per block, when it comes
//! into view.

use std::ops::Range;

use super::pager::{piece, pieces};
use super::row::{Row, wrap};
use super::scoring::{self, ScoreIndex};
use super::state::Lens;
use super::theme::{Theme, Tone};
use crate::engine::request::Opened;
use crate::model::step::{Role, Step, StepContent};
use crate::model::tool::members;
use crate::text::safe::{is_deceptive_name, warnings};

/// How much of a call is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Its arguments and the beginning of its result, a line each.
    #[default]
    Brief,
    /// Everything.
    Full,
    /// Its name only.
    Names,
}

impl Fold {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::Brief => Self::Full,
            Self::Full => Self::Names,
            Self::Names => Self::Brief,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Brief => "calls in brief",
            Self::Full => "calls in full",
            Self::Names => "calls by name",
        }
    }
}

/// What a block shows of its step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Number, speaker or tool, scores.
    Head,
    /// A piece of what was said.
    Text(Range<usize>),
    /// The arguments in brief.
    Arguments,
    /// A piece of the arguments as recorded.
    RawArguments(Range<usize>),
    /// The result in brief.
    Result,
    /// A piece of the result as recorded.
    RawResult(Range<usize>),
}

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Index of the step.
    pub step: usize,
    /// The part of it.
    pub part: Part,
}

/// Cuts the transcript into blocks; also gives each step's first block.
pub fn blocks(steps: &[Step], fold: Fold) -> (Vec<Block>, Vec<usize>) {
    let mut blocks = Vec::with_capacity(steps.len() * 3);
    let mut heads = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        heads.push(blocks.len());
        let mut add = |part: Part| blocks.push(Block { step: at, part });
        add(Part::Head);
        match &step.content {
            StepContent::Message { text, .. } if text.is_empty() => {}
            StepContent::Message { text, .. } => {
                for range in pieces(text.exact()) {
                    add(Part::Text(range));
                }
            }
            StepContent::ToolCall { .. } if fold == Fold::Names => {}
            StepContent::ToolCall { result, .. } if fold == Fold::Brief => {
                add(Part::Arguments);
                if result.is_some() {
                    add(Part::Result);
                }
            }
            StepContent::ToolCall { arguments, result, .. } => {
                for range in pieces(arguments.0.exact()) {
                    add(Part::RawArguments(range));
                }
                if let Some(result) = result {
                    for range in pieces(result.text.exact()) {
                        add(Part::RawResult(range));
                    }
                }
            }
        }
    }
    (blocks, heads)
}

/// Arguments longer than this are not parsed for the brief form.
const PARSED: usize = 16_384;

/// Columns below which a further score is only counted.
const LEAST_SCORE: usize = 14;

/// Argument lines in the brief form.
const BRIEF_ARGUMENTS: usize = 6;

/// What makes rows of blocks.
pub struct Typesetter<'a> {
    /// The conversation.
    pub opened: &'a Opened,
    /// Its scores; `None` while they are hidden.
    pub scores: Option<&'a ScoreIndex>,
    /// Masked or exact.
    pub lens: &'a Lens,
    /// Signs.
    pub theme: &'a Theme,
    /// Columns of a row, the two of the cursor marks not included.
    pub columns: usize,
    /// Writes times in the reviewer's zone.
    pub clock: &'a dyn Fn(crate::model::time::Timestamp) -> String,
}

impl Typesetter<'_> {
    /// The rows of a block.
    pub fn rows(&self, block: &Block) -> Vec<Row> {
        let Some(step) = self.opened.conversation.steps.get(block.step) else { return vec![Row::new()] };
        match (&block.part, &step.content) {
            (Part::Head, _) => vec![self.head(block.step, step)],
            (Part::Text(range), StepContent::Message { text, .. }) => self.text(step, text.exact(), range),
            (Part::Arguments, StepContent::ToolCall { arguments, .. }) => self.arguments(step, arguments.0.exact()),
            (Part::RawArguments(range), StepContent::ToolCall { arguments, .. }) => {
                self.text(step, arguments.0.exact(), range)
            }
            (Part::Result, StepContent::ToolCall { result: Some(result), .. }) => {
                vec![self.result(step, result.text.exact(), if result.failed { Tone::Bad } else { Tone::Dim })]
            }
            (Part::RawResult(range), StepContent::ToolCall { result: Some(result), .. }) => {
                self.raw_result(step, result.text.exact(), range)
            }
            _ => vec![Row::new()],
        }
    }

    /// Columns of a step's number, for the whole transcript alike.
    fn digits(&self) -> usize {
        self.opened.conversation.steps.len().max(10).to_string().len()
    }

    fn indent(step: &Step) -> usize {
        usize::from(step.depth.min(4)) * 2
    }

    fn gutter(&self, step: &Step) -> Row {
        let blank = " ".repeat(self.digits() + Self::indent(step));
        Row::of(&blank, Tone::Text).with(self.theme.signs().gutter, Tone::Frame).with(" ", Tone::Text)
    }

    fn head(&self, at: usize, step: &Step) -> Row {
        let signs = self.theme.signs();
        let digits = self.digits() + Self::indent(step);
        let mut left = Row::of(&format!("{:>digits$} ", step.number), Tone::Strong);
        match &step.content {
            StepContent::Message { role, text, .. } => {
                let (word, tone) = match role {
                    Role::User => ("USER", Tone::Customer),
                    Role::Assistant => ("AGENT", Tone::Agent),
                    Role::Tool => ("TOOL", Tone::Tool),
                };
                left.push(word, tone);
                if text.is_empty() {
                    left.push("  (no text)", Tone::Dim);
                }
            }
            StepContent::ToolCall { tool, result, .. } => {
                left.push(&format!("{} ", signs.call), Tone::Dim);
                left.push(&tool.exact().chars().take(60).collect::<String>(), Tone::Tool);
                if is_deceptive_name(tool.exact()) {
                    left.push(&format!(" {} odd name", signs.warn), Tone::Warn);
                }
                match result {
                    Some(result) if result.failed => left.push(&format!(" {} failed", self.theme.wrong()), Tone::Bad),
                    Some(_) => {}
                    None => left.push("  (no result)", Tone::Warn),
                }
            }
        }
        if let Some(agent) = &step.agent
            && step.depth > 0
        {
            left.push("  ", Tone::Dim);
            left.extend(self.lens.row(&agent.exact().chars().take(24).collect::<String>(), Tone::Dim));
        }
        if let (Some(time), true) = (step.at, self.columns >= 50) {
            left.push(&format!("  {}", (self.clock)(time)), Tone::Dim);
        }
        self.marks(step, &mut left);
        left.with_right(self.step_scores(at), self.columns, signs.more)
    }

    /// Marks for hidden characters and speech troubles.
    fn marks(&self, step: &Step, row: &mut Row) {
        if let StepContent::Message { text, .. } = &step.content {
            let mut end = text.exact().len().min(8_192);
            while !text.exact().is_char_boundary(end) {
                end -= 1;
            }
            let found = warnings(&text.exact()[..end]);
            let count = found.control + found.bidi + found.hidden;
            if let Some(word) = found.word() {
                row.push(&format!("  {} {count} {word}", self.theme.signs().warn), Tone::Warn);
            }
        }
        if let Some(speech) = &step.speech {
            if let Some(confidence) = speech.asr_confidence.filter(|confidence| *confidence < 0.8) {
                row.push(&format!("  heard {}", scoring::value(confidence)), Tone::Warn);
            }
            if speech.interrupted == Some(true) {
                row.push("  interrupted", Tone::Warn);
            }
        }
    }

    fn step_scores(&self, at: usize) -> Row {
        let Some(list) = self.scores.and_then(|scores| scores.steps.get(at)) else { return Row::new() };
        let at_most = if self.columns < 56 { 1 } else { 2 };
        let contradict = scoring::contradict(self.opened, list);
        let marks = if list.len() > at_most { 3 } else { 0 } + if contradict { 3 } else { 0 };
        // The left part gives way up to a third; of the scores the names give way, never a value.
        let most = (self.columns * 2 / 3).saturating_sub(marks);
        let mut row = Row::new();
        let mut shown = 0;
        for score in list.iter().take(at_most) {
            let gap = if shown > 0 { 2 } else { 0 };
            let room = most.saturating_sub(row.width() + gap);
            let brief = scoring::brief_within(self.opened, *score, *self.theme, room.max(LEAST_SCORE));
            if shown > 0 && brief.width() > room {
                break;
            }
            row.push(&" ".repeat(gap), Tone::Text);
            row.extend(brief);
            shown += 1;
        }
        if list.len() > shown {
            row.push(&format!(" +{}", list.len() - shown), Tone::Dim);
        }
        if contradict {
            row.push(&format!(" {}", self.theme.signs().unequal), Tone::Warn);
        }
        row
    }

    fn text(&self, step: &Step, text: &str, range: &Range<usize>) -> Vec<Row> {
        let gutter = self.gutter(step);
        let columns = self.columns.saturating_sub(gutter.width());
        let shown = self.lens.see(piece(text, range));
        let rows = wrap(&shown, Tone::Text, columns, self.lens.look);
        rows.into_iter().map(|row| joined(&gutter, row)).collect()
    }

    fn arguments(&self, step: &Step, text: &str) -> Vec<Row> {
        let gutter = self.gutter(step);
        let more = self.theme.signs().more;
        let columns = self.columns.saturating_sub(gutter.width());
        let parsed = if text.len() <= PARSED { members(text) } else { None };
        let Some(arguments) = parsed else {
            let beginning: String = text.chars().take(400).collect();
            let note = if beginning.trim().is_empty() { Row::of("(no arguments)", Tone::Dim) } else { Row::new() };
            let row = joined(&note, self.lens.row(&beginning, Tone::Text));
            return vec![joined(&gutter, row.cut(columns, more))];
        };
        if arguments.is_empty() {
            return vec![joined(&gutter, Row::of("(no arguments)", Tone::Dim))];
        }
        let mut rows: Vec<Row> = arguments
            .iter()
            .take(BRIEF_ARGUMENTS)
            .map(|(key, value)| {
                let key: String = key.chars().take(40).collect();
                let value: String = value.get().chars().take(400).collect();
                let mut row = Row::of(&key, Tone::JsonKey).with(" = ", Tone::Dim);
                row.extend(self.lens.row(&value, Tone::Text));
                joined(&gutter, row.cut(columns, more))
            })
            .collect();
        if arguments.len() > BRIEF_ARGUMENTS {
            let rest = format!("{more} {} more", arguments.len() - BRIEF_ARGUMENTS);
            rows.push(joined(&gutter, Row::of(&rest, Tone::Dim)));
        }
        rows
    }

    fn result(&self, step: &Step, text: &str, tone: Tone) -> Row {
        let signs = self.theme.signs();
        let mut row = self.gutter(step).with(signs.result, Tone::Dim).with(" ", Tone::Dim);
        let columns = self.columns.saturating_sub(row.width());
        let beginning: String = text.chars().take(400).collect();
        let shown = self.lens.row(beginning.trim(), tone);
        if text.is_empty() {
            return row.with("(empty result)", Tone::Dim);
        }
        let rest = text.lines().count().saturating_sub(1).min(9_999);
        let fits = shown.width() <= columns && text.len() <= beginning.len();
        let right = match (fits, rest) {
            (true, _) => Row::new(),
            (false, 0) => Row::of(&size(text.len()), Tone::Dim),
            (false, lines) => Row::of(&format!("+{lines} lines"), Tone::Dim),
        };
        row.extend(shown.with_right(right, columns, signs.more));
        row
    }

    fn raw_result(&self, step: &Step, text: &str, range: &Range<usize>) -> Vec<Row> {
        let mut rows = self.text(step, text, range);
        if range.start == 0 {
            let title = self.gutter(step).with(self.theme.signs().result, Tone::Dim).with(" result", Tone::Dim);
            rows.insert(0, title);
        }
        rows
    }
}

fn joined(left: &Row, right: Row) -> Row {
    let mut row = left.clone();
    row.extend(right);
    row
}

/// A count of bytes for people.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

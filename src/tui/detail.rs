//! The detail pane: all about one step or one span, as sections.
//!
//! Invariant: what it copies out of a conversation is bounded, whatever the size of a result or an attribute.

use std::io::Write;
use std::ops::Range;

use super::pager::{Pager, piece, pieces};
use super::row::{Row, wrap};
use super::scoring;
use super::state::Lens;
use super::state::review::Review;
use super::theme::{Theme, Tone};
use crate::engine::request::{HighlightRun, Opened};
use crate::model::codebook::Codebook;
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::label::Label;
use crate::model::step::{Role, Step, StepContent};
use crate::model::time::Timestamp;
use crate::model::tool::{Effect, members};
use crate::model::trace::{Span, SpanOddity, SpanStatus};
use crate::text::safe::{is_deceptive_name, warnings};

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
    /// Where the JSON lies that is being highlighted: the sections it fills.
    pub json: Option<Range<usize>>,
    /// The key of the highlighting asked for.
    pub highlight: u64,
    /// View and cursor.
    pub pager: Pager,
}

/// At most so much of a text is shown here; the transcript in full shows all.
const SHOWN: usize = 1_000_000;

/// At most so much JSON is laid out and highlighted.
const JSON: usize = 256 * 1024;

/// Builds the detail of a subject.
pub struct Builder<'a> {
    /// The conversation.
    pub review: &'a Review,
    /// What was opened.
    pub opened: &'a Opened,
    /// Masked or exact.
    pub lens: &'a Lens,
    /// Signs.
    pub theme: &'a Theme,
    /// Names of failure modes.
    pub codebook: &'a Codebook,
    /// True while evaluator scores are hidden.
    pub scores_hidden: bool,
    /// Writes times in the reviewer's zone.
    pub clock: &'a dyn Fn(Timestamp) -> String,
    /// What is built.
    pub detail: Detail,
}

impl Builder<'_> {
    /// Builds all sections of a subject; also the JSON to be highlighted, where there is any.
    pub fn build(mut self, subject: Subject) -> (Detail, Option<String>) {
        let step = subject.step.and_then(|at| self.opened.conversation.steps.get(at));
        let span = subject.span.and_then(|at| self.opened.conversation.spans.get(at));
        let mut json = None;
        match subject.tab {
            Tab::Step => self.overview(subject, step, span),
            Tab::Result => json = self.result(step),
            Tab::Raw => json = self.raw(step, span),
            Tab::Scores => self.scores(subject, true),
            Tab::Tools => self.tools(step),
            Tab::Reasoning => self.reasoning(step),
            Tab::System => self.system(),
        }
        if self.detail.sections.is_empty() {
            self.line("Nothing here.", Tone::Dim);
        }
        self.detail.subject = Some(subject);
        (self.detail, json)
    }

    fn line(&mut self, text: &str, tone: Tone) {
        self.detail.sections.push(Section::Line(Row::of(text, tone)));
    }

    fn blank(&mut self) {
        if !self.detail.sections.is_empty() {
            self.line("", Tone::Text);
        }
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        self.line(text, Tone::Title);
    }

    /// A text as it may be shown, wrapped when it comes into view.
    fn text(&mut self, text: &str, tone: Tone, indent: usize) {
        let mut end = text.len().min(SHOWN);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let shown = self.lens.see(&text[..end]).into_owned();
        let at = self.detail.texts.len();
        for range in pieces(&shown) {
            self.detail.sections.push(Section::Text { text: at, range, tone, indent });
        }
        self.detail.texts.push(shown);
        if end < text.len() {
            let rest = super::transcript::size(text.len() - end);
            self.line(&format!("({rest} more: fold calls open in the transcript to read all)"), Tone::Warn);
        }
    }

    fn overview(&mut self, subject: Subject, step: Option<&Step>, span: Option<&Span>) {
        if let Some(step) = step {
            self.step_facts(step);
        }
        if let Some(span) = span {
            self.span_facts(span);
        }
        if let Some(StepContent::ToolCall { arguments, .. }) = step.map(|step| &step.content) {
            self.heading("Arguments");
            self.arguments(arguments.0.exact());
        }
        self.result_begins(step);
        self.scores(subject, false);
        self.labels(step);
        self.offered(step);
    }

    fn step_facts(&mut self, step: &Step) {
        let mut row = Row::of(&format!("Step {}", step.number), Tone::Title);
        match &step.content {
            StepContent::Message { role, .. } => {
                let who = match role {
                    Role::User => "the customer says",
                    Role::Assistant => "the agent says",
                    Role::Tool => "a tool result without a call",
                };
                row.push(&format!("  {who}"), Tone::Text);
            }
            StepContent::ToolCall { tool, .. } => {
                row.push(&format!("  {} ", self.theme.signs().call), Tone::Dim);
                row.push(tool.exact(), Tone::Tool);
                let spec = self.opened.conversation.offered_at(step).into_iter().find(|spec| spec.name == *tool);
                let effect = match spec.map(|spec| (spec.effect, spec.effect_guessed)) {
                    None => "  (not among the tools offered)",
                    Some((Effect::Read, _)) => "  reads",
                    Some((Effect::Write, true)) => "  writes (guessed)",
                    Some((Effect::Write, false)) => "  writes",
                    Some((Effect::Irreversible, _)) => "  irreversible",
                };
                row.push(effect, Tone::Dim);
            }
        }
        if let Some(agent) = &step.agent {
            row.push("  by ", Tone::Dim);
            row.extend(self.lens.row(agent.exact(), Tone::Dim));
        }
        if let Some(at) = step.at {
            row.push(&format!("  {}", (self.clock)(at)), Tone::Dim);
        }
        self.detail.sections.push(Section::Line(row));
        self.hidden_facts(step);
        if let Some(speech) = &step.speech {
            let mut facts = Vec::new();
            facts.extend(speech.asr_confidence.map(|c| format!("heard with confidence {}", scoring::value(c))));
            facts
                .extend(speech.interrupted.map(|yes| (if yes { "interrupted" } else { "not interrupted" }).to_owned()));
            facts.extend(speech.first_audio_ms.map(|ms| format!("first audio after {ms:.0} ms")));
            self.line(&facts.join(", "), Tone::Dim);
        }
    }

    /// Says what of the text is drawn as signs, so that nobody takes them for typed ones.
    fn hidden_facts(&mut self, step: &Step) {
        let text = match &step.content {
            StepContent::Message { text, .. } => text.exact(),
            StepContent::ToolCall { tool, .. } if is_deceptive_name(tool.exact()) => {
                let text = format!("{} this name can be taken for another one", self.theme.signs().warn);
                return self.line(&text, Tone::Warn);
            }
            StepContent::ToolCall { .. } => return,
        };
        let mut end = text.len().min(JSON);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let found = warnings(&text[..end]);
        let kinds = [(found.control, "control"), (found.bidi, "direction-changing"), (found.hidden, "invisible")];
        for (count, kind) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            let what =
                if count == 1 { format!("1 {kind} character is") } else { format!("{count} {kind} characters are") };
            self.line(&format!("{} {what} drawn as signs", self.theme.signs().warn), Tone::Warn);
        }
    }

    fn span_facts(&mut self, span: &Span) {
        let mut row = Row::of(span.kind.word(), Tone::Dim).with(" span ", Tone::Dim);
        row.extend(self.lens.row(span.name.exact(), Tone::Text));
        let duration = span.duration_micros().map_or_else(|| "?".to_owned(), duration);
        row.push(&format!("  {duration}"), Tone::Dim);
        if span.end.is_none() {
            row.push("  still open", Tone::Warn);
        }
        if span.status == SpanStatus::Error || span.failed() {
            row.push(&format!("  {} failed", self.theme.wrong()), Tone::Bad);
        }
        for oddity in &span.oddities {
            let word = match oddity {
                SpanOddity::SelfParent => "its own parent",
                SpanOddity::CycleCut => "on a cycle of parents",
                SpanOddity::Orphan => "parent missing",
                SpanOddity::DuplicateId => "id used twice",
                SpanOddity::ImpossibleTime => "impossible times",
            };
            row.push(&format!("  {} {word}", self.theme.signs().warn), Tone::Warn);
        }
        self.detail.sections.push(Section::Line(row));
        if let Some(error) = &span.error {
            self.text(error.exact(), Tone::Bad, 2);
        }
    }

    fn arguments(&mut self, text: &str) {
        match members(text).filter(|_| text.len() <= JSON) {
            Some(list) if list.is_empty() => self.line("  none", Tone::Dim),
            Some(list) => {
                let widest = list.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0).min(18);
                for (key, value) in list {
                    if value.get().len() > 60 {
                        self.line(&format!("  {key}"), Tone::JsonKey);
                        self.text(value.get(), Tone::Text, 4);
                    } else {
                        let mut row = Row::of(&format!("  {key:<widest$} "), Tone::JsonKey);
                        row.extend(self.lens.row(value.get(), Tone::Text));
                        self.detail.sections.push(Section::Line(row));
                    }
                }
            }
            None if text.trim().is_empty() => self.line("  none", Tone::Dim),
            None => {
                self.line("  not JSON; as recorded:", Tone::Warn);
                self.text(text, Tone::Text, 2);
            }
        }
    }

    /// The beginning of a call's result; all of it is on its own tab.
    fn result_begins(&mut self, step: Option<&Step>) {
        let Some(StepContent::ToolCall { result: Some(result), .. }) = step.map(|step| &step.content) else { return };
        self.heading("Result");
        let beginning: String = result.text.exact().chars().take(600).collect();
        self.text(&beginning, if result.failed { Tone::Bad } else { Tone::Text }, 2);
        if beginning.len() < result.text.exact().len() {
            self.line("  (goes on: tab 2)", Tone::Dim);
        }
    }

    /// The names of the tools offered to a call.
    fn offered(&mut self, step: Option<&Step>) {
        let Some(step) = step.filter(|step| step.tool().is_some()) else { return };
        let names: Vec<&str> =
            self.opened.conversation.offered_at(step).iter().map(|spec| spec.name.exact()).take(40).collect();
        if !names.is_empty() {
            self.heading("Tools offered");
            self.text(&names.join(", "), Tone::Dim, 2);
        }
    }

    fn result(&mut self, step: Option<&Step>) -> Option<String> {
        match step.map(|step| &step.content) {
            Some(StepContent::ToolCall { result: Some(result), .. }) => {
                if result.failed {
                    self.line(&format!("{} the call failed", self.theme.wrong()), Tone::Bad);
                }
                let text = result.text.exact();
                if text.len() <= JSON && text.trim_start().starts_with(['{', '[']) {
                    return Some(self.json(text));
                }
                self.text(text, Tone::Text, 0);
            }
            Some(StepContent::ToolCall { result: None, .. }) => self.line("No result was recorded.", Tone::Warn),
            Some(StepContent::Message { text, .. }) => self.text(text.exact(), Tone::Text, 0),
            None => self.line("No step ran in this span.", Tone::Dim),
        }
        None
    }

    /// JSON, plain for now; the text is what is to be highlighted in its place.
    fn json(&mut self, text: &str) -> String {
        let shown = self.lens.see(text).into_owned();
        let start = self.detail.sections.len();
        self.detail.texts.push(laid_out(&shown));
        let at = self.detail.texts.len() - 1;
        for range in pieces(&self.detail.texts[at]) {
            self.detail.sections.push(Section::Text { text: at, range, tone: Tone::Text, indent: 0 });
        }
        self.detail.json = Some(start..self.detail.sections.len());
        shown
    }

    fn raw(&mut self, step: Option<&Step>, span: Option<&Span>) -> Option<String> {
        let Some(span) = span else {
            self.line("No span was recorded.", Tone::Dim);
            return None;
        };
        let mut row = Row::of(span.kind.word(), Tone::Dim).with(" ", Tone::Dim);
        row.extend(self.lens.row(span.name.exact(), Tone::Title));
        self.detail.sections.push(Section::Line(row.with(&format!("  {}", span.id.span_id), Tone::Dim)));
        if let Some(decision) = step.and_then(|step| step.decision.as_ref()).filter(|id| **id != span.id) {
            self.line(&format!("decided in {} (see the span tree)", decision.span_id), Tone::Dim);
        }
        let (text, whole) = bounded(span);
        if !whole {
            self.line(&format!("only the first {} are shown", super::transcript::size(JSON)), Tone::Warn);
            self.text(&text, Tone::Text, 0);
            return None;
        }
        Some(self.json(&text))
    }

    fn scores(&mut self, subject: Subject, always: bool) {
        if self.scores_hidden {
            if always {
                self.line("Scores are hidden.", Tone::Dim);
            }
            return;
        }
        let own: Vec<usize> = match (subject.step, subject.span) {
            (Some(step), _) => self.review.scores.steps.get(step).cloned().unwrap_or_default(),
            (None, Some(span)) => {
                let id = &self.opened.conversation.spans[span].id;
                self.review.scores.spans.get(id).cloned().unwrap_or_default()
            }
            (None, None) => Vec::new(),
        };
        if !own.is_empty() || always {
            self.heading(if subject.step.is_some() { "Scores of this step" } else { "Scores of this span" });
            if own.is_empty() {
                self.line("  none", Tone::Dim);
            }
            own.into_iter().for_each(|at| self.score(at));
        }
        let whole = self.review.scores.whole.clone();
        if !whole.is_empty() {
            self.heading("Scores of the conversation");
            whole.into_iter().for_each(|at| self.score(at));
        }
    }

    fn score(&mut self, at: usize) {
        let score = &self.opened.conversation.scores[at];
        let mut row = Row::of("  ", Tone::Text);
        row.extend(scoring::brief(self.opened, at, self.theme));
        if let Some(version) = &score.version {
            row.push(" v", Tone::Dim);
            row.push(version.exact().trim_start_matches('v'), Tone::Dim);
        }
        if let Some(label) = score.label.as_ref().filter(|_| score.value.is_some()) {
            row.push(" ", Tone::Dim);
            row.extend(self.lens.row(&label.exact().chars().take(40).collect::<String>(), Tone::Dim));
        }
        if let Some(rank) = self.opened.ranks.get(at).copied().flatten() {
            let words = if rank <= 0.0 {
                "  the lowest of its kind".to_owned()
            } else {
                format!("  above {:.0} % of its kind", rank * 100.0)
            };
            row.push(&words, Tone::Dim);
        }
        if let Some(confidence) = score.confidence {
            row.push(&format!("  sure {}", scoring::value(confidence)), Tone::Dim);
        }
        self.detail.sections.push(Section::Line(row));
        if let Some(explanation) = &score.explanation {
            self.text(explanation.exact(), Tone::Text, 4);
        }
        if !score.evidence.is_empty() {
            let spans: Vec<&str> = score.evidence.iter().take(4).map(|span| span.span_id.as_str()).collect();
            self.line(&format!("    points at {}", spans.join(", ")), Tone::Dim);
        }
    }

    fn tools(&mut self, step: Option<&Step>) {
        let offered = match step {
            Some(step) => self.opened.conversation.offered_at(step),
            None => self.opened.conversation.tools.iter().collect(),
        };
        self.line(&format!("Tools offered here: {}", offered.len()), Tone::Title);
        for spec in offered {
            let effect = match spec.effect {
                Effect::Read => "reads",
                Effect::Write => "writes",
                Effect::Irreversible => "irreversible",
            };
            let guessed = if spec.effect_guessed { " (guessed)" } else { "" };
            let row = Row::of(&format!("{} ", self.theme.signs().call), Tone::Dim)
                .with(spec.name.exact(), Tone::Tool)
                .with(&format!("  {effect}{guessed}"), Tone::Dim);
            self.detail.sections.push(Section::Line(row));
            if !spec.description.is_empty() {
                self.text(spec.description.exact(), Tone::Text, 4);
            }
        }
        if let Some(expected) = &self.opened.conversation.expected {
            self.heading("Reference solution");
            if expected.is_empty() {
                self.line("  no call at all", Tone::Text);
            }
            for call in expected {
                self.line(&format!("  {}", call.tool.exact()), Tone::Tool);
                self.arguments(call.arguments.0.exact());
            }
        }
    }

    fn reasoning(&mut self, step: Option<&Step>) {
        match step.map(|step| &step.content) {
            Some(StepContent::Message { reasoning: Some(reasoning), .. }) => {
                self.text(reasoning.exact(), Tone::Text, 0);
            }
            Some(StepContent::ToolCall { .. }) => {
                // Reasoning is recorded on the message the call belongs to.
                let message = step.map_or(0, |step| step.message);
                let steps = &self.opened.conversation.steps;
                let found = steps.iter().filter(|step| step.message == message).find_map(|step| match &step.content {
                    StepContent::Message { reasoning: Some(reasoning), .. } => Some(reasoning),
                    _ => None,
                });
                match found {
                    Some(reasoning) => self.text(reasoning.exact(), Tone::Text, 0),
                    None => self.line("No reasoning was recorded for this step.", Tone::Dim),
                }
            }
            _ => self.line("No reasoning was recorded for this step.", Tone::Dim),
        }
    }

    fn system(&mut self) {
        if self.opened.conversation.system.is_empty() {
            self.line("No system prompt was recorded.", Tone::Dim);
        }
        for (at, text) in self.opened.conversation.system.iter().enumerate() {
            if at > 0 {
                self.heading(&format!("System message {}", at + 1));
            }
            self.text(text.exact(), Tone::Text, 0);
        }
    }

    fn labels(&mut self, step: Option<&Step>) {
        let number = step.map(|step| step.number);
        if let Some(own) = &self.opened.own {
            self.heading(if own.verdict.is_some() { "Your label" } else { "Your draft" });
            self.label(own, number);
        }
        if self.opened.own.as_ref().is_none_or(|own| own.verdict.is_none()) {
            return;
        }
        for other in &self.opened.others {
            self.heading(&format!("Label of {}", other.reviewer));
            self.label(other, number);
        }
        if !self.opened.summary.outcomes.is_empty() {
            self.heading("What came of it");
            for (name, value) in self.opened.summary.outcomes.iter().take(20) {
                let value: String = value.to_string().chars().take(80).collect();
                let mut row = Row::of(&format!("  {name} "), Tone::JsonKey);
                row.extend(self.lens.row(&value, Tone::Text));
                self.detail.sections.push(Section::Line(row));
            }
        }
    }

    fn label(&mut self, label: &Label, step: Option<u32>) {
        let mut row = Row::of("  ", Tone::Text);
        row.extend(label_row(label, self.codebook, self.theme));
        self.detail.sections.push(Section::Line(row));
        for placed in &label.corrections {
            let here = if Some(placed.at.step) == step { " (this step)" } else { "" };
            let text = format!("  step {}{here}: {}", placed.at.step, correction_words(&placed.correction));
            self.text(&text, Tone::Text, 2);
        }
        for note in &label.notes {
            self.text(&format!("  note: {}", note.text), Tone::Text, 2);
        }
    }
}

/// A label in a line: verdict, modes, step, severity.
pub fn label_row(label: &Label, codebook: &Codebook, theme: &Theme) -> Row {
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

/// A span's attributes and events as JSON of at most [`JSON`] bytes, and whether that is all of it.
fn bounded(span: &Span) -> (String, bool) {
    struct Bounded(Vec<u8>);
    impl Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = JSON.saturating_sub(self.0.len());
            if room == 0 {
                return Err(std::io::Error::other("full"));
            }
            let taken = bytes.len().min(room);
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    #[derive(serde::Serialize)]
    struct Raw<'a> {
        attributes: &'a serde_json::Map<String, serde_json::Value>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        events: &'a [crate::model::trace::SpanEvent],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        links: &'a [crate::model::trace::SpanLink],
    }
    let mut out = Bounded(Vec::new());
    let raw = Raw { attributes: &span.attributes, events: &span.events, links: &span.links };
    let whole = serde_json::to_writer_pretty(&mut out, &raw).is_ok();
    (String::from_utf8_lossy(&out.0).into_owned(), whole)
}

/// JSON with line breaks and indents, token by token: nothing but blanks between tokens is changed, so that numbers and
/// duplicate keys stay as recorded. Text that is not JSON comes out readable all the same.
pub fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut rest = text.trim().chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(20)));
    };
    while let Some(c) = rest.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while rest.peek().is_some_and(char::is_ascii_whitespace) {
                    rest.next();
                }
                if !matches!(rest.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
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
    fn laying_out_keeps_every_token() {
        let text = r#"{"b":123456789012345678901234,"a":[1,2.50,{"x":"y, {\"z\": [1]}"}],"e":{},"a":1}"#;
        let laid = laid_out(text);
        let squeezed: String = laid.lines().map(str::trim_start).collect::<String>().replace(": ", ":");
        assert_eq!(squeezed, text.replace(": ", ":"));
        assert!(laid.lines().count() > 8);
        assert!(laid.contains(r#""x": "y, {\"z\": [1]}""#));
        assert_eq!(laid_out("[1, 2"), "[\n  1,\n  2");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(420), "420 µs");
        assert_eq!(duration(12_300), "12 ms");
        assert_eq!(duration(12_340_000), "12.3 s");
        assert_eq!(duration(3_723_000_000), "1 h 2 min");
    }
}

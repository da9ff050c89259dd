//! Building the sections of the detail pane.
//!
//! Invariant: what it copies out of a conversation is bounded, whatever the size of a result or an attribute.

use std::io::Write;

use super::{Detail, Section, Subject, Tab, correction_words, label_row};
use crate::engine::request::Opened;
use crate::model::codebook::Codebook;
use crate::model::label::Label;
use crate::model::score::{Score, hide_judgements_of};
use crate::model::step::{Step, StepContent};
use crate::model::time::Timestamp;
use crate::model::tool::{Effect, members};
use crate::model::trace::Span;
use crate::text::highlight::pretty_json;
use crate::tui::evidence;
use crate::tui::pager::pieces;
use crate::tui::row::Row;
use crate::tui::scoring;
use crate::tui::state::Lens;
use crate::tui::state::review::Review;
use crate::tui::theme::{Theme, Tone};

/// At most so much of a text is shown here; the transcript in full shows all.
const SHOWN: usize = 1_000_000;

/// At most so much JSON is laid out and highlighted.
pub(super) const JSON: usize = 256 * 1024;

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
    /// True while it is not told whose a label is.
    pub nameless: bool,
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

    pub(super) fn line(&mut self, text: &str, tone: Tone) {
        self.detail.sections.push(Section::Line(Row::of(text, tone)));
    }

    fn blank(&mut self) {
        if !self.detail.sections.is_empty() {
            self.line("", Tone::Text);
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.line(text, Tone::Title);
    }

    /// A text as it may be shown, wrapped when it comes into view.
    pub(super) fn text(&mut self, text: &str, tone: Tone, indent: usize) {
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
            let rest = crate::tui::transcript::size(text.len() - end);
            self.line(&format!("({rest} more: fold calls open in the transcript to read all)"), Tone::Warn);
        }
    }

    fn overview(&mut self, subject: Subject, step: Option<&Step>, span: Option<&Span>) {
        if let Some(step) = step {
            self.step_facts(step);
            self.suspicion(step);
        }
        let broke = |step: &Step| self.review.broken.iter().any(|broken| broken.steps().contains(&step.number));
        let here = step.is_some_and(broke);
        if here {
            self.broken();
            self.blank();
        }
        if let Some(span) = span {
            self.span_facts(span);
        }
        if let Some(StepContent::ToolCall { arguments, .. }) = step.map(|step| &step.content) {
            self.heading("Arguments");
            self.arguments(arguments.0.exact());
        }
        self.result_begins(step);
        if step.is_some_and(|step| step.tool().is_none()) {
            self.conversation_facts();
        }
        self.scores(subject, false);
        self.labels(step);
        if !here {
            self.broken();
        }
        self.offered(step);
    }

    /// Why a step is worth a look.
    fn suspicion(&mut self, step: &Step) {
        let here = self.opened.suspects.iter().find(|suspect| suspect.at.step == step.number);
        if let Some(why) = here.and_then(|suspect| suspect.why.as_ref()).filter(|_| !self.scores_hidden) {
            self.text(&format!("suspicious: {}", why.exact()), Tone::Warn, 2);
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
        self.detail.texts.push(pretty_json(&shown).unwrap_or_else(|| shown.clone()));
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
        let mut seen = std::borrow::Cow::Borrowed(span);
        if self.scores_hidden {
            hide_judgements_of(seen.to_mut());
            self.line("What evaluators said is left out while scores are hidden.", Tone::Dim);
        }
        let (text, whole) = bounded(&seen);
        if !whole {
            self.line(&format!("only the first {} are shown", crate::tui::transcript::size(JSON)), Tone::Warn);
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
            if scoring::contradict(self.opened, &own) {
                let text = format!("  {} they contradict each other", self.theme.signs().unequal);
                self.line(&text, Tone::Warn);
            }
            for at in own {
                self.score(at);
            }
        }
        let whole = self.review.scores.whole.clone();
        if !whole.is_empty() {
            self.heading("Scores of the conversation");
            for at in whole {
                self.score(at);
            }
        }
    }

    fn score(&mut self, at: usize) {
        let score = &self.opened.conversation.scores[at];
        let start = self.detail.sections.len();
        let mut row = Row::of("  ", Tone::Text);
        row.extend(scoring::brief(self.opened, at, *self.theme));
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
        if let Some(remark) = self.opened.remarks.get(score.evaluator.exact()) {
            self.line(&format!("    {} {remark}", self.theme.signs().warn), Tone::Warn);
        }
        self.evidence(score);
        self.detail.scores.push((start..self.detail.sections.len(), at));
    }

    /// The steps a score points at; spans without a step by their ids.
    fn evidence(&mut self, score: &Score) {
        if score.evidence.is_empty() {
            return;
        }
        let steps = &self.opened.conversation.steps;
        let named: Vec<String> = evidence::steps(self.opened, score)
            .into_iter()
            .take(6)
            .map(|at| match steps[at].tool() {
                Some(tool) => format!("{} {}", steps[at].number, tool.exact().chars().take(40).collect::<String>()),
                None => format!("{} {}", steps[at].number, steps[at].role().word()),
            })
            .collect();
        if named.is_empty() {
            let spans: Vec<&str> = score.evidence.iter().take(4).map(|span| span.span_id.as_str()).collect();
            return self.line(&format!("    points at span {}", spans.join(", ")), Tone::Dim);
        }
        let word = if named.len() == 1 { "step" } else { "steps" };
        self.line(&format!("    {} points at {word} {}", self.theme.signs().evidence, named.join(", ")), Tone::Dim);
    }

    fn tools(&mut self, step: Option<&Step>) {
        let offered = match step {
            Some(step) => self.opened.conversation.offered_at(step),
            None => self.opened.conversation.tools.iter().collect(),
        };
        let heading = if self.opened.conversation.tools.is_empty() {
            "Tool list not recorded".to_owned()
        } else {
            format!("Tools offered here: {}", offered.len())
        };
        self.line(&heading, Tone::Title);
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
            let whose = if self.nameless { "Another label".to_owned() } else { format!("Label of {}", other.reviewer) };
            self.heading(&whose);
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
        row.extend(label_row(label, self.codebook, *self.theme));
        self.detail.sections.push(Section::Line(row));
        for placed in &label.corrections {
            let here = if Some(placed.at.step) == step { " (this step)" } else { "" };
            let text = format!("  step {}{here}: {}", placed.at.step, correction_words(&placed.correction));
            self.text(&text, Tone::Text, 2);
        }
        for criterion in &label.criteria {
            let must = if criterion.must { "must" } else { "must not" };
            self.text(&format!("  {must}: {}", criterion.text), Tone::Text, 2);
        }
        for note in &label.notes {
            self.text(&format!("  note: {}", note.text), Tone::Text, 2);
        }
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

//! The facts at the head of the detail pane: of a step, a span, a conversation.
//!
//! Invariant: a fact that was not recorded has no line, rather than a line that says "unknown".

use super::build::{Builder, JSON};
use super::{Section, duration};
use crate::model::step::{Role, Step, StepContent};
use crate::model::tool::Effect;
use crate::model::trace::{Span, SpanOddity, SpanStatus};
use crate::text::safe::{is_deceptive_name, warnings};
use crate::tui::row::Row;
use crate::tui::scoring;
use crate::tui::theme::Tone;

impl Builder<'_> {
    pub(super) fn step_facts(&mut self, step: &Step) {
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
                    None if self.opened.conversation.tools.is_empty() => "  (tool list not recorded)",
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
    pub(super) fn hidden_facts(&mut self, step: &Step) {
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

    pub(super) fn span_facts(&mut self, span: &Span) {
        let mut row = Row::of(span.kind.word(), Tone::Dim).with(" span ", Tone::Dim);
        row.extend(self.lens.row(span.name.exact(), Tone::Text));
        // A file of messages records no times, which says nothing of what is going on.
        if let Some(micros) = span.duration_micros() {
            row.push(&format!("  {}", duration(micros)), Tone::Dim);
        } else if span.start.is_some() && span.end.is_none() {
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

    /// What a gate said of the conversation, case by case, beside what each case asks for.
    pub(super) fn broken(&mut self) {
        let Some(broken) = self.review.broken.clone() else { return };
        if self.scores_hidden {
            // It would sway the verdict as much as any score.
            return self.line("Gate: what it said is hidden with the scores.", Tone::Dim);
        }
        self.heading(&format!("Gate: {}, report {}, no. {}", broken.dataset, broken.report, broken.rank));
        for case in &broken.cases {
            let of = case.step.map_or_else(String::new, |step| format!(", its step {step}"));
            let flaky = if case.flaky { "  flaky" } else { "" };
            self.line(&format!("  case {} of {}{of}{flaky}", case.case_id, case.conversation_id), Tone::Text);
            let at = case.at.map_or_else(String::new, |at| format!("step {at} "));
            self.text(&format!("broke: {at}{}", case.why), Tone::Bad, 4);
            if let Some(place) = case.counterpart {
                self.line(&format!("    in its place here: step {place}"), Tone::Dim);
            }
            if let Some(said) = &case.said {
                self.text(&format!("the judge says: {said}"), Tone::Text, 4);
            }
            for wanted in &case.wants {
                self.text(&format!("wants: {wanted}"), Tone::Good, 4);
            }
            for call in &case.recorded {
                self.text(&format!("then: {call}"), Tone::Dim, 4);
            }
            if case.wants.is_empty() {
                self.line("    the case itself cannot be read here", Tone::Dim);
            }
        }
    }

    /// What is known of the conversation as a whole.
    pub(super) fn conversation_facts(&mut self) {
        let conversation = &self.opened.conversation;
        let segments = &conversation.segments;
        let facts = [
            ("id", Some(&conversation.external_id)),
            ("source", Some(&conversation.source)),
            ("intent", segments.intent.as_ref()),
            ("channel", segments.channel.as_ref()),
            ("tier", segments.tier.as_ref()),
            ("handled by", segments.handled_by.as_ref()),
            ("agent", segments.agent_version.as_ref()),
        ];
        self.heading("Conversation");
        for (name, value) in facts {
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let mut row = Row::of(&format!("  {name:<11}"), Tone::JsonKey);
            row.extend(self.lens.row(&value.exact().chars().take(200).collect::<String>(), Tone::Text));
            self.detail.sections.push(Section::Line(row));
        }
    }
}

//! A conversation as a whole: identity, transcript, spans, tools, scores.
//!
//! Invariant: identity is (`source`, `external_id`); everything else may grow with later imports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::{ConversationId, SpanRef, TranscriptHash};
use super::score::Score;
use super::step::{Step, transcript_hash};
use super::summary::{Counts, Segments};
use super::time::Timestamp;
use super::tool::{ExpectedCall, ToolSpec};
use super::trace::{Span, SpanStatus};
use crate::text::Untrusted;

/// Everything known of a conversation but what people said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Derived from `source` and `external_id`.
    pub id: ConversationId,
    /// The namespace it was imported under.
    pub source: Untrusted,
    /// Its name there.
    pub external_id: Untrusted,
    /// From attributes.
    pub segments: Segments,
    /// System messages, each once, apart from the transcript.
    pub system: Vec<Untrusted>,
    /// The transcript.
    pub steps: Vec<Step>,
    /// All spans, by start, parents before children where both start together.
    pub spans: Vec<Span>,
    /// Tools offered anywhere in it, each once.
    pub tools: Vec<ToolSpec>,
    /// As they came.
    pub scores: Vec<Score>,
    /// The reference solution's calls, where there is one; `None` where there is none, empty where nothing should be
    /// called.
    pub expected: Option<Vec<ExpectedCall>>,
    /// What the system of record says came of it (reward, CSAT, reopened, …).
    pub outcomes: BTreeMap<String, Value>,
    /// Other attributes of the conversation, its metadata and tags among them.
    pub attributes: Map<String, Value>,
    /// Resource attributes of its traces, merged.
    pub resource: Map<String, Value>,
}

impl Conversation {
    /// The hash of the transcript.
    pub fn transcript_hash(&self) -> TranscriptHash {
        transcript_hash(&self.steps)
    }

    /// Start of the first span or message, and end of the last.
    pub fn period(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let starts = self.spans.iter().filter_map(|span| span.start);
        let ends = self.spans.iter().filter(|span| span.duration_micros().is_some()).filter_map(|span| span.end);
        let said = self.steps.iter().filter_map(|step| step.at);
        (starts.clone().chain(said.clone()).min(), ends.chain(starts).chain(said).max())
    }

    /// How much there is of it.
    pub fn counts(&self) -> Counts {
        let steps = &self.steps;
        Counts {
            turns: steps.iter().filter(|s| s.tool().is_none() && s.role() == super::step::Role::User).count() as u32,
            steps: steps.len() as u32,
            spans: self.spans.len() as u32,
            tool_calls: steps.iter().filter(|step| step.tool().is_some()).count() as u32,
            error_spans: self.spans.iter().filter(|span| span.status == SpanStatus::Error).count() as u32,
            failed_steps: self.failed_steps(),
        }
    }

    /// Steps that failed in any of the five disguises: failed calls, and spans that failed without being a step's.
    fn failed_steps(&self) -> u32 {
        self.steps.iter().filter(|step| step.failed()).count() as u32
    }

    /// The span with this identity.
    pub fn span(&self, id: &SpanRef) -> Option<&Span> {
        self.spans.iter().find(|span| span.id == *id)
    }

    /// The tools offered at a step: those of its decision span, else all of the conversation's.
    pub fn offered_at(&self, step: &Step) -> Vec<&ToolSpec> {
        let decision = step.decision.as_ref().or(step.span.as_ref()).and_then(|id| self.span(id));
        match decision {
            Some(span) if !span.offered_tools.is_empty() => {
                span.offered_tools.iter().filter_map(|index| self.tools.get(*index as usize)).collect()
            }
            _ => self.tools.iter().collect(),
        }
    }

    /// True where a tool of this name was among those offered at a step.
    pub fn is_offered_at(&self, step: &Step, tool: &Untrusted) -> bool {
        let decision = step.decision.as_ref().or(step.span.as_ref()).and_then(|id| self.span(id));
        match decision {
            Some(span) if !span.offered_tools.is_empty() => {
                let offered = span.offered_tools.iter().filter_map(|index| self.tools.get(*index as usize));
                offered.into_iter().any(|spec| spec.name == *tool)
            }
            _ => self.tools.iter().any(|spec| spec.name == *tool),
        }
    }

    /// The step that `--step` means: a number, or any of a step's span ids (or a unique beginning of one).
    pub fn find_step(&self, text: &str) -> Option<&Step> {
        let by_number = text.parse::<u32>().ok().filter(|_| text.len() < 8);
        if let Some(step) = by_number.and_then(|number| self.steps.iter().find(|step| step.number == number)) {
            return Some(step);
        }
        let wanted = text.to_ascii_lowercase();
        // The span's own step first, then what it decided; a customer's message only shares the span that carried it.
        let ran = |step: &&Step| step.span.as_ref().is_some_and(|span| span.span_id == wanted);
        let agents = || self.steps.iter().filter(|step| !step.is_customers());
        agents()
            .find(ran)
            .or_else(|| agents().find(|step| step.has_span(&wanted)))
            .or_else(|| self.steps.iter().find(ran))
    }

    /// The beginning of the first customer message, at most 200 characters.
    pub fn first_message(&self) -> Untrusted {
        let first = self.steps.iter().find_map(|step| match &step.content {
            super::step::StepContent::Message { role: super::step::Role::User, text, .. } => Some(text),
            _ => None,
        });
        first.map(|text| text.exact().chars().take(200).collect::<String>().into()).unwrap_or_default()
    }
}

impl Step {
    /// The step as a label points at it: its execution span, else its decision span.
    pub fn pointer(&self) -> super::label::StepPointer {
        super::label::StepPointer {
            step: self.number,
            span_id: self.span.as_ref().or(self.decision.as_ref()).map(|span| span.span_id.clone()),
            decision_span_id: self.decision.as_ref().map(|span| span.span_id.clone()),
        }
    }
}

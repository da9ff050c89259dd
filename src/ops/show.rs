//! One conversation as data: its row, transcript, spans, scores, tools and labels.
//!
//! Invariant: as in lists, the fields are public surface.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::model::id::{ConversationId, SpanRef};
use crate::model::label::Label;
use crate::model::score::{Score, ScoreTarget, hide_judgements};
use crate::model::step::{Step, StepContent};
use crate::model::time::Timestamp;
use crate::model::tool::{Effect, ToolSpec};
use crate::model::trace::{Span, SpanKind, SpanStatus};
use crate::store::StoreError;
use crate::text::Untrusted;

use super::door::Door;
use super::list::Row;
use super::workspace::Workspace;

/// Everything about one conversation.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// As in lists, with its spans and scores themselves.
    #[serde(flatten)]
    pub row: Row<Vec<ShownSpan>, Vec<ShownScore>>,
    /// System messages.
    pub system: Vec<String>,
    /// Its steps.
    pub transcript: Vec<ShownStep>,
    /// Tools offered anywhere in it.
    pub tools: Vec<ShownTool>,
    /// The reference solution's calls; null where there is none.
    pub expected: Option<Vec<ShownCall>>,
    /// What each reviewer says.
    pub labels: Vec<Label>,
    /// The number of events about it.
    pub events: u64,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct ShownStep {
    /// From 1.
    pub step: u32,
    /// `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// What was said; null for a call.
    pub text: Option<String>,
    /// The tool called; null for a message.
    pub tool: Option<String>,
    /// The call's arguments as they were recorded; a string where they are no JSON.
    pub arguments: Option<Box<RawValue>>,
    /// What the tool answered, exactly.
    pub result: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// The execution, else the span of the message.
    pub span_id: Option<String>,
    /// The span that decided it.
    pub decision_span_id: Option<String>,
    /// Who spoke or called, where the source says so.
    pub agent: Option<String>,
}

/// One span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownSpan {
    /// Its trace.
    pub trace_id: String,
    /// Its id in the trace.
    pub span_id: String,
    /// Its parent in the trace.
    pub parent_span_id: Option<String>,
    /// As recorded.
    pub name: String,
    /// What it did.
    pub kind: SpanKind,
    /// The agent at work.
    pub agent: Option<String>,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// As the source set it.
    pub status: SpanStatus,
    /// The failure in words.
    pub error: Option<String>,
    /// All attributes.
    pub attributes: Map<String, Value>,
}

/// One score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownScore {
    /// Who scored.
    pub evaluator: String,
    /// Its version.
    pub version: Option<String>,
    /// How it arrived.
    pub source: String,
    /// `span`, `trace` or `conversation`.
    pub target: &'static str,
    /// The span it speaks about.
    pub span_id: Option<String>,
    /// As it came.
    pub value: Option<f64>,
    /// As it came.
    pub label: Option<String>,
    /// The evaluator's own pass or fail.
    pub passed: Option<bool>,
    /// How sure it was.
    pub confidence: Option<f64>,
    /// Its reason.
    pub explanation: Option<String>,
    /// The spans it points at.
    pub evidence: Vec<SpanRef>,
}

/// One tool.
#[derive(Debug, Serialize)]
pub struct ShownTool {
    /// As offered.
    pub name: String,
    /// As offered.
    pub description: String,
    /// Its JSON Schema; a string where it is no JSON.
    pub parameters: Option<Box<RawValue>>,
    /// What a call does.
    pub effect: Effect,
}

/// One call of the reference solution.
#[derive(Debug, Serialize)]
pub struct ShownCall {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Option<Box<RawValue>>,
}

/// Everything about one conversation, as it leaves by `door`.
///
/// # Errors
/// There is no such conversation, or the workspace cannot be read.
pub fn show(workspace: &Workspace, id: &ConversationId, door: &Door) -> Result<Shown, StoreError> {
    let store = workspace.store();
    let id = store.log().resolve(id)?;
    let unknown = || StoreError::Unknown(id.as_str().to_owned());
    let mut conversation = store.conversation(&id)?.ok_or_else(unknown)?;
    conversation.scores.extend(store.evaluation(&id)?.into_iter().flat_map(|evaluated| evaluated.scores));
    conversation.scores.extend(super::evaluate::judged(store, &id)?);
    let door = door.knowing(&conversation);
    let summary =
        super::queue::rows(store, std::slice::from_ref(&id), workspace.reviewer())?.pop().ok_or_else(unknown)?;
    let summary = door.summary(&summary);
    let conversation = door.conversation(&conversation);
    let (own, covered) = (workspace.reviewer(), store.covered(workspace.reviewer())?);
    let spans = conversation.spans.iter().map(span).collect();
    let scores = conversation.scores.iter().map(score).collect();
    Ok(Shown {
        row: Row::with(&summary, spans, scores),
        system: conversation.system.iter().map(exact).collect(),
        transcript: conversation.steps.iter().map(step).collect(),
        tools: conversation.tools.iter().map(tool).collect(),
        expected: conversation.expected.as_ref().map(|calls| {
            let shown = |tool, arguments| ShownCall { tool: exact(tool), arguments: json(arguments) };
            calls.iter().map(|call| shown(&call.tool, &call.arguments.0)).collect()
        }),
        labels: covered.seen(&id, own, store.labels(&id)?).iter().map(|label| door.label(label)).collect(),
        // How many there are would tell a fail from a pass.
        events: if covered.hides(&id) { store.log().count_by(&id, own)? } else { store.log().count_of(id.as_str())? },
    })
}

impl Shown {
    /// Without anything that could sway a verdict: what evaluators, other reviewers and the system of record said.
    #[must_use]
    pub fn blind(mut self) -> Self {
        let row = &mut self.row;
        row.scores.clear();
        (row.p_fail, row.verdict) = (None, None);
        (row.reasons, row.suspects, row.modes, row.reviewers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        row.outcomes.clear();
        hide_judgements(&mut row.attributes);
        for span in &mut row.spans {
            if span.kind == SpanKind::Evaluator {
                span.attributes.clear();
            }
            hide_judgements(&mut span.attributes);
        }
        self.expected = None;
        self.labels.clear();
        self
    }
}

fn exact(text: &Untrusted) -> String {
    text.exact().to_owned()
}

fn optional(text: Option<&Untrusted>) -> Option<String> {
    text.map(exact)
}

/// JSON text as JSON, digits and order as written; other text as a string.
fn json(text: &Untrusted) -> Option<Box<RawValue>> {
    let exact = text.exact();
    let raw: Result<Box<RawValue>, _> = serde_json::from_str(exact.trim());
    // Line breaks in valid JSON stand between its parts only; here they would break one line into several.
    let raw = raw.and_then(|raw: Box<RawValue>| {
        let text = raw.get();
        if text.contains(['\n', '\r']) { RawValue::from_string(text.replace(['\n', '\r'], " ")) } else { Ok(raw) }
    });
    raw.or_else(|_| serde_json::value::to_raw_value(exact)).ok()
}

pub(super) fn step(step: &Step) -> ShownStep {
    let mut shown = ShownStep {
        step: step.number,
        role: step.role().word(),
        text: None,
        tool: None,
        arguments: None,
        result: None,
        at: step.at,
        span_id: step.span.as_ref().or(step.decision.as_ref()).map(|span| span.span_id.clone()),
        decision_span_id: step.decision.as_ref().map(|span| span.span_id.clone()),
        agent: optional(step.agent.as_ref()),
    };
    match &step.content {
        StepContent::Message { text, .. } => shown.text = Some(exact(text)),
        StepContent::ToolCall { tool, arguments, result, .. } => {
            shown.tool = Some(exact(tool));
            shown.arguments = json(&arguments.0);
            shown.result = result.as_ref().map(|result| exact(&result.text));
        }
    }
    shown
}

fn span(span: &Span) -> ShownSpan {
    ShownSpan {
        trace_id: span.id.trace_id.clone(),
        span_id: span.id.span_id.clone(),
        parent_span_id: span.parent_span_id.clone(),
        name: exact(&span.name),
        kind: span.kind,
        agent: optional(span.agent.as_ref()),
        start: span.start,
        end: span.end,
        status: span.status,
        error: optional(span.error.as_ref()),
        attributes: span.attributes.clone(),
    }
}

fn score(score: &Score) -> ShownScore {
    let (target, span_id) = match &score.target {
        ScoreTarget::Span(span) => ("span", Some(span.span_id.clone())),
        ScoreTarget::Trace { .. } => ("trace", None),
        ScoreTarget::Conversation => ("conversation", None),
    };
    ShownScore {
        evaluator: exact(&score.evaluator),
        version: optional(score.version.as_ref()),
        source: score.source.clone().into_owned(),
        target,
        span_id,
        value: score.value,
        label: optional(score.label.as_ref()),
        passed: score.passed,
        confidence: score.confidence,
        explanation: optional(score.explanation.as_ref()),
        evidence: score.evidence.clone(),
    }
}

fn tool(tool: &ToolSpec) -> ShownTool {
    ShownTool {
        name: exact(&tool.name),
        description: exact(&tool.description),
        parameters: tool.parameters.as_ref().and_then(json),
        effect: tool.effect,
    }
}

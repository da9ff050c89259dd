//! Conversations from formats that have messages but no spans.
//!
//! Invariant: spans are synthesised from what the messages say, with ids that are the same at every import.

use serde_json::{Map, Value};

use super::message::{Message, Sender};
use super::said::Said;
use super::thread::{Piece, pieces};
use super::{failure, segments};
use crate::model::id::{ConversationId, SpanRef};
use crate::model::score::Score;
use crate::model::step::{Role, Step, StepContent, ToolResult};
use crate::model::time::Timestamp;
use crate::model::tool::{Arguments, ToolSpec};
use crate::model::trace::{FailureSign, SYNTHESISED, Span, SpanKind, SpanStatus};

/// What a transcript format tells of a conversation.
#[derive(Default)]
pub(super) struct Told {
    pub(super) source: String,
    /// `None`: named by the hash of its transcript.
    pub(super) external_id: Option<String>,
    pub(super) messages: Vec<Message>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) scores: Vec<Score>,
    pub(super) gathered: segments::Gathered,
}

/// Builds the conversation.
pub(super) fn conversation(told: Told) -> crate::model::conversation::Conversation {
    let system = told.messages.iter().filter(|message| message.sender == Sender::System);
    let mut once: Vec<String> = Vec::new();
    for message in system {
        if !message.text.is_empty() && !once.contains(&message.text) {
            once.push(message.text.clone());
        }
    }
    let mut steps = steps(&told.messages);
    let external_id =
        told.external_id.unwrap_or_else(|| crate::model::step::transcript_hash(&steps).as_str().to_owned());
    let id = ConversationId::derive(&told.source, &external_id);
    if let Some(first) = steps.first_mut() {
        first.at = first.at.or(told.started_at);
    }
    let offered: Vec<u32> = (0..told.tools.len() as u32).collect();
    let spans = spans(&id, &mut steps, &Shape { started_at: told.started_at, offered });
    let portrait = told.gathered.finish();
    crate::model::conversation::Conversation {
        id,
        source: told.source.into(),
        external_id: external_id.into(),
        segments: portrait.segments,
        system: once.into_iter().map(Into::into).collect(),
        steps,
        spans,
        tools: told.tools,
        scores: told.scores,
        expected: None,
        outcomes: portrait.outcomes,
        attributes: portrait.attributes,
        resource: Map::new(),
    }
}

/// The messages as steps; results go to their calls, by call id, else in order.
fn steps(messages: &[Message]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut ordinal = 0;
    for message in messages {
        if message.sender != Sender::System && message.sender != Sender::Tool {
            ordinal += 1;
        }
        for piece in pieces(&[Said::new(message.clone())]) {
            let content = match piece {
                Piece::Text { role, said, reasoning } => {
                    StepContent::Message { role, text: said.text.as_str().into(), reasoning: reasoning.map(Into::into) }
                }
                Piece::Call { said, place } => {
                    let Some(call) = said.calls.get(place) else { continue };
                    StepContent::ToolCall {
                        tool: call.tool.as_str().into(),
                        arguments: Arguments(call.arguments.as_str().into()),
                        call_id: call.id.as_deref().map(Into::into),
                        result: None,
                    }
                }
                Piece::Result { said } => {
                    if answer(&mut steps, said.call_id.as_deref(), message) {
                        continue;
                    }
                    ordinal += 1;
                    StepContent::Message { role: Role::Tool, text: said.result().into(), reasoning: None }
                }
            };
            steps.push(Step {
                number: steps.len() as u32 + 1,
                message: ordinal,
                content,
                agent: message.name.as_deref().filter(|_| message.sender == Sender::Assistant).map(Into::into),
                depth: u8::from(message.aside),
                at: message.at,
                span: None,
                decision: None,
                speech: None,
            });
        }
    }
    steps
}

/// Gives a result to the call it answers: the one with its id, else the first open one of its tool, else the first open
/// one. False where there is none.
fn answer(steps: &mut [Step], id: Option<&str>, given: &Message) -> bool {
    let (name, text) = (given.name.as_deref(), given.text.as_str());
    let open = |step: &Step| matches!(&step.content, StepContent::ToolCall { result: None, .. });
    let call_id = |step: &Step| match &step.content {
        StepContent::ToolCall { call_id: Some(call_id), .. } => Some(call_id.exact().to_owned()),
        _ => None,
    };
    let by_id = steps.iter().rposition(|step| id.is_some() && open(step) && call_id(step).as_deref() == id);
    let free = |step: &Step| open(step) && (id.is_none() || call_id(step).is_none());
    let named = |step: &Step| name.is_none_or(|name| step.tool().is_some_and(|tool| tool.exact() == name));
    // A tool's name may be missing from its result; a wrong one points elsewhere.
    let found = by_id.or_else(|| steps.iter().position(|step| free(step) && named(step)));
    let Some(found) = found else { return false };
    if let StepContent::ToolCall { result, .. } = &mut steps[found].content {
        *result = Some(ToolResult { text: text.into(), failed: given.failed || failure::says_error(text).is_some() });
    }
    true
}

/// What all spans of a conversation share.
struct Shape {
    started_at: Option<Timestamp>,
    offered: Vec<u32>,
}

/// An agent span for the conversation, an LLM span for each assistant message, a TOOL span for each call.
fn spans(id: &ConversationId, steps: &mut [Step], shape: &Shape) -> Vec<Span> {
    let root = SpanRef::synthesise(id, "agent", 0);
    let mut all =
        vec![Span { start: shape.started_at, ..blank(root.clone(), None, ("conversation", SpanKind::Agent)) }];
    let (mut message, mut calls, mut llm) = (None, 0, None);
    for step in steps {
        match &step.content {
            StepContent::Message { role: Role::User | Role::Tool, .. } => {
                step.span = Some(root.clone());
                continue;
            }
            _ if message == Some(step.message) => {}
            _ => {
                message = Some(step.message);
                let decision = SpanRef::synthesise(id, "llm", step.message as usize);
                let mut span = blank(decision.clone(), Some(&root), ("chat", SpanKind::Llm));
                span.offered_tools.clone_from(&shape.offered);
                span.agent.clone_from(&step.agent);
                (span.start, span.end) = (step.at, step.at);
                all.push(span);
                llm = Some(decision);
            }
        }
        step.decision.clone_from(&llm);
        step.span.clone_from(&llm);
        if let StepContent::ToolCall { tool, call_id, result, .. } = &step.content {
            let execution = SpanRef::synthesise(id, "tool", calls);
            calls += 1;
            let mut span = blank(execution.clone(), llm.as_ref(), (tool.exact(), SpanKind::Tool));
            span.attributes.insert("gen_ai.tool.name".to_owned(), tool.exact().into());
            (span.start, span.end) = (step.at, step.at);
            if let Some(call_id) = call_id {
                span.attributes.insert("gen_ai.tool.call.id".to_owned(), call_id.exact().into());
            }
            if let Some(result) = result.as_ref().filter(|result| result.failed) {
                span.failure_signs.push(FailureSign::Result);
                span.error = failure::says_error(result.text.exact()).map(Into::into);
            }
            all.push(span);
            step.span = Some(execution);
        }
    }
    all
}

fn blank(id: SpanRef, parent: Option<&SpanRef>, what: (&str, SpanKind)) -> Span {
    Span {
        id,
        parent_span_id: parent.map(|parent| parent.span_id.clone()),
        name: what.0.into(),
        kind: what.1,
        agent: None,
        start: None,
        end: None,
        status: SpanStatus::Unset,
        error: None,
        failure_signs: Vec::new(),
        offered_tools: Vec::new(),
        attributes: Map::from_iter([(SYNTHESISED.to_owned(), Value::Bool(true))]),
        events: Vec::new(),
        links: Vec::new(),
        oddities: Vec::new(),
    }
}

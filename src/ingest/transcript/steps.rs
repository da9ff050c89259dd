//! From rows to numbered steps: their spans, results, times and speech facts.
//!
//! Invariant: numbers run from 1 without gaps; what a growing transcript has told it never takes back.

use std::collections::HashMap;

use super::{Row, What};
use crate::ingest::thread::Piece;
use crate::ingest::tree::Tree;
use crate::ingest::{exchange, failure, semconv};
use crate::model::id::SpanRef;
use crate::model::step::{Role, Speech, Step, StepContent, ToolResult};
use crate::model::time::Timestamp;
use crate::model::tool::Arguments;
use crate::model::trace::{Span, SpanKind};

/// What other agents did ahead of the first call that heard the customer stands below the customer's message.
pub(super) fn questions_first(rows: &mut [Row], spans: &[Span]) {
    let trace = |row: &Row| row.span.map(|at| spans[at].id.trace_id.as_str());
    for at in 1..rows.len() {
        if rows[at].depth > 0 || rows[at].key.0 != Piece::USER {
            continue;
        }
        let ahead = rows[..at].iter().rev().take_while(|row| row.depth > 0 && trace(row) == trace(&rows[at])).count();
        if ahead > 0 {
            rows[at].order = rows[at].order.min(rows[at - ahead].order);
            rows[at - ahead..=at].rotate_right(1);
        }
    }
}

/// Numbers the rows and names their spans.
pub(super) fn finish(rows: Vec<Row>, spans: &[Span], tree: &Tree) -> Vec<Step> {
    let name = |at: usize| -> SpanRef { spans[at].id.clone() };
    let settled = Settled::new(spans, tree);
    let spoken = spans.iter().any(|span| span.attributes.keys().any(|key| semconv::SPEECH.contains(&key.as_str())));
    let mut steps = Vec::with_capacity(rows.len());
    let (mut message, mut group) = (0, None);
    for (i, row) in rows.into_iter().enumerate() {
        if group != Some(row.group) {
            message += 1;
            group = Some(row.group);
        }
        let holder = if matches!(row.what, What::Call { .. }) { row.execution } else { row.span };
        let ran = row.execution.and_then(|at| spans[at].start);
        let speech = if spoken { speech(&row, spans, tree) } else { None };
        let Row { what, agent, depth, at, span, decision, execution, .. } = row;
        let content = match what {
            What::Text { role, text, reasoning } => {
                StepContent::Message { role, text: text.into(), reasoning: reasoning.map(Into::into) }
            }
            What::Call { call, result } => StepContent::ToolCall {
                tool: call.tool.into(),
                arguments: Arguments(call.arguments.into()),
                call_id: call.id.map(Into::into),
                result: outcome(execution, result, spans, &settled),
            },
        };
        steps.push(Step {
            number: i as u32 + 1,
            message,
            content,
            agent: agent.map(Into::into),
            depth,
            at: ran.or(at),
            span: holder.or(decision).or(span).map(name),
            decision: decision.map(name),
            speech,
        });
    }
    steps
}

fn outcome(
    execution: Option<usize>,
    told: Option<String>,
    spans: &[Span],
    settled: &Settled<'_>,
) -> Option<ToolResult> {
    let broke = execution.is_some_and(|at| spans[at].failed());
    let recorded = || {
        let at = execution.filter(|at| settled.is(*at))?;
        let error = || spans[at].error.as_ref().filter(|_| broke).map(|text| text.exact().to_owned());
        exchange::tool_result(&spans[at]).or_else(error)
    };
    let text = told.or_else(recorded)?;
    let failed = broke || failure::says_error(&text).is_some();
    Some(ToolResult { text: text.into(), failed })
}

/// Whether messages may still bring a result: while a trace goes on they may, and theirs is the text the model saw. An
/// execution's own account is taken only after that, so that a transcript which grows never takes a word back.
struct Settled<'s> {
    spans: &'s [Span],
    tree: &'s Tree,
    /// When the last model call of each trace began.
    last: HashMap<&'s str, Option<Timestamp>>,
}

impl<'s> Settled<'s> {
    fn new(spans: &'s [Span], tree: &'s Tree) -> Self {
        let mut last: HashMap<&str, Option<Timestamp>> = HashMap::new();
        for span in spans.iter().filter(|span| span.kind == SpanKind::Llm) {
            let entry = last.entry(&span.id.trace_id).or_default();
            *entry = (*entry).max(span.start);
        }
        Self { spans, tree, last }
    }

    fn is(&self, at: usize) -> bool {
        let span = &self.spans[at];
        let heard = self.last.get(span.id.trace_id.as_str()).is_some_and(|last| *last > span.start);
        // What ends a turn: its root, its agent, or (its parent being another service's) whatever stands at the top,
        // unless that is glue, of which more may come.
        let ends = |up: usize| {
            let above = &self.spans[up];
            let root = above.parent_span_id.is_none();
            let glue = matches!(above.kind, SpanKind::Chain | SpanKind::Tool | SpanKind::Handoff);
            // After a handoff the agent that ends is not the last to speak.
            above.end.is_some() && (root || !(glue || span.kind == SpanKind::Handoff))
        };
        heard || ends(at) || self.tree.ancestors(at).any(ends)
    }
}

/// Speech facts of a turn: on its own span, or on those above it.
fn speech(row: &Row, spans: &[Span], tree: &Tree) -> Option<Speech> {
    let What::Text { role, .. } = &row.what else { return None };
    let at = row.span?;
    let number = |keys: &[&str]| {
        let mut places = std::iter::once(at).chain(tree.ancestors(at));
        places.find_map(|at| semconv::first(&spans[at].attributes, keys)?.as_f64())
    };
    let flag = |keys: &[&str]| {
        let mut places = std::iter::once(at).chain(tree.ancestors(at));
        places.find_map(|at| semconv::first(&spans[at].attributes, keys)?.as_bool())
    };
    let speech = match role {
        Role::User => Speech {
            asr_confidence: number(semconv::SPEECH_CONFIDENCE),
            interrupted: flag(semconv::SPEECH_INTERRUPTED),
            first_audio_ms: None,
        },
        _ => Speech { first_audio_ms: number(semconv::SPEECH_FIRST_AUDIO), ..Speech::default() },
    };
    (speech != Speech::default()).then_some(speech)
}

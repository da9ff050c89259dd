//! Calls and their executions: two records of one step.
//!
//! Invariant: an execution belongs to one call at most; an execution nobody is recorded to have called is a step too.

use std::collections::HashMap;

use serde_json::Value;

use super::message::Call;
use super::transcript::{Row, What};
use super::tree::Tree;
use super::{exchange, failure, semconv};
use crate::model::tool::canonical_json;
use crate::model::trace::{FailureSign, Span, SpanKind};

/// A tool span that waits for its call.
struct Execution {
    at: usize,
    name: String,
    arguments: Option<String>,
    id: Option<String>,
    taken: bool,
    /// The last span within it that records the same run.
    inner: Option<usize>,
}

/// Finds the execution of every call: by call id, else by name and arguments, else by name in order.
pub(super) fn executions(rows: &mut [Row], spans: &mut [Span], tree: &Tree) {
    let mut ran = collect(spans, tree);
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, execution) in ran.iter().enumerate() {
        by_name.entry(execution.name.clone()).or_default().push(i);
    }
    let wanted = |rows: &[Row]| -> Vec<usize> {
        let open = |row: &Row| row.execution.is_none() && matches!(row.what, What::Call { .. });
        rows.iter().enumerate().filter(|(_, row)| open(row)).map(|(i, _)| i).collect()
    };
    for pass in [Pass::Id, Pass::Arguments, Pass::Order] {
        for i in wanted(rows) {
            let What::Call { call, .. } = &rows[i].what else { continue };
            let named = by_name.get(&join_name(&call.tool)).map(Vec::as_slice).unwrap_or_default();
            if named.is_empty() {
                continue;
            }
            let sought = Sought::new(call, pass);
            let found = named.iter().copied().find(|candidate| {
                let execution = &ran[*candidate];
                !execution.taken && timely(&rows[i], &spans[execution.at], spans) && sought.is(execution)
            });
            if let Some(found) = found {
                ran[found].taken = true;
                rows[i].execution = Some(ran[found].at);
            }
        }
    }
    for execution in &ran {
        let inner = execution.inner.filter(|_| spans[execution.at].failure_signs.is_empty()).map(|at| &spans[at]);
        if let Some(error) = inner.filter(|inner| inner.failed()).map(|inner| inner.error.clone()) {
            let outer = &mut spans[execution.at];
            outer.failure_signs.push(FailureSign::Result);
            outer.error = outer.error.take().or(error);
        }
    }
    // A result in the messages may say what its execution's span does not.
    for row in rows.iter() {
        if let (What::Call { result: Some(result), .. }, Some(at)) = (&row.what, row.execution)
            && spans[at].failure_signs.is_empty()
            && let Some(error) = failure::says_error(result)
        {
            spans[at].failure_signs.push(FailureSign::Result);
            spans[at].error.get_or_insert_with(|| error.into());
        }
    }
}

fn collect(spans: &[Span], tree: &Tree) -> Vec<Execution> {
    let outside = |at: usize| !tree.ancestors(at).any(|up| spans[up].kind == SpanKind::Evaluator);
    let mut all: Vec<Execution> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        if !matches!(span.kind, SpanKind::Tool | SpanKind::Handoff) || !outside(at) {
            continue;
        }
        let name = join_name(&semconv::tool_name(span));
        let arguments = exchange::tool_arguments(span).map(|text| canonical_json(&text));
        let id = semconv::text(&span.attributes, semconv::CALL_ID);
        if let Some(place) = outer(at, spans, tree).and_then(|up| places.get(&up).copied())
            && all[place].name == name
        {
            let outer = &mut all[place];
            outer.inner = Some(at);
            outer.arguments = outer.arguments.take().or(arguments);
            outer.id = outer.id.take().or(id);
            places.insert(at, place);
            continue;
        }
        places.insert(at, all.len());
        all.push(Execution { at, name, arguments, id, taken: false, inner: None });
    }
    all
}

/// The tool span right around `at`, with no agent and no model between: where it ran the same tool, it is the same run
/// recorded by another package, or by the client of the server that did the work.
fn outer(at: usize, spans: &[Span], tree: &Tree) -> Option<usize> {
    let between = |up: &usize| !matches!(spans[*up].kind, SpanKind::Agent | SpanKind::Llm);
    let runs = |up: &usize| matches!(spans[*up].kind, SpanKind::Tool | SpanKind::Handoff);
    tree.ancestors(at).take_while(between).find(runs)
}

/// Whether a tool of that name hands the customer over.
pub(super) fn hands_over(name: &str) -> bool {
    join_name(name).starts_with("handoff ")
}

/// A name for joining: a handoff is called `transfer_to_x` and runs as `handoff to X`.
fn join_name(name: &str) -> String {
    let slug = |text: &str| text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    for prefix in ["transfer_to_", "handoff to ", "handoff_to_", "handoff: "] {
        if let Some(target) = name.strip_prefix(prefix) {
            return format!("handoff {}", slug(target));
        }
    }
    name.to_owned()
}

/// The ways to recognise a call's execution, surest first.
#[derive(Clone, Copy)]
enum Pass {
    Id,
    Arguments,
    Order,
}

/// What to look for in one pass.
struct Sought<'c> {
    pass: Pass,
    id: Option<&'c str>,
    arguments: String,
    /// The value of a lone argument: some packages record that instead of the arguments.
    only_value: Option<String>,
}

impl<'c> Sought<'c> {
    fn new(call: &'c Call, pass: Pass) -> Self {
        let id = call.id.as_deref();
        if !matches!(pass, Pass::Arguments) {
            return Self { pass, id, arguments: String::new(), only_value: None };
        }
        let arguments = canonical_json(&call.arguments);
        let only_value = match serde_json::from_str(&arguments) {
            Ok(Value::Object(map)) if map.len() == 1 => map.values().next().and_then(semconv::as_text),
            _ => None,
        };
        Self { pass, id, arguments, only_value }
    }

    fn is(&self, execution: &Execution) -> bool {
        let given = execution.arguments.as_deref();
        match self.pass {
            Pass::Id => self.id.is_some() && self.id == execution.id.as_deref(),
            _ if self.id.is_some() && execution.id.is_some() => false,
            Pass::Arguments => {
                given.is_some_and(|given| given == self.arguments || self.only_value.as_deref() == Some(given))
            }
            Pass::Order => true,
        }
    }
}

/// An execution belongs to a call's trace and does not start before the call's model call did.
fn timely(row: &Row, span: &Span, spans: &[Span]) -> bool {
    let Some(decision) = row.decision.or(row.span).map(|at| &spans[at]) else { return true };
    if row.decision.is_none() {
        return true;
    }
    decision.id.trace_id == span.id.trace_id && span.start >= decision.start
}

/// Adds a step for every execution that no recorded call explains.
pub(super) fn uncalled(rows: &mut Vec<Row>, spans: &[Span], tree: &Tree) {
    let taken: Vec<usize> = rows.iter().filter_map(|row| row.execution).collect();
    let mut is_taken = vec![false; spans.len()];
    for at in taken {
        is_taken[at] = true;
    }
    let mut extra = Vec::new();
    for execution in collect(spans, tree) {
        let at = execution.at;
        let within = tree.ancestors(at).any(|up| matches!(spans[up].kind, SpanKind::Tool | SpanKind::Handoff));
        if is_taken[at] || within || spans[at].kind == SpanKind::Handoff {
            continue;
        }
        extra.push(row_of(at, spans, rows));
    }
    let base = rows.iter().map(|row| row.group).max().unwrap_or(0) + 1;
    for (i, mut row) in extra.into_iter().enumerate() {
        row.group = base + i;
        let place = rows.iter().position(|other| other.order > row.order).unwrap_or(rows.len());
        rows.insert(place, row);
    }
}

fn row_of(at: usize, spans: &[Span], rows: &[Row]) -> Row {
    let span = &spans[at];
    let agent = span.agent.as_ref().map(|name| name.exact().to_owned());
    let nested = |row: &&Row| agent.is_some() && row.agent == agent;
    let depth = rows.iter().find(nested).map_or(0, |row| row.depth);
    let arguments = exchange::tool_arguments(span).unwrap_or_else(|| "{}".to_owned());
    let call =
        Call { id: semconv::text(&span.attributes, semconv::CALL_ID), tool: semconv::tool_name(span), arguments };
    let decided = spans[..at].iter().rposition(|other| {
        other.kind == SpanKind::Llm && other.id.trace_id == span.id.trace_id && other.end <= span.start
    });
    Row {
        what: What::Call { call, result: exchange::tool_result(span) },
        key: (0, 0),
        agent,
        depth,
        at: span.start,
        order: span.start.map_or(0, |time| time.0),
        group: 0,
        span: Some(at),
        decision: decided,
        execution: Some(at),
    }
}

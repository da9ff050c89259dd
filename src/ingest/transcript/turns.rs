//! Which exchanges make up a conversation, and which of their words are known to be the customer's.
//!
//! Invariant: evaluators' calls are no part of it; where calls recorded nothing, the spans around them speak.

use std::collections::{HashMap, HashSet};

use crate::ingest::exchange::{self, Exchange};
use crate::ingest::message::Sender;
use crate::ingest::said::Histories;
use crate::ingest::semconv;
use crate::ingest::thread::{self, Piece};
use crate::ingest::tree::Tree;
use crate::model::step::Role;
use crate::model::trace::{Span, SpanKind};

/// One exchange to merge, with the span it came from.
pub(super) struct Turn {
    pub(super) at: usize,
    pub(super) exchange: Exchange,
    /// Below a guardrail: never part of what the customer saw.
    pub(super) aside: bool,
    /// The only account of a trace whose model calls recorded nothing.
    pub(super) wrapper: bool,
}

/// The exchanges of all traces in start order.
pub(super) fn turns<'s>(spans: &'s [Span], tree: &Tree, histories: &mut Histories<'s>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for (at, span) in spans.iter().enumerate() {
        let above = |kind: SpanKind| tree.ancestors(at).any(|up| spans[up].kind == kind);
        if span.kind != SpanKind::Llm || above(SpanKind::Evaluator) {
            continue;
        }
        let exchange = exchange::of_call(span, histories);
        if !exchange.is_empty() {
            told.insert(&span.id.trace_id);
            turns.push(Turn { at, exchange, aside: above(SpanKind::Guardrail), wrapper: false });
        }
    }
    drop_nested(&mut turns, tree);
    recover_answers(&mut turns, (spans, tree), histories);
    let mut taken: HashSet<usize> = HashSet::new();
    for (at, span) in spans.iter().enumerate() {
        let speaks = matches!(span.kind, SpanKind::Agent | SpanKind::Chain | SpanKind::Other);
        if told.contains(span.id.trace_id.as_str()) || !speaks || tree.ancestors(at).any(|up| taken.contains(&up)) {
            continue;
        }
        if semconv::is_protocol(span) {
            continue;
        }
        let exchange = exchange::of_agent(span, histories);
        // A part that only gave something back may be anything: a look-up, a step of a program.
        let part = span.kind == SpanKind::Chain && span.parent_span_id.is_some() && exchange.input.is_empty();
        if !exchange.is_empty() && !part {
            taken.insert(at);
            turns.push(Turn { at, exchange, aside: false, wrapper: true });
        }
    }
    turns.sort_by_key(|turn| turn.at);
    turns
}

/// Where two packages recorded one call, one within the other, the one that tells more stays.
fn drop_nested(turns: &mut Vec<Turn>, tree: &Tree) {
    let by_span: HashMap<usize, bool> = turns.iter().map(|turn| (turn.at, turn.exchange.output.is_empty())).collect();
    let mut silent_outer: HashSet<usize> = HashSet::new();
    let mut inner: HashSet<usize> = HashSet::new();
    for turn in turns.iter() {
        if let Some(outer) = tree.ancestors(turn.at).find(|up| by_span.contains_key(up)) {
            if by_span[&outer] && !turn.exchange.output.is_empty() {
                silent_outer.insert(outer);
            } else {
                inner.insert(turn.at);
            }
        }
    }
    turns.retain(|turn| !silent_outer.contains(&turn.at) && !inner.contains(&turn.at));
}

/// A streamed call records no answer; at the end of a trace the agent span above it has it.
fn recover_answers<'s>(turns: &mut [Turn], (spans, tree): (&'s [Span], &Tree), histories: &mut Histories<'s>) {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (i, turn) in turns.iter().enumerate() {
        last.insert(&spans[turn.at].id.trace_id, i);
    }
    for i in last.into_values() {
        let turn = &mut turns[i];
        if turn.aside || turn.exchange.output.iter().any(|message| !message.text.trim().is_empty()) {
            continue;
        }
        // One that ended in calls may have been followed by words of the agent's own program, which its root knows.
        let silent = turn.exchange.output.is_empty();
        let is_root = |span: &Span| span.parent_span_id.is_none() && span.kind == SpanKind::Agent;
        let known = |up: &usize| silent || is_root(&spans[*up]);
        let answers = tree.ancestors(turn.at).filter(known).map(|up| exchange::of_agent(&spans[up], histories).output);
        let said = answers.filter_map(|mut output| output.pop()).find(|message| message.sender == Sender::Assistant);
        turn.exchange.output.extend(said.filter(|message| !message.text.is_empty()));
    }
}

/// What is known to be the customer's own words: texts that the root of a trace was asked, and texts that the histories
/// of several traces hold. A helper's prompt is neither.
#[derive(Default)]
pub(super) struct Customer {
    words: HashSet<(u8, u64)>,
    /// Traces of which some call heard such words.
    traces: HashSet<String>,
}

impl Customer {
    pub(super) fn learn<'s>(turns: &[Turn], (spans, tree): (&'s [Span], &Tree), histories: &mut Histories<'s>) -> Self {
        let mut heard: HashMap<(u8, u64), &str> = HashMap::new();
        let mut known = Self::default();
        let mut roots: HashSet<usize> = HashSet::new();
        for turn in turns.iter().filter(|turn| !turn.aside) {
            let trace = spans[turn.at].id.trace_id.as_str();
            for key in users(&turn.exchange) {
                if *heard.entry(key).or_insert(trace) != trace {
                    known.words.insert(key);
                }
            }
            let root = tree.root[turn.at];
            // What stands at the top only until its parent arrives may be a helper's own span.
            let top = spans[root].kind != SpanKind::Llm && spans[root].parent_span_id.is_none();
            if top && roots.insert(root) {
                known.words.extend(users(&exchange::of_agent(&spans[root], histories)).last());
            }
        }
        for turn in
            turns.iter().filter(|turn| !turn.aside && users(&turn.exchange).any(|key| known.words.contains(&key)))
        {
            known.traces.insert(spans[turn.at].id.trace_id.clone());
        }
        known
    }

    /// Whether a history that joins nothing is the customer's, given that it is its trace's `first` or not.
    pub(super) fn asks(&self, heard: &[Piece], trace: &str, first: bool) -> bool {
        let mut keys = heard.iter().filter_map(Piece::key).filter(|(kind, _)| *kind == Piece::USER);
        if self.traces.contains(trace) { keys.any(|key| self.words.contains(&key)) } else { first }
    }
}

fn users(exchange: &Exchange) -> impl Iterator<Item = (u8, u64)> {
    let said = exchange.input.iter().filter(|message| message.sender == Sender::User);
    said.map(|message| thread::text_key(Role::User, message))
}

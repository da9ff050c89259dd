//! The transcript: what took place, once and in order, from model calls that each repeat the history.
//!
//! Invariant: every message and call appears once; the order of spans in the input does not matter.

use std::collections::{HashMap, HashSet};

use super::exchange::{self, Exchange};
use super::join;
use super::message::{Call, Sender};
use super::semconv;
use super::thread::{Merge, Piece, Thread, align, pieces};
use super::tree::Tree;
use crate::model::id::SpanRef;
use crate::model::step::{Role, Speech, Step, StepContent, ToolResult};
use crate::model::time::Timestamp;
use crate::model::tool::Arguments;
use crate::model::trace::{Span, SpanKind};

/// The transcript of a conversation, and its system messages.
pub(super) struct Transcript {
    pub(super) system: Vec<String>,
    pub(super) steps: Vec<Step>,
}

/// One row while the transcript is built.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) what: What,
    pub(super) key: (u8, u64),
    pub(super) agent: Option<String>,
    pub(super) depth: u8,
    pub(super) at: Option<Timestamp>,
    /// Where it belongs in time, for placing executions nobody called.
    pub(super) order: i64,
    /// Rows of one message share it.
    pub(super) group: usize,
    /// The span that holds it, the model call that chose it, the tool span that ran it: indexes of spans.
    pub(super) span: Option<usize>,
    pub(super) decision: Option<usize>,
    pub(super) execution: Option<usize>,
}

/// The kinds of rows.
#[derive(Debug, Clone)]
pub(super) enum What {
    Text { role: Role, text: String, reasoning: Option<String> },
    Call { call: Call, result: Option<String> },
}

/// Builds the transcript of `spans`, which are in their final order.
pub(super) fn build(spans: &mut [Span], tree: &Tree) -> Transcript {
    let mut builder = Builder::empty(spans, tree);
    for turn in turns(spans, tree) {
        builder.turn(turn);
    }
    let Builder { mut rows, system, .. } = builder;
    join::executions(&mut rows, spans, tree);
    join::uncalled(&mut rows, spans, tree);
    let steps = finish(&rows, spans, tree);
    Transcript { system, steps }
}

/// One exchange to merge, with the span it came from.
struct Turn {
    at: usize,
    exchange: Exchange,
    /// Below a guardrail: never part of what the customer saw.
    aside: bool,
    /// The only account of a trace whose model calls recorded nothing.
    wrapper: bool,
}

/// The exchanges of all traces in start order.
fn turns(spans: &[Span], tree: &Tree) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut told: HashSet<&str> = HashSet::new();
    for (at, span) in spans.iter().enumerate() {
        let above = |kind: SpanKind| tree.ancestors(at).any(|up| spans[up].kind == kind);
        if span.kind != SpanKind::Llm || above(SpanKind::Evaluator) {
            continue;
        }
        let exchange = exchange::of_call(span);
        if !exchange.is_empty() {
            told.insert(&span.id.trace_id);
            turns.push(Turn { at, exchange, aside: above(SpanKind::Guardrail), wrapper: false });
        }
    }
    drop_nested(&mut turns, tree);
    recover_answers(&mut turns, spans, tree);
    let mut taken: HashSet<usize> = HashSet::new();
    for (at, span) in spans.iter().enumerate() {
        let speaks = matches!(span.kind, SpanKind::Agent | SpanKind::Chain | SpanKind::Other);
        if told.contains(span.id.trace_id.as_str()) || !speaks || tree.ancestors(at).any(|up| taken.contains(&up)) {
            continue;
        }
        let exchange = exchange::of_agent(span);
        if !exchange.is_empty() {
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
fn recover_answers(turns: &mut [Turn], spans: &[Span], tree: &Tree) {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (i, turn) in turns.iter().enumerate() {
        last.insert(&spans[turn.at].id.trace_id, i);
    }
    for i in last.into_values() {
        let turn = &mut turns[i];
        if !turn.exchange.output.is_empty() || turn.aside {
            continue;
        }
        let answers = tree.ancestors(turn.at).map(|up| exchange::of_agent(&spans[up]).output);
        let said = answers.filter_map(|mut output| output.pop()).find(|message| message.sender == Sender::Assistant);
        turn.exchange.output.extend(said.filter(|message| !message.text.is_empty()));
    }
}

/// The state of the merge.
struct Builder<'s> {
    spans: &'s [Span],
    tree: &'s Tree,
    rows: Vec<Row>,
    system: Vec<String>,
    threads: HashMap<Option<String>, Thread>,
    /// The rows the customer's thread consists of.
    facing: Vec<usize>,
    /// Calls by their id.
    called: HashMap<String, usize>,
    traces: HashSet<String>,
    answers: HashMap<String, String>,
    group: usize,
}

impl<'s> Builder<'s> {
    fn empty(spans: &'s [Span], tree: &'s Tree) -> Self {
        Self {
            spans,
            tree,
            rows: Vec::new(),
            system: Vec::new(),
            threads: HashMap::new(),
            facing: Vec::new(),
            called: HashMap::new(),
            traces: HashSet::new(),
            answers: HashMap::new(),
            group: 0,
        }
    }

    fn turn(&mut self, turn: Turn) {
        let Turn { at, exchange, aside, wrapper } = turn;
        for text in &exchange.system {
            if !self.system.contains(text) {
                self.system.push(text.clone());
            }
        }
        let span = &self.spans[at];
        let agent = span.agent.as_ref().map(|name| name.exact().to_owned());
        let mut thread = self.threads.remove(&agent).unwrap_or_default();
        let heard = pieces(&exchange.input);
        let first = !aside && !self.traces.contains(&span.id.trace_id);
        let merge = self.place(&thread, &heard, span, &exchange.system);
        let faces = !aside
            && match merge {
                Merge::Own { .. } => thread.facing,
                Merge::Facing { .. } | Merge::Within { customer: true, .. } => true,
                Merge::Within { .. } | Merge::New => {
                    first || (thread.facing && thread.system == exchange.system) || wrapper
                }
            };
        if let Merge::Facing { rows, .. } = &merge {
            thread.rows = self.facing[..*rows].to_vec();
            let is_call = |row: &usize| matches!(self.rows[*row].what, What::Call { .. });
            thread.calls = thread.rows.iter().copied().filter(is_call).collect();
        }
        if let (Merge::Within { customer: true, .. }, true) = (&merge, faces) {
            self.demote_others(agent.as_ref(), &span.id.trace_id);
        }
        let known = merge.known(heard.len());
        self.hear(&mut thread, &heard, &known, (at, faces, first));
        let order = span.end.or(span.start).map_or(0, |time| time.0);
        let spoken = pieces(&exchange.output);
        for piece in spoken {
            self.say(&mut thread, piece, (at, faces, order));
        }
        self.group += 1;
        if !aside {
            self.traces.insert(span.id.trace_id.clone());
        }
        thread.facing = faces;
        thread.trace.clone_from(&span.id.trace_id);
        thread.system = exchange.system;
        thread.silent = if exchange.output.is_empty() { Some(at) } else { None };
        thread.heard = heard.iter().filter_map(Piece::key).collect();
        self.threads.insert(agent, thread);
    }

    /// How the history of a call joins what is known already.
    fn place(&mut self, thread: &Thread, heard: &[Piece], span: &Span, system: &[String]) -> Merge {
        let keys: Vec<(u8, u64)> = heard.iter().filter_map(Piece::key).collect();
        let calls = keys.iter().any(|(kind, _)| *kind == Piece::CALL);
        let project = |rows: &[usize]| -> Vec<(u8, u64)> {
            let keys = rows.iter().map(|row| self.rows[*row].key);
            keys.filter(|(kind, _)| calls || *kind != Piece::CALL).collect()
        };
        let same_trace = thread.trace == span.id.trace_id;
        if same_trace && thread.heard == keys && !keys.is_empty() && thread.system == system {
            return Merge::Own { known: keys.len() };
        }
        let own = align(&project(&thread.rows), &keys);
        let facing = align(&project(&self.facing), &keys);
        match (own, facing) {
            (Some(own), Some(facing)) if facing.length > own.length => {
                Merge::Facing { known: facing.known, rows: self.facing.len() }
            }
            (Some(own), _) => Merge::Own { known: own.known },
            (None, Some(facing)) => Merge::Facing { known: facing.known, rows: self.facing.len() },
            (None, None) => self.within_trace(&keys, span),
        }
    }

    /// A history that joins no end: what of it was said in this trace before, and whether that was the customer.
    fn within_trace(&self, keys: &[(u8, u64)], span: &Span) -> Merge {
        let here = |row: &&Row| row.span.is_some_and(|at| self.spans[at].id.trace_id == span.id.trace_id);
        let said: HashSet<(u8, u64)> = self.rows.iter().filter(here).map(|row| row.key).collect();
        let known: Vec<bool> = keys.iter().map(|key| said.contains(key)).collect();
        if !known.contains(&true) {
            return Merge::New;
        }
        let asked = self.facing.iter().rev().map(|row| &self.rows[*row]).find(|row| row.key.0 == Piece::USER);
        let last_user = keys.iter().rev().find(|(kind, _)| *kind == Piece::USER);
        let customer = asked.is_some_and(|row| Some(&row.key) == last_user);
        Merge::Within { known, customer }
    }

    /// The answer another agent gave to the same question was not what the customer saw, unless the trace says so.
    fn demote_others(&mut self, agent: Option<&String>, trace: &str) {
        let Some(asked) = self.facing.iter().rposition(|row| self.rows[*row].key.0 == Piece::USER) else { return };
        let answer = self.answer(trace);
        let later = self.facing.split_off(asked + 1);
        for row in later {
            let shown = matches!(&self.rows[row].what, What::Text { text, .. } if Some(text) == answer.as_ref());
            if self.rows[row].agent.as_ref() == agent || shown {
                self.facing.push(row);
            } else {
                self.rows[row].depth = 1;
            }
        }
    }

    /// What the trace's root says was answered.
    fn answer(&mut self, trace: &str) -> Option<String> {
        if !self.answers.contains_key(trace) {
            let mut roots = self.spans.iter().enumerate().filter(|(at, span)| {
                span.id.trace_id == trace && self.tree.parent[*at].is_none() && span.kind != SpanKind::Llm
            });
            let output = roots.find_map(|(_, span)| exchange::of_agent(span).output.pop());
            self.answers.insert(trace.to_owned(), output.map(|message| message.text).unwrap_or_default());
        }
        self.answers.get(trace).filter(|text| !text.is_empty()).cloned()
    }

    /// Takes what is new in a history: customer messages, answers that were streamed, results.
    fn hear(&mut self, thread: &mut Thread, heard: &[Piece], known: &[bool], how: (usize, bool, bool)) {
        let (at, faces, first) = how;
        let span = &self.spans[at];
        let last_said = heard.iter().rposition(|piece| !matches!(piece, Piece::Text { role: Role::User, .. }));
        let mut index = 0;
        let mut answered = 0;
        for (i, piece) in heard.iter().enumerate() {
            match piece {
                Piece::Result { .. } => answered = self.result(thread, piece, (at, faces, answered)),
                Piece::Text { .. } | Piece::Call { .. } => {
                    let is_known = known.get(index).copied().unwrap_or(false);
                    index += 1;
                    let prompt = !faces && matches!(piece, Piece::Text { role: Role::User, .. });
                    if is_known || prompt {
                        continue;
                    }
                    let recent = last_said.is_none_or(|last| i > last);
                    let time = if first { self.spans[self.tree.root[at]].start.or(span.start) } else { span.start };
                    let row = self.push(thread, piece.clone(), (at, faces, span.start.map_or(0, |time| time.0)));
                    self.rows[row].at = time.filter(|_| recent);
                    if row_is_said(&self.rows[row]) {
                        self.rows[row].decision = thread.silent;
                        self.rows[row].span = thread.silent.or(Some(at));
                        self.rows[row].at = thread.silent.and_then(|at| self.spans[at].end);
                    } else {
                        self.group += 1;
                    }
                }
            }
        }
        self.group += 1;
    }

    /// Gives a result to its call; returns how many calls of the thread are dealt with.
    fn result(&mut self, thread: &mut Thread, piece: &Piece, how: (usize, bool, usize)) -> usize {
        let (at, faces, answered) = how;
        let Piece::Result { id, text, .. } = piece else { return answered };
        let named = id.as_ref().and_then(|id| self.called.get(id)).copied();
        let told = |row: &usize| matches!(&self.rows[*row].what, What::Call { result: Some(told), .. } if told == text);
        let open = |row: &usize| matches!(&self.rows[*row].what, What::Call { result: None, call } if id.is_none() || call.id.is_none());
        let rest = thread.calls.get(answered..).unwrap_or_default();
        let in_order = || rest.iter().position(told).or_else(|| rest.iter().position(open));
        let place = if named.is_some() { None } else { in_order() };
        let row = named.or_else(|| place.map(|place| rest[place]));
        if let Some(row) = row {
            if let What::Call { result, .. } = &mut self.rows[row].what {
                result.get_or_insert_with(|| text.clone());
            }
            return place.map_or(answered, |place| answered + place + 1);
        }
        // The call is on no record at all.
        let known = |row: &Row| matches!(&row.what, What::Text { role: Role::Tool, text: told, .. } if told == text);
        if faces && !self.rows.iter().any(known) {
            let order = self.spans[at].start.map_or(0, |time| time.0);
            let loose = Piece::text(Role::Tool, text.clone(), None);
            self.push(thread, loose, (at, faces, order));
        }
        answered
    }

    /// Takes what a call said.
    fn say(&mut self, thread: &mut Thread, piece: Piece, how: (usize, bool, i64)) {
        if matches!(piece, Piece::Result { .. }) {
            // Server-side tools answer within the output.
            self.result(thread, &piece, (how.0, how.1, 0));
            return;
        }
        let row = self.push(thread, piece, how);
        self.rows[row].decision = Some(how.0);
        self.rows[row].at = self.spans[how.0].end.or(self.spans[how.0].start);
    }

    fn push(&mut self, thread: &mut Thread, piece: Piece, how: (usize, bool, i64)) -> usize {
        let (at, faces, order) = how;
        let key = piece.key().unwrap_or((0, 0));
        let what = match piece {
            Piece::Text { role, text, reasoning, .. } => What::Text { role, text, reasoning },
            Piece::Call { call, .. } => What::Call { call, result: None },
            Piece::Result { text, .. } => What::Text { role: Role::Tool, text, reasoning: None },
        };
        let agent = self.spans[at].agent.as_ref().map(|name| name.exact().to_owned());
        let agent = agent.filter(|_| key.0 != Piece::USER);
        let row = self.rows.len();
        self.rows.push(Row {
            what,
            key,
            agent,
            depth: u8::from(!faces),
            at: None,
            order,
            group: self.group,
            span: Some(at),
            decision: None,
            execution: None,
        });
        thread.rows.push(row);
        if let What::Call { call, .. } = &self.rows[row].what {
            thread.calls.push(row);
            if let Some(id) = &call.id {
                self.called.insert(id.clone(), row);
            }
        }
        if faces {
            self.facing.push(row);
        }
        row
    }
}

fn row_is_said(row: &Row) -> bool {
    !matches!(row.what, What::Text { role: Role::User | Role::Tool, .. })
}

/// Numbers the rows and names their spans.
fn finish(rows: &[Row], spans: &[Span], tree: &Tree) -> Vec<Step> {
    let name = |at: usize| -> SpanRef { spans[at].id.clone() };
    let settled = Settled::new(spans, tree);
    let spoken = spans.iter().any(|span| span.attributes.keys().any(|key| semconv::SPEECH.contains(&key.as_str())));
    let mut steps = Vec::with_capacity(rows.len());
    let (mut message, mut group) = (0, None);
    for (i, row) in rows.iter().enumerate() {
        if group != Some(row.group) {
            message += 1;
            group = Some(row.group);
        }
        let content = match &row.what {
            What::Text { role, text, reasoning } => StepContent::Message {
                role: *role,
                text: text.as_str().into(),
                reasoning: reasoning.as_deref().map(Into::into),
            },
            What::Call { call, result } => StepContent::ToolCall {
                tool: call.tool.as_str().into(),
                arguments: Arguments(call.arguments.as_str().into()),
                call_id: call.id.as_deref().map(Into::into),
                result: outcome(row, result.as_deref(), spans, &settled),
            },
        };
        let holder = if matches!(row.what, What::Call { .. }) { row.execution } else { row.span };
        let ran = row.execution.and_then(|at| spans[at].start);
        steps.push(Step {
            number: i as u32 + 1,
            message,
            content,
            agent: row.agent.as_deref().map(Into::into),
            depth: row.depth,
            at: ran.or(row.at),
            span: holder.or(row.decision).or(row.span).map(name),
            decision: row.decision.map(name),
            speech: if spoken { speech(row, spans, tree) } else { None },
        });
    }
    steps
}

fn outcome(row: &Row, told: Option<&str>, spans: &[Span], settled: &Settled<'_>) -> Option<ToolResult> {
    let execution = row.execution.map(|at| &spans[at]);
    let broke = execution.is_some_and(Span::failed);
    let recorded = || {
        let at = row.execution.filter(|at| settled.is(*at))?;
        let error = || spans[at].error.as_ref().filter(|_| broke).map(|text| text.exact().to_owned());
        exchange::tool_result(&spans[at]).or_else(error)
    };
    let text = told.map(str::to_owned).or_else(recorded)?;
    let failed = broke || super::failure::says_error(&text).is_some();
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

//! The transcript: what took place, once and in order, from model calls that each repeat the history.
//!
//! Invariant: every message and call appears once; the order of spans in the input does not matter.

use std::collections::{HashMap, HashSet};

mod steps;
mod turns;

use steps::{finish, questions_first};
use turns::{Customer, Turn, turns};

use super::message::{Call, Message, Sender};
use super::said::{Histories, Said};
use super::thread::{self, Merge, Piece, Thread, align, pieces};
use super::tree::Tree;
use super::{exchange, join, semconv};
use crate::model::step::{Role, Step};
use crate::model::time::Timestamp;
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

/// Who hears a history.
#[derive(Clone, Copy)]
struct Hearing {
    /// The model call.
    at: usize,
    /// True where the customer is talked to.
    faces: bool,
    /// True for the first of its trace.
    first: bool,
    /// True where the history goes on from the agent's own, rather than from what another one left.
    own: bool,
}

/// Builds the transcript of `spans`, which are in their final order.
pub(super) fn build(spans: &mut [Span], tree: &Tree) -> Transcript {
    let told: &[Span] = spans;
    let mut builder = Builder::empty(told, tree);
    let turns = turns(told, tree, &mut builder.histories);
    builder.customer = Customer::learn(&turns, (told, tree), &mut builder.histories);
    for turn in turns {
        builder.turn(turn);
    }
    builder.show_answers();
    let Builder { mut rows, system, .. } = builder;
    questions_first(&mut rows, spans);
    join::executions(&mut rows, spans, tree);
    join::uncalled(&mut rows, spans, tree);
    let steps = finish(rows, spans, tree);
    Transcript { system, steps }
}

/// The state of the merge.
struct Builder<'s> {
    spans: &'s [Span],
    tree: &'s Tree,
    rows: Vec<Row>,
    system: Vec<String>,
    /// By agent; what guardrails ask has threads of its own.
    threads: HashMap<(bool, Option<String>), Thread>,
    /// The rows the customer's thread consists of.
    facing: Vec<usize>,
    /// Calls by their id.
    called: HashMap<String, usize>,
    traces: HashSet<String>,
    customer: Customer,
    answers: HashMap<String, String>,
    /// What model calls heard, as far as it was read.
    histories: Histories<'s>,
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
            customer: Customer::default(),
            answers: HashMap::new(),
            histories: Histories::default(),
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
        let mut key = (aside, agent.clone());
        let mut thread = self.threads.remove(&key).unwrap_or_default();
        if agent.is_none() && thread.trace == span.id.trace_id && thread.system != exchange.system {
            // Two that nobody named, told apart by their instructions: their names may be on spans that come later.
            self.threads.insert(key, thread);
            key = (aside, Some(format!("\0{}", exchange.system.join("\0"))));
            thread = self.threads.remove(&key).unwrap_or_default();
        }
        let heard = pieces(&exchange.input);
        let first = !aside && !self.traces.contains(&span.id.trace_id);
        let merge = self.place(&thread, &heard, span, &exchange.system);
        let faces = !aside
            && match merge {
                Merge::Own { .. } => thread.facing,
                Merge::Facing { .. } | Merge::Within { customer: true, .. } => true,
                Merge::Within { .. } | Merge::New => {
                    self.customer.asks(&heard, &span.id.trace_id, first)
                        || (thread.facing && thread.system == exchange.system)
                        || wrapper
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
        let own = matches!(merge, Merge::Own { .. });
        self.hear(&mut thread, (&heard, &known), Hearing { at, faces, first, own });
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
        self.threads.insert(key, thread);
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
        let join = |rows: &[usize]| {
            // An answer that was given by calling a tool is no part of the next history.
            let heard = || self.given_by_call(rows).then(|| align(&project(&rows[..rows.len() - 1]), &keys)).flatten();
            align(&project(rows), &keys).or_else(heard)
        };
        let own = join(&thread.rows);
        let facing = join(&self.facing);
        match (own, facing) {
            (Some(own), Some(facing)) if facing.length > own.length => {
                Merge::Facing { known: facing.known, rows: self.facing.len() }
            }
            (Some(own), _) => Merge::Own { known: own.known },
            (None, Some(facing)) => Merge::Facing { known: facing.known, rows: self.facing.len() },
            (None, None) => self.within_trace(&keys, span),
        }
    }

    /// Whether the last of `rows` is an answer that comes right after a call.
    fn given_by_call(&self, rows: &[usize]) -> bool {
        let [.., call, answer] = rows else { return false };
        matches!(self.rows[*call].what, What::Call { .. }) && self.rows[*answer].key.0 == Piece::ASSISTANT
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
            let histories = &mut self.histories;
            let output = roots.find_map(|(_, span)| exchange::of_agent(span, histories).output.pop());
            self.answers.insert(trace.to_owned(), output.map(|message| message.text.clone()).unwrap_or_default());
        }
        self.answers.get(trace).filter(|text| !text.is_empty()).cloned()
    }

    /// Of agents that work one after the other the customer sees what the whole of them answers; what comes before it is
    /// theirs.
    fn show_answers(&mut self) {
        let spans = self.spans;
        let whole = spans.iter().zip(&self.tree.depth).filter(|(span, depth)| **depth < 2 && semconv::in_a_row(span));
        for (span, _) in whole {
            let Some(answer) = exchange::of_agent(span, &mut self.histories).output.pop() else { continue };
            let key = Some((Piece::ASSISTANT, thread::words_number(&answer.text)));
            let here = |row: &Row| row.span.is_some_and(|at| spans[at].id.trace_id == span.id.trace_id);
            let told = |row: &Row| Some(row.key) == key && here(row);
            let Some(shown) = self.rows.iter().rposition(told).filter(|at| self.rows[*at].depth > 0) else { continue };
            let asked = self.rows.iter().rposition(|row| row.depth == 0 && row.key.0 == Piece::USER && here(row));
            for row in self.rows.iter_mut().skip(asked.map_or(0, |at| at + 1)).filter(|row| here(row)) {
                row.depth = row.depth.max(1);
            }
            self.rows[shown].depth = 0;
        }
    }

    /// Takes what is new in a history: customer messages, answers that were streamed, results.
    fn hear(&mut self, thread: &mut Thread, (heard, known): (&[Piece], &[bool]), how: Hearing) {
        let Hearing { at, faces, first, own } = how;
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
                    if is_known || prompt || self.tells_of_handoff(piece, (at, own)) {
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

    /// Whether words in the customer's place are what a handoff told the agent that takes over: they are its result.
    fn tells_of_handoff(&mut self, piece: &Piece, (at, own): (usize, bool)) -> bool {
        let Piece::Text { role: Role::User, said, .. } = piece else { return false };
        let Some(row) = self.facing.last().map(|row| &mut self.rows[*row]) else { return false };
        let same = row.span.is_some_and(|other| self.spans[other].id.trace_id == self.spans[at].id.trace_id);
        match &mut row.what {
            What::Call { call, result: Some(result) } if same && join::hands_over(&call.tool) => result == said.words(),
            // Where an agent goes on with its own history it is the customer's next sentence, and the result is on no record.
            What::Call { call, result } if same && !own && join::hands_over(&call.tool) => {
                *result = Some(said.words().to_owned());
                true
            }
            _ => false,
        }
    }

    /// Gives a result to its call; returns how many calls of the thread are dealt with.
    fn result(&mut self, thread: &mut Thread, piece: &Piece, how: (usize, bool, usize)) -> usize {
        let (at, faces, answered) = how;
        let Piece::Result { said } = piece else { return answered };
        let (id, text) = (&said.call_id, said.result());
        let named = id.as_ref().and_then(|id| self.called.get(id)).copied();
        let told = |row: &usize| matches!(&self.rows[*row].what, What::Call { result: Some(told), .. } if told == text);
        let open = |row: &usize| matches!(&self.rows[*row].what, What::Call { result: None, call } if id.is_none() || call.id.is_none());
        let rest = thread.calls.get(answered..).unwrap_or_default();
        let in_order = || rest.iter().position(told).or_else(|| rest.iter().position(open));
        let place = if named.is_some() { None } else { in_order() };
        let row = named.or_else(|| place.map(|place| rest[place]));
        if let Some(row) = row {
            if let What::Call { result, .. } = &mut self.rows[row].what {
                result.get_or_insert_with(|| text.to_owned());
            }
            return place.map_or(answered, |place| answered + place + 1);
        }
        // The call is on no record at all.
        let known = |row: &Row| matches!(&row.what, What::Text { role: Role::Tool, text: told, .. } if told == text);
        if faces && !self.rows.iter().any(known) {
            let order = self.spans[at].start.map_or(0, |time| time.0);
            let said = Said::new(Message::new(Sender::Tool, text));
            let loose = Piece::Text { role: Role::Tool, said, reasoning: None };
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
            Piece::Text { role, said, reasoning } => What::Text { role, text: said.words().to_owned(), reasoning },
            Piece::Call { said, place } => What::Call { call: said.calls[place].clone(), result: None },
            Piece::Result { said } => What::Text { role: Role::Tool, text: said.result().to_owned(), reasoning: None },
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

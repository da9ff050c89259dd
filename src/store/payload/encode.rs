//! Writes the fields of a conversation over the tables of its texts.
//!
//! Invariant: every field of the model is written; taking the values apart without `..` makes a new field an error here.

use serde_json::{Map, Value};

use super::bytes::{put, put_signed};
use super::pool::{List, Pool};
use super::quick::Table;
use crate::model::conversation::Conversation;
use crate::model::id::SpanRef;
use crate::model::score::{Score, ScoreTarget};
use crate::model::step::{Role, Speech, Step, StepContent};
use crate::model::summary::Segments;
use crate::model::time::Timestamp;
use crate::model::tool::{Effect, ToolSpec};
use crate::model::trace::{FailureSign, Span, SpanEvent, SpanKind, SpanLink, SpanOddity, SpanStatus};
use crate::text::Untrusted;

/// The order of failure signs in stored numbers; append-only.
pub const SIGNS: [FailureSign; 5] =
    [FailureSign::Status, FailureSign::ErrorType, FailureSign::Exception, FailureSign::Level, FailureSign::Result];

/// The order of oddities in stored numbers; append-only.
pub const ODDITIES: [SpanOddity; 5] = [
    SpanOddity::SelfParent,
    SpanOddity::CycleCut,
    SpanOddity::Orphan,
    SpanOddity::DuplicateId,
    SpanOddity::ImpossibleTime,
];

/// The order of roles in stored numbers; append-only.
pub const ROLES: [Role; 3] = [Role::User, Role::Assistant, Role::Tool];

/// The order of effects in stored numbers; append-only.
pub const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Write, Effect::Irreversible];

/// The bits that tell which optional parts a span has.
pub mod has {
    pub const PARENT: u64 = 1;
    pub const START: u64 = 1 << 1;
    pub const END: u64 = 1 << 2;
    pub const ERROR: u64 = 1 << 3;
    pub const AGENT: u64 = 1 << 4;
    pub const EVENTS: u64 = 1 << 5;
    pub const LINKS: u64 = 1 << 6;
    pub const OFFERED: u64 = 1 << 7;
    pub const SIGNS: u64 = 1 << 8;
    pub const ODDITIES: u64 = 1 << 9;
}

/// The number of a kind, as stored in rows and payloads.
pub fn kind_number(kind: SpanKind) -> u8 {
    position(&SpanKind::ALL, &kind) as u8
}

/// The number of a status, as OTLP has it.
pub fn status_number(status: SpanStatus) -> u8 {
    match status {
        SpanStatus::Unset => 0,
        SpanStatus::Ok => 1,
        SpanStatus::Error => 2,
    }
}

fn position<T: PartialEq>(all: &[T], one: &T) -> u64 {
    all.iter().position(|item| item == one).unwrap_or(all.len() - 1) as u64
}

struct Writer<'a> {
    pool: Pool<'a>,
    out: Vec<u8>,
    /// One more than the largest text number used so far: the next new text is then written as zero.
    high: i64,
    places: Table<(&'a str, &'a str), usize>,
    time: i64,
}

pub fn conversation(conversation: &Conversation) -> Vec<u8> {
    let Conversation {
        id,
        source,
        external_id,
        segments,
        system,
        steps,
        spans,
        tools,
        scores,
        expected,
        outcomes,
        attributes,
        resource,
    } = conversation;
    let mut writer =
        Writer { pool: Pool::default(), out: Vec::with_capacity(1024), high: 0, places: Table::default(), time: 0 };
    writer.text(id.as_str());
    writer.untrusted(source);
    writer.untrusted(external_id);
    writer.segments(segments);
    writer.each(system, Writer::untrusted);
    // Identities first, so that everything else can name a span by its place.
    writer.each(spans, |writer, span| writer.identity(&span.id));
    for (place, span) in spans.iter().enumerate() {
        writer.places.entry((&span.id.trace_id, &span.id.span_id)).or_insert(place);
    }
    writer.each(steps, Writer::step);
    writer.each(tools, Writer::tool);
    let mut lists = Table::default();
    for span in spans {
        writer.span(span, &mut lists);
    }
    writer.each(scores, Writer::score);
    match expected {
        None => put(&mut writer.out, 0),
        Some(calls) => {
            put(&mut writer.out, calls.len() as u64 + 1);
            for call in calls {
                writer.untrusted(&call.tool);
                writer.untrusted(&call.arguments.0);
            }
        }
    }
    let outcomes: Vec<_> = outcomes.iter().collect();
    writer.each(&outcomes, |writer, (key, value)| writer.pair(key, value));
    writer.map(attributes);
    writer.map(resource);
    writer.pool.finish(super::VERSION, &writer.out)
}

impl<'a> Writer<'a> {
    fn each<T>(&mut self, items: &'a [T], write: impl Fn(&mut Self, &'a T)) {
        put(&mut self.out, items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    fn text(&mut self, text: &'a str) {
        let number = i64::from(self.pool.text(text));
        put_signed(&mut self.out, self.high - number);
        self.high = self.high.max(number + 1);
    }

    fn untrusted(&mut self, text: &'a Untrusted) {
        self.text(text.exact());
    }

    fn optional(&mut self, text: Option<&'a Untrusted>) {
        self.out.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.untrusted(text);
        }
    }

    fn pair(&mut self, key: &'a str, value: &'a Value) {
        let number = self.pool.pair(key, value);
        put(&mut self.out, u64::from(number));
    }

    fn map(&mut self, map: &'a Map<String, Value>) {
        put(&mut self.out, map.len() as u64);
        for (key, value) in map {
            self.pair(key, value);
        }
    }

    fn float(&mut self, value: Option<f64>) {
        self.out.push(u8::from(value.is_some()));
        if let Some(value) = value {
            self.out.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn flag(&mut self, value: Option<bool>) {
        self.out.push(value.map_or(0, |value| 1 + u8::from(value)));
    }

    /// A time as the distance from the last one written.
    fn instant(&mut self, at: Timestamp) {
        put_signed(&mut self.out, at.0.wrapping_sub(self.time));
        self.time = at.0;
    }

    fn maybe_instant(&mut self, at: Option<Timestamp>) {
        self.out.push(u8::from(at.is_some()));
        if let Some(at) = at {
            self.instant(at);
        }
    }

    fn identity(&mut self, id: &'a SpanRef) {
        self.text(&id.trace_id);
        self.span_id(&id.span_id);
    }

    /// Sixteen hex digits are written as their eight bytes, anything else as text.
    fn span_id(&mut self, id: &'a str) {
        let digits = id.len() == 16 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(id, 16).ok().filter(|_| digits);
        self.out.push(u8::from(number.is_none()));
        match number {
            Some(number) => self.out.extend_from_slice(&number.to_be_bytes()),
            None => self.text(id),
        }
    }

    fn span_ref(&mut self, id: &'a SpanRef) {
        if let Some(place) = self.places.get(&(id.trace_id.as_str(), id.span_id.as_str())) {
            put(&mut self.out, *place as u64 + 1);
        } else {
            put(&mut self.out, 0);
            self.identity(id);
        }
    }

    fn maybe_ref(&mut self, id: Option<&'a SpanRef>) {
        self.out.push(u8::from(id.is_some()));
        if let Some(id) = id {
            self.span_ref(id);
        }
    }

    fn segments(&mut self, segments: &'a Segments) {
        let Segments { intent, channel, tier, language, agent_version, handled_by } = segments;
        for segment in [intent, channel, tier, language, agent_version, handled_by] {
            self.optional(segment.as_ref());
        }
    }

    fn step(&mut self, step: &'a Step) {
        let Step { number, message, content, agent, depth, at, span, decision, speech } = step;
        put(&mut self.out, u64::from(*number));
        put(&mut self.out, u64::from(*message));
        match content {
            StepContent::Message { role, text, reasoning } => {
                self.out.push(position(&ROLES, role) as u8);
                self.untrusted(text);
                self.optional(reasoning.as_ref());
            }
            StepContent::ToolCall { tool, arguments, call_id, result } => {
                self.out.push(0x80 | result.as_ref().map_or(0, |result| 1 + u8::from(result.failed)));
                self.untrusted(tool);
                self.untrusted(&arguments.0);
                self.optional(call_id.as_ref());
                if let Some(result) = result {
                    self.untrusted(&result.text);
                }
            }
        }
        self.optional(agent.as_ref());
        self.out.push(*depth);
        self.maybe_instant(*at);
        self.maybe_ref(span.as_ref());
        self.maybe_ref(decision.as_ref());
        self.out.push(u8::from(speech.is_some()));
        if let Some(Speech { asr_confidence, interrupted, first_audio_ms }) = speech {
            self.float(*asr_confidence);
            self.flag(*interrupted);
            self.float(*first_audio_ms);
        }
    }

    fn tool(&mut self, tool: &'a ToolSpec) {
        let ToolSpec { name, description, parameters, effect, effect_guessed } = tool;
        self.untrusted(name);
        self.untrusted(description);
        self.optional(parameters.as_ref());
        self.out.push(position(&EFFECTS, effect) as u8 | u8::from(*effect_guessed) << 4);
    }

    /// One span; its identity is in the table of identities.
    fn span(&mut self, span: &'a Span, lists: &mut Table<(u8, u32), List>) {
        let Span {
            id,
            parent_span_id,
            name,
            kind,
            agent,
            start,
            end,
            status,
            error,
            failure_signs,
            offered_tools,
            attributes,
            events,
            links,
            oddities,
        } = span;
        let part = |there: bool, bit: u64| if there { bit } else { 0 };
        let parts = part(parent_span_id.is_some(), has::PARENT)
            | part(start.is_some(), has::START)
            | part(end.is_some(), has::END)
            | part(error.is_some(), has::ERROR)
            | part(agent.is_some(), has::AGENT)
            | part(!events.is_empty(), has::EVENTS)
            | part(!links.is_empty(), has::LINKS)
            | part(!offered_tools.is_empty(), has::OFFERED)
            | part(!failure_signs.is_empty(), has::SIGNS)
            | part(!oddities.is_empty(), has::ODDITIES);
        put(&mut self.out, parts);
        let kind = kind_number(*kind);
        self.out.push(kind | status_number(*status) << 5);
        self.untrusted(name);
        if let Some(parent) = parent_span_id {
            self.parent(&id.trace_id, parent);
        }
        for at in [start, end].into_iter().flatten() {
            self.instant(*at);
        }
        for text in [error, agent].into_iter().flatten() {
            self.untrusted(text);
        }
        let name = self.pool.text(name.exact());
        let numbers = self.pool.map(attributes);
        lists.entry((kind, name)).or_default().write(&numbers, &mut self.out);
        if !events.is_empty() {
            put(&mut self.out, events.len() as u64);
            for SpanEvent { at, name, attributes } in events {
                self.maybe_instant(*at);
                self.untrusted(name);
                self.map(attributes);
            }
        }
        if !links.is_empty() {
            put(&mut self.out, links.len() as u64);
            for SpanLink { target, attributes } in links {
                self.span_ref(target);
                self.map(attributes);
            }
        }
        self.numbers(offered_tools.iter().map(|tool| u64::from(*tool)).collect());
        self.numbers(failure_signs.iter().map(|sign| position(&SIGNS, sign)).collect());
        self.numbers(oddities.iter().map(|oddity| position(&ODDITIES, oddity)).collect());
    }

    /// A list of numbers; an empty one is told by the span's bits alone.
    fn numbers(&mut self, numbers: Vec<u64>) {
        if !numbers.is_empty() {
            put(&mut self.out, numbers.len() as u64);
            for number in numbers {
                put(&mut self.out, number);
            }
        }
    }

    /// A parent in the same trace, by place where it arrived.
    fn parent(&mut self, trace_id: &'a str, parent: &'a str) {
        if let Some(place) = self.places.get(&(trace_id, parent)) {
            put(&mut self.out, *place as u64 + 1);
        } else {
            put(&mut self.out, 0);
            self.span_id(parent);
        }
    }

    fn score(&mut self, score: &'a Score) {
        let Score { target, evaluator, version, source, value, label, passed, confidence, explanation, evidence } =
            score;
        match target {
            ScoreTarget::Conversation => self.out.push(0),
            ScoreTarget::Trace { trace_id } => {
                self.out.push(1);
                self.text(trace_id);
            }
            ScoreTarget::Span(id) => {
                self.out.push(2);
                self.span_ref(id);
            }
        }
        self.untrusted(evaluator);
        self.optional(version.as_ref());
        self.text(source);
        self.float(*value);
        self.optional(label.as_ref());
        self.flag(*passed);
        self.float(*confidence);
        self.optional(explanation.as_ref());
        self.each(evidence, Self::span_ref);
    }
}

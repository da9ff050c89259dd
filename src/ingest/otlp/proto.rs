//! OTLP in protobuf: requests as posted, and as the collector's file exporter frames them.
//!
//! Invariant: ends in the same wire structs as the JSON form; a span that cannot be decoded costs itself only.

use std::sync::Arc;

use base64::Engine as _;
use prost::Message as _;
use serde_json::{Map, Value};

use super::wire::{Attributes, Number, Text, WireEvent, WireLink, WireLog, WireSpan, WireStatus};
use super::{Resource, Signal, build_log, build_span};
use crate::ingest::decode::Decoder;
use crate::ingest::problem::ProblemKind;
use crate::ingest::semconv;
use crate::model::id::hex;

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceMessage {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyValue {
    #[prost(oneof = "AnyKind", tags = "1, 2, 3, 4, 5, 6, 7")]
    kind: Option<AnyKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum AnyKind {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    Map(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, prost::Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

#[allow(clippy::struct_field_names, reason = "the protocol's names")]
#[derive(Clone, PartialEq, prost::Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(int32, tag = "2")]
    severity: i32,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    observed: u64,
    #[prost(string, tag = "12")]
    event_name: String,
}

/// The fields of `ExportTraceServiceRequest` and `ExportLogsServiceRequest` alike: both number them the same.
const RESOURCES: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPES: u32 = 2;
const ITEMS: u32 = 2;

/// Reads one request, item by item; where `signal` is not known, the items tell.
///
/// The envelope is walked where it lies: decoded as a whole, a body of empty messages would take forty times its size.
pub(in crate::ingest) fn request(decoder: &mut Decoder<'_, '_>, body: &[u8], signal: Option<Signal>) {
    let mut damaged = false;
    for resource in Walk::of(body, &mut damaged).numbered(RESOURCES) {
        items(decoder, resource, signal);
        if decoder.stopped() {
            return;
        }
    }
    if damaged {
        decoder.problem(ProblemKind::Truncated, 1, "not a whole OTLP request in protobuf: truncated?");
    }
}

/// The items of one resource, whose description may come after them.
fn items(decoder: &mut Decoder<'_, '_>, resource: &[u8], signal: Option<Signal>) {
    let mut damaged = false;
    let told = Walk::of(resource, &mut damaged).numbered(RESOURCE).last();
    let told = told.and_then(|message| ResourceMessage::decode(message).ok()).unwrap_or_default();
    let attributes = attributes(told.attributes).0;
    let source = decoder.options.source.clone().unwrap_or_else(|| semconv::source_of(&attributes));
    let shared = Resource { source: source.into(), attributes: Arc::new(attributes) };
    let mut within = false;
    for scope in Walk::of(resource, &mut damaged).numbered(SCOPES) {
        for item in Walk::of(scope, &mut within).numbered(ITEMS) {
            one(decoder, &shared, (item, signal));
            if decoder.stopped() {
                return;
            }
        }
    }
    if damaged || within {
        decoder.problem(ProblemKind::Truncated, 1, "a part of an OTLP request that is no protobuf");
    }
}

fn one(decoder: &mut Decoder<'_, '_>, resource: &Resource, what: (&[u8], Option<Signal>)) {
    let (item, signal) = what;
    match signal {
        Some(Signal::Spans) => span(decoder, resource, Span::decode(item).ok()),
        Some(Signal::Logs) => log(decoder, resource, LogRecord::decode(item).ok()),
        None => match told(item) {
            Told::Span(item) => span(decoder, resource, Some(item)),
            Told::Log(item) => log(decoder, resource, Some(item)),
            // A metric: of no use here.
            Told::Neither => {}
        },
    }
}

/// The fields of a message, one at a time and without a copy.
struct Walk<'m, 'd> {
    rest: &'m [u8],
    /// Set where the bytes are no message.
    damaged: &'d mut bool,
}

impl<'m, 'd> Walk<'m, 'd> {
    fn of(message: &'m [u8], damaged: &'d mut bool) -> Self {
        Self { rest: message, damaged }
    }

    /// The messages among the fields that have this number.
    fn numbered(self, number: u32) -> impl Iterator<Item = &'m [u8]> {
        self.filter_map(move |(found, content)| content.filter(|_| found == number))
    }

    /// The next field: its number, and its content where that has a length.
    fn field(&mut self) -> Option<(u32, Option<&'m [u8]>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
        let content = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => self.take(8).map(|_| None)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Some(self.take(length)?)
            }
            5 => self.take(4).map(|_| None)?,
            _ => return None,
        };
        Some((number, content))
    }

    fn take(&mut self, length: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl<'m> Iterator for Walk<'m, '_> {
    type Item = (u32, Option<&'m [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            *self.damaged = true;
            self.rest = &[];
        }
        field
    }
}

fn span(decoder: &mut Decoder<'_, '_>, resource: &Resource, item: Option<Span>) {
    let outcome = item.ok_or("a span that is no protobuf").and_then(|span| {
        let wire = WireSpan {
            trace_id: Text(hex(&span.trace_id)),
            span_id: Text(hex(&span.span_id)),
            parent_span_id: Text(hex(&span.parent_span_id)),
            name: Text(span.name),
            start_time_unix_nano: Number(span.start),
            end_time_unix_nano: Number(span.end),
            attributes: attributes(span.attributes),
            events: Some(span.events.into_iter().map(event).collect()),
            links: Some(span.links.into_iter().map(link).collect()),
            status: span
                .status
                .map(|status| WireStatus { code: Text(status.code.to_string()), message: Text(status.message) }),
        };
        build_span(resource, wire)
    });
    match outcome {
        Ok(record) => decoder.record(record),
        Err(why) => decoder.problem(ProblemKind::BadSpan, 1, why),
    }
}

fn event(event: Event) -> WireEvent {
    WireEvent { time_unix_nano: Number(event.time), name: Text(event.name), attributes: attributes(event.attributes) }
}

fn link(link: Link) -> WireLink {
    WireLink {
        trace_id: Text(hex(&link.trace_id)),
        span_id: Text(hex(&link.span_id)),
        attributes: attributes(link.attributes),
    }
}

fn log(decoder: &mut Decoder<'_, '_>, resource: &Resource, item: Option<LogRecord>) {
    let outcome = item.ok_or("a log record that is no protobuf").and_then(|log| {
        let wire = WireLog {
            time_unix_nano: Number(log.time),
            observed_time_unix_nano: Number(log.observed),
            severity_number: Number(u64::try_from(log.severity).unwrap_or(0)),
            body: log.body.map(|body| super::wire::Any(value(body))),
            attributes: attributes(log.attributes),
            trace_id: Text(hex(&log.trace_id)),
            span_id: Text(hex(&log.span_id)),
            event_name: Text(log.event_name),
        };
        build_log(resource, wire)
    });
    match outcome {
        Ok(record) => decoder.record(record),
        Err(why) => decoder.problem(ProblemKind::BadLog, 1, why),
    }
}

/// Attributes: the last of equal keys wins.
fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    let mut map = Map::with_capacity(pairs.len());
    for KeyValue { key, value: told } in pairs {
        map.insert(key, told.map_or(Value::Null, value));
    }
    Attributes(map)
}

/// An `AnyValue` as the JSON value it stands for, in the spelling that the JSON form has.
fn value(any: AnyValue) -> Value {
    match any.kind {
        None => Value::Null,
        Some(AnyKind::Text(text)) => Value::String(text),
        Some(AnyKind::Bool(flag)) => Value::Bool(flag),
        Some(AnyKind::Int(number)) => number.into(),
        Some(AnyKind::Double(number)) if number.is_finite() => number.into(),
        Some(AnyKind::Double(number)) if number.is_nan() => "NaN".into(),
        Some(AnyKind::Double(number)) => if number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        Some(AnyKind::Array(list)) => Value::Array(list.values.into_iter().map(value).collect()),
        Some(AnyKind::Map(list)) => Value::Object(attributes(list.values).0),
        Some(AnyKind::Bytes(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
    }
}

/// An item whose signal is not known.
enum Told {
    Span(Span),
    Log(LogRecord),
    /// A metric, or nothing that is known.
    Neither,
}

/// Judges an item by its fields: where a span has an id a log record has a time, and a metric has neither.
fn told(item: &[u8]) -> Told {
    if let Ok(span) = Span::decode(item)
        && (span.start != 0 || span.end != 0 || (span.trace_id.len() == 16 && span.span_id.len() == 8))
    {
        return Told::Span(span);
    }
    LogRecord::decode(item).map_or(Told::Neither, Told::Log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{Item, ReadOptions, Record};

    fn text(key: &str, text: &str) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { kind: Some(AnyKind::Text(text.to_owned())) }) }
    }

    #[test]
    fn signals_are_told_by_their_fields() {
        let span = Span { trace_id: vec![1; 16], span_id: vec![2; 8], start: 5, ..Span::default() };
        assert!(matches!(told(&span.encode_to_vec()), Told::Span(_)));
        let log = LogRecord { time: 7, attributes: vec![text("a", "b")], ..LogRecord::default() };
        assert!(matches!(told(&log.encode_to_vec()), Told::Log(_)));
        let late = LogRecord { observed: 7, ..LogRecord::default() };
        assert!(matches!(told(&late.encode_to_vec()), Told::Log(_)));
        // A metric: a name, a description, a gauge.
        let metric = [&[0x0a, 3][..], b"cpu", &[0x12, 2], b"ok", &[0x2a, 0]].concat();
        assert!(matches!(told(&metric), Told::Neither));
    }

    /// A field with a length.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        prost::encode_length_delimiter(content.len(), &mut bytes).unwrap();
        bytes.extend_from_slice(content);
        bytes
    }

    fn told_of(body: &[u8], signal: Option<Signal>) -> (Vec<String>, u64) {
        let mut told = Vec::new();
        let mut sink = |item: Item| {
            told.push(match item {
                Item::Record(Record::Span(span)) => format!("span {} {}", span.span.id.span_id, span.source),
                Item::Record(Record::Log(log)) => format!("log {:?}", log.event.attributes["body"]),
                Item::Problem(problem) => format!("{:?}", problem.kind),
                _ => "other".to_owned(),
            });
            std::ops::ControlFlow::Continue(())
        };
        let options = ReadOptions::default();
        let mut decoder = Decoder::new("p".into(), "p".into(), &options, &mut sink);
        request(&mut decoder, body, signal);
        let skipped = decoder.summary().skipped;
        (told, skipped)
    }

    #[test]
    fn a_damaged_span_costs_itself_and_a_resource_may_come_last() {
        let good = Span { trace_id: vec![1; 16], span_id: vec![2; 8], start: 5, ..Span::default() }.encode_to_vec();
        let log = LogRecord {
            time: 7,
            trace_id: vec![1; 16],
            body: Some(AnyValue { kind: Some(AnyKind::Text("hi".into())) }),
            ..LogRecord::default()
        };
        let resource = ResourceMessage { attributes: vec![text("service.name", "bikes")] }.encode_to_vec();
        let bad_utf8 = [good.clone(), vec![0x2a, 1, 0xff]].concat();
        let scope = [field(2, &good), field(2, &bad_utf8), field(2, &log.encode_to_vec()), field(2, &good)].concat();
        let body = field(1, &[field(2, &scope), field(1, &resource)].concat());
        let span = "span 0202020202020202 bikes".to_owned();
        // Without a name for its signal, what is no span and no log record may be a metric.
        let log_line = "log String(\"hi\")".to_owned();
        assert_eq!(told_of(&body, None), (vec![span.clone(), log_line, span.clone()], 0));
        let expected = vec![span.clone(), "BadSpan".to_owned(), "BadSpan".to_owned(), span.clone()];
        assert_eq!(told_of(&body, Some(Signal::Spans)), (expected, 2));
        let (told, skipped) = told_of(&[body.clone(), vec![0x0a, 0x7f, 0]].concat(), Some(Signal::Spans));
        assert_eq!((told.len(), told.last().map(String::as_str), skipped), (5, Some("Truncated"), 3));
        assert_eq!(told_of(&[], None), (vec![], 0));
        assert_eq!(told_of(&[0x0b], None).1, 1, "a group");
    }

    #[test]
    fn values_are_those_of_the_json_form() {
        let any = |kind| AnyValue { kind: Some(kind) };
        let list = AnyKind::Array(ArrayValue {
            values: vec![any(AnyKind::Int(7)), any(AnyKind::Double(f64::NAN)), AnyValue { kind: None }],
        });
        assert_eq!(value(any(list)), serde_json::json!([7, "NaN", null]));
        let map = AnyKind::Map(KeyValueList { values: vec![text("k", "v"), text("k", "last")] });
        assert_eq!(value(any(map)), serde_json::json!({"k": "last"}));
        assert_eq!(value(any(AnyKind::Bytes(vec![1, 2]))), "AQI=");
    }
}

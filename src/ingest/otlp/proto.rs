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

/// `ExportTraceServiceRequest` and `ExportLogsServiceRequest` alike: the field numbers are the same.
#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceItems>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceItems {
    #[prost(message, optional, tag = "1")]
    resource: Option<ResourceMessage>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeItems>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceMessage {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

/// The items stay bytes: each is decoded alone.
#[derive(Clone, PartialEq, prost::Message)]
struct ScopeItems {
    #[prost(bytes = "vec", repeated, tag = "2")]
    items: Vec<Vec<u8>>,
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

/// Reads one request, span by span; where `signal` is not known, its items tell.
pub(in crate::ingest) fn request(decoder: &mut Decoder<'_, '_>, body: &[u8], signal: Option<Signal>) {
    let Ok(request) = Request::decode(body) else {
        return decoder.problem(ProblemKind::Truncated, 1, "not a whole OTLP request in protobuf: truncated?");
    };
    for resource in request.resources {
        let attributes = resource.resource.map(|resource| attributes(resource.attributes).0).unwrap_or_default();
        let source = decoder.options.source.clone().unwrap_or_else(|| semconv::source_of(&attributes));
        let shared = Resource { source: source.into(), attributes: Arc::new(attributes) };
        for item in resource.scopes.iter().flat_map(|scope| &scope.items) {
            match signal {
                Some(Signal::Spans) => span(decoder, &shared, Span::decode(item.as_slice()).ok()),
                Some(Signal::Logs) => log(decoder, &shared, LogRecord::decode(item.as_slice()).ok()),
                None => match told(item) {
                    Told::Span(item) => span(decoder, &shared, Some(item)),
                    Told::Log(item) => log(decoder, &shared, Some(item)),
                    Told::Neither => {}
                },
            }
            if decoder.stopped() {
                return;
            }
        }
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

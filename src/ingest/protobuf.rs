//! OTLP requests in protobuf: trace and log bodies, record by record, into the same shapes as the JSON ones.
//!
//! Invariant: any bytes at all give records or problems and never a panic; a record that cannot be decoded costs itself
//! only, since each is cut out undecoded first.
//!
//! The messages are declared here rather than taken from a crate of all of OTLP: only these few fields are needed, a
//! whole-request decoder loses a request over one odd span, and the build stays a third as long.

use base64::Engine as _;
use prost::Message;
use prost::bytes::Bytes;
use serde_json::{Map, Value};

use super::Format;
use super::decode::Decoder;
use super::otlp::wire::{Any, Attributes, Number, Text, WireEvent, WireLink, WireLog, WireSpan, WireStatus};
use super::otlp::{self, ODD_LOG, ODD_SPAN, Resource, Signal};
use super::problem::ProblemKind;
use crate::model::id::hex;

/// `ExportTraceServiceRequest`, `ExportLogsServiceRequest` and the data messages of files, which look the same.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    groups: Vec<Bytes>,
}

/// `ResourceSpans` or `ResourceLogs`.
#[derive(Clone, PartialEq, Message)]
struct Group {
    #[prost(bytes = "bytes", optional, tag = "1")]
    resource: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    scopes: Vec<Bytes>,
}

/// `ScopeSpans` or `ScopeLogs`.
#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    records: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoResource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Choice", tags = "1, 2, 3, 4, 5, 6, 7")]
    choice: Option<Choice>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Choice {
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
    Pairs(PairList),
    #[prost(bytes = "bytes", tag = "7")]
    Bytes(Bytes),
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct PairList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoSpan {
    #[prost(bytes = "bytes", tag = "1")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    span_id: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    parent_span_id: Bytes,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<ProtoEvent>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<ProtoLink>,
    #[prost(message, optional, tag = "15")]
    status: Option<ProtoStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoEvent {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoLink {
    #[prost(bytes = "bytes", tag = "1")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    span_id: Bytes,
    #[prost(message, repeated, tag = "4")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoStatus {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoLog {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(int32, tag = "2")]
    severity: i32,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(bytes = "bytes", tag = "9")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "10")]
    span_id: Bytes,
    #[prost(fixed64, tag = "11")]
    observed: u64,
    #[prost(string, tag = "12")]
    event_name: String,
}

/// Reads one request. Without a `signal`, each record says by its fields whether it is a span or a log record.
pub(super) fn request(decoder: &mut Decoder<'_, '_>, body: Bytes, signal: Option<Signal>) {
    if !matches!(decoder.options.format, Format::Auto | Format::Otlp) {
        return decoder.refuse("this is OTLP in protobuf, not the format asked for");
    }
    let Ok(request) = Request::decode(body) else {
        return decoder.problem(ProblemKind::InvalidProtobuf, 1, "a protobuf request that cannot be read: truncated?");
    };
    for group in request.groups {
        let Ok(group) = Group::decode(group) else {
            decoder.problem(ProblemKind::InvalidProtobuf, 1, "a resource whose records cannot be read");
            continue;
        };
        let attributes = group.resource.and_then(|resource| ProtoResource::decode(resource).ok());
        let resource = match attributes {
            Some(resource) => Resource::new(decoder, pairs(resource.attributes)),
            None => Resource::unknown(decoder),
        };
        for scope in group.scopes {
            match Scope::decode(scope) {
                Ok(scope) => records(decoder, scope.records, &resource, signal),
                Err(_) => {
                    decoder.problem(ProblemKind::InvalidProtobuf, 1, "a scope whose records cannot be read");
                }
            }
            if decoder.stopped() {
                return;
            }
        }
    }
}

fn records(decoder: &mut Decoder<'_, '_>, records: Vec<Bytes>, resource: &Resource, signal: Option<Signal>) {
    for record in records {
        // Metrics are of no use here, and no loss.
        let Some(signal) = signal.or_else(|| signal_of(&record)) else { continue };
        let outcome = match signal {
            Signal::Spans => {
                ProtoSpan::decode(record).map_err(|_| ODD_SPAN).and_then(|span| otlp::span(resource, span.into_wire()))
            }
            Signal::Logs => {
                ProtoLog::decode(record).map_err(|_| ODD_LOG).and_then(|log| otlp::log(resource, log.into_wire()))
            }
        };
        otlp::hand_out(decoder, signal, outcome);
        if decoder.stopped() {
            return;
        }
    }
}

impl ProtoSpan {
    fn into_wire(self) -> WireSpan {
        WireSpan {
            trace_id: Text(hex(&self.trace_id)),
            span_id: Text(hex(&self.span_id)),
            parent_span_id: Text(hex(&self.parent_span_id)),
            name: Text(self.name),
            start_time_unix_nano: Number(self.start),
            end_time_unix_nano: Number(self.end),
            attributes: Attributes(pairs(self.attributes)),
            events: Some(self.events.into_iter().map(ProtoEvent::into_wire).collect()),
            links: Some(self.links.into_iter().map(ProtoLink::into_wire).collect()),
            status: self
                .status
                .map(|status| WireStatus { code: Text(status.code.to_string()), message: Text(status.message) }),
        }
    }
}

impl ProtoEvent {
    fn into_wire(self) -> WireEvent {
        WireEvent {
            time_unix_nano: Number(self.time),
            name: Text(self.name),
            attributes: Attributes(pairs(self.attributes)),
        }
    }
}

impl ProtoLink {
    fn into_wire(self) -> WireLink {
        WireLink {
            trace_id: Text(hex(&self.trace_id)),
            span_id: Text(hex(&self.span_id)),
            attributes: Attributes(pairs(self.attributes)),
        }
    }
}

impl ProtoLog {
    fn into_wire(self) -> WireLog {
        WireLog {
            time_unix_nano: Number(self.time),
            observed_time_unix_nano: Number(self.observed),
            severity_number: Number(u64::try_from(self.severity).unwrap_or(0)),
            body: self.body.map(|body| Any(value(body))),
            attributes: Attributes(pairs(self.attributes)),
            trace_id: Text(hex(&self.trace_id)),
            span_id: Text(hex(&self.span_id)),
            event_name: Text(self.event_name),
        }
    }
}

/// Attributes; the last of equal keys wins.
fn pairs(pairs: Vec<KeyValue>) -> Map<String, Value> {
    let mut map = Map::with_capacity(pairs.len());
    for KeyValue { key, value: any } in pairs {
        map.insert(key, any.map_or(Value::Null, value));
    }
    map
}

/// The JSON value that the JSON encoding of the same message gives.
fn value(any: AnyValue) -> Value {
    match any.choice {
        None => Value::Null,
        Some(Choice::Text(text)) => Value::String(text),
        Some(Choice::Bool(yes)) => Value::Bool(yes),
        Some(Choice::Int(number)) => Value::from(number),
        Some(Choice::Double(number)) if number.is_finite() => Value::from(number),
        Some(Choice::Double(number)) if number.is_nan() => "NaN".into(),
        Some(Choice::Double(number)) => (if number > 0.0 { "Infinity" } else { "-Infinity" }).into(),
        Some(Choice::Array(list)) => list.values.into_iter().map(value).collect(),
        Some(Choice::Pairs(list)) => Value::Object(pairs(list.values)),
        Some(Choice::Bytes(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
    }
}

/// Whether a record is a span or a log record, by the fields that only one of them has; `None` for metrics.
fn signal_of(record: &[u8]) -> Option<Signal> {
    let mut trace_id = false;
    for field in Fields(record) {
        match (field.number, field.wire) {
            (7 | 8, Wire::Eight) => return Some(Signal::Spans),
            (1, Wire::Bytes(16)) => trace_id = true,
            (2, Wire::Bytes(8)) if trace_id => return Some(Signal::Spans),
            (1 | 11, Wire::Eight) | (2, Wire::Varint) | (8, Wire::Four) | (6, Wire::Bytes(_)) => {
                return Some(Signal::Logs);
            }
            (9, Wire::Bytes(16)) if !trace_id => return Some(Signal::Logs),
            _ => {}
        }
    }
    None
}

/// True where bytes begin as a request in protobuf: a group, and in it nothing but the three fields of one.
pub(super) fn looks_like_request(head: &[u8]) -> bool {
    let Some((0x0a, rest)) = head.split_first().map(|(first, rest)| (*first, rest)) else { return false };
    let Some((length, group)) = varint(rest) else { return false };
    let known = |tag: u8| matches!(tag, 0x0a | 0x12 | 0x1a);
    match usize::try_from(length).ok().and_then(|length| group.get(..length)) {
        // All of it is there to be looked at.
        Some(group) => {
            let mut fields = Fields(group);
            let sound = fields.by_ref().all(|field| (1..=3).contains(&field.number) && field.is_bytes());
            sound && fields.0.is_empty() && !group.is_empty()
        }
        None => rest[0] >= 0x80 && group.first().is_some_and(|tag| known(*tag)),
    }
}

/// One field of a message: its number, and what kind of value it has.
struct Field {
    number: u64,
    wire: Wire,
}

impl Field {
    fn is_bytes(&self) -> bool {
        matches!(self.wire, Wire::Bytes(_))
    }
}

enum Wire {
    Varint,
    Eight,
    Bytes(usize),
    Four,
}

/// Walks over the fields of a message without decoding them; what cannot be walked over is left.
struct Fields<'a>(&'a [u8]);

impl Iterator for Fields<'_> {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        let (key, rest) = varint(self.0)?;
        let (wire, rest) = match key & 7 {
            0 => (Wire::Varint, varint(rest)?.1),
            1 => (Wire::Eight, rest.get(8..)?),
            2 => {
                let (length, rest) = varint(rest)?;
                let length = usize::try_from(length).ok()?;
                (Wire::Bytes(length), rest.get(length..)?)
            }
            5 => (Wire::Four, rest.get(4..)?),
            _ => return None,
        };
        self.0 = rest;
        Some(Field { number: key >> 3, wire })
    }
}

/// A variable-length number of at most 64 bits, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f).checked_shl(at as u32 * 7)?;
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests;

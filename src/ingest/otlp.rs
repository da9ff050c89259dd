//! OTLP/JSON requests, streamed span by span.
//!
//! Invariant: a span that cannot be read costs itself only; unknown members are ignored, as the protocol demands.

use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode::Decoder;
use super::problem::ProblemKind;
use super::semconv;
use super::{LogRecord, LogTarget, Record, SpanRecord, TARGET_KEY};
use crate::model::id::SpanRef;
use crate::model::time::Timestamp;
use crate::model::trace::{Span, SpanEvent, SpanKind, SpanStatus};

pub(super) mod wire;

use wire::{WireEvent, WireLink, WireLog, WireResource, WireSpan, id};

/// An id of `bytes` bytes in hex or base64, as other protobuf-born exports write it too.
pub(super) fn wire_id(text: &str, bytes: usize) -> Option<String> {
    id(text, bytes)
}

/// Which signal a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Traces.
    Spans,
    /// Log records.
    Logs,
}

/// `resourceSpans` or `resourceLogs`: a list of [`Request`]s.
pub(super) struct Requests<'d, 'a, 's> {
    pub(super) decoder: &'d mut Decoder<'a, 's>,
    pub(super) signal: Signal,
}

impl<'de> DeserializeSeed<'de> for Requests<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Requests<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of requests")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { decoder, signal } = self;
        while seq.next_element_seed(Request::new(decoder, signal))?.is_some() {}
        Ok(())
    }
}

/// One resource and what it emitted.
struct Request<'d, 'a, 's> {
    decoder: &'d mut Decoder<'a, 's>,
    signal: Signal,
    resource: Option<Resource>,
    /// Records that came before their resource.
    waiting: Vec<Box<RawValue>>,
}

/// A resource and the namespace it gives.
#[derive(Clone)]
pub(super) struct Resource {
    source: Arc<str>,
    attributes: Arc<Map<String, Value>>,
}

impl Resource {
    /// What a resource's attributes make of it.
    pub(super) fn new(decoder: &Decoder<'_, '_>, attributes: Map<String, Value>) -> Self {
        let source = match &decoder.options.source {
            Some(source) => source.clone(),
            None => semconv::source_of(&attributes),
        };
        Self { source: source.into(), attributes: Arc::new(attributes) }
    }

    /// The resource of records that came without one.
    pub(super) fn unknown(decoder: &Decoder<'_, '_>) -> Self {
        let source = decoder.options.source.as_deref().unwrap_or(semconv::DEFAULT_SOURCE);
        Self { source: source.into(), attributes: Arc::default() }
    }
}

impl<'d, 'a, 's> Request<'d, 'a, 's> {
    fn new(decoder: &'d mut Decoder<'a, 's>, signal: Signal) -> Self {
        Self { decoder, signal, resource: None, waiting: Vec::new() }
    }

    fn set_resource(&mut self, raw: &RawValue) {
        let wire: WireResource = serde_json::from_str(raw.get()).unwrap_or_default();
        self.resource = Some(Resource::new(self.decoder, wire.attributes.0));
    }

    fn item(&mut self, raw: Box<RawValue>) {
        match &self.resource {
            None => self.waiting.push(raw),
            Some(resource) => {
                let resource = resource.clone();
                emit(self.decoder, self.signal, &resource, &raw);
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Request<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Request<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a request")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "resource" => {
                    let raw: Box<RawValue> = map.next_value()?;
                    self.set_resource(&raw);
                }
                "scopeSpans" | "scope_spans" | "instrumentationLibrarySpans" | "scopeLogs" | "scope_logs" => {
                    map.next_value_seed(Scopes(&mut self))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            if self.decoder.stopped() {
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        if self.resource.is_none() {
            self.resource = Some(Resource::unknown(self.decoder));
        }
        for raw in std::mem::take(&mut self.waiting) {
            self.item(raw);
        }
        Ok(())
    }
}

/// `scopeSpans` or `scopeLogs`.
struct Scopes<'r, 'd, 'a, 's>(&'r mut Request<'d, 'a, 's>);

impl<'de> DeserializeSeed<'de> for Scopes<'_, '_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Scopes<'_, '_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of scopes")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Scope(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// One scope: its spans or log records, one at a time.
struct Scope<'r, 'd, 'a, 's>(&'r mut Request<'d, 'a, 's>);

impl<'de> DeserializeSeed<'de> for Scope<'_, '_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Scope<'_, '_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a scope")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if matches!(key.as_str(), "spans" | "logRecords" | "log_records") {
                map.next_value_seed(Items(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of spans or log records of a scope.
struct Items<'r, 'd, 'a, 's>(&'r mut Request<'d, 'a, 's>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // Each item is cut out first and read then, so that an odd one cannot take its neighbours along.
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            self.0.item(raw);
            if self.0.decoder.stopped() {
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

fn emit(decoder: &mut Decoder<'_, '_>, signal: Signal, resource: &Resource, raw: &RawValue) {
    let outcome = match signal {
        Signal::Spans => serde_json::from_str(raw.get()).map_err(|_| ODD_SPAN).and_then(|wire| span(resource, wire)),
        Signal::Logs => serde_json::from_str(raw.get()).map_err(|_| ODD_LOG).and_then(|wire| log(resource, wire)),
    };
    hand_out(decoder, signal, outcome);
}

/// Hands out a record, or tells why there is none.
pub(super) fn hand_out(decoder: &mut Decoder<'_, '_>, signal: Signal, outcome: Result<Record, &'static str>) {
    let kind = match signal {
        Signal::Spans => ProblemKind::BadSpan,
        Signal::Logs => ProblemKind::BadLog,
    };
    match outcome {
        Ok(record) => decoder.record(record),
        Err(why) => decoder.problem(kind, 1, why),
    }
}

/// Why a span cannot be read.
pub(super) const ODD_SPAN: &str = "a span of another shape than OTLP's";

/// Why a log record cannot be read.
pub(super) const ODD_LOG: &str = "a log record of another shape than OTLP's";

/// The record of a span, whatever carried it.
pub(super) fn span(resource: &Resource, wire: WireSpan) -> Result<Record, &'static str> {
    let trace_id = id(&wire.trace_id.0, 16).ok_or("a span whose trace id is not 32 hex digits")?;
    let span_id = id(&wire.span_id.0, 8).ok_or("a span whose span id is not 16 hex digits")?;
    let status = wire.status.unwrap_or_default();
    let code = match status.code.0.as_str() {
        "2" | "STATUS_CODE_ERROR" | "ERROR" => SpanStatus::Error,
        "1" | "STATUS_CODE_OK" | "OK" => SpanStatus::Ok,
        _ => SpanStatus::Unset,
    };
    let mut attributes = wire.attributes.0;
    if code == SpanStatus::Error && !status.message.0.is_empty() {
        // The model has no field for it; the name is OpenTelemetry's own for formats without one.
        attributes.insert(semconv::STATUS_MESSAGE.to_owned(), status.message.0.into());
    }
    let span = Span {
        parent_span_id: id(&wire.parent_span_id.0, 8),
        id: SpanRef { trace_id, span_id },
        name: wire.name.0.into(),
        kind: SpanKind::Other,
        agent: None,
        start: Timestamp::from_nanos(wire.start_time_unix_nano.0),
        end: Timestamp::from_nanos(wire.end_time_unix_nano.0),
        status: code,
        error: None,
        failure_signs: Vec::new(),
        offered_tools: Vec::new(),
        attributes,
        events: wire.events.unwrap_or_default().into_iter().map(WireEvent::into_event).collect(),
        links: wire.links.unwrap_or_default().into_iter().filter_map(WireLink::into_link).collect(),
        oddities: Vec::new(),
    };
    let (source, resource) = (Arc::clone(&resource.source), Arc::clone(&resource.attributes));
    Ok(Record::Span(Box::new(SpanRecord { source, span, resource })))
}

/// The record of a log record, whatever carried it.
pub(super) fn log(resource: &Resource, wire: WireLog) -> Result<Record, &'static str> {
    let mut attributes = wire.attributes.0;
    let named = attributes.get("event.name").and_then(Value::as_str).unwrap_or("log");
    let name = if wire.event_name.0.is_empty() { named.to_owned() } else { wire.event_name.0 };
    let body = wire.body.map_or(Value::Null, |body| body.0);
    if !body.is_null() {
        attributes.insert("body".to_owned(), body);
    }
    if wire.severity_number.0 >= 17 {
        attributes.insert("log.severity_number".to_owned(), wire.severity_number.0.into());
    }
    let (trace_id, span_id) = (id(&wire.trace_id.0, 16), id(&wire.span_id.0, 8));
    let text = |key: &str| attributes.get(key).and_then(Value::as_str).map(str::to_owned);
    let response = text("gen_ai.response.id");
    let target = match (trace_id, span_id, response, semconv::session_key(&attributes)) {
        (Some(trace_id), Some(span_id), ..) => LogTarget::Span(SpanRef { trace_id, span_id }),
        (trace_id, _, Some(response_id), _) => LogTarget::Response { response_id, trace_id },
        (Some(trace_id), ..) => LogTarget::Trace(trace_id),
        (None, _, None, Some((_, session))) => LogTarget::Session(session),
        (None, _, None, None) => return Err("a log record without a trace, a response or a conversation"),
    };
    match &target {
        LogTarget::Trace(_) => attributes.insert(TARGET_KEY.to_owned(), "trace".into()),
        LogTarget::Session(_) => attributes.insert(TARGET_KEY.to_owned(), "conversation".into()),
        LogTarget::Span(_) | LogTarget::Response { .. } => None,
    };
    let at =
        Timestamp::from_nanos(wire.time_unix_nano.0).or_else(|| Timestamp::from_nanos(wire.observed_time_unix_nano.0));
    let event = SpanEvent { at, name: name.into(), attributes };
    Ok(Record::Log(Box::new(LogRecord { source: Arc::clone(&resource.source), target, event })))
}

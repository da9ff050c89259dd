//! What the exports that are not OTLP share: members under two spellings, ids of any form, times, rows of scores.
//!
//! Invariant: an id maps to the same span whichever export names it, so that rows of different files meet.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode::Decoder;
use super::message::{list, string};
use super::{LogRecord, LogTarget, Record, SpanRecord, TARGET_KEY, semconv};
use crate::model::id::{SpanRef, hex};
use crate::model::time::Timestamp;
use crate::model::tool::members;
use crate::model::trace::{Span, SpanEvent, SpanKind, SpanStatus};

/// The attribute by which a span of an export says what kind it is.
pub(super) const KIND: &str = "gen_ai.span.kind";
/// The attribute of a score's event that says how it arrived.
pub(super) const SCORE_SOURCE: &str = "aftercall.score.source";

/// The members of an object; asked for in lower case without `_`, because exports spell them in two ways.
pub(super) struct Fields<'a>(Vec<(String, String, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(super) fn of(members: &'a [(String, Box<RawValue>)]) -> Self {
        Self(members.iter().map(|(key, raw)| (plain(key), key.clone(), raw.as_ref())).collect())
    }

    /// The members of a JSON object, or of one that is the content of a JSON string.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        Some(Self(members(text)?.into_iter().map(|(key, raw)| (plain(&key), key, raw)).collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, ..)| key == name).map(|(.., raw)| *raw).filter(|raw| raw.get() != "null")
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, ..)| key == name)
    }

    /// A string, or a number as written.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let raw = self.get(name)?;
        let text = match raw.get().as_bytes().first()? {
            b'"' => string(raw)?,
            b'0'..=b'9' | b'-' => raw.get().to_owned(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// The first of several that holds text.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// JSON text of a member, out of the string it may be wrapped in; text that is no JSON stays a string.
    pub(super) fn json(&self, name: &str) -> Option<String> {
        let raw = self.get(name)?;
        Some(string(raw).unwrap_or_else(|| raw.get().to_owned())).filter(|text| !text.is_empty())
    }

    pub(super) fn object(&self, name: &str) -> Option<Fields<'a>> {
        self.get(name).and_then(|raw| Fields::parse(raw.get()))
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.get(name).and_then(|raw| list(raw.get()))
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.get() {
            "true" | "\"true\"" | "\"True\"" => Some(true),
            "false" | "\"false\"" | "\"False\"" => Some(false),
            _ => None,
        }
    }

    /// A time in any of the forms of [`time`].
    pub(super) fn time(&self, name: &str) -> Option<Timestamp> {
        time(&self.value(name)?)
    }

    /// Every name as written, and as it is asked for.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(plain, key, _)| (key.as_str(), plain.as_str()))
    }

    /// The object as JSON text again.
    pub(super) fn json_text(&self) -> String {
        let member = |(key, raw): (&str, &RawValue)| format!("{}:{}", Value::from(key), raw.get());
        format!("{{{}}}", self.all().map(member).collect::<Vec<_>>().join(","))
    }

    /// Every member by its name as written.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(_, key, raw)| (key.as_str(), *raw))
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// A time: RFC 3339, the same without a zone (then UTC) or with a space, or a count of (milli-, micro-, nano-) seconds.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text).or_else(|| {
            let text = text.trim();
            let day = text.get(..10)?;
            let rest = text.get(11..)?;
            Timestamp::parse(&format!("{day}T{rest}Z")).or_else(|| count(text.parse().ok()?))
        }),
        Value::Number(number) => match number.as_u64() {
            // Whole nanoseconds do not survive a float.
            Some(nanos) if nanos > 100_000_000_000_000_000 => Timestamp::from_nanos(nanos),
            _ => count(number.as_f64()?),
        },
        _ => None,
    }
}

fn count(number: f64) -> Option<Timestamp> {
    let micros = match number {
        n if n <= 0.0 || n.is_nan() => return None,
        n if n > 1e17 => n / 1e3,
        n if n > 1e14 => n,
        n if n > 1e11 => n * 1e3,
        n => n * 1e6,
    };
    Some(Timestamp(micros as i64))
}

/// A trace id of any form as 32 hex digits: hex and UUIDs as they are, anything else by its hash.
pub(super) fn trace_id(text: &str) -> String {
    let bare = text.strip_prefix("trace_").or_else(|| text.strip_prefix("tr-")).unwrap_or(text);
    hex_id(bare, 32).unwrap_or_else(|| hashed("trace", text, 16))
}

/// A span id of any form as 16 hex digits: hex as it is, anything else by its hash.
pub(super) fn span_id(text: &str) -> String {
    hex_id(text, 16).unwrap_or_else(|| hashed("span", text, 8))
}

fn hex_id(text: &str, digits: usize) -> Option<String> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let bare: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    let good = bare.len() == digits && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    (good && bare.bytes().any(|byte| byte != b'0')).then_some(bare)
}

fn hashed(kind: &str, text: &str, bytes: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    hasher.update(&[0]);
    hasher.update(text.as_bytes());
    hex(&hasher.finalize().as_bytes()[..bytes])
}

/// A span as an export tells it, with nothing filled in yet.
pub(super) fn recorded(id: SpanRef, parent: Option<String>, name: &str) -> Span {
    Span {
        id,
        parent_span_id: parent,
        name: name.into(),
        kind: SpanKind::Other,
        agent: None,
        start: None,
        end: None,
        status: SpanStatus::Unset,
        error: None,
        failure_signs: Vec::new(),
        offered_tools: Vec::new(),
        attributes: Map::new(),
        events: Vec::new(),
        links: Vec::new(),
        oddities: Vec::new(),
    }
}

/// Marks a span as failed, with the reason where there is one.
pub(super) fn failed(span: &mut Span, reason: Option<String>) {
    span.status = SpanStatus::Error;
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        span.attributes.insert(semconv::STATUS_MESSAGE.to_owned(), reason.into());
    }
}

/// Adds an attribute, where there is something to add and nothing under that name yet.
pub(super) fn note(attributes: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value.map(Into::into).filter(|value| !value.is_null()) {
        attributes.entry(key).or_insert(value);
    }
}

/// Adds the members of an object under dotted names, those within it and within its lists of objects too.
pub(super) fn flatten(prefix: &str, value: &Value, into: &mut Map<String, Value>, depth: u8) {
    let joined = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    match value {
        // Metadata is read as a whole elsewhere.
        Value::Object(map) if depth < 12 && prefix != "metadata" => {
            for (key, value) in map {
                flatten(&joined(key), value, into, depth + 1);
            }
        }
        Value::Array(items) if depth < 12 && !items.is_empty() && items.iter().all(Value::is_object) => {
            for (i, item) in items.iter().enumerate() {
                flatten(&joined(&i.to_string()), item, into, depth + 1);
            }
        }
        Value::Null => {}
        other => {
            into.insert(prefix.to_owned(), other.clone());
        }
    }
}

/// A score or annotation as a row of an export tells it.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) name: String,
    pub(super) value: Option<Value>,
    pub(super) label: Option<String>,
    pub(super) passed: Option<bool>,
    pub(super) confidence: Option<Value>,
    pub(super) explanation: Option<String>,
    pub(super) version: Option<String>,
    /// The format, and who judged where that is known: `langfuse:annotation`.
    pub(super) source: String,
    pub(super) at: Option<Timestamp>,
}

/// What a row of scores is about.
pub(super) enum About {
    Span(SpanRef),
    Trace(String),
    Session(String),
}

impl Judged {
    /// The score as an event of its span; `whole` is `trace` or `conversation` where it is about more than the span.
    pub(super) fn event(self, whole: Option<&str>) -> SpanEvent {
        let mut attributes = Map::new();
        note(&mut attributes, "gen_ai.evaluation.name", Some(self.name));
        let (mut value, mut label) = (self.value, self.label);
        if let Some(structure @ (Value::Array(_) | Value::Object(_))) = &value {
            label = label.or_else(|| Some(structure.to_string()));
            value = None;
        }
        note(&mut attributes, "gen_ai.evaluation.score.value", value);
        note(&mut attributes, "gen_ai.evaluation.score.label", label);
        note(&mut attributes, "gen_ai.evaluation.passed", self.passed);
        note(&mut attributes, "gen_ai.evaluation.score.confidence", self.confidence);
        note(&mut attributes, "gen_ai.evaluation.explanation", self.explanation);
        note(&mut attributes, "gen_ai.evaluation.version", self.version);
        note(&mut attributes, SCORE_SOURCE, Some(self.source));
        note(&mut attributes, TARGET_KEY, whole);
        SpanEvent { at: self.at, name: "gen_ai.evaluation.result".into(), attributes }
    }

    /// True where it says anything at all.
    pub(super) fn says(&self) -> bool {
        let value = self.value.as_ref().is_some_and(|value| !value.is_null() && *value != Value::String(String::new()));
        !self.name.is_empty() && (value || self.label.is_some() || self.passed.is_some())
    }

    /// The score as a record of its own, to be joined to what it is about.
    pub(super) fn record(self, about: About, source: Arc<str>) -> Record {
        let (target, whole) = match about {
            About::Span(span) => (LogTarget::Span(span), None),
            About::Trace(trace) => (LogTarget::Trace(trace), Some("trace")),
            About::Session(session) => (LogTarget::Session(session), Some("conversation")),
        };
        Record::Log(Box::new(LogRecord { source, target, event: self.event(whole) }))
    }
}

/// The namespace of spans of an export: as told, else the project it names.
pub(super) fn source(decoder: &Decoder<'_, '_>, project: Option<&str>) -> Arc<str> {
    match &decoder.options.source {
        Some(source) => source.as_str().into(),
        None => project.unwrap_or(semconv::DEFAULT_SOURCE).into(),
    }
}

/// The namespace of score rows that name none: as told, else any that holds their target.
pub(super) fn any_source(decoder: &Decoder<'_, '_>) -> Arc<str> {
    decoder.options.source.as_deref().unwrap_or(super::ANY_SOURCE).into()
}

/// Hands out a span.
pub(super) fn emit(decoder: &mut Decoder<'_, '_>, source: &Arc<str>, span: Span) {
    let record = SpanRecord { source: Arc::clone(source), span, resource: Arc::default() };
    decoder.record(Record::Span(Box::new(record)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_keep_hex_and_hash_the_rest() {
        assert_eq!(trace_id("trace_4208618234f949a4a47d3100669e3ca2"), "4208618234f949a4a47d3100669e3ca2");
        assert_eq!(trace_id("4208618234F949A4-a47d-3100-669e-3ca2"), "4208618234f949a4a47d3100669e3ca2");
        assert_eq!(span_id("CAFE000000000001"), "cafe000000000001");
        assert_eq!(span_id("span_1").len(), 16);
        assert_ne!(span_id("span_1"), span_id("span_2"));
        assert_eq!(trace_id("my trace").len(), 32);
        assert_ne!(span_id("0000000000000000"), "0000000000000000");
    }

    #[test]
    fn times_of_every_form_are_the_same_time() {
        let expected = Timestamp::parse("2026-11-20T18:19:15.5Z");
        for value in [
            json!("2026-11-20 18:19:15.500000"),
            json!("2026-11-20T18:19:15.5"),
            json!("2026-11-20T18:19:15.5+00:00"),
            json!(1_795_198_755.5),
            json!(1_795_198_755_500_u64),
            json!(1_795_198_755_500_000_u64),
            json!(1_795_198_755_500_000_000_u64),
        ] {
            assert_eq!(time(&value), expected, "{value}");
        }
        for value in [json!(0), json!(-5), json!("yesterday"), json!("é2026-11-2018"), json!([])] {
            assert_eq!(time(&value), None, "{value}");
        }
    }

    #[test]
    fn nested_and_dotted_attributes_flatten_the_same() {
        let nested =
            json!({"llm": {"input_messages": [{"message": {"role": "user"}}], "tags": ["a"]}, "metadata": {"k": 1}});
        let dotted = json!({"llm.input_messages": [{"message.role": "user"}], "llm.tags": ["a"], "metadata": {"k": 1}});
        let (mut a, mut b) = (Map::new(), Map::new());
        flatten("", &nested, &mut a, 0);
        flatten("", &dotted, &mut b, 0);
        assert_eq!(a, b);
        assert_eq!(a["llm.input_messages.0.message.role"], "user");
    }
}

//! The members of spans and log records as they are written, whoever was careless about types.
//!
//! Invariant: an unknown or odd member never fails its neighbours; 64-bit numbers arrive as text or numbers.

use std::borrow::Cow;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::model::id::{SpanRef, hex};
use crate::model::time::Timestamp;
use crate::model::trace::{SpanEvent, SpanLink};

/// An id of `bytes` bytes in hex or base64, as lower-case hex; `None` where it is neither, or all zeros.
pub(in crate::ingest) fn id(text: &str, bytes: usize) -> Option<String> {
    let id = if text.len() == bytes * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        text.to_ascii_lowercase()
    } else if text.len() == bytes.div_ceil(3) * 4 {
        let decoded = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        (decoded.len() == bytes).then(|| hex(&decoded))?
    } else {
        return None;
    };
    id.bytes().any(|byte| byte != b'0').then_some(id)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(in crate::ingest) struct WireResource {
    pub(in crate::ingest) attributes: Attributes,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::ingest) struct WireSpan {
    #[serde(alias = "trace_id")]
    pub(in crate::ingest) trace_id: Text,
    #[serde(alias = "span_id")]
    pub(in crate::ingest) span_id: Text,
    #[serde(alias = "parent_span_id")]
    pub(in crate::ingest) parent_span_id: Text,
    pub(in crate::ingest) name: Text,
    #[serde(alias = "start_time_unix_nano")]
    pub(in crate::ingest) start_time_unix_nano: Number,
    #[serde(alias = "end_time_unix_nano")]
    pub(in crate::ingest) end_time_unix_nano: Number,
    pub(in crate::ingest) attributes: Attributes,
    pub(in crate::ingest) events: Option<Vec<WireEvent>>,
    pub(in crate::ingest) links: Option<Vec<WireLink>>,
    pub(in crate::ingest) status: Option<WireStatus>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(in crate::ingest) struct WireStatus {
    pub(in crate::ingest) code: Text,
    pub(in crate::ingest) message: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::ingest) struct WireEvent {
    #[serde(alias = "time_unix_nano")]
    pub(in crate::ingest) time_unix_nano: Number,
    pub(in crate::ingest) name: Text,
    pub(in crate::ingest) attributes: Attributes,
}

impl WireEvent {
    pub(in crate::ingest) fn into_event(self) -> SpanEvent {
        SpanEvent {
            at: Timestamp::from_nanos(self.time_unix_nano.0),
            name: self.name.0.into(),
            attributes: self.attributes.0,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::ingest) struct WireLink {
    #[serde(alias = "trace_id")]
    pub(in crate::ingest) trace_id: Text,
    #[serde(alias = "span_id")]
    pub(in crate::ingest) span_id: Text,
    pub(in crate::ingest) attributes: Attributes,
}

impl WireLink {
    pub(in crate::ingest) fn into_link(self) -> Option<SpanLink> {
        let target = SpanRef { trace_id: id(&self.trace_id.0, 16)?, span_id: id(&self.span_id.0, 8)? };
        Some(SpanLink { target, attributes: self.attributes.0 })
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::ingest) struct WireLog {
    #[serde(alias = "time_unix_nano")]
    pub(in crate::ingest) time_unix_nano: Number,
    #[serde(alias = "observed_time_unix_nano")]
    pub(in crate::ingest) observed_time_unix_nano: Number,
    #[serde(alias = "severity_number")]
    pub(in crate::ingest) severity_number: Number,
    pub(in crate::ingest) body: Option<Any>,
    pub(in crate::ingest) attributes: Attributes,
    #[serde(alias = "trace_id")]
    pub(in crate::ingest) trace_id: Text,
    #[serde(alias = "span_id")]
    pub(in crate::ingest) span_id: Text,
    #[serde(alias = "event_name")]
    pub(in crate::ingest) event_name: Text,
}

/// Text where the writer was careless about types: numbers and booleans as they print, `null` as nothing.
#[derive(Default)]
pub(in crate::ingest) struct Text(pub(in crate::ingest) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        }))
    }
}

/// A 64-bit count, as string or number; 0 where it is none.
#[derive(Default)]
pub(in crate::ingest) struct Number(pub(in crate::ingest) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0),
            Value::String(text) => count(text.trim()),
            _ => 0,
        }))
    }
}

/// Digits as a count; more than 64 bits hold is the most they hold, which marks the time as impossible.
fn count(digits: &str) -> u64 {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().unwrap_or(if all_digits { u64::MAX } else { 0 })
}

/// Attributes: the last of equal keys wins.
#[derive(Default)]
pub(in crate::ingest) struct Attributes(pub(in crate::ingest) Map<String, Value>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attributes: Option<Members> = Option::deserialize(deserializer)?;
        Ok(Self(attributes.map_or_else(Map::new, |members| members.0)))
    }
}

/// A list of pairs of key and value, as the map it stands for.
struct Members(Map<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Map<String, Value>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of attributes")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        #[derive(Deserialize)]
        struct Pair<'a> {
            #[serde(borrow, default)]
            key: Cow<'a, str>,
            #[serde(default)]
            value: Option<Any>,
        }
        let mut map = Map::with_capacity(seq.size_hint().unwrap_or(16).min(64));
        while let Some(Pair { key, value }) = seq.next_element::<Pair<'de>>()? {
            map.insert(key.into_owned(), value.map_or(Value::Null, |any| any.0));
        }
        Ok(map)
    }
}

/// An `AnyValue`, as the JSON value it stands for.
pub(in crate::ingest) struct Any(pub(in crate::ingest) Value);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnyVisitor).map(Self)
    }
}

/// What a member of an `AnyValue` holds, by its name.
#[derive(Deserialize)]
#[serde(field_identifier)]
enum Holds {
    #[serde(rename = "stringValue", alias = "string_value", alias = "bytesValue", alias = "bytes_value")]
    Text,
    #[serde(rename = "boolValue", alias = "bool_value")]
    Flag,
    #[serde(rename = "intValue", alias = "int_value")]
    Whole,
    #[serde(rename = "doubleValue", alias = "double_value")]
    Float,
    #[serde(rename = "arrayValue", alias = "array_value")]
    List,
    #[serde(rename = "kvlistValue", alias = "kvlist_value")]
    Pairs,
    #[serde(other)]
    Other,
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an attribute value")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut value = Value::Null;
        while let Some(holds) = map.next_key::<Holds>()? {
            match holds {
                Holds::Text => {
                    value = Value::String(map.next_value::<Text>()?.0);
                }
                Holds::Flag => value = map.next_value()?,
                Holds::Whole => {
                    value = match map.next_value::<Value>()? {
                        Value::String(text) => text.trim().parse::<i64>().map_or(Value::String(text), Value::from),
                        other => other,
                    };
                }
                // "NaN" and "Infinity" stay the words they are: JSON has no such numbers.
                Holds::Float => {
                    value = match map.next_value::<Value>()? {
                        Value::String(text) => match text.trim().parse::<f64>() {
                            Ok(number) if number.is_finite() => Value::from(number),
                            _ => Value::String(text),
                        },
                        // Some writers shorten 1.0 to 1; it is the same number.
                        Value::Number(number) => number.as_f64().map_or(Value::Number(number), Value::from),
                        other => other,
                    };
                }
                Holds::List => {
                    let list: Option<List<Any>> = map.next_value()?;
                    let values = list.and_then(|list| list.values).unwrap_or_default();
                    value = Value::Array(values.into_iter().map(|any| any.0).collect());
                }
                Holds::Pairs => {
                    let list: Option<Pairs> = map.next_value()?;
                    value = Value::Object(list.unwrap_or_default().values.0);
                }
                Holds::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(value)
    }
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Option::default")]
    values: Option<Vec<T>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pairs {
    values: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_in_hex_and_base64() {
        let bytes = [0xab_u8; 16];
        let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        assert_eq!(id(&base64, 16), Some("ab".repeat(16)));
        assert_eq!(id(&"AB".repeat(16), 16), Some("ab".repeat(16)));
        assert_eq!(id("12", 8), None);
        assert_eq!(id(&"0".repeat(16), 8), None);
        assert_eq!(id("zz".repeat(8).as_str(), 8), None);
    }

    #[test]
    fn attribute_values_of_every_kind() {
        let text = r#"[{"key":"s","value":{"stringValue":"x"}},{"key":"i","value":{"intValue":"7"}},
            {"key":"d","value":{"doubleValue":"NaN"}},{"key":"n","value":{}},{"key":"z","value":null},
            {"key":"a","value":{"arrayValue":{}}},{"key":"b","value":{"boolValue":true}},
            {"key":"k","value":{"kvlistValue":{"values":[{"key":"x","value":{"doubleValue":1.5}}]}}},
            {"key":"s","value":{"stringValue":"last"}}]"#;
        let attributes: Attributes = serde_json::from_str(text).unwrap();
        let expected = serde_json::json!({"s":"last","i":7,"d":"NaN","n":null,"z":null,"a":[],"b":true,"k":{"x":1.5}});
        assert_eq!(Value::Object(attributes.0), expected);
    }
}

//! Masking within JSON: its strings, and JSON within them.
//!
//! Invariant: what is not the content of a string stays byte for byte; a string in which nothing was found too.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Class, Finding, Masker};
use crate::text::highlight::string_end;

/// Levels of JSON within strings of JSON that are looked into.
const MAX_NESTED: usize = 8;

pub(super) fn mask_text(masker: &Masker, text: &str) -> Option<String> {
    nested(masker, "", text, 0)
}

pub(super) fn mask_value(masker: &Masker, name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(nested(masker, name, text, 0).unwrap_or_else(|| text.clone())),
        Value::Array(items) => Value::Array(items.iter().map(|item| mask_value(masker, name, item)).collect()),
        Value::Object(members) => Value::Object({
            let masked = |(key, value): (&String, &Value)| {
                let key = context(masker, key);
                let value = mask_value(masker, &key, value);
                (key.into_owned(), value)
            };
            members.iter().map(masked).collect()
        }),
        other => other.clone(),
    }
}

pub(super) fn scan(masker: &Masker, text: &str) -> Vec<Finding> {
    if is_json(text) {
        return scan_json(masker, text, 0);
    }
    let mut findings = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let found = if is_json(line) { scan_json(masker, line, 0) } else { masker.find("", line) };
        findings.extend(found.into_iter().map(|f| Finding { range: f.range.start + at..f.range.end + at, ..f }));
        at += line.len();
    }
    findings
}

fn scan_json(masker: &Masker, text: &str, depth: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for string in strings(text) {
        let content = string.content(text);
        let inner = if depth < MAX_NESTED && is_json(&content) {
            scan_json(masker, &content, depth + 1)
        } else {
            let name = context(masker, &string.name);
            if masker.is_quiet(&name, &content) { Vec::new() } else { masker.find(&name, &content) }
        };
        findings.extend(inner.into_iter().map(|finding| Finding { range: string.range.clone(), ..finding }));
    }
    findings
}

/// The class of something personal in a string of a finished row.
pub(super) fn first_in(masker: &Masker, name: &str, text: &str) -> Option<Class> {
    let name = context(masker, name);
    if masker.is_quiet(&name, text) {
        return None;
    }
    let found = if is_json(text) { scan_json(masker, text, 1) } else { masker.find(&name, text) };
    found.first().map(|finding| finding.class)
}

/// A key as its values see it: masked, so that masking again sees the same.
fn context<'a>(masker: &Masker, key: &'a str) -> Cow<'a, str> {
    if masker.is_quiet("", key) { Cow::Borrowed(key) } else { Cow::Owned(masker.mask(key).text) }
}

/// Masks text that may be JSON; `None` where nothing in it is masked.
fn nested(masker: &Masker, name: &str, text: &str, depth: usize) -> Option<String> {
    if masker.is_quiet(name, text) {
        return None;
    }
    if depth >= MAX_NESTED || !is_json(text) {
        let masked = masker.mask_in(name, text);
        return (!masked.found.is_empty()).then_some(masked.text);
    }
    let mut out = String::new();
    let mut at = 0;
    for string in strings(text) {
        let content = string.content(text);
        if let Some(masked) = nested(masker, &context(masker, &string.name), &content, depth + 1) {
            out.push_str(text.get(at..string.range.start).unwrap_or(""));
            out.push_str(&Value::String(masked).to_string());
            at = string.range.end;
        }
    }
    if at == 0 {
        return None;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    Some(out)
}

/// True where text begins as an object, an array or a string in JSON does.
pub(super) fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"'])
}

/// True for an object, an array or a string in JSON; numbers and words are plain text as well as JSON.
fn is_json(text: &str) -> bool {
    looks_like(text) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A string within JSON text.
struct JsonString {
    /// With its quotes.
    range: Range<usize>,
    /// The key it stands under; empty for keys.
    name: String,
}

impl JsonString {
    /// The string's content; as it is written where its escapes are no text (half a surrogate pair).
    fn content<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = text.get(self.range.clone()).unwrap_or("");
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        if let Some(inner) = inner.filter(|inner| !inner.contains('\\')) {
            return Cow::Borrowed(inner);
        }
        serde_json::from_str(raw).map_or_else(|_| Cow::Borrowed(raw.trim_matches('"')), Cow::Owned)
    }
}

/// The strings of valid JSON text in order, keys included.
fn strings(text: &str) -> Vec<JsonString> {
    let mut found: Vec<JsonString> = Vec::new();
    // For each open object or array: the key its values stand under.
    let mut open: Vec<String> = Vec::new();
    let mut key = String::new();
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find(['"', '{', '[', '}', ']', ','])) {
        at += offset;
        match text.as_bytes().get(at) {
            Some(b'"') => {
                let end = at + string_end(text.get(at..).unwrap_or(""));
                let string = JsonString { range: at..end, name: String::new() };
                at = end;
                if text.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':')) {
                    key = string.content(text).into_owned();
                    found.push(string);
                } else {
                    found.push(JsonString { name: key.clone(), ..string });
                }
                continue;
            }
            Some(b'{' | b'[') => open.push(key.clone()),
            Some(b'}' | b']') => key = open.pop().unwrap_or_default(),
            // The items of an array stand under the array's key.
            Some(b',') => key = open.last().cloned().unwrap_or_default(),
            _ => {}
        }
        at += 1;
    }
    found
}

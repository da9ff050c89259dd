//! Masking within JSON: its strings and JSON within them, and whole numbers, which may be a card's or a telephone's.
//!
//! Invariant: what is no scalar stays byte for byte; so does a scalar in which nothing was found.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

use super::signs::Signs;
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
        Value::Number(number) => {
            let masked = digits(&number.to_string()).and_then(|digits| nested(masker, name, digits, 0));
            masked.map_or_else(|| value.clone(), Value::String)
        }
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
    for scalar in scalars(text) {
        let content = scalar.content(text);
        let inner = if depth < MAX_NESTED && is_json(&content) {
            scan_json(masker, &content, depth + 1)
        } else {
            let name = context(masker, &scalar.name);
            if masker.is_quiet(&name, &content) { Vec::new() } else { masker.find(&name, &content) }
        };
        findings.extend(inner.into_iter().map(|finding| Finding { range: scalar.range.clone(), ..finding }));
    }
    findings
}

/// The class of something personal in a string, or in the digits of a number, of a finished row.
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
    for scalar in scalars(text) {
        let content = scalar.content(text);
        if let Some(masked) = nested(masker, &context(masker, &scalar.name), &content, depth + 1) {
            out.push_str(text.get(at..scalar.range.start).unwrap_or(""));
            // A pseudonym of a number is a string as well.
            out.push_str(&Value::String(masked).to_string());
            at = scalar.range.end;
        }
    }
    if at == 0 {
        return None;
    }
    out.push_str(text.get(at..).unwrap_or(""));
    Some(out)
}

/// Every place that is masked in text that may be JSON: its pseudonym, what stood there, and whether that was a number.
pub(super) fn each_place(masker: &Masker, text: &str, tell: &mut dyn FnMut(String, &str, bool)) {
    places_in(masker, ("", text), (0, false), tell);
}

fn places_in(
    masker: &Masker,
    (name, text): (&str, &str),
    (depth, number): (usize, bool),
    tell: &mut dyn FnMut(String, &str, bool),
) {
    if masker.is_quiet(name, text) {
        return;
    }
    if depth >= MAX_NESTED || !is_json(text) {
        for finding in masker.find(name, text) {
            let original = text.get(finding.range.clone()).unwrap_or("");
            tell(masker.pseudonym(&finding), original, number && original.len() == text.len());
        }
        return;
    }
    for scalar in scalars(text) {
        let number = !text.get(scalar.range.clone()).unwrap_or("").starts_with('"');
        let name = context(masker, &scalar.name);
        places_in(masker, (&name, &scalar.content(text)), (depth + 1, number), tell);
    }
}

/// True where text begins as an object, an array or a string in JSON does.
pub(super) fn looks_like(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"'])
}

/// True for an object, an array or a string in JSON; numbers and words are plain text as well as JSON.
fn is_json(text: &str) -> bool {
    looks_like(text) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The digits of a number that is whole, not negative, and long enough for a detector; one that became a fraction on its
/// way (`4915112345678.0`) is meant as well.
pub(super) fn digits(number: &str) -> Option<&str> {
    let whole = number.strip_suffix(".0").unwrap_or(number);
    (whole.len() >= Signs::FEWEST && whole.bytes().all(|byte| byte.is_ascii_digit())).then_some(whole)
}

/// A string, or a number that may be somebody's, within JSON text.
struct Scalar {
    /// A string's with its quotes.
    range: Range<usize>,
    /// The key it stands under; empty for keys.
    name: String,
}

impl Scalar {
    /// A string's content, as it is written where its escapes are no text (half a surrogate pair); a number's digits.
    fn content<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let raw = text.get(self.range.clone()).unwrap_or("");
        if !raw.starts_with('"') {
            return Cow::Borrowed(digits(raw).unwrap_or(raw));
        }
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        if let Some(inner) = inner.filter(|inner| !inner.contains('\\')) {
            return Cow::Borrowed(inner);
        }
        serde_json::from_str(raw).map_or_else(|_| Cow::Borrowed(raw.trim_matches('"')), Cow::Owned)
    }
}

/// The strings of valid JSON text in order, keys included, and the numbers that may be somebody's.
fn scalars(text: &str) -> Vec<Scalar> {
    let mut found: Vec<Scalar> = Vec::new();
    // For each open object or array: the key its values stand under.
    let mut open: Vec<String> = Vec::new();
    let mut key = String::new();
    let mut at = 0;
    let is_sign = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b',' | b'-' | b'0'..=b'9');
    while let Some(offset) = text.as_bytes().get(at..).and_then(|rest| rest.iter().position(is_sign)) {
        at += offset;
        match text.as_bytes().get(at) {
            Some(b'"') => {
                let end = at + string_end(text.get(at..).unwrap_or(""));
                let string = Scalar { range: at..end, name: String::new() };
                at = end;
                if text.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':')) {
                    key = string.content(text).into_owned();
                    found.push(string);
                } else {
                    found.push(Scalar { name: key.clone(), ..string });
                }
                continue;
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = text.get(at..).unwrap_or("");
                let length = number.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                let end = at + length.unwrap_or(number.len());
                if text.get(at..end).and_then(digits).is_some() {
                    found.push(Scalar { range: at..end, name: key.clone() });
                }
                at = end;
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

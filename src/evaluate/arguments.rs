//! Arguments of calls as values, however the source spelled them, and whether two of them mean the same call.
//!
//! Invariant: parsing here is a view for judging; the recorded text is never changed, and text that is neither JSON
//! nor a Python literal stays unparsed instead of becoming an empty object.

use serde_json::{Map, Number, Value};

use crate::model::tool::canonical_json;

/// Parses recorded arguments: JSON (wrappers of Python calls taken off), else a Python literal such as
/// `{'id': '7', 'on': True}`, in which lists that were quoted as text are unpacked too.
pub fn parse(text: &str) -> Option<Value> {
    // What begins so is no JSON.
    let python = text.trim_start().starts_with("{'");
    if !python && let Ok(value) = serde_json::from_str::<Value>(text) {
        let wrapped = match &value {
            Value::String(_) => true,
            Value::Object(object) => (object.len() == 1 && object.contains_key("kw")) || object.contains_key("kwargs"),
            _ => false,
        };
        let value = if wrapped { serde_json::from_str(&canonical_json(text)).ok()? } else { value };
        return Some(unquote_lists(value));
    }
    literal(text.trim()).map(unquote_lists)
}

/// The canonical form of parsed arguments: that of the text they are written as.
pub fn canonical(value: &Value) -> String {
    let wrapped = match value {
        Value::String(_) => true,
        Value::Object(object) => object.contains_key("kw") || object.contains_key("kwargs"),
        _ => false,
    };
    if wrapped {
        return canonical_json(&value.to_string());
    }
    let mut out = String::with_capacity(96);
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    use std::fmt::Write as _;
    match value {
        Value::Object(object) => {
            let mut members: Vec<(&String, &Value)> = object.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (place, (key, value)) in members.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::String(text) => write_text(text, out),
        // Writing into a String cannot fail.
        plain => drop(write!(out, "{plain}")),
    }
}

fn write_text(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// True where two argument values mean the same call: numbers by value, lists of plain values without regard to
/// order (lists of one length sorted as the columns of one table, so that pairs stay pairs), and members of nested
/// objects that the expected value does not name ignored.
pub fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(got)) => {
            let (wanted, got) = (present(wanted), present(got));
            if wanted.len() != got.len() || wanted.iter().any(|(key, _)| !got.iter().any(|(k, _)| k == key)) {
                return false;
            }
            let columns: Vec<&str> =
                wanted.iter().filter(|(_, value)| is_plain_list(value)).map(|(key, _)| key.as_str()).collect();
            rows(&wanted, &columns) == rows(&got, &columns)
                && wanted
                    .iter()
                    .filter(|(key, _)| !columns.contains(&key.as_str()))
                    .all(|(key, value)| got.iter().any(|(k, other)| k == key && covers(value, other)))
        }
        _ => covers(expected, actual),
    }
}

/// The leaves of a value with the name of the member they are under.
pub fn leaves(value: &Value) -> Vec<(&str, &Value)> {
    fn walk<'a>(name: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| walk(key, value, found)),
            Value::Array(items) => items.iter().for_each(|item| walk(name, item, found)),
            Value::Null => {}
            leaf => found.push((name, leaf)),
        }
    }
    let mut found = Vec::with_capacity(8);
    walk("", value, &mut found);
    found
}

/// Members that are not null: an argument left out and an argument of null are one.
fn present(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    object.iter().filter(|(_, value)| !value.is_null()).collect()
}

fn is_plain_list(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| !item.is_object() && !item.is_array()))
}

/// The plain lists as sorted rows of one table; lists of unequal lengths are sorted each on its own.
fn rows(object: &[(&String, &Value)], columns: &[&str]) -> Vec<Vec<String>> {
    let mut lists: Vec<(&str, Vec<String>)> = object
        .iter()
        .filter(|(key, _)| columns.contains(&key.as_str()))
        .map(|(key, value)| (key.as_str(), value.as_array().into_iter().flatten().map(plain).collect()))
        .collect();
    lists.sort_by(|a, b| a.0.cmp(b.0));
    let length = lists.first().map_or(0, |(_, list)| list.len());
    if lists.iter().all(|(_, list)| list.len() == length) {
        let mut rows: Vec<Vec<String>> =
            (0..length).map(|row| lists.iter().map(|(_, list)| list[row].clone()).collect()).collect();
        rows.sort();
        return rows;
    }
    lists
        .into_iter()
        .map(|(_, mut list)| {
            list.sort();
            list
        })
        .collect()
}

/// A plain value as text in which 231, 231.0 and "231" are one.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().parse::<f64>().map_or_else(
            |_| text.trim().to_lowercase(),
            |number| if text.trim().starts_with('0') { text.trim().to_owned() } else { number.to_string() },
        ),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

fn covers(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(got)) => {
            present(wanted).iter().all(|(key, value)| got.get(*key).is_some_and(|other| covers(value, other)))
        }
        (Value::Array(wanted), Value::Array(got)) => {
            let mut left: Vec<&Value> = got.iter().collect();
            wanted.len() == got.len()
                && wanted
                    .iter()
                    .all(|value| left.iter().position(|other| covers(value, other)).map(|at| left.remove(at)).is_some())
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => plain(expected) == plain(actual),
    }
}

/// A string that holds a list literal becomes that list: some agents quote lists twice.
fn unquote_lists(value: Value) -> Value {
    match value {
        Value::Object(mut object) => {
            object.values_mut().for_each(|value| *value = unquote_lists(value.take()));
            Value::Object(object)
        }
        Value::String(text) if text.starts_with("['") && text.ends_with("']") => {
            literal(&text).unwrap_or(Value::String(text))
        }
        other => other,
    }
}

/// Parses a Python literal of dicts, lists, tuples, strings, numbers, `True`, `False` and `None`.
fn literal(text: &str) -> Option<Value> {
    let mut parser = Literal { rest: text, depth: 0 };
    let value = parser.value()?;
    parser.rest.trim().is_empty().then_some(value)
}

/// Nesting beyond this is refused: recursion must stay within the stack.
const DEEPEST: usize = 64;

struct Literal<'a> {
    rest: &'a str,
    depth: usize,
}

impl Literal<'_> {
    fn value(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            '{' => self.nested(Self::object),
            '[' => self.nested(|parser| parser.items(']')),
            '(' => self.nested(|parser| parser.items(')')),
            '\'' | '"' => self.string().map(Value::String),
            _ => self.word(),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.rest = &self.rest[1..];
        let value = parse(self);
        self.depth -= 1;
        value
    }

    fn eat(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(c) else { return false };
        self.rest = rest;
        true
    }

    fn object(&mut self) -> Option<Value> {
        let mut object = Map::new();
        while !self.eat('}') {
            self.rest = self.rest.trim_start();
            let key = self.string()?;
            if !self.eat(':') {
                return None;
            }
            object.insert(key, self.value()?);
            if !self.eat(',') {
                return self.eat('}').then_some(Value::Object(object));
            }
        }
        Some(Value::Object(object))
    }

    fn items(&mut self, end: char) -> Option<Value> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.value()?);
            if !self.eat(',') {
                return self.eat(end).then_some(Value::Array(items));
            }
        }
        Some(Value::Array(items))
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| *c == '\'' || *c == '"')?;
        // Most hold nothing that stands for something else.
        if let Some(end) = self.rest[1..].find([quote, '\\'])
            && self.rest[1 + end..].starts_with(quote)
        {
            let text = self.rest[1..=end].to_owned();
            self.rest = &self.rest[end + 2..];
            return Some(text);
        }
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    other => text.push(other),
                },
                c if c == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                c => text.push(c),
            }
        }
        None
    }

    fn word(&mut self) -> Option<Value> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "None" => Some(Value::Null),
            _ => word
                .parse::<i64>()
                .map(|number| Value::Number(number.into()))
                .ok()
                .or_else(|| word.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn python_literals_and_wrappers_are_read_and_broken_text_is_not() {
        assert_eq!(
            parse(r#"{'id': '#W1', 'items': "['1', '2']", 'on': True, 'n': -2.5, 'none': None, 'it': "it's"}"#),
            Some(json!({"id": "#W1", "items": ["1", "2"], "on": true, "n": -2.5, "none": null, "it": "it's"}))
        );
        assert_eq!(parse(r#"{"kw": {"id": 7}}"#), Some(json!({"id": 7})));
        assert_eq!(parse(r#""{\"id\": 7}""#), Some(json!({"id": 7})));
        assert_eq!(parse(r#"{"order_id": "LF-1", "amount": "#), None);
        assert_eq!(parse(&"[".repeat(10_000)), None);
        assert_eq!(parse("{'a'"), None);
    }

    #[test]
    fn calls_are_the_same_by_meaning() {
        assert!(same(&json!({"a": 231, "b": null}), &json!({"a": "231.0"})));
        assert!(same(&json!({"ids": ["1", "2"]}), &json!({"ids": ["2", "1"]})));
        assert!(!same(&json!({"a": 231}), &json!({"a": 231, "extra": 1})));
        let pairs = json!({"from": ["1", "2"], "to": ["8", "9"]});
        assert!(same(&pairs, &json!({"from": ["2", "1"], "to": ["9", "8"]})));
        assert!(!same(&pairs, &json!({"from": ["2", "1"], "to": ["8", "9"]})));
        assert!(same(&json!({"flights": [{"n": "HAT1"}]}), &json!({"flights": [{"n": "HAT1", "origin": "EWR"}]})));
        assert!(!same(&json!({"zip": "01234"}), &json!({"zip": "1234"})));
    }
}

//! Reference solutions: the calls a correct run would have made, wherever they are told.
//!
//! Invariant: a reference is kept apart from the transcript; a list that is no list of calls is no reference.

use serde_json::{Map, Value};

use super::message::{Object, list, raw_arguments, string};
use crate::model::tool::{Arguments, ExpectedCall};
use crate::model::trace::{Span, SpanEvent};

/// The name of the span event by which a span export carries an expectation.
const EVENT: &str = "aftercall.expectation";
const NAME: &str = "aftercall.expectation.name";
const VALUE: &str = "aftercall.expectation.value";

/// Reads a list of calls: `{name, arguments}` in the words of any known tool, or names alone (then the arguments are
/// empty text: nothing is said of them). `None` where it is something else.
pub(super) fn calls(text: &str) -> Option<Vec<ExpectedCall>> {
    let text = text.trim();
    if text.starts_with('{') {
        return Some(vec![call(text)?]);
    }
    list(text)?
        .into_iter()
        .map(|raw| match string(raw) {
            Some(name) => (!name.is_empty()).then(|| bare(name)),
            None => call(raw.get()),
        })
        .collect()
}

fn bare(name: String) -> ExpectedCall {
    ExpectedCall { tool: name.into(), arguments: Arguments("".into()) }
}

fn call(text: &str) -> Option<ExpectedCall> {
    let outer = Object::parse(text)?;
    let function = outer.object("function").or_else(|| outer.object("action"));
    let inner = function.as_ref().unwrap_or(&outer);
    let tool = ["name", "tool", "tool_name", "function"].iter().find_map(|name| inner.text(name))?;
    let words = ["arguments", "args", "kwargs", "input_parameters", "inputParameters", "input", "parameters"];
    let raw = words.iter().find_map(|name| inner.get(name));
    let arguments = if raw.is_some() { raw_arguments(raw) } else { String::new() };
    Some(ExpectedCall { tool: tool.into(), arguments: Arguments(arguments.into()) })
}

/// An expectation as an event of a span.
pub(super) fn event(name: &str, value: &str) -> SpanEvent {
    let mut attributes = Map::new();
    attributes.insert(NAME.to_owned(), name.into());
    attributes.insert(VALUE.to_owned(), value.into());
    SpanEvent { at: None, name: EVENT.into(), attributes }
}

/// What the spans of a conversation expect of it: calls, and everything else by its name.
pub(super) fn of_spans(spans: &[Span], attributes: &mut Map<String, Value>) -> Option<Vec<ExpectedCall>> {
    let mut expected = None;
    let events = spans.iter().flat_map(|span| &span.events).filter(|event| event.name.exact() == EVENT);
    for event in events {
        let text = |key: &str| event.attributes.get(key).and_then(Value::as_str);
        let (Some(name), Some(value)) = (text(NAME), text(VALUE)) else { continue };
        if let Some(calls) = calls(value).filter(|_| name.contains("call") || name.contains("tool")) {
            expected = expected.or(Some(calls));
        } else {
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            attributes.entry(format!("expected.{name}")).or_insert(value);
        }
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_in_many_words() {
        for text in [
            r#"[{"name":"t","arguments":{"a":1}}]"#,
            r#"[{"name":"t","arguments":"{\"a\":1}"}]"#,
            r#"[{"name":"t","input_parameters":{"a":1}}]"#,
            r#"[{"type":"function","function":{"name":"t","arguments":"{\"a\":1}"}}]"#,
            r#"{"action_id":"1","name":"t","kwargs":{"a":1}}"#,
            r#"[{"action":{"name":"t","arguments":{"a":1}},"action_match":true}]"#,
        ] {
            let calls = calls(text).unwrap();
            assert_eq!(
                (calls.len(), calls[0].tool.exact(), calls[0].arguments.canonical().as_str()),
                (1, "t", r#"{"a":1}"#),
                "{text}"
            );
        }
        assert_eq!(calls(r#"["a","b"]"#).map(|calls| calls.len()), Some(2));
        assert_eq!(calls("[]"), Some(Vec::new()));
        for text in ["3", "\"refund\"", "[1]", "{}", "refund the order", "[[]]"] {
            assert_eq!(calls(text), None, "{text}");
        }
    }
}

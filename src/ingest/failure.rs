//! The five disguises in which traces show that something failed.
//!
//! Invariant: conservative where only a result's text speaks: a doubt is no failure.

use serde_json::Value;

use super::{exchange, glance, semconv};
use crate::model::trace::{FailureSign, Span, SpanKind, SpanStatus};

/// Fills in a span's failure signs and the failure in words.
pub(super) fn mark(span: &mut Span) {
    let mut signs = Vec::new();
    let mut words = Vec::new();
    let attributes = &span.attributes;
    if span.status == SpanStatus::Error {
        signs.push(FailureSign::Status);
    }
    if let Some(kind) = semconv::text(attributes, &["error.type"]) {
        signs.push(FailureSign::ErrorType);
        words.push(kind);
    }
    if let Some(event) = span.events.iter().find(|event| event.name.exact() == "exception") {
        signs.push(FailureSign::Exception);
        words.extend(semconv::text(&event.attributes, &["exception.message", "exception.type"]));
    }
    let level = semconv::text(attributes, &["langfuse.observation.level", "level"]).unwrap_or_default();
    if level.trim_matches('"').eq_ignore_ascii_case("error") {
        signs.push(FailureSign::Level);
        words.extend(semconv::text(attributes, &["langfuse.observation.status_message"]));
    }
    if span.kind == SpanKind::Tool
        && let Some(error) = exchange::tool_result(span).as_deref().and_then(says_error)
    {
        if signs.is_empty() {
            signs.push(FailureSign::Result);
        }
        words.push(error);
    }
    span.failure_signs = signs;
    // An exception's message says more than its type; of equals the first.
    let told = semconv::text(&span.attributes, &[semconv::STATUS_MESSAGE]);
    let best = || words.iter().find(|text| text.contains(' ')).or_else(|| words.first()).cloned();
    span.error = told.or_else(best).map(Into::into);
}

/// The error that a tool's result holds, if the result says that the call failed.
pub(super) fn says_error(result: &str) -> Option<String> {
    let text = result.trim();
    if text.starts_with('{') {
        // Whatever speaks of a failure holds one of these: a key, a word, or the "false" of what did not succeed.
        if !glance::may_say(text, &[b"erro", b"fail", b"fals"]) {
            return None;
        }
        let Value::Object(map) = serde_json::from_str(text).ok()? else { return None };
        return object_error(&map, text);
    }
    let openings =
        ["error:", "error executing", "an error occurred", "traceback (most recent call last)", "exception:"];
    let opens = |opening: &&str| text.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening));
    openings.iter().any(opens).then(|| text.to_owned())
}

fn object_error(map: &serde_json::Map<String, Value>, text: &str) -> Option<String> {
    let no = |key: &str| map.get(key) == Some(&Value::Bool(false));
    let yes = |key: &str| map.get(key) == Some(&Value::Bool(true));
    match map.get("error") {
        Some(Value::String(error)) if !error.is_empty() => return Some(error.clone()),
        Some(Value::Object(error)) if !error.is_empty() => return Some(Value::Object(error.clone()).to_string()),
        Some(Value::Bool(true)) => return Some(text.to_owned()),
        _ => {}
    }
    let status = ["status", "state", "outcome"].iter().filter_map(|key| map.get(*key).and_then(Value::as_str));
    let failed =
        status.map(str::to_ascii_lowercase).any(|word| matches!(word.as_str(), "error" | "failed" | "failure"));
    (failed || no("ok") || no("success") || yes("isError") || yes("is_error")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_say_they_failed() {
        for text in [
            r#"{"error": "no such order"}"#,
            r#"{"error": {"code": 500}}"#,
            r#"{"ok": false, "reason": "shipped"}"#,
            r#"{"status": "failed"}"#,
            "Error: user not found",
            "An error occurred while running the tool. Please try again. Error: 500",
        ] {
            assert!(says_error(text).is_some(), "{text}");
        }
    }

    #[test]
    fn results_that_only_mention_errors() {
        for text in [
            r#"{"error": null, "status": "delivered"}"#,
            r#"{"error": ""}"#,
            r#"{"note": "the error was fixed"}"#,
            "Errors are listed in section 3",
            "The flight was cancelled",
            "",
            "{broken",
        ] {
            assert_eq!(says_error(text), None, "{text}");
        }
    }
}

//! Who a conversation is about and what came of it, from attributes of spans, resources and carriers.
//!
//! Invariant: the mapping is a table; what no row takes stays an attribute.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::semconv;
use crate::model::summary::Segments;
use crate::model::trace::{Span, SpanKind};
use crate::text::Untrusted;

const INTENT: &[&str] =
    &["aftercall.intent", "intent", "session.intent", "customer.intent", "gen_ai.intent", "topic", "category"];
const CHANNEL: &[&str] = &[
    "aftercall.channel",
    "channel",
    "session.channel",
    "customer.channel",
    "gen_ai.voice.channel_type",
    "conversation.channel",
];
const TIER: &[&str] =
    &["aftercall.customer.tier", "customer.tier", "session.tier", "tier", "customer_tier", "user.tier", "plan"];
const LANGUAGE: &[&str] =
    &["aftercall.language", "language", "session.language", "user.language", "conversation.language", "lang", "locale"];
const VERSION: &[&str] = &[
    "gen_ai.agent.version",
    "aftercall.agent.version",
    "agent_version",
    "agent.version",
    "langfuse.version",
    "langfuse.release",
    "service.version",
    "gen_ai.prompt.template.version",
    "llm.prompt_template.version",
    "project_version_name",
];
const HANDLED_BY: &[&str] = &["aftercall.handled_by", "handled_by", "conversation.handled_by", "handler"];

/// The keys under which each segment is known, by the segment's name in files and lists.
pub fn keys() -> [(&'static str, &'static [&'static str]); 6] {
    [
        ("intent", INTENT),
        ("channel", CHANNEL),
        ("tier", TIER),
        ("language", LANGUAGE),
        ("agent_version", VERSION),
        ("handled_by", HANDLED_BY),
    ]
}

/// Attributes of spans that speak of the conversation as a whole, and what they are called there.
const KEPT: &[(&str, &str)] = &[
    ("user.id", "user.id"),
    ("enduser.id", "user.id"),
    ("langfuse.user.id", "user.id"),
    ("tag.tags", "tags"),
    ("langfuse.trace.tags", "tags"),
    ("gen_ai.prompt.template.name", "prompt.name"),
    ("gen_ai.prompt.template.version", "prompt.version"),
    ("llm.prompt_template.version", "prompt.version"),
    ("langfuse.environment", "environment"),
    ("deployment.environment.name", "environment"),
    ("deployment.environment", "environment"),
    ("gen_ai.request.model", "model"),
    ("llm.model_name", "model"),
    ("langfuse.observation.model.name", "model"),
];

/// Prefixes whose keys speak of the conversation under the rest of their name.
const PREFIXES: &[&str] = &[
    "metadata.",
    "langfuse.trace.metadata.",
    "traceloop.association.properties.",
    "aftercall.",
    "mlflow.trace.metadata.",
];

/// Metadata that frameworks add for themselves.
const NOISE: &[&str] = &["langgraph_", "ls_", "lc_versions", "checkpoint_ns", "__pregel", "thread_id", "session_id"];

/// What is known of a conversation besides its text.
#[derive(Debug, Default)]
pub(super) struct Portrait {
    pub(super) segments: Segments,
    pub(super) outcomes: BTreeMap<String, Value>,
    pub(super) attributes: Map<String, Value>,
}

/// Facts under all the names they go by; the first to come stays.
#[derive(Default)]
pub(super) struct Gathered {
    facts: BTreeMap<String, Value>,
    portrait: Portrait,
    /// Metadata read already: every span of a conversation tends to repeat it.
    read: BTreeSet<String>,
}

impl Gathered {
    fn fact(&mut self, key: &str, value: &Value) {
        if !value.is_null() && !self.facts.contains_key(key) {
            self.facts.insert(key.to_owned(), value.clone());
        }
    }

    fn keep(&mut self, key: &str, value: &Value) {
        if !value.is_null() && !self.portrait.attributes.contains_key(key) {
            self.portrait.attributes.insert(key.to_owned(), value.clone());
        }
    }

    /// A member of metadata, or a prefixed key.
    pub(super) fn member(&mut self, key: &str, value: &Value) {
        let value = &unquoted(value);
        if let Some(outcome) = key.strip_prefix("outcome.") {
            self.portrait.outcomes.entry(outcome.to_owned()).or_insert_with(|| value.clone());
            return;
        }
        self.fact(key, value);
        self.fact(&format!("aftercall.{key}"), value);
        let taken = [INTENT, CHANNEL, TIER, LANGUAGE, VERSION, HANDLED_BY].iter().any(|keys| keys.contains(&key));
        if !taken && !NOISE.iter().any(|noise| key.starts_with(noise)) {
            self.keep(key, value);
        }
    }

    pub(super) fn outcome(&mut self, key: &str, value: &Value) {
        self.portrait.outcomes.entry(key.to_owned()).or_insert_with(|| value.clone());
    }

    fn span(&mut self, span: &Span) {
        for (key, value) in &span.attributes {
            if let Some(rest) = PREFIXES.iter().find_map(|prefix| key.strip_prefix(prefix)) {
                self.member(rest, value);
            }
            if let Some((_, name)) = KEPT.iter().find(|(from, _)| from == key) {
                self.keep(name, value);
            }
            if [INTENT, CHANNEL, TIER, LANGUAGE, VERSION, HANDLED_BY].iter().any(|keys| keys.contains(&key.as_str())) {
                self.fact(key, value);
            }
            if key.starts_with("fi.simulator.") {
                self.keep(key, value);
            }
        }
        let repeated = match span.attributes.get("metadata").and_then(Value::as_str) {
            Some(text) => !self.read.insert(text.to_owned()),
            None => false,
        };
        if span.kind != SpanKind::Evaluator
            && !repeated
            && let Some(metadata) = semconv::metadata(&span.attributes)
        {
            for (key, value) in &metadata {
                self.member(key, value);
            }
        }
    }

    /// Reads the segments off the facts.
    pub(super) fn finish(mut self) -> Portrait {
        let facts = &self.facts;
        let find = |keys: &[&str]| -> Option<Untrusted> {
            let values = keys.iter().filter_map(|key| facts.get(*key)).filter_map(semconv::as_text);
            let mut values = values.filter(|text| text != "DEFAULT_PROJECT_VERSION_NAME");
            values.next().map(Into::into)
        };
        self.portrait.segments = Segments {
            intent: find(INTENT),
            channel: find(CHANNEL),
            tier: find(TIER),
            language: find(LANGUAGE),
            agent_version: find(VERSION),
            handled_by: find(HANDLED_BY),
        };
        self.portrait
    }
}

/// JSON text of a string as that string: some packages encode every value.
fn unquoted(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > 1 && text.starts_with('"') && text.ends_with('"') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        other => other.clone(),
    }
}

/// What spans (roots first) and their resources say.
pub(super) fn of_spans<'s>(spans: impl Iterator<Item = &'s Span>, resource: &Map<String, Value>) -> Portrait {
    let mut gathered = Gathered::default();
    spans.for_each(|span| gathered.span(span));
    for (key, value) in resource {
        gathered.fact(key, value);
        if let Some((_, name)) = KEPT.iter().find(|(from, _)| from == key) {
            gathered.keep(name, value);
        }
    }
    if let Some(metadata) = semconv::metadata(resource) {
        metadata.iter().for_each(|(key, value)| gathered.member(key, value));
    }
    gathered.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_gives_segments_outcomes_and_attributes() {
        let mut gathered = Gathered::default();
        for (key, value) in [
            ("channel", json!("\"chat\"")),
            ("customer.tier", json!("gold")),
            ("outcome.csat", json!(4)),
            ("order", json!("A-1")),
            ("langgraph_step", json!(1)),
        ] {
            gathered.member(key, &value);
        }
        let portrait = gathered.finish();
        assert_eq!(portrait.segments.channel, Some("chat".into()));
        assert_eq!(portrait.segments.tier, Some("gold".into()));
        assert_eq!(portrait.outcomes["csat"], json!(4));
        assert_eq!(portrait.attributes.keys().collect::<Vec<_>>(), ["order"]);
    }
}

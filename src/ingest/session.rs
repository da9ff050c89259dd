//! Which conversation a span belongs to.
//!
//! Invariant: depends on the spans of one trace only, not on their order.

use std::collections::HashMap;

use super::semconv;
use crate::model::id::SpanRef;
use crate::model::trace::{Span, SpanKind};

/// The external id of each of `spans`, which are all spans known of ONE trace: its own session key, else that of its
/// nearest ancestor that has one, else the best one in the trace, else the trace id. Where an ancestor names another
/// conversation by the same attribute, the ancestor's holds: some frameworks give a helper's run a conversation of its own.
pub fn assign(spans: &[&Span]) -> Vec<String> {
    let own: Vec<Option<(usize, String)>> = spans.iter().map(|span| semconv::session_key(&span.attributes)).collect();
    // The best key of the trace: best attribute first, then the most common value, then the smallest.
    let mut votes: HashMap<(usize, &str), usize> = HashMap::new();
    for (rank, key) in own.iter().flatten() {
        *votes.entry((*rank, key)).or_default() += 1;
    }
    let best = votes.into_iter().min_by_key(|((rank, key), count)| (*rank, std::cmp::Reverse(*count), key.to_owned()));
    let best = best.map(|((_, key), _)| key.to_owned());
    let index: HashMap<&str, usize> = spans.iter().enumerate().map(|(i, span)| (span.id.span_id.as_str(), i)).collect();
    let mut settled: Vec<Option<Option<&(usize, String)>>> = vec![None; spans.len()];
    for start in 0..spans.len() {
        let mut path = Vec::new();
        let mut at = Some(start);
        let mut found = None;
        while let Some(i) = at {
            if let Some(known) = settled[i] {
                found = known;
                break;
            }
            settled[i] = Some(None);
            path.push(i);
            at = spans[i].parent_span_id.as_deref().and_then(|id| index.get(id)).copied();
        }
        for i in path.into_iter().rev() {
            let above = |key: &&(usize, String)| found.is_none_or(|(rank, _)| *rank != key.0);
            found = own[i].as_ref().filter(above).or(found);
            settled[i] = Some(found);
        }
    }
    let fallback = |i: usize| best.clone().unwrap_or_else(|| spans[i].id.trace_id.clone());
    let keys = settled.into_iter().enumerate();
    keys.map(|(i, key)| key.flatten().map_or_else(|| fallback(i), |(_, key)| key.clone())).collect()
}

/// The span whose conversation `span` belongs to although it is of another trace: what an evaluator that ran afterwards
/// links to. Such a span (and its trace) is to be kept with that conversation.
pub fn linked_target(span: &Span) -> Option<SpanRef> {
    if semconv::kind(span) != SpanKind::Evaluator {
        return None;
    }
    match span.links.as_slice() {
        [link] if link.target.trace_id != span.id.trace_id => Some(link.target.clone()),
        _ => None,
    }
}

/// The response id of a model call: what a log record may name instead of a span.
pub fn response_id(span: &Span) -> Option<&str> {
    span.attributes.get("gen_ai.response.id").and_then(serde_json::Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, key: Option<(&str, &str)>) -> Span {
        let mut attributes = serde_json::Map::new();
        attributes.extend(key.map(|(name, value)| (name.to_owned(), value.into())));
        Span {
            id: SpanRef { trace_id: "t".into(), span_id: id.into() },
            parent_span_id: parent.map(str::to_owned),
            name: id.into(),
            kind: SpanKind::Other,
            agent: None,
            start: None,
            end: None,
            status: crate::model::trace::SpanStatus::Unset,
            error: None,
            failure_signs: Vec::new(),
            offered_tools: Vec::new(),
            attributes,
            events: Vec::new(),
            links: Vec::new(),
            oddities: Vec::new(),
        }
    }

    #[test]
    fn a_helpers_run_belongs_to_whoever_asked_it() {
        let spans = [
            span("tool", Some("helper"), None),
            span("helper", Some("desk"), Some(("gen_ai.conversation.id", "of the helper"))),
            span("desk", None, Some(("gen_ai.conversation.id", "c-1"))),
            span("beside", None, Some(("gen_ai.conversation.id", "c-2"))),
            span("below", Some("desk"), Some(("session.id", "another attribute"))),
            span("self", Some("self"), None),
        ];
        let names = assign(&spans.iter().collect::<Vec<_>>());
        assert_eq!(names[..5], ["c-1", "c-1", "c-1", "c-2", "another attribute"]);
        assert!(["c-1", "c-2"].contains(&names[5].as_str()), "a circle ends");
    }
}

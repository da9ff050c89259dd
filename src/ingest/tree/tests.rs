//! Odd forests, and spans that arrive twice.

use super::*;
use crate::model::time::Timestamp;
use crate::model::trace::{SpanKind, SpanStatus};

fn span(id: &str, parent: Option<&str>) -> Span {
    Span {
        id: SpanRef { trace_id: "t".into(), span_id: id.into() },
        parent_span_id: parent.map(str::to_owned),
        name: id.into(),
        kind: SpanKind::Other,
        agent: None,
        start: Some(Timestamp(1)),
        end: Some(Timestamp(2)),
        status: SpanStatus::Unset,
        error: None,
        failure_signs: Vec::new(),
        offered_tools: Vec::new(),
        attributes: serde_json::Map::new(),
        events: Vec::new(),
        links: Vec::new(),
        oddities: Vec::new(),
    }
}

#[test]
fn cycles_are_cut_once_and_every_span_has_a_root() {
    let mut spans = vec![
        span("tail", Some("b")),
        span("b", Some("c")),
        span("c", Some("a")),
        span("a", Some("b")),
        span("self", Some("self")),
        span("orphan", Some("gone")),
    ];
    let tree = Tree::build(&mut spans);
    assert_eq!(spans.iter().filter(|span| span.oddities.contains(&SpanOddity::CycleCut)).count(), 1);
    assert_eq!(spans[3].oddities, [SpanOddity::CycleCut], "the smallest id of the cycle");
    assert_eq!(spans[4].oddities, [SpanOddity::SelfParent]);
    assert_eq!(spans[5].oddities, [SpanOddity::Orphan]);
    assert_eq!(tree.root, [3, 3, 3, 3, 4, 5]);
    assert_eq!(tree.depth, [3, 2, 1, 0, 0, 0]);
    assert_eq!(tree.ancestors(0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_deep_chain_needs_no_deep_stack() {
    let mut spans = vec![span("0", None)];
    spans.extend((1..100_000).map(|i| span(&i.to_string(), Some(&(i - 1).to_string()))));
    let tree = Tree::build(&mut spans);
    assert_eq!(tree.depth[99_999], 99_999);
}

#[test]
fn repeated_open_and_other_spans_are_told_apart() {
    let done = span("a", None);
    assert_eq!(reconcile(&done, done.clone()), Arrival::Same);
    let mut open = done.clone();
    open.end = None;
    assert!(matches!(reconcile(&open, done.clone()), Arrival::Completed(span) if span.end.is_some()));
    assert_eq!(reconcile(&done, open), Arrival::Same);
    let mut other = done.clone();
    other.name = "other".into();
    let Arrival::Duplicate(renamed) = reconcile(&done, other.clone()) else { panic!("not a duplicate") };
    assert_ne!(renamed.id, done.id);
    assert_eq!(renamed.oddities, [SpanOddity::DuplicateId]);
    let kept = unique(vec![done.clone(), other.clone(), done, other]);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].id, renamed.id);
}

#[test]
fn times_beyond_belief_are_marked() {
    let mut spans = vec![span("a", None), span("b", None)];
    spans[0].end = Some(Timestamp(0));
    spans[1].end = Some(Timestamp(i64::MAX));
    Tree::build(&mut spans);
    assert!(spans.iter().all(|span| span.oddities == [SpanOddity::ImpossibleTime]));
}

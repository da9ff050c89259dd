//! The span tree: oddities, and spans that arrive more than once.
//!
//! Invariant: no recursion, so that a chain of any depth is safe; nothing is dropped but exact repetitions.

use std::collections::HashMap;

use crate::model::id::SpanRef;
use crate::model::trace::{Span, SpanOddity};

/// The longest duration that is believed, in microseconds: a year.
const LONGEST: i64 = 366 * 24 * 3600 * 1_000_000;

/// What a span is that arrives under an identity that is already there.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// The same again: nothing to do.
    Same,
    /// The stored one was open, or lacks events; this is the completed one to store in its place.
    Completed(Box<Span>),
    /// Another span under the same id: store it under the id derived from its content, which is set already. (It may
    /// have arrived before; compare again under the new id.)
    Duplicate(Box<Span>),
}

/// Decides what `incoming` is, given the stored span of the same identity. Events that log records added to the stored
/// one do not count as a difference, nor does anything that [`super::assemble()`] derived.
pub fn reconcile(stored: &Span, incoming: Span) -> Arrival {
    let same_start = stored.name == incoming.name
        && stored.parent_span_id == incoming.parent_span_id
        && stored.start == incoming.start;
    let finished = stored.end == incoming.end && stored.status == incoming.status;
    let new_events = incoming.events.iter().any(|event| !stored.events.contains(event));
    if same_start
        && finished
        && !new_events
        && stored.attributes == incoming.attributes
        && stored.links == incoming.links
    {
        return Arrival::Same;
    }
    let open = |span: &Span| span.end.is_none();
    if same_start && open(&incoming) && !open(stored) {
        return Arrival::Same;
    }
    if same_start && open(stored) {
        let mut completed = incoming;
        let more = stored.events.iter().filter(|event| !completed.events.contains(event)).cloned();
        let more: Vec<_> = more.collect();
        completed.events.extend(more);
        for (key, value) in &stored.attributes {
            completed.attributes.entry(key).or_insert_with(|| value.clone());
        }
        return Arrival::Completed(Box::new(completed));
    }
    let mut other = incoming;
    other.id.span_id = derived_id(&other);
    if !other.oddities.contains(&SpanOddity::DuplicateId) {
        other.oddities.push(SpanOddity::DuplicateId);
    }
    Arrival::Duplicate(Box::new(other))
}

/// An id for a span whose own is taken: a hash of what it says, so that it is the same at every import.
fn derived_id(span: &Span) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in [&span.id.trace_id, &span.id.span_id, span.parent_span_id.as_deref().unwrap_or(""), span.name.exact()] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&span.start.map_or(0, |at| at.0).to_le_bytes());
    hasher.update(&span.end.map_or(0, |at| at.0).to_le_bytes());
    let mut members: Vec<(&String, String)> =
        span.attributes.iter().map(|(key, value)| (key, value.to_string())).collect();
    members.sort();
    for (key, value) in members {
        hasher.update(key.as_bytes());
        hasher.update(value.as_bytes());
    }
    crate::model::id::hex(&hasher.finalize().as_bytes()[..8])
}

/// Drops exact repetitions, completes open spans and renames duplicates. The result does not depend on the order of
/// `spans`, but for which of two different spans keeps an id they share.
pub(super) fn unique(spans: Vec<Span>) -> Vec<Span> {
    let mut index: HashMap<SpanRef, usize> = HashMap::with_capacity(spans.len());
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        let mut candidate = span;
        loop {
            let Some(at) = index.get(&candidate.id).copied() else {
                index.insert(candidate.id.clone(), kept.len());
                kept.push(candidate);
                break;
            };
            match reconcile(&kept[at], candidate) {
                Arrival::Same => break,
                Arrival::Completed(span) => {
                    kept[at] = *span;
                    break;
                }
                Arrival::Duplicate(span) if span.id == kept[at].id => break,
                Arrival::Duplicate(span) => candidate = *span,
            }
        }
    }
    kept
}

/// The places of spans in their forest. Indexes are those of the slice it was built from.
pub(super) struct Tree {
    /// The parent, where it is there and no cycle passes through it.
    pub(super) parent: Vec<Option<usize>>,
    /// 0 for roots.
    pub(super) depth: Vec<u32>,
    /// The root above (or at) each span.
    pub(super) root: Vec<usize>,
}

impl Tree {
    /// Builds the forest and marks what is odd about each span.
    pub(super) fn build(spans: &mut [Span]) -> Self {
        let index: HashMap<(&str, &str), usize> = spans
            .iter()
            .enumerate()
            .map(|(i, span)| ((span.id.trace_id.as_str(), span.id.span_id.as_str()), i))
            .collect();
        let mut parent: Vec<Option<usize>> = Vec::with_capacity(spans.len());
        let mut odd: Vec<Vec<SpanOddity>> = vec![Vec::new(); spans.len()];
        for (i, span) in spans.iter().enumerate() {
            let named = span.parent_span_id.as_deref();
            let found = named.and_then(|id| index.get(&(span.id.trace_id.as_str(), id))).copied();
            match (named, found) {
                (Some(_), Some(at)) if at == i => odd[i].push(SpanOddity::SelfParent),
                (Some(_), None) => odd[i].push(SpanOddity::Orphan),
                _ => {}
            }
            parent.push(found.filter(|at| *at != i));
            if impossible(span) {
                odd[i].push(SpanOddity::ImpossibleTime);
            }
        }
        cut_cycles(spans, &mut parent, &mut odd);
        let (depth, root) = settle(&parent);
        for (span, odd) in spans.iter_mut().zip(odd) {
            span.oddities.retain(|oddity| *oddity == SpanOddity::DuplicateId);
            span.oddities.extend(odd);
        }
        Self { parent, depth, root }
    }

    /// The spans above `at`, nearest first.
    pub(super) fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parent[at], |at| self.parent[*at])
    }
}

fn impossible(span: &Span) -> bool {
    match (span.start, span.end) {
        (Some(start), Some(end)) => end.0.checked_sub(start.0).is_none_or(|length| !(0..=LONGEST).contains(&length)),
        (None, Some(_)) => true,
        _ => false,
    }
}

/// Cuts every cycle at its span with the smallest id, so that the cut does not depend on the order of spans.
fn cut_cycles(spans: &[Span], parent: &mut [Option<usize>], odd: &mut [Vec<SpanOddity>]) {
    let mut walk = vec![usize::MAX; spans.len()];
    for start in 0..spans.len() {
        let mut path = Vec::new();
        let mut at = start;
        while walk[at] == usize::MAX {
            walk[at] = start;
            path.push(at);
            match parent[at] {
                Some(up) => at = up,
                None => break,
            }
        }
        if let Some(from) = path.iter().position(|seen| *seen == at).filter(|_| parent[at].is_some())
            && let Some(victim) = path[from..].iter().copied().min_by_key(|at| &spans[*at].id)
        {
            parent[victim] = None;
            odd[victim].push(SpanOddity::CycleCut);
        }
    }
}

/// Depths and roots of a forest.
fn settle(parent: &[Option<usize>]) -> (Vec<u32>, Vec<usize>) {
    let mut place: Vec<Option<(u32, usize)>> = vec![None; parent.len()];
    for start in 0..parent.len() {
        let mut path = Vec::new();
        let mut at = start;
        let mut above = loop {
            if place[at].is_some() {
                break place[at];
            }
            path.push(at);
            match parent[at] {
                Some(up) => at = up,
                None => break None,
            }
        };
        for at in path.into_iter().rev() {
            above = Some(above.map_or((0, at), |(depth, root)| (depth + 1, root)));
            place[at] = above;
        }
    }
    place.into_iter().enumerate().map(|(at, place)| place.unwrap_or((0, at))).unzip()
}

#[cfg(test)]
mod tests;

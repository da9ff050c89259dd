//! From the spans of one conversation to the conversation: the one way, whatever carried them.
//!
//! Invariant: a pure function of the set of spans; their order does not matter.

use serde_json::{Map, Value};

use super::tools::{self, ToolList};
use super::tree::{self, Tree};
use super::{expected, failure, scores, segments, semconv, transcript};
use crate::model::conversation::Conversation;
use crate::model::id::ConversationId;
use crate::model::trace::Span;

/// Everything known of a conversation that spans tell.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// Its namespace.
    pub source: String,
    /// Its session key, else its trace id.
    pub external_id: String,
    /// Its spans with all attributes, events (log records among them) and links.
    pub spans: Vec<Span>,
    /// Attributes of their resources, merged.
    pub resource: Map<String, Value>,
}

/// Builds the conversation: kinds, agents, tree oddities, transcript, tools, scores, segments and outcomes.
pub fn assemble(pieces: Pieces, told: &ToolList) -> Conversation {
    let Pieces { source, external_id, spans, resource } = pieces;
    let mut spans = tree::unique(spans);
    for span in &mut spans {
        span.kind = semconv::kind(span);
        span.agent = None;
        span.events.sort_by_key(|event| event.at);
        failure::mark(span);
    }
    let tree = sorted(&mut spans);
    name_agents(&mut spans, &tree);
    let tools = tools::collect(&source, &mut spans, told);
    let scores = scores::collect(&spans, &tree);
    let transcript = transcript::build(&mut spans, &tree);
    let mut top_down: Vec<usize> = (0..spans.len()).collect();
    top_down.sort_by_key(|at| tree.depth[*at]);
    let mut portrait = segments::of_spans(top_down.into_iter().map(|at| &spans[at]), &resource);
    let expected = expected::of_spans(&spans, &mut portrait.attributes);
    Conversation {
        id: ConversationId::derive(&source, &external_id),
        source: source.into(),
        external_id: external_id.into(),
        segments: portrait.segments,
        system: transcript.system.into_iter().map(Into::into).collect(),
        steps: transcript.steps,
        spans,
        tools,
        scores,
        expected,
        outcomes: portrait.outcomes,
        attributes: portrait.attributes,
        resource,
    }
}

/// Puts spans in their order: by start, parents before children, ties by id; spans without a start come last.
fn sorted(spans: &mut Vec<Span>) -> Tree {
    let tree = Tree::build(spans);
    let mut keyed: Vec<_> = std::mem::take(spans).into_iter().zip(tree.depth).collect();
    keyed.sort_by(|(a, depth_a), (b, depth_b)| {
        let start = |span: &Span| span.start.map_or(i64::MAX, |time| time.0);
        (start(a), depth_a, &a.id).cmp(&(start(b), depth_b, &b.id))
    });
    *spans = keyed.into_iter().map(|(span, _)| span).collect();
    Tree::build(spans)
}

/// The agent at work in each span: the one it names, else that of the span above it.
fn name_agents(spans: &mut [Span], tree: &Tree) {
    let mut top_down: Vec<usize> = (0..spans.len()).collect();
    top_down.sort_by_key(|at| tree.depth[*at]);
    for at in top_down {
        let own = semconv::own_agent(&spans[at]).map(Into::into);
        spans[at].agent = own.or_else(|| spans[tree.parent[at]?].agent.clone());
    }
}

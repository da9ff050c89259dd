//! From the spans of one conversation to the conversation: the one way, whatever carried them.
//!
//! Invariant: a pure function of the set of spans; their order does not matter.

use serde_json::{Map, Value};

use super::tools::ToolList;
use crate::model::conversation::Conversation;
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
pub fn assemble(pieces: Pieces, tools: &ToolList) -> Conversation {
    let _ = (pieces, tools);
    unimplemented!()
}

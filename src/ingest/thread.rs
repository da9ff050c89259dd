//! Histories as sequences of comparable pieces, and where a new history joins what is known.
//!
//! Invariant: two pieces compare equal whatever the spelling of white space or JSON that carried them.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::message::{Call, Sender};
use super::said::Said;
use crate::model::step::Role;
use crate::model::tool::canonical_json;

/// An atom of a history: a text, a call, or a result. One message may be several.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text {
        role: Role,
        said: Said,
        reasoning: Option<String>,
    },
    /// The call of that place in the message.
    Call {
        said: Said,
        place: usize,
    },
    Result {
        said: Said,
    },
}

impl Piece {
    pub(super) const USER: u8 = 1;
    pub(super) const ASSISTANT: u8 = 2;
    pub(super) const CALL: u8 = 3;
    pub(super) const LOOSE: u8 = 4;

    /// What it is compared by; results are given to their calls instead.
    pub(super) fn key(&self) -> Option<(u8, u64)> {
        match self {
            Self::Text { role, said, .. } => Some(text_key(*role, said)),
            Self::Call { said, place } => said.calls().get(*place).map(|number| (Self::CALL, *number)),
            Self::Result { .. } => None,
        }
    }
}

/// What a text is compared by.
pub(super) fn text_key(role: Role, said: &Said) -> (u8, u64) {
    let kind = match role {
        Role::User => Piece::USER,
        Role::Assistant => Piece::ASSISTANT,
        Role::Tool => Piece::LOOSE,
    };
    (kind, said.number())
}

/// A number that stands for the words of a text.
pub(super) fn words_number(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.split_whitespace().for_each(|word| word.hash(&mut hasher));
    hasher.finish()
}

/// A number that stands for a call: its tool and what its arguments say.
pub(super) fn call_number(call: &Call) -> u64 {
    let mut hasher = DefaultHasher::new();
    call.tool.hash(&mut hasher);
    canonical_json(&call.arguments).hash(&mut hasher);
    hasher.finish()
}

/// Messages as pieces: text first, then calls, whatever order the parts had.
pub(super) fn pieces(messages: &[Said]) -> Vec<Piece> {
    let mut all = Vec::with_capacity(messages.len());
    let mut thought: Option<String> = None;
    for said in messages {
        match said.sender {
            Sender::System => {}
            Sender::Tool => all.push(Piece::Result { said: said.clone() }),
            Sender::User => all.push(Piece::Text { role: Role::User, said: said.clone(), reasoning: None }),
            Sender::Assistant => {
                let reasoning = said.reasoning.clone().or_else(|| thought.take());
                if said.text.trim().is_empty() {
                    // Reasoning may come as a message of its own, ahead of what it led to.
                    if said.calls.is_empty() {
                        thought = reasoning;
                    }
                } else {
                    all.push(Piece::Text { role: Role::Assistant, said: said.clone(), reasoning });
                }
                all.extend((0..said.calls.len()).map(|place| Piece::Call { said: said.clone(), place }));
            }
        }
    }
    all
}

/// What is known of one agent's history.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// Its rows, in order.
    pub(super) rows: Vec<usize>,
    /// Those of its rows that are calls.
    pub(super) calls: Vec<usize>,
    /// Whether the customer hears it.
    pub(super) facing: bool,
    /// The trace, instructions and history of its last call.
    pub(super) trace: String,
    pub(super) system: Vec<String>,
    pub(super) heard: Vec<(u8, u64)>,
    /// Its last call, if that recorded no answer.
    pub(super) silent: Option<usize>,
}

/// How a history joins what is known; `known` counts (or marks) the pieces that are not new.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// It goes on from the agent's own thread.
    Own { known: usize },
    /// It goes on from the customer's thread, of which it holds the first `rows` rows.
    Facing { known: usize, rows: usize },
    /// It joins no end, but some of it was said in this trace; `customer`: its question is the customer's last.
    Within { known: Vec<bool>, customer: bool },
    /// Nothing of it is known.
    New,
}

impl Merge {
    /// Which pieces are known.
    pub(super) fn known(&self, length: usize) -> Vec<bool> {
        match self {
            Self::Own { known } | Self::Facing { known, .. } => (0..length).map(|i| i < *known).collect(),
            Self::Within { known, .. } => known.clone(),
            Self::New => vec![false; length],
        }
    }
}

/// An overlap: how many pieces match, and how many pieces of the history it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) length: usize,
    pub(super) known: usize,
}

/// The longest overlap between the end of `list` and `history`; of equals the earliest, which loses least.
pub(super) fn align(list: &[(u8, u64)], history: &[(u8, u64)]) -> Option<Overlap> {
    if list.is_empty() || history.is_empty() {
        return None;
    }
    if history.len() >= list.len() && history[..list.len()] == *list {
        return Some(Overlap { length: list.len(), known: list.len() });
    }
    let mut best: Option<Overlap> = None;
    for known in 1..=history.len() {
        let length = list.iter().rev().zip(history[..known].iter().rev()).take_while(|(a, b)| a == b).count();
        if length > best.map_or(0, |best| best.length) {
            best = Some(Overlap { length, known });
        }
    }
    let reworded = reworded(list, history);
    match (best, reworded) {
        (Some(best), Some(other)) if other.length > best.length => Some(other),
        (best, other) => best.or(other),
    }
}

/// A history that repeats the list with some pieces reworded (trimmed, moderated): same kinds, and half of them equal.
fn reworded(list: &[(u8, u64)], history: &[(u8, u64)]) -> Option<Overlap> {
    if history.len() < list.len() || list.iter().zip(history).any(|(a, b)| a.0 != b.0) {
        return None;
    }
    let equal = list.iter().zip(history).filter(|(a, b)| a == b).count();
    (equal > 0 && equal * 2 >= list.len()).then_some(Overlap { length: equal, known: list.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(u8, u64)> {
        text.bytes().map(|byte| (if byte.is_ascii_lowercase() { 1 } else { 2 }, u64::from(byte))).collect()
    }

    fn known(list: &str, history: &str) -> Option<usize> {
        align(&keys(list), &keys(history)).map(|overlap| overlap.known)
    }

    #[test]
    fn a_history_goes_on_where_the_list_ends() {
        assert_eq!(known("aBc", "aBcD"), Some(3));
        assert_eq!(known("aBcDe", "DeFg"), Some(2), "cut off at the front");
        assert_eq!(known("aBcDe", "xDeFg"), Some(3), "summarised at the front");
        assert_eq!(known("a", "aB"), Some(1), "an answer that was streamed");
        assert_eq!(known("aBa", "aBaBa"), Some(3), "repeated words");
        assert_eq!(known("aB", "xY"), None);
        assert_eq!(known("", "aB"), None);
    }

    #[test]
    fn a_reworded_answer_is_not_a_new_one() {
        assert_eq!(known("aBcD", "aBcXe"), Some(4));
        assert_eq!(known("aB", "xYz"), None);
    }
}

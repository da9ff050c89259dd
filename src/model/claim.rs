//! Claims: who reads a conversation of a shared queue with a verdict in mind, and until when.
//!
//! Invariant: a claim is advice about who takes what; it ends by itself, and no label was ever refused over one.

use super::id::ConversationId;
use super::time::Timestamp;

/// Minutes for which a claim holds unless the configuration says otherwise.
pub const MINUTES: u32 = 15;

/// The longest that any claim is heeded, so that a clock that is wrong locks nobody out.
pub const LONGEST: i64 = 24 * 60 * 60 * 1_000_000;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOrder {
    /// The queue in which it came up.
    pub queue: String,
    /// The conversation.
    pub conversation: ConversationId,
}

/// A claim that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// On what.
    pub conversation: ConversationId,
    /// Whose.
    pub reviewer: String,
    /// Until when.
    pub until: Timestamp,
}

/// What came of asking for a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is the asking reviewer's until then.
    Yours {
        /// When it ends, unless it is renewed.
        until: Timestamp,
    },
    /// Others hold it; the first of them until then.
    Held {
        /// When it may be taken.
        until: Timestamp,
    },
    /// It has as many reviews as its queue asks for.
    Full,
    /// There is nothing to claim: the queue is nobody's to share, or the asking reviewer judged it already.
    NotAsked,
    /// It was given back.
    Released,
}

/// Half of the time a claim holds: one that has more than this left is not written again.
pub fn half_of(minutes: u32) -> i64 {
    i64::from(minutes) * 30_000_000
}

/// When a claim ends that is taken now.
pub fn end_of(minutes: u32, now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::from(minutes) * 60_000_000))
}

/// When a conversation is free for one more review: it needs `needed`, so many were given, and `others` hold it. `None`
/// where it is free now.
pub fn free_at(needed: usize, given: usize, others: &[Timestamp]) -> Option<Timestamp> {
    let mut ends = others.to_vec();
    ends.sort_unstable();
    let over = (given + ends.len()).checked_sub(needed)?;
    ends.get(over).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_free_once_reviews_and_claims_leave_room() {
        let (five, nine) = (Timestamp(5), Timestamp(9));
        assert_eq!(free_at(1, 0, &[]), None);
        assert_eq!(free_at(1, 0, &[five]), Some(five));
        assert_eq!(free_at(2, 0, &[five]), None);
        assert_eq!(free_at(2, 1, &[five]), Some(five));
        assert_eq!(free_at(2, 0, &[nine, five]), Some(five));
        assert_eq!(free_at(2, 1, &[nine, five]), Some(nine), "both have to end");
        assert_eq!(free_at(2, 2, &[five]), None, "it is full, which no claim changes");
    }
}

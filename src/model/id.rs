//! Identity: how conversations, spans and events are named so that a second import changes nothing.
//!
//! Invariant: every id here is a pure function of its inputs, or was made once and is carried along unchanged.

use serde::{Deserialize, Serialize};

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What people and scripts call a conversation: `c` and the first 12 base32 characters of BLAKE3(source, external id).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(String);

impl ConversationId {
    /// Derives the id. The hash input is `source`, one zero byte, `external_id`, all UTF-8.
    pub fn derive(source: &str, external_id: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(source.as_bytes());
        hasher.update(&[0]);
        hasher.update(external_id.as_bytes());
        let mut id = String::with_capacity(13);
        id.push('c');
        id.push_str(&base32(hasher.finalize().as_bytes(), 12));
        Self(id)
    }

    /// Takes an id that was stored before, as it is.
    pub fn from_stored(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text; always safe to print.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ConversationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One span, named as its source named it: 32 and 16 lower-case hex digits. A span id is unique only within its trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpanRef {
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
}

impl SpanRef {
    /// Names a span a transcript format never had: the first 8 bytes of BLAKE3(conversation id, kind, ordinal), in the
    /// trace made of the first 16 bytes of BLAKE3(conversation id).
    pub fn synthesise(conversation: &ConversationId, kind: &str, ordinal: usize) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(conversation.as_str().as_bytes());
        let trace = hasher.finalize();
        hasher.update(&[0]);
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(ordinal.to_string().as_bytes());
        let span = hasher.finalize();
        Self { trace_id: hex(&trace.as_bytes()[..16]), span_id: hex(&span.as_bytes()[..8]) }
    }
}

/// The hash of what was said and done, `t1:<64 hex digits>`; see [`super::step::transcript_hash`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TranscriptHash(String);

impl TranscriptHash {
    /// The version of the rule that made the hash, and its prefix.
    pub const VERSION: &'static str = "t1";

    /// Wraps a finished digest of the current rule.
    pub fn from_digest(digest: &blake3::Hash) -> Self {
        Self(format!("{}:{}", Self::VERSION, digest.to_hex()))
    }

    /// Takes a hash that was stored before, as it is.
    pub fn from_stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The hash as text; always safe to print.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case hex digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The first `length` characters of the lower-case RFC 4648 base32 form of `bytes`.
fn base32(bytes: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        if text.len() == length {
            break;
        }
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 && text.len() < length {
            bits -= 5;
            text.push(char::from(BASE32[(buffer >> bits) as usize & 31]));
        }
        buffer &= (1 << bits) - 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_follows_rfc_4648() {
        assert_eq!(base32(b"foobar", 9), "mzxw6ytbo");
    }

    #[test]
    fn a_conversation_id_depends_on_both_parts_and_on_their_border() {
        let id = ConversationId::derive("shop", "42");
        assert_eq!(id.as_str().len(), 13);
        assert!(id.as_str().starts_with('c'));
        assert_eq!(id, ConversationId::derive("shop", "42"));
        assert_ne!(id, ConversationId::derive("shop4", "2"));
    }

    #[test]
    fn synthesised_spans_share_a_trace_and_differ_by_kind_and_ordinal() {
        let id = ConversationId::derive("chat", "1");
        let (a, b, c) = (
            SpanRef::synthesise(&id, "llm", 0),
            SpanRef::synthesise(&id, "llm", 1),
            SpanRef::synthesise(&id, "tool", 0),
        );
        assert_eq!(a.trace_id, b.trace_id);
        assert_eq!((a.trace_id.len(), a.span_id.len()), (32, 16));
        assert_ne!(a.span_id, b.span_id);
        assert_ne!(a.span_id, c.span_id);
    }
}

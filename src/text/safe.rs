//! Text that came from a transcript, kept exact, and the doors through which it may leave.
//!
//! Invariant: [`Untrusted`] has neither `Display` nor `Deref`, so that text of strangers reaches a sink only by a call
//! that names the sink.

use serde::{Deserialize, Serialize};

/// Exact text of unknown origin: message text, tool names, arguments, attribute keys, evaluator names, ids.
///
/// `Debug` prints the length only, so that logs and panics carry no transcript text.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text as it came, unchanged.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The exact text: for storage, hashing, comparison and the doors, never for a screen or a file directly.
    pub fn exact(&self) -> &str {
        &self.0
    }

    /// The exact text, by value.
    pub fn into_exact(self) -> String {
        self.0
    }

    /// True when there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Untrusted({} bytes)", self.0.len())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

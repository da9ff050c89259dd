//! What went wrong with an input, where, and what became of it.
//!
//! Invariant: a problem never repeats text of the input: only positions, sizes, and words of our own.

use serde::Serialize;

/// The kinds of problems; the JSON words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The input as a whole is refused: wrong encoding, an archive, not a known form.
    Refused,
    /// Reading or decompressing failed.
    Io,
    /// Not JSON.
    InvalidJson,
    /// Not a protobuf message, though it began as one.
    InvalidProtobuf,
    /// The record ends before it is complete.
    Truncated,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// Nested deeper than is sensible.
    TooDeep,
    /// Above a stated limit.
    TooLarge,
    /// JSON, but no record of a known form.
    NotARecord,
    /// A span that cannot be identified.
    BadSpan,
    /// A log record that speaks of nothing.
    BadLog,
    /// A message that cannot be understood.
    BadMessage,
    /// A score that is no score; its record was imported without it.
    BadScore,
    /// A member that occurs twice in one object.
    DuplicateKey,
    /// A file of tools, or a tool definition, that cannot be understood.
    BadTool,
}

/// One problem. `line` counts from 1; `byte` is an offset from the start of the (decompressed) input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The input's name.
    pub path: String,
    /// The line it is on, where the input has lines.
    pub line: Option<u64>,
    /// Where, as exactly as is known.
    pub byte: Option<u64>,
    /// What kind.
    pub kind: ProblemKind,
    /// What, in words; never text of the input.
    pub message: String,
    /// How many records were lost by it: 0 for a warning.
    #[serde(skip)]
    pub lost: u64,
}

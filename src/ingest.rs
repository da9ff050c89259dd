//! From bytes of any supported form to spans, log records and conversations.
//!
//! Invariant: pure. The reader is handed in; there is no clock and no database here, memory is bounded by one record,
//! and no [`Problem`] ever repeats text of the input.

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::conversation::Conversation;
use crate::model::trace::{Span, SpanEvent};

pub mod assemble;
mod chat;
mod decode;
mod detect;
mod exchange;
mod failure;
mod join;
mod message;
mod openai;
mod otlp;
pub mod problem;
mod protobuf;
mod python;
pub mod read;
mod scores;
mod segments;
mod semconv;
pub mod session;
mod tau;
mod thread;
pub mod tools;
mod transcript;
pub mod tree;

pub use assemble::{Pieces, assemble};
pub use detect::{GrowthForm, growth_form};
pub use otlp::Signal;
pub use problem::{Problem, ProblemKind};
pub use read::{Encoding, read, read_request};
pub use segments::keys as segment_keys;
pub use tools::{ToolList, ToolListError};

/// One input: what to read, and the name it goes by in problems.
pub struct Input<'a> {
    /// The path as given, or `-`.
    pub name: String,
    /// The file's stem: the default source of transcript files.
    pub stem: String,
    /// The bytes; no need to buffer them.
    pub reader: Box<dyn Read + 'a>,
}

/// Which form to expect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Judge every record by its content.
    #[default]
    Auto,
    /// OpenTelemetry spans and log records as OTLP, in JSON or protobuf.
    Otlp,
    /// Chat transcripts, one object a line.
    OpenAi,
    /// Results of tau-bench.
    Tau,
}

/// Bounds of what a reader may be made to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest record (line, or item of an array) in bytes.
    pub record: u64,
    /// How many times larger than its compressed form a file may be, once [`Limits::expansion_free`] is used up.
    pub expansion: u64,
    /// Decompressed bytes that are always allowed.
    pub expansion_free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { record: 256 << 20, expansion: 400, expansion_free: 64 << 20 }
    }
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Expected form.
    pub format: Format,
    /// Overrides the source namespace.
    pub source: Option<String>,
    /// Tools and effects told from outside.
    pub tools: ToolList,
    /// Bounds.
    pub limits: Limits,
}

/// What a reader hands out, one at a time and in file order.
#[derive(Debug)]
pub enum Item {
    /// Something to store.
    Record(Record),
    /// Something that was not, or not wholly, understood.
    Problem(Problem),
}

/// One record of an input.
#[derive(Debug)]
pub enum Record {
    /// A span as recorded: its derived fields (kind, agent, failure signs, offered tools) are filled in by
    /// [`assemble()`].
    Span(Box<SpanRecord>),
    /// A log record; what concerns a span is to be attached to it by [`LogRecord::event`].
    Log(Box<LogRecord>),
    /// A whole conversation, from a transcript format.
    Conversation(Box<Conversation>),
}

/// A span with what its surroundings said.
#[derive(Debug, Clone)]
pub struct SpanRecord {
    /// The namespace of its conversation: `--source`, else the service or project name, else `default`.
    pub source: Arc<str>,
    /// The span.
    pub span: Span,
    /// Attributes of its resource, shared by the spans of one request.
    pub resource: Arc<Map<String, Value>>,
}

/// A log record that speaks of a span, a trace or a conversation.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// As with spans.
    pub source: Arc<str>,
    /// What it is about.
    pub target: LogTarget,
    /// The record as a span event, ready to be pushed to its span's events; the body is the attribute `body`.
    pub event: SpanEvent,
}

/// What a log record is about, most precise first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogTarget {
    /// The span `span_id` of the trace.
    Span(crate::model::id::SpanRef),
    /// The LLM span with this response id, in the trace if one is known.
    Response {
        /// The value of `gen_ai.response.id`.
        response_id: String,
        /// 32 hex digits.
        trace_id: Option<String>,
    },
    /// A trace as a whole: to be attached to any one span of it; its event carries [`TARGET_KEY`].
    Trace(String),
    /// A conversation as a whole, by its session key: to be attached to any one span of it, as above.
    Session(String),
}

/// The event attribute that marks a log record about a whole `trace` or `conversation`.
pub const TARGET_KEY: &str = "aftercall.target";

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Records found, the lost ones included.
    pub read: u64,
    /// Records lost; each is explained by a problem.
    pub skipped: u64,
    /// True when the sink asked to stop.
    pub stopped: bool,
}

/// Receives items; breaks to stop.
pub type Sink<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

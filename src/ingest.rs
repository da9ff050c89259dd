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
use crate::model::id::{ConversationId, TranscriptHash};
use crate::model::label::{StepPointer, Verdict};
use crate::model::trace::{Span, SpanEvent};
use crate::text::Untrusted;

mod agents_sdk;
mod archive;
pub mod assemble;
mod chat;
mod decode;
mod detect;
mod exchange;
mod expected;
mod export;
mod failure;
pub mod formats;
mod forms;
mod glance;
mod inspect;
mod join;
mod langchain;
mod langfuse;
mod langsmith;
mod mapped;
pub mod mapping;
mod message;
mod mlflow;
mod openai;
mod otlp;
mod phoenix;
pub mod problem;
mod protobuf;
mod python;
pub mod read;
mod responses;
pub mod rows;
mod said;
mod scores;
mod segments;
mod semconv;
pub mod session;
mod table;
mod tau;
mod tau2;
mod thread;
pub mod tools;
mod transcript;
pub mod tree;
mod who_and_when;

pub use assemble::{Pieces, assemble};
pub use detect::{GrowthForm, growth_form};
pub use formats::{FORMATS, FormatInfo};
pub use mapping::{Mapping, MappingError};
pub use otlp::Signal;
pub use problem::{Problem, ProblemKind};
pub use read::{Encoding, read, read_record, read_request};
pub use rows::{Fact, Row, RowKey};
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
    /// Results and simulations of tau2-bench.
    Tau2,
    /// Rows exported by the `OpenAI` Agents SDK.
    AgentsSdk,
    /// `LangChain` message dumps and `LangGraph` thread states.
    LangChain,
    /// `OpenAI` Responses items, stored completions and batch lines.
    Responses,
    /// Langfuse traces, observations, sessions and scores.
    Langfuse,
    /// `LangSmith` runs and feedback.
    LangSmith,
    /// Phoenix spans and annotations.
    Phoenix,
    /// `MLflow` traces.
    MlFlow,
    /// Logs of Inspect.
    Inspect,
    /// Logs of Who&When.
    WhoAndWhen,
    /// Rows of scores, whoever made them: read as [`Item::Row`], as are the next three.
    Scores,
    /// Rows of what came of conversations.
    Outcomes,
    /// Rows of reference solutions.
    Expected,
    /// Rows of conversations that somebody flagged.
    Flags,
}

impl Format {
    /// True for files that are about conversations instead of holding any.
    pub fn holds_rows(self) -> bool {
        matches!(self, Self::Scores | Self::Outcomes | Self::Expected | Self::Flags)
    }
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
    /// What the members of a stranger's own form mean; then nothing is recognised, and this alone decides.
    pub mapping: Option<Arc<Mapping>>,
    /// Bounds.
    pub limits: Limits,
}

/// What a reader hands out, one at a time and in file order.
#[derive(Debug)]
pub enum Item {
    /// Something to store.
    Record(Record),
    /// A row about a conversation, from a file that was read as one of such rows.
    Row(Box<Row>),
    /// A judgement that came with the conversation handed out just before; it counts as no record.
    Label(Box<ImportedLabel>),
    /// Something that was not, or not wholly, understood.
    Problem(Problem),
}

/// What a person said of a conversation before it came here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLabel {
    /// Which one.
    pub conversation: ConversationId,
    /// The text that was judged.
    pub transcript_hash: TranscriptHash,
    /// The name these judgements go under.
    pub reviewer: String,
    /// Pass or fail.
    pub verdict: Verdict,
    /// Where it first went wrong; `None` where that is not said.
    pub step: Option<StepPointer>,
    /// The agent held responsible.
    pub agent: Option<Untrusted>,
    /// Why.
    pub reason: Option<Untrusted>,
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
    /// As with spans; [`ANY_SOURCE`] for rows of scores, which know the ids of spans but no namespace.
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
    /// The span `span_id` of the trace; an empty trace id means the one that holds the span.
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

/// The source of log records that name none: they are about whichever conversation holds their target.
pub const ANY_SOURCE: &str = "";

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

//! Lists of conversations as data: one object a line, one schema.
//!
//! Invariant: the fields, their names and their order are public surface; adding is allowed, changing needs another
//! schema version.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::id::ConversationId;
use crate::model::label::{LabelState, Owner, Verdict};
use crate::model::queue::QueueQuery;
use crate::model::summary::Summary;
use crate::model::time::Timestamp;
use crate::store::Asker;

use super::door::Door;
use super::queue::{self, QueueError};
use super::workspace::Workspace;

/// The version of every JSON shape of the command line.
pub const SCHEMA_VERSION: u32 = 1;

/// One conversation of a list.
pub type ListRow = Row<u32, BTreeMap<String, Option<f64>>>;

/// What is said of a conversation by lists, with the number of its spans and its worst scores, and when it is shown,
/// with the spans and scores themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<Spans, Scores> {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Its id.
    pub id: ConversationId,
    /// The namespace it was imported under.
    pub source: String,
    /// Its name there.
    pub external_id: String,
    /// Of the stored text.
    pub transcript_hash: String,
    /// Start of its first span or message.
    pub started_at: Option<Timestamp>,
    /// End of its last.
    pub ended_at: Option<Timestamp>,
    /// What the customer wanted.
    pub intent: Option<String>,
    /// chat, email, voice, …
    pub channel: Option<String>,
    /// The customer's tier.
    pub tier: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// `ai` or `human`.
    pub handled_by: Option<String>,
    /// Customer messages.
    pub turns: u32,
    /// Rows of the transcript.
    pub steps: u32,
    /// Spans of all kinds: their number, or they themselves.
    pub spans: Spans,
    /// Calls in the transcript.
    pub tool_calls: u32,
    /// Spans with status error.
    pub error_spans: u32,
    /// Steps that failed in any way.
    pub failed_steps: u32,
    /// The worst value per evaluator as it came, or all scores.
    pub scores: Scores,
    /// Probability of failure; null until something computes it.
    pub p_fail: Option<f64>,
    /// Why it is where it is in the queue.
    pub reasons: Vec<String>,
    /// Span ids of suspicious steps.
    pub suspects: Vec<String>,
    /// The verdict all labels agree on.
    pub verdict: Option<Verdict>,
    /// Keys of failure modes.
    pub modes: Vec<String>,
    /// Who can put it right.
    pub owners: Vec<Owner>,
    /// The labels taken together.
    pub label_state: LabelState,
    /// Who labelled.
    pub reviewers: Vec<String>,
    /// What the system of record says came of it.
    pub outcomes: BTreeMap<String, Value>,
    /// Other attributes.
    pub attributes: Map<String, Value>,
}

impl ListRow {
    /// The names of the fields, in order.
    pub fn fields() -> &'static [&'static str] {
        &FIELDS
    }

    /// A row of the workspace as it leaves by `door`.
    pub fn of(summary: &Summary, door: &Door) -> Self {
        let row = door.summary(summary);
        Row::with(&row, row.counts.spans, row.scores.clone())
    }
}

impl<Spans, Scores> Row<Spans, Scores> {
    /// A row of a summary that has been through the door.
    pub fn with(row: &Summary, spans: Spans, scores: Scores) -> Self {
        let row = row.clone();
        let text = |text: Option<crate::text::Untrusted>| text.map(crate::text::Untrusted::into_exact);
        Self {
            schema_version: SCHEMA_VERSION,
            id: row.id,
            source: row.source.into_exact(),
            external_id: row.external_id.into_exact(),
            transcript_hash: row.transcript_hash.as_str().to_owned(),
            started_at: row.started_at,
            ended_at: row.ended_at,
            intent: text(row.segments.intent),
            channel: text(row.segments.channel),
            tier: text(row.segments.tier),
            language: text(row.segments.language),
            agent_version: text(row.segments.agent_version),
            handled_by: text(row.segments.handled_by),
            turns: row.counts.turns,
            steps: row.counts.steps,
            spans,
            tool_calls: row.counts.tool_calls,
            error_spans: row.counts.error_spans,
            failed_steps: row.counts.failed_steps,
            scores,
            p_fail: row.p_fail,
            reasons: row.reasons,
            suspects: row.suspects,
            verdict: row.verdict,
            modes: row.modes,
            owners: row.owners,
            label_state: row.label_state,
            reviewers: row.reviewers,
            outcomes: row.outcomes,
            attributes: row.attributes,
        }
    }
}

const FIELDS: [&str; 30] = [
    "schema_version",
    "id",
    "source",
    "external_id",
    "transcript_hash",
    "started_at",
    "ended_at",
    "intent",
    "channel",
    "tier",
    "language",
    "agent_version",
    "handled_by",
    "turns",
    "steps",
    "spans",
    "tool_calls",
    "error_spans",
    "failed_steps",
    "scores",
    "p_fail",
    "reasons",
    "suspects",
    "verdict",
    "modes",
    "owners",
    "label_state",
    "reviewers",
    "outcomes",
    "attributes",
];

/// How many rows are read from the workspace at a time.
const WINDOW: usize = 200;

/// Gives the rows of a queue to `each`, in its order, at most `limit` of them. `each` answers false to stop.
///
/// # Errors
/// The filter is none, or the workspace cannot be read.
pub fn each_row(
    workspace: &Workspace,
    query: &QueueQuery,
    limit: Option<usize>,
    now: Timestamp,
    each: &mut dyn FnMut(Summary) -> bool,
) -> Result<(), QueueError> {
    let index = queue::index(workspace.store(), query, Asker { reviewer: workspace.reviewer(), now })?;
    let ids = &index.ids[..limit.unwrap_or(usize::MAX).min(index.ids.len())];
    for window in ids.chunks(WINDOW) {
        for summary in queue::rows(workspace.store(), window, workspace.reviewer())? {
            if !each(summary) {
                return Ok(());
            }
        }
    }
    Ok(())
}

//! One row of a queue or a list: what is known of a conversation without opening it.
//!
//! Invariant: a summary holds no transcript text but the first customer message's beginning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{ConversationId, TranscriptHash};
use super::label::{LabelState, Owner, Verdict};
use super::queue::Place;
use super::time::Timestamp;
use crate::text::Untrusted;

/// Who a conversation is about and how it came, from attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// What the customer wanted.
    pub intent: Option<Untrusted>,
    /// chat, email, voice, …
    pub channel: Option<Untrusted>,
    /// The customer's tier.
    pub tier: Option<Untrusted>,
    /// Language of the conversation.
    pub language: Option<Untrusted>,
    /// The agent's version.
    pub agent_version: Option<Untrusted>,
    /// `ai` or `human`.
    pub handled_by: Option<Untrusted>,
}

/// How much there is of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Customer messages.
    pub turns: u32,
    /// Rows of the transcript.
    pub steps: u32,
    /// Spans of all kinds.
    pub spans: u32,
    /// Calls in the transcript, nested ones included.
    pub tool_calls: u32,
    /// Spans with status error.
    pub error_spans: u32,
    /// Steps that failed in any of the five disguises.
    pub failed_steps: u32,
}

/// A row of a list. The field order is that of `list --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: ConversationId,
    /// The namespace it was imported under.
    pub source: Untrusted,
    /// Its name there.
    pub external_id: Untrusted,
    /// Of the stored text.
    pub transcript_hash: TranscriptHash,
    /// Start of its first span or message.
    pub started_at: Option<Timestamp>,
    /// End of its last.
    pub ended_at: Option<Timestamp>,
    /// From attributes.
    #[serde(flatten)]
    pub segments: Segments,
    /// How much there is.
    #[serde(flatten)]
    pub counts: Counts,
    /// The worst value per evaluator, as it came.
    pub scores: BTreeMap<String, Option<f64>>,
    /// The evaluators whose worst score here ranks lowest among all conversations, worst first, with that rank as a
    /// share from 0 (worst) to 1.
    pub worst: Vec<(Untrusted, f64)>,
    /// Probability of failure; `None` until something computes it.
    pub p_fail: Option<f64>,
    /// Why it is where it is in the queue, in words.
    pub reasons: Vec<String>,
    /// Span ids of suspicious steps, most suspicious first.
    pub suspects: Vec<String>,
    /// The verdict all labels agree on.
    pub verdict: Option<Verdict>,
    /// Modes of all labels.
    pub modes: Vec<String>,
    /// Who can put it right, by all labels.
    #[serde(default)]
    pub owners: Vec<Owner>,
    /// The labels taken together.
    pub label_state: LabelState,
    /// Who labelled.
    pub reviewers: Vec<String>,
    /// The asking reviewer's own state: whether they put it off.
    pub skipped: bool,
    /// The asking reviewer's own verdict. It depends on who asks, so no list or file carries it.
    #[serde(skip)]
    pub own_verdict: Option<Verdict>,
    /// Where it stands in the queue that was asked for; in no list or file either.
    #[serde(skip)]
    pub place: Option<Box<Place>>,
    /// What the system of record says came of it. Not shown to a reviewer before the verdict.
    pub outcomes: BTreeMap<String, Value>,
    /// Other attributes of the conversation.
    pub attributes: serde_json::Map<String, Value>,
    /// The beginning of the first customer message, at most 200 characters.
    pub first_message: Untrusted,
}

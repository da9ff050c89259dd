//! The event log: every human act, appended and never changed.
//!
//! Invariant: an event's bytes are fixed once it is written; what screens show is a projection of events in log order.

use serde::{Deserialize, Serialize};

use super::codebook::CodebookChange;
use super::correction::Correction;
use super::decision::DecisionChange;
use super::id::{ConversationId, TranscriptHash};
use super::label::{FirstFailure, Owner, Verdict};
use super::queue::{QueueChange, Slot};
use super::session::SessionChange;
use super::time::Timestamp;

/// The version of the event form, the `v` of every event.
pub const EVENT_VERSION: u32 = 1;

/// One event: one line of a journal, one row of the log.
///
/// Order is (`lamport`, `reviewer`, `device`, `seq`), never wall time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// [`EVENT_VERSION`].
    pub v: u32,
    /// A ULID, made once.
    pub id: String,
    /// The operation: everything one act of a person writes shares it, and undo undoes a group. A ULID.
    pub group: String,
    /// Who acted.
    pub reviewer: String,
    /// On which device; one device and reviewer are one journal.
    pub device: String,
    /// 1, 2, 3, … within the journal, without gaps.
    pub seq: u64,
    /// BLAKE3 (64 hex digits) of the previous line of the same journal, without its line break; empty for the first.
    pub prev: String,
    /// A Lamport clock: larger than that of every event known when it was written.
    pub lamport: u64,
    /// Wall time, for people only.
    pub at: Timestamp,
    /// What was done, on what, with which content.
    #[serde(flatten)]
    pub body: EventBody,
    /// What it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EventTarget>,
}

/// What an event was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTarget {
    /// The conversation.
    pub conversation: ConversationId,
    /// The text that was judged.
    pub transcript_hash: TranscriptHash,
    /// The step's number, where the act is about a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The step's execution span, else its decision span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// The LLM span that decided the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_span_id: Option<String>,
}

/// What was done: `kind` and `body` of the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum EventBody {
    /// A verdict; replaces the same reviewer's earlier one on the conversation, with its modes, correction and note.
    Verdict {
        /// Pass, fail or unsure.
        verdict: Verdict,
        /// Where it first went wrong; required for a fail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_failure: Option<FirstFailure>,
        /// 1 cosmetic, 2 annoying, 3 harmful, 4 critical.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        severity: Option<u8>,
        /// Who can put a failure right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Owner>,
        /// From where in which queue it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Slot>,
        /// Who took part in it, where it is the verdict of a room.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        room: Vec<String>,
    },
    /// One failure mode of the verdict in the same group.
    Mode {
        /// The mode's key in the codebook.
        mode: String,
    },
    /// What should have happened at the target's step.
    Correction(Correction),
    /// A note on the conversation, or on the target's step.
    Note {
        /// What the reviewer wrote; replaces the reviewer's earlier note on the same target.
        text: String,
    },
    /// An acceptance criterion of the case.
    Criterion {
        /// True for "must", false for "must not".
        must: bool,
        /// In words.
        text: String,
    },
    /// Put off without a verdict.
    Skip {},
    /// Somebody reads it with a verdict in mind: until then others are offered another one.
    Claim {
        /// The queue in which it came up.
        queue: String,
        /// When it ends by itself.
        until: Timestamp,
    },
    /// A claim was given back without a verdict.
    Release {},
    /// Labels that differ were settled by taking one of them. It stands until somebody gives a verdict again.
    Adjudicate {
        /// Whose label counts.
        took: String,
        /// Why.
        reason: String,
    },
    /// A codebook change.
    Codebook(CodebookChange),
    /// A queue was defined or removed.
    Queue(QueueChange),
    /// A review session began, went on or ended.
    Session(SessionChange),
    /// A decision was made, changed or closed.
    Decision(DecisionChange),
    /// A dataset was written.
    Export {
        /// The formats, in order.
        formats: Vec<String>,
        /// The folder, as given.
        directory: String,
        /// Rows per data file.
        rows: std::collections::BTreeMap<String, u64>,
        /// The reason given for writing personal data as it is; absent when masked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unmasked_reason: Option<String>,
        /// The version of a dataset, as `NAME@VERSION`, where it is of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dataset: Option<String>,
        /// The reason given for writing a sealed test split.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test_opened_because: Option<String>,
    },
    /// Personal data was shown or written unmasked.
    Unmask {
        /// Where: `screen`, or the command.
        place: String,
    },
    /// A trace-only conversation turned out to belong to a session; its labels follow.
    Alias {
        /// The id it had.
        from: ConversationId,
        /// The id it belongs to.
        to: ConversationId,
    },
    /// Of two texts under one identity one was kept. The target has the kept one; without a target it is about a line of a
    /// journal that was set aside, of which the stored copy stands.
    Conflict {
        /// Which.
        kept: Kept,
        /// The text that was not; `line:` and its hash for a line of a journal.
        other: TranscriptHash,
    },
    /// A group of events is undone. Undoing the group of an undo redoes what it had undone.
    Undo {
        /// The group.
        undoes: String,
    },
    /// A kind written by a newer version; kept, shown as such, and without effect here.
    #[serde(untagged)]
    Other {
        /// The kind.
        kind: String,
        /// Its body.
        #[serde(default)]
        body: serde_json::Value,
    },
}

/// Which of two texts of one identity was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The one that was stored.
    Ours,
    /// The one that was set aside.
    Theirs,
}

impl Kept {
    /// The lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

impl EventBody {
    /// The word of its kind, as in the JSON form.
    pub fn kind(&self) -> &str {
        match self {
            Self::Verdict { .. } => "verdict",
            Self::Mode { .. } => "mode",
            Self::Correction(_) => "correction",
            Self::Note { .. } => "note",
            Self::Criterion { .. } => "criterion",
            Self::Skip {} => "skip",
            Self::Claim { .. } => "claim",
            Self::Release {} => "release",
            Self::Adjudicate { .. } => "adjudicate",
            Self::Codebook(_) => "codebook",
            Self::Queue(_) => "queue",
            Self::Session(_) => "session",
            Self::Decision(_) => "decision",
            Self::Export { .. } => "export",
            Self::Unmask { .. } => "unmask",
            Self::Alias { .. } => "alias",
            Self::Conflict { .. } => "conflict",
            Self::Undo { .. } => "undo",
            Self::Other { kind, .. } => kind,
        }
    }

    /// True where `undo` may take it back: exports, unmaskings and aliases stay, a conflict is settled anew, and claims
    /// end by themselves.
    pub fn undoable(&self) -> bool {
        if let Self::Session(change) = self {
            return change.undoable();
        }
        !matches!(
            self,
            Self::Export { .. }
                | Self::Unmask { .. }
                | Self::Alias { .. }
                | Self::Conflict { .. }
                | Self::Claim { .. }
                | Self::Release {}
                | Self::Other { .. }
        )
    }
}

impl Event {
    /// The event as its journal line: canonical JSON without a line break.
    ///
    /// # Errors
    /// None in practice; serialisation of these types cannot fail, but the serialiser's signature says it may.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The position in the log. The id comes last: it decides only between events that claim one place in one journal.
    pub fn order(&self) -> (u64, &str, &str, u64, &str) {
        (self.lamport, &self.reviewer, &self.device, self.seq, &self.id)
    }

    /// The event that a journal line holds.
    ///
    /// # Errors
    /// The line is no event: damaged, cut off, or something else.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(line)
    }
}

/// BLAKE3 of a journal line, as the next line's `prev`.
pub fn line_hash(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex().to_string()
}

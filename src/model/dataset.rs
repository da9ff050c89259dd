//! Datasets: named, numbered choices of settled judgements that never change once made.
//!
//! Invariant: a version holds everything its export is made from but the transcript, which it names by hash and length;
//! so the same version gives the same bytes, whatever is said of its conversations, or imported, later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::codebook::Codebook;
use super::id::{ConversationId, TranscriptHash};
use super::label::{Label, Verdict};
use super::score::Score;
use super::summary::Segments;
use super::time::Timestamp;
use super::tool::{ExpectedCall, ToolSpec};
use crate::text::Untrusted;

/// Which part of a dataset a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by.
    Dev,
    /// To measure with, sealed until somebody says why it is opened.
    Test,
}

impl Split {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Dev, Self::Test];

    /// The lower-case word used in rows and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// Which verdicts a dataset takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Passes.
    Good,
    /// Fails.
    Bad,
    /// Passes and fails.
    Both,
}

impl Kind {
    /// True where a conversation with this verdict belongs in.
    pub fn takes(self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Pass => self != Self::Bad,
            Verdict::Fail => self != Self::Good,
            Verdict::Unsure => false,
        }
    }
}

/// What an agent was given: rows of a version share it, since most conversations of an agent do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its instructions.
    pub system: Vec<Untrusted>,
    /// The tools it was offered.
    pub tools: Vec<ToolSpec>,
}

impl Frame {
    /// The name it goes by in a version: the same for the same instructions and tools.
    pub fn key(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().get(..16).unwrap_or_default().to_owned()
    }
}

/// What later imports may change in a conversation beside its transcript, as it was when it was taken in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// The key of its [`Frame`].
    pub frame: String,
    /// Who it is about.
    pub segments: Segments,
    /// The reference solution's calls.
    pub expected: Option<Vec<ExpectedCall>>,
    /// Its attributes.
    pub attributes: Map<String, Value>,
    /// Those of its traces.
    pub resource: Map<String, Value>,
}

/// One conversation of a version, with what was said of it then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRow {
    /// The conversation.
    pub conversation: ConversationId,
    /// The text that was judged.
    pub transcript_hash: TranscriptHash,
    /// Its steps; the conversation may have grown since.
    pub steps: u32,
    /// What its reviewers agree on.
    pub verdict: Verdict,
    /// How they came to agree: `single`, `unanimous` or `adjudicated`.
    pub agreement: String,
    /// The labels with a verdict on that text, as they were.
    pub labels: Vec<Label>,
    /// Its scores, as they were.
    pub scores: Vec<Score>,
    /// Its outcomes, as they were.
    pub outcomes: BTreeMap<String, Value>,
    /// What else of it may change, as it was; `None` in versions of programs that did not keep it.
    #[serde(default)]
    pub frozen: Option<Frozen>,
    /// What makes other conversations one group with it: hashes of its customer, task and opening.
    pub keys: Vec<String>,
    /// The group.
    pub group: String,
    /// Where the group is.
    pub split: Split,
    /// How likely it was to be chosen for review, where that was recorded.
    pub inclusion_probability: Option<f64>,
    /// The codebook its modes are from.
    pub codebook_version: u32,
    /// The version of the dataset that took it in first; older rows keep their split when groups turn out to be one.
    pub since: u32,
}

impl DatasetRow {
    /// Who judged it.
    pub fn reviewers(&self) -> Vec<&str> {
        self.labels.iter().map(|label| label.reviewer.as_str()).collect()
    }

    /// The events that say so.
    pub fn events(&self) -> Vec<&str> {
        self.labels.iter().flat_map(|label| &label.events).map(String::as_str).collect()
    }

    /// The step and span where it first went wrong.
    pub fn first_failure(&self) -> Option<&super::label::StepPointer> {
        self.labels.iter().filter_map(|label| label.first_failure.as_ref()).min_by_key(|at| at.step)
    }
}

/// Two conversations whose text is nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicate {
    /// One.
    pub a: ConversationId,
    /// The other.
    pub b: ConversationId,
    /// The share of word sequences they have in common, 0 to 1.
    pub similarity: f64,
    /// Set where the two are in different splits.
    pub across: Option<(Split, Split)>,
}

/// A row that makes several groups one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bridge {
    /// The row that came.
    pub conversation: ConversationId,
    /// The group it joined, the oldest.
    pub joined: String,
    /// The others.
    pub others: Vec<String>,
    /// True where they are in different splits, so that related rows are on both sides.
    pub across_splits: bool,
}

/// One version of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetVersion {
    /// The dataset.
    pub name: String,
    /// 1, 2, 3, …
    pub number: u32,
    /// Which verdicts it takes.
    pub kind: Kind,
    /// How it was made: `new`, `add` or `remove`, and the filter or ids.
    pub made_by: String,
    /// Who made it.
    pub reviewer: String,
    /// When.
    pub at: Timestamp,
    /// Decides, with a group's name, where the group goes.
    pub salt: u64,
    /// Names and definitions of failure modes, as they were.
    pub codebook: Codebook,
    /// The newest event when it was made.
    pub events_head: Option<String>,
    /// What matched and was left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Pairs of nearly the same text.
    pub near_duplicates: Vec<NearDuplicate>,
    /// Rows of this version that made groups one.
    pub bridges: Vec<Bridge>,
    /// By key.
    #[serde(default)]
    pub frames: BTreeMap<String, Frame>,
    /// By conversation.
    pub rows: Vec<DatasetRow>,
}

impl DatasetVersion {
    /// Rows per split.
    pub fn splits(&self) -> BTreeMap<Split, u64> {
        let mut counts: BTreeMap<Split, u64> = Split::ALL.into_iter().map(|split| (split, 0)).collect();
        for row in &self.rows {
            *counts.entry(row.split).or_default() += 1;
        }
        counts
    }
}

/// How one version differs from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In the second only.
    pub added: Vec<ConversationId>,
    /// In the first only.
    pub removed: Vec<ConversationId>,
    /// In both, and not the same.
    pub changed: Vec<Changed>,
}

/// A row that two versions hold differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The conversation.
    pub conversation: ConversationId,
    /// What differs: `verdict pass -> fail`, `labels`, `text`, `split`, …
    pub what: Vec<String>,
}

/// How the second version differs from the first; empty exactly where their rows are the same.
pub fn diff(first: &DatasetVersion, second: &DatasetVersion) -> Difference {
    let by_id = |version: &'_ DatasetVersion| -> BTreeMap<ConversationId, DatasetRow> {
        version.rows.iter().map(|row| (row.conversation.clone(), row.clone())).collect()
    };
    let (a, b) = (by_id(first), by_id(second));
    let mut found = Difference::default();
    for (id, row) in &b {
        match a.get(id) {
            None => found.added.push(id.clone()),
            Some(before) if before != row => {
                found.changed.push(Changed { conversation: id.clone(), what: what_changed(before, row) });
            }
            Some(_) => {}
        }
    }
    found.removed = a.into_keys().filter(|id| !b.contains_key(id)).collect();
    found
}

fn what_changed(before: &DatasetRow, after: &DatasetRow) -> Vec<String> {
    let mut what = Vec::new();
    if before.verdict != after.verdict {
        what.push(format!("verdict {} -> {}", before.verdict.word(), after.verdict.word()));
    }
    let mut note = |differs: bool, name: &str| {
        if differs {
            what.push(name.to_owned());
        }
    };
    note(before.labels != after.labels, "labels");
    note(before.agreement != after.agreement, "agreement");
    note(before.transcript_hash != after.transcript_hash || before.steps != after.steps, "text");
    note(before.split != after.split, "split");
    note(before.group != after.group || before.keys != after.keys, "group");
    note(before.scores != after.scores, "scores");
    note(before.outcomes != after.outcomes, "outcomes");
    note(before.frozen != after.frozen, "instructions, tools, reference or attributes");
    note(before.codebook_version != after.codebook_version, "codebook");
    note(before.inclusion_probability != after.inclusion_probability, "inclusion probability");
    note(before.since != after.since, "since");
    what
}

/// One use of a sealed split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestUse {
    /// The dataset.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// `show`, `export` or `gate`.
    pub purpose: String,
    /// As given.
    pub reason: String,
    /// Who.
    pub reviewer: String,
    /// When.
    pub at: Timestamp,
}

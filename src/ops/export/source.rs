//! Where the rows of an export come from: what a filter matches now, or a version of a dataset.
//!
//! Invariant: of a version, the same conversations with the same labels come out whatever was said of them since; only
//! what another dataset sealed before stays behind, and is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dataset::SPAN_ATTRIBUTES;
use crate::dataset::item::{Unsettled, agreement, settle};
use crate::dataset::manifest::{DatasetUse, sha256};
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::dataset::{DatasetRow, DatasetVersion, Frame, Frozen, Split};
use crate::model::export::ExportOrder;
use crate::model::id::{ConversationId, SpanRef, TranscriptHash};
use crate::model::label::{Label, Verdict, inclusion_probability};
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::step::transcript_hash;
use crate::model::time::Timestamp;
use crate::ops::dataset::{DatasetError, customer, find};
use crate::ops::door::Door;
use crate::ops::queue;
use crate::ops::workspace::Workspace;
use crate::store::{Asker, Covered, StoreError, Unread};

use super::ExportError;

/// Where rows come from.
pub enum Source {
    /// What a filter matches, with the labels of now.
    Matching {
        /// In the order of rows.
        ids: Vec<ConversationId>,
        /// The codebook of now.
        codebook: Codebook,
        /// What has not all its reviews yet.
        covered: Arc<Covered>,
        /// What is sealed in the newest version of any dataset.
        sealed: BTreeSet<ConversationId>,
    },
    /// A version of a dataset.
    Version {
        /// The version.
        version: Box<DatasetVersion>,
        /// Which of its rows.
        rows: Vec<usize>,
        /// What other datasets sealed when it was made.
        sealed: BTreeSet<ConversationId>,
    },
}

/// A conversation and its labels, ready for the exporters.
pub struct Ready {
    /// Masked, where the door masks.
    pub conversation: Conversation,
    /// Of the exact text.
    pub transcript_hash: TranscriptHash,
    /// Those that settle it.
    pub labels: Vec<Label>,
    /// What they agree on.
    pub verdict: Verdict,
    /// What related conversations share.
    pub group_key: String,
    /// Where it is, in a dataset.
    pub split: Option<Split>,
    /// `single`, `unanimous` or `adjudicated`.
    pub agreement: String,
    /// Where it was recorded.
    pub inclusion_probability: Option<f64>,
    /// The door that let it through: it knows the people in it.
    pub door: Door,
}

impl Source {
    /// What an order asks for.
    ///
    /// # Errors
    /// The filter is none, or there is no such dataset.
    pub fn of(workspace: &Workspace, order: &ExportOrder, now: Timestamp) -> Result<Self, ExportError> {
        if order.open_test.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(DatasetError::NoReason.into());
        }
        let Some(reference) = &order.dataset else {
            let query = QueueQuery { filter: order.filter.clone(), order: QueueOrder::Oldest, ..QueueQuery::default() };
            let mut ids = queue::index(workspace.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
            // The order of rows must not depend on scores or on anything else that may change while the labels do not.
            ids.sort();
            let covered = workspace.store().covered(workspace.reviewer())?;
            let sealed = if order.open_test.is_some() { BTreeSet::new() } else { sealed(workspace, None)? };
            return Ok(Self::Matching { ids, codebook: workspace.store().codebook()?, covered, sealed });
        };
        let version = find(workspace, reference)?;
        let elsewhere = if order.open_test.is_some() { BTreeSet::new() } else { sealed(workspace, Some(&version))? };
        let mut source = Self::version_of(version, order.open_test.is_some());
        if let Self::Version { sealed, .. } = &mut source {
            *sealed = elsewhere;
        }
        Ok(source)
    }

    /// The rows of a version, those of its test split only where it is open.
    pub fn version_of(version: DatasetVersion, open: bool) -> Self {
        let shown = |row: &DatasetRow| open || row.split != Split::Test;
        let rows = version.rows.iter().enumerate().filter(|(_, row)| shown(row)).map(|(at, _)| at).collect();
        Self::Version { version: Box::new(version), rows, sealed: BTreeSet::new() }
    }

    /// The same, with the names and definitions of modes let through a door: people wrote them.
    #[must_use]
    pub(super) fn through(mut self, door: &Door) -> Self {
        let codebook = match &mut self {
            Self::Matching { codebook, .. } => codebook,
            Self::Version { version, .. } => &mut version.codebook,
        };
        for mode in &mut codebook.modes {
            (mode.name, mode.description) = (door.text(&mode.name), door.text(&mode.description));
        }
        self
    }

    /// How many conversations.
    pub fn len(&self) -> usize {
        match self {
            Self::Matching { ids, .. } => ids.len(),
            Self::Version { rows, .. } => rows.len(),
        }
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The codebook that modes are from.
    pub fn codebook(&self) -> &Codebook {
        match self {
            Self::Matching { codebook, .. } => codebook,
            Self::Version { version, .. } => &version.codebook,
        }
    }

    /// The version, where it is one.
    pub fn version(&self) -> Option<&DatasetVersion> {
        match self {
            Self::Matching { .. } => None,
            Self::Version { version, .. } => Some(version),
        }
    }

    /// The versions whose test split is opened where it is written: its own, and of every other dataset the newest that
    /// seals some of what is written.
    pub(super) fn opened(&self, workspace: &Workspace) -> Result<Vec<DatasetVersion>, StoreError> {
        let ids: BTreeSet<&ConversationId> = match self {
            Self::Version { version, .. } => version.rows.iter().map(|row| &row.conversation).collect(),
            Self::Matching { ids, .. } => ids.iter().collect(),
        };
        let store = workspace.store();
        let mut found: Vec<DatasetVersion> = self.version().into_iter().cloned().collect();
        for (name, number) in store.datasets()?.into_iter().filter(|(name, _)| self.name() != Some(name)) {
            if store.dataset_split(&name, number, Split::Test)?.iter().any(|id| ids.contains(id)) {
                found.extend(store.dataset(&name, number)?);
            }
        }
        Ok(found)
    }

    /// The dataset's name.
    pub fn name(&self) -> Option<&str> {
        self.version().map(|version| version.name.as_str())
    }

    /// The version as `NAME@VERSION`.
    pub fn reference(&self) -> Option<String> {
        self.version().map(|version| format!("{}@{}", version.name, version.number))
    }

    /// What a manifest says of it.
    pub(super) fn about(&self, test_opened: bool) -> Option<DatasetUse> {
        let version = self.version()?;
        let sealed: Vec<&DatasetRow> =
            version.rows.iter().filter(|row| row.split == Split::Test && !test_opened).collect();
        let hashes: Vec<&str> = sealed.iter().map(|row| row.transcript_hash.as_str()).collect();
        Some(DatasetUse {
            name: version.name.clone(),
            version: version.number,
            made_by: version.made_by.clone(),
            splits: version.splits().into_iter().map(|(split, rows)| (split.word().to_owned(), rows)).collect(),
            sealed_test_rows: sealed.len() as u64,
            sealed_test_sha256: (!sealed.is_empty()).then(|| sha256(hashes.join("\n").as_bytes())),
            near_duplicates: version.near_duplicates.len() as u64,
            near_duplicates_across_splits: version.near_duplicates.iter().filter(|p| p.across.is_some()).count() as u64,
            bridges: version.bridges.len() as u64,
        })
    }

    /// One conversation with its labels, or the reason why it gives no rows.
    pub fn ready(&self, workspace: &Workspace, at: usize, door: &Door) -> Result<Result<Ready, Reason>, ExportError> {
        Ok(match self.fetch(workspace, at)? {
            Ok(fetched) => fetched.ready(self, door)?,
            Err(reason) => Err(reason),
        })
    }

    /// What the database holds of one conversation.
    pub(super) fn fetch(&self, workspace: &Workspace, at: usize) -> Result<Result<Fetched, Reason>, ExportError> {
        let store = workspace.store();
        let fetched = match self {
            Self::Matching { ids, covered, sealed, .. } => {
                if sealed.contains(&ids[at]) {
                    return Ok(Err(SEALED));
                }
                let labels = store.labels(&ids[at])?;
                if covered.waits(&ids[at]) {
                    // It has not all its reviews yet: nobody's label of it leaves.
                    return Ok(Err(Unsettled::waiting(&labels).reason()));
                }
                if labels.is_empty() {
                    return Ok(Err(Unsettled::NotLabelled.reason()));
                }
                let Some(unread) = store.unread(&ids[at])? else { return Ok(Err("not stored any more")) };
                match settle(&labels, &unread.transcript_hash) {
                    Ok((verdict, labels)) => Fetched { unread, verdict, labels, row: None, key: workspace.mask_key() },
                    Err(why) => return Ok(Err(why.reason())),
                }
            }
            Self::Version { version, rows, sealed } => {
                let row = &version.rows[rows[at]];
                if sealed.contains(&row.conversation) {
                    return Ok(Err(SEALED));
                }
                let Some(unread) = store.unread(&row.conversation)? else {
                    return Err(ExportError::Orphan {
                        dataset: format!("{}@{}", version.name, version.number),
                        conversation: row.conversation.to_string(),
                    });
                };
                let (verdict, labels) = (row.verdict, row.labels.clone());
                Fetched { unread, verdict, labels, row: Some(rows[at]), key: workspace.mask_key() }
            }
        };
        Ok(Ok(fetched))
    }

    fn row(&self, fetched: &Fetched) -> Option<(&DatasetRow, &BTreeMap<String, Frame>)> {
        let (version, at) = self.version().zip(fetched.row)?;
        Some((version.rows.get(at)?, &version.frames))
    }
}

/// Why a conversation gives no rows.
pub(super) type Reason = &'static str;

const SEALED: Reason = "sealed in the test split of a dataset; --open-test REASON writes it";

/// What the database holds of one conversation, to be worked on by any thread.
pub(super) struct Fetched {
    unread: Unread,
    verdict: Verdict,
    labels: Vec<Label>,
    /// Its place in the version it is of.
    row: Option<usize>,
    /// The workspace's.
    key: [u8; 32],
}

impl Fetched {
    /// Bytes, about.
    pub(super) fn size(&self) -> usize {
        self.unread.size()
    }

    /// Reads it and lets it through the door.
    pub(super) fn ready(self, source: &Source, door: &Door) -> Result<Result<Ready, Reason>, ExportError> {
        let row = source.row(&self);
        let transcript_hash = self.unread.transcript_hash.clone();
        let mut content = self.unread.read(SPAN_ATTRIBUTES)?;
        let (group_key, agreement, inclusion_probability) = match row {
            None => (
                group_key(&self.key, &content),
                agreement(&self.labels).to_owned(),
                inclusion_probability(&self.labels),
            ),
            Some((row, frames)) => {
                if !as_judged(&mut content, (row, frames), &transcript_hash) {
                    return Ok(Err("the conversation is not what was judged any more"));
                }
                (row.group.clone(), row.agreement.clone(), row.inclusion_probability)
            }
        };
        let door = door.knowing(&content);
        door.hide(&mut content);
        Ok(Ok(Ready {
            conversation: content,
            transcript_hash: row.map_or(transcript_hash, |(row, _)| row.transcript_hash.clone()),
            labels: self.labels.iter().map(|label| door.label(label)).collect(),
            verdict: self.verdict,
            group_key,
            split: row.map(|(row, _)| row.split),
            agreement,
            inclusion_probability,
            door,
        }))
    }
}

/// What is in the test split of other datasets: chosen by a filter, or by another dataset for training, it must not leave
/// unsealed. For a version those count that were there when it was made, so that it gives the same files ever after.
fn sealed(workspace: &Workspace, version: Option<&DatasetVersion>) -> Result<BTreeSet<ConversationId>, StoreError> {
    let store = workspace.store();
    let others = match version {
        Some(version) => store.datasets_before(&version.name, version.number)?,
        None => store.datasets()?,
    };
    let mut found = BTreeSet::new();
    for (name, number) in others {
        found.extend(store.dataset_split(&name, number, Split::Test)?);
    }
    Ok(found)
}

/// Takes from a conversation what came after it was judged; false where it is another one now.
fn as_judged(
    content: &mut Conversation,
    (row, frames): (&DatasetRow, &BTreeMap<String, Frame>),
    stored: &TranscriptHash,
) -> bool {
    let grown = content.steps.len() > row.steps as usize;
    content.steps.truncate(row.steps as usize);
    let same =
        if grown { transcript_hash(&content.steps) == row.transcript_hash } else { *stored == row.transcript_hash };
    if !same {
        return false;
    }
    // What came with later imports is not part of the version.
    let told: BTreeSet<&SpanRef> =
        content.steps.iter().flat_map(|step| [&step.span, &step.decision]).flatten().collect();
    content.spans.retain(|span| told.contains(&span.id));
    content.scores.clone_from(&row.scores);
    content.outcomes.clone_from(&row.outcomes);
    let Some(frozen) = &row.frozen else {
        // A version of a program that did not freeze them.
        return true;
    };
    let Some(frame) = frames.get(&frozen.frame) else { return false };
    (content.system, content.tools) = (frame.system.clone(), frame.tools.clone());
    let Frozen { frame: _, segments, expected, attributes, resource } = frozen.clone();
    (content.segments, content.expected, content.attributes, content.resource) =
        (segments, expected, attributes, resource);
    true
}

/// What all conversations of one customer share, under the workspace's key, so that it names nobody; without a
/// customer, what this conversation has alone.
fn group_key(key: &[u8; 32], conversation: &Conversation) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(conversation.source.exact().as_bytes());
    hasher.update(&[0]);
    match customer(conversation) {
        Some(id) => hasher.update(b"customer\0").update(id.as_bytes()),
        None => hasher.update(b"conversation\0").update(conversation.id.as_str().as_bytes()),
    };
    format!("g{}", hasher.finalize().to_hex().get(..16).unwrap_or_default())
}

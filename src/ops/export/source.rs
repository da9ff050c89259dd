//! Where the rows of an export come from: what a filter matches now, or a version of a dataset.
//!
//! Invariant: of a version, the same conversations with the same labels come out whatever was said of them since.

use std::collections::BTreeSet;

use crate::dataset::item::{Unsettled, agreement, settle};
use crate::dataset::manifest::{Conversations, DatasetUse, sha256};
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::dataset::{DatasetRow, DatasetVersion, Split};
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
use crate::store::{Asker, Covered};

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
        covered: Covered,
    },
    /// A version of a dataset.
    Version {
        /// The version.
        version: Box<DatasetVersion>,
        /// Which of its rows.
        rows: Vec<usize>,
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
}

impl Source {
    /// What an order asks for.
    ///
    /// # Errors
    /// The filter is none, or there is no such dataset.
    pub fn of(workspace: &Workspace, order: &ExportOrder, now: Timestamp) -> Result<Self, ExportError> {
        let Some(reference) = &order.dataset else {
            if order.open_test.is_some() {
                return Err(ExportError::NoDataset);
            }
            let query = QueueQuery { filter: order.filter.clone(), order: QueueOrder::Oldest, ..QueueQuery::default() };
            let mut ids = queue::index(workspace.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
            // The order of rows must not depend on scores or on anything else that may change while the labels do not.
            ids.sort();
            let covered = workspace.store().covered(workspace.reviewer())?;
            return Ok(Self::Matching { ids, codebook: workspace.store().codebook()?, covered });
        };
        if order.open_test.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(DatasetError::NoReason.into());
        }
        Ok(Self::version_of(find(workspace, reference)?, order.open_test.is_some()))
    }

    /// The rows of a version, those of its test split only where it is open.
    pub fn version_of(version: DatasetVersion, open: bool) -> Self {
        let shown = |row: &DatasetRow| open || row.split != Split::Test;
        let rows = version.rows.iter().enumerate().filter(|(_, row)| shown(row)).map(|(at, _)| at).collect();
        Self::Version { version: Box::new(version), rows }
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

    /// One conversation; `None` where it gives no rows, which is counted.
    pub fn ready(
        &self,
        workspace: &Workspace,
        at: usize,
        door: &Door,
        counts: &mut Conversations,
    ) -> Result<Option<Ready>, ExportError> {
        let found = match self {
            Self::Matching { ids, covered, .. } if covered.waits(&ids[at]) => waiting(workspace, &ids[at])?,
            Self::Matching { ids, .. } => matching(workspace, &ids[at])?,
            Self::Version { version, rows } => of_version(workspace, version, &version.rows[rows[at]])?,
        };
        match found {
            Ok((ready, content)) => {
                counts.settled += 1;
                *counts.verdicts.entry(ready.verdict.word().to_owned()).or_default() += 1;
                let door = door.knowing(&content);
                let labels = ready.labels.iter().map(|label| door.label(label)).collect();
                Ok(Some(Ready { labels, conversation: door.conversation(&content), ..ready }))
            }
            Err(reason) => {
                *counts.left_out.entry(reason.to_owned()).or_default() += 1;
                Ok(None)
            }
        }
    }
}

/// A conversation, unmasked, and what it becomes.
type Found = Result<(Ready, Conversation), &'static str>;

/// A conversation that has not all its reviews yet: nobody's label of it leaves.
fn waiting(workspace: &Workspace, id: &ConversationId) -> Result<Found, ExportError> {
    Ok(Err(Unsettled::waiting(&workspace.store().labels(id)?).reason()))
}

fn matching(workspace: &Workspace, id: &ConversationId) -> Result<Found, ExportError> {
    let labels = workspace.store().labels(id)?;
    if labels.is_empty() {
        return Ok(Err(Unsettled::NotLabelled.reason()));
    }
    let Some(content) = workspace.store().conversation(id)? else { return Ok(Err("not stored any more")) };
    let transcript_hash = content.transcript_hash();
    let (verdict, labels) = match settle(&labels, &transcript_hash) {
        Ok(settled) => settled,
        Err(why) => return Ok(Err(why.reason())),
    };
    let ready = Ready {
        group_key: group_key(workspace, &content),
        agreement: agreement(&labels).to_owned(),
        conversation: content.clone(),
        transcript_hash,
        inclusion_probability: inclusion_probability(&labels),
        labels,
        verdict,
        split: None,
    };
    Ok(Ok((ready, content)))
}

fn of_version(workspace: &Workspace, version: &DatasetVersion, row: &DatasetRow) -> Result<Found, ExportError> {
    let Some(mut content) = workspace.store().conversation(&row.conversation)? else {
        return Err(ExportError::Orphan {
            dataset: format!("{}@{}", version.name, version.number),
            conversation: row.conversation.to_string(),
        });
    };
    content.steps.truncate(row.steps as usize);
    if transcript_hash(&content.steps) != row.transcript_hash {
        return Ok(Err("the conversation is not what was judged any more"));
    }
    // What came with later imports is not part of the version.
    let told: BTreeSet<SpanRef> =
        content.steps.iter().flat_map(|step| [&step.span, &step.decision]).flatten().cloned().collect();
    content.spans.retain(|span| told.contains(&span.id));
    content.scores.clone_from(&row.scores);
    content.outcomes.clone_from(&row.outcomes);
    let ready = Ready {
        conversation: content.clone(),
        transcript_hash: row.transcript_hash.clone(),
        labels: row.labels.clone(),
        verdict: row.verdict,
        group_key: row.group.clone(),
        split: Some(row.split),
        agreement: row.agreement.clone(),
        inclusion_probability: row.inclusion_probability,
    };
    Ok(Ok((ready, content)))
}

/// What all conversations of one customer share, under the workspace's key, so that it names nobody; without a
/// customer, what this conversation has alone.
fn group_key(workspace: &Workspace, conversation: &Conversation) -> String {
    let mut hasher = blake3::Hasher::new_keyed(&workspace.mask_key());
    hasher.update(conversation.source.exact().as_bytes());
    hasher.update(&[0]);
    match customer(conversation) {
        Some(id) => hasher.update(b"customer\0").update(id.as_bytes()),
        None => hasher.update(b"conversation\0").update(conversation.id.as_str().as_bytes()),
    };
    format!("g{}", hasher.finalize().to_hex().get(..16).unwrap_or_default())
}

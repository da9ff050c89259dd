//! Datasets: made from settled labels, split by group, compared, tagged, opened.
//!
//! Invariant: a version is checked for near duplicates and for groups across splits before it is written, and says what
//! it left out and why; a sealed test split is opened for a stated reason only, which stays written down.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::dataset::{DatasetVersion, Difference, Kind, Split, TestUse, diff};
use crate::model::id::ConversationId;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::step::{Role, StepContent};
use crate::model::time::Timestamp;
use crate::store::{Asker, ErrorClass, StoreError};

mod grow;

use super::queue::{self, QueueError};
use super::workspace::Workspace;
use grow::{grow, store};

/// An opening of fewer words than this is common to unrelated conversations.
const OPENING_WORDS: usize = 8;

/// Why nothing was done to a dataset.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// No name for a dataset.
    #[error("{0:?} is no name for a dataset: use 1 to 64 small letters, digits, - and _")]
    Name(String),
    /// It is there already.
    #[error("there is a dataset {0} already; `aftercall dataset add {0}` makes its next version")]
    Exists(String),
    /// It is not there.
    #[error("there is no dataset {0}; `aftercall dataset list` names them")]
    Unknown(String),
    /// It has no such version or tag.
    #[error("{name} has no version or tag {version:?}; it has 1 to {newest}")]
    Version {
        /// The dataset.
        name: String,
        /// As typed.
        version: String,
        /// The newest.
        newest: u32,
    },
    /// Nothing would be in it, or change in it.
    #[error("nothing to do: {0}")]
    Nothing(String),
    /// A tag that could be mistaken for something else.
    #[error("{0:?} is no tag: use small letters, digits, - and _, not a number alone")]
    Tag(String),
    /// A sealed split is opened for a reason only.
    #[error("opening the test split needs a reason of a few words; it is written to the dataset's ledger")]
    NoReason,
    /// Another program made a version at the same time.
    #[error("another program changed {0} at the same time; try again")]
    Overtaken(String),
    /// The filter, or reading the queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The workspace.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DatasetError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) | Self::Queue(QueueError::Store(error)) => error.class(),
            Self::Overtaken(_) => ErrorClass::Busy,
            _ => ErrorClass::General,
        }
    }
}

/// Which conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All that match a filter.
    Filter(String),
    /// These.
    Ids(Vec<ConversationId>),
}

impl Choice {
    fn words(&self) -> String {
        match self {
            Self::Filter(filter) => format!("--where {filter:?}"),
            Self::Ids(ids) => ids.iter().map(ConversationId::as_str).collect::<Vec<_>>().join(" "),
        }
    }

    fn ids(&self, workspace: &Workspace, now: Timestamp) -> Result<Vec<ConversationId>, DatasetError> {
        let filter = match self {
            Self::Ids(ids) => return Ok(ids.clone()),
            Self::Filter(filter) => filter.clone(),
        };
        let query = QueueQuery { filter, order: QueueOrder::Oldest, ..QueueQuery::default() };
        let mut ids = queue::index(workspace.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
        ids.sort();
        Ok(ids)
    }
}

/// True for the letters of a name or tag.
fn plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Makes the first version of a dataset.
///
/// # Errors
/// Nothing was stored.
pub fn create(
    workspace: &mut Workspace,
    (name, kind): (&str, Kind),
    choice: &Choice,
    now: Timestamp,
) -> Result<DatasetVersion, DatasetError> {
    if !plain(name) {
        return Err(DatasetError::Name(name.to_owned()));
    }
    if workspace.store().newest_dataset(name)?.is_some() {
        return Err(DatasetError::Exists(name.to_owned()));
    }
    let made_by = format!("new {}", choice.words());
    let empty = DatasetVersion {
        name: name.to_owned(),
        number: 0,
        kind,
        made_by: String::new(),
        reviewer: String::new(),
        at: now,
        salt: 0,
        codebook: Codebook::default(),
        events_head: None,
        left_out: BTreeMap::new(),
        near_duplicates: Vec::new(),
        bridges: Vec::new(),
        frames: BTreeMap::new(),
        rows: Vec::new(),
    };
    grow(workspace, empty, choice, (made_by, now))
}

/// Makes the next version, with more conversations, or with newer labels of those it holds.
///
/// # Errors
/// Nothing was stored.
pub fn add(
    workspace: &mut Workspace,
    name: &str,
    choice: &Choice,
    now: Timestamp,
) -> Result<DatasetVersion, DatasetError> {
    let newest = newest(workspace, name)?;
    let made_by = format!("add {}", choice.words());
    grow(workspace, newest, choice, (made_by, now))
}

/// Makes the next version, without these conversations.
///
/// # Errors
/// Nothing was stored.
pub fn remove(
    workspace: &mut Workspace,
    name: &str,
    choice: &Choice,
    now: Timestamp,
) -> Result<DatasetVersion, DatasetError> {
    let mut version = newest(workspace, name)?;
    let gone: BTreeSet<ConversationId> = choice.ids(workspace, now)?.into_iter().collect();
    let before = version.rows.len();
    version.rows.retain(|row| !gone.contains(&row.conversation));
    if version.rows.len() == before {
        return Err(DatasetError::Nothing(format!("{name} holds none of these conversations")));
    }
    let holds = |id: &ConversationId| version.rows.iter().any(|row| row.conversation == *id);
    let near_duplicates = version.near_duplicates.iter().filter(|pair| holds(&pair.a) && holds(&pair.b));
    version.near_duplicates = near_duplicates.cloned().collect();
    version.left_out = BTreeMap::new();
    version.bridges = Vec::new();
    store(workspace, version, (format!("remove {}", choice.words()), now))
}

fn newest(workspace: &Workspace, name: &str) -> Result<DatasetVersion, DatasetError> {
    let unknown = || DatasetError::Unknown(name.to_owned());
    let number = workspace.store().newest_dataset(name)?.ok_or_else(unknown)?;
    workspace.store().dataset(name, number)?.ok_or_else(unknown)
}

/// A version by `NAME`, `NAME@NUMBER` or `NAME@TAG`.
///
/// # Errors
/// There is none.
pub fn find(workspace: &Workspace, reference: &str) -> Result<DatasetVersion, DatasetError> {
    let (name, wanted) = match reference.split_once('@') {
        Some((name, wanted)) => (name, Some(wanted)),
        None => (reference, None),
    };
    let Some(newest) = workspace.store().newest_dataset(name)? else {
        return Err(DatasetError::Unknown(name.to_owned()));
    };
    let number = match wanted {
        None => Some(newest),
        Some(text) => match text.trim_start_matches('v').parse::<u32>() {
            Ok(number) => Some(number),
            Err(_) => workspace.store().dataset_tags(name)?.into_iter().find(|(tag, _)| tag == text).map(|tag| tag.1),
        },
    };
    let none =
        || DatasetError::Version { name: name.to_owned(), version: wanted.unwrap_or_default().to_owned(), newest };
    workspace.store().dataset(name, number.ok_or_else(none)?)?.ok_or_else(none)
}

/// How two versions of a dataset differ; what is sealed in either of them is counted, not named.
///
/// # Errors
/// One of them is not there.
pub fn compare(workspace: &Workspace, name: &str, versions: [&str; 2]) -> Result<(Difference, u64), DatasetError> {
    let [first, second] = versions.map(|version| find(workspace, &format!("{name}@{version}")));
    let (first, second) = (first?, second?);
    let sealed: BTreeSet<&ConversationId> = first
        .rows
        .iter()
        .chain(&second.rows)
        .filter(|row| row.split == Split::Test)
        .map(|row| &row.conversation)
        .collect();
    let mut found = diff(&first, &second);
    let size = |found: &Difference| found.added.len() + found.removed.len() + found.changed.len();
    let all = size(&found);
    found.added.retain(|id| !sealed.contains(id));
    found.removed.retain(|id| !sealed.contains(id));
    found.changed.retain(|changed| !sealed.contains(&changed.conversation));
    let hidden = (all - size(&found)) as u64;
    Ok((found, hidden))
}

/// Names a version.
///
/// # Errors
/// There is no such version, or it is no tag.
pub fn tag(workspace: &mut Workspace, reference: &str, tag: &str) -> Result<DatasetVersion, DatasetError> {
    let numeric = tag.trim_start_matches('v').parse::<u32>().is_ok();
    if !plain(tag) || numeric {
        return Err(DatasetError::Tag(tag.to_owned()));
    }
    let version = find(workspace, reference)?;
    workspace.store_mut().tag_dataset(&version.name, version.number, tag)?;
    Ok(version)
}

/// The newest version of a dataset, and its tags with their versions.
pub type Listed = (DatasetVersion, Vec<(String, u32)>);

/// All datasets, each with its newest version and its tags.
///
/// # Errors
/// The database cannot be read.
pub fn list(workspace: &Workspace) -> Result<Vec<Listed>, DatasetError> {
    let mut found = Vec::new();
    for (name, number) in workspace.store().datasets()? {
        if let Some(version) = workspace.store().dataset(&name, number)? {
            found.push((version, workspace.store().dataset_tags(&name)?));
        }
    }
    Ok(found)
}

/// Conversations that a version shares with the newest version of another dataset, one of which seals them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The other dataset.
    pub dataset: String,
    /// Its newest version.
    pub version: u32,
    /// How many rows outside of the test split are sealed there.
    pub sealed_there: u64,
    /// How many rows of the test split are outside of it there.
    pub open_there: u64,
}

/// Where a version and other datasets seal what the other one does not: what is learnt from one was seen before it is
/// tried on the other.
///
/// # Errors
/// The database cannot be read.
pub fn overlaps(workspace: &Workspace, version: &DatasetVersion) -> Result<Vec<Overlap>, DatasetError> {
    let store = workspace.store();
    let of = |sealed: bool| -> BTreeSet<&ConversationId> {
        version.rows.iter().filter(|row| (row.split == Split::Test) == sealed).map(|row| &row.conversation).collect()
    };
    let (sealed, open) = (of(true), of(false));
    let mut found = Vec::new();
    for (dataset, number) in store.datasets()?.into_iter().filter(|(name, _)| *name != version.name) {
        let (mut sealed_there, mut open_there) = (0, 0);
        for split in Split::ALL {
            let ids = store.dataset_split(&dataset, number, split)?;
            match split {
                Split::Test => sealed_there += ids.iter().filter(|id| open.contains(id)).count() as u64,
                Split::Train | Split::Dev => open_there += ids.iter().filter(|id| sealed.contains(id)).count() as u64,
            }
        }
        if sealed_there + open_there > 0 {
            found.push(Overlap { dataset, version: number, sealed_there, open_there });
        }
    }
    Ok(found)
}

/// Writes down that the test split of a version is opened, and answers how often that happened before.
///
/// # Errors
/// No reason was given, or it cannot be written down; the split stays closed.
pub fn open_test(
    workspace: &mut Workspace,
    version: &DatasetVersion,
    (purpose, reason): (&str, &str),
    now: Timestamp,
) -> Result<usize, DatasetError> {
    if reason.trim().is_empty() {
        return Err(DatasetError::NoReason);
    }
    let before = workspace.store().test_uses(&version.name)?.len();
    let used = TestUse {
        name: version.name.clone(),
        version: version.number,
        purpose: purpose.to_owned(),
        reason: reason.trim().to_owned(),
        reviewer: workspace.reviewer().to_owned(),
        at: now,
    };
    workspace.store_mut().record_test_use(&used)?;
    Ok(before)
}

/// The customer's id in a conversation's metadata.
pub(super) fn customer(conversation: &Conversation) -> Option<String> {
    const CUSTOMER: [&str; 6] = ["customer.id", "customer_id", "user.id", "user_id", "enduser.id", "userId"];
    named(conversation, &CUSTOMER)
}

/// The task's id in a conversation's metadata.
pub(super) fn task(conversation: &Conversation) -> Option<String> {
    named(conversation, &["task_id", "task.id", "taskId", "scenario_id"])
}

fn named(conversation: &Conversation, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| conversation.attributes.get(*name))?;
    let text = match found {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// What the customer opens with, apart from case and punctuation; `None` where it is too short to tell anything.
pub(super) fn opening(conversation: &Conversation) -> Option<String> {
    let text = conversation.steps.iter().find_map(|step| match &step.content {
        StepContent::Message { role: Role::User, text, .. } => Some(text.exact()),
        _ => None,
    })?;
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    (words.len() >= OPENING_WORDS).then(|| words.join(" "))
}

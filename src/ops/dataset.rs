//! Datasets: made from settled labels, split by group, compared, tagged, opened.
//!
//! Invariant: a version is checked for near duplicates and for groups across splits before it is written, and says what
//! it left out and why; a sealed test split is opened for a stated reason only, which stays written down.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::family::{Sketch, near_duplicates, text_of};
use crate::dataset::item::{Unsettled, agreement, settle};
use crate::dataset::split::{Member, Placed, choose_salt, place};
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::dataset::{DatasetRow, DatasetVersion, Difference, Kind, NearDuplicate, Split, TestUse, diff};
use crate::model::id::ConversationId;
use crate::model::label::inclusion_probability;
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::step::{Role, StepContent};
use crate::model::time::Timestamp;
use crate::store::{Asker, Covered, ErrorClass, StoreError};

use super::queue::{self, QueueError};
use super::workspace::Workspace;

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

/// How two versions of a dataset differ.
///
/// # Errors
/// One of them is not there.
pub fn compare(workspace: &Workspace, name: &str, versions: [&str; 2]) -> Result<Difference, DatasetError> {
    let [first, second] = versions.map(|version| find(workspace, &format!("{name}@{version}")));
    Ok(diff(&first?, &second?))
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

/// A conversation that goes in, not placed yet.
struct Candidate {
    row: DatasetRow,
    sketch: Sketch,
    stratum: String,
    is_new: bool,
}

/// The next version: the rows of `version` and what `choice` adds or renews.
fn grow(
    workspace: &mut Workspace,
    mut version: DatasetVersion,
    choice: &Choice,
    (made_by, now): (String, Timestamp),
) -> Result<DatasetVersion, DatasetError> {
    let ids = choice.ids(workspace, now)?;
    let codebook = workspace.store().codebook()?;
    let mut old: BTreeMap<ConversationId, DatasetRow> =
        version.rows.iter().map(|row| (row.conversation.clone(), row.clone())).collect();
    version.left_out = BTreeMap::new();
    let mut fresh = Vec::new();
    let mut renewed = 0;
    let covered = workspace.store().covered(workspace.reviewer())?;
    for id in &ids {
        match candidate(workspace, (id, &covered), version.kind, &codebook)? {
            Ok(mut row) => {
                if let Some(before) = old.get_mut(id) {
                    (row.group, row.split, row.since) = (before.group.clone(), before.split, before.since);
                    row.keys = std::mem::take(&mut before.keys).into_iter().chain(row.keys).collect();
                    row.keys.sort();
                    row.keys.dedup();
                    if row != *before {
                        renewed += 1;
                    }
                    *before = row;
                } else {
                    fresh.push(row);
                }
            }
            Err(reason) => *version.left_out.entry(reason.to_owned()).or_default() += 1,
        }
    }
    version.rows = old.into_values().collect();
    if renewed == 0 && fresh.is_empty() {
        let reasons: Vec<String> =
            version.left_out.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
        let why = match (ids.is_empty(), reasons.is_empty()) {
            (true, _) => "no conversation matches".to_owned(),
            (false, true) => "they are all in it, with the labels they have now".to_owned(),
            (false, false) => format!("of {} conversations, {}", ids.len(), reasons.join("; ")),
        };
        return Err(DatasetError::Nothing(why));
    }
    version.codebook = codebook;
    put_in(workspace, &mut version, fresh)?;
    store(workspace, version, (made_by, now))
}

/// Places fresh rows among those of a version.
fn put_in(workspace: &Workspace, version: &mut DatasetVersion, fresh: Vec<DatasetRow>) -> Result<(), DatasetError> {
    let is_first = version.number == 0;
    let mut all = Vec::new();
    let marked = version.rows.drain(..).map(|row| (row, false)).chain(fresh.into_iter().map(|row| (row, true)));
    for (row, is_new) in marked {
        let conversation = workspace.store().conversation(&row.conversation)?;
        let text = conversation.as_ref().map(|content| text_of(content, row.steps as usize)).unwrap_or_default();
        let intent = conversation.and_then(|content| content.segments.intent).unwrap_or_default();
        let stratum = format!("{} {}", row.verdict.word(), intent.exact());
        all.push(Candidate { row, sketch: Sketch::of(&text), stratum, is_new });
    }
    let sketches: Vec<Sketch> = all.iter().map(|one| one.sketch.clone()).collect();
    let near = near_duplicates(&sketches);
    let pairs: Vec<(usize, usize)> = near.iter().map(|(a, b, _)| (*a, *b)).collect();
    let members: Vec<Member> = all.iter().map(member).collect();
    if is_first {
        version.salt = choose_salt(&members, &pairs);
    }
    let (placed, bridges) = place(version.salt, version.number + 1, &members, &pairs);
    for (one, placed) in all.iter_mut().zip(placed) {
        (one.row.group, one.row.split, one.row.since) = (placed.group, placed.split, placed.since);
    }
    version.near_duplicates = near
        .into_iter()
        .map(|(a, b, similarity)| {
            let (a, b) = (&all[a].row, &all[b].row);
            NearDuplicate {
                a: a.conversation.clone(),
                b: b.conversation.clone(),
                similarity: (similarity * 1_000.0).round() / 1_000.0,
                across: (a.split != b.split).then_some((a.split, b.split)),
            }
        })
        .collect();
    version.bridges = bridges;
    version.rows = all.into_iter().map(|one| one.row).collect();
    version.rows.sort_by(|a, b| a.conversation.cmp(&b.conversation));
    Ok(())
}

fn member(one: &Candidate) -> Member {
    let placed = Placed { group: one.row.group.clone(), split: one.row.split, since: one.row.since };
    Member {
        conversation: one.row.conversation.clone(),
        keys: one.row.keys.clone(),
        stratum: one.stratum.clone(),
        placed: (!one.is_new).then_some(placed),
    }
}

fn store(
    workspace: &mut Workspace,
    mut version: DatasetVersion,
    (made_by, now): (String, Timestamp),
) -> Result<DatasetVersion, DatasetError> {
    version.number += 1;
    version.made_by = made_by;
    version.at = now;
    workspace.reviewer().clone_into(&mut version.reviewer);
    version.events_head = workspace.store().log().head()?;
    if workspace.store_mut().put_dataset(&version)? { Ok(version) } else { Err(DatasetError::Overtaken(version.name)) }
}

/// A conversation as a row without a place, or why it does not go in.
fn candidate(
    workspace: &Workspace,
    (id, covered): (&ConversationId, &Covered),
    kind: Kind,
    codebook: &Codebook,
) -> Result<Result<DatasetRow, &'static str>, StoreError> {
    let labels = workspace.store().labels(id)?;
    if labels.is_empty() {
        return Ok(Err("not labelled"));
    }
    if covered.waits(id) {
        return Ok(Err(Unsettled::waiting(&labels).reason()));
    }
    let Some(content) = workspace.store().conversation(id)? else { return Ok(Err("not stored any more")) };
    let transcript_hash = content.transcript_hash();
    let (verdict, labels) = match settle(&labels, &transcript_hash) {
        Ok(settled) => settled,
        Err(why) => return Ok(Err(why.reason())),
    };
    if !kind.takes(verdict) {
        return Ok(Err(match verdict {
            crate::model::label::Verdict::Pass => "good, and the dataset takes bad ones",
            crate::model::label::Verdict::Fail => "bad, and the dataset takes good ones",
            crate::model::label::Verdict::Unsure => "nobody could tell whether it is right",
        }));
    }
    Ok(Ok(DatasetRow {
        conversation: id.clone(),
        transcript_hash,
        steps: content.steps.len() as u32,
        verdict,
        agreement: agreement(&labels).to_owned(),
        inclusion_probability: inclusion_probability(&labels),
        labels,
        scores: content.scores.clone(),
        outcomes: content.outcomes.clone(),
        keys: keys(workspace, &content),
        group: String::new(),
        split: Split::Train,
        codebook_version: codebook.version,
        since: 0,
    }))
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

/// What a conversation shares with others of its group, under the workspace's key, so that it names nobody.
fn keys(workspace: &Workspace, conversation: &Conversation) -> Vec<String> {
    let key = |what: &str, text: &str| {
        let mut hasher = blake3::Hasher::new_keyed(&workspace.mask_key());
        hasher.update(what.as_bytes()).update(&[0]).update(text.as_bytes());
        format!("{what}:{}", hasher.finalize().to_hex().get(..16).unwrap_or_default())
    };
    let source = conversation.source.exact();
    let mut keys: Vec<String> = [
        customer(conversation).map(|id| key("customer", &format!("{source}\0{id}"))),
        task(conversation).map(|id| key("task", &id)),
        opening(conversation).map(|text| key("opening", &text)),
    ]
    .into_iter()
    .flatten()
    .collect();
    keys.sort();
    keys
}

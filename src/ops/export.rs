//! Writing datasets: chosen by a filter, masked, checked, and put in place whole or not at all.
//!
//! Invariant: nothing is ever overwritten; a file has its name only after it was read back, found free of personal data
//! (unless a reason for keeping it was given), synced, and the export was recorded.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::dataset::item::{Item, Masking, Unsettled, settle};
use crate::dataset::manifest::{Conversations, DataFile, Manifest, MaskingReport, Tool};
use crate::dataset::validate::Invalid;
use crate::dataset::{EXPORTERS, Exporter, SCHEMA_VERSION, exporter};
use crate::model::codebook::Codebook;
use crate::model::conversation::Conversation;
use crate::model::event::EventBody;
use crate::model::export::ExportOrder;
use crate::model::id::ConversationId;
use crate::model::label::{Label, Verdict};
use crate::model::queue::{QueueOrder, QueueQuery};
use crate::model::time::Timestamp;
use crate::store::events::Draft;
use crate::store::{Asker, ErrorClass, StoreError};

use super::Progress;
use super::door::Door;
use super::queue::{self, QueueError};
use super::workspace::Workspace;

mod files;

pub use files::FileError;
use files::Files;

/// The version of the masking rules, named in every manifest and label record.
const MASKING_VERSION: u32 = 1;

/// What a rules-only masker can promise.
const LIMITS: &str = "found by form and by names known from metadata; not everything is found";

/// Why an export did not take place; no file was left.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such format.
    #[error("there is no format {name:?}; known are {known}")]
    Format {
        /// As asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// No format was named.
    #[error("name at least one format: {0}")]
    NoFormat(String),
    /// Personal data is kept for a reason only.
    #[error("keeping personal data needs a reason of a few words; it is recorded with the export")]
    NoReason,
    /// The filter, or reading the queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The workspace.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A row that breaks its format.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Personal data in a finished file.
    #[error(
        "{file}, line {line} still holds personal data ({class}) after masking; nothing was written. This is a fault of the program: please report it, and use --keep-personal-data REASON if it must be exported now"
    )]
    Leak {
        /// The data file.
        file: String,
        /// From 1.
        line: u64,
        /// The class found.
        class: &'static str,
    },
    /// Nothing to write.
    #[error("nothing to export: {0}")]
    Nothing(String),
    /// Stopped by the caller.
    #[error("the export was cancelled; no file was left")]
    Cancelled,
}

impl ExportError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) | Self::Queue(QueueError::Store(error)) => error.class(),
            Self::File(error) => error.class(),
            Self::Leak { .. } => ErrorClass::Refused,
            _ => ErrorClass::General,
        }
    }

    /// True where the same order may succeed later as it is.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) | Self::Queue(QueueError::Store(error)) if error.is_transient())
    }
}

/// What an export wrote, or would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    /// The folder.
    pub directory: PathBuf,
    /// The manifest, as written.
    pub manifest: Manifest,
    /// Set where the database has the export's event but the journal could not be written: the reason.
    pub journal_problem: Option<String>,
}

/// Writes the files of an order.
///
/// # Errors
/// No file was left, whatever it was.
pub fn export(
    workspace: &mut Workspace,
    order: &ExportOrder,
    now: Timestamp,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ExportReport, ExportError> {
    let existed = order.directory.exists();
    let outcome = write_all(workspace, order, now, progress);
    if outcome.is_err() && !existed {
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&order.directory);
    }
    outcome
}

fn write_all(
    workspace: &mut Workspace,
    order: &ExportOrder,
    now: Timestamp,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ExportReport, ExportError> {
    let exporters = exporters_of(order)?;
    let door = door_of(workspace, order)?;
    let names: Vec<&str> = exporters.iter().map(|exporter| exporter.file_name()).collect();
    let mut files = Files::begin(&order.directory, &names)?;
    let mut gathered = gather(workspace, order, &exporters, now, &mut |row| match row {
        Gathered::Row { file, line } => Ok(files.write(file, line)?),
        Gathered::Done { done, total } => tell(progress, done, total),
    })?;
    if gathered.rows.iter().all(|rows| *rows == 0) {
        return Err(ExportError::Nothing(nothing(&gathered)));
    }
    for (at, exporter) in exporters.iter().enumerate() {
        let checked = files.check(at, *exporter, &door)?;
        gathered.files[at].rows = checked.rows;
        gathered.files[at].bytes = checked.bytes;
        gathered.files[at].sha256 = checked.sha256;
        for (class, count) in checked.masked {
            *gathered.masked.entry(class).or_default() += count;
        }
    }
    let manifest = manifest(workspace, order, gathered)?;
    files.write_manifest(&manifest)?;
    let rows = manifest.files.iter().map(|file| (file.name.clone(), file.rows)).collect();
    let body = EventBody::Export {
        formats: manifest.files.iter().map(|file| file.format.clone()).collect(),
        directory: order.directory.display().to_string(),
        rows,
        unmasked_reason: order.keep_personal_data.clone(),
    };
    let written = workspace.append(now, |_| Ok::<_, StoreError>(vec![Draft { body, target: None }]))?;
    files.finish()?;
    Ok(ExportReport { directory: order.directory.clone(), manifest, journal_problem: written.journal_problem })
}

/// What an export would write, without writing anything.
///
/// # Errors
/// As [`export`], as far as it can be known without writing.
pub fn plan(workspace: &Workspace, order: &ExportOrder, now: Timestamp) -> Result<ExportReport, ExportError> {
    let exporters = exporters_of(order)?;
    door_of(workspace, order)?;
    Files::check_place(&order.directory, &exporters.iter().map(|exporter| exporter.file_name()).collect::<Vec<_>>())?;
    let mut bytes = vec![0_u64; exporters.len()];
    let mut gathered = gather(workspace, order, &exporters, now, &mut |row| {
        if let Gathered::Row { file, line } = row {
            bytes[file] += line.len() as u64 + 1;
        }
        Ok(())
    })?;
    for (at, file) in gathered.files.iter_mut().enumerate() {
        (file.rows, file.bytes) = (gathered.rows[at], bytes[at]);
    }
    let manifest = manifest(workspace, order, gathered)?;
    Ok(ExportReport { directory: order.directory.clone(), manifest, journal_problem: None })
}

fn tell(progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>, done: usize, total: usize) -> Result<(), ExportError> {
    let state = Progress { done: done as u64, total: Some(total as u64), what: "exporting".to_owned() };
    match progress(&state) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ExportError::Cancelled),
    }
}

fn exporters_of(order: &ExportOrder) -> Result<Vec<&'static dyn Exporter>, ExportError> {
    let known = || EXPORTERS.iter().map(|exporter| exporter.name()).collect::<Vec<_>>().join(", ");
    let mut chosen: Vec<&'static dyn Exporter> = Vec::new();
    for name in &order.formats {
        let found = exporter(name.trim());
        let found = found.ok_or_else(|| ExportError::Format { name: name.clone(), known: known() })?;
        if chosen.iter().all(|other| other.name() != found.name()) {
            chosen.push(found);
        }
    }
    if chosen.is_empty() { Err(ExportError::NoFormat(known())) } else { Ok(chosen) }
}

fn door_of(workspace: &Workspace, order: &ExportOrder) -> Result<Door, ExportError> {
    match &order.keep_personal_data {
        None => Ok(Door::masked(workspace)),
        Some(reason) if reason.trim().is_empty() => Err(ExportError::NoReason),
        Some(_) => Ok(Door::open()),
    }
}

/// What is told while rows are made.
enum Gathered<'a> {
    /// A row of the file with this index.
    Row { file: usize, line: &'a str },
    /// So many conversations were looked at.
    Done { done: usize, total: usize },
}

/// What was made, without the rows themselves.
struct Gathering {
    conversations: Conversations,
    files: Vec<DataFile>,
    rows: Vec<u64>,
    masked: BTreeMap<String, u64>,
    masking: Masking,
    codebook_version: u32,
}

fn gather(
    workspace: &Workspace,
    order: &ExportOrder,
    exporters: &[&'static dyn Exporter],
    now: Timestamp,
    each: &mut dyn FnMut(Gathered<'_>) -> Result<(), ExportError>,
) -> Result<Gathering, ExportError> {
    let query = QueueQuery { filter: order.filter.clone(), find: String::new(), order: QueueOrder::Oldest };
    let mut ids = queue::index(workspace.store(), &query, Asker { reviewer: workspace.reviewer(), now })?.ids;
    // The order of rows must not depend on scores or on anything else that may change while the labels do not.
    ids.sort();
    let codebook = workspace.store().codebook()?;
    let door = door_of(workspace, order)?;
    let policy = if door.masks() { "pseudonyms" } else { "none" };
    let mut gathering = Gathering {
        conversations: Conversations { matched: ids.len() as u64, ..Conversations::default() },
        files: exporters.iter().map(|exporter| empty(*exporter)).collect(),
        rows: vec![0; exporters.len()],
        masked: BTreeMap::new(),
        masking: Masking { policy: policy.to_owned(), version: MASKING_VERSION },
        codebook_version: codebook.version,
    };
    for (done, id) in ids.iter().enumerate() {
        if let Some(ready) = prepare(workspace, id, &door, &mut gathering.conversations)? {
            write_rows(&ready, exporters, &codebook, &mut gathering, each)?;
        }
        each(Gathered::Done { done: done + 1, total: ids.len() })?;
    }
    Ok(gathering)
}

/// A conversation and its labels, ready for the exporters.
struct Ready {
    conversation: Conversation,
    transcript_hash: crate::model::id::TranscriptHash,
    labels: Vec<Label>,
    verdict: Verdict,
    group_key: String,
}

fn prepare(
    workspace: &Workspace,
    id: &ConversationId,
    door: &Door,
    counts: &mut Conversations,
) -> Result<Option<Ready>, ExportError> {
    let labels = workspace.store().labels(id)?;
    let leave_out = |counts: &mut Conversations, why: Unsettled| {
        *counts.left_out.entry(why.reason().to_owned()).or_default() += 1;
        Ok(None)
    };
    if labels.is_empty() {
        return leave_out(counts, Unsettled::NotLabelled);
    }
    let Some(conversation) = workspace.store().conversation(id)? else { return Ok(None) };
    let transcript_hash = conversation.transcript_hash();
    let (verdict, labels) = match settle(&labels, &transcript_hash) {
        Ok(settled) => settled,
        Err(why) => return leave_out(counts, why),
    };
    counts.settled += 1;
    *counts.verdicts.entry(verdict.word().to_owned()).or_default() += 1;
    let door = door.knowing(&conversation);
    Ok(Some(Ready {
        group_key: group_key(workspace, &conversation),
        labels: labels.iter().map(|label| door.label(label)).collect(),
        conversation: door.conversation(&conversation),
        transcript_hash,
        verdict,
    }))
}

fn write_rows(
    ready: &Ready,
    exporters: &[&'static dyn Exporter],
    codebook: &Codebook,
    gathering: &mut Gathering,
    each: &mut dyn FnMut(Gathered<'_>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let item = Item {
        conversation: &ready.conversation,
        transcript_hash: &ready.transcript_hash,
        labels: &ready.labels,
        verdict: ready.verdict,
        codebook,
        group_key: &ready.group_key,
        masking: &gathering.masking,
    };
    for (at, exporter) in exporters.iter().enumerate() {
        let rows = exporter.rows(&item);
        for line in &rows.lines {
            each(Gathered::Row { file: at, line })?;
        }
        gathering.rows[at] += rows.lines.len() as u64;
        for left in &rows.left_out {
            *gathering.files[at].left_out.entry(left.reason.to_owned()).or_default() += 1;
        }
        for warning in &rows.warnings {
            *gathering.files[at].warnings.entry(warning.what.to_owned()).or_default() += 1;
        }
    }
    Ok(())
}

fn empty(exporter: &dyn Exporter) -> DataFile {
    DataFile {
        name: exporter.file_name().to_owned(),
        format: exporter.name().to_owned(),
        rows: 0,
        bytes: 0,
        sha256: String::new(),
        left_out: BTreeMap::new(),
        warnings: BTreeMap::new(),
    }
}

/// What all conversations of one customer share, under the workspace's key, so that it names nobody; without a
/// customer, what this conversation has alone.
fn group_key(workspace: &Workspace, conversation: &Conversation) -> String {
    const CUSTOMER: [&str; 6] = ["customer.id", "customer_id", "user.id", "user_id", "enduser.id", "userId"];
    let customer = CUSTOMER.iter().find_map(|name| conversation.attributes.get(*name)).map(|id| match id {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let mut hasher = blake3::Hasher::new_keyed(&workspace.mask_key());
    hasher.update(conversation.source.exact().as_bytes());
    hasher.update(&[0]);
    match customer.filter(|id| !id.is_empty()) {
        Some(id) => hasher.update(b"customer\0").update(id.as_bytes()),
        None => hasher.update(b"conversation\0").update(conversation.id.as_str().as_bytes()),
    };
    format!("g{}", hasher.finalize().to_hex().get(..16).unwrap_or_default())
}

fn manifest(workspace: &Workspace, order: &ExportOrder, gathered: Gathering) -> Result<Manifest, StoreError> {
    let head = workspace.store().log().head()?;
    Ok(Manifest {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        filter: order.filter.clone(),
        masking: MaskingReport {
            masking: gathered.masking,
            kept_because: order.keep_personal_data.clone(),
            masked: gathered.masked,
            limits: LIMITS,
        },
        conversations: gathered.conversations,
        codebook_version: gathered.codebook_version,
        files: gathered.files,
        events_head: head,
    })
}

/// Why there is no row at all, in words.
fn nothing(gathered: &Gathering) -> String {
    let counts = &gathered.conversations;
    if counts.matched == 0 {
        return "no conversation matches".to_owned();
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    let files = gathered.files.iter().flat_map(|file| &file.left_out);
    for (reason, count) in counts.left_out.iter().chain(files) {
        *reasons.entry(reason).or_default() += count;
    }
    let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
    format!("of {} conversations, {}", counts.matched, reasons.join("; "))
}

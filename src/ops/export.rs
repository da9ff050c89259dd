//! Writing datasets: chosen by a filter, masked, checked, and put in place whole or not at all.
//!
//! Invariant: nothing is ever overwritten; a file has its name only after it was read back, found free of personal data
//! (unless a reason for keeping it was given), synced, and the export was recorded.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::dataset::manifest::{DatasetUse, Manifest, MaskingReport, Tool};
use crate::dataset::validate::Invalid;
use crate::dataset::{SCHEMA_VERSION, format_names};
use crate::model::dataset::Split;
use crate::model::event::EventBody;
use crate::model::export::ExportOrder;
use crate::model::time::Timestamp;
use crate::store::events::Draft;
use crate::store::{ErrorClass, StoreError};

use super::Progress;
use super::dataset::{DatasetError, open_test};
use super::door::Door;
use super::evaluate::names::unheard;
use super::import::ahead::Beside;
use super::queue::QueueError;
use super::workspace::Workspace;

mod card;
mod files;
mod rows;
mod scan;
mod source;
mod target;

pub use files::FileError;
use files::Files;
use rows::{Gathered, Gathering, Making, gather};
pub use source::{Ready, Source};
use target::{Target, targets};

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
    /// The dataset.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A row of a dataset whose conversation is not stored any more.
    #[error(
        "{dataset} holds {conversation}, which is not stored any more; import it again, or remove it from the dataset"
    )]
    Orphan {
        /// The version.
        dataset: String,
        /// The conversation.
        conversation: String,
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
            Self::Dataset(error) => error.class(),
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
    /// How often the test split that was opened had been opened before.
    pub test_uses_before: usize,
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
    export_beside(workspace, (order, None), now, progress)
}

/// Writes the files of an order, half of the work on a second thread where the caller has one to lend. What is written
/// does not depend on it.
///
/// # Errors
/// No file was left, whatever it was.
pub fn export_beside(
    workspace: &mut Workspace,
    (order, beside): (&ExportOrder, Option<Beside>),
    now: Timestamp,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ExportReport, ExportError> {
    let existed = order.directory.exists();
    let outcome = write_all(workspace, (order, beside), now, progress);
    if outcome.is_err() && !existed {
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&order.directory);
    }
    outcome
}

fn write_all(
    workspace: &mut Workspace,
    (order, beside): (&ExportOrder, Option<Beside>),
    now: Timestamp,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ExportReport, ExportError> {
    let mut targets = targets(order)?;
    let door = door_of(workspace, order)?;
    let source = Source::of(workspace, order, now)?.through(&door);
    let mut files = Files::begin(&order.directory, &targets)?;
    let making = Making { source: &source, targets: &targets, door: &door, beside, filter: &order.filter };
    let mut gathered = gather(workspace, &making, &mut |row| match row {
        Gathered::Row { file, line } => Ok(files.write(file, line)?),
        Gathered::Done { done, total } => tell(progress, done, total),
    })?;
    if gathered.files.iter().all(|file| file.rows == 0) {
        let unheard = unheard(workspace.store(), &order.filter)?;
        return Err(ExportError::Nothing(nothing(&gathered) + &unheard));
    }
    drop_empty(&mut targets, &mut gathered, &mut files);
    let name = source.name();
    for (at, target) in targets.iter().enumerate() {
        let checked = files.check(at, target, (&door, beside), name)?;
        let file = &mut gathered.files[at];
        (file.rows, file.bytes, file.sha256) = (checked.rows, checked.bytes, checked.sha256);
        for (class, count) in checked.masked {
            *gathered.masked.entry(class).or_default() += count;
        }
    }
    let mut manifest = manifest(workspace, (order, &door), &source, gathered)?;
    for (name, text) in card::files(&targets, &manifest, &source) {
        let file = files.add(&name, &text, &door)?;
        manifest.files.push(file);
    }
    files.write_manifest(&manifest)?;
    finish(workspace, order, &source, (manifest, files), now)
}

/// Writes down what is written, and gives the files their names.
fn finish(
    workspace: &mut Workspace,
    order: &ExportOrder,
    source: &Source,
    (manifest, files): (Manifest, Files),
    now: Timestamp,
) -> Result<ExportReport, ExportError> {
    let mut test_uses_before = 0;
    if let Some(reason) = &order.open_test {
        for version in source.opened(workspace)? {
            test_uses_before = test_uses_before.max(open_test(workspace, &version, ("export", reason), now)?);
        }
    }
    let mut formats: Vec<String> = Vec::new();
    for file in &manifest.files {
        if !formats.contains(&file.format) {
            formats.push(file.format.clone());
        }
    }
    let body = EventBody::Export {
        formats,
        directory: order.directory.display().to_string(),
        rows: manifest.files.iter().map(|file| (file.name.clone(), file.rows)).collect(),
        unmasked_reason: order.keep_personal_data.clone(),
        dataset: source.reference(),
        test_opened_because: order.open_test.clone(),
    };
    let written = workspace.append(now, |_| Ok::<_, StoreError>(vec![Draft { body, target: None }]))?;
    files.finish()?;
    let directory = order.directory.clone();
    Ok(ExportReport { directory, manifest, journal_problem: written.journal_problem, test_uses_before })
}

/// What an export would write, without writing anything.
///
/// # Errors
/// As [`export`], as far as it can be known without writing.
pub fn plan(workspace: &Workspace, order: &ExportOrder, now: Timestamp) -> Result<ExportReport, ExportError> {
    let targets = targets(order)?;
    let door = door_of(workspace, order)?;
    Files::check_place(&order.directory, &targets)?;
    let source = Source::of(workspace, order, now)?.through(&door);
    let mut bytes = vec![0_u64; targets.len()];
    let making = Making { source: &source, targets: &targets, door: &door, beside: None, filter: &order.filter };
    let mut gathered = gather(workspace, &making, &mut |row| {
        if let Gathered::Row { file, line } = row {
            bytes[file] += line.len() as u64 + 1;
        }
        Ok(())
    })?;
    for (file, bytes) in gathered.files.iter_mut().zip(bytes) {
        file.bytes = bytes;
    }
    for at in empty(&targets, &gathered).into_iter().rev() {
        gathered.files.remove(at);
    }
    let manifest = manifest(workspace, (order, &door), &source, gathered)?;
    Ok(ExportReport { directory: order.directory.clone(), manifest, journal_problem: None, test_uses_before: 0 })
}

fn tell(progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>, done: usize, total: usize) -> Result<(), ExportError> {
    let state = Progress { done: done as u64, total: Some(total as u64), what: "exporting".to_owned() };
    match progress(&state) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ExportError::Cancelled),
    }
}

fn door_of(workspace: &Workspace, order: &ExportOrder) -> Result<Door, ExportError> {
    match &order.keep_personal_data {
        None => Ok(Door::masked(workspace)),
        Some(reason) if reason.trim().is_empty() => Err(ExportError::NoReason),
        Some(_) => Ok(Door::open()),
    }
}

/// Forgets files of single splits that have no rows, since loaders stumble over them.
fn drop_empty(targets: &mut Vec<Target>, gathered: &mut Gathering, files: &mut Files) {
    for at in empty(targets, gathered).into_iter().rev() {
        targets.remove(at);
        gathered.files.remove(at);
        files.forget(at);
    }
}

/// Which files of single splits have no rows. Where none of a format has any, the train split's tells why.
fn empty(targets: &[Target], gathered: &Gathering) -> Vec<usize> {
    let rows = |at: usize| gathered.files.get(at).map_or(0, |file| file.rows);
    let alone = |target: &Target| {
        let of_format = |at: &usize| targets[*at].format == target.format;
        !target.in_folder()
            && target.split == Some(Split::Train)
            && (0..targets.len()).filter(of_format).all(|at| rows(at) == 0)
    };
    let goes = |at: &usize| targets[*at].is_of_split() && rows(*at) == 0 && !alone(&targets[*at]);
    (0..targets.len()).filter(goes).collect()
}

fn manifest(
    workspace: &Workspace,
    (order, door): (&ExportOrder, &Door),
    source: &Source,
    gathered: Gathering,
) -> Result<Manifest, StoreError> {
    let head = workspace.store().log().head()?;
    Ok(Manifest {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        // What was typed may name a customer, and the manifest travels with the rows.
        filter: door.text(&gathered.filter),
        dataset: source
            .about(order.open_test.is_some())
            .map(|about| DatasetUse { made_by: door.text(&gathered.made_by), ..about }),
        masking: MaskingReport {
            masking: gathered.masking,
            kept_because: order.keep_personal_data.as_ref().map(|reason| door.text(reason)),
            masked: gathered.masked,
            limits: LIMITS,
        },
        conversations: gathered.conversations,
        codebook_version: source.codebook().version,
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

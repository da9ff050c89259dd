//! Importing files and folders into the store.
//!
//! Invariant: importing the same input again changes nothing; how the input is cut into batches, lines and files, and in
//! which order they come, makes no difference to what is stored, but for the name of a conversation that several files
//! hold and none of them names. Memory is bounded by a batch, not by the input.

pub(in crate::ops) mod ahead;
mod choice;
pub mod database;
mod files;
mod follow;
mod intake;
mod labels;
mod live;
mod logs;
mod rows;
mod spans;
mod wholes;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::Serialize;

use super::Progress;
use super::door::Door;
use crate::ingest::{self, ImportedLabel, Input, Item, Problem, ProblemKind, ReadOptions, ReadSummary, Sink, ToolList};
use crate::model::id::ConversationId;
use crate::model::score::{Direction, Scale};
use crate::store::{Store, StoreError};
pub use ahead::Beside;
pub(in crate::ops) use ahead::in_halves;
pub use choice::{Choice, Sample};
use database::DatabaseError;
pub use follow::{Follow, FollowStep};
use intake::Intake;
pub(super) use labels::record as record_labels;
pub use live::{Arrived, LiveImport};

/// How to import.
pub struct ImportOptions<'a> {
    /// How to read.
    pub read: ReadOptions,
    /// Which way the values of an evaluator run.
    pub scale: &'a dyn Fn(&str) -> Scale,
    /// How much is gathered before it is stored.
    pub batch: BatchLimits,
    /// Which conversations are kept.
    pub choice: Choice<'a>,
    /// The door that values in rows about conversations may have been masked by, as copied from this workspace's output.
    pub door: Option<&'a Door>,
    /// A second thread, where there is one: files are then read ahead of what is stored of them.
    pub beside: Option<Beside>,
    /// What becomes of conversations that are there already under another source.
    pub twins: Twins,
}

/// What becomes of a conversation that is named after its file, where the same id and transcript of four steps and more
/// are stored already under another source: the same file under another name, mostly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Twins {
    /// It is one more conversation, as two runs of a deterministic agent are.
    #[default]
    Keep,
    /// It is not stored again, and told.
    Leave,
}

/// How much is gathered before it is stored; whichever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Spans, log records and conversations together.
    pub records: usize,
    /// About so many bytes of them.
    pub bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { records: 1_600, bytes: 8 << 20 }
    }
}

impl Default for ImportOptions<'_> {
    /// Everything detected; larger values are better in all evaluators.
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            scale: &assumed_scale,
            batch: BatchLimits::default(),
            choice: Choice::default(),
            door: None,
            beside: None,
            twins: Twins::default(),
        }
    }
}

/// The scale of an evaluator nothing is known of.
fn assumed_scale(_: &str) -> Scale {
    Scale { direction: Direction::Higher, range: None, assumed: true }
}

/// What came of an import. `read = imported + unchanged + skipped + conflicts`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// 1.
    pub schema_version: u32,
    /// Files read.
    pub files: u64,
    /// Records found.
    pub read: u64,
    /// Records stored, extensions and waiting ones among them.
    pub imported: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Records lost; each is explained by a problem.
    pub skipped: u64,
    /// Records that differ from what is stored under their identity, and were set aside.
    pub conflicts: u64,
    /// Records of conversations that a sample or a filter left out; they are not among those read.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Conversations in the input.
    pub conversations: u64,
    /// Traces in the input.
    pub traces: u64,
    /// Different spans in the input.
    pub spans: u64,
    /// Those with status error.
    pub error_spans: u64,
    /// Steps of the input's conversations that failed in any of the five disguises.
    pub failed_steps: u64,
    /// Scores of the input's conversations.
    pub scores: u64,
    /// Records in the store that wait for what they are about.
    pub pending: u64,
    /// Conversations that the built-in evaluators and the policies judged afterwards.
    pub judged: u64,
    /// Of them, those at least one evaluator or rule objects to.
    pub with_objections: u64,
    /// Why nothing was judged, where it should have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<String>,
    /// How long it took; the caller, who has a clock, sets it.
    pub seconds: f64,
    /// What was not, or not wholly, understood.
    pub problems: Vec<Problem>,
    /// Conversations that are stored already under another source, by that source; they are among the unchanged.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub elsewhere: BTreeMap<String, u64>,
    /// Files in folders that by their names hold no data, and were not opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    /// New conversations without a date of their own.
    #[serde(skip_serializing_if = "is_zero")]
    pub undated: u64,
    /// What the input's rows are about that wait because no conversation has such an id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
    /// Conversations whose expected calls were not taken: they hold a masked value that nothing in the conversation explains.
    #[serde(skip_serializing_if = "is_zero")]
    pub masked: u64,
    /// Judgements that came with conversations; whoever can write events records them.
    #[serde(skip)]
    pub labels: Vec<ImportedLabel>,
    /// Conversations whose session became known: the ids they had, and the ones they have. Labels follow by an event.
    #[serde(skip)]
    pub aliases: Vec<(ConversationId, ConversationId)>,
    /// True where the caller asked to stop; what was stored until then is whole.
    #[serde(skip)]
    pub cancelled: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "this is how it is called")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why an import did not take place or not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A path that is not there.
    #[error("{}: {source}; nothing was imported", path.display())]
    Path {
        /// As given.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A mapping that does not fit the database it is meant for.
    #[error("{}: {source}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What does not fit.
        source: DatabaseError,
    },
    /// The database; what was stored before is whole, and importing again goes on from there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports files and, recursively and in sorted order, folders. `progress` is told bytes and breaks to stop.
///
/// # Errors
/// A path that is not there (before anything is stored), or the store. Problems of the input are in the report.
pub fn import(
    store: &mut Store,
    paths: &[PathBuf],
    options: &ImportOptions<'_>,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ImportReport, ImportError> {
    let found = files::find(paths)?;
    let mut intake = Intake::new(store, options)?;
    let passed_over = found.passed_over.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let mut report =
        ImportReport { schema_version: 1, problems: found.problems, passed_over, ..ImportReport::default() };
    let meter = files::Meter::default();
    for file in &found.files {
        let mut tell = |done: u64| {
            progress(&Progress { done, total: Some(found.bytes), what: format!("importing {}", file.name) })
        };
        intake.begin(&file.stem);
        let mut problems = Vec::new();
        let mut labels = std::mem::take(&mut report.labels);
        let mut take = |item: Item| {
            match item {
                Item::Problem(problem) => problems.push(problem),
                Item::Record(record) => intake.take(record)?,
                Item::Row(row) => intake.take_row(*row)?,
                Item::Label(label) => labels.push(*label),
            }
            if intake.due() { tell(meter.read()) } else { ControlFlow::Continue(()) }
        };
        let summary = read_file(file, &meter, options, &mut take);
        let nothing = summary.as_ref().is_ok_and(|read| read.is_some_and(|read| read.read == read.skipped));
        if nothing && problems.is_empty() {
            let (kind, message) = (ProblemKind::NotARecord, "there is nothing in it".to_owned());
            problems.push(Problem { kind, message, ..nothing_read(&file.name) });
        }
        report.problems.extend(if nothing { summed_up(problems) } else { problems });
        report.labels = labels;
        let Some(summary) = summary? else { continue };
        report.files += 1;
        report.read += summary.read;
        report.skipped += summary.skipped;
        report.cancelled = summary.stopped;
        if summary.stopped {
            break;
        }
    }
    intake.finish(&mut report)?;
    Ok(report)
}

/// The problems of one file that holds nothing to read: what is wrong with each of its records in the same words is said
/// once.
fn summed_up(problems: Vec<Problem>) -> Vec<Problem> {
    let mut told: Vec<Problem> = Vec::new();
    for problem in problems {
        let same = told.iter_mut().find(|one| {
            one.kind == problem.kind
                && match problem.kind {
                    ProblemKind::NotARecord => one.message == problem.message,
                    // Where in its line each of them stops being JSON helps nobody: the file is something else.
                    ProblemKind::InvalidJson => true,
                    _ => false,
                }
        });
        match same {
            Some(one) => one.lost += problem.lost,
            None => told.push(problem),
        }
    }
    let merged = |problem: &&mut Problem| {
        matches!(problem.kind, ProblemKind::NotARecord | ProblemKind::InvalidJson) && problem.lost > 1
    };
    for problem in told.iter_mut().filter(merged) {
        problem.message = format!("{} (the same of {} records of this file)", problem.message, problem.lost);
    }
    told
}

/// Reads one file; `None` where it could not be opened, which is told as a problem.
fn read_file(
    file: &files::Source,
    meter: &files::Meter,
    options: &ImportOptions<'_>,
    take: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Option<ReadSummary>, ImportError> {
    let ImportOptions { read: options, beside, .. } = options;
    if file.is_toml() {
        let _ = take(Item::Problem(settings(file)));
        return Ok(Some(ReadSummary::default()));
    }
    if file.is_database() {
        let mut summary = ReadSummary::default();
        return match database::read(file.path(), (&file.name, &file.stem), options, (&mut summary, take)) {
            Ok(()) => Ok(Some(summary)),
            Err(DatabaseError::Foreign(error)) => {
                let problem = Problem { message: error.to_string(), ..nothing_read(&file.name) };
                let _ = take(Item::Problem(problem));
                Ok(Some(summary))
            }
            Err(error) => Err(ImportError::Database { path: file.path().to_owned(), source: error }),
        };
    }
    let read = |sink: &mut Sink<'_>| -> std::io::Result<ReadSummary> {
        let input = Input { name: file.name.clone(), stem: file.stem.clone(), reader: Box::new(file.open(meter)?) };
        Ok(ingest::read(input, options, sink))
    };
    let beside = beside.filter(|_| file.bytes >= ahead::WORTH_IT);
    let summary = match beside.and_then(|beside| ahead::read_ahead(beside, &read, take)) {
        Some(summary) => summary,
        None => read(take),
    };
    match summary {
        Ok(summary) => Ok(Some(summary)),
        Err(error) => {
            let _ = take(Item::Problem(unreadable(&file.name, &error)));
            Ok(None)
        }
    }
}

/// A table of settings that was named as if it were data, as a problem.
fn settings(file: &files::Source) -> Problem {
    let text = std::fs::read_to_string(file.path()).unwrap_or_default();
    let tools = ToolList::parse(&file.name, &text).is_ok_and(|list| !list.effects.is_empty());
    let message = if tools {
        "this says what tools do, and holds no conversation; `--tools FILE` takes it beside the data"
    } else {
        "this is a TOML file, which holds no conversations; `--tools FILE` takes one that says what tools do, \
         `--map FILE` one that says which column means what"
    };
    Problem { kind: ProblemKind::Refused, message: message.to_owned(), ..nothing_read(&file.name) }
}

/// A file that could not be opened, as a problem.
fn unreadable(name: &str, error: &std::io::Error) -> Problem {
    Problem { message: format!("the file cannot be read: {}", error.kind()), ..nothing_read(name) }
}

fn nothing_read(name: &str) -> Problem {
    Problem { path: name.to_owned(), line: None, byte: None, kind: ProblemKind::Io, message: String::new(), lost: 0 }
}

#[cfg(test)]
mod tests;

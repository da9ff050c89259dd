//! The demo: a workspace of its own with the conversations of an invented shop, some of them already judged.
//!
//! Invariant: only a folder that this made, and marked, is ever deleted or filled; labels in it are kept until asked
//! otherwise.

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Progress;
use super::import::{ImportError, ImportReport};
use super::review::{self, ReviewError};
use super::workspace::{Identity, ImportOrder, Workspace, WorkspaceError};
use crate::ingest::{Format, ReadOptions, ToolList, ToolListError};
use crate::model::act::{Act, FailedAt, Judgement, Subject};
use crate::model::correction::{Correction, CorrectionKind};
use crate::model::event::EventBody;
use crate::model::label::Verdict;
use crate::model::step::Step;
use crate::model::time::Timestamp;
use crate::model::tool::Arguments;
use crate::store::{Access, ErrorClass, StoreError};

/// The file that marks a folder as a demo's.
pub const MARKER: &str = "this-is-a-demo";

const MARKER_TEXT: &str = "This folder was made by `aftercall demo`. `aftercall demo --fresh` deletes it.\n";

/// The codebook that is loaded.
const PACK: &str = "customer-service";

/// Who loads it.
const HOST: &str = "demo";

/// The sample's conversations and their scores, compressed when the program was built.
const FILES: [(&str, &[u8]); 2] = [
    ("conversations.jsonl.gz", include_bytes!(concat!(env!("OUT_DIR"), "/conversations.jsonl.gz"))),
    ("evaluations.jsonl.gz", include_bytes!(concat!(env!("OUT_DIR"), "/evaluations.jsonl.gz"))),
];

/// What the shop's own system says came of them.
const OUTCOMES: &str = include_str!("../../sample-data/outcomes.csv");

const TOOLS: &str = include_str!("../../sample-data/tools.json");
const ANSWERS: &str = include_str!("../../sample-data/answers.json");

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A folder of somebody's own.
    #[error(
        "{} is not a demo's folder (it has no file {MARKER}); nothing in it was touched. Move it away, or name another with --workspace DIR",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// The operating system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        source: std::io::Error,
    },
    /// Importing the sample.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Judging the examples.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The sample itself.
    #[error("the sample data in this program cannot be read: {0}")]
    Sample(String),
}

impl From<ToolListError> for DemoError {
    fn from(error: ToolListError) -> Self {
        Self::Sample(error.to_string())
    }
}

impl DemoError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NotOurs(_) => ErrorClass::Refused,
            Self::Io { .. } => ErrorClass::Io,
            Self::Import(ImportError::Store(error)) | Self::Store(error) => error.class(),
            Self::Review(error) => error.class(),
            Self::Workspace(error) => error.class(),
            Self::Import(_) | Self::Sample(_) => ErrorClass::General,
        }
    }
}

/// What a careful reader said of a conversation of the sample.
#[derive(Debug, Deserialize)]
struct Answer {
    conversation_id: String,
    verdict: Verdict,
    mode: Option<String>,
    severity: Option<u8>,
    first_failure: Option<Place>,
    right: Option<Right>,
    note: Option<String>,
    #[serde(default)]
    demo_judged: bool,
}

#[derive(Debug, Deserialize)]
struct Place {
    span_id: String,
}

#[derive(Debug, Deserialize)]
struct Right {
    kind: CorrectionKind,
    tool: Option<String>,
    arguments: Option<Value>,
    text: Option<String>,
    reason: Option<String>,
}

/// Deletes the demo at `root`, labels and all. Answers whether there was one.
///
/// # Errors
/// The folder is not a demo's, or cannot be deleted.
pub fn clear(root: &Path) -> Result<bool, DemoError> {
    let Some(found) = look(root)? else { return Ok(false) };
    if found == Found::Empty {
        return Ok(false);
    }
    fs::remove_dir_all(root).map_err(|source| DemoError::Io { path: root.to_owned(), source })?;
    Ok(true)
}

/// Makes the demo's folder, or makes sure that what is there is one.
///
/// # Errors
/// The folder is somebody's own, or cannot be made.
pub fn claim(root: &Path) -> Result<(), DemoError> {
    if look(root)? == Some(Found::Demo) {
        return Ok(());
    }
    make_folder(root)?;
    write(&root.join(MARKER), MARKER_TEXT.as_bytes())
}

/// Brings the sample's conversations into the demo's workspace, and on its first day the codebook and the examples.
///
/// # Errors
/// The workspace cannot be written.
pub fn fill(
    workspace: &mut Workspace,
    now: Timestamp,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<ImportReport, DemoError> {
    let io = |source| DemoError::Io { path: workspace.root().to_owned(), source };
    let folder = tempfile::Builder::new().prefix(".sample-").tempdir_in(workspace.root()).map_err(io)?;
    for (name, bytes) in FILES {
        write(&folder.path().join(name), bytes)?;
    }
    let tools = ToolList::parse("tools.json", TOOLS)?;
    let paths = FILES.iter().map(|(name, _)| folder.path().join(name)).collect();
    let read = ReadOptions { tools, ..ReadOptions::default() };
    let report = workspace.import(&ImportOrder { paths, read, ..ImportOrder::default() }, now, tell)?;
    let outcomes = folder.path().join("outcomes.csv");
    write(&outcomes, OUTCOMES.as_bytes())?;
    let read = ReadOptions { format: Format::Outcomes, ..ReadOptions::default() };
    let evaluate = true;
    workspace.import(&ImportOrder { paths: vec![outcomes], read, evaluate, ..ImportOrder::default() }, now, tell)?;
    let events = workspace.store().log().all()?;
    if events.is_empty() {
        load_codebook(workspace, now)?;
    }
    // An example that was taken back stays so: its verdict is in the log for good.
    if !events.iter().any(|event| matches!(event.body, EventBody::Verdict { .. })) {
        judge_examples(workspace, now)?;
    }
    Ok(report)
}

/// Loads the codebook in the name of the demo, so that nobody's first undo takes it away.
fn load_codebook(workspace: &Workspace, now: Timestamp) -> Result<(), DemoError> {
    let host = Identity { reviewer: HOST.to_owned(), ..workspace.identity().clone() };
    let mut workspace = Workspace::open(workspace.root(), host, Access::Write)?;
    review::load_pack(&mut workspace, PACK, now)?;
    Ok(())
}

/// Judges the examples as the asking reviewer, so that they can be opened, read, taken back and exported like own ones.
fn judge_examples(workspace: &mut Workspace, now: Timestamp) -> Result<(), DemoError> {
    let answers: Vec<Answer> = serde_json::from_str(ANSWERS).map_err(|error| DemoError::Sample(error.to_string()))?;
    for answer in answers.iter().filter(|answer| answer.demo_judged) {
        let id = workspace.store().resolve(&answer.conversation_id)?;
        let unknown = || StoreError::Unknown(answer.conversation_id.clone());
        let conversation = workspace.store().conversation(&id)?.ok_or_else(unknown)?;
        let subject = Subject { conversation: id, transcript_hash: conversation.transcript_hash() };
        let mut judgement = Judgement::new(subject, answer.verdict);
        let place = answer.first_failure.as_ref();
        let step = place.and_then(|place| conversation.find_step(&place.span_id)).map(Step::pointer);
        if let (Some(at), Some(right)) = (&step, &answer.right) {
            judgement.corrections.push((at.clone(), right.correction()));
        }
        judgement.failed_at = match (answer.verdict, step) {
            (Verdict::Fail, Some(at)) => Some(FailedAt::Step(at)),
            (Verdict::Fail, None) => Some(FailedAt::NoSingleStep),
            _ => None,
        };
        judgement.severity = answer.severity;
        judgement.modes.extend(answer.mode.clone());
        judgement.note = answer.note.as_ref().map(|note| format!("(an example) {note}"));
        review::record(workspace, &Act::Judge(judgement), now)?;
    }
    Ok(())
}

impl Right {
    fn correction(&self) -> Correction {
        Correction {
            kind: self.kind,
            tool: self.tool.clone(),
            arguments: self.arguments.as_ref().map(|arguments| Arguments(arguments.to_string().into())),
            alternatives: Vec::new(),
            text: self.text.clone(),
            reason: self.reason.clone(),
            schema_ok: None,
            remainder_valid: false,
        }
    }
}

/// What is at the place of a demo.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Empty,
    Demo,
}

/// What is at `root`; `None` for nothing. Anything but an empty folder or a marked one is refused.
fn look(root: &Path) -> Result<Option<Found>, DemoError> {
    let io = |source| DemoError::Io { path: root.to_owned(), source };
    match fs::symlink_metadata(root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(data) if !data.is_dir() => return Err(DemoError::NotOurs(root.to_owned())),
        Ok(_) => {}
    }
    let marker = root.join(MARKER);
    if fs::symlink_metadata(&marker).is_ok_and(|data| data.is_file()) {
        return Ok(Some(Found::Demo));
    }
    if fs::read_dir(root).map_err(io)?.next().is_none() {
        return Ok(Some(Found::Empty));
    }
    Err(DemoError::NotOurs(root.to_owned()))
}

fn make_folder(path: &Path) -> Result<(), DemoError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| DemoError::Io { path: path.to_owned(), source })
}

/// Writes a private file, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), DemoError> {
    let io = |source| DemoError::Io { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests;

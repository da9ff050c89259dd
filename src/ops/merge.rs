//! Uniting what several people said: their journals are taken into this workspace, and handed on through a shared folder.
//!
//! Invariant: uniting is commutative, associative and idempotent; it adds events and never replaces one. An event that came
//! with other bytes under the same id is set aside for a person to decide.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Progress;
use super::workspace::Workspace;
use crate::store::events::Healed;
use crate::store::journal::{self, Fault, Journal};
use crate::store::{ErrorClass, StoreError};

/// What uniting did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// 1.
    pub schema_version: u32,
    /// Journals read.
    pub journals: u64,
    /// Events in them.
    pub events: u64,
    /// Of them, those that were not known here.
    pub taken: u64,
    /// Events written to the shared folder; 0 for a merge.
    pub sent: u64,
    /// What was set aside for a person to decide, or is wrong in a journal; everything else was taken.
    pub findings: Vec<Odd>,
    /// Labelled conversations that are not stored here yet; their labels show once they are imported.
    pub waiting: u64,
    /// The same for everybody who has the same events, in whatever order they came.
    pub state: String,
    /// True where the folder to share through was not there, and was made.
    #[serde(skip)]
    pub made: bool,
    /// True where the caller asked to stop; the journals taken until then are whole.
    #[serde(skip)]
    pub cancelled: bool,
}

/// Something odd in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Odd {
    /// The file or folder.
    pub path: PathBuf,
    /// The line in it, from 1; 0 where it is not in a line.
    pub line: u64,
    /// The byte in the file, from 0.
    pub byte: u64,
    /// What is wrong.
    pub message: String,
    /// True where the line was set aside rather than taken.
    pub set_aside: bool,
}

/// Why journals could not be united.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The database or a journal; what was taken until then stays.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The path leads to no journal.
    #[error("{}: no journals there; name a workspace's folder, its `journal` folder, or a folder of such", path.display())]
    Nothing {
        /// What was named.
        path: PathBuf,
    },
    /// The folder to share through is a file.
    #[error("{}: that is a file; name a folder that all reviewers reach", path.display())]
    NoFolder {
        /// What was named.
        path: PathBuf,
    },
    /// The folder in which the one to share through would have to be made is not there.
    #[error(
        "{}: there is no such folder, nor one to make it in; is a name misspelt, or a disk not mounted?",
        path.display()
    )]
    NoParent {
        /// What was named.
        path: PathBuf,
    },
    /// The folder to share through is this workspace's own.
    #[error("{}: that is this workspace's own folder; name one that all reviewers reach", path.display())]
    Own {
        /// What was named.
        path: PathBuf,
    },
}

impl MergeError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            _ => ErrorClass::General,
        }
    }
}

/// Takes in the journals that lie in `folders`: each a workspace, its `journal` folder, one journal, or a folder of these.
/// Nothing is written there. `tell` is told journals and breaks to stop.
///
/// # Errors
/// A folder without a journal (before anything is taken), or the database or a file.
pub fn merge(
    workspace: &mut Workspace,
    folders: &[PathBuf],
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Merged, MergeError> {
    writable(workspace)?;
    let mut found = BTreeSet::new();
    for folder in folders {
        let journals = journals_in(folder)?;
        if journals.is_empty() {
            return Err(MergeError::Nothing { path: folder.clone() });
        }
        found.extend(journals);
    }
    let mut merged = Merged { schema_version: 1, ..Merged::default() };
    take_all(workspace, &found, &mut merged, tell)?;
    merged.conclude(workspace)?;
    Ok(merged)
}

/// Unites with a folder that others reach too: takes what lies there and adds what this device wrote. Others' journals
/// there are only read, so that nobody writes to a file that somebody else writes to.
///
/// # Errors
/// The folder is the workspace's own, or the database or a file.
pub fn sync(
    workspace: &mut Workspace,
    folder: &Path,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Merged, MergeError> {
    writable(workspace)?;
    let io = |error| StoreError::from_io(folder, error);
    let made = made(folder)?;
    let there = folder.canonicalize().map_err(io)?;
    // Somebody's workspace is read in its journals, so that is where its people will look.
    let inner = there.join(journal::FOLDER);
    let there = if inner.is_dir() { inner } else { there };
    if [workspace.root().to_owned(), workspace.journals()]
        .iter()
        .any(|own| own.canonicalize().is_ok_and(|own| own == there))
    {
        return Err(MergeError::Own { path: folder.to_owned() });
    }
    let mut merged = Merged { schema_version: 1, made, ..Merged::default() };
    let found: BTreeSet<PathBuf> = journals_in(&there)?.into_iter().collect();
    take_all(workspace, &found, &mut merged, tell)?;
    let device = workspace.identity().device.clone();
    for (reviewer, writer) in workspace.store().log().journals()? {
        if writer == device && !merged.cancelled {
            let shared = Journal::open_shared(&there, &reviewer, &writer)?;
            let healed = workspace.store_mut().level(&shared)?;
            merged.sent += healed.into_journals;
            merged.add(healed);
        }
    }
    merged.conclude(workspace)?;
    Ok(merged)
}

/// Makes the folder to share through where it is not there. Only its last component may be new: a mistyped path would
/// otherwise be a folder that nobody else ever reads.
fn made(folder: &Path) -> Result<bool, MergeError> {
    match fs::metadata(folder) {
        Ok(there) if there.is_dir() => return Ok(false),
        Ok(_) => return Err(MergeError::NoFolder { path: folder.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(MergeError::NoParent { path: folder.to_owned() });
        }
        Err(error) => return Err(StoreError::from_io(folder, error).into()),
    }
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(MergeError::NoParent { path: folder.to_owned() })
        }
        Err(error) => Err(StoreError::from_io(folder, error).into()),
    }
}

fn writable(workspace: &Workspace) -> Result<(), StoreError> {
    match workspace.read_only() {
        Some(_) => Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }),
        None => Ok(()),
    }
}

/// Takes journals in, and keeps this workspace's own copies of them up to date.
fn take_all(
    workspace: &mut Workspace,
    folders: &BTreeSet<PathBuf>,
    merged: &mut Merged,
    tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    for (at, folder) in folders.iter().enumerate() {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if tell(&Progress { done: at as u64, total: Some(folders.len() as u64), what: name }).is_break() {
            merged.cancelled = true;
            return Ok(());
        }
        let reading = journal::read_foreign(folder)?;
        merged.journals += 1;
        merged.events += reading.entries.len() as u64;
        merged.findings.extend(reading.faults.iter().map(|fault| odd(fault, false)));
        let healed = workspace.store_mut().take_over(&reading)?;
        merged.taken += healed.into_database;
        merged.add(healed);
        if let Some((reviewer, device)) = reading.owner() {
            let own = Journal::open(&workspace.journals(), reviewer, device)?;
            let healed = workspace.store_mut().level(&own)?;
            merged.add(healed);
        }
    }
    Ok(())
}

/// The journals under a folder, whichever kind it is.
fn journals_in(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if journal::is_journal(folder)? {
        return Ok(vec![folder.to_owned()]);
    }
    let inner = folder.join(journal::FOLDER);
    let mut found = Vec::new();
    for candidate in journal::folders(if inner.is_dir() { &inner } else { folder })? {
        if journal::is_journal(&candidate)? {
            found.push(candidate);
        } else if candidate.join(journal::FOLDER).is_dir() {
            for below in journal::folders(&candidate.join(journal::FOLDER))? {
                if journal::is_journal(&below)? {
                    found.push(below);
                }
            }
        }
    }
    Ok(found)
}

impl Merged {
    fn add(&mut self, healed: Healed) {
        for fault in healed.set_aside {
            let told = odd(&fault, true);
            self.findings.retain(|before| (&before.path, before.line) != (&told.path, told.line) || told.line == 0);
            self.findings.push(told);
        }
    }

    fn conclude(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        self.waiting = workspace.store().labelled_elsewhere()?;
        self.state = workspace.store().state_hash()?;
        Ok(())
    }
}

fn odd(fault: &Fault, set_aside: bool) -> Odd {
    Odd { path: fault.path.clone(), line: fault.line, byte: fault.byte, message: fault.kind.to_string(), set_aside }
}

#[cfg(test)]
mod tests;

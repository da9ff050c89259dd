//! Looking the labels over, and making one copy of them from the other.
//!
//! Invariant: looking changes nothing that anybody said; a rebuild moves the old copy aside before the new one counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::model::event::line_hash;
use crate::store::events::difference;
use crate::store::journal::{self, Entry, Fault, FaultKind, Journal, Reading};
use crate::store::{Access, Depth, ErrorClass, FILE_NAME, Store, StoreError};

use super::workspace::{Identity, Workspace, WorkspaceError};

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Events in the database.
    pub events: u64,
    /// Journals: those on disk, and those only the database knows.
    pub journals: u64,
    /// Lines in them.
    pub lines: u64,
    /// What is wrong; empty where everything holds together.
    pub findings: Vec<Finding>,
}

/// Something that does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file or folder.
    pub path: PathBuf,
    /// The line in it, from 1; 0 where it is not in a line.
    pub line: u64,
    /// The byte in the file, from 0: the first that differs where that is known, else the first of the line.
    pub byte: u64,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Verified {
    /// True where everything holds together.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Which copy is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// The database's events and projection, from the journals. Conversations have to be imported again.
    Database,
    /// The journals, from the database.
    Journals,
    /// The tables that hold what the events add up to.
    Projection,
}

/// Looks everything over: the database's structure and search index, both copies of the log, their chains, and what
/// the events add up to.
///
/// # Errors
/// Something cannot be read at all.
pub fn verify(workspace: &Workspace) -> Result<Verified, StoreError> {
    let store = workspace.store();
    let mut verified = Verified::default();
    let depth = if workspace.read_only().is_some() { Depth::Quick } else { Depth::Full };
    match store.check(depth) {
        Ok(()) => {}
        Err(StoreError::Damaged { detail, .. }) => verified.of_database(workspace, &detail),
        Err(error) => return Err(error),
    }
    let mut rows = database_journals(store)?;
    verified.events = rows.values().map(|rows| rows.len() as u64).sum();
    for folder in journal::folders(&workspace.journals())? {
        let mut reading = journal::read(&folder)?;
        verified.journals += 1;
        verified.lines += reading.entries.len() as u64;
        let owner = reading.owner().map(|(reviewer, device)| (reviewer.to_owned(), device.to_owned()));
        let rows = owner.and_then(|owner| rows.remove(&owner)).unwrap_or_default();
        compare(&folder, &mut reading, &rows);
        verified.findings.extend(reading.faults.iter().map(finding));
    }
    for ((reviewer, device), rows) in rows {
        verified.journals += 1;
        let path = workspace.journals().join(journal::folder_name(&reviewer, &device));
        let kind = FaultKind::Lacks { count: rows.len() as u64, id: rows[0].1.clone() };
        let message = format!("the journal is missing: {kind}; `aftercall rebuild journals` writes it");
        verified.findings.push(Finding { path, line: 0, byte: 0, message });
    }
    chains(workspace, &mut verified)?;
    match store.log().compare_with_replay() {
        Ok(differences) => {
            for difference in differences {
                verified
                    .of_database(workspace, &format!("{difference}; `aftercall rebuild projection` makes them anew"));
            }
        }
        Err(StoreError::Damaged { detail, .. }) => verified.of_database(workspace, &detail),
        Err(error) => return Err(error),
    }
    Ok(verified)
}

impl Verified {
    fn of_database(&mut self, workspace: &Workspace, message: &str) {
        let (path, message) = (workspace.store().path().to_owned(), message.to_owned());
        self.findings.push(Finding { path, line: 0, byte: 0, message });
    }
}

/// A row of the event log: number, id, line.
type Row = (u64, String, String);

/// The rows of one journal, by number.
type Rows = Vec<Row>;

fn database_journals(store: &Store) -> Result<BTreeMap<(String, String), Rows>, StoreError> {
    let log = store.log();
    let mut found = BTreeMap::new();
    for (reviewer, device) in log.journals()? {
        let rows = log.journal_lines(&reviewer, &device)?;
        found.insert((reviewer, device), rows);
    }
    Ok(found)
}

/// Adds to a journal's faults what the database has otherwise.
fn compare(folder: &Path, reading: &mut Reading, rows: &Rows) {
    let mut by_id: BTreeMap<&str, &str> = rows.iter().map(|(_, id, line)| (id.as_str(), line.as_str())).collect();
    let by_seq: BTreeMap<u64, &Row> = rows.iter().map(|row| (row.0, row)).collect();
    let mut found = Vec::new();
    for entry in &reading.entries {
        let event = &entry.event;
        let kind = match (by_id.remove(event.id.as_str()), by_seq.get(&event.seq)) {
            (Some(line), _) => difference(line, &entry.line).map(|at| FaultKind::Differs { id: event.id.clone(), at }),
            // Of the same length in the same place: the same event with its id changed.
            (None, Some((_, id, line))) if line.len() == entry.line.len() => {
                by_id.remove(id.as_str());
                difference(line, &entry.line).map(|at| FaultKind::Differs { id: id.clone(), at })
            }
            (None, Some((_, id, _))) => Some(FaultKind::Taken { seq: event.seq, id: id.clone() }),
            (None, None) => Some(FaultKind::NotInDatabase { id: event.id.clone() }),
        };
        if let Some(kind) = kind {
            let (path, text) = (entry.path.clone(), String::new());
            found.push(Fault { path, line: entry.number, byte: entry.byte, kind, text });
        }
    }
    // A line that cannot be read is the event after the one before it; the database knows its text.
    for fault in reading.faults.iter_mut().filter(|fault| matches!(fault.kind, FaultKind::Unreadable(_))) {
        let seq = before(&reading.entries, fault).map_or(0, |entry| entry.event.seq) + 1;
        if let Some((_, id, line)) = by_seq.get(&seq)
            && by_id.remove(id.as_str()).is_some()
        {
            fault.kind = FaultKind::Differs { id: id.clone(), at: difference(line, &fault.text).unwrap_or(0) };
        }
    }
    // Where a line was changed, the next one no longer continues it; that is told once.
    let entries = &reading.entries;
    reading.faults.retain(|fault| {
        let changed = |entry: &Entry| {
            found.iter().any(|other| {
                other.path == entry.path
                    && other.line == entry.number
                    && matches!(other.kind, FaultKind::Differs { .. } | FaultKind::Taken { .. })
            })
        };
        let at = |entry: &Entry| entry.path == fault.path && entry.number == fault.line;
        let explained = || before(entries, fault).is_some_and(changed) || entries.iter().any(|e| at(e) && changed(e));
        !(matches!(fault.kind, FaultKind::Chain | FaultKind::Gap { .. } | FaultKind::Owner { .. }) && explained())
    });
    reading.faults.extend(found);
    reading.faults.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    if let Some((_, id, _)) = rows.iter().find(|(_, id, _)| by_id.contains_key(id.as_str())) {
        let kind = FaultKind::Lacks { count: by_id.len() as u64, id: id.clone() };
        reading.faults.push(Fault { path: folder.to_owned(), line: 0, byte: 0, kind, text: String::new() });
    }
}

/// The last event before a fault.
fn before<'a>(entries: &'a [Entry], fault: &Fault) -> Option<&'a Entry> {
    let place = (&fault.path, fault.line);
    entries[..entries.partition_point(|entry| (&entry.path, entry.number) < place)].last()
}

fn finding(fault: &Fault) -> Finding {
    let within = match &fault.kind {
        FaultKind::Differs { at, .. } => *at,
        _ => 0,
    };
    let way_on = match &fault.kind {
        FaultKind::NotInDatabase { .. } | FaultKind::Torn => "opening the workspace for writing puts it right",
        _ => "`aftercall rebuild journals` writes this device's journal anew from the database",
    };
    let message = format!("{}; {way_on}", fault.kind);
    Finding { path: fault.path.clone(), line: fault.line, byte: fault.byte + within, message }
}

/// Follows the chain of each journal within the database.
fn chains(workspace: &Workspace, verified: &mut Verified) -> Result<(), StoreError> {
    for ((reviewer, device), rows) in database_journals(workspace.store())? {
        let (mut expected, mut prev) = (1, String::new());
        for (seq, id, line) in rows {
            let event = crate::model::event::Event::parse(&line);
            let chained = event.is_ok_and(|event| event.prev == prev && event.id == id && event.seq == seq);
            if seq != expected || !chained {
                let message = format!(
                    "event {id} ({reviewer} on {device}, number {seq}) does not continue the one before it; `aftercall \
                     rebuild database` takes the journals' copy"
                );
                verified.of_database(workspace, &message);
            }
            expected = seq + 1;
            prev = line_hash(&line);
        }
    }
    Ok(())
}

/// Where copies of some labels are, as was read just now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// How many there are.
    pub labels: u64,
    /// Those that the database gave back.
    pub database: u64,
    /// Those that a journal has with the same bytes.
    pub journal: u64,
}

impl Copies {
    /// True where every label is in both places.
    pub fn are_complete(&self) -> bool {
        self.database == self.labels && self.journal == self.labels
    }
}

/// Looks for these events in both copies, reading the journals from disk.
///
/// # Errors
/// The database or a journal cannot be read at all.
pub fn copies(workspace: &Workspace, ids: &BTreeSet<String>) -> Result<Copies, StoreError> {
    let mut copies = Copies { labels: ids.len() as u64, ..Copies::default() };
    for ((reviewer, device), rows) in database_journals(workspace.store())? {
        let wanted: BTreeMap<String, String> =
            rows.into_iter().filter(|(_, id, _)| ids.contains(id)).map(|(_, id, line)| (id, line)).collect();
        if wanted.is_empty() {
            continue;
        }
        copies.database += wanted.len() as u64;
        let folder = workspace.journals().join(journal::folder_name(&reviewer, &device));
        if !folder.is_dir() {
            continue;
        }
        let found = journal::read(&folder)?
            .entries
            .into_iter()
            .filter(|entry| wanted.get(&entry.event.id) == Some(&entry.line));
        copies.journal += found.map(|entry| entry.event.id).collect::<BTreeSet<_>>().len() as u64;
    }
    Ok(copies)
}

/// What a rebuild did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Events written.
    pub events: u64,
    /// Journals read or written.
    pub journals: u64,
    /// Where the old files are now.
    pub moved: Vec<PathBuf>,
    /// What opening the workspace found.
    pub notices: Vec<String>,
}

/// Makes one copy of the labels anew from the other.
///
/// # Errors
/// A file cannot be read or written. What was replaced is still there under another name.
pub fn rebuild(root: &Path, identity: Identity, what: Rebuild) -> Result<Rebuilt, WorkspaceError> {
    let mut rebuilt = Rebuilt::default();
    let access = if what == Rebuild::Database { Access::Create } else { Access::Write };
    let mut workspace = match Workspace::open(root, identity.clone(), access) {
        Err(error) if what == Rebuild::Database && is_lost(&error) => {
            rebuilt.moved = move_database_aside(root)?;
            Workspace::open(root, identity, Access::Create)?
        }
        other => other?,
    };
    rebuilt.notices = workspace.notices().to_vec();
    if workspace.read_only().is_some() {
        return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
    }
    match what {
        Rebuild::Database => {
            rebuilt.moved.push(workspace.store().back_up("before-rebuild")?);
            for folder in journal::folders(&workspace.journals())? {
                let reading = journal::read(&folder)?;
                rebuilt.events += workspace.store_mut().take_anew(&reading)?;
                rebuilt.journals += 1;
            }
        }
        Rebuild::Journals => rebuild_journals(&workspace, &mut rebuilt)?,
        Rebuild::Projection => workspace.store_mut().rebuild_projection()?,
    }
    Ok(rebuilt)
}

/// Writes this device's journals anew, and those of others that are not there at all.
fn rebuild_journals(workspace: &Workspace, rebuilt: &mut Rebuilt) -> Result<(), StoreError> {
    for (reviewer, device) in workspace.store().log().journals()? {
        let folder = workspace.journals().join(journal::folder_name(&reviewer, &device));
        if device != workspace.identity().device && folder.exists() {
            continue;
        }
        let journal = Journal::open(&workspace.journals(), &reviewer, &device)?;
        let locked = journal.lock()?;
        // Read again under the lock: another window may have saved meanwhile.
        let rows = workspace.store().log().journal_lines(&reviewer, &device)?;
        let lines: Vec<String> = rows.into_iter().map(|(_, _, line)| line).collect();
        rebuilt.moved.extend(locked.replace(&lines)?);
        rebuilt.events += lines.len() as u64;
        rebuilt.journals += 1;
    }
    Ok(())
}

/// True where the database is beyond opening, and it is ours or nothing.
fn is_lost(error: &WorkspaceError) -> bool {
    match error {
        WorkspaceError::Store(StoreError::Empty { .. } | StoreError::NotADatabase { .. }) => true,
        error => error.class() == ErrorClass::Damaged,
    }
}

/// Moves a damaged database and its log files aside.
fn move_database_aside(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut moved = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        let path = root.join(format!("{FILE_NAME}{suffix}"));
        if path.exists() {
            let target = journal::free_name(&root.join(format!("{FILE_NAME}.damaged{suffix}")));
            fs::rename(&path, &target).map_err(|error| StoreError::from_io(&path, error))?;
            moved.push(target);
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests;

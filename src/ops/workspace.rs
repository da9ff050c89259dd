//! A workspace: a folder with the database, the journals and the masking key, opened as somebody on some device.
//!
//! Invariant: an open workspace has healed copies, or says that it can only be read and why.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::model::id::hex;
use crate::model::time::Timestamp;
use crate::store::events::{Draft, Healed, Log, Written, new_id};
use crate::store::journal::{self, Journal};
use crate::store::{Access, ErrorClass, FILE_NAME, Store, StoreError};

mod import;
mod place;

pub use import::ImportOrder;

/// The file that holds the masking key: outside the database, so that a copy of that alone unmasks nothing.
const KEY_FILE: &str = "mask.key";

/// The file that holds the device's id, in the user's state folder.
const DEVICE_FILE: &str = "device";

/// The longest reviewer name.
const LONGEST_NAME: usize = 100;

/// Who works, and on which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The reviewer's name, as given.
    pub reviewer: String,
    /// The device's id. It lives in the user's state folder, not in the workspace, so that a copied workspace never makes
    /// two writers of one journal.
    pub device: String,
}

/// Why a workspace cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The database or a journal.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A reviewer needs a usable name.
    #[error("{0:?} is no usable reviewer name: give 1 to 100 characters without control characters (--reviewer NAME)")]
    Reviewer(String),
    /// A small file of ours holds something else.
    #[error("{} does not hold {expected}; put the original back, or move it away to have a new one made", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
}

impl WorkspaceError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Reviewer(_) => ErrorClass::General,
            Self::Content { .. } => ErrorClass::Refused,
        }
    }
}

/// An open workspace.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    identity: Identity,
    store: Store,
    journal: Option<Journal>,
    mask_key: [u8; 32],
    read_only: Option<String>,
    notices: Vec<String>,
    kept: super::queue::Kept,
}

impl Identity {
    /// Names the reviewer, and reads this device's id from `state_dir`, where it is made on first use.
    ///
    /// # Errors
    /// The name is not usable, or the state folder cannot be read or written.
    pub fn load(reviewer: &str, state_dir: &Path) -> Result<Self, WorkspaceError> {
        let reviewer = reviewer.trim();
        if reviewer.is_empty() || reviewer.chars().count() > LONGEST_NAME || reviewer.chars().any(char::is_control) {
            return Err(WorkspaceError::Reviewer(reviewer.to_owned()));
        }
        let path = state_dir.join(DEVICE_FILE);
        let make = || new_id(Timestamp(0)).to_ascii_lowercase().chars().rev().take(10).collect();
        let device = read_or_make(&path, make)?;
        if !(4..=32).contains(&device.len()) || !device.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(WorkspaceError::Content { path, expected: "a device id of 4 to 32 letters and digits" });
        }
        Ok(Self { reviewer: reviewer.to_owned(), device })
    }
}

impl Workspace {
    /// Opens the workspace in the folder `root`, brings its two copies of the labels together, and tells in
    /// [`Self::notices`] what had to be put right. Where nothing can be written it opens for reading.
    ///
    /// # Errors
    /// There is none and `access` makes none, or what is there is refused; see [`StoreError`].
    pub fn open(root: &Path, identity: Identity, access: Access) -> Result<Self, WorkspaceError> {
        let file = root.join(FILE_NAME);
        let unsafe_place = if access == Access::Read { None } else { place::unsafe_for_writing(root) };
        let wanted = if unsafe_place.is_some() { Access::Read } else { access };
        let (store, mut read_only) = match Store::open(&file, wanted) {
            Ok(store) => (store, unsafe_place),
            Err(error) if access != Access::Read && is_denied(&error) && file.exists() => {
                (Store::open(&file, Access::Read)?, Some(error.to_string()))
            }
            Err(error) => return Err(error.into()),
        };
        if access == Access::Read {
            read_only = Some("it was opened for reading only".into());
        }
        let mut workspace = Self {
            root: root.to_owned(),
            mask_key: [0; 32],
            identity,
            store,
            journal: None,
            read_only,
            notices: Vec::new(),
            kept: super::queue::Kept::default(),
        };
        if workspace.read_only.is_none() {
            workspace.prepare_writing()?;
        }
        workspace.mask_key = workspace.load_mask_key()?;
        if workspace.read_only.is_none()
            && let Err(error) = super::segments::follow(&mut workspace)
        {
            workspace.notices.push(format!("{error}; what is imported now keeps the segments it came with"));
        }
        Ok(workspace)
    }

    fn prepare_writing(&mut self) -> Result<(), WorkspaceError> {
        let folder = self.root.join(journal::FOLDER);
        let journal = match Journal::open(&folder, &self.identity.reviewer, &self.identity.device) {
            Ok(journal) => journal,
            Err(error) if is_denied(&error) => {
                self.read_only = Some(format!("the journal cannot be written: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        match self.store.heal(&folder, &journal) {
            Ok(healed) => self.notices.extend(describe(&healed)),
            // Labels can still be saved in the database; each save tries the journal again and says so.
            Err(error) if error.class() == ErrorClass::Io => {
                self.notices.push(format!("the journals could not be compared with the database: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        if fs::metadata(&self.root).is_ok_and(|data| data.permissions().mode() & 0o022 != 0) {
            let root = self.root.display();
            self.notices.push(format!("other people can write to the folder {root}; `chmod 700` closes it"));
        }
        self.journal = Some(journal);
        Ok(())
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the journals.
    pub fn journals(&self) -> PathBuf {
        self.root.join(journal::FOLDER)
    }

    /// Who works, and where.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The asking reviewer.
    pub fn reviewer(&self) -> &str {
        &self.identity.reviewer
    }

    /// The database, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The database, for imports and the like; human acts go through [`Self::append`].
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Why it can only be read, where that is so.
    pub fn read_only(&self) -> Option<&str> {
        self.read_only.as_deref()
    }

    /// The queue that was asked for last, at work.
    pub(super) fn kept(&mut self) -> &mut super::queue::Kept {
        &mut self.kept
    }

    /// What had to be put right on opening, for the reviewer to know.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The key under which this workspace's pseudonyms are made.
    pub fn mask_key(&self) -> [u8; 32] {
        self.mask_key
    }

    /// Appends one group of events, decided under the lock; saved in both copies when it answers.
    ///
    /// # Errors
    /// Nothing was saved; see [`Store::append`].
    pub fn append<E: From<StoreError>>(
        &mut self,
        now: Timestamp,
        decide: impl FnOnce(&Log<'_>) -> Result<Vec<Draft>, E>,
    ) -> Result<Written, E> {
        let Some(journal) = &self.journal else {
            return Err(StoreError::ReadOnly { path: self.store.path().to_owned() }.into());
        };
        self.store.append(journal, now, decide)
    }

    fn load_mask_key(&self) -> Result<[u8; 32], WorkspaceError> {
        let path = self.root.join(KEY_FILE);
        let text = if self.read_only.is_none() {
            read_or_make(&path, fresh_key)?
        } else {
            // Without a key to read, pseudonyms hold for as long as the workspace is open.
            fs::read_to_string(&path).unwrap_or_else(|_| fresh_key())
        };
        let text = text.trim();
        let digits: Option<Vec<u8>> = (0..text.len() / 2)
            .map(|at| text.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        digits
            .filter(|_| text.len() == 64)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(WorkspaceError::Content { path, expected: "a masking key of 64 hexadecimal digits" })
    }
}

/// A new masking key. The random part of one id has 80 bits from the system's generator; four make more than a key.
fn fresh_key() -> String {
    let mut hasher = blake3::Hasher::new();
    for _ in 0..4 {
        hasher.update(new_id(Timestamp(0)).as_bytes());
    }
    hex(hasher.finalize().as_bytes())
}

/// Reads a small private file, or makes it, whole or not at all, with what `make` answers.
fn read_or_make(path: &Path, make: impl FnOnce() -> String) -> Result<String, WorkspaceError> {
    let io = |error| StoreError::from_io(path, error);
    match fs::read_to_string(path) {
        Ok(text) => {
            let mut permissions = fs::metadata(path).map_err(io)?.permissions();
            if permissions.mode() & 0o077 != 0 {
                permissions.set_mode(0o600);
                fs::set_permissions(path, permissions).map_err(io)?;
            }
            return Ok(text.trim().to_owned());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error).into()),
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io)?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).map_err(io)?;
    writeln!(file, "{}", make()).and_then(|()| file.as_file().sync_all()).map_err(io)?;
    // Where another window was faster, its file counts.
    if let Err(error) = file.persist_noclobber(path)
        && error.error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(io(error.error).into());
    }
    let opened = OpenOptions::new().read(true).mode(0o600).open(path).and_then(std::io::read_to_string);
    Ok(opened.map_err(io)?.trim().to_owned())
}

fn is_denied(error: &StoreError) -> bool {
    match error {
        StoreError::ReadOnly { .. } => true,
        StoreError::Io { source, .. } => {
            matches!(source.kind(), std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem)
        }
        _ => false,
    }
}

/// What healing did, in sentences.
fn describe(healed: &Healed) -> Vec<String> {
    let mut lines = Vec::new();
    if healed.into_database > 0 {
        lines.push(format!("{} events came from the journals into the database", healed.into_database));
    }
    if healed.into_journals > 0 {
        lines.push(format!("{} events came from the database into the journal", healed.into_journals));
    }
    for path in &healed.moved_aside {
        let path = path.display();
        lines.push(format!(
            "a torn line at the end of a journal was moved to {path}; no label that was shown as saved is lost"
        ));
    }
    for fault in &healed.set_aside {
        let (path, line, byte, kind) = (fault.path.display(), fault.line, fault.byte, &fault.kind);
        lines.push(format!("{path}, line {line} (byte {byte}) was set aside: {kind}; `aftercall verify` tells more"));
    }
    lines
}

#[cfg(test)]
mod tests;

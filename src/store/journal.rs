//! The plain-text twin of the event log: per reviewer and device one folder of segments, one line an event.
//!
//! Invariant: only the holder of a journal's lock writes to it, and only by appending whole lines; what was torn off by a
//! crash is moved aside, never dropped.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::model::codebook::slug;
use crate::model::event::Event;

use super::StoreError;
use super::open::sync_folder;

mod reading;

pub use reading::{Entry, Fault, FaultKind, Reading, is_journal, read, read_foreign};

/// The name of the journals' folder within a workspace.
pub const FOLDER: &str = "journal";

/// A segment that would grow beyond this is closed and the next one begun. Part of the form: a journal that is written
/// anew from the database has to come out byte for byte the same.
pub const SEGMENT_BYTES: u64 = 1024 * 1024;

/// How long to wait for another window that is saving.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of a journal's end is read at first to find its last line.
const TAIL_BYTES: u64 = 16 * 1024;

/// One journal on disk, of one reviewer on one device.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    reviewer: String,
    device: String,
    lock: File,
    readers: Readers,
}

/// Who may read the files of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Only the owner, as in a workspace.
    Owner,
    /// Whoever the folder is shared with, as far as the system's mask for new files allows.
    Shared,
}

impl Readers {
    /// The mode of new files; of folders with the right to enter them.
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Shared => 0o666,
        }
    }
}

/// A journal while this process holds its lock; dropping it lets go.
#[derive(Debug)]
pub struct Locked<'a> {
    journal: &'a Journal,
}

/// Where a journal ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// The last whole line, as it is; `None` in an empty journal.
    pub line: Option<String>,
    /// What had been torn off by a crash and was moved aside: said to the reviewer, once.
    pub moved_aside: Option<PathBuf>,
}

/// The folder name of a journal: `<reviewer>-<device>`. Two journals never share one, and names that came from elsewhere
/// lead nowhere else: what is not plain in them is left out and made up for by a hash.
pub fn folder_name(reviewer: &str, device: &str) -> String {
    let part = |text: &str| {
        let plain: String = slug(text).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        if plain == text && !plain.is_empty() {
            return plain;
        }
        format!("{plain}_{}", &blake3::hash(text.as_bytes()).to_hex()[..8])
    };
    format!("{}-{}", part(reviewer), part(device))
}

/// The folders under `root` that may hold a journal, by name.
///
/// # Errors
/// The folder exists and cannot be listed.
pub fn folders(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match fs::read_dir(root) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::from_io(root, error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|error| StoreError::from_io(root, error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

impl Journal {
    /// Opens the journal of `reviewer` on `device` under `root`, making its folder and lock file where missing.
    ///
    /// # Errors
    /// A folder or file cannot be made, or is not what it should be.
    pub fn open(root: &Path, reviewer: &str, device: &str) -> Result<Self, StoreError> {
        make_folder(root)?;
        Self::open_for(root, (reviewer, device), Readers::Owner)
    }

    /// Opens a journal in a folder that others reach too, whose rights stay as they are: what is made there is theirs to
    /// read.
    ///
    /// # Errors
    /// As [`Journal::open`]; also where `root` is not there.
    pub fn open_shared(root: &Path, reviewer: &str, device: &str) -> Result<Self, StoreError> {
        Self::open_for(root, (reviewer, device), Readers::Shared)
    }

    fn open_for(root: &Path, (reviewer, device): (&str, &str), readers: Readers) -> Result<Self, StoreError> {
        let folder = root.join(folder_name(reviewer, device));
        let is_new = !folder.exists();
        match readers {
            Readers::Owner => make_folder(&folder)?,
            Readers::Shared if is_new => {
                fs::create_dir(&folder).map_err(|error| StoreError::from_io(&folder, error))?;
            }
            Readers::Shared => {}
        }
        if is_new {
            sync_folder(root)?;
            sync_folder(root.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        }
        let path = folder.join("lock");
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(readers.mode())
            .open(&path)
            .map_err(|error| StoreError::from_io(&path, error))?;
        Ok(Self { folder, reviewer: reviewer.to_owned(), device: device.to_owned(), lock, readers })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whose it is.
    pub fn reviewer(&self) -> &str {
        &self.reviewer
    }

    /// Which device writes it.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Takes the lock, waiting for another window that is saving.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where it did not come free in time.
    pub fn lock(&self) -> Result<Locked<'_>, StoreError> {
        let path = self.folder.join("lock");
        let begun = Instant::now();
        loop {
            match self.lock.try_lock() {
                Ok(()) => return Ok(Locked { journal: self }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => pause(Duration::from_millis(2)),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy { path }),
                Err(TryLockError::Error(error)) => return Err(StoreError::from_io(&path, error)),
            }
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // The system lets go of the lock with the file at the latest.
        let _ = self.journal.lock.unlock();
    }
}

impl Locked<'_> {
    /// The journal.
    pub fn journal(&self) -> &Journal {
        self.journal
    }

    /// Reads where the journal ends, after putting a torn end right.
    ///
    /// # Errors
    /// The files cannot be read or put right.
    pub fn tail(&self) -> Result<Tail, StoreError> {
        let mut moved_aside = None;
        for path in segments(&self.journal.folder)?.iter().rev() {
            if moved_aside.is_none() {
                moved_aside = mend(path)?;
            }
            if let Some(line) = last_line(path)? {
                return Ok(Tail { line: Some(line), moved_aside });
            }
        }
        Ok(Tail { line: None, moved_aside })
    }

    /// Appends lines and syncs them. Call [`Self::tail`] before, so that they follow a whole line.
    ///
    /// # Errors
    /// The lines could not be written or synced; the journal was cut back to where it was, if that was still possible.
    pub fn append(&self, lines: &[String]) -> Result<(), StoreError> {
        let folder = &self.journal.folder;
        let mut path = match segments(folder)?.pop() {
            Some(last) => last,
            None => self.begin_segment(1)?,
        };
        let mut length = length_of(&path)?;
        let mut batch = String::new();
        for line in lines {
            let grown = length + batch.len() as u64 + line.len() as u64 + 1;
            if grown > SEGMENT_BYTES && length + batch.len() as u64 > 0 {
                append_synced(&path, &batch)?;
                batch.clear();
                path = self.begin_segment(number_of(&path).unwrap_or(0) + 1)?;
                length = 0;
            }
            batch.push_str(line);
            batch.push('\n');
        }
        append_synced(&path, &batch)
    }

    /// Replaces all segments by `lines`, and answers where the old ones were moved to.
    ///
    /// # Errors
    /// A file cannot be written or renamed. Where this was cut short, the database fills the journal up again.
    pub fn replace(&self, lines: &[String]) -> Result<Vec<PathBuf>, StoreError> {
        let folder = &self.journal.folder;
        let mut aside = Vec::new();
        for path in segments(folder)? {
            let old = free_name(&path.with_extension("jsonl.old"));
            fs::rename(&path, &old).map_err(|error| StoreError::from_io(&path, error))?;
            aside.push(old);
        }
        self.append(lines)?;
        sync_folder(folder)?;
        Ok(aside)
    }

    fn begin_segment(&self, number: u32) -> Result<PathBuf, StoreError> {
        let path = self.journal.folder.join(format!("{number:06}.jsonl"));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.journal.readers.mode())
            .open(&path)
            .map_err(|error| StoreError::from_io(&path, error))?;
        sync_folder(&self.journal.folder)?;
        Ok(path)
    }
}

/// `path`, or the same with the first number after it that no file has yet.
pub fn free_name(path: &Path) -> PathBuf {
    let mut free = path.to_owned();
    let mut number = 1;
    while fs::symlink_metadata(&free).is_ok() {
        number += 1;
        let mut name = path.as_os_str().to_os_string();
        name.push(format!(".{number}"));
        free = PathBuf::from(name);
    }
    free
}

/// The segments of a journal, in order.
fn segments(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let io = |error| StoreError::from_io(folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if let Some(number) = number_of(&path) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The number in a segment's name; `None` for other files.
fn number_of(path: &Path) -> Option<u32> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    if digits.len() < 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn length_of(path: &Path) -> Result<u64, StoreError> {
    fs::metadata(path).map(|data| data.len()).map_err(|error| StoreError::from_io(path, error))
}

fn append_synced(path: &Path, text: &str) -> Result<(), StoreError> {
    let io = |error| StoreError::from_io(path, error);
    let mut file = OpenOptions::new().append(true).open(path).map_err(io)?;
    let before = file.metadata().map_err(io)?.len();
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
    written.map_err(|error| {
        // Best effort: if this fails too, the next opening finds a torn line and moves it aside.
        let _ = file.set_len(before);
        io(error)
    })
}

/// Puts the end of a segment right: a whole event that lacks only its line break gets it, anything else after the last
/// line break is moved to a file beside the segment, whose path is returned.
fn mend(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let io = |error| StoreError::from_io(path, error);
    let (start, torn) = after_last_break(path)?;
    if torn.is_empty() {
        return Ok(None);
    }
    if std::str::from_utf8(&torn).is_ok_and(|line| Event::parse(line).is_ok()) {
        append_synced(path, "\n")?;
        return Ok(None);
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let aside = path.with_file_name(format!("torn-{name}-{start}-{}.txt", &blake3::hash(&torn).to_hex()[..8]));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside).map_err(io)?;
    file.write_all(&torn).and_then(|()| file.sync_all()).map_err(io)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    let segment = OpenOptions::new().write(true).open(path).map_err(io)?;
    segment.set_len(start).and_then(|()| segment.sync_all()).map_err(io)?;
    Ok(Some(aside))
}

/// What follows the last line break of a file, and where it starts.
fn after_last_break(path: &Path) -> Result<(u64, Vec<u8>), StoreError> {
    let (start, bytes) = end_of(path, 1)?;
    let at = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok((start + at as u64, bytes[at..].to_vec()))
}

/// The last whole line of a file that ends with a line break; bytes that are no text show as replacement characters.
fn last_line(path: &Path) -> Result<Option<String>, StoreError> {
    let (_, bytes) = end_of(path, 2)?;
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { return Ok(None) };
    let start = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok(Some(String::from_utf8_lossy(&bytes[start..end]).into_owned()))
}

/// The end of a file with at least `breaks` line breaks in it, or the whole file; and where that end starts.
fn end_of(path: &Path, breaks: usize) -> Result<(u64, Vec<u8>), StoreError> {
    let io = |error| StoreError::from_io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut wanted = TAIL_BYTES;
    loop {
        let start = length.saturating_sub(wanted);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        file.read_to_end(&mut bytes).map_err(io)?;
        if start == 0 || bytes.split(|byte| *byte == b'\n').count() > breaks {
            return Ok((start, bytes));
        }
        wanted *= 4;
    }
}

/// Makes a folder for the owner only, or takes other people's rights to it away.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::from_io(path, error);
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
    let mut permissions = fs::metadata(path).map_err(io)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o700);
        fs::set_permissions(path, permissions).map_err(io)?;
    }
    Ok(())
}

/// Waits; without naming threads, which only the engine starts.
fn pause(time: Duration) {
    let (mutex, condition) = (Mutex::new(()), Condvar::new());
    if let Ok(guard) = mutex.lock() {
        drop(condition.wait_timeout(guard, time));
    }
}

#[cfg(test)]
mod tests;

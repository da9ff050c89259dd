//! Which files to read, and how far the reading is.
//!
//! Invariant: the order of files is that of the arguments, and sorted by name within a folder; pipes, devices and loops
//! of links are never opened.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ImportError;
use crate::ingest::{Problem, ProblemKind};
use crate::store::ForeignDatabase;

/// How deep folders are followed.
const DEEPEST: usize = 64;

/// One file to read.
pub struct Source {
    path: PathBuf,
    /// The path as it is shown.
    pub name: String,
    /// Its name without folders and its last suffix.
    pub stem: String,
    /// Its size.
    pub bytes: u64,
}

/// What the paths hold.
pub struct Found {
    pub files: Vec<Source>,
    /// Their sizes together.
    pub bytes: u64,
    /// What is there and is not read.
    pub problems: Vec<Problem>,
}

/// Bytes read so far, over all files.
#[derive(Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file that counts what is read of it.
pub struct Metered {
    file: File,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.meter.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Source {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True for an SQLite database, which is not read as a stream.
    pub fn is_database(&self) -> bool {
        ForeignDatabase::is_one(&self.path)
    }

    pub fn open(&self, meter: &Meter) -> io::Result<Metered> {
        Ok(Metered { file: File::open(&self.path)?, meter: meter.clone() })
    }
}

/// Finds all files; a path that is not there is an error before anything is read.
pub fn find(paths: &[PathBuf]) -> Result<Found, ImportError> {
    let mut found = Found { files: Vec::new(), bytes: 0, problems: Vec::new() };
    for path in paths {
        let at = |source| ImportError::Path { path: path.clone(), source };
        let kind = fs::metadata(path).map_err(at)?;
        if kind.is_dir() {
            found.folder(path, 0).map_err(at)?;
        } else if kind.is_file() {
            found.file(path, kind.len());
        } else {
            return Err(at(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a folder")));
        }
    }
    Ok(found)
}

/// True for the files that SQLite keeps beside a database; they are read with it.
fn belongs_to_database(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let base = ["-wal", "-shm", "-journal"].iter().find_map(|suffix| name.strip_suffix(suffix));
    base.is_some_and(|base| ForeignDatabase::is_one(Path::new(base)))
}

impl Found {
    fn file(&mut self, path: &Path, length: u64) {
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        self.bytes += length;
        self.files.push(Source {
            path: path.to_path_buf(),
            name: path.to_string_lossy().into_owned(),
            stem: text(path.file_stem()),
            bytes: length,
        });
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().to_string_lossy().starts_with('.') || belongs_to_database(&path) {
                continue;
            }
            if kind.is_dir() && depth < DEEPEST {
                if let Err(error) = self.folder(&path, depth + 1) {
                    self.leave_out(&path, &format!("the folder cannot be read: {}", error.kind()));
                }
                continue;
            }
            // A link to a file is followed, a link to a folder is not: it may lead back here.
            match fs::metadata(&path) {
                Ok(target) if target.is_file() => self.file(&path, target.len()),
                Ok(_) => self.leave_out(&path, "not a regular file; left out"),
                Err(error) => self.leave_out(&path, &format!("cannot be read: {}", error.kind())),
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, path: &Path, message: &str) {
        self.problems.push(Problem {
            path: path.to_string_lossy().into_owned(),
            line: None,
            byte: None,
            kind: ProblemKind::Refused,
            message: message.to_owned(),
            lost: 0,
        });
    }
}

//! The files of an export: temporary in the target folder until all of them are right.
//!
//! Invariant: no existing name is ever replaced and no link is followed; files are 0600, folders made here 0700.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::dataset::Exporter;
use crate::dataset::manifest::{self, Manifest};
use crate::dataset::validate::check_line;
use crate::mask::{self, Class};
use crate::model::id::hex;
use crate::store::ErrorClass;

use super::super::door::Door;
use super::ExportError;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is one already.
    #[error("{} is there already; nothing is overwritten: name another folder", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A link instead of a folder.
    #[error("{} is a symbolic link; an export is not written through links: name the folder itself", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something else instead of a folder.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// The system.
    #[error("{}: {source}; no file was left", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

impl FileError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Exists { .. } | Self::Link { .. } | Self::NotAFolder { .. } => ErrorClass::Refused,
            Self::Io { .. } => ErrorClass::Io,
        }
    }
}

/// The files being written; dropped before [`Files::finish`], they are gone.
pub(super) struct Files {
    folder: PathBuf,
    open: Vec<(String, BufWriter<NamedTempFile>)>,
    manifest: Option<NamedTempFile>,
}

/// What a finished data file is.
pub(super) struct Checked {
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    pub masked: BTreeMap<String, u64>,
}

fn io(path: &Path, source: std::io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

impl Files {
    /// Checks that files of these names may be written to a folder.
    pub fn check_place(folder: &Path, names: &[&str]) -> Result<(), FileError> {
        // A trailing slash would make the system look behind a link.
        let bare: PathBuf = folder.components().collect();
        match bare.symlink_metadata() {
            Ok(found) if found.is_symlink() => return Err(FileError::Link { path: bare }),
            Ok(found) if !found.is_dir() => return Err(FileError::NotAFolder { path: bare }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io(&bare, error)),
        }
        let mut taken = names.iter().chain([&manifest::FILE_NAME]).map(|name| bare.join(name));
        match taken.find(|path| path.symlink_metadata().is_ok()) {
            Some(path) => Err(FileError::Exists { path }),
            None => Ok(()),
        }
    }

    pub fn begin(folder: &Path, names: &[&str]) -> Result<Self, FileError> {
        Self::check_place(folder, names)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| io(folder, error))?;
        let open = names
            .iter()
            .map(|name| Ok(((*name).to_owned(), BufWriter::new(temporary(folder)?))))
            .collect::<Result<_, _>>()?;
        Ok(Self { folder: folder.to_owned(), open, manifest: None })
    }

    pub fn write(&mut self, at: usize, line: &str) -> Result<(), FileError> {
        let Some((name, file)) = self.open.get_mut(at) else { return Ok(()) };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| io(&self.folder.join(&*name), error))
    }

    /// Reads a data file back: its form, its rows, and that nothing personal is left in it.
    pub fn check(&mut self, at: usize, exporter: &dyn Exporter, door: &Door) -> Result<Checked, ExportError> {
        let mut checked = Checked { rows: 0, bytes: 0, sha256: String::new(), masked: BTreeMap::new() };
        let Some((name, file)) = self.open.get_mut(at) else { return Ok(checked) };
        let path = self.folder.join(&*name);
        let fail = |error| FileError::Io { path: path.clone(), source: error };
        file.flush().map_err(fail)?;
        let mut reader = file.get_ref().reopen().map_err(fail)?;
        reader.rewind().map_err(fail)?;
        let (mut reader, mut line, mut hash) = (BufReader::new(reader), String::new(), Sha256::new());
        while reader.read_line(&mut line).map_err(fail)? > 0 {
            checked.rows += 1;
            checked.bytes += line.len() as u64;
            hash.update(line.as_bytes());
            let row = line.strip_suffix('\n').unwrap_or(&line);
            check_line(exporter, checked.rows, row)?;
            if door.masks() {
                if let Some(class) = leak(row) {
                    return Err(ExportError::Leak { file: name.clone(), line: checked.rows, class: class.word() });
                }
                count_pseudonyms(row, &mut checked.masked);
            }
            line.clear();
        }
        checked.sha256 = hex(&hash.finalize());
        Ok(checked)
    }

    pub fn write_manifest(&mut self, manifest: &Manifest) -> Result<(), FileError> {
        let path = self.folder.join(manifest::FILE_NAME);
        let mut file = temporary(&self.folder)?;
        let text = serde_json::to_string_pretty(manifest).map_err(std::io::Error::from);
        text.and_then(|text| writeln!(file, "{text}")).map_err(|error| io(&path, error))?;
        self.manifest = Some(file);
        Ok(())
    }

    /// Syncs every file and gives it its name, the manifest last. What was named is taken back if a later one fails.
    pub fn finish(self) -> Result<(), FileError> {
        let mut ready: Vec<(PathBuf, NamedTempFile)> = Vec::new();
        for (name, file) in self.open {
            let path = self.folder.join(&name);
            let file = file.into_inner().map_err(|error| io(&path, error.into_error()))?;
            ready.push((path, file));
        }
        ready.extend(self.manifest.map(|file| (self.folder.join(manifest::FILE_NAME), file)));
        for (path, file) in &ready {
            file.as_file().sync_all().map_err(|error| io(path, error))?;
        }
        let mut named: Vec<PathBuf> = Vec::new();
        for (path, file) in ready {
            if let Err(error) = file.persist_noclobber(&path) {
                for path in &named {
                    let _ = fs::remove_file(path);
                }
                return Err(match error.error.kind() {
                    std::io::ErrorKind::AlreadyExists => FileError::Exists { path },
                    _ => io(&path, error.error),
                });
            }
            named.push(path);
        }
        let folder = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|error| io(&self.folder, error))
    }
}

/// A file only its owner may read, without a name that counts.
fn temporary(folder: &Path) -> Result<NamedTempFile, FileError> {
    tempfile::Builder::new().prefix(".aftercall-").tempfile_in(folder).map_err(|error| io(folder, error))
}

/// Members that hold ids and hashes made of digits and letters, which may look like a card number by chance.
const IDS: [&str; 16] = [
    "case_id",
    "conversation_id",
    "decision_span_id",
    "first_failure_decision_span_id",
    "first_failure_span_id",
    "group_key",
    "item_id",
    "label_events",
    "span_id",
    "trace_ids",
    "transcript_hash",
    "at",
    "schema_version",
    "codebook_version",
    "verdict",
    "weight",
];

/// The class of personal data in a finished row, ids of ours left aside.
fn leak(row: &str) -> Option<Class> {
    let mut value: Value = serde_json::from_str(row).ok()?;
    forget_ids(&mut value);
    mask::scan(&value.to_string()).first().map(|finding| finding.class)
}

fn forget_ids(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !IDS.contains(&name.as_str()));
            // What customers and tools say has members of any name, and all of them are looked at.
            let ours = |name: &str| !["arguments", "parameters", "outcomes"].contains(&name);
            members.iter_mut().filter(|(name, _)| ours(name)).for_each(|(_, value)| forget_ids(value));
        }
        Value::Array(items) => items.iter_mut().for_each(forget_ids),
        _ => {}
    }
}

fn count_pseudonyms(row: &str, counts: &mut BTreeMap<String, u64>) {
    for class in Class::ALL {
        let count = row.matches(&format!("<{}-", class.word())).count() as u64;
        if count > 0 {
            *counts.entry(class.word().to_owned()).or_default() += count;
        }
    }
}

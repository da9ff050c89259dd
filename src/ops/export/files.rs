//! The files of an export: temporary in the target folder until all of them are right.
//!
//! Invariant: no existing name is ever replaced and no link is followed; files are 0600, folders made here 0700.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::dataset::HUGGING_FACE;
use crate::dataset::layout::{Layout, assemble, disassemble, same};
use crate::dataset::manifest::{self, DataFile, Manifest};
use crate::dataset::validate::{Invalid, read_line};
use crate::model::id::hex;
use crate::store::ErrorClass;

use super::super::door::Door;
use super::super::import::ahead::{Beside, in_halves};
use super::ExportError;
use super::scan::{count_pseudonyms, leak};
use super::target::Target;

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

/// Bytes that are written at once.
const BUFFER: usize = 1 << 18;

/// Bytes that are read back and checked at once: enough that threads are not started for little.
const CHECKED: usize = 4 << 20;

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
    pub fn check_place(folder: &Path, targets: &[Target]) -> Result<(), FileError> {
        // A trailing slash would make the system look behind a link.
        let bare: PathBuf = folder.components().collect();
        match bare.symlink_metadata() {
            Ok(found) if found.is_symlink() => return Err(FileError::Link { path: bare }),
            Ok(found) if !found.is_dir() => return Err(FileError::NotAFolder { path: bare }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io(&bare, error)),
        }
        // A folder that is there already would be added to, so only its first part counts.
        let names = targets.iter().map(|target| target.name.split('/').next().unwrap_or_default());
        let mut taken = names.chain([manifest::FILE_NAME]).map(|name| bare.join(name));
        match taken.find(|path| path.symlink_metadata().is_ok()) {
            Some(path) => Err(FileError::Exists { path }),
            None => Ok(()),
        }
    }

    pub fn begin(folder: &Path, targets: &[Target]) -> Result<Self, FileError> {
        Self::check_place(folder, targets)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| io(folder, error))?;
        let open = targets
            .iter()
            .map(|target| Ok((target.name.clone(), BufWriter::with_capacity(BUFFER, temporary(folder)?))))
            .collect::<Result<_, _>>()?;
        Ok(Self { folder: folder.to_owned(), open, manifest: None })
    }

    pub fn write(&mut self, at: usize, line: &str) -> Result<(), FileError> {
        let Some((name, file)) = self.open.get_mut(at) else { return Ok(()) };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| io(&self.folder.join(&*name), error))
    }

    /// Gives a data file up.
    pub fn forget(&mut self, at: usize) {
        if at < self.open.len() {
            drop(self.open.remove(at));
        }
    }

    /// Reads a data file back: its form, its rows, and that nothing personal is left in it. `dataset` is what the file
    /// calls itself, where its form has a place for that.
    pub fn check(
        &mut self,
        at: usize,
        target: &Target,
        (door, beside): (&Door, Option<Beside>),
        dataset: Option<&str>,
    ) -> Result<Checked, ExportError> {
        let mut checked = Checked { rows: 0, bytes: 0, sha256: String::new(), masked: BTreeMap::new() };
        let Some((name, file)) = self.open.get_mut(at) else { return Ok(checked) };
        let path = self.folder.join(&*name);
        let fail = |error| FileError::Io { path: path.clone(), source: error };
        file.flush().map_err(fail)?;
        let mut reader = file.get_ref().reopen().map_err(fail)?;
        reader.rewind().map_err(fail)?;
        let (mut reader, mut hash) = (BufReader::with_capacity(BUFFER, reader), Sha256::new());
        loop {
            let mut rows = lines(&mut reader, checked.rows).map_err(fail)?;
            if rows.is_empty() {
                break;
            }
            in_halves(beside, &mut rows, &|row| row.check(target, door));
            for row in rows {
                checked.rows += 1;
                checked.bytes += row.line.len() as u64;
                hash.update(row.line.as_bytes());
                for (class, count) in row.found? {
                    *checked.masked.entry(class).or_default() += count;
                }
            }
        }
        checked.sha256 = hex(&hash.finalize());
        let layout = target.exporter.layout();
        if layout == Layout::Lines {
            return Ok(checked);
        }
        let lines = fs::read_to_string(file.get_ref().path()).map_err(fail)?;
        let bytes = put_together(target, &lines, dataset.unwrap_or("aftercall"), door)?;
        let mut whole = temporary(&self.folder)?;
        whole.write_all(&bytes).map_err(fail)?;
        *file = BufWriter::new(whole);
        (checked.bytes, checked.sha256) = (bytes.len() as u64, manifest::sha256(&bytes));
        Ok(checked)
    }

    /// Adds a text that is no data, such as a card.
    pub fn add(&mut self, name: &str, text: &str, door: &Door) -> Result<DataFile, ExportError> {
        if door.masks()
            && let Some(finding) = crate::mask::scan(text).first()
        {
            return Err(ExportError::Leak { file: name.to_owned(), line: 1, class: finding.class.word() });
        }
        let mut file = BufWriter::new(temporary(&self.folder)?);
        file.write_all(text.as_bytes())
            .and_then(|()| file.flush())
            .map_err(|error| io(&self.folder.join(name), error))?;
        self.open.push((name.to_owned(), file));
        Ok(DataFile {
            name: name.to_owned(),
            format: HUGGING_FACE.name.to_owned(),
            rows: 0,
            bytes: text.len() as u64,
            sha256: manifest::sha256(text.as_bytes()),
            left_out: BTreeMap::new(),
            warnings: BTreeMap::new(),
            split: None,
        })
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
        for parent in ready.iter().filter_map(|(path, _)| path.parent()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| io(parent, error))?;
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

/// A line that is read back, with its line break, and what is in it.
struct ReadBack {
    number: u64,
    line: String,
    /// How many pseudonyms of each class.
    found: Result<BTreeMap<String, u64>, ExportError>,
}

/// The next lines of a file, some at once; none at its end. `before` is how many came before them.
fn lines(reader: &mut impl BufRead, before: u64) -> std::io::Result<Vec<ReadBack>> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while bytes < CHECKED {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        bytes += line.len();
        rows.push(ReadBack { number: before + 1 + rows.len() as u64, line, found: Ok(BTreeMap::new()) });
    }
    Ok(rows)
}

impl ReadBack {
    fn check(&mut self, target: &Target, door: &Door) {
        let row = self.line.strip_suffix('\n').unwrap_or(&self.line);
        self.found = check_row((target, door), self.number, row).map(|()| {
            let mut counts = BTreeMap::new();
            if door.masks() {
                count_pseudonyms(row, &mut counts);
            }
            counts
        });
    }
}

/// Checks the form of one row, and that nothing personal is left in it.
fn check_row((target, door): (&Target, &Door), number: u64, row: &str) -> Result<(), ExportError> {
    let value = read_line(target.exporter, number, row)?;
    // Strings hide the form; it was checked before they were made.
    if !target.strings {
        let invalid = |message| Invalid { file: target.exporter.file_name(), line: number, message };
        target.exporter.check(&value).map_err(invalid)?;
    }
    match if door.masks() { leak(&value) } else { None } {
        Some(class) => Err(ExportError::Leak { file: target.name.clone(), line: number, class: class.word() }),
        None => Ok(()),
    }
}

/// The file that holds these rows, taken apart again and checked.
fn put_together(target: &Target, lines: &str, dataset: &str, door: &Door) -> Result<Vec<u8>, ExportError> {
    let layout = target.exporter.layout();
    let rows: Vec<&str> = lines.lines().collect();
    let bytes = assemble(layout, &rows, dataset);
    let invalid = |line, message| Invalid { file: target.exporter.file_name(), line, message };
    let taken = disassemble(layout, &bytes).map_err(|message| invalid(0, message))?;
    if !same(layout, &rows, &taken) {
        return Err(invalid(0, "the rows in it are not the ones put in".to_owned()).into());
    }
    // Cells of a table of text were members of rows that have been looked at, and are the same.
    for (at, row) in taken.iter().enumerate().filter(|_| layout != Layout::Parquet) {
        check_row((target, door), at as u64 + 1, row)?;
    }
    Ok(bytes)
}

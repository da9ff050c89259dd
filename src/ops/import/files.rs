//! Which files to read, and how far the reading is.
//!
//! Invariant: the order of files is that of the arguments, and sorted by name within a folder; what is found in a folder
//! is opened only where it is a regular file and may hold data. Pipes are read where they are named, and to their end
//! before anything is stored.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ImportError;
use crate::ingest::{Problem, ProblemKind};
use crate::store::ForeignDatabase;

/// How deep folders are followed.
const DEEPEST: usize = 64;

/// What standard input is called as a path.
const STDIN: &str = "-";

/// What a pipe is called as a source: its path says nothing.
const PIPED: &str = "stdin";

/// How compressed files end.
const COMPRESSED: [&str; 5] = ["gz", "gzip", "zst", "zstd", "zip"];

/// How files end that hold data, below a compression.
const DATA: [&str; 8] = ["json", "jsonl", "ndjson", "csv", "tsv", "pb", "eval", "txt"];

/// How files end that lie beside data in a folder and never hold any.
const NO_DATA: [&str; 30] = [
    "bash", "bmp", "c", "cfg", "css", "gif", "go", "htm", "html", "ico", "ini", "ipynb", "java", "jpeg", "jpg", "js",
    "lock", "md", "pdf", "png", "py", "rs", "rst", "sh", "svg", "toml", "ts", "webp", "yaml", "yml",
];

/// One file to read.
pub struct Source {
    path: PathBuf,
    /// What came through a pipe: a file without a name that goes away by itself.
    spooled: Option<File>,
    /// The path as it is shown.
    pub name: String,
    /// Its name without folders and suffixes.
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
    /// Files in folders that by their names hold no data, and are not opened.
    pub passed_over: Vec<PathBuf>,
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
        self.spooled.is_none() && ForeignDatabase::is_one(&self.path)
    }

    /// True for a table of settings by its name, which is never read as data.
    pub fn is_toml(&self) -> bool {
        self.spooled.is_none() && ends_in(&self.path, &["toml"])
    }

    pub fn open(&self, meter: &Meter) -> io::Result<Metered> {
        let file = match &self.spooled {
            Some(spooled) => {
                let mut file = spooled.try_clone()?;
                file.rewind()?;
                file
            }
            None => File::open(&self.path)?,
        };
        Ok(Metered { file, meter: meter.clone() })
    }
}

/// Finds all files; a path that is not there is an error before anything is read.
pub fn find(paths: &[PathBuf]) -> Result<Found, ImportError> {
    let mut found = Found { files: Vec::new(), bytes: 0, problems: Vec::new(), passed_over: Vec::new() };
    for path in paths {
        let at = |source| ImportError::Path { path: path.clone(), source };
        if path.as_os_str() == STDIN {
            found.piped(path, &mut io::stdin().lock()).map_err(at)?;
            continue;
        }
        let kind = fs::metadata(path).map_err(at)?;
        if kind.is_dir() {
            found.folder(path, 0).map_err(at)?;
        } else if kind.is_file() {
            found.file(path, kind.len());
        } else if kind.file_type().is_fifo() && path.starts_with("/dev") {
            found.piped(path, &mut File::open(path).map_err(at)?).map_err(at)?;
        } else {
            // Opening a pipe that lies on a disk would wait until somebody writes to it.
            let what = "neither a file nor a folder; `import -` reads what is piped into it";
            return Err(at(io::Error::new(io::ErrorKind::InvalidInput, what)));
        }
    }
    Ok(found)
}

/// The name of a file without folders and suffixes, so that a file and its compressed copy go by one name.
pub fn stem(path: &Path) -> String {
    let name = Path::new(path.file_name().unwrap_or_default());
    let stem = match name.file_stem() {
        // Behind a compression only what is known is a suffix: `runs.v2.gz` goes by `runs.v2`.
        Some(inner) if ends_in(name, &COMPRESSED) => {
            let inner = Path::new(inner);
            if ends_in(inner, &DATA) { inner.file_stem() } else { Some(inner.as_os_str()) }
        }
        stem => stem,
    };
    stem.unwrap_or_default().to_string_lossy().into_owned()
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    endings.contains(&ending.as_str())
}

/// True for the files that SQLite keeps beside a database; they are read with it.
fn belongs_to_database(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let base = ["-wal", "-shm", "-journal"].iter().find_map(|suffix| name.strip_suffix(suffix));
    base.is_some_and(|base| ForeignDatabase::is_one(Path::new(base)))
}

impl Found {
    fn file(&mut self, path: &Path, length: u64) {
        self.bytes += length;
        self.files.push(Source {
            path: path.to_path_buf(),
            spooled: None,
            name: path.to_string_lossy().into_owned(),
            stem: stem(path),
            bytes: length,
        });
    }

    /// Takes what comes through a pipe, to its end: it can be read once only, and its form is judged by its beginning.
    fn piped(&mut self, path: &Path, pipe: &mut dyn Read) -> io::Result<()> {
        let mut file = tempfile::tempfile()?;
        let bytes = io::copy(pipe, &mut file)?;
        self.bytes += bytes;
        self.files.push(Source {
            path: path.to_path_buf(),
            spooled: Some(file),
            name: path.to_string_lossy().into_owned(),
            stem: PIPED.to_owned(),
            bytes,
        });
        Ok(())
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
                Ok(target) if target.is_file() && ends_in(&path, &NO_DATA) => self.passed_over.push(path),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_compressed_copy_go_by_one_name() {
        for (name, wanted) in [
            ("a/gpt-4o.json", "gpt-4o"),
            ("gpt-4o.json.gz", "gpt-4o"),
            ("gpt-4o.JSONL.zst", "gpt-4o"),
            ("gpt-4o.csv.zip", "gpt-4o"),
            ("gpt-4o.gz", "gpt-4o"),
            ("runs.v2.json", "runs.v2"),
            ("runs.v2.gz", "runs.v2"),
            ("runs", "runs"),
            (".json", ".json"),
        ] {
            assert_eq!(stem(Path::new(name)), wanted, "{name}");
        }
    }

    #[test]
    fn pipes_are_read_to_their_end_and_by_a_name_of_their_own() {
        let mut found = Found { files: Vec::new(), bytes: 0, problems: Vec::new(), passed_over: Vec::new() };
        found.piped(Path::new("-"), &mut &b"{}\n{}\n"[..]).unwrap();
        let [file] = found.files.as_slice() else { panic!("one file") };
        assert_eq!((file.name.as_str(), file.stem.as_str(), file.bytes, found.bytes), ("-", "stdin", 6, 6));
        for _ in 0..2 {
            let mut text = String::new();
            file.open(&Meter::default()).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "{}\n{}\n");
        }
    }

    #[test]
    fn what_holds_no_data_is_passed_over_in_folders_only() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jsonl", "effects.toml", "README.md", "plot.PNG", "LICENSE"] {
            fs::write(folder.path().join(name), "{}").unwrap();
        }
        let found = find(&[folder.path().to_owned(), folder.path().join("README.md")]).unwrap();
        let names: Vec<&str> = found.files.iter().map(|file| file.stem.as_str()).collect();
        assert_eq!((names, found.passed_over.len()), (vec!["LICENSE", "a", "README"], 3));
    }
}

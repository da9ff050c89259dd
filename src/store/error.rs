//! What can go wrong with the database, and what to do about it.
//!
//! Invariant: every message names the file and a way on; none quotes transcript text.

use std::path::{Path, PathBuf};

/// The outcome classes that scripts tell apart by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Anything without a class of its own.
    General,
    /// Newer, foreign or unsafe: nothing was touched.
    Refused,
    /// Another program holds the database; trying again may work.
    Busy,
    /// No space, no permission, a failing disk.
    Io,
    /// The file is ours and does not hold together any more.
    Damaged,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No file there, and none was to be made.
    #[error("{} does not exist; `aftercall import` or `aftercall demo` makes a workspace", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file of no length, which no SQLite database of ours ever is.
    #[error("{} is an empty file, not an Aftercall database; move it away to start a new workspace there, or put a backup in its place", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Not SQLite.
    #[error("{} is not a database; move it away to start a new workspace there, or put a backup in its place", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// SQLite, but not ours.
    #[error("{} belongs to another application (application id {application_id:#010x}); choose another folder with --workspace", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What its header says.
        application_id: i32,
    },
    /// Ours, from a later version.
    #[error("{} was made by a newer version of Aftercall (schema {found}; this one knows {known}); use that version, nothing was changed", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Ours, from an earlier version, opened for reading only.
    #[error("{} has schema {found} and must be brought to {known} first; open it once for writing", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version this program reads.
        known: i64,
    },
    /// A symbolic link, a folder, a pipe.
    #[error("{} is not a regular file; the database must be a plain file on a local disk", path.display())]
    NotARegularFile {
        /// What is there.
        path: PathBuf,
    },
    /// The SQLite library is one that can lose committed writes.
    #[error(
        "this program was built with SQLite {found}, which can lose committed writes; build it with 3.51.3 or later"
    )]
    Engine {
        /// Its version.
        found: String,
    },
    /// A setting that safety rests on did not take.
    #[error("{}: SQLite did not accept {setting} (it answered {answer}); the workspace must be on a local disk", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// What was read back.
        answer: String,
    },
    /// Ours, and it does not hold together.
    #[error(
        "{} is damaged ({detail}). It was left as it is. Keep a copy of it and of the journal folder beside it; put the newest backup in its place, or move it away and run `aftercall rebuild` (labels come back from the journals) and import the files again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite or the check said.
        detail: String,
    },
    /// Somebody else is writing.
    #[error("{} is in use by another program and did not come free within 5 seconds; try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space left for {}; what was saved before is whole; free some space and try again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// May be read only.
    #[error("{} can only be read (file, folder or disk is read-only); nothing was changed", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Its reason.
        source: std::io::Error,
    },
    /// The request was interrupted by a newer one.
    #[error("the query was interrupted")]
    Interrupted,
    /// No such conversation.
    #[error("no conversation is called {0:?}; `aftercall list` shows the ids")]
    Unknown(String),
    /// A beginning that fits several conversations.
    #[error("{text:?} fits {count} conversations ({examples}, …); give more of the id")]
    Ambiguous {
        /// What was given.
        text: String,
        /// How many it fits.
        count: usize,
        /// Some of their ids.
        examples: String,
    },
    /// Another writer changed a row between reading and writing; the store tries again before it says so.
    #[error("the database changed while it was being read; try again")]
    Overtaken,
    /// A plain value could not be written as JSON.
    #[error("a value could not be stored: {0}")]
    Json(#[from] serde_json::Error),
    /// Any other answer of SQLite.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// The class that decides the exit code.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Empty { .. }
            | Self::NotADatabase { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::NotARegularFile { .. }
            | Self::Engine { .. }
            | Self::Setting { .. } => ErrorClass::Refused,
            Self::Busy { .. } => ErrorClass::Busy,
            Self::Full { .. } | Self::Io { .. } | Self::ReadOnly { .. } => ErrorClass::Io,
            Self::Damaged { .. } => ErrorClass::Damaged,
            Self::Missing { .. }
            | Self::Interrupted
            | Self::Overtaken
            | Self::Json(_)
            | Self::Unknown(_)
            | Self::Ambiguous { .. }
            | Self::Sqlite { .. } => ErrorClass::General,
        }
    }

    /// True where the same call may succeed later without anything being repaired.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Full { .. })
    }

    /// Sorts an answer of SQLite into the classes above.
    pub fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_path_buf();
        let Some(code) = source.sqlite_error_code() else { return Self::Sqlite { path, source } };
        match code {
            Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed => Self::Busy { path },
            Code::DiskFull => Self::Full { path },
            Code::ReadOnly => Self::ReadOnly { path },
            Code::NotADatabase => Self::NotADatabase { path },
            Code::DatabaseCorrupt => Self::Damaged { path, detail: source.to_string() },
            Code::OperationInterrupted => Self::Interrupted,
            Code::SystemIoFailure | Code::CannotOpen | Code::PermissionDenied => {
                Self::Io { path, source: std::io::Error::other(source) }
            }
            _ => Self::Sqlite { path, source },
        }
    }

    /// Names the file in, and sorts, an answer that was passed on as it was.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::Sqlite { source, .. } => Self::from_sqlite(path, source),
            other => other,
        }
    }

    /// Wraps an answer of the operating system.
    pub fn from_io(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full { path: path.to_path_buf() };
        }
        Self::Io { path: path.to_path_buf(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_sqlite_are_sorted_into_classes() {
        let class = |code: i32| {
            let source = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            StoreError::from_sqlite(Path::new("a.db"), source).class()
        };
        // busy, full, I/O, corrupt, no database, read-only, a wrong statement
        let classes = [5, 13, 10, 11, 26, 8, 1].map(class);
        assert_eq!(
            classes,
            [
                ErrorClass::Busy,
                ErrorClass::Io,
                ErrorClass::Io,
                ErrorClass::Damaged,
                ErrorClass::Refused,
                ErrorClass::Io,
                ErrorClass::General
            ]
        );
    }
}

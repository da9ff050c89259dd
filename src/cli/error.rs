//! What can end a command, and with which exit code.
//!
//! Invariant: scripts tell outcomes apart by exit code, people by one line.

use std::io;

use crate::config::ConfigError;
use crate::ops::export::ExportError;
use crate::ops::import::ImportError;
use crate::ops::queue::QueueError;
use crate::ops::review::ReviewError;
use crate::ops::workspace::WorkspaceError;
use crate::paths::PathError;
use crate::store::{ErrorClass, StoreError};
use crate::tui::TuiError;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// An error without a code of its own.
    Error = 1,
    /// The command line says something that cannot be meant.
    Usage = 2,
    /// Done in part: some was skipped or set aside.
    Partly = 3,
    /// Newer, foreign or unsafe.
    Refused = 4,
    /// Somebody else holds the database.
    Busy = 5,
    /// No space, no permission, a failing disk.
    Io = 6,
    /// Ours, and damaged.
    Damaged = 7,
    /// A check found something.
    Found = 8,
}

/// What can end a command.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line says something that cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// A place.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// An act.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// An import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// An export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The screen.
    #[error(transparent)]
    Screen(#[from] TuiError),
    /// A file named on the command line.
    #[error("{path}: {source}")]
    File {
        /// As given.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// Standard output.
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Review(ReviewError::Store(error))
            | Self::Store(error)
            | Self::Queue(QueueError::Store(error))
            | Self::Import(ImportError::Store(error)) => of_class(error.class()),
            Self::Usage(_)
            | Self::Config(_)
            | Self::Review(_)
            | Self::Queue(QueueError::Filter(_))
            | Self::Export(
                ExportError::Format { .. }
                | ExportError::NoFormat(_)
                | ExportError::NoReason
                | ExportError::Queue(QueueError::Filter(_)),
            ) => Exit::Usage,
            Self::Path(_) | Self::Screen(TuiError::NoTerminal) => Exit::Refused,
            Self::Workspace(error) => of_class(error.class()),
            Self::Import(_) => Exit::Error,
            Self::Export(error) => of_class(error.class()),
            Self::Screen(_) | Self::File { .. } | Self::Output(_) => Exit::Io,
        }
    }
}

fn of_class(class: ErrorClass) -> Exit {
    match class {
        ErrorClass::General => Exit::Error,
        ErrorClass::Refused => Exit::Refused,
        ErrorClass::Busy => Exit::Busy,
        ErrorClass::Io => Exit::Io,
        ErrorClass::Damaged => Exit::Damaged,
    }
}

//! How a command ends: an exit code, and where it failed a line for people.
//!
//! Invariant: the numbers are public surface; every error type of the layers below has its code here and nowhere else.

use crate::config::ConfigError;
use crate::ops::conflicts::ConflictError;
use crate::ops::evaluate::EvaluateError;
use crate::ops::import::ImportError;
use crate::ops::queue::QueueError;
use crate::ops::review::ReviewError;
use crate::ops::sample::SampleError;
use crate::ops::search::SearchError;
use crate::ops::segments::SegmentRulesError;
use crate::ops::session::SessionError;
use crate::ops::workspace::WorkspaceError;
use crate::paths::PathError;
use crate::store::{ErrorClass, StoreError};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// All done.
    Done = 0,
    /// Any error without a code of its own.
    Error = 1,
    /// What was typed makes no sense.
    Usage = 2,
    /// Done, but some of it was skipped.
    Partly = 3,
    /// Newer, foreign or unsafe; nothing was touched.
    Refused = 4,
    /// Another program holds the database.
    Busy = 5,
    /// No space, no permission, a failing disk.
    Io = 6,
    /// Ours, but it does not hold together.
    Damaged = 7,
    /// A check found something.
    Found = 8,
}

impl From<ErrorClass> for Code {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::General => Self::Error,
            ErrorClass::Refused => Self::Refused,
            ErrorClass::Busy => Self::Busy,
            ErrorClass::Io => Self::Io,
            ErrorClass::Damaged => Self::Damaged,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Nobody reads the output any more, as with `| head`; a quiet end.
    Hangup,
    /// A signal ended the UI; the program ends as a program killed by it would.
    Signal(i32),
    /// An error to be told.
    Told {
        /// How to exit.
        code: Code,
        /// What, where and what to do. Not safe for a terminal yet.
        message: String,
    },
}

impl Failure {
    /// An error with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::Told { code, message: message.into() }
    }

    /// Wrong use of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Writing to standard output failed.
    pub fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::Hangup;
        }
        Self::new(Code::Io, format!("standard output: {error}; the output is not complete"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.class().into(), error.to_string())
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let code = match &error {
            WorkspaceError::Reviewer(_) => Code::Usage,
            other => other.class().into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Store(error) => error.into(),
            ReviewError::Queue(error) => (*error).into(),
            ReviewError::Session(error) => (*error).into(),
            other => Self::usage(other.to_string()),
        }
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Store(error) => error.into(),
            QueueError::Filter(error) => Self::usage(format!("{error}; `aftercall filters` explains the language")),
            QueueError::Signals(error) => error.into(),
            QueueError::Unknown { .. } | QueueError::Taken(_) => Self::new(Code::Error, error.to_string()),
            other => Self::usage(other.to_string()),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Queue(error) => (*error).into(),
            SessionError::Name(_) | SessionError::Text(_) | SessionError::Day(_) | SessionError::Mode(_) => {
                Self::usage(error.to_string())
            }
            other => Self::new(Code::Error, other.to_string()),
        }
    }
}

impl From<ConflictError> for Failure {
    fn from(error: ConflictError) -> Self {
        match error {
            ConflictError::Store(error) => error.into(),
            ConflictError::Table(error) => error.into(),
            ConflictError::Unknown(_) | ConflictError::UnknownLine(_) | ConflictError::Several { .. } => {
                Self::new(Code::Error, error.to_string())
            }
        }
    }
}

impl From<SegmentRulesError> for Failure {
    fn from(error: SegmentRulesError) -> Self {
        match error {
            SegmentRulesError::Store(error) => error.into(),
            SegmentRulesError::File { .. } => Self::new(Code::Io, error.to_string()),
            SegmentRulesError::Exists(_) => Self::new(Code::Refused, error.to_string()),
            SegmentRulesError::Content { .. } => Self::usage(error.to_string()),
        }
    }
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Store(error) => error.into(),
            SearchError::Filter(error) => Self::usage(format!("{error}; `aftercall filters` explains the language")),
            SearchError::NoWords(_) => Self::usage(error.to_string()),
        }
    }
}

impl From<EvaluateError> for Failure {
    fn from(error: EvaluateError) -> Self {
        match error {
            EvaluateError::Store(error) => error.into(),
            EvaluateError::Filter(error) => Self::usage(format!("{error}; `aftercall filters` explains the language")),
            EvaluateError::Unknown { .. } => Self::usage(error.to_string()),
            EvaluateError::Policy { .. } | EvaluateError::File { .. } | EvaluateError::Judge { .. } => {
                Self::new(Code::Error, error.to_string())
            }
        }
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Store(error) => error.into(),
            SampleError::Filter(error) => Self::usage(format!("{error}; `aftercall filters` explains the language")),
            SampleError::Queue(error) => error.into(),
            SampleError::Evaluate(error) => error.into(),
            SampleError::NoAttribute(_) => Self::usage(error.to_string()),
            SampleError::NoAudit { .. } | SampleError::NoneMatches(..) | SampleError::NoTruth(_) => {
                Self::new(Code::Error, error.to_string())
            }
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            ImportError::Database { .. } => Self::new(Code::Error, error.to_string()),
            ImportError::Path { ref source, .. } => {
                let code = match source.kind() {
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData => Code::Error,
                    _ => Code::Io,
                };
                Self::new(code, error.to_string())
            }
        }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        let code = if matches!(error, PathError::Empty(_)) { Code::Usage } else { Code::Refused };
        Self::new(code, error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Code::Error, format!("the answer could not be written as JSON: {error}"))
    }
}

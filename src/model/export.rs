//! What to export.
//!
//! Invariant: an order says where to and why; it is carried out by one operation, whoever gives it.

use std::path::PathBuf;

/// What to export, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrder {
    /// A folder; it must not hold any of the files to be written.
    pub directory: PathBuf,
    /// Format names, as `aftercall export --format` takes them.
    pub formats: Vec<String>,
    /// In the filter language; empty for all labelled conversations.
    pub filter: String,
    /// The reason for writing personal data as it is; `None` masks it.
    pub keep_personal_data: Option<String>,
}

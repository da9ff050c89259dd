//! What to export.
//!
//! Invariant: an order says where to and why; it is carried out by one operation, whoever gives it.

use std::path::PathBuf;

/// What to export, and where to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportOrder {
    /// A folder; it must not hold any of the files to be written.
    pub directory: PathBuf,
    /// Format names, as `aftercall export --format` takes them.
    pub formats: Vec<String>,
    /// In the filter language; empty for all labelled conversations.
    pub filter: String,
    /// The reason for writing personal data as it is; `None` masks it.
    pub keep_personal_data: Option<String>,
    /// A version of a dataset, as `NAME`, `NAME@VERSION` or `NAME@TAG`; `None` exports what the filter matches.
    pub dataset: Option<String>,
    /// The reason for writing the sealed test split of a dataset, or what a filter matches of those of all datasets;
    /// `None` leaves them out.
    pub open_test: Option<String>,
    /// Arguments and tools of TRL's rows as JSON text in strings, instead of as objects.
    pub json_strings: bool,
}

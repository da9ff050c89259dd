//! A report as a file.
//!
//! Invariant: no existing name is replaced and no link is followed; files are 0600.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Report, ReportError, html, markdown};
use crate::text::door;

/// A form of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Markdown.
    #[default]
    Markdown,
    /// One HTML file.
    Html,
    /// One JSON object.
    Json,
}

impl Form {
    /// What file names of it end with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// The report in a form.
///
/// # Errors
/// None in practice: it is that of serialising plain values.
pub fn text(report: &Report, form: Form) -> Result<String, ReportError> {
    Ok(match form {
        Form::Markdown => markdown::page(report),
        Form::Html => html::page(report),
        Form::Json => format!("{}\n", door::json(report).map_err(crate::store::StoreError::from)?),
    })
}

/// Writes a new file that only its owner reads.
///
/// # Errors
/// There is one of that name, or it cannot be written.
pub fn new_file(path: &Path, text: &str) -> Result<(), ReportError> {
    let fail = |source| ReportError::File { path: path.to_owned(), source };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return ReportError::Exists(path.to_owned());
        }
        fail(error)
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
}

/// Writes the report as a page to be handed on, under a name that nothing has in the folder; gives its full path.
///
/// # Errors
/// It cannot be written.
pub fn new_page(folder: &Path, report: &Report) -> Result<PathBuf, ReportError> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let (name, page) = (&report.period.name, text(report, Form::Html)?);
    let mut path = folder.join(format!("report-{name}.html"));
    for number in 2.. {
        match new_file(&path, &page) {
            Err(ReportError::Exists(_)) => path = folder.join(format!("report-{name}-{number}.html")),
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    Ok(path)
}

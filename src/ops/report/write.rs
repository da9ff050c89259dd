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

/// Writes a new file of this name, or one with a number behind it where there is another of that name already; one that
/// holds the same is left as it is. Tells which.
///
/// # Errors
/// It cannot be written.
pub fn numbered_file(folder: &Path, (stem, ending): (&str, &str), text: &str) -> Result<PathBuf, ReportError> {
    let mut path = folder.join(format!("{stem}.{ending}"));
    for number in 2.. {
        match new_file(&path, text) {
            Err(ReportError::Exists(there)) => {
                if fs::read(&there).is_ok_and(|bytes| bytes == text.as_bytes()) {
                    return Ok(there);
                }
                path = folder.join(format!("{stem}-{number}.{ending}"));
            }
            written => return written.map(|()| path),
        }
    }
    Err(ReportError::Exists(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_gets_a_number_and_what_is_the_same_stays() {
        let folder = tempfile::tempdir().unwrap();
        let put = |text: &str| {
            let path = numbered_file(folder.path(), ("week", "json"), text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            path.file_name().unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(
            [put("1"), put("2"), put("1"), put("2"), put("3")],
            ["week.json", "week-2.json", "week.json", "week-2.json", "week-3.json"]
        );
    }
}

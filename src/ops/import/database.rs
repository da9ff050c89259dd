//! Importing from databases of other programs: Phoenix's, MLflow's, and any other through a mapping.
//!
//! Invariant: a row becomes the record that the program's own export would hold, so that both ways into the workspace end
//! in the same; the database is never changed.

mod known;
mod mapped;
mod propose;

use std::ops::ControlFlow;
use std::path::Path;

use serde_json::Value;

use crate::ingest::{self, Format, Item, Mapping, MappingError, Problem, ProblemKind, ReadOptions, ReadSummary};
use crate::store::{ForeignDatabase, ForeignError};
pub use propose::propose;

/// Why a database was not imported, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be read.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// The mapping does not fit it.
    #[error("{0}")]
    Mapping(#[from] MappingError),
    /// The mapping names something that is not there.
    #[error("[{section}] {field}: {what}")]
    Absent {
        /// The section of the mapping.
        section: &'static str,
        /// The field of the section.
        field: String,
        /// What is not there, and what is.
        what: String,
    },
}

/// Records on their way from a database to whoever stores them.
struct Feed<'a, 's> {
    name: &'a str,
    stem: &'a str,
    options: &'a ReadOptions,
    sink: &'a mut (dyn FnMut(Item) -> ControlFlow<()> + 's),
    rows: u64,
    summary: &'a mut ReadSummary,
}

impl Feed<'_, '_> {
    /// How records of a form are read.
    fn reading(&self, format: Format) -> ReadOptions {
        let source = match format {
            Format::OpenAi => self.options.source.clone().or_else(|| Some(self.stem.to_owned())),
            _ => self.options.source.clone(),
        };
        ReadOptions { format, source, mapping: None, ..self.options.clone() }
    }

    /// Hands a record to its reader.
    fn record(&mut self, record: &Value, options: &ReadOptions) -> ControlFlow<()> {
        self.rows += 1;
        let text = record.to_string();
        let summary = ingest::read_record(text.as_bytes(), (self.name, self.rows), options, self.sink);
        self.summary.read += summary.read;
        self.summary.skipped += summary.skipped;
        self.summary.stopped |= summary.stopped;
        if summary.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Tells of something that was not read.
    fn problem(&mut self, kind: ProblemKind, lost: u64, message: String) -> ControlFlow<()> {
        self.summary.read += lost;
        self.summary.skipped += lost;
        (self.sink)(Item::Problem(Problem { path: self.name.to_owned(), line: None, byte: None, kind, message, lost }))
    }
}

/// Reads a database to its end, or until the sink breaks; the summary holds also where it could not be read to its end.
pub fn read(
    path: &Path,
    (name, stem): (&str, &str),
    options: &ReadOptions,
    (summary, sink): (&mut ReadSummary, &mut dyn FnMut(Item) -> ControlFlow<()>),
) -> Result<(), DatabaseError> {
    let database = ForeignDatabase::open(path)?;
    let mut feed = Feed { name, stem, options, sink, rows: 0, summary };
    let tables = database.tables()?;
    if let Some(mapping) = &options.mapping {
        mapped::read(&database, &tables, mapping, &mut feed)?;
    } else if known::is_phoenix(&tables) && matches!(options.format, Format::Auto | Format::Phoenix) {
        known::phoenix(&database, &tables, &mut feed)?;
    } else if known::is_mlflow(&tables) && matches!(options.format, Format::Auto | Format::MlFlow) {
        known::mlflow(&database, &tables, &mut feed)?;
    } else {
        let message = "this is an SQLite database of no known form; say with --map FILE what its columns mean (--map-init \
                       proposes such a file)";
        let _ = feed.problem(ProblemKind::Refused, 0, message.to_owned());
    }
    Ok(())
}

/// Looks whether a mapping fits a database, without reading a row.
///
/// # Errors
/// The first thing that is not there, by its section and field.
pub fn check(path: &Path, mapping: &Mapping) -> Result<(), DatabaseError> {
    let database = ForeignDatabase::open(path)?;
    let tables = database.tables()?;
    mapped::check(&database, &tables, mapping)
}

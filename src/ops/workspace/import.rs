//! Importing into a workspace: with the tables that lie in it, and with the labels of conversations that got other ids.
//!
//! Invariant: a label never points at a conversation that an import moved elsewhere.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::super::Progress;
use super::super::door::Door;
use super::super::evaluate::{self, EvaluateOrder};
use super::super::import::{
    BatchLimits, Beside, Choice, ImportError, ImportOptions, ImportReport, Sample, Twins, import, record_labels,
};
use super::super::review;
use super::Workspace;
use crate::config::scales::Scales;
use crate::ingest::{ReadOptions, ToolList};
use crate::model::filter::Filter;
use crate::model::time::Timestamp;
use crate::store::{Asker, ImportRecord, StoreError};

/// What to import, and how to read it.
#[derive(Debug, Clone, Default)]
pub struct ImportOrder {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// How to read them; what it says of tools goes before the workspace's `tools.toml`.
    pub read: ReadOptions,
    /// The share of conversations to keep.
    pub sample: Option<Sample>,
    /// The filter that conversations have to pass.
    pub filter: Filter,
    /// A second thread, where there is one to lend.
    pub beside: Option<Beside>,
    /// Have the built-in evaluators and the policies judge what came, once it is stored.
    pub evaluate: bool,
}

impl Workspace {
    /// The table of evaluators: the built-in one, extended by the workspace's `evaluators.toml`.
    ///
    /// # Errors
    /// That file cannot be read, or is no such table.
    pub fn scales(&self) -> Result<Scales, ImportError> {
        match self.side_file("evaluators.toml")? {
            Some((name, text)) => Scales::extended(&name, &text)
                .map_err(|error| side_error(self.root().join("evaluators.toml"), error.to_string())),
            None => Ok(Scales::built_in()),
        }
    }

    /// How to read for this workspace: its `tools.toml` speaks where `read` is silent.
    ///
    /// # Errors
    /// That file cannot be read, or is no such table.
    pub fn reading(&self, mut read: ReadOptions) -> Result<ReadOptions, ImportError> {
        if let Some((name, text)) = self.side_file("tools.toml")? {
            let mut tools = ToolList::parse(&name, &text)
                .map_err(|error| side_error(self.root().join("tools.toml"), error.to_string()))?;
            tools.merge(read.tools);
            read.tools = tools;
        }
        Ok(read)
    }

    /// Imports files and folders. `tell` is told bytes and breaks to stop.
    ///
    /// # Errors
    /// A path that is not there, a table in the workspace that cannot be read, or the database.
    pub fn import(
        &mut self,
        order: &ImportOrder,
        now: Timestamp,
        tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<ImportReport, ImportError> {
        if self.read_only().is_some() {
            return Err(StoreError::ReadOnly { path: self.store().path().to_owned() }.into());
        }
        let scales = self.scales()?;
        let read = self.reading(order.read.clone())?;
        let reviewer = self.reviewer().to_owned();
        let filter = (!order.filter.is_empty()).then_some(&order.filter);
        let choice =
            Choice { sample: order.sample, filter: filter.map(|filter| (filter, Asker { reviewer: &reviewer, now })) };
        // A source that was typed, or that a mapping says, is meant.
        let twins = if read.source.is_none() { Twins::Leave } else { Twins::Keep };
        let door = Door::masked(self);
        let options = ImportOptions {
            twins,
            door: Some(&door),
            read,
            scale: &|name| evaluate::scale(&scales, name),
            batch: BatchLimits::default(),
            choice,
            beside: order.beside,
        };
        let mut report = import(self.store_mut(), &order.paths, &options, tell)?;
        if report.imported > 0 {
            self.store_mut().record_import(&ImportRecord {
                at: now,
                paths: order.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
                fraction: order.sample.map(Sample::share),
                condition: filter.map(ToString::to_string),
                imported: report.imported,
            })?;
        }
        if !report.aliases.is_empty() {
            review::follow(self, &report.aliases, now)?;
        }
        record_labels(self, &report.labels, now)?;
        if order.evaluate && !report.cancelled {
            self.judge(&mut report, (now, order.beside), tell);
        }
        Ok(report)
    }

    /// Judges what has not been judged as it is now. The import is done by then, so a failure is told, not returned.
    fn judge(
        &mut self,
        report: &mut ImportReport,
        (now, beside): (Timestamp, Option<Beside>),
        tell: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) {
        let order = EvaluateOrder { missing: true, beside, ..EvaluateOrder::default() };
        match evaluate::evaluate(self, &order, now, tell) {
            Ok(judged) => {
                (report.judged, report.with_objections) = (judged.conversations, judged.with_objections);
            }
            Err(error) => report.not_judged = Some(error.to_string()),
        }
    }

    /// The text of a file of the workspace, where it is there.
    fn side_file(&self, name: &str) -> Result<Option<(String, String)>, ImportError> {
        let path = self.root().join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some((name.to_owned(), text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ImportError::Path { path, source }),
        }
    }
}

fn side_error(path: PathBuf, reason: String) -> ImportError {
    ImportError::Path { path, source: std::io::Error::new(std::io::ErrorKind::InvalidData, reason) }
}

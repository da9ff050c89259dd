//! An import that does not end: records are handed in as they arrive, by a receiver or from a file that grows.
//!
//! Invariant: when [`LiveImport::take_in`] answers, the records are committed and synced; how they were cut into calls
//! makes no difference to what is stored.

use std::ops::ControlFlow;

use super::super::door::Door;
use super::intake::{Intake, Tally};
use super::{ImportError, ImportOptions};
use crate::config::scales::Scales;
use crate::ingest::{ReadOptions, Record};
use crate::model::time::Timestamp;
use crate::ops::evaluate::{self, EvaluateError, EvaluateOrder};
use crate::ops::review;
use crate::ops::workspace::Workspace;
use crate::store::StoreError;

/// Conversations judged in one quiet moment at most, so that a sender does not wait for long.
const AT_ONCE: usize = 500;

/// So many conversations that were received make a batch, from which an audit draws by lot.
const BATCH: u64 = 64;

/// What came of records that were handed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Stored, extensions and waiting ones among them.
    pub imported: u64,
    /// There already.
    pub unchanged: u64,
    /// Set aside, since they differ from what is stored.
    pub conflicts: u64,
}

/// An import in progress. What is stored by it can be read at once; ranks follow with [`LiveImport::settle`].
#[derive(Debug)]
pub struct LiveImport {
    read: ReadOptions,
    scales: Scales,
    /// Ids of conversations up to this key have been about for a while, and are remembered when they change.
    known_key: i64,
    unsettled: bool,
}

impl LiveImport {
    /// Begins. `read` says how; the workspace's own tables are read now.
    ///
    /// # Errors
    /// The workspace can only be read, or one of its tables cannot be understood.
    pub fn begin(workspace: &Workspace, read: ReadOptions) -> Result<Self, ImportError> {
        if workspace.read_only().is_some() {
            return Err(StoreError::ReadOnly { path: workspace.store().path().to_owned() }.into());
        }
        let (read, scales) = (workspace.reading(read)?, workspace.scales()?);
        Ok(Self { read, scales, known_key: workspace.store().last_key()?, unsettled: false })
    }

    /// How records are to be read for this import.
    pub fn reading(&self) -> &ReadOptions {
        &self.read
    }

    /// Stores records, in one transaction where they are few.
    ///
    /// # Errors
    /// The store. Some of the records may be stored; handing them in again changes nothing that is.
    pub fn take_in(
        &mut self,
        workspace: &mut Workspace,
        records: Vec<Record>,
        now: Timestamp,
    ) -> Result<Arrived, ImportError> {
        let scales = &self.scales;
        let door = Door::masked(workspace);
        let options = ImportOptions {
            door: Some(&door),
            read: self.read.clone(),
            scale: &|name| evaluate::scale(scales, name),
            ..Default::default()
        };
        let mut intake = Intake::new(workspace.store_mut(), &options)?.known_until(self.known_key);
        for record in records {
            if intake.take(record) == ControlFlow::Break(()) {
                break;
            }
        }
        let (Tally { imported, unchanged, conflicts }, aliases) = intake.store_rest()?;
        if !aliases.is_empty() {
            review::follow(workspace, &aliases, now)?;
        }
        self.unsettled |= imported > 0;
        Ok(Arrived { imported, unchanged, conflicts })
    }

    /// True where something arrived since the last [`LiveImport::settle`].
    pub fn unsettled(&self) -> bool {
        self.unsettled
    }

    /// Has what arrived judged, and brings ranks up to date. It looks at all conversations, so it is meant for a quiet
    /// moment. Where a policy cannot be read nothing is judged; `aftercall evaluate` tells why.
    ///
    /// # Errors
    /// The store; ranks can then be brought up to date later.
    pub fn settle(&mut self, workspace: &mut Workspace, now: Timestamp) -> Result<(), ImportError> {
        if self.unsettled {
            let order = EvaluateOrder { missing: true, most: Some(AT_ONCE), ..EvaluateOrder::default() };
            let judged = match evaluate::evaluate(workspace, &order, now, &mut |_| ControlFlow::Continue(())) {
                Ok(report) => report.conversations,
                Err(EvaluateError::Store(error)) => return Err(error.into()),
                Err(_) => 0,
            };
            // A run that judged anything brought the ranks up to date.
            if judged == 0 {
                let scales = &self.scales;
                workspace.store_mut().refresh_ranks(&|name| evaluate::scale(scales, name))?;
            }
            workspace.store_mut().close_batch(now, BATCH)?;
            self.known_key = workspace.store().last_key()?;
            self.unsettled = judged == AT_ONCE as u64;
        }
        Ok(())
    }
}

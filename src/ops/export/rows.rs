//! Rows from conversations: some conversations at once, half of them on a second thread where there is one.
//!
//! Invariant: rows, counts and the first error are those of one conversation after the other.

use std::collections::BTreeMap;

use crate::dataset::Rows;
use crate::dataset::item::{Item, Masking, Provenance};
use crate::dataset::layout::stringify;
use crate::dataset::manifest::{Conversations, DataFile};
use crate::dataset::validate::check_line;
use crate::ops::door::Door;
use crate::ops::import::ahead::{Beside, in_halves};
use crate::ops::workspace::Workspace;

use super::source::{Fetched, Reason};
use super::target::{self, Target};
use super::{ExportError, MASKING_VERSION, Ready, Source};

/// Conversations worked on at once, and about how many bytes of them, whichever is reached first: enough that threads are
/// not started for little, few enough to hold in memory.
const BATCH: usize = 512;
const BYTES: usize = 8 << 20;

/// What rows are made of, and how.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub source: &'a Source,
    pub targets: &'a [Target],
    pub door: &'a Door,
    pub beside: Option<Beside>,
    /// What chose the conversations.
    pub filter: &'a str,
}

/// What is told while rows are made.
pub(super) enum Gathered<'a> {
    /// A row of the file with this index.
    Row { file: usize, line: &'a str },
    /// So many conversations were looked at.
    Done { done: usize, total: usize },
}

/// What was made, without the rows themselves.
pub(super) struct Gathering {
    pub conversations: Conversations,
    pub files: Vec<DataFile>,
    pub masked: BTreeMap<String, u64>,
    pub masking: Masking,
    /// The filter and how a version was made, in which the people of all these conversations are masked: what was typed
    /// to find them may name them.
    pub filter: String,
    pub made_by: String,
}

/// One conversation on its way.
enum Slot {
    Fetched(Box<Fetched>),
    LeftOut(Reason),
    Made { verdict: &'static str, rows: Vec<(usize, Rows)>, door: Door },
    Failed(ExportError),
}

/// Makes the rows of a source, in its order.
pub(super) fn gather(
    workspace: &Workspace,
    making: &Making<'_>,
    each: &mut dyn FnMut(Gathered<'_>) -> Result<(), ExportError>,
) -> Result<Gathering, ExportError> {
    let Making { source, targets, door, beside, filter } = *making;
    let policy = if door.masks() { "pseudonyms" } else { "none" };
    let total = source.len();
    let mut gathering = Gathering {
        conversations: Conversations { matched: total as u64, ..Conversations::default() },
        files: targets.iter().map(Target::empty).collect(),
        masked: BTreeMap::new(),
        masking: Masking { policy: policy.to_owned(), version: MASKING_VERSION },
        filter: filter.to_owned(),
        made_by: source.version().map(|version| version.made_by.clone()).unwrap_or_default(),
    };
    let masking = gathering.masking.clone();
    let mut done = 0;
    while done < total {
        let (mut slots, mut bytes) = (Vec::new(), 0);
        while slots.len() < BATCH.min(total - done) && bytes < BYTES {
            let slot = fetch(workspace, source, done + slots.len())?;
            if let Slot::Fetched(fetched) = &slot {
                bytes += fetched.size();
            }
            slots.push(slot);
        }
        in_halves(beside, &mut slots, &|slot| make(slot, making, &masking));
        for slot in slots {
            done += 1;
            gathering.take(slot, each)?;
            each(Gathered::Done { done, total })?;
        }
    }
    Ok(gathering)
}

fn fetch(workspace: &Workspace, source: &Source, at: usize) -> Result<Slot, ExportError> {
    Ok(match source.fetch(workspace, at)? {
        Ok(fetched) => Slot::Fetched(Box::new(fetched)),
        Err(reason) => Slot::LeftOut(reason),
    })
}

fn make(slot: &mut Slot, making: &Making<'_>, masking: &Masking) {
    *slot = match std::mem::replace(slot, Slot::LeftOut("")) {
        Slot::Fetched(fetched) => match made(*fetched, making, masking) {
            Ok(made) => made,
            Err(error) => Slot::Failed(error),
        },
        other => other,
    };
}

fn made(fetched: Fetched, making: &Making<'_>, masking: &Masking) -> Result<Slot, ExportError> {
    let ready = match fetched.ready(making.source, making.door)? {
        Ok(ready) => ready,
        Err(reason) => return Ok(Slot::LeftOut(reason)),
    };
    let item = ready.item(making.source, masking);
    let mut all = Vec::new();
    for (at, target) in making.targets.iter().enumerate().filter(|(_, target)| target.takes(ready.split)) {
        let mut rows = target.exporter.rows(&item);
        if target.strings {
            for (row, line) in rows.lines.iter_mut().enumerate() {
                // Its form is checked before, since the strings hide it.
                check_line(target.exporter, row as u64 + 1, line)?;
                *line = stringify(line, target::STRINGS);
            }
        }
        all.push((at, rows));
    }
    Ok(Slot::Made { verdict: ready.verdict.word(), rows: all, door: ready.door })
}

impl Gathering {
    fn take(
        &mut self,
        slot: Slot,
        each: &mut dyn FnMut(Gathered<'_>) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let (verdict, all) = match slot {
            Slot::Made { verdict, rows, door } => {
                for told in [&mut self.filter, &mut self.made_by].into_iter().filter(|told| !told.is_empty()) {
                    *told = door.text(told);
                }
                (verdict, rows)
            }
            Slot::LeftOut(reason) => {
                *self.conversations.left_out.entry(reason.to_owned()).or_default() += 1;
                return Ok(());
            }
            Slot::Failed(error) => return Err(error),
            // Every slot was worked on.
            Slot::Fetched(_) => return Ok(()),
        };
        self.conversations.settled += 1;
        *self.conversations.verdicts.entry(verdict.to_owned()).or_default() += 1;
        for (at, rows) in all {
            let Some(file) = self.files.get_mut(at) else { continue };
            file.rows += rows.lines.len() as u64;
            for line in &rows.lines {
                each(Gathered::Row { file: at, line })?;
            }
            for left in &rows.left_out {
                *file.left_out.entry(left.reason.to_owned()).or_default() += 1;
            }
            for warning in &rows.warnings {
                *file.warnings.entry(warning.what.to_owned()).or_default() += 1;
            }
        }
        Ok(())
    }
}

impl Ready {
    /// What exporters are given of it.
    pub(in crate::ops) fn item<'a>(&'a self, source: &'a Source, masking: &'a Masking) -> Item<'a> {
        Item {
            conversation: &self.conversation,
            transcript_hash: &self.transcript_hash,
            labels: &self.labels,
            verdict: self.verdict,
            codebook: source.codebook(),
            group_key: &self.group_key,
            masking,
            provenance: Provenance {
                dataset: source.name(),
                split: self.split.map(crate::model::dataset::Split::word),
                agreement: &self.agreement,
                inclusion_probability: self.inclusion_probability,
            },
        }
    }
}

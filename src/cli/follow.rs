//! `aftercall import --follow`: a file that a collector goes on writing.
//!
//! Invariant: it ends only when it is told to, or where going on makes no sense, and then everything read is stored.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::context::{Context, now};
use super::failure::{Code, Failure};
use super::import::place;
use super::output::{Data, warn};
use crate::engine::pause;
use crate::ingest::ReadOptions;
use crate::ops::import::{Follow, FollowStep, ImportError, LiveImport};
use crate::store::Access;

/// How long it waits where nothing new was written.
const WAIT: Duration = Duration::from_millis(250);

/// What came of following. `read = imported + unchanged + skipped + conflicts`.
#[derive(Debug, Default, Serialize)]
struct Report {
    schema_version: u32,
    read: u64,
    imported: u64,
    unchanged: u64,
    skipped: u64,
    conflicts: u64,
    /// How often another file took the first one's place.
    rotations: u64,
}

/// What to follow, and how to tell of it.
pub struct FollowOrder {
    /// The file.
    pub path: PathBuf,
    /// How to read it.
    pub read: ReadOptions,
    /// Whether the report goes to standard output.
    pub json: bool,
}

/// Follows a file until a signal ends it.
pub fn follow(context: &Context, order: FollowOrder) -> Result<Code, Failure> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&ended))
            .map_err(|error| Failure::new(Code::Error, format!("ctrl-c cannot be waited for: {error}")))?;
    }
    let talk = context.talk;
    let mut workspace = context.open_to_write(Access::Create)?;
    let live = LiveImport::begin(&workspace, order.read)?;
    let mut follow = Follow::begin(&order.path, live);
    let there = if order.path.exists() { "" } else { "it is not there yet; " };
    talk.say(&format!("following {}; {there}ctrl-c ends", order.path.display()));
    let mut report = Report { schema_version: 1, ..Report::default() };
    let (mut told, mut busy) = (0, false);
    while !ended.load(Ordering::Relaxed) {
        match follow.step(&mut workspace, now()) {
            Ok(step) => {
                busy = false;
                for problem in &step.problems {
                    talk.say(&format!("  {}", place(problem)));
                }
                let idle = step.idle;
                add(&mut report, &step);
                if idle {
                    if report.read > told {
                        talk.say(&summary(&report));
                        told = report.read;
                    }
                    pause(WAIT);
                }
            }
            // Nothing was forgotten: the same records are read again.
            Err(ImportError::Store(error)) if error.is_transient() => {
                if !busy {
                    warn(&format!("waiting: {error}"));
                }
                busy = true;
                pause(WAIT * 4);
            }
            Err(error) => return Err(error.into()),
        }
    }
    follow.end(&mut workspace, now())?;
    if report.read > told || report.read == 0 {
        talk.say(&summary(&report));
    }
    if order.json {
        let mut data = Data::open();
        data.json(&report)?;
        data.finish()?;
    }
    Ok(if report.skipped > 0 || report.conflicts > 0 { Code::Partly } else { Code::Done })
}

fn add(report: &mut Report, step: &FollowStep) {
    report.read += step.read;
    report.imported += step.arrived.imported;
    report.unchanged += step.arrived.unchanged;
    report.conflicts += step.arrived.conflicts;
    report.skipped += step.skipped;
    report.rotations += u64::from(step.rotated);
}

fn summary(report: &Report) -> String {
    format!(
        "{} records read, {} new or changed, {} unchanged, {} skipped, {} in conflict",
        report.read, report.imported, report.unchanged, report.skipped, report.conflicts
    )
}

//! The one thread that writes what was received.
//!
//! Invariant: a delivery is answered exactly once, after its records were committed and synced, or not stored at all as
//! far as the sender may rely on; one that cannot be stored never takes its neighbours along.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::body::Share;
use super::{Counts, ReceiveSetup, count};
use crate::ingest::Record;
use crate::ops::import::{Arrived, ImportError, LiveImport};
use crate::ops::workspace::Workspace;
use crate::store::Access;

/// How many records are stored together at most, so that somebody who saves a label waits for little.
const TOGETHER: usize = 1_000;

/// How many deliveries are stored one by one after several together made the program fail.
const ALONE: u32 = 64;

/// After so much silence ranks are brought up to date.
const QUIET: Duration = Duration::from_millis(700);

/// Ranks are brought up to date this often where there is no silence, and more rarely where it takes long.
const OFTEN: Duration = Duration::from_secs(10);

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Committed and synced.
    Stored,
    /// The database was busy, the disk full: the same may work later.
    NotNow,
    /// These records make the program fail.
    Never,
}

/// The records of one request.
pub struct Delivery {
    /// What to store.
    pub records: Vec<Record>,
    /// Who waits.
    pub answer: oneshot::Sender<Outcome>,
    /// What they take of the memory, held until they are stored.
    pub share: Share,
}

/// What the thread works with.
pub struct Writer {
    /// Where and as whom.
    pub setup: ReceiveSetup,
    /// Open for writing.
    pub workspace: Workspace,
    /// The import in progress.
    pub live: LiveImport,
    /// What is counted.
    pub counts: Counts,
    /// How many deliveries are still to be stored one by one.
    pub alone: u32,
}

/// The running thread.
pub struct Running {
    /// Where deliveries go.
    pub inlet: SyncSender<Delivery>,
    thread: JoinHandle<()>,
}

/// Starts the thread.
///
/// # Errors
/// The system gives no more threads.
pub fn start(writer: Writer) -> std::io::Result<Running> {
    let (inlet, outlet) = sync_channel(writer.setup.limits.queue);
    let thread = std::thread::Builder::new().name("receive".into()).spawn(move || writer.run(&outlet))?;
    Ok(Running { inlet, thread })
}

impl Running {
    /// Stores what waits and ends. All other inlets have to be gone.
    pub fn finish(self) {
        drop(self.inlet);
        // A panic of the thread itself was answered to everybody who waited.
        let _ = self.thread.join();
    }
}

impl Writer {
    fn run(mut self, outlet: &Receiver<Delivery>) {
        let (mut settled, mut pause) = (Instant::now(), OFTEN);
        loop {
            match outlet.recv_timeout(QUIET) {
                Ok(first) => {
                    let mut group = vec![first];
                    let mut records = group[0].records.len();
                    // After a failure each goes on its own, so that the one that makes it fail is found.
                    let together = if self.alone > 0 { 0 } else { TOGETHER };
                    self.alone = self.alone.saturating_sub(1);
                    while records < together
                        && let Ok(next) = outlet.try_recv()
                    {
                        records += next.records.len();
                        group.push(next);
                    }
                    self.store(group);
                    if settled.elapsed() < pause {
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.settle();
                    return;
                }
            }
            let begun = Instant::now();
            self.settle();
            (settled, pause) = (Instant::now(), OFTEN.max(begun.elapsed() * 20));
        }
    }

    /// Stores deliveries together.
    fn store(&mut self, group: Vec<Delivery>) {
        let mut answers = Vec::with_capacity(group.len());
        let mut all = Vec::new();
        for Delivery { mut records, answer, share } in group {
            all.append(&mut records);
            answers.push((answer, share));
        }
        let outcome = match self.take_in(all) {
            Outcome::Never if answers.len() > 1 => {
                self.alone = ALONE;
                Outcome::NotNow
            }
            outcome => outcome,
        };
        for (answer, share) in answers {
            drop(share);
            // A sender that went away sends the same again, and finds it there.
            let _ = answer.send(outcome);
        }
    }

    fn take_in(&mut self, records: Vec<Record>) -> Outcome {
        let now = (self.setup.clock)();
        let (live, workspace) = (&mut self.live, &mut self.workspace);
        let stored = catch_unwind(AssertUnwindSafe(|| live.take_in(workspace, records, now)));
        match stored {
            Ok(Ok(Arrived { imported, unchanged, conflicts })) => {
                count(&self.counts, |counts| {
                    counts.imported += imported;
                    counts.unchanged += unchanged;
                    counts.conflicts += conflicts;
                });
                Outcome::Stored
            }
            Ok(Err(error)) => {
                self.trouble(error.to_string());
                Outcome::NotNow
            }
            Err(_) => {
                self.trouble("records that make the program fail were refused; what was open is opened anew".into());
                self.reopen();
                Outcome::Never
            }
        }
    }

    fn trouble(&self, what: String) {
        count(&self.counts, |counts| counts.trouble = Some(what));
    }

    fn settle(&mut self) {
        let now = (self.setup.clock)();
        let (live, workspace) = (&mut self.live, &mut self.workspace);
        match catch_unwind(AssertUnwindSafe(|| live.settle(workspace, now))) {
            Ok(Ok(())) => {}
            // Somebody else was writing; the next quiet moment is as good.
            Ok(Err(ImportError::Store(error))) if error.is_transient() => {}
            Ok(Err(error)) => self.trouble(format!("ranks could not be brought up to date: {error}")),
            Err(_) => self.reopen(),
        }
    }

    /// Opens the workspace anew after a panic; where that fails the old one is used on.
    fn reopen(&mut self) {
        let opened = Workspace::open(&self.setup.root, self.setup.identity.clone(), Access::Write);
        if let Ok(workspace) = opened
            && let Ok(live) = LiveImport::begin(&workspace, self.setup.read.clone())
        {
            (self.workspace, self.live) = (workspace, live);
        }
    }
}
